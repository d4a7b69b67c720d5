//! The way of messages: links, two brokers and the bridge between them, in virtual time.
//!
//! ```text
//! engines, office ──link──> broker of the centre <──bridge──> broker of the street <──link── cabinets, detector stations
//! ```
//!
//! In: packets with sender and receiver. Out: what arrives, in the order in which it arrives. At every link of its way a message meets
//! the faults that are active there: it is lost, delayed, doubled, overtaken, corrupted (bytes of the real encoding), cut off, held
//! back, or an old one is said again in its wake. A broker that is dead forgets everything and throws its clients out, who come back
//! after 0.2 to 5 s; one that is frozen delivers later, all at once.

use super::fault::{Aim, Fault, Kind, Tally};
use super::lots::Lots;
use crate::wire::Packet;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;

/// Messages of a link that may be said again.
const REMEMBERED: usize = 64;
/// The bridge between the two brokers.
pub const BRIDGE: usize = 3;

/// Who sends and receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// The first or the second engine.
    Engine(usize),
    /// Operators, and everybody who asks for green.
    Office,
    /// A field controller.
    Cabinet(usize),
    /// A detector station.
    Station(usize),
}

impl Node {
    /// Number of the node's link.
    pub const fn link(self) -> usize {
        match self {
            Self::Engine(engine) => engine,
            Self::Office => 2,
            Self::Cabinet(ix) => 4 + 2 * ix,
            Self::Station(ix) => 5 + 2 * ix,
        }
    }

    /// The broker that it is a client of: 0 in the centre, 1 at the street.
    const fn broker(self) -> usize {
        matches!(self, Self::Cabinet(_) | Self::Station(_)) as usize
    }
}

/// Number of links with so many intersections.
pub const fn links(intersections: usize) -> usize {
    4 + 2 * intersections
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Who gets it.
    pub to: Node,
    /// Topic and bytes.
    pub packet: Rc<Packet>,
    from: Node,
    due: i64,
    order: u64,
    hop: usize,
}

impl Ord for Mail {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}

impl PartialOrd for Mail {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A stretch of the way.
enum Hop {
    Link(usize),
    Broker(usize),
    There,
}

/// All links and brokers.
#[derive(Debug)]
pub struct Post {
    under_way: BinaryHeap<Reverse<Mail>>,
    order: u64,
    /// When the client of each link is connected again.
    online_from: Vec<i64>,
    recent: Vec<VecDeque<Mail>>,
    broker_down_until: [i64; 2],
    broker_frozen_until: [i64; 2],
    lots: Lots,
}

impl Post {
    /// Everything up, nothing under way.
    pub fn new(intersections: usize, lots: Lots) -> Self {
        Self {
            under_way: BinaryHeap::new(),
            order: 0,
            online_from: vec![0; links(intersections)],
            recent: vec![VecDeque::new(); links(intersections)],
            broker_down_until: [0; 2],
            broker_frozen_until: [0; 2],
            lots,
        }
    }

    /// A broker is killed until an instant; its clients come back after it.
    pub fn kill_broker(&mut self, broker: usize, until: i64) {
        self.broker_down_until[broker] = self.broker_down_until[broker].max(until);
        for link in 0..self.online_from.len() {
            let here = usize::from(link >= 4);
            if here == broker || link == BRIDGE {
                self.online_from[link] = until + self.lots.between(200, 5_000);
            }
        }
    }

    /// A broker stands still until an instant.
    pub fn freeze_broker(&mut self, broker: usize, until: i64) {
        self.broker_frozen_until[broker] = self.broker_frozen_until[broker].max(until);
    }

    /// When everybody is connected again.
    pub fn connected_from(&self) -> i64 {
        self.online_from.iter().copied().max().unwrap_or(0)
    }

    /// Somebody sends a message to somebody.
    pub fn send(&mut self, packet: Rc<Packet>, from: Node, to: Node, at: i64) {
        self.order += 1;
        self.under_way.push(Reverse(Mail { to, packet, from, due: at, order: self.order, hop: 0 }));
    }

