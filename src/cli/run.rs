//! `lightwatch run`: the engine of a city, against a real broker, until it is told to stop.
//!
//! A broker that is not there is no reason to stop: the engine says so once and tries again until it is. What the intersections have
//! learned is kept in a folder, when one is named: read at the start, written now and then and at the end. In the same folder lies the
//! lease of the engine: a second one with the same folder stands by, and follows when the first ends, hangs or is frozen.

use super::export;
use super::http::HttpArgs;
use super::recording::RecordArgs;
use super::traces::{Traces, TracesArgs};
use super::trust::{Sources, TrustArgs};
use super::{load, log};
use crate::config::{self, Settings};
use crate::controller::{self, Memory};
use crate::network::{Geometry, Network};
use crate::record::Header;
use crate::record::header::{Order, Run};
use crate::service;
use crate::service::dispatch::Clock;
use crate::service::engine::{Engine, EngineSettings};
use crate::service::history::{History, Keep};
use crate::service::learned_store::LearnedStore;
use crate::service::lease_files::LeaseFiles;
use crate::service::listeners::Listeners;
use crate::service::lookout::Shadowing;
use crate::service::pulse::Pulse;
use crate::service::recorder::Recorder;
use crate::service::segments::Place;
use crate::service::standby::{Authority, Keeper};
use crate::service::trust::Trust;
use crate::service::watchdog::Watchdog;
use crate::service::webhook::Webhook;
use crate::web::{Door, Exhibit, Web};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, interval_at, timeout};

/// Longest time that writing down what was learned may take.
const KEEP_MAX: Duration = Duration::from_secs(10);

/// Plan the signals of a city: counts in over MQTT, leased plans out
///
/// Ends on SIGINT or SIGTERM with exit code 0. Exit codes: 64 the command line is wrong, 78 the configuration or a network is. Under systemd it
/// says when it is ready and feeds the watchdog while it goes on.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Configuration (TOML)
    #[arg(long, value_name = "FILE", required_unless_present = "print_default_config")]
    config: Option<PathBuf>,
    /// Print a configuration with every key, its default, unit and range, and stop
    #[arg(long)]
    print_default_config: bool,
    /// Keep what the intersections learn in this folder, over restarts, whatever the configuration says of it; of several engines that
    /// share it one leads
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Be a second engine of the same configuration and folder, under a name of one's own: stand by, and lead when the first falls silent
    #[arg(long, value_name = "NAME")]
    standby: Option<String>,
    /// Write commands and changes of mode to an audit log in this folder, whatever the configuration says of it
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
    /// Keep counts, decisions, lamps, alarms and commands in this folder, whatever the configuration says of it
    #[arg(long, value_name = "DIR")]
    history: Option<PathBuf>,
    #[command(flatten)]
    record: RecordArgs,
    /// Most that is kept of the recording, in GB (10⁹ bytes); the oldest segments go
    #[arg(long, value_name = "GB", default_value_t = 50, requires = "record", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    record_max: u64,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    http: HttpArgs,
    #[command(flatten)]
    traces: TracesArgs,
    /// How log lines look
    #[arg(long, value_enum, default_value = "text")]
    log_format: log::LogFormat,
}

