//! The way between the street and the engine: states and counts there, plans back, once a simulated second.
//!
//! Two ways exist: in this process ([`super::in_process`]) and through an MQTT broker. Both carry what `wire` can carry and
//! nothing else, and both give the same plans to the byte.

use super::street::Heard;
use crate::controller::{Learned, Settings};
use crate::estimate::Outflow;
use crate::plan::{Alarm, Decision, Plan, StateReport};
use crate::time::Timestamp;
use crate::wire::Reason;
use std::collections::BTreeMap;
use std::time::Duration;

/// Messages that were turned away, by reason; reasons that never came are left out.
pub type Rejected = BTreeMap<Reason, u64>;

/// What came back for one intersection in one second.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The plan; none when the engine made none or it got lost.
    pub plan: Option<Plan>,
    /// The decision behind it.
    pub decision: Option<Decision>,
    /// What the neighbours were told.
    pub outflow: Option<Outflow>,
    /// Alarms that were raised or cleared; none from behind a broker, where nobody listens for them.
    pub alarms: Vec<Alarm>,
    /// How long the engine's controller took to absorb the second and to decide; `None` where that cannot be measured.
    pub took: Option<Duration>,
}

/// Carries one second. Entries are in the order of `Network::intersections`, one each.
pub trait Bus {
    /// Publish what the field controllers show and what the street tells; wait for the engine's answers to it.
    ///
    /// A broker that is gone is no error: its answers are empty, and the field controllers look after themselves.
    fn exchange(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard) -> Vec<Answer>;

    /// Settings of the controllers behind it, in the order of the network; empty where there is no engine.
    fn settings(&self) -> Vec<Settings>;

    /// What the controllers behind it have learned so far.
    fn learned(&self) -> Vec<Learned>;

    /// Messages that were turned away so far, by either side.
    fn rejected(&self) -> Rejected;
}
