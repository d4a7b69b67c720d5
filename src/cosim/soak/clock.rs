//! A clock that can be set: true time and what one part of the house believes.

use crate::time::Timestamp;

/// True time 0 is this instant of UTC: 2026-11-23, 06:00.
const ORIGIN: i64 = 1_795_413_600_000;

/// A clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    /// What it is ahead of true time \[ms\].
    pub offset: i64,
}

impl Clock {
    /// What it reads at a true time \[ms\].
    pub const fn reads(self, at: i64) -> Timestamp {
        Timestamp(ORIGIN + at + self.offset)
    }
}

/// True time as an instant.
pub const fn truth(at: i64) -> Timestamp {
    Timestamp(ORIGIN + at)
}
