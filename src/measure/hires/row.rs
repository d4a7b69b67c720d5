//! One row of a log as CSV: which columns there are, and what stands in them.
//!
//! Columns are found by name, whatever their order, case and spacing: UDOT's ATSPM 4 (`SignalID, Timestamp, EventCode, EventParam`), ATSPM 5
//! (`LocationIdentifier, …`), the Python package `atspm` (`TimeStamp, DeviceId, EventId, Parameter`). Columns are parted by comma, semicolon or tab;
//! values may stand in quotes, but no value holds the sign that parts columns.

use super::code;
use super::instant;
use crate::time::Timestamp;

const SIGNAL: [&str; 8] = [
    "signalid",
    "signal",
    "locationidentifier",
    "locationid",
    "deviceid",
    "intersectionid",
    "intersection",
    "controllerid",
];
const AT: [&str; 6] = ["timestamp", "time", "datetime", "eventtime", "eventtimestamp", "utc"];
const CODE: [&str; 5] = ["eventcode", "eventid", "eventcodeid", "code", "event"];
const PARAM: [&str; 6] = ["eventparam", "eventparameter", "parameter", "param", "eventparams", "eventvalue"];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Which signal.
    Signal,
    /// When.
    At,
    /// What.
    Code,
    /// To what.
    Param,
}

/// What a column of this name holds; `None` for one that is not needed.
pub fn meaning(name: &str) -> Option<Meaning> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect();
    let is = |names: &[&str]| names.contains(&plain.as_str());
    if is(&SIGNAL) {
        Some(Meaning::Signal)
    } else if is(&AT) {
        Some(Meaning::At)
    } else if is(&CODE) {
        Some(Meaning::Code)
    } else {
        is(&PARAM).then_some(Meaning::Param)
    }
}

/// Where what stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    parts: u8,
    /// In the order of the file; `None` for a column that is not needed.
    meanings: Vec<Option<Meaning>>,
}

/// A row that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Which signal; `None` in a log of one signal, which has no such column.
    pub signal: Option<&'a str>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub code: u16,
    /// To what.
    pub param: u16,
}

impl Columns {
    /// The columns of a first line; `None` when instant, code or parameter is missing.
    pub fn of_header(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let parts = [b',', b';', b'\t'].into_iter().max_by_key(|part| line.split(|it| it == part).count())?;
        let names = line.split(|&it| it == parts).map(|name| std::str::from_utf8(plain(name)).unwrap_or_default());
        let mut meanings: Vec<Option<Meaning>> = names.map(meaning).collect();
        // The first of several columns of one meaning is it.
        for at in 1..meanings.len() {
            if meanings[at].is_some() && meanings[..at].contains(&meanings[at]) {
                meanings[at] = None;
            }
        }
        let complete = [Meaning::At, Meaning::Code, Meaning::Param].iter().all(|it| meanings.contains(&Some(*it)));
        complete.then_some(Self { parts, meanings })
    }

    /// What stands in a row, or what is wrong with it.
    pub fn row<'a>(&self, line: &'a [u8]) -> Result<Row<'a>, String> {
        let (mut signal, mut at, mut code, mut param) = (None, None, None, None);
        let mut found = 0;
        for (field, meaning) in line.split(|&it| it == self.parts).zip(&self.meanings) {
            found += 1;
            let field = plain(field);
            match meaning {
                Some(Meaning::Signal) => {
                    let name = std::str::from_utf8(field).ok().filter(|it| !it.is_empty() && it.len() <= 128);
                    signal = Some(name.ok_or_else(|| wrong("no signal", field))?);
                }
                Some(Meaning::At) => at = Some(instant::read(field).ok_or_else(|| wrong("no timestamp", field))?),
                Some(Meaning::Code) => {
                    code = Some(
                        number(field, i64::from(code::MAX)).ok_or_else(|| wrong("no event code (0 to 1023)", field))?,
                    );
                }
                Some(Meaning::Param) => {
                    param = Some(
                        number(field, i64::from(u16::MAX)).ok_or_else(|| wrong("no parameter (0 to 65535)", field))?,
                    );
                }
                None => {}
            }
        }
        match (at, code, param) {
            (Some(at), Some(code), Some(param)) => Ok(Row { signal, at, code, param }),
            _ => Err(format!("{found} columns of {}", self.meanings.len())),
        }
    }
}

/// A value without spaces and quotes around it.
fn plain(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    match field {
        [b'"', inner @ .., b'"'] => inner.trim_ascii(),
        _ => field,
    }
}

/// A whole number of 0 to a limit; `12.0` is one too, as programs write it that keep whole numbers as floats.
fn number(field: &[u8], limit: i64) -> Option<u16> {
    let text = std::str::from_utf8(field).ok()?;
    let value: i64 = text.strip_suffix(".0").unwrap_or(text).parse().ok()?;
    (0..=limit).contains(&value).then(|| u16::try_from(value).ok()).flatten()
}

fn wrong(what: &str, field: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(&field[..field.len().min(40)]).into_owned();
    format!("{what}: {shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_whatever_they_are_called_and_however_they_stand() {
        for (header, row) in [
            ("SignalID,Timestamp,EventCode,EventParam", "7115,2024-05-01 07:00:00.1,82,5"),
            (
                "\u{feff}\"TimeStamp\";\"DeviceId\";\"EventId\";\"Parameter\"",
                "\"2024-05-01 07:00:00.1\";\"7115\";82;5.0",
            ),
            ("Location Identifier\tX\tTimestamp\tEvent Code\tEvent Param", "7115\t?\t5/1/2024 7:00:00.1 AM\t 82\t5"),
        ] {
            let columns = Columns::of_header(header.as_bytes()).unwrap();
            let found = columns.row(row.as_bytes()).unwrap();
            assert_eq!(
                found,
                Row { signal: Some("7115"), at: Timestamp(1_714_546_800_100), code: 82, param: 5 },
                "{header}"
            );
        }
        assert_eq!(Columns::of_header(b"a,b,c"), None);
        assert_eq!(Columns::of_header(b"timestamp,eventcode"), None);
    }

    #[test]
    fn a_wrong_value_is_told_with_what_stands_there() {
        let columns = Columns::of_header(b"SignalID,Timestamp,EventCode,EventParam").unwrap();
        for (row, word) in [
            ("7115,2024-05-01 07:00:00,82", "3 columns of 4"),
            ("7115,2024-05-01 07:00:00,-1,5", "event code (0 to 1023): \"-1\""),
            ("7115,2024-05-01 07:00:00,82,99999", "parameter (0 to 65535): \"99999\""),
            ("7115,noon,82,5", "timestamp: \"noon\""),
            (",2024-05-01 07:00:00,82,5", "signal"),
            ("", "signal"),
        ] {
            let told = columns.row(row.as_bytes()).unwrap_err();
            assert!(told.contains(word), "{row}: {told}");
        }
    }
}
