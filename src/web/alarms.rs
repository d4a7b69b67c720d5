//! Alarms as they are answered: with what is known of their kind, and what people did about them.

use super::Exhibit;
use super::answers::{Totals, severity_name};
use crate::plan::{Alarm, AlarmPhase, Severity};
use crate::service::alarm_catalogue::entry;
use crate::service::alarms::Standing;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// An alarm, or a word about one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AlarmShown {
    /// Where.
    pub intersection: String,
    /// Stable name.
    pub code: String,
    /// How bad.
    pub severity: Severity,
    /// Where in its life it is.
    pub phase: AlarmPhase,
    /// Since when it is in this phase \[ms\].
    pub at_ms: i64,
    /// One line for people.
    pub detail: String,
    /// Since when it is up \[ms\]; null in the log.
    pub raised_ms: Option<i64>,
    /// Who acknowledged it or put it aside.
    pub by: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// Until when it is put aside \[ms\].
    pub until_ms: Option<i64>,
    /// What it is called.
    pub title: Option<&'static str>,
    /// What it usually comes from.
    pub cause: Option<&'static str>,
    /// What to do first.
    pub advice: Option<&'static str>,
    /// Fault type of GB/T 20999-2017, where one says the same.
    pub gbt20999: Option<u8>,
}

/// Alarms.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "alarms")]
pub struct Alarms {
    /// Those that are up, the worst first.
    pub open: Vec<AlarmShown>,
    /// The last words about alarms, the newest first, at most 500.
    pub log: Vec<AlarmShown>,
}

impl Alarms {
    /// Alarms now.
    pub(super) fn of(exhibit: &Exhibit) -> Self {
        let desk = exhibit.shown.operations.desk();
        let mut open: Vec<AlarmShown> = desk.standing().iter().map(|(_, it)| AlarmShown::up(it)).collect();
        open.sort_by(|a, b| (b.severity, &a.intersection, &a.code).cmp(&(a.severity, &b.intersection, &b.code)));
        Self { open, log: desk.words().iter().map(|it| AlarmShown::of(it)).collect() }
    }
}

impl AlarmShown {
    /// One that is up.
    pub(super) fn up(standing: &Standing) -> Self {
        Self { raised_ms: Some(standing.raised.0), ..Self::of(&standing.alarm) }
    }

    fn of(alarm: &Alarm) -> Self {
        let (known, handling) = (entry(&alarm.code), alarm.handling.as_ref());
        Self {
            intersection: alarm.intersection.to_string(),
            code: alarm.code.clone(),
            severity: alarm.severity,
            phase: alarm.phase,
            at_ms: alarm.at.0,
            detail: alarm.detail.clone(),
            raised_ms: None,
            by: handling.map(|it| it.by.clone()),
            note: handling.and_then(|it| it.note.clone()),
            until_ms: handling.and_then(|it| it.until).map(|it| it.0),
            title: known.map(|it| it.title),
            cause: known.map(|it| it.cause),
            advice: known.map(|it| it.advice),
            gbt20999: known.and_then(|it| it.gbt20999),
        }
    }
}

/// Whether an alarm is trouble and not put aside.
pub(super) fn is_trouble(standing: &Standing) -> bool {
    standing.alarm.phase != AlarmPhase::Shelved
}

/// The worst alarm of each intersection; counted by severity.
pub(super) fn worst(standing: &[(usize, Standing)], totals: &mut Totals) -> BTreeMap<usize, Severity> {
    let mut worst = BTreeMap::new();
    for (ix, it) in standing.iter().filter(|(_, it)| is_trouble(it)) {
        let severity = it.alarm.severity;
        *totals.alarms.entry(severity_name(severity)).or_default() += 1;
        let known = worst.entry(*ix).or_insert(severity);
        *known = severity.max(*known);
    }
    worst
}