/// Run until told to stop.
pub fn run(args: &RunArgs) -> ExitCode {
    let Some(path) = args.config.as_ref().filter(|_| !args.print_default_config) else {
        print!("{}", config::default_toml());
        return ExitCode::SUCCESS;
    };
    let (settings, network) = match load::configuration(path) {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(78);
        }
    };
    let folder = folder(args, path, &settings);
    let door = match args.http.door() {
        Ok(door) => door,
        Err(message) => {
            eprintln!("lightwatch run: {message}");
            return ExitCode::from(64);
        }
    };
    if let Err(message) = second(args.standby.as_deref(), folder.as_deref(), &settings) {
        eprintln!("lightwatch run: {message}");
        return ExitCode::from(64);
    }
    let owns = |id: &str| settings.intersections.is_empty() || settings.intersections.iter().any(|it| it == id);
    let own = network.intersections.iter().map(|it| it.id.clone()).filter(|id| owns(id.as_str())).collect();
    let sources = match Sources::new(&args.trust, Some((&settings, path)), settings.tls.is_some(), own) {
        Ok(sources) => sources,
        Err(message) => {
            eprintln!("lightwatch run: {message}");
            return ExitCode::from(64);
        }
    };
    let trust = match sources.trust(&network) {
        Ok(trust) => Trust { audit: audit(args, path, &settings), ..trust },
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(78);
        }
    };
    let shadow = match load::shadowing(&settings, path, &network) {
        Ok(shadow) => shadow,
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(78);
        }
    };
    let traces = match args.traces.open(args.standby.as_deref().unwrap_or(&settings.engine_id)) {
        Ok(traces) => traces,
        Err(message) => {
            eprintln!("lightwatch run: {message}");
            return ExitCode::from(64);
        }
    };
    log::start(args.log_format, traces.as_ref());
    let history = history(args, path, &settings);
    if let Some((folder, _)) = &history {
        export::put_map(folder, &network, &load::geometry(&settings, path, &network).0);
    }
    let record = record(args, &settings);
    let http = door.map(|(address, door)| (address, door, load::geometry(&settings, path, &network)));
    let ended = until_stopped(serve(
        Arc::new(network),
        settings,
        folder,
        args.standby.clone(),
        sources,
        trust,
        Aside { http, history, record, shadow },
    ));
    if let Some(Err(error)) = traces.map(Traces::close) {
        tracing::warn!(%error, "the last spans are not told");
    }
    ended
}

/// What is beside control.
struct Aside {
    /// Where it can be looked at, by whom, and the map.
    http: Option<(SocketAddr, Door, (Geometry, Vec<String>))>,
    /// Where the history is kept, and how much of it.
    history: Option<(PathBuf, Keep)>,
    /// Where what is heard and said is recorded.
    record: Option<Place>,
    /// Who is compared with the one on duty.
    shadow: Option<Shadowing>,
}

/// The engine with its lease, its watchdog and its memory.
async fn serve(
    network: Arc<Network>,
    settings: Settings,
    folder: Option<PathBuf>,
    standby: Option<String>,
    sources: Sources,
    trust: Trust,
    aside: Aside,
) -> io::Result<()> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        city = %network.city,
        intersections = network.intersections.len(),
        strategy = ?settings.controller.strategy,
        "the engine starts"
    );
    let store = folder.as_deref().map(|folder| LearnedStore::new(folder, &settings.engine_id));
    let memories = store.as_ref().map(|store| memories(store, &network)).unwrap_or_default();
    let every = Duration::from_millis(settings.learned_every.0.unsigned_abs());
    let pulse = Arc::new(Pulse::default());
    // A later start is a later author: field controllers that still hold a plan of the last run take the new ones.
    let epoch = (service::now().0 / 1_000).unsigned_abs();
    let (keeper, authority) = match &folder {
        Some(folder) => {
            let (keeper, authority) = Keeper::start(LeaseFiles::new(folder, &settings.engine_id), pulse.clone())?;
            (Some(keeper), authority)
        }
        None => (None, Authority::alone(epoch)),
    };
    let webhook = settings.webhook.clone().map(|it| Arc::new(Webhook::start(it)));
    let history = aside.history.map(|(folder, keep)| Arc::new(History::start(&folder, &network, keep)));
    let recorder = aside.record.map(|place| {
        let run = recorded(&settings, &network, &memories, epoch);
        Arc::new(Recorder::start(&place, &network, Header::new(&network, run)))
    });
    let listeners = Listeners { webhook, history, recorder, shadow: aside.shadow };
    let engine_settings = engine_settings(settings, &network, memories, epoch, standby, trust.clone(), listeners);
    let (name, own) = (engine_settings.id.clone(), engine_settings.controllers.clone());
    let engine = Engine::start_under(&network, engine_settings, &authority, &pulse);
    let _web = match aside.http {
        Some((address, door, (geometry, problems))) => {
            for reason in problems {
                tracing::warn!(reason, "a map is not taken");
            }
            let own = (0..own.len()).filter(|&ix| own[ix].is_some()).collect();
            let (network, shown, pulse) = (network.clone(), engine.shown(), pulse.clone());
            let authority = authority.clone();
            Some(show(address, Exhibit { network, geometry, shown, pulse, authority, engine: name, own }, door).await?)
        }
        None => None,
    };
    let watchdog = Watchdog::start(pulse)?;
    let reload = || sources.reload(&trust.keys, &network);
    until_told(store.as_ref(), &engine, &authority, &watchdog, every, reload).await?;
    watchdog.stop();
    let rejected = engine.rejects().total();
    engine.stop().await;
    if let Some(keeper) = keeper {
        keeper.stop();
    }
    tracing::info!(rejected, "the engine has stopped");
    Ok(())
}

