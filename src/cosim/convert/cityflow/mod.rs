//! A CityFlow roadnet with its flow → a street with its demand.
//!
//! ```text
//! roads, lanes        roads; CityFlow counts lanes from the middle, we from the kerb; shortened by the widths of the intersections
//! roadLinks           one signal group each, in their order; laneLinks → links with their points
//! lightphases         stages: available links green, right turns `g`; green that ends at once gets yellow
//! intersections       `virtual` ones are the edge of the map
//! ```
//!
//! Right of way as CityFlow decides it: straight before left before right. A vehicle at a red lamp that cannot stop drives
//! on, which is what our yellow means.
//!
//! Lengths: CityFlow drives along the points of a road, less the `width` of the intersections at its ends; links are as
//! long as their points. Everything wrong with a file is told at once with file, element and what is allowed.
//! Reference: CityFlow documentation, "Roadnet File Format" and "Flow File Format" (Zhang et al., WWW 2019).

mod check;
mod file;
mod flow;

use super::programme::acceptable;
use super::report::Remarks;
use super::sumo::{make_yield, meetings};
use super::{ConversionReport, Converted};
use crate::network::Problems;
use file::{Flow, Intersection, LaneLink, Lightphase, RoadLink, Roadnet, parsed};
use simulator::demand::DemandFile;
use simulator::street::{
    Control, JunctionFile, LampFile, LaneFile, LinkFile, LinkRef, RoadFile, SignalFile, StageFile, StreetFile, Turn,
};
use std::collections::BTreeMap;

/// Speed of turning vehicles, which CityFlow does not read from the file \[m/s\].
const TURNING_MPS: f64 = 25.0 / 3.0;
/// Links of a lane begin at one point, which `CityFlow` takes for a crossing of their ways: it is passed one after the other,
/// and who waits there waits this far before it (`yieldDistance`) \[m\].
const PARTING_M: f64 = 5.0;

/// A file with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    /// Its content.
    pub text: &'a str,
    /// Its name, for messages.
    pub source: &'a str,
}

/// Read a roadnet and, if there is one, a flow.
///
/// # Errors
/// Everything that is wrong with the files.
pub fn from_cityflow(roadnet: Text<'_>, flow: Option<Text<'_>>) -> Result<Converted, Problems> {
    let net: Roadnet = parsed(roadnet)?;
    let flows: Vec<Flow> = flow.map(parsed).transpose()?.unwrap_or_default();
    let mut reader = Reader { source: roadnet.source, problems: Problems::default(), remarks: Remarks::default() };
    reader.check(&net);
    let mut street = reader.street(&net);
    reader.signals(&net, &mut street);
    let mut demand = DemandFile::default();
    if let Some(flow) = flow {
        reader.source = flow.source;
        demand = reader.demand(&flows, &mut street);
    }
    let mut guessed = Remarks::default();
    guessed.say("roadnet", "right of way: straight on before left before right, as CityFlow decides it");
    let sources = [Some(roadnet.source), flow.map(|it| it.source)];
    let report = ConversionReport {
        source: sources.into_iter().flatten().collect::<Vec<_>>().join(", "),
        guessed: guessed.told(),
        refused: reader.remarks.told(),
    };
    reader.problems.into_result(Converted { street, demand, report })
}

struct Reader<'a> {
    source: &'a str,
    problems: Problems,
    remarks: Remarks,
}

