//! Synchro's UTDF, combined CSV, version 8: nodes, links, lanes with volumes, time plans, phases. Metric.
//!
//! In: a network with its programmes, a map, volumes where there are any. Out: text and what was guessed and lost. What is written is what
//! [`crate::network::import::utdf`] reads, so a network that goes out and comes back shows the same signals; an intersection without NEMA phases
//! comes back with a phase a stage ([`super::phases`]). A combined file holds one time plan, so there is one a programme, as those who work with Synchro keep them (`AM`, `PM`), and when
//! each runs stands in a table of our own. Names that are no whole numbers become numbers, the name stands as `DESCRIPTION`.
//!
//! Lost: feeders, detectors, maximum reds, the shares of turns where there are no volumes, lanes that lead to turns which do not lie beside each other, crosswalks (walk
//! and clearance of their phase are written).

use super::ExportReport;
use super::legs::{DIRECTIONS, Leg, TurnOf, legs, turned};
use super::phases::{PhaseOf, Phases, Timing, phases};
use super::{seconds, short};
use crate::ids::{LaneIx, LinkId};
use crate::network::table::quoted;
use crate::network::{Geometry, Intersection, Link, Network};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Columns of the section `[Lanes]`.
const TURNS: [&str; 6] = ["U", "L2", "L", "T", "R", "R2"];
/// Distance of an end of the network that has no place \[m\].
const END_M: f64 = 300.0;
/// Most phases that serve a turn in one way.
const SERVING_MAX: usize = 4;

/// The texts of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UtdfTexts {
    /// The network with the first programme of every intersection.
    pub network: String,
    /// The same with the programmes of a name, where an intersection has one; by their names.
    pub plans: BTreeMap<String, String>,
    /// When which of them runs, a table of our own ([`crate::network::import::utdf`]); none without a timetable.
    pub times: Option<String>,
}

/// Write a network; `volumes` per intersection and movement \[veh/h\].
pub fn write(network: &Network, geometry: &Geometry, volumes: Option<&[Vec<f64>]>) -> (UtdfTexts, ExportReport) {
    let all: Vec<&str> =
        network.intersections.iter().flat_map(|it| &it.timetable.programmes).map(|it| it.0.as_str()).collect();
    let (text, report) = plan(network, geometry, volumes, None);
    let plans = all.into_iter().map(|name| (name.to_owned(), plan(network, geometry, volumes, Some(name)).0)).collect();
    let times = times(network);
    (UtdfTexts { network: text, plans, times }, report)
}

/// When which programme runs.
fn times(network: &Network) -> Option<String> {
    let numbers = numbers(network, &mut ExportReport::default());
    let mut text = String::from("intid,plan,time_day,dates,goes_on,utc_offset_min\n");
    for it in network.intersections.iter().filter(|it| !it.timetable.entries.is_empty()) {
        let timetable = &it.timetable;
        for period in timetable.periods() {
            let plan = period.programme.map_or("", |at| timetable.programmes[at].0.as_str());
            let (time_day, dates) = super::time_day(&period, false);
            let (number, offset) = (numbers[it.id.as_str()], timetable.utc_offset.0 / 60_000);
            let _ = writeln!(text, "{number},{},{time_day},{dates},{},{offset}", quoted(plan), period.carried);
        }
    }
    (text.lines().count() > 1).then_some(text)
}

/// One combined file: the first programmes, or those of a name where there is one.
fn plan(
    network: &Network,
    geometry: &Geometry,
    volumes: Option<&[Vec<f64>]>,
    plan: Option<&str>,
) -> (String, ExportReport) {
    let mut report = ExportReport::default();
    if geometry.schematic {
        report.guess("network", "lanes are not on a map that was surveyed: directions come from names and turns, places may be laid out by rule");
    }
    let numbers = numbers(network, &mut report);
    let mut writer = Writer {
        network,
        geometry,
        volumes,
        plan,
        next: numbers.values().copied().max().unwrap_or(0) + 1,
        numbers,
        roads: BTreeMap::new(),
        ends: BTreeMap::new(),
        nodes: String::new(),
        links: String::new(),
        lanes: String::new(),
        plans: String::new(),
        phases: String::new(),
    };
    for ix in 0..network.intersections.len() {
        writer.intersection(ix, &mut report);
    }
    (writer.text(), report)
}

