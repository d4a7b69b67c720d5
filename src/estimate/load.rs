//! How heavily an intersection is loaded, in a handful of numbers: what a scene is told from (`scene`).
//!
//! In: an [`Estimator`]. Out: [`Load`], a value of one instant.
//!
//! ```text
//! y_l        = λ_l / s_l                                    flow ratio of a lane, learned arrivals over learned discharge
//! Y          = Σ y of the critical lanes                    heaviest lane first; whoever is green beside it needs no time of his own
//! saturation = Y / (1 − N·lost / CYCLE_S)                   N critical lanes, the change and start-up that each of them costs
//! full       lanes whose zone holds FULL of what fits
//! blocked    lanes that have green and stand, nobody may cross them, and there is room behind the junction
//! silent     lanes that nobody has entered while SILENT would have: by their share of the approach, and by what usually comes
//! ```
//!
//! Sources: critical lanes and degree of saturation: Webster 1958; HCM 7, ch. 19 (critical volume-to-capacity ratio). A lane that
//! nobody enters: the chance of none is `exp(−expected)`, so [`SILENT`] vehicles are a chance of 1 in 20 000.
//!
//! Weaknesses: arrivals are those that reach the zone, so a lane that is full to its end never looks heavier than what it
//! discharges ([`Load::full`] tells then); a detector that is stuck looks like a lane that nobody enters.

use super::Estimator;
use super::arrivals::discharge_lasting;
use crate::ids::{LaneIx, StageIx};
use crate::network::VEHICLE_SPACING_M;
use crate::time::Timestamp;

/// A zone that holds this share of the vehicles that fit is full.
const FULL: f64 = 0.7;
/// Cycle for which the share of lost time is taken \[s\].
const CYCLE_S: f64 = 90.0;
/// What starting costs beyond the change of lamps \[s\].
const STARTUP_S: f64 = 2.0;
/// A lane is served in a stage that gives it at least this share of its best discharge.
const SERVED: f64 = 0.5;
/// Vehicles that would have entered a lane by its share before it is called silent.
pub(super) const SILENT: f64 = 10.0;
/// Room behind the junction that a blocked queue does not use \[veh\].
const ROOM_BEHIND: f64 = 3.0;

/// How heavily one intersection is loaded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Load {
    /// When.
    pub at: Timestamp,
    /// Degree of saturation by the critical lanes, ≥ 0; above 1 it cannot be served.
    pub saturation: f64,
    /// Vehicles in all zones \[veh\].
    pub vehicles: f64,
    /// Those that stand \[veh\].
    pub queued: f64,
    /// Vehicles that fit into all zones \[veh\].
    pub storage: f64,
    /// Number of lanes.
    pub lanes: u32,
    /// Lanes whose zone is full.
    pub full: u32,
    /// Lanes that have green and do not move although they could.
    pub blocked: u32,
    /// Lanes that nobody enters any more.
    pub silent: u32,
    /// Vehicles that have entered each approach so far. Shape `[approach]`.
    pub entered: Vec<u64>,
    /// Discharge of all lanes of each approach \[veh/s\]. Shape `[approach]`.
    pub capacity: Vec<f64>,
}

impl Estimator {
    /// How heavily the intersection is loaded now.
    pub fn load(&self, at: Timestamp) -> Load {
        let table = self.service.table();
        let lasting = discharge_lasting(&table);
        let lanes = || self.intersection.lane_ixs();
        let zone = |lane: LaneIx| (self.intersection.lanes[lane.0].zone_m / VEHICLE_SPACING_M).max(1.0);
        let is_full = |lane: &LaneIx| self.lanes[lane.0].filter.vehicles() >= FULL * zone(*lane);
        let is_blocked =
            |lane: &LaneIx| self.lanes[lane.0].stall.is_blocked() && self.room(*lane, at).vehicles >= ROOM_BEHIND;
        let approach = |lanes: &[LaneIx]| lanes.iter().map(|lane| lasting[lane.0]).sum();
        Load {
            at,
            saturation: self.saturation(&table, lasting.as_slice().expect("a vector is one piece")),
            vehicles: self.lanes.iter().map(|lane| lane.filter.vehicles()).sum(),
            queued: self.lanes.iter().map(|lane| lane.filter.queue()).sum(),
            storage: lanes().map(zone).sum(),
            lanes: self.lanes.len() as u32,
            full: lanes().filter(is_full).count() as u32,
            blocked: lanes().filter(is_blocked).count() as u32,
            silent: lanes().filter(|&lane| self.lane_shares.missed(lane) >= SILENT).count() as u32,
            entered: self.entered.iter().map(|entered| entered.total).collect(),
            capacity: self.intersection.approaches.iter().map(|it| approach(&it.lanes)).collect(),
        }
    }

