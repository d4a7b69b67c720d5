//! Topics and payloads to and from the core's values, with a precise reason for everything that is turned away.
//!
//! This module knows no client, socket or clock: [`decode()`] takes a topic, bytes, the network and the time and gives a
//! [`Message`] or a [`Rejection`]; [`encode()`] takes a [`Message`] and gives a [`Packet`] (topic, bytes, quality of service,
//! retain flag). The same message always gives the same bytes.
//!
//! **Order of the checks**, cheapest first: size (64 KiB, before parsing), topic, JSON, version, intersection, freshness,
//! then value by value. Unknown fields are ignored (a newer peer may say more); a known field twice, an unknown name in an
//! enumeration, a number out of range turn the whole message away: half a message would be read as "the other lanes
//! were not heard". `halted` above `count` is the one exception and is capped: a detector's glitch, not the sender's.
//!
//! **Newest wins.** Every message is desired or observed state, never an increment (except `passed`, which counts since
//! the last message): a receiver that is behind keeps the newest of a topic and drops the older ones, and loses nothing
//! that it could still use. [`Sequence`] drops what arrives twice or late.
//!
//! Integers stay below 2⁵³ (RFC 7493); vehicles and rates are written with three decimals. `mac`, the last
//! field, is a keyed digest of plans, states, commands and requests where keys are configured ([`KeyRing`]), and reserved in the
//! other messages.
//!
//! Known weakness: ids are compared as text, so a message for 24 lanes in an order that is not the network's costs 24 × 24
//! comparisons of short strings.

mod alarm;
pub mod asyncapi;
mod command;
mod counts;
mod decision;
mod decode;
mod encode;
mod key;
pub mod key_file;
mod key_ring;
mod number;
mod outflow;
mod plan;
mod presence;
mod rejection;
mod request;
pub mod schema;
mod seal;
mod sequence;
mod spat;
mod state;
mod topic;

pub use alarm::AlarmMessage;
pub use command::{CommandMessage, ResultMessage};
pub use counts::{CountsMessage, LaneCount, Passage, PassageEvent};
pub use decision::DecisionMessage;
pub use decode::{FUTURE_MAX, PAST_MAX, PAYLOAD_MAX, decode};
pub use encode::{Packet, encode};
pub use key::{KEY_ID_MAX, Key, MAC_BYTES};
pub use key_ring::{Heard, KeyRing, KeyUse};
pub use number::Whole;
pub use outflow::{EntryMessage, LinkMessage, OutflowMessage, as_heard};
pub use plan::{IntervalMessage, PlanMessage};
pub use presence::{Presence, PresenceMessage, PresenceRole, PresenceStatus, Role};
pub use rejection::{Reason, Rejection};
pub use request::RequestMessage;
pub use sequence::Sequence;
pub use spat::{GroupTimingMessage, SpatMessage};
pub use state::StateMessage;
pub use topic::{Channel, LEVEL_MAX, Qos, ROOT, Topic, filter};

use crate::estimate::{Observation, Outflow};
use crate::ids::IntersectionId;
use crate::plan::{Alarm, Command, CommandResult, Decision, Plan, Request, Spat, StateReport};

/// Version of every payload; a message with another one is turned away.
pub const VERSION: i64 = 1;

/// Everything that travels.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// What the detectors of one intersection saw.
    Counts {
        /// Which intersection.
        intersection: IntersectionId,
        /// Zones and stop lines.
        observation: Observation,
        /// Single passages, from loop sites.
        passages: Vec<Passage>,
    },
    /// A timing plan.
    Plan(Plan),
    /// What a field controller shows.
    State(StateReport),
    /// When the lamps will change.
    Spat(Spat),
    /// Somebody asks for green.
    Request(Request),
    /// What was decided and why.
    Decision(Decision),
    /// What a neighbour will send and can take.
    Outflow(Outflow),
    /// Operations say what to do.
    Command(Command),
    /// The answer.
    Result(CommandResult),
    /// Something is wrong, or no longer.
    Alarm(Alarm),
    /// An engine is there, or not.
    Presence(Presence),
}

impl Message {
    /// The intersection that the message is about; `None` for an engine's presence.
    pub fn intersection(&self) -> Option<&IntersectionId> {
        Some(match self {
            Self::Counts { intersection, .. } => intersection,
            Self::Plan(it) => &it.intersection,
            Self::State(it) => &it.intersection,
            Self::Spat(it) => &it.intersection,
            Self::Request(it) => &it.intersection,
            Self::Decision(it) => &it.intersection,
            Self::Outflow(it) => &it.intersection,
            Self::Command(it) => &it.intersection,
            Self::Result(it) => &it.intersection,
            Self::Alarm(it) => &it.intersection,
            Self::Presence(_) => return None,
        })
    }

    /// Where it is published.
    pub fn topic(&self, city: &str) -> Topic {
        let channel = match self {
            Self::Counts { .. } => Channel::Counts,
            Self::Plan(_) => Channel::Plan,
            Self::State(_) => Channel::State,
            Self::Spat(_) => Channel::Spat,
            Self::Request(_) => Channel::Request,
            Self::Decision(_) => Channel::Decision,
            Self::Outflow(_) => Channel::Outflow,
            Self::Command(it) => Channel::Command(it.action.verb()),
            Self::Result(it) => Channel::Result(it.verb),
            Self::Alarm(it) => Channel::Alarm(it.code.clone()),
            Self::Presence(it) => return Topic::Presence { city: city.to_owned(), engine: it.engine.clone() },
        };
        let intersection = self.intersection().expect("only presence has none, and it returned above").clone();
        Topic::Intersection { city: city.to_owned(), intersection, channel }
    }
}
