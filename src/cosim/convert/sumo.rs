//! A SUMO network with its routes → a street with its demand.
//!
//! ```text
//! edges, lanes      roads with lanes for the classes that drive; rails and pavements are left out
//! connections       links with the length, speed and line of their lanes inside the junction; `cont` → `waits_inside_m`
//! requests          response → `yields_to`, foes → `conflicts_with`
//! tlLogic           programme with its offset, the last one of each signal
//! ```
//!
//! The same net is read by the engine's import ([`crate::network::import::sumo`]); names are the same on both sides.
//! Weaknesses: a road has one length (its first lane's); walking areas and crossings are left out with their people;
//! actuated programmes are run as they are written; way of a stop sign as of a give-way sign.

use super::programme::{Meetings, acceptable};
use super::report::Remarks;
use super::sumo_routes::demand;
use super::sumo_types::{Types, read_types};
use super::vehicle_class::of_built_in;
use super::{ConversionReport, Converted};
use crate::network::import::sumo::net::{Connection, Function, SumoNet, TlLogic};
use crate::network::import::sumo::{ImportError, RouteText, parse, right_of_way};
use simulator::street::{
    Control, JunctionFile, LampFile, LaneFile, LinkFile, LinkRef, RoadFile, SignalFile, StageFile, StreetFile, Turn,
};
use std::collections::{BTreeMap, BTreeSet};

/// Shortest length of anything \[m\].
const SHORTEST_M: f64 = 0.1;

/// Read a network and its routes.
///
/// # Errors
/// What is no SUMO file, or does not hold together, with its place.
pub fn from_sumo(net_xml: &str, source: &str, routes: &[RouteText<'_>]) -> Result<Converted, ImportError> {
    let net = parse::parse(net_xml, source)?;
    let (mut guessed, mut refused) = (Remarks::default(), Remarks::default());
    let mut types = Types::default();
    for file in routes {
        read_types(file, &mut types, &mut refused)?;
    }
    let mut converter = Converter { net: &net, types: &types, guessed, refused, kept: BTreeMap::new() };
    let street = converter.street()?;
    (guessed, refused) = (converter.guessed, converter.refused);
    let kept: BTreeSet<&str> = street.roads.iter().map(|road| road.id.as_str()).collect();
    let demand = demand(&net, routes, &types, &kept, (&mut guessed, &mut refused))?;
    let report = ConversionReport { source: source.to_owned(), guessed: guessed.told(), refused: refused.told() };
    Ok(Converted { street, demand, report })
}

struct Converter<'a> {
    net: &'a SumoNet<'a>,
    types: &'a Types,
    guessed: Remarks,
    refused: Remarks,
    /// Link of each connection that is kept.
    kept: BTreeMap<usize, usize>,
}

