//! Streams the elements of a SUMO file, one start tag at a time; errors name file, line and element.

use super::error::CosimError;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

/// One start tag.
#[derive(Debug)]
pub struct Element<'a> {
    tag: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// Name of the tag.
    pub fn name(&self) -> &str {
        self.tag.name().into_inner()
    }

    /// An attribute's value with its character references resolved.
    pub fn get(&self, name: &str) -> Result<Option<String>, String> {
        let broken = |error: &dyn std::fmt::Display| format!("{}: attribute {name}: {error}", self.place());
        let Some(attribute) = self.tag.try_get_attribute(name).map_err(|error| broken(&error))? else {
            return Ok(None);
        };
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| broken(&error))?;
        Ok(Some(value.into_owned()))
    }

    /// An attribute that must be there.
    pub fn text(&self, name: &str) -> Result<String, String> {
        self.get(name)?.ok_or_else(|| format!("{}: attribute {name} is missing", self.place()))
    }

    /// A finite number that must be there.
    pub fn number(&self, name: &str) -> Result<f64, String> {
        let text = self.text(name)?;
        text.parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .ok_or_else(|| format!("{}: attribute {name}=\"{text}\" should be a number", self.place()))
    }

    /// The tag with its id, for messages.
    pub fn place(&self) -> String {
        let id = self.tag.try_get_attribute("id").ok().flatten();
        match id.and_then(|id| id.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(Cow::into_owned)) {
            Some(id) => format!("<{} id=\"{id}\">", self.name()),
            None => format!("<{}>", self.name()),
        }
    }
}

/// Call `each` on every start tag of a file, in order; what it complains about becomes an error of this file.
pub fn elements(path: &Path, mut each: impl FnMut(&Element<'_>) -> Result<(), String>) -> Result<(), CosimError> {
    let file = File::open(path).map_err(CosimError::file(path))?;
    let mut reader = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, file));
    let mut buffer = Vec::new();
    let mut depth = 0_i64;
    loop {
        buffer.clear();
        let complaint = match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag)) => {
                depth += 1;
                each(&Element { tag: &tag })
            }
            Ok(Event::Empty(tag)) => each(&Element { tag: &tag }),
            Ok(Event::End(_)) => {
                depth -= 1;
                Ok(())
            }
            Ok(Event::Eof) if depth > 0 => Err("ends in the middle: an element is not closed".into()),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(message) = complaint {
            let line = line_of(path, reader.buffer_position());
            return Err(CosimError::Data { path: path.to_owned(), message: format!("line {line}: {message}") });
        }
    }
}

/// Line of a byte position; 0 when the file cannot be read any more.
fn line_of(path: &Path, position: u64) -> usize {
    let Ok(file) = File::open(path) else { return 0 };
    let mut before = BufReader::new(std::io::Read::take(file, position));
    let mut lines = 1;
    let mut line = Vec::new();
    while before.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        lines += usize::from(line.ends_with(b"\n"));
        line.clear();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn start_tags_come_in_order_with_their_attributes() {
        let file = file("<a>\n<b id=\"x&amp;y\" n=\"2.5\"/></a>");
        let mut seen = Vec::new();
        elements(file.path(), |element| {
            seen.push((element.name().to_owned(), element.get("id")?));
            if element.name() == "b" {
                assert!((element.number("n")? - 2.5).abs() < 1e-12);
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [("a".to_owned(), None), ("b".to_owned(), Some("x&y".to_owned()))]);
    }

    #[test]
    fn a_complaint_gets_file_and_line() {
        let file = file("<a>\n\n<b id=\"q\" n=\"many\"/></a>");
        let text = elements(file.path(), |element| match element.name() {
            "b" => element.number("n").map(drop),
            _ => Ok(()),
        })
        .unwrap_err()
        .to_string();
        assert!(text.contains(&file.path().display().to_string()), "{text}");
        assert!(text.contains("line 3: <b id=\"q\">: attribute n=\"many\" should be a number"), "{text}");
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        for text in ["<a><b>", "<a><b id=\"x", "<a></b>"] {
            assert!(elements(file(text).path(), |_| Ok(())).is_err(), "{text}");
        }
    }

    #[test]
    fn a_missing_file_is_an_error_that_names_it() {
        let error = elements(Path::new("/nowhere/x.xml"), |_| Ok(())).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/x.xml"), "{error}");
    }
}
