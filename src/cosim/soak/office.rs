//! Who asks and who commands: walkers, buses, vehicles on duty, operators; while the adversary lets them.
//!
//! In: the faults `asking` and `commanding`. Out: requests and commands as bytes, two a second at each intersection that is struck.

use super::clock::truth;
use super::fault::{Fault, Kind, Tally};
use super::lots::Lots;
use crate::ids::{GroupIx, StageIx};
use crate::network::Network;
use crate::plan::{Action, Command, Request, RequestKind};
use crate::time::Millis;
use crate::wire::{self, KeyRing, Message, Packet};
use std::rc::Rc;
use std::sync::Arc;

/// The office.
#[derive(Debug)]
pub struct Office {
    network: Arc<Network>,
    keys: Arc<KeyRing>,
    lots: Lots,
    number: u64,
}

impl Office {
    /// An office for a network.
    pub const fn new(network: Arc<Network>, keys: Arc<KeyRing>, lots: Lots) -> Self {
        Self { network, keys, lots, number: 0 }
    }

    /// What is asked and commanded in a second.
    pub fn second(&mut self, at: i64, active: &[Fault], tally: &mut Tally) -> Vec<Rc<Packet>> {
        let mut sent = Vec::new();
        for fault in active {
            let messages = match fault.kind {
                Kind::Asking => vec![self.request(fault.target, at), self.request(fault.target, at)],
                Kind::Commanding if self.lots.chance(0.2) => vec![self.command(fault.target, at)],
                _ => continue,
            };
            tally.effect(fault.kind);
            let sealed = |message| wire::encode(message, &self.network).and_then(|it| self.keys.seal(it)).ok();
            sent.extend(messages.iter().filter_map(sealed).map(Rc::new));
        }
        sent
    }

    fn request(&mut self, ix: usize, at: i64) -> Message {
        let intersection = &self.network.intersections[ix];
        let kind = self.lots.pick(&[RequestKind::Pedestrian, RequestKind::Transit, RequestKind::Emergency]);
        let at = truth(at);
        let eta = (kind != RequestKind::Pedestrian).then(|| at + Millis(self.lots.between(-2_000, 60_000)));
        Message::Request(Request {
            intersection: intersection.id.clone(),
            id: format!("r{}", self.lots.below(60)),
            at,
            kind,
            group: GroupIx(self.lots.below(intersection.groups.len())),
            eta,
            class: None,
        })
    }

    fn command(&mut self, ix: usize, at: i64) -> Message {
        self.number += 1;
        let intersection = &self.network.intersections[ix];
        let action = match self.lots.below(3) {
            0 => Action::Release,
            1 => Action::FixedTime,
            _ => Action::Stage(StageIx(self.lots.below(intersection.stages.len()))),
        };
        Message::Command(Command {
            intersection: intersection.id.clone(),
            id: format!("c{}", self.number),
            at: truth(at),
            expires: truth(at) + Millis(self.lots.between(1, 20) * 1_000),
            operator: "soak".to_owned(),
            reason: None,
            action,
        })
    }
}
