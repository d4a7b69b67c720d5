//! Conflicts of signal groups from the turns that they serve, for files that tell directions and no conflicts.
//!
//! Two groups conflict when turns of theirs cross or merge ([`super::meeting`]). Where turns merely merge and the author of the file lets both go protected at
//! a time, that is accepted as he wants it, as in files of SUMO: mostly each has lanes of its own there. It is told.

use super::meeting::{Way, meeting, merge};
use super::sumo::ImportReport;
use crate::network::file::{ConflictFile, PhaseFile};
use crate::time::Millis;

/// A signal group as far as it matters here.
pub(super) struct Served<'a> {
    /// Its name.
    pub(super) id: &'a str,
    /// Red clearance after it.
    pub(super) clearance: Millis,
    /// Its turns.
    pub(super) ways: Vec<Way<'a>>,
}

/// Pairs of groups whose turns meet; `room` tells how many lanes a road of exit has, where that is known.
pub(super) fn conflicts(
    groups: &[Served<'_>],
    phases: &[PhaseFile],
    room: &dyn Fn(&str) -> Option<usize>,
    (about, report): (&str, &mut ImportReport),
) -> Vec<ConflictFile> {
    let mut found = Vec::new();
    for (at, first) in groups.iter().enumerate() {
        for second in &groups[at + 1..] {
            let together = go_together(phases, first.id, second.id);
            let pairs = first.ways.iter().flat_map(|a| second.ways.iter().map(move |b| (a, b)));
            let all: Vec<_> = pairs.filter_map(|(a, b)| meeting(a, b).map(|met| (a, b, met))).collect();
            let wanted = |a: &Way<'_>, b: &Way<'_>| together && merge(a, b);
            let meetings: Vec<_> = all.iter().filter(|(a, b, _)| !wanted(a, b)).map(|it| it.2).collect();
            if meetings.len() < all.len() {
                let apart = |(a, b, _): &(&Way<'_>, &Way<'_>, _)| {
                    !wanted(a, b) || room(a.to).is_some_and(|lanes| a.width + b.width <= lanes)
                };
                let how = if all.iter().all(apart) { "it has lanes for both" } else { "they merge there" };
                let (a, b) = (first.id, second.id);
                report.accept(about, format!("{a} and {b} go together into one road: {how}"));
            }
            if !meetings.is_empty() {
                found.push(ConflictFile {
                    between: [first.id.to_owned(), second.id.to_owned()],
                    red_clearance_ms: [first.clearance, second.clearance],
                    yields: [meetings.iter().all(|it| it.first_yields), meetings.iter().all(|it| it.second_yields)],
                });
            }
        }
    }
    found
}

/// Whether some phases give both protected green at a time.
fn go_together(phases: &[PhaseFile], a: &str, b: &str) -> bool {
    let serve = |it: &PhaseFile, group: &str| it.groups.iter().any(|own| own == group);
    let beside = |one: &PhaseFile, other: &PhaseFile| {
        one.number == other.number || (one.barrier == other.barrier && one.ring != other.ring)
    };
    phases.iter().any(|one| serve(one, a) && phases.iter().any(|other| serve(other, b) && beside(one, other)))
}
