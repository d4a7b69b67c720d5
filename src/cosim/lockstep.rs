//! Street and engine in step: one simulated second at a time.
//!
//! ```text
//! detectors ─> counts ─┐                       ┌─> field controller ─> lamps ─> monitor ─> street ─> next second
//! field    ──> state ──┴─> bus ─> engine ─> plan ┘
//! ```
//!
//! At instant `t` everybody knows what was seen and shown up to `t`; the lamps that come out hold from `t` on. Commanded
//! are only lamps that changed. [`drive`] is the loop, the same for every [`Street`].

use super::bus::{Answer, Bus, Rejected};
use super::coordination::{Coordination, Measuring};
use super::degrade::Degrader;
use super::error::CosimError;
use super::event_log::EventLog;
use super::street::{Heard, LampChange, Street};
use super::watch::{self, Judged};
use crate::estimate::Observation;
use crate::field::{Calls, Field, FieldInput, FieldOutput, FieldSettings};
use crate::network::Network;
use crate::plan::{AlarmPhase, FieldMode, Scene, StateReport};
use crate::record::event::FieldChange;
use crate::time::Timestamp;
use crate::units::lamps_to_string;
use simulator::monitor::Monitor;
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How the field controllers fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldTotals {
    /// Changes from the engine's plans to local control.
    pub went_local: u64,
    /// Changes from local control to the engine's plans, the first of each controller included.
    pub came_back: u64,
    /// Controllers that obey the engine at the end.
    pub remote_at_end: u64,
}

/// Everything between the detectors' counts and the commanded lamps.
pub struct Lockstep<'a> {
    network: Arc<Network>,
    fields: Vec<Field>,
    /// Lamp string of each intersection that the street was told last.
    shown: Vec<String>,
    bus: &'a mut dyn Bus,
    log: Option<EventLog>,
    degrader: Option<Degrader>,
    measuring: Option<Measuring>,
    monitor: Monitor,
    totals: FieldTotals,
    scenes: BTreeMap<Scene, u64>,
    alarms: BTreeMap<String, u64>,
    decision_us: Vec<f64>,
    decisions: u64,
}

impl<'a> Lockstep<'a> {
    /// Field controllers that have just been switched on.
    pub fn new(network: Arc<Network>, bus: &'a mut dyn Bus, log: Option<EventLog>) -> Self {
        let field = |(ix, intersection)| {
            Field::new(intersection, FieldSettings { starts_empty: true, ..FieldSettings::default() }, ix as u64 + 1)
        };
        Self {
            fields: network.intersections.iter().enumerate().map(field).collect(),
            shown: vec![String::new(); network.intersections.len()],
            monitor: monitor(&network, Judged::Engine),
            bus,
            log,
            degrader: None,
            measuring: None,
            totals: FieldTotals::default(),
            scenes: BTreeMap::new(),
            alarms: BTreeMap::new(),
            decision_us: Vec::new(),
            decisions: 0,
            network,
        }
    }

    /// The engine hears only what comes out of a stage between the street and the bus.
    #[must_use]
    pub fn degraded(mut self, degrader: Degrader) -> Self {
        self.degrader = Some(degrader);
        self
    }

    /// Measure how well the signals work together.
    #[must_use]
    pub fn measured(mut self, measuring: Option<Measuring>) -> Self {
        self.measuring = measuring;
        self
    }

    /// One second: what the street tells in, lamps that change out.
    pub fn second(&mut self, at: Timestamp, heard: &Heard) -> std::io::Result<Vec<LampChange>> {
        let states: Vec<StateReport> = (0..self.fields.len()).map(|ix| self.state(ix, at)).collect();
        if let Some(measuring) = &mut self.measuring {
            measuring.second(&states, heard);
        }
        let degraded = self.degrader.as_mut().map(|degrader| degrader.hear(at, &states, heard));
        let told = degraded.as_ref().unwrap_or(heard);
        let answers = self.bus.exchange(at, &states, told);
        if let Some(log) = &mut self.log {
            log.second(at, &states, told, &answers)?;
        }
        let mut changes = Vec::new();
        for (ix, (answer, seen)) in answers.into_iter().zip(&heard.counts).enumerate() {
            self.note(&answer);
            let lamps = self.lamps(ix, answer, seen, at);
            let id = self.network.intersections[ix].id.as_str();
            self.monitor.waiting(id, &watch::waiting(&self.network.intersections[ix], seen));
            self.monitor.observe(id, at.0, &lamps);
            if lamps != self.shown[ix] {
                changes.push(LampChange { intersection: ix, lamps: lamps.clone() });
                self.shown[ix] = lamps;
            }
        }
        Ok(changes)
    }

    /// The end of the run: everything that was counted.
    pub fn finish(mut self) -> std::io::Result<Stepped> {
        self.monitor.finish();
        self.totals.remote_at_end = self.fields.iter().filter(|field| field.mode() == FieldMode::Remote).count() as u64;
        if let Some(log) = self.log {
            log.close()?;
        }
        Ok(Stepped {
            rejected: self.bus.rejected(),
            scenes: self.scenes,
            alarms: self.alarms,
            monitor: self.monitor,
            clocks: Clocks::default(),
            fields: Some(self.totals),
            coordination: self.measuring.map(Measuring::finish),
            decisions: self.decisions,
            decision_us: self.decision_us,
        })
    }

