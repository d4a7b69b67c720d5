//! The engine: one task an intersection, each with its mailbox and its deadline, and one link to the broker for all.
//!
//! ```text
//! link ──> dispatch ──> mailbox of the intersection ──> worker: controller.handle(input, at) ──> link
//!                            ^── what neighbours in this engine say ──┘
//! ```
//!
//! With [`Clock::Wall`] a worker hears whatever comes at once and decides at the instant its controller asked for. With
//! [`Clock::Counts`] it decides once for each counts message, at its time stamp, after having heard exactly the state that
//! came before it and what its neighbours said at *earlier* instants: the order in which a broker delivers cannot matter.
//!
//! Neighbours in this engine hear each other directly and not over the broker; the broker gets a copy for others.
//!
//! Of several engines with the same intersections one leads ([`Authority`]). The others hear, learn and decide all the same and say
//! nothing ([`super::outgoing`]): whoever follows knows the street from the first second, and decides at once.

use super::SPANS;
use super::alarms::Desk;
use super::audit::Audit;
use super::board::{Board, Easel, Held};
use super::clock;
use super::dispatch::{Clock, Dispatch, Inbox, Slot};
use super::listeners::Listeners;
use super::lookout::{Lookout, Onlooker};
use super::mailbox::Mailbox;
use super::mqtt::{Link, LinkSettings, PresencePackets, Status};
use super::operations::Operations;
use super::outgoing::{Outgoing, answer};
use super::pace::Pace;
use super::pulse::{Part, Pulse};
use super::recorder::{Recorder, Tap};
use super::rejects::Rejects;
use super::standby::Authority;
use super::trust::Trust;
use crate::config::Broker;
use crate::controller::{Controller, Input, Learned, Memory, Output, Settings};
use crate::estimate::Outflow;
use crate::network::Network;
use crate::plan::{Command, Scene, StateReport};
use crate::scene::Recognition;
use crate::time::{Millis, Timestamp};
use crate::wire::{self, Message, Packet, Presence, PresenceStatus, Qos, Role};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tracing::field::{Empty, debug};
use tracing::{Span, trace_span};

/// Different things that may wait for one intersection.
const MAILBOX: usize = 256;
/// A worker on the wall's clock goes round once a second; two rounds may be missed.
const WORKER_PATIENCE: Millis = Millis(2_500);
/// A field controller that speaks after this much silence is answered at once and not at the next second.
const SILENCE: Millis = Millis(1_500);
/// How often the link is looked at.
const LINK_EVERY: Duration = Duration::from_millis(500);

/// What an engine needs.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Where the broker is.
    pub broker: Broker,
    /// Identity at the broker, and keys of messages.
    pub trust: Trust,
    /// Name in the presence topic.
    pub id: String,
    /// Which clock rules.
    pub clock: Clock,
    /// One entry an intersection, in the order of the network; `None` for those of other engines.
    pub controllers: Vec<Option<Settings>>,
    /// What was learned before, in any order; what does not fit is passed over.
    pub memories: Vec<Memory>,
    /// Who else hears of what it does.
    pub listeners: Listeners,
}

/// The last decision of an intersection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Its instant.
    pub at: Timestamp,
    /// How long hearing and deciding took.
    pub took: Duration,
    /// Words of neighbours taken in so far.
    pub heard: u64,
    /// Whether a decision was published; none is while the field controller obeys nobody (start-up, flash).
    pub spoke: bool,
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    link: Arc<Link>,
    rejects: Arc<Rejects>,
    progress: watch::Sender<Vec<Option<Progress>>>,
    /// Where each worker is asked what it has learned.
    askers: Vec<mpsc::Sender<oneshot::Sender<Option<Learned>>>>,
    tasks: Vec<JoinHandle<()>>,
    audit: Option<Arc<Audit>>,
    board: Arc<Board>,
    lookout: Arc<Lookout>,
    operations: Operations,
    recorder: Option<Arc<Recorder>>,
}

