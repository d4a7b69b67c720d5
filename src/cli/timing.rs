//! `lightwatch timing`: what a fixed-time controller needs, designed, told as tables and written for other tools.

use super::interrupt::Interrupt;
use super::load;
use super::sumo::seconds;
use crate::cosim::design::{Refined, Site, refine};
use crate::cosim::error::CosimError;
use crate::cosim::scenario::{Scenario, built_in};
use crate::design::intervals::{Inputs, IntervalSettings, Policy, designed, read_inputs};
use crate::design::{Design, Flows, OffsetsBy, Settings, design, read_flows};
use crate::exchange::{ExportReport, gmns, sumo as tl_logic, utdf};
use crate::network::import::sumo::{self, ImportOptions};
use crate::network::{Geometry, Network, Problems};
use crate::plan::fixed_time::WebsterSettings;
use crate::time::Millis;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Design what a fixed-time controller needs: intervals, cycle, splits, offsets.
///
/// Intervals by the formulas of ITE and MUTCD with their inputs shown; cycle and splits by Webster, refined on the delay of the HCM; offsets by
/// bandwidth along a corridor (solved exactly for given splits) or by the delay of platoons over the network, and refined by delay in the own
/// simulator if asked. Methods, sources, weaknesses: docs/timing.md. Exit code: 0 good, 64 usage, 65 a network or a table is wrong, 69 SUMO
/// is missing, 74 a file cannot be written, 78 a scenario is wrong.
#[derive(Debug, clap::Args)]
pub struct TimingArgs {
    /// A network (TOML, JSON), a scenario (folder, scenario.toml, or a name that is built in); or --net with --routes.
    #[arg(required_unless_present = "net", conflicts_with = "net")]
    file: Option<PathBuf>,
    /// SUMO network file, with --routes.
    #[arg(long, value_name = "FILE", requires = "routes")]
    net: Option<PathBuf>,
    /// SUMO route file: the demand; its trips are routed by the duarouter beside SUMO.
    #[arg(long, value_name = "FILE", requires_all = ["net", "end"])]
    routes: Option<PathBuf>,
    /// With --routes: first second that counts.
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=31_622_400))]
    begin: i64,
    /// With --routes: first second that does not count.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(i64).range(1..=31_622_400))]
    end: Option<i64>,
    /// SUMO program; otherwise bin/sumo in $`SUMO_HOME`, .venv/sumo-1.28, PATH.
    #[arg(long, value_name = "FILE")]
    sumo_binary: Option<PathBuf>,
    /// Of a network: its volumes, a table `intersection,movement,veh_per_h`; without it cycle and splits stay as they are.
    #[arg(long, value_name = "FILE.csv")]
    volumes: Option<PathBuf>,
    /// Of a scenario: seed of the demand.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What was measured for intervals, a table `intersection,group,speed_kmh,grade_pct,width_m,crosswalk_m`.
    #[arg(long, value_name = "FILE.csv")]
    inputs: Option<PathBuf>,
    /// Which intervals are used.
    #[arg(long, value_enum, default_value = "longer")]
    intervals: Policy,
    /// One yellow for all vehicles, in seconds.
    #[arg(long, value_name = "S", value_parser = seconds::<2_000, 6_000>)]
    yellow: Option<Millis>,
    /// One red clearance for all conflicts, in seconds.
    #[arg(long, value_name = "S", value_parser = seconds::<0, 30_000>)]
    all_red: Option<Millis>,
    /// One minimum green for all vehicles, in seconds.
    #[arg(long, value_name = "S", value_parser = seconds::<1_000, 60_000>)]
    min_green: Option<Millis>,
    /// Width of a lane, for widths that nobody has measured, in metres.
    #[arg(long, value_name = "M", default_value_t = 3.6)]
    lane_width: f64,
    /// One cycle for everybody, in seconds.
    #[arg(long, value_name = "S", value_parser = seconds::<20_000, 300_000>)]
    cycle: Option<Millis>,
    /// Shortest cycle, in seconds.
    #[arg(long, value_name = "S", default_value = "50", value_parser = seconds::<20_000, 120_000>)]
    cycle_min: Millis,
    /// Longest cycle, in seconds.
    #[arg(long, value_name = "S", default_value = "120", value_parser = seconds::<40_000, 300_000>)]
    cycle_max: Millis,
    /// Webster's cycle and splits as he made them: not refined on delay, no stage left out.
    #[arg(long)]
    plain: bool,
    /// How offsets are chosen.
    #[arg(long, value_enum, default_value = "bandwidth")]
    offsets: OffsetsBy,
    /// Intersections of the corridor in the direction of travel; the longest straight chain unless given.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    corridor: Vec<String>,
    /// Of a scenario: refine the offsets by delay in the own simulator, with so many sets of offsets tried.
    #[arg(long, value_name = "TRIALS", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    refine: Option<u16>,
    /// Demands that each set of offsets is tried with, from --seed on.
    #[arg(long, value_name = "N", default_value_t = 2, requires = "refine", value_parser = clap::value_parser!(u16).range(1..=100))]
    refine_seeds: u16,
    /// Write the network with the intervals and the programmes, TOML.
    #[arg(long, value_name = "FILE.toml")]
    out_network: Option<PathBuf>,
    /// Write the programmes for SUMO, an additional file with `tlLogic` elements.
    #[arg(long, value_name = "FILE.add.xml")]
    out_sumo: Option<PathBuf>,
    /// Write network and programmes for Synchro, a combined UTDF file; further programmes in FILE-NAME.csv, their times in FILE-times.csv.
    #[arg(long, value_name = "FILE.csv")]
    out_utdf: Option<PathBuf>,
    /// Write network and programmes as GMNS tables, in this folder; made when missing.
    #[arg(long, value_name = "DIR")]
    out_gmns: Option<PathBuf>,
    /// Name of the programmes in the file for SUMO (`programID`).
    #[arg(long, value_name = "NAME", default_value = "lightwatch")]
    programme_id: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// A failure with its exit code.
