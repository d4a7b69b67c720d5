//! How much the history of a city is, and how fast it is written: the synthetic city, decided for, through the real writer.
//!
//! Each simulated second every intersection hands its counts, decision and state over, as its worker would. Out: bytes an intersection-day
//! of each table, and the share of its thread's time that the writer takes at 1 Hz. Weakness: counts of real detectors are noisier than
//! those of [`super::synthetic`], and how much that costs is not known; the disk is that of the temporary files.

use super::synthetic::Synthetic;
use super::{Outside, chessboard};
use crate::config::Scalars;
use crate::controller::{Controller, Input, Output, Settings};
use crate::cosim::error::CosimError;
use crate::cosim::work_folder::WorkFolder;
use crate::field::{FieldInput, FieldOutput};
use crate::network::{Intersection, Network};
use crate::plan::StateReport;
use crate::service::history::bulk::Table;
use crate::service::history::{History, Keep, Moment};
use crate::time::Timestamp;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLoad {
    /// Intersections; a chessboard of this many or a few less.
    pub intersections: usize,
    /// Simulated seconds.
    pub seconds: u32,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HistoryReport {
    /// Intersections.
    pub intersections: usize,
    /// Their lanes.
    pub lanes: usize,
    /// Simulated seconds.
    pub seconds: u32,
    /// Rows that were written.
    pub rows: u64,
    /// Moments that found no room.
    pub missed: u64,
    /// Bytes an intersection-day of counts.
    pub counts_bytes: f64,
    /// Bytes an intersection-day of decisions.
    pub decisions_bytes: f64,
    /// Bytes an intersection-day of states.
    pub states_bytes: f64,
    /// The whole city \[GB a day\].
    pub city_gb_a_day: f64,
    /// Moments that the writer manages in a second of its thread.
    pub moments_per_s: f64,
    /// Share of its thread's time that the city takes at 1 Hz.
    pub share: f64,
}

/// Measure; `progress` is told the simulated seconds done, and says whether to go on.
///
/// # Errors
/// What the disk says, or that it was stopped.
pub fn measure(
    load: HistoryLoad,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<HistoryReport, CosimError> {
    let (network, _) = chessboard(load.intersections)?;
    let folder = WorkFolder::new()?;
    let history = History::start(folder.path(), &network, Keep::default());
    let scalars = Scalars::built_in();
    let controller =
        |it: &Intersection| Controller::new(Arc::new(it.clone()), &network.links, scalars.applied(Settings::default()));
    let mut controllers: Vec<Controller> = network.intersections.iter().map(controller).collect();
    let mut outside: Vec<Outside> = (0..network.intersections.len()).map(|ix| Outside::new(&network, ix)).collect();
    for second in 1..=load.seconds {
        let at = Timestamp::from_secs(second.into());
        for (ix, (controller, outside)) in controllers.iter_mut().zip(&mut outside).enumerate() {
            history.tell(moment(&network, ix, controller, outside, at));
        }
        if progress(second.into()).is_break() {
            return Err(CosimError::Stopped);
        }
    }
    history.flush();
    let health = history.health();
    let sites = network.intersections.len();
    let days = f64::from(load.seconds) / 86_400.0 * sites as f64;
    let bytes = |table: Table| bytes_below(&folder.path().join(table.name())) as f64;
    let busy_s = health.busy_us.load(Ordering::Relaxed) as f64 / 1e6;
    let moments = sites as f64 * f64::from(load.seconds);
    let report = HistoryReport {
        intersections: sites,
        lanes: network.intersections.iter().map(|it| it.lanes.len()).sum(),
        seconds: load.seconds,
        rows: health.rows.load(Ordering::Relaxed),
        missed: health.missed.load(Ordering::Relaxed),
        counts_bytes: bytes(Table::Counts) / days,
        decisions_bytes: bytes(Table::Decisions) / days,
        states_bytes: bytes(Table::States) / days,
        city_gb_a_day: Table::ALL.iter().map(|&it| bytes(it)).sum::<f64>() / days * sites as f64 / 1e9,
        moments_per_s: moments / busy_s,
        share: busy_s / f64::from(load.seconds),
    };
    history.stop();
    Ok(report)
}

/// One second of one intersection: the field controller tells, the street is counted, the engine decides, the field controller obeys.
fn moment(network: &Network, ix: usize, controller: &mut Controller, outside: &mut Outside, at: Timestamp) -> Moment {
    let state = report(outside, at);
    let street: &mut Synthetic = &mut outside.street;
    let counts = street.second(&network.intersections[ix], &state.shown, at);
    controller.handle(Input::State(state.clone()), at);
    controller.handle(Input::Counts(counts.clone()), at);
    let mut decided = None;
    for output in controller.handle(Input::Tick, at) {
        match output {
            Output::Publish(plan) => drop(outside.field.handle(FieldInput::Plan(plan), at)),
            Output::Decision(decision) => decided = Some(Arc::new(decision)),
            _ => {}
        }
    }
    outside.field.handle(FieldInput::Tick, at);
    Moment { ix, counts: Some(Arc::new(counts)), decision: decided, state: Some(Arc::new(state)) }
}

fn report(outside: &mut Outside, at: Timestamp) -> StateReport {
    let told = outside.field.handle(FieldInput::Report, at).into_iter().find_map(|output| match output {
        FieldOutput::State(state) => Some(state),
        _ => None,
    });
    told.expect("a field controller answers every call for a report")
}

fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_below(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.flatten().map(bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_city_leaves_a_history_of_every_second() {
        let load = HistoryLoad { intersections: 4, seconds: 70 };
        let report = measure(load, |_| ControlFlow::Continue(())).unwrap();
        assert_eq!((report.intersections, report.missed), (4, 0));
        assert!(report.rows >= 70 * (report.lanes as u64 + 4), "{report:?}");
        assert!(report.counts_bytes > 0.0 && report.decisions_bytes > 0.0 && report.states_bytes > 0.0);
    }
}
