//! What `compare` and `sweep plan` are both asked: where, who, how much, which seeds.

use crate::cli::progress::JobsBar;
use crate::cli::refusal::Refusal;
use crate::cosim::bench::maps;
use crate::cosim::bench::run::SumoProgram;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::experiment::collect::Failure;
use crate::cosim::experiment::job::{FAILED, Task};
use crate::cosim::experiment::outcome::Outcome;
use crate::cosim::experiment::place::Place;
use crate::cosim::experiment::plan::Plan;
use crate::cosim::jobs::pool::{Event, Watcher};
use crate::cosim::jobs::store::put;
use crate::cosim::sumo_binary;
use crate::network::Problems;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is asked.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct AskedArgs {
    /// Scenarios (a folder with a scenario.toml, such a file, a name of `simulate --list`) and SUMO maps (a folder with one .net.xml and
    /// one .rou.xml, or a folder of such).
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Who decides; the first one is what the others are compared with.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [ControllerName::Fixed, ControllerName::Webster, ControllerName::Actuated, ControllerName::MaxPressure, ControllerName::Adaptive])]
    controllers: Vec<ControllerName>,
    /// How many seeds, from 1 on, or which: `3..8`.
    #[arg(long, value_name = "N|A..B", default_value = "20", value_parser = seeds)]
    seeds: Seeds,
    /// Vehicles for each one of the demand.
    #[arg(long, value_name = "X", value_delimiter = ',', default_value = "1.0", allow_negative_numbers = true, value_parser = demand)]
    demand: Vec<f64>,
    /// Simulate no longer than this many seconds of each, to try things out.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(10..))]
    shorten: Option<u32>,
}

/// Seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Seeds(Vec<u32>);

fn seeds(text: &str) -> Result<Seeds, String> {
    match text.parse::<u32>() {
        Ok(count @ 1..=1000) => Ok(Seeds((1..=count).collect())),
        Ok(_) => Err("allowed are 1 to 1000 seeds, or A..B".to_owned()),
        Err(_) => crate::cli::bench::seeds(text).map(|range| Seeds(range.collect())),
    }
}

fn demand(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|it| (0.01..=10.0).contains(it));
    number.ok_or_else(|| "allowed are 0.01 to 10 vehicles for each one of the demand".to_owned())
}

/// Where SUMO is.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SumoBinaryArgs {
    /// SUMO program; otherwise bin/sumo in $`SUMO_HOME`, .venv/sumo-1.28, PATH.
    #[arg(long, value_name = "FILE")]
    sumo_binary: Option<PathBuf>,
}

impl AskedArgs {
    /// The plan, with settings that are varied; every place is found and checked.
    pub(in crate::cli) fn plan(&self, settings: &[(String, Vec<f64>)], detail: bool) -> Result<Plan, Problems> {
        let (mut places, mut problems) = (Vec::new(), Problems::default());
        for named in &self.scenarios {
            match Place::find(named) {
                Ok(found) => places.extend(found),
                Err(found) => problems.extend(found),
            }
        }
        let short = places.into_iter().map(|(place, engine)| (place.shortened(self.shorten), engine));
        problems.into_result(Plan {
            places: short.collect(),
            controllers: self.controllers.clone(),
            demands: self.demand.clone(),
            seeds: self.seeds.0.clone(),
            settings: settings.to_vec(),
            detail,
        })
    }
}

impl SumoBinaryArgs {
    /// SUMO with its digest; an error only where somebody needs it.
    pub(in crate::cli) fn find(&self, needed: bool) -> Result<Option<Arc<SumoProgram>>, Refusal> {
        if !needed {
            return Ok(None);
        }
        let binary = sumo_binary::find(self.sumo_binary.as_deref())?;
        let digest = maps::digest(&[&binary])?;
        Ok(Some(Arc::new(SumoProgram { version: String::new(), binary, digest })))
    }
}

/// Shows how far the jobs are, and leaves a note beside those that fail.
pub(in crate::cli) struct Noting<'a>(pub(in crate::cli) JobsBar<'a, Task>);

impl Watcher<Task> for Noting<'_> {
    fn told(&self, event: Event<'_, Task>) {
        match &event {
            Event::Failed(task, error) => {
                let failure = Failure { exit_code: error.exit_code(), message: error.to_string() };
                let text = serde_json::to_string_pretty(&failure).expect("texts are always JSON") + "\n";
                if let Err(error) = put(&task.beside(FAILED), &text) {
                    eprintln!("{error}");
                }
            }
            Event::Done(task, _) | Event::Kept(task) => forget(&task.beside(FAILED)),
            Event::Seconds(_) => {}
        }
        self.0.told(event);
    }

    fn goes_on(&self) -> bool {
        self.0.goes_on()
    }
}

/// An old note of a failure is no longer true.
fn forget(note: &Path) {
    // It is seldom there.
    let _ = std::fs::remove_file(note);
}

/// What is told of a finished job.
pub(in crate::cli) fn delay_s(outcome: &Outcome) -> f64 {
    outcome.figures.get("delay_s").copied().unwrap_or(0.0)
}

/// Write a job file, unless it is there as it is.
pub(in crate::cli) fn write_job(file: &Path, text: &str) -> Result<(), CosimError> {
    if std::fs::read_to_string(file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    put(file, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_counted_from_one_or_named_and_demands_have_a_range() {
        assert_eq!(seeds("3"), Ok(Seeds(vec![1, 2, 3])));
        assert_eq!(seeds("4..6"), Ok(Seeds(vec![4, 5, 6])));
        assert!(["0", "1001", "x", "9..3"].iter().all(|it| seeds(it).is_err()));
        assert!(demand("0.8").is_ok() && ["0", "-1", "11", "nan", "x"].iter().all(|it| demand(it).is_err()));
    }
}
