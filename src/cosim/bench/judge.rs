//! Records of runs → figures of each controller on each map over the seeds, and what is asked against what is reached.
//!
//! In: records, bars. Out: [`Cell`]s and [`Verdict`]s. Signal delay is delay minus the conflict-free floor of the same map and
//! seed. Differences are adaptive minus other, paired by seed. A run counts as locked up by [`Record::is_locked_up`]; it stays
//! in every mean.

use super::maps::Map;
use super::run::{Record, Who};
use super::table::Asked;
use crate::cosim::causes::Cause;
use crate::cosim::controller_name::ControllerName;
use crate::statistics::{Interval, Summary, mean};
use serde::Serialize;
use std::collections::BTreeMap;

/// Movements that are told by name.
const MOVEMENTS_TOLD: usize = 8;

/// Whose bars these are.
const ADAPTIVE: Who = Who::Controller(ControllerName::Adaptive);

/// One controller on one map in one version of SUMO.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Version of SUMO.
    pub sumo: String,
    /// Map.
    pub map: String,
    /// Who decided.
    pub who: Who,
    /// Variant; empty = plain.
    pub variant: String,
    /// Delay of each seed \[s/vehicle\].
    pub delays: BTreeMap<u32, f64>,
    /// Over the seeds \[s/vehicle\].
    pub delay: Summary,
    /// Mean delay above the floor \[s/vehicle\]; none where the floor was not run.
    pub signal_delay_s: Option<f64>,
    /// Runs that were locked up at their end.
    pub locked_up: usize,
    /// Mean of mean speeds \[m/s\].
    pub speed_mps: f64,
    /// Mean travel time \[s\].
    pub travel_time_s: f64,
    /// Mean number of stops.
    pub stops: f64,
    /// Mean of the 90th percentiles of standing times \[s\].
    pub wait_p90_s: f64,
    /// Mean share of the demanded vehicles that arrived.
    pub finished: f64,
    /// Violations that the monitor saw, all seeds.
    pub violations: u64,
    /// Delay by cause, mean over the seeds \[s/vehicle\]; empty where nothing is known.
    pub lost_s: BTreeMap<Cause, f64>,
    /// Movements that lose most, all seeds, with their share of what is lost before signals.
    pub movements: Vec<(String, f64)>,
    /// Largest 99th percentile of the time of a decision \[ms\]; 0 without decisions.
    pub decision_p99_ms: f64,
}

/// Cells of all records, in the order in which their first records come.
pub fn cells(records: &[Record]) -> Vec<Cell> {
    let mut groups: Vec<Vec<&Record>> = Vec::new();
    let same = |a: &Record, b: &Record| a.sumo == b.sumo && a.map == b.map && a.who == b.who && a.variant == b.variant;
    for record in records {
        match groups.iter_mut().find(|group| same(group[0], record)) {
            Some(group) => group.push(record),
            None => groups.push(vec![record]),
        }
    }
    groups.iter().filter_map(|group| cell(group, records)).collect()
}

fn cell(group: &[&Record], all: &[Record]) -> Option<Cell> {
    let first = group.first()?;
    let of = |value: fn(&Record) -> f64| group.iter().map(|it| value(it)).collect::<Vec<_>>();
    let floor = |record: &Record| {
        let same = |it: &&Record| it.sumo == record.sumo && it.map == record.map && it.seed == record.seed;
        let floors = all.iter().filter(|it| it.who == Who::FLOOR).filter(same);
        floors.map(|it| it.results.delay_s).next()
    };
    let above: Option<Vec<f64>> = group.iter().map(|it| floor(it).map(|floor| it.results.delay_s - floor)).collect();
    Some(Cell {
        sumo: first.sumo.clone(),
        map: first.map.clone(),
        who: first.who,
        variant: first.variant.clone(),
        delays: group.iter().map(|it| (it.seed, it.results.delay_s)).collect(),
        delay: Summary::of(&of(|it| it.results.delay_s))?,
        signal_delay_s: above.map(|above| mean(&above)),
        locked_up: group.iter().filter(|it| it.is_locked_up()).count(),
        speed_mps: mean(of(|it| it.results.mean_speed_mps)),
        travel_time_s: mean(of(|it| it.results.travel_time_s)),
        stops: mean(of(|it| it.results.stops)),
        wait_p90_s: mean(of(|it| it.wait_p90_s)),
        finished: mean(of(|it| it.results.finished as f64 / (it.results.demanded.max(1)) as f64)),
        lost_s: lost_s(group),
        movements: movements(group),
        violations: group.iter().map(|it| it.results.violations).sum(),
        decision_p99_ms: of(|it| it.results.decision_us_p99).into_iter().fold(0.0, f64::max) / 1000.0,
    })
}

