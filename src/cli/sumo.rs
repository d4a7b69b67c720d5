//! `lightwatch sumo`: SUMO as the street and the referee.
//!
//! With `--json` the last line on standard output is one JSON object with the figures of [`crate::cosim::results`]; all
//! else goes to standard error.

use super::bus::{BusArg, bus, engine};
use super::recording::RecordArgs;
use super::simulated::{Progress, print_figures, tell_alarms, tell_control, to_its_end};
use super::{load, state};
use crate::cosim::bus::Bus;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::degrade::Degrade;
use crate::cosim::error::CosimError;
use crate::cosim::sumo_run::{Prepared, RunReport, RunSettings, Trial};
use crate::time::Millis;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr as _;

/// Drive a SUMO network with one of the controllers and tell how the traffic fared.
#[derive(Debug, clap::Args)]
pub struct SumoArgs {
    /// Network file (.net.xml).
    #[arg(long, value_name = "FILE")]
    net: PathBuf,
    /// Route file (.rou.xml).
    #[arg(long, value_name = "FILE")]
    routes: PathBuf,
    /// First simulated second.
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=MAX_S))]
    begin: i64,
    /// First second that is no longer simulated; after --begin.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(i64).range(1..=MAX_S))]
    end: i64,
    /// Seed of SUMO's random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Who decides what the lamps show.
    #[arg(long, value_enum)]
    controller: ControllerName,
    /// Yellow, in seconds.
    #[arg(long, value_name = "S", default_value = "3", value_parser = seconds::<2000, 6000>)]
    yellow: Millis,
    /// Shortest green, in seconds.
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds::<1000, 60_000>)]
    min_green: Millis,
    /// Red clearance after yellow, in seconds.
    #[arg(long, value_name = "S", default_value = "0", value_parser = seconds::<0, 10_000>)]
    all_red: Millis,
    /// Detection range before the stop lines, in metres.
    #[arg(long, value_name = "M", default_value_t = 200.0, value_parser = range_m)]
    range: f64,
    /// Programmes for `--controller fixed` in place of those of the network file: an additional file with `tlLogic` elements.
    #[arg(long, value_name = "FILE")]
    programmes: Option<PathBuf>,
    /// How often greedy and max-pressure decide, in seconds.
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds::<1000, 60_000>)]
    decision_period: Millis,
    /// SUMO program; otherwise bin/sumo in $`SUMO_HOME`, .venv/sumo-1.28, PATH.
    #[arg(long, value_name = "FILE")]
    sumo_binary: Option<PathBuf>,
    /// Keep SUMO's trip records in this file.
    #[arg(long, value_name = "FILE")]
    tripinfo: Option<PathBuf>,
    #[command(flatten)]
    record: RecordArgs,
    /// Scalars of the engine, as `lightwatch tune` writes them, in place of those that are built in.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Begin with what was learned before, found in this folder, and leave there what is learned.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// What is wrong between detectors and engine, for trials: any of noise=X, latency=S, dead=X, loops, no-neighbours,
    /// known, with commas between them; needs --bus inproc.
    #[arg(long, value_name = "WHAT", default_value_t, value_parser = Degrade::from_str)]
    degrade: Degrade,
    /// Vehicles for each one of the route file.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = scale)]
    scale: f64,
    /// How street and engine talk: in this process, or over a broker, `mqtt://HOST[:PORT]`.
    #[arg(long, value_name = "BUS", default_value = "inproc", value_parser = bus)]
    bus: BusArg,
    /// Print one JSON object as the last line of standard output.
    #[arg(long)]
    json: bool,
}

/// A year: far beyond any scenario, and milliseconds of it fit everywhere.
const MAX_S: i64 = 366 * 24 * 3600;

/// Seconds with a fraction, between two bounds in milliseconds.
pub(super) fn seconds<const LEAST: i64, const MOST: i64>(text: &str) -> Result<Millis, String> {
    let number: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let millis = Millis::from_secs_f64(number);
    if number.is_finite() && (LEAST..=MOST).contains(&millis.0) {
        Ok(millis)
    } else {
        Err(format!("allowed are {}…{} s", LEAST as f64 / 1000.0, MOST as f64 / 1000.0))
    }
}

