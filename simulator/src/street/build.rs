//! From names to numbers, with all problems at once.
//!
//! In: a [`StreetFile`]. Out: a [`Street`], or every problem that was found; a thing that is wrong is left out and the
//! check goes on, so that one mistake does not hide another.

use std::collections::{BTreeMap, BTreeSet};

use super::conflicts::{Pairs, lists, note, note_merges};
use super::derive::{self, lane_id};
use super::geometry::lane_end;
use super::programme::{Walkers, check_letters, check_programme, table};
use super::{
    ClassFile, Control, Crossing, Junction, JunctionIx, LampFile, Lane, LaneIx, Link, LinkFile, LinkIx, LinkRef,
    Problem, Problems, Road, RoadIx, Signal, SignalIx, Street, StreetFile, Turn,
};

/// Shortest length of anything \[m\].
const SHORTEST_M: f64 = 0.1;
const LONGEST_M: f64 = 100_000.0;
const FASTEST_MPS: f64 = 100.0;
/// Bits of a lane's set of classes.
const CLASSES_MAX: usize = 64;

type Names = BTreeMap<String, usize>;

pub fn build(mut file: StreetFile) -> Result<Street, Vec<Problem>> {
    let mut problems = Problems::default();
    let classes = classes(&file.classes, &mut problems);
    let junction_names = names("junctions", file.junctions.iter().map(|it| &it.id), &mut problems);
    let (roads, mut lanes) = roads(&file, &classes, &junction_names, &mut problems);
    let lane_names = names("lanes", lanes.iter().map(|it: &Lane| &it.id), &mut problems);
    if file.links.is_empty() {
        file.links = derive::links(&file);
        fill_groups(&mut file);
    }
    let signal_names = names("signals", file.signals.iter().map(|it| &it.id), &mut problems);
    let (mut links, pairs, written) = links(&file, &roads, &mut lanes, &lane_names, &signal_names, &mut problems);
    let foes = lists(&mut links, &pairs);
    let crossings = crossings(&file, &roads, &lanes, &links, &signal_names, &mut problems);
    let mut signals = Vec::new();
    let mut obeying: Vec<Vec<usize>> = vec![Vec::new(); file.signals.len()];
    for (at, link) in links.iter().enumerate() {
        obeying.iter_mut().skip(link.lamp.map_or(usize::MAX, |lamp| lamp.0.at())).take(1).for_each(|it| it.push(at));
    }
    for (k, signal) in file.signals.iter().enumerate() {
        let place = format!("signals[{k}] \"{}\"", signal.id);
        let walkers = walkers(&crossings, &links, SignalIx::from(k));
        problems.within(&place, "yellow_s", signal.yellow_s, (0.0, 10.0), "s");
        problems.within(&place, "all_red_s", signal.all_red_s, (0.0, 30.0), "s");
        problems.within(&place, "min_green_s", signal.min_green_s, (0.0, 120.0), "s");
        problems.within(&place, "offset_s", signal.offset_s, (-86_400.0, 86_400.0), "s");
        for &(a, b) in signal.conflicts.iter().filter(|(a, b)| a.max(b) >= &signal.groups || a == b) {
            let allowed = format!("two different groups below {}", signal.groups);
            problems.add(format!("{place}.conflicts"), format!("({a}, {b})"), allowed);
        }
        let runs = check_letters(signal, &place, &mut problems);
        let built = Signal {
            id: signal.id.clone(),
            groups: signal.groups,
            cycle_s: signal.stages.iter().map(|stage| stage.duration_s).sum(),
            stages: signal.stages.clone(),
            offset_s: signal.offset_s,
            table: table(signal, &obeying[k], &links, &foes, &walkers),
        };
        if runs {
            check_programme(&built, &place, &mut problems);
        }
        signals.push(built);
    }
    let junctions = file.junctions.iter();
    let junctions = junctions.map(|it| Junction { id: it.id.clone(), at_m: [it.x_m, it.y_m], control: it.control });
    let junctions = junctions.collect();
    problems.or(Street { junctions, roads, lanes, links, foes, signals, crossings, classes, written })
}

/// Position of each name; doubles are problems.
fn names<'a>(list: &str, ids: impl Iterator<Item = &'a String>, problems: &mut Problems) -> Names {
    let mut names = Names::new();
    for (k, id) in ids.enumerate() {
        if id.is_empty() {
            problems.add(format!("{list}[{k}].id"), "empty", "a name");
        } else if names.insert(id.clone(), k).is_some() {
            problems.add(format!("{list}[{k}].id"), format!("\"{id}\" stands twice"), "every name once");
        }
    }
    names
}

