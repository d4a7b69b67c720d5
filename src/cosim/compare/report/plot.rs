//! A small chart with two axes as SVG that takes its colours from the page, and prints.

use super::words::{number, safe};
use crate::cosim::controller_name::ControllerName;
use std::fmt::Write as _;

const WIDTH: f64 = 460.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 26.0;
const FOOT: f64 = 34.0;

/// The class of a controller's lines and dots: its colour, width and dashes stand in the style of the page.
pub const fn class(controller: ControllerName) -> &'static str {
    match controller {
        ControllerName::Adaptive => "c-adaptive",
        ControllerName::Fixed => "c-fixed",
        ControllerName::Webster => "c-webster",
        ControllerName::Actuated => "c-actuated",
        ControllerName::Greedy => "c-greedy",
        ControllerName::MaxPressure => "c-max-pressure",
    }
}

/// What the lines of all charts mean.
pub fn legend(controllers: &[ControllerName]) -> String {
    let one = |it: &ControllerName| {
        format!(
            "<span><svg width=\"30\" height=\"10\" aria-hidden=\"true\"><line class=\"line {}\" x1=\"1\" x2=\"29\" y1=\"5\" y2=\"5\"/></svg>{}</span>",
            class(*it),
            it.name()
        )
    };
    format!("<p class=\"legend\">{}</p>\n", controllers.iter().map(one).collect::<String>())
}

/// A chart that is being drawn.
pub struct Plot {
    svg: String,
    height: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Plot {
    /// Axes over two ranges; the title says what is upwards, with its unit.
    pub fn new(title: &str, height: f64, x: (f64, f64), y: (f64, f64)) -> Self {
        let y = (y.0, nice_above(y.0, y.1));
        let mut plot = Self { svg: String::new(), height, x: (x.0, x.1.max(x.0 + 1e-9)), y };
        plot.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{0}\">\
             <text class=\"title\" x=\"4\" y=\"14\">{0}</text>",
            safe(title)
        ));
        for value in ticks(plot.y) {
            let y = plot.up(value);
            let text = number(value, usize::from((plot.y.1 - plot.y.0) < 5.0));
            plot.put(format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">{text}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0
            ));
        }
        plot
    }

    /// Marks under the chart.
    pub fn marks(&mut self, marks: &[(f64, String)]) {
        for (value, text) in marks {
            let x = self.along(*value);
            self.put(format_args!(
                "<text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                self.height - FOOT + 16.0,
                safe(text)
            ));
        }
    }

    /// What is to the right, under the marks.
    pub fn axis(&mut self, text: &str) {
        self.put(format_args!(
            "<text class=\"tick\" text-anchor=\"end\" x=\"{}\" y=\"{}\">{}</text>",
            WIDTH - RIGHT,
            self.height - 4.0,
            safe(text)
        ));
    }

    /// A line through points.
    pub fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        let points: Vec<String> = points.map(|(x, y)| format!("{:.1},{:.1}", self.along(x), self.up(y))).collect();
        self.put(format_args!("<polyline class=\"line {class}\" points=\"{}\"/>", points.join(" ")));
    }

    /// A dot with the ends of its interval.
    pub fn dot(&mut self, class: &str, x: f64, mean: f64, half: f64) {
        let (x, y) = (self.along(x), self.up(mean));
        if half.is_finite() {
            let (low, high) = (self.up(mean - half), self.up(mean + half));
            self.put(format_args!(
                "<line class=\"line {class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/>"
            ));
        }
        self.put(format_args!("<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"));
    }

    fn along(&self, value: f64) -> f64 {
        let share = (value - self.x.0) / (self.x.1 - self.x.0);
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn up(&self, value: f64) -> f64 {
        let share = (value - self.y.0) / (self.y.1 - self.y.0);
        self.height - FOOT - share.clamp(0.0, 1.0) * (self.height - FOOT - TOP)
    }

    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        self.svg.write_fmt(what).expect("writing to a string cannot fail");
    }

    /// The whole of it.
    pub fn finish(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}

/// The smallest step of 1, 2 or 5 times a power of ten of which at most five fill a range.
fn step((low, high): (f64, f64)) -> f64 {
    let raw = ((high - low) / 5.0).max(1e-9);
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * power).find(|it| *it >= raw * (1.0 - 1e-9)).unwrap_or(raw)
}

/// The end of an axis: a whole number of steps above everything.
fn nice_above(low: f64, high: f64) -> f64 {
    let step = step((low, high.max(low + 1e-6)));
    low + ((high - low) / step - 1e-9).ceil().max(1.0) * step
}

fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let step = step((low, high));
    (0..=6).map(|at| low + f64::from(at) * step).take_while(|it| *it <= high + step * 1e-6).collect()
}

/// Instants to be marked: whole minutes, six at most.
pub fn minutes(from_s: i64, to_s: i64) -> Vec<i64> {
    let every =
        [60, 120, 300, 600, 900, 1800, 3600, 7200].into_iter().find(|it| (to_s - from_s) / it <= 6).unwrap_or(14_400);
    let first = (from_s + every - 1).div_euclid(every) * every;
    (first..=to_s).step_by(every as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_whole_steps_above_everything() {
        assert!((nice_above(0.0, 47.0) - 50.0).abs() < 1e-9 && (nice_above(0.0, 0.3) - 0.3).abs() < 1e-9);
        assert_eq!(ticks((0.0, 50.0)), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(minutes(25_200, 28_800), [25_200, 25_800, 26_400, 27_000, 27_600, 28_200, 28_800]);
        assert!(minutes(10_890, 12_600).len() <= 7);
    }

    #[test]
    fn nothing_leaves_the_chart_and_it_is_well_formed() {
        let mut plot = Plot::new("a < b [s]", 200.0, (0.0, 10.0), (0.0, 20.0));
        plot.line("c-fixed", [(0.0, 0.0), (20.0, 900.0)].into_iter());
        plot.dot("c-adaptive", 5.0, 10.0, f64::INFINITY);
        let svg = plot.finish();
        assert!(svg.contains("438.0,26.0") && svg.contains("a &lt; b"), "{svg}");
        let mut reader = quick_xml::Reader::from_str(&svg);
        while !matches!(reader.read_event().expect("well-formed"), quick_xml::events::Event::Eof) {}
    }
}
