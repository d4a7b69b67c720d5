//! The forward recursion: labels per (step, stage), a bounded number kept, the costliest dropped first.
//!
//! The labels of a bucket stand in the same stage at the same step and make the same moves, so they are kept and moved in
//! blocks of [`WIDTH`].

#![expect(clippy::inline_always, reason = "compiled with its caller for wide registers: search::run")]

use super::cost::{Costs, Model};
use super::report::{Move, Sequence};
use super::seed::{Seed, Walk, follow};
use crate::ids::StageIx;
use pulp::Arch;

/// Labels that are moved together: two registers of four, or one of eight.
const WIDTH: usize = 8;

/// What the search found.
pub(super) struct Found {
    /// Finished sequences, the best per first action.
    pub(super) finished: Vec<Sequence>,
    pub(super) labels: usize,
    pub(super) cut_short: bool,
}

/// How a label came to its stage.
#[derive(Debug, Clone, Copy)]
struct Path {
    /// The path before the last change, `None` at the beginning.
    parent: Option<usize>,
    /// The last change.
    last: Move,
    /// 0 = has stayed at step 0, otherwise 1 + the stage entered at step 0.
    first: usize,
}

/// Partial sequences of one bucket; their queues stand in the frontier's store at the same block number.
#[derive(Debug, Clone, Copy)]
struct Block {
    count: usize,
    path: [usize; WIDTH],
    cost: [f32; WIDTH],
    /// Cost so far plus terminal: the order within a bucket.
    rank: [f32; WIDTH],
}

/// What every label of a block does.
#[derive(Debug, Clone, Copy)]
enum Action {
    Stay,
    Change { leave: usize },
}

/// Where a moved block arrives.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    step: usize,
    stage: usize,
    /// Steps until the stage is fully green, when cut off at the horizon.
    remaining: usize,
}

/// Labels and where they stand.
struct Frontier<'a> {
    model: &'a Model<'a>,
    paths: Vec<Path>,
    blocks: Vec<Block>,
    /// Queues of all blocks. Index `block * lanes + lane`.
    queues: Vec<[f32; WIDTH]>,
    /// Block numbers. Index `step * stages + stage`.
    buckets: Vec<Vec<usize>>,
    /// Queues of the block that is being moved.
    moved: Vec<[f32; WIDTH]>,
    /// Finished sequences at this cost are known.
    bound: f32,
    /// Labels above this rank are not followed from the present step.
    beam: f32,
    /// What the width of the beam is in any case \[veh·s\].
    beam_fixed: f32,
    expanded: usize,
}

/// Search the horizon; sequences costlier than the best seed are cut off.
///
/// Compiled twice, for any processor and for one with registers of eight; both do the same operations in the same order, so
/// a decision is the same to the bit. Whatever is called in the inner loops must be `inline(always)` to be compiled with it.
pub(super) fn run(model: &Model<'_>, seeds: &[Seed]) -> Found {
    Arch::new().dispatch(
        #[inline(always)]
        || recur(model, seeds),
    )
}

#[inline(always)]
fn recur(model: &Model<'_>, seeds: &[Seed]) -> Found {
    let stages = model.problem.stages();
    let horizon = model.horizon();
    let best_seed = seeds.iter().map(|seed| seed.sequence.cost.total()).fold(f64::INFINITY, f64::min);
    let mut frontier = Frontier {
        model,
        paths: Vec::with_capacity(1024),
        blocks: Vec::with_capacity((horizon + 1) * stages),
        queues: Vec::with_capacity((horizon + 1) * stages * model.problem.lanes()),
        buckets: vec![Vec::new(); (horizon + 1) * stages],
        moved: vec![[0.0; WIDTH]; model.problem.lanes()],
        bound: best_seed as f32 + FINISH_SLACK,
        beam: f32::INFINITY,
        beam_fixed: BEAM_FIXED + model.tables.buses * BEAM_BUS_S,
        expanded: 0,
    };
    frontier.begin();
    let mut cut_short = false;
    'steps: for step in 0..horizon {
        frontier.narrow(step);
        for stage in 0..stages {
            for block in std::mem::take(&mut frontier.buckets[step * stages + stage]) {
                if frontier.expanded >= model.settings.labels_max {
                    cut_short = true;
                    break 'steps;
                }
                frontier.expand(block, step, stage);
            }
        }
    }
    Found { finished: frontier.finished(), labels: frontier.expanded, cut_short }
}

