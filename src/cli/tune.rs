//! `lightwatch tune`: better scalars, searched in the own simulator.

use super::bench::seeds;
use super::interrupt::Interrupt;
use super::load;
use super::refusal::Refusal;
use crate::config::Scalars;
use crate::cosim::error::CosimError;
use crate::cosim::scenario::{Scenario, built_in};
use crate::cosim::tune::space::Space;
use crate::cosim::tune::{Kept, Plan, RESULT, STATE, Tuned, Tuning, Watcher};
use crate::network::Problems;
use crate::plan::Scene;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal as _, Write as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Search for better scalars in the own simulator, and write them with their provenance.
///
/// CMA-ES over the delay of everybody in some scenarios, beside the set to begin with on the same vehicles; demand perturbed by up to 20 %.
/// The state is kept after every generation: the same command goes on where it was, to the same bytes for any number of jobs.
/// What is found is compared on seeds that were kept aside. Exit code: 78 a scenario or a set of scalars is wrong, 65 a
/// state cannot be read.
#[derive(Debug, clap::Args)]
pub struct TuneArgs {
    /// Scenarios to drive: folders, files or names out of `simulate --list`.
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "surge,incident,green-wave,night")]
    scenarios: Vec<PathBuf>,
    /// Seeds to search on, `1..3` or `3`; both ends are run.
    #[arg(long, value_name = "A..B", default_value = "1..2", value_parser = seeds)]
    seeds: RangeInclusive<u32>,
    /// Seeds kept aside, on which before and after are compared.
    #[arg(long, value_name = "A..B", default_value = "101..104", value_parser = seeds)]
    held_out: RangeInclusive<u32>,
    /// What is varied.
    #[arg(
        long,
        value_name = "KEY",
        value_delimiter = ',',
        default_value = "stop_cost_s,change_cost_s,spill_price,terminal_weight,terminal_red_s,terminal_green_s"
    )]
    vary: Vec<String>,
    /// Vary it in this scene only: `off_peak`, peak, event, oversaturated or incident.
    #[arg(long, value_name = "SCENE", value_parser = scene)]
    scene: Option<Scene>,
    /// The set to begin with, in place of the one that is built in.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Generations of the search.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    generations: u32,
    /// Candidates in each.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(4..=1_000))]
    population: u32,
    /// Seed of the search.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs at a time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Simulate no longer than this many seconds of each scenario, to try things out.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(i64).range(60..))]
    shorten: Option<i64>,
    /// A date for the provenance; none is written otherwise, so that equal searches give equal files.
    #[arg(long, value_name = "TEXT")]
    date: Option<String>,
    /// Folder for state and result.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn scene(text: &str) -> Result<Scene, String> {
    let known = || Scene::ALL.map(Scene::name).join(", ");
    Scene::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| format!("allowed are {}", known()))
}

/// Run it.
pub fn run(args: &TuneArgs) -> ExitCode {
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            eprintln!("lightwatch tune: signals: {error}");
            return ExitCode::from(69);
        }
    };
    match search(args, &interrupt) {
        Ok(tuned) => {
            tell(&tuned, &args.out);
            ExitCode::SUCCESS
        }
        Err(Refusal::Cosim(CosimError::Stopped)) if interrupt.exit_code().is_some() => {
            eprintln!(
                "stopped; the same command goes on after the last generation in {}",
                args.out.join(STATE).display()
            );
            interrupt.exit_code().unwrap_or(ExitCode::FAILURE)
        }
        Err(refusal) => refusal.tell("tune"),
    }
}

