//! `lightwatch run`: the engine of a city, against a real broker, until it is told to stop.
//!
//! A broker that is not there is no reason to stop: the engine says so once and tries again until it is.

use super::{load, log};
use crate::config::{self, Settings};
use crate::controller;
use crate::network::Network;
use crate::service;
use crate::service::dispatch::Clock;
use crate::service::engine::{Engine, EngineSettings};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

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
        let engine = Engine::start(&network, engine_settings(&settings, &network));
        stop_signal().await?;
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

fn engine_settings(settings: &Settings, network: &Network) -> EngineSettings {
    let controller = controller::Settings {
        // A later start is a later author: field controllers that still hold a plan of the last run take the new ones.
        epoch: (service::now().0 / 1_000).unsigned_abs(),
        ..settings.controller.clone()
    };
    let owns = |id: &str| settings.intersections.is_empty() || settings.intersections.iter().any(|it| it == id);
    EngineSettings {
        broker: settings.broker.clone(),
        id: settings.engine_id.clone(),
        clock: Clock::Wall,
        controllers: network.intersections.iter().map(|it| owns(it.id.as_str()).then(|| controller.clone())).collect(),
    }
}
