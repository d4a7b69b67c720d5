//! Phases, stages and the fixed-time programme of one intersection.

use super::signals::Signals;
use crate::ids::{GroupIx, StageIx};
use crate::network::derive;
use crate::network::file::{IntersectionFile, PhaseFile, ProgrammeFile, StageFile};
use crate::network::problem::Problems;
use crate::network::{Phase, Programme, ProgrammeStep, Stage};
use crate::time::Millis;
use crate::units::Indication;

/// Most stages at one intersection.
const STAGES_MAX: usize = 64;
/// Green of a stage in a programme that nobody wrote, unless its minimum is longer.
const GREEN_DEFAULT: Millis = Millis(10_000);

/// What can be green, and the order to fall back on.
pub(super) struct Sequences {
    pub phases: Vec<Phase>,
    pub stages: Vec<Stage>,
    pub programme: Programme,
}

pub(super) fn stages(
    file: &IntersectionFile,
    signals: &Signals,
    place: &str,
    problems: &mut Problems,
) -> Option<Sequences> {
    let phases = phases(file, signals, place, problems);
    let (stages, all_usable) = if file.stages.is_empty() {
        (derived(&phases, signals, place, problems)?, true)
    } else {
        listed(file, signals, place, problems)
    };
    if stages.is_empty() || stages.len() > STAGES_MAX {
        problems.push(format_args!("{place}.stages"), stages.len(), format_args!("1…{STAGES_MAX}"));
    }
    check_conflicts(&stages, signals, place, problems);
    if all_usable {
        check_rings(&phases, &stages, place, problems);
        if !file.stages.is_empty() {
            check_phase_pairs(&phases, signals, place, problems);
        }
        check_distinct(&stages, place, problems);
    }
    let programme = match &file.programme {
        Some(programme) => checked_programme(programme, file, &stages, &format!("{place}.programme"), problems),
        None => default_programme(&stages, signals),
    };
    Some(Sequences { phases, stages, programme })
}

/// Stages that nobody listed.
fn derived(phases: &[Phase], signals: &Signals, place: &str, problems: &mut Problems) -> Option<Vec<Stage>> {
    if phases.is_empty() && signals.groups.len() > 1 && no_conflict_listed(signals) {
        say_no_conflicts(place, problems);
        return None;
    }
    let stages = if phases.is_empty() {
        derive::from_groups(&signals.groups, &signals.conflicts)
    } else {
        derive::from_phases(&signals.groups, phases)
    };
    if stages.is_none() {
        let message = format!("more than {} can be derived", derive::STAGES_MAX);
        problems.push(format_args!("{place}.stages"), message, "list the stages that are wanted");
    }
    stages
}

/// The stages of the file and whether every one of them could be used.
fn listed(file: &IntersectionFile, signals: &Signals, place: &str, problems: &mut Problems) -> (Vec<Stage>, bool) {
    problems.unique(format_args!("{place}.stages"), file.stages.iter().map(|it| it.id.as_str()));
    let stages: Vec<Stage> =
        file.stages.iter().filter_map(|stage| checked_stage(stage, signals, place, problems)).collect();
    let all_usable = stages.len() == file.stages.len();
    (stages, all_usable)
}

fn checked_stage(stage: &StageFile, signals: &Signals, place: &str, problems: &mut Problems) -> Option<Stage> {
    let place = format!("{place}.stages[{}]", stage.id);
    problems.id(format_args!("{place}.id"), &stage.id);
    let place = format!("{place}.signals");
    let (letters, groups) = (stage.signals.chars().count(), signals.groups.len());
    if letters != groups {
        problems.push(&place, format_args!("`{}` has {letters} letters", stage.signals), format_args!("{groups}"));
    }
    let mut lamps = Vec::new();
    for (position, letter) in stage.signals.chars().enumerate() {
        match Indication::from_letter(letter) {
            Some(lamp) if lamp.is_green() || matches!(lamp, Indication::Red | Indication::RedTurnAllowed) => {
                if lamp == Indication::RedTurnAllowed
                    && signals.groups.get(position).is_some_and(|group| group.rest != lamp)
                {
                    let message = format!("letter {} of `{}` is `s`", position + 1, stage.signals);
                    problems.push(&place, message, "`s` only for a group with turn_on_red");
                }
                lamps.push(lamp);
            }
            _ => {
                let message = format!("letter {} of `{}` is `{letter}`", position + 1, stage.signals);
                problems.push(&place, message, "G, g, r, s (change intervals are laid out by the program)");
            }
        }
    }
    (lamps.len() == groups).then(|| Stage { id: stage.id.clone(), signals: lamps })
}

