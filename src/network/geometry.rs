//! Where things lie, to be drawn: no decision looks at it, so it stands beside the network and not in it.
//!
//! Plane metres, x east, y north, of whatever origin the source has. What a source does not say is laid out by rule
//! ([`Geometry::completed`]): intersections on a chessboard, approaches around them at equal angles. Such a picture shows who
//! belongs to whom and nothing of the city; it is marked as such.

use super::{Intersection, Network};
use crate::ids::LaneId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A point in the plane \[m\].
pub type Point = [f64; 2];

/// Distance between intersections that are laid out by rule \[m\].
const BLOCK_M: f64 = 320.0;
/// Room that is kept free around the middle of an intersection that is laid out by rule \[m\].
const RADIUS_M: f64 = 18.0;
/// Longest lane that is laid out by rule \[m\].
const LENGTH_MAX_M: f64 = 110.0;
/// Width of a lane that is laid out by rule \[m\].
const LANE_WIDTH_M: f64 = 3.4;

/// Points of intersections and lines of lanes, by their names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Geometry {
    /// Middle of each intersection \[m\].
    #[serde(default)]
    pub intersections: BTreeMap<String, Point>,
    /// Middle of each lane from its begin to its stop line \[m\], also of lanes that no signal concerns; by the lane's name, or
    /// by `INTERSECTION/LANE` where another intersection has a lane of that name.
    #[serde(default)]
    pub lanes: BTreeMap<String, Vec<Point>>,
    /// Whether some of it was laid out by rule and lies elsewhere in truth.
    #[serde(default)]
    pub schematic: bool,
}

impl Geometry {
    /// The geometry with every intersection and every lane of a network in it; what was missing is laid out by rule.
    #[must_use]
    pub fn completed(mut self, network: &Network) -> Self {
        self.lanes.retain(|_, line| line.len() >= 2 && line.iter().flatten().all(|it| it.is_finite()));
        self.intersections.retain(|_, at| at.iter().all(|it| it.is_finite()));
        let columns = (network.intersections.len() as f64).sqrt().ceil().max(1.0) as usize;
        let corner = self.below();
        for (position, intersection) in network.intersections.iter().enumerate() {
            let cell = [(position % columns) as f64, (position / columns) as f64];
            let ends = self.stop_lines(intersection);
            let known = self.intersections.get(intersection.id.as_str()).copied().or_else(|| middle(&ends));
            let middle = known.unwrap_or([corner[0] + cell[0] * BLOCK_M, corner[1] - cell[1] * BLOCK_M]);
            self.schematic |= known.is_none();
            self.intersections.insert(intersection.id.as_str().to_owned(), middle);
            self.lay_out(intersection, middle);
        }
        self
    }

    /// The line of a lane of an intersection.
    pub fn line(&self, intersection: &Intersection, lane: &LaneId) -> Option<&[Point]> {
        let own = self.lanes.get(&format!("{}/{lane}", intersection.id));
        own.or_else(|| self.lanes.get(lane.as_str())).map(Vec::as_slice)
    }

    /// Where what has no place begins: below all that has one.
    fn below(&self) -> Point {
        let points = || self.lanes.values().flatten().chain(self.intersections.values());
        let least = |axis: usize| points().map(|it| it[axis]).fold(f64::INFINITY, f64::min);
        if points().next().is_some() { [least(0), least(1) - BLOCK_M] } else { [0.0, 0.0] }
    }

    /// Lanes around the middle, in at equal angles, out beside them.
    fn lay_out(&mut self, intersection: &Intersection, middle: Point) {
        let legs = intersection.approaches.len().max(1) as f64;
        for (leg, approach) in intersection.approaches.iter().enumerate() {
            let angle = std::f64::consts::TAU * (leg as f64 / legs) + std::f64::consts::FRAC_PI_2;
            for (position, lane) in approach.lanes.iter().enumerate() {
                let lane = &intersection.lanes[lane.0];
                // Lanes are told from the kerb: the first one lies farthest from the middle of the road.
                let beside = (approach.lanes.len() - position) as f64 - 0.5;
                let stop = RADIUS_M;
                let line = radial(middle, angle, -beside * LANE_WIDTH_M, lane.length_m.min(LENGTH_MAX_M) + stop, stop);
                self.insert(intersection, &lane.id, line);
            }
        }
        for (position, exit) in intersection.exits.iter().enumerate() {
            let leg = position as f64 * legs / intersection.exits.len() as f64;
            let angle = std::f64::consts::TAU * (leg.floor() / legs) + std::f64::consts::FRAC_PI_2;
            let beside = (position as f64 % 3.0) + 0.5;
            let (from, to) = (RADIUS_M, RADIUS_M + exit.length_m.min(LENGTH_MAX_M));
            self.insert(intersection, &exit.id, radial(middle, angle, beside * LANE_WIDTH_M, from, to));
        }
        for (position, feeder) in intersection.feeders.iter().enumerate() {
            let Some(&(lane, _)) = feeder.into.first() else { continue };
            let Some(begin) = self.line(intersection, &intersection.lanes[lane.0].id).map(|it| it[0]) else { continue };
            let away = [begin[0] - middle[0], begin[1] - middle[1]];
            let by = away[0].hypot(away[1]).max(1.0);
            let length = feeder.zone_m.min(LENGTH_MAX_M) + position as f64 * 0.01;
            let far = [begin[0] + away[0] / by * length, begin[1] + away[1] / by * length];
            self.insert(intersection, &feeder.id, vec![far, begin]);
        }
    }

