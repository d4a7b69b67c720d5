//! Vehicles on duty: the plan must show them green when they come, whatever the strategy wants.
//!
//! A constraint, not a cost. In: the legs that a strategy proposes from a picture, who comes where and when green is needed there. Out: the
//! same legs as long as they leave time, then the stage that serves the first vehicle, held until it has passed, then that of the next.
//!
//! ```text
//! needed  = expected arrival − time in which the queue before it drains − margin; now, if it is overdue and near
//! leave   = needed − (rest of the minimum greens + yellow + clearances, walkers' too, as the layout draws them)
//! passed  = expected arrival + passage
//! ```
//!
//! Entry is safe because it is an ordinary change: the layout keeps minimum greens, change intervals and clearances of whatever is shown,
//! and the gate judges it. A leg of the strategy is accepted while the stage would still be green in time after it; otherwise the stage
//! is entered at the latest instant that suffices, at once when there is none. The maximum red stands above it: the guard
//! ([`super::stabilise`]) comes after this one and may take the green away for those whose deadline falls into the hold. Exit is the strategy's
//! next decision from the stage that is shown: the queues that have grown meanwhile are its state, so those who wait most are served first.
//!
//! Of the stages that serve the vehicle: one that is in time before one that is late, protected green before permissive, then the one that
//! also serves the next vehicle, then the one that is green first.
//!
//! Sources: FHWA Traffic Signal Timing Manual (2nd ed., NCHRP 812), ch. 10.7, preemption: entry, dwell, exit; advance preemption time and
//! queue clearance as of FHWA, Traffic Signal Preemption for Emergency Vehicles (2006).
//!
//! Weakness: the strategy does not know the constraint when it plans; what it wants afterwards is decided again each second.

use super::propose::finish;
use super::requests::OnDuty;
use crate::estimate::{Forecast, STEP_S};
use crate::ids::{GroupIx, LaneIx, StageIx};
use crate::network::Intersection;
use crate::plan::Shown;
use crate::plan::layout::{Leg, lay_out};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;

/// Who must be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call {
    /// Group that serves it.
    pub(super) group: GroupIx,
    /// When its lamp must be green.
    pub(super) needed: Timestamp,
    /// When it has passed.
    pub(super) passed: Timestamp,
}

/// Time kept in hand: an arrival is told to a few seconds, and a driver on duty shall not have to brake for a lamp that is about to change.
const MARGIN: Millis = Millis::from_secs(6);
/// A vehicle that should be there and says that it comes within this time is held up before the stop line: it gets green at once.
const OVERDUE: Millis = Millis::from_secs(20);
/// Longest time that the queue before a vehicle is given to drain.
const DRAIN_MAX_S: f64 = 30.0;
/// Time in which a queue begins to move \[s\].
const STARTUP_S: f64 = 2.0;

/// The call of a vehicle: green as long before it arrives as the queue of its lanes needs to drain.
pub(super) fn call(intersection: &Intersection, base: &Shown, vehicle: &OnDuty<'_>, forecast: &Forecast) -> Call {
    let ahead = ((vehicle.due - base.at).as_secs_f64() / STEP_S).clamp(0.0, forecast.arrivals.ncols() as f64) as usize;
    let is_green = base.green_since(vehicle.group).is_some();
    let drain_s = |LaneIx(lane): LaneIx| {
        let coming = if is_green { 0.0 } else { forecast.arrivals.row(lane).iter().take(ahead).sum::<f64>() };
        let queue = forecast.queue[lane] + coming;
        if queue < 0.5 { 0.0 } else { STARTUP_S + queue / forecast.discharge_lasting[lane].max(0.1) }
    };
    let overdue = vehicle.first <= base.at && vehicle.due - base.at <= OVERDUE;
    let drain_s = intersection.lanes_of(vehicle.group).map(drain_s).fold(0.0, f64::max).min(DRAIN_MAX_S);
    let needed = vehicle.due - Millis::from_secs_f64(drain_s) - MARGIN;
    Call { group: vehicle.group, needed: if overdue { base.at.min(needed) } else { needed }, passed: vehicle.passed() }
}

/// Legs that serve everybody on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constrained {
    /// What to do.
    pub(super) legs: Vec<Leg>,
    /// Whether the proposal had to give way.
    pub(super) changed: bool,
}

