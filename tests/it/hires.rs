//! `lightwatch measure` on logs of high-resolution events: values worked out by hand, foreign dialects, logs with everything wrong, our own events there and back,
//! memory.

use super::small;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn hand(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hires").join(name)
}

fn measure(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("measure").args(arguments).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Its tables, and what was said besides.
fn tables(arguments: &[&str], folder: &Path, code: i32) -> (Value, String) {
    let output = measure(&[arguments, &["--json"]].concat(), folder);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    (found["atspm"].clone(), said(&output))
}

/// A folder with the log of `hand.csv`, changed, and its channels.
fn changed(log: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(hand("hand.channels.toml"), folder.path().join("log.channels.toml")).unwrap();
    fs::write(folder.path().join("log.csv"), log).unwrap();
    folder
}

#[test]
fn a_log_made_by_hand_has_the_measures_worked_out_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let log = hand("hand.csv").display().to_string();
    let (found, said) = tables(&[&log, "--svg", "drawn", "--csv", "tables"], folder.path(), 0);
    let place = |more: Value| {
        let mut row = json!({ "signal": "7115", "phase": 2, "name": "westbound" });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([row])
    };
    // Arrivals at 15 and 25 s wait for the green at 30 s, the one at 40 s does not; green 65.3 s of the 195.3 that are known.
    assert_eq!(
        found["arrivals"],
        place(
            json!({ "arrivals": 3, "on_green": 1, "on_yellow": 0, "on_red": 2, "on_green_share": 0.333, "green_share": 0.334,
            "platoon_ratio": 1.0, "delay_mean_s": 6.7, "delay_total_s": 20.0 })
        )
    );
    assert_eq!(found["volume"], place(json!({ "vehicles": 7, "veh_per_h": 129.0, "peak_15min_veh_per_h": 28.0 })));
    assert_eq!(
        found["splits"],
        place(
            json!({ "services": 3, "green_mean_s": 20.0, "split_mean_s": 26.0, "split_p50_s": 26.0, "split_p85_s": 26.0, "split_max_s": 26.0 })
        )
    );
    assert_eq!(
        found["terminations"],
        place(
            json!({ "services": 3, "gap_out": 1, "max_out": 1, "force_off": 1, "preempted": 0, "unknown": 0, "max_out_run": 1, "remark": "" })
        )
    );
    // Green occupancy 15/20, 20/20, 20/20; red occupancy 0, 3/5, 5/5: the third green failed.
    assert_eq!(
        found["split_failures"],
        place(json!({ "services": 3, "failures": 1, "failure_share": 0.333, "gor_mean": 0.917, "ror5_mean": 0.533 }))
    );
    // At 51.5 s on yellow, at 55 s in the red clearance, at 60.5 s on red, 6.5 s after its begin.
    assert_eq!(
        found["yellow_red"],
        place(
            json!({ "vehicles": 7, "on_yellow": 1, "on_red_clearance": 1, "on_red": 1, "severe": 1, "red_share": 0.286 })
        )
    );
    assert_eq!(
        found["pedestrians"],
        json!([{ "signal": "7115", "phase": 2, "presses": 3, "walks": 2, "delayed": 2, "delay_mean_s": 15.0, "delay_max_s": 20.0 }])
    );
    assert_eq!(
        found["preemption"],
        json!([{ "signal": "7115", "preempt": 1, "calls": 1, "entries": 1, "to_entry_mean_s": 2.0, "to_dwell_mean_s": 8.0,
            "duration_mean_s": 18.0, "duration_max_s": 18.0 }])
    );
    assert_eq!(
        (found["watchdog"][0]["channel"].as_i64(), &found["watchdog"][0]["findings"]),
        (Some(9), &json!("unknown"))
    );
    assert!(said.contains("78 events used; 0 duplicates"), "{said}");
    let points = fs::read_to_string(folder.path().join("tables/points.csv")).unwrap();
    let rows: Vec<&str> = points.lines().skip(1).collect();
    assert_eq!(
        rows,
        [
            "7115,2,2024-05-01 07:00:15.000,15.000,0",
            "7115,2,2024-05-01 07:00:25.000,25.000,0",
            "7115,2,2024-05-01 07:00:40.000,40.000,1"
        ]
    );
    for (name, marks) in [
        ("coordination-7115-2.svg", "class=\"come\""),
        ("splits-7115-2.svg", "class=\"max_out\""),
        ("failures-7115-2.svg", "class=\"gor\""),
    ] {
        let svg = fs::read_to_string(folder.path().join("drawn").join(name)).unwrap();
        assert!(svg.contains(marks) && svg.contains("westbound") && !svg.contains("href"), "{name}");
        let mut reader = quick_xml::Reader::from_str(&svg);
        while !matches!(reader.read_event().expect("well-formed"), quick_xml::events::Event::Eof) {}
    }
}

