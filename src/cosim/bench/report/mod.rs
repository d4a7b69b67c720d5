//! What the benchmark tells: one row a run as CSV, and the same text, tables and plots as Markdown and as one HTML page.
//!
//! In: records, maps, what is asked. Out: text. [`Findings::blocks`] decides what is told; [`markdown`] and [`page`] only how it looks.

mod cause_table;
mod coordination;
pub mod csv;
mod delay_table;
pub mod markdown;
pub mod page;
mod plot;

use super::ablation::{PLAIN, VARIANTS};
use super::judge::{Cell, Verdict, cells, verdicts};
use super::maps::Map;
use super::run::Record;
use super::table::Asked;
use std::fmt::Write as _;

/// A piece of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A title.
    Title(String),
    /// A heading.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A table: titles, rows; the first column is text, the others are figures.
    Table(Vec<String>, Vec<Vec<String>>),
    /// A plot: what it shows, SVG.
    Plot(String, String),
}

/// Everything that is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    cells: Vec<Cell>,
    records: Vec<Record>,
    maps: Vec<Map>,
    /// What is asked and what was reached.
    pub verdicts: Vec<Verdict>,
    versions: Vec<String>,
    programs: Vec<String>,
}

impl Findings {
    /// Of all records.
    pub fn new(records: &[Record], maps: &[Map], asked: Asked) -> Self {
        let cells = cells(records);
        let (mut versions, mut programs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for record in records {
            for (list, it) in [(&mut versions, &record.sumo), (&mut programs, &record.program)] {
                if !list.contains(it) {
                    list.push(it.clone());
                }
            }
        }
        Self {
            verdicts: verdicts(&cells, maps, asked),
            cells,
            records: records.to_vec(),
            maps: maps.to_vec(),
            versions,
            programs,
        }
    }

    /// Whether something that is required was missed.
    pub fn misses_a_must(&self) -> bool {
        self.verdicts.iter().any(|it| it.is_must && !it.is_met)
    }

    /// The report, piece by piece.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![Block::Title("Benchmark of control".into()), Block::Text(self.what_this_is())];
        for version in &self.versions {
            let cells: Vec<&Cell> =
                self.cells.iter().filter(|it| it.sumo == *version && it.variant.is_empty()).collect();
            let maps: Vec<&Map> = self.maps.iter().filter(|map| cells.iter().any(|it| it.map == map.name)).collect();
            blocks.push(Block::Heading(format!("SUMO {version}")));
            blocks.push(Block::Text(timings(&maps, version)));
            blocks.push(delay_table::overview(&cells, &maps, version));
            blocks.push(plot::delays(&cells, &maps, version));
            for map in &maps {
                blocks.push(Block::Heading(format!("{}, SUMO {version}", map.name)));
                blocks.push(delay_table::of_map(&cells, &map.name));
                blocks.extend(cause_table::of_map(&cells, &map.name));
                blocks.extend(coordination::diagrams(&self.records, &map.name, version));
            }
            blocks.extend(coordination::table(&self.records, &self.cells, version));
        }
        blocks.extend(self.bars());
        blocks.extend(self.ablation());
        blocks
    }

    fn what_this_is(&self) -> String {
        format!(
            "Delay in s/vehicle as RESCO defines it (unfinished and never inserted vehicles included), over the seeds; counts only. \
             Run with lightwatch {} in {}. The *floor* is the same traffic without conflicts and signals; *signal delay* is \
             delay above it. A run is *locked up* when at its end the first vehicle of some lane has stood for {:.0} s or \
             longer; it stays in every mean. Differences are adaptive minus other, paired by seed, with 95 % intervals \
             (Student's t).",
            env!("CARGO_PKG_VERSION"),
            self.programs.join(", "),
            crate::cosim::witness::STUCK_S,
        )
    }

    fn bars(&self) -> Vec<Block> {
        let titles = ["where", "what", "reached", "asked", "", ""].map(str::to_owned).to_vec();
        let rows = self.verdicts.iter().map(|it| {
            let kind = if it.is_must { "must" } else { "aim" };
            let met = if it.is_met { "met" } else { "missed" };
            let place = format!("{}, SUMO {}", it.map, it.sumo);
            vec![place, it.what.clone(), figure(it.reached), figure(it.asked), kind.into(), met.into()]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        if rows.is_empty() {
            return Vec::new();
        }
        vec![Block::Heading("What is asked of adaptive control".into()), Block::Table(titles, rows)]
    }

    /// What each piece is worth: one table a version of SUMO.
    fn ablation(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        for version in &self.versions {
            let of = |name: &str| -> Vec<&Cell> {
                let adaptive = self.cells.iter().filter(|it| it.sumo == *version && it.who.name() == "adaptive");
                adaptive.filter(|it| it.variant == name).collect()
            };
            let plain = of("");
            if VARIANTS.iter().all(|variant| of(variant.name).is_empty()) {
                continue;
            }
            blocks.push(Block::Heading(format!("Ablation, SUMO {version}")));
            blocks.push(Block::Text(
                "Adaptive control with one thing changed; change of delay against counts, mean of the maps' changes and map by \
                 map, with 95 % intervals of the paired differences in s."
                    .into(),
            ));
            let maps: Vec<&str> = plain.iter().map(|it| it.map.as_str()).collect();
            let titles = ["", "change"].into_iter().chain(maps.iter().copied()).map(str::to_owned).collect();
            let variants = std::iter::once(&PLAIN).chain(&VARIANTS);
            let rows = variants.map(|variant| (variant, of(variant.name))).filter(|(_, cells)| !cells.is_empty());
            let rows = rows.map(|(variant, cells)| delay_table::ablation_row(variant, &cells, &plain));
            blocks.push(Block::Table(titles, rows.collect()));
        }
        blocks
    }
}

/// Begin, end and timing of each map.
fn timings(maps: &[&Map], version: &str) -> String {
    let mut text = String::new();
    for map in maps {
        let timing = map.entry.timing(version);
        let separator = if text.is_empty() { "" } else { "; " };
        write!(
            text,
            "{separator}{} {}–{} s, yellow {} s, all-red {} s, minimum green {} s, range {} m, decisions of greedy and max pressure every {} s",
            map.name,
            map.begin_s,
            map.end_s,
            timing.yellow.as_secs_f64(),
            timing.all_red.as_secs_f64(),
            timing.green_min.as_secs_f64(),
            timing.range_m,
            timing.decision_period.as_secs_f64()
        )
        .expect("writing to a string cannot fail");
    }
    text + "."
}

/// A figure with as many digits as it deserves.
fn figure(number: f64) -> String {
    match number.abs() {
        it if it >= 100.0 => format!("{number:.0}"),
        it if !(1e-9..10.0).contains(&it) => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}
