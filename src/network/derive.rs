//! Stages that nobody listed, derived from phases or from groups.
//!
//! *Ring-barrier.* Inside one barrier every ring runs one of its phases, so every combination of one phase a ring is a
//! stage; a ring without a phase in that barrier rests. Whether the phases of a combination really go together is for
//! the check of the build to say, on the stage itself.
//!
//! *Groups only.* A stage is a largest possible set of groups that are compatible pair by pair: the maximal cliques of
//! the compatibility graph (Bron & Kerbosch 1973, with Tomita's pivot). Two graphs are searched: one in which nobody
//! yields (all protected), one in which groups that may yield are let in as permissive. A stage that another one beats
//! lamp by lamp is left out.
//!
//! Order is that of the file throughout, so that the same file gives the same stages. The number of maximal sets can
//! grow as 3^(n/3): above [`STAGES_MAX`] the answer is `None` and the operator has to list what is wanted.

use super::{Conflict, ConflictMatrix, Phase, SignalGroup, Stage};
use crate::ids::GroupIx;
use crate::units::Indication;
use std::collections::{BTreeMap, BTreeSet};

/// Most stages that are derived.
pub const STAGES_MAX: usize = 64;
/// Most maximal sets that are looked at before giving up.
const SETS_MAX: usize = 1_024;

/// One stage for every combination of one phase a ring inside one barrier, `None` when there are too many.
///
/// The stage is named by its phases, `2+6`.
pub fn from_phases(groups: &[SignalGroup], phases: &[Phase]) -> Option<Vec<Stage>> {
    let mut by_barrier: BTreeMap<usize, BTreeMap<usize, Vec<&Phase>>> = BTreeMap::new();
    for phase in phases {
        by_barrier.entry(phase.barrier).or_default().entry(phase.ring).or_default().push(phase);
    }
    let mut stages = Vec::new();
    for rings in by_barrier.values() {
        let mut combinations: Vec<Vec<&Phase>> = vec![Vec::new()];
        for ring in rings.values() {
            combinations = combinations
                .iter()
                .flat_map(|chosen| ring.iter().map(|&phase| chosen.iter().copied().chain([phase]).collect()))
                .collect();
            if combinations.len() > STAGES_MAX {
                return None;
            }
        }
        stages.extend(combinations.iter().map(|phases| together(groups, phases)));
    }
    (stages.len() <= STAGES_MAX).then_some(stages)
}

/// What the groups show while phases run together: protected beats permissive, the others rest.
pub fn together(groups: &[SignalGroup], phases: &[&Phase]) -> Stage {
    let id: Vec<String> = phases.iter().map(|phase| phase.number.to_string()).collect();
    let signals = groups.iter().enumerate().map(|(at, group)| {
        let at = GroupIx(at);
        if phases.iter().any(|phase| phase.groups.contains(&at)) {
            Indication::Protected
        } else if phases.iter().any(|phase| phase.permissive.contains(&at)) {
            Indication::Permissive
        } else {
            group.rest
        }
    });
    Stage { id: id.join("+"), signals: signals.collect() }
}

/// Phases that a stage shows: all their protected groups are protected green, and no other such phase covers them.
pub fn phases_shown<'a>(phases: &'a [Phase], stage: &Stage) -> Vec<&'a Phase> {
    let green = |phase: &&Phase| {
        !phase.groups.is_empty() && phase.groups.iter().all(|group| stage.signals[group.0] == Indication::Protected)
    };
    let shown: Vec<&Phase> = phases.iter().filter(green).collect();
    let covered = |phase: &Phase| {
        shown.iter().any(|other| {
            other.groups.len() > phase.groups.len() && phase.groups.iter().all(|group| other.groups.contains(group))
        })
    };
    shown.iter().copied().filter(|phase| !covered(phase)).collect()
}

