//! Approaches, lanes, exits, feeders and detectors of one intersection.

use super::{ELEMENTS_MAX, LENGTH_MAX_M, SPEED_MAX_MPS};
use crate::ids::{FeederIx, LaneIx};
use crate::network::file::{DetectorFile, FeederFile, IntersectionFile, LaneFile};
use crate::network::problem::Problems;
use crate::network::{Approach, Detector, DetectorPlace, Exit, Feeder, Lane};

/// Saturation flow of a lane about which nothing is said \[veh/s\].
const SATURATION_PRIOR: f64 = 0.5;
/// By how much lengths that should fit may disagree after rounding \[m\].
const ROUNDING_M: f64 = 0.01;

/// Everything that lies on the road.
pub(super) struct Road {
    pub approaches: Vec<Approach>,
    pub lanes: Vec<Lane>,
    pub exits: Vec<Exit>,
    pub feeders: Vec<Feeder>,
    pub detectors: Vec<Detector>,
}

impl Road {
    /// Position of a stop-line lane by name.
    pub fn lane(&self, id: &str) -> Option<LaneIx> {
        self.lanes.iter().position(|lane| lane.id.as_str() == id).map(LaneIx)
    }
}

pub(super) fn lanes(file: &IntersectionFile, place: &str, problems: &mut Problems) -> Road {
    let mut built = Road {
        approaches: Vec::new(),
        lanes: Vec::new(),
        exits: Vec::new(),
        feeders: Vec::new(),
        detectors: Vec::new(),
    };
    approaches(file, &mut built, place, problems);
    exits(file, &mut built, place, problems);
    for feeder in &file.feeders {
        let mut checked = checked_feeder(feeder, &built, place, problems);
        checked.gives_way_at = mouth(feeder, &file.feeders, place, problems);
        built.feeders.push(checked);
    }
    let counted = built.lanes.iter().map(|lane| lane.id.as_str());
    let counted = counted.chain(built.feeders.iter().map(|feeder| feeder.id.as_str()));
    problems.unique(format_args!("{place} (lanes and feeders)"), counted);
    for (what, count) in [("lanes", built.lanes.len()), ("feeders", built.feeders.len())] {
        if count > ELEMENTS_MAX {
            problems.push(format_args!("{place}.{what}"), count, format_args!("at most {ELEMENTS_MAX}"));
        }
    }
    problems.unique(format_args!("{place}.detectors"), file.detectors.iter().map(|it| it.id.as_str()));
    for detector in &file.detectors {
        let checked = checked_detector(detector, &built, place, problems);
        built.detectors.extend(checked);
    }
    built
}

fn approaches(file: &IntersectionFile, built: &mut Road, place: &str, problems: &mut Problems) {
    problems.unique(format_args!("{place}.approaches"), file.approaches.iter().map(|it| it.id.as_str()));
    if file.approaches.is_empty() {
        problems.push(format_args!("{place}.approaches"), "none", "at least one");
    }
    for (position, approach) in file.approaches.iter().enumerate() {
        let place = format!("{place}.approaches[{}]", approach.id);
        problems.id(format_args!("{place}.id"), approach.id.as_str());
        if approach.lanes.is_empty() {
            problems.push(format_args!("{place}.lanes"), "none", "at least one");
        }
        let first = built.lanes.len();
        built.lanes.extend(approach.lanes.iter().map(|lane| checked_lane(lane, position, &place, problems)));
        let lanes = (first..built.lanes.len()).map(LaneIx).collect();
        built.approaches.push(Approach { id: approach.id.clone(), lanes });
    }
}

fn checked_lane(lane: &LaneFile, approach: usize, place: &str, problems: &mut Problems) -> Lane {
    let place = format!("{place}.lanes[{}]", lane.id);
    problems.id(format_args!("{place}.id"), lane.id.as_str());
    problems.positive(format_args!("{place}.length_m"), lane.length_m, LENGTH_MAX_M, "m");
    problems.positive(format_args!("{place}.speed_mps"), lane.speed_mps, SPEED_MAX_MPS, "m/s");
    let zone_m = lane.zone_m.unwrap_or(lane.length_m);
    if lane.zone_m.is_some() {
        problems.positive(format_args!("{place}.zone_m"), zone_m, lane.length_m, "m");
    }
    let saturation_prior = lane.saturation.unwrap_or(SATURATION_PRIOR);
    problems.range(format_args!("{place}.saturation"), saturation_prior, &(0.05..=1.0), "veh/s");
    Lane {
        id: lane.id.clone(),
        approach,
        length_m: lane.length_m,
        zone_m,
        speed_mps: lane.speed_mps,
        saturation_prior,
        movements: Vec::new(),
        is_source: lane.is_source,
    }
}

