//! Jobs side by side: a few threads take one job after the other, until all are done or somebody says stop.
//!
//! In: jobs, a store. Out: the record of each job, kept or new, and what failed. A job that fails does not stop the others. The
//! simulated seconds of runs under way are told as they pass.

use super::Job;
use super::store::Store;
use crate::cosim::error::CosimError;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What happens while runs are under way.
pub enum Event<'a, J: Job> {
    /// A run that was kept need not be run again.
    Kept(&'a J),
    /// Simulated seconds more of some run.
    Seconds(u64),
    /// A run is done.
    Done(&'a J, &'a J::Record),
    /// A run has failed.
    Failed(&'a J, &'a CosimError),
}

/// What came out.
#[derive(Debug)]
pub struct Outcome<R> {
    /// The record of each run; `None` where it failed or was not finished.
    pub records: Vec<Option<R>>,
    /// Names of failed runs with the reason.
    pub failed: Vec<(String, CosimError)>,
}

/// Whoever watches: is told events, and says whether to go on.
pub trait Watcher<J: Job>: Sync {
    /// Something happened.
    fn told(&self, event: Event<'_, J>);
    /// Whether to go on.
    fn goes_on(&self) -> bool;
}

/// Run what is not kept, `side_by_side` at a time.
pub fn run_all<J: Job>(jobs: &[J], side_by_side: usize, store: &Store, watcher: &dyn Watcher<J>) -> Outcome<J::Record> {
    let next = AtomicUsize::new(0);
    let outcome = Mutex::new(Outcome { records: jobs.iter().map(|_| None).collect(), failed: Vec::new() });
    std::thread::scope(|scope| {
        for _ in 0..side_by_side.max(1) {
            scope.spawn(|| {
                while watcher.goes_on() {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let done = one(job, store, watcher);
                    let mut outcome = outcome.lock().expect("nobody panics while holding it");
                    match done {
                        Ok(record) => outcome.records[at] = Some(record),
                        Err(CosimError::Stopped) => {}
                        // SUMO gets the terminal's signal as well and then looks lost.
                        Err(_) if !watcher.goes_on() => {}
                        Err(error) => {
                            watcher.told(Event::Failed(job, &error));
                            outcome.failed.push((job.name(), error));
                        }
                    }
                }
            });
        }
    });
    outcome.into_inner().expect("nobody panics while holding it")
}

fn one<J: Job>(job: &J, store: &Store, watcher: &dyn Watcher<J>) -> Result<J::Record, CosimError> {
    if let Some(record) = store.kept(job) {
        watcher.told(Event::Kept(job));
        return Ok(record);
    }
    let mut told = 0;
    let record = job.execute(store.program(), &mut |done| {
        if done > told {
            watcher.told(Event::Seconds(done - told));
            told = done;
        }
        if watcher.goes_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    watcher.told(Event::Seconds(job.seconds().saturating_sub(told)));
    store.keep(job, &record)?;
    watcher.told(Event::Done(job, &record));
    Ok(record)
}