fn known(names: &Names, id: &str, place: &str, what: &str, problems: &mut Problems) -> Option<usize> {
    let found = names.get(id).copied();
    if found.is_none() {
        problems.add(place, format!("unknown {what} \"{id}\""), format!("one of the {} {what}s", names.len()));
    }
    found
}

fn classes(written: &[ClassFile], problems: &mut Problems) -> Vec<ClassFile> {
    let mut classes = ClassFile::built_in().to_vec();
    for (k, class) in written.iter().enumerate() {
        let place = format!("classes[{k}] \"{}\"", class.id);
        let mut check = |key, value, low, high, unit| problems.within(&place, key, value, (low, high), unit);
        check("length_m", class.length_m, 0.5, 40.0, "m");
        check("min_gap_m", class.min_gap_m, 0.0, 10.0, "m");
        check("accel_mps2", class.accel_mps2, 0.1, 20.0, "m/s²");
        check("decel_mps2", class.decel_mps2, 0.5, 20.0, "m/s²");
        check("emergency_decel_mps2", class.emergency_decel_mps2, class.decel_mps2, 30.0, "m/s²");
        check("tau_s", class.tau_s, 0.1, 10.0, "s");
        check("sigma", class.sigma, 0.0, 1.0, "");
        check("speed_factor", class.speed_factor, 0.2, 2.0, "");
        check("speed_deviation", class.speed_deviation, 0.0, 1.0, "");
        check("max_speed_mps", class.max_speed_mps, 0.5, FASTEST_MPS, "m/s");
        check("persons", class.persons, 0.0, 1000.0, "");
        match classes.iter_mut().find(|it| it.id == class.id) {
            Some(known) => *known = class.clone(),
            None => classes.push(class.clone()),
        }
    }
    if classes.len() > CLASSES_MAX {
        problems.add("classes", format!("{}", classes.len()), format!("at most {CLASSES_MAX} with the built-in ones"));
        classes.truncate(CLASSES_MAX);
    }
    classes
}

fn roads(
    file: &StreetFile,
    classes: &[ClassFile],
    junctions: &Names,
    problems: &mut Problems,
) -> (Vec<Road>, Vec<Lane>) {
    let (mut roads, mut lanes) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for (k, road) in file.roads.iter().enumerate() {
        let place = format!("roads[{k}] \"{}\"", road.id);
        if !seen.insert(&road.id) {
            problems.add(format!("{place}.id"), "stands twice", "every name once");
        }
        let from = known(junctions, &road.from, &format!("{place}.from"), "junction", problems).unwrap_or(0);
        let to = known(junctions, &road.to, &format!("{place}.to"), "junction", problems).unwrap_or(0);
        problems.within(&place, "length_m", road.length_m, (SHORTEST_M, LONGEST_M), "m");
        problems.within(&place, "speed_mps", road.speed_mps, (0.1, FASTEST_MPS), "m/s");
        if road.lanes.is_empty() || road.lanes.len() > 100 {
            problems.add(format!("{place}.lanes"), format!("{} lanes", road.lanes.len()), "1 to 100 lanes");
        }
        let begin = lanes.len() as u32;
        for (number, lane) in road.lanes.iter().enumerate() {
            let place = format!("{place}.lanes[{number}]");
            let speed_mps = lane.speed_mps.unwrap_or(road.speed_mps);
            problems.within(&place, "speed_mps", speed_mps, (0.1, FASTEST_MPS), "m/s");
            let mut allowed = if lane.classes.is_empty() { u64::MAX } else { 0 };
            for class in &lane.classes {
                match classes.iter().position(|it| &it.id == class) {
                    Some(bit) => allowed |= 1 << bit,
                    None => problems.add(
                        format!("{place}.classes"),
                        format!("unknown class \"{class}\""),
                        "a built-in class or one of the file",
                    ),
                }
            }
            lanes.push(Lane {
                id: lane_id(road, number),
                road: RoadIx::from(k),
                length_m: road.length_m,
                speed_mps,
                classes: allowed,
                links: 0..0,
            });
        }
        let place = |id: &String| junctions.get(id).map(|&k| [file.junctions[k].x_m, file.junctions[k].y_m]);
        let shape = derive::line(road, place).unwrap_or_else(|| vec![[0.0, 0.0], [1.0, 0.0]]);
        let (from, to) = (JunctionIx::from(from), JunctionIx::from(to));
        let (length_m, speed_mps) = (road.length_m, road.speed_mps);
        let lanes = begin..lanes.len() as u32;
        roads.push(Road { id: road.id.clone(), from, to, length_m, speed_mps, lanes, shape });
    }
    (roads, lanes)
}

