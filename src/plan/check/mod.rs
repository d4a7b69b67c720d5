//! The gate: may these lamps be shown?
//!
//! Decides whether a plan, from whatever source, may reach the street, given what the lamps show at this instant. In: a
//! plan, the intersection, the picture shown, the instant, and since when somebody waits at each group. Out: a
//! [`Verdict`], the list of every rule that the plan breaks, with group, instant, what was found and what is allowed.
//!
//! The engine runs it before it publishes, the field controller before it obeys, each with its own picture and its own
//! instant. It shares no code with [`super::layout`] or with the optimizer, and keeps its own account of the past
//! ([`past`]), so that a mistake there is found here. It does not trust the names in a plan either: interval kinds and
//! stages are checked against the lamps, and everything else is judged by the lamps alone.
//!
//! Order: the envelope (whose, how old, how long), the shape (intervals in order, lamps complete), then a walk over the
//! lamp changes from `at` on ([`step`]), then the maximum red ([`red_max`]). A plan that fails one part is not walked
//! further, because the rest would be noise.
//!
//! Assumptions: `shown` is true; clocks of author and reader differ by at most [`CLOCK_SKEW_MAX`]. Weakness: what
//! happens after the end of the plan is not judged; the lease (3 s) is always over long before the cover (10 s).

mod envelope;
mod past;
mod red_max;
#[cfg(test)]
pub(crate) mod samples;
mod shape;
mod step;
#[cfg(test)]
mod tests;

use super::{Plan, Shown};
use crate::ids::GroupIx;
use crate::network::Intersection;
use crate::time::{Millis, Timestamp};
use crate::units::Indication;
use past::Past;
use std::fmt;

/// A plan may come from the future by this much: the clocks of author and reader are not the same.
pub const CLOCK_SKEW_MAX: Millis = Millis(1_000);
/// Longest yellow, unless the group's own change interval is longer.
pub const YELLOW_MAX: Millis = Millis(6_000);
/// Longest red and yellow together.
pub const RED_YELLOW_MAX: Millis = Millis(3_000);
/// A group that lost its green stays red at least this long (after its yellow) before it may have green again.
pub const RED_MIN: Millis = Millis(1_000);

/// What the gate found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a plan that was not judged must not be shown"]
pub struct Verdict {
    /// Every rule that is broken; empty for a good plan.
    pub notes: Vec<Note>,
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which rule.
    pub rule: Rule,
    /// The group that breaks it, where it is about one.
    pub group: Option<GroupIx>,
    /// The instant at which it is broken.
    pub at: Timestamp,
    /// What the plan says.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

/// The rules of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The plan names this intersection.
    Intersection,
    /// The plan was made for the configuration in force.
    ConfigHash,
    /// The lease is positive, at most [`Plan::LEASE_MAX`], has begun and is not over.
    Lease,
    /// The intervals hold the present and reach [`Plan::COVER_MIN`] beyond the issue.
    Cover,
    /// At most [`Plan::INTERVALS_MAX`] intervals.
    Count,
    /// Intervals last longer than nothing and follow each other without gap or overlap.
    Order,
    /// One lamp a group.
    Lamps,
    /// No plan commands flashing or dark.
    Flash,
    /// The stage exists, and a green interval shows exactly its lamps.
    Stage,
    /// The kind of the interval is what its lamps are.
    Kind,
    /// No two conflicting groups are green together (nor one green beside the yellow of another that it crosses).
    Conflict,
    /// No green is shorter than the group's minimum.
    GreenMin,
    /// Vehicle groups go from green to red through yellow, and through yellow in no other case.
    MissingYellow,
    /// The yellow lasts the group's change interval.
    ShortYellow,
    /// The yellow lasts at most [`YELLOW_MAX`].
    LongYellow,
    /// Yellow turns red, never green.
    YellowToGreen,
    /// From the end of one green to the start of a conflicting one passes the intergreen.
    Intergreen,
    /// Red lasts [`RED_MIN`] before the same group is green again.
    RedMin,
    /// Red and yellow comes after red, before green, for at most [`RED_YELLOW_MAX`].
    RedYellow,
    /// Nobody who waits is left at red beyond the group's maximum: see `red_max`.
    RedMax,
}