/// One stage for every maximal set of compatible groups, `None` when there are too many.
///
/// Stages are named `s1`, `s2`, … in the order of the first groups that they serve.
pub fn from_groups(groups: &[SignalGroup], conflicts: &ConflictMatrix) -> Option<Vec<Stage>> {
    let protected = |a: GroupIx, b: GroupIx| !conflicts.conflicting(a, b);
    let yields = |a: GroupIx, b: GroupIx| conflicts.between(a, b) == Conflict::Yields;
    let permissive = |a: GroupIx, b: GroupIx| protected(a, b) || yields(a, b) || yields(b, a);
    let mut sets = maximal_sets(groups.len(), &protected)?;
    sets.extend(maximal_sets(groups.len(), &permissive)?);
    let mut candidates: Vec<Vec<Indication>> = Vec::new();
    for set in sets {
        let lamp = |at: usize| match GroupIx(at) {
            group if !set.contains(&group) => groups[at].rest,
            group if set.iter().any(|&other| yields(group, other)) => Indication::Permissive,
            _ => Indication::Protected,
        };
        candidates.push((0..groups.len()).map(lamp).collect());
    }
    candidates.sort_by_key(|lamps| std::cmp::Reverse(lamps.iter().map(|&lamp| rank(lamp)).collect::<Vec<_>>()));
    candidates.dedup();
    let kept: Vec<&[Indication]> = candidates
        .iter()
        .map(Vec::as_slice)
        .filter(|lamps| !candidates.iter().any(|other| beats(other, lamps)))
        .collect();
    let named =
        kept.iter().enumerate().map(|(at, lamps)| Stage { id: format!("s{}", at + 1), signals: lamps.to_vec() });
    (kept.len() <= STAGES_MAX).then(|| named.collect())
}

/// How much a lamp lets through.
fn rank(lamp: Indication) -> u8 {
    match lamp {
        Indication::Protected => 2,
        Indication::Permissive => 1,
        _ => 0,
    }
}

/// Whether one stage lets through at least as much on every group, and more on one.
fn beats(better: &[Indication], worse: &[Indication]) -> bool {
    better != worse && better.iter().zip(worse).all(|(&a, &b)| rank(a) >= rank(b))
}

/// All maximal sets of mutually compatible groups, `None` above [`SETS_MAX`].
fn maximal_sets(groups: usize, compatible: &dyn Fn(GroupIx, GroupIx) -> bool) -> Option<Vec<BTreeSet<GroupIx>>> {
    let mut search = Cliques { compatible, found: Vec::new() };
    let everything: BTreeSet<GroupIx> = GroupIx::all(groups).collect();
    search.extend(&BTreeSet::new(), everything, BTreeSet::new())?;
    Some(search.found)
}

struct Cliques<'a> {
    compatible: &'a dyn Fn(GroupIx, GroupIx) -> bool,
    found: Vec<BTreeSet<GroupIx>>,
}