/// A signal that leaves its number of groups open gets what its links need.
fn fill_groups(file: &mut StreetFile) {
    for signal in file.signals.iter_mut().filter(|signal| signal.groups == 0) {
        let lamps = file.links.iter().filter_map(|link| link.signal.as_ref());
        let lamps = lamps.chain(file.crossings.iter().filter_map(|crossing| crossing.signal.as_ref()));
        signal.groups = lamps.filter(|lamp| lamp.signal == signal.id).map(|lamp| lamp.group + 1).max().unwrap_or(0);
    }
}

fn lamp(
    lamp: Option<&LampFile>,
    place: &str,
    file: &StreetFile,
    signals: &Names,
    problems: &mut Problems,
) -> Option<(SignalIx, usize)> {
    let lamp = lamp?;
    let signal = known(signals, &lamp.signal, &format!("{place}.signal"), "signal", problems)?;
    let groups = file.signals[signal].groups;
    if lamp.group >= groups {
        problems.add(format!("{place}.signal.group"), format!("{}", lamp.group), format!("0 to {}", groups.max(1) - 1));
        return None;
    }
    Some((SignalIx::from(signal), lamp.group))
}

/// Links sorted by the lane that they leave.
fn links(
    file: &StreetFile,
    roads: &[Road],
    lanes: &mut [Lane],
    lane_names: &Names,
    signals: &Names,
    problems: &mut Problems,
) -> (Vec<Link>, Pairs, Vec<LinkIx>) {
    let mut found: Vec<(usize, Link)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (k, written) in file.links.iter().enumerate() {
        let place = format!("links[{k}] \"{}\" to \"{}\"", written.from, written.to);
        let from = known(lane_names, &written.from, &format!("{place}.from"), "lane", problems);
        let to = known(lane_names, &written.to, &format!("{place}.to"), "lane", problems);
        problems.within(&place, "length_m", written.length_m, (SHORTEST_M, LONGEST_M), "m");
        let lamp = lamp(written.signal.as_ref(), &place, file, signals, problems);
        let (Some(from), Some(to)) = (from, to) else { continue };
        let (a, b) = (&roads[lanes[from].road.at()], &roads[lanes[to].road.at()]);
        if a.to != b.from {
            let ends = &file.junctions[a.to.at()].id;
            problems.add(&place, "does not join", format!("lanes of roads that begin at junction \"{ends}\""));
        } else if file.junctions[a.to.at()].control == Control::Boundary {
            problems.add(&place, "leads through the edge of the map", "junctions that are no boundary");
        }
        let speed_mps = written.speed_mps.unwrap_or(lanes[from].speed_mps.min(lanes[to].speed_mps));
        problems.within(&place, "speed_mps", speed_mps, (0.1, FASTEST_MPS), "m/s");
        let waits_at_m = written.waits_inside_m.unwrap_or(0.0);
        problems.within(&place, "waits_inside_m", waits_at_m, (0.0, written.length_m), "m");
        let shape = shape(written, (a, from), (b, to));
        let (from, to, length_m) = (LaneIx::from(from), LaneIx::from(to), written.length_m);
        let turn = written.turn;
        let link = Link { from, to, turn, length_m, speed_mps, lamp, foes: 0..0, waits_at_m, shape };
        if !seen.insert((from, to)) {
            problems.add(&place, "stands twice", "every pair of lanes once");
        }
        found.push((k, link));
    }
    found.sort_by_key(|(k, link)| (link.from, *k));
    let mut written = vec![LinkIx(u32::MAX); file.links.len()];
    for (at, (k, _)) in found.iter().enumerate() {
        written[*k] = LinkIx::from(at);
    }
    let links: Vec<Link> = found.into_iter().map(|(_, link)| link).collect();
    for (at, link) in links.iter().enumerate() {
        let range = &mut lanes[link.from.at()].links;
        let begin = if range.start == range.end { at as u32 } else { range.start };
        *range = begin..at as u32 + 1;
    }
    let mut pairs = Pairs::new();
    note_merges(&links, &mut pairs);
    named_pairs(file, &links, lane_names, &written, &mut pairs, problems);
    (links, pairs, written)
}

