//! `…/plan`: a timing plan, leased, absolute, sent again every second.
//!
//! Only the shape is judged here: names, numbers, sizes, one lamp a group. Whether the plan may be *obeyed* (lease, nonce,
//! epoch, gaps, minimum greens, conflicts) is the gate's business, which the engine and the field controller both ask.

use super::number::Whole;
use super::{Reason, Rejection, VERSION};
use crate::ids::StageIx;
use crate::network::Intersection;
use crate::plan::{Interval, IntervalKind, Mode, Plan};
use crate::time::Millis;
use crate::units::{Indication, lamps_from_str, lamps_to_string};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest lease that is read; the gate allows far less.
const LEASE_READ_MAX_MS: i64 = 3_600_000;
/// Longest text for people \[bytes\].
pub(super) const TEXT_MAX: usize = Plan::REASON_MAX;

/// Payload of `…/plan`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "plan")]
pub struct PlanMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// Configuration that the plan was made for; a controller with another one refuses it.
    pub config_hash: String,
    /// Fencing number of the author; grows with every change of leadership.
    #[schemars(range(min = 0))]
    pub epoch: Whole,
    /// Number of the plan within its epoch, growing.
    #[schemars(range(min = 0))]
    pub seq: Whole,
    /// When it was made \[UTC ms\].
    #[schemars(range(min = 0))]
    pub issued_ms: Whole,
    /// How long after `issued_ms` it may be obeyed \[ms\]; a controller refuses more than 3000.
    #[schemars(range(min = 0, max = 3000))]
    pub lease_ms: Whole,
    /// The nonce of the controller's last state message.
    #[schemars(range(min = 0))]
    pub nonce_echo: Whole,
    /// Mode of the engine.
    pub mode: Mode,
    /// GB/T 20999-2017 code of the mode; for readers, ignored on arrival.
    #[serde(default)]
    pub mode_gbt: u8,
    /// Why, in one line for people, at most 1024 bytes.
    pub reason: String,
    /// What is shown, in order, without gaps, at least 10 s from `issued_ms`; 1…64 intervals.
    #[schemars(length(min = 1, max = 64))]
    pub intervals: Vec<IntervalMessage>,
    /// Keyed digest `KEY:64 hexadecimal digits` where keys are configured; always the last field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// A stretch of time in which no lamp changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalMessage {
    /// Name of the stage shown, or being entered while the kind is yellow or all-red.
    pub stage: String,
    /// First instant \[UTC ms\].
    #[schemars(range(min = 0))]
    pub start_ms: Whole,
    /// First instant after it \[UTC ms\].
    #[schemars(range(min = 0))]
    pub end_ms: Whole,
    /// What kind of interval it is.
    pub kind: IntervalKind,
    /// One letter a signal group: r red, s red with turn allowed, u red and yellow, y yellow, g permissive, G protected.
    #[schemars(regex(pattern = r"^[rsuygGoO]+$"))]
    pub signals: String,
}

impl PlanMessage {
    /// The message of a plan.
    pub fn new(plan: &Plan, intersection: &Intersection) -> Self {
        Self {
            v: Whole(VERSION),
            intersection: plan.intersection.to_string(),
            config_hash: plan.config_hash.clone(),
            epoch: plan.epoch.into(),
            seq: plan.seq.into(),
            issued_ms: plan.issued.into(),
            lease_ms: Whole(plan.lease.0),
            nonce_echo: plan.nonce_echo.into(),
            mode: plan.mode,
            mode_gbt: plan.mode.gbt20999(),
            reason: plan.reason.clone(),
            intervals: plan.intervals.iter().map(|it| IntervalMessage::new(it, intersection)).collect(),
            mac: None,
        }
    }

    /// The plan, its shape checked.
    pub fn into_plan(self, intersection: &Intersection) -> Result<Plan, Rejection> {
        if self.intervals.is_empty() || self.intervals.len() > Plan::INTERVALS_MAX {
            let reason = if self.intervals.is_empty() { Reason::Inconsistent } else { Reason::TooBig };
            let detail = format!("{} intervals, allowed 1…{}", self.intervals.len(), Plan::INTERVALS_MAX);
            return Err(Rejection::new(reason, detail));
        }
        let intervals = self
            .intervals
            .into_iter()
            .enumerate()
            .map(|(position, it)| it.checked(position, intersection))
            .collect::<Result<_, _>>()?;
        Ok(Plan {
            intersection: intersection.id.clone(),
            config_hash: text(self.config_hash, "config_hash")?,
            epoch: self.epoch.exact("epoch")?,
            seq: self.seq.exact("seq")?,
            issued: self.issued_ms.instant(|| "issued_ms".into())?,
            lease: Millis(self.lease_ms.up_to(LEASE_READ_MAX_MS, || "lease_ms".into())?),
            nonce_echo: self.nonce_echo.exact("nonce_echo")?,
            mode: self.mode,
            reason: text(self.reason, "reason")?,
            intervals,
        })
    }
}

impl IntervalMessage {
    fn new(interval: &Interval, intersection: &Intersection) -> Self {
        Self {
            stage: intersection.stage(interval.stage).id.clone(),
            start_ms: interval.start.into(),
            end_ms: interval.end.into(),
            kind: interval.kind,
            signals: lamps_to_string(&interval.signals),
        }
    }

    fn checked(self, position: usize, intersection: &Intersection) -> Result<Interval, Rejection> {
        let start = self.start_ms.instant(|| format!("intervals[{position}].start_ms"))?;
        let end = self.end_ms.instant(|| format!("intervals[{position}].end_ms"))?;
        if end <= start {
            let detail = format!("intervals[{position}] ends at {} and starts at {}", end.0, start.0);
            return Err(Rejection::new(Reason::Inconsistent, detail));
        }
        let stage = stage(&self.stage, intersection)?;
        Ok(Interval { stage, start, end, kind: self.kind, signals: lamps(&self.signals, intersection)? })
    }
}

/// The stage of a name.
pub(super) fn stage(name: &str, intersection: &Intersection) -> Result<StageIx, Rejection> {
    let found = intersection.stages.iter().position(|stage| stage.id == name).map(StageIx);
    found.ok_or_else(|| {
        let detail = format!("stage {} of {}", super::topic::shorten(name), intersection.id);
        Rejection::new(Reason::UnknownStage, detail)
    })
}

/// The lamps of a lamp string, one a group.
pub(super) fn lamps(letters: &str, intersection: &Intersection) -> Result<Vec<Indication>, Rejection> {
    let lamps = lamps_from_str(letters)
        .map_err(|letter| Rejection::new(Reason::Malformed, format!("lamp {letter:?}, allowed rsuygGoO")))?;
    if lamps.len() == intersection.groups.len() {
        Ok(lamps)
    } else {
        let detail = format!("{} lamps for {} groups", lamps.len(), intersection.groups.len());
        Err(Rejection::new(Reason::UnknownGroup, detail))
    }
}

/// A text of bounded length.
pub(super) fn text(value: String, field: &str) -> Result<String, Rejection> {
    if value.len() <= TEXT_MAX {
        Ok(value)
    } else {
        Err(Rejection::new(Reason::TooBig, format!("{field} has {} bytes, allowed {TEXT_MAX}", value.len())))
    }
}

impl super::decode::Payload for PlanMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.issued_ms) }
    }
}
