//! `lightwatch simulate`: the own simulator as the street and the referee.
//!
//! With `--json` the last line on standard output is one JSON object with the figures of
//! [`crate::cosim::plant::figures`]; all else goes to standard error.

use super::bus::{BusArg, bus, engine};
use super::simulated::{Progress, print_figures, tell_control, to_its_end};
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::plant::figures::Figures;
use crate::cosim::plant::run::{Prepared, RunReport, RunSettings};
use crate::cosim::scenario::expect;
use crate::cosim::scenario::{FILE, Scenario};
use crate::network::Problems;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Drive a scenario in the own simulator with one of the controllers and tell how the traffic fared.
///
/// Exit code: 0 good, 1 an unsafe lamp was seen or a bound of the scenario is missed, 78 the scenario is wrong.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// Folder with a scenario.toml, such a file, or a name under scenarios/.
    scenario: PathBuf,
    /// Who decides what the lamps show.
    #[arg(long, value_enum, default_value = "adaptive", default_value_if("profile", "true", "fixed"))]
    controller: ControllerName,
    /// Seed of demand and drivers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads of the simulation; the figures do not depend on it.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Keep what was said in this folder, as events.jsonl.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// How street and engine talk: in this process, or over a broker, `mqtt://HOST[:PORT]`.
    #[arg(long, value_name = "BUS", default_value = "inproc", value_parser = bus)]
    bus: BusArg,
    /// Tell how fast the street was simulated; the controller is `fixed` unless said otherwise.
    #[arg(long)]
    profile: bool,
    /// Print one JSON object as the last line of standard output.
    #[arg(long)]
    json: bool,
}

/// The last line.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    figures: &'a Figures,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
}

/// How fast the street was simulated.
#[derive(Serialize)]
struct Profile {
    vehicle_steps_per_s: f64,
    vehicles_mean: f64,
    threads: u16,
}

/// Run it.
pub fn run(args: &SimulateArgs) -> ExitCode {
    let scenario = match Scenario::load(&find(&args.scenario)) {
        Ok(scenario) => scenario,
        Err(problems) => return wrong(&problems),
    };
    let seconds = (scenario.end_s - scenario.begin_s) as u64;
    let bounds = scenario.expected.get(&args.controller).cloned().unwrap_or_default();
    match to_its_end("simulate", seconds, |progress| drive(scenario, args, progress)) {
        Ok(report) => {
            let missed = expect::missed(&bounds, &report.figures.measures());
            tell(&report, &missed, args);
            ExitCode::from(u8::from(report.figures.common.violations > 0 || !missed.is_empty()))
        }
        Err(code) => code,
    }
}

/// The path as it is, or a name under `scenarios/`.
fn find(named: &Path) -> PathBuf {
    let under = Path::new("scenarios").join(named);
    if !named.exists() && under.join(FILE).is_file() { under } else { named.to_owned() }
}

fn wrong(problems: &Problems) -> ExitCode {
    eprintln!("lightwatch simulate: the scenario is wrong, {} to mend:", problems.len());
    problems.iter().for_each(|problem| eprintln!("  {problem}"));
    ExitCode::from(78)
}

/// Prepare, choose the bus, run.
fn drive(scenario: Scenario, args: &SimulateArgs, progress: Progress<'_>) -> Result<RunReport, CosimError> {
    let settings = RunSettings {
        controller: args.controller,
        seed: args.seed,
        threads: args.threads.into(),
        record: args.record.clone(),
    };
    let prepared = Prepared::new(scenario, settings)?;
    if args.controller.is_streets_own() {
        return prepared.run(None, progress);
    }
    let mut engine = engine(&args.bus, &prepared.network, prepared.engine())?;
    prepared.run(Some(engine.as_mut()), progress)
}

fn tell(report: &RunReport, missed: &[String], args: &SimulateArgs) {
    let (street, all) = (report.clocks.in_street.as_secs_f64(), report.clocks.stepping.as_secs_f64());
    eprintln!("{street:.2} s in the street, {:.2} s in control", (all - street).max(0.0));
    tell_control(report.fields, report.rejected, &report.violations);
    for miss in missed {
        eprintln!("missed: {miss}");
    }
    let profile = args.profile.then(|| Profile {
        vehicle_steps_per_s: report.vehicle_steps_per_s().round(),
        vehicles_mean: (report.vehicles_mean() * 10.0).round() / 10.0,
        threads: args.threads,
    });
    print_figures(&Line { figures: &report.figures, profile }, args.json);
}
