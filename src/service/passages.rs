//! Who crossed which stop line in the last minutes, of every intersection, so that ways along a corridor can be drawn.
//!
//! In: what detectors counted, second by second. Out: instants and lanes. Bounded by time and by number: the oldest are forgotten first.

use crate::estimate::{CountedPlace, Observation};
use crate::ids::LaneIx;
use crate::time::{Millis, Timestamp};
use std::collections::VecDeque;

/// How long passages are kept.
const KEPT: Millis = Millis::from_secs(200);
/// Most that are kept of an intersection: sixteen busy lanes.
const KEPT_MAX: usize = 1_600;

/// Vehicles that crossed the stop line of a lane in the second that ends at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// The end of the second.
    pub at: Timestamp,
    /// Which lane.
    pub lane: LaneIx,
    /// How many.
    pub vehicles: u32,
}

/// The passages of one intersection, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct Passages(VecDeque<Passed>);

impl Passages {
    /// Take in what was counted. What is older than what was heard last is another day of a simulated street: everything begins anew.
    pub(super) fn take(&mut self, seen: &Observation) {
        if self.0.back().is_some_and(|last| seen.at < last.at) {
            self.0.clear();
        }
        for it in seen.places.iter().filter(|it| it.passed > 0) {
            if let CountedPlace::Lane(lane) = it.place {
                self.0.push_back(Passed { at: seen.at, lane, vehicles: it.passed });
            }
        }
        while self.0.len() > KEPT_MAX || self.0.front().is_some_and(|first| seen.at - first.at > KEPT) {
            self.0.pop_front();
        }
    }

    /// All that are kept.
    pub fn iter(&self) -> impl Iterator<Item = &Passed> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::PlaceCount;

    fn seen(second: i64, passed: u32) -> Observation {
        let place = |place| PlaceCount { place, count: 0, halted: 0, passed, occupancy: None, mean_speed_mps: None };
        let places = vec![place(CountedPlace::Lane(LaneIx(2))), place(CountedPlace::Feeder(crate::ids::FeederIx(0)))];
        Observation { at: Timestamp::from_secs(second), seq: 0, period: Millis(1_000), places }
    }

    #[test]
    fn passages_are_kept_for_some_minutes_and_begin_anew_when_the_clock_goes_back() {
        let mut passages = Passages::default();
        for second in 1..=1_000 {
            passages.take(&seen(second, u32::from(second % 10 == 0)));
        }
        let kept: Vec<Passed> = passages.iter().copied().collect();
        assert_eq!(kept.len(), 21);
        assert_eq!(kept[0], Passed { at: Timestamp::from_secs(800), lane: LaneIx(2), vehicles: 1 });
        passages.take(&seen(500, 3));
        assert_eq!(passages.iter().map(|it| it.vehicles).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn however_many_pass_there_is_an_end_to_the_memory() {
        let mut passages = Passages::default();
        for _ in 0..3_000 {
            passages.take(&seen(7, 1));
        }
        assert_eq!(passages.iter().count(), KEPT_MAX);
    }
}
