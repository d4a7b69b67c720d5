//! Every reason why a message is turned away, each with a message that is right but for that.

use crate::street::network;
use crate::wire::{NOW, counts, outflow, plan, state};
use lightwatch::time::{Millis, Timestamp};
use lightwatch::wire::{Message, PAYLOAD_MAX, Reason, decode, encode};
use std::collections::BTreeSet;

/// The reason for which a payload is turned away after a piece of it was replaced.
fn reason_after(message: &Message, from: &str, to: &str) -> Reason {
    let network = network();
    let packet = encode(message, &network).unwrap();
    let text = String::from_utf8(packet.payload).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    reason(&packet.topic, text.replacen(from, to, 1).as_bytes())
}

fn reason(topic: &str, bytes: &[u8]) -> Reason {
    decode(topic, bytes, &network(), Some(NOW)).expect_err("it must be turned away").reason
}

const COUNTS: &str = "lw/1/Testville/north/counts";

#[test]
fn each_fault_of_a_counts_message_has_its_reason() {
    let cases = [
        ("\"v\":1", "\"v\":2", Reason::WrongVersion),
        ("\"v\":1", "\"v\":2,\"lanes\":5,\"was\":1", Reason::WrongVersion),
        ("\"intersection\":\"north\"", "\"intersection\":\"south\"", Reason::WrongIntersection),
        ("\"top_0\"", "\"elm_street_0\"", Reason::UnknownLane),
        ("\"north_loop\"", "\"south_loop\"", Reason::UnknownLane),
        ("\"top_1\"", "\"top_0\"", Reason::DuplicateLane),
        ("\"count\":7", "\"count\":-7", Reason::Negative),
        ("\"count\":7", "\"count\":NaN", Reason::NotFinite),
        ("\"count\":7", "\"count\": -Infinity", Reason::NotFinite),
        ("\"mean_speed_mps\":6.94", "\"mean_speed_mps\":1e999", Reason::NotFinite),
        ("\"count\":7", "\"count\":1000", Reason::TooBig),
        ("\"count\":7", "\"count\":1e30", Reason::TooBig),
        ("\"count\":7", "\"count\":99999999999999999999999999", Reason::TooBig),
        ("\"passed\":1", "\"passed\":50", Reason::TooBig),
        ("\"occupancy\":0.125", "\"occupancy\":1.5", Reason::TooBig),
        ("\"seq\":17", "\"seq\":9007199254740992", Reason::TooBig),
        ("\"count\":7", "\"count\":7.5", Reason::Malformed),
        ("\"count\":7", "\"count\":\"7\"", Reason::Malformed),
        ("\"count\":7", "\"count\":7,\"count\":8", Reason::Malformed),
        ("\"count\":7,", "", Reason::Malformed),
        ("\"period_ms\":1000", "\"period_ms\":0", Reason::Inconsistent),
        ("\"v\":1,", "\"v\":1,,", Reason::NotJson),
        ("north", "\u{7}north", Reason::NotJson),
    ];
    for (from, to, expected) in cases {
        assert_eq!(reason_after(&counts(), from, to), expected, "{from} -> {to}");
    }
}

#[test]
fn yesterday_and_tomorrow_are_turned_away_and_a_small_difference_of_clocks_is_not() {
    let network = network();
    let packet = encode(&counts(), &network).unwrap();
    let at = |now: Timestamp| decode(&packet.topic, &packet.payload, &network, Some(now)).map_err(|it| it.reason);
    assert!(at(NOW + Millis(10_000)).is_ok());
    assert_eq!(at(NOW + Millis(10_001)), Err(Reason::FromThePast));
    assert_eq!(at(NOW + Millis::from_secs(86_400)), Err(Reason::FromThePast));
    assert!(at(NOW - Millis(2_000)).is_ok());
    assert_eq!(at(NOW - Millis(2_001)), Err(Reason::FromTheFuture));
    assert!(decode(&packet.topic, &packet.payload, &network, None).is_ok(), "lockstep takes its time from the message");
}

#[test]
fn topics_that_are_not_ours_are_turned_away_before_the_payload_is_read() {
    assert_eq!(reason("lw/1/Elsewhere/north/counts", b"{}"), Reason::UnknownTopic);
    assert_eq!(reason("lw/1/Testville/north/weather", b"{}"), Reason::UnknownTopic);
    assert_eq!(reason("lw/1/Testville/east/counts", b"{}"), Reason::UnknownIntersection);
}

