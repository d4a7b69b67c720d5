//! Import from Synchro's Universal Traffic Data Format (UTDF), combined CSV: lanes, volumes, phases, timings.
//!
//! | Section | Read | Without it |
//! |---|---|---|
//! | `[Network]` | units, default yellow and red clearance | feet and miles an hour |
//! | `[Nodes]` | which are signalised (type 0), where they lie | refused |
//! | `[Links]` | whence a leg comes, length, speed, lanes of a road of exit | `Up Node`, `Distance`, `Speed` of `[Lanes]` |
//! | `[Lanes]` | turns, lanes, shared lanes, bays, volumes, phases | refused |
//! | `[Timeplans]` | cycle length, offset (where the programme begins) | no programme |
//! | `[Phases]` | barrier, ring, yellow, red clearance, minimum green, ring diagram | phases in their usual rings, intervals by rule |
//!
//! Volumes become the shares of turns on each lane; the network holds no demand. What the file does not say is guessed and told, what
//! cannot be used is left out and told with its line. An intersection whose phases do not go together by our rules gets the stages that its
//! conflicts allow; one that even so cannot be built is left out.
//!
//! Further time plans stand in files of their own, their times in a table of ours ([`import_with_plans`]).
//!
//! Assumptions: traffic keeps to the right; who crosses whom follows from directions ([`super::meeting`], [`super::conflicts`]). Weaknesses: pedestrians, detectors, overlaps and
//! roundabouts are not read; a lane of exit a leg. Source: the format as Synchro 8 to 12 write it (Cubic, *Synchro Studio user guide*, UTDF chapter), compared with
//! public files of the Arizona Department of Transportation in `xyluo25/utdf2gmns`.

mod plans;
mod roads;
mod signals;
mod table;

use super::conflicts::{Served, conflicts};
use super::meeting::{Way, meeting};
use super::sumo::{self, ImportCounts, ImportError, ImportOptions, ImportReport, Imported};
use crate::ids::{IntersectionId, LaneId, LinkId};
use crate::network::file::{ApproachFile, ExitFile, IntersectionFile, LaneFile, LinkFile, MovementFile, NetworkFile};
use crate::network::{Geometry, Network, Problems};
use plans::Plans;
use roads::{Leg, Units};
use signals::{Group, Reading};
use std::collections::BTreeMap;
use table::Sections;

/// Bends that a road may have between two signals.
const BENDS_MAX: usize = 20;

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UtdfError {
    /// The operator asks for what is not allowed.
    #[error(transparent)]
    Options(#[from] ImportError),
    /// A section without which nothing can be done.
    #[error("{file}: no rows of [{section}]; needed are [Nodes] and [Lanes] of a combined UTDF file (CSV)")]
    NoSection {
        /// The file.
        file: String,
        /// Its name.
        section: &'static str,
    },
    /// There is no signal in it that could be used.
    #[error("{file}: no signalised intersection (node of type 0 with lanes and phases) can be imported{why}")]
    Nothing {
        /// The file.
        file: String,
        /// What was refused.
        why: String,
    },
    /// What is wrong with further plans or with their times.
    #[error("{0}")]
    Plans(Problems),
    /// What was made of it is no network.
    #[error("{file}: {problems}")]
    Network {
        /// The file.
        file: String,
        /// What is wrong.
        problems: Problems,
    },
}

/// A further time plan: a combined file of which the sections `[Timeplans]` and `[Phases]` are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanText<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its content.
    pub text: &'a str,
    /// Its file, for messages.
    pub source: &'a str,
}

/// The table of when each plan runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimesText<'a> {
    /// Its content.
    pub text: &'a str,
    /// Its file, for messages.
    pub source: &'a str,
}

/// Import a UTDF file from its text; `source` names it in messages.
///
/// # Errors
/// That it lacks sections, or holds no signal that can be used.
pub fn import(text: &str, source: &str, options: &ImportOptions) -> Result<Imported, UtdfError> {
    import_with_plans(text, source, &[], None, options)
}

