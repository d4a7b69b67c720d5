//! The wire as others see it: golden payloads, schemas, the `AsyncAPI` document, and what survives a round trip.

use crate::golden::hold;
use crate::street::network;
use lightwatch::estimate::{CountedPlace, Entered, EntryRoom, LinkOutflow, Observation, Outflow, PlaceCount};
use lightwatch::ids::{FeederIx, GroupIx, LaneIx, StageIx};
use lightwatch::plan::{
    Action, Alarm, AlarmPhase, Command, CommandResult, Decision, FieldMode, GroupShown, Interval, IntervalKind, Mode,
    Plan, PlanRef, Request, RequestKind, Scene, Severity, Shown, Spat, StateReport, Verb,
};
use lightwatch::time::{Millis, Timestamp};
use lightwatch::units::Indication;
use lightwatch::wire::{Message, Passage, Presence, PresenceStatus, Role, asyncapi, decode, encode, schema};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Tuesday, 1 December 2026, 08:00 UTC.
pub const NOW: Timestamp = Timestamp(1_796_112_000_000);

fn place(place: CountedPlace, count: u32) -> PlaceCount {
    PlaceCount { place, count, halted: count / 2, passed: 1, occupancy: Some(0.125), mean_speed_mps: Some(6.94) }
}

pub fn plan() -> Plan {
    let interval = |stage, from: i64, to: i64, kind, lamps: [Indication; 2]| Interval {
        stage: StageIx(stage),
        start: NOW + Millis::from_secs(from),
        end: NOW + Millis::from_secs(to),
        kind,
        signals: lamps.to_vec(),
    };
    Plan {
        intersection: "north".into(),
        config_hash: network().intersections[0].config_hash.clone(),
        epoch: 3,
        seq: 4711,
        issued: NOW,
        lease: Plan::LEASE_MAX,
        nonce_echo: StateReport::NONCE_MAX,
        mode: Mode::Adaptive,
        reason: "A: 12 veh·s cheaper than B".to_owned(),
        intervals: vec![
            interval(0, 0, 5, IntervalKind::Green, [Indication::Protected, Indication::Red]),
            interval(1, 5, 8, IntervalKind::Yellow, [Indication::Yellow, Indication::Red]),
            interval(1, 8, 9, IntervalKind::AllRed, [Indication::Red; 2]),
            interval(1, 9, 20, IntervalKind::Green, [Indication::Red, Indication::Protected]),
        ],
    }
}

pub fn counts() -> Message {
    Message::Counts {
        intersection: "north".into(),
        observation: Observation {
            at: NOW,
            seq: 17,
            period: Millis(1000),
            places: vec![
                place(CountedPlace::Lane(LaneIx(0)), 7),
                place(CountedPlace::Lane(LaneIx(1)), 0),
                PlaceCount { occupancy: None, mean_speed_mps: None, ..place(CountedPlace::Lane(LaneIx(2)), 3) },
                place(CountedPlace::Feeder(FeederIx(0)), 2),
            ],
        },
        passages: vec![Passage {
            place: CountedPlace::Lane(LaneIx(0)),
            detector: "north_loop".into(),
            at: NOW - Millis(420),
            length_m: Some(4.8),
            class: Some("car".to_owned()),
        }],
    }
}

pub fn state() -> StateReport {
    let shown = |indication, since: i64, green_end| GroupShown { indication, since: NOW - Millis(since), green_end };
    StateReport {
        intersection: "north".into(),
        config_hash: network().intersections[0].config_hash.clone(),
        shown: Shown {
            at: NOW,
            stage: Some(StageIx(0)),
            groups: vec![
                shown(Indication::Protected, 12_000, None),
                shown(Indication::Red, 16_000, Some(NOW - Millis(19_000))),
            ],
        },
        mode: FieldMode::Remote,
        applied: Some(PlanRef { epoch: 3, seq: 4710 }),
        refused: None,
        nonce: 123_456_789,
    }
}

pub fn outflow() -> Outflow {
    Outflow {
        intersection: "north".into(),
        at: NOW,
        links: vec![LinkOutflow { link: "middle".into(), step: Outflow::STEP, vehicles: vec![0.0, 1.25, 2.0 / 3.0] }],
        entries: vec![EntryRoom {
            approach: "top".into(),
            vehicles: 9.5,
            queued: 4.0,
            storage: 53.333_333,
            moves_in: Some(Millis(7_000)),
            entered: Some(Entered { total: 1234, reach_m: 199.5 }),
        }],
    }
    .rounded()
}

