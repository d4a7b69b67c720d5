//! Where ways meet: gaps, room, order.

use simulator::demand::DemandFile;
use simulator::street::{ClassFile, Control, LinkIx, StreetFile, Turn};
use simulator::{Place, Settings, Simulation};

use crate::built::{crossroads, flow, run, steps, trip};

const ALL: &[&[Turn]] = &[&[Turn::Left, Turn::Straight, Turn::Right]];

/// No two vehicles are in the zone where their links cross, now.
fn nobody_collides(simulation: &Simulation) {
    let street = simulation.street();
    let on_links: Vec<(LinkIx, f64, u32, f64)> = simulation
        .vehicles()
        .filter_map(|it| match it.place {
            Place::Link(link) => Some((link, it.pos_m, it.trip, street.classes[it.class.at()].length_m)),
            Place::Lane(_) => None,
        })
        .collect();
    for &(link, pos, trip, length) in &on_links {
        for foe in street.foes_of(link).iter().filter(|foe| !foe.merges) {
            let over = |at: f64, pos: f64, length: f64| pos > at && pos - length < at;
            for &(other, other_pos, other_trip, other_length) in on_links.iter().filter(|it| it.0 == foe.link) {
                let both = over(foe.at_m, pos, length) && over(foe.foe_at_m, other_pos, other_length);
                assert!(!both, "{} s: trips {trip} and {other_trip} on {link:?}, {other:?}", simulation.now_s());
            }
        }
    }
}

fn all_flows(veh_per_h: f64) -> DemandFile {
    let mut demand = DemandFile::default();
    for from in ["n", "e", "s", "w"] {
        for to in ["n", "e", "s", "w"].iter().filter(|&&to| to != from) {
            let route = [format!("{from}_in"), format!("{to}_out")];
            demand.flows.push(flow(&format!("{from}{to}"), veh_per_h, &[&route[0], &route[1]]));
        }
    }
    demand
}

/// Groups of one approach: left, straight, right; here all three of two opposite approaches together.
fn permissive() -> StreetFile {
    let stages = [
        (30.0, "gGGrrrgGGrrr"),
        (3.0, "yyyrrryyyrrr"),
        (2.0, "rrrrrrrrrrrr"),
        (30.0, "rrrgGGrrrgGG"),
        (3.0, "rrryyyrrryyy"),
        (2.0, "rrrrrrrrrrrr"),
    ];
    crossroads(Control::Signal, &[&[Turn::Straight, Turn::Right], &[Turn::Left]], &stages)
}

#[test]
fn permissive_left_turns_take_gaps_and_never_touch_who_comes_towards_them() {
    for seed in 1..4 {
        let (mut simulation, lamps) = run(permissive(), &all_flows(120.0), Settings { seed, ..Settings::default() });
        for _ in 0..3600 {
            steps(&mut simulation, &lamps, 1);
            nobody_collides(&simulation);
        }
        let results = simulation.results();
        assert_eq!(results.unsafe_lamps, 0);
        assert!(results.finished as f64 > 0.93 * results.demanded as f64, "{results:?}");
        assert!(results.delay_s < 60.0, "{results:?}");
    }
}

#[test]
fn a_left_turn_waits_longer_the_more_come_towards_it() {
    let delay = |opposing: f64| {
        let flows = vec![flow("left", 60.0, &["s_in", "w_out"]), flow("straight", opposing, &["n_in", "s_out"])];
        let (mut simulation, lamps) =
            run(permissive(), &DemandFile { flows, ..DemandFile::default() }, Settings::default());
        steps(&mut simulation, &lamps, 3600);
        let trips = simulation.trips();
        let left = trips.iter().zip(&simulation.demand().trips).filter(|(_, trip)| trip.id.starts_with("left"));
        let losses: Vec<f64> = left.map(|(result, _)| result.time_loss_s).collect();
        losses.iter().sum::<f64>() / losses.len() as f64
    };
    let (alone, busy) = (delay(0.0), delay(700.0));
    assert!(busy > alone + 5.0, "{alone} s alone, {busy} s against traffic");
}

#[test]
fn without_lamps_every_rule_lets_everybody_through_without_touching() {
    for (control, rate) in [(Control::Priority, 50.0), (Control::RightBeforeLeft, 50.0), (Control::None, 40.0)] {
        let mut file = crossroads(control, ALL, &[]);
        for road in file.roads.iter_mut().filter(|road| road.id.starts_with(['n', 's'])) {
            road.priority = 1;
        }
        let (mut simulation, lamps) = run(file, &all_flows(rate), Settings::default());
        for _ in 0..4000 {
            steps(&mut simulation, &lamps, 1);
            nobody_collides(&simulation);
        }
        assert!(simulation.is_over(), "{control:?}: {} are stuck", simulation.vehicles_inside());
    }
}

#[test]
fn who_has_priority_loses_less() {
    let mut file = crossroads(Control::Priority, ALL, &[]);
    for road in file.roads.iter_mut().filter(|road| road.id.starts_with(['n', 's'])) {
        road.priority = 1;
    }
    let flows = vec![flow("major", 600.0, &["s_in", "n_out"]), flow("minor", 200.0, &["w_in", "e_out"])];
    let (mut simulation, lamps) = run(file, &DemandFile { flows, ..DemandFile::default() }, Settings::default());
    steps(&mut simulation, &lamps, 3600);
    let mean = |name: &str| {
        let all = simulation.trips();
        let of = all.iter().zip(&simulation.demand().trips).filter(|(_, trip)| trip.id.starts_with(name));
        let losses: Vec<f64> = of.map(|(result, _)| result.time_loss_s).collect();
        losses.iter().sum::<f64>() / losses.len() as f64
    };
    let (major, minor) = (mean("major"), mean("minor"));
    assert!(major < 5.0 && minor > major + 3.0, "{major} s and {minor} s");
}

