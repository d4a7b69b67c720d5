//! What an engineer would write down on seeing a street of the simulator: intersections, lanes, lamps, conflicts, times.
//!
//! ```text
//! simulator::Street ─> edges, lanes, ways, right of way, programmes ─> network::import ─> NetworkFile, report
//! ```
//!
//! The street is put into the form in which the import of SUMO networks holds a street, and goes the same way from there: so
//! that names (`g{i}` for a group, lanes by their id, `.stop` and `.zone` for detectors), feeders, times and guesses are
//! the same whether a network was read from a file or surveyed on the street. Nothing of the demand is looked at.
//!
//! Assumes: who turns gives way to pedestrians who are green together with him. Weakness: a crossing without lamp is not
//! written down, because nothing controls it.

use crate::network::import::sumo::net::{Connection, Function, Junction, Lane, Request, SumoNet, TlLogic, TlPhase};
use crate::network::import::sumo::permissions::Permissions;
use crate::network::import::sumo::{ImportError, ImportOptions, ImportReport, Imported, TurnCounts, import_net};
use crate::network::{Geometry, GroupKind, Point};
use simulator::street::{CrossingIx, JunctionIx, Kind, LaneIx, LinkIx, Street, Turn};

/// Width of a lane as it is drawn \[m\].
const LANE_WIDTH_M: f64 = 3.2;

/// Survey a street; `source` names it in messages.
///
/// # Errors
/// No signal that controls anything, a programme that serves nobody, options outside their range.
pub fn survey(street: &Street, source: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
    let mut net = SumoNet::new(source, "");
    lanes(street, &mut net)?;
    ways(street, &mut net)?;
    let feet = feet(street, &mut net)?;
    let mut roads: Vec<Vec<usize>> = vec![Vec::new(); street.junctions.len()];
    for (at, road) in street.roads.iter().enumerate() {
        roads[road.to.at()].push(at);
    }
    let ways = ways_by_lane(street);
    for (at, junction) in street.junctions.iter().enumerate() {
        let incoming: Vec<LaneIx> = roads[at].iter().flat_map(|&road| street.lanes_of(road.into())).collect();
        let here = feet.iter().filter(|it| it.1.at() == at);
        let drive = incoming.iter().flat_map(|lane| &ways[lane.at()]).map(|&link| Way::Drive(link));
        let ways: Vec<Way> = drive.chain(here.clone().map(|it| Way::Walk(it.0))).collect();
        let lanes = incoming.iter().map(|lane| street.lanes[lane.at()].id.clone());
        let requests = ways.iter().map(|&way| request(street, way, &ways)).collect();
        let incoming = lanes.chain(here.map(|it| walking_area(street, it.0))).collect();
        let (id, kind, at_m) = (junction.id.clone(), String::new(), junction.at_m);
        net.junctions.push(Junction { id, kind, at_m, incoming, requests, offset: 0 });
    }
    programmes(street, &mut net);
    let report = ImportReport { source: source.to_owned(), ..ImportReport::default() };
    let mut imported = import_net(&net, &TurnCounts::default(), options, report)?;
    let shares = "shares of movements, feeders and links: straight on 3, a turn 1, a turn back 0.05";
    imported.report.guess("network", shares);
    imported.geometry = geometry(street);
    Ok(imported)
}

/// Where the lanes lie: beside the line of their road, from the links that enter them to those that leave.
fn geometry(street: &Street) -> Geometry {
    let mut geometry = Geometry::default();
    let mut begins = vec![None; street.lanes.len()];
    for link in &street.links {
        begins[link.to.at()] = link.shape.last().copied();
    }
    for (at, road) in street.roads.iter().enumerate() {
        let lanes = street.lanes_of(at.into());
        let count = lanes.len();
        for (position, lane) in lanes.enumerate() {
            let mut line = beside(&road.shape, (count - position) as f64 - 0.5);
            let last = line.len().saturating_sub(1);
            let end = street.links_of(lane).next().and_then(|link| street.links[link.at()].shape.first().copied());
            for (point, known) in [(0, begins[lane.at()]), (last, end)] {
                if let (Some(point), Some(known)) = (line.get_mut(point), known) {
                    *point = known;
                }
            }
            geometry.lanes.insert(street.lanes[lane.at()].id.clone(), line);
        }
    }
    for signal in &street.signals {
        if let Some(junction) = street.junctions.iter().find(|it| it.id == signal.id) {
            geometry.intersections.insert(signal.id.clone(), junction.at_m);
        }
    }
    geometry
}

/// A line to the right of another one, in widths of a lane.
fn beside(line: &[Point], lanes: f64) -> Vec<Point> {
    let moved = |at: usize| {
        let (from, to) = (line[at.saturating_sub(1)], line[(at + 1).min(line.len() - 1)]);
        let ahead = [to[0] - from[0], to[1] - from[1]];
        let by = lanes * LANE_WIDTH_M / ahead[0].hypot(ahead[1]).max(1e-9);
        [line[at][0] + ahead[1] * by, line[at][1] - ahead[0] * by]
    };
    (0..line.len()).map(moved).collect()
}

