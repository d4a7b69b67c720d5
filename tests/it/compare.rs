//! `lightwatch compare` and `lightwatch sweep` as programs: resumption, the same bytes again, jobs spread and collected, bad input.

use super::{data, small};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn lightwatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    lightwatch(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("folders of tests have plain names")
}

/// Results below a folder, with their contents.
fn results(folder: &Path) -> BTreeMap<PathBuf, String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path());
    let results = files.filter(|file| file.to_string_lossy().ends_with(".result.json"));
    results.map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

/// Whatever would be loaded from somewhere; the name of the namespace of SVG is a name.
fn loads(page: &str) -> Vec<&'static str> {
    let page = page.replace("http://www.w3.org/2000/svg", "");
    ["http:", "https:", "src=", "<script", "<link", "@import", "url("]
        .into_iter()
        .filter(|it| page.contains(it))
        .collect()
}

#[test]
fn an_interrupted_comparison_goes_on_and_the_same_command_gives_the_same_bytes_anywhere() {
    let (folder, scenario) = small::scenario(200, "");
    let at = |name: &str| folder.path().join(name);
    let compare = |report: &Path, jobs: &str| {
        let shared = ["compare", text(&scenario), "--controllers", "fixed,adaptive", "--seeds", "2", "--demand", "0.8"];
        let mut command = lightwatch(&shared);
        command.args(["--jobs", jobs, "--report", text(report)]);
        command
    };
    let (first, second) = (at("first.html"), at("second.html"));
    let running = compare(&first, "1").spawn().unwrap();
    while results(&at("first.runs")).is_empty() {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("goes on from there") && !first.exists(), "{}", said(&output));
    let before = results(&at("first.runs"));
    assert!(!before.is_empty() && before.len() < 4, "{} runs before the interrupt", before.len());

    let output = compare(&first, "1").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let after = results(&at("first.runs"));
    assert_eq!(after.len(), 4);
    assert!(before.iter().all(|(file, text)| after.get(file) == Some(text)), "a finished run was run again");
    let output = compare(&second, "2").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));

    let page = fs::read_to_string(&first).unwrap();
    assert_eq!(page, fs::read_to_string(&second).unwrap(), "side by side and afresh it is the same file");
    assert_eq!(loads(&page), Vec::<&str>::new());
    for it in [
        "Time–space",
        "Purdue coordination diagram",
        "queue profile",
        "cumulative curves",
        "Split monitor",
        "Level of service",
        "Prepared by",
    ] {
        assert!(page.contains(it), "{it} is missing");
    }
    let table = |name: &str| fs::read_to_string(at("first.tables").join(name)).unwrap();
    assert!(table("figures.csv").contains("small,0.800,adaptive,delay_s,s/veh,2,"), "{}", table("figures.csv"));
    assert!(table("movements.csv").lines().count() > 12 && table("services.csv").lines().count() > 12);
    assert_eq!(table("runs.csv").lines().count(), 5);
    let parquet = fs::read(at("first.tables/movements.parquet")).unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}