impl Frontier<'_> {
    /// The label of the present stage at the first step at which it may be left.
    fn begin(&mut self) {
        let walk = Walk::begin(self.model);
        for (moved, queue) in self.moved.iter_mut().zip(&walk.queue) {
            moved[0] = queue[0];
        }
        self.paths.push(Path { parent: None, last: Move { leave: 0, to: StageIx(walk.stage) }, first: 0 });
        let mut from = Block { count: 1, path: [0; WIDTH], cost: [0.0; WIDTH], rank: [0.0; WIDTH] };
        from.cost[0] = walk.cost.total() as f32;
        let remaining = self.model.problem.start.green_in.saturating_sub(self.model.horizon());
        let arrival = Arrival { step: walk.step, stage: walk.stage, remaining };
        self.offer(&from, [true; WIDTH], Costs::ZERO, Action::Stay, arrival);
    }

    /// The moves from the labels of a block: stay to the next event, or change to any other stage.
    #[inline(always)]
    fn expand(&mut self, number: usize, step: usize, stage: usize) {
        let model = self.model;
        self.drop_beyond_beam(number);
        let block = self.blocks[number];
        if block.count == 0 {
            return;
        }
        self.expanded += block.count;
        let stride = self.stride(step);
        let next = (step + 1).next_multiple_of(stride).min(model.horizon());
        self.load(number);
        let costs = model.stay(&mut self.moved, stage, step, next, 0.0);
        let arrival = Arrival { step: next, stage, remaining: 0 };
        self.offer(&block, [true; WIDTH], costs, Action::Stay, arrival);
        if !step.is_multiple_of(stride) {
            return; // a change may end between two decisions
        }
        for to in (0..model.problem.stages()).filter(|&to| to != stage) {
            self.load(number);
            let worth = self.is_worth_it(stage, to, step);
            if worth[..block.count].contains(&true) {
                let (costs, free) = model.change(&mut self.moved, stage, to, step);
                let green = step + model.problem.intergreen[[stage, to]];
                let arrival = Arrival { step: free, stage: to, remaining: green.saturating_sub(model.horizon()) };
                self.offer(&block, worth, costs, Action::Change { leave: step }, arrival);
            }
        }
    }

    /// Set the beam of a step: a label that is dearer than the best of its step by more than a change could win back is
    /// not followed, in whatever stage it stands.
    #[inline(always)]
    fn narrow(&mut self, step: usize) {
        let stages = self.model.problem.stages();
        let blocks =
            self.buckets[step * stages..(step + 1) * stages].iter().flatten().map(|&block| &self.blocks[block]);
        let ranks = blocks.flat_map(|block| &block.rank[..block.count]);
        let best = ranks.copied().fold(f32::INFINITY, f32::min);
        let is_exact = self.model.settings.labels_per_bucket >= EXACT;
        self.beam = if is_exact { f32::INFINITY } else { self.widened(best) };
    }

    #[inline(always)]
    fn drop_beyond_beam(&mut self, number: usize) {
        let lanes = self.moved.len();
        let block = &mut self.blocks[number];
        let queues = &mut self.queues[number * lanes..(number + 1) * lanes];
        let mut slot = 0;
        while slot < block.count {
            if block.rank[slot] <= self.beam {
                slot += 1;
                continue;
            }
            let last = block.count - 1;
            (block.path[slot], block.cost[slot], block.rank[slot]) =
                (block.path[last], block.cost[last], block.rank[last]);
            for queue in queues.iter_mut() {
                queue[slot] = queue[last];
            }
            block.count = last;
        }
    }

    /// Try to put the labels whose queues are in `moved` into their bucket.
    #[inline(always)]
    fn offer(&mut self, from: &Block, wanted: [bool; WIDTH], costs: Costs<WIDTH>, action: Action, arrival: Arrival) {
        let model = self.model;
        let terminal = model.terminal(&self.moved, arrival.stage, arrival.remaining);
        let price = if matches!(action, Action::Change { .. }) { model.settings.change_cost_s as f32 } else { 0.0 };
        let finished = arrival.step >= model.horizon();
        for j in (0..from.count).filter(|&j| wanted[j]) {
            let cost = from.cost[j] + costs.delay[j] + costs.stops[j] + price;
            let rank = cost + terminal[j];
            // Costs only grow. The terminal cost of an unfinished label is an estimate: a change may still make it cheaper,
            // by as much as the beam allows for.
            let hopeless =
                if finished { rank >= self.bound } else { cost >= self.bound || rank >= self.widened(self.bound) };
            if hopeless && model.settings.labels_per_bucket < EXACT {
                continue;
            }
            if finished {
                self.bound = self.bound.min(rank + FINISH_SLACK);
            }
            let Some((block, slot)) = self.place(arrival, rank) else { continue };
            let path = match action {
                Action::Stay => from.path[j],
                Action::Change { leave } => self.branch(from.path[j], leave, arrival.stage),
            };
            let kept = &mut self.blocks[block];
            (kept.path[slot], kept.cost[slot], kept.rank[slot]) = (path, cost, rank);
            let lanes = self.moved.len();
            for (queue, moved) in self.queues[block * lanes..(block + 1) * lanes].iter_mut().zip(&self.moved) {
                queue[slot] = moved[j];
            }
        }
    }

    /// A place for a label in its bucket: a free one, or that of the costliest label when this one is better.
    #[inline(always)]
    fn place(&mut self, arrival: Arrival, rank: f32) -> Option<(usize, usize)> {
        let bucket = &mut self.buckets[arrival.step * self.model.problem.stages() + arrival.stage];
        let kept = bucket.iter().map(|&block| self.blocks[block].count).sum::<usize>();
        if kept >= self.model.settings.labels_per_bucket {
            let mut worst = (rank, None);
            for &number in bucket.iter() {
                let block = &self.blocks[number];
                for (slot, &other) in block.rank[..block.count].iter().enumerate() {
                    if other > worst.0 {
                        worst = (other, Some((number, slot)));
                    }
                }
            }
            return worst.1;
        }
        let block = match bucket.last() {
            Some(&last) if self.blocks[last].count < WIDTH => last,
            _ => {
                let number = self.blocks.len();
                self.blocks.push(Block { count: 0, path: [0; WIDTH], cost: [0.0; WIDTH], rank: [0.0; WIDTH] });
                self.queues.resize(self.queues.len() + self.moved.len(), [0.0; WIDTH]);
                bucket.push(number);
                number
            }
        };
        self.blocks[block].count += 1;
        Some((block, self.blocks[block].count - 1))
    }

    /// The dearest rank that may still become better than `rank`.
    #[inline(always)]
    fn widened(&self, rank: f32) -> f32 {
        rank * (1.0 + BEAM_SHARE) + self.beam_fixed
    }

    /// The path of a label after one more change.
    fn branch(&mut self, parent: usize, leave: usize, to: usize) -> usize {
        let first = if leave == 0 { 1 + to } else { self.paths[parent].first };
        self.paths.push(Path { parent: Some(parent), last: Move { leave, to: StageIx(to) }, first });
        self.paths.len() - 1
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

    /// Whether a change serves anybody whom the present stage does not: those who wait in `moved`, or come in time.
    #[inline(always)]
    fn is_worth_it(&self, from: usize, to: usize, step: usize) -> [bool; WIDTH] {
        let (problem, tables) = (self.model.problem, self.model.tables);
        let until = (step + problem.intergreen[[from, to]] + problem.green_min[to]).min(tables.steps());
        let rates = tables.discharge(from).iter().zip(tables.discharge(to));
        let mut vehicles = [0.0; WIDTH];
        for (lane, (queue, (&leaving, &entering))) in self.moved.iter().zip(rates).enumerate() {
            // (a lane that gives way may have the same discharge under its arrow, but has it at once)
            let arrow = entering > 0.0 && tables.must_give_way(from, lane) && !tables.must_give_way(to, lane);
            if entering > 1.2 * leaving || arrow {
                let coming = tables.arrived(lane, step, until);
                for j in 0..WIDTH {
                    vehicles[j] += queue[j] + coming;
                }
            }
        }
        vehicles.map(|vehicles| f64::from(vehicles) >= self.model.settings.change_vehicles_min)
    }

    #[inline(always)]
    fn load(&mut self, block: usize) {
        let lanes = self.moved.len();
        self.moved.copy_from_slice(&self.queues[block * lanes..(block + 1) * lanes]);
    }

    /// The best finished label per first action, walked once more for the terms of its cost.
    fn finished(&self) -> Vec<Sequence> {
        let stages = self.model.problem.stages();
        let mut best: Vec<Option<(f32, usize)>> = vec![None; stages + 1];
        for &number in self.buckets[self.model.horizon() * stages..].iter().flatten() {
            let block = &self.blocks[number];
            for (&path, &rank) in block.path.iter().zip(&block.rank).take(block.count) {
                let place = &mut best[self.paths[path].first];
                if place.is_none_or(|(other, _)| rank < other) {
                    *place = Some((rank, path));
                }
            }
        }
        best.into_iter().flatten().map(|(_, path)| follow(self.model, &self.moves(path))).collect()
    }

    fn moves(&self, path: usize) -> Vec<Move> {
        let mut moves = Vec::new();
        let mut path = &self.paths[path];
        while let Some(parent) = path.parent {
            moves.push(path.last);
            path = &self.paths[parent];
        }
        moves.reverse();
        moves
    }
}

/// With this many labels a bucket or more, nothing is cut off by estimate: the search is exhaustive.
const EXACT: usize = 1024;

/// Width of the beam: a share of the best rank of the step, and this much beyond \[veh·s\]. On recorded decisions it halves the
/// labels and costs 0.1 % in the model.
const BEAM_SHARE: f32 = 0.1;
const BEAM_FIXED: f32 = 20.0;

/// A bus that is still to come is in no label's cost, and yet worth this much of its wait \[s\]: who keeps a green for it looks dear until
/// it has passed.
const BEAM_BUS_S: f32 = 10.0;

/// Finished labels this much above the best are still kept, so that the runner-up can be told \[veh·s\].
const FINISH_SLACK: f32 = 5.0;
