//! Turns and crosswalks of one intersection, and their shares of each lane.

use super::lanes::Road;
use super::signals::Signals;
use crate::ids::{ExitIx, LaneIx, MovementIx};
use crate::network::file::{IntersectionFile, MovementFile};
use crate::network::problem::Problems;
use crate::network::{Movement, Turn};

/// By how much the shares of a lane may miss 1.
const SHARE_ROUNDING: f64 = 0.01;

/// The movements, and the lanes with their movements entered.
pub(super) fn movements(
    file: &IntersectionFile,
    mut lanes: Road,
    signals: &Signals,
    place: &str,
    problems: &mut Problems,
) -> (Vec<Movement>, Road) {
    problems.unique(format_args!("{place}.movements"), file.movements.iter().map(|it| it.id.as_str()));
    let mut built = Vec::new();
    for movement in &file.movements {
        let place = format!("{place}.movements[{}]", movement.id);
        problems.id(format_args!("{place}.id"), &movement.id);
        if let Some(share) = movement.share {
            problems.range(format_args!("{place}.share"), share, &(0.0..=1.0), "");
        }
        let group = signals.resolve(&movement.group, &format!("{place}.group"), problems);
        let lane = ends(movement, &lanes, &place, problems);
        let yields_to = yields_to(movement, file, &place, problems);
        if let (Some(group), Some((lane, exit))) = (group, lane) {
            let position = MovementIx(built.len());
            if let Some(lane) = lane {
                lanes.lanes[lane.0].movements.push(position);
            }
            let (id, turn) = (movement.id.clone(), movement.turn);
            let share_prior = movement.share.unwrap_or(f64::NAN);
            built.push(Movement { id, lane, group, exit, turn, share_prior, yields_to });
        }
    }
    fill_shares(&mut built, &lanes, place, problems);
    (built, lanes)
}

/// Where a movement starts and ends, `None` when that is not right.
fn ends(
    movement: &MovementFile,
    lanes: &Road,
    place: &str,
    problems: &mut Problems,
) -> Option<(Option<LaneIx>, Option<ExitIx>)> {
    if movement.turn == Turn::Crosswalk {
        if movement.lane.is_some() || movement.exit.is_some() {
            problems.push(place, "a crosswalk with a lane or an exit", "neither");
            return None;
        }
        return Some((None, None));
    }
    let lane = movement.lane.as_ref().and_then(|id| lanes.lane(id.as_str()));
    let named = movement.exit.as_ref();
    let exit = named.and_then(|id| lanes.exits.iter().position(|exit| exit.id == *id)).map(ExitIx);
    for (key, found, id) in [("lane", lane.is_some(), &movement.lane), ("exit", exit.is_some(), &movement.exit)] {
        if !found {
            let message = id.as_ref().map_or_else(|| "missing".to_owned(), |id| format!("`{id}`"));
            let what = if key == "lane" { "a stop-line lane" } else { "an exit" };
            problems.push(format_args!("{place}.{key}"), message, format_args!("{what} of this intersection"));
        }
    }
    Some((Some(lane?), Some(exit?)))
}

/// Positions in the file of the movements that one gives way to.
///
/// They are positions in the built list too: a network is returned only when no movement had to be left out.
fn yields_to(
    movement: &MovementFile,
    file: &IntersectionFile,
    place: &str,
    problems: &mut Problems,
) -> Vec<MovementIx> {
    let mut others = Vec::new();
    for id in &movement.yields_to {
        match file.movements.iter().position(|other| other.id == *id).map(MovementIx) {
            Some(_) if *id == movement.id => {
                problems.push(format_args!("{place}.yields_to"), "itself", "other movements");
            }
            Some(other) => others.push(other),
            None => problems.push(
                format_args!("{place}.yields_to"),
                format_args!("`{id}`"),
                "movements of this intersection",
            ),
        }
    }
    others
}

/// What is not said about shares: an equal part of what the others on the lane leave.
fn fill_shares(movements: &mut [Movement], lanes: &Road, place: &str, problems: &mut Problems) {
    for movement in movements.iter_mut().filter(|movement| movement.lane.is_none()) {
        movement.share_prior = if movement.share_prior.is_nan() { 1.0 } else { movement.share_prior };
    }
    for lane in lanes.lanes.iter().filter(|lane| !lane.movements.is_empty()) {
        let shares = lane.movements.iter().map(|it| movements[it.0].share_prior);
        let said: f64 = shares.clone().filter(|share| !share.is_nan()).sum();
        let unsaid = shares.filter(|share| share.is_nan()).count();
        let exact = unsaid == 0 && (said - 1.0).abs() > SHARE_ROUNDING;
        if exact || said > 1.0 + SHARE_ROUNDING {
            let message = format!("shares of its movements sum to {said:.3}");
            problems.push(format_args!("{place}.lanes[{}]", lane.id), message, "1");
        }
        let each = (1.0 - said).max(0.0) / unsaid.max(1) as f64;
        for movement in &lane.movements {
            let share = &mut movements[movement.0].share_prior;
            *share = if share.is_nan() { each } else { *share };
        }
    }
}
