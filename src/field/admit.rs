//! Which plans are taken.
//!
//! A plan is leased desired state: it must be newer than the last one, made by somebody who has seen a state message
//! sent lately (so not replayed from yesterday, nor held up in a queue), and good in the eyes of the own gate at this
//! instant. What is taken is obeyed from the next tick on, from the interval that covers that instant.

use super::{Field, FieldOutput};
use crate::plan::check::check;
use crate::plan::{FieldMode, Plan, StateReport};
use crate::time::{Millis, Timestamp};
use std::collections::VecDeque;

/// How many nonces are remembered: at one state message a second, twice the longest lease and some for loss.
const NONCES_KEPT: usize = 8;

/// The own detectors and those of the engine do not see the same; the field gives the engine this much more time before
/// it refuses a plan for the maximum red.
const RED_MAX_GRACE: Millis = Millis::from_secs(10);

/// The nonces sent lately.
#[derive(Debug, Clone)]
pub(super) struct Nonces {
    state: u64,
    sent: VecDeque<u64>,
}

impl Nonces {
    /// A sequence of its own for every seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed, sent: VecDeque::with_capacity(NONCES_KEPT) }
    }

    /// A number that was not sent lately (`SplitMix64`, Steele et al. 2014).
    pub(super) fn fresh(&mut self) -> u64 {
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

impl Field {
    /// Take a plan, or remember why not.
    pub(super) fn receive(&mut self, plan: Plan, at: Timestamp, outputs: &mut Vec<FieldOutput>) {
        if let Err(reason) = self.admit(&plan, at) {
            self.refused = Some(reason.to_owned());
            return;
        }
        self.refused = None;
        self.applied = Some(plan.number());
        self.held_since = None;
        self.change_mode(FieldMode::Remote, at, "a valid plan", outputs);
        self.plan = Some(plan);
    }

    /// Whether a plan may be obeyed; the error is the stable name of the reason.
    fn admit(&self, plan: &Plan, at: Timestamp) -> Result<(), &'static str> {
        if matches!(self.mode, FieldMode::AllRed | FieldMode::Flash) {
            return Err("not_ready");
        }
        if self.applied.is_some_and(|applied| plan.number() <= applied) {
            return Err("old");
        }
        if !self.nonces.sent_lately(plan.nonce_echo) {
            return Err("nonce");
        }
        let waiting: Vec<Option<Timestamp>> = match self.fresh_calls(at) {
            Some(_) => self.waiting.since().iter().map(|since| since.map(|since| since + RED_MAX_GRACE)).collect(),
            None => Vec::new(),
        };
        let verdict = check(plan, &self.intersection, &self.shown_at(at), at, &waiting);
        verdict.notes.first().map_or(Ok(()), |note| Err(note.rule.name()))
    }
}
