//! The gate's rules once more, by somebody else: lamps played tick by tick.
//!
//! In: what the gate gets. Out: what is wrong, in one word each. It uses no code of `plan::check` and works the other way round: the gate looks
//! at lamp changes and computes with instants; here a clock runs from the present to the end of the plan in small steps, each group carries
//! two stop watches (how long it shows its colour, how long it has stopped letting traffic go), and at each step somebody looks
//! at the lamps. All times of the plan must fall on steps.
//!
//! Where the rules are written: `docs/safety.md`, the doc of [`crate::plan::check::Rule`] and the page of `plan/check/red_max.rs`.

use super::waits::{Late, excused};
use crate::ids::GroupIx;
use crate::network::{Conflict, GroupKind, Intersection};
use crate::plan::{Interval, IntervalKind, Plan, Shown};
use crate::time::Timestamp;
use crate::units::Indication;
use std::collections::BTreeSet;

/// Shortest red before the same group goes again \[ms\].
const RED_LEAST: i64 = 1_000;
/// Longest yellow, unless the group's own is longer \[ms\].
const YELLOW_MOST: i64 = 6_000;
/// Longest red and yellow \[ms\].
const RED_YELLOW_MOST: i64 = 3_000;

/// Colours, as far as they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Green,
    Yellow,
    Red,
    Both,
    Blinking,
}

pub(super) fn colour(lamp: Indication) -> Colour {
    match lamp.letter() {
        'G' | 'g' => Colour::Green,
        'y' => Colour::Yellow,
        'u' => Colour::Both,
        'r' | 's' => Colour::Red,
        _ => Colour::Blinking,
    }
}

/// One group and its stop watches \[ms\].
#[derive(Debug, Clone, Copy)]
struct Watch {
    lamp: Indication,
    shows: i64,
    stopped: Option<i64>,
}

/// Everything that is wrong with a plan; empty for a legal one. `step` divides all of its times \[ms\].
pub fn faults(
    plan: &Plan,
    site: &Intersection,
    shown: &Shown,
    at: Timestamp,
    waiting: &[Option<Timestamp>],
    step: i64,
) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    paper(plan, site, at, &mut found);
    if found.is_empty() {
        play(plan, site, shown, at, step, &mut found);
    }
    if found.is_empty() && somebody_is_left(plan, site, shown, at, waiting, step) {
        found.insert("red_max");
    }
    found
}

/// What can be read without a clock: whose plan, how old, in one piece, every lamp there.
fn paper(plan: &Plan, site: &Intersection, at: Timestamp, found: &mut BTreeSet<&'static str>) {
    let mut wrong = |is: bool, what| {
        if is {
            found.insert(what);
        }
    };
    wrong(plan.intersection != site.id, "intersection");
    wrong(plan.config_hash != site.config_hash, "config_hash");
    let age = at.0 - plan.issued.0;
    wrong(!(1..=3_000).contains(&plan.lease.0) || age >= plan.lease.0 || age < -1_000, "lease");
    let begin = plan.intervals.first().map_or(i64::MAX, |first| first.start.0);
    let end = plan.intervals.last().map_or(i64::MIN, |last| last.end.0);
    wrong(begin > at.0 || end <= at.0 || end < plan.issued.0.saturating_add(10_000), "cover");
    wrong(plan.intervals.len() > 64, "interval_count");
    let mut reached = begin;
    for it in &plan.intervals {
        wrong(it.start.0 != reached || it.end.0 <= it.start.0, "interval_order");
        reached = it.end.0;
        wrong(it.signals.len() != site.groups.len(), "lamp_count");
        wrong(it.signals.iter().any(|&lamp| colour(lamp) == Colour::Blinking), "flash_commanded");
        let named = site.stages.get(it.stage.0);
        wrong(named.is_none(), "stage");
        wrong(it.kind == IntervalKind::Green && named.is_some_and(|stage| stage.signals != it.signals), "stage");
        let yellow = it.signals.iter().any(|&lamp| colour(lamp) == Colour::Yellow);
        wrong(yellow != matches!(it.kind, IntervalKind::Yellow), "interval_kind");
    }
}

/// The lamps of a plan, step by step from the present on.
fn play(plan: &Plan, site: &Intersection, shown: &Shown, at: Timestamp, step: i64, found: &mut BTreeSet<&'static str>) {
    let watch = |group: &crate::plan::GroupShown| Watch {
        lamp: group.indication,
        shows: at.0 - group.since.0,
        stopped: group.green_end.map(|end| at.0 - end.0),
    };
    let mut watches: Vec<Watch> = shown.groups.iter().map(watch).collect();
    let mut now = at.0;
    for (lamps, until) in plan.intervals.iter().map(|it| (&it.signals, it.end.0)) {
        while now < until {
            look(&watches, lamps, site, now == at.0, found);
            for (watch, &lamp) in watches.iter_mut().zip(lamps) {
                tick(watch, lamp, step);
            }
            now += step;
        }
    }
    for (watch, group) in watches.iter().zip(&site.groups) {
        too_long(watch, group.change.0, found);
    }
}

/// A lamp is switched on, and a step of time passes.
fn tick(watch: &mut Watch, lamp: Indication, step: i64) {
    let (before, after) = (colour(watch.lamp), colour(lamp));
    if before != after {
        watch.shows = 0;
    }
    let goes = |it| matches!(it, Colour::Green | Colour::Blinking);
    watch.stopped = match (goes(before), goes(after)) {
        (_, true) => None,
        (true, false) => Some(step),
        (false, false) => watch.stopped.map(|since| since + step),
    };
    watch.lamp = lamp;
    watch.shows += step;
}

