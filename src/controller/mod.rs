//! The engine's controller of one intersection: counts and state in, checked and leased plans out.
//!
//! Decides every second what the lamps shall show for the next [`Settings::ahead`], in the mode that the data allow
//! ([`crate::plan::Mode`]). In: counts, state messages of the field controller, what neighbours say, requests, commands,
//! ticks; each with the instant. Out: plans, decisions with their reasons, what neighbours and vehicles want to know,
//! alarms, the next deadline. No clock, no socket, no randomness: the same inputs give the same outputs.
//!
//! ```text
//! counts ──> estimate ──┐
//! state ───> picture ───┼─> mode ─> propose ─> preempt ─> stabilise ─> draw ─> gate ─> publish
//! requests ─────────────┤           (strategy) (on duty)  (maximum red)         │ refused: programme, then rest,
//! commands ─────────────┘                                                       │          then nothing
//! ```
//!
//! Whoever proposes (horizon search, programme, greedy, max pressure, an operator), everything after `propose` is the
//! same: the maximum-red guard ([`stabilise`]), the layout ([`crate::plan::layout`]) and the gate ([`crate::plan::check`]).
//!
//! One instant in lockstep: `State`, `Counts`, then `Tick`, all with the same `at`. What a neighbour says counts only
//! when it is older than the tick, so that the order of messages cannot matter.

pub mod account;
mod alarms;
pub mod horizon;
mod known;
mod learned;
mod mode;
mod operator;
mod picture;
mod preempt;
mod propose;
mod publish;
mod reason;
mod requests;
mod sight;
pub mod stabilise;
mod state;
mod street;
pub mod what_if;

use crate::baseline;
use crate::estimate::{self, Load, Observation, Outflow};
use crate::network::{Intersection, Link, Programme};
use crate::optimize;
use crate::plan::{
    Action, Alarm, Command, CommandResult, Decision, Mode, Plan, Refusal, Request, Scene, Spat, StateReport,
};
use crate::scene::Recognition;
use crate::time::{Millis, Timestamp};
pub use account::Account;
pub use known::Known;
pub use learned::{HeldCommand, Learned, LearnedCalls, Memory};
pub use mode::Health;
pub use sight::Sight;

use alarms::Alarms;
use horizon::Horizon;
use mode::Modes;
use operator::Operator;
use picture::{Picture, Remembered};
use propose::Proposal;
use requests::Requests;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use street::Street;

/// Who proposes what to show.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The rolling-horizon search.
    #[default]
    Adaptive,
    /// The network's own programme.
    FixedTime,
    /// Another programme, made from measured demand.
    Webster(Programme),
    /// Most vehicles near the stop line, on a decision grid.
    Greedy,
    /// Largest difference of queues before and behind, on a decision grid.
    MaxPressure,
}

impl Strategy {
    /// Strategies that never look at counts run as if an operator had asked for the programme.
    const fn programme_only(&self) -> Option<Action> {
        match self {
            Self::FixedTime | Self::Webster(_) => Some(Action::FixedTime),
            Self::Adaptive | Self::Greedy | Self::MaxPressure => None,
        }
    }
}

/// Tunables of a controller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Who proposes.
    pub strategy: Strategy,
    /// Scalars of the rolling-horizon search.
    pub search: optimize::Settings,
    /// The same for scenes in which they differ.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scenes: BTreeMap<Scene, optimize::Settings>,
    /// What is believed of the traffic before anything is learned.
    pub estimate: estimate::Settings,
    /// Fencing number of this engine; must grow with every change of leadership.
    pub epoch: u64,
    /// Lease of a plan, above 0 up to [`Plan::LEASE_MAX`].
    pub lease: Millis,
    /// How far a plan reaches, 15…60 s.
    pub ahead: Millis,
    /// Changes begin no earlier than this after the decision, so that the plan arrives before; 0 in lockstep, 0.2…1 s in service.
    pub commit_lead: Millis,
    /// Grid of greedy and max pressure, 5…20 s.
    pub decision_period: Millis,
    /// Counts older than this are stale; 2…30 s.
    pub counts_patience: Millis,
    /// Without any fresh count for this long the programme takes over; 30…600 s.
    pub blind_patience: Millis,
    /// Decisions with healthy counts in a row before degraded mode is left.
    pub healthy_cycles: u32,
    /// A field controller that is not heard for this long raises an alarm; 2…30 s.
    pub state_patience: Millis,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strategy: Strategy::Adaptive,
            search: optimize::Settings::default(),
            scenes: BTreeMap::new(),
            estimate: estimate::Settings::default(),
            epoch: 1,
            lease: Plan::LEASE_MAX,
            ahead: Millis::from_secs(20),
            commit_lead: Millis::ZERO,
            decision_period: baseline::DECISION_PERIOD,
            counts_patience: Millis::from_secs(10),
            blind_patience: Millis::from_secs(60),
            healthy_cycles: 30,
            state_patience: Millis::from_secs(5),
        }
    }
}

impl Settings {
    /// Scalars of the search in a scene.
    pub fn search_in(&self, scene: Scene) -> &optimize::Settings {
        self.scenes.get(&scene).unwrap_or(&self.search)
    }
}

/// What a controller is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// What the detectors saw.
    Counts(Observation),
    /// What the field controller says.
    State(StateReport),
    /// What a neighbour expects to send, and the room that it has.
    Outflow(Outflow),
    /// Somebody asks for green.
    Request(Request),
    /// An operator commands.
    Command(Command),
    /// What kind of traffic there is around it, told by whoever sees several intersections.
    Scene(Scene),
    /// Where vehicles really are, from a test harness that sees them; no topic carries it.
    Known(Known),
    /// Time to decide: every whole second.
    Tick,
}

