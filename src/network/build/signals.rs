//! Signal groups, conflicts and intergreens of one intersection.

use super::ELEMENTS_MAX;
use crate::ids::GroupIx;
use crate::network::file::{ConflictFile, GroupFile, IntersectionFile};
use crate::network::problem::Problems;
use crate::network::{Conflict, ConflictMatrix, GroupKind, SignalGroup};
use crate::time::Millis;
use crate::units::Indication;
use ndarray::Array2;

/// Longest red of a group about which nothing is said.
const RED_MAX: Millis = Millis(120_000);

/// Groups and how they relate.
pub(super) struct Signals {
    pub groups: Vec<SignalGroup>,
    pub conflicts: ConflictMatrix,
    pub intergreens: Array2<Millis>,
}

impl Signals {
    /// Position of a group by name.
    pub fn group(&self, id: &str) -> Option<GroupIx> {
        position(&self.groups, id)
    }

    /// Position of a group by name; a finding when there is none.
    pub fn resolve(&self, id: &str, place: &str, problems: &mut Problems) -> Option<GroupIx> {
        let found = self.group(id);
        if found.is_none() {
            problems.push(place, format_args!("`{id}`"), "a group of this intersection");
        }
        found
    }
}

fn position(groups: &[SignalGroup], id: &str) -> Option<GroupIx> {
    groups.iter().position(|group| group.id == id).map(GroupIx)
}

pub(super) fn signals(file: &IntersectionFile, place: &str, problems: &mut Problems) -> Signals {
    problems.unique(format_args!("{place}.groups"), file.groups.iter().map(|it| it.id.as_str()));
    if file.groups.is_empty() || file.groups.len() > ELEMENTS_MAX {
        problems.push(format_args!("{place}.groups"), file.groups.len(), format_args!("1…{ELEMENTS_MAX}"));
    }
    let groups: Vec<SignalGroup> = file.groups.iter().map(|group| checked_group(group, place, problems)).collect();
    let mut cells = Array2::from_elem((groups.len(), groups.len()), Conflict::None);
    let mut intergreens = Array2::from_elem((groups.len(), groups.len()), Millis::ZERO);
    for conflict in &file.conflicts {
        let Some((a, b)) = pair(conflict, &groups, &cells, place, problems) else { continue };
        for (row, column, side) in [(a, b, 0), (b, a, 1)] {
            cells[[row.0, column.0]] = if conflict.yields[side] { Conflict::Yields } else { Conflict::Crossing };
            intergreens[[row.0, column.0]] = groups[row.0].change + conflict.red_clearance_ms[side];
        }
    }
    Signals { groups, conflicts: ConflictMatrix::new(cells), intergreens }
}

fn checked_group(group: &GroupFile, place: &str, problems: &mut Problems) -> SignalGroup {
    let place = format!("{place}.groups[{}]", group.id);
    problems.id(format_args!("{place}.id"), &group.id);
    let change = if group.kind == GroupKind::Pedestrian { 0..=60_000 } else { 2_000..=6_000 };
    problems.range(format_args!("{place}.change_ms"), group.change_ms.0, &change, "ms");
    problems.range(format_args!("{place}.green_min_ms"), group.green_min_ms.0, &(1_000..=60_000), "ms");
    let red_max = group.red_max_ms.unwrap_or(RED_MAX);
    problems.range(format_args!("{place}.red_max_ms"), red_max.0, &(20_000..=300_000), "ms");
    SignalGroup {
        id: group.id.clone(),
        kind: group.kind,
        change: group.change_ms,
        green_min: group.green_min_ms,
        red_max,
        rest: if group.turn_on_red { Indication::RedTurnAllowed } else { Indication::Red },
    }
}

/// The two groups of a conflict, when it can be used.
fn pair(
    conflict: &ConflictFile,
    groups: &[SignalGroup],
    cells: &Array2<Conflict>,
    place: &str,
    problems: &mut Problems,
) -> Option<(GroupIx, GroupIx)> {
    let [first, second] = &conflict.between;
    let place = format!("{place}.conflicts[{first}, {second}]");
    for red in conflict.red_clearance_ms {
        problems.range(format_args!("{place}.red_clearance_ms"), red.0, &(0..=30_000), "ms");
    }
    let ends = [first, second].map(|id| {
        let found = position(groups, id);
        if found.is_none() {
            problems.push(format_args!("{place}.between"), format_args!("`{id}`"), "a group of this intersection");
        }
        found
    });
    let (a, b) = (ends[0]?, ends[1]?);
    if a == b {
        problems.push(place, "a group with itself", "two different groups");
        return None;
    }
    if cells[[a.0, b.0]] != Conflict::None {
        problems.push(place, "listed twice", "every pair once");
        return None;
    }
    Some((a, b))
}
