//! SUMO as the observer sees it: what its witness is told of every vehicle and every lamp.

use super::observer::{Observed, Observer, Sight};
use crate::cosim::witness::Vehicle;
use crate::network::Network;
use std::collections::BTreeMap;
use std::ops::Range;

/// Watches a running SUMO.
#[derive(Debug, Clone)]
pub struct SumoEye {
    observer: Observer,
    intersections: Vec<String>,
    /// Vehicles by name, numbered as they are first seen.
    numbers: BTreeMap<String, u32>,
    second: i64,
}

impl SumoEye {
    /// Of a run over these seconds.
    pub fn new(network: &Network, seconds: Range<i64>, draws: bool) -> Self {
        Self {
            intersections: network.intersections.iter().map(|it| it.id.to_string()).collect(),
            numbers: BTreeMap::new(),
            second: seconds.start,
            observer: Observer::new(network, seconds.clone(), seconds.start, draws),
        }
    }

    /// The second that has just passed.
    pub fn look(&mut self, vehicles: &BTreeMap<String, Vehicle>, lamps: &BTreeMap<String, String>) {
        let mut sights = Vec::with_capacity(vehicles.len());
        for (name, vehicle) in vehicles {
            let next = self.numbers.len() as u32;
            let number = match self.numbers.get(name) {
                Some(&number) => number,
                None => *self.numbers.entry(name.clone()).or_insert(next),
            };
            let signal = vehicle.signal.as_ref();
            let towards = signal.and_then(|it| Some((self.observer.table().of_group(&it.id, it.link)?, it.distance_m)));
            sights.push(Sight {
                vehicle: number,
                towards,
                speed_mps: vehicle.speed_mps,
                free_mps: vehicle.free_mps,
                standing_s: vehicle.standing_s,
            });
        }
        let shown = |id: &String| lamps.get(id).cloned().unwrap_or_default();
        let lamps: Vec<String> = self.intersections.iter().map(shown).collect();
        self.observer.second(self.second, &sights, &lamps);
        self.second += 1;
    }

    /// What was seen.
    pub fn finish(self) -> Observed {
        self.observer.finish()
    }
}
