//! Which turns cross or merge, from the directions in which they come and go.
//!
//! Traffic keeps to the right. On a circle round the intersection each leg has a point of entry, just before its bearing (clockwise), and one of exit, just after it. A
//! turn is the chord from one to the other: two turns from different legs cross when their chords do, and merge when they leave by the same
//! leg, unless each is known to have lanes of its own there. Opposed lefts pass each other, rights cross nobody.

use crate::network::Turn;

/// A turn as it lies on the circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Way<'a> {
    /// Road on which it comes, by any name that is its own.
    pub(super) from: &'a str,
    /// Road by which it leaves.
    pub(super) to: &'a str,
    /// Direction in which it comes towards the intersection \[degrees from north, clockwise\].
    pub(super) heading: f64,
    /// Direction in which it leaves, seen from the middle \[degrees\].
    pub(super) leaves: f64,
    /// The same as the turn alone tells it: straight on, or a quarter to the left or right.
    pub(super) seems: f64,
    /// Kind.
    pub(super) turn: Turn,
    /// Lanes that lead there.
    pub(super) width: usize,
    /// First and last lane by which it leaves, counted from the left; where that is known.
    pub(super) lanes: Option<[i64; 2]>,
}

/// What a lane of exit lies further round than that on its left \[degrees\].
const LANE: f64 = 0.1;
/// Half of the angle between entry and exit of a leg \[degrees\].
const HALF: f64 = 8.0;

/// How two turns meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meeting {
    /// The first gives way where both are shown green and it is permissive.
    pub(super) first_yields: bool,
    /// The second does.
    pub(super) second_yields: bool,
}

/// How two turns meet; `None` where they do not, or come from the same leg.
pub(super) fn meeting(a: &Way<'_>, b: &Way<'_>) -> Option<Meeting> {
    if a.from == b.from {
        return None;
    }
    let merges = merge(a, b);
    // Into one road both leave at one place, and that lies between where either seems to go.
    let one = (a.to == b.to).then(|| middle([a.seems, b.seems].into_iter()));
    (merges || cross(chord(a, one.unwrap_or(a.leaves)), chord(b, one.unwrap_or(b.leaves))))
        .then(|| Meeting { first_yields: yields(a, b, merges), second_yields: yields(b, a, merges) })
}

/// Whether two turns leave by one road, and not by lanes that are known to be others.
pub(super) fn merge(a: &Way<'_>, b: &Way<'_>) -> bool {
    let apart = |(a, b): ([i64; 2], [i64; 2])| a[1] < b[0] || b[1] < a[0];
    a.to == b.to && !a.lanes.zip(b.lanes).is_some_and(apart)
}

/// The middle of some directions \[degrees\].
pub(super) fn middle(directions: impl Iterator<Item = f64>) -> f64 {
    let sums = directions.fold([0.0, 0.0], |[north, east], it| {
        let (sin, cos) = it.to_radians().sin_cos();
        [north + cos, east + sin]
    });
    sums[1].atan2(sums[0]).to_degrees().rem_euclid(360.0)
}

/// Angle between two directions \[degrees, 0…180\].
pub(super) fn between(a: f64, b: f64) -> f64 {
    let apart = (a - b).rem_euclid(360.0);
    apart.min(360.0 - apart)
}

fn chord(it: &Way<'_>, leaves: f64) -> [f64; 2] {
    let lane = it.lanes.map_or(0.0, |lanes| lanes[0] as f64 * LANE);
    [it.heading + 180.0 - HALF, leaves + HALF + lane].map(|it| it.rem_euclid(360.0))
}

/// Whether exactly one end of the second lies between the ends of the first.
fn cross([from, to]: [f64; 2], second: [f64; 2]) -> bool {
    let within = |at: f64| (at - from).rem_euclid(360.0) < (to - from).rem_euclid(360.0);
    within(second[0]) != within(second[1])
}

/// Who turns left gives way to whom comes towards him, who turns right or back to whom he meets.
fn yields(it: &Way<'_>, towards: &Way<'_>, merges: bool) -> bool {
    let between = (it.heading - towards.heading).rem_euclid(360.0);
    let opposed = (135.0..=225.0).contains(&between);
    match it.turn {
        Turn::Left => opposed && towards.turn != Turn::Left && towards.turn != Turn::UTurn,
        Turn::Right => merges && (towards.turn == Turn::Through || opposed && towards.turn == Turn::Left),
        Turn::UTurn => true,
        Turn::Through | Turn::Crosswalk => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_that_cross_are_told_from_those_that_do_not() {
        let (nbt, sbt, ebt) = ([172.0, 8.0], [352.0, 188.0], [262.0, 98.0]);
        let (nbl, sbl, nbr) = ([172.0, 278.0], [352.0, 98.0], [172.0, 98.0]);
        assert!(!cross(nbt, sbt) && !cross(nbl, sbl) && !cross(nbr, sbt));
        assert!(cross(nbt, ebt) && cross(nbl, sbt) && cross(nbl, ebt) && cross(ebt, nbt));
    }

    #[test]
    fn turns_into_lanes_of_their_own_neither_merge_nor_cross_unless_their_lanes_lie_the_other_way_round() {
        let way = |heading, turn, lanes| Way {
            from: if turn == Turn::Left { "n" } else { "s" },
            to: "e",
            heading,
            leaves: 90.0,
            seems: 90.0,
            turn,
            width: 1,
            lanes,
        };
        let left = |lane: i64| way(180.0, Turn::Left, Some([lane, lane]));
        let right = |lane: i64| way(0.0, Turn::Right, Some([lane, lane]));
        assert_eq!(meeting(&left(1), &right(2)), None);
        assert!(meeting(&left(2), &right(1)).is_some(), "they cross");
        assert!(meeting(&left(1), &right(1)).is_some() && meeting(&left(1), &way(0.0, Turn::Right, None)).is_some());
    }

    #[test]
    fn the_middle_of_directions_goes_round_north() {
        assert!(between(middle([350.0, 20.0].into_iter()), 5.0) < 1e-9);
        assert!(between(middle([0.0, 270.0].into_iter()), 315.0) < 1e-9);
    }
}
