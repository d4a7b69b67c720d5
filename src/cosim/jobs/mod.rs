//! Runs that are kept: what a run must say of itself so that many of them can be made side by side, kept and resumed.
//!
//! ```text
//! jobs ─> pool ─> store        a record that is kept with the same digest is not made again
//!           └ execute
//! ```
//!
//! Two kinds exist: runs of the benchmark of control ([`super::bench`]) and jobs of an experiment ([`super::experiment`]). Each
//! is deterministic by itself, so it does not matter how many run side by side, in which order or on which machine.

pub mod pool;
pub mod store;

use super::error::CosimError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Told the simulated seconds done; says whether to go on.
pub type Progress<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// One self-contained run.
pub trait Job: Sync {
    /// What comes out.
    type Record: Serialize + DeserializeOwned + Send;

    /// Its name, for people.
    fn name(&self) -> String;

    /// File of its record, below the folder of all.
    fn file(&self) -> PathBuf;

    /// Simulated seconds.
    fn seconds(&self) -> u64;

    /// SHA-256 of all that its record depends on; `program` is the digest of this program.
    fn digest(&self, program: &str) -> String;

    /// Digest of the job that a record is of.
    fn digest_of(record: &Self::Record) -> &str;

    /// Run it to its end.
    fn execute(&self, program: &str, progress: Progress<'_>) -> Result<Self::Record, CosimError>;
}
