//! `lightwatch field`: the reference field controller as a process, to try plans against and to compare cabinets with.

use super::run::{stop_signal, until_stopped};
use super::trust::{Sources, TrustArgs};
use super::{load, log};
use crate::config::{Address, Broker, Settings};
use crate::field::FieldSettings;
use crate::network::{Network, Problems};
use crate::service;
use crate::service::dispatch::Clock;
use crate::service::field_process::{FieldProcess, FieldProcessSettings};
use crate::time::Millis;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Be the field controller of one or several intersections: obey plans, show lamps, report
///
/// Lamps and changes of mode go to the log. Ends on SIGINT or SIGTERM with exit code 0. Exit codes: 64 an intersection
/// or a broker that is none, 65 a network that is wrong, 78 a configuration that is wrong.
#[derive(Debug, clap::Args)]
pub struct FieldArgs {
    /// Network file (TOML or JSON)
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    network: Option<PathBuf>,
    /// Configuration of `lightwatch run`, for its network and its broker
    #[arg(long, value_name = "FILE", conflicts_with = "network")]
    config: Option<PathBuf>,
    /// Intersection; may be given several times, all of the network by default
    #[arg(long = "intersection", value_name = "ID")]
    intersections: Vec<String>,
    /// Broker, `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`; that of the configuration by default
    #[arg(long, value_name = "URL", required_unless_present = "config")]
    broker: Option<String>,
    /// Seed of the nonces; the clock by default
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    trust: TrustArgs,
    /// How log lines look
    #[arg(long, value_enum, default_value = "text")]
    log_format: log::LogFormat,
}

/// Run until told to stop.
pub fn run(args: &FieldArgs) -> ExitCode {
    let (network, configured) = match load(args) {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(if args.config.is_some() { 78 } else { 65 });
        }
    };
    let chosen = chosen(args, &network);
    let prepared = broker(args, configured.as_ref()).and_then(|(broker, tls)| {
        let intersections = chosen?;
        let own = intersections.iter().map(|&ix| network.intersections[ix].id.clone()).collect();
        let configured = configured.as_ref().zip(args.config.as_deref());
        Ok((broker, intersections, Sources::new(&args.trust, configured, tls, own)?))
    });
    let (broker, intersections, sources) = match prepared {
        Ok(prepared) => prepared,
        Err(message) => {
            eprintln!("lightwatch field: {message}");
            return ExitCode::from(64);
        }
    };
    let trust = match sources.trust(&network) {
        Ok(trust) => trust,
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(78);
        }
    };
    log::start(args.log_format, None);
    until_stopped(async move {
        let seed = args.seed.unwrap_or_else(|| service::now().0.unsigned_abs());
        let settings = FieldProcessSettings {
            broker,
            trust: trust.clone(),
            intersections,
            field: FieldSettings::default(),
            seed,
            clock: Clock::Wall,
        };
        tracing::info!(city = %network.city, intersections = settings.intersections.len(), "field controllers start");
        let network = Arc::new(network);
        let process = FieldProcess::start(&network, &settings);
        let mut stop = std::pin::pin!(stop_signal());
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                told = &mut stop => break told?,
                _ = hangup.recv() => sources.reload(&trust.keys, &network),
            }
        }
        process.stop().await;
        Ok(())
    })
}

fn load(args: &FieldArgs) -> Result<(Network, Option<Settings>), Problems> {
    match (&args.config, &args.network) {
        (Some(config), _) => load::configuration(config).map(|(settings, network)| (network, Some(settings))),
        (None, Some(path)) => Ok((Network::build(load::network_file(path)?)?, None)),
        (None, None) => unreachable!("the command line asks for one of them"),
    }
}

/// The broker as a client of its own name (two clients of one name throw each other out), and whether it wants TLS.
fn broker(args: &FieldArgs, configured: Option<&Settings>) -> Result<(Broker, bool), String> {
    let client_id = format!("lightwatch-field-{}", std::process::id());
    let keep_alive = configured.map_or(Millis::from_secs(5), |settings| settings.broker.keep_alive);
    let Address { host, port, tls } = match (&args.broker, configured) {
        (Some(url), _) => {
            Address::parse(url).ok_or_else(|| format!("--broker `{url}` (allowed: {})", Address::ALLOWED))?
        }
        (None, Some(Settings { broker, tls, .. })) => {
            Address { host: broker.host.clone(), port: broker.port, tls: tls.is_some() }
        }
        (None, None) => unreachable!("the command line asks for one of them"),
    };
    Ok((Broker { host, port, client_id, keep_alive }, tls))
}

/// Positions of the intersections asked for.
fn chosen(args: &FieldArgs, network: &Network) -> Result<Vec<usize>, String> {
    if args.intersections.is_empty() {
        return Ok((0..network.intersections.len()).collect());
    }
    let place = |name: &String| {
        network.position(name).ok_or_else(|| {
            let known: Vec<&str> = network.intersections.iter().map(|it| it.id.as_str()).collect();
            format!("--intersection `{name}` (allowed: {})", known.join(", "))
        })
    };
    args.intersections.iter().map(place).collect()
}
