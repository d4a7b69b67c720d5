//! `lightwatch simulate` as a program: names that are known everywhere, expectations that are judged, a broker in between.

use super::small;
use lightwatch::service::broker::LoopbackBroker;
use std::path::Path;
use std::process::{Command, Output};

/// The program in an empty folder.
fn simulate(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("simulate").args(arguments).current_dir(folder.path()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn events(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("events-000001.jsonl")).expect("the run was recorded")
}

#[test]
fn scenarios_are_known_by_name_in_any_folder_and_judged_with_their_comparisons() {
    let output = simulate(&["night", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert!(figures["demanded"].as_u64() > Some(0));
    let said = said(&output);
    assert!(said.contains("as expected: delay_s is"), "{said}");
    assert!(said.contains("as expected: adaptive delay_s") && said.contains(", webster "), "{said}");
    let alone = simulate(&["night", "--alone"]);
    assert!(!String::from_utf8_lossy(&alone.stderr).contains("webster"), "{alone:?}");
}

#[test]
fn a_name_that_is_not_known_is_told_with_those_that_are_and_they_can_be_listed() {
    let output = simulate(&["nowhere"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output).contains("shennan"), "{output:?}");
    let output = simulate(&["--list"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).lines().any(|line| line.starts_with("shennan ")), "{output:?}");
    assert_eq!(simulate(&[]).status.code(), Some(64));
}

#[test]
fn what_is_expected_and_missed_is_told_and_ends_with_1() {
    let more = "[expect.fixed]\ndelay_s = \"..0.1\"\nunsafe = 0\n\
                [[versus]]\ncontroller = \"actuated\"\nagainst = \"fixed\"\nmeasure = \"delay_s\"\nchange = \"..-99\"\n";
    let (_folder, path) = small::scenario(120, more);
    let path = path.to_str().unwrap();
    let output = simulate(&[path, "--controller", "fixed"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = said(&output);
    assert!(told.contains("missed: delay_s is") && told.contains("as expected: unsafe is 0"), "{told}");
    assert!(!told.contains("actuated"), "who is compared was not run: {told}");
    let output = simulate(&[path, "--controller", "actuated"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said(&output).contains("missed: actuated delay_s"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_broker_and_in_one_process_every_message_is_the_same_to_the_byte() {
    let faults = "[[faults]]\nintersection = \"s01\"\nkind = { late = { by_s = 7.0 } }\nbegin_s = 20.0\nend_s = 60.0\n\
                  [[faults]]\nintersection = \"s02\"\nkind = \"duplicated\"\nbegin_s = 40.0\nend_s = 80.0\n";
    let (folder, path) = small::scenario(120, faults);
    let broker = LoopbackBroker::start().await.expect("a port is free");
    let bus = format!("mqtt://127.0.0.1:{}", broker.port());
    let run = |name: &'static str, bus: String| {
        let (path, record) = (path.clone(), folder.path().join(name));
        let arguments =
            move || simulate(&[path.to_str().unwrap(), "--bus", &bus, "--record", record.to_str().unwrap()]);
        tokio::task::spawn_blocking(arguments)
    };
    let inproc = run("inproc", "inproc".to_owned()).await.unwrap();
    let mqtt = run("mqtt", bus).await.unwrap();
    for output in [&inproc, &mqtt] {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let told = said(&inproc);
    assert!(told.contains("turned away: 40 messages, out_of_order"), "a late message each second: {told}");
    assert!(told.contains("turned away: 40 messages, duplicate"), "a second message each second: {told}");
    let (inproc, mqtt) = (events(&folder.path().join("inproc")), events(&folder.path().join("mqtt")));
    let plans = String::from_utf8_lossy(&inproc).matches("/plan\"").count();
    assert!(plans > 250, "three intersections plan every second once they have started: {plans}");
    assert!(inproc == mqtt, "the event logs differ");
}

#[test]
fn without_a_broker_it_ends_with_69_and_says_which() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let bus = format!("mqtt://127.0.0.1:{port}");
    let output = simulate(&["night", "--bus", &bus]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(said(&output).contains(&bus), "{output:?}");
}
