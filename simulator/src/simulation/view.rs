//! A run as it is seen from outside: lamps, readings, vehicles, results, and whether it holds together.

use super::Simulation;
use crate::demand::Demand;
use crate::detector::Reading;
use crate::engine::layout::Layout;
use crate::engine::store::Field;
use crate::monitor::Monitor;
use crate::pedestrian::CrossingState;
use crate::results::{Results, TripResult, sum};
use crate::street::{ClassIx, CrossingIx, LaneIx, LinkIx, SignalIx, Street};

/// Where a vehicle's front is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// On a lane.
    Lane(LaneIx),
    /// On a link, inside a junction.
    Link(LinkIx),
}

/// A vehicle as it is seen from above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VehicleView {
    /// Position of its trip in the demand.
    pub trip: u32,
    /// Its class.
    pub class: ClassIx,
    /// Where it is.
    pub place: Place,
    /// Front bumper \[m from the begin of the lane or link\].
    pub pos_m: f64,
    /// Speed \[m/s\].
    pub speed_mps: f64,
    /// How long it has stood without a break \[s\].
    pub halted_s: f64,
}

impl Simulation {
    /// Now \[s\].
    pub fn now_s(&self) -> f64 {
        self.scene.now_s()
    }

    /// The street.
    pub const fn street(&self) -> &Street {
        &self.street
    }

    /// The demand.
    pub const fn demand(&self) -> &Demand {
        &self.demand
    }

    /// Letters that a signal shows in the last step.
    pub fn shown(&self, signal: SignalIx) -> &str {
        let first = self.scene.layout.lamps[signal.at()] as usize;
        let groups = self.street.signals[signal.at()].groups;
        std::str::from_utf8(&self.scene.letters[first..first + groups]).unwrap_or("")
    }

    /// What detectors delivered in the last step, faults included.
    pub fn readings(&self) -> &[Reading] {
        &self.sensing.readings
    }

    /// What a crossing looks like.
    pub fn crossing(&self, crossing: CrossingIx) -> CrossingState {
        self.walks.state(crossing.at())
    }

    /// Vehicles on the street.
    pub fn vehicles_inside(&self) -> usize {
        self.scene.now.iter().map(|store| store.pos.len()).sum()
    }

    /// Trips that have entered, and that have arrived.
    pub const fn counts(&self) -> (u64, u64) {
        (self.entered, self.arrived)
    }

    /// Trips that wait in front of their first road.
    pub fn waiting_outside(&self) -> usize {
        self.desks.iter().flat_map(|desk| &desk.sources).map(|source| source.waiting.len()).sum()
    }

    /// Whether every trip has arrived.
    pub fn is_over(&self) -> bool {
        self.arrived == self.demand.trips.len() as u64
    }

    /// Vehicles as they are, lane by lane and link by link, front first.
    pub fn vehicles(&self) -> impl Iterator<Item = VehicleView> + '_ {
        let layout = &self.scene.layout;
        self.scene.now.iter().enumerate().flat_map(move |(part, store)| {
            Layout::tracks_of(part).enumerate().flat_map(move |(local, number)| {
                let track = &layout.tracks[number];
                let place = if track.is_lane() {
                    Place::Lane(LaneIx(layout.lane_at[number]))
                } else {
                    Place::Link(layout.link_of[track.way as usize])
                };
                store.range(local).map(move |k| VehicleView {
                    trip: store.body[k].trip,
                    class: ClassIx(u32::from(store.body[k].class)),
                    place,
                    pos_m: store.pos[k],
                    speed_mps: store.speed[k],
                    halted_s: f64::from(store.body[k].halted_s),
                })
            })
        })
    }

    /// Whether everything is as it must be; for tests.
    ///
    /// # Errors
    /// What is wrong: somebody lost, out of order, overlapping, off the road.
    pub fn check_invariants(&self) -> Result<(), String> {
        crate::invariants::check(self, &self.scene.layout, Field(&self.scene.now))
    }

    /// A hash over positions and speeds of all vehicles in all steps.
    pub const fn trace_hash(&self) -> u64 {
        self.hash
    }

    /// Vehicles of all steps, summed.
    pub const fn vehicle_steps(&self) -> u64 {
        self.vehicle_steps
    }

    /// Each trip so far, in the order of the demand; unfinished ones with what they have gathered.
    pub fn trips(&self) -> Vec<TripResult> {
        let mut trips = self.trips.clone();
        for body in self.scene.now.iter().flat_map(|store| &store.body) {
            trips[body.trip as usize].take(body, body.kind);
        }
        trips
    }

    /// What the run was like so far.
    pub fn results(&self) -> Results {
        let mut monitor = self.monitor.clone();
        monitor.finish();
        let pedestrians = self.walks.begun;
        Results {
            unsafe_lamps: monitor.total(),
            pedestrians,
            pedestrian_wait_p90_s: self.walks.wait_p90_s(),
            pedestrian_wait_s: if pedestrians == 0 { 0.0 } else { self.walks.waited_s / pedestrians as f64 },
            vehicle_steps: self.vehicle_steps,
            ..sum(&self.trips(), self.now_s())
        }
    }

    /// The monitor, with its violations up to the last lamps but one.
    pub const fn monitor(&self) -> &Monitor {
        &self.monitor
    }
}