/// Numbers of intersections: their names where all are whole numbers.
fn numbers(network: &Network, report: &mut ExportReport) -> BTreeMap<String, u64> {
    let own: Option<Vec<u64>> = network.intersections.iter().map(|it| it.id.as_str().parse().ok()).collect();
    if own.is_none() {
        report.lose(
            "network",
            "names that are no whole numbers: intersections are numbered, the name is the description",
        );
    }
    let numbers = own.unwrap_or_else(|| (1..=network.intersections.len() as u64).collect());
    network.intersections.iter().map(|it| it.id.to_string()).zip(numbers).collect()
}

struct Writer<'a> {
    network: &'a Network,
    geometry: &'a Geometry,
    volumes: Option<&'a [Vec<f64>]>,
    plan: Option<&'a str>,
    numbers: BTreeMap<String, u64>,
    next: u64,
    /// Roads that lead to a signal, by intersection and road of exit → number.
    roads: BTreeMap<(usize, String), u64>,
    /// Ends of the network: intersection and direction from which it is reached → number.
    ends: BTreeMap<(usize, usize), u64>,
    nodes: String,
    links: String,
    lanes: String,
    plans: String,
    phases: String,
}

/// One row of `[Lanes]`: values by column.
type Row = BTreeMap<String, String>;

