//! What was said in a run, kept in a folder; the form is [`crate::record`]'s.

use super::bus::Answer;
use super::street::Heard;
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::plan::StateReport;
use crate::record::Header;
use crate::record::event::FieldChange;
use crate::record::header::Run;
use crate::service::segments::{Place, Segments};
use crate::time::Timestamp;
use crate::wire::Message;
use std::io::{Error, Result};
use std::sync::Arc;

/// An open log.
#[derive(Debug)]
pub struct EventLog {
    segments: Segments,
    network: Arc<Network>,
    last: Timestamp,
}

impl EventLog {
    /// Make the folder if it is not there, begin the first segment.
    pub fn create(place: &Place, network: Arc<Network>, run: Run) -> Result<Self> {
        let last = Timestamp::from_secs(run.period_s.0);
        let header = Header::new(&network, run);
        let segments = Segments::alone(place, Arc::clone(&network), header)?;
        Ok(Self { segments, network, last })
    }

    /// Everything that crossed the bus in one second.
    pub fn second(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard, answers: &[Answer]) -> Result<()> {
        // What field controllers did in the last second belongs to it.
        self.segments.write()?;
        self.segments.turn_over(at)?;
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
            self.segments.writer().message(at, &message).map_err(Error::other)?;
        }
        for (intersection, known) in self.network.intersections.iter().zip(&heard.known) {
            self.segments.writer().known(at, &intersection.id, known);
        }
        for answer in answers {
            let decision = answer.decision.clone().map(Message::Decision);
            let plan = answer.plan.clone().map(Message::Plan);
            let outflow = answer.outflow.clone().map(Message::Outflow);
            for message in decision.into_iter().chain(plan).chain(outflow) {
                self.segments.writer().message(at, &message).map_err(Error::other)?;
            }
        }
        self.segments.write()
    }

    /// A field controller obeys somebody else now.
    pub fn mode_change(&mut self, at: Timestamp, intersection: &IntersectionId, change: &FieldChange) {
        self.segments.writer().field(at, intersection, change);
    }

    /// The run came to its end.
    pub fn close(self) -> Result<()> {
        self.segments.end(self.last)
    }
}
