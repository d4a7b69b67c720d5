//! One run of a scenario from begin to end: [`Prepared::new`] surveys the street, [`Prepared::run`] steps second by second in
//! virtual time and reads the figures.
//!
//! The network that the engine knows is surveyed without the demand; only `webster` is told flows: those that the
//! scenario's own trips make in the measured time. `fixed` leaves the street's programmes alone; `actuated` is every
//! field controller by itself, with no engine at all.

use super::askers::Askers;
use super::figures::{self, Figures};
use super::sensors::Sensors;
use super::{Look, Plant, Seen};
use crate::baseline::{DECISION_PERIOD, greedy, max_pressure};
use crate::config::Scalars;
use crate::controller::{Learned, Memory, Settings, Strategy};
use crate::cosim::bus::{Answer, Bus, Rejected};
use crate::cosim::controller_name::ControllerName;
use crate::cosim::demand::Demand;
use crate::cosim::error::CosimError;
use crate::cosim::event_log::EventLog;
use crate::cosim::in_process::InProcess;
use crate::cosim::lockstep::{self, Clocks, FieldTotals, Lockstep, Stepped};
use crate::cosim::scenario::{self, Scenario};
use crate::cosim::street::Heard;
use crate::cosim::survey::survey;
use crate::cosim::watch::Judged;
use crate::cosim::witness::{STUCK_S, Standing};
use crate::network::import::sumo::ImportOptions;
use crate::network::timing::to_whole_seconds;
use crate::network::{Geometry, Network, Problems};
use crate::plan::fixed_time::{WebsterSettings, coordinate, webster};
use crate::plan::{Scene, StateReport};
use crate::record::header::{Order, Run};
use crate::service::segments::Place;
use crate::time::{Millis, Timestamp};
use simulator::Simulation;
use simulator::detector::Detectors;
use simulator::lamps::Lamps;
use simulator::monitor::Violation;
use simulator::results::TripResult;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Zone of the detectors of actuated control \[m\]: some two seconds before the stop line, like the loops of SUMO's.
pub const ACTUATED_RANGE_M: f64 = 30.0;
/// So long a street with its own programmes runs before it is told how far it is: its threads are not stopped each second \[s\].
const TOGETHER_S: u64 = 10;
/// Detection range of the engine, unless the scenario says something else \[m\].
const RANGE_M: f64 = 200.0;
/// Shortest green, unless the scenario says something else.
const GREEN_MIN: Millis = Millis::from_secs(5);

/// How to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSettings {
    /// Who decides.
    pub controller: ControllerName,
    /// Seed of demand and drivers.
    pub seed: u64,
    /// Threads of the simulation.
    pub threads: usize,
    /// Where to keep what is said.
    pub record: Option<Place>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The figures.
    pub figures: Figures,
    /// Where the time went.
    pub clocks: Clocks,
    /// How the field controllers fared, when there were any.
    pub fields: Option<FieldTotals>,
    /// Messages that were turned away, by reason.
    pub rejected: Rejected,
    /// Seconds that intersections spent in each scene; those that never were are left out.
    pub scenes: BTreeMap<Scene, u64>,
    /// How often each alarm was raised, by code.
    pub alarms: BTreeMap<String, u64>,
    /// The first violations.
    pub violations: Vec<Violation>,
    /// Who stands at the heads of lanes and links at the end.
    pub standing: Standing,
    /// Sum of vehicles over all steps.
    pub vehicle_steps: u64,
    /// Steps that were made.
    pub steps: u64,
    /// Each trip, in the order of the demand; empty unless somebody looked on.
    pub trips: Vec<TripResult>,
}

/// A run that is ready to start.
pub struct Prepared {
    /// The scenario.
    pub scenario: Scenario,
    /// The street as the engine knows it; empty when no engine has a part.
    pub network: Arc<Network>,
    /// Where its lanes lie, to be drawn.
    pub geometry: Geometry,
    /// Scalars of the engine; at first those that are built in.
    pub scalars: Scalars,
    /// What the engine begins with; nothing at first.
    pub memories: Vec<Memory>,
    settings: RunSettings,
}

