//! Sequences that the search must beat: stay, the last plan, the greedy and the actuated sequence.

use super::cost::Model;
use super::report::{CostTerms, Move, Sequence};
use crate::ids::StageIx;

/// Where a seed comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeedKind {
    /// Never change.
    Stay,
    /// The sequence of the last decision.
    Last,
    /// Always the stage with the most queue, as soon as allowed.
    Greedy,
    /// Serve until empty, then the stage with the most queue.
    Actuated,
}

/// A sequence with its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seed {
    pub(super) kind: SeedKind,
    pub(super) sequence: Sequence,
}

/// All seeds, each once.
pub(super) fn all(model: &Model<'_>, last: &[Move]) -> Vec<Seed> {
    let mut seeds = vec![stay(model)];
    if !last.is_empty() {
        seeds.push(Seed { kind: SeedKind::Last, sequence: follow(model, last) });
    }
    seeds.push(Seed { kind: SeedKind::Greedy, sequence: by_rule(model, false) });
    seeds.push(Seed { kind: SeedKind::Actuated, sequence: by_rule(model, true) });
    seeds
}

/// Never change.
pub(super) fn stay(model: &Model<'_>) -> Seed {
    Seed { kind: SeedKind::Stay, sequence: follow(model, &[]) }
}

/// State of a signal that is walked through the horizon.
pub(super) struct Walk<'a> {
    model: &'a Model<'a>,
    pub(super) queue: Vec<[f32; 1]>,
    pub(super) stage: usize,
    pub(super) step: usize,
    /// Steps until the stage is fully green when the walk was cut off inside a change.
    remaining: usize,
    pub(super) cost: CostTerms,
    pub(super) moves: Vec<Move>,
}

impl<'a> Walk<'a> {
    /// From now to the first step at which the present stage may be left.
    pub(super) fn begin(model: &'a Model<'a>) -> Self {
        let problem = model.problem;
        let start = problem.start;
        let horizon = model.horizon();
        let (green, free) = (start.green_in.min(horizon), start.free_in.min(horizon));
        let mut queue: Vec<[f32; 1]> = model.tables.lane.iter().map(|lane| [lane.queue]).collect();
        let stage = start.stage.0;
        let mut cost = CostTerms::default();
        if green > 0 {
            cost += model.closed(&mut queue, 0, green).terms();
            cost += model.stay(&mut queue, stage, green, free, model.settings.startup_s as f32).terms();
        } else {
            let startup = (model.settings.startup_s - start.green_for as f64).max(0.0);
            cost += model.stay(&mut queue, stage, 0, free, startup as f32).terms();
        }
        let remaining = start.green_in.saturating_sub(horizon);
        Self { model, queue, stage, step: free, remaining, cost, moves: Vec::new() }
    }

    pub(super) fn stay_until(&mut self, step: usize) {
        let step = step.min(self.model.horizon());
        if step > self.step {
            self.cost += self.model.stay(&mut self.queue, self.stage, self.step, step, 0.0).terms();
            self.step = step;
        }
    }

    pub(super) fn change_to(&mut self, to: usize) {
        let (cost, step) = self.model.change(&mut self.queue, self.stage, to, self.step);
        let green = self.step + self.model.problem.intergreen[[self.stage, to]];
        self.remaining = green.saturating_sub(self.model.horizon());
        self.moves.push(Move { leave: self.step, to: StageIx(to) });
        self.cost += cost.terms();
        self.cost.changes += self.model.settings.change_cost_s;
        (self.stage, self.step) = (to, step);
    }

    pub(super) fn finish(mut self) -> Sequence {
        self.stay_until(self.model.horizon());
        self.cost.terminal += f64::from(self.model.terminal(&self.queue, self.stage, self.remaining)[0]);
        Sequence { moves: self.moves, cost: self.cost }
    }
}

/// The cost of a given sequence; moves that come too early are made as soon as they may.
pub(super) fn follow(model: &Model<'_>, moves: &[Move]) -> Sequence {
    let mut walk = Walk::begin(model);
    for next in moves {
        walk.stay_until(next.leave);
        if walk.step >= model.horizon() {
            break;
        }
        if next.to.0 != walk.stage {
            walk.change_to(next.to.0);
        }
    }
    walk.finish()
}

/// Greedy (`until_empty` false: compare every step) or actuated (change only when the own queues are gone).
fn by_rule(model: &Model<'_>, until_empty: bool) -> Sequence {
    let mut walk = Walk::begin(model);
    while walk.step < model.horizon() {
        let pull = |stage: usize| -> f32 {
            let rates = model.tables.discharge(stage);
            walk.queue.iter().zip(rates).filter(|(_, rate)| **rate > 0.0).map(|(queued, _)| queued[0]).sum()
        };
        let own = pull(walk.stage);
        let mut best = (walk.stage, own);
        for stage in 0..model.problem.stages() {
            let queued = pull(stage);
            if queued > best.1 + 1e-9 {
                best = (stage, queued);
            }
        }
        let leave = best.0 != walk.stage && (!until_empty || own < 0.5) && best.1 >= 1.0;
        if leave {
            walk.change_to(best.0);
        } else {
            walk.stay_until(walk.step + 1);
        }
    }
    walk.finish()
}
