//! The broker that is built in, for the demo and for tests: what it promises, and strangers that want it ill.

use lightwatch::config::Broker;
use lightwatch::service::broker::LoopbackBroker;
use lightwatch::service::mqtt::{Link, LinkSettings, PresencePackets, Received, Status};
use lightwatch::time::Millis;
use lightwatch::wire::{Packet, Qos};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

async fn broker() -> LoopbackBroker {
    LoopbackBroker::start().await.expect("a port is free")
}

/// A link of the real client that is there.
async fn link(broker: &LoopbackBroker, id: &str, filters: &[&str], presence: Option<PresencePackets>) -> Link {
    let (host, client_id) = ("127.0.0.1".to_owned(), id.to_owned());
    let link = Link::start(LinkSettings {
        broker: Broker { host, port: broker.port(), client_id, keep_alive: Millis::from_secs(5) },
        tls: None,
        subscriptions: filters.iter().map(|filter| ((*filter).to_owned(), Qos::AtLeastOnce)).collect(),
        presence,
    });
    timeout(PATIENCE, link.status().wait_for(|it| *it == Status::Online)).await.expect("the link comes up").unwrap();
    link
}

fn packet(topic: &str, payload: &str, qos: Qos, retain: bool) -> Packet {
    Packet { topic: topic.to_owned(), payload: payload.as_bytes().to_vec(), qos, retain }
}

fn say(link: &Link, topic: &str, payload: &str) {
    link.publish(packet(topic, payload, Qos::AtMostOnce, false));
}

async fn next(link: &Link) -> Received {
    timeout(PATIENCE, link.received()).await.expect("a message comes").expect("the link lives")
}

async fn next_text(link: &Link) -> (String, String, bool) {
    let received = next(link).await;
    (received.topic, String::from_utf8(received.payload).unwrap(), received.retained)
}

fn heard(topic: &str, payload: &str, retained: bool) -> (String, String, bool) {
    (topic.to_owned(), payload.to_owned(), retained)
}

/// A client that speaks bytes.
struct Raw(TcpStream);

/// Length in front of a text, as MQTT writes it.
fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

/// First byte, length in sevens of bits, body.
fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut rest = body.len();
    loop {
        let low = (rest % 128) as u8;
        rest /= 128;
        bytes.push(if rest > 0 { low | 128 } else { low });
        if rest == 0 {
            return [bytes, body.to_vec()].concat();
        }
    }
}

/// CONNECT of MQTT 5, or of another level; with a last will when there is one.
fn connect(level: u8, id: &str, will: Option<(&str, &str)>) -> Vec<u8> {
    let flags = if will.is_some() { 0b0000_0110 } else { 0b0000_0010 };
    let mut body = [text("MQTT"), vec![level, flags, 0, 60, 0], text(id)].concat();
    if let Some((topic, payload)) = will {
        body.extend([vec![0], text(topic), text(payload)].concat());
    }
    framed(0x10, &body)
}

fn publish(topic: &str, payload: &str, number: u16, again: bool) -> Vec<u8> {
    let first = if again { 0x3a } else { 0x32 };
    let body = [text(topic), number.to_be_bytes().to_vec(), vec![0], payload.as_bytes().to_vec()].concat();
    framed(first, &body)
}

fn subscribe(filter: &str) -> Vec<u8> {
    framed(0x82, &[vec![0, 1, 0], text(filter), vec![0]].concat())
}

impl Raw {
    /// Connected, with the broker's answer read.
    async fn connected(broker: &LoopbackBroker, will: Option<(&str, &str)>) -> Self {
        Self::named(broker, "raw", will).await
    }

    async fn named(broker: &LoopbackBroker, id: &str, will: Option<(&str, &str)>) -> Self {
        let mut raw = Self::stranger(broker).await;
        raw.0.write_all(&connect(5, id, will)).await.unwrap();
        assert_eq!(raw.packet().await.0, 0x20, "CONNACK");
        raw
    }

    async fn stranger(broker: &LoopbackBroker) -> Self {
        Self(TcpStream::connect(("127.0.0.1", broker.port())).await.unwrap())
    }

    /// First byte and body of the next packet, below 128 bytes.
    async fn packet(&mut self) -> (u8, Vec<u8>) {
        let read = async {
            let head = [self.0.read_u8().await.unwrap(), self.0.read_u8().await.unwrap()];
            let mut body = vec![0; head[1].into()];
            self.0.read_exact(&mut body).await.unwrap();
            (head[0], body)
        };
        timeout(PATIENCE, read).await.expect("a packet comes")
    }

