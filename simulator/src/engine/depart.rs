//! Vehicles enter the street: a queue in front of every road where trips begin.
//!
//! In: trips whose time has come, the lanes as they are after everybody has moved. Out: vehicles with their rear bumper at
//! the lane's begin (or anywhere between others, where the trip says so), at most one a lane and step, as fast as is safe (or from a stand). Who finds no room waits; trips for
//! the same lane keep their order. Safe means: able to stop at the lane's end and behind the last vehicle, and whoever
//! comes from a junction behind can brake comfortably.

use std::collections::VecDeque;

use super::advance::Desk;
use super::layout::{ARRIVES, NONE, PART};
use super::store::{Body, Store, TrackSet};
use super::world::{World, wanted};
use crate::demand::{DepartLane, DepartPlace, DepartSpeed, Trip};
use crate::random;

/// Waiting trips of a road.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Its rightmost lane.
    pub first: u32,
    /// Its lanes.
    pub lanes: u32,
    /// Trips, earliest first.
    pub waiting: VecDeque<u32>,
}

/// Stream of lots for lanes and speed factors.
const LANE_LOTS: u64 = 3 << 32;
/// See [`LANE_LOTS`].
const FACTORS: u64 = 4 << 32;
/// See [`LANE_LOTS`].
const PLACE_LOTS: u64 = 6 << 32;
/// Places that are drawn in a step by who departs anywhere, as in SUMO.
const DRAWS: u64 = 10;

/// Choose who tries to enter which lane of a part; returns the lanes.
pub fn candidates(world: &World<'_>, trips: &[Trip], desk: &mut Desk) -> TrackSet {
    let mut lanes = 0;
    if desk.sources.iter().all(|source| source.waiting.is_empty()) {
        return lanes;
    }
    desk.trying.clear();
    desk.trying.resize(PART, NONE);
    for source in &desk.sources {
        // A queue for one lane keeps nobody from another.
        let mut free = source.lanes;
        for &trip in &source.waiting {
            if free == 0 {
                break;
            }
            if let Some(lane) = lane_for(world, source, trips, trip, &desk.trying) {
                let trying = &mut desk.trying[lane as usize % PART];
                if *trying == NONE {
                    *trying = trip;
                    lanes |= 1 << (lane as usize % PART);
                    free -= 1;
                }
            }
        }
    }
    lanes
}

/// Lane that a trip wants to enter.
fn lane_for(world: &World<'_>, source: &Source, trips: &[Trip], number: u32, trying: &[u32]) -> Option<u32> {
    let trip = &trips[number as usize];
    let cursor = world.windows.first[number as usize];
    let lanes = source.first..source.first + source.lanes;
    let mut open = lanes.clone().filter(|&lane| {
        let track = world.track(lane);
        track.classes >> trip.class.0 & 1 == 1 && track.closed_at.is_infinite()
    });
    let fullness = |lane: &u32| {
        let tail = world.field.tail(*lane);
        (trying[*lane as usize % PART] != NONE, (tail.taken * 100.0) as u32, *lane)
    };
    match trip.depart.lane {
        DepartLane::First => open.next(),
        DepartLane::Free => open.min_by_key(fullness),
        DepartLane::Best => {
            open.filter(|&lane| world.windows.choice(cursor, world.track(lane)).offset == 0).min_by_key(fullness)
        }
        DepartLane::Random => {
            let lot = random::bits(world.seed, LANE_LOTS + u64::from(number), 0);
            let count = open.clone().count().max(1) as u64;
            open.nth((lot % count) as usize)
        }
        DepartLane::Number(k) => lanes.clone().nth(k as usize).or(Some(lanes.end - 1)),
    }
}

/// Let a trip into a track, which holds the vehicles from `begin` on, if there is room.
pub fn insert(world: &World<'_>, number: u32, trips: &[Trip], trip: u32, begin: usize, next: &mut Store) -> bool {
    let track = world.track(number);
    let it = &trips[trip as usize];
    let first = world.drivers[it.class.at()].length.min(track.length);
    let mut newcomer = body(world, trip, it, world.windows.first[trip as usize]);
    newcomer.choose(world.windows.choice(newcomer.cursor, track));
    let draws = if it.depart.place == DepartPlace::Anywhere { DRAWS } else { 0 };
    let drawn = (0..draws).map(|k| {
        let lot = random::unit(world.seed, PLACE_LOTS + u64::from(trip), world.step * DRAWS + k);
        first + lot * (track.length - first)
    });
    drawn.chain([first]).any(|pos| enter(world, number, it, newcomer, pos, begin, next))
}

