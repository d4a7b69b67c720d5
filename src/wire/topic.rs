//! Topics: `lw/1/{city}/{intersection}/{channel}` and `lw/1/{city}/$engine/{id}/presence`, built and parsed.
//!
//! An id becomes one topic level by percent-encoding every byte outside `[A-Za-z0-9_.-]`, so a level never holds `+`, `#`,
//! `/` or `$`, whatever the street calls its junctions. A level has at most [`LEVEL_MAX`] bytes: merged junctions of
//! real SUMO networks carry names of 170 characters, so 128 would turn real streets away. Parsing accepts only the
//! one spelling that building gives, so two topics never mean the same intersection.

use super::{Reason, Rejection};
use crate::ids::IntersectionId;
use crate::plan::Verb;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;

/// First two levels of every topic: the name and the version of the tree.
pub const ROOT: &str = "lw/1";

/// Longest level after percent-encoding \[bytes\].
pub const LEVEL_MAX: usize = 512;

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-');
const ENGINE: &str = "$engine";

/// A parsed topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Something about one intersection.
    Intersection {
        /// Second level under the root.
        city: String,
        /// Which one.
        intersection: IntersectionId,
        /// What about it.
        channel: Channel,
    },
    /// Whether an engine is there.
    Presence {
        /// Second level under the root.
        city: String,
        /// Name of the engine.
        engine: String,
    },
}

/// What is said about an intersection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Detectors → engine.
    Counts,
    /// Engine → field controller.
    Plan,
    /// Field controller → all.
    State,
    /// Engine → vehicles, apps.
    Spat,
    /// Bus, fire engine, push button → engine.
    Request,
    /// Engine → log, page.
    Decision,
    /// Engine ↔ engine.
    Outflow,
    /// Operations → engine.
    Command(Verb),
    /// Engine → operations.
    Result(Verb),
    /// Both; the code is `[a-z0-9_]+`.
    Alarm(String),
}

/// Quality of service of MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qos {
    /// `QoS` 0: state that is sent again a second later anyway.
    AtMostOnce,
    /// `QoS` 1: rare messages. A PUBACK is not delivery; the answer or the state is.
    AtLeastOnce,
}

impl Channel {
    /// Quality of service of the channel.
    pub const fn qos(&self) -> Qos {
        match self {
            Self::Request | Self::Command(_) | Self::Result(_) | Self::Alarm(_) => Qos::AtLeastOnce,
            Self::Counts | Self::Plan | Self::State | Self::Spat | Self::Decision | Self::Outflow => Qos::AtMostOnce,
        }
    }

    /// Whether the broker keeps the last message for those who come later. Never for what can be obeyed.
    pub const fn retain(&self) -> bool {
        matches!(self, Self::Alarm(_))
    }

    fn parse(levels: &[&str]) -> Option<Self> {
        let verb = |name: &str| Verb::ALL.into_iter().find(|verb| verb.name() == name);
        Some(match *levels {
            ["counts"] => Self::Counts,
            ["plan"] => Self::Plan,
            ["state"] => Self::State,
            ["spat"] => Self::Spat,
            ["request"] => Self::Request,
            ["decision"] => Self::Decision,
            ["outflow"] => Self::Outflow,
            ["command", name] => Self::Command(verb(name)?),
            ["result", name] => Self::Result(verb(name)?),
            ["alarm", code] if is_code(code) => Self::Alarm(code.to_owned()),
            _ => return None,
        })
    }
}

/// Whether a text can be an alarm's code.
pub(super) fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counts => f.write_str("counts"),
            Self::Plan => f.write_str("plan"),
            Self::State => f.write_str("state"),
            Self::Spat => f.write_str("spat"),
            Self::Request => f.write_str("request"),
            Self::Decision => f.write_str("decision"),
            Self::Outflow => f.write_str("outflow"),
            Self::Command(verb) => write!(f, "command/{}", verb.name()),
            Self::Result(verb) => write!(f, "result/{}", verb.name()),
            Self::Alarm(code) => write!(f, "alarm/{code}"),
        }
    }
}

impl Topic {
    /// Reads a topic; anything but the spelling that [`Topic`]'s `Display` gives is unknown.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let unknown = || Rejection::new(Reason::UnknownTopic, format!("topic {}", shorten(text)));
        let rest = text.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/')).ok_or_else(unknown)?;
        // The longest topic has four levels under the root, so a hostile one is not split for ever.
        let levels: Vec<&str> = rest.splitn(6, '/').collect();
        match levels.as_slice() {
            [city, ENGINE, engine, "presence"] => {
                let (city, engine) = (level(city).ok_or_else(unknown)?, level(engine).ok_or_else(unknown)?);
                Ok(Self::Presence { city, engine })
            }
            [city, intersection, channel @ ..] => {
                let channel = Channel::parse(channel).ok_or_else(unknown)?;
                let intersection = IntersectionId::new(level(intersection).ok_or_else(unknown)?);
                Ok(Self::Intersection { city: level(city).ok_or_else(unknown)?, intersection, channel })
            }
            _ => Err(unknown()),
        }
    }

    /// The city.
    pub fn city(&self) -> &str {
        match self {
            Self::Intersection { city, .. } | Self::Presence { city, .. } => city,
        }
    }

    /// Quality of service.
    pub const fn qos(&self) -> Qos {
        match self {
            Self::Intersection { channel, .. } => channel.qos(),
            Self::Presence { .. } => Qos::AtLeastOnce,
        }
    }

    /// Whether the broker keeps the last message.
    pub const fn retain(&self) -> bool {
        match self {
            Self::Intersection { channel, .. } => channel.retain(),
            Self::Presence { .. } => true,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |id| utf8_percent_encode(id, ENCODED);
        match self {
            Self::Intersection { city, intersection, channel } => {
                write!(f, "{ROOT}/{}/{}/{channel}", encoded(city.as_str()), encoded(intersection.as_str()))
            }
            Self::Presence { city, engine } => {
                write!(f, "{ROOT}/{}/{ENGINE}/{}/presence", encoded(city.as_str()), encoded(engine.as_str()))
            }
        }
    }
}

