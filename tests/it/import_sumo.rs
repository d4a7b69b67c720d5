//! Imports of SUMO networks: what the known maps give, and that every change between their stages is free of conflict.

use crate::data;
use lightwatch::ids::StageIx;
use lightwatch::network::file::NetworkFile;
use lightwatch::network::import::sumo::{ImportError, ImportOptions, Imported, RouteText, import, import_with_routes};
use lightwatch::network::{GroupKind, Intersection, Network, Turn};
use lightwatch::plan::Shown;
use lightwatch::plan::layout::{Leg, lay_out};
use lightwatch::time::{Millis, Timestamp};
use lightwatch::units::lamps_to_string;
use std::path::{Path, PathBuf};

const CROSSINGS: &str = include_str!("../data/crossings.net.xml");

fn imported(path: &Path, options: &ImportOptions) -> Imported {
    let text = std::fs::read_to_string(path).expect("a map that was found can be read");
    import(&text, &path.display().to_string(), options).unwrap_or_else(|error| panic!("{error}"))
}

/// A map with default options; `None`, and a line that says so, when it was not fetched.
fn map(name: &str) -> Option<Imported> {
    let Some(map) = data::map(name) else {
        println!("skipped: map {name} is not there (make maps)");
        return None;
    };
    Some(imported(&map.net, &ImportOptions::default()))
}

/// Networks of installed Python packages beside the checkout.
fn packaged() -> Vec<PathBuf> {
    let mut open = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        let root = folder == Path::new(env!("CARGO_MANIFEST_DIR"));
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if !root && path.is_symlink() {
                continue; // `lib64` is `lib` once more
            }
            let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && (!root || name.starts_with(".venv")) {
                open.push(path);
            } else if name.ends_with(".net.xml") {
                found.push(path);
            }
        }
    }
    found
}

/// Every change from one stage to another, laid out, shows no two groups in conflict at any time.
fn assert_no_conflict_on_any_change(network: &Network) {
    for intersection in &network.intersections {
        for from in intersection.stage_ixs() {
            for to in intersection.stage_ixs().filter(|&to| to != from) {
                assert_no_conflict(intersection, from, to);
            }
        }
    }
}

fn assert_no_conflict(intersection: &Intersection, from: StageIx, to: StageIx) {
    let start = Timestamp(0);
    let shown = Shown::all_red(intersection, start);
    let legs = [Leg { to: from, leave: start }, Leg { to, leave: start + Millis::from_secs(60) }];
    let intervals = lay_out(intersection, &shown, &legs, start + Millis::from_secs(180));
    assert!(intervals.iter().any(|it| it.signals == intersection.stage(to).signals), "the stage is reached");
    for interval in &intervals {
        for a in intersection.group_ixs() {
            for b in intersection.group_ixs().skip(a.0 + 1) {
                let lamps = |group: lightwatch::ids::GroupIx| (group, interval.signals[group.0]);
                assert!(
                    intersection.conflicts.compatible(lamps(a), lamps(b)),
                    "{} {from}->{to}: {} and {} in {}",
                    intersection.id,
                    intersection.groups[a.0].id,
                    intersection.groups[b.0].id,
                    lamps_to_string(&interval.signals)
                );
            }
        }
    }
}

#[test]
fn cologne1_gives_its_known_groups_stages_lanes_and_feeders() {
    let Some(Imported { network, report, .. }) = map("cologne1") else { return };
    let intersection = &network.intersections[0];
    assert_eq!(intersection.id.as_str(), "GS_cluster_357187_359543");
    let stages: Vec<String> = intersection.stages.iter().map(|it| lamps_to_string(&it.signals)).collect();
    let expected = ["rrrrrGGGggrrrrrGGGgg", "rrrrrrrrGGrrrrrrrrGG", "GGGggrrrrrGGGggrrrrr", "rrrGGrrrrrrrrGGrrrrr"];
    assert_eq!(stages, expected);
    let greens: Vec<Millis> = intersection.programme.steps.iter().map(|it| it.green).collect();
    assert_eq!(greens, [29_000, 6_000, 29_000, 6_000].map(Millis));
    assert!(intersection.groups.iter().all(|it| it.change == Millis(5_000)), "the file's 5 s are longer than ITE's");
    assert_eq!((report.counts.groups, report.counts.lanes, report.counts.exits), (20, 8, 8));
    let feeders: Vec<&str> = intersection.feeders.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(feeders, ["130165204_0", "27115123#2_0", "27115123#2_1"]);
    let sources: Vec<&str> = intersection.lanes.iter().filter(|it| !it.is_source).map(|it| it.id.as_str()).collect();
    assert_eq!(sources, ["27115123#3_0", "27115123#3_1"], "turning back at a dead end feeds nothing");
    assert_no_conflict_on_any_change(&network);
}