fn exits(file: &IntersectionFile, built: &mut Road, place: &str, problems: &mut Problems) {
    problems.unique(format_args!("{place}.exits"), file.exits.iter().map(|it| it.id.as_str()));
    for exit in &file.exits {
        let place = format!("{place}.exits[{}]", exit.id);
        problems.id(format_args!("{place}.id"), exit.id.as_str());
        problems.id(format_args!("{place}.link"), exit.link.as_str());
        problems.positive(format_args!("{place}.length_m"), exit.length_m, LENGTH_MAX_M, "m");
        built.exits.push(Exit { id: exit.id.clone(), link: exit.link.clone(), length_m: exit.length_m });
    }
}

fn checked_feeder(feeder: &FeederFile, built: &Road, place: &str, problems: &mut Problems) -> Feeder {
    let place = format!("{place}.feeders[{}]", feeder.id);
    problems.id(format_args!("{place}.id"), feeder.id.as_str());
    problems.range(format_args!("{place}.distance_m"), feeder.distance_m, &(0.0..=LENGTH_MAX_M), "m");
    problems.positive(format_args!("{place}.zone_m"), feeder.zone_m, LENGTH_MAX_M, "m");
    problems.positive(format_args!("{place}.speed_mps"), feeder.speed_mps, SPEED_MAX_MPS, "m/s");
    problems.unique(format_args!("{place}.into"), feeder.into.iter().map(|it| it.lane.as_str()));
    let mut into = Vec::new();
    for part in &feeder.into {
        let place = format!("{place}.into[{}]", part.lane);
        problems.range(format_args!("{place}.share"), part.share, &(0.0..=1.0), "");
        match built.lane(part.lane.as_str()) {
            Some(lane) => into.push((lane, part.share)),
            None => problems.push(place, format_args!("`{}`", part.lane), "a stop-line lane of this intersection"),
        }
    }
    let sum: f64 = into.iter().map(|(_, share)| share).sum();
    if sum > 1.0 + 1e-6 {
        problems.push(format_args!("{place}.into"), format_args!("shares sum to {sum:.3}"), "at most 1");
    }
    Feeder {
        id: feeder.id.clone(),
        distance_m: feeder.distance_m,
        zone_m: feeder.zone_m,
        speed_mps: feeder.speed_mps,
        into,
        gives_way_at: None,
    }
}

/// The feeder at whose end the vehicles of a feeder give way.
fn mouth(feeder: &FeederFile, all: &[FeederFile], place: &str, problems: &mut Problems) -> Option<FeederIx> {
    let wanted = feeder.gives_way_at.as_ref()?;
    let found = all.iter().position(|other| other.id == *wanted && other.distance_m <= feeder.distance_m);
    if found.is_none() {
        let key = format_args!("{place}.feeders[{}].gives_way_at", feeder.id).to_string();
        problems.push(key, format_args!("`{wanted}`"), "this feeder or one that is nearer to the stop line");
    }
    found.map(FeederIx)
}

fn checked_detector(detector: &DetectorFile, built: &Road, place: &str, problems: &mut Problems) -> Option<Detector> {
    let place = format!("{place}.detectors[{}]", detector.id);
    problems.id(format_args!("{place}.id"), detector.id.as_str());
    problems.range(format_args!("{place}.distance_m"), detector.distance_m, &(0.0..=LENGTH_MAX_M), "m");
    problems.range(format_args!("{place}.length_m"), detector.length_m, &(0.0..=LENGTH_MAX_M), "m");
    let feeder = built.feeders.iter().position(|feeder| feeder.id == detector.lane).map(FeederIx);
    let lane = built.lane(detector.lane.as_str()).map(DetectorPlace::Lane);
    let Some(on) = lane.or(feeder.map(DetectorPlace::Feeder)) else {
        let message = format!("`{}`", detector.lane);
        problems.push(format_args!("{place}.lane"), message, "a stop-line lane or a feeder of this intersection");
        return None;
    };
    if let DetectorPlace::Lane(lane) = on {
        let (reach, length_m) = (detector.distance_m + detector.length_m, built.lanes[lane.0].length_m);
        if reach > length_m + ROUNDING_M {
            let message = format!("reaches {reach} m back");
            problems.push(&place, message, format_args!("at most the {length_m} m of lane `{}`", detector.lane));
        }
    }
    Some(Detector {
        id: detector.id.clone(),
        role: detector.role,
        place: on,
        distance_m: detector.distance_m,
        length_m: detector.length_m,
    })
}
