//! The simulator of this repository as a [`Street`]: detectors and requests out, lamps in, in virtual time.
//!
//! The simulator knows nothing of the engine and the engine nothing of the simulator: names and letters are all that they
//! share. A signal of the street is the intersection of the same name; letter *i* of its lamps is group *i*
//! ([`super::survey`]). Lamps that nobody commanded yet run the fixed programme of the street.

pub mod askers;
pub mod figures;
pub mod run;
pub mod sensors;

use super::error::CosimError;
use super::street::{Heard, LampChange, Street};
use crate::network::Network;
use crate::time::{Millis, Timestamp};
use askers::Askers;
use sensors::Sensors;
use simulator::Simulation;
use simulator::lamps::Lamps;
use simulator::street::SignalIx;
use std::sync::Arc;

/// A running simulation.
pub struct Plant {
    simulation: Simulation,
    network: Arc<Network>,
    sensors: Sensors,
    askers: Askers,
    lamps: Lamps,
    /// Signal of each intersection.
    signals: Vec<SignalIx>,
    steps_a_second: u32,
}

impl Plant {
    /// A street with these sensors; the step of the simulation divides a second.
    ///
    /// # Panics
    /// When an intersection of the network has no signal of its name.
    pub fn new(
        simulation: Simulation,
        network: Arc<Network>,
        sensors: Sensors,
        askers: Askers,
        steps_a_second: u32,
    ) -> Self {
        let street = simulation.street();
        let signal = |id: &str| street.signal(id).expect("the network was surveyed on this street");
        let signals = network.intersections.iter().map(|it| signal(it.id.as_str())).collect();
        Self { lamps: Lamps::new(street), simulation, network, sensors, askers, signals, steps_a_second }
    }

    /// What runs.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// What is commanded to an intersection.
    pub fn commanded(&self, intersection: usize) -> Option<&str> {
        self.lamps.get(self.signals[intersection])
    }
}

/// A plant at which somebody looks after each second.
pub struct Seen<'a> {
    /// The plant.
    pub plant: &'a mut Plant,
    /// Who looks.
    pub look: Look<'a>,
}

/// Somebody who looks at a simulation.
pub type Look<'a> = &'a mut dyn FnMut(&Simulation);

impl Street for Seen<'_> {
    fn begin(&mut self, at: Timestamp) -> Result<Heard, CosimError> {
        self.plant.begin(at)
    }

    fn second(&mut self, at: Timestamp, lamps: &[LampChange]) -> Result<Heard, CosimError> {
        let heard = self.plant.second(at, lamps)?;
        (self.look)(self.plant.simulation());
        Ok(heard)
    }
}

impl Street for Plant {
    fn begin(&mut self, at: Timestamp) -> Result<Heard, CosimError> {
        Ok(Heard { counts: self.sensors.nothing_yet(at), ..Heard::default() })
    }

    fn second(&mut self, at: Timestamp, lamps: &[LampChange]) -> Result<Heard, CosimError> {
        for change in lamps {
            self.lamps.set(self.signals[change.intersection], &change.lamps);
        }
        let mut readings = Vec::new();
        for _ in 0..self.steps_a_second {
            self.simulation.step(&self.lamps);
            readings.extend_from_slice(self.simulation.readings());
        }
        let end = at + Millis::from_secs(1);
        let (counts, stragglers) = self.sensors.deliver(&readings, end);
        let requests = self.askers.ask(&self.simulation, &self.network, end);
        Ok(Heard { counts, stragglers, requests, known: Vec::new() })
    }
}
