//! The controller of one intersection, driven again by what it heard: the same plans to the byte, or the first difference.
//!
//! In: rounds of a recording ([`super::round`]). Out: accounts of decisions ([`crate::controller::Account`]) and a comparison. What the
//! neighbours said stands in the recording, so one intersection of a large network is driven without the others.
//!
//! Order of one second in simulated time, as it was when it was recorded: state, requests, counts (not those that come late or twice), known
//! positions, the scene, the decision; then what the neighbours said in that second, which counts from the next one on. An
//! engine at a broker hears as it comes, and that order was recorded.
//!
//! Where something is missing, nothing can be driven before the next state in the recording ([`Event::State`]). A state of a controller
//! that is being driven is one more thing to compare.

use super::diff::Comparison;
use super::event::Event;
use super::header::{Header, Order, hexadecimal};
use super::round::Round;
use super::words::Words;
use crate::controller::what_if::Scalars;
use crate::controller::{Account, Controller, Input, Known, Output};
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::time::Timestamp;
use crate::wire::{self, Channel, Message, Sequence, Topic};
use serde::Serialize;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Gaps that are kept one by one.
const GAPS_MAX: usize = 100;

/// A controller that lives a recording again.
#[derive(Debug)]
pub struct Redrive {
    network: Arc<Network>,
    ix: usize,
    id: IntersectionId,
    neighbours: Vec<IntersectionId>,
    order: Order,
    /// `None` while it cannot be driven.
    controller: Option<Controller>,
    sequence: Sequence,
    /// Instants of which an account is wanted.
    asked: Option<RangeInclusive<Timestamp>>,
    account: Option<Account>,
    comparison: Option<Box<Comparison>>,
    checked: Checked,
}

/// How the controller compares with what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Checked {
    /// Rounds that were driven again: a second each.
    pub seconds: u64,
    /// Decisions that were recorded in them.
    pub decisions: u64,
    /// Plans that were recorded in them.
    pub plans: u64,
    /// Plans, decisions, words to the neighbours and states that are not what was recorded.
    pub differences: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Difference>,
    /// Rounds that could not be driven, because of what was missing before.
    pub unproven: u64,
    /// Where something is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<GapFound>,
}

/// Something is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// When \[ms\].
    pub ts_ms: i64,
    /// `plan`, `decision`, `outflow` or `state`.
    pub what: String,
    /// What was recorded; `None` where nothing was.
    pub recorded: Option<String>,
    /// What this program says; `None` where it says nothing.
    pub made: Option<String>,
}

/// Where an intersection could not be driven again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapFound {
    /// From when on \[ms\].
    pub from_ms: i64,
    /// The state from which it went on \[ms\]; `None` when there was none.
    pub to_ms: Option<i64>,
    /// Why.
    pub why: String,
    /// Whether something is missing that was to be there; not so where earlier segments were let go.
    pub is_loss: bool,
}

impl Redrive {
    /// The controller of the intersection at a position, at the beginning; `None` where no engine had a part.
    pub fn new(header: &Header, network: &Arc<Network>, ix: usize) -> Option<Self> {
        let neighbours = if header.neighbours { network.neighbours(ix) } else { Vec::new() };
        let mut redrive = Self {
            id: network.intersections.get(ix)?.id.clone(),
            neighbours: neighbours.iter().map(|&ix| network.intersections[ix].id.clone()).collect(),
            ix,
            order: header.order,
            controller: None,
            sequence: Sequence::default(),
            asked: None,
            account: None,
            comparison: None,
            checked: Checked::default(),
            network: Arc::clone(network),
        };
        redrive.begin(header)?;
        Some(redrive)
    }

    /// Begin anew: the engine was started.
    pub fn begin(&mut self, header: &Header) -> Option<()> {
        let intersection = Arc::new(self.network.intersections[self.ix].clone());
        let settings = header.settings_of(self.ix)?.clone();
        let mut controller = Controller::new(intersection, &self.network.links, settings);
        if let Some(memory) = header.memories.iter().find(|it| it.learned.intersection == self.id.as_str()) {
            // What the controller refused then it refuses now.
            let _ = controller.resume(memory);
        }
        let at = Timestamp::from_secs(header.begin_s);
        (self.controller, self.sequence) = (Some(controller), Sequence::default());
        self.close_gap(at);
        Some(())
    }

