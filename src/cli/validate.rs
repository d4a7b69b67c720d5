//! `lightwatch validate`: how faithful the simulator is to SUMO and CityFlow, measured and printed.
//!
//! Maps that are not there are skipped and said so. Exit code 1 when a target is missed.

use crate::cosim::error::CosimError;
use crate::cosim::validate::{
    Row,
    cityflow::SETS,
    maps::{COMPARED, Map},
    saturation,
};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare the simulator with SUMO and CityFlow on the same streets.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ValidateArgs {
    #[command(flatten)]
    compared: Compared,
    /// Folders with sets of `CityFlow`, `NAME/roadnet.json`; otherwise ../shared/data/cityflow. May be repeated.
    #[arg(long, value_name = "DIR")]
    cityflow: Vec<PathBuf>,
    /// Number of seeds, from 1.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    seeds: u32,
    /// Something else that is compared.
    #[command(subcommand)]
    part: Option<Part>,
}

/// Which maps are compared with which SUMO, and how it is told.
#[derive(Debug, clap::Args)]
pub(super) struct Compared {
    /// Folders with maps of RESCO, `NAME/NAME.net.xml`; otherwise ../shared/data/resco, .venv/maps. May be repeated.
    #[arg(long, value_name = "DIR")]
    maps: Vec<PathBuf>,
    /// Only streets of this name. May be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// SUMO program; otherwise bin/sumo in $`SUMO_HOME`, .venv/sumo-1.28, PATH.
    #[arg(long, value_name = "FILE")]
    sumo_binary: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Compared {
    pub(super) fn is_wanted(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|it| it == name)
    }

    /// Network and routes of a map in the first folder that has them.
    pub(super) fn files(&self, map: &Map) -> Option<(PathBuf, PathBuf)> {
        or(&self.maps, &["../shared/data/resco", ".venv/maps"]).iter().find_map(|folder| map.files(folder))
    }

    pub(super) fn sumo(&self) -> Option<&Path> {
        self.sumo_binary.as_deref()
    }

    /// Print what came out: as JSON, or as the lines of its table.
    pub(super) fn tell<T: serde::Serialize>(&self, outcome: &T, table: impl FnOnce(&T) -> Vec<String>) {
        let text = if self.json {
            serde_json::to_string(outcome).expect("finite numbers are always JSON")
        } else {
            table(outcome).join("\n")
        };
        // A reader that has gone away is no failure of the run.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }
}

/// The streets that were not there, a line each.
pub(super) fn skipped(names: &[String]) -> impl Iterator<Item = String> {
    names.iter().map(|name| format!("skipped: {name} is not there"))
}

/// What is compared besides figures.
#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Whether controllers rank the same in the simulator as in SUMO.
    Ranking(super::validate_ranking::RankingArgs),
}

/// What came out.
#[derive(serde::Serialize)]
struct Outcome {
    sumo: String,
    seeds: u32,
    rows: Vec<Row>,
    skipped: Vec<String>,
}

/// Run the subcommand.
pub fn run(args: &ValidateArgs) -> ExitCode {
    if let Some(Part::Ranking(args)) = &args.part {
        return super::validate_ranking::run(args);
    }
    match measure(args) {
        Ok(outcome) => {
            args.compared.tell(&outcome, table);
            ExitCode::from(u8::from(!outcome.rows.iter().all(Row::is_met)))
        }
        Err(error) => {
            eprintln!("lightwatch validate: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn measure(args: &ValidateArgs) -> Result<Outcome, CosimError> {
    let seeds: Vec<u32> = (1..=args.seeds).collect();
    let mut outcome = Outcome { sumo: String::new(), seeds: args.seeds, rows: Vec::new(), skipped: Vec::new() };
    let wanted = |name: &str| args.compared.is_wanted(name);
    let sumo = args.compared.sumo();
    for map in Map::known().iter().filter(|it| COMPARED.contains(&it.name.as_str()) && wanted(&it.name)) {
        let Some(files) = args.compared.files(map) else {
            outcome.skipped.push(map.name.clone());
            continue;
        };
        let (rows, version) = map.compare(&files, &seeds, sumo)?;
        outcome.rows.extend(rows);
        outcome.sumo = version;
    }
    if wanted("one-lane") {
        outcome.rows.extend(saturation::compare(&seeds, sumo)?);
    }
    let folders = or(&args.cityflow, &["../shared/data/cityflow"]);
    for set in SETS.iter().filter(|it| wanted(it.name)) {
        match folders.iter().find_map(|folder| set.files(folder)) {
            Some(files) => outcome.rows.extend(set.compare(&files)?),
            None => outcome.skipped.push(set.name.to_owned()),
        }
    }
    Ok(outcome)
}

fn or(named: &[PathBuf], otherwise: &[&str]) -> Vec<PathBuf> {
    if named.is_empty() { otherwise.iter().map(|it| Path::new(it).to_owned()).collect() } else { named.to_vec() }
}

fn table(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    if !outcome.sumo.is_empty() {
        lines.push(format!("{}, seeds 1 to {}", outcome.sumo, outcome.seeds));
    }
    let titles = ("street", "figure", "ours", "theirs", "diff %", "target");
    lines.push(format!(
        "{:12} {:24} {:>10} {:>10} {:>8} {:>8}",
        titles.0, titles.1, titles.2, titles.3, titles.4, titles.5
    ));
    for Row { street, figure, ours, theirs, difference_percent, target_percent } in &outcome.rows {
        let target = target_percent.map_or_else(String::new, |it| format!("{it:.0} %"));
        lines.push(format!("{street:12} {figure:24} {ours:10.1} {theirs:10.1} {difference_percent:+8.1} {target:>8}"));
    }
    let missed = outcome.rows.iter().filter(|row| !row.is_met());
    lines.extend(missed.map(|row| format!("missed: {}, {}", row.street, row.figure)));
    lines.extend(skipped(&outcome.skipped));
    lines
}
