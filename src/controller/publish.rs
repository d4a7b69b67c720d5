//! From a proposal to a plan that may be sent: stabilise, draw, ask the gate; and what to do when it says no.
//!
//! The gate refusing what the engine itself has planned is a bug or a configuration that cannot be kept. The street must
//! not notice: the programme is tried, then resting in what is shown; if that is refused as well nothing is sent, and the
//! field controller goes down its own ladder when the lease is over. Each case is in the decision and raises an alarm.

use super::picture::Picture;
use super::propose::Proposal;
use super::{Controller, Output, reason, stabilise};
use crate::ids::StageIx;
use crate::plan::check::{Verdict, check};
use crate::plan::layout::lay_out;
use crate::plan::{Decision, Mode, Plan};
use crate::time::Timestamp;
use sha2::{Digest, Sha256};

impl Controller {
    /// The first plan that the gate lets pass, with the proposal that it came of.
    pub(super) fn checked_plan(
        &mut self,
        picture: &Picture,
        proposal: Proposal,
        mode: Mode,
        at: Timestamp,
        outputs: &mut Vec<Output>,
    ) -> (Option<Plan>, Proposal) {
        let waiting = self.waiting(at);
        let fallbacks = [self.programme(&picture.base), self.rest(&picture.base)];
        let mut refusals = Vec::new();
        let mut last = proposal.clone();
        for mut wish in [proposal].into_iter().chain(fallbacks) {
            self.stabilise(picture, &mut wish, &waiting);
            let (plan, verdict) = self.draw(picture, &wish, mode, at, &waiting);
            if verdict.is_good() {
                if !refusals.is_empty() {
                    wish.reason = format!("{}; {}", wish.reason, refusals.join("; "));
                }
                self.alarms.watch_gate(refusals.first().map(String::as_str), at, outputs);
                self.seq = plan.seq;
                wish.refusals = refusals;
                return (Some(plan), wish);
            }
            refusals.push(reason::clipped(format!("refused: {verdict}; it was: {}", wish.reason)));
            last = wish;
        }
        self.alarms.watch_gate(refusals.first().map(String::as_str), at, outputs);
        last.reason = format!("nothing sent; {}", refusals.join("; "));
        last.refusals = refusals;
        (None, last)
    }

    /// Since when somebody waits at each group, requests included.
    pub(super) fn waiting(&self, at: Timestamp) -> Vec<Option<Timestamp>> {
        let mut waiting = self.street.waiting().to_vec();
        for (group, since) in self.requests.asked(at) {
            let known = waiting[group.0];
            waiting[group.0] = Some(known.map_or(since, |known| known.min(since)));
        }
        waiting
    }

    /// Change the legs where somebody would otherwise be left at red too long.
    fn stabilise(&self, picture: &Picture, wish: &mut Proposal, waiting: &[Option<Timestamp>]) {
        let until = picture.base.at + self.settings.ahead;
        let guarded = stabilise::guard(&self.intersection, &picture.base, &wish.legs, waiting, until);
        wish.legs = guarded.legs;
        if let Some(urgent) = guarded.urgent {
            let group = &self.intersection.groups[urgent.group.0].id;
            let left = urgent.deadline - picture.base.at;
            wish.reason = format!("{}; maximum red of group {group} in {left}", wish.reason);
        }
        wish.urgent = guarded.urgent;
    }

    /// The plan of a proposal, and what the gate thinks of it.
    fn draw(
        &self,
        picture: &Picture,
        wish: &Proposal,
        mode: Mode,
        at: Timestamp,
        waiting: &[Option<Timestamp>],
    ) -> (Plan, Verdict) {
        let until = picture.base.at + self.settings.ahead;
        let mut intervals = picture.committed.clone();
        intervals.extend(lay_out(&self.intersection, &picture.base, &wish.legs, until));
        let plan = Plan {
            intersection: self.intersection.id.clone(),
            config_hash: self.intersection.config_hash.clone(),
            epoch: self.settings.epoch,
            seq: self.seq + 1,
            issued: at,
            lease: self.settings.lease,
            nonce_echo: picture.nonce,
            mode,
            reason: reason::in_scene(&wish.reason, self.scene),
            intervals,
        };
        let verdict = check(&plan, &self.intersection, &picture.now, at, waiting);
        (plan, verdict)
    }

    /// What was decided and why.
    pub(super) fn decision(&self, proposal: &Proposal, mode: Mode, picture: &Picture, at: Timestamp) -> Decision {
        let begun = proposal.legs.iter().rev().find(|leg| leg.leave <= picture.base.at);
        let chosen: StageIx = begun.map(|leg| leg.to).or(picture.base.stage).unwrap_or_default();
        Decision {
            intersection: self.intersection.id.clone(),
            at,
            seq: self.seq,
            mode,
            scene: self.scene,
            chosen,
            runner_up: proposal.runner_up,
            cost: proposal.cost.clone(),
            runner_up_cost: proposal.runner_up_cost.clone(),
            labels: proposal.labels,
            input_hash: self.input_hash(picture, at),
            reason: reason::in_scene(&reason::doubting(&proposal.reason, &self.doubted()), self.scene),
        }
    }

    /// Lanes whose detectors are not believed.
    pub fn doubted(&self) -> Vec<&str> {
        let lanes = self.intersection.lanes.iter().zip(self.street.verdicts());
        lanes.filter(|(_, verdict)| verdict.is_some()).map(|(lane, _)| lane.id.as_str()).collect()
    }

    /// First 16 hex digits of the SHA-256 of everything that the decision was taken on.
    fn input_hash(&self, picture: &Picture, at: Timestamp) -> String {
        let signal = format!("{at:?}{:?}{:?}{}", picture.base, picture.committed, self.scene);
        let digest = Sha256::new().chain_update(signal).chain_update(self.street.fingerprint()).finalize();
        let first = digest.iter().take(8).fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        format!("{first:016x}")
    }
}