    fn insert(&mut self, intersection: &Intersection, lane: &LaneId, line: Vec<Point>) {
        if self.line(intersection, lane).is_none() {
            self.schematic = true;
            self.lanes.insert(format!("{}/{lane}", intersection.id), line);
        }
    }

    /// Ends of the lanes of an intersection, as far as they are known.
    fn stop_lines(&self, intersection: &Intersection) -> Vec<Point> {
        intersection.lanes.iter().filter_map(|lane| self.line(intersection, &lane.id)?.last().copied()).collect()
    }
}

/// A line towards or away from a middle, `beside` to the left as seen from the middle.
fn radial(middle: Point, angle: f64, beside: f64, from: f64, to: f64) -> Vec<Point> {
    let (out, left) = ([angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]);
    let at = |by: f64| [0, 1].map(|axis| middle[axis] + out[axis] * by + left[axis] * beside);
    vec![at(from), at(to)]
}

fn middle(points: &[Point]) -> Option<Point> {
    let count = points.len() as f64;
    (count > 0.0).then(|| [0, 1].map(|axis| points.iter().map(|it| it[axis]).sum::<f64>() / count))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn network(names: &[&str]) -> Network {
        let intersection = |id: &&str| Intersection { id: (*id).into(), ..sample::crossroads() };
        Network { city: "x".into(), intersections: names.iter().map(intersection).collect(), links: Vec::new() }
    }

    #[test]
    fn what_nobody_has_measured_is_laid_out_and_marked() {
        let network = network(&["a", "b", "c"]);
        let drawn = Geometry::default().completed(&network);
        assert!(drawn.schematic);
        assert_eq!(drawn.intersections.len(), 3);
        let has_lines = |it: &Intersection| it.lanes.iter().all(|lane| drawn.line(it, &lane.id).is_some());
        assert!(network.intersections.iter().all(has_lines));
        let apart = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|it| drawn.intersections[it]);
            (a[0] - b[0]).hypot(a[1] - b[1])
        };
        assert!(apart("a", "b") > 100.0 && apart("a", "c") > 100.0 && apart("b", "c") > 100.0);
    }

    #[test]
    fn what_is_known_stays_where_it_is_and_an_intersection_lies_amid_its_stop_lines() {
        let network = network(&["a"]);
        let lanes = network.intersections[0].lanes.iter().enumerate();
        let line = |at: usize| vec![[at as f64 * 10.0, 100.0], [at as f64 * 10.0, 0.0]];
        let lanes: BTreeMap<String, Vec<Point>> =
            lanes.map(|(at, lane)| (lane.id.as_str().to_owned(), line(at))).collect();
        let known = Geometry { lanes: lanes.clone(), ..Geometry::default() };
        let drawn = known.completed(&network);
        let last = (lanes.len() - 1) as f64;
        let [east, north] = drawn.intersections["a"];
        assert!((east - last * 5.0).abs() < 1e-9 && north.abs() < 1e-9);
        assert!(lanes.iter().all(|(id, line)| drawn.lanes[id] == *line));
    }

    #[test]
    fn a_line_that_is_none_is_laid_out_anew() {
        let network = network(&["a"]);
        let id = network.intersections[0].lanes[0].id.as_str().to_owned();
        let bad = [vec![], vec![[1.0, 1.0]], vec![[0.0, 0.0], [f64::NAN, 1.0]]];
        for line in bad {
            let known = Geometry { lanes: [(id.clone(), line)].into(), ..Geometry::default() };
            let drawn = known.completed(&network);
            let line = drawn.line(&network.intersections[0], &LaneId::new(id.clone())).unwrap();
            assert!(line.len() == 2 && line.iter().flatten().all(|it| it.is_finite()));
        }
    }
}
