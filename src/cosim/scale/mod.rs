//! How many intersections one process decides: a city of synthetic counts, measured from counts to plans.
//!
//! ```text
//! each simulated second, on each thread, for its share of the city:
//!   (not measured) traffic, states and counts as bytes
//!   (measured)     decode state and counts, what neighbours said, decide, encode plan and outflow
//!   (not measured) field controllers obey, neighbours get their outflows
//! ```
//!
//! Two latencies come out of the same measured times. *Spread*: each intersection sends at an instant of its own within the
//! second, as detectors of a city do; latency is waiting for the thread plus deciding (Lindley's recursion over the measured
//! times, so that making the traffic, which a city does elsewhere, costs nothing). *At once*: all counts arrive with the
//! full second; latency is the time until each plan is out. Memory is what the process holds more than before its
//! controllers were made, through the whole run, shared out.
//!
//! Weakness: no broker and no socket; `service` adds them. Messages pass as bytes all the same.

pub mod history;
pub mod synthetic;

use crate::config::Scalars;
use crate::controller::{Controller, Input, Output, Settings};
use crate::cosim::error::CosimError;
use crate::cosim::survey::survey;
use crate::estimate::Outflow;
use crate::field::{Field, FieldInput, FieldOutput, FieldSettings};
use crate::network::import::sumo::ImportOptions;
use crate::network::{Geometry, Intersection, Network};
use crate::statistics::quantile;
use crate::time::Timestamp;
use crate::wire::{self, Message, Packet};
use serde::Serialize;
use simulator::grid::Grid;
use simulator::random::unit;
use simulator::street::Street;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;
use synthetic::Synthetic;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleSettings {
    /// Intersections; a chessboard of this many or a few less.
    pub intersections: usize,
    /// Simulated seconds that are measured.
    pub seconds: u32,
    /// Simulated seconds before, in which queues and learned state grow.
    pub warm_up: u32,
    /// Threads that decide.
    pub threads: usize,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScaleReport {
    /// Intersections.
    pub intersections: usize,
    /// Their lanes.
    pub lanes: usize,
    /// Threads.
    pub threads: usize,
    /// Plans that were made in the measured seconds.
    pub plans: u64,
    /// Median time of a decision, decoding and encoding included \[ms\].
    pub decision_ms_p50: f64,
    /// Its 99th percentile \[ms\].
    pub decision_ms_p99: f64,
    /// Share of the threads' time that is used at 1 Hz.
    pub load: f64,
    /// Counts to plan, counts spread over the second: median \[ms\].
    pub spread_ms_p50: f64,
    /// Its 99th percentile \[ms\].
    pub spread_ms_p99: f64,
    /// Counts to plan, all counts at once: median \[ms\].
    pub at_once_ms_p50: f64,
    /// Its 99th percentile \[ms\].
    pub at_once_ms_p99: f64,
    /// Memory an intersection \[KiB\]; none where the system does not tell.
    pub memory_kib: Option<f64>,
}

/// What is outside of the engine at one intersection.
struct Outside {
    field: Field,
    street: Synthetic,
    /// What neighbours said in the last second.
    heard: Vec<Outflow>,
    /// When in the second its counts arrive \[s\].
    phase_s: f64,
}

/// What was measured of one decision \[s\].
#[derive(Debug, Clone, Copy)]
struct Decided {
    ix: usize,
    took_s: f64,
    /// From the begin of the burst to its plan.
    at_once_s: f64,
}

/// Measure; `progress` is told the simulated seconds done, and says whether to go on.
pub fn measure(
    settings: ScaleSettings,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<ScaleReport, CosimError> {
    let (network, _) = chessboard(settings.intersections)?;
    let neighbours: Vec<Vec<usize>> = (0..network.intersections.len()).map(|ix| network.neighbours(ix)).collect();
    let mut outside: Vec<Outside> = (0..network.intersections.len()).map(|ix| Outside::new(&network, ix)).collect();
    let before_kib = resident_kib();
    let scalars = Scalars::built_in();
    let controller =
        |it: &Intersection| Controller::new(Arc::new(it.clone()), &network.links, scalars.applied(Settings::default()));
    let mut controllers: Vec<Controller> = network.intersections.iter().map(controller).collect();
    let mut measured = Measured::new(settings.threads);
    for second in 1..=settings.warm_up + settings.seconds {
        let at = Timestamp::from_secs(second.into());
        let decided = one_second(&network, &neighbours, &mut controllers, &mut outside, settings.threads, at);
        if second > settings.warm_up {
            measured.add(&decided, &outside);
        }
        if progress(second.into()).is_break() {
            return Err(CosimError::Stopped);
        }
    }
    let grown = before_kib.zip(resident_kib()).map(|(before, after)| (after - before).max(0.0));
    Ok(measured.report(&network, settings, grown))
}

/// A chessboard of about so many intersections as the engine knows it, and where its lanes lie.
///
/// # Errors
/// A street that cannot be surveyed.
pub fn chessboard(intersections: usize) -> Result<(Arc<Network>, Geometry), CosimError> {
    let columns = (intersections as f64).sqrt().floor().max(1.0) as usize;
    let grid = Grid { duration_s: 0.0, ..Grid::bench(columns, (intersections / columns).max(1)) };
    let street = Street::build(grid.files().0).expect("a chessboard is sound");
    let surveyed = survey(&street, "chessboard", &ImportOptions::default());
    let imported = surveyed.map_err(|error| CosimError::Import(error.to_string()))?;
    let geometry = imported.geometry.completed(&imported.network);
    Ok((Arc::new(imported.network), geometry))
}

impl Outside {
    fn new(network: &Network, ix: usize) -> Self {
        let intersection = &network.intersections[ix];
        Self {
            field: Field::new(
                intersection,
                FieldSettings { starts_empty: true, ..FieldSettings::default() },
                ix as u64 + 1,
            ),
            street: Synthetic::new(intersection, ix as u64 + 1),
            heard: Vec::new(),
            phase_s: unit(1, ix as u64, 0),
        }
    }

    /// State and counts of a second, as they come over the wire.
    fn tells(&mut self, network: &Network, ix: usize, at: Timestamp) -> Vec<Packet> {
        let intersection = &network.intersections[ix];
        let state = self.field.handle(FieldInput::Report, at).into_iter().find_map(|output| match output {
            FieldOutput::State(state) => Some(state),
            _ => None,
        });
        let state = state.expect("a field controller answers every call for a report");
        let observation = self.street.second(intersection, &state.shown, at);
        let counts = Message::Counts { intersection: intersection.id.clone(), observation, passages: Vec::new() };
        let encoded = [Message::State(state), counts].map(|message| wire::encode(&message, network).ok());
        encoded.into_iter().flatten().collect()
    }

    /// The plan arrives, and the second goes on.
    fn obeys(&mut self, network: &Network, plan: Option<&Packet>, at: Timestamp) {
        let decoded = plan.and_then(|packet| wire::decode(&packet.topic, &packet.payload, network, None).ok());
        if let Some(Message::Plan(plan)) = decoded {
            self.field.handle(FieldInput::Plan(plan), at);
        }
        self.field.handle(FieldInput::Tick, at);
    }
}

/// One second of the whole city; what was measured, a list for each thread.
fn one_second(
    network: &Network,
    neighbours: &[Vec<usize>],
    controllers: &mut [Controller],
    outside: &mut [Outside],
    threads: usize,
    at: Timestamp,
) -> Vec<Vec<Decided>> {
    let share = controllers.len().div_ceil(threads.max(1));
    let parts = controllers.chunks_mut(share).zip(outside.chunks_mut(share)).enumerate();
    let done: Vec<(Vec<Decided>, Vec<Outflow>)> = std::thread::scope(|scope| {
        let part = |(number, (controllers, outside))| {
            scope.spawn(move || part_of_a_second(network, number * share, controllers, outside, at))
        };
        let handles: Vec<_> = parts.map(part).collect();
        handles.into_iter().map(|handle| handle.join().expect("a decision does not panic")).collect()
    });
    let mut decided = Vec::with_capacity(done.len());
    for (part, said) in done {
        for outflow in said {
            let from = network.position(outflow.intersection.as_str());
            for &to in from.map_or(&[][..], |from| &neighbours[from]) {
                outside[to].heard.push(outflow.clone());
            }
        }
        decided.push(part);
    }
    decided
}

/// What one thread does in a second for the intersections from `first` on.
fn part_of_a_second(
    network: &Network,
    first: usize,
    controllers: &mut [Controller],
    outside: &mut [Outside],
    at: Timestamp,
) -> (Vec<Decided>, Vec<Outflow>) {
    let told = outside.iter_mut().enumerate().map(|(place, it)| it.tells(network, first + place, at));
    let told: Vec<Vec<Packet>> = told.collect();
    let (mut decided, mut plans, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let begin = Instant::now();
    for (place, (controller, packets)) in controllers.iter_mut().zip(&told).enumerate() {
        let since = Instant::now();
        let heard = std::mem::take(&mut outside[place].heard);
        let (plan, outflow) = decide(network, controller, packets, heard, at);
        if plan.is_some() {
            let (took_s, at_once_s) = (since.elapsed().as_secs_f64(), begin.elapsed().as_secs_f64());
            decided.push(Decided { ix: first + place, took_s, at_once_s });
        }
        plans.push(plan);
        said.extend(outflow);
    }
    for (it, plan) in outside.iter_mut().zip(&plans) {
        it.obeys(network, plan.as_ref(), at);
    }
    (decided, said)
}

/// Everything between bytes of a second and the bytes of its plan.
fn decide(
    network: &Network,
    controller: &mut Controller,
    packets: &[Packet],
    heard: Vec<Outflow>,
    at: Timestamp,
) -> (Option<Packet>, Option<Outflow>) {
    for outflow in heard {
        controller.handle(Input::Outflow(outflow), at);
    }
    for packet in packets {
        match wire::decode(&packet.topic, &packet.payload, network, None) {
            Ok(Message::State(state)) => drop(controller.handle(Input::State(state), at)),
            Ok(Message::Counts { observation, .. }) => drop(controller.handle(Input::Counts(observation), at)),
            _ => {}
        }
    }
    let (mut plan, mut said) = (None, None);
    for output in controller.handle(Input::Tick, at) {
        match output {
            Output::Publish(it) => plan = wire::encode(&Message::Plan(it), network).ok(),
            Output::Outflow(it) => said = Some(it),
            _ => {}
        }
    }
    (plan, said)
}

/// Times of all decisions.
struct Measured {
    took_ms: Vec<f64>,
    at_once_ms: Vec<f64>,
    spread_ms: Vec<f64>,
    /// When each thread is free again, after the begin of the second \[s\].
    free_s: Vec<f64>,
}

impl Measured {
    fn new(threads: usize) -> Self {
        Self { took_ms: Vec::new(), at_once_ms: Vec::new(), spread_ms: Vec::new(), free_s: vec![0.0; threads.max(1)] }
    }

    /// A second; who is not done with the last one begins late.
    fn add(&mut self, decided: &[Vec<Decided>], outside: &[Outside]) {
        for (part, free_s) in decided.iter().zip(&mut self.free_s) {
            self.took_ms.extend(part.iter().map(|it| 1e3 * it.took_s));
            self.at_once_ms.extend(part.iter().map(|it| 1e3 * it.at_once_s));
            let mut arrivals: Vec<(f64, f64)> = part.iter().map(|it| (outside[it.ix].phase_s, it.took_s)).collect();
            arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (arrives_s, took_s) in arrivals {
                *free_s = free_s.max(arrives_s) + took_s;
                self.spread_ms.push(1e3 * (*free_s - arrives_s));
            }
            *free_s -= 1.0;
        }
    }

    fn report(mut self, network: &Network, settings: ScaleSettings, grown_kib: Option<f64>) -> ScaleReport {
        let used_s = self.took_ms.iter().sum::<f64>() / 1e3;
        for times in [&mut self.took_ms, &mut self.at_once_ms, &mut self.spread_ms] {
            times.sort_by(f64::total_cmp);
        }
        let sites = network.intersections.len();
        ScaleReport {
            intersections: sites,
            lanes: network.intersections.iter().map(|it| it.lanes.len()).sum(),
            threads: settings.threads,
            plans: self.took_ms.len() as u64,
            decision_ms_p50: quantile(&self.took_ms, 0.5),
            decision_ms_p99: quantile(&self.took_ms, 0.99),
            load: used_s / (settings.threads.max(1) as f64 * f64::from(settings.seconds.max(1))),
            spread_ms_p50: quantile(&self.spread_ms, 0.5),
            spread_ms_p99: quantile(&self.spread_ms, 0.99),
            at_once_ms_p50: quantile(&self.at_once_ms, 0.5),
            at_once_ms_p99: quantile(&self.at_once_ms, 0.99),
            memory_kib: grown_kib.map(|kib| kib / sites as f64),
        }
    }
}

/// Memory that this process has in RAM \[KiB\]; none where the system does not tell (it is Linux that does).
fn resident_kib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_city_gets_a_plan_for_nearly_every_count() {
        let settings = ScaleSettings { intersections: 4, seconds: 5, warm_up: 10, threads: 2 };
        let mut seconds = 0;
        let report = measure(settings, |done| {
            seconds = done;
            ControlFlow::Continue(())
        });
        let report = report.unwrap();
        assert_eq!((report.intersections, report.lanes, seconds), (4, 48, 15));
        assert_eq!(report.plans, 20, "{report:?}");
        assert!(report.decision_ms_p99 >= report.decision_ms_p50 && report.at_once_ms_p99 >= report.decision_ms_p50);
    }

    #[test]
    fn who_comes_while_the_thread_is_busy_waits_and_what_is_left_over_delays_the_next_second() {
        let (network, _) = chessboard(4).unwrap();
        let mut outside: Vec<Outside> = (0..3).map(|ix| Outside::new(&network, ix)).collect();
        for (it, phase_s) in outside.iter_mut().zip([0.1, 0.2, 0.8]) {
            it.phase_s = phase_s;
        }
        let decided = |ix| Decided { ix, took_s: 0.3, at_once_s: 0.0 };
        let second = [vec![decided(2), decided(0), decided(1)]];
        let mut measured = Measured::new(1);
        measured.add(&second, &outside);
        measured.add(&second, &outside);
        let told: Vec<i64> = measured.spread_ms.iter().map(|it| it.round() as i64).collect();
        assert_eq!(told, [300, 500, 300, 300, 500, 300]);
        assert!((measured.free_s[0] - 0.1).abs() < 1e-9);
    }

    #[test]
    fn told_to_stop_it_stops() {
        let settings = ScaleSettings { intersections: 1, seconds: 5, warm_up: 0, threads: 1 };
        assert!(matches!(measure(settings, |_| ControlFlow::Break(())), Err(CosimError::Stopped)));
    }
}
