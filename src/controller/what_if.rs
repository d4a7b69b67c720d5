//! What other scalars would have decided at an instant, all else equal: the same queues, the same lamps, the same past.
//!
//! In: a controller that has heard its inputs and not yet decided, and scalars of the search. Out: both decisions, and what the model
//! of either expects of both. Weakness: one instant at a time. What the other decision would have led to, nobody drove.

use super::{Controller, Output};
use crate::ids::StageIx;
use crate::optimize::{self, Move, Problem, Sequence};
use crate::plan::{Decision, Scene};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Scalars of the search, by scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalars {
    /// The search.
    pub search: optimize::Settings,
    /// The search in scenes in which it differs.
    pub scenes: BTreeMap<Scene, optimize::Settings>,
}

/// One decision with its own scalars and with others.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    /// With its own.
    pub own: Decision,
    /// With the others.
    pub other: Decision,
    /// What the models expect, where both searched.
    pub expected: Option<Expected>,
}

/// What the model expects of both sequences, under either scalars \[veh·s\], over the horizon of those.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// First moves of both: steps of a second until the stage is left, and which is entered; `None` = stay.
    pub first: [Option<(usize, StageIx)>; 2],
    /// By its own scalars: of its own sequence, of the other.
    pub by_own: [f64; 2],
    /// By the other scalars: of its own sequence, of the other.
    pub by_other: [f64; 2],
}

impl WhatIf {
    /// Whether something else is shown now.
    pub fn differs_now(&self) -> bool {
        self.own.chosen != self.other.chosen
    }

    /// Whether the first change that is planned is another, or at another time.
    pub fn differs(&self) -> bool {
        self.differs_now() || self.expected.as_ref().is_some_and(|it| it.first[0] != it.first[1])
    }
}

/// One side: what was decided, on what, and the sequence behind it.
struct Side {
    decision: Decision,
    question: Option<(Problem, optimize::Settings, Sequence)>,
}

impl Controller {
    /// The decision that a tick at `at` would take, with its own scalars and with others; `None` while the field controller obeys nobody.
    pub fn what_if(&self, others: &Scalars, at: Timestamp) -> Option<WhatIf> {
        let own = self.clone().side(at)?;
        let mut twin = self.clone();
        twin.settings.search = others.search.clone();
        twin.settings.scenes.clone_from(&others.scenes);
        let other = twin.side(at)?;
        let expected = own.question.zip(other.question).map(|(own, other)| {
            let price = |(problem, settings, _): &(Problem, optimize::Settings, Sequence), moves: &[Move]| {
                optimize::price(problem, settings, moves).total()
            };
            let (of_own, of_other) = (&own.2.moves, &other.2.moves);
            let first = |moves: &[Move]| moves.first().map(|it| (it.leave, it.to));
            Expected {
                first: [first(of_own), first(of_other)],
                by_own: [price(&own, of_own), price(&own, of_other)],
                by_other: [price(&other, of_own), price(&other, of_other)],
            }
        });
        Some(WhatIf { own: own.decision, other: other.decision, expected })
    }

    fn side(mut self, at: Timestamp) -> Option<Side> {
        let (outputs, decided) = self.decided(at);
        let decided = decided?;
        let decision =
            outputs.into_iter().find_map(|it| if let Output::Decision(it) = it { Some(it) } else { None })?;
        let question = decided.report.and_then(|report| {
            let problem = self.asked(&decided.picture.base)?;
            Some((problem, self.search_settings().clone(), report.chosen))
        });
        Some(Side { decision, question })
    }
}
