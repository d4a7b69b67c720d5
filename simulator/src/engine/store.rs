//! Where vehicles are: a structure of arrays a part, sorted by track, front first.
//!
//! Positions are those of front bumpers \[m from the track's begin\]; a vehicle belongs to the track of its front, its tail
//! may still stand on the one before. For each track a [`Tail`] holds what those who come from behind need to know.

use super::layout::{Layout, PART};
use super::windows::Choice;
use crate::street::Kind;

/// All of a vehicle but its position and speed.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    /// Which trip.
    pub trip: u32,
    /// Place in `Windows::itinerary` of the road that it is on, or enters by this link.
    pub cursor: u32,
    /// On a lane: the link to take (or `ARRIVES`, `DEAD_END`). On a link: the lane that it enters.
    pub next: u32,
    /// On a lane: how far from its begin one gets without a lane change \[m\].
    pub reach: f32,
    /// On a lane: lanes to the nearest best one, left positive.
    pub offset: i8,
    /// Track before this one.
    pub came: u32,
    /// Its class.
    pub class: u16,
    /// Its engine.
    pub kind: Kind,
    /// Wants to change lanes, urgently: -1 right, 1 left.
    pub wants: i8,
    /// Halts, counted once each.
    pub halting: bool,
    /// Length \[m\].
    pub length: f32,
    /// Wanted speed over speed limit.
    pub factor: f32,
    /// Since when it halts \[s\].
    pub halted_s: f32,
    /// Readiness to overtake; see lane changes.
    pub keen: f32,
    /// Time lost against its wanted speed \[s\].
    pub lost_s: f32,
    /// Sum of all halts \[s\].
    pub waited_s: f32,
    /// Number of halts.
    pub stops: u32,
    /// Burned \[ml\].
    pub fuel_ml: f32,
    /// Way so far \[m\].
    pub driven_m: f32,
}

impl Body {
    /// Take the choices of a lane.
    #[inline]
    pub fn choose(&mut self, choice: &Choice) {
        self.next = choice.link;
        self.reach = choice.reach;
        self.offset = choice.offset;
    }
}

/// The last vehicle of a track and what stands before it.
#[derive(Debug, Clone, Copy)]
pub struct Tail {
    /// Its rear bumper \[m\]; negative when it still stands on the track before. Infinite on an empty track.
    pub back: f64,
    /// Its speed \[m/s\].
    pub speed: f64,
    /// Its deceleration \[m/s²\].
    pub decel: f32,
    /// Length and standing distance of all vehicles of the track \[m\].
    pub taken: f32,
    /// Vehicles.
    pub count: u32,
    /// Bit 0: somebody urgently wants to the right, bit 1: to the left.
    pub wanted: u32,
}

impl Tail {
    pub const EMPTY: Self = Self { back: f64::INFINITY, speed: 0.0, decel: 4.5, taken: 0.0, count: 0, wanted: 0 };
}

/// Tracks of a part, a bit each.
pub type TrackSet = u128;

const _: () = assert!(TrackSet::BITS as usize == PART, "a bit for each track");

/// Tracks of a set, by their numbers within the part.
pub fn each(mut set: TrackSet) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let local = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (local < PART).then_some(local)
    })
}

/// Vehicles of a part.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// Tracks with vehicles.
    pub occupied: TrackSet,
    /// Where the vehicles of each of these begin; 0 for the others.
    pub first: Vec<u32>,
    pub pos: Vec<f64>,
    pub speed: Vec<f64>,
    pub body: Vec<Body>,
    pub tails: Vec<Tail>,
}

impl Store {
    pub fn new() -> Self {
        Self { first: vec![0; PART], tails: vec![Tail::EMPTY; PART], ..Self::default() }
    }

    pub fn clear(&mut self) {
        each(self.occupied).for_each(|local| (self.first[local], self.tails[local]) = (0, Tail::EMPTY));
        self.occupied = 0;
        self.pos.clear();
        self.speed.clear();
        self.body.clear();
    }

    /// Put a vehicle behind all others of the part.
    pub fn push(&mut self, pos: f64, speed: f64, body: Body) -> &mut Body {
        self.pos.push(pos);
        self.speed.push(speed);
        self.body.push(body);
        self.body.last_mut().expect("it was put there")
    }

    /// Put a vehicle before the `at`-th of the part.
    pub fn insert(&mut self, at: usize, pos: f64, speed: f64, body: Body) {
        self.pos.insert(at, pos);
        self.speed.insert(at, speed);
        self.body.insert(at, body);
    }

    /// Vehicles of a track of this part (by its number within the part).
    #[inline]
    pub fn range(&self, local: usize) -> std::ops::Range<usize> {
        let first = self.first[local] as usize;
        first..first + self.tails[local].count as usize
    }
}

/// All vehicles, for reading.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a>(pub &'a [Store]);

/// Vehicles of one track, front first.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub pos: &'a [f64],
    pub speed: &'a [f64],
    pub body: &'a [Body],
}

impl<'a> Field<'a> {
    #[inline]
    pub fn row(&self, track: u32) -> Row<'a> {
        let store = &self.0[track as usize / PART];
        let range = store.range(track as usize % PART);
        Row { pos: &store.pos[range.clone()], speed: &store.speed[range.clone()], body: &store.body[range] }
    }

    #[inline]
    pub fn tail(&self, track: u32) -> &'a Tail {
        &self.0[track as usize / PART].tails[track as usize % PART]
    }
}

/// A vehicle on its way to another track.
#[derive(Debug, Clone, Copy)]
pub struct Mover {
    pub track: u32,
    pub pos: f64,
    pub speed: f64,
    pub body: Body,
}

/// Empty stores for a layout.
pub fn empty(layout: &Layout) -> Vec<Store> {
    (0..layout.parts()).map(|_| Store::new()).collect()
}
