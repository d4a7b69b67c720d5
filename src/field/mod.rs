//! The reference field controller: obeys leased plans, and looks after itself when there are none.
//!
//! Decides what the lamps show. In: plans (decoded), what its own detectors see, the time. Out: lamps, state messages,
//! changes of mode with their reasons. It reads no clock and no socket.
//!
//! Three layers, each of which is enough to keep the street safe if the ones above it are wrong:
//!
//! 1. **admission** ([`admit`]): a plan is taken only if its number is above the last one, it echoes a nonce sent
//!    lately, its lease is running, its configuration is this one and the gate ([`crate::plan::check`]) finds nothing;
//! 2. **ladder** ([`local`]): when the lease runs out, local actuated control; without usable detectors the local fixed
//!    programme; when even that is refused by the gate, flash; back by a valid plan, or by many without a break where the engine was
//!    lost more than once lately ([`way_back`]);
//! 3. **lamp guard**: before every switching [`check_switch`] is asked once more with the lamps really shown. A picture
//!    that may not be shown *yet* (ticks came late, so the yellow began late) is held back until it may; one that is
//!    still refused after [`HOLD_MAX`] is given up for local control, and local control for flash.
//!
//! Times between two ticks are believed up to [`TICK_GAP_MAX`]; a clock that jumps moves the past with it, so that no
//! interval seems longer than it was ([`Field::observe`]). The caller should tick every 100 ms, or at
//! [`Field::wake_at`].
//!
//! One instant in lockstep: `Report` (the state as shown up to now) → `Plan` → `Tick` (lamps from now on). `Calls` come
//! before the tick.

mod admit;
mod local;
#[cfg(test)]
mod tests;
mod way_back;

use crate::ids::StageIx;
use crate::network::{GroupKind, Intersection};
use crate::plan::check::check_switch;
use crate::plan::waiting::{Presence, Waiting};
use crate::plan::{FieldMode, Plan, PlanRef, Shown, StateReport};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;
pub use admit::Admission;
use local::Local;
use way_back::WayBack;

/// How long a picture that may not be shown yet is waited for.
pub const HOLD_MAX: Millis = Millis(1_000);
/// Ticks come this late after the instant of a plan at most, or the change counts from the tick.
const TICK_LATE: Millis = Millis(250);
/// Longest time between two ticks that is believed to have passed.
pub const TICK_GAP_MAX: Millis = Millis(2_000);

/// Tunables of a field controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSettings {
    /// All red after power-up and after flash; 3…6 s.
    pub start_red: Millis,
    /// How long the last calls are believed; 2…60 s.
    pub calls_patience: Millis,
    /// Flash lasts at least this long before a new start-up is tried; 10…600 s.
    pub flash_min: Millis,
    /// Nobody can be on the way when it is switched on, as where a simulated street begins. Otherwise everybody may be: after a
    /// power failure nothing is known of what was shown, so all clearances run from then on.
    pub starts_empty: bool,
}

impl Default for FieldSettings {
    fn default() -> Self {
        Self {
            start_red: Millis::from_secs(3),
            calls_patience: Millis::from_secs(10),
            flash_min: Millis::from_secs(30),
            starts_empty: false,
        }
    }
}

/// What a field controller is told.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldInput {
    /// A plan, decoded. Lamps change at the next tick.
    Plan(Plan),
    /// A plan that could not be read, or whose authentication code does not fit, with the reason.
    Unreadable(String),
    /// What the own detectors see.
    Calls(Calls),
    /// A state message is due; it tells what was shown up to now.
    Report,
    /// Time goes on: choose the lamps to show from now on.
    Tick,
}

/// What the own detectors see, near the stop lines (the last 30…50 m).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// One entry a lane: whether somebody is there; `None` when the detector is not to be believed.
    pub lanes: Vec<Option<bool>>,
}

/// What a field controller does.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldOutput {
    /// Show these lamps from now on, one a group. Said at every tick, changed or not.
    Lamps(Vec<Indication>),
    /// Publish this.
    State(StateReport),
    /// It obeys somebody else now.
    ModeChange {
        /// Before.
        from: FieldMode,
        /// Now.
        to: FieldMode,
        /// Why, in one line for people.
        reason: String,
    },
}

