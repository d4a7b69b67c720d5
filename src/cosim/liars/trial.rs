//! One run of a small street with liars between its detectors and the engine.
//!
//! In: a street, a seed, a strategy or none. Out: the delay of all who travelled. Demand and drivers come from the seed alone, so runs of the
//! same street and seed differ by what the liars did and nothing else (common random numbers). Field controllers hear the truth, as in
//! [`crate::cosim::degrade`]: the local ladder is not what is tried here.
//!
//! The streets are a lone crossing of middle load, one that is near what it can carry with unequal roads, and two crossings in a row. Their
//! fixed programmes suit their demand.

use super::lie::{Liar, Scene};
use super::strategy::{Spot, Strategy, Told};
use crate::controller::{Learned, Settings};
use crate::cosim::bus::{Answer, Bus, Rejected};
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::in_process::InProcess;
use crate::cosim::plant::run::{Prepared, RunReport, RunSettings};
use crate::cosim::scenario::Scenario;
use crate::cosim::street::Heard;
use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::ids::LaneIx;
use crate::network::Network;
use crate::plan::StateReport;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use simulator::monitor::Kind;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// What comes before the measured time \[s\].
pub const WARM_UP_S: i64 = 600;

/// Roads and demand of each street; the time is added.
const STREETS: [(&str, &str); 3] = [
    (
        "crossing",
        "[street.corridor]\n[street.corridor.demand]\nwest_veh_per_h = 700.0\neast_veh_per_h = 600.0\nside_veh_per_h = 300.0\n",
    ),
    (
        "unequal",
        "[street.corridor]\nfixed_s = [40.0, 9.0, 16.0, 8.0]\n[street.corridor.demand]\nwest_veh_per_h = 1100.0\neast_veh_per_h = 600.0\nside_veh_per_h = 200.0\n",
    ),
    (
        "pair",
        "[street.corridor]\nspacing_m = [300.0]\n[street.corridor.demand]\nwest_veh_per_h = 800.0\neast_veh_per_h = 500.0\nside_veh_per_h = 250.0\n",
    ),
];

/// Names of the streets.
pub fn names() -> [&'static str; STREETS.len()] {
    STREETS.map(|(name, _)| name)
}

/// Who runs a street.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Adaptive control with honest detectors.
    Honest,
    /// The street's own programme.
    Fixed,
    /// Adaptive control that is lied to.
    Liars(Strategy),
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Number of the street.
    pub street: usize,
    /// Seed of demand and drivers.
    pub seed: u64,
    /// Measured time \[s\].
    pub measured_s: u32,
    /// Who runs it.
    pub who: Who,
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Mean delay of those who wanted to depart in the measured time \[s\].
    pub delay_s: f64,
    /// What the monitors saw in the lamps, but for waits: conflicts, short intervals, missing clearances.
    pub r#unsafe: u64,
    /// Waits beyond the maximum red: whose detector hides him is not seen.
    pub starved: u64,
    /// Whether any detector was found out.
    pub found: bool,
}

impl Trial {
    /// Run it; `goes_on` is asked every simulated second.
    ///
    /// # Errors
    /// [`CosimError::Stopped`].
    pub fn run(&self, goes_on: &dyn Fn() -> bool) -> Result<Outcome, CosimError> {
        let controller = if self.who == Who::Fixed { ControllerName::Fixed } else { ControllerName::Adaptive };
        let prepared = prepared(self.street, self.seed, self.measured_s, controller)?;
        let mut progress = |_| if goes_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        let report = match &self.who {
            Who::Liars(strategy) => {
                let mut bus = Lying::new(&prepared, strategy, self.seed);
                prepared.run(Some(&mut bus), &mut progress)?
            }
            Who::Honest | Who::Fixed => prepared.run_in_process(&mut progress)?,
        };
        Ok(outcome(&report))
    }
}

/// Counted lanes of each intersection of each street.
///
/// # Errors
/// A street that cannot be surveyed; none is known.
pub fn counted_lanes() -> Result<Vec<Vec<Vec<usize>>>, CosimError> {
    let of = |street| Ok(lanes(&prepared(street, 1, 60, ControllerName::Adaptive)?.network));
    (0..STREETS.len()).map(of).collect()
}

