//! Controller and field controller in a closed loop over a small street, judged by the monitor.

use lightwatch::controller::{Controller, Input, Output, Settings, Strategy};
use lightwatch::estimate::{CountedPlace, EntryRoom, Observation, Outflow, PlaceCount};
use lightwatch::field::{Calls, Field, FieldInput, FieldOutput, FieldSettings};
use lightwatch::ids::{GroupIx, LaneIx, StageIx};
use lightwatch::network::file::NetworkFile;
use lightwatch::network::{Conflict, Intersection, Network};
use lightwatch::optimize;
use lightwatch::plan::{Action, Command, Decision, FieldMode, Mode};
use lightwatch::time::{Millis, Timestamp};
use lightwatch::units::{Indication, lamps_to_string};
use simulator::monitor::{Kind, Monitor, MonitorTable};
use std::fmt::Write;
use std::sync::Arc;

/// Stage of the protected left turns from east and west.
const LEFT_EW: StageIx = StageIx(3);

/// A crossroads of four legs (north, east, south, west), each with a through lane and a left-turn lane, and a group for
/// each lane. Opposed throughs with permissive lefts, then their protected lefts. Yellow 3 s, red clearance 1 s.
fn crossroads() -> Intersection {
    let mut text = "city = \"test\"\n[[intersections]]\nid = \"crossroads\"\n".to_owned();
    for leg in 0..4 {
        let lane = |ix| {
            format!(
                "{{ id = \"in{leg}_{ix}\", length_m = 300.0, zone_m = 200.0, speed_mps = 13.89, is_source = true }}"
            )
        };
        write!(text, "[[intersections.approaches]]\nid = \"in{leg}\"\nlanes = [{}, {}]\n", lane(0), lane(1)).unwrap();
        write!(text, "[[intersections.exits]]\nid = \"out{leg}_0\"\nlink = \"out{leg}\"\nlength_m = 200.0\n").unwrap();
    }
    for group in 0..8 {
        let (leg, left) = (group / 2, group % 2);
        let exit = (leg + if left == 1 { 1 } else { 2 }) % 4;
        let turn = if left == 1 { "left" } else { "through" };
        let opposed = 2 * ((leg + 2) % 4);
        let yields = if left == 1 { format!("\"m{opposed}\"") } else { String::new() };
        write!(
            text,
            "[[intersections.groups]]\nid = \"g{group}\"\nchange_ms = 3000\ngreen_min_ms = 5000\n\
             [[intersections.movements]]\nid = \"m{group}\"\nlane = \"in{leg}_{left}\"\ngroup = \"g{group}\"\n\
             exit = \"out{exit}_0\"\nturn = \"{turn}\"\nyields_to = [{yields}]\n"
        )
        .unwrap();
    }
    for (a, b) in (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b))) {
        let opposed = b / 2 - a / 2 == 2;
        let crossing = (b / 2 - a / 2) % 2 == 1;
        let one_turns_left = opposed && a % 2 != b % 2;
        if crossing || one_turns_left {
            write!(
                text,
                "[[intersections.conflicts]]\nbetween = [\"g{a}\", \"g{b}\"]\nred_clearance_ms = [1000, 1000]\n\
                 yields = [{}, {}]\n",
                one_turns_left && a % 2 == 1,
                one_turns_left && b % 2 == 1
            )
            .unwrap();
        }
    }
    let stages =
        [("through-ns", "GgrrGgrr"), ("left-ns", "rGrrrGrr"), ("through-ew", "rrGgrrGg"), ("left-ew", "rrrGrrrG")];
    for (id, signals) in stages {
        write!(text, "[[intersections.stages]]\nid = \"{id}\"\nsignals = \"{signals}\"\n").unwrap();
    }
    text.push_str("[intersections.programme]\nsteps = [\n");
    for (id, green) in [("through-ns", 20), ("left-ns", 6), ("through-ew", 20), ("left-ew", 6)] {
        writeln!(text, "{{ stage = \"{id}\", green_ms = {green}000 }},").unwrap();
    }
    text.push_str("]\n");
    let file = NetworkFile::from_toml(&text, "crossroads").unwrap_or_else(|problems| panic!("{problems}"));
    let network = Network::build(file).unwrap_or_else(|problems| panic!("{problems}"));
    network.intersections.into_iter().next().unwrap()
}

