//! Green waves: a common cycle along corridors and the offsets that let platoons arrive on green.
//!
//! In: a plan for every intersection, the volume of every link \[veh/h\]. Changed: the plans of connected intersections.
//!
//! 1. Links that carry [`VOLUME_MIN`] over at most [`LENGTH_MAX_M`] join intersections into groups (on longer ones
//!    platoons have dispersed).
//! 2. A group gets the longest of its cycles, rounded up to an even second; an intersection that can do with half of it
//!    runs half.
//! 3. Each link has a delay for every offset difference (`platoon`). Along the maximum spanning tree by volume every
//!    intersection takes the best offset against the part already placed; then all are moved one by one over all their
//!    links while the sum falls.
//! 4. A group keeps its common cycle only when the saving in platoon delay outweighs what the longer cycles cost by the
//!    delay model; otherwise its plans stay as they were.
//!
//! Deterministic: links and intersections are taken in the order of volume, then of position. Reference: Robertson
//! (1969), *TRANSYT: a traffic network study tool*, RRL LR 253.

use super::WebsterPlan;
use super::platoon::{STEP, Timed, delays};
use crate::network::Network;
use crate::time::Millis;

/// Longest link over which signals are coordinated \[m\].
pub const LENGTH_MAX_M: f64 = 1200.0;
/// Least volume of a link that joins two intersections \[veh/h\].
pub const VOLUME_MIN: f64 = 50.0;
/// Rounds of moving single intersections.
const ROUNDS: usize = 20;

/// A link with the delay of every offset difference, in seconds of the common cycle.
struct Edge {
    from: usize,
    to: usize,
    volume: f64,
    link: usize,
    delay: Vec<f64>,
}

/// Give corridors a common cycle and offsets; `plans` in the order of `network.intersections`, `link_volumes` \[veh/h\] in
/// the order of `network.links`.
///
/// # Panics
/// When there is not one plan an intersection and one volume a link.
pub fn coordinate(network: &Network, plans: &mut [WebsterPlan], link_volumes: &[f64]) {
    assert_eq!(plans.len(), network.intersections.len(), "one plan an intersection");
    assert_eq!(link_volumes.len(), network.links.len(), "one volume a link");
    let edges = edges(network, link_volumes);
    for group in groups(plans.len(), &edges) {
        if group.len() > 1 {
            coordinate_group(network, plans, &edges, &group);
        }
    }
}

/// Links that matter, in order of falling volume.
fn edges(network: &Network, link_volumes: &[f64]) -> Vec<Edge> {
    let place = |id: &crate::ids::IntersectionId| network.position(id.as_str());
    let mut edges: Vec<Edge> = Vec::new();
    for (ix, (link, &volume)) in network.links.iter().zip(link_volumes).enumerate() {
        let (Some(from), Some(to)) = (place(&link.from), place(&link.to)) else { continue };
        if from != to && volume >= VOLUME_MIN && link.length_m <= LENGTH_MAX_M {
            edges.push(Edge { from, to, volume, link: ix, delay: Vec::new() });
        }
    }
    edges.sort_by(|a, b| b.volume.total_cmp(&a.volume).then(a.link.cmp(&b.link)));
    edges
}

/// Connected intersections, each group in order.
fn groups(count: usize, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..count).collect();
    for edge in edges {
        let (a, b) = (group[edge.from].min(group[edge.to]), group[edge.from].max(group[edge.to]));
        group.iter_mut().filter(|it| **it == b).for_each(|it| *it = a);
    }
    (0..count)
        .map(|root| (0..count).filter(|&it| group[it] == root).collect())
        .filter(|it: &Vec<_>| !it.is_empty())
        .collect()
}