#[test]
fn foreign_dialects_any_order_and_repeated_rows_are_measured_the_same() {
    let text = fs::read_to_string(hand("hand.csv")).unwrap();
    let (expected, _) = tables(&[&hand("hand.csv").display().to_string()], Path::new("."), 0);
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let us = |at: &str| {
        let (hour, rest) = at[11..].split_at(2);
        format!("5/1/2024 {}{rest} AM", hour.parse::<u32>().unwrap())
    };
    let mut udot = "SignalID,Timestamp,EventCode,EventParam\r\n".to_owned();
    let mut python = "\"TimeStamp\";\"DeviceId\";\"EventId\";\"Parameter\"\n".to_owned();
    let mut five = "LocationIdentifier\tTimestamp\tEventCode\tEventParam\n".to_owned();
    for row in &rows {
        writeln!(udot, "{},{},{},{}\r", row[0], us(row[1]), row[2], row[3]).unwrap();
        writeln!(python, "\"{}Z\";{};{}.0;{}.0", row[1].replace(' ', "T"), row[0], row[2], row[3]).unwrap();
        writeln!(five, "{}\t{}0000\t{}\t{}", row[0], row[1], row[2], row[3]).unwrap();
    }
    // Turned round in pieces of eight rows, which are less than a minute, and the first five twice.
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let turned = lines.chunks(8).flat_map(|piece| piece.iter().rev());
    let turned: Vec<&str> = turned.chain(&lines[lines.len() - 5..]).copied().collect();
    let turned = format!("SignalId,Timestamp,EventCode,EventParam\n{}\n", turned.join("\n"));
    for log in [&udot, &python, &five, &turned] {
        let folder = changed(log);
        let (found, said) = tables(&["log.csv"], folder.path(), 0);
        assert_eq!(found, expected, "{said}");
        if log == &turned {
            assert!(said.contains("5 duplicates") && !said.contains(" 0 out of order"), "{said}");
        }
    }
}

