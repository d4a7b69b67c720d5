//! HTTP of a running engine: what is answered, what is refused, who stops reading.

use super::street::network;
use lightwatch::config::Broker as Address;
use lightwatch::controller;
use lightwatch::estimate::{CountedPlace, Observation, PlaceCount};
use lightwatch::field::FieldSettings;
use lightwatch::ids::{FeederIx, LaneIx};
use lightwatch::network::{Geometry, Network};
use lightwatch::service::broker::LoopbackBroker;
use lightwatch::service::dispatch::Clock;
use lightwatch::service::engine::{Engine, EngineSettings};
use lightwatch::service::field_process::{FieldProcess, FieldProcessSettings};
use lightwatch::service::mqtt::{Link, LinkSettings, Status};
use lightwatch::service::now;
use lightwatch::service::pulse::Pulse;
use lightwatch::service::standby::Authority;
use lightwatch::service::trust::Trust;
use lightwatch::time::Millis;
use lightwatch::web::{Exhibit, Web};
use lightwatch::wire::{self, Message};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// An engine with its street, looked at.
struct House {
    network: Arc<Network>,
    engine: Engine,
    field: FieldProcess,
    street: Link,
    web: Web,
    _broker: LoopbackBroker,
}

impl House {
    async fn open() -> Self {
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
            trust: Trust::default(),
            id: "engine".into(),
            clock: Clock::Wall,
            controllers: vec![Some(controller::Settings::default()); network.intersections.len()],
            memories: Vec::new(),
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
        let web = Web::start("127.0.0.1:0".parse().unwrap(), exhibit).await.unwrap();
        let fields = FieldProcessSettings {
            broker: client("field"),
            trust: Trust::default(),
            intersections: (0..network.intersections.len()).collect(),
            field: FieldSettings { start_red: Millis(500), ..FieldSettings::default() },
            seed: 1,
            clock: Clock::Wall,
        };
        let field = FieldProcess::start(&network, &fields);
        let nothing = LinkSettings { broker: client("street"), tls: None, subscriptions: Vec::new(), presence: None };
        let street = Link::start(nothing);
        timeout(PATIENCE, street.status().wait_for(|it| *it == Status::Online)).await.unwrap().unwrap();
        Self { network, engine, field, street, web, _broker: broker }
    }

    /// Two vehicles stand on each lane of each intersection.
    fn count(&self, seq: u64) {
        for intersection in &self.network.intersections {
            let lanes = (0..intersection.lanes.len()).map(|it| CountedPlace::Lane(LaneIx(it)));
            let feeders = (0..intersection.feeders.len()).map(|it| CountedPlace::Feeder(FeederIx(it)));
            let seen = |place| PlaceCount {
                place,
                count: 3,
                halted: 2,
                passed: 0,
                occupancy: None,
                mean_speed_mps: Some(2.0),
            };
            let places = lanes.chain(feeders).map(seen).collect();
            let observation = Observation { at: now(), seq, period: Millis(1_000), places };
            let message = Message::Counts { intersection: intersection.id.clone(), observation, passages: Vec::new() };
            self.street.publish(wire::encode(&message, &self.network).unwrap());
        }
    }

