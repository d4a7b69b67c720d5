//! Counts of a street that is not simulated: just enough traffic to keep an engine at work.
//!
//! Vehicles come to each lane at random (Poisson), drive freely through the zone, wait at the stop line, and leave one every two
//! seconds while their lamp is green. In: what the lamps show. Out: the counts of a second. Drawn from (seed, lane), so the
//! same run gives the same counts.

use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::ids::LaneIx;
use crate::network::Intersection;
use crate::plan::Shown;
use crate::time::{Millis, Timestamp};
use simulator::random::Stream;
use std::collections::VecDeque;

/// Vehicles a second and lane: a city in its peak, with cycles that are mostly used.
const RATE: f64 = 0.09;
/// Time between vehicles that leave a queue.
const HEADWAY: Millis = Millis::from_secs(2);
/// Vehicles that fit on a lane; who finds no room stays away.
const STORAGE: usize = 60;
/// The first one leaves this long after its lamp has turned green.
const START_UP: Millis = Millis::from_secs(2);

/// Traffic of one intersection.
#[derive(Debug, Clone)]
pub struct Synthetic {
    lanes: Vec<Lane>,
    /// Vehicles a second and lane.
    rate: f64,
    seq: u64,
}

#[derive(Debug, Clone)]
struct Lane {
    lots: Stream,
    /// When each vehicle in the zone reaches the stop line.
    due: VecDeque<Timestamp>,
    left_at: Timestamp,
}

impl Synthetic {
    /// An empty street.
    pub fn new(intersection: &Intersection, seed: u64) -> Self {
        let lane = |at: usize| Lane { lots: Stream::new(seed, at as u64), due: VecDeque::new(), left_at: Timestamp(0) };
        Self { lanes: (0..intersection.lanes.len()).map(lane).collect(), rate: RATE, seq: 0 }
    }

    /// From now on so many times as many vehicles as in a peak come.
    pub fn set_demand(&mut self, times: f64) {
        self.rate = times * RATE;
    }

    /// The second that ends at `at`.
    pub fn second(&mut self, intersection: &Intersection, shown: &Shown, at: Timestamp) -> Observation {
        self.seq += 1;
        let rate = self.rate;
        let lanes = LaneIx::all(self.lanes.len()).zip(&mut self.lanes);
        let places = lanes.map(|(ix, lane)| lane.second(intersection, ix, shown, rate, at)).collect();
        Observation { at, seq: self.seq, period: Millis::from_secs(1), places }
    }
}

impl Lane {
    fn second(
        &mut self,
        intersection: &Intersection,
        ix: LaneIx,
        shown: &Shown,
        rate: f64,
        at: Timestamp,
    ) -> PlaceCount {
        let place = &intersection.lanes[ix.0];
        if self.lots.unit() < rate && self.due.len() < STORAGE {
            self.due.push_back(at + Millis::from_secs_f64(place.zone_m / place.speed_mps));
        }
        let groups = place.movements.iter().map(|movement| intersection.movements[movement.0].group);
        let green = groups.filter_map(|group| shown.green_since(group)).min();
        let may_go = green.is_some_and(|since| at - since >= START_UP) && at - self.left_at >= HEADWAY;
        let goes = may_go && self.due.front().is_some_and(|&due| due <= at);
        if goes {
            self.due.pop_front();
            self.left_at = at;
        }
        let waiting = self.due.partition_point(|&due| due <= at) as u32;
        PlaceCount {
            place: CountedPlace::Lane(ix),
            count: self.due.len() as u32,
            halted: if green.is_some() { 0 } else { waiting },
            passed: u32::from(goes),
            occupancy: None,
            mean_speed_mps: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{THROUGH_NS, crossroads};

    #[test]
    fn vehicles_wait_at_red_and_leave_at_green_and_none_is_lost() {
        let site = crossroads();
        let mut street = Synthetic::new(&site, 1);
        let mut shown = Shown::all_red(&site, Timestamp(0));
        let at = Timestamp::from_secs;
        let mut last = None;
        for second in 1..=300 {
            let seen = street.second(&site, &shown, at(second));
            assert!(seen.places.iter().all(|place| place.passed == 0));
            last = Some(seen);
        }
        let waiting = |seen: &Observation| seen.places[0].count;
        let before = waiting(&last.unwrap());
        assert!((10..50).contains(&before), "{before} vehicles in five minutes");
        shown.advance(at(300), Some(THROUGH_NS), &site.stage(THROUGH_NS).signals);
        let passed: u32 = (301..=320).map(|second| street.second(&site, &shown, at(second)).places[0].passed).sum();
        assert!((8..=10).contains(&passed), "{passed} vehicles in twenty seconds of green");
    }
}
