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
        let (t0, v0) = (cpu(), sim.vehicle_steps());
        let w = std::time::Instant::now();
        for s in 0..200 {
            sim.step(&lamps);
            if check {
                if let Err(e) = sim.check_invariants() {
                    println!("step {} {e}", block * 200 + s);
                    return;
                }
            }
        }
        let d = cpu() - t0;
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

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    s.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