/// Let a vehicle into a track at a place, if there is room.
fn enter(world: &World<'_>, number: u32, it: &Trip, mut body: Body, pos: f64, begin: usize, next: &mut Store) -> bool {
    let track = world.track(number);
    let driver = world.driver(&body);
    let mut speed = wanted(driver, &body, track);
    if body.next != ARRIVES {
        speed = speed.min(driver.stop(track.length - pos - 1.0));
    }
    let at = begin + next.pos[begin..].partition_point(|&ahead| ahead > pos);
    let (back, ahead, decel) = if at > begin {
        let ahead = &next.body[at - 1];
        (next.pos[at - 1] - f64::from(ahead.length), next.speed[at - 1], world.driver(ahead).decel)
    } else {
        let tails = world.layout.ways_out_of(track).iter().map(|way| world.field.tail(way.track));
        let nearest = tails.map(|tail| track.length + tail.back).fold(f64::INFINITY, f64::min);
        if nearest < track.length { (nearest, 0.0, driver.decel) } else { (f64::INFINITY, 0.0, driver.decel) }
    };
    let gap = back - pos - driver.min_gap;
    if gap < 0.0 {
        return false;
    }
    if gap.is_finite() {
        speed = speed.min(driver.follow(0.0, gap, ahead, decel));
    }
    if it.depart.speed == DepartSpeed::Zero {
        speed = 0.0;
    }
    let back = pos - driver.length;
    let free = match next.pos.get(at) {
        Some(&behind) => follows(world, &next.body[at], next.speed[at], back - behind, (speed, driver.decel)),
        None => behind_is_free(world, number, back, speed, driver.decel),
    };
    if free {
        body.halting = speed < super::right_of_way::HALTED_MPS;
        next.insert(at, pos, speed, body);
    }
    free
}

/// Whether one with this speed, `distance` behind a newcomer, can brake behind it, comfortably.
fn follows(world: &World<'_>, body: &Body, speed: f64, distance: f64, (ahead, decel): (f64, f64)) -> bool {
    let driver = world.driver(body);
    let gap = distance - driver.min_gap;
    gap >= 0.0 && driver.follow(speed, gap, ahead, decel) >= speed - driver.drop
}

/// Whoever comes into the lane from a junction, as of the last step, can brake behind a vehicle at `back`.
fn behind_is_free(world: &World<'_>, number: u32, back: f64, speed: f64, decel: f64) -> bool {
    let track = world.track(number);
    let free = |distance: f64, its_speed: f64, body: &Body| {
        let driver = world.driver(body);
        let next = driver.free(its_speed, wanted(driver, body, track));
        follows(world, body, next, distance + back - next * driver.step, (speed, decel))
    };
    world.layout.ways_into(track).all(|way| {
        let (row, link) = (world.row(way.track), world.track(way.track));
        let lane = world.row(way.from);
        let on_link = row.pos.first().is_none_or(|pos| free(link.length - pos, row.speed[0], &row.body[0]));
        let before = lane.body.first().is_none_or(|body| {
            body.next != way.track || {
                free(link.length + world.track(way.from).length - lane.pos[0], lane.speed[0], body)
            }
        });
        on_link && before
    })
}

fn body(world: &World<'_>, number: u32, trip: &Trip, cursor: u32) -> Body {
    let mut lots = random::Stream::new(world.seed, FACTORS + u64::from(number));
    let (mean, deviation) = world.factors[trip.class.at()];
    let factor = (mean + deviation * lots.normal()).clamp(0.2, 2.0);
    Body {
        trip: number,
        cursor,
        next: NONE,
        reach: 0.0,
        offset: 0,
        came: NONE,
        class: trip.class.0 as u16,
        kind: world.kinds[trip.class.at()],
        wants: 0,
        halting: false,
        length: world.drivers[trip.class.at()].length as f32,
        factor: factor as f32,
        halted_s: 0.0,
        keen: 0.0,
        lost_s: 0.0,
        waited_s: 0.0,
        stops: 0,
        fuel_ml: 0.0,
        driven_m: 0.0,
    }
}
