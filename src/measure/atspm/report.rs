//! What was measured, as tables: one for each measure, a row a phase, a unit in the name of each column.
//!
//! Text, CSV and JSON are made of the same tables, so they cannot differ.

use super::phase::{Bin, Phase, Point};
use super::service::Service;
use super::{BIN, Signal};
use crate::measure::hires::channels::Channels;
use crate::measure::hires::instant;
use crate::time::{Millis, Timestamp};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A share of max-outs above which a phase is told, with at least so many services (UDOT ATSPM watchdog).
const MAX_OUTS: (f64, u64) = (0.9, 50);

/// One value of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A number with so many decimals.
    Number(f64, usize),
    /// There is none.
    None,
}

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// Tables that grow with time, with their columns; they are made row by row ([`Report::long`]).
pub const LONG: [(&str, &str); 3] = [
    ("bins", "signal,phase,begin,vehicles,arrivals,on_green,delay_s,services,failures"),
    ("points", "signal,phase,at,in_cycle_s,on_green"),
    ("services", "signal,phase,red_before,green,yellow,red,cleared,termination,gor,ror5,failed"),
];

/// What was measured.
#[derive(Debug, Clone)]
pub struct Report {
    /// One table a measure.
    pub tables: Vec<Table>,
    /// Phases with what is drawn of them, by signal and number.
    pub phases: Vec<OfPhase>,
    /// Points, bins and places for which there was no room.
    pub left_out: u64,
}

/// A phase.
#[derive(Debug, Clone)]
pub struct OfPhase {
    /// Its signal.
    pub signal: String,
    /// Its number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// Sums, bins, points and services.
    pub phase: Phase,
}

impl Report {
    pub(super) fn new(mut signals: Vec<Signal>, channels: &Channels, left_out: u64) -> Self {
        let mut phases = Vec::new();
        for signal in &mut signals {
            for (number, phase) in std::mem::take(&mut signal.phases) {
                let name = channels.phase_name(&signal.name, number).to_owned();
                phases.push(OfPhase { signal: signal.name.clone(), number, name, phase });
            }
        }
        Self { tables: tables(&signals, &phases), phases, left_out }
    }

    /// A table of a name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|it| it.name == name)
    }

    /// A table of [`LONG`] as lines of CSV, the head first; `None` for another name.
    pub fn long(&self, name: &str) -> Option<Box<dyn Iterator<Item = String> + '_>> {
        let (_, columns) = LONG.iter().find(|it| it.0 == name)?;
        let rows = match name {
            "bins" => many(&self.phases, |phase| &phase.bins, bin),
            "points" => many(&self.phases, |phase| &phase.points, point),
            _ => many(&self.phases, |phase| &phase.services, service),
        };
        Some(Box::new([(*columns).to_owned() + "\n"].into_iter().chain(rows.map(|row| csv_line(&row)))))
    }

    /// All tables for people; those without rows are left out.
    pub fn to_text(&self) -> String {
        let printed = self.tables.iter().filter(|it| !it.rows.is_empty());
        printed.map(|it| format!("\n{}\n{}", it.name, it.to_text())).collect::<Vec<_>>().concat()
    }

    /// All tables: `{name: [{column: value}]}`.
    pub fn to_json(&self) -> Value {
        Value::Object(self.tables.iter().map(|it| (it.name.to_owned(), it.to_json())).collect())
    }
}

