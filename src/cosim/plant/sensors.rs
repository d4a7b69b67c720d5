//! The sensors of a network on the simulator's street, and what they deliver as counts.
//!
//! A stop-bar loop becomes a loop, a zone a zone; exactly those that `Intersection::detectors` lists. The message of an
//! intersection has one entry a lane and one a feeder that a zone or loop watches and that delivered in this second:
//!
//! | count | from | meaning |
//! |---|---|---|
//! | `count` | zone | vehicles whose front bumper is in the zone at the end of the second |
//! | `halted` | zone | those below 0.1 m/s |
//! | `passed` | loop | vehicles that passed in the second; 0 on feeders |
//! | `mean_speed_mps` | zone | mean speed while somebody is there \[m/s\] |
//!
//! Readings that arrive late or twice become messages of their own with the time that they tell of, after the message of
//! the second. Detectors lie as the plant makes them lie; nothing is mended here.

use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::network::{DetectorPlace, DetectorRole, Intersection, Network};
use crate::time::{Millis, Timestamp};
use simulator::detector::{Detectors, Loop, Reading, Seen, Source, Zone};
use simulator::street::Street;
use std::collections::{BTreeMap, BTreeSet};

/// Length of a period.
const PERIOD: Millis = Millis::from_secs(1);

/// Where the readings of a detector go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Target {
    intersection: usize,
    place: CountedPlace,
}

/// One detector of the network as the simulator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Position of its intersection.
    pub intersection: usize,
    /// Lane that it lies on.
    pub lane: String,
    /// What it watches.
    pub role: DetectorRole,
    /// Its number in the simulator.
    pub source: Source,
}

/// All sensors of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensors {
    loops: Vec<Target>,
    zones: Vec<Target>,
    /// Counted places of each intersection, in order.
    places: Vec<Vec<CountedPlace>>,
    /// For each detector where it is.
    pub placed: Vec<Placed>,
    seq: u64,
}

impl Sensors {
    /// Lay the detectors of a network; those on lanes that the street does not have are left out.
    pub fn lay(network: &Network, street: &Street) -> (Self, Detectors) {
        let mut detectors = Detectors::default();
        let mut sensors = Self { loops: Vec::new(), zones: Vec::new(), places: Vec::new(), placed: Vec::new(), seq: 0 };
        let lanes: BTreeMap<&str, usize> =
            street.lanes.iter().enumerate().map(|(at, lane)| (lane.id.as_str(), at)).collect();
        for (ix, intersection) in network.intersections.iter().enumerate() {
            let mut places = BTreeSet::new();
            for detector in &intersection.detectors {
                let (place, lane) = place(intersection, detector.place);
                let Some(&at) = lanes.get(lane) else { continue };
                let length = street.lanes[at].length_m;
                let end_m = (length - detector.distance_m).clamp(0.0, length);
                let target = Target { intersection: ix, place };
                let source = match detector.role {
                    DetectorRole::StopBar => {
                        detectors.loops.push(Loop { lane: at.into(), at_m: end_m });
                        sensors.loops.push(target);
                        Source::Loop(sensors.loops.len() - 1)
                    }
                    DetectorRole::Zone => {
                        let begin_m = (end_m - detector.length_m).max(0.0);
                        detectors.zones.push(Zone { pieces: vec![(at.into(), begin_m, end_m)] });
                        sensors.zones.push(target);
                        Source::Zone(sensors.zones.len() - 1)
                    }
                    DetectorRole::Advance => continue,
                };
                places.insert(place);
                let (lane, role) = (lane.to_owned(), detector.role);
                sensors.placed.push(Placed { intersection: ix, lane, role, source });
            }
            sensors.places.push(places.into_iter().collect());
        }
        (sensors, detectors)
    }

    /// What is known before the first second: every place is empty.
    pub fn nothing_yet(&mut self, at: Timestamp) -> Vec<Observation> {
        self.seq += 1;
        let places = self.places.iter().map(|places| places.iter().map(|&place| nothing(place)).collect());
        places.map(|places| Observation { at, seq: self.seq, period: PERIOD, places }).collect()
    }

