//! Whether controllers rank the same on our simulator as in SUMO: every controller on the same map, seed by seed.
//!
//! A controller's figure is its mean delay over the seeds. Two whose means differ by less than the spread of their seeds
//! (largest less smallest) are tied; a pair *differs* when it is tied on neither side and the order is the other way round.
//! Kendall's tau counts the pairs, ties as half: (same − opposite) / √(pairs untied here · pairs untied there).
//!
//! `actuated` is on both sides every field controller by itself, with no engine: SUMO's own actuated programmes exist only
//! there, so they cannot be ranked. Reference: M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33
//! (1945).

use super::maps::Map;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::plant::run::{self as plant, ACTUATED_RANGE_M, Nobody};
use crate::cosim::scenario::Scenario;
use crate::cosim::sumo_run::{self, RunSettings};
use crate::time::Millis;
use serde::Serialize;
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

/// Maps on which they are ranked, with the yellow that is shown there \[s\].
pub const MAPS: [(Map, i64); 5] = [
    (Map { name: "cologne1", begin_s: 25_200, end_s: 28_800 }, 3),
    (Map { name: "cologne3", begin_s: 25_200, end_s: 28_800 }, 3),
    (Map { name: "ingolstadt1", begin_s: 57_600, end_s: 61_200 }, 3),
    (Map { name: "ingolstadt21", begin_s: 57_600, end_s: 61_200 }, 3),
    (Map { name: "arterial4x4", begin_s: 0, end_s: 3_600 }, 2),
];

/// Delays of a controller, seed by seed \[s\].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    /// Its name.
    pub controller: &'static str,
    /// On our simulator.
    pub ours: Vec<f64>,
    /// In SUMO.
    pub theirs: Vec<f64>,
}

/// The controllers of a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// Which map.
    pub map: String,
    /// The program on the other side.
    pub sumo: String,
    /// Each controller.
    pub controllers: Vec<Ranked>,
    /// Kendall's tau, 1 for the same order.
    pub tau: f64,
    /// Pairs whose order is the other way round.
    pub differing: Vec<(&'static str, &'static str)>,
}

impl Ranking {
    /// Rank what was measured.
    #[must_use]
    pub fn new(map: &str, sumo: String, controllers: Vec<Ranked>) -> Self {
        let (mut sum, mut untied_here, mut untied_there) = (0.0, 0.0_f64, 0.0_f64);
        let mut differing = Vec::new();
        for (k, one) in controllers.iter().enumerate() {
            for other in &controllers[k + 1..] {
                let (here, there) = (order(&one.ours, &other.ours), order(&one.theirs, &other.theirs));
                sum += f64::from(here * there);
                untied_here += f64::from(here.abs());
                untied_there += f64::from(there.abs());
                if here * there < 0 {
                    differing.push((one.controller, other.controller));
                }
            }
        }
        let pairs = (untied_here * untied_there).sqrt();
        let tau = if pairs > 0.0 { sum / pairs } else { 1.0 };
        Self { map: map.to_owned(), sumo, controllers, tau: (tau * 1000.0).round() / 1000.0, differing }
    }
}

/// -1 when the first is clearly smaller, 1 when it is clearly larger, 0 when they are tied.
fn order(one: &[f64], other: &[f64]) -> i32 {
    let mean = |of: &[f64]| super::mean(of.iter().copied());
    let spread = |of: &[f64]| {
        let (low, high) = of.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &it| (low.min(it), high.max(it)));
        (high - low).max(0.0)
    };
    let difference = mean(one) - mean(other);
    match difference.abs() < spread(one).max(spread(other)) {
        true => 0,
        false if difference < 0.0 => -1,
        false => i32::from(difference > 0.0),
    }
}

