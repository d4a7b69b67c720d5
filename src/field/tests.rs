//! The field controller on a test bench, judged by the monitor.

mod edges;

use super::*;
use crate::ids::GroupIx;
use crate::network::sample::{self, crossroads};
use crate::network::{Conflict, Intersection};
use crate::plan::check::samples::{Recipe, plan_of, recipe};
use crate::plan::layout::{Leg, lay_out};
use crate::plan::{Interval, IntervalKind};
use crate::units::lamps_to_string;
use proptest::prelude::*;
use simulator::monitor::{Monitor, MonitorTable};

/// The monitor's own table of an intersection.
fn monitor_table(intersection: &Intersection) -> MonitorTable {
    let count = intersection.groups.len();
    let mut table =
        MonitorTable { groups: count, min_yellow_ms: 3_000, min_green_ms: 4_000, ..MonitorTable::default() };
    for a in 0..count {
        if intersection.groups[a].kind == GroupKind::Pedestrian {
            table.without_yellow.push(a);
        }
        for b in 0..count {
            match intersection.conflicts.between(GroupIx(a), GroupIx(b)) {
                Conflict::None => continue,
                Conflict::Yields => table.yields.push((a, b)),
                Conflict::Crossing => {}
            }
            table.clearance_ms.insert((a, b), intersection.intergreens[[a, b]].0);
            if a < b {
                table.conflicts.push((a, b));
            }
        }
    }
    table
}

/// A field controller, a true time that the clock may deviate from, and the referee.
struct Bench {
    field: Field,
    monitor: Monitor,
    elapsed: i64,
    clock: i64,
    state: Option<StateReport>,
    changes: Vec<(FieldMode, FieldMode)>,
    reasons: Vec<String>,
    lamps: Vec<String>,
}

const ORIGIN: i64 = 1_000_000_000;

