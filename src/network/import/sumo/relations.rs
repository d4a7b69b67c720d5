//! How the signal groups of one traffic light relate, and what to do where its own states disagree with that.
//!
//! Two groups conflict when any link of the one is a foe of any link of the other (they cross or they merge into one
//! lane). A group yields to another when every link of it that meets a foe there gives way to it.
//!
//! The author of a programme may show green to foes together:
//! - one permissive (`g`) and giving way: as it should be;
//! - both protected and only merging into one lane: accepted as he wants it, the pair counts as no conflict;
//! - both protected and crossing, one gives way by the table: that one is shown permissive instead;
//! - crossing, neither gives way by the table, but one is permissive: it is taken to give way, as its lamp says;
//! - both protected and crossing, and neither gives way: the state is refused.

use super::cycle::Cycle;
use super::net::SumoNet;
use super::report::ImportReport;
use super::right_of_way::RightOfWay;
use crate::units::{Indication, lamps_to_string};
use std::collections::{BTreeMap, BTreeSet};

/// Positions of the connections that each signal group controls, by group.
pub(super) type Links = Vec<Vec<usize>>;

/// Two groups in conflict, the lower number first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    /// Their ways cross; otherwise they only merge into one lane.
    pub(super) crosses: bool,
    /// The first gives way to the second.
    pub(super) first_yields: bool,
    /// The second gives way to the first.
    pub(super) second_yields: bool,
}

/// Pairs of groups in conflict.
pub(super) type Relations = BTreeMap<(usize, usize), Pair>;

/// All pairs of groups with links that are foes.
pub(super) fn relations(net: &SumoNet<'_>, right_of_way: &RightOfWay, links: &Links) -> Relations {
    let mut relations = Relations::new();
    for first in 0..links.len() {
        for second in first + 1..links.len() {
            if let Some(pair) = relate(net, right_of_way, &links[first], &links[second]) {
                relations.insert((first, second), pair);
            }
        }
    }
    relations
}

fn relate(net: &SumoNet<'_>, right_of_way: &RightOfWay, first: &[usize], second: &[usize]) -> Option<Pair> {
    let mut found: Option<Pair> = None;
    for (&a, &b) in first.iter().flat_map(|a| second.iter().map(move |b| (a, b))) {
        let (from, to) = (&net.connections[a], &net.connections[b]);
        let merges = from.to == to.to && from.from != to.from;
        let relation = right_of_way.between(net, a, b);
        if relation.foes || merges {
            let pair = found.get_or_insert(Pair { crosses: false, first_yields: true, second_yields: true });
            pair.crosses |= !merges;
            pair.first_yields &= relation.first_yields;
            pair.second_yields &= relation.second_yields;
        }
    }
    found
}

/// Make the states of a programme and the relations of its groups agree, as the module says.
pub(super) fn reconcile(cycle: &mut Cycle, relations: &mut Relations, about: &str, report: &mut ImportReport) {
    relations.retain(|(a, b), _| !cycle.unswitched.contains(a) && !cycle.unswitched.contains(b));
    let (mut merging, mut by_lamp) = (BTreeSet::new(), BTreeSet::new());
    for state in cycle.states.iter_mut().filter(|state| state.green) {
        let written = lamps_to_string(&state.lamps);
        for (&(a, b), pair) in relations.iter() {
            let both = format!("state {written} shows green to g{a} and g{b}");
            match judge((state.lamps[a], state.lamps[b]), *pair) {
                Verdict::Fits => {}
                Verdict::Merge => drop(merging.insert((a, b))),
                Verdict::ByLamp => drop(by_lamp.insert((a, b))),
                Verdict::Lower { first } => {
                    let lowered = if first { a } else { b };
                    state.lamps[lowered] = Indication::Permissive;
                    report.refuse(about, format!("{both}, which cross; g{lowered} gives way and is shown g instead"));
                }
                Verdict::Refused => {
                    state.green = false;
                    report.refuse(about, format!("{both}, which cross, and neither gives way; it is no stage"));
                }
            }
        }
    }
    for (a, b) in merging {
        relations.remove(&(a, b));
        let message = format!("g{a} and g{b} merge into one lane and are green together without one of them yielding");
        report.accept(about, message);
    }
    for key in by_lamp {
        if let Some(pair) = relations.get_mut(&key) {
            (pair.first_yields, pair.second_yields) = (true, true);
            let (a, b) = key;
            report.accept(about, format!("g{a} and g{b} cross and are green together; whichever is shown g gives way"));
        }
    }
}

