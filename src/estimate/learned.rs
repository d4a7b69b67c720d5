//! What an estimator has learned of its intersection, as a value: taken out while it runs, put back after a restart.
//!
//! In: an [`Estimator`]. Out: [`Learned`], plain numbers by lane; and the other way round, after a time in which nothing was
//! heard. Only what outlives a restart is in it: arrival rate, noise of the counts and free travel time of each lane, share of
//! its approach, discharge by lamps, turn shares. Who stands where is not: counts tell that within a second.
//!
//! ```text
//! arrival rate      λ ← λ₀ + (λ − λ₀)·k, its variance likewise, k = exp(−absence / ABSENCE_S)     demand of another time of day
//! turn shares       fade as they do while nobody passes (`turning`)
//! everything else   as it was: a property of the street or of its detectors
//! ```
//!
//! What is put back is judged first, all of it: sizes, names and lamps must be those of this intersection, every number must be one that
//! could have been learned. What is refused changes nothing.
//!
//! Weakness: a street that was rebuilt without a change of its configuration is remembered as it was; that is forgotten in
//! [`super::service`]'s memory of some 400 s of green.

use super::Estimator;
use super::arrivals::LaneShares;
use super::kalman::LaneRate;
use super::side_road::LearnedSideRoad;
use crate::network::Problems;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Time constant with which the demand of another hour is forgotten \[s\].
pub const ABSENCE_S: f64 = 3_600.0;
/// Rates above this are no lane's \[veh/s\].
const RATE_MAX: f64 = 2.0;
/// Longest free travel time through a zone \[s\].
const TRAVEL_MAX_S: f64 = 600.0;
/// Largest variance of a count \[veh²\].
const NOISE_MAX: f64 = 10_000.0;

/// What was learned of one intersection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// In the order of the intersection's lanes.
    pub lanes: Vec<LearnedLane>,
    /// Turn shares of the lanes with several movements.
    pub turns: LearnedTurns,
    /// Roads that join without a signal, in the order of their mouths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub side_roads: Vec<LearnedSideRoad>,
}

/// What was learned of one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedLane {
    /// Its name.
    pub lane: String,
    /// Arrival rate \[veh/s, 0…2\].
    pub rate: f64,
    /// Variance of that \[(veh/s)²\].
    pub rate_variance: f64,
    /// Noise variance of its counts \[veh²\].
    pub count_noise: f64,
    /// Free travel time through its zone \[s\].
    pub travel_s: f64,
    /// Weight among the lanes of its approach \[veh\].
    pub entered: f64,
    /// Discharge under each set of lamps.
    pub discharge: Vec<LearnedDischarge>,
}

/// Passages of one lane under one set of lamps while a queue stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedDischarge {
    /// What its movements show, a letter each as in a state string.
    pub lamps: String,
    /// Passages \[veh\], fading.
    pub passed: f64,
    /// In so many seconds, fading.
    pub seconds: f64,
}

/// The regression of the turn shares: `Λ` by rows and `b` (`turning::regression`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedTurns {
    /// Information matrix, row by row.
    pub information: Vec<f64>,
    /// Information vector.
    pub vector: Vec<f64>,
}

/// Share of a demand that is still believed after an absence, 0…1.
pub fn kept_after(absence: Millis) -> f64 {
    (-absence.as_secs_f64().max(0.0) / ABSENCE_S).exp()
}

impl Estimator {
    /// What was learned so far.
    pub fn learned(&self) -> Learned {
        let lanes = self.intersection.lane_ixs().map(|ix| {
            let state = &self.lanes[ix.0];
            let LaneRate { rate, variance, count_noise } = state.filter.learned();
            LearnedLane {
                lane: self.intersection.lanes[ix.0].id.as_str().to_owned(),
                rate,
                rate_variance: variance,
                count_noise,
                travel_s: state.travel_s(),
                entered: self.lane_shares.weight(ix),
                discharge: self.service.learned(ix),
            }
        });
        let side_roads = self.side_roads.iter().map(|it| it.learned(&self.intersection));
        Learned { lanes: lanes.collect(), turns: self.turning.learned(), side_roads: side_roads.collect() }
    }

    /// Begin with what was learned before an absence; an estimator that has seen nothing yet.
    ///
    /// # Errors
    /// What is not of this intersection or cannot have been learned; then nothing has changed.
    pub fn resume(&mut self, learned: &Learned, absence: Millis) -> Result<(), Problems> {
        let problems = self.judge(learned);
        problems.into_result(())?;
        let mut resumed = self.clone();
        let kept = kept_after(absence);
        for (ix, lane) in self.intersection.lane_ixs().zip(&learned.lanes) {
            let LearnedLane { rate, rate_variance: variance, count_noise, .. } = *lane;
            resumed.lanes[ix.0].resume(LaneRate { rate, variance, count_noise }, kept, lane.travel_s);
            resumed.lane_shares.resume(ix, lane.entered);
            resumed.service.resume(ix, &lane.discharge);
        }
        for (road, learned) in resumed.side_roads.iter_mut().zip(&learned.side_roads) {
            road.resume(learned);
        }
        if !resumed.turning.resume(&learned.turns, absence) {
            let mut problems = Problems::default();
            problems.push("turns", "a matrix without an inverse", "what a regression of these lanes has learned");
            return Err(problems);
        }
        *self = resumed;
        Ok(())
    }

