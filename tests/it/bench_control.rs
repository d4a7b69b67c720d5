//! `lightwatch bench control` with the real SUMO: results, resumption after an interrupt, bad tables.
//!
//! Needs SUMO and the maps that `make test` fetches; without them the tests say `skipped` and pass.

use super::data;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A benchmark of one map, two controllers and one seed, if there is a SUMO.
fn bench(out: &Path, seconds: u32) -> Option<Command> {
    let Some((sumo, map)) = data::sumo("1.28").zip(data::map("cologne1")) else {
        eprintln!("skipped: SUMO 1.28 or the map cologne1 is not there; `make tools` fetches them");
        return None;
    };
    let folder = map.net.parent().expect("a map stands in a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.args(["bench", "control", "--maps"]).arg(folder).arg("--out").arg(out);
    command.arg("--sumo").arg(format!("1.28={}", sumo.display()));
    command.args(["--seeds", "1", "--controllers", "adaptive,fixed", "--jobs", "1"]);
    command.args(["--shorten", &seconds.to_string()]);
    Some(command)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Records below a folder, with their contents.
fn kept(out: &Path) -> Vec<(PathBuf, String)> {
    let folder = out.join("runs/1.28/cologne1");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "json"));
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn a_benchmark_tells_each_run_in_every_form_and_runs_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = bench(folder.path(), 300) else { return };
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let csv = read("results.csv");
    for row in ["1.28,cologne1,adaptive,,1,", "1.28,cologne1,fixed,,1,", "1.28,cologne1,floor,,1,"] {
        assert!(csv.contains(row), "{csv}");
    }
    let (table, page) = (read("results.md"), read("results.html"));
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), table.trim_end());
    for word in ["signal delay", "unused green", "| must |", "0 of 1"] {
        assert!(table.contains(word), "{word}\n{table}");
    }
    assert!(page.contains("<svg") && page.contains("unused green"));
    let first = kept(folder.path());
    assert_eq!(first.len(), 3);
    let again = command.output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert!(!said(&again).contains("cologne1/"), "something was run again: {}", said(&again));
    assert_eq!((kept(folder.path()), read("results.csv")), (first, csv));
}

#[test]
fn an_interrupted_benchmark_keeps_what_is_done_and_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let Some(mut command) = bench(folder.path(), 1200) else { return };
    command.env("TMPDIR", &temporary);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while kept(folder.path()).is_empty() {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("goes on from there"), "{}", said(&output));
    assert!(!folder.path().join("results.csv").exists());
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "files of the run are left behind");
    let before = kept(folder.path());
    assert!(!before.is_empty() && before.len() < 3, "{} runs before the interrupt", before.len());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let after = kept(folder.path());
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|it| after.contains(it)), "a finished run was run again");
}

#[test]
fn a_wrong_table_and_a_folder_without_maps_are_told_with_code_78_and_nothing_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("table.toml");
    let text = "[asked]\nspeed_must = 0.1\nspeed_aim = 0.2\ndecision_p99_ms = 0.0\n[maps.a]\nend_s = 5\n\
                timing = { yellow_s = 9.0 }\n";
    fs::write(&table, text).unwrap();
    let bench = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        command.args(["bench", "control", "--maps"]).arg(folder.path());
        command
    };
    let output = bench().arg("--table").arg(&table).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    for it in ["asked.decision_p99_ms", "maps.a.begin_s: missing", "maps.a.timing.yellow_s: 9 s (allowed: 2…6 s)"] {
        assert!(said(&output).contains(it), "{it}: {}", said(&output));
    }
    let output = bench().output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output).contains("no map"), "{}", said(&output));
}
