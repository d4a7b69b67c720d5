//! Roads that join an approach without a signal, in sight of its detectors: how fast they get away in each stage.
//!
//! Who comes from a side road gives way to the stream that it joins or crosses, and when that stream has gaps depends on what is green
//! at the signal: while a queue rolls by there are none, after it, and while the junction changes over, there are many. So each stage
//! has a discharge of the side road, learned from those who leave it while somebody stands, and drawn towards the mean of all stages:
//!
//! ```text
//! mean = (W0·prior + Σ left) / (W0 + Σ dt)        rate(stage) = (W1·mean + left) / (W1 + dt)        sums fading over MEMORY_S
//! ```
//!
//! In a stage that serves the approach its queue goes first; seconds in which one rolls are not learned from. Where the queue stands up to
//! the mouth nobody gets out until it moves: such seconds are not learned from either, and no stage that leaves it standing is worth
//! anything to the side road. In: counts of the feeders \[veh\], stages. Out: [`SideRoad`], a queue with a discharge by stage, whether its
//! vehicles come to the stop line or turn off before.
//!
//! Assumption: a count that falls by one is a vehicle that left, one that rises a vehicle that came; both in one second are not seen.
//! Weaknesses: noise of the counts looks like traffic, in every stage alike; side roads beyond the range are not known.
//! Source: capacity of minor streams at junctions without signals, HCM 7, ch. 20, learned instead of computed: nobody counts the
//! streams there.

use super::{FeederState, STEP_S};
use crate::ids::{FeederIx, LaneIx, StageIx};
use crate::network::{Intersection, Problems, VEHICLE_SPACING_M};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Discharge that nobody knows yet \[veh/s\]: capacity of a minor road beside a stream of some 700 veh/h.
const PRIOR_RATE: f64 = 0.2;
/// Its weight \[s\].
const PRIOR_WEIGHT_S: f64 = 40.0;
/// Weight of the mean of all stages in each of them \[s\].
const MEAN_WEIGHT_S: f64 = 80.0;
/// Longest memory of a stage \[s\].
const MEMORY_S: f64 = 600.0;
/// Time constant of the arrivals \[s\].
const INFLOW_S: f64 = 300.0;
/// Nobody leaves faster than this, as it is counted \[veh/s\].
const LEARNABLE_MAX: f64 = 5.0;

/// A side road as the optimizer sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SideRoad {
    /// Vehicles that stand on it \[veh\].
    pub queue: f64,
    /// Vehicles that reach its mouth in each step \[veh\].
    pub arrivals: Vec<f64>,
    /// Arrival rate beyond what is seen \[veh/s\].
    pub rate: f64,
    /// Discharge in each stage once the queues that go first are gone \[veh/s\]. Shape `[stage]`.
    pub discharge: Vec<f64>,
    /// Lanes whose queues go first where they are green.
    pub joins: Vec<LaneIx>,
    /// Queues stand up to its mouth: nobody gets out before they move.
    pub blocked: bool,
}

/// What is known of one side road.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SideRoadState {
    /// The piece at whose end they give way.
    mouth: FeederIx,
    /// All its pieces, the mouth included.
    feeders: Vec<FeederIx>,
    joins: Vec<LaneIx>,
    /// By stage.
    stages: Vec<LearnedGaps>,
    /// Arrivals \[veh/s\].
    inflow: f64,
    before: Option<Seen>,
}

/// Counts of a period \[veh\].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    at_mouth: u32,
    in_all: u32,
    /// Somebody stood at the mouth.
    stood: bool,
}

/// Who left a side road in one stage while somebody stood.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedGaps {
    /// Vehicles, fading.
    pub left: f64,
    /// In so many seconds, fading.
    pub seconds: f64,
}

/// What was learned of a side road.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedSideRoad {
    /// The feeder at whose end it gives way.
    pub mouth: String,
    /// In the order of the intersection's stages.
    pub stages: Vec<LearnedGaps>,
}

impl SideRoadState {
    /// The side roads of an intersection.
    pub(super) fn all(intersection: &Intersection) -> Vec<Self> {
        let feeders = || (0..intersection.feeders.len()).map(FeederIx);
        let is_mouth = |&it: &FeederIx| intersection.feeders[it.0].gives_way_at == Some(it);
        let road = |mouth: FeederIx| {
            let of_it = |it: &FeederIx| intersection.feeders[it.0].gives_way_at == Some(mouth);
            let reached = intersection.feeders[mouth.0].into.iter();
            let mut joins: Vec<LaneIx> = reached
                .flat_map(|(lane, _)| &intersection.approaches[intersection.lanes[lane.0].approach].lanes)
                .copied()
                .collect();
            joins.sort_unstable();
            joins.dedup();
            Self {
                mouth,
                feeders: feeders().filter(of_it).collect(),
                joins,
                stages: vec![LearnedGaps::default(); intersection.stages.len()],
                inflow: 0.0,
                before: None,
            }
        };
        feeders().filter(is_mouth).map(road).collect()
    }

