//! What was decided, over what, and why: the answer of the optimizer as data.

use super::cost::Model;
use super::search::Found;
use super::seed::{Seed, SeedKind, follow};
use super::settings::Settings;
use crate::estimate::STEP_S;
use crate::ids::StageIx;
use crate::plan::layout::Leg;
use crate::time::{Millis, Timestamp};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::ops::{Add, AddAssign};

/// Change to a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Step at which the stage before is left.
    pub leave: usize,
    /// Stage to enter.
    pub to: StageIx,
}

/// Parts of a cost \[veh·s\].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CostTerms {
    /// Time in queues.
    pub delay: f64,
    /// Price of stops.
    pub stops: f64,
    /// Price of changes.
    pub changes: f64,
    /// Price of queues that reach back into the junction upstream, and of green for whom there is no room.
    pub spill: f64,
    /// What the queues at the end will still cost.
    pub terminal: f64,
}

/// A sequence of moves and its cost in the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Moves in order; empty = stay.
    pub moves: Vec<Move>,
    /// Cost over the horizon.
    pub cost: CostTerms,
}

/// The decision and its reasons.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Report {
    /// The cheapest sequence found.
    pub chosen: Sequence,
    /// The cheapest sequence that does something else now; where nothing else can be done now, the cheapest whose first move is
    /// another or at another time.
    pub runner_up: Option<Sequence>,
    /// Cost of each seed; the chosen sequence costs no more than any of them.
    pub seeds: Vec<(SeedKind, f64)>,
    /// Vehicles that the chosen sequence lets go \[veh\]. Shape `[lane][step]`.
    pub releases: Array2<f64>,
    /// Labels expanded: the budget that was used.
    pub labels: usize,
    /// Whether the budget ended the search early.
    pub cut_short: bool,
}

impl CostTerms {
    /// The parts by name, in the order of the names.
    pub const fn named(&self) -> [(&'static str, f64); 5] {
        let Self { delay, stops, changes, spill, terminal } = *self;
        [("changes", changes), ("delay", delay), ("spill", spill), ("stops", stops), ("terminal", terminal)]
    }

    /// Sum of the parts.
    pub fn total(&self) -> f64 {
        self.delay + self.stops + self.changes + self.spill + self.terminal
    }
}

impl Add for CostTerms {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl AddAssign for CostTerms {
    fn add_assign(&mut self, other: Self) {
        self.delay += other.delay;
        self.stops += other.stops;
        self.changes += other.changes;
        self.spill += other.spill;
        self.terminal += other.terminal;
    }
}

impl Sequence {
    /// The moves as legs of a plan that is made at `at`.
    pub fn legs(&self, at: Timestamp) -> Vec<Leg> {
        let leave = |steps: usize| at + Millis::from_secs_f64(steps as f64 * STEP_S);
        self.moves.iter().map(|next| Leg { to: next.to, leave: leave(next.leave) }).collect()
    }

    /// The stage entered at step 0, `None` when the signal stays for now.
    pub fn now(&self) -> Option<StageIx> {
        self.moves.first().filter(|first| first.leave == 0).map(|first| first.to)
    }
}

/// The report of a finished search: the cheapest of what was found and of the seeds.
pub(super) fn build(model: &Model<'_>, seeds: &[Seed], found: Found) -> Report {
    let Found { mut finished, labels, cut_short } = found;
    finished.extend(seeds.iter().map(|seed| seed.sequence.clone()));
    // Ties go to the sequence that changes later, then to the lower stage: the same state, the same plan.
    let key = |sequence: &Sequence| {
        let first = sequence.moves.first().map_or((usize::MAX, 0), |first| (first.leave, first.to.0));
        (sequence.cost.total(), std::cmp::Reverse(first.0), first.1)
    };
    finished.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2))
    });
    let chosen = finished.first().cloned().unwrap_or_else(|| super::seed::stay(model).sequence);
    let now = finished.iter().find(|sequence| sequence.now() != chosen.now());
    let runner_up = now.or_else(|| finished.iter().find(|sequence| sequence.moves.first() != chosen.moves.first()));
    let runner_up = runner_up.map(|it| with_spill_apart(model, it.clone()));
    let chosen = with_spill_apart(model, chosen);
    let seeds = seeds.iter().map(|seed| (seed.kind, seed.sequence.cost.total())).collect();
    let releases = releases(model, &chosen);
    Report { chosen, runner_up, seeds, releases, labels, cut_short }
}

/// What a sequence costs.
pub(super) fn price(model: &Model<'_>, moves: &[Move]) -> CostTerms {
    with_spill_apart(model, follow(model, moves)).cost
}

/// The same sequence with the prices of spilling and of blocking told apart from the delay: the search adds both up, and it is cheaper to
/// walk two sequences once more without those prices than to carry one more sum through every label.
fn with_spill_apart(model: &Model<'_>, mut sequence: Sequence) -> Sequence {
    let settings = Settings { spill_price: 0.0, block_price: 0.0, ..model.settings.clone() };
    let without = follow(&Model { settings: &settings, served: None, ..*model }, &sequence.moves).cost.delay;
    let cost = &mut sequence.cost;
    (cost.spill, cost.delay) = (cost.delay - without, without);
    sequence
}

/// What a sequence lets go, step by step.
fn releases(model: &Model<'_>, sequence: &Sequence) -> Array2<f64> {
    let note = RefCell::new(Array2::zeros((model.problem.lanes(), model.horizon())));
    // The cost of walking it again is that of one seed.
    let _again = follow(&Model { served: Some(&note), ..*model }, &sequence.moves);
    note.into_inner()
}
