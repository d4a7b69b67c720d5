//! Intervals in order, lamps complete, stages and kinds that say what the lamps show.

use super::{Note, Rule};
use crate::ids::GroupIx;
use crate::network::Intersection;
use crate::plan::{Interval, IntervalKind, Plan};
use crate::time::Timestamp;
use crate::units::{Indication, lamps_to_string};

/// Every check that looks at one interval, or at two neighbours, without the past.
pub(super) fn check_shape(plan: &Plan, intersection: &Intersection, at: Timestamp, notes: &mut Vec<Note>) {
    check_count(plan, at, notes);
    check_order(plan, notes);
    for interval in plan.intervals.iter().take(Plan::INTERVALS_MAX) {
        check_lamp_count(interval, intersection, notes);
        check_flash(interval, notes);
        check_stage(interval, intersection, notes);
        check_kind(interval, notes);
    }
}

fn check_count(plan: &Plan, at: Timestamp, notes: &mut Vec<Note>) {
    let found = plan.intervals.len();
    if found > Plan::INTERVALS_MAX {
        let allowed = format!("at most {}", Plan::INTERVALS_MAX);
        notes.push(Note { rule: Rule::Count, group: None, at, found: found.to_string(), allowed });
    }
}

fn check_order(plan: &Plan, notes: &mut Vec<Note>) {
    for interval in plan.intervals.iter().filter(|interval| interval.end <= interval.start) {
        let found = format!("ends at {}", interval.end);
        let allowed = "after its start".to_owned();
        notes.push(Note { rule: Rule::Order, group: None, at: interval.start, found, allowed });
    }
    for pair in plan.intervals.windows(2).filter(|pair| pair[0].end != pair[1].start) {
        let found = format!("starts at {}", pair[1].start);
        let allowed = format!("{}, where the one before ends", pair[0].end);
        notes.push(Note { rule: Rule::Order, group: None, at: pair[1].start, found, allowed });
    }
}

fn check_lamp_count(interval: &Interval, intersection: &Intersection, notes: &mut Vec<Note>) {
    if interval.signals.len() != intersection.groups.len() {
        notes.push(wrong_lamp_count(intersection, interval.start, interval.signals.len()));
    }
}

/// The note for a lamp string of the wrong length.
pub(super) fn wrong_lamp_count(intersection: &Intersection, at: Timestamp, found: usize) -> Note {
    let allowed = intersection.groups.len().to_string();
    Note { rule: Rule::Lamps, group: None, at, found: found.to_string(), allowed }
}

fn check_flash(interval: &Interval, notes: &mut Vec<Note>) {
    for (group, lamp) in interval.signals.iter().enumerate() {
        if matches!(lamp, Indication::FlashingYellow | Indication::Dark) {
            let allowed = "steady lamps; flashing belongs to the cabinet".to_owned();
            let found = lamp.letter().to_string();
            notes.push(Note { rule: Rule::Flash, group: Some(GroupIx(group)), at: interval.start, found, allowed });
        }
    }
}

fn check_stage(interval: &Interval, intersection: &Intersection, notes: &mut Vec<Note>) {
    let mut note = |found: String, allowed: String| {
        notes.push(Note { rule: Rule::Stage, group: None, at: interval.start, found, allowed });
    };
    match intersection.stages.get(interval.stage.0) {
        None => note(format!("stage {}", interval.stage), format!("0…{}", intersection.stages.len().saturating_sub(1))),
        Some(stage) if interval.kind == IntervalKind::Green && stage.signals != interval.signals => {
            note(
                lamps_to_string(&interval.signals),
                format!("{} of stage {}", lamps_to_string(&stage.signals), stage.id),
            );
        }
        Some(_) => {}
    }
}

fn check_kind(interval: &Interval, notes: &mut Vec<Note>) {
    let yellow = interval.signals.contains(&Indication::Yellow);
    if yellow != (interval.kind == IntervalKind::Yellow) {
        let found = format!("{:?} with {}", interval.kind, lamps_to_string(&interval.signals));
        let allowed = "kind yellow exactly while a lamp is yellow".to_owned();
        notes.push(Note { rule: Rule::Kind, group: None, at: interval.start, found, allowed });
    }
}
