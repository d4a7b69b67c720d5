//! `/events`: the city as it changes, as server-sent events; with `?intersection=ID` also everything about one.
//!
//! A stream holds no queue: who is behind is told the newest frame next, and what it missed is counted.

use super::Hall;
use super::answers::Detail;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Most streams at a time; a further one is answered 503.
pub(super) const STREAMS_MAX: u64 = 64;
/// After this much silence a comment is sent, so that both ends notice when the other one is gone.
const SILENCE_MAX: Duration = Duration::from_secs(5);

struct Listener {
    hall: Arc<Hall>,
    frames: watch::Receiver<(u64, Bytes)>,
    told: Option<u64>,
    intersection: Option<usize>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hall.readers.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The stream, while there is room for one more.
pub(super) fn stream_of(hall: Arc<Hall>, intersection: Option<usize>) -> Option<Response> {
    if hall.readers.streams.fetch_add(1, Ordering::Relaxed) >= STREAMS_MAX {
        hall.readers.streams.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    let frames = hall.frame.clone();
    let listener = Listener { hall, frames, told: None, intersection };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Some((headers, Body::from_stream(events)).into_response())
}

impl Listener {
    /// The newest frame, once there is another one than the last; `None` when the server ends.
    async fn next(&mut self) -> Option<Bytes> {
        if self.told.is_some() {
            match timeout(SILENCE_MAX, self.frames.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
            }
        }
        let (number, frame) = self.frames.borrow_and_update().clone();
        let missed = self.told.map_or(0, |told| number.saturating_sub(told + 1));
        self.hall.readers.skipped.fetch_add(missed, Ordering::Relaxed);
        self.told = Some(number);
        let mut text = Vec::with_capacity(frame.len() + 64);
        text.extend_from_slice(format!("id: {number}\nevent: city\ndata: ").as_bytes());
        text.extend_from_slice(&frame);
        text.extend_from_slice(b"\n\n");
        if let Some(ix) = self.intersection {
            let detail = serde_json::to_string(&Detail::of(&self.hall.exhibit, ix));
            let detail = detail.expect("names and finite numbers are always JSON");
            text.extend_from_slice(format!("event: intersection\ndata: {detail}\n\n").as_bytes());
        }
        Some(text.into())
    }
}
