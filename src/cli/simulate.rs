//! `lightwatch simulate`: the own simulator as the street and the referee.
//!
//! With `--json` the last line on standard output is one JSON object with the figures of
//! [`crate::cosim::plant::figures`]; all else goes to standard error.

use super::bus::{BusArg, bus, engine};
use super::recording::RecordArgs;
use super::simulated::{Progress, print_figures, tell_alarms, tell_control, to_its_end};
use super::{load, state};
use crate::config::{Scalars, ShadowPolicy};
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::in_process::InProcess;
use crate::cosim::plant::figures::Figures;
use crate::cosim::plant::run::{Prepared, RunReport, RunSettings};
use crate::cosim::scenario::Scenario;
use crate::cosim::scenario::built_in::{self, BUILT_IN};
use crate::cosim::scenario::expect::{self, Verdict};
use crate::network::Problems;
use crate::shadow::{self, Ledger};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Drive a scenario in the own simulator with one of the controllers and tell how the traffic fared.
///
/// What the scenario expects of the controller is judged: its bounds, and its comparisons with other controllers, which
/// are run on the same seed for that. Exit code: 0 good, 1 an unsafe lamp was seen or an expectation is missed, 78 the
/// scenario is wrong.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct SimulateArgs {
    /// Folder with a scenario.toml, such a file, or a name out of --list.
    #[arg(required_unless_present = "list")]
    scenario: Option<PathBuf>,
    /// List the scenarios that are built in.
    #[arg(long)]
    list: bool,
    /// Who decides what the lamps show.
    #[arg(long, value_enum, default_value = "adaptive", default_value_if("profile", "true", "fixed"))]
    controller: ControllerName,
    /// Seed of demand and drivers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads of the simulation; the figures do not depend on it.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    #[command(flatten)]
    record: RecordArgs,
    /// Scalars of the engine, as `lightwatch tune` writes them, in place of those that are built in.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Begin with what was learned before, found in this folder, and leave there what is learned.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// How street and engine talk: in this process, or over a broker, `mqtt://HOST[:PORT]`.
    #[arg(long, value_name = "BUS", default_value = "inproc", value_parser = bus)]
    bus: BusArg,
    /// Tell what this policy would have cost on the same counts, by the model of docs/shadow.md; it is never obeyed.
    #[arg(long, value_enum, value_name = "POLICY")]
    shadow: Option<ShadowPolicy>,
    /// Scalars of an adaptive shadow.
    #[arg(long, value_name = "FILE", required_if_eq("shadow", "adaptive"), requires = "shadow")]
    shadow_settings: Option<PathBuf>,
    /// Tell how fast the street was simulated; the controller is `fixed` unless said otherwise.
    #[arg(long)]
    profile: bool,
    /// Do not run the controllers with which the scenario compares this one (nor with --profile).
    #[arg(long)]
    alone: bool,
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
    let Some(named) = args.scenario.as_deref().filter(|_| !args.list) else { return list() };
    let scenario = match built_in::find(named) {
        Ok(scenario) => scenario,
        Err(problems) => return wrong(&problems),
    };
    if args.state.is_some() && args.controller.is_streets_own() {
        eprintln!("lightwatch simulate: --state needs a controller that learns; {} does not", args.controller.name());
        return ExitCode::from(64);
    }
    if args.shadow.is_some() && (args.controller.is_streets_own() || args.bus != BusArg::Inproc || args.state.is_some())
    {
        eprintln!(
            "lightwatch simulate: --shadow needs an engine in this process: not fixed or actuated, --bus inproc, no --state"
        );
        return ExitCode::from(64);
    }
    let others = others(&scenario, args);
    let seconds = (scenario.end_s - scenario.begin_s) as u64 * (1 + others.len() as u64);
    match to_its_end("simulate", seconds, |progress| judged(&scenario, args, &others, progress)) {
        Ok((report, verdicts)) => {
            tell(&report, &verdicts, args);
            let missed = verdicts.iter().any(|it| !it.holds);
            ExitCode::from(u8::from(report.figures.common.violations > 0 || missed))
        }
        Err(code) => code,
    }
}

/// Name and first line of each scenario that is built in.
fn list() -> ExitCode {
    let first = |text: &str| text.lines().next().unwrap_or_default().trim_start_matches('#').trim().to_owned();
    let lines: Vec<String> = BUILT_IN.iter().map(|(name, text)| format!("{name:18} {}", first(text))).collect();
    // A reader that has gone away is no failure.
    let _ = writeln!(std::io::stdout().lock(), "{}", lines.join("\n"));
    ExitCode::SUCCESS
}

fn wrong(problems: &Problems) -> ExitCode {
    eprintln!("lightwatch simulate: the scenario is wrong, {} to mend:", problems.len());
    problems.iter().for_each(|problem| eprintln!("  {problem}"));
    ExitCode::from(78)
}

