//! SUMO as a [`Street`]: detectors are read and lamps are set over `TraCI`.
//!
//! With SUMO's own programmes nothing is commanded: the lamps that were shown are read back and judged all the same.

use super::degrade::known::Knowing;
use super::detectors::Detectors;
use super::error::CosimError;
use super::street::{Heard, LampChange, Street};
use super::sumo_process::Sumo;
use super::traci::answer::Told;
use super::traci::command::Batch;
use super::traci::{Domain, variable};
use super::witness::Witness;
use crate::network::Network;
use crate::time::{Millis, Timestamp};
use simulator::monitor::Monitor;
use std::sync::Arc;

/// A running SUMO and what is read from it.
pub struct SumoStreet<'a> {
    sumo: &'a mut Sumo,
    network: Arc<Network>,
    detectors: &'a Detectors,
    witness: Option<&'a mut Witness>,
    knowing: Option<Knowing>,
    seq: u64,
}

impl<'a> SumoStreet<'a> {
    /// A SUMO that was started with these detectors.
    pub fn new(sumo: &'a mut Sumo, network: Arc<Network>, detectors: &'a Detectors) -> Self {
        Self { sumo, network, detectors, witness: None, knowing: None, seq: 1 }
    }

    /// Every vehicle is seen by a witness, who tells what he sees to `knowing` when there is such a one.
    #[must_use]
    pub fn seen_by(mut self, witness: Option<&'a mut Witness>, knowing: Option<Knowing>) -> Self {
        (self.witness, self.knowing) = (witness, knowing);
        self
    }
}

impl Street for SumoStreet<'_> {
    fn begin(&mut self, at: Timestamp) -> Result<Heard, CosimError> {
        self.sumo.talk(|client| client.subscribe(&self.detectors.subscriptions()))?;
        Ok(Heard { counts: self.detectors.nothing_yet(self.seq, at), ..Heard::default() })
    }

    fn second(&mut self, at: Timestamp, lamps: &[LampChange]) -> Result<Heard, CosimError> {
        let mut commands = Batch::new();
        for change in lamps {
            commands.set_lamps(self.network.intersections[change.intersection].id.as_str(), &change.lamps);
        }
        let told = self.sumo.talk(|client| {
            client.set(&commands)?;
            client.step()
        })?;
        self.seq += 1;
        let end = at + Millis::from_secs(1);
        let counts = self.detectors.observe(&told, self.seq, end)?;
        let mut known = Vec::new();
        if let Some(witness) = &mut self.witness {
            witness.look(self.sumo, &told)?;
            known = self.knowing.as_mut().map_or_else(Vec::new, |knowing| knowing.tell(witness, end));
        }
        Ok(Heard { counts, known, ..Heard::default() })
    }
}

/// Lamps that SUMO's own programmes showed from an instant on, as told after the step that began there.
pub fn judge_programmes(monitor: &mut Monitor, told: &[Told], at: Timestamp) {
    for told in told.iter().filter(|told| told.domain == Domain::TrafficLight) {
        if let Some(lamps) = told.get(variable::LAMPS).and_then(|lamps| lamps.as_text()) {
            monitor.observe(&told.object, at.0, lamps);
        }
    }
}

/// Subscriptions to the lamps of all intersections.
pub fn lamp_subscriptions(network: &Network) -> Batch {
    let mut batch = Batch::new();
    for intersection in &network.intersections {
        batch.subscribe(Domain::TrafficLight, intersection.id.as_str(), &[variable::LAMPS]);
    }
    batch
}
