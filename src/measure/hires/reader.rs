//! Reads a log as CSV, row by row, in bounded memory, whatever stands in it.
//!
//! A row that is none is counted and named with its line, and the next one is read. A last line without its end was cut off while it was
//! written: `82,1` may have been to become `82,12`, so it is named and not used. Lines are parted by hand and not by a CSV reader that knows quotes over
//! several lines: with one of those a single quote too much would swallow the rest of the log.

use super::row::Columns;
use super::{Event, Names, Noted};
use std::io::BufRead;

/// Longest line that is read \[bytes\].
const LINE_MAX: usize = 4_096;
/// The header is among so many lines: some programs write what a log is above it.
const HEADER_LINES: u64 = 10;

/// A log that is being read.
#[derive(Debug)]
pub struct Reader<R> {
    lines: R,
    columns: Columns,
    alone: String,
    line: u64,
    text: Vec<u8>,
    ended: bool,
    /// Rows that could not be read.
    pub unread: Noted,
}

/// How a line ended.
enum Line {
    Whole,
    TooLong,
    CutOff,
    None,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header; `alone` is the name of the signal of a log that does not tell any.
    ///
    /// # Errors
    /// That it has none.
    pub fn open(mut lines: R, alone: &str) -> Result<Self, String> {
        let mut text = Vec::new();
        for line in 1..=HEADER_LINES {
            match next_line(&mut lines, &mut text).map_err(|error| error.to_string())? {
                Line::None | Line::CutOff => break,
                Line::Whole | Line::TooLong => {}
            }
            if let Some(columns) = Columns::of_header(&text) {
                let (alone, unread) = (alone.to_owned(), Noted::default());
                return Ok(Self { lines, columns, alone, line, text, ended: false, unread });
            }
        }
        Err("no header with columns for signal, timestamp, event code and parameter, such as SignalId,Timestamp,EventCode,EventParam".into())
    }

    /// The next event with its line; `None` at the end of what can be read.
    pub fn next(&mut self, names: &mut Names) -> Option<(Event, u64)> {
        while !self.ended {
            self.line += 1;
            let line = self.line;
            match next_line(&mut self.lines, &mut self.text) {
                Ok(Line::Whole) if self.text.trim_ascii().is_empty() => {}
                Ok(Line::Whole) => match self.columns.row(&self.text) {
                    Ok(row) => match names.position(row.signal.unwrap_or(&self.alone)) {
                        Some(signal) => {
                            return Some((Event { at: row.at, code: row.code, param: row.param, signal }, line));
                        }
                        None => self.unread.note(line, || format!("more than {} signals", super::SIGNALS_MAX)),
                    },
                    Err(why) => self.unread.note(line, || why),
                },
                Ok(Line::TooLong) => self.unread.note(line, || format!("longer than {LINE_MAX} bytes")),
                Ok(Line::CutOff) => {
                    self.unread.note(line, || "breaks off: the line has no end".to_owned());
                    self.ended = true;
                }
                Ok(Line::None) => self.ended = true,
                Err(error) => {
                    self.unread.note(line, || format!("cannot be read on: {error}"));
                    self.ended = true;
                }
            }
        }
        None
    }
}

/// The next line without its end; of one that is too long, its beginning.
fn next_line(lines: &mut impl BufRead, text: &mut Vec<u8>) -> std::io::Result<Line> {
    text.clear();
    let mut too_long = false;
    loop {
        let read = match lines.fill_buf() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read.is_empty() {
            return Ok(if text.is_empty() && !too_long { Line::None } else { Line::CutOff });
        }
        let end = read.iter().position(|&it| it == b'\n');
        let taken = &read[..end.unwrap_or(read.len())];
        let room = LINE_MAX - text.len();
        too_long |= taken.len() > room;
        text.extend_from_slice(&taken[..taken.len().min(room)]);
        let used = taken.len() + usize::from(end.is_some());
        lines.consume(used);
        if end.is_some() {
            return Ok(if too_long { Line::TooLong } else { Line::Whole });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8]) -> (Vec<(Event, u64)>, Noted) {
        let (mut names, mut found) = (Names::default(), Vec::new());
        let Ok(mut reader) = Reader::open(text, "alone") else { return (found, Noted::default()) };
        while let Some(event) = reader.next(&mut names) {
            found.push(event);
        }
        (found, reader.unread)
    }

    #[test]
    fn rows_between_garbage_are_used_and_the_garbage_is_named_by_line() {
        let long = "x".repeat(10_000);
        let text = format!(
            "a log of ours\nSignalId,Timestamp,EventCode,EventParam\r\ns,2024-05-01 07:00:00,82,5\r\n\n\"\n{long}\ns,2024-05-01 07:00:01,81,5\ns,2024-05-01 07:00:02,8"
        );
        let (found, unread) = all(text.as_bytes());
        assert_eq!(found.iter().map(|(event, line)| (event.code, *line)).collect::<Vec<_>>(), [(82, 3), (81, 7)]);
        assert_eq!(unread.first.iter().map(|it| it.0).collect::<Vec<_>>(), [5, 6, 8]);
        assert!(unread.first[2].1.contains("breaks off"), "{unread:?}");
    }

    #[test]
    fn a_log_without_a_header_is_refused_and_one_without_signals_has_one() {
        assert!(Reader::open(&b"1,2,3\n"[..], "alone").unwrap_err().contains("header"));
        let (found, _) = all(b"time,code,param\n2024-05-01 07:00:00,1,2\n");
        assert_eq!((found.len(), found[0].0.signal), (1, 0));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_is_good_among_them_is_found(
            before in proptest::collection::vec(any::<u8>(), 0..200), after in proptest::collection::vec(any::<u8>(), 0..200)
        ) {
            let mut text = b"SignalId,Timestamp,EventCode,EventParam\n".to_vec();
            text.extend(before);
            text.extend(b"\ns,2024-05-01 07:00:00,82,5\n");
            text.extend(after);
            let (found, _) = all(&text);
            prop_assert!(found.iter().any(|(event, _)| (event.code, event.param) == (82, 5)));
        }
    }
}