impl Prepared {
    /// Survey the street.
    ///
    /// # Errors
    /// [`CosimError::Import`] when it has no signals that can be controlled.
    pub fn new(scenario: Scenario, settings: RunSettings) -> Result<Self, CosimError> {
        let (network, geometry) = if settings.controller == ControllerName::Fixed {
            let nothing = Network { city: scenario.name.clone(), intersections: Vec::new(), links: Vec::new() };
            (nothing, Geometry::default())
        } else {
            surveyed(&scenario, settings.controller)?
        };
        let (network, scalars) = (Arc::new(network), Scalars::built_in());
        Ok(Self { scenario, network, geometry, scalars, memories: Vec::new(), settings })
    }

    /// Settings of the engine's controllers, one an intersection, in the order of the network.
    pub fn engine(&self) -> Vec<Settings> {
        let period = self.scenario.engine.decision_period_s.map_or(DECISION_PERIOD, Millis::from_secs_f64);
        let all = |strategy: Strategy| vec![strategy; self.network.intersections.len()];
        let strategies = match self.settings.controller {
            ControllerName::Webster => self.webster(),
            ControllerName::Greedy => all(Strategy::Greedy),
            ControllerName::MaxPressure => all(Strategy::MaxPressure),
            ControllerName::Fixed => all(Strategy::FixedTime),
            ControllerName::Adaptive | ControllerName::Actuated => all(Strategy::Adaptive),
        };
        let settings =
            |strategy| self.scalars.applied(Settings { strategy, decision_period: period, ..Settings::default() });
        strategies.into_iter().map(settings).collect()
    }

    /// Volumes of the measured time, counted from the trips that are drawn: the knowledge of an engineer who was given the demand.
    pub fn demand(&self) -> Demand {
        let trips = self.scenario.draw(self.settings.seed).trips;
        let measured = trips.iter().filter(|trip| trip.depart_s >= self.scenario.measured_from_s as f64);
        let roads = &self.scenario.street.roads;
        let ways: Vec<Vec<String>> =
            measured.map(|trip| trip.route.iter().map(|road| roads[road.at()].id.clone()).collect()).collect();
        let hours = (self.scenario.end_s - self.scenario.measured_from_s) as f64 / 3600.0;
        Demand::of_ways(&self.network, &ways, hours)
    }

    fn webster(&self) -> Vec<Strategy> {
        let demand = self.demand();
        let plan = |(intersection, flows): (_, &Vec<f64>)| webster(intersection, flows, &WebsterSettings::default());
        let mut plans: Vec<_> = self.network.intersections.iter().zip(&demand.movements).map(plan).collect();
        coordinate(&self.network, &mut plans, &demand.links);
        plans.into_iter().map(|plan| Strategy::Webster(plan.programme)).collect()
    }

    /// The street with its sensors, at its beginning.
    ///
    /// # Errors
    /// Faults of detectors that are not there.
    pub fn plant(&self) -> Result<Plant, Problems> {
        let Scenario { street, transit, steps_a_second, path, .. } = &self.scenario;
        let (sensors, mut detectors) = Sensors::lay(&self.network, street);
        let mut problems = Problems::default();
        let source = path.display().to_string();
        detectors.faults =
            scenario::faults(&self.scenario.faults, &self.network, &sensors.placed, &source, &mut problems);
        let simulation = self.simulation(detectors);
        let askers = Askers::new(&self.network, street, *transit);
        let plant = || Plant::new(simulation, Arc::clone(&self.network), sensors, askers, *steps_a_second);
        if problems.is_empty() { Ok(plant()) } else { Err(problems) }
    }

    fn simulation(&self, detectors: Detectors) -> Simulation {
        let scenario = &self.scenario;
        let settings = simulator::Settings {
            seed: self.settings.seed,
            begin_s: scenario.begin_s as f64,
            step_s: 1.0 / f64::from(scenario.steps_a_second),
            threads: self.settings.threads,
            closures: scenario.closures.clone(),
            detectors,
            ..simulator::Settings::default()
        };
        Simulation::new(scenario.street.clone(), scenario.draw(self.settings.seed), settings)
    }

