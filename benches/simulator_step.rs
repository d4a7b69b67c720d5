//! Vehicle-steps per second of the simulator: one step of a filled grid, on one and two threads, and SUMO's on the same grid.
//!
//! `thrpt` is in elements a second, an element being one vehicle for one step of 1 s. The grids are those of
//! `simulator::grid::Grid::bench`, filled for twelve minutes; the benchmark then drives on, so the load is a steady one.
//! After that each row is told once more in plain words, with the ratio to SUMO where SUMO is found (`$SUMO_HOME`, the
//! folder of `make sumo-1.28`, `PATH`). SUMO counts its own updates from the empty street on, on one thread.

#[allow(clippy::disallowed_types)] // a benchmark looks at the clock
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lightwatch::cosim::validate::speed::in_sumo;
use simulator::demand::Demand;
use simulator::grid::Grid;
use simulator::lamps::Lamps;
use simulator::street::Street;
use simulator::{Settings, Simulation};

/// Until then the grids fill \[s\].
const FILL_S: u32 = 720;
/// Steps of the rows in plain words.
const STEPS: u32 = 120;

fn street(size: usize, duration_s: f64) -> (Street, Demand) {
    let (street, demand) = Grid { duration_s, ..Grid::bench(size, size) }.files();
    let street = Street::build(street).expect("the grid is good");
    let demand = Demand::build(&street, &demand, 1, 0.0, duration_s).expect("its demand is good");
    (street, demand)
}

fn filled(size: usize, threads: usize) -> (Simulation, Lamps) {
    // Trips enough for all steps that the benchmark can make in its seconds.
    let (street, demand) = street(size, if size <= 10 { 20_000.0 } else { 5_000.0 });
    let lamps = Lamps::new(&street);
    let mut simulation = Simulation::new(street, demand, Settings { threads, ..Settings::default() });
    simulation.among_threads(|it| (0..FILL_S).for_each(|_| it.step(&lamps)));
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
            group.bench_function(id, |bencher| simulation.among_threads(|it| bencher.iter(|| it.step(&lamps))));
        }
    }
    group.finish();
    [10, 30].into_iter().for_each(told);
}

/// One line a number of threads, and one for SUMO.
fn told(size: usize) {
    let [one, two] = [1, 2].map(|threads| vehicle_steps_per_s(size, threads));
    println!("grid{size}x{size}: {:.2} million vehicle-steps/s on 1 thread", one / 1e6);
    println!(
        "grid{size}x{size}: {:.2} million vehicle-steps/s on 2 threads, {:.2} times as many",
        two / 1e6,
        two / one
    );
    let (street, demand) = street(size, f64::from(FILL_S + STEPS));
    match in_sumo(&street, &demand, FILL_S + STEPS, None) {
        Ok(sumo) => println!(
            "grid{size}x{size}: {:.3} million vehicle-steps/s in SUMO ({} vehicles let in); ratio {:.0}",
            sumo.vehicle_steps_per_s / 1e6,
            sumo.inserted,
            one / sumo.vehicle_steps_per_s
        ),
        Err(error) => println!("skipped: grid{size}x{size} in SUMO: {error}"),
    }
}

#[allow(clippy::disallowed_types, clippy::disallowed_methods)] // a benchmark looks at the clock
fn vehicle_steps_per_s(size: usize, threads: usize) -> f64 {
    let (mut simulation, lamps) = filled(size, threads);
    let before = simulation.vehicle_steps();
    let since = Instant::now();
    simulation.among_threads(|it| (0..STEPS).for_each(|_| it.step(&lamps)));
    (simulation.vehicle_steps() - before) as f64 / since.elapsed().as_secs_f64()
}

criterion_group!(benches, steps);
criterion_main!(benches);
