//! `lightwatch bench page`: is the page smooth with thousands of intersections, in a real browser?
//!
//! A chessboard with made-up traffic and lamps that turn, put down on the board once a second, shown by the same server as an engine's;
//! `dashboard/bench.mjs` opens it in chromium, drags the map about and measures. Nothing decides here: what decisions cost is
//! measured by `bench scale`. Weakness: without a graphics card the browser draws by software, on the cores that also serve; the
//! figures say how it drew.

use crate::cli::simulated::print_figures;
use crate::config::Broker;
use crate::cosim::scale::chessboard;
use crate::cosim::scale::synthetic::Synthetic;
use crate::ids::StageIx;
use crate::network::{Geometry, Network};
use crate::plan::{Decision, FieldMode, Mode, Scene, Shown as Lamps, StateReport};
use crate::service::board::{Board, Easel};
use crate::service::broker::LoopbackBroker;
use crate::service::dispatch::Clock;
use crate::service::engine::{Engine, EngineSettings};
use crate::service::listeners::Listeners;
use crate::service::now;
use crate::service::pulse::Pulse;
use crate::service::standby::Authority;
use crate::service::trust::Trust;
use crate::time::{Millis, Timestamp};
use crate::web::{self, Door, Exhibit, Web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Open the page of a city with thousands of intersections in chromium, drag the map about; tell frames, memory, first paint.
///
/// Needs Node, chromium and the built page (`make tools`), in a checkout. Exit code 69 where they are missing, 1 when a bar is missed,
/// with --check only.
#[derive(Debug, clap::Args)]
pub struct PageArgs {
    /// Intersections, each with four approaches, twelve lanes and four stages.
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    intersections: u32,
    /// Seconds of dragging, once with the whole city in sight and once among its streets.
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Folder of the page's sources, with what npm fetched for it.
    #[arg(long, value_name = "DIR", default_value = "dashboard")]
    dashboard: PathBuf,
    /// Only serve the city, until Ctrl-C, to be looked at.
    #[arg(long)]
    serve: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// End with 1 when a bar is missed.
    #[arg(long)]
    check: bool,
}

/// What the browser measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PageReport {
    /// Intersections on the page.
    intersections: u64,
    /// Their lanes.
    lanes: u64,
    /// Who drew: a card, or a program.
    renderer: String,
    /// From the begin of loading to the first paint \[ms\].
    first_paint_ms: f64,
    /// Until the city was on the map \[ms\].
    map_ms: f64,
    /// Frames a second while the whole city is dragged.
    far_fps: f64,
    /// The slowest twentieth of its frames took longer than this \[ms\].
    far_frame_ms_p95: f64,
    /// Processor time that the page took for a frame, what comes once a second shared out \[ms\].
    far_page_cpu_ms: f64,
    /// Processor time that drawing took for a frame \[ms\].
    far_drawing_cpu_ms: f64,
    /// Frames a second while streets with lanes and lamps are dragged.
    near_fps: f64,
    /// The slowest twentieth of its frames took longer than this \[ms\].
    near_frame_ms_p95: f64,
    /// Processor time that the page took for a frame, what comes once a second shared out \[ms\].
    near_page_cpu_ms: f64,
    /// Processor time that drawing took for a frame \[ms\].
    near_drawing_cpu_ms: f64,
    /// The page's objects, after collecting what is not used \[MiB\].
    heap_mib: f64,
    /// The page's process, shared pages by share \[MiB\].
    page_mib: f64,
    /// The process that draws, which is all of the drawing where there is no card \[MiB\].
    drawing_mib: f64,
}

const FPS: f64 = 30.0;
const MEMORY_MIB: f64 = 300.0;
const FIRST_PAINT_MS: f64 = 1000.0;

