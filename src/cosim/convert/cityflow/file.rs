//! CityFlow's files as they are written; what is not needed is not read. Metres, metres a second, seconds.

use super::Text;
use crate::network::{Problems, json_problem};
use serde::Deserialize;

/// A whole road network.
#[derive(Debug, Deserialize)]
pub(super) struct Roadnet {
    pub(super) intersections: Vec<Intersection>,
    pub(super) roads: Vec<Road>,
}

/// Where roads meet or end.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intersection {
    pub(super) id: String,
    pub(super) point: Point,
    #[serde(default)]
    pub(super) width: f64,
    #[serde(default)]
    pub(super) road_links: Vec<RoadLink>,
    pub(super) traffic_light: Option<TrafficLight>,
    #[serde(default, rename = "virtual")]
    pub(super) is_virtual: bool,
}

/// Metres.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A turn from one road to another.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoadLink {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) start_road: String,
    pub(super) end_road: String,
    pub(super) lane_links: Vec<LaneLink>,
}

/// A way from one lane to one lane.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LaneLink {
    pub(super) start_lane_index: usize,
    pub(super) end_lane_index: usize,
    #[serde(default)]
    pub(super) points: Vec<Point>,
}

/// A fixed programme.
#[derive(Debug, Deserialize)]
pub(super) struct TrafficLight {
    #[serde(default)]
    pub(super) lightphases: Vec<Lightphase>,
}

/// What CityFlow calls a phase: a stage.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lightphase {
    pub(super) time: f64,
    pub(super) available_road_links: Vec<usize>,
}

/// A directed road.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Road {
    pub(super) id: String,
    pub(super) points: Vec<Point>,
    pub(super) lanes: Vec<Lane>,
    pub(super) start_intersection: String,
    pub(super) end_intersection: String,
}

/// A lane.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lane {
    pub(super) max_speed: f64,
}

/// Vehicles on one route.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Flow {
    pub(super) vehicle: Vehicle,
    pub(super) route: Vec<String>,
    pub(super) interval: f64,
    pub(super) start_time: f64,
    pub(super) end_time: f64,
}

/// What they are like.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vehicle {
    pub(super) length: f64,
    pub(super) usual_pos_acc: f64,
    pub(super) usual_neg_acc: f64,
    pub(super) max_neg_acc: f64,
    pub(super) min_gap: f64,
    pub(super) max_speed: f64,
    pub(super) headway_time: f64,
}

pub(super) fn parsed<'t, T: Deserialize<'t>>(file: Text<'t>) -> Result<T, Problems> {
    serde_json::from_str(file.text).map_err(|error| {
        let mut problems = Problems::default();
        problems.extend(json_problem(&error, file.source));
        problems
    })
}
