//! A run of a street: step after step, driven by lamps.
//!
//! ```text
//! depart ─> lamps ─> lanes open? ─> pedestrians ─> plan (parallel) ─> hand over ─> advance (parallel) ─> sense ─> count
//! ```
//!
//! `plan` reads only the last step's state and `advance` writes each part by itself, random numbers are hashes of (seed,
//! trip, step), and hand-overs are sorted: so the bytes are the same for any number of threads.

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::demand::Demand;
use crate::detector::{Detectors, Reading, Sensing};
use crate::engine::advance::{Desk, advance};
use crate::engine::depart::Source;
use crate::engine::layout::{Layout, PART};
use crate::engine::plan::{Plan, plan};
use crate::engine::store::{Field, Store, empty};
use crate::engine::windows::Windows;
use crate::engine::world::World;
use crate::incident::Closure;
use crate::lamps::{Lamps, programme};
use crate::model::{Driver, Model};
use crate::monitor::Monitor;
use crate::pedestrian::{CrossingState, Walks};
use crate::results::{Results, TripResult, sum};
use crate::street::{ClassIx, CrossingIx, Kind, LaneIx, LinkIx, SignalIx, Street};

/// How a run is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Seed of everything that is drawn during the run.
    pub seed: u64,
    /// Begin \[s\].
    pub begin_s: f64,
    /// Step \[s\], 0.1 to 1.
    pub step_s: f64,
    /// Car-following model.
    pub model: Model,
    /// Whether vehicles change lanes to be faster, besides to get where they want.
    pub overtaking: bool,
    /// Threads, at least 1; the results do not depend on it.
    pub threads: usize,
    /// Closed lanes.
    pub closures: Vec<Closure>,
    /// Detectors and what is wrong with them.
    pub detectors: Detectors,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            begin_s: 0.0,
            step_s: 1.0,
            model: Model::default(),
            overtaking: true,
            threads: 1,
            closures: Vec::new(),
            detectors: Detectors::default(),
        }
    }
}

/// Where a vehicle's front is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// On a lane.
    Lane(LaneIx),
    /// On a link, inside a junction.
    Link(LinkIx),
}

/// A vehicle as it is seen from above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VehicleView {
    /// Position of its trip in the demand.
    pub trip: u32,
    /// Its class.
    pub class: ClassIx,
    /// Where it is.
    pub place: Place,
    /// Front bumper \[m from the begin of the lane or link\].
    pub pos_m: f64,
    /// Speed \[m/s\].
    pub speed_mps: f64,
}

/// What parts read and no part writes while a step is worked out.
struct Scene {
    layout: Layout,
    windows: Windows,
    drivers: Vec<Driver>,
    factors: Vec<(f64, f64)>,
    kinds: Vec<Kind>,
    /// Letters of all signals.
    letters: Vec<u8>,
    now: Vec<Store>,
    seed: u64,
    step: u64,
    begin_s: f64,
    step_s: f64,
    overtaking: bool,
}

impl Scene {
    fn now_s(&self) -> f64 {
        self.begin_s + self.step as f64 * self.step_s
    }

    fn world<'a>(&'a self, walked: &'a [bool]) -> World<'a> {
        World {
            layout: &self.layout,
            windows: &self.windows,
            drivers: &self.drivers,
            factors: &self.factors,
            kinds: &self.kinds,
            field: Field(&self.now),
            lamps: &self.letters,
            walked,
            step: self.step,
            seed: self.seed,
            step_s: self.step_s,
            overtaking: self.overtaking,
            side: (self.step % 2) as usize,
        }
    }
}

/// A run.
pub struct Simulation {
    street: Street,
    demand: Demand,
    settings: Settings,
    scene: Scene,
    pool: Option<ThreadPool>,
    next: Vec<Store>,
    plans: Vec<Plan>,
    desks: Vec<Desk>,
    /// For each road where its source stands: part and position there.
    sources: Vec<(u32, u32)>,
    /// Next trip of the demand.
    due: usize,
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
        let mut windows = Windows::new(&layout, &demand.trips);
        windows.choose(&layout, &|_| false);
        let (desks, sources) = desks(&layout, &street, &demand);
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
            builder.build().expect("threads can be started")
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