    /// Run; `progress` is told the simulated seconds done after every second, and says whether to go on. Without a bus
    /// the street's programmes decide (`fixed`), or every field controller by itself (`actuated`).
    ///
    /// # Errors
    /// A fault of a detector that is not there, a record that cannot be written, [`CosimError::Stopped`].
    pub fn run(
        self,
        bus: Option<&mut dyn Bus>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<RunReport, CosimError> {
        self.run_seen(bus, progress, None)
    }

    fn run_seen(
        self,
        bus: Option<&mut dyn Bus>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
        look: Option<Look<'_>>,
    ) -> Result<RunReport, CosimError> {
        if self.settings.controller == ControllerName::Fixed {
            return self.run_programmes(progress, look);
        }
        let mut plant = self.plant().map_err(CosimError::Scenario)?;
        let mut nobody = Nobody(self.network.intersections.len());
        let bus = bus.unwrap_or(&mut nobody);
        let record = self.settings.record.as_ref();
        let log = record.map(|place| self.event_log(place, bus.settings())).transpose()?;
        let lockstep = Lockstep::new(Arc::clone(&self.network), bus, log);
        let seconds = self.scenario.begin_s..self.scenario.end_s;
        let record = record.map(|it| it.folder.clone());
        let Some(look) = look else {
            let stepped = lockstep::drive(&mut plant, lockstep, seconds, record, progress)?;
            return Ok(self.report(plant.simulation(), stepped, Vec::new()));
        };
        let mut seen = Seen { plant: &mut plant, look };
        let stepped = lockstep::drive(&mut seen, lockstep, seconds, record, progress)?;
        let trips = plant.simulation().trips();
        Ok(self.report(plant.simulation(), stepped, trips))
    }

    /// Run with the engine, if the controller has one, in this process.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub fn run_in_process(self, progress: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<RunReport, CosimError> {
        self.in_process(progress, None)
    }

    /// The same, and somebody looks at the street after each second; the report tells every trip.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub fn run_in_process_seen(
        self,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
        look: Look<'_>,
    ) -> Result<RunReport, CosimError> {
        self.in_process(progress, Some(look))
    }

    fn in_process(
        self,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
        look: Option<Look<'_>>,
    ) -> Result<RunReport, CosimError> {
        if self.settings.controller.is_streets_own() {
            return self.run_seen(None, progress, look);
        }
        let mut engine = InProcess::new(Arc::clone(&self.network), self.engine()).resumed(&self.memories);
        self.run_seen(Some(&mut engine), progress, look)
    }

    /// Only the street, with its own programmes.
    fn run_programmes(
        &self,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
        mut look: Option<Look<'_>>,
    ) -> Result<RunReport, CosimError> {
        let mut simulation = self.simulation(Detectors::default());
        let lamps = Lamps::new(&self.scenario.street);
        let mut clocks = Clocks::default();
        let since = Instant::now();
        let (mut done, last) = (0, (self.scenario.end_s - self.scenario.begin_s) as u64);
        while done < last {
            let seconds = if look.is_some() { 1 } else { TOGETHER_S.min(last - done) };
            let steps = seconds * u64::from(self.scenario.steps_a_second);
            let asked = Instant::now();
            simulation.among_threads(|it| (0..steps).for_each(|_| it.step(&lamps)));
            clocks.in_street += asked.elapsed();
            if let Some(look) = &mut look {
                look(&simulation);
            }
            done += seconds;
            if progress(done).is_break() {
                return Err(CosimError::Stopped);
            }
        }
        clocks.stepping = since.elapsed();
        let monitor = lockstep::monitor(&self.network, Judged::Programme);
        let trips = if look.is_some() { simulation.trips() } else { Vec::new() };
        Ok(self.report(&simulation, Stepped::programmes(monitor, clocks), trips))
    }

    fn report(&self, simulation: &Simulation, stepped: Stepped, trips: Vec<TripResult>) -> RunReport {
        let mut referee = simulation.monitor().clone();
        referee.finish();
        let mut violations = stepped.monitor.violations().to_vec();
        violations.extend_from_slice(referee.violations());
        let seen = stepped.monitor.total() + referee.total();
        let measured = (self.scenario.measured_from_s as f64, self.scenario.end_s as f64);
        let seconds = (self.scenario.end_s - self.scenario.begin_s) as u64;
        RunReport {
            figures: figures::of(simulation, measured, seen, stepped.decisions, stepped.decision_us),
            clocks: stepped.clocks,
            fields: stepped.fields,
            rejected: stepped.rejected,
            scenes: stepped.scenes,
            alarms: stepped.alarms,
            violations,
            standing: standing(simulation),
            vehicle_steps: simulation.vehicle_steps(),
            steps: seconds * u64::from(self.scenario.steps_a_second),
            trips,
        }
    }

    fn event_log(&self, place: &Place, settings: Vec<Settings>) -> Result<EventLog, CosimError> {
        let run = Run {
            scenario: self.scenario.name.clone(),
            controller: self.settings.controller.name().to_owned(),
            seed: self.settings.seed,
            period_s: (self.scenario.begin_s, Some(self.scenario.end_s)),
            order: Order::Seconds,
            settings,
            memories: self.memories.clone(),
            neighbours: true,
        };
        EventLog::create(place, Arc::clone(&self.network), run).map_err(CosimError::file(&place.folder))
    }
}

