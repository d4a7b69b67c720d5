//! A folder of jobs → one table: every job in the order of its plan, with its figures or why it has none.
//!
//! In: job files, results and notes of failures that lie beside them. Out: rows, the same whoever ran what and in which order. A
//! result counts when it is of this very job: place, controller, seed, demand and what is varied.

use super::job::{FAILED, JOB, Job, RESULT, beside};
use super::outcome::Outcome;
use crate::cosim::error::CosimError;
use crate::measure::atspm::report::{Cell, Table};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Why a job has failed, as it is left beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What the run would have ended with.
    pub exit_code: u8,
    /// What was said.
    pub message: String,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It is done.
    Done(Box<Outcome>),
    /// It has failed.
    Failed(Failure),
    /// Nobody has run it, or its result is of another job.
    Missing,
}

/// Every job of a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// In the order of their numbers, then of their files.
    pub jobs: Vec<(PathBuf, Job, State)>,
}

/// Job files of a folder, in the order of their names.
///
/// # Errors
/// The folder cannot be read.
pub fn job_files(folder: &Path) -> Result<Vec<PathBuf>, CosimError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(CosimError::file(folder))? {
        let path = entry.map_err(CosimError::file(folder))?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(JOB)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Read a folder.
///
/// # Errors
/// The folder cannot be read, or a job file is broken.
pub fn collect(folder: &Path) -> Result<Collected, CosimError> {
    let mut jobs = Vec::new();
    for file in job_files(folder)? {
        let job = Job::read(&file)?;
        let state = state(&file, &job);
        jobs.push((file, job, state));
    }
    jobs.sort_by(|a, b| (a.1.number, &a.0).cmp(&(b.1.number, &b.0)));
    Ok(Collected { jobs })
}

fn state(file: &Path, job: &Job) -> State {
    let read = |end: &str| std::fs::read_to_string(beside(file, end)).ok();
    let outcome = read(RESULT).and_then(|text| serde_json::from_str::<Outcome>(&text).ok());
    if let Some(outcome) = outcome.filter(|it| is_of(it, job)) {
        return State::Done(Box::new(outcome));
    }
    let failure = read(FAILED).and_then(|text| serde_json::from_str(&text).ok());
    failure.map_or(State::Missing, State::Failed)
}

/// Whether a result is that of a job, by some lightwatch and some SUMO.
fn is_of(outcome: &Outcome, job: &Job) -> bool {
    let same = (&outcome.place, outcome.controller, outcome.seed, &outcome.varied)
        == (&job.place.name, job.controller, job.seed, &job.varied);
    let drawn = outcome.detail.is_some() == job.detail;
    same && drawn && outcome.demand.to_bits() == job.demand.to_bits() && outcome.job == job.digest("", None)
}

impl Collected {
    /// Results, in order.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.jobs.iter().filter_map(|(_, _, state)| match state {
            State::Done(outcome) => Some(&**outcome),
            _ => None,
        })
    }

    /// Jobs without a result: name, and how they failed if they did.
    pub fn open(&self) -> Vec<(String, Option<&Failure>)> {
        let open = self.jobs.iter().filter_map(|(_, job, state)| match state {
            State::Done(_) => None,
            State::Failed(failure) => Some((job.name(), Some(failure))),
            State::Missing => Some((job.name(), None)),
        });
        open.collect()
    }

    /// Programs that made the results; more than one is worth a remark.
    pub fn programs(&self) -> BTreeSet<&str> {
        self.outcomes().map(|it| it.lightwatch.as_str()).collect()
    }

    /// One row a job.
    pub fn table(&self) -> Table {
        let keys: BTreeSet<&str> =
            self.jobs.iter().flat_map(|(_, job, _)| job.varied.keys()).map(String::as_str).collect();
        let measures: BTreeSet<&str> = self.outcomes().flat_map(|it| it.figures.keys()).map(String::as_str).collect();
        let fixed = ["job", "place", "controller", "demand", "seed"].map(str::to_owned);
        let varied = keys.iter().map(|it| (*it).to_owned());
        let rest = ["state", "exit_code"].map(str::to_owned);
        let columns = fixed.into_iter().chain(varied).chain(rest).chain(measures.iter().map(|it| (*it).to_owned()));
        let rows = self.jobs.iter().map(|(_, job, state)| {
            let number = |value: Option<&f64>| value.map_or(Cell::None, |it| Cell::Number(*it, 3));
            let empty = BTreeMap::new();
            let (name, code, figures) = match state {
                State::Done(outcome) => ("done", Cell::Count(0), &outcome.figures),
                State::Failed(failure) => ("failed", Cell::Count(failure.exit_code.into()), &empty),
                State::Missing => ("missing", Cell::None, &empty),
            };
            let mut row = vec![
                Cell::Count(job.number.into()),
                Cell::Text(job.place.name.clone()),
                Cell::Text(job.controller.name().to_owned()),
                Cell::Number(job.demand, 3),
                Cell::Count(job.seed.into()),
            ];
            row.extend(keys.iter().map(|key| number(job.varied.get(*key))));
            row.extend([Cell::Text(name.to_owned()), code]);
            row.extend(measures.iter().map(|key| number(figures.get(*key))));
            row
        });
        Table { name: "runs", rows: rows.collect(), columns: columns.collect() }
    }
}
