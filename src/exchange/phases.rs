//! The programme of an intersection as phases with ring, barrier and position, the way NEMA controllers and their files say it.
//!
//! An intersection with NEMA phases keeps them. One that has only stages gets a phase a stage, one after the other in one ring: whoever reads the
//! file then sees the same groups green together, in the same order and for the same time. Yellow, red clearance and minimum green belong to a phase there and to a
//! group here: a phase gets the shortest of its groups, and where a group would come off too short its phases get the group's. So
//! nothing ever becomes shorter. What is lost: a red clearance that depends on who comes next; a stage that comes twice in a cycle.

use super::ExportReport;
use crate::ids::GroupIx;
use crate::network::{GroupKind, Intersection, derive};
use crate::plan::fixed_time::cycle;
use crate::time::Millis;
use crate::units::Indication;
use std::collections::BTreeMap;

/// One phase with its part of the programme.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PhaseOf {
    /// NEMA number.
    pub number: u8,
    /// From 1.
    pub ring: usize,
    /// From 1.
    pub barrier: usize,
    /// Place in its ring and barrier, from 1.
    pub position: usize,
    /// Groups with protected green.
    pub protected: Vec<GroupIx>,
    /// Groups with permissive green.
    pub permissive: Vec<GroupIx>,
    /// Yellow after it.
    pub yellow: Millis,
    /// Red clearance after it.
    pub red: Millis,
    /// Shortest green.
    pub green_min: Millis,
    /// Walk and clearance of those who walk with it.
    pub walk: Option<(Millis, Millis)>,
    /// Begin of its green and end of its clearance in absolute time, within a cycle from 0; none where it is not shown.
    pub run: Option<(Millis, Millis)>,
}

/// Most phases of an intersection in such a file.
const PHASES_MAX: usize = 8;

/// The phases of an intersection; `None` where they cannot be said, which is told.
pub(super) fn phases(intersection: &Intersection, report: &mut ExportReport) -> Option<Vec<PhaseOf>> {
    let about = intersection.id.as_str();
    let length = cycle(intersection, &intersection.programme);
    let mut found =
        if intersection.phases.is_empty() { by_stages(intersection, report)? } else { nema(intersection, report)? };
    if found.len() > PHASES_MAX {
        report.lose(
            about,
            format!("{} phases, and {PHASES_MAX} are possible: its phases and timings are not written", found.len()),
        );
        return None;
    }
    if !intersection.timetable.programmes.is_empty() {
        report.lose(about, "programmes of its timetable: only the first programme is written");
    }
    intervals(intersection, &mut found, report);
    for it in &mut found {
        if let Some((begin, end)) = &mut it.run {
            let lasts = *end - *begin;
            begin.0 = (*begin + intersection.programme.offset).0.rem_euclid(length.0.max(1));
            end.0 = (*begin + lasts).0.rem_euclid(length.0.max(1));
        }
    }
    Some(found)
}

fn phase(number: u8, (ring, barrier, position): (usize, usize, usize)) -> PhaseOf {
    let zero = Millis::ZERO;
    let (protected, permissive) = (Vec::new(), Vec::new());
    PhaseOf {
        number,
        ring,
        barrier,
        position,
        protected,
        permissive,
        yellow: zero,
        red: zero,
        green_min: zero,
        walk: None,
        run: None,
    }
}

/// Begins of the steps of the programme, and the end of the last.
fn begins(intersection: &Intersection) -> Vec<Millis> {
    let steps = &intersection.programme.steps;
    let mut at = Millis::ZERO;
    let mut begins = vec![at];
    for (step, next) in steps.iter().zip(steps.iter().cycle().skip(1)) {
        at += step.green + intersection.intergreen(step.stage, next.stage);
        begins.push(at);
    }
    begins
}

/// A phase a stage of the programme.
fn by_stages(intersection: &Intersection, report: &mut ExportReport) -> Option<Vec<PhaseOf>> {
    let about = intersection.id.as_str();
    let begins = begins(intersection);
    let steps = &intersection.programme.steps;
    let twice = steps.iter().enumerate().any(|(at, it)| steps[..at].iter().any(|other| other.stage == it.stage));
    if twice {
        report.lose(about, "a stage comes twice in its programme: its phases and timings are not written");
        return None;
    }
    let shown = intersection.stage_ixs().filter(|it| steps.iter().any(|step| step.stage == *it)).count();
    if shown < intersection.stages.len() {
        report
            .lose(about, format!("{} stages are not in its programme: not written", intersection.stages.len() - shown));
    }
    let all = steps.iter().enumerate().map(|(at, step)| {
        let mut it = phase(at as u8 + 1, (1, 1, at + 1));
        let signals = &intersection.stage(step.stage).signals;
        let with = |lamp: Indication| intersection.group_ixs().filter(move |group| signals[group.0] == lamp).collect();
        (it.protected, it.permissive) = (with(Indication::Protected), with(Indication::Permissive));
        it.run = Some((begins[at], begins[at + 1]));
        it
    });
    Some(all.collect())
}

