//! The referee on strings of lamps that are right, and on such as are wrong in one thing each.

use super::*;

/// Group 0 crosses 1; group 2 gives way to 0; group 3 is a crosswalk that crosses 0.
fn table() -> MonitorTable {
    MonitorTable {
        groups: 4,
        conflicts: vec![(0, 1), (0, 2), (0, 3)],
        yields: vec![(2, 0)],
        without_yellow: vec![3],
        min_yellow_ms: 3_000,
        min_green_ms: 5_000,
        clearance_ms: BTreeMap::from([((0, 1), 4_000), ((1, 0), 4_000), ((0, 2), 4_000), ((3, 0), 8_000)]),
        max_red_ms: Some(120_000),
    }
}

fn kinds(steps: &[(i64, &str)]) -> Vec<Kind> {
    let mut monitor = Monitor::new();
    monitor.watch("x", table());
    for &(secs, lamps) in steps {
        monitor.observe("x", secs * 1000, lamps);
    }
    monitor.finish();
    monitor.violations().iter().map(|it| it.kind).collect()
}

#[test]
fn a_correct_change_is_no_violation() {
    assert_eq!(kinds(&[(0, "Gror"), (9, "yrrr"), (12, "rrrr"), (13, "rGrr"), (18, "ryrr"), (22, "Grgr")]), []);
}

#[test]
fn two_conflicting_greens_are_one_conflict_and_a_yielding_one_is_none() {
    assert_eq!(kinds(&[(0, "GGrr")]), [Kind::Conflict]);
    assert_eq!(kinds(&[(0, "Grgr")]), []);
    assert_eq!(kinds(&[(0, "GrGr")]), [Kind::Conflict]);
}

#[test]
fn each_kind_of_hasty_change_is_named() {
    assert_eq!(kinds(&[(0, "Grrr"), (9, "yrrr"), (11, "rrrr")]), [Kind::ShortYellow]);
    assert_eq!(kinds(&[(0, "Grrr"), (9, "rrrr")]), [Kind::MissingYellow]);
    assert_eq!(kinds(&[(0, "Grrr"), (9, "yrrr"), (12, "Grrr")]), [Kind::YellowToGreen]);
    assert_eq!(kinds(&[(0, "rrrr"), (9, "Grrr"), (13, "yrrr")]), [Kind::ShortGreen]);
    assert_eq!(kinds(&[(0, "Grrr"), (9, "yrrr"), (12, "rGrr")]), [Kind::ShortClearance]);
    assert_eq!(kinds(&[(0, "Grgr"), (9, "yrgr"), (12, "rrGr")]), [Kind::ShortClearance]);
}

#[test]
fn a_crosswalk_needs_no_yellow_but_its_clearance() {
    assert_eq!(kinds(&[(0, "rrrG"), (9, "rrrr"), (17, "Grrr")]), []);
    assert_eq!(kinds(&[(0, "rrrG"), (9, "rrrr"), (16, "Grrr")]), [Kind::ShortClearance]);
}

#[test]
fn lamps_that_are_replaced_at_the_same_instant_were_never_shown() {
    assert_eq!(kinds(&[(0, "Grrr"), (9, "rGrr"), (9, "yrrr"), (12, "rrrr")]), []);
}

#[test]
fn strings_that_cannot_be_read_or_come_from_the_past_are_garbled() {
    assert_eq!(kinds(&[(0, "Grr")]), [Kind::Garbled]);
    assert_eq!(kinds(&[(0, "Grrx")]), [Kind::Garbled]);
    assert_eq!(kinds(&[(5, "Grrr"), (4, "Grrr")]), [Kind::Garbled]);
}

#[test]
fn somebody_who_waits_at_red_beyond_the_maximum_is_starved_once_a_red() {
    let mut monitor = Monitor::new();
    monitor.watch("x", table());
    monitor.waiting("x", &[false, true, false, false]);
    for secs in 7..=300 {
        monitor.observe("x", secs * 1000, "Grrr");
    }
    assert_eq!(monitor.count(Kind::Starved), 1);
    assert_eq!(monitor.total(), 1);
    assert_eq!((monitor.violations()[0].group, monitor.violations()[0].found_ms), (1, 121_000));
    for (secs, lamps) in [(301, "yrrr"), (304, "rrrr"), (305, "rGrr"), (310, "ryrr"), (313, "rrrr"), (420, "rrrr")] {
        monitor.observe("x", secs * 1000, lamps);
    }
    assert_eq!(monitor.count(Kind::Starved), 1, "he was served in between");
    monitor.observe("x", 500_000, "rrrr");
    assert_eq!(monitor.count(Kind::Starved), 2);
}

