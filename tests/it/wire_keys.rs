//! Keys: which file of keys is good, what a ring signs, and what it lets in.

use super::street::network;
use lightwatch::ids::{GroupIx, IntersectionId, StageIx};
use lightwatch::network::Problems;
use lightwatch::plan::{Action, Command, Request, RequestKind};
use lightwatch::time::Timestamp;
use lightwatch::wire::{Heard, KeyRing, Message, Packet, Reason, encode, key_file};
use std::fmt::Write as _;

/// A secret as it stands in a file, told apart by a letter.
pub fn secret(number: u8) -> String {
    (0..32_u8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{:02x}", byte.wrapping_mul(11) ^ number);
        text
    })
}

/// The file of a city: two keys for `north` while they are being changed, one for `south`, a desk, a fire brigade, buses.
pub fn city_keys() -> String {
    format!(
        "controller = [\n{{ id = 'north-2', intersection = 'north', secret = '{}' }},\n\
         {{ id = 'north-1', intersection = 'north', secret = '{}' }},\n{{ id = 'south-1', intersection = 'south', secret = '{}' }},\n]\n\
         operator = [{{ id = 'desk', secret = '{}', intersections = ['north'] }}]\n\
         requester = [{{ id = 'brigade', secret = '{}', kinds = ['emergency'] }}, {{ id = 'buses', secret = '{}', kinds = ['transit'] }}]\n",
        secret(2),
        secret(1),
        secret(3),
        secret(4),
        secret(5),
        secret(6)
    )
}

fn parse(text: &str, own: &[&str]) -> Result<KeyRing, Problems> {
    let own: Vec<IntersectionId> = own.iter().map(|&id| id.into()).collect();
    key_file::parse(text, "keys.toml", &network(), &own)
}