/// A field controller of one intersection.
#[derive(Debug, Clone)]
pub struct Field {
    intersection: Intersection,
    settings: FieldSettings,
    /// Lamps shown now and their past; `None` until the first input tells the time.
    shown: Option<Shown>,
    /// The same, but each change at the instant that its plan gives, where the tick came at most [`TICK_LATE`] after it.
    nominal: Option<Shown>,
    mode: FieldMode,
    mode_since: Timestamp,
    /// The plan in force, while the mode is remote.
    plan: Option<Plan>,
    /// A plan that begins a little ahead of the own clock.
    early: Option<Plan>,
    /// Highest plan ever taken, and the nonces.
    admission: Admission,
    refused: Option<String>,
    calls: Option<(Timestamp, Calls)>,
    way_back: WayBack,
    waiting: Waiting,
    local: Local,
    /// Since when the wanted lamps have been held back.
    held_since: Option<Timestamp>,
    clock: Timestamp,
}

impl Field {
    /// A controller that is switched on with its first input. The seed drives the nonces.
    pub fn new(intersection: &Intersection, settings: FieldSettings, seed: u64) -> Self {
        Self {
            intersection: intersection.clone(),
            settings,
            shown: None,
            nominal: None,
            mode: FieldMode::AllRed,
            mode_since: Timestamp(0),
            plan: None,
            early: None,
            admission: Admission::new(seed),
            refused: None,
            calls: None,
            way_back: WayBack::default(),
            waiting: Waiting::nobody(intersection),
            local: Local::new(),
            held_since: None,
            clock: Timestamp(0),
        }
    }

    /// Take an input at an instant and say what to do.
    pub fn handle(&mut self, input: FieldInput, at: Timestamp) -> Vec<FieldOutput> {
        let mut outputs = Vec::new();
        let at = self.observe(at, &mut outputs);
        match input {
            FieldInput::Plan(plan) => self.receive(plan, at, &mut outputs),
            FieldInput::Unreadable(_) => self.refused = Some("unreadable".to_owned()),
            FieldInput::Calls(calls) => self.calls = Some((at, calls)),
            FieldInput::Report => outputs.push(FieldOutput::State(self.report(at))),
            FieldInput::Tick => self.tick(at, &mut outputs),
        }
        outputs
    }

    /// The clock that inputs are told by was set by this much since the last input; said before the next one, by a caller who knows it from a
    /// clock that nobody sets. Without being told, a leap forward of less than [`TICK_GAP_MAX`] is taken for time that passed.
    pub fn clock_was_set(&mut self, by: Millis) -> Vec<FieldOutput> {
        let mut outputs = Vec::new();
        self.move_past(by, &mut outputs);
        outputs
    }

    /// What the controller obeys.
    pub fn mode(&self) -> FieldMode {
        self.mode
    }

    /// The plan that was taken last.
    pub fn applied(&self) -> Option<PlanRef> {
        self.admission.applied()
    }

