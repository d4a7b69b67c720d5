//! What is believed of any traffic before anything is learned of it: one set for every intersection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Priors of the estimator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Dispersion of a platoon on its way, 0…1: α·β of Robertson's `F = 1/(1 + α·β·T)`.
    pub dispersion: f64,
    /// Discharge of those who must give way, once the queues that go first are gone, over protected discharge, 0.05…1.
    pub permissive_factor: f64,
}

impl Default for Settings {
    fn default() -> Self {
        // TRANSYT's 0.35 · 0.8 for urban streets; the factor by single trials (docs/algorithm.md).
        Self { dispersion: 0.28, permissive_factor: 0.6 }
    }
}
