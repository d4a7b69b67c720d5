//! The street of an avenue: junctions, roads with their lanes, crossings.

use super::{CorridorFile, LANE_M, Leg, signal_name};
use simulator::street::{Control, CrossingFile, JunctionFile, LampFile, LaneFile, RoadFile, StreetFile, Turn};

impl CorridorFile {
    /// Junctions, roads and crossings, each junction with its signal.
    pub(super) fn street(&self) -> StreetFile {
        let mut file = StreetFile::default();
        let boundary = |id: String, x_m, y_m| JunctionFile { id, x_m, y_m, control: Control::Boundary, signal: None };
        let radius = self.lanes.max(self.side_lanes) as f64 * LANE_M + 3.0;
        let (mut x_m, count) = (0.0, self.signals());
        file.junctions.push(boundary("west".to_owned(), -self.ends_m - radius, 0.0));
        for number in 1..=count {
            let (id, signal) = (signal_name(number), Some(signal_name(number)));
            file.junctions.push(JunctionFile { id, x_m, y_m: 0.0, control: Control::Signal, signal });
            for leg in self.legs(number).into_iter().filter(|leg| !leg.avenue()) {
                let y_m = if leg == Leg::North { self.side_m + radius } else { -self.side_m - radius };
                file.junctions.push(boundary(self.end_of(number, leg), x_m, y_m));
            }
            self.junction(number, radius, &mut file);
            x_m += self.spacing_m.get(number - 1).copied().unwrap_or(0.0);
        }
        file.junctions.push(boundary("east".to_owned(), x_m + self.ends_m + radius, 0.0));
        file
    }

    /// Roads into a junction, roads out of it to the edge, crossings, signal.
    fn junction(&self, number: usize, radius: f64, file: &mut StreetFile) {
        let id = signal_name(number);
        for leg in self.legs(number) {
            file.roads.push(self.road(number, leg, radius, true));
            let other = self.end_of(number, leg);
            if !other.starts_with('s') {
                file.roads.push(self.road(number, leg, radius, false));
            }
        }
        let mut groups: usize = self.legs(number).iter().map(|&leg| self.turns(number, leg).count()).sum();
        let lamp = |group| Some(LampFile { signal: id.clone(), group });
        let crossing = |name: String, crosses: Vec<String>, lanes: usize, group: usize| CrossingFile {
            id: name,
            junction: id.clone(),
            crosses,
            length_m: lanes as f64 * LANE_M + 0.6,
            signal: lamp(group),
            push_button: self.push_buttons,
        };
        if self.side_crossings {
            for leg in self.legs(number).into_iter().filter(|leg| !leg.avenue()) {
                let other = self.end_of(number, leg);
                let crosses = vec![format!("{other}_{id}"), format!("{id}_{other}")];
                file.crossings.push(crossing(format!("{id}.{other}"), crosses, 2 * self.side_lanes, groups));
                groups += 1;
            }
        }
        if self.avenue_crossings.contains(&number) {
            let other = self.end_of(number, Leg::West);
            let halves = [format!("{other}_{id}"), format!("{id}_{other}")];
            for half in halves {
                file.crossings.push(crossing(format!("{id}.{half}"), vec![half], self.lanes, groups));
            }
            groups += 1;
        }
        file.signals.push(self.signal(number, groups));
    }

    fn road(&self, number: usize, leg: Leg, radius: f64, into: bool) -> RoadFile {
        let (id, other) = (signal_name(number), self.end_of(number, leg));
        let (from, to) = if into { (other, id) } else { (id, other) };
        let (lanes, speed_mps) =
            if leg.avenue() { (self.lanes, self.speed_mps) } else { (self.side_lanes, self.side_speed_mps) };
        let length_m = match leg {
            Leg::North | Leg::South => self.side_m,
            Leg::West => self.between(number.wrapping_sub(2), radius),
            Leg::East => self.between(number - 1, radius),
        };
        let turns: Vec<Turn> = self.turns(number, leg).collect();
        let lane =
            |k| LaneFile { turns: if into { lane_turns(&turns, k, lanes) } else { Vec::new() }, ..LaneFile::default() };
        RoadFile {
            id: format!("{from}_{to}"),
            from,
            to,
            length_m,
            speed_mps,
            priority: 0,
            shape: Vec::new(),
            lanes: (0..lanes).map(lane).collect(),
        }
    }

    /// Length of the avenue from one signal to the next, or to its end.
    fn between(&self, position: usize, radius: f64) -> f64 {
        self.spacing_m.get(position).map_or(self.ends_m, |spacing| (spacing - 2.0 * radius).max(30.0))
    }
}

/// Turns of a lane: the leftmost for left turns, the rightmost for straight and right, those between straight; what a
/// T-junction does not have goes to the neighbours.
fn lane_turns(turns: &[Turn], lane: usize, lanes: usize) -> Vec<Turn> {
    let has = |turn| turns.contains(&turn);
    let wanted: &[Turn] = match lane {
        _ if lane + 1 == lanes && has(Turn::Left) => &[Turn::Left],
        0 => &[Turn::Straight, Turn::Right],
        _ if has(Turn::Straight) => &[Turn::Straight],
        _ => &[Turn::Right],
    };
    wanted.iter().copied().filter(|&turn| has(turn)).collect()
}
