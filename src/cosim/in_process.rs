//! The engine in this process: one controller an intersection, every message through `wire` all the same.
//!
//! One second: each controller gets its field controller's state, requests, its counts, the scene around it, then a tick. What it tells its neighbours
//! is delivered after all have decided; a controller uses such news only when it is older than its tick, so the order of
//! delivery cannot matter, and a broker that delivers earlier or later in the second changes nothing.

use super::bus::{Answer, Bus, Rejected};
use super::street::Heard;
use crate::controller::{Controller, Input, Learned, Memory, Output, Settings};
use crate::estimate::{Observation, Outflow};
use crate::network::{Intersection, Network};
use crate::plan::StateReport;
use crate::scene::Recognition;
use crate::shadow::{self, Ledger, Shadow};
use crate::time::{Millis, Timestamp};
use crate::wire::{self, Message, Rejection, Sequence};
use std::sync::Arc;
use std::time::Instant;

/// Controllers of all intersections of a network.
#[derive(Debug)]
pub struct InProcess {
    network: Arc<Network>,
    controllers: Vec<Controller>,
    /// Positions of the intersections at the other ends of each one's links.
    neighbours: Vec<Vec<usize>>,
    /// Numbers of the counts of each intersection.
    sequences: Vec<Sequence>,
    scenes: Recognition,
    rejected: Rejected,
    /// Who looks on, and what it would have cost.
    shadows: Vec<Shadow>,
    ledger: Ledger,
}

impl InProcess {
    /// One controller an intersection, with its settings; `settings` in the order of the network.
    pub fn new(network: Arc<Network>, settings: Vec<Settings>) -> Self {
        let controllers =
            network.intersections.iter().zip(settings).map(|(intersection, settings)| {
                Controller::new(Arc::new(intersection.clone()), &network.links, settings)
            });
        let neighbours = (0..network.intersections.len()).map(|ix| network.neighbours(ix)).collect();
        let sequences = vec![Sequence::default(); network.intersections.len()];
        let (scenes, rejected) = (Recognition::new(&network), Rejected::new());
        let (shadows, ledger) = (Vec::new(), Ledger::new("", Millis::ZERO, &[]));
        Self { controllers: controllers.collect(), neighbours, sequences, scenes, rejected, shadows, ledger, network }
    }

    /// Begin with what was learned before; a memory that does not fit is passed over.
    #[must_use]
    pub fn resumed(mut self, memories: &[Memory]) -> Self {
        for (intersection, controller) in self.network.intersections.iter().zip(&mut self.controllers) {
            if let Some(memory) = memories.iter().find(|it| it.learned.intersection == intersection.id.as_str()) {
                // What does not fit was told when it was read, and leaves a controller as it was.
                let _ = controller.resume(memory);
            }
        }
        self
    }

    /// With a shadow at every intersection.
    #[must_use]
    pub fn shadowed(mut self, settings: &shadow::Settings) -> Self {
        let all = vec![true; self.network.intersections.len()];
        self.ledger = Ledger::new(settings.policy.name(), settings.batch, &all);
        let shadow = |it: &Intersection| Shadow::new(Arc::new(it.clone()), settings.clone());
        self.shadows = self.network.intersections.iter().map(shadow).collect();
        self
    }

    /// What the shadows have found so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What scenes are told from.
    pub fn recognition(&self) -> &Recognition {
        &self.scenes
    }

    /// Nobody hears what neighbours say.
    #[must_use]
    pub fn without_neighbours(mut self) -> Self {
        self.neighbours.iter_mut().for_each(Vec::clear);
        self
    }

    /// A message as the other side of a wire gets it.
    fn carried(&mut self, message: &Message) -> Option<Message> {
        let arrived = wire::encode(message, &self.network)
            .and_then(|packet| wire::decode(&packet.topic, &packet.payload, &self.network, None));
        arrived.map_err(|rejection| self.turn_away(&rejection)).ok()
    }

    fn turn_away(&mut self, rejection: &Rejection) {
        *self.rejected.entry(rejection.reason).or_default() += 1;
    }