#[test]
fn what_cannot_be_used_is_named_by_line_and_the_rest_is_measured() {
    let text = fs::read_to_string(hand("hand.csv")).unwrap();
    let (expected, _) = tables(&[&hand("hand.csv").display().to_string()], Path::new("."), 0);
    let rows: Vec<&str> = text.lines().collect();
    let [late, wild] = ["7115,2024-05-01 06:00:00.000,82,5", "7115,2099-01-01 00:00:00.000,82,5"];
    let wrong = [
        &rows[..40],
        &["7115,noon,82,5", late, wild, "\"", "7115,2024-05-01 07:00:00.000,82,70000"],
        &rows[40..],
        &["7115,2024-05-01 07:03:20.000,8"],
    ];
    let folder = changed(&wrong.concat().join("\n"));
    let (found, said) = tables(&["log.csv"], folder.path(), 65);
    assert_eq!(found, expected, "{said}");
    for told in [
        "log.csv:41: no timestamp: \"noon\"",
        "log.csv:42: ",
        "log.csv:43: far ahead",
        "log.csv:44: ",
        "log.csv:45: no parameter",
        "log.csv:85: breaks off",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(said.contains("78 events used; 0 duplicates, 0 out of order and put right, 1 too late, 1 with a wild clock, 4 not readable"), "{said}");
    // A silence of an hour is no cycle of an hour.
    let moved: Vec<String> = rows[1..].iter().map(|row| row.replace(" 07:", " 08:")).collect();
    let folder = changed(&(text.clone() + &moved.join("\n") + "\n"));
    let (found, said) = tables(&["log.csv"], folder.path(), 0);
    assert!(said.contains("1 gaps"), "{said}");
    assert_eq!((&found["splits"][0]["services"], &found["splits"][0]["split_max_s"]), (&json!(6), &json!(26.0)));
}

#[test]
fn a_wrong_command_line_or_file_is_told_with_its_exit_code() {
    let folder = changed("a,b\n1,2\n");
    fs::write(folder.path().join("bad.toml"), "[[detector]]\nsignal = 1\nchannel = 5\nphase = 2\nrole = \"loop\"\n")
        .unwrap();
    fs::write(folder.path().join("not.parquet"), "PAR1").unwrap();
    let log = hand("hand.csv").display().to_string();
    for (arguments, code, word) in [
        (&["log.csv"][..], 65, "no header"),
        (&["nowhere.csv"], 65, "nowhere.csv"),
        (&["not.parquet"], 65, "not.parquet"),
        (&[&log, "--channels", "bad.toml"], 65, "loop"),
        (&[&log, "--events", "no/where.csv"], 65, "no/where.csv"),
        (&[&log, "--time-space", "x.svg"], 64, "--time-space"),
        (&[&log, "--from", "2024-05-02", "--to", "2024-05-01"], 64, "nothing left"),
        (&[&log, "--from", "tomorrow"], 64, "timestamp"),
        (&["folder", "--signal", "7115"], 64, "--signal"),
    ] {
        let output = measure(arguments, folder.path());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(word), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn our_events_are_measured_the_same_as_the_recording_whether_csv_or_parquet() {
    let (folder, _) = small::scenario(400, "");
    let folder = folder.path();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let ran = command
        .args(["simulate", "small", "--alone", "--controller", "actuated", "--record", "r"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    let (directly, _) = tables(&["r", "--events", "ours.csv"], folder, 0);
    let (again, _) = tables(&["r", "--events", "ours.parquet"], folder, 0);
    assert_eq!(directly, again);
    for name in ["ours.csv", "ours.parquet"] {
        let (found, said) = tables(&[name], folder, 0);
        assert_eq!(found, directly, "{name}: {said}");
        assert!(said.contains(" 0 duplicates, 0 out of order and put right, 0 too late"), "{said}");
    }
    // From one to the other and back: the same rows.
    tables(&["ours.parquet", "--events", "back.csv"], folder, 0);
    let rows = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
        rows.sort();
        rows
    };
    assert!(rows("ours.csv") == rows("back.csv"));
    let sum = |table: &str, column: &str| {
        directly[table].as_array().unwrap().iter().map(|row| row[column].as_f64().unwrap()).sum::<f64>()
    };
    assert!(
        sum("volume", "vehicles") > 100.0 && sum("arrivals", "arrivals") > 100.0 && sum("splits", "services") > 20.0,
        "{directly}"
    );
    assert!(
        sum("terminations", "gap_out") > 0.0
            && sum("terminations", "unknown") < 1.0
            && sum("yellow_red", "on_red") < 30.0,
        "{directly}"
    );
    assert_eq!(directly["signals"].as_array().unwrap().len(), 3);
}

/// A log of some megabytes: signals whose phases go round, with a detector that is passed every two seconds.
fn long_log(path: &Path, bytes: u64) -> u64 {
    let mut out = BufWriter::new(fs::File::create(path).unwrap());
    let (mut written, mut rows) = (0, 0);
    writeln!(out, "SignalId,Timestamp,EventCode,EventParam").unwrap();
    let mut line = String::new();
    for second in 0_i64.. {
        for signal in 0..20 {
            let (cycle, phase) = (second % 80, 2 + second / 80 % 4);
            let code = match cycle {
                10 => 1,
                60 => 4,
                61 => 8,
                65 => 9,
                _ => 82 - second % 2,
            };
            let param = if code > 80 { 5 } else { phase };
            line.clear();
            let at = lightwatch::measure::hires::instant::text(lightwatch::time::Timestamp::from_secs(
                1_714_546_800 + second,
            ));
            writeln!(line, "{signal},{at},{code},{param}").unwrap();
            out.write_all(line.as_bytes()).unwrap();
            written += line.len() as u64;
            rows += 1;
        }
        if written > bytes {
            break;
        }
    }
    out.flush().unwrap();
    rows
}

/// How much memory a program has taken at most \[KiB\], as long as it runs.
fn peak_kib(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

/// `LIGHTWATCH_LOG_MB` makes the log longer; a few megabytes show whether memory grows with it.
#[test]
fn a_long_log_is_read_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let megabytes: u64 = std::env::var("LIGHTWATCH_LOG_MB").ok().and_then(|it| it.parse().ok()).unwrap_or(16);
    let mut peaks = Vec::new();
    for (name, bytes) in [("short.csv", megabytes << 18), ("long.csv", megabytes << 20)] {
        let rows = long_log(&folder.path().join(name), bytes);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        command.args(["measure", name]).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            peak = peak.max(peak_kib(child.id()).unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains(&format!("{rows} events used")), "{}", said(&output));
        eprintln!("{name}: {bytes} bytes, {rows} rows, at most {peak} KiB");
        peaks.push(peak);
    }
    assert!(peaks[0] > 0 && peaks[1] < peaks[0] + 24 * 1024, "four times the log: {peaks:?} KiB");
}
