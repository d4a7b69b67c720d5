//! A scenario as it is written down: `scenarios/NAME/scenario.toml`; the comment lines at its top tell the story.
//!
//! ```text
//! [street]  where     one of file, inline, grid, corridor, sumo, cityflow
//! [demand]  who       trips, flows, turning shares, pedestrians; and CSV files of trips and flows beside it
//! rest      what happens: duration, incidents, faults of detectors, requests, settings of the engine, what is expected
//! ```
//!
//! Plain values, SI units, unknown keys refused; checked as a whole by [`super::Scenario::load`]. `lightwatch schema
//! scenario` prints the JSON Schema.

use super::corridor::CorridorFile;
use crate::cosim::controller_name::ControllerName;
use crate::network::Problems;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simulator::demand::DemandFile;
use simulator::detector::fault::FaultKind;
use simulator::street::{ClassFile, StreetFile};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A whole scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// First simulated second, from midnight \[s\].
    #[serde(default)]
    pub begin_s: i64,
    /// Simulated time \[s\], 1…172 800.
    pub duration_s: i64,
    /// At the begin, not measured: trips that want to depart in it do not count \[s\]; below the duration.
    #[serde(default)]
    pub warm_up_s: i64,
    /// Step of the simulation \[s\]: 1, 0.5, 0.25, 0.2 or 0.1.
    #[serde(default = "one")]
    pub step_s: f64,
    /// Where.
    pub street: StreetSource,
    /// Classes of vehicles besides those of the street.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassFile>,
    /// Who wants to go where; added to what the street's generator or importer brings.
    #[serde(default)]
    pub demand: DemandFile,
    /// CSV of trips: `id,depart_s,class,route` with the roads of a route separated by blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trips_csv: Option<PathBuf>,
    /// CSV of counts: `id,route,begin_s,end_s,veh_per_h`, a flow each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts_csv: Option<PathBuf>,
    /// Closed lanes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<IncidentFile>,
    /// Detectors that lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultFile>,
    /// Who asks for green besides pedestrians and emergency vehicles.
    #[serde(default)]
    pub requests: RequestsFile,
    /// What the engine is told.
    #[serde(default)]
    pub engine: EngineFile,
    /// Bounds of the measures of a run by controller: `"..40"`, `"0.95.."`, `"3..5"` or one number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expect: BTreeMap<ControllerName, BTreeMap<String, BoundFile>>,
    /// How much better one controller is than another one on the same seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versus: Vec<VersusFile>,
}

const fn one() -> f64 {
    1.0
}

/// Where the street comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StreetSource {
    /// A file beside the scenario, TOML.
    File(PathBuf),
    /// Written here.
    Inline(Box<StreetFile>),
    /// A chessboard with its own demand.
    Grid(GridFile),
    /// An avenue with cross streets and, if it says so, its own demand.
    Corridor(Box<CorridorFile>),
    /// A SUMO network with its routes, paths relative to the scenario.
    Sumo {
        /// Network file.
        net: PathBuf,
        /// Route file.
        routes: PathBuf,
    },
    /// A `CityFlow` road network with its flows, paths relative to the scenario.
    Cityflow {
        /// Road network, JSON.
        roadnet: PathBuf,
        /// Flows, JSON.
        flow: PathBuf,
    },
}

/// A chessboard.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GridFile {
    /// Crossings from west to east, 1…200.
    pub columns: usize,
    /// Crossings from south to north, 1…200.
    pub rows: usize,
    /// Distance between crossings \[m\], 80…2000.
    #[serde(default = "block")]
    pub block_m: f64,
    /// Lanes of a road, 2 or 3.
    #[serde(default = "three")]
    pub lanes: usize,
    /// Speed limit \[m/s\], 3…40.
    #[serde(default = "urban")]
    pub speed_mps: f64,
    /// Vehicles on the street once it has filled, about; 0 for none of its own.
    #[serde(default)]
    pub vehicles: f64,
}

const fn block() -> f64 {
    300.0
}

const fn three() -> usize {
    3
}

const fn urban() -> f64 {
    13.9
}

/// A closed lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentFile {
    /// Which lane.
    pub lane: String,
    /// From where on \[m from the lane's begin\].
    pub from_m: f64,
    /// From when \[s\].
    pub begin_s: f64,
    /// Until when \[s\].
    pub end_s: f64,
}

/// Detectors with something wrong, for some time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultFile {
    /// All detectors of this intersection, or of every one with `"*"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intersection: Option<String>,
    /// Those on this lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Loops or zones only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<FaultRole>,
    /// What is wrong.
    pub kind: FaultKind,
    /// From when \[s\].
    pub begin_s: f64,
    /// Until when \[s\].
    pub end_s: f64,
}

/// Which detectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultRole {
    /// Loops at the stop line.
    StopBar,
    /// Zones before it.
    Zone,
}

/// Who asks for green.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestsFile {
    /// Whether buses ask for priority.
    pub transit: bool,
}

/// What the engine is told; what is left out is as `lightwatch sumo` has it or as the street says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngineFile {
    /// Detection range \[m\], 10…1000; default 200.
    pub range_m: Option<f64>,
    /// Yellow of all vehicle groups \[s\], 2…6; default as the street says.
    pub yellow_s: Option<f64>,
    /// Red clearance after it \[s\], 0…10; default as the street says.
    pub all_red_s: Option<f64>,
    /// Shortest green \[s\], 1…60; default 5.
    pub green_min_s: Option<f64>,
    /// Grid of greedy and max pressure \[s\], 1…60; default 10.
    pub decision_period_s: Option<f64>,
}

impl EngineFile {
    /// Every value that is out of its range; `place` is where the values stand.
    pub fn check(&self, place: &str, problems: &mut Problems) {
        let keys = [
            ("range_m", self.range_m, 10.0..=1000.0, "m"),
            ("yellow_s", self.yellow_s, 2.0..=6.0, "s"),
            ("all_red_s", self.all_red_s, 0.0..=10.0, "s"),
            ("green_min_s", self.green_min_s, 1.0..=60.0, "s"),
            ("decision_period_s", self.decision_period_s, 1.0..=60.0, "s"),
        ];
        for (key, value, range, unit) in keys {
            if let Some(value) = value {
                problems.range(format_args!("{place}.{key}"), value, &range, unit);
            }
        }
    }
}

/// A bound as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BoundFile {
    /// Exactly this.
    Number(f64),
    /// `"..40"`, `"0.95.."`, `"3..5"`; ends belong to it.
    Range(String),
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersusFile {
    /// Who is compared.
    pub controller: ControllerName,
    /// With whom.
    pub against: ControllerName,
    /// By which measure.
    pub measure: String,
    /// Change in per cent of the other one's value: `"..-10"` is at least 10 % below.
    pub change: BoundFile,
}
