//! A time–space diagram as one SVG that needs nothing else: time to the right, distance along the corridor upwards.
//!
//! Bars are lamps; a light band joins two greens along which a vehicle that leaves the first on green reaches the second on green at
//! free speed; short strokes are passages over the stop line; thin lines lead from where a vehicle was first counted to where it
//! passed. Several traces (there and back, with and without something) stand below each other.

use super::time_space::{StopTrace, Trace};
use quick_xml::escape::escape;
use std::fmt::Write as _;

/// Width of a diagram by itself \[px\].
const WIDTH: f64 = 1100.0;
const NAMES_W: f64 = 120.0;
const RIGHT_W: f64 = 16.0;
const HEAD_H: f64 = 34.0;
const FOOT_H: f64 = 30.0;
/// Height of a diagram between first and last signal, and least for each road.
const ROADS_H: f64 = 300.0;
const ROAD_H_MIN: f64 = 46.0;
const BAR_H: f64 = 7.0;
/// Letters of a name that fit.
const NAME_MAX: usize = 16;

/// Colours stand inside, so that the file is whole by itself; a page may set the variables.
const STYLE: &str = ".ts text{font:12px system-ui,sans-serif;fill:var(--ink,#1c2024)}.ts .small{font-size:11px;fill:var(--faint,#60646c)}\
    .ts .grid{stroke:var(--line,#d9d9e0);stroke-width:1}.ts .red{fill:#ce2c31;opacity:.28}.ts .G{fill:#218358}.ts .y{fill:#e2a336}\
    .ts .band{fill:#218358;opacity:.13}.ts .way{stroke:#0d74ce;stroke-width:.8;opacity:.55}.ts .pass{stroke:var(--ink,#1c2024);stroke-width:1}";

/// Diagrams below each other, each with its title; the empty string without any.
pub fn draw(diagrams: &[(&str, &Trace)]) -> String {
    draw_wide(diagrams, WIDTH)
}

/// The same of another width \[px\].
pub fn draw_wide(diagrams: &[(&str, &Trace)], width: f64) -> String {
    let heights: Vec<f64> = diagrams.iter().map(|(_, trace)| height(trace)).collect();
    let total: f64 = heights.iter().sum();
    if total <= 0.0 {
        return String::new();
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ts\" viewBox=\"0 0 {width} {total}\" width=\"{width}\" role=\"img\" \
         aria-label=\"time-space diagram\"><style>{STYLE}</style>"
    );
    let mut y = 0.0;
    for ((title, trace), height) in diagrams.iter().zip(heights) {
        put(&mut svg, format_args!("<g transform=\"translate(0 {y})\">"));
        Drawing { trace, width, height }.draw(&mut svg, title);
        svg.push_str("</g>");
        y += height;
    }
    svg.push_str("</svg>");
    svg
}

fn height(trace: &Trace) -> f64 {
    let roads = trace.stops.len().saturating_sub(1) as f64;
    if roads < 1.0 { 0.0 } else { HEAD_H + ROADS_H.max(roads * ROAD_H_MIN) + ROAD_H_MIN + FOOT_H }
}

struct Drawing<'a> {
    trace: &'a Trace,
    width: f64,
    height: f64,
}

