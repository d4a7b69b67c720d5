//! The network as an operator or an importer writes it, in TOML or JSON.
//!
//! Names everywhere, defaults for what is seldom said, unknown keys refused. `lightwatch schema network` prints the JSON
//! Schema of [`NetworkFile`]. Nothing here is checked beyond its shape: that is [`super::Network::build`].

use super::types::{DetectorRole, GroupKind, Turn};
use crate::ids::{DetectorId, IntersectionId, LaneId, LinkId};
use crate::time::Millis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A whole network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// Name of the city or site; the second level of every MQTT topic.
    pub city: String,
    /// Signalised intersections.
    pub intersections: Vec<IntersectionFile>,
    /// Roads from one signalised intersection to the next.
    #[serde(default)]
    pub links: Vec<LinkFile>,
}

/// One intersection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntersectionFile {
    /// Its name, unique in the file.
    pub id: IntersectionId,
    /// Legs, each with its lanes.
    pub approaches: Vec<ApproachFile>,
    /// Lanes by which traffic leaves.
    #[serde(default)]
    pub exits: Vec<ExitFile>,
    /// Pieces of lane upstream that are counted on their own.
    #[serde(default)]
    pub feeders: Vec<FeederFile>,
    /// Signal groups in lamp-string order.
    pub groups: Vec<GroupFile>,
    /// Turns and crosswalks.
    pub movements: Vec<MovementFile>,
    /// Pairs of groups that conflict. A pair that is not listed may be green together.
    pub conflicts: Vec<ConflictFile>,
    /// NEMA phases with ring and barrier; leave out for stage-based intersections.
    #[serde(default)]
    pub phases: Vec<PhaseFile>,
    /// Stages; derived from compatible phases (or from compatible groups) when left out.
    #[serde(default)]
    pub stages: Vec<StageFile>,
    /// Fixed-time programme; when left out every stage gets its minimum green in turn, at least 10 s.
    #[serde(default)]
    pub programme: Option<ProgrammeFile>,
    /// Other programmes, for the timetable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programmes: Vec<NamedProgrammeFile>,
    /// When which programme runs; when left out `programme` always does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timetable: Option<TimetableFile>,
    /// Sensors.
    #[serde(default)]
    pub detectors: Vec<DetectorFile>,
}

/// One leg.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproachFile {
    /// Its name (SUMO: the edge).
    pub id: LinkId,
    /// Its lanes, from the kerb.
    pub lanes: Vec<LaneFile>,
}

/// One lane with a stop line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaneFile {
    /// Its name.
    pub id: LaneId,
    /// Length \[m\], above 0.
    pub length_m: f64,
    /// Counted stretch before the stop line \[m\]; at most the length, which is the default.
    #[serde(default)]
    pub zone_m: Option<f64>,
    /// Speed limit \[m/s\], above 0 up to 60.
    pub speed_mps: f64,
    /// Saturation flow prior \[veh/s\], 0.05…1; default 0.5.
    #[serde(default)]
    pub saturation: Option<f64>,
    /// Whether traffic is inserted here (nothing feeds the lane).
    #[serde(default)]
    pub is_source: bool,
}

/// A lane by which traffic leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExitFile {
    /// Its name.
    pub id: LaneId,
    /// The road it belongs to.
    pub link: LinkId,
    /// Length \[m\].
    pub length_m: f64,
}

/// A counted piece of lane upstream of the stop-line lanes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeederFile {
    /// Lane id.
    pub id: LaneId,
    /// Distance of its downstream end from the stop line \[m\].
    pub distance_m: f64,
    /// Counted length \[m\].
    pub zone_m: f64,
    /// Speed limit \[m/s\].
    pub speed_mps: f64,
    /// Stop-line lanes it leads to, with the share of its vehicles that goes there.
    pub into: Vec<FeederShareFile>,
    /// Feeder, this one or one further down, at whose end its vehicles give way at a junction without signals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_way_at: Option<LaneId>,
}

/// Where the vehicles of a feeder go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeederShareFile {
    /// Stop-line lane.
    pub lane: LaneId,
    /// Share, 0…1.
    pub share: f64,
}

/// One signal group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupFile {
    /// Its name, unique in the intersection.
    pub id: String,
    /// Whom it serves.
    #[serde(default)]
    pub kind: GroupKind,
    /// Change interval after green \[ms\]: yellow (2000…6000) for vehicles, clearance for pedestrians.
    pub change_ms: Millis,
    /// Shortest green \[ms\]; pedestrians: walk.
    pub green_min_ms: Millis,
    /// Longest red while there is demand \[ms\]; default 120 000.
    #[serde(default)]
    pub red_max_ms: Option<Millis>,
    /// Turning right on red is allowed after stopping (SUMO's `s`).
    #[serde(default)]
    pub turn_on_red: bool,
}

