//! The rolling-horizon search from a picture and a forecast: the problem, its solution as legs, and what is remembered of it.
//!
//! In: lamps shown, a forecast, who asks for green, scalars. Out: legs to follow and the report of the search. Whoever searches second
//! after second keeps one [`Horizon`] an intersection: the last sequence, shifted to now, is a seed of the next. Used by the controller
//! and by the shadow (`crate::shadow`), which searches on queues that are imagined.

use super::propose::finish;
use crate::estimate::{Forecast, STEP_S};
use crate::ids::StageIx;
use crate::network::Intersection;
use crate::optimize::{self, Asking, Move, Problem};
use crate::plan::Shown;
use crate::plan::layout::{Leg, lay_out};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// The search of one intersection over time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Horizon {
    /// The moves of the last search, and when it was.
    last: Option<(Timestamp, Vec<Move>)>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Searched {
    /// Stage that was shown or being entered.
    pub stage: StageIx,
    /// Stages to visit, in order, the one being entered first; empty = stay.
    pub legs: Vec<Leg>,
    /// What was chosen over what.
    pub report: optimize::Report,
}

impl Horizon {
    /// Steps that a forecast must reach ahead.
    pub fn steps(intersection: &Intersection, settings: &optimize::Settings) -> usize {
        settings.horizon_s + Problem::margin(intersection)
    }

    /// What the search is asked from a picture; `None` while the lamps are those of no stage.
    pub fn question(
        intersection: &Intersection,
        base: &Shown,
        forecast: &Forecast,
        asking: &[Asking],
        settings: &optimize::Settings,
    ) -> Option<Problem> {
        let green_in = finish(intersection, base).map_or(Millis::ZERO, |leg| time_to_green(intersection, base, leg));
        let mut problem = Problem::new(intersection, base, forecast, base.stage?, green_in);
        problem.ask(intersection, forecast, asking, &settings.people);
        problem.join(intersection, forecast, settings.side_road_weight);
        Some(problem)
    }

    /// The best legs from a picture on; `None` while the lamps are those of no stage.
    pub fn search(
        &mut self,
        intersection: &Intersection,
        base: &Shown,
        forecast: &Forecast,
        asking: &[Asking],
        settings: &optimize::Settings,
        at: Timestamp,
    ) -> Option<Searched> {
        let stage = base.stage?;
        let problem = Self::question(intersection, base, forecast, asking, settings)?;
        let report = optimize::plan(&problem, settings, &self.shifted(at));
        self.last = Some((at, report.chosen.moves.clone()));
        let legs = finish(intersection, base).into_iter().chain(report.chosen.legs(base.at)).collect();
        Some(Searched { stage, legs, report })
    }

    /// The last moves as seen from a later instant; those that are past are gone.
    fn shifted(&self, at: Timestamp) -> Vec<Move> {
        let Some((then, moves)) = &self.last else { return Vec::new() };
        let steps = ((at - *then).as_secs_f64() / STEP_S).round() as usize;
        let ahead = moves.iter().filter(|next| next.leave >= steps);
        ahead.map(|next| Move { leave: next.leave - steps, to: next.to }).collect()
    }
}

/// How long the change under way still takes.
fn time_to_green(intersection: &Intersection, base: &Shown, leg: Leg) -> Millis {
    let intervals = lay_out(intersection, base, &[leg], base.at);
    intervals.last().map_or(Millis::ZERO, |last| last.end - base.at)
}
