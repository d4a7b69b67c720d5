//! Who wants what: the legs that a strategy proposes from a picture, with the reasons.
//!
//! A proposal is a wish. It may ignore maximum reds (the stabiliser comes after it) and minimum greens (the layout delays
//! a leg until they are over). A change under way is finished first, whoever proposes.
//!
//! Greedy and max pressure decide on a grid, as in RESCO: at a decision instant the stage may change, yellow and red
//! clearance are taken out of the period; between two instants they stay.

use super::horizon::{Horizon, Searched};
use super::picture::Picture;
use super::stabilise::Urgent;
use super::{Controller, Strategy, preempt, reason};
use crate::baseline::{self, Choice, greedy, max_pressure};
use crate::estimate::{Forecast, LinkOutflow, STEP_S};
use crate::ids::StageIx;
use crate::optimize::{self, Problem, Sequence};
use crate::plan::layout::Leg;
use crate::plan::{Action, Mode, Shown, fixed_time};
use crate::time::{Millis, Timestamp};
use ndarray::{Array1, Array2, ArrayView1};
use std::collections::BTreeMap;

/// Steps that greedy and max pressure look at: vehicles that reach the stop line within their range.
const GREEDY_STEPS: usize = 30;

/// What a strategy wants.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Proposal {
    /// Stages to visit, in order; empty = stay.
    pub legs: Vec<Leg>,
    /// The best alternative, where one was looked at.
    pub runner_up: Option<StageIx>,
    /// Cost terms by name.
    pub cost: BTreeMap<String, f64>,
    /// The same of the alternative.
    pub runner_up_cost: BTreeMap<String, f64>,
    /// What was searched, for who asks.
    pub report: Option<optimize::Report>,
    /// Labels that the search expanded.
    pub labels: u64,
    /// For whose sake the maximum-red guard changed the legs.
    pub urgent: Option<Urgent>,
    /// What the gate said of the proposals before this one.
    pub refusals: Vec<String>,
    /// Why, in one line for people.
    pub reason: String,
    /// What it will send to the neighbours; empty where it was not worked out.
    pub releases: Vec<LinkOutflow>,
    /// Until each lane's queue begins to move; empty where it was not worked out.
    pub moves_in: Vec<Millis>,
}

impl Proposal {
    fn new(legs: Vec<Leg>, reason: impl Into<String>) -> Self {
        Self { legs, reason: reason.into(), ..Self::default() }
    }
}

/// The leg that finishes a change under way; `None` when a stage is fully shown, or none is being entered.
pub(super) fn finish(intersection: &crate::network::Intersection, base: &Shown) -> Option<Leg> {
    let stage = base.stage?;
    (!base.is_fully(intersection.stage(stage))).then_some(Leg { to: stage, leave: base.at })
}

impl Controller {
    /// What to show, by mode and strategy.
    pub(super) fn propose(&mut self, mode: Mode, picture: &Picture, at: Timestamp) -> Proposal {
        match (mode, self.operator.hold(at)) {
            (Mode::Manual, Some(Action::Stage(stage))) => {
                return self.go_to(stage, &picture.base, "held by an operator".to_owned());
            }
            (Mode::Manual, Some(Action::Call(stage))) => {
                return self.go_to(stage, &picture.base, "called by an operator".to_owned());
            }
            _ => {}
        }
        let programme = matches!(mode, Mode::FixedTime | Mode::Warmup);
        let mut proposal = match &self.settings.strategy {
            _ if programme => self.programme(&picture.base),
            Strategy::FixedTime | Strategy::Webster(_) => self.programme(&picture.base),
            Strategy::Adaptive => self.search(&picture.base, at),
            Strategy::Greedy | Strategy::MaxPressure => self.on_the_grid(&picture.base, at),
        };
        self.preempt(&mut proposal, &picture.base);
        proposal
    }

