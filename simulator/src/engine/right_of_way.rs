//! Who goes first where ways meet: gaps before entering, and order inside the junction.
//!
//! *Before entering*, who gives way needs a gap: the times during which it and each vehicle that comes on a way of higher
//! rank are on the junction must not overlap, with a second in hand (SUMO's windows from arrival at the line until the
//! tail has left the link). Vehicles count that come to the line of that way, or are on it already where both ways join;
//! not those that stand there for want of room or behind a tail. Who has entered on a way that only crosses is left to the order inside.
//! *Inside*, for everybody: who is in the zone where two ways cross has it until its tail is out; of two that come to it
//! the one that has to give way and still can waits, otherwise the nearer one goes, provided that one with priority can
//! still brake for it.
//! Whose lamp has turned red leaves the junction first, also who waited inside for a gap.
//! Where ways join, the second one follows the first as if it were in front.
//!
//! Two who give way to each other and both stand: the longer one has stood goes. Weaknesses: nobody grows impatient;
//! vehicles farther upstream than one link before the foe's lane are not seen.

use super::layout::{Meeting, NONE, Way};
use super::room::room;
use super::store::{Body, Row};
use super::world::{Me, Says, World, time_to, wanted};

/// Half of the zone in which two crossing vehicles would touch \[m\].
const HALF_M: f64 = 2.0;
/// Time in hand behind those who give way \[s\]: SUMO's `jmTimegapMinor` of a second, and half a step more because SUMO lets
/// the times begin at its step's end; gap curves of both agree with it (see the page on the simulator).
const IN_HAND_S: f64 = 1.5;
/// Slower than this one hardly moves \[m/s\].
pub const STUCK_MPS: f64 = 1.0;
/// A queue may be this much longer than its standing distances \[m\].
const TOUCH_M: f64 = 0.5;
/// Slower than this one halts \[m/s\].
pub const HALTED_MPS: f64 = 0.1;

/// From when until when one is on the junction \[s from now\].
#[derive(Clone, Copy)]
struct Stay {
    from: f64,
    until: f64,
}

/// Whether the way is clear of all that go first; `seen` is the distance to the link's begin \[m\], negative inside.
pub fn clear(world: &World<'_>, me: &Me<'_>, way: &Way, seen: f64, of_all: bool) -> bool {
    let link = world.track(way.track);
    let top = wanted(me.driver, me.body, link);
    let mine = Stay {
        from: time_to(seen + way.waits_at, me.speed, me.driver.accel, top),
        until: time_to(seen + link.length + me.driver.length, me.speed, me.driver.accel, top) + IN_HAND_S,
    };
    let meetings = world.layout.meetings_of(way).iter();
    meetings.filter(|it| it.yields || of_all).all(|it| !somebody_comes(world, me, it, mine))
}

fn somebody_comes(world: &World<'_>, me: &Me<'_>, meeting: &Meeting, mine: Stay) -> bool {
    let foe = &world.layout.ways[meeting.way as usize];
    let link = world.track(foe.track);
    if meeting.merges && world.field.tail(foe.track).count > 0 {
        let row = world.row(foe.track);
        for (k, &pos) in row.pos.iter().enumerate() {
            let waits = foe.yields && pos <= foe.waits_at + 0.1 && foe.waits_at > 0.0;
            if !waits && overlaps(world, &row, k, link.length - pos, link.length, mine, true) {
                return true;
            }
        }
    }
    let says = world.says(foe);
    if says == Says::Stop {
        return false;
    }
    let lane = world.track(foe.from);
    let row = world.row(foe.from);
    for (k, &pos) in row.pos.iter().enumerate() {
        let (body, distance) = (&row.body[k], lane.length - pos);
        let driver = world.driver(body);
        if distance > mine.until * wanted(driver, body, lane).max(row.speed[k]) {
            break;
        }
        let stops = says == Says::StopIfYouCan && distance >= driver.brake_way(row.speed[k]);
        let elsewhere = body.next != foe.track;
        let stands = row.speed[k] < HALTED_MPS;
        if stands && (elsewhere || held_up(world, body, pos, foe)) || lets_me_go(me, row.speed[k], body, foe) {
            // Who stands keeps those behind it from coming.
            return false;
        }
        if elsewhere || stops {
            continue;
        }
        if overlaps(world, &row, k, distance + link.length, link.length, mine, false) {
            return true;
        }
    }
    says == Says::Go && upstream(world, foe, mine)
}

