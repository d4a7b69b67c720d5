//! A network as text: TOML for people, JSON for programs.

use super::file::NetworkFile;
use super::problem::Problems;

impl NetworkFile {
    /// Read TOML; `source` is how the file is called in problems.
    pub fn from_toml(text: &str, source: &str) -> Result<Self, Problems> {
        toml::from_str(text).map_err(|error| toml_problem(&error, text, source))
    }

    /// Read JSON; `source` is how the file is called in problems.
    pub fn from_json(text: &str, source: &str) -> Result<Self, Problems> {
        serde_json::from_str(text).map_err(|error| json_problem(&error, source))
    }

    /// Write TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a struct of strings, numbers and tables is always TOML")
    }

    /// Write JSON, indented.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a struct of strings, numbers and lists is always JSON")
    }
}

/// The one problem of a text that is not TOML, or not of the right shape, with line and column.
pub fn toml_problem(error: &toml::de::Error, text: &str, source: &str) -> Problems {
    let mut problems = Problems::default();
    let message = error.message().trim_end();
    match error.span() {
        Some(span) => {
            let before = &text[..span.start.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            problems.say(format_args!("{source}:{line}:{column}"), message);
        }
        None => problems.say(source, message),
    }
    problems
}

/// The one problem of a text that is not JSON, or not of the right shape, with line and column.
pub fn json_problem(error: &serde_json::Error, source: &str) -> Problems {
    let mut problems = Problems::default();
    let text = error.to_string();
    // serde_json repeats the position at the end of its message.
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    problems.say(format_args!("{source}:{}:{}", error.line(), error.column()), message);
    problems
}
