//! The one place that talks to a broker. Everything else sees [`Link`]: packets in, packets out, online or not.
//!
//! Two tasks a link, because awaiting a publish in the task that polls the client deadlocks once its queue is full:
//!
//! ```text
//!  publish() ──> outbox (newest wins a topic) ──> pump task ──publish().await──> client queue (1024)
//!  broker <────────────────────────────── poll task <──────────────────────────────┘
//!  broker ──> poll task ──> inbox (newest wins a topic) ──> received()
//! ```
//!
//! - **MQTT 5**, clean start, no session expiry: a session that the broker kept would deliver plans that are long over.
//!   Subscriptions are made on every CONNACK. While the link is down nothing is kept but one retained message a topic
//!   (presence, alarms: they are state and are published again on every connect); what the client still held is dropped.
//! - `QoS` 0 messages expire in the broker after 3 s, the longest lease.
//! - The packet limit of 256 KiB, announced to the broker, lies far above what [`crate::wire::decode`] accepts: an
//!   oversized retained message must be rejected by us, not cause a disconnect on every connect.
//! - A poll that says nothing for twice the keep-alive interval and 2 s hangs in a write to a frozen broker: the connection is
//!   dropped. Keep-alive is no safety timer; the lease is.
//!
//! Known weakness: `QoS` 1 messages that are in flight when the connection breaks are lost. Results of commands are the only
//! ones that matter, and an operator without an answer asks again.

use super::backoff::Backoff;
use super::mailbox::Mailbox;
use super::prompt_stream::PromptStream;
use super::tls::Tls;
use crate::config::Broker;
use crate::wire::{PAYLOAD_MAX, Packet, Qos};
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, Incoming, LastWill, MqttOptions, NetworkOptions,
    PublishOptions, PublishProperties, QoS, SessionMode, SubscribeFilter, SubscribeReasonCode, TlsConfiguration,
    Transport, default_socket_connect,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const CLIENT_QUEUE: usize = 1024;
const PACKET_MAX: u32 = 256 * 1024;
const TOPICS_MAX: usize = 32 * 1024;
const EXPIRY_S: u32 = 3;
const STOP_MAX: Duration = Duration::from_secs(2);

/// What a link needs to know.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// Where the broker is, and who we are there.
    pub broker: Broker,
    /// Identity towards the broker; `None` = in the clear.
    pub tls: Option<Tls>,
    /// Topic filters to subscribe to.
    pub subscriptions: Vec<(String, Qos)>,
    /// Said on every connect, and by the broker when the link breaks.
    pub presence: Option<PresencePackets>,
}

/// The two packets of a presence.
#[derive(Debug, Clone)]
pub struct PresencePackets {
    /// Published on every connect.
    pub online: Packet,
    /// Last will, also published on a graceful stop.
    pub offline: Packet,
}

/// Whether the broker is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Not yet, or not again; with the last reason when there is one.
    Offline(Option<String>),
    /// Connected, and all subscriptions are answered.
    Online,
}

/// A message as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Topic.
    pub topic: String,
    /// Payload; cut off one byte above what is accepted.
    pub payload: Vec<u8>,
    /// Whether it is a copy that the broker had kept.
    pub retained: bool,
}

/// Topic, and a number that keeps `QoS` 1 messages apart (0 for `QoS` 0, where the newest of a topic wins).
type Key = (String, u64);

#[derive(Debug)]
struct Shared {
    outbox: Mailbox<Key, Packet>,
    inbox: Mailbox<Key, Received>,
    retained: Mutex<BTreeMap<String, Packet>>,
    status: watch::Sender<Status>,
    serial: AtomicU64,
    connects: AtomicU64,
}

/// A connection to a broker that lasts until it is stopped.
#[derive(Debug)]
pub struct Link {
    shared: Arc<Shared>,
    client: AsyncClient,
    offline: Option<Packet>,
    poll: JoinHandle<()>,
    pump: JoinHandle<()>,
}

impl Link {
    /// Starts to connect, and goes on until [`Link::stop`]. Must be called inside a tokio runtime.
    pub fn start(settings: LinkSettings) -> Self {
        let shared = Arc::new(Shared {
            outbox: Mailbox::new(TOPICS_MAX),
            inbox: Mailbox::new(TOPICS_MAX),
            retained: Mutex::new(BTreeMap::new()),
            status: watch::Sender::new(Status::Offline(None)),
            serial: AtomicU64::new(1),
            connects: AtomicU64::new(0),
        });
        let (client, events) = AsyncClient::builder(options(&settings)).capacity(CLIENT_QUEUE).build();
        let offline = settings.presence.as_ref().map(|presence| presence.offline.clone());
        if let Some(presence) = &settings.presence {
            shared.remember(&presence.online);
        }
        let poller = Poller { events, client: client.clone(), shared: shared.clone(), settings };
        let poll = tokio::spawn(poller.run());
        let pump = tokio::spawn(pump(client.clone(), shared.clone()));
        Self { shared, client, offline, poll, pump }
    }

