//! SUMO networks: `*.net.xml` (and routes) → [`NetworkFile`].
//!
//! ```text
//! net.xml ─element─> parse ─> net ─┬─> right_of_way ─> relations ─┐
//!                                  ├─> cycle (one a tlLogic) ─────┴─> signals ──┐
//! rou.xml ─element─> routes ───────┼─> lanes, upstream ─────────────────────────┼─> intersection ─> file, report
//!                                  └─> downstream ──────────────────────────────┘
//! ```
//!
//! - **Signal group** `g{i}` is letter *i* of the states of the traffic light, also when it controls nothing.
//! - **Stages** are the distinct states that show green to somebody and yellow to nobody; the **programme** visits them as
//!   the file does, with its greens. Of several programmes of one traffic light the last is the programme, as in SUMO; those that a WAUT of an additional file
//!   runs at their times stand beside it (`switching`).
//! - **Conflicts** come from the junctions' right-of-way tables (`right_of_way`, `relations`); **times** from the
//!   file or the ITE formulas, whichever is longer, or one value for all (`signals`).
//! - **Ids** are SUMO's: intersection = tlLogic, approach and link = edge, lane, exit and feeder = lane. Movements are named
//!   after their group, detectors after their lane (`.stop`, `.zone`); a feeder of two intersections has one zone each.
//!
//! Not imported: rail signals, gzipped files, networks older than SUMO 0.13 (without `<connection>`), lane changes.

mod additional;
mod cycle;
mod downstream;
pub(crate) mod element;
mod error;
mod intersection;
mod lanes;
pub(crate) mod net;
pub(crate) mod parse;
pub(crate) mod permissions;
mod relations;
mod report;
pub(crate) mod right_of_way;
mod routes;
mod signals;
mod switching;
mod upstream;

pub use error::{ImportError, Place};
pub use report::{ImportCounts, ImportNote, ImportReport};
pub use routes::RouteCounts;

use crate::network::file::{LinkFile, NetworkFile};
use crate::network::{Geometry, Network};
use crate::time::Millis;
use downstream::Approaches;
use intersection::Site;
use net::{Connection, Function, SumoNet, TlLogic};
use right_of_way::RightOfWay;
pub(crate) use routes::TurnCounts;
use std::collections::BTreeMap;

/// What the operator may say about an import.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOptions {
    /// Name of the city; the second level of every topic.
    pub city: String,
    /// Detection range upstream of the stop lines \[m\], 1…1000; default 200.
    pub range_m: f64,
    /// One yellow for all vehicle groups, 2…6 s; by default as the file or the ITE formula say.
    pub yellow: Option<Millis>,
    /// One red clearance for all conflicts, 0…30 s; by default as the file or the ITE formula say.
    pub all_red: Option<Millis>,
    /// One minimum green for all groups (pedestrians: 7 s at least), 1…60 s; by default 5 s or the file's `minDur`.
    pub green_min: Option<Millis>,
    /// Local time less UTC of timetables, −840…840 min; by default as the file says, else 0.
    pub utc_offset_min: Option<i32>,
    /// Holidays, as days since 1970, where the file names them without their dates.
    pub holidays: Vec<i64>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            city: "city".to_owned(),
            range_m: 200.0,
            yellow: None,
            all_red: None,
            green_min: None,
            utc_offset_min: None,
            holidays: Vec::new(),
        }
    }
}

/// A route file, read by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteText<'a> {
    /// Its content.
    pub text: &'a str,
    /// Its name, for messages.
    pub source: &'a str,
}

/// An additional file with programmes and switch times, read by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdditionalText<'a> {
    /// Its content.
    pub text: &'a str,
    /// Its name, for messages.
    pub source: &'a str,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The network, in the form that can be written and edited.
    pub file: NetworkFile,
    /// The same, checked and complete.
    pub network: Network,
    /// Where its lanes lie, to be drawn; empty where the source has no lines.
    pub geometry: Geometry,
    /// What was found, guessed, accepted and refused.
    pub report: ImportReport,
}

/// Import a SUMO network from its text; `source` names it in messages.
pub fn import(net_xml: &str, source: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
    import_with_routes(net_xml, source, &[], options)
}

