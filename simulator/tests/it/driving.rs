//! One road: following, standing, starting, entering.

use proptest::prelude::*;
use simulator::demand::{DemandFile, DepartPlace, DepartWay};
use simulator::detector::{Detectors, Loop, Seen};
use simulator::model::{Driver, Model};
use simulator::street::{ClassFile, Control, SignalIx, Street, StreetFile, Turn};
use simulator::{Place, Settings};

use crate::built::{crossroads, flow, junction, road, run, steps, trip};

proptest! {
    /// Whatever the one in front does within its deceleration, the follower of each class never touches it.
    #[test]
    fn following_never_collides(
        model in prop_oneof![Just(Model::Krauss), Just(Model::Idm)],
        class in 0..4usize,
        step in prop_oneof![Just(0.1), Just(0.5), Just(1.0)],
        start in 0.0..20.0f64,
        ahead_start in 0.0..20.0f64,
        moves in prop::collection::vec(-4.5..2.6f64, 200),
        lots in prop::collection::vec(0.0..1.0f64, 200),
    ) {
        let driver = Driver::new(&ClassFile::built_in()[class], model, step);
        let (mut v, mut ahead) = (start.min(driver.max_speed), ahead_start);
        // A state from which a stop is possible at all.
        let mut gap = driver.brake_way(v) + v * (driver.tau + step) + 1.0;
        for (accel, lot) in moves.into_iter().zip(lots) {
            let planned = driver.free(v, 13.9).min(driver.follow(v, gap, ahead, 4.5));
            v = driver.dawdle(v, planned, lot);
            ahead = (ahead + accel * step).max(0.0);
            gap += (ahead - v) * step;
            prop_assert!(v >= 0.0 && v.is_finite());
            prop_assert!(gap > -1e-6, "gap {gap} at {v} m/s behind {ahead} m/s");
        }
    }

    /// A driver who sees a line in time stops before it, and comes to it.
    #[test]
    fn stopping_ends_before_the_line_and_near_it(
        class in 0..4usize,
        step in prop_oneof![Just(0.1), Just(0.5), Just(1.0)],
        start in 0.0..20.0f64,
        beyond in 1.0..100.0f64,
    ) {
        let driver = Driver::new(&ClassFile::built_in()[class], Model::Krauss, step);
        let mut v = start.min(driver.max_speed);
        let mut left = driver.brake_way(v) + v * step + beyond;
        for _ in 0..(200.0 / step) as usize {
            v = driver.free(v, 13.9).min(driver.stop(left));
            left -= v * step;
        }
        prop_assert!((0.0..0.5).contains(&left), "{left} m before the line");
    }

    /// A limit ahead is kept from its place on.
    #[test]
    fn a_limit_ahead_is_kept_from_its_place_on(
        step in prop_oneof![Just(0.1), Just(0.5), Just(1.0)], limit in 2.0..13.0f64, beyond in 1.0..100.0f64,
    ) {
        let driver = Driver::new(&ClassFile::car(), Model::Krauss, step);
        let mut v = 13.9f64;
        let mut left = driver.brake_way(v) + v * step + beyond;
        while left > 0.0 {
            v = driver.free(v, 13.9).min(driver.slow_down(left, limit));
            prop_assert!(v >= limit - 1e-9);
            left -= v * step;
        }
        prop_assert!(v <= limit + driver.drop + 1e-9);
        prop_assert!(driver.slow_down(0.0, limit) <= limit + 1e-9);
    }
}

/// One lane to a signal and on.
fn to_a_signal(stages: &[(f64, &str)]) -> StreetFile {
    crossroads(Control::Signal, &[&[Turn::Straight]], stages)
}

/// Instants at which a queue that has stood for 150 s passes the line \[s after the begin of green\].
fn discharge(seed: u64) -> Vec<f64> {
    // Four groups, straight on only.
    let stages = [(150.0, "rrrr"), (100.0, "rrGr"), (3.0, "rryr"), (2.0, "rrrr")];
    let file = to_a_signal(&stages);
    let street = Street::build(file.clone()).expect("the street is good");
    let lane = street.lane("s_in_0").expect("it is there");
    let detectors = Detectors { loops: vec![Loop { lane, at_m: 279.9 }], ..Detectors::default() };
    let demand = DemandFile { flows: vec![flow("f", 1800.0, &["s_in", "n_out"])], ..DemandFile::default() };
    let (mut simulation, lamps) = run(file, &demand, Settings { detectors, seed, ..Settings::default() });
    let mut passages = Vec::new();
    for _ in 0..250 {
        steps(&mut simulation, &lamps, 1);
        for reading in simulation.readings() {
            if let Seen::Loop { passages: seen, .. } = &reading.seen {
                passages.extend(seen.iter().map(|it| it.at_s - 150.0));
            }
        }
    }
    passages
}

