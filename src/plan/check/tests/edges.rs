//! Every limit of the gate, met exactly and missed by a millisecond, and what its notes say.

use super::*;

/// North–south rests in green from `from` to `to`, both in milliseconds from now.
fn rest(from: i64, to: i64) -> Plan {
    let signals = crossroads().stage(sample::THROUGH_NS).signals.clone();
    let (start, end) = (AT + Millis(from), AT + Millis(to));
    let green = Interval { stage: sample::THROUGH_NS, start, end, kind: IntervalKind::Green, signals };
    plan_of(&crossroads(), vec![green], AT)
}

fn judge(plan: &Plan) -> Verdict {
    let intersection = crossroads();
    check(plan, &intersection, &resting(&intersection, sample::THROUGH_NS), AT, &[])
}

/// Lamps one after the other, each with how long it lasts \[ms\]; green where they are those of the stage.
fn follow(parts: &[(&str, StageIx, i64)]) -> Plan {
    let intersection = crossroads();
    let mut start = AT;
    let interval = |&(text, stage, ms): &(&str, StageIx, i64)| {
        let (begin, signals) = (start, lamps(text));
        start = start + Millis(ms);
        let kind = match text {
            _ if text.contains('y') => IntervalKind::Yellow,
            _ if signals == intersection.stage(stage).signals => IntervalKind::Green,
            _ => IntervalKind::AllRed,
        };
        Interval { stage, start: begin, end: start, kind, signals }
    };
    let intervals = parts.iter().map(interval).collect();
    plan_of(&intersection, intervals, AT)
}

#[test]
fn a_lease_lasts_three_seconds_at_most_and_clocks_differ_by_one() {
    for (ms, good) in [(-1, false), (0, false), (1, true), (3_000, true), (3_001, false)] {
        assert_eq!(verdict(|plan| plan.lease = Millis(ms)).is_good(), good, "a lease of {ms} ms");
    }
    for (ms, good) in [(-3_000, false), (-2_999, true), (0, true), (1_000, true), (1_001, false)] {
        assert_eq!(verdict(|plan| plan.issued = AT + Millis(ms)).is_good(), good, "issued after {ms} ms");
    }
}

#[test]
fn a_plan_holds_the_present_and_reaches_ten_seconds() {
    assert!(judge(&rest(0, 10_000)).is_good() && judge(&rest(-7_000, 10_000)).is_good());
    assert!(judge(&rest(0, 9_999)).breaks(Rule::Cover));
    assert!(judge(&rest(1, 20_000)).breaks(Rule::Cover));
    let over = |end| judge(&Plan { issued: AT - Millis(15_000), ..rest(-15_000, end) });
    assert!(over(0).breaks(Rule::Cover) && over(-1).breaks(Rule::Cover), "it ended before now");
    assert!(!over(1).breaks(Rule::Cover) && over(1).breaks(Rule::Lease));
}

#[test]
fn lamps_that_are_over_at_the_instant_of_judgement_are_not_judged() {
    let mut plan = rest(0, 20_000);
    let over = |end| Interval {
        start: AT - Millis(5_000),
        end: AT + Millis(end),
        kind: IntervalKind::AllRed,
        signals: lamps("rrGgrrGg"),
        ..rest(0, 1).intervals[0].clone()
    };
    plan.intervals.insert(0, over(0));
    assert!(judge(&plan).is_good(), "the first interval ends now");
    plan.intervals[0] = over(1);
    plan.intervals[1].start = AT + Millis(1);
    assert!(judge(&plan).breaks(Rule::MissingYellow), "a millisecond of it is left");
}

#[test]
fn as_many_intervals_as_are_allowed_and_each_longer_than_nothing() {
    let many = |count: i64, ms: i64| {
        let parts: Vec<_> = (0..count).map(|_| ("GgrrGgrr", sample::THROUGH_NS, ms)).collect();
        judge(&follow(&parts))
    };
    assert!(many(64, 200).is_good());
    assert!(many(65, 200).breaks(Rule::Count));
    let parts = |ms| [("GgrrGgrr", sample::THROUGH_NS, ms), ("GgrrGgrr", sample::THROUGH_NS, 15_000)];
    assert!(judge(&follow(&parts(1))).is_good());
    assert!(judge(&follow(&parts(0))).breaks(Rule::Order) && judge(&follow(&parts(-1))).breaks(Rule::Order));
}

#[test]
fn yellow_lasts_three_to_six_seconds_wherever_the_plan_ends() {
    let change = |ms| {
        let [before, after] = [sample::THROUGH_NS, sample::THROUGH_EW];
        judge(&follow(&[("yyrryyrr", before, ms), ("rrrrrrrr", before, 1_000), ("rrGgrrGg", after, 20_000)]))
    };
    assert!(change(2_999).breaks(Rule::ShortYellow));
    assert!(change(3_000).is_good() && change(6_000).is_good());
    assert!(change(6_001).breaks(Rule::LongYellow));
    let last = |ms| judge(&follow(&[("GgrrGgrr", sample::THROUGH_NS, 9_000), ("yyrryyrr", sample::THROUGH_NS, ms)]));
    assert!(last(6_000).is_good());
    assert!(last(6_001).breaks(Rule::LongYellow));
}

