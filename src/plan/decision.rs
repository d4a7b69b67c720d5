//! What was decided and why, and what is wrong: the two values that people read.

use super::{Mode, Scene};
use crate::ids::{IntersectionId, StageIx};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One decision of the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Where.
    pub intersection: IntersectionId,
    /// When.
    pub at: Timestamp,
    /// Number of the plan that came of it.
    pub seq: u64,
    /// Mode it was taken in.
    pub mode: Mode,
    /// Scene it was taken in.
    pub scene: Scene,
    /// Stage to show or to go on showing.
    pub chosen: StageIx,
    /// The best alternative that was looked at.
    pub runner_up: Option<StageIx>,
    /// Cost terms of the chosen plan by name: `delay`, `stops`, `changes`, `spill`, `terminal` \[veh·s\], or `score` \[veh\] of those
    /// who compare scores; rounded to 0.001.
    pub cost: BTreeMap<String, f64>,
    /// The same terms of the best plan that begins with the runner-up.
    pub runner_up_cost: BTreeMap<String, f64>,
    /// Labels that the search expanded; 0 where nothing was searched.
    pub labels: u64,
    /// First 16 hex digits of the SHA-256 of the inputs; equal inputs must give equal decisions.
    pub input_hash: String,
    /// Why, in one line for people.
    pub reason: String,
}

/// Something that operations must know, with a life cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Where.
    pub intersection: IntersectionId,
    /// Stable name, `[a-z0-9_]`, the last level of the topic.
    pub code: String,
    /// When it came into this phase.
    pub at: Timestamp,
    /// Where in its life it is.
    pub phase: AlarmPhase,
    /// How bad.
    pub severity: Severity,
    /// One line for people.
    pub detail: String,
    /// What a person did about it; `None` while nobody has.
    pub handling: Option<Handling>,
}

/// What a person did about an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handling {
    /// Who.
    pub by: String,
    /// Why, in one line.
    pub note: Option<String>,
    /// Until when it is put aside; with [`AlarmPhase::Shelved`] only.
    pub until: Option<Timestamp>,
}

/// Life of an alarm.
///
/// ```text
///  Raised ──> Acknowledged ──┐        Shelved: for a time, also when it comes and goes meanwhile;
///    │ ^            │        v                 after it, Raised again where it is still up
///    │ └── over ── Shelved   Cleared
///    └───────────────────────^
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmPhase {
    /// It is there.
    Raised,
    /// Somebody has seen it.
    Acknowledged,
    /// Somebody has put it aside for a time.
    Shelved,
    /// It is over.
    Cleared,
}

/// How bad an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Control is worse than it could be.
    Warning,
    /// Somebody must act.
    Critical,
}
