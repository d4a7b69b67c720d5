//! Why a recording cannot be read.

use crate::network::Problems;
use thiserror::Error;

/// What is wrong with a recording; each names the file, and the line where there is one.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The first line is no header.
    #[error("{file}: not a recording of lightwatch: {why}")]
    NotARecording {
        /// Which.
        file: String,
        /// What its first line is.
        why: String,
    },
    /// A program with another form of the log wrote it.
    #[error("{file}: recorded in format {found}, this program reads formats {} to {known}; {}", super::Header::OLDEST, .remedy)]
    Format {
        /// Which.
        file: String,
        /// Format of the file.
        found: u64,
        /// Format of this program.
        known: u32,
        /// What to do.
        remedy: &'static str,
    },
    /// The network in the header is not sound, or is not the one that was recorded.
    #[error("{file}: the network in the header: {problems}")]
    Network {
        /// Which.
        file: String,
        /// What is wrong with it.
        problems: Problems,
    },
}

/// A piece of a recording that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Damage {
    /// In which file.
    pub file: String,
    /// In which line, from 1; `None` where it is the whole file.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
