//! `lightwatch bench scale`: thousands of intersections in one process, from counts to plans.

use crate::cli::simulated::{print_figures, to_its_end};
use crate::cosim::scale::{ScaleReport, ScaleSettings, measure};
use std::process::ExitCode;

/// Decide for thousands of intersections at 1 Hz in one process, with made-up traffic; tell latency and memory.
///
/// `spread`: counts arrive spread over the second, as detectors of a city send them; the bar is for this. `at once`: all
/// arrive with the full second. Exit code 1 when a bar is missed, with --check only.
#[derive(Debug, clap::Args)]
pub struct ScaleArgs {
    /// Intersections, each with four approaches, twelve lanes and four stages.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    intersections: u32,
    /// Simulated seconds that are measured.
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Simulated seconds before, in which queues grow and things are learned.
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=3600))]
    warm_up: u32,
    /// Threads that decide.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// End with 1 when a bar is missed.
    #[arg(long)]
    check: bool,
}

/// Counts to plan, 99th percentile, counts spread over the second: less than this \[ms\].
const LATENCY_MS: f64 = 250.0;
/// Memory an intersection: at most this \[KiB\].
const MEMORY_KIB: f64 = 200.0;

/// Run it.
pub fn run(args: &ScaleArgs) -> ExitCode {
    let settings = ScaleSettings {
        intersections: args.intersections as usize,
        seconds: args.seconds,
        warm_up: args.warm_up,
        threads: args.threads.into(),
    };
    let seconds = u64::from(args.seconds) + u64::from(args.warm_up);
    match to_its_end("bench", seconds, |progress| measure(settings, progress)) {
        Ok(report) => {
            print_figures(&report, args.json);
            let missed = missed(&report);
            for it in &missed {
                eprintln!("missed: {it}");
            }
            ExitCode::from(u8::from(args.check && !missed.is_empty()))
        }
        Err(code) => code,
    }
}

fn missed(report: &ScaleReport) -> Vec<String> {
    let latency = report.spread_ms_p99;
    let late = (latency >= LATENCY_MS).then(|| format!("counts to plan {latency:.0} ms, below {LATENCY_MS} ms"));
    let memory = report.memory_kib.filter(|&kib| kib > MEMORY_KIB);
    let memory = memory.map(|kib| format!("{kib:.0} KiB an intersection, at most {MEMORY_KIB} KiB"));
    late.into_iter().chain(memory).collect()
}
