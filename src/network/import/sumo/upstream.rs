//! Where detection range reaches beyond the beginning of a stop-line lane: the pieces of lane upstream.
//!
//! From the beginning of each stop-line lane the connections are followed backwards, over unsignalised junctions, as
//! long as the distance to the stop line is inside the range. A connection that a signal controls ends the walk: what
//! waits behind another stop line is not ours to count. So does a turn back. A piece that leads to several stop-line
//! lanes is one feeder with shares; its distance is the shortest.
//!
//! Shares are guessed like those of movements, multiplied along the way. Lane changes are not known.

use super::lanes::{lane_name, length_of, speed_of, turn_of, weights};
use super::net::{Connection, SumoNet};
use super::routes::TurnCounts;
use crate::network::Turn;
use crate::network::file::{FeederFile, FeederShareFile};
use std::collections::BTreeMap;

/// Pieces shorter than this are passed but not counted: real networks have lanes of 0.1 m, on which no detector fits \[m\].
const PIECE_MIN_M: f64 = 1.0;

/// Shares of a piece by stop-line lane.
type Shares = BTreeMap<usize, f64>;

/// The feeders of a set of stop-line lanes, nearest first.
pub(super) fn feeders(net: &SumoNet<'_>, stop_lanes: &[usize], range_m: f64, turns: &TurnCounts) -> Vec<FeederFile> {
    let distances = reach(net, stop_lanes, range_m);
    let mut nearest: Vec<(usize, f64)> = distances.iter().map(|(&lane, &distance)| (lane, distance)).collect();
    nearest.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| net.lanes[a.0].id.cmp(&net.lanes[b.0].id)));
    let walk = Walk { net, stop_lanes, distances: &distances, turns };
    let mut known = BTreeMap::new();
    let mouths = mouths(net, stop_lanes, &nearest);
    let feeder = |(lane, distance_m): (usize, f64)| {
        let shares = walk.shares(lane, &mut known, &mut Vec::new());
        let into = shares.into_iter().map(|(to, share)| FeederShareFile { lane: lane_name(net, to), share });
        FeederFile {
            id: lane_name(net, lane),
            distance_m,
            zone_m: length_of(net, lane).min(range_m - distance_m),
            speed_mps: speed_of(net, lane),
            into: into.collect(),
            gives_way_at: mouths.get(&lane).map(|&mouth| lane_name(net, mouth)),
        }
    };
    let counted = |it: &FeederFile| !it.into.is_empty() && it.zone_m >= PIECE_MIN_M;
    nearest.into_iter().map(feeder).filter(counted).collect()
}

/// Whether traffic goes on over a connection freely.
pub(super) fn is_free(connection: &Connection) -> bool {
    connection.control.is_none() && turn_of(connection) != Turn::UTurn
}

/// Lanes upstream inside the range with the distance of their ends from the nearest stop line \[m\].
fn reach(net: &SumoNet<'_>, stop_lanes: &[usize], range_m: f64) -> BTreeMap<usize, f64> {
    let mut found: BTreeMap<usize, f64> = BTreeMap::new();
    let mut open: Vec<(usize, f64)> = stop_lanes.iter().map(|&lane| (lane, 0.0)).collect();
    while let Some(nearest) = (0..open.len()).min_by(|&a, &b| open[a].1.total_cmp(&open[b].1)) {
        let (lane, distance_m) = open.swap_remove(nearest);
        for connection in net.entering(lane).filter(|it| is_free(it)) {
            let upstream = connection.from;
            let further_m = distance_m + length_of(net, lane) + net.length_inside_m(connection);
            let counted = net.lanes[upstream].permissions.motorised() && !stop_lanes.contains(&upstream);
            let nearer = found.get(&upstream).is_none_or(|&known| further_m < known);
            if counted && nearer && range_m - further_m >= PIECE_MIN_M {
                found.insert(upstream, further_m);
                open.push((upstream, further_m));
            }
        }
    }
    found
}

/// Lanes whose vehicles give way on their way to the stop lines, each with the lane at whose end they do: itself, or the next one
/// further down. `nearest` are the lanes upstream, nearest first.
fn mouths(net: &SumoNet<'_>, stop_lanes: &[usize], nearest: &[(usize, f64)]) -> BTreeMap<usize, usize> {
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for &(lane, _) in nearest.iter().filter(|(lane, _)| length_of(net, *lane) >= PIECE_MIN_M) {
        let leads_on = |to: usize| stop_lanes.contains(&to) || nearest.iter().any(|&(known, _)| known == to);
        let ways: Vec<&Connection> =
            net.leaving(lane).map(|(_, it)| it).filter(|it| is_free(it) && leads_on(it.to)).collect();
        if ways.is_empty() {
            continue;
        }
        if ways.iter().all(|way| way.minor) {
            found.insert(lane, lane);
        } else if let Some(&mouth) = ways.iter().find_map(|way| found.get(&way.to)).filter(|_| ways.len() == 1) {
            found.insert(lane, mouth);
        }
    }
    found
}

/// Follows vehicles downstream from a feeder to the stop lines.
struct Walk<'a> {
    net: &'a SumoNet<'a>,
    stop_lanes: &'a [usize],
    distances: &'a BTreeMap<usize, f64>,
    turns: &'a TurnCounts,
}

impl Walk<'_> {
    /// Where the vehicles of a lane go; a way that comes back to itself ends there.
    fn shares(&self, lane: usize, known: &mut BTreeMap<usize, Shares>, under_way: &mut Vec<usize>) -> Shares {
        if self.stop_lanes.contains(&lane) {
            return Shares::from([(lane, 1.0)]);
        }
        if let Some(shares) = known.get(&lane) {
            return shares.clone();
        }
        if !self.distances.contains_key(&lane) || under_way.contains(&lane) {
            return Shares::new();
        }
        under_way.push(lane);
        let connections: Vec<&Connection> = self.net.leaving(lane).map(|(_, it)| it).collect();
        let weights = weights(self.net, &connections, self.turns);
        let sum: f64 = weights.iter().sum();
        let mut shares = Shares::new();
        for (connection, weight) in connections.iter().zip(&weights).filter(|(it, _)| is_free(it)) {
            for (to, share) in self.shares(connection.to, known, under_way) {
                *shares.entry(to).or_insert(0.0) += share * weight / sum;
            }
        }
        under_way.pop();
        known.insert(lane, shares.clone());
        shares
    }
}
