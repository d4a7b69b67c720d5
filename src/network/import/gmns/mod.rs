//! Import from GMNS, the General Modeling Network Specification (Zephyr Foundation, Volpe/FHWA): CSV tables, version 0.92 to 0.96.
//!
//! | Table | Read | Without it |
//! |---|---|---|
//! | `config` | units of length and speed | metres, km/h |
//! | `node`, `link`, `movement` | places, roads, turns | refused |
//! | `lane` | lanes by their numbers, from left to right | as many as `link.lanes`, at least one |
//! | `signal_controller`, `signal_timing_plan`, `signal_timing_phase`, `signal_phase_mvmt` | one intersection a controller: phases, rings, barriers, greens | refused |
//! | `signal_coordination`, `time_set_definitions` | offsets; when a plan is used | offset 0; a plan is always |
//!
//! Of several plans the one that is used most of the week becomes the programme, and the others run at their times (`timetable`); or one is chosen ([`PlanChoice`]). Which days are
//! holidays, and the time zone, no table of the specification says: our own columns, else the options. Columns that begin with `opt_` are those that
//! [`crate::exchange::gmns`] writes. Every reference that leads nowhere and every name that is there twice is told with file, line and column, and nothing is made then.
//! What is not said is guessed and told; what cannot be used is left out and told.
//!
//! Assumptions: traffic keeps to the right; legs lie as the codes of their movements say (`NBL`), else as the coordinates of their nodes; who crosses whom follows from that and from the lanes
//! of exit ([`super::meeting`], [`super::conflicts`]). Weaknesses: links'
//! geometry, segments, detectors, crosswalks and time-of-day restrictions are not read; a road between two signals is one link.

mod plans;
mod signals;
mod tables;
mod timetable;

pub use plans::PlanChoice;

use super::conflicts::{Served, conflicts};
use super::meeting::{Way, between};
use super::sumo::{self, ImportCounts, ImportError, ImportOptions, ImportReport, Imported};
use crate::ids::{IntersectionId, LaneId, LinkId};
use crate::network::file::{ApproachFile, ExitFile, IntersectionFile, LaneFile, LinkFile, MovementFile, NetworkFile};
use crate::network::table::{Row, Table};
use crate::network::{Geometry, Network, Problems, Turn};
use signals::Signals;
use std::collections::{BTreeMap, BTreeSet};
use tables::Tables;

/// Length and speed of a road about which nothing is said \[m\], \[m/s\].
const LENGTH_M: f64 = 150.0;
const SPEED_MPS: f64 = 13.9;

/// Why tables are refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GmnsError {
    /// The operator asks for what is not allowed.
    #[error(transparent)]
    Options(#[from] ImportError),
    /// What is wrong with the tables, or with the network that they make.
    #[error("{0}")]
    Problems(Problems),
    /// There is no signal that could be used.
    #[error("{folder}: no signal can be imported{why}")]
    Nothing {
        /// The folder.
        folder: String,
        /// What was refused.
        why: String,
    },
}

/// A road.
struct Road {
    from: String,
    to: String,
    length_m: f64,
    speed_mps: f64,
    /// Lanes from left to right: number, name, own length \[m\], saturation flow \[veh/s\].
    lanes: Vec<(i64, String, Option<f64>, Option<f64>)>,
    heading: f64,
}

/// A turn of the tables.
struct Mvmt {
    id: String,
    controller_groups: Option<String>,
    code: Option<String>,
    ib: String,
    ob: String,
    turn: Turn,
    lanes: Vec<usize>,
    /// First and last lane by which it leaves.
    out: Option<[i64; 2]>,
}