    /// Degree of saturation: the heaviest lane takes its stage, all lanes served there are done, and so on.
    fn saturation(&self, table: &ndarray::Array2<f64>, lasting: &[f64]) -> f64 {
        let ratio = |lane: usize| {
            if lasting[lane] > 0.0 { self.lanes[lane].filter.rate() / lasting[lane] } else { 0.0 }
        };
        let mut open: Vec<usize> = (0..lasting.len()).collect();
        open.sort_by(|&a, &b| ratio(b).total_cmp(&ratio(a)).then(a.cmp(&b)));
        let (mut flow, mut lost_s) = (0.0, 0.0);
        while let Some(&heaviest) = open.first().filter(|&&lane| ratio(lane) > 0.0) {
            let serves = |stage: usize, lane: usize| table[[stage, lane]] >= SERVED * lasting[lane];
            // Of the stages that serve it, the one that serves most of what is left.
            let relief = |stage: usize| open.iter().filter(|&&it| serves(stage, it)).map(|&it| ratio(it)).sum::<f64>();
            let stages = (0..table.nrows()).filter(|&stage| serves(stage, heaviest));
            let best = stages.max_by(|&a, &b| relief(a).total_cmp(&relief(b)).then(b.cmp(&a)));
            let Some(stage) = best else { break };
            flow += ratio(heaviest);
            lost_s += self.change_s(StageIx(stage)) + STARTUP_S;
            open.retain(|&lane| lane != heaviest && !serves(stage, lane));
        }
        flow / (1.0 - lost_s / CYCLE_S).max(0.2)
    }

    /// Mean time in which the lamps change to a stage \[s\].
    fn change_s(&self, to: StageIx) -> f64 {
        let from = self.intersection.stage_ixs().filter(|&from| from != to);
        let (sum, count) = from.fold((0.0, 0.0), |(sum, count), from| {
            (sum + self.intersection.intergreen(from, to).as_secs_f64(), count + 1.0)
        });
        if count > 0.0 { sum / count } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Settings, truth};
    use crate::network::sample::crossroads;
    use std::sync::Arc;

    #[test]
    fn a_lane_with_a_quarter_of_a_vehicle_a_second_fills_half_its_discharge_beside_nearly_nothing() {
        let load = truth::watched().load(Timestamp::from_secs(900));
        // 0.25 of some 0.5 veh/s on one lane, 0.05 veh/s believed on those that nobody has told of.
        assert!((0.5..1.1).contains(&load.saturation), "{load:?}");
        assert!(load.entered[0] > 200 && load.entered[1] == 0, "{load:?}");
        // Its green is too short for it, so its zone is full by now.
        assert_eq!((load.full, load.blocked, load.silent, load.lanes), (1, 0, 0, 8));
        assert!((load.storage - 8.0 * 200.0 / VEHICLE_SPACING_M).abs() < 1e-9);
    }

    #[test]
    fn nobody_knows_of_any_load_at_the_beginning_but_a_little_of_everything() {
        let load = Estimator::new(Arc::new(crossroads()), &[], &Settings::default()).load(Timestamp(0));
        assert!(load.saturation < 0.7 && load.vehicles < 1e-9, "{load:?}");
    }
}