fn lanes(network: &Network) -> Vec<Vec<usize>> {
    let counted = network.intersections.iter().map(|it| {
        let places: BTreeSet<CountedPlace> = it.detectors.iter().map(|detector| detector.place.into()).collect();
        let lane = |place| if let CountedPlace::Lane(lane) = place { Some(lane.0) } else { None };
        places.into_iter().filter_map(lane).collect()
    });
    counted.collect()
}

fn prepared(street: usize, seed: u64, measured_s: u32, controller: ControllerName) -> Result<Prepared, CosimError> {
    let (name, text) = STREETS[street];
    let duration_s = WARM_UP_S + i64::from(measured_s);
    let text = format!("duration_s = {duration_s}\nwarm_up_s = {WARM_UP_S}\n{text}");
    let scenario = Scenario::parse(&text, &Path::new(name).join("scenario.toml")).map_err(CosimError::Scenario)?;
    Prepared::new(scenario, RunSettings { controller, seed, threads: 1, record: None })
}

fn outcome(report: &RunReport) -> Outcome {
    let starved = report.violations.iter().filter(|it| it.kind == Kind::Starved).count() as u64;
    Outcome {
        delay_s: report.figures.common.delay_s,
        r#unsafe: report.violations.len() as u64 - starved,
        starved,
        found: report.alarms.keys().any(|code| code.starts_with("detector_")),
    }
}

/// The engine, and liars before it.
struct Lying {
    engine: InProcess,
    network: Arc<Network>,
    liars: Vec<(Spot, LaneIx, Liar)>,
    from: Timestamp,
}

impl Lying {
    fn new(prepared: &Prepared, strategy: &Strategy, seed: u64) -> Self {
        let liar = |(ix, told): (usize, &Told)| (told.spot, LaneIx(told.copied), Liar::new(told.lie, seed ^ ix as u64));
        let honest_s = if strategy.from_begin { 0 } else { WARM_UP_S };
        Self {
            engine: InProcess::new(Arc::clone(&prepared.network), prepared.engine()),
            network: Arc::clone(&prepared.network),
            liars: strategy.liars.iter().enumerate().map(liar).collect(),
            from: Timestamp::from_secs(prepared.scenario.begin_s + honest_s),
        }
    }

    /// What the engine hears in place of the truth.
    fn bend(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard) -> Heard {
        let mut told = heard.clone();
        for (spot, copied, liar) in &mut self.liars {
            let (seen, ix) = (&heard.counts[spot.intersection], LaneIx(spot.lane));
            let Some(truth) = place(seen, ix) else { continue };
            if at < self.from {
                liar.sees(truth);
                continue;
            }
            let intersection = &self.network.intersections[spot.intersection];
            let shown = &states[spot.intersection].shown;
            let mut groups = intersection.lanes[ix.0].movements.iter().map(|it| intersection.movements[it.0].group);
            let green = groups.any(|group| shown.groups[group.0].indication.is_green());
            let second = ((at - self.from).0 / 1000) as u32;
            let said = liar.says(&Scene { truth, other: place(seen, *copied).unwrap_or(truth), green, second });
            let places = &mut told.counts[spot.intersection].places;
            places.iter_mut().filter(|it| it.place == said.place).for_each(|it| *it = said.clone());
        }
        told
    }
}

fn place(seen: &Observation, lane: LaneIx) -> Option<&PlaceCount> {
    seen.places.iter().find(|it| it.place == CountedPlace::Lane(lane))
}

impl Bus for Lying {
    fn exchange(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard) -> Vec<Answer> {
        let told = self.bend(at, states, heard);
        self.engine.exchange(at, states, &told)
    }

    fn settings(&self) -> Vec<Settings> {
        self.engine.settings()
    }

    fn learned(&self) -> Vec<Learned> {
        self.engine.learned()
    }

    fn rejected(&self) -> Rejected {
        self.engine.rejected()
    }
}