#[test]
fn red_and_yellow_lasts_three_seconds_at_most_wherever_the_plan_ends() {
    let [before, after] = [sample::THROUGH_NS, sample::THROUGH_EW];
    let change = |ms| {
        let parts = [("yyrryyrr", before, 3_000), ("rruurruu", after, ms), ("rrGgrrGg", after, 20_000)];
        judge(&follow(&parts))
    };
    assert!(change(3_000).is_good());
    assert!(change(3_001).breaks(Rule::RedYellow));
    let last =
        |ms| judge(&follow(&[("GgrrGgrr", before, 9_000), ("yyrryyrr", before, 3_000), ("rruurruu", after, ms)]));
    assert!(last(3_000).is_good());
    assert!(last(3_001).breaks(Rule::RedYellow));
}

#[test]
fn what_has_lasted_too_long_before_the_plan_began_may_end_now_but_not_stay() {
    let intersection = crossroads();
    let switch = |shown: &str, since: i64, to: &str| {
        let mut picture = resting(&intersection, sample::THROUGH_NS);
        picture.advance(AT - Millis(since), None, &lamps(shown));
        check_switch(&intersection, &picture, AT, &lamps(to))
    };
    assert!(switch("yyrryyrr", 9_000, "rrrrrrrr").is_good());
    assert!(switch("yyrryyrr", 9_000, "yyrryyrr").breaks(Rule::LongYellow));
    assert!(!switch("rruurruu", 9_000, "rrrrrrrr").breaks(Rule::RedYellow));
    assert!(switch("rruurruu", 9_000, "rruurruu").breaks(Rule::RedYellow));
}

#[test]
fn whoever_lost_his_green_is_red_for_a_second_and_whoever_had_none_need_not_be() {
    let intersection = crossroads();
    let again = |red: i64| {
        let mut shown = resting(&intersection, sample::THROUGH_NS);
        shown.advance(AT - Millis(10_000), None, &lamps("yyrryyrr"));
        shown.advance(AT - Millis(red), None, &lamps("rrrrrrrr"));
        check_switch(&intersection, &shown, AT, &lamps("GgrrGgrr"))
    };
    assert!(again(999).breaks(Rule::RedMin));
    assert!(again(1_000).is_good());
    let fresh = Shown::all_red(&intersection, AT - Millis(10));
    assert!(check_switch(&intersection, &fresh, AT, &lamps("GgrrGgrr")).is_good());
}

#[test]
fn a_lamp_string_of_another_length_is_refused_before_anything_is_switched() {
    let intersection = crossroads();
    let shown = resting(&intersection, sample::THROUGH_NS);
    let found = check_switch(&intersection, &shown, AT, &lamps("GgrrGgr"));
    assert!(found.breaks(Rule::Lamps), "{found}");
    assert_eq!((found.notes[0].found.as_str(), found.notes[0].allowed.as_str()), ("7", "8"));
    assert!(check_switch(&intersection, &shown, AT, &lamps("GgrrGgrr")).is_good());
}

#[test]
fn a_verdict_tells_its_first_note_in_one_line_and_breaks_nothing_else() {
    assert_eq!(verdict(|_| ()).to_string(), "good");
    let found = verdict(|plan| plan.lease = Millis(3_001));
    assert!(found.breaks(Rule::Lease) && !found.breaks(Rule::Cover) && !found.is_good());
    assert!(found.to_string().starts_with("lease at "), "{found}");
    assert!(found.to_string().ends_with(&format!(": {}, allowed: above 0 up to {}", Millis(3_001), Millis(3_000))));
    let both = verdict(|plan| (plan.lease, plan.config_hash) = (Millis(3_001), "ffff".to_owned()));
    assert!(both.to_string().ends_with(" (and 1 more)"), "{both}");
    let hasty = verdict(|plan| {
        let yellow = position(plan, IntervalKind::Yellow);
        shift(plan, yellow, -100);
    });
    assert!(hasty.to_string().starts_with("short_yellow, group 0 at "), "{hasty}");
}

#[test]
fn a_crosswalk_turns_red_without_yellow_and_whoever_drives_with_it() {
    let mut intersection = crossroads();
    let shown = resting(&intersection, sample::THROUGH_NS);
    let (yellow, red) = (lamps("ygrrGgrr"), lamps("rgrrGgrr"));
    let breaks = |intersection: &Intersection, lamps: &[Indication]| {
        check_switch(intersection, &shown, AT, lamps).breaks(Rule::MissingYellow)
    };
    assert_eq!((breaks(&intersection, &yellow), breaks(&intersection, &red)), (false, true));
    intersection.groups[0].kind = crate::network::GroupKind::Pedestrian;
    assert_eq!((breaks(&intersection, &yellow), breaks(&intersection, &red)), (true, false));
}