impl Reader<'_> {
    fn problem(&mut self, place: &str, what: impl std::fmt::Display, allowed: &str) {
        self.problems.push(format_args!("{}: {place}", self.source), what, allowed);
    }

    fn positive(&mut self, place: &str, key: &str, value: f64, most: f64) {
        if !(value > 0.0 && value <= most) {
            self.problem(&format!("{place}.{key}"), value, &format!("above 0 up to {most}"));
        }
    }

    fn street(&mut self, net: &Roadnet) -> StreetFile {
        let mut street = StreetFile::default();
        let sites: BTreeMap<&str, &Intersection> = net.intersections.iter().map(|it| (it.id.as_str(), it)).collect();
        for site in &net.intersections {
            let control = match (site.is_virtual || site.road_links.is_empty(), lit(site)) {
                (true, _) => Control::Boundary,
                (false, true) => Control::Signal,
                (false, false) => Control::Priority,
            };
            let (id, x_m, y_m) = (site.id.clone(), site.point.x, site.point.y);
            street.junctions.push(JunctionFile { id, x_m, y_m, control, signal: None });
        }
        for road in &net.roads {
            let width = |id: &String| sites.get(id.as_str()).filter(|it| !it.is_virtual).map_or(0.0, |it| it.width);
            let shape: Vec<[f64; 2]> = road.points.iter().map(|it| [it.x, it.y]).collect();
            let whole = length(&shape);
            let length_m = whole - width(&road.start_intersection) - width(&road.end_intersection);
            if length_m <= 0.0 || length_m.is_nan() {
                let place = format!("roads \"{}\".points", road.id);
                self.problem(&place, format_args!("{whole} m long"), "longer than the widths of its intersections");
            }
            let speed_mps = road.lanes.first().map_or(0.0, |lane| lane.max_speed);
            // CityFlow's lane 0 is the innermost.
            let lanes = road.lanes.iter().enumerate().rev().map(|(index, lane)| LaneFile {
                id: Some(lane_id(&road.id, index)),
                speed_mps: Some(lane.max_speed).filter(|it| (it - speed_mps).abs() > 1e-9),
                parting_m: PARTING_M,
                ..LaneFile::default()
            });
            street.roads.push(RoadFile {
                id: road.id.clone(),
                from: road.start_intersection.clone(),
                to: road.end_intersection.clone(),
                length_m: length_m.max(0.1),
                speed_mps,
                priority: 0,
                shape,
                lanes: lanes.collect(),
            });
        }
        for site in net.intersections.iter().filter(|it| !it.is_virtual) {
            let begin = street.links.len();
            for (group, link) in site.road_links.iter().enumerate() {
                street.links.extend(links(site, group, link));
            }
            right_of_way(&mut street.links[begin..], begin);
        }
        street
    }

    fn signals(&mut self, net: &Roadnet, street: &mut StreetFile) {
        for site in net.intersections.iter().filter(|it| !it.is_virtual && lit(it)) {
            let groups = site.road_links.len();
            let phases = &site.traffic_light.as_ref().expect("it is lit").lightphases;
            let lamp = |phase: &Lightphase, group: usize| match phase.available_road_links.contains(&group) {
                false => 'r',
                true if site.road_links[group].kind == "turn_right" => 'g',
                true => 'G',
            };
            let stage = |phase: &Lightphase| StageFile {
                duration_s: phase.time,
                state: (0..groups).map(|group| lamp(phase, group)).collect(),
            };
            let mut stages: Vec<StageFile> = phases.iter().map(stage).collect();
            let meetings = meetings(street, &site.id);
            let made = acceptable(&mut stages, &meetings, &site.id, &mut self.remarks);
            make_yield(street, &site.id, &made);
            street.signals.push(SignalFile { id: site.id.clone(), groups, stages, ..SignalFile::default() });
        }
    }
}

fn lit(site: &Intersection) -> bool {
    site.traffic_light.as_ref().is_some_and(|it| it.lightphases.iter().any(|phase| phase.time > 0.0))
}

fn lane_id(road: &str, index: usize) -> String {
    format!("{road}_{index}")
}

fn length(shape: &[[f64; 2]]) -> f64 {
    shape.windows(2).map(|it| (it[1][0] - it[0][0]).hypot(it[1][1] - it[0][1])).sum()
}

/// Links of a roadLink, which is a group of the signal.
fn links(site: &Intersection, group: usize, link: &RoadLink) -> Vec<LinkFile> {
    let turn = match link.kind.as_str() {
        "turn_left" => Turn::Left,
        "turn_right" => Turn::Right,
        "turn_u" => Turn::U,
        _ => Turn::Straight,
    };
    let lamp = lit(site).then(|| LampFile { signal: site.id.clone(), group });
    let one = |lane: &LaneLink| {
        let shape: Vec<[f64; 2]> = lane.points.iter().map(|it| [it.x, it.y]).collect();
        LinkFile {
            from: lane_id(&link.start_road, lane.start_lane_index),
            to: lane_id(&link.end_road, lane.end_lane_index),
            turn,
            length_m: length(&shape).max(0.1),
            speed_mps: (turn != Turn::Straight).then_some(TURNING_MPS),
            shape,
            signal: lamp.clone(),
            yields_to: Vec::new(),
            conflicts_with: Vec::new(),
            waits_inside_m: None,
        }
    };
    link.lane_links.iter().map(one).collect()
}

/// Straight before left before right, where lines cross or end in one lane.
fn right_of_way(links: &mut [LinkFile], begin: usize) {
    let rank = |turn: Turn| match turn {
        Turn::Straight => 0,
        Turn::Left => 1,
        Turn::Right => 2,
        Turn::U => 3,
    };
    for a in 0..links.len() {
        for b in 0..links.len() {
            let (one, other) = (&links[a], &links[b]);
            if a == b || one.from == other.from || !(one.to == other.to || cross(&one.shape, &other.shape)) {
                continue;
            }
            let reference = LinkRef::Index(begin + b);
            if rank(one.turn) > rank(other.turn) {
                links[a].yields_to.push(reference);
            } else if rank(one.turn) == rank(other.turn) {
                links[a].conflicts_with.push(reference);
            }
        }
    }
}

/// Whether two lines cross.
fn cross(a: &[[f64; 2]], b: &[[f64; 2]]) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
    let opposite = |x: f64, y: f64| (x > 0.0 && y < 0.0) || (x < 0.0 && y > 0.0);
    a.windows(2).any(|p| {
        b.windows(2).any(|q| {
            opposite(side(p[0], p[1], q[0]), side(p[0], p[1], q[1]))
                && opposite(side(q[0], q[1], p[0]), side(q[0], q[1], p[1]))
        })
    })
}
