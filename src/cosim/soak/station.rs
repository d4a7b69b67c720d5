//! A detector station and the cabinet's own loops: what the street is like, and what they make of it when they fail.
//!
//! In: the true counts of a second, the faults that are active. Out: the counts message as bytes, and the calls of the cabinet's own
//! detectors; besides, at which groups somebody waits who could be seen. Whoever is hidden from the one or the other cannot be
//! served in time by anybody, so the liveness judge does not hold his waiting against them.

use super::clock::Clock;
use super::fault::{Fault, Kind, Tally};
use super::lots::Lots;
use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::field::Calls;
use crate::network::Network;
use crate::wire::{self, Message, Packet};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Whoever decides remembers for a while what a detector said; after a lie the waiting begins anew this much later \[ms\].
const LIE_LASTS: i64 = 1_000;

/// A station of one intersection.
#[derive(Debug)]
pub struct Station {
    ix: usize,
    network: Arc<Network>,
    /// Its clock.
    pub clock: Clock,
    seq: u64,
    /// What a lane said when it froze.
    frozen: BTreeMap<usize, PlaceCount>,
    /// Until when each lane counts as hidden \[ms\].
    hidden_until: Vec<i64>,
    lots: Lots,
}

/// What one second brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Counts, unless the station is silent.
    pub counts: Option<Rc<Packet>>,
    /// What the cabinet's own detectors say, unless they are silent.
    pub calls: Option<Calls>,
    /// Groups at which somebody stands whom everybody could see.
    pub waiting: Vec<bool>,
}

impl Station {
    /// A station that works.
    pub fn new(ix: usize, network: Arc<Network>, lots: Lots) -> Self {
        let lanes = network.intersections[ix].lanes.len();
        Self {
            ix,
            clock: Clock::default(),
            seq: 0,
            frozen: BTreeMap::new(),
            hidden_until: vec![0; lanes],
            lots,
            network,
        }
    }

    /// It is started again.
    pub fn restart(&mut self) {
        self.seq = 0;
    }

    /// A second of the street passes through it.
    pub fn second(&mut self, truth: &Observation, at: i64, active: &[Fault], tally: &mut Tally) -> Seen {
        let own: Vec<Fault> = active.iter().filter(|it| it.target == self.ix).copied().collect();
        let is = |kind: Kind| own.iter().any(|it| it.kind == kind);
        let mut told = truth.clone();
        self.seq += 1;
        (told.seq, told.at) = (self.seq, self.clock.reads(at));
        let places = std::mem::take(&mut told.places);
        told.places = places.into_iter().filter_map(|place| self.bend(place, &own, at, tally)).collect();
        if !own.iter().any(|it| it.kind == Kind::LaneFrozen) {
            self.frozen.clear();
        }
        let calls = self.calls(truth, &own, at, tally);
        let counts = if is(Kind::StationSilent) {
            tally.effect(Kind::StationSilent);
            None
        } else {
            self.encoded(told)
        };
        Seen { counts, calls, waiting: self.waiting(truth, at) }
    }

    fn encoded(&self, observation: Observation) -> Option<Rc<Packet>> {
        let intersection = self.network.intersections[self.ix].id.clone();
        let message = Message::Counts { intersection, observation, passages: Vec::new() };
        wire::encode(&message, &self.network).ok().map(Rc::new)
    }

    /// What a lane says of itself; `None` when it is missing.
    fn bend(&mut self, mut place: PlaceCount, own: &[Fault], at: i64, tally: &mut Tally) -> Option<PlaceCount> {
        let CountedPlace::Lane(lane) = place.place else { return Some(place) };
        let storage = self.network.intersections[self.ix].lanes[lane.0].storage() as u32;
        for fault in own.iter().filter(|it| it.lane == lane.0) {
            if fault.kind.hides() {
                self.hidden_until[lane.0] = at + LIE_LASTS;
            }
            match fault.kind {
                Kind::LaneDead => {
                    tally.effect(fault.kind);
                    return None;
                }
                Kind::LaneStuckOn => (place.count, place.halted, place.passed) = (storage, storage, 0),
                Kind::LaneStuckOff => (place.count, place.halted, place.passed) = (0, 0, 0),
                Kind::LaneFrozen => place = self.frozen.entry(lane.0).or_insert(place).clone(),
                Kind::LaneDoubled => (place.count, place.passed) = (2 * place.count, 2 * place.passed),
                Kind::LaneChatter => {
                    let count = self.lots.below(40) as u32;
                    (place.count, place.halted, place.passed) = (count, count / 2, self.lots.below(5) as u32);
                }
                _ => continue,
            }
            tally.effect(fault.kind);
        }
        Some(place)
    }