/// Shows the engine from now on.
async fn show(address: SocketAddr, exhibit: Exhibit, door: Door) -> io::Result<Web> {
    let scheme = if door.tls.is_some() { "https" } else { "http" };
    let failed = |error: io::Error| io::Error::new(error.kind(), format!("--http {address}: {error}"));
    let web = Web::start(address, exhibit, door).await.map_err(failed)?;
    tracing::info!(address = %format_args!("{scheme}://{}", web.address()), "to be looked at");
    Ok(web)
}

/// Keeps what is learned now and then, and says who leads, until a signal comes.
async fn until_told(
    store: Option<&LearnedStore>,
    engine: &Engine,
    authority: &Authority,
    watchdog: &Watchdog,
    every: Duration,
    reload: impl Fn(),
) -> io::Result<()> {
    let mut due = interval_at(Instant::now() + every, every);
    let mut leads = authority.changes();
    leads.mark_changed();
    let mut stop = std::pin::pin!(stop_signal());
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            told = &mut stop => break told?,
            _ = hangup.recv() => reload(),
            _ = due.tick() => keep(store, engine, authority).await,
            Ok(()) = leads.changed() => match *leads.borrow_and_update() {
                Some(epoch) => watchdog.status(&format!("leads, epoch {epoch}")),
                None => watchdog.status("stands by"),
            },
        }
    }
    keep(store, engine, authority).await;
    Ok(())
}

/// Runs a service on a runtime of its own; 69 when the system refuses what it needs.
pub(super) fn until_stopped(service: impl Future<Output = io::Result<()>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(service)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lightwatch: {error}");
            ExitCode::from(69)
        }
    }
}

/// Waits for SIGINT or SIGTERM.
pub(super) async fn stop_signal() -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
    }
    Ok(())
}

/// Where the audit log of this engine is kept: in a folder of the command line, or that of the configuration.
fn audit(args: &RunArgs, config: &Path, settings: &Settings) -> Option<PathBuf> {
    let beside = |folder: &PathBuf| config.parent().unwrap_or(Path::new("")).join(folder);
    let folder = args.audit.clone().or_else(|| settings.audit_folder.as_ref().map(beside))?;
    // Two engines write two logs.
    Some(folder.join(args.standby.as_ref().unwrap_or(&settings.engine_id)))
}

/// Where the history of this engine is kept, and how much of it: a folder of the command line, or that of the configuration.
fn history(args: &RunArgs, config: &Path, settings: &Settings) -> Option<(PathBuf, Keep)> {
    let beside = |folder: &PathBuf| config.parent().unwrap_or(Path::new("")).join(folder);
    let folder = args.history.clone().or_else(|| settings.history_folder.as_ref().map(beside))?;
    // Two engines keep two.
    let folder = folder.join(args.standby.as_ref().unwrap_or(&settings.engine_id));
    Some((folder, Keep { bytes: settings.history_gb * 1_000_000_000, age: settings.history_age }))
}

/// Where this engine records what is heard and said. Two engines keep two.
fn record(args: &RunArgs, settings: &Settings) -> Option<Place> {
    let place = args.record.place()?;
    let folder = place.folder.join(args.standby.as_ref().unwrap_or(&settings.engine_id));
    Some(Place { folder, all: args.record_max * 1_000_000_000, ..place })
}

