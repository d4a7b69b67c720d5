//! Pedestrians, bad streets and bad demands.

use simulator::demand::{Demand, DemandFile, PedestrianFile};
use simulator::street::{
    Control, CrossingFile, CrossingIx, LampFile, RoadFile, SignalFile, StageFile, Street, StreetFile, Turn,
};
use simulator::{Place, Settings};

use crate::built::{crossroads, flow, junction, road, run, steps, trip};

fn with_crossing(signal: Option<LampFile>, stages: &[(f64, &str)]) -> StreetFile {
    let mut file = StreetFile::default();
    let control = if signal.is_some() { Control::Signal } else { Control::None };
    file.junctions = vec![
        junction("a", 0.0, 0.0, Control::Boundary),
        junction("c", 300.0, 0.0, control),
        junction("b", 600.0, 0.0, Control::Boundary),
    ];
    file.roads = vec![road("in", "a", "c", 290.0, &[&[]]), road("out", "c", "b", 290.0, &[&[]])];
    let (id, junction, crosses) = ("x".to_owned(), "c".to_owned(), vec!["in".to_owned()]);
    let push_button = signal.is_some();
    if signal.is_some() {
        let stage = |&(duration_s, state): &(f64, &str)| StageFile { duration_s, state: state.to_owned() };
        let stages = stages.iter().map(stage).collect();
        file.signals =
            vec![SignalFile { id: "c".to_owned(), groups: 2, stages, yellow_s: 3.0, ..SignalFile::default() }];
    }
    file.crossings = vec![CrossingFile { id, junction, crosses, length_m: 6.0, signal, push_button }];
    file
}

fn walkers(per_h: f64) -> Vec<PedestrianFile> {
    vec![PedestrianFile { crossing: "x".to_owned(), per_h, begin_s: 0.0, end_s: 1800.0 }]
}

#[test]
fn pedestrians_press_wait_for_green_and_are_out_before_cars_come() {
    let lamp = LampFile { signal: "c".to_owned(), group: 1 };
    let stages = [(30.0, "Gr"), (3.0, "yr"), (2.0, "rr"), (8.0, "rG"), (6.0, "rr")];
    let demand = DemandFile {
        flows: vec![flow("f", 600.0, &["in", "out"])],
        pedestrians: walkers(200.0),
        ..DemandFile::default()
    };
    let (mut simulation, lamps) = run(with_crossing(Some(lamp), &stages), &demand, Settings::default());
    let (mut pressed, mut both) = (0, 0);
    for _ in 0..1800 {
        steps(&mut simulation, &lamps, 1);
        let state = simulation.crossing(CrossingIx(0));
        pressed += u32::from(state.pressed);
        let driving = simulation.vehicles().any(|it| matches!(it.place, Place::Link(_)) && it.speed_mps > 1.0);
        both += u32::from(state.walking > 0 && driving);
        assert!(!state.pressed || state.waiting > 0);
    }
    let results = simulation.results();
    assert_eq!((both, results.unsafe_lamps), (0, 0));
    assert!(pressed > 100 && results.pedestrians > 80, "{pressed} s pressed, {results:?}");
    assert!((5.0..30.0).contains(&results.pedestrian_wait_s), "{results:?}");
}

#[test]
fn at_a_zebra_cars_give_way() {
    let loss = |per_h: f64| {
        let demand = DemandFile {
            flows: vec![flow("f", 300.0, &["in", "out"])],
            pedestrians: walkers(per_h),
            ..DemandFile::default()
        };
        let (mut simulation, lamps) = run(with_crossing(None, &[]), &demand, Settings::default());
        steps(&mut simulation, &lamps, 1800);
        simulation.results().time_loss_s
    };
    let (without, with) = (loss(0.0), loss(400.0));
    assert!(with > without + 1.0, "{without} s without, {with} s with pedestrians");
}

#[test]
fn a_clearance_that_pedestrians_cannot_make_is_a_problem() {
    let lamp = LampFile { signal: "c".to_owned(), group: 1 };
    let stages = [(30.0, "Gr"), (3.0, "yr"), (2.0, "rr"), (8.0, "rG"), (2.0, "rr")];
    let problems = Street::build(with_crossing(Some(lamp), &stages)).expect_err("6 m need 5.6 s");
    assert!(problems.iter().any(|it| it.message.contains("ShortClearance")), "{problems:?}");
}

#[test]
fn a_bad_street_names_all_its_problems_at_once() {
    let stages = [(30.0, "GGGGGGGGGGGG"), (0.0, "rrr"), (3.0, "rrrrrrrrrrrx")];
    let mut file = crossroads(Control::Signal, &[&[Turn::Straight, Turn::Right], &[Turn::Left]], &stages);
    file.roads[0].length_m = -5.0;
    file.roads[1].speed_mps = 0.0;
    file.roads[2].to = "nowhere".to_owned();
    file.roads.push(RoadFile { lanes: Vec::new(), ..file.roads[3].clone() });
    file.roads[3].lanes[0].classes = vec!["tank".to_owned()];
    let problems = Street::build(file).expect_err("there is much wrong");
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let text = all.join("\n");
    for part in [
        "length_m: -5 m",
        "speed_mps: 0 m/s",
        "\"nowhere\"",
        "stands twice",
        "0 lanes",
        "\"tank\"",
        "0 s",
        "3 letters",
        "letter `x`",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    assert!(problems.iter().all(|it| !it.allowed.is_empty()));
}

#[test]
fn a_stage_that_greens_what_conflicts_is_a_problem() {
    let stages = [(30.0, "GGGGGGrrrrrr"), (3.0, "yyyyyyrrrrrr"), (9.0, "rrrrrrGGGGGG"), (3.0, "rrrrrryyyyyy")];
    let file = crossroads(Control::Signal, &[&[Turn::Straight, Turn::Right], &[Turn::Left]], &stages);
    let problems = Street::build(file).expect_err("north and east have green together");
    assert!(problems.iter().all(|it| it.place.contains("stages")), "{problems:?}");
    assert!(problems.iter().any(|it| it.message.contains("Conflict")));
}

#[test]
fn a_bad_demand_names_all_its_problems_at_once() {
    let street = Street::build(crossroads(Control::Priority, &[&[]], &[])).expect("the street is good");
    let trips = vec![
        trip("backwards", 0.0, "car", &["n_out", "s_in"]),
        trip("unknown", -1.0, "tank", &["s_in", "moon"]),
        trip("empty", 0.0, "car", &[]),
    ];
    let flows = vec![flow("negative", -3.0, &["s_in", "n_out"])];
    let demand = DemandFile { trips, flows, pedestrians: walkers(10.0), ..DemandFile::default() };
    let problems = Demand::build(&street, &demand, 1, 0.0, 3600.0).expect_err("there is much wrong");
    let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for part in ["no way from", "-1 s", "\"tank\"", "\"moon\"", "empty", "-3 veh/h", "pedestrians[0]"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn the_toml_form_refuses_unknown_keys_and_round_trips() {
    let file = crossroads(Control::Signal, &[&[Turn::Straight]], &[(30.0, "GrGr")]);
    let text = toml::to_string(&file).expect("it can be written");
    assert_eq!(toml::from_str::<StreetFile>(&text).expect("it can be read"), file);
    let wrong = toml::from_str::<StreetFile>("junction = []").expect_err("it is `junctions`").to_string();
    assert!(wrong.contains("unknown field"), "{wrong}");
    let _ = Street::build(file).expect("it is a good street");
}
