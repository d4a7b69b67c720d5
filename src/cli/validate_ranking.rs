//! `lightwatch validate ranking`: whether controllers rank the same in the simulator as in SUMO.
//!
//! Maps that are not there are skipped and said so. Exit code 1 when a pair of controllers ranks the other way round.

use crate::cosim::error::CosimError;
use crate::cosim::validate::ranking::{MAPS, Ranking, rank};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Rank the controllers in the simulator and in SUMO, on the same maps, and compare.
#[derive(Debug, clap::Args)]
pub struct RankingArgs {
    /// Folders with maps of RESCO, `NAME/NAME.net.xml`; otherwise ../shared/data/resco, .venv/maps. May be repeated.
    #[arg(long, value_name = "DIR")]
    maps: Vec<PathBuf>,
    /// Number of seeds, from 1.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    seeds: u32,
    /// Only maps of this name. May be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// SUMO program; otherwise bin/sumo in $`SUMO_HOME`, .venv/sumo-1.28, PATH.
    #[arg(long, value_name = "FILE")]
    sumo_binary: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What came out.
#[derive(serde::Serialize)]
struct Outcome {
    seeds: u32,
    maps: Vec<Ranking>,
    skipped: Vec<String>,
}

/// Run the subcommand.
pub fn run(args: &RankingArgs) -> ExitCode {
    match measure(args) {
        Ok(outcome) => {
            let text = if args.json {
                serde_json::to_string(&outcome).expect("finite numbers are always JSON")
            } else {
                outcome.maps.iter().flat_map(table).chain(skipped(&outcome)).collect::<Vec<_>>().join("\n")
            };
            // A reader that has gone away is no failure of the run.
            let _ = writeln!(std::io::stdout().lock(), "{text}");
            ExitCode::from(u8::from(!outcome.maps.iter().all(|it| it.differing.is_empty())))
        }
        Err(error) => {
            eprintln!("lightwatch validate ranking: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn measure(args: &RankingArgs) -> Result<Outcome, CosimError> {
    let seeds: Vec<u32> = (1..=args.seeds).collect();
    let otherwise = ["../shared/data/resco", ".venv/maps"].map(PathBuf::from);
    let folders: &[PathBuf] = if args.maps.is_empty() { &otherwise } else { &args.maps };
    let mut outcome = Outcome { seeds: args.seeds, maps: Vec::new(), skipped: Vec::new() };
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|it| it == name);
    for map in MAPS.iter().filter(|it| wanted(it.0.name)) {
        match folders.iter().find_map(|folder| map.0.files(folder)) {
            Some(files) => {
                let sumo: Option<&Path> = args.sumo_binary.as_deref();
                outcome.maps.push(rank(map, &files, &seeds, sumo, &mut |done| eprintln!("{done}"))?);
            }
            None => outcome.skipped.push(map.0.name.to_owned()),
        }
    }
    Ok(outcome)
}

fn table(ranking: &Ranking) -> Vec<String> {
    let mut lines = vec![format!("{}: delay [s], {}, Kendall's tau {:.2}", ranking.map, ranking.sumo, ranking.tau)];
    lines.push(format!("  {:14} {:>10} {:>10}  seed by seed", "controller", "ours", "theirs"));
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
    let all = |of: &[f64]| of.iter().map(|it| format!("{it:.1}")).collect::<Vec<_>>().join(" ");
    for it in &ranking.controllers {
        let (ours, theirs) = (mean(&it.ours), mean(&it.theirs));
        lines.push(format!(
            "  {:14} {ours:10.1} {theirs:10.1}  {} | {}",
            it.controller,
            all(&it.ours),
            all(&it.theirs)
        ));
    }
    lines.extend(ranking.differing.iter().map(|(one, other)| format!("  differs: {one}, {other}")));
    lines
}

fn skipped(outcome: &Outcome) -> Vec<String> {
    outcome.skipped.iter().map(|name| format!("skipped: {name} is not there")).collect()
}
