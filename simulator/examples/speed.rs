use simulator::{Settings, Simulation, demand::Demand, grid::Grid, lamps::Lamps, street::Street};
fn main() {
    let a: Vec<usize> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let (n, threads, check) = (a[0], a[1], a.get(2) == Some(&1));
    let (sf, df) = Grid::bench(n, n).files();
    let t = std::time::Instant::now();
    let street = Street::build(sf).unwrap_or_else(|p| {
        for p in p.iter().take(10) {
            println!("{p}");
        }
        panic!()
    });
    println!("street {:?}", t.elapsed());
    let demand = Demand::build(&street, &df, 1, 0.0, 3600.0).unwrap_or_else(|p| {
        for p in p.iter().take(10) {
            println!("{p}");
        }
        panic!()
    });
    println!("demand {:?} {}", t.elapsed(), demand.trips.len());
    let lamps = Lamps::new(&street);
    let mut sim = Simulation::new(street, demand, Settings { threads, ..Default::default() });
    println!("ready {:?}", t.elapsed());
    for block in 0..6 {
        let (t, v0) = (std::time::Instant::now(), sim.vehicle_steps());
        for s in 0..200 {
            sim.step(&lamps);
            if check {
                if let Err(e) = sim.check_invariants() {
                    println!("step {} {e}", block * 200 + s);
                    return;
                }
            }
        }
        let d = t.elapsed().as_secs_f64();
        let v = sim.vehicle_steps() - v0;
        println!(
            "{} s: {:.2} M/s, inside {} waiting {} mean {:.0}",
            sim.now_s(),
            v as f64 / d / 1e6,
            sim.vehicles_inside(),
            sim.waiting_outside(),
            v as f64 / 200.0
        );
    }
    println!("{:?} {:016x}", sim.results(), sim.trace_hash());
}