impl Cliques<'_> {
    fn neighbours(&self, of: GroupIx, among: &BTreeSet<GroupIx>) -> BTreeSet<GroupIx> {
        among.iter().copied().filter(|&other| other != of && (self.compatible)(of, other)).collect()
    }

    /// Report every maximal set that holds `chosen`, some of `open` and none of `done`; `None` to give up.
    fn extend(
        &mut self,
        chosen: &BTreeSet<GroupIx>,
        mut open: BTreeSet<GroupIx>,
        mut done: BTreeSet<GroupIx>,
    ) -> Option<()> {
        if open.is_empty() && done.is_empty() {
            self.found.push(chosen.clone());
            return (self.found.len() <= SETS_MAX).then_some(());
        }
        let pivot = open
            .union(&done)
            .copied()
            .max_by_key(|&group| (self.neighbours(group, &open).len(), std::cmp::Reverse(group)));
        let skip = pivot.map(|pivot| self.neighbours(pivot, &open)).unwrap_or_default();
        for group in open.clone().difference(&skip).copied() {
            let mut with = chosen.clone();
            with.insert(group);
            self.extend(&with, self.neighbours(group, &open), self.neighbours(group, &done))?;
            open.remove(&group);
            done.insert(group);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::GroupKind;
    use crate::time::Millis;
    use crate::units::lamps_to_string;
    use ndarray::Array2;
    use proptest::prelude::*;

    fn groups(count: usize) -> Vec<SignalGroup> {
        let group = |at: usize| SignalGroup {
            id: format!("g{at}"),
            kind: GroupKind::Vehicle,
            change: Millis(3_000),
            green_min: Millis(5_000),
            red_max: Millis(120_000),
            rest: Indication::Red,
        };
        (0..count).map(group).collect()
    }

    fn conflicts(count: usize, pairs: &[(usize, usize, [Conflict; 2])]) -> ConflictMatrix {
        let mut cells = Array2::from_elem((count, count), Conflict::None);
        for &(a, b, [from_a, from_b]) in pairs {
            cells[[a, b]] = from_a;
            cells[[b, a]] = from_b;
        }
        ConflictMatrix::new(cells)
    }

    fn phase(number: u8, ring: usize, barrier: usize, group: usize) -> Phase {
        Phase { number, ring, barrier, groups: vec![GroupIx(group)], permissive: Vec::new() }
    }

    fn shown(stages: &[Stage]) -> Vec<(&str, String)> {
        stages.iter().map(|stage| (stage.id.as_str(), lamps_to_string(&stage.signals))).collect()
    }

    #[test]
    fn rings_are_combined_inside_a_barrier_and_never_across() {
        let phases = [phase(1, 0, 0, 0), phase(2, 0, 0, 1), phase(6, 1, 0, 2), phase(4, 0, 1, 3)];
        let stages = from_phases(&groups(4), &phases).unwrap();
        let expected = [("1+6", "GrGr"), ("2+6", "rGGr"), ("4", "rrrG")];
        assert_eq!(shown(&stages), expected.map(|(id, lamps)| (id, lamps.to_owned())));
    }

    #[test]
    fn four_rings_of_many_phases_are_too_many() {
        let phases: Vec<Phase> = (0..16).map(|at| phase(at as u8 + 1, at / 4, 0, at)).collect();
        assert_eq!(from_phases(&groups(16), &phases), None);
    }

    #[test]
    fn opposing_lefts_get_a_permissive_and_a_protected_stage() {
        // 0 north through, 1 south left, 2 south through, 3 north left: a left yields to the opposing through.
        let yields = [Conflict::Crossing, Conflict::Yields];
        let stages = from_groups(&groups(4), &conflicts(4, &[(0, 1, yields), (2, 3, yields)])).unwrap();
        let lamps: Vec<String> = stages.iter().map(|stage| lamps_to_string(&stage.signals)).collect();
        assert_eq!(lamps, ["GgGg", "GrrG", "rGGr", "rGrG"]);
    }

    /// Every set of groups by trying all of them: a second way to find the maximal ones.
    fn maximal_by_trial(count: usize, compatible: &dyn Fn(GroupIx, GroupIx) -> bool) -> BTreeSet<BTreeSet<GroupIx>> {
        let members = |bits: u32| GroupIx::all(count).filter(move |group| bits >> group.0 & 1 == 1);
        let fits = |bits: u32| members(bits).all(|a| members(bits).all(|b| a == b || compatible(a, b)));
        let fitting: Vec<u32> = (0..1 << count).filter(|&bits| fits(bits)).collect();
        let largest = fitting.iter().filter(|&&bits| !fitting.iter().any(|&more| more != bits && more & bits == bits));
        largest.map(|&bits| members(bits).collect()).collect()
    }

    proptest! {
        #[test]
        fn the_maximal_sets_are_those_that_trying_everything_finds(edges in proptest::collection::vec(any::<bool>(), 21)) {
            let compatible = |a: GroupIx, b: GroupIx| {
                let (low, high) = (a.0.min(b.0), a.0.max(b.0));
                edges[high * (high - 1) / 2 + low]
            };
            let found = maximal_sets(7, &compatible).unwrap();
            let distinct: BTreeSet<_> = found.iter().cloned().collect();
            prop_assert_eq!(found.len(), distinct.len());
            prop_assert_eq!(distinct, maximal_by_trial(7, &compatible));
        }
    }

    #[test]
    fn too_many_maximal_sets_are_given_up() {
        // Eight triples of which one each: 3^8 sets.
        let pairs: Vec<_> = (0..8)
            .flat_map(|triple| [(0, 1), (0, 2), (1, 2)].map(|(a, b)| (3 * triple + a, 3 * triple + b)))
            .map(|(a, b)| (a, b, [Conflict::Crossing; 2]))
            .collect();
        assert_eq!(from_groups(&groups(24), &conflicts(24, &pairs)), None);
    }
}