/// Import tables by name (`node`, `link`, …); `source` names their folder in messages.
///
/// # Errors
/// Everything that is wrong with them, at once; or that no signal is left.
pub fn import(
    texts: &BTreeMap<String, String>,
    source: &str,
    plan: &PlanChoice,
    options: &ImportOptions,
) -> Result<Imported, GmnsError> {
    sumo::check(options)?;
    let mut problems = Problems::default();
    let tables = Tables::read(texts, source, &mut problems);
    let mut report = ImportReport { source: source.to_owned(), ..ImportReport::default() };
    let units = units(&tables, source, &mut problems, &mut report);
    let places = places(&tables, &mut problems);
    let roads = roads(&tables, units, &places, &mut problems, &mut report);
    let movements = movements(&tables, &roads, &mut problems, &mut report);
    let signals = signals::read(&tables, plan, source, &mut problems, &mut report);
    let signals = problems.into_result(signals).map_err(GmnsError::Problems)?;
    let mut file = NetworkFile { city: options.city.clone(), ..NetworkFile::default() };
    let mut nodes_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let served = |it: &&Mvmt| signals.iter().any(|signal| signal.serving.contains_key(&it.id));
    let approached: BTreeSet<&str> = movements.iter().filter(served).map(|it| it.ib.as_str()).collect();
    for signal in &signals {
        let own: Vec<&Mvmt> = movements.iter().filter(|it| signal.serving.contains_key(&it.id)).collect();
        let site = Site { signal, roads: &roads, own: &own, approached: &approached, options };
        if let Some(built) = site.intersection(&mut report) {
            let mut nodes: Vec<String> = own.iter().map(|it| roads[&it.ib].to.clone()).collect();
            nodes.sort_unstable();
            nodes.dedup();
            nodes_of.insert(signal.id.clone(), nodes);
            file.intersections.push(built);
        }
    }
    if file.intersections.is_empty() {
        let why: Vec<String> =
            report.refused.iter().take(5).map(|it| format!("\n  {}: {}", it.about, it.message)).collect();
        return Err(GmnsError::Nothing { folder: source.to_owned(), why: why.concat() });
    }
    join(&mut file, &roads, &nodes_of);
    let network = Network::build(file.clone()).map_err(GmnsError::Problems)?;
    report.counts = ImportCounts::of(&file);
    report.counts.stages = network.intersections.iter().map(|it| it.stages.len()).sum();
    for note in &network.notes() {
        report.note("network", note.to_string());
    }
    let mut geometry = Geometry::default();
    for (id, nodes) in &nodes_of {
        if let Some(at) = nodes.first().and_then(|it| places.get(it)) {
            geometry.intersections.insert(id.clone(), *at);
        }
    }
    Ok(Imported { geometry: geometry.completed(&network), file, network, report })
}

/// Metres in the unit of long lengths, metres a second in that of speeds.
fn units(tables: &Tables, source: &str, problems: &mut Problems, report: &mut ImportReport) -> (f64, f64) {
    let Some((table, row)) = tables.rows("config").next() else {
        report.guess("network", "no config.csv: metres and km/h");
        return (1.0, 1.0 / 3.6);
    };
    let mut of = |column: &str, known: &[(&str, f64)], usual: f64| {
        let Some(unit) = table.text(row, column) else {
            report.guess("network", format!("config.csv says no {column}: {}", known[0].0));
            return usual;
        };
        let unit = unit.to_lowercase();
        let found = known.iter().find(|it| it.0 == unit).map(|it| it.1);
        if found.is_none() {
            let allowed = known.iter().map(|it| it.0).collect::<Vec<_>>().join(", ");
            problems.push(
                format_args!("{source}/config.csv:{}: {column}", row.line),
                format_args!("`{unit}`"),
                allowed,
            );
        }
        found.unwrap_or(usual)
    };
    let lengths = [
        ("m", 1.0),
        ("meter", 1.0),
        ("meters", 1.0),
        ("metres", 1.0),
        ("km", 1000.0),
        ("kilometers", 1000.0),
        ("mi", 1609.344),
        ("mile", 1609.344),
        ("miles", 1609.344),
        ("ft", 0.3048),
        ("feet", 0.3048),
    ];
    let speeds =
        [("kph", 1.0 / 3.6), ("km/h", 1.0 / 3.6), ("kmh", 1.0 / 3.6), ("mph", 0.447_04), ("m/s", 1.0), ("mps", 1.0)];
    (of("long_length", &lengths, 1.0), of("speed", &speeds, 1.0 / 3.6))
}

