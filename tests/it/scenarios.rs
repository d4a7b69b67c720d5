//! Every scenario of the repository in virtual time: its bounds hold, its comparisons hold, and equal runs are equal.

use super::small;
use lightwatch::cosim::controller_name::ControllerName;
use lightwatch::cosim::plant::figures::Figures;
use lightwatch::cosim::plant::run::{Prepared, RunSettings};
use lightwatch::cosim::scenario::{FILE, Scenario, controllers, expect};
use lightwatch::record::FILE as EVENTS;
use lightwatch::service::segments::Place;
use lightwatch::wire::{self, Message};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// All folders with a scenario, below a folder.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        if path.join(FILE).is_file() {
            found.push(path);
        } else if path.is_dir() {
            found.extend(all(&path));
        }
    }
    found.sort();
    found
}

fn run(scenario: &Scenario, controller: ControllerName, threads: usize, record: Option<PathBuf>) -> Figures {
    let settings = RunSettings { controller, seed: 1, threads, record: record.map(|it| Place::new(&it)) };
    let prepared = Prepared::new(scenario.clone(), settings).expect("the scenario was checked");
    prepared.run_in_process(&mut |_| ControlFlow::Continue(())).expect("a run in virtual time ends").figures
}

/// What a scenario misses of what it expects.
fn missed(path: &Path) -> Vec<String> {
    let scenario = Scenario::load(path).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(scenario.story.len() > 80, "{} tells no story in its first lines", path.display());
    let controllers = controllers(&scenario);
    assert!(!controllers.is_empty(), "{} expects nothing", path.display());
    let measured: BTreeMap<ControllerName, BTreeMap<String, f64>> =
        controllers.into_iter().map(|it| (it, run(&scenario, it, 1, None).measures())).collect();
    let mut missed = Vec::new();
    for (controller, bounds) in &scenario.expected {
        let verdicts = expect::judge(bounds, &measured[controller]).into_iter().filter(|it| !it.holds);
        missed.extend(verdicts.map(|it| format!("{}: {}: {it}", scenario.name, controller.name())));
    }
    let compared = scenario.versus.iter().filter_map(|it| it.judge(&measured[&it.controller], &measured[&it.against]));
    missed.extend(compared.filter(|it| !it.holds).map(|it| format!("{}: {it}", scenario.name)));
    missed
}

