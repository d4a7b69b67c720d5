//! From topic and bytes to a message, or the reason why not. Never panics, whatever arrives.

use super::encode::intersection;
use super::{
    AlarmMessage, Channel, CommandMessage, CountsMessage, DecisionMessage, Message, OutflowMessage, PlanMessage,
    PresenceMessage, Reason, Rejection, RequestMessage, ResultMessage, SpatMessage, StateMessage, Topic, VERSION,
    Whole,
};
use crate::network::Network;
use crate::time::{Millis, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// Largest payload that is parsed \[bytes\].
pub const PAYLOAD_MAX: usize = 64 * 1024;
/// A message older than this is from the past.
pub const PAST_MAX: Millis = Millis::from_secs(10);
/// A message further ahead than this is from the future.
pub const FUTURE_MAX: Millis = Millis::from_secs(2);

/// What every payload says first.
pub(super) struct Head<'a> {
    pub(super) v: Whole,
    /// `None` when the payload is about no intersection.
    pub(super) intersection: Option<&'a str>,
    /// `None` when the message may be of any age.
    pub(super) ts: Option<Whole>,
}

/// A payload as it is parsed.
pub(super) trait Payload: DeserializeOwned {
    fn head(&self) -> Head<'_>;
}

/// The message of a topic and a payload.
///
/// `now` is the receiver's clock, against which the age is judged; `None` where the messages themselves carry the time (in
/// lockstep with a simulator).
///
/// # Errors
/// A [`Rejection`] with its reason; never more than one per message.
pub fn decode(topic: &str, bytes: &[u8], network: &Network, now: Option<Timestamp>) -> Result<Message, Rejection> {
    if bytes.len() > PAYLOAD_MAX {
        return Err(Rejection::new(Reason::TooLarge, format!("{} bytes, allowed {PAYLOAD_MAX}", bytes.len())));
    }
    let topic = Topic::parse(topic)?;
    if topic.city() != network.city {
        let detail = format!("city {}, expected {}", super::topic::shorten(topic.city()), network.city);
        return Err(Rejection::new(Reason::UnknownTopic, detail));
    }
    let (id, channel) = match topic {
        Topic::Presence { engine, .. } => {
            let message: PresenceMessage = read(bytes, None, now)?;
            return Ok(Message::Presence(message.into_presence(engine)?));
        }
        Topic::Intersection { intersection, channel, .. } => (intersection, channel),
    };
    let at = intersection(&id, network)?;
    let id = Some(id.as_str());
    Ok(match channel {
        Channel::Counts => read::<CountsMessage>(bytes, id, now)?.into_message(at)?,
        Channel::Plan => Message::Plan(read::<PlanMessage>(bytes, id, now)?.into_plan(at)?),
        Channel::State => Message::State(read::<StateMessage>(bytes, id, now)?.into_report(at)?),
        Channel::Spat => Message::Spat(read::<SpatMessage>(bytes, id, now)?.into_spat(at)?),
        Channel::Request => Message::Request(read::<RequestMessage>(bytes, id, now)?.into_request(at)?),
        Channel::Decision => Message::Decision(read::<DecisionMessage>(bytes, id, now)?.into_decision(at)?),
        Channel::Outflow => Message::Outflow(read::<OutflowMessage>(bytes, id, now)?.into_outflow(at)?),
        Channel::Command(verb) => Message::Command(read::<CommandMessage>(bytes, id, now)?.into_command(verb, at)?),
        Channel::Result(verb) => Message::Result(read::<ResultMessage>(bytes, id, now)?.into_result(verb, at)?),
        Channel::Alarm(code) => Message::Alarm(read::<AlarmMessage>(bytes, id, now)?.into_alarm(code, at)?),
    })
}

/// Parses a payload and judges what every payload has: version, intersection, age.
fn read<P: Payload>(bytes: &[u8], id: Option<&str>, now: Option<Timestamp>) -> Result<P, Rejection> {
    let payload: P = serde_json::from_slice(bytes).map_err(|error| unreadable(bytes, &error))?;
    let head = payload.head();
    if head.v != Whole(VERSION) {
        return Err(wrong_version(head.v));
    }
    if let (Some(expected), Some(found)) = (id, head.intersection)
        && expected != found
    {
        let detail = format!("intersection {}, the topic says {expected}", super::topic::shorten(found));
        return Err(Rejection::new(Reason::WrongIntersection, detail));
    }
    if let (Some(now), Some(ts)) = (now, head.ts) {
        fresh(ts.instant(|| "ts_ms".into())?, now)?;
    }
    Ok(payload)
}

fn fresh(at: Timestamp, now: Timestamp) -> Result<(), Rejection> {
    let age = now - at;
    if age > PAST_MAX {
        return Err(Rejection::new(Reason::FromThePast, format!("{age} old, allowed {PAST_MAX}")));
    }
    if age < Millis::ZERO - FUTURE_MAX {
        return Err(Rejection::new(Reason::FromTheFuture, format!("{} ahead, allowed {FUTURE_MAX}", at - now)));
    }
    Ok(())
}

fn wrong_version(v: Whole) -> Rejection {
    Rejection::new(Reason::WrongVersion, format!("v = {}, expected {VERSION}", v.0))
}

/// Why a payload could not be parsed. Another version may well have other fields, so the version is looked for first.
fn unreadable(bytes: &[u8], error: &serde_json::Error) -> Rejection {
    /// The version alone.
    #[derive(Deserialize)]
    struct Version {
        v: Whole,
    }
    let detail = super::topic::shorten(&error.to_string());
    match error.classify() {
        Category::Data => match serde_json::from_slice::<Version>(bytes) {
            Ok(Version { v }) if v != Whole(VERSION) => wrong_version(v),
            _ => Rejection::new(Reason::Malformed, detail),
        },
        _ if not_finite(bytes, error) => Rejection::new(Reason::NotFinite, detail),
        _ => Rejection::new(Reason::NotJson, detail),
    }
}

/// Whether the parser stopped at `NaN` or `Infinity`, which many writers emit though JSON has no such word, or at a number
/// that no float holds.
fn not_finite(bytes: &[u8], error: &serde_json::Error) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let from = error.column().saturating_sub(2).min(line.len());
    let around = &line[from..(from + 10).min(line.len())];
    let holds = |word: &[u8]| around.windows(word.len()).any(|window| window == word);
    holds(b"NaN") || holds(b"Infinity") || error.to_string().starts_with("number out of range")
}
