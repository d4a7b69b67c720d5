//! An engine with its street and field controllers on a broker in this process, looked at by HTTP; for tests.

use super::street::network;
use lightwatch::config::{Broker as Address, Webhook as WebhookSettings};
use lightwatch::controller;
use lightwatch::estimate::{CountedPlace, Observation, PlaceCount};
use lightwatch::field::FieldSettings;
use lightwatch::ids::{FeederIx, LaneIx};
use lightwatch::network::{Geometry, Network};
use lightwatch::service::broker::LoopbackBroker;
use lightwatch::service::dispatch::Clock;
use lightwatch::service::engine::{Engine, EngineSettings};
use lightwatch::service::field_process::{FieldProcess, FieldProcessSettings};
use lightwatch::service::history::History;
use lightwatch::service::listeners::Listeners;
use lightwatch::service::mqtt::{Link, LinkSettings, Status};
use lightwatch::service::now;
use lightwatch::service::pulse::Pulse;
use lightwatch::service::standby::Authority;
use lightwatch::service::trust::Trust;
use lightwatch::service::webhook::Webhook;
use lightwatch::time::Millis;
use lightwatch::web::{Door, Exhibit, Web};
use lightwatch::wire::{self, Message, Qos};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub const PATIENCE: Duration = Duration::from_secs(30);

/// An engine with its street, looked at.
pub struct House {
    pub network: Arc<Network>,
    pub engine: Engine,
    pub field: FieldProcess,
    /// Counts go out here; alarms and results come in.
    pub street: Link,
    pub web: Web,
    _broker: LoopbackBroker,
}

impl House {
    /// Everybody on this machine looks, nobody commands.
    pub async fn open() -> Self {
        Self::with(Door::default(), None, None).await
    }

    /// With a history.
    pub async fn with_history(door: Door, history: Option<Arc<History>>) -> Self {
        Self::furnished(door, None, Listeners { history, ..Listeners::default() }).await
    }

    /// With a door, a folder for the audit log, a webhook.
    pub async fn with(door: Door, audit: Option<PathBuf>, webhook: Option<WebhookSettings>) -> Self {
        let webhook = webhook.map(|it| Arc::new(Webhook::start(it)));
        Self::furnished(door, audit, Listeners { webhook, ..Listeners::default() }).await
    }

    /// With all of it.
    pub async fn furnished(door: Door, audit: Option<PathBuf>, listeners: Listeners) -> Self {
        let network = Arc::new(network());
        let broker = LoopbackBroker::start().await.unwrap();
        let client = |name: &str| Address {
            host: "127.0.0.1".into(),
            port: broker.port(),
            client_id: name.into(),
            keep_alive: Millis(5_000),
        };
        let pulse = Arc::new(Pulse::default());
        let authority = Authority::alone(7);
        let settings = EngineSettings {
            broker: client("engine"),
            trust: Trust { audit, ..Trust::default() },
            id: "engine".into(),
            clock: Clock::Wall,
            controllers: vec![Some(controller::Settings::default()); network.intersections.len()],
            memories: Vec::new(),
            listeners,
        };
        let engine = Engine::start_under(&network, settings, &authority, &pulse);
        let exhibit = Exhibit {
            network: network.clone(),
            geometry: Geometry::default().completed(&network),
            shown: engine.shown(),
            pulse,
            authority,
            engine: "engine".into(),
            own: (0..network.intersections.len()).collect(),
        };
        let web = Web::start("127.0.0.1:0".parse().unwrap(), exhibit, door).await.unwrap();
        let fields = FieldProcessSettings {
            broker: client("field"),
            trust: Trust::default(),
            intersections: (0..network.intersections.len()).collect(),
            field: FieldSettings { start_red: Millis(500), ..FieldSettings::default() },
            seed: 1,
            clock: Clock::Wall,
        };
        let field = FieldProcess::start(&network, &fields);
        let heard = ["alarm/+", "result/+"];
        let subscriptions = heard.map(|it| (wire::filter(&network.city, None, it), Qos::AtLeastOnce)).into();
        let nothing = LinkSettings { broker: client("street"), tls: None, subscriptions, presence: None };
        let street = Link::start(nothing);
        timeout(PATIENCE, street.status().wait_for(|it| *it == Status::Online)).await.unwrap().unwrap();
        Self { network, engine, field, street, web, _broker: broker }
    }

    /// Two vehicles stand on each lane of each intersection.
    pub fn count(&self, seq: u64) {
        self.count_with(seq, 0);
    }

    /// The same while so many pass each stop line, and as many enter.
    pub fn count_with(&self, seq: u64, passed: u32) {
        for intersection in &self.network.intersections {
            let lanes = (0..intersection.lanes.len()).map(|it| CountedPlace::Lane(LaneIx(it)));
            let feeders = (0..intersection.feeders.len()).map(|it| CountedPlace::Feeder(FeederIx(it)));
            let seen =
                |place| PlaceCount { place, count: 3, halted: 2, passed, occupancy: None, mean_speed_mps: Some(2.0) };
            let places = lanes.chain(feeders).map(seen).collect();
            let observation = Observation { at: now(), seq, period: Millis(1_000), places };
            let message = Message::Counts { intersection: intersection.id.clone(), observation, passages: Vec::new() };
            self.street.publish(wire::encode(&message, &self.network).unwrap());
        }
    }

    pub fn at(&self) -> SocketAddr {
        self.web.address()
    }

    pub async fn get(&self, path: &str) -> (u16, String, String) {
        ask(self.at(), &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await
    }

    pub async fn json(&self, path: &str) -> Value {
        let (status, head, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {head}{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Asks until it fits.
    pub async fn until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let search = async {
            let mut seq = 0;
            loop {
                seq += 1;
                self.count(seq);
                let (_, _, body) = self.get(path).await;
                match serde_json::from_str(&body) {
                    Ok(answer) if fits(&answer) => return answer,
                    _ => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        };
        timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("{path} never fits"))
    }

    pub async fn close(self) {
        drop(self.web);
        self.field.stop().await;
        self.street.stop().await;
        self.engine.stop().await;
    }
}

/// Status, head and body of what is answered to some bytes.
pub async fn ask(at: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    // It may be refused before all of it is said.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it is answered");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    (status, head.to_lowercase(), body.to_owned())
}
