//! One decision of the rolling-horizon search, at the sizes that the design names, and relative to a small one.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lightwatch::ids::StageIx;
use lightwatch::optimize::{Problem, Settings, Start, plan};
use ndarray::{Array1, Array2, Array3};
use std::hint::black_box;

/// A junction of `stages` stages and `lanes` lanes at medium load: every lane is served in one or two stages.
fn problem(stages: usize, lanes: usize, horizon: usize) -> Problem {
    let served =
        |stage: usize, lane: usize| lane % stages == stage || (lane.is_multiple_of(3) && (lane + 1) % stages == stage);
    let discharge: Array2<f64> = Array2::from_shape_fn((stages, lanes), |(s, l)| if served(s, l) { 0.5 } else { 0.0 });
    Problem {
        start: Start { stage: StageIx(0), green_in: 0, free_in: 0, green_for: 6 },
        intergreen: Array2::from_shape_fn((stages, stages), |(p, q)| if p == q { 0 } else { 3 }),
        green_min: vec![5; stages],
        discharge_between: Array3::from_shape_fn((stages, stages, lanes), |(p, q, l)| {
            discharge[[p, l]].min(discharge[[q, l]])
        }),
        gives_way: vec![Vec::new(); stages * lanes],
        joins: vec![None; lanes],
        side_road: vec![false; lanes],
        discharge_lasting: Array1::from_elem(lanes, 0.5),
        discharge,
        arrivals: Array2::from_shape_fn((lanes, horizon + 10), |(l, k)| f64::from(u8::from((7 * l + k) % 9 == 0))),
        queue: Array1::from_iter((0..lanes).map(|lane| ((lane * 5) % 7) as f64)),
        room: Array1::from_elem(lanes, f64::INFINITY),
        room_from: Array1::zeros(lanes),
        room_rate: Array1::zeros(lanes),
        storage: Array1::from_elem(lanes, 20.0),
        rate: Array1::from_elem(lanes, 0.1),
        weight: Array1::ones(lanes),
    }
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("optimize_step");
    let settings = Settings::default();
    for (stages, lanes) in [(2, 4), (4, 12), (8, 24)] {
        let problem = problem(stages, lanes, settings.horizon_s);
        let id = BenchmarkId::from_parameter(format!("{stages}_stages_{lanes}_lanes"));
        group.bench_function(id, |bencher| bencher.iter(|| plan(black_box(&problem), &settings, &[])));
    }
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
