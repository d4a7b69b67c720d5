//! Scenarios: a street, who uses it, what happens there, and what is expected; read, checked as a whole, ready to run.
//!
//! ```text
//! scenario.toml ─shape─> ScenarioFile ─street, demand, incidents, bounds─> Scenario      all problems at once, or a scenario
//! ```
//!
//! Every problem names file, key, value and what is allowed. The story is in the comment lines at the top of the file.

pub mod built_in;
pub mod corridor;
mod csv;
pub mod expect;
mod faults;
pub mod file;
pub mod shape;
mod source;

pub use faults::faults;

use crate::cosim::controller_name::ControllerName;
use crate::network::Problems;
use expect::{Bound, Expected, Versus};
use file::{EngineFile, FaultFile, ScenarioFile, StreetSource};
use simulator::demand::{Demand, DemandFile};
use simulator::incident::Closure;
use simulator::street::{Street, StreetFile};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of the file in the folder of a scenario.
pub const FILE: &str = "scenario.toml";
/// Name of the street beside it, where a scenario is written with one.
pub const STREET: &str = "street.toml";
/// Longest simulated time \[s\].
const LONGEST_S: i64 = 172_800;
/// Measures that may be bounded.
pub const MEASURES: [&str; 20] = [
    "delay_s",
    "time_loss_s",
    "travel_time_s",
    "wait_s",
    "p90_wait_s",
    "stops",
    "mean_speed_mps",
    "demanded",
    "finished",
    "finished_share",
    "never_departed",
    "unsafe",
    "fuel_l",
    "co2_kg",
    "pedestrians",
    "pedestrian_wait_s",
    "pedestrian_wait_p90_s",
    "emergency_delay_s",
    "emergency_wait_max_s",
    "bus_delay_s",
];

/// A scenario that can be run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Name of its folder.
    pub name: String,
    /// What it is about.
    pub story: String,
    /// The file, for messages.
    pub path: PathBuf,
    /// First second.
    pub begin_s: i64,
    /// First second that is not simulated.
    pub end_s: i64,
    /// First second from which trips count.
    pub measured_from_s: i64,
    /// Steps of the simulation in a second.
    pub steps_a_second: u32,
    /// The street.
    pub street: Street,
    /// Who uses it, before anything is drawn.
    pub demand: DemandFile,
    /// Closed lanes.
    pub closures: Vec<Closure>,
    /// What is wrong with which detectors.
    pub faults: Vec<FaultFile>,
    /// Whether buses ask for priority.
    pub transit: bool,
    /// What the engine is told.
    pub engine: EngineFile,
    /// Bounds by controller.
    pub expected: Expected,
    /// Comparisons.
    pub versus: Vec<Versus>,
}

