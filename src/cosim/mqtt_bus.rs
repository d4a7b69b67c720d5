//! The engine behind a broker: the street publishes states and counts, the engine answers with plans and decisions.
//!
//! Both ends live in this process, each with a connection of its own, and every message crosses the broker. A second is
//! over when each intersection has decided and its answer has arrived, or when patience is: 5 s while the broker is
//! there (a slow machine is no lost message), 1 s while it is not, so that simulated time then passes like time on a street
//! and leases run out as they would there. What arrives for an earlier second is too late and is dropped.
//!
//! Topics stand under `lw/1/sumo-PID`, so that two runs at one broker do not steer each other's street.

use super::arrived::arrived;
use super::bus::{Answer, Bus, Rejected};
use super::error::CosimError;
use super::street::Heard;
use crate::config::Broker;
use crate::controller::{Learned, Memory, Settings};
use crate::estimate::Observation;
use crate::network::Network;
use crate::plan::StateReport;
use crate::service::Rejects;
use crate::service::dispatch::Clock;
use crate::service::engine::{Engine, EngineSettings, Progress};
use crate::service::listeners::Listeners;
use crate::service::mqtt::{Link, LinkSettings, Received, Status};
use crate::service::trust::Trust;
use crate::time::{Millis, Timestamp};
use crate::wire::{self, Message, Qos};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep_until, timeout};

const PATIENCE_ONLINE: Duration = Duration::from_secs(5);
const PATIENCE_OFFLINE: Duration = Duration::from_secs(1);
const PATIENCE_START: Duration = Duration::from_secs(5);

/// Street and engine at two ends of a broker.
#[derive(Debug)]
pub struct MqttBus {
    runtime: Runtime,
    network: Arc<Network>,
    street: Link,
    /// `None` only while the bus is being dropped.
    engine: Option<Engine>,
    rejects: Rejects,
    settings: Vec<Settings>,
    /// What arrives late or twice, to be said before the next second: behind the counts of its own second it could take
    /// their place in a queue where the newest of a topic wins.
    stragglers: Vec<(usize, Observation)>,
    /// Field controllers that have obeyed the engine before.
    obeyed: Vec<bool>,
    local: usize,
}

