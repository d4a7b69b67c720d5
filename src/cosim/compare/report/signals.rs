//! Signals of one run beside those of another: time–space diagrams, Purdue coordination diagrams, split monitors.
//!
//! Drawn by what draws them for recordings ([`crate::measure`]); here they are of what the observer saw, so the street's own
//! programmes, in which no engine has a part, can be drawn as well.

use super::charts::short;
use super::words::{figure, safe};
use crate::cosim::compare::study::{Cell, MovementChange, Verdict};
use crate::cosim::experiment::outcome::{Cycles, Detail, OfMovement, Outcome};
use crate::measure::atspm::phase::{Phase, Point};
use crate::measure::atspm::report::OfPhase;
use crate::measure::atspm::service::{Service, Termination};
use crate::measure::atspm::svg::{self, Size};
use crate::measure::{Trace, time_space_svg};
use crate::time::{Millis, Timestamp};

/// Size of a diagram in the report.
const SIZE: Size = Size { width: 760.0, height: 250.0 };
/// Movements that are drawn.
const MOVEMENTS: usize = 2;

/// Diagrams of the drawn runs of two controllers, and which run it was; empty where none was kept.
pub fn section(base: &Cell<'_>, own: &Cell<'_>, changes: &[MovementChange]) -> String {
    let drawn = |cell: &Cell<'_>| cell.runs.values().find_map(|run| Some((*run).clone()).zip(run.detail.clone()));
    let Some((one, other)) = drawn(base).zip(drawn(own)) else { return String::new() };
    let same = base.controller == own.controller;
    let runs: Vec<&(Outcome, Detail)> = if same { vec![&one] } else { vec![&one, &other] };
    let mut html = format!(
        "<h3>Signals at work</h3>\n<p>One run each, seed {}, demand × {}: {}.</p>\n",
        one.0.seed,
        one.0.demand,
        safe(&runs.iter().map(|it| it.0.controller.name()).collect::<Vec<_>>().join(" and "))
    );
    html += &time_space(&runs);
    for movement in chosen(changes, &runs) {
        html += &diagrams(&runs, movement);
    }
    html
}

fn time_space(runs: &[&(Outcome, Detail)]) -> String {
    let mut diagrams: Vec<(String, &Trace)> = Vec::new();
    let directions = runs.iter().map(|it| it.1.traces.len()).min().unwrap_or(0);
    for direction in 0..directions {
        for (outcome, detail) in runs {
            let trace = &detail.traces[direction];
            let (Some(first), Some(last)) = (trace.stops.first(), trace.stops.last()) else { continue };
            let title = format!("{}: {} → {}", outcome.controller.name(), first.name, last.name);
            diagrams.push((title, trace));
        }
    }
    let name = |(title, trace): &(String, &Trace)| {
        let named = [(title.as_str(), *trace)];
        time_space_svg::draw_wide(&named, SIZE.width)
    };
    let drawn = diagrams.iter().map(|it| figure(&name(it), "")).collect::<String>();
    if drawn.is_empty() {
        return String::new();
    }
    let caption = "Time–space diagrams along the longest straight chain of signals, ten minutes in the middle of the run. Bars are lamps of the \
                   through movement; a light band joins greens that a vehicle at free speed can use one after the other; blue lines are vehicles.";
    format!("{drawn}<p class=\"caption\">{caption}</p>\n")
}

/// The busiest movement, and the one that loses most; each must have been kept in all runs.
fn chosen(changes: &[MovementChange], runs: &[&(Outcome, Detail)]) -> Vec<usize> {
    let kept = |at: usize| {
        runs.iter().all(|it| it.1.cycles.iter().any(|cycles| cycles.movement == at && !cycles.services.is_empty()))
    };
    let mut known: Vec<&MovementChange> = changes.iter().filter(|it| kept(it.at)).collect();
    known.sort_by(|a, b| b.vehicles.total_cmp(&a.vehicles).then(a.at.cmp(&b.at)));
    let mut found: Vec<usize> = known.first().map(|it| it.at).into_iter().collect();
    let loss = |it: &&&MovementChange| {
        let rank = if it.verdict == Verdict::Worse { 1e6 } else { 0.0 };
        rank + it.difference_s.map_or(f64::MIN, |interval| interval.mean)
    };
    let others = known.iter().skip(1).filter(|it| it.verdict != Verdict::Few);
    found.extend(others.max_by(|a, b| loss(a).total_cmp(&loss(b))).map(|it| it.at));
    found.truncate(MOVEMENTS);
    found
}

fn diagrams(runs: &[&(Outcome, Detail)], movement: usize) -> String {
    let name = runs.first().map(|it| it.0.movements[movement].name()).unwrap_or_default();
    let mut html = format!("<h4>{}</h4>\n", safe(&name));
    for (outcome, detail) in runs {
        let Some(cycles) = detail.cycles.iter().find(|it| it.movement == movement) else { continue };
        let drawn = as_phase(outcome, &outcome.movements[movement], cycles);
        html += &figure(&svg::coordination(&drawn, SIZE), "");
        html += &figure(&svg::splits(&drawn, SIZE), "");
    }
    let caption = "Purdue coordination diagram: each arrival at the time since the begin of red; points above the green line arrive on green. Split \
                   monitor: length of each split, its colour how the green ended (gap_out: nobody within 50 m any more; force_off: it was \
                   still in use).";
    html + &format!("<p class=\"caption\">{caption}</p>\n")
}

/// What was seen of a movement, as the drawing of a phase wants it.
fn as_phase(outcome: &Outcome, movement: &OfMovement, cycles: &Cycles) -> OfPhase {
    let at = Timestamp::from_secs;
    let service = |it: &crate::cosim::experiment::outcome::Served| Service {
        red_before: it.red_before.map(at),
        green: at(it.green),
        yellow: at(it.yellow),
        red: at(it.red),
        cleared: at(it.red),
        termination: if it.used { Termination::ForceOff } else { Termination::GapOut },
        occupancy: Some(it.occupied),
    };
    let point = |&(second, in_cycle, on_green): &(i64, i64, bool)| Point {
        at: at(second),
        in_cycle: Millis::from_secs(in_cycle),
        on_green,
    };
    let mut phase = Phase::default();
    phase.services = cycles.services.iter().map(service).collect();
    // Beyond the last service nobody knows the cycle.
    let until = cycles.services.last().map_or(i64::MIN, |it| it.red);
    phase.points = cycles.points.iter().filter(|it| it.0 <= until).map(point).collect();
    let name = format!("{} {}", short(&movement.approach, 18), movement.turn);
    let signal = format!("{}, {}", outcome.controller.name(), short(&movement.intersection, 24));
    OfPhase { signal, number: 0, name, phase }
}
