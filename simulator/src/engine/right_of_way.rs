//! Who goes first where ways meet, before entering: a gap for those who give way. Order inside is of [`super::inside`].
//!
//! Who gives way needs a gap: the times during which it and each vehicle that comes on a way of higher rank are on the
//! junction must not overlap, with a second in hand (SUMO's windows from arrival at the line until the tail has left the
//! link). Vehicles count that come to the line of that way, or are on it already where both ways join; not those that stand
//! there for want of room or behind a tail. Who has entered on a way that only crosses is left to the order inside.
//!
//! The longer one has waited the more one trusts that others brake who come later: impatience grows to 1 in three minutes,
//! and with it, up to 30 s, the time by which those are taken to be later who still can brake (as in SUMO). A class may
//! be impatient from the beginning.
//!
//! Two who give way to each other and both stand: the longer one has stood goes. Weakness: vehicles farther upstream than
//! one link before the foe's lane are not seen.

use super::inside::{HALF_M, stuck_inside};
use super::layout::{Meeting, Way};
use super::room::room;
use super::store::{Body, Row};
use super::world::{Me, Says, World, time_to, wanted};

/// Time in hand behind those who give way \[s\]: SUMO's `jmTimegapMinor` of a second, and half a step more because SUMO lets
/// the times begin at its step's end; gap curves of both agree with it (see the page on the simulator).
const IN_HAND_S: f64 = 1.5;
/// A queue may be this much longer than its standing distances \[m\].
const TOUCH_M: f64 = 0.5;
/// Waiting for so long makes the most patient one wholly impatient \[s\]; SUMO's `--time-to-impatience`.
const IMPATIENT_S: f64 = 180.0;
/// So much later comes who brakes for an impatient one \[s\]; SUMO's.
const BRAKING_S: f64 = 30.0;
/// Slower than this one halts \[m/s\].
pub const HALTED_MPS: f64 = 0.1;

/// From when until when one is on the junction \[s from now\].
#[derive(Clone, Copy)]
struct Stay {
    from: f64,
    until: f64,
    /// How much later others come who can brake for this one \[s\].
    delays: f64,
}

/// Whether the way is clear of all that go first; `seen` is the distance to the link's begin \[m\], negative inside.
pub fn clear(world: &World<'_>, me: &Me<'_>, way: &Way, seen: f64, of_all: bool) -> bool {
    let link = world.track(way.track);
    let top = wanted(me.driver, me.body, link);
    let impatience = (me.driver.impatience + f64::from(me.body.halted_s) / IMPATIENT_S).min(1.0);
    let mine = Stay {
        delays: BRAKING_S * impatience,
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
            if !waits && overlaps(world, &row, k, (link.length - pos, link.length), None, mine) {
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
        let zone = distance + meeting.foe_at - HALF_M;
        if overlaps(world, &row, k, (distance + link.length, link.length), Some(zone), mine) {
            return true;
        }
    }
    says == Says::Go && upstream(world, foe, meeting, mine)
}

/// Vehicles on links into a short lane, which go on by the foe's way.
fn upstream(world: &World<'_>, foe: &Way, meeting: &Meeting, mine: Stay) -> bool {
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
                && overlaps(
                    world,
                    &row,
                    k,
                    (distance + link.length, link.length),
                    Some(distance + meeting.foe_at - HALF_M),
                    mine,
                )
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

/// Whether a foe's stay overlaps with mine; it is `to_end` from the end of its link of length `link`, and `zone` from where
/// the ways meet, unless it is on the junction already. Who comes later than I do and can brake before that may be trusted
/// to, by the impatient.
fn overlaps(
    world: &World<'_>,
    row: &Row<'_>,
    k: usize,
    (to_end, link): (f64, f64),
    zone: Option<f64>,
    mine: Stay,
) -> bool {
    let (body, speed) = (&row.body[k], row.speed[k]);
    let driver = world.driver(body);
    let top = wanted(driver, body, world.track(body_lane(world, body)));
    let from = zone.map_or(0.0, |zone| {
        let from = time_to(to_end - link, speed, driver.accel, top);
        let next = driver.free(speed, top);
        let brakes = zone >= next * driver.step + driver.brake_way(next);
        if mine.delays > 0.0 && mine.from < from && brakes { from + mine.delays } else { from }
    });
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
