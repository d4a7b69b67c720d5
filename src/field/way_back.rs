//! When a controller that has lost its engine obeys it again.
//!
//! In: losses, and fresh plans while it looks after itself. Out: whether the engine is back for good. After a first loss one plan is enough.
//! A link that comes and goes must not make the control come and go, so after each further loss within [`REMEMBERED`] plans must
//! have come without a break (the lease of each reaching to the next) for longer: see [`HOLD`]. Fresh is a plan that is new and answers a
//! state told lately; whether its lamps may be shown says nothing of the link. What is held off is said as
//! `held_off` in the state message; leaving the engine is never delayed.
//!
//! A link that flaps at 0.05 Hz or faster is never whole for as long as the second step, so the controller stays local until the flapping ends;
//! one that flaps more slowly changes the mode about once a minute at most. Then it is back within the longest step.
//!
//! Weakness: a message that is lost now and then on an otherwise good link cannot be told from flapping when three in a row are lost.

use crate::plan::Plan;
use crate::time::{Millis, Timestamp};
use std::collections::VecDeque;

/// For how long a loss counts.
const REMEMBERED: Millis = Millis::from_secs(300);
/// How long plans must have come without a break after the first, the second, and every further loss.
pub const HOLD: [Millis; 3] = [Millis::ZERO, Millis::from_secs(20), Millis::from_secs(60)];

/// Losses, and plans since the last one.
#[derive(Debug, Clone, Default)]
pub(super) struct WayBack {
    lost: VecDeque<Timestamp>,
    /// Since when and until when fresh plans have come without a break.
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
    pub(super) fn hears(&mut self, plan: &Plan, at: Timestamp) -> bool {
        while self.lost.front().is_some_and(|&lost| at - lost > REMEMBERED) {
            self.lost.pop_front();
        }
        let until = plan.issued + plan.lease;
        let since = self.heard.filter(|&(_, reached)| at <= reached).map_or(at, |(since, _)| since);
        self.heard = Some((since, until));
        let step = self.lost.len().saturating_sub(1).min(HOLD.len() - 1);
        at - since >= HOLD[step]
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
    use crate::network::sample::crossroads;
    use crate::plan::check::samples::plan_of;

    fn back_after(losses: &[i64], plans: &[i64]) -> Option<i64> {
        let mut way = WayBack::default();
        for &secs in losses {
            way.lost(Timestamp::from_secs(secs));
        }
        plans.iter().copied().find(|&secs| {
            let at = Timestamp::from_secs(secs);
            way.hears(&plan_of(&crossroads(), Vec::new(), at), at)
        })
    }

    #[test]
    fn after_one_loss_the_first_plan_leads_back_and_after_more_only_plans_without_a_break() {
        let every_second: Vec<i64> = (200..300).collect();
        assert_eq!(back_after(&[199], &every_second), Some(200));
        assert_eq!(back_after(&[100, 199], &every_second), Some(220));
        assert_eq!(back_after(&[50, 100, 199], &every_second), Some(260));
        assert_eq!(back_after(&[10, 20, 50, 100, 199], &every_second), Some(260));
    }

    #[test]
    fn a_break_longer_than_the_lease_begins_anew_and_a_shorter_one_does_not() {
        let broken: Vec<i64> = (200..215).chain(219..300).collect();
        assert_eq!(back_after(&[100, 199], &broken), Some(239));
        let bridged: Vec<i64> = (200..215).chain(217..300).collect();
        assert_eq!(back_after(&[100, 199], &bridged), Some(220));
    }

    #[test]
    fn old_losses_are_forgotten() {
        let later: Vec<i64> = (700..800).collect();
        assert_eq!(back_after(&[100, 200, 699], &later), Some(700));
    }
}
