//! The gate against the layout, and against plans that were tampered with.

mod deadlines;
mod edges;

use super::samples::{Recipe, obey, plan_of, recipe};
use super::*;
use crate::ids::StageIx;
use crate::network::sample::{self, crossroads};
use crate::plan::layout::{Leg, lay_out};
use crate::plan::{Interval, IntervalKind};
use crate::units::lamps_from_str;
use proptest::prelude::*;

const AT: Timestamp = Timestamp(1_000_000);

/// A stage that has been shown for a minute.
fn resting(intersection: &Intersection, stage: StageIx) -> Shown {
    let mut shown = Shown::all_red(intersection, AT - Millis::from_secs(300));
    shown.advance(AT - Millis::from_secs(60), Some(stage), &intersection.stage(stage).signals);
    shown.at = AT;
    shown
}

/// A good plan on the crossroads: north–south, then east–west, then north–south again.
fn good_plan(shown: &Shown) -> Plan {
    let legs =
        [Leg { to: sample::THROUGH_EW, leave: AT + Millis::from_secs(2) }, Leg { to: sample::THROUGH_NS, leave: AT }];
    let intersection = crossroads();
    plan_of(&intersection, lay_out(&intersection, shown, &legs, AT + Millis::from_secs(40)), AT)
}

fn verdict(edit: impl FnOnce(&mut Plan)) -> Verdict {
    let intersection = crossroads();
    let shown = resting(&intersection, sample::THROUGH_NS);
    let mut plan = good_plan(&shown);
    edit(&mut plan);
    check(&plan, &intersection, &shown, AT, &[])
}

/// Move the boundary after an interval.
fn shift(plan: &mut Plan, interval: usize, by: i64) {
    plan.intervals[interval].end = plan.intervals[interval].end + Millis(by);
    plan.intervals[interval + 1].start = plan.intervals[interval].end;
}

fn position(plan: &Plan, kind: IntervalKind) -> usize {
    plan.intervals.iter().position(|interval| interval.kind == kind).expect("the plan has one of each kind")
}

fn lamps(text: &str) -> Vec<Indication> {
    lamps_from_str(text).expect("letters of lamps")
}

#[test]
fn a_plan_that_was_laid_out_is_good() {
    assert_eq!(verdict(|_| ()), Verdict::default());
}

#[test]
fn each_fault_of_the_envelope_has_its_note() {
    assert!(verdict(|plan| plan.intersection = "other".into()).breaks(Rule::Intersection));
    assert!(verdict(|plan| plan.config_hash = "ffff".to_owned()).breaks(Rule::ConfigHash));
    assert!(verdict(|plan| plan.lease = Millis(3_001)).breaks(Rule::Lease));
    assert!(verdict(|plan| plan.lease = Millis::ZERO).breaks(Rule::Lease));
    assert!(verdict(|plan| plan.issued = AT - Millis(3_000)).breaks(Rule::Lease));
    assert!(verdict(|plan| plan.issued = AT + Millis(1_001)).breaks(Rule::Lease));
    assert!(verdict(|plan| plan.intervals.clear()).breaks(Rule::Cover));
    assert!(verdict(|plan| plan.intervals.truncate(2)).breaks(Rule::Cover));
    assert!(verdict(|plan| plan.intervals = plan.intervals.split_off(1)).breaks(Rule::Cover));
}

