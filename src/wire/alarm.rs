//! `…/alarm/{code}`: something is wrong, has been seen, is over. Retained, so that who comes later sees what is open.
//!
//! Because it is retained it may be old: an alarm is never turned away for its age.

use super::number::Whole;
use super::plan::text;
use super::{Rejection, VERSION};
use crate::network::Intersection;
use crate::plan::{Alarm, AlarmPhase, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Payload of `…/alarm/{code}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "alarm")]
pub struct AlarmMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// When it came into this phase \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// Where in its life it is.
    pub phase: AlarmPhase,
    /// How bad.
    pub severity: Severity,
    /// One line for people.
    pub detail: String,
    /// Reserved: keyed digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

impl AlarmMessage {
    /// The message of an alarm.
    pub fn new(alarm: &Alarm) -> Self {
        Self {
            v: Whole(VERSION),
            intersection: alarm.intersection.to_string(),
            ts_ms: alarm.at.into(),
            phase: alarm.phase,
            severity: alarm.severity,
            detail: alarm.detail.clone(),
            mac: None,
        }
    }

    /// The alarm of a code, every value checked.
    pub fn into_alarm(self, code: String, intersection: &Intersection) -> Result<Alarm, Rejection> {
        Ok(Alarm {
            intersection: intersection.id.clone(),
            code,
            at: self.ts_ms.instant(|| "ts_ms".into())?,
            phase: self.phase,
            severity: self.severity,
            detail: text(self.detail, "detail")?,
        })
    }
}

impl super::decode::Payload for AlarmMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: None }
    }
}
