//! How drivers fare at one intersection while it runs: waits, split failures, arrivals on green; level of service.
//!
//! In: lamps and counts of each second. Out: a [`Slot`] every [`SLOT`]. Arrivals and passages are those of [`StopLine`].
//!
//! | Figure | Definition | Source |
//! |---|---|---|
//! | wait | passage − arrival, at least 0 \[s\] | stopped and queueing part of control delay, HCM 7 ch. 19 |
//! | split failure | 5 s after the end of a green two or more are still there who had arrived before it ended | ATSPM: green and first 5 s of red occupied |
//! | on green | arrival while a movement of the lane is green | ATSPM, Purdue coordination diagram |
//! | level of service | A…F by the mean wait | HCM 7, exhibit 19-8 |
//!
//! Weaknesses: who waits beyond the reach of the detectors has not come yet, so waits of long queues are too short; the last part of
//! braking and starting is not in it; a detector that lies is believed. A single vehicle that is left may have stopped at the yellow, so
//! two make a failure.

use super::StopLine;
use crate::estimate::Observation;
use crate::ids::LaneIx;
use crate::network::{Intersection, Lane as Street};
use crate::plan::Shown;
use crate::time::{Millis, Timestamp};
use std::ops::AddAssign;

/// Length of a slot.
pub const SLOT: Millis = Millis::from_secs(300);
/// Width of a class of waits \[s\]; those longer than all are in the last.
pub const CLASS_S: f64 = 5.0;
/// Number of classes of waits.
pub const CLASSES: usize = 61;
/// So long after a green it is looked who is left.
const AFTER_GREEN: Millis = Millis::from_secs(5);
/// Vehicles left that make a split failure.
const LEFT: usize = 2;
/// Control delay up to which the levels of service A…E reach \[s/veh\] (HCM 7, exhibit 19-8).
const LEVELS_S: [f64; 5] = [10.0, 20.0, 35.0, 55.0, 80.0];
/// Longest time between two looks.
const GAP_MAX: Millis = Millis::from_secs(5);

/// What happened in some minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Its first instant.
    pub begin: Timestamp,
    /// Vehicles that passed and whose arrival was seen.
    pub vehicles: u64,
    /// Their waits \[s\].
    pub waited_s: f64,
    /// Their number by wait, in classes of 5 s.
    pub classes: [u32; CLASSES],
    /// Greens of lanes that ended, and those that failed.
    pub greens: u64,
    /// Those of them that left a queue.
    pub failures: u64,
    /// Arrivals and arrivals on green of each lane; shape `[lane]`, empty in sums over intersections.
    pub lanes: Vec<(u32, u32)>,
    /// Of all lanes.
    pub arrivals: (u64, u64),
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            begin: Timestamp(0),
            vehicles: 0,
            waited_s: 0.0,
            classes: [0; CLASSES],
            greens: 0,
            failures: 0,
            lanes: Vec::new(),
            arrivals: (0, 0),
        }
    }
}

/// Level of service by the mean wait of a vehicle.
pub fn level_of_service(delay_s: f64) -> char {
    let worse = LEVELS_S.iter().filter(|&&bound| delay_s > bound).count();
    ['A', 'B', 'C', 'D', 'E', 'F'][worse]
}

impl Slot {
    /// Mean wait \[s/veh\]; `None` where nobody passed.
    pub fn delay_s(&self) -> Option<f64> {
        (self.vehicles > 0).then(|| self.waited_s / self.vehicles as f64)
    }

    /// Wait that nine of ten do not exceed \[s\], to a class of 5 s between neighbours in proportion; 300 stands for more.
    pub fn p90_s(&self) -> Option<f64> {
        let (wanted, mut below) = (0.9 * self.vehicles as f64, 0.0);
        for (class, &count) in self.classes.iter().enumerate().filter(|(_, count)| **count > 0) {
            let here = f64::from(count);
            if below + here >= wanted {
                let place = (class as f64 + (wanted - below) / here) * CLASS_S;
                return Some(place.min(CLASS_S * (CLASSES - 1) as f64));
            }
            below += here;
        }
        None
    }