impl Drawing<'_> {
    fn x(&self, second: f64) -> f64 {
        let share = (second - self.trace.from_s as f64) / (self.trace.to_s - self.trace.from_s).max(1) as f64;
        NAMES_W + share.clamp(0.0, 1.0) * (self.width - NAMES_W - RIGHT_W)
    }

    /// Zones before the first stop line reach below it, so there is room for one road more.
    fn y(&self, distance_m: f64) -> f64 {
        let length_m = self.trace.stops.last().map_or(1.0, |stop| stop.distance_m).max(1.0);
        let bottom = self.height - FOOT_H - ROAD_H_MIN;
        (bottom - distance_m / length_m * (bottom - HEAD_H)).min(self.height - FOOT_H)
    }

    fn draw(&self, svg: &mut String, title: &str) {
        put(svg, format_args!("<text x=\"{NAMES_W}\" y=\"16\" font-weight=\"600\">{}</text>", escape(title)));
        self.axis(svg);
        for pair in self.trace.stops.windows(2) {
            self.bands(svg, &pair[0], &pair[1]);
        }
        self.paths(svg);
        for stop in &self.trace.stops {
            self.stop(svg, stop);
        }
    }

    fn axis(&self, svg: &mut String) {
        let (first, foot) = ((self.trace.from_s + 59).div_euclid(60) * 60, self.height - FOOT_H);
        for second in (first..=self.trace.to_s).step_by(60) {
            let x = self.x(second as f64);
            put(
                svg,
                format_args!(
                    "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{foot}\"/>\
                     <text class=\"small\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{}\">{second} s</text>",
                    HEAD_H - 8.0,
                    foot + 15.0
                ),
            );
        }
    }

    /// What leaves one signal on green and reaches the next on green.
    fn bands(&self, svg: &mut String, from: &StopTrace, to: &StopTrace) {
        if from.speed_mps <= 0.0 {
            return;
        }
        let travel_s = (to.distance_m - from.distance_m) / from.speed_mps;
        let greens = |stop: &StopTrace| {
            let greens = stop.lamps.iter().filter(|(_, _, lamp)| *lamp == 'G');
            greens.map(|&(begin, end, _)| (begin as f64, end as f64)).collect::<Vec<_>>()
        };
        let (below, above) = (self.y(from.distance_m), self.y(to.distance_m));
        for (begin, end) in greens(from) {
            for (next_begin, next_end) in greens(to) {
                let (first, last) = ((begin + travel_s).max(next_begin), (end + travel_s).min(next_end));
                if first < last && last <= self.trace.to_s as f64 {
                    let [a, b, c, d] = [first - travel_s, last - travel_s, last, first].map(|second| self.x(second));
                    put(
                        svg,
                        format_args!(
                            "<polygon class=\"band\" points=\"{a:.1},{below:.1} {b:.1},{below:.1} {c:.1},{above:.1} {d:.1},{above:.1}\"/>"
                        ),
                    );
                }
            }
        }
    }

    /// Vehicles as they went, all in one path: a file of a thousand lines is slow to draw.
    fn paths(&self, svg: &mut String) {
        if self.trace.paths.is_empty() {
            return;
        }
        svg.push_str("<path class=\"way\" fill=\"none\" d=\"");
        for path in &self.trace.paths {
            for (at, &(second, at_m)) in path.iter().enumerate() {
                let (letter, x, y) = (if at == 0 { 'M' } else { 'L' }, self.x(second as f64), self.y(at_m));
                put(svg, format_args!("{letter}{x:.1} {y:.1}"));
            }
        }
        svg.push_str("\"/>");
    }

    fn stop(&self, svg: &mut String, stop: &StopTrace) {
        let y = self.y(stop.distance_m);
        let zone_y = self.y(stop.distance_m - stop.zone_m);
        for &(entered, passed) in &stop.vehicles {
            let (from, to) = (self.x(entered as f64), self.x(passed as f64));
            put(
                svg,
                format_args!("<line class=\"way\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{zone_y:.1}\" y2=\"{y:.1}\"/>"),
            );
        }
        let (left, top) = (self.x(self.trace.from_s as f64), y - BAR_H / 2.0);
        let bar = |svg: &mut String, from: f64, to: f64, class: &str| {
            let width = to - from;
            put(
                svg,
                format_args!(
                    "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{BAR_H}\"/>"
                ),
            );
        };
        bar(svg, left, self.x(self.trace.to_s as f64), "red");
        for &(from, to, lamp) in &stop.lamps {
            bar(svg, self.x(from as f64), self.x(to as f64), if lamp == 'G' { "G" } else { "y" });
        }
        for &second in &stop.passages {
            let x = self.x(second as f64 - 0.5);
            put(
                svg,
                format_args!(
                    "<line class=\"pass\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
                    y - BAR_H / 2.0 - 5.0,
                    y - BAR_H / 2.0
                ),
            );
        }
        let name: String = if stop.name.chars().count() > NAME_MAX {
            stop.name.chars().take(NAME_MAX - 1).chain(['…']).collect()
        } else {
            stop.name.clone()
        };
        put(
            svg,
            format_args!(
                "<text text-anchor=\"end\" x=\"{0}\" y=\"{1:.1}\">{2}</text>\
                 <text class=\"small\" text-anchor=\"end\" x=\"{0}\" y=\"{3:.1}\">{4:.0} m</text>",
                NAMES_W - 8.0,
                y + 2.0,
                escape(&name),
                y + 15.0,
                stop.distance_m
            ),
        );
    }
}

fn put(svg: &mut String, what: std::fmt::Arguments<'_>) {
    svg.write_fmt(what).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(name: &str, distance_m: f64, green: (i64, i64)) -> StopTrace {
        StopTrace {
            name: name.into(),
            distance_m,
            speed_mps: 10.0,
            zone_m: 200.0,
            lamps: vec![(green.0, green.1, 'G'), (green.1, green.1 + 3, 'y')],
            passages: vec![green.0 + 2, green.0 + 4],
            vehicles: vec![(green.0 - 10, green.0 + 2)],
        }
    }

    #[test]
    fn a_band_joins_two_greens_only_where_a_vehicle_finds_both() {
        let trace = |green| Trace {
            from_s: 0,
            to_s: 120,
            stops: vec![stop("a < b", 0.0, (10, 30)), stop("c", 300.0, green)],
            paths: Vec::new(),
        };
        let (meets, misses) = (trace((45, 60)), trace((65, 80)));
        let svg = draw(&[("there", &meets), ("late", &misses)]);
        assert_eq!(svg.matches("<polygon").count(), 1, "{svg}");
        assert_eq!((svg.matches("class=\"G\"").count(), svg.matches("class=\"pass\"").count()), (4, 8));
        assert!(svg.contains("a &lt; b") && !svg.contains("href") && svg.ends_with("</svg>"));
        let mut reader = quick_xml::Reader::from_str(&svg);
        while !matches!(reader.read_event().expect("well-formed"), quick_xml::events::Event::Eof) {}
        let alone = Trace { stops: vec![stop("a", 0.0, (0, 5))], ..meets };
        assert_eq!(draw(&[("x", &alone)]), "");
    }
}
