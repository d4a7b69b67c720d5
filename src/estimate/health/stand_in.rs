//! A lane as its profile has it, in place of a detector that is not believed.
//!
//! In: a rate \[veh/s\], the lamps. Out: a [`PlaceCount`] like any other. Vehicles come evenly at the rate, reach the stop line after the free
//! travel time, wait there, and leave one every [`HEADWAY_S`] of green after [`STARTUP_S`]. At least one comes every [`RECALL_S`]: whoever stands
//! there unseen gets a green of his own now and then, once a cycle.
//!
//! Weakness: real vehicles come in platoons; nobody knows of them here.

use super::Lamps;
use crate::estimate::{CountedPlace, PlaceCount};
use crate::ids::LaneIx;
use crate::network::Lane;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// At least one vehicle is believed to come in this time \[s\]: about a cycle.
const RECALL_S: f64 = 90.0;
/// Between two who leave a queue \[s\].
const HEADWAY_S: f64 = 2.0;
/// Before the first one leaves \[s\].
const STARTUP_S: f64 = 2.0;

/// Vehicles that are believed to be there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct StandIn {
    /// When each is due at the stop line, ascending.
    due: VecDeque<Timestamp>,
    /// Part of a vehicle that has come.
    coming: f64,
    last_left: Option<Timestamp>,
}

impl StandIn {
    /// What the lane is believed to have shown in a period.
    pub(super) fn count(
        &mut self,
        (ix, lane): (LaneIx, &Lane),
        rate: f64,
        lamps: &Lamps,
        dt_s: f64,
        at: Timestamp,
    ) -> PlaceCount {
        self.coming += rate.max(1.0 / RECALL_S) * dt_s;
        while self.coming >= 1.0 {
            self.coming -= 1.0;
            if (self.due.len() as f64) < lane.storage() {
                self.due.push_back(at + Millis::from_secs_f64(lane.zone_m / lane.speed_mps));
            }
        }
        let rolls = lamps.open.is_some_and(|since_s| since_s >= STARTUP_S);
        let ready = self.last_left.is_none_or(|left| (at - left).as_secs_f64() >= HEADWAY_S);
        let leaves = rolls && ready && self.due.front().is_some_and(|&due| due <= at);
        if leaves {
            self.due.pop_front();
            self.last_left = Some(at);
        }
        let waiting = self.due.partition_point(|&due| due <= at) as u32;
        PlaceCount {
            place: CountedPlace::Lane(ix),
            count: self.due.len() as u32,
            halted: if rolls { 0 } else { waiting },
            passed: u32::from(leaves),
            occupancy: None,
            mean_speed_mps: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{crossroads, lane};

    #[test]
    fn nobody_known_is_still_somebody_once_a_cycle_and_green_lets_him_go() {
        let site = crossroads();
        let of = (lane(0, 0), &site.lanes[0]);
        let mut stand_in = StandIn::default();
        let red = Lamps { protected: None, open: None, red: Some(60.0) };
        let green = Lamps { protected: Some(9.0), open: Some(9.0), red: None };
        let at = Timestamp::from_secs;
        let seen: Vec<u32> = (1..=120).map(|s| stand_in.count(of, 0.0, &red, 1.0, at(s)).halted).collect();
        assert_eq!((seen[80], seen[119]), (0, 1));
        let gone = stand_in.count(of, 0.0, &green, 1.0, at(121));
        assert_eq!((gone.passed, gone.count), (1, 0));
    }

    #[test]
    fn it_comes_as_often_as_the_profile_says_and_never_fills_more_than_the_zone() {
        let site = crossroads();
        let mut stand_in = StandIn::default();
        let red = Lamps { protected: None, open: None, red: Some(60.0) };
        let count = |stand_in: &mut StandIn, s| {
            stand_in.count((lane(0, 0), &site.lanes[0]), 0.2, &red, 1.0, Timestamp::from_secs(s)).count
        };
        let seen: Vec<u32> = (1..=600).map(|s| count(&mut stand_in, s)).collect();
        assert!((19..=21).contains(&seen[99]), "{}", seen[99]);
        assert!(f64::from(seen[599]) <= site.lanes[0].storage() + 1.0);
    }
}