impl Converter<'_> {
    fn street(&mut self) -> Result<StreetFile, ImportError> {
        let mut street = StreetFile { classes: self.types.classes(), ..StreetFile::default() };
        for edge in 0..self.net.edges.len() {
            street.roads.extend(self.road(edge));
        }
        self.links(&mut street);
        self.right_of_way(&mut street)?;
        let used: BTreeSet<&str> = street.roads.iter().flat_map(|it| [it.from.as_str(), it.to.as_str()]).collect();
        let ending: BTreeSet<String> = self.ends_with_links();
        for junction in self.net.junctions.iter().filter(|it| used.contains(it.id.as_str())) {
            let control = match junction.kind.as_str() {
                "traffic_light" | "traffic_light_unregulated" | "traffic_light_right_on_red" => Control::Signal,
                "right_before_left" | "left_before_right" => Control::RightBeforeLeft,
                "unregulated" => Control::None,
                "dead_end" if !ending.contains(&junction.id) => Control::Boundary,
                _ => Control::Priority,
            };
            let (id, [x_m, y_m]) = (junction.id.clone(), junction.at_m);
            street.junctions.push(JunctionFile { id, x_m, y_m, control, signal: None });
        }
        self.signals(&mut street);
        Ok(street)
    }

    /// A road, unless none of its lanes is for anybody who drives.
    fn road(&mut self, edge: usize) -> Option<RoadFile> {
        let edge = &self.net.edges[edge];
        let (from, to) = edge.ends.clone().filter(|_| edge.function == Function::Normal)?;
        let mut lanes = Vec::new();
        let mut length_m: Option<f64> = None;
        let mut speed_mps: Option<f64> = None;
        for &at in &edge.lanes {
            let lane = &self.net.lanes[at];
            let Some(classes) = self.allowed(at) else {
                self.refused.say(&lane.id, "a lane for nobody who drives here (rails, pavement): left out");
                continue;
            };
            let known = *length_m.get_or_insert(lane.length_m);
            if (known - lane.length_m).abs() > 0.5 {
                self.guessed.say(&lane.id, "its length differs from the first lane's, which is taken");
            }
            let of_road = *speed_mps.get_or_insert(lane.speed_mps.max(SHORTEST_M));
            let own = Some(lane.speed_mps.max(SHORTEST_M)).filter(|it| (it - of_road).abs() > 1e-9);
            let (id, shape) = (Some(lane.id.clone()), lane.shape.clone());
            lanes.push(LaneFile { id, classes, speed_mps: own, shape, ..LaneFile::default() });
        }
        Some(RoadFile {
            id: edge.id.clone(),
            from,
            to,
            length_m: length_m?.max(SHORTEST_M),
            speed_mps: speed_mps?,
            priority: edge.priority,
            shape: self.net.lanes[*edge.lanes.last()?].shape.clone(),
            lanes,
        })
    }

    /// Classes that may use a lane, empty for all of them; `None` for a lane that nobody may use.
    fn allowed(&self, lane: usize) -> Option<Vec<String>> {
        let permissions = self.net.lanes[lane].permissions;
        let built_in = simulator::street::ClassFile::built_in().map(|class| class.id);
        let built_in = built_in.iter().map(|id| (id.clone(), of_built_in(id).to_owned()));
        let all: Vec<(String, String)> = built_in.chain(self.types.with_classes()).collect();
        let allowed: Vec<String> =
            all.iter().filter(|(_, class)| permissions.allows(class)).map(|(id, _)| id.clone()).collect();
        match allowed.len() {
            0 => None,
            count if count == all.len() => Some(Vec::new()),
            _ => Some(allowed),
        }
    }

    fn links(&mut self, street: &mut StreetFile) {
        let lanes: BTreeSet<&str> =
            street.roads.iter().flat_map(|road| &road.lanes).filter_map(|lane| lane.id.as_deref()).collect();
        let mut seen = BTreeSet::new();
        for (at, connection) in self.net.connections.iter().enumerate() {
            let (from, to) = (&self.net.lanes[connection.from].id, &self.net.lanes[connection.to].id);
            if !lanes.contains(from.as_str()) || !lanes.contains(to.as_str()) {
                continue;
            }
            if !seen.insert((from, to)) {
                self.refused.say(from, "a second connection of the same two lanes: left out");
                continue;
            }
            self.kept.insert(at, street.links.len());
            street.links.push(self.link(connection));
        }
    }

    fn link(&self, connection: &Connection) -> LinkFile {
        let inside = self.net.path_inside(connection);
        let lengths: Vec<f64> = inside.iter().map(|&lane| self.net.lanes[lane].length_m).collect();
        let length_m = lengths.iter().sum::<f64>().max(SHORTEST_M);
        let speeds = inside.iter().map(|&lane| self.net.lanes[lane].speed_mps.max(SHORTEST_M));
        let mut shape: Vec<[f64; 2]> = Vec::new();
        for &point in inside.iter().flat_map(|&lane| &self.net.lanes[lane].shape) {
            if shape.last() != Some(&point) {
                shape.push(point);
            }
        }
        LinkFile {
            from: self.net.lanes[connection.from].id.clone(),
            to: self.net.lanes[connection.to].id.clone(),
            turn: match connection.direction.as_str() {
                "l" | "L" => Turn::Left,
                "r" | "R" => Turn::Right,
                "t" => Turn::U,
                _ => Turn::Straight,
            },
            length_m,
            speed_mps: speeds.reduce(f64::min),
            shape,
            signal: connection.control.clone().map(|(signal, group)| LampFile { signal, group }),
            yields_to: Vec::new(),
            conflicts_with: Vec::new(),
            waits_inside_m: (lengths.len() > 1).then(|| lengths[0].min(length_m)),
        }
    }

    /// Rows of the junctions' tables.
    fn right_of_way(&self, street: &mut StreetFile) -> Result<(), ImportError> {
        for junction in self.net.junctions.iter().filter(|it| it.kind != "internal") {
            let rows = right_of_way::links_of(self.net, junction)?;
            for (row, request) in junction.requests.iter().enumerate().take(rows.len()) {
                let Some(&link) = self.kept.get(&rows[row]) else { continue };
                for (other, position) in rows.iter().enumerate() {
                    let Some(&other_link) = self.kept.get(position) else { continue };
                    let set = |bits: &[bool]| bits.get(other).copied().unwrap_or(false);
                    let yields = set(&request.response) && !self.net.connections[rows[row]].pass;
                    if yields {
                        street.links[link].yields_to.push(LinkRef::Index(other_link));
                    } else if set(&request.foes) {
                        street.links[link].conflicts_with.push(LinkRef::Index(other_link));
                    }
                }
            }
        }
        Ok(())
    }

    /// Junctions from which a kept connection leads on.
    fn ends_with_links(&self) -> BTreeSet<String> {
        let from = self.kept.keys().map(|&at| &self.net.edges[self.net.lanes[self.net.connections[at].from].edge]);
        from.filter_map(|edge| edge.ends.as_ref().map(|(_, to)| to.clone())).collect()
    }

    fn signals(&mut self, street: &mut StreetFile) {
        let last: BTreeMap<&str, &TlLogic> = self.net.logics.iter().map(|it| (it.id.as_str(), it)).collect();
        let mut absent: BTreeSet<String> = BTreeSet::new();
        for (id, logic) in last {
            let groups = logic.phases.first().map_or(0, |phase| phase.state.len());
            let stage = |phase: &crate::network::import::sumo::net::TlPhase| StageFile {
                duration_s: phase.duration_s,
                state: phase.state.replace('Y', "y"),
            };
            let mut stages: Vec<StageFile> =
                logic.phases.iter().filter(|phase| phase.state.len() == groups).map(stage).collect();
            let meetings = meetings(street, id);
            let made = acceptable(&mut stages, &meetings, id, &mut self.refused);
            make_yield(street, id, &made);
            let (id, offset_s) = (id.to_owned(), logic.offset_s);
            street.signals.push(SignalFile { id, groups, stages, offset_s, ..SignalFile::default() });
        }
        for link in &mut street.links {
            let known = |lamp: &LampFile| {
                let signal = street.signals.iter().find(|it| it.id == lamp.signal);
                signal.is_some_and(|it| lamp.group < it.groups)
            };
            if let Some(lamp) = link.signal.take_if(|lamp| !known(lamp)) {
                absent.insert(lamp.signal);
            }
        }
        for signal in absent {
            self.refused.say(&signal, "a signal without programme: its links go by right of way");
        }
    }
}

