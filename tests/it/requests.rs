//! Whoever asks for green, in the closed loop of controller and field controller, judged by the monitor.

use crate::closed_loop::{BALANCED, Bench, LOPSIDED, strategies};
use lightwatch::controller::{Input, Output, Strategy};
use lightwatch::ids::GroupIx;
use lightwatch::plan::{Refusal, Request, RequestKind};
use lightwatch::time::Millis;
use proptest::prelude::*;
use simulator::monitor::Kind;

/// The left turn from the west, from a road that nobody drives on.
const LEFT_WEST: usize = 7;

fn request(bench: &Bench, id: &str, kind: RequestKind, group: usize, in_s: Option<i64>) -> Request {
    Request {
        intersection: bench.intersection.id.clone(),
        id: id.to_owned(),
        at: bench.at(),
        kind,
        group: GroupIx(group),
        eta: in_s.map(|secs| bench.at() + Millis::from_secs(secs)),
        class: None,
    }
}

fn ask(bench: &mut Bench, id: &str, kind: RequestKind, group: usize, in_s: Option<i64>) {
    let request = request(bench, id, kind, group, in_s);
    bench.tell_engine(Input::Request(request));
}

/// Seconds until a group is green, within two minutes.
fn until_green(bench: &mut Bench, group: usize) -> usize {
    (0..120)
        .find(|_| {
            let green = bench.lamps[group].is_green();
            bench.run(1);
            green
        })
        .expect("it becomes green")
}

#[test]
fn an_emergency_vehicle_finds_green_under_every_strategy_and_then_all_goes_on_as_before() {
    for strategy in strategies() {
        let mut bench = Bench::new(strategy.clone(), LOPSIDED);
        bench.run(60);
        ask(&mut bench, "fire", RequestKind::Emergency, 6, Some(20));
        bench.run(17);
        for second in 17..26 {
            assert!(bench.lamps[6].is_green(), "{strategy:?} at {second}");
            bench.run(1);
        }
        bench.run(60);
        bench.assert_sound();
        assert!(bench.lamps[0].is_green() || strategy != Strategy::Adaptive, "the busy road again");
    }
}

#[test]
fn the_green_of_an_emergency_vehicle_is_not_begun_before_it_must() {
    let mut bench = Bench::new(Strategy::Adaptive, LOPSIDED);
    bench.run(60);
    ask(&mut bench, "fire", RequestKind::Emergency, 6, Some(60));
    bench.run(40);
    assert!(bench.lamps[0].is_green(), "the busy road goes on");
    bench.run(17);
    assert!(bench.lamps[6].is_green());
    bench.assert_sound();
}

#[test]
fn two_emergency_vehicles_are_served_in_the_order_in_which_they_come() {
    let mut bench = Bench::new(Strategy::Adaptive, BALANCED);
    bench.run(60);
    ask(&mut bench, "second", RequestKind::Emergency, 2, Some(45));
    ask(&mut bench, "first", RequestKind::Emergency, 0, Some(25));
    bench.run(24);
    assert!(bench.lamps[0].is_green() && !bench.lamps[2].is_green());
    bench.run(20);
    assert!(bench.lamps[2].is_green() && !bench.lamps[0].is_green());
    bench.run(60);
    bench.assert_sound();
}

#[test]
fn after_an_emergency_the_longest_queue_goes_first() {
    let mut bench = Bench::new(Strategy::Adaptive, [0.3, 0.0, 0.02, 0.0, 0.3, 0.0, 0.02, 0.0]);
    bench.run(60);
    for _ in 0..8 {
        ask(&mut bench, "fire", RequestKind::Emergency, LEFT_WEST, Some(12));
        bench.run(5);
    }
    let longest = (0..8).max_by(|&a, &b| bench.queues[a].total_cmp(&bench.queues[b])).unwrap();
    assert!(bench.lamps[LEFT_WEST].is_green() && bench.queues[longest] > 5.0);
    let waits: Vec<usize> = (0..8).filter(|&group| !bench.lamps[group].is_green()).collect();
    let first = (0..60).find_map(|_| {
        bench.run(1);
        waits.iter().copied().find(|&group| bench.lamps[group].is_green())
    });
    assert!(first.is_some_and(|group| group == longest || group == (longest + 4) % 8), "{first:?} before {longest}");
    bench.assert_sound();
}

#[test]
fn somebody_who_calls_is_served_long_before_the_maximum_red_even_where_nobody_else_goes() {
    let mut bench = Bench::new(Strategy::Adaptive, [0.25, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0]);
    bench.run(60);
    ask(&mut bench, "walk", RequestKind::Pedestrian, LEFT_WEST, None);
    let waited = until_green(&mut bench, LEFT_WEST);
    assert!(waited <= 40, "{waited} s");
    bench.assert_sound();
}

#[test]
fn a_bus_finds_green_when_it_comes_and_nobody_is_held_for_it_afterwards() {
    let mut bench = Bench::new(Strategy::Adaptive, LOPSIDED);
    bench.run(60);
    ask(&mut bench, "line 12", RequestKind::Transit, 6, Some(30));
    let waited = until_green(&mut bench, 6);
    assert!((10..=33).contains(&waited), "{waited} s");
    bench.run(20);
    assert!(bench.lamps[0].is_green());
    bench.assert_sound();
}

#[test]
fn impossible_requests_are_refused_by_name_and_change_nothing() {
    let mut bench = Bench::new(Strategy::Adaptive, BALANCED);
    bench.run(60);
    for (in_s, why) in [(-11, Refusal::EtaPast), (601, Refusal::EtaFuture)] {
        ask(&mut bench, "fire", RequestKind::Emergency, 5, Some(in_s));
        assert_eq!(bench.outputs.last(), Some(&Output::Refused(why)));
    }
    for number in 0..40 {
        ask(&mut bench, &format!("walk-{number}"), RequestKind::Pedestrian, 0, None);
    }
    let refused = bench.outputs.iter().filter(|it| **it == Output::Refused(Refusal::TooMany)).count();
    assert_eq!(refused, 8);
    bench.run(60);
    bench.assert_sound();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whoever_asks_for_whatever_the_lamps_stay_safe_and_nobody_starves(
        asked in prop::collection::vec((0..300_i64, 0..3_usize, 0..8_usize, prop::option::of(-5..90_i64), 0..6_usize), 0..60),
        strategy in 0..4_usize,
    ) {
        let mut bench = Bench::new(strategies()[strategy].clone(), BALANCED);
        for second in 0..300 {
            for &(_, kind, group, in_s, id) in asked.iter().filter(|it| it.0 == second) {
                let kind = [RequestKind::Pedestrian, RequestKind::Transit, RequestKind::Emergency][kind];
                ask(&mut bench, &format!("{kind:?}-{id}"), kind, group, in_s);
            }
            bench.run(1);
        }
        bench.assert_sound();
        prop_assert_eq!(bench.monitor.count(Kind::Starved), 0);
    }
}
