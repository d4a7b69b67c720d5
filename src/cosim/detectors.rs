//! The sensors of a network as SUMO detectors, and what they tell as counts.
//!
//! A stop-bar loop becomes an E1, a zone an E2; exactly those that `Intersection::detectors` lists. The message of an
//! intersection has one entry a lane and one a feeder that a zone or loop watches:
//!
//! | count | from | meaning |
//! |---|---|---|
//! | `count` | E2 | vehicles with any part in the zone at the end of the second |
//! | `halted` | E2 | those below 1.39 m/s for more than 1 s (SUMO's thresholds) |
//! | `passed` | E1 | vehicles whose back left the loop in the second; 0 on feeders |
//! | `occupancy`, `mean_speed_mps` | E2 | share of the zone covered 0…1; mean speed while somebody is there \[m/s\] |
//!
//! Where a lane has a loop at the upstream end of its zone and no zone (`DetectorRole::Advance`), `count` is the vehicles whose
//! back left that loop in the second; [`super::degrade::loops`] makes counts of it.
//!
//! No vehicle ids, routes or positions leave this module. A vehicle across the border of a zone and a feeder is in both.

use super::error::CosimError;
use super::traci::answer::{Told, passed};
use super::traci::command::Batch;
use super::traci::value::Value;
use super::traci::{Domain, TraciError, variable};
use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::network::{Detector, DetectorPlace, DetectorRole, Intersection, Network};
use crate::time::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Length of one step.
const STEP: Millis = Millis::from_secs(1);
/// In front of the number of a detector; keeps our ids apart from any in the network's own files.
const PREFIX: &str = "lightwatch.";

/// One SUMO detector.
#[derive(Debug, Clone, PartialEq)]
struct Sensor {
    /// Position of its intersection.
    intersection: usize,
    /// Position of its entry in the counts.
    entry: usize,
    domain: Domain,
    /// Whether it is a loop at the upstream end of its lane's zone.
    is_entry: bool,
    lane: String,
    /// From the begin of the lane \[m\].
    begin_m: f64,
    end_m: f64,
}

/// All detectors of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Detectors {
    sensors: Vec<Sensor>,
    /// Counted places of each intersection, in the order of its message.
    places: Vec<Vec<CountedPlace>>,
}

impl Detectors {
    /// The detectors of a network; `lanes_m` has the length of every lane of the SUMO file \[m\].
    pub fn new(network: &Network, lanes_m: &BTreeMap<String, f64>) -> Self {
        let mut sensors = Vec::new();
        let mut places = Vec::new();
        for (ix, intersection) in network.intersections.iter().enumerate() {
            let mut watched: Vec<CountedPlace> = intersection.detectors.iter().map(|it| it.place.into()).collect();
            watched.sort_unstable();
            watched.dedup();
            for detector in &intersection.detectors {
                let entry =
                    watched.binary_search(&detector.place.into()).expect("every detector's place was just listed");
                sensors.extend(sensor(intersection, detector, lanes_m).map(|sensor| Sensor {
                    intersection: ix,
                    entry,
                    ..sensor
                }));
            }
            places.push(watched);
        }
        Self { sensors, places }
    }

    /// The SUMO additional file.
    pub fn additional(&self) -> String {
        let mut text = String::from("<additional>\n");
        for (number, sensor) in self.sensors.iter().enumerate() {
            let lane = quick_xml::escape::escape(sensor.lane.as_str());
            // SUMO 1.9 knows the period as `freq` only; 1.28 still does. Nothing is written: the file is the null device.
            let (tag, place) = if sensor.domain == Domain::InductionLoop {
                ("inductionLoop", format!("pos=\"{}\"", sensor.begin_m))
            } else {
                ("laneAreaDetector", format!("pos=\"{}\" endPos=\"{}\"", sensor.begin_m, sensor.end_m))
            };
            writeln!(
                text,
                "  <{tag} id=\"{PREFIX}{number}\" lane=\"{lane}\" {place} freq=\"86400\" file=\"NUL\" friendlyPos=\"true\"/>"
            )
            .expect("writing to a string cannot fail");
        }
        text.push_str("</additional>\n");
        text
    }

