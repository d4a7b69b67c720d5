//! Streets that are made up: crossroads with and without crosswalks, and junctions whose groups relate at random.
//!
//! In: lots. Out: an [`Intersection`] whose tables are complete: every group is served by a stage, stages are compatible, one round
//! of the programme takes less than the maximum red. Times are drawn anew for each: change 3…4.5 s (crosswalks 6…10 s), red
//! clearance 0…2 s, minimum green 4…8 s.
//!
//! Weakness: geometry is not modelled; a made-up junction has conflicts that no street has, which is harder on the gate.

use super::lots::Lots;
use crate::ids::{ExitIx, GroupIx, IntersectionId, LaneId, LaneIx, LinkId, MovementIx, StageIx};
use crate::network::{
    Approach, Conflict, ConflictMatrix, Exit, GroupKind, Intersection, Lane, Link, Movement, Network, Programme,
    ProgrammeStep, SignalGroup, Stage, Timetable, Turn,
};
use crate::time::Millis;
use crate::units::Indication;
use ndarray::Array2;

/// Longest red of whoever waits.
const RED_MAX: Millis = Millis::from_secs(120);

/// A network of so many intersections, each linked with the next.
pub fn network(lots: &mut Lots, intersections: usize) -> Network {
    let made: Vec<Intersection> = (0..intersections).map(|ix| intersection(lots, &format!("x{ix}"))).collect();
    let link = |(from, to): (&Intersection, &Intersection)| {
        let (exit, approach) = (from.exits.first()?, to.approaches.first()?);
        Some(Link {
            id: exit.link.clone(),
            from: from.id.clone(),
            to: to.id.clone(),
            approach: approach.id.clone(),
            length_m: 300.0,
            speed_mps: 13.9,
            share_prior: 0.9,
        })
    };
    let links = made.iter().zip(made.iter().skip(1)).filter_map(link).collect();
    Network { city: "soak".to_owned(), intersections: made, links }
}

/// One intersection: every other one is a crossroads.
pub fn intersection(lots: &mut Lots, name: &str) -> Intersection {
    let shape = if lots.chance(0.5) { Shape::crossroads(lots) } else { Shape::random(lots) };
    shape.build(lots, name)
}

/// Groups and how they relate, before there are times.
struct Shape {
    /// Whether each group is a crosswalk.
    walks: Vec<bool>,
    conflicts: ConflictMatrix,
    /// Groups of each lane.
    lanes: Vec<Vec<usize>>,
    stages: Vec<Vec<Indication>>,
}

impl Shape {
    /// Four legs, each with a lane for through and right and one for left; opposed throughs with permissive lefts, then
    /// the lefts alone; perhaps a crosswalk over each leg.
    fn crossroads(lots: &mut Lots) -> Self {
        let groups = if lots.chance(0.6) { 12 } else { 8 };
        let conflicts = ConflictMatrix::new(Array2::from_shape_fn((groups, groups), |(a, b)| relation(a, b)));
        let [green, may] = [Indication::Protected, Indication::Permissive];
        let stage = |lamps: &[(usize, Indication)]| {
            let mut signals = vec![Indication::Red; groups];
            lamps.iter().filter(|(group, _)| *group < groups).for_each(|&(group, lamp)| signals[group] = lamp);
            signals
        };
        let stages = vec![
            stage(&[(0, green), (4, green), (1, may), (5, may), (9, green), (11, green)]),
            stage(&[(1, green), (5, green)]),
            stage(&[(2, green), (6, green), (3, may), (7, may), (8, green), (10, green)]),
            stage(&[(3, green), (7, green)]),
        ];
        Self {
            walks: (0..groups).map(|it| it >= 8).collect(),
            conflicts,
            lanes: (0..8).map(|it| vec![it]).collect(),
            stages,
        }
    }