/// Delay by cause, mean over the seeds \[s/vehicle\].
fn lost_s(group: &[&Record]) -> BTreeMap<Cause, f64> {
    let mut lost = BTreeMap::new();
    for record in group {
        let share = 1.0 / (record.results.demanded.max(1) as f64 * group.len() as f64);
        for (&cause, seconds) in &record.lost.by_cause {
            *lost.entry(cause).or_insert(0.0) += share * seconds;
        }
    }
    lost
}

/// Movements that lose most and their share.
fn movements(group: &[&Record]) -> Vec<(String, f64)> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, lost) in group.iter().flat_map(|record| &record.lost.by_movement) {
        *sums.entry(name).or_default() += lost;
    }
    let all: f64 = sums.values().sum();
    let mut shares: Vec<(String, f64)> = sums.into_iter().map(|(name, sum)| (name.to_owned(), sum / all)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    shares.truncate(MOVEMENTS_TOLD);
    shares
}

/// One delay minus the other, paired by seed; `None` without a common seed.
pub fn difference(one: &Cell, other: &Cell) -> Option<Interval> {
    let pairs = one.delays.iter().filter_map(|(seed, delay)| Some(delay - other.delays.get(seed)?));
    Interval::of(&pairs.collect::<Vec<_>>())
}

/// Something that is asked, and what was reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Version of SUMO.
    pub sumo: String,
    /// Map.
    pub map: String,
    /// What is asked, in words.
    pub what: String,
    /// What was reached.
    pub reached: f64,
    /// What is required, or aimed at.
    pub asked: f64,
    /// Whether it is required, not only aimed at.
    pub is_must: bool,
    /// Whether it was reached.
    pub is_met: bool,
}

/// What is asked of plain adaptive control, against what it reached.
pub fn verdicts(cells: &[Cell], maps: &[Map], asked: Asked) -> Vec<Verdict> {
    let adaptive = cells.iter().filter(|it| it.who == ADAPTIVE && it.variant.is_empty());
    adaptive.flat_map(|cell| of_cell(cell, cells, maps, asked)).collect()
}

fn of_cell(cell: &Cell, cells: &[Cell], maps: &[Map], asked: Asked) -> Vec<Verdict> {
    let say = |what: &str, reached: f64, limit: f64, is_must: bool, is_met: bool| Verdict {
        sumo: cell.sumo.clone(),
        map: cell.map.clone(),
        what: what.to_owned(),
        reached,
        asked: limit,
        is_must,
        is_met,
    };
    let bar = maps.iter().find(|map| map.name == cell.map).map(|map| map.entry.bar(&cell.sumo)).unwrap_or_default();
    let (mean, worst) = (cell.delay.mean, cell.delay.max);
    let mut found = Vec::new();
    found.extend(bar.must_s.map(|most| say("mean delay [s] at most", mean, most, true, mean <= most)));
    found.extend(bar.seed_max_s.map(|most| say("delay of every seed [s] at most", worst, most, true, worst <= most)));
    found.extend(
        bar.published_s.map(|best| say("mean delay [s] below the best published", mean, best, true, mean < best)),
    );
    found.extend(bar.aim_s.map(|most| say("mean delay [s] at most", mean, most, false, mean <= most)));
    let speed = |name| {
        let is = |it: &&Cell| it.who == Who::Controller(name) && it.sumo == cell.sumo && it.map == cell.map;
        cells.iter().filter(is).find(|it| it.variant.is_empty()).map(|it| it.speed_mps)
    };
    if let (Some(webster), Some(actuated)) = (speed(ControllerName::Webster), speed(ControllerName::Actuated)) {
        let gain = cell.speed_mps / webster.max(actuated) - 1.0;
        for (share, is_must) in [(asked.speed_must, true), (asked.speed_aim, false)] {
            let what = "mean speed above the better of webster and actuated [%] at least";
            found.push(say(what, 100.0 * gain, 100.0 * share, is_must, gain >= share));
        }
    }
    let (took, limit) = (cell.decision_p99_ms, asked.decision_p99_ms);
    found.push(say("99 % of the decisions within [ms]", took, limit, true, took <= limit));
    found.push(say("unsafe lamps", cell.violations as f64, 0.0, true, cell.violations == 0));
    found
}

