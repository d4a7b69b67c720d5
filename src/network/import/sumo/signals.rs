//! Signal groups and conflicts of one intersection with their times.
//!
//! Yellow and red clearance: what the programme shows or what the ITE formulas ask for, whichever is longer, unless
//! the operator sets one value for all. The formulas take the speed limit of the lane plus 11 km/h as the 85th percentile,
//! and the length of the way over the junction (a little more than the way to the conflict point) as the width to
//! clear; a turn is driven at no more than 8.9 m/s (20 mph), as ITE assumes. Pedestrians: the length of the crossing.

use super::ImportOptions;
use super::cycle::Cycle;
use super::net::{Connection, Function, SumoNet};
use super::relations::{Links, Relations};
use super::report::ImportReport;
use super::right_of_way::RightOfWay;
use crate::network::file::{ConflictFile, GroupFile};
use crate::network::{GroupKind, timing};
use crate::time::Millis;

/// Speed of a turning vehicle that clears the junction \[m/s\].
const TURNING_MPS: f64 = 8.9;
/// Shortest green where nothing is said.
const GREEN_MIN: Millis = Millis::from_secs(5);
/// Longest minimum green that is taken from a file.
const GREEN_MIN_LIMIT: Millis = Millis::from_secs(60);
/// Shortest and longest change interval of vehicles.
const CHANGE: (Millis, Millis) = (Millis::from_secs(2), Millis::from_secs(6));
/// Longest red clearance.
const RED_LIMIT: Millis = Millis::from_secs(30);

/// Name of a signal group, its position in the lamp string.
pub(super) fn group_name(group: usize) -> String {
    format!("g{group}")
}

/// Whom a link serves: people over a crossing, or whoever may use the lane that it starts on.
pub(super) fn kind_of(net: &SumoNet<'_>, link: &Connection) -> GroupKind {
    let on_foot = |lane| matches!(net.function_of(lane), Function::Crossing | Function::WalkingArea);
    if on_foot(link.from) || on_foot(link.to) {
        return GroupKind::Pedestrian;
    }
    net.lanes[link.from].permissions.kind().unwrap_or_default()
}

/// All groups of a traffic light.
pub(super) fn groups(
    net: &SumoNet<'_>,
    (cycle, links): (&Cycle, &Links),
    options: &ImportOptions,
    about: &str,
    report: &mut ImportReport,
) -> Vec<GroupFile> {
    let mut without_yellow = Vec::new();
    let groups = (0..cycle.groups).map(|group| {
        let kind = group_kind(net, &links[group]);
        let change_ms = match kind {
            GroupKind::Pedestrian => on_foot(net, &links[group]).clearance,
            _ => options.yellow.unwrap_or_else(|| {
                let from_file = cycle.yellow(group);
                if from_file.is_none() && cycle.ends(group) {
                    without_yellow.push(group_name(group));
                }
                yellow(net, &links[group]).max(from_file.unwrap_or(Millis::ZERO)).clamp(CHANGE.0, CHANGE.1)
            }),
        };
        let from_file = cycle.green_min(group).unwrap_or(GREEN_MIN).clamp(GREEN_MIN, GREEN_MIN_LIMIT);
        let walk = if kind == GroupKind::Pedestrian { on_foot(net, &links[group]).walk } else { Millis::ZERO };
        GroupFile {
            id: group_name(group),
            kind,
            change_ms,
            green_min_ms: options.green_min.unwrap_or(from_file).max(walk),
            red_max_ms: None,
            turn_on_red: cycle.turn_on_red(group),
        }
    });
    let groups = groups.collect();
    if !without_yellow.is_empty() {
        report.guess(about, format!("no yellow in the file for {}: by the ITE formula", without_yellow.join(", ")));
    }
    groups
}

/// The most demanding of those whom the links of a group serve.
fn group_kind(net: &SumoNet<'_>, links: &[usize]) -> GroupKind {
    let rank = |kind: &GroupKind| match kind {
        GroupKind::Vehicle => 0,
        GroupKind::Transit => 1,
        GroupKind::Bicycle => 2,
        GroupKind::Pedestrian => 3,
    };
    links.iter().map(|&link| kind_of(net, &net.connections[link])).min_by_key(rank).unwrap_or_default()
}

fn yellow(net: &SumoNet<'_>, links: &[usize]) -> Millis {
    let speeds = links.iter().map(|&link| net.lanes[net.connections[link].from].speed_mps);
    timing::yellow_ite(timing::speed_85th(speeds.fold(0.0, f64::max)), 0.0)
}

/// Times of the longest crossing of a group.
fn on_foot(net: &SumoNet<'_>, links: &[usize]) -> timing::PedestrianTimes {
    let crossing = |lane: usize| (net.function_of(lane) == Function::Crossing).then(|| net.lanes[lane].length_m);
    // where people walk on from one lane to another, the crossing is the way over the junction
    let length_m = |it: &Connection| crossing(it.to).or(crossing(it.from)).unwrap_or_else(|| net.length_inside_m(it));
    let longest_m = links.iter().map(|&link| length_m(&net.connections[link])).fold(0.0, f64::max);
    timing::pedestrian(longest_m)
}

/// All conflicts of a traffic light, with the red clearance both ways.
pub(super) fn conflicts(
    net: &SumoNet<'_>,
    right_of_way: &RightOfWay,
    (cycle, links, relations): (&Cycle, &Links, &Relations),
    options: &ImportOptions,
) -> Vec<ConflictFile> {
    let in_file = cycle.all_red();
    let red = |clearing: usize, entering: usize| {
        options.all_red.unwrap_or_else(|| {
            let shown = in_file.get(&(clearing, entering)).copied().unwrap_or(Millis::ZERO);
            red_clearance(net, right_of_way, &links[clearing], &links[entering]).max(shown).min(RED_LIMIT)
        })
    };
    let conflict = |(&(a, b), pair): (&(usize, usize), &super::relations::Pair)| ConflictFile {
        between: [group_name(a), group_name(b)],
        red_clearance_ms: [red(a, b), red(b, a)],
        yields: [pair.first_yields, pair.second_yields],
    };
    relations.iter().map(conflict).collect()
}

/// The longest clearance of the links that meet a foe in the other group.
fn red_clearance(net: &SumoNet<'_>, right_of_way: &RightOfWay, clearing: &[usize], entering: &[usize]) -> Millis {
    let meets = |link: usize| {
        entering.iter().any(|&other| {
            right_of_way.between(net, link, other).foes || net.connections[link].to == net.connections[other].to
        })
    };
    let times = clearing.iter().filter(|&&link| meets(link)).map(|&link| {
        let connection = &net.connections[link];
        if kind_of(net, connection) == GroupKind::Pedestrian {
            return Millis::ZERO; // the change interval of a crossing is its clearance
        }
        let limit = net.lanes[connection.from].speed_mps;
        let inside = net.path_inside(connection).iter().map(|&lane| net.lanes[lane].speed_mps).fold(limit, f64::min);
        let speed = if connection.direction == "s" { limit } else { inside.max(TURNING_MPS).min(limit) };
        timing::red_clearance(net.length_inside_m(connection), speed)
    });
    times.max().unwrap_or(Millis::ZERO)
}
