//! A thread that writes things down, with a bounded queue before it: who tells it something never waits, and learns when it was too much.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// The way to the thread; shared by reference.
pub(super) struct Scribe<J> {
    sender: Mutex<Option<SyncSender<J>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<J> fmt::Debug for Scribe<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scribe").field("thread", &self.thread).finish_non_exhaustive()
    }
}

impl<J: Send + 'static> Scribe<J> {
    /// Begins to work, until nobody can send any more; `name` is that of the thread.
    pub(super) fn start(name: &str, queue: usize, work: impl FnOnce(&Receiver<J>) + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(queue);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&receiver));
        let thread = thread.map_err(|error| tracing::error!(%error, name, "no thread: nothing is written down")).ok();
        Self { sender: Mutex::new(thread.is_some().then_some(sender)), thread: Mutex::new(thread) }
    }

    /// Put it into the queue; whether there was room and somebody to take it.
    pub(super) fn offer(&self, job: J) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| sender.try_send(job).is_ok())
    }

    /// The same, waiting for room.
    pub(super) fn wait(&self, job: J) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sender.is_some_and(|sender| sender.send(job).is_ok())
    }

    /// Let it write what waits, and end. May take as long as the disk.
    pub(super) fn stop(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}
