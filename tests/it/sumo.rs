//! `lightwatch sumo` against the real SUMO: figures, determinism, safety, and clear answers to bad input.
//!
//! Needs SUMO and the maps that `make test` fetches; without them the tests say `skipped` and pass.

use super::data;
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const KEYS: [&str; 13] = [
    "delay_s",
    "time_loss_s",
    "travel_time_s",
    "wait_s",
    "stops",
    "mean_speed_mps",
    "demanded",
    "finished",
    "never_departed",
    "unsafe",
    "decisions",
    "decision_us_p50",
    "decision_us_p99",
];

/// Two crossing one-lane streets with a signal: small enough to reason about.
const NODES: &str = r#"<nodes><node id="J" x="0" y="0" type="traffic_light"/><node id="W" x="-200" y="0"/>
    <node id="E" x="200" y="0"/><node id="S" x="0" y="-200"/><node id="N" x="0" y="200"/></nodes>"#;
const EDGES: &str = r#"<edges><edge id="WJ" from="W" to="J" numLanes="1" speed="13.9"/>
    <edge id="JE" from="J" to="E" numLanes="1" speed="13.9"/><edge id="SJ" from="S" to="J" numLanes="1" speed="13.9"/>
    <edge id="JN" from="J" to="N" numLanes="1" speed="13.9"/></edges>"#;

/// A run of the command, without the program that starts SUMO.
fn lightwatch(net: &Path, routes: &Path, period: (u32, u32), controller: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("sumo").arg("--net").arg(net).arg("--routes").arg(routes);
    command.args(["--begin", &period.0.to_string(), "--end", &period.1.to_string()]);
    command.args(["--controller", controller, "--json"]);
    command
}

/// SUMO 1.28 and a map, or the reason why the test says nothing.
fn tools(map: &str) -> Option<(PathBuf, data::Map)> {
    let found = data::sumo("1.28").zip(data::map(map));
    if found.is_none() {
        eprintln!("skipped: SUMO 1.28 or the map {map} is not there; `make tools` fetches them");
    }
    found
}

fn on_cologne1(sumo: &Path, map: &data::Map, controller: &str) -> Command {
    let mut command = lightwatch(&map.net, &map.routes, (25_200, 25_500), controller);
    command.arg("--sumo-binary").arg(sumo);
    command
}

/// Standard error as text.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The last line of a good run.
fn figures(output: &Output) -> serde_json::Map<String, Value> {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    match serde_json::from_str(text.lines().last().unwrap()).unwrap() {
        Value::Object(figures) => figures,
        other => panic!("no object: {other}"),
    }
}

/// The figures without the times that a clock measured.
fn without_clock(mut figures: serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
    figures.retain(|key, _| !key.starts_with("decision_us"));
    figures
}

/// A network of [`NODES`] and [`EDGES`], made by the `netconvert` beside SUMO.
fn crossing(sumo: &Path, folder: &Path) -> PathBuf {
    let net = folder.join("crossing.net.xml");
    fs::write(folder.join("n.nod.xml"), NODES).unwrap();
    fs::write(folder.join("e.edg.xml"), EDGES).unwrap();
    let mut command = Command::new(sumo.with_file_name("netconvert"));
    command.arg("-n").arg(folder.join("n.nod.xml")).arg("-e").arg(folder.join("e.edg.xml")).arg("-o").arg(&net);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    net
}

#[test]
fn every_controller_prints_the_fixed_keys_in_order_and_shows_no_unsafe_lamps() {
    let Some((sumo, map)) = tools("cologne1") else { return };
    for controller in ["fixed", "actuated", "greedy", "max-pressure", "webster", "adaptive"] {
        let output = on_cologne1(&sumo, &map, controller).output().unwrap();
        let found = figures(&output);
        let line = String::from_utf8(output.stdout).unwrap();
        let places: Vec<usize> = KEYS.iter().map(|key| line.find(&format!("\"{key}\":")).expect(key)).collect();
        assert!(places.is_sorted() && found.len() == KEYS.len(), "{controller}: {line}");
        assert_eq!(found["demanded"], 192, "{controller}");
        assert_eq!(found["unsafe"], 0, "{controller}");
        let engine = !["fixed", "actuated"].contains(&controller);
        assert_eq!(found["decisions"].as_u64() > Some(250), engine, "{controller}: {line}");
    }
}