/// Import a UTDF file with further time plans and their times.
///
/// # Errors
/// As [`import`]; and what is wrong with the plans and with their times.
pub fn import_with_plans(
    text: &str,
    source: &str,
    plans: &[PlanText<'_>],
    times: Option<TimesText<'_>>,
    options: &ImportOptions,
) -> Result<Imported, UtdfError> {
    sumo::check(options)?;
    let mut report = ImportReport { source: source.to_owned(), ..ImportReport::default() };
    let sections = Sections::read(text, source, &mut report);
    for (section, name) in [("nodes", "Nodes"), ("lanes", "Lanes")] {
        if !sections.has(section) {
            return Err(UtdfError::NoSection { file: source.to_owned(), section: name });
        }
    }
    for (section, what) in [
        ("links", "[Links] is missing: legs as [Lanes] tells them"),
        ("timeplans", "[Timeplans] is missing: no programmes"),
        ("phases", "[Phases] is missing: phases in their usual rings, intervals of [Network] or by rule"),
    ] {
        if !sections.has(section) {
            report.guess("network", what);
        }
    }
    let plans = Plans::read(plans, times, &sections, &mut report).map_err(UtdfError::Plans)?;
    let units = Units::of(&sections, &mut report);
    let mut file = NetworkFile { city: options.city.clone(), ..NetworkFile::default() };
    let mut legs_of: BTreeMap<String, Vec<Leg>> = BTreeMap::new();
    for id in sections.ids("nodes") {
        let kind = sections.number("nodes", "", id, "type", &mut report);
        if kind != Some(0.0) {
            continue;
        }
        let legs = roads::legs(&sections, id, units, &mut report);
        units_mixed(&sections, id, &legs, units, &mut report);
        let reading = Reading { sections: &sections, id, options };
        if let Some(built) = intersection(&reading, &legs, &plans, &mut report) {
            file.intersections.push(built);
            legs_of.insert(id.clone(), legs);
        }
    }
    if file.intersections.is_empty() {
        let why: Vec<String> =
            report.refused.iter().take(5).map(|it| format!("\n  {}: {}", it.about, it.message)).collect();
        let why = why.concat();
        return Err(UtdfError::Nothing { file: source.to_owned(), why });
    }
    join(&sections, &mut file, &legs_of);
    let network =
        Network::build(file.clone()).map_err(|problems| UtdfError::Network { file: source.to_owned(), problems })?;
    // The same value is looked at more than once.
    let mut told = std::collections::BTreeSet::new();
    report.refused.retain(|it| told.insert(it.clone()));
    report.counts = ImportCounts::of(&file);
    report.counts.stages = network.intersections.iter().map(|it| it.stages.len()).sum();
    for note in &network.notes() {
        report.note("network", note.to_string());
    }
    let geometry = geometry(&sections, &network, units, &mut report);
    Ok(Imported { file, network, geometry, report })
}

/// One intersection, checked by itself; `None` when it cannot be used.
fn intersection(
    reading: &Reading<'_>,
    legs: &[Leg],
    plans: &Plans,
    report: &mut ImportReport,
) -> Option<IntersectionFile> {
    let id = reading.id;
    if legs.is_empty() {
        report.refuse(id, "a signal without lanes in [Lanes]; left out");
        return None;
    }
    let groups = reading.groups(legs, report);
    if groups.is_empty() {
        report.refuse(id, "no turn has a phase; left out");
        return None;
    }
    let phases = reading.phases(&groups, report);
    let served: Vec<Served<'_>> = groups
        .iter()
        .map(|it| Served {
            id: &it.file.id,
            clearance: it.clearance,
            ways: it.turns.iter().map(|&(leg, turn)| way(&legs[leg], turn)).collect(),
        })
        .collect();
    let conflicts = conflicts(&served, &phases, &|dest| lanes_out(reading.sections, id, dest), (id, report));
    let mut file = IntersectionFile {
        id: IntersectionId::new(id),
        approaches: legs.iter().map(|leg| approach(id, leg, reading.options.range_m)).collect(),
        exits: exits(id, legs),
        feeders: Vec::new(),
        groups: groups.iter().map(|it| it.file.clone()).collect(),
        movements: movements(id, legs, &groups),
        conflicts,
        phases,
        stages: Vec::new(),
        programme: None,
        programmes: Vec::new(),
        timetable: None,
        detectors: Vec::new(),
    };
    let mut built = alone(&file);
    if let Err(problems) = &built {
        let first = problems.iter().next().map(ToString::to_string).unwrap_or_default();
        report.refuse(id, format!("its phases do not go together ({first}); stages from the groups alone"));
        file.phases.clear();
        built = alone(&file);
    }
    let built = match built {
        Ok(built) => built,
        Err(problems) => {
            let first = problems.iter().next().map(ToString::to_string).unwrap_or_default();
            report.refuse(id, format!("left out: {first}"));
            return None;
        }
    };
    if !file.phases.is_empty() {
        file.programme = reading.programme(&file, &built.intersections[0], report);
        if let Err(problems) = alone(&file) {
            let first = problems.iter().next().map(ToString::to_string).unwrap_or_default();
            report.refuse(id, format!("its programme: {first}; every stage in turn instead"));
            file.programme = None;
        }
        plans.put((reading, &built.intersections[0]), &mut file, report);
    }
    Some(file)
}

fn alone(file: &IntersectionFile) -> Result<Network, Problems> {
    Network::build(NetworkFile { city: "alone".to_owned(), intersections: vec![file.clone()], links: Vec::new() })
}

fn approach(id: &str, leg: &Leg, range_m: f64) -> ApproachFile {
    let link = link(&leg.up, id);
    let lane = |(at, lane): (usize, &roads::LaneOf)| {
        let length_m = lane.storage_m.unwrap_or(leg.length_m).min(leg.length_m).max(1.0);
        LaneFile {
            id: LaneId::new(format!("{link}_{at}")),
            length_m,
            zone_m: Some(length_m.min(range_m)),
            speed_mps: leg.speed_mps,
            saturation: lane.turns.iter().find_map(|&it| leg.turns[it].saturation),
            is_source: false,
        }
    };
    ApproachFile { id: LinkId::new(link.clone()), lanes: leg.lanes.iter().enumerate().map(lane).collect() }
}

fn link(from: &str, to: &str) -> String {
    format!("{from}-{to}")
}

fn exits(id: &str, legs: &[Leg]) -> Vec<ExitFile> {
    let mut exits: Vec<ExitFile> = Vec::new();
    for turn in legs.iter().flat_map(|leg| &leg.turns) {
        let road = link(id, &turn.dest);
        if exits.iter().all(|it| it.link.as_str() != road) {
            let length_m = legs.iter().find(|leg| leg.up == turn.dest).map_or(100.0, |leg| leg.length_m);
            exits.push(ExitFile { id: LaneId::new(format!("{road}_out")), link: LinkId::new(road), length_m });
        }
    }
    exits
}

fn name(leg: &Leg, turn: usize, lane: usize) -> String {
    format!("{}_{lane}", leg.turns[turn].name)
}

fn movements(id: &str, legs: &[Leg], groups: &[Group]) -> Vec<MovementFile> {
    let group_of = |place: (usize, usize)| groups.iter().find(|it| it.turns.contains(&place));
    let mut found = Vec::new();
    for (at, leg) in legs.iter().enumerate() {
        let lanes_with = |turn: usize| leg.lanes.iter().filter(|lane| lane.turns.contains(&turn)).count();
        for (ix, lane) in leg.lanes.iter().enumerate() {
            let served: Vec<usize> = lane.turns.iter().copied().filter(|&it| group_of((at, it)).is_some()).collect();
            let weight = |turn: usize| leg.turns[turn].volume / lanes_with(turn).max(1) as f64;
            let all: f64 = served.iter().map(|&it| weight(it)).sum();
            for &turn in &served {
                let yields_to = yields_to((at, turn), legs);
                found.push(MovementFile {
                    id: name(leg, turn, ix),
                    lane: Some(LaneId::new(format!("{}_{ix}", link(&leg.up, id)))),
                    group: group_of((at, turn)).map(|it| it.file.id.clone()).unwrap_or_default(),
                    exit: Some(LaneId::new(format!("{}_out", link(id, &leg.turns[turn].dest)))),
                    turn: leg.turns[turn].turn,
                    share: (all > 0.0).then(|| weight(turn) / all),
                    yields_to: yields_to.into_iter().filter(|it| group_of(it.0).is_some()).map(|it| it.1).collect(),
                });
            }
        }
    }
    found
}

/// Movements to which a turn gives way: place of the turn, and name.
fn yields_to((at, turn): (usize, usize), legs: &[Leg]) -> Vec<((usize, usize), String)> {
    let mut found = Vec::new();
    for (other, leg) in legs.iter().enumerate().filter(|(other, _)| *other != at) {
        for towards in 0..leg.turns.len() {
            let met = meeting(&way(&legs[at], turn), &way(leg, towards));
            if met.is_some_and(|it| it.first_yields) {
                let lanes = leg.lanes.iter().enumerate().filter(|(_, lane)| lane.turns.contains(&towards));
                found.extend(lanes.map(|(ix, _)| ((other, towards), name(leg, towards, ix))));
            }
        }
    }
    found
}

/// A turn on the circle; no two legs have one direction.
fn way(leg: &Leg, turn: usize) -> Way<'_> {
    let width = leg.lanes.iter().filter(|lane| lane.turns.contains(&turn)).count();
    let it = &leg.turns[turn];
    let from = it.name.get(..2).unwrap_or(&it.name);
    let (heading, leaves, seems) = (leg.heading, it.leaves, it.seems);
    Way { from, to: &it.dest, heading, leaves, seems, turn: it.turn, width, lanes: None }
}

