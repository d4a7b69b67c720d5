//! Recordings that are cut at any byte, damaged in the middle, of a newer form, without their beginning.

use super::header::{Header, Order, Run};
use super::reader::Reader;
use super::{Checked, Damage, Event, RecordError, Replay, Writer};
use crate::controller::{Controller, Input, Output, Settings};
use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::network::Network;
use crate::network::sample::crossroads;
use crate::plan::{FieldMode, Shown, StateReport};
use crate::time::{Millis, Timestamp};
use crate::wire::Message;
use std::io::Cursor;
use std::sync::Arc;

const SECONDS: i64 = 4;

fn header(network: &Network, order: Order) -> Header {
    let run = Run {
        scenario: "crossroads".into(),
        controller: "adaptive".into(),
        seed: 1,
        period_s: (1, None),
        order,
        settings: vec![Settings::default()],
        memories: Vec::new(),
        neighbours: true,
    };
    Header::new(network, run)
}

/// What one controller heard and said, in two segments; the second begins with its state.
fn recorded(order: Order) -> [Vec<u8>; 2] {
    let sample = Network { city: "x".into(), intersections: vec![crossroads()], links: Vec::new() };
    let network = Arc::new(Network::build(sample.to_file()).unwrap());
    let crossroads = network.intersections[0].clone();
    let mut controller = Controller::new(Arc::new(crossroads.clone()), &[], Settings::default());
    let mut writer = Writer::begin(Arc::clone(&network), header(&network, order));
    let mut first = Vec::new();
    for second in 1..=SECONDS {
        let at = Timestamp::from_secs(second);
        let id = crossroads.id.clone();
        if second == 3 {
            first = writer.take();
            writer.turn_over(2, true);
            writer.state(at, &id, &controller);
        }
        let place = |lane| PlaceCount {
            place: CountedPlace::Lane(lane),
            count: 2,
            halted: 1,
            passed: 0,
            occupancy: None,
            mean_speed_mps: None,
        };
        let places = crossroads.lane_ixs().map(place).collect();
        let seen = Observation { at, seq: second as u64, period: Millis::from_secs(1), places };
        let report = StateReport {
            intersection: id.clone(),
            config_hash: crossroads.config_hash.clone(),
            shown: Shown { at, ..Shown::all_red(&crossroads, Timestamp(0)) },
            mode: FieldMode::Remote,
            applied: None,
            refused: None,
            nonce: second as u64,
        };
        let mut outputs = Vec::new();
        for input in [Input::State(report), Input::Counts(seen), Input::Tick] {
            if order == Order::AsHeard || input != Input::Tick {
                writer.input(at, &id, &input, None).unwrap();
            }
            outputs.extend(controller.handle(input, at));
        }
        for output in outputs {
            match output {
                Output::Decision(it) => writer.message(at, &Message::Decision(it)).unwrap(),
                Output::Publish(it) => writer.message(at, &Message::Plan(it)).unwrap(),
                Output::Outflow(it) => writer.message(at, &Message::Outflow(it)).unwrap(),
                _ => {}
            }
        }
    }
    writer.end(Timestamp::from_secs(SECONDS));
    [first, writer.take()]
}

fn reader(segments: &[&[u8]]) -> Result<Reader<Cursor<Vec<u8>>>, RecordError> {
    let segments: Vec<_> = segments.iter().map(|bytes| Cursor::new(bytes.to_vec())).collect();
    let mut segments = segments.into_iter().enumerate();
    Reader::open(Box::new(move || segments.next().map(|(ix, it)| (format!("part-{}", ix + 1), Ok(it)))))
}

/// How many events there were, and how it compares.
fn driven(segments: &[&[u8]]) -> (usize, Checked, Vec<Damage>, Option<Damage>) {
    let mut reader = reader(segments).unwrap();
    let mut replay = Replay::new(&reader.header, &reader.network, &[0]);
    let mut events = 0;
    while let Some((at, event)) = reader.event().unwrap() {
        events += usize::from(!matches!(event, Event::Gap { .. }));
        replay.take(at, event);
    }
    replay.finish(reader.torn().as_ref());
    let checked = replay.checked().next().unwrap().1.clone();
    (events, checked, reader.damages().to_vec(), reader.cut_off().cloned())
}

