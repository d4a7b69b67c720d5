//! A second engine follows when the first is killed or frozen, and the frozen one finds that nobody obeys it any more.

use super::broker::Broker;
use super::cabinets::Cabinets;
use super::service_commands::{Running, config};
use super::street::network;
use lightwatch::plan::{FieldMode, Interval, IntervalKind, Mode, Plan, PlanRef, StateReport};
use lightwatch::service::lease_files::LeaseFiles;
use lightwatch::service::mqtt::{Link, LinkSettings};
use lightwatch::service::now;
use lightwatch::time::Millis;
use lightwatch::wire::{self, Message, Presence, PresenceStatus, Qos, Role};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

/// A street with room for two engines and somebody who listens.
struct Place {
    folder: TempDir,
    config: PathBuf,
    watcher: Link,
    /// The number of the plan that each intersection obeyed last: it must not fall.
    applied: BTreeMap<String, PlanRef>,
}

impl Place {
    fn new(broker: &Broker) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), broker.port);
        let subscriptions = vec![("lw/1/Testville/#".to_owned(), Qos::AtLeastOnce)];
        let watcher =
            Link::start(LinkSettings { broker: broker.client("watcher"), tls: None, subscriptions, presence: None });
        Self { folder, config, watcher, applied: BTreeMap::new() }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn engine(&self, standby: Option<&str>) -> Running {
        let state = self.state();
        let mut arguments = vec!["run", "--log-format", "json", "--state", state.to_str().unwrap()];
        arguments.extend(standby.into_iter().flat_map(|name| ["--standby", name]));
        Running::start(&arguments, &self.config)
    }

    /// The next message that fits, while what is obeyed is watched.
    async fn hear<T>(&mut self, fits: impl Fn(&Message) -> Option<T>) -> T {
        let network = network();
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let received =
                timeout(left, self.watcher.received()).await.expect("such a message comes").expect("it listens");
            let Ok(message) = wire::decode(&received.topic, &received.payload, &network, None) else { continue };
            if let Message::State(StateReport { intersection, applied: Some(applied), .. }) = &message {
                let before = self.applied.insert(intersection.to_string(), *applied);
                assert!(before.is_none_or(|before| before <= *applied), "{intersection}: {before:?}, then {applied:?}");
            }
            if let Some(found) = fits(&message) {
                return found;
            }
        }
    }

    async fn role(&mut self, engine: &str, fits: impl Fn(Role) -> bool) -> Role {
        let said = |message: &Message| match message {
            Message::Presence(Presence { engine: id, status: PresenceStatus::Online, role, .. }) if id == engine => {
                role.filter(|&role| fits(role))
            }
            _ => None,
        };
        self.hear(said).await
    }

    async fn leads(&mut self, engine: &str) -> u64 {
        match self.role(engine, |role| matches!(role, Role::Leading { .. })).await {
            Role::Leading { epoch } => epoch,
            Role::StandingBy => unreachable!("it was asked for a leader"),
        }
    }

    async fn stands_by(&mut self, engine: &str) {
        self.role(engine, |role| role == Role::StandingBy).await;
    }

    /// A state of `north` that obeys a plan of an epoch.
    async fn obeyed(&mut self, epoch: u64) -> StateReport {
        let fits = |it: &StateReport| {
            it.intersection.as_str() == "north"
                && it.mode == FieldMode::Remote
                && it.applied.is_some_and(|it| it.epoch == epoch)
        };
        self.hear(|message| match message {
            Message::State(state) if fits(state) => Some(state.clone()),
            _ => None,
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_killed_is_followed_and_who_starts_again_stands_by() {
    let Some(broker) = Broker::start() else { return };
    let mut place = Place::new(&broker);
    let cabinets = Cabinets::start(&place.config, &network());
    let first = place.engine(None);
    let epoch = place.leads("engine-1").await;
    place.obeyed(epoch).await;
    let second = place.engine(Some("engine-2"));
    place.stands_by("engine-2").await;

    let killed = Instant::now();
    first.signal("-KILL");
    let next = place.leads("engine-2").await;
    println!("killed: followed after {} ms", killed.elapsed().as_millis());
    assert!(next > epoch);
    place.obeyed(next).await;
    drop(first);

    let first = place.engine(None);
    place.stands_by("engine-1").await;
    // Stopped on purpose it gives its lease up at once.
    let (code, said) = second.terminate();
    assert_eq!(code, Some(0), "{said}");
    let last = place.leads("engine-1").await;
    assert!(last > next);
    place.obeyed(last).await;
    assert_eq!(cabinets.seen().unsafe_lamps, []);
    drop(first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_frozen_is_followed_obeyed_by_nobody_when_it_goes_on_and_steps_down() {
    let Some(broker) = Broker::start() else { return };
    let mut place = Place::new(&broker);
    let cabinets = Cabinets::start(&place.config, &network());
    let first = place.engine(None);
    let epoch = place.leads("engine-1").await;
    let second = place.engine(Some("engine-2"));
    place.stands_by("engine-2").await;
    place.obeyed(epoch).await;

    let frozen = Instant::now();
    first.signal("-STOP");
    let next = place.leads("engine-2").await;
    println!("frozen: followed after {} ms", frozen.elapsed().as_millis());
    let state = place.obeyed(next).await;
    // What a zombie would say, made with all that it could know, and often, because a good plan clears what is said of a bad one.
    let zombie = Link::start(LinkSettings {
        broker: broker.client("zombie"),
        tls: None,
        subscriptions: Vec::new(),
        presence: None,
    });
    let insisting = tokio::spawn(async move {
        let mut often = tokio::time::interval(Duration::from_millis(10));
        loop {
            often.tick().await;
            zombie.publish(wire::encode(&Message::Plan(going_on(&state, epoch)), &network()).unwrap());
        }
    });
    let old =
        |message: &Message| matches!(message, Message::State(it) if it.refused.as_deref() == Some("old")).then_some(());
    place.hear(old).await;
    insisting.abort();

    first.signal("-CONT");
    place.stands_by("engine-1").await;
    for _ in 0..3 {
        let applied = place.obeyed(next).await.applied.expect("it obeys");
        assert_eq!(applied.epoch, next);
    }
    let (code, said) = first.terminate();
    assert!(code == Some(0) && said.contains("this engine stands by"), "{code:?} {said}");
    assert_eq!(cabinets.seen().unsafe_lamps, []);
    drop(second);
}

/// A plan that goes on with what is shown, newer than everything of its author.
fn going_on(state: &StateReport, epoch: u64) -> Plan {
    let issued = now();
    let interval = Interval {
        stage: state.shown.stage.expect("a stage is shown"),
        start: issued - Millis(200),
        end: issued + Millis::from_secs(20),
        kind: IntervalKind::Green,
        signals: state.shown.lamps(),
    };
    Plan {
        intersection: state.intersection.clone(),
        config_hash: state.config_hash.clone(),
        epoch,
        seq: 1_000_000,
        issued,
        lease: Plan::LEASE_MAX,
        nonce_echo: state.nonce,
        mode: Mode::Adaptive,
        reason: "as it is".to_owned(),
        intervals: vec![interval],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_epoch_is_above_all_before_though_the_clock_was_set_back_and_bad_state_is_put_aside() {
    let Some(broker) = Broker::start() else { return };
    let mut place = Place::new(&broker);
    let state = place.state();
    // The last run was tomorrow.
    let tomorrow = (now().0 / 1_000).unsigned_abs() + 86_400;
    assert!(LeaseFiles::new(&state, "engine-1").claim(tomorrow).unwrap());
    fs::write(state.join("engine-1.learned.json"), "{\"lightwatch_learned\":9,\"intersections\":[]}").unwrap();

    let engine = place.engine(None);
    assert_eq!(place.leads("engine-1").await, tomorrow + 1);
    let (code, said) = engine.terminate();
    assert!(code == Some(0) && said.contains("lightwatch_learned: 9 (allowed: 1)"), "{code:?} {said}");
    let aside = fs::read_dir(&state).unwrap().map(|it| it.unwrap().path());
    let aside: Vec<PathBuf> = aside.filter(|it| it.to_string_lossy().contains(".refused-")).collect();
    assert!(aside.len() == 1 && fs::read_to_string(&aside[0]).unwrap().contains(":9"), "{aside:?}");
}

#[test]
fn a_second_engine_needs_a_name_of_its_own_and_the_folder_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), 1);
    let told = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        let output = command.args(["run", "--config"]).arg(&config).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(64));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(told(&["--standby", "two"]).contains("--state DIR"));
    assert!(told(&["--standby", "engine-1", "--state", "s"]).contains("another name than `engine-1`"));
    assert!(told(&["--standby", "a/b", "--state", "s"]).contains("[a-zA-Z0-9_.-]"));
    assert!(!Path::new("s").exists());
}
