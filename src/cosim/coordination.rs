//! How well the signals of a run worked together, measured while it runs: arrivals on green, and a stretch of its longest corridor.
//!
//! In: what the field controllers showed and what the detectors saw, undisturbed by what a trial does to the engine's hearing. Out:
//! [`Coordination`], kept with the record of a run.

use super::street::Heard;
use crate::measure::{Corridor, Figures, OnGreen, Trace, Tracer, time_space};
use crate::network::Network;
use crate::plan::StateReport;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A corridor of fewer signals is not drawn.
const STOPS_MIN: usize = 3;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coordination {
    /// Arrivals on approaches that a signalised neighbour feeds.
    pub fed: Figures,
    /// Arrivals on all approaches.
    pub all: Figures,
    /// The longest straight chain of at least three signals, in the middle of the run.
    pub corridor: Option<Trace>,
}

/// Measures while a run goes on.
#[derive(Debug)]
pub struct Measuring {
    on_green: OnGreen,
    tracer: Option<Tracer>,
}

impl Measuring {
    /// Of a run over these seconds.
    pub fn new(network: &Network, seconds: &Range<i64>) -> Self {
        let corridor = Corridor::longest(network).filter(|it| it.stops.len() >= STOPS_MIN);
        let tracer = corridor.map(|it| Tracer::new(network, &it, time_space::stretch(seconds)));
        Self { on_green: OnGreen::new(network), tracer }
    }

    /// One second.
    pub fn second(&mut self, states: &[StateReport], heard: &Heard) {
        for (ix, state) in states.iter().enumerate() {
            let seen = heard.counts.get(ix);
            self.on_green.second(ix, state, seen);
            if let Some(tracer) = &mut self.tracer {
                tracer.second(ix, state, seen);
            }
        }
    }

    /// What was measured.
    pub fn finish(self) -> Coordination {
        let [fed, all] = [true, false].map(|fed_only| self.on_green.together(fed_only));
        Coordination { fed, all, corridor: self.tracer.map(Tracer::finish) }
    }
}
