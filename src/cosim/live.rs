//! The simulator's street on a broker: counts out, states of field controllers in, at a pace that people can watch.
//!
//! Engine and field controllers are elsewhere, in tasks or programs of their own; all three know each other by topics only.
//! The street is the clock: a simulated second begins with its counts, is decided by the engine (`Clock::Counts`), shown
//! by the field controllers, and passes when each has said what it shows or [`PATIENCE`] is over. A simulated second
//! never takes less than its share of the wall's time; on a machine that is too slow it takes longer, and leases, which
//! are of simulated time, do not notice.

use super::arrived::arrived;
use super::error::CosimError;
use super::lockstep::monitor;
use super::plant::Plant;
use super::street::{Heard, LampChange, Street as _};
use super::watch::{Judged, waiting};
use crate::config::Broker;
use crate::estimate::Observation;
use crate::network::Network;
use crate::plan::{FieldMode, Mode};
use crate::service::Rejects;
use crate::service::mqtt::{Link, LinkSettings, Received};
use crate::time::Timestamp;
use crate::units::lamps_to_string;
use crate::wire::{self, Message, Qos};
use simulator::monitor::Monitor;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long field controllers are waited for, on the wall, in each simulated second.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one intersection looks like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Site {
    /// Lamps, one letter a group.
    pub lamps: String,
    /// Stage that is shown or being entered.
    pub stage: Option<String>,
    /// Who is in charge at the street; `None` before anything was heard.
    pub field: Option<FieldMode>,
    /// How the engine decides; `None` before its first decision.
    pub mode: Option<Mode>,
    /// Vehicles that stand in front of its lamps, as far as detectors see.
    pub queue: u32,
}

/// What the street looks like.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// Simulated seconds that have passed.
    pub done_s: i64,
    /// In the order of the network.
    pub sites: Vec<Site>,
    /// Vehicles on the street, and those that have arrived.
    pub vehicles: usize,
    /// See `vehicles`.
    pub arrived: u64,
}

/// What is left at the end.
pub struct Ended {
    /// The street.
    pub plant: Plant,
    /// The referee.
    pub monitor: Monitor,
    /// First second that did not pass.
    pub reached_s: i64,
}

/// A street on a broker.
pub struct LiveStreet {
    network: Arc<Network>,
    link: Link,
    plant: Plant,
    monitor: Monitor,
    sites: Vec<Site>,
    /// Instant of the last word of each field controller.
    said: Vec<Option<Timestamp>>,
    rejects: Rejects,
    /// What arrives late or twice, to be said before the next second: behind the counts of its own second it could take
    /// their place in a queue where the newest of a topic wins.
    stragglers: Vec<(usize, Observation)>,
}

impl LiveStreet {
    /// Connects. Must be called inside a tokio runtime.
    pub fn connect(network: &Arc<Network>, broker: Broker, plant: Plant) -> Self {
        let channels = ["state", "decision"].map(|name| (wire::filter(&network.city, None, name), Qos::AtMostOnce));
        let count = network.intersections.len();
        Self {
            link: Link::start(LinkSettings { broker, tls: None, subscriptions: channels.to_vec(), presence: None }),
            monitor: monitor(network, Judged::Engine),
            sites: vec![Site::default(); count],
            said: vec![None; count],
            rejects: Rejects::default(),
            stragglers: Vec::new(),
            network: Arc::clone(network),
            plant,
        }
    }

    /// The link, to wait until the broker is there.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Lets time pass from begin to end \[s\] until `stop` says so; tells `view` after every second.
    ///
    /// # Errors
    /// Those of the street.
    pub async fn run(
        mut self,
        seconds: Range<i64>,
        pace: Duration,
        view: watch::Sender<View>,
        stop: impl Fn() -> bool,
    ) -> Result<Ended, CosimError> {
        let begin = seconds.start;
        let mut reached_s = begin;
        let mut next = Instant::now();
        let mut heard = self.plant.begin(Timestamp::from_secs(begin))?;
        for second in seconds {
            if stop() {
                break;
            }
            let at = Timestamp::from_secs(second);
            self.publish(&heard);
            self.listen(at).await;
            let changes = self.judge(at, &heard.counts);
            heard = self.plant.second(at, &changes)?;
            reached_s = second + 1;
            let arrived = self.plant.simulation().counts().1;
            let vehicles = self.plant.simulation().vehicles_inside();
            view.send_replace(View { done_s: reached_s - begin, sites: self.sites.clone(), vehicles, arrived });
            next = (next + pace).max(Instant::now());
            sleep_until(next).await;
        }
        self.link.stop().await;
        self.monitor.finish();
        Ok(Ended { plant: self.plant, monitor: self.monitor, reached_s })
    }

    /// Requests first, counts last: whoever has heard those of a second decides it.
    fn publish(&mut self, heard: &Heard) {
        let late = std::mem::replace(&mut self.stragglers, heard.stragglers.clone());
        let counts = |(ix, observation): (usize, &Observation)| {
            let intersection = self.network.intersections[ix].id.clone();
            Message::Counts { intersection, observation: observation.clone(), passages: Vec::new() }
        };
        let late = late.iter().map(|(ix, seen)| (*ix, seen)).map(counts);
        let requests = heard.requests.iter().cloned().map(Message::Request);
        for message in requests.chain(late).chain(heard.counts.iter().enumerate().map(counts)) {
            match wire::encode(&message, &self.network) {
                Ok(packet) => self.link.publish(packet),
                Err(rejection) => self.rejects.count("(own message)", &rejection),
            }
        }
        for (site, seen) in self.sites.iter_mut().zip(&heard.counts) {
            site.queue = seen.places.iter().map(|place| place.halted).sum();
        }
    }

    /// Until every field controller has said what it shows from an instant on.
    async fn listen(&mut self, at: Timestamp) {
        let until = Instant::now() + PATIENCE;
        while self.said.iter().any(|said| *said != Some(at)) {
            match timeout_at(until, self.link.received()).await {
                Ok(Some(received)) => self.take(&received),
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn take(&mut self, received: &Received) {
        let Some((ix, message)) = arrived(received, &self.network, &self.rejects) else { return };
        match message {
            Message::State(state) => {
                let name = |stage| self.network.intersections[ix].stage(stage).id.clone();
                self.said[ix] = Some(state.shown.at);
                self.sites[ix].lamps = lamps_to_string(&state.shown.lamps());
                self.sites[ix].stage = state.shown.stage.map(name);
                self.sites[ix].field = Some(state.mode);
            }
            Message::Decision(decision) => self.sites[ix].mode = Some(decision.mode),
            _ => {}
        }
    }

    /// Lamps past the referee; those that have changed.
    fn judge(&mut self, at: Timestamp, counts: &[Observation]) -> Vec<LampChange> {
        let mut changes = Vec::new();
        for (ix, (site, seen)) in self.sites.iter().zip(counts).enumerate() {
            let intersection = &self.network.intersections[ix];
            self.monitor.waiting(intersection.id.as_str(), &waiting(intersection, seen));
            if site.lamps.is_empty() {
                continue;
            }
            self.monitor.observe(intersection.id.as_str(), at.0, &site.lamps);
            if self.plant.commanded(ix) != Some(site.lamps.as_str()) {
                changes.push(LampChange { intersection: ix, lamps: site.lamps.clone() });
            }
        }
        changes
    }
}