    fn state(&mut self, ix: usize, at: Timestamp) -> StateReport {
        let outputs = self.fields[ix].handle(FieldInput::Report, at);
        let state = outputs.into_iter().find_map(|output| match output {
            FieldOutput::State(state) => Some(state),
            _ => None,
        });
        state.expect("a field controller answers every call for a report")
    }

    fn note(&mut self, answer: &Answer) {
        self.decisions += u64::from(answer.decision.is_some());
        for alarm in answer.alarms.iter().filter(|alarm| alarm.phase == AlarmPhase::Raised) {
            *self.alarms.entry(alarm.code.clone()).or_default() += 1;
        }
        if let Some(decision) = &answer.decision {
            *self.scenes.entry(decision.scene).or_default() += 1;
        }
        if let (Some(took), true) = (answer.took, answer.decision.is_some()) {
            self.decision_us.push(took.as_secs_f64() * 1e6);
        }
    }

    /// What one field controller shows from now on.
    fn lamps(&mut self, ix: usize, answer: Answer, seen: &Observation, at: Timestamp) -> String {
        let calls = FieldInput::Calls(calls(seen, self.network.intersections[ix].lanes.len()));
        let inputs = answer.plan.map(FieldInput::Plan).into_iter().chain([calls, FieldInput::Tick]);
        let field = &mut self.fields[ix];
        let outputs: Vec<FieldOutput> = inputs.flat_map(|input| field.handle(input, at)).collect();
        let mut lamps = String::new();
        for output in outputs {
            match output {
                FieldOutput::Lamps(shown) => lamps = lamps_to_string(&shown),
                FieldOutput::ModeChange { from, to, reason } => {
                    self.totals.went_local += u64::from(from == FieldMode::Remote);
                    self.totals.came_back += u64::from(to == FieldMode::Remote);
                    if let Some(log) = &mut self.log {
                        let change = FieldChange { from, to, reason };
                        log.mode_change(at, &self.network.intersections[ix].id, &change);
                    }
                }
                FieldOutput::State(_) => {}
            }
        }
        lamps
    }
}

/// What the field controller's own detectors see: whether anybody is in the zone of each lane.
fn calls(seen: &Observation, lanes: usize) -> Calls {
    let mut calls = Calls { lanes: vec![None; lanes] };
    for place in &seen.places {
        if let crate::estimate::CountedPlace::Lane(lane) = place.place {
            calls.lanes[lane.0] = Some(place.count > 0);
        }
    }
    calls
}

/// A referee of all intersections.
pub fn monitor(network: &Network, judged: Judged) -> Monitor {
    let mut monitor = Monitor::new();
    for intersection in &network.intersections {
        monitor.watch(intersection.id.as_str(), watch::table(intersection, judged));
    }
    monitor
}

/// What stepping left behind.
#[derive(Debug)]
pub struct Stepped {
    /// The referee.
    pub monitor: Monitor,
    /// Where the time went.
    pub clocks: Clocks,
    /// How the field controllers fared, when there were any.
    pub fields: Option<FieldTotals>,
    /// How well the signals worked together, when that was measured.
    pub coordination: Option<Coordination>,
    /// Messages that were turned away, by reason.
    pub rejected: Rejected,
    /// Seconds that intersections spent in each scene.
    pub scenes: BTreeMap<Scene, u64>,
    /// How often each alarm was raised, by code.
    pub alarms: BTreeMap<String, u64>,
    /// Decisions of the engine.
    pub decisions: u64,
    /// How long each took \[µs\].
    pub decision_us: Vec<f64>,
}

impl Stepped {
    /// Of the street's own programmes: nobody was asked.
    pub fn programmes(monitor: Monitor, clocks: Clocks) -> Self {
        Self {
            monitor,
            clocks,
            fields: None,
            coordination: None,
            rejected: Rejected::new(),
            scenes: BTreeMap::new(),
            alarms: BTreeMap::new(),
            decisions: 0,
            decision_us: Vec::new(),
        }
    }
}

/// Drives a street from begin to end \[s\]; `progress` is told the simulated seconds done after every step, and says
/// whether to go on. `record` is where the log of the lockstep is, for messages about it.
pub fn drive(
    street: &mut dyn Street,
    mut lockstep: Lockstep<'_>,
    seconds: Range<i64>,
    record: Option<PathBuf>,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Stepped, CosimError> {
    let record = record.unwrap_or_default();
    let written = |source| CosimError::File { path: record.clone(), source };
    let mut in_street = Duration::ZERO;
    let since = Instant::now();
    let mut heard = street.begin(Timestamp::from_secs(seconds.start))?;
    for (done, second) in seconds.enumerate() {
        let at = Timestamp::from_secs(second);
        let lamps = lockstep.second(at, &heard).map_err(written)?;
        let asked = Instant::now();
        heard = street.second(at, &lamps)?;
        in_street += asked.elapsed();
        if progress(done as u64 + 1).is_break() {
            return Err(CosimError::Stopped);
        }
    }
    let clocks = Clocks { in_street, stepping: since.elapsed() };
    let stepped = lockstep.finish().map_err(written)?;
    Ok(Stepped { clocks, ..stepped })
}

/// Times of both sides of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clocks {
    /// Waiting for the street.
    pub in_street: Duration,
    /// The whole stepping.
    pub stepping: Duration,
}