    /// Subscriptions to all of them.
    pub fn subscriptions(&self) -> Batch {
        let mut batch = Batch::new();
        for (number, sensor) in self.sensors.iter().enumerate() {
            let variables: &[u8] = match sensor.domain {
                Domain::InductionLoop => &[variable::VEHICLE_DATA],
                _ => &[variable::VEHICLE_NUMBER, variable::HALTING_NUMBER, variable::MEAN_SPEED, variable::OCCUPANCY],
            };
            batch.subscribe(sensor.domain, &format!("{PREFIX}{number}"), variables);
        }
        batch
    }

    /// What is known before the first step: every place is empty. (What SUMO 1.9.1 tells then was never initialised.)
    pub fn nothing_yet(&self, seq: u64, at: Timestamp) -> Vec<Observation> {
        let places = self.places.iter().map(|places| places.iter().map(|&place| nothing(place)).collect());
        places.map(|places| Observation { at, seq, period: STEP, places }).collect()
    }

    /// What was told, as one observation an intersection, for the second that ends at `at`. What is told of other objects is
    /// left alone; a lane of which nothing is told has no entry.
    pub fn observe(&self, told: &[Told], seq: u64, at: Timestamp) -> Result<Vec<Observation>, CosimError> {
        let mut entries: Vec<Vec<Option<PlaceCount>>> =
            self.places.iter().map(|places| vec![None; places.len()]).collect();
        for told in told {
            let number = told.object.strip_prefix(PREFIX).and_then(|number| number.parse::<usize>().ok());
            let Some(sensor) = number.and_then(|number| self.sensors.get(number)) else { continue };
            let place = self.places[sensor.intersection][sensor.entry];
            let entry = entries[sensor.intersection][sensor.entry].get_or_insert_with(|| nothing(place));
            absorb(entry, told, sensor.is_entry, at)?;
        }
        let observation = |entries: Vec<Option<PlaceCount>>| Observation {
            at,
            seq,
            period: STEP,
            places: entries.into_iter().flatten().collect(),
        };
        Ok(entries.into_iter().map(observation).collect())
    }
}

/// The SUMO detector of a detector; `None` on lanes that SUMO does not know.
fn sensor(intersection: &Intersection, detector: &Detector, lanes_m: &BTreeMap<String, f64>) -> Option<Sensor> {
    let domain = match detector.role {
        DetectorRole::StopBar | DetectorRole::Advance => Domain::InductionLoop,
        DetectorRole::Zone => Domain::LaneArea,
    };
    let lane = match detector.place {
        DetectorPlace::Lane(lane) => intersection.lanes[lane.0].id.to_string(),
        DetectorPlace::Feeder(feeder) => intersection.feeders[feeder.0].id.to_string(),
    };
    let length = *lanes_m.get(&lane)?;
    let end_m = (length - detector.distance_m).clamp(0.0, length);
    let begin_m = (end_m - detector.length_m).max(0.0);
    let is_entry = detector.role == DetectorRole::Advance;
    Some(Sensor { intersection: 0, entry: 0, domain, is_entry, lane, begin_m, end_m })
}

fn nothing(place: CountedPlace) -> PlaceCount {
    PlaceCount { place, count: 0, halted: 0, passed: 0, occupancy: None, mean_speed_mps: None }
}

