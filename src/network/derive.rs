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
fn together(groups: &[SignalGroup], phases: &[&Phase]) -> Stage {
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
    let kept: Vec<&Vec<Indication>> =
        candidates.iter().filter(|lamps| !candidates.iter().any(|other| beats(other, lamps))).collect();
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