impl Writer<'_> {
    fn text(self) -> String {
        let columns = lane_columns().join(",");
        let phases = (1..=8).map(|it| format!("D{it}")).collect::<Vec<_>>().join(",");
        let directions = DIRECTIONS.join(",");
        format!(
            "[Network]\nNetwork Settings\nRECORDNAME,DATA\nUTDFVERSION,8\nMetric,1\n\n\
             [Nodes]\nNode Data\nINTID,TYPE,X,Y,Z,DESCRIPTION\n{}\n\
             [Links]\nLink Data\nRECORDNAME,INTID,{directions}\n{}\n\
             [Lanes]\nLane Group Data\nRECORDNAME,INTID,{columns}\n{}\n\
             [Timeplans]\nTiming Plan Settings\nRECORDNAME,INTID,DATA\n{}\n\
             [Phases]\nPhasing Data\nRECORDNAME,INTID,{phases}\n{}",
            self.nodes, self.links, self.lanes, self.plans, self.phases
        )
    }

    fn intersection(&mut self, ix: usize, report: &mut ExportReport) {
        let network = self.network;
        let intersection = &network.intersections[ix];
        let number = self.numbers[intersection.id.as_str()];
        let [x, y] = self.geometry.intersections.get(intersection.id.as_str()).copied().unwrap_or_default();
        let name = intersection.id.as_str();
        let description = if name == number.to_string() { String::new() } else { quoted(name) };
        let _ = writeln!(self.nodes, "{number},0,{},{},0,{description}", short(x), short(y));
        let legs = legs(intersection, self.geometry, report);
        let phases = phases(intersection, report);
        let ups = self.ups(ix, &legs, report);
        self.roads(ix, (&legs, &ups), report);
        self.link_rows(ix, number, (&legs, &ups));
        let served = phases.as_ref().map_or(&[][..], |it| it.phases.as_slice());
        self.lane_rows((ix, number), (&legs, &ups), served, report);
        if intersection.movements.iter().any(|it| it.lane.is_none()) {
            report.lose(name, "crosswalks: only walk and clearance of their phases are written");
        }
        if let Some(phases) = phases {
            self.timing(number, &phases);
        }
    }

    /// Node from which each leg comes. Two nodes are joined by one road there, so a second one begins at an end of its own.
    fn ups(&mut self, ix: usize, legs: &[Leg], report: &mut ExportReport) -> Vec<u64> {
        let intersection = &self.network.intersections[ix];
        let mut ups = Vec::new();
        for leg in legs {
            let approach = &intersection.approaches[leg.approach].id;
            let link = self.network.links.iter().find(|it| it.to == intersection.id && it.approach == *approach);
            let from = link.and_then(|link| self.numbers.get(link.from.as_str()).copied());
            if from.is_some_and(|from| ups.contains(&from)) {
                let what =
                    format!("road {approach} is the second from the same signal: it begins at an end of its own");
                report.lose(intersection.id.as_str(), what);
            }
            let from = from.filter(|from| !ups.contains(from));
            ups.push(from.unwrap_or_else(|| self.end(ix, leg.direction)));
        }
        ups
    }

    /// Roads of exit that lead to signals. Two nodes are joined by one road there: of several the one that lies nearest to the leg from that signal, then the
    /// shortest; the others lead to ends of their own.
    fn roads(&mut self, ix: usize, (legs, ups): (&[Leg], &[u64]), report: &mut ExportReport) {
        let (network, id) = (self.network, &self.network.intersections[ix].id);
        let turns = || {
            legs.iter().flat_map(|leg| leg.turns.iter().map(move |turn| (leg.direction + turned(turn.letter), turn)))
        };
        let mut taken: BTreeMap<u64, &LinkId> = BTreeMap::new();
        let mut links: Vec<(usize, &Link, u64)> = Vec::new();
        for link in network.links.iter().filter(|it| it.from == *id) {
            let Some(to) = self.numbers.get(link.to.as_str()).copied() else { continue };
            let leg = legs.iter().zip(ups).find(|it| *it.1 == to).map(|it| it.0.direction + 4);
            let off = |direction: usize| {
                leg.map_or(0, |leg| ((8 + direction % 8 - leg % 8) % 8).min((8 + leg % 8 - direction % 8) % 8))
            };
            let apart = turns().filter(|it| it.1.exit == link.id).map(|it| off(it.0)).min().unwrap_or(8);
            links.push((apart, link, to));
        }
        links.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.length_m.total_cmp(&b.1.length_m)));
        for (_, link, to) in links {
            if *taken.entry(to).or_insert(&link.id) == &link.id {
                self.roads.entry((ix, link.id.to_string())).or_insert(to);
            } else if turns().any(|it| it.1.exit == link.id) {
                let what = format!("road {} is not the only one to {}: it ends outside", link.id, link.to);
                report.lose(id.as_str(), what);
            }
        }
    }

    /// Node to which a road leads, left in a direction \[of the eight\].
    fn dest(&mut self, ix: usize, exit: &LinkId, leaving: usize) -> u64 {
        let to = self.roads.get(&(ix, exit.to_string())).copied();
        // A road that leaves to the north belongs to the leg that comes from there and leads south.
        to.unwrap_or_else(|| self.end(ix, (leaving + 4) % 8))
    }

    fn end(&mut self, ix: usize, direction: usize) -> u64 {
        if let Some(known) = self.ends.get(&(ix, direction)) {
            return *known;
        }
        let number = self.next;
        self.next += 1;
        self.ends.insert((ix, direction), number);
        let intersection = &self.network.intersections[ix];
        let [x, y] = self.geometry.intersections.get(intersection.id.as_str()).copied().unwrap_or_default();
        let away = (direction as f64 * 45.0).to_radians();
        let (x, y) = (x - END_M * away.sin(), y - END_M * away.cos());
        let _ = writeln!(self.nodes, "{number},1,{},{},0,", short(x), short(y));
        number
    }

    fn link_rows(&mut self, ix: usize, number: u64, (legs, ups): (&[Leg], &[u64])) {
        let intersection = &self.network.intersections[ix];
        let mut rows: [Row; 4] = Default::default();
        for (leg, up) in legs.iter().zip(ups) {
            let column = DIRECTIONS[leg.direction].to_owned();
            rows[0].insert(column.clone(), up.to_string());
            rows[1].insert(column.clone(), self.lanes_between(intersection, leg).to_string());
            rows[2].insert(column.clone(), short(self.length_m(intersection, leg)));
            rows[3].insert(column, short(speed_mps(intersection, leg) * 3.6));
        }
        put_links(&mut self.links, number, &rows);
        // Roads that lead out of the network: lanes of them tell who leaves beside whom.
        let mut out: BTreeMap<u64, [Row; 4]> = BTreeMap::new();
        for (leg, turn) in legs.iter().flat_map(|leg| leg.turns.iter().map(move |turn| (leg, turn))) {
            let leaving = (leg.direction + turned(turn.letter)) % 8;
            let end = self.dest(ix, &turn.exit, leaving);
            if out.contains_key(&end) || self.numbers.values().any(|it| *it == end) {
                continue;
            }
            let exits: Vec<_> = intersection.exits.iter().filter(|it| it.link == turn.exit).collect();
            let length_m = exits.iter().map(|it| it.length_m).fold(1.0, f64::max);
            let speed = legs.iter().map(|leg| speed_mps(intersection, leg)).fold(0.0, f64::max);
            let cells = [number.to_string(), exits.len().to_string(), short(length_m), short(speed * 3.6)];
            out.insert(end, cells.map(|it| Row::from([(DIRECTIONS[leaving].to_owned(), it)])));
        }
        for (end, rows) in &out {
            put_links(&mut self.links, *end, rows);
        }
    }

    /// Lanes of the road to a leg: those of its begin, where it comes from a signal.
    fn lanes_between(&self, intersection: &Intersection, leg: &Leg) -> usize {
        let approach = &intersection.approaches[leg.approach].id;
        let link = self.network.links.iter().find(|it| it.to == intersection.id && it.approach == *approach);
        let from = link.and_then(|link| Some((link, self.network.intersections.iter().find(|it| it.id == link.from)?)));
        from.map_or(leg.lanes.len(), |(link, from)| from.exits.iter().filter(|it| it.link == link.id).count())
    }

    /// Length of a leg: of its road between signals, at least of its longest lane \[m\].
    fn length_m(&self, intersection: &Intersection, leg: &Leg) -> f64 {
        let approach = &intersection.approaches[leg.approach];
        let own = leg.lanes.iter().map(|it| intersection.lanes[it.0].length_m).fold(1.0, f64::max);
        let links = self.network.links.iter().filter(|it| it.to == intersection.id && it.approach == approach.id);
        links.map(|it| it.length_m).fold(own, f64::max)
    }

    fn lane_rows(
        &mut self,
        (ix, number): (usize, u64),
        (legs, ups): (&[Leg], &[u64]),
        phases: &[PhaseOf],
        report: &mut ExportReport,
    ) {
        let intersection = &self.network.intersections[ix];
        let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
        let mut say = |record: &'static str, column: &str, value: String| {
            rows.entry(record).or_default().insert(column.to_owned(), value);
        };
        for (leg, up) in legs.iter().zip(ups) {
            let (owned, shared) = lanes_of_turns(intersection, leg, report);
            let served = serving(intersection, leg, phases, report);
            let length_m = self.length_m(intersection, leg);
            let by_shares = volumes_by_shares(intersection, leg);
            for (at, turn) in leg.turns.iter().enumerate() {
                let column = leg.column(turn);
                let leaving = leg.direction + turned(turn.letter);
                say("Up Node", &column, up.to_string());
                say("Dest Node", &column, self.dest(ix, &turn.exit, leaving % 8).to_string());
                say("Lanes", &column, owned[at].len().to_string());
                say("Shared", &column, shared[at].to_string());
                let lane = |it: &LaneIx| &intersection.lanes[it.0];
                let longest = owned[at].iter().map(|it| lane(it).length_m).fold(0.0, f64::max);
                if !owned[at].is_empty() && longest < length_m - 0.01 {
                    say("Storage", &column, short(longest));
                    say("StLanes", &column, owned[at].len().to_string());
                }
                if owned[at].iter().any(|it| (lane(it).length_m - longest).abs() > 0.5) {
                    report.lose(
                        intersection.id.as_str(),
                        format!("{column}: lanes of unequal length, the longest is written"),
                    );
                }
                say("Speed", &column, short(speed_mps(intersection, leg) * 3.6));
                if !owned[at].is_empty() {
                    let flow = owned[at].iter().map(|it| lane(it).saturation_prior * 3600.0).sum();
                    say("SatFlow", &column, short(flow));
                }
                let on_red = turn.movements.iter().any(|it| {
                    let group = intersection.movements[it.0].group;
                    intersection.groups[group.0].rest == crate::units::Indication::RedTurnAllowed
                });
                say("Allow RTOR", &column, u8::from(on_red).to_string());
                let volume = self.volumes.map_or(0.0, |all| turn.movements.iter().map(|it| all[ix][it.0]).sum());
                say("Volume", &column, short(if self.volumes.is_some() { volume } else { by_shares[at] }));
                for (record, numbers) in [PROTECTED, PERMISSIVE].into_iter().zip(&served[at]) {
                    for (name, number) in record.into_iter().zip(numbers) {
                        say(name, &column, number.to_string());
                    }
                }
            }
        }
        if self.volumes.is_none() && ix == 0 {
            report.guess("network", "no volumes: such as give the shares of the turns, about 1000 veh/h on a lane");
        }
        let columns = lane_columns();
        for record in LANE_RECORDS {
            if let Some(row) = rows.get(record) {
                put(&mut self.lanes, record, number, &columns, row);
            }
        }
    }

    fn timing(&mut self, number: u64, phases: &Phases<'_>) {
        let named = phases.programmes.iter().find(|it| self.plan.is_some() && it.name == self.plan);
        let timing: &Timing<'_> = named.unwrap_or(&phases.programmes[0]);
        for (record, value) in [
            ("Control Type", "0".to_owned()),
            ("Cycle Length", seconds(timing.cycle)),
            ("Offset", seconds(timing.begin)),
        ] {
            let _ = writeln!(self.plans, "{record},{number},{value}");
        }
        let columns: Vec<String> = (1..=8).map(|it| format!("D{it}")).collect();
        let mut row = |record: &str, value: &dyn Fn(usize, &PhaseOf) -> Option<String>| {
            let all = phases.phases.iter().enumerate();
            let cells = all.filter_map(|(at, it)| Some((format!("D{}", it.number), value(at, it)?))).collect();
            put(&mut self.phases, record, number, &columns, &cells);
        };
        row("BRP", &|at, it| Some(format!("{}{}{}", it.barrier, it.ring, timing.positions[at])));
        row("MinGreen", &|_, it| Some(seconds(it.green_min)));
        row("MaxGreen", &|at, it| timing.green(at, it).map(seconds));
        row("Yellow", &|_, it| Some(seconds(it.yellow)));
        row("AllRed", &|_, it| Some(seconds(it.red)));
        row("Walk", &|_, it| it.walk.map(|walk| seconds(walk.0)));
        row("DontWalk", &|_, it| it.walk.map(|walk| seconds(walk.1)));
        row("Start", &|at, _| timing.runs[at].map(|run| seconds(run.0)));
        row("End", &|at, _| timing.runs[at].map(|run| seconds(run.1)));
    }
}

