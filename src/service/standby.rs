//! Leading and standing by: a thread that looks at the place of leases, and the word whether plans may be published now.
//!
//! ```text
//! lease files <──look, claim, renew── keeper thread ──> Authority ──epoch()──> every plan, at the moment it is handed over
//!                   pulse of the engine ──^                 └──changes()──> workers decide at once, presence is told
//! ```
//!
//! The thread is one of its own: a disk that stalls must not stall control, and a control that stalls must not keep a lease. While the
//! [`Pulse`] says that some task of the engine has stopped, nothing is looked at, claimed or renewed: the engine falls silent, may not
//! publish after [`crate::leadership::Timing::trust`], and is followed.
//!
//! An engine without a place of leases is alone and always leads.

use super::clock;
use super::lease_files::LeaseFiles;
use super::pulse::Pulse;
use crate::leadership::{Leadership, Step, Timing};
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::watch;

/// Who may publish plans, and under which epoch; shared by all who ask.
#[derive(Debug, Clone)]
pub struct Authority(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    kind: Kind,
    told: watch::Sender<Option<u64>>,
}

#[derive(Debug)]
enum Kind {
    Alone(u64),
    Group(Mutex<Leadership>),
}

impl Authority {
    /// That of an engine that shares its intersections with nobody.
    pub fn alone(epoch: u64) -> Self {
        Self(Arc::new(Shared { kind: Kind::Alone(epoch), told: watch::Sender::new(Some(epoch)) }))
    }

    /// The epoch under which plans may be published at this moment; `None` while another engine leads.
    pub fn epoch(&self) -> Option<u64> {
        match &self.0.kind {
            Kind::Alone(epoch) => Some(*epoch),
            Kind::Group(leadership) => lock(leadership).epoch(clock::steady()),
        }
    }

    /// The same, to wait on; what is seen there may be over already.
    pub fn changes(&self) -> watch::Receiver<Option<u64>> {
        self.0.told.subscribe()
    }

    fn tell(&self) {
        let epoch = self.epoch();
        let changed = self.0.told.send_if_modified(|told| std::mem::replace(told, epoch) != epoch);
        match epoch {
            Some(epoch) if changed => tracing::info!(epoch, "this engine leads"),
            None if changed => tracing::warn!("this engine stands by"),
            _ => {}
        }
    }
}

/// The thread that looks.
#[derive(Debug)]
pub struct Keeper {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Begins to look; leads as soon as nobody else does.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(files: LeaseFiles, pulse: Arc<Pulse>) -> io::Result<(Self, Authority)> {
        let kind = Kind::Group(Mutex::new(Leadership::new(Timing::default())));
        let authority = Authority(Arc::new(Shared { kind, told: watch::Sender::new(None) }));
        let (stop, stopped) = mpsc::channel();
        let mut looking = Looking { files, pulse, authority: authority.clone(), trouble: None };
        let every = Duration::from_millis(Timing::EVERY.0.unsigned_abs());
        let run = move || {
            loop {
                looking.look();
                if stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
                    return looking.give_up();
                }
            }
        };
        let thread = thread::Builder::new().name("leases".to_owned()).spawn(run)?;
        Ok((Self { stop, thread }, authority))
    }

    /// Gives the lease up, so that another engine follows at once.
    pub fn stop(self) {
        // A thread that is gone has given up its lease already.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// What the thread owns.
struct Looking {
    files: LeaseFiles,
    pulse: Arc<Pulse>,
    authority: Authority,
    /// The last error, so that it is told once.
    trouble: Option<String>,
}

impl Looking {
    fn look(&mut self) {
        let outcome = match self.pulse.stopped() {
            Some(part) => Err(io::Error::other(format!("{part} does not go on"))),
            None => self.step(),
        };
        self.authority.tell();
        let trouble = outcome.err().map(|error| error.to_string());
        if trouble != self.trouble {
            tracing::error!(trouble = trouble.as_deref().unwrap_or("none any more"), "the lease");
        }
        self.trouble = trouble;
    }

    /// Look, and do what is to be done; again at once after a claim, which counts only when it was seen.
    fn step(&mut self) -> io::Result<()> {
        let floor = (clock::now().0 / 1_000).unsigned_abs();
        for _ in 0..2 {
            let at = clock::steady();
            let sight = self.files.look()?;
            let step = self.leadership().look(sight, floor, at);
            match step {
                Step::Wait => return Ok(()),
                Step::Renew => {
                    self.files.renew()?;
                    self.leadership().renewed();
                    return Ok(());
                }
                Step::Claim(epoch) => {
                    if self.files.claim(epoch)? {
                        self.leadership().claimed(epoch);
                    }
                }
            }
        }
        Ok(())
    }

    fn give_up(&mut self) {
        self.leadership().released();
        self.files.release();
        self.authority.tell();
    }

    fn leadership(&self) -> MutexGuard<'_, Leadership> {
        match &self.authority.0.kind {
            Kind::Group(leadership) => lock(leadership),
            Kind::Alone(_) => unreachable!("a keeper makes the authority of a group"),
        }
    }
}

fn lock(leadership: &Mutex<Leadership>) -> MutexGuard<'_, Leadership> {
    // Nothing in there can panic half way, so a poisoned lock still guards a sound value.
    leadership.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tokio::time::timeout;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn keeper(folder: &Path, pulse: &Arc<Pulse>) -> (Keeper, Authority) {
        Keeper::start(LeaseFiles::new(folder, "engine-1"), pulse.clone()).unwrap()
    }

    async fn leads(authority: &Authority) -> u64 {
        let mut changes = authority.changes();
        let told = timeout(PATIENCE, changes.wait_for(Option::is_some)).await;
        told.expect("it leads in time").expect("the authority lives").expect("it was waited for")
    }

    #[tokio::test]
    async fn one_leads_the_other_follows_when_it_stops_with_a_higher_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let pulse = Arc::new(Pulse::default());
        let (first, authority) = keeper(folder.path(), &pulse);
        let epoch = leads(&authority).await;
        let (second, other) = keeper(folder.path(), &pulse);
        assert_eq!((authority.epoch(), other.epoch()), (Some(epoch), None));
        first.stop();
        assert_eq!(authority.epoch(), None);
        assert!(leads(&other).await > epoch);
        second.stop();
    }

    #[tokio::test]
    async fn an_engine_whose_tasks_stop_is_followed_though_its_process_lives() {
        let folder = tempfile::tempdir().unwrap();
        let (dying, healthy) = (Arc::new(Pulse::default()), Arc::new(Pulse::default()));
        let part = dying.part("a worker", crate::time::Millis(50));
        let (first, authority) = keeper(folder.path(), &dying);
        let epoch = leads(&authority).await;
        let (second, other) = keeper(folder.path(), &healthy);
        assert!(leads(&other).await > epoch);
        assert_eq!(authority.epoch(), None);
        part.beat();
        first.stop();
        second.stop();
    }

    #[test]
    fn who_is_alone_leads() {
        assert_eq!(Authority::alone(7).epoch(), Some(7));
    }
}
