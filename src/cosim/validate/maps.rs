//! The maps of RESCO with the programmes of their files, on SUMO and on our simulator.
//!
//! Same network, same demand, same lamps second by second; every seed is run on both sides, and the means are compared.

use super::super::controller_name::ControllerName;
use super::super::convert::sumo::from_sumo;
use super::super::error::CosimError;
use super::super::sumo_run::{Prepared, RunSettings, Trial};
use super::Row;
use super::ours::{Figures, Ours};
use crate::cosim::bench::table::{Table, Timing};
use crate::network::import::sumo::RouteText;
use crate::statistics::mean;
use simulator::Settings;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Largest difference of travel time \[%\].
const TRAVEL_TIME: f64 = 10.0;
/// Largest difference of delay \[%\].
const DELAY: f64 = 15.0;

/// Version of SUMO whose timing is taken.
const SUMO: &str = "1.28";

/// Maps whose travel time and delay are compared; the others lock up now and then under the programmes of their files.
pub const COMPARED: [&str; 3] = ["cologne1", "cologne3", "ingolstadt1"];

/// A map, the hour that is compared and the signal timing that is shown there: as the benchmark of control has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Its name.
    pub name: String,
    /// First second.
    pub begin_s: i64,
    /// First second that is not simulated.
    pub end_s: i64,
    /// Yellow, red clearance, shortest green, detection range, period of decisions.
    pub timing: Timing,
}

impl Map {
    /// All maps of the benchmark's table that have a period, in the order of their names.
    #[must_use]
    pub fn known() -> Vec<Self> {
        let table = Table::built_in();
        let map = |name: &str| {
            let entry = table.entry(name, None).expect("the built-in table is checked by a test");
            let (begin_s, end_s) = entry.period_s?;
            Some(Self { name: name.to_owned(), begin_s, end_s, timing: entry.timing(SUMO) })
        };
        table.names().filter_map(map).collect()
    }

    /// Network and routes in a folder of maps, `None` when they are not there.
    #[must_use]
    pub fn files(&self, folder: &Path) -> Option<(PathBuf, PathBuf)> {
        let file =
            |kind| Some(folder.join(&self.name).join(format!("{}.{kind}.xml", self.name))).filter(|it| it.is_file());
        file("net").zip(file("rou"))
    }

    /// Run both and compare; also the version of SUMO.
    pub fn compare(
        &self,
        (net, routes): &(PathBuf, PathBuf),
        seeds: &[u32],
        sumo: Option<&Path>,
    ) -> Result<(Vec<Row>, String), CosimError> {
        let (net_text, routes_text) = (read(net)?, read(routes)?);
        let source = routes.display().to_string();
        let texts = [RouteText { text: &routes_text, source: &source }];
        let converted = from_sumo(&net_text, &net.display().to_string(), &texts)
            .map_err(|error| CosimError::Import(error.to_string()))?;
        let street = Ours::new(converted.street, converted.demand, &self.name)?;
        let (mut ours, mut theirs, mut version) = (Vec::new(), Vec::new(), String::new());
        for &seed in seeds {
            let settings = Settings { seed: u64::from(seed), ..Settings::default() };
            ours.push(street.run((self.begin_s as f64, self.end_s as f64), settings)?);
            let report =
                Prepared::new(self.settings(net, routes, seed, sumo))?.run(None, |_| ControlFlow::Continue(()))?;
            version = report.sumo;
            let it = report.results;
            theirs.push(Figures {
                travel_time_s: it.travel_time_s,
                delay_s: it.delay_s,
                demanded: it.demanded,
                finished: it.finished,
                inside: it.demanded - it.finished - it.never_departed,
            });
        }
        let row = |figure, of: fn(&Figures) -> f64, target| {
            Row::new(&self.name, figure, mean(ours.iter().map(of)), mean(theirs.iter().map(of)), target)
        };
        let rows = vec![
            row("travel time [s]", |it| it.travel_time_s, Some(TRAVEL_TIME)),
            row("delay [s]", |it| it.delay_s, Some(DELAY)),
            row("finished", |it| it.finished as f64, None),
            row("demanded", |it| it.demanded as f64, None),
        ];
        Ok((rows, version))
    }

    pub(super) fn settings(&self, net: &Path, routes: &Path, seed: u32, sumo: Option<&Path>) -> RunSettings {
        RunSettings {
            net: net.to_owned(),
            routes: routes.to_owned(),
            begin_s: self.begin_s,
            end_s: self.end_s,
            seed,
            controller: ControllerName::Fixed,
            yellow: self.timing.yellow,
            all_red: self.timing.all_red,
            green_min: self.timing.green_min,
            range_m: self.timing.range_m,
            decision_period: self.timing.decision_period,
            sumo_binary: sumo.map(Path::to_owned),
            programmes: None,
            tripinfo: None,
            record: None,
            trial: Trial::default(),
        }
    }
}

fn read(path: &Path) -> Result<String, CosimError> {
    std::fs::read_to_string(path).map_err(CosimError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_map_that_is_compared_is_in_the_table_of_the_benchmark() {
        let known = Map::known();
        assert!(COMPARED.iter().all(|name| known.iter().any(|it| it.name == *name)), "{known:?}");
        assert!(known.iter().all(|it| it.end_s - it.begin_s == 3600));
    }
}
