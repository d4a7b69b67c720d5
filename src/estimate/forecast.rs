//! What the estimator hands to whoever decides: state now and expected arrivals over the horizon.

use super::SideRoad;
use crate::time::Timestamp;
use ndarray::{Array1, Array2};

/// Length of a forecast step \[s\].
pub const STEP_S: f64 = 1.0;

/// Traffic state of one intersection and what is expected of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Instant of the state.
    pub at: Timestamp,
    /// Vertical queue of each lane \[veh, ≥ 0\]. Shape `[lane]`.
    pub queue: Array1<f64>,
    /// Vehicles in the zone of each lane \[veh, ≥ 0\]. Shape `[lane]`.
    pub vehicles: Array1<f64>,
    /// Vehicles expected to reach the stop line in each step of [`STEP_S`] \[veh, ≥ 0\]. Shape `[lane][step]`.
    pub arrivals: Array2<f64>,
    /// Learned arrival rate \[veh/s\]. Shape `[lane]`.
    pub rate: Array1<f64>,
    /// Discharge while a queue stands \[veh/s\]. Shape `[stage][lane]`.
    pub discharge: Array2<f64>,
    /// Best discharge of each lane once whatever holds it up is gone \[veh/s\]. Shape `[lane]`.
    pub discharge_lasting: Array1<f64>,
    /// Vehicles that the roads downstream still take from each lane \[veh\]; infinite where nothing is known. Shape `[lane]`.
    pub room: Array1<f64>,
    /// When that room begins to grow, from now \[s\]. Shape `[lane]`.
    pub room_from: Array1<f64>,
    /// Rate at which it grows from then on \[veh/s\]. Shape `[lane]`.
    pub room_rate: Array1<f64>,
    /// Roads that join an approach without a signal.
    pub side_roads: Vec<SideRoad>,
}
