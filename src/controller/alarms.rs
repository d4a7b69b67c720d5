//! Alarms of one intersection: raised once, cleared once. Those of detectors name their lanes, and are raised again when these change.

use super::mode::Health;
use super::{Output, Settings, reason};
use crate::estimate::health::Fault;
use crate::ids::{IntersectionId, LaneIx};
use crate::network::Intersection;
use crate::plan::{Alarm, AlarmPhase, FieldMode, Severity, StateReport};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The field controller is not heard.
const FIELD_SILENT: &str = "field_silent";
/// The field controller runs on its own.
const FIELD_LOCAL: &str = "field_local";
/// Counts are stale or missing.
const COUNTS_STALE: &str = "counts_stale";
/// The gate refused what the engine itself had planned.
const GATE_REFUSED: &str = "gate_refused";

/// Which alarms are up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Alarms {
    intersection: IntersectionId,
    up: BTreeSet<Cow<'static, str>>,
    /// When the field controller was first looked for: whoever has just begun gives it time to speak.
    #[serde(default)]
    begun: Option<Timestamp>,
    /// Since when it has been running on its own.
    #[serde(default)]
    local_since: Option<Timestamp>,
    /// Lanes of each fault that is up.
    faulty: BTreeMap<Fault, Vec<LaneIx>>,
}

impl Alarms {
    /// None.
    pub(super) fn new(intersection: IntersectionId) -> Self {
        Self { intersection, up: BTreeSet::new(), begun: None, local_since: None, faulty: BTreeMap::new() }
    }

    /// Whether the field controller speaks and obeys. Both are alarms only when they last longer than a patience: at every start, and at every
    /// way back from local control, nobody is heard or obeyed for a moment.
    pub(super) fn watch_field(
        &mut self,
        report: Option<&StateReport>,
        at: Timestamp,
        settings: &Settings,
        outputs: &mut Vec<Output>,
    ) {
        let age = report.map(|report| at - report.shown.at);
        // A clock that was set back counts from where it is.
        let begun = self.begun.filter(|&begun| begun <= at).unwrap_or(at);
        self.begun = Some(begun);
        let silent = age.unwrap_or(at - begun) > settings.state_patience;
        let detail = age.map_or_else(|| "never heard".to_owned(), |age| format!("not heard for {age}"));
        self.set(FIELD_SILENT, silent, Severity::Critical, detail, at, outputs);
        let mode = report.map(|report| report.mode);
        let runs_alone = mode.is_some_and(FieldMode::is_local);
        self.local_since = runs_alone.then(|| self.local_since.filter(|&since| since <= at).unwrap_or(at));
        let local = self.local_since.is_some_and(|since| at - since > settings.state_patience);
        let refused = report.and_then(|report| report.refused.clone());
        let detail = format!("{}; last refusal: {}", runs(mode), refused.as_deref().unwrap_or("none"));
        self.set(FIELD_LOCAL, local, Severity::Warning, detail, at, outputs);
    }

    /// Whether the counts are good enough.
    pub(super) fn watch_counts(&mut self, health: Health, at: Timestamp, outputs: &mut Vec<Output>) {
        let stale = health != Health::Healthy;
        self.set(COUNTS_STALE, stale, Severity::Warning, heard(health).to_owned(), at, outputs);
    }

    /// Whether the detectors are believed, lane by lane.
    pub(super) fn watch_detectors(
        &mut self,
        intersection: &Intersection,
        verdicts: impl Iterator<Item = Option<Fault>>,
        at: Timestamp,
        outputs: &mut Vec<Output>,
    ) {
        let mut faulty: BTreeMap<Fault, Vec<LaneIx>> = BTreeMap::new();
        for (lane, fault) in intersection.lane_ixs().zip(verdicts) {
            if let Some(fault) = fault {
                faulty.entry(fault).or_default().push(lane);
            }
        }
        if faulty == self.faulty {
            return;
        }
        for fault in Fault::ALL {
            let (before, now) = (self.faulty.get(&fault), faulty.get(&fault));
            if before == now {
                continue;
            }
            let names = |lanes: &Vec<LaneIx>| lanes.iter().map(|lane| intersection.lanes[lane.0].id.as_str()).collect();
            let lanes: Vec<&str> = now.or(before).map(names).unwrap_or_default();
            let detail = match now {
                Some(_) => format!("{fault}: {}", lanes.join(", ")),
                None => format!("believed again: {}", lanes.join(", ")),
            };
            // Raised anew with other lanes, too.
            self.up.remove(fault.code());
            if now.is_none() {
                self.up.insert(fault.code().into());
            }
            self.set(fault.code(), now.is_some(), Severity::Warning, reason::clipped(detail), at, outputs);
        }
        self.faulty = faulty;
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
        let changed = if on { self.up.insert(code.into()) } else { self.up.remove(code) };
        if changed {
            let phase = if on { AlarmPhase::Raised } else { AlarmPhase::Cleared };
            let intersection = self.intersection.clone();
            let (code, handling) = (code.to_owned(), None);
            outputs.push(Output::Alarm(Alarm { intersection, code, at, phase, severity, detail, handling }));
        }
    }
}

