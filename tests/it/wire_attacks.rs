//! Messages that a field controller with keys must not obey: stale, replayed, forged, of a wrong key, of an old author.
//!
//! A reference field controller hears what the broker would bring, by the same way as `lightwatch field` does (the ring of keys, then
//! the wire, then admission), in virtual time, from a seed. Good plans come in between and must all be obeyed, so that the controller is
//! in the mood to obey; an attack counts as accepted when the plan that the controller says to have applied is another one after it.

use super::service::going_on;
use super::street::network;
use super::wire_keys::{ring, secret};
use lightwatch::field::{Field, FieldInput, FieldOutput, FieldSettings};
use lightwatch::network::Network;
use lightwatch::plan::{FieldMode, Plan, PlanRef, StateReport};
use lightwatch::time::{Millis, Timestamp};
use lightwatch::wire::{KeyRing, Message, Packet, encode};
use std::collections::BTreeMap;

const ATTACKS: usize = 100_000;
const SEED: u64 = 20_261_123;
/// Attacks between two good plans.
const BETWEEN: usize = 200;

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn one_key(id: &str, intersection: &str, number: u8) -> KeyRing {
    ring(&format!("[[controller]]\nid = '{id}'\nintersection = '{intersection}'\nsecret = '{}'\n", secret(number)))
}

struct Cabinet {
    network: Network,
    keys: KeyRing,
    field: Field,
    at: Timestamp,
    /// The plan that it last said to have applied.
    applied: Option<PlanRef>,
    refused: BTreeMap<String, u64>,
}

impl Cabinet {
    fn new() -> Self {
        let network = network();
        let north = network.intersections[0].clone();
        let field = Field::new(&north, FieldSettings::default(), SEED);
        let at = Timestamp::from_secs(1_800_000_000);
        let mut cabinet =
            Self { network, keys: one_key("north-1", "north", 1), field, at, applied: None, refused: BTreeMap::new() };
        cabinet.wait(100);
        let rests = |state: &StateReport| {
            let stage = state.shown.stage.filter(|_| state.mode.is_local() && state.mode != FieldMode::AllRed);
            stage.is_some_and(|stage| state.shown.is_fully(north.stage(stage)))
        };
        while !rests(&cabinet.state()) {
            cabinet.wait(100);
        }
        cabinet
    }

    fn wait(&mut self, ms: i64) {
        for _ in 0..ms / 100 {
            self.at = self.at + Millis(100);
            self.field.handle(FieldInput::Tick, self.at);
        }
    }

    /// What it reports now, without its noticing.
    fn state(&self) -> StateReport {
        report(&mut self.field.clone(), self.at)
    }

    /// What it publishes now: its nonce may be echoed from here on.
    fn publish(&mut self) -> StateReport {
        report(&mut self.field, self.at)
    }

    /// Hear a packet as `lightwatch field` does; whether a plan was obeyed for it.
    fn hear(&mut self, packet: &Packet) -> bool {
        let input = match self.keys.hear(&packet.topic, &packet.payload, &self.network, Some(self.at)) {
            Ok(heard) => match heard.message {
                Message::Plan(plan) => FieldInput::Plan(plan),
                _ => return false,
            },
            Err(rejection) => {
                *self.refused.entry(rejection.reason.name().to_owned()).or_default() += 1;
                FieldInput::Unreadable(rejection.reason.name().to_owned())
            }
        };
        let is_plan = matches!(input, FieldInput::Plan(_));
        self.field.handle(input, self.at);
        let after = self.state();
        if let (true, Some(reason)) = (is_plan, &after.refused) {
            *self.refused.entry(reason.clone()).or_default() += 1;
        }
        std::mem::replace(&mut self.applied, after.applied) != after.applied
    }
}

fn report(field: &mut Field, at: Timestamp) -> StateReport {
    let outputs = field.handle(FieldInput::Report, at);
    let state = outputs.into_iter().find_map(|output| match output {
        FieldOutput::State(state) => Some(state),
        _ => None,
    });
    state.expect("a report was asked for")
}

/// What an attacker has: what went over the wire, a key of his own, and a colleague with the right key who was fenced out.
struct Attacker {
    random: Random,
    heard: Vec<Packet>,
    stranger: KeyRing,
    guesser: KeyRing,
    south: KeyRing,
    zombie: KeyRing,
}

/// Kinds of attack; each comes as often as the others.
const KINDS: [&str; 12] = [
    "replayed",
    "unsigned",
    "guessed secret",
    "unknown key",
    "key of another controller",
    "one bit changed",
    "code cut off",
    "moved to another topic",
    "old epoch, right key",
    "stale, right key",
    "foreign nonce, right key",
    "foreign configuration, right key",
];