fn coordinate_group(network: &Network, plans: &mut [WebsterPlan], edges: &[Edge], group: &[usize]) {
    let common = group.iter().map(|&it| plans[it].cycle.0).max().unwrap_or(0);
    let seconds = (common + 1999) / 2000 * 2;
    let timed: Vec<WebsterPlan> = plans
        .iter()
        .enumerate()
        .map(|(ix, plan)| {
            if !group.contains(&ix) {
                return plan.clone();
            }
            let half = Millis(seconds * 500);
            let halved = plan.at_cycle(&network.intersections[ix], half);
            let full = plan.at_cycle(&network.intersections[ix], Millis::from_secs(seconds));
            if halved.cycle == half && halved.delay_s <= full.delay_s { halved } else { full }
        })
        .collect();
    let bins = (seconds as f64 / STEP) as usize;
    let edges: Vec<Edge> = edges
        .iter()
        .filter(|edge| group.contains(&edge.from))
        .map(|edge| {
            let at = |ix: usize| Timed { intersection: &network.intersections[ix], plan: &timed[ix] };
            let delay = delays(at(edge.from), at(edge.to), &network.links[edge.link], edge.volume, bins);
            Edge { delay, ..*edge }
        })
        .collect();
    let offsets = search(plans.len(), group, &edges, bins);
    if saving(&edges, &offsets, bins, seconds) <= cost(plans, &timed, group) {
        return;
    }
    for &ix in group {
        plans[ix] = timed[ix].clone();
        let cycle = plans[ix].cycle.0.max(1);
        plans[ix].programme.offset = Millis::from_secs_f64(offsets[ix] as f64 * STEP);
        plans[ix].programme.offset.0 %= cycle;
    }
}

/// Delay that offsets save against random ones \[veh·h/h\].
fn saving(edges: &[Edge], offsets: &[usize], bins: usize, seconds: i64) -> f64 {
    let random: f64 = edges.iter().map(|edge| edge.delay.iter().sum::<f64>() / bins as f64).sum();
    (random - edges.iter().map(|edge| edge.at(offsets)).sum::<f64>()) / seconds as f64
}

/// Delay that the common cycle costs \[veh·h/h\].
fn cost(before: &[WebsterPlan], after: &[WebsterPlan], group: &[usize]) -> f64 {
    let one = |ix: usize| before[ix].flows.iter().sum::<f64>() / 3600.0 * (after[ix].delay_s - before[ix].delay_s);
    group.iter().map(|&ix| one(ix)).sum()
}

impl Edge {
    /// Delay with these offsets.
    fn at(&self, offsets: &[usize]) -> f64 {
        let bins = self.delay.len();
        self.delay[(offsets[self.to] + bins - offsets[self.from]) % bins]
    }
}

/// Offsets of all intersections of a group: along the spanning tree first, then one by one.
fn search(count: usize, group: &[usize], edges: &[Edge], bins: usize) -> Vec<usize> {
    let mut offsets = vec![0; count];
    let mut placed = vec![false; count];
    let first = edges.first().map_or(group[0], |edge| edge.from);
    placed[first] = true;
    // edges are sorted by volume, so growing along the first edge that leaves the placed part is Prim's algorithm
    while let Some(edge) = edges.iter().find(|edge| placed[edge.from] != placed[edge.to]) {
        let next = if placed[edge.from] { edge.to } else { edge.from };
        let near: Vec<&Edge> = edges.iter().filter(|it| joins(it, next, &placed)).collect();
        offsets[next] = best_offset(&near, &mut offsets, next, bins);
        placed[next] = true;
    }
    for _ in 0..ROUNDS {
        let before = offsets.clone();
        for &ix in group {
            let near: Vec<&Edge> = edges.iter().filter(|edge| edge.from == ix || edge.to == ix).collect();
            offsets[ix] = best_offset(&near, &mut offsets, ix, bins);
        }
        if offsets == before {
            break;
        }
    }
    offsets
}

/// Whether an edge leads from an intersection to the placed part.
fn joins(edge: &Edge, ix: usize, placed: &[bool]) -> bool {
    (edge.from == ix && placed[edge.to]) || (edge.to == ix && placed[edge.from])
}