#[test]
fn the_same_seed_gives_the_same_figures_and_the_same_messages_even_side_by_side() {
    let Some((sumo, map)) = tools("cologne1") else { return };
    let folder = tempfile::tempdir().unwrap();
    let logs = ["one", "two"].map(|name| folder.path().join(name));
    let runs = logs.each_ref().map(|log| {
        let mut command = on_cologne1(&sumo, &map, "adaptive");
        command.arg("--record").arg(log).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    let [one, two] = runs.map(|run| without_clock(figures(&run.wait_with_output().unwrap())));
    assert_eq!(one, two);
    let [one, two] = logs.map(|log| fs::read(log.join("events-000001.jsonl")).unwrap());
    assert!(one.len() > 100_000, "{} bytes", one.len());
    assert!(one == two, "the event logs differ");
}

#[test]
fn another_seed_gives_other_figures() {
    let Some((sumo, map)) = tools("cologne1") else { return };
    let run = |seed: &str| figures(&on_cologne1(&sumo, &map, "fixed").args(["--seed", seed]).output().unwrap());
    assert_ne!(run("2")["delay_s"], run("3")["delay_s"]);
}

#[test]
fn passages_at_the_stop_lines_are_the_vehicles_that_went_through() {
    let Some((sumo, map)) = tools("cologne1") else { return };
    let folder = tempfile::tempdir().unwrap();
    let found = figures(&on_cologne1(&sumo, &map, "greedy").arg("--record").arg(folder.path()).output().unwrap());
    let log = fs::read_to_string(folder.path().join("events-000001.jsonl")).unwrap();
    let counts = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let counts = counts.filter(|line| line["topic"].as_str().is_some_and(|topic| topic.ends_with("/counts")));
    let passed: u64 = counts
        .flat_map(|line| line["payload"]["lanes"].as_array().cloned().unwrap_or_default())
        .filter_map(|lane| lane["passed"].as_u64())
        .sum();
    let [finished, demanded] = ["finished", "demanded"].map(|key| found[key].as_u64().unwrap());
    assert!((finished..=demanded).contains(&passed), "{finished} finished, {passed} passed, {demanded} demanded");
}

#[test]
fn flows_and_vehicles_that_never_get_in_are_demanded_in_both_versions_of_sumo() {
    for version in ["1.28", "1.9.1"] {
        let Some(sumo) = data::sumo(version) else {
            eprintln!("skipped: SUMO {version} is not there; `make tools` fetches it");
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let net = crossing(&sumo, folder.path());
        let routes = folder.path().join("jam.rou.xml");
        let text = r#"<routes><vType id="v"/><flow id="f" type="v" begin="0" end="100" number="200" from="WJ" to="JE"/>
            <trip id="at_the_end" type="v" depart="120" from="WJ" to="JE"/>
            <trip id="after_it" type="v" depart="130" from="WJ" to="JE"/></routes>"#;
        fs::write(&routes, text).unwrap();
        let tripinfo = folder.path().join("kept.xml");
        let mut command = lightwatch(&net, &routes, (0, 120), "fixed");
        command.arg("--sumo-binary").arg(&sumo).arg("--tripinfo").arg(&tripinfo);
        let found = figures(&command.output().unwrap());
        assert_eq!(found["demanded"], 200, "SUMO {version}: {found:?}");
        let outside = found["never_departed"].as_u64().unwrap();
        assert!((50..200).contains(&outside), "SUMO {version}: {found:?}");
        assert!(found["delay_s"].as_f64() > found["time_loss_s"].as_f64(), "SUMO {version}: {found:?}");
        assert!(fs::read_to_string(tripinfo).unwrap().contains("vaporized"));
    }
}

#[test]
fn the_engine_drives_sumo_1_9_1_too() {
    let Some((sumo, map)) = data::sumo("1.9.1").zip(data::map("cologne1")) else {
        eprintln!("skipped: SUMO 1.9.1 or the map cologne1 is not there; `make tools` fetches them");
        return;
    };
    for controller in ["actuated", "adaptive"] {
        let output = on_cologne1(&sumo, &map, controller).output().unwrap();
        assert!(!said(&output).contains("turned away"), "{controller}: {}", said(&output));
        let found = figures(&output);
        assert_eq!((&found["demanded"], &found["unsafe"]), (&Value::from(192), &Value::from(0)), "{controller}");
    }
}

#[test]
fn a_sumo_that_is_not_there_is_an_answer_with_code_69() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("any.xml");
    fs::write(&file, "<net/>").unwrap();
    let mut command = lightwatch(&file, &file, (0, 10), "fixed");
    let output = command.arg("--sumo-binary").arg("/nowhere/sumo").output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(said(&output).contains("/nowhere/sumo"), "{}", said(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_program_that_is_no_sumo_is_an_answer_with_code_69() {
    let Some((_, map)) = tools("cologne1") else { return };
    let output = on_cologne1(Path::new("/bin/true"), &map, "fixed").output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert!(said(&output).contains("/bin/true") && said(&output).contains("before it listened"), "{}", said(&output));
}

/// The event log tells when the run is under way.
#[test]
fn a_run_that_is_told_to_stop_leaves_no_folder_behind() {
    let Some((sumo, map)) = tools("cologne1") else { return };
    let folder = tempfile::tempdir().unwrap();
    let [temporary, record] = ["tmp", "record"].map(|name| folder.path().join(name));
    fs::create_dir(&temporary).unwrap();
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut command = lightwatch(&map.net, &map.routes, (25_200, 28_800), "adaptive");
        command.arg("--sumo-binary").arg(&sumo).arg("--record").arg(&record).env("TMPDIR", &temporary);
        let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !fs::read_dir(&record).is_ok_and(|mut files| files.next().is_some()) {
            std::thread::yield_now();
        }
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 1);
        assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(output.stdout.is_empty() && said(&output).contains("stopped by a signal"), "{}", said(&output));
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
        fs::remove_dir_all(&record).unwrap();
    }
}

/// A program that tells its arguments through a pipe and then hangs stands for SUMO; the test is its socket.
#[cfg(unix)]
#[test]
fn a_sumo_with_an_unknown_protocol_is_an_answer_with_code_69() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(map) = data::map("cologne1") else {
        eprintln!("skipped: the map cologne1 is not there; `make maps` fetches it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let [program, pipe] = ["sumo", "arguments"].map(|name| folder.path().join(name));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::write(&program, format!("#!/bin/sh\necho \"$@\" > '{}'\nexec sleep 100\n", pipe.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = on_cologne1(&program, &map, "fixed");
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let arguments = fs::read_to_string(&pipe).unwrap();
    let port = arguments.split(' ').skip_while(|word| *word != "--remote-port").nth(1).unwrap();
    let (mut socket, _) = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap().accept().unwrap();
    let mut question = [0; 6];
    socket.read_exact(&mut question).unwrap();
    socket.write_all(&[0, 0, 0, 24, 7, 0, 0, 0, 0, 0, 0, 13, 0, 0, 0, 0, 99, 0, 0, 0, 3, b'S', b'U', b'9']).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert!(said(&output).contains("SU9 speaks TraCI 99; known are 20"), "{}", said(&output));
}

#[test]
fn a_truncated_network_is_bad_data_and_named() {
    let Some((sumo, map)) = tools("cologne1") else { return };
    let folder = tempfile::tempdir().unwrap();
    let net = folder.path().join("half.net.xml");
    let whole = fs::read(&map.net).unwrap();
    fs::write(&net, &whole[..whole.len() / 2]).unwrap();
    let mut command = lightwatch(&net, &map.routes, (25_200, 25_300), "fixed");
    let output = command.arg("--sumo-binary").arg(sumo).output().unwrap();
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    assert!(said(&output).contains("half.net.xml: line "), "{}", said(&output));
}

#[test]
fn a_route_over_an_unknown_edge_is_bad_data_with_file_vehicle_and_edge() {
    let Some((sumo, map)) = tools("cologne1") else { return };
    let folder = tempfile::tempdir().unwrap();
    let routes = folder.path().join("lost.rou.xml");
    let text = "<routes>\n<vehicle id=\"v7\" depart=\"28000\">\n<route edges=\"nowhere_1\"/></vehicle></routes>";
    fs::write(&routes, text).unwrap();
    let mut command = lightwatch(&map.net, &routes, (25_200, 25_300), "adaptive");
    let output = command.arg("--sumo-binary").arg(sumo).output().unwrap();
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    for part in ["lost.rou.xml: line 3", "<vehicle id=\"v7\">", "\"nowhere_1\"", "cologne1.net.xml"] {
        assert!(said(&output).contains(part), "{part} in {}", said(&output));
    }
}

#[test]
fn what_sumo_itself_refuses_comes_back_in_its_own_words() {
    let Some((sumo, _)) = tools("cologne1") else { return };
    let folder = tempfile::tempdir().unwrap();
    let net = crossing(&sumo, folder.path());
    let routes = folder.path().join("wrong_way.rou.xml");
    fs::write(&routes, r#"<routes><trip id="ghost" depart="5" from="JE" to="SJ"/></routes>"#).unwrap();
    let mut command = lightwatch(&net, &routes, (0, 60), "fixed");
    let output = command.arg("--sumo-binary").arg(&sumo).output().unwrap();
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    for part in ["crossing.net.xml", "wrong_way.rou.xml", "ghost"] {
        assert!(said(&output).contains(part), "{part} in {}", said(&output));
    }
}

#[test]
fn a_file_that_is_not_there_is_bad_data_whoever_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone.net.xml");
    let program = || Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let [mut import, mut check, mut field] = [program(), program(), program()];
    import.args(["import", "sumo"]).arg(&gone).arg("--out").arg(folder.path());
    check.arg("check").arg(&gone);
    field.arg("field").arg("--network").arg(&gone).args(["--broker", "mqtt://127.0.0.1"]);
    let mut sumo = lightwatch(&gone, &gone, (0, 10), "adaptive");
    sumo.args(["--sumo-binary", "/bin/true"]);
    for mut command in [sumo, import, check, field] {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(65), "{command:?}: {}", said(&output));
        let told = said(&output) + &String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("gone.net.xml") && told.contains("No such file"), "{command:?}: {told}");
    }
}

#[test]
fn a_period_that_ends_before_it_begins_is_wrong_usage() {
    let output = lightwatch(Path::new("n"), Path::new("r"), (100, 100), "fixed").output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    let mut command = lightwatch(Path::new("n"), Path::new("r"), (0, 100), "fixed");
    let output = command.args(["--yellow", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).contains("allowed are 2…6 s"), "{}", said(&output));
}
