//! The tables of delays: controllers by maps, all figures of one map, and a row of the ablation.

use super::super::ablation::Variant;
use super::super::judge::{Cell, difference};
use super::super::maps::Map;
use super::{Block, figure};
use crate::statistics::{Interval, mean};

/// Controllers by maps: mean delay, with the share of locked-up runs where there are any, and the published figures.
pub(super) fn overview(cells: &[&Cell], maps: &[&Map], version: &str) -> Block {
    let names = maps.iter().map(|map| map.name.clone());
    let titles = std::iter::once("mean delay [s]".to_owned()).chain(names).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for who in order(cells) {
        let of = |map: &&Map| cells.iter().find(|it| it.who.name() == who && it.map == map.name);
        let figures = maps.iter().map(|map| of(map).map_or_else(String::new, |cell| with_lock_ups(cell)));
        rows.push(std::iter::once(who.to_owned()).chain(figures).collect());
    }
    let bars: Vec<_> = maps.iter().map(|map| map.entry.bar(version)).collect();
    if bars.iter().any(|bar| bar.published_s.is_some()) {
        let published = bars.iter().map(|bar| match (bar.published_s, &bar.source) {
            (Some(delay), Some(source)) => format!("{} ({source})", figure(delay)),
            _ => String::new(),
        });
        rows.push(std::iter::once("best published (RESCO)".to_owned()).chain(published).collect());
    }
    Block::Table(titles, rows)
}

/// Names of all who ran, in the order in which they come.
fn order<'a>(cells: &[&'a Cell]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for cell in cells {
        if !names.contains(&cell.who.name()) {
            names.push(cell.who.name());
        }
    }
    names
}

fn with_lock_ups(cell: &Cell) -> String {
    let mean = figure(cell.delay.mean);
    match cell.locked_up {
        0 => mean,
        locked => format!("{mean} ({locked} of {} locked up)", cell.delay.runs),
    }
}

/// All figures of one map.
pub(super) fn of_map(cells: &[&Cell], map: &str) -> Block {
    let titles = [
        "",
        "mean [s]",
        "median",
        "p90",
        "worst",
        "signal delay [s]",
        "adaptive − this [s]",
        "locked up",
        "speed [m/s]",
        "travel time [s]",
        "stops",
        "p90 standing [s]",
        "arrived [%]",
        "unsafe",
        "decision p99 [ms]",
    ];
    let cells: Vec<&&Cell> = cells.iter().filter(|it| it.map == map).collect();
    let adaptive = cells.iter().find(|it| it.who.name() == "adaptive");
    let rows = cells.iter().map(|cell| {
        let against = adaptive.filter(|it| it.who != cell.who && cell.who.name() != "floor");
        let against = against.and_then(|adaptive| difference(adaptive, cell));
        let took = if cell.decision_p99_ms > 0.0 { figure(cell.decision_p99_ms) } else { String::new() };
        vec![
            cell.who.name().to_owned(),
            figure(cell.delay.mean),
            figure(cell.delay.median),
            figure(cell.delay.p90),
            figure(cell.delay.max),
            cell.signal_delay_s.map_or_else(String::new, figure),
            against.map_or_else(String::new, interval),
            format!("{} of {}", cell.locked_up, cell.delay.runs),
            figure(cell.speed_mps),
            figure(cell.travel_time_s),
            figure(cell.stops),
            figure(cell.wait_p90_s),
            format!("{:.1}", 100.0 * cell.finished),
            cell.violations.to_string(),
            took,
        ]
    });
    Block::Table(titles.map(str::to_owned).to_vec(), rows.collect())
}

/// `−3.0 ± 1.2`; without a half where one seed alone has none.
fn interval(it: Interval) -> String {
    let sign = if it.mean < 0.0 { "−" } else { "+" };
    let mean = format!("{sign}{}", figure(it.mean.abs()));
    if it.half.is_finite() { format!("{mean} ± {}", figure(it.half)) } else { mean }
}

/// One variant: mean change over the maps, and change and difference on each.
pub(super) fn ablation_row(variant: &Variant, cells: &[&Cell], plain: &[&Cell]) -> Vec<String> {
    let pairs: Vec<Option<(&Cell, &Cell)>> =
        plain.iter().map(|base| cells.iter().find(|it| it.map == base.map).map(|cell| (*cell, *base))).collect();
    let change = |cell: &Cell, base: &Cell| 100.0 * (cell.delay.mean / base.delay.mean - 1.0);
    let changes: Vec<f64> = pairs.iter().flatten().map(|(cell, base)| change(cell, base)).collect();
    let mut row = vec![variant.story.to_owned(), format!("{:+.1} %", mean(&changes))];
    row.extend(pairs.iter().map(|pair| match pair {
        Some((cell, _)) if variant.is_plain() => with_lock_ups(cell),
        Some((cell, base)) => {
            let difference = difference(cell, base).map_or_else(String::new, |it| format!(" ({})", interval(it)));
            format!("{:+.1} %{difference}", change(cell, base))
        }
        None => String::new(),
    }));
    row
}
