//! Faults planted behind the gate: between a field controller and the lamps somebody bends what is shown, and the monitor must trip.
//!
//! In: a number of faults and a seed. Out: [`PlantedReport`]: how many were noticed, how soon, and whether the monitor stayed tripped. A controller that works
//! runs made-up intersections by itself; at moments that suit the drawn kind one string of lamps, 100 ms long, is replaced on its
//! way to the lamps. A copy of the monitor that has seen everything before gets the bent string, then good ones again for a minute.

use super::lots::Lots;
use super::site;
use crate::cosim::error::CosimError;
use crate::cosim::watch::{self, Judged};
use crate::field::{Calls, Field, FieldInput, FieldOutput, FieldSettings};
use crate::network::Intersection;
use crate::time::Timestamp;
use crate::units::lamps_to_string;
use serde::Serialize;
use simulator::monitor::{Monitor, MonitorTable};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Faults at one intersection.
const BATCH: u64 = 50;
/// Step \[ms\].
const TICK: i64 = 100;
/// Good lamps that follow a fault \[ticks\].
const AFTERWARDS: i64 = 600;
/// A moment that suits a kind comes within this time, or another kind is drawn \[ticks\].
const PATIENCE: i64 = 1_200;

/// What is planted.
const KINDS: [&str; 8] = [
    "conflicting_green",
    "yellow_left_out",
    "yellow_cut_short",
    "yellow_to_green",
    "green_cut_short",
    "clearance_cut_short",
    "lamp_missing",
    "unknown_letter",
];

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct PlantedReport {
    /// Seed.
    pub seed: u64,
    /// Faults that were planted.
    pub planted: u64,
    /// Of these noticed.
    pub noticed: u64,
    /// Of these still told a minute of good lamps later.
    pub latched: u64,
    /// Longest time from the bent lamps to the trip \[ms\].
    pub reaction_max_ms: i64,
    /// Trips without a fault.
    pub false_trips: u64,
    /// Planted by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The first that were missed.
    #[serde(skip)]
    pub told: Vec<String>,
}

impl PlantedReport {
    /// Whether every fault was noticed in time and stayed.
    pub const fn is_good(&self) -> bool {
        self.noticed == self.planted
            && self.latched == self.planted
            && self.reaction_max_ms <= TICK
            && self.false_trips == 0
    }
}

/// A controller that runs by itself, and the monitor that has watched it from the begin.
struct Bench {
    site: Intersection,
    table: MonitorTable,
    field: Field,
    monitor: Monitor,
    lots: Lots,
    at: i64,
    lamps: String,
    /// Since when each group shows its letter \[ms\].
    since: Vec<i64>,
    /// When each group was green last \[ms\].
    green_end: Vec<Option<i64>>,
}

