//! An engine as a process: the real controllers with what the service does around them, in virtual time.
//!
//! In: messages as bytes, ticks of true time, the place of leases, the disk. Out: packets to send. As in `service::engine`: messages are heard with the
//! keys and against the own clock, counts that come twice or late are turned away, decisions fall on whole seconds of the own clock
//! ([`Pace`]), at once when somebody speaks again or one begins to lead, neighbours tell each other directly, what was learned is
//! written down now and then. Everybody hears and decides; only who leads ([`crate::leadership`]) sends, under his epoch.
//!
//! A dead engine has forgotten everything but what the disk holds. A frozen one goes on where it was, with its inbox full, and believes what it
//! believed: that it may not lead any more it notices by the clock that nobody sets, unless it is a zombie.

use super::clock::Clock;
use super::leadership::{Disk, Place};
use super::post::{Mail, Node};
use crate::controller::{Controller, Input, Learned, Memory, Output, Settings};
use crate::leadership::{Leadership, Step, Timing};
use crate::network::Network;
use crate::plan::{Mode, Plan};
use crate::scene::Recognition;
use crate::service::pace::Pace;
use crate::time::{Millis, Timestamp};
use crate::wire::{self, KeyRing, Message, Packet, Sequence};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// It looks at the place of leases this often \[ms\].
const LOOKS: i64 = 200;
/// What was learned is written down this often \[ms\].
const KEPT_EVERY: i64 = 60_000;
/// A field controller that speaks after this much silence is answered at once \[ms\].
const SILENCE: i64 = 1_500;
/// Messages that wait for a frozen engine; the oldest go first.
const INBOX: usize = 1_024;

/// Something that an engine sends.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Topic and bytes.
    pub packet: Rc<Packet>,
    /// Intersection that it is for.
    pub ix: usize,
    /// The plan in it.
    pub plan: Plan,
}

/// A process.
#[derive(Debug)]
pub struct Engine {
    number: usize,
    network: Arc<Network>,
    keys: Arc<KeyRing>,
    settings: Settings,
    /// Its clock.
    pub clock: Clock,
    /// Dead until then \[ms\].
    pub dead_until: i64,
    /// Frozen until then \[ms\].
    pub frozen_until: i64,
    /// The place of leases does not answer it.
    pub cut_off: bool,
    /// It does not notice that it may not lead any more.
    pub zombie: bool,
    leadership: Leadership,
    /// Under which epoch it sends, when it leads.
    epoch: Option<u64>,
    inbox: VecDeque<Mail>,
    alive: Option<Alive>,
    /// Messages turned away.
    pub rejected: u64,
    /// What was found on the disk and was no good.
    pub unreadable: u64,
}

/// What a process has while it lives.
#[derive(Debug)]
struct Alive {
    controllers: Vec<Controller>,
    sequences: Vec<Sequence>,
    /// When each field controller was heard last, on the clock that nobody sets \[ms\].
    heard_at: Vec<i64>,
    /// Whose answer is not to wait for the next second.
    hasty: Vec<bool>,
    /// When each controller last did not believe a detector \[ms\]; `None` when it always did.
    doubted_at: Vec<Option<i64>>,
    scenes: Recognition,
    pace: Pace,
    kept_at: i64,
}

impl Engine {
    /// An engine that is about to start.
    pub fn new(number: usize, network: Arc<Network>, keys: Arc<KeyRing>, settings: Settings) -> Self {
        Self {
            number,
            network,
            keys,
            settings,
            clock: Clock::default(),
            dead_until: 0,
            frozen_until: 0,
            cut_off: false,
            zombie: false,
            leadership: Leadership::new(Timing::default()),
            epoch: None,
            inbox: VecDeque::new(),
            alive: None,
            rejected: 0,
            unreadable: 0,
        }
    }

    /// Killed until an instant.
    pub fn kill(&mut self, until: i64, place: &mut Place) {
        self.dead_until = self.dead_until.max(until);
        place.gone(self.number);
        self.leadership = Leadership::new(Timing::default());
        (self.alive, self.epoch) = (None, None);
        self.inbox.clear();
    }

