//! `…/alarm/{code}`: something is wrong, has been seen, is over. Retained, so that who comes later sees what is open.
//!
//! Because it is retained it may be old: an alarm is never turned away for its age.

use super::number::Whole;
use super::plan::text;
use super::request::named;
use super::{Reason, Rejection, VERSION};
use crate::network::Intersection;
use crate::plan::{Alarm, AlarmPhase, Handling, Severity};
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
    /// Who acknowledged it or put it aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub by: Option<String>,
    /// Why, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub note: Option<String>,
    /// Until when it is put aside \[UTC ms\]; with the phase `shelved` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub until_ms: Option<Whole>,
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
            by: alarm.handling.as_ref().map(|it| it.by.clone()),
            note: alarm.handling.as_ref().and_then(|it| it.note.clone()),
            until_ms: alarm.handling.as_ref().and_then(|it| it.until).map(Into::into),
            mac: None,
        }
    }

    /// The alarm of a code, every value checked.
    pub fn into_alarm(self, code: String, intersection: &Intersection) -> Result<Alarm, Rejection> {
        let until = self.until_ms.map(|it| it.instant(|| "until_ms".into())).transpose()?;
        if until.is_some() != (self.phase == AlarmPhase::Shelved) {
            return Err(Rejection::new(Reason::Inconsistent, "until_ms and the phase shelved belong together"));
        }
        let note = self.note.map(|it| text(it, "note")).transpose()?;
        let handling = match self.by {
            Some(by) => Some(Handling { by: named(by, "by")?, note, until }),
            None if note.is_some() || until.is_some() => {
                return Err(Rejection::new(Reason::Inconsistent, "note or until_ms without by"));
            }
            None => None,
        };
        Ok(Alarm {
            intersection: intersection.id.clone(),
            code,
            at: self.ts_ms.instant(|| "ts_ms".into())?,
            phase: self.phase,
            severity: self.severity,
            detail: text(self.detail, "detail")?,
            handling,
        })
    }
}

impl super::decode::Payload for AlarmMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: None }
    }
}
