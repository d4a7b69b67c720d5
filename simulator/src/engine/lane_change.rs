//! Whether a vehicle changes to the lane beside it in this step.
//!
//! Two reasons: its lane does not lead where it wants to go, and the place from which it will be too late comes near
//! (urgent; as in SUMO's LC2013 within ten seconds of driving and two vehicle lengths for each lane to cross); or the
//! other lane has been faster for some time. One change a step, to the right in even steps and to the left in odd ones, so
//! that a gap is entered from one side only and every vehicle can judge it from the last step's state. A gap is good when
//! this vehicle can follow the one in front, and the one behind can follow this one, both with comfortable braking even
//! though they may accelerate in this very step. Whoever is urgent says so (`Body::wants`); it slows down gently to fall
//! behind the one beside it, and the next vehicle behind the gap lets it in.

use super::layout::{ARRIVES, DEAD_END, NONE, Track};
use super::store::{Body, Row, Tail};
use super::world::{Me, World, wanted};
use crate::model::Driver;

/// How long before it is too late a change becomes urgent \[s of driving\].
const AHEAD_S: f64 = 10.0;
/// A gain worth a change: this share of the wanted speed, for about this many steps.
const GAIN_SHARE: f64 = 0.1;
/// Who is slower than this stands in a queue: nobody slows down for it \[m/s\].
const MOVES_MPS: f64 = 1.0;
/// Deceleration to make a gap \[m/s²\].
const HELP_MPS2: f64 = 1.0;
/// Distance that is left when somebody squeezes in \[m\].
const SQUEEZE_M: f64 = 0.2;
/// Who is let in must have its tail this far ahead: enough to squeeze in, or both would wait for each other \[m\].
const LET_IN_M: f64 = SQUEEZE_M + 2.0 * TOUCH_M;
/// Standing distances may be shorter by this, against rounding \[m\].
const TOUCH_M: f64 = 0.05;
const KEEN_MAX: f32 = 2.0;

/// What a vehicle wants of the lane beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    Stay,
    /// It would be faster there.
    Gain,
    /// It has to.
    Urgent,
}

/// Distance within which lanes must have been changed \[m\].
fn urgent_way(me: &Me<'_>, lane: &Track) -> f64 {
    let speed = me.speed.max(0.4 * wanted(me.driver, me.body, lane));
    speed * AHEAD_S + 2.0 * (me.driver.length + me.driver.min_gap)
}

/// Which side a vehicle urgently wants to, for all to see: -1 right, 1 left.
pub fn wants(world: &World<'_>, me: &Me<'_>, lane: &Track) -> i8 {
    let body = me.body;
    if body.offset == 0 {
        return 0;
    }
    // Where the best lane is full one must get into it before the place where its queue ends, not at the line.
    let best = me.track.wrapping_add_signed(i32::from(body.offset));
    let usable = f64::from(body.reach) - me.pos - f64::from(world.field.tail(best).taken);
    let late = usable < f64::from(body.offset).abs() * urgent_way(me, lane);
    if body.next == DEAD_END || late { body.offset.signum() } else { 0 }
}

/// What it wants of one side, as of `wants`; `keen` counts how long the other lane has been faster.
pub fn wish(
    world: &World<'_>,
    me: &Me<'_>,
    side: usize,
    wants: i8,
    planned: f64,
    row: &Row<'_>,
    at: usize,
) -> (Wish, f32) {
    let sign = if side == 1 { 1 } else { -1 };
    let track = world.track(me.track);
    if wants != 0 {
        return (if wants == sign { Wish::Urgent } else { Wish::Stay }, 0.0);
    }
    let target = world.track(track.beside[side]);
    let wanted = wanted(me.driver, me.body, target);
    if !world.overtaking || planned > (1.0 - GAIN_SHARE) * me.driver.free(me.speed, wanted) {
        return (Wish::Stay, me.body.keen * 0.5);
    }
    let free = me.driver.free(me.speed, wanted);
    let there = at.checked_sub(1).map_or(free, |ahead| {
        let gap = row.pos[ahead] - f64::from(row.body[ahead].length) - me.pos - me.driver.min_gap;
        me.driver.follow_up_to(free, me.speed, gap, row.speed[ahead], world.driver(&row.body[ahead]).decel)
    });
    let gain = (there - planned) / wanted.max(0.1);
    // The right lane need only be as good, the left one better.
    let threshold = if side == 1 { GAIN_SHARE } else { GAIN_SHARE * 1.5 };
    if gain <= threshold {
        return (Wish::Stay, me.body.keen * 0.5);
    }
    let choice = world.windows.choice(me.body.cursor, target);
    let usable = f64::from(choice.reach) - me.pos;
    let good = choice.link != DEAD_END
        && (choice.offset == 0 || usable > f64::from(choice.offset).abs() * urgent_way(me, target) * 1.5);
    if !good || target.closed_at.is_finite() || target.classes >> me.body.class & 1 == 0 {
        return (Wish::Stay, 0.0);
    }
    let keen = me.body.keen + 0.5 * sign_of(side);
    let ready = keen * sign_of(side) > 1.0;
    (if ready { Wish::Gain } else { Wish::Stay }, keen.clamp(-KEEN_MAX, KEEN_MAX))
}

