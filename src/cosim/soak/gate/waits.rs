//! The excuse of the maximum red, played tick by tick: a plan may come too late for somebody if all it does is work off the queue.
//!
//! Until the late one is served (or the plan ends):
//!
//! 1. a green that begins serves, for the first time, somebody whose deadline is not after the late one's; but for the green whose change
//!    was already under way, that is, somebody is at yellow or on the way still, or nobody has green;
//! 2. an interval called green is not kept longer than its minimum greens ask for, two seconds apart;
//! 3. the time between two such intervals is not longer than the longest change of the intersection, two seconds apart;
//! 4. whatever the intervals are called, the next green begins by then: minimum greens, longest change, four seconds.

use super::oracle::{Colour, colour, interval_at};
use crate::network::Intersection;
use crate::plan::{Interval, IntervalKind, Shown};
use crate::time::Timestamp;

/// What is forgiven \[ms\].
const FORGIVEN: i64 = 2_000;
/// Red before a group goes again \[ms\].
const RED_LEAST: i64 = 1_000;

/// Somebody who waits \[ms\].
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    /// When he must have green,
    pub deadline: i64,
    /// and when he has it, within the plan.
    pub served: Option<i64>,
}

/// How long each group has been green \[ms\]; `None` while it is not.
struct Greens<'a> {
    site: &'a Intersection,
    ages: Vec<Option<i64>>,
}

impl Greens<'_> {
    /// Time until every minimum green is over.
    fn asked(&self) -> i64 {
        let left =
            self.ages.iter().zip(&self.site.groups).filter_map(|(age, group)| age.map(|age| group.green_min.0 - age));
        left.fold(0, i64::max)
    }

    /// Lamps are switched on; whether a green begins.
    fn switch(&mut self, lamps: &[crate::units::Indication]) -> bool {
        let mut begins = false;
        for (age, &lamp) in self.ages.iter_mut().zip(lamps) {
            let green = colour(lamp) == Colour::Green;
            begins |= green && age.is_none();
            *age = green.then(|| age.unwrap_or(0));
        }
        begins
    }
}

/// Whether a plan is excused for coming too late for somebody.
pub(super) fn excused(
    late: &Late,
    queue: &[Late],
    ahead: &[&Interval],
    site: &Intersection,
    shown: &Shown,
    at: Timestamp,
    step: i64,
) -> bool {
    let until = late.served.unwrap_or_else(|| ahead.last().map_or(at.0, |last| last.end.0));
    let colours: Vec<Colour> = shown.groups.iter().map(|group| colour(group.indication)).collect();
    // Who stopped a while ago may still be on the way, and somebody must not go because of it.
    let on_the_way = |(group, shows): (usize, &Colour)| {
        let stopped = shown.groups[group].green_end.map(|end| at.0 - end.0);
        let most = (0..colours.len()).map(|other| site.intergreens[[group, other]].0).fold(0, i64::max);
        *shows == Colour::Red && stopped.is_some_and(|stopped| stopped < most)
    };
    let mut under_way = colours.contains(&Colour::Yellow)
        || !colours.contains(&Colour::Green)
        || colours.iter().enumerate().any(on_the_way);
    let ages =
        shown.groups.iter().zip(&colours).map(|(it, &shows)| (shows == Colour::Green).then(|| at.0 - it.since.0));
    let mut greens = Greens { site, ages: ages.collect() };
    let change = longest_change(site);
    let mut next_by = at.0 + greens.asked() + change + 2 * FORGIVEN;
    let (mut now, mut between_since, mut interval, mut kept_by) = (at.0, at.0, usize::MAX, 0);
    while now < until {
        let (which, shows) = interval_at(ahead, now);
        let begins = greens.switch(&shows.signals);
        if begins {
            let urgent = queue.iter().any(|other| other.served == Some(now) && other.deadline <= late.deadline);
            if now > at.0 && (now > next_by || !(urgent || under_way)) {
                return false;
            }
            next_by = now + greens.asked() + change + 2 * FORGIVEN;
        }
        if which != interval {
            (interval, kept_by) = (which, now + greens.asked() + FORGIVEN);
        }
        now += step;
        greens.ages.iter_mut().flatten().for_each(|age| *age += step);
        if shows.kind == IntervalKind::Green {
            (under_way, between_since) = (false, now);
            if now > kept_by {
                return false;
            }
        } else if now - between_since > change + FORGIVEN {
            return false;
        }
    }
    until <= next_by
}

fn longest_change(site: &Intersection) -> i64 {
    let between = site.intergreens.iter().map(|it| it.0);
    between.chain(site.groups.iter().map(|group| group.change.0)).max().unwrap_or(0) + RED_LEAST
}