/// The subscription to one channel (`counts`, `command/+` …) of one intersection, or of all of a city with `None`.
pub fn filter(city: &str, intersection: Option<&IntersectionId>, channel: &str) -> String {
    let city = utf8_percent_encode(city, ENCODED);
    match intersection {
        Some(id) => format!("{ROOT}/{city}/{}/{channel}", utf8_percent_encode(id.as_str(), ENCODED)),
        None => format!("{ROOT}/{city}/+/{channel}"),
    }
}

/// The id of a level, `None` when it is empty, too long or not in its one spelling.
fn level(text: &str) -> Option<String> {
    if !(1..=LEVEL_MAX).contains(&text.len()) {
        return None;
    }
    let id = percent_decode_str(text).decode_utf8().ok()?.into_owned();
    (utf8_percent_encode(&id, ENCODED).to_string() == text).then_some(id)
}

/// The beginning of a text that came from outside, fit for a log line.
pub(super) fn shorten(text: &str) -> String {
    let short: String = text.chars().take(120).flat_map(char::escape_default).collect();
    if text.chars().nth(120).is_some() { short + "…" } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn channels() -> Vec<Channel> {
        let plain = [
            Channel::Counts,
            Channel::Plan,
            Channel::State,
            Channel::Spat,
            Channel::Request,
            Channel::Decision,
            Channel::Outflow,
            Channel::Alarm("detector_stuck".into()),
        ];
        let verbs = Verb::ALL.into_iter().flat_map(|verb| [Channel::Command(verb), Channel::Result(verb)]);
        plain.into_iter().chain(verbs).collect()
    }

    #[test]
    fn an_id_with_wildcards_and_slashes_becomes_one_harmless_level() {
        let topic =
            Topic::Intersection { city: "Köln".into(), intersection: "a/b+c#d$e 1%".into(), channel: Channel::Counts };
        assert_eq!(topic.to_string(), "lw/1/K%C3%B6ln/a%2Fb%2Bc%23d%24e%201%25/counts");
        assert_eq!(Topic::parse(&topic.to_string()), Ok(topic));
    }

    #[test]
    fn an_intersection_called_engine_is_not_an_engine() {
        let topic = Topic::Intersection { city: "c".into(), intersection: "$engine".into(), channel: Channel::Counts };
        assert_eq!(topic.to_string(), "lw/1/c/%24engine/counts");
        assert_eq!(Topic::parse("lw/1/c/$engine/counts").unwrap_err().reason, Reason::UnknownTopic);
    }

    #[test]
    fn a_second_spelling_of_a_topic_is_unknown() {
        for text in [
            "lw/1/c/%61/counts",
            "lw/1/c/a%2f/counts",
            "lw/1/c//counts",
            "lw/2/c/a/counts",
            "lw/1/c/a",
            "lw/1/c/a/counts/",
            "lw/1/c/a/command/flash",
            "lw/1/c/a/alarm/Bad-Code",
            "LW/1/c/a/counts",
            "",
        ] {
            assert_eq!(Topic::parse(text).unwrap_err().reason, Reason::UnknownTopic, "{text}");
        }
        let long = format!("lw/1/c/{}/counts", "a".repeat(LEVEL_MAX + 1));
        assert_eq!(Topic::parse(&long).unwrap_err().reason, Reason::UnknownTopic);
    }

    #[test]
    fn nothing_that_can_be_obeyed_is_retained() {
        for channel in channels() {
            assert_eq!(channel.retain(), matches!(channel, Channel::Alarm(_)), "{channel}");
        }
    }

    proptest! {
        #[test]
        fn every_id_survives_its_topic(city in "\\PC{1,20}", id in "\\PC{1,40}", pick in 0_usize..14) {
            let channel = channels()[pick].clone();
            let topic = Topic::Intersection { city, intersection: IntersectionId::new(id), channel };
            let text = topic.to_string();
            prop_assert!(!text.contains(['+', '#', ' ']));
            prop_assert_eq!(Topic::parse(&text), Ok(topic));
        }

        #[test]
        fn any_text_is_a_topic_or_unknown(text in "\\PC*") {
            if let Ok(topic) = Topic::parse(&text) {
                prop_assert_eq!(topic.to_string(), text);
            }
        }
    }
}