#[test]
fn each_fault_of_the_shape_has_its_note() {
    assert!(verdict(|plan| plan.intervals[1].start = plan.intervals[1].start + Millis(1)).breaks(Rule::Order));
    assert!(verdict(|plan| plan.intervals[1].end = plan.intervals[1].start).breaks(Rule::Order));
    assert!(verdict(|plan| plan.intervals[0].signals.truncate(7)).breaks(Rule::Lamps));
    assert!(verdict(|plan| plan.intervals[0].signals[3] = Indication::FlashingYellow).breaks(Rule::Flash));
    assert!(verdict(|plan| plan.intervals[0].signals[3] = Indication::Dark).breaks(Rule::Flash));
    assert!(verdict(|plan| plan.intervals[0].stage = StageIx(4)).breaks(Rule::Stage));
    assert!(verdict(|plan| plan.intervals[0].stage = sample::LEFT_EW).breaks(Rule::Stage));
    assert!(verdict(|plan| plan.intervals[0].kind = IntervalKind::Yellow).breaks(Rule::Kind));
    let many = |plan: &mut Plan| {
        let last = plan.intervals.pop().expect("it has intervals");
        plan.intervals.extend((0..70).map(|ms| Interval {
            start: last.start + Millis(ms),
            end: if ms == 69 { last.end } else { last.start + Millis(ms + 1) },
            ..last.clone()
        }));
    };
    assert!(verdict(many).breaks(Rule::Count));
}

#[test]
fn a_shortened_yellow_is_refused() {
    let found = verdict(|plan| {
        let yellow = position(plan, IntervalKind::Yellow);
        shift(plan, yellow, -100);
    });
    assert!(found.breaks(Rule::ShortYellow), "{found}");
}

#[test]
fn a_yellow_that_is_left_out_or_never_ends_is_refused() {
    let left_out = verdict(|plan| {
        let yellow = position(plan, IntervalKind::Yellow);
        plan.intervals[yellow].kind = IntervalKind::AllRed;
        for lamp in &mut plan.intervals[yellow].signals {
            *lamp = if *lamp == Indication::Yellow { Indication::Red } else { *lamp };
        }
    });
    assert!(left_out.breaks(Rule::MissingYellow), "{left_out}");
    let endless = verdict(|plan| {
        let yellow = position(plan, IntervalKind::Yellow);
        plan.intervals[yellow].end = AT + Millis::from_secs(40);
        plan.intervals.truncate(yellow + 1);
    });
    assert!(endless.breaks(Rule::LongYellow), "{endless}");
}

#[test]
fn a_clearance_that_is_cut_short_is_refused() {
    let found = verdict(|plan| {
        let clearance = position(plan, IntervalKind::AllRed);
        shift(plan, clearance, -1);
    });
    assert!(found.breaks(Rule::Intergreen), "{found}");
}

#[test]
fn a_green_that_is_cut_short_is_refused() {
    let found = verdict(|plan| {
        let greens = |it: &Interval| it.stage == sample::THROUGH_EW && it.kind == IntervalKind::Green;
        let east_west = plan.intervals.iter().position(greens);
        shift(plan, east_west.expect("it is shown"), -1);
    });
    assert!(found.breaks(Rule::GreenMin), "{found}");
}

#[test]
fn conflicting_greens_and_a_green_beside_the_yellow_that_it_crosses_are_refused() {
    let swapped = verdict(|plan| {
        let yellow = position(plan, IntervalKind::Yellow);
        plan.intervals[yellow].signals[2] = Indication::Protected;
    });
    assert!(swapped.breaks(Rule::Conflict), "{swapped}");
    let intersection = crossroads();
    let stage = Interval {
        stage: sample::THROUGH_NS,
        start: AT,
        end: AT + Millis::from_secs(20),
        kind: IntervalKind::AllRed,
        signals: lamps("GrGrrrrr"),
    };
    let shown = resting(&intersection, sample::THROUGH_NS);
    assert!(check(&plan_of(&intersection, vec![stage], AT), &intersection, &shown, AT, &[]).breaks(Rule::Conflict));
}

#[test]
fn a_yellow_never_turns_green_again() {
    let intersection = crossroads();
    let mut shown = resting(&intersection, sample::THROUGH_NS);
    shown.advance(AT - Millis(3_000), Some(sample::LEFT_NS), &lamps("yGrryGrr"));
    shown.at = AT;
    let back = check_switch(&intersection, &shown, AT, &lamps("GgrrGgrr"));
    assert!(back.breaks(Rule::YellowToGreen), "{back}");
}

