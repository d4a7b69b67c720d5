//! `lightwatch tune`: the same bytes however often it is interrupted and however many runs are made at a time; bad input.

use super::small;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn tune(scenario: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("tune").arg("--scenarios").arg(scenario).arg("--out").arg(out);
    command.args(["--vary", "stop_cost_s,change_cost_s,permissive_factor", "--population", "4"]);
    command.args(["--seeds", "1"]).args(more);
    if !more.contains(&"--held-out") {
        command.args(["--held-out", "11..12"]);
    }
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn done(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn files(out: &Path) -> (String, String) {
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    (read("state.json"), read("scalars.toml"))
}

#[test]
fn a_search_gives_the_same_bytes_for_any_number_of_jobs_and_goes_on_after_it_was_killed() {
    let (folder, scenario) = small::scenario(90, "");
    let [one, two, torn] = ["one", "two", "torn"].map(|name| folder.path().join(name));
    let told = done(tune(&scenario, &one, &["--generations", "3"]));
    assert!(told.contains("delay on the seeds kept aside") && told.contains("scalars.toml"), "{told}");
    done(tune(&scenario, &two, &["--generations", "3", "--jobs", "3"]));
    assert_eq!(files(&one), files(&two));

    // Killed without a word after its first generation, and told to go on.
    let mut child = tune(&scenario, &torn, &["--generations", "3"]).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while !torn.join("state.json").exists() && Instant::now() < until {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    done(tune(&scenario, &torn, &["--generations", "3"]));
    assert_eq!(files(&torn), files(&one));

    // What was found is what `--settings` takes, and it says where it comes from.
    let (_, result) = files(&one);
    for word in ["lightwatch tune", "permissive_factor", "held_out = [11, 12]", "change_percent", "generations = 3"] {
        assert!(result.contains(word), "{word}\n{result}");
    }
    assert!(!result.contains("date"), "none was given");
    let mut simulate = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    simulate.arg("simulate").arg(&scenario).arg("--alone").arg("--settings").arg(one.join("scalars.toml"));
    assert_eq!(simulate.output().unwrap().status.code(), Some(0));

    let other = tune(&scenario, &one, &["--generations", "4"]).output().unwrap();
    assert!(other.status.code() == Some(64) && said(&other).contains("generations"), "{}", said(&other));
    fs::write(one.join("state.json"), "{}").unwrap();
    let bad = tune(&scenario, &one, &["--generations", "3"]).output().unwrap();
    assert!(bad.status.code() == Some(65) && said(&bad).contains("no state of a search"), "{}", said(&bad));
}

#[test]
fn what_is_varied_in_one_scene_is_written_for_that_scene_with_the_date_that_was_given() {
    let (folder, scenario) = small::scenario(60, "");
    let out = folder.path().join("out");
    let vary = ["--generations", "1", "--scene", "peak", "--vary", "spill_price,terminal_weight", "--date", "2026-11"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("tune").arg("--scenarios").arg(&scenario).arg("--out").arg(&out).args(vary);
    command.args(["--population", "4", "--seeds", "1", "--held-out", "11"]);
    done(command);
    let (_, result) = files(&out);
    assert!(result.contains("[scenes.peak]") && result.contains("date = \"2026-11\""), "{result}");
    assert!(result.contains("scenes.peak.spill_price"), "{result}");
}

#[test]
fn bad_input_is_told_with_what_is_allowed() {
    let (folder, scenario) = small::scenario(60, "");
    let out = folder.path().join("out");
    let refused = |more: &[&str]| {
        let output = tune(&scenario, &out, more).output().unwrap();
        (output.status.code(), said(&output))
    };
    let (code, told) = refused(&["--held-out", "1..3"]);
    assert!(code == Some(64) && told.contains("1 is among --seeds"), "{told}");
    let (code, told) = refused(&["--scene", "rush"]);
    assert!(code == Some(64) && told.contains("off_peak, peak, event, oversaturated, incident"), "{told}");
    let (code, told) = refused(&["--scene", "peak"]);
    assert!(code == Some(64) && told.contains("`permissive_factor` cannot be varied"), "{told}");
    let file = folder.path().join("scalars.toml");
    fs::write(&file, "[provenance]\nhow = 'x'\n[optimize]\nhorizon_s = 5\n").unwrap();
    let (code, told) = refused(&["--settings", file.to_str().unwrap()]);
    assert!(code == Some(78) && told.contains("scalars.toml: optimize.horizon_s: 5 s (allowed: 10…120 s)"), "{told}");
    let output = Command::new(env!("CARGO_BIN_EXE_lightwatch"))
        .args(["tune", "--scenarios", "nowhere,surge", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(
        output.status.code() == Some(78) && said(&output).contains("nowhere: no such scenario"),
        "{}",
        said(&output)
    );
    assert!(!out.exists(), "nothing was written");
}