struct Failure(u8, String);

impl From<CosimError> for Failure {
    fn from(error: CosimError) -> Self {
        Self(error.exit_code(), error.to_string())
    }
}

/// What is wrong with a table or a network.
fn bad(problems: &Problems) -> Failure {
    Failure(65, problems.to_string())
}

/// Run it.
pub fn run(args: &TimingArgs) -> ExitCode {
    match made(args) {
        Ok(text) => {
            // A reader that has gone away is no failure.
            let _ = write!(std::io::stdout().lock(), "{text}");
            ExitCode::SUCCESS
        }
        Err(Failure(code, message)) => {
            eprintln!("lightwatch timing: {message}");
            ExitCode::from(code)
        }
    }
}

/// What is to be designed.
struct Street {
    network: Network,
    geometry: Geometry,
    flows: Option<Flows>,
    scenario: Option<Scenario>,
    /// Whether its red clearances come from lengths over the junction.
    ways_are_known: bool,
    /// Whether lamps change at whole seconds there.
    whole_seconds: bool,
}

fn made(args: &TimingArgs) -> Result<String, Failure> {
    usage(args)?;
    let street = street(args)?;
    let inputs = match &args.inputs {
        Some(path) => {
            let text = load::text(path).map_err(|it| bad(&it))?;
            read_inputs(&text, &path.display().to_string(), &street.network).map_err(|it| bad(&it))?
        }
        None => Inputs::new(),
    };
    let settings = IntervalSettings {
        policy: args.intervals,
        yellow: args.yellow,
        all_red: args.all_red,
        green_min: args.min_green,
        lane_width_m: args.lane_width,
        ways_are_known: street.ways_are_known,
        whole_seconds: street.whole_seconds,
    };
    let (network, intervals) = designed(&street.network, &settings, &inputs).map_err(|it| bad(&it))?;
    let webster = WebsterSettings {
        cycle_min: args.cycle_min,
        cycle_max: args.cycle_max,
        refine: !args.plain,
        may_drop: !args.plain,
    };
    let wanted = Settings { webster, cycle: args.cycle, offsets: args.offsets, corridor: args.corridor.clone() };
    let flows = street.flows.as_ref();
    let mut design =
        design(&network, flows, &wanted, intervals).map_err(|message| Failure(64, format!("--{message}")))?;
    let mut network = design.in_network(&network);
    if let (Some(trials), Some(scenario)) = (args.refine, &street.scenario) {
        let refined = refined(args, scenario, &network, trials.into())?;
        design = design.with_offsets(&network, flows, &refined.offsets);
        design.notes.push(format!(
            "offsets refined in the simulator: delay {:.2} s/veh before, {:.2} after, {} runs",
            refined.before_s, refined.after_s, refined.runs
        ));
        network = design.in_network(&network);
    }
    write(args, &street, &network, &mut design)?;
    Ok(if args.json {
        serde_json::to_string(&design).expect("names and finite numbers are always JSON") + "\n"
    } else {
        design.to_string()
    })
}

