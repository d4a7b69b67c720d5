//! A corridor: a path of signals, each reached from the one before by one road.
//!
//! In: the network, or names. Out: stops with their distance, the lanes that go on along the corridor, the free speed to the next. The
//! network holds no positions: *straight on* is what a `through` movement from the road of arrival to the next road is.

use crate::ids::LaneIx;
use crate::network::{Link, Network, Turn};
use std::cmp::Reverse;

/// A path of signals.
#[derive(Debug, Clone, PartialEq)]
pub struct Corridor {
    /// In the direction of travel, at least two.
    pub stops: Vec<Stop>,
}

/// One signal of a corridor.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// Position of the intersection in the network.
    pub ix: usize,
    /// Its name.
    pub name: String,
    /// Distance of its stop line from that of the first \[m\].
    pub distance_m: f64,
    /// Free speed on the road to the next \[m/s\].
    pub speed_mps: f64,
    /// Lanes from which the corridor goes on; at the last signal those that go straight on.
    pub lanes: Vec<LaneIx>,
    /// All lanes of the approach.
    pub approach: Vec<LaneIx>,
}

impl Corridor {
    /// The straight path with the most signals (then the longest, then the first by name); `None` where no two signals are joined.
    pub fn longest(network: &Network) -> Option<Self> {
        let paths = network.links.iter().map(|first| straight_on(network, first));
        let length = |path: &[&Link]| path.iter().map(|link| link.length_m).sum::<f64>();
        let best = paths.max_by(|a, b| {
            let by_name = |path: &[&Link]| Reverse(path.first().map(|link| link.id.clone()));
            a.len().cmp(&b.len()).then(length(a).total_cmp(&length(b))).then(by_name(a).cmp(&by_name(b)))
        })?;
        Self::of(network, &best)
    }

    /// The path through these intersections.
    ///
    /// # Errors
    /// Which of them is not there, or which two no road joins in that direction.
    pub fn along(network: &Network, names: &[String]) -> Result<Self, String> {
        if names.len() < 2 {
            return Err("a corridor has two intersections at least".into());
        }
        for name in names {
            network.position(name).ok_or_else(|| format!("no intersection {name} in the recording"))?;
        }
        let joins = |link: &&Link, pair: &[String]| link.from.as_str() == pair[0] && link.to.as_str() == pair[1];
        let links = names.windows(2).map(|pair| {
            let shortest = network.links.iter().filter(|link| joins(link, pair));
            let shortest = shortest.min_by(|a, b| a.length_m.total_cmp(&b.length_m));
            shortest.ok_or_else(|| format!("no road from {} to {}", pair[0], pair[1]))
        });
        let links: Vec<&Link> = links.collect::<Result<_, _>>()?;
        Self::of(network, &links).ok_or_else(|| "a road leads to an intersection that is not there".into())
    }

    /// The same signals the other way round, where roads lead back.
    pub fn back(&self, network: &Network) -> Option<Self> {
        let names: Vec<String> = self.stops.iter().rev().map(|stop| stop.name.clone()).collect();
        Self::along(network, &names).ok()
    }

    /// From the first stop line to the last \[m\].
    pub fn length_m(&self) -> f64 {
        self.stops.last().map_or(0.0, |stop| stop.distance_m)
    }

    fn of(network: &Network, links: &[&Link]) -> Option<Self> {
        let first = links.first()?;
        let mut stops = vec![Stop::first(network, first)?];
        let mut distance_m = 0.0;
        for (at, link) in links.iter().enumerate() {
            distance_m += link.length_m;
            stops.push(Stop::reached_by(network, link, links.get(at + 1).copied(), distance_m)?);
        }
        Some(Self { stops })
    }
}

impl Stop {
    /// Where the corridor begins: the approach from which most lanes go straight into its first road, else from which most lanes go.
    fn first(network: &Network, next: &Link) -> Option<Self> {
        let ix = network.position(next.from.as_str())?;
        let intersection = &network.intersections[ix];
        let lanes = |approach: usize, straight| lanes_into(network, ix, approach, Some(next), straight);
        let score = |&approach: &usize| (lanes(approach, true).len(), lanes(approach, false).len(), Reverse(approach));
        let approach = (0..intersection.approaches.len()).max_by_key(score)?;
        Some(Self::at(network, ix, approach, Some(next), 0.0))
    }

    fn reached_by(network: &Network, link: &Link, next: Option<&Link>, distance_m: f64) -> Option<Self> {
        let ix = network.position(link.to.as_str())?;
        let approach = network.intersections[ix].approaches.iter().position(|it| it.id == link.approach)?;
        Some(Self::at(network, ix, approach, next, distance_m))
    }