/// One message of every kind, under the name of its schema.
fn samples() -> BTreeMap<&'static str, Message> {
    let network = network();
    let north = || "north".into();
    let command = Command {
        intersection: north(),
        id: "c-1".into(),
        at: NOW,
        expires: NOW + Millis::from_secs(600),
        operator: "duty engineer".into(),
        reason: None,
        action: Action::Stage(StageIx(1)),
    };
    let result = CommandResult {
        intersection: north(),
        id: "c-1".into(),
        at: NOW,
        verb: Verb::Stage,
        accepted: true,
        reason: "stage B is held until 08:10".into(),
    };
    let request = Request {
        intersection: north(),
        id: "bus-12".into(),
        at: NOW,
        kind: RequestKind::Transit,
        group: GroupIx(1),
        eta: Some(NOW + Millis(9_000)),
        class: Some("line 12".into()),
    };
    let decision = Decision {
        intersection: north(),
        at: NOW,
        seq: 4711,
        mode: Mode::Adaptive,
        scene: Scene::Peak,
        chosen: StageIx(0),
        runner_up: Some(StageIx(1)),
        runner_up_cost: [("delay".to_owned(), 72.0), ("stops".to_owned(), 5.75)].into(),
        labels: 1234,
        cost: BTreeMap::from([("delay".to_owned(), 61.25), ("stops".to_owned(), 4.5)]),
        input_hash: "0123456789abcdef".into(),
        reason: "A: 12 veh·s cheaper than B".into(),
    };
    let alarm = Alarm {
        intersection: north(),
        code: "detector_stuck".into(),
        at: NOW,
        phase: AlarmPhase::Raised,
        severity: Severity::Warning,
        detail: "top_1: presence for 3 min while green".into(),
        handling: None,
    };
    let role = Some(Role::Leading { epoch: 1_763_880_000 });
    let presence =
        Presence { engine: "engine-1".into(), status: PresenceStatus::Online, version: "0.1.0".into(), role };
    let spat = Spat::of(&plan(), &network.intersections[0], NOW).expect("the plan says something about now");
    BTreeMap::from([
        ("counts", counts()),
        ("plan", Message::Plan(plan())),
        ("state", Message::State(state())),
        ("spat", Message::Spat(spat)),
        ("request", Message::Request(request)),
        ("decision", Message::Decision(decision)),
        ("outflow", Message::Outflow(outflow())),
        ("command", Message::Command(command)),
        ("result", Message::Result(result)),
        ("alarm", Message::Alarm(alarm)),
        ("presence", Message::Presence(presence)),
    ])
}

#[test]
fn every_message_has_its_golden_payload_and_survives_it() {
    let network = network();
    assert!(samples().keys().copied().eq({
        let mut names = schema::NAMES;
        names.sort_unstable();
        names
    }));
    for (name, message) in samples() {
        let packet = encode(&message, &network).unwrap();
        let text = String::from_utf8(packet.payload.clone()).unwrap();
        hold(&format!("tests/golden/wire/{name}.json"), &(text + "\n"));
        assert_eq!(decode(&packet.topic, &packet.payload, &network, Some(NOW)).as_ref(), Ok(&message), "{name}");
        assert_eq!(encode(&message, &network).unwrap(), packet, "the same value gives the same bytes");
    }
}

#[test]
fn the_schemas_are_those_of_the_types_and_hold_for_the_golden_payloads() {
    for name in schema::NAMES {
        let schema = schema::of(name).expect("every name has a schema");
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        hold(&format!("docs/schemas/{name}.schema.json"), &text);
        let validator = jsonschema::validator_for(schema.as_value()).expect("the schema is one");
        let packet = encode(&samples()[name], &network()).unwrap();
        let mut payload: serde_json::Value = serde_json::from_slice(&packet.payload).unwrap();
        assert!(validator.is_valid(&payload), "{name}: {:?}", validator.iter_errors(&payload).next());
        payload.as_object_mut().unwrap().remove("v");
        assert!(!validator.is_valid(&payload), "{name} without a version must not be valid");
    }
}

#[test]
fn the_asyncapi_document_is_that_of_the_code() {
    let text = asyncapi::yaml();
    hold("docs/asyncapi.yaml", &text);
    // Written down once more by hand, from the table of the design: address, quality of service, retained.
    let table = [
        ("counts", "lw/1/{city}/{intersection}/counts", 0, false),
        ("plan", "lw/1/{city}/{intersection}/plan", 0, false),
        ("state", "lw/1/{city}/{intersection}/state", 0, false),
        ("spat", "lw/1/{city}/{intersection}/spat", 0, false),
        ("request", "lw/1/{city}/{intersection}/request", 1, false),
        ("decision", "lw/1/{city}/{intersection}/decision", 0, false),
        ("outflow", "lw/1/{city}/{intersection}/outflow", 0, false),
        ("command", "lw/1/{city}/{intersection}/command/{verb}", 1, false),
        ("result", "lw/1/{city}/{intersection}/result/{verb}", 1, false),
        ("alarm", "lw/1/{city}/{intersection}/alarm/{code}", 1, true),
        ("presence", "lw/1/{city}/$engine/{engine}/presence", 1, true),
    ];
    for (name, address, qos, retain) in table {
        assert!(text.contains(&format!("address: \"{address}\"\n")), "{address}");
        let packet = encode(&samples()[name], &network()).unwrap();
        assert_eq!((packet.qos as i32, packet.retain), (qos, retain), "{name}");
        let operation = text.split("\noperations:\n").nth(1).unwrap();
        let (_, after) = operation.split_once(&format!("_{name}:\n")).expect("every channel has an operation");
        let binding = after.split("channel:").next().unwrap();
        assert!(binding.contains(&format!("qos: {qos}\n")), "{name}");
        assert!(binding.contains(&format!("retain: {retain}\n")), "{name}");
    }
}