    /// Ask for the account of the decision that comes in a span.
    #[must_use]
    pub fn asked(self, span: RangeInclusive<Timestamp>) -> Self {
        Self { asked: Some(span), ..self }
    }

    /// Compare each decision with what other scalars would have decided.
    #[must_use]
    pub fn against(self, others: Scalars) -> Self {
        Self { comparison: Some(Box::new(Comparison::with(others))), ..self }
    }

    /// How its decisions compare with those of other scalars.
    pub fn comparison(&self) -> Option<&Comparison> {
        self.comparison.as_deref()
    }

    /// The account of the last decision within the span.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// How it compares so far.
    pub fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Hears a round, decides, and compares with what was recorded.
    pub(super) fn take(&mut self, round: &Round, words: &Words) {
        self.hear(round, words);
        self.decide(round, words);
    }

    /// A round that need not be whole.
    pub(super) fn pass_over(&mut self, round: &Round) {
        self.checked.unproven += u64::from(round.is_about_traffic());
    }

    /// Hears a round up to the decision.
    fn hear(&mut self, round: &Round, words: &Words) {
        for (at, event) in &round.events {
            if let Err(why) = self.hear_event(*at, event, words) {
                self.lose(*at, why, true);
            }
        }
        if self.order == Order::Seconds {
            // Scenes are told from several intersections; the decision says in which one it was taken.
            match round.message(&Channel::Decision, &self.network) {
                Ok(Some(Message::Decision(decision))) => self.tell(Input::Scene(decision.scene), round.at),
                Ok(_) => {}
                Err(rejection) => self.lose(round.at, rejection.to_string(), true),
            }
        }
    }

    /// Decides, compares, and hears what the neighbours said meanwhile.
    fn decide(&mut self, round: &Round, words: &Words) {
        if !round.is_about_traffic() {
            return;
        }
        let Some(controller) = &mut self.controller else {
            self.checked.unproven += 1;
            return;
        };
        if self.asked.as_ref().is_some_and(|asked| asked.contains(&round.at)) {
            self.account = controller.explain(round.at);
        }
        if let Some(comparison) = &mut self.comparison
            && let Some(found) = controller.what_if(&comparison.others, round.at)
        {
            comparison.take(round.at, &found, &self.network.intersections[self.ix]);
        }
        let outputs = controller.handle(Input::Tick, round.at);
        self.checked.seconds += 1;
        for (channel, what) in [(Channel::Decision, "decision"), (Channel::Plan, "plan"), (Channel::Outflow, "outflow")]
        {
            let made = outputs.iter().find_map(|output| match (output, &channel) {
                (Output::Decision(it), Channel::Decision) => Some(Message::Decision(it.clone())),
                (Output::Publish(it), Channel::Plan) => Some(Message::Plan(it.clone())),
                (Output::Outflow(it), Channel::Outflow) => Some(Message::Outflow(it.clone())),
                _ => None,
            });
            let made = made.and_then(|message| wire::encode(&message, &self.network).ok());
            let made = made.map(|packet| String::from_utf8(packet.payload).expect("JSON is text"));
            let recorded = round.said(&channel);
            self.checked.plans += u64::from(channel == Channel::Plan && recorded.is_some());
            self.checked.decisions += u64::from(channel == Channel::Decision && recorded.is_some());
            self.checked.compare(round.at, what, recorded, made);
        }
        if self.order == Order::Seconds {
            for neighbour in &self.neighbours {
                if let Some(said) = words.of(neighbour, round.at) {
                    controller.handle(Input::Outflow(said.clone()), round.at);
                }
            }
        }
    }

    fn hear_event(&mut self, at: Timestamp, event: &Event, words: &Words) -> Result<(), String> {
        match event {
            Event::Message { topic, payload } => self.hear_message(topic, payload, at)?,
            Event::Known { due_ms, .. } => {
                let due = due_ms.iter().map(|lane| lane.iter().copied().map(Timestamp).collect()).collect();
                self.tell(Input::Known(Known { at, due }), at);
            }
            Event::Heard { from, said, .. } if self.controller.is_some() => {
                let word = words.of(from, *said).ok_or_else(|| format!("the word of {from} of {said} is not there"))?;
                self.tell(Input::Outflow(word.clone()), at);
            }
            Event::Tick { scene: Some(scene), .. } => self.tell(Input::Scene(*scene), at),
            Event::Author { epoch, .. } => {
                if let Some(controller) = &mut self.controller {
                    controller.author_as(*epoch);
                }
            }
            Event::State { program, cbor, .. } => self.resume(at, program, cbor),
            Event::Gap { lost, .. } => {
                let why =
                    if *lost == 0 { "what was before is not there".to_owned() } else { format!("{lost} not recorded") };
                self.lose(at, why, *lost > 0);
            }
            Event::Heard { .. }
            | Event::Tick { scene: None, .. }
            | Event::Field { .. }
            | Event::Begin(_)
            | Event::End => {}
        }
        Ok(())
    }