    /// Take in a period. `stage` is the one that is fully shown, if any; `hindered` says that those who go first were on their way from a
    /// queue, or stood up to the mouth: that says nothing of gaps.
    pub(super) fn observe(&mut self, feeders: &[FeederState], stage: Option<StageIx>, hindered: bool, dt_s: f64) {
        let count = |it: &FeederIx| feeders[it.0].moving.len() as u32;
        let seen = Seen {
            at_mouth: count(&self.mouth),
            in_all: self.feeders.iter().map(count).sum(),
            stood: feeders[self.mouth.0].halted > 0,
        };
        if let Some(before) = self.before.replace(seen) {
            let left = before.at_mouth.saturating_sub(seen.at_mouth);
            let came = (seen.in_all + left).saturating_sub(before.in_all);
            self.inflow += (dt_s / INFLOW_S).min(1.0) * (f64::from(came) / dt_s - self.inflow);
            if let Some(stage) = stage.filter(|_| before.stood && !hindered) {
                self.learn(stage, f64::from(left), dt_s);
            }
        }
    }

    fn learn(&mut self, stage: StageIx, left: f64, dt_s: f64) {
        let learned = &mut self.stages[stage.0];
        learned.left += left;
        learned.seconds += dt_s;
        let kept = (MEMORY_S / learned.seconds).min(1.0);
        learned.left *= kept;
        learned.seconds *= kept;
    }

    /// Lanes whose queues go first.
    pub(super) fn joins(&self) -> &[LaneIx] {
        &self.joins
    }

    /// Whether queues stand up to its mouth, whichever lane one turns into. `queue` tells how many stand before the stop line of a lane
    /// \[veh\].
    pub(super) fn is_blocked(&self, intersection: &Intersection, queue: impl Fn(LaneIx) -> f64) -> bool {
        let mouth = &intersection.feeders[self.mouth.0];
        mouth.into.iter().all(|&(lane, _)| queue(lane) * VEHICLE_SPACING_M >= mouth.distance_m)
    }

    /// Discharge in each stage \[veh/s\].
    fn discharge(&self) -> Vec<f64> {
        let left: f64 = self.stages.iter().map(|it| it.left).sum();
        let seconds: f64 = self.stages.iter().map(|it| it.seconds).sum();
        let mean = (PRIOR_WEIGHT_S * PRIOR_RATE + left) / (PRIOR_WEIGHT_S + seconds);
        self.stages.iter().map(|it| (MEAN_WEIGHT_S * mean + it.left) / (MEAN_WEIGHT_S + it.seconds)).collect()
    }

    /// What is expected of it over some steps.
    pub(super) fn forecast(
        &self,
        intersection: &Intersection,
        feeders: &[FeederState],
        blocked: bool,
        at: Timestamp,
        steps: usize,
    ) -> SideRoad {
        let mouth = &intersection.feeders[self.mouth.0];
        let (mut arrivals, mut queue, mut reach_s) = (vec![0.0; steps], 0.0, 0.0_f64);
        for &feeder in &self.feeders {
            let (place, state) = (&intersection.feeders[feeder.0], &feeders[feeder.0]);
            queue += f64::from(state.halted);
            reach_s = reach_s.max((place.distance_m + place.zone_m - mouth.distance_m) / place.speed_mps);
            for due in state.moving.due().skip(state.halted as usize) {
                let after_s = (due - at).as_secs_f64() - mouth.distance_m / place.speed_mps;
                if let Some(arriving) = arrivals.get_mut((after_s / STEP_S).max(0.0) as usize) {
                    *arriving += 1.0;
                }
            }
        }
        for arriving in arrivals.iter_mut().skip((reach_s / STEP_S) as usize) {
            *arriving += self.inflow * STEP_S;
        }
        SideRoad { queue, arrivals, rate: self.inflow, discharge: self.discharge(), joins: self.joins.clone(), blocked }
    }