    /// Change the legs where a vehicle on duty would otherwise not find green.
    fn preempt(&self, proposal: &mut Proposal, base: &Shown) {
        let on_duty = self.requests.on_duty();
        let Some(first) = on_duty.first() else { return };
        let until = base.at + self.settings.ahead;
        let steps = Horizon::steps(&self.intersection, self.search_settings());
        let forecast = self.street.forecast(base.at, steps);
        let calls: Vec<preempt::Call> =
            on_duty.iter().map(|it| preempt::call(&self.intersection, base, it, &forecast)).collect();
        let constrained = preempt::constrain(&self.intersection, base, &proposal.legs, &calls, until);
        proposal.legs = constrained.legs;
        if constrained.changed {
            proposal.reason = format!("emergency {}; {}", first.id, proposal.reason);
        }
    }

    /// The fixed-time programme: the given one, else that which the network's timetable names for the instant.
    pub(super) fn programme(&self, base: &Shown) -> Proposal {
        let programme = match &self.settings.strategy {
            Strategy::Webster(programme) => programme,
            _ => self.intersection.programme_at(base.at),
        };
        let until = base.at + self.settings.ahead;
        let legs = fixed_time::legs(&self.intersection, programme, base, base.at, until);
        Proposal::new(legs, reason::of_programme(&self.intersection, programme, base))
    }

    /// Rest in the stage that is shown, or finish the change.
    pub(super) fn rest(&self, base: &Shown) -> Proposal {
        let shown = base.stage.map_or("no stage", |stage| &self.intersection.stage(stage).id);
        Proposal::new(finish(&self.intersection, base).into_iter().collect(), format!("rest in {shown}"))
    }

    fn go_to(&self, stage: StageIx, base: &Shown, reason: String) -> Proposal {
        let finish = finish(&self.intersection, base).filter(|leg| leg.to != stage);
        let legs = finish.into_iter().chain([Leg { to: stage, leave: base.at }]).collect();
        Proposal::new(legs, reason)
    }

    /// The rolling-horizon search.
    fn search(&mut self, base: &Shown, at: Timestamp) -> Proposal {
        if base.stage.is_none() {
            return self.programme(base);
        }
        let settings = self.settings.search_in(self.scene);
        let forecast = self.street.forecast(base.at, Horizon::steps(&self.intersection, settings));
        let asking = self.requests.asking(base.at, settings.people.transit);
        let found = self.horizon.search(&self.intersection, base, &forecast, &asking, settings, at);
        let Some(Searched { stage, legs, report }) = found else { return self.programme(base) };
        let reason =
            reason::of_search(&self.intersection, stage, &report) + &reason::of_asking(&self.intersection, &asking);
        let mut proposal = Proposal::new(legs, reason);
        proposal.releases = self.street.by_link(&report.releases);
        proposal.runner_up = report.runner_up.as_ref().map(|other| alternative(&report.chosen, other, stage));
        proposal.cost = named(&report.chosen);
        proposal.runner_up_cost = report.runner_up.as_ref().map(named).unwrap_or_default();
        proposal.labels = report.labels as u64;
        proposal.moves_in = begins_to_move(&forecast.queue, &report.releases);
        proposal.report = Some(report);
        proposal
    }

    /// What the search is asked from a picture; `None` before a stage was shown.
    pub(super) fn asked(&self, base: &Shown) -> Option<Problem> {
        let settings = self.search_settings();
        let forecast = self.street.forecast(base.at, Horizon::steps(&self.intersection, settings));
        let asking = self.requests.asking(base.at, settings.people.transit);
        Horizon::question(&self.intersection, base, &forecast, &asking, settings)
    }

