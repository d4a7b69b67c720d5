//! Identity × topic on a real mosquitto with what `deploy/mosquitto` ships: nobody may say or hear more than the list.
//!
//! Everybody says everything, and what arrives at a listener who may hear all is what may be said; then one who may say all says
//! everything, and what arrives at somebody who asked for `#` is what he may hear. Whoever is measured ends with a word on a topic of his
//! own (`probe/NAME`, added to the list for this), so that nothing is waited for in vain. The table is docs/broker-access.md; `BLESS=1` writes it.

use super::broker::Broker;
use super::secured_broker::{self, DEVICES, STRANGER, tls};
use lightwatch::service::mqtt::{Link, LinkSettings, Status};
use lightwatch::service::tls::{Pem, Tls};
use lightwatch::time::Millis;
use lightwatch::wire::{PAYLOAD_MAX, Packet, Qos};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// Added to the shipped list: one who may do all, and a word for each to end with.
const PROBE: &str = "\nuser everybody\ntopic readwrite #\n\npattern readwrite probe/%u\n";

/// Who may say what: the list, written a second time. `*` stands for every intersection, verb or code.
const MAY_SAY: [(&str, &[&str]); 9] = [
    (
        "engine-1",
        &["*/plan", "*/spat", "*/decision", "*/outflow", "*/result/*", "*/alarm/*", "$engine/engine-1/presence"],
    ),
    ("north.controller", &["north/state", "north/request", "north/alarm/*"]),
    ("north.detector", &["north/counts"]),
    ("south.controller", &["south/state", "south/request", "south/alarm/*"]),
    ("brigade", &["*/request"]),
    ("desk", &["*/command/*"]),
    ("page", &[]),
    ("phone", &[]),
    (STRANGER, &[]),
];

const EVERYTHING: &[&str] = &[
    "*/counts",
    "*/plan",
    "*/state",
    "*/spat",
    "*/request",
    "*/decision",
    "*/outflow",
    "*/command/*",
    "*/result/*",
    "*/alarm/*",
    "$engine/*/presence",
];

/// Who may hear what.
const MAY_HEAR: [(&str, &[&str]); 9] = [
    ("engine-1", &["*/counts", "*/state", "*/request", "*/outflow", "*/command/*", "$engine/*/presence"]),
    ("north.controller", &["north/plan", "north/counts"]),
    ("north.detector", &[]),
    ("south.controller", &["south/plan", "south/counts"]),
    ("brigade", &[]),
    ("desk", EVERYTHING),
    ("page", EVERYTHING),
    ("phone", &["*/spat"]),
    (STRANGER, &[]),
];

/// Every topic of docs/asyncapi.yaml, for an intersection of one's own and another, every verb, and of another city.
fn topics() -> Vec<String> {
    let document = include_str!("../../docs/asyncapi.yaml");
    let addresses =
        document.lines().filter_map(|line| line.trim().strip_prefix("address: ")).map(|it| it.trim_matches('"'));
    let mut topics: Vec<String> = addresses.map(str::to_owned).collect();
    assert!(topics.len() >= 11, "docs/asyncapi.yaml has lost its topics: {topics:?}");
    for (hole, words) in [
        ("{city}", &["Testville"][..]),
        ("{intersection}", &["north", "south"]),
        ("{verb}", &["stage", "fixed_time", "release"]),
        ("{code}", &["detector"]),
        ("{engine}", &["engine-1", "engine-2"]),
    ] {
        let fill = |topic: String| -> Vec<String> {
            if topic.contains(hole) {
                words.iter().map(|word| topic.replace(hole, word)).collect()
            } else {
                vec![topic]
            }
        };
        topics = topics.into_iter().flat_map(fill).collect();
    }
    topics.extend(
        ["lw/1/Elsewhere/north/plan", "lw/1/Elsewhere/north/counts", "lw/2/Testville/north/plan"].map(str::to_owned),
    );
    assert!(topics.iter().all(|topic| !topic.contains('{')), "a level that this test does not fill: {topics:?}");
    topics.sort();
    topics
}

