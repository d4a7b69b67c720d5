//! Every controller on the same map, on our simulator and in SUMO, seed by seed.
//!
//! In: a map with its files, seeds. Out: [`Ranking`], which judges the order. Signal timing and detection range are those of
//! the benchmark of control, on both sides. `actuated` is on both sides every field controller by itself, with no engine:
//! SUMO's own actuated programmes exist only there, so they cannot be ranked.
//!
//! A run is locked up when at its end the first vehicle of some lane, those inside junctions included, has stood for
//! [`crate::cosim::witness::STUCK_S`] or longer.

use super::maps::Map;
use super::order::{Ranked, Ranking};
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::plant::run::{self as plant, ACTUATED_RANGE_M, Nobody};
use crate::cosim::scenario::Scenario;
use crate::cosim::sumo_run::{self, RunSettings, Trial};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Controllers that are ranked.
pub const CONTROLLERS: [ControllerName; 6] = [
    ControllerName::Fixed,
    ControllerName::Actuated,
    ControllerName::Webster,
    ControllerName::MaxPressure,
    ControllerName::Greedy,
    ControllerName::Adaptive,
];

/// One run.
struct Ran {
    delay_s: f64,
    locked: bool,
}

/// Run all controllers on a map; `progress` is told each run that is done.
pub fn rank(
    map: &Map,
    (net, routes): &(PathBuf, PathBuf),
    seeds: &[u32],
    sumo: Option<&Path>,
    progress: &mut dyn FnMut(&str),
) -> Result<Ranking, CosimError> {
    let scenario = scenario(map, (net, routes))?;
    let (mut controllers, mut version) = (Vec::new(), String::new());
    for controller in CONTROLLERS {
        let mut ranked = Ranked { controller: controller.name(), ..Ranked::default() };
        for &seed in seeds {
            let here = on_ours(scenario.clone(), controller, seed)?;
            let (there, name) = on_sumo(controller, map.settings(net, routes, seed, sumo))?;
            for (side, ran) in [&here, &there].into_iter().enumerate() {
                if ran.locked {
                    ranked.locked[side].push(seed);
                }
            }
            ranked.ours.push(here.delay_s);
            ranked.theirs.push(there.delay_s);
            version = name;
            progress(&format!("{} {} seed {seed}", map.name, controller.name()));
        }
        controllers.push(ranked);
    }
    Ok(Ranking::new(&map.name, version, controllers))
}

fn scenario(map: &Map, (net, routes): (&Path, &Path)) -> Result<Scenario, CosimError> {
    let quoted = |path: &Path| -> Result<String, CosimError> {
        let whole = std::fs::canonicalize(path).map_err(CosimError::file(path))?;
        Ok(toml::Value::String(whole.display().to_string()).to_string())
    };
    let timing = &map.timing;
    let text = format!(
        "begin_s = {}\nduration_s = {}\nstreet.sumo = {{ net = {}, routes = {} }}\n\
         engine = {{ range_m = {:?}, yellow_s = {:?}, all_red_s = {:?}, green_min_s = {:?}, decision_period_s = {:?} }}\n",
        map.begin_s,
        map.end_s - map.begin_s,
        quoted(net)?,
        quoted(routes)?,
        timing.range_m,
        timing.yellow.as_secs_f64(),
        timing.all_red.as_secs_f64(),
        timing.green_min.as_secs_f64(),
        timing.decision_period.as_secs_f64(),
    );
    Scenario::parse(&text, Path::new(&map.name)).map_err(CosimError::Scenario)
}

fn on_ours(scenario: Scenario, controller: ControllerName, seed: u32) -> Result<Ran, CosimError> {
    let settings = plant::RunSettings { controller, seed: u64::from(seed), threads: 1, record: None };
    let report = plant::Prepared::new(scenario, settings)?.run_in_process(&mut |_| ControlFlow::Continue(()))?;
    Ok(Ran { delay_s: report.figures.common.delay_s, locked: report.standing.lanes > 0 })
}

fn on_sumo(controller: ControllerName, settings: RunSettings) -> Result<(Ran, String), CosimError> {
    let settings = RunSettings { trial: Trial { witness: true, ..settings.trial }, ..settings };
    // Field controllers by themselves see the street through the detectors of an engine that is not there.
    let settings = match controller {
        ControllerName::Actuated => {
            RunSettings { controller: ControllerName::Adaptive, range_m: ACTUATED_RANGE_M, ..settings }
        }
        _ => RunSettings { controller, ..settings },
    };
    let prepared = sumo_run::Prepared::new(settings)?;
    let go_on = |_| ControlFlow::Continue(());
    let report = match controller {
        ControllerName::Fixed => prepared.run(None, go_on)?,
        ControllerName::Actuated => {
            let mut nobody = Nobody(prepared.network.intersections.len());
            prepared.run(Some(&mut nobody), go_on)?
        }
        _ => {
            let mut engine = prepared.in_process()?;
            prepared.run(Some(&mut engine), go_on)?
        }
    };
    let locked = report.standing.is_some_and(|it| it.lanes > 0);
    Ok((Ran { delay_s: report.results.delay_s, locked }, report.sumo))
}