    /// Share of the arrivals that were on green, 0…1.
    pub fn on_green(&self) -> Option<f64> {
        (self.arrivals.0 > 0).then(|| self.arrivals.1 as f64 / self.arrivals.0 as f64)
    }

    fn passed(&mut self, wait_s: f64) {
        self.vehicles += 1;
        self.waited_s += wait_s;
        self.classes[((wait_s / CLASS_S) as usize).min(CLASSES - 1)] += 1;
    }

    fn arrived(&mut self, lane: usize, count: u32, green: bool) {
        let on_green = if green { count } else { 0 };
        self.lanes[lane].0 += count;
        self.lanes[lane].1 += on_green;
        self.arrivals.0 += u64::from(count);
        self.arrivals.1 += u64::from(on_green);
    }
}

impl AddAssign<&Slot> for Slot {
    /// The sum keeps its own begin; lanes are those of one intersection or of none.
    fn add_assign(&mut self, other: &Self) {
        self.vehicles += other.vehicles;
        self.waited_s += other.waited_s;
        self.classes.iter_mut().zip(other.classes).for_each(|(sum, more)| *sum += more);
        self.greens += other.greens;
        self.failures += other.failures;
        self.lanes.iter_mut().zip(&other.lanes).for_each(|(sum, more)| *sum = (sum.0 + more.0, sum.1 + more.1));
        self.arrivals = (self.arrivals.0 + other.arrivals.0, self.arrivals.1 + other.arrivals.1);
    }
}

/// Watches one intersection.
#[derive(Debug, Clone)]
pub struct Quality {
    line: StopLine,
    lanes: Vec<Lane>,
    slot: Slot,
    at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Lane {
    groups: Vec<usize>,
    green: bool,
    /// When its last green ended, until that was judged.
    ended: Option<Timestamp>,
}

impl Quality {
    /// Of an intersection of which nothing was seen.
    pub fn new(intersection: &Intersection) -> Self {
        let lane = |it: &Street| Lane {
            groups: it.movements.iter().map(|movement| intersection.movements[movement.0].group.0).collect(),
            green: false,
            ended: None,
        };
        let lanes: Vec<Lane> = intersection.lanes.iter().map(lane).collect();
        let slot = Slot { lanes: vec![(0, 0); lanes.len()], ..Slot::default() };
        Self { line: StopLine::new(intersection), lanes, slot, at: None }
    }

    /// One second: lamps up to now, counts of it. A slot that is over is given out; after a pause it begins anew.
    pub fn second(&mut self, shown: &Shown, seen: &Observation) -> Option<Slot> {
        let at = seen.at;
        if self.at == Some(at) {
            return None;
        }
        let goes_on = self.at.is_some_and(|last| at > last && at - last <= GAP_MAX);
        self.at = Some(at);
        if !goes_on {
            self.line.forget();
            self.lanes.iter_mut().for_each(|lane| lane.ended = None);
        }
        let finished = self.turn(at);
        for passage in self.line.count(seen) {
            // Whoever passes before he was to arrive has arrived on green.
            self.slot.arrived(passage.lane.0, u32::from(!passage.told), true);
            self.slot.passed((passage.at - passage.due).as_secs_f64().max(0.0));
        }
        let arrived = self.line.arrived(at);
        for (ix, (lane, count)) in self.lanes.iter_mut().zip(arrived).enumerate() {
            lane.look(LaneIx(ix), shown, &self.line, at, &mut self.slot);
            self.slot.arrived(ix, count, lane.green);
        }
        finished
    }