#[test]
fn every_scenario_is_as_it_expects() {
    let scenarios: Vec<PathBuf> = all(&root()).into_iter().filter(|it| !it.starts_with(root().join("bench"))).collect();
    assert!(scenarios.len() >= 17, "{scenarios:?}");
    let missed: Vec<String> = scenarios.iter().flat_map(|path| missed(path)).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn buses_that_ask_lose_a_quarter_less_than_buses_that_do_not_and_the_others_little_more() {
    let asking = Scenario::load(&root().join("buses")).unwrap();
    let silent = Scenario { transit: false, ..asking.clone() };
    let [asking, silent] = [asking, silent].map(|it| run(&it, ControllerName::Adaptive, 1, None));
    assert!(asking.bus_delay_s < silent.bus_delay_s * 0.75, "{} {}", asking.bus_delay_s, silent.bus_delay_s);
    assert!(asking.common.delay_s < 1.2 * silent.common.delay_s, "{} {}", asking.common.delay_s, silent.common.delay_s);
}

#[test]
fn the_small_benchmark_is_as_it_expects_and_the_large_ones_can_be_read() {
    assert_eq!(missed(&root().join("bench/grid10x10")), Vec::<String>::new());
    for path in [root().join("bench/grid30x30"), root().join("bench/grid100x100")] {
        let text = std::fs::read_to_string(path.join(FILE)).unwrap();
        let smaller = text.replace("vehicles = ", "vehicles = 0.0 # ");
        Scenario::parse(&smaller, &path.join(FILE)).unwrap_or_else(|problems| panic!("{problems}"));
    }
}

/// A scenario, shorter.
fn short(name: &str, seconds: i64) -> Scenario {
    let scenario = Scenario::load(&root().join(name)).unwrap();
    Scenario { end_s: scenario.begin_s + seconds, measured_from_s: scenario.begin_s, ..scenario }
}

#[test]
fn the_trace_is_the_same_for_any_number_of_threads_and_over_twenty_runs() {
    let scenario = short("surge", 240);
    let first = run(&scenario, ControllerName::Adaptive, 1, None).trace_hash;
    for threads in [2, 4] {
        assert_eq!(run(&scenario, ControllerName::Adaptive, threads, None).trace_hash, first, "{threads} threads");
    }
    for again in 0..17 {
        assert_eq!(run(&scenario, ControllerName::Adaptive, 1, None).trace_hash, first, "run {again}");
    }
    let avenue = short("shennan", 120);
    let hashes = [1, 2, 4].map(|threads| run(&avenue, ControllerName::Adaptive, threads, None).trace_hash);
    assert!(hashes.iter().all(|it| *it == hashes[0]), "{hashes:?}");
}

#[test]
fn another_seed_is_another_morning() {
    let scenario = short("surge", 120);
    let trips = |seed| scenario.draw(seed).trips.iter().map(|trip| trip.depart_s).collect::<Vec<_>>();
    assert_ne!(trips(1), trips(2));
}

/// Plans that a fresh engine makes of recorded inputs, in the order of the log, beside those of the log.
fn replayed(scenario: &Scenario, log: &str) -> (Vec<String>, Vec<String>) {
    use lightwatch::controller::{Controller, Input, Output};
    let settings = RunSettings { controller: ControllerName::Adaptive, seed: 99, threads: 1, record: None };
    let prepared = Prepared::new(scenario.clone(), settings).unwrap();
    let network = &prepared.network;
    let mut controllers: Vec<Controller> = network
        .intersections
        .iter()
        .zip(prepared.engine())
        .map(|(it, settings)| Controller::new(Arc::new(it.clone()), &network.links, settings))
        .collect();
    let mut lines = log.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap()).peekable();
    let (mut recorded, mut made) = (Vec::new(), Vec::new());
    while let Some(at) = lines.peek().map(|line| line["ts_ms"].as_i64().unwrap()) {
        let mut inputs: Vec<Vec<Input>> = vec![Vec::new(); controllers.len()];
        while let Some(line) = lines.next_if(|line| line["ts_ms"].as_i64() == Some(at)) {
            let Some(topic) = line["topic"].as_str() else { continue };
            let message = wire::decode(topic, line["payload"].to_string().as_bytes(), network, None).unwrap();
            let id = message.intersection().unwrap().clone();
            let ix = network.intersections.iter().position(|it| it.id == id).unwrap();
            match message {
                Message::State(state) => inputs[ix].push(Input::State(state)),
                Message::Request(request) => inputs[ix].push(Input::Request(request)),
                Message::Counts { observation, .. } => inputs[ix].push(Input::Counts(observation)),
                Message::Plan(plan) => recorded.push(encoded(&Message::Plan(plan), network)),
                _ => {}
            }
        }
        let at = lightwatch::time::Timestamp(at);
        let mut outflows = Vec::new();
        for (ix, heard) in inputs.into_iter().enumerate() {
            for output in
                heard.into_iter().chain([Input::Tick]).flat_map(|it| controllers[ix].handle(it, at)).collect::<Vec<_>>()
            {
                match output {
                    Output::Publish(plan) => made.push(encoded(&Message::Plan(plan), network)),
                    Output::Outflow(outflow) => outflows.push((ix, outflow)),
                    _ => {}
                }
            }
        }
        for (from, outflow) in outflows {
            let ends = |link: &lightwatch::network::Link| [link.from.clone(), link.to.clone()];
            let own = &network.intersections[from].id;
            for (to, controller) in controllers.iter_mut().enumerate() {
                let other = &network.intersections[to].id;
                let joined = |link| ends(link).contains(own) && ends(link).contains(other);
                if to != from && network.links.iter().any(joined) {
                    controller.handle(Input::Outflow(outflow.clone()), at);
                }
            }
        }
    }
    (recorded, made)
}

fn encoded(message: &Message, network: &lightwatch::network::Network) -> String {
    String::from_utf8(wire::encode(message, network).unwrap().payload).unwrap()
}

#[test]
fn recorded_inputs_driven_again_give_the_same_plans_to_the_byte() {
    let faults = "[[faults]]\nintersection = \"s01\"\nkind = { late = { by_s = 7.0 } }\nbegin_s = 20.0\nend_s = 60.0\n\
                  [[faults]]\nintersection = \"s02\"\nkind = \"duplicated\"\nbegin_s = 40.0\nend_s = 80.0\n";
    let (_folder, lying) = small::scenario(120, faults);
    let lying = Scenario::load(&lying).unwrap_or_else(|problems| panic!("{problems}"));
    // Six intersections that hear each other; people and an ambulance that ask; counts that come late and twice.
    let scenarios = [(short("green-wave", 180), 600), (short("school", 180), 100), (short("emergency", 360), 300)];
    for (scenario, plans) in scenarios.into_iter().chain([(lying, 250)]) {
        let folder = tempfile::tempdir().unwrap();
        run(&scenario, ControllerName::Adaptive, 1, Some(folder.path().to_owned()));
        let log = std::fs::read_to_string(folder.path().join(EVENTS)).unwrap();
        let asks = ["school", "emergency"].contains(&scenario.name.as_str());
        assert_eq!(log.contains("/request\""), asks, "{}", scenario.name);
        let (recorded, made) = replayed(&scenario, &log);
        assert!(recorded.len() > plans, "{}: every intersection plans every second: {}", scenario.name, recorded.len());
        assert!(recorded == made, "{}: the plans differ", scenario.name);
    }
}
