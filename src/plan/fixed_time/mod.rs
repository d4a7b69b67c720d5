//! Fixed time: where a programme is at an instant, and the legs that follow it from whatever is shown.
//!
//! A [`Programme`] is stages with greens; between two steps lies the intergreen of the intersection. Its cycle starts at
//! `offset` after the origin of time and repeats for ever, so that every controller that knows the programme and the
//! time is at the same place: coordination needs no messages.
//!
//! **Joining.** From any other stage (after adaptive control, a manual stage, a local fallback) [`legs`] goes straight to
//! the first step whose stage can still be fully green for its minimum green, and enters it at the programme's own time:
//! it leaves the shown stage so that the intergreen ends when that step's green starts, or at once when that has passed.
//! From then on the programme's own instants hold. There is no transition cycle and no stretched green: being out of
//! step lasts at most one change and one minimum green. A change that is under way is finished first. The function keeps
//! no state; asked again a moment later it gives the same legs.
//!
//! [`webster()`] makes a programme from flows, [`coordinate`] gives programmes a common cycle and offsets.

mod capacity;
mod demand;
mod offsets;
mod platoon;
mod split;
mod webster;

pub use offsets::coordinate;
pub use webster::{WebsterPlan, WebsterSettings, webster};

use super::layout::{Leg, lay_out};
use super::{IntervalKind, Shown};
use crate::ids::StageIx;
use crate::network::{Intersection, Programme};
use crate::time::{Millis, Timestamp};

/// One green of a programme in absolute time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Green {
    /// Position in `Programme::steps`.
    pub step: usize,
    /// Stage that is green.
    pub stage: StageIx,
    /// First instant of full green.
    pub start: Timestamp,
    /// First instant after it; the intergreen to the next step follows.
    pub end: Timestamp,
}

/// Cycle length: greens and the intergreens between them.
pub fn cycle(intersection: &Intersection, programme: &Programme) -> Millis {
    let steps = programme.steps.iter();
    let next = programme.steps.iter().cycle().skip(1);
    steps.zip(next).map(|(step, next)| step.green + intersection.intergreen(step.stage, next.stage)).sum()
}

/// Greens of a programme in order, beginning with the one that is shown at `at` or was shown last before it; endless.
///
/// # Panics
/// When the programme has no steps or a cycle of no length.
pub fn greens<'a>(
    intersection: &'a Intersection,
    programme: &'a Programme,
    at: Timestamp,
) -> impl Iterator<Item = Green> + 'a {
    let cycle = cycle(intersection, programme);
    assert!(cycle > Millis::ZERO, "a programme of {} lasts some time", intersection.id);
    let into = (at.0 - programme.offset.0).rem_euclid(cycle.0);
    let mut start = at - Millis(into);
    let steps = &programme.steps;
    let all = (0..steps.len()).cycle().map(move |step| {
        let (this, next) = (&steps[step], &steps[(step + 1) % steps.len()]);
        let green = Green { step, stage: this.stage, start, end: start + this.green };
        let change = intersection.intergreen(this.stage, next.stage);
        start = green.end + change;
        (green, start)
    });
    all.skip_while(move |&(_, next)| next <= at).map(|(green, _)| green)
}

/// Legs that bring `shown` into the programme and follow it until `until`; see the module's page for joining.
pub fn legs(
    intersection: &Intersection,
    programme: &Programme,
    shown: &Shown,
    at: Timestamp,
    until: Timestamp,
) -> Vec<Leg> {
    let mut legs = Vec::new();
    let mut from = shown.stage;
    let mut free = at;
    if let Some(stage) = shown.stage {
        if shown.is_fully(intersection.stage(stage)) {
            free = at.max(earliest_leave(intersection, shown, stage));
        } else {
            legs.push(Leg { to: stage, leave: at });
            let entered = entry(intersection, shown, &legs, at);
            free = entered + intersection.green_min(stage);
        }
    }
    let mut coming = greens(intersection, programme, at);
    let mut last_end = at;
    let room = |green: &Green| {
        let needed = intersection.green_min(green.stage).min(green.end - green.start);
        from == Some(green.stage) && green.end > at
            || arrival(intersection, from, green.stage, free) + needed <= green.end
    };
    if let Some(green) = coming.by_ref().find(room) {
        if from != Some(green.stage) {
            let change = from.map_or(Millis::ZERO, |from| intersection.intergreen(from, green.stage));
            let leave = if from.is_none() { at } else { at.max(green.start - change) };
            legs.push(Leg { to: green.stage, leave });
        }
        last_end = green.end;
        from = Some(green.stage);
    }
    for green in coming {
        if last_end >= until {
            break;
        }
        if from != Some(green.stage) {
            legs.push(Leg { to: green.stage, leave: last_end });
        }
        from = Some(green.stage);
        last_end = green.end;
    }
    legs
}

/// When a stage can be fully green for one that may be left from `free` on.
fn arrival(intersection: &Intersection, from: Option<StageIx>, to: StageIx, free: Timestamp) -> Timestamp {
    free + from.map_or(Millis::ZERO, |from| intersection.intergreen(from, to))
}

