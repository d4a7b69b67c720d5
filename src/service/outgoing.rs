//! What intersections say: signed, encoded and handed to the link, as long as this engine leads.
//!
//! Whoever stands by decides as the leader does and says nothing. The lease is asked at the moment of each message and not once a
//! second, because between a decision and its publication a process may have been frozen for minutes. Alarms are state and not
//! events: the newest of each kind is kept while standing by, and told by whoever leads from then on. What is said is what the audit
//! log notes: answers to commands, and modes.

use super::alarms::Desk;
use super::audit::Audit;
use super::dispatch::{Answer, name};
use super::history::{Event, EventKind};
use super::listeners::Listeners;
use super::mqtt::Link;
use super::operations::{WAITING_MAX, Waiting};
use super::rejects::Rejects;
use super::standby::Authority;
use super::trust::Keys;
use crate::estimate::Outflow;
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::plan::{Alarm, Command, CommandResult};
use crate::record::audit::AuditEvent;
use crate::time::Timestamp;
use crate::wire::{self, Message};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Encodes and publishes for all intersections of an engine.
pub(super) struct Outgoing {
    pub network: Arc<Network>,
    pub link: Arc<Link>,
    pub rejects: Arc<Rejects>,
    pub keys: Keys,
    pub audit: Option<Arc<Audit>>,
    pub authority: Authority,
    /// Alarms that were not told, by intersection and code.
    pub untold: Mutex<BTreeMap<(IntersectionId, String), Alarm>>,
    /// Alarms that are up.
    pub desk: Desk,
    /// Who else hears of it.
    pub listeners: Listeners,
    /// Instant of the newest decision of any intersection \[ms\].
    pub latest: AtomicI64,
    /// Who waits for the answer to which command.
    pub waiting: Mutex<Waiting>,
}

impl Outgoing {
    /// Hands a message to the link, if this engine leads.
    pub(super) fn send(&self, message: &Message) {
        if let Message::Result(result) = message
            && let Some(told) = self.waiting().remove(&result.id)
        {
            // Who does not wait any more has gone.
            let _ = told.send(result.clone());
        }
        match (message, self.authority.epoch()) {
            // Drawn under an epoch that was another's, or is no longer the own.
            (Message::Plan(plan), Some(epoch)) if plan.epoch != epoch => {}
            (_, Some(_)) => self.publish(message),
            (Message::Alarm(alarm), None) => {
                let key = (alarm.intersection.clone(), alarm.code.clone());
                self.untold.lock().unwrap_or_else(PoisonError::into_inner).insert(key, alarm.clone());
            }
            (_, None) => {}
        }
    }

    /// What neighbours in this engine hear: the same as over a wire, to the digit, so that whoever drives them again from a recording hears
    /// no more and no less.
    pub(super) fn carried(&self, outflow: &Outflow) -> Option<Outflow> {
        let heard = wire::as_heard(outflow, &self.network);
        heard.map_err(|rejection| self.rejects.count("(outflow)", &rejection)).ok()
    }

    /// This engine leads from now on: what was only kept is told.
    pub(super) fn take_over(&self) {
        let untold = std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner));
        for alarm in untold.into_values() {
            self.tell_alarm(&Arc::new(alarm));
        }
    }

    /// An intersection raises or clears an alarm.
    pub(super) fn alarm(&self, ix: usize, alarm: &Alarm) {
        let word = self.desk.heard(ix, alarm);
        self.tell_alarm(&word);
    }

    /// The word about an alarm, to everybody who listens.
    pub(super) fn tell_alarm(&self, word: &Arc<Alarm>) {
        if let Some(webhook) = self.listeners.webhook.as_ref().filter(|_| self.authority.epoch().is_some()) {
            webhook.tell(word);
        }
        if let Some(history) = &self.listeners.history {
            let handling = word.handling.as_ref();
            let note = handling.and_then(|it| it.note.as_ref()).map(|it| format!(" ({it})")).unwrap_or_default();
            history.event(Event {
                intersection: Some(word.intersection.to_string()),
                code: Some(word.code.clone()),
                phase: Some(name(word.phase)),
                severity: Some(name(word.severity)),
                who: handling.map(|it| it.by.clone()),
                ..Event::new(EventKind::Alarm, word.at, format!("{}{note}", word.detail))
            });
        }
        self.send(&Message::Alarm(Alarm::clone(word)));
    }

    /// A command was answered.
    pub(super) fn commanded(&self, command: &Command, result: &CommandResult) {
        let Some(history) = &self.listeners.history else { return };
        let ix = self.network.position(command.intersection.as_str());
        let stage = ix.zip(command.action.stage()).map(|(ix, it)| self.network.intersections[ix].stage(it).id.as_str());
        let why = command.reason.as_deref().unwrap_or_default();
        history.event(Event {
            intersection: Some(command.intersection.to_string()),
            code: Some(result.verb.name().to_owned()),
            phase: Some(if result.accepted { "accepted" } else { "refused" }.to_owned()),
            who: Some(command.operator.clone()),
            ..Event::new(EventKind::Command, result.at, format!("{} {why}: {}", stage.unwrap_or("-"), result.reason))
        });
    }

    /// A decision of an intersection is taken: what was put aside until then comes back.
    pub(super) fn decided(&self, ix: usize, at: Timestamp) {
        self.latest.fetch_max(at.0, Ordering::Relaxed);
        for word in self.desk.wake(ix, at) {
            self.tell_alarm(&word);
        }
    }

    /// Instant of the newest decision.
    pub(super) fn latest(&self) -> Timestamp {
        Timestamp(self.latest.load(Ordering::Relaxed))
    }

    /// Somebody waits for the answer to a command; `None` when too many do.
    pub(super) fn expect(&self, id: &str) -> Option<oneshot::Receiver<CommandResult>> {
        let (told, heard) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.len() >= WAITING_MAX {
            return None;
        }
        waiting.insert(id.to_owned(), told);
        Some(heard)
    }

    /// Nobody waits for it any more.
    pub(super) fn expect_no_more(&self, id: &str) {
        self.waiting().remove(id);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, message: &Message) {
        if let Some(audit) = &self.audit {
            note(audit, message);
        }
        match self.keys.encode(message, &self.network) {
            Ok(packet) => self.link.publish(packet),
            Err(rejection) => self.rejects.count("(own message)", &rejection),
        }
    }
}

/// How the dispatch answers an operator.
pub(super) fn answer(outgoing: &Arc<Outgoing>) -> Answer {
    let outgoing = Arc::clone(outgoing);
    Arc::new(move |result| outgoing.send(&Message::Result(result)))
}

/// Write down what an auditor asks for: answers to commands, and modes.
fn note(audit: &Audit, message: &Message) {
    match message {
        Message::Result(result) => audit.note(AuditEvent::Answer {
            intersection: result.intersection.to_string(),
            id: result.id.clone(),
            accepted: result.accepted,
            reason: result.reason.clone(),
        }),
        Message::Decision(decision) => {
            audit.mode(decision.intersection.as_str(), "engine", &name(decision.mode), decision.at);
        }
        _ => {}
    }
}