impl Input {
    /// The counts, where it is such.
    pub const fn counts(&self) -> Option<&Observation> {
        if let Self::Counts(seen) = self { Some(seen) } else { None }
    }
}

/// What a controller does.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send this to the field controller.
    Publish(Plan),
    /// What was decided and why.
    Decision(Decision),
    /// Tell the neighbours.
    Outflow(Outflow),
    /// Tell whoever recognises scenes; every [`crate::scene::PERIOD`].
    Load(Load),
    /// Tell vehicles and apps.
    Spat(Spat),
    /// Tell operations.
    Alarm(Alarm),
    /// Answer a command.
    Result(CommandResult),
    /// A request for green was not taken in; to be counted.
    Refused(Refusal),
    /// Come back then with a tick.
    WakeAt(Timestamp, WakeReason),
}

/// Why a controller wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WakeReason {
    /// The next decision.
    Decision,
}

/// The engine's controller of one intersection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Controller {
    #[serde(skip, default = "Intersection::nowhere")]
    intersection: Arc<Intersection>,
    settings: Settings,
    street: Street,
    memory: Remembered,
    modes: Modes,
    operator: Operator,
    requests: Requests,
    alarms: Alarms,
    scene: Scene,
    /// What it began with, until it hears counts of its own.
    resumed: Option<Box<Learned>>,
    /// The search, with the seed of the next.
    horizon: Horizon,
    seq: u64,
}

impl Controller {
    /// A controller that has heard nothing. `links` are the roads of the network; those of other intersections are ignored.
    pub fn new(intersection: Arc<Intersection>, links: &[Link], settings: Settings) -> Self {
        Self {
            street: Street::new(&intersection, links, &settings.estimate),
            memory: Remembered::default(),
            modes: Modes::new(),
            operator: Operator::default(),
            requests: Requests::default(),
            alarms: Alarms::new(intersection.id.clone()),
            scene: Scene::default(),
            resumed: None,
            horizon: Horizon::default(),
            seq: 0,
            intersection,
            settings,
        }
    }

    /// Take an input at an instant and say what to do.
    pub fn handle(&mut self, input: Input, at: Timestamp) -> Vec<Output> {
        match input {
            Input::Counts(seen) => {
                self.resumed = None;
                self.street.observe(&seen, self.memory.shown(), at);
            }
            Input::State(report) => self.memory.hear(report, at),
            Input::Outflow(outflow) => self.street.hear(outflow),
            Input::Known(known) => self.street.know(known),
            Input::Scene(scene) => self.scene = scene,
            Input::Request(request) => {
                let refused = self.requests.ask(request, &self.intersection, at).err();
                return refused.map(Output::Refused).into_iter().collect();
            }
            Input::Command(command) => {
                return vec![Output::Result(self.operator.command(&command, &self.intersection, at))];
            }
            Input::Tick => return self.decided(at).0,
        }
        Vec::new()
    }

    /// Whose plans they are from now on: the author's fencing number. What was planned under another was another's, or was never sent.
    pub fn author_as(&mut self, epoch: u64) {
        if self.settings.epoch != epoch {
            self.settings.epoch = epoch;
            self.memory.forget_plans();
        }
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Scalars of the search at present.
    fn search_settings(&self) -> &optimize::Settings {
        self.settings.search_in(self.scene)
    }

    /// What an operator holds at an instant, and until when.
    pub fn held(&self, at: Timestamp) -> Option<(Action, Timestamp)> {
        self.operator.held(at)
    }

    /// The mode of the last decision.
    pub fn mode(&self) -> Mode {
        self.modes.mode()
    }

    /// One decision: what is, what to do about it, whether it may be done; and what it was taken on, for who asks.
    fn decided(&mut self, at: Timestamp) -> (Vec<Output>, Option<Decided>) {
        let mut outputs = Vec::new();
        let wake = Timestamp(at.0 - at.0.rem_euclid(1_000) + 1_000);
        outputs.push(Output::WakeAt(wake, WakeReason::Decision));

        self.alarms.watch_field(self.memory.report(), at, &self.settings, &mut outputs);
        let Some(picture) = self.memory.picture(at, self.settings.commit_lead) else { return (outputs, None) };

        self.street.advance(&picture.told, at, &self.settings);
        self.operator.served(&picture.told, &self.intersection);
        let hold = self.operator.hold(at).or(self.settings.strategy.programme_only());
        let mode = self.modes.decide(self.street.health(), hold, at, &self.settings);
        self.alarms.watch_counts(self.street.heard_of(), at, &mut outputs);
        self.alarms.watch_detectors(&self.intersection, self.street.verdicts(), at, &mut outputs);

        self.requests.settle(&picture.told, at);
        let mut proposal = self.propose(mode, &picture, at);
        let report = proposal.report.take();
        let (plan, proposal) = self.checked_plan(&picture, proposal, mode, at, &mut outputs);

        outputs.push(Output::Decision(self.decision(&proposal, mode, &picture, at)));
        outputs.extend(self.street.outflow(&proposal.releases, &proposal.moves_in, at).map(Output::Outflow));
        // Lanes that are not heard age into their worst case: of that no scene is told.
        if Recognition::is_due(at) && self.street.health() == Health::Healthy {
            outputs.push(Output::Load(self.street.load(at)));
        }
        if let Some(plan) = plan {
            outputs.extend(Spat::of(&plan, &self.intersection, at).map(Output::Spat));
            self.memory.sent(&plan);
            outputs.push(Output::Publish(plan));
        }
        (outputs, Some(Decided { picture, proposal, report }))
    }
}

/// What a decision was taken on.
struct Decided {
    picture: Picture,
    proposal: Proposal,
    report: Option<optimize::Report>,
}
