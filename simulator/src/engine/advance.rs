//! Plans become positions: who stays moves, who comes is sorted in, who waits at a source is let in.
//!
//! In: the last step's vehicles of a part, its plan, the movers that come into it, trips that wait on its roads. Out: its
//! vehicles after the step, their tails, and a hash of them. Parts are advanced in parallel: each writes its own.

use super::depart::{Source, candidates, insert};
use super::layout::{Layout, PART};
use super::plan::{Plan, live};
use super::store::{Mover, Store, Tail, TrackSet, each};
use super::world::World;
use crate::demand::{Demand, Trip};
use crate::street::Street;

/// What a part keeps from step to step, besides its vehicles.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    /// Movers that come into this part: plan and position there.
    pub inbox: Vec<(u32, u32)>,
    /// Roads of this part where trips begin.
    pub sources: Vec<Source>,
    /// Trip that tries to enter each track; `NONE` for none.
    pub trying: Vec<u32>,
    /// Trips that have entered in this step.
    pub entered: Vec<u32>,
    /// Hash of positions and speeds after the step.
    pub hash: u64,
}

/// Sources of all roads where trips begin.
pub fn desks(layout: &Layout, street: &Street, demand: &Demand) -> (Vec<Desk>, Vec<(u32, u32)>) {
    let mut desks = vec![Desk::default(); layout.parts()];
    let mut sources = vec![(u32::MAX, 0); street.roads.len()];
    for trip in &demand.trips {
        let road = trip.route[0].at();
        if sources[road].0 == u32::MAX {
            let (first, lanes) = layout.roads[road];
            let desk = &mut desks[first as usize / PART];
            sources[road] = ((first as usize / PART) as u32, desk.sources.len() as u32);
            desk.sources.push(Source { first, lanes, waiting: std::collections::VecDeque::new() });
        }
    }
    (desks, sources)
}

/// Advance a part.
pub fn advance(world: &World<'_>, part: usize, plans: &[Plan], trips: &[Trip], desk: &mut Desk, next: &mut Store) {
    let now = &world.field.0[part];
    let plan = &plans[part];
    let mover = |it: &(u32, u32)| &plans[it.0 as usize].movers[it.1 as usize];
    desk.inbox.sort_unstable_by(|a, b| order(mover(a), mover(b)));
    desk.entered.clear();
    desk.hash = HASH_OF_NOTHING;
    let departing = candidates(world, trips, desk);
    let coming: TrackSet = desk.inbox.iter().fold(0, |set, it| set | 1 << (mover(it).track as usize % PART));
    next.clear();
    let mut come = desk.inbox.iter().map(mover).peekable();
    for local in each(now.occupied | coming | departing) {
        let number = (part * PART + local) as u32;
        let track = world.track(number);
        let begin = next.pos.len();
        for k in now.range(local) {
            let speed = plan.speed[k];
            if speed < 0.0 {
                continue;
            }
            let pos = now.pos[k] + speed * world.step_s;
            while let Some(it) = come.next_if(|it| it.track == number && it.pos > pos) {
                next.push(it.pos, it.speed, it.body);
            }
            let body = next.push(pos, speed, now.body[k]);
            live(world, body, track, now.speed[k], speed);
            (body.wants, body.keen) = plan.wants[k];
        }
        while let Some(it) = come.next_if(|it| it.track == number) {
            next.push(it.pos, it.speed, it.body);
        }
        if departing >> local & 1 == 1 {
            let trying = desk.trying[local];
            if insert(world, number, trips, trying, begin, next) {
                desk.entered.push(trying);
            }
        }
        if next.pos.len() > begin {
            close(world, next, local, begin, &mut desk.hash);
        }
    }
    if !desk.entered.is_empty() {
        let entered = &desk.entered;
        desk.sources.iter_mut().for_each(|source| source.waiting.retain(|trip| !entered.contains(trip)));
    }
}

/// By track, then front first; trips decide ties.
fn order(a: &Mover, b: &Mover) -> std::cmp::Ordering {
    a.track.cmp(&b.track).then(b.pos.total_cmp(&a.pos)).then(a.body.trip.cmp(&b.body.trip))
}

/// A track's vehicles, from `begin` on, are complete: what those behind need to know of them, and the hash with them.
fn close(world: &World<'_>, store: &mut Store, local: usize, begin: usize, hash: &mut u64) {
    let last = store.body.len() - 1;
    let (mut taken, mut wanted) = (0.0, 0);
    for (body, (pos, speed)) in store.body[begin..].iter().zip(store.pos[begin..].iter().zip(&store.speed[begin..])) {
        taken += body.length + world.driver(body).min_gap as f32;
        wanted |= u32::from(body.wants < 0) | (u32::from(body.wants > 0) << 1);
        *hash = hashed(hashed(*hash, pos.to_bits()), speed.to_bits());
    }
    store.occupied |= 1 << local;
    store.first[local] = begin as u32;
    store.tails[local] = Tail {
        back: store.pos[last] - f64::from(store.body[last].length),
        speed: store.speed[last],
        decel: world.driver(&store.body[last]).decel as f32,
        taken,
        count: (last + 1 - begin) as u32,
        wanted,
    };
}

/// Hash of a part without vehicles.
const HASH_OF_NOTHING: u64 = 0xcbf2_9ce4_8422_2325;

/// A hash with one more word: FNV-1a over 64-bit words (Fowler, Noll, Vo), with a rotation so that high bits come down.
const fn hashed(hash: u64, word: u64) -> u64 {
    (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
}
