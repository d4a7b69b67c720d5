//! Runs side by side: a few threads take one run after the other, until all are done or somebody says stop.
//!
//! In: runs, a store. Out: the record of each run, kept or new, and what failed. A run that fails does not stop the others. The
//! simulated seconds of runs under way are told as they pass.

use super::execute::execute;
use super::run::{Record, Run};
use super::store::Store;
use crate::cosim::error::CosimError;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What happens while runs are under way.
#[derive(Debug)]
pub enum Event<'a> {
    /// A run that was kept need not be run again.
    Kept(&'a Run),
    /// Simulated seconds more of some run.
    Seconds(u64),
    /// A run is done.
    Done(&'a Run, &'a Record),
    /// A run has failed.
    Failed(&'a Run, &'a CosimError),
}

/// What came out.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The record of each run; `None` where it failed or was not finished.
    pub records: Vec<Option<Record>>,
    /// Names of failed runs with the reason.
    pub failed: Vec<(String, CosimError)>,
}

/// Whoever watches: is told events, and says whether to go on.
pub trait Watcher: Sync {
    /// Something happened.
    fn told(&self, event: Event<'_>);
    /// Whether to go on.
    fn goes_on(&self) -> bool;
}

/// Run what is not kept, `jobs` at a time.
pub fn run_all(runs: &[Run], jobs: usize, store: &Store, watcher: &dyn Watcher) -> Outcome {
    let next = AtomicUsize::new(0);
    let outcome = Mutex::new(Outcome { records: vec![None; runs.len()], failed: Vec::new() });
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while watcher.goes_on() {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = runs.get(at) else { break };
                    let done = one(run, store, watcher);
                    let mut outcome = outcome.lock().expect("nobody panics while holding it");
                    match done {
                        Ok(record) => outcome.records[at] = Some(record),
                        Err(CosimError::Stopped) => {}
                        // SUMO gets the terminal's signal as well and then looks lost.
                        Err(_) if !watcher.goes_on() => {}
                        Err(error) => {
                            watcher.told(Event::Failed(run, &error));
                            outcome.failed.push((run.name(), error));
                        }
                    }
                }
            });
        }
    });
    outcome.into_inner().expect("nobody panics while holding it")
}

fn one(run: &Run, store: &Store, watcher: &dyn Watcher) -> Result<Record, CosimError> {
    if let Some(record) = store.kept(run) {
        watcher.told(Event::Kept(run));
        return Ok(record);
    }
    let mut told = 0;
    let record = execute(run, store.program(), |done| {
        if done > told {
            watcher.told(Event::Seconds(done - told));
            told = done;
        }
        if watcher.goes_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    watcher.told(Event::Seconds(run.seconds().saturating_sub(told)));
    store.keep(run, &record)?;
    watcher.told(Event::Done(run, &record));
    Ok(record)
}