/// One table a measure.
fn tables(signals: &[Signal], phases: &[OfPhase]) -> Vec<Table> {
    let table = |name, columns: &'static str, rows: Vec<Vec<Cell>>| Table {
        name,
        columns: columns.split(',').map(str::to_owned).collect(),
        rows,
    };
    let each = |of: fn(&Phase) -> Option<Vec<Cell>>| {
        let row = |it: &OfPhase| {
            let place = [Cell::Text(it.signal.clone()), Cell::Count(it.number.into()), Cell::Text(it.name.clone())];
            of(&it.phase).map(|cells| place.into_iter().chain(cells).collect::<Vec<_>>())
        };
        phases.iter().filter_map(row).collect::<Vec<_>>()
    };
    vec![
        table("signals", "signal,events,first,last,gaps", signals.iter().map(of_signal).collect()),
        table(
            "arrivals",
            "signal,phase,name,arrivals,on_green,on_yellow,on_red,on_green_share,green_share,platoon_ratio,delay_mean_s,delay_total_s",
            each(arrivals),
        ),
        table("volume", "signal,phase,name,vehicles,veh_per_h,peak_15min_veh_per_h", each(volume)),
        table(
            "splits",
            "signal,phase,name,services,green_mean_s,split_mean_s,split_p50_s,split_p85_s,split_max_s",
            each(splits),
        ),
        table(
            "terminations",
            "signal,phase,name,services,gap_out,max_out,force_off,preempted,unknown,max_out_run,remark",
            each(terminations),
        ),
        table("split_failures", "signal,phase,name,services,failures,failure_share,gor_mean,ror5_mean", each(failures)),
        table(
            "yellow_red",
            "signal,phase,name,vehicles,on_yellow,on_red_clearance,on_red,severe,red_share",
            each(yellow_red),
        ),
        table(
            "pedestrians",
            "signal,phase,presses,walks,delayed,delay_mean_s,delay_max_s",
            signals.iter().flat_map(pedestrians).collect(),
        ),
        table(
            "preemption",
            "signal,preempt,calls,entries,to_entry_mean_s,to_dwell_mean_s,duration_mean_s,duration_max_s",
            signals.iter().flat_map(preemption).collect(),
        ),
        table(
            "watchdog",
            "signal,channel,findings,pulses,per_minute_max,present_max_s,unpaired,faults",
            signals.iter().flat_map(watchdog).collect(),
        ),
    ]
}

impl Table {
    /// Aligned, the head first.
    pub fn to_text(&self) -> String {
        let mut lines: Vec<Vec<String>> = vec![self.columns.clone()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(Cell::to_text).collect()));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let is_text = |column: usize| self.rows.iter().any(|row| matches!(row[column], Cell::Text(_)));
        let mut text = String::new();
        for line in &lines {
            let mut out = String::new();
            for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
                let padded = if is_text(column) { format!("{cell:width$}  ") } else { format!("{cell:>width$}  ") };
                out.push_str(&padded);
            }
            text.push_str(out.trim_end());
            text.push('\n');
        }
        text
    }

    /// As CSV (RFC 4180), with a head.
    pub fn to_csv(&self) -> String {
        let mut text = self.columns.join(",") + "\n";
        self.rows.iter().for_each(|row| text += &csv_line(row));
        text
    }

    fn to_json(&self) -> Value {
        let row = |row: &Vec<Cell>| {
            Value::Object(
                self.columns
                    .iter()
                    .zip(row)
                    .map(|(column, cell)| (column.clone(), cell.to_json()))
                    .collect::<Map<_, _>>(),
            )
        };
        Value::Array(self.rows.iter().map(row).collect())
    }
}

impl Cell {
    fn maybe(value: Option<f64>, decimals: usize) -> Self {
        value.map_or(Self::None, |it| Self::Number(it, decimals))
    }

    /// What it holds as text; a number is written out.
    pub fn text(&self) -> Option<String> {
        (*self != Self::None).then(|| self.plain())
    }

    /// Its number, rounded as it is written; `None` of a text.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Number(..) => self.plain().parse().ok(),
            Self::Text(_) | Self::None => None,
        }
    }

    fn share(part: u64, whole: u64) -> Self {
        Self::maybe((whole > 0).then(|| part as f64 / whole as f64), 3)
    }

    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Number(number, decimals) => format!("{number:.decimals$}"),
            Self::None => String::new(),
        }
    }

    fn to_text(&self) -> String {
        if *self == Self::None { "-".to_owned() } else { self.plain() }
    }

    fn to_csv(&self) -> String {
        let plain = self.plain();
        if plain.contains([',', '"', '\n']) { format!("\"{}\"", plain.replace('"', "\"\"")) } else { plain }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Count(count) => json!(count),
            Self::Number(..) => self.plain().parse::<f64>().map_or(Value::Null, |it| json!(it)),
            Self::None => Value::Null,
        }
    }
}