/// The topics that a list means.
fn meant(list: &[&str]) -> BTreeSet<String> {
    let fits = |topic: &str, pattern: &str| {
        let levels: Vec<&str> = topic.split('/').collect();
        let wanted: Vec<&str> = pattern.split('/').collect();
        let intersection = levels[0] != "$engine";
        levels.len() == wanted.len()
            && levels
                .iter()
                .zip(&wanted)
                .all(|(level, want)| level == want || (*want == "*" && (intersection || *level != "$engine")))
    };
    let inside = |topic: &String| {
        let rest = topic.strip_prefix("lw/1/Testville/");
        rest.is_some_and(|rest| list.iter().any(|pattern| fits(rest, pattern)))
    };
    topics().into_iter().filter(inside).collect()
}

fn identities() -> Vec<&'static str> {
    DEVICES.lines().filter_map(|line| line.split_whitespace().nth(1)).chain([STRANGER]).collect()
}

/// Somebody at the broker, who asked for everything.
async fn come(broker: &Broker, name: &str) -> Link {
    let link = connect(broker, name, Some(tls(broker, name)));
    timeout(PATIENCE, link.status().wait_for(|it| *it == Status::Online))
        .await
        .expect("the broker lets it in")
        .unwrap();
    link
}

fn connect(broker: &Broker, name: &str, tls: Option<Tls>) -> Link {
    let host = "localhost".to_owned();
    // On a full machine a link of five seconds could be lost for want of a sign of life; that is not what is asked here.
    let keep_alive = Millis::from_secs(60);
    let broker = lightwatch::config::Broker { host, keep_alive, ..broker.client(name) };
    let subscriptions = vec![("#".to_owned(), Qos::AtLeastOnce)];
    Link::start(LinkSettings { broker, tls, subscriptions, presence: None })
}

fn say(link: &Link, topic: &str, payload: &[u8]) {
    link.publish(Packet { topic: topic.to_owned(), payload: payload.to_vec(), qos: Qos::AtLeastOnce, retain: false });
}

/// What a link hears until the probe of a name: topics that carry the name.
async fn heard(link: &Link, name: &str) -> BTreeSet<String> {
    let (mut heard, probe) = (BTreeSet::new(), format!("probe/{name}"));
    loop {
        let received = timeout(PATIENCE, link.received()).await.expect("the probe comes").expect("the link lives");
        if received.topic == probe {
            return heard;
        }
        if received.payload == name.as_bytes() {
            heard.insert(received.topic);
        }
    }
}

/// What may be said and heard by each, as measured.
async fn measure(broker: &Broker) -> Vec<(&'static str, BTreeSet<String>, BTreeSet<String>)> {
    let everybody = come(broker, "everybody").await;
    let mut table = Vec::new();
    for name in identities() {
        let link = come(broker, name).await;
        for topic in topics() {
            say(&link, &topic, name.as_bytes());
        }
        say(&link, &format!("probe/{name}"), b"");
        let said = heard(&everybody, name).await;
        // His own probe came back to him as well; what he may hear is measured from here on.
        let own = heard(&link, name).await;
        for topic in topics() {
            say(&everybody, &topic, name.as_bytes());
        }
        say(&everybody, &format!("probe/{name}"), b"");
        let mut hears = heard(&link, name).await;
        hears.extend(own);
        heard(&everybody, name).await;
        link.stop().await;
        table.push((name, said, hears));
    }
    table
}

