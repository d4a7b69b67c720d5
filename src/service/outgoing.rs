//! What intersections say: signed, encoded and handed to the link, as long as this engine leads.
//!
//! Whoever stands by decides as the leader does and says nothing. The lease is asked at the moment of each message and not once a
//! second, because between a decision and its publication a process may have been frozen for minutes. Alarms are state and not
//! events: the newest of each kind is kept while standing by, and told by whoever leads from then on. What is said is what the audit
//! log notes: answers to commands, and modes.

use super::audit::Audit;
use super::dispatch::{Answer, name};
use super::mqtt::Link;
use super::rejects::Rejects;
use super::standby::Authority;
use super::trust::Keys;
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::plan::Alarm;
use crate::record::audit::AuditEvent;
use crate::wire::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

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
}

impl Outgoing {
    /// Hands a message to the link, if this engine leads.
    pub(super) fn send(&self, message: &Message) {
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

    /// This engine leads from now on: what was only kept is told.
    pub(super) fn take_over(&self) {
        let untold = std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner));
        for alarm in untold.into_values() {
            self.publish(&Message::Alarm(alarm));
        }
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