#[test]
fn red_and_yellow_comes_after_red_and_does_not_stay() {
    let intersection = crossroads();
    let mut shown = resting(&intersection, sample::THROUGH_NS);
    assert!(check_switch(&intersection, &shown, AT, &lamps("urrrGgrr")).breaks(Rule::RedYellow));
    shown.advance(AT - Millis(3_500), None, &lamps("GgurGgrr"));
    assert!(check_switch(&intersection, &shown, AT, &lamps("GgurGgrr")).breaks(Rule::RedYellow));
}

#[test]
fn flashing_lamps_go_to_red_before_anything_else() {
    let intersection = crossroads();
    let mut shown = Shown::all_red(&intersection, AT - Millis::from_secs(60));
    shown.advance(AT - Millis::from_secs(30), None, &lamps("oooooooo"));
    shown.at = AT;
    assert!(check_switch(&intersection, &shown, AT, &lamps("GgrrGgrr")).breaks(Rule::Flash));
    shown.advance(AT, None, &lamps("rrrrrrrr"));
    let early = check_switch(&intersection, &shown, AT + Millis(3_999), &lamps("GgrrGgrr"));
    assert!(early.breaks(Rule::Intergreen), "{early}");
    assert!(check_switch(&intersection, &shown, AT + Millis(4_000), &lamps("GgrrGgrr")).is_good());
}

#[test]
fn a_plan_that_leaves_somebody_waiting_beyond_the_maximum_red_is_refused_unless_it_works_off_deadlines() {
    let intersection = crossroads();
    let shown = resting(&intersection, sample::THROUGH_NS);
    let rest = plan_of(&intersection, lay_out(&intersection, &shown, &[], AT + Millis::from_secs(20)), AT);
    let mut waiting = vec![None; 8];
    waiting[2] = Some(AT - Millis::from_secs(90));
    assert!(check(&rest, &intersection, &shown, AT, &waiting).is_good(), "30 s are left, the plan covers 20 s");
    waiting[2] = Some(AT - Millis::from_secs(110));
    let refused = check(&rest, &intersection, &shown, AT, &waiting);
    assert!(refused.breaks(Rule::RedMax), "{refused}");
    waiting[2] = Some(AT - Millis::from_secs(119));
    let serve = |to| {
        let legs = [Leg { to, leave: AT }, Leg { to: sample::THROUGH_EW, leave: AT + Millis::from_secs(9) }];
        plan_of(&intersection, lay_out(&intersection, &shown, &legs, AT + Millis::from_secs(20)), AT)
    };
    assert!(check(&serve(sample::THROUGH_EW), &intersection, &shown, AT, &waiting).is_good(), "late, but at once");
    assert!(check(&serve(sample::LEFT_EW), &intersection, &shown, AT, &waiting).breaks(Rule::RedMax), "a detour");
    waiting[3] = Some(AT - Millis::from_secs(119));
    assert!(check(&serve(sample::LEFT_EW), &intersection, &shown, AT, &waiting).is_good(), "as urgent as the other");
}

/// One step of a walk: how long the last plan is obeyed, then where to go and when.
#[derive(Debug, Clone)]
struct Turn {
    obeyed: i64,
    legs: Vec<(usize, i64)>,
    flash: bool,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let legs = prop::collection::vec((0..8_usize, 0..9_000_i64), 0..4);
    let turn = (prop_oneof![1..4_000_i64, 1..15_000_i64], legs, prop::bool::weighted(0.05));
    prop::collection::vec(turn.prop_map(|(obeyed, legs, flash)| Turn { obeyed, legs, flash }), 1..12)
}

