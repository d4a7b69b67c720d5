//! Vehicles that a [`Witness`] sees, as the engine's yardstick of known positions gets them.
//!
//! In: every vehicle with the signal that it drives towards. Out: for each lane of each intersection when its vehicles within
//! the range would cross the stop line. A vehicle counts for the lane whose movement it will take, on whatever road it still
//! is: the yardstick knows lanes that a detector upstream does not. It is due at the earliest of what free driving at its
//! driver's speed, speeding up included, ever promised: who is slowed down keeps the instant of which the queue robs it.

use crate::controller::Known;
use crate::cosim::witness::{NextSignal, Vehicle, Witness};
use crate::ids::LaneIx;
use crate::network::Network;
use crate::time::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// SUMO's acceleration of a passenger car \[m/s²\].
const ACCELERATION: f64 = 2.6;

/// Turns what a witness sees into what the engine is told.
#[derive(Debug)]
pub struct Knowing {
    network: Arc<Network>,
    range_m: f64,
    /// Intersection and lane of each link.
    lanes: BTreeMap<(String, usize), (usize, LaneIx)>,
    /// Vehicles towards a signal, with the instant at which they are due there.
    due: BTreeMap<String, (NextSignal, Timestamp)>,
}

impl Knowing {
    /// Nobody has been seen.
    pub fn new(network: Arc<Network>, range_m: f64) -> Self {
        let mut lanes = BTreeMap::new();
        for (ix, intersection) in network.intersections.iter().enumerate() {
            for movement in &intersection.movements {
                if let Some(lane) = movement.lane {
                    lanes.insert((intersection.id.to_string(), movement.group.0), (ix, lane));
                }
            }
        }
        Self { network, range_m, lanes, due: BTreeMap::new() }
    }

    /// What is known at an instant, in the order of the network.
    pub fn tell(&mut self, witness: &Witness, at: Timestamp) -> Vec<Known> {
        let before = std::mem::take(&mut self.due);
        let empty = self.network.intersections.iter().map(|it| vec![Vec::new(); it.lanes.len()]);
        let mut known: Vec<Known> = empty.map(|due| Known { at, due }).collect();
        for (id, vehicle) in witness.vehicles() {
            let Some(signal) = vehicle.signal.as_ref().filter(|it| it.distance_m <= self.range_m) else { continue };
            let Some(&(ix, lane)) = self.lanes.get(&(signal.id.clone(), signal.link)) else { continue };
            let free = at + Millis::from_secs_f64(free_s(vehicle, signal.distance_m));
            let due = match before.get(id) {
                Some((other, due)) if other.id == signal.id => free.min(*due),
                _ => free,
            };
            self.due.insert(id.clone(), (signal.clone(), due));
            known[ix].due[lane.0].push(due);
        }
        known.iter_mut().flat_map(|known| &mut known.due).for_each(|due| due.sort_unstable());
        known
    }
}

/// Time over a distance when nobody is ahead: at the driver's own speed, once it is reached \[s\].
fn free_s(vehicle: &Vehicle, distance_m: f64) -> f64 {
    let missing_mps = (vehicle.free_mps - vehicle.speed_mps).max(0.0);
    distance_m / vehicle.free_mps + missing_mps.powi(2) / (2.0 * ACCELERATION * vehicle.free_mps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_still_speeds_up_is_due_later_than_who_drives_already() {
        let vehicle = |speed_mps| Vehicle {
            lane: "a_0".into(),
            at_m: 0.0,
            speed_mps,
            free_mps: 13.0,
            standing_s: 0.0,
            signal: None,
        };
        assert!((free_s(&vehicle(13.0), 130.0) - 10.0).abs() < 1e-9);
        assert!((free_s(&vehicle(0.0), 130.0) - 12.5).abs() < 1e-9);
    }
}
