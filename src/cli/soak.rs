//! `lightwatch soak`: the house under every fault that we can think of, in virtual time.

use super::simulated::to_its_end;
use crate::cosim::soak::cabinet::Sabotage;
use crate::cosim::soak::fallback::{self, FallbackReport};
use crate::cosim::soak::flapping::{self, FlappingReport};
use crate::cosim::soak::gate::{self, GateReport};
use crate::cosim::soak::planted::{self, PlantedReport};
use crate::cosim::soak::report::Report;
use crate::cosim::soak::{Plans, SoakSettings, run as soak};
use serde::Serialize;
use std::io::Write as _;
use std::process::{Command, ExitCode};

/// Let everything go wrong in virtual time and judge the lamps every 100 ms.
///
/// Two engines, two brokers, field controllers, detectors and a street, with messages lost, late, doubled, reordered, corrupted and replayed,
/// processes killed and frozen, clocks set, disks full, detectors lying. The same seed gives the same run to the digit. Exit code 1
/// when anything was found; then each finding is told with the command that plays it again.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SoakArgs {
    /// Seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Intersection-hours.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    hours: u64,
    /// Only this episode (an intersection-hour), to see a finding again.
    #[arg(long, value_name = "K", conflicts_with = "hours")]
    episode: Option<u64>,
    /// Who plans: the programme (fast), the search, or the search in one episode of twenty.
    #[arg(long, value_enum, default_value = "mixed")]
    plans: Plans,
    /// Threads, each with episodes of its own; the figures are the same for any number.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// One promise alone.
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    Gate(GateArgs),
    Monitor(MonitorArgs),
    Fallback(FallbackArgs),
    Flapping(FlappingArgs),
}

/// Bend lamps behind the gate, between field controller and street; the monitor must notice each within 100 ms and stay tripped.
#[derive(Debug, clap::Args)]
struct MonitorArgs {
    /// Faults to plant.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    faults: u64,
    /// Seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Lose the engine by kills, freezes and cuts; each time its last plan must be left within 3.5 s, without a cut clearance.
#[derive(Debug, clap::Args)]
struct FallbackArgs {
    /// Losses.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    trials: u64,
    /// Seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Let a link flap at 0.05 to 2 Hz; at most one change of mode a minute, and back within a cycle of ten seconds of a whole link.
#[derive(Debug, clap::Args)]
struct FlappingArgs {
    /// Simulated hours.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    hours: u64,
    /// Seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Judge random and bent plans by the gate and by an oracle that was written independently; they must agree on each.
#[derive(Debug, clap::Args)]
struct GateArgs {
    /// Plans.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    plans: u64,
    /// Seed of the plans.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Batch of a thousand plans to begin with, to see a difference again.
    #[arg(long, value_name = "K", default_value_t = 0)]
    first: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Run it.
pub fn run(args: &SoakArgs) -> ExitCode {
    match &args.part {
        None => whole(args),
        Some(Part::Gate(args)) => {
            let judged =
                to_its_end("soak", args.plans, |progress| gate::run(args.seed, args.plans, args.first, progress));
            end(judged, args.seed, args.json, GateReport::is_good, |report| &report.told)
        }
        Some(Part::Monitor(args)) => {
            let judged = to_its_end("soak", args.faults, |progress| planted::run(args.seed, args.faults, progress));
            end(judged, args.seed, args.json, PlantedReport::is_good, |report| &report.told)
        }
        Some(Part::Fallback(args)) => {
            let judged = to_its_end("soak", args.trials, |progress| fallback::run(args.seed, args.trials, progress));
            end(judged, args.seed, args.json, FallbackReport::is_good, |report| &report.told)
        }
        Some(Part::Flapping(args)) => {
            let judged = to_its_end("soak", args.hours, |progress| flapping::run(args.seed, args.hours, progress));
            end(judged, args.seed, args.json, FlappingReport::is_good, |report| &report.told)
        }
    }
}

fn whole(args: &SoakArgs) -> ExitCode {
    let settings = SoakSettings {
        seed: args.seed,
        hours: args.hours,
        only: args.episode,
        plans: args.plans,
        jobs: args.jobs.into(),
        sabotage: Sabotage::None,
    };
    let episodes = if args.episode.is_some() { 1 } else { args.hours };
    let report = to_its_end("soak", episodes, |progress| soak(settings, progress));
    end(report, args.seed, args.json, Report::is_good, |report| &report.told)
}

/// Tell what came out; the exit code says whether anything was found.
fn end<R: Serialize>(
    report: Result<R, ExitCode>,
    seed: u64,
    json: bool,
    is_good: impl Fn(&R) -> bool,
    told: impl Fn(&R) -> &[String],
) -> ExitCode {
    let report = match report {
        Ok(report) => report,
        Err(code) => return code,
    };
    for line in told(&report) {
        eprintln!("found: {line}");
    }
    if !is_good(&report) {
        eprintln!("seed {seed}, commit {}, lightwatch {}", commit(), env!("CARGO_PKG_VERSION"));
    }
    let text = if json { serde_json::to_string(&report) } else { serde_json::to_string_pretty(&report) };
    let text = text.expect("finite numbers are always JSON");
    // A reader that has gone away is no failure of the run.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
    ExitCode::from(u8::from(!is_good(&report)))
}

/// The commit of the working copy, as git tells; a program that was carried elsewhere does not know it.
fn commit() -> String {
    let told = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    let told = told.ok().filter(|it| it.status.success()).and_then(|it| String::from_utf8(it.stdout).ok());
    told.map_or_else(|| "unknown".to_owned(), |it| it.trim().to_owned())
}
