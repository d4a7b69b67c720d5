//! High-resolution events of signal controllers: what ATSPM tools read and write.
//!
//! ```text
//! lamps, counts, requests ─ ours ──┐
//!                                  ├─> order ─> events in order ─> `measure::atspm`, or a file for other tools
//! a log of anybody ─ reader, row ──┘
//! ```
//!
//! An event is a signal, an instant, a code and a parameter. Codes: Sturdevant, Overman, Raamot, Deer, Miller, Bullock, Day, Brennan, Li,
//! Hainen and Remias, *Indiana Traffic Signal Hi Resolution Data Logger Enumerations*, Indiana DOT and Purdue University 2012,
//! doi:10.4231/K4RN35SH ([`code`]). Logs are read line by line or group by group, whatever their length; what is wrong in them is counted and
//! named ([`Noted`]) and the rest is used.

pub mod channels;
pub mod code;
pub mod instant;
pub mod order;
pub mod ours;
pub mod reader;
pub mod row;

pub use channels::{Channels, Role};
pub use order::{Order, Ordered};
pub use ours::Translator;
pub use reader::Reader;

use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Most signals of one log; rows of further ones are refused.
pub const SIGNALS_MAX: usize = 10_000;
/// Of what is wrong so many are named; all are counted.
const NAMED: usize = 10;

/// One event. Ordered by instant, then code, then parameter: at one instant an end comes before a beginning, and lamps before detectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// When \[ms\], on the clock of whoever wrote it.
    pub at: Timestamp,
    /// What happened.
    pub code: u16,
    /// To which phase, detector channel or preempt.
    pub param: u16,
    /// Position of the signal among [`Names`].
    pub signal: u32,
}

/// Names of signals, in the order in which they were met.
#[derive(Debug, Clone, Default)]
pub struct Names {
    all: Vec<String>,
    positions: BTreeMap<String, u32>,
}

impl Names {
    /// Position of a name, a new one if it was not met before; `None` beyond [`SIGNALS_MAX`].
    pub fn position(&mut self, name: &str) -> Option<u32> {
        if let Some(&known) = self.positions.get(name) {
            return Some(known);
        }
        let new = u32::try_from(self.all.len()).ok().filter(|&it| (it as usize) < SIGNALS_MAX)?;
        self.all.push(name.to_owned());
        self.positions.insert(name.to_owned(), new);
        Some(new)
    }

    /// The name at a position.
    pub fn of(&self, position: u32) -> &str {
        self.all.get(position as usize).map_or("", String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Something that happened often: how often, and where first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Noted {
    /// How often.
    pub count: u64,
    /// Line (row of a Parquet file) and what was wrong, of the first ones.
    pub first: Vec<(u64, String)>,
}

impl Noted {
    /// Once more.
    pub fn note(&mut self, line: u64, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push((line, what()));
        }
    }
}
