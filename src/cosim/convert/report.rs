//! What a conversion guessed, left out or changed; equal remarks are told once, with their number.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The report of a conversion.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ConversionReport {
    /// The files.
    pub source: String,
    /// What the files do not say, and what was taken instead.
    pub guessed: Vec<Remark>,
    /// What was left out or changed.
    pub refused: Vec<Remark>,
}

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remark {
    /// What there is to say.
    pub message: String,
    /// How often it applies.
    pub times: usize,
    /// The first thing that it is about.
    pub about: String,
}

/// Remarks under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Remarks(BTreeMap<String, (usize, String)>);

impl Remarks {
    /// Remark on something.
    pub(super) fn say(&mut self, about: &str, message: impl Into<String>) {
        let (times, _) = self.0.entry(message.into()).or_insert_with(|| (0, about.to_owned()));
        *times += 1;
    }

    /// All of them, in the order of their words.
    pub(super) fn told(self) -> Vec<Remark> {
        self.0.into_iter().map(|(message, (times, about))| Remark { message, times, about }).collect()
    }
}

impl fmt::Display for ConversionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.source)?;
        for (title, remarks) in [("guessed", &self.guessed), ("left out or changed", &self.refused)] {
            if !remarks.is_empty() {
                writeln!(f, "{title}:")?;
            }
            for Remark { message, times, about } in remarks {
                let more = if *times > 1 { format!(" and {} more", times - 1) } else { String::new() };
                writeln!(f, "  {about}{more}: {message}")?;
            }
        }
        Ok(())
    }
}
