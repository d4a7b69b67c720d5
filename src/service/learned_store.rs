//! What an engine has learned, on disk: one file an engine, whole at any instant.
//!
//! In: [`Learned`] of the intersections. Out: `FOLDER/NAME.learned.json`, and at the next start a [`Memory`] for each intersection of
//! the network whose entry is good, with the reasons why others are not.
//!
//! Written beside, synced, moved into place, folder synced: whoever is killed in between leaves the old file or the new one,
//! never half of one (rename is atomic: POSIX.1-2017). A file that cannot be read, or an entry that does not fit, is told and passed
//! over; an engine starts with whatever it finds. What was refused keeps a second name ([`LearnedStore::put_aside`]), so that the next
//! writing does not lose it.
//!
//! Several engines may share one file, where one of them leads and writes. One that was frozen while it wrote finds its half gone when
//! it goes on, because whoever writes removes the halves of others, and so cannot put an old file in the place of a newer one.

use crate::controller::{Controller, Learned, Memory, Settings};
use crate::network::{Intersection, Network};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// Larger files are not read \[byte\]: 5 000 intersections take some 50 MB.
const BYTES_MAX: u64 = 512 << 20;

/// Where an engine keeps what it has learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedStore {
    file: PathBuf,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// What fits, in the order of the network.
    pub memories: Vec<Memory>,
    /// What does not, with the reasons, a line each.
    pub refused: Vec<String>,
}

#[derive(Serialize)]
struct Writing<'a> {
    lightwatch_learned: u32,
    program: &'a str,
    intersections: &'a [Learned],
}

#[derive(Deserialize)]
struct Reading<'a> {
    lightwatch_learned: u32,
    #[serde(borrow)]
    intersections: Vec<&'a RawValue>,
}

impl LearnedStore {
    /// The file of an engine, or of a street, in a folder; what is no plain letter of the name becomes `-`.
    pub fn new(folder: &Path, name: &str) -> Self {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        let name: String = name.chars().map(|letter| if plain(letter) { letter } else { '-' }).collect();
        Self { file: folder.join(format!("{name}.learned.json")) }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What was kept for the intersections of a network; `absence` is how long ago an instant is. A file that is not there is no
    /// finding: this is the first start.
    pub fn read(&self, network: &Network, absence: impl Fn(Timestamp) -> Millis) -> Found {
        let mut found = Found::default();
        let text = match self.text() {
            Ok(Some(text)) => text,
            Ok(None) => return found,
            Err(error) => {
                found.refused.push(error.to_string());
                return found;
            }
        };
        let reading: Reading<'_> = match serde_json::from_str(&text) {
            Ok(reading) => reading,
            Err(error) => {
                found.refused.push(format!("not a file of learned values: {error}"));
                return found;
            }
        };
        if reading.lightwatch_learned != Learned::FORMAT {
            let (form, own) = (reading.lightwatch_learned, Learned::FORMAT);
            found.refused.push(format!("lightwatch_learned: {form} (allowed: {own})"));
            return found;
        }
        let mut kept = BTreeMap::new();
        for (position, entry) in reading.intersections.into_iter().enumerate() {
            match serde_json::from_str::<Learned>(entry.get()) {
                Ok(learned) => drop(kept.insert(learned.intersection.clone(), learned)),
                Err(error) => found.refused.push(format!("intersections[{position}]: {error}")),
            }
        }
        for intersection in &network.intersections {
            if let Some(learned) = kept.remove(intersection.id.as_str()) {
                let memory = Memory { absence: absence(learned.at), learned };
                found.judge(intersection, network, memory);
            }
        }
        found
    }

    fn text(&self) -> io::Result<Option<String>> {
        let bytes = match fs::metadata(&self.file) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if bytes > BYTES_MAX {
            return Err(io::Error::other(format!("{bytes} bytes (allowed: at most {BYTES_MAX})")));
        }
        fs::read_to_string(&self.file).map(Some)
    }

    /// Give a file of which something was refused a second name, `…refused-MS` by the time it was written; the same file gets the same.
    ///
    /// # Errors
    /// What the disk says.
    pub fn put_aside(&self) -> io::Result<PathBuf> {
        let written = fs::metadata(&self.file)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut name = self.file.as_os_str().to_owned();
        name.push(format!(".refused-{}", written.as_millis()));
        let aside = PathBuf::from(name);
        match fs::hard_link(&self.file, &aside) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(aside),
        }
    }

    /// Keep what was learned, in place of what was kept before.
    ///
    /// # Errors
    /// What the disk says; then the file is as it was.
    pub fn write(&self, intersections: &[Learned]) -> io::Result<()> {
        let program = env!("CARGO_PKG_VERSION");
        let writing = Writing { lightwatch_learned: Learned::FORMAT, program, intersections };
        let text = serde_json::to_vec(&writing).map_err(io::Error::other)?;
        replace(&self.file, &text)
    }
}

