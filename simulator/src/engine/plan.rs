//! Every vehicle of a part decides its next speed, lane and track, from the last step's state alone.
//!
//! In: [`World`]. Out: a [`Plan`]: next speeds of those who stay on their track, and [`Mover`]s for those who leave it.
//! Parts are planned in parallel; nothing that is written here is read by another part in the same step.

use super::lane_change::{Wish, asked, fall_behind, into_gap, let_in, wants, wish};
use super::layout::{ARRIVES, DEAD_END, NONE, PART, Track};
use super::right_of_way::HALTED_MPS;
use super::sight;
use super::store::{Body, Mover, Row, each};
use super::world::{Me, World, wanted};
use crate::emissions;
use crate::model::lower;
use crate::random;

/// Speed of a vehicle that is not on this track any more.
pub const GONE: f64 = -1.0;

/// A part's intentions.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Next speed of each vehicle, [`GONE`] for those who leave their track.
    pub speed: Vec<f64>,
    /// Urgent wish and readiness to overtake of each vehicle.
    pub wants: Vec<(i8, f32)>,
    /// Who leaves its track, this part's own and others'.
    pub movers: Vec<Mover>,
    /// Who has arrived.
    pub arrived: Vec<Body>,
    /// Who has passed a loop.
    pub passed: Vec<Passed>,
}

/// A front bumper has passed a loop.
#[derive(Debug, Clone, Copy)]
pub struct Passed {
    /// Number of the loop.
    pub number: u32,
    /// Share of the step after which it passed.
    pub share: f64,
    /// Speed \[m/s\].
    pub speed: f64,
    /// Length \[m\].
    pub length: f32,
}

/// Plan all vehicles of a part.
pub fn plan(world: &World<'_>, part: usize, plan: &mut Plan) {
    plan.speed.clear();
    plan.wants.clear();
    plan.movers.clear();
    plan.arrived.clear();
    plan.passed.clear();
    let store = &world.field.0[part];
    for local in each(store.occupied) {
        plan_track(world, (part * PART + local) as u32, plan);
    }
}

fn plan_track(world: &World<'_>, number: u32, plan: &mut Plan) {
    let track = world.track(number);
    let row = world.row(number);
    let beside = track.beside[world.side];
    let other = if beside == NONE { None } else { Some(world.row(beside)) };
    let asked = asked(world, track);
    let mut at = 0;
    for k in 0..row.pos.len() {
        let body = &row.body[k];
        let me = Me { driver: world.driver(body), body, track: number, pos: row.pos[k], speed: row.speed[k] };
        let planned = speed_on_lane(world, &me, track, &row, k, asked);
        let urgent = if track.is_lane() { wants(world, &me, track) } else { 0 };
        let (mut target, mut next, mut keen) = (number, planned, body.keen);
        if let Some(other) = &other {
            while other.pos.get(at).is_some_and(|&pos| pos >= me.pos) {
                at += 1;
            }
            let wished;
            (wished, keen) = wish(world, &me, world.side, urgent, planned, other, at);
            if wished != Wish::Stay {
                match into_gap(world, &me, beside, planned, other, at) {
                    Some(speed) => (target, next, keen) = (beside, speed, 0.0),
                    None if wished == Wish::Urgent => next = fall_behind(world, &me, planned, other, at),
                    None => {}
                }
            }
        }
        let lot = || random::unit(world.seed, u64::from(body.trip), world.step);
        let speed = if next > 0.0 { me.driver.dawdle(me.speed, next, lot()) } else { 0.0 };
        let reached = me.pos + speed * me.driver.step;
        if target == number && reached <= track.length {
            if track.loops.0 < track.loops.1 {
                pass_loops(world, plan, track, (me.pos, reached), speed * me.driver.step, body.length);
            }
            plan.speed.push(speed);
            plan.wants.push((urgent, keen));
            continue;
        }
        plan.speed.push(GONE);
        plan.wants.push((0, 0.0));
        let mut body = *body;
        live(world, &mut body, track, me.speed, speed);
        body.keen = keen;
        body.wants = 0;
        if target != number {
            body.choose(world.windows.choice(body.cursor, world.track(target)));
        }
        travel(world, plan, me.pos, Mover { track: target, pos: reached, speed, body });
    }
}

