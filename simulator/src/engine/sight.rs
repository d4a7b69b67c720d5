//! What a driver sees ahead: the highest speed at the end of this step that everything in sight allows.
//!
//! Walks along the vehicle's own way, lane, link, lane, until nothing farther can matter in this step (the way that it
//! needs to stop after one more step of acceleration). In: the state of the last step. Out: a speed \[m/s\].
//!
//! ```text
//! own lane ──stop line── link ── lane ── link ...
//!   leader     lamp       leader   leader
//!              way given  speed    speed
//!              pedestrians foes    closed
//!              room
//! ```
//!
//! Assumptions, as in SUMO: vehicles stand 1 m before the line; at yellow one stops unless that needs more than the
//! comfortable deceleration; who gives way comes to the line at a speed from which it can stop within sight of it
//! (4.5 m); at a red from which one may turn (`s`) one halts first; nobody enters a junction where ways meet without room
//! behind it.

use super::inside::{clears, foes_inside, stuck_inside};
use super::layout::{ARRIVES, DEAD_END, Track, Way};
use super::right_of_way::clear;
use super::room::room;
use super::store::Body;
use super::world::{Me, Says, World, wanted};
use crate::model::lower;

/// Where vehicles stand before a line \[m\].
const LINE_M: f64 = 1.0;
/// From where drivers see who comes across \[m\].
const VISIBLE_M: f64 = 4.5;
/// Room kept before the end of a lane by those who have to leave it to the right, for those who come the other way \[m\].
const SWAP_M: f64 = 10.0;

/// Where the walk has come to.
struct Walk<'a> {
    /// Distance to the end of the track \[m\].
    seen: f64,
    /// Highest next speed so far.
    speed: f64,
    /// Whether a vehicle ahead was found: those beyond cannot matter more.
    led: bool,
    /// Vehicles ahead on the own lane.
    before: &'a [Body],
}

impl Walk<'_> {
    #[inline]
    fn at_most(&mut self, speed: f64) {
        self.speed = lower(self.speed, speed);
    }
}

/// Highest next speed; vehicles `before` this one on the own track were already followed.
pub fn ahead(world: &World<'_>, me: &Me<'_>, speed: f64, before: &[Body]) -> f64 {
    let track = world.track(me.track);
    let sight = me.driver.sight(me.speed, speed);
    let mut walk = Walk { seen: track.length - me.pos, speed, led: !before.is_empty(), before };
    let mut cursor = me.body.cursor;
    let mut lane = track;
    let mut next = me.body.next;
    if !track.is_lane() {
        let way = world.way(track);
        if !on_link(world, me, way, &mut walk) {
            return walk.speed;
        }
        (lane, next) = enter(world, me, way, cursor, &mut walk);
    } else if track.closed_at > me.pos && track.closed_at.is_finite() {
        walk.at_most(me.driver.stop(track.closed_at - me.pos));
    }
    while walk.seen < sight {
        if !walk.led {
            tails_on_lane(world, me, lane, &mut walk);
        }
        if next == ARRIVES {
            break;
        }
        if next == DEAD_END {
            stop_at_end(world, me, lane, cursor, &mut walk);
            break;
        }
        let way = world.way(world.track(next));
        if lane.parting > 0.0 {
            part(world, me, lane, way, &mut walk);
        }
        if !pass_line(world, me, way, cursor, &mut walk) {
            break;
        }
        walk.before = &[];
        cursor += 1;
        (lane, next) = enter(world, me, way, cursor, &mut walk);
    }
    walk.speed
}

/// Room that those before this one will take behind the way \[m\].
fn promised(world: &World<'_>, before: &[Body], way: &Way) -> f64 {
    let same = before.iter().filter(|body| body.next == way.track);
    same.map(|body| f64::from(body.length) + world.driver(body).min_gap).sum()
}

/// The lane ends without a link to where the vehicle wants to go: it waits there until it can change.
fn stop_at_end(world: &World<'_>, me: &Me<'_>, lane: &Track, cursor: u32, walk: &mut Walk<'_>) {
    let right = world.windows.choice(cursor, lane).offset < 0;
    let own = me.driver.length + me.driver.min_gap + LINE_M;
    let room = match lane.length {
        length if !right || length < own + LINE_M => LINE_M,
        length if length > 3.0 * SWAP_M => SWAP_M,
        _ => own,
    };
    walk.at_most(me.driver.stop(walk.seen - room));
}

/// Who leaves the own lane by another way than the one in front waits until that one is over the line.
fn part(world: &World<'_>, me: &Me<'_>, lane: &Track, way: &Way, walk: &mut Walk<'_>) {
    let until = walk.seen - lane.parting;
    if way.from != me.track || until < me.driver.brake_way(me.speed) {
        return;
    }
    let first = walk.before.first().is_some_and(|body| body.next != way.track);
    let mut others = world.layout.ways_out_of(lane).iter().filter(|it| it.track != way.track);
    if first || others.any(|it| world.field.tail(it.track).back < 0.0) {
        walk.at_most(me.driver.stop_evenly(me.speed, until));
    }
}