/// When the minimum greens of everything green in a stage are over.
fn earliest_leave(intersection: &Intersection, shown: &Shown, stage: StageIx) -> Timestamp {
    let over = |group: crate::ids::GroupIx| {
        shown.green_since(group).map(|since| since + intersection.groups[group.0].green_min)
    };
    let greens = intersection.group_ixs().filter(|&group| intersection.stage(stage).serves(group));
    greens.filter_map(over).max().unwrap_or(shown.at)
}

/// When the stage of the last leg is fully green.
fn entry(intersection: &Intersection, shown: &Shown, legs: &[Leg], at: Timestamp) -> Timestamp {
    let intervals = lay_out(intersection, shown, legs, at);
    let green = intervals.iter().rev().find(|interval| interval.kind == IntervalKind::Green);
    green.map_or(at, |interval| interval.start.max(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{self, LEFT_EW, LEFT_NS, THROUGH_EW, THROUGH_NS};

    /// Cycle of the sample programme: greens 20 + 6 + 20 + 6, four intergreens of 4 s (the lefts are green before their
    /// own stage, but turn from permissive to protected).
    const CYCLE: Millis = Millis::from_secs(68);

    fn resting(stage: StageIx, since: i64, at: i64) -> Shown {
        let crossroads = sample::crossroads();
        let mut shown = Shown::all_red(&crossroads, Timestamp::from_secs(since - 100));
        shown.advance(Timestamp::from_secs(since), Some(stage), &crossroads.stage(stage).signals);
        shown.at = Timestamp::from_secs(at);
        shown
    }

    fn follow(shown: &Shown, until: i64) -> Vec<(StageIx, i64)> {
        let crossroads = sample::crossroads();
        let at = shown.at;
        legs(&crossroads, &crossroads.programme, shown, at, Timestamp::from_secs(until))
            .into_iter()
            .map(|leg| (leg.to, leg.leave.0 / 1000))
            .collect()
    }

    #[test]
    fn the_cycle_is_greens_and_intergreens() {
        let crossroads = sample::crossroads();
        assert_eq!(cycle(&crossroads, &crossroads.programme), CYCLE);
    }

    #[test]
    fn the_programme_is_where_the_time_says() {
        let crossroads = sample::crossroads();
        let at = |secs| {
            let green = greens(&crossroads, &crossroads.programme, Timestamp::from_secs(secs)).next().unwrap();
            (green.step, green.start.0 / 1000, green.end.0 / 1000)
        };
        assert_eq!(at(0), (0, 0, 20));
        assert_eq!(at(23), (0, 0, 20));
        assert_eq!(at(24), (1, 24, 30));
        assert_eq!(at(68 * 3 + 35), (2, 68 * 3 + 34, 68 * 3 + 54));
        assert_eq!(at(-1), (3, -10, -4));
    }

    #[test]
    fn in_step_the_legs_are_the_programme() {
        let expected = [(LEFT_NS, 20), (THROUGH_EW, 30), (LEFT_EW, 54), (THROUGH_NS, 64)];
        assert_eq!(follow(&resting(THROUGH_NS, 0, 7), 65), expected);
        assert_eq!(follow(&resting(THROUGH_NS, 0, 19), 65), expected);
    }

    #[test]
    fn out_of_step_it_goes_straight_to_the_first_step_with_room() {
        // 10 s into through-ns there is room for a minimum green of it
        assert_eq!(follow(&resting(THROUGH_EW, -30, 10), 25), [(THROUGH_NS, 10), (LEFT_NS, 20)]);
        // at 13 s it would be green at 17 s and leave too little; left-ns starts at 24 s, so leave at 20 s
        assert_eq!(follow(&resting(THROUGH_EW, -30, 13), 25), [(LEFT_NS, 20)]);
    }

    #[test]
    fn a_stage_whose_turn_comes_next_is_kept() {
        assert_eq!(follow(&resting(LEFT_NS, -30, 17), 25), []);
        assert_eq!(follow(&resting(LEFT_NS, -30, 17), 31), [(THROUGH_EW, 30)]);
    }

    #[test]
    fn a_change_under_way_is_finished_and_the_answer_is_the_same_every_second() {
        let crossroads = sample::crossroads();
        let mut shown = resting(THROUGH_EW, -30, 10);
        for now in 10..140 {
            let at = Timestamp::from_secs(now);
            let legs = legs(&crossroads, &crossroads.programme, &shown, at, at + Millis::from_secs(20));
            let intervals = lay_out(&crossroads, &shown, &legs, at + Millis::from_secs(20));
            let interval = intervals.iter().find(|i| i.start <= at && at < i.end).expect("covered");
            shown.advance(at, Some(interval.stage), &interval.signals);
            shown.at = at + Millis::from_secs(1);
            let programme = greens(&crossroads, &crossroads.programme, at).next().unwrap();
            if now >= 14 && at < programme.end {
                assert_eq!((now, interval.stage, interval.kind), (now, programme.stage, IntervalKind::Green));
            }
        }
    }

    #[test]
    fn from_darkness_the_first_leg_starts_at_once() {
        let crossroads = sample::crossroads();
        let shown = Shown::all_red(&crossroads, Timestamp::from_secs(40));
        assert_eq!(follow(&shown, 50), [(THROUGH_EW, 40)]);
    }
}
