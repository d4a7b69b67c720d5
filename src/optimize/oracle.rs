//! The search against brute force: every sequence of stages, second by second, in a model written a second time.
//!
//! The oracle walks one second at a time with an explicit lamp state per lane and tries *every* decision at every second
//! at which one is allowed. It shares the problem type with the search and nothing else.

use super::{Problem, Settings, Start, plan};
use crate::ids::StageIx;
use ndarray::{Array1, Array2, Array3};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// What the signal is doing in the oracle.
#[derive(Clone, Copy)]
enum Doing {
    Green { stage: usize, age: usize, must_stay: usize },
    Changing { from: usize, to: usize, age: usize, left: usize },
}

/// Cheapest cost from `second` on, by trying everything.
fn cheapest(
    problem: &Problem,
    settings: &Settings,
    second: usize,
    queue: &[f64],
    doing: Doing,
    rolling: &[bool],
) -> f64 {
    if second >= settings.horizon_s {
        return terminal(problem, settings, queue, doing);
    }
    let Doing::Green { stage, must_stay, .. } = doing else {
        let (queue, cost, doing, rolling) = one_second(problem, settings, second, queue, doing, rolling);
        return cost + cheapest(problem, settings, second + 1, &queue, doing, &rolling);
    };
    let mut best = {
        let (queue, cost, doing, rolling) = one_second(problem, settings, second, queue, doing, rolling);
        cost + cheapest(problem, settings, second + 1, &queue, doing, &rolling)
    };
    if must_stay == 0 {
        for to in (0..problem.stages()).filter(|&to| to != stage) {
            let left = problem.intergreen[[stage, to]];
            let doing =
                if left == 0 { entered(problem, to) } else { Doing::Changing { from: stage, to, age: 0, left } };
            let rolling: Vec<bool> =
                (0..queue.len()).map(|lane| problem.discharge_between[[stage, to, lane]] > 0.0).collect();
            let (queue, cost, doing, rolling) = one_second(problem, settings, second, queue, doing, &rolling);
            let total =
                settings.change_cost_s + cost + cheapest(problem, settings, second + 1, &queue, doing, &rolling);
            best = best.min(total);
        }
    }
    best
}

fn entered(problem: &Problem, to: usize) -> Doing {
    Doing::Green { stage: to, age: 0, must_stay: problem.green_min[to] }
}

/// Serve one second; returns queues, cost, what the signal does next, and which lanes are past their start-up.
fn one_second(
    problem: &Problem,
    settings: &Settings,
    second: usize,
    queue: &[f64],
    doing: Doing,
    rolling: &[bool],
) -> (Vec<f64>, f64, Doing, Vec<bool>) {
    let mut after = Vec::new();
    let mut cost = 0.0;
    for (lane, &before) in queue.iter().enumerate() {
        let coming = problem.arrivals[[lane, second]];
        let capacity = match doing {
            Doing::Green { stage, age, .. } => {
                let rate = problem.discharge[[stage, lane]];
                let started = if rolling[lane] { 1.0 } else { (age as f64 + 1.0 - settings.startup_s).clamp(0.0, 1.0) };
                if before < 0.5 { rate } else { rate * started }
            }
            Doing::Changing { from, to, age, .. } => {
                let kept = problem.discharge_between[[from, to, lane]];
                if kept > 0.0 {
                    kept
                } else {
                    problem.discharge[[from, lane]] * (settings.yellow_used_s - age as f64).clamp(0.0, 1.0)
                }
            }
        };
        let left = before + coming - capacity.min(before + coming);
        let starting = matches!(doing, Doing::Green { stage, age, .. } if problem.discharge[[stage, lane]] > 0.0
            && (rolling[lane] || age as f64 + 1.0 > settings.startup_s));
        let stopped = if capacity > 0.0 && (starting || matches!(doing, Doing::Changing { .. })) {
            coming * before.min(1.0)
        } else {
            coming
        };
        cost += problem.weight[lane] * (f64::midpoint(before, left) + settings.stop_cost_s * stopped);
        after.push(left);
    }
    let next = match doing {
        Doing::Green { stage, age, must_stay } => {
            Doing::Green { stage, age: age + 1, must_stay: must_stay.saturating_sub(1) }
        }
        Doing::Changing { from, to, age, left } if left > 1 => {
            Doing::Changing { from, to, age: age + 1, left: left - 1 }
        }
        Doing::Changing { to, .. } => entered(problem, to),
    };
    (after, cost, next, rolling.to_vec())
}

