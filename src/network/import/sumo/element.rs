//! A stream of XML elements with their places, and attributes read with precise errors. No document tree is built.

use super::error::{ImportError, Place};
use quick_xml::errors::{Error as XmlError, IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::ops::RangeInclusive;

/// Most characters of a wrong value that a message repeats.
const SHOWN_MAX: usize = 80;

/// Reads one file element by element.
pub(crate) struct Elements<'a> {
    reader: Reader<&'a [u8]>,
    text: &'a str,
    source: &'a str,
    /// Open elements, outermost first, with their offsets.
    open: Vec<(String, usize)>,
    root: &'static str,
    seen_root: bool,
}

/// What comes next in the file.
pub(crate) enum Step<'a> {
    /// An element starts.
    Open(Element<'a>),
    /// An element ends.
    Close,
    /// The file ends as it should.
    End,
}

/// The start of one element.
pub(crate) struct Element<'a> {
    start: BytesStart<'a>,
    text: &'a str,
    source: &'a str,
    /// Byte offset of its `<`.
    pub(crate) offset: usize,
    /// Name.
    pub(crate) name: String,
    /// Names of the elements around it, from the root, as in `net/edge`.
    pub(crate) path: String,
}

impl<'a> Elements<'a> {
    /// A reader that demands a certain root element.
    pub(crate) fn new(text: &'a str, source: &'a str, root: &'static str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, text, source, open: Vec::new(), root, seen_root: false }
    }

    /// The next step.
    pub(crate) fn next(&mut self) -> Result<Step<'a>, ImportError> {
        loop {
            let before = self.reader.buffer_position() as usize;
            match self.reader.read_event().map_err(|error| self.refuse(&error))? {
                Event::Start(start) => return self.opened(start).map(Step::Open),
                Event::End(_) => {
                    self.open.pop();
                    return Ok(Step::Close);
                }
                Event::Eof => return self.ended(before),
                _ => {}
            }
        }
    }

    fn opened(&mut self, start: BytesStart<'a>) -> Result<Element<'a>, ImportError> {
        let end = (self.reader.buffer_position() as usize).min(self.text.len());
        let offset = self.text.as_bytes()[..end].iter().rposition(|&it| it == b'<').unwrap_or(end);
        let name = start.name().as_ref().to_owned();
        let path = match self.open.last() {
            Some(_) => self.open.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("/"),
            None if name == self.root => {
                self.seen_root = true;
                String::new()
            }
            None => {
                let place = Place::of(self.source, self.text, offset);
                return Err(ImportError::Root { place, found: name, allowed: self.root });
            }
        };
        self.open.push((name.clone(), offset));
        Ok(Element { start, text: self.text, source: self.source, offset, name, path })
    }

    fn ended(&self, at: usize) -> Result<Step<'a>, ImportError> {
        if let Some((element, offset)) = self.open.last() {
            let place = Place::of(self.source, self.text, *offset);
            return Err(ImportError::Truncated { place, element: element.clone() });
        }
        if self.seen_root {
            return Ok(Step::End);
        }
        let place = Place::of(self.source, self.text, at);
        Err(ImportError::Root { place, found: String::new(), allowed: self.root })
    }

    /// A reader's error in our words: whatever meets the end of the file inside markup is a truncated file.
    fn refuse(&self, error: &XmlError) -> ImportError {
        let at = self.reader.error_position() as usize;
        let place = Place::of(self.source, self.text, at);
        let unfinished = match error {
            XmlError::Syntax(syntax) => !matches!(syntax, SyntaxError::InvalidBangMarkup),
            XmlError::IllFormed(IllFormedError::MissingEndTag(_)) => true,
            _ => false,
        };
        if unfinished {
            let inside = self.open.last().map_or(self.root, |(element, _)| element);
            return ImportError::Truncated { place, element: inside.to_owned() };
        }
        ImportError::Malformed { place, reason: error.to_string() }
    }
}

impl Element<'_> {
    /// Where it stands.
    pub(crate) fn place(&self) -> Place {
        Place::of(self.source, self.text, self.offset)
    }

    /// Its name with its id, for messages.
    fn described(&self) -> String {
        match self.optional("id") {
            Ok(Some(id)) => format!("{} id=\"{id}\"", self.name),
            _ => self.name.clone(),
        }
    }

    /// An attribute that may be missing.
    pub(crate) fn optional(&self, attribute: &'static str) -> Result<Option<String>, ImportError> {
        let malformed = |reason: String| ImportError::Malformed { place: self.place(), reason };
        for found in self.start.attributes() {
            let found = found.map_err(|error| malformed(error.to_string()))?;
            if found.key.as_ref() == attribute {
                let value = found.normalized_value(quick_xml::XmlVersion::Implicit1_0);
                return Ok(Some(value.map_err(|error| malformed(error.to_string()))?.into_owned()));
            }
        }
        Ok(None)
    }

    /// An attribute that must be there.
    pub(crate) fn required(&self, attribute: &'static str, allowed: &'static str) -> Result<String, ImportError> {
        self.optional(attribute)?.ok_or_else(|| ImportError::MissingAttribute {
            place: self.place(),
            element: self.described(),
            attribute,
            allowed,
        })
    }

    /// A number inside a range, or `None` when the attribute is missing.
    pub(crate) fn number(
        &self,
        attribute: &'static str,
        range: &RangeInclusive<f64>,
    ) -> Result<Option<f64>, ImportError> {
        let Some(value) = self.optional(attribute)? else { return Ok(None) };
        match value.trim().parse::<f64>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(self.bad(attribute, value, format!("a number {}…{}", range.start(), range.end()))),
        }
    }

    /// A number that must be there.
    pub(crate) fn required_number(
        &self,
        attribute: &'static str,
        range: &RangeInclusive<f64>,
        allowed: &'static str,
    ) -> Result<f64, ImportError> {
        self.required(attribute, allowed)?;
        Ok(self.number(attribute, range)?.expect("the attribute is there"))
    }

    /// A position counted from zero, or `None` when the attribute is missing.
    pub(crate) fn position(&self, attribute: &'static str) -> Result<Option<usize>, ImportError> {
        let Some(value) = self.optional(attribute)? else { return Ok(None) };
        match value.trim().parse::<u32>() {
            Ok(position) => Ok(Some(position as usize)),
            Err(_) => Err(self.bad(attribute, value, "a whole number from 0".to_owned())),
        }
    }

    /// An attribute with a wrong value.
    pub(crate) fn bad(&self, attribute: &'static str, value: String, allowed: String) -> ImportError {
        let value = match value.char_indices().nth(SHOWN_MAX) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value,
        };
        ImportError::BadAttribute { place: self.place(), element: self.described(), attribute, value, allowed }
    }
}