const PROTECTED: [&str; SERVING_MAX] = ["Phase1", "Phase2", "Phase3", "Phase4"];
const PERMISSIVE: [&str; SERVING_MAX] = ["PermPhase1", "PermPhase2", "PermPhase3", "PermPhase4"];
/// Records of `[Lanes]` in their order.
const LANE_RECORDS: [&str; 18] = [
    "Up Node",
    "Dest Node",
    "Lanes",
    "Shared",
    "Storage",
    "StLanes",
    "Speed",
    "Phase1",
    "Phase2",
    "Phase3",
    "Phase4",
    "PermPhase1",
    "PermPhase2",
    "PermPhase3",
    "PermPhase4",
    "SatFlow",
    "Allow RTOR",
    "Volume",
];

fn lane_columns() -> Vec<String> {
    let turns = DIRECTIONS.iter().flat_map(|direction| TURNS.iter().map(move |turn| format!("{direction}{turn}")));
    turns.chain(["PED".to_owned(), "HOLD".to_owned()]).collect()
}

fn speed_mps(intersection: &Intersection, leg: &Leg) -> f64 {
    leg.lanes.iter().map(|it| intersection.lanes[it.0].speed_mps).fold(0.0, f64::max)
}

/// Lanes that belong to each turn, and with which turn beside it the outer ones are shared: 1 left, 2 right, 3 both.
fn lanes_of_turns(intersection: &Intersection, leg: &Leg, report: &mut ExportReport) -> (Vec<Vec<LaneIx>>, Vec<u8>) {
    let mut owned: Vec<Vec<LaneIx>> = vec![Vec::new(); leg.turns.len()];
    let mut shared: Vec<u8> = vec![0; leg.turns.len()];
    for &lane in &leg.lanes {
        let leads = |turn: &TurnOf| turn.movements.iter().any(|it| intersection.movements[it.0].lane == Some(lane));
        let turns: Vec<usize> = (0..leg.turns.len()).filter(|&at| leads(&leg.turns[at])).collect();
        let through = turns.iter().copied().find(|&at| leg.turns[at].letter == "T");
        let Some(owner) = through.or_else(|| turns.first().copied()) else {
            report.lose(
                intersection.id.as_str(),
                format!("lane {} leads nowhere: not written", intersection.lanes[lane.0].id),
            );
            continue;
        };
        owned[owner].push(lane);
        for &other in turns.iter().filter(|it| **it != owner) {
            let bit = if other + 1 == owner { 1 } else { 2 };
            let beside = other.abs_diff(owner) == 1;
            // Only the leftmost lane of a turn can be shared to the left, only the rightmost to the right.
            let outermost = bit == 2 || owned[owner].len() == 1;
            if beside && outermost {
                shared[owner] |= bit;
            } else {
                let name = &intersection.lanes[lane.0].id;
                report.lose(
                    intersection.id.as_str(),
                    format!("lane {name} also leads to {}: not written", leg.column(&leg.turns[other])),
                );
            }
        }
    }
    (owned, shared)
}

