//! Diagrams of one phase as SVG that needs nothing else: coordination, split monitor, split failures.
//!
//! | Diagram | To the right | Upwards | Marks |
//! |---|---|---|---|
//! | coordination (Purdue) | time | time since the begin of red | lines where green, yellow and red begin; a point an arrival |
//! | split monitor | time | split | a point a service, its colour how the green ended |
//! | split failures | time | occupancy 0…100 % | green occupancy, red occupancy, and a stroke where both exceed 79 % |

use super::report::OfPhase;
use super::service::{FAILURE, Service, Termination};
use crate::measure::hires::instant;
use crate::time::Timestamp;
use quick_xml::escape::escape;
use std::fmt::Write as _;

/// Size of a diagram \[px\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// A diagram by itself.
pub const WHOLE: Size = Size { width: 1100.0, height: 340.0 };
const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 44.0;
const FOOT: f64 = 34.0;

/// Time of a simulation without a date.
const NO_DAY: &str = "1970-01-01";

const STYLE: &str = ".at text{font:12px system-ui,sans-serif;fill:var(--ink,#1c2024)}.at .small{font-size:11px;fill:var(--faint,#60646c)}\
    .at .grid{stroke:var(--line,#d9d9e0);stroke-width:1}.at polyline{fill:none;stroke-width:1.4}.at .green{stroke:#218358}.at .yellow{stroke:#e2a336}\
    .at .red{stroke:#ce2c31}.at .come{fill:#0d74ce;opacity:.75}.at .come.g{fill:var(--ink,#1c2024)}.at .gap_out{fill:#218358}.at .max_out{fill:#ce2c31}\
    .at .force_off{fill:#0d74ce}.at .preempted{fill:#8e4ec6}.at .unknown{fill:#80838d}.at .gor{fill:#218358}.at .ror{fill:#ce2c31}\
    .at .fail{stroke:#e2a336;stroke-width:1.5}";

/// The diagrams of a phase: a name for the file, and the SVG; those of which there is nothing are left out.
pub fn draw(drawn: &OfPhase) -> Vec<(String, String)> {
    let safe = |text: &str| {
        text.chars()
            .map(|it| if it.is_ascii_alphanumeric() || "-_".contains(it) { it } else { '_' })
            .collect::<String>()
    };
    let file = |kind: &str| format!("{kind}-{}-{}.svg", safe(&drawn.signal), drawn.number);
    let services = &drawn.phase.services;
    let mut all = Vec::new();
    if services.is_empty() {
        return all;
    }
    if !drawn.phase.points.is_empty() && services.iter().any(|it| it.red_before.is_some()) {
        all.push((file("coordination"), coordination(drawn, WHOLE)));
    }
    all.push((file("splits"), splits(drawn, WHOLE)));
    if services.iter().any(|it| it.occupancy.is_some()) {
        all.push((file("failures"), failures(drawn, WHOLE)));
    }
    all
}

struct Plot {
    size: Size,
    svg: String,
    from: Timestamp,
    to: Timestamp,
    top: f64,
}

