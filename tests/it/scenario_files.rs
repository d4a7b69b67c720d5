//! Wrong scenarios: all problems at once, with file, key, value and what is allowed, and exit code 78.

use std::process::Command;

fn told(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scenario.toml"), text).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_lightwatch")).arg("simulate").arg(folder.path()).output().unwrap();
    assert_eq!(run.status.code(), Some(78), "{run:?}");
    String::from_utf8(run.stderr).unwrap()
}

fn all_told(text: &str, wanted: &[&str]) {
    let told = told(text);
    for it in wanted {
        assert!(told.contains(it), "{it}\n--- in ---\n{told}");
    }
}

#[test]
fn unknown_and_missing_keys_are_told_together() {
    all_told(
        "durration_s = 5\n[street.grid]\ncolumns = 2\nrow = 3\n",
        &[
            "durration_s: unknown key",
            "duration_s: missing",
            "street.grid.row: unknown key",
            "street.grid.rows: missing",
        ],
    );
}

#[test]
fn values_out_of_range_are_told_together_with_what_is_allowed() {
    all_told(
        "duration_s = 0\nwarm_up_s = 9\nstep_s = 0.3\n[engine]\nrange_m = 5.0\n[street.grid]\ncolumns = 0\nrows = 2\n\
         [expect.adaptive]\ndelay_s = \"few\"\nspeed = 3\n",
        &[
            "duration_s: 0 s (allowed: 1…172800 s)",
            "warm_up_s: 9 s",
            "step_s: 0.3 s",
            "engine.range_m: 5 m (allowed: 10…1000 m)",
            "street.grid.columns: 0 (allowed: 1…200)",
            "expect.adaptive.delay_s",
            "unknown measure `speed`",
        ],
    );
}

const STREET: &str = r#"
duration_s = 60
[street.inline]
junctions = [
    { id = "w", x_m = -100.0, control = "boundary" }, { id = "e", x_m = 100.0, control = "boundary" },
    { id = "n", y_m = 100.0, control = "boundary" }, { id = "s", y_m = -100.0, control = "boundary" },
    { id = "x", control = "signal", signal = "x" },
]
roads = [
    { id = "w_x", from = "w", to = "x", length_m = LENGTH, speed_mps = 13.9, lanes = [{ turns = ["straight"] }] },
    { id = "x_e", from = "x", to = "e", length_m = 90.0, speed_mps = 13.9, lanes = [{}] },
    { id = "n_x", from = "n", to = "x", length_m = 90.0, speed_mps = 13.9, lanes = [{ turns = ["straight"] }] },
    { id = "x_s", from = "x", to = "s", length_m = 90.0, speed_mps = 13.9, lanes = [{}] },
]
[[street.inline.signals]]
id = "x"
yellow_s = 3.0
all_red_s = CLEARANCE
stages = STAGES
"#;
const SAFE: &str = r#"[{ duration_s = 20.0, state = "Gr" }, { duration_s = 3.0, state = "yr" }, { duration_s = 2.0, state = "rr" },
    { duration_s = 20.0, state = "rG" }, { duration_s = 3.0, state = "ry" }, { duration_s = 2.0, state = "rr" }]"#;

fn street(length: &str, clearance: &str, stages: &str) -> String {
    STREET.replace("LENGTH", length).replace("CLEARANCE", clearance).replace("STAGES", stages)
}

#[test]
fn lengths_conflicts_and_clearances_of_the_street_are_judged() {
    all_told(&street("-5.0", "2.0", SAFE), &["length_m", "-5"]);
    all_told(&street("0.0", "2.0", SAFE), &["length_m"]);
    all_told(&street("90.0", "2.0", r#"[{ duration_s = 20.0, state = "GG" }]"#), &["Conflict"]);
    all_told(&street("90.0", "5.0", SAFE), &["ShortClearance"]);
    all_told(&street("90.0", "50.0", SAFE), &["all_red_s", "50"]);
}

#[test]
fn demand_that_cannot_be_driven_and_lanes_that_are_not_there_are_told_together() {
    let more = "[[demand.flows]]\nid = \"f\"\nroute = [\"w_x\", \"x_s\"]\nveh_per_h = 10.0\nend_s = 60.0\n\
                [[demand.flows]]\nid = \"g\"\nroute = [\"nowhere\"]\nveh_per_h = -1.0\nend_s = 60.0\n\
                [[incidents]]\nlane = \"w_x_7\"\nfrom_m = 3.0\nbegin_s = 9.0\nend_s = 3.0\n";
    all_told(
        &(street("90.0", "2.0", SAFE) + more),
        &["x_s", "nowhere", "unknown lane `w_x_7`", "incidents[0].end_s: 3 s (allowed: after begin_s 9 s)"],
    );
}

#[test]
fn faults_of_detectors_are_judged_before_anything_runs() {
    let more = "[[faults]]\nintersection = \"nowhere\"\nkind = { miscount = { missed = 1.5, doubled = -0.1 } }\n\
                begin_s = 9.0\nend_s = 3.0\n\
                [[faults]]\nlane = \"w_x_7\"\nkind = { late = { by_s = 9000.0 } }\nbegin_s = 0.0\nend_s = 3.0\n";
    all_told(
        &(street("90.0", "2.0", SAFE) + more),
        &[
            "faults[0].end_s: 3 s (allowed: after begin_s 9 s)",
            "faults[0].kind.missed: 1.5 (allowed: 0…1)",
            "faults[0].kind.doubled: -0.1 (allowed: 0…1)",
            "faults[0].intersection: unknown signal `nowhere`",
            "faults[1].lane: unknown lane `w_x_7`",
            "faults[1].kind.by_s: 9000 s (allowed: 0…3600 s)",
        ],
    );
}

#[test]
fn check_knows_scenarios_and_the_schema_is_printed() {
    let lightwatch = || Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/surge/scenario.toml");
    let run = lightwatch().args(["check", good]).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert!(String::from_utf8_lossy(&run.stdout).contains("scenario is good"), "{run:?}");
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("scenario.toml");
    std::fs::write(&bad, street("-5.0", "2.0", SAFE)).unwrap();
    assert_eq!(lightwatch().arg("check").arg(&bad).output().unwrap().status.code(), Some(78));
    let schema = lightwatch().args(["schema", "scenario"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert!(schema["properties"]["street"].is_object());
}
