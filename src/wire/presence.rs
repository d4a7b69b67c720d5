//! `$engine/{id}/presence`: an engine is there, or not. The broker says "offline" for it as its last will.

use super::number::Whole;
use super::plan::text;
use super::{Rejection, VERSION};
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
        Self { v: Whole(VERSION), status: presence.status, version: presence.version.clone() }
    }

    /// The presence of an engine.
    pub fn into_presence(self, engine: String) -> Result<Presence, Rejection> {
        Ok(Presence { engine, status: self.status, version: text(self.version, "version")? })
    }
}

impl super::decode::Payload for PresenceMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: None, ts: None }
    }
}
