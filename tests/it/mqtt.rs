//! The traps of MQTT, each met once with a real broker. Facts and figures: docs, "MQTT".

use crate::broker::Broker;
use lightwatch::service::mqtt::{Link, LinkSettings, PresencePackets, Received, Status};
use lightwatch::wire::{PAYLOAD_MAX, Packet, Qos};
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

fn settings(broker: &Broker, id: &str, filters: &[&str]) -> LinkSettings {
    LinkSettings {
        broker: broker.client(id),
        tls: None,
        subscriptions: filters.iter().map(|filter| ((*filter).to_owned(), Qos::AtLeastOnce)).collect(),
        presence: None,
    }
}

async fn online(link: &Link) {
    timeout(PATIENCE, link.status().wait_for(|it| *it == Status::Online)).await.expect("the link comes up").unwrap();
}

async fn offline(link: &Link) {
    timeout(PATIENCE, link.status().wait_for(|it| *it != Status::Online)).await.expect("the link goes down").unwrap();
}

async fn start(broker: &Broker, id: &str, filters: &[&str]) -> Link {
    let link = Link::start(settings(broker, id, filters));
    online(&link).await;
    link
}

fn packet(topic: &str, payload: impl std::fmt::Display) -> Packet {
    Packet { topic: topic.to_owned(), payload: payload.to_string().into_bytes(), qos: Qos::AtMostOnce, retain: false }
}

async fn next(link: &Link) -> Received {
    timeout(PATIENCE, link.received()).await.expect("a message comes").expect("the link lives")
}

