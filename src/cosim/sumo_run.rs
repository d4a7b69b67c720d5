//! One run of SUMO from begin to end: start, step second by second, read the figures.

use super::error::CosimError;
use super::results::{Results, Trips};
use super::sumo_net::SumoNet;
use super::sumo_process::{Sumo, SumoFiles};
use super::work_folder::WorkFolder;
use super::{programmes, routes, sumo_binary};
use crate::time::Millis;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Who decides what the lamps show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SumoController {
    /// The programmes of the network file, untouched.
    Fixed,
    /// SUMO's own `actuated` type on the same stages.
    Actuated,
}

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
    pub controller: SumoController,
    /// Yellow.
    pub yellow: Millis,
    /// Shortest green.
    pub green_min: Millis,
    /// The program, when named.
    pub sumo_binary: Option<PathBuf>,
    /// Where to keep SUMO's trip records.
    pub tripinfo: Option<PathBuf>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The figures.
    pub results: Results,
    /// The program that ran.
    pub sumo: String,
    /// Time spent waiting for SUMO.
    pub in_sumo: Duration,
    /// Time of the whole stepping.
    pub stepping: Duration,
}

/// Run; `progress` is told the simulated seconds done after every step.
pub fn run(settings: &RunSettings, mut progress: impl FnMut(u64)) -> Result<RunReport, CosimError> {
    let binary = sumo_binary::find(settings.sumo_binary.as_deref())?;
    let net = SumoNet::read(&settings.net)?;
    routes::check(&settings.routes, &net.edges, &settings.net)?;
    let folder = WorkFolder::new()?;
    let additionals = match settings.controller {
        SumoController::Fixed => Vec::new(),
        SumoController::Actuated => {
            let (green_min, yellow) = (settings.green_min.as_secs_f64(), settings.yellow.as_secs_f64());
            vec![folder.write("actuated.add.xml", &programmes::actuated(&net.programmes, green_min, yellow))?]
        }
    };
    let tripinfo = settings.tripinfo.clone().unwrap_or_else(|| folder.file("tripinfo.xml"));
    let mut sumo = Sumo::start(SumoFiles {
        binary,
        net: settings.net.clone(),
        routes: settings.routes.clone(),
        additionals,
        tripinfo: tripinfo.clone(),
        begin_s: settings.begin_s,
        end_s: settings.end_s,
        seed: settings.seed,
    })?;
    let name = sumo.version.name.clone();
    let (since, mut in_sumo) = (Instant::now(), Duration::ZERO);
    for (done, _) in (settings.begin_s..settings.end_s).enumerate() {
        let asked = Instant::now();
        sumo.talk(super::traci::client::Client::step)?;
        in_sumo += asked.elapsed();
        progress(done as u64 + 1);
    }
    let stepping = since.elapsed();
    sumo.finish()?;
    let results = Trips::read(&tripinfo)?.results(0, Vec::new());
    Ok(RunReport { results, sumo: name, in_sumo, stepping })
}
