//! Maximum red: nobody who waits is left at red for ever.
//!
//! Decides whether a plan leaves a waiting group at red beyond its deadline. The **deadline** of a group at which
//! somebody waits is `max(end of its last green, when the wait began) + red_max`: a driver who arrives at a lamp that has
//! been red for an hour because nobody came waits 120 s at most, not minus 58 minutes.
//!
//! A plan is refused when its intervals reach beyond the deadline of a waiting group that is not green by then. Several
//! deadlines may fall together, so that not all can be kept (three pedestrian crossings of 45 s each, a wait that only
//! became known when a detector came back). Then the plan is excused if it does nothing but work off the queue of
//! deadlines, which is what *earliest deadline first* does and what no other order can better by much:
//!
//! 1. until the group is served (or the plan ends), every green that is entered serves somebody who waits at least as
//!    urgently (deadline not after the group's), apart from the one whose change was under way at `at`: somebody is at yellow or
//!    clears still, or nobody has green;
//! 2. no green lasts longer than the minimum greens of the groups that it shows, [`GRACE`] apart;
//! 3. no clearance is longer than the longest one that the intersection needs, [`GRACE`] apart;
//! 4. whatever the intervals are called and however they are cut, the next green begins by the end of both.
//!
//! With minimum greens of 5…10 s and up to eight stages one round of all stages takes less than 120 s, so the excuse is
//! only for extraordinary moments. Groups that no stage serves are the importer's business and are passed over.
//! Weakness: the check sees as far as the plan reaches (15 s, say); whoever plans must start working off the deadlines
//! earlier than that, or the plan that comes 15 s before is refused.

use super::past::{Class, GroupPast, Past};
use super::{Note, RED_MIN, Rule};
use crate::ids::GroupIx;
use crate::network::Intersection;
use crate::plan::{Interval, IntervalKind, Plan};
use crate::time::{Millis, Timestamp};

/// Decisions fall on whole seconds and changes are committed a little ahead.
const GRACE: Millis = Millis(2_000);

/// A group that waits.
struct Waiting {
    group: usize,
    deadline: Timestamp,
    served: Option<Timestamp>,
}

/// No waiting group passes its deadline without green, or the plan is excused.
pub(super) fn check_red_max(
    plan: &Plan,
    intersection: &Intersection,
    past: &Past,
    at: Timestamp,
    waiting: &[Option<Timestamp>],
    notes: &mut Vec<Note>,
) {
    let ahead: Vec<&Interval> = plan.intervals.iter().filter(|interval| interval.end > at).collect();
    let Some(end) = ahead.last().map(|last| last.end) else { return };
    let queue = waiting_groups(&ahead, intersection, past, at, waiting);
    for late in queue.iter().filter(|it| it.served.unwrap_or(end) > it.deadline) {
        let until = late.served.unwrap_or(end);
        if !is_excused(&ahead, intersection, past, at, until, late.deadline, &queue) {
            notes.push(Note {
                rule: Rule::RedMax,
                group: Some(GroupIx(late.group)),
                at: late.deadline,
                found: late.served.map_or_else(|| format!("red beyond {end}"), |served| format!("green at {served}")),
                allowed: format!("green by {}", late.deadline),
            });
        }
    }
}

fn waiting_groups(
    ahead: &[&Interval],
    intersection: &Intersection,
    past: &Past,
    at: Timestamp,
    waiting: &[Option<Timestamp>],
) -> Vec<Waiting> {
    let mut queue = Vec::new();
    for (group, since) in waiting.iter().enumerate().take(past.0.len()) {
        let Some(since) = *since else { continue };
        let (before, has_stage) =
            (&past.0[group], intersection.stages.iter().any(|stage| stage.signals[group].is_green()));
        if before.class().lets_go() || !has_stage {
            continue;
        }
        let red_since = before.green_end.unwrap_or(before.since);
        let deadline = red_since.max(since) + intersection.groups[group].red_max;
        let served = ahead.iter().find(|interval| interval.signals[group].is_green());
        queue.push(Waiting { group, deadline, served: served.map(|interval| interval.start.max(at)) });
    }
    queue
}

/// Whether everything before `until` works off deadlines up to `deadline`.
fn is_excused(
    ahead: &[&Interval],
    intersection: &Intersection,
    past: &Past,
    at: Timestamp,
    until: Timestamp,
    deadline: Timestamp,
    queue: &[Waiting],
) -> bool {
    let mut green_since: Vec<Option<Timestamp>> =
        past.0.iter().map(|group| (group.class() == Class::Green).then_some(group.since)).collect();
    let change_under_way = past.0.iter().enumerate().any(|(group, it)| is_clearing(intersection, group, it, at))
        || past.0.iter().all(|group| group.class() != Class::Green);
    let clearance_max = longest_clearance(intersection) + GRACE;
    let next_by =
        |green_since: &[Option<Timestamp>], from| shortest_end(intersection, green_since, from) + GRACE + clearance_max;
    let mut exempt = change_under_way;
    let mut clearing_since = at;
    let mut entered_by = next_by(&green_since, at);
    for interval in ahead.iter().take_while(|interval| interval.start < until) {
        let start = interval.start.max(at);
        for (since, lamp) in green_since.iter_mut().zip(&interval.signals) {
            *since = lamp.is_green().then(|| since.unwrap_or(start));
        }
        if green_since.contains(&Some(start)) {
            let serves_urgent = queue.iter().any(|other| other.served == Some(start) && other.deadline <= deadline);
            if start > at && (start > entered_by || !(serves_urgent || exempt)) {
                return false;
            }
            entered_by = next_by(&green_since, start);
        }
        if interval.kind != IntervalKind::Green {
            if interval.end - clearing_since > clearance_max {
                return false;
            }
            continue;
        }
        (exempt, clearing_since) = (false, interval.end);
        if interval.end > shortest_end(intersection, &green_since, start) + GRACE {
            return false;
        }
    }
    until <= entered_by
}

/// Whether a group has been green and not everybody may go yet because of it: at yellow, or at red (crosswalks are red at once).
fn is_clearing(intersection: &Intersection, group: usize, past: &GroupPast, at: Timestamp) -> bool {
    let needed = intersection.intergreens.row(group).iter().copied().max().unwrap_or_default();
    match past.class() {
        Class::Yellow => true,
        Class::Red => past.green_end.is_some_and(|end| end + needed > at),
        _ => false,
    }
}

/// When the minimum greens of everything that is green are over.
fn shortest_end(intersection: &Intersection, green_since: &[Option<Timestamp>], start: Timestamp) -> Timestamp {
    let ends = green_since.iter().zip(&intersection.groups);
    ends.filter_map(|(since, group)| since.map(|since| since + group.green_min)).fold(start, Timestamp::max)
}

/// The longest time that any change can need.
fn longest_clearance(intersection: &Intersection) -> Millis {
    let changes = intersection.groups.iter().map(|group| group.change);
    intersection.intergreens.iter().copied().chain(changes).max().unwrap_or_default() + RED_MIN
}