    fn at(network: &Network, ix: usize, approach: usize, next: Option<&Link>, distance_m: f64) -> Self {
        let intersection = &network.intersections[ix];
        let all = intersection.approaches[approach].lanes.clone();
        let candidates =
            [lanes_into(network, ix, approach, next, true), lanes_into(network, ix, approach, next, false)];
        let lanes = candidates.into_iter().find(|lanes| !lanes.is_empty()).unwrap_or_else(|| all.clone());
        Self {
            ix,
            name: intersection.id.to_string(),
            distance_m,
            speed_mps: next.map_or(0.0, |next| next.speed_mps),
            lanes,
            approach: all,
        }
    }
}

/// Lanes of an approach with a movement into a road (into any, without one); `straight`: a through movement.
fn lanes_into(network: &Network, ix: usize, approach: usize, next: Option<&Link>, straight: bool) -> Vec<LaneIx> {
    let intersection = &network.intersections[ix];
    let leads = |lane: &LaneIx| {
        intersection.lanes[lane.0].movements.iter().any(|movement| {
            let movement = &intersection.movements[movement.0];
            let into = movement.exit.map(|exit| &intersection.exits[exit.0].link);
            next.is_none_or(|next| into == Some(&next.id)) && (!straight || movement.turn == Turn::Through)
        })
    };
    intersection.approaches[approach].lanes.iter().copied().filter(leads).collect()
}

/// A road and those that follow it straight on, no intersection twice.
fn straight_on<'a>(network: &'a Network, first: &'a Link) -> Vec<&'a Link> {
    let mut path = vec![first];
    let mut visited = vec![&first.from, &first.to];
    while let Some(next) = successor(network, path[path.len() - 1]) {
        if visited.contains(&&next.to) {
            break;
        }
        visited.push(&next.to);
        path.push(next);
    }
    path
}

/// The road into which most lanes go straight on.
fn successor<'a>(network: &'a Network, link: &Link) -> Option<&'a Link> {
    let ix = network.position(link.to.as_str())?;
    let approach = network.intersections[ix].approaches.iter().position(|it| it.id == link.approach)?;
    let leaving = network.links.iter().filter(|next| next.from == link.to);
    let lanes =
        leaving.map(|next| (lanes_into(network, ix, approach, Some(next), true).len(), Reverse(&next.id), next));
    lanes.filter(|(lanes, ..)| *lanes > 0).max_by_key(|&(lanes, id, _)| (lanes, id)).map(|(_, _, next)| next)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ids::LinkId;
    use crate::network::sample::{crossroads, lane};

    /// Crossroads `a`, `b`, `c` in a row from west to east, 300 m apart: exits and approaches of legs 1 (east) and 3 (west).
    pub fn row() -> Network {
        let intersections = ["a", "b", "c"].map(|id| crate::network::Intersection { id: id.into(), ..crossroads() });
        let link = |from: &str, to: &str, out: &str, into: &str| Link {
            id: LinkId::new(out),
            from: from.into(),
            to: to.into(),
            approach: LinkId::new(into),
            length_m: 300.0,
            speed_mps: 15.0,
            share_prior: 1.0,
        };
        let east = [link("a", "b", "out1", "in3"), link("b", "c", "out1", "in3")];
        let west = [link("b", "a", "out3", "in1"), link("c", "b", "out3", "in1")];
        Network { city: "x".into(), intersections: intersections.to_vec(), links: [east, west].concat() }
    }

    #[test]
    fn the_longest_straight_path_is_found_and_leads_back() {
        let network = row();
        let there = Corridor::longest(&network).unwrap();
        let names = |corridor: &Corridor| corridor.stops.iter().map(|it| it.name.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!((names(&there).as_str(), there.length_m()), ("a b c", 600.0));
        assert!(there.stops.iter().all(|stop| stop.lanes == [lane(3, 0)]), "{there:?}");
        assert_eq!(there.stops[1].approach, [lane(3, 0), lane(3, 1)]);
        let back = there.back(&network).unwrap();
        assert_eq!(names(&back), "c b a");
        assert!(back.stops.iter().all(|stop| stop.lanes == [lane(1, 0)]));
    }

    #[test]
    fn a_path_of_names_needs_a_road_between_each_two() {
        let network = row();
        let along =
            |names: &[&str]| Corridor::along(&network, &names.iter().map(|&it| it.to_owned()).collect::<Vec<_>>());
        assert_eq!(along(&["c", "b"]).unwrap().stops.len(), 2);
        assert!(along(&["a", "c"]).unwrap_err().contains("no road from a to c"));
        assert!(along(&["a", "x"]).unwrap_err().contains("no intersection x"));
        assert!(along(&["a"]).is_err());
        let alone = Network { links: Vec::new(), ..network.clone() };
        assert_eq!(Corridor::longest(&alone), None);
    }
}
