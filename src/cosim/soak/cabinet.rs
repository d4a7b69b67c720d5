//! A field controller in its cabinet: the real [`Field`] with a clock that may be set, killed and frozen, and the lamps.
//!
//! In: messages as bytes, what its own detectors see, ticks of true time. Out: state messages, and what the lamps really show. While the
//! controller is dead the cabinet flashes, as a conflict monitor without a partner makes it; while it is frozen the lamps stay as
//! they are. Started again it knows nothing of what was, as after a power failure.

use super::clock::Clock;
use super::post::Mail;
use crate::field::{Calls, Field, FieldInput, FieldOutput, FieldSettings};
use crate::ids::IntersectionId;
use crate::network::{GroupKind, Network};
use crate::plan::{FieldMode, Plan, PlanRef, StateReport};
use crate::service::anchor::Anchor;
use crate::time::Timestamp;
use crate::units::{Indication, lamps_to_string};
use crate::wire::{self, KeyRing, Message, Packet};
use simulator::random::bits;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// Messages that wait for a frozen controller; the oldest go first.
const INBOX: usize = 1_024;

/// What is wrong with a controller on purpose, to see that the judges find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sabotage {
    /// Nothing.
    #[default]
    None,
    /// It takes every plan for one that was made just now.
    Gullible,
    /// Yellow is not shown.
    NoYellow,
    /// Local control is stuck in what it shows.
    Stuck,
}

/// A cabinet.
#[derive(Debug)]
pub struct Cabinet {
    ix: usize,
    id: IntersectionId,
    network: Arc<Network>,
    keys: Arc<KeyRing>,
    seed: u64,
    lives: u64,
    /// Its clock.
    pub clock: Clock,
    /// What tells it when its clock was set.
    anchor: Anchor,
    field: Option<Field>,
    /// Dead until then \[ms\].
    pub dead_until: i64,
    /// Frozen until then \[ms\].
    pub frozen_until: i64,
    inbox: VecDeque<Mail>,
    reported: i64,
    sabotage: Sabotage,
    /// What the lamps show.
    pub lamps: Vec<Indication>,
    /// Changes of mode in the last tick.
    pub changes: Vec<(FieldMode, FieldMode)>,
    /// Why the last plan was refused, as it said last.
    pub refused: Option<String>,
    /// Messages that could not be read.
    pub rejected: u64,
}

impl Cabinet {
    /// A cabinet that is about to be switched on.
    pub fn new(ix: usize, network: Arc<Network>, keys: Arc<KeyRing>, seed: u64, sabotage: Sabotage) -> Self {
        let intersection = &network.intersections[ix];
        Self {
            ix,
            id: intersection.id.clone(),
            keys,
            seed,
            lives: 0,
            clock: Clock::default(),
            anchor: Anchor::default(),
            field: None,
            dead_until: 0,
            frozen_until: 0,
            inbox: VecDeque::new(),
            reported: i64::MIN,
            sabotage,
            lamps: flashing(&network, ix),
            changes: Vec::new(),
            refused: None,
            rejected: 0,
            network,
        }
    }

    /// Killed until an instant.
    pub fn kill(&mut self, until: i64) {
        self.dead_until = self.dead_until.max(until);
        self.field = None;
        self.inbox.clear();
        self.lamps = flashing(&self.network, self.ix);
    }

    /// Who is in charge; `None` while the controller is dead.
    pub fn mode(&self) -> Option<FieldMode> {
        self.field.as_ref().map(Field::mode)
    }

    /// The plan that is obeyed at present.
    pub fn obeys(&self) -> Option<PlanRef> {
        self.field.as_ref().filter(|field| field.mode() == FieldMode::Remote).and_then(Field::applied)
    }

    /// A message arrives.
    pub fn receive(&mut self, mail: Mail) {
        if self.field.is_none() {
            return;
        }
        if self.inbox.len() == INBOX {
            self.inbox.pop_front();
        }
        self.inbox.push_back(mail);
    }

    /// Whether it stands still at an instant.
    pub const fn is_frozen(&self, at: i64) -> bool {
        at < self.frozen_until
    }

