//! Whether an audit log is as it was written: every finding with its file and line.
//!
//! In: the files of a log with their bytes, oldest first, and a head that was kept apart. Out: a [`Report`]. A chain that breaks is
//! taken up again at the next line that can be read, so that one edit is one or two findings and not a thousand.

use super::{AuditEvent, AuditLine, Chain, Head, parts};
use serde::Serialize;

/// A file of a log.
#[derive(Debug, Clone, Copy)]
pub struct LogFile<'a> {
    /// How it is called in findings.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What is wrong, where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Name of the file.
    pub file: String,
    /// Line in it, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What.
    pub found: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Report {
    /// Lines that could be read.
    pub lines: u64,
    /// The last line; what one carries elsewhere to compare with later.
    pub head: Option<Head>,
    /// What is not as it was written; empty when all is good.
    pub findings: Vec<Finding>,
    /// What one should know and what is no finding.
    pub notes: Vec<Finding>,
}

/// Judge a log from its first file to its last, as far as a head goes.
///
/// `whole` is whether the first file must be the first of the log. A line more than the head knows is what a writer leaves who
/// was killed between the two.
pub fn verify(files: &[LogFile<'_>], head: Option<&Head>, whole: bool) -> Report {
    let mut judge = Judge { report: Report::default(), chain: None, at_head: None, head, whole };
    for (number, file) in files.iter().enumerate() {
        judge.file(file, number + 1 == files.len());
    }
    judge.end(files.last().map_or("", |file| file.name));
    judge.report
}

struct Judge<'a> {
    report: Report,
    /// Behind the last line that could be read.
    chain: Option<Chain>,
    /// Hash of the line that the head names, once it has been read.
    at_head: Option<String>,
    head: Option<&'a Head>,
    whole: bool,
}

