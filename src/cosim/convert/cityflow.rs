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
//! on, which is what our yellow means. A flow sends a vehicle at its start time and then one an interval up to its end.
//!
//! Lengths: CityFlow drives along the points of a road, less the `width` of the intersections at its ends; links are as
//! long as their points. Everything wrong with a file is told at once with file, element and what is allowed.
//! Reference: CityFlow documentation, "Roadnet File Format" and "Flow File Format" (Zhang et al., WWW 2019).

use super::programme::acceptable;
use super::report::Remarks;
use super::sumo::{make_yield, meetings};
use super::{ConversionReport, Converted};
use crate::network::{Problems, json_problem};
use serde::Deserialize;
use simulator::demand::{DemandFile, Depart, DepartLane, DepartSpeed, TripFile};
use simulator::street::{
    ClassFile, Control, JunctionFile, LampFile, LaneFile, LinkFile, LinkRef, RoadFile, SignalFile, StageFile,
    StreetFile, Turn,
};
use std::collections::{BTreeMap, BTreeSet};

/// Speed of turning vehicles, which CityFlow does not read from the file \[m/s\].
const TURNING_MPS: f64 = 25.0 / 3.0;
/// Most vehicles that one flow may send.
const VEHICLES_MAX: f64 = 100_000.0;