    /// Name of the road, for what outlives a restart.
    fn name<'a>(&self, intersection: &'a Intersection) -> &'a str {
        intersection.feeders[self.mouth.0].id.as_str()
    }

    /// What was learned so far.
    pub(super) fn learned(&self, intersection: &Intersection) -> LearnedSideRoad {
        LearnedSideRoad { mouth: self.name(intersection).to_owned(), stages: self.stages.clone() }
    }

    /// What of it is not of this road, or cannot have been learned.
    pub(super) fn judge(&self, intersection: &Intersection, learned: &LearnedSideRoad, problems: &mut Problems) {
        let place = |key: &str| format!("side_roads[{}].{key}", learned.mouth);
        if learned.mouth != self.name(intersection) {
            problems.push(place("mouth"), &learned.mouth, self.name(intersection));
        }
        if learned.stages.len() != self.stages.len() {
            problems.push(place("stages"), learned.stages.len(), format_args!("{} stages", self.stages.len()));
        }
        for stage in &learned.stages {
            problems.range(place("seconds"), stage.seconds, &(0.0..=MEMORY_S), "s");
            problems.range(place("left"), stage.left, &(0.0..=LEARNABLE_MAX * MEMORY_S), "veh");
        }
    }

    /// Begin with what was learned before.
    pub(super) fn resume(&mut self, learned: &LearnedSideRoad) {
        self.stages.clone_from(&learned.stages);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Feeder;
    use crate::network::sample::crossroads;

    /// A crossroads whose first lane is joined by a side road of two pieces, 30 m and 80 m from the stop line.
    fn street() -> Intersection {
        let mut intersection = crossroads();
        let piece = |id: &str, distance_m, gives_way_at| Feeder {
            id: id.into(),
            distance_m,
            zone_m: 50.0,
            speed_mps: 10.0,
            into: vec![(LaneIx(0), 0.3)],
            gives_way_at,
        };
        let mouth = Some(FeederIx(1));
        let main = Feeder { into: vec![(LaneIx(0), 1.0)], ..piece("main", 20.0, None) };
        intersection.feeders = vec![main, piece("mouth", 30.0, mouth), piece("behind", 80.0, mouth)];
        intersection
    }

    fn counted(mouth: usize, behind: usize, halted: u32) -> Vec<FeederState> {
        let with = |vehicles: usize, halted| {
            let mut state = FeederState { halted, ..FeederState::default() };
            (0..vehicles).for_each(|_| state.moving.enter(Timestamp::from_secs(20)));
            state
        };
        vec![FeederState::default(), with(mouth, halted), with(behind, 0)]
    }

    #[test]
    fn the_pieces_of_a_side_road_are_one_queue_and_who_still_rolls_comes_to_its_mouth() {
        let street = street();
        let roads = SideRoadState::all(&street);
        assert_eq!(roads.len(), 1);
        let own: Vec<LaneIx> = street.approaches[street.lanes[0].approach].lanes.clone();
        assert_eq!(roads[0].joins(), own);
        let told = roads[0].forecast(&street, &counted(3, 1, 2), false, Timestamp::from_secs(12), 30);
        assert!((told.queue - 2.0).abs() < 1e-9);
        // Due at the stop line in 8 s, which is 3 s further on than the mouth.
        assert!((told.arrivals[5] - 2.0).abs() < 1e-9 && told.arrivals.iter().sum::<f64>() < 2.1, "{told:?}");
        assert!(told.discharge.iter().all(|rate| (rate - PRIOR_RATE).abs() < 1e-9), "nothing was seen yet");
    }

    #[test]
    fn each_stage_gets_the_discharge_that_was_seen_in_it_unless_a_queue_rolls() {
        let mut road = SideRoadState::all(&street()).remove(0);
        let mut minute = |stage: usize, every: u32, rolls: bool| {
            let mut present = 100;
            for second in 0..60 {
                present -= u32::from(second % every == every - 1);
                road.observe(&counted(present as usize, 0, 2), Some(StageIx(stage)), rolls, 1.0);
            }
            road.discharge()
        };
        for _ in 0..10 {
            minute(0, 3, false);
            minute(1, 20, false);
        }
        let before = minute(0, 3, false);
        assert!(before[0] > 0.28 && before[1] < 0.09, "{before:?}");
        let after = minute(0, 61, true);
        assert_eq!(after, before, "a queue rolled by: that says nothing of the gaps after it");
    }

    #[test]
    fn a_queue_up_to_the_mouth_holds_everybody_in() {
        let street = street();
        let road = &SideRoadState::all(&street)[0];
        let is_blocked = |first: f64| road.is_blocked(&street, |lane| if lane == LaneIx(0) { first } else { 0.0 });
        assert_eq!(
            [0.0, 3.0, 4.0, 9.0].map(is_blocked),
            [false, false, true, true],
            "the mouth is 30 m from the stop line"
        );
    }

    #[test]
    fn nobody_who_stands_teaches_nothing_and_what_was_learned_comes_back() {
        let street = street();
        let mut road = SideRoadState::all(&street).remove(0);
        for second in 0..40_usize {
            road.observe(&counted(1 + second % 2, 0, 0), Some(StageIx(0)), false, 1.0);
        }
        assert!(road.inflow > 0.05 && road.stages[0] == LearnedGaps::default());
        road.learn(StageIx(1), 5.0, 30.0);
        let learned = road.learned(&street);
        let mut again = SideRoadState::all(&street).remove(0);
        again.resume(&learned);
        assert_eq!(again.discharge(), road.discharge());
        let mut bad = learned.clone();
        (bad.mouth, bad.stages[1].left) = ("elsewhere".to_owned(), f64::NAN);
        bad.stages.pop();
        let mut problems = Problems::default();
        road.judge(&street, &bad, &mut problems);
        let told = problems.into_result(()).expect_err("all of it").to_string();
        assert!(["mouth", "3 (allowed: 4 stages)", "left: NaN"].iter().all(|it| told.contains(it)), "{told}");
    }
}