/// One turn or crosswalk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MovementFile {
    /// Name, unique in the intersection; others refer to it in `yields_to`.
    pub id: String,
    /// Lane it starts on; none for a crosswalk.
    #[serde(default)]
    pub lane: Option<LaneId>,
    /// Group that controls it.
    pub group: String,
    /// Exit lane it leads to.
    #[serde(default)]
    pub exit: Option<LaneId>,
    /// Direction.
    pub turn: Turn,
    /// Share of the lane's vehicles that take it, 0…1; by default equal shares.
    #[serde(default)]
    pub share: Option<f64>,
    /// Movements it gives way to while permissive.
    #[serde(default)]
    pub yields_to: Vec<String>,
}

/// Two groups that conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictFile {
    /// The two groups.
    pub between: [String; 2],
    /// Red clearance after the change interval \[ms\]: first → second, second → first.
    #[serde(default)]
    pub red_clearance_ms: [Millis; 2],
    /// Which of them may be permissive green while the other is green: first, second.
    #[serde(default)]
    pub yields: [bool; 2],
}

/// One NEMA phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseFile {
    /// Number, 1…16.
    pub number: u8,
    /// Ring, 1…4.
    pub ring: usize,
    /// Barrier group, 1…8.
    pub barrier: usize,
    /// Groups it serves with protected green.
    pub groups: Vec<String>,
    /// Groups it serves with permissive green.
    #[serde(default)]
    pub permissive: Vec<String>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageFile {
    /// Its name, unique in the intersection.
    pub id: String,
    /// Lamp string, one letter (`G`, `g`, `r`, `s`) per group.
    pub signals: String,
}

/// A fixed-time programme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeFile {
    /// Start of the cycle after the origin of time \[ms\].
    #[serde(default)]
    pub offset_ms: Millis,
    /// Steps in order.
    pub steps: Vec<ProgrammeStepFile>,
}

/// A fixed-time programme with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedProgrammeFile {
    /// Its name, unique in the intersection.
    pub id: String,
    /// Start of the cycle after the origin of time \[ms\].
    #[serde(default)]
    pub offset_ms: Millis,
    /// Steps in order.
    pub steps: Vec<ProgrammeStepFile>,
}

/// When which programme runs. On a day the last entry that has begun counts, before its first one the last of the day before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimetableFile {
    /// Local time less UTC, −840…840 \[min\]; there is no daylight saving time.
    #[serde(default)]
    pub utc_offset_min: i32,
    /// From when on which programme runs.
    pub entries: Vec<TimetableEntryFile>,
}

/// From a time of the day on a programme runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimetableEntryFile {
    /// Days of the week; every day when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// Days of the calendar, `YYYY-MM-DD`, in place of days of the week: on these days no entry of the week counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<String>,
    /// Local time, `HH:MM`.
    pub from: String,
    /// Name of one of `programmes`; left out, or empty: `programme`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub programme: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// In their order, Monday first.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];
}

/// One step of a fixed-time programme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeStepFile {
    /// Stage by name.
    pub stage: String,
    /// Green \[ms\], without the intergreen that follows.
    pub green_ms: Millis,
}

/// One sensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetectorFile {
    /// Its name, unique in the intersection.
    pub id: DetectorId,
    /// What it watches.
    pub role: DetectorRole,
    /// Stop-line lane or feeder it lies on.
    pub lane: LaneId,
    /// Distance of its downstream end from the end of the lane \[m\].
    #[serde(default)]
    pub distance_m: f64,
    /// Length along the lane \[m\].
    #[serde(default)]
    pub length_m: f64,
}

/// A road from one signalised intersection to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkFile {
    /// Exit road of `from`.
    pub id: LinkId,
    /// Upstream intersection.
    pub from: IntersectionId,
    /// Downstream intersection.
    pub to: IntersectionId,
    /// Approach of `to` by which it arrives.
    pub approach: LinkId,
    /// Distance between the stop lines \[m\].
    pub length_m: f64,
    /// Mean free speed \[m/s\].
    pub speed_mps: f64,
    /// Share of the vehicles entering it that arrive at `to`, 0…1.
    #[serde(default = "one")]
    pub share: f64,
}

fn one() -> f64 {
    1.0
}
