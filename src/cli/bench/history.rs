//! `lightwatch bench history`: whether the history of a city fits, in bytes and in time.

use crate::cli::simulated::{print_figures, to_its_end};
use crate::cosim::scale::history::{HistoryLoad, measure};
use std::process::ExitCode;

/// Write the history of thousands of intersections with made-up traffic; tell bytes an intersection-day and what the writer takes
///
/// Every second of every intersection is decided and handed to the real writer. `share` is the part of one thread's time that it takes at 1 Hz.
/// Exit code 1 when more than half a thread is wanted or a moment is missed, with --check only.
#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// Intersections, each with four approaches and twelve lanes.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    intersections: u32,
    /// Simulated seconds.
    #[arg(long, value_name = "S", default_value_t = 120, value_parser = clap::value_parser!(u32).range(10..=3600))]
    seconds: u32,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// End with 1 when it does not fit.
    #[arg(long)]
    check: bool,
}

/// Share of one thread that the writer may take.
const SHARE: f64 = 0.5;

/// Run it.
pub fn run(args: &HistoryArgs) -> ExitCode {
    let load = HistoryLoad { intersections: args.intersections as usize, seconds: args.seconds };
    match to_its_end("bench", args.seconds.into(), |progress| measure(load, progress)) {
        Ok(report) => {
            print_figures(&report, args.json);
            ExitCode::from(u8::from(args.check && (report.share > SHARE || report.missed > 0)))
        }
        Err(code) => code,
    }
}
