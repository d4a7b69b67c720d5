//! What happened: the lines after the header.
//!
//! ```text
//! {"ts_ms":…,"topic":"lw/1/…","payload":{…}}                                a message, as on the wire
//! {"ts_ms":…,"intersection":"…","field":{"from":…,"to":…,"reason":…}}       a field controller obeys somebody else now
//! {"ts_ms":…,"intersection":"…","known":[[…],…]}                            a yardstick told where vehicles are
//! {"ts_ms":…,"intersection":"…","heard":{"from":"…","ts_ms":…}}             it took in what a neighbour had said
//! {"ts_ms":…,"intersection":"…","tick":{"scene":"…"}}                       it decides, in a scene that it was told just before
//! {"ts_ms":…,"intersection":"…","author":…}                                 its plans are of this epoch from now on
//! {"ts_ms":…,"intersection":"…","state":{"program":"…","cbor":"…"}}         everything that it knows; it can be driven again from here
//! {"ts_ms":…,"intersection":"…","gap":…}                                    so many lines of it were not written
//! {"ts_ms":…,"end":true}                                                    the run came to its end
//! ```
//!
//! A line with none of these is of a newer program and is passed over. In which order they stand the header says ([`super::header::Order`]):
//!
//! - of a run in simulated time, lines of one second stand together, in the order of the intersections: all states, requests, counts, late
//!   and repeated counts, known positions; then decision, plan and outflow of each intersection; then changes of field controllers. Heard,
//!   tick and author are left out, for they follow from it;
//! - of an engine at a broker, lines of one intersection stand in the order in which its controller heard them, with the instants
//!   at which it did; after each tick what came of it. Those of several intersections are mixed.

use super::header::Header;
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::plan::{FieldMode, Scene};
use crate::time::Timestamp;
use crate::wire::{self, Channel, Message, Rejection, Topic};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

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
    /// A controller took in what a neighbour had said.
    Heard {
        /// Who heard it.
        intersection: IntersectionId,
        /// Whose word.
        from: IntersectionId,
        /// Of which instant it was.
        said: Timestamp,
    },
    /// A controller decides.
    Tick {
        /// Which.
        intersection: IntersectionId,
        /// The scene that it was told just before, if it was.
        scene: Option<Scene>,
    },
    /// A controller's plans are of another author from now on.
    Author {
        /// Which.
        intersection: IntersectionId,
        /// Fencing number of the author.
        epoch: u64,
    },
    /// Everything that a controller knows ([`crate::controller::Controller::state`]).
    State {
        /// Which.
        intersection: IntersectionId,
        /// Form of the bytes.
        program: String,
        /// The bytes, in hex digits.
        cbor: String,
    },
    /// Something is not there; from here on nothing can be driven again before a state.
    Gap {
        /// Of which intersection; `None` = of all of them.
        intersection: Option<IntersectionId>,
        /// Lines that are missing, as far as that is known.
        lost: u64,
    },
    /// An engine was started: controllers begin as this header says.
    Begin(Arc<Header>),
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
    #[serde(borrow)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    intersection: Option<String>,
    field: Option<FieldChange>,
    known: Option<Vec<Vec<i64>>>,
    #[serde(borrow)]
    heard: Option<HeardLine<'a>>,
    tick: Option<TickLine>,
    author: Option<u64>,
    state: Option<StateLine>,
    gap: Option<u64>,
    end: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct HeardLine<'a> {
    #[serde(borrow)]
    from: Cow<'a, str>,
    ts_ms: i64,
}

/// What stands in the line of a tick.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TickLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scene: Option<Scene>,
}

/// What stands in the line of a state.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StateLine {
    pub(super) program: String,
    pub(super) cbor: String,
}

impl Line<'_> {
    /// The event; `None` for a kind that this program does not know, and for what is about none of those that are wanted.
    pub(super) fn event(self, wanted: &mut dyn FnMut(&IntersectionId) -> bool) -> Result<Option<Event>, String> {
        if let (Some(topic), Some(payload)) = (self.topic, self.payload) {
            let topic = Topic::parse(&topic).map_err(|rejection| rejection.to_string())?;
            if let Topic::Intersection { intersection, .. } = &topic
                && !wanted(intersection)
            {
                return Ok(None);
            }
            return Ok(Some(Event::Message { topic, payload: payload.get().to_owned() }));
        }
        if self.end == Some(true) {
            return Ok(Some(Event::End));
        }
        let Some(intersection) = self.intersection.map(IntersectionId::new) else {
            return Ok(self.gap.map(|lost| Event::Gap { intersection: None, lost }));
        };
        if !wanted(&intersection) {
            return Ok(None);
        }
        Ok(Some(if let Some(change) = self.field {
            Event::Field { intersection, change }
        } else if let Some(due_ms) = self.known {
            Event::Known { intersection, due_ms }
        } else if let Some(heard) = self.heard {
            let (from, said) = (IntersectionId::new(heard.from), Timestamp(heard.ts_ms));
            Event::Heard { intersection, from, said }
        } else if let Some(tick) = self.tick {
            Event::Tick { intersection, scene: tick.scene }
        } else if let Some(epoch) = self.author {
            Event::Author { intersection, epoch }
        } else if let Some(StateLine { program, cbor }) = self.state {
            Event::State { intersection, program, cbor }
        } else if let Some(lost) = self.gap {
            Event::Gap { intersection: Some(intersection), lost }
        } else {
            return Ok(None);
        }))
    }
}

impl Event {
    /// Whom it is about; `None` where it is about all of them, or none.
    pub fn intersection(&self) -> Option<&IntersectionId> {
        match self {
            Self::Message { topic: Topic::Intersection { intersection, .. }, .. }
            | Self::Field { intersection, .. }
            | Self::Known { intersection, .. }
            | Self::Heard { intersection, .. }
            | Self::Tick { intersection, .. }
            | Self::Author { intersection, .. }
            | Self::State { intersection, .. }
            | Self::Gap { intersection: Some(intersection), .. } => Some(intersection),
            Self::Message { topic: Topic::Presence { .. }, .. }
            | Self::Gap { intersection: None, .. }
            | Self::Begin(_)
            | Self::End => None,
        }
    }
}

impl Event {
    /// On which channel it was said, if it was.
    pub fn channel(&self) -> Option<&Channel> {
        match self {
            Self::Message { topic: Topic::Intersection { channel, .. }, .. } => Some(channel),
            _ => None,
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
