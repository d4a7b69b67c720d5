//! A folder of its own for the files that one run makes, gone with the run.

use super::error::CosimError;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is removed on drop.
#[derive(Debug)]
pub struct WorkFolder(PathBuf);

impl WorkFolder {
    /// Make one in the system's folder for temporary files.
    pub fn new() -> Result<Self, CosimError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("lightwatch-{}-{number}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                // Left behind by a killed process that had this number.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(CosimError::file(&path)(error)),
            }
        }
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Write a file in it.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, CosimError> {
        let path = self.file(name);
        std::fs::write(&path, text).map_err(CosimError::file(&path))?;
        Ok(path)
    }
}

impl WorkFolder {
    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // Nothing depends on it; a leftover in the temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_and_its_files_go_with_it() {
        let folder = WorkFolder::new().unwrap();
        let file = folder.write("a.xml", "<a/>").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "<a/>");
        let path = folder.0.clone();
        drop(folder);
        assert!(!path.exists());
    }
}
