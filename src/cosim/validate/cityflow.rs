//! CityFlow's own figures for two of its sets, and ours.
//!
//! CityFlow counts every vehicle from its start time, also while it waits in front of its first road, and those who have not
//! arrived up to the end of the run. Its figures were measured with the programmes in the roadnet files and without lane
//! changes; the same is run here.

use super::super::convert::cityflow::{Text, from_cityflow};
use super::super::error::CosimError;
use super::Row;
use super::ours::Ours;
use simulator::Settings;
use std::path::{Path, PathBuf};

/// Largest difference \[%\].
const TARGET: f64 = 5.0;
/// Length of the runs \[s\].
const END_S: f64 = 3600.0;

/// A set with what CityFlow says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// Its name.
    pub name: &'static str,
    /// Average travel time \[s\].
    pub travel_time_s: f64,
    /// Vehicles on the street at the end; those in front of their first road not counted.
    pub inside: f64,
}

/// Sets that are compared.
pub const SETS: [Set; 2] = [
    Set { name: "jinan1", travel_time_s: 444.8, inside: 910.0 },
    Set { name: "hangzhou1", travel_time_s: 525.3, inside: 438.0 },
];

impl Set {
    /// Roadnet and flow in a folder of sets, `None` when they are not there.
    #[must_use]
    pub fn files(&self, folder: &Path) -> Option<(PathBuf, PathBuf)> {
        let file = |name| Some(folder.join(self.name).join(name)).filter(|it| it.is_file());
        file("roadnet.json").zip(file("flow.json"))
    }

    /// Run and compare.
    pub fn compare(&self, (roadnet, flow): &(PathBuf, PathBuf)) -> Result<Vec<Row>, CosimError> {
        let (net_text, flow_text) = (read(roadnet)?, read(flow)?);
        let sources = (roadnet.display().to_string(), flow.display().to_string());
        let net = Text { text: &net_text, source: &sources.0 };
        let converted = from_cityflow(net, Some(Text { text: &flow_text, source: &sources.1 }))
            .map_err(|problems| CosimError::Import(problems.to_string()))?;
        let street = Ours::new(converted.street, converted.demand, self.name)?;
        let figures = street.run((0.0, END_S), settings())?;
        let name = "average travel time [s]";
        Ok(vec![
            Row::new(self.name, name, figures.travel_time_s, self.travel_time_s, Some(TARGET)),
            Row::new(self.name, "inside at the end", figures.inside as f64, self.inside, None),
        ])
    }
}

/// How CityFlow drives.
fn settings() -> Settings {
    Settings { overtaking: false, ..Settings::default() }
}

fn read(path: &Path) -> Result<String, CosimError> {
    std::fs::read_to_string(path).map_err(CosimError::file(path))
}
