//! The referee's tables, made from a network: what the lamps of each intersection may and may not show, and what counts.
//!
//! Of our own lamps everything counts: conflicts, yellow, minimum green, clearance, the order of the lamps. Of a programme of
//! SUMO only conflicting greens do: how a network file ends its greens is the city's (in cologne3 a lamp goes from
//! yellow back to green in every cycle). What else is seen there is told and does not count.

use crate::estimate::{CountedPlace, Observation};
use crate::network::{Conflict, GroupKind, Intersection};
use crate::time::Millis;
use simulator::monitor::{Kind, Monitor, MonitorTable};

/// Counts and lamps are told second by second, so a wait is known to two seconds.
const WAIT_KNOWN_TO: Millis = Millis::from_secs(2);

/// Whose lamps are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Ours.
    Engine,
    /// Those of a programme of SUMO.
    Programme,
}

impl Judged {
    /// Whether a violation counts.
    pub fn counts(self, kind: Kind) -> bool {
        self == Self::Engine || matches!(kind, Kind::Conflict | Kind::Garbled)
    }

    /// How many violations count, and how many are only told.
    pub fn tally(self, monitor: &Monitor) -> (u64, u64) {
        let counted = monitor.counts().iter().filter(|(kind, _)| self.counts(**kind)).map(|(_, count)| count).sum();
        (counted, monitor.total() - counted)
    }
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
    if judged == Judged::Engine {
        table.min_yellow_ms = vehicles().map(|group| group.change.0).min().unwrap_or(0);
        table.min_green_ms = intersection.groups.iter().map(|group| group.green_min.0).min().unwrap_or(0);
        table.clearance_ms = pairs()
            .map(|(a, b)| ((a.0, b.0), intersection.intergreens[[a.0, b.0]].0))
            .filter(|(_, clearance)| *clearance > 0)
            .collect();
        let longest = intersection.groups.iter().map(|group| group.red_max).max();
        table.max_red_ms = longest.map(|longest| (longest + WAIT_KNOWN_TO).0);
    }
    table
}

/// At which groups somebody waits, by what the street counts: a vehicle that stands on a lane waits for every turn of
/// the lane. Crosswalks are left out; no detector tells who stands there.
pub fn waiting(intersection: &Intersection, seen: &Observation) -> Vec<bool> {
    let mut waiting = vec![false; intersection.groups.len()];
    for place in seen.places.iter().filter(|place| place.halted > 0) {
        if let CountedPlace::Lane(lane) = place.place {
            for movement in &intersection.lanes[lane.0].movements {
                waiting[intersection.movements[movement.0].group.0] = true;
            }
        }
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;
    use crate::units::lamps_to_string;
    use simulator::monitor::{Kind, Monitor};

    fn counted(judged: Judged, shown: &[(i64, String)]) -> Vec<Kind> {
        let crossroads = sample::crossroads();
        let mut monitor = Monitor::new();
        monitor.watch("x", table(&crossroads, judged));
        for (at_ms, lamps) in shown {
            monitor.observe("x", *at_ms, lamps);
        }
        monitor.finish();
        let kinds: Vec<Kind> = monitor.violations().iter().map(|violation| violation.kind).collect();
        let (count, told) = judged.tally(&monitor);
        assert_eq!(count + told, kinds.len() as u64);
        kinds.into_iter().filter(|kind| judged.counts(*kind)).collect()
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
        assert_eq!(counted(Judged::Engine, &change(6_000)), []);
        assert!(counted(Judged::Engine, &change(1_000)).contains(&Kind::ShortYellow));
        assert_eq!(counted(Judged::Programme, &change(1_000)), []);
    }

    #[test]
    fn who_stands_at_red_for_longer_than_the_maximum_is_counted() {
        use crate::estimate::PlaceCount;
        let crossroads = sample::crossroads();
        let starved = |halted: u32, secs: i64| {
            let place = CountedPlace::Lane(sample::lane(1, 0));
            let place = PlaceCount { place, count: 1, halted, passed: 0, occupancy: None, mean_speed_mps: None };
            let mut monitor = Monitor::new();
            monitor.watch("x", table(&crossroads, Judged::Engine));
            for second in 0..secs {
                let at = crate::time::Timestamp::from_secs(second);
                let seen = Observation { at, seq: 1, period: Millis::from_secs(1), places: vec![place.clone()] };
                monitor.waiting("x", &waiting(&crossroads, &seen));
                monitor.observe("x", at.0, &lamps_to_string(&crossroads.stage(sample::THROUGH_NS).signals));
            }
            monitor.finish();
            monitor.count(Kind::Starved)
        };
        assert_eq!((starved(1, 120), starved(1, 130), starved(0, 300)), (0, 1, 0));
    }

    #[test]
    fn everything_green_is_a_conflict_whoever_is_judged() {
        let green = "G".repeat(sample::crossroads().groups.len());
        for judged in [Judged::Engine, Judged::Programme] {
            assert!(counted(judged, &[(0, green.clone())]).contains(&Kind::Conflict));
        }
    }
}
