//! What the lamps show now, as far as the engine can know.
//!
//! The last state message is the truth of its instant. Between it and now the field controller goes on with the plan that
//! it says it obeys; if it has not spoken for a while, with the newest plan that was sent. With a commit lead the picture
//! is carried on to the instant at which changes may begin, and the stretch in between is copied from the plan in force,
//! so that nothing that is already committed is taken back.
//!
//! A controller in the street that runs on its own is not followed: what it will do is not known here.

use crate::plan::{FieldMode, Interval, Plan, Shown, StateReport};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Plans that may still be obeyed: one a second, longest lease, and one that is on its way.
const PLANS_KEPT: usize = 5;
/// A state message this old may have been followed by a newer plan.
const STATE_FRESH: Millis = Millis(1_500);
/// Nobody's clock is ahead by more than this and still believed: as on the wire.
const AHEAD_MAX: Millis = Millis::from_secs(2);

/// What is remembered of the field controller.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Remembered {
    report: Option<StateReport>,
    plans: VecDeque<Plan>,
}

/// What is shown, and from when on it can be changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    /// What is shown up to the instant of the decision.
    pub now: Shown,
    /// The same, but green only where the last state message says so too: nobody counts as served by a green that is only supposed, as
    /// the controller may obey somebody else.
    pub told: Shown,
    /// `now` at the instant at which changes may begin.
    pub base: Shown,
    /// What is shown between the two; empty without a lead.
    pub committed: Vec<Interval>,
    /// To be echoed by the plan.
    pub nonce: u64,
}

impl Remembered {
    /// A state message came at an instant; one that is older than the last is dropped, unless that lies ahead: then a clock has been
    /// set back since.
    pub(super) fn hear(&mut self, report: StateReport, at: Timestamp) {
        let is_news = |last: &StateReport| last.shown.at <= report.shown.at || last.shown.at > at + AHEAD_MAX;
        if self.report.as_ref().is_none_or(is_news) {
            self.report = Some(report);
        }
    }

    /// A plan was sent.
    pub(super) fn sent(&mut self, plan: &Plan) {
        if self.plans.len() == PLANS_KEPT {
            self.plans.pop_front();
        }
        self.plans.push_back(plan.clone());
    }

    /// No plan of the own has been sent.
    pub(super) fn forget_plans(&mut self) {
        self.plans.clear();
    }

    /// The last state message.
    pub(super) fn report(&self) -> Option<&StateReport> {
        self.report.as_ref()
    }

    /// The lamps of the last state message.
    pub(super) fn shown(&self) -> Option<&Shown> {
        self.report.as_ref().map(|report| &report.shown)
    }

    /// The picture at an instant; `None` as long as nothing was ever heard, or while the controller obeys nobody.
    pub(super) fn picture(&self, at: Timestamp, lead: Millis) -> Option<Picture> {
        let report = self.report.as_ref()?;
        if matches!(report.mode, FieldMode::AllRed | FieldMode::Flash) {
            return None;
        }
        let in_force = self.in_force(report, at);
        let now = report.shown.following(in_force.map_or(&[], |plan| &plan.intervals), at);
        let (base, committed) = match in_force {
            Some(plan) if lead > Millis::ZERO => (now.following(&plan.intervals, at + lead), cut(plan, at, at + lead)),
            _ => (now.clone(), Vec::new()),
        };
        let mut told = now.clone();
        for (lamp, last) in told.groups.iter_mut().zip(&report.shown.groups) {
            if lamp.indication.is_green() && !last.indication.is_green() {
                lamp.clone_from(last);
            }
        }
        Some(Picture { now, told, base, committed, nonce: report.nonce })
    }

    /// The plan that the controller follows at an instant, if it follows one.
    fn in_force(&self, report: &StateReport, at: Timestamp) -> Option<&Plan> {
        if report.mode != FieldMode::Remote {
            return None;
        }
        let fresh = at - report.shown.at <= STATE_FRESH;
        let applied = self.plans.iter().find(|plan| Some(plan.number()) == report.applied);
        let plan = if fresh { applied } else { self.plans.back() };
        plan.filter(|plan| plan.interval_at(at).is_some())
    }
}

/// The stretch of a plan between two instants.
fn cut(plan: &Plan, from: Timestamp, until: Timestamp) -> Vec<Interval> {
    let overlapping = plan.intervals.iter().filter(|interval| interval.end > from && interval.start < until);
    overlapping
        .map(|interval| Interval { start: interval.start.max(from), end: interval.end.min(until), ..interval.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StageIx;
    use crate::network::sample::crossroads;
    use crate::plan::Mode;
    use crate::plan::layout::{Leg, lay_out};

    #[test]
    fn a_state_from_before_the_last_one_is_dropped_unless_the_last_one_lies_ahead() {
        let street = crossroads();
        let mut memory = Remembered::default();
        let mut tell = |told_s: i64, now_s: i64, nonce: u64| {
            let shown = Shown::all_red(&street, Timestamp::from_secs(told_s));
            let (intersection, config_hash) = (street.id.clone(), street.config_hash.clone());
            let mode = FieldMode::LocalActuated;
            let report = StateReport { intersection, config_hash, shown, mode, applied: None, refused: None, nonce };
            memory.hear(report, Timestamp::from_secs(now_s));
            memory.report().map(|report| report.nonce)
        };
        assert_eq!(tell(100, 100, 1), Some(1));
        assert_eq!(tell(98, 101, 2), Some(1), "overtaken on its way");
        assert_eq!(tell(103, 102, 3), Some(3));
        assert_eq!(tell(102, 102, 4), Some(3), "clocks that differ by a little");
        assert_eq!(tell(3_700, 3_700, 5), Some(5), "both clocks were set");
        assert_eq!(tell(105, 105, 6), Some(6), "and set back");
    }

    #[test]
    fn a_green_that_nobody_has_told_of_serves_nobody() {
        let street = crossroads();
        let (begin, to) = (Timestamp::from_secs(100), StageIx(0));
        let report = |shown: Shown, applied| StateReport {
            intersection: street.id.clone(),
            config_hash: street.config_hash.clone(),
            shown,
            mode: FieldMode::Remote,
            applied,
            refused: None,
            nonce: 1,
        };
        let red = Shown::all_red(&street, begin);
        let plan = Plan {
            intersection: street.id.clone(),
            config_hash: street.config_hash.clone(),
            epoch: 1,
            seq: 1,
            issued: begin,
            lease: Millis::from_secs(3),
            nonce_echo: 1,
            mode: Mode::Adaptive,
            reason: String::new(),
            intervals: lay_out(&street, &red, &[Leg { to, leave: begin }], begin + Millis::from_secs(15)),
        };
        let group = street.stages[to.0].signals.iter().position(|lamp| lamp.is_green()).unwrap();
        let green = |shown: &Shown| shown.groups[group].indication.is_green();
        let mut memory = Remembered::default();
        memory.hear(report(red, None), begin);
        memory.sent(&plan);
        let supposed = memory.picture(begin + Millis::from_secs(4), Millis::ZERO).unwrap();
        assert!(green(&supposed.now) && !green(&supposed.told), "its messages are lost, and so may be the plan");
        memory.hear(report(supposed.now, Some(plan.number())), begin + Millis::from_secs(5));
        let told = memory.picture(begin + Millis::from_secs(5), Millis::ZERO).unwrap();
        assert!(green(&told.now) && green(&told.told));
    }
}