/// The monitor's own table of it.
fn monitor_table(intersection: &Intersection) -> MonitorTable {
    let mut table = MonitorTable {
        groups: 8,
        min_yellow_ms: 3_000,
        min_green_ms: 5_000,
        max_red_ms: Some(125_000),
        ..MonitorTable::default()
    };
    for (a, b) in (0..8).flat_map(|a| (0..8).map(move |b| (a, b))) {
        match intersection.conflicts.between(GroupIx(a), GroupIx(b)) {
            Conflict::None => continue,
            Conflict::Yields => table.yields.push((a, b)),
            Conflict::Crossing => {}
        }
        table.clearance_ms.insert((a, b), 4_000);
        if a < b {
            table.conflicts.push((a, b));
        }
    }
    table
}

/// A street of vertical queues, an engine and a field controller.
pub struct Bench {
    pub intersection: Arc<Intersection>,
    pub controller: Controller,
    field: Field,
    pub monitor: Monitor,
    /// Arrivals \[veh/s\] per lane.
    arrivals: Vec<f64>,
    pub queues: Vec<f64>,
    passed: Vec<f64>,
    pub lamps: Vec<Indication>,
    pub now: i64,
    /// What the engine said, with the mode of the field controller at each report.
    pub outputs: Vec<Output>,
    modes: Vec<FieldMode>,
    refusals: Vec<String>,
    hears_counts: bool,
    runs: bool,
}

impl Bench {
    pub fn new(strategy: Strategy, arrivals: [f64; 8]) -> Self {
        Self::with(Settings { strategy, ..Settings::default() }, arrivals)
    }

    fn with(settings: Settings, arrivals: [f64; 8]) -> Self {
        // a small budget: what is tested here is everything around the search
        let search = optimize::Settings { labels_max: 400, horizon_s: 30, ..settings.search };
        let settings = Settings { search, ..settings };
        let intersection = Arc::new(crossroads());
        let mut monitor = Monitor::new();
        monitor.watch("x", monitor_table(&intersection));
        Self {
            controller: Controller::new(Arc::clone(&intersection), &[], settings),
            field: Field::new(&intersection, FieldSettings::default(), 3),
            monitor,
            arrivals: arrivals.to_vec(),
            queues: vec![0.0; 8],
            passed: vec![0.0; 8],
            lamps: vec![Indication::Red; 8],
            now: 0,
            outputs: Vec::new(),
            modes: Vec::new(),
            refusals: Vec::new(),
            hears_counts: true,
            runs: true,
            intersection,
        }
    }

    pub fn at(&self) -> Timestamp {
        Timestamp(self.now)
    }

    fn counts(&self) -> Observation {
        let place = |lane: usize| {
            let count = self.queues[lane] as u32;
            let halted = if self.lamps[lane].is_green() { 0 } else { count };
            let (place, passed) = (CountedPlace::Lane(LaneIx(lane)), self.passed[lane] as u32);
            PlaceCount { place, count, halted, passed, occupancy: None, mean_speed_mps: None }
        };
        let seq = (self.now / 1000) as u64;
        Observation { at: self.at(), seq, period: Millis(1_000), places: (0..8).map(place).collect() }
    }

    fn tell_field(&mut self, input: FieldInput) {
        for output in self.field.handle(input, Timestamp(self.now)) {
            match output {
                FieldOutput::Lamps(lamps) => {
                    self.monitor.observe("x", self.now, &lamps_to_string(&lamps));
                    self.lamps = lamps;
                }
                FieldOutput::State(state) => {
                    self.modes.push(state.mode);
                    self.refusals.extend(state.refused.clone());
                    if self.runs {
                        self.tell_engine(Input::State(state));
                    }
                }
                FieldOutput::ModeChange { .. } => {}
            }
        }
    }

    pub fn tell_engine(&mut self, input: Input) {
        for output in self.controller.handle(input, Timestamp(self.now)) {
            if let Output::Publish(plan) = &output {
                self.tell_field(FieldInput::Plan(plan.clone()));
            }
            self.outputs.push(output);
        }
    }

    /// Report, counts, decision; lamps as often as asked; the street moves on.
    fn second(&mut self, tick: i64) {
        self.tell_field(FieldInput::Report);
        let calls = self.queues.iter().map(|&queue| Some(queue >= 1.0)).collect();
        self.tell_field(FieldInput::Calls(Calls { lanes: calls }));
        if self.runs {
            if self.hears_counts {
                self.tell_engine(Input::Counts(self.counts()));
            }
            self.tell_engine(Input::Tick);
        }
        let end = self.now + 1_000;
        while self.now < end {
            self.tell_field(FieldInput::Tick);
            self.now += tick;
        }
        for lane in 0..8 {
            let queue = self.queues[lane] + self.arrivals[lane];
            let served = if self.lamps[lane].is_green() { queue.min(0.5) } else { 0.0 };
            self.passed[lane] = (queue.floor() - (queue - served).floor()).max(0.0);
            self.queues[lane] = queue - served;
        }
        let waits: Vec<bool> = (0..8).map(|lane| self.queues[lane] >= 1.0).collect();
        self.monitor.waiting("x", &waits);
    }

