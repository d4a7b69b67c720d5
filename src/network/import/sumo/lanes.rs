//! Approaches, lanes, movements and exits of one intersection.
//!
//! A lane is listed when motor vehicles or trams may use it and the signal controls a connection of it. Other controlled
//! links (crossings, bicycle paths) become movements without lane, served like crosswalks.
//!
//! Priors, all guessed unless routes are given: on each lane, going straight on is three times as likely as a turn to
//! another road, and a turn back twenty times less; saturation 0.5 veh/s times 0.95 to the left, 0.85 to the right, 0.8 back (HCM 7, chapter 19,
//! shared lanes by share).

use super::ImportOptions;
use super::net::{Connection, SumoNet};
use super::relations::Links;
use super::right_of_way::RightOfWay;
use super::routes::TurnCounts;
use super::signals::group_name;
use crate::ids::{LaneId, LinkId};
use crate::network::Turn;
use crate::network::file::{ApproachFile, ExitFile, LaneFile, MovementFile};
use std::collections::BTreeMap;

/// Saturation flow of a through lane \[veh/s\].
const SATURATION: f64 = 0.5;
/// Weight of going straight on, of which there are most, against a turn.
const THROUGH_WEIGHT: f64 = 3.0;
/// Weight of a turn back against another turn.
const TURN_BACK_WEIGHT: f64 = 0.05;
/// Highest speed that is taken from a file \[m/s\].
const SPEED_MAX_MPS: f64 = 60.0;
/// Lowest one.
const SPEED_MIN_MPS: f64 = 0.1;
/// Shortest lane.
const LENGTH_MIN_M: f64 = 0.1;

/// What lies at the stop lines of one traffic light.
#[derive(Debug, Default)]
pub(super) struct StopLines {
    pub(super) approaches: Vec<ApproachFile>,
    pub(super) movements: Vec<MovementFile>,
    pub(super) exits: Vec<ExitFile>,
    /// Positions of the stop-line lanes in the file, in the order of the approaches.
    pub(super) lanes: Vec<usize>,
}

/// Speed limit of a lane inside what a network may say \[m/s\].
pub(super) fn speed_of(net: &SumoNet<'_>, lane: usize) -> f64 {
    net.lanes[lane].speed_mps.clamp(SPEED_MIN_MPS, SPEED_MAX_MPS)
}

/// Length of a lane inside what a network may say \[m\].
pub(super) fn length_of(net: &SumoNet<'_>, lane: usize) -> f64 {
    net.lanes[lane].length_m.max(LENGTH_MIN_M)
}

/// Name of a lane.
pub(super) fn lane_name(net: &SumoNet<'_>, lane: usize) -> LaneId {
    LaneId::new(net.lanes[lane].id.clone())
}

/// Name of the road that a lane belongs to.
pub(super) fn road_name(net: &SumoNet<'_>, lane: usize) -> LinkId {
    LinkId::new(net.edges[net.lanes[lane].edge].id.clone())
}

/// The direction of a connection.
pub(super) fn turn_of(connection: &Connection) -> Turn {
    match connection.direction.as_str() {
        "l" | "L" => Turn::Left,
        "r" | "R" => Turn::Right,
        "t" => Turn::UTurn,
        _ => Turn::Through,
    }
}

/// How likely a direction is where nothing has been counted, against a turn.
pub(super) fn direction_weight(connection: &Connection) -> f64 {
    match turn_of(connection) {
        Turn::Through => THROUGH_WEIGHT,
        Turn::UTurn => TURN_BACK_WEIGHT,
        Turn::Left | Turn::Right | Turn::Crosswalk => 1.0,
    }
}

/// How likely the connections of a lane are, one weight each.
pub(super) fn weights(net: &SumoNet<'_>, connections: &[&Connection], turns: &TurnCounts) -> Vec<f64> {
    let road = |connection: &Connection| net.lanes[connection.to].edge;
    connections
        .iter()
        .map(|it| {
            let alike = connections.iter().filter(|other| road(other) == road(it)).count() as f64;
            let counted = turns.weight(net, net.lanes[it.from].edge, road(it));
            counted.unwrap_or_else(|| direction_weight(it)) / alike
        })
        .collect()
}

/// Everything at the stop lines of a traffic light.
pub(super) fn stop_lines(
    net: &SumoNet<'_>,
    right_of_way: &RightOfWay,
    links: &Links,
    (options, turns): (&ImportOptions, &TurnCounts),
) -> StopLines {
    let ordered: Vec<(usize, usize)> =
        links.iter().enumerate().flat_map(|(group, links)| links.iter().map(move |&link| (link, group))).collect();
    let names: BTreeMap<usize, String> =
        ordered.iter().map(|&(link, group)| (link, movement_name(links, link, group))).collect();
    let mut found = StopLines::default();
    for &(link, _) in ordered.iter().filter(|(link, _)| on_lane(net, *link)) {
        approach(net, net.connections[link].from, &ordered, &mut found, (options, turns));
        exit(net, net.connections[link].to, &mut found);
    }
    for &(link, group) in &ordered {
        let mut movement = movement(net, link, group, &ordered, turns);
        movement.id.clone_from(&names[&link]);
        let given_way = |other: &&(usize, usize)| right_of_way.between(net, link, other.0).first_yields;
        movement.yields_to = ordered.iter().filter(given_way).map(|(other, _)| names[other].clone()).collect();
        found.movements.push(movement);
    }
    found
}

