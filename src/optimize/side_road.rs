//! Roads that join an approach without a signal, as lanes of the problem: their queue costs as everybody's does, no stage serves them,
//! and each gives them gaps of its own.
//!
//! In: what the estimator has learned of them. Out: a lane each for those on which somebody stands. In a stage that serves the approach
//! that they join its queue goes first; then the learned discharge, less the gaps that who comes there takes (`yielding`). While that
//! queue stands up to their mouth no other stage lets anybody out: otherwise a jam that reaches the mouth would hold the one stage that
//! once gave gaps, and never end.

use super::extra_lane::ExtraLane;
use super::problem::Problem;
use crate::estimate::{Forecast, STEP_S, SideRoad};
use crate::ids::{LaneIx, StageIx};
use crate::network::Intersection;

/// Where the roads behind the junction take fewer than this, more who come from the side only fill them \[veh\].
const ROOM_MIN: f64 = 10.0;

impl Problem {
    /// Give every side road on which somebody stands a lane. `weight` is that of a vehicle on it; 0 leaves them out.
    pub fn join(&mut self, intersection: &Intersection, forecast: &Forecast, weight: f64) {
        let is_free = |road: &&SideRoad| road.joins.iter().all(|lane| forecast.room[lane.0] >= ROOM_MIN);
        let counted = forecast.side_roads.iter().filter(|road| weight > 0.0 && road.queue > 0.0).filter(is_free);
        let lanes: Vec<ExtraLane> = counted.map(|road| extra_lane(intersection, road, weight)).collect();
        self.add(&lanes);
    }
}

fn extra_lane(intersection: &Intersection, road: &SideRoad, weight: f64) -> ExtraLane {
    let is_served = |lane: LaneIx, stage: StageIx| {
        let groups = intersection.lanes[lane.0].movements.iter().map(|it| intersection.movements[it.0].group);
        groups.into_iter().any(|group| intersection.stage(stage).serves(group))
    };
    let first = |stage: StageIx| {
        let served = road.joins.iter().filter(|&&lane| is_served(lane, stage));
        served.map(|lane| lane.0).collect()
    };
    let first: Vec<Vec<usize>> = intersection.stage_ixs().map(first).collect();
    let let_out =
        |(rate, first): (&f64, &Vec<usize>)| if road.blocked && first.is_empty() { 0.0 } else { rate * STEP_S };
    ExtraLane {
        weight,
        queue: road.queue,
        arrivals: road.arrivals.clone(),
        rate: road.rate * STEP_S,
        discharge: road.discharge.iter().zip(&first).map(let_out).collect(),
        // The street empties before it fills again: what the stage that ends gave them lasts until the next one begins.
        between: |from, _| from,
        first,
        joins: None,
        side_road: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Estimator, Settings as EstimateSettings};
    use crate::network::sample::{THROUGH_EW, THROUGH_NS, crossroads};
    use crate::optimize::{Report, Settings, plan};
    use crate::plan::Shown;
    use crate::time::{Millis, Timestamp};
    use std::sync::Arc;

    /// North and south are green for long, somebody waits across, and a side road of the northern approach is full.
    fn decided(standing: f64, gaps: [f64; 2], weight: f64, blocked: bool) -> Report {
        let intersection = crossroads();
        let now = Timestamp::from_secs(100);
        let mut shown = Shown::all_red(&intersection, now - Millis::from_secs(60));
        shown.advance(now - Millis::from_secs(30), Some(THROUGH_NS), &intersection.stage(THROUGH_NS).signals);
        shown.at = now;
        let mut forecast =
            Estimator::new(Arc::new(intersection.clone()), &[], &EstimateSettings::default()).forecast(now, 80);
        forecast.arrivals.fill(0.0);
        let mut discharge = vec![gaps[0]; intersection.stages.len()];
        discharge[THROUGH_EW.0] = gaps[1];
        let joins = intersection.approaches[intersection.lanes[0].approach].lanes.clone();
        let arrivals = vec![0.0; 80];
        forecast.side_roads = vec![SideRoad { queue: standing, arrivals, rate: 0.02, discharge, joins, blocked }];
        let mut problem = Problem::new(&intersection, &shown, &forecast, THROUGH_NS, Millis::ZERO);
        problem.join(&intersection, &forecast, weight);
        plan(&problem, &Settings::default(), &[])
    }

    #[test]
    fn a_side_road_gets_the_stage_that_gives_it_gaps_and_nothing_when_all_are_alike_or_nobody_stands() {
        let goes_to = |report: &Report| report.chosen.moves.first().map(|first| first.to);
        assert_eq!(goes_to(&decided(8.0, [0.05, 0.4], 1.0, false)), Some(THROUGH_EW));
        assert_eq!(goes_to(&decided(8.0, [0.2, 0.2], 1.0, false)), None);
        assert_eq!(goes_to(&decided(0.0, [0.05, 0.4], 1.0, false)), None);
        assert_eq!(goes_to(&decided(8.0, [0.05, 0.4], 0.0, false)), None, "it is not to count");
        assert_eq!(goes_to(&decided(8.0, [0.05, 0.4], 1.0, true)), None, "they stand up to its mouth");
    }
}