/// Lanes of the road by which an intersection is left to a node, as the links of that node tell.
fn lanes_out(sections: &Sections, id: &str, dest: &str) -> Option<usize> {
    let column = sections
        .columns("links")
        .find(|column| sections.text("links", "up id", dest, column).is_some_and(|it| it.0 == id))?;
    sections.text("links", "lanes", dest, column)?.0.parse().ok()
}

/// Roads between signals, over bends; legs that nothing feeds are sources.
fn join(sections: &Sections, file: &mut NetworkFile, legs_of: &BTreeMap<String, Vec<Leg>>) {
    for intersection in &mut file.intersections {
        let id = intersection.id.as_str().to_owned();
        for (leg, approach) in legs_of[&id].iter().zip(&mut intersection.approaches) {
            let from = signal_behind(sections, &leg.up, &id, legs_of);
            let fed = from.as_ref().is_some_and(|(from, out)| {
                legs_of[from].iter().any(|it| it.turns.iter().any(|turn| turn.dest == *out))
            });
            if let (true, Some((from, out))) = (fed, from) {
                file.links.push(LinkFile {
                    id: LinkId::new(link(&from, &out)),
                    from: IntersectionId::new(from),
                    to: IntersectionId::new(id.clone()),
                    approach: approach.id.clone(),
                    length_m: leg.length_m,
                    speed_mps: leg.speed_mps,
                    share: 1.0,
                });
            } else {
                approach.lanes.iter_mut().for_each(|lane| lane.is_source = true);
            }
        }
    }
}

