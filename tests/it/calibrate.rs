//! `lightwatch calibrate`: a demand and a headway that are known come out again, and bad counts are refused with their place.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

fn lightwatch(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.args(arguments).current_dir(folder).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn good(folder: &Path, arguments: &[&str]) -> Value {
    let output = lightwatch(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_default()
}

fn scenario(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir(folder.join(name)).expect("a folder");
    std::fs::write(folder.join(name).join("scenario.toml"), text).expect("written");
}

fn avenue(west: f64, east: f64, side: f64) -> String {
    format!(
        "duration_s = 3600\n[street.corridor]\nspacing_m = [250.0, 300.0]\n[street.corridor.demand]\n\
         west_veh_per_h = {west}\neast_veh_per_h = {east}\nside_veh_per_h = {side}\n"
    )
}

/// Counted is one hour of 780, 400 and 260 vehicles an hour; written down are 600, 500 and 200.
#[test]
fn a_demand_that_is_known_is_found_again_from_its_counts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scenario(folder, "written", &avenue(600.0, 500.0, 200.0));
    scenario(folder, "truth", &avenue(780.0, 400.0, 260.0));
    good(folder, &["calibrate", "truth", "--observe", "counts.csv", "--period", "900", "--seed", "77"]);
    let found = good(
        folder,
        &["calibrate", "written", "--counts", "counts.csv", "--factor-period", "3600", "--out", "fitted", "--json"],
    );
    let factors: BTreeMap<String, f64> = found["factors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["source"].as_str().unwrap().to_owned(), it["scale"].as_f64().unwrap()))
        .collect();
    // Three standard deviations of an hour of Poisson arrivals, and as much again of the runs: 12 % of 780 and 400, 22 % of 260.
    for (source, truth, bound) in [("west_s01", 1.3, 0.12), ("east_s03", 0.8, 0.12)] {
        assert!((factors[source] / truth - 1.0).abs() < bound, "{source}: {factors:?}");
    }
    let sides: Vec<f64> = factors.iter().filter(|it| it.0.starts_with(['n', 'p'])).map(|it| *it.1).collect();
    assert!(sides.len() == 6 && sides.iter().all(|it| (it / 1.3 - 1.0).abs() < 0.22), "{factors:?}");
    let (before, after) = (&found["before"], &found["after"]);
    assert!(after["geh_below_5"].as_f64().unwrap() >= 0.95, "{after}");
    assert!(after["rmse"].as_f64().unwrap() < 0.7 * before["rmse"].as_f64().unwrap(), "{before} {after}");
    assert!(after["r2"].as_f64().unwrap() > 0.95, "{after}");
    // What is written is a scenario: it is checked and driven.
    assert_eq!(lightwatch(folder, &["check", "fitted/scenario.toml"]).status.code(), Some(0));
    let run = good(folder, &["simulate", "fitted", "--controller", "fixed", "--json"]);
    let demanded = run["demanded"].as_f64().unwrap();
    assert!((demanded / (780.0 + 400.0 + 6.0 * 260.0) - 1.0).abs() < 0.12, "{demanded}");
}

/// An approach that cannot carry its demand, with drivers who keep 1.3 s instead of 1 s.
#[test]
fn a_headway_that_is_known_is_found_again_where_an_approach_is_saturated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let signals = |tau: f64| {
        format!(
            "duration_s = 1500\n[[classes]]\nid = \"car\"\ntau_s = {tau}\n[street.corridor]\nspacing_m = [400.0]\n[street.corridor.demand]\n\
             west_veh_per_h = 1700.0\neast_veh_per_h = 900.0\nside_veh_per_h = 100.0\navenue_turns = [0.0, 0.0]\nside_turns = [0.0, 0.0]\n"
        )
    };
    scenario(folder, "written", &signals(1.0));
    scenario(folder, "truth", &signals(1.3));
    good(folder, &["calibrate", "truth", "--observe", "counts.csv", "--period", "500", "--seed", "57"]);
    let arguments = ["calibrate", "written", "--counts", "counts.csv", "--factor-period", "1500", "--prior", "0.1"];
    let more = ["--saturation", "--seeds", "2", "--iterations", "2", "--json"];
    let found = good(folder, &[&arguments[..], &more].concat());
    let headway = found["headway"].as_f64().unwrap();
    assert!((headway - 1.3).abs() < 0.16, "{headway}: {}", found["notes"]);
}

#[test]
fn bad_counts_are_refused_with_file_line_key_and_range() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scenario(folder, "small", &avenue(100.0, 100.0, 50.0));
    std::fs::write(folder.join("bad.csv"), "from,to,begin_s,end_s,count\nwest_s01,nowhere,0,900,-3\n").unwrap();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["small", "--counts", "bad.csv"], 65, "bad.csv:2: to: `nowhere` (allowed: a road of the street)"),
        (&["small", "--counts", "bad.csv"], 65, "bad.csv:2: count: -3 vehicles (allowed: 0…1000000 vehicles)"),
        (&["small", "--counts", "none.csv"], 65, "none.csv: cannot be read"),
        (&["small", "--counts", "bad.csv", "--prior", "99"], 64, "--prior 99 (allowed: 0.05…10)"),
        (&["no-such", "--counts", "bad.csv"], 78, "no such scenario"),
    ];
    for (arguments, code, wanted) in cases {
        let output = lightwatch(folder, &[&["calibrate"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(wanted), "{arguments:?}: {}", said(&output));
    }
}
