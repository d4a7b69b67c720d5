//! The legs of an intersection as other tools see them: a compass direction each, and the turns that start there.
//!
//! A network says turns, not directions. The direction in which an approach leads comes, in this order, from its name where the network was imported
//! from such a tool (`NBT`), from the turns (who goes straight on where another turns left comes from the right of him; the first approach leads as its lanes do
//! on a map that was surveyed, to the nearest quarter, else north), from the map alone. Two legs never get the same of the eight directions of the compass. So a picture
//! is right as to who meets whom and who comes from which side, and its angles are not those of the street.

use super::ExportReport;
use crate::ids::{LaneIx, LinkId, MovementIx};
use crate::network::{Geometry, Intersection, Turn};
use std::collections::BTreeMap;

/// Directions in which a leg leads towards the intersection, in steps of 45° from north, clockwise.
pub(super) const DIRECTIONS: [&str; 8] = ["NB", "NE", "EB", "SE", "SB", "SW", "WB", "NW"];
/// Turns from left to right.
const TURNS: [&str; 6] = ["U", "L2", "L", "T", "R", "R2"];

/// One leg.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leg {
    /// Position of the approach.
    pub approach: usize,
    /// Position in [`DIRECTIONS`].
    pub direction: usize,
    /// Turns from left to right.
    pub turns: Vec<TurnOf>,
    /// Its lanes from left to right.
    pub lanes: Vec<LaneIx>,
}

/// A turn: all movements from one leg to one road.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TurnOf {
    /// Letter (and number) after the direction: `L`, `T`, `R2`.
    pub letter: &'static str,
    /// Road it leads to.
    pub exit: LinkId,
    /// Its movements.
    pub movements: Vec<MovementIx>,
}

impl Leg {
    /// Name of a turn from it, such as `NBL`.
    pub(super) fn column(&self, turn: &TurnOf) -> String {
        format!("{}{}", DIRECTIONS[self.direction], turn.letter)
    }
}

/// Legs of an intersection, in the order of their directions.
pub(super) fn legs(intersection: &Intersection, geometry: &Geometry, report: &mut ExportReport) -> Vec<Leg> {
    let directions = directions(intersection, geometry, report);
    let all = directions.into_iter().enumerate();
    let mut legs: Vec<Leg> = all
        .map(|(approach, direction)| Leg {
            approach,
            direction,
            turns: turns(intersection, approach, report),
            lanes: intersection.approaches[approach].lanes.iter().rev().copied().collect(),
        })
        .collect();
    legs.sort_by_key(|it| it.direction);
    legs
}

/// Lanes of exit of a road from left to right: as they lie on a map that was surveyed, else by their names, which count from the kerb.
pub(super) fn exits_from_left(intersection: &Intersection, road: &LinkId, geometry: &Geometry) -> Vec<usize> {
    let mut own: Vec<usize> =
        (0..intersection.exits.len()).filter(|&it| intersection.exits[it].link == *road).collect();
    let name = |it: usize| intersection.exits[it].id.as_str();
    own.sort_by_key(|&it| std::cmp::Reverse((name(it).len(), name(it))));
    let line = |it: usize| geometry.line(intersection, &intersection.exits[it].id).filter(|_| !geometry.schematic);
    let Some([from, to, ..]) = own.first().and_then(|&it| line(it)) else { return own };
    let along = [to[0] - from[0], to[1] - from[1]];
    // How far to the right of the first one a lane begins.
    let right =
        |it: usize| Some((line(it)?.first()?[0] - from[0]) * along[1] - (line(it)?.first()?[1] - from[1]) * along[0]);
    if own.iter().all(|&it| right(it).is_some()) {
        own.sort_by(|&a, &b| right(a).unwrap_or_default().total_cmp(&right(b).unwrap_or_default()));
    }
    own
}

/// By how many eighths of a circle a turn leads away from where it came.
pub(super) fn turned(letter: &str) -> usize {
    match letter {
        "U" => 4,
        "L2" => 5,
        "L" => 6,
        "R" => 2,
        "R2" => 3,
        _ => 0,
    }
}

