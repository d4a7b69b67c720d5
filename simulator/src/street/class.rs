//! Classes of vehicles: what they measure, how they drive, and those that every street knows.
//!
//! The figures of the built-in ones are SUMO's defaults for its vehicle classes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A class of vehicles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClassFile {
    /// Its name.
    pub id: String,
    /// What it is to lanes and engines.
    pub kind: Kind,
    /// Length \[m\].
    pub length_m: f64,
    /// Distance to the one in front when standing \[m\].
    pub min_gap_m: f64,
    /// Acceleration \[m/s²\].
    pub accel_mps2: f64,
    /// Comfortable deceleration \[m/s²\].
    pub decel_mps2: f64,
    /// Hardest deceleration \[m/s²\].
    pub emergency_decel_mps2: f64,
    /// Desired time headway \[s\].
    pub tau_s: f64,
    /// Imperfection of the driver, 0…1.
    pub sigma: f64,
    /// Trust that others brake for whom they see coming out in front of them, 0…1; grows while one waits for a gap.
    pub impatience: f64,
    /// Mean of desired speed over speed limit.
    pub speed_factor: f64,
    /// Standard deviation of the speed factor, cut off at 0.2 and 2.
    pub speed_deviation: f64,
    /// Top speed \[m/s\].
    pub max_speed_mps: f64,
    /// People inside.
    pub persons: f64,
    /// Whether it may pass red lamps and others stand aside: an emergency vehicle on duty.
    pub emergency: bool,
}

/// What a class is to lanes and engines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Passenger car with a petrol engine.
    #[default]
    Car,
    /// Diesel bus.
    Bus,
    /// Diesel truck.
    Truck,
    /// Burns nothing.
    Bicycle,
}

impl Default for ClassFile {
    fn default() -> Self {
        Self::car()
    }
}

impl ClassFile {
    /// SUMO's default passenger car.
    pub fn car() -> Self {
        Self {
            id: "car".to_owned(),
            kind: Kind::Car,
            length_m: 5.0,
            min_gap_m: 2.5,
            accel_mps2: 2.6,
            decel_mps2: 4.5,
            emergency_decel_mps2: 9.0,
            tau_s: 1.0,
            sigma: 0.5,
            impatience: 0.0,
            speed_factor: 1.0,
            speed_deviation: 0.1,
            max_speed_mps: 55.56,
            persons: 1.3,
            emergency: false,
        }
    }

    /// A city bus, 12 m.
    pub fn bus() -> Self {
        Self {
            id: "bus".to_owned(),
            kind: Kind::Bus,
            length_m: 12.0,
            accel_mps2: 1.2,
            decel_mps2: 4.0,
            emergency_decel_mps2: 7.0,
            speed_deviation: 0.0,
            max_speed_mps: 23.61,
            persons: 30.0,
            ..Self::car()
        }
    }

    /// A delivery truck, 7.1 m.
    pub fn truck() -> Self {
        Self {
            id: "truck".to_owned(),
            kind: Kind::Truck,
            length_m: 7.1,
            accel_mps2: 1.3,
            decel_mps2: 4.0,
            emergency_decel_mps2: 7.0,
            speed_deviation: 0.05,
            max_speed_mps: 36.11,
            persons: 1.0,
            ..Self::car()
        }
    }

    /// A bicycle.
    pub fn bicycle() -> Self {
        Self {
            id: "bicycle".to_owned(),
            kind: Kind::Bicycle,
            length_m: 1.6,
            min_gap_m: 0.5,
            accel_mps2: 1.2,
            decel_mps2: 3.0,
            emergency_decel_mps2: 7.0,
            max_speed_mps: 5.56,
            persons: 1.0,
            ..Self::car()
        }
    }

    /// Classes that every street knows.
    pub fn built_in() -> [Self; 4] {
        [Self::car(), Self::bus(), Self::truck(), Self::bicycle()]
    }
}