const fn sign_of(side: usize) -> f32 {
    if side == 1 { 1.0 } else { -1.0 }
}

/// Next speed of a vehicle that changes now into a lane, between `row[at - 1]` and `row[at]`; `None` when the gap is bad.
pub fn into_gap(world: &World<'_>, me: &Me<'_>, target: u32, planned: f64, row: &Row<'_>, at: usize) -> Option<f64> {
    let track = world.track(target);
    if target == NONE || track.classes >> me.body.class & 1 == 0 || track.closed_at <= me.pos {
        return None;
    }
    // Whatever the lamp beyond says: it must be possible to stop before it.
    let left = track.length - me.pos;
    if world.windows.choice(me.body.cursor, track).link != ARRIVES
        && (left - 0.2).max(0.0) < me.driver.brake_way(planned)
    {
        return None;
    }
    let speed = match at.checked_sub(1) {
        Some(ahead) => {
            let gap = row.pos[ahead] - f64::from(row.body[ahead].length) - me.pos - me.driver.min_gap;
            behind(me, gap, row.speed[ahead], world.driver(&row.body[ahead]).decel)?
        }
        None => behind_tails(world, me, track, left)?,
    };
    let speed = speed.min(planned);
    let ok = if at < row.pos.len() {
        lets_in(world, me, target, speed, row, at)
    } else {
        upstream_is_far(world, me, track, speed)
    };
    ok.then_some(speed)
}

/// By how much a standing distance may be undercut \[m\]: who stands and has to change squeezes in.
fn slack(me: &Me<'_>, behind: &Driver) -> f64 {
    if me.body.wants != 0 && me.body.halting { (behind.min_gap - SQUEEZE_M - TOUCH_M).max(TOUCH_M) } else { TOUCH_M }
}

fn behind(me: &Me<'_>, gap: f64, ahead: f64, decel: f64) -> Option<f64> {
    let speed = me.driver.follow(me.speed, gap, ahead, decel);
    (gap >= -slack(me, me.driver) && speed >= me.speed - me.driver.drop).then_some(speed)
}

/// Vehicles that have left the lane, but whose tails have not.
fn behind_tails(world: &World<'_>, me: &Me<'_>, track: &Track, left: f64) -> Option<f64> {
    let mut speed = f64::INFINITY;
    for way in world.layout.ways_out_of(track) {
        let tail: &Tail = world.field.tail(way.track);
        if tail.back < 0.0 {
            let gap = left + tail.back - me.driver.min_gap;
            speed = speed.min(behind(me, gap, tail.speed, f64::from(tail.decel))?);
        }
    }
    Some(speed)
}

/// Whether the vehicle behind the gap can let this one in.
fn lets_in(world: &World<'_>, me: &Me<'_>, target: u32, speed: f64, row: &Row<'_>, at: usize) -> bool {
    let (body, its_speed) = (&row.body[at], row.speed[at]);
    let driver = world.driver(body);
    let mut next = driver.free(its_speed, wanted(driver, body, world.track(me.track)));
    if let Some(ahead) = at.checked_sub(1) {
        let gap = row.pos[ahead] - f64::from(row.body[ahead].length) - row.pos[at] - driver.min_gap;
        next = next.min(driver.follow(its_speed, gap, row.speed[ahead], world.driver(&row.body[ahead]).decel));
    }
    let gap = me.pos - me.driver.length - row.pos[at] - driver.min_gap;
    let side = if world.track(me.track).beside[0] == target { -1 } else { 1 };
    if me.body.wants == side && gap + driver.min_gap > LET_IN_M && yields_turn(body, me.body) {
        // It has seen the wish and lets this one in: the same speed as in `let_in`.
        next = next.min(driver.follow(its_speed, gap, me.speed, me.driver.decel).max(its_speed - driver.drop));
    }
    can_follow(driver, gap + (speed - next) * driver.step, next, me, speed)
}