    pub fn run(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.second(1_000);
        }
    }

    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.outputs.iter().filter_map(|output| if let Output::Decision(it) = output { Some(it) } else { None })
    }

    fn alarms(&self, code: &str) -> usize {
        let is = |output: &&Output| matches!(output, Output::Alarm(alarm) if alarm.code == code);
        self.outputs.iter().filter(is).count()
    }

    /// No violation, no own plan refused by either gate, remote from the fifth second on.
    pub fn assert_sound(&mut self) {
        self.monitor.finish();
        let violations: Vec<String> = self.monitor.violations().iter().map(ToString::to_string).collect();
        assert!(violations.is_empty(), "{violations:?}");
        assert_eq!(self.alarms("gate_refused"), 0);
        assert!(self.refusals.iter().all(|why| why == "not_ready"), "{:?}", self.refusals);
        assert!(self.modes[5..].iter().all(|&mode| mode == FieldMode::Remote));
    }
}

/// Moderate demand on every lane.
pub const BALANCED: [f64; 8] = [0.12, 0.04, 0.1, 0.03, 0.11, 0.04, 0.09, 0.03];
/// One road takes everything; one vehicle every five minutes wants to turn left from the other.
pub const LOPSIDED: [f64; 8] = [0.6, 0.0, 0.0, 0.0034, 0.5, 0.0, 0.0, 0.0];

pub fn strategies() -> [Strategy; 4] {
    [Strategy::Adaptive, Strategy::FixedTime, Strategy::Greedy, Strategy::MaxPressure]
}

#[test]
fn every_strategy_runs_ten_minutes_without_a_violation_and_serves_its_demand() {
    for strategy in strategies() {
        let mut bench = Bench::new(strategy.clone(), BALANCED);
        bench.run(600);
        bench.assert_sound();
        let left: f64 = bench.queues.iter().sum();
        assert!(left < 60.0, "{strategy:?} left {left} vehicles");
    }
}

#[test]
fn no_strategy_starves_the_one_vehicle_that_nobody_else_would_serve() {
    for strategy in strategies() {
        let mut bench = Bench::new(strategy, LOPSIDED);
        bench.run(700);
        bench.assert_sound();
        assert!(bench.queues[3] < 2.0);
    }
}

#[test]
fn the_maximum_red_holds_when_every_lane_is_saturated() {
    for strategy in strategies() {
        let mut bench = Bench::new(strategy, [0.3; 8]);
        bench.run(500);
        bench.assert_sound();
    }
}

#[test]
fn with_a_commit_lead_and_fine_ticks_no_plan_is_refused() {
    for strategy in strategies() {
        let settings = Settings { strategy, commit_lead: Millis(500), ..Settings::default() };
        let mut bench = Bench::with(settings, BALANCED);
        for _ in 0..200 {
            bench.second(100);
        }
        bench.assert_sound();
    }
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let run = || {
        let mut bench = Bench::new(Strategy::Adaptive, BALANCED);
        bench.run(200);
        bench.outputs
    };
    assert!(run() == run());
}

#[test]
fn lost_counts_degrade_then_lead_to_the_programme_and_healthy_ones_lead_back() {
    let mut bench = Bench::new(Strategy::Adaptive, BALANCED);
    bench.run(60);
    assert_eq!(bench.controller.mode(), Mode::Adaptive);
    bench.hears_counts = false;
    bench.run(12);
    assert_eq!(bench.controller.mode(), Mode::Degraded);
    bench.run(60);
    assert_eq!(bench.controller.mode(), Mode::FixedTime);
    bench.hears_counts = true;
    bench.run(2);
    assert_eq!(bench.controller.mode(), Mode::Degraded);
    bench.run(40);
    assert_eq!(bench.controller.mode(), Mode::Adaptive);
    assert_eq!(bench.alarms("counts_stale"), 2, "raised once, cleared once");
    bench.assert_sound();
}

#[test]
fn an_engine_that_falls_silent_is_left_and_taken_back_without_a_violation() {
    let mut bench = Bench::new(Strategy::Adaptive, BALANCED);
    bench.run(100);
    bench.runs = false;
    bench.run(47);
    assert_eq!(bench.modes.last(), Some(&FieldMode::LocalActuated));
    bench.runs = true;
    bench.run(30);
    assert_eq!(bench.modes.last(), Some(&FieldMode::Remote));
    bench.monitor.finish();
    assert_eq!(bench.monitor.total(), 0, "{:?}", bench.monitor.violations());
}

