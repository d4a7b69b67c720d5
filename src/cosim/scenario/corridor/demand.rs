//! Who drives and walks on an avenue: cars by turning shares, buses along the whole of it, people at its crossings.

use super::{CorridorFile, Leg, signal_name};
use simulator::demand::{DemandFile, Depart, FlowFile, PedestrianFile, Process, TurningFile};
use simulator::street::{CrossingFile, Turn};

impl CorridorFile {
    /// Flows, turning shares and people between two instants \[s\].
    pub(super) fn demand(&self, begin_s: f64, end_s: f64) -> DemandFile {
        let demand = &self.demand;
        let mut file = DemandFile::default();
        for number in 1..=self.signals() {
            for leg in self.legs(number) {
                let (id, other) = (signal_name(number), self.end_of(number, leg));
                file.turning.push(self.turning(number, leg));
                let weight = demand.side_weights.get(number - 1).copied().unwrap_or(1.0);
                let veh_per_h = match (leg, other.starts_with('s')) {
                    (_, true) => continue,
                    (Leg::West, _) => demand.west_veh_per_h,
                    (Leg::East, _) => demand.east_veh_per_h,
                    _ => demand.side_veh_per_h * weight,
                };
                let mut flow = flow(&other, vec![format!("{other}_{id}")], veh_per_h, (begin_s, end_s));
                flow.profile.clone_from(&demand.profile);
                flow.classes = vec![("car".to_owned(), 1.0 - demand.trucks), ("truck".to_owned(), demand.trucks)];
                file.flows.push(flow);
            }
        }
        if demand.buses_per_h > 0.0 {
            let last = signal_name(self.signals());
            let ways =
                [["west_s01".to_owned(), format!("{last}_east")], [format!("east_{last}"), "s01_west".to_owned()]];
            for (name, way) in ["bus-east", "bus-west"].into_iter().zip(ways) {
                let mut flow = flow(name, way.to_vec(), demand.buses_per_h, (begin_s, end_s));
                flow.process = Process::Uniform;
                flow.classes = vec![("bus".to_owned(), 1.0)];
                file.flows.push(flow);
            }
        }
        if demand.pedestrians_per_h > 0.0 {
            let crossings = self.street().crossings;
            let people = |crossing: CrossingFile| PedestrianFile {
                crossing: crossing.id,
                per_h: demand.pedestrians_per_h,
                begin_s,
                end_s,
            };
            file.pedestrians.extend(crossings.into_iter().map(people));
        }
        file
    }

    fn turning(&self, number: usize, leg: Leg) -> TurningFile {
        let id = signal_name(number);
        let [left, right] = if leg.avenue() { self.demand.avenue_turns } else { self.demand.side_turns };
        let share = |turn| match turn {
            Turn::Left => left,
            Turn::Right => right,
            _ => (1.0 - left - right).max(0.0),
        };
        let to = self.turns(number, leg).map(|turn| {
            let other = self.end_of(number, leg.by(turn));
            (format!("{id}_{other}"), share(turn))
        });
        TurningFile { from: format!("{}_{id}", self.end_of(number, leg)), to: to.collect() }
    }
}

fn flow(name: &str, route: Vec<String>, veh_per_h: f64, (begin_s, end_s): (f64, f64)) -> FlowFile {
    FlowFile {
        id: name.to_owned(),
        route,
        veh_per_h,
        begin_s,
        end_s,
        process: Process::Poisson,
        profile: Vec::new(),
        classes: Vec::new(),
        depart: Depart::default(),
    }
}
