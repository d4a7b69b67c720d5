//! Whether there is room behind a junction, so that nobody comes to stand on it in the way of others.
//!
//! In: the way through the junction, the road behind it. Out: whether a vehicle may enter. It may when the lane behind has
//! room for it up to the last vehicle that stands there, less those that still move towards that one or come into the lane
//! by the same way; also when nobody stands there, the next lamp lets it go on and the lane after that has the room.
//! Roads shorter than a vehicle are part of the junction before them. As in SUMO's keep-clear rule, which holds wherever
//! ways of several roads meet, also where one only joins another: otherwise those who join would fill the room behind a
//! crossing before those who cross see any, and a queue behind it would be theirs alone.

use super::layout::{ARRIVES, DEAD_END, Track, Way};
use super::right_of_way::HALTED_MPS;
use super::world::{Says, World};
use crate::model::Driver;

/// Roads looked at behind a junction.
const ROADS: u32 = 3;

/// Whether there is room behind a junction that is to be kept clear; `cursor` is that of the road behind it, `promised`
/// \[m\] what those will take there who have not entered yet but go first.
pub fn room(world: &World<'_>, driver: &Driver, way: &Way, cursor: u32, promised: f64) -> bool {
    let own = driver.length + driver.min_gap;
    if !way.kept_clear || world.track(way.to).length < own {
        return true;
    }
    let mut lane = world.track(way.to);
    let mut number = way.to;
    let mut space = 0.0;
    for n in 0..ROADS {
        let coming = if n == 0 { promised + f64::from(world.field.tail(way.track).taken) } else { 0.0 };
        let (free, stands) = free(world, lane, number, coming, own);
        space += free;
        if space >= own {
            return true;
        }
        let next = if stands { DEAD_END } else { world.link_from(cursor + n, lane) };
        if next == ARRIVES {
            return true;
        }
        if next == DEAD_END {
            return false;
        }
        let onward = world.way(world.track(next));
        if world.says(onward) != Says::Go {
            return false;
        }
        (number, lane) = (onward.to, world.track(onward.to));
    }
    true
}

/// Room of a lane besides what is `coming` into it \[m\], and whether somebody stands there. The search ends where there is
/// `enough`.
fn free(world: &World<'_>, lane: &Track, number: u32, coming: f64, enough: f64) -> (f64, bool) {
    let tail = world.field.tail(number);
    if tail.back - coming >= enough {
        return (tail.back.min(lane.length) - coming, tail.count > 0);
    }
    let row = world.row(number);
    let mut moving = coming;
    for (k, body) in row.body.iter().enumerate().rev() {
        if row.speed[k] < HALTED_MPS {
            return (row.pos[k] - f64::from(body.length) - moving, true);
        }
        moving += f64::from(body.length) + world.driver(body).min_gap;
    }
    (lane.length - moving, false)
}
