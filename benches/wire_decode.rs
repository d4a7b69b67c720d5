//! Decoding what arrives most, beside what the bare JSON parser takes for the same bytes in the same run.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lightwatch::estimate::{CountedPlace, Observation, PlaceCount};
use lightwatch::ids::{LaneIx, StageIx};
use lightwatch::network::Network;
use lightwatch::network::file::NetworkFile;
use lightwatch::plan::{Interval, IntervalKind, Mode, Plan};
use lightwatch::time::{Millis, Timestamp};
use lightwatch::units::Indication;
use lightwatch::wire::{Message, decode, encode};
use serde_json::json;
use std::hint::black_box;

const LANES: usize = 24;
const NOW: Timestamp = Timestamp(1_796_112_000_000);

/// One intersection: four approaches of six lanes, a signal group and a stage for each approach.
fn network() -> Network {
    let lane = |lane: usize| json!({ "id": format!("lane_{lane}"), "length_m": 200.0, "speed_mps": 13.9 });
    let approach = |leg: usize| json!({ "id": format!("leg_{leg}"), "lanes": (leg * 6..leg * 6 + 6).map(lane).collect::<Vec<_>>() });
    let movement = |lane: usize| {
        json!({ "id": format!("m{lane}"), "lane": format!("lane_{lane}"), "group": format!("g{}", lane / 6),
                "exit": "out_0", "turn": "through" })
    };
    let stage = |on: usize| {
        let signals: String = (0..4).map(|group| if group == on { 'G' } else { 'r' }).collect();
        json!({ "id": format!("s{on}"), "signals": signals })
    };
    let pairs = (0..4).flat_map(|a| (a + 1..4).map(move |b| json!({ "between": [format!("g{a}"), format!("g{b}")] })));
    let file = json!({ "city": "bench", "intersections": [{
        "id": "x",
        "approaches": (0..4).map(approach).collect::<Vec<_>>(),
        "exits": [{ "id": "out_0", "link": "out", "length_m": 200.0 }],
        "groups": (0..4).map(|it| json!({ "id": format!("g{it}"), "change_ms": 3000, "green_min_ms": 5000 })).collect::<Vec<_>>(),
        "movements": (0..LANES).map(movement).collect::<Vec<_>>(),
        "conflicts": pairs.collect::<Vec<_>>(),
        "stages": (0..4).map(stage).collect::<Vec<_>>(),
    }] });
    let file = NetworkFile::from_json(&file.to_string(), "bench").expect("the network can be read");
    Network::build(file).expect("the network is sound")
}

fn counts() -> Message {
    let place = |lane: usize| PlaceCount {
        place: CountedPlace::Lane(LaneIx(lane)),
        count: (lane % 9) as u32,
        halted: (lane % 4) as u32,
        passed: (lane % 2) as u32,
        occupancy: Some(0.25),
        mean_speed_mps: Some(7.125),
    };
    let places = (0..LANES).map(place).collect();
    let observation = Observation { at: NOW, seq: 1, period: Millis(1_000), places };
    Message::Counts { intersection: "x".into(), observation, passages: Vec::new() }
}

fn plan(network: &Network) -> Message {
    let interval = |(n, start): (usize, i64)| Interval {
        stage: StageIx(n % 4),
        start: NOW + Millis(start),
        end: NOW + Millis(start + 4_000),
        kind: IntervalKind::Green,
        signals: (0..4).map(|it| if it == n % 4 { Indication::Protected } else { Indication::Red }).collect(),
    };
    Message::Plan(Plan {
        intersection: "x".into(),
        config_hash: network.intersections[0].config_hash.clone(),
        epoch: 1,
        seq: 1,
        issued: NOW,
        lease: Plan::LEASE_MAX,
        nonce_echo: 1,
        mode: Mode::Adaptive,
        reason: "stage s0 is cheaper than s1 by 12 veh s".to_owned(),
        intervals: (0..8).zip((0..).step_by(4_000)).map(interval).collect(),
    })
}

fn decoding(criterion: &mut Criterion) {
    let network = network();
    let mut group = criterion.benchmark_group("wire_decode");
    for (name, message) in [("counts_24_lanes", counts()), ("plan_8_intervals", plan(&network))] {
        let packet = encode(&message, &network).expect("it is of the network");
        group.throughput(Throughput::Bytes(packet.payload.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| decode(black_box(&packet.topic), black_box(&packet.payload), &network, Some(NOW)));
        });
        group.bench_function(format!("{name}_bare_json"), |bencher| {
            bencher.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(&packet.payload)));
        });
        group.bench_function(format!("{name}_encode"), |bencher| {
            bencher.iter(|| encode(black_box(&message), &network));
        });
    }
    group.finish();
}

criterion_group!(benches, decoding);
criterion_main!(benches);