#[test]
fn who_waits_exactly_as_long_as_he_may_or_now_and_then_is_not_starved() {
    let starved = |waits: fn(i64) -> bool, until| {
        let mut monitor = Monitor::new();
        monitor.watch("x", table());
        for secs in 0..=until {
            monitor.waiting("x", &[false, waits(secs), false, false]);
            monitor.observe("x", secs * 1000, "Grrr");
        }
        monitor.count(Kind::Starved)
    };
    assert_eq!((starved(|_| true, 120), starved(|_| true, 121)), (0, 1));
    assert_eq!(starved(|secs| secs != 100, 200), 0);
    assert_eq!(starved(|_| false, 200), 0);
}

#[test]
fn permissive_green_gives_way_only_where_the_table_says_so() {
    assert_eq!(kinds(&[(0, "gGrr")]), [Kind::Conflict], "0 does not give way to 1");
    assert_eq!(kinds(&[(0, "grgr")]), [], "2 gives way to 0");
    assert_eq!(kinds(&[(0, "grGr")]), [Kind::Conflict], "0 does not give way to 2");
}

#[test]
fn permissive_green_may_stay_when_the_other_one_ends_and_becomes_protected_once_that_has_cleared() {
    assert_eq!(kinds(&[(0, "Grgr"), (9, "yrgr"), (12, "rrgr"), (20, "rrgr")]), []);
    assert_eq!(kinds(&[(0, "Grgr"), (9, "yrgr"), (12, "rrgr"), (13, "rrGr")]), []);
}

#[test]
fn green_that_becomes_protected_or_permissive_is_one_green_that_needs_its_yellow() {
    assert_eq!(kinds(&[(0, "rrrr"), (9, "grrr"), (11, "Grrr"), (14, "yrrr"), (17, "rrrr")]), [], "5 s together");
    assert_eq!(kinds(&[(0, "rrrr"), (9, "Grrr"), (12, "grrr"), (13, "yrrr"), (16, "rrrr")]), [Kind::ShortGreen]);
    assert_eq!(kinds(&[(0, "grrr"), (9, "rrrr")]), [Kind::MissingYellow]);
}

#[test]
fn what_the_cabinet_shows_ends_any_lamp_and_who_went_before_must_have_cleared_after_it() {
    for flash in ["oooo", "OOOO"] {
        assert_eq!(kinds(&[(0, "rrrr"), (9, "Grrr"), (10, flash), (40, "rrrr"), (50, "rGrr")]), [], "{flash}");
        assert_eq!(kinds(&[(0, "Grrr"), (9, "yrrr"), (10, flash), (20, "rrrr")]), [], "{flash}");
        assert_eq!(kinds(&[(0, "Grrr"), (9, flash), (11, "rrrr"), (12, "rGrr")]), [Kind::ShortClearance]);
    }
}

#[test]
fn whoever_broke_a_rule_stays_tripped_from_the_first_time_on_and_nobody_else() {
    let mut monitor = Monitor::new();
    for name in ["x", "good"] {
        monitor.watch(name, table());
        for (ms, lamps) in [(0, "Grrr"), (9_000, "yrrr"), (if name == "x" { 11_500 } else { 12_000 }, "rrrr")] {
            monitor.observe(name, ms, lamps);
        }
    }
    monitor.observe("nobody", 5, "GGGG");
    assert_eq!((monitor.tripped("x"), monitor.total()), (None, 0), "not before time has gone on");
    for (ms, lamps) in [(13_000, "rrrr"), (20_000, "GGrr"), (21_000, "GGrr")] {
        monitor.observe("x", ms, lamps);
    }
    monitor.finish();
    assert_eq!(monitor.tripped("x"), Some(11_500));
    assert_eq!((monitor.tripped("good"), monitor.tripped("nobody")), (None, None));
    assert_eq!(monitor.counts(), &BTreeMap::from([(Kind::Conflict, 2), (Kind::ShortYellow, 1)]));
    assert_eq!((monitor.count(Kind::Conflict), monitor.count(Kind::Garbled), monitor.total()), (2, 0, 3));
    let told: Vec<String> = monitor.violations().iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "11.5 s, x, group 0: ShortYellow, 2500 ms, allowed 3000 ms");
    assert_eq!(told[1], "20.0 s, x, group 0: Conflict with group 1, 0 ms, allowed 0 ms");
}

#[test]
fn a_thousand_violations_are_kept_and_all_are_counted() {
    let mut monitor = Monitor::new();
    monitor.watch("x", table());
    (0..1_005).for_each(|secs| monitor.observe("x", secs * 1000, "GGrr"));
    monitor.finish();
    assert_eq!((monitor.violations().len(), monitor.total()), (1_000, 1_005));
}
