//! Signals: what the monitor has to know, and whether the fixed programme keeps to it.
//!
//! Groups conflict when links of theirs meet; one may be green beside another where every such link gives way. The
//! programme is judged by the same [`Monitor`] that later watches the lamps: two cycles, all violations are
//! problems; those of yellow only where a yellow is asked for (programmes of real cities turn yellow to green).

use std::collections::{BTreeMap, BTreeSet};

use super::{Foe, Link, Problems, Signal, SignalFile};
use crate::monitor::{Kind, Monitor, MonitorTable};

fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// Walking speed for clearances \[m/s\] (MUTCD 4E.06: 3.5 ft/s).
const WALK_MPS: f64 = 1.07;

/// Pedestrians of one crossing at a signal.
pub struct Walkers {
    /// Their group.
    pub group: usize,
    /// Kerb to kerb \[m\].
    pub length_m: f64,
    /// Groups of vehicles that drive over it, and whether these turn (and so may give way).
    pub vehicles: Vec<(usize, bool)>,
}

/// Table of a signal from the links that obey it.
pub fn table(file: &SignalFile, obeying: &[usize], links: &[Link], foes: &[Foe], walkers: &[Walkers]) -> MonitorTable {
    let mut conflicts: BTreeSet<(usize, usize)> = file.conflicts.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
    let mut yields: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    for link in obeying.iter().map(|&at| &links[at]) {
        let Some((signal, a)) = link.lamp else { continue };
        for foe in &foes[link.foes.start as usize..link.foes.end as usize] {
            let Some((_, b)) = links[foe.link.at()].lamp.filter(|lamp| lamp.0 == signal) else { continue };
            if a != b {
                conflicts.insert((a.min(b), a.max(b)));
                *yields.entry((a, b)).or_insert(true) &= foe.yields;
            }
        }
    }
    for walker in walkers {
        for &(group, turns) in &walker.vehicles {
            conflicts.insert((group.min(walker.group), group.max(walker.group)));
            *yields.entry((group, walker.group)).or_insert(true) &= turns;
        }
    }
    let yields: Vec<(usize, usize)> = yields.into_iter().filter(|(_, all)| *all).map(|(pair, _)| pair).collect();
    let clearance = millis(file.yellow_s + file.all_red_s);
    let protected = |a: usize, b: usize| !yields.contains(&(a, b)) && !yields.contains(&(b, a));
    let both = conflicts.iter().flat_map(|&(a, b)| [(a, b), (b, a)]);
    let clearance_ms = both
        .filter(|&(a, b)| clearance > 0 && protected(a, b))
        .map(|(a, b)| {
            let walk = walkers.iter().filter(|it| it.group == a).map(|it| millis(it.length_m / WALK_MPS)).max();
            ((a, b), walk.unwrap_or(clearance))
        })
        .collect();
    MonitorTable {
        groups: file.groups,
        conflicts: conflicts.into_iter().collect(),
        yields,
        without_yellow: walkers.iter().map(|it| it.group).collect(),
        min_yellow_ms: millis(file.yellow_s),
        min_green_ms: millis(file.min_green_s),
        clearance_ms,
        max_red_ms: None,
    }
}

/// Letters and durations of a programme; `true` when it can be run.
pub fn check_letters(file: &SignalFile, place: &str, problems: &mut Problems) -> bool {
    let mut good = true;
    for (k, stage) in file.stages.iter().enumerate() {
        let place = format!("{place}.stages[{k}]");
        if !(stage.duration_s > 0.0 && stage.duration_s <= 3600.0) {
            problems.add(format!("{place}.duration_s"), format!("{} s", stage.duration_s), "above 0 up to 3600 s");
            good = false;
        }
        let letters = stage.state.chars().count();
        if letters != file.groups {
            let allowed = format!("{}, one a group", file.groups);
            problems.add(format!("{place}.state"), format!("{letters} letters in `{}`", stage.state), allowed);
            good = false;
        }
        for letter in stage.state.chars().filter(|letter| !"GgyrsuoO".contains(*letter)) {
            problems.add(format!("{place}.state"), format!("letter `{letter}`"), "G g y r s u o O");
            good = false;
        }
    }
    good
}

/// Run two cycles under the monitor.
pub fn check_programme(signal: &Signal, place: &str, problems: &mut Problems) {
    let mut monitor = Monitor::new();
    monitor.watch(&signal.id, signal.table.clone());
    let mut at_s = 0.0;
    for stage in signal.stages.iter().cycle().take(2 * signal.stages.len() + 1) {
        monitor.observe(&signal.id, millis(at_s), &stage.state);
        at_s += stage.duration_s;
    }
    monitor.finish();
    let mut told = BTreeSet::new();
    let yellow_judged = signal.table.min_yellow_ms > 0;
    let of_yellow = |kind| matches!(kind, Kind::ShortYellow | Kind::MissingYellow | Kind::YellowToGreen);
    for violation in monitor.violations().iter().filter(|it| yellow_judged || !of_yellow(it.kind)) {
        let at_s = (violation.at_ms as f64 / 1000.0) % signal.cycle_s.max(0.001);
        let other = violation.other.map(|other| format!(" and {other}")).unwrap_or_default();
        let message = format!("{:?} of group {}{other}, {at_s} s into the cycle", violation.kind, violation.group);
        if told.insert((violation.kind, violation.group, violation.other)) {
            let allowed = if violation.allowed_ms > 0 {
                format!("at least {} ms, found {} ms", violation.allowed_ms, violation.found_ms)
            } else {
                "no two conflicting greens, yellow after every green".to_owned()
            };
            problems.add(format!("{place}.stages"), message, allowed);
        }
    }
}
