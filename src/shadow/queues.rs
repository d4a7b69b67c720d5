//! Vertical queues under lamps: one model, run once with the lamps of the street and once with those of the shadow.
//!
//! In: lamps, arrivals \[veh\], learned discharge \[veh/s\], a step \[s\]. Out: delay \[veh·s\].
//!
//! ```text
//! q' = max(0, q + a − s·τ)      D += ½(q + q')·dt      τ = effective part of the step
//! ```
//!
//! Effective green as in HCM 7, ch. 19: a queue loses the first 2 s of a green, 2 s of the yellow after it are used; who comes on green to nobody's
//! back passes at once. The discharge `s` is what the estimator has learned of the lane under these lamps. A lane that gives way has none while those who go first queue; in gaps of their
//! stream what HCM 7, eq. 31-100 leaves ([`gap_share`]); two sneakers at the end of its green.
//!
//! Weaknesses: no blocking back, neither out of full exits nor of a turn lane into its neighbour; vehicles keep their lane; delay from
//! braking and starting is left out. All of that is the same for both sets of lamps, which is why only the difference is
//! worth anything.

use crate::estimate::Forecast;
use crate::ids::{LaneIx, StageIx};
use crate::network::Intersection;
use crate::optimize::gap_share;
use crate::plan::Shown;
use crate::units::Indication;

/// Lost at the begin of a green \[s\] (HCM 7, ch. 19: start-up lost time).
const LOST_S: f64 = 2.0;
/// Used of the time after a green \[s\] (HCM 7, ch. 19: extension of effective green).
const EXTENSION_S: f64 = 2.0;
/// Vehicles that leave a lane that gave way when its green ends, each in a second of the yellow (HCM 7, ch. 31: sneakers, two a cycle).
const SNEAKERS_A_S: f64 = 1.0;
/// A queue that counts as one: half a vehicle.
pub(super) const SOMEBODY: f64 = 0.5;
/// Time over which a stream that goes first is looked at \[s\].
const STREAM_S: f64 = 5.0;

/// What never changes of an intersection's lanes.
#[derive(Debug, Clone)]
pub(super) struct Lanes {
    /// Who goes first. Index `[stage][lane]`.
    gives_way: Vec<Vec<Vec<LaneIx>>>,
}

/// Queues of all lanes.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    lanes: Vec<Lane>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Lane {
    queue: f64,
    /// Time since its green began, or since it ended \[s\].
    green_for_s: f64,
    red_for_s: f64,
    /// What may leave at once, beyond what a step brings: one vehicle where nobody queues \[veh\].
    credit: f64,
    /// What it discharged at the end of its last green \[veh/s\].
    last: f64,
    /// Recent arrivals \[veh/s\].
    stream: f64,
}

impl Lanes {
    pub(super) fn new(intersection: &Intersection) -> Self {
        let of = |stage| intersection.lane_ixs().map(|lane| intersection.gives_way_to(stage, lane)).collect();
        Self { gives_way: intersection.stage_ixs().map(of).collect() }
    }
}

impl Queues {
    /// These queues, at lamps that have been shown for long.
    pub(super) fn new(queues: impl IntoIterator<Item = f64>) -> Self {
        let lane = |queue| Lane { queue, green_for_s: 60.0, red_for_s: 60.0, ..Lane::default() };
        Self { lanes: queues.into_iter().map(lane).collect() }
    }

    /// Vehicles that stand on a lane.
    pub(super) fn of(&self, LaneIx(lane): LaneIx) -> f64 {
        self.lanes[lane].queue
    }

    /// At most so many stand there now: whoever the street has let go is gone.
    pub(super) fn limit(&mut self, LaneIx(lane): LaneIx, most: f64) {
        self.lanes[lane].queue = self.lanes[lane].queue.min(most);
    }

    /// So many stand there now.
    #[cfg(test)]
    pub(super) fn set(&mut self, LaneIx(lane): LaneIx, queue: f64) {
        self.lanes[lane].queue = queue;
    }