/// Add what one detector tells to the entry of its place.
fn absorb(entry: &mut PlaceCount, told: &Told, is_entry: bool, at: Timestamp) -> Result<(), TraciError> {
    let count = |variable| told.get(variable).and_then(Value::as_count).ok_or(TraciError::Type(variable));
    let number = |variable| told.get(variable).and_then(Value::as_double).ok_or(TraciError::Type(variable));
    if told.domain == Domain::InductionLoop {
        let data = told.get(variable::VEHICLE_DATA).ok_or(TraciError::Type(variable::VEHICLE_DATA))?;
        let vehicles = passed(data, at.as_secs_f64(), STEP.as_secs_f64())?;
        *(if is_entry { &mut entry.count } else { &mut entry.passed }) += vehicles;
        return Ok(());
    }
    entry.count += count(variable::VEHICLE_NUMBER)?;
    entry.halted += count(variable::HALTING_NUMBER)?;
    entry.occupancy = Some((number(variable::OCCUPANCY)? / 100.0).clamp(0.0, 1.0));
    let speed = number(variable::MEAN_SPEED)?;
    entry.mean_speed_mps = (entry.count > 0 && speed >= 0.0).then_some(speed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::LaneIx;
    use crate::network::sample;

    /// The sample crossroads with one loop and one zone on its first lane.
    fn street() -> (Network, BTreeMap<String, f64>) {
        let mut crossroads = sample::crossroads();
        let lane = crossroads.lanes[0].id.to_string();
        let at = |id: &str, role, distance_m, length_m| Detector {
            id: id.into(),
            role,
            place: DetectorPlace::Lane(LaneIx(0)),
            distance_m,
            length_m,
        };
        crossroads.detectors = vec![at("a", DetectorRole::StopBar, 1.0, 0.0), at("b", DetectorRole::Zone, 0.0, 60.0)];
        let network = Network { city: "c".into(), intersections: vec![crossroads], links: Vec::new() };
        (network, [(lane, 80.5)].into())
    }

    #[test]
    fn a_loop_and_a_zone_become_sumo_s_detectors() {
        let (network, lanes) = street();
        let text = Detectors::new(&network, &lanes).additional();
        assert!(
            text.contains(r#"<inductionLoop id="lightwatch.0" "#) && text.contains(r#" pos="79.5" freq"#),
            "{text}"
        );
        assert!(text.contains(r#"<laneAreaDetector id="lightwatch.1" "#), "{text}");
        assert!(text.contains(r#" pos="20.5" endPos="80.5" "#), "{text}");
    }

    #[test]
    fn a_zone_longer_than_its_lane_begins_with_the_lane() {
        let (network, _) = street();
        let lanes = [(network.intersections[0].lanes[0].id.to_string(), 40.0)].into();
        assert!(Detectors::new(&network, &lanes).additional().contains(r#"pos="0" endPos="40""#));
    }

    #[test]
    fn before_the_first_step_every_place_is_empty() {
        let (network, lanes) = street();
        let seen = Detectors::new(&network, &lanes).nothing_yet(1, Timestamp::from_secs(5));
        assert_eq!(seen[0].places, [nothing(CountedPlace::Lane(LaneIx(0)))]);
    }

    #[test]
    fn what_the_detectors_tell_becomes_one_entry_a_lane() {
        let (network, lanes) = street();
        let detectors = Detectors::new(&network, &lanes);
        let zone = Told {
            domain: Domain::LaneArea,
            object: "lightwatch.1".into(),
            values: vec![
                (variable::VEHICLE_NUMBER, Value::Int(4)),
                (variable::HALTING_NUMBER, Value::Int(3)),
                (variable::MEAN_SPEED, Value::Double(1.5)),
                (variable::OCCUPANCY, Value::Double(25.0)),
            ],
        };
        let vehicle = [
            Value::Int(1),
            Value::Text("v".into()),
            Value::Double(4.3),
            Value::Double(8.0),
            Value::Double(9.5),
            Value::Text("t".into()),
        ];
        let bar = Told {
            domain: Domain::InductionLoop,
            object: "lightwatch.0".into(),
            values: vec![(variable::VEHICLE_DATA, Value::Compound(vehicle.to_vec()))],
        };
        let stranger = Told { domain: Domain::LaneArea, object: "theirs".into(), values: Vec::new() };
        let seen = detectors.observe(&[bar, zone, stranger], 7, Timestamp::from_secs(10)).unwrap();
        assert_eq!((seen.len(), seen[0].seq, seen[0].places.len()), (1, 7, 1));
        let wanted = PlaceCount {
            place: CountedPlace::Lane(LaneIx(0)),
            count: 4,
            halted: 3,
            passed: 1,
            occupancy: Some(0.25),
            mean_speed_mps: Some(1.5),
        };
        assert_eq!(seen[0].places[0], wanted);
    }
}
