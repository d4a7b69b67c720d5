//! Networks and programmes in the files of other tools, with a report of what those files cannot say.
//!
//! | Tool | Written | Read |
//! |---|---|---|
//! | Synchro | [`utdf`]: a combined UTDF file | [`crate::network::import::utdf`] |
//! | GMNS | [`gmns`]: tables | [`crate::network::import::gmns`] |
//! | SUMO | [`sumo`]: `tlLogic`, `WAUT`, `tlsStates` | [`crate::network::import::sumo`] |
//!
//! In: a network with its programmes, sometimes more. Out: text and an [`ExportReport`]. Pure.

pub mod gmns;
mod legs;
mod phases;
pub mod sumo;
pub mod utdf;
mod waut;

use crate::network::periods::Period;
use crate::network::{Days, date_to_text};
use crate::time::Millis;
use serde::Serialize;
use std::fmt;

/// What was guessed and what is lost when something is written for another tool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ExportReport {
    /// What the other form asks for and we do not know.
    pub guessed: Vec<ExportNote>,
    /// What we know and the other form cannot say.
    pub lost: Vec<ExportNote>,
}

/// One remark of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportNote {
    /// An intersection, a lane, or the whole network.
    pub about: String,
    /// What there is to say.
    pub message: String,
}

impl ExportReport {
    fn guess(&mut self, about: &str, message: impl Into<String>) {
        put(&mut self.guessed, about, message.into());
    }

    fn lose(&mut self, about: &str, message: impl Into<String>) {
        put(&mut self.lost, about, message.into());
    }
}

/// A remark, once.
fn put(notes: &mut Vec<ExportNote>, about: &str, message: String) {
    let note = ExportNote { about: about.to_owned(), message };
    if !notes.contains(&note) {
        notes.push(note);
    }
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, notes) in [("guessed", &self.guessed), ("lost", &self.lost)] {
            for note in notes {
                writeln!(f, "{title}: {}: {}", note.about, note.message)?;
            }
        }
        Ok(())
    }
}

/// A number with as many decimals as it needs, six at most.
fn short(number: f64) -> String {
    let text = format!("{number:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn seconds(time: Millis) -> String {
    short(time.as_secs_f64())
}

/// Days and times as `XXXXXXXX_HHMM_HHMM`, Sunday first and holidays last, and which days those are.
fn time_day(period: &Period, always: bool) -> (String, String) {
    let (week, dates) = match &period.days {
        Days::Week(week) => (*week, Vec::new()),
        Days::Dates(dates) => ([false; 7], dates.iter().map(|&it| date_to_text(it)).collect()),
    };
    let holiday = always || !dates.is_empty();
    let days = [week[6]].into_iter().chain(week[..6].iter().copied()).chain([holiday]);
    let days: String = days.map(|it| if it { '1' } else { '0' }).collect();
    let minutes = |time: Millis| format!("{:02}{:02}", time.0 / 3_600_000, time.0 / 60_000 % 60);
    (format!("{days}_{}_{}", minutes(period.from), minutes(period.to)), dates.join(" "))
}
