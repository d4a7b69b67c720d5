//! The fastest way, over free roads or as long as they take now.
//!
//! In: a street, a class, two roads, perhaps times of the roads. Out: the roads of the fastest way by length over speed limit
//! or those times, or nothing; a turn back costs 5 s and giving way without lamps 1.5 s more, as in SUMO 1.28
//! (`weights.turnaround-penalty`, `minor-penalty`). Dijkstra (1959) over roads; ties go to the lower road.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::street::{ClassIx, LinkIx, Road, RoadIx, Street, Turn};

/// What a turn back costs \[ms\].
const TURN_BACK_MS: u64 = 5_000;
/// What giving way without lamps costs \[ms\].
const GIVE_WAY_MS: u64 = 1_500;

/// Which road follows which, for one class.
pub struct Roads {
    /// Time on each free road \[ms\].
    free: Vec<u64>,
    /// Whether any lane of each road is open to the class.
    open: Vec<bool>,
    /// Next roads in their order, with the time over the junction \[ms\].
    next: Vec<Vec<(RoadIx, u64)>>,
    known: BTreeMap<(RoadIx, RoadIx), Option<Vec<RoadIx>>>,
    /// Working memory: best time so far \[ms\] and where from.
    best: Vec<(u64, u32)>,
    touched: Vec<usize>,
}

/// Time over a junction \[ms\].
fn over(street: &Street, link: LinkIx) -> u64 {
    let it = &street.links[link.at()];
    let gives_way = it.lamp.is_none() && street.foes_of(link).iter().any(|foe| foe.yields);
    let back = if it.turn == Turn::U { TURN_BACK_MS } else { 0 };
    (it.length_m / it.speed_mps * 1000.0) as u64 + back + if gives_way { GIVE_WAY_MS } else { 0 }
}

impl Roads {
    pub fn new(street: &Street, class: ClassIx) -> Self {
        let may = |lane: crate::street::LaneIx| street.lanes[lane.at()].classes >> class.0 & 1 == 1;
        let next_of = |road: usize| {
            let lanes = street.lanes_of(RoadIx::from(road)).filter(|&lane| may(lane));
            let links = lanes.flat_map(|lane| street.links_of(lane));
            let open = links.filter(|link| may(street.links[link.at()].to));
            let mut next: Vec<(RoadIx, u64)> = open.map(|link| (street.enters(link), over(street, link))).collect();
            next.sort_unstable();
            next.dedup_by_key(|it| it.0);
            next
        };
        let next = (0..street.roads.len()).map(next_of).collect();
        let millis = |road: &Road| (road.length_m / road.speed_mps * 1000.0) as u64 + 1;
        Self {
            free: street.roads.iter().map(millis).collect(),
            open: (0..street.roads.len()).map(|road| street.lanes_of(RoadIx::from(road)).any(may)).collect(),
            next,
            known: BTreeMap::new(),
            best: vec![(u64::MAX, 0); street.roads.len()],
            touched: Vec::new(),
        }
    }

    /// Whether a road can be driven on at all.
    pub fn open(&self, road: RoadIx) -> bool {
        self.open[road.at()]
    }

    pub fn joined(&self, from: RoadIx, to: RoadIx) -> bool {
        self.next[from.at()].binary_search_by_key(&to, |it| it.0).is_ok()
    }

    /// Roads after `from` up to and with `to`.
    pub fn fastest(&mut self, from: RoadIx, to: RoadIx) -> Option<Vec<RoadIx>> {
        if let Some(known) = self.known.get(&(from, to)) {
            return known.clone();
        }
        let free = std::mem::take(&mut self.free);
        let found = self.search(from, to, &free);
        self.free = free;
        self.known.insert((from, to), found.clone());
        found
    }

    /// As [`Roads::fastest`], by the times of the roads \[ms\].
    pub fn fastest_now(&mut self, from: RoadIx, to: RoadIx, millis: &[u64]) -> Option<Vec<RoadIx>> {
        self.search(from, to, millis)
    }

    fn search(&mut self, from: RoadIx, to: RoadIx, millis: &[u64]) -> Option<Vec<RoadIx>> {
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
                let (next, over) = self.next[road.at()][k];
                let arrival = time + over + millis[next.at()];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::street::{Control, JunctionFile, LaneFile, LinkFile, LinkRef, RoadFile, StreetFile};

    /// From `in` to `out` by `minor`, which is shorter by a second, or by `major`, to which it gives way.
    fn fork() -> Street {
        let junction = |id: &str| JunctionFile {
            id: id.to_owned(),
            x_m: 0.0,
            y_m: 0.0,
            control: Control::default(),
            signal: None,
        };
        let road = |id: &str, from: &str, to: &str, length_m| RoadFile {
            id: id.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            length_m,
            speed_mps: 10.0,
            priority: 0,
            shape: Vec::new(),
            lanes: vec![LaneFile::default()],
        };
        let link = |from: &str, to: &str| LinkFile {
            from: format!("{from}_0"),
            to: format!("{to}_0"),
            turn: Turn::Straight,
            length_m: 5.0,
            speed_mps: None,
            shape: Vec::new(),
            signal: None,
            yields_to: Vec::new(),
            conflicts_with: Vec::new(),
            waits_inside_m: None,
        };
        let mut links = vec![link("in", "minor"), link("in", "major"), link("minor", "out"), link("major", "out")];
        links[2].yields_to.push(LinkRef::Index(3));
        let roads = vec![
            road("in", "a", "b", 50.0),
            road("minor", "b", "c", 100.0),
            road("major", "b", "c", 110.0),
            road("out", "c", "d", 50.0),
        ];
        let junctions = ["a", "b", "c", "d"].map(junction).to_vec();
        Street::build(StreetFile { junctions, roads, links, ..StreetFile::default() }).expect("the fork is sound")
    }

    #[test]
    fn a_way_that_has_to_give_way_must_be_faster_by_more_than_a_second_and_a_half() {
        let mut street = fork();
        let road = |street: &Street, id| street.road(id).expect("the road is there");
        let way = |street: &Street| Roads::new(street, ClassIx(0)).fastest(road(street, "in"), road(street, "out"));
        assert_eq!(way(&street), Some(vec![road(&street, "major"), road(&street, "out")]));
        let minor = road(&street, "minor").at();
        street.roads[minor].length_m = 90.0;
        assert_eq!(way(&street), Some(vec![road(&street, "minor"), road(&street, "out")]));
    }
}
