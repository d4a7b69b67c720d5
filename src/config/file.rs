//! What the operator typed: only its shape is known to be right.

use super::Strategy;
use crate::optimize;
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    pub city: String,
    pub networks: Vec<String>,
    #[serde(default)]
    pub broker: BrokerFile,
    #[serde(default)]
    pub engine: EngineFile,
    #[serde(default)]
    pub optimize: optimize::Settings,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BrokerFile {
    pub url: String,
    pub client_id: String,
    pub keep_alive_s: i64,
}

impl Default for BrokerFile {
    fn default() -> Self {
        Self { url: "mqtt://127.0.0.1:1883".into(), client_id: "lightwatch-1".into(), keep_alive_s: 5 }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EngineFile {
    pub id: String,
    pub strategy: String,
}

impl Default for EngineFile {
    fn default() -> Self {
        Self { id: "engine-1".into(), strategy: Strategy::default().name().into() }
    }
}
