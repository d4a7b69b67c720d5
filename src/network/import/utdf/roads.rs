//! Legs, lanes and turns of one intersection of a UTDF file, in metres and metres a second.
//!
//! A column of the section `[Lanes]` is a turn from a leg (`NBL`: northbound, so from the south, to the left). `Lanes` of it are its own; `Shared` says that its leftmost lane
//! (1), its rightmost (2) or both (3) also lead to the turn beside it. From left to right: U, L2, L, T, R, R2.

use super::table::Sections;
use crate::network::Turn;
use crate::network::import::sumo::ImportReport;

/// Length of a leg about which nothing is said \[m\].
const LENGTH_M: f64 = 150.0;
/// Speed of a leg about which nothing is said \[m/s\]: 50 km/h.
const SPEED_MPS: f64 = 13.9;
const LANES_MAX: f64 = 12.0;

/// Directions in which a leg leads towards the intersection \[degrees from north, clockwise\].
const DIRECTIONS: [(&str, f64); 8] = [
    ("nb", 0.0),
    ("ne", 45.0),
    ("eb", 90.0),
    ("se", 135.0),
    ("sb", 180.0),
    ("sw", 225.0),
    ("wb", 270.0),
    ("nw", 315.0),
];
/// Turns from left to right, with how far they turn.
const TURNS: [(&str, Turn, f64); 6] = [
    ("u", Turn::UTurn, 180.0),
    ("l2", Turn::Left, -135.0),
    ("l", Turn::Left, -90.0),
    ("t", Turn::Through, 0.0),
    ("r", Turn::Right, 90.0),
    ("r2", Turn::Right, 135.0),
];

/// Units of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    /// Metres in its unit of length.
    pub(super) metres: f64,
    /// Metres a second in its unit of speed.
    pub(super) mps: f64,
}

impl Units {
    /// `Metric` of the section `[Network]`: 0 feet and miles an hour, 1 metres and kilometres an hour.
    pub(super) fn of(sections: &Sections, report: &mut ImportReport) -> Self {
        let metric = sections.number("network", "metric", "", "data", report);
        if metric.is_none() {
            report.guess("network", "Metric is not said: feet and miles an hour");
        }
        if metric.is_some_and(|it| it > 0.5) {
            Self { metres: 1.0, mps: 1.0 / 3.6 }
        } else {
            Self { metres: 0.3048, mps: 0.447_04 }
        }
    }
}

/// One leg.
#[derive(Debug)]
pub(super) struct Leg {
    /// Node from which it comes.
    pub(super) up: String,
    /// Where it leads \[degrees\].
    pub(super) heading: f64,
    /// Its length \[m\].
    pub(super) length_m: f64,
    /// Its speed \[m/s\].
    pub(super) speed_mps: f64,
    /// Turns from it, from left to right.
    pub(super) turns: Vec<TurnOf>,
    /// Lanes from the kerb: turns that start on each, own length \[m\] where it is shorter.
    pub(super) lanes: Vec<LaneOf>,
}

/// A turn.
#[derive(Debug)]
pub(super) struct TurnOf {
    /// Its column, such as `NBL`.
    pub(super) name: String,
    /// Kind.
    pub(super) turn: Turn,
    /// Node to which it leads.
    pub(super) dest: String,
    /// Volume \[veh/h\].
    pub(super) volume: f64,
    /// Saturation flow of a lane \[veh/s\].
    pub(super) saturation: Option<f64>,
    /// Direction in which it leaves, seen from the middle \[degrees\].
    pub(super) leaves: f64,
    /// The same as its kind alone tells it \[degrees\].
    pub(super) seems: f64,
    lanes: usize,
    shared: (bool, bool),
    storage_m: Option<f64>,
}

/// A lane.
#[derive(Debug, Default)]
pub(super) struct LaneOf {
    /// Turns, by their position.
    pub(super) turns: Vec<usize>,
    /// Length of a turn bay \[m\].
    pub(super) storage_m: Option<f64>,
}

