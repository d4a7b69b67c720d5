//! What may be wrong with the detectors of a lane: eight classes, with the time in which each is found.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A class of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fault {
    /// Nothing is heard: 10 s, or three periods where they are longer.
    Silent,
    /// Somebody stands in a protected green and nobody passes: 3 min of green.
    StuckOn,
    /// Nobody is seen where the learned rate makes that a chance of less than 1 in 10,000: 5 min and more.
    StuckOff,
    /// More than one passage a second over 10 s.
    Chatter,
    /// More than one passage a 1.2 s over 30 s, or for as long more vehicles than fit.
    Implausible,
    /// The same picture for so long that its chance is less than 1 in a million.
    Frozen,
    /// Zone and stop line contradict each other: vehicles vanish, or pass without having been there, a little over 15 min or much in 2; or
    /// who stood at red does not pass in 80 s of green.
    Unbalanced,
    /// Passages while all lamps of the lane are red: five in a minute.
    AtRed,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Silent,
        Self::StuckOn,
        Self::StuckOff,
        Self::Chatter,
        Self::Implausible,
        Self::Frozen,
        Self::Unbalanced,
        Self::AtRed,
    ];

    /// Code of its alarm.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Silent => "detector_silent",
            Self::StuckOn => "detector_stuck_on",
            Self::StuckOff => "detector_stuck_off",
            Self::Chatter => "detector_chatter",
            Self::Implausible => "detector_implausible",
            Self::Frozen => "detector_frozen",
            Self::Unbalanced => "detector_unbalanced",
            Self::AtRed => "detector_at_red",
        }
    }

    /// How often it is looked for \[s\]; five clean looks in a row lead back to trust. Each looks at the time since the last one, that for
    /// [`Self::Unbalanced`] at up to a quarter of an hour.
    pub const fn judged_every_s(self) -> f64 {
        match self {
            Self::Silent | Self::Chatter => 10.0,
            Self::Implausible => 30.0,
            Self::StuckOn | Self::StuckOff | Self::Frozen | Self::AtRed => 60.0,
            Self::Unbalanced => 300.0,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "silent",
            Self::StuckOn => "stuck on",
            Self::StuckOff => "stuck off",
            Self::Chatter => "chatters",
            Self::Implausible => "counts more than can be",
            Self::Frozen => "frozen",
            Self::Unbalanced => "zone and stop line contradict each other",
            Self::AtRed => "counts passages at red",
        })
    }
}
