//! How a run is made: what is chosen before it begins and holds until it ends.

use crate::detector::Detectors;
use crate::incident::Closure;
use crate::model::Model;

/// How a run is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Seed of everything that is drawn during the run.
    pub seed: u64,
    /// Begin \[s\].
    pub begin_s: f64,
    /// Step \[s\], 0.1 to 1.
    pub step_s: f64,
    /// Car-following model.
    pub model: Model,
    /// Whether vehicles change lanes to be faster, besides to get where they want.
    pub overtaking: bool,
    /// Threads, at least 1; the results do not depend on it.
    pub threads: usize,
    /// Closed lanes.
    pub closures: Vec<Closure>,
    /// Detectors and what is wrong with them.
    pub detectors: Detectors,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            begin_s: 0.0,
            step_s: 1.0,
            model: Model::default(),
            overtaking: true,
            threads: 1,
            closures: Vec::new(),
            detectors: Detectors::default(),
        }
    }
}
