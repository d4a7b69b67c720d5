//! Trip records of SUMO → the figures of a run.
//!
//! Every vehicle that should have departed in [begin, end) is *demanded*: it finished, is still under way, or was never inserted.
//! SUMO writes all three (`--tripinfo-output.write-unfinished`, `--tripinfo-output.write-undeparted`, both in 1.9.1 and 1.28),
//! so flows and random departures are counted as SUMO drew them. A vehicle that was never inserted has `depart="-1"` and as
//! `departDelay` the time from its departure to the end; those with 0 should depart at the end itself and are not demanded.
//!
//! | figure | meaning |
//! |---|---|
//! | `delay_s` | RESCO's: (Σ `timeLoss` + `departDelay` of inserted vehicles + Σ (end − depart) of never inserted ones) / demanded |
//! | `time_loss_s` | Σ `timeLoss` / inserted: time lost on the road against free driving |
//! | `travel_time_s` | (Σ `duration` + `departDelay` of inserted + Σ (end − depart) of never inserted) / demanded: the whole route, waiting to get in included, cut off at the end |
//! | `wait_s` | Σ `waitingTime` / inserted: time at less than 0.1 m/s |
//! | `stops` | Σ `waitingCount` / inserted: times of falling below 0.1 m/s |
//! | `mean_speed_mps` | Σ `routeLength` / Σ `duration` |
//! | `demanded`, `finished`, `never_departed` | vehicles |
//! | `unsafe` | violations that the referee saw in the lamps; what counts: [`super::watch`] |
//! | `decisions`, `decision_us_p50`, `decision_us_p99` | decisions of the engine's controllers, and how long each took with all that it absorbed in that second |
//!
//! Weakness: a vehicle that is still under way at the end counts with the delay it has had so far.

use super::error::CosimError;
use super::xml;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Sums over the trips of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Trips {
    inserted: u64,
    finished: u64,
    never_departed: u64,
    time_loss_s: f64,
    depart_delay_s: f64,
    outside_s: f64,
    duration_s: f64,
    wait_s: f64,
    stops: f64,
    distance_m: f64,
}

/// A vehicle that got in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inserted {
    /// How long it waited outside \[s\].
    pub depart_delay_s: f64,
    /// Whether it got to its end.
    pub arrived: bool,
    /// Time lost on the road \[s\].
    pub time_loss_s: f64,
    /// Time on the road \[s\].
    pub duration_s: f64,
    /// Time at less than 0.1 m/s \[s\].
    pub wait_s: f64,
    /// Times of falling below 0.1 m/s.
    pub stops: f64,
    /// Way driven \[m\].
    pub distance_m: f64,
}

/// The line that a run prints, keys in this order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Delay a demanded vehicle \[s\], RESCO's definition.
    pub delay_s: f64,
    /// Time loss an inserted vehicle \[s\].
    pub time_loss_s: f64,
    /// Time from the wished departure to the arrival (or the end) a demanded vehicle \[s\].
    pub travel_time_s: f64,
    /// Standing time an inserted vehicle \[s\].
    pub wait_s: f64,
    /// Stops an inserted vehicle.
    pub stops: f64,
    /// Distance over time of all inserted vehicles \[m/s\].
    pub mean_speed_mps: f64,
    /// Vehicles that should have departed.
    pub demanded: u64,
    /// Vehicles that arrived.
    pub finished: u64,
    /// Vehicles that never got in.
    pub never_departed: u64,
    /// Violations that the monitor saw in the lamps.
    #[serde(rename = "unsafe")]
    pub violations: u64,
    /// Decisions that our controllers made; 0 when the programmes of SUMO ran.
    pub decisions: u64,
    /// Median time of a decision \[µs\]; 0 without decisions.
    pub decision_us_p50: f64,
    /// 99th percentile of the time of a decision \[µs\]; 0 without decisions.
    pub decision_us_p99: f64,
}

impl Trips {
    /// Sum up a file of trip records.
    pub fn read(path: &Path) -> Result<Self, CosimError> {
        let mut trips = Self::default();
        xml::elements(path, |element| {
            if element.name() == "tripinfo" {
                let (depart, depart_delay_s) = (element.number("depart")?, element.number("departDelay")?);
                let inserted = Inserted {
                    depart_delay_s,
                    arrived: element.number("arrival")? >= 0.0,
                    time_loss_s: element.number("timeLoss")?,
                    duration_s: element.number("duration")?,
                    wait_s: element.number("waitingTime")?,
                    stops: element.number("waitingCount")?,
                    distance_m: element.number("routeLength")?,
                };
                if depart >= 0.0 {
                    trips.add(inserted);
                } else if depart_delay_s > 0.0 {
                    trips.add_waiting(depart_delay_s);
                }
            }
            Ok(())
        })?;
        Ok(trips)
    }

    /// A vehicle that got in.
    pub fn add(&mut self, trip: Inserted) {
        self.inserted += 1;
        self.finished += u64::from(trip.arrived);
        self.depart_delay_s += trip.depart_delay_s;
        self.time_loss_s += trip.time_loss_s;
        self.duration_s += trip.duration_s;
        self.wait_s += trip.wait_s;
        self.stops += trip.stops;
        self.distance_m += trip.distance_m;
    }