    /// What arrived in the second that ends at `at`: the message of each intersection, then late and repeated ones.
    pub fn deliver(&mut self, readings: &[Reading], at: Timestamp) -> (Vec<Observation>, Vec<(usize, Observation)>) {
        self.seq += 1;
        let mut now: Vec<BTreeMap<CountedPlace, PlaceCount>> = vec![BTreeMap::new(); self.places.len()];
        let mut besides: BTreeMap<(usize, Timestamp), BTreeMap<CountedPlace, PlaceCount>> = BTreeMap::new();
        let mut seen: BTreeSet<(Source, i64)> = BTreeSet::new();
        for reading in readings {
            let target = self.target(reading.source);
            let ends = Timestamp(((reading.at_s - 1e-6).floor() as i64 + 1) * 1000);
            let again = !seen.insert((reading.source, (reading.at_s * 1000.0).round() as i64));
            let entries = if ends == at && !again {
                &mut now[target.intersection]
            } else {
                besides.entry((target.intersection, ends.min(at))).or_default()
            };
            absorb(entries.entry(target.place).or_insert_with(|| nothing(target.place)), &reading.seen);
        }
        let message = |at, seq, places: BTreeMap<CountedPlace, PlaceCount>| Observation {
            at,
            seq,
            period: PERIOD,
            places: places.into_values().collect(),
        };
        let age = |ends: Timestamp| ((at - ends).0 / 1000).unsigned_abs();
        let counts = now.into_iter().map(|places| message(at, self.seq, places)).collect();
        let besides = besides.into_iter();
        let stragglers = besides
            .map(|((ix, ends), places)| (ix, message(ends, self.seq.saturating_sub(age(ends)), places)))
            .collect();
        (counts, stragglers)
    }

    fn target(&self, source: Source) -> Target {
        match source {
            Source::Loop(at) => self.loops[at],
            Source::Zone(at) => self.zones[at],
        }
    }
}

fn place(intersection: &Intersection, place: DetectorPlace) -> (CountedPlace, &str) {
    match place {
        DetectorPlace::Lane(lane) => (CountedPlace::Lane(lane), intersection.lanes[lane.0].id.as_str()),
        DetectorPlace::Feeder(feeder) => (CountedPlace::Feeder(feeder), intersection.feeders[feeder.0].id.as_str()),
    }
}

fn nothing(place: CountedPlace) -> PlaceCount {
    PlaceCount { place, count: 0, halted: 0, passed: 0, occupancy: None, mean_speed_mps: None }
}

/// Add what one detector tells to the entry of its place; of a zone that is read several times in a second the last counts.
fn absorb(entry: &mut PlaceCount, seen: &Seen) {
    match seen {
        Seen::Loop { passages, .. } => entry.passed += passages.len() as u32,
        Seen::Zone { count, halted, mean_speed_mps } => {
            (entry.count, entry.halted) = (*count, *halted);
            entry.mean_speed_mps = (*count > 0).then_some(mean_speed_mps.max(0.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::survey::survey;
    use crate::network::import::sumo::ImportOptions;
    use simulator::detector::Passage;
    use simulator::grid::Grid;

    fn laid() -> Sensors {
        let street = Street::build(Grid::bench(1, 1).files().0).expect("the chessboard is sound");
        let network = survey(&street, "x", &ImportOptions::default()).expect("it can be surveyed").network;
        Sensors::lay(&network, &street).0
    }

    fn zone(source: usize, at_s: f64, count: u32) -> Reading {
        Reading { source: Source::Zone(source), at_s, seen: Seen::Zone { count, halted: 1, mean_speed_mps: 2.0 } }
    }

    #[test]
    fn what_arrives_in_time_is_the_message_of_the_second() {
        let mut sensors = laid();
        let passage = |at_s| Passage { at_s, speed_mps: 5.0, length_m: 5.0 };
        let passages = vec![passage(6.2), passage(6.9)];
        let bar = Reading { source: Source::Loop(0), at_s: 7.0, seen: Seen::Loop { passages, occupied: 0.3 } };
        let (counts, stragglers) = sensors.deliver(&[bar, zone(0, 7.0, 4)], Timestamp::from_secs(7));
        assert_eq!((counts.len(), stragglers.len()), (1, 0));
        let lane = &counts[0].places[0];
        assert_eq!((counts[0].places.len(), lane.count, lane.halted, lane.passed), (1, 4, 1, 2));
    }

    #[test]
    fn halves_of_a_second_are_one_message_with_the_last_state_of_the_zone() {
        let (counts, _) = laid().deliver(&[zone(0, 6.5, 4), zone(0, 7.0, 5)], Timestamp::from_secs(7));
        assert_eq!(counts[0].places[0].count, 5);
    }

    #[test]
    fn late_and_repeated_readings_are_messages_of_their_own() {
        let readings = [zone(0, 7.0, 4), zone(0, 7.0, 4), zone(1, 3.0, 9)];
        let (counts, stragglers) = laid().deliver(&readings, Timestamp::from_secs(7));
        assert_eq!(counts[0].places.len(), 1);
        let told: Vec<(i64, u32)> = stragglers.iter().map(|(_, it)| (it.at.0, it.places[0].count)).collect();
        assert_eq!(told, [(3_000, 9), (7_000, 4)]);
    }

    #[test]
    fn a_detector_that_says_nothing_has_no_entry() {
        let (counts, _) = laid().deliver(&[], Timestamp::from_secs(7));
        assert!(counts[0].places.is_empty());
    }
}
