//! Vehicle-steps per second of the simulator: one step of a filled grid, on one and two threads.
//!
//! `thrpt` is in elements a second, an element being one vehicle for one step of 1 s. The grids are those of
//! `simulator::grid::Grid::bench`, filled for twelve minutes; the benchmark then drives on, so the load is a steady one.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simulator::demand::Demand;
use simulator::grid::Grid;
use simulator::lamps::Lamps;
use simulator::street::Street;
use simulator::{Settings, Simulation};

/// Until then the grids fill \[s\].
const FILL_S: usize = 720;

fn filled(size: usize, threads: usize) -> (Simulation, Lamps) {
    // Trips enough for all steps that the benchmark can make in its seconds.
    let duration_s = if size <= 10 { 20_000.0 } else { 5_000.0 };
    let (street, demand) = Grid { duration_s, ..Grid::bench(size, size) }.files();
    let street = Street::build(street).expect("the grid is good");
    let demand = Demand::build(&street, &demand, 1, 0.0, duration_s).expect("its demand is good");
    let lamps = Lamps::new(&street);
    let mut simulation = Simulation::new(street, demand, Settings { threads, ..Settings::default() });
    (0..FILL_S).for_each(|_| simulation.step(&lamps));
    (simulation, lamps)
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulator_step");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    for size in [10, 30] {
        for threads in [1, 2] {
            let (mut simulation, lamps) = filled(size, threads);
            group.throughput(Throughput::Elements(simulation.vehicles_inside() as u64));
            let id = BenchmarkId::new(format!("grid{size}x{size}"), format!("{threads}_threads"));
            group.bench_function(id, |bencher| bencher.iter(|| simulation.step(&lamps)));
        }
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