fn shape(written: &LinkFile, (a, from): (&Road, usize), (b, to): (&Road, usize)) -> Vec<[f64; 2]> {
    if written.shape.len() >= 2 {
        return written.shape.clone();
    }
    let left = |road: &Road, lane: usize| f64::from(road.lanes.end - 1).max(0.0) - lane as f64;
    let (begin, end) = (lane_end(&a.shape, true, left(a, from), 0.0).0, lane_end(&b.shape, false, left(b, to), 0.0).0);
    vec![begin, end]
}

/// Pairs that the links name.
fn named_pairs(
    file: &StreetFile,
    links: &[Link],
    lane_names: &Names,
    written: &[LinkIx],
    pairs: &mut Pairs,
    problems: &mut Problems,
) {
    let mut by_lanes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (at, link) in links.iter().enumerate() {
        by_lanes.insert((link.from.at(), link.to.at()), at);
    }
    let resolve = |reference: &LinkRef| match reference {
        LinkRef::Index(k) => written.get(*k).filter(|it| it.0 != u32::MAX).map(|it| it.at()),
        LinkRef::Lanes(from, to) => {
            let lane = |id| lane_names.get(id).copied();
            by_lanes.get(&(lane(from)?, lane(to)?)).copied()
        }
    };
    for (k, link) in file.links.iter().enumerate() {
        let lists = [("yields_to", &link.yields_to, true), ("conflicts_with", &link.conflicts_with, false)];
        for (key, references, yields) in lists {
            for reference in references {
                match resolve(reference) {
                    Some(other) if written[k].0 != u32::MAX => note(pairs, written[k].at(), other, yields),
                    Some(_) => {}
                    None => problems.add(
                        format!("links[{k}].{key}"),
                        format!("unknown link {reference:?}"),
                        format!("a position below {} or the two lanes of a link", file.links.len()),
                    ),
                }
            }
        }
    }
}

fn crossings(
    file: &StreetFile,
    roads: &[Road],
    lanes: &[Lane],
    links: &[Link],
    signals: &Names,
    problems: &mut Problems,
) -> Vec<Crossing> {
    let mut crossings = Vec::new();
    let mut seen = BTreeSet::new();
    for (k, written) in file.crossings.iter().enumerate() {
        let place = format!("crossings[{k}] \"{}\"", written.id);
        if !seen.insert(&written.id) {
            problems.add(format!("{place}.id"), "stands twice", "every name once");
        }
        problems.within(&place, "length_m", written.length_m, (1.0, 100.0), "m");
        let junction = file.junctions.iter().position(|it| it.id == written.junction);
        if junction.is_none() {
            let message = format!("unknown junction \"{}\"", written.junction);
            problems.add(format!("{place}.junction"), message, "a junction of the file");
        }
        let mut over = Vec::new();
        for id in &written.crosses {
            let Some(road) = roads.iter().position(|it| &it.id == id) else {
                problems.add(format!("{place}.crosses"), format!("unknown road \"{id}\""), "a road of the file");
                continue;
            };
            for (at, link) in links.iter().enumerate() {
                let (enters, leaves) = (lanes[link.from.at()].road.at(), lanes[link.to.at()].road.at());
                let here = |ix: JunctionIx| Some(ix.at()) == junction;
                if enters == road && here(roads[road].to) {
                    over.push((LinkIx::from(at), 0.0));
                } else if leaves == road && here(roads[road].from) {
                    over.push((LinkIx::from(at), (link.length_m - 2.0).max(0.0)));
                }
            }
        }
        if over.is_empty() {
            problems.add(
                format!("{place}.crosses"),
                "no link drives over it",
                "roads that begin or end at its junction",
            );
        }
        let lamp = lamp(written.signal.as_ref(), &place, file, signals, problems);
        let (id, length_m, push_button) = (written.id.clone(), written.length_m, written.push_button);
        crossings.push(Crossing { id, length_m, lamp, push_button, links: over });
    }
    crossings
}

/// Where pedestrians of a signal walk, and beside whom.
fn walkers(crossings: &[Crossing], links: &[Link], signal: SignalIx) -> Vec<Walkers> {
    let mut walkers = Vec::new();
    for crossing in crossings {
        let Some((_, group)) = crossing.lamp.filter(|lamp| lamp.0 == signal) else { continue };
        let vehicles = crossing.links.iter().filter_map(|(link, _)| {
            let link = &links[link.at()];
            let (_, group) = link.lamp.filter(|lamp| lamp.0 == signal && lamp.1 != group)?;
            Some((group, link.turn != Turn::Straight))
        });
        walkers.push(Walkers { group, length_m: crossing.length_m, vehicles: vehicles.collect() });
    }
    walkers
}