    /// A tick of true time; state messages to send.
    pub fn tick(&mut self, at: i64, calls: Option<Calls>) -> Vec<Rc<Packet>> {
        self.changes.clear();
        if at < self.dead_until || self.is_frozen(at) {
            return Vec::new();
        }
        if self.field.is_none() {
            self.lives += 1;
            let seed = bits(self.seed, self.ix as u64, self.lives);
            self.field = Some(Field::new(&self.network.intersections[self.ix], FieldSettings::default(), seed));
            self.anchor = Anchor::default();
        }
        let now = self.clock.reads(at);
        // True time is the clock that nobody sets.
        if let Some(by) = self.anchor.set_by(now, Timestamp(at)) {
            let outputs = self.field.as_mut().map(|field| field.clock_was_set(by)).unwrap_or_default();
            self.carry_out(outputs);
        }
        let mut inputs: Vec<FieldInput> = Vec::new();
        while let Some(mail) = self.inbox.pop_front() {
            inputs.extend(self.read(&mail, at));
        }
        inputs.extend(calls.map(FieldInput::Calls));
        let second = now.0.div_euclid(1_000);
        if second != self.reported {
            self.reported = second;
            inputs.push(FieldInput::Report);
        }
        inputs.push(FieldInput::Tick);
        inputs.into_iter().filter_map(|input| self.tell(input, at)).collect()
    }

    /// What a message says to the controller.
    fn read(&mut self, mail: &Mail, at: i64) -> Option<FieldInput> {
        let now = (self.sabotage != Sabotage::Gullible).then(|| self.clock.reads(at));
        let Packet { topic, payload, .. } = &*mail.packet;
        let heard = self.keys.hear(topic, payload, &self.network, now).map(|heard| heard.message);
        match heard {
            Ok(Message::Plan(plan)) if plan.intersection == self.id => Some(FieldInput::Plan(self.bent(plan, at))),
            Ok(_) => None,
            Err(rejection) => {
                self.rejected += 1;
                Some(FieldInput::Unreadable(rejection.reason.name().to_owned()))
            }
        }
    }

    fn bent(&self, mut plan: Plan, at: i64) -> Plan {
        if self.sabotage == Sabotage::Gullible {
            plan.issued = self.clock.reads(at);
        }
        plan
    }

    fn tell(&mut self, input: FieldInput, at: i64) -> Option<Rc<Packet>> {
        let now = self.clock.reads(at);
        let outputs = self.field.as_mut()?.handle(input, now);
        self.carry_out(outputs)
    }

    fn carry_out(&mut self, outputs: Vec<FieldOutput>) -> Option<Rc<Packet>> {
        let mut state = None;
        for output in outputs {
            match output {
                FieldOutput::Lamps(lamps) => self.show(lamps),
                FieldOutput::ModeChange { from, to, .. } => self.changes.push((from, to)),
                FieldOutput::State(report) => {
                    self.refused.clone_from(&report.refused);
                    state = Some(report);
                }
            }
        }
        self.say(state?)
    }

    fn show(&mut self, mut lamps: Vec<Indication>) {
        match self.sabotage {
            Sabotage::NoYellow => {
                lamps.iter_mut().filter(|it| **it == Indication::Yellow).for_each(|it| *it = Indication::Red);
            }
            Sabotage::Stuck if self.mode().is_some_and(FieldMode::is_local) && self.lives > 0 && self.started() => {
                return;
            }
            _ => {}
        }
        self.lamps = lamps;
    }

    fn started(&self) -> bool {
        self.lamps.iter().any(|lamp| lamp.is_green())
    }

    fn say(&self, report: StateReport) -> Option<Rc<Packet>> {
        wire::encode(&Message::State(report), &self.network).and_then(|it| self.keys.seal(it)).ok().map(Rc::new)
    }

    /// Lamps as a string.
    pub fn letters(&self) -> String {
        lamps_to_string(&self.lamps)
    }
}

fn flashing(network: &Network, ix: usize) -> Vec<Indication> {
    let lamp = |kind| if kind == GroupKind::Pedestrian { Indication::Dark } else { Indication::FlashingYellow };
    network.intersections[ix].groups.iter().map(|group| lamp(group.kind)).collect()
}