impl Attacker {
    fn new() -> Self {
        Self {
            random: Random(SEED),
            heard: Vec::new(),
            stranger: one_key("other", "north", 9),
            guesser: one_key("north-1", "north", 8),
            south: one_key("south-1", "north", 3),
            zombie: one_key("north-1", "north", 1),
        }
    }

    /// A packet of a kind, around a plan that would be obeyed; `None` while nothing has been heard that it needs.
    fn attack(&mut self, kind: &str, good: &Plan, network: &Network) -> Option<Packet> {
        let seq = good.seq + 1 + self.random.below(1_000_000) as u64;
        let plan = Plan { seq, ..good.clone() };
        let plain = |plan: Plan| encode(&Message::Plan(plan), network).expect("it can be written");
        let sealed = |ring: &KeyRing, plan| ring.seal(plain(plan)).expect("it is short");
        Some(match kind {
            "replayed" => {
                let at = self.random.below(self.heard.len().max(1));
                self.heard.get(at)?.clone()
            }
            "unsigned" => plain(plan),
            "guessed secret" => sealed(&self.guesser, plan),
            "unknown key" => sealed(&self.stranger, plan),
            "key of another controller" => sealed(&self.south, plan),
            "one bit changed" => {
                let mut packet = self.heard.last()?.clone();
                let at = self.random.below(packet.payload.len());
                packet.payload[at] ^= 1 << self.random.below(8);
                packet
            }
            "code cut off" => {
                let mut packet = sealed(&self.zombie, plan);
                let left = packet.payload.len() - 1 - self.random.below(70);
                packet.payload.truncate(left);
                packet
            }
            "moved to another topic" => {
                let from = Plan { intersection: "south".into(), ..plan };
                let packet = one_key("north-1", "south", 1).seal(plain(from)).expect("it is short");
                let text = String::from_utf8(packet.payload).expect("JSON").replace("\"south\"", "\"north\"");
                Packet { topic: packet.topic.replace("/south/", "/north/"), payload: text.into_bytes(), ..packet }
            }
            "old epoch, right key" => sealed(&self.zombie, Plan { epoch: good.epoch - 1, ..plan }),
            "stale, right key" => {
                let age = Plan::LEASE_MAX + Millis(1 + self.random.below(60_000).cast_signed() as i64);
                sealed(&self.zombie, Plan { issued: plan.issued - age, ..plan })
            }
            "foreign nonce, right key" => {
                let nonce_echo = self.random.next() & StateReport::NONCE_MAX;
                sealed(&self.zombie, Plan { nonce_echo, ..plan })
            }
            _ => sealed(&self.zombie, Plan { config_hash: "0123456789abcdef".to_owned(), ..plan }),
        })
    }
}

#[test]
fn of_a_hundred_thousand_attacks_none_is_obeyed_and_every_good_plan_in_between_is() {
    let (mut cabinet, mut attacker) = (Cabinet::new(), Attacker::new());
    let engine = one_key("north-1", "north", 1);
    let (mut tried, mut obeyed, mut seq) = (0, 0, 0_u64);
    let mut accepted: BTreeMap<&str, u64> = BTreeMap::new();
    let mut count: BTreeMap<&str, u64> = BTreeMap::new();
    while tried < ATTACKS {
        seq += 1;
        let state = cabinet.publish();
        let good = Plan { epoch: 1_800_000_000, ..going_on(&state, seq, cabinet.at) };
        let packet = engine.seal(encode(&Message::Plan(good.clone()), &cabinet.network).unwrap()).unwrap();
        obeyed += u64::from(cabinet.hear(&packet));
        attacker.heard.push(packet);
        for _ in 0..BETWEEN.min(ATTACKS - tried) {
            let kind = KINDS[tried % KINDS.len()];
            if let Some(packet) = attacker.attack(kind, &good, &cabinet.network) {
                *accepted.entry(kind).or_default() += u64::from(cabinet.hear(&packet));
                *count.entry(kind).or_default() += 1;
            }
            tried += 1;
            if tried % (BETWEEN / 10) == 0 {
                cabinet.wait(100);
            }
        }
    }
    println!(
        "{tried} attacks, seed {SEED}: {count:?}; accepted {accepted:?}; refused for {:?}; {obeyed} of {seq} good plans obeyed",
        cabinet.refused
    );
    assert_eq!(accepted.values().sum::<u64>(), 0, "{accepted:?}");
    assert_eq!(count.values().sum::<u64>(), ATTACKS as u64);
    assert_eq!(obeyed, seq, "a controller that obeys nobody proves nothing");
    assert_eq!(cabinet.field.mode(), FieldMode::Remote);
    assert_eq!(cabinet.state().applied, Some(PlanRef { epoch: 1_800_000_000, seq }));
    for reason in ["unsigned", "unknown_key", "wrong_mac", "old", "from_the_past", "nonce", "config_hash", "lease"] {
        assert!(cabinet.refused.contains_key(reason), "{reason}: {:?}", cabinet.refused);
    }
}
