//! The keys that a program holds, which of them signs what, and what must be signed.
//!
//! | Message | Signed by | With a ring that is not empty |
//! |---|---|---|
//! | `…/plan`, `…/state` | the controller's key, which the engine and this one controller share | must fit |
//! | `…/command/{verb}` | an operator's key that covers the intersection | must fit |
//! | `…/request`, kinds emergency and transit | a requester's key that covers kind and intersection | must fit |
//! | `…/request`, kind pedestrian | a requester's key, or the controller's (push buttons of the cabinet) | must fit when there is one |
//! | everything else | nobody | not looked at; the broker's access list rules |
//!
//! An empty ring signs nothing and asks for nothing: who may publish is then the broker's business alone.
//!
//! **Rotation.** A controller may have two keys; both are accepted, the first signs. The new key goes to the controller as its second,
//! then to the engine as its first, then the old one is taken away on both sides; at no time is a plan refused.
//!
//! What is not signed or does not fit is turned away before it is parsed, with `unsigned`, `unknown_key` or `wrong_mac`.

use super::decode::decode;
use super::key::Key;
use super::seal::{Sealed, seal};
use super::{Channel, Message, PAYLOAD_MAX, Packet, Reason, Rejection, Topic};
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::plan::RequestKind;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyUse {
    /// Shared by the engine and one controller.
    Controller(IntersectionId),
    /// Signs commands; for some intersections, or for all with an empty list.
    Operator(Vec<IntersectionId>),
    /// Signs requests for green of some kinds; for some intersections, or for all with an empty list.
    Requester(Vec<RequestKind>, Vec<IntersectionId>),
}

/// The keys of a program.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: Vec<(Key, KeyUse)>,
    /// Places of the keys by their names.
    by_id: BTreeMap<String, usize>,
    /// Place of the first key of each controller: the one that signs.
    signers: BTreeMap<IntersectionId, usize>,
}

/// A message that came in, and the name of the key that it was signed with.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// What it says.
    pub message: Message,
    /// Who said so, as far as a key tells.
    pub key: Option<String>,
}

impl KeyRing {
    /// A ring of keys, newest first; their names differ ([`super::key_file`] sees to it).
    pub(super) fn new(keys: Vec<(Key, KeyUse)>) -> Self {
        let by_id = keys.iter().enumerate().map(|(at, (key, _))| (key.id().to_owned(), at)).collect();
        let mut signers = BTreeMap::new();
        for (at, (_, it)) in keys.iter().enumerate() {
            if let KeyUse::Controller(of) = it {
                signers.entry(of.clone()).or_insert(at);
            }
        }
        Self { keys, by_id, signers }
    }

    /// Whether there is no key: nothing is signed and nothing needs to be.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Names of the keys with what they are for, in their order.
    pub fn uses(&self) -> impl Iterator<Item = (&str, &KeyUse)> {
        self.keys.iter().map(|(key, it)| (key.id(), it))
    }

    /// The packet as it goes out: signed with the first key that may sign it, as it is when there is none.
    ///
    /// # Errors
    /// `too_large` when no room is left for the code.
    pub fn seal(&self, packet: Packet) -> Result<Packet, Rejection> {
        if self.is_empty() {
            return Ok(packet);
        }
        let Ok(Topic::Intersection { intersection, channel, .. }) = Topic::parse(&packet.topic) else {
            return Ok(packet);
        };
        let signer = match channel {
            Channel::Plan | Channel::State => self.signers.get(&intersection).map(|&at| &self.keys[at]),
            _ => self.keys.iter().find(|(_, it)| it.signs(&channel, &intersection)),
        };
        match signer {
            Some((key, _)) => seal(packet, key),
            None => Ok(packet),
        }
    }

    /// The message of a topic and a payload, believed only as far as it is signed.
    ///
    /// `now` as in [`decode()`]. Nothing of a payload whose code does not fit is parsed.
    ///
    /// # Errors
    /// A [`Rejection`] with its reason; never more than one per message.
    pub fn hear(
        &self,
        topic: &str,
        payload: &[u8],
        network: &Network,
        now: Option<Timestamp>,
    ) -> Result<Heard, Rejection> {
        if self.is_empty() || payload.len() > PAYLOAD_MAX {
            return decode(topic, payload, network, now).map(|message| Heard { message, key: None });
        }
        let key = match Topic::parse(topic)? {
            Topic::Intersection { intersection, channel, .. } if is_guarded(&channel) => {
                self.judge(topic, payload, &channel, &intersection)?
            }
            _ => None,
        };
        let message = decode(topic, payload, network, now)?;
        if let Message::Request(request) = &message {
            judge_request(request.kind, key)?;
        }
        Ok(Heard { message, key: key.map(|(key, _)| key.id().to_owned()) })
    }

    /// The key that a payload is signed with; `None` where none is needed and none is there.
    fn judge(
        &self,
        topic: &str,
        payload: &[u8],
        channel: &Channel,
        intersection: &IntersectionId,
    ) -> Result<Option<&(Key, KeyUse)>, Rejection> {
        let Some(sealed) = Sealed::parse(payload) else {
            if *channel == Channel::Request {
                // Whether it needs a code depends on the kind, which is not known yet.
                return Ok(None);
            }
            return Err(Rejection::new(Reason::Unsigned, "no mac at the end of the payload"));
        };
        let known = self.by_id.get(sealed.key).map(|&at| &self.keys[at]);
        let known = known.filter(|(_, it)| it.signs(channel, intersection)).ok_or_else(|| {
            Rejection::new(Reason::UnknownKey, format!("key {} is none for {channel} of {intersection}", sealed.key))
        })?;
        known.0.fits(topic, sealed.said, &sealed.mac)?;
        Ok(Some(known))
    }
}

/// Whether a key may ask for this kind of green.
fn judge_request(kind: RequestKind, key: Option<&(Key, KeyUse)>) -> Result<(), Rejection> {
    let allowed = match key {
        None if kind == RequestKind::Pedestrian => true,
        None => return Err(Rejection::new(Reason::Unsigned, "a request for priority without a mac")),
        Some((_, KeyUse::Requester(kinds, _))) => kinds.contains(&kind),
        Some((_, KeyUse::Controller(_))) => kind == RequestKind::Pedestrian,
        Some((_, KeyUse::Operator(_))) => false,
    };
    if allowed { Ok(()) } else { Err(Rejection::new(Reason::UnknownKey, "the key is none for this kind of request")) }
}

impl KeyUse {
    /// Whether a key of this use may sign on a channel of an intersection.
    fn signs(&self, channel: &Channel, intersection: &IntersectionId) -> bool {
        let covers = |some: &[IntersectionId]| some.is_empty() || some.contains(intersection);
        match (self, channel) {
            (Self::Controller(of), Channel::Plan | Channel::State | Channel::Request) => of == intersection,
            (Self::Operator(some), Channel::Command(_)) | (Self::Requester(_, some), Channel::Request) => covers(some),
            _ => false,
        }
    }
}

/// Whether a code is looked for on a channel.
const fn is_guarded(channel: &Channel) -> bool {
    matches!(channel, Channel::Plan | Channel::State | Channel::Command(_) | Channel::Request)
}
