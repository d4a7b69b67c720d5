//! Engines that hang in five ways, under a supervisor that speaks the watchdog protocol of systemd: restarted in time, the street safe.
//!
//! There is no systemd where tests run, so the supervisor is here: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, READY and WATCHDOG as in
//! `sd_notify(3)`; who says nothing for the interval is killed and started again. The engine is this test binary once more
//! ([`a_program_of_its_own_when_it_is_told`]), put together as `lightwatch run` does it, with a way to be broken on command.
//! Short here; `make faults` runs the whole, with figures (docs/safety.md).

use super::broker::Broker;
use super::cabinets::{Cabinets, Seen};
use super::faults::{spread, times};
use super::service_commands::config;
use super::street::network;
use lightwatch::controller;
use lightwatch::service::dispatch::Clock;
use lightwatch::service::engine::{Engine, EngineSettings};
use lightwatch::service::learned_store::LearnedStore;
use lightwatch::service::lease_files::LeaseFiles;
use lightwatch::service::listeners::Listeners;
use lightwatch::service::pulse::Pulse;
use lightwatch::service::standby::Keeper;
use lightwatch::service::trust::Trust;
use lightwatch::service::watchdog::Watchdog;
use lightwatch::time::Millis;
use std::io::{BufRead as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

/// Interval of the watchdog, as in `deploy/systemd/lightwatch.service`.
const WATCHDOG: Duration = Duration::from_secs(2);
/// From the hang to READY of the next.
const RESTARTED: Duration = Duration::from_secs(5);
const SPOKEN: &str = "LIGHTWATCH_TEST_ENGINE";

/// Ways to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Deadlock,
    EndlessLoop,
    AllocationFailure,
    Frozen,
    FullDisk,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Deadlock, Self::EndlessLoop, Self::AllocationFailure, Self::Frozen, Self::FullDisk];
}

/// What starts, watches and restarts an engine.
struct Supervisor {
    folder: PathBuf,
    port: u16,
    socket: UnixDatagram,
    engine: Child,
}

impl Supervisor {
    /// Starts an engine and waits until it is ready.
    fn start(folder: &Path, port: u16) -> Self {
        let socket = UnixDatagram::bind(folder.join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let engine = engine(folder, port);
        let mut supervisor = Self { folder: folder.to_owned(), port, socket, engine };
        supervisor.ready();
        supervisor
    }

    fn say(&mut self, word: &str) {
        writeln!(self.engine.stdin.as_mut().expect("it is piped"), "{word}").unwrap();
    }

    fn break_it(&mut self, kind: Kind) {
        match kind {
            Kind::Frozen => {
                assert!(
                    Command::new("kill").args(["-STOP", &self.engine.id().to_string()]).status().unwrap().success()
                );
            }
            Kind::FullDisk => {
                let half = format!(".engine.learned.json.{}.half", self.engine.id());
                symlink("/dev/full", self.folder.join(half)).unwrap();
            }
            other => self.say(&format!("{other:?}")),
        }
    }

    /// The next words of the engine, if it says any just now.
    fn heard(&self) -> String {
        let mut buffer = [0; 512];
        let count = self.socket.recv(&mut buffer).unwrap_or(0);
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    }

    fn ready(&mut self) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.heard().contains("READY=1") {
            assert!(Instant::now() < until, "it is never ready");
        }
    }

    /// Watches until the engine dies or is silent for the interval, and starts another; `None` when it goes on for as long as `patience`.
    fn restarted(&mut self, patience: Duration) -> Option<Duration> {
        let begin = Instant::now();
        let mut sign = begin;
        while begin.elapsed() < patience {
            if self.heard().contains("WATCHDOG=1") {
                sign = Instant::now();
            }
            let gone = self.engine.try_wait().unwrap().is_some();
            if gone || sign.elapsed() > WATCHDOG {
                let _ = self.engine.kill();
                let _ = self.engine.wait();
                while !self.heard().is_empty() {}
                self.engine = engine(&self.folder, self.port);
                self.ready();
                return Some(begin.elapsed());
            }
        }
        None
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.engine.kill();
        let _ = self.engine.wait();
    }
}