#[test]
fn a_standing_queue_leaves_at_the_saturation_flow_of_sumo() {
    // SUMO 1.28, the same street, seeds 1 to 5: 1865 veh/h from the fifth to the 25th vehicle, which needs 10.0 s to come.
    const SUMO_PER_S: f64 = 1865.0 / 3600.0;
    const SUMO_FIRST_FOUR_S: f64 = 10.0;
    let runs: Vec<Vec<f64>> = (1..=10).map(discharge).collect();
    let mean = |of: &dyn Fn(&Vec<f64>) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
    let headway = mean(&|it| (it[24] - it[4]) / 20.0);
    let first = mean(&|it| it[4] - it[0]);
    println!("saturation flow {:.0} veh/h, the first four headways take {first:.1} s", 3600.0 / headway);
    assert!((headway * SUMO_PER_S - 1.0).abs() < 0.05, "{headway} s, SUMO {} s", 1.0 / SUMO_PER_S);
    assert!((first - SUMO_FIRST_FOUR_S).abs() < 1.0, "{first} s");
    assert!(runs.iter().all(|it| it[0] > 0.0), "nobody passes at red");
}

#[test]
fn at_yellow_one_stops_who_can_and_drives_on_who_cannot() {
    let (mut stopped, mut passed) = (0, 0);
    for change in 14..27 {
        let stages = [(f64::from(change), "rrGr"), (3.0, "rryr"), (100.0, "rrrr")];
        let demand = DemandFile { trips: vec![trip("t", 0.0, "car", &["s_in", "n_out"])], ..DemandFile::default() };
        let (mut simulation, lamps) = run(to_a_signal(&stages), &demand, Settings::default());
        steps(&mut simulation, &lamps, change as usize);
        let before = simulation.vehicles().next().expect("it drives");
        steps(&mut simulation, &lamps, 20);
        let after = simulation.vehicles().next().map(|it| it.place);
        let waits = after == Some(before.place);
        let left = 280.0 - before.pos_m;
        let needed = before.speed_mps * before.speed_mps / 9.0;
        if matches!(before.place, Place::Lane(_)) && left < 100.0 {
            assert!(!waits || left > 0.6 * needed, "stopped {left} m before the line from {} m/s", before.speed_mps);
            assert!(waits || left < 50.0, "drove on {left} m before the line");
        }
        stopped += u32::from(waits);
        passed += u32::from(!waits);
    }
    assert!(stopped > 0 && passed > 0, "{stopped} stopped, {passed} passed");
}

#[test]
fn who_finds_no_room_waits_outside_and_is_not_lost() {
    let stages = [(3000.0, "rrrr"), (300.0, "rrGr"), (3.0, "rryr")];
    let demand = DemandFile { flows: vec![flow("f", 900.0, &["s_in", "n_out"])], ..DemandFile::default() };
    let (mut simulation, lamps) = run(to_a_signal(&stages), &demand, Settings::default());
    steps(&mut simulation, &lamps, 1000);
    let inside = simulation.vehicles_inside();
    assert!((34..=38).contains(&inside), "{inside} cars of 7.5 m stand on 280 m");
    let due = simulation.demand().trips.iter().filter(|trip| trip.depart_s < 999.5).count();
    assert_eq!(inside + simulation.waiting_outside(), due);
    let results = simulation.results();
    assert!(results.never_departed > 100 && results.delay_s > 300.0, "{results:?}");
}

#[test]
fn slow_and_long_vehicles_keep_to_their_class() {
    let junctions = vec![junction("a", 0.0, 0.0, Control::Boundary), junction("b", 1000.0, 0.0, Control::Boundary)];
    let file = StreetFile { junctions, roads: vec![road("r", "a", "b", 1000.0, &[&[]])], ..StreetFile::default() };
    let trips = vec![trip("slow", 0.0, "bicycle", &["r"]), trip("bus", 30.0, "bus", &["r"])];
    let demand = DemandFile { trips, ..DemandFile::default() };
    for model in [Model::Krauss, Model::Idm] {
        let settings = Settings { model, ..Settings::default() };
        let (mut simulation, lamps) = run(file.clone(), &demand, settings);
        while !simulation.is_over() {
            steps(&mut simulation, &lamps, 1);
            assert!(simulation.now_s() < 600.0);
            assert!(simulation.vehicles().filter(|it| it.trip == 0).all(|it| it.speed_mps <= 5.57));
        }
        let trips = simulation.trips();
        assert!(trips[1].arrived_s > trips[0].arrived_s, "the bus stays behind the bicycle");
        assert!(trips[1].time_loss_s > 30.0, "{trips:?}");
    }
}

