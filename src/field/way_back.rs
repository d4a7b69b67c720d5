//! When a controller that has lost its engine obeys it again.
//!
//! In: losses, and fresh plans while it looks after itself. Out: whether the engine is back for good. After a first loss one plan is enough.
//! A link that comes and goes must not make the control come and go, so after a further loss within [`REMEMBERED`] plans must have
//! come as regularly as from a whole link for a while ([`HOLD`]), and for longer after many losses. Fresh is a plan that is new and answers a state told lately; whether its
//! lamps may be shown says nothing of the link. What is held off is said as `held_off` in the state message; leaving the
//! engine is never delayed.
//!
//! A link that flaps at 0.05 Hz or faster is never whole for as long, or misses plans that are due every second, so the controller stays
//! local until the flapping ends. Where it flaps in time with the plans, close to once or twice a second, they get through for half a
//! minute and then not for half a minute: nobody can tell that from a link that is whole and lost again, and the longer hold keeps it
//! from happening often.
//!
//! Weakness: a link that loses one message in five now and then brings nobody back before the losses are forgotten; to stay local is the
//! safer of the two.

use crate::time::{Millis, Timestamp};
use std::collections::VecDeque;

/// For how long a loss counts.
const REMEMBERED: Millis = Millis::from_secs(300);
/// For how long plans must have come regularly after the first, second, … loss and every further one. The second is longer than a link that
/// flaps at 0.05 Hz is whole; the last is ten seconds and the shortest usual cycle.
const HOLD: [Millis; 4] = [Millis::ZERO, Millis::from_secs(12), Millis::from_secs(12), Millis::from_secs(35)];
/// Plans are made every second; with more than this between two of them one was lost.
const REGULAR: Millis = Millis(1_700);

/// Losses, and plans since the last one.
#[derive(Debug, Clone, Default)]
pub(super) struct WayBack {
    lost: VecDeque<Timestamp>,
    /// Since when fresh plans have come regularly, and when the last one came.
    heard: Option<(Timestamp, Timestamp)>,
}

impl WayBack {
    /// The engine is left.
    pub(super) fn lost(&mut self, at: Timestamp) {
        if self.lost.len() == HOLD.len() {
            self.lost.pop_front();
        }
        self.lost.push_back(at);
        self.heard = None;
    }

    /// A fresh plan comes while nobody is obeyed; whether the engine is back.
    pub(super) fn hears(&mut self, at: Timestamp) -> bool {
        while self.lost.front().is_some_and(|&lost| at - lost > REMEMBERED) {
            self.lost.pop_front();
        }
        let since = self.heard.filter(|&(_, last)| at - last <= REGULAR).map_or(at, |(since, _)| since);
        self.heard = Some((since, at));
        at - since >= HOLD[self.lost.len().saturating_sub(1)]
    }

    /// The clock was set: every instant moves by the same span.
    pub(super) fn shift(&mut self, by: Millis) {
        for lost in &mut self.lost {
            *lost = *lost + by;
        }
        self.heard = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back_after(losses: &[i64], plans: &[i64]) -> Option<i64> {
        let mut way = WayBack::default();
        for &secs in losses {
            way.lost(Timestamp::from_secs(secs));
        }
        plans.iter().copied().find(|&secs| way.hears(Timestamp::from_secs(secs)))
    }

    #[test]
    fn after_one_loss_the_first_plan_leads_back_and_after_more_only_regular_ones() {
        let every_second: Vec<i64> = (200..300).collect();
        assert_eq!(back_after(&[199], &every_second), Some(200));
        assert_eq!(back_after(&[100, 199], &every_second), Some(212));
        assert_eq!(back_after(&[10, 20, 50, 100, 199], &every_second), Some(235));
    }

    #[test]
    fn one_plan_that_is_missing_begins_anew() {
        let broken: Vec<i64> = (200..210).chain(211..300).collect();
        assert_eq!(back_after(&[100, 199], &broken), Some(223));
        let halved: Vec<i64> = (200..300).filter(|secs| secs % 20 < 10).collect();
        assert_eq!(back_after(&[100, 199], &halved), None, "0.05 Hz");
    }

    #[test]
    fn old_losses_are_forgotten() {
        let later: Vec<i64> = (700..800).collect();
        assert_eq!(back_after(&[100, 200, 699], &later), Some(700));
    }
}
