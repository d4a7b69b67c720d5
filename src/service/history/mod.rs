//! What has happened, kept on disk: counts, decisions and lamps as Parquet files by hour, alarms, commands and modes in `SQLite`.
//!
//! ```text
//! worker ──tell(moment)──┐                        ┌─> FOLDER/{counts,decisions,states}/YYYY-MM-DDTHH/FIRST-LAST.parquet
//! alarms, commands ──────┴─> bounded queue ─> thread ─> FOLDER/events.db
//! ```
//!
//! In: pictures of intersections, once a second each; words about alarms; commands with their answers. Never in the way of control: who tells
//! never waits. What finds the queue full is counted and stands in the history as a gap ([`EventKind::Gap`]); what the disk does not take is
//! given up, told in [`Health::trouble`], and stands there as a gap as soon as the disk takes anything again.
//!
//! Instants are those of the engine's clock, in a demo those of the simulated street. A file of Parquet is written beside, synced and
//! renamed when it is whole, every [`PART_S`] s of the street or [`ROWS_MAX`] rows: what is in the folder can be read, and a kill loses at
//! most the last part. A database that is damaged is put aside under another name, and a new one is begun.
//! Oldest hours go first when the folder has become too large or too old ([`Keep`]).

pub mod bulk;
pub mod events;
mod keep;
pub mod look;
mod writer;

pub use events::{Event, EventKind};
pub use keep::Keep;

use super::board::Picture;
use super::scribe::Scribe;
use crate::estimate::Observation;
use crate::network::Network;
use crate::plan::{Decision, StateReport};
use crate::time::{Timestamp, civil_of_days};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use writer::Writer;

/// Longest stretch of the street's time in one file \[s\].
pub const PART_S: i64 = 60;
/// Most rows of counts in one file.
pub const ROWS_MAX: usize = 1_000_000;
/// Moments and events that may wait for the disk: four seconds of 5,000 intersections.
const QUEUE: usize = 20_000;

/// What one intersection was at one instant.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Its position in the network.
    pub ix: usize,
    /// The last counts.
    pub counts: Option<Arc<Observation>>,
    /// The last decision.
    pub decision: Option<Arc<Decision>>,
    /// The last word of the field controller.
    pub state: Option<Arc<StateReport>>,
}

enum Job {
    Moment(Moment),
    Event(Event),
    /// Write down everything so far, then drop the sender.
    Flush(SyncSender<()>),
}

/// How the history is, to be looked at.
#[derive(Debug, Default)]
pub struct Health {
    /// Bytes on disk.
    pub bytes: AtomicU64,
    /// Rows written, of all tables.
    pub rows: AtomicU64,
    /// Moments and events that were not kept.
    pub missed: AtomicU64,
    /// Time that the writer was at work \[µs\].
    pub busy_us: AtomicU64,
    /// First instant that is kept \[ms\]; `i64::MAX` before anything is.
    pub from_ms: AtomicI64,
    /// Last instant that is written \[ms\].
    pub to_ms: AtomicI64,
    trouble: Mutex<Option<String>>,
}

impl Health {
    /// What is wrong at present.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_trouble(&self, what: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}

/// The way to the history; shared by reference.
#[derive(Debug)]
pub struct History {
    folder: PathBuf,
    scribe: Scribe<Job>,
    /// Missed since the writer last looked.
    missed: Arc<AtomicU64>,
    health: Arc<Health>,
}

impl History {
    /// Begins to write in a folder. A folder that cannot be written is told, and tried again.
    pub fn start(folder: &Path, network: &Arc<Network>, keep: Keep) -> Self {
        let (missed, health) = (Arc::<AtomicU64>::default(), Arc::<Health>::default());
        health.from_ms.store(i64::MAX, Ordering::Relaxed);
        health.to_ms.store(i64::MIN, Ordering::Relaxed);
        let mut writer = Writer::new(folder, network, keep, Arc::clone(&missed), Arc::clone(&health));
        let scribe = Scribe::start("history", QUEUE, move |jobs| writer.run(jobs));
        Self { folder: folder.to_owned(), scribe, missed, health }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How it is.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Keep what an intersection was.
    pub fn tell(&self, moment: Moment) {
        self.send(Job::Moment(moment));
    }

    /// Keep something that happened.
    pub fn event(&self, event: Event) {
        self.send(Job::Event(event));
    }

    /// Wait until everything so far is written, or given up.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(0);
        // A writer that is gone has nothing to write.
        if self.scribe.wait(Job::Flush(done)) {
            let _ = wait.recv();
        }
    }

    /// Write what waits, and end. May take as long as the disk.
    pub fn stop(&self) {
        self.scribe.stop();
    }

    fn send(&self, job: Job) {
        if !self.scribe.offer(job) {
            self.missed.fetch_add(1, Ordering::Relaxed);
            self.health.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Moment {
    /// Of a picture.
    pub fn of(ix: usize, picture: &Picture) -> Self {
        Self { ix, counts: picture.counts.clone(), decision: picture.decision.clone(), state: picture.state.clone() }
    }
}

/// The hour of an instant as folders are called, `2026-11-23T13`.
pub fn hour_of(at: Timestamp) -> String {
    let hours = at.0.div_euclid(3_600_000);
    let (year, month, day) = civil_of_days(hours.div_euclid(24));
    format!("{year:04}-{month:02}-{day:02}T{:02}", hours.rem_euclid(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_called_as_the_calendar_calls_it() {
        for (secs, name) in [
            (0, "1970-01-01T00"),
            (1_795_446_000, "2026-11-23T15"),
            (951_782_400, "2000-02-29T00"),
            (4_107_542_399, "2100-02-28T23"),
            (4_107_542_400, "2100-03-01T00"),
            (-1, "1969-12-31T23"),
        ] {
            assert_eq!(hour_of(Timestamp::from_secs(secs)), name);
        }
    }
}