/// Put a text in the place of a file, so that at any instant the old one is there or the new one. The folder is made when it is not
/// there.
///
/// # Errors
/// What the disk says; then the file is as it was.
pub fn replace(file: &Path, text: &[u8]) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let half = folder.join(format!(".{name}.{}.half", std::process::id()));
    let mut beside = File::create(&half)?;
    beside.write_all(text)?;
    beside.sync_all()?;
    drop(beside);
    fs::rename(&half, file)?;
    remove_halves(folder, &format!(".{name}."))?;
    File::open(folder)?.sync_all()
}

/// What was left by those who were killed, or is still held by one who was frozen.
fn remove_halves(folder: &Path, start: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.strip_prefix(start).is_some_and(|rest| rest.ends_with("half")) {
            // It may have been somebody else's to remove.
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

impl Found {
    /// Try it on a controller that is thrown away, so that whatever is handed on will be taken.
    fn judge(&mut self, intersection: &Intersection, network: &Network, memory: Memory) {
        let mut controller = Controller::new(Arc::new(intersection.clone()), &network.links, Settings::default());
        match controller.resume(&memory) {
            Ok(()) => self.memories.push(memory),
            Err(problems) => {
                let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
                self.refused.push(format!("{}: {}", intersection.id, all.join("; ")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::Input;
    use crate::estimate::Observation;
    use crate::network::sample::crossroads;

    fn network() -> Network {
        Network { city: "x".to_owned(), intersections: vec![crossroads()], links: Vec::new() }
    }

    /// What a controller that has heard one message has learned: nothing but when.
    fn learned(at: i64) -> Learned {
        let mut controller = Controller::new(Arc::new(crossroads()), &[], Settings::default());
        let at = Timestamp::from_secs(at);
        let seen = Observation { at, seq: 1, period: Millis::from_secs(1), places: Vec::new() };
        controller.handle(Input::Counts(seen), at);
        controller.learned().expect("it has heard counts")
    }

    fn age(at: Timestamp) -> Millis {
        Timestamp::from_secs(100) - at
    }

    #[test]
    fn what_is_written_is_found_at_the_next_start_with_its_age() {
        let folder = tempfile::tempdir().unwrap();
        let store = LearnedStore::new(&folder.path().join("new"), "a city/1");
        assert_eq!(store.read(&network(), age), Found::default(), "the first start finds nothing and says nothing");
        store.write(&[learned(40)]).unwrap();
        store.write(&[learned(60)]).unwrap();
        let found = store.read(&network(), age);
        assert_eq!((found.memories.len(), found.refused.len()), (1, 0), "{found:?}");
        assert_eq!(found.memories[0], Memory { learned: learned(60), absence: Millis::from_secs(40) });
        assert!(store.file().ends_with("a-city-1.learned.json"));
    }

    #[test]
    fn whoever_is_killed_while_writing_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = LearnedStore::new(folder.path(), "engine-1");
        store.write(&[learned(40)]).unwrap();
        fs::write(folder.path().join(".engine-1.learned.json.77.half"), "{\"lightwatch_lea").unwrap();
        assert_eq!(store.read(&network(), age).memories.len(), 1);
        store.write(&[learned(60)]).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the next writer takes the half one's place");
    }

    #[test]
    fn what_was_refused_keeps_a_name_of_its_own_however_often_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = LearnedStore::new(folder.path(), "engine-1");
        assert!(store.put_aside().is_err(), "nothing is there");
        fs::write(store.file(), "of another time").unwrap();
        assert_eq!(store.read(&network(), age).refused.len(), 1);
        let aside = store.put_aside().unwrap();
        assert_eq!(store.put_aside().unwrap(), aside);
        store.write(&[learned(60)]).unwrap();
        assert_eq!(fs::read_to_string(aside).unwrap(), "of another time");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn nothing_that_lies_there_keeps_an_engine_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let store = LearnedStore::new(folder.path(), "engine-1");
        store.write(&[learned(40)]).unwrap();
        let good = fs::read_to_string(store.file()).unwrap();
        let told = |text: &str| {
            fs::write(store.file(), text).unwrap();
            let found = store.read(&network(), age);
            assert_eq!(found.memories, [], "{text}");
            found.refused.join("\n")
        };
        assert!(told("").contains("not a file of learned values"));
        assert!(told(&good[..good.len() / 2]).contains("not a file of learned values"));
        assert!(told(&good.replacen(":1", ":7", 1)).contains("lightwatch_learned: 7 (allowed: 1)"));
        assert!(told(&good.replacen("0123456789abcdef", "another", 1)).contains("crossroads: config_hash: `another`"));
        assert!(told(&good.replacen("\"rate\":0.05", "\"rate\":-4", 1)).contains("rate: -4 veh/s"));
        assert!(told(&good.replacen("\"rate\":", "\"ratte\":", 1)).contains("intersections[0]: unknown field"));
        assert!(told(&good.replacen("40000", "400000", 1)).contains("at: 300.0 s ahead"));
        let elsewhere = good.replacen("crossroads", "elsewhere", 1);
        assert_eq!(told(&elsewhere), "", "other intersections of the file are nobody's business");
        fs::remove_file(store.file()).unwrap();
        fs::create_dir(store.file()).unwrap();
        assert_eq!(store.read(&network(), age).refused.len(), 1, "a folder is no file");
    }
}
