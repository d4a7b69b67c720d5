//! CityFlow sets as streets: our own small one, the known ones, and files that are wrong.

use crate::data;
use lightwatch::cosim::convert::Converted;
use lightwatch::cosim::convert::cityflow::{Text, from_cityflow};
use lightwatch::cosim::survey::survey;
use lightwatch::network::import::sumo::ImportOptions;
use simulator::demand::Demand;
use simulator::lamps::Lamps;
use simulator::street::{Control, Street, StreetFile, Turn};
use simulator::{Settings, Simulation};
use std::path::Path;
use std::process::Command;

const ROADNET: &str = include_str!("../data/cityflow/roadnet.json");
const FLOW: &str = include_str!("../data/cityflow/flow.json");

fn read(roadnet: &str, flow: &str) -> Result<Converted, String> {
    let flow = Text { text: flow, source: "flow.json" };
    from_cityflow(Text { text: roadnet, source: "roadnet.json" }, Some(flow)).map_err(|problems| problems.to_string())
}

fn small() -> Converted {
    read(ROADNET, FLOW).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A small roadnet with something changed in it.
fn said(from: &str, to: &str) -> String {
    assert!(ROADNET.contains(from), "{from} is not in the roadnet");
    read(&ROADNET.replacen(from, to, 1), FLOW).expect_err("it is wrong")
}

#[test]
fn roads_are_as_long_as_between_the_intersections_and_lanes_are_counted_from_the_kerb() {
    let file = small().street;
    let road = file.roads.iter().find(|road| road.id == "a_b").expect("the road is there");
    assert!((road.length_m - 230.0).abs() < 1e-9);
    let lanes: Vec<&str> = road.lanes.iter().filter_map(|lane| lane.id.as_deref()).collect();
    assert_eq!(lanes, ["a_b_2", "a_b_1", "a_b_0"]);
    let control = |id: &str| file.junctions.iter().find(|it| it.id == id).map(|it| it.control);
    assert_eq!((control("a"), control("west")), (Some(Control::Signal), Some(Control::Boundary)));
    assert_eq!(file.links.len(), 2 * 12 * 3);
}

#[test]
fn right_turns_are_always_green_and_give_way_and_every_green_ends_with_yellow() {
    let file = small().street;
    let signal = file.signals.iter().find(|it| it.id == "a").expect("the signal is there");
    let right = file.links.iter().find(|it| it.turn == Turn::Right && it.from == "west_a_2").expect("a right turn");
    let group = right.signal.as_ref().expect("it has a lamp").group;
    assert!(signal.stages.iter().all(|stage| stage.state.as_bytes()[group] == b'g'));
    assert!(!right.yields_to.is_empty());
    assert!(signal.stages[0].state.contains('y') && (signal.stages[0].duration_s - 5.0).abs() < 1e-9);
    let cycle: f64 = signal.stages.iter().map(|stage| stage.duration_s).sum();
    assert!((cycle - 85.0).abs() < 1e-9);
}

#[test]
fn a_flow_sends_a_vehicle_at_its_start_and_one_an_interval_up_to_its_end() {
    let demand = small().demand;
    let count = |flow: &str| demand.trips.iter().filter(|trip| trip.id.starts_with(flow)).count();
    assert_eq!((count("0."), count("1."), count("2.")), (100, 30, 1));
    let second = demand.trips.iter().find(|trip| trip.id == "1.1").expect("it is there");
    assert!((second.depart_s - 23.0).abs() < 1e-9);
}

#[test]
fn nobody_is_lost_and_the_engine_knows_the_street() {
    let Converted { street, demand, .. } = small();
    let text = toml::to_string(&street).expect("a street can be written");
    assert_eq!(toml::from_str::<StreetFile>(&text).expect("it can be read back"), street);
    let street = Street::build(street).expect("the street is sound");
    let surveyed = survey(&street, "small", &ImportOptions::default()).expect("it can be surveyed");
    assert_eq!((surveyed.network.intersections.len(), surveyed.network.links.len()), (2, 2));
    let demand = Demand::build(&street, &demand, 1, 0.0, 1200.0).expect("the demand is sound");
    let wanted = demand.trips.len() as u64;
    let lamps = Lamps::new(&street);
    let mut run = Simulation::new(street, demand, Settings { overtaking: false, ..Settings::default() });
    for _ in 0..1200 {
        run.step(&lamps);
        run.check_invariants().unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    assert_eq!(run.counts(), (wanted, wanted));
}

#[test]
fn the_known_sets_become_sound_streets() {
    for name in ["jinan1", "hangzhou1"] {
        let Some((roadnet, flow)) = data::cityflow(name) else { return };
        let text = |path: &Path| std::fs::read_to_string(path).expect("a set that was found can be read");
        let Converted { street, demand, .. } =
            read(&text(&roadnet), &text(&flow)).unwrap_or_else(|problems| panic!("{problems}"));
        let street = Street::build(street).unwrap_or_else(|problems| panic!("{problems:?}"));
        Demand::build(&street, &demand, 1, 0.0, 3600.0).unwrap_or_else(|problems| panic!("{problems:?}"));
        let surveyed = survey(&street, name, &ImportOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        assert!(surveyed.network.intersections.iter().all(|it| it.lanes.len() == 12 && it.stages.len() == 8), "{name}");
    }
}

#[test]
fn what_is_missing_or_unknown_is_named_with_file_element_and_what_is_allowed() {
    let road = said(r#""startRoad":"west_a""#, r#""startRoad":"nowhere""#);
    assert!(
        road.contains("roadnet.json") && road.contains("intersections \"a\"") && road.contains("nowhere"),
        "{road}"
    );
    let site = said(r#""endIntersection":"b""#, r#""endIntersection":"c""#);
    assert!(site.contains("unknown intersection \"c\"") && site.contains("roads"), "{site}");
    let lane = said(r#""startLaneIndex":0"#, r#""startLaneIndex":9"#);
    assert!(lane.contains("startLaneIndex") && lane.contains("below 3"), "{lane}");
    let phase = said(r#""availableRoadLinks":["#, r#""availableRoadLinks":[77,"#);
    assert!(phase.contains("77") && phase.contains("below 12"), "{phase}");
    let kind = said(r#""turn_left""#, r#""turn_over""#);
    assert!(kind.contains("turn_over") && kind.contains("go_straight"), "{kind}");
    let cut = read(&ROADNET[..ROADNET.len() / 2], FLOW).expect_err("it is cut off");
    assert!(cut.contains("roadnet.json:1:"), "{cut}");
}

#[test]
fn empty_routes_and_unknown_roads_of_a_flow_are_all_told_at_once() {
    let flow = FLOW.replacen(r#""west_a""#, r#""nowhere""#, 1).replacen("20.0", "0.0", 1);
    let said = read(ROADNET, &flow).expect_err("two things are wrong");
    assert!(said.contains("flow.json: [0].route") && said.contains("nowhere"), "{said}");
    assert!(said.contains("[1].interval"), "{said}");
    let empty: String = r#"[{"vehicle":{"length":5,"width":2,"maxPosAcc":2,"maxNegAcc":4.5,"usualPosAcc":2,"usualNegAcc":4.5,"minGap":2.5,"maxSpeed":11,"headwayTime":2},"route":[],"interval":1,"startTime":0,"endTime":0}]"#.to_owned();
    assert!(read(ROADNET, &empty).expect_err("a route is empty").contains("empty"), "{empty}");
}

fn import(roadnet: &Path, out: &Path) -> std::process::Output {
    let flow = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cityflow/flow.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.args(["import", "cityflow"]).arg(roadnet).arg("--flow").arg(flow).arg("--out").arg(out);
    command.output().expect("the program starts")
}

#[test]
fn an_import_writes_the_same_files_every_time_and_refuses_what_is_broken() {
    let roadnet = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cityflow/roadnet.json");
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    for out in [&one, &two] {
        let done = import(&roadnet, out);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    for name in ["network.toml", "street.toml", "scenario.toml", "report.json"] {
        let text = |folder: &Path| std::fs::read_to_string(folder.join(name)).expect("the file was written");
        assert_eq!(text(&one), text(&two), "{name}");
    }
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, ROADNET.replacen(r#""startRoad":"west_a""#, r#""startRoad":"nowhere""#, 1))
        .expect("written");
    let done = import(&broken, &one);
    assert_eq!(done.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&done.stderr).contains("nowhere"));
}