    /// When the next tick is due at the latest for lamps to change on time; `None` before the first input.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.shown.as_ref()?;
        let second = Timestamp(self.clock.0 + 1_000 - self.clock.0.rem_euclid(1_000));
        let intervals = self.plan.as_ref().map_or(self.local.intervals(), |plan| &plan.intervals);
        let boundary = intervals.iter().map(|interval| interval.end).find(|&end| end > self.clock);
        Some(boundary.map_or(second, |boundary| boundary.min(second)))
    }

    /// Believe the time: never backwards, and no jump counts as time that passed.
    ///
    /// A step back of at most a second is taken as no time; anything else that cannot have passed since the last input
    /// moves the whole past along with the clock and, as plans are written in absolute time, gives up the plan.
    fn observe(&mut self, at: Timestamp, outputs: &mut Vec<FieldOutput>) -> Timestamp {
        if self.shown.is_none() {
            let mut shown = Shown::all_red(&self.intersection, at);
            if !self.settings.starts_empty {
                shown.groups.iter_mut().for_each(|group| group.green_end = Some(at));
            }
            self.nominal = Some(shown.clone());
            self.shown = Some(shown);
            (self.clock, self.mode_since) = (at, at);
            return at;
        }
        let step = at - self.clock;
        if step > TICK_GAP_MAX || step < Millis(-1_000) {
            self.move_past(step, outputs);
        }
        self.clock = self.clock.max(at);
        self.clock
    }

    /// The past moves along with the clock, as if no time had passed; a plan, which is written in absolute time, is given up.
    fn move_past(&mut self, by: Millis, outputs: &mut Vec<FieldOutput>) {
        let Some(shown) = &mut self.shown else { return };
        shown.shift(by);
        self.nominal.iter_mut().for_each(|nominal| nominal.shift(by));
        self.waiting.shift(by);
        self.way_back.shift(by);
        self.mode_since = self.mode_since + by;
        self.held_since = None;
        (self.calls, self.early) = (None, None);
        self.local = Local::new();
        self.clock = self.clock + by;
        if self.mode == FieldMode::Remote {
            self.go_local(self.clock, "the clock jumped", outputs);
        }
    }

    /// Choose the mode, choose the lamps, ask the guard, show.
    fn tick(&mut self, at: Timestamp, outputs: &mut Vec<FieldOutput>) {
        self.watch_street(at);
        if let Some(plan) = self.early.take_if(|plan| plan.intervals[0].start <= at) {
            self.receive(plan, at, outputs);
        }
        self.decide_mode(at, outputs);
        let (stage, lamps) = self.wanted(at, outputs);
        self.show(stage, &lamps, at, outputs);
        outputs.push(FieldOutput::Lamps(self.shown_now().lamps()));
    }

    /// Who waits where, as far as the own detectors tell.
    fn watch_street(&mut self, at: Timestamp) {
        let lanes: Vec<Presence> = match self.fresh_calls(at) {
            Some(calls) => calls.lanes.iter().map(|&call| presence(call)).collect(),
            None => Vec::new(),
        };
        if let Some(shown) = &self.shown {
            self.waiting.update(&self.intersection, shown, &lanes, at);
        }
    }

    /// The transitions of [`FieldMode`].
    fn decide_mode(&mut self, at: Timestamp, outputs: &mut Vec<FieldOutput>) {
        let in_mode = at - self.mode_since;
        match self.mode {
            FieldMode::AllRed if in_mode >= self.settings.start_red => {
                self.go_local(at, "start-up is over", outputs);
            }
            FieldMode::Flash if in_mode >= self.settings.flash_min => {
                self.change_mode(FieldMode::AllRed, at, "starting again after flash", outputs);
            }
            FieldMode::Remote if self.lease_over(at) => self.go_local(at, "the lease is over", outputs),
            FieldMode::LocalActuated if self.fresh_calls(at).is_none() => {
                self.change_mode(FieldMode::LocalFixed, at, "no calls from the detectors", outputs);
            }
            FieldMode::LocalFixed if self.fresh_calls(at).is_some() => {
                self.change_mode(FieldMode::LocalActuated, at, "the detectors are back", outputs);
            }
            _ => {}
        }
    }

    /// The lamps that the mode asks for, with the stage that they belong to.
    fn wanted(&mut self, at: Timestamp, outputs: &mut Vec<FieldOutput>) -> (Option<StageIx>, Vec<Indication>) {
        match self.mode {
            FieldMode::AllRed => (None, self.intersection.groups.iter().map(|group| group.rest).collect()),
            FieldMode::Flash => (None, self.flashing()),
            FieldMode::Remote => {
                if let Some(interval) = self.plan.as_ref().and_then(|plan| plan.interval_at(at)) {
                    (Some(interval.stage), interval.signals.clone())
                } else {
                    self.go_local(at, "the plan says nothing about now", outputs);
                    self.wanted_locally(at)
                }
            }
            FieldMode::LocalActuated | FieldMode::LocalFixed => self.wanted_locally(at),
        }
    }

    fn wanted_locally(&mut self, at: Timestamp) -> (Option<StageIx>, Vec<Indication>) {
        let calls = self.fresh_calls(at).filter(|_| self.mode == FieldMode::LocalActuated).cloned();
        let shown = self.shown_at(at);
        self.local.lamps(&self.intersection, &shown, calls.as_ref(), at)
    }

    /// Switch the lamps on, if they may be shown after those that are shown; otherwise wait, give up, or flash.
    fn show(&mut self, stage: Option<StageIx>, lamps: &[Indication], at: Timestamp, outputs: &mut Vec<FieldOutput>) {
        let shown = self.shown_now();
        let verdict = check_switch(&self.intersection, shown, at, lamps);
        if verdict.is_good() || self.mode == FieldMode::Flash {
            self.held_since = None;
            return self.switch(stage, lamps, at);
        }
        let held = at - *self.held_since.get_or_insert(at);
        if held < HOLD_MAX {
            return;
        }
        self.held_since = None;
        if self.mode == FieldMode::Remote {
            self.go_local(at, &format!("the plan cannot be followed: {verdict}"), outputs);
        } else {
            self.change_mode(FieldMode::Flash, at, &format!("no legal lamps: {verdict}"), outputs);
            let lamps = self.flashing();
            self.switch(None, &lamps, at);
        }
    }

    fn switch(&mut self, stage: Option<StageIx>, lamps: &[Indication], at: Timestamp) {
        let interval = self.plan.as_ref().and_then(|plan| plan.interval_at(at));
        let nominal = interval.map_or(at, |it| it.start).min(at);
        let meant = if at - nominal <= TICK_LATE { nominal } else { at };
        for (shown, at) in self.shown.iter_mut().zip([at]).chain(self.nominal.iter_mut().zip([meant])) {
            shown.advance(at, stage, lamps);
        }
    }

    /// Down the ladder: the best local control that can work now.
    fn go_local(&mut self, at: Timestamp, reason: &str, outputs: &mut Vec<FieldOutput>) {
        let has_calls = self.fresh_calls(at).is_some();
        let to = if has_calls { FieldMode::LocalActuated } else { FieldMode::LocalFixed };
        self.change_mode(to, at, reason, outputs);
    }

    fn change_mode(&mut self, to: FieldMode, at: Timestamp, reason: &str, outputs: &mut Vec<FieldOutput>) {
        if to != FieldMode::Remote {
            self.plan = None;
        }
        if self.mode == FieldMode::Remote && to != FieldMode::Remote {
            self.way_back.lost(at);
        }
        if to != self.mode {
            outputs.push(FieldOutput::ModeChange { from: self.mode, to, reason: reason.to_owned() });
            (self.mode, self.mode_since, self.held_since) = (to, at, None);
            self.local = Local::new();
        }
    }

    fn lease_over(&self, at: Timestamp) -> bool {
        self.plan.as_ref().is_none_or(|plan| plan.lease_is_over(at))
    }

    fn fresh_calls(&self, at: Timestamp) -> Option<&Calls> {
        let (heard, calls) = self.calls.as_ref()?;
        let usable = calls.lanes.iter().any(Option::is_some);
        (usable && at - *heard <= self.settings.calls_patience).then_some(calls)
    }

    fn flashing(&self) -> Vec<Indication> {
        let lamp = |kind| if kind == GroupKind::Pedestrian { Indication::Dark } else { Indication::FlashingYellow };
        self.intersection.groups.iter().map(|group| lamp(group.kind)).collect()
    }

    /// The lamps shown, with their past.
    fn shown_now(&self) -> &Shown {
        self.shown.as_ref().expect("the first input has told the time")
    }

    /// The lamps as plans mean them, as a picture of a later instant.
    fn nominal_at(&self, at: Timestamp) -> Shown {
        Shown { at, ..self.nominal.as_ref().expect("the first input has told the time").clone() }
    }

    /// The same, as a picture of a later instant: nothing has changed since.
    fn shown_at(&self, at: Timestamp) -> Shown {
        Shown { at, ..self.shown_now().clone() }
    }

    fn report(&mut self, at: Timestamp) -> StateReport {
        StateReport {
            intersection: self.intersection.id.clone(),
            config_hash: self.intersection.config_hash.clone(),
            shown: self.shown_at(at),
            mode: self.mode,
            applied: self.admission.applied(),
            refused: self.refused.clone(),
            nonce: self.admission.fresh_nonce(),
        }
    }
}

fn presence(call: Option<bool>) -> Presence {
    match call {
        None => Presence::Unknown,
        Some(true) => Presence::Standing,
        Some(false) => Presence::Nobody,
    }
}