#[test]
fn ingolstadt21_gives_its_21_signals_and_accepts_the_one_merge_of_two_greens() {
    let Some(Imported { network, report, .. }) = map("ingolstadt21") else { return };
    let counts = report.counts;
    assert_eq!((counts.intersections, counts.groups, counts.lanes), (21, 210, 158));
    assert!(
        [66, 67].contains(&counts.stages),
        "the map of sumo-rl 1.4.5 has one stage less than RESCO's: {}",
        counts.stages
    );
    assert_eq!(counts.groups_unserved, 0);
    let accepted: Vec<&str> = report.accepted.iter().map(|it| it.about.as_str()).collect();
    assert_eq!(accepted, ["gneJ210", "gneJ210"]);
    assert!(report.refused.is_empty(), "{:?}", report.refused);
    let feeders = network.intersections.iter().flat_map(|it| &it.feeders);
    assert!(feeders.clone().all(|it| it.zone_m >= 1.0 && it.distance_m + it.zone_m <= 200.0 + 1e-9));
    let all: Vec<f64> = feeders.map(|it| it.into.iter().map(|(_, share)| share).sum()).collect();
    assert!(all.iter().all(|&sum: &f64| sum > 0.0 && sum < 1.0 + 1e-9), "shares of a feeder are at most one vehicle");
    let shared = network.intersections.iter().find(|it| it.id.as_str() == "243641585").expect("it is there");
    let of_group = |group: usize| shared.movements.iter().filter(|it| it.group.0 == group).count();
    assert_eq!((0..4).map(of_group).collect::<Vec<_>>(), [4, 1, 1, 4], "links that share an index share a group");
    // (sumo-rl's copy of the map has no red at the start of the cycle)
    let at_start = if counts.stages == 67 { Millis(1_000) } else { Millis::ZERO };
    assert_eq!(shared.programme.offset, at_start, "the programme starts after the red at the start of the cycle");
    assert_no_conflict_on_any_change(&network);
}

#[test]
fn arterial4x4_has_turns_on_red_and_links_both_ways() {
    let Some(Imported { network, report, .. }) = map("arterial4x4") else { return };
    assert_eq!((report.counts.intersections, report.counts.stages, report.counts.links), (16, 80, 48));
    assert!(network.links.iter().all(|it| (it.share_prior - 1.0).abs() < 1e-9));
    let on_red = network.intersections[0].groups.iter().filter(|it| it.rest.is_red() && it.rest.letter() == 's');
    assert_eq!(on_red.count(), 4, "the right turns");
    assert_no_conflict_on_any_change(&network);
}

#[test]
fn one_value_for_all_overrides_the_times_of_the_file() {
    let Some(map) = data::map("cologne1") else {
        println!("skipped: map cologne1 is not there (make maps)");
        return;
    };
    let options = ImportOptions {
        yellow: Some(Millis(3_000)),
        all_red: Some(Millis::ZERO),
        green_min: Some(Millis(7_000)),
        ..ImportOptions::default()
    };
    let intersection = &imported(&map.net, &options).network.intersections[0];
    assert!(intersection.groups.iter().all(|it| it.change == Millis(3_000) && it.green_min == Millis(7_000)));
    let slowest = intersection.intergreens.iter().max().expect("there are groups");
    assert_eq!(*slowest, Millis(3_000));
}