    /// Groups that conflict at random; stages are added until every group is served.
    fn random(lots: &mut Lots) -> Self {
        let count = 3 + lots.below(4);
        let walks: Vec<bool> = (0..count).map(|it| it > 1 && lots.chance(0.25)).collect();
        let mut cells = Array2::from_elem((count, count), Conflict::None);
        for (a, b) in (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))) {
            (cells[[a, b]], cells[[b, a]]) = match lots.below(6) {
                0 | 1 => (Conflict::None, Conflict::None),
                2 if !walks[a] => (Conflict::Yields, Conflict::Crossing),
                3 if !walks[b] => (Conflict::Crossing, Conflict::Yields),
                _ => (Conflict::Crossing, Conflict::Crossing),
            };
        }
        let conflicts = ConflictMatrix::new(cells);
        let mut stages: Vec<Vec<Indication>> = Vec::new();
        while let Some(first) = (0..count).find(|&group| stages.iter().all(|lamps| !lamps[group].is_green())) {
            stages.push(stage_from(first, &conflicts, &walks, lots));
        }
        if stages.len() == 1 {
            stages.push(stage_from(count - 1, &conflicts, &walks, lots));
        }
        let mut lanes: Vec<Vec<usize>> = (0..count).filter(|&group| !walks[group]).map(|group| vec![group]).collect();
        if lanes.len() > 2 && lots.chance(0.3) {
            let shared = lanes.remove(1);
            lanes[0].extend(shared);
        }
        Self { walks, conflicts, lanes, stages }
    }

    /// The intersection, with times.
    fn build(self, lots: &mut Lots, name: &str) -> Intersection {
        let groups: Vec<SignalGroup> = self.walks.iter().enumerate().map(|it| group(lots, it)).collect();
        let all_red = 100 * lots.between(0, 20);
        let intergreens = Array2::from_shape_fn(self.conflicts_shape(), |(a, b)| {
            let conflicting = self.conflicts.conflicting(GroupIx(a), GroupIx(b));
            Millis(if conflicting { groups[a].change.0 + all_red } else { 0 })
        });
        let movements: Vec<(usize, usize)> = self
            .lanes
            .iter()
            .enumerate()
            .flat_map(|(lane, groups)| groups.iter().map(move |&group| (lane, group)))
            .collect();
        let mut made: Vec<Movement> = movements.iter().map(|&(lane, group)| self.movement(Some(lane), group)).collect();
        made.extend((0..self.walks.len()).filter(|&group| self.walks[group]).map(|group| self.movement(None, group)));
        let lane =
            |ix: usize| lane(name, ix, movements.iter().enumerate().filter(|(_, it)| it.0 == ix).map(|(at, _)| at));
        let lanes: Vec<Lane> = (0..self.lanes.len()).map(lane).collect();
        let share = Millis::from_secs_f64(90.0 / self.stages.len() as f64);
        let most = 14_000.min(share.0 - 8_000);
        let step = |stage| ProgrammeStep { stage, green: Millis(lots.between(6_000, most.max(6_000))) };
        let steps = StageIx::all(self.stages.len()).map(step).collect();
        Intersection {
            id: IntersectionId::new(name),
            approaches: (0..lanes.len()).map(|ix| approach(name, ix)).collect(),
            exits: vec![Exit {
                id: LaneId::new(format!("{name}_out_0")),
                link: LinkId::new(format!("{name}_out")),
                length_m: 300.0,
            }],
            lanes,
            feeders: Vec::new(),
            groups,
            movements: made,
            phases: Vec::new(),
            stages: self
                .stages
                .into_iter()
                .enumerate()
                .map(|(ix, signals)| Stage { id: format!("s{ix}"), signals })
                .collect(),
            conflicts: self.conflicts,
            intergreens,
            programme: Programme { offset: Millis::ZERO, steps },
            timetable: Timetable::default(),
            detectors: Vec::new(),
            config_hash: format!("{:016x}", lots.between(0, i64::MAX >> 12)),
        }
    }

    fn conflicts_shape(&self) -> (usize, usize) {
        (self.walks.len(), self.walks.len())
    }

    fn movement(&self, lane: Option<usize>, group: usize) -> Movement {
        let sharing = lane.map_or(1, |lane| self.lanes[lane].len());
        Movement {
            id: format!("m{group}"),
            lane: lane.map(LaneIx),
            group: GroupIx(group),
            exit: lane.map(|_| ExitIx(0)),
            turn: if lane.is_some() { Turn::Through } else { Turn::Crosswalk },
            share_prior: 1.0 / sharing as f64,
            yields_to: Vec::new(),
        }
    }
}

fn approach(name: &str, ix: usize) -> Approach {
    Approach { id: LinkId::new(format!("{name}_in{ix}")), lanes: vec![LaneIx(ix)] }
}