    fn at(&self) -> SocketAddr {
        self.web.address()
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        ask(self.at(), &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await
    }

    async fn json(&self, path: &str) -> Value {
        let (status, head, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {head}{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Asks until it fits.
    async fn until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
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

    async fn close(self) {
        drop(self.web);
        self.field.stop().await;
        self.street.stop().await;
        self.engine.stop().await;
    }
}

/// Status, head and body of what is answered to some bytes.
async fn ask(at: SocketAddr, request: &str) -> (u16, String, String) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_engine_decides_is_seen_with_its_reasons_lamps_counts_and_alarms() {
    let house = House::open().await;
    let ready = house.until("/ready", |it| it["ok"] == true).await;
    assert_eq!(ready["missing"].as_array().unwrap().len(), 0);
    assert_eq!(house.json("/live").await["ok"], true);
    let city = house.until("/api/v1/snapshot", |it| it["totals"]["halted"].as_u64() > Some(0)).await;
    let names: Vec<&str> =
        city["intersections"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.contains(&"north"), "{names:?}");
    assert_eq!((city["broker"].as_bool(), city["epoch"].as_u64()), (Some(true), Some(7)));
    let north = house.until("/api/v1/intersections/north", |it| it["field"] == "remote" && !it["why"].is_null()).await;
    let intersection = &house.network.intersections[house.network.position("north").unwrap()];
    assert_eq!(north["lamps"].as_str().unwrap().len(), intersection.groups.len());
    assert_eq!(north["lanes"].as_array().unwrap().len(), intersection.lanes.len());
    assert_eq!(north["lanes"][0]["halted"], 2);
    assert!(north["plan"]["intervals"].as_array().is_some_and(|it| !it.is_empty()), "{north}");
    assert!(!north["why"]["reason"].as_str().unwrap().is_empty() && north["why"]["cost"].is_object(), "{north}");
    let alarms = house.json("/api/v1/alarms").await;
    assert!(alarms["open"].is_array() && alarms["log"].is_array());
    // The first step may have ended before anything was counted.
    let stood =
        |it: &Value| it["points"].as_array().is_some_and(|it| it.iter().any(|it| it["halted"].as_f64() > Some(0.0)));
    let trend = house.until("/api/v1/trend", stood).await;
    assert_eq!(trend["step_ms"], 10_000);
    assert!(house.json("/api/v1/corridors").await["corridors"].is_array());
    assert_eq!(house.get("/api/v1/corridors/nowhere").await.0, 404);
    let (status, head, _) = house.get("/").await;
    assert!(status == 200 && head.contains("content-type: text/html") && head.contains("script-src 'self'"), "{head}");
    let map = house.json("/api/v1/network.geojson").await;
    let kinds: BTreeSet<&str> =
        map["features"].as_array().unwrap().iter().map(|it| it["properties"]["kind"].as_str().unwrap()).collect();
    assert!(["intersection", "lamp", "lane"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    assert_eq!(map["properties"]["schematic"], true, "nobody has measured this street");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_have_the_form_of_prometheus_and_no_label_names_an_intersection() {
    let house = House::open().await;
    house.until("/ready", |it| it["ok"] == true).await;
    let (status, head, text) = house.get("/metrics").await;
    assert!(status == 200 && head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(series.starts_with("lightwatch_") && value.parse::<f64>().is_ok(), "{line}");
        assert!(house.network.intersections.iter().all(|it| !series.contains(it.id.as_str())), "{line}");
    }
    let count: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix("lightwatch_decision_duration_seconds_count "))
        .unwrap()
        .parse()
        .unwrap();
    assert!(count > 0.0, "{text}");
    assert!(text.contains("# TYPE lightwatch_http_requests_total counter"), "{text}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_asked_is_refused_with_a_reason_and_the_rest_goes_on() {
    let house = House::open().await;
    let long = "x".repeat(3_000);
    let huge = "x".repeat(40_000);
    let cases = [
        ("POST /api/v1/snapshot HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n".to_owned(), 405),
        ("DELETE /live HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 405),
        ("GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 404),
        ("GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 404),
        ("GET /api/v1/intersections/nowhere HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 404),
        ("GET /events?intersection=nowhere HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 404),
        ("GET /events?other=1 HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 400),
        ("GET /live HTTP/1.1\r\n".to_owned(), 400),
        ("GET /live HTTP/1.1\r\nHost: lightwatch.example\r\n".to_owned(), 421),
        ("GET /live HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n".to_owned(), 421),
        ("GET /live HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n".to_owned(), 403),
        ("GET /live HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n".to_owned(), 403),
        ("GET /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n".to_owned(), 413),
        (format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n"), 414),
        (format!("GET /live HTTP/1.1\r\nHost: localhost\r\nX: {huge}\r\n"), 431),
        ("nonsense\r\n".to_owned(), 400),
    ];
    for (request, expected) in cases {
        let whole = format!("{request}Connection: close\r\n\r\n");
        let (status, head, body) = ask(house.at(), &whole).await;
        assert_eq!(status, expected, "{}: {head}", &request[..request.len().min(80)]);
        if ![431, 400].contains(&status) {
            let told: Value = serde_json::from_str(&body).unwrap();
            assert!(told["error"].as_str().is_some_and(|it| it.len() > 5), "{body}");
            assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
        }
        if status == 405 {
            assert!(head.contains("allow: get, head"), "{head}");
        }
    }
    let same = "GET /live HTTP/1.1\r\nHost: 127.0.0.1:99\r\nOrigin: http://127.0.0.1:99\r\nConnection: close\r\n\r\n";
    assert_eq!(ask(house.at(), same).await.0, 200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_bring_what_changes_within_two_seconds_and_who_leaves_makes_room() {
    let house = House::open().await;
    house.until("/ready", |it| it["ok"] == true).await;
    let mut stream = TcpStream::connect(house.at()).await.unwrap();
    stream.write_all(b"GET /events?intersection=north HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let (mut text, mut buffer) = (String::new(), vec![0; 64 * 1024]);
    let mut read = async |until: &dyn Fn(&str) -> bool| {
        while !until(&text) {
            let got =
                timeout(Duration::from_secs(2), stream.read(&mut buffer)).await.expect("within two seconds").unwrap();
            text.push_str(&String::from_utf8_lossy(&buffer[..got]));
        }
    };
    read(&|text| text.contains("event: city") && text.contains("event: intersection")).await;
    read(&|text| text.matches("event: city").count() >= 3).await;
    assert_eq!(house.web.readers().streams.load(Ordering::Relaxed), 1);
    drop(stream);
    let gone = async {
        while house.web.readers().streams.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the stream is given up");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_reading_is_hung_up_on_and_counted_and_decisions_go_on() {
    let house = House::open().await;
    house.until("/ready", |it| it["ok"] == true).await;
    let mut deaf = TcpStream::connect(house.at()).await.unwrap();
    // Far more answers than the sockets hold, asked for at once and never read.
    let request = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2_000);
    let asking = tokio::spawn(async move {
        let _ = deaf.write_all(&request).await;
        deaf
    });
    let stalled = async {
        let mut seq = 1_000;
        while house.web.readers().stalled.load(Ordering::Relaxed) == 0 {
            seq += 1;
            house.count(seq);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let before = house.json("/api/v1/snapshot").await["at_ms"].as_i64().unwrap();
    timeout(PATIENCE, stalled).await.expect("it is hung up on");
    let after = house.json("/api/v1/snapshot").await["at_ms"].as_i64().unwrap();
    assert!(after - before >= 5_000, "decisions went on: {before} {after}");
    drop(asking.await.unwrap());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_names_what_is_answered_and_answers_fit_it() {
    let house = House::open().await;
    house.until("/ready", |it| it["ok"] == true).await;
    let description = house.json("/api/v1/openapi.json").await;
    assert_eq!(description, lightwatch::web::openapi());
    for (path, entry) in description["paths"].as_object().unwrap() {
        let asked = path.replace("{id}", "north");
        // Of two intersections there is no corridor; web/corridor and the page's test have some.
        if path == "/events" || path.contains("{corridor}") {
            continue;
        }
        let (status, head, body) = house.get(&asked).await;
        let content = entry["get"]["responses"]["200"]["content"].as_object().unwrap();
        let (media, content) = content.iter().next().unwrap();
        assert!(status == 200 && head.contains(media.as_str()), "{path}: {head}");
        let Ok(answer) = serde_json::from_str::<Value>(&body) else { continue };
        let mut schema = content["schema"].clone();
        schema["components"] = description["components"].clone();
        let checked = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<String> = checked.iter_errors(&answer).map(|it| it.to_string()).collect();
        assert!(wrong.is_empty(), "{path}: {wrong:?}");
    }
    house.close().await;
}

#[test]
fn beyond_this_machine_nobody_is_shown_anything() {
    for address in ["0.0.0.0:8087", "nowhere"] {
        let output = Command::new(env!("CARGO_BIN_EXE_lightwatch")).args(["demo", "--http", address]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{told}");
        assert!(told.contains("--http"), "{told}");
    }
}