/// Next speed because of everything ahead, before dawdling.
fn speed_on_lane(world: &World<'_>, me: &Me<'_>, track: &Track, row: &Row<'_>, k: usize, asked: bool) -> f64 {
    let mut speed = me.driver.free(me.speed, wanted(me.driver, me.body, track));
    let mut leader_back = f64::INFINITY;
    if let Some(ahead) = k.checked_sub(1) {
        leader_back = row.pos[ahead] - f64::from(row.body[ahead].length);
        let decel = world.driver(&row.body[ahead]).decel;
        let gap = leader_back - me.pos - me.driver.min_gap;
        speed = me.driver.follow_up_to(speed, me.speed, gap, row.speed[ahead], decel);
    }
    if speed <= 0.0 {
        return speed;
    }
    speed = sight::ahead(world, me, speed, &row.body[..k]);
    if asked { let_in(world, me, leader_back, speed) } else { speed }
}

/// Follow a vehicle over the ends of tracks to where it is at the end of this step.
fn travel(world: &World<'_>, plan: &mut Plan, from: f64, mut mover: Mover) {
    let way = mover.pos - from;
    let mut from = from;
    loop {
        let track = world.track(mover.track);
        if track.loops.0 < track.loops.1 {
            pass_loops(world, plan, track, (from, mover.pos), way, mover.body.length);
        }
        if mover.pos <= track.length {
            break;
        }
        if !track.is_lane() {
            let way = world.way(track);
            let lane = world.track(way.to);
            mover.body.choose(world.windows.choice(mover.body.cursor, lane));
            mover.body.came = mover.track;
            mover.track = way.to;
        } else if mover.body.next == ARRIVES {
            plan.arrived.push(mover.body);
            return;
        } else if mover.body.next == DEAD_END {
            mover.pos = track.length;
            break;
        } else {
            let way = world.way(world.track(mover.body.next));
            mover.body.cursor += 1;
            mover.body.came = mover.track;
            mover.track = way.track;
            mover.body.next = way.to;
        }
        mover.pos -= track.length;
        from -= track.length;
    }
    plan.movers.push(mover);
}

/// Note the loops of a track between two positions of a front bumper; `way` \[m\] is driven in this step.
#[cold]
fn pass_loops(world: &World<'_>, plan: &mut Plan, track: &Track, span: (f64, f64), way: f64, length: f32) {
    for &(at, number) in &world.layout.loops[track.loops.0 as usize..track.loops.1 as usize] {
        if span.0 < at && at <= span.1.min(track.length) {
            let (share, speed) = ((at - span.0) / way, way / world.step_s);
            plan.passed.push(Passed { number, share, speed, length });
        }
    }
}

/// What a step does to a vehicle's accounts.
#[inline]
pub fn live(world: &World<'_>, body: &mut Body, track: &Track, before: f64, speed: f64) {
    let driver = world.driver(body);
    let step = driver.step;
    let wanted = wanted(driver, body, track);
    body.lost_s += (step * (1.0 - lower(speed / wanted, 1.0))) as f32;
    body.driven_m += (speed * step) as f32;
    body.fuel_ml += (emissions::fuel_ml_per_s(body.kind, speed, (speed - before) / step) * step) as f32;
    let halts = speed < HALTED_MPS;
    let halted_s = if halts { step as f32 } else { 0.0 };
    body.stops += u32::from(halts && !body.halting);
    body.halting = halts;
    body.waited_s += halted_s;
    body.halted_s = if halts { body.halted_s + halted_s } else { 0.0 };
}
