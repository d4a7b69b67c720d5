//! Random intersections, plans and walks for property tests.

use crate::ids::{GroupIx, IntersectionId, LaneId, LaneIx, LinkId, MovementIx, StageIx};
use crate::network::{
    Approach, Conflict, ConflictMatrix, GroupKind, Intersection, Lane, Movement, Programme, ProgrammeStep, SignalGroup,
    Stage, Timetable, Turn,
};
use crate::plan::{Interval, Mode, Plan, Shown};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;
use ndarray::Array2;
use proptest::prelude::*;

/// What a random intersection is made of.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// Per group: pedestrian, change, minimum green.
    groups: Vec<(bool, i64, i64)>,
    /// Per pair: how they relate.
    relations: Vec<u8>,
    /// Red clearance.
    all_red: i64,
    /// Per stage: where to begin adding groups.
    stages: Vec<usize>,
}

pub(crate) fn recipe() -> impl Strategy<Value = Recipe> {
    let group = (prop::bool::weighted(0.2), 3_000..5_000_i64, 4_000..9_000_i64);
    (
        prop::collection::vec(group, 2..7),
        prop::collection::vec(0..6_u8, 36),
        prop_oneof![Just(0), 0..2_500_i64],
        prop::collection::vec(0..7_usize, 2..5),
    )
        .prop_map(|(groups, relations, all_red, stages)| Recipe { groups, relations, all_red, stages })
}

impl Recipe {
    /// The intersection: one lane and one movement a vehicle group; stages take every group that fits.
    pub(crate) fn build(&self) -> Intersection {
        let count = self.groups.len();
        let conflicts = self.conflicts();
        let stages = (0..self.stages.len()).map(|stage| self.stage(stage, &conflicts)).collect::<Vec<_>>();
        let intergreens = Array2::from_shape_fn((count, count), |(a, b)| {
            let conflicting = conflicts.conflicting(GroupIx(a), GroupIx(b));
            let change = self.groups[a].1 * if self.groups[a].0 { 2 } else { 1 };
            Millis(if conflicting { change + self.all_red } else { 0 })
        });
        let steps = StageIx::all(stages.len()).map(|stage| ProgrammeStep { stage, green: Millis(12_000) }).collect();
        Intersection {
            id: IntersectionId::new("random"),
            approaches: vec![Approach { id: LinkId::new("in"), lanes: LaneIx::all(count).collect() }],
            lanes: (0..count).map(lane).collect(),
            exits: Vec::new(),
            feeders: Vec::new(),
            groups: self.groups.iter().enumerate().map(group).collect(),
            movements: self.groups.iter().enumerate().map(movement).collect(),
            phases: Vec::new(),
            stages,
            conflicts,
            intergreens,
            programme: Programme { offset: Millis::ZERO, steps },
            timetable: Timetable::default(),
            detectors: Vec::new(),
            config_hash: "0011223344556677".to_owned(),
        }
    }

    fn conflicts(&self) -> ConflictMatrix {
        let count = self.groups.len();
        let mut cells = Array2::from_elem((count, count), Conflict::None);
        for a in 0..count {
            for b in a + 1..count {
                let (one, other) = match self.relations[a * 6 + b - 1] {
                    0 | 1 => (Conflict::None, Conflict::None),
                    2 => (Conflict::Yields, Conflict::Crossing),
                    3 => (Conflict::Crossing, Conflict::Yields),
                    _ => (Conflict::Crossing, Conflict::Crossing),
                };
                (cells[[a, b]], cells[[b, a]]) = (one, other);
            }
        }
        ConflictMatrix::new(cells)
    }

    fn stage(&self, stage: usize, conflicts: &ConflictMatrix) -> Stage {
        let count = self.groups.len();
        let mut signals = vec![Indication::Red; count];
        for step in 0..count {
            let group = (self.stages[stage] + stage + step * (stage % 2 * (count - 2) + 1)) % count;
            let fits = |lamp| {
                let others = signals.iter().enumerate().filter(|&(other, _)| other != group);
                let mut fine =
                    others.map(|(other, &shows)| conflicts.compatible((GroupIx(group), lamp), (GroupIx(other), shows)));
                fine.all(|fine| fine)
            };
            let lamps = [Indication::Protected, Indication::Permissive];
            if let Some(lamp) = lamps.into_iter().find(|&lamp| fits(lamp)) {
                signals[group] = lamp;
            }
        }
        Stage { id: format!("s{stage}"), signals }
    }
}

fn lane(ix: usize) -> Lane {
    Lane {
        id: LaneId::new(format!("l{ix}")),
        approach: 0,
        length_m: 200.0,
        zone_m: 200.0,
        speed_mps: 13.9,
        saturation_prior: 0.5,
        movements: vec![MovementIx(ix)],
        is_source: true,
    }
}

fn group((ix, &(pedestrian, change, green_min)): (usize, &(bool, i64, i64))) -> SignalGroup {
    SignalGroup {
        id: format!("g{ix}"),
        kind: if pedestrian { GroupKind::Pedestrian } else { GroupKind::Vehicle },
        change: Millis(if pedestrian { change * 2 } else { change }),
        green_min: Millis(green_min),
        red_max: Millis::from_secs(120),
        rest: Indication::Red,
    }
}

fn movement((ix, &(pedestrian, ..)): (usize, &(bool, i64, i64))) -> Movement {
    Movement {
        id: format!("m{ix}"),
        lane: (!pedestrian).then_some(LaneIx(ix)),
        group: GroupIx(ix),
        exit: None,
        turn: if pedestrian { Turn::Crosswalk } else { Turn::Through },
        share_prior: 1.0,
        yields_to: Vec::new(),
    }
}

/// A plan with a good envelope around intervals.
pub(crate) fn plan_of(intersection: &Intersection, intervals: Vec<Interval>, at: Timestamp) -> Plan {
    Plan {
        intersection: intersection.id.clone(),
        config_hash: intersection.config_hash.clone(),
        epoch: 1,
        seq: 1,
        issued: at,
        lease: Millis::from_secs(3),
        nonce_echo: 0,
        mode: Mode::Adaptive,
        reason: "test".to_owned(),
        intervals,
    }
}

/// The picture after intervals were obeyed up to (not including) an instant.
pub(crate) fn obey(shown: &Shown, intervals: &[Interval], until: Timestamp) -> Shown {
    let mut picture = shown.clone();
    for interval in intervals.iter().filter(|interval| interval.start < until) {
        picture.advance(interval.start, Some(interval.stage), &interval.signals);
    }
    picture.at = until;
    picture
}