impl Engine {
    /// Starts to connect, to listen and to decide, alone with its intersections. Must be called inside a tokio runtime.
    pub fn start(network: &Arc<Network>, settings: EngineSettings) -> Self {
        let epoch = settings.controllers.iter().flatten().map(|it| it.epoch).max().unwrap_or_default();
        Self::start_under(network, settings, &Authority::alone(epoch), &Pulse::default())
    }

    /// The same as one of several engines that may lead; its tasks show on `pulse` that they go on.
    pub fn start_under(network: &Arc<Network>, settings: EngineSettings, authority: &Authority, pulse: &Pulse) -> Self {
        let link = Arc::new(Link::start(link_settings(network, &settings, authority)));
        let rejects = Arc::new(Rejects::default());
        let audit = settings.trust.audit.as_deref().map(|folder| Arc::new(Audit::start(folder)));
        let outgoing = Arc::new(Outgoing {
            network: network.clone(),
            link: link.clone(),
            rejects: rejects.clone(),
            keys: settings.trust.keys.clone(),
            audit: audit.clone(),
            authority: authority.clone(),
            untold: Mutex::default(),
            desk: Desk::default(),
            listeners: settings.listeners.clone(),
            latest: AtomicI64::default(),
            waiting: Mutex::default(),
        });
        let progress = watch::Sender::new(vec![None; network.intersections.len()]);
        let inbox = |own: &Option<Settings>| own.is_some().then(|| Arc::new(Mailbox::new(MAILBOX)));
        let inboxes: Vec<Option<Inbox>> = settings.controllers.iter().map(inbox).collect();
        let dispatch = Dispatch::new(network.clone(), settings.clock, inboxes.clone(), rejects.clone())
            .guarded(settings.trust.keys.clone())
            .audited(audit.clone(), answer(&outgoing));
        let operations = Operations::new(settings.clock, inboxes.clone(), &outgoing);
        let board = Arc::new(Board::new(network));
        if settings.listeners.history.is_some() {
            board.watch();
        }
        let shadowing = settings.listeners.shadow.clone();
        let lookout = Arc::new(Lookout::new(network.intersections.len(), shadowing.as_ref()));
        let scenes = Arc::new(Mutex::new(Recognition::new(network)));
        let mut askers = Vec::new();
        let mut tasks = vec![
            tokio::spawn(dispatch.run(link.clone())),
            tokio::spawn(tell_presence(network.clone(), settings.id.clone(), link.clone(), authority.clone())),
            tokio::spawn(watch_link(link.clone(), pulse.part("the link to the broker", WORKER_PATIENCE))),
        ];
        for (ix, controller) in settings.controllers.into_iter().enumerate() {
            let (Some(controller), Some(inbox)) = (controller, inboxes[ix].clone()) else { continue };
            let intersection = Arc::new(network.intersections[ix].clone());
            let memory = settings.memories.iter().find(|it| it.learned.intersection == intersection.id.as_str());
            let onlooker = Onlooker::new(Arc::clone(&lookout), ix, &intersection, shadowing.as_ref());
            let mut controller = Controller::new(intersection, &network.links, controller);
            if let Some(memory) = memory {
                // What does not fit was told when it was read, and leaves a controller as it was.
                let _ = controller.resume(memory);
            }
            let (asker, asked) = mpsc::channel(1);
            askers.push(asker);
            let worker = Worker {
                ix,
                controller,
                asked,
                scenes: Arc::clone(&scenes),
                clock: settings.clock,
                inbox,
                neighbours: network.neighbours(ix).into_iter().filter_map(|other| inboxes[other].clone()).collect(),
                outgoing: Arc::clone(&outgoing),
                // Whoever is driven by counts may wait for them as long as it takes.
                part: (settings.clock == Clock::Wall)
                    .then(|| pulse.part(network.intersections[ix].id.as_str(), WORKER_PATIENCE)),
                progress: progress.clone(),
                heard: 0,
                order: None,
                tap: Tap::new(settings.listeners.recorder.clone(), ix),
                easel: Easel::new(Arc::clone(&board), settings.listeners.history.clone(), ix),
                onlooker,
            };
            tasks.push(tokio::spawn(worker.run()));
        }
        let recorder = settings.listeners.recorder;
        Self { link, rejects, progress, askers, tasks, audit, board, lookout, operations, recorder }
    }