    /// Those of all lanes.
    pub(super) fn each(&self) -> impl Iterator<Item = f64> + '_ {
        self.lanes.iter().map(|lane| lane.queue)
    }

    /// A step of `dt_s` under lamps; the delay in it \[veh·s\].
    pub(super) fn step(
        &mut self,
        intersection: &Intersection,
        table: &Lanes,
        shown: &Shown,
        arrivals: &[f64],
        forecast: &Forecast,
        dt_s: f64,
    ) -> f64 {
        let before: Vec<f64> = self.each().collect();
        let streams: Vec<f64> = self.lanes.iter().map(|lane| lane.stream).collect();
        let mut delay = 0.0;
        for ix in intersection.lane_ixs() {
            let lamps = Lamps::of(intersection, ix, shown);
            let stage = lamps.stage();
            let first = stage.map_or(&[][..], |stage| &table.gives_way[stage.0][ix.0]);
            let rate = stage.map_or(0.0, |stage| forecast.discharge[[stage.0, ix.0]]);
            let waits = first.iter().any(|other| before[other.0] >= SOMEBODY);
            let stream: f64 = first.iter().map(|other| streams[other.0]).sum();
            let rate = if waits { 0.0 } else { rate * gap_share(stream) };
            let lane = &mut self.lanes[ix.0];
            let arrived = arrivals[ix.0];
            let after = lane.after(lamps, arrived, rate, !first.is_empty(), dt_s);
            delay += 0.5 * (lane.queue + after) * dt_s;
            lane.queue = after;
            lane.stream += (arrived / dt_s - lane.stream) * (dt_s / STREAM_S).min(1.0);
        }
        delay
    }
}

impl Lane {
    /// Who stands there after a step \[veh\].
    fn after(&mut self, lamps: Lamps<'_>, arrived: f64, rate: f64, gives_way: bool, dt_s: f64) -> f64 {
        let here = self.queue + arrived;
        let served = if lamps.is_green() {
            if self.red_for_s > 0.0 {
                let queued = self.queue >= SOMEBODY;
                self.credit = if queued { 0.0 } else { 1.0 };
                (self.green_for_s, self.red_for_s) = (if queued { 0.0 } else { LOST_S }, 0.0);
            }
            let lost = (LOST_S - self.green_for_s).clamp(0.0, dt_s);
            self.green_for_s += dt_s;
            self.last = if gives_way { SNEAKERS_A_S } else { rate };
            rate * (dt_s - lost)
        } else {
            let used = (EXTENSION_S - self.red_for_s).clamp(0.0, dt_s);
            self.red_for_s += dt_s;
            let used = if lamps.is_yellow() { used } else { 0.0 };
            self.last * used + rate * (dt_s - used)
        };
        let may = served + if served > 0.0 { self.credit } else { 0.0 };
        let after = (here - may).max(0.0);
        self.credit = (may - (here - after)).clamp(0.0, 1.0);
        after
    }
}

/// What the movements of a lane show.
#[derive(Clone, Copy)]
struct Lamps<'a> {
    intersection: &'a Intersection,
    lane: LaneIx,
    shown: &'a Shown,
}

impl<'a> Lamps<'a> {
    fn of(intersection: &'a Intersection, lane: LaneIx, shown: &'a Shown) -> Self {
        Self { intersection, lane, shown }
    }

    fn each(self) -> impl Iterator<Item = (usize, Indication)> + 'a {
        let Self { intersection, lane, shown } = self;
        intersection.lanes[lane.0].movements.iter().map(move |movement| {
            let group = intersection.movements[movement.0].group.0;
            (group, shown.groups[group].indication)
        })
    }

    fn is_green(self) -> bool {
        self.each().any(|(_, lamp)| lamp.is_green())
    }

    fn is_yellow(self) -> bool {
        self.each().any(|(_, lamp)| lamp == Indication::Yellow)
    }

    /// A stage in which the lane sees the same, or at least green where it sees green now and nowhere else: between two stages lamps may be
    /// those of none.
    fn stage(self) -> Option<StageIx> {
        let intersection = self.intersection;
        let signals = |stage: StageIx, group: usize| intersection.stage(stage).signals[group];
        let same = |&stage: &StageIx| self.each().all(|(group, lamp)| signals(stage, group) == lamp);
        let alike =
            |&stage: &StageIx| self.each().all(|(group, lamp)| signals(stage, group).is_green() == lamp.is_green());
        let mut stages = intersection.stage_ixs();
        stages.clone().find(same).or_else(|| stages.find(alike))
    }
}
