//! The folder of a recording: segments of bounded size, the oldest of which may go.
//!
//! What is written is handed to the disk in whole lines. Where the disk does not take it, the file is cut back to what was whole, so that a
//! full disk leaves no torn line. A kill in the middle of a write does, and the reader knows.

use crate::network::Network;
use crate::record::{Header, OLD_FILE, Writer, segment_file, segment_of};
use crate::service::history::hour_of;
use crate::time::Timestamp;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lines that are handed to the disk at once, at least \[bytes\].
const AT_ONCE: usize = 1 << 18;

/// Where a recording is kept, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// A segment that is larger is ended \[bytes\].
    pub segment: u64,
    /// Most bytes of the folder, the present segment not counted; the oldest segments go.
    pub all: u64,
}

impl Place {
    /// A folder, kept as it is kept unless said otherwise: segments of 256 MB, all of them.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), segment: 256_000_000, all: u64::MAX }
    }
}

/// An open recording in a folder.
#[derive(Debug)]
pub struct Segments {
    place: Place,
    writer: Writer,
    /// `None` when it could not be made yet.
    file: Option<File>,
    /// Bytes of the present segment that are whole.
    good: u64,
    hour: String,
    /// Whether anything of this run is on the disk.
    begun: bool,
}

impl Segments {
    /// A recording by itself: what another one left in the folder goes.
    ///
    /// # Errors
    /// What the disk says, here and below.
    pub fn alone(place: &Place, network: Arc<Network>, header: Header) -> io::Result<Self> {
        let folder = &place.folder;
        fs::create_dir_all(folder)?;
        for (_, file) in segments(folder)? {
            fs::remove_file(file)?;
        }
        match fs::remove_file(folder.join(OLD_FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut new = Self::of(place, network, header);
        new.write()?;
        Ok(new)
    }

    /// A recording behind those that are in the folder: its first segment has the next number. Nothing is written yet.
    pub fn behind(place: &Place, network: Arc<Network>, header: Header) -> Self {
        let last = segments(&place.folder).ok().and_then(|all| all.last().map(|(number, _)| *number)).unwrap_or(0);
        Self::of(place, network, Header { segment: last + 1, ..header })
    }

    fn of(place: &Place, network: Arc<Network>, header: Header) -> Self {
        let hour = hour_of(Timestamp::from_secs(header.begin_s));
        let writer = Writer::begin(network, header);
        Self { place: place.clone(), writer, file: None, good: 0, hour, begun: false }
    }

    /// Where lines are put.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Hand on what is there, if it is much.
    pub fn write_much(&mut self) -> io::Result<()> {
        if self.writer.waiting() >= AT_ONCE { self.write() } else { Ok(()) }
    }

    /// Hand on what is there. What the disk does not take is lost, and the file ends behind what it took before; the next
    /// thing to do is to begin another segment.
    pub fn write(&mut self) -> io::Result<()> {
        let lines = self.writer.take();
        if lines.is_empty() {
            return Ok(());
        }
        let path = self.place.folder.join(segment_file(self.writer.segment()));
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(create(&path)?),
        };
        if let Err(error) = file.write_all(&lines) {
            // Making a file shorter needs no room. When even that fails a line is torn, and the reader says so.
            let _ = if self.good == 0 { fs::remove_file(&path) } else { file.set_len(self.good) };
            self.file = None;
            return Err(error);
        }
        self.good += lines.len() as u64;
        self.begun = true;
        Ok(())
    }

    /// Begin another segment when this one is large or its hour is over; whether one was begun. For between two seconds.
    pub fn turn_over(&mut self, at: Timestamp) -> io::Result<bool> {
        if self.good < self.place.segment && hour_of(at) <= self.hour {
            return Ok(false);
        }
        self.begin_next(at)?;
        Ok(true)
    }

    /// Begin another segment, whatever this one is.
    pub fn begin_next(&mut self, at: Timestamp) -> io::Result<()> {
        if let Some(file) = &self.file {
            file.sync_data()?;
            self.write()?;
            self.file = None;
        }
        let next = self.writer.segment() + u32::from(self.good > 0);
        (self.hour, self.good) = (hour_of(at), 0);
        self.writer.turn_over(next, self.begun);
        self.write()?;
        self.forget_oldest()
    }

    /// The run came to its end.
    pub fn end(mut self, at: Timestamp) -> io::Result<()> {
        self.writer.end(at);
        self.write()?;
        self.file.map_or(Ok(()), |file| file.sync_data())
    }

    /// The oldest segments go until the rest is small enough.
    fn forget_oldest(&self) -> io::Result<()> {
        let all = segments(&self.place.folder)?;
        let sizes = all.iter().map(|(_, file)| fs::metadata(file).map_or(0, |it| it.len()));
        let mut bytes: u64 = sizes.clone().sum();
        for ((_, file), size) in all.iter().zip(sizes) {
            if bytes <= self.place.all {
                break;
            }
            fs::remove_file(file)?;
            bytes -= size;
        }
        Ok(())
    }
}

/// Numbers and files of the segments of a folder, the oldest first.
///
/// # Errors
/// What the disk says.
pub fn segments(folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| segment_of(&name.to_string_lossy()));
        found.extend(number.map(|number| (number, path.clone())));
    }
    found.sort();
    Ok(found)
}

fn create(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    OpenOptions::new().append(true).create_new(true).open(path)
}