impl Scenario {
    /// Read and check a scenario: a folder with a `scenario.toml`, or such a file.
    ///
    /// # Errors
    /// All problems at once, with file, key, value and what is allowed.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let path = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let mut problems = Problems::default();
            problems.say(path.display(), format_args!("cannot be read: {error}"));
            problems
        })?;
        Self::parse(&text, &path)
    }

    /// Check a scenario from its text; other files are looked for beside `path`.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, Problems> {
        let source = path.display().to_string();
        let file: ScenarioFile = shape::read(text, &source)?;
        let mut problems = Problems::default();
        times(&file, &source, &mut problems);
        let expected = expected(&file, &source, &mut problems);
        let versus = versus(&file, &source, &mut problems);
        file.engine.check(&format!("{source}: engine"), &mut problems);
        let end_s = file.begin_s + file.duration_s;
        let found = source::street(&file, path, &mut problems);
        let (Some((street, demand)), true) = (found, (1..=LONGEST_S).contains(&file.duration_s)) else {
            return Err(problems);
        };
        let street = source::build(street, &source, &mut problems);
        let Some(street) = street else { return Err(problems) };
        source::check_demand(&street, &demand, (file.begin_s, end_s), &source, &mut problems);
        let closures = incidents(&file, &street, &source, &mut problems);
        faults::check(&file.faults, &street, &source, &mut problems);
        let folder = path.parent().and_then(Path::file_name).map(|it| it.to_string_lossy().into_owned());
        problems.into_result(Self {
            name: folder.unwrap_or_default(),
            story: story(text),
            path: path.to_owned(),
            begin_s: file.begin_s,
            end_s,
            measured_from_s: file.begin_s + file.warm_up_s,
            steps_a_second: (1.0 / file.step_s).round() as u32,
            street,
            demand,
            closures,
            faults: file.faults,
            transit: file.requests.transit,
            engine: file.engine,
            expected,
            versus,
        })
    }

    /// The same with so many vehicles for each one: flows by their rates, single trips left out or made twice evenly. Pedestrians stay.
    ///
    /// # Errors
    /// A flow that is too strong then.
    pub fn with_demand(mut self, factor: f64) -> Result<Self, Problems> {
        if (factor - 1.0).abs() < f64::EPSILON {
            return Ok(self);
        }
        for flow in &mut self.demand.flows {
            flow.veh_per_h *= factor;
        }
        let (trips, mut kept) = (std::mem::take(&mut self.demand.trips), 0.0);
        for trip in trips {
            let before = kept as u64;
            kept += factor;
            for copy in 0..(kept as u64 - before) {
                let id = if copy == 0 { trip.id.clone() } else { format!("{}.{copy}", trip.id) };
                self.demand.trips.push(simulator::demand::TripFile { id, ..trip.clone() });
            }
        }
        let (mut problems, source) = (Problems::default(), self.path.display().to_string());
        source::check_demand(&self.street, &self.demand, (self.begin_s, self.end_s), &source, &mut problems);
        problems.into_result(self)
    }

    /// The same, ending at this second at the latest.
    #[must_use]
    pub fn until(mut self, end_s: i64) -> Self {
        self.end_s = self.end_s.min(end_s);
        self.measured_from_s = self.measured_from_s.min(self.end_s - 1).max(self.begin_s);
        self
    }

    /// The same with what the engine is told besides.
    #[must_use]
    pub fn told(mut self, engine: &EngineFile) -> Self {
        let before = self.engine;
        self.engine = EngineFile {
            range_m: engine.range_m.or(before.range_m),
            yellow_s: engine.yellow_s.or(before.yellow_s),
            all_red_s: engine.all_red_s.or(before.all_red_s),
            green_min_s: engine.green_min_s.or(before.green_min_s),
            decision_period_s: engine.decision_period_s.or(before.decision_period_s),
        };
        self
    }

    /// The trips and pedestrians of a seed.
    ///
    /// # Panics
    /// Never: the demand has been checked.
    pub fn draw(&self, seed: u64) -> Demand {
        Demand::build(&self.street, &self.demand, seed, self.begin_s as f64, self.end_s as f64)
            .expect("the demand was checked against this street")
    }
}

/// A scenario as it was written, and its street, so that both can be written again beside each other: the street by name, the demand all in one, nothing
/// expected any more.
///
/// # Errors
/// The files cannot be read again as they were.
pub fn written(scenario: &Scenario) -> Result<(ScenarioFile, StreetFile), Problems> {
    let (path, source) = (&scenario.path, scenario.path.display().to_string());
    let text = std::fs::read_to_string(path).or_else(|error| {
        let built_in = built_in::BUILT_IN.iter().find(|(name, _)| *name == scenario.name);
        built_in.map(|(_, text)| (*text).to_owned()).ok_or(error)
    });
    let mut problems = Problems::default();
    let text = text.map_err(|error| {
        problems.say(&source, format_args!("cannot be read: {error}"));
        std::mem::take(&mut problems)
    })?;
    let mut file: ScenarioFile = shape::read(&text, &source)?;
    let found = source::street(&file, path, &mut problems);
    let Some((street, demand)) = found else { return Err(problems) };
    file.street = StreetSource::File(PathBuf::from(STREET));
    file.demand = demand;
    file.classes.clear();
    (file.trips_csv, file.counts_csv) = (None, None);
    file.expect.clear();
    file.versus.clear();
    problems.into_result((file, street))
}

