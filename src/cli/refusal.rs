//! Why a long command does nothing, or stops: what it says, and its exit code.

use crate::cosim::error::CosimError;
use crate::network::Problems;
use std::process::ExitCode;

/// Why nothing is run.
pub(super) enum Refusal {
    /// The command line asks for what is not there.
    Usage(String),
    /// Files are wrong.
    Problems(Problems),
    /// The run could not be made, or was stopped.
    Cosim(CosimError),
}

impl From<CosimError> for Refusal {
    fn from(error: CosimError) -> Self {
        Self::Cosim(error)
    }
}

impl From<Problems> for Refusal {
    fn from(problems: Problems) -> Self {
        Self::Problems(problems)
    }
}

impl Refusal {
    /// Say it on standard error, in the name of a command.
    pub(super) fn tell(&self, command: &str) -> ExitCode {
        match self {
            Self::Usage(text) => {
                eprintln!("lightwatch {command}: {text}");
                ExitCode::from(64)
            }
            Self::Problems(problems) => {
                eprintln!("{problems}");
                ExitCode::from(78)
            }
            Self::Cosim(error) => {
                eprintln!("lightwatch {command}: {error}");
                ExitCode::from(error.exit_code())
            }
        }
    }
}
