//! What a time–space diagram shows of a run that is observed: lamps along the longest straight chain of signals, and every vehicle there.

use super::movements::Movements;
use super::observer::{REACH_M, Sight};
use crate::measure::{Corridor, Trace, time_space};
use crate::network::Network;
use std::collections::BTreeMap;
use std::ops::Range;

/// A corridor of fewer signals is not drawn.
const STOPS_MIN: usize = 2;
/// A point of a path that is nearer than this to the line between its neighbours is left out \[m\].
const STRAIGHT_M: f64 = 3.0;

/// Both directions of the longest corridor while it is watched.
#[derive(Debug, Clone)]
pub(super) struct Drawing {
    seconds: Range<i64>,
    corridors: Vec<Along>,
}

/// A corridor in one direction while it is watched.
#[derive(Debug, Clone)]
struct Along {
    trace: Trace,
    /// Intersection, approach and groups of each stop.
    stops: Vec<(usize, usize, Vec<usize>)>,
    paths: BTreeMap<u32, Vec<(i64, f64)>>,
}

impl Drawing {
    /// Of a run over these seconds; the middle of them is drawn.
    pub(super) fn new(network: &Network, table: &Movements, seconds: &Range<i64>) -> Self {
        let seconds = time_space::stretch(seconds);
        let there = Corridor::longest(network).filter(|it| it.stops.len() >= STOPS_MIN);
        let back = there.as_ref().and_then(|it| it.back(network));
        let along = |it: &Corridor| Along::new(network, table, it, &seconds);
        let corridors = there.iter().chain(&back).map(along).collect();
        Self { seconds, corridors }
    }

    /// One second.
    pub(super) fn second(&mut self, second: i64, sights: &[Sight], lamps: &[String], table: &Movements) {
        if !self.seconds.contains(&second) {
            return;
        }
        for along in &mut self.corridors {
            along.lamps(second, lamps);
            along.vehicles(second, sights, table);
        }
    }

    /// The diagrams.
    pub(super) fn finish(self) -> Vec<Trace> {
        self.corridors.into_iter().map(Along::finish).collect()
    }
}

impl Along {
    fn new(network: &Network, table: &Movements, corridor: &Corridor, seconds: &Range<i64>) -> Self {
        let (mut traces, mut stops) = (Vec::new(), Vec::new());
        for stop in &corridor.stops {
            let lanes = &network.intersections[stop.ix].lanes;
            let approach = stop.approach.first().map_or(0, |lane| lanes[lane.0].approach);
            let of = table.all.iter().filter(|it| it.ix == stop.ix && it.approach_ix == approach);
            let through = of.clone().find(|it| it.turn == crate::network::Turn::Through);
            let groups = through.or_else(|| of.clone().next()).map_or_else(Vec::new, |it| it.groups.clone());
            stops.push((stop.ix, approach, groups));
            traces.push(time_space::StopTrace {
                name: stop.name.clone(),
                distance_m: stop.distance_m,
                speed_mps: stop.speed_mps,
                zone_m: 0.0,
                lamps: Vec::new(),
                passages: Vec::new(),
                vehicles: Vec::new(),
            });
        }
        let trace = Trace { from_s: seconds.start, to_s: seconds.end, stops: traces, paths: Vec::new() };
        Self { trace, stops, paths: BTreeMap::new() }
    }

    fn lamps(&mut self, second: i64, lamps: &[String]) {
        for ((ix, _, groups), trace) in self.stops.iter().zip(&mut self.trace.stops) {
            let letters = lamps.get(*ix).map_or(&[][..], |it| it.as_bytes());
            let shows = |wanted: [u8; 2]| {
                groups.iter().any(|group| letters.get(*group).is_some_and(|letter| wanted.contains(letter)))
            };
            let lamp = match (shows([b'G', b'g']), shows([b'y', b'Y'])) {
                (true, _) => 'G',
                (false, true) => 'y',
                (false, false) => continue,
            };
            match trace.lamps.last_mut() {
                Some((_, until, last)) if *last == lamp && *until == second => *until = second + 1,
                _ => trace.lamps.push((second, second + 1, lamp)),
            }
        }
    }

    fn vehicles(&mut self, second: i64, sights: &[Sight], table: &Movements) {
        for sight in sights {
            let Some((movement, distance_m)) = sight.towards else { continue };
            let movement = &table.all[movement];
            let stop = self.stops.iter().position(|it| (it.0, it.1) == (movement.ix, movement.approach_ix));
            let Some(stop) = stop else { continue };
            let at_m = self.trace.stops[stop].distance_m - distance_m;
            let from_m = if stop == 0 { -REACH_M } else { self.trace.stops[stop - 1].distance_m };
            if at_m >= from_m {
                self.paths.entry(sight.vehicle).or_default().push((second, (at_m * 10.0).round() / 10.0));
            }
        }
    }

    fn finish(self) -> Trace {
        let mut paths = Vec::new();
        for path in self.paths.into_values() {
            let mut pieces = path.chunk_by(|a, b| b.0 - a.0 <= 6 && b.1 >= a.1 - 1.0);
            paths.extend(pieces.by_ref().filter(|piece| piece.len() > 1).map(thinned));
        }
        Trace { paths, ..self.trace }
    }
}

/// Without the points that lie on the line between their neighbours.
fn thinned(path: &[(i64, f64)]) -> Vec<(i64, f64)> {
    let mut kept: Vec<(i64, f64)> = path.first().copied().into_iter().collect();
    for pair in path.windows(2).skip(1) {
        let (from, here, next) = (kept[kept.len() - 1], pair[0], pair[1]);
        let share = (here.0 - from.0) as f64 / (next.0 - from.0).max(1) as f64;
        if (from.1 + share * (next.1 - from.1) - here.1).abs() > STRAIGHT_M {
            kept.push(here);
        }
    }
    kept.extend(path.last().copied());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_corners() {
        let path: Vec<(i64, f64)> = (0..40).map(|t| (t, if t < 20 { 10.0 * t as f64 } else { 200.0 })).collect();
        let kept = thinned(&path);
        assert!(kept.len() < 6 && kept.iter().any(|it| (it.0 - 20).abs() <= 1), "{kept:?}");
    }
}