    /// What the cabinet's own detectors say.
    fn calls(&mut self, truth: &Observation, own: &[Fault], at: i64, tally: &mut Tally) -> Option<Calls> {
        let mut lanes = vec![None; self.hidden_until.len()];
        for place in &truth.places {
            if let CountedPlace::Lane(lane) = place.place {
                lanes[lane.0] = Some(place.halted > 0 || place.passed > 0);
            }
        }
        for fault in own {
            match fault.kind {
                Kind::CallsSilent => {
                    tally.effect(fault.kind);
                    return None;
                }
                Kind::CallsUnknown => lanes.fill(None),
                Kind::CallsStuckOn => lanes.fill(Some(true)),
                Kind::CallsStuckOff => {
                    lanes.fill(Some(false));
                    self.hidden_until.fill(at + LIE_LASTS);
                }
                _ => continue,
            }
            tally.effect(fault.kind);
        }
        Some(Calls { lanes })
    }

    fn waiting(&self, truth: &Observation, at: i64) -> Vec<bool> {
        let intersection = &self.network.intersections[self.ix];
        let mut seen = truth.clone();
        seen.places.retain(|place| match place.place {
            CountedPlace::Lane(lane) => at >= self.hidden_until[lane.0],
            CountedPlace::Feeder(_) => false,
        });
        crate::cosim::watch::waiting(intersection, &seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::soak::site;
    use crate::ids::LaneIx;
    use crate::time::Millis;

    fn seen(kind: Kind) -> (Vec<PlaceCount>, Seen, Tally) {
        let network = Arc::new(site::network(&mut Lots::new(4, 1), 1));
        let mut station = Station::new(0, Arc::clone(&network), Lots::new(1, 1));
        let lanes = network.intersections[0].lanes.len();
        let mut tally = Tally::default();
        let fault = Fault { kind, target: 0, lane: 0, from: 0, until: 10_000, size: 0 };
        let mut last = None;
        for second in 1..=2 {
            let place = |lane| PlaceCount {
                place: CountedPlace::Lane(LaneIx(lane)),
                count: 4 + second,
                halted: 3,
                passed: 0,
                occupancy: None,
                mean_speed_mps: None,
            };
            let at = super::super::clock::truth(i64::from(second) * 1_000);
            let truth =
                Observation { at, seq: 9, period: Millis::from_secs(1), places: (0..lanes).map(place).collect() };
            last = Some(station.second(&truth, i64::from(second) * 1_000, &[fault], &mut tally));
        }
        let last = last.unwrap();
        let decoded = last.counts.as_ref().map(|it| wire::decode(&it.topic, &it.payload, &network, None).unwrap());
        let places = match decoded {
            Some(Message::Counts { observation, .. }) => observation.places,
            _ => Vec::new(),
        };
        (places, last, tally)
    }

    #[test]
    fn each_failure_of_a_lane_bends_what_it_says_and_is_counted() {
        let first = |kind| {
            let (places, _, tally) = seen(kind);
            assert_eq!(tally.effects[&kind], 2, "{kind:?}");
            let place = places.iter().find(|it| it.place == CountedPlace::Lane(LaneIx(0)));
            place.map(|it| (it.count, it.halted))
        };
        assert_eq!(first(Kind::LaneDead), None);
        assert_eq!(first(Kind::LaneStuckOff), Some((0, 0)));
        assert_eq!(first(Kind::LaneStuckOn), Some((26, 26)));
        assert_eq!(first(Kind::LaneFrozen), Some((5, 3)));
        assert_eq!(first(Kind::LaneDoubled), Some((12, 3)));
    }

    #[test]
    fn who_is_hidden_is_not_held_against_anybody_and_who_is_seen_is() {
        assert!(seen(Kind::Lost).1.waiting.iter().any(|&waits| waits));
        assert!(!seen(Kind::CallsStuckOff).1.waiting.iter().any(|&waits| waits));
        assert!(seen(Kind::StationSilent).1.waiting.iter().any(|&waits| waits), "the cabinet sees them");
        assert_eq!(seen(Kind::StationSilent).1.counts, None);
        assert_eq!(seen(Kind::CallsSilent).1.calls, None);
    }
}