#[test]
fn jobs_that_are_spread_give_the_table_of_one_machine() {
    let (folder, scenario) = small::scenario(60, "");
    let (one, spread) = (folder.path().join("one"), folder.path().join("spread"));
    for out in [&one, &spread] {
        let asked = [
            "--controllers",
            "fixed,actuated",
            "--seeds",
            "2..3",
            "--demand",
            "0.5,1",
            "--set",
            "engine.green_min_s=5,8",
        ];
        let output = lightwatch(&["sweep", "plan", text(&scenario), "--out", text(out)]).args(asked).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    let collect = |folder: &Path| run(&["sweep", "collect", text(folder), "--csv", text(&folder.join("table.csv"))]);
    let output = collect(&spread);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said(&output).matches("missing: ").count(), 16, "{}", said(&output));

    assert_eq!(run(&["sweep", "run", text(&one), "--jobs", "2"]).status.code(), Some(0));
    let mut jobs: Vec<PathBuf> = fs::read_dir(&spread).unwrap().flatten().map(|it| it.path()).collect();
    jobs.retain(|it| it.to_string_lossy().ends_with(".job.json"));
    jobs.sort();
    assert_eq!(jobs.len(), 16);
    for part in [&jobs[9..], &jobs[..9]] {
        let files: Vec<&str> = part.iter().rev().map(|it| text(it)).collect();
        let output = lightwatch(&["sweep", "run"]).args(files).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    let again = run(&["sweep", "run", text(&spread)]);
    assert!(said(&again).starts_with("16 of 16 results are there"), "something was run again: {}", said(&again));
    let (output, other) = (collect(&one), collect(&spread));
    assert_eq!((output.status.code(), other.status.code()), (Some(0), Some(0)), "{}", said(&output));
    assert_eq!(output.stdout, other.stdout);
    let table = fs::read_to_string(one.join("table.csv")).unwrap();
    assert_eq!(table, fs::read_to_string(spread.join("table.csv")).unwrap());
    assert!(table.starts_with("job,place,controller,demand,seed,engine.green_min_s,state,exit_code,"), "{table}");
    assert_eq!(table.lines().count(), 17);
}

#[test]
fn more_seeds_are_added_to_a_comparison_and_what_was_run_is_not_run_again() {
    let (folder, scenario) = small::scenario(60, "");
    let (report, fresh) = (folder.path().join("r.html"), folder.path().join("fresh.html"));
    let compare = |report: &Path, seeds: &str| {
        let arguments = ["compare", text(&scenario), "--controllers", "fixed,adaptive", "--seeds", seeds, "--report"];
        let output = run(&[&arguments[..], &[text(report)]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        fs::read(report).unwrap()
    };
    compare(&report, "1");
    let results = || -> Vec<_> {
        let files = fs::read_dir(folder.path().join("r.runs")).unwrap().map(|it| it.unwrap());
        let results = files.filter(|it| it.file_name().to_string_lossy().ends_with(".result.json"));
        let mut results: Vec<_> = results.map(|it| it.metadata().unwrap().modified().unwrap()).collect();
        results.sort();
        results
    };
    let first = results();
    let more = compare(&report, "2");
    assert_eq!((first.len(), results().len()), (2, 4));
    assert_eq!(results()[..2], first[..], "the first two are as they were");
    assert!(more == compare(&fresh, "2"), "and the report is the same as that of four new runs");
}

#[test]
fn what_cannot_be_run_is_told_with_its_exit_code() {
    let (folder, scenario) = small::scenario(60, "");
    let at = |name: &str| folder.path().join(name);
    let report = at("r.html");
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    };
    refused(&["compare", "nowhere", "--report", text(&report)], 78, "nowhere: no such scenario");
    refused(&["compare", text(&scenario), "--demand", "-1", "--report", text(&report)], 64, "0.01 to 10");
    refused(&["compare", text(&scenario), "--demand", "0", "--report", text(&report)], 64, "0.01 to 10");
    let jobs = at("jobs");
    let plan = |more: &[&str]| {
        let mut command = lightwatch(&["sweep", "plan", text(&scenario), "--controllers", "fixed", "--seeds", "1"]);
        command.args(["--out", text(&jobs)]).args(more).output().unwrap()
    };
    let output = plan(&["--set", "engine.rnge=3"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output).contains("engine.rnge: no such setting"), "{}", said(&output));
    assert_eq!(plan(&[]).status.code(), Some(0));
    let output = plan(&["--demand", "0.5"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).contains("a job of another plan"), "{}", said(&output));

    let broken = at("broken.job.json");
    fs::write(&broken, "{\"format\": 1,\n \"number\":").unwrap();
    refused(&["sweep", "run", text(&broken)], 65, "broken.job.json: job:2:");
    let job = fs::read_dir(at("jobs")).unwrap().flatten().map(|it| it.path()).next().unwrap();
    let planned = fs::read_to_string(&job).unwrap();
    fs::write(&job, planned.replace("\"demand\": 1.0", "\"demand\": 99.0")).unwrap();
    refused(&["sweep", "run", text(&job)], 65, "demand: 99 (allowed: 0.01…10)");
    fs::write(&job, planned.replace("west_veh_per_h = 700.0", "west_veh_per_h = 70.0")).unwrap();
    refused(&["sweep", "run", text(&job)], 65, "not what the job was planned for");
    let output = run(&["sweep", "collect", text(&at("jobs"))]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("failed: 00001-small-fixed-x1-s1: exit code 65"), "{}", said(&output));
    fs::write(&job, planned).unwrap();
    assert_eq!(run(&["sweep", "run", text(&job)]).status.code(), Some(0));
    assert_eq!(run(&["sweep", "collect", text(&at("jobs"))]).status.code(), Some(0), "the note of the failure is gone");
}

#[test]
fn sumo_maps_are_compared_with_what_sumo_says_is_burnt() {
    let Some((sumo, map)) = data::sumo("1.28").zip(data::map("cologne1")) else {
        eprintln!("skipped: SUMO 1.28 or the map cologne1 is not there; `make tools` fetches them");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("r.html");
    let place = map.net.parent().unwrap();
    let shared = ["compare", text(place), "--controllers", "fixed,adaptive", "--seeds", "1", "--shorten", "150"];
    let mut command = lightwatch(&shared);
    let output = command.args(["--report", text(&report), "--sumo-binary", text(&sumo)]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let page = fs::read_to_string(&report).unwrap();
    assert!(page.contains("SUMO 1.28.0") && loads(&page).is_empty());
    let figures = fs::read_to_string(folder.path().join("r.tables/figures.csv")).unwrap();
    let of = |controller: &str, figure: &str| {
        let row = figures.lines().find(|it| it.starts_with(&format!("cologne1,1.000,{controller},{figure},")));
        row.and_then(|it| it.split(',').nth(6))
            .and_then(|it| it.parse::<f64>().ok())
            .unwrap_or_else(|| panic!("{controller} {figure}: {figures}"))
    };
    assert!(of("fixed", "co2_kg") > 1.0 && of("fixed", "demanded") > 50.0);
    assert!((of("fixed", "demanded") - of("adaptive", "demanded")).abs() < 1e-9, "the same vehicles for everybody");
    assert!(of("adaptive", "control_delay_s") < of("fixed", "control_delay_s"));
    let missing = folder.path().join("no-sumo");
    let output =
        lightwatch(&shared).args(["--report", text(&report), "--sumo-binary", text(&missing)]).output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
}