/// From a lane over a stop line on to a link, up to the link's end. False where the way ends for this step.
fn pass_line(world: &World<'_>, me: &Me<'_>, way: &Way, cursor: u32, walk: &mut Walk<'_>) -> bool {
    let link = world.track(way.track);
    let brakes = walk.seen - LINE_M >= me.driver.brake_way(me.speed);
    let says = world.says(way);
    let red = match says {
        Says::Stop => brakes && !(me.driver.emergency && clear(world, me, way, walk.seen, true)),
        Says::StopIfYouCan => brakes,
        Says::HaltFirst => brakes && !me.driver.emergency && !me.body.halting,
        Says::Go | Says::GiveWay => false,
    };
    let closed = || {
        let promised = promised(world, walk.before, way);
        pedestrians(world, way, 0.0)
            || !room(world, me.driver, way, cursor + 1, promised)
            || (!walk.led && stuck_inside(world, way))
    };
    if red || (brakes && closed()) {
        walk.at_most(me.driver.stop(walk.seen - LINE_M));
        return false;
    }
    if matches!(says, Says::GiveWay | Says::HaltFirst) {
        let until = walk.seen + if way.waits_at > 0.0 { way.waits_at } else { -LINE_M };
        if until >= me.driver.brake_way(me.speed) {
            if until > VISIBLE_M {
                let careful = me.driver.stop(VISIBLE_M);
                walk.at_most(me.driver.slow_down(until - VISIBLE_M, careful));
            }
            if !clear(world, me, way, walk.seen, false) {
                walk.at_most(me.driver.stop(until));
                if way.waits_at <= 0.0 {
                    return false;
                }
            }
        }
    }
    walk.at_most(me.driver.slow_down(walk.seen, wanted(me.driver, me.body, link)));
    if !walk.led {
        walk.at_most(foes_inside(world, me, way, walk.seen, false));
        on_foot_inside(world, me, way, walk.seen, walk);
        follow_tail(world, me, way.track, walk);
    }
    walk.seen += link.length;
    true
}

/// On the link itself: who waits inside, and who crosses. False where the way ends for this step.
fn on_link(world: &World<'_>, me: &Me<'_>, way: &Way, walk: &mut Walk<'_>) -> bool {
    let committed = me.pos > way.waits_at + 0.1 || clears(world, way);
    if !committed && way.yields && world.says(way) != Says::Go && !clear(world, me, way, -me.pos, false) {
        walk.at_most(me.driver.stop(way.waits_at - me.pos));
        return false;
    }
    // Also behind another one: somebody may cross between the two.
    walk.at_most(foes_inside(world, me, way, -me.pos, committed));
    on_foot_inside(world, me, way, -me.pos, walk);
    true
}

/// From a link on to the lane behind it.
fn enter<'a>(world: &World<'a>, me: &Me<'_>, way: &Way, cursor: u32, walk: &mut Walk<'_>) -> (&'a Track, u32) {
    let lane = world.track(way.to);
    let wanted = wanted(me.driver, me.body, lane);
    if wanted < walk.speed {
        walk.at_most(me.driver.slow_down(walk.seen, wanted));
    }
    follow_tail(world, me, way.to, walk);
    if lane.closed_at.is_finite() && !walk.led {
        walk.at_most(me.driver.stop(walk.seen + lane.closed_at));
    }
    walk.seen += lane.length;
    (lane, world.link_from(cursor, lane))
}

/// Follow the last vehicle of a track that begins at `walk.seen`.
#[inline]
fn follow_tail(world: &World<'_>, me: &Me<'_>, track: u32, walk: &mut Walk<'_>) {
    let tail = world.field.tail(track);
    if !walk.led && tail.count > 0 {
        let gap = walk.seen + tail.back - me.driver.min_gap;
        walk.speed = me.driver.follow_up_to(walk.speed, me.speed, gap, tail.speed, f64::from(tail.decel));
        walk.led = true;
    }
}

/// Vehicles that have left the lane, by whatever link, but not yet with their tails.
fn tails_on_lane(world: &World<'_>, me: &Me<'_>, lane: &Track, walk: &mut Walk<'_>) {
    for way in world.layout.ways_out_of(lane) {
        let tail = world.field.tail(way.track);
        if tail.back < 0.0 {
            let gap = walk.seen + tail.back - me.driver.min_gap;
            walk.speed = me.driver.follow_up_to(walk.speed, me.speed, gap, tail.speed, f64::from(tail.decel));
        }
    }
}

/// Whether pedestrians are on a crossing of the way at `at` \[m\] or, at the line, before it.
fn pedestrians(world: &World<'_>, way: &Way, until: f64) -> bool {
    way.walks.0 < way.walks.1
        && world.layout.walks_of(way).iter().any(|&(crossing, at)| at <= until && world.walked[crossing as usize])
}

/// Stop before pedestrians on a crossing inside the junction; `offset` is the distance to the link's begin.
fn on_foot_inside(world: &World<'_>, me: &Me<'_>, way: &Way, offset: f64, walk: &mut Walk<'_>) {
    for &(crossing, at) in world.layout.walks_of(way) {
        let gap = offset + at - LINE_M;
        if world.walked[crossing as usize] && at > 0.0 && gap >= me.driver.brake_way(me.speed) {
            walk.at_most(me.driver.stop(gap));
        }
    }
}
