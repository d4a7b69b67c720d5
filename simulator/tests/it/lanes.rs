//! Changing lanes: to get where one wants, and around what is closed.

use simulator::demand::{DemandFile, DepartLane};
use simulator::incident::Closure;
use simulator::street::{Control, Street, StreetFile, Turn};
use simulator::{Place, Settings};

use crate::built::{crossroads, flow, junction, road, run, steps, trip};

fn three_lanes() -> StreetFile {
    crossroads(Control::Signal, &[&[Turn::Right], &[Turn::Straight], &[Turn::Left]], &[(60.0, "rrrrrrGGGrrr")])
}

#[test]
fn who_turns_arrives_on_the_lane_that_turns() {
    let mut demand = DemandFile::default();
    for (k, to) in ["w", "e", "n"].iter().enumerate() {
        for lane in 0..3 {
            let route = ["s_in".to_owned(), format!("{to}_out")];
            let mut trip = trip(&format!("{to}{lane}"), (k * 3 + lane) as f64 * 8.0, "car", &[&route[0], &route[1]]);
            trip.depart.lane = DepartLane::Number(lane as u8);
            demand.trips.push(trip);
        }
    }
    let (mut simulation, lamps) = run(three_lanes(), &demand, Settings::default());
    steps(&mut simulation, &lamps, 200);
    assert!(simulation.is_over(), "{} are left", simulation.vehicles_inside());
}

#[test]
fn a_stream_sorts_itself_into_its_lanes() {
    let flows = ["w", "e", "n"].map(|to| {
        let route = ["s_in".to_owned(), format!("{to}_out")];
        let mut flow = flow(to, 300.0, &[&route[0], &route[1]]);
        flow.depart.lane = DepartLane::Random;
        flow
    });
    let demand = DemandFile { flows: flows.to_vec(), ..DemandFile::default() };
    let (mut simulation, lamps) = run(three_lanes(), &demand, Settings::default());
    steps(&mut simulation, &lamps, 3900);
    assert!(simulation.is_over(), "{} are left", simulation.vehicles_inside());
    assert!(simulation.results().delay_s < 20.0, "{:?}", simulation.results());
}

fn two_lanes() -> StreetFile {
    let junctions = vec![
        junction("a", 0.0, 0.0, Control::Boundary),
        junction("b", 600.0, 0.0, Control::None),
        junction("d", 900.0, 0.0, Control::Boundary),
    ];
    let roads = vec![
        road("r", "a", "b", 590.0, &[&[Turn::Straight], &[Turn::Straight]]),
        road("q", "b", "d", 290.0, &[&[], &[]]),
    ];
    StreetFile { junctions, roads, ..StreetFile::default() }
}

#[test]
fn a_closed_lane_is_avoided_and_used_again_when_it_opens() {
    let street = Street::build(two_lanes()).expect("the street is good");
    let lane = street.lane("r_0").expect("it is there");
    let closures = vec![Closure { lane, from_m: 300.0, begin_s: 100.0, end_s: 1500.0 }];
    let demand = DemandFile { flows: vec![flow("f", 1000.0, &["r", "q"])], ..DemandFile::default() };
    let (mut simulation, lamps) = run(two_lanes(), &demand, Settings { closures, ..Settings::default() });
    let beyond = |simulation: &simulator::Simulation| {
        simulation.vehicles().filter(|it| it.place == Place::Lane(lane) && it.pos_m > 300.0).count()
    };
    steps(&mut simulation, &lamps, 150);
    for _ in 150..1500 {
        steps(&mut simulation, &lamps, 1);
        assert_eq!(beyond(&simulation), 0, "{} s", simulation.now_s());
    }
    let through = simulation.counts().1;
    assert!(through > 330, "one lane lets {through} through");
    let mut used = 0;
    for _ in 1500..2500 {
        steps(&mut simulation, &lamps, 1);
        used += beyond(&simulation);
    }
    assert!(used > 0, "the lane is used again");
}