    /// Modes of its controllers while it leads.
    pub fn modes(&self) -> Option<Vec<Mode>> {
        let alive = self.alive.as_ref().filter(|_| self.epoch.is_some())?;
        Some(alive.controllers.iter().map(Controller::mode).collect())
    }

    /// Whether it leads, and whoever of its controllers does not plan as wanted does not believe its detectors, or did not until so lately that the
    /// healthy decisions which lead back to adaptive control cannot have been taken yet.
    pub fn only_doubts(&self, wanted: Mode, at: i64) -> bool {
        // A decision a second, and one more for the second that has begun.
        let way_back = (i64::from(self.settings.healthy_cycles) + 1) * 1_000;
        let alive = self.alive.as_ref().filter(|_| self.epoch.is_some());
        alive.is_some_and(|alive| {
            let mut each = alive.controllers.iter().zip(&alive.doubted_at);
            each.all(|(it, doubted)| it.mode() == wanted || doubted.is_some_and(|doubted| at - doubted <= way_back))
        })
    }

    /// The epoch in which it leads.
    pub const fn epoch(&self) -> Option<u64> {
        self.epoch
    }

    /// A message arrives.
    pub fn receive(&mut self, mail: Mail) {
        if self.inbox.len() == INBOX {
            self.inbox.pop_front();
        }
        self.inbox.push_back(mail);
    }

    /// A tick of true time.
    pub fn tick(&mut self, at: i64, place: &mut Place, disk: &mut Disk) -> Vec<Sent> {
        if at < self.dead_until {
            self.inbox.clear();
        }
        if at < self.dead_until.max(self.frozen_until) {
            return Vec::new();
        }
        let mut alive = self.alive.take().unwrap_or_else(|| self.begin(at, disk));
        self.lead(at, place, &mut alive);
        self.hear(at, &mut alive);
        let decided = alive.decide(&self.network, &self.keys, self.clock.reads(at));
        for (controller, doubted_at) in alive.controllers.iter().zip(&mut alive.doubted_at) {
            if !controller.doubted().is_empty() {
                *doubted_at = Some(at);
            }
        }
        if self.epoch.is_some() {
            alive.keep(at, disk);
        }
        self.alive = Some(alive);
        // Whoever does not lead keeps his plans to himself.
        if self.epoch.is_some() { decided } else { Vec::new() }
    }

    /// Look at the place of leases; begin to lead, go on, or stop.
    fn lead(&mut self, at: i64, place: &mut Place, alive: &mut Alive) {
        if self.zombie {
            return;
        }
        if !self.cut_off && at % LOOKS == 0 {
            self.look(at, place);
        }
        let before = std::mem::replace(&mut self.epoch, self.leadership.epoch(Timestamp(at)));
        if let Some(epoch) = self.epoch.filter(|_| self.epoch != before) {
            alive.controllers.iter_mut().for_each(|it| it.author_as(epoch));
            alive.hasty.fill(true);
        }
    }

    fn look(&mut self, at: i64, place: &mut Place) {
        let floor = (self.clock.reads(at).0 / 1_000).unsigned_abs();
        match self.leadership.look(place.sight(), floor, Timestamp(at)) {
            Step::Wait => {}
            Step::Renew => {
                place.renew(self.number);
                self.leadership.renewed();
            }
            Step::Claim(epoch) => {
                if place.claim(self.number, epoch) {
                    self.leadership.claimed(epoch);
                }
            }
        }
    }

