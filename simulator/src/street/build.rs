//! From names to numbers, with all problems at once.
//!
//! In: a [`StreetFile`]. Out: a [`Street`], or every problem that was found; a thing that is wrong is left out and the
//! check goes on, so that one mistake does not hide another.

mod crossings;
mod lamps;
mod links;

use std::collections::{BTreeMap, BTreeSet};

use super::conflicts::lists;
use super::derive::{self, lane_id};
use super::programme::{check_letters, check_programme, table};
use super::{
    ClassFile, Crossing, Foe, Junction, JunctionIx, Lane, Link, Problem, Problems, Road, RoadIx, Signal, SignalIx,
    Street, StreetFile,
};
use crossings::{crossings, walkers};
use lamps::fill_groups;
use links::links;

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
    let signals = signals(&file, &links, &foes, &crossings, &mut problems);
    let junctions = file.junctions.iter();
    let junctions = junctions.map(|it| Junction { id: it.id.clone(), at_m: [it.x_m, it.y_m], control: it.control });
    let junctions = junctions.collect();
    problems.or(Street { junctions, roads, lanes, links, foes, signals, crossings, classes, written })
}

/// Signals with their programmes, judged by the table of the monitor that later watches the lamps.
fn signals(
    file: &StreetFile,
    links: &[Link],
    foes: &[Foe],
    crossings: &[Crossing],
    problems: &mut Problems,
) -> Vec<Signal> {
    let mut signals = Vec::new();
    let mut obeying: Vec<Vec<usize>> = vec![Vec::new(); file.signals.len()];
    for (at, link) in links.iter().enumerate() {
        obeying.iter_mut().skip(link.lamp.map_or(usize::MAX, |lamp| lamp.0.at())).take(1).for_each(|it| it.push(at));
    }
    for (k, signal) in file.signals.iter().enumerate() {
        let place = format!("signals[{k}] \"{}\"", signal.id);
        let walkers = walkers(crossings, links, SignalIx::from(k));
        problems.within(&place, "yellow_s", signal.yellow_s, (0.0, 10.0), "s");
        problems.within(&place, "all_red_s", signal.all_red_s, (0.0, 30.0), "s");
        problems.within(&place, "min_green_s", signal.min_green_s, (0.0, 120.0), "s");
        problems.within(&place, "offset_s", signal.offset_s, (-86_400.0, 86_400.0), "s");
        for &(a, b) in signal.conflicts.iter().filter(|(a, b)| a.max(b) >= &signal.groups || a == b) {
            let allowed = format!("two different groups below {}", signal.groups);
            problems.add(format!("{place}.conflicts"), format!("({a}, {b})"), allowed);
        }
        let runs = check_letters(signal, &place, problems);
        let built = Signal {
            id: signal.id.clone(),
            groups: signal.groups,
            cycle_s: signal.stages.iter().map(|stage| stage.duration_s).sum(),
            stages: signal.stages.clone(),
            offset_s: signal.offset_s,
            table: table(signal, &obeying[k], links, foes, &walkers),
        };
        if runs {
            check_programme(&built, &place, problems);
        }
        signals.push(built);
    }
    signals
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
        check("impatience", class.impatience, 0.0, 1.0, "");
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
                parting_m: lane.parting_m,
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