/// Controllers with which the scenario compares the chosen one.
fn others(scenario: &Scenario, args: &SimulateArgs) -> Vec<ControllerName> {
    let compared = scenario.versus.iter().filter(|it| it.controller == args.controller && !args.alone && !args.profile);
    compared.map(|it| it.against).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The run, then the same with the other controllers, and how what is expected fared.
fn judged(
    scenario: &Scenario,
    args: &SimulateArgs,
    others: &[ControllerName],
    progress: Progress<'_>,
) -> Result<(RunReport, Vec<Verdict>), CosimError> {
    let report = drive(scenario.clone(), args, progress)?;
    let own = report.figures.measures();
    let mut verdicts = scenario.expected.get(&args.controller).map(|it| expect::judge(it, &own)).unwrap_or_default();
    let mut done = (scenario.end_s - scenario.begin_s) as u64;
    for &against in others {
        let settings = RunSettings { controller: against, record: None, ..settings(args) };
        let other = Prepared::new(scenario.clone(), settings)?.run_in_process(&mut |more| progress(done + more))?;
        let other = other.figures.measures();
        let compared = scenario.versus.iter().filter(|it| (it.controller, it.against) == (args.controller, against));
        verdicts.extend(compared.filter_map(|it| it.judge(&own, &other)));
        done += (scenario.end_s - scenario.begin_s) as u64;
    }
    Ok((report, verdicts))
}

fn settings(args: &SimulateArgs) -> RunSettings {
    let (controller, seed, threads) = (args.controller, args.seed, args.threads.into());
    RunSettings { controller, seed, threads, record: args.record.place() }
}

/// Prepare, choose the bus, run.
fn drive(scenario: Scenario, args: &SimulateArgs, progress: Progress<'_>) -> Result<RunReport, CosimError> {
    let mut prepared = Prepared::new(scenario, settings(args))?;
    if args.controller.is_streets_own() {
        return prepared.run(None, progress);
    }
    let street = prepared.scenario.name.clone();
    if let Some(file) = &args.settings {
        prepared.scalars = load::scalars(file).map_err(CosimError::Scenario)?;
    }
    if let Some(folder) = &args.state {
        prepared.memories = state::read(folder, &street, &prepared.network, prepared.scenario.begin_s);
    }
    if let Some(policy) = args.shadow {
        return drive_shadowed(prepared, args, policy, progress);
    }
    let mut engine = engine(&args.bus, &prepared.network, prepared.engine(), prepared.memories.clone())?;
    let report = prepared.run(Some(engine.as_mut()), progress)?;
    if let Some(folder) = &args.state {
        state::write(folder, &street, &engine.learned())?;
    }
    Ok(report)
}

/// The run in this process, with a shadow at every intersection.
fn drive_shadowed(
    prepared: Prepared,
    args: &SimulateArgs,
    policy: ShadowPolicy,
    progress: Progress<'_>,
) -> Result<RunReport, CosimError> {
    let file = args.shadow_settings.as_deref().map(load::scalars).transpose().map_err(CosimError::Scenario)?;
    let controllers = prepared.engine();
    let base = controllers.first().cloned().unwrap_or_default();
    let settings = shadow::Settings::new(policy.with(&file.unwrap_or_else(Scalars::built_in), &base));
    let engine = InProcess::new(Arc::clone(&prepared.network), controllers).resumed(&prepared.memories);
    let mut engine = engine.shadowed(&settings);
    let report = prepared.run(Some(&mut engine), progress)?;
    tell_shadow(engine.ledger(), args.controller);
    Ok(report)
}

/// What the shadow would have cost.
fn tell_shadow(ledger: &Ledger, on_duty: ControllerName) {
    let Some(city) = ledger.city() else {
        eprintln!("shadow {}: not one batch of {} was seen from end to end", ledger.policy(), ledger.batch());
        return;
    };
    eprintln!(
        "shadow {}: {:.2} s a vehicle and stop line, {} {:.2}; difference {:+.2} ± {:.2} s (95 %, {} batches of {}, {:.0} vehicles); \
         the model is {:+.2} s off the estimated queues",
        ledger.policy(),
        city.shadow,
        on_duty.name(),
        city.street,
        city.difference.mean,
        city.difference.half,
        city.batches,
        ledger.batch(),
        city.vehicles,
        city.model_error,
    );
}

fn tell(report: &RunReport, verdicts: &[Verdict], args: &SimulateArgs) {
    let (street, all) = (report.clocks.in_street.as_secs_f64(), report.clocks.stepping.as_secs_f64());
    eprintln!("{street:.2} s in the street, {:.2} s in control", (all - street).max(0.0));
    tell_alarms(&report.alarms);
    tell_control(report.fields, &report.scenes, &report.rejected, &report.violations);
    for verdict in verdicts {
        eprintln!("{verdict}");
    }
    let profile = args.profile.then(|| Profile {
        vehicle_steps_per_s: report.vehicle_steps_per_s().round(),
        vehicles_mean: (report.vehicles_mean() * 10.0).round() / 10.0,
        threads: args.threads,
    });
    print_figures(&Line { figures: &report.figures, profile }, args.json);
}
