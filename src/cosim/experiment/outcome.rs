//! What comes of a job: figures of the run, of each movement, profiles over time, and what is drawn.
//!
//! No clock and no path is in it: the same job gives the same bytes on every machine. Meaning, unit and source of each figure:
//! `docs/compare.md`.

use crate::cosim::controller_name::ControllerName;
use crate::measure::Trace;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Length of a bin of a profile \[s\].
pub const BIN_S: i64 = 60;

/// How long so many bins are \[s\].
pub fn bins_s(bins: usize) -> i64 {
    i64::try_from(bins).unwrap_or(0) * BIN_S
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Digest of job and programs.
    pub digest: String,
    /// Digest of the job, whatever programs ran it.
    pub job: String,
    /// SHA-256 of the lightwatch that ran it.
    pub lightwatch: String,
    /// The simulator.
    pub simulator: String,
    /// Place.
    pub place: String,
    /// Who decided.
    pub controller: ControllerName,
    /// Seed.
    pub seed: u32,
    /// Vehicles for each one of the place's demand.
    pub demand: f64,
    /// What was varied.
    pub varied: BTreeMap<String, f64>,
    /// Figures by name; one that is not defined here is left out.
    pub figures: BTreeMap<String, f64>,
    /// Movements, in the order of the network.
    pub movements: Vec<OfMovement>,
    /// Over time.
    pub profile: Profile,
    /// What is drawn, if the job asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

/// Figures of one movement.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OfMovement {
    /// Intersection.
    pub intersection: String,
    /// Road before the stop line.
    pub approach: String,
    /// Road behind it.
    pub exit: String,
    /// Direction.
    pub turn: String,
    /// Vehicles that passed the stop line.
    pub passed: u32,
    /// Vehicles that were still before it at the end.
    pub left: u32,
    /// Control delay of all \[veh·s\].
    pub lost_s: f64,
    /// Stops of all.
    pub stops: u32,
    /// Longest time somebody stood without a break \[s\].
    pub halt_max_s: f64,
    /// Mean over time of the vehicles in the queue.
    pub queue_mean_veh: f64,
    /// Exceeded in one second of twenty.
    pub queue_p95_veh: u32,
    /// Longest queue.
    pub queue_max_veh: u32,
    /// Vehicles of which it is known how they would have arrived.
    pub arrivals: u32,
    /// Those of them at green.
    pub on_green: u32,
}

impl OfMovement {
    /// Control delay a vehicle \[s\], those who are left included; `None` where nobody came.
    pub fn delay_s(&self) -> Option<f64> {
        let vehicles = self.passed + self.left;
        (vehicles > 0).then(|| self.lost_s / f64::from(vehicles))
    }

    /// Its name: intersection, roads, direction.
    pub fn name(&self) -> String {
        format!("{}: {} → {} ({})", self.intersection, self.approach, self.exit, self.turn)
    }
}

/// Bins of [`BIN_S`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Begin of the first bin \[s\].
    pub from_s: i64,
    /// Vehicles in the queues of all signals, mean of the bin.
    pub queue_veh: Vec<f64>,
    /// The same of each intersection.
    pub queues: Vec<(String, Vec<f64>)>,
    /// Vehicles that wanted to depart in the bin.
    pub wanted: Vec<u32>,
    /// Vehicles that came to their ends.
    pub arrived: Vec<u32>,
}

/// What is drawn of one run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Detail {
    /// The longest straight chain of signals, there and back.
    pub traces: Vec<Trace>,
    /// Greens and arrivals of the busiest movements.
    pub cycles: Vec<Cycles>,
}

/// Greens and arrivals of one movement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cycles {
    /// Position of the movement.
    pub movement: usize,
    /// Services.
    pub services: Vec<Served>,
    /// Arrivals: when \[s\], time since the begin of the last red \[s\], whether at green.
    pub points: Vec<(i64, i64, bool)>,
}

/// One service \[s\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Served {
    /// Begin of the red before.
    pub red_before: Option<i64>,
    /// Begin of green.
    pub green: i64,
    /// Begin of yellow.
    pub yellow: i64,
    /// Begin of red.
    pub red: i64,
    /// Whether somebody was near when the green ended.
    pub used: bool,
    /// Share of the green, and of the first five seconds of red, with somebody at the stop line.
    pub occupied: (f64, f64),
}