fn of_signal(it: &Signal) -> Vec<Cell> {
    vec![Cell::Text(it.name.clone()), Cell::Count(it.events), at(it.first), at(it.last), Cell::Count(it.gaps)]
}

fn arrivals(phase: &Phase) -> Option<Vec<Cell>> {
    let sums = &phase.sums;
    let [green, yellow, red] = sums.arrivals;
    let all = green + yellow + red;
    (phase.watched().0 && all > 0).then(|| {
        let (share, even) = (green as f64 / all as f64, sums.green_share());
        let delay_s = sums.delay.as_secs_f64();
        vec![
            Cell::Count(all),
            Cell::Count(green),
            Cell::Count(yellow),
            Cell::Count(red),
            Cell::Number(share, 3),
            Cell::maybe(even, 3),
            Cell::maybe(even.filter(|it| *it > 0.0).map(|even| share / even), 2),
            Cell::Number(delay_s / (green + yellow + sums.delayed).max(1) as f64, 1),
            Cell::Number(delay_s, 0),
        ]
    })
}

fn volume(phase: &Phase) -> Option<Vec<Cell>> {
    let sums = &phase.sums;
    (phase.watched().1 && sums.volume > 0).then(|| {
        let known_h = sums.known.as_secs_f64() / 3_600.0;
        let rate = (known_h > 0.0).then(|| sums.volume as f64 / known_h);
        let per_h = 3_600.0 / BIN.as_secs_f64();
        vec![Cell::Count(sums.volume), Cell::maybe(rate, 0), Cell::Number(f64::from(sums.peak) * per_h, 0)]
    })
}

fn splits(phase: &Phase) -> Option<Vec<Cell>> {
    let (sums, services) = (&phase.sums, phase.sums.services());
    (services > 0).then(|| {
        let mean = |sum: Millis| Cell::Number(sum.as_secs_f64() / services as f64, 1);
        let percentile = |share| Cell::maybe(sums.split_s(share), 0);
        vec![
            Cell::Count(services),
            mean(sums.greens),
            mean(sums.splits),
            percentile(0.5),
            percentile(0.85),
            percentile(1.0),
        ]
    })
}

fn terminations(phase: &Phase) -> Option<Vec<Cell>> {
    let (sums, services) = (&phase.sums, phase.sums.services());
    let max_outs = sums.ends[1];
    let often = services >= MAX_OUTS.1 && max_outs as f64 > MAX_OUTS.0 * services as f64;
    (services > 0).then(|| {
        let counts = [services].into_iter().chain(sums.ends).chain([sums.max_out_run]).map(Cell::Count);
        counts.chain([Cell::Text(if often { "mostly max-out" } else { "" }.to_owned())]).collect()
    })
}

fn failures(phase: &Phase) -> Option<Vec<Cell>> {
    let (sums, judged) = (&phase.sums, phase.sums.judged);
    (judged > 0).then(|| {
        let mean = |sum: f64| Cell::Number(sum / judged as f64, 3);
        let (green, red) = sums.occupancy;
        vec![
            Cell::Count(judged),
            Cell::Count(sums.failures),
            Cell::share(sums.failures, judged),
            mean(green),
            mean(red),
        ]
    })
}

fn yellow_red(phase: &Phase) -> Option<Vec<Cell>> {
    let (sums, [yellow, clearance, red, severe]) = (&phase.sums, phase.sums.on_red);
    (phase.watched().1 && sums.volume > 0).then(|| {
        let counts = [sums.volume, yellow, clearance, red, severe].map(Cell::Count);
        counts.into_iter().chain([Cell::share(clearance + red, sums.volume)]).collect()
    })
}

fn pedestrians(signal: &Signal) -> Vec<Vec<Cell>> {
    let row = |(phase, it): (&u16, &super::calls::Pedestrians)| {
        let max = (it.delay.count > 0).then(|| it.delay.max.as_secs_f64());
        let counts = [u64::from(*phase), it.presses, it.served, it.delay.count].map(Cell::Count);
        let spans = [Cell::maybe(it.delay.mean_s(), 1), Cell::maybe(max, 1)];
        [Cell::Text(signal.name.clone())].into_iter().chain(counts).chain(spans).collect()
    };
    signal.pedestrians.iter().map(row).collect()
}

