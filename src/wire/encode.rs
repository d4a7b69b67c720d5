//! From a message to a packet: topic, bytes, quality of service, retain flag. The same message gives the same bytes.

use super::{
    AlarmMessage, CommandMessage, CountsMessage, DecisionMessage, Message, OutflowMessage, PAYLOAD_MAX, PlanMessage,
    PresenceMessage, Qos, Reason, Rejection, RequestMessage, ResultMessage, SpatMessage, StateMessage,
};
use crate::ids::IntersectionId;
use crate::network::{Intersection, Network};
use serde::Serialize;

/// What is handed to a client of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Topic as text.
    pub topic: String,
    /// JSON.
    pub payload: Vec<u8>,
    /// Quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it.
    pub retain: bool,
}

/// The packet of a message.
///
/// # Errors
/// `unknown_intersection` for a message about none of the network, `too_large` for one above 64 KiB.
///
/// # Panics
/// When an index of the message (stage, lane, group) is not one of its intersection.
pub fn encode(message: &Message, network: &Network) -> Result<Packet, Rejection> {
    let payload = payload(message, network)?;
    if payload.len() > PAYLOAD_MAX {
        return Err(Rejection::new(Reason::TooLarge, format!("{} bytes, allowed {PAYLOAD_MAX}", payload.len())));
    }
    let topic = message.topic(&network.city);
    Ok(Packet { payload, qos: topic.qos(), retain: topic.retain(), topic: topic.to_string() })
}

fn payload(message: &Message, network: &Network) -> Result<Vec<u8>, Rejection> {
    let of = |id| intersection(id, network);
    Ok(match message {
        Message::Counts { intersection, observation, passages } => {
            json(&CountsMessage::new(observation, passages, of(intersection)?))
        }
        Message::Plan(it) => json(&PlanMessage::new(it, of(&it.intersection)?)),
        Message::State(it) => json(&StateMessage::new(it, of(&it.intersection)?)),
        Message::Spat(it) => json(&SpatMessage::new(it)),
        Message::Request(it) => json(&RequestMessage::new(it, of(&it.intersection)?)),
        Message::Decision(it) => json(&DecisionMessage::new(it, of(&it.intersection)?)),
        Message::Outflow(it) => json(&OutflowMessage::new(it)),
        Message::Command(it) => json(&CommandMessage::new(it, of(&it.intersection)?)),
        Message::Result(it) => json(&ResultMessage::new(it)),
        Message::Alarm(it) => json(&AlarmMessage::new(it)),
        Message::Presence(it) => json(&PresenceMessage::new(it)),
    })
}

/// The intersection of an id; the network keeps them in order of their ids.
pub(super) fn intersection<'a>(id: &IntersectionId, network: &'a Network) -> Result<&'a Intersection, Rejection> {
    let found = network.intersections.binary_search_by(|it| it.id.cmp(id));
    found.map(|position| &network.intersections[position]).map_err(|_| {
        Rejection::new(Reason::UnknownIntersection, format!("intersection {}", super::topic::shorten(id.as_str())))
    })
}

fn json(payload: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(payload).expect("payloads are structs of numbers, texts and lists with text keys")
}
