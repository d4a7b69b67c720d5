//! The programmes of an intersection as phases with ring, barrier and position, the way NEMA controllers and their files say it.
//!
//! An intersection with NEMA phases keeps them. One that has only stages gets a phase a stage, one after the other in one ring: whoever reads the
//! file then sees the same groups green together, in the same order and for the same time. All programmes share the phases; one that is not shown in a
//! programme has no part of its cycle. Yellow, red clearance and minimum green belong to a phase there and to a
//! group here: a phase gets the shortest of its groups, and where a group would come off too short its phases get the group's. So
//! nothing ever becomes shorter. What is lost: a red clearance that depends on who comes next; a programme in which a stage comes twice.

use super::ExportReport;
use crate::ids::{GroupIx, StageIx};
use crate::network::{GroupKind, Intersection, Programme, derive};
use crate::plan::fixed_time::cycle;
use crate::time::Millis;
use crate::units::Indication;
use std::collections::BTreeMap;

/// The phases of an intersection and its programmes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phases<'a> {
    /// In the order of their numbers where they were made of stages.
    pub phases: Vec<PhaseOf>,
    /// The first programme, then those of the timetable that can be said.
    pub programmes: Vec<Timing<'a>>,
}

/// One phase.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PhaseOf {
    /// NEMA number.
    pub number: u8,
    /// From 1.
    pub ring: usize,
    /// From 1.
    pub barrier: usize,
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
}

/// One programme.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Timing<'a> {
    /// Position in the timetable; `None` = the first programme.
    pub position: Option<usize>,
    /// Its name; the first programme has none.
    pub name: Option<&'a str>,
    /// Its length.
    pub cycle: Millis,
    /// Begin of its first green in absolute time, within a cycle from 0.
    pub begin: Millis,
    /// Of each phase the begin of its green and the end of its clearance in absolute time, within a cycle from 0; none where it is not shown.
    pub runs: Vec<Option<Run>>,
    /// Place of each phase in its ring and barrier, from 1.
    pub positions: Vec<usize>,
}

/// Begin and end.
type Run = (Millis, Millis);

impl Timing<'_> {
    /// Green of a phase, without the intervals after it.
    pub(super) fn green(&self, at: usize, phase: &PhaseOf) -> Option<Millis> {
        let (begin, end) = self.runs[at]?;
        // A phase that is on all the time ends where it begins.
        let lasts = match (end - begin).0.rem_euclid(self.cycle.0.max(1)) {
            0 => self.cycle.0,
            lasts => lasts,
        };
        Some(Millis(lasts) - phase.yellow - phase.red)
    }
}

/// Most phases of an intersection in such a file.
const PHASES_MAX: usize = 8;

/// The phases of an intersection; `None` where its first programme cannot be said, which is told.
pub(super) fn phases<'a>(intersection: &'a Intersection, report: &mut ExportReport) -> Option<Phases<'a>> {
    let about = intersection.id.as_str();
    let mut found: Vec<PhaseOf> = intersection.phases.iter().map(nema).collect();
    if found.len() > PHASES_MAX {
        let count = found.len();
        report.lose(
            about,
            format!("{count} phases, and {PHASES_MAX} are possible: its phases and timings are not written"),
        );
        return None;
    }
    let mut stages: Vec<StageIx> = Vec::new();
    let others = intersection.timetable.programmes.iter().enumerate();
    let others = others.map(|(at, (name, it))| (Some(at), Some(name.as_str()), it));
    let mut programmes = Vec::new();
    for (position, name, programme) in [(None, None, &intersection.programme)].into_iter().chain(others) {
        let runs = if intersection.phases.is_empty() {
            by_stages(intersection, programme, &mut stages)
        } else {
            by_phases(intersection, programme)
        };
        match runs {
            Ok(runs) => programmes.push((position, name, programme, runs)),
            Err(why) => {
                let Some(name) = name else {
                    report.lose(about, format!("its programme: {why}: its phases and timings are not written"));
                    return None;
                };
                report.lose(about, format!("programme {name}: {why}: not written"));
            }
        }
    }
    if intersection.phases.is_empty() {
        found = stages.iter().zip(1..).map(|(&stage, number)| of_stage(intersection, stage, number)).collect();
        let left = intersection.stages.len() - stages.len();
        if left > 0 {
            report.lose(about, format!("{left} stages are in none of its programmes: not written"));
        }
    }
    intervals(intersection, &mut found, report);
    let programmes = programmes
        .into_iter()
        .map(|(position, name, programme, mut runs)| {
            runs.resize(found.len(), None);
            timing(intersection, &found, (position, name, programme), runs)
        })
        .collect();
    Some(Phases { phases: found, programmes })
}

/// A programme in absolute time; `runs` count from its begin.
fn timing<'a>(
    intersection: &Intersection,
    phases: &[PhaseOf],
    (position, name, programme): (Option<usize>, Option<&'a str>, &Programme),
    mut runs: Vec<Option<Run>>,
) -> Timing<'a> {
    let length = cycle(intersection, programme);
    let mut order: Vec<usize> = (0..phases.len()).collect();
    order.sort_by_key(|&at| (runs[at].is_none(), runs[at].map(|it| it.0), at));
    let (mut places, mut positions): (BTreeMap<_, usize>, _) = (BTreeMap::new(), vec![0; phases.len()]);
    for at in order {
        let place = places.entry((phases[at].ring, phases[at].barrier)).or_default();
        *place += 1;
        positions[at] = *place;
    }
    let within = |time: Millis| Millis(time.0.rem_euclid(length.0.max(1)));
    for (begin, end) in runs.iter_mut().flatten() {
        (*begin, *end) = (within(*begin + programme.offset), within(*end + programme.offset));
    }
    Timing { position, name, cycle: length, begin: within(programme.offset), runs, positions }
}

