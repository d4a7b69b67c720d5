//! Corridors: roads that lead straight over three or more signals, so that a time–space diagram can be drawn of them.
//!
//! ```text
//! links of the network ─ follow the through movements ─> chains of intersections ─ both ways are one ─> corridors, the longest first
//! ```
//!
//! Distance and speed are those of the links. For each signal it is said which groups the through traffic obeys, one way and the other;
//! where there is no way back there are none. A chain ends where its road ends, bends, or comes back to where it was.

use super::answers::{CorridorName, Stop};
use crate::ids::LinkId;
use crate::network::{Intersection, Link, Network, Turn};
use std::collections::{BTreeMap, BTreeSet};

/// Fewest signals of a corridor.
const STOPS_MIN: usize = 3;
/// Most corridors that are told.
const CORRIDORS_MAX: usize = 300;

/// A corridor, without what is shown there now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Corridor {
    pub name: CorridorName,
    pub stops: Vec<Stop>,
    /// Position of each stop in the network.
    pub sites: Vec<usize>,
}

/// All of them, the longest first.
pub(super) fn corridors(network: &Network) -> Vec<Corridor> {
    let next: BTreeMap<usize, usize> =
        (0..network.links.len()).filter_map(|link| Some((link, straight_on(network, link)?))).collect();
    let followed: BTreeSet<usize> = next.values().copied().collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for first in (0..network.links.len()).filter(|link| !followed.contains(link)) {
        let Some(sites) = chain(network, &next, first) else { continue };
        let mut back = sites.clone();
        back.reverse();
        if sites.len() >= STOPS_MIN && !seen.contains(&back) && seen.insert(sites.clone()) {
            found.push(corridor(network, sites));
        }
    }
    found.sort_by(|a, b| (b.sites.len(), &a.name.id).cmp(&(a.sites.len(), &b.name.id)));
    found.truncate(CORRIDORS_MAX);
    found
}

/// The link that the through traffic of a link takes next.
fn straight_on(network: &Network, link: usize) -> Option<usize> {
    let link = &network.links[link];
    let site = &network.intersections[network.position(link.to.as_str())?];
    let mut ways: BTreeMap<&LinkId, usize> = BTreeMap::new();
    for movement in through(site, Some(&link.approach)) {
        *ways.entry(&site.exits[movement.exit?.0].link).or_default() += 1;
    }
    let (way, _) = ways.into_iter().max_by_key(|&(_, lanes)| lanes)?;
    network.links.iter().position(|it| it.from == link.to && it.id == *way)
}

/// Through movements of an intersection, of one approach or of all.
fn through<'a>(
    site: &'a Intersection,
    approach: Option<&'a LinkId>,
) -> impl Iterator<Item = &'a crate::network::Movement> {
    let comes_from = move |lane: crate::ids::LaneIx| {
        approach.is_none_or(|approach| site.approaches[site.lanes[lane.0].approach].id == *approach)
    };
    site.movements.iter().filter(move |it| it.turn == Turn::Through && it.lane.is_some_and(comes_from))
}

/// Intersections from the begin of a link on; `None` where a name is unknown.
fn chain(network: &Network, next: &BTreeMap<usize, usize>, first: usize) -> Option<Vec<usize>> {
    let mut sites = vec![network.position(network.links[first].from.as_str())?];
    let mut link = Some(first);
    while let Some(at) = link {
        let site = network.position(network.links[at].to.as_str())?;
        if sites.contains(&site) {
            break;
        }
        sites.push(site);
        link = next.get(&at).copied();
    }
    Some(sites)
}

fn corridor(network: &Network, sites: Vec<usize>) -> Corridor {
    let id = |at: usize| network.intersections[sites[at]].id.to_string();
    let name = CorridorName {
        id: format!("{}~{}", id(0), id(sites.len() - 1)),
        intersections: (0..sites.len()).map(id).collect(),
    };
    let between = |from: usize, to: usize| -> Option<&Link> {
        let (from, to) = (&network.intersections[*sites.get(from)?].id, &network.intersections[*sites.get(to)?].id);
        network.links.iter().find(|it| it.from == *from && it.to == *to)
    };
    let mut at_m = 0.0;
    let mut stops = Vec::with_capacity(sites.len());
    for (position, &site) in sites.iter().enumerate() {
        let site = &network.intersections[site];
        let before = position.checked_sub(1).and_then(|before| between(before, position));
        let after = between(position, position + 1);
        let back = position.checked_sub(1).and_then(|before| between(position, before));
        at_m += before.map_or(0.0, |link| link.length_m);
        stops.push(Stop {
            id: site.id.to_string(),
            at_m,
            speed_mps: before.or(after).map_or(0.0, |link| link.speed_mps),
            forward: groups(site, before, after),
            backward: groups(site, between(position + 1, position), back),
            on_green: [None, None],
            passed_ms: [Vec::new(), Vec::new()],
            shown: Vec::new(),
            plan: Vec::new(),
        });
    }
    Corridor { name, stops, sites }
}

/// Groups of the through traffic that comes by one link and leaves by another, as far as they are known.
fn groups(site: &Intersection, comes: Option<&Link>, leaves: Option<&Link>) -> Vec<usize> {
    if comes.is_none() && leaves.is_none() {
        return Vec::new();
    }
    let goes = |movement: &&crate::network::Movement| {
        leaves.is_none_or(|link| movement.exit.is_some_and(|exit| site.exits[exit.0].link == link.id))
    };
    let found: BTreeSet<usize> =
        through(site, comes.map(|link| &link.approach)).filter(goes).map(|it| it.group.0).collect();
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;

    /// Crossroads in a row from west to east, joined both ways; legs 1 and 3 are east and west.
    fn row(names: &[&str]) -> Network {
        let mut links = Vec::new();
        let mut intersections: Vec<Intersection> =
            names.iter().map(|name| Intersection { id: (*name).into(), ..sample::crossroads() }).collect();
        for (west, east) in (0..names.len()).zip(1..names.len()) {
            for (from, to, leaves, comes) in [(west, east, 1, 3), (east, west, 3, 1)] {
                let id = LinkId::new(format!("{}_{}", names[from], names[to]));
                intersections[from].exits[leaves].link = id.clone();
                links.push(Link {
                    id,
                    from: intersections[from].id.clone(),
                    to: intersections[to].id.clone(),
                    approach: intersections[to].approaches[comes].id.clone(),
                    length_m: 400.0,
                    speed_mps: 13.9,
                    share_prior: 0.8,
                });
            }
        }
        Network { city: "x".into(), intersections, links }
    }

    #[test]
    fn a_road_straight_over_four_signals_is_one_corridor_both_ways() {
        let found = corridors(&row(&["a", "b", "c", "d"]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].name.intersections, ["a", "b", "c", "d"]);
        let at: Vec<f64> = found[0].stops.iter().map(|stop| stop.at_m).collect();
        assert_eq!(at, [0.0, 400.0, 800.0, 1200.0]);
        // Who goes east comes from leg 3 (group 6), who goes west from leg 1 (group 2).
        assert!(found[0].stops.iter().all(|stop| stop.forward == [6] && stop.backward == [2]), "{found:?}");
    }

    #[test]
    fn two_signals_are_no_corridor_and_a_way_that_turns_ends_one() {
        assert!(corridors(&row(&["a", "b"])).is_empty());
        let mut turning = row(&["a", "b", "c"]);
        // What comes to b from a leaves to the right.
        for movement in &mut turning.intersections[1].movements {
            movement.turn = Turn::Right;
        }
        assert!(corridors(&turning).is_empty());
    }
}
