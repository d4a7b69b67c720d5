//! Vehicles that enter the detection zones of one approach, from counts and passages.
//!
//! In: counts of one second. Out: lanes that a vehicle has entered in it. `entered = Δcount + passed`, summed over the lanes of
//! the approach, so that a change of lanes is no arrival; only a new maximum of the sum counts, so that a vehicle that is missed for
//! a second between zone and stop line is not counted twice.

use crate::estimate::{CountedPlace, Observation};
use crate::ids::LaneIx;

/// The balance of one approach.
#[derive(Debug, Clone)]
pub struct Entries {
    lanes: Vec<LaneIx>,
    /// Count of each lane at its last message.
    before: Vec<Option<i64>>,
    balance: i64,
    highest: i64,
}

impl Entries {
    /// An approach with these lanes, of which nothing was seen.
    pub fn new(lanes: &[LaneIx]) -> Self {
        Self { lanes: lanes.to_vec(), before: vec![None; lanes.len()], balance: 0, highest: 0 }
    }

    /// The lane of each vehicle that has entered since the last message; vehicles that were there at the first message are none.
    pub fn entered(&mut self, seen: &Observation) -> Vec<LaneIx> {
        let mut gains = Vec::new();
        for (lane, before) in self.lanes.iter().zip(&mut self.before) {
            let place = seen.places.iter().find(|place| place.place == CountedPlace::Lane(*lane));
            let Some(place) = place else {
                *before = None;
                continue;
            };
            let count = i64::from(place.count);
            if let Some(before) = before.replace(count) {
                gains.push((*lane, count + i64::from(place.passed) - before));
            }
        }
        self.balance += gains.iter().map(|&(_, gain)| gain).sum::<i64>();
        let mut new = self.balance - self.highest;
        self.highest = self.highest.max(self.balance);
        let mut entered = Vec::new();
        for (lane, gain) in gains {
            let here = gain.min(new).max(0);
            entered.extend((0..here).map(|_| lane));
            new -= here;
        }
        entered
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::estimate::PlaceCount;
    use crate::time::{Millis, Timestamp};

    /// Counts and passages of lanes at a second; lanes that are left out were not heard.
    pub fn seen(second: i64, lanes: &[(usize, u32, u32)]) -> Observation {
        let place = |&(lane, count, passed): &(usize, u32, u32)| PlaceCount {
            place: CountedPlace::Lane(LaneIx(lane)),
            count,
            halted: 0,
            passed,
            occupancy: None,
            mean_speed_mps: None,
        };
        Observation {
            at: Timestamp::from_secs(second),
            seq: second.unsigned_abs(),
            period: Millis::from_secs(1),
            places: lanes.iter().map(place).collect(),
        }
    }

    #[test]
    fn a_change_of_lanes_and_a_vehicle_between_zone_and_line_are_no_arrivals() {
        let mut entries = Entries::new(&[LaneIx(0), LaneIx(1)]);
        let mut at = 0;
        let mut tell = |lanes: &[(usize, u32, u32)]| {
            at += 1;
            entries.entered(&seen(at, lanes)).iter().map(|lane| lane.0).collect::<Vec<_>>()
        };
        assert_eq!(tell(&[(0, 3, 0), (1, 0, 0)]), [0; 0], "who is there already has not come now");
        assert_eq!(tell(&[(0, 4, 0), (1, 1, 0)]), [0, 1]);
        assert_eq!(tell(&[(0, 3, 0), (1, 2, 0)]), [0; 0], "one changed lanes");
        assert_eq!(tell(&[(0, 2, 0), (1, 2, 0)]), [0; 0], "one left the zone");
        assert_eq!(tell(&[(0, 2, 1), (1, 2, 0)]), [0; 0], "and passed the line a second later");
        assert_eq!(tell(&[(0, 2, 1), (1, 2, 0)]), [0], "one passed, another took its place");
        assert_eq!(tell(&[(1, 2, 0)]), [0; 0]);
        assert_eq!(tell(&[(0, 9, 0), (1, 2, 0)]), [0; 0], "a lane that was not heard begins anew");
    }
}
