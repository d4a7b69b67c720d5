//! One row a run, for spreadsheets and scripts.

use super::super::run::{Record, Who};
use std::fmt::Write as _;

/// The columns, in order.
pub const COLUMNS: &str = "sumo,map,controller,variant,seed,delay_s,floor_s,travel_time_s,mean_speed_mps,stops,wait_p90_s,\
                           demanded,finished,never_departed,unsafe,decision_us_p50,decision_us_p99,locked_up,stuck_lanes,\
                           longest_stand_s";

/// The whole file.
pub fn csv(records: &[Record]) -> String {
    let mut text = format!("{COLUMNS}\n");
    for it in records {
        let same = |other: &&Record| other.sumo == it.sumo && other.map == it.map && other.seed == it.seed;
        let floor = records.iter().filter(|other| other.who == Who::FLOOR).find(same);
        let floor = floor.map_or_else(String::new, |floor| floor.results.delay_s.to_string());
        let r = &it.results;
        writeln!(
            text,
            "{},{},{},{},{},{},{floor},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            it.sumo,
            field(&it.map),
            it.who.name(),
            it.variant,
            it.seed,
            r.delay_s,
            r.travel_time_s,
            r.mean_speed_mps,
            r.stops,
            it.wait_p90_s,
            r.demanded,
            r.finished,
            r.never_departed,
            r.violations,
            r.decision_us_p50,
            r.decision_us_p99,
            it.is_locked_up(),
            it.standing.lanes,
            it.standing.longest_s,
        )
        .expect("writing to a string cannot fail");
    }
    text
}

/// A text in quotes where it needs them (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::super::ablation::PLAIN;
    use super::super::super::run::tests::{record, run};
    use super::*;
    use crate::cosim::controller_name::ControllerName;

    #[test]
    fn every_row_has_every_column_and_the_floor_of_its_seed() {
        let adaptive = Who::Controller(ControllerName::Adaptive);
        let mut records = vec![record(&run(adaptive, &PLAIN, 1), 12.0), record(&run(Who::FLOOR, &PLAIN, 1), 2.5)];
        for it in &mut records {
            it.map = "a, b".into();
        }
        let text = csv(&records);
        let row = text.lines().nth(1).unwrap();
        assert!(row.starts_with("1.28,\"a, b\",adaptive,,1,12,2.5,"), "{row}");
        assert_eq!(row.split(',').count(), COLUMNS.split(',').count() + 1);
    }
}