    /// One step under lamps that hold for all of it.
    pub fn step(&mut self, lamps: &Lamps) {
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
        while let Some(trip) = self.demand.trips.get(self.due).filter(|trip| trip.depart_s <= end_s) {
            let (part, source) = self.sources[trip.route[0].at()];
            self.desks[part as usize].sources[source as usize].waiting.push_back(self.due as u32);
            self.due += 1;
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
        match &self.pool {
            None => self.plans.iter_mut().enumerate().for_each(|(part, it)| each(part, it)),
            Some(pool) => {
                pool.install(|| self.plans.par_iter_mut().enumerate().for_each(|(part, it)| each(part, it)));
            }
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
        match &self.pool {
            None => desks.iter_mut().zip(next).enumerate().for_each(|(part, (desk, next))| each(part, desk, next)),
            Some(pool) => pool.install(|| {
                let parts = desks.par_iter_mut().zip(next).enumerate();
                parts.for_each(|(part, (desk, next))| each(part, desk, next));
            }),
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
        let now_s = self.scene.now_s();
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

    /// Now \[s\].
    pub fn now_s(&self) -> f64 {
        self.scene.now_s()
    }

    /// The street.
    pub const fn street(&self) -> &Street {
        &self.street
    }

    /// The demand.
    pub const fn demand(&self) -> &Demand {
        &self.demand
    }

    /// Letters that a signal shows in the last step.
    pub fn shown(&self, signal: SignalIx) -> &str {
        let first = self.scene.layout.lamps[signal.at()] as usize;
        let groups = self.street.signals[signal.at()].groups;
        std::str::from_utf8(&self.scene.letters[first..first + groups]).unwrap_or("")
    }

    /// What detectors delivered in the last step, faults included.
    pub fn readings(&self) -> &[Reading] {
        &self.sensing.readings
    }

    /// What a crossing looks like.
    pub fn crossing(&self, crossing: CrossingIx) -> CrossingState {
        self.walks.state(crossing.at())
    }

    /// Vehicles on the street.
    pub fn vehicles_inside(&self) -> usize {
        self.scene.now.iter().map(|store| store.pos.len()).sum()
    }

    /// Trips that have entered, and that have arrived.
    pub const fn counts(&self) -> (u64, u64) {
        (self.entered, self.arrived)
    }

    /// Trips that wait in front of their first road.
    pub fn waiting_outside(&self) -> usize {
        self.desks.iter().flat_map(|desk| &desk.sources).map(|source| source.waiting.len()).sum()
    }

    /// Whether every trip has arrived.
    pub fn is_over(&self) -> bool {
        self.arrived == self.demand.trips.len() as u64
    }

    /// Vehicles as they are, lane by lane and link by link, front first.
    pub fn vehicles(&self) -> impl Iterator<Item = VehicleView> + '_ {
        let layout = &self.scene.layout;
        self.scene.now.iter().enumerate().flat_map(move |(part, store)| {
            Layout::tracks_of(part).enumerate().flat_map(move |(local, number)| {
                let track = &layout.tracks[number];
                let place = if track.is_lane() {
                    Place::Lane(LaneIx(layout.lane_at[number]))
                } else {
                    Place::Link(layout.link_of[track.way as usize])
                };
                store.range(local).map(move |k| VehicleView {
                    trip: store.body[k].trip,
                    class: ClassIx(u32::from(store.body[k].class)),
                    place,
                    pos_m: store.pos[k],
                    speed_mps: store.speed[k],
                })
            })
        })
    }

    /// Whether everything is as it must be; for tests.
    ///
    /// # Errors
    /// What is wrong: somebody lost, out of order, overlapping, off the road.
    pub fn check_invariants(&self) -> Result<(), String> {
        crate::invariants::check(self, &self.scene.layout, Field(&self.scene.now))
    }

    /// A hash over positions and speeds of all vehicles in all steps.
    pub const fn trace_hash(&self) -> u64 {
        self.hash
    }

    /// Vehicles of all steps, summed.
    pub const fn vehicle_steps(&self) -> u64 {
        self.vehicle_steps
    }

    /// Each trip so far, in the order of the demand; unfinished ones with what they have gathered.
    pub fn trips(&self) -> Vec<TripResult> {
        let mut trips = self.trips.clone();
        for body in self.scene.now.iter().flat_map(|store| &store.body) {
            trips[body.trip as usize].take(body, body.kind);
        }
        trips
    }

    /// What the run was like so far.
    pub fn results(&self) -> Results {
        let mut monitor = self.monitor.clone();
        monitor.finish();
        let pedestrians = self.walks.begun;
        Results {
            unsafe_lamps: monitor.total(),
            pedestrians,
            pedestrian_wait_s: if pedestrians == 0 { 0.0 } else { self.walks.waited_s / pedestrians as f64 },
            vehicle_steps: self.vehicle_steps,
            ..sum(&self.trips(), self.now_s())
        }
    }

    /// The monitor, with its violations up to the last lamps but one.
    pub const fn monitor(&self) -> &Monitor {
        &self.monitor
    }
}

/// Sources of all roads where trips begin.
fn desks(layout: &Layout, street: &Street, demand: &Demand) -> (Vec<Desk>, Vec<(u32, u32)>) {
    let mut desks = vec![Desk::default(); layout.parts()];
    let mut sources = vec![(u32::MAX, 0); street.roads.len()];
    for trip in &demand.trips {
        let road = trip.route[0].at();
        if sources[road].0 == u32::MAX {
            let (first, lanes) = layout.roads[road];
            let desk = &mut desks[first as usize / PART];
            sources[road] = ((first as usize / PART) as u32, desk.sources.len() as u32);
            desk.sources.push(Source { first, lanes, waiting: std::collections::VecDeque::new() });
        }
    }
    (desks, sources)
}

/// Vehicles on lanes choose their links anew, but for those beyond a closed place.
fn choose_again(scene: &mut Scene) {
    for (part, store) in scene.now.iter_mut().enumerate() {
        for (local, number) in Layout::tracks_of(part).enumerate() {
            let track = &scene.layout.tracks[number];
            for k in store.range(local) {
                if track.is_lane() && store.pos[k] <= track.closed_at {
                    let choice = scene.windows.choice(store.body[k].cursor, track);
                    store.body[k].choose(choice);
                }
            }
        }
    }
}