fn usage(args: &TimingArgs) -> Result<(), Failure> {
    let wrong = |text: String| Err(Failure(64, text));
    if args.end.is_some_and(|end| end <= args.begin) {
        return wrong(format!("--end {} must be after --begin {}", args.end.unwrap_or_default(), args.begin));
    }
    if args.cycle_max < args.cycle_min {
        return wrong(format!("--cycle-max {} is below --cycle-min {}", args.cycle_max, args.cycle_min));
    }
    if !(2.0..=6.0).contains(&args.lane_width) {
        return wrong(format!("--lane-width {} m (allowed: 2…6 m)", args.lane_width));
    }
    Ok(())
}

fn street(args: &TimingArgs) -> Result<Street, Failure> {
    if let (Some(net), Some(routes), Some(end)) = (&args.net, &args.routes, args.end) {
        let text = std::fs::read_to_string(net).map_err(|error| Failure(65, format!("{}: {error}", net.display())))?;
        let options = ImportOptions {
            city: super::import::city_of(net),
            yellow: args.yellow,
            all_red: args.all_red,
            green_min: args.min_green,
            ..ImportOptions::default()
        };
        let imported = sumo::import(&text, &net.display().to_string(), &options);
        let imported = imported.map_err(|error| Failure(65, error.to_string()))?;
        let period = (args.begin, end);
        let site = Site::of_routes(imported.network, (net, routes), period, args.sumo_binary.as_deref())?;
        only_with("--volumes", "a network file", args.volumes.is_some())?;
        only_with("--refine", "a scenario", args.refine.is_some())?;
        return Ok(Street {
            geometry: imported.geometry.completed(&site.network),
            network: site.network,
            flows: Some(site.flows),
            scenario: None,
            ways_are_known: true,
            whole_seconds: true,
        });
    }
    let path = args.file.as_deref().unwrap_or(Path::new(""));
    if is_scenario(path) {
        only_with("--volumes", "a network file", args.volumes.is_some())?;
        let scenario = built_in::find(path).map_err(|problems| Failure(78, problems.to_string()))?;
        let site = Site::of_scenario(&scenario, args.seed)?;
        return Ok(Street {
            geometry: site.geometry,
            network: site.network,
            flows: Some(site.flows),
            scenario: Some(scenario),
            ways_are_known: true,
            whole_seconds: true,
        });
    }
    only_with("--refine", "a scenario", args.refine.is_some())?;
    let network = load::network_file(path).and_then(Network::build).map_err(|it| bad(&it))?;
    let flows = args
        .volumes
        .as_ref()
        .map(|path| load::text(path).and_then(|text| read_flows(&text, &path.display().to_string(), &network)));
    let flows = flows.transpose().map_err(|it| bad(&it))?;
    let geometry = load::map_beside(path).completed(&network);
    Ok(Street { network, geometry, flows, scenario: None, ways_are_known: false, whole_seconds: false })
}

