//! `lightwatch demo`: a morning on an avenue, with nothing installed.
//!
//! A broker on the loopback interface, the street, the field controllers and the engine, each in tasks and with a
//! connection of its own; they know each other by MQTT topics only. In the end the same morning is simulated three times more
//! in virtual time, up to the instant that the demo reached: with the street's own programmes, made by hand, with Webster's,
//! coordinated, and actuated.

use super::demo_view::Screen;
use super::interrupt::Interrupt;
use crate::config::Broker;
use crate::controller;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::live::{Ended, LiveStreet, View};
use crate::cosim::plant::figures::{self, Figures};
use crate::cosim::plant::run::{Prepared, RunSettings};
use crate::cosim::scenario::{Scenario, built_in};
use crate::cosim::work_folder::WorkFolder;
use crate::field::FieldSettings;
use crate::network::Network;
use crate::service::broker::LoopbackBroker;
use crate::service::dispatch::Clock;
use crate::service::engine::{Engine, EngineSettings};
use crate::service::field_process::{FieldProcess, FieldProcessSettings};
use crate::service::history::{History, Keep};
use crate::service::listeners::Listeners;
use crate::service::lookout::Shadowing;
use crate::service::mqtt::Status;
use crate::service::pulse::Pulse;
use crate::service::standby::Authority;
use crate::service::trust::Trust;
use crate::shadow;
use crate::time::Millis;
use crate::web::access::Access;
use crate::web::{self, Door, Exhibit, Web};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Watch the light watch the cars: an avenue in its morning peak, everything over MQTT, nothing to install
///
/// Exit code: 0 good, 1 an unsafe lamp was seen, 78 the scenario is wrong, 130 or 143 stopped before its end (the table is
/// printed all the same; a second Ctrl-C leaves it out).
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Which morning: a folder with a scenario.toml, such a file, or a name out of `lightwatch simulate --list`.
    #[arg(long, value_name = "SCENARIO", default_value = "shennan")]
    scenario: PathBuf,
    /// How many times faster than real time.
    #[arg(long, default_value_t = 10.0, value_parser = speed)]
    speed: f64,
    /// Seed of demand and drivers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where it can be looked at by HTTP, on this machine; by default 127.0.0.1:8087, or another port when that one is taken.
    #[arg(long, value_name = "ADDR:PORT")]
    http: Option<SocketAddr>,
    /// End after the table instead of leaving the last state to be looked at.
    #[arg(long)]
    exit: bool,
}

/// Where it can be looked at, unless somebody else is there.
const PORT: u16 = 8087;
const PATIENCE_START: Duration = Duration::from_secs(5);

fn speed(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=1000.0).contains(&number) { Ok(number) } else { Err("allowed are 0.1…1000".to_owned()) }
}