fn any_place() -> impl Strategy<Value = (u32, u32, u32, Option<u32>, Option<u32>)> {
    (0_u32..40, 0_u32..40, 0_u32..5, proptest::option::of(0_u32..1000), proptest::option::of(0_u32..50_000))
}

proptest! {
    #[test]
    fn any_counts_survive_the_wire(
        seq in 0..=StateReport::NONCE_MAX,
        entries in proptest::collection::vec(any_place(), 4),
        heard in proptest::collection::vec(any::<bool>(), 4),
    ) {
        let network = network();
        let places = [0, 1, 2].map(|lane| CountedPlace::Lane(LaneIx(lane)));
        let places = places.into_iter().chain([CountedPlace::Feeder(FeederIx(0))]).zip(entries).zip(heard);
        let places = places.filter(|&(_, heard)| heard).map(|((place, (count, halted, passed, occupancy, speed)), _)| {
            PlaceCount {
                place,
                count,
                halted: halted.min(count),
                passed,
                occupancy: occupancy.map(|it| f64::from(it) / 1000.0),
                mean_speed_mps: speed.map(|it| f64::from(it) / 1000.0),
            }
        });
        let observation = Observation { at: NOW, seq, period: Millis(1000), places: places.collect() };
        let message = Message::Counts { intersection: "south".into(), observation, passages: Vec::new() };
        let packet = encode(&message, &network).unwrap();
        prop_assert_eq!(decode(&packet.topic, &packet.payload, &network, Some(NOW)), Ok(message));
    }

    #[test]
    fn any_plan_survives_the_wire(
        epoch in 0..=StateReport::NONCE_MAX,
        lengths in proptest::collection::vec((1_i64..60_000, 0_usize..2, 0_usize..8, 0_usize..8), 1..64),
        reason in "\\PC{0,60}",
    ) {
        let network = network();
        let mut end = NOW;
        let intervals = lengths.into_iter().map(|(length, stage, a, b)| {
            let start = end;
            end = end + Millis(length);
            let signals = vec![Indication::ALL[a], Indication::ALL[b]];
            Interval { stage: StageIx(stage), start, end, kind: IntervalKind::Green, signals }
        });
        let message = Message::Plan(Plan { epoch, reason, intervals: intervals.collect(), ..plan() });
        let packet = encode(&message, &network).unwrap();
        prop_assert_eq!(decode(&packet.topic, &packet.payload, &network, Some(NOW)), Ok(message));
    }

    #[test]
    fn any_outflow_survives_the_wire_once_it_is_rounded(vehicles in proptest::collection::vec(0.0..50.0_f64, 0..60)) {
        let network = network();
        let mut outflow = outflow();
        outflow.links[0].vehicles = vehicles;
        let message = Message::Outflow(outflow.rounded());
        let packet = encode(&message, &network).unwrap();
        prop_assert_eq!(decode(&packet.topic, &packet.payload, &network, Some(NOW)), Ok(message));
    }

    #[test]
    fn arbitrary_bytes_never_panic(topic in "\\PC{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let network = network();
        prop_assert!(decode(&topic, &bytes, &network, Some(NOW)).is_err());
        for message in samples().values() {
            let topic = message.topic(&network.city).to_string();
            prop_assert!(decode(&topic, &bytes, &network, Some(NOW)).is_err());
        }
    }

    #[test]
    fn a_golden_payload_with_one_byte_changed_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let network = network();
        for message in samples().values() {
            let mut packet = encode(message, &network).unwrap();
            let at = at.index(packet.payload.len());
            packet.payload[at] = byte;
            // Many a change leaves a sound message (a digit of a count); what matters is that nothing falls over.
            let _ = decode(&packet.topic, &packet.payload, &network, Some(NOW));
            packet.payload.truncate(at);
            prop_assert!(decode(&packet.topic, &packet.payload, &network, Some(NOW)).is_err());
        }
    }
}
