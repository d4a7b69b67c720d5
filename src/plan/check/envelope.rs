//! Whose plan it is, how old it is, how far it reaches.

use super::{CLOCK_SKEW_MAX, Note, Rule};
use crate::network::Intersection;
use crate::plan::Plan;
use crate::time::{Millis, Timestamp};

/// Every check that does not look at lamps.
pub(super) fn check_envelope(plan: &Plan, intersection: &Intersection, at: Timestamp, notes: &mut Vec<Note>) {
    check_address(plan, intersection, at, notes);
    check_lease(plan, at, notes);
    check_cover(plan, at, notes);
}

fn check_address(plan: &Plan, intersection: &Intersection, at: Timestamp, notes: &mut Vec<Note>) {
    if plan.intersection != intersection.id {
        let (found, allowed) = (plan.intersection.to_string(), intersection.id.to_string());
        notes.push(Note { rule: Rule::Intersection, group: None, at, found, allowed });
    }
    if plan.config_hash != intersection.config_hash {
        let (found, allowed) = (plan.config_hash.clone(), intersection.config_hash.clone());
        notes.push(Note { rule: Rule::ConfigHash, group: None, at, found, allowed });
    }
}

fn check_lease(plan: &Plan, at: Timestamp, notes: &mut Vec<Note>) {
    let mut note = |found: String, allowed: String| {
        notes.push(Note { rule: Rule::Lease, group: None, at, found, allowed });
    };
    if plan.lease <= Millis::ZERO || plan.lease > Plan::LEASE_MAX {
        note(plan.lease.to_string(), format!("above 0 up to {}", Plan::LEASE_MAX));
    }
    if plan.issued > at + CLOCK_SKEW_MAX {
        note(format!("issued at {}", plan.issued), format!("at most {CLOCK_SKEW_MAX} ahead of {at}"));
    }
    let over = plan.issued + plan.lease;
    if over <= at {
        note(format!("over at {over}"), format!("after {at}"));
    }
}

fn check_cover(plan: &Plan, at: Timestamp, notes: &mut Vec<Note>) {
    let mut note = |found: String, allowed: String| {
        notes.push(Note { rule: Rule::Cover, group: None, at, found, allowed });
    };
    let (Some(first), Some(last)) = (plan.intervals.first(), plan.intervals.last()) else {
        note("no interval".to_owned(), "at least one".to_owned());
        return;
    };
    if first.start > at || last.end <= at {
        note(format!("{} to {}", first.start, last.end), format!("{at} among them"));
    }
    let least = plan.issued + Plan::COVER_MIN;
    if last.end < least {
        note(format!("to {}", last.end), format!("to {least} or later"));
    }
}