/// Plant so many faults; `progress` is told how many are done, and says whether to go on.
///
/// # Errors
/// [`CosimError::Stopped`] when it says no.
pub fn run(
    seed: u64,
    faults: u64,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<PlantedReport, CosimError> {
    let mut report = PlantedReport { seed, ..PlantedReport::default() };
    let mut batch = 0;
    while report.planted < faults {
        let mut bench = Bench::new(Lots::new(seed, batch));
        batch += 1;
        bench.run(1_200);
        for _ in 0..BATCH.min(faults - report.planted) {
            let ticks = bench.lots.between(10, 210);
            bench.run(ticks);
            bench.plant(&mut report);
        }
        bench.monitor.finish();
        report.false_trips += bench.monitor.total();
        if progress(report.planted).is_break() {
            return Err(CosimError::Stopped);
        }
    }
    Ok(report)
}

impl Bench {
    fn new(mut lots: Lots) -> Self {
        let site = site::intersection(&mut lots, "x");
        let table = MonitorTable { max_red_ms: None, ..watch::table(&site, Judged::Engine) };
        let mut monitor = Monitor::new();
        monitor.watch("x", table.clone());
        let groups = site.groups.len();
        let field = Field::new(&site, FieldSettings::default(), 1);
        Self {
            site,
            table,
            field,
            monitor,
            lots,
            at: 0,
            lamps: String::new(),
            since: vec![0; groups],
            green_end: vec![None; groups],
        }
    }

    fn run(&mut self, ticks: i64) {
        for _ in 0..ticks {
            self.tick();
            self.monitor.observe("x", self.at, &self.lamps);
        }
    }

    /// The next good lamps.
    fn tick(&mut self) {
        self.at += TICK;
        let mut inputs = vec![FieldInput::Tick];
        if self.at % 1_000 == 0 && self.lots.chance(0.9) {
            let lanes = self.site.lanes.iter().map(|_| Some(self.lots.chance(0.5))).collect();
            inputs.insert(0, FieldInput::Calls(Calls { lanes }));
        }
        for input in inputs {
            for output in self.field.handle(input, Timestamp(self.at)) {
                if let FieldOutput::Lamps(lamps) = output {
                    self.note(&lamps_to_string(&lamps));
                }
            }
        }
    }

    fn note(&mut self, lamps: &str) {
        let green = |letter: u8| letter.eq_ignore_ascii_case(&b'g');
        for (group, (&before, &now)) in self.lamps.as_bytes().iter().zip(lamps.as_bytes()).enumerate() {
            if before != now && !(green(before) && green(now)) {
                self.since[group] = self.at;
            }
            if green(before) && !green(now) {
                self.green_end[group] = Some(self.at);
            }
        }
        lamps.clone_into(&mut self.lamps);
    }

    /// Wait for a moment that suits a kind, bend one string, and see what the monitor makes of it.
    fn plant(&mut self, report: &mut PlantedReport) {
        let (kind, bent) = loop {
            let kind = self.lots.pick(&KINDS);
            let found = (0..PATIENCE).find_map(|_| {
                self.tick();
                let bent = self.bent(kind);
                if bent.is_none() {
                    self.monitor.observe("x", self.at, &self.lamps);
                }
                bent
            });
            if let Some(bent) = found {
                break (kind, bent);
            }
        };
        let mut watching = self.monitor.clone();
        let (planted_at, good) = (self.at, self.lamps.clone());
        watching.observe("x", planted_at, &bent);
        self.monitor.observe("x", self.at, &self.lamps);
        let mut tripped = None;
        for _ in 0..AFTERWARDS {
            self.run(1);
            watching.observe("x", self.at, &self.lamps);
            if tripped.is_none() {
                tripped = watching.tripped("x").map(|_| self.at);
            }
        }
        report.planted += 1;
        *report.kinds.entry(kind).or_default() += 1;
        report.noticed += u64::from(tripped.is_some());
        report.latched += u64::from(watching.tripped("x") == Some(planted_at));
        report.reaction_max_ms = report.reaction_max_ms.max(tripped.map_or(i64::MAX, |at| at - planted_at));
        if watching.tripped("x") != Some(planted_at) && report.told.len() < 5 {
            let noticed = watching.tripped("x").map_or_else(|| "never".to_owned(), |at| format!("at {at} ms"));
            report.told.push(format!("{kind}: {bent} in place of {good} at {planted_at} ms was noticed {noticed}"));
        }
    }

    /// What is shown in place of the good lamps, if this is a moment for it.
    fn bent(&self, kind: &str) -> Option<String> {
        let good = self.lamps.as_bytes();
        let green = |group: usize| good[group].eq_ignore_ascii_case(&b'g');
        let age = |group: usize| self.at - self.since[group];
        let groups = 0..good.len();
        let has_yellow = |group: usize| !self.table.without_yellow.contains(&group);
        let with = |group: usize, letter: u8| {
            let mut bent = good.to_vec();
            bent[group] = letter;
            String::from_utf8(bent).ok()
        };
        match kind {
            "conflicting_green" => {
                let yields = |a, b| self.table.yields.contains(&(a, b));
                let clash = |&(a, b): &(usize, usize)| green(a) && !green(b) && !yields(a, b) && !yields(b, a);
                let both = self.table.conflicts.iter().flat_map(|&(a, b)| [(a, b), (b, a)]);
                both.into_iter().find(clash).and_then(|(_, b)| with(b, b'G'))
            }
            "yellow_left_out" => {
                let shown = |it: &usize| green(*it) && has_yellow(*it) && age(*it) >= TICK;
                groups.into_iter().find(shown).and_then(|it| with(it, b'r'))
            }
            "yellow_cut_short" => {
                let young = |it: &usize| good[*it] == b'y' && (TICK..self.table.min_yellow_ms).contains(&age(*it));
                groups.into_iter().find(young).and_then(|it| with(it, b'r'))
            }
            "yellow_to_green" => {
                let shown = |it: &usize| good[*it] == b'y' && age(*it) >= TICK;
                groups.into_iter().find(shown).and_then(|it| with(it, b'G'))
            }
            "green_cut_short" => {
                let young = |it: &usize| green(*it) && (TICK..self.table.min_green_ms).contains(&age(*it));
                groups.into_iter().find(young).and_then(|it| with(it, if has_yellow(it) { b'y' } else { b'r' }))
            }
            "clearance_cut_short" => {
                let uncleared = |(&(clearing, entering), &needed): (&(usize, usize), &i64)| {
                    let gone = self.green_end[clearing].map(|end| self.at - end);
                    let early = !green(clearing) && gone.is_some_and(|gone| gone < needed);
                    // Who is red from now on would only be green for longer.
                    (early && good[entering] == b'r' && age(entering) >= TICK).then_some(entering)
                };
                self.table.clearance_ms.iter().find_map(uncleared).and_then(|it| with(it, b'G'))
            }
            "lamp_missing" => Some(self.lamps[1..].to_owned()),
            _ => with(0, b'x'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monitor_notices_whatever_is_planted_within_a_tick_and_does_not_forget_it() {
        let report = run(3, 150, &mut |_| ControlFlow::Continue(())).unwrap();
        assert!(report.is_good(), "{report:?}");
        assert_eq!(report.kinds.len(), KINDS.len(), "{report:?}");
    }
}
