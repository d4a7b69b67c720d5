//! What adaptive control is compared with, and what a street falls back on.
//!
//! | Controller | Module | Source |
//! |---|---|---|
//! | greedy | [`greedy`] | RESCO's MAXWAVE (Ault & Sharon 2021): most vehicles within 50 m |
//! | max pressure | [`max_pressure`] | RESCO's MAXPRESSURE; Varaiya (2013), *Max pressure control of a network of signalized intersections*, Transp. Res. C 36 |
//! | local actuated | [`actuated`] | fully actuated control, FHWA Traffic Signal Timing Manual (2008) ch. 5 |
//! | fixed time | [`crate::plan::fixed_time`] | the file's programme; Webster (1958) with HCM delay and offsets |
//!
//! All are pure: numbers in, a stage out. Who asks sees to minimum greens, intergreens and the maximum red; the same
//! layout and the same gate stand behind every one of them.
//!
//! **Cadence.** RESCO decides on a fixed grid, every [`DECISION_PERIOD`], and a change spends its first seconds in
//! yellow. The results depend on it strongly (one map: 31.9 s of delay at 10 s, 19.3 s at 5 s), so the grid belongs to
//! the definition: ask only when [`is_decision_instant`].

pub mod actuated;
pub mod greedy;
pub mod max_pressure;
mod service;

use crate::ids::StageIx;
use crate::time::{Millis, Timestamp};

/// How often greedy and max pressure decide: RESCO's step length (5 s on arterial4x4 only).
pub const DECISION_PERIOD: Millis = Millis::from_secs(10);

/// Whether an instant lies on the grid of a decision period; a grid through the origin of time, so that every
/// intersection and every run decides at the same instants.
pub fn is_decision_instant(at: Timestamp, period: Millis) -> bool {
    at.0.rem_euclid(period.0.max(1)) == 0
}

/// A stage, and the numbers that it won by.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The stage to show.
    pub stage: StageIx,
    /// Score of every stage, in stage order \[veh\].
    pub scores: Vec<f64>,
}

impl Choice {
    /// The stage with the highest score; the current one when it is as good as any, else the first.
    fn highest(scores: Vec<f64>, current: StageIx) -> Self {
        let mut stage = current;
        for (candidate, &score) in scores.iter().enumerate() {
            if scores.get(stage.0).is_none_or(|&best| score > best) {
                stage = StageIx(candidate);
            }
        }
        Self { stage, scores }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_stage_wins_ties_and_the_first_wins_among_others() {
        assert_eq!(Choice::highest(vec![3.0, 3.0, 1.0], StageIx(1)).stage, StageIx(1));
        assert_eq!(Choice::highest(vec![3.0, 3.0, 1.0], StageIx(2)).stage, StageIx(0));
        assert_eq!(Choice::highest(vec![1.0, 2.0], StageIx(9)).stage, StageIx(1));
    }

    #[test]
    fn the_grid_goes_through_the_origin() {
        assert!(is_decision_instant(Timestamp::from_secs(25_200), DECISION_PERIOD));
        assert!(!is_decision_instant(Timestamp::from_secs(25_205), DECISION_PERIOD));
        assert!(is_decision_instant(Timestamp::from_secs(25_205), Millis::from_secs(5)));
    }
}
