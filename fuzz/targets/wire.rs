//! Any payload under any topic: decoded or turned away with a reason, and what was understood is said again in the same way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lightwatch::network::Network;
use lightwatch::time::Timestamp;
use lightwatch::wire::{Topic, decode, encode};
use std::sync::LazyLock;

#[path = "../../tests/it/street.rs"]
#[allow(dead_code, reason = "other tests use the rest of the street")]
mod street;

/// 1 December 2026, 08:00 UTC, as in the golden payloads.
const NOW: Timestamp = Timestamp(1_796_112_000_000);
static STREET: LazyLock<Network> = LazyLock::new(street::network);

/// What comes after the city in topics of every kind.
const CHANNELS: [&str; 11] = [
    "north/counts",
    "north/plan",
    "north/state",
    "north/spat",
    "north/decision",
    "north/outflow",
    "north/request",
    "north/command/stage",
    "north/result/stage",
    "north/alarm/stale_counts",
    "$engine/east/presence",
];

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = Topic::parse(&text);
    let own = text.lines().next().unwrap_or_default();
    let topics = CHANNELS.iter().map(|channel| format!("lw/1/Testville/{channel}")).chain([own.to_owned()]);
    for topic in topics {
        let Ok(message) = decode(&topic, bytes, &STREET, Some(NOW)) else { continue };
        let Ok(packet) = encode(&message, &STREET) else { continue };
        let again = decode(&packet.topic, &packet.payload, &STREET, Some(NOW)).expect("what we say we understand");
        let once_more = encode(&again, &STREET).expect("and can say again");
        assert_eq!(packet.payload, once_more.payload, "in the same bytes");
    }
});
