//! Who wants to go where and when, as it is written down.
//!
//! Decides nothing. In: a TOML text, or a converter from another simulator's files. Out: values that
//! `Demand::build` checks against a street. Seconds count from the scenario's midnight, as the
//! begin and end of a run do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All demand of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DemandFile {
    /// Single vehicles.
    pub trips: Vec<TripFile>,
    /// Streams of vehicles.
    pub flows: Vec<FlowFile>,
    /// Shares of turns at junctions, for flows that follow them.
    pub turning: Vec<TurningFile>,
    /// Pedestrians.
    pub pedestrians: Vec<PedestrianFile>,
}

/// One vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TripFile {
    /// Its name.
    pub id: String,
    /// When it wants to depart \[s\].
    pub depart_s: f64,
    /// Its class.
    #[serde(default = "car")]
    pub class: String,
    /// Roads in order; the first and the last alone are joined by the fastest way.
    pub route: Vec<String>,
    /// Where and how fast it departs.
    #[serde(default)]
    pub depart: Depart,
}

fn car() -> String {
    "car".to_owned()
}

/// How a vehicle enters the street.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Depart {
    /// On which lane.
    pub lane: DepartLane,
    /// How fast.
    pub speed: DepartSpeed,
    /// Where along the lane.
    pub place: DepartPlace,
    /// By what its way is found, where only its first and last road are known.
    pub way: DepartWay,
}

/// Lane of departure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DepartLane {
    /// The rightmost one that its class may use.
    First,
    /// The one that leads farthest along the route, the emptiest of several.
    #[default]
    Best,
    /// The emptiest one.
    Free,
    /// Drawn by lot.
    Random,
    /// Lane with this number from the right.
    #[serde(untagged)]
    Number(u8),
}

/// Speed of departure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DepartSpeed {
    /// As fast as is safe.
    #[default]
    Max,
    /// From a stand, as SUMO's default.
    Zero,
}

/// By what a way is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DepartWay {
    /// The fastest one on an empty street.
    #[default]
    Free,
    /// The fastest one as the traffic is when it departs.
    Traffic,
}

/// Place of departure along the lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DepartPlace {
    /// Its begin.
    #[default]
    Begin,
    /// Somewhere between others, drawn by lot; its begin when no place drawn is free (`random_free` of SUMO).
    Anywhere,
}

/// When vehicles of a flow come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Process {
    /// Independently of each other.
    #[default]
    Poisson,
    /// At equal distances.
    Uniform,
    /// In bunches.
    Platoon {
        /// Vehicles in a bunch, ≥ 1.
        size: u32,
        /// Time between vehicles of a bunch \[s\], > 0.
        headway_s: f64,
    },
}

/// A stream of vehicles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowFile {
    /// Its name; vehicles are called `NAME.K`.
    pub id: String,
    /// Roads in order. One road: follows the turning shares. Two that are not neighbours: the fastest way.
    pub route: Vec<String>,
    /// Vehicles an hour at factor 1, ≥ 0.
    pub veh_per_h: f64,
    /// From when \[s\].
    #[serde(default)]
    pub begin_s: f64,
    /// Until when \[s\].
    pub end_s: f64,
    /// How they follow each other.
    #[serde(default)]
    pub process: Process,
    /// Points (time \[s\], factor ≥ 0) joined by straight lines; factor 1 when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profile: Vec<(f64, f64)>,
    /// Classes with their shares, which are scaled to 1; `car` when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, f64)>,
    /// Where and how fast they depart.
    #[serde(default)]
    pub depart: Depart,
}

/// Where vehicles go at the end of a road.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurningFile {
    /// Road that they come from.
    pub from: String,
    /// Next roads with their shares, which are scaled to 1.
    pub to: Vec<(String, f64)>,
}

/// Pedestrians at a crossing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PedestrianFile {
    /// Which crossing.
    pub crossing: String,
    /// Pedestrians an hour, Poisson.
    pub per_h: f64,
    /// From when \[s\].
    #[serde(default)]
    pub begin_s: f64,
    /// Until when \[s\].
    pub end_s: f64,
}
