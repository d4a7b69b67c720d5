//! Maps on disk: which folders hold one, and when their demand begins and ends.
//!
//! A map is a folder with exactly one `*.net.xml` and one `*.rou.xml`; a folder of such folders stands for all of them, in the
//! order of their names. In: paths. Out: [`Map`]s with the digests of their files, or every problem at once.

use super::table::{Entry, Table};
use crate::cosim::error::CosimError;
use crate::cosim::xml;
use crate::network::Problems;
use crate::record::header::hexadecimal;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Longest period that is taken from a demand \[s\].
const LONGEST_S: i64 = 3600;

/// One map.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Name of its folder.
    pub name: String,
    /// SUMO network.
    pub net: PathBuf,
    /// Demand.
    pub routes: PathBuf,
    /// First second.
    pub begin_s: i64,
    /// First second that is not simulated.
    pub end_s: i64,
    /// What the table and the folder say.
    pub entry: Entry,
    /// SHA-256 of both files.
    pub digest: String,
}

/// All maps in some folders.
pub fn find(folders: &[PathBuf], table: &Table) -> Result<Vec<Map>, Problems> {
    let (mut maps, mut problems): (Vec<Map>, _) = (Vec::new(), Problems::default());
    for folder in folders {
        let found = if is_map(folder) { vec![folder.clone()] } else { maps_below(folder) };
        if found.is_empty() {
            problems.push(
                folder.display(),
                "no map",
                "a folder with one .net.xml and one .rou.xml, or a folder of such",
            );
        }
        for folder in found {
            match read(&folder, table) {
                Ok(map) if maps.iter().any(|it| it.name == map.name) => {
                    problems.say(folder.display(), format_args!("a second map of the name {}", map.name));
                }
                Ok(map) => maps.push(map),
                Err(found) => problems.extend(found),
            }
        }
    }
    problems.into_result(maps)
}

/// Whether a folder is a map or holds some.
pub fn holds_one(folder: &Path) -> bool {
    is_map(folder) || !maps_below(folder).is_empty()
}

fn is_map(folder: &Path) -> bool {
    [".net.xml", ".rou.xml"].iter().all(|end| !files(folder, end).is_empty())
}

fn maps_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_map(path)).collect();
    folders.sort();
    folders
}

fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let ends = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(end));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(ends).collect();
    files.sort();
    files
}

