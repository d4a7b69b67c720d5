//! Links of a street that names none: which lane leads where, by angle, and who gives way.
//!
//! In: junctions, roads with their lanes' turns. Out: links as if they had been written, with lengths, bends, speeds
//! (lateral acceleration at most 5.5 m/s²), lamps (one group an approach and turn, in the order of the roads) and right of
//! way: at lamps a left turn yields to the opposing straight and right ones; at priority junctions the lower road yields,
//! equals as at right-before-left: to the right, and left turns to who comes towards them. Weaknesses: angles alone decide
//! what a turn is; no slip lanes.

use std::collections::BTreeMap;

use super::geometry::{LANE_WIDTH_M, Point, bend, crossing, lane_end, length, turned_degrees};
use super::{Control, LampFile, LaneFile, LinkFile, LinkRef, RoadFile, StreetFile, Turn};

/// Largest lateral acceleration in a turn \[m/s²\].
const LATERAL_MPS2: f64 = 5.5;
/// How far before its first conflict a left turn waits inside \[m\].
const KERB_M: f64 = 2.5;

/// A link in the making.
struct Way {
    link: LinkFile,
    from_road: usize,
    to_lane: (usize, usize),
    /// Direction in which its road arrives.
    ahead: Point,
}

/// Line of a road: its shape, or straight between its junctions. `None` when a junction is unknown.
pub fn line(road: &RoadFile, place: impl Fn(&String) -> Option<Point>) -> Option<Vec<Point>> {
    if road.shape.len() >= 2 {
        return Some(road.shape.clone());
    }
    Some(vec![place(&road.from)?, place(&road.to)?])
}

/// Name of a lane.
pub fn lane_id(road: &RoadFile, number: usize) -> String {
    road.lanes[number].id.clone().unwrap_or_else(|| format!("{}_{number}", road.id))
}

/// All links of a file.
pub fn links(file: &StreetFile) -> Vec<LinkFile> {
    let mut all: Vec<LinkFile> = Vec::new();
    let places: BTreeMap<&String, Point> = file.junctions.iter().map(|it| (&it.id, [it.x_m, it.y_m])).collect();
    let lines: Vec<Option<Vec<Point>>> =
        file.roads.iter().map(|road| line(road, |id| places.get(id).copied())).collect();
    let mut roads_at: BTreeMap<&String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (k, road) in file.roads.iter().enumerate().filter(|(k, _)| lines[*k].is_some()) {
        roads_at.entry(&road.to).or_default().0.push(k);
        roads_at.entry(&road.from).or_default().1.push(k);
    }
    for junction in file.junctions.iter().filter(|it| it.control != Control::Boundary) {
        let Some((incoming, outgoing)) = roads_at.get(&junction.id) else { continue };
        let widest = incoming.iter().chain(outgoing).map(|&k| file.roads[k].lanes.len()).max().unwrap_or(0);
        let radius = widest as f64 * LANE_WIDTH_M + 3.0;
        let mut ways = Vec::new();
        let mut group = 0;
        for &from in incoming {
            let mut exits: Vec<(Turn, usize)> = Vec::new();
            for &to in outgoing {
                let (Some(a), Some(b)) = (&lines[from], &lines[to]) else { continue };
                exits.push((turn(lane_end(a, true, 0.0, 0.0).1, lane_end(b, false, 0.0, 0.0).1), to));
            }
            exits.sort_unstable();
            let mut served: Option<Turn> = None;
            for (turn, to) in exits {
                let pairs = lane_pairs(&file.roads[from].lanes, &file.roads[to].lanes, turn);
                if pairs.is_empty() {
                    continue;
                }
                if served.is_some_and(|before| before != turn) {
                    group += 1;
                }
                served = Some(turn);
                let lamp = junction.signal.clone().filter(|_| junction.control == Control::Signal);
                let lamp = lamp.map(|signal| LampFile { signal, group });
                for (k, m) in pairs {
                    ways.push(way(file, &lines, (from, k), (to, m), turn, radius, lamp.clone()));
                }
            }
            group += usize::from(served.is_some());
        }
        right_of_way(file, junction.control, &mut ways);
        all.extend(ways.into_iter().map(|way| way.link));
    }
    all
}

fn turn(ahead: Point, onward: [f64; 2]) -> Turn {
    match turned_degrees(ahead, onward) {
        angle if angle.abs() > 150.0 => Turn::U,
        angle if angle > 40.0 => Turn::Left,
        angle if angle < -40.0 => Turn::Right,
        _ => Turn::Straight,
    }
}

