//! The engine and field controllers over a real broker, by the clock on the wall: what a street would see.

use crate::broker::Broker;
use crate::street::network;
use lightwatch::controller;
use lightwatch::estimate::{CountedPlace, Observation, PlaceCount};
use lightwatch::field::FieldSettings;
use lightwatch::ids::{FeederIx, LaneIx};
use lightwatch::network::Network;
use lightwatch::plan::{FieldMode, Interval, IntervalKind, Mode, Plan, PlanRef, StateReport};
use lightwatch::service::dispatch::Clock;
use lightwatch::service::engine::{Engine, EngineSettings};
use lightwatch::service::field_process::{FieldProcess, FieldProcessSettings};
use lightwatch::service::listeners::Listeners;
use lightwatch::service::mqtt::{Link, LinkSettings, Status};
use lightwatch::service::now;
use lightwatch::service::trust::Trust;
use lightwatch::time::{Millis, Timestamp};
use lightwatch::wire::{self, Message, Qos, Reason};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

fn engine(broker: &Broker, network: &Arc<Network>) -> Engine {
    engine_of(broker, network, "engine", |_| true)
}

/// An engine that controls some of the intersections.
fn engine_of(broker: &Broker, network: &Arc<Network>, name: &str, owns: impl Fn(usize) -> bool) -> Engine {
    let controller = controller::Settings { commit_lead: Millis(300), ..controller::Settings::default() };
    let controllers = (0..network.intersections.len()).map(|ix| owns(ix).then(|| controller.clone())).collect();
    let (id, clock, trust) = (name.to_owned(), Clock::Wall, Trust::default());
    Engine::start(
        network,
        EngineSettings {
            broker: broker.client(name),
            trust,
            id,
            clock,
            controllers,
            memories: Vec::new(),
            listeners: Listeners::default(),
        },
    )
}

fn field(broker: &Broker, network: &Arc<Network>) -> FieldProcess {
    let field = FieldSettings { start_red: Millis(500), ..FieldSettings::default() };
    let intersections = (0..network.intersections.len()).collect();
    FieldProcess::start(
        network,
        &FieldProcessSettings {
            broker: broker.client("field"),
            trust: Trust::default(),
            intersections,
            field,
            seed: 1,
            clock: Clock::Wall,
        },
    )
}

async fn watcher(broker: &Broker, network: &Network, channels: &[&str]) -> Link {
    let filters = channels.iter().map(|channel| (wire::filter(&network.city, None, channel), Qos::AtMostOnce));
    let settings =
        LinkSettings { broker: broker.client("watcher"), tls: None, subscriptions: filters.collect(), presence: None };
    let link = Link::start(settings);
    timeout(PATIENCE, link.status().wait_for(|it| *it == Status::Online)).await.unwrap().unwrap();
    link
}

