//! Which SUMO is meant: the file of the program and the folder of its package.
//!
//! Order: the one that was named, `$SUMO_HOME/bin/sumo`, `.venv/sumo-1.28/**/sumo/bin/sumo` under the current folder
//! (where `make sumo` puts it), every folder of `PATH`. A named one that is not there is an error, not a reason to look on.

use super::error::CosimError;
use std::env;
use std::path::{Path, PathBuf};

/// Folders below `.venv/sumo-1.28` that are searched: `lib/python3.x/site-packages/sumo/bin`.
const DEPTH_MAX: usize = 6;

/// Find the program.
pub fn find(named: Option<&Path>) -> Result<PathBuf, CosimError> {
    if let Some(named) = named {
        return existing(named).ok_or_else(|| CosimError::SumoMissing { looked: vec![named.display().to_string()] });
    }
    let home = env::var_os("SUMO_HOME").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    find_in(home.as_deref(), Path::new(".venv/sumo-1.28"), env::split_paths(&path))
}

/// The program of a version (`1.28`) where `make sumo-1.28` puts it, under the current folder.
pub fn of_version(version: &str) -> Result<PathBuf, CosimError> {
    let venv = PathBuf::from(format!(".venv/sumo-{version}"));
    below(&venv, DEPTH_MAX).ok_or_else(|| CosimError::SumoMissing {
        looked: vec![format!("{}/**/sumo/bin/sumo (`make sumo-{version}` puts it there)", venv.display())],
    })
}

fn find_in(home: Option<&Path>, venv: &Path, path: impl Iterator<Item = PathBuf>) -> Result<PathBuf, CosimError> {
    let at_home = home.map(|home| home.join("bin/sumo"));
    if let Some(found) = at_home.as_deref().and_then(existing) {
        return Ok(found);
    }
    if let Some(found) = below(venv, DEPTH_MAX) {
        return Ok(found);
    }
    path.map(|folder| folder.join("sumo")).find_map(|file| existing(&file)).ok_or_else(|| CosimError::SumoMissing {
        looked: vec![
            at_home.map_or_else(|| "$SUMO_HOME (not set)".into(), |file| file.display().to_string()),
            format!("{}/**/sumo/bin/sumo", venv.display()),
            "sumo in PATH".into(),
        ],
    })
}

/// `**/sumo/bin/sumo` below a folder, the first in the order of names; links to folders are not followed.
fn below(folder: &Path, depth: usize) -> Option<PathBuf> {
    if folder.ends_with("sumo/bin") {
        return existing(&folder.join("sumo"));
    }
    if depth == 0 {
        return None;
    }
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders.iter().find_map(|folder| below(folder, depth - 1))
}

fn existing(file: &Path) -> Option<PathBuf> {
    file.is_file().then(|| file.to_owned())
}

/// The package's folder (with `data/` in it) of a program in its `bin/`; SUMO needs it for schemas and projections.
pub fn home_of(binary: &Path) -> Option<PathBuf> {
    let real = binary.canonicalize().ok()?;
    let home = real.parent()?.parent()?;
    [home.to_owned(), home.join("share/sumo")].into_iter().find(|home| home.join("data").is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(file: &Path) {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "").unwrap();
    }

    #[test]
    fn home_comes_before_the_local_install_and_that_before_path() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let home = at("home");
        let venv = at("venv");
        let local = venv.join("lib/python3/site-packages/sumo/bin/sumo");
        let path = || std::iter::once(at("path"));
        assert!(find_in(Some(&home), &venv, path()).is_err());
        touch(&at("path/sumo"));
        assert_eq!(find_in(Some(&home), &venv, path()).unwrap(), at("path/sumo"));
        touch(&local);
        assert_eq!(find_in(Some(&home), &venv, path()).unwrap(), local);
        touch(&home.join("bin/sumo"));
        assert_eq!(find_in(Some(&home), &venv, path()).unwrap(), home.join("bin/sumo"));
    }

    #[test]
    fn a_named_program_that_is_not_there_is_an_error_that_names_it() {
        let error = find(Some(Path::new("/nowhere/sumo"))).unwrap_err();
        assert!(error.to_string().contains("/nowhere/sumo"), "{error}");
        assert_eq!(error.exit_code(), 69);
    }

    #[test]
    fn the_package_folder_is_the_one_with_data() {
        let root = tempfile::tempdir().unwrap();
        let binary = root.path().join("sumo/bin/sumo");
        touch(&binary);
        assert_eq!(home_of(&binary), None);
        std::fs::create_dir(root.path().join("sumo/data")).unwrap();
        assert_eq!(home_of(&binary), Some(root.path().join("sumo").canonicalize().unwrap()));
    }
}
