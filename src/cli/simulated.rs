//! A run in simulated time as `sumo` and `simulate` share it: a bar, signals, an end, and what is told of the control.

use super::interrupt::Interrupt;
use super::progress::progress_bar;
use crate::cosim::bus::Rejected;
use crate::cosim::error::CosimError;
use crate::cosim::lockstep::FieldTotals;
use crate::plan::Scene;
use serde::Serialize;
use simulator::monitor::Violation;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::process::ExitCode;

/// Violations that are told one by one.
const VIOLATIONS_TOLD: usize = 10;

/// Told the simulated seconds done; says whether to go on.
pub(super) type Progress<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// Drive for some simulated seconds, with a bar on a terminal, until the end or a signal.
///
/// # Errors
/// The exit code, once it has been said why.
pub(super) fn to_its_end<R>(
    command: &str,
    seconds: u64,
    drive: impl FnOnce(Progress<'_>) -> Result<R, CosimError>,
) -> Result<R, ExitCode> {
    let interrupt = Interrupt::listen().map_err(|error| {
        eprintln!("lightwatch {command}: signals: {error}");
        ExitCode::from(69)
    })?;
    let bar = progress_bar(seconds);
    let outcome = drive(&mut |done| {
        bar.set_position(done);
        if interrupt.exit_code().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    outcome.map_err(|error| {
        // A signal from a terminal ends SUMO as well, which then looks lost.
        if let Some(code) = interrupt.exit_code() {
            eprintln!("lightwatch {command}: stopped by a signal");
            code
        } else {
            eprintln!("lightwatch {command}: {error}");
            ExitCode::from(error.exit_code())
        }
    })
}

/// Say which alarms were raised, and how often.
pub(super) fn tell_alarms(alarms: &BTreeMap<String, u64>) {
    if !alarms.is_empty() {
        let told = alarms.iter().map(|(code, times)| format!("{code} {times}"));
        eprintln!("alarms raised: {}", told.collect::<Vec<_>>().join(", "));
    }
}

/// Say how field controllers, messages and lamps fared, and in which scenes it was.
pub(super) fn tell_control(
    fields: Option<FieldTotals>,
    scenes: &BTreeMap<Scene, u64>,
    rejected: &Rejected,
    violations: &[Violation],
) {
    if let Some(fields) = fields {
        eprintln!(
            "field controllers: {} times to the engine, {} times back to local control, {} obey the engine at the end",
            fields.came_back, fields.went_local, fields.remote_at_end
        );
    }
    let seconds = scenes.values().sum::<u64>().max(1) as f64;
    let shares = scenes.iter().map(|(scene, &count)| format!("{scene} {:.1} %", 100.0 * count as f64 / seconds));
    if !scenes.is_empty() {
        eprintln!("scenes: {}", shares.collect::<Vec<_>>().join(", "));
    }
    for (reason, count) in rejected {
        eprintln!("turned away: {count} messages, {reason}");
    }
    for violation in violations.iter().take(VIOLATIONS_TOLD) {
        eprintln!("unsafe: {violation}");
    }
}

/// Print the figures of a run: a flat object of numbers and plain names, as one line of JSON or a row each.
pub(super) fn print_figures(figures: &impl Serialize, json: bool) {
    let line = serde_json::to_string(figures).expect("finite numbers are always JSON");
    let text = if json { line } else { rows(&line) };
    // A reader that has gone away is no failure of the run.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A row each, in the order of the object.
fn rows(line: &str) -> String {
    let pairs = line.trim_matches(['{', '}']).split(',').filter_map(|pair| pair.split_once(':'));
    let rows = pairs.map(|(key, value)| format!("{:20} {}", key.trim_matches('"'), value.trim_matches('"')));
    rows.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_a_row_each_in_their_order() {
        let told = rows(r#"{"stops":1.25,"delay_s":30,"trace_hash":"00ff"}"#);
        let wanted = ["stops                1.25", "delay_s              30", "trace_hash           00ff"];
        assert_eq!(told.lines().collect::<Vec<_>>(), wanted);
    }
}
