//! Who is in the zone of each lane: arrivals at the stop line and passages over it, one by one, from counts.
//!
//! In: counts. Out: passages, each with when the vehicle had arrived; arrivals up to an instant. A vehicle that enters the zone of a lane at `τ` arrives at
//! `τ + zone/limit`, or when it passes, if that is earlier. First in, first out a lane; who vanishes from one lane of an approach while another gains one has
//! changed lanes and keeps its arrival. Those who are there at the first look have none.
//!
//! Weaknesses: who overtakes is taken for somebody else; who waits beyond the zone has not come yet; a detector that lies is believed.

use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::ids::LaneIx;
use crate::network::{Intersection, Lane as Street};
use crate::time::{Millis, Timestamp};
use std::collections::VecDeque;

/// The zones of one intersection.
#[derive(Debug, Clone)]
pub struct StopLine {
    lanes: Vec<Lane>,
    /// Lanes of each approach.
    approaches: Vec<Vec<LaneIx>>,
}

/// Somebody has passed the stop line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// On which lane.
    pub lane: LaneIx,
    /// When, to half a period.
    pub at: Timestamp,
    /// When he was to arrive.
    pub due: Timestamp,
    /// Whether he had been told as an arrival before.
    pub told: bool,
}

#[derive(Debug, Clone)]
struct Lane {
    travel: Millis,
    count: Option<i64>,
    /// Front first; `None` for those who were there at the first look.
    inside: VecDeque<Option<Coming>>,
}

#[derive(Debug, Clone, Copy)]
struct Coming {
    due: Timestamp,
    told: bool,
}

impl StopLine {
    /// Nothing was seen.
    pub fn new(intersection: &Intersection) -> Self {
        let lane = |it: &Street| Lane {
            travel: Millis::from_secs_f64(it.zone_m / it.speed_mps),
            count: None,
            inside: VecDeque::new(),
        };
        Self {
            lanes: intersection.lanes.iter().map(lane).collect(),
            approaches: intersection.approaches.iter().map(|it| it.lanes.clone()).collect(),
        }
    }

    /// Counts of a period; who has passed in it, as far as it is known when he came.
    pub fn count(&mut self, seen: &Observation) -> Vec<Passage> {
        let mut passages = Vec::new();
        for lanes in &self.approaches {
            balance(&mut self.lanes, lanes, seen, &mut passages);
        }
        passages
    }

    /// Those who have arrived on each lane up to an instant and were not told before. Shape `[lane]`.
    pub fn arrived(&mut self, at: Timestamp) -> Vec<u32> {
        let arrived = |lane: &mut Lane| {
            let coming = lane.inside.iter_mut().flatten().filter(|it| !it.told && it.due <= at);
            coming.fold(0, |count, it| {
                it.told = true;
                count + 1
            })
        };
        self.lanes.iter_mut().map(arrived).collect()
    }

    /// Those on a lane who had arrived before an instant and are there still.
    pub fn left(&self, LaneIx(lane): LaneIx, before: Timestamp) -> usize {
        self.lanes[lane].inside.iter().flatten().filter(|it| it.due <= before).count()
    }

    /// Whether somebody is to arrive on a lane by an instant, and was not told yet.
    pub fn comes(&self, LaneIx(lane): LaneIx, by: Timestamp) -> bool {
        self.lanes[lane].inside.iter().flatten().any(|it| !it.told && it.due <= by)
    }

    /// Vehicles in the zone of a lane as last counted; `None` where it is not heard.
    pub fn counted(&self, LaneIx(lane): LaneIx) -> Option<i64> {
        self.lanes[lane].count
    }

    /// Nobody is known to be anywhere: the next count is a first look.
    pub fn forget(&mut self) {
        self.lanes.iter_mut().for_each(Lane::forget);
    }
}

/// Passages, changes of lane and entries of one approach.
fn balance(all: &mut [Lane], lanes: &[LaneIx], seen: &Observation, passages: &mut Vec<Passage>) {
    // Somewhere in the period: in its middle.
    let at = seen.at - Millis(seen.period.0 / 2);
    let (mut gains, mut sideways) = (Vec::new(), Vec::new());
    for &ix in lanes {
        let lane = &mut all[ix.0];
        let place = seen.places.iter().find(|it| it.place == CountedPlace::Lane(ix));
        let Some(&PlaceCount { count, passed, .. }) = place else {
            lane.forget();
            continue;
        };
        let Some(before) = lane.count.replace(i64::from(count)) else {
            lane.inside = (0..count).map(|_| None).collect();
            continue;
        };
        let gone = (0..passed).filter_map(|_| lane.inside.pop_front().flatten());
        passages.extend(gone.map(|it| Passage { lane: ix, at, due: it.due, told: it.told }));
        let gain = i64::from(count) + i64::from(passed) - before;
        sideways.extend((gain..0).filter_map(|_| lane.inside.pop_back()));
        gains.push((ix, gain));
    }
    for (ix, gain) in gains {
        let lane = &mut all[ix.0];
        for _ in 0..gain {
            let new = Some(Coming { due: at + lane.travel, told: false });
            lane.inside.push_back(sideways.pop().unwrap_or(new));
        }
        // Who enters and passes within a period was not inside when it was taken out.
        while lane.inside.len() > lane.count.unwrap_or(0).max(0) as usize {
            let first = lane.inside.pop_front().flatten();
            passages.extend(first.map(|it| Passage { lane: ix, at, due: it.due, told: it.told }));
        }
    }
}

impl Lane {
    fn forget(&mut self) {
        self.count = None;
        self.inside.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::tests::seen;
    use super::*;
    use crate::network::sample::crossroads;

    fn zones() -> StopLine {
        let mut intersection = crossroads();
        intersection.lanes.iter_mut().for_each(|lane| lane.zone_m = 10.0 * lane.speed_mps);
        StopLine::new(&intersection)
    }

    #[test]
    fn who_enters_arrives_a_travel_time_later_and_is_told_once() {
        let mut zones = zones();
        zones.count(&seen(0, &[(0, 0, 0), (1, 0, 0)]));
        zones.count(&seen(1, &[(0, 2, 0), (1, 0, 0)]));
        let mut arrived = |second| zones.arrived(Timestamp::from_secs(second))[0];
        assert_eq!([arrived(10), arrived(11), arrived(12)], [0, 2, 0]);
    }

    #[test]
    fn who_changes_lanes_keeps_his_arrival_and_who_was_there_first_has_none() {
        let mut zones = zones();
        assert_eq!(zones.count(&seen(0, &[(0, 1, 0), (1, 0, 0)])), []);
        zones.count(&seen(1, &[(0, 2, 0), (1, 0, 0)]));
        zones.count(&seen(5, &[(0, 1, 0), (1, 1, 0)]));
        assert_eq!(zones.count(&seen(6, &[(0, 0, 1), (1, 1, 0)])), [], "nobody knows when he had come");
        let passed = zones.count(&seen(20, &[(0, 0, 0), (1, 0, 1)]));
        let due = Timestamp(10_500);
        assert_eq!(passed, [Passage { lane: LaneIx(1), at: Timestamp(19_500), due, told: false }]);
        assert_eq!(zones.counted(LaneIx(1)), Some(0));
    }

    #[test]
    fn a_lane_that_is_not_heard_begins_anew() {
        let mut zones = zones();
        zones.count(&seen(0, &[(0, 0, 0)]));
        zones.count(&seen(1, &[(0, 1, 0)]));
        zones.count(&seen(2, &[]));
        assert_eq!((zones.counted(LaneIx(0)), zones.count(&seen(3, &[(0, 0, 1)])).len()), (None, 0));
    }
}
