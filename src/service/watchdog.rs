//! The service manager's watchdog (`sd_notify(3)`): READY when the engine has begun, a sign while it really goes on, STOPPING at the end.
//!
//! In: the [`Pulse`] of the engine. Out: messages to the socket that `NOTIFY_SOCKET` names; where there is none, nothing. With
//! `WatchdogSec=` the manager restarts whoever says nothing for that long. The thread that says it is one of its own and says it only
//! while no part of the engine has stopped: an engine whose tasks wait for each other is restarted, not kept alive by a thread that
//! knows nothing of them. Signs come four times in the interval, so that a late one is no death.

use super::pulse::Pulse;
use crate::time::Millis;
use sd_notify::NotifyState;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Signs in one interval of the watchdog.
const SIGNS: u32 = 4;

/// The thread that feeds the watchdog.
#[derive(Debug)]
pub struct Watchdog {
    feeding: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Watchdog {
    /// Says that the engine is ready, and feeds the watchdog from now on, when there is one.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(pulse: Arc<Pulse>) -> io::Result<Self> {
        say(&[NotifyState::Ready]);
        let Some(interval) = sd_notify::watchdog_enabled() else { return Ok(Self { feeding: None }) };
        let (stop, stopped) = mpsc::channel();
        let feed = move || feed(&pulse, interval / SIGNS, &stopped);
        let thread = thread::Builder::new().name("watchdog".to_owned()).spawn(feed)?;
        tracing::info!(interval_ms = Millis::from_secs_f64(interval.as_secs_f64()).0, "the watchdog is fed");
        Ok(Self { feeding: Some((stop, thread)) })
    }

    /// Says in one line what the engine does, for `systemctl status`.
    pub fn status(&self, line: &str) {
        say(&[NotifyState::Status(line)]);
    }

    /// Says that the engine ends on purpose.
    pub fn stop(self) {
        say(&[NotifyState::Stopping]);
        if let Some((stop, thread)) = self.feeding {
            // A thread that is gone feeds nobody.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

fn feed(pulse: &Pulse, every: Duration, stopped: &mpsc::Receiver<()>) {
    let mut told = None;
    loop {
        let late = pulse.stopped();
        if late.is_none() {
            say(&[NotifyState::Watchdog]);
        } else if late != told {
            tracing::error!(part = late.as_deref(), "a part of the engine has stopped; the watchdog is not fed");
        }
        told = late;
        if stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Nobody listens, or the manager is gone: neither is a reason to stop.
fn say(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}