/// A good ring.
pub fn ring(text: &str) -> KeyRing {
    parse(text, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn only(table: &str, id: &str, number: u8, more: &str) -> KeyRing {
    ring(&format!("[[{table}]]\nid = '{id}'\nsecret = '{}'\n{more}\n", secret(number)))
}

fn command(intersection: &str) -> Message {
    let (at, expires) = (Timestamp::from_secs(100), Timestamp::from_secs(160));
    let (id, operator) = ("c1".to_owned(), "li".to_owned());
    Message::Command(Command {
        intersection: intersection.into(),
        id,
        at,
        expires,
        operator,
        reason: None,
        action: Action::Stage(StageIx(1)),
    })
}

fn request(kind: RequestKind) -> Message {
    let (intersection, id, at) = ("north".into(), "r1".to_owned(), Timestamp::from_secs(100));
    Message::Request(Request { intersection, id, at, kind, group: GroupIx(0), eta: None, class: None })
}

fn packet(message: &Message) -> Packet {
    encode(message, &network()).unwrap()
}

fn hear(ring: &KeyRing, packet: &Packet) -> Result<Heard, Reason> {
    ring.hear(&packet.topic, &packet.payload, &network(), None).map_err(|rejection| rejection.reason)
}

#[test]
fn a_signed_command_is_heard_with_the_name_of_its_key() {
    let engine = ring(&city_keys());
    let desk = only("operator", "desk", 4, "intersections = ['north']");
    let sealed = desk.seal(packet(&command("north"))).unwrap();
    let heard = Heard { message: command("north"), key: Some("desk".to_owned()) };
    assert_eq!(hear(&engine, &sealed), Ok(heard));
}

#[test]
fn what_is_unsigned_of_an_unknown_key_or_changed_in_one_byte_is_turned_away_by_its_reason() {
    let engine = ring(&city_keys());
    assert_eq!(hear(&engine, &packet(&command("north"))), Err(Reason::Unsigned));
    let stranger = only("operator", "nobody", 9, "");
    assert_eq!(hear(&engine, &stranger.seal(packet(&command("north"))).unwrap()), Err(Reason::UnknownKey));
    let forger = only("operator", "desk", 9, "");
    assert_eq!(hear(&engine, &forger.seal(packet(&command("north"))).unwrap()), Err(Reason::WrongMac));
    let desk = only("operator", "desk", 4, "");
    assert_eq!(
        hear(&engine, &desk.seal(packet(&command("south"))).unwrap()),
        Err(Reason::UnknownKey),
        "not its intersection"
    );

    let good = desk.seal(packet(&command("north"))).unwrap();
    for at in 0..good.payload.len() {
        let mut bent = good.clone();
        bent.payload[at] ^= 1;
        assert!(hear(&engine, &bent).is_err(), "byte {at}: {}", String::from_utf8_lossy(&bent.payload));
    }
}

#[test]
fn a_code_is_none_for_another_topic_and_a_second_mac_none_at_all() {
    let engine = ring(&city_keys());
    let desk = only("operator", "desk", 4, "");
    let mut good = desk.seal(packet(&command("north"))).unwrap();
    let mut moved = good.clone();
    moved.topic = moved.topic.replace("command/stage", "command/release");
    assert_eq!(hear(&engine, &moved), Err(Reason::WrongMac));
    good = desk.seal(good).unwrap();
    assert_eq!(
        hear(&engine, &good),
        Err(Reason::Malformed),
        "the inner one is a field like any other, and occurs twice"
    );
}

#[test]
fn priority_needs_a_key_of_its_kind_and_a_push_button_needs_none() {
    let engine = ring(&city_keys());
    let brigade = only("requester", "brigade", 5, "kinds = ['emergency']");
    let buses = only("requester", "buses", 6, "kinds = ['transit']");
    let cabinet = only("controller", "north-1", 1, "intersection = 'north'");
    let plain = KeyRing::default();
    for (signer, kind, told) in [
        (&plain, RequestKind::Pedestrian, None),
        (&plain, RequestKind::Transit, Some(Reason::Unsigned)),
        (&plain, RequestKind::Emergency, Some(Reason::Unsigned)),
        (&brigade, RequestKind::Emergency, None),
        (&brigade, RequestKind::Transit, Some(Reason::UnknownKey)),
        (&buses, RequestKind::Transit, None),
        (&buses, RequestKind::Emergency, Some(Reason::UnknownKey)),
        (&cabinet, RequestKind::Pedestrian, None),
        (&cabinet, RequestKind::Emergency, Some(Reason::UnknownKey)),
    ] {
        let sealed = signer.seal(packet(&request(kind))).unwrap();
        assert_eq!(hear(&engine, &sealed).err(), told, "{kind:?} by {signer:?}");
    }
}

#[test]
fn without_keys_nothing_is_signed_and_everything_is_heard() {
    let none = KeyRing::default();
    let sealed = none.seal(packet(&command("north"))).unwrap();
    assert_eq!(sealed, packet(&command("north")));
    assert_eq!(hear(&none, &sealed), Ok(Heard { message: command("north"), key: None }));
    let signed = only("operator", "desk", 4, "").seal(sealed).unwrap();
    assert_eq!(hear(&none, &signed).map(|heard| heard.key), Ok(None), "a code is no offence to who cannot judge it");
}

#[test]
fn a_good_file_gives_a_ring_that_does_not_print_its_secrets() {
    let told = format!("{:?}", ring(&city_keys()));
    assert!(told.contains("north-2") && !told.contains(&secret(2)[..8]), "{told}");
}

#[test]
fn every_problem_of_a_file_is_told_at_once_and_no_secret_with_it() {
    let text = format!(
        "[[controller]]\nid = 'a'\nintersection = 'north'\nsecret = '{0}'\n[[controller]]\nid = 'a'\nintersection = 'west'\nsecret = '{1}'\n\
         [[operator]]\nid = 'b b'\nsecret = '{2}'\n[[operator]]\nid = 'c'\nsecret = '{0}'\n[[operator]]\nid = 'd'\nsecret = '1234'\n\
         [[requester]]\nid = 'e'\nkinds = []\nsecret = '{3}'\n",
        secret(1),
        secret(2),
        secret(3),
        secret(4)
    );
    let problems = parse(&text, &["north", "south"]).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "keys.toml: operator `b b`: the key is wrong (allowed: an id has 1…32 of [a-zA-Z0-9_.-])",
            "keys.toml: operator `d`: the key is wrong (allowed: a secret has 64…128 hexadecimal digits, an even number of them)",
            "keys.toml: id: `a` occurs twice (allowed: every name once)",
            "keys.toml: key `a`: intersection `west` (allowed: one of the network)",
            "keys.toml: keys `a` and `c` have the same secret (allowed: a secret of its own for each)",
            "keys.toml: key `e`: no kinds (allowed: pedestrian, transit, emergency)",
            "keys.toml: controller: no key for `south` (allowed: one for each intersection of this program)",
        ]
    );
    let told = parse(&city_keys().replace("'north-1'", &format!("'{}\n", secret(1))), &[]).unwrap_err().to_string();
    assert!(told.starts_with("keys.toml:3: not a file of keys") && !told.contains(&secret(1)[..8]), "{told}");
    let three = city_keys().replace("'south'", "'north'");
    let told = parse(&three, &[]).unwrap_err().to_string();
    assert!(told.contains("3 keys for `north` (allowed: 1…2)"), "{told}");
    assert!(parse("", &[]).unwrap_err().to_string().contains("no key"));
}
