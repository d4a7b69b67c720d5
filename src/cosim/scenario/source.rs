//! Street and demand of a scenario, from wherever it says.

use super::csv;
use super::file::{GridFile, ScenarioFile, StreetSource};
use crate::cosim::convert::cityflow::{self, from_cityflow};
use crate::cosim::convert::sumo::from_sumo;
use crate::network::Problems;
use crate::network::import::sumo::RouteText;
use simulator::demand::{Demand, DemandFile};
use simulator::grid::Grid;
use simulator::street::{Street, StreetFile};
use std::path::Path;

/// Street and whole demand, as files; `None` when one of them cannot be had.
pub fn street(file: &ScenarioFile, path: &Path, problems: &mut Problems) -> Option<(StreetFile, DemandFile)> {
    let source = path.display().to_string();
    let beside = |name: &Path| path.parent().unwrap_or(Path::new("")).join(name);
    let (begin_s, end_s) = (file.begin_s as f64, (file.begin_s + file.duration_s) as f64);
    let found = match &file.street {
        StreetSource::Inline(street) => Some((*street.clone(), DemandFile::default())),
        StreetSource::File(name) => {
            let path = beside(name);
            let name = path.display().to_string();
            let street = text(&path, problems).and_then(|text| {
                toml::from_str(&text)
                    .map_err(|error| problems.extend(crate::network::toml_problem(&error, &text, &name)))
                    .ok()
            });
            street.map(|street: StreetFile| (street, DemandFile::default()))
        }
        StreetSource::Grid(grid) => chessboard(grid, end_s, &source, problems),
        StreetSource::Corridor(corridor) => {
            let before = problems.len();
            super::corridor::check::check(corridor, &format!("{source}: street.corridor"), problems);
            (problems.len() == before).then(|| corridor.files(begin_s, end_s))
        }
        StreetSource::Sumo { net, routes } => from_sumo_files(&beside(net), &beside(routes), problems),
        StreetSource::Cityflow { roadnet, flow } => from_cityflow_files(&beside(roadnet), &beside(flow), problems),
    };
    let (mut street, mut demand) = found?;
    street.classes.extend(file.classes.iter().cloned());
    demand.trips.extend(file.demand.trips.iter().cloned());
    demand.flows.extend(file.demand.flows.iter().cloned());
    demand.turning.extend(file.demand.turning.iter().cloned());
    demand.pedestrians.extend(file.demand.pedestrians.iter().cloned());
    if let Some(name) = &file.trips_csv {
        let path = beside(name);
        let text = text(&path, problems).unwrap_or_default();
        demand.trips.extend(csv::trips(&text, &path.display().to_string(), problems));
    }
    if let Some(name) = &file.counts_csv {
        let path = beside(name);
        let text = text(&path, problems).unwrap_or_default();
        demand.flows.extend(csv::counts(&text, &path.display().to_string(), problems));
    }
    Some((street, demand))
}

fn from_sumo_files(net: &Path, routes: &Path, problems: &mut Problems) -> Option<(StreetFile, DemandFile)> {
    let (net_text, routes_text) = (text(net, problems), text(routes, problems));
    let (net_name, routes_name) = (net.display().to_string(), routes.display().to_string());
    let routes = RouteText { text: &routes_text?, source: &routes_name };
    match from_sumo(&net_text?, &net_name, &[routes]) {
        Ok(converted) => Some((converted.street, converted.demand)),
        Err(error) => {
            problems.say(net_name, error);
            None
        }
    }
}

fn from_cityflow_files(roadnet: &Path, flow: &Path, problems: &mut Problems) -> Option<(StreetFile, DemandFile)> {
    let (roadnet_text, flow_text) = (text(roadnet, problems), text(flow, problems));
    let (roadnet, flow) = (roadnet.display().to_string(), flow.display().to_string());
    let flow = cityflow::Text { text: &flow_text?, source: &flow };
    match from_cityflow(cityflow::Text { text: &roadnet_text?, source: &roadnet }, Some(flow)) {
        Ok(converted) => Some((converted.street, converted.demand)),
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn text(path: &Path, problems: &mut Problems) -> Option<String> {
    let text = std::fs::read_to_string(path);
    text.map_err(|error| problems.say(path.display(), format_args!("cannot be read: {error}"))).ok()
}

fn chessboard(file: &GridFile, end_s: f64, source: &str, problems: &mut Problems) -> Option<(StreetFile, DemandFile)> {
    let before = problems.len();
    let place = |key: &str| format!("{source}: street.grid.{key}");
    problems.range(place("columns"), file.columns, &(1..=200), "");
    problems.range(place("rows"), file.rows, &(1..=200), "");
    problems.range(place("block_m"), file.block_m, &(80.0..=2000.0), "m");
    problems.range(place("lanes"), file.lanes, &(2..=3), "");
    problems.range(place("speed_mps"), file.speed_mps, &(3.0..=40.0), "m/s");
    problems.range(place("vehicles"), file.vehicles, &(0.0..=1e6), "");
    let GridFile { columns, rows, block_m, lanes, speed_mps, vehicles } = *file;
    let grid = Grid { columns, rows, block_m, lanes, speed_mps, vehicles, duration_s: end_s, seed: 1 };
    (problems.len() == before).then(|| grid.files())
}

/// The street, checked.
pub fn build(file: StreetFile, source: &str, problems: &mut Problems) -> Option<Street> {
    let built = Street::build(file);
    built.map_err(|found| found.into_iter().for_each(|it| take(it, source, "street", problems))).ok()
}

/// Draw the demand once: whatever is wrong with it shows.
pub fn check_demand(
    street: &Street,
    demand: &DemandFile,
    (begin_s, end_s): (i64, i64),
    source: &str,
    problems: &mut Problems,
) {
    if let Err(found) = Demand::build(street, demand, 1, begin_s as f64, end_s as f64) {
        for it in found {
            take(it, source, "demand", problems);
        }
    }
}

fn take(found: simulator::street::Problem, source: &str, part: &str, problems: &mut Problems) {
    let place = format!("{source}: {part}.{}", found.place);
    problems.push(place, found.message, found.allowed);
}
