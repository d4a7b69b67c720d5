//! The forward recursion: labels per (step, stage), best first within a step, a bounded number kept.

use super::cost::Model;
use super::report::{CostTerms, Move, Sequence};
use super::seed::{Seed, Walk};
use crate::ids::StageIx;

/// What the search found.
pub(super) struct Found {
    /// Finished sequences, the best per first action.
    pub(super) finished: Vec<Sequence>,
    pub(super) labels: usize,
    pub(super) cut_short: bool,
}

/// A partial sequence.
#[derive(Debug, Clone)]
struct Label {
    /// First entry of its queues in the arena.
    queue: usize,
    cost: CostTerms,
    /// Cost so far plus terminal: the order within a bucket.
    rank: f64,
    /// The label before the last change, and the step of that change.
    parent: Option<usize>,
    leave: usize,
    stage: usize,
    /// 0 = has stayed at step 0, otherwise 1 + the stage entered at step 0.
    first: usize,
    /// Steps until the stage is fully green, when cut off at the horizon.
    remaining: usize,
}

/// Labels and where they stand.
struct Frontier<'a> {
    model: &'a Model<'a>,
    labels: Vec<Label>,
    arena: Vec<f64>,
    /// Label numbers. Index `step * stages + stage`.
    buckets: Vec<Vec<usize>>,
    scratch: Vec<f64>,
    bound: f64,
    expanded: usize,
}

/// Search the horizon; sequences costlier than the best seed are cut off.
pub(super) fn run(model: &Model<'_>, seeds: &[Seed]) -> Found {
    let stages = model.problem.stages();
    let horizon = model.horizon();
    let best_seed = seeds.iter().map(|seed| seed.sequence.cost.total()).fold(f64::INFINITY, f64::min);
    let bound = best_seed + FINISH_SLACK;
    let mut frontier = Frontier {
        model,
        labels: Vec::with_capacity(4096),
        arena: Vec::with_capacity(4096 * model.problem.lanes()),
        buckets: vec![Vec::new(); (horizon + 1) * stages],
        scratch: vec![0.0; model.problem.lanes()],
        bound,
        expanded: 0,
    };
    frontier.seed_first();
    let mut cut_short = false;
    'steps: for step in 0..horizon {
        for stage in 0..stages {
            for (place, label) in frontier.take_bucket(step * stages + stage).into_iter().enumerate() {
                if frontier.expanded >= model.settings.labels_max {
                    cut_short = true;
                    break 'steps;
                }
                frontier.expand(label, step, place < model.settings.changes_per_bucket);
            }
        }
    }
    Found { finished: frontier.finished(), labels: frontier.expanded, cut_short }
}

