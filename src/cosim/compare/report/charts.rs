//! The charts of a place: delay by demand, queues over time, cumulative curves, movements side by side.

use super::plot::{Plot, class, minutes};
use super::words::{clock, figure, number, safe};
use crate::cosim::compare::measures::measure;
use crate::cosim::compare::study::{Cell, MovementChange, Study, Verdict};
use crate::cosim::controller_name::ControllerName;
use crate::cosim::experiment::outcome::{BIN_S, bins_s};
use std::fmt::Write as _;

const HEIGHT: f64 = 250.0;
/// Movements in one drawing.
const MOVEMENTS: usize = 14;

/// A figure of every controller over the demands, with 95 % intervals.
pub fn by_demand(study: &Study<'_>, place: &str, key: &str) -> String {
    let demands = study.demands(place);
    let cells: Vec<Vec<Cell<'_>>> = demands.iter().map(|demand| study.cells(place, *demand)).collect();
    let Some(of) = measure(key) else { return String::new() };
    let top = cells.iter().flatten().filter_map(|it| it.interval(key));
    let top = top.map(|it| it.mean + if it.half.is_finite() { it.half } else { 0.0 }).fold(0.0, f64::max);
    let unit = if of.unit.is_empty() { String::new() } else { format!(" [{}]", of.unit) };
    let mut plot = Plot::new(&format!("{}{unit}", of.title), HEIGHT, (0.0, demands.len() as f64), (0.0, top));
    for (at, cells) in cells.iter().enumerate() {
        for (k, cell) in cells.iter().enumerate() {
            let x = at as f64 + (k as f64 + 1.0) / (cells.len() as f64 + 1.0);
            if let Some(it) = cell.interval(key) {
                plot.dot(class(cell.controller), x, it.mean, it.half);
            }
        }
    }
    let marks = demands.iter().enumerate().map(|(at, it)| (at as f64 + 0.5, format!("demand × {it}")));
    plot.marks(&marks.collect::<Vec<_>>());
    let caption = format!("{}: mean over the seeds with its 95 % interval.", of.title);
    figure(&plot.finish(), &caption)
}

