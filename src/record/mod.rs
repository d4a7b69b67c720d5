//! The event log of a run: one type of event, live and stored; written, read back, driven again, explained.
//!
//! ```text
//! writer ─> events.jsonl ─> reader ─> seconds ─┬─> redrive: the same controller again, its plans held against the recorded
//!                                              └─> explain: state, decision, alternatives, plan of any second
//! ```
//!
//! A recording holds what went in (states, counts, requests, known positions), what the controllers told each other, and
//! what came out (decisions, plans), with all that is needed to do it again: the network, the settings, their digest. Each
//! message stands there as it stood on the wire, byte for byte.
//!
//! In: lines of text, from whoever opens the file. Out: values. No file, no clock. Weakness: a recording is as large as what
//! was said, about 4 KB an intersection and second.

pub mod audit;
pub mod error;
pub mod event;
pub mod explain;
mod explain_text;
pub mod header;
pub mod reader;
pub mod redrive;
pub mod writer;

pub use error::RecordError;
pub use event::{Event, Second};
pub use explain::Explanation;
pub use header::Header;
pub use reader::Reader;
pub use redrive::{Checked, Redrive};
pub use writer::Writer;

/// Name of the file in the folder of a recording.
pub const FILE: &str = "events.jsonl";
