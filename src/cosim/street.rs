//! A street that lamps are shown to and that answers with what a street can send.
//!
//! Two exist: SUMO over `TraCI` ([`super::sumo_street`]) and the simulator of this repository ([`super::plant`]). Both run
//! through the same loop ([`super::lockstep`]), so that what is measured on one can be compared with the other.

use super::error::CosimError;
use crate::controller::Known;
use crate::estimate::Observation;
use crate::plan::Request;
use crate::time::Timestamp;

/// What arrives from a street in one second.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// The message of this second of each intersection, in the order of the network; a place of which nothing is heard has
    /// no entry in it.
    pub counts: Vec<Observation>,
    /// What arrives besides, after those: late and repeated messages, each with the position of its intersection.
    pub stragglers: Vec<(usize, Observation)>,
    /// Who asks for green.
    pub requests: Vec<Request>,
    /// Where vehicles really are, in the order of the network: empty but for the yardstick of known positions.
    pub known: Vec<Known>,
}

/// New lamps of one intersection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LampChange {
    /// Its position in the network.
    pub intersection: usize,
    /// One letter a group.
    pub lamps: String,
}

/// A street, second by second.
pub trait Street {
    /// What is known before the first second, which begins at `at`.
    fn begin(&mut self, at: Timestamp) -> Result<Heard, CosimError>;

    /// Lets the second that begins at `at` pass under these lamps (all others stay as they are); tells what is heard at its
    /// end.
    fn second(&mut self, at: Timestamp, lamps: &[LampChange]) -> Result<Heard, CosimError>;
}
