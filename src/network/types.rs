//! The checked types: positions instead of names, tables complete.

use super::Timetable;
use crate::ids::{DetectorId, ExitIx, FeederIx, GroupIx, IntersectionId, LaneId, LaneIx, LinkId, MovementIx, StageIx};
use crate::time::Millis;
use crate::units::Indication;
use ndarray::Array2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A road network as far as its signals are concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Name of the city or site; the second level of every topic.
    pub city: String,
    /// Signalised intersections, in order of their ids.
    pub intersections: Vec<Intersection>,
    /// Roads that lead from one signalised intersection to the next, possibly over unsignalised junctions.
    pub links: Vec<Link>,
}

/// One intersection: the unit of control.
#[derive(Debug, Clone, PartialEq)]
pub struct Intersection {
    /// Its name, unique in the network.
    pub id: IntersectionId,
    /// Legs by which traffic enters.
    pub approaches: Vec<Approach>,
    /// Lanes that end at a stop line of this intersection.
    pub lanes: Vec<Lane>,
    /// Lanes by which traffic leaves.
    pub exits: Vec<Exit>,
    /// Pieces of lane upstream of `lanes`, inside detection range, that are counted on their own.
    pub feeders: Vec<Feeder>,
    /// Signal groups, in lamp-string order.
    pub groups: Vec<SignalGroup>,
    /// Turns (and crosswalks), each controlled by one group.
    pub movements: Vec<Movement>,
    /// NEMA phases, empty for stage-based intersections.
    pub phases: Vec<Phase>,
    /// Stages, at least one.
    pub stages: Vec<Stage>,
    /// Which groups may not be green together.
    pub conflicts: ConflictMatrix,
    /// Time from the end of green of the clearing group (row) to the earliest green of the entering group (column);
    /// zero where they do not conflict. Shape `[group][group]`.
    pub intergreens: Array2<Millis>,
    /// The fixed-time programme to fall back on.
    pub programme: Programme,
    /// When others run in its place.
    pub timetable: Timetable,
    /// Sensors.
    pub detectors: Vec<Detector>,
    /// First 16 hex digits of the SHA-256 of the intersection's canonical JSON; a plan made for another configuration
    /// is refused by it.
    pub config_hash: String,
}

/// One leg: all lanes that enter from one road.
#[derive(Debug, Clone, PartialEq)]
pub struct Approach {
    /// Name (SUMO: the edge).
    pub id: LinkId,
    /// Its lanes, from the kerb.
    pub lanes: Vec<LaneIx>,
}

/// One marked lane with a stop line.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Its name.
    pub id: LaneId,
    /// Position of its approach in `Intersection::approaches`.
    pub approach: usize,
    /// Length of the lane itself \[m\].
    pub length_m: f64,
    /// How far upstream of the stop line the zone reaches on this lane \[m\], at most `length_m`.
    pub zone_m: f64,
    /// Speed limit \[m/s\].
    pub speed_mps: f64,
    /// Saturation flow before anything is learned \[veh/s\].
    pub saturation_prior: f64,
    /// Movements that start here, in order.
    pub movements: Vec<MovementIx>,
    /// Whether nothing feeds this lane inside the network (traffic is inserted here).
    pub is_source: bool,
}

/// A lane by which traffic leaves the intersection.
#[derive(Debug, Clone, PartialEq)]
pub struct Exit {
    /// Its name.
    pub id: LaneId,
    /// The road it belongs to.
    pub link: LinkId,
    /// Length of the lane \[m\].
    pub length_m: f64,
}

/// A piece of lane upstream of a stop-line lane, inside detection range.
///
/// A feeder that splits into several stop-line lanes is counted once; `into` says where its vehicles go.
#[derive(Debug, Clone, PartialEq)]
pub struct Feeder {
    /// Its name, the lane id of the upstream lane.
    pub id: LaneId,
    /// Distance of its downstream end from the stop line \[m\].
    pub distance_m: f64,
    /// Counted length \[m\].
    pub zone_m: f64,
    /// Speed limit \[m/s\].
    pub speed_mps: f64,
    /// Stop-line lanes that it leads to with the share of its vehicles that goes there; shares sum to at most 1 (the rest turns off).
    pub into: Vec<(LaneIx, f64)>,
    /// Feeder, this one or one further down, at whose end its vehicles give way at a junction without signals.
    pub gives_way_at: Option<FeederIx>,
}

