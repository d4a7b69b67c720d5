//! A run of a street: step after step, driven by lamps.
//!
//! ```text
//! depart ─> lamps ─> lanes open? ─> pedestrians ─> plan (parallel) ─> hand over ─> advance (parallel) ─> sense ─> count
//! ```
//!
//! `plan` reads only the last step's state and `advance` writes each part by itself, random numbers are hashes of (seed,
//! trip, step), and hand-overs are sorted: so the bytes are the same for any number of threads.

mod scene;
mod settings;
mod view;
mod ways;

pub use settings::Settings;
pub use view::{Place, VehicleView};

use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::demand::Demand;
use crate::detector::Sensing;
use crate::engine::advance::{Desk, advance, desks};
use crate::engine::layout::{Layout, PART};
use crate::engine::plan::{Plan, plan};
use crate::engine::store::{Field, Store, empty};
use crate::engine::windows::Windows;
use crate::lamps::{Lamps, programme};
use crate::model::Driver;
use crate::monitor::Monitor;
use crate::pedestrian::Walks;
use crate::results::TripResult;
use crate::street::{SignalIx, Street};
use scene::{Scene, choose_again};
use ways::Ways;

/// A run.
pub struct Simulation {
    street: Street,
    demand: Demand,
    settings: Settings,
    scene: Scene,
    pool: Option<Arc<ThreadPool>>,
    next: Vec<Store>,
    plans: Vec<Plan>,
    desks: Vec<Desk>,
    /// For each road where its source stands: part and position there.
    sources: Vec<(u32, u32)>,
    /// Next trip of the demand.
    due: usize,
    ways: Option<Ways>,
    walks: Walks,
    sensing: Sensing,
    monitor: Monitor,
    trips: Vec<TripResult>,
    hash: u64,
    vehicle_steps: u64,
    arrived: u64,
    entered: u64,
}

impl Simulation {
    /// A street at its beginning, empty.
    ///
    /// # Panics
    /// When the pool of threads cannot be made.
    #[must_use]
    pub fn new(street: Street, demand: Demand, settings: Settings) -> Self {
        let mut layout = Layout::new(&street);
        let sensing = Sensing::new(settings.detectors.clone(), &mut layout, settings.seed);
        let windows = Windows::new(&layout, &demand.trips);
        let (desks, sources) = desks(&layout, &street, &demand);
        let ways = Ways::new(&street, &demand);
        let walks = Walks::new(&street, |signal, group| layout.lamps[signal] + group as u32);
        let mut monitor = Monitor::new();
        for signal in &street.signals {
            monitor.watch(&signal.id, signal.table.clone());
        }
        let scene = Scene {
            drivers: street.classes.iter().map(|it| Driver::new(it, settings.model, settings.step_s)).collect(),
            factors: street.classes.iter().map(|it| (it.speed_factor, it.speed_deviation)).collect(),
            kinds: street.classes.iter().map(|it| it.kind).collect(),
            letters: vec![b'r'; street.signals.iter().map(|signal| signal.groups).sum()],
            now: empty(&layout),
            seed: settings.seed,
            step: 0,
            begin_s: settings.begin_s,
            step_s: settings.step_s,
            overtaking: settings.overtaking,
            layout,
            windows,
        };
        let pool = (settings.threads > 1).then(|| {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(settings.threads);
            Arc::new(builder.build().expect("threads can be started"))
        });
        let trips = demand.trips.iter().map(|trip| TripResult::waiting(trip.class, trip.depart_s)).collect();
        let (next, plans) = (empty(&scene.layout), vec![Plan::default(); scene.layout.parts()]);
        let (due, hash, vehicle_steps, arrived, entered) = (0, 0, 0, 0, 0);
        Self {
            street,
            demand,
            settings,
            scene,
            pool,
            next,
            plans,
            desks,
            sources,
            due,
            ways,
            walks,
            sensing,
            monitor,
            trips,
            hash,
            vehicle_steps,
            arrived,
            entered,
        }
    }