/// What a field controller does, in words for people.
const fn runs(mode: Option<FieldMode>) -> &'static str {
    match mode {
        None => "never heard",
        Some(FieldMode::Remote) => "obeys the engine",
        Some(FieldMode::LocalActuated) => "local actuated control",
        Some(FieldMode::LocalFixed) => "local programme",
        Some(FieldMode::AllRed) => "all red",
        Some(FieldMode::Flash) => "flashes",
    }
}

/// How much of the street is heard, in words for people.
const fn heard(health: Health) -> &'static str {
    match health {
        Health::Healthy => "every lane is heard",
        Health::Partial => "some lanes are not heard or not believed",
        Health::Blind => "no lane is heard",
        Health::Distrusted => "more than a quarter of the lanes are not believed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    #[test]
    fn an_alarm_of_detectors_names_its_lanes_is_raised_anew_when_they_change_and_cleared_once() {
        let site = crossroads();
        let mut alarms = Alarms::new(site.id.clone());
        let mut told = |faulty: &[usize]| {
            let mut outputs = Vec::new();
            let verdicts = (0..site.lanes.len()).map(|lane| faulty.contains(&lane).then_some(Fault::Chatter));
            alarms.watch_detectors(&site, verdicts, Timestamp::from_secs(1), &mut outputs);
            let alarms = outputs.into_iter().map(|output| match output {
                Output::Alarm(alarm) => (alarm.code, alarm.phase, alarm.detail),
                other => panic!("only alarms: {other:?}"),
            });
            alarms.collect::<Vec<_>>()
        };
        let chatter = |phase, detail: &str| vec![("detector_chatter".to_owned(), phase, detail.to_owned())];
        assert_eq!(told(&[]), []);
        assert_eq!(told(&[0]), chatter(AlarmPhase::Raised, "chatters: in0_0"));
        assert_eq!(told(&[0]), []);
        assert_eq!(told(&[0, 3]), chatter(AlarmPhase::Raised, "chatters: in0_0, in1_1"));
        assert_eq!(told(&[]), chatter(AlarmPhase::Cleared, "believed again: in0_0, in1_1"));
        assert_eq!(told(&[]), []);
    }

    #[test]
    fn a_field_controller_is_given_time_to_speak_and_to_obey_before_anybody_is_told() {
        let site = crossroads();
        let mut alarms = Alarms::new(site.id.clone());
        let mut told = |second: i64, mode: Option<FieldMode>| {
            let at = Timestamp::from_secs(second);
            let report = mode.map(|mode| StateReport {
                intersection: site.id.clone(),
                config_hash: site.config_hash.clone(),
                shown: crate::plan::Shown::all_red(&site, at),
                mode,
                applied: None,
                refused: None,
                nonce: 1,
            });
            let mut outputs = Vec::new();
            alarms.watch_field(report.as_ref(), at, &Settings::default(), &mut outputs);
            let alarms = outputs.into_iter().map(|output| match output {
                Output::Alarm(alarm) => (alarm.code, alarm.phase),
                other => panic!("only alarms: {other:?}"),
            });
            alarms.collect::<Vec<_>>()
        };
        let alarm = |code: &str, phase| vec![(code.to_owned(), phase)];
        assert_eq!(told(100, None), []);
        assert_eq!(told(105, None), [], "it may only just have begun");
        assert_eq!(told(106, None), alarm(FIELD_SILENT, AlarmPhase::Raised));
        assert_eq!(told(107, Some(FieldMode::LocalFixed)), alarm(FIELD_SILENT, AlarmPhase::Cleared));
        assert_eq!(told(112, Some(FieldMode::LocalActuated)), [], "it may be on its way back");
        assert_eq!(told(113, Some(FieldMode::LocalActuated)), alarm(FIELD_LOCAL, AlarmPhase::Raised));
        assert_eq!(
            told(20, Some(FieldMode::LocalActuated)),
            alarm(FIELD_LOCAL, AlarmPhase::Cleared),
            "the clock was set back"
        );
        assert_eq!(told(26, Some(FieldMode::LocalActuated)), alarm(FIELD_LOCAL, AlarmPhase::Raised));
        assert_eq!(told(27, Some(FieldMode::Remote)), alarm(FIELD_LOCAL, AlarmPhase::Cleared));
    }
}