#[test]
fn a_payload_above_the_cap_is_turned_away_unread_and_zeros_at_the_cap_are_no_json() {
    assert_eq!(reason(COUNTS, &vec![b'0'; PAYLOAD_MAX + 1]), Reason::TooLarge);
    assert_eq!(reason(COUNTS, &vec![b'0'; PAYLOAD_MAX]), Reason::NotJson);
    assert_eq!(reason(COUNTS, b""), Reason::NotJson);
    assert_eq!(reason(COUNTS, &[0xff, 0xfe]), Reason::NotJson);
    let deep = "[".repeat(60_000);
    assert!(matches!(reason(COUNTS, deep.as_bytes()), Reason::NotJson | Reason::Malformed));
}

#[test]
fn each_fault_of_a_plan_or_a_state_has_its_reason() {
    let plan = Message::Plan(plan());
    let cases = [
        ("\"stage\":\"A\"", "\"stage\":\"Z\"", Reason::UnknownStage),
        ("\"signals\":\"Gr\"", "\"signals\":\"Grr\"", Reason::UnknownGroup),
        ("\"signals\":\"Gr\"", "\"signals\":\"Gx\"", Reason::Malformed),
        ("\"mode\":\"adaptive\"", "\"mode\":\"clever\"", Reason::Malformed),
        ("\"kind\":\"yellow\"", "\"kind\":\"flash\"", Reason::Malformed),
        ("\"end_ms\":1796112005000", "\"end_ms\":1796112000000", Reason::Inconsistent),
        ("\"lease_ms\":3000", "\"lease_ms\":-1", Reason::Negative),
        ("\"lease_ms\":3000", "\"lease_ms\":99999999999", Reason::TooBig),
    ];
    for (from, to, expected) in cases {
        assert_eq!(reason_after(&plan, from, to), expected, "{from} -> {to}");
    }
    let state = Message::State(state());
    let cases = [
        ("\"lamps\":\"Gr\"", "\"lamps\":\"G\"", Reason::UnknownGroup),
        ("\"since_ms\":[", "\"since_ms\":[1,", Reason::UnknownGroup),
        ("\"since_ms\":[1796111988000", "\"since_ms\":[1796112000001", Reason::Inconsistent),
        ("\"mode\":\"remote\"", "\"mode\":\"asleep\"", Reason::Malformed),
        ("\"nonce\":123456789", "\"nonce\":-1", Reason::Negative),
    ];
    for (from, to, expected) in cases {
        assert_eq!(reason_after(&state, from, to), expected, "{from} -> {to}");
    }
}

#[test]
fn an_outflow_without_entries_so_far_is_one_and_an_impossible_total_is_none() {
    let (network, message) = (network(), Message::Outflow(outflow().rounded()));
    for (from, to, expected) in [
        ("\"total\":1234", "\"total\":-1", Reason::Negative),
        ("\"total\":1234", "\"total\":9999999999", Reason::TooBig),
        ("\"reach_m\":199.5", "\"reach_m\":1e9", Reason::TooBig),
    ] {
        assert_eq!(reason_after(&message, from, to), expected, "{from} -> {to}");
    }
    let packet = encode(&message, &network).unwrap();
    let text = String::from_utf8(packet.payload).unwrap();
    let older = text.replacen(",\"entered\":{\"total\":1234,\"reach_m\":199.5}", "", 1);
    assert_ne!(older, text);
    let Ok(Message::Outflow(heard)) = decode(&packet.topic, older.as_bytes(), &network, Some(NOW)) else {
        panic!("a neighbour that does not count entries is understood");
    };
    assert_eq!(heard.entries[0].entered, None);
}

#[test]
fn what_is_new_to_us_is_ignored_and_more_halted_than_counted_is_capped() {
    let network = network();
    let packet = encode(&counts(), &network).unwrap();
    let text = String::from_utf8(packet.payload).unwrap().replacen("\"v\":1", "\"weather\":{\"rain\":true},\"v\":1", 1);
    assert_eq!(decode(COUNTS, text.as_bytes(), &network, Some(NOW)), Ok(counts()));
    let text = text.replacen("\"halted\":3", "\"halted\":9", 1);
    let Ok(Message::Counts { observation, .. }) = decode(COUNTS, text.as_bytes(), &network, Some(NOW)) else {
        panic!("a glitch of a detector does not blind the intersection");
    };
    assert_eq!((observation.places[0].count, observation.places[0].halted), (7, 7));
}

#[test]
fn the_reasons_are_a_closed_list_of_stable_names() {
    let names: BTreeSet<&str> = Reason::ALL.iter().map(|it| it.name()).collect();
    let expected = "duplicate duplicate_lane from_the_future from_the_past inconsistent malformed negative not_finite \
        not_json out_of_order retained too_big too_large too_many unknown_group unknown_intersection unknown_key unknown_lane unknown_stage \
        unknown_topic unserved unsigned wrong_intersection wrong_mac wrong_version";
    assert!(names.into_iter().eq(expected.split_whitespace()));
}
