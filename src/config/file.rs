//! What the operator typed: only its shape is known to be right.

use super::Strategy;
use crate::time::Millis;
use crate::{controller, optimize};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    pub city: String,
    pub networks: Vec<String>,
    #[serde(default)]
    pub settings: String,
    #[serde(default)]
    pub broker: BrokerFile,
    #[serde(default)]
    pub engine: EngineFile,
    #[serde(default)]
    pub keys: KeysFile,
    #[serde(default)]
    pub audit: AuditFile,
    #[serde(default)]
    pub alarms: AlarmsFile,
    #[serde(default)]
    pub history: HistoryFile,
    #[serde(default)]
    pub learned: LearnedFile,
    #[serde(default)]
    pub shadow: ShadowFile,
    #[serde(default)]
    pub controller: ControllerFile,
    /// Read for its shape only; what it says is laid over the scalars.
    #[serde(default, rename = "optimize")]
    pub _optimize: optimize::Settings,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BrokerFile {
    pub url: String,
    pub client_id: String,
    pub keep_alive_s: i64,
    pub ca: String,
    pub certificate: String,
    pub private_key: String,
}

impl Default for BrokerFile {
    fn default() -> Self {
        Self {
            url: "mqtt://127.0.0.1:1883".into(),
            client_id: "lightwatch-1".into(),
            keep_alive_s: 5,
            ca: String::new(),
            certificate: String::new(),
            private_key: String::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct KeysFile {
    pub file: String,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AuditFile {
    pub folder: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AlarmsFile {
    pub webhook: String,
    pub webhook_from: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HistoryFile {
    pub folder: String,
    pub max_gb: i64,
    pub max_days: i64,
}

impl Default for HistoryFile {
    fn default() -> Self {
        Self { folder: String::new(), max_gb: 20, max_days: 30 }
    }
}

impl Default for AlarmsFile {
    fn default() -> Self {
        Self { webhook: String::new(), webhook_from: "warning".into() }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EngineFile {
    pub id: String,
    pub intersections: Vec<String>,
    pub strategy: String,
}

impl Default for EngineFile {
    fn default() -> Self {
        Self { id: "engine-1".into(), intersections: Vec::new(), strategy: Strategy::default().name().into() }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LearnedFile {
    pub folder: String,
    pub every_s: i64,
}

impl Default for LearnedFile {
    fn default() -> Self {
        Self { folder: String::new(), every_s: 60 }
    }
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ShadowFile {
    pub policy: String,
    pub settings: String,
    pub intersections: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ControllerFile {
    pub lease_ms: Millis,
    pub ahead_ms: Millis,
    pub commit_lead_ms: Millis,
    pub decision_period_ms: Millis,
    pub counts_patience_ms: Millis,
    pub blind_patience_ms: Millis,
    pub healthy_cycles: u32,
    pub state_patience_ms: Millis,
}

impl Default for ControllerFile {
    fn default() -> Self {
        let settings = controller::Settings::default();
        Self {
            lease_ms: settings.lease,
            ahead_ms: settings.ahead,
            // In lockstep plans arrive at once; over a network they do not.
            commit_lead_ms: Millis(300),
            decision_period_ms: settings.decision_period,
            counts_patience_ms: settings.counts_patience,
            blind_patience_ms: settings.blind_patience,
            healthy_cycles: settings.healthy_cycles,
            state_patience_ms: settings.state_patience,
        }
    }
}
