//! Counts in, traffic state out.
//!
//! [`Estimator`] keeps, per lane, a Kalman filter (vehicles, queue, arrival rate) and a list of stop-line arrival times;
//! per lane and set of lamps, the discharge learned from passages. Inputs: [`Observation`] (counts of one period), what
//! the lamps show, what neighbours say. Output: [`Forecast`], a value; and [`Learned`], what outlives a restart.
//!
//! Nothing here fails: data that is missing, late or absurd makes the state older, never an error. A lane that is not heard
//! ages into its worst case (it fills at the learned rate).
//!
//! Assumptions: first in, first out a lane; free speed until the queue. Known weaknesses: a zone shorter than its queue
//! hides the tail (source lanes); merging lanes upstream blur entry times.

mod arrivals;
mod forecast;
pub mod health;
mod kalman;
mod lane;
mod learned;
mod load;
mod moving;
mod neighbours;
mod observation;
mod outflow;
mod service;
mod settings;
mod side_road;
mod stall;
#[cfg(test)]
mod truth;
mod turning;

pub use forecast::{Forecast, STEP_S};
pub use kalman::{LaneFilter, LaneRate, Seen};
pub use learned::{Learned, LearnedDischarge, LearnedLane, LearnedTurns, kept_after};
pub use load::Load;
pub use moving::Moving;
pub use observation::{CountedPlace, Observation, PlaceCount};
pub use outflow::{Entered, EntryRoom, LinkOutflow, Outflow};
use serde::{Deserialize, Serialize};
pub use service::Service;
pub use settings::Settings;
pub use side_road::{LearnedGaps, LearnedSideRoad, SideRoad};

use crate::ids::{FeederIx, LaneIx, LinkId};
use crate::network::{Intersection, Link};
use crate::plan::Shown;
use crate::time::{Millis, Timestamp};
use lane::{LaneCounts, LaneState};
use side_road::SideRoadState;
use stall::ShownClass;
use std::sync::Arc;
use turning::{Passed, Turning};

/// A green this old has no start-up loss left in its discharge.
const STARTED_UP: Millis = Millis(4_000);

/// Keeps the traffic state of one intersection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Estimator {
    #[serde(skip, default = "Intersection::nowhere")]
    intersection: Arc<Intersection>,
    lanes: Vec<LaneState>,
    feeders: Vec<FeederState>,
    side_roads: Vec<SideRoadState>,
    service: Service,
    neighbours: neighbours::Neighbours,
    lane_shares: arrivals::LaneShares,
    turning: Turning,
    entered: Vec<EntryCount>,
    seen_at: Option<Timestamp>,
    coasted_to: Option<Timestamp>,
}

/// Vehicles on one piece of lane upstream.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct FeederState {
    moving: Moving,
    halted: u32,
}

/// Vehicles that have entered one approach, in balance: those that are there plus those that have passed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct EntryCount {
    balance: i64,
    /// Highest balance so far: a count that takes a vehicle back does not make it go home.
    total: u64,
}

impl EntryCount {
    fn add(&mut self, gained: i64) {
        self.balance += gained;
        self.total = self.total.max(self.balance.max(0).unsigned_abs());
    }
}

impl Estimator {
    /// Whose lanes they are, of one that was read back.
    pub fn stands_at(&mut self, intersection: &Arc<Intersection>) {
        self.intersection = Arc::clone(intersection);
    }

    /// An estimator that has seen nothing. `links` are the roads that arrive at or leave this intersection.
    pub fn new(intersection: Arc<Intersection>, links: &[Link], settings: &Settings) -> Self {
        let service = Service::new(&intersection, settings.permissive_factor);
        let lanes = LaneIx::all(intersection.lanes.len()).zip(&intersection.lanes);
        Self {
            lanes: lanes.map(|(ix, lane)| LaneState::new(lane, service.classes(ix))).collect(),
            feeders: vec![FeederState::default(); intersection.feeders.len()],
            side_roads: SideRoadState::all(&intersection),
            service,
            neighbours: neighbours::Neighbours::new(&intersection, links, settings.dispersion),
            lane_shares: arrivals::LaneShares::new(&intersection),
            turning: Turning::new(&intersection, links),
            entered: vec![EntryCount::default(); intersection.approaches.len()],
            seen_at: None,
            coasted_to: None,
            intersection,
        }
    }

