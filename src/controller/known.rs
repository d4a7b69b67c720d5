//! Vehicles whose way is known one by one, in place of what counts tell: a yardstick, not a sensor of a street.
//!
//! In: for each lane the instants at which its vehicles within the range would cross the stop line if nothing held them
//! up (those in the past are the vertical queue). Out: a forecast in which queue, vehicles and arrivals within the
//! range are these; what lies beyond the range, rates, discharge and room stay as the estimator has them from counts. So
//! the difference between a run with and a run without it is what the estimator loses on the vehicles it should see.
//!
//! Weakness: the discharge that was learned comes from counts all the same.

use crate::estimate::{Forecast, STEP_S};
use crate::ids::LaneIx;
use crate::network::Intersection;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Known {
    /// The instant.
    pub at: Timestamp,
    /// For each lane the instants at which its vehicles are due at the stop line, ascending. Shape `[lane]`.
    pub due: Vec<Vec<Timestamp>>,
}

impl Known {
    /// The forecast with what is known in place of what was estimated.
    pub(super) fn instead(&self, mut forecast: Forecast, intersection: &Intersection) -> Forecast {
        for (lane, due) in LaneIx::all(intersection.lanes.len()).zip(&self.due) {
            let waiting = due.partition_point(|&due| due <= forecast.at);
            forecast.queue[lane.0] = waiting as f64;
            forecast.vehicles[lane.0] = due.len() as f64;
            let seen_steps = (seen_s(intersection, lane) / STEP_S).ceil() as usize;
            let mut arrivals = forecast.arrivals.row_mut(lane.0);
            arrivals.iter_mut().take(seen_steps).for_each(|vehicles| *vehicles = 0.0);
            for &due in &due[waiting..] {
                let step = ((due - forecast.at).as_secs_f64() / STEP_S).floor() as usize;
                if let Some(vehicles) = arrivals.get_mut(step) {
                    *vehicles += 1.0;
                }
            }
        }
        forecast
    }
}

/// Free travel time over everything that detectors see of a lane, feeders included \[s\].
fn seen_s(intersection: &Intersection, lane: LaneIx) -> f64 {
    let place = &intersection.lanes[lane.0];
    let into = intersection.feeders.iter().filter(|feeder| feeder.into.iter().any(|&(into, _)| into == lane));
    let reach_s = into.map(|feeder| (feeder.distance_m + feeder.zone_m) / feeder.speed_mps);
    reach_s.fold(place.zone_m / place.speed_mps, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{self, Estimator};
    use crate::network::sample::{crossroads, lane};
    use std::sync::Arc;

    #[test]
    fn known_vehicles_take_the_place_of_estimated_ones_and_the_rate_beyond_the_range_stays() {
        let intersection = Arc::new(crossroads());
        let at = Timestamp::from_secs(100);
        let before = Estimator::new(Arc::clone(&intersection), &[], &estimate::Settings::default()).forecast(at, 60);
        let mut due = vec![Vec::new(); intersection.lanes.len()];
        due[lane(0, 0).0] = [95, 100, 107].map(Timestamp::from_secs).to_vec();
        let after = Known { at, due }.instead(before.clone(), &intersection);
        assert!((after.queue[0] - 2.0).abs() < 1e-9 && (after.vehicles[0] - 3.0).abs() < 1e-9);
        assert!((after.arrivals[[0, 7]] - 1.0).abs() < 1e-9, "{:?}", after.arrivals.row(0));
        assert!((after.arrivals[[0, 40]] - before.arrivals[[0, 40]]).abs() < 1e-12);
    }
}
