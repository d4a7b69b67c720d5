//! Greedy control: the stage with most vehicles near the stop line (RESCO's MAXWAVE).
//!
//! In: vehicles (standing and moving) within [`RANGE_M`] of the stop line, per lane \[veh\]. Out: the stage whose lanes
//! hold most of them. Which lanes a stage speaks for: `service`; when to ask: [`super::DECISION_PERIOD`].
//!
//! Differences to RESCO's code (`agents/maxwave.py`, `states.wave`): lane sets are derived from the signal states and
//! not written by hand; a lane counts once in a stage; equal scores keep the stage that is shown, where numpy's `argmax`
//! takes the first of the list. A movement that nobody scores is served only by the maximum red of whoever asks; RESCO
//! has no such bound and can leave it waiting for ever.
//!
//! Source: Ault & Sharon (2021), *Reinforcement learning benchmarks for traffic signal control*, `NeurIPS` Datasets and
//! Benchmarks.

use super::{Choice, service};
use crate::ids::StageIx;
use crate::network::Intersection;

/// How far upstream of the stop line vehicles count \[m\].
pub const RANGE_M: f64 = 50.0;

/// The stage whose lanes hold most vehicles; `counts` per lane \[veh\], in lane order.
///
/// # Panics
/// When `counts` is not one number a lane.
pub fn choose(intersection: &Intersection, counts: &[f64], current: StageIx) -> Choice {
    assert_eq!(counts.len(), intersection.lanes.len(), "one count a lane");
    let score = |stage| {
        let lanes = intersection.lane_ixs().filter(|&lane| service::speaks_for(intersection, stage, lane));
        lanes.map(|lane| counts[lane.0]).sum()
    };
    Choice::highest(intersection.stage_ixs().map(score).collect(), current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;

    #[test]
    fn the_stage_with_most_vehicles_on_its_lanes_wins() {
        let crossroads = sample::crossroads();
        let mut counts = vec![0.0; crossroads.lanes.len()];
        counts[sample::lane(0, 0).0] = 3.0;
        counts[sample::lane(1, 0).0] = 2.0;
        counts[sample::lane(3, 0).0] = 2.0;
        counts[sample::lane(1, 1).0] = 3.5;
        let choice = choose(&crossroads, &counts, sample::THROUGH_NS);
        assert_eq!(choice.stage, sample::THROUGH_EW);
        assert_eq!(choice.scores, [3.0, 0.0, 4.0, 3.5]);
    }

    #[test]
    fn an_empty_street_changes_nothing() {
        let crossroads = sample::crossroads();
        let counts = vec![0.0; crossroads.lanes.len()];
        assert_eq!(choose(&crossroads, &counts, sample::LEFT_EW).stage, sample::LEFT_EW);
    }
}
