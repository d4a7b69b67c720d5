//! What is allowed in a network and yet worth a look.
//!
//! Real networks hold lamps that nothing ever turns green and lanes that lead nowhere; refusing them would refuse the
//! street. They are told here instead, and shown by `lightwatch check` and by the report of an import.

use super::problem::Problems;
use super::{Intersection, Network};
use crate::ids::StageIx;

impl Network {
    /// Notes on every intersection, in order; none of them is an error.
    pub fn notes(&self) -> Problems {
        let mut notes = Problems::default();
        for intersection in &self.intersections {
            let place = format!("intersections[{}]", intersection.id);
            groups(intersection, &place, &mut notes);
            lanes(intersection, &place, &mut notes);
            programme(intersection, &place, &mut notes);
        }
        notes
    }
}

fn groups(intersection: &Intersection, place: &str, notes: &mut Problems) {
    for group in intersection.group_ixs() {
        let served = intersection.stages.iter().any(|stage| stage.serves(group));
        let controlled = intersection.movements.iter().filter(|movement| movement.group == group);
        let controlled: Vec<&str> = controlled.map(|movement| movement.id.as_str()).collect();
        let place = format!("{place}.groups[{}]", intersection.groups[group.0].id);
        if !served && !controlled.is_empty() {
            notes.say(&place, format_args!("never green; it controls {}", controlled.join(", ")));
        } else if controlled.is_empty() {
            notes.say(&place, "controls no movement");
        }
    }
}

fn lanes(intersection: &Intersection, place: &str, notes: &mut Problems) {
    for lane in intersection.lanes.iter().filter(|lane| lane.movements.is_empty()) {
        notes.say(format_args!("{place}.lanes[{}]", lane.id), "no movement starts here");
    }
}

fn programme(intersection: &Intersection, place: &str, notes: &mut Problems) {
    let others = intersection.timetable.programmes.iter().map(|(id, it)| (format!("{place}.programmes[{id}]"), it));
    let all = std::iter::once((format!("{place}.programme"), &intersection.programme)).chain(others);
    let steps =
        all.flat_map(|(at, it)| it.steps.iter().enumerate().map(move |(step, it)| (format!("{at}.steps[{step}]"), it)));
    for (place, step) in steps {
        let green_min = intersection.green_min(step.stage);
        if step.green < green_min {
            let message = format!("{} is shorter than the minimum green {green_min}, which will be shown", step.green);
            notes.say(format_args!("{place}.green_ms"), message);
        }
    }
    for stage in intersection.stage_ixs().filter(|&stage| !in_programme(intersection, stage)) {
        let stage = &intersection.stage(stage).id;
        notes.say(format_args!("{place}.stages[{stage}]"), "not part of the fixed-time programme");
    }
}

fn in_programme(intersection: &Intersection, stage: StageIx) -> bool {
    intersection.programme.steps.iter().any(|step| step.stage == stage)
}