    /// Greedy and max pressure.
    fn on_the_grid(&self, base: &Shown, at: Timestamp) -> Proposal {
        if let Some(leg) = finish(&self.intersection, base) {
            let to = &self.intersection.stage(leg.to).id;
            return Proposal::new(vec![leg], format!("finishing the change to {to}"));
        }
        if base.stage.is_some() && !baseline::is_decision_instant(at, self.settings.decision_period) {
            let next = self.settings.decision_period.0 - at.0.rem_euclid(self.settings.decision_period.0.max(1));
            return Proposal::new(Vec::new(), format!("between two decisions, {} to the next", Millis(next)));
        }
        let current = base.stage.unwrap_or_default();
        let forecast = self.street.forecast(base.at, GREEDY_STEPS);
        let choice = if self.settings.strategy == Strategy::Greedy {
            greedy::choose(&self.intersection, &self.near(&forecast, greedy::RANGE_M), current)
        } else {
            let queued = self.near(&forecast, 0.0);
            max_pressure::choose(&self.intersection, &queued, &self.street.queued_behind_exits(), current)
        };
        self.ranked(&choice, base)
    }

    /// Vehicles of each lane that stand in the queue or reach the stop line as soon as from a range \[veh\].
    fn near(&self, forecast: &Forecast, range_m: f64) -> Vec<f64> {
        let lanes = self.intersection.lanes.iter().enumerate();
        lanes
            .map(|(lane, definition)| {
                let steps = ((range_m / definition.speed_mps).round() as usize).min(GREEDY_STEPS);
                forecast.queue[lane] + forecast.arrivals.row(lane).iter().take(steps).sum::<f64>()
            })
            .collect()
    }

    /// The proposal of a choice by scores.
    fn ranked(&self, choice: &Choice, base: &Shown) -> Proposal {
        let stays = base.stage == Some(choice.stage);
        let legs = if stays { Vec::new() } else { vec![Leg { to: choice.stage, leave: base.at }] };
        let mut order: Vec<usize> = (0..choice.scores.len()).filter(|&stage| stage != choice.stage.0).collect();
        order.sort_by(|&a, &b| choice.scores[b].total_cmp(&choice.scores[a]).then(a.cmp(&b)));
        let runner_up = order.first().map(|&stage| StageIx(stage));
        let score = |stage: StageIx| [("score".to_owned(), rounded(choice.scores[stage.0]))].into();
        Proposal {
            runner_up,
            cost: score(choice.stage),
            runner_up_cost: runner_up.map(score).unwrap_or_default(),
            ..Proposal::new(legs, reason::of_choice(&self.intersection, choice, runner_up, stays))
        }
    }
}

/// The stage that the alternative stands for: what it would show now, or, where it does the same now, what it would go to.
fn alternative(chosen: &Sequence, other: &Sequence, shown: StageIx) -> StageIx {
    let next = other.moves.first().map_or(shown, |first| first.to);
    if other.now() == chosen.now() { next } else { other.now().unwrap_or(shown) }
}

/// Until each lane's queue begins to move: half a vehicle released, or what there is; at once where nobody stands.
/// Releases have the shape `[lane][step]`; whoever does not move within them is told with their end.
fn begins_to_move(queue: &Array1<f64>, releases: &Array2<f64>) -> Vec<Millis> {
    let begins = |(&queued, released): (&f64, ArrayView1<'_, f64>)| {
        let (wanted, mut gone) = (queued.min(0.5), 0.0);
        let stands = |released: &f64| {
            gone += released;
            gone < wanted
        };
        let steps = if queued < 0.5 { 0 } else { released.iter().copied().take_while(stands).count() };
        Millis::from_secs_f64(steps as f64 * STEP_S)
    };
    queue.iter().zip(releases.rows()).map(begins).collect()
}

/// Cost terms of a sequence by name \[veh·s\].
fn named(sequence: &Sequence) -> BTreeMap<String, f64> {
    sequence.cost.named().into_iter().map(|(name, value)| (name.to_owned(), rounded(value))).collect()
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_queue_begins_to_move_when_half_a_vehicle_is_let_go() {
        let releases = array![[0.0, 0.0, 0.3, 0.3, 0.5], [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]];
        let moves_in = begins_to_move(&array![4.0, 2.0, 0.0], &releases);
        assert_eq!(
            moves_in,
            [3, 5, 0].map(Millis::from_secs),
            "the second not within what was looked at, the third is nobody"
        );
    }
}