/// The group, and a number where it controls several movements.
fn movement_name(links: &Links, link: usize, group: usize) -> String {
    let number = links[group].iter().position(|&it| it == link).filter(|_| links[group].len() > 1);
    number.map_or_else(|| group_name(group), |number| format!("{}.{}", group_name(group), number + 1))
}

/// Whether a link starts on a lane that is counted.
fn on_lane(net: &SumoNet<'_>, link: usize) -> bool {
    let connection = &net.connections[link];
    let normal = |lane| net.function_of(lane) == super::net::Function::Normal;
    normal(connection.from) && normal(connection.to) && net.lanes[connection.from].permissions.motorised()
}

/// Connections of a lane that the traffic light controls.
fn controlled<'n>(net: &'n SumoNet<'_>, lane: usize, ordered: &[(usize, usize)]) -> Vec<(usize, &'n Connection)> {
    let mine = |link: usize| ordered.iter().any(|&(it, _)| it == link) && on_lane(net, link);
    net.leaving(lane).filter(|&(link, _)| mine(link)).collect()
}

/// Add the approach of a lane, with all its lanes, unless it is there.
fn approach(
    net: &SumoNet<'_>,
    lane: usize,
    ordered: &[(usize, usize)],
    found: &mut StopLines,
    (options, turns): (&ImportOptions, &TurnCounts),
) {
    let id = road_name(net, lane);
    if found.approaches.iter().any(|approach| approach.id == id) {
        return;
    }
    let edge = net.lanes[lane].edge;
    let fed = net.edges[edge].lanes.iter().any(|&it| net.entering(it).any(|from| turn_of(from) != Turn::UTurn));
    let mut lanes = Vec::new();
    for &lane in &net.edges[edge].lanes {
        let connections: Vec<&Connection> = controlled(net, lane, ordered).into_iter().map(|(_, it)| it).collect();
        if connections.is_empty() {
            continue;
        }
        found.lanes.push(lane);
        let length_m = length_of(net, lane);
        lanes.push(LaneFile {
            id: lane_name(net, lane),
            length_m,
            zone_m: Some(length_m.min(options.range_m)),
            speed_mps: speed_of(net, lane),
            saturation: Some(saturation(net, &connections, turns)),
            is_source: !fed,
        });
    }
    found.approaches.push(ApproachFile { id, lanes });
}

/// Saturation flow of a lane by the turns that it serves \[veh/s\].
fn saturation(net: &SumoNet<'_>, connections: &[&Connection], turns: &TurnCounts) -> f64 {
    let weights = weights(net, connections, turns);
    let factor = |connection: &Connection| match turn_of(connection) {
        Turn::Left => 0.95,
        Turn::Right => 0.85,
        Turn::UTurn => 0.8,
        Turn::Through | Turn::Crosswalk => 1.0,
    };
    let weighted: f64 = connections.iter().zip(&weights).map(|(it, weight)| factor(it) * weight).sum();
    let flow = SATURATION * weighted / weights.iter().sum::<f64>();
    (flow * 1000.0).round() / 1000.0
}

fn exit(net: &SumoNet<'_>, lane: usize, found: &mut StopLines) {
    let id = lane_name(net, lane);
    if !found.exits.iter().any(|exit| exit.id == id) {
        found.exits.push(ExitFile { id, link: road_name(net, lane), length_m: length_of(net, lane) });
    }
}

/// One movement, still without its name and without those it yields to.
fn movement(
    net: &SumoNet<'_>,
    link: usize,
    group: usize,
    ordered: &[(usize, usize)],
    turns: &TurnCounts,
) -> MovementFile {
    let connection = &net.connections[link];
    let (id, group, yields_to) = (String::new(), group_name(group), Vec::new());
    if !on_lane(net, link) {
        return MovementFile { id, lane: None, group, exit: None, turn: Turn::Crosswalk, share: None, yields_to };
    }
    let of_lane = controlled(net, connection.from, ordered);
    let connections: Vec<&Connection> = of_lane.iter().map(|&(_, it)| it).collect();
    let weights = weights(net, &connections, turns);
    let own = of_lane.iter().position(|&(it, _)| it == link).expect("a link is among the links of its lane");
    MovementFile {
        id,
        lane: Some(lane_name(net, connection.from)),
        group,
        exit: Some(lane_name(net, connection.to)),
        turn: turn_of(connection),
        share: Some(weights[own] / weights.iter().sum::<f64>()),
        yields_to,
    }
}
