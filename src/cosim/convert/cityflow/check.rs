//! Whether a roadnet holds together: names, numbers and positions, everything told at once.

use super::Reader;
use super::file::{RoadLink, Roadnet};
use std::collections::{BTreeMap, BTreeSet};

impl Reader<'_> {
    /// Names, numbers and positions of the roadnet.
    pub(super) fn check(&mut self, net: &Roadnet) {
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
}
