//! A broker in this process, on a free port of the loopback interface: for the demo and for tests, so that nothing has to be
//! installed.
//!
//! MQTT 5 as far as [`super::mqtt::Link`] speaks it: connect, subscribe with wildcards, publish with `QoS` 0 and 1, retained
//! messages, last will, ping. Everything is delivered with `QoS` 0, which MQTT allows a broker to grant; no sessions, no
//! persistence, no passwords. Who comes with the client id of another takes its place: the older connection is told so
//! (DISCONNECT 0x8E), its last will is said and it is hung up on (MQTT 5, §3.1.4-3). A client that does not read loses messages ([`QUEUE`]), nobody waits for it.
//!
//! Why not `rumqttd`: it cannot be told to end, does not say on which port it listens when asked for a free one, and brings
//! some 190 packages (an HTTP server, a metrics exporter, five formats of configuration) for what a page does. Production
//! is mosquitto or EMQX.

use bytes::BytesMut;
use rumqttc::mqttbytes::Error as CodecError;
use rumqttc::mqttbytes::v5::{
    ConnAck, ConnectReturnCode, Disconnect, DisconnectReasonCode, LastWill, Packet, PubAck, Publish, SubAck, Subscribe,
    SubscribeReasonCode, UnsubAck,
};
use rumqttc::mqttbytes::{QoS, matches};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

/// Packets that may wait for a client.
const QUEUE: usize = 8192;
/// Largest packet.
const PACKET_MAX: u32 = 1 << 20;
/// How long a client whose place was taken may take to read that it was.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A running broker; it ends when it is dropped.
#[derive(Debug)]
pub struct LoopbackBroker {
    port: u16,
    task: JoinHandle<()>,
}

impl LoopbackBroker {
    /// Listens on a free port of 127.0.0.1. Must be called inside a tokio runtime.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { port, task: tokio::spawn(serve(listener)) })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for LoopbackBroker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who is there, and what is kept.
#[derive(Debug, Default)]
struct Hub {
    clients: BTreeMap<u64, Client>,
    retained: BTreeMap<Vec<u8>, Publish>,
}

#[derive(Debug)]
struct Client {
    id: String,
    filters: Vec<String>,
    will: Option<LastWill>,
    out: mpsc::Sender<Packet>,
    /// Tells its connection that another one has its id.
    replaced: oneshot::Sender<()>,
}

type SharedHub = Arc<Mutex<Hub>>;

fn lock(hub: &SharedHub) -> std::sync::MutexGuard<'_, Hub> {
    hub.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// Take in a client. Whoever has its id is gone before it hears anything, so that an older last will cannot follow a newer
    /// presence; no id is nobody's.
    fn join(&mut self, number: u64, client: Client) {
        let same = |other: &&u64| !client.id.is_empty() && self.clients[other].id == client.id;
        if let Some(older) = self.clients.keys().find(same).copied() {
            self.leave(older, false);
        }
        self.clients.insert(number, client);
    }

    /// A client is gone; its last will is said unless it took its leave. Without effect on who was replaced before.
    fn leave(&mut self, number: u64, took_leave: bool) {
        let Some(client) = self.clients.remove(&number) else { return };
        if let (false, Some(will)) = (took_leave, client.will) {
            self.publish(last_words(&will));
        }
        // Nobody listens any more when it is the connection itself that ends.
        let _ = client.replaced.send(());
    }

    /// Keep what is to be kept, hand to everybody who wants it.
    fn publish(&mut self, mut publish: Publish) {
        if publish.retain {
            if publish.payload.is_empty() {
                self.retained.remove(&*publish.topic);
            } else {
                self.retained.insert(publish.topic.to_vec(), publish.clone());
            }
        }
        // A second sending to us is a first one to others; with QoS 0 the flag would be an error.
        (publish.qos, publish.pkid, publish.dup, publish.retain) = (QoS::AtMostOnce, 0, false, false);
        let Ok(topic) = String::from_utf8(publish.topic.to_vec()) else { return };
        for client in self.clients.values() {
            if client.filters.iter().any(|filter| matches(&topic, filter)) {
                // A full queue: this client does not read. Like a broker, drop for it and nobody else.
                let _ = client.out.try_send(Packet::Publish(publish.clone()));
            }
        }
    }

    fn subscribe(&mut self, number: u64, subscribe: &Subscribe) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        for filter in &subscribe.filters {
            client.filters.push(filter.path.clone());
            for (topic, publish) in &self.retained {
                if std::str::from_utf8(topic).is_ok_and(|topic| matches(topic, &filter.path)) {
                    let kept = Publish { qos: QoS::AtMostOnce, pkid: 0, dup: false, ..publish.clone() };
                    let _ = client.out.try_send(Packet::Publish(kept));
                }
            }
        }
    }
}

