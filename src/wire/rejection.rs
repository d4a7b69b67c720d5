//! Why a message was turned away: a stable name for the counter, a sentence for the log.

use crate::plan::Refusal;
use std::fmt;

/// Why; the name is stable and is what counters and alerts use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// More than 64 KiB.
    TooLarge,
    /// Not JSON in UTF-8, or cut off.
    NotJson,
    /// JSON, but a field is missing, twice, of the wrong type or an unknown name.
    Malformed,
    /// Another version of the payload.
    WrongVersion,
    /// A topic that is none of ours, or not of this city.
    UnknownTopic,
    /// An intersection that is not in the network.
    UnknownIntersection,
    /// The payload names another intersection (or verb, or code) than the topic.
    WrongIntersection,
    /// A lane, link or approach that the intersection does not have.
    UnknownLane,
    /// The same lane, link or approach twice.
    DuplicateLane,
    /// A stage that the intersection does not have.
    UnknownStage,
    /// A signal group that the intersection does not have, or not one lamp a group.
    UnknownGroup,
    /// A number below zero where none can be.
    Negative,
    /// Not a number, or infinite.
    NotFinite,
    /// A number or list above what is possible or allowed.
    TooBig,
    /// Ends before it starts, or an empty name.
    Inconsistent,
    /// Older than 10 s.
    FromThePast,
    /// More than 2 s ahead of our clock.
    FromTheFuture,
    /// The same sequence number again.
    Duplicate,
    /// Older than what came before it.
    OutOfOrder,
    /// A retained copy of a message that is never retained.
    Retained,
    /// No code where one is needed: `mac` is not the last field, or is not there.
    Unsigned,
    /// A code of a key that is not known, or is none for this.
    UnknownKey,
    /// A code that does not fit: forged, damaged, or of an old secret.
    WrongMac,
    /// A request for green by a group that no stage serves.
    Unserved,
    /// One more request than are kept.
    TooMany,
}

impl Reason {
    /// Every reason, for counters.
    pub const ALL: [Self; 25] = [
        Self::TooLarge,
        Self::NotJson,
        Self::Malformed,
        Self::WrongVersion,
        Self::UnknownTopic,
        Self::UnknownIntersection,
        Self::WrongIntersection,
        Self::UnknownLane,
        Self::DuplicateLane,
        Self::UnknownStage,
        Self::UnknownGroup,
        Self::Negative,
        Self::NotFinite,
        Self::TooBig,
        Self::Inconsistent,
        Self::FromThePast,
        Self::FromTheFuture,
        Self::Duplicate,
        Self::OutOfOrder,
        Self::Retained,
        Self::Unsigned,
        Self::UnknownKey,
        Self::WrongMac,
        Self::Unserved,
        Self::TooMany,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NotJson => "not_json",
            Self::Malformed => "malformed",
            Self::WrongVersion => "wrong_version",
            Self::UnknownTopic => "unknown_topic",
            Self::UnknownIntersection => "unknown_intersection",
            Self::WrongIntersection => "wrong_intersection",
            Self::UnknownLane => "unknown_lane",
            Self::DuplicateLane => "duplicate_lane",
            Self::UnknownStage => "unknown_stage",
            Self::UnknownGroup => "unknown_group",
            Self::Negative => "negative",
            Self::NotFinite => "not_finite",
            Self::TooBig => "too_big",
            Self::Inconsistent => "inconsistent",
            Self::FromThePast => "from_the_past",
            Self::FromTheFuture => "from_the_future",
            Self::Duplicate => "duplicate",
            Self::OutOfOrder => "out_of_order",
            Self::Retained => "retained",
            Self::Unsigned => "unsigned",
            Self::UnknownKey => "unknown_key",
            Self::WrongMac => "wrong_mac",
            Self::Unserved => "unserved",
            Self::TooMany => "too_many",
        }
    }
}

/// Requests that the engine's controller does not take in are counted beside the messages that nobody could read.
impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        let (reason, detail) = match refusal {
            Refusal::Unserved => (Reason::Unserved, "request for green: no stage serves the group"),
            Refusal::EtaPast => (Reason::FromThePast, "request for green: eta_ms is more than 10 s ago"),
            Refusal::EtaFuture => (Reason::FromTheFuture, "request for green: eta_ms is more than 600 s ahead"),
            Refusal::TooMany => (Reason::TooMany, "request for green: 32 of the kind are kept already"),
        };
        Self::new(reason, detail)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A message that was turned away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// Why.
    pub reason: Reason,
    /// Field, value and what is allowed, for the log.
    pub detail: String,
}

impl Rejection {
    /// A rejection with its sentence.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_has_its_own_name() {
        let names: BTreeSet<&str> = Reason::ALL.into_iter().map(Reason::name).collect();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