    /// Counts as the other side of a wire gets them; not those that are older than what came before, or come twice.
    fn carried_counts(&mut self, ix: usize, seen: &Observation) -> Option<Input> {
        let (intersection, observation) = (self.network.intersections[ix].id.clone(), seen.clone());
        let carried = self.carried(&Message::Counts { intersection, observation, passages: Vec::new() })?;
        let Message::Counts { observation, .. } = carried else { return None };
        let news = self.sequences[ix].accept(observation.seq, observation.at, None);
        news.map_err(|rejection| self.turn_away(&rejection)).ok().map(|()| Input::Counts(observation))
    }

    /// Let one controller absorb a second and decide; what it says besides goes to `outflows`.
    fn decide(&mut self, ix: usize, at: Timestamp, heard: Vec<Input>, outflows: &mut Vec<(usize, Outflow)>) -> Answer {
        let scene = Input::Scene(self.scenes.scene(ix, at));
        if let Some(shadow) = self.shadows.get_mut(ix) {
            heard.iter().filter_map(Input::counts).for_each(|seen| shadow.count(seen));
        }
        let since = Instant::now();
        let controller = &mut self.controllers[ix];
        let outputs: Vec<Output> =
            heard.into_iter().chain([scene, Input::Tick]).flat_map(|input| controller.handle(input, at)).collect();
        let mut answer = Answer { took: Some(since.elapsed()), ..Answer::default() };
        if let Some(batch) = self.shadows.get_mut(ix).and_then(|it| it.follow(controller, at)) {
            self.ledger.take(ix, batch);
        }
        for output in outputs {
            match output {
                Output::Publish(plan) => {
                    if let Some(Message::Plan(plan)) = self.carried(&Message::Plan(plan)) {
                        answer.plan = Some(plan);
                    }
                }
                Output::Decision(decision) => answer.decision = Some(decision),
                Output::Outflow(outflow) => {
                    if let Some(Message::Outflow(outflow)) = self.carried(&Message::Outflow(outflow)) {
                        answer.outflow = Some(outflow.clone());
                        outflows.push((ix, outflow));
                    }
                }
                Output::Load(load) => self.scenes.tell(ix, load),
                Output::Refused(refusal) => self.turn_away(&refusal.into()),
                Output::Alarm(alarm) => answer.alarms.push(alarm),
                Output::Spat(_) | Output::Result(_) | Output::WakeAt(..) => {}
            }
        }
        answer
    }
}

impl Bus for InProcess {
    fn exchange(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard) -> Vec<Answer> {
        let mut outflows = Vec::new();
        let mut answers = Vec::with_capacity(states.len());
        for (ix, (state, seen)) in states.iter().zip(&heard.counts).enumerate() {
            let mut inputs = Vec::with_capacity(2);
            if let Some(Message::State(state)) = self.carried(&Message::State(state.clone())) {
                inputs.push(Input::State(state));
            }
            let id = self.network.intersections[ix].id.clone();
            for request in heard.requests.iter().filter(|request| request.intersection == id) {
                if let Some(Message::Request(request)) = self.carried(&Message::Request(request.clone())) {
                    inputs.push(Input::Request(request));
                }
            }
            let stragglers = heard.stragglers.iter().filter(|(of, _)| *of == ix).map(|(_, seen)| seen);
            for seen in [seen].into_iter().chain(stragglers) {
                inputs.extend(self.carried_counts(ix, seen));
            }
            inputs.extend(heard.known.get(ix).cloned().map(Input::Known));
            answers.push(self.decide(ix, at, inputs, &mut outflows));
        }
        for (from, outflow) in outflows {
            for &to in &self.neighbours[from] {
                self.controllers[to].handle(Input::Outflow(outflow.clone()), at);
            }
        }
        answers
    }

    fn settings(&self) -> Vec<Settings> {
        self.controllers.iter().map(|controller| controller.settings().clone()).collect()
    }

    fn learned(&self) -> Vec<Learned> {
        self.controllers.iter().filter_map(Controller::learned).collect()
    }

    fn rejected(&self) -> Rejected {
        self.rejected.clone()
    }
}