    /// Take in the counts of one period. `shown` is what the lamps showed during it.
    pub fn observe(&mut self, seen: &Observation, shown: &Shown) {
        let dt_s = self.seen_at.map_or(seen.period, |before| seen.at - before).as_secs_f64().clamp(0.1, 60.0);
        for place in &seen.places {
            if let CountedPlace::Feeder(feeder) = place.place {
                self.observe_feeder(feeder, place, seen.at);
            }
        }
        let counts = self.lane_counts(seen);
        self.balance(&counts, seen.at, shown);
        self.lane_shares.close(dt_s);
        for (lane, counts) in LaneIx::all(self.lanes.len()).zip(&counts) {
            if let Some(counts) = *counts {
                let class = self.class_shown(lane, shown);
                if let Some(class) = class {
                    self.learn_service(lane, class, counts, shown, dt_s, seen.at);
                }
                let rolling = self.is_served(lane, shown);
                let may_go = rolling && !class.is_some_and(|class| self.gives_way_now(lane, class, seen.at));
                self.lanes[lane.0].stall.watch(counts.passed, counts.halted, may_go, class, dt_s);
                self.lanes[lane.0].close(counts, seen.at, dt_s, rolling);
            }
        }
        self.learn_side_roads(shown, seen.at, dt_s);
        self.learn_turning(&counts, shown, seen.at);
        self.seen_at = Some(seen.at);
        self.coasted_to = Some(seen.at);
    }

    /// Take in what a neighbour says.
    pub fn hear(&mut self, outflow: &Outflow) {
        self.neighbours.hear(outflow);
        self.turning.hear(outflow);
    }

    /// Let time pass: lanes that were not heard age into their worst case.
    pub fn age(&mut self, at: Timestamp) {
        let from = self.coasted_to.unwrap_or(at);
        let dt_s = (at - from).as_secs_f64();
        if dt_s >= 1.0 {
            for lane in &mut self.lanes {
                if lane.heard_at.is_some_and(|heard| at - heard > Millis::from_secs(2)) {
                    lane.coast(dt_s);
                }
            }
            self.coasted_to = Some(at);
        }
    }

    /// State now and expected arrivals over `steps` steps.
    pub fn forecast(&self, at: Timestamp, steps: usize) -> Forecast {
        arrivals::forecast(self, at, steps)
    }

    /// How full each approach is, for the neighbours upstream.
    pub fn entries(&self) -> Vec<EntryRoom> {
        self.intersection
            .approaches
            .iter()
            .zip(&self.entered)
            .map(|(approach, entered)| {
                let lanes =
                    || approach.lanes.iter().map(|lane| (&self.intersection.lanes[lane.0], &self.lanes[lane.0]));
                EntryRoom {
                    approach: approach.id.clone(),
                    vehicles: lanes().map(|(_, state)| state.filter.vehicles()).sum(),
                    queued: lanes().map(|(_, state)| state.filter.queue()).sum(),
                    storage: lanes().map(|(lane, _)| lane.storage()).sum(),
                    moves_in: None,
                    entered: Some(Entered {
                        total: entered.total,
                        reach_m: lanes().map(|(lane, _)| lane.zone_m).fold(0.0, f64::max),
                    }),
                }
            })
            .collect()
    }

    /// Roads by which a lane's vehicles leave, with their shares.
    pub fn exits_of(&self, lane: LaneIx) -> Vec<(LinkId, f64)> {
        arrivals::exits_of(&self.intersection, self.turning.shares(), lane)
    }

