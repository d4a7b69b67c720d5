//! `lightwatch explain` on recordings of the own simulator: the recorded decision, driven again; and what is told of bad recordings.

use super::small;
use lightwatch::record::FILE;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A recording of some seconds.
fn recorded(seconds: u32, controller: &str, more: &str) -> (TempDir, PathBuf) {
    let (folder, scenario) = small::scenario(seconds, more);
    let recording = folder.path().join("recording");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("simulate").arg(&scenario).args(["--controller", controller, "--record"]).arg(&recording);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    (folder, recording)
}

fn explain(recording: &Path, at: &str, intersection: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("explain").arg(recording).args(["--at", at, "--intersection", intersection]).args(more);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The payload of one channel of one intersection at a second, as recorded.
fn payload(recording: &Path, at: i64, intersection: &str, channel: &str) -> Option<Value> {
    let text = fs::read_to_string(recording.join(FILE)).unwrap();
    let lines = text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap());
    let topic = format!("/{intersection}/{channel}");
    let here =
        |line: &Value| line["ts_ms"] == at * 1000 && line["topic"].as_str().is_some_and(|it| it.ends_with(&topic));
    lines.filter(here).map(|line| line["payload"].clone()).next()
}

#[test]
fn any_second_is_explained_as_it_was_decided_and_the_plans_are_the_same_to_the_byte() {
    let (_folder, recording) = recorded(150, "adaptive", "");
    for (at, intersection) in [(20, "s01"), (77, "s02"), (149, "s03")] {
        let output = explain(&recording, &format!("{at}.4"), intersection, &["--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let found: Value = serde_json::from_str(&told(&output)).unwrap();
        let decision = payload(&recording, at, intersection, "decision").expect("it decides every second");
        for (ours, recorded) in
            [("chosen", "chosen"), ("over", "runner_up"), ("reason", "reason"), ("labels", "labels")]
        {
            assert_eq!(found["decision"][ours], decision[recorded], "{ours} at {at}");
        }
        let term = |name: &str| {
            let terms = found["decision"]["terms"].as_array().unwrap();
            terms.iter().find(|it| it["term"] == name).cloned().unwrap_or_default()
        };
        for name in ["delay", "stops", "changes", "spill", "terminal"] {
            assert_eq!(term(name)["chosen"], decision["cost"][name], "{name} at {at}");
            assert_eq!(term(name)["over"], decision["runner_up_cost"][name], "{name} at {at}");
        }
        let reason = decision["reason"].as_str().unwrap();
        assert!(reason.contains("less than") && reason.contains(" labels"), "{reason}");
        let plan = payload(&recording, at, intersection, "plan").unwrap();
        let intervals = found["plan"]["intervals"].as_array().unwrap();
        assert_eq!(intervals.len(), plan["intervals"].as_array().unwrap().len());
        assert!(plan["reason"].as_str().unwrap().starts_with("search: "), "{plan}");
        assert_eq!(found["redriven"]["differences"], 0, "{found}");
        assert!(found["redriven"]["plans"].as_i64().unwrap() > at - 10, "{found}");
        let lanes = found["lanes"].as_array().unwrap();
        assert!(lanes.len() > 4 && lanes.iter().all(|lane| lane["queue"].is_number() && lane["counted"].is_array()));
    }
    let text = told(&explain(&recording, "77", "s02", &[]));
    for word in ["lane ", "why ", "together", "compared", "guard ", "gate ", "the same to the byte"] {
        assert!(text.contains(word), "{word}\n{text}");
    }
}

#[test]
fn greedy_control_counts_that_come_late_and_a_street_without_engine_are_explained_too() {
    let late = "[[faults]]\nintersection = \"s01\"\nkind = { late = { by_s = 7.0 } }\nbegin_s = 10.0\nend_s = 60.0\n";
    let (_folder, recording) = recorded(90, "greedy", late);
    let output = explain(&recording, "80", "s01", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(told(&output).contains("score") && told(&output).contains("the same to the byte"), "{}", told(&output));
    let (_folder, recording) = recorded(30, "actuated", "");
    let output = explain(&recording, "20", "s01", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(told(&output).contains("decision    none was recorded"), "{}", told(&output));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let (_folder, recording) = recorded(20, "adaptive", "");
    let output = explain(&recording, "10", "s1", &[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).contains("near to it are s01, s02, s03"), "{}", said(&output));
    let output = explain(&recording, "20", "s01", &[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).contains("recorded are 0.0 s to 19.0 s"), "{}", said(&output));
    assert_eq!(explain(&recording, "-5", "s01", &[]).status.code(), Some(64));
    let file = recording.join("events.txt");
    fs::write(&file, "hello\n").unwrap();
    for (path, word) in [(recording.join("nowhere"), "No such file"), (file, "not a recording")] {
        let output = explain(&path, "10", "s01", &[]);
        assert_eq!(output.status.code(), Some(65), "{}", said(&output));
        assert!(said(&output).contains(word), "{}", said(&output));
    }
}

#[test]
fn a_torn_end_is_survived_a_newer_form_refused_and_a_changed_recording_found() {
    let (_folder, recording) = recorded(40, "adaptive", "");
    let file = recording.join(FILE);
    let whole = fs::read_to_string(&file).unwrap();
    // Torn in the last second but one, in the middle of a line.
    let torn = whole.rfind("{\"ts_ms\":38000").unwrap() + 40;
    fs::write(&file, &whole[..torn]).unwrap();
    let output = explain(&recording, "37", "s02", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = explain(&recording, "39", "s02", &[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).contains("0.0 s to 37.0 s"), "{}", said(&output));
    fs::write(&file, whole.replacen("\"lightwatch_events\":3", "\"lightwatch_events\":4", 1)).unwrap();
    let output = explain(&recording, "10", "s02", &[]);
    assert_eq!(output.status.code(), Some(65));
    assert!(said(&output).contains("format 4") && said(&output).contains("newer lightwatch"), "{}", said(&output));
    fs::write(&file, whole.replacen("\"change_cost_s\":1.5", "\"change_cost_s\":9.5", 1)).unwrap();
    let output = explain(&recording, "10", "s02", &[]);
    assert_eq!(output.status.code(), Some(65));
    assert!(said(&output).contains("digest"), "{}", said(&output));
    let middle = whole.find("{\"ts_ms\":20000").unwrap();
    fs::write(&file, format!("{}nonsense\n{}", &whole[..middle], &whole[middle..])).unwrap();
    let output = explain(&recording, "30", "s02", &[]);
    assert_eq!(output.status.code(), Some(65));
    assert!(said(&output).contains("events-000001.jsonl:") && said(&output).contains("no event"), "{}", said(&output));
    // Other counts than those that were decided on.
    let counts = whole.find("{\"ts_ms\":12000,\"topic\":\"lw/1/simulated/s02/counts\"").unwrap();
    let changed = whole[counts..].replacen("\"count\":0", "\"count\":9", 1);
    fs::write(&file, format!("{}{changed}", &whole[..counts])).unwrap();
    let output = explain(&recording, "30", "s02", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("first: decision at 12.0 s"), "{}", told(&output));
}