    /// What has arrived by an instant, in order.
    pub fn deliver(&mut self, at: i64, active: &[Fault], tally: &mut Tally) -> Vec<Mail> {
        let mut arrived = Vec::new();
        while self.under_way.peek().is_some_and(|Reverse(mail)| mail.due <= at) {
            let Some(Reverse(mail)) = self.under_way.pop() else { break };
            match hop(&mail) {
                Hop::There => arrived.push(mail),
                Hop::Link(link) => self.over_link(mail, link, active, tally),
                Hop::Broker(broker) => self.through_broker(mail, broker, tally),
            }
        }
        arrived
    }

    fn through_broker(&mut self, mut mail: Mail, broker: usize, tally: &mut Tally) {
        if mail.due < self.broker_down_until[broker] {
            return tally.effect(Kind::BrokerKilled);
        }
        if mail.due < self.broker_frozen_until[broker] {
            tally.effect(Kind::BrokerFrozen);
            mail.due = self.broker_frozen_until[broker];
        }
        mail.hop += 1;
        self.under_way.push(Reverse(mail));
    }

    /// What happens to a message on a link.
    fn over_link(&mut self, mut mail: Mail, link: usize, active: &[Fault], tally: &mut Tally) {
        if mail.due < self.online_from[link] {
            return tally.effect(Kind::BrokerKilled);
        }
        let at = mail.due;
        self.remember(link, &mail);
        for fault in active.iter().filter(|it| it.kind.aim() == Aim::Link && it.target == link && it.until > at) {
            let strikes = self.lots.chance(fault.size as f64 / 100.0);
            match fault.kind {
                Kind::Cut => return tally.effect(fault.kind),
                Kind::Flapping if (at - fault.from).rem_euclid(fault.size) < fault.size / 2 => {
                    return tally.effect(fault.kind);
                }
                Kind::Lost if strikes => return tally.effect(fault.kind),
                Kind::Late => mail.due += self.lots.between(1, fault.size),
                Kind::Held => mail.due = mail.due.max(fault.until),
                Kind::Reordered if strikes => mail.due += self.lots.between(50, 900),
                Kind::Doubled if strikes => self.again(mail.clone(), at),
                Kind::Replayed if strikes => {
                    if let Some(old) = self.old(link) {
                        self.again(old, at);
                    }
                }
                Kind::Corrupted if strikes => mail.packet = Rc::new(self.corrupted(&mail.packet)),
                _ => continue,
            }
            tally.effect(fault.kind);
        }
        mail.due += self.lots.between(1, 15);
        mail.hop += 1;
        self.under_way.push(Reverse(mail));
    }

    fn remember(&mut self, link: usize, mail: &Mail) {
        let recent = &mut self.recent[link];
        if recent.len() == REMEMBERED {
            recent.pop_front();
        }
        recent.push_back(mail.clone());
    }

    fn old(&mut self, link: usize) -> Option<Mail> {
        let count = self.recent[link].len();
        (count > 0).then(|| self.recent[link][self.lots.below(count)].clone())
    }

    /// A copy goes on from behind this link.
    fn again(&mut self, mail: Mail, at: i64) {
        self.order += 1;
        let due = at + self.lots.between(1, 2_000);
        self.under_way.push(Reverse(Mail { due, order: self.order, hop: mail.hop + 1, ..mail }));
    }