fn terminal(problem: &Problem, settings: &Settings, queue: &[f64], doing: Doing) -> f64 {
    let (stage, remaining) = match doing {
        Doing::Green { stage, .. } => (stage, 0),
        Doing::Changing { to, left, .. } => (to, left),
    };
    let mut total = 0.0;
    let best = |lane: usize| (0..problem.stages()).map(|s| problem.discharge[[s, lane]]).fold(0.0, f64::max);
    let spare = |lane: usize| {
        let lasting = problem.discharge_lasting[lane];
        (lasting - problem.rate[lane]).max(0.15 * lasting).max(0.02)
    };
    let part = |lane: usize| problem.discharge[[stage, lane]] / best(lane);
    let clearing = (0..queue.len()).map(|lane| part(lane) * (queue[lane] / spare(lane)).min(60.0)).fold(0.0, f64::max);
    for (lane, &left) in queue.iter().enumerate() {
        let turn = left.min(best(lane) * settings.terminal_green_s);
        let wait = (1.0 - part(lane)) * (settings.terminal_red_s + clearing / 2.0) + part(lane) * remaining as f64;
        total += problem.weight[lane] * (turn * wait + left * left / (2.0 * spare(lane)));
    }
    total * settings.terminal_weight
}

fn problem() -> impl Strategy<Value = Problem> {
    let (stages, lanes, steps) = (3, 4, 24);
    let served = proptest::collection::vec(proptest::bool::weighted(0.45), stages * lanes);
    let arrivals = proptest::collection::vec(proptest::bool::weighted(0.2), lanes * steps);
    let queue = proptest::collection::vec(0u8..9, lanes);
    let intergreen = proptest::collection::vec(0usize..4, stages * stages);
    // A car, a walker who has just called, one who has waited, a bus.
    let weight = proptest::collection::vec(prop::sample::select(vec![1.0, 1.0, 0.769, 2.3, 22.1]), lanes);
    (served, arrivals, queue, intergreen, weight, 0..stages, 0usize..4).prop_map(
        move |(served, arrivals, queue, intergreen, weight, stage, free_in)| {
            let discharge = Array2::from_shape_fn((stages, lanes), |(s, l)| {
                // Every lane is served somewhere; no queue of whole vehicles comes to stand just where a start-up begins
                // to count (half a vehicle), on whose other side the search's shorter numbers might put it.
                if served[s * lanes + l] || s == l % stages { 0.307 + 0.0983 * l as f64 } else { 0.0 }
            });
            let between =
                Array3::from_shape_fn((stages, stages, lanes), |(p, q, l)| discharge[[p, l]].min(discharge[[q, l]]));
            Problem {
                start: Start { stage: StageIx(stage), green_in: 0, free_in, green_for: 5 },
                intergreen: Array2::from_shape_fn((stages, stages), |(p, q)| {
                    if p == q { 0 } else { intergreen[p * stages + q] }
                }),
                green_min: vec![3, 4, 5],
                gives_way: vec![Vec::new(); stages * lanes],
                joins: vec![None; lanes],
                side_road: vec![false; lanes],
                discharge_lasting: Array1::from_elem(lanes, 0.5),
                discharge,
                discharge_between: between,
                arrivals: Array2::from_shape_fn((lanes, steps), |(l, k)| f64::from(u8::from(arrivals[l * steps + k]))),
                queue: queue.iter().map(|&q| f64::from(q)).collect(),
                room: Array1::from_elem(lanes, f64::INFINITY),
                room_from: Array1::zeros(lanes),
                room_rate: Array1::zeros(lanes),
                storage: Array1::from_elem(lanes, f64::INFINITY),
                rate: Array1::from_elem(lanes, 0.05),
                weight: weight.into(),
            }
        },
    )
}

fn brute_force(problem: &Problem, settings: &Settings) -> f64 {
    let Start { stage, free_in, green_for, .. } = problem.start;
    let doing = Doing::Green { stage: stage.0, age: green_for, must_stay: free_in };
    let rolling = vec![true; problem.lanes()];
    cheapest(problem, settings, 0, &problem.queue.to_vec(), doing, &rolling)
}

