//! `lightwatch calibrate`: the demand of a scenario, and if asked the headway of its drivers, fitted to counts.

use super::interrupt::Interrupt;
use super::load;
use crate::calibrate::{COLUMNS, Compared, Count, Fitness, read_counts};
use crate::cosim::calibrate::{CalibrateSettings, Calibrated, calibrate, observed};
use crate::cosim::scenario::{self, Scenario, built_in};
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Fit the demand of a scenario to counts, and say how well it fits.
///
/// A factor for each source and period is found such that the simulator brings as many vehicles as were counted; with --saturation also one on the
/// headway of all drivers. GEH of every count with the share below 5, RMSE and R², on seeds that were not fitted. Methods and sources:
/// docs/calibrate.md. Exit code: 0 good, 64 usage, 65 the counts are wrong, 74 a file cannot be written, 78 the scenario is wrong.
#[derive(Debug, clap::Args)]
pub struct CalibrateArgs {
    /// Folder with a scenario.toml, such a file, or the name of one that is built in.
    scenario: PathBuf,
    /// What was counted, a table `from,to,begin_s,end_s,count`: vehicles from the end of a road into another (empty: into any).
    #[arg(long, value_name = "FILE.csv", required_unless_present = "observe")]
    counts: Option<PathBuf>,
    /// Write the scenario with the demand that fits, in this folder: scenario.toml and street.toml, for `lightwatch simulate`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the counts that a run of the scenario itself gives, every turn at a signal, and stop: a table to be filled in.
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["counts", "out"])]
    observe: Option<PathBuf>,
    /// With --observe: length of a period, in seconds.
    #[arg(long, value_name = "S", default_value_t = 900, value_parser = clap::value_parser!(u32).range(10..=86_400))]
    period: u32,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs for each set of factors.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    seeds: u16,
    /// How often run and fit are repeated.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=50))]
    iterations: u16,
    /// How well the demand of the scenario is known: standard deviation of a factor, 0.05…10.
    #[arg(long, value_name = "SD", default_value_t = 0.5)]
    prior: f64,
    /// Length of the periods in which factors may differ, in seconds; as the counts have it unless given. Longer ones are more certain.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(10..=172_800))]
    factor_period: Option<u32>,
    /// Fit the headway of drivers too, from which saturation flow follows.
    #[arg(long)]
    saturation: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// A failure with its exit code.
struct Failure(u8, String);

/// Run it.
pub fn run(args: &CalibrateArgs) -> ExitCode {
    match done(args) {
        Ok(text) => {
            // A reader that has gone away is no failure.
            let _ = write!(std::io::stdout().lock(), "{text}");
            ExitCode::SUCCESS
        }
        Err(Failure(code, message)) => {
            eprintln!("lightwatch calibrate: {message}");
            ExitCode::from(code)
        }
    }
}

fn done(args: &CalibrateArgs) -> Result<String, Failure> {
    if !(0.05..=10.0).contains(&args.prior) {
        return Err(Failure(64, format!("--prior {} (allowed: 0.05…10)", args.prior)));
    }
    let scenario = built_in::find(&args.scenario).map_err(|problems| Failure(78, problems.to_string()))?;
    if let Some(path) = &args.observe {
        let counts = observed(&scenario, args.period.into(), args.seed);
        put(path, &table(&counts))?;
        return Ok(format!("{}: {} counts\n", path.display(), counts.len()));
    }
    let path = args.counts.as_deref().unwrap_or(Path::new(""));
    let text = load::text(path).map_err(|problems| Failure(65, problems.to_string()))?;
    let roads: Vec<&str> = scenario.street.roads.iter().map(|it| it.id.as_str()).collect();
    let span = (scenario.begin_s as f64, scenario.end_s as f64);
    let counts = read_counts(&text, &path.display().to_string(), &roads, span);
    let counts = counts.map_err(|problems| Failure(65, problems.to_string()))?;
    let settings = CalibrateSettings {
        seed: args.seed,
        seeds: args.seeds.into(),
        iterations: args.iterations.into(),
        sigma: args.prior,
        factor_s: args.factor_period.map(f64::from),
        saturation: args.saturation,
    };
    let interrupt = Interrupt::listen().map_err(|error| Failure(69, format!("signals: {error}")))?;
    let goes_on =
        &mut || if interrupt.exit_code().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let found = calibrate(&scenario, &counts, &settings, goes_on);
    let found = found.map_err(|error| Failure(error.exit_code(), error.to_string()))?;
    if let Some(folder) = &args.out {
        write(folder, &scenario, &found)?;
    }
    Ok(if args.json { as_json(&found, &counts) } else { as_text(&found, &counts) })
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure(74, format!("{}: {error}", path.display())))
}

