//! HTTP over what the engine puts down of itself: is it alive, is it ready, what does it decide and why; and the hand on the wheel.
//!
//! ```text
//! board (pictures) ──> frame once a beat ──> /api/v1/snapshot, /events
//!        └──────────────────────────────────> /api/v1/intersections/{id}, /metrics, /live, /ready
//! POST .../command, .../alarms/{code}/{act} ──> service::operations ──> audit log ──> worker
//! ```
//!
//! Control is never touched by who looks: nothing of that waits for a worker and no worker waits for anything here. All that is looked
//! at lies on the board ([`crate::service::board`]), and the frame of the city is written once for all who read it. Nothing is changed by
//! GET; who may change what is the business of [`access`].
//!
//! Limits: [`CONNECTIONS_MAX`] connections, [`guard`] on every request, [`HEAD_MAX`] bytes and [`PATIENCE`] for its head,
//! [`BODY_MAX`] and the same time for a body. A reader that takes nothing for [`STALL_MAX`] is hung up on and counted
//! ([`patient`]); what it would have read is not kept, the next frame is the newest. Addresses beyond the loopback are refused.

pub mod access;
mod alarms;
mod answers;
mod compared;
mod corridor;
mod deeds;
mod events;
pub mod guard;
mod history;
mod lately;
mod map;
mod metrics;
mod openapi;
mod page;
mod patient;
mod routes;

pub use map::geojson;
pub use openapi::document as openapi;
pub use page::is_there as has_page;

use crate::network::{Geometry, Network};
use crate::service::board::Board;
use crate::service::engine::Shown;
use crate::service::pulse::Pulse;
use crate::service::standby::Authority;
use crate::service::tls::ServerTls;
use access::Access;
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Most connections at a time; a further one is closed at once.
pub const CONNECTIONS_MAX: usize = 256;
/// Most bytes of a request's head.
pub const HEAD_MAX: usize = 16 * 1024;
/// Most bytes of a request's body.
pub const BODY_MAX: usize = 16 * 1024;
/// Longest time in which a request's head must be there, and its body after that.
pub const PATIENCE: Duration = Duration::from_secs(5);
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
    /// Requests refused for want of a token or a role, or for another origin.
    pub denied: AtomicU64,
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

/// Who is let in, and by which name.
#[derive(Debug, Default)]
pub struct Door {
    /// Tokens and sessions; by default everybody on this machine looks and nobody commands.
    pub access: Access,
    /// TLS; addresses beyond the loopback want it.
    pub tls: Option<ServerTls>,
    /// A name that a `Host` may have besides those of the loopback.
    pub host: Option<String>,
}

/// What every request sees.
pub(crate) struct Hall {
    exhibit: Exhibit,
    door: Door,
    port: u16,
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

/// Whether an address may be listened on behind such a door.
///
/// # Errors
/// Why not, in words for the operator.
pub fn is_allowed(address: SocketAddr, door: &Door) -> Result<(), String> {
    if address.ip().is_loopback() || (door.tls.is_some() && door.host.is_some() && door.access.has_tokens()) {
        return Ok(());
    }
    Err(format!(
        "--http {address}: only this machine may look (allowed: 127.0.0.1:PORT or [::1]:PORT); for others TLS, tokens and a name are \
         wanted: --http-certificate, --http-private-key, --http-tokens, --http-name. Or go through ssh -L"
    ))
}

impl Web {
    /// Listens and answers until it is dropped or stopped.
    ///
    /// # Errors
    /// An address that is taken or not allowed.
    pub async fn start(address: SocketAddr, exhibit: Exhibit, door: Door) -> io::Result<Self> {
        is_allowed(address, &door).map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        exhibit.shown.board.watch();
        let readers = Arc::new(Readers::default());
        let (frames, frame) = watch::channel((0, Frame::of(&exhibit).to_bytes()));
        let lately = Arc::<Mutex<Lately>>::default();
        let tls = door.tls.clone();
        let hall = Hall {
            corridors: corridor::corridors(&exhibit.network),
            lately: Arc::clone(&lately),
            map: map::geojson(&exhibit.network, &exhibit.geometry).to_string().into(),
            readers: Arc::clone(&readers),
            exhibit: exhibit.clone(),
            door,
            port: address.port(),
            frame,
        };
        let tasks = vec![
            tokio::spawn(keep_drawing(exhibit, frames, lately)),
            tokio::spawn(listen(listener, tls, routes::router(Arc::new(hall)), Arc::clone(&readers))),
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
async fn listen(listener: TcpListener, tls: Option<ServerTls>, router: axum::Router, readers: Arc<Readers>) {
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
        let (readers, tls) = (Arc::clone(&readers), tls.clone());
        open.spawn(async move {
            readers.open.fetch_add(1, Ordering::Relaxed);
            match tls {
                None => converse(patient, service).await,
                // Who does not shake hands in time, or not in TLS 1.3, is hung up on.
                Some(tls) => {
                    if let Ok(Ok(stream)) = timeout(PATIENCE, tls.accept(patient)).await {
                        converse(stream, service).await;
                    }
                }
            }
            readers.open.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
}

/// One connection until its end.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: S, service: TowerToHyperService<axum::Router>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever breaks off has seen what he wanted.
    let _ = connection.await;
}

impl Hall {
    /// Whether what is said here cannot be read on the way.
    fn is_secure(&self) -> bool {
        self.door.tls.is_some()
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
    fn beyond_the_loopback_nobody_listens_without_tokens_tls_and_a_name() {
        for good in ["127.0.0.1:8087", "[::1]:0", "127.8.8.8:1"] {
            assert_eq!(is_allowed(good.parse().unwrap(), &Door::default()), Ok(()));
        }
        let tokens = || Access::with_tokens("li operator 0123456789abcdefghij").unwrap();
        for bad in ["0.0.0.0:8087", "[::]:8087", "192.0.2.1:80"] {
            for door in [Door::default(), Door { access: tokens(), tls: None, host: Some("tc.example".into()) }] {
                let told = is_allowed(bad.parse().unwrap(), &door).unwrap_err();
                assert!(told.contains("only this machine"), "{bad}");
            }
        }
    }
}