/// The next plan of `north` that fits.
async fn plan(watcher: &Link, network: &Network, fits: impl Fn(&Plan) -> bool) -> Plan {
    let search = async {
        loop {
            let received = watcher.received().await.expect("the watcher lives");
            if let Ok(Message::Plan(plan)) = wire::decode(&received.topic, &received.payload, network, Some(now()))
                && plan.intersection.as_str() == "north"
                && fits(&plan)
            {
                return plan;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("such a plan comes")
}

/// The next state of `north` that fits.
async fn state(watcher: &Link, network: &Network, fits: impl Fn(&StateReport) -> bool) -> StateReport {
    let search = async {
        loop {
            let received = watcher.received().await.expect("the watcher lives");
            if let Ok(Message::State(state)) = wire::decode(&received.topic, &received.payload, network, Some(now()))
                && state.intersection.as_str() == "north"
                && fits(&state)
            {
                return state;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("such a state comes")
}

async fn modes(field: &FieldProcess, wanted: impl Fn(FieldMode) -> bool) {
    let mut modes = field.modes();
    let all = modes.wait_for(|modes| modes.iter().all(|&mode| wanted(mode)));
    let told = timeout(PATIENCE, all).await.map(|it| it.map(|it| it.clone()));
    assert!(matches!(told, Ok(Ok(_))), "modes are {:?}", field.modes().borrow());
}

fn counts(network: &Network, seq: u64) -> Message {
    counts_of(network, 0, seq)
}

fn counts_of(network: &Network, ix: usize, seq: u64) -> Message {
    let places =
        [0, 1, 2].map(|lane| CountedPlace::Lane(LaneIx(lane))).into_iter().chain([CountedPlace::Feeder(FeederIx(0))]);
    let places =
        places.map(|place| PlaceCount { place, count: 3, halted: 2, passed: 0, occupancy: None, mean_speed_mps: None });
    let observation = Observation { at: now(), seq, period: Millis(1_000), places: places.collect() };
    Message::Counts { intersection: network.intersections[ix].id.clone(), observation, passages: Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn field_controllers_obey_go_local_when_the_broker_dies_and_come_back() {
    let Some(mut broker) = Broker::start() else { return };
    let network = Arc::new(network());
    let (engine, field) = (engine(&broker, &network), field(&broker, &network));
    modes(&field, |mode| mode == FieldMode::Remote).await;
    for _ in 0..2 {
        let killed = Instant::now();
        broker.kill();
        modes(&field, FieldMode::is_local).await;
        assert!(killed.elapsed() < Duration::from_secs(5), "the lease is over after 3 s");
        broker.restart();
        modes(&field, |mode| mode == FieldMode::Remote).await;
    }
    assert_eq!(engine.rejects().total(), 0, "{:?}", engine.rejects().counts());
    field.stop().await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_frozen_broker_the_lease_runs_out_long_before_keep_alive_notices() {
    let Some(broker) = Broker::start() else { return };
    let network = Arc::new(network());
    let (engine, field) = (engine(&broker, &network), field(&broker, &network));
    modes(&field, |mode| mode == FieldMode::Remote).await;
    broker.freeze();
    modes(&field, FieldMode::is_local).await;
    assert_eq!(*field.status().borrow(), Status::Online, "nobody has noticed yet that the broker is frozen");
    broker.thaw();
    modes(&field, |mode| mode == FieldMode::Remote).await;
    field.stop().await;
    engine.stop().await;
}

/// A plan that goes on with the stage that a field controller shows by itself, as the answer to its state.
pub fn going_on(state: &StateReport, seq: u64, issued: Timestamp) -> Plan {
    let interval = Interval {
        stage: state.shown.stage.expect("a stage is shown"),
        start: issued,
        end: issued + Millis::from_secs(20),
        kind: IntervalKind::Green,
        signals: state.shown.lamps(),
    };
    Plan {
        intersection: state.intersection.clone(),
        config_hash: state.config_hash.clone(),
        epoch: 1,
        seq,
        issued,
        lease: Plan::LEASE_MAX,
        nonce_echo: state.nonce,
        mode: Mode::Adaptive,
        reason: "as it is".to_owned(),
        intervals: vec![interval],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retained_plan_and_a_late_plan_are_not_obeyed_and_the_same_plan_in_time_is() {
    let Some(broker) = Broker::start() else { return };
    let network = Arc::new(network());
    let watcher = watcher(&broker, &network, &["state"]).await;
    let north = network.intersections[0].clone();
    let resting = |state: &StateReport| {
        let stage = state.shown.stage.filter(|_| state.mode.is_local() && state.mode != FieldMode::AllRed);
        stage.is_some_and(|stage| state.shown.is_fully(north.stage(stage)))
    };
    let send = |plan: Plan, retain| {
        let packet = wire::encode(&Message::Plan(plan), &network).unwrap();
        watcher.publish(wire::Packet { retain, ..packet });
    };
    // Left at the broker by somebody before the controller is switched on.
    let first = field(&broker, &network);
    let seen = state(&watcher, &network, resting).await;
    first.stop().await;
    send(going_on(&seen, 1, now()), true);

    let field = field(&broker, &network);
    let retained = async {
        while !field.rejects().counts().contains_key(&Reason::Retained) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, retained).await.expect("the kept copy arrives and is turned away");
    let seen = state(&watcher, &network, resting).await;
    assert_eq!(seen.applied, None);
    send(going_on(&seen, 2, now() - Plan::LEASE_MAX - Millis(1_000)), false);
    let refused = |state: &StateReport| state.refused.as_deref() == Some("lease");
    assert_eq!(state(&watcher, &network, refused).await.applied, None);

    let seen = state(&watcher, &network, resting).await;
    send(going_on(&seen, 3, now()), false);
    let obeyed = state(&watcher, &network, |state| state.mode == FieldMode::Remote).await;
    assert_eq!(obeyed.applied, Some(PlanRef { epoch: 1, seq: 3 }), "only its lateness was wrong");
    field.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_counts_are_counted_by_reason_and_everything_else_goes_on() {
    let Some(broker) = Broker::start() else { return };
    let network = Arc::new(network());
    let watcher = watcher(&broker, &network, &["plan"]).await;
    let (engine, field) = (engine(&broker, &network), field(&broker, &network));
    plan(&watcher, &network, |_| true).await;
    let good = wire::encode(&counts(&network, 1), &network).unwrap();
    let changed = |from: &str, to: &str| {
        let text = String::from_utf8(good.payload.clone()).unwrap();
        assert!(text.contains(from));
        wire::Packet { payload: text.replacen(from, to, 1).into_bytes(), ..good.clone() }
    };
    let bad = [
        (changed("\"north\"", "\"south\""), Reason::WrongIntersection),
        (changed("\"count\":3", "\"count\":-3"), Reason::Negative),
        (changed("\"count\":3", "\"count\":NaN"), Reason::NotFinite),
        (changed("\"count\":3", "\"count\":1e30"), Reason::TooBig),
        (changed("\"ts_ms\":1", "\"ts_ms\":"), Reason::FromThePast),
        (good.clone(), Reason::Duplicate),
    ];
    watcher.publish(good.clone());
    // One after the other: of messages on one topic that come together, only the newest would be read.
    let sent = now();
    plan(&watcher, &network, |plan| plan.issued > sent + Millis(500)).await;
    for (packet, reason) in &bad {
        watcher.publish(packet.clone());
        let counted = async {
            while !engine.rejects().counts().contains_key(reason) {
                tokio::task::yield_now().await;
            }
        };
        let waited = timeout(PATIENCE, counted).await;
        assert!(waited.is_ok(), "{reason} is not in {:?}", engine.rejects().counts());
    }
    assert_eq!(engine.rejects().total(), bad.len() as u64);
    let after = now();
    plan(&watcher, &network, |plan| plan.issued > after).await;
    field.stop().await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_of_two_engines_hear_each_other_through_the_broker() {
    let Some(broker) = Broker::start() else { return };
    let network = Arc::new(network());
    let watcher = watcher(&broker, &network, &["outflow"]).await;
    let engines = [0, 1].map(|own| engine_of(&broker, &network, &format!("engine-{own}"), |ix| ix == own));
    let field = field(&broker, &network);
    modes(&field, |mode| mode == FieldMode::Remote).await;
    let mut said = vec![None; 2];
    while said.iter().any(Option::is_none) {
        (0..2).for_each(|ix| watcher.publish(wire::encode(&counts_of(&network, ix, 1), &network).unwrap()));
        let received = timeout(PATIENCE, watcher.received()).await.expect("engines tell").expect("the watcher lives");
        let ix = usize::from(received.topic.contains("south"));
        said[ix] = Some(received);
    }
    for (own, engine) in engines.iter().enumerate() {
        let mut progress = engine.progress();
        let heard = progress.wait_for(|all| all[own].is_some_and(|it| it.heard > 0));
        timeout(PATIENCE, heard).await.expect("the other's word arrives").expect("the engine lives");
        assert_eq!(progress.borrow()[1 - own], None, "the other's intersection is none of its business");
    }
    let north = said[0].take().expect("it was waited for");
    let text = String::from_utf8(north.payload).unwrap().replacen("\"v\":1", "\"v\":7", 1);
    let wrong = wire::Packet { topic: north.topic, payload: text.into_bytes(), qos: Qos::AtMostOnce, retain: false };
    watcher.publish(wrong);
    let counted = async {
        while !engines[1].rejects().counts().contains_key(&Reason::WrongVersion) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, counted).await.expect("what cannot be right is turned away and counted");
    assert!(!engines[0].rejects().counts().contains_key(&Reason::WrongVersion), "nobody reads back its own words");
    field.stop().await;
    for engine in engines {
        engine.stop().await;
    }
}
