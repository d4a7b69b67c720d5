//! Imports of Synchro's UTDF: two signals made by hand, and files with everything wrong.

use lightwatch::network::Turn;
use lightwatch::network::file::NetworkFile;
use lightwatch::network::import::sumo::{ImportOptions, Imported};
use lightwatch::network::import::utdf::{UtdfError, import};
use lightwatch::time::Millis;
use lightwatch::units::lamps_to_string;
use proptest::prelude::*;
use std::process::Command;

const TWO: &str = include_str!("../data/utdf/two-signals.csv");

fn imported(text: &str) -> Imported {
    import(text, "two.csv", &ImportOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn two_signals_come_with_lanes_phases_and_programme_in_metres() {
    let Imported { file, network, report, .. } = imported(TWO);
    assert_eq!((file.intersections.len(), file.links.len()), (2, 2));
    let first = &network.intersections[0];
    let stages: Vec<&str> = first.stages.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(stages, ["1+5", "1+6", "2+5", "2+6", "3+7", "3+8", "4+7", "4+8"]);
    let groups: Vec<&str> = first.groups.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(groups, ["NBL", "NBT", "EBL", "EBT", "SBL", "SBT", "WBL", "WBT"]);
    // Both lefts of the main street turn beside the opposed throughs, those of the side street do not.
    assert_eq!(lamps_to_string(&first.stages[3].signals), "rrgGrrgG");
    let lane = |id: &str| first.lanes.iter().find(|it| it.id.as_str() == id).unwrap_or_else(|| panic!("{id}"));
    // From the kerb: through and right, through, left in a bay of 200 ft; 1000 ft at 45 miles an hour.
    let kerb = lane("11-1_0");
    let turns: Vec<Turn> = kerb.movements.iter().map(|it| first.movements[it.0].turn).collect();
    assert_eq!(turns, [Turn::Through, Turn::Right]);
    assert!((kerb.length_m - 304.8).abs() < 1e-6 && (kerb.speed_mps - 20.1168).abs() < 1e-6 && kerb.is_source);
    assert!((lane("11-1_2").length_m - 60.96).abs() < 1e-6 && !lane("2-1_0").is_source);
    // 300 of the 600 straight on share the lane with 50 who turn.
    assert!((first.movements[kerb.movements[1].0].share_prior - 50.0 / 350.0).abs() < 1e-6);
    let steps: Vec<(&str, Millis)> =
        first.programme.steps.iter().map(|it| (first.stage(it.stage).id.as_str(), it.green)).collect();
    assert_eq!(
        steps,
        [("1+5", Millis(16_000)), ("2+6", Millis(38_000)), ("3+7", Millis(11_500)), ("4+8", Millis(18_500))]
    );
    assert_eq!(network.intersections[1].programme.offset, Millis(15_000));
    assert_eq!(file.links[0].from.as_str(), "2");
    assert!(report.refused.is_empty() && report.guessed.is_empty(), "{report}");
}

#[test]
fn the_network_that_is_written_is_read_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("two.csv"), TWO).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let output =
        command.args(["import", "utdf", "two.csv", "--out", "two"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 intersections, 16 signal groups"));
    let text = std::fs::read_to_string(folder.path().join("two/network.toml")).unwrap();
    let file: NetworkFile = toml::from_str(&text).unwrap();
    assert_eq!(file, NetworkFile { city: "two".to_owned(), ..imported(TWO).file });
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let output =
        command.args(["import", "utdf", "nowhere.csv", "--out", "two"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(65));
}

/// The file without a section.
fn without(section: &str) -> String {
    let begin = TWO.find(&format!("[{section}]")).unwrap();
    let end = TWO[begin + 1..].find("\n[").map_or(TWO.len(), |it| begin + 1 + it + 1);
    TWO[..begin].to_owned() + &TWO[end..]
}

#[test]
fn missing_sections_are_guessed_or_refused_by_name() {
    for section in ["Nodes", "Lanes"] {
        let refused = import(&without(section), "two.csv", &ImportOptions::default()).unwrap_err();
        assert!(matches!(&refused, UtdfError::NoSection { section: it, .. } if *it == section), "{refused}");
    }
    for (section, told) in [
        ("Network", "feet and miles"),
        ("Links", "[Links] is missing"),
        ("Timeplans", "no programmes"),
        ("Phases", "usual rings"),
    ] {
        let Imported { network, report, .. } = imported(&without(section));
        assert_eq!(network.intersections.len(), 2);
        assert!(report.guessed.iter().any(|it| it.message.contains(told)), "{section}: {report}");
    }
    let refused =
        import("[Nodes]\nINTID,TYPE\n1,1\n[Lanes]\nRECORDNAME,INTID,NBT\nLanes,1,1\n", "x", &ImportOptions::default());
    assert!(matches!(refused, Err(UtdfError::Nothing { .. })), "{refused:?}");
}

#[test]
fn what_is_twice_no_number_or_in_another_unit_is_told_with_its_line() {
    let twice = TWO.replace("1,0,0,0,0,\"Main, at 1\"", "1,0,0,0,0,\"Main, at 1\"\n1,1,5,5,0,");
    let report = imported(&twice).report;
    assert!(
        report.refused.iter().any(|it| it.about == "two.csv:13" && it.message.contains("first one counts")),
        "{report}"
    );
    let report = imported(&TWO.replace("Distance,1,800,800,1000,1000", "Distance,1,800,far,304.8,1000")).report;
    assert!(
        report.refused.iter().any(|it| it.about.starts_with("two.csv:") && it.message.contains("\"far\" is no number")),
        "{report}"
    );
    assert!(report.notes.iter().any(|it| it.about == "1" && it.message.contains("feet for metres")), "{report}");
    let long = imported(&TWO.replace("Yellow,1,3.5", "Yellow,1,35")).report;
    assert!(long.refused.iter().any(|it| it.message.contains("taken as 6.0 s")), "{long}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_lost_or_changed_nothing_panics(lines in proptest::collection::vec(0_usize..90, 0..30), with in "[0-9,.A-Za-z\"\\[\\] -]{0,20}") {
        let changed: Vec<&str> = TWO.lines().enumerate().map(|(at, line)| if lines.contains(&at) { with.as_str() } else { line }).collect();
        let _ = import(&changed.join("\n"), "two.csv", &ImportOptions::default());
    }
}