/// The street of a scenario as every referee sees it, whoever decides.
///
/// # Errors
/// [`CosimError::Import`] when it has no signals that can be controlled.
pub fn as_seen(scenario: &Scenario) -> Result<Network, CosimError> {
    surveyed(scenario, ControllerName::Adaptive).map(|(network, _)| network)
}

/// The street as the engine may know it: without demand.
fn surveyed(scenario: &Scenario, controller: ControllerName) -> Result<(Network, Geometry), CosimError> {
    let range_m = scenario.engine.range_m.unwrap_or(RANGE_M);
    let range_m = match controller {
        ControllerName::Greedy => range_m.min(greedy::RANGE_M),
        ControllerName::MaxPressure => range_m.min(max_pressure::RANGE_M),
        ControllerName::Actuated => range_m.min(ACTUATED_RANGE_M),
        _ => range_m,
    };
    let options = ImportOptions {
        city: "simulated".to_owned(),
        range_m,
        yellow: scenario.engine.yellow_s.map(Millis::from_secs_f64),
        all_red: scenario.engine.all_red_s.map(Millis::from_secs_f64),
        green_min: Some(scenario.engine.green_min_s.map_or(GREEN_MIN, Millis::from_secs_f64)),
        ..ImportOptions::default()
    };
    let imported = survey(&scenario.street, &scenario.path.display().to_string(), &options);
    let imported = imported.map_err(|error| CosimError::Import(error.to_string()))?;
    let network = Network::build(to_whole_seconds(imported.file)).map_err(CosimError::Scenario)?;
    let geometry = imported.geometry.completed(&network);
    Ok((network, geometry))
}

/// The first vehicle of each lane and link; vehicles are told lane by lane, front first.
fn standing(simulation: &Simulation) -> Standing {
    let (mut standing, mut last) = (Standing::default(), None);
    for vehicle in simulation.vehicles() {
        if last.replace(vehicle.place) != Some(vehicle.place) {
            standing.lanes += u32::from(vehicle.halted_s >= STUCK_S);
            standing.longest_s = standing.longest_s.max(vehicle.halted_s);
        }
    }
    standing
}

/// No engine for so many intersections: every field controller looks after itself.
pub struct Nobody(pub usize);

impl Bus for Nobody {
    fn exchange(&mut self, _: Timestamp, _: &[StateReport], _: &Heard) -> Vec<Answer> {
        vec![Answer::default(); self.0]
    }

    fn settings(&self) -> Vec<Settings> {
        Vec::new()
    }

    fn learned(&self) -> Vec<Learned> {
        Vec::new()
    }

    fn rejected(&self) -> Rejected {
        Rejected::new()
    }
}

impl RunReport {
    /// Vehicle-steps a second of the street's own time.
    pub fn vehicle_steps_per_s(&self) -> f64 {
        self.vehicle_steps as f64 / self.clocks.in_street.max(Duration::from_nanos(1)).as_secs_f64()
    }

    /// Vehicles on the street in the mean of all steps.
    pub fn vehicles_mean(&self) -> f64 {
        self.vehicle_steps as f64 / self.steps.max(1) as f64
    }
}