#[test]
fn routes_give_the_shares_of_movements() {
    let Some(map) = data::map("cologne3") else {
        println!("skipped: map cologne3 is not there (make maps)");
        return;
    };
    let net = std::fs::read_to_string(&map.net).expect("it was found");
    let routes = std::fs::read_to_string(&map.routes).expect("it was found");
    let routes = [RouteText { text: &routes, source: "cologne3.rou.xml" }];
    let counted = import_with_routes(&net, "n", &routes, &ImportOptions::default()).expect("it fits");
    let guessed = import(&net, "n", &ImportOptions::default()).expect("it fits");
    let shares =
        |it: &Imported| -> Vec<f64> { it.network.intersections[0].movements.iter().map(|it| it.share_prior).collect() };
    assert_ne!(shares(&counted), shares(&guessed));
    assert_eq!(counted.report.notes[0].message, "4494 vehicles, 4494 routes with edges");
}

#[test]
fn every_network_of_the_installed_packages_imports_or_has_nothing_to_control() {
    let networks = packaged();
    if networks.is_empty() {
        println!("skipped: no networks of Python packages beside the checkout");
    }
    for path in networks {
        let text = std::fs::read_to_string(&path).expect("a file that was found can be read");
        match import(&text, "n", &ImportOptions::default()) {
            Ok(imported) => assert_no_conflict_on_any_change(&imported.network),
            Err(error) => assert!(
                matches!(error, ImportError::NoSignals { .. } | ImportError::NothingServed { .. }),
                "{}: {error}",
                path.display()
            ),
        }
    }
}

#[test]
fn crossings_become_pedestrian_groups_to_which_turning_traffic_yields() {
    let network = import(CROSSINGS, "n", &ImportOptions::default()).expect("it is well").network;
    let intersection = &network.intersections[0];
    let on_foot: Vec<usize> = (0..20).filter(|&it| intersection.groups[it].kind == GroupKind::Pedestrian).collect();
    assert_eq!(on_foot, [16, 17, 18, 19]);
    let crosswalks = intersection.movements.iter().filter(|it| it.turn == Turn::Crosswalk && it.lane.is_none());
    assert_eq!(crosswalks.count(), 4);
    // 12.80 m at 1.07 m/s; walk and clearance together (12.8 + 1.8) / 0.91 s
    assert_eq!(intersection.groups[16].change, Millis(12_000));
    assert_eq!(intersection.groups[16].green_min, Millis(7_000));
    let right = intersection.movements.iter().find(|it| it.turn == Turn::Right).expect("there are right turns");
    let yields = |it: &&lightwatch::ids::MovementIx| intersection.movements[it.0].turn == Turn::Crosswalk;
    assert!(right.yields_to.iter().any(|it| yields(&it)), "{right:?}");
    assert_no_conflict_on_any_change(&network);
}

#[test]
fn the_command_writes_network_and_report_and_tells_bad_data_by_its_exit_code() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (net, out) = (folder.path().join("crossings.net.xml"), folder.path().join("out"));
    let run = |text: &[u8]| {
        std::fs::write(&net, text).expect("the folder can be written");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        command.args(["import", "sumo"]).arg(&net).arg("--out").arg(&out).arg("--json").output().expect("it starts")
    };
    let good = run(CROSSINGS.as_bytes());
    assert_eq!(good.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&good.stdout).expect("the report is JSON");
    assert_eq!(report["counts"]["groups"], 20);
    let written = std::fs::read_to_string(out.join("network.toml")).expect("it was written");
    let file = NetworkFile::from_toml(&written, "network.toml").expect("what is written can be read");
    assert_eq!(file.city, "crossings");
    assert!(Network::build(file).is_ok());
    let bad = run(&CROSSINGS.as_bytes()[..9_000]);
    assert_eq!(bad.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("it is truncated"));
    let compressed = run(&[0x1f, 0x8b, 0x08, 0x00]);
    assert_eq!(compressed.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&compressed.stderr).contains("byte 1 is not UTF-8 text"));
}