fn read(folder: &Path, table: &Table) -> Result<Map, Problems> {
    let mut problems = Problems::default();
    let mut one = |end: &str| {
        let found = files(folder, end);
        if found.len() > 1 {
            problems.push(folder.display(), format_args!("{} files *{end}", found.len()), "one");
        }
        found.into_iter().next().unwrap_or_default()
    };
    let (net, routes) = (one(".net.xml"), one(".rou.xml"));
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = real.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let own = folder.join("bench.toml");
    let text = own.is_file().then(|| std::fs::read_to_string(&own));
    let text = text.transpose().unwrap_or_else(|error| {
        problems.say(own.display(), error);
        None
    });
    let source = own.display().to_string();
    let entry = match table.entry(&name, text.as_deref().map(|text| (text, source.as_str()))) {
        Ok(entry) => Some(entry),
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    let said = |error: CosimError, problems: &mut Problems| problems.say(folder.display(), error);
    let digest = digest(&[&net, &routes]).map_err(|error| said(error, &mut problems)).unwrap_or_default();
    let period = entry.as_ref().and_then(|it| it.period_s).map_or_else(|| demanded_s(&routes), Ok);
    let (begin_s, end_s) = period.map_err(|error| said(error, &mut problems)).unwrap_or_default();
    match entry {
        Some(entry) => problems.into_result(Map { name, net, routes, begin_s, end_s, entry, digest }),
        None => Err(problems),
    }
}

/// When a demand begins and ends, in whole minutes, an hour at most \[s\].
fn demanded_s(routes: &Path) -> Result<(i64, i64), CosimError> {
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    xml::elements(routes, |element| {
        let keys: &[&str] = match element.name() {
            "vehicle" | "trip" => &["depart"],
            "flow" => &["begin", "end"],
            _ => return Ok(()),
        };
        for key in keys {
            // Words such as `triggered` say no time.
            if let Some(secs) = element.get(key)?.and_then(|text| text.parse::<f64>().ok()) {
                (first, last) = (first.min(secs), last.max(secs));
            }
        }
        Ok(())
    })?;
    if !first.is_finite() || last < first {
        let message = "nobody departs; allowed is a demand with departures in seconds".to_owned();
        return Err(CosimError::Data { path: routes.to_owned(), message });
    }
    let begin_s = (first / 60.0).floor() as i64 * 60;
    let end_s = (last / 60.0).floor() as i64 * 60 + 60;
    Ok((begin_s, end_s.min(begin_s + LONGEST_S)))
}

/// SHA-256 over the bytes of files, as hexadecimal digits.
pub fn digest(files: &[&Path]) -> Result<String, CosimError> {
    let mut hash = Sha256::new();
    for file in files {
        let bytes = std::fs::read(file).map_err(CosimError::file(file))?;
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    }
    Ok(hexadecimal(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(root: &Path, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = root.join(name);
        std::fs::create_dir(&folder).unwrap();
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        folder
    }

    const DEMAND: &str = r#"<routes><vehicle id="a" depart="130.5"/><flow id="f" begin="70" end="900"/>
        <trip id="t" depart="triggered"/></routes>"#;

    #[test]
    fn a_folder_of_maps_is_all_of_them_and_an_unknown_one_begins_with_its_demand() {
        let root = tempfile::tempdir().unwrap();
        map(root.path(), "b", &[("x.net.xml", "<net/>"), ("x.rou.xml", DEMAND)]);
        map(root.path(), "a", &[("y.net.xml", "<net/>"), ("y.rou.xml", DEMAND), ("bench.toml", "begin_s=5\nend_s=9")]);
        map(root.path(), "no-map", &[("y.net.xml", "<net/>")]);
        let maps = find(&[root.path().to_owned()], &Table::built_in()).unwrap();
        let told: Vec<_> = maps.iter().map(|it| (it.name.as_str(), it.begin_s, it.end_s)).collect();
        assert_eq!(told, [("a", 5, 9), ("b", 60, 960)]);
        assert_eq!(maps[0].digest, maps[1].digest);
        let alone = find(&[root.path().join("b")], &Table::built_in()).unwrap();
        assert_eq!(alone, [maps[1].clone()]);
    }

    #[test]
    fn a_demand_of_a_day_is_cut_to_an_hour() {
        let root = tempfile::tempdir().unwrap();
        let day = r#"<routes><flow id="f" begin="0" end="86400"/></routes>"#;
        let folder = map(root.path(), "day", &[("x.net.xml", "<net/>"), ("x.rou.xml", day)]);
        assert_eq!(find(&[folder], &Table::built_in()).unwrap()[0].end_s, 3600);
    }

    #[test]
    fn everything_that_is_wrong_with_maps_is_told_at_once() {
        let root = tempfile::tempdir().unwrap();
        let net = ("x.net.xml", "<net/>");
        let two = map(root.path(), "two", &[net, ("y.net.xml", "<net/>"), ("x.rou.xml", DEMAND)]);
        let empty = map(root.path(), "empty", &[net, ("x.rou.xml", "<routes/>")]);
        let own = map(root.path(), "own", &[net, ("x.rou.xml", DEMAND), ("bench.toml", "begin_s=5\nbegn=3")]);
        let folders = [two, empty, own, root.path().join("nowhere")];
        let told = find(&folders, &Table::built_in()).unwrap_err().to_string();
        for it in ["2 files *.net.xml", "nobody departs", "begn: unknown key", "nowhere: no map"] {
            assert!(told.contains(it), "{it}\n--- in ---\n{told}");
        }
    }
}
