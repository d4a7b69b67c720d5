//! What is wrong with something that a person or an importer wrote, told all at once.
//!
//! A check never stops at its first finding: it pushes a [`Problem`] and goes on, so that a file is mended in one go.
//! A problem names its place (`intersections[gneJ207].movements[m3].group`), says what is there, and what is allowed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Where: file with line and column, or the path of the element, ids in brackets.
    pub place: String,
    /// What is wrong, with the value found.
    pub message: String,
    /// What would be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.allowed {
            Some(allowed) => write!(f, " (allowed: {allowed})"),
            None => Ok(()),
        }
    }
}

/// All findings about one thing, in the order in which they were found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (row, problem) in self.0.iter().enumerate() {
            if row > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl Problems {
    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Add a finding with what would be right.
    pub fn push(&mut self, place: impl fmt::Display, message: impl fmt::Display, allowed: impl fmt::Display) {
        self.0.push(Problem {
            place: place.to_string(),
            message: message.to_string(),
            allowed: Some(allowed.to_string()),
        });
    }

    /// Add a finding whose message says it all.
    pub fn say(&mut self, place: impl fmt::Display, message: impl fmt::Display) {
        self.0.push(Problem { place: place.to_string(), message: message.to_string(), allowed: None });
    }

    /// Add the findings of another check.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// `Ok(value)` when nothing was found.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// A number that must lie in a range, ends included; not-a-number never does.
    pub fn range<T: Copy + PartialOrd + fmt::Display>(
        &mut self,
        place: impl fmt::Display,
        value: T,
        range: &RangeInclusive<T>,
        unit: &str,
    ) {
        if !range.contains(&value) {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            self.push(place, format_args!("{value}{unit}"), format_args!("{}…{}{unit}", range.start(), range.end()));
        }
    }

    /// A number that must be above zero and at most `limit`.
    pub fn positive(&mut self, place: impl fmt::Display, value: f64, limit: f64, unit: &str) {
        if !(value > 0.0 && value <= limit) {
            self.push(place, format_args!("{value} {unit}"), format_args!("above 0, at most {limit} {unit}"));
        }
    }

    /// A name: not empty, and short enough to be one level of a topic once everything outside `[a-zA-Z0-9_.-]` is
    /// percent-encoded.
    pub fn id(&mut self, place: impl fmt::Display, id: &str) {
        let bytes = encoded_len(id);
        if bytes == 0 || bytes > ID_BYTES_MAX {
            let what = if bytes == 0 { "an empty name".to_owned() } else { format!("a name of {bytes} bytes") };
            self.push(place, what, format_args!("1…{ID_BYTES_MAX} bytes after percent-encoding"));
        }
    }

    /// Names that must differ from each other; every repetition is a finding.
    pub fn unique<'a>(&mut self, place: impl fmt::Display, ids: impl IntoIterator<Item = &'a str>) {
        let mut seen = std::collections::BTreeSet::new();
        for id in ids {
            if !seen.insert(id) {
                self.push(&place, format_args!("`{id}` occurs twice"), "every name once");
            }
        }
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Longest name, percent-encoded \[bytes\]; merged junctions of real SUMO networks carry names of 170 letters.
pub const ID_BYTES_MAX: usize = 512;

/// Length of a name once every byte outside `[a-zA-Z0-9_.-]` is written as `%XX`.
fn encoded_len(id: &str) -> usize {
    id.bytes().map(|byte| if byte.is_ascii_alphanumeric() || b"_.-".contains(&byte) { 1 } else { 3 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_place_value_and_allowed_range() {
        let mut problems = Problems::default();
        problems.range("groups[g1].change_ms", 900, &(2_000..=6_000), "ms");
        assert_eq!(problems.to_string(), "groups[g1].change_ms: 900 ms (allowed: 2000…6000 ms)");
    }

    #[test]
    fn not_a_number_is_in_no_range() {
        let mut problems = Problems::default();
        problems.range("share", f64::NAN, &(0.0..=1.0), "");
        problems.positive("length_m", f64::NAN, 10.0, "m");
        problems.positive("length_m", f64::INFINITY, 10.0, "m");
        problems.positive("length_m", 0.0, 10.0, "m");
        assert_eq!(problems.len(), 4);
    }

    #[test]
    fn names_are_measured_as_they_will_stand_in_a_topic() {
        let mut problems = Problems::default();
        problems.id("city", &"ü".repeat(85));
        assert!(problems.is_empty(), "85 letters of two bytes are 510 bytes encoded");
        problems.id("city", &"ü".repeat(86));
        problems.id("city", "");
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn only_repetitions_are_reported() {
        let mut problems = Problems::default();
        problems.unique("lanes", ["a", "b", "a", "c", "a"]);
        assert_eq!(problems.len(), 2);
    }
}
