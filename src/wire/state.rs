//! `…/state`: what a field controller shows, who is in charge there, and which plan it really obeys, once a second.
//!
//! This, and not an acknowledgement of the broker, is what tells the engine that a plan has arrived.

use super::number::Whole;
use super::plan::{lamps, stage, text};
use super::{Reason, Rejection, VERSION};
use crate::network::Intersection;
use crate::plan::{FieldMode, GroupShown, PlanRef, Shown, StateReport};
use crate::time::Timestamp;
use crate::units::lamps_to_string;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Payload of `…/state`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "state")]
pub struct StateMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// Configuration that the controller runs.
    pub config_hash: String,
    /// Instant of the picture \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// One letter a signal group.
    #[schemars(regex(pattern = r"^[rsuygGoO]+$"))]
    pub lamps: String,
    /// Since when each group shows it \[UTC ms\]; protected and permissive green count as one green.
    pub since_ms: Vec<Whole>,
    /// When the last green of each group ended \[UTC ms\]; null while it is green and when it never was.
    pub green_end_ms: Vec<Option<Whole>>,
    /// Name of the stage shown or being entered; null when the lamps belong to none.
    pub stage: Option<String>,
    /// Who is in charge.
    pub mode: FieldMode,
    /// GB/T 20999-2017 code of the mode; for readers, ignored on arrival.
    #[serde(default)]
    pub mode_gbt: u8,
    /// The plan that is obeyed, or was the last one obeyed.
    pub applied: Option<AppliedMessage>,
    /// Stable name of the reason why the newest plan was refused; null when it was accepted.
    pub refused: Option<String>,
    /// Fresh number that a plan must echo.
    #[schemars(range(min = 0))]
    pub nonce: Whole,
    /// Keyed digest `KEY:64 hexadecimal digits` where keys are configured; always the last field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// Which plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppliedMessage {
    /// Fencing number of its author.
    #[schemars(range(min = 0))]
    pub epoch: Whole,
    /// Number within the epoch.
    #[schemars(range(min = 0))]
    pub seq: Whole,
}

impl StateMessage {
    /// The message of a report.
    pub fn new(report: &StateReport, intersection: &Intersection) -> Self {
        let groups = &report.shown.groups;
        Self {
            v: Whole(VERSION),
            intersection: report.intersection.to_string(),
            config_hash: report.config_hash.clone(),
            ts_ms: report.shown.at.into(),
            lamps: lamps_to_string(&report.shown.lamps()),
            since_ms: groups.iter().map(|group| group.since.into()).collect(),
            green_end_ms: groups.iter().map(|group| group.green_end.map(Whole::from)).collect(),
            stage: report.shown.stage.map(|stage| intersection.stage(stage).id.clone()),
            mode: report.mode,
            mode_gbt: report.mode.gbt20999(),
            applied: report.applied.map(|plan| AppliedMessage { epoch: plan.epoch.into(), seq: plan.seq.into() }),
            refused: report.refused.clone(),
            nonce: report.nonce.into(),
            mac: None,
        }
    }

    /// The report, every value checked.
    pub fn into_report(self, intersection: &Intersection) -> Result<StateReport, Rejection> {
        let lamps = lamps(&self.lamps, intersection)?;
        if self.since_ms.len() != lamps.len() || self.green_end_ms.len() != lamps.len() {
            let (since, ends) = (self.since_ms.len(), self.green_end_ms.len());
            let detail = format!("{since} since_ms and {ends} green_end_ms for {} groups", lamps.len());
            return Err(Rejection::new(Reason::UnknownGroup, detail));
        }
        let at = self.ts_ms.instant(|| "ts_ms".into())?;
        let mut groups = Vec::with_capacity(lamps.len());
        for ((indication, since), green_end) in lamps.into_iter().zip(self.since_ms).zip(self.green_end_ms) {
            let since = past(since, at, "since_ms")?;
            let green_end = green_end.map(|end| past(end, at, "green_end_ms")).transpose()?;
            groups.push(GroupShown { indication, since, green_end });
        }
        let stage = self.stage.map(|name| stage(&name, intersection)).transpose()?;
        let applied = self.applied.map(|plan| -> Result<PlanRef, Rejection> {
            Ok(PlanRef { epoch: plan.epoch.exact("applied.epoch")?, seq: plan.seq.exact("applied.seq")? })
        });
        Ok(StateReport {
            intersection: intersection.id.clone(),
            config_hash: text(self.config_hash, "config_hash")?,
            shown: Shown { at, stage, groups },
            mode: self.mode,
            applied: applied.transpose()?,
            refused: self.refused.map(|reason| text(reason, "refused")).transpose()?,
            nonce: self.nonce.exact("nonce")?,
        })
    }
}

/// An instant that is not after the picture. May be before 1970: "red since long ago" on a simulated clock is.
fn past(value: Whole, at: Timestamp, field: &str) -> Result<Timestamp, Rejection> {
    if value.0 <= at.0 {
        Ok(Timestamp(value.0))
    } else {
        Err(Rejection::new(Reason::Inconsistent, format!("{field} = {}, after ts_ms = {}", value.0, at.0)))
    }
}

impl super::decode::Payload for StateMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.ts_ms) }
    }
}
