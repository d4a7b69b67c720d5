//! Small streets for tests.

use simulator::demand::{Demand, DemandFile, Depart, DepartLane, DepartSpeed, FlowFile, Process, TripFile};
use simulator::lamps::Lamps;
use simulator::street::{Control, JunctionFile, LaneFile, RoadFile, SignalFile, StageFile, Street, StreetFile, Turn};
use simulator::{Settings, Simulation};

/// A road of some lanes.
pub fn road(id: &str, from: &str, to: &str, length_m: f64, lanes: &[&[Turn]]) -> RoadFile {
    let lane = |turns: &&[Turn]| LaneFile { turns: turns.to_vec(), ..LaneFile::default() };
    RoadFile {
        id: id.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        length_m,
        speed_mps: 13.89,
        priority: 0,
        shape: Vec::new(),
        lanes: lanes.iter().map(lane).collect(),
    }
}

/// A junction.
pub fn junction(id: &str, x_m: f64, y_m: f64, control: Control) -> JunctionFile {
    let signal = (control == Control::Signal).then(|| id.to_owned());
    JunctionFile { id: id.to_owned(), x_m, y_m, control, signal }
}

/// A crossing `c` with approaches from north, east, south and west (`n_in`, `n_out` …), each lane with these turns.
pub fn crossroads(control: Control, lanes: &[&[Turn]], stages: &[(f64, &str)]) -> StreetFile {
    let mut file = StreetFile { junctions: vec![junction("c", 0.0, 0.0, control)], ..StreetFile::default() };
    for (id, x, y) in [("n", 0.0, 300.0), ("e", 300.0, 0.0), ("s", 0.0, -300.0), ("w", -300.0, 0.0)] {
        file.junctions.push(junction(id, x, y, Control::Boundary));
        file.roads.push(road(&format!("{id}_in"), id, "c", 280.0, lanes));
        file.roads.push(road(&format!("{id}_out"), "c", id, 280.0, &vec![&[][..]; lanes.len()]));
    }
    if control == Control::Signal {
        let stage = |&(duration_s, state): &(f64, &str)| StageFile { duration_s, state: state.to_owned() };
        let stages = stages.iter().map(stage).collect();
        file.signals.push(SignalFile { id: "c".to_owned(), stages, ..SignalFile::default() });
    }
    file
}

/// A trip along named roads.
pub fn trip(id: &str, depart_s: f64, class: &str, route: &[&str]) -> TripFile {
    let route = route.iter().map(|&road| road.to_owned()).collect();
    let depart = Depart { lane: DepartLane::Best, speed: DepartSpeed::Max, ..Depart::default() };
    TripFile { id: id.to_owned(), depart_s, class: class.to_owned(), route, depart }
}

/// A Poisson flow of cars for an hour.
pub fn flow(id: &str, veh_per_h: f64, route: &[&str]) -> FlowFile {
    FlowFile {
        id: id.to_owned(),
        route: route.iter().map(|&road| road.to_owned()).collect(),
        veh_per_h,
        begin_s: 0.0,
        end_s: 3600.0,
        process: Process::Poisson,
        profile: Vec::new(),
        classes: Vec::new(),
        depart: Depart::default(),
    }
}

/// A run, ready to go.
pub fn run(file: StreetFile, demand: &DemandFile, settings: Settings) -> (Simulation, Lamps) {
    let street = Street::build(file).expect("the street is good");
    let demand = Demand::build(&street, demand, settings.seed, 0.0, 3600.0).expect("the demand is good");
    let lamps = Lamps::new(&street);
    (Simulation::new(street, demand, settings), lamps)
}

/// Steps, with everything asked after each one.
pub fn steps(simulation: &mut Simulation, lamps: &Lamps, count: usize) {
    for _ in 0..count {
        simulation.step(lamps);
        if let Err(wrong) = simulation.check_invariants() {
            panic!("{} s: {wrong}", simulation.now_s());
        }
    }
}
