//! Peers that are slow or stand still: field controllers, the broker, the line to it, pages in browsers. The engine decides on time, drops and counts.
//!
//! Short here; `make faults` runs the whole, with figures (docs/safety.md).

use super::broker::Broker;
use super::cabinets::{Cabinets, Seen};
use super::faults::{spread, times};
use super::service_commands::config_of;
use super::street;
use lightwatch::controller;
use lightwatch::network::file::NetworkFile;
use lightwatch::network::{Geometry, Network};
use lightwatch::service::dispatch::Clock;
use lightwatch::service::engine::{Engine, EngineSettings};
use lightwatch::service::listeners::Listeners;
use lightwatch::service::mqtt::Status;
use lightwatch::service::now;
use lightwatch::service::pulse::Pulse;
use lightwatch::service::standby::Authority;
use lightwatch::service::trust::Trust;
use lightwatch::time::Millis;
use lightwatch::web::{Door, Exhibit, Web};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

const INTERSECTIONS: usize = 100;
/// Browsers that ask and do not read.
const DEAF: usize = 20;

/// A line to a broker that can be made to stand still: both ends stay open and nothing passes.
struct Line {
    port: u16,
    stands: watch::Sender<bool>,
}

impl Line {
    async fn to(broker: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stands = watch::Sender::new(false);
        let asked = stands.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", broker)).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(pass(near_in, far_out, asked.clone()));
                tokio::spawn(pass(far_in, near_out, asked.clone()));
            }
        });
        Self { port, stands }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut stands: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if stands.wait_for(|it| !it).await.is_err() {
            return;
        }
        match from.read(&mut buffer).await {
            Ok(count) if count > 0 && to.write_all(&buffer[..count]).await.is_ok() => {}
            _ => return,
        }
    }
}

/// How the engine fared for a while.
struct While {
    /// Hearing and deciding, a decision \[µs\].
    took: Vec<u128>,
    /// From the whole second to the end of a decision, the middle and the largest of each look \[ms\].
    late: Vec<u128>,
}

/// Watch decisions until an instant.
async fn watched(engine: &Engine, until: Instant) -> While {
    let mut progress = engine.progress();
    let mut seen = vec![None; INTERSECTIONS];
    let mut told = While { took: Vec::new(), late: Vec::new() };
    progress.mark_unchanged();
    loop {
        tokio::select! {
            () = sleep_until(until.into()) => return told,
            changed = progress.changed() => changed.expect("the engine lives"),
        }
        for (ix, it) in progress.borrow_and_update().iter().enumerate() {
            if let Some(it) = it.filter(|it| seen[ix] != Some(it.at)) {
                seen[ix] = Some(it.at);
                told.took.push(it.took.as_micros());
                told.late.push((now() - it.at).0.max(0).unsigned_abs().into());
            }
        }
    }
}

/// Browsers that listen to the city, ask for it again and again, and read nothing.
async fn deaf_browsers(at: SocketAddr) -> Vec<TcpStream> {
    let mut deaf = Vec::new();
    for _ in 0..DEAF {
        let mut browser = TcpStream::connect(at).await.unwrap();
        let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let asked = ask("/api/v1/snapshot").repeat(3_000) + &ask("/events");
        // What does not go in at once is left: nobody waits for these.
        let _ = timeout(Duration::from_millis(200), browser.write_all(asked.as_bytes())).await;
        deaf.push(browser);
    }
    deaf
}

