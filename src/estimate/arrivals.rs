//! From what is known now to expected arrivals at each stop line: the zone, the pieces upstream, the neighbours, the rate.
//!
//! For step `k` of lane `l`, in this order of trust:
//!
//! 1. vehicles in the zone, each at its own arrival time;
//! 2. vehicles on the feeders, each at its own time, spread over the lanes it may take;
//! 3. beyond what is seen: releases that neighbours announced, shifted by the travel time of the road and dispersed
//!    by Robertson's recursion `q'(k) = F·q(k − T) + (1 − F)·q'(k − 1)`, `F = 1/(1 + 0.35·0.8·T)`, T in steps of travel time
//!    (Robertson 1969, TRANSYT);
//! 4. where no neighbour speaks: the lane's learned rate.

use super::forecast::{Forecast, STEP_S};
use super::{EntryRoom, Estimator, LinkOutflow, Outflow};
use crate::ids::{LaneIx, LinkId, StageIx};
use crate::network::{Intersection, Link};
use crate::time::{Millis, Timestamp};
use ndarray::{Array1, Array2};

/// Outflow messages older than this are not used.
const OUTFLOW_MAX_AGE: Millis = Millis::from_secs(5);
/// Platoon dispersion: TRANSYT's α·β for urban streets.
const DISPERSION: f64 = 0.35 * 0.8;
/// Share of a road that may be filled before nothing more is released into it.
const FILL_MAX: f64 = 0.9;
/// Weight of the prior when lane shares are learned \[veh\].
const SHARE_PRIOR_VEHICLES: f64 = 20.0;
/// Longest memory of lane shares \[veh\].
const SHARE_MEMORY_VEHICLES: f64 = 300.0;

/// Which share of an approach's vehicles takes each lane, learned from entries.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LaneShares {
    /// For each lane, the lanes of its approach.
    siblings: Vec<Vec<LaneIx>>,
    entered: Vec<f64>,
}

impl LaneShares {
    pub(super) fn new(intersection: &Intersection) -> Self {
        let siblings: Vec<Vec<LaneIx>> =
            intersection.lanes.iter().map(|lane| intersection.approaches[lane.approach].lanes.clone()).collect();
        let entered = siblings.iter().map(|lanes| SHARE_PRIOR_VEHICLES / lanes.len() as f64).collect();
        Self { siblings, entered }
    }

    pub(super) fn entered(&mut self, lane: LaneIx) {
        self.entered[lane.0] += 1.0;
        let total: f64 = self.siblings[lane.0].iter().map(|other| self.entered[other.0]).sum();
        if total > SHARE_MEMORY_VEHICLES {
            for other in &self.siblings[lane.0] {
                self.entered[other.0] *= SHARE_MEMORY_VEHICLES / total;
            }
        }
    }

    pub(super) fn share(&self, lane: LaneIx) -> f64 {
        let total: f64 = self.siblings[lane.0].iter().map(|other| self.entered[other.0]).sum();
        self.entered[lane.0] / total
    }
}

/// What the neighbours said last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Neighbours {
    arriving: Vec<Arriving>,
    leaving: Vec<Leaving>,
}

/// A road that arrives here.
#[derive(Debug, Clone, PartialEq)]
struct Arriving {
    link: Link,
    approach: usize,
    heard: Option<(Timestamp, LinkOutflow)>,
}

/// A road that leaves here.
#[derive(Debug, Clone, PartialEq)]
struct Leaving {
    link: Link,
    heard: Option<(Timestamp, EntryRoom)>,
}

impl Neighbours {
    pub(super) fn new(intersection: &Intersection, links: &[Link]) -> Self {
        let arriving = links
            .iter()
            .filter(|link| link.to == intersection.id)
            .filter_map(|link| {
                let approach = intersection.approaches.iter().position(|approach| approach.id == link.approach)?;
                Some(Arriving { link: link.clone(), approach, heard: None })
            })
            .collect();
        let leaving = links
            .iter()
            .filter(|link| link.from == intersection.id)
            .map(|link| Leaving { link: link.clone(), heard: None })
            .collect();
        Self { arriving, leaving }
    }