#[test]
fn nobody_enters_a_junction_without_room_behind_it() {
    // The exit to the north is closed at its end; those who cross it still find the junction free. Some come from the south
    // across it, others only join them from the east.
    let stages = [
        (30.0, "rrrrrrgGGrrr"),
        (3.0, "rrrrrryyyrrr"),
        (2.0, "rrrrrrrrrrrr"),
        (25.0, "rrrgGGrrrgGG"),
        (3.0, "rrryyyrrryyy"),
        (2.0, "rrrrrrrrrrrr"),
    ];
    let mut file = crossroads(Control::Signal, ALL, &stages);
    for road in file.roads.iter_mut().filter(|road| road.id == "n_out") {
        road.length_m = 60.0;
    }
    let (mut flows, closed) = (vec![flow("up", 600.0, &["s_in", "n_out"])], "n_out_0");
    flows.push(flow("up by a right turn", 300.0, &["e_in", "n_out"]));
    flows.push(flow("across", 300.0, &["w_in", "e_out"]));
    let street = simulator::street::Street::build(file.clone()).expect("the street is good");
    let lane = street.lane(closed).expect("it is there");
    let closures = vec![simulator::incident::Closure { lane, from_m: 50.0, begin_s: 0.0, end_s: 900.0 }];
    let settings = Settings { closures, ..Settings::default() };
    let (mut simulation, lamps) = run(file, &DemandFile { flows, ..DemandFile::default() }, settings);
    let mut across = 0;
    for _ in 0..900 {
        steps(&mut simulation, &lamps, 1);
        for it in simulation.vehicles() {
            let inside = matches!(it.place, Place::Link(_)) && it.speed_mps < 0.01;
            let up = simulation.demand().trips[it.trip as usize].id.starts_with("up");
            assert!(!(inside && up), "{} s: trip {} stands on the junction", simulation.now_s(), it.trip);
        }
    }
    let trips = simulation.trips();
    for (result, trip) in trips.iter().zip(&simulation.demand().trips) {
        across += u32::from(trip.id.starts_with("across") && result.arrived_s.is_some());
        assert!(!(trip.id.starts_with("up") && result.arrived_s.is_some()));
    }
    assert!(across > 50, "{across} came across");
    steps(&mut simulation, &lamps, 3000);
    assert!(simulation.counts().1 > 500, "after the lane has opened the queue dissolves");
}

#[test]
fn who_may_turn_at_red_halts_first() {
    let slowest = |lamps: &str| {
        let file = crossroads(Control::Signal, ALL, &[(60.0, lamps), (30.0, "rrrGGGrrrrrr")]);
        let trips = vec![trip("right", 0.0, "car", &["s_in", "e_out"])];
        let (mut simulation, lamps) = run(file, &DemandFile { trips, ..DemandFile::default() }, Settings::default());
        let mut slowest = f64::INFINITY;
        for _ in 0..60 {
            steps(&mut simulation, &lamps, 1);
            slowest = simulation.vehicles().map(|it| it.speed_mps).fold(slowest, f64::min);
        }
        assert_eq!(simulation.counts(), (1, 1), "it turns all the same");
        slowest
    };
    assert!(slowest("rrrrrrrrsrrr") < 0.1);
    assert!(slowest("rrrrrrrrgrrr") > 2.0);
}

#[test]
fn the_impatient_find_gaps_sooner_and_touch_nobody() {
    let delay = |impatience: f64| {
        let mut file = permissive();
        file.classes.push(ClassFile { id: "left".to_owned(), impatience, ..ClassFile::car() });
        let mut left = flow("left", 120.0, &["s_in", "w_out"]);
        left.classes = vec![("left".to_owned(), 1.0)];
        let flows = vec![left, flow("straight", 700.0, &["n_in", "s_out"])];
        let (mut simulation, lamps) = run(file, &DemandFile { flows, ..DemandFile::default() }, Settings::default());
        for _ in 0..3600 {
            steps(&mut simulation, &lamps, 1);
            nobody_collides(&simulation);
        }
        let trips = simulation.trips();
        let left = trips.iter().zip(&simulation.demand().trips).filter(|(_, trip)| trip.id.starts_with("left"));
        let losses: Vec<f64> = left.map(|(result, _)| result.time_loss_s).collect();
        losses.iter().sum::<f64>() / losses.len() as f64
    };
    let (patient, impatient) = (delay(0.0), delay(1.0));
    assert!(impatient < patient - 2.0, "{patient} s patient, {impatient} s impatient");
}

#[test]
fn who_parts_from_the_one_before_waits_for_it_where_that_is_the_rule() {
    let passed = |parting_m: f64| {
        let mut file = crossroads(Control::Signal, ALL, &[(30.0, "rrrrrrrrrrrr"), (60.0, "rrrrrrGGGrrr")]);
        let road = file.roads.iter_mut().find(|road| road.id == "s_in").expect("it is there");
        road.lanes[0].parting_m = parting_m;
        let mut demand = DemandFile::default();
        for k in 0..30 {
            let to = if k % 2 == 0 { "n_out" } else { "e_out" };
            demand.trips.push(trip(&format!("t{k}"), 0.0, "car", &["s_in", to]));
        }
        let (mut simulation, lamps) = run(file, &demand, Settings::default());
        steps(&mut simulation, &lamps, 90);
        let lane = simulation.street().lane("s_in_0").expect("it is there");
        simulation.vehicles().filter(|it| it.place != Place::Lane(lane)).count() as u64 + simulation.counts().1
    };
    assert!(passed(5.0) < passed(0.0), "{} and {}", passed(5.0), passed(0.0));
}