/// Judge a plan at an instant.
///
/// `waiting` holds, per group, since when somebody waits there without a break; `None` where nobody does (or where the
/// reader cannot know). An entry that is missing counts as `None`.
pub fn check(
    plan: &Plan,
    intersection: &Intersection,
    shown: &Shown,
    at: Timestamp,
    waiting: &[Option<Timestamp>],
) -> Verdict {
    let mut notes = Vec::new();
    envelope::check_envelope(plan, intersection, at, &mut notes);
    shape::check_shape(plan, intersection, at, &mut notes);
    if notes.is_empty() {
        check_lamps(plan, intersection, shown, at, &mut notes);
    }
    if notes.is_empty() {
        red_max::check_red_max(plan, intersection, &Past::of(shown), at, waiting, &mut notes);
    }
    Verdict { notes }
}

/// Judge one lamp change: may these lamps be switched on at `at`, after what was shown?
///
/// The field controller asks this before every switching, whatever plan it comes from.
pub fn check_switch(intersection: &Intersection, shown: &Shown, at: Timestamp, lamps: &[Indication]) -> Verdict {
    let mut notes = Vec::new();
    if lamps.len() == intersection.groups.len() {
        let past = Past::of(shown);
        step::Step { intersection, past: &past, lamps, at, first: true }.check(&mut notes);
    } else {
        notes.push(shape::wrong_lamp_count(intersection, at, lamps.len()));
    }
    Verdict { notes }
}

/// Walk over the lamp changes from `at` on.
fn check_lamps(plan: &Plan, intersection: &Intersection, shown: &Shown, at: Timestamp, notes: &mut Vec<Note>) {
    let mut past = Past::of(shown);
    for interval in plan.intervals.iter().filter(|interval| interval.end > at) {
        let start = interval.start.max(at);
        let first = start == at;
        step::Step { intersection, past: &past, lamps: &interval.signals, at: start, first }.check(notes);
        past.switch(start, &interval.signals);
    }
    if let Some(last) = plan.intervals.last() {
        step::check_yellow_at_end(intersection, &past, last.end, notes);
    }
}

impl Verdict {
    /// Whether nothing was found.
    pub fn is_good(&self) -> bool {
        self.notes.is_empty()
    }

    /// Whether a rule is among those broken.
    pub fn breaks(&self, rule: Rule) -> bool {
        self.notes.iter().any(|note| note.rule == rule)
    }
}

impl Rule {
    /// Stable name, for messages between machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intersection => "intersection",
            Self::ConfigHash => "config_hash",
            Self::Lease => "lease",
            Self::Cover => "cover",
            Self::Count => "interval_count",
            Self::Order => "interval_order",
            Self::Lamps => "lamp_count",
            Self::Flash => "flash_commanded",
            Self::Stage => "stage",
            Self::Kind => "interval_kind",
            Self::Conflict => "conflict",
            Self::GreenMin => "green_min",
            Self::MissingYellow => "missing_yellow",
            Self::ShortYellow => "short_yellow",
            Self::LongYellow => "long_yellow",
            Self::YellowToGreen => "yellow_to_green",
            Self::Intergreen => "intergreen",
            Self::RedMin => "red_min",
            Self::RedYellow => "red_yellow",
            Self::RedMax => "red_max",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rule.name())?;
        if let Some(group) = self.group {
            write!(f, ", group {group}")?;
        }
        write!(f, " at {}: {}, allowed: {}", self.at, self.found, self.allowed)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.notes.as_slice() {
            [] => f.write_str("good"),
            [only] => only.fmt(f),
            [first, rest @ ..] => write!(f, "{first} (and {} more)", rest.len()),
        }
    }
}