/// The offset of one intersection with the least delay over these edges; the present one when none is better.
fn best_offset(near: &[&Edge], offsets: &mut [usize], ix: usize, bins: usize) -> usize {
    let present = offsets[ix];
    let mut sum = |offset| {
        offsets[ix] = offset;
        near.iter().map(|edge| edge.at(offsets)).sum::<f64>()
    };
    let mut best = (sum(present) - 1e-9, present);
    for offset in 0..bins {
        let delay = sum(offset);
        if delay < best.0 {
            best = (delay, offset);
        }
    }
    offsets[ix] = present;
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{IntersectionId, LinkId};
    use crate::network::Link;
    use crate::network::sample::{self, THROUGH_NS, movement};
    use crate::plan::fixed_time::{WebsterSettings, greens, webster};
    use crate::time::Timestamp;

    /// Three crossroads in a row, southbound: the exit on leg 2 leads to the northern approach of the next.
    fn arterial(length_m: f64) -> (Network, Vec<WebsterPlan>) {
        let intersections: Vec<_> = (0..3)
            .map(|ix| {
                let mut crossroads = sample::crossroads();
                crossroads.id = IntersectionId::new(format!("j{ix}"));
                crossroads
            })
            .collect();
        let links = (0..2)
            .map(|ix| Link {
                id: LinkId::new("out2"),
                from: IntersectionId::new(format!("j{ix}")),
                to: IntersectionId::new(format!("j{}", ix + 1)),
                approach: LinkId::new("in0"),
                length_m,
                speed_mps: 12.5,
                share_prior: 1.0,
            })
            .collect();
        let mut flows = vec![0.0; 12];
        flows[movement(0, 0).0] = 600.0;
        flows[movement(1, 0).0] = 300.0;
        let plans: Vec<_> = intersections.iter().map(|it| webster(it, &flows, &WebsterSettings::default())).collect();
        (Network { city: "row".to_owned(), intersections, links }, plans)
    }

    /// Share of a southbound platoon, leaving with the first 10 s of green at j0, that arrives on green at j`ix`.
    fn arrivals_on_green(network: &Network, plans: &[WebsterPlan], ix: usize, length_m: f64) -> f64 {
        let first = greens(&network.intersections[0], &plans[0].programme, Timestamp::from_secs(1000))
            .find(|green| green.stage == THROUGH_NS)
            .unwrap();
        let travel = Millis::from_secs_f64(ix as f64 * length_m / 12.5);
        let on_green = (0..10).filter(|second| {
            let at = first.start + Millis::from_secs(*second) + travel;
            let green = greens(&network.intersections[ix], &plans[ix].programme, at).next().unwrap();
            green.stage == THROUGH_NS && green.start <= at && at < green.end
        });
        on_green.count() as f64 / 10.0
    }

    #[test]
    fn a_platoon_meets_green_all_along_the_arterial() {
        for length_m in [250.0, 400.0, 610.0] {
            let (network, mut plans) = arterial(length_m);
            coordinate(&network, &mut plans, &[600.0, 600.0]);
            for ix in 1..3 {
                let share = arrivals_on_green(&network, &plans, ix, length_m);
                assert!(share >= 0.9, "{length_m} m, j{ix}: {share}, {:?}", plans[ix].programme);
            }
        }
    }

    #[test]
    fn an_intersection_without_neighbours_keeps_its_plan() {
        let (network, mut plans) = arterial(400.0);
        let before = plans.clone();
        coordinate(&network, &mut plans, &[600.0, 10.0]);
        assert_eq!(plans[2], before[2]);
        assert_ne!(plans[1], before[1]);
    }

    #[test]
    fn the_same_input_gives_the_same_offsets() {
        let (network, plans) = arterial(400.0);
        let (mut once, mut twice) = (plans.clone(), plans);
        coordinate(&network, &mut once, &[600.0, 500.0]);
        coordinate(&network, &mut twice, &[600.0, 500.0]);
        assert_eq!(once, twice);
    }
}
