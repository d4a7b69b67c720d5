//! The fastest way over free roads.
//!
//! In: a street, a class, two roads. Out: the roads of the fastest way by length over speed limit, or nothing. Dijkstra
//! (1959) over roads; ties go to the lower road. Weakness: nobody avoids a jam.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::street::{ClassIx, RoadIx, Street};

/// Which road follows which, for one class.
pub struct Roads<'a> {
    street: &'a Street,
    next: Vec<Vec<RoadIx>>,
    known: BTreeMap<(RoadIx, RoadIx), Option<Vec<RoadIx>>>,
    /// Working memory: best time so far \[ms\] and where from.
    best: Vec<(u64, u32)>,
    touched: Vec<usize>,
}

impl<'a> Roads<'a> {
    pub fn new(street: &'a Street, class: ClassIx) -> Self {
        let may = |lane: crate::street::LaneIx| street.lanes[lane.at()].classes >> class.0 & 1 == 1;
        let next_of = |road: usize| {
            let lanes = street.lanes_of(RoadIx::from(road)).filter(|&lane| may(lane));
            let links = lanes.flat_map(|lane| street.links_of(lane));
            let mut next: Vec<RoadIx> =
                links.filter(|link| may(street.links[link.at()].to)).map(|link| street.enters(link)).collect();
            next.sort_unstable();
            next.dedup();
            next
        };
        let next = (0..street.roads.len()).map(next_of).collect();
        Self {
            street,
            next,
            known: BTreeMap::new(),
            best: vec![(u64::MAX, 0); street.roads.len()],
            touched: Vec::new(),
        }
    }

    /// Whether a road can be driven on at all.
    pub fn open(&self, road: RoadIx, class: ClassIx) -> bool {
        self.street.lanes_of(road).any(|lane| self.street.lanes[lane.at()].classes >> class.0 & 1 == 1)
    }

    pub fn joined(&self, from: RoadIx, to: RoadIx) -> bool {
        self.next[from.at()].binary_search(&to).is_ok()
    }

    /// Roads after `from` up to and with `to`.
    pub fn fastest(&mut self, from: RoadIx, to: RoadIx) -> Option<Vec<RoadIx>> {
        if let Some(known) = self.known.get(&(from, to)) {
            return known.clone();
        }
        let found = self.search(from, to);
        self.known.insert((from, to), found.clone());
        found
    }

    fn millis(&self, road: RoadIx) -> u64 {
        let road = &self.street.roads[road.at()];
        (road.length_m / road.speed_mps * 1000.0) as u64 + 1
    }

    fn search(&mut self, from: RoadIx, to: RoadIx) -> Option<Vec<RoadIx>> {
        let mut open = BinaryHeap::from([Reverse((0u64, from))]);
        let mut found = None;
        // The begin itself stays unmarked, so that a round trip back to it can be found.
        while let Some(Reverse((time, road))) = open.pop() {
            if road == to && time > 0 {
                found = Some(self.way_back(from, to));
                break;
            }
            if time > 0 && self.best[road.at()].0 < time {
                continue;
            }
            for k in 0..self.next[road.at()].len() {
                let next = self.next[road.at()][k];
                let arrival = time + self.millis(next);
                if arrival < self.best[next.at()].0 {
                    self.best[next.at()] = (arrival, road.0);
                    self.touched.push(next.at());
                    open.push(Reverse((arrival, next)));
                }
            }
        }
        for at in self.touched.drain(..) {
            self.best[at] = (u64::MAX, 0);
        }
        found
    }

    fn way_back(&self, from: RoadIx, to: RoadIx) -> Vec<RoadIx> {
        let mut way = vec![to];
        let mut at = RoadIx(self.best[to.at()].1);
        while at != from {
            way.push(at);
            at = RoadIx(self.best[at.at()].1);
        }
        way.reverse();
        way
    }
}
