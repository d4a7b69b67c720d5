//! `lightwatch run`: the engine of a city, against a real broker, until it is told to stop.
//!
//! A broker that is not there is no reason to stop: the engine says so once and tries again until it is. What the intersections have
//! learned is kept in a folder, when one is named: read at the start, written now and then and at the end.

use super::trust::{Sources, TrustArgs};
use super::{load, log};
use crate::config::{self, Settings};
use crate::controller::{self, Memory};
use crate::network::Network;
use crate::service;
use crate::service::dispatch::Clock;
use crate::service::engine::{Engine, EngineSettings};
use crate::service::learned_store::LearnedStore;
use crate::service::trust::Trust;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, interval_at};

/// Plan the signals of a city: counts in over MQTT, leased plans out
///
/// Ends on SIGINT or SIGTERM with exit code 0. Exit code 78: the configuration or a network is wrong.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Configuration (TOML)
    #[arg(long, value_name = "FILE", required_unless_present = "print_default_config")]
    config: Option<PathBuf>,
    /// Print a configuration with every key, its default, unit and range, and stop
    #[arg(long)]
    print_default_config: bool,
    /// Keep what the intersections learn in this folder, over restarts, whatever the configuration says of it
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Write commands and changes of mode to an audit log in this folder, whatever the configuration says of it
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
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
    let store = store(args, path, &settings);
    log::start(args.log_format);
    until_stopped(async move {
        let network = Arc::new(network);
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            city = %network.city,
            intersections = network.intersections.len(),
            strategy = ?settings.controller.strategy,
            "the engine starts"
        );
        let memories = store.as_ref().map(|store| memories(store, &network)).unwrap_or_default();
        let engine = Engine::start(&network, engine_settings(&settings, &network, memories, trust.clone()));
        let every = Duration::from_millis(settings.learned_every.0.unsigned_abs());
        let mut due = interval_at(Instant::now() + every, every);
        let mut stop = std::pin::pin!(stop_signal());
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                told = &mut stop => break told?,
                _ = hangup.recv() => sources.reload(&trust.keys, &network),
                _ = due.tick() => keep(store.as_ref(), &engine).await,
            }
        }
        keep(store.as_ref(), &engine).await;
        let rejected = engine.rejects().total();
        engine.stop().await;
        tracing::info!(rejected, "the engine has stopped");
        Ok(())
    })
}

/// Runs a service on a runtime of its own; 69 when the system refuses what it needs.
pub(super) fn until_stopped(service: impl Future<Output = std::io::Result<()>>) -> ExitCode {
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
pub(super) async fn stop_signal() -> std::io::Result<()> {
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
    Some(folder.join(&settings.engine_id))
}

/// Where what is learned is kept: a folder of the command line, or that of the configuration.
fn store(args: &RunArgs, config: &Path, settings: &Settings) -> Option<LearnedStore> {
    let beside = |folder: &PathBuf| config.parent().unwrap_or(Path::new("")).join(folder);
    let folder = args.state.clone().or_else(|| settings.learned_folder.as_ref().map(beside))?;
    Some(LearnedStore::new(&folder, &settings.engine_id))
}

/// What was learned before this start; what does not fit is told.
fn memories(store: &LearnedStore, network: &Network) -> Vec<Memory> {
    let now = service::now();
    let found = store.read(network, |at| now - at);
    for reason in &found.refused {
        tracing::warn!(file = %store.file().display(), reason, "what was learned is not taken");
    }
    let oldest = found.memories.iter().map(|it| it.absence).max().unwrap_or_default();
    tracing::info!(intersections = found.memories.len(), %oldest, "begin with what was learned before");
    found.memories
}

/// Write down what was learned so far. A disk that is full is no reason to stop planning.
async fn keep(store: Option<&LearnedStore>, engine: &Engine) {
    let Some(store) = store.cloned() else { return };
    let learned = engine.learned().await;
    if learned.is_empty() {
        return;
    }
    let file = store.file().display().to_string();
    let written = tokio::task::spawn_blocking(move || store.write(&learned)).await;
    match written.map_err(std::io::Error::other).flatten() {
        Ok(()) => tracing::debug!(file, "what was learned is kept"),
        Err(error) => tracing::warn!(file, %error, "what was learned cannot be kept"),
    }
}

fn engine_settings(settings: &Settings, network: &Network, memories: Vec<Memory>, trust: Trust) -> EngineSettings {
    let controller = controller::Settings {
        // A later start is a later author: field controllers that still hold a plan of the last run take the new ones.
        epoch: (service::now().0 / 1_000).unsigned_abs(),
        ..settings.controller.clone()
    };
    let owns = |id: &str| settings.intersections.is_empty() || settings.intersections.iter().any(|it| it == id);
    EngineSettings {
        broker: settings.broker.clone(),
        trust,
        id: settings.engine_id.clone(),
        clock: Clock::Wall,
        memories,
        controllers: network.intersections.iter().map(|it| owns(it.id.as_str()).then(|| controller.clone())).collect(),
    }
}