impl Plot {
    /// Axes from the first service to the last, up to `top` with a unit.
    fn new(title: &str, drawn: &OfPhase, size: Size, top: f64, unit: &str) -> Self {
        let services = &drawn.phase.services;
        let from = services.first().map_or(Timestamp(0), |it| it.red_before.unwrap_or(it.green));
        let to = services.last().map_or(Timestamp(1), |it| it.cleared).max(Timestamp(from.0 + 1));
        let mut plot = Self { size, svg: String::new(), from, to, top: top.max(1.0) };
        let name = if drawn.name.is_empty() { String::new() } else { format!(" ({})", drawn.name) };
        let title = match drawn.number {
            // A movement that is no phase of a controller.
            0 => format!("{title}: {}, {}", drawn.signal, drawn.name),
            number => format!("{title}: {}, phase {number}{name}", drawn.signal),
        };
        plot.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"at\" viewBox=\"0 0 {1} {2}\" width=\"{1}\" role=\"img\" \
             aria-label=\"{0}\"><style>{STYLE}</style><text x=\"{LEFT}\" y=\"16\" font-weight=\"600\">{0}</text>",
            escape(title.as_str()),
            size.width,
            size.height
        ));
        plot.axes(unit);
        plot
    }

    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        self.svg.write_fmt(what).expect("writing to a string cannot fail");
    }

    fn x(&self, at: Timestamp) -> f64 {
        let share = (at - self.from).as_secs_f64() / (self.to - self.from).as_secs_f64();
        LEFT + share.clamp(0.0, 1.0) * (self.size.width - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let height = self.size.height;
        height - FOOT - (value / self.top).clamp(0.0, 1.0) * (height - FOOT - TOP)
    }

    fn axes(&mut self, unit: &str) {
        for step in 0..=4 {
            let value = self.top * f64::from(step) / 4.0;
            let y = self.y(value);
            self.put(format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"small\" text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">{value:.0} {unit}</text>",
                self.size.width - RIGHT,
                LEFT - 6.0,
                y + 4.0
            ));
        }
        for step in 0..=6 {
            let at = Timestamp(self.from.0 + (self.to - self.from).0 * step / 6);
            let (x, text) = (self.x(at), instant::text(at));
            let anchor = ["start", "middle", "end"][usize::from(step > 0) + usize::from(step == 6)];
            self.put(format_args!(
                "<text class=\"small\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                self.size.height - FOOT + 18.0,
                &text[if step == 0 && !text.starts_with(NO_DAY) { 0 } else { 11 }..19]
            ));
        }
    }

    fn legend(&mut self, entries: &[(&str, &str)]) {
        let mut x = LEFT;
        for (class, text) in entries {
            self.put(format_args!(
                "<circle class=\"{class}\" cx=\"{:.0}\" cy=\"29\" r=\"4\"/><text class=\"small\" x=\"{:.0}\" y=\"33\">{text}</text>",
                x + 4.0,
                x + 12.0
            ));
            x += 24.0 + 6.5 * text.chars().count() as f64;
        }
    }

    fn dot(&mut self, class: &str, at: Timestamp, value: f64) {
        let (x, y) = (self.x(at), self.y(value));
        self.put(format_args!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\"/>"));
    }

    fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// When something of a service begins.
type Begins = fn(&Service) -> Timestamp;

/// The coordination diagram.
pub fn coordination(drawn: &OfPhase, size: Size) -> String {
    let cycles: Vec<(Timestamp, &Service)> =
        drawn.phase.services.iter().filter_map(|it| it.red_before.map(|red| (red, it))).collect();
    let longest = cycles.iter().map(|(red, it)| (it.red - *red).as_secs_f64()).fold(0.0, f64::max);
    let mut plot = Plot::new("Purdue coordination diagram", drawn, size, longest, "s");
    plot.legend(&[("come g", "arrival on green"), ("come", "arrival on yellow or red")]);
    let lines: [(&str, Begins); 3] = [("green", |it| it.green), ("yellow", |it| it.yellow), ("red", |it| it.red)];
    for (class, begins) in lines {
        let points = cycles.iter().map(|(red, it)| (plot.x(begins(it)), plot.y((begins(it) - *red).as_secs_f64())));
        let points: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        plot.put(format_args!("<polyline class=\"{class}\" points=\"{}\"/>", points.join(" ")));
    }
    for point in &drawn.phase.points {
        plot.dot(if point.on_green { "come g" } else { "come" }, point.at, point.in_cycle.as_secs_f64());
    }
    plot.finish()
}

/// The split monitor.
pub fn splits(drawn: &OfPhase, size: Size) -> String {
    let services = &drawn.phase.services;
    let longest = services.iter().map(|it| it.split().as_secs_f64()).fold(0.0, f64::max);
    let mut plot = Plot::new("Split monitor", drawn, size, longest, "s");
    let entries: Vec<(&str, &str)> = Termination::ALL.iter().map(|it| (it.name(), it.name())).collect();
    plot.legend(&entries);
    for service in services {
        plot.dot(service.termination.name(), service.green, service.split().as_secs_f64());
    }
    plot.finish()
}

/// The split failures.
pub fn failures(drawn: &OfPhase, size: Size) -> String {
    let mut plot = Plot::new("Split failures", drawn, size, 100.0, "%");
    plot.legend(&[("gor", "occupied while green"), ("ror", "occupied in the first 5 s of red")]);
    let y = plot.y(100.0 * FAILURE);
    plot.put(format_args!(
        "<line class=\"fail\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
        plot.size.width - RIGHT
    ));
    for service in &drawn.phase.services {
        let Some((green, red)) = service.occupancy else { continue };
        if service.failed() == Some(true) {
            let x = plot.x(service.red);
            plot.put(format_args!(
                "<line class=\"fail\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/>",
                TOP + 10.0
            ));
        }
        plot.dot("gor", service.green, 100.0 * green);
        plot.dot("ror", service.red, 100.0 * red);
    }
    plot.finish()
}
