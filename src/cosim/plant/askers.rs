//! Who asks for green on the simulator's street: pedestrians, buses, vehicles on duty.
//!
//! A pedestrian asks when somebody waits at a crossing with a lamp: by the button, or seen by a detector where there is
//! none. A bus asks when it comes within [`NEAR_M`] of a stop line and again while it comes nearer, with the instant at which it
//! expects to reach it; an emergency vehicle asks at every signal of its way up to [`AHEAD_M`]. Nothing else leaves the vehicle:
//! group and instant.

use crate::ids::GroupIx;
use crate::network::Network;
use crate::plan::{Request, RequestKind};
use crate::time::Timestamp;
use simulator::street::{ClassIx, CrossingIx, Kind, LaneIx, LinkIx, Street};
use simulator::{Place, Simulation, VehicleView};
use std::collections::BTreeMap;

/// How far before a stop line a vehicle speaks up \[m\].
pub const NEAR_M: f64 = 300.0;
/// How far along its way an emergency vehicle speaks up \[m\].
pub const AHEAD_M: f64 = 800.0;
/// How often it speaks again \[s\].
const AGAIN_S: i64 = 5;
/// Slowest speed that an expected arrival is reckoned with \[m/s\].
const SLOWEST_MPS: f64 = 5.0;

/// A crossing with a lamp of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Foot {
    crossing: CrossingIx,
    intersection: usize,
    group: usize,
    /// Whether somebody has asked and the lamp has not been green since.
    asked: bool,
}

/// Everybody who may ask.
#[derive(Debug, Clone)]
pub struct Askers {
    feet: Vec<Foot>,
    /// Position of the intersection of each signal of the street.
    intersections: Vec<Option<usize>>,
    /// Classes that ask, by position; what they ask as.
    classes: Vec<Option<RequestKind>>,
}

impl Askers {
    /// Who may ask on a street; buses only with `transit`.
    pub fn new(network: &Network, street: &Street, transit: bool) -> Self {
        let intersections: Vec<Option<usize>> =
            street.signals.iter().map(|signal| network.position(&signal.id)).collect();
        let foot = |(at, crossing): (usize, &simulator::street::Crossing)| {
            let (signal, group) = crossing.lamp?;
            let intersection = intersections[signal.at()]?;
            Some(Foot { crossing: at.into(), intersection, group, asked: false })
        };
        let asks = |class: &simulator::street::ClassFile| match class.kind {
            _ if class.emergency => Some(RequestKind::Emergency),
            Kind::Bus if transit => Some(RequestKind::Transit),
            _ => None,
        };
        Self {
            feet: street.crossings.iter().enumerate().filter_map(foot).collect(),
            classes: street.classes.iter().map(asks).collect(),
            intersections,
        }
    }

    /// Who asks at an instant.
    pub fn ask(&mut self, simulation: &Simulation, network: &Network, at: Timestamp) -> Vec<Request> {
        let mut requests = self.pedestrians(simulation, network, at);
        if self.classes.iter().any(Option::is_some) && at.0 / 1000 % AGAIN_S == 0 {
            requests.extend(self.vehicles(simulation, network, at));
        }
        requests
    }

    fn pedestrians(&mut self, simulation: &Simulation, network: &Network, at: Timestamp) -> Vec<Request> {
        let mut requests = Vec::new();
        for foot in &mut self.feet {
            let state = simulation.crossing(foot.crossing);
            let wants = if simulation.street().crossings[foot.crossing.at()].push_button {
                state.pressed
            } else {
                state.waiting > 0
            };
            if wants && !foot.asked {
                requests.push(Request {
                    intersection: network.intersections[foot.intersection].id.clone(),
                    id: format!("walk-{}", foot.crossing.at()),
                    at,
                    kind: RequestKind::Pedestrian,
                    group: GroupIx(foot.group),
                    eta: None,
                    class: None,
                });
            }
            foot.asked = wants;
        }
        requests
    }

    fn vehicles(&self, simulation: &Simulation, network: &Network, at: Timestamp) -> Vec<Request> {
        let speaks = |it: &VehicleView| self.classes[it.class.at()].is_some();
        let mut requests = BTreeMap::new();
        for vehicle in simulation.vehicles().filter(speaks) {
            for request in self.vehicle(simulation, network, &vehicle, at) {
                requests.insert((vehicle.trip, request.intersection.clone()), request);
            }
        }
        requests.into_values().collect()
    }

    /// What a vehicle asks at the signals of its way, the next one first.
    fn vehicle(
        &self,
        simulation: &Simulation,
        network: &Network,
        vehicle: &VehicleView,
        at: Timestamp,
    ) -> Vec<Request> {
        let street = simulation.street();
        let (Some(kind), Place::Lane(lane)) = (self.classes[vehicle.class.at()], vehicle.place) else {
            return Vec::new();
        };
        let reach_m = if kind == RequestKind::Emergency { AHEAD_M } else { NEAR_M };
        let mut left_m = street.lanes[lane.at()].length_m - vehicle.pos_m;
        let mut left_s = left_m / vehicle.speed_mps.max(SLOWEST_MPS);
        let mut requests = Vec::new();
        let mut lane = lane;
        while let Some(link) = next_link(simulation, vehicle, lane).filter(|_| left_m <= reach_m) {
            let signal = street.links[link.at()]
                .lamp
                .and_then(|(signal, group)| Some((self.intersections[signal.at()]?, group)));
            if let Some((intersection, group)) = signal {
                requests.push(Request {
                    intersection: network.intersections[intersection].id.clone(),
                    id: format!("vehicle-{}", vehicle.trip),
                    at,
                    kind,
                    group: GroupIx(group),
                    eta: Some(Timestamp(at.0 + (left_s * 1000.0) as i64)),
                    class: Some(class_name(street, vehicle.class)),
                });
                if kind != RequestKind::Emergency {
                    break;
                }
            }
            lane = street.links[link.at()].to;
            let next = &street.lanes[lane.at()];
            left_m += next.length_m;
            left_s += next.length_m / next.speed_mps;
        }
        requests
    }
}

fn class_name(street: &Street, class: ClassIx) -> String {
    street.classes[class.at()].id.clone()
}

/// A link from a lane's road to the next road of a vehicle's route.
fn next_link(simulation: &Simulation, vehicle: &VehicleView, lane: LaneIx) -> Option<LinkIx> {
    let street = simulation.street();
    let road = street.lanes[lane.at()].road;
    let route = &simulation.demand().trips[vehicle.trip as usize].route;
    let next = *route.get(route.iter().position(|&it| it == road)? + 1)?;
    let from = |lane| street.links_of(lane).find(|&link| street.enters(link) == next);
    from(lane).or_else(|| street.lanes_of(road).find_map(from))
}
