//! One service of a phase: red before it, green, yellow, red clearance, and how it ended.
//!
//! ```text
//!   red (9)          green (1)            yellow (8)   red (9, 10)   cleared (11)
//!   |  wait ........ | green ............ | yellow ... | clearance ..|
//!   |<------------------ cycle of the coordination diagram ---------->
//!                    |<------------- split ------------------------->|
//! ```
//!
//! Split = green + yellow + red clearance (NEMA TS 2; split monitor of UDOT's ATSPM). GOR, green occupancy ratio: share of the green in which somebody is present at the stop
//! line; ROR5: share of the first five seconds of red. Both above 79 % = split failure: who was there when the green ended had waited for all of
//! it (Freije, Hainen, Stevens, Li, Smith, Summers, Day, Sturdevant and Bullock, *Graphical Performance Measures for Practitioners to Triage Split Failure Trouble
//! Calls*, TRB 2014; Smaglik, Bullock, Gettman, Day and Premachandra 2011; the threshold of 79 % as UDOT's ATSPM applies it).

use super::super::hires::code;
use crate::time::{Millis, Timestamp};
use std::collections::BTreeSet;

/// Occupancy above which both ratios make a split failure.
pub const FAILURE: f64 = 0.79;
/// How much of the red counts.
pub const ROR: Millis = Millis::from_secs(5);

/// How a green ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Termination {
    /// Nobody came for the passage time.
    GapOut,
    /// The longest green was over.
    MaxOut,
    /// The coordinator ended it.
    ForceOff,
    /// A preemption ended it.
    Preempted,
    /// The log does not tell.
    Unknown,
}

impl Termination {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 5] = [Self::GapOut, Self::MaxOut, Self::ForceOff, Self::Preempted, Self::Unknown];

    /// Of an event code.
    pub fn of(code: u16) -> Option<Self> {
        match code {
            code::GAP_OUT => Some(Self::GapOut),
            code::MAX_OUT => Some(Self::MaxOut),
            code::FORCE_OFF => Some(Self::ForceOff),
            code::PREEMPT_FORCE_OFF => Some(Self::Preempted),
            _ => None,
        }
    }

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GapOut => "gap_out",
            Self::MaxOut => "max_out",
            Self::ForceOff => "force_off",
            Self::Preempted => "preempted",
            Self::Unknown => "unknown",
        }
    }
}

/// A service that is complete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Service {
    /// Begin of the red before it; `None` for the first of a log.
    pub red_before: Option<Timestamp>,
    /// Begin of green.
    pub green: Timestamp,
    /// Begin of yellow.
    pub yellow: Timestamp,
    /// End of yellow.
    pub red: Timestamp,
    /// End of red clearance; of yellow where there is none.
    pub cleared: Timestamp,
    /// How the green ended.
    pub termination: Termination,
    /// Green and red occupancy ratio, 0…1; `None` without presence detectors.
    pub occupancy: Option<(f64, f64)>,
}

impl Service {
    /// Whether the green was too short for those who waited; `None` without presence detectors.
    pub fn failed(&self) -> Option<bool> {
        self.occupancy.map(|(green, red)| green > FAILURE && red > FAILURE)
    }

    /// Green, yellow and red clearance.
    pub fn split(&self) -> Millis {
        self.cleared - self.green
    }
}

/// Whether somebody is present at the stop line of a phase, over all its presence channels together, as an integral.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    on: BTreeSet<u16>,
    since: Option<Timestamp>,
    sum: Millis,
}

impl Presence {
    /// A channel is reached or left. Channels of one phase count as one detector (UDOT).
    pub fn event(&mut self, at: Timestamp, channel: u16, on: bool) {
        let was = !self.on.is_empty();
        if on {
            self.on.insert(channel);
        } else {
            self.on.remove(&channel);
        }
        match (was, !self.on.is_empty()) {
            (false, true) => self.since = Some(at),
            (true, false) => self.sum += self.since.take().map_or(Millis::ZERO, |since| at - since),
            _ => {}
        }
    }

    /// Time present up to an instant that is not before the last event.
    pub fn until(&self, at: Timestamp) -> Millis {
        self.sum + self.since.map_or(Millis::ZERO, |since| (at - since).max(Millis::ZERO))
    }

    /// Nothing is known any more.
    pub fn lose(&mut self) {
        *self = Self::default();
    }
}
