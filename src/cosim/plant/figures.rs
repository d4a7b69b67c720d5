//! Trips of the simulator → the figures of a run: those of `lightwatch sumo` ([`crate::cosim::results`]), and what only our
//! own street tells.
//!
//! | figure | meaning |
//! |---|---|
//! | `p90_wait_s` | ninth decile of the standing times of inserted vehicles |
//! | `fuel_l`, `co2_kg` | estimate for all inserted vehicles |
//! | `finished_share` | finished / demanded |
//! | `pedestrians`, `pedestrian_wait_s`, `pedestrian_wait_p90_s` | who has begun to cross, their mean wait and its ninth decile |
//! | `emergency_delay_s`, `bus_delay_s` | delay of vehicles on duty and of buses; 0 without any |
//! | `emergency_wait_max_s` | longest standing time of a vehicle on duty, all its stops together |
//! | `trace_hash` | over positions and speeds of all vehicles in all steps: equal for equal runs |
//!
//! Trips that want to depart before the measured time are left out.

use crate::cosim::results::{Inserted, Results, Trips};
use crate::statistics::mean;
use serde::Serialize;
use simulator::Simulation;
use simulator::results::TripResult;
use simulator::street::{ClassFile, Kind};
use std::collections::BTreeMap;

/// The line that a run prints, keys in this order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Those of `lightwatch sumo`.
    #[serde(flatten)]
    pub common: Results,
    /// Ninth decile of the standing times \[s\].
    pub p90_wait_s: f64,
    /// Fuel \[l\].
    pub fuel_l: f64,
    /// CO₂ \[kg\].
    pub co2_kg: f64,
    /// Finished / demanded; 1 without demand.
    pub finished_share: f64,
    /// People who have begun to cross.
    pub pedestrians: u64,
    /// Their mean wait \[s\].
    pub pedestrian_wait_s: f64,
    /// Wait that nine of ten of them have not exceeded \[s\].
    pub pedestrian_wait_p90_s: f64,
    /// Delay of vehicles on duty \[s\].
    pub emergency_delay_s: f64,
    /// Longest standing time of a vehicle on duty \[s\].
    pub emergency_wait_max_s: f64,
    /// Delay of buses \[s\].
    pub bus_delay_s: f64,
    /// Hash of all positions and speeds, 16 hex digits.
    pub trace_hash: String,
}

impl Figures {
    /// Numbers by name.
    pub fn measures(&self) -> BTreeMap<String, f64> {
        let value = serde_json::to_value(self).expect("finite numbers are always JSON");
        let table = value.as_object().into_iter().flatten();
        table.filter_map(|(key, value)| Some((key.clone(), value.as_f64()?))).collect()
    }
}

/// The figures of a run; measured are trips that want to depart in `(begin, end)` \[s\].
pub fn of(
    simulation: &Simulation,
    (begin_s, end_s): (f64, f64),
    violations: u64,
    decisions: u64,
    decision_us: Vec<f64>,
) -> Figures {
    let trips = simulation.trips();
    let classes = &simulation.street().classes;
    let measured: Vec<&TripResult> = trips.iter().filter(|it| (begin_s..end_s).contains(&it.wanted_s)).collect();
    let mut sums = Trips::default();
    for trip in &measured {
        match trip.departed_s {
            None => sums.add_waiting(end_s - trip.wanted_s),
            Some(departed_s) => sums.add(Inserted {
                depart_delay_s: (departed_s - trip.wanted_s).max(0.0),
                arrived: trip.arrived_s.is_some(),
                time_loss_s: trip.time_loss_s,
                duration_s: trip.arrived_s.unwrap_or(end_s) - departed_s,
                wait_s: trip.wait_s,
                stops: f64::from(trip.stops),
                distance_m: trip.driven_m,
            }),
        }
    }
    let common = sums.results(violations, decisions, decision_us);
    let mut waits: Vec<f64> = measured.iter().filter(|it| it.departed_s.is_some()).map(|it| it.wait_s).collect();
    waits.sort_by(f64::total_cmp);
    let p90 = (waits.len() * 9).div_ceil(10).saturating_sub(1);
    let delay = |wanted: &dyn Fn(&ClassFile) -> bool| {
        let wanted = measured.iter().filter(|it| wanted(&classes[it.class.at()]));
        thousandths(mean(wanted.map(|it| delay_s(it, end_s))))
    };
    let on_duty = measured.iter().filter(|it| classes[it.class.at()].emergency);
    let walked = simulation.results();
    Figures {
        p90_wait_s: thousandths(waits.get(p90).copied().unwrap_or(0.0)),
        fuel_l: thousandths(measured.iter().map(|it| it.fuel_ml).sum::<f64>() / 1000.0),
        co2_kg: thousandths(measured.iter().map(|it| it.co2_g).sum::<f64>() / 1000.0),
        finished_share: match common.demanded {
            0 => 1.0,
            demanded => thousandths(common.finished as f64 / demanded as f64),
        },
        pedestrians: walked.pedestrians,
        pedestrian_wait_s: thousandths(walked.pedestrian_wait_s),
        pedestrian_wait_p90_s: walked.pedestrian_wait_p90_s,
        emergency_delay_s: delay(&|class| class.emergency),
        emergency_wait_max_s: thousandths(on_duty.map(|it| it.wait_s).fold(0.0, f64::max)),
        bus_delay_s: delay(&|class| class.kind == Kind::Bus && !class.emergency),
        trace_hash: format!("{:016x}", simulation.trace_hash()),
        common,
    }
}

fn delay_s(trip: &TripResult, end_s: f64) -> f64 {
    match trip.departed_s {
        Some(departed) => trip.time_loss_s + (departed - trip.wanted_s).max(0.0),
        None => end_s - trip.wanted_s,
    }
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
