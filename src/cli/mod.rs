//! The command line, one file a subcommand.
//!
//! Exit codes are the same everywhere: 0 good, 1 finding, 64 usage, 65 bad data or a file that cannot be read or written,
//! 69 something needed is not there, 78 bad configuration, 130 and 143 stopped by SIGINT or SIGTERM before the end.

mod audit;
mod bench;
mod bus;
mod calibrate;
mod check;
mod compare;
mod demo;
mod demo_view;
mod diff;
mod explain;
mod export;
mod field;
mod http;
mod import;
mod interrupt;
pub mod load;
mod log;
mod measure;
mod progress;
mod recording;
mod refusal;
mod replay;
mod run;
mod schema;
mod secret_file;
mod simulate;
mod simulated;
mod soak;
mod state;
mod sumo;
mod sweep;
mod timing;
mod traces;
mod trust;
mod tune;
mod validate;
mod validate_ranking;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The light watches the cars: adaptive traffic-signal timing.
#[derive(Debug, Parser)]
#[command(name = "lightwatch", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Audit(audit::AuditArgs),
    Bench(bench::BenchArgs),
    Calibrate(calibrate::CalibrateArgs),
    Check(check::CheckArgs),
    Compare(compare::CompareArgs),
    Demo(demo::DemoArgs),
    Diff(diff::DiffArgs),
    Explain(explain::ExplainArgs),
    Export(export::ExportArgs),
    Field(field::FieldArgs),
    Import(import::ImportArgs),
    Measure(measure::MeasureArgs),
    Replay(replay::ReplayArgs),
    Run(run::RunArgs),
    Schema(schema::SchemaArgs),
    Simulate(simulate::SimulateArgs),
    Soak(soak::SoakArgs),
    Sumo(sumo::SumoArgs),
    Sweep(sweep::SweepArgs),
    Timing(timing::TimingArgs),
    Tune(tune::TuneArgs),
    Validate(validate::ValidateArgs),
}

/// Run a parsed command line; the exit code says how it went.
pub fn run(cli: &Cli) -> ExitCode {
    match &cli.command {
        Command::Audit(args) => audit::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Calibrate(args) => calibrate::run(args),
        Command::Check(args) => check::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Export(args) => export::run(args),
        Command::Field(args) => field::run(args),
        Command::Import(args) => import::run(args),
        Command::Measure(args) => measure::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Run(args) => run::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Soak(args) => soak::run(args),
        Command::Sumo(args) => sumo::run(args),
        Command::Sweep(args) => sweep::run(args),
        Command::Timing(args) => timing::run(args),
        Command::Tune(args) => tune::run(args),
        Command::Validate(args) => validate::run(args),
    }
}