/// Whom a signal group serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// Cars, lorries and everything on the carriageway.
    #[default]
    Vehicle,
    /// Pedestrians; the change interval is the pedestrian clearance and shows red.
    Pedestrian,
    /// Bicycles on their own signal.
    Bicycle,
    /// Buses and trams on their own signal.
    Transit,
}

/// Lamps that always show the same.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalGroup {
    /// Its name.
    pub id: String,
    /// Whom it serves.
    pub kind: GroupKind,
    /// Change interval after green: yellow for vehicles, pedestrian clearance (shown red) for pedestrians.
    pub change: Millis,
    /// Shortest green (pedestrians: walk).
    pub green_min: Millis,
    /// Longest red while there is demand.
    pub red_max: Millis,
    /// What it shows while not green: [`Indication::Red`], or [`Indication::RedTurnAllowed`] where turning on red is signed.
    pub rest: Indication,
}

/// Direction of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// To the left.
    Left,
    /// Straight on.
    Through,
    /// To the right.
    Right,
    /// Back where it came from.
    UTurn,
    /// Pedestrians across a leg.
    Crosswalk,
}

/// One turn from one lane, controlled by one signal group; or a crosswalk.
#[derive(Debug, Clone, PartialEq)]
pub struct Movement {
    /// Its name, unique in the intersection.
    pub id: String,
    /// Lane that it starts on; `None` for a crosswalk.
    pub lane: Option<LaneIx>,
    /// Group that controls it.
    pub group: GroupIx,
    /// Lane that it leads to; `None` for a crosswalk.
    pub exit: Option<ExitIx>,
    /// Direction.
    pub turn: Turn,
    /// Share of the lane's vehicles that take it, before anything is learned.
    pub share_prior: f64,
    /// Movements that it must give way to while its group shows permissive green.
    pub yields_to: Vec<MovementIx>,
}

/// A NEMA phase: the timing unit that serves groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// Its number (1…16).
    pub number: u8,
    /// Ring it runs in (0-based).
    pub ring: usize,
    /// Barrier group it runs in (0-based).
    pub barrier: usize,
    /// Groups that it serves with protected green.
    pub groups: Vec<GroupIx>,
    /// Groups that it serves with permissive green.
    pub permissive: Vec<GroupIx>,
}

/// What is green together.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its name.
    pub id: String,
    /// What every group shows while the stage is fully green, in group order. Never yellow.
    pub signals: Vec<Indication>,
}

/// How two groups relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// They may be green together.
    #[default]
    None,
    /// They must never be green together.
    Crossing,
    /// The row group may show permissive green while the column group is green, because it yields.
    Yields,
}

/// Which groups may not be green together. Row = the group asking, column = the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictMatrix(Array2<Conflict>);

/// One step of a fixed-time programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeStep {
    /// Stage to show.
    pub stage: StageIx,
    /// How long it is fully green (the intergreen to the next stage comes on top).
    pub green: Millis,
}

/// A fixed-time programme: stages in order, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Programme {
    /// Start of the cycle after the origin of time.
    pub offset: Millis,
    /// Steps in order; never empty in a built network.
    pub steps: Vec<ProgrammeStep>,
}

/// What a detector watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DetectorRole {
    /// Passages over the stop line.
    StopBar,
    /// Passages upstream of the stop line.
    Advance,
    /// Vehicles inside a stretch of lane.
    Zone,
}

/// Where a detector lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DetectorPlace {
    /// On a stop-line lane.
    Lane(LaneIx),
    /// On a feeder.
    Feeder(FeederIx),
}

