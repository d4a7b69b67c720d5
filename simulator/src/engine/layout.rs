//! Lanes and links as tracks, numbered so that what is near on the street is near in memory.
//!
//! A track is a lane or a link: somewhere to drive. Junction by junction, each entering road's lanes are followed by the
//! links that leave them. Tracks are cut into parts of [`PART`] consecutive ones; lanes of one road never lie in two parts
//! (holes are left instead), so that a part can change lanes and let vehicles in by itself. Parts do not depend on the
//! number of threads.

use std::ops::Range;

use crate::street::{LaneIx, LinkIx, Street};

/// Tracks of a part.
pub const PART: usize = 128;
/// No track.
pub const NONE: u32 = u32::MAX;
/// Instead of the next track: the lane does not lead where the vehicle wants to go.
pub const DEAD_END: u32 = u32::MAX - 1;
/// Instead of the next track: the trip ends on this lane.
pub const ARRIVES: u32 = u32::MAX - 2;

/// A lane or link.
#[derive(Debug, Clone, Copy)]
pub struct Track {
    /// Length \[m\].
    pub length: f64,
    /// Speed limit \[m/s\].
    pub speed: f64,
    /// Lane to the right or left, where there is one.
    pub beside: [u32; 2],
    /// Position in `ways` of a link; `NONE` for a lane.
    pub way: u32,
    /// Number of a lane from the right.
    pub number: u32,
    /// Ways that leave a lane.
    pub leaving: (u32, u32),
    /// Ways that enter a lane, in `entering`.
    pub entering: (u32, u32),
    /// Classes that may use it.
    pub classes: u64,
    /// Loops on it, in `loops`.
    pub loops: (u32, u32),
    /// From where on it is closed \[m\]; infinite while it is open.
    pub closed_at: f64,
    /// Where one waits for whoever leaves the lane by another link \[m before the line\]; 0: nobody minds.
    pub parting: f64,
}

impl Track {
    const HOLE: Self = Self {
        length: 0.0,
        speed: 1.0,
        beside: [NONE; 2],
        way: NONE,
        number: 0,
        leaving: (0, 0),
        entering: (0, 0),
        classes: 0,
        loops: (0, 0),
        closed_at: f64::INFINITY,
        parting: 0.0,
    };

    pub const fn is_lane(&self) -> bool {
        self.way == NONE
    }
}

/// A link, as drivers meet it.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// Its own track.
    pub track: u32,
    /// Lane before and after.
    pub from: u32,
    /// See `from`.
    pub to: u32,
    /// Position of its lamp in the lamps of all signals; `NONE` without.
    pub lamp: u32,
    /// Where a yielding vehicle waits \[m from the stop line\].
    pub waits_at: f64,
    /// Its meetings.
    pub foes: (u32, u32),
    /// Crossings that it drives over, in `walks`.
    pub walks: (u32, u32),
    /// Whether it gives way to any other.
    pub yields: bool,
    /// Whether it meets ways from other roads, so that it has to be kept clear.
    pub kept_clear: bool,
}

/// A meeting of two ways.
#[derive(Debug, Clone, Copy)]
pub struct Meeting {
    /// Position of the other way.
    pub way: u32,
    /// Where on this one \[m\].
    pub at: f64,
    /// Where on the other one \[m\].
    pub foe_at: f64,
    /// Both enter the same lane.
    pub merges: bool,
    /// This one gives way.
    pub yields: bool,
    /// The other one gives way.
    pub foe_yields: bool,
}

/// All tracks of a street.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    pub tracks: Vec<Track>,
    pub ways: Vec<Way>,
    pub entering: Vec<u32>,
    pub meetings: Vec<Meeting>,
    /// Crossing and place on the way \[m\].
    pub walks: Vec<(u32, f64)>,
    pub of_lane: Vec<u32>,
    /// Lane of each track, `NONE` for links.
    pub lane_at: Vec<u32>,
    /// Link of each way.
    pub link_of: Vec<LinkIx>,
    /// Track of each road's rightmost lane, and its lanes.
    pub roads: Vec<(u32, u32)>,
    /// Position of each signal's first lamp.
    pub lamps: Vec<u32>,
    /// Loops in the order of tracks: place \[m\] and number.
    pub loops: Vec<(f64, u32)>,
}

impl Layout {
    pub fn new(street: &Street) -> Self {
        let mut layout = Self { of_lane: vec![NONE; street.lanes.len()], ..Self::default() };
        let mut lamps = 0;
        for signal in &street.signals {
            layout.lamps.push(lamps);
            lamps += signal.groups as u32;
        }
        let mut way_of_link = vec![NONE; street.links.len()];
        layout.number(street, &mut way_of_link);
        layout.connect(street, &way_of_link);
        layout
    }

    pub fn parts(&self) -> usize {
        self.tracks.len() / PART
    }

    /// Tracks of a part.
    pub fn tracks_of(part: usize) -> Range<usize> {
        part * PART..(part + 1) * PART
    }

    fn push(&mut self, track: Track, lane: u32) -> u32 {
        self.tracks.push(track);
        self.lane_at.push(lane);
        self.tracks.len() as u32 - 1
    }