/// Constrain the legs proposed from `base` to calls in the order in which they come; nothing that begins at `until` or later matters.
pub(super) fn constrain(
    intersection: &Intersection,
    base: &Shown,
    legs: &[Leg],
    calls: &[Call],
    until: Timestamp,
) -> Constrained {
    let unchanged = || Constrained { legs: legs.to_vec(), changed: false };
    // (lamps that belong to no stage first come to one)
    let (Some(first), Some(_)) = (calls.first(), base.stage) else { return unchanged() };
    let entry = Entry { intersection, base };
    let finish = finish(intersection, base);
    let mut accepted: Vec<Leg> = finish.into_iter().collect();
    let mut changed = false;
    for leg in legs.iter().copied().filter(|&leg| Some(leg) != finish && leg.leave < until) {
        let trial: Vec<Leg> = accepted.iter().copied().chain([leg]).collect();
        if entry.best(&trial, calls).is_none_or(|way| way.green > first.needed) {
            changed = true;
            break;
        }
        accepted = trial;
    }
    let Some(way) = entry.best(&accepted, calls) else { return unchanged() };
    if !changed && way.latest(first.needed) >= until {
        return unchanged();
    }
    let mut free_from = base.at;
    for (number, call) in calls.iter().enumerate() {
        let Some(way) = entry.best(&accepted, &calls[number..]) else { continue };
        let leave = way.latest(call.needed).max(free_from);
        if leave >= until {
            break;
        }
        if way.stage != entry.stage_after(&accepted) {
            accepted.push(Leg { to: way.stage, leave });
        }
        free_from = free_from.max(call.passed);
    }
    Constrained { legs: accepted, changed: true }
}

/// Ways into a stage.
struct Entry<'a> {
    intersection: &'a Intersection,
    base: &'a Shown,
}

/// One of them, entered as early as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    stage: StageIx,
    /// When leaving what is shown before it begins.
    begins: Timestamp,
    /// When it is fully green.
    green: Timestamp,
}

impl Way {
    /// Latest instant to begin at that makes it green by `needed`.
    fn latest(&self, needed: Timestamp) -> Timestamp {
        if needed > self.green { self.begins + (needed - self.green) } else { self.begins }
    }
}