async fn serve(listener: TcpListener) {
    let hub = SharedHub::default();
    // Dropped with this task: no client outlives the broker.
    let mut clients = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                number += 1;
                clients.spawn(client(stream, number, Arc::clone(&hub)));
            }
            Some(_) = clients.join_next() => {}
        }
    }
}

/// One connection from its beginning to its end; its last will is said unless it took its leave.
async fn client(stream: TcpStream, number: u64, hub: SharedHub) {
    let _ = stream.set_nodelay(true);
    let (read, mut write) = stream.into_split();
    let (out, mut queue) = mpsc::channel::<Packet>(QUEUE);
    let mut reader = Reader { read, buffer: BytesMut::with_capacity(1 << 16) };
    let Some(Packet::Connect(connect, will, _)) = reader.next().await else { return };
    let (replaced, is_replaced) = oneshot::channel();
    let client = Client { id: connect.client_id, filters: Vec::new(), will, out: out.clone(), replaced };
    lock(&hub).join(number, client);
    let code = ConnectReturnCode::Success;
    let _ = out.try_send(Packet::ConnAck(ConnAck { session_present: false, code, properties: None }));
    let mut unsent = BytesMut::new();
    let took_leave = tokio::select! {
        left = listen(&mut reader, number, &hub, &out) => left,
        () = send(&mut write, &mut queue, &mut unsent) => false,
        Ok(()) = is_replaced => {
            // Behind what is half said already.
            let taken = Packet::Disconnect(Disconnect::new(DisconnectReasonCode::SessionTakenOver));
            if taken.write(&mut unsent, None).is_ok() {
                let _ = tokio::time::timeout(LAST_WORDS, write.write_all_buf(&mut unsent)).await;
            }
            return;
        }
    };
    lock(&hub).leave(number, took_leave);
}

/// Writes what waits for a client until it is lost; `unsent` is what was begun and not written.
async fn send(write: &mut OwnedWriteHalf, queue: &mut mpsc::Receiver<Packet>, unsent: &mut BytesMut) {
    while let Some(packet) = queue.recv().await {
        let mut next = Some(packet);
        while let Some(packet) = next {
            if packet.write(unsent, None).is_err() {
                return;
            }
            next = if unsent.len() < 1 << 16 { queue.try_recv().ok() } else { None };
        }
        if write.write_all_buf(unsent).await.is_err() {
            return;
        }
    }
}

fn last_words(will: &LastWill) -> Publish {
    let topic = String::from_utf8_lossy(&will.topic).into_owned();
    let mut publish = Publish::new(topic, QoS::AtMostOnce, will.message.clone(), None);
    publish.retain = will.retain;
    publish
}

/// Does what a client asks until it leaves (`true`) or is lost.
async fn listen(reader: &mut Reader, number: u64, hub: &SharedHub, out: &mpsc::Sender<Packet>) -> bool {
    while let Some(packet) = reader.next().await {
        let answer = match packet {
            Packet::Publish(publish) => {
                let (qos, pkid) = (publish.qos, publish.pkid);
                lock(hub).publish(publish);
                (qos == QoS::AtLeastOnce).then(|| Packet::PubAck(PubAck::new(pkid, None)))
            }
            Packet::Subscribe(subscribe) => {
                let return_codes = vec![SubscribeReasonCode::Success(QoS::AtMostOnce); subscribe.filters.len()];
                let ack = SubAck { pkid: subscribe.pkid, return_codes, properties: None };
                // Before what is retained: the client counts on nothing before its answer.
                if out.send(Packet::SubAck(ack)).await.is_err() {
                    return false;
                }
                lock(hub).subscribe(number, &subscribe);
                None
            }
            Packet::Unsubscribe(unsubscribe) => {
                if let Some(client) = lock(hub).clients.get_mut(&number) {
                    client.filters.retain(|filter| !unsubscribe.filters.contains(filter));
                }
                let (pkid, reasons) = (unsubscribe.pkid, Vec::new());
                Some(Packet::UnsubAck(UnsubAck { pkid, reasons, properties: None }))
            }
            Packet::PingReq => Some(Packet::PingResp),
            Packet::Disconnect(_) => return true,
            _ => None,
        };
        if let Some(answer) = answer
            && out.send(answer).await.is_err()
        {
            return false;
        }
    }
    false
}

/// Packets of a connection.
struct Reader {
    read: OwnedReadHalf,
    buffer: BytesMut,
}

impl Reader {
    /// The next packet; `None` when the connection is over or says nonsense.
    async fn next(&mut self) -> Option<Packet> {
        loop {
            match Packet::read(&mut self.buffer, Some(PACKET_MAX)) {
                Ok(packet) => return Some(packet),
                Err(CodecError::InsufficientBytes(_)) => {}
                Err(_) => return None,
            }
            if self.read.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
    }
}
