//! The audit log on disk: `FOLDER/audit-000001.jsonl` and so on, and `FOLDER/head.json` beside them.
//!
//! A line is appended and synced, then the head is put in the place of the old one and synced, and only then is the caller told that it is
//! written: what was acknowledged is on the disk, and a log that was cut off below it is found. A line is about 300 bytes; both steps
//! together cost some milliseconds, which is much for a plan and nothing for an operator.
//!
//! Whoever was killed in the middle of a line leaves a line without its end: it is cut off at the next start, and the next line says so.
//! The same happens after a write that failed (a full disk): what was begun is cut off, the caller is told, and the next event tries again.
//! A file that is not as it was written is left as it is; the log goes on in a new file that says what was found.
//!
//! A file of [`FILE_BYTES`] is followed by the next one. Nothing is ever deleted here. One process writes at a time (a lock on
//! `FOLDER/lock`).

use super::learned_store::replace;
use crate::record::audit::verify::{LogFile, split, verify};
use crate::record::audit::{AuditEvent, Chain, Head};
use crate::time::Timestamp;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file that has reached this is followed by another \[byte\].
pub const FILE_BYTES: u64 = 16 << 20;
const HEAD: &str = "head.json";
const LOCK: &str = "lock";

/// An open log.
#[derive(Debug)]
pub struct AuditLog {
    folder: PathBuf,
    chain: Chain,
    number: u32,
    file: File,
    file_bytes: u64,
    /// Bytes that are whole lines.
    good: u64,
    /// Released with the log.
    _lock: File,
}

impl AuditLog {
    /// Opens the log of a folder, which is made when it is not there, and mends its end.
    ///
    /// # Errors
    /// What the disk says, or that another process writes there.
    pub fn open(folder: &Path, at: Timestamp) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another process writes this audit log")),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (head, damaged) = match read_head(folder) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => (None, Some(format!("{HEAD}: {error}"))),
            head => (head?, None),
        };
        let Some((number, path)) = files(folder)?.pop() else {
            // A head without files: they were taken away, which the number of the first line will show.
            let chain = head.as_ref().and_then(Chain::after).unwrap_or_default();
            return Self::begin(folder.to_owned(), lock, 1, chain, at);
        };
        let bytes = fs::read(&path)?;
        let (lines, torn) = split(&bytes);
        let torn = torn.len() as u64;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let report = verify(&[LogFile { name: &name, bytes: &bytes }], head.as_ref(), false);
        if lines.is_empty() {
            // Killed while the file was begun: begin it again behind what the head says.
            let chain = head.as_ref().and_then(Chain::after).unwrap_or_default();
            fs::remove_file(&path)?;
            return Self::begin(folder.to_owned(), lock, number, chain, at);
        }
        let finding = report.findings.first().map(|it| format!("{} line {}: {}", it.file, it.line, it.found));
        if let Some(found) = finding.or(damaged) {
            let last = report.head.iter().chain(&head).max_by_key(|it| it.seq);
            let chain = last.and_then(Chain::after).unwrap_or_default();
            let mut log = Self::begin(folder.to_owned(), lock, number + 1, chain, at)?;
            tracing::error!(folder = %folder.display(), found, "the audit log is not as it was written; it goes on in a new file");
            log.append(AuditEvent::Damaged { found }, at)?;
            return Ok(log);
        }
        let chain = report.head.as_ref().and_then(Chain::after).unwrap_or_default();
        let file = OpenOptions::new().append(true).open(&path)?;
        let good = bytes.len() as u64 - torn;
        let (folder, file_bytes) = (folder.to_owned(), FILE_BYTES);
        let mut log = Self { folder, chain, number, file, file_bytes, good, _lock: lock };
        if torn > 0 {
            log.file.set_len(good)?;
            tracing::warn!(folder = %log.folder.display(), bytes = torn, "an unfinished line of the audit log was taken away");
            log.append(AuditEvent::Repaired { bytes: torn }, at)?;
        } else if head != log.head() {
            // Killed between a line and the head: two such lines would look like two that somebody added.
            log.keep_head()?;
        }
        Ok(log)
    }

    /// The same with files of another size.
    #[must_use]
    pub fn with_files_of(self, bytes: u64) -> Self {
        Self { file_bytes: bytes, ..self }
    }

    /// Write an event down; when this returns it is on the disk.
    ///
    /// # Errors
    /// What the disk says; then the event is not there, and the log is as it was.
    pub fn append(&mut self, event: AuditEvent, at: Timestamp) -> io::Result<Head> {
        if self.good >= self.file_bytes {
            self.next_file(at)?;
        }
        let (line, behind) = self.chain.line(event, at);
        self.write(&line, behind)
    }

    /// The last line.
    pub fn head(&self) -> Option<Head> {
        self.chain.head()
    }

    fn keep_head(&self) -> io::Result<()> {
        let text = serde_json::to_vec(&self.head()).expect("a number and a text");
        replace(&self.folder.join(HEAD), &text)
    }

    fn next_file(&mut self, at: Timestamp) -> io::Result<()> {
        let number = self.number + 1;
        let file = create(&self.folder, number)?;
        (self.file, self.good, self.number) = (file, 0, number);
        self.say_opened(at)
    }

    fn begin(folder: PathBuf, lock: File, number: u32, chain: Chain, at: Timestamp) -> io::Result<Self> {
        let file = create(&folder, number)?;
        let mut log = Self { folder, chain, number, file, file_bytes: FILE_BYTES, good: 0, _lock: lock };
        log.say_opened(at)?;
        Ok(log)
    }

    fn say_opened(&mut self, at: Timestamp) -> io::Result<()> {
        let (file, previous, program) = (self.number, self.chain.hash(), env!("CARGO_PKG_VERSION").to_owned());
        let (line, behind) = self.chain.line(AuditEvent::Opened { file, previous, program }, at);
        self.write(&line, behind).map(drop)
    }

    fn write(&mut self, line: &[u8], behind: Chain) -> io::Result<Head> {
        let head = behind.head().expect("a line was written");
        let told = self.file.write_all(line).and_then(|()| self.file.sync_data()).and_then(|()| {
            let text = serde_json::to_vec(&head).expect("a number and a text");
            replace(&self.folder.join(HEAD), &text)
        });
        if let Err(error) = told {
            // Making a file shorter needs no room. When even that fails the next start mends it.
            let _ = self.file.set_len(self.good);
            return Err(error);
        }
        self.good += line.len() as u64;
        self.chain = behind;
        Ok(head)
    }
}

/// The files of a log with their numbers, oldest first.
///
/// # Errors
/// What the disk says.
pub fn files(folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number = name.strip_prefix("audit-").and_then(|rest| rest.strip_suffix(".jsonl"));
        if let Some(number) = number.and_then(|digits| digits.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// The head that stands beside the files; `None` when there is none.
///
/// # Errors
/// What the disk says, or that it is no head.
pub fn read_head(folder: &Path) -> io::Result<Option<Head>> {
    match fs::read(folder.join(HEAD)) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn create(folder: &Path, number: u32) -> io::Result<File> {
    let path = folder.join(format!("audit-{number:06}.jsonl"));
    let file = OpenOptions::new().append(true).create_new(true).open(path)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}