fn preemption(signal: &Signal) -> Vec<Vec<Cell>> {
    let row = |(number, it): (&u16, &super::calls::Preemption)| {
        let max = (it.duration.count > 0).then(|| it.duration.max.as_secs_f64());
        let counts = [u64::from(*number), it.calls, it.entry.count].map(Cell::Count);
        let means = [it.entry, it.dwell, it.duration].map(|it| Cell::maybe(it.mean_s(), 1));
        [Cell::Text(signal.name.clone())].into_iter().chain(counts).chain(means).chain([Cell::maybe(max, 1)]).collect()
    };
    signal.preempts.iter().map(row).collect()
}

fn watchdog(signal: &Signal) -> Vec<Vec<Cell>> {
    let (length, known) = (signal.last - signal.first, !signal.channels.is_empty());
    let row = |(channel, it): (&u16, &super::watchdog::Watchdog)| {
        let findings = it.findings(length, known);
        (!findings.is_empty()).then(|| {
            vec![
                Cell::Text(signal.name.clone()),
                Cell::Count((*channel).into()),
                Cell::Text(findings.join(" ")),
                Cell::Count(it.pulses),
                Cell::Count(it.per_minute),
                Cell::Number(it.longest.as_secs_f64(), 1),
                Cell::Count(it.unpaired),
                Cell::Count(it.faults),
            ]
        })
    };
    signal.detectors.iter().filter_map(row).collect()
}

/// Rows of something that each phase has many of.
fn many<'a, T: 'a>(
    phases: &'a [OfPhase],
    of: fn(&Phase) -> &Vec<T>,
    cells: fn(&T) -> Vec<Cell>,
) -> Box<dyn Iterator<Item = Vec<Cell>> + 'a> {
    let rows = move |it: &'a OfPhase| {
        let place = move || [Cell::Text(it.signal.clone()), Cell::Count(it.number.into())];
        of(&it.phase).iter().map(move |one| place().into_iter().chain(cells(one)).collect())
    };
    Box::new(phases.iter().flat_map(rows))
}

fn csv_line(row: &[Cell]) -> String {
    row.iter().map(Cell::to_csv).collect::<Vec<_>>().join(",") + "\n"
}

fn at(at: Timestamp) -> Cell {
    Cell::Text(instant::text(at))
}

fn bin(it: &Bin) -> Vec<Cell> {
    let counts = [it.volume, it.arrivals, it.on_green].map(|it| Cell::Count(it.into()));
    let services = [it.services, it.failures].map(|it| Cell::Count(it.into()));
    [at(it.at)].into_iter().chain(counts).chain([Cell::Number(it.delay.as_secs_f64(), 1)]).chain(services).collect()
}

fn point(it: &Point) -> Vec<Cell> {
    vec![at(it.at), Cell::Number(it.in_cycle.as_secs_f64(), 3), Cell::Count(it.on_green.into())]
}

fn service(it: &Service) -> Vec<Cell> {
    vec![
        it.red_before.map_or(Cell::None, at),
        at(it.green),
        at(it.yellow),
        at(it.red),
        at(it.cleared),
        Cell::Text(it.termination.name().to_owned()),
        Cell::maybe(it.occupancy.map(|it| it.0), 3),
        Cell::maybe(it.occupancy.map(|it| it.1), 3),
        it.failed().map_or(Cell::None, |it| Cell::Count(it.into())),
    ]
}

/// What is wrong with a log, for people.
pub fn named(what: &str, noted: &crate::measure::hires::Noted, file: &str) -> String {
    let mut text = String::new();
    for (line, why) in &noted.first {
        writeln!(text, "{file}:{line}: {why}").expect("writing to a string cannot fail");
    }
    let more = noted.count.saturating_sub(noted.first.len() as u64);
    if more > 0 {
        writeln!(text, "{file}: {what}: {more} more").expect("writing to a string cannot fail");
    }
    text
}
