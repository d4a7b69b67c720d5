//! Networks as files: the examples, what is refused and how it is told, and the way there and back.

use crate::data;
use lightwatch::network::file::{ConflictFile, IntersectionFile, NetworkFile, StageFile};
use lightwatch::network::import::sumo::{ImportOptions, RouteText, import_with_routes};
use lightwatch::network::{Network, Problems};
use lightwatch::time::{Millis, Timestamp};
use lightwatch::units::lamps_to_string;
use proptest::prelude::*;

const RING_BARRIER: &str = include_str!("../../scenarios/ring-barrier.toml");
const STAGES: &str = include_str!("../../scenarios/stages.toml");

fn read(text: &str) -> NetworkFile {
    NetworkFile::from_toml(text, "example.toml").unwrap_or_else(|problems| panic!("{problems}"))
}

fn build(file: NetworkFile) -> Network {
    Network::build(file).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The problems of a file, each as a line.
fn refused(file: NetworkFile) -> Vec<String> {
    let problems: Problems = Network::build(file).expect_err("this network is wrong");
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_ring_barrier_example_derives_a_stage_for_every_pair_of_phases() {
    let network = build(read(RING_BARRIER));
    let intersection = &network.intersections[0];
    let stages: Vec<(&str, String)> =
        intersection.stages.iter().map(|it| (it.id.as_str(), lamps_to_string(&it.signals))).collect();
    let expected = [
        ("1+5", "GrrrGrrr"),
        ("1+6", "GrrrrGrr"),
        ("2+5", "rGrrGrrr"),
        ("2+6", "gGrrgGrr"),
        ("3+7", "rrGrrrGr"),
        ("3+8", "rrGrrrrG"),
        ("4+7", "rrrGrrGr"),
        ("4+8", "rrgGrrgG"),
    ];
    assert_eq!(stages, expected.map(|(id, lamps)| (id, lamps.to_owned())));
    let (west_left, south) = (intersection.group_ixs().next().unwrap(), intersection.group_ixs().nth(3).unwrap());
    assert_eq!(intersection.intergreens[[west_left.0, south.0]], Millis(5_700), "yellow 3.8 s and red 1.9 s");
    let unplanned: Vec<String> = network.notes().iter().map(|note| note.place.clone()).collect();
    let expected = ["1+6", "2+5", "3+8", "4+7"].map(|id| format!("intersections[arterials].stages[{id}]"));
    assert_eq!(unplanned, expected);
}

#[test]
fn the_stage_based_example_has_its_crosswalk_and_its_right_turn_on_red() {
    let network = build(read(STAGES));
    let intersection = &network.intersections[0];
    assert_eq!(intersection.stages.len(), 3);
    assert_eq!(intersection.movements.iter().filter(|movement| movement.lane.is_none()).count(), 1);
    let shares: Vec<f64> =
        intersection.lanes[0].movements.iter().map(|it| intersection.movements[it.0].share_prior).collect();
    assert!((shares[0] - 0.9).abs() < 1e-9 && (shares[1] - 0.1).abs() < 1e-9, "the rest goes to the other: {shares:?}");
    let lane = &intersection.lanes[2];
    assert!((lane.zone_m - lane.length_m).abs() < 1e-9, "the zone is the lane when nothing is said");
}

#[test]
fn every_problem_is_told_at_once_with_its_place_and_what_is_allowed() {
    let mut file = read(STAGES);
    file.city = String::new();
    let it = &mut file.intersections[0];
    it.approaches[0].lanes[0].length_m = -3.0;
    it.approaches[1].lanes[0].speed_mps = f64::NAN;
    it.groups[0].change_ms = Millis(900);
    it.groups[1].green_min_ms = Millis(0);
    it.groups[2].red_max_ms = Some(Millis(5));
    it.movements[0].group = "nobody".into();
    it.movements[2].lane = Some("nowhere".into());
    it.movements[4].yields_to = vec!["noone".into()];
    it.feeders[0].into[0].share = 1.5;
    it.detectors[0].lane = "elsewhere".into();
    it.stages[0].signals = "GgGs".into();
    it.stages[1].signals = "ryGGr".into();
    it.programme.as_mut().unwrap().steps[0].stage = "later".into();
    let told = refused(file);
    for expected in [
        "city: an empty name (allowed: 1…512 bytes after percent-encoding)",
        "intersections[t-junction].approaches[from-west].lanes[from-west_0].length_m: -3 m (allowed: above 0, at most 100000 m)",
        "intersections[t-junction].approaches[from-east].lanes[from-east_0].speed_mps: NaN m/s (allowed: above 0, at most 60 m/s)",
        "intersections[t-junction].groups[main].change_ms: 900 ms (allowed: 2000…6000 ms)",
        "intersections[t-junction].groups[left].green_min_ms: 0 ms (allowed: 1000…60000 ms)",
        "intersections[t-junction].groups[right].red_max_ms: 5 ms (allowed: 20000…300000 ms)",
        "intersections[t-junction].movements[west-through].group: `nobody` (allowed: a group of this intersection)",
        "intersections[t-junction].movements[east-through].lane: `nowhere` (allowed: a stop-line lane of this intersection)",
        "intersections[t-junction].movements[side-left].yields_to: `noone` (allowed: movements of this intersection)",
        "intersections[t-junction].feeders[upstream-east_0].into[from-east_0].share: 1.5 (allowed: 0…1)",
        "intersections[t-junction].detectors[stop-west].lane: `elsewhere` (allowed: a stop-line lane or a feeder of this intersection)",
        "intersections[t-junction].stages[main].signals: `GgGs` has 4 letters (allowed: 5)",
        "intersections[t-junction].stages[side].signals: letter 2 of `ryGGr` is `y` (allowed: G, g, r, s (change intervals are laid out by the program))",
        "intersections[t-junction].programme.steps[0].stage: `later` (allowed: a stage of this intersection)",
    ] {
        assert!(told.iter().any(|line| line == expected), "not told: {expected}\ntold:\n{}", told.join("\n"));
    }
}

#[test]
fn a_stage_that_greens_two_conflicting_groups_is_refused_unless_the_permissive_one_yields() {
    let mut file = read(STAGES);
    file.intersections[0].stages[0].signals = "GGGsr".into();
    let told = refused(file);
    let expected = "intersections[t-junction].stages[main].signals: `main` and `left` are green together and conflict \
                    (allowed: one of them red, or permissive (g) where it yields)";
    assert!(told.contains(&expected.to_owned()), "{told:?}");
}

#[test]
fn an_intersection_without_conflict_information_is_refused() {
    let mut file = read(STAGES);
    file.intersections[0].conflicts.clear();
    let told = refused(file);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("intersections[t-junction].conflicts: no conflict information"), "{told:?}");

    let mut underived = read(STAGES);
    underived.intersections[0].conflicts.clear();
    underived.intersections[0].stages.clear();
    without_programmes(&mut underived.intersections[0]);
    assert!(refused(underived)[0].starts_with("intersections[t-junction].conflicts"));
}

#[test]
fn a_signal_whose_groups_never_take_turns_needs_no_conflicts() {
    let mut file = read(STAGES);
    let it = &mut file.intersections[0];
    it.conflicts.clear();
    without_programmes(it);
    it.stages = [("go", "GGGGG"), ("stop", "rrrrr")].map(|(id, signals)| stage(id, signals)).to_vec();
    assert_eq!(build(file).intersections[0].stages.len(), 2, "a signal in the middle of a road");
}

/// As if nobody had written any.
fn without_programmes(it: &mut IntersectionFile) {
    it.programme = None;
    it.programmes.clear();
    it.timetable = None;
}

fn stage(id: &str, signals: &str) -> StageFile {
    StageFile { id: id.into(), signals: signals.into() }
}

#[test]
fn phases_of_two_rings_that_conflict_inside_a_barrier_are_refused() {
    let mut file = read(RING_BARRIER);
    let it = &mut file.intersections[0];
    it.phases[0].groups = vec!["nb".into()];
    let told = refused(file);
    assert!(told.iter().any(|line| line.contains("stages[1+6].signals: `nb` and `wb` are green together")), "{told:?}");

    let mut listed = read(RING_BARRIER);
    let it = &mut listed.intersections[0];
    it.phases[0].groups = vec!["nb".into()];
    it.programme = None;
    it.stages = vec![stage("a", "rGrrGrrr"), stage("b", "gGrrgGrr")];
    let told = refused(listed);
    assert!(told.iter().any(|line| line.contains("phases[1].groups: `nb` and `wb` conflict, yet phase 6")), "{told:?}");
}

#[test]
fn a_listed_stage_may_not_reach_over_a_barrier_or_show_two_phases_of_a_ring() {
    let mut file = read(RING_BARRIER);
    let it = &mut file.intersections[0];
    it.programme = None;
    it.conflicts.retain(|conflict| conflict.between != ["eb".to_owned(), "nb".to_owned()]);
    it.stages = vec![stage("across", "rGrGrrrr"), stage("same-ring", "GGrrrrrr"), stage("good", "gGrrgGrr")];
    it.conflicts.retain(|conflict| conflict.between != ["wb-left".to_owned(), "eb".to_owned()]);
    it.conflicts.push(ConflictFile {
        between: ["wb-left".into(), "eb".into()],
        red_clearance_ms: [Millis::ZERO; 2],
        yields: [true, true],
    });
    let told = refused(file);
    assert!(
        told.iter().any(|line| line.contains("phases 2 and 4 are green together and lie on two sides")),
        "{told:?}"
    );
    assert!(told.iter().any(|line| line.contains("phases 1 and 2 are green together and run one after")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("stages[good]")), "{told:?}");
}

#[test]
fn links_must_lead_from_a_known_exit_to_a_known_approach() {
    let mut file = read(STAGES);
    file.links = toml::from_str::<NetworkFile>(
        "city = 'x'\nintersections = []\n[[links]]\nid = 'to-east'\nfrom = 't-junction'\nto = 'nowhere'\napproach = 'a'\nlength_m = 0.0\nspeed_mps = 70.0\n",
    )
    .unwrap()
    .links;
    let told = refused(file);
    for key in ["links[to-east].to", "links[to-east].length_m", "links[to-east].speed_mps"] {
        assert!(told.iter().any(|line| line.starts_with(key)), "{key} in {told:?}");
    }
}

#[test]
fn text_of_the_wrong_shape_is_told_with_line_and_column() {
    let told = NetworkFile::from_toml("city = \"x\"\nintersection = []\n", "net.toml").unwrap_err().to_string();
    assert!(told.starts_with("net.toml:2:1: unknown field `intersection`"), "{told}");
    let told = NetworkFile::from_json("{\"city\": \"x\",\n \"intersections\": 3}", "net.json").unwrap_err().to_string();
    assert!(told.starts_with("net.json:2:19: invalid type: integer `3`"), "{told}");
}

#[test]
fn the_configuration_hash_knows_the_meaning_and_not_the_writing() {
    let written = build(read(STAGES)).intersections.remove(0);
    assert_eq!(written.config_hash.len(), 16);
    let mut spelled_out = read(STAGES);
    spelled_out.intersections[0].groups[0].red_max_ms = Some(Millis(120_000));
    spelled_out.city = "another".into();
    assert_eq!(build(spelled_out).intersections[0].config_hash, written.config_hash, "a default may be written out");
    let mut different = read(STAGES);
    different.intersections[0].groups[0].red_max_ms = Some(Millis(119_999));
    assert_ne!(build(different).intersections[0].config_hash, written.config_hash);
}

#[test]
fn every_imported_map_survives_the_way_to_a_file_and_back() {
    for name in data::MAPS {
        let Some(map) = data::map(name) else {
            println!("skipped: {name} is not there; `make test` fetches it");
            continue;
        };
        let net = std::fs::read_to_string(&map.net).expect("a map can be read");
        let text = std::fs::read_to_string(&map.routes).expect("routes can be read");
        let routes = [RouteText { text: &text, source: name }];
        let imported = import_with_routes(&net, name, &routes, &ImportOptions::default()).expect("a map is imported");
        assert_eq!(build(imported.network.to_file()), imported.network, "{name}");
        let text = imported.network.to_file().to_toml();
        assert_eq!(build(read(&text)), imported.network, "{name}, as TOML");
    }
}

/// One of the examples with some of its optional parts left out or changed.
fn variants() -> impl Strategy<Value = NetworkFile> {
    let optional = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (any::<bool>(), optional, 0.05_f64..=1.0, 2_000_i64..=6_000, 0_i64..=5_000).prop_map(
        |(ring, (no_zones, no_shares, no_programme, no_phases, no_detectors), saturation, change, red)| {
            let mut file = read(if ring { RING_BARRIER } else { STAGES });
            let it = &mut file.intersections[0];
            for lane in it.approaches.iter_mut().flat_map(|approach| &mut approach.lanes) {
                lane.zone_m = lane.zone_m.filter(|_| !no_zones);
                lane.saturation = Some(saturation);
            }
            it.movements.iter_mut().filter(|_| no_shares).for_each(|movement| movement.share = None);
            it.groups[0].change_ms = Millis(change);
            it.conflicts[0].red_clearance_ms[1] = Millis(red);
            if no_phases {
                it.phases.clear();
                it.stages.clear();
            }
            if no_programme || no_phases {
                without_programmes(it);
            }
            if no_detectors {
                it.detectors.clear();
            }
            file
        },
    )
}

proptest! {
    #[test]
    fn building_what_a_built_network_writes_gives_the_same_network(file in variants()) {
        let built = build(file);
        let written = built.to_file();
        let again = build(written.clone());
        prop_assert_eq!(&again, &built);
        prop_assert_eq!(&again.to_file(), &written);
        prop_assert_eq!(&NetworkFile::from_toml(&written.to_toml(), "written").unwrap(), &written);
        prop_assert_eq!(&NetworkFile::from_json(&written.to_json(), "written").unwrap(), &written);
    }
}

#[test]
fn the_timetable_of_the_example_names_the_programme_of_each_hour_and_comes_back_from_a_file() {
    let network = build(read(STAGES));
    let site = &network.intersections[0];
    let green = |year, month, day, hour: i64, minute: i64| {
        let days = lightwatch::time::days_of_civil(year, month, day);
        // The example is an hour ahead of UTC.
        let at = Timestamp::from_secs(86_400 * days + 3_600 * (hour - 1) + 60 * minute);
        site.programme_at(at).steps[0].green.0 / 1_000
    };
    assert_eq!(green(2026, 11, 24, 6, 29), 30, "a Tuesday, before the peak");
    assert_eq!(green(2026, 11, 24, 6, 30), 45);
    assert_eq!(green(2026, 11, 24, 9, 30), 30);
    assert_eq!(green(2026, 11, 28, 8, 0), 30, "a Saturday");
    assert_eq!(green(2026, 12, 25, 8, 0), 30, "a Friday, but Christmas");
    assert_eq!(build(network.to_file()), network);
    let text = network.to_file().to_toml();
    assert_eq!(build(NetworkFile::from_toml(&text, "written.toml").unwrap()), network);
    let mut without = network.to_file();
    without_programmes(&mut without.intersections[0]);
    assert_ne!(
        build(without).intersections[0].config_hash,
        site.config_hash,
        "both sides must know the same timetable"
    );
}

#[test]
fn what_is_wrong_in_a_timetable_is_told_with_its_place_and_what_is_allowed() {
    let wrong = STAGES
        .replace("from = \"09:30\" }", "from = \"24:30\" }")
        .replace("programme = \"peak\" }", "programme = \"night\" }")
        .replace("utc_offset_min = 60", "utc_offset_min = 6000")
        .replace("\"2026-12-26\"", "\"2026-02-30\"");
    let place = "intersections[t-junction].timetable";
    assert_eq!(
        refused(read(&wrong)),
        [
            format!("{place}.utc_offset_min: 6000 min (allowed: -840…840 min)"),
            format!(
                "{place}.entries[0].programme: `night` (allowed: a name of `programmes`, or nothing for `programme`)"
            ),
            format!("{place}.entries[1].from: `24:30` (allowed: 00:00…23:59)"),
            format!("{place}.entries[2].dates: `2026-02-30` (allowed: YYYY-MM-DD)"),
        ]
    );
}