#[test]
fn a_fast_vehicle_passes_a_slow_one_on_the_other_lane() {
    let mut trips = vec![trip("slow", 0.0, "bicycle", &["r", "q"]), trip("fast", 20.0, "car", &["r", "q"])];
    for trip in &mut trips {
        trip.depart.lane = DepartLane::Number(0);
    }
    let demand = DemandFile { trips, ..DemandFile::default() };
    for (overtaking, first) in [(true, 1), (false, 0)] {
        let settings = Settings { overtaking, ..Settings::default() };
        let (mut simulation, lamps) = run(two_lanes(), &demand, settings);
        steps(&mut simulation, &lamps, 400);
        let trips = simulation.trips();
        let order = trips[first].arrived_s < trips[1 - first].arrived_s;
        assert!(simulation.is_over() && order, "overtaking {overtaking}: {trips:?}");
    }
}

#[test]
fn bicycles_keep_to_their_lane_and_cars_off_it() {
    let mut file = two_lanes();
    for road in &mut file.roads {
        road.lanes[0].classes = vec!["bicycle".to_owned()];
        road.lanes[1].classes = vec!["car".to_owned()];
    }
    let mut flows = vec![flow("cars", 500.0, &["r", "q"]), flow("bicycles", 300.0, &["r", "q"])];
    flows[1].classes = vec![("bicycle".to_owned(), 1.0)];
    let street = Street::build(file.clone()).expect("the street is good");
    let (mut simulation, lamps) = run(file, &DemandFile { flows, ..DemandFile::default() }, Settings::default());
    for _ in 0..1800 {
        steps(&mut simulation, &lamps, 1);
        for it in simulation.vehicles() {
            if let Place::Lane(lane) = it.place {
                let bicycle = street.classes[it.class.at()].id == "bicycle";
                assert_eq!(bicycle, street.lanes[lane.at()].id.ends_with("_0"));
            }
        }
    }
    assert!(simulation.counts().1 > 300);
}

#[test]
fn two_who_want_each_others_lane_on_a_very_short_road_do_not_block_it_for_ever() {
    let mut file = StreetFile::default();
    let (all, left, right) = (&[][..], &[Turn::Left][..], &[Turn::Right][..]);
    for (id, x, y) in [("a", 0.0, 0.0), ("b", 200.0, 0.0), ("c", 230.0, 0.0), ("n", 230.0, 200.0), ("s", 230.0, -200.0)]
    {
        let control = if id == "b" || id == "c" { Control::Priority } else { Control::Boundary };
        file.junctions.push(junction(id, x, y, control));
    }
    file.roads.push(road("ab", "a", "b", 180.0, &[all, all]));
    file.roads.push(road("bc", "b", "c", 14.0, &[right, left]));
    file.roads.push(road("cn", "c", "n", 180.0, &[all]));
    file.roads.push(road("cs", "c", "s", 180.0, &[all]));
    let mut demand = DemandFile::default();
    for (k, to) in ["cn", "cs", "cn", "cs", "cn", "cs"].iter().enumerate() {
        // Each begins on the lane that leads to the other side, together with one who wants to its own.
        let mut trip = trip(&format!("t{k}"), (k / 2) as f64 * 3.0, "car", &["bc", to]);
        trip.depart.lane = DepartLane::Number((k % 2) as u8);
        demand.trips.push(trip);
    }
    let (mut simulation, lamps) = run(file, &demand, Settings::default());
    steps(&mut simulation, &lamps, 200);
    assert!(simulation.is_over(), "{} are left", simulation.vehicles_inside() + simulation.waiting_outside());
}

#[test]
fn a_queue_in_front_of_one_lane_keeps_nobody_from_the_others() {
    let mut demand = DemandFile::default();
    for k in 0..60 {
        demand.trips.push(trip(&format!("straight{k}"), 0.0, "car", &["s_in", "n_out"]));
    }
    demand.trips.push(trip("turn", 1.0, "car", &["s_in", "e_out"]));
    let (mut simulation, lamps) = run(three_lanes(), &demand, Settings::default());
    steps(&mut simulation, &lamps, 5);
    let turn = simulation.demand().trips.iter().position(|trip| trip.id == "turn").expect("it is there");
    assert!(simulation.trips()[turn].departed_s.is_some());
}