    fn observe_feeder(&mut self, feeder: FeederIx, seen: &PlaceCount, at: Timestamp) {
        let place = &self.intersection.feeders[feeder.0];
        let free_s = (place.distance_m + place.zone_m) / place.speed_mps;
        let state = &mut self.feeders[feeder.0];
        while state.moving.len() > seen.count as usize {
            state.moving.pass(1);
        }
        while state.moving.len() < seen.count as usize {
            state.moving.enter(at + Millis::from_secs_f64(free_s));
        }
        state.halted = seen.halted;
    }

    /// The counts of each lane, `None` for a lane that was not in the message.
    fn lane_counts(&self, seen: &Observation) -> Vec<Option<LaneCounts>> {
        let mut counts = vec![None; self.lanes.len()];
        for place in &seen.places {
            if let CountedPlace::Lane(lane) = place.place {
                let PlaceCount { count, halted, passed, .. } = *place;
                counts[lane.0] = Some(LaneCounts { count, halted: halted.min(count), passed });
            }
        }
        counts
    }

    /// Balance entries, passages and lane changes of each approach.
    ///
    /// A vehicle that vanishes from one lane while another lane of the approach gains one has changed lanes: it keeps
    /// its arrival time. Only what is left over has entered from upstream.
    fn balance(&mut self, counts: &[Option<LaneCounts>], at: Timestamp, shown: &Shown) {
        let intersection = Arc::clone(&self.intersection);
        for (place, approach) in intersection.approaches.iter().enumerate() {
            let mut sideways = Vec::new();
            let mut gains: Vec<(LaneIx, i64)> = Vec::new();
            for &lane in &approach.lanes {
                let Some(counts) = counts[lane.0] else { continue };
                let gained = self.lanes[lane.0].gained(counts);
                self.entered[place].add(gained);
                let unhindered = self.is_served(lane, shown) && self.lanes[lane.0].moving.queued(at) <= 1;
                self.lanes[lane.0].pass(counts.passed, at, unhindered);
                for _ in gained..0 {
                    sideways.extend(self.lanes[lane.0].moving.leave());
                }
                gains.push((lane, gained));
            }
            for (lane, gained) in gains {
                for _ in 0..gained {
                    if let Some(due) = sideways.pop() {
                        self.lanes[lane.0].moving.enter(due);
                        self.lane_shares.used(lane);
                    } else {
                        self.lanes[lane.0].enter(at);
                        self.lane_shares.entered(lane);
                    }
                }
            }
        }
        // A count is a fact about now: whatever the balance missed, the list holds as many vehicles as were counted.
        for (lane, counts) in self.lanes.iter_mut().zip(counts) {
            let Some(counts) = counts else { continue };
            while lane.moving.len() > counts.count as usize {
                lane.moving.leave();
            }
            while lane.moving.len() < counts.count as usize {
                lane.enter(at);
            }
        }
    }

    /// Whether every movement of a lane has had green long enough for its start-up loss to be over.
    fn is_served(&self, lane: LaneIx, shown: &Shown) -> bool {
        self.intersection.lanes[lane.0].movements.iter().any(|movement| {
            let group = self.intersection.movements[movement.0].group;
            shown.green_since(group).is_some_and(|since| shown.at - since >= STARTED_UP)
        })
    }

    fn side_roads_ahead(&self, at: Timestamp, steps: usize) -> Vec<SideRoad> {
        let ahead = |road: &SideRoadState| {
            road.forecast(&self.intersection, &self.feeders, self.is_shut_in(road, at), at, steps)
        };
        self.side_roads.iter().map(ahead).collect()
    }

    /// Who stands at the mouth of a side road leaves it, or does not, under the stage that is shown.
    fn learn_side_roads(&mut self, shown: &Shown, at: Timestamp, dt_s: f64) {
        let stage = shown.stage.filter(|&stage| shown.is_fully(self.intersection.stage(stage)));
        let mut side_roads = std::mem::take(&mut self.side_roads);
        for road in &mut side_roads {
            let rolls =
                road.joins().iter().any(|&lane| self.is_served(lane, shown) && self.queue_before(lane, at) >= 1.0);
            road.observe(&self.feeders, stage, rolls || self.is_shut_in(road, at), dt_s);
        }
        self.side_roads = side_roads;
    }