/// The signal from which a leg comes, and the node to which it is left there.
fn signal_behind(
    sections: &Sections,
    up: &str,
    to: &str,
    legs_of: &BTreeMap<String, Vec<Leg>>,
) -> Option<(String, String)> {
    let (mut at, mut before) = (up.to_owned(), to.to_owned());
    for _ in 0..BENDS_MAX {
        if legs_of.contains_key(&at) {
            return Some((at, before));
        }
        let bend = sections.text("nodes", "", &at, "type").is_some_and(|it| it.0 == "2");
        let mut others = sections.columns("links").filter_map(|column| sections.text("links", "up id", &at, column));
        let next = others.find(|it| it.0 != before).filter(|_| bend)?.0.to_owned();
        before = std::mem::replace(&mut at, next);
    }
    None
}

/// Lengths that differ from the coordinates as feet from metres are told: one of them is in the other unit.
fn units_mixed(sections: &Sections, id: &str, legs: &[Leg], units: Units, report: &mut ImportReport) {
    let mut place = |node: &str| -> Option<[f64; 2]> {
        let mut number = |column| sections.number("nodes", "", node, column, report);
        Some([number("x")?, number("y")?])
    };
    let Some(here) = place(id) else { return };
    let mut told = Vec::new();
    for leg in legs {
        let Some(there) = place(&leg.up) else { continue };
        let straight_m = (here[0] - there[0]).hypot(here[1] - there[1]) * units.metres;
        let ratio = leg.length_m / straight_m.max(1.0);
        if straight_m > 20.0 && [0.3048, 1.0 / 0.3048].iter().any(|it| (ratio / it - 1.0).abs() < 0.05) {
            told.push(format!(
                "the leg from {} is {:.0} m long and {straight_m:.0} m by coordinates: feet for metres?",
                leg.up, leg.length_m
            ));
        }
    }
    for it in told {
        report.note(id, it);
    }
}

fn geometry(sections: &Sections, network: &Network, units: Units, report: &mut ImportReport) -> Geometry {
    let mut geometry = Geometry::default();
    for intersection in &network.intersections {
        let id = intersection.id.as_str();
        let mut number = |column| sections.number("nodes", "", id, column, report);
        if let (Some(x), Some(y)) = (number("x"), number("y")) {
            geometry.intersections.insert(id.to_owned(), [x * units.metres, y * units.metres]);
        }
    }
    geometry.completed(network)
}