#[derive(Debug, Deserialize)]
struct Roadnet {
    intersections: Vec<Intersection>,
    roads: Vec<Road>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intersection {
    id: String,
    point: Point,
    #[serde(default)]
    width: f64,
    #[serde(default)]
    road_links: Vec<RoadLink>,
    traffic_light: Option<TrafficLight>,
    #[serde(default, rename = "virtual")]
    is_virtual: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoadLink {
    #[serde(rename = "type")]
    kind: String,
    start_road: String,
    end_road: String,
    lane_links: Vec<LaneLink>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LaneLink {
    start_lane_index: usize,
    end_lane_index: usize,
    #[serde(default)]
    points: Vec<Point>,
}

#[derive(Debug, Deserialize)]
struct TrafficLight {
    #[serde(default)]
    lightphases: Vec<Lightphase>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lightphase {
    time: f64,
    available_road_links: Vec<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Road {
    id: String,
    points: Vec<Point>,
    lanes: Vec<Lane>,
    start_intersection: String,
    end_intersection: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lane {
    max_speed: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Flow {
    vehicle: Vehicle,
    route: Vec<String>,
    interval: f64,
    start_time: f64,
    end_time: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vehicle {
    length: f64,
    usual_pos_acc: f64,
    usual_neg_acc: f64,
    max_neg_acc: f64,
    min_gap: f64,
    max_speed: f64,
    headway_time: f64,
}

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

fn parsed<'t, T: Deserialize<'t>>(file: Text<'t>) -> Result<T, Problems> {
    serde_json::from_str(file.text).map_err(|error| {
        let mut problems = Problems::default();
        problems.extend(json_problem(&error, file.source));
        problems
    })
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

    /// Names, numbers and positions of the roadnet.
    fn check(&mut self, net: &Roadnet) {
        let mut seen = BTreeSet::new();
        for road in &net.roads {
            let place = format!("roads \"{}\"", road.id);
            if !seen.insert(&road.id) {
                self.problem(&place, "stands twice", "every id once");
            }
            for (key, id) in
                [("startIntersection", &road.start_intersection), ("endIntersection", &road.end_intersection)]
            {
                if !net.intersections.iter().any(|it| it.id == *id) {
                    self.problem(
                        &format!("{place}.{key}"),
                        format_args!("unknown intersection \"{id}\""),
                        "an intersection of the file",
                    );
                }
            }
            if road.lanes.is_empty() {
                self.problem(&format!("{place}.lanes"), "none", "one or more");
            }
            for lane in &road.lanes {
                self.positive(&place, "lanes.maxSpeed", lane.max_speed, 100.0);
            }
            if road.points.len() < 2 {
                self.problem(&format!("{place}.points"), road.points.len(), "two or more");
            }
        }
        let mut seen = BTreeSet::new();
        let lanes: BTreeMap<&str, usize> = net.roads.iter().map(|road| (road.id.as_str(), road.lanes.len())).collect();
        for site in &net.intersections {
            let place = format!("intersections \"{}\"", site.id);
            if !seen.insert(&site.id) {
                self.problem(&place, "stands twice", "every id once");
            }
            for (at, link) in site.road_links.iter().enumerate() {
                self.check_link(&format!("{place}.roadLinks[{at}]"), &lanes, link);
            }
            for (at, phase) in site.traffic_light.iter().flat_map(|it| &it.lightphases).enumerate() {
                let place = format!("{place}.trafficLight.lightphases[{at}]");
                if !(phase.time >= 0.0 && phase.time <= 3600.0) {
                    self.problem(&format!("{place}.time"), phase.time, "0…3600 s");
                }
                for link in phase.available_road_links.iter().filter(|&&it| it >= site.road_links.len()) {
                    let allowed = format!("below {}, the number of roadLinks", site.road_links.len());
                    self.problem(&format!("{place}.availableRoadLinks"), link, &allowed);
                }
            }
        }
    }

    fn check_link(&mut self, place: &str, lanes: &BTreeMap<&str, usize>, link: &RoadLink) {
        if !["go_straight", "turn_left", "turn_right", "turn_u"].contains(&link.kind.as_str()) {
            self.problem(&format!("{place}.type"), &link.kind, "go_straight, turn_left, turn_right, turn_u");
        }
        for (key, road) in [("startRoad", &link.start_road), ("endRoad", &link.end_road)] {
            if !lanes.contains_key(road.as_str()) {
                self.problem(&format!("{place}.{key}"), format_args!("unknown road \"{road}\""), "a road of the file");
            }
        }
        for (at, lane) in link.lane_links.iter().enumerate() {
            let ends = [
                ("startLaneIndex", &link.start_road, lane.start_lane_index),
                ("endLaneIndex", &link.end_road, lane.end_lane_index),
            ];
            for (key, road, index) in ends {
                if let Some(count) = lanes.get(road.as_str()).filter(|&&count| index >= count) {
                    let allowed = format!("below {count}, the lanes of \"{road}\"");
                    self.problem(&format!("{place}.laneLinks[{at}].{key}"), index, &allowed);
                }
            }
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

    fn demand(&mut self, flows: &[Flow], street: &mut StreetFile) -> DemandFile {
        let mut demand = DemandFile::default();
        let mut kinds: Vec<Vehicle> = Vec::new();
        let roads: BTreeSet<String> = street.roads.iter().map(|road| road.id.clone()).collect();
        for (at, flow) in flows.iter().enumerate() {
            let place = format!("[{at}]");
            if flow.route.is_empty() {
                self.problem(&format!("{place}.route"), "empty", "one road or more");
            }
            for road in flow.route.iter().filter(|road| !roads.contains(*road)) {
                self.problem(
                    &format!("{place}.route"),
                    format_args!("unknown road \"{road}\""),
                    "a road of the roadnet",
                );
            }
            self.positive(&place, "interval", flow.interval, 1e6);
            if !(flow.start_time >= 0.0 && flow.start_time <= 1e7) {
                self.problem(&format!("{place}.startTime"), flow.start_time, "0…10000000 s");
            }
            // -1 means: for ever.
            if flow.end_time < 0.0 {
                self.problem(
                    &format!("{place}.endTime"),
                    flow.end_time,
                    "not before startTime; endless flows cannot be read",
                );
            }
            let count = ((flow.end_time - flow.start_time) / flow.interval).floor() + 1.0;
            if count > VEHICLES_MAX || count.is_nan() {
                self.problem(&place, format_args!("{count} vehicles"), "100000 at most");
                continue;
            }
            let kind = kinds.iter().position(|it| *it == flow.vehicle).unwrap_or_else(|| {
                kinds.push(flow.vehicle.clone());
                kinds.len() - 1
            });
            for number in 0..count.max(0.0) as u64 {
                demand.trips.push(TripFile {
                    id: format!("{at}.{number}"),
                    depart_s: flow.start_time + number as f64 * flow.interval,
                    class: class_id(kind),
                    route: flow.route.clone(),
                    depart: Depart { lane: DepartLane::Best, speed: DepartSpeed::Zero },
                });
            }
        }
        for (number, kind) in kinds.iter().enumerate() {
            self.positive("vehicle", "length", kind.length, 40.0);
            self.positive("vehicle", "maxSpeed", kind.max_speed, 100.0);
            self.positive("vehicle", "usualPosAcc", kind.usual_pos_acc, 20.0);
            self.positive("vehicle", "usualNegAcc", kind.usual_neg_acc, 20.0);
            self.positive("vehicle", "maxNegAcc", kind.max_neg_acc, 30.0);
            self.positive("vehicle", "headwayTime", kind.headway_time, 10.0);
            street.classes.push(class(number, kind));
        }
        demand
    }
}

fn lit(site: &Intersection) -> bool {
    site.traffic_light.as_ref().is_some_and(|it| it.lightphases.iter().any(|phase| phase.time > 0.0))
}

fn lane_id(road: &str, index: usize) -> String {
    format!("{road}_{index}")
}

fn class_id(number: usize) -> String {
    format!("cityflow_{number}")
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

/// CityFlow's drivers do not dawdle, and all want the same speed.
fn class(number: usize, vehicle: &Vehicle) -> ClassFile {
    ClassFile {
        id: class_id(number),
        length_m: vehicle.length,
        min_gap_m: vehicle.min_gap,
        accel_mps2: vehicle.usual_pos_acc,
        decel_mps2: vehicle.usual_neg_acc,
        emergency_decel_mps2: vehicle.max_neg_acc.max(vehicle.usual_neg_acc),
        tau_s: vehicle.headway_time,
        sigma: 0.0,
        speed_deviation: 0.0,
        max_speed_mps: vehicle.max_speed,
        ..ClassFile::car()
    }
}