    fn number(&mut self, street: &Street, way_of_link: &mut [u32]) {
        let mut roads: Vec<usize> = (0..street.roads.len()).collect();
        roads.sort_by_key(|&road| (street.roads[road].to, road));
        self.roads = vec![(NONE, 0); street.roads.len()];
        for road in roads {
            let lanes = street.roads[road].lanes.clone();
            let n = lanes.len();
            while n <= PART && self.tracks.len() % PART + n > PART {
                self.push(Track::HOLE, NONE);
            }
            self.roads[road] = (self.tracks.len() as u32, n as u32);
            for (number, lane) in lanes.clone().enumerate() {
                let Some(it) = street.lanes.get(lane as usize) else { continue };
                let at = self.tracks.len() as u32;
                let right = if number > 0 { at - 1 } else { NONE };
                let left = if number + 1 < n { at + 1 } else { NONE };
                let track = Track {
                    length: it.length_m,
                    speed: it.speed_mps,
                    beside: [right, left],
                    number: number as u32,
                    classes: it.classes,
                    parting: it.parting_m,
                    ..Track::HOLE
                };
                self.of_lane[lane as usize] = self.push(track, lane);
            }
            for lane in lanes {
                self.number_links(street, LaneIx(lane), way_of_link);
            }
        }
        while !self.tracks.len().is_multiple_of(PART) {
            self.push(Track::HOLE, NONE);
        }
    }

    fn number_links(&mut self, street: &Street, lane: LaneIx, way_of_link: &mut [u32]) {
        let begin = self.ways.len() as u32;
        for link in street.links_of(lane) {
            let it = &street.links[link.at()];
            let way = self.ways.len() as u32;
            way_of_link[link.at()] = way;
            let to = &street.lanes[it.to.at()];
            let track = Track { length: it.length_m, speed: it.speed_mps, way, classes: to.classes, ..Track::HOLE };
            let track = self.push(track, NONE);
            self.ways.push(Way {
                track,
                from: self.of_lane[lane.at()],
                to: NONE,
                lamp: it.lamp.map_or(NONE, |(signal, group)| self.lamps[signal.at()] + group as u32),
                waits_at: it.waits_at_m,
                foes: (0, 0),
                walks: (0, 0),
                yields: false,
                kept_clear: false,
            });
            self.link_of.push(link);
        }
        self.tracks[self.of_lane[lane.at()] as usize].leaving = (begin, self.ways.len() as u32);
    }

    fn connect(&mut self, street: &Street, way_of_link: &[u32]) {
        let mut entering: Vec<(u32, u32)> = Vec::with_capacity(self.ways.len());
        let mut walks: Vec<(u32, u32, f64)> = Vec::new();
        for (k, crossing) in street.crossings.iter().enumerate() {
            walks.extend(crossing.links.iter().map(|(link, at)| (way_of_link[link.at()], k as u32, *at)));
        }
        walks.sort_by(|a, b| a.0.cmp(&b.0).then(a.2.total_cmp(&b.2)));
        let road = |link: LinkIx| street.lanes[street.links[link.at()].from.at()].road;
        for way in 0..self.ways.len() {
            let link = self.link_of[way];
            let to = self.of_lane[street.links[link.at()].to.at()];
            let begin = self.meetings.len() as u32;
            self.meetings.extend(street.foes_of(link).iter().map(|foe| Meeting {
                way: way_of_link[foe.link.at()],
                at: foe.at_m,
                foe_at: foe.foe_at_m,
                merges: foe.merges,
                yields: foe.yields,
                foe_yields: foe.foe_yields,
            }));
            let first = walks.partition_point(|walk| walk.0 < way as u32) as u32;
            let end = walks.partition_point(|walk| walk.0 <= way as u32) as u32;
            let it = &mut self.ways[way];
            it.to = to;
            it.foes = (begin, self.meetings.len() as u32);
            it.walks = (first, end);
            let foes = &self.meetings[begin as usize..];
            it.yields = foes.iter().any(|foe| foe.yields);
            it.kept_clear = foes.iter().any(|foe| road(self.link_of[foe.way as usize]) != road(link));
            entering.push((to, way as u32));
        }
        self.walks = walks.into_iter().map(|walk| (walk.1, walk.2)).collect();
        entering.sort_unstable();
        for (at, &(to, _)) in entering.iter().enumerate() {
            let range = &mut self.tracks[to as usize].entering;
            if range.0 == range.1 {
                range.0 = at as u32;
            }
            range.1 = at as u32 + 1;
        }
        self.entering = entering.into_iter().map(|(_, way)| way).collect();
    }

    /// Lay loops into lanes: track and place \[m\] of each.
    pub fn lay_loops(&mut self, loops: &[(u32, f64)]) {
        let mut sorted: Vec<(u32, f64, u32)> =
            loops.iter().enumerate().map(|(k, &(track, at))| (track, at, k as u32)).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for (at, &(track, _, _)) in sorted.iter().enumerate() {
            let range = &mut self.tracks[track as usize].loops;
            if range.0 == range.1 {
                range.0 = at as u32;
            }
            range.1 = at as u32 + 1;
        }
        self.loops = sorted.into_iter().map(|(_, at, k)| (at, k)).collect();
    }

    pub fn meetings_of(&self, way: &Way) -> &[Meeting] {
        &self.meetings[way.foes.0 as usize..way.foes.1 as usize]
    }

    pub fn walks_of(&self, way: &Way) -> &[(u32, f64)] {
        &self.walks[way.walks.0 as usize..way.walks.1 as usize]
    }

    pub fn ways_into(&self, lane: &Track) -> impl Iterator<Item = &Way> {
        let ways = &self.entering[lane.entering.0 as usize..lane.entering.1 as usize];
        ways.iter().map(|&way| &self.ways[way as usize])
    }

    pub fn ways_out_of(&self, lane: &Track) -> &[Way] {
        &self.ways[lane.leaving.0 as usize..lane.leaving.1 as usize]
    }
}