    /// Hands a packet over; never waits. Nothing says that it has been sent, and nobody should believe so.
    ///
    /// While the link is down only retained packets are kept.
    pub fn publish(&self, packet: Packet) {
        self.shared.remember(&packet);
        if *self.shared.status.borrow() == Status::Online {
            self.shared.send(packet);
        }
    }

    /// The next message; waits for one. `None` after the end.
    pub async fn received(&self) -> Option<Received> {
        self.shared.inbox.pop().await.map(|(_, received)| received)
    }

    /// Whether the broker is there, to look at or to wait on.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.status.subscribe()
    }

    /// Forgets all that waits to be sent or to be said again, but for the presence: somebody else speaks from now on.
    pub fn fall_silent(&self) {
        let own = self.offline.as_ref().map(|packet| packet.topic.clone());
        let is_own = |topic: &String| Some(topic) == own.as_ref();
        self.shared.outbox.retain(|(topic, _), _| is_own(topic));
        self.shared.retained.lock().unwrap_or_else(PoisonError::into_inner).retain(|topic, _| is_own(topic));
    }

    /// Whether both tasks are there; they end only with [`Link::stop`].
    pub fn goes_on(&self) -> bool {
        !self.poll.is_finished() && !self.pump.is_finished()
    }

    /// How often the link came up.
    pub fn connects(&self) -> u64 {
        self.shared.connects.load(Ordering::Relaxed)
    }

    /// Messages that were replaced by newer ones or dropped, (in, out), because somebody is too slow.
    pub fn lost(&self) -> (u64, u64) {
        let lost = |mailbox: &Mailbox<_, _>| mailbox.replaced() + mailbox.dropped();
        (lost(&self.shared.inbox), self.shared.outbox.replaced() + self.shared.outbox.dropped())
    }

    /// Says good-bye, at most two seconds long; at once when the broker is not there.
    pub async fn stop(&self) {
        let online = *self.shared.status.borrow() == Status::Online;
        self.shared.outbox.close();
        if online {
            let goodbye = async {
                if let Some(offline) = &self.offline {
                    let (topic, payload) = (offline.topic.clone(), offline.payload.clone());
                    let _ = self.client.publish(topic, payload, publish_options(offline)).await;
                }
                let _ = self.client.disconnect_with_timeout(STOP_MAX / 2).await;
                let mut status = self.shared.status.subscribe();
                let _ = status.wait_for(|status| *status == Status::Offline(None)).await;
            };
            let _ = timeout(STOP_MAX, goodbye).await;
        }
        self.poll.abort();
        self.pump.abort();
        self.shared.inbox.close();
    }
}

impl Shared {
    fn remember(&self, packet: &Packet) {
        if packet.retain {
            let mut retained = self.retained.lock().unwrap_or_else(PoisonError::into_inner);
            retained.insert(packet.topic.clone(), packet.clone());
        }
    }

    fn send(&self, packet: Packet) {
        // Retained packets are state, so there too the newest wins.
        let is_state = packet.retain || packet.qos == Qos::AtMostOnce;
        let serial = if is_state { 0 } else { self.serial.fetch_add(1, Ordering::Relaxed) };
        self.outbox.push((packet.topic.clone(), serial), packet);
    }

    fn receive(&self, publish: &rumqttc::Publish) {
        let topic = String::from_utf8_lossy(&publish.topic).into_owned();
        let kept = publish.payload.len().min(PAYLOAD_MAX + 1);
        let serial = if publish.qos == QoS::AtMostOnce { 0 } else { self.serial.fetch_add(1, Ordering::Relaxed) };
        let received =
            Received { topic: topic.clone(), payload: publish.payload[..kept].to_vec(), retained: publish.retain };
        self.inbox.push((topic, serial), received);
    }

    /// The link is up: forget what waited from before, say again what the broker should keep.
    fn online(&self) {
        self.outbox.retain(|_, _| false);
        let retained = self.retained.lock().unwrap_or_else(PoisonError::into_inner);
        retained.values().cloned().for_each(|packet| self.send(packet));
        self.connects.fetch_add(1, Ordering::Relaxed);
        self.status.send_replace(Status::Online);
    }
}

