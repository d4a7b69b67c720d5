//! What a run was like: per trip and in sum.
//!
//! Measures as SUMO's tripinfo: travel time from entering to arriving, time loss against the wanted speed, waiting below
//! 0.1 m/s, delay of departure. `delay_s` is RESCO's: (Σ time loss + departure delay over all trips, unfinished ones
//! included, + Σ (end - depart) of those never let in) / all demanded. Fuel and CO₂ are estimates.

use crate::emissions::co2_g_per_ml;
use crate::engine::store::Body;
use crate::street::{ClassIx, Kind};

/// One trip so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TripResult {
    /// Its class.
    pub class: ClassIx,
    /// When it wanted to depart \[s\].
    pub wanted_s: f64,
    /// When it entered the street \[s\].
    pub departed_s: Option<f64>,
    /// When it arrived \[s\].
    pub arrived_s: Option<f64>,
    /// Time lost against its wanted speed \[s\].
    pub time_loss_s: f64,
    /// Time below 0.1 m/s \[s\].
    pub wait_s: f64,
    /// Number of halts.
    pub stops: u32,
    /// Way \[m\].
    pub driven_m: f64,
    /// Fuel \[ml\].
    pub fuel_ml: f64,
    /// CO₂ \[g\].
    pub co2_g: f64,
}

impl TripResult {
    pub(crate) const fn waiting(class: ClassIx, wanted_s: f64) -> Self {
        Self {
            class,
            wanted_s,
            departed_s: None,
            arrived_s: None,
            time_loss_s: 0.0,
            wait_s: 0.0,
            stops: 0,
            driven_m: 0.0,
            fuel_ml: 0.0,
            co2_g: 0.0,
        }
    }

    pub(crate) fn take(&mut self, body: &Body, kind: Kind) {
        self.time_loss_s = f64::from(body.lost_s);
        self.wait_s = f64::from(body.waited_s);
        self.stops = body.stops;
        self.driven_m = f64::from(body.driven_m);
        self.fuel_ml = f64::from(body.fuel_ml);
        self.co2_g = self.fuel_ml * co2_g_per_ml(kind);
    }
}

/// A run so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Results {
    /// Trips that wanted to depart before the end.
    pub demanded: u64,
    /// Trips that arrived.
    pub finished: u64,
    /// Trips that were never let in.
    pub never_departed: u64,
    /// RESCO's delay \[s a trip\].
    pub delay_s: f64,
    /// Mean time loss of all that departed \[s\].
    pub time_loss_s: f64,
    /// Mean travel time of those who arrived \[s\].
    pub travel_time_s: f64,
    /// Mean wait of all that departed \[s\].
    pub wait_s: f64,
    /// Ninth decile of the waits of all that departed \[s\].
    pub wait_p90_s: f64,
    /// Mean number of halts.
    pub stops: f64,
    /// Way over time on the street, all vehicles \[m/s\].
    pub mean_speed_mps: f64,
    /// Fuel of all \[l\].
    pub fuel_l: f64,
    /// CO₂ of all \[kg\].
    pub co2_kg: f64,
    /// Violations that the monitor saw.
    pub unsafe_lamps: u64,
    /// Pedestrians who crossed, and their mean wait \[s\].
    pub pedestrians: u64,
    /// See `pedestrians`.
    pub pedestrian_wait_s: f64,
    /// Wait that nine of ten of them have not exceeded, in whole seconds \[s\].
    pub pedestrian_wait_p90_s: f64,
    /// Sum of vehicles over all steps.
    pub vehicle_steps: u64,
}

/// Sum up trips at an end \[s\].
pub(crate) fn sum(trips: &[TripResult], end_s: f64) -> Results {
    let demanded: Vec<&TripResult> = trips.iter().filter(|trip| trip.wanted_s < end_s).collect();
    let mut results = Results { demanded: demanded.len() as u64, ..Results::default() };
    let (mut delay, mut loss, mut travel, mut way, mut on_street) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut waits = Vec::new();
    for trip in demanded {
        let Some(departed) = trip.departed_s else {
            results.never_departed += 1;
            delay += end_s - trip.wanted_s;
            continue;
        };
        delay += trip.time_loss_s + (departed - trip.wanted_s).max(0.0);
        loss += trip.time_loss_s;
        waits.push(trip.wait_s);
        results.stops += f64::from(trip.stops);
        results.fuel_l += trip.fuel_ml / 1000.0;
        results.co2_kg += trip.co2_g / 1000.0;
        way += trip.driven_m;
        on_street += trip.arrived_s.unwrap_or(end_s) - departed;
        if let Some(arrived) = trip.arrived_s {
            results.finished += 1;
            travel += arrived - departed;
        }
    }
    let mean = |sum: f64, count: u64| if count == 0 { 0.0 } else { sum / count as f64 };
    let departed = waits.len() as u64;
    waits.sort_by(f64::total_cmp);
    results.delay_s = mean(delay, results.demanded);
    results.time_loss_s = mean(loss, departed);
    results.travel_time_s = mean(travel, results.finished);
    results.wait_s = mean(waits.iter().sum(), departed);
    results.wait_p90_s = waits.get((waits.len() * 9 / 10).min(waits.len().saturating_sub(1))).copied().unwrap_or(0.0);
    results.stops = mean(results.stops, departed);
    results.mean_speed_mps = if on_street > 0.0 { way / on_street } else { 0.0 };
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_were_never_let_in_count_with_all_their_waiting() {
        let class = ClassIx(0);
        let done = TripResult {
            departed_s: Some(12.0),
            arrived_s: Some(60.0),
            time_loss_s: 8.0,
            driven_m: 480.0,
            ..TripResult::waiting(class, 10.0)
        };
        let results = sum(&[done, TripResult::waiting(class, 70.0), TripResult::waiting(class, 200.0)], 100.0);
        assert_eq!((results.demanded, results.finished, results.never_departed), (2, 1, 1));
        assert!((results.delay_s - (8.0 + 2.0 + 30.0) / 2.0).abs() < 1e-9);
        assert!((results.mean_speed_mps - 10.0).abs() < 1e-9 && (results.travel_time_s - 48.0).abs() < 1e-9);
    }
}