/// No stage may be green for two groups in conflict; and there must be conflicts where groups take turns.
fn check_conflicts(stages: &[Stage], signals: &Signals, place: &str, problems: &mut Problems) {
    if no_conflict_listed(signals) && groups_take_turns(stages, signals.groups.len()) {
        say_no_conflicts(place, problems);
    }
    for stage in stages {
        for (a, b) in green_together_in_conflict(stage, signals) {
            problems.push(
                format_args!("{place}.stages[{}].signals", stage.id),
                format_args!("`{a}` and `{b}` are green together and conflict"),
                "one of them red, or permissive (g) where it yields",
            );
        }
    }
}

/// Names of the pairs of groups that a stage may not show green together.
fn green_together_in_conflict<'a>(stage: &Stage, signals: &'a Signals) -> Vec<(&'a str, &'a str)> {
    let name = |group: GroupIx| signals.groups[group.0].id.as_str();
    let all = GroupIx::all(signals.groups.len());
    let pairs = all.clone().flat_map(|a| all.clone().skip(a.0 + 1).map(move |b| (a, b)));
    pairs
        .filter(|&(a, b)| !signals.conflicts.compatible((a, stage.signals[a.0]), (b, stage.signals[b.0])))
        .map(|(a, b)| (name(a), name(b)))
        .collect()
}

fn no_conflict_listed(signals: &Signals) -> bool {
    let groups = signals.groups.len();
    !GroupIx::all(groups).any(|a| GroupIx::all(groups).any(|b| signals.conflicts.conflicting(a, b)))
}

/// Whether some group is green without another in one stage, and the other without it in another stage.
fn groups_take_turns(stages: &[Stage], groups: usize) -> bool {
    let alone = |a: GroupIx, b: GroupIx| stages.iter().any(|stage| stage.serves(a) && !stage.serves(b));
    GroupIx::all(groups).any(|a| GroupIx::all(groups).any(|b| alone(a, b) && alone(b, a)))
}

fn say_no_conflicts(place: &str, problems: &mut Problems) {
    problems.push(
        format_args!("{place}.conflicts"),
        "no conflict information although groups take turns",
        "every pair of groups that may not be green together",
    );
}

fn check_distinct(stages: &[Stage], place: &str, problems: &mut Problems) {
    for (position, stage) in stages.iter().enumerate() {
        if let Some(twin) = stages[..position].iter().find(|other| other.signals == stage.signals) {
            let message = format!("the same lamps as stage `{}`", twin.id);
            problems.push(format_args!("{place}.stages[{}].signals", stage.id), message, "every stage different");
        }
    }
}

fn phases(file: &IntersectionFile, signals: &Signals, place: &str, problems: &mut Problems) -> Vec<Phase> {
    let numbers: Vec<String> = file.phases.iter().map(|phase| phase.number.to_string()).collect();
    problems.unique(format_args!("{place}.phases"), numbers.iter().map(String::as_str));
    file.phases.iter().map(|phase| checked_phase(phase, signals, place, problems)).collect()
}

