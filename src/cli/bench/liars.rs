//! `lightwatch bench liars`: how much harm lying detectors can do.

use crate::cli::interrupt::Interrupt;
use crate::cli::refusal::Refusal;
use crate::cosim::liars::store::Store;
use crate::cosim::liars::strategy::Reach;
use crate::cosim::liars::{Report, SearchSettings, Watcher, search};
use crate::cosim::liars::{trial, trial::WARM_UP_S};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Search for the lies of detectors that do most harm, and judge the worst of them with other seeds.
///
/// Three small streets in the simulator of this repository, the same demand and drivers with and without liars. Finished runs are kept
/// in OUT/liars.jsonl; after an interruption the same command goes on. The last line is one JSON object. Exit code 1 when a bar is missed, with
/// --check only, or when anything unsafe was seen.
#[derive(Debug, clap::Args)]
pub struct LiarsArgs {
    /// Strategies: four of ten are of one detector, three of one lane, three of several lanes.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    strategies: u32,
    /// Seed of the strategies; the streets have seeds of their own.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Measured time of each run.
    #[arg(long, value_name = "S", default_value_t = 1800, value_parser = clap::value_parser!(u32).range(60..=36_000))]
    seconds: u32,
    /// How many of the worst of each reach are run again with seeds 2 to 5.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    judged: u16,
    /// Runs side by side; the figures are the same for any number.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Folder for finished runs.
    #[arg(long, value_name = "DIR", default_value = ".lightwatch/liars")]
    out: PathBuf,
    /// End with 1 when a bar is missed.
    #[arg(long)]
    check: bool,
}

/// One lying detector raises the delay by this much at most \[%\].
const ONE_PCT: f64 = 10.0;
/// Any number of liars make it worse than the fixed programme by this much at most \[%\].
const ANY_PCT: f64 = 5.0;

/// Run it.
pub fn run(args: &LiarsArgs) -> ExitCode {
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            eprintln!("lightwatch bench: signals: {error}");
            return ExitCode::from(69);
        }
    };
    match searched(args, &interrupt) {
        Ok(report) => tell(args, &report),
        Err(refusal) => interrupt.exit_code().unwrap_or_else(|| refusal.tell("bench")),
    }
}

fn searched(args: &LiarsArgs, interrupt: &Interrupt) -> Result<Report, Refusal> {
    let settings = SearchSettings {
        strategies: args.strategies as usize,
        seed: args.seed,
        measured_s: args.seconds,
        jobs: args.jobs.into(),
        judged: args.judged.into(),
        seeds: 2..=5,
    };
    let store = Store::open(&args.out.join("liars.jsonl"), super::control::this_program()?)?;
    let bar = Bar::new(&settings, interrupt);
    let report = search(&settings, &store, &bar);
    bar.line.finish_and_clear();
    Ok(report?)
}

fn tell(args: &LiarsArgs, report: &Report) -> ExitCode {
    for (name, (honest, fixed)) in trial::names().iter().zip(report.honest_s.iter().zip(&report.fixed_s)) {
        eprintln!("{name}: honest {honest:.2} s, fixed programme {fixed:.2} s");
    }
    eprintln!(
        "{} s measured after {WARM_UP_S} s; of the worst, with seeds 2 to 5 (in brackets: as searched, seed 1)",
        report.measured_s
    );
    for worst in &report.worst {
        eprintln!(
            "{:?}: {:+.1} % ({:+.1}) over honest, {:+.1} % ({:+.1}) over the fixed programme; {}",
            worst.reach,
            worst.over_honest_pct,
            worst.searched_over_honest_pct,
            worst.over_fixed_pct,
            worst.searched_over_fixed_pct,
            worst.strategy
        );
    }
    let missed = missed(report);
    for it in &missed {
        eprintln!("missed: {it}");
    }
    let line = serde_json::to_string(report).expect("finite numbers are always JSON");
    // A reader that has gone away is no failure of the search.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
    ExitCode::from(u8::from(report.r#unsafe > 0 || (args.check && !missed.is_empty())))
}

fn missed(report: &Report) -> Vec<String> {
    let one = report.worst.iter().filter(|it| it.reach == Reach::Detector && it.over_honest_pct > ONE_PCT);
    let one = one.map(|it| format!("one detector {:+.1} % over honest, at most {ONE_PCT:+} %", it.over_honest_pct));
    let any = report.worst.iter().filter(|it| it.over_fixed_pct > ANY_PCT);
    let any = any.map(|it| {
        format!("{:?} {:+.1} % over the fixed programme, at most {ANY_PCT:+} %", it.reach, it.over_fixed_pct)
    });
    one.chain(any).collect()
}

/// Shows how far the search is: a bar on a terminal, a line every hundred runs elsewhere.
struct Bar<'a> {
    line: ProgressBar,
    interrupt: &'a Interrupt,
    on_terminal: bool,
}

impl<'a> Bar<'a> {
    fn new(settings: &SearchSettings, interrupt: &'a Interrupt) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left").expect("a constant");
        let target = if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let runs = settings.strategies + 3 * settings.judged * settings.seeds.clone().count();
        Self {
            line: ProgressBar::with_draw_target(Some(runs as u64), target).with_style(style),
            interrupt,
            on_terminal,
        }
    }
}

impl Watcher for Bar<'_> {
    fn done(&self, runs: usize) {
        self.line.inc(runs as u64);
        let done = self.line.position();
        if !self.on_terminal && done.is_multiple_of(100) {
            eprintln!("{done} runs");
        }
    }

    fn goes_on(&self) -> bool {
        self.interrupt.exit_code().is_none()
    }
}