    /// Everything that is not of this intersection or cannot have been learned.
    fn judge(&self, learned: &Learned) -> Problems {
        let mut problems = Problems::default();
        let own = &self.intersection.lanes;
        if learned.lanes.len() != own.len() {
            problems.push("lanes", learned.lanes.len(), format_args!("{} lanes", own.len()));
            return problems;
        }
        for (ix, lane) in self.intersection.lane_ixs().zip(&learned.lanes) {
            let place = |key: &str| format!("lanes[{}].{key}", lane.lane);
            if lane.lane != own[ix.0].id.as_str() {
                problems.push(place("lane"), &lane.lane, &own[ix.0].id);
            }
            problems.range(place("rate"), lane.rate, &(0.0..=RATE_MAX), "veh/s");
            problems.range(place("rate_variance"), lane.rate_variance, &(0.0..=1.0), "");
            problems.range(place("count_noise"), lane.count_noise, &(0.0..=NOISE_MAX), "veh²");
            problems.range(place("travel_s"), lane.travel_s, &(0.5..=TRAVEL_MAX_S), "s");
            LaneShares::judge(&place("entered"), lane.entered, &mut problems);
            self.service.judge(ix, &lane.discharge, &place("discharge"), &mut problems);
        }
        self.turning.judge(&learned.turns, &mut problems);
        if !learned.side_roads.is_empty() && learned.side_roads.len() != self.side_roads.len() {
            let own = format_args!("{} side roads", self.side_roads.len()).to_string();
            problems.push("side_roads", learned.side_roads.len(), own);
        }
        for (road, learned) in self.side_roads.iter().zip(&learned.side_roads) {
            road.judge(&self.intersection, learned, &mut problems);
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Settings, truth};
    use crate::network::sample::crossroads;
    use std::sync::Arc;

    fn fresh() -> Estimator {
        Estimator::new(Arc::new(crossroads()), &[], &Settings::default())
    }

    /// An estimator that has watched traffic for some minutes.
    fn experienced() -> Estimator {
        truth::watched()
    }

    #[test]
    fn what_was_learned_comes_back_from_its_text_to_the_last_bit() {
        let learned = experienced().learned();
        let text = serde_json::to_string(&learned).unwrap();
        assert_ne!(learned, fresh().learned(), "something was learned");
        let mut again = fresh();
        again.resume(&serde_json::from_str(&text).unwrap(), Millis::ZERO).unwrap();
        assert_eq!(again.learned(), learned);
    }

    #[test]
    fn after_a_long_absence_demand_is_what_nobody_knows_and_discharge_is_what_it_was() {
        let learned = experienced().learned();
        let after = |hours: i64| {
            let mut again = fresh();
            again.resume(&learned, Millis::from_secs(3_600 * hours)).unwrap();
            again.learned()
        };
        let (hour, week) = (after(1), after(168));
        for (lane, old) in learned.lanes.iter().enumerate() {
            let prior = fresh().learned().lanes[lane].rate;
            assert!((hour.lanes[lane].rate - (prior + (old.rate - prior) * (-1.0_f64).exp())).abs() < 1e-12);
            assert!((week.lanes[lane].rate - prior).abs() < 1e-12);
            assert_eq!(week.lanes[lane].discharge, old.discharge);
            assert!((week.lanes[lane].travel_s - old.travel_s).abs() < 1e-12);
        }
        assert!(week.lanes[0].rate_variance > learned.lanes[0].rate_variance, "and is learned anew");
    }

    #[test]
    fn what_cannot_have_been_learned_is_refused_with_place_and_range_and_changes_nothing() {
        let good = experienced().learned();
        let refused = |change: &dyn Fn(&mut Learned)| {
            let (mut bad, mut estimator) = (good.clone(), fresh());
            change(&mut bad);
            let told = estimator.resume(&bad, Millis::ZERO).expect_err("it is refused").to_string();
            assert_eq!(estimator.learned(), fresh().learned());
            told
        };
        assert!(refused(&|it| it.lanes[0].rate = f64::NAN).contains("rate: NaN veh/s (allowed: 0…2 veh/s)"));
        assert!(refused(&|it| it.lanes[0].travel_s = 0.0).contains("travel_s: 0 s (allowed: 0.5…600 s)"));
        assert!(refused(&|it| it.lanes[0].entered = 1e9).contains("entered"));
        assert!(refused(&|it| it.lanes[1].discharge[0].passed = 1e6).contains("passed"));
        assert!(refused(&|it| it.lanes[1].discharge[0].lamps = "?".into()).contains("lamps"));
        assert!(refused(&|it| it.lanes[1].discharge.clear()).contains("discharge"));
        assert!(refused(&|it| drop(it.lanes.pop())).contains("lanes"));
        assert!(refused(&|it| it.lanes[0].lane = "elsewhere".into()).contains("elsewhere"));
        assert!(refused(&|it| it.turns.vector.push(1.0)).contains("turns"));
        assert!(refused(&|it| it.turns.information.fill(0.0)).contains("turns"));
    }
}