fn page(table: &[(&str, BTreeSet<String>, BTreeSet<String>)]) -> String {
    let mut text = String::from(
        "# Who may say and hear what at the broker\n\n\
         Measured on mosquitto with the files of `deploy/mosquitto`, by `cargo test --test it broker_access` (`BLESS=1` writes this page): each\n\
         identity says every topic of [asyncapi.yaml](asyncapi.yaml) and asks for `#`. S: what it says arrives; H: it hears what others say.\n\
         `stranger` has a certificate of the same authority and stands in no list. Who has none, or one of another authority, or speaks\n\
         TLS 1.2, is not let in. Detector and cabinet of an intersection each have a name of their own.\n\n| Topic |",
    );
    let _ = writeln!(text, " {} |", table.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(table.len()));
    for topic in topics() {
        let cell = |(_, said, heard): &(&str, BTreeSet<String>, BTreeSet<String>)| match (
            said.contains(&topic),
            heard.contains(&topic),
        ) {
            (true, true) => "S H",
            (true, false) => "S",
            (false, true) => "H",
            (false, false) => "·",
        };
        let _ = writeln!(text, "| `{topic}` | {} |", table.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_says_or_hears_more_than_the_list() {
    let Some(broker) = secured_broker::start(PROBE) else { return };
    let table = measure(&broker).await;
    for (name, said, heard) in &table {
        let list =
            |of: &[(&str, &'static [&'static str])]| of.iter().find(|(who, _)| who == name).expect("in the list").1;
        assert_eq!(*said, meant(list(&MAY_SAY)), "{name} says");
        assert_eq!(*heard, meant(list(&MAY_HEAR)), "{name} hears");
    }
    let (path, page) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/broker-access.md"), page(&table));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page, "BLESS=1 writes docs/broker-access.md");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_certificate_with_a_foreign_one_in_the_clear_or_with_tls_1_2_nobody_is_let_in() {
    let Some(broker) = secured_broker::start(PROBE) else { return };
    let authority = std::fs::read(broker.folder().join("ca.crt")).unwrap();
    let nameless = Tls::new(Pem { authority: &authority, identity: None }).unwrap();
    let Some(other) = secured_broker::start(PROBE) else { return };
    for (what, tls) in
        [("nothing", None), ("no certificate", Some(nameless)), ("a foreign authority", Some(tls(&other, "desk")))]
    {
        let link = connect(&broker, "desk", tls);
        let mut status = link.status();
        let told =
            timeout(PATIENCE, status.wait_for(|it| matches!(it, Status::Online | Status::Offline(Some(_))))).await;
        assert!(matches!(*told.expect("an answer").unwrap(), Status::Offline(_)), "{what} was let in");
        link.stop().await;
    }
    let old = |flag: &str| {
        let at = |name: &str| broker.folder().join(name).display().to_string();
        let port = format!("localhost:{}", broker.port);
        let (ca, cert, key) = (at("ca.crt"), at("desk.crt"), at("desk.key"));
        let arguments =
            ["s_client", flag, "-connect", &port, "-CAfile", &ca, "-cert", &cert, "-key", &key, "-verify_return_error"];
        let ended = Command::new("openssl").args(arguments).stdin(Stdio::null()).output().expect("openssl is there");
        ended.status.success()
    };
    assert!(!old("-tls1_2"), "TLS 1.2 was let in");
    assert!(old("-tls1_3"), "openssl gets in with TLS 1.3, so the test above can tell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_above_the_limit_reaches_nobody_and_one_at_the_limit_does() {
    let Some(broker) = secured_broker::start(PROBE) else { return };
    let (everybody, page) = (come(&broker, "everybody").await, come(&broker, "page").await);
    let long = |bytes| vec![b'x'; bytes];
    say(&everybody, "lw/1/Testville/north/spat", &long(PAYLOAD_MAX));
    say(&everybody, "lw/1/Testville/north/state", &long(PAYLOAD_MAX + 1));
    say(&everybody, "lw/1/Testville/south/spat", b"after");
    let mut heard = Vec::new();
    while heard.last().is_none_or(|topic: &String| !topic.contains("south")) {
        heard.push(timeout(PATIENCE, page.received()).await.expect("it comes").unwrap().topic);
    }
    assert_eq!(heard, ["lw/1/Testville/north/spat", "lw/1/Testville/south/spat"]);
    assert_eq!((everybody.connects(), page.connects()), (1, 1), "nobody is thrown out for it");
}
