//! The timing plan as a value: what every lamp shows from when to when, who says so, and for how long it may be obeyed.
//!
//! A [`Plan`] leaves no choice open and is never edited: every interval has an absolute start and end, the plan an
//! author (epoch), a sequence number, a lease and a reason. [`layout`] turns "this stage, then that one" into intervals
//! from *whatever is shown now*; `check` is the gate that judges any plan from any source, and shares no code with
//! `layout` or the optimizer.

pub mod check;
mod decision;
pub mod fixed_time;
pub mod layout;
mod report;
mod request;
mod scene;
pub mod shared_lane;
mod shown;
mod spat;
pub mod waiting;

pub use decision::{Alarm, AlarmPhase, Decision, Handling, Severity};
pub use report::{FieldMode, PlanRef, StateReport};
pub use request::{Action, Command, CommandResult, Refusal, Request, RequestKind, Verb};
pub use scene::Scene;
pub use shown::{GroupShown, Shown};
pub use spat::{GroupTiming, Spat};

use crate::ids::{IntersectionId, StageIx};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A timing plan for one intersection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Whom it is for.
    pub intersection: IntersectionId,
    /// Configuration that it was made for; a controller with another one refuses it.
    pub config_hash: String,
    /// Fencing number of the author; grows with every change of leadership.
    pub epoch: u64,
    /// Number of the plan within its epoch, growing.
    pub seq: u64,
    /// When it was made.
    pub issued: Timestamp,
    /// How long after `issued` it may be obeyed, at most [`Plan::LEASE_MAX`].
    pub lease: Millis,
    /// The nonce of the controller's last state message; proves that the author has seen that state.
    pub nonce_echo: u64,
    /// Mode of the engine for this intersection.
    pub mode: Mode,
    /// Why, in one line for people.
    pub reason: String,
    /// What is shown, in order, without gaps, at least [`Plan::COVER_MIN`] from `issued`.
    pub intervals: Vec<Interval>,
}

impl Plan {
    /// Longest lease.
    pub const LEASE_MAX: Millis = Millis::from_secs(3);
    /// Shortest time that the intervals cover from `issued`.
    pub const COVER_MIN: Millis = Millis::from_secs(10);
    /// Longest reason of a plan or a decision \[bytes\].
    pub const REASON_MAX: usize = 1024;
    /// Most intervals in a plan.
    pub const INTERVALS_MAX: usize = 64;

    /// Author and number.
    pub const fn number(&self) -> PlanRef {
        PlanRef { epoch: self.epoch, seq: self.seq }
    }

    /// Whether it may not be obeyed any more.
    pub fn lease_is_over(&self, at: Timestamp) -> bool {
        self.issued + self.lease <= at
    }

    /// The interval that holds an instant (start included, end excluded).
    pub fn interval_at(&self, at: Timestamp) -> Option<&Interval> {
        self.intervals.iter().find(|interval| interval.start <= at && at < interval.end)
    }
}

/// A stretch of time in which no lamp changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The stage shown, or being entered while the kind is yellow or all-red.
    pub stage: StageIx,
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// What kind of interval it is.
    pub kind: IntervalKind,
    /// What every group shows, in group order.
    pub signals: Vec<Indication>,
}

/// Kind of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// The stage is fully green.
    Green,
    /// At least one group shows yellow (groups green in both stages stay green).
    Yellow,
    /// Clearance: the ending groups are red, the entering ones not yet green (groups green in both stages stay green).
    AllRed,
}

/// How the engine drives one intersection.
///
/// ```text
///            first healthy counts           counts stale / unhealthy
///  Warmup ───────────────────────> Adaptive ─────────────────────────> Degraded
///    │                                ^                                   │  │
///    │ no counts within patience      │ N healthy cycles                  │  │ nothing usable left
///    v                                └───────────────────────────────────┘  v
///  FixedTime <─────────────────────────────────────────────────────────── FixedTime
///     any ── operator ──> Manual ── release or time-out ──> Degraded
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Started; not enough has been heard to plan on.
    Warmup,
    /// Plans on fresh counts.
    Adaptive,
    /// Plans on aged or partly replaced counts.
    Degraded,
    /// Runs the fixed-time programme.
    FixedTime,
    /// An operator holds a stage.
    Manual,
}

impl Mode {
    /// GB/T 20999-2017 control-mode code (as open implementations use them).
    pub const fn gbt20999(self) -> u8 {
        match self {
            Self::Warmup | Self::Adaptive | Self::Degraded => 0x14,
            Self::FixedTime => 0x11,
            Self::Manual => 0x15,
        }
    }
}
