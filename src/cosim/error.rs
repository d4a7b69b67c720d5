//! What can go wrong between lightwatch and a plant, with the exit code that says so.

use super::traci::TraciError;
use crate::network::Problems;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A co-simulation that could not be started or did not get to its end.
#[derive(Debug, Error)]
pub enum CosimError {
    /// No SUMO was found.
    #[error("SUMO is not here; looked for: {}; give --sumo-binary or `pip install eclipse-sumo`", .looked.join(", "))]
    SumoMissing {
        /// Places that were tried, in order.
        looked: Vec<String>,
    },
    /// The program does not start at all.
    #[error("{}: cannot be started: {source}", .binary.display())]
    Start {
        /// The program.
        binary: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The program speaks a protocol that was never tried.
    #[error("{}: {name} speaks TraCI {api}; known are {least} (SUMO 1.9) to {most} (SUMO 1.28)", .binary.display())]
    Version {
        /// The program.
        binary: PathBuf,
        /// What it calls itself.
        name: String,
        /// Number of its protocol.
        api: i32,
        /// Oldest known protocol.
        least: i32,
        /// Newest known protocol.
        most: i32,
    },
    /// The program ended or hung before it could be talked to, or the connection broke, without a message about its input.
    #[error("{}: {what}{}", .binary.display(), said(.message))]
    Lost {
        /// The program.
        binary: PathBuf,
        /// What happened.
        what: String,
        /// What it said on its error output, may be empty.
        message: String,
    },
    /// The program refused its input.
    #[error("SUMO refuses its input (net {}, routes {}): {message}", .net.display(), .routes.display())]
    Refused {
        /// Network file.
        net: PathBuf,
        /// Route file.
        routes: PathBuf,
        /// SUMO's own message.
        message: String,
    },
    /// The network cannot be imported; names file, element and value.
    #[error("{0}")]
    Import(String),
    /// The broker is not there at the start.
    #[error(
        "broker mqtt://{host}:{port} is not there: {reason}; start one (`mosquitto -p {port}`) or use --bus inproc"
    )]
    Broker {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
        /// The last reason.
        reason: String,
    },
    /// It cannot be shown by HTTP.
    #[error("by HTTP it cannot be shown: {0}")]
    Http(String),
    /// A scenario is wrong; file, key, value and what is allowed of everything that was found.
    #[error("{0}")]
    Scenario(Problems),
    /// Whoever watches the run has ended it.
    #[error("stopped before its end")]
    Stopped,
    /// The protocol was broken.
    #[error(transparent)]
    Traci(#[from] TraciError),
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {message}", .path.display())]
    Data {
        /// Which.
        path: PathBuf,
        /// Element, value and what is allowed.
        message: String,
    },
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!("; it said: {message}") }
}

impl CosimError {
    /// Exit code: 65 when a file is bad or cannot be read or written, 78 when a scenario is wrong, 69 when SUMO or the broker is missing, unknown or lost.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::Data { .. } | Self::File { .. } | Self::Import(_) => 65,
            Self::Scenario(_) => 78,
            Self::Broker { .. }
            | Self::Http(_)
            | Self::SumoMissing { .. }
            | Self::Start { .. }
            | Self::Version { .. }
            | Self::Lost { .. }
            | Self::Stopped
            | Self::Traci(_) => 69,
        }
    }

    /// A file problem with its path.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