/// Import a SUMO network; shares of movements, feeders and links are counted from the routes.
pub fn import_with_routes(
    net_xml: &str,
    source: &str,
    routes: &[RouteText<'_>],
    options: &ImportOptions,
) -> Result<Imported, ImportError> {
    import_with(net_xml, source, (routes, &[]), options)
}

/// Import a SUMO network with routes and with programmes and switch times of additional files.
pub fn import_with(
    net_xml: &str,
    source: &str,
    (routes, additionals): (&[RouteText<'_>], &[AdditionalText<'_>]),
    options: &ImportOptions,
) -> Result<Imported, ImportError> {
    check(options)?;
    let mut net = parse::parse(net_xml, source)?;
    for file in additionals {
        additional::read(&mut net, file.text, file.source)?;
    }
    let mut report = ImportReport { source: source.to_owned(), ..ImportReport::default() };
    let mut turns = TurnCounts::default();
    for file in routes {
        let counts = routes::read(&net, file.text, file.source, &mut turns)?;
        report.note(file.source, format!("{} vehicles, {} routes with edges", counts.vehicles, counts.routes));
    }
    if routes.is_empty() {
        let message = "shares of movements, feeders and links: straight on 3, a turn 1, a turn back 0.05";
        report.guess("network", message);
    }
    import_net(&net, &turns, options, report)
}

/// Everything that follows reading: also the way of streets that are no SUMO files but have been put into this form.
pub(crate) fn import_net(
    net: &SumoNet<'_>,
    turns: &TurnCounts,
    options: &ImportOptions,
    mut report: ImportReport,
) -> Result<Imported, ImportError> {
    check(options)?;
    let right_of_way = RightOfWay::read(net)?;
    let logics = running(net, &mut report)?;
    let site = Site { net, right_of_way: &right_of_way, options, turns };
    let mut file = NetworkFile { city: options.city.clone(), ..NetworkFile::default() };
    let mut controlled = Vec::new();
    let mut of: BTreeMap<&str, Vec<&TlLogic>> = BTreeMap::new();
    for logic in &net.logics {
        of.entry(&logic.id).or_default().push(logic);
    }
    for logic in logics {
        let (_, before) = of[logic.id.as_str()].split_last().unwrap_or((&logic, &[]));
        // A programme that is loaded again replaces the one before it.
        let replaced = |at: usize| {
            let name = &before[at].programme;
            before[at + 1..].iter().chain([&logic]).any(|it| it.programme == *name)
        };
        let known = (0..before.len()).filter(|&at| !replaced(at)).map(|at| before[at]);
        // What never runs has no say in which stages there are.
        let waut = net.wauts.iter().rev().find(|it| it.signals.contains(&logic.id));
        let runs = |it: &&TlLogic| waut.is_some_and(|waut| waut.names(&it.programme));
        let (others, idle): (Vec<&TlLogic>, Vec<&TlLogic>) = known.partition(runs);
        for it in idle {
            report.note(&logic.id, format!("programme {}: no WAUT says when it runs; left out", it.programme));
        }
        if let Some(intersection) = site.intersection((logic, &others), &mut report)? {
            controlled.push(logic.id.as_str());
            file.intersections.push(intersection);
        }
    }
    if controlled.is_empty() {
        return Err(ImportError::NoSignals { source_name: net.source.to_owned() });
    }
    file.links = links(net, &controlled, turns);
    guesses(options, &mut report);
    let groups_unserved = report.counts.groups_unserved;
    report.counts = ImportCounts { groups_unserved, ..ImportCounts::of(&file) };
    let network = Network::build(file.clone())
        .map_err(|problems| ImportError::Invalid { source_name: net.source.to_owned(), problems })?;
    Ok(Imported { geometry: lines(net), file, network, report })
}

/// Lines of the lanes on which vehicles drive, those without signals too: they are the city around the lamps.
fn lines(net: &SumoNet<'_>) -> Geometry {
    let drawn = net.lanes.iter().enumerate().filter(|(at, lane)| {
        lane.shape.len() >= 2 && net.function_of(*at) == Function::Normal && lane.permissions.motorised()
    });
    let lanes = drawn.map(|(_, lane)| (lane.id.clone(), lane.shape.clone())).collect();
    Geometry { lanes, ..Geometry::default() }
}

/// Read a route file only to see whether its edges are in the network.
pub fn check_routes(net_xml: &str, source: &str, routes: RouteText<'_>) -> Result<RouteCounts, ImportError> {
    let net = parse::parse(net_xml, source)?;
    routes::read(&net, routes.text, routes.source, &mut TurnCounts::default())
}

/// Whether the options are within their ranges.
pub(super) fn check(options: &ImportOptions) -> Result<(), ImportError> {
    let wrong = |name, value: String, allowed| Err(ImportError::Option { name, value, allowed });
    let outside = |time: Option<Millis>, range: std::ops::RangeInclusive<i64>| time.filter(|it| !range.contains(&it.0));
    if !(1.0..=1000.0).contains(&options.range_m) {
        return wrong("range", format!("{} m", options.range_m), "1…1000 m");
    }
    if let Some(time) = outside(options.yellow, 2_000..=6_000) {
        return wrong("yellow", time.to_string(), "2…6 s");
    }
    if let Some(time) = outside(options.all_red, 0..=30_000) {
        return wrong("all-red", time.to_string(), "0…30 s");
    }
    if let Some(time) = outside(options.green_min, 1_000..=60_000) {
        return wrong("min-green", time.to_string(), "1…60 s");
    }
    if let Some(minutes) = options.utc_offset_min.filter(|it| !(-840..=840).contains(it)) {
        return wrong("utc-offset", format!("{minutes} min"), "-840…840 min");
    }
    Ok(())
}

/// The programmes that SUMO would run: the last one of each traffic light, in the order of the files.
fn running<'n>(net: &'n SumoNet<'_>, report: &mut ImportReport) -> Result<Vec<&'n TlLogic>, ImportError> {
    let last: BTreeMap<&str, usize> = net.logics.iter().enumerate().map(|(at, it)| (it.id.as_str(), at)).collect();
    let (mut running, mut rail) = (Vec::new(), std::collections::BTreeSet::new());
    for (at, logic) in net.logics.iter().enumerate() {
        if last[logic.id.as_str()] == at {
            running.push(logic);
        }
    }
    for connection in &net.connections {
        let Some((tl, _)) = connection.control.as_ref().filter(|(tl, _)| !last.contains_key(tl.as_str())) else {
            continue;
        };
        let of_rails = |it: &&net::Junction| it.id == *tl && it.kind.starts_with("rail");
        if net.junctions.iter().find(of_rails).is_none() {
            return Err(ImportError::UnknownSignal { place: net.place(connection.offset), tl: tl.clone() });
        }
        rail.insert(tl.clone());
    }
    for tl in rail {
        report.refuse(&tl, "a railway signal without programme; it is left out");
    }
    Ok(running)
}

/// Roads between the intersections.
fn links(net: &SumoNet<'_>, controlled: &[&str], turns: &TurnCounts) -> Vec<LinkFile> {
    let mut approaches = Approaches::new();
    let mut links = Vec::new();
    for tl in controlled {
        approaches.extend(on_lanes(net, tl).iter().map(|it| (net.lanes[it.from].edge, (*tl).to_owned())));
    }
    for tl in controlled {
        links.extend(downstream::links(net, (tl, &on_lanes(net, tl)), &approaches, turns));
    }
    links
}

/// Connections that a traffic light controls on lanes for motor vehicles.
fn on_lanes<'n>(net: &'n SumoNet<'_>, tl: &str) -> Vec<&'n Connection> {
    let counted =
        |it: &&Connection| net.function_of(it.from) == Function::Normal && net.lanes[it.from].permissions.motorised();
    net.controlled(tl).map(|(_, it, _)| it).filter(counted).collect()
}

/// What is guessed at every intersection alike.
fn guesses(options: &ImportOptions, report: &mut ImportReport) {
    let network = "network";
    report.guess(network, "saturation 0.5 veh/s a lane, times 0.95 left, 0.85 right, 0.8 back (HCM 7)");
    if options.yellow.is_none() || options.all_red.is_none() {
        let message = "yellow and red clearance: the file's or ITE's (speed limit + 11 km/h), whichever is longer";
        report.guess(network, message);
    }
    report.guess(network, "a lane is a source when only a turn back or nothing feeds its road");
}
