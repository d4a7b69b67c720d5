//! Whether the wall's clock was set since it was looked at last.
//!
//! In: what the wall's clock and a clock that nobody sets read at the same instant. Out: by how much the first was set. The wall's clock alone
//! cannot tell a leap forward of a second from a second that passed, and a yellow would end that much too early; the two together
//! can. Both are slewed alike, so what is left between them are steps. Steps up to [`TOLERATED`] are passed over and summed up, so
//! no interval is ever shorter by more than that.

use crate::time::{Millis, Timestamp};

/// Two clocks that are read one after the other agree to this.
pub const TOLERATED: Millis = Millis(50);

/// How far the wall's clock is ahead of the other one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anchor {
    ahead: Option<Millis>,
}

impl Anchor {
    /// By how much the wall's clock was set, if it was.
    pub fn set_by(&mut self, wall: Timestamp, steady: Timestamp) -> Option<Millis> {
        let ahead = wall - steady;
        let by = ahead - *self.ahead.get_or_insert(ahead);
        if by <= TOLERATED && by >= Millis(-TOLERATED.0) {
            return None;
        }
        self.ahead = Some(ahead);
        Some(by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_passes_is_none_and_every_step_is_told_once_also_a_small_one_while_the_process_stood_still() {
        let mut anchor = Anchor::default();
        let mut look = |wall, steady| anchor.set_by(Timestamp(wall), Timestamp(steady)).map(|by| by.0);
        assert_eq!(look(1_000_000, 7_000), None);
        assert_eq!(look(1_000_100, 7_100), None);
        assert_eq!(look(1_001_000, 7_200), Some(800));
        assert_eq!(look(1_001_100, 7_300), None);
        assert_eq!(look(1_031_140, 37_300), None, "frozen for half a minute, read 40 ms apart");
        assert_eq!(look(1_031_280, 37_400), Some(80), "small steps are summed up");
        assert_eq!(look(1_030_380, 37_500), Some(-1_000));
    }
}
