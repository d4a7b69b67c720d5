//! Where an experiment runs: a scenario of our simulator, or a folder with a SUMO network and its routes.
//!
//! In: what somebody typed. Out: a [`Place`] that stands in a job: a scenario's text as it is, SUMO's files by their paths, and the
//! digest of everything that is read, so that a job cannot run on other files than it was planned for.

use crate::cosim::bench::maps;
use crate::cosim::bench::table::Table;
use crate::cosim::error::CosimError;
use crate::cosim::scenario::Scenario;
use crate::cosim::scenario::built_in;
use crate::cosim::scenario::file::{EngineFile, ScenarioFile, StreetSource};
use crate::cosim::scenario::shape;
use crate::network::Problems;
use crate::record::header::hexadecimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// A place and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its name, unique in an experiment.
    pub name: String,
    /// What is there.
    pub street: Source,
    /// First second.
    pub begin_s: i64,
    /// First second that is not simulated.
    pub end_s: i64,
    /// SHA-256 over everything that is read.
    pub digest: String,
}

/// Where the street comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A scenario of our simulator.
    Scenario {
        /// Its file; other files are looked for beside it.
        path: PathBuf,
        /// What stands in it.
        text: String,
    },
    /// SUMO.
    Sumo {
        /// Network file.
        net: PathBuf,
        /// Route file.
        routes: PathBuf,
    },
}

impl Place {
    /// What somebody named: a folder with one `*.net.xml` and one `*.rou.xml` or a folder of such, or a scenario; with what the engine is
    /// told there.
    ///
    /// # Errors
    /// All problems at once: what is not there, and what is wrong with it.
    pub fn find(named: &Path) -> Result<Vec<(Self, EngineFile)>, Problems> {
        let is_scenario = named.is_file() || named.join(crate::cosim::scenario::FILE).is_file();
        if named.is_dir() && !is_scenario && maps::holds_one(named) {
            let maps = maps::find(&[named.to_owned()], &Table::built_in())?;
            return Ok(maps.into_iter().map(sumo).collect());
        }
        Ok(vec![(Self::scenario(built_in::find(named)?)?, EngineFile::default())])
    }

    fn scenario(scenario: Scenario) -> Result<Self, Problems> {
        let text = built_in::text(&scenario.path).map_err(|error| unread(&scenario.path, &error))?;
        let name = built_in::name(&scenario.path);
        let digest = scenario_digest(&text, &scenario.path)?;
        let (begin_s, end_s) = (scenario.begin_s, scenario.end_s);
        Ok(Self { name, street: Source::Scenario { path: scenario.path, text }, begin_s, end_s, digest })
    }

    /// The same, no longer than this \[s\].
    #[must_use]
    pub fn shortened(mut self, seconds: Option<u32>) -> Self {
        if let Some(seconds) = seconds {
            self.end_s = self.end_s.min(self.begin_s + i64::from(seconds));
        }
        self
    }

    /// Whether SUMO is needed.
    pub const fn is_sumo(&self) -> bool {
        matches!(self.street, Source::Sumo { .. })
    }

    /// That the files are those for which it was planned.
    ///
    /// # Errors
    /// [`CosimError::Data`] when they are not, [`CosimError::File`] when one is not there.
    pub fn verify(&self) -> Result<(), CosimError> {
        let (path, found) = match &self.street {
            Source::Scenario { path, text } => (path, scenario_digest(text, path).map_err(CosimError::Scenario)?),
            Source::Sumo { net, routes } => (net, maps::digest(&[net, routes])?),
        };
        if found == self.digest {
            return Ok(());
        }
        let message =
            format!("not what the job was planned for: its digest is {found}, that of the job {}", self.digest);
        Err(CosimError::Data { path: path.clone(), message })
    }
}

/// Timing as the table of the benchmark has it, without what it says of single versions of SUMO.
fn sumo(map: maps::Map) -> (Place, EngineFile) {
    let timing = map.entry.timing("");
    let engine = EngineFile {
        range_m: Some(timing.range_m),
        yellow_s: Some(timing.yellow.as_secs_f64()),
        all_red_s: Some(timing.all_red.as_secs_f64()),
        green_min_s: Some(timing.green_min.as_secs_f64()),
        decision_period_s: Some(timing.decision_period.as_secs_f64()),
    };
    let street = Source::Sumo { net: map.net, routes: map.routes };
    (Place { name: map.name, street, begin_s: map.begin_s, end_s: map.end_s, digest: map.digest }, engine)
}

/// Over the text and the files that it names.
fn scenario_digest(text: &str, path: &Path) -> Result<String, Problems> {
    let file: ScenarioFile = shape::read(text, &path.display().to_string())?;
    let beside = |name: &PathBuf| path.parent().unwrap_or(Path::new("")).join(name);
    let mut named: Vec<PathBuf> = match &file.street {
        StreetSource::File(name) => vec![beside(name)],
        StreetSource::Sumo { net, routes } => vec![beside(net), beside(routes)],
        StreetSource::Cityflow { roadnet, flow } => vec![beside(roadnet), beside(flow)],
        StreetSource::Inline(_) | StreetSource::Grid(_) | StreetSource::Corridor(_) => Vec::new(),
    };
    named.extend([&file.trips_csv, &file.counts_csv].into_iter().flatten().map(beside));
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    };
    add(text.as_bytes());
    for file in named {
        add(&std::fs::read(&file).map_err(|error| unread(&file, &error))?);
    }
    Ok(hexadecimal(&hash.finalize()))
}

fn unread(path: &Path, error: &std::io::Error) -> Problems {
    let mut problems = Problems::default();
    problems.say(path.display(), format_args!("cannot be read: {error}"));
    problems
}
