//! Who writes the audit log: one thread, because a sync may take as long as the disk wants.
//!
//! A command is acted on by this thread, once it is on the disk ([`Audit::before`]), or refused when it cannot be written. Changes of mode are noted
//! ([`Audit::mode`]): nobody waits for them, so that a disk that hangs or is full stops no plan. What finds the queue full, or no disk,
//! is counted, and the count is the first thing written when there is a disk again. A mode that flaps is noted once a second.

use super::SPANS;
use super::audit_log::AuditLog;
use super::clock;
use crate::record::audit::AuditEvent;
use crate::time::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tracing::trace_span;

/// Events that may wait for the disk.
const QUEUE: usize = 256;
/// A mode is noted at most once in this time.
const FLAPPING: Millis = Millis::from_secs(1);

/// What is done once an event is written, or with the reason why it is not.
type Then = Box<dyn FnOnce(Result<(), String>) + Send>;

/// The mode of an intersection that was noted last, and when; the second name is whose mode it is.
type Modes = BTreeMap<(String, &'static str), (String, Timestamp)>;

struct Job {
    event: AuditEvent,
    then: Option<Then>,
}

/// The way to the audit log; shared by reference.
#[derive(Debug)]
pub struct Audit {
    sender: Mutex<Option<SyncSender<Job>>>,
    missed: Arc<AtomicU64>,
    modes: Mutex<Modes>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// Begins to write in a folder. A folder that cannot be written is told, and tried again at each event.
    pub fn start(folder: &Path) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let missed = Arc::new(AtomicU64::new(0));
        let mut writer = Writer { folder: folder.to_owned(), log: None, missed: Arc::clone(&missed), told: false };
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run(&receiver));
        let thread =
            thread.map_err(|error| tracing::error!(%error, "no thread for the audit log: commands are refused")).ok();
        let sender = thread.is_some().then_some(sender);
        Self { sender: Mutex::new(sender), missed, modes: Mutex::default(), thread: Mutex::new(thread) }
    }

    /// Write an event, then act. `then` hears why not when it cannot be written; it is called by another thread, or by this one when
    /// too much waits already.
    pub fn before(&self, event: AuditEvent, then: impl FnOnce(Result<(), String>) + Send + 'static) {
        if let Err(Some(then)) = self.send(Job { event, then: Some(Box::new(then)) }) {
            then(Err("too much waits for the audit log".to_owned()));
        }
    }

    /// Write an event some time; nobody waits for it.
    pub fn note(&self, event: AuditEvent) {
        if self.send(Job { event, then: None }).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Note which mode rules at an intersection, when it is another one than before; `of` is whose mode it is.
    pub fn mode(&self, intersection: &str, of: &'static str, mode: &str, at: Timestamp) {
        let mut modes = self.modes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = modes.get(&(intersection.to_owned(), of));
        let (is_same, since) = known.map_or((false, None), |(known, since)| (known == mode, Some(*since)));
        if is_same || since.is_some_and(|since| (Millis::ZERO..FLAPPING).contains(&(at - since))) {
            return;
        }
        let from = known.map(|(known, _)| known.clone());
        modes.insert((intersection.to_owned(), of), (mode.to_owned(), at));
        drop(modes);
        let (intersection, of, to) = (intersection.to_owned(), of.to_owned(), mode.to_owned());
        self.note(AuditEvent::Mode { intersection, of, from, to });
    }

    /// Write what waits, and end. May take as long as the disk.
    pub fn stop(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }

    /// Hand a job over; what was to be done then comes back when there is no room.
    fn send(&self, job: Job) -> Result<(), Option<Then>> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        match &*sender {
            Some(sender) => {
                sender.try_send(job).map_err(|(TrySendError::Full(job) | TrySendError::Disconnected(job))| job.then)
            }
            None => Err(job.then),
        }
    }
}

struct Writer {
    folder: PathBuf,
    log: Option<AuditLog>,
    missed: Arc<AtomicU64>,
    /// Whether it was told that the disk does not take it.
    told: bool,
}

impl Writer {
    fn run(&mut self, jobs: &Receiver<Job>) {
        // At once, so that an operator reads of a folder that cannot be written at the start and not at the first command.
        if let Err(error) = self.log(clock::now()).map(drop) {
            self.tell(&error);
        }
        while let Ok(Job { event, then }) = jobs.recv() {
            let written = self.write(event);
            if let Err(error) = &written {
                self.tell(error);
                if then.is_none() {
                    self.missed.fetch_add(1, Ordering::Relaxed);
                }
            } else {
                self.told = false;
            }
            if let Some(then) = then {
                then(written.map_err(|error| error.to_string()));
            }
        }
    }

    fn log(&mut self, at: Timestamp) -> io::Result<&mut AuditLog> {
        if self.log.is_none() {
            self.log = Some(AuditLog::open(&self.folder, at)?);
        }
        Ok(self.log.as_mut().expect("it was opened above"))
    }

    fn write(&mut self, event: AuditEvent) -> io::Result<()> {
        let _span = trace_span!(target: SPANS, "audit").entered();
        let (at, missed) = (clock::now(), self.missed.swap(0, Ordering::Relaxed));
        let log = self.log(at);
        let written = log.and_then(|log| {
            if missed > 0 {
                log.append(AuditEvent::Missed { count: missed }, at)?;
            }
            log.append(event, at)
        });
        match written {
            Ok(head) => {
                // The log of the service is carried elsewhere: with it a past that was written anew can be told.
                tracing::info!(seq = head.seq, hash = head.hash, "audit");
                Ok(())
            }
            Err(error) => {
                self.missed.fetch_add(missed, Ordering::Relaxed);
                // What is half written is mended when it is opened again.
                self.log = None;
                Err(error)
            }
        }
    }

    fn tell(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::error!(folder = %self.folder.display(), %error, "the audit log cannot be written: commands are refused");
        }
    }
}
