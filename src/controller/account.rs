//! The account of one decision: everything that it was taken on, what was looked at, and what came of it.
//!
//! In: a controller that has heard its inputs and not yet decided ([`Controller::explain`]). Out: a value to print. It is made
//! by the same steps as the decision, on a copy of the controller, so it cannot tell another story than the decision
//! itself, and a controller that nobody asks pays nothing for it.

use super::stabilise::Urgent;
use super::{Controller, Health, Output};
use crate::estimate::Forecast;
use crate::optimize::Report;
use crate::plan::layout::Leg;
use crate::plan::{Decision, Plan, Request, Shown};
use crate::time::{Millis, Timestamp};

/// Steps of the forecast in an account, where nobody searched a horizon.
const STEPS: usize = 60;

/// What a decision was taken on, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// What the lamps show.
    pub now: Shown,
    /// What they show when changes may begin.
    pub base: Shown,
    /// How much is heard.
    pub health: Health,
    /// Queues and expected arrivals.
    pub forecast: Forecast,
    /// Since when somebody waits at each group, requests included.
    pub waiting: Vec<Option<Timestamp>>,
    /// Open requests.
    pub requests: Vec<Request>,
    /// The search, where there was one.
    pub report: Option<Report>,
    /// Stages to visit after the maximum-red guard.
    pub legs: Vec<Leg>,
    /// For whose sake the guard changed what was proposed.
    pub urgent: Option<Urgent>,
    /// What the gate said of proposals that it refused.
    pub refusals: Vec<String>,
    /// What was decided.
    pub decision: Decision,
    /// The plan; `None` when nothing was sent.
    pub plan: Option<Plan>,
}

impl Account {
    /// Vehicles expected at the stop line of each lane within a span \[veh\]. Shape `[lane]`.
    pub fn arrivals_within(&self, span: Millis) -> Vec<f64> {
        let steps = (span.as_secs_f64() / crate::estimate::STEP_S).round() as usize;
        self.forecast.arrivals.rows().into_iter().map(|lane| lane.iter().take(steps).sum()).collect()
    }

    /// When the maximum red of the most urgent group is over, with the group; `None` where nobody waits at red.
    pub fn next_deadline(&self, intersection: &crate::network::Intersection) -> Option<Urgent> {
        super::stabilise::deadlines(intersection, &self.base, &self.waiting).first().copied()
    }
}

impl Controller {
    /// The account of the decision that a tick at `at` would take; `None` while the field controller obeys nobody.
    pub fn explain(&self, at: Timestamp) -> Option<Account> {
        let mut twin = self.clone();
        let (outputs, decided) = twin.decided(at);
        let decided = decided?;
        let (mut decision, mut plan) = (None, None);
        for output in outputs {
            match output {
                Output::Decision(it) => decision = Some(it),
                Output::Publish(it) => plan = Some(it),
                _ => {}
            }
        }
        let steps = decided.report.as_ref().map_or(STEPS, |report| report.releases.ncols().max(STEPS));
        Some(Account {
            health: twin.street.health(),
            forecast: twin.street.forecast(decided.picture.base.at, steps),
            waiting: twin.waiting(at),
            requests: twin.requests.all().cloned().collect(),
            report: decided.report,
            legs: decided.proposal.legs,
            urgent: decided.proposal.urgent,
            refusals: decided.proposal.refusals,
            now: decided.picture.now,
            base: decided.picture.base,
            decision: decision?,
            plan,
        })
    }
}
