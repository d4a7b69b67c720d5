//! What Webster's programme is made from: volumes of movements and links, counted from the routes.
//!
//! The engine never sees this; it is the knowledge of a traffic engineer who was given the demand beforehand. `duarouter`,
//! which ships beside `sumo`, turns trips and flows into routes over edges; a vehicle that departs in [begin, end) counts
//! once on every turn that it makes, whether or not it gets there before the end. Turns over several lanes are shared
//! evenly; the programme's own computation spreads them again.

use super::error::CosimError;
use super::work_folder::WorkFolder;
use super::{sumo_binary, xml};
use crate::network::Network;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Volumes in the order of the network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Demand {
    /// Per intersection and movement \[veh/h\].
    pub movements: Vec<Vec<f64>>,
    /// Per link \[veh/h\].
    pub links: Vec<f64>,
}

/// Files and period to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period<'a> {
    /// The SUMO program; its router is beside it.
    pub sumo: &'a Path,
    /// Network file.
    pub net: &'a Path,
    /// Route file.
    pub routes: &'a Path,
    /// First second.
    pub begin_s: i64,
    /// First second that does not count.
    pub end_s: i64,
}

impl Demand {
    /// Count the routes of a period.
    pub fn count(network: &Network, period: Period<'_>, folder: &WorkFolder) -> Result<Self, CosimError> {
        let routed = route(period, folder)?;
        let mut ways = Vec::new();
        xml::elements(&routed, |element| {
            if element.name() == "route"
                && let Some(edges) = element.get("edges")?
            {
                ways.push(edges.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
            }
            Ok(())
        })?;
        let hours = (period.end_s - period.begin_s) as f64 / 3600.0;
        Ok(Self::of_ways(network, &ways, hours))
    }

    /// The same for so many vehicles for each one.
    #[must_use]
    pub fn scaled(mut self, scale: f64) -> Self {
        self.movements.iter_mut().flatten().chain(&mut self.links).for_each(|volume| *volume *= scale);
        self
    }

    /// Volumes of ways over roads (or edges), each a list of their names, within a time \[h\].
    pub fn of_ways(network: &Network, ways: &[Vec<String>], hours: f64) -> Self {
        let mut turns: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        for way in ways {
            for pair in way.windows(2) {
                *turns.entry((pair[0].as_str(), pair[1].as_str())).or_default() += 1.0 / hours;
            }
        }
        let movements = network.intersections.iter().map(|intersection| {
            let names: Vec<Option<(&str, &str)>> = intersection
                .movements
                .iter()
                .map(|movement| {
                    let lane = &intersection.lanes[movement.lane?.0];
                    let from = intersection.approaches[lane.approach].id.as_str();
                    Some((from, intersection.exits[movement.exit?.0].link.as_str()))
                })
                .collect();
            let volume = |name: &Option<(&str, &str)>| {
                let name = (*name)?;
                let sharing = names.iter().filter(|other| **other == Some(name)).count();
                Some(turns.get(&name)? / sharing as f64)
            };
            names.iter().map(|name| volume(name).unwrap_or(0.0)).collect()
        });
        let links = network.links.iter().map(|link| {
            let runs = |way: &&Vec<String>| {
                let entered = way.iter().position(|edge| edge == link.id.as_str());
                entered.is_some_and(|start| way[start..].iter().any(|edge| edge == link.approach.as_str()))
            };
            ways.iter().filter(runs).count() as f64 / hours
        });
        Self { movements: movements.collect(), links: links.collect() }
    }
}

/// Routes over edges of all vehicles of the period.
fn route(period: Period<'_>, folder: &WorkFolder) -> Result<PathBuf, CosimError> {
    let router = period.sumo.with_file_name("duarouter");
    let out = folder.file("routed.rou.xml");
    let mut command = Command::new(&router);
    if let Some(home) = sumo_binary::home_of(period.sumo) {
        command.env("SUMO_HOME", home);
    }
    command.arg("--net-file").arg(period.net).arg("--route-files").arg(period.routes).arg("--output-file").arg(&out);
    command.args(["--begin", &period.begin_s.to_string(), "--end", &period.end_s.to_string()]);
    command.args(["--no-step-log", "--no-warnings"]).stdin(Stdio::null()).stdout(Stdio::null());
    let done = command.output().map_err(|source| CosimError::Start { binary: router, source })?;
    if done.status.success() {
        return Ok(out);
    }
    let message = String::from_utf8_lossy(&done.stderr).lines().map(str::trim).collect::<Vec<_>>().join(" ");
    Err(CosimError::Refused { net: period.net.to_owned(), routes: period.routes.to_owned(), message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;

    #[test]
    fn a_turn_counts_on_its_movements_and_is_shared_by_the_lanes_that_offer_it() {
        let crossroads = sample::crossroads();
        let movement = &crossroads.movements[0];
        let lane = &crossroads.lanes[movement.lane.unwrap().0];
        let from = crossroads.approaches[lane.approach].id.to_string();
        let to = crossroads.exits[movement.exit.unwrap().0].link.to_string();
        let network = Network { city: "c".into(), intersections: vec![crossroads], links: Vec::new() };
        let ways = vec![vec![from.clone(), to.clone()], vec!["far".into(), from, to], vec!["far".into()]];
        let demand = Demand::of_ways(&network, &ways, 0.5);
        let total: f64 = demand.movements[0].iter().sum();
        assert!((total - 4.0).abs() < 1e-9, "two vehicles in half an hour are 4 veh/h: {demand:?}");
        assert!(demand.movements[0][0] > 0.0);
    }
}
