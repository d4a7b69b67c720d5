//! The scenarios of the repository, built into the program, so that their names are known in every folder.
//!
//! A name is looked for as a path, then under `scenarios/` in the current folder (who edits one there means that one), then
//! here. Their files stand alone: nothing beside them is read.

use super::{FILE, Scenario};
use crate::network::Problems;
use std::path::Path;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../scenarios/", $name, "/scenario.toml")))),*]
    };
}

/// Name and text of each, in the order of the names.
pub const BUILT_IN: [(&str, &str); 20] = built_in![
    "bench/grid100x100",
    "bench/grid10x10",
    "bench/grid30x30",
    "buses",
    "emergency",
    "faults/all",
    "faults/chatter",
    "faults/drift",
    "faults/duplicated",
    "faults/late",
    "faults/miscount",
    "faults/silent",
    "faults/stuck",
    "green-wave",
    "incident",
    "night",
    "school",
    "shennan",
    "stadium",
    "surge",
];

/// Read and check a scenario: a folder with a `scenario.toml`, such a file, or a name under `scenarios/`.
///
/// # Errors
/// As [`Scenario::load`]; an unknown name with those there are.
pub fn find(named: &Path) -> Result<Scenario, Problems> {
    let under = Path::new("scenarios").join(named);
    if named.is_file() || named.join(FILE).is_file() {
        return Scenario::load(named);
    }
    if under.join(FILE).is_file() {
        return Scenario::load(&under);
    }
    let wanted = named.strip_prefix("scenarios").unwrap_or(named);
    match BUILT_IN.iter().find(|(name, _)| Path::new(name) == wanted) {
        Some((name, text)) => Scenario::parse(text, &Path::new("scenarios").join(name).join(FILE)),
        None => Err(unknown(named)),
    }
}

/// The text of a scenario that was found: of its file, or the one that is built in.
///
/// # Errors
/// The file's that cannot be read.
pub fn text(path: &Path) -> std::io::Result<String> {
    let built_in = || BUILT_IN.iter().find(|(name, _)| Path::new("scenarios").join(name).join(FILE) == path);
    match built_in().filter(|_| !path.is_file()) {
        Some((_, text)) => Ok((*text).to_owned()),
        None => std::fs::read_to_string(path),
    }
}

/// What a scenario that was found is called: what stands between `scenarios/` and its file, or the name of its folder.
pub fn name(path: &Path) -> String {
    let folder = path.parent().unwrap_or(Path::new(""));
    let below = folder.strip_prefix("scenarios").ok().filter(|it| it.file_name().is_some());
    let name = below.or_else(|| folder.file_name().map(Path::new)).unwrap_or(Path::new("scenario"));
    name.display().to_string()
}

fn unknown(named: &Path) -> Problems {
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let allowed = format!("a folder with a {FILE}, such a file, or one of {}", names.join(", "));
    let mut problems = Problems::default();
    problems.push(named.display(), "no such scenario", allowed);
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_below(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.join(FILE).is_file() {
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
                found.push(path.strip_prefix(root).unwrap().display().to_string());
                assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1, "{}: stands alone", path.display());
            } else if path.is_dir() {
                names_below(&path, found);
            }
        }
    }

    #[test]
    fn every_scenario_of_the_repository_is_built_in() {
        let mut found = Vec::new();
        names_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), &mut found);
        found.sort();
        assert_eq!(BUILT_IN.map(|(name, _)| name.to_owned()).to_vec(), found);
    }

    #[test]
    fn a_name_that_is_not_known_is_told_with_those_that_are() {
        let told = find(Path::new("shenan")).unwrap_err().to_string();
        assert!(told.contains("shenan: no such scenario") && told.contains("shennan, stadium"), "{told}");
    }
}
