//! The same bytes, whatever the number of threads, and as often as it is run.

use simulator::demand::Demand;
use simulator::grid::Grid;
use simulator::lamps::Lamps;
use simulator::street::Street;
use simulator::{Settings, Simulation};

fn hash(threads: usize, seed: u64, steps: usize) -> (u64, u64) {
    let grid = Grid { vehicles: 400.0, ..Grid::bench(5, 5) };
    let (street, demand) = grid.files();
    let street = Street::build(street).expect("the grid is good");
    let demand = Demand::build(&street, &demand, seed, 0.0, 600.0).expect("its demand is good");
    let lamps = Lamps::new(&street);
    let mut simulation = Simulation::new(street, demand, Settings { threads, seed, ..Settings::default() });
    (0..steps).for_each(|_| simulation.step(&lamps));
    (simulation.trace_hash(), simulation.vehicle_steps())
}

#[test]
fn one_two_and_four_threads_give_the_same_bytes() {
    let one = hash(1, 1, 400);
    assert!(one.1 > 50_000, "{} vehicle-steps", one.1);
    assert_eq!(one, hash(2, 1, 400));
    assert_eq!(one, hash(4, 1, 400));
    assert_ne!(one.0, hash(1, 2, 400).0, "another seed is another day");
}

#[test]
fn twenty_runs_give_the_same_bytes() {
    let first = hash(2, 7, 120);
    assert!((1..20).all(|_| hash(2, 7, 120) == first));
}

#[test]
fn a_full_grid_keeps_its_order_for_half_an_hour() {
    let grid = Grid { vehicles: 420.0, duration_s: 1200.0, ..Grid::bench(4, 4) };
    let (street, demand) = grid.files();
    let street = Street::build(street).expect("the grid is good");
    let demand = Demand::build(&street, &demand, 1, 0.0, 1200.0).expect("its demand is good");
    let lamps = Lamps::new(&street);
    let mut simulation = Simulation::new(street, demand, Settings::default());
    for _ in 0..3000 {
        simulation.step(&lamps);
        if let Err(wrong) = simulation.check_invariants() {
            panic!("{} s: {wrong}", simulation.now_s());
        }
    }
    assert!(simulation.is_over(), "{} are still inside", simulation.vehicles_inside());
    let results = simulation.results();
    assert_eq!((results.finished, results.unsafe_lamps), (results.demanded, 0));
}

#[test]
fn the_grids_of_the_benchmark_drive() {
    for size in [10, 30] {
        let (street, demand) = Grid { duration_s: 60.0, ..Grid::bench(size, size) }.files();
        let street = Street::build(street).expect("the grid is good");
        let demand = Demand::build(&street, &demand, 1, 0.0, 60.0).expect("its demand is good");
        let lamps = Lamps::new(&street);
        let mut simulation = Simulation::new(street, demand, Settings { threads: 2, ..Settings::default() });
        (0..30).for_each(|_| simulation.step(&lamps));
        simulation.check_invariants().expect("everybody is in order");
        assert!(simulation.vehicles_inside() > size * size, "{} vehicles", simulation.vehicles_inside());
    }
}