fn places(tables: &Tables, problems: &mut Problems) -> BTreeMap<String, [f64; 2]> {
    let mut places = BTreeMap::new();
    for (table, row) in tables.rows("node") {
        let mut number = |column| table.within(row, column, &(-1e9..=1e9), "", problems).unwrap_or_default();
        let at = [number("x_coord"), number("y_coord")];
        places.insert(table.word(row, "node_id").to_owned(), at);
    }
    places
}

fn roads(
    tables: &Tables,
    (metres, mps): (f64, f64),
    places: &BTreeMap<String, [f64; 2]>,
    problems: &mut Problems,
    report: &mut ImportReport,
) -> BTreeMap<String, Road> {
    let mut roads = BTreeMap::new();
    for (table, row) in tables.rows("link") {
        let id = table.word(row, "link_id").to_owned();
        let (from, to) = (table.word(row, "from_node_id").to_owned(), table.word(row, "to_node_id").to_owned());
        let mut number = |column, unit: f64| table.number(row, column, problems).map(|it| it * unit);
        let length_m = number("length", metres).filter(|it| *it >= 1.0);
        let speed_mps = number("free_speed", mps).filter(|it| (1.0..=60.0).contains(it));
        let count = number("lanes", 1.0).filter(|it| (1.0..=12.0).contains(it));
        if length_m.is_none() {
            report.guess(&id, format!("no length of 1 m or more: {LENGTH_M} m"));
        }
        if speed_mps.is_none() {
            report.guess(&id, format!("no free_speed of 1…60 m/s: {SPEED_MPS} m/s"));
        }
        let at = |node: &str| places.get(node).copied().unwrap_or_default();
        let (a, b) = (at(&from), at(&to));
        let heading = (b[0] - a[0]).atan2(b[1] - a[1]).to_degrees();
        let mut lanes: Vec<(i64, String, Option<f64>, Option<f64>)> = tables
            .rows("lane")
            .filter(|(lane, row)| lane.word(row, "link_id") == id)
            .map(|it| lane(it, problems))
            .collect();
        lanes.sort_by_key(|it| it.0);
        if lanes.is_empty() {
            lanes = (1..=count.unwrap_or(1.0) as i64).map(|it| (it, format!("{id}_{it}"), None, None)).collect();
        }
        let (length_m, speed_mps) = (length_m.unwrap_or(LENGTH_M), speed_mps.unwrap_or(SPEED_MPS));
        roads.insert(id, Road { from, to, length_m, speed_mps, lanes, heading });
    }
    roads
}

fn lane((table, row): (&Table, &Row), problems: &mut Problems) -> (i64, String, Option<f64>, Option<f64>) {
    let number = table.within(row, "lane_num", &(-10.0..=10.0), "", problems).unwrap_or(1.0) as i64;
    let length = table.number(row, "opt_length", problems).filter(|it| *it >= 1.0);
    let saturation = table.number(row, "opt_saturation", problems).filter(|it| (0.05..=1.0).contains(it));
    (number, table.word(row, "lane_id").to_owned(), length, saturation)
}