/// Legs of an intersection, in the order of directions.
pub(super) fn legs(sections: &Sections, id: &str, units: Units, report: &mut ImportReport) -> Vec<Leg> {
    let mut legs: Vec<Leg> = Vec::new();
    for (direction, heading) in DIRECTIONS {
        let turns = turns(sections, id, direction, heading, units, report);
        if turns.iter().all(|it| it.lanes == 0) {
            continue;
        }
        let about = format!("{id} {}", direction.to_uppercase());
        let through = format!("{direction}t");
        let up = sections.text("links", "up id", id, direction).map(|it| it.0.to_owned());
        let up = up.or_else(|| turns.iter().find_map(|it| text_of(sections, "up node", id, &it.name)));
        let Some(up) = up else {
            report.refuse(&about, "nobody says where it comes from (Up ID, Up Node); left out");
            continue;
        };
        let of_links =
            |record: &str, report: &mut ImportReport| sections.number("links", record, id, direction, report);
        let length =
            of_links("distance", report).or_else(|| sections.number("lanes", "distance", id, &through, report));
        let speed = of_links("speed", report).or_else(|| sections.number("lanes", "speed", id, &through, report));
        let length_m = length.map(|it| it * units.metres).filter(|it| (1.0..20_000.0).contains(it));
        let speed_mps = speed.map(|it| it * units.mps).filter(|it| (1.0..60.0).contains(it));
        if length_m.is_none() {
            report.guess(&about, format!("no Distance: {LENGTH_M} m"));
        }
        if speed_mps.is_none() {
            report.guess(&about, format!("no Speed: {SPEED_MPS} m/s"));
        }
        let lanes = lanes(&turns, &about, report);
        let (length_m, speed_mps) = (length_m.unwrap_or(LENGTH_M), speed_mps.unwrap_or(SPEED_MPS));
        legs.push(Leg { up, heading, length_m, speed_mps, turns, lanes });
    }
    // A turn leaves by the leg of its node, where there is one.
    let bearings: Vec<(String, f64)> = legs.iter().map(|it| (it.up.clone(), it.heading + 180.0)).collect();
    for turn in legs.iter_mut().flat_map(|leg| &mut leg.turns) {
        if let Some((_, bearing)) = bearings.iter().find(|(up, _)| *up == turn.dest) {
            turn.leaves = *bearing;
        }
    }
    legs
}

fn text_of(sections: &Sections, record: &str, id: &str, name: &str) -> Option<String> {
    sections.text("lanes", record, id, &name.to_lowercase()).map(|it| it.0.to_owned())
}

fn turns(
    sections: &Sections,
    id: &str,
    direction: &str,
    heading: f64,
    units: Units,
    report: &mut ImportReport,
) -> Vec<TurnOf> {
    let mut found = Vec::new();
    for (letter, turn, by) in TURNS {
        let column = format!("{direction}{letter}");
        let mut number = |record: &str| sections.number("lanes", record, id, &column, report);
        let (lanes, volume) = (number("lanes"), number("volume"));
        if lanes.is_none() && volume.is_none() {
            continue;
        }
        let shared = number("shared").unwrap_or(0.0) as i64;
        let lanes = lanes.unwrap_or(0.0).clamp(0.0, LANES_MAX) as usize;
        let bays = number("stlanes").unwrap_or(0.0);
        let storage_m = number("storage").filter(|it| *it > 0.0 && bays > 0.0).map(|it| it * units.metres);
        let flow = number("satflow").filter(|it| *it > 0.0 && lanes > 0).map(|it| it / 3_600.0 / lanes as f64);
        let Some(dest) = text_of(sections, "dest node", id, &column) else {
            report.refuse(&format!("{id} {}", column.to_uppercase()), "no Dest Node; left out");
            continue;
        };
        found.push(TurnOf {
            name: column.to_uppercase(),
            turn,
            dest,
            volume: volume.unwrap_or(0.0).max(0.0),
            saturation: flow.map(|it| it.clamp(0.05, 1.0)),
            leaves: heading + by,
            seems: heading + by,
            lanes,
            shared: (shared == 1 || shared == 3, shared == 2 || shared == 3),
            storage_m,
        });
    }
    found
}

/// Lanes of a leg, from the kerb.
fn lanes(turns: &[TurnOf], about: &str, report: &mut ImportReport) -> Vec<LaneOf> {
    let mut from_left: Vec<LaneOf> = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let begin = from_left.len();
        from_left.extend((0..turn.lanes).map(|_| LaneOf { turns: vec![at], storage_m: turn.storage_m }));
        if turn.lanes > 0 && turn.shared.0 && at > 0 {
            from_left[begin].turns.push(at - 1);
        }
        if turn.lanes > 0 && turn.shared.1 && at + 1 < turns.len() {
            let last = from_left.len() - 1;
            from_left[last].turns.push(at + 1);
        }
    }
    for (at, turn) in turns.iter().enumerate() {
        if from_left.iter().any(|lane| lane.turns.contains(&at)) {
            continue;
        }
        let beside = |lane: &LaneOf| lane.turns.iter().map(|it| it.abs_diff(at)).min().unwrap_or(usize::MAX);
        if let Some(lane) = from_left.iter_mut().min_by_key(|lane| beside(lane)) {
            lane.turns.push(at);
            report.guess(about, format!("{} has no lane and shares none: from the lane beside", turn.name));
        }
    }
    for lane in &mut from_left {
        lane.turns.sort_unstable();
    }
    from_left.reverse();
    from_left
}