    /// Whether the broker is there.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.link.status()
    }

    /// What was turned away.
    pub fn rejects(&self) -> &Rejects {
        &self.rejects
    }

    /// What others may see of it, without the engine noticing.
    pub fn shown(&self) -> Shown {
        Shown {
            board: Arc::clone(&self.board),
            lookout: Arc::clone(&self.lookout),
            link: Arc::clone(&self.link),
            rejects: Arc::clone(&self.rejects),
            operations: self.operations.clone(),
        }
    }

    /// Messages that newer ones replaced or that found no room, (in, out): somebody is too slow.
    pub fn lost(&self) -> (u64, u64) {
        self.link.lost()
    }

    /// The last decision of each intersection, to look at or to wait on; `None` before the first.
    pub fn progress(&self) -> watch::Receiver<Vec<Option<Progress>>> {
        self.progress.subscribe()
    }

    /// What the controllers have learned so far, in the order of the network. Each is asked between two of its inputs.
    pub async fn learned(&self) -> Vec<Learned> {
        let mut all = Vec::with_capacity(self.askers.len());
        for asker in &self.askers {
            let (reply, answer) = oneshot::channel();
            // A worker that is gone has nothing to say.
            if asker.send(reply).await.is_ok() {
                all.extend(answer.await.ok().flatten());
            }
        }
        all
    }

    /// Says good-bye and ends.
    pub async fn stop(self) {
        self.link.stop().await;
        self.tasks.iter().for_each(JoinHandle::abort);
        if let Some(audit) = self.audit {
            // The disk may take its time, and other tasks should not.
            let _ = tokio::task::spawn_blocking(move || audit.stop()).await;
        }
        if let Some(history) = self.operations.history() {
            // The same.
            let _ = tokio::task::spawn_blocking(move || history.stop()).await;
        }
        if let Some(recorder) = self.recorder {
            // The same.
            let _ = tokio::task::spawn_blocking(move || recorder.stop()).await;
        }
    }
}

/// What others may see of an engine.
#[derive(Debug, Clone)]
pub struct Shown {
    /// A picture of each intersection.
    pub board: Arc<Board>,
    /// How drivers fare, and what a shadow would have cost.
    pub lookout: Arc<Lookout>,
    /// The link to the broker, to be looked at.
    pub link: Arc<Link>,
    /// What was turned away.
    pub rejects: Arc<Rejects>,
    /// What a person may do, and the alarms.
    pub operations: Operations,
}

/// One intersection.
struct Worker {
    ix: usize,
    controller: Controller,
    asked: mpsc::Receiver<oneshot::Sender<Option<Learned>>>,
    /// Scenes of all intersections of this engine.
    scenes: Arc<Mutex<Recognition>>,
    clock: Clock,
    inbox: Inbox,
    neighbours: Vec<Inbox>,
    outgoing: Arc<Outgoing>,
    part: Option<Arc<Part>>,
    progress: watch::Sender<Vec<Option<Progress>>>,
    heard: u64,
    /// The last command that was accepted, for who gave it and why.
    order: Option<Command>,
    easel: Easel,
    tap: Tap,
    onlooker: Onlooker,
}

impl Worker {
    async fn run(self) {
        match self.clock {
            Clock::Wall => self.by_the_wall().await,
            Clock::Counts => self.by_the_counts().await,
        }
    }

