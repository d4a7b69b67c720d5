//! Which lanes a stage speaks for.
//!
//! RESCO writes this by hand for each of its maps: a stage is a pair of main movements ("phase pair"), and a movement is
//! a set of lanes. The rule that gives the same sets from signal states, for any intersection:
//!
//! - a lane has one **main turn**: through when it has one, else left, right, U-turn (a shared lane is counted where its
//!   through traffic goes, not once for every turn);
//! - a stage speaks for a lane when it shows **protected** green to the lane's main turn; a lane whose main turn is
//!   protected in no stage is spoken for by the stages that serve it permissively;
//! - a lane for **right turns alone** goes with its approach: it is spoken for by those of its stages that also speak for
//!   another lane of the approach, if there are such.
//!
//! So a stage of two opposed throughs with permissive lefts counts the through lanes only and leaves left-turn lanes to
//! the left-turn stage, as RESCO's pairs do. Measured on RESCO's maps (`docs/baselines.md`): counting permissive lanes
//! too makes greedy control worse.

use crate::ids::{LaneIx, MovementIx, StageIx};
use crate::network::{Intersection, Turn};
use crate::units::Indication;

/// The movements of a lane that share its main turn.
pub(super) fn main_movements(intersection: &Intersection, lane: LaneIx) -> impl Iterator<Item = MovementIx> + '_ {
    let movements = &intersection.lanes[lane.0].movements;
    let turn = |m: &MovementIx| rank(intersection.movements[m.0].turn);
    let main = movements.iter().map(turn).min();
    movements.iter().copied().filter(move |m| Some(turn(m)) == main)
}

/// Whether a stage speaks for a lane.
pub(super) fn speaks_for(intersection: &Intersection, stage: StageIx, lane: LaneIx) -> bool {
    serves_best(intersection, stage, lane)
        && (!right_only(intersection, lane)
            || with_approach(intersection, stage, lane)
            || !intersection
                .stage_ixs()
                .any(|other| serves_best(intersection, other, lane) && with_approach(intersection, other, lane)))
}

/// Whether no stage serves the main turn of a lane better.
fn serves_best(intersection: &Intersection, stage: StageIx, lane: LaneIx) -> bool {
    let level = |stage| service(intersection, stage, lane);
    let best = intersection.stage_ixs().map(level).max().unwrap_or(Service::None);
    best != Service::None && level(stage) == best
}

fn right_only(intersection: &Intersection, lane: LaneIx) -> bool {
    main_movements(intersection, lane).any(|movement| intersection.movements[movement.0].turn == Turn::Right)
}

/// Whether a stage serves another lane of the same approach, one that is not for right turns alone.
fn with_approach(intersection: &Intersection, stage: StageIx, lane: LaneIx) -> bool {
    let approach = &intersection.approaches[intersection.lanes[lane.0].approach];
    approach.lanes.iter().any(|&other| !right_only(intersection, other) && serves_best(intersection, stage, other))
}

/// How well a stage serves the main turn of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Service {
    None,
    Permissive,
    Protected,
}

fn service(intersection: &Intersection, stage: StageIx, lane: LaneIx) -> Service {
    let signals = &intersection.stage(stage).signals;
    main_movements(intersection, lane)
        .map(|movement| match signals[intersection.movements[movement.0].group.0] {
            Indication::Protected => Service::Protected,
            Indication::Permissive => Service::Permissive,
            _ => Service::None,
        })
        .max()
        .unwrap_or(Service::None)
}

/// Order in which turns count as a lane's main one.
fn rank(turn: Turn) -> u8 {
    match turn {
        Turn::Through => 0,
        Turn::Left => 1,
        Turn::Right => 2,
        Turn::UTurn => 3,
        Turn::Crosswalk => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;

    #[test]
    fn a_through_stage_with_permissive_lefts_speaks_for_the_through_lanes_only() {
        let crossroads = sample::crossroads();
        let lanes = |stage| -> Vec<usize> {
            crossroads.lane_ixs().filter(|&lane| speaks_for(&crossroads, stage, lane)).map(|lane| lane.0).collect()
        };
        assert_eq!(lanes(sample::THROUGH_NS), [sample::lane(0, 0), sample::lane(2, 0)].map(|lane| lane.0));
        assert_eq!(lanes(sample::LEFT_NS), [sample::lane(0, 1), sample::lane(2, 1)].map(|lane| lane.0));
    }

    #[test]
    fn a_lane_that_is_never_protected_is_spoken_for_where_it_is_permissive() {
        let mut crossroads = sample::crossroads();
        crossroads.stages.retain(|stage| !stage.id.starts_with("left"));
        assert!(speaks_for(&crossroads, StageIx(0), sample::lane(0, 1)));
        assert!(!speaks_for(&crossroads, StageIx(1), sample::lane(0, 1)));
    }

    #[test]
    fn a_lane_for_right_turns_alone_goes_with_its_approach() {
        let mut crossroads = sample::crossroads();
        let alone = sample::lane(0, 0);
        crossroads.movements[sample::movement(0, 0).0].turn = Turn::Right;
        let serving = |it: &Intersection| -> Vec<StageIx> {
            it.stage_ixs().filter(|&stage| speaks_for(it, stage, alone)).collect()
        };
        assert_eq!(
            serving(&crossroads),
            [sample::THROUGH_NS],
            "the left lane has a stage of its own, without the right"
        );
        crossroads.stages[sample::LEFT_NS.0].signals[0] = Indication::Protected;
        assert_eq!(serving(&crossroads), [sample::LEFT_NS]);
    }
}
