//! A crossroads for unit tests: four legs, each with a through-and-right lane and a left-turn lane.
//!
//! Legs 0…3 are north, east, south, west. Groups: `2·leg` through and right, `2·leg + 1` left. Stages: opposed throughs
//! with permissive lefts, then their protected lefts, north–south first. Yellow 3 s, red clearance 1 s, minimum green 5 s.

use super::{
    Approach, Conflict, ConflictMatrix, Exit, GroupKind, Intersection, Lane, Movement, Programme, ProgrammeStep,
    SignalGroup, Stage, Turn,
};
use crate::ids::{ExitIx, GroupIx, IntersectionId, LaneId, LaneIx, LinkId, MovementIx, StageIx};
use crate::time::Millis;
use crate::units::{Indication, lamps_from_str};
use ndarray::Array2;

pub(crate) const THROUGH_NS: StageIx = StageIx(0);
pub(crate) const LEFT_NS: StageIx = StageIx(1);
pub(crate) const THROUGH_EW: StageIx = StageIx(2);
pub(crate) const LEFT_EW: StageIx = StageIx(3);

/// Lane of a leg: 0 through and right, 1 left.
pub(crate) fn lane(leg: usize, lane: usize) -> LaneIx {
    LaneIx(2 * leg + lane)
}

/// Movement of a leg: 0 through, 1 right, 2 left.
pub(crate) fn movement(leg: usize, turn: usize) -> MovementIx {
    MovementIx(3 * leg + turn)
}

/// The exit on a leg.
pub(crate) fn exit(leg: usize) -> ExitIx {
    ExitIx(leg)
}

pub(crate) fn crossroads() -> Intersection {
    let stage = |id: &str, signals: &str| Stage {
        id: id.to_owned(),
        signals: lamps_from_str(signals).expect("letters of lamps"),
    };
    let step = |stage, secs| ProgrammeStep { stage, green: Millis::from_secs(secs) };
    Intersection {
        id: IntersectionId::new("crossroads"),
        approaches: (0..4)
            .map(|leg| Approach { id: LinkId::new(format!("in{leg}")), lanes: vec![lane(leg, 0), lane(leg, 1)] })
            .collect(),
        lanes: (0..8).map(|ix| sample_lane(ix / 2, ix % 2)).collect(),
        exits: (0..4)
            .map(|leg| Exit {
                id: LaneId::new(format!("out{leg}_0")),
                link: LinkId::new(format!("out{leg}")),
                length_m: 200.0,
            })
            .collect(),
        feeders: Vec::new(),
        groups: (0..8)
            .map(|ix| SignalGroup {
                id: format!("g{ix}"),
                kind: GroupKind::Vehicle,
                change: Millis::from_secs(3),
                green_min: Millis::from_secs(5),
                red_max: Millis::from_secs(120),
                rest: Indication::Red,
            })
            .collect(),
        movements: (0..12).map(|ix| sample_movement(ix / 3, ix % 3)).collect(),
        phases: Vec::new(),
        stages: vec![
            stage("through-ns", "GgrrGgrr"),
            stage("left-ns", "rGrrrGrr"),
            stage("through-ew", "rrGgrrGg"),
            stage("left-ew", "rrrGrrrG"),
        ],
        conflicts: conflicts(),
        intergreens: Array2::from_shape_fn((8, 8), |(a, b)| {
            Millis::from_secs(if relation(a, b) == Conflict::None { 0 } else { 4 })
        }),
        programme: Programme {
            offset: Millis::ZERO,
            steps: vec![step(THROUGH_NS, 20), step(LEFT_NS, 6), step(THROUGH_EW, 20), step(LEFT_EW, 6)],
        },
        timetable: super::Timetable::default(),
        detectors: Vec::new(),
        config_hash: "0123456789abcdef".to_owned(),
    }
}

fn sample_lane(leg: usize, ix: usize) -> Lane {
    Lane {
        id: LaneId::new(format!("in{leg}_{ix}")),
        approach: leg,
        length_m: 300.0,
        zone_m: 200.0,
        speed_mps: 13.89,
        saturation_prior: 0.5,
        movements: if ix == 0 { vec![movement(leg, 0), movement(leg, 1)] } else { vec![movement(leg, 2)] },
        is_source: true,
    }
}

fn sample_movement(leg: usize, turn: usize) -> Movement {
    let left = turn == 2;
    Movement {
        id: format!("m{leg}{}", ["t", "r", "l"][turn]),
        lane: Some(lane(leg, usize::from(left))),
        group: GroupIx(2 * leg + usize::from(left)),
        exit: Some(exit((leg + [2, 3, 1][turn]) % 4)),
        turn: [Turn::Through, Turn::Right, Turn::Left][turn],
        share_prior: [0.8, 0.2, 1.0][turn],
        yields_to: if left { vec![movement((leg + 2) % 4, 0), movement((leg + 2) % 4, 1)] } else { Vec::new() },
    }
}

/// Legs at a right angle conflict; a left yields to the opposed through.
fn relation(asking: usize, other: usize) -> Conflict {
    let (leg, opposed) = (asking / 2, other / 2);
    let (left, other_left) = (asking % 2 == 1, other % 2 == 1);
    match (leg + 4 - opposed) % 4 {
        2 if left && !other_left => Conflict::Yields,
        2 if left == other_left => Conflict::None,
        0 => Conflict::None,
        _ => Conflict::Crossing,
    }
}

fn conflicts() -> ConflictMatrix {
    ConflictMatrix::new(Array2::from_shape_fn((8, 8), |(a, b)| relation(a, b)))
}
