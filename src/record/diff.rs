//! Which decisions of a recording other scalars would have changed, and what the model expects from it.
//!
//! In: the decisions of one intersection with its own scalars and with others ([`WhatIf`]), each on what was really heard. Out: how many
//! differ, the differences one by one, and sums. Costs are those of the model over its horizon, from one instant to the next: sums over
//! many of them are no delay of a street, for each looks a minute ahead and they overlap. Their sign and their size against each other is
//! what they tell; what a street would have made of it only a run can say.

use crate::controller::what_if::{Expected, Scalars, WhatIf};
use crate::network::Intersection;
use crate::time::Timestamp;
use serde::Serialize;

/// Changes of one intersection that are kept one by one.
const CHANGES_MAX: usize = 100_000;

/// How decisions compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The other scalars.
    pub others: Scalars,
    /// Sums.
    pub figures: Figures,
    /// Decisions that show something else at once, in order.
    pub changes: Vec<Change>,
}

/// Sums of one intersection.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Decisions that were compared.
    pub decisions: u64,
    /// Those that show something else at once.
    pub differ_now: u64,
    /// Those that plan another first change, or at another time.
    pub differ_later: u64,
    /// Of those that differ, what the other choice would save by the other scalars \[veh·s\].
    pub saves_by_new: f64,
    /// Of those that differ, what it would cost more by the recorded ones \[veh·s\].
    pub costs_by_old: f64,
}

/// One decision that would have been another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// When \[ms\].
    pub ts_ms: i64,
    /// Stage that was chosen.
    pub old: String,
    /// Stage that would have been.
    pub new: String,
    /// Cost of both, the old choice first, by the recorded scalars \[veh·s\]; `None` where nobody searched.
    pub by_old: Option<[f64; 2]>,
    /// The same by the other scalars.
    pub by_new: Option<[f64; 2]>,
}

impl Comparison {
    /// With other scalars; nothing is compared yet.
    pub fn with(others: Scalars) -> Self {
        Self { others, figures: Figures::default(), changes: Vec::new() }
    }

    /// The next decision.
    pub(super) fn take(&mut self, at: Timestamp, it: &WhatIf, intersection: &Intersection) {
        self.figures.decisions += 1;
        if !it.differs() {
            return;
        }
        if let Some(Expected { by_own, by_other, .. }) = &it.expected {
            self.figures.saves_by_new += by_other[0] - by_other[1];
            self.figures.costs_by_old += by_own[1] - by_own[0];
        }
        if !it.differs_now() {
            self.figures.differ_later += 1;
            return;
        }
        self.figures.differ_now += 1;
        if self.changes.len() < CHANGES_MAX {
            let name = |stage| intersection.stage(stage).id.clone();
            let tenths = |costs: [f64; 2]| costs.map(|it| (it * 10.0).round() / 10.0);
            self.changes.push(Change {
                ts_ms: at.0,
                old: name(it.own.chosen),
                new: name(it.other.chosen),
                by_old: it.expected.as_ref().map(|it| tenths(it.by_own)),
                by_new: it.expected.as_ref().map(|it| tenths(it.by_other)),
            });
        }
    }
}

impl std::ops::Add for Figures {
    type Output = Self;
    fn add(self, more: Self) -> Self {
        Self {
            decisions: self.decisions + more.decisions,
            differ_now: self.differ_now + more.differ_now,
            differ_later: self.differ_later + more.differ_later,
            saves_by_new: self.saves_by_new + more.saves_by_new,
            costs_by_old: self.costs_by_old + more.costs_by_old,
        }
    }
}
