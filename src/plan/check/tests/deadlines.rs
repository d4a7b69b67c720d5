//! The maximum red: who counts as waiting, and what excuses a plan that is late.

use super::*;

const NS: &str = "GgrrGgrr";
const EW: &str = "rrGgrrGg";

/// Lamps one after the other from now on, each with how long it lasts \[ms\]; green where they are those of the stage.
fn lamps_for(intersection: &Intersection, parts: &[(&str, usize, i64)]) -> Plan {
    let mut start = AT;
    let interval = |&(text, stage, ms): &(&str, usize, i64)| {
        let (begin, signals, stage) = (start, lamps(text), StageIx(stage));
        start = start + Millis(ms);
        let kind = match text {
            _ if text.contains('y') => IntervalKind::Yellow,
            _ if signals == intersection.stage(stage).signals => IntervalKind::Green,
            _ => IntervalKind::AllRed,
        };
        Interval { stage, start: begin, end: start, kind, signals }
    };
    plan_of(intersection, parts.iter().map(interval).collect(), AT)
}

/// Somebody waits at a group since so many milliseconds.
fn waits(group: usize, since: i64) -> Vec<Option<Timestamp>> {
    let mut waiting = vec![None; 8];
    waiting[group] = Some(AT - Millis(since));
    waiting
}

fn is_refused(intersection: &Intersection, shown: &Shown, plan: &Plan, waiting: &[Option<Timestamp>]) -> bool {
    assert!(check(plan, intersection, shown, AT, &[]).is_good(), "nothing else is wrong with it");
    check(plan, intersection, shown, AT, waiting).breaks(Rule::RedMax)
}

#[test]
fn green_at_the_deadline_is_in_time_and_a_millisecond_later_is_not() {
    let intersection = crossroads();
    let shown = resting(&intersection, sample::THROUGH_NS);
    let detour = [
        (NS, 0, 100),
        ("yyrryyrr", 3, 3_000),
        ("rrrrrrrr", 3, 1_000),
        ("rrrGrrrG", 3, 5_000),
        ("rrryrrry", 2, 3_000),
        ("rrrrrrrr", 2, 1_000),
        (EW, 2, 9_000),
    ];
    let plan = lamps_for(&intersection, &detour);
    assert!(!is_refused(&intersection, &shown, &plan, &waits(2, 120_000 - 13_100)));
    assert!(is_refused(&intersection, &shown, &plan, &waits(2, 120_000 - 13_099)), "and a detour excuses nothing");
}

#[test]
fn a_green_that_is_over_now_has_served_nobody() {
    let intersection = crossroads();
    let shown = resting(&intersection, sample::THROUGH_NS);
    let mut plan = lamps_for(&intersection, &[(NS, 0, 20_000)]);
    let over = Interval { start: AT - Millis(5_000), end: AT, signals: lamps(EW), ..plan.intervals[0].clone() };
    plan.intervals.insert(0, Interval { stage: sample::THROUGH_EW, ..over });
    assert!(is_refused(&intersection, &shown, &plan, &waits(2, 110_000)));
}

#[test]
fn nobody_waits_at_green_nor_where_no_stage_ever_gives_any() {
    let mut intersection = crossroads();
    let mut shown = Shown::all_red(&intersection, AT - Millis::from_secs(300));
    shown.advance(AT - Millis::from_secs(115), Some(sample::THROUGH_NS), &lamps(NS));
    shown.at = AT;
    let away = [("yyrryyrr", 3, 3_000), ("rrrrrrrr", 3, 1_000), ("rrrGrrrG", 3, 16_000)];
    assert!(!is_refused(&intersection, &shown, &lamps_for(&intersection, &away), &waits(0, 200_000)));
    for stage in &mut intersection.stages {
        stage.signals[2] = Indication::Red;
    }
    let rest = lamps_for(&intersection, &[(NS, 0, 20_000)]);
    assert!(!is_refused(&intersection, &shown, &rest, &waits(2, 500_000)));
}

#[test]
fn a_green_that_has_begun_may_last_its_minimum_and_two_seconds_though_somebody_is_late() {
    let intersection = crossroads();
    let mut shown = Shown::all_red(&intersection, AT - Millis::from_secs(300));
    shown.advance(AT - Millis::from_secs(2), Some(sample::THROUGH_NS), &lamps(NS));
    shown.at = AT;
    let hold = |ms| {
        let parts = [(NS, 0, ms), ("yyrryyrr", 2, 3_000), ("rrrrrrrr", 2, 1_000), (EW, 2, 9_000)];
        is_refused(&intersection, &shown, &lamps_for(&intersection, &parts), &waits(2, 119_000))
    };
    assert!(!hold(5_000), "three are left of the minimum");
    assert!(hold(5_001));
}