    /// The slot that an instant belongs to begins; the one before is given out when anybody passed in it.
    fn turn(&mut self, at: Timestamp) -> Option<Slot> {
        let begin = Timestamp(at.0 - at.0.rem_euclid(SLOT.0));
        if begin == self.slot.begin {
            return None;
        }
        let fresh = Slot { begin, lanes: vec![(0, 0); self.lanes.len()], ..Slot::default() };
        let last = std::mem::replace(&mut self.slot, fresh);
        (last.vehicles > 0 || last.arrivals.0 > 0).then_some(last)
    }
}

impl Lane {
    /// Greens that end, and who is left of them.
    fn look(&mut self, ix: LaneIx, shown: &Shown, line: &StopLine, at: Timestamp, slot: &mut Slot) {
        let green = self.groups.iter().any(|&group| shown.groups[group].indication.is_green());
        if self.green && !green {
            self.ended = Some(at);
            slot.greens += 1;
        }
        self.green = green;
        if let Some(ended) = self.ended.filter(|&ended| at - ended >= AFTER_GREEN) {
            slot.failures += u64::from(line.left(ix, ended) >= LEFT);
            self.ended = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::tests::seen;
    use super::*;
    use crate::network::sample::{THROUGH_EW, THROUGH_NS, crossroads, lane};

    /// Lane 0 has green in the first 30 of each 60 s; counts and passages of each second are given. The sum of all slots.
    fn watched(seconds: i64, counts: impl Fn(i64) -> (u32, u32)) -> Slot {
        let mut intersection = crossroads();
        intersection.lanes.iter_mut().for_each(|lane| lane.zone_m = 10.0 * lane.speed_mps);
        let mut quality = Quality::new(&intersection);
        let mut shown = Shown::all_red(&intersection, Timestamp(0));
        let mut sum = Slot { lanes: vec![(0, 0); intersection.lanes.len()], ..Slot::default() };
        for second in 0..seconds {
            let stage = if second.rem_euclid(60) < 30 { THROUGH_NS } else { THROUGH_EW };
            let at = Timestamp::from_secs(second);
            shown.advance(at, Some(stage), &intersection.stage(stage).signals);
            let (count, passed) = counts(second);
            if let Some(slot) = quality.second(&shown, &seen(second, &[(lane(0, 0).0, count, passed)])) {
                sum += &slot;
            }
        }
        sum
    }

    #[test]
    fn a_wait_is_passage_minus_arrival_and_levels_are_those_of_the_manual() {
        // Enters at 25 s of each minute, arrives at 34.5 s, passes at 61 s: 26 s of waiting, never on green.
        let sum = watched(1_200, |second| {
            let into = second.rem_euclid(60);
            (u32::from(into >= 25 || (into < 1 && second >= 60)), u32::from(into == 1 && second >= 60))
        });
        assert!(sum.vehicles >= 14, "{sum:?}");
        assert!(
            (sum.delay_s().unwrap() - 26.0).abs() < 0.01 && (25.0..=30.0).contains(&sum.p90_s().unwrap()),
            "{sum:?}"
        );
        assert!(sum.on_green().unwrap().abs() < 1e-9 && sum.failures == 0 && sum.greens >= 14);
        let levels: String = [10.0, 10.1, 35.0, 54.0, 79.0, 81.0].into_iter().map(level_of_service).collect();
        assert_eq!(levels, "ABCDEF");
    }

    #[test]
    fn a_green_that_leaves_two_behind_has_failed() {
        // Five come between 40 and 44 s of each minute; two pass in each green: the queue grows.
        let sum = watched(900, |second| {
            let (minute, into) = (second / 60, second.rem_euclid(60));
            let came = 5 * minute + (into - 39).clamp(0, 5);
            let gone = 2 * minute.max(1) - 2 + if minute >= 1 { (into - 5).clamp(0, 2) } else { 0 };
            ((came - gone).max(0) as u32, u32::from(minute >= 1 && (into == 6 || into == 7)))
        });
        assert!(sum.failures >= 9 && sum.failures <= sum.greens, "{sum:?}");
        assert!(sum.delay_s().unwrap() > 60.0);
    }

    #[test]
    fn a_lane_that_is_not_heard_for_a_while_begins_anew() {
        let mut intersection = crossroads();
        intersection.lanes.iter_mut().for_each(|lane| lane.zone_m = 10.0 * lane.speed_mps);
        let mut quality = Quality::new(&intersection);
        let shown = Shown::all_red(&intersection, Timestamp(0));
        quality.second(&shown, &seen(0, &[(0, 0, 0)]));
        quality.second(&shown, &seen(1, &[(0, 3, 0)]));
        quality.second(&shown, &seen(60, &[(0, 3, 0)]));
        quality.second(&shown, &seen(61, &[(0, 2, 1)]));
        assert_eq!(quality.slot.vehicles, 0, "nobody knows when the one who passed had come");
    }
}