/// Where what is learned is kept: a folder of the command line, or that of the configuration.
fn folder(args: &RunArgs, config: &Path, settings: &Settings) -> Option<PathBuf> {
    let beside = |folder: &PathBuf| config.parent().unwrap_or(Path::new("")).join(folder);
    args.state.clone().or_else(|| settings.learned_folder.as_ref().map(beside))
}

/// Whether a second engine can be one.
fn second(name: Option<&str>, folder: Option<&Path>, settings: &Settings) -> Result<(), String> {
    let Some(name) = name else { return Ok(()) };
    if !config::is_plain_name(name) || name == settings.engine_id {
        let own = &settings.engine_id;
        return Err(format!("--standby `{name}` (allowed: 1…64 of [a-zA-Z0-9_.-], another name than `{own}`)"));
    }
    if folder.is_none() {
        return Err("--standby needs the folder of the first engine: --state DIR, or [learned] folder".to_owned());
    }
    Ok(())
}

/// What was learned before this start; what does not fit is told.
fn memories(store: &LearnedStore, network: &Network) -> Vec<Memory> {
    let now = service::now();
    let found = store.read(network, |at| now - at);
    for reason in &found.refused {
        tracing::warn!(file = %store.file().display(), reason, "what was learned is not taken");
    }
    if !found.refused.is_empty() {
        match store.put_aside() {
            Ok(aside) => tracing::warn!(file = %aside.display(), "what was refused is kept here"),
            Err(error) => tracing::warn!(%error, "what was refused cannot be put aside"),
        }
    }
    let oldest = found.memories.iter().map(|it| it.absence).max().unwrap_or_default();
    tracing::info!(intersections = found.memories.len(), %oldest, "begin with what was learned before");
    found.memories
}

/// Write down what was learned so far, if this engine leads. A disk that is full or stalls is no reason to stop planning.
async fn keep(store: Option<&LearnedStore>, engine: &Engine, authority: &Authority) {
    let Some(store) = store.filter(|_| authority.epoch().is_some()).cloned() else { return };
    let file = store.file().display().to_string();
    let kept = async move {
        let learned = engine.learned().await;
        if learned.is_empty() {
            return Ok(());
        }
        spawn_blocking(move || store.write(&learned)).await.map_err(io::Error::other).flatten()
    };
    match timeout(KEEP_MAX, kept).await.map_err(io::Error::other).flatten() {
        Ok(()) => tracing::debug!(file, "what was learned is kept"),
        Err(error) => tracing::warn!(file, %error, "what was learned cannot be kept"),
    }
}

/// What a recording says of this engine.
fn recorded(settings: &Settings, network: &Network, memories: &[Memory], epoch: u64) -> Run {
    let controller = controller::Settings { epoch, ..settings.controller.clone() };
    Run {
        scenario: network.city.clone(),
        controller: settings.engine_id.clone(),
        seed: 0,
        period_s: (service::now().0 / 1_000, None),
        order: Order::AsHeard,
        settings: vec![controller; network.intersections.len()],
        memories: memories.to_vec(),
        neighbours: true,
    }
}

fn engine_settings(
    settings: Settings,
    network: &Network,
    memories: Vec<Memory>,
    epoch: u64,
    standby: Option<String>,
    trust: Trust,
    listeners: Listeners,
) -> EngineSettings {
    let mut broker = settings.broker;
    let id = match standby {
        Some(name) => {
            // Two clients of one name throw each other out.
            broker.client_id = format!("{}-{name}", broker.client_id);
            name
        }
        None => settings.engine_id,
    };
    let controller = controller::Settings { epoch, ..settings.controller };
    let owns = |id: &str| settings.intersections.is_empty() || settings.intersections.iter().any(|it| it == id);
    let controllers = network.intersections.iter().map(|it| owns(it.id.as_str()).then(|| controller.clone())).collect();
    EngineSettings { broker, trust, id, clock: Clock::Wall, memories, controllers, listeners }
}
