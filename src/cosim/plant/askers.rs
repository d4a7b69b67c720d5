//! Who asks for green on the simulator's street: pedestrians, buses, vehicles on duty.
//!
//! A pedestrian asks when somebody waits at a crossing with a lamp: by the button, or seen by a detector where there is
//! none. A bus and an emergency vehicle ask when they come within [`NEAR_M`] of a stop line and again while they come
//! nearer, with the instant at which they expect to reach it. Nothing else leaves the vehicle: group and instant.

use crate::ids::GroupIx;
use crate::network::Network;
use crate::plan::{Request, RequestKind};
use crate::time::Timestamp;
use simulator::street::{ClassIx, CrossingIx, Kind, LinkIx, Street};
use simulator::{Place, Simulation, VehicleView};
use std::collections::BTreeMap;

/// How far before a stop line a vehicle speaks up \[m\].
pub const NEAR_M: f64 = 300.0;
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
            if let Some(request) = self.vehicle(simulation, network, &vehicle, at) {
                requests.insert(vehicle.trip, request);
            }
        }
        requests.into_values().collect()
    }

    fn vehicle(
        &self,
        simulation: &Simulation,
        network: &Network,
        vehicle: &VehicleView,
        at: Timestamp,
    ) -> Option<Request> {
        let kind = self.classes[vehicle.class.at()]?;
        let Place::Lane(lane) = vehicle.place else { return None };
        let street = simulation.street();
        let left_m = street.lanes[lane.at()].length_m - vehicle.pos_m;
        let link = next_link(simulation, vehicle).filter(|_| left_m <= NEAR_M)?;
        let (signal, group) = street.links[link.at()].lamp?;
        let intersection = self.intersections[signal.at()]?;
        let eta_ms = left_m / vehicle.speed_mps.max(SLOWEST_MPS) * 1000.0;
        Some(Request {
            intersection: network.intersections[intersection].id.clone(),
            id: format!("vehicle-{}", vehicle.trip),
            at,
            kind,
            group: GroupIx(group),
            eta: Some(Timestamp(at.0 + eta_ms as i64)),
            class: Some(class_name(street, vehicle.class)),
        })
    }
}

fn class_name(street: &Street, class: ClassIx) -> String {
    street.classes[class.at()].id.clone()
}

/// A link of the vehicle's road that leads to the next road of its route.
fn next_link(simulation: &Simulation, vehicle: &VehicleView) -> Option<LinkIx> {
    let street = simulation.street();
    let Place::Lane(lane) = vehicle.place else { return None };
    let road = street.lanes[lane.at()].road;
    let route = &simulation.demand().trips[vehicle.trip as usize].route;
    let next = *route.get(route.iter().position(|&it| it == road)? + 1)?;
    let from = |lane| street.links_of(lane).find(|&link| street.enters(link) == next);
    from(lane).or_else(|| street.lanes_of(road).find_map(from))
}