/// What the engine searches with, over a horizon that brute force can still walk.
fn bounded() -> Settings {
    Settings { horizon_s: 18, fine_until_s: 18, change_vehicles_min: 0.0, ..Settings::default() }
}

/// What the bounds cost, on problems that are the same in every run: a rule of thumb may fail now and then, but not often.
#[test]
fn the_bounded_search_comes_within_one_percent_of_the_best_on_average() {
    let mut runner = TestRunner::deterministic();
    let over: Vec<f64> = (0..400)
        .map(|_| {
            let problem = problem().new_tree(&mut runner).expect("nothing is filtered").current();
            let best = brute_force(&problem, &bounded());
            (plan(&problem, &bounded(), &[]).chosen.cost.total() - best) / best.max(1.0)
        })
        .collect();
    let mean = over.iter().sum::<f64>() / over.len() as f64;
    let worst = over.iter().copied().fold(0.0, f64::max);
    assert!(mean < 0.01, "{mean}");
    assert!(worst < 0.3, "{worst}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn an_unbounded_search_finds_what_brute_force_finds(problem in problem()) {
        let settings = Settings {
            horizon_s: 18, labels_per_bucket: 4096, labels_max: 1_000_000, fine_until_s: 18, change_vehicles_min: 0.0, ..Settings::default()
        };
        let report = plan(&problem, &settings, &[]);
        let best = brute_force(&problem, &settings);
        prop_assert!((report.chosen.cost.total() - best).abs() < 1e-5 * best.max(1.0),
            "search {} oracle {best}", report.chosen.cost.total());
    }

    #[test]
    fn the_bounded_search_is_never_worse_than_a_seed(problem in problem()) {
        let report = plan(&problem, &bounded(), &[]);
        for (kind, cost) in &report.seeds {
            prop_assert!(report.chosen.cost.total() <= cost + 1e-9, "{kind:?} costs {cost}");
        }
    }

    #[test]
    fn the_same_problem_gets_the_same_answer_and_its_own_plan_as_a_seed_makes_nothing_worse(problem in problem()) {
        let settings = Settings { horizon_s: 18, ..Settings::default() };
        let first = plan(&problem, &settings, &[]);
        let again = plan(&problem, &settings, &[]);
        prop_assert_eq!(&first.chosen.moves, &again.chosen.moves);
        let seeded = plan(&problem, &settings, &first.chosen.moves);
        prop_assert!(seeded.chosen.cost.total() <= first.chosen.cost.total() + 1e-9);
    }
}

/// Two stages, a lane each; nobody about.
fn quiet() -> Problem {
    Problem {
        start: Start { stage: StageIx(0), green_in: 0, free_in: 0, green_for: 30 },
        intergreen: Array2::from_shape_fn((2, 2), |(p, q)| if p == q { 0 } else { 3 }),
        green_min: vec![5, 5],
        gives_way: vec![Vec::new(); 4],
        joins: vec![None; 2],
        side_road: vec![false; 2],
        discharge_lasting: Array1::from_elem(2, 0.5),
        discharge: Array2::from_shape_fn((2, 2), |(s, l)| if s == l { 0.5 } else { 0.0 }),
        discharge_between: Array3::zeros((2, 2, 2)),
        arrivals: Array2::zeros((2, 80)),
        queue: Array1::zeros(2),
        room: Array1::from_elem(2, f64::INFINITY),
        room_from: Array1::zeros(2),
        room_rate: Array1::zeros(2),
        storage: Array1::from_elem(2, f64::INFINITY),
        rate: Array1::from_elem(2, 0.01),
        weight: Array1::ones(2),
    }
}

#[test]
fn a_lone_platoon_on_the_red_approach_gets_its_green_and_an_empty_junction_rests() {
    let mut quiet = quiet();
    let settings = Settings::default();
    assert!(plan(&quiet, &settings, &[]).chosen.moves.is_empty());
    (12..20).step_by(2).for_each(|step| quiet.arrivals[[1, step]] = 1.0);
    let report = plan(&quiet, &settings, &[]);
    let change = report.chosen.moves[0];
    assert_eq!(change.to, StageIx(1));
    assert!(change.leave <= 9, "leaves at {}, too late for the platoon", change.leave);
    assert!(report.chosen.cost.delay < 3.0, "{:?}", report.chosen.cost);
}

