//! The network as GeoJSON: lanes, lamps at stop lines, intersections.
//!
//! GeoJSON wants longitude and latitude. What we have is metres in a plane, so they are laid around 0/0, where a degree is the
//! same length both ways; `properties` of the collection say so, and where the origin was. What lies is only shapes and distances.

use crate::network::{Geometry, Intersection, Network, Point};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Metres of a degree at the equator.
const METRES_A_DEGREE: f64 = 111_319.49;
/// Lamps of one lane stand one behind the other \[m\].
const LAMP_SPACING_M: f64 = 3.0;

/// The collection.
pub fn geojson(network: &Network, geometry: &Geometry) -> Value {
    let (least, most) = bounds(geometry);
    let origin = [0, 1].map(|axis| f64::midpoint(least[axis], most[axis]));
    let lonlat = |point: &Point| json!([degrees(point[0] - origin[0]), degrees(point[1] - origin[1])]);
    let line =
        |points: &[Point]| json!({"type": "LineString", "coordinates": points.iter().map(lonlat).collect::<Vec<_>>()});
    let mut features = Vec::new();
    let mut controlled = BTreeSet::new();
    for (ix, intersection) in network.intersections.iter().enumerate() {
        for (position, lane) in intersection.lanes.iter().enumerate() {
            let Some(points) = geometry.line(intersection, &lane.id) else { continue };
            controlled.insert(lane.id.to_string());
            controlled.insert(format!("{}/{}", intersection.id, lane.id));
            features.push(feature(
                &line(points),
                &json!({"kind": "lane", "id": lane.id, "intersection": intersection.id, "site": ix, "lane": position}),
            ));
            for (behind, group) in groups(intersection, position).into_iter().enumerate() {
                let at = before_end(points, LAMP_SPACING_M * behind as f64);
                let place = json!({"type": "Point", "coordinates": lonlat(&at)});
                features.push(feature(
                    &place,
                    &json!({"kind": "lamp", "intersection": intersection.id, "site": ix, "lane": position, "group": group}),
                ));
            }
        }
        let middle = geometry.intersections.get(intersection.id.as_str()).copied().unwrap_or(origin);
        let place = json!({"type": "Point", "coordinates": lonlat(&middle)});
        features.push(feature(&place, &json!({"kind": "intersection", "id": intersection.id, "site": ix})));
    }
    let streets = geometry.lanes.iter().filter(|(id, _)| !controlled.contains(*id));
    features.extend(streets.map(|(id, points)| feature(&line(points), &json!({"kind": "street", "id": id}))));
    let properties = json!({
        "city": network.city,
        "coordinates": "local metres laid around 0/0, not a place on earth",
        "origin_m": origin,
        "metres_per_degree": METRES_A_DEGREE,
        "schematic": geometry.schematic,
    });
    json!({"type": "FeatureCollection", "properties": properties, "features": features})
}

fn feature(geometry: &Value, properties: &Value) -> Value {
    json!({"type": "Feature", "geometry": geometry, "properties": properties})
}

/// To a centimetre.
fn degrees(metres: f64) -> f64 {
    (metres / METRES_A_DEGREE * 1e7).round() / 1e7
}

/// Corners of all that is drawn.
fn bounds(geometry: &Geometry) -> (Point, Point) {
    let points = || geometry.lanes.values().flatten().chain(geometry.intersections.values());
    if points().next().is_none() {
        return ([0.0; 2], [0.0; 2]);
    }
    let least = [0, 1].map(|axis| points().map(|it| it[axis]).fold(f64::INFINITY, f64::min));
    (least, [0, 1].map(|axis| points().map(|it| it[axis]).fold(f64::NEG_INFINITY, f64::max)))
}

/// Groups whose lamps the vehicles of a lane obey.
fn groups(intersection: &Intersection, lane: usize) -> BTreeSet<usize> {
    intersection.lanes[lane].movements.iter().map(|it| intersection.movements[it.0].group.0).collect()
}

/// The point on the last piece of a line so far before its end, at most its begin.
fn before_end(line: &[Point], by: f64) -> Point {
    let (end, from) = (line[line.len() - 1], line[line.len() - 2]);
    let back = [from[0] - end[0], from[1] - end[1]];
    let share = (by / back[0].hypot(back[1]).max(1e-9)).min(1.0);
    [end[0] + back[0] * share, end[1] + back[1] * share]
}