fn movements(
    tables: &Tables,
    roads: &BTreeMap<String, Road>,
    problems: &mut Problems,
    report: &mut ImportReport,
) -> Vec<Mvmt> {
    let mut found = Vec::new();
    for (table, row) in tables.rows("movement") {
        let id = table.word(row, "mvmt_id").to_owned();
        let turn = match table.word(row, "type").to_lowercase().as_str() {
            "left" => Turn::Left,
            "right" => Turn::Right,
            "uturn" => Turn::UTurn,
            "thru" | "through" | "merge" | "diverge" => Turn::Through,
            other => {
                let allowed = "left, right, uturn, thru, merge, diverge";
                problems.push(table.place(row, "type"), format_args!("`{other}`"), allowed);
                continue;
            }
        };
        let (ib, ob) = (table.word(row, "ib_link_id").to_owned(), table.word(row, "ob_link_id").to_owned());
        let Some(road) = roads.get(&ib) else { continue };
        let first = table.number(row, "start_ib_lane", problems).map(|it| it as i64);
        let last = table.number(row, "end_ib_lane", problems).map(|it| it as i64).or(first);
        let all = road.lanes.len();
        let lanes: Vec<usize> = if let Some((first, last)) = first.zip(last) {
            (0..all).filter(|&at| (first..=last).contains(&road.lanes[at].0)).collect()
        } else {
            let what =
                "no start_ib_lane: lefts from the leftmost lane, rights from the rightmost, straight on from all";
            report.guess(&id, what);
            match turn {
                Turn::Left | Turn::UTurn => vec![0],
                Turn::Right => vec![all - 1],
                Turn::Through | Turn::Crosswalk => (0..all).collect(),
            }
        };
        if lanes.is_empty() {
            let known: Vec<String> = road.lanes.iter().map(|it| it.0.to_string()).collect();
            let value = table.word(row, "start_ib_lane");
            problems.push(
                table.place(row, "start_ib_lane"),
                format_args!("`{value}` is no lane of link `{ib}`"),
                known.join(", "),
            );
        }
        let first = table.number(row, "start_ob_lane", problems).map(|it| it as i64);
        let last = table.number(row, "end_ob_lane", problems).map(|it| it as i64).or(first);
        let out = first.zip(last).map(|(first, last)| [first.min(last), first.max(last)]);
        let text = |column| table.text(row, column).map(str::to_owned);
        found.push(Mvmt {
            id,
            controller_groups: text("opt_signal_group"),
            code: text("mvmt_code"),
            ib,
            ob,
            turn,
            lanes,
            out,
        });
    }
    found
}

/// One controller with what it serves.
struct Site<'a> {
    signal: &'a Signals,
    roads: &'a BTreeMap<String, Road>,
    own: &'a [&'a Mvmt],
    /// Roads that lead to a signal.
    approached: &'a BTreeSet<&'a str>,
    options: &'a ImportOptions,
}

