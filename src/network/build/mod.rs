//! From what was written to what the program uses: names become positions, defaults are filled in, everything is checked.
//!
//! One file a concern: [`lanes`] (approaches, lanes, exits, feeders, detectors), [`signals`] (groups, conflicts,
//! intergreens), [`movements`], [`stages`] (phases, stages, programme). Each pushes what it finds into one [`Problems`]
//! and leaves out what it cannot use, so that the next one still has something to look at; a network is returned only
//! when nothing at all was found.
//!
//! Defaults: zone = length of the lane; saturation prior 0.5 veh/s; maximum red 120 s; the movements of a lane whose
//! share is not said divide equally what the others leave; stages from [`super::derive`]; a programme that gives every
//! stage its minimum green, at least 10 s.
//!
//! The *configuration hash* is taken over the completed form ([`Network::to_file`]), so that writing a default out does
//! not change it.

mod lanes;
mod movements;
mod signals;
mod stages;
mod timetable;

use super::file::{IntersectionFile, LinkFile, NetworkFile};
use super::problem::Problems;
use super::{Intersection, Link, Network};
use crate::ids::IntersectionId;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Longest road, lane or zone \[m\].
const LENGTH_MAX_M: f64 = 100_000.0;
/// Highest speed \[m/s\].
const SPEED_MAX_MPS: f64 = 60.0;
/// Most lanes, feeders or signal groups at one intersection.
const ELEMENTS_MAX: usize = 256;

impl Network {
    /// Check and complete a network; all problems at once when there are any.
    pub fn build(file: NetworkFile) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        problems.id("city", &file.city);
        if file.intersections.is_empty() {
            problems.push("intersections", "none", "at least one");
        }
        problems.unique("intersections", file.intersections.iter().map(|it| it.id.as_str()));
        let links = links(&file, &mut problems);
        let mut intersections: Vec<Intersection> =
            file.intersections.iter().filter_map(|it| intersection(it, &mut problems)).collect();
        intersections.sort_by(|a, b| a.id.cmp(&b.id));
        problems.into_result(Self { city: file.city, intersections, links })
    }
}

/// One intersection, `None` when too little of it is right.
fn intersection(file: &IntersectionFile, problems: &mut Problems) -> Option<Intersection> {
    let found_before = problems.len();
    let place = format!("intersections[{}]", file.id);
    problems.id(format_args!("{place}.id"), file.id.as_str());
    let lanes = lanes::lanes(file, &place, problems);
    let signals = signals::signals(file, &place, problems);
    let (movements, lanes) = movements::movements(file, lanes, &signals, &place, problems);
    let plan = stages::stages(file, &signals, &place, problems)?;
    let timetable = timetable::timetable(file, &plan, &place, problems);
    if problems.len() > found_before {
        return None;
    }
    let mut built = Intersection {
        id: file.id.clone(),
        approaches: lanes.approaches,
        lanes: lanes.lanes,
        exits: lanes.exits,
        feeders: lanes.feeders,
        groups: signals.groups,
        movements,
        phases: plan.phases,
        stages: plan.stages,
        conflicts: signals.conflicts,
        intergreens: signals.intergreens,
        programme: plan.programme,
        timetable,
        detectors: lanes.detectors,
        config_hash: String::new(),
    };
    built.config_hash = config_hash(&built);
    Some(built)
}

/// First 16 hex digits of the SHA-256 of the completed intersection as JSON without spaces, keys sorted.
fn config_hash(intersection: &Intersection) -> String {
    let json = serde_json::to_value(intersection.to_file())
        .expect("a struct of strings, numbers and lists is always JSON")
        .to_string();
    let digest = Sha256::digest(json.as_bytes());
    let first: [u8; 8] = std::array::from_fn(|at| digest[at]);
    format!("{:016x}", u64::from_be_bytes(first))
}

/// The links, in order of their ends.
fn links(file: &NetworkFile, problems: &mut Problems) -> Vec<Link> {
    let known: BTreeMap<&IntersectionId, &IntersectionFile> =
        file.intersections.iter().map(|it| (&it.id, it)).collect();
    let mut links: Vec<Link> = file.links.iter().map(|link| checked_link(link, &known, problems)).collect();
    links.sort_by(|a, b| (&a.from, &a.id, &a.to, &a.approach).cmp(&(&b.from, &b.id, &b.to, &b.approach)));
    for pair in links.windows(2) {
        if (&pair[0].from, &pair[0].id, &pair[0].to, &pair[0].approach)
            == (&pair[1].from, &pair[1].id, &pair[1].to, &pair[1].approach)
        {
            let message = format!("occurs twice from `{}` to `{}`", pair[0].from, pair[0].to);
            problems.push(format_args!("links[{}]", pair[0].id), message, "every link once");
        }
    }
    links
}

fn checked_link(
    link: &LinkFile,
    known: &BTreeMap<&IntersectionId, &IntersectionFile>,
    problems: &mut Problems,
) -> Link {
    let place = format!("links[{}]", link.id);
    problems.id(format_args!("{place}.id"), link.id.as_str());
    problems.positive(format_args!("{place}.length_m"), link.length_m, LENGTH_MAX_M, "m");
    problems.positive(format_args!("{place}.speed_mps"), link.speed_mps, SPEED_MAX_MPS, "m/s");
    problems.range(format_args!("{place}.share"), link.share, &(0.0..=1.0), "");
    for (end, id) in [("from", &link.from), ("to", &link.to)] {
        if !known.contains_key(id) {
            problems.push(format_args!("{place}.{end}"), format_args!("`{id}`"), "an intersection of this file");
        }
    }
    if let Some(to) = known.get(&link.to)
        && !to.approaches.iter().any(|approach| approach.id == link.approach)
    {
        let message = format!("`{}`", link.approach);
        problems.push(format_args!("{place}.approach"), message, format_args!("an approach of `{}`", link.to));
    }
    if let Some(from) = known.get(&link.from)
        && !from.exits.iter().any(|exit| exit.link == link.id)
    {
        let message = format!("no exit of `{}` lies on it", link.from);
        problems.push(format_args!("{place}.id"), message, "the road of an exit of `from`");
    }
    Link {
        id: link.id.clone(),
        from: link.from.clone(),
        to: link.to.clone(),
        approach: link.approach.clone(),
        length_m: link.length_m,
        speed_mps: link.speed_mps,
        share_prior: link.share,
    }
}
