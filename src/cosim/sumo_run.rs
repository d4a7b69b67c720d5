//! One run of SUMO from begin to end: [`Prepared::new`] reads and makes the files, [`Prepared::run`] steps second by
//! second and reads the figures.
//!
//! The network that the engine knows is imported without routes: it learns turn shares from counts, like on a street.

use super::bus::{Bus, Rejected};
use super::causes::Lost;
use super::controller_name::ControllerName;
use super::coordination::{Coordination, Measuring};
use super::degrade::known::Knowing;
use super::degrade::loops::with_loops;
use super::degrade::{Degrade, Degrader};
use super::demand::{Demand, Period};
use super::detectors::Detectors;
use super::error::CosimError;
use super::event_log::EventLog;
use super::experiment::observer::Observed;
use super::experiment::seen_sumo::SumoEye;
use super::in_process::InProcess;
use super::lockstep::{self, Clocks, FieldTotals, Lockstep, Stepped};
use super::results::{Results, Trips};
use super::sumo_net::SumoNet;
use super::sumo_process::{Sumo, SumoFiles};
use super::sumo_street::{self, SumoStreet};
use super::traci::client::Client;
use super::watch::Judged;
use super::witness::{Standing, Witness};
use super::work_folder::WorkFolder;
use super::{programmes, routes, sumo_binary};
use crate::baseline::{greedy, max_pressure};
use crate::config::Scalars;
use crate::controller::{Memory, Settings, Strategy};
use crate::network::Network;
use crate::network::import::sumo::{self, ImportOptions};
use crate::plan::Scene;
use crate::plan::fixed_time::{WebsterSettings, coordinate, webster};
use crate::record::header::{Order, Run};
use crate::service::segments::Place;
use crate::time::{Millis, Timestamp};
use simulator::monitor::Violation;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What to run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// Network file.
    pub net: PathBuf,
    /// Route file.
    pub routes: PathBuf,
    /// First simulated second.
    pub begin_s: i64,
    /// First second that is not simulated.
    pub end_s: i64,
    /// Seed of SUMO's random numbers.
    pub seed: u32,
    /// Who decides.
    pub controller: ControllerName,
    /// Yellow of all vehicle groups.
    pub yellow: Millis,
    /// Red clearance after it.
    pub all_red: Millis,
    /// Shortest green.
    pub green_min: Millis,
    /// Detection range \[m\].
    pub range_m: f64,
    /// Grid of greedy and max pressure.
    pub decision_period: Millis,
    /// The program, when named.
    pub sumo_binary: Option<PathBuf>,
    /// Programmes for `fixed` in place of the network file's: an additional file with `tlLogic`.
    pub programmes: Option<PathBuf>,
    /// Where to keep SUMO's trip records.
    pub tripinfo: Option<PathBuf>,
    /// Where to keep what is said.
    pub record: Option<Place>,
    /// What a trial does to the street and looks at.
    pub trial: Trial,
}

/// What a trial of the engine does that no street does; by default nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Vehicles for each one of the route file.
    pub scale: f64,
    /// What is wrong between the detectors and the engine.
    pub degrade: Degrade,
    /// Every vehicle is watched, for figures that trip records do not hold.
    pub witness: bool,
    /// Trip records tell what was burnt.
    pub emissions: bool,
}

impl Default for Trial {
    fn default() -> Self {
        Self { scale: 1.0, degrade: Degrade::default(), witness: false, emissions: false }
    }
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The figures.
    pub results: Results,
    /// The program that ran.
    pub sumo: String,
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
    /// The first violations that count.
    pub violations: Vec<Violation>,
    /// Oddities of the file's own programmes that do not.
    pub oddities: u64,
    /// Who stands at the heads of lanes at the end, when vehicles were watched.
    pub standing: Option<Standing>,
    /// Where time was lost, when vehicles were watched.
    pub lost: Option<Lost>,
    /// How well the signals worked together, when vehicles were watched and the engine decided.
    pub coordination: Option<Coordination>,
    /// What an observer saw, when there was one.
    pub observed: Option<Observed>,
}

/// A run that is ready to start.
pub struct Prepared {
    /// The street as the engine knows it.
    pub network: Arc<Network>,
    /// Scalars of the engine; at first those that are built in.
    pub scalars: Scalars,
    /// What the engine begins with; nothing at first.
    pub memories: Vec<Memory>,
    /// Who looks on; nobody at first.
    pub eye: Option<SumoEye>,
    settings: RunSettings,
    binary: PathBuf,
    net: SumoNet,
    folder: WorkFolder,
}

impl Prepared {
    /// Find SUMO, read and check the files.
    pub fn new(settings: RunSettings) -> Result<Self, CosimError> {
        let binary = sumo_binary::find(settings.sumo_binary.as_deref())?;
        let net = SumoNet::read(&settings.net)?;
        routes::check(&settings.routes, &net.edges, &settings.net)?;
        let network = import(&settings)?;
        let (network, folder) = (Arc::new(network), WorkFolder::new()?);
        Ok(Self {
            network,
            scalars: Scalars::built_in(),
            memories: Vec::new(),
            eye: None,
            binary,
            net,
            folder,
            settings,
        })
    }