    async fn by_the_wall(mut self) {
        let mut pace = Pace::new(clock::now());
        let mut heard_at = Timestamp(i64::MIN);
        let mut leads = self.outgoing.authority.changes();
        self.lead(*leads.borrow_and_update());
        loop {
            tokio::select! {
                heard = self.inbox.pop() => {
                    let Some((_, input)) = heard else { return };
                    self.heard += u64::from(matches!(input, Input::Outflow(_)));
                    let speaks_again = matches!(input, Input::State(_)) && {
                        let before = std::mem::replace(&mut heard_at, clock::steady());
                        heard_at - before > SILENCE
                    };
                    self.draw(&input);
                    self.hear(input, clock::now());
                    if speaks_again {
                        self.decide(vec![Input::Tick], clock::now());
                    }
                }
                Some(reply) = self.asked.recv() => self.tell_learned(reply),
                Ok(()) = leads.changed() => {
                    let epoch = *leads.borrow_and_update();
                    self.lead(epoch);
                    if epoch.is_some() {
                        // The last plan of the one before is obeyed for three seconds at most.
                        self.decide(vec![Input::Tick], clock::now());
                    }
                }
                () = clock::sleep_until(pace.next(clock::now())) => {
                    if let Some(part) = &self.part {
                        part.beat();
                    }
                    if let Some(at) = pace.due(clock::now()) {
                        self.decide(vec![Input::Scene(self.scene(at)), Input::Tick], at);
                    }
                }
            }
        }
    }

    async fn by_the_counts(mut self) {
        let (mut state, mut said): (Option<StateReport>, Vec<Outflow>) = (None, Vec::new());
        let mut at = Timestamp(0);
        loop {
            let input = tokio::select! {
                heard = self.inbox.pop() => heard,
                Some(reply) = self.asked.recv() => {
                    self.tell_learned(reply);
                    continue;
                }
            };
            let Some((_, input)) = input else { return };
            match input {
                Input::State(report) => state = Some(report),
                Input::Outflow(outflow) => {
                    self.heard += 1;
                    said.push(outflow);
                }
                Input::Counts(seen) => {
                    at = seen.at;
                    let mut inputs = earlier(&mut said, at);
                    inputs.extend(state.take().map(Input::State));
                    inputs.extend([Input::Counts(seen), Input::Scene(self.scene(at)), Input::Tick]);
                    self.decide(inputs, at);
                }
                other => self.hear(other, at),
            }
        }
    }

    /// Plans are of this epoch from now on; without one they are kept to oneself.
    fn lead(&mut self, epoch: Option<u64>) {
        if let Some(epoch) = epoch {
            self.tap.author(&self.controller, epoch, clock::now());
            self.controller.author_as(epoch);
            self.outgoing.take_over();
        }
    }

    /// The scene around the intersection, by what was told at earlier instants.
    fn scene(&self, at: Timestamp) -> Scene {
        self.scenes.lock().unwrap_or_else(PoisonError::into_inner).scene(self.ix, at)
    }

    fn tell_learned(&self, reply: oneshot::Sender<Option<Learned>>) {
        // Who does not want to know any more has gone.
        let _ = reply.send(self.controller.learned());
    }

    /// Hear something that is no reason to decide.
    fn hear(&mut self, input: Input, at: Timestamp) {
        let order = if let Input::Command(command) = &input { Some(command.clone()) } else { None };
        self.tap.hear(&self.controller, &input, at);
        let outputs = self.controller.handle(input, at);
        let result = outputs.iter().find_map(|it| if let Output::Result(result) = it { Some(result) } else { None });
        if let (Some(command), Some(result)) = (&order, result) {
            self.outgoing.commanded(command, result);
        }
        if result.is_some_and(|it| it.accepted) {
            self.order = order;
        }
        self.carry_out(outputs);
    }

