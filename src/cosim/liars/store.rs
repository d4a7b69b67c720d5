//! Runs that are done, a line of JSON each, so that an interrupted search goes on where it was.
//!
//! In: a file, the digest of the program. Out: what is kept. A line of another program, or one that is not whole, is passed over. Without a
//! file runs are kept in memory only.

use super::trial::{Outcome, Trial};
use crate::cosim::error::CosimError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    program: String,
    trial: Trial,
    outcome: Outcome,
}

/// Runs that are done.
#[derive(Debug)]
pub struct Store {
    program: String,
    kept: Mutex<(BTreeMap<String, Outcome>, Option<File>)>,
    path: PathBuf,
}

impl Store {
    /// Nothing but memory.
    pub fn in_memory() -> Self {
        Self { program: String::new(), kept: Mutex::default(), path: PathBuf::new() }
    }

    /// What the file holds of this program, and more to come.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn open(path: &Path, program: String) -> Result<Self, CosimError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(CosimError::file(folder))?;
        }
        let text =
            if path.exists() { fs::read_to_string(path).map_err(CosimError::file(path))? } else { String::new() };
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let kept = lines.filter(|it| it.program == program).map(|it| (key(&it.trial), it.outcome)).collect();
        let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(CosimError::file(path))?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(CosimError::file(path))?;
        }
        Ok(Self { program, kept: Mutex::new((kept, Some(file))), path: path.to_owned() })
    }

    /// What a run gave, when it is kept.
    pub fn kept(&self, trial: &Trial) -> Option<Outcome> {
        self.kept.lock().expect("nobody panics while holding it").0.get(&key(trial)).copied()
    }

    /// Keep a run.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep(&self, trial: &Trial, outcome: Outcome) -> Result<(), CosimError> {
        let line = Line { program: self.program.clone(), trial: trial.clone(), outcome };
        let text = serde_json::to_string(&line).expect("finite numbers are always JSON") + "\n";
        let mut kept = self.kept.lock().expect("nobody panics while holding it");
        kept.0.insert(key(trial), outcome);
        match &mut kept.1 {
            Some(file) => file.write_all(text.as_bytes()).map_err(CosimError::file(&self.path)),
            None => Ok(()),
        }
    }
}

fn key(trial: &Trial) -> String {
    serde_json::to_string(trial).expect("finite numbers are always JSON")
}

#[cfg(test)]
mod tests {
    use super::super::trial::Who;
    use super::*;

    #[test]
    fn what_was_kept_is_found_again_by_the_same_program_and_a_broken_line_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("liars.jsonl");
        let trial = |seed| Trial { street: 0, seed, measured_s: 60, who: Who::Honest };
        let outcome = Outcome { delay_s: 12.5, r#unsafe: 0, starved: 0, found: false };
        Store::open(&path, "one".into()).unwrap().keep(&trial(1), outcome).unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap() + "{\"program\":\"one\",").unwrap();
        let again = Store::open(&path, "one".into()).unwrap();
        assert_eq!((again.kept(&trial(1)), again.kept(&trial(2))), (Some(outcome), None));
        again.keep(&trial(2), outcome).unwrap();
        assert_eq!(Store::open(&path, "one".into()).unwrap().kept(&trial(2)), Some(outcome));
        assert_eq!(Store::open(&path, "two".into()).unwrap().kept(&trial(1)), None);
    }
}