fn number(received: &Received) -> u64 {
    std::str::from_utf8(&received.payload).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_publishes_does_not_freeze_the_link_and_the_newest_gets_through() {
    let Some(broker) = Broker::start() else { return };
    let (from, to) = (start(&broker, "from", &[]).await, start(&broker, "to", &["t/#"]).await);
    for n in 0..200_000_u64 {
        from.publish(packet(&format!("t/{}", n % 50), n));
    }
    let mut newest = [0; 50];
    while newest.iter().zip(0..).any(|(&n, topic)| n != 199_950 + topic) {
        let received = next(&to).await;
        let topic: usize = received.topic[2..].parse().unwrap();
        newest[topic] = number(&received);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_finds_the_newest_message_of_each_topic() {
    let Some(broker) = Broker::start() else { return };
    let (from, to) = (start(&broker, "from", &[]).await, start(&broker, "to", &["t/#"]).await);
    let witness = start(&broker, "witness", &["t/end"]).await;
    for n in 1..=5_000_u64 {
        from.publish(packet("t/a", n));
    }
    // Comes after everything else and is never replaced. The reader sleeps until somebody else has it.
    from.publish(Packet { qos: Qos::AtLeastOnce, ..packet("t/end", 0) });
    assert_eq!(next(&witness).await.topic, "t/end");
    let mut read = Vec::new();
    loop {
        let received = next(&to).await;
        if received.topic == "t/end" {
            break;
        }
        read.push(number(&received));
    }
    assert!(read.is_sorted_by(|a, b| a < b), "newer ones only: {read:?}");
    assert_eq!(read.last(), Some(&5_000), "the newest is never the one that is lost");
    let replaced = to.lost().0 + from.lost().1;
    assert!(replaced > 0 && read.len() < 5_000, "{} read, {replaced} replaced", read.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_and_restart_of_the_broker_the_link_is_subscribed_and_flows_again() {
    let Some(mut broker) = Broker::start() else { return };
    let (from, to) = (start(&broker, "from", &[]).await, start(&broker, "to", &["t/#"]).await);
    for round in 0..3_u64 {
        from.publish(packet("t/a", round));
        assert_eq!(number(&next(&to).await), round);
        broker.kill();
        offline(&from).await;
        offline(&to).await;
        from.publish(packet("t/a", 999));
        broker.restart();
        online(&from).await;
        online(&to).await;
    }
    from.publish(packet("t/a", 7));
    assert_eq!(number(&next(&to).await), 7, "and what was published while the link was down never comes");
    assert_eq!(to.connects(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_lost_with_unacknowledged_messages_does_not_wedge_the_link() {
    let Some(mut broker) = Broker::start() else { return };
    let (from, to) = (start(&broker, "from", &[]).await, start(&broker, "to", &["t/#"]).await);
    // More than fit the window of unacknowledged messages, then the broker forgets all of them.
    broker.freeze();
    for n in 0..500_u64 {
        from.publish(Packet { qos: Qos::AtLeastOnce, ..packet("t/a", n) });
    }
    broker.kill();
    offline(&from).await;
    broker.restart();
    online(&from).await;
    online(&to).await;
    for n in 1_000..1_060_u64 {
        from.publish(Packet { qos: Qos::AtLeastOnce, ..packet("t/b", n) });
    }
    for n in 1_000..1_060_u64 {
        loop {
            let received = next(&to).await;
            if received.topic == "t/b" {
                assert_eq!(number(&received), n, "60 of 60, in order");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversize_retained_message_reaches_the_reader_cut_off_and_causes_no_reconnect() {
    let Some(broker) = Broker::start() else { return };
    let from = start(&broker, "from", &[]).await;
    for size in [PAYLOAD_MAX + 1, 200 * 1024, 1024 * 1024] {
        from.publish(Packet { retain: true, ..packet(&format!("t/{size}"), "0".repeat(size)) });
    }
    from.publish(Packet { retain: true, ..packet("t/last", 1) });
    let to = start(&broker, "to", &["t/#"]).await;
    let mut seen = Vec::new();
    while !seen.contains(&"t/last".to_owned()) {
        let received = next(&to).await;
        assert!(received.payload.len() <= PAYLOAD_MAX + 1);
        assert!(received.retained || received.topic == "t/last");
        seen.push(received.topic);
    }
    from.publish(packet("t/more", 2));
    while next(&to).await.topic != "t/more" {}
    assert_eq!((to.connects(), from.connects()), (1, 1));
    assert!(!seen.contains(&"t/1048576".to_owned()), "the broker keeps back what is above the announced limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_is_noticed_and_nothing_that_waited_in_it_blocks_the_link() {
    let Some(broker) = Broker::start() else { return };
    let link = start(&broker, "one", &["t/#"]).await;
    broker.freeze();
    // Enough to fill the socket, so that the client hangs in a write and keep-alive alone would not notice.
    let big = "x".repeat(60_000);
    for n in 0..2_000_u64 {
        link.publish(packet(&format!("t/{n}"), &big));
    }
    offline(&link).await;
    broker.thaw();
    online(&link).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_says_offline_for_an_engine_that_dies_and_the_engine_says_so_itself_when_it_stops() {
    let Some(broker) = Broker::start() else { return };
    let watcher = start(&broker, "watcher", &["p"]).await;
    let say = |text: &str| Packet { retain: true, qos: Qos::AtLeastOnce, ..packet("p", text) };
    let presence = PresencePackets { online: say("online"), offline: say("offline") };
    let engine = Link::start(LinkSettings { presence: Some(presence), ..settings(&broker, "engine", &[]) });
    let text = |received: Received| String::from_utf8(received.payload).unwrap();
    assert_eq!(text(next(&watcher).await), "online");
    // A second client of the same name throws the first one out without a good-bye: the last will speaks.
    let usurper = Link::start(settings(&broker, "engine", &[]));
    assert_eq!(text(next(&watcher).await), "offline");
    usurper.stop().await;
    while text(next(&watcher).await) != "online" {}
    engine.stop().await;
    while text(next(&watcher).await) != "offline" {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_starts_without_a_broker_and_comes_up_when_it_is_there() {
    let Some(mut broker) = Broker::start() else { return };
    broker.kill();
    let link = Link::start(settings(&broker, "early", &["t"]));
    let mut status = link.status();
    timeout(PATIENCE, status.wait_for(|it| matches!(it, Status::Offline(Some(_))))).await.unwrap().unwrap();
    broker.restart();
    online(&link).await;
    link.publish(packet("t", 5));
    assert_eq!(number(&next(&link).await), 5);
}