/// Which groups of a signal meet, and whether every link of the first that meets the second gives way to it.
pub(super) fn meetings(street: &StreetFile, signal: &str) -> Meetings {
    let group =
        |link: usize| street.links[link].signal.as_ref().filter(|lamp| lamp.signal == signal).map(|it| it.group);
    let mut by_link: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    let mut meet = |a: usize, b: usize, yields: bool| {
        *by_link.entry((a, b)).or_default() |= yields;
        by_link.entry((b, a)).or_default();
    };
    for (at, link) in street.links.iter().enumerate() {
        for (references, yields) in [(&link.yields_to, true), (&link.conflicts_with, false)] {
            for reference in references {
                if let LinkRef::Index(other) = reference {
                    meet(at, *other, yields);
                }
            }
        }
        for (other, _) in street.links.iter().enumerate().skip(at + 1).filter(|(_, it)| it.to == link.to) {
            meet(at, other, false);
        }
    }
    let mut meetings = Meetings::new();
    for ((a, b), yields) in by_link {
        let (Some(one), Some(other)) = (group(a), group(b)) else { continue };
        if one != other && street.links[a].from != street.links[b].from {
            *meetings.entry((one, other)).or_insert(true) &= yields;
        }
    }
    meetings
}

/// Links of the first group give way to those of the second from now on.
pub(super) fn make_yield(street: &mut StreetFile, signal: &str, pairs: &[(usize, usize)]) {
    let lamp = |link: &LinkFile, group: usize| {
        link.signal.as_ref().is_some_and(|lamp| lamp.signal == signal && lamp.group == group)
    };
    for &(one, other) in pairs {
        let others: Vec<usize> = (0..street.links.len()).filter(|&it| lamp(&street.links[it], other)).collect();
        for at in (0..street.links.len()).filter(|&it| lamp(&street.links[it], one)).collect::<Vec<_>>() {
            for &to in &others {
                let refers = |reference: &LinkRef| *reference == LinkRef::Index(to);
                let merges = street.links[at].to == street.links[to].to;
                let link = &mut street.links[at];
                let meets = merges || link.conflicts_with.iter().any(refers);
                if meets && !link.yields_to.iter().any(refers) {
                    link.conflicts_with.retain(|it| !refers(it));
                    link.yields_to.push(LinkRef::Index(to));
                }
            }
        }
    }
}