/// A row of a junction's right of way.
#[derive(Debug, Clone, Copy)]
enum Way {
    Drive(LinkIx),
    Walk(CrossingIx),
}

/// Roads with their lanes, in the order of the street, so that positions are the same.
fn lanes(street: &Street, net: &mut SumoNet<'_>) -> Result<(), ImportError> {
    for (edge, road) in street.roads.iter().enumerate() {
        net.add_edge(road.id.clone(), Function::Normal, 0)?;
        for lane in street.lanes_of(edge.into()) {
            let lane = &street.lanes[lane.at()];
            let permissions = Permissions::of(serves(street, lane.classes));
            let (id, speed_mps, length_m) = (lane.id.clone(), lane.speed_mps, lane.length_m);
            net.add_lane(Lane { id, edge, speed_mps, length_m, permissions, shape: Vec::new() }, 0)?;
        }
    }
    Ok(())
}

/// Whom a lamp over a lane serves: the most demanding of the classes that may use it.
fn serves(street: &Street, classes: u64) -> GroupKind {
    let allowed = |kinds: &[Kind]| {
        street.classes.iter().enumerate().any(|(bit, class)| classes >> bit & 1 == 1 && kinds.contains(&class.kind))
    };
    if allowed(&[Kind::Car, Kind::Truck]) {
        GroupKind::Vehicle
    } else if allowed(&[Kind::Bus]) {
        GroupKind::Transit
    } else {
        GroupKind::Bicycle
    }
}

/// Links in the order of the file, each over a lane of its own inside the junction.
fn ways(street: &Street, net: &mut SumoNet<'_>) -> Result<(), ImportError> {
    for &number in street.written.iter().filter(|it| it.at() < street.links.len()) {
        let link = &street.links[number.at()];
        let via = inner_lane(net, format!(":{}", number.0), Function::Internal, link.length_m, link.speed_mps)?;
        let direction = match link.turn {
            Turn::Left => "l",
            Turn::Straight => "s",
            Turn::Right => "r",
            Turn::U => "t",
        };
        net.add_connection(Connection {
            from: link.from.at(),
            to: link.to.at(),
            via: Some(via),
            control: link.lamp.map(|(signal, group)| (street.signals[signal.at()].id.clone(), group)),
            direction: direction.to_owned(),
            pass: false,
            minor: false,
            offset: 0,
        });
    }
    Ok(())
}

/// An edge of one lane that is no road; the position of the lane.
fn inner_lane(
    net: &mut SumoNet<'_>,
    id: String,
    function: Function,
    length_m: f64,
    speed_mps: f64,
) -> Result<usize, ImportError> {
    let (edge, permissions) = (net.edges.len(), Permissions::of(GroupKind::Pedestrian));
    net.add_edge(id.clone(), function, 0)?;
    net.add_lane(Lane { id, edge, speed_mps, length_m, permissions, shape: Vec::new() }, 0)?;
    Ok(net.lanes.len() - 1)
}

/// Crossings with lamps: where they begin, and the way over them.
fn feet(street: &Street, net: &mut SumoNet<'_>) -> Result<Vec<(CrossingIx, JunctionIx)>, ImportError> {
    let mut feet = Vec::new();
    for (at, crossing) in street.crossings.iter().enumerate() {
        let Some((signal, group)) = crossing.lamp else { continue };
        let Some(&(link, _)) = crossing.links.first() else { continue };
        let at = CrossingIx::from(at);
        let from = inner_lane(net, walking_area(street, at), Function::WalkingArea, 1.0, 1.0)?;
        let to = inner_lane(net, format!(":c{}", at.0), Function::Crossing, crossing.length_m, 1.0)?;
        let control = Some((street.signals[signal.at()].id.clone(), group));
        net.add_connection(Connection {
            from,
            to,
            via: None,
            control,
            direction: String::new(),
            pass: false,
            minor: false,
            offset: 0,
        });
        feet.push((at, ends_at(street, link)));
    }
    Ok(feet)
}

fn walking_area(street: &Street, crossing: CrossingIx) -> String {
    format!(":w{}.{}", crossing.0, street.crossings[crossing.at()].id)
}

/// Junction that a link crosses.
fn ends_at(street: &Street, link: LinkIx) -> JunctionIx {
    street.roads[street.lanes[street.links[link.at()].from.at()].road.at()].to
}

/// Links of each lane in the order in which they were added.
fn ways_by_lane(street: &Street) -> Vec<Vec<LinkIx>> {
    let mut ways = vec![Vec::new(); street.lanes.len()];
    for &link in street.written.iter().filter(|it| it.at() < street.links.len()) {
        ways[street.links[link.at()].from.at()].push(link);
    }
    ways
}

/// Whom a way meets, and to whom it gives way.
fn request(street: &Street, way: Way, ways: &[Way]) -> Request {
    let meets: Vec<Option<bool>> = ways.iter().map(|&other| meets(street, way, other)).collect();
    Request {
        response: meets.iter().map(|it| *it == Some(true)).collect(),
        foes: meets.iter().map(Option::is_some).collect(),
        offset: 0,
    }
}

