//! Reads a recording segment by segment, event by event, in bounded memory.
//!
//! A program that was killed leaves a last line without its end, or a last second without all of its lines; what was
//! written before is good and is read, and [`Reader::cut_off`] says where it ends. A line in the middle that is no event, a segment
//! that is not there and one whose header cannot be read are told ([`Reader::damages`]) and stand among the events as a
//! [`Event::Gap`] of all intersections: what follows is read all the same. A segment that begins a run of its own (the engine was
//! started again) stands there as [`Event::Begin`].

use super::error::{Damage, RecordError};
use super::event::{Event, Line, Second};
use super::header::{Header, digest};
use super::replay::Torn;
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, VecDeque};
use std::io::{BufRead, Result as IoResult};
use std::sync::Arc;

/// Damages that are kept one by one.
const DAMAGES_MAX: usize = 100;

/// Opens the segments of a recording one after the other: the name of each, and its bytes.
pub type Segments<R> = Box<dyn FnMut() -> Option<(String, IoResult<R>)>>;

/// A recording that is being read.
pub struct Reader<R> {
    /// First line of the first segment.
    pub header: Header,
    /// The network of the header.
    pub network: Arc<Network>,
    segments: Segments<R>,
    /// The segment that is read, with its header.
    present: Segment<R>,
    only: Option<BTreeSet<IntersectionId>>,
    ready: VecDeque<(Timestamp, Event)>,
    /// First event of the next second.
    next: Option<(Timestamp, Event)>,
    latest: Timestamp,
    /// Whom the last line was about.
    about: Option<IntersectionId>,
    ended: bool,
    over: bool,
    cut_off: Option<Damage>,
    damages: Vec<Damage>,
}

/// A segment that is being read.
struct Segment<R> {
    file: String,
    header: Header,
    lines: R,
    line: u64,
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

impl<R: BufRead + 'static> Reader<R> {
    /// Reads the header of the first segment.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is of another form.
    pub fn open(mut segments: Segments<R>) -> Result<Self, RecordError> {
        let mut damages = Vec::new();
        let present = loop {
            let Some((file, opened)) = segments() else {
                let why = "it has no segment that can be read".to_owned();
                return Err(RecordError::NotARecording { file: "recording".to_owned(), why });
            };
            match begin(file.clone(), opened) {
                Ok(present) => break present,
                // Killed while it was begun: the next may be whole. The last word is that of the only one.
                Err(RecordError::NotARecording { why, .. }) => {
                    damages.push(Damage {
                        file,
                        line: Some(1),
                        message: format!("not a recording of lightwatch: {why}"),
                    });
                    if let Some(more) = segments() {
                        let mut more = Some(more);
                        let mut rest = segments;
                        segments = Box::new(move || more.take().or_else(&mut rest));
                    } else {
                        let Damage { file, .. } = damages.swap_remove(0);
                        return Err(RecordError::NotARecording { file, why });
                    }
                }
                Err(error) => return Err(error),
            }
        };
        let network = present.header.build();
        let network = network.map_err(|problems| RecordError::Network { file: present.file.clone(), problems })?;
        let mut reader = Self {
            header: present.header.clone(),
            network: Arc::new(network),
            segments,
            latest: Timestamp::from_secs(present.header.begin_s),
            present,
            only: None,
            about: None,
            ready: VecDeque::new(),
            next: None,
            ended: false,
            over: false,
            cut_off: None,
            damages,
        };
        if reader.header.continues {
            // Earlier segments are gone, as whoever records for days lets them go: no damage, and nothing to begin from.
            reader.ready.push_back((reader.latest, Event::Gap { intersection: None, lost: 0 }));
        }
        Ok(reader)
    }

    /// The same, passing over what is about others than these intersections.
    #[must_use]
    pub fn only(mut self, intersections: impl IntoIterator<Item = IntersectionId>) -> Self {
        self.only = Some(intersections.into_iter().collect());
        self
    }

