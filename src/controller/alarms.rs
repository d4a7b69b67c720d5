//! Alarms of one intersection: raised once, cleared once.

use super::mode::Health;
use super::{Output, Settings};
use crate::ids::IntersectionId;
use crate::plan::{Alarm, AlarmPhase, FieldMode, Severity, StateReport};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// The field controller is not heard.
const FIELD_SILENT: &str = "field_silent";
/// The field controller runs on its own.
const FIELD_LOCAL: &str = "field_local";
/// Counts are stale or missing.
const COUNTS_STALE: &str = "counts_stale";
/// The gate refused what the engine itself had planned.
const GATE_REFUSED: &str = "gate_refused";

/// Which alarms are up.
#[derive(Debug, Clone)]
pub(super) struct Alarms {
    intersection: IntersectionId,
    up: BTreeSet<&'static str>,
}

impl Alarms {
    /// None.
    pub(super) fn new(intersection: IntersectionId) -> Self {
        Self { intersection, up: BTreeSet::new() }
    }

    /// Whether the field controller speaks and obeys.
    pub(super) fn watch_field(
        &mut self,
        report: Option<&StateReport>,
        at: Timestamp,
        settings: &Settings,
        outputs: &mut Vec<Output>,
    ) {
        let age = report.map(|report| at - report.shown.at);
        let silent = age.is_none_or(|age| age > settings.state_patience);
        let detail = age.map_or_else(|| "never heard".to_owned(), |age| format!("not heard for {age}"));
        self.set(FIELD_SILENT, silent, Severity::Critical, detail, at, outputs);
        let mode = report.map(|report| report.mode);
        let local = mode.is_some_and(FieldMode::is_local);
        let refused = report.and_then(|report| report.refused.clone());
        let detail = format!("{mode:?}, last refusal: {}", refused.as_deref().unwrap_or("none"));
        self.set(FIELD_LOCAL, local, Severity::Warning, detail, at, outputs);
    }

    /// Whether the counts are good enough.
    pub(super) fn watch_counts(&mut self, health: Health, at: Timestamp, outputs: &mut Vec<Output>) {
        let stale = health != Health::Healthy;
        self.set(COUNTS_STALE, stale, Severity::Warning, format!("{health:?}"), at, outputs);
    }

    /// Whether the gate refused the own plan.
    pub(super) fn watch_gate(&mut self, refused: Option<&str>, at: Timestamp, outputs: &mut Vec<Output>) {
        let detail = refused.unwrap_or("plans pass again").to_owned();
        self.set(GATE_REFUSED, refused.is_some(), Severity::Critical, detail, at, outputs);
    }

    fn set(
        &mut self,
        code: &'static str,
        on: bool,
        severity: Severity,
        detail: String,
        at: Timestamp,
        outputs: &mut Vec<Output>,
    ) {
        let changed = if on { self.up.insert(code) } else { self.up.remove(code) };
        if changed {
            let phase = if on { AlarmPhase::Raised } else { AlarmPhase::Cleared };
            let intersection = self.intersection.clone();
            let (code, handling) = (code.to_owned(), None);
            outputs.push(Output::Alarm(Alarm { intersection, code, at, phase, severity, detail, handling }));
        }
    }
}
