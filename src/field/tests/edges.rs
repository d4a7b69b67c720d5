//! Times of the field controller, met exactly and missed by a tick or a millisecond, and what its own detectors change.

use super::*;

/// An engine that rests in north–south, obeyed for so many seconds; before each plan the own detectors say this.
fn resting(bench: &mut Bench, seconds: u64, lanes: &[Option<bool>]) -> Option<u64> {
    (0..seconds).find(|second| {
        bench.give(FieldInput::Calls(Calls { lanes: lanes.to_vec() }));
        let plan = bench.plan(second + 2, &[]);
        bench.give(FieldInput::Plan(plan));
        let refused = bench.refused();
        bench.run(1_000, 100);
        refused.as_deref() == Some("red_max")
    })
}

#[test]
fn who_waits_in_the_eyes_of_the_own_detectors_has_ten_seconds_more_before_the_engine_is_refused() {
    // Red since second 0 on, plans reach 20 s: from second 111 on 130 s are missed; the engine is obeyed since second 10.
    let refused = |lanes: &[Option<bool>]| resting(&mut obeying(), 140, lanes);
    assert_eq!(refused(&[Some(true); 8]), Some(101));
    assert_eq!(refused(&[Some(false); 8]), None, "nobody waits");
    let mut broken = [None; 8];
    broken[0] = Some(false);
    assert_eq!(refused(&broken), Some(101), "who is not seen may wait");
    assert_eq!(refused(&[None; 8]), None, "the engine knows better than detectors none of which works");
}

#[test]
fn it_wants_to_be_woken_at_the_next_whole_second_or_when_its_plan_changes() {
    let mut field = Field::new(&crossroads(), FieldSettings::default(), 1);
    assert_eq!(field.wake_at(), None, "nobody has told the time");
    for (now, wake) in [(300, 1_000), (999, 1_000), (1_000, 2_000)] {
        field.handle(FieldInput::Tick, Timestamp(ORIGIN + now));
        assert_eq!(field.wake_at(), Some(Timestamp(ORIGIN + wake)));
    }
    let mut bench = obeying();
    assert_eq!(resting(&mut bench, 6, &[Some(false); 8]), None);
    let legs = [Leg { to: sample::THROUGH_EW, leave: bench.now() + Millis(250) }];
    let plan = bench.plan(20, &legs);
    bench.give(FieldInput::Plan(plan));
    assert_eq!((bench.refused(), bench.field.wake_at()), (None, Some(bench.now() + Millis(250))));
    let change = bench.now() + Millis(250);
    bench.run(500, 250);
    assert!(bench.field.wake_at() > Some(change), "not again for the change that has just come");
}

#[test]
fn two_seconds_between_inputs_are_time_that_passed_and_more_or_a_second_back_is_a_clock_that_was_set() {
    // Start-up lasts three seconds: when is it over, by the clock?
    let over = |clock: &[i64], mut last: std::ops::Range<i64>| {
        let mut field = Field::new(&crossroads(), FieldSettings::default(), 1);
        for &ms in clock {
            field.handle(FieldInput::Tick, Timestamp(ORIGIN + ms));
        }
        last.find(|&ms| {
            field.handle(FieldInput::Tick, Timestamp(ORIGIN + ms));
            field.mode() != FieldMode::AllRed
        })
    };
    assert_eq!(over(&[0, 2_000], 2_000..9_000), Some(3_000));
    assert_eq!(over(&[0, 2_001], 2_001..9_000), Some(5_001));
    assert_eq!(over(&[0, 1_500, 500], 1_500..9_000), Some(3_000));
    assert_eq!(over(&[0, 1_500, 499], 499..9_000), Some(1_999));
}

#[test]
fn calls_are_believed_for_ten_seconds_and_only_from_detectors_of_which_one_works() {
    let mut bench = obeying();
    bench.run(4_000, 100);
    assert_eq!(bench.field.mode(), FieldMode::LocalFixed);
    bench.give(FieldInput::Calls(Calls { lanes: vec![None; 8] }));
    bench.run(1_000, 100);
    assert_eq!(bench.field.mode(), FieldMode::LocalFixed, "none works");
    bench.call();
    bench.run(10_100, 100);
    assert_eq!(bench.field.mode(), FieldMode::LocalActuated, "the last tick came after ten seconds");
    bench.run(100, 100);
    assert_eq!(bench.field.mode(), FieldMode::LocalFixed);
}

#[test]
fn a_plan_that_begins_a_second_ahead_waits_and_one_that_begins_now_does_not() {
    for (ahead, waits) in [(1_000, true), (1, true), (0, false)] {
        let mut bench = obeying();
        let mut plan = bench.plan(2, &[]);
        plan.issued = plan.issued + Millis(ahead);
        plan.intervals[0].start = plan.intervals[0].start + Millis(ahead);
        bench.give(FieldInput::Plan(plan));
        assert_eq!(bench.refused(), None);
        assert_eq!(bench.field.applied().map(|it| it.seq), Some(if waits { 1 } else { 2 }), "{ahead} ms ahead");
        bench.run(1_100, 100);
        assert_eq!(bench.field.applied().map(|it| it.seq), Some(2), "{ahead} ms ahead");
    }
}

#[test]
fn flash_is_yellow_for_vehicles_dark_for_walkers_and_lasts_half_a_minute() {
    let mut broken = crossroads();
    broken.stages[0].signals = broken.stages[0].signals.iter().map(|_| Indication::Protected).collect();
    broken.groups[7].kind = GroupKind::Pedestrian;
    let mut bench = Bench::new(&broken);
    let ticks_until = |bench: &mut Bench, mode: FieldMode| {
        (0..2_000).find(|_| {
            bench.run(100, 100);
            bench.field.mode() == mode
        })
    };
    // Everybody has cleared four seconds after power-up; for one more a picture that may not be shown is waited for.
    assert_eq!(ticks_until(&mut bench, FieldMode::Flash), Some(50));
    assert_eq!(bench.lamps.last().map(String::as_str), Some("oooooooO"));
    assert_eq!(ticks_until(&mut bench, FieldMode::AllRed), Some(299));
    assert_eq!(bench.lamps.last().map(String::as_str), Some("rrrrrrrr"));
}

/// Published test vector of `SplitMix64`, seed 1234567 (Rosetta Code), of which a nonce keeps the lower 53 bits.
#[test]
fn nonces_are_those_of_a_generator_whose_numbers_are_known_to_be_spread_well() {
    let known: [u64; 5] = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];
    let mut admission = Admission::new(1_234_567);
    for number in known {
        assert_eq!(admission.fresh_nonce(), number & StateReport::NONCE_MAX);
    }
}
