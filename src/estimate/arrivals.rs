//! From what is known now to expected arrivals at each stop line: the zone, the pieces upstream, the neighbours, the rate.
//!
//! For step `k` of lane `l`, in this order of trust:
//!
//! 1. vehicles in the zone, each at its own arrival time;
//! 2. vehicles on the feeders, each at its own time, spread over the lanes it may take;
//! 3. beyond what is seen: what neighbours released and announce (`neighbours`);
//! 4. where no neighbour speaks: the lane's learned rate.

use super::Estimator;
use super::forecast::{Forecast, STEP_S};
use super::neighbours::Room;
use crate::ids::{LaneIx, LinkId, StageIx};
use crate::network::{Intersection, Problems};
use crate::time::Timestamp;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Weight of the prior when lane shares are learned \[veh\].
const SHARE_PRIOR_VEHICLES: f64 = 20.0;
/// Time constant of what usually enters a lane \[s\].
const USUAL_S: f64 = 900.0;
/// Longest memory of lane shares \[veh\].
const SHARE_MEMORY_VEHICLES: f64 = 300.0;

/// Which share of an approach's vehicles takes each lane, learned from entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LaneShares {
    /// For each lane, the lanes of its approach.
    siblings: Vec<Vec<LaneIx>>,
    entered: Vec<f64>,
    /// Vehicles that would have come by its share since somebody last entered each lane \[veh\].
    missed: Vec<f64>,
    /// Slow mean of each lane's own entries \[veh/s\], and what would have come by it since somebody last entered \[veh\].
    usual: Vec<f64>,
    missed_usually: Vec<f64>,
    /// Entries of the present period \[veh\].
    present: Vec<f64>,
    watched_s: f64,
}

impl LaneShares {
    pub(super) fn new(intersection: &Intersection) -> Self {
        let siblings: Vec<Vec<LaneIx>> =
            intersection.lanes.iter().map(|lane| intersection.approaches[lane.approach].lanes.clone()).collect();
        let entered: Vec<f64> = siblings.iter().map(|lanes| SHARE_PRIOR_VEHICLES / lanes.len() as f64).collect();
        let nothing = vec![0.0; entered.len()];
        Self {
            siblings,
            entered,
            missed: nothing.clone(),
            usual: nothing.clone(),
            missed_usually: nothing.clone(),
            present: nothing,
            watched_s: 0.0,
        }
    }

    /// Vehicles that would have entered a lane since somebody last did \[veh\]: by its share of those who have come to the approach, and by
    /// what usually comes to the lane, whichever is less. So neither an approach that has fallen quiet nor a crowd that goes
    /// elsewhere makes a lane look shunned.
    pub(super) fn missed(&self, lane: LaneIx) -> f64 {
        self.missed[lane.0].min(self.missed_usually[lane.0])
    }

    /// A period is over.
    pub(super) fn close(&mut self, dt_s: f64) {
        self.watched_s += dt_s;
        // Until a time constant has passed it is the plain mean of what was seen.
        let gain = (dt_s / USUAL_S).max(dt_s / self.watched_s);
        for (lane, present) in self.present.iter_mut().enumerate() {
            self.missed_usually[lane] += self.usual[lane] * dt_s;
            self.usual[lane] += gain * (*present / dt_s - self.usual[lane]);
            *present = 0.0;
        }
    }

    /// Somebody is on a lane, wherever he came from.
    pub(super) fn used(&mut self, lane: LaneIx) {
        self.missed[lane.0] = 0.0;
        self.missed_usually[lane.0] = 0.0;
        self.present[lane.0] += 1.0;
    }

    pub(super) fn entered(&mut self, lane: LaneIx) {
        for &other in &self.siblings[lane.0] {
            self.missed[other.0] += self.share(other);
        }
        self.used(lane);
        self.entered[lane.0] += 1.0;
        let total: f64 = self.siblings[lane.0].iter().map(|other| self.entered[other.0]).sum();
        if total > SHARE_MEMORY_VEHICLES {
            for other in &self.siblings[lane.0] {
                self.entered[other.0] *= SHARE_MEMORY_VEHICLES / total;
            }
        }
    }

    /// Weight of a lane among those of its approach \[veh\].
    pub(super) fn weight(&self, lane: LaneIx) -> f64 {
        self.entered[lane.0]
    }

    /// Whether a weight is one that can be learned.
    pub(super) fn judge(place: &str, weight: f64, problems: &mut Problems) {
        problems.range(place, weight, &(0.0..=SHARE_MEMORY_VEHICLES + 1.0), "veh");
    }

    /// Go on with a weight; a lane that nobody took keeps a trace, so that shares can be formed.
    pub(super) fn resume(&mut self, lane: LaneIx, weight: f64) {
        self.entered[lane.0] = weight.max(1e-3);
    }

    pub(super) fn share(&self, lane: LaneIx) -> f64 {
        let total: f64 = self.siblings[lane.0].iter().map(|other| self.entered[other.0]).sum();
        self.entered[lane.0] / total
    }
}

