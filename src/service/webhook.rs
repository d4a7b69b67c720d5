//! Alarms to a webhook: one HTTP POST of JSON for each word about an alarm, by a task of its own.
//!
//! ```text
//! tell() ──bounded queue──> task ──POST──> http://HOST:PORT/PATH      2xx = taken; anything else is tried again, a few times
//! ```
//!
//! Whoever tells never waits: a queue that is full drops the word and counts it. One word is sent at a time, in order, [`TRIES`] times at
//! most with a growing pause between; then it is given up and counted. What was sent twice can be told by `intersection`, `code`, `phase` and `at_ms`.
//!
//! Plain HTTP, for a receiver on this machine or in the same closed network (Alertmanager, a relay to the pager): no secret belongs into
//! the address. Whoever must cross a public network puts a relay with TLS beside the engine.

use super::alarm_catalogue::entry;
use super::post::post;
use crate::config::Webhook as WebhookSettings;
use crate::plan::{Alarm, Severity};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Words that may wait.
const QUEUE: usize = 256;
/// How often one word is tried.
pub const TRIES: u32 = 5;
/// Longest time of one try.
const TRY_MAX: Duration = Duration::from_secs(5);

/// What became of the words.
#[derive(Debug, Default)]
pub struct Sent {
    /// Taken by the receiver.
    pub taken: AtomicU64,
    /// Tries that failed.
    pub failed: AtomicU64,
    /// Given up, or dropped because too many waited.
    pub lost: AtomicU64,
}

/// The way to the webhook.
pub struct Webhook {
    least: Severity,
    queue: mpsc::Sender<Arc<Alarm>>,
    sent: Arc<Sent>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

impl Webhook {
    /// Begins to send. Must be called inside a tokio runtime.
    pub fn start(settings: WebhookSettings) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let sent = Arc::<Sent>::default();
        let least = settings.least;
        let task = tokio::spawn(send_all(settings, waiting, Arc::clone(&sent)));
        Self { least, queue, sent, task }
    }

    /// What became of the words so far.
    pub fn sent(&self) -> &Sent {
        &self.sent
    }

    /// Tell a word; returns at once.
    pub(super) fn tell(&self, word: &Arc<Alarm>) {
        if word.severity >= self.least && self.queue.try_send(Arc::clone(word)).is_err() {
            self.sent.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn send_all(settings: WebhookSettings, mut waiting: mpsc::Receiver<Arc<Alarm>>, sent: Arc<Sent>) {
    while let Some(word) = waiting.recv().await {
        let body = body(&word).to_string();
        let mut pause = Duration::from_millis(settings.pause.0.unsigned_abs());
        for number in 1..=TRIES {
            let told = timeout(TRY_MAX, post(&settings.to, "application/json", body.as_bytes())).await;
            match told {
                Ok(Ok(200..300)) => {
                    sent.taken.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                other => {
                    sent.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(?other, number, "the webhook did not take an alarm");
                }
            }
            if number == TRIES {
                sent.lost.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(code = word.code, "an alarm is not told to the webhook: it was tried {TRIES} times");
            } else {
                sleep(pause).await;
                pause *= 2;
            }
        }
    }
}

/// What is told.
fn body(word: &Alarm) -> Value {
    let known = entry(&word.code);
    json!({
        "source": "lightwatch",
        "intersection": word.intersection.as_str(),
        "code": word.code,
        "phase": word.phase,
        "severity": word.severity,
        "at_ms": word.at.0,
        "detail": word.detail,
        "title": known.map(|it| it.title),
        "cause": known.map(|it| it.cause),
        "advice": known.map(|it| it.advice),
        "by": word.handling.as_ref().map(|it| &it.by),
        "note": word.handling.as_ref().and_then(|it| it.note.as_ref()),
    })
}