/// Hands packets to the client while the link is up; may wait, which the polling task must not.
async fn pump(client: AsyncClient, shared: Arc<Shared>) {
    let mut status = shared.status.subscribe();
    loop {
        if status.wait_for(|status| *status == Status::Online).await.is_err() {
            return;
        }
        let Some((_, packet)) = shared.outbox.pop().await else { return };
        let options = publish_options(&packet);
        if let Err(error) = client.publish(packet.topic, packet.payload, options).await {
            tracing::warn!(%error, "a packet was refused by the client");
        }
    }
}

/// Polls the client for ever: events in, reconnects, never a publish awaited.
struct Poller {
    events: EventLoop,
    client: AsyncClient,
    shared: Arc<Shared>,
    settings: LinkSettings,
}

impl Poller {
    async fn run(mut self) {
        let mut backoff = Backoff::new(seed(&self.settings.broker.client_id));
        let silence_max = Duration::from_millis(self.settings.broker.keep_alive.0.unsigned_abs() * 2 + 2_000);
        loop {
            let failure = match timeout(silence_max, self.events.poll()).await {
                Ok(Ok(event)) => self.handle(event).err(),
                Ok(Err(ConnectionError::RequestsDone)) => {
                    self.shared.status.send_replace(Status::Offline(None));
                    return;
                }
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("the broker has been silent for {} s", silence_max.as_secs())),
            };
            if let Some(reason) = failure {
                self.offline(reason);
                tokio::time::sleep(backoff.wait()).await;
            } else if *self.shared.status.borrow() == Status::Online {
                backoff.reset();
            }
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Incoming(Incoming::ConnAck(ack)) if ack.code == ConnectReturnCode::Success => {
                if self.settings.subscriptions.is_empty() {
                    self.online();
                    return Ok(());
                }
                let filters = self
                    .settings
                    .subscriptions
                    .iter()
                    .map(|(filter, qos)| SubscribeFilter::new(filter.clone(), quality(*qos)));
                self.client.try_subscribe_many(filters).map_err(|error| error.to_string())?;
            }
            Event::Incoming(Incoming::SubAck(ack)) => {
                for (code, (filter, _)) in ack.return_codes.iter().zip(&self.settings.subscriptions) {
                    if !matches!(code, SubscribeReasonCode::Success(_)) {
                        tracing::error!(%filter, ?code, "the broker refuses a subscription");
                    }
                }
                self.online();
            }
            Event::Incoming(Incoming::Publish(publish)) => self.shared.receive(&publish),
            _ => {}
        }
        Ok(())
    }

    fn online(&self) {
        tracing::info!(broker = %address(&self.settings), "connected");
        self.shared.online();
    }

    /// Drop the connection and all that the client held for it.
    fn offline(&mut self, reason: String) {
        self.events.clean();
        self.events.reset_session_state();
        let said = matches!(&*self.shared.status.borrow(), Status::Offline(Some(_)));
        if !said {
            tracing::warn!(broker = %address(&self.settings), %reason, "the broker is not there; trying again until it is");
        }
        self.shared.status.send_replace(Status::Offline(Some(reason)));
    }
}

fn options(settings: &LinkSettings) -> MqttOptions {
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(5);
    let broker = (settings.broker.host.clone(), settings.broker.port);
    let mut options = MqttOptions::new(settings.broker.client_id.clone(), broker);
    options.set_keep_alive((settings.broker.keep_alive.0 / 1000).clamp(1, 300) as u16);
    options.set_session_mode(SessionMode::Clean);
    options.set_max_packet_size(Some(PACKET_MAX));
    options.set_network_options(network);
    options.set_socket_connector(|host, network| async move {
        default_socket_connect(host, network).await.map(PromptStream)
    });
    options.set_connect_timeout(Duration::from_secs(5));
    if let Some(tls) = &settings.tls {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.config())));
    }
    if let Some(presence) = &settings.presence {
        let Packet { topic, payload, qos, retain } = presence.offline.clone();
        options.set_last_will(LastWill::new(topic, payload, quality(qos), retain, None));
    }
    options
}

fn publish_options(packet: &Packet) -> PublishOptions {
    let options = PublishOptions::new(quality(packet.qos)).retain(packet.retain);
    match packet.qos {
        Qos::AtMostOnce => {
            options.properties(PublishProperties { message_expiry_interval: Some(EXPIRY_S), ..Default::default() })
        }
        Qos::AtLeastOnce => options,
    }
}

fn quality(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
    }
}

/// A number of a name (FNV-1a), so that clients wait differently.
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// How a broker is written.
fn address(settings: &LinkSettings) -> String {
    let Broker { host, port, .. } = &settings.broker;
    let scheme = if settings.tls.is_some() { "mqtts" } else { "mqtt" };
    if host.contains(':') { format!("{scheme}://[{host}]:{port}") } else { format!("{scheme}://{host}:{port}") }
}