/// Movements from an approach, with the kind of turn and the road.
fn from_approach(intersection: &Intersection, approach: usize) -> impl Iterator<Item = (MovementIx, Turn, &LinkId)> {
    let all = intersection.movements.iter().enumerate();
    all.filter_map(move |(at, it)| {
        let lane = it.lane.filter(|lane| intersection.lanes[lane.0].approach == approach);
        lane.and(it.exit).map(|exit| (MovementIx(at), it.turn, &intersection.exits[exit.0].link))
    })
}

fn turns(intersection: &Intersection, approach: usize, report: &mut ExportReport) -> Vec<TurnOf> {
    let mut found: Vec<(Turn, TurnOf)> = Vec::new();
    for (movement, turn, exit) in from_approach(intersection, approach) {
        if let Some((_, it)) = found.iter_mut().find(|(kind, it)| *kind == turn && it.exit == *exit) {
            it.movements.push(movement);
            continue;
        }
        let earlier = found.iter().filter(|(kind, _)| *kind == turn).count();
        let letter = match (turn, earlier) {
            (Turn::Through, 0) => "T",
            (Turn::Left, 0) => "L",
            (Turn::Left, 1) => "L2",
            (Turn::Right, 0) => "R",
            (Turn::Right, 1) => "R2",
            (Turn::UTurn, 0) => "U",
            _ => {
                let name = &intersection.movements[movement.0].id;
                report
                    .lose(intersection.id.as_str(), format!("movement {name}: no place for one more turn of its kind"));
                continue;
            }
        };
        found.push((turn, TurnOf { letter, exit: exit.clone(), movements: vec![movement] }));
    }
    let mut turns: Vec<TurnOf> = found.into_iter().map(|it| it.1).collect();
    turns.sort_by_key(|it| TURNS.iter().position(|letter| *letter == it.letter));
    turns
}

fn directions(intersection: &Intersection, geometry: &Geometry, report: &mut ExportReport) -> Vec<usize> {
    let count = intersection.approaches.len();
    let mut headings: Vec<Option<f64>> = (0..count).map(|it| named(intersection, it)).collect();
    let on_map = |it: usize| if geometry.schematic { None } else { drawn(intersection, geometry, it) };
    if headings.iter().all(Option::is_none) {
        let known = (0..count).find_map(|it| on_map(it).map(|heading| (it, heading)));
        if known.is_none() {
            report.guess(
                intersection.id.as_str(),
                "no directions are known: its first approach leads north, the others as their turns tell",
            );
        }
        // The map turns the picture, the turns make it: opposite legs stay opposite where streets meet askew.
        let (first, heading) = known.unwrap_or((0, 0.0));
        if let Some(it) = headings.get_mut(first) {
            *it = Some((heading / 90.0).round() * 90.0);
        }
    }
    by_turns(intersection, &mut headings);
    for (at, heading) in headings.iter_mut().enumerate().filter(|it| it.1.is_none()) {
        *heading = on_map(at);
    }
    let mut taken = [false; 8];
    let mut found = vec![0; count];
    for (at, heading) in headings.iter().enumerate() {
        let place = heading.unwrap_or(0.0).rem_euclid(360.0) / 45.0;
        let off = |it: usize| {
            let by = (place - it as f64).abs();
            by.min(8.0 - by)
        };
        let free = (0..8).filter(|it| !taken[*it]).min_by(|a, b| off(*a).total_cmp(&off(*b)).then(a.cmp(b)));
        let Some(free) = free else {
            report.lose(intersection.id.as_str(), "more than eight legs");
            continue;
        };
        if off(free) > 0.75 {
            let leg = &intersection.approaches[at].id;
            report.guess(
                intersection.id.as_str(),
                format!("leg {leg}: {}, as its own direction is taken or unknown", DIRECTIONS[free]),
            );
        }
        taken[free] = true;
        found[at] = free;
    }
    found
}