/// Volumes that give the shares of the turns on each lane when they are read as if every lane of a turn carried as much \[veh/h\].
fn volumes_by_shares(intersection: &Intersection, leg: &Leg) -> Vec<f64> {
    let share = |turn: &TurnOf, lane: LaneIx| {
        let on = turn.movements.iter().map(|it| &intersection.movements[it.0]).find(|it| it.lane == Some(lane));
        on.map(|it| it.share_prior).filter(|it| *it > 0.0)
    };
    let lanes = |turn: &TurnOf| leg.lanes.iter().filter(|lane| share(turn, **lane).is_some()).count();
    let mut weights: Vec<Option<f64>> = vec![None; leg.turns.len()];
    for at in 0..leg.turns.len() {
        weights[at].get_or_insert(1000.0);
        for _ in 0..leg.turns.len() {
            for &lane in &leg.lanes {
                let known = (0..leg.turns.len()).find_map(|it| Some(weights[it]? / share(&leg.turns[it], lane)?));
                for (weight, turn) in weights.iter_mut().zip(&leg.turns).filter(|it| it.0.is_none()) {
                    *weight = known.zip(share(turn, lane)).map(|(all, share)| all * share);
                }
            }
        }
    }
    leg.turns.iter().zip(&weights).map(|(turn, weight)| weight.unwrap_or(0.0) * lanes(turn) as f64).collect()
}

