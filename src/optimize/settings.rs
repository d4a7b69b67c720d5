//! The scalars of the optimizer: one set for every intersection.

use super::asking::People;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Scalars of the search and its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Length of the horizon \[s\], 10…120.
    pub horizon_s: usize,
    /// Labels kept per step and stage, 1…64.
    pub labels_per_bucket: usize,
    /// Most labels expanded in one decision, 100…1 000 000.
    pub labels_max: usize,
    /// Every step is a decision until here \[s\]; then every second one, and every fourth in the second half.
    pub fine_until_s: usize,
    /// A change is only looked at when it serves at least this many vehicles that wait or come within its minimum green.
    pub change_vehicles_min: f64,
    /// Price of a stop \[veh·s\]: what braking and starting cost beyond the time in the queue.
    pub stop_cost_s: f64,
    /// Price of a queue that reaches back into the junction upstream \[veh·s per vehicle and second\]: whom it blocks there.
    pub spill_price: f64,
    /// Price of a vehicle that has green and finds no room behind the junction \[veh·s a step\]: it may come to stand inside.
    pub block_price: f64,
    /// Weight of a vehicle on a road that joins an approach without a signal, 0…2: less than 1, since what each stage gives it is less
    /// certain than a green.
    pub side_road_weight: f64,
    /// Price of a change of stage \[veh·s\]; keeps the plan from flickering.
    pub change_cost_s: f64,
    /// Time after green in which nothing is discharged yet \[s\].
    pub startup_s: f64,
    /// Part of the yellow that is still used \[s\].
    pub yellow_used_s: f64,
    /// Weight of the terminal cost, 0…10.
    pub terminal_weight: f64,
    /// Expected red of a lane that is not green at the end of the horizon, beyond its intergreen \[s\].
    pub terminal_red_s: f64,
    /// Usual green beyond the horizon \[s\]: what it serves is what a lane loses that has to wait for its turn.
    pub terminal_green_s: f64,
    /// How many people are in a vehicle, a bus, at a crossing.
    pub people: People,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            horizon_s: 60,
            labels_per_bucket: 8,
            labels_max: 20_000,
            fine_until_s: 12,
            change_vehicles_min: 0.4,
            stop_cost_s: 3.0,
            spill_price: 1.0,
            block_price: 4.0,
            side_road_weight: 0.7,
            change_cost_s: 1.5,
            startup_s: 1.5,
            yellow_used_s: 1.3,
            terminal_weight: 1.0,
            terminal_red_s: 8.0,
            terminal_green_s: 20.0,
            people: People::default(),
        }
    }
}
