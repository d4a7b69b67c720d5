//! What goes when the folder has become too large or too old: whole hours, the oldest first.

use super::bulk::Table;
use super::hour_of;
use super::look::span_of;
use crate::time::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Most bytes of the folder.
    pub bytes: u64,
    /// Longest time.
    pub age: Millis,
}

impl Default for Keep {
    fn default() -> Self {
        Self { bytes: 20 << 30, age: Millis::from_secs(30 * 86_400) }
    }
}

/// What is there after the oldest went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Kept {
    /// Bytes of the folder.
    pub bytes: u64,
    /// The first instant that is told of.
    pub first: Option<Timestamp>,
}

/// Hours by name, each with its bytes and its folders.
type Hours = BTreeMap<String, (u64, Vec<PathBuf>)>;

/// Hours of a folder with their bytes and folders, the oldest first; the bytes of what is no hour.
fn hours(folder: &Path) -> io::Result<(Hours, u64)> {
    let (mut hours, mut rest) = (Hours::new(), 0);
    for entry in fs::read_dir(folder)? {
        rest += entry?.metadata().map_or(0, |it| if it.is_file() { it.len() } else { 0 });
    }
    for table in Table::ALL {
        let Ok(entries) = fs::read_dir(folder.join(table.name())) else { continue };
        for entry in entries {
            let entry = entry?;
            let mut bytes = 0;
            for file in fs::read_dir(entry.path())? {
                bytes += file?.metadata().map_or(0, |it| it.len());
            }
            let hour = hours.entry(entry.file_name().to_string_lossy().into_owned()).or_default();
            hour.0 += bytes;
            hour.1.push(entry.path());
        }
    }
    Ok((hours, rest))
}

/// Hours that are too old go, then the oldest until the rest is small enough; the present one stays.
pub(super) fn clean(folder: &Path, keep: Keep, now: Timestamp) -> io::Result<Kept> {
    let (mut hours, rest) = hours(folder)?;
    let mut bytes = rest + hours.values().map(|(bytes, _)| bytes).sum::<u64>();
    let (oldest, present) = (hour_of(now - keep.age), hour_of(now));
    while let Some(first) = hours.first_entry() {
        if *first.key() >= present || (*first.key() >= oldest && bytes <= keep.bytes) {
            break;
        }
        let (of_hour, folders) = first.remove();
        for folder in folders {
            fs::remove_dir_all(folder)?;
        }
        bytes -= of_hour;
    }
    let first = hours.into_values().next().and_then(|(_, folders)| first_of(&folders));
    Ok(Kept { bytes, first })
}

/// The first instant of the files of some folders.
fn first_of(folders: &[PathBuf]) -> Option<Timestamp> {
    let files = folders.iter().filter_map(|it| fs::read_dir(it).ok()).flatten().flatten();
    files.filter_map(|it| span_of(&it.path())).map(|(first, _)| first).min()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;

    fn hour(folder: &Path, secs: i64, bytes: usize) {
        let place = folder.join("counts").join(hour_of(Timestamp::from_secs(secs)));
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join(format!("{secs}000-{secs}999.parquet")), vec![0; bytes]).unwrap();
    }

    #[test]
    fn the_oldest_hours_go_by_age_then_by_size_and_the_present_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        for hours in 0..5 {
            hour(folder.path(), hours * 3_600, 1_000);
        }
        let now = Timestamp::from_secs(4 * 3_600 + 60);
        let keep = |bytes, hours: i64| Keep { bytes, age: Millis::from_secs(hours * 3_600) };
        let all = clean(folder.path(), keep(1 << 20, 100), now).unwrap();
        assert_eq!((all.bytes, all.first), (5_000, Some(Timestamp(0))));
        let young = clean(folder.path(), keep(1 << 20, 3), now).unwrap();
        assert_eq!((young.bytes, young.first), (4_000, Some(Timestamp::from_secs(3_600))));
        let small = clean(folder.path(), keep(2_500, 100), now).unwrap();
        assert_eq!((small.bytes, small.first), (2_000, Some(Timestamp::from_secs(3 * 3_600))));
        assert_eq!(clean(folder.path(), keep(0, 100), now).unwrap().bytes, 1_000, "the present hour stays");
    }
}