    /// A process starts with what the disk holds.
    fn begin(&mut self, at: i64, disk: &Disk) -> Alive {
        let now = self.clock.reads(at);
        let network = &self.network;
        let controller = |it: &crate::network::Intersection| {
            Controller::new(Arc::new(it.clone()), &network.links, self.settings.clone())
        };
        let mut controllers: Vec<Controller> = network.intersections.iter().map(controller).collect();
        let found = disk.read().map(serde_json::from_str::<Vec<Learned>>);
        self.unreadable += u64::from(matches!(found, Some(Err(_))));
        for learned in found.and_then(Result::ok).unwrap_or_default() {
            let absence = (now - learned.at).max(Millis::ZERO);
            let own = network.position(&learned.intersection);
            let resumed = own.map(|ix| controllers[ix].resume(&Memory { learned, absence }));
            self.unreadable += u64::from(!matches!(resumed, Some(Ok(()))));
        }
        let count = controllers.len();
        Alive {
            controllers,
            sequences: vec![Sequence::default(); count],
            heard_at: vec![at - SILENCE; count],
            hasty: vec![false; count],
            doubted_at: vec![None; count],
            scenes: Recognition::new(network),
            pace: Pace::new(now),
            kept_at: at,
        }
    }

    /// Messages in the order in which they came.
    fn hear(&mut self, at: i64, alive: &mut Alive) {
        let now = self.clock.reads(at);
        while let Some(mail) = self.inbox.pop_front() {
            let Packet { topic, payload, .. } = &*mail.packet;
            let heard = self.keys.hear(topic, payload, &self.network, Some(now));
            let known = heard.and_then(|heard| alive.take(heard.message, &self.network, now, at));
            self.rejected += u64::from(known.is_err());
        }
    }
}

impl Alive {
    /// Hand a message to the controller that it concerns; `steady` is the clock that nobody sets.
    fn take(
        &mut self,
        message: Message,
        network: &Network,
        now: Timestamp,
        steady: i64,
    ) -> Result<(), wire::Rejection> {
        let Some(ix) = message.intersection().and_then(|id| network.position(id.as_str())) else { return Ok(()) };
        let input = match message {
            Message::Counts { observation, .. } => {
                self.sequences[ix].accept(observation.seq, observation.at, Some(now))?;
                Input::Counts(observation)
            }
            Message::State(report) => {
                let before = std::mem::replace(&mut self.heard_at[ix], steady);
                self.hasty[ix] |= steady - before > SILENCE;
                Input::State(report)
            }
            Message::Request(request) => Input::Request(request),
            Message::Command(command) => Input::Command(command),
            _ => return Ok(()),
        };
        self.controllers[ix].handle(input, now);
        Ok(())
    }

    /// Every controller that is due decides; neighbours hear each other.
    fn decide(&mut self, network: &Arc<Network>, keys: &KeyRing, now: Timestamp) -> Vec<Sent> {
        let due = self.pace.due(now);
        let (mut sent, mut said) = (Vec::new(), Vec::new());
        for (ix, controller) in self.controllers.iter_mut().enumerate() {
            let hasty = std::mem::replace(&mut self.hasty[ix], false).then_some(now);
            let Some(at) = due.or(hasty) else { continue };
            controller.handle(Input::Scene(self.scenes.scene(ix, at)), at);
            for output in controller.handle(Input::Tick, at) {
                match output {
                    Output::Publish(plan) => {
                        let packet = wire::encode(&Message::Plan(plan.clone()), network).and_then(|it| keys.seal(it));
                        sent.extend(packet.ok().map(|packet| Sent { packet: Rc::new(packet), ix, plan }));
                    }
                    Output::Outflow(outflow) => said.push((ix, outflow)),
                    Output::Load(load) => self.scenes.tell(ix, load),
                    _ => {}
                }
            }
        }
        for (from, outflow) in said {
            for to in network.neighbours(from) {
                self.controllers[to].handle(Input::Outflow(outflow.clone()), now);
            }
        }
        sent
    }

    /// Write down what was learned.
    fn keep(&mut self, at: i64, disk: &mut Disk) {
        if at - self.kept_at < KEPT_EVERY {
            return;
        }
        self.kept_at = at;
        let learned: Vec<Learned> = self.controllers.iter().filter_map(Controller::learned).collect();
        let text = serde_json::to_string(&learned).expect("what was learned is numbers and names");
        // A disk that is full is no reason to stop planning.
        let _ = disk.write(&text);
    }
}

impl Sent {
    /// Who gets it.
    pub const fn to(&self) -> Node {
        Node::Cabinet(self.ix)
    }
}
