//! What a set of scalars is worth: runs of scenarios in the own simulator, compared run by run with those of another set.
//!
//! In: a set, scenarios, seeds. Out: an [`Outcome`] a run, and a cost.
//!
//! ```text
//! cost of a run = ln((delay + 1 s) / (delay before + 1 s)) + LOCKED_UP · (locked up) + UNSAFE · (unsafe lamps)
//! cost          = mean over the runs
//! ```
//!
//! Common random numbers: demand and drivers of a run hang on scenario and seed alone, so both sets meet the same vehicles. The
//! demand is perturbed: each flow by up to ±20 %, drawn from scenario, seed and flow. The delay is RESCO's, so whoever
//! is not let in or stands until the end is counted with his time; and a run that locks up costs besides, so that no set is
//! chosen that lets a street stand still to keep others moving. Ratios, so that no scenario outweighs the others.
//!
//! Runs are made by several threads; an outcome does not depend on how many.

use crate::config::Scalars;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::plant::run::{Prepared, RunSettings};
use crate::cosim::scenario::Scenario;
use serde::{Deserialize, Serialize};
use simulator::random;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Largest change of a flow.
const PERTURBED: f64 = 0.2;
/// What a run costs that locks up: as much as a delay 2.7 times as long.
const LOCKED_UP: f64 = 1.0;
/// What a run costs in which an unsafe lamp was seen: never worth it.
const UNSAFE: f64 = 100.0;

/// A run to make.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// Where and who.
    pub scenario: &'a Scenario,
    /// Which morning.
    pub seed: u64,
    /// With which scalars.
    pub scalars: &'a Scalars,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Mean delay of everybody who wanted to drive \[s\].
    pub delay_s: f64,
    /// Whether somebody stood at the head of a lane for minutes when it ended.
    pub locked_up: bool,
    /// Unsafe lamps.
    pub violations: u64,
}

/// Whoever watches the runs: is told simulated seconds as they pass, and says whether to go on.
pub trait Watcher: Sync {
    /// So many more seconds are simulated.
    fn passed(&self, seconds: u64);
    /// A line for whoever reads.
    fn says(&self, line: &str);
    /// Whether to go on.
    fn goes_on(&self) -> bool;
}

/// Make runs, so many at a time; outcomes in the order of the trials.
///
/// # Errors
/// The first that failed, [`CosimError::Stopped`] among them.
pub fn all(trials: &[Trial<'_>], jobs: usize, watcher: &dyn Watcher) -> Result<Vec<Outcome>, CosimError> {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Option<Result<Outcome, CosimError>>>> = Mutex::new(trials.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, trials.len().max(1)) {
            scope.spawn(|| {
                while let Some((place, trial)) = next_of(&next, trials) {
                    let outcome = trial.run(watcher);
                    let failed = outcome.is_err();
                    outcomes.lock().expect("no run panics while it holds this")[place] = Some(outcome);
                    if failed {
                        return;
                    }
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().expect("all runs are over");
    outcomes.into_iter().map(|outcome| outcome.unwrap_or(Err(CosimError::Stopped))).collect()
}

fn next_of<'a, 'b>(next: &AtomicUsize, trials: &'a [Trial<'b>]) -> Option<(usize, &'a Trial<'b>)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    trials.get(place).map(|trial| (place, trial))
}

impl Trial<'_> {
    fn run(&self, watcher: &dyn Watcher) -> Result<Outcome, CosimError> {
        let settings = RunSettings { controller: ControllerName::Adaptive, seed: self.seed, threads: 1, record: None };
        let mut prepared = Prepared::new(perturbed(self.scenario, self.seed), settings)?;
        prepared.scalars = self.scalars.clone();
        let mut told = 0;
        let report = prepared.run_in_process(&mut |done| {
            watcher.passed(done - told);
            told = done;
            if watcher.goes_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(Outcome {
            delay_s: report.figures.common.delay_s,
            locked_up: report.standing.lanes > 0,
            violations: report.figures.common.violations,
        })
    }
}

/// The scenario with each flow changed by up to ±20 %.
fn perturbed(scenario: &Scenario, seed: u64) -> Scenario {
    let mut changed = scenario.clone();
    let name = scenario.name.bytes().fold(0_u64, |hash, byte| random::bits(hash, u64::from(byte), 1));
    for (flow, number) in changed.demand.flows.iter_mut().zip(1..) {
        flow.veh_per_h *= 1.0 + PERTURBED * (2.0 * random::unit(name, seed, number) - 1.0);
    }
    changed
}

/// Cost of each run, beside the same runs with another set.
pub fn costs(after: &[Outcome], before: &[Outcome]) -> Vec<f64> {
    after.iter().zip(before).map(|(after, before)| after.cost(before)).collect()
}

impl Outcome {
    fn cost(&self, before: &Self) -> f64 {
        let stuck = LOCKED_UP * f64::from(u8::from(self.locked_up));
        let harm = if self.violations > 0 { UNSAFE } else { 0.0 };
        ((self.delay_s + 1.0) / (before.delay_s + 1.0)).ln() + stuck + harm
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::scenario::built_in;
    use std::path::Path;

    fn outcome(delay_s: f64, locked_up: bool, violations: u64) -> Outcome {
        Outcome { delay_s, locked_up, violations }
    }

    #[test]
    fn locking_up_and_unsafe_lamps_are_never_bought_by_less_delay() {
        let before = outcome(40.0, false, 0);
        let calm = outcome(39.0, false, 0).cost(&before);
        assert!(calm < 0.0 && calm < outcome(20.0, true, 0).cost(&before));
        assert!(outcome(1.0, false, 1).cost(&before) > outcome(400.0, true, 0).cost(&before));
        assert!((outcome(40.0, false, 0).cost(&before)).abs() < 1e-12);
    }

    #[test]
    fn each_flow_is_changed_by_its_own_share_and_the_same_seed_changes_it_the_same() {
        let scenario = built_in::find(Path::new("surge")).unwrap();
        let factors = |seed: u64| -> Vec<f64> {
            let changed = perturbed(&scenario, seed);
            let pairs = changed.demand.flows.iter().zip(&scenario.demand.flows);
            pairs.map(|(after, before)| after.veh_per_h / before.veh_per_h.max(1e-9)).collect()
        };
        assert!(factors(1).iter().all(|it| (0.8..=1.2).contains(it)), "{:?}", factors(1));
        assert!(factors(1).windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.01), "{:?}", factors(1));
        assert_eq!(factors(1), factors(1));
        assert_ne!(factors(1), factors(2));
    }
}