    /// Hear, decide, publish; then say that it is done.
    fn decide(&mut self, inputs: Vec<Input>, at: Timestamp) {
        let since = Instant::now();
        let span = trace_span!(target: SPANS, "decide", at_ms = at.0, intersection = Empty, mode = Empty, labels = Empty, reason = Empty);
        let span = span.entered();
        for input in &inputs {
            self.draw(input);
        }
        let (controller, tap) = (&mut self.controller, &mut self.tap);
        let told = inputs.into_iter().flat_map(|input| {
            tap.hear(controller, &input, at);
            controller.handle(input, at)
        });
        let outputs: Vec<Output> = told.collect();
        // Before neighbours hear of it, so that its word stands in a recording before who heard it.
        self.tap.said(&outputs);
        let took = since.elapsed();
        note(&span, &outputs);
        let spoke = outputs.iter().any(|output| matches!(output, Output::Decision(_)));
        self.carry_out(outputs);
        self.outgoing.decided(self.ix, at);
        self.easel.held(self.held(at));
        self.easel.show(at, took);
        self.onlooker.sees(&self.controller, at);
        self.progress.send_modify(|all| all[self.ix] = Some(Progress { at, took, heard: self.heard, spoke }));
    }

    /// What an operator holds, with who commanded it and why where that is known.
    fn held(&self, at: Timestamp) -> Option<Held> {
        let (action, until) = self.controller.held(at)?;
        let order = self.order.as_ref().filter(|it| it.action == action && it.expires == until);
        let (by, reason) = (order.map(|it| it.operator.clone()), order.and_then(|it| it.reason.clone()));
        Some(Held { action, until, by, reason })
    }

    /// For who looks at the intersection.
    fn draw(&mut self, input: &Input) {
        self.onlooker.hears(input);
        match input {
            Input::Counts(seen) => self.easel.counts(seen),
            Input::State(report) => self.easel.state(report),
            _ => {}
        }
    }

    /// Publish, tell the neighbours. When to come back the pace says.
    ///
    /// The decision goes last: who has it has everything else of its instant.
    fn carry_out(&mut self, outputs: Vec<Output>) {
        let mut last = None;
        for output in outputs {
            match output {
                Output::Publish(plan) => {
                    self.easel.plan(&plan);
                    self.outgoing.send(&Message::Plan(plan));
                }
                Output::Spat(spat) => {
                    self.easel.spat(&spat);
                    self.outgoing.send(&Message::Spat(spat));
                }
                Output::Alarm(alarm) => {
                    self.outgoing.alarm(self.ix, &alarm);
                }
                Output::Result(result) => self.outgoing.send(&Message::Result(result)),
                Output::Outflow(outflow) => {
                    self.tell_neighbours(&outflow);
                    self.outgoing.send(&Message::Outflow(outflow));
                }
                Output::Load(load) => self.scenes.lock().unwrap_or_else(PoisonError::into_inner).tell(self.ix, load),
                Output::Decision(decision) => {
                    self.easel.decision(&decision);
                    last = Some(Message::Decision(decision));
                }
                Output::Refused(refusal) => self.outgoing.rejects.count("(request)", &refusal.into()),
                Output::WakeAt(..) => {}
            }
        }
        if let Some(decision) = last {
            self.outgoing.send(&decision);
        }
    }

    fn tell_neighbours(&self, outflow: &Outflow) {
        // In this process it is what it would be on the wire, to the digit: whoever drives them again has only that.
        let Some(outflow) = &self.outgoing.carried(outflow) else { return };
        let slot = Slot::outflow(outflow, self.clock);
        for neighbour in &self.neighbours {
            neighbour.push(slot.clone(), Input::Outflow(outflow.clone()));
        }
    }
}

/// What was decided, on the span of the decision, where somebody listens.
fn note(span: &Span, outputs: &[Output]) {
    if span.is_disabled() {
        return;
    }
    for output in outputs {
        if let Output::Decision(decision) = output {
            span.record("intersection", decision.intersection.as_str());
            span.record("mode", debug(decision.mode)).record("labels", decision.labels);
            span.record("reason", decision.reason.as_str());
        }
    }
}