fn lane(name: &str, ix: usize, movements: impl Iterator<Item = usize>) -> Lane {
    Lane {
        id: LaneId::new(format!("{name}_in{ix}_0")),
        approach: ix,
        length_m: 300.0,
        zone_m: 200.0,
        speed_mps: 13.9,
        saturation_prior: 0.5,
        movements: movements.map(MovementIx).collect(),
        is_source: ix > 0,
    }
}

fn group(lots: &mut Lots, (ix, &walk): (usize, &bool)) -> SignalGroup {
    SignalGroup {
        id: format!("g{ix}"),
        kind: if walk { GroupKind::Pedestrian } else { GroupKind::Vehicle },
        change: Millis(100 * if walk { lots.between(60, 100) } else { lots.between(30, 45) }),
        green_min: Millis(100 * lots.between(40, 80)),
        red_max: RED_MAX,
        rest: if !walk && lots.chance(0.1) { Indication::RedTurnAllowed } else { Indication::Red },
    }
}

/// Crossroads: legs at a right angle conflict, a left gives way to the opposed through, a walker crosses whoever enters or
/// leaves by his leg; lefts that turn into it give way to him.
fn relation(asking: usize, other: usize) -> Conflict {
    let (leg, left) = (asking / 2, asking % 2 == 1);
    match (asking < 8, other < 8) {
        (false, false) => Conflict::None,
        (true, true) => match (leg + 4 - other / 2) % 4 {
            0 => Conflict::None,
            2 if left && other.is_multiple_of(2) => Conflict::Yields,
            2 if left == (other % 2 == 1) => Conflict::None,
            _ => Conflict::Crossing,
        },
        (true, false) => match (other - 8 + 4 - leg) % 4 {
            0 => Conflict::Crossing,
            2 if !left => Conflict::Crossing,
            1 if left => Conflict::Yields,
            _ => Conflict::None,
        },
        (false, true) => match relation(other, asking) {
            Conflict::None => Conflict::None,
            _ => Conflict::Crossing,
        },
    }
}

/// A stage with this group, and everybody who fits beside it, in an order of its own.
fn stage_from(first: usize, conflicts: &ConflictMatrix, walks: &[bool], lots: &mut Lots) -> Vec<Indication> {
    let count = walks.len();
    let mut signals = vec![Indication::Red; count];
    let start = lots.below(count);
    for group in [first].into_iter().chain((0..count).map(|step| (start + step) % count)) {
        if signals[group].is_green() {
            continue;
        }
        let fits = |lamp: Indication| {
            let others = signals.iter().enumerate().filter(|&(other, _)| other != group);
            let mut pairs =
                others.map(|(other, &shows)| conflicts.compatible((GroupIx(group), lamp), (GroupIx(other), shows)));
            pairs.all(|fine| fine)
        };
        let lamps: &[Indication] =
            if walks[group] { &[Indication::Protected] } else { &[Indication::Protected, Indication::Permissive] };
        if let Some(&lamp) = lamps.iter().find(|&&lamp| fits(lamp)) {
            signals[group] = lamp;
        }
    }
    signals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Shown;
    use crate::plan::check::check_switch;
    use crate::plan::fixed_time::cycle;
    use crate::time::Timestamp;

    #[test]
    fn every_group_has_a_stage_every_stage_is_legal_and_a_round_ends_before_the_maximum_red() {
        for seed in 0..300 {
            let site = intersection(&mut Lots::new(seed, 1), "x");
            let shown = Shown::all_red(&site, Timestamp(0));
            for stage in &site.stages {
                let verdict = check_switch(&site, &shown, Timestamp(100_000), &stage.signals);
                assert!(verdict.is_good(), "{seed}: {verdict}");
            }
            let served = |group: GroupIx| site.stages.iter().any(|stage| stage.serves(group));
            assert!(site.group_ixs().all(served), "{seed}");
            assert!(cycle(&site, &site.programme) < RED_MAX, "{seed}: {}", cycle(&site, &site.programme));
        }
    }

    #[test]
    fn both_shapes_come_with_and_without_crosswalks_and_neighbours_are_linked() {
        let made: Vec<Intersection> = (0..60).map(|seed| intersection(&mut Lots::new(seed, 1), "x")).collect();
        for groups in [8, 12] {
            assert!(made.iter().any(|it| it.groups.len() == groups));
        }
        assert!(made.iter().any(|it| it.groups.len() < 7));
        let network = network(&mut Lots::new(1, 1), 3);
        assert_eq!(network.links.len(), 2);
        assert_eq!(network.neighbours(1), [0, 2]);
    }
}