impl Frontier<'_> {
    /// The label of the present stage at the first step at which it may be left.
    fn seed_first(&mut self) {
        let walk = Walk::begin(self.model);
        self.scratch.copy_from_slice(&walk.queue);
        let remaining = self.model.problem.start.green_in.saturating_sub(self.model.horizon());
        let label = Label {
            queue: 0,
            cost: walk.cost,
            rank: 0.0,
            parent: None,
            leave: 0,
            stage: walk.stage,
            first: 0,
            remaining,
        };
        self.offer(label, walk.step);
    }

    /// Try to put a label whose queues are in `scratch` into its bucket.
    fn offer(&mut self, mut label: Label, step: usize) {
        let model = self.model;
        let terminal = model.terminal(&self.scratch, label.stage, label.remaining);
        label.rank = label.cost.total() + terminal;
        if step >= model.horizon() {
            label.cost.terminal = terminal;
        }
        // Costs only grow, and the terminal cost leaves out whoever has yet to come: whatever the label becomes, a seed or
        // a finished label is better. (The terminal cost is an estimate, so this is a rule of thumb, not a proof.)
        if label.rank >= self.bound && model.settings.labels_per_bucket < EXACT {
            return;
        }
        if step >= model.horizon() {
            self.bound = self.bound.min(label.rank + FINISH_SLACK);
        }
        let bucket = &mut self.buckets[step * model.problem.stages() + label.stage];
        if bucket.len() >= model.settings.labels_per_bucket {
            let Some((place, worst)) = bucket
                .iter()
                .enumerate()
                .map(|(place, &other)| (place, self.labels[other].rank))
                .max_by(|a, b| a.1.total_cmp(&b.1))
            else {
                return;
            };
            if worst <= label.rank {
                return;
            }
            bucket.swap_remove(place);
        }
        label.queue = self.arena.len();
        self.arena.extend_from_slice(&self.scratch);
        bucket.push(self.labels.len());
        self.labels.push(label);
    }

    /// The labels of a bucket, best first.
    fn take_bucket(&mut self, bucket: usize) -> Vec<usize> {
        let mut labels = std::mem::take(&mut self.buckets[bucket]);
        labels.sort_unstable_by(|&a, &b| self.labels[a].rank.total_cmp(&self.labels[b].rank).then(a.cmp(&b)));
        labels
    }

    /// The moves from a label: stay to the next event, or (when it may) change to any other stage.
    fn expand(&mut self, number: usize, step: usize, may_change: bool) {
        self.expanded += 1;
        let model = self.model;
        let label = self.labels[number].clone();
        let next = (step + self.stride(step)).min(model.horizon());
        self.load(label.queue);
        let cost = label.cost + model.stay(&mut self.scratch, label.stage, step, next, 0.0);
        self.offer(Label { cost, ..label.clone() }, next);
        for to in (0..model.problem.stages()).filter(|&to| may_change && to != label.stage) {
            self.load(label.queue);
            if !self.is_worth_it(label.stage, to, step) {
                continue;
            }
            let (cost, free) = model.change(&mut self.scratch, label.stage, to, step);
            let green = step + model.problem.intergreen[[label.stage, to]];
            let changed = Label {
                queue: 0,
                cost: label.cost + cost,
                rank: 0.0,
                parent: Some(number),
                leave: step,
                stage: to,
                first: if step == 0 { 1 + to } else { label.first },
                remaining: green.saturating_sub(model.horizon()),
            };
            self.offer(changed, free);
        }
    }

    /// Steps to the next decision.
    fn stride(&self, step: usize) -> usize {
        let horizon = self.model.horizon();
        match step {
            near if near < self.model.settings.fine_until_s => 1,
            middle if middle < horizon / 2 => 2,
            _ => 4,
        }
    }

    /// Whether a change serves anybody whom the present stage does not: those who wait in `scratch`, or come in time.
    fn is_worth_it(&self, from: usize, to: usize, step: usize) -> bool {
        let (problem, tables) = (self.model.problem, self.model.tables);
        let until = (step + problem.intergreen[[from, to]] + problem.green_min[to]).min(tables.steps());
        let (leaving, entering) = (problem.discharge.row(from), problem.discharge.row(to));
        let mut vehicles = 0.0;
        for (lane, &queued) in self.scratch.iter().enumerate() {
            if entering[lane] > 1.2 * leaving[lane] {
                vehicles += queued + tables.cumulated[[lane, until]] - tables.cumulated[[lane, step]];
            }
        }
        vehicles >= self.model.settings.change_vehicles_min
    }

    fn load(&mut self, queue: usize) {
        let lanes = self.scratch.len();
        self.scratch.copy_from_slice(&self.arena[queue..queue + lanes]);
    }

    /// The best finished label per first action.
    fn finished(&self) -> Vec<Sequence> {
        let stages = self.model.problem.stages();
        let mut best: Vec<Option<usize>> = vec![None; stages + 1];
        for &number in self.buckets[self.model.horizon() * stages..].iter().flatten() {
            let label = &self.labels[number];
            let place = &mut best[label.first];
            if place.is_none_or(|other| label.cost.total() < self.labels[other].cost.total()) {
                *place = Some(number);
            }
        }
        best.into_iter().flatten().map(|number| self.sequence(number)).collect()
    }

    fn sequence(&self, number: usize) -> Sequence {
        let mut moves = Vec::new();
        let mut label = &self.labels[number];
        while let Some(parent) = label.parent {
            moves.push(Move { leave: label.leave, to: StageIx(label.stage) });
            label = &self.labels[parent];
        }
        moves.reverse();
        Sequence { moves, cost: self.labels[number].cost }
    }
}

/// With this many labels a bucket or more, nothing is cut off by estimate: the search is exhaustive.
const EXACT: usize = 1024;

/// Finished labels this much above the best are still kept, so that the runner-up can be told \[veh·s\].
const FINISH_SLACK: f64 = 5.0;