#[cfg(test)]
mod tests {
    use super::super::ablation::PLAIN;
    use super::super::run::tests::{record, run};
    use super::*;
    use crate::cosim::bench::table::Table;
    use crate::cosim::witness::Standing;

    fn seeds(who: Who, delays: &[f64]) -> Vec<Record> {
        let runs = delays.iter().zip(1..);
        runs.map(|(&delay, seed)| record(&run(who, &PLAIN, seed), delay)).collect()
    }

    fn of(name: ControllerName, delays: &[f64]) -> Vec<Record> {
        seeds(Who::Controller(name), delays)
    }

    #[test]
    fn signal_delay_is_above_the_floor_of_the_same_seed_and_lock_ups_are_counted() {
        let mut records = [of(ControllerName::Adaptive, &[12.0, 14.0]), seeds(Who::FLOOR, &[2.0, 3.0])].concat();
        records[1].standing = Standing { lanes: 1, longest_s: 400.0 };
        let cells = cells(&records);
        assert_eq!(cells.len(), 2);
        assert!((cells[0].signal_delay_s.unwrap() - 10.5).abs() < 1e-9);
        assert_eq!((cells[0].locked_up, cells[0].delay.runs), (1, 2));
        assert!(self::cells(&records[..2])[0].signal_delay_s.is_none());
    }

    #[test]
    fn differences_are_paired_by_seed() {
        let records = [of(ControllerName::Adaptive, &[10.0, 30.0]), of(ControllerName::Greedy, &[12.0, 32.0])].concat();
        let cells = cells(&records);
        let it = difference(&cells[0], &cells[1]).unwrap();
        assert!((it.mean + 2.0).abs() < 1e-9 && it.half < 1e-9, "{it:?}");
    }

    #[test]
    fn bars_are_met_or_missed_by_what_the_table_says() {
        let text = "[asked]\nspeed_must = 0.5\nspeed_aim = 3.0\ndecision_p99_ms = 2.0\n[maps.m]\n\
                    bar.\"1.28\" = { must_s = 20.0, aim_s = 10.0, seed_max_s = 25.0, published_s = 20.0, source = \"x\" }";
        let table = Table::parse(text, "t").unwrap();
        let it = run(Who::FLOOR, &PLAIN, 1);
        let map = Map { entry: table.entry("m", None).unwrap(), ..(*it.map).clone() };
        let records = [
            of(ControllerName::Adaptive, &[14.0, 26.0]),
            of(ControllerName::Webster, &[40.0, 60.0]),
            of(ControllerName::Actuated, &[90.0, 90.0]),
        ];
        let verdicts = verdicts(&cells(&records.concat()), &[map], table.asked());
        let told: Vec<_> = verdicts.iter().map(|it| (it.is_must, it.is_met)).collect();
        let wanted = [(true, true), (true, false), (true, false), (false, false), (true, true), (false, false)];
        assert_eq!(told, [&wanted[..], &[(true, true), (true, true)]].concat());
    }
}