impl Bench {
    fn new(intersection: &Intersection) -> Self {
        let mut monitor = Monitor::new();
        monitor.watch("x", monitor_table(intersection));
        let field = Field::new(intersection, FieldSettings::default(), 7);
        Self {
            field,
            monitor,
            elapsed: 0,
            clock: 0,
            state: None,
            changes: Vec::new(),
            reasons: Vec::new(),
            lamps: Vec::new(),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(ORIGIN + self.elapsed + self.clock)
    }

    fn give(&mut self, input: FieldInput) {
        for output in self.field.handle(input, self.now()) {
            match output {
                FieldOutput::Lamps(lamps) => {
                    let text = lamps_to_string(&lamps);
                    self.monitor.observe("x", self.elapsed, &text);
                    self.lamps.push(text);
                }
                FieldOutput::State(state) => self.state = Some(state),
                FieldOutput::ModeChange { from, to, reason } => {
                    self.changes.push((from, to));
                    self.reasons.push(reason);
                }
            }
        }
    }

    /// Time passes in ticks.
    fn run(&mut self, ms: i64, tick: i64) {
        let end = self.elapsed + ms;
        while self.elapsed < end {
            self.give(FieldInput::Tick);
            self.elapsed += tick.min(end - self.elapsed);
        }
    }

    fn call(&mut self) {
        let lanes = vec![Some(true); self.field.intersection.lanes.len()];
        self.give(FieldInput::Calls(Calls { lanes }));
    }

    /// A plan as an engine would make it from a fresh state message.
    fn plan(&mut self, seq: u64, legs: &[Leg]) -> Plan {
        self.give(FieldInput::Report);
        let state = self.state.clone().expect("the report was asked for");
        let at = state.shown.at;
        let intervals = lay_out(&self.field.intersection, &state.shown, legs, at + Millis::from_secs(20));
        Plan { seq, nonce_echo: state.nonce, ..plan_of(&self.field.intersection, intervals, at) }
    }

    fn violations(&mut self) -> String {
        self.monitor.finish();
        self.monitor.violations().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    fn refused(&mut self) -> Option<String> {
        self.give(FieldInput::Report);
        self.state.as_ref().and_then(|state| state.refused.clone())
    }
}

/// A bench whose controller obeys plan 1 and rests in north–south.
fn obeying() -> Bench {
    let mut bench = Bench::new(&crossroads());
    bench.run(10_000, 100);
    let legs = [Leg { to: sample::THROUGH_NS, leave: bench.now() }];
    let plan = bench.plan(1, &legs);
    bench.give(FieldInput::Plan(plan));
    bench.give(FieldInput::Tick);
    bench
}

#[test]
fn it_starts_all_red_and_then_runs_its_own_programme() {
    let mut bench = Bench::new(&crossroads());
    bench.run(2_999, 100);
    assert!(bench.lamps.iter().all(|lamps| lamps == "rrrrrrrr"));
    assert_eq!(bench.field.mode(), FieldMode::AllRed);
    bench.run(70_000, 100);
    assert_eq!(bench.changes, [(FieldMode::AllRed, FieldMode::LocalFixed)]);
    for stage in &crossroads().stages {
        assert!(bench.lamps.contains(&lamps_to_string(&stage.signals)), "{} was never shown", stage.id);
    }
    assert_eq!(bench.violations(), "");
}

#[test]
fn a_plan_is_obeyed_while_its_lease_runs_and_then_local_control_takes_over_smoothly() {
    let mut bench = obeying();
    assert_eq!(bench.field.mode(), FieldMode::Remote);
    let legs = [Leg { to: sample::THROUGH_EW, leave: bench.now() + Millis(2_000) }];
    let plan = bench.plan(2, &legs);
    bench.give(FieldInput::Plan(plan));
    assert_eq!(bench.refused(), None);
    bench.run(2_900, 100);
    assert_eq!(bench.field.mode(), FieldMode::Remote);
    assert_eq!(bench.lamps.last().map(String::as_str), Some("yyrryyrr"), "the change is under way");
    bench.run(20_000, 100);
    assert_eq!(bench.field.mode(), FieldMode::LocalFixed);
    assert_eq!(bench.violations(), "");
}

#[test]
fn the_ladder_follows_the_detectors_and_a_plan_leads_back_from_every_step() {
    let mut bench = obeying();
    bench.run(4_000, 100);
    assert_eq!(bench.field.mode(), FieldMode::LocalFixed);
    bench.call();
    bench.run(1_000, 100);
    assert_eq!(bench.field.mode(), FieldMode::LocalActuated);
    bench.run(11_000, 100);
    assert_eq!(bench.field.mode(), FieldMode::LocalFixed);
    let plan = bench.plan(2, &[]);
    bench.give(FieldInput::Plan(plan));
    assert_eq!((bench.field.mode(), bench.refused()), (FieldMode::Remote, None));
    bench.run(1_000, 100);
    assert_eq!(bench.violations(), "");
}

#[test]
fn old_replayed_foreign_and_unechoed_plans_are_refused_by_name() {
    let mut bench = obeying();
    let again = bench.plan(1, &[]);
    bench.give(FieldInput::Plan(again));
    assert_eq!(bench.refused().as_deref(), Some("old"));
    let good = bench.plan(5, &[]);
    bench.give(FieldInput::Plan(Plan { nonce_echo: good.nonce_echo ^ 1, ..good.clone() }));
    assert_eq!(bench.refused().as_deref(), Some("nonce"));
    bench.give(FieldInput::Plan(Plan { config_hash: "other".to_owned(), ..good.clone() }));
    assert_eq!(bench.refused().as_deref(), Some("config_hash"));
    bench.give(FieldInput::Plan(good.clone()));
    assert_eq!(bench.refused(), None);
    bench.give(FieldInput::Plan(Plan { epoch: 0, seq: 9, ..good }));
    assert_eq!(bench.refused().as_deref(), Some("old"));
    bench.give(FieldInput::Unreadable("not JSON".to_owned()));
    assert_eq!(bench.refused().as_deref(), Some("unreadable"));
    assert_eq!(bench.field.mode(), FieldMode::Remote);
}

#[test]
fn a_plan_that_begins_a_little_ahead_of_the_own_clock_waits_until_it_begins() {
    let mut bench = obeying();
    let early = |bench: &mut Bench, seq, ms| {
        let mut plan = bench.plan(seq, &[]);
        plan.issued = plan.issued + Millis(ms);
        plan.intervals[0].start = plan.intervals[0].start + Millis(ms);
        bench.give(FieldInput::Plan(plan));
    };
    early(&mut bench, 2, 400);
    assert_eq!((bench.field.applied().map(|it| it.seq), bench.refused()), (Some(1), None));
    bench.run(500, 100);
    assert_eq!(bench.field.applied().map(|it| it.seq), Some(2));
    early(&mut bench, 3, 1_001);
    assert!(bench.refused().is_some(), "too far ahead");
    assert_eq!(bench.violations(), "");
}

#[test]
fn after_a_power_failure_everybody_may_be_on_the_way_and_clears_first() {
    let mut slow = crossroads();
    slow.intergreens.iter_mut().filter(|it| it.0 > 0).for_each(|it| *it = Millis(9_000));
    let first_green = |settings: FieldSettings| {
        let mut field = Field::new(&slow, settings, 1);
        (0..200).map(|tick| tick * 100).find(|&ms| {
            let outputs = field.handle(FieldInput::Tick, Timestamp(ORIGIN + ms));
            outputs.iter().any(|it| matches!(it, FieldOutput::Lamps(lamps) if lamps.iter().any(|lamp| lamp.is_green())))
        })
    };
    assert_eq!(first_green(FieldSettings::default()), Some(9_000));
    assert_eq!(first_green(FieldSettings { starts_empty: true, ..FieldSettings::default() }), Some(3_000));
}

#[test]
fn an_engine_that_is_lost_again_and_again_is_obeyed_again_only_when_it_stays() {
    let mut bench = obeying();
    let mut seq = 1;
    let mut hear = |bench: &mut Bench| {
        seq += 1;
        let plan = bench.plan(seq, &[]);
        bench.give(FieldInput::Plan(plan));
        bench.run(1_000, 100);
    };
    for _ in 0..2 {
        bench.run(5_000, 100);
        assert_eq!(bench.field.mode(), FieldMode::LocalFixed);
        hear(&mut bench);
    }
    assert_eq!((bench.field.mode(), bench.refused().as_deref()), (FieldMode::LocalFixed, Some("held_off")));
    let held = (0..100).find(|_| {
        hear(&mut bench);
        bench.field.mode() == FieldMode::Remote
    });
    assert!(held.is_some_and(|seconds| (10..=12).contains(&seconds)), "{held:?}");
    assert_eq!(bench.violations(), "");
}

#[test]
fn a_nonce_is_forgotten_after_a_few_more() {
    let mut bench = obeying();
    let late = bench.plan(2, &[]);
    for _ in 0..8 {
        bench.give(FieldInput::Report);
    }
    bench.give(FieldInput::Plan(late));
    assert_eq!(bench.refused().as_deref(), Some("nonce"));
}

#[test]
fn nobody_is_obeyed_during_start_up() {
    let mut bench = Bench::new(&crossroads());
    bench.run(1_000, 100);
    let legs = [Leg { to: sample::THROUGH_NS, leave: bench.now() }];
    let plan = bench.plan(1, &legs);
    bench.give(FieldInput::Plan(plan));
    assert_eq!(bench.refused().as_deref(), Some("not_ready"));
}

#[test]
fn a_clock_that_is_set_makes_no_interval_shorter() {
    for jump in [-3_600_000, -5_000, 5_000, 3_600_000] {
        let mut bench = obeying();
        bench.run(6_000, 100);
        let legs = [Leg { to: sample::LEFT_EW, leave: bench.now() }];
        let plan = bench.plan(2, &legs);
        bench.give(FieldInput::Plan(plan));
        bench.run(1_000, 100);
        bench.clock += jump;
        bench.run(60_000, 100);
        assert_eq!(bench.violations(), "", "after a jump of {jump} ms");
        assert_ne!(bench.field.mode(), FieldMode::Remote);
    }
}

#[test]
fn a_leap_of_the_clock_that_looks_like_time_that_passed_shortens_an_interval_only_if_nobody_tells() {
    let violations = |jump: i64, after: i64, told: bool| {
        let mut bench = obeying();
        bench.run(6_000, 100);
        let legs = [Leg { to: sample::LEFT_EW, leave: bench.now() }];
        let plan = bench.plan(2, &legs);
        bench.give(FieldInput::Plan(plan));
        bench.run(after, 100);
        bench.clock += jump;
        if told {
            bench.field.clock_was_set(Millis(jump));
        }
        bench.run(40_000, 100);
        bench.violations()
    };
    for (jump, after) in [-900, 100, 800, 1_900].into_iter().flat_map(|jump| (0..10).map(move |it| (jump, 500 * it))) {
        assert_eq!(violations(jump, after, true), "", "{jump} ms after {after} ms");
    }
    assert_ne!(violations(1_900, 1_000, false), "");
}

#[test]
fn who_lays_out_from_the_instant_of_his_plan_is_not_refused_because_the_tick_came_later() {
    let mut bench = obeying();
    bench.run(6_030, 100);
    let legs = [Leg { to: sample::LEFT_EW, leave: bench.now() + Millis(40) }];
    let first = bench.plan(2, &legs);
    let yellow =
        first.intervals.iter().find(|it| it.kind == IntervalKind::Yellow).expect("a change has a yellow").start;
    bench.give(FieldInput::Plan(first.clone()));
    bench.run(1_000, 100);
    let shown = bench.state.clone().expect("it has reported");
    assert_ne!((bench.now() - yellow).0 % 100, 0, "no tick at the instant of the plan");
    let second = Plan { seq: 3, nonce_echo: shown.nonce, issued: bench.now(), ..first };
    bench.give(FieldInput::Plan(second));
    assert_eq!((bench.refused(), bench.field.mode()), (None, FieldMode::Remote));
    bench.run(2_900, 100);
    assert_eq!(bench.violations(), "");
}

#[test]
fn local_control_that_can_show_nothing_legal_flashes_and_tries_again() {
    let mut broken = crossroads();
    broken.stages[0].signals = broken.stages[0].signals.iter().map(|_| Indication::Protected).collect();
    let mut bench = Bench::new(&broken);
    bench.run(60_000, 100);
    assert!(bench.changes.contains(&(FieldMode::LocalFixed, FieldMode::Flash)));
    assert!(bench.changes.contains(&(FieldMode::Flash, FieldMode::AllRed)));
    assert_eq!(bench.monitor.count(simulator::monitor::Kind::Conflict), 0);
}

/// Something that happens to a field controller.
#[derive(Debug, Clone)]
enum Event {
    Ticks(u8, i64),
    Calls(Vec<Option<bool>>),
    GoodPlan(Vec<(usize, i64)>),
    BentPlan(Vec<(usize, i64)>, usize, i64),
    WildPlan(Vec<(usize, i64, Vec<u8>)>),
    Replay,
    Clock(i64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let legs = || prop::collection::vec((0..6_usize, 0..8_000_i64), 0..3);
    let wild = prop::collection::vec((0..6_usize, 1..9_000_i64, prop::collection::vec(0..8_u8, 7)), 1..6);
    let jump = prop_oneof![-7_200_000..-1_i64, 3_000..7_200_000_i64];
    let event = prop_oneof![
        8 => (1..40_u8, prop_oneof![Just(100_i64), 1..1_400_i64]).prop_map(|(count, ms)| Event::Ticks(count, ms)),
        1 => prop::collection::vec(prop::option::weighted(0.9, any::<bool>()), 7).prop_map(Event::Calls),
        4 => legs().prop_map(Event::GoodPlan),
        3 => (legs(), 0..8_usize, -3_000..3_000_i64).prop_map(|(legs, which, by)| Event::BentPlan(legs, which, by)),
        2 => wild.prop_map(Event::WildPlan),
        1 => Just(Event::Replay),
        1 => jump.prop_map(Event::Clock),
    ];
    prop::collection::vec(event, 1..60)
}

impl Bench {
    fn legs(&self, legs: &[(usize, i64)]) -> Vec<Leg> {
        let stages = self.field.intersection.stages.len();
        legs.iter().map(|&(to, wait)| Leg { to: StageIx(to % stages), leave: self.now() + Millis(wait) }).collect()
    }

    fn wild(&mut self, seq: u64, parts: &[(usize, i64, Vec<u8>)]) -> Plan {
        let mut plan = self.plan(seq, &[]);
        let mut start = plan.issued;
        plan.intervals = Vec::new();
        let count = self.field.intersection.groups.len();
        for (stage, ms, letters) in parts {
            let lamp = |letter: &u8| Indication::ALL[usize::from(*letter)];
            let signals: Vec<Indication> = letters.iter().take(count).map(lamp).collect();
            let yellow = signals.contains(&Indication::Yellow);
            let kind = if yellow { crate::plan::IntervalKind::Yellow } else { crate::plan::IntervalKind::AllRed };
            let end = start + Millis(*ms);
            plan.intervals.push(Interval { stage: StageIx(*stage), start, end, kind, signals });
            start = end;
        }
        plan
    }

    fn meet(&mut self, event: &Event, seq: u64, last: &mut Option<Plan>) {
        match event {
            Event::Ticks(count, ms) => self.run(i64::from(*count) * ms, *ms),
            Event::Calls(lanes) => {
                let lanes = lanes.iter().copied().take(self.field.intersection.lanes.len()).collect();
                self.give(FieldInput::Calls(Calls { lanes }));
            }
            Event::Clock(by) => self.clock += by,
            Event::Replay => {
                if let Some(plan) = last.clone() {
                    self.give(FieldInput::Plan(plan));
                }
            }
            Event::GoodPlan(legs) | Event::BentPlan(legs, ..) => {
                let legs = self.legs(legs);
                let mut plan = self.plan(seq, &legs);
                if let Event::BentPlan(_, which, by) = event {
                    let which = which % plan.intervals.len().max(1);
                    if let Some(interval) = plan.intervals.get_mut(which) {
                        interval.end = interval.end + Millis(*by);
                        let end = interval.end;
                        if let Some(next) = plan.intervals.get_mut(which + 1) {
                            next.start = end;
                        }
                    }
                }
                *last = Some(plan.clone());
                self.give(FieldInput::Plan(plan));
            }
            Event::WildPlan(parts) => {
                let plan = self.wild(seq, parts);
                self.give(FieldInput::Plan(plan));
            }
        }
    }
}

fn survive(recipe: &Recipe, events: &[Event]) -> (String, Vec<(FieldMode, String)>) {
    let intersection = recipe.build();
    let mut bench = Bench::new(&intersection);
    let mut last = None;
    bench.run(4_000, 100);
    for (seq, event) in (1..).zip(events) {
        bench.meet(event, seq, &mut last);
    }
    bench.run(5_000, 100);
    (bench.violations(), bench.changes.iter().map(|&(_, to)| to).zip(bench.reasons.clone()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn whatever_it_is_fed_the_lamps_are_safe_at_every_tick(recipe in recipe(), events in events()) {
        let (violations, modes) = survive(&recipe, &events);
        prop_assert_eq!(violations, "");
        prop_assert!(!modes.iter().any(|(to, _)| *to == FieldMode::Flash), "it flashed: {:?}", modes);
    }
}