/// Vehicles in the queues of all signals, minute by minute.
pub fn queues(cells: &[Cell<'_>]) -> String {
    let lines: Vec<_> = cells.iter().map(|it| (it, it.profile(|run| run.profile.queue_veh.clone()))).collect();
    let top = lines.iter().flat_map(|(_, line)| line).copied().fold(0.0, f64::max);
    let Some((from, to)) = period(cells) else { return String::new() };
    let mut plot =
        Plot::new("queue profile: vehicles in the queues of all signals", HEIGHT, (from as f64, to as f64), (0.0, top));
    for (cell, line) in &lines {
        let points = line.iter().enumerate().map(|(at, it)| ((from + bins_s(at) + BIN_S / 2) as f64, *it));
        plot.line(class(cell.controller), points);
    }
    times(&mut plot, from, to);
    figure(&plot.finish(), "Queue profile: mean of each minute over the seeds.")
}

/// Cumulative vehicles that wanted to depart and that arrived: the area between two lines is vehicle-time in the system.
pub fn cumulative(cells: &[Cell<'_>]) -> String {
    let sums = |line: Vec<f64>| {
        let mut sum = 0.0;
        std::iter::once(0.0)
            .chain(line.into_iter().map(|it| {
                sum += it;
                sum
            }))
            .collect::<Vec<f64>>()
    };
    let numbers = |of: &[u32]| of.iter().map(|it| f64::from(*it)).collect::<Vec<f64>>();
    let (Some((from, to)), Some(first)) = (period(cells), cells.first()) else { return String::new() };
    let wanted = sums(first.profile(|run| numbers(&run.profile.wanted)));
    let top = wanted.last().copied().unwrap_or(0.0);
    let mut plot = Plot::new("cumulative curves [veh]", HEIGHT, (from as f64, to as f64), (0.0, top));
    let at = |bin: usize| (from + bins_s(bin)).min(to) as f64;
    plot.line("c-wanted", wanted.iter().enumerate().map(|(bin, it)| (at(bin), *it)));
    for cell in cells {
        let line = sums(cell.profile(|run| numbers(&run.profile.arrived)));
        plot.line(class(cell.controller), line.iter().enumerate().map(|(bin, it)| (at(bin), *it)));
    }
    times(&mut plot, from, to);
    let caption = "Cumulative curves, mean over the seeds: vehicles that wanted to depart (thin line) and vehicles that came to their \
                   ends. The area between two of them is time in the system (Newell 1982).";
    figure(&plot.finish(), caption)
}

fn period(cells: &[Cell<'_>]) -> Option<(i64, i64)> {
    let run = cells.first()?.runs.values().next()?;
    Some((run.profile.from_s, run.profile.from_s + bins_s(run.profile.queue_veh.len())))
}

fn times(plot: &mut Plot, from: i64, to: i64) {
    plot.marks(&minutes(from, to).into_iter().map(|it| (it as f64, clock(it))).collect::<Vec<_>>());
    plot.axis("time of day");
}

/// Delay of movements with two controllers beside each other, those with the largest sum of differences first.
pub fn movements(changes: &[MovementChange], baseline: ControllerName, own: ControllerName) -> String {
    let both = changes.iter().filter_map(|it| Some((it, it.baseline_s?.mean, it.delay_s?.mean)));
    let mut rows: Vec<_> = both.filter(|it| it.0.verdict != Verdict::Few).collect();
    rows.sort_by(|a, b| {
        ((b.2 - b.1).abs() * b.0.vehicles).total_cmp(&((a.2 - a.1).abs() * a.0.vehicles)).then(a.0.at.cmp(&b.0.at))
    });
    rows.truncate(MOVEMENTS);
    if rows.is_empty() {
        return String::new();
    }
    rows.sort_by(|a, b| (a.2 - a.1).total_cmp(&(b.2 - b.1)).then(a.0.at.cmp(&b.0.at)));
    let (left, width, row) = (300.0, 760.0, 22.0);
    let top = rows.iter().map(|it| it.1.max(it.2)).fold(1.0, f64::max);
    let x = |delay: f64| left + delay / top * (width - left - 90.0);
    let height = 34.0 + row * rows.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot whole\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"delay of \
         movements\"><text class=\"title\" x=\"4\" y=\"14\">control delay of movements [s/veh]: {} (hollow) → {} (full)</text>",
        baseline.name(),
        own.name()
    );
    for (at, (change, before, now)) in rows.iter().enumerate() {
        let y = 34.0 + row * at as f64 + 4.0;
        let look = match change.verdict {
            Verdict::Better => "good",
            Verdict::Worse => "bad",
            _ => "unclear",
        };
        let (from, to) = (x(*before), x(*now));
        let end = from.max(to) + 9.0;
        write!(
            svg,
            "<text class=\"tick\" text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">{}</text><line class=\"way {look}\" x1=\"{from:.1}\" \
             x2=\"{to:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><circle class=\"before\" cx=\"{from:.1}\" cy=\"{y:.1}\" r=\"4\"/><circle class=\"now \
             {look}\" cx=\"{to:.1}\" cy=\"{y:.1}\" r=\"4.5\"/><text class=\"tick\" x=\"{end:.1}\" y=\"{:.1}\">{} → {}</text>",
            left - 10.0,
            y + 4.0,
            safe(&short(&change.movement.name(), 46)),
            y + 4.0,
            number(*before, 1),
            number(*now, 1)
        )
        .expect("writing to a string cannot fail");
    }
    svg.push_str("</svg>");
    let caption = format!(
        "The {} movements whose vehicles together gain or lose most, from the largest gain to the largest loss; green: clearly better, red: clearly \
         worse (paired 95 % interval), grey: not told apart.",
        rows.len()
    );
    figure(&svg, &caption)
}

/// A text that fits, its middle left out.
pub fn short(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let half = (most - 1) / 2;
    let (first, last): (String, String) =
        (text.chars().take(half).collect(), text.chars().skip(count - half).collect());
    format!("{first}…{last}")
}
