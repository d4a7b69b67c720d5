//! The state of a search on disk, whole at any instant, and its result.
//!
//! `state.json`: the plan, the runs with the set to begin with, where the search is, and how each generation fared. Written after every
//! generation in the place of the one before. `scalars.toml`: the result, for `--settings`.

use super::Plan;
use super::cma_es::Search;
use super::trial::Outcome;
use crate::config::Scalars;
use crate::cosim::error::CosimError;
use crate::service::learned_store::replace;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

/// Name of the state in its folder.
pub const STATE: &str = "state.json";
/// Name of the result in its folder.
pub const RESULT: &str = "scalars.toml";
/// Form of the state.
const FORMAT: u32 = 1;

/// A search between two generations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    lightwatch_tune: u32,
    /// What is searched.
    pub plan: Plan,
    /// Runs with the set to begin with, scenario by scenario, seed by seed.
    pub before: Vec<Outcome>,
    /// Where it is.
    pub search: Search,
    /// How the generations fared.
    pub steps: Vec<Step>,
}

/// How a generation fared; costs as in [`super::trial`], 0 for what was there before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 1.
    pub generation: u64,
    /// Cost of its best candidate.
    pub best: f64,
    /// Mean cost.
    pub mean: f64,
    /// Step size after it, of the width of the box.
    pub sigma: f64,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |log: f64| 100.0 * (log.exp() - 1.0);
        write!(
            f,
            "generation {}: best {:+.1} %, mean {:+.1} %, step {:.3}",
            self.generation,
            percent(self.best),
            percent(self.mean),
            self.sigma
        )
    }
}

impl Kept {
    pub(super) fn new(plan: Plan, search: Search, before: Vec<Outcome>) -> Self {
        Self { lightwatch_tune: FORMAT, plan, before, search, steps: Vec::new() }
    }

    /// The state in a folder, `None` where there is none.
    ///
    /// # Errors
    /// A file that cannot be read or holds no state.
    pub fn read(folder: &Path) -> Result<Option<Self>, CosimError> {
        let file = folder.join(STATE);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CosimError::file(&file)(error)),
        };
        let data = |message: String| CosimError::Data { path: file.clone(), message };
        let kept: Self = serde_json::from_str(&text).map_err(|error| data(format!("no state of a search: {error}")))?;
        if kept.lightwatch_tune != FORMAT {
            return Err(data(format!("lightwatch_tune: {} (allowed: {FORMAT})", kept.lightwatch_tune)));
        }
        Ok(Some(kept))
    }

    /// Keep it in a folder, in the place of what was kept before.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), CosimError> {
        let file = folder.join(STATE);
        let text = serde_json::to_string_pretty(self).expect("finite numbers are always JSON");
        replace(&file, (text + "\n").as_bytes()).map_err(CosimError::file(&file))
    }
}

/// Write the result.
pub(super) fn write_result(folder: &Path, scalars: &Scalars) -> Result<(), CosimError> {
    let file = folder.join(RESULT);
    replace(&file, scalars.to_toml().as_bytes()).map_err(CosimError::file(&file))
}
