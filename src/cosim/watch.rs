//! The referee's tables, made from a network: what the lamps of each intersection may and may not show.

use crate::network::{Conflict, GroupKind, Intersection};
use simulator::monitor::MonitorTable;

/// Whose lamps are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Ours: conflicts, yellow, minimum green and clearance.
    Engine,
    /// A programme of SUMO with this shortest yellow \[ms\]: conflicts and yellow only; its greens and clearances are the city's.
    Programme {
        /// Shortest yellow of the programme \[ms\].
        yellow_min_ms: i64,
    },
}

/// The table of an intersection.
pub fn table(intersection: &Intersection, judged: Judged) -> MonitorTable {
    let groups = || intersection.group_ixs();
    let pairs = || groups().flat_map(move |a| groups().map(move |b| (a, b))).filter(|(a, b)| a != b);
    let vehicles = || intersection.groups.iter().filter(|group| group.kind != GroupKind::Pedestrian);
    let mut table = MonitorTable {
        groups: intersection.groups.len(),
        conflicts: pairs()
            .filter(|(a, b)| a < b && intersection.conflicts.conflicting(*a, *b))
            .map(|(a, b)| (a.0, b.0))
            .collect(),
        yields: pairs()
            .filter(|(a, b)| intersection.conflicts.between(*a, *b) == Conflict::Yields)
            .map(|(a, b)| (a.0, b.0))
            .collect(),
        without_yellow: groups()
            .filter(|group| intersection.groups[group.0].kind == GroupKind::Pedestrian)
            .map(|group| group.0)
            .collect(),
        ..MonitorTable::default()
    };
    match judged {
        Judged::Programme { yellow_min_ms } => table.min_yellow_ms = yellow_min_ms,
        Judged::Engine => {
            table.min_yellow_ms = vehicles().map(|group| group.change.0).min().unwrap_or(0);
            table.min_green_ms = intersection.groups.iter().map(|group| group.green_min.0).min().unwrap_or(0);
            table.clearance_ms = pairs()
                .map(|(a, b)| ((a.0, b.0), intersection.intergreens[[a.0, b.0]].0))
                .filter(|(_, clearance)| *clearance > 0)
                .collect();
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;
    use crate::units::lamps_to_string;
    use simulator::monitor::{Kind, Monitor};

    fn violations(judged: Judged, shown: &[(i64, String)]) -> Vec<Kind> {
        let crossroads = sample::crossroads();
        let mut monitor = Monitor::new();
        monitor.watch("x", table(&crossroads, judged));
        for (at_ms, lamps) in shown {
            monitor.observe("x", *at_ms, lamps);
        }
        monitor.finish();
        monitor.violations().iter().map(|violation| violation.kind).collect()
    }

    /// One stage, its yellow, red, the next stage.
    fn change(yellow_ms: i64) -> Vec<(i64, String)> {
        let crossroads = sample::crossroads();
        let [from, to] = [sample::THROUGH_NS, sample::THROUGH_EW].map(|stage| crossroads.stage(stage).signals.clone());
        let green = lamps_to_string(&from);
        let yellow = green.replace(['G', 'g'], "y");
        let red = green.replace(['G', 'g'], "r");
        let next = lamps_to_string(&to);
        vec![(0, red.clone()), (10_000, green), (30_000, yellow), (30_000 + yellow_ms, red), (40_000, next)]
    }

    #[test]
    fn a_proper_change_is_no_violation_and_a_short_yellow_is_one() {
        assert_eq!(violations(Judged::Engine, &change(6_000)), []);
        assert!(violations(Judged::Engine, &change(1_000)).contains(&Kind::ShortYellow));
        assert_eq!(violations(Judged::Programme { yellow_min_ms: 1_000 }, &change(1_000)), []);
    }

    #[test]
    fn everything_green_is_a_conflict_whoever_is_judged() {
        let green = "G".repeat(sample::crossroads().groups.len());
        for judged in [Judged::Engine, Judged::Programme { yellow_min_ms: 0 }] {
            assert!(violations(judged, &[(0, green.clone())]).contains(&Kind::Conflict));
        }
    }
}
