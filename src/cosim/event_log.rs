//! What was said in a run, kept in a folder as `events.jsonl`; the form is [`crate::record`]'s.

use super::bus::Answer;
use super::street::Heard;
use crate::network::Network;
use crate::plan::StateReport;
use crate::record::event::FieldChange;
use crate::record::header::{Header, Run};
use crate::record::{FILE, Writer};
use crate::time::Timestamp;
use crate::wire::Message;
use std::fs::File;
use std::io::{BufWriter, Result};
use std::path::Path;
use std::sync::Arc;

/// An open log.
#[derive(Debug)]
pub struct EventLog {
    writer: Writer<BufWriter<File>>,
    network: Arc<Network>,
    last: Timestamp,
}

impl EventLog {
    /// Make the folder if it is not there, begin the file.
    pub fn create(folder: &Path, network: Arc<Network>, run: Run) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = BufWriter::with_capacity(1 << 18, File::create(folder.join(FILE))?);
        let last = Timestamp::from_secs(run.period_s.0);
        let writer = Writer::begin(file, Arc::clone(&network), &Header::new(&network, run))?;
        Ok(Self { writer, network, last })
    }

    /// Everything that crossed the bus in one second.
    pub fn second(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard, answers: &[Answer]) -> Result<()> {
        self.last = at;
        let id = |ix: usize| self.network.intersections[ix].id.clone();
        let states = states.iter().map(|state| Message::State(state.clone()));
        let requests = heard.requests.iter().map(|request| Message::Request(request.clone()));
        let stragglers = heard.stragglers.iter().map(|(ix, observation)| (*ix, observation));
        let counts = heard.counts.iter().enumerate().chain(stragglers).map(|(ix, observation)| {
            let observation = observation.clone();
            Message::Counts { intersection: id(ix), observation, passages: Vec::new() }
        });
        for message in states.chain(requests).chain(counts) {
            self.writer.message(at, &message)?;
        }
        for (intersection, known) in self.network.intersections.iter().zip(&heard.known) {
            self.writer.known(at, intersection.id.as_str(), known)?;
        }
        for answer in answers {
            let decision = answer.decision.clone().map(Message::Decision);
            let plan = answer.plan.clone().map(Message::Plan);
            let outflow = answer.outflow.clone().map(Message::Outflow);
            for message in decision.into_iter().chain(plan).chain(outflow) {
                self.writer.message(at, &message)?;
            }
        }
        self.writer.second_is_over()
    }

    /// A field controller obeys somebody else now.
    pub fn mode_change(&mut self, at: Timestamp, intersection: &str, change: &FieldChange) -> Result<()> {
        self.writer.field(at, intersection, change)
    }

    /// The run came to its end.
    pub fn close(self) -> Result<()> {
        self.writer.end(self.last)
    }
}