    /// Do something, many steps above all, on one of the threads of this run: then no step has to wake one and wait for it.
    pub fn among_threads<R: Send>(&mut self, work: impl FnOnce(&mut Self) -> R + Send) -> R {
        match self.pool.clone() {
            None => work(self),
            Some(pool) => pool.install(|| work(self)),
        }
    }

    /// One step under lamps that hold for all of it.
    pub fn step(&mut self, lamps: &Lamps) {
        self.among_threads(|it| it.step_here(lamps));
    }

    fn step_here(&mut self, lamps: &Lamps) {
        self.queue_departures();
        self.show(lamps);
        self.close_lanes();
        self.walks.step(&self.demand, &self.scene.letters, self.scene.now_s());
        self.plan();
        self.hand_over();
        self.advance();
        self.sense();
        self.count();
    }

    /// Trips whose time comes up to the end of this step wait at their first road: that is when they are let in.
    fn queue_departures(&mut self) {
        let end_s = self.scene.now_s() + self.scene.step_s;
        while self.demand.trips.get(self.due).is_some_and(|trip| trip.depart_s <= end_s) {
            self.choose_way(self.due);
            let trip = &self.demand.trips[self.due];
            let (part, source) = self.sources[trip.route[0].at()];
            self.desks[part as usize].sources[source as usize].waiting.push_back(self.due as u32);
            self.due += 1;
        }
    }

    /// A trip that goes by the traffic finds its way now.
    fn choose_way(&mut self, number: usize) {
        let trip = &mut self.demand.trips[number];
        if self.ways.as_mut().is_some_and(|ways| ways.choose(&self.street, trip)) {
            let layout = &self.scene.layout;
            let closed = |track: u32| layout.tracks[track as usize].closed_at.is_finite();
            self.scene.windows.change(layout, number as u32, trip, &closed);
        }
    }

    /// Lamps as commanded, or of the fixed programme; every change passes the monitor.
    fn show(&mut self, lamps: &Lamps) {
        let now_s = self.scene.now_s();
        let mut at = 0;
        for (k, signal) in self.street.signals.iter().enumerate() {
            let shown = lamps.get(SignalIx::from(k)).or_else(|| programme(signal, now_s));
            let letters = &mut self.scene.letters[at..at + signal.groups];
            at += signal.groups;
            if self.scene.step > 0 && shown.is_some_and(|shown| shown.as_bytes() == &*letters) {
                continue;
            }
            match shown {
                Some(shown) if shown.len() == letters.len() => letters.copy_from_slice(shown.as_bytes()),
                _ => letters.fill(b'O'),
            }
            if let Some(shown) = shown {
                self.monitor.observe(&signal.id, (now_s * 1000.0).round() as i64, shown);
            }
        }
    }

    /// Close and open lanes; choices are made anew when something changed.
    fn close_lanes(&mut self) {
        let now_s = self.scene.now_s();
        let mut changed = false;
        for closure in &self.settings.closures {
            let track = self.scene.layout.of_lane[closure.lane.at()] as usize;
            let at = if closure.holds(now_s) { closure.from_m } else { f64::INFINITY };
            changed |= self.scene.layout.tracks[track].closed_at.total_cmp(&at).is_ne();
            self.scene.layout.tracks[track].closed_at = at;
        }
        if changed {
            let layout = &self.scene.layout;
            self.scene.windows.choose(layout, &|track| layout.tracks[track as usize].closed_at.is_finite());
            choose_again(&mut self.scene);
        }
    }

    /// Every vehicle decides, from the last step's state.
    fn plan(&mut self) {
        let world = self.scene.world(&self.walks.walked);
        let each = |part: usize, it: &mut Plan| plan(&world, part, it);
        if self.pool.is_some() {
            self.plans.par_iter_mut().enumerate().with_max_len(1).for_each(|(part, it)| each(part, it));
        } else {
            self.plans.iter_mut().enumerate().for_each(|(part, it)| each(part, it));
        }
    }

    /// Tell each part who comes into it.
    fn hand_over(&mut self) {
        for desk in &mut self.desks {
            desk.inbox.clear();
        }
        for (from, plan) in self.plans.iter().enumerate() {
            for (k, mover) in plan.movers.iter().enumerate() {
                self.desks[mover.track as usize / PART].inbox.push((from as u32, k as u32));
            }
        }
    }

