//! Recordings as several commands open them: the folder or the file, the name of an intersection, what is told when it fails.

use crate::network::Network;
use crate::record::{Damage, OLD_FILE, Reader, RecordError};
use crate::service::segments::{Place, segments};
use crate::time::{Millis, Timestamp};
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How much is read at once \[bytes\].
const BUFFER: usize = 1 << 18;
/// A run is recorded at this step.
pub(super) const SECOND: Millis = Millis::from_secs(1);
/// Names that are told when one is not known.
const NAMES_TOLD: usize = 8;

/// Why nothing can be told.
#[derive(Debug)]
pub(super) enum Failure {
    /// The command line asks for what is not there.
    Usage(String),
    /// The recording is wrong.
    Data(String),
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::Data(error.to_string())
    }
}

impl Failure {
    /// Say it; the exit code.
    pub(super) fn tell(&self, command: &str) -> ExitCode {
        let (Self::Usage(text) | Self::Data(text)) = self;
        eprintln!("lightwatch {command}: {text}");
        ExitCode::from(if matches!(self, Self::Usage(_)) { 64 } else { 65 })
    }
}

/// Where to keep what is said.
#[derive(Debug, clap::Args)]
pub(super) struct RecordArgs {
    /// Keep what was said in this folder, as events-NNNNNN.jsonl, to be explained, driven again and measured.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// A segment of the recording is ended when it is larger, in MB (10⁶ bytes), or when its hour is over.
    #[arg(long, value_name = "MB", default_value_t = 256, requires = "record", value_parser = clap::value_parser!(u64).range(1..=65_536))]
    record_segment: u64,
}

impl RecordArgs {
    /// Where, if anywhere.
    pub(super) fn place(&self) -> Option<Place> {
        let place = self.record.as_deref().map(Place::new);
        place.map(|place| Place { segment: self.record_segment * 1_000_000, ..place })
    }
}

/// Open the recording of a folder, of the only engine of a folder, or one segment.
pub(super) fn open(path: &Path) -> Result<Reader<BufReader<File>>, RecordError> {
    let mut files = files(path)?.into_iter();
    Reader::open(Box::new(move || {
        let file = files.next()?;
        let opened = File::open(&file).map(|opened| BufReader::with_capacity(BUFFER, opened));
        Some((file.display().to_string(), opened))
    }))
}

/// The segments of a recording, the oldest first.
fn files(path: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let name = path.display().to_string();
    let failed = |source| RecordError::Read { file: name.clone(), source };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let of = |folder: &Path| segments(folder).map(|all| all.into_iter().map(|(_, file)| file).collect::<Vec<_>>());
    let own = of(path).map_err(failed)?;
    if !own.is_empty() {
        return Ok(own);
    }
    let mut engines = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let folder = entry.map_err(failed)?.path();
        if folder.is_dir() && !of(&folder).map_err(failed)?.is_empty() {
            engines.push(folder);
        }
    }
    engines.sort();
    match engines.as_slice() {
        [] => Ok(vec![path.join(OLD_FILE)]),
        [one] => of(one).map_err(failed),
        more => {
            let names: Vec<String> = more.iter().map(|it| it.display().to_string()).collect();
            let why = format!("it holds those of several engines: {}; name one of them", names.join(", "));
            Err(RecordError::NotARecording { file: path.display().to_string(), why })
        }
    }
}

/// Print what was found.
pub(super) fn print(text: &str) {
    // A reader that has gone away is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Say what of a recording could not be read; whether that is more than its end.
pub(super) fn tell_unread<R: BufRead + 'static>(reader: &Reader<R>) -> bool {
    eprint!("{}", unread(reader));
    !reader.damages().is_empty()
}

/// What of a recording could not be read, line by line.
pub(super) fn unread<R: BufRead + 'static>(reader: &Reader<R>) -> String {
    let damages = reader.damages().iter().map(|damage| format!("{damage}; the rest was used\n"));
    let cut_off = reader.cut_off().map(|Damage { file, line, .. }| {
        let line = line.map_or_else(String::new, |line| format!(" at line {line}"));
        format!("{file}: breaks off{line}; what stands before it was used\n")
    });
    damages.chain(cut_off).collect()
}

/// Seconds with a fraction.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    let number: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if number.is_finite() && number.abs() < 1e12 {
        Ok(Timestamp(Millis::from_secs_f64(number).0))
    } else {
        Err("not an instant".into())
    }
}

/// Position of the intersection of a name; without a name, of the only one.
pub(super) fn intersection(network: &Network, name: Option<&str>) -> Result<usize, Failure> {
    let names: Vec<&str> = network.intersections.iter().map(|it| it.id.as_str()).collect();
    match name {
        Some(name) => network.position(name).ok_or_else(|| {
            let near = near(name, &names).join(", ");
            Failure::Usage(format!("--intersection {name}: not in the recording; near to it are {near}"))
        }),
        None if names.len() == 1 => Ok(0),
        None => {
            let list = near("", &names).join(", ");
            Err(Failure::Usage(format!("--intersection is needed, one of {} such as {list}", names.len())))
        }
    }
}

/// Positions of the intersections of some names; without names, of all of them.
pub(super) fn intersections(network: &Network, names: &[String]) -> Result<Vec<usize>, Failure> {
    if names.is_empty() {
        return Ok((0..network.intersections.len()).collect());
    }
    names.iter().map(|name| intersection(network, Some(name))).collect()
}

/// The names that differ least from one.
fn near<'a>(name: &str, names: &[&'a str]) -> Vec<&'a str> {
    let mut ranked: Vec<(usize, &str)> = names.iter().map(|other| (distance(name, other), *other)).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(NAMES_TOLD).map(|(_, other)| other).collect()
}

/// Letters to insert, delete or change (Levenshtein 1966), whatever their case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = corner + usize::from(from != to);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first_whatever_their_case() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(near("gnej207", &["x", "gneJ143", "gneJ207"])[..2], ["gneJ207", "gneJ143"]);
        assert_eq!(near("", &["b", "a"]), ["a", "b"]);
    }

    #[test]
    fn an_instant_is_a_finite_number_of_seconds() {
        assert_eq!(instant("25263.5"), Ok(Timestamp(25_263_500)));
        assert!(instant("inf").is_err() && instant("noon").is_err());
    }
}
