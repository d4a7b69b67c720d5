//! When a controller that has lost its engine obeys it again.
//!
//! In: losses, and fresh plans while it looks after itself. Out: whether the engine is back for good. After a loss one plan is enough, if the
//! engine was obeyed for [`CALM`] before: so ends a broker that was killed. A link that comes and goes must not make the control come and go,
//! so after a loss that follows sooner plans must have come as regularly as from a whole link for a while ([`HOLD`]), and for longer
//! after many such losses. Fresh is a plan that is new and answers a state told lately; whether its lamps may be shown says nothing of the
//! link. What is held off is said as `held_off` in the state message; leaving the engine is never delayed.
//!
//! A link that flaps at 0.05 Hz or faster is never whole for as long, or misses plans that are due every second, so the controller stays
//! local until the flapping ends. Where it flaps in time with the plans, close to once or twice a second, they get through for half a
//! minute and then not for half a minute: nobody can tell that from a link that is whole and lost again, and the longer hold keeps it
//! from happening often.
//!
//! Weakness: a link that is lost every other minute changes the mode every minute, and one that loses a message in five brings nobody back
//! after two losses; to stay local is the safer of the two.

use crate::time::{Millis, Timestamp};

/// Whoever has obeyed for as long takes the next loss for the first one.
const CALM: Millis = Millis::from_secs(60);
/// For how long plans must have come regularly after the first, second, … loss and every further one. The second is longer than a link that
/// flaps at 0.05 Hz is whole; the last is ten seconds and the shortest usual cycle.
const HOLD: [Millis; 4] = [Millis::ZERO, Millis::from_secs(12), Millis::from_secs(12), Millis::from_secs(35)];
/// Plans are made every second; with more than this between two of them one was lost.
const REGULAR: Millis = Millis(1_700);

/// Losses, and plans since the last one.
#[derive(Debug, Clone, Default)]
pub(super) struct WayBack {
    /// Losses of which each came soon after the way back from the one before; no more than there are steps of [`HOLD`].
    losses: usize,
    /// Since when the engine is obeyed, or was when it was lost.
    obeyed: Option<Timestamp>,
    /// Since when fresh plans have come regularly, and when the last one came.
    heard: Option<(Timestamp, Timestamp)>,
}

impl WayBack {
    /// The engine is left.
    pub(super) fn lost(&mut self, at: Timestamp) {
        let calm = self.obeyed.is_none_or(|since| at - since >= CALM);
        self.losses = if calm { 1 } else { (self.losses + 1).min(HOLD.len()) };
        self.heard = None;
    }

    /// A fresh plan comes while nobody is obeyed; whether the engine is back.
    pub(super) fn hears(&mut self, at: Timestamp) -> bool {
        let since = self.heard.filter(|&(_, last)| at - last <= REGULAR).map_or(at, |(since, _)| since);
        self.heard = Some((since, at));
        let back = at - since >= HOLD[self.losses.saturating_sub(1)];
        if back {
            self.obeyed = Some(at);
        }
        back
    }

    /// The clock was set: every instant moves by the same span.
    pub(super) fn shift(&mut self, by: Millis) {
        self.obeyed = self.obeyed.map(|since| since + by);
        self.heard = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine is obeyed from zero on, lost and heard again at these seconds; when it is obeyed again after the last loss.
    fn back_after(losses: &[i64], plans: impl Fn(i64) -> bool) -> Option<i64> {
        let mut way = WayBack::default();
        assert!(way.hears(Timestamp::from_secs(0)), "nothing has been lost yet");
        let mut ends = losses[1..].iter().copied().chain([losses[losses.len() - 1] + 200]);
        let mut back = None;
        for &loss in losses {
            way.lost(Timestamp::from_secs(loss));
            back = (loss + 1..ends.next().unwrap()).find(|&secs| plans(secs) && way.hears(Timestamp::from_secs(secs)));
        }
        back
    }

    #[test]
    fn after_one_loss_the_first_plan_leads_back_and_after_more_only_regular_ones() {
        assert_eq!(back_after(&[30], |_| true), Some(31), "nothing was lost before");
        assert_eq!(back_after(&[30, 40], |_| true), Some(53));
        assert_eq!(back_after(&[30, 40, 60, 80], |_| true), Some(116));
        assert_eq!(back_after(&[30, 40, 60, 80, 120], |_| true), Some(156), "and no more than that");
    }

    #[test]
    fn one_plan_that_is_missing_begins_anew() {
        assert_eq!(back_after(&[30, 40], |secs| secs != 51), Some(64));
        assert_eq!(back_after(&[30, 40], |secs| secs % 20 < 10), None, "0.05 Hz");
    }

    #[test]
    fn whoever_was_obeyed_for_a_minute_is_lost_for_the_first_time() {
        assert_eq!(back_after(&[30, 40, 112], |_| true), Some(125), "59 s");
        assert_eq!(back_after(&[30, 40, 113], |_| true), Some(114), "60 s");
    }

    #[test]
    fn a_clock_that_is_set_makes_no_minute() {
        let mut way = WayBack::default();
        assert!(way.hears(Timestamp::from_secs(0)));
        way.lost(Timestamp::from_secs(10));
        assert!(way.hears(Timestamp::from_secs(11)));
        way.shift(Millis::from_secs(3_600));
        way.lost(Timestamp::from_secs(3_620));
        assert!(!way.hears(Timestamp::from_secs(3_621)), "nine seconds are not a minute");
    }
}