    /// Positions after the step.
    fn advance(&mut self) {
        let world = self.scene.world(&self.walks.walked);
        let (plans, trips) = (&self.plans, &self.demand.trips);
        let each = |part: usize, desk: &mut Desk, next: &mut Store| advance(&world, part, plans, trips, desk, next);
        let (desks, next) = (&mut self.desks, &mut self.next);
        if self.pool.is_some() {
            let parts = desks.par_iter_mut().zip(next).enumerate().with_max_len(1);
            parts.for_each(|(part, (desk, next))| each(part, desk, next));
        } else {
            desks.iter_mut().zip(next).enumerate().for_each(|(part, (desk, next))| each(part, desk, next));
        }
        std::mem::swap(&mut self.scene.now, &mut self.next);
        self.scene.step += 1;
    }

    /// Detectors are read.
    fn sense(&mut self) {
        let (scene, now_s) = (&self.scene, self.scene.now_s());
        let passed = self.plans.iter().flat_map(|plan| &plan.passed);
        self.sensing.step(&scene.layout, Field(&scene.now), passed, now_s, scene.step_s);
    }

    /// Accounts of those who came and went, and the hash.
    fn count(&mut self) {
        let (now_s, step_s) = (self.scene.now_s(), self.scene.step_s);
        if let Some(ways) = &mut self.ways {
            ways.observe(&self.street, &self.scene.layout, &self.scene.now, step_s);
        }
        for body in self.plans.iter().flat_map(|plan| &plan.arrived) {
            let trip = &mut self.trips[body.trip as usize];
            trip.take(body, body.kind);
            trip.arrived_s = Some(now_s);
            self.arrived += 1;
        }
        for (desk, store) in self.desks.iter().zip(&self.scene.now) {
            for &trip in &desk.entered {
                self.trips[trip as usize].departed_s = Some(now_s);
                self.entered += 1;
            }
            self.vehicle_steps += store.pos.len() as u64;
            self.hash = (self.hash.rotate_left(5) ^ desk.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    /// Memory of everything that grows with the street or its traffic, demand and accounts of trips left out \[bytes\].
    fn bytes(simulation: &Simulation) -> f64 {
        let store = |it: &Store| it.pos.capacity() * 16 + it.body.capacity() * 128 + it.tails.len() * 48;
        let stores: usize = simulation.scene.now.iter().chain(&simulation.next).map(store).sum();
        let plan = |it: &Plan| it.speed.capacity() * 8 + it.wants.capacity() * 8 + it.movers.capacity() * 160;
        let plans: usize = simulation.plans.iter().map(plan).sum();
        let layout = &simulation.scene.layout;
        let street =
            layout.tracks.len() * 128 + layout.meetings.len() * 32 + simulation.scene.windows.choices.len() * 12;
        (stores + plans + street) as f64
    }

    /// Memory of a square grid with so many vehicles for each crossing, after five minutes.
    fn grid(size: usize, vehicles: f64) -> f64 {
        let vehicles = vehicles * (size * size) as f64;
        let (street, demand) = Grid { vehicles, duration_s: 300.0, ..Grid::bench(size, size) }.files();
        let street = Street::build(street).expect("the grid is good");
        let demand = Demand::build(&street, &demand, 1, 0.0, 300.0).expect("its demand is good");
        let lamps = Lamps::new(&street);
        let mut simulation = Simulation::new(street, demand, Settings::default());
        (0..300).for_each(|_| simulation.step(&lamps));
        bytes(&simulation)
    }

    #[test]
    fn memory_grows_no_faster_than_lanes_and_vehicles() {
        let (small, large) = (grid(4, 16.0), grid(8, 16.0));
        // Four times as many crossings, a little less than four times as many roads.
        assert!(large < 4.5 * small, "{small} bytes, {large} bytes");
        let (few, many) = (grid(4, 8.0), grid(4, 16.0));
        assert!(many < 2.5 * few, "{few} bytes, {many} bytes");
    }
}