impl Judge<'_> {
    fn file(&mut self, file: &LogFile<'_>, is_last: bool) {
        let (lines, torn) = split(file.bytes);
        for (number, line) in lines.iter().enumerate() {
            self.line(file.name, number, line);
        }
        if lines.is_empty() {
            self.find(file.name, 0, "no whole line in it".to_owned());
        }
        match torn.len() {
            0 => {}
            bytes if is_last => {
                let found = format!(
                    "{bytes} bytes without a line feed: a line that was not finished; the next start takes them away"
                );
                self.report.notes.push(Finding { file: file.name.to_owned(), line: lines.len() + 1, found });
            }
            bytes => {
                self.find(
                    file.name,
                    lines.len() + 1,
                    format!("{bytes} bytes without a line feed, and the log goes on"),
                );
            }
        }
    }

    fn line(&mut self, file: &str, number: usize, line: &[u8]) {
        let claimed = claim(line);
        let opened = match &claimed {
            Some(AuditLine { event: AuditEvent::Opened { file, previous, .. }, seq, .. }) => {
                Some((*file, Head { seq: *seq, hash: previous.clone() }))
            }
            _ => None,
        };
        if number == 0 {
            match &opened {
                Some((_, from)) => self.begin(file, from),
                None => self.find(file, 1, "it does not begin with the line that opens a file".to_owned()),
            }
        } else if opened.is_some() {
            self.find(file, number + 1, "a file is opened in the middle of a file".to_owned());
        }
        let chain = self.chain.clone().unwrap_or_default();
        match chain.read(line) {
            Ok((read, behind)) => self.good(file, number, &read, behind),
            Err(found) => {
                self.find(file, number + 1, found);
                // Go on behind what the line itself claims, so that the next line is judged by it.
                if let (Some(line_read), Some((_, hash))) = (claimed, parts(line)) {
                    let hash = crate::record::header::hexadecimal(&hash);
                    self.chain = Chain::after(&Head { seq: line_read.seq, hash }).or_else(|| self.chain.take());
                }
            }
        }
    }

    /// What a file says to go on from must be what the one before it ended with.
    fn begin(&mut self, file: &str, from: &Head) {
        let claimed = match from.seq.checked_sub(1) {
            Some(seq) => Chain::after(&Head { seq, hash: from.hash.clone() }),
            None => Some(Chain::default()),
        };
        if self.at_head.is_none() && self.head.is_some_and(|head| head.seq.checked_add(1) == Some(from.seq)) {
            self.at_head = Some(from.hash.clone());
        }
        match (&self.chain, claimed) {
            (_, None) => self.find(file, 1, "it goes on from a hash that is none".to_owned()),
            (Some(chain), Some(claimed)) if *chain != claimed => {
                let found = format!(
                    "it goes on behind line {}, the file before it ended before line {}",
                    from.seq,
                    chain.next()
                );
                self.find(file, 1, found);
                self.chain = Some(claimed);
            }
            (Some(_), _) => {}
            (None, Some(claimed)) => {
                if self.whole && claimed.next() != 0 {
                    self.find(
                        file,
                        1,
                        format!("the log begins with line {}: what was before it is not here", claimed.next()),
                    );
                }
                self.chain = Some(claimed);
            }
        }
    }

    fn good(&mut self, file: &str, number: usize, read: &AuditLine, behind: Chain) {
        self.report.lines += 1;
        if self.head.is_some_and(|head| head.seq == read.seq) {
            self.at_head = Some(behind.hash());
        }
        let note = match &read.event {
            AuditEvent::Repaired { bytes } => Some(format!("{bytes} bytes of an unfinished line were taken away here")),
            AuditEvent::Missed { count } => Some(format!("{count} changes of mode were not written down")),
            AuditEvent::Damaged { found } => Some(format!("found when the log was opened: {found}")),
            _ => None,
        };
        if let Some(found) = note {
            self.report.notes.push(Finding { file: file.to_owned(), line: number + 1, found });
        }
        self.chain = Some(behind);
    }

    /// Hold the end against the head.
    fn end(&mut self, file: &str) {
        self.report.head = self.chain.as_ref().and_then(Chain::head);
        let Some(head) = self.head else {
            let found = "no head to hold it against: lines that were cut off at the end would not be found".to_owned();
            self.report.notes.push(Finding { file: file.to_owned(), line: 0, found });
            return;
        };
        let last = self.report.head.as_ref().map(|last| last.seq);
        match (&self.at_head, last) {
            (Some(hash), _) if *hash != head.hash => {
                self.find(file, 0, format!("line {} has another hash than the head says", head.seq));
            }
            (Some(_), Some(last)) if last > head.seq + 1 => {
                self.find(
                    file,
                    0,
                    format!("{} lines behind line {}, the last that the head knows", last - head.seq, head.seq),
                );
            }
            (Some(_), _) => {}
            (None, Some(last)) if last >= head.seq => {
                self.find(file, 0, format!("line {}, which the head names, is not there as it was", head.seq));
            }
            (None, last) => {
                let left = last.map_or("nothing is left".to_owned(), |last| format!("the log ends with line {last}"));
                self.find(file, 0, format!("{left}, the head knows line {}: it was cut off", head.seq));
            }
        }
    }

    fn find(&mut self, file: &str, line: usize, found: String) {
        self.report.findings.push(Finding { file: file.to_owned(), line, found });
    }
}

/// Whole lines without their line feeds, and what is behind the last one.
pub fn split(bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let torn = lines.pop().unwrap_or_default();
    (lines, torn)
}

/// What a line says of itself, whatever its hash.
fn claim(line: &[u8]) -> Option<AuditLine> {
    let (said, _) = parts(line)?;
    serde_json::from_slice(&[said, b"}"].concat()).ok()
}

/// Whether any line of a file is one of an audit log.
pub fn is_audit_log(bytes: &[u8]) -> bool {
    split(bytes).0.into_iter().any(|line| claim(line).is_some())
}
