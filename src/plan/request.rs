//! What others ask of an intersection: priority requests from the street, commands from operations.

use crate::ids::{GroupIx, IntersectionId, StageIx};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request for green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Where.
    pub intersection: IntersectionId,
    /// Name of the request, chosen by who asks; the same id again replaces the request.
    pub id: String,
    /// When it was made.
    pub at: Timestamp,
    /// Who asks.
    pub kind: RequestKind,
    /// Signal group that serves the movement.
    pub group: GroupIx,
    /// When the stop line is expected to be reached; `None` for who waits already.
    pub eta: Option<Timestamp>,
    /// Free class of the vehicle, for the log ("bus line 12", "ladder").
    pub class: Option<String>,
}

/// Who asks for green.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A push button.
    Pedestrian,
    /// A bus or tram: priority, the plan may change.
    Transit,
    /// A fire engine, an ambulance: preemption, the plan must change.
    Emergency,
}

/// Why a request for green is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// No stage serves the group.
    Unserved,
    /// The stop line was to be reached long ago.
    EtaPast,
    /// It is to be reached too far ahead.
    EtaFuture,
    /// As many of the kind as are kept are known already.
    TooMany,
}

/// What operations tell an intersection to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Where.
    pub intersection: IntersectionId,
    /// Name of the command; the answer repeats it.
    pub id: String,
    /// When it was given.
    pub at: Timestamp,
    /// Until when it holds, and after which it is refused as stale.
    pub expires: Timestamp,
    /// Who gave it, for the audit log.
    pub operator: String,
    /// Why, in one line for people.
    pub reason: Option<String>,
    /// What to do.
    pub action: Action,
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Go to a stage and hold it (minimum greens, clearances and maximum red still rule).
    Stage(StageIx),
    /// Go to a stage as soon as that is allowed, and give the intersection back once it is green.
    Call(StageIx),
    /// Run the fixed-time programme.
    FixedTime,
    /// Give the intersection back to the engine.
    Release,
}

impl Action {
    /// The last level of the topic.
    pub const fn verb(self) -> Verb {
        match self {
            Self::Stage(_) => Verb::Stage,
            Self::Call(_) => Verb::Call,
            Self::FixedTime => Verb::FixedTime,
            Self::Release => Verb::Release,
        }
    }

    /// The stage that it names.
    pub const fn stage(self) -> Option<StageIx> {
        match self {
            Self::Stage(stage) | Self::Call(stage) => Some(stage),
            Self::FixedTime | Self::Release => None,
        }
    }
}

/// The verbs of `command/{verb}` and `result/{verb}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// [`Action::Stage`].
    Stage,
    /// [`Action::Call`].
    Call,
    /// [`Action::FixedTime`].
    FixedTime,
    /// [`Action::Release`].
    Release,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 4] = [Self::Stage, Self::Call, Self::FixedTime, Self::Release];

    /// The name in the topic.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Call => "call",
            Self::FixedTime => "fixed_time",
            Self::Release => "release",
        }
    }
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandResult {
    /// Where.
    pub intersection: IntersectionId,
    /// The command's name.
    pub id: String,
    /// When it was answered.
    pub at: Timestamp,
    /// Which verb.
    pub verb: Verb,
    /// Whether it was accepted.
    pub accepted: bool,
    /// Why, in one line for people.
    pub reason: String,
}
