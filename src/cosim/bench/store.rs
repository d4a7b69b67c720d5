//! Records of finished runs on disk, so that an interrupted benchmark goes on where it was.
//!
//! One JSON file a run, `runs/VERSION/MAP/CONTROLLER[.VARIANT].SEED.json`, written beside and moved into place: a file that is
//! there is whole. A file whose digest is not that of the run (other settings, another build) or that cannot be read is
//! taken for absent and written anew.

use super::run::{Record, Run};
use crate::cosim::error::CosimError;
use std::path::{Path, PathBuf};

/// The folder of records.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    program: String,
}

impl Store {
    /// Records below `out`, for a program with this digest.
    pub fn new(out: &Path, program: String) -> Self {
        Self { folder: out.join("runs"), program }
    }

    /// Digest of this program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The record of a run, when it is kept.
    pub fn kept(&self, run: &Run) -> Option<Record> {
        let text = std::fs::read_to_string(self.file(run)).ok()?;
        let record: Record = serde_json::from_str(&text).ok()?;
        (record.digest == run.digest(&self.program)).then_some(record)
    }

    /// Keep a record.
    pub fn keep(&self, run: &Run, record: &Record) -> Result<(), CosimError> {
        let file = self.file(run);
        let folder = file.parent().expect("a record stands in a folder");
        std::fs::create_dir_all(folder).map_err(CosimError::file(folder))?;
        let half = file.with_extension("half");
        let text = serde_json::to_string_pretty(record).expect("finite numbers are always JSON");
        std::fs::write(&half, text + "\n").map_err(CosimError::file(&half))?;
        std::fs::rename(&half, &file).map_err(CosimError::file(&file))
    }

    fn file(&self, run: &Run) -> PathBuf {
        self.folder.join(format!("{}.json", run.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ablation::PLAIN;
    use super::super::run::Who;
    use super::super::run::tests::{record, run};
    use super::*;
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
        std::fs::write(folder.path().join("runs/1.28/m/adaptive.1.json"), "{\"digest\":").unwrap();
        assert_eq!(store.kept(&it), None);
    }
}