/// Run it.
pub fn run(args: &DemoArgs) -> ExitCode {
    let scenario = match built_in::find(&args.scenario) {
        Ok(scenario) => scenario,
        Err(problems) => {
            eprintln!("lightwatch demo: the scenario is wrong:\n{problems}");
            return ExitCode::from(78);
        }
    };
    if let Err(message) = args.http.map_or(Ok(()), |it| web::is_allowed(it, &Door::default())) {
        eprintln!("lightwatch demo: {message}");
        return ExitCode::from(64);
    }
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            eprintln!("lightwatch demo: signals: {error}");
            return ExitCode::from(69);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("lightwatch demo: {error}");
            return ExitCode::from(69);
        }
    };
    println!("{}\n", scenario.story);
    match runtime.block_on(watch(scenario, args, &interrupt)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lightwatch demo: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Everything from switching on to the table.
async fn watch(scenario: Scenario, args: &DemoArgs, interrupt: &Interrupt) -> Result<ExitCode, CosimError> {
    // Shows the last state until it is dropped.
    // Audit log and history of the time that it runs.
    let folder = WorkFolder::new()?;
    let (prepared, ended, _web) = drive(&scenario, args, folder.path(), interrupt.clone()).await?;
    let early = interrupt.exit_code();
    let seen = ended.monitor.total() + ended.plant.simulation().monitor().total();
    let cut = Scenario { end_s: ended.reached_s, ..prepared.scenario };
    if cut.end_s <= cut.measured_from_s {
        println!("\nStopped before anything was measured.");
        return Ok(early.unwrap_or(ExitCode::SUCCESS));
    }
    println!("\nThe same vehicles again, in virtual time: programmes by hand, Webster's, actuated control ...");
    let measured = (cut.measured_from_s as f64, cut.end_s as f64);
    let own = figures::of(ended.plant.simulation(), measured, seen, 0, Vec::new());
    let (seed, since) = (args.seed, cut.end_s - cut.begin_s);
    let others = tokio::task::spawn_blocking(move || baselines(&cut, seed));
    let others = others.await.map_err(|_| CosimError::Stopped)??;
    super::demo_view::table(&others, &own, since, args.seed);
    if !args.exit && early.is_none() {
        println!("\nThe end. Ctrl-C closes this; `--exit` does not wait.");
        interrupt.noted().await;
    }
    let unsafe_lamps = ExitCode::from(u8::from(own.common.violations > 0));
    Ok(if own.common.violations > 0 { unsafe_lamps } else { early.unwrap_or(unsafe_lamps) })
}

/// The engine, the field controllers and the street, until the end or Ctrl-C.
async fn drive(
    scenario: &Scenario,
    args: &DemoArgs,
    folder: &Path,
    interrupt: Interrupt,
) -> Result<(Prepared, Ended, Web), CosimError> {
    let settings = settings(ControllerName::Adaptive, args.seed);
    let prepared = Prepared::new(scenario.clone(), settings)?;
    let network = Arc::clone(&prepared.network);
    let plant = prepared.plant().map_err(CosimError::Scenario)?;
    let broker = LoopbackBroker::start().await;
    let broker = broker.map_err(|error| missing(0, error.to_string()))?;
    println!(
        "mqtt://127.0.0.1:{}: street, {} field controllers and engine talk there; topics {}",
        broker.port(),
        network.intersections.len(),
        crate::wire::filter(&network.city, None, "#").replace("/+/", "/")
    );
    let client = |name: &str| Broker {
        host: "127.0.0.1".to_owned(),
        port: broker.port(),
        client_id: format!("lightwatch-{name}"),
        keep_alive: Millis::from_secs(5),
    };
    let (pulse, authority) = (Arc::<Pulse>::default(), Authority::alone(controller::Settings::default().epoch));
    let (engine, fields) = start(&network, &prepared, folder, &client, &authority, &pulse);
    let exhibit = Exhibit {
        network: Arc::clone(&network),
        geometry: prepared.geometry.clone(),
        shown: engine.shown(),
        pulse,
        authority,
        engine: "demo".to_owned(),
        own: (0..network.intersections.len()).collect(),
    };
    let web = show(args.http, exhibit).await?;
    let page =
        if web::has_page() { "open it: the city live, and why" } else { "`make dashboard` would put the page there" };
    println!("http://{}: {page}; for programs /api/v1/snapshot, /metrics", web.address());
    let street = LiveStreet::connect(&network, client("street"), plant);
    for mut status in [engine.status(), fields.status(), street.link().status()] {
        if timeout(PATIENCE_START, status.wait_for(|it| *it == Status::Online)).await.is_err() {
            return Err(missing(broker.port(), "no answer".to_owned()));
        }
    }
    let (view, views) = watch::channel(View::default());
    let seconds = scenario.begin_s..scenario.end_s;
    let screen = Screen::new(&network, scenario.begin_s, scenario.end_s - scenario.begin_s);
    let shown = tokio::spawn(screen.show(views));
    let pace = Duration::from_secs_f64(1.0 / args.speed);
    let stop = move || interrupt.exit_code().is_some();
    let ended = tokio::spawn(street.run(seconds, pace, view, stop)).await;
    let ended = ended.map_err(|_| CosimError::Stopped)?;
    // The view has ended with its sender; what it could say in an error has been said.
    let _ = shown.await;
    engine.stop().await;
    fields.stop().await;
    drop(broker);
    Ok((prepared, ended?, web))
}

/// Where the operator wants it, or at a port that is free.
async fn show(wanted: Option<SocketAddr>, exhibit: Exhibit) -> Result<Web, CosimError> {
    let failed = |error: std::io::Error| CosimError::Http(error.to_string());
    // Everybody on this machine may drive a street that is simulated; pages of other origins may not (`web::guard`).
    let door = || Door { access: Access::demo(), ..Door::default() };
    if let Some(address) = wanted {
        return Web::start(address, exhibit, door()).await.map_err(failed);
    }
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    match Web::start(loopback(PORT), exhibit.clone(), door()).await {
        Ok(web) => Ok(web),
        Err(_) => Web::start(loopback(0), exhibit, door()).await.map_err(failed),
    }
}

fn start(
    network: &Arc<Network>,
    prepared: &Prepared,
    folder: &Path,
    client: &dyn Fn(&str) -> Broker,
    authority: &Authority,
    pulse: &Pulse,
) -> (Engine, FieldProcess) {
    let history = History::start(&folder.join("history"), network, Keep::default());
    // What the programmes made by hand would cost the same vehicles, while it goes on; somebody waits for the first figure.
    let settings = shadow::Settings::new(shadow::Policy::Fixed);
    let shadow = Shadowing {
        settings: shadow::Settings { batch: Millis::from_secs(120), warm_up: Millis::from_secs(60), ..settings },
        intersections: vec![true; network.intersections.len()],
    };
    let engine = EngineSettings {
        broker: client("engine"),
        id: "demo".to_owned(),
        trust: Trust { audit: Some(folder.join("audit")), ..Trust::default() },
        clock: Clock::Counts,
        controllers: prepared.engine().into_iter().map(Some).collect(),
        memories: Vec::new(),
        listeners: Listeners { history: Some(Arc::new(history)), shadow: Some(shadow), ..Listeners::default() },
    };
    let fields = FieldProcessSettings {
        broker: client("field"),
        trust: Trust::default(),
        intersections: (0..network.intersections.len()).collect(),
        field: FieldSettings { starts_empty: true, ..FieldSettings::default() },
        seed: 1,
        clock: Clock::Counts,
    };
    (Engine::start_under(network, engine, authority, pulse), FieldProcess::start(network, &fields))
}

fn missing(port: u16, reason: String) -> CosimError {
    CosimError::Broker { host: "127.0.0.1".to_owned(), port, reason }
}

fn settings(controller: ControllerName, seed: u64) -> RunSettings {
    RunSettings { controller, seed, threads: 1, record: None }
}

/// The street's own programmes, Webster's coordinated ones and actuated control on the same trips.
fn baselines(scenario: &Scenario, seed: u64) -> Result<[Figures; 3], CosimError> {
    let run = |controller| -> Result<Figures, CosimError> {
        let prepared = Prepared::new(scenario.clone(), settings(controller, seed))?;
        Ok(prepared.run_in_process(&mut |_| ControlFlow::Continue(()))?.figures)
    };
    Ok([run(ControllerName::Fixed)?, run(ControllerName::Webster)?, run(ControllerName::Actuated)?])
}
