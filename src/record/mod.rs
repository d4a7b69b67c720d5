//! The event log of a run: one type of event, live and stored; written, read back, driven again, explained.
//!
//! ```text
//! writer ─> events-000001.jsonl … ─> reader ─> events ─> rounds ─┬─> redrive: the same controller again, its plans held against the recorded
//!                                                                ├─> explain: state, decision, alternatives, plan of any second
//!                                                                └─> diff: what other settings would have decided
//! ```
//!
//! A recording holds what went in (states, counts, requests, commands, known positions), what the controllers told each other, and
//! what came out (decisions, plans), with all that is needed to do it again: the network, the settings, their digest. Each
//! message stands there as it stood on the wire, byte for byte. It is kept in segments, each a file with a header of its own.
//!
//! In: lines of text, from whoever opens the file. Out: values. No file, no clock. Weakness: a recording is as large as what
//! was said, about 4 KB an intersection and second.

pub mod audit;
pub mod diff;
pub mod error;
pub mod event;
pub mod explain;
mod explain_text;
pub mod header;
pub mod reader;
pub mod redrive;
pub mod replay;
pub mod round;
#[cfg(test)]
mod tests;
mod words;
pub mod writer;

pub use error::{Damage, RecordError};
pub use event::{Event, Second};
pub use explain::Explanation;
pub use header::Header;
pub use reader::Reader;
pub use redrive::{Checked, Redrive};
pub use replay::Replay;
pub use round::Round;
pub use writer::Writer;

/// Name of the first segment in the folder of a recording.
pub const FILE: &str = "events-000001.jsonl";
/// Name of the only file of a recording in format 2.
pub const OLD_FILE: &str = "events.jsonl";

/// Name of a segment.
pub fn segment_file(number: u32) -> String {
    format!("events-{number:06}.jsonl")
}

/// Number of the segment of a name.
pub fn segment_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("events-")?.strip_suffix(".jsonl")?;
    digits.parse().ok().filter(|&number| segment_file(number) == name)
}