/// A sensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    /// Its name.
    pub id: DetectorId,
    /// What it watches.
    pub role: DetectorRole,
    /// Where it lies.
    pub place: DetectorPlace,
    /// Distance of its downstream end from the end of its lane \[m\].
    pub distance_m: f64,
    /// Length along the lane \[m\]; zero for a loop.
    pub length_m: f64,
}

/// A road from one signalised intersection to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The exit road of `from` (SUMO: edge id).
    pub id: LinkId,
    /// Upstream intersection.
    pub from: IntersectionId,
    /// Downstream intersection.
    pub to: IntersectionId,
    /// Approach of `to` by which the road arrives.
    pub approach: LinkId,
    /// Distance between the stop lines \[m\].
    pub length_m: f64,
    /// Mean free speed along it \[m/s\].
    pub speed_mps: f64,
    /// Share of the vehicles entering the link that arrive at `to`, before anything is learned.
    pub share_prior: f64,
}

impl Intersection {
    /// One without lanes and lamps: what stands in the place of an intersection until it is known which.
    pub fn nowhere() -> Arc<Self> {
        Arc::new(Self {
            id: IntersectionId::new(""),
            approaches: Vec::new(),
            lanes: Vec::new(),
            exits: Vec::new(),
            feeders: Vec::new(),
            groups: Vec::new(),
            movements: Vec::new(),
            phases: Vec::new(),
            stages: Vec::new(),
            conflicts: ConflictMatrix(Array2::default((0, 0))),
            intergreens: Array2::default((0, 0)),
            programme: Programme::default(),
            timetable: Timetable::default(),
            detectors: Vec::new(),
            config_hash: String::new(),
        })
    }
}

impl Lane {
    /// Vehicles that fit on the zone of the lane, at 7.5 m each.
    pub fn storage(&self) -> f64 {
        (self.zone_m / VEHICLE_SPACING_M).max(1.0)
    }
}

/// Length of road that a queued passenger car takes, gap included \[m\].
pub const VEHICLE_SPACING_M: f64 = 7.5;

impl Stage {
    /// Whether a group is green (protected or permissive) in the stage.
    pub fn serves(&self, group: GroupIx) -> bool {
        self.signals[group.0].is_green()
    }
}

impl ConflictMatrix {
    /// A matrix from its cells, shape `[group][group]`.
    ///
    /// # Panics
    /// When it is not square, or when a pair conflicts in one direction only.
    pub fn new(cells: Array2<Conflict>) -> Self {
        assert_eq!(cells.nrows(), cells.ncols(), "a conflict matrix is square");
        for ((row, column), &cell) in cells.indexed_iter() {
            assert!(
                (cell == Conflict::None) == (cells[[column, row]] == Conflict::None),
                "groups {row} and {column} conflict in one direction only"
            );
        }
        Self(cells)
    }

    /// How `asking` relates to `other`.
    pub fn between(&self, asking: GroupIx, other: GroupIx) -> Conflict {
        self.0[[asking.0, other.0]]
    }

    /// Whether the two conflict at all, yielding or not.
    pub fn conflicting(&self, a: GroupIx, b: GroupIx) -> bool {
        self.between(a, b) != Conflict::None
    }

    /// Whether two groups may show these lamps at the same time.
    pub fn compatible(&self, (a, shows_a): (GroupIx, Indication), (b, shows_b): (GroupIx, Indication)) -> bool {
        if !shows_a.is_green() || !shows_b.is_green() || !self.conflicting(a, b) {
            return true;
        }
        (shows_a == Indication::Permissive && self.between(a, b) == Conflict::Yields)
            || (shows_b == Indication::Permissive && self.between(b, a) == Conflict::Yields)
    }
}

impl Intersection {
    /// The stage of an index.
    pub fn stage(&self, stage: StageIx) -> &Stage {
        &self.stages[stage.0]
    }

    /// The stage of a name.
    pub fn stage_of(&self, name: &str) -> Option<StageIx> {
        self.stages.iter().position(|it| it.id == name).map(StageIx)
    }

