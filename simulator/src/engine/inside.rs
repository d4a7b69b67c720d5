//! Who goes first inside a junction, where one way crosses another or joins it.
//!
//! Who is in the zone where two ways cross has it until its tail is out; of two that come to it the one that has to give way
//! and still can waits, otherwise the nearer one goes, provided that one with priority can still brake for it. Whose lamp has
//! turned red leaves the junction first, also who waited inside for a gap. Where ways join, the second one follows the first
//! as if it were in front.
//!
//! Vehicles that stand in a ring, each in the way of the next, look for a way after some seconds: see `passes_closely`.

use super::layout::{Meeting, NONE, Way};
use super::right_of_way::HALTED_MPS;
use super::store::{Body, Row};
use super::world::{Me, Says, World, time_to, wanted};

/// Half of the zone in which two crossing vehicles would touch \[m\].
pub const HALF_M: f64 = 2.0;
/// A bumper this far before the point where two ways cross leaves room to pass it slowly \[m\].
const BUMPER_M: f64 = 1.0;
/// After standing for so long inside a junction one looks for another's eyes \[s\].
const STAND_OFF_S: f32 = 3.0;
/// After standing for so long one finds a way around who stands in the way \[s\].
const WAY_AROUND_S: f32 = 20.0;
/// Slower than this one hardly moves \[m/s\].
const STUCK_MPS: f64 = 1.0;

/// Highest next speed because of those inside the junction; `offset` is the distance to the link's begin \[m\].
pub fn foes_inside(world: &World<'_>, me: &Me<'_>, way: &Way, offset: f64, committed: bool) -> f64 {
    let mut speed = f64::INFINITY;
    for meeting in world.layout.meetings_of(way) {
        let foe = &world.layout.ways[meeting.way as usize];
        let distance = offset + meeting.at;
        let passed = if meeting.merges { 0.0 } else { -HALF_M };
        if distance < passed {
            continue;
        }
        if world.field.tail(foe.track).count > 0 {
            let row = world.row(foe.track);
            for k in 0..row.pos.len() {
                speed = speed.min(one_inside(world, me, way, meeting, &row, k, distance, committed));
            }
        }
        if !meeting.merges && distance > HALF_M && tail_in_zone(world, meeting, foe) {
            speed = speed.min(me.driver.stop(distance - HALF_M));
        }
    }
    speed
}

/// Whether somebody hardly moves inside the junction where this way is crossed: who enters now would block others. Those
/// who wait for a gap at their place are not meant.
pub fn stuck_inside(world: &World<'_>, way: &Way) -> bool {
    let crossing = world.layout.meetings_of(way).iter().filter(|it| !it.merges);
    crossing.into_iter().any(|meeting| {
        let foe = &world.layout.ways[meeting.way as usize];
        if world.field.tail(foe.track).count == 0 {
            return false;
        }
        let row = world.row(foe.track);
        (0..row.pos.len()).any(|k| {
            let waits = foe.yields && row.pos[k] <= foe.waits_at + 0.1 && !clears(world, foe);
            let out = row.pos[k] - f64::from(row.body[k].length) > meeting.foe_at + HALF_M;
            row.speed[k] < STUCK_MPS && !waits && !out
        })
    })
}

/// Whether those who are on a way have to leave the junction, because their lamp is red by now.
pub fn clears(world: &World<'_>, way: &Way) -> bool {
    way.lamp != NONE && world.says(way) == Says::Stop
}

/// A vehicle has left the foe's link, but its tail is still in the zone.
fn tail_in_zone(world: &World<'_>, meeting: &Meeting, foe: &Way) -> bool {
    let tail = world.field.tail(foe.to);
    let length = world.track(foe.track).length;
    if tail.back >= 0.0 || length + tail.back > meeting.foe_at + HALF_M {
        return false;
    }
    world.row(foe.to).body.last().is_some_and(|body| body.came == foe.track)
}

/// Whether one who stands inside the junction for some seconds passes another who stands there, with less room than one
/// leaves while moving: behind its tail; before its bumper, or at last around it, after having stood for longer. In a ring of vehicles that wait
/// for each other there is always one who has stood longer than whom it waits for.
fn passes_closely(me: &Me<'_>, foe: &Body, foe_distance: f64) -> bool {
    let behind = foe_distance < -(BUMPER_M + f64::from(foe.length));
    let longer = (me.body.halted_s, foe.trip) > (foe.halted_s, me.body.trip);
    let around = foe_distance > BUMPER_M || me.body.halted_s > WAY_AROUND_S;
    me.body.halted_s > STAND_OFF_S && (behind || (longer && around))
}

#[allow(
    clippy::too_many_arguments,
    reason = "one pair of vehicles, mine and the k-th of a row, with what is known of both"
)]
fn one_inside(
    world: &World<'_>,
    me: &Me<'_>,
    way: &Way,
    meeting: &Meeting,
    row: &Row<'_>,
    k: usize,
    distance: f64,
    committed: bool,
) -> f64 {
    let foe = &world.layout.ways[meeting.way as usize];
    let (body, foe_pos, foe_speed) = (&row.body[k], row.pos[k], row.speed[k]);
    let foe_length = f64::from(body.length);
    let foe_distance = meeting.foe_at - foe_pos;
    let foe_committed = !foe.yields || foe_pos > foe.waits_at + 0.1;
    let way_clears = !world.layout.tracks[me.track as usize].is_lane() && clears(world, way);
    let foe_first = if clears(world, foe) != way_clears {
        !way_clears
    } else if meeting.yields && !committed && foe_committed {
        true
    } else if meeting.foe_yields && !foe_committed {
        false
    } else {
        let nearer = (foe_distance, body.trip) < (distance, me.body.trip);
        // Who has priority lets a nearer one go first only if it can brake.
        match (meeting.yields, meeting.foe_yields) {
            _ if meeting.merges => nearer,
            (true, false) => nearer || foe_distance - HALF_M < world.driver(body).brake_way(foe_speed),
            (false, true) => nearer && distance - HALF_M >= me.driver.brake_way(me.speed),
            _ => nearer,
        }
    };
    if meeting.merges {
        if !foe_first {
            return f64::INFINITY;
        }
        let gap = distance - foe_distance - foe_length - me.driver.min_gap;
        let behind = me.driver.follow(me.speed, gap, foe_speed, world.driver(body).decel);
        return behind.max(me.driver.stop(distance - me.driver.min_gap));
    }
    if meeting.foe_yields && !foe_committed && !clears(world, foe) {
        // Its waiting place is made so that others can pass.
        return f64::INFINITY;
    }
    let cleared = foe_distance < -(HALF_M + foe_length);
    let in_zone = foe_distance <= HALF_M;
    if cleared || distance <= HALF_M || !(in_zone || foe_first) {
        return f64::INFINITY;
    }
    if foe_speed < HALTED_MPS && passes_closely(me, body, foe_distance) {
        return f64::INFINITY;
    }
    let gone = (foe_distance + HALF_M + foe_length) / foe_speed.max(0.1);
    let there =
        time_to(distance - HALF_M, me.speed, me.driver.accel, wanted(me.driver, me.body, world.track(way.track)));
    if foe_speed > 1.0 && gone + 0.5 < there { f64::INFINITY } else { me.driver.stop(distance - HALF_M) }
}
