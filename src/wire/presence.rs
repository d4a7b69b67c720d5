//! `$engine/{id}/presence`: an engine is there, or not, and whether it leads. The broker says "offline" for it as its last will.

use super::number::Whole;
use super::plan::text;
use super::{Reason, Rejection, VERSION};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether an engine is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Name of the engine, from the topic.
    pub engine: String,
    /// Online or not.
    pub status: PresenceStatus,
    /// Version of the program.
    pub version: String,
    /// Whether it leads, if it says.
    pub role: Option<Role>,
}

/// What an engine does for its intersections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It publishes plans of this epoch.
    Leading {
        /// Fencing number of its plans.
        epoch: u64,
    },
    /// It listens, so that it can lead when the one that does falls silent.
    StandingBy,
}

/// Payload of `$engine/{id}/presence`. Holds no time: the last will is written when the connection is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "presence")]
pub struct PresenceMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// Online or not.
    pub status: PresenceStatus,
    /// Version of the program.
    pub version: String,
    /// Whether it leads the engines of its intersections or stands by; not said by who is offline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<PresenceRole>,
    /// Fencing number of its plans; said by who leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub epoch: Option<Whole>,
}

/// Leading or standing by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceRole {
    /// It publishes plans.
    Leading,
    /// It listens, and leads when the one that does falls silent.
    StandingBy,
}

/// Online or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// Connected.
    Online,
    /// Gone, on purpose or not.
    Offline,
}

impl PresenceMessage {
    /// The message of a presence.
    pub fn new(presence: &Presence) -> Self {
        let (role, epoch) = match presence.role {
            Some(Role::Leading { epoch }) => (Some(PresenceRole::Leading), Some(epoch.into())),
            Some(Role::StandingBy) => (Some(PresenceRole::StandingBy), None),
            None => (None, None),
        };
        Self { v: Whole(VERSION), status: presence.status, version: presence.version.clone(), role, epoch }
    }

    /// The presence of an engine.
    pub fn into_presence(self, engine: String) -> Result<Presence, Rejection> {
        let role = match (self.role, self.epoch) {
            (Some(PresenceRole::Leading), Some(epoch)) => Some(Role::Leading { epoch: epoch.exact("epoch")? }),
            (Some(PresenceRole::Leading), None) => {
                return Err(Rejection::new(Reason::Inconsistent, "role leading without an epoch"));
            }
            (Some(PresenceRole::StandingBy), _) => Some(Role::StandingBy),
            (None, _) => None,
        };
        Ok(Presence { engine, status: self.status, version: text(self.version, "version")?, role })
    }
}

impl super::decode::Payload for PresenceMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: None, ts: None }
    }
}