/// Memory of this process that is really there \[KiB\].
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it tells that too");
    line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stands_still_the_engine_decides_on_time_and_counts_what_it_drops() {
    let Some(broker) = Broker::start() else { return };
    let each = Duration::from_secs(times("FAULTS_STALL_S", 4) as u64);
    let line = Line::to(broker.port).await;
    let folder = tempfile::tempdir().unwrap();
    let street = street::many(INTERSECTIONS);
    let config = config_of(folder.path(), broker.port, &street);
    let file = NetworkFile::from_toml(&street, "street").expect("the street can be read");
    let network = Arc::new(Network::build(file).expect("the street is sound"));
    let controller = controller::Settings { commit_lead: Millis(300), ..controller::Settings::default() };
    let settings = EngineSettings {
        broker: lightwatch::config::Broker { port: line.port, ..broker.client("engine") },
        trust: Trust::default(),
        id: "engine".to_owned(),
        clock: Clock::Wall,
        controllers: vec![Some(controller); INTERSECTIONS],
        memories: Vec::new(),
        listeners: Listeners::default(),
    };
    let (authority, pulse) = (Authority::alone(7), Arc::new(Pulse::default()));
    let engine = Engine::start_under(&network, settings, &authority, &pulse);
    let exhibit = Exhibit {
        network: network.clone(),
        geometry: Geometry::default().completed(&network),
        shown: engine.shown(),
        pulse,
        authority,
        engine: "engine".to_owned(),
        own: (0..INTERSECTIONS).collect(),
    };
    let web = Web::start("127.0.0.1:0".parse().unwrap(), exhibit, Door::default()).await.unwrap();
    let cabinets = Cabinets::start(&config, &network);
    cabinets.until(Seen::all_remote).await;
    let signal = |name: &str| {
        let status = Command::new("kill").args([name, &cabinets.id().to_string()]).status().unwrap();
        assert!(status.success());
    };

    let begin = memory();
    let (mut all, mut deaf) = (Vec::new(), Vec::new());
    for phase in ["nobody", "field controllers", "pages", "broker", "line"] {
        match phase {
            "field controllers" => signal("-STOP"),
            "pages" => deaf = deaf_browsers(web.address()).await,
            "broker" => broker.freeze(),
            "line" => drop(line.stands.send_replace(true)),
            _ => {}
        }
        let mut told = watched(&engine, Instant::now() + each).await;
        // How much the system takes in for a line that stands still is its own affair: until it is full nothing is lost.
        let patient = Instant::now() + Duration::from_secs(120);
        while phase == "line" && engine.lost().1 == 0 && Instant::now() < patient {
            let mut more = watched(&engine, Instant::now() + Duration::from_secs(1)).await;
            told.took.append(&mut more.took);
            told.late.append(&mut more.late);
        }
        match phase {
            "field controllers" => signal("-CONT"),
            "pages" => deaf.clear(),
            "broker" => broker.thaw(),
            "line" => drop(line.stands.send_replace(false)),
            _ => {}
        }
        let (decisions, lost) = (told.took.len(), engine.lost());
        let ((p50, p99, max), (late, late99, _)) = (spread(&mut told.took), spread(&mut told.late));
        println!(
            "{phase} stands still for {} s: {decisions} decisions, p50 {p50} p99 {p99} max {max} µs, done p50 {late} p99 {late99} ms \
             after the second, dropped in {} out {} so far, pages hung up on {} so far, memory {:+} KiB",
            each.as_secs(),
            lost.0,
            lost.1,
            web.readers().stalled.load(Ordering::Relaxed),
            memory().cast_signed() - begin.cast_signed(),
        );
        assert!(decisions as u64 >= INTERSECTIONS as u64 * (each.as_secs() - 1), "{phase}: it goes on deciding");
        all.append(&mut told.took);
        assert!(timeout(Duration::from_secs(60), engine.status().wait_for(|it| *it == Status::Online)).await.is_ok());
        cabinets.until(Seen::all_remote).await;
    }
    let hung_up = web.readers().stalled.load(Ordering::Relaxed);
    assert!(each.as_secs() < 20 || hung_up > 0, "who reads nothing for ten seconds is hung up on");
    assert!(engine.lost().1 > 0, "what could not be sent was dropped and counted");
    let (_, p99, _) = spread(&mut all);
    // A tick is promised to take 20 ms; a machine that runs other tests beside may take longer.
    assert!(p99 <= if each.as_secs() >= 20 { 20_000 } else { 200_000 }, "p99 {p99} µs");
    assert_eq!(cabinets.seen().unsafe_lamps, []);
    drop(web);
    engine.stop().await;
}