/// Says whether this engine leads, whenever that changes; who no longer does has nothing else to say.
async fn tell_presence(network: Arc<Network>, id: String, link: Arc<Link>, authority: Authority) {
    let mut leads = authority.changes();
    // It may have changed since the link was given its first word.
    leads.mark_changed();
    while leads.changed().await.is_ok() {
        let epoch = *leads.borrow_and_update();
        if epoch.is_none() {
            link.fall_silent();
        }
        link.publish(presence(&network, &id, PresenceStatus::Online, Some(role(epoch))));
    }
}

/// Shows a sign of life for the link as long as its tasks are there.
async fn watch_link(link: Arc<Link>, part: Arc<Part>) {
    let mut every = tokio::time::interval(LINK_EVERY);
    loop {
        every.tick().await;
        if link.goes_on() {
            part.beat();
        }
    }
}

/// What neighbours said before an instant, in one order whatever the order of arrival; the rest stays.
fn earlier(said: &mut Vec<Outflow>, at: Timestamp) -> Vec<Input> {
    said.sort_by(|a, b| (a.at, &a.intersection).cmp(&(b.at, &b.intersection)));
    let later = said.iter().position(|outflow| outflow.at >= at).unwrap_or(said.len());
    said.drain(..later).map(Input::Outflow).collect()
}

fn link_settings(network: &Network, settings: &EngineSettings, authority: &Authority) -> LinkSettings {
    let owned: Vec<usize> = (0..settings.controllers.len()).filter(|&ix| settings.controllers[ix].is_some()).collect();
    let id = |ix: usize| &network.intersections[ix].id;
    let subscription = |channel, qos| -> Vec<(String, Qos)> {
        if owned.len() == network.intersections.len() {
            return vec![(wire::filter(&network.city, None, channel), qos)];
        }
        owned.iter().map(|&ix| (wire::filter(&network.city, Some(id(ix)), channel), qos)).collect()
    };
    let own = [
        subscription("counts", Qos::AtMostOnce),
        subscription("state", Qos::AtMostOnce),
        subscription("request", Qos::AtLeastOnce),
        subscription("command/+", Qos::AtLeastOnce),
    ];
    // Neighbours inside this engine tell each other directly.
    let others: BTreeSet<usize> =
        owned.iter().flat_map(|&ix| network.neighbours(ix)).filter(|ix| !owned.contains(ix)).collect();
    let others = others.into_iter().map(|ix| (wire::filter(&network.city, Some(id(ix)), "outflow"), Qos::AtMostOnce));
    let presence = |status, role| presence(network, &settings.id, status, role);
    LinkSettings {
        broker: settings.broker.clone(),
        tls: settings.trust.tls.clone(),
        subscriptions: own.into_iter().flatten().chain(others).collect(),
        presence: Some(PresencePackets {
            online: presence(PresenceStatus::Online, Some(role(authority.epoch()))),
            offline: presence(PresenceStatus::Offline, None),
        }),
    }
}

fn role(epoch: Option<u64>) -> Role {
    epoch.map_or(Role::StandingBy, |epoch| Role::Leading { epoch })
}

fn presence(network: &Network, engine: &str, status: PresenceStatus, role: Option<Role>) -> Packet {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let presence = Presence { engine: engine.to_owned(), status, version, role };
    wire::encode(&Message::Presence(presence), network).expect("a presence is about no intersection and is short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neighbours_said_is_heard_in_one_order_and_never_in_the_second_it_was_said() {
        let said = |id: &str, secs| Outflow {
            intersection: id.into(),
            at: Timestamp::from_secs(secs),
            links: Vec::new(),
            entries: Vec::new(),
        };
        let mut waiting = vec![said("b", 7), said("c", 6), said("a", 7), said("a", 6)];
        let heard = earlier(&mut waiting, Timestamp::from_secs(7));
        assert_eq!(heard, [Input::Outflow(said("a", 6)), Input::Outflow(said("c", 6))]);
        assert_eq!(waiting, [said("a", 7), said("b", 7)]);
    }
}
