//! What intersections learn, kept over a restart: by the simulator and explained, and by the service that is stopped and killed.

use super::broker::Broker;
use super::service_commands::{Running, config, hear};
use super::small;
use lightwatch::estimate::{CountedPlace, Observation, PlaceCount};
use lightwatch::ids::LaneIx;
use lightwatch::record::FILE;
use lightwatch::service::mqtt::{Link, LinkSettings};
use lightwatch::service::now;
use lightwatch::time::Millis;
use lightwatch::wire::{Message, PresenceStatus, Qos, encode};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn simulate(scenario: &Path, state: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("simulate").arg(scenario).args(["--alone", "--json", "--state"]).arg(state).args(more);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The figures of a run, without those that a clock measures.
fn figures(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    let text = String::from_utf8_lossy(&output.stdout);
    let mut figures: Value = serde_json::from_str(text.lines().last().expect("a last line")).unwrap();
    let table = figures.as_object_mut().unwrap();
    table.retain(|key, _| !key.starts_with("decision_us"));
    figures
}

#[test]
fn a_second_run_begins_with_what_the_first_has_learned_repeats_to_the_digit_and_is_explained_to_the_byte() {
    let (folder, scenario) = small::scenario(240, "");
    let [state, again] = ["state", "again"].map(|name| folder.path().join(name));
    let first = simulate(&scenario, &state, &[]);
    assert!(said(&first).contains("0 of 3 intersections begin with"), "{}", said(&first));
    let file = state.join("small.learned.json");
    let kept = fs::read_to_string(&file).unwrap();
    fs::create_dir(&again).unwrap();
    fs::copy(&file, again.join("small.learned.json")).unwrap();

    let recording = folder.path().join("recording");
    let second = simulate(&scenario, &state, &["--record", recording.to_str().unwrap()]);
    assert!(said(&second).contains("3 of 3 intersections begin with"), "{}", said(&second));
    assert_ne!(figures(&first), figures(&second), "what is known from the first second on changes what is decided");
    assert_eq!(figures(&second), figures(&simulate(&scenario, &again, &[])), "the same state gives the same run");
    let left = |folder: &Path| fs::read_to_string(folder.join("small.learned.json")).unwrap();
    assert_eq!(left(&state), left(&again));
    assert_ne!(left(&state), kept);

    let mut explain = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let output =
        explain.arg("explain").arg(&recording).args(["--at", "200", "--intersection", "s02"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(0) && told.contains("the same to the byte"), "{told}{}", said(&output));
    // Without what it began with the controller decides something else: the proof is no formality.
    let events = recording.join(FILE);
    let text = fs::read_to_string(&events).unwrap();
    fs::write(&events, text.replacen("\"memories\":", "\"forgotten\":", 1)).unwrap();
    let mut explain = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let output =
        explain.arg("explain").arg(&recording).args(["--at", "200", "--intersection", "s02"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn state_that_does_not_fit_is_told_and_the_run_is_as_if_there_were_none() {
    let (folder, scenario) = small::scenario(60, "");
    let state = folder.path().join("state");
    let fresh = figures(&simulate(&scenario, &state, &[]));
    let file = state.join("small.learned.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"config_hash\":\"", "\"config_hash\":\"0")).unwrap();
    let foreign = simulate(&scenario, &state, &[]);
    assert!(said(&foreign).contains("not taken") && said(&foreign).contains("config_hash"), "{}", said(&foreign));
    assert_eq!(figures(&foreign), fresh);
    fs::write(&file, &text[..text.len() / 2]).unwrap();
    let torn = simulate(&scenario, &state, &[]);
    assert!(said(&torn).contains("not a file of learned values"), "{}", said(&torn));
    assert_eq!(figures(&torn), fresh);
    let fixed = simulate(&scenario, &state, &["--controller", "fixed"]);
    assert!(fixed.status.code() == Some(64) && said(&fixed).contains("--state"), "{}", said(&fixed));
}

/// Publish counts of `north` until an engine has planned on them, or only wait until it is online.
async fn meet(broker: &Broker, with_counts: bool) {
    let network = super::street::network();
    let watcher = Link::start(LinkSettings {
        broker: broker.client("watcher"),
        tls: None,
        subscriptions: vec![("lw/1/Testville/#".to_owned(), Qos::AtLeastOnce)],
        presence: None,
    });
    let online = |message: &Message| matches!(message, Message::Presence(it) if it.status == PresenceStatus::Online);
    hear(&watcher, online).await;
    if !with_counts {
        return;
    }
    let place = |lane| PlaceCount {
        place: CountedPlace::Lane(LaneIx(lane)),
        count: 3,
        halted: 1,
        passed: 0,
        occupancy: None,
        mean_speed_mps: None,
    };
    for seq in 1..=3 {
        let places = vec![place(0), place(1), place(2)];
        let observation = Observation { at: now(), seq, period: Millis(1_000), places };
        let intersection = network.intersections[0].id.clone();
        let counts = Message::Counts { intersection, observation, passages: Vec::new() };
        watcher.publish(encode(&counts, &network).unwrap());
        // What comes back over the broker was heard by the engine before or at the same time.
        hear(&watcher, |message| matches!(message, Message::Counts { .. })).await;
    }
    hear(&watcher, |message| matches!(message, Message::Outflow(_))).await;
    watcher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_keeps_what_it_learned_when_it_is_stopped_and_starts_with_whatever_it_finds() {
    let Some(broker) = Broker::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), broker.port);
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}[learned]\nfolder = \"kept\"\n[engine]\nid = \"one\"\n")).unwrap();
    let file = folder.path().join("kept/one.learned.json");
    let run = || Running::start(&["run", "--log-format", "json"], &config);

    let engine = run();
    let field = Running::start(&["field", "--intersection", "north"], &config);
    meet(&broker, true).await;
    let (code, said) = engine.terminate();
    assert_eq!(code, Some(0), "{said}");
    drop(field);
    let kept = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert!(kept.contains("\"intersection\":\"north\""), "{kept}");

    let engine = run();
    meet(&broker, false).await;
    // Killed without a word: what was there before is there.
    drop(engine);
    assert_eq!(fs::read_to_string(&file).unwrap(), kept);

    let engine = run();
    meet(&broker, false).await;
    let (_, said) = engine.terminate();
    let begins = said.lines().find(|line| line.contains("begin with what was learned")).unwrap_or_default();
    assert!(begins.contains("\"intersections\":1"), "{said}");
    let (before, after): (Value, Value) =
        (serde_json::from_str(&kept).unwrap(), serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap());
    assert_eq!(before, after, "who has heard nothing new keeps what it had");

    fs::write(&file, "nonsense").unwrap();
    let engine = run();
    meet(&broker, false).await;
    let (code, said) = engine.terminate();
    assert!(code == Some(0) && said.contains("what was learned is not taken"), "{said}");
}
