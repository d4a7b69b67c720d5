//! Reference field controllers as a process: they listen to plans, show lamps (in the log) and say what they show.
//!
//! One task for all intersections of the process. Every 100 ms each controller is ticked; every second it reports, and at once when the
//! broker is back. A plan
//! is judged by the controller itself; what cannot even be read is told to it, so that its report says so. The counts of
//! the own intersection stand in for the detectors of the cabinet: without a broker there are none, and the ladder ends
//! at the local fixed programme.
//!
//! With [`Clock::Counts`] the time is that of the counts, as in the engine: a controller decides what to show once for each
//! counts message, when the plan of that instant has come or [`PLAN_PATIENCE`] is over, and then reports.

use super::anchor::Anchor;
use super::clock;
use super::dispatch::{Clock, not_kept};
use super::mqtt::{Link, LinkSettings, Received, Status};
use super::rejects::Rejects;
use super::trust::{Keys, Trust};
use crate::config::Broker;
use crate::estimate::{CountedPlace, Observation};
use crate::field::{Calls, Field, FieldInput, FieldOutput, FieldSettings};
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::plan::FieldMode;
use crate::time::Timestamp;
use crate::units::{Indication, lamps_to_string};
use crate::wire::{self, Message, Qos, Topic};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

const TICK: Duration = Duration::from_millis(100);
/// How long a plan is waited for, on the wall, when the time is that of the counts.
const PLAN_PATIENCE: Duration = Duration::from_millis(250);

/// What the process needs.
#[derive(Debug, Clone)]
pub struct FieldProcessSettings {
    /// Where the broker is.
    pub broker: Broker,
    /// Identity at the broker, and keys of messages.
    pub trust: Trust,
    /// Intersections to control, positions in the network.
    pub intersections: Vec<usize>,
    /// Tunables of the controllers.
    pub field: FieldSettings,
    /// Seed of the nonces.
    pub seed: u64,
    /// Which clock rules.
    pub clock: Clock,
}

/// Running field controllers.
#[derive(Debug)]
pub struct FieldProcess {
    link: Arc<Link>,
    rejects: Arc<Rejects>,
    modes: watch::Receiver<Vec<FieldMode>>,
    task: JoinHandle<()>,
}

impl FieldProcess {
    /// Switches the controllers on. Must be called inside a tokio runtime.
    pub fn start(network: &Arc<Network>, settings: &FieldProcessSettings) -> Self {
        let subscriptions = settings.intersections.iter().flat_map(|&ix| {
            let id = &network.intersections[ix].id;
            ["plan", "counts"].map(|channel| (wire::filter(&network.city, Some(id), channel), Qos::AtMostOnce))
        });
        let link = LinkSettings {
            broker: settings.broker.clone(),
            tls: settings.trust.tls.clone(),
            subscriptions: subscriptions.collect(),
            presence: None,
        };
        let link = Arc::new(Link::start(link));
        let rejects = Arc::new(Rejects::default());
        let cabinets: Vec<Cabinet> = settings
            .intersections
            .iter()
            .zip(settings.seed..)
            .map(|(&ix, seed)| Cabinet {
                id: network.intersections[ix].id.clone(),
                field: Field::new(&network.intersections[ix], settings.field, seed),
                lamps: Vec::new(),
                reported: Timestamp(i64::MIN),
                due: None,
            })
            .collect();
        let modes = watch::Sender::new(cabinets.iter().map(|cabinet| cabinet.field.mode()).collect());
        let receiver = modes.subscribe();
        let street = Street {
            network: network.clone(),
            cabinets,
            link: link.clone(),
            rejects: rejects.clone(),
            keys: settings.trust.keys.clone(),
            modes,
        };
        let task = match settings.clock {
            Clock::Wall => tokio::spawn(street.by_the_wall()),
            Clock::Counts => tokio::spawn(street.by_the_counts()),
        };
        Self { link, rejects, modes: receiver, task }
    }