#[test]
fn the_next_green_begins_by_the_end_of_minimum_green_and_longest_clearance_two_seconds_each_apart() {
    let intersection = crossroads();
    let shown = resting(&intersection, sample::THROUGH_NS);
    let late = |hold, red| {
        let parts = [(NS, 0, hold), ("yyrryyrr", 2, 3_000), ("rrrrrrrr", 2, red), (EW, 2, 9_000)];
        is_refused(&intersection, &shown, &lamps_for(&intersection, &parts), &waits(2, 119_000))
    };
    assert!(!late(2_000, 4_000), "2 s, and 4 + 1 + 2 s");
    assert!(late(2_000, 4_001) && late(2_001, 3_000));
    assert!(late(500, 4_500), "a clearance of its own is limited too");
}

#[test]
fn also_somebody_as_urgent_must_begin_by_then() {
    let intersection = crossroads();
    let shown = resting(&intersection, sample::THROUGH_NS);
    let parts = [
        (NS, 0, 2_000),
        ("yyrryyrr", 3, 3_000),
        ("rrrrrrrr", 3, 4_000),
        ("rrrGrrrG", 3, 5_000),
        ("rrryrrry", 2, 3_000),
        ("rrrrrrrr", 2, 1_000),
        (EW, 2, 9_000),
    ];
    let both: Vec<_> = waits(2, 119_000).into_iter().zip(waits(3, 119_000)).map(|(a, b)| a.or(b)).collect();
    assert!(!is_refused(&intersection, &shown, &lamps_for(&intersection, &parts), &both));
}

#[test]
fn a_change_that_is_under_way_may_be_finished_also_while_somebody_keeps_his_green() {
    let mut intersection = crossroads();
    for (name, signals) in [("north", "GGrrrrrr"), ("throughs", "GrrrGrrr")] {
        intersection.stages.push(crate::network::Stage { id: name.to_owned(), signals: lamps(signals) });
    }
    let mut shown = resting(&intersection, StageIx(4));
    shown.advance(AT - Millis(1_000), Some(StageIx(5)), &lamps("Gyrrrrrr"));
    shown.at = AT;
    let parts = [
        ("Gyrrrrrr", 5, 2_000),
        ("Grrrrrrr", 5, 1_000),
        ("GrrrGrrr", 5, 5_000),
        ("yrrryrrr", 2, 3_000),
        ("rrrrrrrr", 2, 1_000),
        (EW, 2, 8_000),
    ];
    let plan = lamps_for(&intersection, &parts);
    assert!(!is_refused(&intersection, &shown, &plan, &waits(2, 115_000)), "the left clears, the through stays");
    let mut cleared = resting(&intersection, StageIx(4));
    cleared.advance(AT - Millis(5_000), Some(StageIx(5)), &lamps("Gyrrrrrr"));
    cleared.advance(AT - Millis(2_000), Some(StageIx(5)), &lamps("Grrrrrrr"));
    cleared.at = AT;
    let plan = lamps_for(&intersection, &parts[2..]);
    assert!(!is_refused(&intersection, &cleared, &plan, &waits(2, 115_000)), "it has cleared, and the next begins now");
}

#[test]
fn a_change_is_under_way_until_the_last_one_has_cleared() {
    let mut intersection = crossroads();
    for (name, signals) in [("north", "GGrrrrrr"), ("throughs", "GrrrGrrr")] {
        intersection.stages.push(crate::network::Stage { id: name.to_owned(), signals: lamps(signals) });
    }
    let refused = |green_ended: i64, goes_on: i64| {
        let mut shown = resting(&intersection, StageIx(4));
        shown.advance(AT - Millis(green_ended), Some(StageIx(5)), &lamps("Gyrrrrrr"));
        shown.advance(AT - Millis(green_ended - 3_000), Some(StageIx(5)), &lamps("Grrrrrrr"));
        shown.at = AT;
        let parts = [
            ("Grrrrrrr", 5, goes_on),
            ("GrrrGrrr", 5, 5_000),
            ("yrrryrrr", 2, 3_000),
            ("rrrrrrrr", 2, 1_000),
            (EW, 2, 8_000),
        ];
        is_refused(&intersection, &shown, &lamps_for(&intersection, &parts), &waits(2, 115_000))
    };
    assert!(!refused(3_900, 100), "a tenth of a second is left of four");
    assert!(refused(4_000, 1), "it was over: this is another change");
}

#[test]
fn from_all_red_one_green_may_come_before_that_of_somebody_who_is_late() {
    let intersection = crossroads();
    let mut shown = Shown::all_red(&intersection, AT - Millis::from_secs(300));
    shown.at = AT;
    let parts = [
        ("rrrrrrrr", 3, 1_000),
        ("rrrGrrrG", 3, 5_000),
        ("rrryrrry", 2, 3_000),
        ("rrrrrrrr", 2, 1_000),
        (EW, 2, 9_000),
    ];
    let plan = lamps_for(&intersection, &parts);
    assert!(!is_refused(&intersection, &shown, &plan, &waits(2, 117_000)));
}