impl Entry<'_> {
    /// The best stage after some legs for the first of the calls.
    fn best(&self, legs: &[Leg], calls: &[Call]) -> Option<Way> {
        let first = calls.first()?;
        let serving = self.intersection.stage_ixs().filter(|&stage| self.intersection.stage(stage).serves(first.group));
        serving.map(|stage| self.way(legs, stage)).min_by_key(|way| {
            let stage = self.intersection.stage(way.stage);
            let permissive = stage.signals[first.group.0] != Indication::Protected;
            let next_too = calls.get(1).is_some_and(|next| stage.serves(next.group));
            // Who is late takes what is green first, and does not leave a green that is shown for a better one.
            let late = (way.green > first.needed).then_some(way.green);
            (late, permissive, !next_too, way.green, way.stage)
        })
    }

    /// How a stage is entered after some legs.
    fn way(&self, legs: &[Leg], stage: StageIx) -> Way {
        let start = legs.last().map_or(self.base.at, |leg| leg.leave);
        let all: Vec<Leg> = legs.iter().copied().chain([Leg { to: stage, leave: start }]).collect();
        let intervals = lay_out(self.intersection, self.base, &all, start);
        // (the layout shows the stage for a millisecond at least)
        let green = intervals.last().map_or(start, |last| last.end - Millis(1)).max(start);
        let stays = self.stage_after(legs) == stage;
        let entering = intervals.iter().rev().take_while(|interval| interval.stage == stage).last();
        let begins = entering.filter(|_| !stays).map_or(start, |interval| interval.start);
        Way { stage, begins, green }
    }

    /// The stage in which some legs end.
    fn stage_after(&self, legs: &[Leg]) -> StageIx {
        legs.last().map(|leg| leg.to).or(self.base.stage).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::stabilise::guard;
    use super::*;
    use crate::network::sample::{LEFT_EW, LEFT_NS, THROUGH_EW, THROUGH_NS, crossroads};
    use crate::plan::check::check;
    use crate::plan::check::samples::{Recipe, obey, plan_of, recipe};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    const UNTIL: Timestamp = Timestamp(1_020_000);

    fn secs(secs: i64) -> Millis {
        Millis::from_secs(secs)
    }

    /// Green for north and south, long enough to be left.
    fn shown(intersection: &Intersection) -> Shown {
        let mut shown = Shown::all_red(intersection, NOW - secs(400));
        shown.advance(NOW - secs(30), Some(THROUGH_NS), &intersection.stage(THROUGH_NS).signals);
        shown.at = NOW;
        shown
    }

    fn call(group: usize, needed: i64) -> Call {
        Call { group: GroupIx(group), needed: NOW + secs(needed), passed: NOW + secs(needed + 10) }
    }

    fn constrained(legs: &[Leg], calls: &[Call]) -> Constrained {
        let intersection = crossroads();
        constrain(&intersection, &shown(&intersection), legs, calls, UNTIL)
    }

    fn leg(to: StageIx, leave: i64) -> Leg {
        Leg { to, leave: NOW + secs(leave) }
    }

    #[test]
    fn the_change_begins_as_late_as_the_arrival_allows() {
        // 4 s of intergreen
        assert_eq!(constrained(&[], &[call(2, 15)]).legs, [leg(THROUGH_EW, 11)]);
        assert_eq!(constrained(&[], &[call(2, 2)]).legs, [leg(THROUGH_EW, 0)], "too late is at once");
        assert_eq!(constrained(&[], &[call(2, 60)]), Constrained { legs: vec![], changed: false });
    }

    #[test]
    fn what_leaves_time_is_done_before_and_the_rest_is_not() {
        let wish = [leg(LEFT_NS, 1), leg(LEFT_EW, 30)];
        // 4 s to the arrows of the lefts, which have been green before, 1 s, then 4 s: green at 10 at the earliest
        assert_eq!(constrained(&wish, &[call(2, 16)]).legs, [leg(LEFT_NS, 1), leg(THROUGH_EW, 12)]);
        assert_eq!(constrained(&wish, &[call(2, 9)]).legs, [leg(THROUGH_EW, 5)]);
        assert_eq!(constrained(&wish, &[call(0, -5)]).legs, [], "it is passing: nobody goes before");
    }

    #[test]
    fn a_turn_gets_its_arrow_when_there_is_time_and_keeps_its_permissive_green_when_there_is_none() {
        assert_eq!(constrained(&[], &[call(1, 12)]).legs, [leg(LEFT_NS, 8)]);
        assert_eq!(constrained(&[leg(THROUGH_EW, 3)], &[call(1, -1)]).legs, []);
    }

    #[test]
    fn several_are_served_in_turn_each_held_until_it_has_passed() {
        assert_eq!(constrained(&[], &[call(2, 3), call(1, 6)]).legs, [leg(THROUGH_EW, 0), leg(LEFT_NS, 13)]);
        assert_eq!(constrained(&[], &[call(2, 3), call(6, 6)]).legs, [leg(THROUGH_EW, 0)], "both with one green");
    }

    /// Random wishes and vehicles while somebody waits everywhere. What the gate says, and how late green came to vehicles that were
    /// known for a minute and came alone.
    fn drive(recipe: &Recipe, wishes: &[(usize, i64)], vehicles: &[(usize, i64)]) -> Result<Millis, String> {
        let intersection = recipe.build();
        let count = intersection.groups.len();
        let served = |group: usize| intersection.stages.iter().any(|stage| stage.signals[group].is_green());
        let vehicles: Vec<Call> = vehicles
            .iter()
            .map(|&(group, needed)| call(group % count, needed))
            .filter(|it| served(it.group.0))
            .collect();
        let waiting = vec![Some(NOW); count];
        let mut shown = Shown::all_red(&intersection, NOW);
        let mut late = Millis::ZERO;
        for second in 0..360 {
            let at = NOW + secs(second);
            shown.at = at;
            let (to, wait) = wishes[(second as usize / 7) % wishes.len()];
            let wait = Millis(if shown.stage.is_some() { wait } else { 0 });
            let wish = Leg { to: StageIx(to % intersection.stages.len()), leave: at + wait };
            let legs: Vec<Leg> = finish(&intersection, &shown).into_iter().chain([wish]).collect();
            let mut known: Vec<Call> =
                vehicles.iter().copied().filter(|it| it.passed > at && it.needed <= at + secs(60)).collect();
            known.sort_by_key(|it| (it.needed, it.group));
            let until = at + secs(20);
            let constrained = constrain(&intersection, &shown, &legs, &known, until);
            let guarded = guard(&intersection, &shown, &constrained.legs, &waiting, until);
            let intervals = lay_out(&intersection, &shown, &guarded.legs, until);
            let plan = plan_of(&intersection, intervals, at);
            let verdict = check(&plan, &intersection, &shown, at, &waiting);
            if !verdict.is_good() {
                return Err(format!("{verdict} at {second}: {known:?} {guarded:?}\n{shown:?}\n{plan:#?}"));
            }
            shown = obey(&shown, &plan.intervals, at + secs(1));
            for call in known.iter().filter(|it| known.len() == 1 && it.needed <= shown.at && guarded.urgent.is_none())
            {
                if !shown.groups[call.group.0].indication.is_green() {
                    late = late.max(shown.at - call.needed);
                }
            }
        }
        Ok(late)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn whoever_is_on_duty_the_gate_agrees_and_nobody_waits_beyond_the_maximum(
            recipe in recipe(),
            wishes in prop::collection::vec((0..4_usize, 0..40_000_i64), 1..8),
            vehicles in prop::collection::vec((0..7_usize, 0..340_i64), 0..12),
        ) {
            let driven = drive(&recipe, &wishes, &vehicles);
            prop_assert!(driven.is_ok(), "{}", driven.unwrap_err());
        }

        #[test]
        fn a_lone_vehicle_known_in_time_finds_green_unless_the_maximum_red_forbids_it(
            recipe in recipe(),
            wishes in prop::collection::vec((0..4_usize, 0..40_000_i64), 1..8),
            group in 0..7_usize,
        ) {
            let driven = drive(&recipe, &wishes, &[(group, 70)]);
            prop_assert!(driven.is_ok(), "{}", driven.clone().unwrap_err());
            prop_assert!(driven.clone().unwrap() <= secs(1), "{:?}", driven);
        }
    }
}
