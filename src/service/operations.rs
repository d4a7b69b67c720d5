//! What a person in the control room may do: command an intersection, acknowledge an alarm or put it aside.
//!
//! ```text
//! web ──order──> audit log, on the disk ──> mailbox ──> Controller::handle ──> answer ──> who asked, MQTT, audit log
//! ```
//!
//! The same way as a command over the broker ([`super::dispatch`]): written down before anybody acts on it, refused when it cannot be
//! written, and a wish like any other proposal behind that: guard, layout and gate come after it. Only an engine that leads is
//! commanded. Instants are those of the engine's clock, so in the demo they are those of the simulated street.

use super::alarms::{Act, Desk, Standing};
use super::audit::Audit;
use super::clock;
use super::dispatch::{Clock, Inbox, Slot, written};
use super::history::History;
use super::outgoing::{Outgoing, answer};
use super::webhook::{Sent, Webhook};
use crate::controller::Input;
use crate::network::Network;
use crate::plan::{Action, Command, CommandResult};
use crate::record::audit::AuditEvent;
use crate::time::{Millis, Timestamp};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Longest wait for an answer: a disk that syncs, and a worker that goes round once a second.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Commands that may wait for their answers.
pub(super) const WAITING_MAX: usize = 64;

/// What is commanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub action: Action,
    /// For how long; ignored by a release.
    pub lasts: Millis,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// Another engine leads.
    #[error("this engine stands by; command the one that leads")]
    StandsBy,
    /// The intersection belongs to another engine.
    #[error("another engine controls this intersection")]
    NotOwn,
    /// As many as may wait do.
    #[error("too many commands wait for their answers")]
    Busy,
    /// No answer came.
    #[error("the intersection did not answer within 10 s; look whether it did what was commanded")]
    Unanswered,
    /// The alarm is not up.
    #[error("this alarm is not up")]
    NotUp,
}

/// The hand on the wheel; shared by reference.
#[derive(Clone)]
pub struct Operations {
    network: Arc<Network>,
    clock: Clock,
    inboxes: Arc<[Option<Inbox>]>,
    outgoing: Arc<Outgoing>,
    /// Commands given by this process, for their names.
    given: Arc<AtomicU64>,
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operations")
    }
}

impl Operations {
    pub(super) fn new(clock: Clock, inboxes: Vec<Option<Inbox>>, outgoing: &Arc<Outgoing>) -> Self {
        let (network, given) = (Arc::clone(&outgoing.network), Arc::default());
        Self { network, clock, inboxes: inboxes.into(), outgoing: Arc::clone(outgoing), given }
    }

    /// Now, on the clock that rules the engine.
    pub fn now(&self) -> Timestamp {
        match self.clock {
            Clock::Wall => clock::now(),
            Clock::Counts => self.outgoing.latest(),
        }
    }

    /// Whether commands are written down before they are acted on.
    pub fn is_audited(&self) -> bool {
        self.outgoing.audit.is_some()
    }

    /// The alarms.
    pub fn desk(&self) -> &Desk {
        &self.outgoing.desk
    }

    /// The history, where one is kept.
    pub fn history(&self) -> Option<Arc<History>> {
        self.outgoing.listeners.history.clone()
    }

    /// What became of alarms for the webhook, where there is one.
    pub fn webhook(&self) -> Option<&Sent> {
        self.outgoing.listeners.webhook.as_deref().map(Webhook::sent)
    }

    /// Command an intersection and wait for its answer.
    ///
    /// # Errors
    /// Why it was not commanded, or not answered.
    pub async fn command(&self, ix: usize, order: Order) -> Result<(Command, CommandResult), NotDone> {
        if self.outgoing.authority.epoch().is_none() {
            return Err(NotDone::StandsBy);
        }
        let inbox = self.inboxes[ix].clone().ok_or(NotDone::NotOwn)?;
        let at = self.now();
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let lasts = if order.action == Action::Release { Millis::from_secs(60) } else { order.lasts };
        let command = Command {
            intersection: self.network.intersections[ix].id.clone(),
            id: format!("http-{}-{number}", clock::now().0),
            at,
            expires: at + lasts,
            operator: order.by,
            reason: Some(order.reason),
            action: order.action,
        };
        let heard = self.outgoing.expect(&command.id).ok_or(NotDone::Busy)?;
        self.give(command.clone(), inbox, ix);
        let result = timeout(ANSWER_MAX, heard).await;
        self.outgoing.expect_no_more(&command.id);
        match result {
            Ok(Ok(result)) => Ok((command, result)),
            _ => Err(NotDone::Unanswered),
        }
    }

    /// Write it down, then hand it over.
    fn give(&self, command: Command, inbox: Inbox, ix: usize) {
        let event = written(&command, None, &self.network.intersections[ix]);
        before(self.outgoing.audit.as_deref(), event, command, inbox, answer(&self.outgoing));
    }

    /// Do something about an alarm that is up.
    ///
    /// # Errors
    /// That it is not up, or that another engine leads.
    pub fn about_alarm(
        &self,
        ix: usize,
        code: &str,
        act: &Act,
        by: &str,
        note: Option<String>,
    ) -> Result<Standing, NotDone> {
        if self.outgoing.authority.epoch().is_none() {
            return Err(NotDone::StandsBy);
        }
        let standing = self.outgoing.desk.act(ix, code, act, by, note.clone(), self.now()).ok_or(NotDone::NotUp)?;
        if let Some(audit) = &self.outgoing.audit {
            audit.note(AuditEvent::Alarm {
                intersection: standing.alarm.intersection.to_string(),
                code: code.to_owned(),
                act: act.name().to_owned(),
                by: by.to_owned(),
                note,
                until_ms: if let Act::Shelve(until) = act { Some(until.0) } else { None },
            });
        }
        self.outgoing.tell_alarm(&standing.alarm);
        Ok(standing)
    }
}

/// Hand a command to its intersection once it is written down where that is wanted; who gave it hears why not otherwise.
pub(super) fn before(
    audit: Option<&Audit>,
    event: AuditEvent,
    command: Command,
    inbox: Inbox,
    answer: super::dispatch::Answer,
) {
    let slot = Slot::Command(command.id.clone());
    let Some(audit) = audit else {
        inbox.push(slot, Input::Command(command));
        return;
    };
    audit.before(event, move |told| match told {
        Ok(()) => drop(inbox.push(slot, Input::Command(command))),
        Err(error) => answer(CommandResult {
            intersection: command.intersection,
            id: command.id,
            at: clock::now(),
            verb: command.action.verb(),
            accepted: false,
            reason: format!("not written to the audit log, so not done: {error}"),
        }),
    });
}

/// Where the answers to commands are waited for.
pub(super) type Waiting = std::collections::BTreeMap<String, oneshot::Sender<CommandResult>>;
