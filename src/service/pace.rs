//! When an engine decides: at whole seconds of a clock that may be set.
//!
//! In: what the clock reads. Out: whether a decision is due, and as of which instant. One that comes a little late is taken as of the
//! second that it was due at, so that plans do not creep; one that comes much later (a clock set forward, a process that stood
//! still) as of now. A clock that is set back makes nobody wait for it to come round again.

use crate::time::{Millis, Timestamp};

/// A deadline that was missed by more than this is not pretended to have been met.
const LATE_MAX: Millis = Millis(200);

/// The next decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    wake: Timestamp,
}

impl Pace {
    /// The first decision is at the next whole second.
    pub fn new(now: Timestamp) -> Self {
        Self { wake: next_second(now) }
    }

    /// Until when there is nothing to do.
    pub fn next(&mut self, now: Timestamp) -> Timestamp {
        self.wake = self.wake.min(next_second(now));
        self.wake
    }

    /// The instant of the decision that is due, if one is.
    pub fn due(&mut self, now: Timestamp) -> Option<Timestamp> {
        let wake = self.next(now);
        if now < wake {
            return None;
        }
        let at = if now - wake <= LATE_MAX { wake } else { now };
        self.wake = next_second(at);
        Some(at)
    }
}

fn next_second(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(1_000) + 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(clock: &[i64]) -> Vec<i64> {
        let mut pace = Pace::new(Timestamp(clock[0]));
        clock.iter().filter_map(|&now| pace.due(Timestamp(now))).map(|at| at.0).collect()
    }

    #[test]
    fn it_is_due_at_whole_seconds_and_a_little_late_counts_as_in_time() {
        assert_eq!(decided(&[100, 900, 1_050, 1_900, 2_150, 3_400, 4_000]), [1_000, 2_000, 3_400, 4_000]);
    }

    #[test]
    fn a_clock_that_is_set_back_or_forward_delays_no_decision_by_more_than_a_second() {
        assert_eq!(decided(&[7_200_500, 3_600_600, 3_601_000, 3_602_010]), [3_601_000, 3_602_000]);
        assert_eq!(decided(&[500, 3_600_600, 3_601_000]), [3_600_600, 3_601_000]);
    }
}
