//! What was said in a run, one JSON object a line: `events.jsonl`, first form.
//!
//! The first line is a header: `{"lightwatch_events":1,"controller":…,"seed":…,"begin_s":…,"end_s":…,"intersections":[…]}`
//! with id and configuration of each. Then, a second at a time, in the order of the intersections: all states, requests,
//! counts, late and repeated counts, then per intersection decision and plan, each as
//! `{"ts_ms":…,"topic":…,"payload":…}` with exactly the topic and payload of the wire; and `{"ts_ms":…,"intersection":…,"field":{"from":…,"to":…,"reason":…}}` when a field controller
//! changes its mode. Nothing in it depends on the wall clock or the kind of bus: two runs of the same thing are equal to
//! the byte.

use super::bus::Answer;
use super::street::Heard;
use crate::network::Network;
use crate::plan::{FieldMode, StateReport};
use crate::time::Timestamp;
use crate::wire::{self, Message};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Error, Write as _};
use std::path::Path;
use std::sync::Arc;

/// An open log.
#[derive(Debug)]
pub struct EventLog {
    file: BufWriter<File>,
    network: Arc<Network>,
}

impl EventLog {
    /// Version of the form.
    pub const VERSION: u32 = 1;
    /// Name of the file.
    pub const FILE: &'static str = "events.jsonl";

    /// Make the folder if it is not there, begin the file; `run` is what the header says of the run.
    pub fn create(folder: &Path, network: Arc<Network>, run: &[(&str, serde_json::Value)]) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut file = BufWriter::with_capacity(1 << 18, File::create(folder.join(Self::FILE))?);
        write!(file, "{{\"lightwatch_events\":{}", Self::VERSION)?;
        for (key, value) in run {
            write!(file, ",{}:{value}", json!(key))?;
        }
        let intersections: Vec<_> =
            network.intersections.iter().map(|it| json!([it.id.as_str(), it.config_hash])).collect();
        writeln!(file, ",\"intersections\":{}}}", json!(intersections))?;
        Ok(Self { file, network })
    }

    /// Everything that crossed the bus in one second.
    pub fn second(
        &mut self,
        at: Timestamp,
        states: &[StateReport],
        heard: &Heard,
        answers: &[Answer],
    ) -> std::io::Result<()> {
        for state in states {
            self.message(at, &Message::State(state.clone()))?;
        }
        for request in &heard.requests {
            self.message(at, &Message::Request(request.clone()))?;
        }
        let stragglers = heard.stragglers.iter().map(|(ix, observation)| (*ix, observation));
        for (ix, observation) in heard.counts.iter().enumerate().chain(stragglers) {
            let intersection = self.network.intersections[ix].id.clone();
            let observation = observation.clone();
            self.message(at, &Message::Counts { intersection, observation, passages: Vec::new() })?;
        }
        for answer in answers {
            if let Some(decision) = &answer.decision {
                self.message(at, &Message::Decision(decision.clone()))?;
            }
            if let Some(plan) = &answer.plan {
                self.message(at, &Message::Plan(plan.clone()))?;
            }
        }
        Ok(())
    }

    /// A field controller obeys somebody else now.
    pub fn mode_change(
        &mut self,
        at: Timestamp,
        intersection: &str,
        from: FieldMode,
        to: FieldMode,
        reason: &str,
    ) -> std::io::Result<()> {
        let change = json!({ "from": from, "to": to, "reason": reason });
        writeln!(self.file, "{{\"ts_ms\":{},\"intersection\":{},\"field\":{change}}}", at.0, json!(intersection))
    }

    /// Write what is left.
    pub fn close(mut self) -> std::io::Result<()> {
        self.file.flush()
    }

    fn message(&mut self, at: Timestamp, message: &Message) -> std::io::Result<()> {
        let packet = wire::encode(message, &self.network).map_err(|rejection| Error::other(rejection.to_string()))?;
        write!(self.file, "{{\"ts_ms\":{},\"topic\":{},\"payload\":", at.0, json!(packet.topic))?;
        self.file.write_all(&packet.payload)?;
        self.file.write_all(b"}\n")
    }
}