fn search(args: &TuneArgs, interrupt: &Interrupt) -> Result<Tuned, Refusal> {
    let from = match &args.settings {
        Some(file) => load::scalars(file)?,
        None => Scalars::built_in(),
    };
    let space = Space::new(&args.vary, args.scene).map_err(|told| Refusal::Usage(format!("--vary: {told}")))?;
    let scenarios = scenarios(args)?;
    let all = |seeds: &RangeInclusive<u32>| seeds.clone().map(u64::from).collect::<Vec<_>>();
    if let Some(both) = args.seeds.clone().find(|seed| args.held_out.contains(seed)) {
        return Err(Refusal::Usage(format!("--held-out: {both} is among --seeds; what is searched on cannot judge")));
    }
    let plan = Plan {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        scenarios: scenarios.iter().map(|it| it.name.clone()).collect(),
        seeds: all(&args.seeds),
        held_out: all(&args.held_out),
        varied: space.names(),
        from: from.to_toml(),
        generations: args.generations,
        population: args.population,
        seed: args.seed,
        shorten_s: args.shorten,
    };
    let kept = Kept::read(&args.out)?;
    if let Some(kept) = kept.as_ref().filter(|kept| kept.plan != plan) {
        let (file, what) = (args.out.join(STATE), difference(&kept.plan, &plan));
        return Err(Refusal::Usage(format!("{} is of another search ({what}); give another --out", file.display())));
    }
    let jobs = args.jobs.into();
    let tuning = Tuning { plan, scenarios: &scenarios, space: &space, from: &from, date: args.date.clone(), jobs };
    let bar = Bar::new(tuning.seconds(kept.as_ref()), interrupt);
    let tuned = tuning.run(kept, &args.out, &bar);
    bar.line.finish_and_clear();
    Ok(tuned?)
}

fn scenarios(args: &TuneArgs) -> Result<Vec<Scenario>, Refusal> {
    let (mut found, mut problems) = (Vec::new(), Problems::default());
    for named in &args.scenarios {
        match built_in::find(named) {
            Ok(scenario) => found.push(shortened(scenario, args.shorten)),
            Err(wrong) => problems.extend(wrong),
        }
    }
    Ok(problems.into_result(found)?)
}

fn shortened(scenario: Scenario, most_s: Option<i64>) -> Scenario {
    let Some(most_s) = most_s.filter(|most_s| *most_s < scenario.end_s - scenario.begin_s) else { return scenario };
    let end_s = scenario.begin_s + most_s;
    Scenario { end_s, measured_from_s: scenario.measured_from_s.min(scenario.begin_s + most_s / 2), ..scenario }
}

/// Keys in which two plans differ.
fn difference(kept: &Plan, asked: &Plan) -> String {
    let table = |plan: &Plan| serde_json::to_value(plan).expect("a plan is numbers and names");
    let (kept, asked) = (table(kept), table(asked));
    let keys = kept.as_object().into_iter().flatten().filter(|(key, value)| asked.get(key) != Some(value));
    keys.map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(", ")
}

fn tell(tuned: &Tuned, out: &Path) {
    let percent = |log: f64| 100.0 * (log.exp() - 1.0);
    let (change, half) = (percent(tuned.change.mean), percent(tuned.change.half));
    let verdict = match (tuned.change.is_clear(), tuned.change.mean < 0.0) {
        (true, true) => "better than before",
        (true, false) => "worse than before",
        (false, _) => "no different from before as far as these runs tell",
    };
    // A reader that has gone away is no failure.
    let _ = writeln!(
        std::io::stdout().lock(),
        "delay on the seeds kept aside: {change:+.1} % ± {half:.1} %, {verdict}\nwritten: {}",
        out.join(RESULT).display()
    );
}

/// How far the search is: a bar on a terminal, a line a generation elsewhere.
struct Bar<'a> {
    line: ProgressBar,
    interrupt: &'a Interrupt,
}

impl<'a> Bar<'a> {
    fn new(seconds: u64, interrupt: &'a Interrupt) -> Self {
        let style = ProgressStyle::with_template("{bar:40} {percent} % of {len} s simulated, {eta} left, {msg}")
            .expect("the template is a constant");
        let on_terminal = std::io::stderr().is_terminal();
        let target = if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { line: ProgressBar::with_draw_target(Some(seconds), target).with_style(style), interrupt }
    }
}

impl Watcher for Bar<'_> {
    fn passed(&self, seconds: u64) {
        self.line.inc(seconds);
    }

    fn says(&self, line: &str) {
        if self.line.is_hidden() {
            eprintln!("{line}");
        } else {
            self.line.set_message(line.to_owned());
        }
    }

    fn goes_on(&self) -> bool {
        self.interrupt.exit_code().is_none()
    }
}