#[test]
fn a_recording_that_is_cut_at_any_byte_gives_what_is_whole_and_says_where_it_breaks_off() {
    for order in [Order::Seconds, Order::AsHeard] {
        let [first, second] = recorded(order);
        let (events, checked, damages, cut_off) = driven(&[&first, &second]);
        assert_eq!((checked.seconds, checked.differences, damages.len(), cut_off), (4, 0, 0, None), "{checked:?}");
        assert!(events > 15 && checked.plans == 4, "{events} {checked:?}");
        let lines = |bytes: &[u8]| bytes.split(|&byte| byte == b'\n').count() - 1;
        let head = first.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for cut in 0..head {
            let told = reader(&[&first[..cut]]).err().expect("no header, no recording").to_string();
            assert!(told.starts_with("part-1: not a recording"), "{cut} {told}");
        }
        let mut proven = 0;
        for cut in head..first.len() {
            let (events, checked, damages, cut_off) = driven(&[&first[..cut]]);
            assert_eq!((events, damages.len()), (lines(&first[..cut]) - 1, 0), "{cut}");
            let line = Some(lines(&first[..cut]) as u64 + 1);
            assert_eq!(cut_off.map(|it| (it.file, it.line)), Some(("part-1".to_owned(), line)), "{cut}");
            assert!(checked.is_same() && checked.seconds >= proven, "{cut} {checked:?}");
            proven = checked.seconds;
        }
        assert!(proven >= 1);
        // A run that is torn in the middle goes on from the state, and both are told.
        // (between two lines nothing is torn, and the next state tells it as a difference)
        for cut in (head..first.len() - 1).step_by(97).filter(|&cut| first[cut - 1] != b'\n') {
            let (_, checked, damages, cut_off) = driven(&[&first[..cut], &second]);
            assert!(checked.is_same() && checked.seconds >= 2 && cut_off.is_none(), "{cut} {checked:?}");
            assert_eq!((damages.len(), checked.gaps.len()), (1, 1), "{cut} {damages:?} {checked:?}");
            assert_eq!(checked.gaps[0].to_ms, Some(3_000));
        }
    }
}

#[test]
fn a_state_that_is_another_is_a_difference_and_earlier_segments_may_go() {
    let [first, second] = recorded(Order::AsHeard);
    let (_, checked, damages, cut_off) = driven(&[&second]);
    assert_eq!((checked.seconds, checked.differences, checked.is_whole()), (2, 0, true), "{checked:?}");
    assert_eq!((damages.len(), cut_off), (0, None));
    let text = String::from_utf8(second).unwrap();
    let state = text.find("\"cbor\":\"").unwrap() + 400;
    let digit = if &text[state..=state] == "0" { "1" } else { "0" };
    let changed = format!("{}{digit}{}", &text[..state], &text[state + 1..]);
    let (_, checked, ..) = driven(&[&first, changed.as_bytes()]);
    assert_eq!((checked.differences, checked.first.unwrap().what.as_str()), (1, "state"));
}

#[test]
fn a_line_that_is_no_event_is_named_and_what_follows_is_driven_from_the_next_state() {
    let [first, second] = recorded(Order::AsHeard);
    let text = String::from_utf8(first).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(3, "nonsense");
    lines.push("{\"ts_ms\":2000,\"something\":\"of a newer program\"}\n");
    let (_, checked, damages, _) = driven(&[lines.join("\n").as_bytes(), &second]);
    assert_eq!((damages.len(), damages[0].line), (1, Some(4)), "{damages:?}");
    assert!(damages[0].message.starts_with("no event: "), "{damages:?}");
    assert_eq!((checked.seconds, checked.unproven, checked.differences), (2, 2, 0), "{checked:?}");
    assert!(!checked.is_whole());
    let newer = text.replacen("\"lightwatch_events\":3", "\"lightwatch_events\":4", 1);
    let told = reader(&[newer.as_bytes()]).err().unwrap().to_string();
    assert!(told.contains("format 4") && told.contains("formats 2 to 3"), "{told}");
}