/// Run all controllers on a map; `progress` is told each run that is done.
pub fn rank(
    (map, yellow_s): &(Map, i64),
    (net, routes): &(PathBuf, PathBuf),
    seeds: &[u32],
    sumo: Option<&Path>,
    progress: &mut dyn FnMut(&str),
) -> Result<Ranking, CosimError> {
    let scenario = scenario(map, *yellow_s, (net, routes))?;
    let (mut controllers, mut version) = (Vec::new(), String::new());
    for controller in CONTROLLERS {
        let mut ranked = Ranked { controller: controller.name(), ours: Vec::new(), theirs: Vec::new() };
        for &seed in seeds {
            ranked.ours.push(on_ours(scenario.clone(), controller, seed)?);
            let yellow = Millis::from_secs(*yellow_s);
            let settings = RunSettings { yellow, ..map.settings(net, routes, seed, sumo) };
            let (delay_s, name) = on_sumo(controller, settings)?;
            ranked.theirs.push(delay_s);
            version = name;
            progress(&format!("{} {} seed {seed}", map.name, controller.name()));
        }
        controllers.push(ranked);
    }
    Ok(Ranking::new(map.name, version, controllers))
}

fn scenario(map: &Map, yellow_s: i64, (net, routes): (&Path, &Path)) -> Result<Scenario, CosimError> {
    let quoted = |path: &Path| -> Result<String, CosimError> {
        let whole = std::fs::canonicalize(path).map_err(CosimError::file(path))?;
        Ok(toml::Value::String(whole.display().to_string()).to_string())
    };
    let text = format!(
        "begin_s = {}\nduration_s = {}\nstreet.sumo = {{ net = {}, routes = {} }}\n\
         engine = {{ range_m = 200.0, yellow_s = {yellow_s}.0, all_red_s = 0.0, green_min_s = 5.0 }}\n",
        map.begin_s,
        map.end_s - map.begin_s,
        quoted(net)?,
        quoted(routes)?,
    );
    Scenario::parse(&text, Path::new(map.name)).map_err(CosimError::Scenario)
}

fn on_ours(scenario: Scenario, controller: ControllerName, seed: u32) -> Result<f64, CosimError> {
    let settings = plant::RunSettings { controller, seed: u64::from(seed), threads: 1, record: None };
    let report = plant::Prepared::new(scenario, settings)?.run_in_process(&mut |_| ControlFlow::Continue(()))?;
    Ok(report.figures.common.delay_s)
}

fn on_sumo(controller: ControllerName, settings: RunSettings) -> Result<(f64, String), CosimError> {
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
    Ok((report.results.delay_s, report.sumo))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(controller: &'static str, ours: &[f64], theirs: &[f64]) -> Ranked {
        Ranked { controller, ours: ours.to_vec(), theirs: theirs.to_vec() }
    }

    #[test]
    fn the_same_order_has_tau_one_and_the_opposite_one_minus_one() {
        let same = vec![ranked("a", &[1.0], &[10.0]), ranked("b", &[2.0], &[20.0]), ranked("c", &[3.0], &[30.0])];
        let ranking = Ranking::new("x", String::new(), same);
        assert!((ranking.tau - 1.0).abs() < 1e-9 && ranking.differing.is_empty());
        let opposite = vec![ranked("a", &[1.0], &[30.0]), ranked("b", &[2.0], &[20.0]), ranked("c", &[3.0], &[10.0])];
        let ranking = Ranking::new("x", String::new(), opposite);
        assert!((ranking.tau + 1.0).abs() < 1e-9 && ranking.differing.len() == 3);
    }

    #[test]
    fn who_differs_by_less_than_the_spread_of_seeds_is_tied() {
        let tied = vec![ranked("a", &[1.0, 3.0], &[20.0, 21.0]), ranked("b", &[1.5, 3.5], &[10.0, 11.0])];
        assert!(Ranking::new("x", String::new(), tied).differing.is_empty());
        let clear = vec![ranked("a", &[1.0, 1.2], &[20.0, 21.0]), ranked("b", &[1.5, 1.7], &[10.0, 11.0])];
        assert_eq!(Ranking::new("x", String::new(), clear).differing, [("a", "b")]);
    }
}
