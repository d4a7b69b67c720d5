//! Plans become positions: who stays moves, who comes is sorted in, who waits at a source is let in.
//!
//! In: the last step's vehicles of a part, its plan, the movers that come into it, trips that wait on its roads. Out: its
//! vehicles after the step, their tails, and a hash of them. Parts are advanced in parallel: each writes its own.

use super::depart::{Source, candidates, insert};
use super::layout::{Layout, NONE, PART};
use super::plan::{Plan, live};
use super::store::{Body, Mover, Store, Tail};
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
    let departing = candidates(world, trips, desk);
    next.clear();
    let mut inbox = desk.inbox.as_slice();
    for (local, track) in Layout::tracks_of(part).enumerate() {
        let stay = now.range(local);
        next.first[local] = next.pos.len() as u32;
        let coming = inbox.iter().take_while(|it| mover(it).track as usize == track).count();
        let trying = if departing { desk.trying[local] } else { NONE };
        if stay.is_empty() && coming == 0 && trying == NONE {
            if next.tails[local].count > 0 {
                next.tails[local] = Tail::EMPTY;
            }
            continue;
        }
        let (come, rest) = inbox.split_at(coming);
        inbox = rest;
        let mut come = come.iter().map(mover).peekable();
        for k in stay {
            let speed = plan.speed[k];
            if speed < 0.0 {
                continue;
            }
            let pos = now.pos[k] + speed * world.step_s;
            while let Some(it) = come.next_if(|it| it.pos > pos) {
                next.push(it.pos, it.speed, it.body);
            }
            let mut body = now.body[k];
            live(world, &mut body, world.track(track as u32), now.speed[k], speed);
            (body.wants, body.keen) = plan.wants[k];
            next.push(pos, speed, body);
        }
        come.for_each(|it| next.push(it.pos, it.speed, it.body));
        let begin = next.first[local] as usize;
        if trying != NONE && insert(world, track as u32, trips, trying, begin, next) {
            desk.entered.push(trying);
        }
        next.tails[local] = tail(world, next, begin);
    }
    next.first[PART] = next.pos.len() as u32;
    if !desk.entered.is_empty() {
        let entered = &desk.entered;
        desk.sources.iter_mut().for_each(|source| source.waiting.retain(|trip| !entered.contains(trip)));
    }
    desk.hash = hash(next);
}

/// By track, then front first; trips decide ties.
fn order(a: &Mover, b: &Mover) -> std::cmp::Ordering {
    a.track.cmp(&b.track).then(b.pos.total_cmp(&a.pos)).then(a.body.trip.cmp(&b.body.trip))
}

/// What those behind need to know of the vehicles from `begin` on.
fn tail(world: &World<'_>, store: &Store, begin: usize) -> Tail {
    let Some(last) = store.body.len().checked_sub(1).filter(|&last| last >= begin) else { return Tail::EMPTY };
    let gap_of = |body: &Body| body.length + world.driver(body).min_gap as f32;
    let bodies = &store.body[begin..];
    let bit = |body: &Body| u32::from(body.wants < 0) | (u32::from(body.wants > 0) << 1);
    Tail {
        back: store.pos[last] - f64::from(store.body[last].length),
        speed: store.speed[last],
        decel: world.driver(&store.body[last]).decel as f32,
        taken: bodies.iter().map(gap_of).sum(),
        count: bodies.len() as u32,
        wanted: bodies.iter().map(bit).fold(0, |all, it| all | it),
    }
}

/// FNV-1a over 64-bit words (Fowler, Noll, Vo), with a rotation so that high bits come down.
fn hash(store: &Store) -> u64 {
    let word = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    store
        .pos
        .iter()
        .zip(&store.speed)
        .fold(0xcbf2_9ce4_8422_2325, |hash, (pos, speed)| word(word(hash, pos.to_bits()), speed.to_bits()))
}