/// What to do about two groups of one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing.
    Fits,
    /// They count as no conflict.
    Merge,
    /// Whichever is permissive counts as giving way.
    ByLamp,
    /// One of them must be shown permissive.
    Lower {
        /// The first, otherwise the second.
        first: bool,
    },
    /// The state is no stage.
    Refused,
}

fn judge((first, second): (Indication, Indication), pair: Pair) -> Verdict {
    let permissive = |it: Indication| it == Indication::Permissive;
    let yields = (permissive(first) && pair.first_yields) || (permissive(second) && pair.second_yields);
    if !first.is_green() || !second.is_green() || yields {
        Verdict::Fits
    } else if !pair.crosses {
        Verdict::Merge
    } else if pair.first_yields || pair.second_yields {
        Verdict::Lower { first: pair.first_yields }
    } else if permissive(first) || permissive(second) {
        Verdict::ByLamp
    } else {
        Verdict::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::super::cycle::State;
    use super::*;
    use crate::time::Millis;
    use crate::units::lamps_from_str;

    fn cycle(states: &[&str]) -> Cycle {
        let state = |letters: &&str| State {
            duration: Millis::from_secs(10),
            lamps: lamps_from_str(letters).unwrap(),
            duration_min: None,
            green: true,
            stage: None,
        };
        Cycle::of(states.iter().map(state).collect())
    }

    fn pair(crosses: bool, first_yields: bool) -> Relations {
        Relations::from([((0, 1), Pair { crosses, first_yields, second_yields: false })])
    }

    #[test]
    fn a_permissive_group_that_yields_stays_as_it_is() {
        let (mut cycle, mut relations, mut report) = (cycle(&["gG"]), pair(true, true), ImportReport::default());
        reconcile(&mut cycle, &mut relations, "x", &mut report);
        assert_eq!(report, ImportReport::default());
        assert_eq!(relations.len(), 1);
    }

    #[test]
    fn two_protected_groups_that_merge_are_accepted_as_no_conflict() {
        let (mut cycle, mut relations, mut report) = (cycle(&["GG"]), pair(false, true), ImportReport::default());
        reconcile(&mut cycle, &mut relations, "x", &mut report);
        assert_eq!((relations.len(), report.accepted.len()), (0, 1));
        assert_eq!(lamps_to_string(&cycle.states[0].lamps), "GG");
    }

    #[test]
    fn two_protected_groups_that_cross_become_protected_and_permissive() {
        let (mut cycle, mut relations, mut report) = (cycle(&["GG"]), pair(true, true), ImportReport::default());
        reconcile(&mut cycle, &mut relations, "x", &mut report);
        assert_eq!(lamps_to_string(&cycle.states[0].lamps), "gG");
        assert_eq!(report.refused.len(), 1);
    }

    #[test]
    fn a_state_in_which_nobody_yields_is_no_stage() {
        let (mut cycle, mut relations, mut report) = (cycle(&["GG", "Gr"]), pair(true, false), ImportReport::default());
        reconcile(&mut cycle, &mut relations, "x", &mut report);
        assert_eq!(cycle.states.iter().map(|state| state.green).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn permissive_groups_without_a_rule_between_them_each_give_way() {
        let (mut cycle, mut relations, mut report) = (cycle(&["gg"]), pair(true, false), ImportReport::default());
        reconcile(&mut cycle, &mut relations, "x", &mut report);
        assert!(cycle.states[0].green);
        assert_eq!(relations[&(0, 1)], Pair { crosses: true, first_yields: true, second_yields: true });
        assert_eq!((report.accepted.len(), report.refused.len()), (1, 0));
    }
}