/// Vehicles on links into a short lane, which go on by the foe's way.
fn upstream(world: &World<'_>, foe: &Way, mine: Stay) -> bool {
    let lane = world.track(foe.from);
    let link = world.track(foe.track);
    if lane.length > 4.0 * lane.speed {
        return false;
    }
    world.layout.ways_into(lane).any(|before| {
        let row = world.row(before.track);
        let first = world.track(before.track);
        (0..row.pos.len()).any(|k| {
            let (body, speed) = (&row.body[k], row.speed[k]);
            let driver = world.driver(body);
            let distance = first.length - row.pos[k] + lane.length;
            distance <= driver.sight(speed, wanted(driver, body, lane))
                && world.link_from(body.cursor, lane) == foe.track
                && overlaps(world, &row, k, distance + link.length, link.length, mine, false)
        })
    })
}

/// Whether a foe that stands first on its lane has to wait there: for a tail in front of it, for the junction, or for the
/// lane behind it to be free.
fn held_up(world: &World<'_>, body: &Body, pos: f64, way: &Way) -> bool {
    let lane = world.track(way.from);
    let near = pos + world.driver(body).min_gap + TOUCH_M;
    let mut tails = world.layout.ways_out_of(lane).iter().map(|it| world.field.tail(it.track).back);
    let behind_tail = tails.any(|back| back < 0.0 && lane.length + back < near);
    behind_tail || !room(world, world.driver(body), way, body.cursor + 1, 0.0) || stuck_inside(world, way)
}

/// Both stand and give way: the one that has stood longer goes.
fn lets_me_go(me: &Me<'_>, foe_speed: f64, foe: &Body, way: &Way) -> bool {
    let both_stand = foe_speed < HALTED_MPS && me.speed < HALTED_MPS;
    both_stand && way.yields && (me.body.halted_s, foe.trip) > (foe.halted_s, me.body.trip)
}

/// Whether a foe's stay overlaps with mine; `to_end` is its distance to the end of its link.
fn overlaps(world: &World<'_>, row: &Row<'_>, k: usize, to_end: f64, link: f64, mine: Stay, inside: bool) -> bool {
    let (body, speed) = (&row.body[k], row.speed[k]);
    let driver = world.driver(body);
    let top = wanted(driver, body, world.track(body_lane(world, body)));
    let from = if inside { 0.0 } else { time_to(to_end - link, speed, driver.accel, top) };
    if from >= mine.until {
        return false;
    }
    time_to(to_end + driver.length, speed, driver.accel, top) > mine.from
}

/// Some track of the vehicle's way, for its speed limit.
fn body_lane(world: &World<'_>, body: &Body) -> u32 {
    if body.next < world.layout.tracks.len() as u32 {
        body.next
    } else {
        body.came.min(world.layout.tracks.len() as u32 - 1)
    }
}

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

#[allow(clippy::too_many_arguments)] // one pair of vehicles: mine and the k-th of a row, with what is known of both
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
    let gone = (foe_distance + HALF_M + foe_length) / foe_speed.max(0.1);
    let there =
        time_to(distance - HALF_M, me.speed, me.driver.accel, wanted(me.driver, me.body, world.track(way.track)));
    if foe_speed > 1.0 && gone + 0.5 < there { f64::INFINITY } else { me.driver.stop(distance - HALF_M) }
}