fn can_follow(driver: &Driver, gap: f64, next: f64, me: &Me<'_>, speed: f64) -> bool {
    gap >= -slack(me, driver) && driver.follow(next, gap, speed, me.driver.decel) >= next - driver.drop
}

/// Nobody comes into the lane from a junction too near behind.
fn upstream_is_far(world: &World<'_>, me: &Me<'_>, track: &Track, speed: f64) -> bool {
    let back = me.pos - me.driver.length;
    if back > 6.0 * track.speed {
        return true;
    }
    let far = |distance: f64, its_speed: f64, body: &Body| {
        let driver = world.driver(body);
        let next = driver.free(its_speed, wanted(driver, body, track));
        let gap = back + distance - driver.min_gap;
        can_follow(driver, gap + (speed - next) * driver.step, next, me, speed)
    };
    world.layout.ways_into(track).all(|way| {
        let link = world.track(way.track);
        let row = world.row(way.track);
        if let Some(&pos) = row.pos.first() {
            return far(link.length - pos, row.speed[0], &row.body[0]);
        }
        let lane = world.row(way.from);
        match lane.body.first() {
            Some(body) if body.next == way.track => {
                far(link.length + world.track(way.from).length - lane.pos[0], lane.speed[0], body)
            }
            _ => true,
        }
    })
}

/// Next speed of a vehicle that urgently wants into a lane and cannot yet: it falls behind the one beside it, gently.
pub fn fall_behind(world: &World<'_>, me: &Me<'_>, planned: f64, row: &Row<'_>, at: usize) -> f64 {
    let Some(ahead) = at.checked_sub(1).filter(|&ahead| row.speed[ahead] > MOVES_MPS) else { return planned };
    let gap = row.pos[ahead] - f64::from(row.body[ahead].length) - me.pos - me.driver.min_gap;
    let behind = me.driver.follow(me.speed, gap, row.speed[ahead], world.driver(&row.body[ahead]).decel);
    planned.min(behind.max(me.speed - HELP_MPS2 * me.driver.step))
}

/// Whether somebody beside a lane urgently wants into it.
pub fn asked(world: &World<'_>, track: &Track) -> bool {
    let asks =
        |side: usize| track.beside[side] != NONE && world.field.tail(track.beside[side]).wanted & (2 >> side) != 0;
    asks(0) || asks(1)
}

/// Whether one lets another in before it: not when it has stood longer, so that two queues into one lane take turns. Who
/// wants to leave the lane itself always does.
fn yields_turn(mine: &Body, asker: &Body) -> bool {
    mine.wants != 0 || mine.halted_s <= asker.halted_s
}

/// Speed that lets in who urgently wants into this lane from the lanes beside it, just ahead.
pub fn let_in(world: &World<'_>, me: &Me<'_>, leader_back: f64, planned: f64) -> f64 {
    let track = world.track(me.track);
    let mut speed = planned;
    for side in [0, 1] {
        let beside = track.beside[side];
        if beside == NONE || world.field.tail(beside).wanted & (2 >> side) == 0 {
            continue;
        }
        let row = world.row(beside);
        let sign: i8 = if side == 0 { 1 } else { -1 };
        let ahead = row.pos.partition_point(|&pos| pos > me.pos);
        for k in (0..ahead).rev() {
            let back = row.pos[k] - f64::from(row.body[k].length);
            if back > leader_back {
                break;
            }
            if row.body[k].wants == sign && yields_turn(me.body, &row.body[k]) {
                let gap = back - me.pos - me.driver.min_gap;
                let behind = me.driver.follow(me.speed, gap, row.speed[k], world.driver(&row.body[k]).decel);
                if back - me.pos > LET_IN_M {
                    speed = speed.min(behind.max(me.speed - me.driver.drop));
                } else if row.speed[k] > MOVES_MPS {
                    speed = speed.min(behind.max(me.speed - HELP_MPS2 * me.driver.step));
                }
            }
        }
    }
    speed
}