fn only_with(option: &str, what: &str, given: bool) -> Result<(), Failure> {
    if given { Err(Failure(64, format!("{option} is for {what} only"))) } else { Ok(()) }
}

/// A folder, a file with a street in it, or no file at all: the name of one that is built in.
fn is_scenario(path: &Path) -> bool {
    if path.is_dir() {
        return true;
    }
    std::fs::read_to_string(path)
        .map_or_else(|_| path.extension().is_none(), |text| super::check::holds_scenario(&text))
}

fn refined(args: &TimingArgs, scenario: &Scenario, network: &Network, trials: usize) -> Result<Refined, Failure> {
    let interrupt = Interrupt::listen().map_err(|error| Failure(69, format!("signals: {error}")))?;
    let seeds: Vec<u64> = (args.seed..).take(args.refine_seeds.into()).collect();
    let goes_on =
        &mut |_| if interrupt.exit_code().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    Ok(refine(scenario, &Arc::new(network.clone()), &seeds, trials, goes_on)?)
}

/// Write what is asked for; what a form cannot say becomes a note.
fn write(args: &TimingArgs, street: &Street, network: &Network, design: &mut Design) -> Result<(), Failure> {
    let put = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| Failure(74, format!("{}: {error}", path.display())))
    };
    let notes = &mut design.notes;
    let tell = |notes: &mut Vec<String>, form: &str, report: &ExportReport| {
        notes.extend(report.to_string().lines().map(|line| format!("{form}: {line}")));
    };
    if let Some(path) = &args.out_network {
        put(path, &network.to_file().to_toml())?;
    }
    if let Some(path) = &args.out_sumo {
        let (text, report) = tl_logic::tl_logics(network, &args.programme_id);
        put(path, &text)?;
        tell(notes, "SUMO", &report);
    }
    if let Some(path) = &args.out_utdf {
        let (texts, report) =
            utdf::write(network, &street.geometry, street.flows.as_ref().map(|it| it.movements.as_slice()));
        put(path, &texts.network)?;
        let mut command = format!("import utdf {}", path.display());
        let mut taken = BTreeSet::new();
        for (name, text) in &texts.plans {
            let file = beside(path, name, &mut taken);
            put(&file, text)?;
            let _ = write!(command, " --plan '{name}={}'", file.display());
        }
        if let Some(times) = &texts.times {
            let file = beside(path, "times", &mut taken);
            put(&file, times)?;
            let _ = write!(command, " --times {}", file.display());
        }
        tell(notes, "UTDF", &report);
        if !taken.is_empty() {
            notes.push(format!("UTDF: a file a programme; all of them are read by: {command}"));
        }
    }
    if let Some(folder) = &args.out_gmns {
        let (tables, report) = gmns::write(network, &street.geometry);
        std::fs::create_dir_all(folder).map_err(|error| Failure(74, format!("{}: {error}", folder.display())))?;
        for (name, text) in tables {
            put(&folder.join(format!("{name}.csv")), &text)?;
        }
        tell(notes, "GMNS", &report);
    }
    Ok(())
}

/// A file of the same name with an addition, `net-peak.csv` beside `net.csv`; one that is taken gets a number.
fn beside(path: &Path, addition: &str, taken: &mut BTreeSet<PathBuf>) -> PathBuf {
    let plain: String =
        addition.chars().map(|it| if it.is_alphanumeric() || "_.-".contains(it) { it } else { '_' }).collect();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let named = |number: usize| {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        path.with_file_name(format!("{stem}-{plain}{number}.csv"))
    };
    let free = (1..=taken.len() + 1).map(named).find(|it| !taken.contains(it)).unwrap_or_default();
    taken.insert(free.clone());
    free
}