    /// Waits until the broker has hung up.
    async fn hung_up(mut self) {
        let mut rest = Vec::new();
        // An error is a reset: hung up as well.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.expect("the broker hangs up");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_retained_message_of_a_topic_is_told_to_who_comes_later_until_it_is_cleared() {
    let broker = broker().await;
    let from = link(&broker, "from", &[], None).await;
    let early = link(&broker, "early", &["kept/#"], None).await;
    for payload in ["old", "new"] {
        from.publish(packet("kept/a", payload, Qos::AtLeastOnce, true));
        assert_eq!(next_text(&early).await, heard("kept/a", payload, false), "as it happens, it is no copy");
    }
    let late = link(&broker, "late", &["kept/+"], None).await;
    assert_eq!(next_text(&late).await, heard("kept/a", "new", true));
    from.publish(packet("kept/a", "", Qos::AtLeastOnce, true));
    assert_eq!(next_text(&late).await, heard("kept/a", "", false));
    let later = link(&broker, "later", &["kept/+"], None).await;
    say(&from, "kept/b", "first");
    assert_eq!(next_text(&later).await, heard("kept/b", "first", false), "nothing is kept any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_will_is_said_for_who_is_lost_and_not_for_who_takes_its_leave() {
    let broker = broker().await;
    let watcher = link(&broker, "watcher", &["+/presence"], None).await;
    let lost = Raw::connected(&broker, Some(("lost/presence", "offline"))).await;
    drop(lost);
    assert_eq!(next_text(&watcher).await, heard("lost/presence", "offline", false));
    let mut mad = Raw::connected(&broker, Some(("mad/presence", "offline"))).await;
    mad.0.write_all(&[0xff; 64]).await.unwrap();
    assert_eq!(next_text(&watcher).await, heard("mad/presence", "offline", false));
    mad.hung_up().await;
    let mut polite = Raw::connected(&broker, Some(("polite/presence", "offline"))).await;
    polite.0.write_all(&framed(0xe0, &[])).await.unwrap();
    polite.hung_up().await;
    let word = |text| packet("engine/presence", text, Qos::AtLeastOnce, true);
    let presence = PresencePackets { online: word("online"), offline: word("offline") };
    let engine = link(&broker, "engine", &[], Some(presence)).await;
    assert_eq!(next_text(&watcher).await, heard("engine/presence", "online", false), "nothing was said for the polite");
    engine.stop().await;
    assert_eq!(next_text(&watcher).await, heard("engine/presence", "offline", false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_with_the_id_of_another_takes_its_place() {
    let broker = broker().await;
    let watcher = link(&broker, "watcher", &["#"], None).await;
    let mut older = Raw::connected(&broker, Some(("raw/presence", "offline"))).await;
    older.0.write_all(&subscribe("a")).await.unwrap();
    assert_eq!(older.packet().await.0, 0x90, "SUBACK");
    let mut newer = Raw::connected(&broker, None).await;
    let (kind, body) = older.packet().await;
    assert_eq!((kind, body.first()), (0xe0, Some(&0x8e)), "DISCONNECT, session taken over");
    older.hung_up().await;
    assert_eq!(next_text(&watcher).await, heard("raw/presence", "offline", false), "the last will of the older one");
    newer.0.write_all(&publish("a", "still here", 7, false)).await.unwrap();
    assert_eq!(newer.packet().await.0, 0x40, "PUBACK");
    assert_eq!(next_text(&watcher).await, heard("a", "still here", false), "the newer one stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qos_1_message_is_acknowledged_each_time_and_a_second_sending_is_delivered_again() {
    let broker = broker().await;
    let watcher = link(&broker, "watcher", &["t"], None).await;
    let mut raw = Raw::connected(&broker, None).await;
    for again in [false, true] {
        raw.0.write_all(&publish("t", "seven", 7, again)).await.unwrap();
        let (first, body) = raw.packet().await;
        assert_eq!((first, &body[..2]), (0x40, &[0, 7][..]), "PUBACK of number 7");
        assert_eq!(next_text(&watcher).await, heard("t", "seven", false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_loses_messages_and_nobody_waits_for_it() {
    let broker = broker().await;
    let mut deaf = Raw::connected(&broker, None).await;
    deaf.0.write_all(&subscribe("#")).await.unwrap();
    let watcher = link(&broker, "watcher", &["end"], None).await;
    // Far more than the broker keeps for a client and the sockets hold.
    let mut loud = Raw::named(&broker, "loud", None).await;
    let flood = framed(0x30, &[text("flood"), vec![0], vec![b'x'; 2000]].concat());
    for _ in 0..20_000 {
        loud.0.write_all(&flood).await.unwrap();
    }
    loud.0.write_all(&publish("end", "done", 1, false)).await.unwrap();
    assert_eq!(next_text(&watcher).await, heard("end", "done", false));
    drop(loud);
    // What it does find are whole packets: SUBACK, then floods.
    assert_eq!(deaf.packet().await.0, 0x90);
    let mut read = vec![0; flood.len()];
    for _ in 0..1000 {
        timeout(PATIENCE, deaf.0.read_exact(&mut read)).await.expect("it is there").unwrap();
        assert!(read == flood, "a packet was cut");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_nonsense_is_hung_up_on_and_the_others_go_on() {
    let broker = broker().await;
    let watcher = link(&broker, "watcher", &["t"], None).await;
    let nonsense: [(&str, Vec<u8>); 6] = [
        ("nothing", Vec::new()),
        ("a browser", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("ones", vec![0xff; 4096]),
        ("an older MQTT", connect(4, "raw", None)),
        ("a message before CONNECT", publish("t", "too early", 1, false)),
        ("half a CONNECT", connect(5, "raw", None)[..9].to_vec()),
    ];
    for (what, bytes) in nonsense {
        let mut raw = Raw::stranger(&broker).await;
        // The broker may hang up before everything is said.
        let _ = raw.0.write_all(&bytes).await;
        let _ = raw.0.shutdown().await;
        raw.hung_up().await;
        let good = link(&broker, "good", &[], None).await;
        say(&good, "t", what);
        assert_eq!(next_text(&watcher).await, heard("t", what, false));
        // Left alone it would come back, and throw out the next one of its name.
        good.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_that_is_too_large_ends_its_connection_before_it_is_read() {
    let broker = broker().await;
    let mut raw = Raw::connected(&broker, None).await;
    // PUBLISH, 200 MiB follow.
    raw.0.write_all(&[0x30, 0x80, 0x80, 0x80, 0x64, 0, 1, b't']).await.unwrap();
    raw.hung_up().await;
    let watcher = link(&broker, "watcher", &["t"], None).await;
    say(&watcher, "t", "still here");
    assert_eq!(next_text(&watcher).await, heard("t", "still here", false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_hear_what_they_asked_for_and_nothing_else() {
    let broker = broker().await;
    let mut clients = Vec::new();
    for number in 0..100 {
        let own = format!("one/{number}");
        clients.push(link(&broker, &own.replace('/', "-"), &["all/#", &own], None).await);
    }
    say(&clients[0], "all/of/you", "hello");
    for (number, client) in clients.iter().enumerate() {
        assert_eq!(next_text(client).await, heard("all/of/you", "hello", false));
        say(&clients[99 - number], &format!("one/{number}"), &number.to_string());
    }
    for (number, client) in clients.iter().enumerate() {
        assert_eq!(next_text(client).await, heard(&format!("one/{number}"), &number.to_string(), false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_programs_of_mosquitto_can_talk_to_it() {
    let broker = broker().await;
    let port = broker.port().to_string();
    let common = ["-V", "5", "-h", "127.0.0.1", "-p", &port, "-t", "t/mosquitto"];
    let watcher = link(&broker, "watcher", &["t/#"], None).await;
    let publish = Command::new("mosquitto_pub").args(common).args(["-q", "1", "-r", "-m", "from outside"]).spawn();
    let Ok(mut publish) = publish else {
        println!("skipped: mosquitto_pub is not installed");
        return;
    };
    assert_eq!(next_text(&watcher).await, heard("t/mosquitto", "from outside", false));
    assert!(tokio::task::spawn_blocking(move || publish.wait()).await.unwrap().unwrap().success());
    let subscribe = Command::new("mosquitto_sub").args(common).args(["-C", "1"]).stdout(Stdio::piped()).spawn();
    let subscribe = subscribe.expect("it comes with mosquitto_pub");
    let output = tokio::task::spawn_blocking(move || subscribe.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "from outside\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_with_all_its_connections_when_it_is_dropped() {
    let broker = broker().await;
    let raw = Raw::connected(&broker, None).await;
    drop(broker);
    raw.hung_up().await;
}
