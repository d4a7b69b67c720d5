//! The controller of one intersection, driven again by what it heard: the same plans to the byte, or the first difference.
//!
//! In: seconds of a recording. Out: accounts of decisions ([`crate::controller::Account`]) and a comparison. What the
//! neighbours said stands in the recording, so one intersection of a large network is driven without the others.
//!
//! Order of one second, as it was when it was recorded: state, requests, counts (not those that come late or twice), known
//! positions, the scene, the decision; then what the neighbours said in that second, which counts from the next one on.

use super::event::{Event, Second};
use super::header::Header;
use crate::controller::{Account, Controller, Input, Known, Output};
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::time::Timestamp;
use crate::wire::{self, Channel, Message, Rejection, Sequence, Topic};
use serde::Serialize;
use std::sync::Arc;

/// A controller that lives a recording again.
#[derive(Debug)]
pub struct Redrive {
    network: Arc<Network>,
    id: IntersectionId,
    neighbours: Vec<IntersectionId>,
    controller: Controller,
    sequence: Sequence,
    checked: Checked,
}

/// How the controller compares with what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Checked {
    /// Seconds that were driven again.
    pub seconds: u64,
    /// Plans that were recorded.
    pub plans: u64,
    /// Plans, decisions and words to the neighbours that are not what was recorded.
    pub differences: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Difference>,
}

/// Something is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// When \[ms\].
    pub ts_ms: i64,
    /// `plan`, `decision` or `outflow`.
    pub what: String,
    /// What was recorded; `None` where nothing was.
    pub recorded: Option<String>,
    /// What this program says; `None` where it says nothing.
    pub made: Option<String>,
}

impl Redrive {
    /// The controller of the intersection at a position, at the beginning; `None` where no engine had a part.
    pub fn new(header: &Header, network: &Arc<Network>, ix: usize) -> Option<Self> {
        let intersection = network.intersections.get(ix)?;
        let heard = |ix: &usize| network.intersections[*ix].id.clone();
        let neighbours = if header.neighbours { network.neighbours(ix) } else { Vec::new() };
        let settings = header.settings_of(ix)?.clone();
        let mut controller = Controller::new(Arc::new(intersection.clone()), &network.links, settings);
        if let Some(memory) = header.memories.iter().find(|it| it.learned.intersection == intersection.id.as_str()) {
            // What the controller refused then it refuses now.
            let _ = controller.resume(memory);
        }
        Some(Self {
            id: intersection.id.clone(),
            neighbours: neighbours.iter().map(heard).collect(),
            controller,
            sequence: Sequence::default(),
            checked: Checked::default(),
            network: Arc::clone(network),
        })
    }

    /// Hears what came in a second, up to the decision.
    ///
    /// # Errors
    /// A message that cannot be decoded: it was changed by somebody.
    pub fn hear(&mut self, second: &Second) -> Result<(), Rejection> {
        for event in &second.events {
            if event.intersection() != Some(&self.id) {
                continue;
            }
            match event {
                Event::Message { topic, payload } => self.hear_message(topic, payload, second.at)?,
                Event::Known { due_ms, .. } => {
                    let due = due_ms.iter().map(|lane| lane.iter().copied().map(Timestamp).collect()).collect();
                    self.controller.handle(Input::Known(Known { at: second.at, due }), second.at);
                }
                Event::Field { .. } | Event::End => {}
            }
        }
        // Scenes are told from several intersections; the decision says in which one it was taken.
        if let Some(Message::Decision(decision)) = second.message(&self.id, &Channel::Decision, &self.network)? {
            self.controller.handle(Input::Scene(decision.scene), second.at);
        }
        Ok(())
    }

    fn hear_message(&mut self, topic: &Topic, payload: &str, at: Timestamp) -> Result<(), Rejection> {
        let Topic::Intersection { channel: Channel::State | Channel::Request | Channel::Counts, .. } = topic else {
            return Ok(());
        };
        let input = match wire::decode(&topic.to_string(), payload.as_bytes(), &self.network, None)? {
            Message::State(state) => Input::State(state),
            Message::Request(request) => Input::Request(request),
            Message::Counts { observation, .. } => {
                if self.sequence.accept(observation.seq, observation.at, None).is_err() {
                    return Ok(());
                }
                Input::Counts(observation)
            }
            _ => return Ok(()),
        };
        self.controller.handle(input, at);
        Ok(())
    }

    /// The account of the decision that comes next.
    pub fn explain(&self, at: Timestamp) -> Option<Account> {
        self.controller.explain(at)
    }

    /// Decides, compares with what was recorded, then hears the neighbours.
    ///
    /// # Errors
    /// A message of a neighbour that cannot be decoded.
    pub fn decide(&mut self, second: &Second) -> Result<(), Rejection> {
        let outputs = self.controller.handle(Input::Tick, second.at);
        self.checked.seconds += 1;
        for (channel, what) in [(Channel::Decision, "decision"), (Channel::Plan, "plan"), (Channel::Outflow, "outflow")]
        {
            let made = outputs.iter().find_map(|output| match (output, &channel) {
                (Output::Decision(it), Channel::Decision) => Some(Message::Decision(it.clone())),
                (Output::Publish(it), Channel::Plan) => Some(Message::Plan(it.clone())),
                (Output::Outflow(it), Channel::Outflow) => Some(Message::Outflow(it.clone())),
                _ => None,
            });
            let made = made.map(|message| wire::encode(&message, &self.network)).transpose()?;
            let made = made.map(|packet| String::from_utf8(packet.payload).expect("JSON is text"));
            let recorded = second.payloads(&self.id, &channel).next();
            self.checked.plans += u64::from(channel == Channel::Plan && recorded.is_some());
            self.checked.compare(second.at, what, recorded, made);
        }
        for neighbour in &self.neighbours {
            if let Some(Message::Outflow(said)) = second.message(neighbour, &Channel::Outflow, &self.network)? {
                self.controller.handle(Input::Outflow(said), second.at);
            }
        }
        Ok(())
    }

    /// How it compares so far.
    pub fn checked(&self) -> &Checked {
        &self.checked
    }
}

impl Checked {
    /// Whether everything was as recorded.
    pub fn is_same(&self) -> bool {
        self.differences == 0
    }

    fn compare(&mut self, at: Timestamp, what: &str, recorded: Option<&str>, made: Option<String>) {
        if recorded == made.as_deref() {
            return;
        }
        self.differences += 1;
        if self.first.is_none() {
            let recorded = recorded.map(str::to_owned);
            self.first = Some(Difference { ts_ms: at.0, what: what.to_owned(), recorded, made });
        }
    }
}
