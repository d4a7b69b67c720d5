//! A ring diagram as a programme: whatever phases are shown together between two instants are a stage.
//!
//! In: when each phase begins in the cycle and how long it lasts, clearance included, and the instant with which the programme is to begin where a phase begins
//! then, else it is the first in the cycle. Out: steps with their greens, or what does not go
//! with our rules, which is reported.

use super::sumo::ImportReport;
use crate::network::Intersection;
use crate::network::file::{ProgrammeFile, ProgrammeStepFile};
use crate::time::Millis;

/// One phase in the diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    /// Its ring.
    pub(super) ring: usize,
    /// Its number.
    pub(super) number: u8,
    /// Begin of its green, within the cycle.
    pub(super) start: Millis,
    /// Green, yellow and red clearance.
    pub(super) lasts: Millis,
}

/// The diagram as a programme; `None` where it does not go with our rules.
pub(super) fn programme(
    mut runs: Vec<Run>,
    (cycle, first): (Millis, Option<Millis>),
    about: &str,
    built: &Intersection,
    report: &mut ImportReport,
) -> Option<ProgrammeFile> {
    runs.sort_unstable();
    let on = |at: i64| runs.iter().filter(move |it| (at - it.start.0).rem_euclid(cycle.0) < it.lasts.0);
    let ends = runs.iter().map(|it| (it.start + it.lasts).0.rem_euclid(cycle.0)).filter(|&it| on(it).next().is_none());
    let mut begins: Vec<i64> = runs.iter().map(|it| it.start.0).chain(ends).collect();
    begins.sort_unstable();
    begins.dedup();
    let from = first.and_then(|first| begins.iter().position(|it| *it == first.0.rem_euclid(cycle.0)));
    begins.rotate_left(from.unwrap_or(0));
    let mut steps: Vec<(String, i64)> = Vec::new();
    for (at, begin) in begins.iter().enumerate() {
        let lasts = match (begins[(at + 1) % begins.len()] - begin).rem_euclid(cycle.0) {
            0 => cycle.0,
            lasts => lasts,
        };
        let name = on(*begin).map(|it| it.number.to_string()).collect::<Vec<_>>().join("+");
        match steps.last_mut() {
            Some((last, length)) if *last == name => *length += lasts,
            _ => steps.push((name, lasts)),
        }
    }
    let steps = as_steps(&steps, about, built, report)?;
    Some(ProgrammeFile { offset_ms: Millis(begins.first().copied().unwrap_or(0)), steps })
}

fn as_steps(
    steps: &[(String, i64)],
    about: &str,
    built: &Intersection,
    report: &mut ImportReport,
) -> Option<Vec<ProgrammeStepFile>> {
    let mut done = Vec::new();
    for (at, (name, length)) in steps.iter().enumerate() {
        let next = &steps[(at + 1) % steps.len()];
        if next.0.is_empty() {
            let lasts = Millis(next.1);
            report.refuse(about, format!("the programme shows nobody for {lasts}; every stage in turn instead"));
            return None;
        }
        let (stage, next) = (built.stage_of(name), built.stage_of(&next.0));
        let (Some(stage), Some(next)) = (stage, next) else {
            let why =
                format!("the programme shows phases {name} together, which is no stage; every stage in turn instead");
            report.refuse(about, why);
            return None;
        };
        let green = Millis(length - built.intergreen(stage, next).0);
        if green < built.green_min(stage) {
            let why = format!(
                "the programme shows {name} for {green} of green, less than its minimum; every stage in turn instead"
            );
            report.refuse(about, why);
            return None;
        }
        done.push(ProgrammeStepFile { stage: name.clone(), green_ms: green });
    }
    (!done.is_empty()).then_some(done)
}
