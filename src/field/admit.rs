//! Which plans are taken.
//!
//! A plan is leased desired state: it must be newer than the last one, made by somebody who has seen a state message
//! sent lately (so not replayed from yesterday, nor held up in a queue), and good in the eyes of the own gate at this
//! instant. Whoever has lost its engine more than once lately waits for a while ([`super::way_back`]). What is taken is obeyed from the next tick on, from the interval that covers that instant.

use super::{Field, FieldOutput};
use crate::plan::check::{CLOCK_SKEW_MAX, check};
use crate::plan::{FieldMode, Plan, PlanRef, StateReport};
use crate::time::{Millis, Timestamp};
use std::collections::VecDeque;

/// How many nonces are remembered: at one state message a second, twice the longest lease and some for loss.
const NONCES_KEPT: usize = 8;

/// The own detectors and those of the engine do not see the same; the field gives the engine this much more time before
/// it refuses a plan for the maximum red.
const RED_MAX_GRACE: Millis = Millis::from_secs(10);

/// The nonces sent lately.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Nonces {
    state: u64,
    sent: VecDeque<u64>,
}

impl Nonces {
    /// A sequence of its own for every seed.
    fn new(seed: u64) -> Self {
        Self { state: seed, sent: VecDeque::with_capacity(NONCES_KEPT) }
    }

    /// A number that was not sent lately (`SplitMix64`, Steele et al. 2014).
    fn fresh(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let nonce = (z ^ (z >> 31)) & StateReport::NONCE_MAX;
        if self.sent.len() == NONCES_KEPT {
            self.sent.pop_front();
        }
        self.sent.push_back(nonce);
        nonce
    }

    fn sent_lately(&self, nonce: u64) -> bool {
        self.sent.contains(&nonce)
    }
}

/// What is remembered of plans and nonces: enough to tell a new plan from an old, doubled, replayed or foreign one.
///
/// What it holds back stays held back: the number of the plan taken last never falls, so an author of an older epoch is not heard any
/// more once one of a newer has been (`tests/it/lease_model.rs` checks it together with [`crate::leadership`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Admission {
    applied: Option<PlanRef>,
    nonces: Nonces,
}

impl Admission {
    /// Nothing was taken yet. The seed drives the nonces.
    pub fn new(seed: u64) -> Self {
        Self { applied: None, nonces: Nonces::new(seed) }
    }

    /// The plan taken last, the highest ever.
    pub const fn applied(&self) -> Option<PlanRef> {
        self.applied
    }

    /// A nonce for the next state message.
    pub fn fresh_nonce(&mut self) -> u64 {
        self.nonces.fresh()
    }

    /// Whether a plan is newer than all that were taken, by somebody who has heard lately.
    ///
    /// # Errors
    /// The stable name of the reason.
    pub fn judge(&self, plan: &Plan) -> Result<(), &'static str> {
        if self.applied.is_some_and(|applied| plan.number() <= applied) {
            return Err("old");
        }
        if !self.nonces.sent_lately(plan.nonce_echo) {
            return Err("nonce");
        }
        Ok(())
    }

    /// A plan that was judged, by this and by the gate, is taken.
    pub fn take(&mut self, plan: &Plan) {
        self.applied = self.applied.max(Some(plan.number()));
    }
}

impl Field {
    /// Take a plan, or remember why not. Clocks differ, so one that begins within [`CLOCK_SKEW_MAX`] waits until it does.
    pub(super) fn receive(&mut self, plan: Plan, at: Timestamp, outputs: &mut Vec<FieldOutput>) {
        let begins_soon = plan.intervals.first().is_some_and(|it| it.start > at && it.start <= at + CLOCK_SKEW_MAX);
        let judged = self.fresh(&plan).and_then(|()| {
            if begins_soon {
                return Ok(());
            }
            let back = self.mode == FieldMode::Remote || self.way_back.hears(at);
            self.may_be_shown(&plan, at)?;
            if back { Ok(()) } else { Err("held_off") }
        });
        match judged {
            Err(reason) => self.refused = Some(reason.to_owned()),
            Ok(()) if begins_soon => self.early = Some(plan),
            Ok(()) => self.obey(plan, at, outputs),
        }
    }

    fn obey(&mut self, plan: Plan, at: Timestamp, outputs: &mut Vec<FieldOutput>) {
        self.refused = None;
        self.admission.take(&plan);
        self.held_since = None;
        self.change_mode(FieldMode::Remote, at, "a valid plan", outputs);
        self.plan = Some(plan);
    }

    /// Whether a plan comes from an author who is there; the error is the stable name of the reason.
    fn fresh(&self, plan: &Plan) -> Result<(), &'static str> {
        if matches!(self.mode, FieldMode::AllRed | FieldMode::Flash) {
            return Err("not_ready");
        }
        self.admission.judge(plan)
    }

    /// Whether its lamps may be shown; the error is the stable name of the reason.
    ///
    /// An author does not know that a tick came some milliseconds after the instant of his plan, and lays out the next one from that instant;
    /// so he is judged by it. The lamps wait for what they have really shown: the lamp guard sees to that.
    fn may_be_shown(&self, plan: &Plan, at: Timestamp) -> Result<(), &'static str> {
        let waiting: Vec<Option<Timestamp>> = match self.fresh_calls(at) {
            Some(_) => self.waiting.since().iter().map(|since| since.map(|since| since + RED_MAX_GRACE)).collect(),
            None => Vec::new(),
        };
        let verdict = check(plan, &self.intersection, &self.nominal_at(at), at, &waiting);
        verdict.notes.first().map_or(Ok(()), |note| Err(note.rule.name()))
    }
}
