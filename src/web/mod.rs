//! HTTP over what the engine puts down of itself: is it alive, is it ready, what does it decide and why. Read only.
//!
//! ```text
//! board (pictures) ──> frame once a beat ──> /api/v1/snapshot, /events        loopback, GET and HEAD only
//!        └──────────────────────────────────> /api/v1/intersections/{id}, /metrics, /live, /ready
//! ```
//!
//! Control is never touched: nothing here waits for a worker and no worker waits for anything here. All that is looked at lies on
//! the board ([`crate::service::board`]), and the frame of the city is written once for all who read it.
//!
//! Limits: [`CONNECTIONS_MAX`] connections, [`guard`] on every request, [`HEAD_MAX`] bytes and [`HEAD_PATIENCE`] for its head, no
//! body. A reader that takes nothing for [`STALL_MAX`] is hung up on and counted ([`patient`]); what it would have read is not kept,
//! the next frame is the newest. Addresses beyond the loopback are refused: there is no TLS and there are no tokens yet.

mod answers;
mod corridor;
mod events;
pub mod guard;
mod lately;
mod map;
mod metrics;
mod openapi;
mod page;
mod patient;
mod routes;

pub use openapi::document as openapi;
pub use page::is_there as has_page;

use crate::network::{Geometry, Network};
use crate::service::board::Board;
use crate::service::engine::Shown;
use crate::service::pulse::Pulse;
use crate::service::standby::Authority;
use answers::Frame;
use axum::body::Bytes;
use corridor::Corridor;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use lately::Lately;
use patient::Patient;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// Most connections at a time; a further one is closed at once.
pub const CONNECTIONS_MAX: usize = 256;
/// Most bytes of a request's head.
pub const HEAD_MAX: usize = 16 * 1024;
/// Longest time in which a request's head must be there.
pub const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// Longest time in which a reader may take nothing of what is written to it.
pub const STALL_MAX: Duration = Duration::from_secs(10);
/// Time between two frames; thousands of intersections are told once a second.
const BEAT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));
/// Intersections up to which the beat is the short one.
const SMALL: usize = 200;

/// What is shown, and of whom.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// The network.
    pub network: Arc<Network>,
    /// Where its lanes lie.
    pub geometry: Geometry,
    /// The engine.
    pub shown: Shown,
    /// Whether its parts go on.
    pub pulse: Arc<Pulse>,
    /// Whether it leads.
    pub authority: Authority,
    /// Name of the engine.
    pub engine: String,
    /// Positions of the intersections that it controls.
    pub own: Vec<usize>,
}

/// What was read and what was not, since the start.
#[derive(Debug, Default)]
pub struct Readers {
    /// Requests answered, by hundred of the status: 2xx, 4xx, 5xx, others.
    pub answered: [AtomicU64; 4],
    /// Connections that are open.
    pub open: AtomicU64,
    /// Connections that found no room.
    pub turned_away: AtomicU64,
    /// Readers that were hung up on because they read nothing.
    pub stalled: AtomicU64,
    /// Streams of events that are open.
    pub streams: AtomicU64,
    /// Frames that a stream has not been told because it was behind.
    pub skipped: AtomicU64,
}

/// What every request sees.
pub(crate) struct Hall {
    exhibit: Exhibit,
    readers: Arc<Readers>,
    frame: watch::Receiver<(u64, Bytes)>,
    map: Bytes,
    corridors: Vec<Corridor>,
    lately: Arc<Mutex<Lately>>,
}

/// A running server.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    readers: Arc<Readers>,
    tasks: Vec<JoinHandle<()>>,
}

/// Whether an address may be listened on.
///
/// # Errors
/// Why not, in words for the operator.
pub fn is_allowed(address: SocketAddr) -> Result<(), String> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(format!(
        "--http {address}: only this machine may look (allowed: 127.0.0.1:PORT or [::1]:PORT). There are no TLS and no tokens yet: \
         for others put a proxy with both before it, or go through ssh -L"
    ))
}

impl Web {
    /// Listens and answers until it is dropped or stopped.
    ///
    /// # Errors
    /// An address that is taken or not allowed.
    pub async fn start(address: SocketAddr, exhibit: Exhibit) -> io::Result<Self> {
        is_allowed(address).map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        exhibit.shown.board.watch();
        let readers = Arc::new(Readers::default());
        let (frames, frame) = watch::channel((0, Frame::of(&exhibit).to_bytes()));
        let lately = Arc::<Mutex<Lately>>::default();
        let hall = Hall {
            corridors: corridor::corridors(&exhibit.network),
            lately: Arc::clone(&lately),
            map: map::geojson(&exhibit.network, &exhibit.geometry).to_string().into(),
            readers: Arc::clone(&readers),
            exhibit: exhibit.clone(),
            frame,
        };
        let tasks = vec![
            tokio::spawn(keep_drawing(exhibit, frames, lately)),
            tokio::spawn(listen(listener, routes::router(Arc::new(hall)), Arc::clone(&readers))),
        ];
        Ok(Self { address, readers, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was read and what was not.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A frame at every beat, while anything has changed.
async fn keep_drawing(exhibit: Exhibit, frames: watch::Sender<(u64, Bytes)>, lately: Arc<Mutex<Lately>>) {
    let beat = if exhibit.own.len() <= SMALL { BEAT.0 } else { BEAT.1 };
    let mut every = tokio::time::interval(beat);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        every.tick().await;
        let frame = Frame::of(&exhibit);
        hold(&lately).take(&frame, exhibit.board(), &exhibit.own);
        let frame = frame.to_bytes();
        frames.send_if_modified(|(number, last)| {
            let changed = *last != frame;
            if changed {
                (*number, *last) = (*number + 1, frame);
            }
            changed
        });
    }
}

/// What was lately, for a moment; it is replaced as a whole, so a poisoned lock still guards a sound one.
fn hold(lately: &Mutex<Lately>) -> MutexGuard<'_, Lately> {
    lately.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A task for each connection, as many as there is room for.
async fn listen(listener: TcpListener, router: axum::Router, readers: Arc<Readers>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // Dropped with this task, and all connections with it.
    let mut open = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files: the next ones may find some closed.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        while open.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            readers.turned_away.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let patient = Patient::new(stream, STALL_MAX, Arc::clone(&readers));
        let readers = Arc::clone(&readers);
        open.spawn(async move {
            readers.open.fetch_add(1, Ordering::Relaxed);
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_PATIENCE)
                .max_buf_size(HEAD_MAX)
                .serve_connection(TokioIo::new(patient), service);
            // Whoever breaks off has seen what he wanted.
            let _ = connection.await;
            readers.open.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
}

/// The board of an exhibit.
impl Exhibit {
    fn board(&self) -> &Board {
        &self.shown.board
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_may_be_listened_on() {
        for good in ["127.0.0.1:8087", "[::1]:0", "127.8.8.8:1"] {
            assert_eq!(is_allowed(good.parse().unwrap()), Ok(()));
        }
        for bad in ["0.0.0.0:8087", "[::]:8087", "192.0.2.1:80"] {
            assert!(is_allowed(bad.parse().unwrap()).unwrap_err().contains("only this machine"), "{bad}");
        }
    }
}
