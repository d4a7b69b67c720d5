//! A street like a chessboard: for benchmarks, tests and scenarios of any size.
//!
//! In: [`Grid`]. Out: a street and its demand as files. Every inner crossing has four approaches with a lamp for each turn
//! and a fixed programme of four stages (through and right, then left, for each direction); around it runs a rim of dead
//! ends where traffic leaves. Trips begin on any road and go on for five to eleven roads, mostly straight; so many that the
//! wanted number of vehicles is on the street once it has filled.

use crate::demand::{DemandFile, Depart, TripFile};
use crate::random::Stream;
use crate::street::{Control, JunctionFile, LaneFile, RoadFile, SignalFile, StageFile, StreetFile, Turn};

/// What a chessboard is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Crossings from west to east.
    pub columns: usize,
    /// Crossings from south to north.
    pub rows: usize,
    /// Distance between crossings \[m\].
    pub block_m: f64,
    /// Lanes of a road, 2 or 3.
    pub lanes: usize,
    /// Speed limit \[m/s\].
    pub speed_mps: f64,
    /// Vehicles on the street, once it has filled; about.
    pub vehicles: f64,
    /// How long trips begin \[s\].
    pub duration_s: f64,
    /// Seed of the trips.
    pub seed: u64,
}

impl Grid {
    /// The benchmark: 300 m, three lanes; 35 vehicles a crossing up to 10×10, fewer on larger ones.
    #[must_use]
    pub fn bench(columns: usize, rows: usize) -> Self {
        let crossings = (columns * rows) as f64;
        let each = if crossings <= 100.0 { 35.0 } else { 19.0 };
        let vehicles = each * crossings;
        Self { columns, rows, block_m: 300.0, lanes: 3, speed_mps: 13.9, vehicles, duration_s: 3600.0, seed: 1 }
    }

    /// Street and demand.
    #[must_use]
    pub fn files(&self) -> (StreetFile, DemandFile) {
        let street = self.street();
        let demand = self.demand();
        (street, demand)
    }

    /// Whether a place is a crossing, not the rim.
    const fn inner(&self, x: usize, y: usize) -> bool {
        x >= 1 && x <= self.columns && y >= 1 && y <= self.rows
    }

    fn corner(&self, x: usize, y: usize) -> bool {
        (x == 0 || x == self.columns + 1) && (y == 0 || y == self.rows + 1)
    }

    /// Neighbours in the order north, east, south, west.
    fn neighbour(&self, (x, y): (usize, usize), side: usize) -> Option<(usize, usize)> {
        let (x, y) = match side {
            0 => (x, y + 1),
            1 => (x + 1, y),
            2 => (x, y.checked_sub(1)?),
            _ => (x.checked_sub(1)?, y),
        };
        (x <= self.columns + 1 && y <= self.rows + 1 && !self.corner(x, y)).then_some((x, y))
    }

    fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let all = (0..=self.rows + 1).flat_map(|y| (0..=self.columns + 1).map(move |x| (x, y)));
        all.filter(|&(x, y)| !self.corner(x, y))
    }

    fn street(&self) -> StreetFile {
        let mut file = StreetFile::default();
        for (x, y) in self.places() {
            let (id, inner) = (name((x, y)), self.inner(x, y));
            let (x_m, y_m) = (x as f64 * self.block_m, y as f64 * self.block_m);
            let control = if inner { Control::Signal } else { Control::Boundary };
            file.junctions.push(JunctionFile { id: id.clone(), x_m, y_m, control, signal: inner.then(|| id.clone()) });
            if inner {
                file.signals.push(Self::signal(&id));
            }
            for side in 0..4 {
                let from = self.neighbour((x, y), side);
                let Some(from) = from.filter(|&(a, b)| inner || self.inner(a, b)) else { continue };
                file.roads.push(self.road(from, (x, y)));
            }
        }
        file
    }

    fn road(&self, from: (usize, usize), to: (usize, usize)) -> RoadFile {
        let turns = |k: usize| match k {
            0 => vec![Turn::Straight, Turn::Right],
            k if k + 1 == self.lanes => vec![Turn::Left],
            _ => vec![Turn::Straight],
        };
        let lane = |k| LaneFile { turns: turns(k), ..LaneFile::default() };
        RoadFile {
            id: road_name(from, to),
            from: name(from),
            to: name(to),
            length_m: self.block_m - 2.0 * (self.lanes as f64 * 3.2 + 3.0),
            speed_mps: self.speed_mps,
            priority: 0,
            shape: Vec::new(),
            lanes: (0..self.lanes).map(lane).collect(),
        }
    }

    /// Groups: left, straight, right of the approaches from north, east, south, west.
    fn signal(id: &str) -> SignalFile {
        let state = |sides: [usize; 2], turns: [bool; 3], letter: char| {
            let groups = (0..12).map(|group| sides.contains(&(group / 3)) && turns[group % 3]);
            groups.map(|green| if green { letter } else { 'r' }).collect::<String>()
        };
        let mut stages = Vec::new();
        for sides in [[0, 2], [1, 3]] {
            for (turns, green_s) in [([false, true, true], 27.0), ([true, false, false], 10.0)] {
                for (letter, duration_s) in [('G', green_s), ('y', 3.0), ('r', 2.0)] {
                    stages.push(StageFile { duration_s, state: state(sides, turns, letter) });
                }
            }
        }
        let id = id.to_owned();
        SignalFile { id, groups: 12, stages, yellow_s: 3.0, all_red_s: 2.0, min_green_s: 5.0, ..SignalFile::default() }
    }

    fn demand(&self) -> DemandFile {
        let mut file = DemandFile::default();
        let roads_a_trip = 8.0;
        let travel_s = roads_a_trip * (self.block_m / self.speed_mps + 24.0);
        let rate = self.vehicles / travel_s;
        let mut random = Stream::new(self.seed, 0);
        let mut at = 0.0;
        if rate <= 0.0 {
            return file;
        }
        loop {
            at += random.exponential() / rate;
            if at >= self.duration_s {
                break;
            }
            let route = self.walk(&mut random);
            let (id, class) = (format!("t{}", file.trips.len()), "car".to_owned());
            file.trips.push(TripFile { id, depart_s: at, class, route, depart: Depart::default() });
        }
        file
    }

    /// A way that begins anywhere; it ends early at the rim.
    fn walk(&self, random: &mut Stream) -> Vec<String> {
        let draw = |random: &mut Stream, below: usize| (random.unit() * below as f64) as usize;
        let mut at = (1 + draw(random, self.columns), 1 + draw(random, self.rows));
        let mut heading = draw(random, 4);
        let mut route = Vec::new();
        let steps = 5 + draw(random, 7);
        if let Some(from) = self.neighbour(at, (heading + 2) % 4) {
            route.push(road_name(from, at));
        }
        while route.len() < steps && self.inner(at.0, at.1) {
            heading = match random.unit() {
                u if u < 0.15 => (heading + 3) % 4,
                u if u < 0.30 => (heading + 1) % 4,
                _ => heading,
            };
            let Some(next) = self.neighbour(at, heading) else { break };
            route.push(road_name(at, next));
            at = next;
        }
        route
    }
}

fn name((x, y): (usize, usize)) -> String {
    format!("{x}-{y}")
}

fn road_name(from: (usize, usize), to: (usize, usize)) -> String {
    format!("{}_{}", name(from), name(to))
}