impl Site<'_> {
    fn intersection(&self, report: &mut ImportReport) -> Option<IntersectionFile> {
        let id = self.signal.id.as_str();
        let groups = self.signal.groups(&self.turns(), self.options, report);
        let phases = self.signal.phases(&groups, report);
        let served: Vec<Served<'_>> = groups
            .iter()
            .map(|it| Served {
                id: &it.file.id,
                clearance: it.clearance,
                ways: it.turns.iter().map(|&at| self.way(at)).collect(),
            })
            .collect();
        let room = |road: &str| self.roads.get(road).map(|it| it.lanes.len());
        let mut file = IntersectionFile {
            id: IntersectionId::new(id),
            approaches: self.approaches(),
            exits: self.exits(),
            feeders: Vec::new(),
            groups: groups.iter().map(|it| it.file.clone()).collect(),
            movements: self.movements(&groups),
            conflicts: conflicts(&served, &phases, &room, (id, report)),
            phases,
            stages: Vec::new(),
            programme: None,
            programmes: Vec::new(),
            timetable: None,
            detectors: Vec::new(),
        };
        let alone = |file: &IntersectionFile| {
            Network::build(NetworkFile {
                city: "alone".to_owned(),
                intersections: vec![file.clone()],
                links: Vec::new(),
            })
        };
        let first = |problems: &Problems| problems.iter().next().map(ToString::to_string).unwrap_or_default();
        let mut built = alone(&file);
        if let Err(problems) = &built {
            report.refuse(
                id,
                format!("its phases do not go together ({}); stages from the groups alone", first(problems)),
            );
            file.phases.clear();
            built = alone(&file);
        }
        match built {
            Ok(built) if !file.phases.is_empty() => {
                let built = &built.intersections[0];
                file.programme = self.signal.programme(&file.phases, built, report);
                if file.programme.is_some() {
                    (file.programmes, file.timetable) =
                        self.signal.timetable(&file.phases, built, self.options, report);
                } else if !self.signal.others.is_empty() {
                    report.refuse(id, "no programme, so its other plans are not taken");
                }
            }
            Ok(_) => {}
            Err(problems) => {
                report.refuse(id, format!("left out: {}", first(&problems)));
                return None;
            }
        }
        Some(file)
    }

    /// Turns as their groups see them: name, code, group, road, speed.
    fn turns(&self) -> Vec<signals::Turning<'_>> {
        let one = |it: &&Mvmt| signals::Turning {
            id: it.id.clone(),
            name: it.code.clone().unwrap_or_else(|| it.id.clone()),
            group: it.controller_groups.clone(),
            road: it.ib.clone(),
            turn: it.turn,
            speed_mps: self.roads[&it.ib].speed_mps,
            serving: &self.signal.serving[&it.id],
        };
        self.own.iter().map(one).collect()
    }

    /// The direction of a road towards the signal: as the codes of its movements say (`NBL`), else as its nodes lie.
    fn heading(&self, road: &str) -> f64 {
        let code = self.own.iter().filter(|it| it.ib == road).find_map(|it| it.code.as_deref());
        code.and_then(direction).unwrap_or(self.roads[road].heading)
    }

    /// The direction in which a turn leaves: by the leg of the node that it leads to, where there is one (the nearest of several, unless another
    /// road of exit there lies nearer to it); else as it seems.
    fn leaves(&self, it: &Mvmt) -> f64 {
        let (seems, Some(out)) = (self.seems(it), self.roads.get(&it.ob)) else { return 0.0 };
        let legs = self.own.iter().filter(|leg| self.roads[&leg.ib].from == out.to);
        let bearings = legs.map(|leg| (self.heading(&leg.ib) + 180.0).rem_euclid(360.0));
        let nearest = bearings.min_by(|a, b| between(*a, seems).total_cmp(&between(*b, seems)));
        let beside =
            |other: &&&Mvmt| other.ob != it.ob && self.roads.get(&other.ob).is_some_and(|road| road.to == out.to);
        let nearer = |leg: f64| {
            self.own.iter().filter(beside).any(|other| between(self.seems(other), leg) < between(seems, leg))
        };
        nearest.filter(|leg| !nearer(*leg)).unwrap_or(seems)
    }

    /// The direction in which a turn leaves by its code, else as its nodes lie.
    fn seems(&self, it: &Mvmt) -> f64 {
        let by = match it.turn {
            Turn::Left => -90.0,
            Turn::Right => 90.0,
            Turn::UTurn => 180.0,
            Turn::Through | Turn::Crosswalk => 0.0,
        };
        let coded = it.code.as_deref().and_then(direction).map(|heading| heading + by);
        coded.or_else(|| self.roads.get(&it.ob).map(|it| it.heading)).unwrap_or_default()
    }

    fn way(&self, at: usize) -> Way<'_> {
        let it = self.own[at];
        Way {
            from: &it.ib,
            to: &it.ob,
            heading: self.heading(&it.ib),
            leaves: self.leaves(it),
            seems: self.seems(it),
            turn: it.turn,
            width: it.lanes.len(),
            lanes: it.out,
        }
    }

    fn approaches(&self) -> Vec<ApproachFile> {
        let mut found: Vec<ApproachFile> = Vec::new();
        for it in self.own {
            let road = &self.roads[&it.ib];
            if found.iter().any(|known| known.id.as_str() == it.ib) {
                continue;
            }
            let lane = |(_, name, length, saturation): &(i64, String, Option<f64>, Option<f64>)| {
                let length_m = length.unwrap_or(road.length_m);
                LaneFile {
                    id: LaneId::new(name.clone()),
                    length_m,
                    zone_m: Some(length_m.min(self.options.range_m)),
                    speed_mps: road.speed_mps,
                    saturation: *saturation,
                    is_source: false,
                }
            };
            found.push(ApproachFile {
                id: LinkId::new(it.ib.clone()),
                lanes: road.lanes.iter().rev().map(lane).collect(),
            });
        }
        found
    }

    /// One a road, or one a lane where movements say by which they leave.
    fn exits(&self) -> Vec<ExitFile> {
        let mut found: Vec<ExitFile> = Vec::new();
        for it in self.own.iter().filter(|it| self.roads.contains_key(&it.ob)) {
            let lanes = it.out.map_or_else(|| vec![None], |[first, last]| (first..=last).map(Some).collect());
            for lane in lanes {
                let id = LaneId::new(self.exit(&it.ob, lane));
                if found.iter().all(|known| known.id != id) {
                    let length_m =
                        self.lane_out(&it.ob, lane).and_then(|it| it.2).unwrap_or(self.roads[&it.ob].length_m);
                    found.push(ExitFile { id, link: LinkId::new(it.ob.clone()), length_m });
                }
            }
        }
        found
    }

    /// The lane of a road that leads to no signal; what is told of others is their end.
    fn lane_out(&self, road: &str, lane: Option<i64>) -> Option<&(i64, String, Option<f64>, Option<f64>)> {
        let own = self.roads.get(road).filter(|_| !self.approached.contains(road))?;
        own.lanes.iter().find(|it| Some(it.0) == lane)
    }

    /// Name of a lane of exit.
    fn exit(&self, road: &str, lane: Option<i64>) -> String {
        match (self.lane_out(road, lane), lane) {
            (Some(known), _) => known.1.clone(),
            (None, Some(lane)) => format!("{road}_out_{lane}"),
            (None, None) => format!("{road}_out"),
        }
    }

    fn movements(&self, groups: &[signals::Group]) -> Vec<MovementFile> {
        let mut found = Vec::new();
        let name = |it: &Mvmt, lane: usize| {
            if it.lanes.len() == 1 { it.id.clone() } else { format!("{}.{}", it.id, self.roads[&it.ib].lanes[lane].0) }
        };
        for (at, it) in self.own.iter().enumerate() {
            let Some(group) = groups.iter().find(|group| group.turns.contains(&at)) else { continue };
            let met = |other: &usize| {
                super::meeting::meeting(&self.way(at), &self.way(*other)).is_some_and(|it| it.first_yields)
            };
            let foes: Vec<&Mvmt> = (0..self.own.len()).filter(met).map(|other| self.own[other]).collect();
            for (place, &lane) in (0..).zip(&it.lanes) {
                let out = it.out.map(|[first, last]| (first + place).min(last));
                let yields_to = foes.iter().flat_map(|foe| foe.lanes.iter().map(|&lane| name(foe, lane))).collect();
                found.push(MovementFile {
                    id: name(it, lane),
                    lane: Some(LaneId::new(self.roads[&it.ib].lanes[lane].1.clone())),
                    group: group.file.id.clone(),
                    exit: Some(LaneId::new(self.exit(&it.ob, out))),
                    turn: it.turn,
                    share: None,
                    yields_to,
                });
            }
        }
        found
    }
}

