//! What is wrong with a file, and what would be right.

use std::fmt;

/// One finding; builders return all of them at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which key of which element, as `roads[3] "a".length_m`.
    pub place: String,
    /// What is wrong, with the value found.
    pub message: String,
    /// What is allowed.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; allowed: {}", self.place, self.message, self.allowed)
    }
}

/// Problems that are found one after the other and told together.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub fn add(&mut self, place: impl Into<String>, message: impl Into<String>, allowed: impl Into<String>) {
        self.0.push(Problem { place: place.into(), message: message.into(), allowed: allowed.into() });
    }

    /// A number must lie in a range; not-a-number never does.
    pub fn within(&mut self, place: &str, key: &str, value: f64, range: (f64, f64), unit: &str) {
        if !(value >= range.0 && value <= range.1) {
            let (low, high) = range;
            self.add(format!("{place}.{key}"), format!("{value} {unit}"), format!("{low} to {high} {unit}"));
        }
    }

    /// The value, unless something was wrong.
    pub fn or<T>(self, value: T) -> Result<T, Vec<Problem>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}