    /// Name of the street: that of its file, without the endings.
    pub fn name(&self) -> String {
        let file = self.settings.net.file_name().unwrap_or_default().to_string_lossy();
        file.trim_end_matches(".xml").trim_end_matches(".net").to_owned()
    }

    /// Settings of the engine's controllers, one an intersection, in the order of the network.
    pub fn engine(&self) -> Result<Vec<Settings>, CosimError> {
        let strategies: Vec<Strategy> = match self.settings.controller {
            ControllerName::Webster => self.webster()?,
            ControllerName::Greedy => vec![Strategy::Greedy; self.network.intersections.len()],
            ControllerName::MaxPressure => vec![Strategy::MaxPressure; self.network.intersections.len()],
            ControllerName::Fixed => vec![Strategy::FixedTime; self.network.intersections.len()],
            ControllerName::Adaptive | ControllerName::Actuated => {
                vec![Strategy::Adaptive; self.network.intersections.len()]
            }
        };
        let decision_period = self.settings.decision_period;
        let settings = |strategy| self.scalars.applied(Settings { strategy, decision_period, ..Settings::default() });
        Ok(strategies.into_iter().map(settings).collect())
    }

    /// The engine in this process.
    pub fn in_process(&self) -> Result<InProcess, CosimError> {
        let engine = InProcess::new(Arc::clone(&self.network), self.engine()?).resumed(&self.memories);
        Ok(if self.settings.trial.degrade.no_neighbours { engine.without_neighbours() } else { engine })
    }

    fn webster(&self) -> Result<Vec<Strategy>, CosimError> {
        let RunSettings { net, routes, begin_s, end_s, .. } = &self.settings;
        let period = Period { sumo: &self.binary, net, routes, begin_s: *begin_s, end_s: *end_s };
        let demand = Demand::count(&self.network, period, &self.folder)?.scaled(self.settings.trial.scale);
        let plan = |(intersection, flows): (_, &Vec<f64>)| webster(intersection, flows, &WebsterSettings::default());
        let mut plans: Vec<_> = self.network.intersections.iter().zip(&demand.movements).map(plan).collect();
        coordinate(&self.network, &mut plans, &demand.links);
        Ok(plans.into_iter().map(|plan| Strategy::Webster(plan.programme)).collect())
    }

