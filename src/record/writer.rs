//! Writes a recording: the header, then event after event, each a line.
//!
//! A second is handed on whole (flushed), so that a program that is killed loses the second it was in and no more. Nothing
//! in it depends on the wall clock or the kind of bus: two runs of the same thing are equal to the byte.

use super::event::FieldChange;
use super::header::Header;
use crate::controller::Known;
use crate::network::Network;
use crate::time::Timestamp;
use crate::wire::{self, Message};
use serde_json::json;
use std::io::{Error, Result, Write};
use std::sync::Arc;

/// An open recording.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    network: Arc<Network>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub fn begin(mut out: W, network: Arc<Network>, header: &Header) -> Result<Self> {
        serde_json::to_writer(&mut out, header)?;
        out.write_all(b"\n")?;
        Ok(Self { out, network })
    }

    /// Something was said.
    pub fn message(&mut self, at: Timestamp, message: &Message) -> Result<()> {
        let packet = wire::encode(message, &self.network).map_err(|rejection| Error::other(rejection.to_string()))?;
        write!(self.out, "{{\"ts_ms\":{},\"topic\":{},\"payload\":", at.0, json!(packet.topic))?;
        self.out.write_all(&packet.payload)?;
        self.out.write_all(b"}\n")
    }

    /// A field controller obeys somebody else now.
    pub fn field(&mut self, at: Timestamp, intersection: &str, change: &FieldChange) -> Result<()> {
        let line = json!({ "intersection": intersection, "field": change });
        self.line(at, &line)
    }

    /// A yardstick told where the vehicles of an intersection are.
    pub fn known(&mut self, at: Timestamp, intersection: &str, known: &Known) -> Result<()> {
        let due: Vec<Vec<i64>> = known.due.iter().map(|lane| lane.iter().map(|due| due.0).collect()).collect();
        self.line(at, &json!({ "intersection": intersection, "known": due }))
    }

    /// A second is over: hand it on.
    pub fn second_is_over(&mut self) -> Result<()> {
        self.out.flush()
    }

    /// The run came to its end.
    pub fn end(mut self, at: Timestamp) -> Result<()> {
        self.line(at, &json!({ "end": true }))?;
        self.out.flush()
    }

    fn line(&mut self, at: Timestamp, rest: &serde_json::Value) -> Result<()> {
        let rest = rest.to_string();
        writeln!(self.out, "{{\"ts_ms\":{},{}", at.0, &rest[1..])
    }
}