/// Roads by which a lane's vehicles leave, with the share of each.
pub(super) fn exits_of(intersection: &Intersection, shares: &[f64], lane: LaneIx) -> Vec<(LinkId, f64)> {
    let mut exits: Vec<(LinkId, f64)> = Vec::new();
    for movement in &intersection.lanes[lane.0].movements {
        let taken = shares[movement.0];
        if let Some(exit) = intersection.movements[movement.0].exit {
            let link = &intersection.exits[exit.0].link;
            match exits.iter_mut().find(|(known, _)| known == link) {
                Some((_, share)) => *share += taken,
                None => exits.push((link.clone(), taken)),
            }
        }
    }
    exits
}

/// Put the whole forecast together.
pub(super) fn forecast(estimator: &Estimator, at: Timestamp, steps: usize) -> Forecast {
    let intersection = &estimator.intersection;
    let lanes = intersection.lanes.len();
    let mut arrivals = Array2::zeros((lanes, steps));
    let mut queue = Array1::from_iter(estimator.lanes.iter().map(|lane| lane.filter.queue()));
    let mut vehicles = Array1::from_iter(estimator.lanes.iter().map(|lane| lane.filter.vehicles()));
    for (lane, state) in estimator.lanes.iter().enumerate() {
        for due in state.moving.due().filter(|&due| due > at) {
            add_at(&mut arrivals, lane, (due - at).as_secs_f64(), 1.0);
        }
    }
    for (place, state) in intersection.feeders.iter().zip(&estimator.feeders) {
        let on_side_road = place.gives_way_at.is_some();
        for (index, due) in state.moving.due().enumerate() {
            for &(lane, share) in &place.into {
                let standing = index < state.halted as usize;
                if standing && on_side_road {
                    continue;
                }
                if standing && vehicles[lane.0] >= 0.6 * intersection.lanes[lane.0].storage() {
                    queue[lane.0] += share;
                    vehicles[lane.0] += share;
                } else {
                    let soonest_s = place.distance_m / place.speed_mps;
                    add_at(&mut arrivals, lane.0, (due - at).as_secs_f64().max(soonest_s), share);
                }
            }
        }
    }
    beyond(estimator, at, &mut arrivals);
    let rooms: Vec<Room> = LaneIx::all(lanes).map(|lane| estimator.room(lane, at)).collect();
    let room: Array1<f64> = rooms.iter().map(|room| room.vehicles).collect();
    let learned = estimator.service.table();
    Forecast {
        at,
        queue,
        vehicles,
        arrivals,
        rate: estimator.lanes.iter().map(|lane| lane.filter.rate()).collect(),
        discharge_lasting: discharge_lasting(&learned),
        discharge: after_stalls(estimator, learned),
        side_roads: estimator.side_roads_ahead(at, steps),
        room_from: rooms.iter().map(|room| room.grows_in_s).collect(),
        room_rate: room.mapv(|room| if room.is_finite() { 0.2 } else { 0.0 }),
        room,
    }
}

/// Learned discharge, less what stalled queues have shown to be out of reach.
fn after_stalls(estimator: &Estimator, mut table: Array2<f64>) -> Array2<f64> {
    for ((stage, lane), rate) in table.indexed_iter_mut() {
        let class = estimator.service.class_in(StageIx(stage), LaneIx(lane));
        *rate = estimator.lanes[lane].stall.left_of(*rate, class);
    }
    table
}

/// The best of each lane's learned discharges.
pub(super) fn discharge_lasting(table: &Array2<f64>) -> Array1<f64> {
    table.columns().into_iter().map(|lane| lane.iter().copied().fold(0.0, f64::max)).collect()
}

/// Add vehicles to the step that holds an arrival `after_s` from now.
fn add_at(arrivals: &mut Array2<f64>, lane: usize, after_s: f64, vehicles: f64) {
    let step = (after_s / STEP_S).floor().max(0.0) as usize;
    if step < arrivals.ncols() {
        arrivals[[lane, step]] += vehicles;
    }
}

/// Arrivals of vehicles that no detector sees yet.
fn beyond(estimator: &Estimator, at: Timestamp, arrivals: &mut Array2<f64>) {
    let intersection = &estimator.intersection;
    let steps = arrivals.ncols();
    for lane in intersection.lane_ixs() {
        let place = &intersection.lanes[lane.0];
        let reach_s = reach_s(intersection, lane);
        let announced = estimator.neighbours.releases(place.approach, at, steps, reach_s);
        let share = estimator.lane_shares.share(lane);
        let rate = estimator.lanes[lane.0].filter.rate() * STEP_S;
        for step in 0..steps {
            if (step as f64) * STEP_S < reach_s {
                continue; // whoever arrives by then is already seen
            }
            arrivals[[lane.0, step]] +=
                if announced.is_empty() { rate } else { share * announced.iter().map(|flow| flow[step]).sum::<f64>() };
        }
    }
}

/// Free travel time over everything that is seen of a lane, feeders included \[s\].
fn reach_s(intersection: &Intersection, lane: LaneIx) -> f64 {
    let place = &intersection.lanes[lane.0];
    let own = place.zone_m / place.speed_mps;
    intersection
        .feeders
        .iter()
        .filter(|feeder| feeder.into.iter().any(|&(into, _)| into == lane))
        .map(|feeder| (feeder.distance_m + feeder.zone_m) / feeder.speed_mps)
        .fold(own, f64::max)
}
