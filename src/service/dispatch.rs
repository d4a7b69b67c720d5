//! From the broker to the mailboxes: decode, judge, hand to the intersection it is about. One task, never waits on a reader.

use super::SPANS;
use super::audit::Audit;
use super::clock;
use super::mailbox::Mailbox;
use super::mqtt::{Link, Received};
use super::operations::before;
use super::rejects::Rejects;
use super::trust::Keys;
use crate::controller::Input;
use crate::estimate::Outflow;
use crate::ids::IntersectionId;
use crate::network::{Intersection, Network};
use crate::plan::{Command, CommandResult};
use crate::record::audit::AuditEvent;
use crate::time::Timestamp;
use crate::wire::{Message, Reason, Rejection, Sequence};
use std::sync::Arc;
use tracing::field::{Empty, debug};
use tracing::trace_span;

/// Which clock rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The clock on the wall: decisions at whole seconds, messages from yesterday are turned away.
    Wall,
    /// The counts: a decision for each counts message, at its time stamp. For lockstep with a simulator.
    Counts,
}

/// What waits in the mailbox of an intersection. The newest value of a key wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// State of the field controller.
    State,
    /// Counts.
    Counts,
    /// A neighbour's word; with the counts' clock one for each instant, because the older one may still be needed.
    Outflow(IntersectionId, Timestamp),
    /// A request by its name.
    Request(String),
    /// A command by its name.
    Command(String),
}

impl Slot {
    /// Where a neighbour's word waits.
    pub fn outflow(outflow: &Outflow, clock: Clock) -> Self {
        let instant = if clock == Clock::Counts { outflow.at } else { Timestamp(0) };
        Self::Outflow(outflow.intersection.clone(), instant)
    }
}

/// Mailbox of an intersection.
pub type Inbox = Arc<Mailbox<Slot, Input>>;

/// Decodes and hands on.
pub struct Dispatch {
    network: Arc<Network>,
    clock: Clock,
    /// `None` for intersections of other engines.
    inboxes: Vec<Option<Inbox>>,
    /// Numbers of the counts of each intersection.
    sequences: Vec<Sequence>,
    rejects: Arc<Rejects>,
    keys: Keys,
    /// Where commands are written before they are acted on.
    audit: Option<(Arc<Audit>, Answer)>,
}

/// How an operator is answered whose command could not be written down.
pub type Answer = Arc<dyn Fn(CommandResult) + Send + Sync>;

impl Dispatch {
    /// A dispatch to these mailboxes, in the order of the network's intersections; `None` for those of other engines.
    pub fn new(network: Arc<Network>, clock: Clock, inboxes: Vec<Option<Inbox>>, rejects: Arc<Rejects>) -> Self {
        let sequences = vec![Sequence::default(); inboxes.len()];
        Self { network, clock, inboxes, sequences, rejects, keys: Keys::default(), audit: None }
    }

    /// The same, believing only what is signed as these keys ask.
    #[must_use]
    pub fn guarded(self, keys: Keys) -> Self {
        Self { keys, ..self }
    }

    /// The same, writing commands down before they are acted on, and changes of the modes of field controllers.
    #[must_use]
    pub fn audited(self, audit: Option<Arc<Audit>>, answer: Answer) -> Self {
        Self { audit: audit.map(|audit| (audit, answer)), ..self }
    }

    /// Hand on what the link receives until it ends.
    pub async fn run(mut self, link: Arc<Link>) {
        while let Some(received) = link.received().await {
            let now = match self.clock {
                Clock::Wall => Some(clock::now()),
                Clock::Counts => None,
            };
            self.take(&received, now);
        }
    }

    /// Hand on one message, or count why not.
    pub fn take(&mut self, received: &Received, now: Option<Timestamp>) {
        let span =
            trace_span!(target: SPANS, "hear", topic = received.topic, bytes = received.payload.len(), refused = Empty)
                .entered();
        if let Err(rejection) = self.deliver(received, now) {
            span.record("refused", debug(rejection.reason));
            self.rejects.count(&received.topic, &rejection);
        }
    }

    fn deliver(&mut self, received: &Received, now: Option<Timestamp>) -> Result<(), Rejection> {
        let heard = self.keys.current().hear(&received.topic, &received.payload, &self.network, now)?;
        let message = heard.message;
        not_kept(&message, received, &self.network)?;
        let ix = message.intersection().and_then(|id| self.network.position(id.as_str()));
        let Some(ix) = ix else { return Ok(()) };
        let Some(inbox) = &self.inboxes[ix] else {
            if let Message::Outflow(outflow) = message {
                self.tell_neighbours(ix, &outflow);
            }
            return Ok(());
        };
        let (slot, input) = match message {
            Message::Counts { observation, .. } => {
                self.sequences[ix].accept(observation.seq, observation.at, now)?;
                (Slot::Counts, Input::Counts(observation))
            }
            Message::State(report) => {
                if let Some((audit, _)) = &self.audit {
                    audit.mode(report.intersection.as_str(), "field", &name(report.mode), report.shown.at);
                }
                (Slot::State, Input::State(report))
            }
            Message::Request(request) => (Slot::Request(request.id.clone()), Input::Request(request)),
            Message::Command(command) => {
                self.command(command, heard.key, Arc::clone(inbox), ix);
                return Ok(());
            }
            // Not for an engine; it does not subscribe to them.
            _ => return Ok(()),
        };
        inbox.push(slot, input);
        Ok(())
    }

    /// Hand a command on, once it is written down where that is wanted.
    fn command(&self, command: Command, key: Option<String>, inbox: Inbox, ix: usize) {
        let Some((audit, answer)) = &self.audit else {
            inbox.push(Slot::Command(command.id.clone()), Input::Command(command));
            return;
        };
        let event = written(&command, key, &self.network.intersections[ix]);
        before(Some(audit), event, command, inbox, Arc::clone(answer));
    }

    /// What an intersection of another engine says concerns its neighbours here.
    fn tell_neighbours(&self, ix: usize, outflow: &Outflow) {
        for inbox in self.network.neighbours(ix).into_iter().filter_map(|other| self.inboxes[other].as_ref()) {
            inbox.push(Slot::outflow(outflow, self.clock), Input::Outflow(outflow.clone()));
        }
    }
}

/// A command as it is written down.
pub(super) fn written(command: &Command, key: Option<String>, intersection: &Intersection) -> AuditEvent {
    AuditEvent::Command {
        intersection: command.intersection.to_string(),
        id: command.id.clone(),
        verb: command.action.verb().name().to_owned(),
        stage: command.action.stage().map(|stage| intersection.stage(stage).id.clone()),
        operator: command.operator.clone(),
        reason: command.reason.clone(),
        key,
        given_ms: command.at.0,
        expires_ms: command.expires.0,
    }
}

/// The name of a mode, as it stands on the wire.
pub(super) fn name(mode: impl serde::Serialize) -> String {
    serde_json::to_value(mode).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A kept copy of what is never kept is an attack or a mistake, and would be obeyed by everybody who comes later.
pub fn not_kept(message: &Message, received: &Received, network: &Network) -> Result<(), Rejection> {
    if received.retained && !message.topic(&network.city).retain() {
        return Err(Rejection::new(Reason::Retained, "this topic is never retained; clear it at the broker"));
    }
    Ok(())
}
