//! Ways that are chosen at departure, by how long roads take now.
//!
//! In: the vehicles on the street, step by step; a trip whose time has come. Out: its way. A road takes its length over the
//! mean speed of the vehicles on it, over the speed limit when it is empty; speeds are smoothed over some three minutes, as
//! SUMO routes trips that name only their first and last road (`device.rerouting.adaptation-steps` 180). Nobody changes its
//! way later. Not kept where no trip asks for it.

use std::collections::BTreeMap;

use crate::demand::routing::Roads;
use crate::demand::{Demand, DepartWay, Trip};
use crate::engine::layout::{Layout, NONE};
use crate::engine::store::Store;
use crate::street::{ClassIx, LaneIx, Road, RoadIx, Street};

/// Time constant of the speeds \[s\]: the mean age of what a moving average over 180 s holds.
const SMOOTH_S: f64 = 90.0;
/// Slowest speed by which a way is judged \[m/s\].
const SLOWEST_MPS: f64 = 0.1;

/// How fast roads are, and who finds ways over them.
pub(super) struct Ways {
    /// Smoothed speed of each road \[m/s\].
    speed: Vec<f64>,
    roads: BTreeMap<ClassIx, Roads>,
}

impl Ways {
    /// Ways for a demand; `None` when none of its trips chooses.
    pub(super) fn new(street: &Street, demand: &Demand) -> Option<Self> {
        let choose = demand.trips.iter().any(|trip| trip.depart.way == DepartWay::Traffic);
        let speed = street.roads.iter().map(|road| road.speed_mps).collect();
        choose.then(|| Self { speed, roads: BTreeMap::new() })
    }

    /// Take in how fast everybody is after a step.
    pub(super) fn observe(&mut self, street: &Street, layout: &Layout, now: &[Store], step_s: f64) {
        let mut sums = vec![(0.0, 0.0); self.speed.len()];
        for (part, store) in now.iter().enumerate() {
            for (local, number) in Layout::tracks_of(part).enumerate() {
                let (range, lane) = (store.range(local), layout.lane_at[number]);
                if lane != NONE && !range.is_empty() {
                    let (sum, count) = &mut sums[street.lanes[LaneIx(lane).at()].road.at()];
                    *count += range.len() as f64;
                    *sum += store.speed[range].iter().sum::<f64>();
                }
            }
        }
        let share = (step_s / SMOOTH_S).min(1.0);
        for ((speed, (sum, count)), road) in self.speed.iter_mut().zip(sums).zip(&street.roads) {
            let mean = if count > 0.0 { (sum / count).min(road.speed_mps) } else { road.speed_mps };
            *speed += (mean - *speed) * share;
        }
    }

    /// Give a trip that goes by the traffic its way; whether it is another one than before.
    pub(super) fn choose(&mut self, street: &Street, trip: &mut Trip) -> bool {
        let (DepartWay::Traffic, &[from, .., to]) = (trip.depart.way, &*trip.route) else { return false };
        let millis = |(road, speed): (&Road, &f64)| (road.length_m / speed.max(SLOWEST_MPS) * 1000.0) as u64 + 1;
        let times: Vec<u64> = street.roads.iter().zip(&self.speed).map(millis).collect();
        let roads = self.roads.entry(trip.class).or_insert_with(|| Roads::new(street, trip.class));
        let Some(rest) = roads.fastest_now(from, to, &times) else { return false };
        let way: Vec<RoadIx> = [from].into_iter().chain(rest).collect();
        let other = way != *trip.route;
        trip.route = way.into();
        other
    }
}