    /// The next second, or whatever stands together of one instant; `None` at the end of what could be read.
    ///
    /// # Errors
    /// A file that cannot be read.
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
                Some(second) => second.events.push(event),
                None => second = Some(Second { at, events: vec![event] }),
            }
        }
    }

    /// The next event with its instant; `None` at the end of what could be read.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn event(&mut self) -> Result<Option<(Timestamp, Event)>, RecordError> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            if self.over {
                return Ok(None);
            }
            if let Some(found) = self.line()? {
                return Ok(Some(found));
            }
        }
    }

    /// Where the recording breaks off; `None` as long as that was not come to, and for one that has its end.
    pub fn cut_off(&self) -> Option<&Damage> {
        self.cut_off.as_ref()
    }

    /// Where it breaks off, for who drives it again.
    pub fn torn(&self) -> Option<Torn> {
        self.cut_off.as_ref().map(|_| Torn { at: self.latest, about: self.about.clone() })
    }

    /// What could not be read so far, besides that.
    pub fn damages(&self) -> &[Damage] {
        &self.damages
    }

    /// The event of the next line that has one; `None` when there was none before the end of the segment, or when a line was no event.
    fn line(&mut self) -> Result<Option<(Timestamp, Event)>, RecordError> {
        let mut text = Vec::new();
        loop {
            text.clear();
            let Segment { file, lines, line, .. } = &mut self.present;
            let read = lines.read_until(b'\n', &mut text);
            read.map_err(|source| RecordError::Read { file: file.clone(), source })?;
            if text.is_empty() {
                self.turn_over(None);
                return Ok(None);
            }
            *line += 1;
            if text.last() != Some(&b'\n') {
                let (file, line) = (file.clone(), *line);
                self.turn_over(Some(Damage { file, line: Some(line), message: "it breaks off here".to_owned() }));
                return Ok(None);
            }
            match self.parsed(&text) {
                Ok((at, Some(Event::End))) => {
                    self.ended = true;
                    // Nothing stands behind it in its segment but what somebody added.
                    self.turn_over(None);
                    self.ready.push_front((at, Event::End));
                    return Ok(None);
                }
                Ok((at, event)) => {
                    self.latest = at;
                    if let Some(event) = event {
                        return Ok(Some((at, event)));
                    }
                }
                Err(message) => {
                    let (file, line) = (self.present.file.clone(), Some(self.present.line));
                    self.damaged(Damage { file, line, message });
                    self.gap();
                    return Ok(None);
                }
            }
        }
    }

    fn parsed(&mut self, text: &[u8]) -> Result<(Timestamp, Option<Event>), String> {
        let line: Line<'_> = serde_json::from_slice(text).map_err(|error| format!("no event: {error}"))?;
        let at = Timestamp(line.ts_ms);
        let (only, about) = (&self.only, &mut self.about);
        let mut wanted = |id: &IntersectionId| {
            *about = Some(id.clone());
            only.as_ref().is_none_or(|only| only.contains(id))
        };
        Ok((at, line.event(&mut wanted)?))
    }

    /// On to the next segment; `torn` is the line in which the present one ends.
    fn turn_over(&mut self, torn: Option<Damage>) {
        let before = (self.present.header.clone(), std::mem::take(&mut self.ended));
        loop {
            let Some((file, opened)) = (self.segments)() else {
                self.over = true;
                if !before.1 {
                    let Segment { file, line, .. } = &self.present;
                    let message = "it breaks off here".to_owned();
                    self.cut_off = torn.or_else(|| Some(Damage { file: file.clone(), line: Some(line + 1), message }));
                }
                return;
            };
            let name = file.clone();
            let next = match begin(file, opened) {
                Ok(next) => next,
                Err(error) => {
                    let message = error.to_string();
                    let message = message.strip_prefix(&format!("{name}: ")).unwrap_or(&message).to_owned();
                    self.damaged(Damage { file: name, line: None, message });
                    continue;
                }
            };
            if !next.header.continues && next.header.intersections == self.header.intersections {
                if let Some(torn) = torn {
                    // Whoever was killed and started again has lost a line, and no more than that.
                    self.damaged(torn);
                }
                let at = Timestamp::from_secs(next.header.begin_s);
                self.ready.push_back((at, Event::Begin(Arc::new(next.header.clone()))));
            } else if !next.header.continues {
                let message = "it is of another network than the first segment".to_owned();
                self.damaged(Damage { file: name, line: Some(1), message });
                continue;
            } else if torn.is_some() || !before.0.is_continued_by(&next.header) {
                let message = format!("it does not go on where {} ends", self.present.file);
                self.damaged(torn.unwrap_or(Damage { file: name, line: Some(1), message }));
                self.gap();
            }
            self.present = next;
            return;
        }
    }

    fn gap(&mut self) {
        self.ready.push_back((self.latest, Event::Gap { intersection: None, lost: 1 }));
    }

    fn damaged(&mut self, damage: Damage) {
        if self.damages.len() < DAMAGES_MAX {
            self.damages.push(damage);
        }
    }
}

/// Reads the header of a segment.
fn begin<R: BufRead>(file: String, opened: IoResult<R>) -> Result<Segment<R>, RecordError> {
    let failed = |source| RecordError::Read { file: file.clone(), source };
    let mut lines = opened.map_err(failed)?;
    let mut text = Vec::new();
    lines.read_until(b'\n', &mut text).map_err(failed)?;
    let header = header(&file, &text)?;
    Ok(Segment { file, header, lines, line: 1 })
}

/// The header of a first line.
fn header(file: &str, text: &[u8]) -> Result<Header, RecordError> {
    let not = |why: String| RecordError::NotARecording { file: file.to_owned(), why };
    if text.is_empty() {
        return Err(not("it is empty".into()));
    }
    if text.last() != Some(&b'\n') && text.starts_with(b"{\"lightwatch_events\":") {
        return Err(not("it breaks off in its first line".into()));
    }
    let form: Form = serde_json::from_slice(text)
        .map_err(|_| not("its first line does not begin {\"lightwatch_events\":".into()))?;
    if !(u64::from(Header::OLDEST)..=u64::from(Header::FORMAT)).contains(&form.lightwatch_events) {
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