    pub(super) fn hear(&mut self, outflow: &Outflow) {
        for arriving in self.arriving.iter_mut().filter(|arriving| arriving.link.from == outflow.intersection) {
            if let Some(release) = outflow.links.iter().find(|release| release.link == arriving.link.id) {
                arriving.heard = Some((outflow.at, release.clone()));
            }
        }
        for leaving in self.leaving.iter_mut().filter(|leaving| leaving.link.to == outflow.intersection) {
            if let Some(entry) = outflow.entries.iter().find(|entry| entry.approach == leaving.link.approach) {
                leaving.heard = Some((outflow.at, entry.clone()));
            }
        }
    }

    /// Vehicles that the roads downstream still take from a lane with these exits \[veh\]; the tightest decides, since
    /// a lane is first in, first out.
    pub(super) fn room(&self, exits: &[(LinkId, f64)], at: Timestamp) -> f64 {
        exits
            .iter()
            .filter(|(_, share)| *share >= 0.1)
            .filter_map(|(link, share)| self.room_of_link(link, at).map(|room| room / share))
            .fold(f64::INFINITY, f64::min)
    }

    fn room_of_link(&self, link: &LinkId, at: Timestamp) -> Option<f64> {
        let leaving = self.leaving.iter().find(|leaving| leaving.link.id == *link)?;
        let (said, entry) = leaving.heard.as_ref()?;
        if at - *said > OUTFLOW_MAX_AGE {
            return None;
        }
        Some((FILL_MAX * entry.storage - entry.vehicles).max(0.0))
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
        for (index, due) in state.moving.due().enumerate() {
            for &(lane, share) in &place.into {
                let standing = index < state.halted as usize;
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
    let room = Array1::from_iter(LaneIx::all(lanes).map(|lane| estimator.room(lane, at)));
    let learned = estimator.service.table();
    Forecast {
        at,
        queue,
        vehicles,
        arrivals,
        rate: estimator.lanes.iter().map(|lane| lane.filter.rate()).collect(),
        discharge_lasting: discharge_lasting(&learned),
        discharge: after_stalls(estimator, learned),
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
fn discharge_lasting(table: &Array2<f64>) -> Array1<f64> {
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
        let announced: Vec<Vec<f64>> = estimator
            .neighbours
            .arriving
            .iter()
            .filter(|arriving| arriving.approach == place.approach)
            .filter_map(|arriving| dispersed(arriving, at, steps))
            .collect();
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

/// What one neighbour announced, as arrivals a step at this stop line; `None` when it has not spoken lately.
fn dispersed(arriving: &Arriving, at: Timestamp, steps: usize) -> Option<Vec<f64>> {
    let (said, release) = arriving.heard.as_ref()?;
    let age_s = (at - *said).as_secs_f64();
    if at - *said > OUTFLOW_MAX_AGE {
        return None;
    }
    let travel_s = arriving.link.length_m / arriving.link.speed_mps;
    let smoothing = 1.0 / (1.0 + DISPERSION * travel_s / STEP_S);
    let lead_s = 0.8 * travel_s; // the front of a dispersed platoon, as in TRANSYT
    let bin_s = release.step.as_secs_f64().max(0.1);
    let last = release.vehicles.iter().rev().take(5).sum::<f64>() / 5.0_f64.min(release.vehicles.len().max(1) as f64);
    let rate_at = |since_said_s: f64| -> f64 {
        if since_said_s < 0.0 {
            return 0.0;
        }
        let bin = (since_said_s / bin_s) as usize;
        release.vehicles.get(bin).copied().unwrap_or(last) * STEP_S / bin_s
    };
    let mut flow = Vec::with_capacity(steps);
    let mut smooth = rate_at((age_s - lead_s).max(0.0));
    for step in 0..steps {
        let raw = rate_at(age_s + step as f64 * STEP_S - lead_s) * arriving.link.share_prior;
        smooth += smoothing.max(0.15) * (raw - smooth);
        flow.push(smooth);
    }
    Some(flow)
}
