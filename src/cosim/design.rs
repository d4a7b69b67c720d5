//! What a design of fixed programmes needs of a street, and its trial there: volumes from trips or routes, offsets refined in the simulator.
//!
//! **Refinement** is a pattern search over the offsets (Hooke and Jeeves 1961): one intersection after the other is moved by a step forth and
//! back, what lowers the mean delay of the runs stays, and when nothing does the step is halved. Every trial drives the same demands (common
//! random numbers). It ends with the step below a second or when its runs are used up, so it finds a valley and not the deepest one. What is
//! measured is our simulator: its fidelity is told in docs/simulator.md.

use super::controller_name::ControllerName;
use super::demand::{Demand, Period};
use super::error::CosimError;
use super::in_process::InProcess;
use super::plant::run::{Prepared, RunSettings};
use super::scenario::Scenario;
use super::sumo_binary;
use super::work_folder::WorkFolder;
use crate::controller::{Settings, Strategy};
use crate::design::Flows;
use crate::network::{Geometry, Network, Programme};
use crate::plan::fixed_time::cycle;
use crate::time::Millis;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// A network with its volumes.
pub struct Site {
    /// The street.
    pub network: Network,
    /// Where its lanes lie; empty where only routes were counted.
    pub geometry: Geometry,
    /// Who drives on it.
    pub flows: Flows,
}

impl Site {
    /// A scenario: its street surveyed, its trips of a seed counted.
    ///
    /// # Errors
    /// That it has no signals.
    pub fn of_scenario(scenario: &Scenario, seed: u64) -> Result<Self, CosimError> {
        let prepared = Prepared::new(scenario.clone(), settings(seed, 1))?;
        let flows = flows(prepared.demand());
        Ok(Self { geometry: prepared.geometry, network: Arc::unwrap_or_clone(prepared.network), flows })
    }

    /// A SUMO network that was imported: its routes of a time, counted by `duarouter` beside the program.
    ///
    /// # Errors
    /// SUMO is not there, or refuses the files.
    pub fn of_routes(
        network: Network,
        (net, routes): (&Path, &Path),
        (begin_s, end_s): (i64, i64),
        sumo: Option<&Path>,
    ) -> Result<Self, CosimError> {
        let sumo = sumo_binary::find(sumo)?;
        let period = Period { sumo: &sumo, net, routes, begin_s, end_s };
        let flows = flows(Demand::count(&network, period, &WorkFolder::new()?)?);
        Ok(Self { network, geometry: Geometry::default(), flows })
    }
}

fn flows(demand: Demand) -> Flows {
    Flows { movements: demand.movements, links: demand.links }
}

fn settings(seed: u64, threads: usize) -> RunSettings {
    RunSettings { controller: ControllerName::Webster, seed, threads, record: None }
}

/// What a refinement found.
#[derive(Debug, Clone, PartialEq)]
pub struct Refined {
    /// Offsets in the order of the network.
    pub offsets: Vec<Millis>,
    /// Mean delay before it \[s/veh\].
    pub before_s: f64,
    /// Mean delay after it \[s/veh\].
    pub after_s: f64,
    /// Runs that were made, one a seed and trial.
    pub runs: usize,
}

/// Refine the offsets of programmes on a scenario; `network` has the intervals that are meant and the programmes.
///
/// `trials_max` sets of offsets are tried at most, the first one included, each with every seed; `progress` is told how many are done.
///
/// # Errors
/// As a run of the scenario.
pub fn refine(
    scenario: &Scenario,
    network: &Arc<Network>,
    seeds: &[u64],
    trials_max: usize,
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Refined, CosimError> {
    let programmes: Vec<Programme> = network.intersections.iter().map(|it| it.programme.clone()).collect();
    let cycles: Vec<Millis> =
        network.intersections.iter().zip(&programmes).map(|(it, programme)| cycle(it, programme)).collect();
    let mut trials = 0;
    let mut try_out = |offsets: &[Millis]| -> Result<f64, CosimError> {
        trials += 1;
        let mut sum = 0.0;
        for &seed in seeds {
            sum += delay_s(scenario, network, seed, &moved(&programmes, offsets), progress)?;
        }
        Ok(sum / seeds.len().max(1) as f64)
    };
    let mut offsets: Vec<Millis> = programmes.iter().map(|it| it.offset).collect();
    let before_s = try_out(&offsets)?;
    let (mut best, mut done) = (before_s, 1);
    let longest = cycles.iter().copied().max().unwrap_or_default();
    let mut step = Millis(longest.0 / 8000 * 1000).max(Millis::from_secs(1));
    'search: loop {
        let mut moved = false;
        for at in 0..offsets.len() {
            for by in [step, Millis(-step.0)] {
                if done >= trials_max {
                    break 'search;
                }
                let mut other = offsets.clone();
                other[at] = Millis((other[at] + by).0.rem_euclid(cycles[at].0.max(1)));
                let delay = try_out(&other)?;
                done += 1;
                if delay < best - 1e-9 {
                    (best, offsets, moved) = (delay, other, true);
                    break;
                }
            }
        }
        if !moved {
            if step <= Millis::from_secs(1) {
                break;
            }
            step = Millis(step.0 / 2000 * 1000).max(Millis::from_secs(1));
        }
    }
    Ok(Refined { offsets, before_s, after_s: best, runs: trials * seeds.len() })
}

fn moved(programmes: &[Programme], offsets: &[Millis]) -> Vec<Programme> {
    let both = programmes.iter().zip(offsets);
    both.map(|(programme, &offset)| Programme { offset, ..programme.clone() }).collect()
}

/// Mean delay of a run of a scenario with these programmes \[s/veh\].
fn delay_s(
    scenario: &Scenario,
    network: &Arc<Network>,
    seed: u64,
    programmes: &[Programme],
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<f64, CosimError> {
    let mut prepared = Prepared::new(scenario.clone(), settings(seed, 1))?;
    prepared.network = Arc::clone(network);
    let controllers = programmes.iter().map(|it| {
        prepared.scalars.applied(Settings { strategy: Strategy::Webster(it.clone()), ..Settings::default() })
    });
    let mut engine = InProcess::new(Arc::clone(network), controllers.collect());
    let report = prepared.run(Some(&mut engine), &mut |_| progress(0))?;
    Ok(report.figures.common.delay_s)
}