/// The direction in the names of an approach's groups or movements.
fn named(intersection: &Intersection, approach: usize) -> Option<f64> {
    let of = |name: &str| {
        let at = DIRECTIONS.iter().position(|it| name.starts_with(it))?;
        let letter = name[2..].split('_').next().unwrap_or_default();
        TURNS.contains(&letter).then_some(at as f64 * 45.0)
    };
    from_approach(intersection, approach).find_map(|(movement, ..)| {
        let movement = &intersection.movements[movement.0];
        of(&movement.id).or_else(|| of(&intersection.groups[movement.group.0].id))
    })
}

/// The direction of the last stretch of its lanes.
fn drawn(intersection: &Intersection, geometry: &Geometry, approach: usize) -> Option<f64> {
    let lanes = intersection.approaches[approach].lanes.iter();
    lanes.map(|lane| &intersection.lanes[lane.0].id).find_map(|lane| {
        let line = geometry.line(intersection, lane)?;
        let (end, before) = (line.last()?, line.iter().rev().nth(1)?);
        let (east, north) = (end[0] - before[0], end[1] - before[1]);
        (east.hypot(north) > 0.1).then(|| east.atan2(north).to_degrees())
    })
}

/// Directions that follow from those that are known: roads of exit by the turns into them, approaches by the turns that they offer.
fn by_turns(intersection: &Intersection, headings: &mut [Option<f64>]) {
    let turned = |turn: Turn| match turn {
        Turn::Left => -90.0,
        Turn::Right => 90.0,
        Turn::UTurn => 180.0,
        Turn::Through | Turn::Crosswalk => 0.0,
    };
    let mut leaving: BTreeMap<&LinkId, f64> = BTreeMap::new();
    for _ in 0..headings.len() {
        for (approach, heading) in headings.iter().enumerate() {
            for (_, turn, exit) in from_approach(intersection, approach) {
                if let Some(heading) = heading {
                    leaving.entry(exit).or_insert(heading + turned(turn));
                }
            }
        }
        for (approach, heading) in headings.iter_mut().enumerate().filter(|it| it.1.is_none()) {
            *heading = from_approach(intersection, approach)
                .find_map(|(_, turn, exit)| leaving.get(exit).map(|it| it - turned(turn)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    #[test]
    fn directions_follow_from_turns_when_nothing_else_is_known() {
        // legs 0…3 lie in the north, east, south, west; the first is made to lead north, so all are turned by half a circle
        let mut report = ExportReport::default();
        let geometry = Geometry { schematic: true, ..Geometry::default() };
        let found = legs(&crossroads(), &geometry, &mut report);
        let told: Vec<(usize, &str)> = found.iter().map(|it| (it.approach, DIRECTIONS[it.direction])).collect();
        assert_eq!(told, [(0, "NB"), (1, "EB"), (2, "SB"), (3, "WB")]);
        let columns: Vec<String> = found[0].turns.iter().map(|it| found[0].column(it)).collect();
        assert_eq!(columns, ["NBL", "NBT", "NBR"]);
        assert_eq!(report.guessed.len(), 1, "{report}");
    }

    #[test]
    fn a_map_that_was_surveyed_tells_the_directions() {
        let crossroads = crossroads();
        let mut geometry = Geometry::default();
        let lines = [[0.0, 100.0], [100.0, 0.0], [0.0, -100.0], [-100.0, 0.0]];
        for (leg, from) in lines.into_iter().enumerate() {
            geometry.lanes.insert(format!("in{leg}_0"), vec![from, [from[0] / 10.0, from[1] / 10.0]]);
        }
        let mut report = ExportReport::default();
        let found = legs(&crossroads, &geometry, &mut report);
        let told: Vec<(usize, &str)> = found.iter().map(|it| (it.approach, DIRECTIONS[it.direction])).collect();
        assert_eq!(told, [(2, "NB"), (3, "EB"), (0, "SB"), (1, "WB")]);
        assert!(report.guessed.is_empty());
    }
}