fn command(bench: &Bench, action: Action, seconds: i64) -> Command {
    Command {
        intersection: bench.intersection.id.clone(),
        id: "c1".to_owned(),
        at: bench.at(),
        expires: bench.at() + Millis::from_secs(seconds),
        operator: "somebody".to_owned(),
        reason: None,
        action,
    }
}

#[test]
fn an_operator_holds_a_stage_until_it_expires_and_nobody_starves_meanwhile() {
    let mut bench = Bench::new(Strategy::Adaptive, BALANCED);
    bench.run(60);
    let hold = command(&bench, Action::Stage(LEFT_EW), 300);
    bench.tell_engine(Input::Command(hold));
    assert!(matches!(bench.outputs.last(), Some(Output::Result(result)) if result.accepted));
    bench.run(40);
    assert_eq!(bench.controller.mode(), Mode::Manual);
    assert_eq!(bench.decisions().last().map(|it| it.chosen), Some(LEFT_EW));
    bench.run(270);
    assert_ne!(bench.controller.mode(), Mode::Manual);
    bench.assert_sound();
    assert_eq!(bench.monitor.count(Kind::Starved), 0);
}

#[test]
fn a_call_is_served_once_and_ends_by_itself() {
    let mut bench = Bench::new(Strategy::Adaptive, BALANCED);
    bench.run(60);
    let call = command(&bench, Action::Call(LEFT_EW), 300);
    bench.tell_engine(Input::Command(call));
    assert!(matches!(bench.outputs.last(), Some(Output::Result(result)) if result.accepted));
    bench.run(1);
    assert_eq!(bench.controller.held(bench.at()).map(|(action, _)| action), Some(Action::Call(LEFT_EW)));
    let called = bench.decisions().count();
    bench.run(60);
    assert!(bench.decisions().skip(called).any(|it| it.chosen == LEFT_EW && it.mode == Mode::Manual));
    assert_eq!(bench.controller.held(bench.at()), None);
    bench.run(40);
    assert_eq!(bench.controller.mode(), Mode::Adaptive);
    bench.assert_sound();
}

#[test]
fn stale_and_impossible_commands_are_refused_with_the_reason() {
    let mut bench = Bench::new(Strategy::Adaptive, BALANCED);
    bench.run(10);
    for (action, seconds) in [(Action::FixedTime, 0), (Action::Stage(StageIx(4)), 60)] {
        let refused = command(&bench, action, seconds);
        bench.tell_engine(Input::Command(refused));
        assert!(matches!(bench.outputs.last(), Some(Output::Result(result)) if !result.accepted));
    }
    bench.run(1);
    assert_eq!(bench.controller.mode(), Mode::Adaptive);
}

#[test]
fn greedy_and_max_pressure_change_only_at_decision_instants() {
    for strategy in [Strategy::Greedy, Strategy::MaxPressure] {
        let mut bench = Bench::new(strategy, BALANCED);
        let mut changes = 0;
        for _ in 0..600 {
            let before = bench.lamps.clone();
            let second = bench.now / 1000;
            bench.second(1_000);
            let ended = before.iter().zip(&bench.lamps).any(|(a, b)| a.is_green() && *b == Indication::Yellow);
            if ended && second > 10 {
                changes += 1;
                assert_eq!(second % 10, 0, "a change began at {second} s");
            }
        }
        assert!(changes > 10);
    }
}

#[test]
fn a_word_of_a_neighbour_counts_from_the_next_instant_on_in_whatever_order_it_comes() {
    let word = |secs: i64, queued: f64| Outflow {
        intersection: "other".into(),
        at: Timestamp::from_secs(secs),
        links: Vec::new(),
        entries: vec![EntryRoom {
            approach: "out0".into(),
            vehicles: queued,
            queued,
            storage: 20.0,
            moves_in: None,
            entered: None,
        }],
    };
    let run = |early: bool| {
        let mut bench = Bench::new(Strategy::MaxPressure, BALANCED);
        for secs in 0..60 {
            if early {
                bench.tell_engine(Input::Outflow(word(secs, (secs % 20) as f64)));
            }
            bench.second(1_000);
            if !early {
                // the same word, but after the decision of its instant
                let at = bench.now;
                bench.now -= 1_000;
                bench.tell_engine(Input::Outflow(word(secs, (secs % 20) as f64)));
                bench.now = at;
            }
        }
        bench.outputs
    };
    assert!(run(true) == run(false));
}