    /// Some bytes are different, missing or too many.
    fn corrupted(&mut self, packet: &Packet) -> Packet {
        let mut packet = packet.clone();
        for _ in 0..self.lots.between(1, 3) {
            let place = self.lots.below(packet.payload.len().max(1)).min(packet.payload.len().saturating_sub(1));
            match self.lots.below(5) {
                _ if packet.payload.is_empty() => {}
                0 => packet.payload[place] ^= 1 << self.lots.below(8),
                1 => packet.payload[place] = b'0' + self.lots.below(10) as u8,
                2 => packet.payload.truncate(place),
                3 => drop(packet.payload.remove(place)),
                _ => packet.payload.insert(place, self.lots.below(256) as u8),
            }
        }
        packet
    }
}

/// Where a message is on its way.
fn hop(mail: &Mail) -> Hop {
    let (from, to) = (mail.from.broker(), mail.to.broker());
    match (mail.hop, from == to) {
        (0, _) => Hop::Link(mail.from.link()),
        (1, _) => Hop::Broker(from),
        (2, true) | (4, false) => Hop::Link(mail.to.link()),
        (2, false) => Hop::Link(BRIDGE),
        (3, false) => Hop::Broker(to),
        _ => Hop::There,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Qos;

    fn sent(active: &[Fault], prepare: impl FnOnce(&mut Post)) -> (Vec<Mail>, Tally) {
        let mut post = Post::new(1, Lots::new(1, 1));
        prepare(&mut post);
        let mut tally = Tally::default();
        let mut arrived = Vec::new();
        for second in 0..40 {
            let payload = format!("{{\"number\":{second}}}").into_bytes();
            let packet = Packet { topic: "t".to_owned(), payload, qos: Qos::AtMostOnce, retain: false };
            post.send(Rc::new(packet), Node::Engine(0), Node::Cabinet(0), second * 1_000);
            for tick in 0..10 {
                arrived.extend(post.deliver(second * 1_000 + tick * 100, active, &mut tally));
            }
        }
        arrived.extend(post.deliver(100_000, active, &mut tally));
        (arrived, tally)
    }

    fn on(kind: Kind, link: usize, size: i64) -> Vec<Fault> {
        vec![Fault { kind, target: link, lane: 0, from: 10_000, until: 30_000, size }]
    }

    #[test]
    fn without_faults_everything_arrives_once_in_order_within_a_tick() {
        let (arrived, tally) = sent(&[], |_| ());
        assert_eq!(arrived.len(), 40);
        assert!(arrived.windows(2).all(|pair| pair[0].order < pair[1].order));
        assert!(arrived.iter().zip(0..).all(|(mail, second)| mail.due - second * 1_000 < 100));
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn each_fault_of_a_link_does_what_its_name_says_on_every_link_of_the_way() {
        for link in [Node::Engine(0).link(), BRIDGE, Node::Cabinet(0).link()] {
            let count = |kind, size| {
                let (arrived, tally) = sent(&on(kind, link, size), |_| ());
                assert!(tally.effects[&kind] > 0, "{kind:?} on {link}");
                arrived
            };
            let longest = |arrived: &[Mail]| arrived.iter().map(|it| it.due).max().unwrap_or(0);
            assert!(count(Kind::Cut, 0).len() < 25);
            assert!((20..40).contains(&count(Kind::Lost, 60).len()));
            assert!(count(Kind::Doubled, 95).len() > 50);
            assert!(count(Kind::Replayed, 95).len() > 50);
            assert_eq!(count(Kind::Held, 0).len(), 40);
            assert!(longest(&count(Kind::Late, 10_000)) >= 39_000);
            let corrupted = count(Kind::Corrupted, 95);
            assert!(
                corrupted.iter().any(|it| serde_json::from_slice::<serde_json::Value>(&it.packet.payload).is_err())
            );
            assert!((20..40).contains(&count(Kind::Flapping, 2_500).len()));
        }
    }

    #[test]
    fn a_dead_broker_forgets_and_a_frozen_one_delivers_later_all_at_once() {
        for broker in 0..2 {
            let (arrived, _) = sent(&[], |post| post.kill_broker(broker, 10_000));
            assert!((24..=30).contains(&arrived.len()), "{}", arrived.len());
            let (arrived, tally) = sent(&[], |post| post.freeze_broker(broker, 10_000));
            assert_eq!((arrived.len(), tally.effects[&Kind::BrokerFrozen]), (40, 10));
            assert!(arrived[..10].iter().all(|mail| mail.due >= 10_000));
        }
    }
}
