//! `lightwatch replay` and `lightwatch diff`: recordings driven again, whole, cut, torn, changed; and one of an engine that was killed under load.

use super::small;
use super::street::{many, network as street};
use lightwatch::config::Broker as Address;
use lightwatch::controller::{Controller, Input, Settings};
use lightwatch::estimate::{CountedPlace, Observation, PlaceCount};
use lightwatch::field::FieldSettings;
use lightwatch::ids::{FeederIx, LaneIx};
use lightwatch::network::Network;
use lightwatch::network::file::NetworkFile;
use lightwatch::plan::{FieldMode, Scene, Shown, StateReport};
use lightwatch::record::header::{Order, Run};
use lightwatch::record::{FILE, Header, segment_file};
use lightwatch::service::broker::LoopbackBroker;
use lightwatch::service::dispatch::Clock;
use lightwatch::service::field_process::{FieldProcess, FieldProcessSettings};
use lightwatch::service::mqtt::{Link, LinkSettings, Status};
use lightwatch::service::now;
use lightwatch::service::recorder::{Recorder, Tap};
use lightwatch::service::segments::Place;
use lightwatch::service::trust::Trust;
use lightwatch::time::{Millis, Timestamp};
use lightwatch::wire::{self, Message};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(120);

fn lightwatch(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lightwatch")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A recording of some seconds.
fn recorded(seconds: u32, controller: &str, more: &[&str]) -> (TempDir, PathBuf) {
    let (folder, scenario) = small::scenario(seconds, "");
    let recording = folder.path().join("recording");
    let places =
        [scenario.to_str().unwrap(), "--alone", "--controller", controller, "--record", recording.to_str().unwrap()];
    let output = lightwatch(&[&["simulate"], places.as_slice(), more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    (folder, recording)
}

/// The exit code of a replay and what it printed.
fn replay(recording: &Path, more: &[&str]) -> (Option<i32>, Value, String) {
    let output = lightwatch(&[&["replay", recording.to_str().unwrap(), "--json"], more].concat());
    let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), told, said(&output))
}

#[test]
fn a_whole_recording_gives_the_same_plans_to_the_byte_whatever_the_threads_and_the_segments() {
    let (_folder, whole) = recorded(150, "adaptive", &[]);
    let (_other, cut) = recorded(150, "adaptive", &["--record-segment", "1"]);
    let segments = fs::read_dir(&cut).unwrap().count();
    assert!(segments >= 2, "{segments}");
    let (code, told, errors) = replay(&whole, &["--jobs", "1"]);
    assert_eq!((code, &told["first"]), (Some(0), &Value::Null), "{errors}{told}");
    let totals = &told["totals"];
    assert_eq!(
        (&totals["intersections"], &totals["seconds"], &totals["unproven"]),
        (&3.into(), &450.into(), &0.into())
    );
    assert!(totals["plans"].as_u64() > Some(380) && totals["decisions"].as_u64() > Some(400), "{totals}");
    for (recording, jobs) in [(&whole, "3"), (&cut, "1"), (&cut, "2")] {
        let (code, other, errors) = replay(recording, &["--jobs", jobs]);
        assert_eq!(
            (code, &other["totals"], &other["intersections"]),
            (Some(0), totals, &told["intersections"]),
            "{errors}"
        );
    }
    let (code, one, _) = replay(&cut, &["--intersection", "s02"]);
    assert_eq!((code, &one["totals"]["seconds"], &one["left_out"]), (Some(0), &150.into(), &2.into()));
    let (code, two, _) = replay(&cut, &["--sample", "2"]);
    assert_eq!((code, &two["totals"]["seconds"], &two["left_out"]), (Some(0), &300.into(), &1.into()));
    let text = lightwatch(&["replay", whole.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("is the same to the byte"));
    // A second in a later segment is explained from the first on.
    let told = lightwatch(&["explain", cut.to_str().unwrap(), "--at", "149", "--intersection", "s03", "--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["redriven"]["seconds"], &told["redriven"]["differences"]), (&150.into(), &0.into()));
    // Without the first segment nothing can be driven, and with the second alone nothing can be said.
    fs::remove_file(cut.join(FILE)).unwrap();
    let (_, told, _) = replay(&cut, &[]);
    assert!(told["totals"]["seconds"] == 0 && told["totals"]["unproven"].as_u64() > Some(0), "{told}");
}

#[test]
fn yardsticks_and_other_strategies_are_driven_again_too() {
    for controller in ["greedy", "max-pressure"] {
        let (_folder, recording) = recorded(60, controller, &[]);
        let (code, told, errors) = replay(&recording, &[]);
        assert_eq!((code, &told["totals"]["seconds"]), (Some(0), &180.into()), "{controller} {errors}");
    }
    let (_folder, recording) = recorded(20, "actuated", &[]);
    let (code, told, _) = replay(&recording, &[]);
    assert_eq!((code, &told["totals"]["seconds"]), (Some(0), &0.into()), "no engine had a part");
}

#[test]
fn what_was_changed_is_found_and_what_cannot_be_read_is_named_while_the_rest_is_driven() {
    let (_folder, recording) = recorded(40, "adaptive", &[]);
    let file = recording.join(FILE);
    let whole = fs::read_to_string(&file).unwrap();
    let counts = whole.find("{\"ts_ms\":12000,\"topic\":\"lw/1/simulated/s02/counts\"").unwrap();
    let changed = whole[counts..].replacen("\"count\":0", "\"count\":9", 1);
    fs::write(&file, format!("{}{changed}", &whole[..counts])).unwrap();
    let (code, told, _) = replay(&recording, &[]);
    assert_eq!(code, Some(1));
    let first = &told["first"];
    assert_eq!((&first["intersection"], &first["difference"]["ts_ms"]), (&"s02".into(), &12_000.into()), "{first}");
    let text = lightwatch(&["replay", recording.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("of s02 at 12.0 s") && text.contains("recorded {") && text.contains("now      {"), "{text}");

    // Torn in the last second but one.
    let torn = whole.rfind("{\"ts_ms\":38000").unwrap() + 40;
    fs::write(&file, &whole[..torn]).unwrap();
    let lines = whole[..torn].lines().count();
    let (code, told, errors) = replay(&recording, &[]);
    assert_eq!((code, &told["totals"]["seconds"], &told["totals"]["differences"]), (Some(65), &114.into(), &0.into()));
    assert_eq!((&told["cut_off"]["line"], told["damages"].as_array().unwrap().len()), (&lines.into(), 0));
    assert!(errors.contains(&format!("{FILE}:{lines}: it breaks off here")), "{errors}");

    // Nonsense in the middle: nothing can be driven behind it, and what is before was.
    let middle = whole.find("{\"ts_ms\":20000").unwrap();
    fs::write(&file, format!("{}nonsense\n{}", &whole[..middle], &whole[middle..])).unwrap();
    let line = whole[..middle].lines().count() + 1;
    let (code, told, errors) = replay(&recording, &[]);
    assert_eq!((code, &told["damages"][0]["line"]), (Some(65), &line.into()), "{errors}");
    assert_eq!((&told["totals"]["seconds"], &told["totals"]["unproven"]), (&57.into(), &63.into()), "{told}");
    let newer = whole.replacen("\"lightwatch_events\":3", "\"lightwatch_events\":4", 1);
    fs::write(&file, newer).unwrap();
    let (code, _, errors) = replay(&recording, &[]);
    assert!(
        code == Some(65) && errors.contains("format 4") && errors.contains("a newer lightwatch reads it"),
        "{errors}"
    );
}

#[test]
fn a_recording_of_format_2_is_read_driven_explained_and_measured() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recording-2");
    let (code, told, errors) = replay(&golden, &[]);
    // Whether this program decides as that one did is for the day's algorithm to say.
    assert!(code == Some(0) || code == Some(1), "{code:?} {errors}");
    assert_eq!((&told["totals"]["seconds"], &told["totals"]["intersections"]), (&20.into(), &2.into()), "{told}");
    let golden = golden.to_str().unwrap();
    let output = lightwatch(&["explain", golden, "--at", "7", "--intersection", "s02", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(found["at_s"] == 7.0 && found["decision"]["reason"].is_string(), "{found}");
    assert_eq!(lightwatch(&["measure", golden]).status.code(), Some(0));
}

#[test]
fn other_settings_are_compared_decision_by_decision_and_the_own_ones_differ_nowhere() {
    let (folder, recording) = recorded(80, "adaptive", &[]);
    let recording = recording.to_str().unwrap();
    let built_in = include_str!("../../src/config/scalars.toml");
    let (same, other) = (folder.path().join("same.toml"), folder.path().join("other.toml"));
    fs::write(&same, built_in).unwrap();
    let line = built_in.lines().find(|line| line.starts_with("change_cost_s")).expect("it is a scalar");
    fs::write(&other, built_in.replace(line, "change_cost_s = 60.0")).unwrap();
    let diff = |settings: &Path, more: &[&str]| {
        let output = lightwatch(&[&["diff", recording, "--settings", settings.to_str().unwrap()], more].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), said(&output))
    };
    let (code, told, errors) = diff(&same, &["--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let together = &told["together"];
    assert_eq!((code, &together["differ_now"], &together["differ_later"]), (Some(0), &0.into(), &0.into()), "{errors}");
    assert!(together["decisions"].as_u64() > Some(200), "{together}");
    let (code, told, _) = diff(&other, &["--json", "--jobs", "1"]);
    let found: Value = serde_json::from_str(&told).unwrap();
    let together = &found["together"];
    assert!(code == Some(0) && together["differ_now"].as_u64() > Some(0), "{together}");
    // Who searches prefers his own: neither is better by the other's scalars, but for what the search overlooks.
    assert!(
        together["saves_by_new"].as_f64() > Some(0.0) && together["costs_by_old"].as_f64() > Some(0.0),
        "{together}"
    );
    let changes = found["intersections"]["s02"]["changes"].as_array().unwrap();
    assert!(changes.iter().all(|it| it["old"] != it["new"] && it["by_new"].is_array()), "{changes:?}");
    let (_, again, _) = diff(&other, &["--json", "--jobs", "3"]);
    assert_eq!(told, again);
    let (_, text, _) = diff(&other, &["--intersection", "s02"]);
    assert!(text.contains("s02: ") && text.contains(" would be ") && !text.contains("s01"), "{text}");
    fs::write(&other, "nonsense").unwrap();
    assert_eq!(diff(&other, &[]).0, Some(78));
}

/// A program that is killed with the test.
struct Engine(Child);

impl Engine {
    fn start(config: &Path, recording: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        command.arg("run").arg("--config").arg(config).arg("--record").arg(recording);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// As by `kill -9`.
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Vehicles come and go on every lane of every intersection.
fn count(street: &Link, network: &Network, seq: u64) {
    for (ix, intersection) in network.intersections.iter().enumerate() {
        let lanes = (0..intersection.lanes.len()).map(|it| CountedPlace::Lane(LaneIx(it)));
        let feeders = (0..intersection.feeders.len()).map(|it| CountedPlace::Feeder(FeederIx(it)));
        let seen = |(number, place)| {
            let wave = (seq + 3 * number as u64 + ix as u64) % 12;
            PlaceCount {
                place,
                count: wave as u32,
                halted: (wave / 2) as u32,
                passed: u32::from(wave == 0),
                occupancy: None,
                mean_speed_mps: Some(wave as f64 * 1.234_567),
            }
        };
        let places = lanes.chain(feeders).enumerate().map(seen).collect();
        let observation = Observation { at: now(), seq, period: Millis(1_000), places };
        let message = Message::Counts { intersection: intersection.id.clone(), observation, passages: Vec::new() };
        street.publish(wire::encode(&message, network).unwrap());
    }
}

/// Plans in the newest segment that there is.
fn plans(folder: &Path, segment: u32) -> usize {
    fs::read_to_string(folder.join(segment_file(segment))).map_or(0, |text| text.matches("/plan\",").count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_killed_twice_under_load_leaves_a_recording_that_gives_the_same_plans_again() {
    let text = format!("{}{}", super::street::toml(), many(10).replacen("city = \"Testville\"\n", "", 1));
    // Tables of links stand behind all intersections.
    let (before, links) =
        text.split_once("[[links]]").map(|(before, after)| (before.to_owned(), after.to_owned())).unwrap();
    let (link, more) = links.split_once("[[intersections]]").unwrap();
    let text = format!("{before}[[intersections]]{more}\n[[links]]{link}");
    let network = Arc::new(Network::build(NetworkFile::from_toml(&text, "street").unwrap()).unwrap());
    assert_eq!(network.intersections.len(), street().intersections.len() + 10);
    let broker = LoopbackBroker::start().await.unwrap();
    let client = |name: &str| Address {
        host: "127.0.0.1".into(),
        port: broker.port(),
        client_id: name.into(),
        keep_alive: Millis(5_000),
    };
    let fields = FieldProcessSettings {
        broker: client("field"),
        trust: Trust::default(),
        intersections: (0..network.intersections.len()).collect(),
        field: FieldSettings { start_red: Millis(500), ..FieldSettings::default() },
        seed: 1,
        clock: Clock::Wall,
    };
    let field = FieldProcess::start(&network, &fields);
    let counts =
        Link::start(LinkSettings { broker: client("street"), tls: None, subscriptions: Vec::new(), presence: None });
    timeout(PATIENCE, counts.status().wait_for(|it| *it == Status::Online)).await.unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = super::service_commands::config_of(folder.path(), broker.port(), &text);
    let recording = folder.path().join("recording");
    let of_engine = recording.join("engine-1");
    let mut seq = 0;
    for segment in 1..=2 {
        let mut engine = Engine::start(&config, &recording);
        let since = Instant::now();
        while plans(&of_engine, segment) < 150 {
            assert!(since.elapsed() < PATIENCE, "segment {segment}: {} plans", plans(&of_engine, segment));
            seq += 1;
            count(&counts, &network, seq);
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        engine.kill();
    }
    field.stop().await;
    let (code, told, errors) = replay(&of_engine, &[]);
    let totals = &told["totals"];
    assert_eq!(code, Some(65), "it breaks off: {errors}{told}");
    assert_eq!(totals["differences"], 0, "{told}");
    // The last round of each intersection before a kill need not be whole.
    assert!(totals["unproven"].as_u64() <= Some(24), "{told}");
    assert!(totals["plans"].as_u64() >= Some(280) && totals["intersections"] == 12, "{totals}");
    assert!(errors.contains(&segment_file(2)), "{errors}");
    let last = fs::read_to_string(of_engine.join(FILE)).unwrap();
    let at = last.lines().rev().filter(|line| line.contains("/south/plan\"")).nth(3).expect("it was planned");
    let at: Value = serde_json::from_str(at).unwrap();
    let at = (at["ts_ms"].as_i64().unwrap() as f64 / 1000.0).to_string();
    let output = lightwatch(&["explain", of_engine.to_str().unwrap(), "--at", &at, "--intersection", "south"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("every one the same to the byte") && text.contains("why "), "{text}");
}

/// One intersection whose controller is told and recorded as a worker of the engine does it.
struct Worker {
    controller: Controller,
    tap: Tap,
    network: Arc<Network>,
    at: i64,
}

impl Worker {
    fn second(&mut self) {
        self.at += 1;
        let (at, it) = (Timestamp::from_secs(self.at), &self.network.intersections[0]);
        let count = |lane: LaneIx| ((self.at as usize + lane.0) % 7) as u32;
        let place = |lane: LaneIx| PlaceCount {
            place: CountedPlace::Lane(lane),
            count: count(lane),
            halted: count(lane).min(1),
            passed: 0,
            occupancy: None,
            mean_speed_mps: None,
        };
        let places = (0..it.lanes.len()).map(|lane| place(LaneIx(lane))).collect();
        let counts = Observation { at, seq: self.at as u64, period: Millis(1_000), places };
        let report = StateReport {
            intersection: it.id.clone(),
            config_hash: it.config_hash.clone(),
            shown: Shown { at, ..Shown::all_red(it, Timestamp(0)) },
            mode: FieldMode::Remote,
            applied: None,
            refused: None,
            nonce: self.at as u64,
        };
        for input in [Input::State(report), Input::Counts(counts), Input::Scene(Scene::Peak), Input::Tick] {
            self.tap.hear(&self.controller, &input, at);
            let is_tick = input == Input::Tick;
            let outputs = self.controller.handle(input, at);
            if is_tick {
                self.tap.said(&outputs);
            }
        }
    }
}

#[test]
fn a_disk_that_takes_nothing_leaves_a_gap_behind_which_the_intersection_is_driven_again() {
    let (folder, network) = (tempfile::tempdir().unwrap(), Arc::new(street()));
    let place = folder.path().join("recording");
    let run = Run {
        scenario: "street".into(),
        controller: "engine".into(),
        seed: 0,
        period_s: (1, None),
        order: Order::AsHeard,
        settings: vec![Settings::default(); network.intersections.len()],
        memories: Vec::new(),
        neighbours: true,
    };
    let header = Header::new(&network, run);
    let place_of = Place { segment: 400_000, ..Place::new(&place) };
    let recorder = Arc::new(Recorder::start(&place_of, &network, header));
    let controller = Controller::new(Arc::new(network.intersections[0].clone()), &network.links, Settings::default());
    let mut worker =
        Worker { controller, tap: Tap::new(Some(Arc::clone(&recorder)), 0), network: Arc::clone(&network), at: 0 };
    let drive = |worker: &mut Worker, until: &dyn Fn() -> bool| {
        let since = Instant::now();
        while !until() {
            assert!(since.elapsed() < PATIENCE, "at {}", worker.at);
            worker.second();
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let first = place.join(FILE);
    drive(&mut worker, &|| plans(&place, 1) > 20);
    // The segment is as large as it may be; the next cannot be made.
    fs::create_dir(place.join(segment_file(2))).unwrap();
    drive(&mut worker, &|| recorder.missed() > 20);
    assert!(first.is_file());
    fs::remove_dir(place.join(segment_file(2))).unwrap();
    drive(&mut worker, &|| plans(&place, 2) > 20);
    recorder.stop();
    let (code, told, errors) = replay(&place, &["--intersection", "north"]);
    let totals = &told["totals"];
    assert_eq!((code, &totals["differences"]), (Some(65), &0.into()), "{errors}{told}");
    let gaps = told["intersections"]["north"]["gaps"].as_array().unwrap();
    assert!(!gaps.is_empty() && gaps.iter().all(|it| it["to_ms"].is_i64()), "{gaps:?}");
    assert!(totals["plans"].as_u64() > Some(40) && totals["seconds"].as_i64() < Some(worker.at), "{totals}");
    assert_eq!(told["damages"].as_array().unwrap().len(), 0, "{told}");
}
