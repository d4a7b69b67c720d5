//! Records of finished jobs on disk, so that whatever was interrupted goes on where it was.
//!
//! One JSON file a job, named by it ([`Job::file`]), written beside and moved into place: a file that is there is whole. A file whose digest is not that of the run (other settings, another build) or that cannot be read is
//! taken for absent and written anew.

use super::Job;
use crate::cosim::error::CosimError;
use std::path::{Path, PathBuf};

/// The folder of records.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    program: String,
}

impl Store {
    /// Records in a folder, for a program with this digest.
    pub fn new(folder: &Path, program: String) -> Self {
        Self { folder: folder.to_owned(), program }
    }

    /// Digest of this program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The record of a job, when it is kept.
    pub fn kept<J: Job>(&self, job: &J) -> Option<J::Record> {
        let text = std::fs::read_to_string(self.file(job)).ok()?;
        let record: J::Record = serde_json::from_str(&text).ok()?;
        (J::digest_of(&record) == job.digest(&self.program)).then_some(record)
    }

    /// Keep a record.
    pub fn keep<J: Job>(&self, job: &J, record: &J::Record) -> Result<(), CosimError> {
        let file = self.file(job);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(CosimError::file(folder))?;
        }
        let text = serde_json::to_string_pretty(record).expect("finite numbers are always JSON");
        put(&file, &(text + "\n"))
    }

    fn file<J: Job>(&self, job: &J) -> PathBuf {
        self.folder.join(job.file())
    }
}

/// Write a file beside its place and move it there.
pub fn put(file: &Path, text: &str) -> Result<(), CosimError> {
    let half = file.with_extension("half");
    std::fs::write(&half, text).map_err(CosimError::file(&half))?;
    std::fs::rename(&half, file).map_err(CosimError::file(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::bench::ablation::PLAIN;
    use crate::cosim::bench::run::tests::{record, run};
    use crate::cosim::bench::run::{Record, Who};
    use crate::cosim::controller_name::ControllerName;

    #[test]
    fn what_was_kept_is_found_until_settings_or_program_change() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), "one".into());
        let it = run(Who::Controller(ControllerName::Adaptive), &PLAIN, 1);
        assert_eq!(store.kept(&it), None);
        let record = Record { digest: it.digest("one"), ..record(&it, 12.5) };
        store.keep(&it, &record).unwrap();
        assert_eq!(store.kept(&it), Some(record.clone()));
        assert_eq!(Store::new(folder.path(), "two".into()).kept(&it), None);
        let mut longer = it.clone();
        std::sync::Arc::make_mut(&mut longer.map).end_s = 99;
        assert_eq!(store.kept(&longer), None);
        std::fs::write(folder.path().join("1.28/m/adaptive.1.json"), "{\"digest\":").unwrap();
        assert_eq!(store.kept(&it), None);
    }
}
