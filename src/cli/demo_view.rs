//! What the demo shows: progress, lamps, queues and modes while it runs, a table at the end.
//!
//! On a terminal the picture is drawn over the last one, elsewhere a line is printed every simulated minute.

use crate::cosim::live::View;
use crate::cosim::plant::figures::Figures;
use crate::network::Network;
use crate::plan::{FieldMode, Mode};
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use tokio::sync::watch;

/// Simulated seconds between two lines where there is no terminal.
const LINE_S: i64 = 60;
/// Simulated seconds between two pictures on a terminal.
const PICTURE_S: i64 = 2;

/// Where the demo is shown.
pub(super) struct Screen {
    names: Vec<String>,
    begin_s: i64,
    duration_s: i64,
    terminal: bool,
    /// Lines of the last picture.
    drawn: usize,
}

impl Screen {
    /// Standard output.
    pub(super) fn new(network: &Arc<Network>, begin_s: i64, duration_s: i64) -> Self {
        let names = network.intersections.iter().map(|it| it.id.to_string()).collect();
        Self { names, begin_s, duration_s, terminal: std::io::stdout().is_terminal(), drawn: 0 }
    }

    /// Shows every picture until nobody sends one any more.
    pub(super) async fn show(mut self, mut views: watch::Receiver<View>) {
        let mut last = -LINE_S;
        while views.changed().await.is_ok() {
            let view = views.borrow_and_update().clone();
            let every = if self.terminal { PICTURE_S } else { LINE_S };
            if view.done_s - last >= every || view.done_s == self.duration_s {
                last = view.done_s;
                let text = if self.terminal { self.picture(&view) } else { self.line(&view) };
                let mut out = std::io::stdout().lock();
                // A reader that has gone away is no failure of the demo.
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            }
        }
    }

    fn clock(&self, view: &View) -> String {
        let at = self.begin_s + view.done_s;
        format!("{:02}:{:02}:{:02}", at / 3600 % 24, at / 60 % 60, at % 60)
    }

    fn line(&self, view: &View) -> String {
        let queue: u32 = view.sites.iter().map(|site| site.queue).sum();
        let adaptive = view.sites.iter().filter(|site| site.mode == Some(Mode::Adaptive)).count();
        format!(
            "{} {:3} %  {:4} vehicles on the street, {queue:3} stand at lamps, {:5} arrived; {adaptive} of {} adaptive\n",
            self.clock(view),
            100 * view.done_s / self.duration_s.max(1),
            view.vehicles,
            view.arrived,
            view.sites.len()
        )
    }

    fn picture(&mut self, view: &View) -> String {
        let mut text = String::new();
        if self.drawn > 0 {
            put(&mut text, format_args!("\x1b[{}A", self.drawn));
        }
        let done = (40 * view.done_s / self.duration_s.max(1)).clamp(0, 40) as usize;
        let bar = format!("{}{}", "█".repeat(done), "░".repeat(40 - done));
        put(
            &mut text,
            format_args!("\x1b[2K{} {bar} {} vehicles, {} arrived\n", self.clock(view), view.vehicles, view.arrived),
        );
        for (name, site) in self.names.iter().zip(&view.sites) {
            let lamps: String = site.lamps.chars().map(coloured).collect();
            let queue = "▪".repeat(site.queue.min(40) as usize);
            let who = mode(site.field, site.mode);
            put(&mut text, format_args!("\x1b[2K{name:6} {lamps}\x1b[0m  {who:10} {:3} {queue}\n", site.queue));
        }
        self.drawn = 1 + view.sites.len();
        text
    }
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a string cannot fail");
}

/// A letter in the colour of its lamp.
fn coloured(letter: char) -> String {
    let colour = match letter {
        'G' | 'g' => 32,
        'y' => 33,
        'r' | 's' => 31,
        _ => 90,
    };
    format!("\x1b[{colour}m●")
}

/// Who is in charge.
fn mode(field: Option<FieldMode>, engine: Option<Mode>) -> String {
    match (field, engine) {
        (Some(FieldMode::Remote), Some(mode)) => format!("{mode:?}").to_lowercase(),
        (Some(field), _) => format!("{field:?}").to_lowercase(),
        (None, _) => "-".to_owned(),
    }
}

/// A row of the table: what it tells, its digits after the point, and how to read it.
type Row = (&'static str, usize, fn(&Figures) -> f64);

const ROWS: [Row; 8] = [
    ("mean speed [km/h]", 1, |it| it.common.mean_speed_mps * 3.6),
    ("delay [s/vehicle]", 1, |it| it.common.delay_s),
    ("stops per vehicle", 2, |it| it.common.stops),
    ("wait, p90 [s]", 1, |it| it.p90_wait_s),
    ("walkers' wait [s]", 1, |it| it.pedestrian_wait_s),
    ("fuel, estimate [l]", 0, |it| it.fuel_l),
    ("CO2, estimate [kg]", 0, |it| it.co2_kg),
    ("vehicles arrived", 0, |it| it.common.finished as f64),
];

/// Compare the demo with the street's own programmes, Webster's, and actuated control.
pub(super) fn table(others: &[Figures; 3], own: &Figures, seconds: i64, seed: u64) {
    println!("\n{seconds} simulated seconds, seed {seed}, {} vehicles", own.common.demanded);
    print!("{}", rows(others, own));
}

fn rows(others: &[Figures; 3], own: &Figures) -> String {
    let all = || others.iter().chain([own]);
    let names = ["by hand", "Webster", "actuated", "adaptive"];
    let heads = names[..3].iter().map(|name| format!("{:>13}", format!("to {name}")));
    let mut text = format!("{:19}", "");
    text.extend(names.iter().map(|name| format!("{name:>10}")).chain(heads));
    text.push('\n');
    for (title, digits, of) in ROWS {
        let values = all().map(|it| format!("{:10.digits$}", of(it)));
        let changes = others.iter().map(|other| format!("{:+11.1} %", change(of(own), of(other))));
        put(&mut text, format_args!("{title:19}{}\n", values.chain(changes).collect::<String>()));
    }
    let seen: Vec<String> = all().map(|it| format!("{:10}", it.common.violations)).collect();
    put(&mut text, format_args!("{:19}{}\n", "unsafe lamps", seen.concat()));
    let [_, webster, actuated] = others.each_ref().map(|it| it.common.mean_speed_mps);
    let gain = change(own.common.mean_speed_mps, webster.max(actuated));
    put(
        &mut text,
        format_args!(
            "Mean speed {gain:+.1} % against the better of Webster's coordinated fixed time and actuated control.\n"
        ),
    );
    text
}

/// In per cent of the other one; 0 where there is nothing to compare with.
fn change(own: f64, other: f64) -> f64 {
    if other > 0.0 { 100.0 * (own - other) / other } else { 0.0 }
}
