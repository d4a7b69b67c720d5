//! Our simulator as the observer sees it: who is where, towards which stop line, and what each signal shows.
//!
//! A vehicle's next signal is the first one on its route within reach, behind junctions without signals, too.

use super::observer::{Observed, Observer, Sight};
use crate::network::Network;
use simulator::Simulation;
use simulator::street::{RoadIx, SignalIx};
use simulator::{Place, VehicleView};
use std::ops::Range;

/// How far ahead a signal is looked for \[m\].
const AHEAD_M: f64 = 300.0;

/// Watches our simulator.
pub struct StreetEye {
    observer: Observer,
    signals: Vec<Option<SignalIx>>,
    /// Where each trip is on its route.
    places: Vec<usize>,
    sights: Vec<Sight>,
    lamps: Vec<String>,
    second: i64,
}

impl StreetEye {
    /// Of a run over these seconds, counted from an instant on.
    pub fn new(network: &Network, seconds: Range<i64>, measured_from: i64, draws: bool) -> Self {
        let second = seconds.start;
        let observer = Observer::new(network, seconds, measured_from, draws);
        Self { observer, signals: Vec::new(), places: Vec::new(), sights: Vec::new(), lamps: Vec::new(), second }
    }

    /// The second that has just passed.
    pub fn look(&mut self, network: &Network, simulation: &Simulation) {
        let street = simulation.street();
        if self.signals.is_empty() {
            self.signals = network.intersections.iter().map(|it| street.signal(it.id.as_str())).collect();
            self.places = vec![0; simulation.demand().trips.len()];
        }
        self.sights.clear();
        for vehicle in simulation.vehicles() {
            let class = &street.classes[vehicle.class.at()];
            let limit_mps = match vehicle.place {
                Place::Lane(lane) => street.lanes[lane.at()].speed_mps,
                Place::Link(link) => street.links[link.at()].speed_mps,
            };
            let sight = Sight {
                vehicle: vehicle.trip,
                towards: self.towards(simulation, &vehicle),
                speed_mps: vehicle.speed_mps,
                free_mps: (limit_mps * class.speed_factor).min(class.max_speed_mps).max(0.1),
                standing_s: vehicle.halted_s,
            };
            self.sights.push(sight);
        }
        self.lamps.clear();
        self.lamps.extend(self.signals.iter().map(|it| it.map_or("", |it| simulation.shown(it)).to_owned()));
        self.observer.second(self.second, &self.sights, &self.lamps);
        self.second += 1;
    }

    fn towards(&mut self, simulation: &Simulation, vehicle: &VehicleView) -> Option<(usize, f64)> {
        let street = simulation.street();
        let route = &simulation.demand().trips[vehicle.trip as usize].route;
        let (road, mut distance_m) = match vehicle.place {
            Place::Lane(lane) => {
                let lane = &street.lanes[lane.at()];
                (lane.road, lane.length_m - vehicle.pos_m)
            }
            Place::Link(link) => {
                let link = &street.links[link.at()];
                let lane = &street.lanes[link.to.at()];
                (lane.road, link.length_m - vehicle.pos_m + lane.length_m)
            }
        };
        let place = &mut self.places[vehicle.trip as usize];
        let at = route.iter().skip(*place).position(|it| *it == road)? + *place;
        if matches!(vehicle.place, Place::Lane(_)) {
            *place = at;
        }
        let name = |road: RoadIx| street.roads[road.at()].id.as_str();
        for pair in route[at..].windows(2) {
            if let Some(movement) = self.observer.table().of_roads(name(pair[0]), name(pair[1])) {
                return Some((movement, distance_m.max(0.0)));
            }
            distance_m += street.roads[pair[1].at()].length_m;
            if distance_m > AHEAD_M {
                return None;
            }
        }
        None
    }

    /// What was seen.
    pub fn finish(self) -> Observed {
        self.observer.finish()
    }
}