/// Metres, 10…1000.
fn range_m(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number of metres".to_owned())?;
    if (10.0..=1000.0).contains(&number) { Ok(number) } else { Err("allowed are 10…1000 m".to_owned()) }
}

/// Demand, 0.01…10 times that of the file.
fn scale(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.01..=10.0).contains(&number) { Ok(number) } else { Err("allowed are 0.01…10".to_owned()) }
}

/// Run it.
pub fn run(args: &SumoArgs) -> ExitCode {
    if args.end <= args.begin {
        eprintln!("lightwatch sumo: --end {} must be after --begin {}", args.end, args.begin);
        return ExitCode::from(64);
    }
    if args.programmes.is_some() && args.controller != ControllerName::Fixed {
        eprintln!("lightwatch sumo: --programmes needs --controller fixed, not {}", args.controller.name());
        return ExitCode::from(64);
    }
    if !args.degrade.is_nothing() && args.bus != BusArg::Inproc {
        eprintln!("lightwatch sumo: --degrade {} needs --bus inproc", args.degrade);
        return ExitCode::from(64);
    }
    if args.state.is_some() && args.controller.is_streets_own() {
        eprintln!("lightwatch sumo: --state needs a controller that learns; {} does not", args.controller.name());
        return ExitCode::from(64);
    }
    let seconds = (args.end - args.begin) as u64;
    match to_its_end("sumo", seconds, |progress| drive(args, progress)) {
        Ok(report) => {
            tell(&report, args.json);
            ExitCode::from(u8::from(report.results.violations > 0))
        }
        Err(code) => code,
    }
}

/// Prepare, choose the bus, run.
fn drive(args: &SumoArgs, progress: Progress<'_>) -> Result<RunReport, CosimError> {
    let mut prepared = Prepared::new(settings(args))?;
    if args.controller.is_streets_own() {
        return prepared.run(None, progress);
    }
    let street = prepared.name();
    if let Some(file) = &args.settings {
        prepared.scalars = load::scalars(file).map_err(CosimError::Scenario)?;
    }
    if let Some(folder) = &args.state {
        prepared.memories = state::read(folder, &street, &prepared.network, args.begin);
    }
    let mut engine: Box<dyn Bus> = match &args.bus {
        BusArg::Inproc => Box::new(prepared.in_process()?),
        bus @ BusArg::Mqtt(..) => engine(bus, &prepared.network, prepared.engine()?, prepared.memories.clone())?,
    };
    let report = prepared.run(Some(engine.as_mut()), progress)?;
    if let Some(folder) = &args.state {
        state::write(folder, &street, &engine.learned())?;
    }
    Ok(report)
}

fn settings(args: &SumoArgs) -> RunSettings {
    RunSettings {
        net: args.net.clone(),
        routes: args.routes.clone(),
        begin_s: args.begin,
        end_s: args.end,
        seed: args.seed,
        controller: args.controller,
        yellow: args.yellow,
        all_red: args.all_red,
        green_min: args.min_green,
        range_m: args.range,
        decision_period: args.decision_period,
        sumo_binary: args.sumo_binary.clone(),
        programmes: args.programmes.clone(),
        tripinfo: args.tripinfo.clone(),
        record: args.record.place(),
        trial: Trial { scale: args.scale, degrade: args.degrade, ..Trial::default() },
    }
}

fn tell(report: &RunReport, json: bool) {
    let (sumo, all) = (report.clocks.in_street.as_secs_f64(), report.clocks.stepping.as_secs_f64());
    let own = (all - sumo).max(0.0);
    eprintln!(
        "{}: {sumo:.2} s in SUMO ({:.0} %), {own:.2} s in lightwatch ({:.0} %)",
        report.sumo,
        100.0 * sumo / all.max(f64::EPSILON),
        100.0 * own / all.max(f64::EPSILON)
    );
    tell_alarms(&report.alarms);
    tell_control(report.fields, &report.scenes, &report.rejected, &report.violations);
    if report.oddities > 0 {
        eprintln!("{} oddities in the lamps of the file's own programmes (not counted as unsafe)", report.oddities);
    }
    print_figures(&report.results, json);
}