    /// Indexes of all stages.
    pub fn stage_ixs(&self) -> impl DoubleEndedIterator<Item = StageIx> + ExactSizeIterator + Clone + use<> {
        StageIx::all(self.stages.len())
    }

    /// Indexes of all lanes.
    pub fn lane_ixs(&self) -> impl DoubleEndedIterator<Item = LaneIx> + ExactSizeIterator + Clone + use<> {
        LaneIx::all(self.lanes.len())
    }

    /// Whether detectors of a lane tell passages and none tells who stands there: the balance of passages drifts, and may lose somebody
    /// who waits. False for a lane of which the file names no detector.
    pub fn has_loops_only(&self, lane: LaneIx) -> bool {
        let mut own = self.detectors.iter().filter(|it| it.place == DetectorPlace::Lane(lane)).peekable();
        own.peek().is_some() && own.all(|it| it.role != DetectorRole::Zone)
    }

    /// Lanes of a group's vehicles, one entry a movement.
    pub fn lanes_of(&self, group: GroupIx) -> impl Iterator<Item = LaneIx> + '_ {
        self.movements.iter().filter(move |movement| movement.group == group).filter_map(|movement| movement.lane)
    }

    /// Indexes of all groups.
    pub fn group_ixs(&self) -> impl DoubleEndedIterator<Item = GroupIx> + ExactSizeIterator + Clone + use<> {
        GroupIx::all(self.groups.len())
    }

    /// Shortest green of a stage: the longest minimum of the groups it serves.
    pub fn green_min(&self, stage: StageIx) -> Millis {
        let signals = &self.stage(stage).signals;
        self.groups
            .iter()
            .zip(signals)
            .filter(|(_, shows)| shows.is_green())
            .map(|(group, _)| group.green_min)
            .max()
            .unwrap_or(Millis::ZERO)
    }

    /// Time from leaving stage `from` to the full green of stage `to`; zero when nothing that was green must stop.
    ///
    /// A group that turns from permissive to protected waits like one that starts. Pedestrians are red at once; only
    /// those who conflict with them wait for their clearance.
    pub fn intergreen(&self, from: StageIx, to: StageIx) -> Millis {
        let (leaving, entering) = (self.stage(from), self.stage(to));
        let starts = |g: &GroupIx| {
            let (before, after) = (leaving.signals[g.0], entering.signals[g.0]);
            after.is_green()
                && (!before.is_green() || (before, after) == (Indication::Permissive, Indication::Protected))
        };
        let mut longest = Millis::ZERO;
        for ending in self.group_ixs().filter(|&g| leaving.serves(g) && !entering.serves(g)) {
            if self.groups[ending.0].kind != GroupKind::Pedestrian {
                longest = longest.max(self.groups[ending.0].change);
            }
            for starting in self.group_ixs().filter(starts) {
                longest = longest.max(self.intergreens[[ending.0, starting.0]]);
            }
        }
        longest
    }

    /// Lanes whose vehicles go first while *all* that may leave a lane in a stage must give way.
    ///
    /// Empty where a green movement of the lane is protected, or yields to pedestrians alone. A shared lane is left out on
    /// purpose: those who need not give way keep it moving, in an average that is learned.
    pub fn gives_way_to(&self, stage: StageIx, lane: LaneIx) -> Vec<LaneIx> {
        let stage = self.stage(stage);
        let mut first = Vec::new();
        for &movement in &self.lanes[lane.0].movements {
            let movement = &self.movements[movement.0];
            if !stage.serves(movement.group) {
                continue;
            }
            let others = movement.yields_to.iter().map(|other| &self.movements[other.0]);
            let green = others.filter(|other| stage.serves(other.group)).filter_map(|other| other.lane);
            let before = first.len();
            first.extend(green.filter(|&other| other != lane));
            if first.len() == before || stage.signals[movement.group.0] != Indication::Permissive {
                return Vec::new();
            }
        }
        first.sort_unstable();
        first.dedup();
        first
    }
}
