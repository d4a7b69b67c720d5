//! How far a run is: a bar on a terminal, nothing elsewhere.

use super::interrupt::Interrupt;
use crate::cosim::jobs::Job;
use crate::cosim::jobs::pool::{Event, Watcher};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;

/// A bar over simulated seconds.
pub(super) fn progress_bar(seconds: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} s simulated, {per_sec}, {eta} left")
        .expect("the template is a constant");
    ProgressBar::with_draw_target(Some(seconds), ProgressDrawTarget::stderr()).with_style(style)
}

/// How far many runs are: a bar on a terminal, a line for each finished run elsewhere.
pub(super) struct JobsBar<'a, J: Job> {
    line: ProgressBar,
    interrupt: &'a Interrupt,
    on_terminal: bool,
    delay_s: fn(&J::Record) -> f64,
}

impl<'a, J: Job> JobsBar<'a, J> {
    /// Over all of them; `delay_s` is what is told of a finished one.
    pub(super) fn new(jobs: &[J], interrupt: &'a Interrupt, delay_s: fn(&J::Record) -> f64) -> Self {
        let seconds = jobs.iter().map(Job::seconds).sum();
        let on_terminal = std::io::stderr().is_terminal();
        let style = ProgressStyle::with_template("{bar:40} {percent} % of {len} s simulated, {eta} left, {msg}")
            .expect("the template is a constant");
        let target = if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let line = ProgressBar::with_draw_target(Some(seconds), target).with_style(style);
        Self { line, interrupt, on_terminal, delay_s }
    }

    /// The end: the bar goes.
    pub(super) fn finish(&self) {
        self.line.finish_and_clear();
    }
}

impl<J: Job> Watcher<J> for JobsBar<'_, J> {
    fn told(&self, event: Event<'_, J>) {
        match event {
            // What was kept took no time: it must not make the rest look quick.
            Event::Kept(job) => {
                self.line.set_length(self.line.length().unwrap_or_default().saturating_sub(job.seconds()));
            }
            Event::Seconds(seconds) => self.line.inc(seconds),
            Event::Done(job, record) => {
                let text = format!("{}: {:.1} s", job.name(), (self.delay_s)(record));
                if self.on_terminal {
                    self.line.set_message(text);
                } else {
                    eprintln!("{text}");
                }
            }
            Event::Failed(job, error) => self.line.suspend(|| eprintln!("failed: {}: {error}", job.name())),
        }
    }

    fn goes_on(&self) -> bool {
        self.interrupt.exit_code().is_none()
    }
}