    /// Run; without a bus SUMO's own programmes decide. `progress` is told the simulated seconds done after every
    /// step, and says whether to go on.
    pub fn run(
        mut self,
        bus: Option<&mut dyn Bus>,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<RunReport, CosimError> {
        let tripinfo = self.settings.tripinfo.clone().unwrap_or_else(|| self.folder.file("tripinfo.xml"));
        let detectors = Detectors::new(&self.network, &self.net.lanes_m);
        let additionals = self.additionals(&detectors)?;
        let mut sumo = Sumo::start(self.sumo_files(additionals, &tripinfo))?;
        let name = sumo.version.name.clone();
        let Trial { witness, degrade, .. } = self.settings.trial;
        let eye = self.eye.take();
        let watches = witness || degrade.known || eye.is_some();
        let mut witness =
            watches.then(|| Witness::begin(&mut sumo, &self.network).map(|it| it.with(eye))).transpose()?;
        let stepped = match bus {
            Some(bus) => self.step_engine(&mut sumo, &detectors, bus, witness.as_mut(), &mut progress)?,
            None => self.step_programmes(&mut sumo, witness.as_mut(), &mut progress)?,
        };
        sumo.finish()?;
        let trips = Trips::read(&tripinfo)?;
        let judged = if stepped.fields.is_some() { Judged::Engine } else { Judged::Programme };
        let (unsafe_lamps, oddities) = judged.tally(&stepped.monitor);
        let standing = witness.as_ref().map(Witness::standing);
        let observed = witness.as_mut().and_then(Witness::take_eye).map(SumoEye::finish);
        let lost = witness.map(|witness| witness.lost(trips.waited_outside_s()));
        Ok(RunReport {
            results: trips.results(unsafe_lamps, stepped.decisions, stepped.decision_us),
            sumo: name,
            clocks: stepped.clocks,
            fields: stepped.fields,
            rejected: stepped.rejected,
            scenes: stepped.scenes,
            alarms: stepped.alarms,
            violations: stepped.monitor.violations().iter().filter(|it| judged.counts(it.kind)).cloned().collect(),
            oddities,
            standing,
            lost,
            coordination: stepped.coordination,
            observed,
        })
    }

    fn additionals(&self, detectors: &Detectors) -> Result<Vec<PathBuf>, CosimError> {
        let (green_min, yellow) = (self.settings.green_min.as_secs_f64(), self.settings.yellow.as_secs_f64());
        let file = match self.settings.controller {
            ControllerName::Fixed => return Ok(self.settings.programmes.iter().cloned().collect()),
            ControllerName::Actuated => {
                let text = programmes::actuated(&self.net.programmes, green_min, yellow);
                self.folder.write("actuated.add.xml", &text)?
            }
            _ => self.folder.write("detectors.add.xml", &detectors.additional())?,
        };
        Ok(vec![file])
    }

    fn sumo_files(&self, additionals: Vec<PathBuf>, tripinfo: &Path) -> SumoFiles {
        SumoFiles {
            binary: self.binary.clone(),
            net: self.settings.net.clone(),
            routes: self.settings.routes.clone(),
            additionals,
            tripinfo: tripinfo.to_owned(),
            begin_s: self.settings.begin_s,
            end_s: self.settings.end_s,
            seed: self.settings.seed,
            scale: self.settings.trial.scale,
            emissions: self.settings.trial.emissions,
        }
    }

    /// The engine and the field controllers decide.
    fn step_engine(
        &self,
        sumo: &mut Sumo,
        detectors: &Detectors,
        bus: &mut dyn Bus,
        witness: Option<&mut Witness>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Stepped, CosimError> {
        let log = self.settings.record.as_ref().map(|place| self.event_log(place, bus.settings())).transpose()?;
        let seconds = self.settings.begin_s..self.settings.end_s;
        let measuring = self.settings.trial.witness.then(|| Measuring::new(&self.network, &seconds));
        let mut lockstep = Lockstep::new(Arc::clone(&self.network), bus, log).measured(measuring);
        let degrade = self.settings.trial.degrade;
        if !degrade.is_nothing() {
            lockstep = lockstep.degraded(Degrader::new(degrade, &self.network, self.settings.seed.into()));
        }
        let knowing = degrade.known.then(|| Knowing::new(Arc::clone(&self.network), self.settings.range_m));
        let mut street = SumoStreet::new(sumo, Arc::clone(&self.network), detectors).seen_by(witness, knowing);
        lockstep::drive(
            &mut street,
            lockstep,
            seconds,
            self.settings.record.as_ref().map(|it| it.folder.clone()),
            progress,
        )
    }

    /// SUMO's own programmes decide; their lamps are judged.
    fn step_programmes(
        &self,
        sumo: &mut Sumo,
        mut witness: Option<&mut Witness>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Stepped, CosimError> {
        let mut monitor = lockstep::monitor(&self.network, Judged::Programme);
        let mut clocks = Clocks::default();
        let since = Instant::now();
        sumo.talk(|client| client.subscribe(&sumo_street::lamp_subscriptions(&self.network)))?;
        for (done, second) in (self.settings.begin_s..self.settings.end_s).enumerate() {
            let asked = Instant::now();
            let told = sumo.talk(Client::step)?;
            clocks.in_street += asked.elapsed();
            if let Some(witness) = &mut witness {
                witness.look(sumo, &told)?;
            }
            sumo_street::judge_programmes(&mut monitor, &told, Timestamp::from_secs(second));
            if progress(done as u64 + 1).is_break() {
                return Err(CosimError::Stopped);
            }
        }
        clocks.stepping = since.elapsed();
        monitor.finish();
        Ok(Stepped::programmes(monitor, clocks))
    }

    fn event_log(&self, place: &Place, settings: Vec<Settings>) -> Result<EventLog, CosimError> {
        let run = Run {
            scenario: self.name(),
            controller: self.settings.controller.name().to_owned(),
            seed: self.settings.seed.into(),
            period_s: (self.settings.begin_s, Some(self.settings.end_s)),
            order: Order::Seconds,
            settings,
            memories: self.memories.clone(),
            neighbours: !self.settings.trial.degrade.no_neighbours,
        };
        EventLog::create(place, Arc::clone(&self.network), run).map_err(CosimError::file(&place.folder))
    }
}

/// The street as the engine may know it: without routes.
fn import(settings: &RunSettings) -> Result<Network, CosimError> {
    let range_m = match settings.controller {
        ControllerName::Greedy => settings.range_m.min(greedy::RANGE_M),
        ControllerName::MaxPressure => settings.range_m.min(max_pressure::RANGE_M),
        _ => settings.range_m,
    };
    let text = std::fs::read_to_string(&settings.net).map_err(CosimError::file(&settings.net))?;
    let options = ImportOptions {
        city: "sumo".to_owned(),
        range_m,
        yellow: Some(settings.yellow),
        all_red: Some(settings.all_red),
        green_min: Some(settings.green_min),
        ..ImportOptions::default()
    };
    let imported = sumo::import(&text, &settings.net.display().to_string(), &options)
        .map_err(|error| CosimError::Import(error.to_string()))?;
    if !settings.trial.degrade.loops {
        return Ok(imported.network);
    }
    // The engine's file names the loops that are there: what it may believe of them depends on that.
    Network::build(with_loops(&imported.network).to_file()).map_err(|error| CosimError::Import(error.to_string()))
}
