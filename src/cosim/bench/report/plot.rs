//! Mean delays as bars with a dot for each seed, one panel a map, as SVG that takes its colours from the page.
//!
//! Each panel has its own scale from zero; who is far above the others (a locked-up run) is cut off at [`CUT`] times the
//! median of the means, with its figure beside: otherwise one lock-up would flatten all others.

use super::super::judge::Cell;
use super::super::maps::Map;
use super::{Block, figure};
use crate::statistics::quantile;
use quick_xml::escape::escape;
use std::fmt::Write as _;

const PANEL_W: f64 = 360.0;
const ROW_H: f64 = 22.0;
const HEAD_H: f64 = 30.0;
const NAME_W: f64 = 92.0;
const FIGURE_W: f64 = 64.0;
const COLUMNS: usize = 3;
/// Bars end at this many times the median of the means.
const CUT: f64 = 3.0;

/// All maps of one version of SUMO.
pub(super) fn delays(cells: &[&Cell], maps: &[&Map], version: &str) -> Block {
    let panels: Vec<Vec<&Cell>> =
        maps.iter().map(|map| cells.iter().copied().filter(|it| it.map == map.name).collect()).collect();
    let bars = panels.iter().map(Vec::len).max().unwrap_or(0);
    let panel_h = HEAD_H + ROW_H * bars as f64 + 14.0;
    let (columns, rows) = (panels.len().clamp(1, COLUMNS), panels.len().div_ceil(COLUMNS));
    let (width, height) = (PANEL_W * columns as f64, panel_h * rows as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" \
         aria-label=\"mean delay of each controller on each map, SUMO {}\">",
        escape(version)
    );
    for (at, (map, cells)) in maps.iter().zip(&panels).enumerate() {
        let (x, y) = ((at % COLUMNS) as f64 * PANEL_W, (at / COLUMNS) as f64 * panel_h);
        put(&mut svg, format_args!("<g transform=\"translate({x} {y})\">"));
        panel(&mut svg, &map.name, cells);
        svg.push_str("</g>");
    }
    svg.push_str("</svg>");
    let caption = format!(
        "Mean delay in s/vehicle, SUMO {version}; dots are seeds (a bar in red: some run locked up), the dashed line is the \
         conflict-free floor. Bars end at {CUT:.0} times the median of a map; their figures do not."
    );
    Block::Plot(caption, svg)
}

fn panel(svg: &mut String, name: &str, cells: &[&Cell]) {
    let mut means: Vec<f64> = cells.iter().map(|it| it.delay.mean).collect();
    means.sort_by(f64::total_cmp);
    let top = means.last().copied().unwrap_or(1.0).min(CUT * quantile(&means, 0.5)).max(1e-9);
    let along = |delay: f64| (delay.min(top) / top) * (PANEL_W - NAME_W - FIGURE_W - 12.0);
    put(svg, format_args!("<text x=\"{NAME_W}\" y=\"16\" font-weight=\"600\">{}</text>", escape(name)));
    for (row, cell) in cells.iter().filter(|it| it.who.name() != "floor").enumerate() {
        let y = HEAD_H + ROW_H * row as f64;
        let class = match (cell.locked_up, cell.who.name()) {
            (1.., _) => "bad",
            (_, "adaptive") => "ours",
            _ => "theirs",
        };
        let (middle, width) = (y + ROW_H / 2.0, along(cell.delay.mean));
        put(
            svg,
            format_args!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" class=\"faint\">{}</text>\
                 <rect x=\"{NAME_W}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\" rx=\"2\" class=\"{class}\" opacity=\".75\"/>",
                NAME_W - 6.0,
                middle + 4.0,
                cell.who.name(),
                y + 3.0,
                ROW_H - 6.0
            ),
        );
        for delay in cell.delays.values() {
            let x = NAME_W + along(*delay);
            put(svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{middle}\" r=\"2\" class=\"seed\"/>"));
        }
        let reach = cell.delays.values().map(|&delay| along(delay)).fold(width, f64::max);
        let x = NAME_W + reach + 6.0;
        put(svg, format_args!("<text x=\"{x:.1}\" y=\"{}\">{}</text>", middle + 4.0, figure(cell.delay.mean)));
    }
    if let Some(floor) = cells.iter().find(|it| it.who.name() == "floor") {
        let (x, y) = (NAME_W + along(floor.delay.mean), HEAD_H + ROW_H * (cells.len().max(1) - 1) as f64);
        put(svg, format_args!("<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{HEAD_H}\" y2=\"{y}\" class=\"floor\"/>"));
    }
}

fn put(svg: &mut String, what: std::fmt::Arguments<'_>) {
    svg.write_fmt(what).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::super::super::ablation::PLAIN;
    use super::super::super::judge::cells;
    use super::super::super::run::Who;
    use super::super::super::run::tests::{record, run};
    use super::*;
    use crate::cosim::controller_name::ControllerName::{Adaptive, Fixed, Webster};

    #[test]
    fn there_is_a_bar_for_each_controller_a_dot_for_each_seed_and_no_bar_leaves_its_panel() {
        let delays = [(Adaptive, 10.0), (Webster, 20.0), (Fixed, 900.0)];
        let mut records: Vec<_> = delays
            .iter()
            .flat_map(|&(name, delay)| [1, 2].map(|seed| record(&run(Who::Controller(name), &PLAIN, seed), delay)))
            .collect();
        records.push(record(&run(Who::FLOOR, &PLAIN, 1), 3.0));
        let (all, it) = (cells(&records), run(Who::FLOOR, &PLAIN, 1));
        let Block::Plot(_, svg) = super::delays(&all.iter().collect::<Vec<_>>(), &[&it.map], "1.28") else { panic!() };
        assert_eq!((svg.matches("<rect").count(), svg.matches("<circle").count()), (3, 6));
        assert!(svg.contains("class=\"floor\"") && svg.contains(">900</text>"), "{svg}");
        let widths = svg.split("<rect").skip(1).map(|rest| rest.split("width=\"").nth(1).unwrap());
        assert!(widths.map(|it| it.split('"').next().unwrap().parse::<f64>().unwrap()).all(|it| it < PANEL_W));
        let mut reader = quick_xml::Reader::from_str(&svg);
        while !matches!(reader.read_event().expect("well-formed"), quick_xml::events::Event::Eof) {}
    }
}