fn phase(number: u8, ring: usize, barrier: usize) -> PhaseOf {
    let zero = Millis::ZERO;
    let (protected, permissive) = (Vec::new(), Vec::new());
    PhaseOf { number, ring, barrier, protected, permissive, yellow: zero, red: zero, green_min: zero, walk: None }
}

fn nema(it: &crate::network::Phase) -> PhaseOf {
    let (protected, permissive) = (it.groups.clone(), it.permissive.clone());
    PhaseOf { protected, permissive, ..phase(it.number, it.ring + 1, it.barrier + 1) }
}

fn of_stage(intersection: &Intersection, stage: StageIx, number: u8) -> PhaseOf {
    let signals = &intersection.stage(stage).signals;
    let with = |lamp: Indication| intersection.group_ixs().filter(move |group| signals[group.0] == lamp).collect();
    PhaseOf { protected: with(Indication::Protected), permissive: with(Indication::Permissive), ..phase(number, 1, 1) }
}

/// Begins of the steps of a programme, and the end of the last.
fn begins(intersection: &Intersection, programme: &Programme) -> Vec<Millis> {
    let steps = &programme.steps;
    let mut at = Millis::ZERO;
    let mut begins = vec![at];
    for (step, next) in steps.iter().zip(steps.iter().cycle().skip(1)) {
        at += step.green + intersection.intergreen(step.stage, next.stage);
        begins.push(at);
    }
    begins
}

/// A phase a stage; `stages` are those of the programmes before, and grow.
fn by_stages(
    intersection: &Intersection,
    programme: &Programme,
    stages: &mut Vec<StageIx>,
) -> Result<Vec<Option<Run>>, String> {
    let begins = begins(intersection, programme);
    let steps = &programme.steps;
    if steps.iter().enumerate().any(|(at, it)| steps[..at].iter().any(|other| other.stage == it.stage)) {
        return Err("a stage comes twice".to_owned());
    }
    let new: Vec<StageIx> = steps.iter().map(|it| it.stage).filter(|it| !stages.contains(it)).collect();
    if stages.len() + new.len() > PHASES_MAX {
        return Err(format!("{} phases, and {PHASES_MAX} are possible", stages.len() + new.len()));
    }
    stages.extend(new);
    let run = |stage: &StageIx| {
        let at = steps.iter().position(|it| it.stage == *stage)?;
        Some((begins[at], begins[at + 1]))
    };
    Ok(stages.iter().map(run).collect())
}

fn by_phases(intersection: &Intersection, programme: &Programme) -> Result<Vec<Option<Run>>, String> {
    let (begins, steps) = (begins(intersection, programme), &programme.steps);
    let shows: Vec<Vec<u8>> = steps
        .iter()
        .map(|step| derive::phases_shown(&intersection.phases, intersection.stage(step.stage)))
        .map(|shown| shown.into_iter().map(|it| it.number).collect())
        .collect();
    let mut found = Vec::new();
    for it in &intersection.phases {
        let on: Vec<bool> = shows.iter().map(|shown| shown.contains(&it.number)).collect();
        let count = on.len();
        let starts: Vec<usize> = if on.iter().all(|it| *it) {
            vec![0]
        } else {
            (0..count).filter(|&at| on[at] && !on[(at + count - 1) % count]).collect()
        };
        if starts.len() > 1 {
            return Err(format!("phase {} comes twice", it.number));
        }
        found.push(starts.first().map(|&start| {
            let lasts: Millis = (start..start + count)
                .take_while(|&at| on[at % count])
                .map(|at| begins[at % count + 1] - begins[at % count])
                .sum();
            (begins[start], begins[start] + lasts)
        }));
    }
    Ok(found)
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
        let Phases { phases: found, programmes } = phases(&crossroads, &mut report).unwrap();
        let only = &programmes[0];
        let runs = only.runs.iter().map(|it| it.unwrap());
        let told: Vec<(usize, i64, i64)> =
            only.positions.iter().zip(runs).map(|(&at, run)| (at, run.0.0 / 1000, run.1.0 / 1000)).collect();
        assert_eq!(told, [(1, 60, 16), (2, 16, 26), (3, 26, 50), (4, 50, 60)]);
        assert_eq!((programmes.len(), only.begin, only.green(0, &found[0])), (1, Millis(60_000), Some(Millis(20_000))));
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
        let found = phases(&crossroads, &mut ExportReport::default()).unwrap().phases;
        assert_eq!(found[0].yellow, Millis(4_500));
        assert_eq!(found[1].yellow, Millis(3_000));
    }

    #[test]
    fn programmes_share_the_phases_and_each_has_its_own_times() {
        let mut crossroads = crossroads();
        let mut night = crossroads.programme.clone();
        night.steps.remove(1);
        night.steps.rotate_left(1);
        let mut twice = crossroads.programme.clone();
        twice.steps.push(twice.steps[0].clone());
        crossroads.timetable.programmes = vec![("night".to_owned(), night), ("twice".to_owned(), twice)];
        let mut report = ExportReport::default();
        let Phases { phases, programmes } = phases(&crossroads, &mut report).unwrap();
        assert_eq!((phases.len(), programmes.len()), (4, 2));
        let night = &programmes[1];
        assert_eq!((night.name, night.position), (Some("night"), Some(0)));
        assert_eq!(night.runs.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true, true]);
        assert_eq!(night.positions, [3, 4, 1, 2]);
        assert!(report.lost.iter().any(|it| it.message.contains("twice")), "{report}");
    }
}