    fn hear_message(&mut self, topic: &Topic, payload: &str, at: Timestamp) -> Result<(), String> {
        let Topic::Intersection {
            channel: Channel::State | Channel::Request | Channel::Counts | Channel::Command(_),
            ..
        } = topic
        else {
            return Ok(());
        };
        let decoded = wire::decode(&topic.to_string(), payload.as_bytes(), &self.network, None);
        let input = match decoded.map_err(|rejection| format!("{topic}: {rejection}"))? {
            Message::State(state) => Input::State(state),
            Message::Request(request) => Input::Request(request),
            Message::Command(command) => Input::Command(command),
            Message::Counts { observation, .. } => {
                // An engine at a broker has turned away what comes late or twice before it was recorded.
                if self.order == Order::Seconds && self.sequence.accept(observation.seq, observation.at, None).is_err()
                {
                    return Ok(());
                }
                Input::Counts(observation)
            }
            _ => return Ok(()),
        };
        self.tell(input, at);
        Ok(())
    }

    fn tell(&mut self, input: Input, at: Timestamp) {
        if let Some(controller) = &mut self.controller {
            controller.handle(input, at);
        }
    }

    /// Go on from a state, or compare with it.
    fn resume(&mut self, at: Timestamp, program: &str, cbor: &str) {
        if program != Controller::STATE_FORM {
            let why = format!("the state is of lightwatch {program}, this is {}", Controller::STATE_FORM);
            if self.controller.is_none() {
                self.lose(at, why, true);
            }
            return;
        }
        if let Some(controller) = &self.controller {
            let made = hexadecimal(&controller.state());
            if made != cbor {
                self.checked.compare(at, "state", Some(cbor), Some(made));
            }
            return;
        }
        let intersection = Arc::new(self.network.intersections[self.ix].clone());
        let found = bytes(cbor).and_then(|bytes| Controller::from_state(&bytes, &intersection));
        match found {
            Ok(controller) => {
                self.controller = Some(controller);
                self.close_gap(at);
            }
            Err(why) => self.lose(at, format!("the state cannot be read: {why}"), true),
        }
    }

    /// It cannot be driven before there is a state.
    pub(super) fn lose(&mut self, at: Timestamp, why: String, is_loss: bool) {
        let was_driven = self.controller.take().is_some();
        let (from_ms, to_ms) = (at.0, None);
        if (was_driven || self.checked.gaps.is_empty()) && self.checked.gaps.len() < GAPS_MAX {
            self.checked.gaps.push(GapFound { from_ms, to_ms, why, is_loss });
        }
    }

    fn close_gap(&mut self, at: Timestamp) {
        if let Some(gap) = self.checked.gaps.last_mut().filter(|gap| gap.to_ms.is_none()) {
            gap.to_ms = Some(at.0);
        }
    }
}

/// Bytes of hex digits.
fn bytes(digits: &str) -> Result<Vec<u8>, String> {
    let digit = |letter: u8| char::from(letter).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let pair = |pair: &[u8]| Some((digit(*pair.first()?)? << 4) | digit(*pair.get(1)?)?);
    digits.as_bytes().chunks(2).map(pair).collect::<Option<_>>().ok_or_else(|| "no hex digits".to_owned())
}

impl Checked {
    /// Whether everything that could be driven was as recorded.
    pub fn is_same(&self) -> bool {
        self.differences == 0
    }

    /// Whether there was anything of it.
    pub fn is_anything(&self) -> bool {
        self.seconds + self.unproven > 0
    }

    /// Whether nothing is missing that was to be there, and it was driven to the end.
    pub fn is_whole(&self) -> bool {
        self.gaps.iter().all(|gap| !gap.is_loss && gap.to_ms.is_some())
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
