//! The street as it is written down: plain values, SI units, names instead of numbers.
//!
//! Decides nothing. In: a TOML text, or a converter from another simulator's files. Out: values that
//! `Street::build` checks as a whole. Lane 0 is the rightmost one; shapes are polylines in
//! metres, x east, y north; a road's shape runs along the middle of its carriageway unless lanes have shapes of their own.

use super::ClassFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A whole street network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StreetFile {
    /// Where roads meet or end.
    pub junctions: Vec<JunctionFile>,
    /// Directed roads between junctions.
    pub roads: Vec<RoadFile>,
    /// Ways of one lane through a junction to one lane; derived from geometry and the lanes' turns when empty.
    pub links: Vec<LinkFile>,
    /// Signal controllers.
    pub signals: Vec<SignalFile>,
    /// Where pedestrians cross.
    pub crossings: Vec<CrossingFile>,
    /// Vehicle classes besides, or instead of, the built-in `car`, `bus`, `truck` and `bicycle`.
    pub classes: Vec<ClassFile>,
}

/// Who goes first where no link says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Roads of higher priority go first, then those from the right.
    #[default]
    Priority,
    /// Who comes from the right goes first.
    RightBeforeLeft,
    /// Lamps.
    Signal,
    /// Nobody yields: crossings are kept free of collisions by sight alone.
    None,
    /// Edge of the map: no links.
    Boundary,
}

/// A place where roads meet or end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JunctionFile {
    /// Its name.
    pub id: String,
    /// East \[m\].
    #[serde(default)]
    pub x_m: f64,
    /// North \[m\].
    #[serde(default)]
    pub y_m: f64,
    /// Right of way.
    #[serde(default)]
    pub control: Control,
    /// Signal controller of derived links, with `control = "signal"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
}

/// A directed road.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoadFile {
    /// Its name.
    pub id: String,
    /// Junction where it begins.
    pub from: String,
    /// Junction where it ends.
    pub to: String,
    /// Length to the stop line \[m\], > 0.
    pub length_m: f64,
    /// Speed limit \[m/s\], > 0.
    pub speed_mps: f64,
    /// Right of way at priority junctions: the higher goes first.
    #[serde(default)]
    pub priority: i32,
    /// Middle of the carriageway \[m\]; a straight line between the junctions when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<[f64; 2]>,
    /// Lanes from right to left; at least one.
    pub lanes: Vec<LaneFile>,
}

/// One lane of a road.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LaneFile {
    /// Its name; `ROAD_K` with `K` from the right when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Turns that may be made from it; used only when links are derived. Empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// Classes that may use it; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Speed limit \[m/s\], if not the road's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<f64>,
    /// Who leaves this lane by another link than the vehicle before it waits so far before the line until that one is over
    /// it \[m\]; 0: nobody minds.
    #[serde(skip_serializing_if = "is_zero")]
    pub parting_m: f64,
    /// Middle of the lane \[m\]; beside the road's when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<[f64; 2]>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
fn is_zero(number: &f64) -> bool {
    *number <= 0.0
}

/// Where a link leads, seen by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Left.
    Left,
    /// Straight on.
    Straight,
    /// Right.
    Right,
    /// Back.
    U,
}

/// A way through a junction, from one lane to one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkFile {
    /// Lane that it leaves.
    pub from: String,
    /// Lane that it enters.
    pub to: String,
    /// Where it leads.
    pub turn: Turn,
    /// Length inside the junction \[m\], ≥ 0.1.
    pub length_m: f64,
    /// Speed limit inside the junction \[m/s\]; the lower one of both lanes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<f64>,
    /// Polyline \[m\]; a straight line between the lanes' ends when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<[f64; 2]>,
    /// Lamp that it obeys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<LampFile>,
    /// Links whose vehicles go first: always at a junction without lamps, at lamps while it shows `g`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub yields_to: Vec<LinkRef>,
    /// Links whose way crosses or joins this one; those of `yields_to` and the other direction need not be repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts_with: Vec<LinkRef>,
    /// How far into the junction a yielding vehicle may go to wait \[m from the stop line\]; it waits at the line when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_inside_m: Option<f64>,
}

/// Which lamp a link or crossing obeys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LampFile {
    /// Signal controller.
    pub signal: String,
    /// Position in its state string.
    pub group: usize,
}

/// A link of the same file: its position in the list, or its two lanes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LinkRef {
    /// Position in `links`.
    Index(usize),
    /// Lane that it leaves, lane that it enters.
    Lanes(String, String),
}

/// A signal controller.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignalFile {
    /// Its name.
    pub id: String,
    /// Number of groups (length of the state string).
    pub groups: usize,
    /// Fixed programme that is shown while nobody commands; may be empty.
    pub stages: Vec<StageFile>,
    /// Begin of the first stage after a multiple of the cycle \[s\].
    pub offset_s: f64,
    /// Shortest yellow \[s\]; with 0 the programme's changes to and from yellow are not judged.
    pub yellow_s: f64,
    /// Shortest time between the end of yellow and a conflicting green \[s\].
    pub all_red_s: f64,
    /// Shortest green \[s\]; 0 is not judged.
    pub min_green_s: f64,
    /// Pairs of groups that must not be green together, in addition to those derived from links.
    pub conflicts: Vec<(usize, usize)>,
}

/// One stage of a fixed programme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageFile {
    /// How long \[s\], > 0.
    pub duration_s: f64,
    /// One letter a group: `G` green, `g` green that gives way, `y` yellow, `r` red, `u` red and yellow, `s` stop, then go
    /// as a minor road, `o` flashing, `O` dark.
    pub state: String,
}

/// A place where pedestrians cross roads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrossingFile {
    /// Its name.
    pub id: String,
    /// Junction beside which it lies.
    pub junction: String,
    /// Roads that it crosses, all lanes of them; entering roads are crossed at their stop line.
    pub crosses: Vec<String>,
    /// Kerb to kerb \[m\], > 0.
    pub length_m: f64,
    /// Lamp of the pedestrians; without one, vehicles give way (zebra).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<LampFile>,
    /// Whether they have to push a button.
    pub push_button: bool,
}