    /// A vehicle that never got in, and how long it has waited outside \[s\].
    pub fn add_waiting(&mut self, outside_s: f64) {
        self.never_departed += 1;
        self.outside_s += outside_s;
    }

    /// What all vehicles together waited to get in \[veh·s\].
    pub fn waited_outside_s(&self) -> f64 {
        self.depart_delay_s + self.outside_s
    }

    /// The figures, rounded to a thousandth; a run without vehicles has zeros. Times of decisions are in µs.
    pub fn results(&self, violations: u64, decisions: u64, mut decision_us: Vec<f64>) -> Results {
        let demanded = self.inserted + self.never_departed;
        let outside = self.waited_outside_s();
        decision_us.sort_by(f64::total_cmp);
        Results {
            delay_s: share(self.time_loss_s + outside, demanded as f64),
            time_loss_s: share(self.time_loss_s, self.inserted as f64),
            travel_time_s: share(self.duration_s + outside, demanded as f64),
            wait_s: share(self.wait_s, self.inserted as f64),
            stops: share(self.stops, self.inserted as f64),
            mean_speed_mps: share(self.distance_m, self.duration_s),
            demanded,
            finished: self.finished,
            never_departed: self.never_departed,
            violations,
            decisions,
            decision_us_p50: quantile(&decision_us, 0.50),
            decision_us_p99: quantile(&decision_us, 0.99),
        }
    }
}

fn share(sum: f64, of: f64) -> f64 {
    if of > 0.0 { thousandths(sum / of) } else { 0.0 }
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// The smallest value that at least this share of the sorted values does not exceed; 0 when there is none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().map_or(0.0, thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(records: &str) -> Result<Trips, CosimError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tripinfo.xml");
        std::fs::write(&path, format!("<tripinfos>{records}</tripinfos>")).unwrap();
        Trips::read(&path)
    }

    const ARRIVED: &str = r#"<tripinfo id="a" depart="10.00" departDelay="2.00" arrival="70.00" duration="60.00"
        routeLength="600.00" waitingTime="12.00" waitingCount="2" timeLoss="20.00" vaporized=""/>"#;
    const UNDER_WAY: &str = r#"<tripinfo id="b" depart="80.00" departDelay="0.00" arrival="-1.00" duration="20.00"
        routeLength="200.00" waitingTime="0.00" waitingCount="0" timeLoss="4.00" vaporized="end"/>"#;
    const OUTSIDE: &str = r#"<tripinfo id="c" depart="-1" departDelay="34.00" arrival="-1.00" duration="0.00"
        routeLength="4.40" waitingTime="0.00" waitingCount="0" timeLoss="0.00" vaporized="end"/>"#;
    const AT_THE_END: &str = r#"<tripinfo id="d" depart="-1" departDelay="0.00" arrival="-1.00" duration="0.00"
        routeLength="0.00" waitingTime="0.00" waitingCount="0" timeLoss="0.00" vaporized="end"/>"#;

    #[test]
    fn delay_counts_all_demanded_vehicles_and_nobody_else() {
        let results = read(&[ARRIVED, UNDER_WAY, OUTSIDE, AT_THE_END].concat()).unwrap().results(0, 0, vec![]);
        assert_eq!((results.demanded, results.finished, results.never_departed), (3, 1, 1));
        assert!((results.delay_s - 20.0).abs() < 1e-9, "(20 + 2 + 4 + 34) / 3: {results:?}");
        assert!((results.time_loss_s - 12.0).abs() < 1e-9);
        assert!((results.travel_time_s - 38.667).abs() < 1e-9, "(60 + 2 + 20 + 34) / 3: {results:?}");
        assert!((results.wait_s - 6.0).abs() < 1e-9);
        assert!((results.stops - 1.0).abs() < 1e-9);
        assert!((results.mean_speed_mps - 10.0).abs() < 1e-9);
    }

    #[test]
    fn the_keys_of_the_printed_line_are_fixed() {
        let line = serde_json::to_string(&read("").unwrap().results(0, 0, vec![])).unwrap();
        assert_eq!(
            line,
            r#"{"delay_s":0.0,"time_loss_s":0.0,"travel_time_s":0.0,"wait_s":0.0,"stops":0.0,"mean_speed_mps":0.0,"demanded":0,"finished":0,"never_departed":0,"unsafe":0,"decisions":0,"decision_us_p50":0.0,"decision_us_p99":0.0}"#
        );
    }

    #[test]
    fn decision_times_are_told_as_quantiles() {
        let times = (1..=200).rev().map(f64::from).collect();
        let results = Trips::default().results(3, 200, times);
        assert_eq!((results.violations, results.decisions), (3, 200));
        assert!((results.decision_us_p50 - 100.0).abs() < 1e-9 && (results.decision_us_p99 - 198.0).abs() < 1e-9);
    }

    #[test]
    fn a_record_without_a_figure_names_file_element_and_attribute() {
        let text = read(r#"<tripinfo id="a" depart="1"/>"#).unwrap_err().to_string();
        assert!(
            text.contains("tripinfo.xml") && text.contains("<tripinfo id=\"a\">") && text.contains("departDelay"),
            "{text}"
        );
    }
}