fn table(counts: &[Count]) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for it in counts {
        let to = it.to.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{},{to},{},{},{}", it.from, it.begin_s, it.end_s, it.count);
    }
    text
}

/// The scenario with the demand that fits: its street beside it.
fn write(folder: &Path, scenario: &Scenario, found: &Calibrated) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure(74, format!("{}: {error}", folder.display())))?;
    let (mut file, mut street) = scenario::written(scenario).map_err(|problems| Failure(78, problems.to_string()))?;
    file.demand = found.demand.clone();
    street.classes.clone_from(&scenario.street.classes);
    for class in &mut street.classes {
        class.tau_s *= found.headway;
    }
    let toml = |value: Result<String, toml::ser::Error>| value.map_err(|error| Failure(74, error.to_string()));
    let [before, after] = found.fitness();
    let story = format!(
        "# {} with its demand fitted to {} counts: {:.0} % of them with a GEH below 5 ({:.0} % before), headway times {:.3}.\n",
        scenario.name,
        after.counts,
        100.0 * after.geh_below_5,
        100.0 * before.geh_below_5,
        found.headway
    );
    put(&folder.join(scenario::FILE), &(story + &toml(toml::to_string(&file))?))?;
    put(&folder.join(scenario::STREET), &toml(toml::to_string(&street))?)
}

fn as_json(found: &Calibrated, counts: &[Count]) -> String {
    let [before, after] = found.fitness();
    let rows = counts.iter().zip(found.before.iter().zip(&found.after)).map(|(count, (before, after))| {
        json!({ "from": count.from, "to": count.to, "begin_s": count.begin_s, "end_s": count.end_s, "before": before, "after": after })
    });
    let rows: Vec<_> = rows.collect();
    let all = json!({
        "before": before,
        "after": after,
        "headway": found.headway,
        "factors": found.cells,
        "counts": rows,
        "notes": found.notes,
    });
    all.to_string() + "\n"
}

fn as_text(found: &Calibrated, counts: &[Count]) -> String {
    let mut text = format!("{:<24} {:>9} {:>9} {:>8}\n", "source", "from s", "to s", "factor");
    for it in &found.cells {
        let mark = if it.seen { "" } else { "  not counted" };
        let _ = writeln!(text, "{:<24} {:>9} {:>9} {:>8.3}{mark}", it.source, it.begin_s, it.end_s, it.scale);
    }
    let _ = writeln!(
        text,
        "\n{:<40} {:>9} {:>9} {:>9} {:>6} {:>9} {:>6}",
        "count (veh/h)", "from s", "counted", "before", "GEH", "after", "GEH"
    );
    for (count, (before, after)) in counts.iter().zip(found.before.iter().zip(&found.after)) {
        let name = format!("{} to {}", count.from, count.to.as_deref().unwrap_or("any"));
        let side = |it: &Compared| format!("{:>9.0} {:>6.2}", it.modelled, it.geh);
        let _ =
            writeln!(text, "{name:<40} {:>9} {:>9.0} {} {}", count.begin_s, before.counted, side(before), side(after));
    }
    let [before, after] = found.fitness();
    let line = |what: &str, it: Fitness| {
        format!(
            "{what}: GEH below 5 for {:.1} % of {} counts (asked: 85 %), largest {:.1}; RMSE {:.1} veh/h, R² {:.3}\n",
            100.0 * it.geh_below_5,
            it.counts,
            it.geh_max,
            it.rmse,
            it.r2
        )
    };
    text += "\n";
    text += &line("before", before);
    text += &line("after", after);
    let _ = writeln!(text, "headway times {:.3}", found.headway);
    for note in &found.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