    /// Whether the broker is there.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.link.status()
    }

    /// What was turned away before a controller saw it.
    pub fn rejects(&self) -> &Rejects {
        &self.rejects
    }

    /// Who is in charge at each intersection, to look at or to wait on.
    pub fn modes(&self) -> watch::Receiver<Vec<FieldMode>> {
        self.modes.clone()
    }

    /// Switches off.
    pub async fn stop(self) {
        self.link.stop().await;
        self.task.abort();
    }
}

/// One controller and what is remembered about it.
struct Cabinet {
    id: IntersectionId,
    field: Field,
    lamps: Vec<Indication>,
    reported: Timestamp,
    /// Instant of the counts that have not been answered with lamps, and until when a plan is waited for.
    due: Option<(Timestamp, Instant)>,
}

/// All controllers of the process.
struct Street {
    network: Arc<Network>,
    cabinets: Vec<Cabinet>,
    link: Arc<Link>,
    rejects: Arc<Rejects>,
    keys: Keys,
    modes: watch::Sender<Vec<FieldMode>>,
}

impl Street {
    async fn by_the_wall(mut self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut status = self.link.status();
        let mut anchor = Anchor::default();
        loop {
            tokio::select! {
                received = self.link.received() => {
                    let Some(received) = received else { return };
                    self.look_at_clock(&mut anchor);
                    self.hear(&received, Some(clock::now()));
                }
                _ = ticks.tick() => {
                    self.look_at_clock(&mut anchor);
                    self.tick(clock::now());
                }
                Ok(()) = status.changed() => {
                    if *status.borrow_and_update() == Status::Online {
                        let at = clock::now();
                        (0..self.cabinets.len()).for_each(|position| self.tell(position, FieldInput::Report, at));
                    }
                }
            }
        }
    }

    /// Tell the controllers when the wall's clock was set: they could not tell a short leap from time that passed.
    fn look_at_clock(&mut self, anchor: &mut Anchor) {
        let Some(by) = clock::both().and_then(|(wall, steady)| anchor.set_by(wall, steady)) else { return };
        tracing::warn!(by_ms = by.0, "the clock was set");
        for position in 0..self.cabinets.len() {
            let outputs = self.cabinets[position].field.clock_was_set(by);
            self.carry_out(position, outputs, clock::now());
        }
    }