/// Which lane leads into which: left turns from the left edge, others from the right.
fn lane_pairs(from: &[LaneFile], to: &[LaneFile], turn: Turn) -> Vec<(usize, usize)> {
    let n = from.len();
    let may = |k: usize| match (from[k].turns.is_empty(), turn) {
        (false, _) => from[k].turns.contains(&turn),
        (true, Turn::Straight) => true,
        (true, Turn::Right) => k == 0,
        (true, Turn::Left) => k + 1 == n,
        (true, Turn::U) => false,
    };
    let shares = |a: &LaneFile, b: &LaneFile| {
        a.classes.is_empty() || b.classes.is_empty() || a.classes.iter().any(|class| b.classes.contains(class))
    };
    let sources: Vec<usize> = (0..n).filter(|&k| may(k)).collect();
    let mut pairs = Vec::new();
    for (nth, &k) in sources.iter().enumerate() {
        let from_left = sources.len() - 1 - nth;
        let wanted = match turn {
            Turn::Left | Turn::U => to.len().saturating_sub(1 + from_left),
            Turn::Right => nth.min(to.len().saturating_sub(1)),
            Turn::Straight => k.min(to.len().saturating_sub(1)),
        };
        let by_nearness = (0..to.len()).filter(|&m| shares(&from[k], &to[m])).min_by_key(|m| m.abs_diff(wanted));
        pairs.extend(by_nearness.map(|m| (k, m)));
    }
    pairs
}

fn way(
    file: &StreetFile,
    lines: &[Option<Vec<Point>>],
    (from, k): (usize, usize),
    (to, m): (usize, usize),
    turn: Turn,
    radius: f64,
    lamp: Option<LampFile>,
) -> Way {
    let (source, target) = (&file.roads[from], &file.roads[to]);
    let end_of = |road: usize, lane: usize, at_end: bool| {
        let line = lines[road].as_ref().expect("only roads with lines are listed");
        let lanes = file.roads[road].lanes.len();
        let cut = radius.min(length(line) / 3.0);
        lane_end(line, at_end, (lanes - 1 - lane) as f64, cut)
    };
    let (begin, end) = (end_of(from, k, true), end_of(to, m, false));
    let shape = bend(begin, end);
    let length_m = length(&shape).max(1.0);
    let angle = turned_degrees(begin.1, end.1).abs().to_radians().max(0.1);
    let limit = |road: &RoadFile, lane: usize| road.lanes[lane].speed_mps.unwrap_or(road.speed_mps);
    let speed = limit(source, k).min(limit(target, m));
    let speed = if turn == Turn::Straight { speed } else { speed.min((LATERAL_MPS2 * length_m / angle).sqrt()) };
    let link = LinkFile {
        from: lane_id(source, k),
        to: lane_id(target, m),
        turn,
        length_m,
        speed_mps: Some(speed),
        shape,
        signal: lamp,
        yields_to: Vec::new(),
        conflicts_with: Vec::new(),
        waits_inside_m: None,
    };
    Way { link, from_road: from, to_lane: (to, m), ahead: begin.1 }
}

/// Conflicts by geometry; yields by the junction's rule.
fn right_of_way(file: &StreetFile, control: Control, ways: &mut [Way]) {
    for one in 0..ways.len() {
        let mut first_conflict = f64::INFINITY;
        for other in 0..ways.len() {
            let (a, b) = (&ways[one], &ways[other]);
            if a.from_road == b.from_road {
                continue;
            }
            let meeting = if a.to_lane == b.to_lane {
                Some(a.link.length_m)
            } else {
                crossing(&a.link.shape, &b.link.shape).map(|(at, _)| at)
            };
            let Some(at) = meeting else { continue };
            let reference = LinkRef::Lanes(b.link.from.clone(), b.link.to.clone());
            if yields(file, control, a, b) {
                first_conflict = first_conflict.min(at);
                ways[one].link.yields_to.push(reference);
            } else {
                ways[one].link.conflicts_with.push(reference);
            }
        }
        let link = &mut ways[one].link;
        let inside = first_conflict - KERB_M;
        if control == Control::Signal && matches!(link.turn, Turn::Left | Turn::U) && inside.is_finite() && inside > 1.0
        {
            link.waits_inside_m = Some(inside);
        }
    }
}

fn yields(file: &StreetFile, control: Control, a: &Way, b: &Way) -> bool {
    // Where the other one comes from, seen by the driver of `a`: ahead 0° is opposing, -90° from the right.
    let angle = turned_degrees(a.ahead, [-b.ahead[0], -b.ahead[1]]);
    let opposing = angle.abs() < 45.0;
    let left = |way: &Way| matches!(way.link.turn, Turn::Left | Turn::U);
    let turns_before_opposing = opposing && left(a) && !left(b);
    let from_right = (-150.0..=-45.0).contains(&angle);
    match control {
        Control::Signal => turns_before_opposing,
        Control::RightBeforeLeft => turns_before_opposing || from_right,
        Control::Priority => {
            let priority = |way: &Way| file.roads[way.from_road].priority;
            match priority(a).cmp(&priority(b)) {
                std::cmp::Ordering::Less => true,
                std::cmp::Ordering::Equal => turns_before_opposing || from_right,
                std::cmp::Ordering::Greater => false,
            }
        }
        Control::None | Control::Boundary => false,
    }
}
