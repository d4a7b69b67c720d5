//! When the engine is lost: kills, freezes and cuts at any moment, and how long the last valid plan is still obeyed.
//!
//! In: a number of trials and a seed. Out: [`FallbackReport`]. Each trial is a world of its own: everything works, then at one moment both engines or a
//! broker are killed or frozen, or a link of the way is cut or held, for ten seconds. The time counts from the making of the last plan that was
//! obeyed to the last moment of obeying it, so it is an upper bound of the time since it arrived.

use super::cabinet::Sabotage;
use super::fault::{Fault, Kind};
use super::lots::Lots;
use super::post::Node;
use super::world::{Episode, World};
use crate::cosim::error::CosimError;
use serde::Serialize;
use simulator::random::bits;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Everything works by then \[ms\].
const SETTLED: i64 = 20_000;
/// How long the engine is lost \[ms\].
const LOST: i64 = 10_000;
/// A trial lasts this long, so that the way back is seen \[ms\].
const LENGTH: i64 = 60_000;
/// The longest that is promised \[ms\].
pub const PROMISED: i64 = 3_500;

/// Ways to lose the engine.
const WAYS: [(&str, Kind); 7] = [
    ("engines_killed", Kind::EngineKilled),
    ("engines_frozen", Kind::EngineFrozen),
    ("broker_killed", Kind::BrokerKilled),
    ("broker_frozen", Kind::BrokerFrozen),
    ("cabinet_cut", Kind::Cut),
    ("cabinet_held", Kind::Held),
    ("bridge_cut", Kind::Cut),
];

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct FallbackReport {
    /// Seed.
    pub seed: u64,
    /// Trials.
    pub trials: u64,
    /// Of these with local control in the end of the loss.
    pub fell_back: u64,
    /// Longest time from the making of a plan to its last moment \[ms\].
    pub fallback_max_ms: i64,
    /// Mean of the longest of each trial \[ms\].
    pub fallback_mean_ms: i64,
    /// Unsafe lamps, cut clearances among them.
    #[serde(rename = "unsafe")]
    pub unsafe_lamps: u64,
    /// Trials by way.
    pub ways: BTreeMap<&'static str, u64>,
    /// The first findings.
    #[serde(skip)]
    pub told: Vec<String>,
}

impl FallbackReport {
    /// Whether every trial kept the promise.
    pub const fn is_good(&self) -> bool {
        self.fell_back == self.trials && self.fallback_max_ms <= PROMISED && self.unsafe_lamps == 0
    }
}

/// Try so many losses; `progress` is told how many are done, and says whether to go on.
///
/// # Errors
/// [`CosimError::Stopped`] when it says no.
pub fn run(
    seed: u64,
    trials: u64,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<FallbackReport, CosimError> {
    let mut report = FallbackReport { seed, trials, ..FallbackReport::default() };
    let mut mean = 0.0;
    for trial in 0..trials {
        let (way, faults) = loss(&mut Lots::new(seed, trial));
        let seed = bits(seed, trial, 1);
        let (faults, sabotage) = (Some(faults), Sabotage::None);
        let episode = Episode { seed, intersections: 1, length: LENGTH, adaptive: false, faults, sabotage };
        let outcome = World::new(episode).run();
        *report.ways.entry(way).or_default() += 1;
        report.fell_back += u64::from(outcome.mode_changes >= 2);
        report.fallback_max_ms = report.fallback_max_ms.max(outcome.plan_age_max_ms);
        report.unsafe_lamps += outcome.unsafe_lamps;
        mean += outcome.plan_age_max_ms as f64 / trials as f64;
        let late = outcome.plan_age_max_ms > PROMISED || outcome.mode_changes < 2;
        if (late || outcome.unsafe_lamps > 0) && report.told.len() < 5 {
            let found: Vec<&str> = outcome.findings.iter().map(|it| it.what.as_str()).collect();
            report.told.push(format!(
                "trial {trial}, {way}: {} ms, {} mode changes; {}",
                outcome.plan_age_max_ms,
                outcome.mode_changes,
                found.join("; ")
            ));
        }
        if progress(trial + 1).is_break() {
            return Err(CosimError::Stopped);
        }
    }
    report.fallback_mean_ms = mean.round() as i64;
    Ok(report)
}

/// One way to lose the engine, at any moment.
fn loss(lots: &mut Lots) -> (&'static str, Vec<Fault>) {
    let (way, kind) = lots.pick(&WAYS);
    let from = lots.between(SETTLED, SETTLED + 12_000);
    let fault = |target| Fault { kind, target, lane: 0, from, until: from + LOST, size: 0 };
    let faults = match way {
        "engines_killed" | "engines_frozen" => vec![fault(0), fault(1)],
        "broker_killed" | "broker_frozen" => vec![fault(lots.below(2))],
        "bridge_cut" => vec![fault(super::post::BRIDGE)],
        _ => vec![fault(Node::Cabinet(0).link())],
    };
    (way, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_the_engine_is_lost_its_last_plan_is_left_in_time() {
        let report = run(2, 40, &mut |_| ControlFlow::Continue(())).unwrap();
        assert!(report.is_good(), "{report:?} {:?}", report.told);
        assert!(report.ways.len() > 4 && report.fallback_mean_ms > 2_000, "{report:?}");
    }
}