#[test]
fn a_turn_that_gives_way_gets_its_arrow_while_the_queue_across_runs_and_none_when_nobody_comes() {
    // Stage 0: lane 0 straight on, lane 1 turns across it; stage 1: lane 1 alone.
    let problem = |across: f64| Problem {
        start: Start { stage: StageIx(0), green_in: 0, free_in: 0, green_for: 30 },
        intergreen: Array2::from_shape_fn((2, 2), |(p, q)| if p == q { 0 } else { 3 }),
        green_min: vec![5, 5],
        gives_way: vec![vec![], vec![0], vec![], vec![]],
        joins: vec![None; 2],
        side_road: vec![false; 2],
        discharge_lasting: Array1::from_elem(2, 0.5),
        discharge: Array2::from_shape_vec((2, 2), vec![0.5, 0.5, 0.0, 0.5]).unwrap(),
        discharge_between: Array3::from_shape_fn((2, 2, 2), |(_, _, lane)| if lane == 1 { 0.5 } else { 0.0 }),
        arrivals: Array2::from_shape_fn((2, 80), |(lane, _)| if lane == 0 { across } else { 0.0 }),
        queue: Array1::from_vec(vec![20.0 * across, 12.0]),
        room: Array1::from_elem(2, f64::INFINITY),
        room_from: Array1::zeros(2),
        room_rate: Array1::zeros(2),
        storage: Array1::from_vec(vec![f64::INFINITY, 2.0]),
        rate: Array1::from_vec(vec![across, 0.0]),
        weight: Array1::from_vec(vec![1.0, 4.0]),
    };
    let settings = Settings::default();
    assert!(plan(&problem(0.0), &settings, &[]).chosen.moves.is_empty(), "gaps are enough");
    let busy = plan(&problem(0.3), &settings, &[]);
    assert_eq!(busy.chosen.moves.first().map(|first| first.to), Some(StageIx(1)));
    let waits = busy.seeds.iter().find(|(kind, _)| *kind == super::SeedKind::Stay).unwrap().1;
    assert!(waits > busy.chosen.cost.total() + 20.0, "{waits} against {}", busy.chosen.cost.total());
}

#[test]
fn nobody_is_let_onto_a_full_road_before_it_moves() {
    let released = |from: f64| {
        let mut problem = quiet();
        problem.queue[1] = 6.0;
        (problem.room[1], problem.room_from[1], problem.room_rate[1]) = (0.0, from, 0.5);
        let report = plan(&problem, &Settings::default(), &[]);
        let until = |step: usize| report.releases.row(1).iter().take(step).sum::<f64>();
        (until(21), until(40))
    };
    let (early, late) = (released(0.0), released(20.0));
    assert!(early.0 > 4.0, "room grows from now on: {early:?}");
    assert!(late.0 < 0.01 && late.1 > 5.0, "room grows from 20 s on: {late:?}");
}

#[test]
fn room_that_is_never_needed_changes_nothing() {
    let mut problem = quiet();
    problem.queue[1] = 6.0;
    let free = plan(&problem, &Settings::default(), &[]);
    (problem.room[1], problem.room_rate[1]) = (40.0, 0.2);
    assert_eq!(plan(&problem, &Settings::default(), &[]), free);
}

#[test]
fn green_for_whom_there_is_no_room_has_its_price_and_is_told_as_spill() {
    let spill = |block_price: f64| {
        let mut problem = quiet();
        (problem.queue[0], problem.room[0], problem.room_from[0]) = (6.0, 0.0, 80.0);
        let settings = Settings { block_price, ..Settings::default() };
        plan(&problem, &settings, &[]).seeds.iter().find(|(kind, _)| *kind == super::SeedKind::Stay).unwrap().1
    };
    let (free, dear) = (spill(0.0), spill(4.0));
    assert!((dear - free - 4.0 * 0.5 * 60.0).abs() < 1.0, "half a vehicle in each of 60 steps: {free} {dear}");
}