impl MqttBus {
    /// Connects both ends; settings of the controllers in the order of the network, and what they begin with.
    ///
    /// # Errors
    /// [`CosimError::Broker`] when the broker is not there within 5 s.
    pub fn connect(
        host: &str,
        port: u16,
        network: &Network,
        controllers: Vec<Settings>,
        memories: Vec<Memory>,
    ) -> Result<Self, CosimError> {
        let process = std::process::id();
        let network = Arc::new(Network { city: format!("{}-{process}", network.city), ..network.clone() });
        let client = |name: &str| Broker {
            host: host.to_owned(),
            port,
            client_id: format!("lightwatch-{name}-{process}"),
            keep_alive: Millis::from_secs(5),
        };
        let failed = |reason: String| CosimError::Broker { host: host.to_owned(), port, reason };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| failed(error.to_string()))?;
        let answers =
            ["plan", "outflow", "decision"].map(|name| (wire::filter(&network.city, None, name), Qos::AtMostOnce));
        let street =
            LinkSettings { broker: client("street"), tls: None, subscriptions: answers.to_vec(), presence: None };
        let engine = EngineSettings {
            broker: client("engine"),
            id: format!("sumo-{process}"),
            clock: Clock::Counts,
            trust: Trust::default(),
            controllers: controllers.iter().cloned().map(Some).collect(),
            memories,
            listeners: Listeners::default(),
        };
        let (street, engine) = {
            let _inside = runtime.enter();
            (Link::start(street), Engine::start(&network, engine))
        };
        for mut status in [street.status(), engine.status()] {
            let online = async { timeout(PATIENCE_START, status.wait_for(|it| *it == Status::Online)).await.is_ok() };
            if !runtime.block_on(online) {
                let reason = match &*status.borrow() {
                    Status::Offline(Some(reason)) => reason.clone(),
                    _ => format!("no answer within {} s", PATIENCE_START.as_secs()),
                };
                return Err(failed(reason));
            }
        }
        let obeyed = vec![false; network.intersections.len()];
        let (engine, rejects) = (Some(engine), Rejects::default());
        Ok(Self {
            runtime,
            network,
            street,
            engine,
            rejects,
            settings: controllers,
            stragglers: Vec::new(),
            obeyed,
            local: 0,
        })
    }

    /// The topics of this run, to listen to.
    pub fn topics(&self) -> String {
        wire::filter(&self.network.city, None, "#").replace("/+/", "/")
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the engine ends with the bus")
    }

    /// Counts last: whoever has heard those of a second decides it. What was late the second before goes before them; where
    /// queues are short of time they take its place, which is behind the states.
    fn publish(&mut self, states: &[StateReport], heard: &Heard) {
        let late = std::mem::replace(&mut self.stragglers, heard.stragglers.clone());
        let requests = heard.requests.iter().cloned().map(Message::Request);
        let states = states.iter().cloned().map(Message::State);
        let late = late.iter().map(|(ix, seen)| self.counts(*ix, seen));
        let counts = heard.counts.iter().enumerate().map(|(ix, seen)| self.counts(ix, seen));
        for message in requests.chain(states).chain(late).chain(counts) {
            self.send(&message);
        }
    }

    fn counts(&self, ix: usize, observation: &Observation) -> Message {
        let intersection = self.network.intersections[ix].id.clone();
        Message::Counts { intersection, observation: observation.clone(), passages: Vec::new() }
    }

    fn send(&self, message: &Message) {
        match wire::encode(message, &self.network) {
            Ok(packet) => self.street.publish(packet),
            Err(rejection) => self.rejects.count("(own message)", &rejection),
        }
    }

    /// The answers of one second, as far as they come.
    async fn answers(&self, at: Timestamp) -> Vec<Answer> {
        let mut answers = vec![Answer::default(); self.network.intersections.len()];
        let mut progress = self.engine().progress();
        let (mut street, mut engine) = (self.street.status(), self.engine().status());
        let since = Instant::now();
        loop {
            if is_over(at, &progress.borrow_and_update(), &mut answers) {
                return answers;
            }
            let online = [&mut street, &mut engine].iter_mut().all(|it| *it.borrow_and_update() == Status::Online);
            let patience = if online { PATIENCE_ONLINE } else { PATIENCE_OFFLINE };
            tokio::select! {
                received = self.street.received() => match received {
                    Some(received) => self.take(at, &received, &mut answers),
                    None => return answers,
                },
                Ok(()) = progress.changed() => {}
                Ok(()) = street.changed() => {}
                Ok(()) = engine.changed() => {}
                () = sleep_until(since + patience) => return answers,
            }
        }
    }

    fn take(&self, at: Timestamp, received: &Received, answers: &mut [Answer]) {
        let Some((ix, message)) = arrived(received, &self.network, &self.rejects) else { return };
        match message {
            Message::Plan(plan) if plan.issued == at => answers[ix].plan = Some(plan),
            Message::Outflow(outflow) if outflow.at == at => answers[ix].outflow = Some(outflow),
            Message::Decision(decision) if decision.at == at => answers[ix].decision = Some(decision),
            _ => {}
        }
    }

    /// Say how many field controllers run on their own, when that changes.
    fn tell_local(&mut self, at: Timestamp, states: &[StateReport]) {
        for (obeyed, state) in self.obeyed.iter_mut().zip(states) {
            *obeyed |= !state.mode.is_local();
        }
        let local = states.iter().zip(&self.obeyed).filter(|(state, obeyed)| **obeyed && state.mode.is_local()).count();
        if local != self.local {
            let why = match &*self.street.status().borrow() {
                Status::Offline(Some(reason)) => format!(" (the broker is not there: {reason})"),
                _ => String::new(),
            };
            eprintln!("{at}: {local} of {} field controllers run on their own{why}", states.len());
            self.local = local;
        }
    }
}

/// Whether every intersection has decided at an instant, and what it said has arrived.
fn is_over(at: Timestamp, progress: &[Option<Progress>], answers: &mut [Answer]) -> bool {
    progress.iter().zip(answers).fold(true, |over, (progress, answer)| {
        let Some(progress) = progress.filter(|progress| progress.at == at) else { return false };
        answer.took = Some(progress.took);
        over && (!progress.spoke || answer.decision.is_some())
    })
}

impl Bus for MqttBus {
    fn exchange(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard) -> Vec<Answer> {
        self.tell_local(at, states);
        self.publish(states, heard);
        self.runtime.block_on(self.answers(at))
    }

    fn settings(&self) -> Vec<Settings> {
        self.settings.clone()
    }

    fn learned(&self) -> Vec<Learned> {
        self.runtime.block_on(self.engine().learned())
    }

    fn rejected(&self) -> Rejected {
        let mut all = self.rejects.counts();
        for (reason, count) in self.engine().rejects().counts() {
            *all.entry(reason).or_default() += count;
        }
        all
    }
}

impl Drop for MqttBus {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            self.runtime.block_on(async {
                engine.stop().await;
                self.street.stop().await;
            });
        }
    }
}