/// Whether the first gives way where the two meet; `None` where they do not.
fn meets(street: &Street, one: Way, other: Way) -> Option<bool> {
    let walked = |crossing: CrossingIx, link| street.crossings[crossing.at()].links.iter().any(|it| it.0 == link);
    match (one, other) {
        (Way::Drive(a), Way::Drive(b)) => street.foes_of(a).iter().find(|foe| foe.link == b).map(|foe| foe.yields),
        (Way::Drive(link), Way::Walk(crossing)) => {
            walked(crossing, link).then(|| street.links[link.at()].turn != Turn::Straight)
        }
        (Way::Walk(crossing), Way::Drive(link)) => walked(crossing, link).then_some(false),
        (Way::Walk(_), Way::Walk(_)) => None,
    }
}

fn programmes(street: &Street, net: &mut SumoNet<'_>) {
    for signal in &street.signals {
        let duration_min_s = Some(signal.table.min_green_ms as f64 / 1000.0).filter(|it| *it > 0.0);
        let phases = signal.stages.iter().map(|stage| TlPhase {
            duration_s: stage.duration_s,
            state: stage.state.clone(),
            duration_min_s,
            name: None,
            offset: 0,
        });
        net.logics.push(TlLogic {
            id: signal.id.clone(),
            programme: String::new(),
            offset_s: signal.offset_s,
            groups_without_programme: signal.stages.is_empty().then_some(signal.groups),
            phases: phases.collect(),
            file: None,
            offset: 0,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::DetectorRole;
    use simulator::grid::Grid;
    use simulator::street::{CrossingFile, LampFile, StreetFile};

    fn chessboard() -> StreetFile {
        Grid::bench(2, 2).files().0
    }

    fn surveyed(file: StreetFile) -> Imported {
        let street = Street::build(file).expect("the chessboard is sound");
        survey(&street, "chessboard", &ImportOptions::default()).expect("it can be surveyed")
    }

    #[test]
    fn a_chessboard_has_four_approaches_a_crossing_and_roads_between_them() {
        let network = surveyed(chessboard()).network;
        assert_eq!((network.intersections.len(), network.links.len()), (4, 8));
        for intersection in &network.intersections {
            assert_eq!(
                (intersection.approaches.len(), intersection.lanes.len(), intersection.groups.len()),
                (4, 12, 12)
            );
            assert_eq!(intersection.stages.len(), 4);
            let loops = intersection.detectors.iter().filter(|it| it.role == DetectorRole::StopBar).count();
            assert_eq!((loops, intersection.detectors.len()), (12, 24));
        }
    }

    #[test]
    fn opposing_left_and_straight_conflict_and_opposing_straights_do_not() {
        let network = surveyed(chessboard()).network;
        let site = &network.intersections[0];
        let group = |approach: usize, turn| {
            let of = |it: &&crate::network::Movement| {
                it.turn == turn && it.lane.is_some_and(|lane| site.lanes[lane.0].approach == approach)
            };
            site.movements.iter().find(of).expect("every approach has every turn").group
        };
        let straight = |approach| group(approach, crate::network::Turn::Through);
        let opposing = (1..4).filter(|&it| !site.conflicts.conflicting(straight(0), straight(it))).collect::<Vec<_>>();
        assert_eq!(opposing.len(), 1);
        assert!(site.conflicts.conflicting(group(0, crate::network::Turn::Left), straight(opposing[0])));
    }

    #[test]
    fn a_signal_without_programme_gets_stages_of_groups_that_go_together() {
        let mut file = chessboard();
        file.signals.iter_mut().for_each(|signal| signal.stages.clear());
        let network = surveyed(file).network;
        assert!(network.intersections.iter().all(|it| it.stages.len() >= 4), "{:?}", network.intersections[0].stages);
    }

    #[test]
    fn a_crossing_with_a_lamp_becomes_a_crosswalk_to_which_turns_give_way() {
        let mut file = chessboard();
        let (signal, road) = (file.signals[0].clone(), file.roads.iter().find(|it| it.to == file.signals[0].id));
        let (crosses, group) = (vec![road.expect("a road ends there").id.clone()], signal.groups);
        file.signals[0].groups = 13;
        file.signals[0].stages.iter_mut().for_each(|stage| stage.state.push('r'));
        let lamp = Some(LampFile { signal: signal.id.clone(), group: if group == 0 { 12 } else { group } });
        let (id, junction) = ("zebra".to_owned(), signal.id.clone());
        file.crossings.push(CrossingFile { id, junction, crosses, length_m: 12.0, signal: lamp, push_button: true });
        let imported = surveyed(file);
        let site = imported.file.intersections.iter().find(|it| it.id.as_str() == signal.id).expect("it is there");
        let walk = site.movements.iter().find(|it| it.lane.is_none()).expect("a crosswalk");
        assert_eq!(site.groups[12].kind, GroupKind::Pedestrian);
        assert!(site.movements.iter().any(|it| it.yields_to.contains(&walk.id)));
    }
}
