//! What the neighbours said lately, for those who heard it.

use super::event::Event;
use crate::estimate::Outflow;
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::time::Timestamp;
use crate::wire::{self, Channel, Message};
use std::collections::{BTreeMap, VecDeque};

/// Words of each intersection that are kept: a word is heard within a second or two, or never.
const KEPT: usize = 64;

/// The last words of each intersection.
#[derive(Debug, Default)]
pub(super) struct Words(BTreeMap<IntersectionId, VecDeque<(Timestamp, Outflow)>>);

impl Words {
    /// Keep it, if it is a word to the neighbours. What cannot be read was not said: who needs it will miss it.
    pub(super) fn keep(&mut self, at: Timestamp, event: &Event, network: &Network) {
        let Event::Message { topic, payload } = event else { return };
        if event.channel() != Some(&Channel::Outflow) {
            return;
        }
        if let Ok(Message::Outflow(said)) = wire::decode(&topic.to_string(), payload.as_bytes(), network, None) {
            let of = self.0.entry(said.intersection.clone()).or_default();
            if of.len() == KEPT {
                of.pop_front();
            }
            of.push_back((at, said));
        }
    }

    /// What an intersection said at an instant.
    pub(super) fn of(&self, id: &IntersectionId, at: Timestamp) -> Option<&Outflow> {
        self.0.get(id)?.iter().rev().find(|(said, _)| *said == at).map(|(_, said)| said)
    }
}
