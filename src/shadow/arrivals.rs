//! Who arrives at the stop lines: the same for the street and for its shadow.
//!
//! In: counts. Out: vehicles that reach the stop line of each lane between two instants \[veh\], as if no queue stood there: those of
//! [`StopLine`], whoever passes before he was to arrive at his passage. A lane whose detector is not believed gets its learned rate instead.
//!
//! Weakness: a queue beyond the reach of the detectors hides those who join it. They arrive when there is room in the zone, which the street's own
//! lamps decide: a shadow that would do better is told of them too late, and looks worse than it is.

use crate::estimate::{Forecast, Observation};
use crate::ids::LaneIx;
use crate::measure::StopLine;
use crate::network::Intersection;
use crate::time::{Millis, Timestamp};

/// Arrivals at one intersection.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    line: StopLine,
    /// Who has passed before he was to arrive, since it was asked last. Shape `[lane]`.
    early: Vec<f64>,
}

impl Arrivals {
    pub(super) fn new(intersection: &Intersection) -> Self {
        Self { line: StopLine::new(intersection), early: vec![0.0; intersection.lanes.len()] }
    }

    /// Counts of a period: who has entered comes later.
    pub(super) fn count(&mut self, seen: &Observation) {
        for passage in self.line.count(seen).into_iter().filter(|it| !it.told) {
            self.early[passage.lane.0] += 1.0;
        }
    }

    /// Vehicles that have arrived by an instant since it was asked last, `dt_s` before \[veh\]. Shape `[lane]`.
    pub(super) fn take(&mut self, at: Timestamp, dt_s: f64, doubted: &[bool], forecast: &Forecast) -> Vec<f64> {
        let arrived = self.line.arrived(at);
        let lanes = arrived.iter().zip(&mut self.early).enumerate();
        lanes
            .map(|(lane, (&arrived, early))| {
                let arrived = f64::from(arrived) + std::mem::take(early);
                if doubted[lane] { forecast.rate[lane] * dt_s } else { arrived }
            })
            .collect()
    }

    /// Whether somebody arrives within a time.
    pub(super) fn near(&self, lane: LaneIx, at: Timestamp, within: Millis) -> bool {
        self.line.comes(lane, at + within)
    }

    /// Vehicles in the zone of a lane as last counted; `None` where it is not heard.
    pub(super) fn counted(&self, lane: LaneIx) -> Option<i64> {
        self.line.counted(lane)
    }

    /// Nobody is under way.
    pub(super) fn forget(&mut self) {
        self.line.forget();
        self.early.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::entries::tests::seen;
    use crate::network::sample::{crossroads, lane};
    use ndarray::{Array1, Array2};

    #[test]
    fn who_enters_arrives_a_travel_time_later_and_a_lane_that_lies_has_its_rate() {
        let mut intersection = crossroads();
        intersection.lanes.iter_mut().for_each(|lane| lane.zone_m = 10.0 * lane.speed_mps);
        let (lanes, ours) = (intersection.lanes.len(), lane(0, 0));
        let mut arrivals = Arrivals::new(&intersection);
        let forecast = Forecast {
            at: Timestamp(0),
            queue: Array1::zeros(lanes),
            vehicles: Array1::zeros(lanes),
            arrivals: Array2::zeros((lanes, 1)),
            rate: Array1::from_elem(lanes, 0.25),
            discharge: Array2::zeros((intersection.stages.len(), lanes)),
            discharge_lasting: Array1::zeros(lanes),
            room: Array1::zeros(lanes),
            room_from: Array1::zeros(lanes),
            room_rate: Array1::zeros(lanes),
            side_roads: Vec::new(),
        };
        arrivals.count(&seen(0, &[(ours.0, 0, 0)]));
        arrivals.count(&seen(1, &[(ours.0, 2, 0)]));
        let mut doubted = vec![false; lanes];
        let mut at =
            |second, doubted: &[bool]| arrivals.take(Timestamp::from_secs(second), 1.0, doubted, &forecast)[ours.0];
        assert!((at(10, &doubted) - 0.0).abs() < 1e-9 && (at(11, &doubted) - 2.0).abs() < 1e-9);
        doubted[ours.0] = true;
        assert!((at(12, &doubted) - 0.25).abs() < 1e-9);
    }
}