    async fn by_the_counts(mut self) {
        loop {
            let patience = self.cabinets.iter().filter_map(|it| it.due.map(|(_, until)| until)).min();
            let waited = async {
                match patience {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                received = self.link.received() => {
                    let Some(received) = received else { return };
                    if let Some((position, input, at)) = self.hear(&received, None) {
                        self.answer(position, input, at);
                    }
                }
                () = waited => {
                    let late = |it: &Cabinet| it.due.is_some_and(|(_, until)| until <= Instant::now());
                    let late: Vec<usize> = (0..self.cabinets.len()).filter(|&at| late(&self.cabinets[at])).collect();
                    for position in late {
                        self.show(position);
                    }
                }
            }
        }
    }

    /// Counts begin an instant, the plan of that instant ends it.
    fn answer(&mut self, position: usize, input: Heard, at: Timestamp) {
        match input {
            Heard::Counts => self.cabinets[position].due = Some((at, Instant::now() + PLAN_PATIENCE)),
            Heard::Plan if self.cabinets[position].due.is_some_and(|(due, _)| due == at) => self.show(position),
            Heard::Plan => {}
        }
    }

    /// What is shown from the instant of the last counts on.
    fn show(&mut self, position: usize) {
        let Some((at, _)) = self.cabinets[position].due.take() else { return };
        self.tell(position, FieldInput::Tick, at);
        self.tell(position, FieldInput::Report, at);
        let modes: Vec<FieldMode> = self.cabinets.iter().map(|cabinet| cabinet.field.mode()).collect();
        self.modes.send_if_modified(|told| std::mem::replace(told, modes.clone()) != modes);
    }

    fn tick(&mut self, at: Timestamp) {
        for position in 0..self.cabinets.len() {
            let second = Timestamp(at.0 - at.0.rem_euclid(1_000));
            // A clock that is set back silences nobody.
            if second != self.cabinets[position].reported {
                self.cabinets[position].reported = second;
                self.tell(position, FieldInput::Report, at);
            }
            self.tell(position, FieldInput::Tick, at);
        }
        let modes: Vec<FieldMode> = self.cabinets.iter().map(|cabinet| cabinet.field.mode()).collect();
        self.modes.send_if_modified(|told| std::mem::replace(told, modes.clone()) != modes);
    }

    /// Tell the controller that is meant; which one, what it was and its instant. Without a clock the instant is the
    /// message's own.
    fn hear(&mut self, received: &Received, now: Option<Timestamp>) -> Option<(usize, Heard, Timestamp)> {
        let decoded = self.keys.current().hear(&received.topic, &received.payload, &self.network, now);
        let decoded =
            decoded.and_then(|heard| not_kept(&heard.message, received, &self.network).map(|()| heard.message));
        let (id, input, heard, at) = match decoded {
            Ok(Message::Plan(plan)) => {
                let at = now.unwrap_or(plan.issued);
                (plan.intersection.clone(), FieldInput::Plan(plan), Heard::Plan, at)
            }
            Ok(Message::Counts { intersection, observation, .. }) => {
                let (lanes, at) = (self.lanes(&intersection), now.unwrap_or(observation.at));
                (intersection, FieldInput::Calls(calls(&observation, lanes)), Heard::Counts, at)
            }
            Ok(_) => return None,
            Err(rejection) => {
                self.rejects.count(&received.topic, &rejection);
                // Only for a plan is it worth saying in the report; a topic that cannot be read is nobody's.
                let Ok(Topic::Intersection { intersection, channel: wire::Channel::Plan, .. }) =
                    Topic::parse(&received.topic)
                else {
                    return None;
                };
                let at = now.or_else(|| self.clock_of(&intersection))?;
                (intersection, FieldInput::Unreadable(rejection.reason.name().to_owned()), Heard::Plan, at)
            }
        };
        let position = self.cabinets.iter().position(|cabinet| cabinet.id == id)?;
        self.tell(position, input, at);
        Some((position, heard, at))
    }

    /// Instant of the last counts of an intersection.
    fn clock_of(&self, id: &IntersectionId) -> Option<Timestamp> {
        self.cabinets.iter().find(|cabinet| cabinet.id == *id)?.due.map(|(at, _)| at)
    }

    fn lanes(&self, id: &IntersectionId) -> usize {
        self.network.intersections.iter().find(|it| it.id == *id).map_or(0, |it| it.lanes.len())
    }

    fn tell(&mut self, position: usize, input: FieldInput, at: Timestamp) {
        let outputs = self.cabinets[position].field.handle(input, at);
        self.carry_out(position, outputs, at);
    }

    fn carry_out(&mut self, position: usize, outputs: Vec<FieldOutput>, at: Timestamp) {
        let cabinet = &mut self.cabinets[position];
        for output in outputs {
            match output {
                FieldOutput::Lamps(lamps) => {
                    if lamps != cabinet.lamps {
                        let shown = lamps_to_string(&lamps);
                        tracing::info!(intersection = %cabinet.id, at_ms = at.0, lamps = %shown, "lamps");
                        cabinet.lamps = lamps;
                    }
                }
                FieldOutput::ModeChange { from, to, reason } => {
                    tracing::warn!(
                        intersection = %cabinet.id, at_ms = at.0, ?from, ?to, gbt = to.gbt20999(), %reason, "mode"
                    );
                }
                FieldOutput::State(report) => match self.keys.encode(&Message::State(report), &self.network) {
                    Ok(packet) => self.link.publish(packet),
                    Err(rejection) => self.rejects.count("(own message)", &rejection),
                },
            }
        }
    }
}

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Counts,
    Plan,
}

/// Who waits at the stop lines, as far as the counts tell.
fn calls(seen: &Observation, lanes: usize) -> Calls {
    let mut calls = vec![None; lanes];
    for place in &seen.places {
        if let CountedPlace::Lane(lane) = place.place {
            calls[lane.0] = Some(place.halted > 0);
        }
    }
    Calls { lanes: calls }
}
