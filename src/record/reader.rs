//! Reads a recording second by second, in bounded memory.
//!
//! A program that was killed leaves a last line without its end, or a last second without all of its lines; what was
//! written before is good and is read, and [`Reader::cut_off`] says where it ends. A line in the middle that is no event is
//! an error with its number: such a file was changed by somebody.

use super::error::RecordError;
use super::event::{Event, Line, Second};
use super::header::{Header, digest};
use crate::network::Network;
use crate::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::BufRead;
use std::sync::Arc;

/// A recording that is being read.
#[derive(Debug)]
pub struct Reader<R> {
    /// Its first line.
    pub header: Header,
    /// The network of the header.
    pub network: Arc<Network>,
    file: String,
    lines: R,
    line: u64,
    /// First event of the next second.
    next: Option<(Timestamp, Option<Event>)>,
    ended: bool,
    cut_off: Option<u64>,
}

/// The form alone, which is looked at before anything else.
#[derive(Deserialize)]
struct Form {
    lightwatch_events: u64,
}

/// The settings as they stand in the header.
#[derive(Deserialize)]
struct SettingsAsWritten<'a> {
    #[serde(borrow)]
    settings: &'a RawValue,
    settings_digest: String,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header; `file` names the recording in messages.
    pub fn open(file: &str, mut lines: R) -> Result<Self, RecordError> {
        let mut text = Vec::new();
        let read = lines.read_until(b'\n', &mut text);
        read.map_err(|source| RecordError::Read { file: file.to_owned(), source })?;
        let header = header(file, &text)?;
        let network = header.build();
        let network = network.map_err(|problems| RecordError::Network { file: file.to_owned(), problems })?;
        let (network, file) = (Arc::new(network), file.to_owned());
        Ok(Self { header, network, file, lines, line: 1, next: None, ended: false, cut_off: None })
    }

    /// The next second; `None` at the end of what could be read.
    pub fn second(&mut self) -> Result<Option<Second>, RecordError> {
        let mut second: Option<Second> = None;
        loop {
            let Some((at, event)) = (match self.next.take() {
                Some(next) => Some(next),
                None => self.event()?,
            }) else {
                return Ok(second);
            };
            match &mut second {
                Some(second) if second.at != at => {
                    self.next = Some((at, event));
                    return Ok(Some(std::mem::replace(second, Second { at, events: Vec::new() })));
                }
                Some(second) => second.events.extend(event),
                None => second = Some(Second { at, events: event.into_iter().collect() }),
            }
        }
    }

    /// Number of the line at which the recording breaks off; `None` as long as it was not come to, and for one that has
    /// its end.
    pub fn cut_off(&self) -> Option<u64> {
        self.cut_off
    }

    fn event(&mut self) -> Result<Option<(Timestamp, Option<Event>)>, RecordError> {
        if self.ended || self.cut_off.is_some() {
            return Ok(None);
        }
        let mut text = Vec::new();
        let read = self.lines.read_until(b'\n', &mut text);
        read.map_err(|source| RecordError::Read { file: self.file.clone(), source })?;
        self.line += 1;
        if text.last() != Some(&b'\n') {
            self.cut_off = Some(self.line);
            return Ok(None);
        }
        let wrong = |message: String| RecordError::Line { file: self.file.clone(), line: self.line, message };
        let line: Line<'_> = serde_json::from_slice(&text).map_err(|error| wrong(format!("no event: {error}")))?;
        let at = Timestamp(line.ts_ms);
        let event = line.event().map_err(wrong)?;
        self.ended = event == Some(Event::End);
        Ok(Some((at, event)))
    }
}

/// The header of a first line.
fn header(file: &str, text: &[u8]) -> Result<Header, RecordError> {
    let not = |why: String| RecordError::NotARecording { file: file.to_owned(), why };
    if text.is_empty() {
        return Err(not("it is empty".into()));
    }
    let form: Form = serde_json::from_slice(text)
        .map_err(|_| not("its first line does not begin {\"lightwatch_events\":".into()))?;
    if form.lightwatch_events != u64::from(Header::FORMAT) {
        let remedy = if form.lightwatch_events > u64::from(Header::FORMAT) {
            "a newer lightwatch reads it"
        } else {
            "that form does not hold the network; record the run again"
        };
        let (file, found) = (file.to_owned(), form.lightwatch_events);
        return Err(RecordError::Format { file, found, known: Header::FORMAT, remedy });
    }
    let wrong = |error: serde_json::Error| not(format!("its header: {error}"));
    let settings: SettingsAsWritten<'_> = serde_json::from_slice(text).map_err(wrong)?;
    if digest(settings.settings.get()) != settings.settings_digest {
        return Err(not("the settings in its header are not those of their digest: they were changed".into()));
    }
    serde_json::from_slice(text).map_err(wrong)
}
