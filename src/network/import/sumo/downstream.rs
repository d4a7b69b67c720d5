//! Roads from one signalised intersection to the next.
//!
//! From every exit road the roads downstream are followed, over unsignalised junctions, until an approach of another
//! intersection or until the limit of length. Vehicles divide among the roads at each junction as among the movements of
//! a lane ([`super::lanes`]); nobody turns back. Ways that meet at the same approach are one link: shares add up, the length is the share's mean.

use super::lanes::{direction_weight, length_of, speed_of, turn_of};
use super::net::{Connection, Function, SumoNet};
use super::routes::TurnCounts;
use super::upstream::is_free;
use crate::ids::{IntersectionId, LinkId};
use crate::network::Turn;
use crate::network::file::LinkFile;
use std::collections::BTreeMap;

/// Longest way from stop line to stop line \[m\].
const LENGTH_MAX_M: f64 = 1500.0;
/// Ways that fewer vehicles than this take are not followed.
const SHARE_MIN: f64 = 0.01;
/// Most roads on a way.
const ROADS_MAX: usize = 100;

/// Which traffic light's approach each road is, by edge.
pub(super) type Approaches = BTreeMap<usize, String>;

/// A way under examination: its last road, and what has been driven up to that road's end.
struct Way {
    edge: usize,
    length_m: f64,
    time_s: f64,
    share: f64,
    roads: usize,
}

/// All links that start at one traffic light, given its controlled connections.
pub(super) fn links(
    net: &SumoNet<'_>,
    (tl, connections): (&str, &[&Connection]),
    approaches: &Approaches,
    turns: &TurnCounts,
) -> Vec<LinkFile> {
    let mut inside: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for connection in connections.iter().filter(|it| net.function_of(it.to) == Function::Normal) {
        inside.entry(net.lanes[connection.to].edge).or_default().push(net.length_inside_m(connection));
    }
    let mut links = Vec::new();
    for (exit, lengths) in inside {
        let over_junction_m = lengths.iter().sum::<f64>() / lengths.len() as f64;
        links.extend(links_of_exit(net, (tl, exit), over_junction_m, approaches, turns));
    }
    links
}

fn links_of_exit(
    net: &SumoNet<'_>,
    (tl, exit): (&str, usize),
    over_junction_m: f64,
    approaches: &Approaches,
    turns: &TurnCounts,
) -> Vec<LinkFile> {
    let mut arrived: BTreeMap<usize, Way> = BTreeMap::new();
    let (length_m, speed_mps) = road(net, exit);
    let time_s = (length_m + over_junction_m) / speed_mps;
    let mut open = vec![Way { edge: exit, length_m: over_junction_m + length_m, time_s, share: 1.0, roads: 1 }];
    while let Some(way) = open.pop() {
        if let Some(to) = approaches.get(&way.edge) {
            if to != tl {
                arrive(&mut arrived, way);
            }
            continue;
        }
        let onward = onward(net, way.edge, turns);
        let reachable = onward.into_iter().map(|(edge, between_m, share)| {
            let (length_m, speed_mps) = road(net, edge);
            let (length_m, share) = (between_m + length_m, way.share * share);
            Way {
                edge,
                length_m: way.length_m + length_m,
                time_s: way.time_s + length_m / speed_mps,
                share,
                roads: way.roads + 1,
            }
        });
        open.extend(
            reachable.filter(|it| it.length_m <= LENGTH_MAX_M && it.share >= SHARE_MIN && it.roads <= ROADS_MAX),
        );
    }
    let link = |(approach, way): (usize, Way)| LinkFile {
        id: LinkId::new(net.edges[exit].id.clone()),
        from: IntersectionId::from(tl),
        to: IntersectionId::new(approaches[&approach].clone()),
        approach: LinkId::new(net.edges[approach].id.clone()),
        length_m: way.length_m,
        speed_mps: way.length_m / way.time_s,
        share: way.share.min(1.0),
    };
    arrived.into_iter().map(link).collect()
}

/// Merge a way into what has arrived at its approach.
fn arrive(arrived: &mut BTreeMap<usize, Way>, way: Way) {
    let Some(known) = arrived.get_mut(&way.edge) else {
        arrived.insert(way.edge, way);
        return;
    };
    let sum = known.share + way.share;
    known.length_m = (known.length_m * known.share + way.length_m * way.share) / sum;
    known.time_s = (known.time_s * known.share + way.time_s * way.share) / sum;
    known.share = sum;
}

/// Length \[m\] and speed \[m/s\] of a road: those of its fastest lane for motor vehicles.
fn road(net: &SumoNet<'_>, edge: usize) -> (f64, f64) {
    let lanes = net.edges[edge].lanes.iter().filter(|&&lane| net.lanes[lane].permissions.motorised());
    let fastest = lanes.map(|&lane| (length_of(net, lane), speed_of(net, lane))).max_by(|a, b| a.1.total_cmp(&b.1));
    fastest.unwrap_or((1.0, 1.0))
}

/// Roads that follow a road freely: edge, length over the junction \[m\], share.
fn onward(net: &SumoNet<'_>, edge: usize, turns: &TurnCounts) -> Vec<(usize, f64, f64)> {
    let lanes = net.edges[edge].lanes.iter().filter(|&&lane| net.lanes[lane].permissions.motorised());
    let connections = lanes.flat_map(|&lane| net.leaving(lane)).map(|(_, connection)| connection);
    let mut next: BTreeMap<usize, (f64, bool, f64)> = BTreeMap::new();
    for connection in connections.filter(|it| turn_of(it) != Turn::UTurn && net.function_of(it.to) == Function::Normal)
    {
        let to = net.lanes[connection.to].edge;
        let weight = turns.weight(net, edge, to).unwrap_or_else(|| direction_weight(connection));
        next.insert(to, (net.length_inside_m(connection), is_free(connection), weight));
    }
    let sum: f64 = next.values().map(|(_, _, weight)| weight).sum();
    let free = next.iter().filter(|(_, (_, free, _))| *free);
    free.map(|(&to, &(between_m, _, weight))| (to, between_m, weight / sum)).collect()
}
