//! Networks and programmes in the files of other tools, with a report of what those files cannot say.
//!
//! | Tool | Written | Read |
//! |---|---|---|
//! | Synchro | [`utdf`]: a combined UTDF file | [`crate::network::import::utdf`] |
//! | GMNS | [`gmns`]: tables | [`crate::network::import::gmns`] |
//! | SUMO | [`sumo`]: `tlLogic`, `tlsStates` | [`crate::network::import::sumo`] |
//!
//! In: a network with its programmes, sometimes more. Out: text and an [`ExportReport`]. Pure.

pub mod gmns;
mod legs;
mod phases;
pub mod sumo;
pub mod utdf;

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
        self.guessed.push(ExportNote { about: about.to_owned(), message: message.into() });
    }

    fn lose(&mut self, about: &str, message: impl Into<String>) {
        self.lost.push(ExportNote { about: about.to_owned(), message: message.into() });
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