/// Somebody looks at the lamps that come, knowing those that were.
fn look(watches: &[Watch], lamps: &[Indication], site: &Intersection, first: bool, found: &mut BTreeSet<&'static str>) {
    for a in 0..lamps.len() {
        for b in 0..a {
            if together(site, (a, lamps[a]), (b, lamps[b])) {
                found.insert("conflict");
            }
        }
    }
    for (ix, (watch, &lamp)) in watches.iter().zip(lamps).enumerate() {
        let group = &site.groups[ix];
        let walks = group.kind == GroupKind::Pedestrian;
        let (before, after) = (colour(watch.lamp), colour(lamp));
        // What lasted too long before the plan began is nobody's fault who ends it now.
        if !(first && before != after) {
            too_long(watch, group.change.0, found);
        }
        let broken = match (before, after) {
            (Colour::Green, Colour::Green) | (Colour::Yellow, Colour::Yellow) => None,
            (Colour::Green, _) if watch.shows < group.green_min.0 => Some("green_min"),
            (Colour::Green, Colour::Red) if !walks => Some("missing_yellow"),
            (Colour::Green, Colour::Yellow) if walks => Some("missing_yellow"),
            (Colour::Green, Colour::Both) => Some("red_yellow"),
            (Colour::Yellow, _) if watch.shows < group.change.0 => Some("short_yellow"),
            (Colour::Yellow, Colour::Green | Colour::Both) => Some("yellow_to_green"),
            (Colour::Red, Colour::Green | Colour::Both) if watch.stopped.is_some() && watch.shows < RED_LEAST => {
                Some("red_min")
            }
            (Colour::Red | Colour::Both | Colour::Blinking, Colour::Yellow) => Some("missing_yellow"),
            (Colour::Blinking, Colour::Green | Colour::Both) => Some("flash_commanded"),
            _ => None,
        };
        found.extend(broken);
        let begins =
            after == Colour::Green && (before != Colour::Green || (watch.lamp.letter(), lamp.letter()) == ('g', 'G'));
        if begins && !cleared(watches, lamps, site, ix) {
            found.insert("intergreen");
        }
    }
}

/// Yellow, or red and yellow, has been shown for too long.
fn too_long(watch: &Watch, change: i64, found: &mut BTreeSet<&'static str>) {
    match colour(watch.lamp) {
        Colour::Yellow if watch.shows > YELLOW_MOST.max(change) => drop(found.insert("long_yellow")),
        Colour::Both if watch.shows > RED_YELLOW_MOST => drop(found.insert("red_yellow")),
        _ => {}
    }
}

/// Whether two lamps may not be seen together.
fn together(site: &Intersection, (a, shows_a): (usize, Indication), (b, shows_b): (usize, Indication)) -> bool {
    let relation = |one, other| site.conflicts.between(GroupIx(one), GroupIx(other));
    let (ab, ba) = (relation(a, b), relation(b, a));
    if ab == Conflict::None {
        return false;
    }
    let gives_way = |relation, lamp: Indication| relation == Conflict::Yields && lamp.letter() == 'g';
    match (colour(shows_a), colour(shows_b)) {
        (Colour::Green, Colour::Green) => !gives_way(ab, shows_a) && !gives_way(ba, shows_b),
        (Colour::Green, Colour::Yellow) | (Colour::Yellow, Colour::Green) => {
            ab == Conflict::Crossing && ba == Conflict::Crossing
        }
        _ => false,
    }
}

/// Whether everybody in the way of a group that begins has cleared.
fn cleared(watches: &[Watch], lamps: &[Indication], site: &Intersection, begins: usize) -> bool {
    watches.iter().enumerate().all(|(other, watch)| {
        let needed = site.intergreens[[other, begins]].0;
        let since = match colour(watch.lamp) {
            Colour::Green | Colour::Blinking => Some(0),
            _ => watch.stopped,
        };
        colour(lamps[other]) == Colour::Green || since.is_none_or(|since| since >= needed)
    })
}

/// Whether somebody who waits is left at red beyond his maximum, without an excuse.
fn somebody_is_left(
    plan: &Plan,
    site: &Intersection,
    shown: &Shown,
    at: Timestamp,
    waiting: &[Option<Timestamp>],
    step: i64,
) -> bool {
    let ahead: Vec<&Interval> = plan.intervals.iter().filter(|it| it.end > at).collect();
    let end = ahead.last().map_or(at.0, |last| last.end.0);
    let mut queue = Vec::new();
    for (group, since) in waiting.iter().enumerate().filter_map(|(group, since)| since.map(|since| (group, since))) {
        let Some(before) = shown.groups.get(group) else { continue };
        let served_ever = site.stages.iter().any(|stage| colour(stage.signals[group]) == Colour::Green);
        if !served_ever || matches!(colour(before.indication), Colour::Green | Colour::Blinking) {
            continue;
        }
        let red_since = before.green_end.map_or(before.since.0, |end| end.0);
        let deadline = red_since.max(since.0) + site.groups[group].red_max.0;
        let mut now = at.0;
        while now < end && colour(interval_at(&ahead, now).1.signals[group]) != Colour::Green {
            now += step;
        }
        queue.push(Late { deadline, served: (now < end).then_some(now) });
    }
    let too_late = |it: &&Late| it.served.unwrap_or(end) > it.deadline;
    queue.iter().filter(too_late).any(|late| !excused(late, &queue, &ahead, site, shown, at, step))
}

/// What is shown at an instant of the plan, and its position.
pub(super) fn interval_at<'a>(ahead: &[&'a Interval], now: i64) -> (usize, &'a Interval) {
    let found = ahead.iter().position(|it| now < it.end.0).unwrap_or(ahead.len() - 1);
    (found, ahead[found])
}
