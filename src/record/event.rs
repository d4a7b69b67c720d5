//! What happened: the lines after the header.
//!
//! ```text
//! {"ts_ms":…,"topic":"lw/1/…","payload":{…}}                                a message, as on the wire
//! {"ts_ms":…,"intersection":"…","field":{"from":…,"to":…,"reason":…}}       a field controller obeys somebody else now
//! {"ts_ms":…,"intersection":"…","known":[[…],…]}                            a yardstick told where vehicles are
//! {"ts_ms":…,"end":true}                                                    the run came to its end
//! ```
//!
//! Lines of one second stand together, in the order of the intersections: all states, requests, counts, late and repeated
//! counts, known positions; then decision, plan and outflow of each intersection; then changes of field controllers. A
//! line with none of these is of a newer program and is passed over.

use crate::ids::IntersectionId;
use crate::network::Network;
use crate::plan::FieldMode;
use crate::time::Timestamp;
use crate::wire::{self, Channel, Message, Rejection, Topic};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Something was said.
    Message {
        /// Where.
        topic: Topic,
        /// As it stood on the wire.
        payload: String,
    },
    /// A field controller obeys somebody else now.
    Field {
        /// Which.
        intersection: IntersectionId,
        /// What happened.
        change: FieldChange,
    },
    /// Instants \[ms\] at which vehicles are due at the stop line of each lane; see [`crate::controller::Known`].
    Known {
        /// Whose lanes.
        intersection: IntersectionId,
        /// Shape `[lane][vehicle]`.
        due_ms: Vec<Vec<i64>>,
    },
    /// The run came to its end.
    End,
}

/// A field controller changes its mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Mode before.
    pub from: FieldMode,
    /// Mode after.
    pub to: FieldMode,
    /// Why, in one line for people.
    pub reason: String,
}

/// Everything of one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Second {
    /// The instant.
    pub at: Timestamp,
    /// In the order of the log.
    pub events: Vec<Event>,
}

/// A line as it is parsed.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    pub(super) ts_ms: i64,
    topic: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    intersection: Option<String>,
    field: Option<FieldChange>,
    known: Option<Vec<Vec<i64>>>,
    end: Option<bool>,
}

impl Line<'_> {
    /// The event; `None` for a kind that this program does not know.
    pub(super) fn event(self) -> Result<Option<Event>, String> {
        if let (Some(topic), Some(payload)) = (self.topic, self.payload) {
            let topic = Topic::parse(&topic).map_err(|rejection| rejection.to_string())?;
            return Ok(Some(Event::Message { topic, payload: payload.get().to_owned() }));
        }
        let intersection = self.intersection.map(IntersectionId::new);
        Ok(match (intersection, self.field, self.known, self.end) {
            (Some(intersection), Some(change), ..) => Some(Event::Field { intersection, change }),
            (Some(intersection), _, Some(due_ms), _) => Some(Event::Known { intersection, due_ms }),
            (.., Some(true)) => Some(Event::End),
            _ => None,
        })
    }
}

impl Event {
    /// Whom it is about; `None` for the end of the run and for an engine's presence.
    pub fn intersection(&self) -> Option<&IntersectionId> {
        match self {
            Self::Message { topic: Topic::Intersection { intersection, .. }, .. }
            | Self::Field { intersection, .. }
            | Self::Known { intersection, .. } => Some(intersection),
            Self::Message { topic: Topic::Presence { .. }, .. } | Self::End => None,
        }
    }
}

impl Second {
    /// Payloads on one channel of one intersection, in order.
    pub fn payloads<'a>(&'a self, id: &'a IntersectionId, channel: &'a Channel) -> impl Iterator<Item = &'a str> {
        self.events.iter().filter_map(move |event| match event {
            Event::Message { topic: Topic::Intersection { intersection, channel: on, .. }, payload } => {
                (intersection == id && on == channel).then_some(payload.as_str())
            }
            _ => None,
        })
    }

    /// The first message on one channel of one intersection.
    ///
    /// # Errors
    /// Why it is none.
    pub fn message(
        &self,
        id: &IntersectionId,
        channel: &Channel,
        network: &Network,
    ) -> Result<Option<Message>, Rejection> {
        let topic =
            Topic::Intersection { city: network.city.clone(), intersection: id.clone(), channel: channel.clone() };
        let first = self.payloads(id, channel).next();
        first.map(|payload| wire::decode(&topic.to_string(), payload.as_bytes(), network, None)).transpose()
    }
}
