//! Lanes that are closed for some time.
//!
//! From the closed place on nobody drives; who is beyond it drives on. While a lane is closed nobody chooses it, and
//! those on it change away or wait before the place.

use crate::street::LaneIx;

/// A closed lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closure {
    /// Which lane.
    pub lane: LaneIx,
    /// From where on \[m from the lane's begin\].
    pub from_m: f64,
    /// From when \[s\].
    pub begin_s: f64,
    /// Until when \[s\].
    pub end_s: f64,
}

impl Closure {
    /// Whether it holds at an instant \[s\].
    #[must_use]
    pub fn holds(&self, at_s: f64) -> bool {
        (self.begin_s..self.end_s).contains(&at_s)
    }
}
