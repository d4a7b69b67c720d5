//! A job: one run, with all that its result depends on, as a JSON file.
//!
//! In: place, controller, seed, demand, settings. Out: the job file, and an [`super::outcome::Outcome`] beside it. Two jobs are the
//! same when their digests are: files of the place, all settings, this program and, where it is needed, the program of SUMO.

use super::execute::execute;
use super::outcome::Outcome;
use super::place::Place;
use crate::config::Scalars;
use crate::cosim::bench::run::SumoProgram;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::jobs::{self, Progress};
use crate::cosim::scenario::file::EngineFile;
use crate::network::{Problems, json_problem};
use crate::record::header::digest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Version of jobs and results; a new one makes all kept results old.
pub const FORMAT: u32 = 1;
/// End of the names of job files.
pub const JOB: &str = ".job.json";
/// End of the names of results.
pub const RESULT: &str = ".result.json";
/// End of the names of notes of failures.
pub const FAILED: &str = ".failed.json";

/// What one run needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// [`FORMAT`].
    pub format: u32,
    /// Its place in the plan, from 1; files and rows go by it.
    pub number: u32,
    /// Where and when.
    pub place: Place,
    /// Who decides.
    pub controller: ControllerName,
    /// Seed of demand and drivers.
    pub seed: u32,
    /// Vehicles for each one of the place's demand.
    pub demand: f64,
    /// What is varied, by name: what other jobs of the plan have otherwise.
    pub varied: BTreeMap<String, f64>,
    /// Timing and sensing; what is left out is as the place has it.
    pub engine: EngineFile,
    /// Scalars of the engine that are not as built in, `optimize.block_price` or `estimate.dispersion`.
    pub scalars: BTreeMap<String, f64>,
    /// Whether lamps and trajectories are kept to be drawn.
    pub detail: bool,
}

impl Job {
    /// Read and check a job file.
    ///
    /// # Errors
    /// What is wrong with it: line and column, or keys with what is allowed.
    pub fn read(path: &Path) -> Result<Self, CosimError> {
        let text = std::fs::read_to_string(path).map_err(CosimError::file(path))?;
        let data = |problems: &Problems| CosimError::Data { path: path.to_owned(), message: problems.to_string() };
        let job: Self = serde_json::from_str(&text).map_err(|error| data(&json_problem(&error, "job")))?;
        let mut problems = Problems::default();
        job.check(&mut problems);
        if problems.is_empty() { Ok(job) } else { Err(data(&problems)) }
    }

    fn check(&self, problems: &mut Problems) {
        if self.format != FORMAT {
            problems.push("format", self.format, FORMAT);
        }
        problems.range("demand", self.demand, &(0.01..=10.0), "");
        if self.place.end_s <= self.place.begin_s {
            let allowed = format!("after place.begin_s {} s", self.place.begin_s);
            problems.push("place.end_s", format_args!("{} s", self.place.end_s), allowed);
        }
        self.engine.check("engine", problems);
        if let Err(found) = with_scalars(&self.scalars) {
            problems.extend(found);
        }
    }

    /// As it is written.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("finite numbers and texts are always JSON") + "\n"
    }

    /// Its name: number, place, controller, demand, seed, and what is varied.
    pub fn name(&self) -> String {
        let Self { number, place, controller, demand, seed, varied, .. } = self;
        let varied: Vec<String> =
            varied.iter().map(|(key, value)| format!("-{}{value}", key.rsplit('.').next().unwrap_or(key))).collect();
        let name = format!("{}-{}-x{demand}{}-s{seed}", place.name, controller.name(), varied.concat());
        let plain = |it: char| if it.is_ascii_alphanumeric() || "-_.".contains(it) { it } else { '_' };
        format!("{number:05}-{}", name.chars().map(plain).collect::<String>())
    }

    /// Simulated seconds.
    pub fn seconds(&self) -> u64 {
        (self.place.end_s - self.place.begin_s).unsigned_abs()
    }

    /// SHA-256 of all that its result depends on, by this program and this SUMO.
    pub fn digest(&self, program: &str, sumo: Option<&SumoProgram>) -> String {
        let Self { place, controller, seed, demand, engine, scalars, detail, .. } = self;
        let of = json!({
            "format": FORMAT,
            "files": place.digest,
            "period_s": [place.begin_s, place.end_s],
            "controller": controller.name(),
            "seed": seed,
            "demand": demand,
            "engine": engine,
            "scalars": scalars,
            "detail": detail,
            "program": program,
            "sumo": sumo.filter(|_| place.is_sumo()).map(|it| it.digest.as_str()),
        });
        digest(&of.to_string())
    }
}

/// The built-in scalars with some set by their dotted names.
///
/// # Errors
/// Names that are not there, values out of their ranges.
pub fn with_scalars(changes: &BTreeMap<String, f64>) -> Result<Scalars, Problems> {
    let mut all: toml::Table = toml::from_str(&Scalars::built_in().to_toml()).expect("it was just written");
    let mut problems = Problems::default();
    for (key, &value) in changes {
        let Some(place) = number_at(&mut all, key) else {
            problems.push(key, "no such scalar", "optimize.NAME or estimate.NAME of `src/config/scalars.toml`");
            continue;
        };
        let whole = place.is_integer() && value.fract().abs() < 1e-12;
        *place = if whole { toml::Value::Integer(value as i64) } else { toml::Value::Float(value) };
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let text = toml::to_string(&all).expect("tables of numbers and names can be written");
    Scalars::parse(&text, "scalars")
}

fn number_at<'a>(table: &'a mut toml::Table, key: &str) -> Option<&'a mut toml::Value> {
    let mut names = key.split('.');
    let mut value = table.get_mut(names.next().filter(|it| *it != "provenance")?)?;
    for name in names {
        value = value.as_table_mut()?.get_mut(name)?;
    }
    Some(value).filter(|it| it.is_integer() || it.is_float())
}

/// A job with the file that it stands in, ready to run.
#[derive(Debug, Clone)]
pub struct Task {
    /// What is run.
    pub job: Arc<Job>,
    /// Its file; the result goes beside it.
    pub file: PathBuf,
    /// The program of SUMO, where one was found.
    pub sumo: Option<Arc<SumoProgram>>,
}

impl Task {
    /// The file beside that of the job with another end.
    pub fn beside(&self, end: &str) -> PathBuf {
        beside(&self.file, end)
    }
}

/// The file beside that of a job with another end.
pub fn beside(file: &Path, end: &str) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = name.strip_suffix(JOB).or_else(|| name.strip_suffix(".json")).unwrap_or(&name);
    file.with_file_name(format!("{stem}{end}"))
}

impl jobs::Job for Task {
    type Record = Outcome;

    fn name(&self) -> String {
        self.job.name()
    }

    fn file(&self) -> PathBuf {
        self.beside(RESULT)
    }

    fn seconds(&self) -> u64 {
        self.job.seconds()
    }

    fn digest(&self, program: &str) -> String {
        self.job.digest(program, self.sumo.as_deref())
    }

    fn digest_of(record: &Outcome) -> &str {
        &record.digest
    }

    fn execute(&self, program: &str, progress: Progress<'_>) -> Result<Outcome, CosimError> {
        execute(self, program, progress)
    }
}