/// Comment lines at the top, without their marks.
fn story(text: &str) -> String {
    let lines = text.lines().take_while(|line| line.starts_with('#'));
    lines.map(|line| line.trim_start_matches('#').trim()).collect::<Vec<_>>().join("\n")
}

fn times(file: &ScenarioFile, source: &str, problems: &mut Problems) {
    let place = |key: &str| format!("{source}: {key}");
    problems.range(place("begin_s"), file.begin_s, &(0..=86_400 * 366), "s");
    problems.range(place("duration_s"), file.duration_s, &(1..=LONGEST_S), "s");
    if !(0..file.duration_s.max(1)).contains(&file.warm_up_s) {
        let allowed = format!("0 s to less than duration_s {} s", file.duration_s);
        problems.push(place("warm_up_s"), format_args!("{} s", file.warm_up_s), allowed);
    }
    if ![1.0, 0.5, 0.25, 0.2, 0.1].iter().any(|step: &f64| (step - file.step_s).abs() < 1e-9) {
        problems.push(place("step_s"), format_args!("{} s", file.step_s), "1, 0.5, 0.25, 0.2 or 0.1 s");
    }
}

fn expected(file: &ScenarioFile, source: &str, problems: &mut Problems) -> Expected {
    let mut all = Expected::new();
    for (&controller, bounds) in &file.expect {
        let mut read: BTreeMap<String, Bound> = BTreeMap::new();
        for (measure, bound) in bounds {
            let place = format!("{source}: expect.{}.{measure}", controller.name());
            if let Some(bound) = expect::checked(&place, measure, bound, &MEASURES, problems) {
                read.insert(measure.clone(), bound);
            }
        }
        all.insert(controller, read);
    }
    all
}

fn versus(file: &ScenarioFile, source: &str, problems: &mut Problems) -> Vec<Versus> {
    let mut all = Vec::new();
    for (number, it) in file.versus.iter().enumerate() {
        let place = format!("{source}: versus[{number}]");
        let change = expect::checked(&place, &it.measure, &it.change, &MEASURES, problems);
        if it.controller == it.against {
            problems.push(&place, format_args!("{} against itself", it.controller.name()), "two controllers");
        }
        let (controller, against, measure) = (it.controller, it.against, it.measure.clone());
        all.extend(change.map(|change| Versus { controller, against, measure, change }));
    }
    all
}

fn incidents(file: &ScenarioFile, street: &Street, source: &str, problems: &mut Problems) -> Vec<Closure> {
    let mut closures = Vec::new();
    for (number, incident) in file.incidents.iter().enumerate() {
        let place = format!("{source}: incidents[{number}]");
        if incident.end_s <= incident.begin_s {
            let allowed = format!("after begin_s {} s", incident.begin_s);
            problems.push(format_args!("{place}.end_s"), format_args!("{} s", incident.end_s), allowed);
        }
        let Some(lane) = street.lane(&incident.lane) else {
            problems.push(
                format_args!("{place}.lane"),
                format_args!("unknown lane `{}`", incident.lane),
                "a lane of the street",
            );
            continue;
        };
        let length = street.lanes[lane.at()].length_m;
        problems.range(format_args!("{place}.from_m"), incident.from_m, &(0.0..=length), "m");
        let (from_m, begin_s, end_s) = (incident.from_m, incident.begin_s, incident.end_s);
        closures.push(Closure { lane, from_m, begin_s, end_s });
    }
    closures
}

/// The schema of scenario files.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(ScenarioFile)
}

/// Controllers that a scenario speaks of: those with bounds and those that are compared.
pub fn controllers(scenario: &Scenario) -> Vec<ControllerName> {
    let mut names: Vec<ControllerName> = scenario.expected.keys().copied().collect();
    names.extend(scenario.versus.iter().flat_map(|it| [it.controller, it.against]));
    names.sort_unstable();
    names.dedup();
    names
}