/// Run it.
pub fn run(args: &PageArgs) -> ExitCode {
    let (network, geometry) = match chessboard(args.intersections as usize) {
        Ok(city) => city,
        Err(error) => {
            eprintln!("lightwatch bench page: {error}");
            return ExitCode::from(error.exit_code());
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(shown(args, network, geometry))) {
        Ok(Some(report)) => {
            print_figures(&report, args.json);
            let missed = missed(&report);
            for it in &missed {
                eprintln!("missed: {it}");
            }
            ExitCode::from(u8::from(args.check && !missed.is_empty()))
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lightwatch bench page: {error}");
            ExitCode::from(69)
        }
    }
}

/// The city on a server, and a browser before it.
async fn shown(args: &PageArgs, network: Arc<Network>, geometry: Geometry) -> io::Result<Option<PageReport>> {
    if !web::has_page() {
        return Err(io::Error::other("the page is not in this program; `make dashboard`, and build again"));
    }
    let broker = LoopbackBroker::start().await?;
    let address = Broker {
        host: "127.0.0.1".to_owned(),
        port: broker.port(),
        client_id: "bench".to_owned(),
        keep_alive: Millis::from_secs(5),
    };
    // An engine that controls nobody: what is shown of it is drawn below.
    let settings = EngineSettings {
        broker: address,
        trust: Trust::default(),
        id: "bench".to_owned(),
        clock: Clock::Wall,
        controllers: vec![None; network.intersections.len()],
        memories: Vec::new(),
        listeners: Listeners::default(),
    };
    let engine = Engine::start(&network, settings);
    let board = engine.shown().board;
    let exhibit = Exhibit {
        network: Arc::clone(&network),
        geometry,
        shown: engine.shown(),
        pulse: Arc::new(Pulse::default()),
        authority: Authority::alone(1),
        engine: "bench".to_owned(),
        own: (0..network.intersections.len()).collect(),
    };
    let web = Web::start("127.0.0.1:0".parse().expect("it is an address"), exhibit, Door::default()).await?;
    let life = tokio::spawn(live(network, board));
    let url = format!("http://{}", web.address());
    let report = if args.serve {
        println!("{url}: Ctrl-C ends it");
        tokio::signal::ctrl_c().await?;
        None
    } else {
        let (dashboard, seconds) = (args.dashboard.clone(), args.seconds);
        Some(
            tokio::task::spawn_blocking(move || measured(&dashboard, &url, seconds))
                .await
                .map_err(io::Error::other)??,
        )
    };
    life.abort();
    engine.stop().await;
    Ok(report)
}

/// Lets the browser measure.
fn measured(dashboard: &Path, url: &str, seconds: u32) -> io::Result<PageReport> {
    let script = Command::new("node")
        .arg("bench.mjs")
        .args([url, &seconds.to_string()])
        .current_dir(dashboard)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("node in {}: {error}", dashboard.display())))?;
    if !script.status.success() {
        return Err(io::Error::other("the browser did not measure; `make tools` brings Node, chromium and the page"));
    }
    serde_json::from_slice(&script.stdout).map_err(io::Error::other)
}

/// Lamps turn and vehicles come, once a second.
async fn live(network: Arc<Network>, board: Arc<Board>) {
    let mut sites: Vec<Site> = (0..network.intersections.len()).map(|ix| Site::new(&network, &board, ix)).collect();
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        every.tick().await;
        let at = now();
        for (ix, site) in sites.iter_mut().enumerate() {
            site.second(&network, ix, at);
        }
    }
}

/// An intersection that nobody controls.
struct Site {
    easel: Easel,
    street: Synthetic,
    lamps: Lamps,
    seconds: usize,
}

impl Site {
    fn new(network: &Network, board: &Arc<Board>, ix: usize) -> Self {
        let intersection = &network.intersections[ix];
        Self {
            easel: Easel::new(Arc::clone(board), None, ix),
            street: Synthetic::new(intersection, ix as u64 + 1),
            lamps: Lamps::all_red(intersection, now()),
            seconds: ix * 7,
        }
    }

    /// Every stage has twenty seconds.
    fn second(&mut self, network: &Network, ix: usize, at: Timestamp) {
        let intersection = &network.intersections[ix];
        self.seconds += 1;
        let stage = StageIx(self.seconds / 20 % intersection.stages.len());
        self.lamps.advance(at, Some(stage), &intersection.stage(stage).signals);
        self.easel.counts(&self.street.second(intersection, &self.lamps, at));
        self.easel.state(&StateReport {
            intersection: intersection.id.clone(),
            config_hash: intersection.config_hash.clone(),
            shown: self.lamps.clone(),
            mode: FieldMode::Remote,
            applied: None,
            refused: None,
            nonce: 1,
        });
        self.easel.decision(&Decision {
            intersection: intersection.id.clone(),
            at,
            seq: 1,
            mode: Mode::Adaptive,
            scene: Scene::OffPeak,
            chosen: stage,
            runner_up: None,
            cost: BTreeMap::new(),
            runner_up_cost: BTreeMap::new(),
            labels: 0,
            input_hash: String::new(),
            reason: "turned by the benchmark".to_owned(),
        });
        self.easel.show(at, Duration::from_micros(100));
    }
}

fn missed(report: &PageReport) -> Vec<String> {
    let slow = |what: &str, fps: f64| {
        (fps < FPS).then(|| format!("{fps:.0} frames/s over {what}, at least {FPS:.0} (drawn by {})", report.renderer))
    };
    let memory = report.page_mib;
    let late = report.first_paint_ms;
    let missed = [
        slow("the whole city", report.far_fps),
        slow("its streets", report.near_fps),
        (memory > MEMORY_MIB).then(|| format!("{memory:.0} MiB, at most {MEMORY_MIB:.0}")),
        (late >= FIRST_PAINT_MS).then(|| format!("first paint after {late:.0} ms, before {FIRST_PAINT_MS:.0}")),
    ];
    missed.into_iter().flatten().collect()
}
