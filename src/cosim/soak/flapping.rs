//! A link that comes and goes: how often the mode changes, and how soon control is back once the link is whole.
//!
//! In: simulated hours and a seed. Out: [`FlappingReport`]. In turns of ten minutes the link of a cabinet, or the bridge, is cut half of the time at
//! 0.05 to 2 Hz for eight minutes, and whole for two. Control is back in time when a cabinet obeys the engine within a cycle of
//! the tenth second of a link that is whole.

use super::cabinet::Sabotage;
use super::fault::{Fault, Kind};
use super::lots::Lots;
use super::post::{BRIDGE, Node};
use super::world::{Episode, World};
use crate::cosim::error::CosimError;
use crate::plan::fixed_time::cycle;
use serde::Serialize;
use simulator::random::bits;
use std::ops::ControlFlow;

/// One turn \[ms\].
const TURN: i64 = 600_000;
/// The link flaps from then \[ms\],
const FLAPS_FROM: i64 = 30_000;
/// until then \[ms\].
const FLAPS_UNTIL: i64 = 480_000;
/// Stable for this long, a link is taken for whole \[ms\].
const STABLE: i64 = 10_000;
/// Turns of one episode, an hour.
const TURNS: i64 = 6;

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct FlappingReport {
    /// Seed.
    pub seed: u64,
    /// Simulated hours.
    pub hours: u64,
    /// Changes between the engine and local control, both ways.
    pub mode_changes: u64,
    /// A minute, in the mean.
    pub changes_a_minute: f64,
    /// The most in one turn of ten minutes, a minute.
    pub changes_a_minute_max: f64,
    /// Longest way back from the tenth second of a whole link \[s\].
    pub back_max_s: f64,
    /// Ways back that took longer than a cycle of the intersection.
    pub too_late: u64,
    /// Unsafe lamps.
    #[serde(rename = "unsafe")]
    pub unsafe_lamps: u64,
    /// Messages that were cut off.
    pub cut_off: u64,
    /// The first findings.
    #[serde(skip)]
    pub told: Vec<String>,
}

impl FlappingReport {
    /// Whether the promise was kept.
    pub fn is_good(&self) -> bool {
        self.changes_a_minute <= 1.0 && self.too_late == 0 && self.unsafe_lamps == 0
    }
}

/// Play so many hours; `progress` is told how many are done, and says whether to go on.
///
/// # Errors
/// [`CosimError::Stopped`] when it says no.
pub fn run(
    seed: u64,
    hours: u64,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<FlappingReport, CosimError> {
    let mut report = FlappingReport { seed, hours, ..FlappingReport::default() };
    for hour in 0..hours {
        report.hour(seed, hour);
        if progress(hour + 1).is_break() {
            return Err(CosimError::Stopped);
        }
    }
    let minutes = hours as f64 * 60.0;
    report.changes_a_minute = (report.mode_changes as f64 / minutes * 1_000.0).round() / 1_000.0;
    Ok(report)
}

impl FlappingReport {
    fn hour(&mut self, seed: u64, hour: u64) {
        let mut lots = Lots::new(seed, hour);
        let faults: Vec<Fault> = (0..TURNS).map(|turn| flapping(&mut lots, turn * TURN)).collect();
        let (length, seed) = (TURNS * TURN, bits(seed, hour, 2));
        let (faults, sabotage) = (Some(faults), Sabotage::None);
        let mut world = World::new(Episode { seed, intersections: 1, length, adaptive: false, faults, sabotage });
        let network = world.network();
        let site = &network.intersections[0];
        let allowed = cycle(site, &site.programme).0;
        let (mut before, mut back_at) = (0, None);
        for tick in 1..=length / super::world::TICK {
            let at = tick * super::world::TICK;
            world.tick(at);
            let into = at % TURN;
            let whole_for = into - FLAPS_UNTIL;
            if whole_for == 0 {
                back_at = None;
            }
            if whole_for >= 0 && back_at.is_none() && world.all_remote() {
                back_at = Some(whole_for);
            }
            if into == 0 {
                let changes = world.outcome().mode_changes - before;
                before += changes;
                self.changes_a_minute_max = self.changes_a_minute_max.max(changes as f64 * 60_000.0 / TURN as f64);
                self.back(back_at, allowed, hour, at);
            }
        }
        let outcome = world.finish();
        self.mode_changes += outcome.mode_changes;
        self.unsafe_lamps += outcome.unsafe_lamps;
        self.cut_off += outcome.tally.effects.get(&Kind::Flapping).copied().unwrap_or(0);
    }

    /// A way back, counted from the instant at which the link was whole.
    fn back(&mut self, took: Option<i64>, allowed: i64, hour: u64, at: i64) {
        let took = took.unwrap_or(TURN) - STABLE;
        self.back_max_s = self.back_max_s.max(took as f64 / 1_000.0);
        if took > allowed {
            self.too_late += 1;
            if self.told.len() < 5 {
                self.told.push(format!(
                    "hour {hour}, turn before {} s: back after {took} ms, a cycle is {allowed} ms",
                    at / 1_000
                ));
            }
        }
    }
}

/// A link that flaps in one turn, at 0.05 to 2 Hz: even on the logarithm.
fn flapping(lots: &mut Lots, from: i64) -> Fault {
    let target = lots.pick(&[Node::Cabinet(0).link(), BRIDGE]);
    let hertz = 0.05 * 40.0_f64.powf(lots.between(0, 1_000) as f64 / 1_000.0);
    let size = (1_000.0 / hertz).round() as i64;
    Fault { kind: Kind::Flapping, target, lane: 0, from: from + FLAPS_FROM, until: from + FLAPS_UNTIL, size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_flaps_makes_the_mode_change_seldom_and_a_whole_one_leads_back() {
        let report = run(1, 1, &mut |_| ControlFlow::Continue(())).unwrap();
        assert!(report.is_good(), "{report:?} {:?}", report.told);
        assert!(report.cut_off > 1_000 && report.mode_changes > 0, "{report:?}");
    }
}
