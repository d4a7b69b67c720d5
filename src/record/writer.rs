//! Writes a recording: a header, then event after event, each a line; from time to time a new segment with a header of its own.
//!
//! Out: bytes, for whoever has a file ([`Writer::take`]); lines are handed over whole. Nothing in them depends on the wall clock or the kind
//! of bus: two runs of the same thing are equal to the byte.

use super::event::{FieldChange, StateLine, TickLine};
use super::header::{Header, hexadecimal};
use crate::controller::{Controller, Input, Known};
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::plan::Scene;
use crate::time::Timestamp;
use crate::wire::{self, Message, Rejection};
use serde::Serialize;
use serde_json::json;
use std::fmt::Display;
use std::sync::Arc;

/// An open recording.
#[derive(Debug)]
pub struct Writer {
    network: Arc<Network>,
    header: Header,
    /// Whole lines that nobody has taken yet.
    lines: Vec<u8>,
}

impl Writer {
    /// Writes the header of the first segment.
    pub fn begin(network: Arc<Network>, header: Header) -> Self {
        let mut writer = Self { network, header, lines: Vec::new() };
        writer.head();
        writer
    }

    /// What was written since this was called last.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.lines)
    }

    /// Begins the next segment; what was written before is in the last one. `continues` is false where nothing was.
    pub fn turn_over(&mut self, segment: u32, continues: bool) {
        (self.header.segment, self.header.continues) = (segment, continues);
        if continues {
            // What the controllers began with stands in the first one.
            self.header.memories.clear();
        }
        self.lines.clear();
        self.head();
    }

    /// Number of the present segment.
    pub fn segment(&self) -> u32 {
        self.header.segment
    }

    /// Bytes that nobody has taken yet.
    pub fn waiting(&self) -> usize {
        self.lines.len()
    }

    /// Something was said.
    ///
    /// # Errors
    /// It cannot be said on a wire; then nothing was written.
    pub fn message(&mut self, at: Timestamp, message: &Message) -> Result<(), Rejection> {
        let packet = wire::encode(message, &self.network)?;
        self.line(at, "topic", &json!(packet.topic), "payload", &packet.payload);
        Ok(())
    }

    /// What a controller was told at an instant, in the order in which it was; `scene` is that of a tick.
    ///
    /// # Errors
    /// It cannot be said on a wire; then nothing was written.
    pub fn input(
        &mut self,
        at: Timestamp,
        intersection: &IntersectionId,
        input: &Input,
        scene: Option<Scene>,
    ) -> Result<(), Rejection> {
        let message = match input {
            Input::Counts(observation) => {
                let (intersection, observation) = (intersection.clone(), observation.clone());
                Message::Counts { intersection, observation, passages: Vec::new() }
            }
            Input::State(report) => Message::State(report.clone()),
            Input::Request(request) => Message::Request(request.clone()),
            Input::Command(command) => Message::Command(command.clone()),
            Input::Outflow(said) => {
                self.about(at, intersection, "heard", &json!({ "from": said.intersection, "ts_ms": said.at.0 }));
                return Ok(());
            }
            Input::Known(known) => {
                self.known(at, intersection, known);
                return Ok(());
            }
            // It stands in the line of the tick that comes next.
            Input::Scene(_) => return Ok(()),
            Input::Tick => {
                self.about(at, intersection, "tick", &TickLine { scene });
                return Ok(());
            }
        };
        self.message(at, &message)
    }

    /// A field controller obeys somebody else now.
    pub fn field(&mut self, at: Timestamp, intersection: &IntersectionId, change: &FieldChange) {
        self.about(at, intersection, "field", change);
    }

    /// A yardstick told where the vehicles of an intersection are.
    pub fn known(&mut self, at: Timestamp, intersection: &IntersectionId, known: &Known) {
        let due: Vec<Vec<i64>> = known.due.iter().map(|lane| lane.iter().map(|due| due.0).collect()).collect();
        self.about(at, intersection, "known", &due);
    }

    /// The plans of a controller are of this epoch from now on.
    pub fn author(&mut self, at: Timestamp, intersection: &IntersectionId, epoch: u64) {
        self.about(at, intersection, "author", &epoch);
    }

    /// Everything that a controller knows.
    pub fn state(&mut self, at: Timestamp, intersection: &IntersectionId, controller: &Controller) {
        let state = StateLine { program: Controller::STATE_FORM.to_owned(), cbor: hexadecimal(&controller.state()) };
        self.about(at, intersection, "state", &state);
    }

    /// So many lines of an intersection are not there.
    pub fn gap(&mut self, at: Timestamp, intersection: &IntersectionId, lost: u64) {
        self.about(at, intersection, "gap", &lost);
    }

    /// The run came to its end.
    pub fn end(&mut self, at: Timestamp) {
        self.lines.extend_from_slice(format!("{{\"ts_ms\":{},\"end\":true}}\n", at.0).as_bytes());
    }

    fn head(&mut self) {
        self.lines.extend(json(&self.header));
        self.lines.push(b'\n');
    }

    fn about(&mut self, at: Timestamp, intersection: &IntersectionId, key: &str, what: &impl Serialize) {
        self.line(at, "intersection", &json!(intersection), key, &json(what));
    }

    fn line(&mut self, at: Timestamp, of: &str, whom: &impl Display, key: &str, what: &[u8]) {
        self.lines.extend_from_slice(format!("{{\"ts_ms\":{},\"{of}\":{whom},\"{key}\":", at.0).as_bytes());
        self.lines.extend_from_slice(what);
        self.lines.extend_from_slice(b"}\n");
    }
}

fn json(what: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(what).expect("structs of numbers, texts and lists with text keys")
}