/// The direction in which a code such as `NBL` begins \[degrees from north, clockwise\].
fn direction(code: &str) -> Option<f64> {
    let known = ["NB", "NE", "EB", "SE", "SB", "SW", "WB", "NW"];
    known
        .iter()
        .position(|it| code.get(..2).is_some_and(|begin| begin.eq_ignore_ascii_case(it)))
        .map(|at| at as f64 * 45.0)
}

/// Roads between signals; roads that no signal feeds are sources.
fn join(file: &mut NetworkFile, roads: &BTreeMap<String, Road>, nodes_of: &BTreeMap<String, Vec<String>>) {
    let fed: Vec<(String, String)> = file
        .intersections
        .iter()
        .flat_map(|it| it.exits.iter().map(move |exit| (exit.link.to_string(), it.id.to_string())))
        .collect();
    for intersection in &mut file.intersections {
        for approach in &mut intersection.approaches {
            let road = &roads[approach.id.as_str()];
            let from = fed.iter().find(|(link, from)| {
                link == approach.id.as_str() && nodes_of.get(from).is_some_and(|nodes| nodes.contains(&road.from))
            });
            match from {
                Some((link, from)) => file.links.push(LinkFile {
                    id: LinkId::new(link.clone()),
                    from: IntersectionId::new(from.clone()),
                    to: intersection.id.clone(),
                    approach: approach.id.clone(),
                    length_m: road.length_m,
                    speed_mps: road.speed_mps,
                    share: 1.0,
                }),
                None => approach.lanes.iter_mut().for_each(|lane| lane.is_source = true),
            }
        }
    }
}
