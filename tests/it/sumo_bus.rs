//! `lightwatch sumo --bus mqtt://…` against the real SUMO and a real broker: the same bytes as in one process, and a broker
//! that is killed in the middle.

use super::broker::Broker;
use super::data;
use lightwatch::service::mqtt::{Link, LinkSettings};
use lightwatch::wire::{Qos, filter};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

/// The command on a map, or `None`, with a message, when SUMO or the map is not there.
fn command(map: &str, begin: u32, end: u32, bus: &str) -> Option<Command> {
    let Some((sumo, map)) = data::sumo("1.28").zip(data::map(map)) else {
        eprintln!("skipped: SUMO 1.28 or the map {map} is not there; `make tools` fetches them");
        return None;
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("sumo").arg("--net").arg(map.net).arg("--routes").arg(map.routes).arg("--sumo-binary").arg(sumo);
    command.args(["--begin", &begin.to_string(), "--end", &end.to_string(), "--controller", "adaptive"]);
    command.args(["--json", "--bus", bus]);
    Some(command)
}

fn figures(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().expect("a last line")).expect("the last line is JSON")
}

fn events(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("events-000001.jsonl")).expect("the run was recorded")
}

#[test]
fn over_a_broker_and_in_one_process_every_message_is_the_same_to_the_byte() {
    let Some(broker) = Broker::start() else { return };
    // Three intersections that hear each other, so that the order of messages could matter.
    let bus = format!("mqtt://127.0.0.1:{}", broker.port);
    let folder = tempfile::tempdir().unwrap();
    for (name, bus) in [("inproc", "inproc"), ("mqtt", &bus)] {
        let Some(mut command) = command("cologne3", 25_200, 25_260, bus) else { return };
        let figures = figures(&command.arg("--record").arg(folder.path().join(name)).output().unwrap());
        assert_eq!(figures["unsafe"], 0);
    }
    let (inproc, mqtt) = (events(&folder.path().join("inproc")), events(&folder.path().join("mqtt")));
    let plans = String::from_utf8_lossy(&inproc).matches("/plan\"").count();
    assert!(plans > 100, "three intersections plan every second once they have started: {plans}");
    assert!(inproc == mqtt, "the event logs differ");
}

#[test]
fn without_a_broker_at_the_start_it_ends_with_69_and_says_which_broker() {
    let Some(mut broker) = Broker::start() else { return };
    broker.kill();
    let bus = format!("mqtt://127.0.0.1:{}", broker.port);
    let Some(mut command) = command("cologne1", 25_200, 25_210, &bus) else { return };
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains(&bus) && said.contains("--bus inproc"), "{said}");
}

/// Ends the run when a test fails in the middle.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a line on standard error that holds a text.
fn line_with(lines: &mut impl Iterator<Item = std::io::Result<String>>, text: &str) {
    let found = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(text)));
    assert!(found.is_some(), "the run ended without saying `{text}`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_killed_in_the_middle_sends_the_controllers_local_and_nothing_unsafe_is_shown() {
    let Some(mut broker) = Broker::start() else { return };
    let bus = format!("mqtt://127.0.0.1:{}", broker.port);
    let Some(mut command) = command("cologne1", 25_200, 25_440, &bus) else { return };
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut run = Running(child);
    let mut lines = BufReader::new(run.0.stderr.take().unwrap()).lines();
    line_with(&mut lines, "topics of this run");
    let decisions = filter("+", None, "decision").replace("%2B", "+");
    let watcher = Link::start(LinkSettings {
        broker: broker.client("watcher"),
        tls: None,
        subscriptions: vec![(decisions, Qos::AtMostOnce)],
        presence: None,
    });
    for _ in 0..10 {
        timeout(PATIENCE, watcher.received()).await.expect("the engine decides").expect("the watcher lives");
    }
    broker.kill();
    line_with(&mut lines, "1 of 1 field controllers run on their own");
    broker.restart();
    line_with(&mut lines, "0 of 1 field controllers run on their own");
    line_with(&mut lines, "1 times back to local control, 1 obey the engine at the end");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut run.0.stdout.take().unwrap(), &mut text).unwrap();
    assert_eq!(run.0.wait().unwrap().code(), Some(0));
    let figures: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(figures["unsafe"], 0);
}