/// Walk an intersection through turns; `visit` sees every picture and the intervals laid out from it.
fn walk(recipe: &Recipe, turns: &[Turn], mut visit: impl FnMut(&Intersection, &Shown, &[Interval])) {
    let intersection = recipe.build();
    let mut shown = Shown::all_red(&intersection, AT);
    let mut intervals = vec![];
    for turn in turns {
        let at = shown.at + Millis(turn.obeyed);
        shown = obey(&shown, &intervals, at);
        if turn.flash {
            shown.advance(at - Millis(1), None, &vec![Indication::FlashingYellow; intersection.groups.len()]);
            shown.at = at;
        }
        let mut legs: Vec<Leg> = Vec::new();
        for &(stage, delay) in &turn.legs {
            let before = legs.last().map_or(at, |leg| leg.leave);
            legs.push(Leg { to: StageIx(stage % intersection.stages.len()), leave: before + Millis(delay) });
        }
        if legs.is_empty() && shown.stage.is_none() {
            legs.push(Leg { to: StageIx(0), leave: at });
        }
        intervals = lay_out(&intersection, &shown, &legs, at + Millis::from_secs(18));
        visit(&intersection, &shown, &intervals);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_is_laid_out_from_whatever_is_shown_passes_the_gate(recipe in recipe(), turns in turns()) {
        let mut found = Ok(());
        walk(&recipe, &turns, |intersection, shown, intervals| {
            let plan = plan_of(intersection, intervals.to_vec(), shown.at);
            let verdict = check(&plan, intersection, shown, shown.at, &[]);
            if !verdict.is_good() && found.is_ok() {
                found = Err(format!("{verdict:#?}\n{shown:?}\n{intervals:#?}"));
            }
        });
        prop_assert!(found.is_ok(), "{}", found.unwrap_err());
    }

    #[test]
    fn a_yellow_that_ends_early_is_found_in_any_plan(recipe in recipe(), turns in turns(), by in 1..2_000_i64) {
        let mut missed = None;
        walk(&recipe, &turns, |intersection, shown, intervals| {
            let ends = |pair: &[Interval]| {
                let both = pair[0].signals.iter().zip(&pair[1].signals);
                both.into_iter().any(|(a, b)| *a == Indication::Yellow && *b != Indication::Yellow)
            };
            let Some(ix) = intervals.windows(2).position(ends) else { return };
            let length = intervals[ix].end - intervals[ix].start;
            if length <= Millis(1) {
                return;
            }
            let mut plan = plan_of(intersection, intervals.to_vec(), shown.at);
            shift(&mut plan, ix, -by.min(length.0 - 1));
            if !check(&plan, intersection, shown, shown.at, &[]).breaks(Rule::ShortYellow) {
                missed = Some(plan);
            }
        });
        prop_assert!(missed.is_none(), "{missed:#?}");
    }

    #[test]
    fn a_green_too_many_is_found_in_any_plan(recipe in recipe(), turns in turns(), which in 0..64_usize) {
        let mut missed = None;
        walk(&recipe, &turns, |intersection, shown, intervals| {
            let ix = which % intervals.len();
            let lamps = &intervals[ix].signals;
            let crosses = |(a, b): &(usize, usize)| {
                let relation = |a, b| intersection.conflicts.between(GroupIx(a), GroupIx(b));
                relation(*a, *b) == crate::network::Conflict::Crossing
                    && relation(*b, *a) == crate::network::Conflict::Crossing
                    && lamps[*a].is_green()
                    && !lamps[*b].is_green()
            };
            let pairs = (0..lamps.len()).flat_map(|a| (0..lamps.len()).map(move |b| (a, b)));
            let Some((_, b)) = pairs.into_iter().find(crosses) else { return };
            let mut plan = plan_of(intersection, intervals.to_vec(), shown.at);
            plan.intervals[ix].signals[b] = Indication::Protected;
            plan.intervals[ix].kind =
                if plan.intervals[ix].signals.contains(&Indication::Yellow) { IntervalKind::Yellow } else { IntervalKind::AllRed };
            if !check(&plan, intersection, shown, shown.at, &[]).breaks(Rule::Conflict) {
                missed = Some(plan);
            }
        });
        prop_assert!(missed.is_none(), "{missed:#?}");
    }
}