fn nema(intersection: &Intersection, report: &mut ExportReport) -> Option<Vec<PhaseOf>> {
    let (begins, steps) = (begins(intersection), &intersection.programme.steps);
    let mut positions: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let shows: Vec<Vec<u8>> = steps
        .iter()
        .map(|step| derive::phases_shown(&intersection.phases, intersection.stage(step.stage)))
        .map(|shown| shown.into_iter().map(|it| it.number).collect())
        .collect();
    let mut found = Vec::new();
    for it in &intersection.phases {
        let place = positions.entry((it.ring, it.barrier)).or_default();
        *place += 1;
        let mut new = phase(it.number, (it.ring + 1, it.barrier + 1, *place));
        (new.protected, new.permissive) = (it.groups.clone(), it.permissive.clone());
        let on: Vec<bool> = shows.iter().map(|shown| shown.contains(&it.number)).collect();
        let count = on.len();
        let starts: Vec<usize> = (0..count).filter(|&at| on[at] && !on[(at + count - 1) % count]).collect();
        if let [start] = starts[..] {
            let lasts: Millis = (start..start + count)
                .take_while(|&at| on[at % count])
                .map(|at| begins[at % count + 1] - begins[at % count])
                .sum();
            new.run = Some((begins[start], begins[start] + lasts));
        } else if starts.len() > 1 {
            report.lose(
                intersection.id.as_str(),
                format!("phase {} comes twice in its programme: timings are not written", it.number),
            );
            return None;
        }
        found.push(new);
    }
    Some(found)
}

/// Longest red clearance after a group.
fn red_after(intersection: &Intersection, group: GroupIx) -> Millis {
    let others = intersection.group_ixs().filter(|&it| intersection.conflicts.conflicting(group, it));
    others
        .map(|it| intersection.intergreens[[group.0, it.0]] - intersection.groups[group.0].change)
        .max()
        .unwrap_or_default()
}

fn intervals(intersection: &Intersection, phases: &mut [PhaseOf], report: &mut ExportReport) {
    let groups = &intersection.groups;
    let drives = |it: &GroupIx| groups[it.0].kind != GroupKind::Pedestrian;
    let unequal = intersection.group_ixs().filter(drives).any(|group| {
        let own = intersection.group_ixs().filter(|&it| intersection.conflicts.conflicting(group, it));
        let mut reds = own.map(|it| intersection.intergreens[[group.0, it.0]] - groups[group.0].change);
        let first = reds.next();
        reds.any(|it| Some(it) != first)
    });
    if unequal {
        report
            .lose(intersection.id.as_str(), "red clearances that depend on who comes next: the longest of each phase");
    }
    let all = |it: &PhaseOf| it.protected.iter().chain(&it.permissive).copied().filter(drives).collect::<Vec<_>>();
    let least =
        |it: &PhaseOf, value: &dyn Fn(GroupIx) -> Millis| all(it).into_iter().map(value).min().unwrap_or_default();
    let yellow = |it: GroupIx| groups[it.0].change;
    let red = |it: GroupIx| red_after(intersection, it);
    let green = |it: GroupIx| groups[it.0].green_min;
    for it in phases.iter_mut() {
        (it.yellow, it.red, it.green_min) = (least(it, &yellow), least(it, &red), least(it, &green));
        let walkers = it.protected.iter().chain(&it.permissive).filter(|group| !drives(group));
        let longest = walkers.map(|group| (groups[group.0].green_min, groups[group.0].change)).max();
        it.walk = longest;
    }
    for group in intersection.group_ixs().filter(drives) {
        let serving: Vec<usize> = (0..phases.len()).filter(|&it| all(&phases[it]).contains(&group)).collect();
        let reached =
            |value: fn(&PhaseOf) -> Millis| serving.iter().map(|&it| value(&phases[it])).max().unwrap_or_default();
        let short = [
            reached(|it| it.yellow) < yellow(group),
            reached(|it| it.red) < red(group),
            reached(|it| it.green_min) < green(group),
        ];
        for &at in &serving {
            let it = &mut phases[at];
            if short[0] {
                it.yellow = it.yellow.max(yellow(group));
            }
            if short[1] {
                it.red = it.red.max(red(group));
            }
            if short[2] {
                it.green_min = it.green_min.max(green(group));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    #[test]
    fn stages_become_phases_of_one_ring_with_their_times() {
        let mut crossroads = crossroads();
        crossroads.programme.offset = Millis::from_secs(60);
        let mut report = ExportReport::default();
        let found = phases(&crossroads, &mut report).unwrap();
        let told: Vec<(u8, usize, i64, i64)> = found
            .iter()
            .map(|it| (it.number, it.position, it.run.unwrap().0.0 / 1000, it.run.unwrap().1.0 / 1000))
            .collect();
        assert_eq!(told, [(1, 1, 60, 16), (2, 2, 16, 26), (3, 3, 26, 50), (4, 4, 50, 60)]);
        assert_eq!((found[0].protected.len(), found[0].permissive.len()), (2, 2));
        assert_eq!((found[0].yellow, found[0].red, found[0].green_min), (Millis(3_000), Millis(1_000), Millis(5_000)));
        assert_eq!(report, ExportReport::default());
    }

    #[test]
    fn no_group_comes_off_too_short() {
        let mut crossroads = crossroads();
        crossroads.groups[0].change = Millis(4_500);
        for other in 0..8 {
            let cell = &mut crossroads.intergreens[[0, other]];
            *cell += Millis(if cell.0 > 0 { 1_500 } else { 0 });
        }
        let found = phases(&crossroads, &mut ExportReport::default()).unwrap();
        assert_eq!(found[0].yellow, Millis(4_500));
        assert_eq!(found[1].yellow, Millis(3_000));
    }
}