/// Numbers of the phases that serve each turn, protected and permissive; nothing for one that goes with the group of the turn beside it.
fn serving(intersection: &Intersection, leg: &Leg, phases: &[PhaseOf], report: &mut ExportReport) -> Vec<[Vec<u8>; 2]> {
    let groups: Vec<Vec<usize>> = leg
        .turns
        .iter()
        .map(|turn| {
            let mut groups: Vec<usize> = turn.movements.iter().map(|it| intersection.movements[it.0].group.0).collect();
            groups.sort_unstable();
            groups.dedup();
            groups
        })
        .collect();
    let mut owners: Vec<Option<usize>> = vec![None; leg.turns.len()];
    // A group is told with the turn straight on, where it serves one, and the turns beside it follow.
    let mut order: Vec<usize> = (0..leg.turns.len()).collect();
    order.sort_by_key(|&at| leg.turns[at].letter != "T");
    for at in order {
        let told = owners.iter().any(|it| it.is_some_and(|owner| groups[owner] == groups[at]));
        if !told {
            owners[at] = Some(at);
        }
    }
    let follows = |at: usize, owners: &[Option<usize>]| {
        let nearest = (0..owners.len()).filter(|&it| owners[it].is_some()).min_by_key(|it| it.abs_diff(at));
        nearest.is_some_and(|it| groups[it] == groups[at])
    };
    for at in 0..owners.len() {
        if owners[at].is_none() && !follows(at, &owners) {
            owners[at] = Some(at);
            let what = format!("{} becomes a group of its own", leg.column(&leg.turns[at]));
            report.lose(intersection.id.as_str(), what);
        }
    }
    let mut served = Vec::new();
    for (at, turn) in leg.turns.iter().enumerate() {
        let mut numbers: [Vec<u8>; 2] = Default::default();
        if owners[at].is_some() {
            if groups[at].len() > 1 {
                report.lose(
                    intersection.id.as_str(),
                    format!("{}: its lanes have lamps of their own; those of the first are written", leg.column(turn)),
                );
            }
            let group = groups[at].first().copied();
            for it in phases {
                let serves = |all: &[crate::ids::GroupIx]| all.iter().any(|own| Some(own.0) == group);
                if serves(&it.protected) {
                    numbers[0].push(it.number);
                } else if serves(&it.permissive) {
                    numbers[1].push(it.number);
                }
            }
            if numbers.iter().any(|it| it.len() > SERVING_MAX) {
                report.lose(
                    intersection.id.as_str(),
                    format!("{}: more than {SERVING_MAX} phases serve it", leg.column(turn)),
                );
            }
        }
        served.push(numbers);
    }
    served
}

fn put_links(text: &mut String, number: u64, rows: &[Row; 4]) {
    let columns: Vec<String> = DIRECTIONS.map(str::to_owned).to_vec();
    for (name, row) in ["Up ID", "Lanes", "Distance", "Speed"].iter().zip(rows) {
        put(text, name, number, &columns, row);
    }
}

fn put(text: &mut String, record: &str, number: u64, columns: &[String], row: &Row) {
    let cells: Vec<&str> = columns.iter().map(|it| row.get(it).map_or("", String::as_str)).collect();
    let _ = writeln!(text, "{record},{number},{}", cells.join(","));
}