#[test]
fn a_lamp_that_nobody_commands_runs_its_programme_and_a_command_replaces_it() {
    let stages = [(10.0, "rrGr"), (3.0, "rryr"), (10.0, "rrrr")];
    let (mut simulation, mut lamps) = run(to_a_signal(&stages), &DemandFile::default(), Settings::default());
    steps(&mut simulation, &lamps, 12);
    assert_eq!(simulation.shown(SignalIx(0)), "rryr");
    lamps.set(SignalIx(0), "GrGr");
    steps(&mut simulation, &lamps, 1);
    assert_eq!(simulation.shown(SignalIx(0)), "GrGr");
    assert!(simulation.results().unsafe_lamps > 0, "yellow turned to green");
    lamps.release(SignalIx(0));
    steps(&mut simulation, &lamps, 1);
    assert_eq!(simulation.shown(SignalIx(0)), "rrrr");
}

#[test]
fn who_departs_anywhere_comes_between_others_and_never_too_near() {
    let mut demand = DemandFile::default();
    for k in 0..20 {
        let mut trip = trip(&format!("t{k}"), 0.0, "car", &["s_in", "n_out"]);
        trip.depart.place = DepartPlace::Anywhere;
        demand.trips.push(trip);
    }
    let file = crossroads(Control::Signal, &[&[Turn::Straight]], &[(60.0, "rrrr")]);
    let (mut simulation, lamps) = run(file, &demand, Settings::default());
    let mut places = Vec::new();
    for _ in 0..30 {
        let before: Vec<u32> = simulation.vehicles().map(|it| it.trip).collect();
        steps(&mut simulation, &lamps, 1);
        places.extend(simulation.vehicles().filter(|it| !before.contains(&it.trip)).map(|it| it.pos_m));
    }
    let far = places.iter().filter(|&&pos| pos > 50.0).count();
    assert!(places.len() > 10 && far > 5, "{places:?}");
}

#[test]
fn who_goes_by_the_traffic_takes_the_longer_way_when_the_short_one_is_slow() {
    let mut file = StreetFile::default();
    let places = [
        ("a", -200.0, 0.0),
        ("b", 0.0, 0.0),
        ("m", 100.0, 60.0),
        ("n", 100.0, -90.0),
        ("c", 200.0, 0.0),
        ("d", 400.0, 0.0),
    ];
    for (id, x, y) in places {
        let control = if id == "a" || id == "d" { Control::Boundary } else { Control::Priority };
        file.junctions.push(junction(id, x, y, control));
    }
    for (from, to, length_m) in [
        ("a", "b", 190.0),
        ("b", "m", 110.0),
        ("m", "c", 110.0),
        ("b", "n", 130.0),
        ("n", "c", 130.0),
        ("c", "d", 190.0),
    ] {
        file.roads.push(road(&format!("{from}{to}"), from, to, length_m, &[&[]]));
    }
    file.classes.push(ClassFile { id: "slow".to_owned(), max_speed_mps: 1.0, ..ClassFile::car() });
    let mut demand = DemandFile::default();
    for k in 0..20 {
        demand.trips.push(trip(&format!("slow{k}"), f64::from(k) * 15.0, "slow", &["bm", "mc", "cd"]));
    }
    for (id, depart_s) in [("early", 1.0), ("late", 250.0)] {
        let mut trip = trip(id, depart_s, "car", &["ab", "cd"]);
        trip.depart.way = DepartWay::Traffic;
        demand.trips.push(trip);
    }
    let (mut simulation, lamps) = run(file, &demand, Settings::default());
    steps(&mut simulation, &lamps, 260);
    let goes_by = |id: &str, road: &str| {
        let trip = simulation.demand().trips.iter().find(|trip| trip.id == id).expect("it is there");
        trip.route.iter().any(|it| simulation.street().roads[it.at()].id == road)
    };
    assert!(goes_by("early", "bm") && goes_by("late", "bn"));
}