fn engine(folder: &Path, port: u16) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hang::a_program_of_its_own_when_it_is_told"])
        .env(SPOKEN, format!("{port} {}", folder.display()))
        .env("NOTIFY_SOCKET", folder.join("notify"))
        .env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the engine starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_is_started_again_in_time_and_the_street_stays_safe() {
    let Some(broker) = Broker::start() else { return };
    let each = times("FAULTS_HANGS", 1);
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), broker.port);
    let cabinets = Cabinets::start(&config, &network());
    let mut supervisor = Supervisor::start(folder.path(), broker.port);
    cabinets.until(Seen::all_remote).await;
    for kind in Kind::ALL {
        let mut took = Vec::new();
        for _ in 0..each {
            supervisor.break_it(kind);
            let patience = if kind == Kind::FullDisk { WATCHDOG * 2 } else { Duration::from_secs(60) };
            let restarted = tokio::task::block_in_place(|| supervisor.restarted(patience));
            assert_eq!(restarted.is_none(), kind == Kind::FullDisk, "{kind:?}: a full disk alone is no reason");
            took.extend(restarted.map(|it| it.as_millis()));
            cabinets.until(Seen::all_remote).await;
            if kind == Kind::FullDisk {
                std::fs::remove_file(
                    folder.path().join(format!(".engine.learned.json.{}.half", supervisor.engine.id())),
                )
                .unwrap();
            }
        }
        let seen = cabinets.seen();
        if took.is_empty() {
            println!(
                "{kind:?} ×{each}: goes on, {} unsafe in {} changes of lamps",
                seen.unsafe_lamps.len(),
                seen.lamps
            );
        } else {
            let (p50, _, max) = spread(&mut took);
            println!(
                "{kind:?} ×{each}: ready again after p50 {p50} max {max} ms, {} unsafe in {} changes of lamps",
                seen.unsafe_lamps.len(),
                seen.lamps
            );
            // On a machine that does other things as well some seconds more are no finding.
            let allowed = if each >= 20 { RESTARTED } else { RESTARTED * 3 };
            assert!(max <= allowed.as_millis(), "{kind:?}: {max} ms");
        }
    }
    assert_eq!(cabinets.seen().unsafe_lamps, []);
}

/// No test of its own: what this binary does when the supervisor starts it as an engine.
#[test]
fn a_program_of_its_own_when_it_is_told() {
    let Ok(told) = std::env::var(SPOKEN) else { return };
    let (port, folder) = told.split_once(' ').expect("a port and a folder");
    let port: u16 = port.parse().unwrap();
    let folder = PathBuf::from(folder);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let network = Arc::new(network());
    let pulse = Arc::new(Pulse::default());
    let (_keeper, authority) = Keeper::start(LeaseFiles::new(&folder, "engine"), pulse.clone()).unwrap();
    let store = LearnedStore::new(&folder, "engine");
    let controller = controller::Settings { commit_lead: Millis(300), ..controller::Settings::default() };
    let broker = lightwatch::config::Broker {
        host: "127.0.0.1".to_owned(),
        port,
        client_id: format!("engine-{}", std::process::id()),
        keep_alive: Millis::from_secs(5),
    };
    let controllers = vec![Some(controller); network.intersections.len()];
    let settings = EngineSettings {
        broker,
        trust: Trust::default(),
        id: "engine".to_owned(),
        clock: Clock::Wall,
        controllers,
        memories: Vec::new(),
        listeners: Listeners::default(),
    };
    let _entered = runtime.enter();
    let engine = Engine::start_under(&network, settings, &authority, &pulse);
    let _watchdog = Watchdog::start(pulse).unwrap();
    runtime.spawn(async move {
        let mut every = tokio::time::interval(Duration::from_millis(500));
        loop {
            every.tick().await;
            // What a full disk says is no reason to stop.
            let _ = store.write(&engine.learned().await);
        }
    });
    for word in std::io::stdin().lock().lines().map_while(Result::ok) {
        break_down(&word, runtime.handle());
    }
    std::process::exit(0);
}

fn break_down(word: &str, runtime: &tokio::runtime::Handle) {
    match word {
        "Deadlock" => {
            let locks = [Arc::new(Mutex::new(())), Arc::new(Mutex::new(()))];
            let barrier = Arc::new(Barrier::new(2));
            for (first, second) in [(0, 1), (1, 0)] {
                let (first, second, barrier) = (locks[first].clone(), locks[second].clone(), barrier.clone());
                runtime.spawn(async move {
                    let _one = first.lock().unwrap();
                    barrier.wait();
                    let _other = second.lock().unwrap();
                });
            }
        }
        "EndlessLoop" => {
            for _ in 0..2 {
                runtime.spawn(async {
                    loop {
                        std::hint::spin_loop();
                    }
                });
            }
        }
        _ => {
            runtime.spawn(async { std::hint::black_box(vec![1_u8; 1 << 46]) });
        }
    }
}