fn checked_phase(phase: &PhaseFile, signals: &Signals, place: &str, problems: &mut Problems) -> Phase {
    let place = format!("{place}.phases[{}]", phase.number);
    problems.range(format_args!("{place}.number"), phase.number, &(1..=16), "");
    problems.range(format_args!("{place}.ring"), phase.ring, &(1..=4), "");
    problems.range(format_args!("{place}.barrier"), phase.barrier, &(1..=8), "");
    if phase.groups.is_empty() && phase.permissive.is_empty() {
        problems.push(format_args!("{place}.groups"), "none", "at least one");
    }
    let mut resolve = |key: &str, ids: &[String]| -> Vec<GroupIx> {
        let place = format!("{place}.{key}");
        problems.unique(&place, ids.iter().map(String::as_str));
        ids.iter().filter_map(|id| signals.resolve(id, &place, problems)).collect()
    };
    Phase {
        number: phase.number,
        ring: phase.ring.saturating_sub(1),
        barrier: phase.barrier.saturating_sub(1),
        groups: resolve("groups", &phase.groups),
        permissive: resolve("permissive", &phase.permissive),
    }
}

/// A listed stage may not show two phases of one ring, nor phases of two barriers.
fn check_rings(phases: &[Phase], stages: &[Stage], place: &str, problems: &mut Problems) {
    for stage in stages {
        let shown = derive::phases_shown(phases, stage);
        for (position, a) in shown.iter().enumerate() {
            for b in &shown[position + 1..] {
                let why = if a.barrier != b.barrier {
                    "lie on two sides of a barrier"
                } else if a.ring == b.ring {
                    "run one after the other in one ring"
                } else {
                    continue;
                };
                problems.push(
                    format_args!("{place}.stages[{}].signals", stage.id),
                    format_args!("phases {} and {} are green together and {why}", a.number, b.number),
                    "one phase a ring, all of one barrier",
                );
            }
        }
    }
}

/// Phases of two rings inside one barrier may run together at any time, so they must be compatible.
///
/// Derived stages hold every such pair and are checked as stages.
fn check_phase_pairs(phases: &[Phase], signals: &Signals, place: &str, problems: &mut Problems) {
    for (position, a) in phases.iter().enumerate() {
        for b in phases[position + 1..].iter().filter(|b| b.barrier == a.barrier && b.ring != a.ring) {
            let stage = derive::together(&signals.groups, &[a, b]);
            for (one, other) in green_together_in_conflict(&stage, signals) {
                problems.push(
                    format_args!("{place}.phases[{}].groups", a.number),
                    format_args!("`{one}` and `{other}` conflict, yet phase {} may run beside it", b.number),
                    "compatible phases in the rings of one barrier",
                );
            }
        }
    }
}

pub(super) fn checked_programme(
    programme: &ProgrammeFile,
    file: &IntersectionFile,
    stages: &[Stage],
    place: &str,
    problems: &mut Problems,
) -> Programme {
    problems.range(format_args!("{place}.offset_ms"), programme.offset_ms.0, &(-86_400_000..=86_400_000), "ms");
    if programme.steps.is_empty() {
        problems.push(format_args!("{place}.steps"), "none", "at least one");
    }
    let mut steps = Vec::new();
    for (position, step) in programme.steps.iter().enumerate() {
        let place = format!("{place}.steps[{position}]");
        problems.range(format_args!("{place}.green_ms"), step.green_ms.0, &(1_000..=3_600_000), "ms");
        match stages.iter().position(|stage| stage.id == step.stage).map(StageIx) {
            Some(stage) => steps.push(ProgrammeStep { stage, green: step.green_ms }),
            // A stage that was listed but refused has been reported already.
            None if file.stages.iter().any(|stage| stage.id == step.stage) => {}
            None => problems.push(
                format_args!("{place}.stage"),
                format_args!("`{}`", step.stage),
                "a stage of this intersection",
            ),
        }
    }
    Programme { offset: programme.offset_ms, steps }
}

fn default_programme(stages: &[Stage], signals: &Signals) -> Programme {
    let green = |stage: &Stage| {
        let served = signals.groups.iter().zip(&stage.signals).filter(|(_, lamp)| lamp.is_green());
        served.map(|(group, _)| group.green_min).fold(GREEN_DEFAULT, Millis::max)
    };
    let steps = stages.iter().enumerate().map(|(at, stage)| ProgrammeStep { stage: StageIx(at), green: green(stage) });
    Programme { offset: Millis::ZERO, steps: steps.collect() }
}