    /// Whether queues stand up to the mouth of a side road.
    fn is_shut_in(&self, road: &SideRoadState, at: Timestamp) -> bool {
        road.is_blocked(&self.intersection, |lane| self.queue_before(lane, at))
    }

    /// Vehicles that stand before a stop line, on the pieces upstream as well \[veh\].
    fn queue_before(&self, lane: LaneIx, at: Timestamp) -> f64 {
        let upstream =
            self.intersection.feeders.iter().zip(&self.feeders).filter(|(place, _)| place.gives_way_at.is_none());
        let standing = upstream.map(|(place, state)| {
            let into = place.into.iter().filter(|(into, _)| *into == lane);
            f64::from(state.halted) * into.map(|(_, share)| share).sum::<f64>()
        });
        self.lanes[lane.0].moving.queued(at) as f64 + standing.sum::<f64>()
    }

    fn learn_turning(&mut self, counts: &[Option<LaneCounts>], shown: &Shown, at: Timestamp) {
        let seen = LaneIx::all(counts.len()).zip(counts).filter_map(|(lane, counts)| {
            let class = self.class_shown(lane, shown);
            let is_stalled = class.is_some_and(|class| self.lanes[lane.0].stall.is_stalled(class.number));
            let held_up = is_stalled && self.room(lane, at).vehicles >= 1.0;
            counts.map(|counts| Passed { lane, vehicles: counts.passed, held_up })
        });
        let seen: Vec<Passed> = seen.collect();
        self.turning.observe(&self.intersection, &seen, shown, at);
    }

    /// Vehicles that the fullest road downstream of each lane still takes \[veh\], however few go there: one who cannot holds up the lane.
    /// Infinite where nothing is known. Shape `[lane]`.
    pub fn rooms(&self, at: Timestamp) -> Vec<f64> {
        let whole =
            |lane| self.exits_of(lane).into_iter().filter(|(_, share)| *share > 0.0).map(|(link, _)| (link, 1.0));
        let room = |lane| self.neighbours.room(&whole(lane).collect::<Vec<_>>(), at).vehicles;
        self.intersection.lane_ixs().map(room).collect()
    }

    /// Vehicles that the roads downstream still take from a lane \[veh\].
    fn room(&self, lane: LaneIx, at: Timestamp) -> neighbours::Room {
        self.neighbours.room(&self.exits_of(lane), at)
    }

    /// Service class of a lane under the lamps that are shown.
    fn class_shown(&self, lane: LaneIx, shown: &Shown) -> Option<ShownClass> {
        let movements = &self.intersection.movements;
        self.service.class_shown(lane, |movement| shown.groups[movements[movement.0].group.0].indication)
    }

    fn learn_service(
        &mut self,
        lane: LaneIx,
        class: ShownClass,
        counts: LaneCounts,
        shown: &Shown,
        dt_s: f64,
        at: Timestamp,
    ) {
        let standing = self.lanes[lane.0].moving.queued(at);
        let queue_stood = standing + counts.passed as usize >= 2 && standing >= 1;
        let blocked = self.lanes[lane.0].stall.is_stalled(class.number) || self.room(lane, at).vehicles < 1.0;
        if queue_stood && !blocked && self.is_served(lane, shown) && !self.gives_way_now(lane, class, at) {
            self.service.learn(lane, class.number, f64::from(counts.passed), dt_s);
        }
    }

    /// Whether a lane has to let a queue go first: what it does then says nothing about the gaps after it.
    fn gives_way_now(&self, lane: LaneIx, class: ShownClass, at: Timestamp) -> bool {
        self.service.gives_way_to(lane, class.number).iter().any(|first| self.lanes[first.0].moving.queued(at) > 0)
    }
}
