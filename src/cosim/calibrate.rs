//! A scenario whose demand, and if asked whose drivers' headway, fit counts.
//!
//! ```text
//! scenario ─run─> passages by count, source and period ─fit─> factors ─scaled demand─┐
//!     └───────────────────────────── some times over ───────────────────────────────┘
//! ```
//!
//! Runs are of the street with its own programmes: counts were taken under them. Flows are cut at the bounds of the periods and each piece gets
//! the factor of its source (the first road of its route); single trips are left out or doubled, which of them hangs on their names. Seeds of the fit and of what is told at the end
//! differ, so the figures are not those that were fitted.
//!
//! **Saturation flow** in the simulator follows from the headway that drivers keep. One factor on the headway of all classes is looked for: six values,
//! then three between the best and its neighbours, with the demand fitted at each; it is kept only where it lowers the cost by more than [`WORTH`] (95 % of a χ²
//! with one degree of freedom). Without an approach that is saturated while it is counted nothing can be known of it, and 1 stays.

use super::error::CosimError;
use super::scenario::Scenario;
use crate::calibrate::{Compared, Count, Fit, Fitness, bounds};
use simulator::demand::{Demand, DemandFile, FlowFile, TripFile};
use simulator::lamps::Lamps;
use simulator::random;
use simulator::street::Street;
use simulator::{Place, Simulation, detector::Detectors};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Gain of cost for which another headway is taken.
const WORTH: f64 = 3.84;
/// Factors of the headway that are tried first.
const HEADWAYS: [f64; 6] = [0.7, 0.85, 1.0, 1.2, 1.4, 1.7];
/// Seeds of the judging runs begin so much later than those of the fit.
const JUDGED_FROM: u64 = 1000;

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrateSettings {
    /// First seed.
    pub seed: u64,
    /// Runs for each set of factors.
    pub seeds: u64,
    /// How often run and fit are repeated.
    pub iterations: usize,
    /// How well the demand of the scenario is known: standard deviation of a factor.
    pub sigma: f64,
    /// Length of the periods in which factors may differ \[s\]; as the counts have it when none.
    pub factor_s: Option<f64>,
    /// Whether the headway of drivers is fitted too.
    pub saturation: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// Factors by source and period.
    pub cells: Vec<Cell>,
    /// Factor on the headway of all classes.
    pub headway: f64,
    /// The demand with its factors.
    pub demand: DemandFile,
    /// Each count beside the model before.
    pub before: Vec<Compared>,
    /// And after.
    pub after: Vec<Compared>,
    /// What is to be known besides.
    pub notes: Vec<String>,
}

impl Calibrated {
    /// Statistics before and after.
    pub fn fitness(&self) -> [Fitness; 2] {
        [Fitness::of(&self.before), Fitness::of(&self.after)]
    }
}

/// A source in a period.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Cell {
    /// Road where vehicles enter.
    pub source: String,
    /// From when \[s\].
    pub begin_s: f64,
    /// Until when \[s\].
    pub end_s: f64,
    /// Factor.
    pub scale: f64,
    /// Whether some count sees it; else it stays as it was.
    pub seen: bool,
}

/// Fit the demand of a scenario to counts; `progress` says whether to go on.
///
/// # Errors
/// [`CosimError::Stopped`].
pub fn calibrate(
    scenario: &Scenario,
    counts: &[Count],
    settings: &CalibrateSettings,
    progress: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Calibrated, CosimError> {
    let mut work = Work::new(scenario, counts, *settings, progress);
    let ones = vec![1.0; work.cells.len()];
    let judged: Vec<u64> = (0..settings.seeds).map(|it| settings.seed + JUDGED_FROM + it).collect();
    let before = work.passages(&ones, 1.0, &judged)?;
    let mut notes = Vec::new();
    let (headway, scales) = if settings.saturation {
        work.headway(&mut notes)?
    } else {
        (1.0, work.fitted(ones, 1.0, settings.iterations)?)
    };
    let after = work.passages(&scales, headway, &judged)?;
    let fit = work.fit(&after, &scales);
    let seen = fit.seen();
    if seen.iter().any(|it| !it) {
        let unseen = seen.iter().filter(|it| !**it).count();
        notes.push(format!("{unseen} of {} factors are seen by no count and stay 1", seen.len()));
    }
    let compare = |passed: &[Vec<f64>]| -> Vec<Compared> {
        let each = counts.iter().zip(passed);
        each.map(|(count, row)| Compared::new(count.per_hour(count.count), count.per_hour(row.iter().sum()))).collect()
    };
    let cells = work.cells.iter().zip(scales.iter().zip(&seen)).map(|((source, period), (&scale, &seen))| Cell {
        source: source.clone(),
        begin_s: work.bounds[*period],
        end_s: work.bounds[*period + 1],
        scale,
        seen,
    });
    Ok(Calibrated {
        cells: cells.collect(),
        headway,
        demand: work.scaled(&scales),
        before: compare(&before),
        after: compare(&after),
        notes,
    })
}

/// Counts of a run of the scenario itself: every turn at a signal in periods of a length \[s\].
pub fn observed(scenario: &Scenario, period_s: f64, seed: u64) -> Vec<Count> {
    let street = &scenario.street;
    let (begin, end) = (scenario.begin_s as f64, scenario.end_s as f64);
    let mut turns: Vec<(String, String)> = street
        .links
        .iter()
        .filter(|it| it.lamp.is_some())
        .map(|it| {
            let road = |lane: simulator::street::LaneIx| street.roads[street.lanes[lane.at()].road.at()].id.clone();
            (road(it.from), road(it.to))
        })
        .collect();
    turns.sort();
    turns.dedup();
    let periods = ((end - begin) / period_s).floor() as usize;
    let mut counts: Vec<Count> = Vec::new();
    for (from, to) in &turns {
        for period in 0..periods {
            let begin_s = begin + period as f64 * period_s;
            counts.push(Count {
                from: from.clone(),
                to: Some(to.clone()),
                begin_s,
                end_s: begin_s + period_s,
                count: 0.0,
            });
        }
    }
    let demand = scenario.draw(seed);
    let mut seen = vec![0.0; counts.len()];
    watch(street, demand, scenario, seed, &counts, &mut |count, _| seen[count] += 1.0);
    for (count, seen) in counts.iter_mut().zip(seen) {
        count.count = seen;
    }
    counts
}

struct Work<'a> {
    scenario: &'a Scenario,
    counts: &'a [Count],
    settings: CalibrateSettings,
    bounds: Vec<f64>,
    /// Sources with the numbers of their periods.
    cells: Vec<(String, usize)>,
    progress: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl<'a> Work<'a> {
    fn new(
        scenario: &'a Scenario,
        counts: &'a [Count],
        settings: CalibrateSettings,
        progress: &'a mut dyn FnMut() -> ControlFlow<()>,
    ) -> Self {
        let span = (scenario.begin_s as f64, scenario.end_s as f64);
        let bounds = bounds(counts, span, settings.factor_s);
        let routes =
            scenario.demand.flows.iter().map(|it| &it.route).chain(scenario.demand.trips.iter().map(|it| &it.route));
        let mut sources: Vec<String> = routes.filter_map(|it| it.first().cloned()).collect();
        sources.sort();
        sources.dedup();
        let periods = bounds.len() - 1;
        let cells =
            sources.iter().flat_map(|source| (0..periods).map(move |period| (source.clone(), period))).collect();
        Self { scenario, counts, settings, bounds, cells, progress }
    }

    fn period(&self, at_s: f64) -> usize {
        self.bounds.partition_point(|it| *it <= at_s).clamp(1, self.bounds.len() - 1) - 1
    }

    fn scale(&self, scales: &[f64], source: &str, period: usize) -> f64 {
        let at = self.cells.iter().position(|it| it.0 == source && it.1 == period);
        at.map_or(1.0, |at| scales[at])
    }

    /// The demand with these factors.
    fn scaled(&self, scales: &[f64]) -> DemandFile {
        let mut demand = self.scenario.demand.clone();
        demand.flows = self.scenario.demand.flows.iter().flat_map(|flow| self.pieces(flow, scales)).collect();
        demand.trips = self.scenario.demand.trips.iter().flat_map(|trip| self.copies(trip, scales)).collect();
        demand
    }

    fn pieces(&self, flow: &FlowFile, scales: &[f64]) -> Vec<FlowFile> {
        let mut pieces = Vec::new();
        for period in 0..self.bounds.len() - 1 {
            let (begin_s, end_s) = (flow.begin_s.max(self.bounds[period]), flow.end_s.min(self.bounds[period + 1]));
            if end_s > begin_s {
                let scale = self.scale(scales, flow.route.first().map_or("", String::as_str), period);
                let (id, veh_per_h) = (format!("{}-{period}", flow.id), flow.veh_per_h * scale);
                pieces.push(FlowFile { id, veh_per_h, begin_s, end_s, ..flow.clone() });
            }
        }
        pieces
    }

    fn copies(&self, trip: &TripFile, scales: &[f64]) -> Vec<TripFile> {
        let scale = self.scale(scales, trip.route.first().map_or("", String::as_str), self.period(trip.depart_s));
        let name = trip.id.bytes().fold(0_u64, |hash, byte| random::bits(hash, u64::from(byte), 2));
        let more = random::unit(name, self.settings.seed, 3) < scale.fract();
        let count = scale.floor() as usize + usize::from(more);
        let copy = |number: usize| {
            let id = if number == 0 { trip.id.clone() } else { format!("{}-{number}", trip.id) };
            TripFile { id, ..trip.clone() }
        };
        (0..count).map(copy).collect()
    }

    /// Mean passages of runs, by count and cell.
    fn passages(&mut self, scales: &[f64], headway: f64, seeds: &[u64]) -> Result<Vec<Vec<f64>>, CosimError> {
        let mut passed = vec![vec![0.0; self.cells.len()]; self.counts.len()];
        let demand = self.scaled(scales);
        let mut street = self.scenario.street.clone();
        for class in &mut street.classes {
            class.tau_s *= headway;
        }
        let span = (self.scenario.begin_s as f64, self.scenario.end_s as f64);
        let share = 1.0 / seeds.len().max(1) as f64;
        for &seed in seeds {
            if (self.progress)().is_break() {
                return Err(CosimError::Stopped);
            }
            let drawn = Demand::build(&street, &demand, seed, span.0, span.1);
            let drawn = drawn.map_err(|problems| {
                let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                CosimError::Import(format!("scaled demand: {told}"))
            })?;
            let cells: Vec<Option<usize>> = drawn
                .trips
                .iter()
                .map(|trip| {
                    let source = &street.roads[trip.route[0].at()].id;
                    let period = self.period(trip.depart_s);
                    self.cells.iter().position(|it| it.0 == *source && it.1 == period)
                })
                .collect();
            watch(&street, drawn, self.scenario, seed, self.counts, &mut |count, trip| {
                if let Some(cell) = cells[trip] {
                    passed[count][cell] += share;
                }
            });
        }
        Ok(passed)
    }

    fn fit(&self, passed: &[Vec<f64>], at: &[f64]) -> Fit {
        let counted = self.counts.iter().map(|it| it.count).collect();
        Fit { counted, passed: passed.to_vec(), at: at.to_vec(), sigma: self.settings.sigma }
    }

    fn seeds(&self) -> Vec<u64> {
        (0..self.settings.seeds).map(|it| self.settings.seed + it).collect()
    }

    /// Factors after some rounds of run and fit.
    fn fitted(&mut self, mut scales: Vec<f64>, headway: f64, rounds: usize) -> Result<Vec<f64>, CosimError> {
        for _ in 0..rounds {
            let passed = self.passages(&scales, headway, &self.seeds())?;
            scales = self.fit(&passed, &scales).solve();
            // A factor of nothing would bring no vehicle, and nothing could be learned of it any more.
            for it in &mut scales {
                *it = it.max(0.02);
            }
        }
        Ok(scales)
    }

    /// What a headway costs, with the demand that fits best with it. It begins with the demand that was written down: from one that was
    /// fitted with another headway, an approach that could not carry its own would not find back.
    fn tried(&mut self, headway: f64) -> Result<(f64, Vec<f64>), CosimError> {
        let scales = self.fitted(vec![1.0; self.cells.len()], headway, self.settings.iterations)?;
        let passed = self.passages(&scales, headway, &self.seeds())?;
        Ok((self.fit(&passed, &scales).cost(&scales), scales))
    }

    fn headway(&mut self, notes: &mut Vec<String>) -> Result<(f64, Vec<f64>), CosimError> {
        let mut tried: BTreeMap<u64, (f64, f64, Vec<f64>)> = BTreeMap::new();
        let key = |headway: f64| (headway * 1e6).round() as u64;
        for headway in HEADWAYS {
            let (cost, fitted) = self.tried(headway)?;
            tried.insert(key(headway), (headway, cost, fitted));
        }
        for _ in 0..3 {
            let all: Vec<(f64, f64)> = tried.values().map(|it| (it.0, it.1)).collect();
            let best = (0..all.len()).min_by(|&a, &b| all[a].1.total_cmp(&all[b].1)).unwrap_or(0);
            let beside = [best.checked_sub(1), Some(best + 1)].into_iter().flatten().filter(|&it| it < all.len());
            let Some(next) =
                beside.max_by(|&a, &b| (all[a].0 - all[best].0).abs().total_cmp(&(all[b].0 - all[best].0).abs()))
            else {
                break;
            };
            let headway = f64::midpoint(all[best].0, all[next].0);
            let (cost, fitted) = self.tried(headway)?;
            tried.insert(key(headway), (headway, cost, fitted));
        }
        let usual = tried[&key(1.0)].clone();
        let best = tried.into_values().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_else(|| usual.clone());
        let gain = usual.1 - best.1;
        if gain <= WORTH {
            notes.push(format!(
                "headway: no other one fits better by more than chance (gain {gain:.1}, asked {WORTH}); 1 stays"
            ));
            return Ok((1.0, usual.2));
        }
        notes.push(format!("headway times {:.3}: cost {:.1} instead of {:.1}", best.0, best.1, usual.1));
        Ok((best.0, best.2))
    }
}

/// Drive a demand under the street's own programmes; `passed` is told the count and the trip of every passage that is counted.
fn watch(
    street: &Street,
    demand: Demand,
    scenario: &Scenario,
    seed: u64,
    counts: &[Count],
    passed: &mut dyn FnMut(usize, usize),
) {
    let road = |name: &str| street.roads.iter().position(|it| it.id == name);
    let mut by_road: BTreeMap<usize, Vec<(usize, Option<usize>)>> = BTreeMap::new();
    for (at, count) in counts.iter().enumerate() {
        if let Some(from) = road(&count.from) {
            by_road.entry(from).or_default().push((at, count.to.as_deref().and_then(road)));
        }
    }
    let routes: Vec<_> = demand.trips.iter().map(|it| it.route.clone()).collect();
    let mut last: Vec<Option<usize>> = vec![None; routes.len()];
    let settings = simulator::Settings {
        seed,
        begin_s: scenario.begin_s as f64,
        step_s: 1.0 / f64::from(scenario.steps_a_second),
        threads: 1,
        closures: scenario.closures.clone(),
        detectors: Detectors::default(),
        ..simulator::Settings::default()
    };
    let mut simulation = Simulation::new(street.clone(), demand, settings);
    let lamps = Lamps::new(street);
    for second in scenario.begin_s..scenario.end_s {
        for _ in 0..scenario.steps_a_second {
            simulation.step(&lamps);
        }
        for vehicle in simulation.vehicles() {
            let trip = vehicle.trip as usize;
            let now = match vehicle.place {
                Place::Lane(lane) => street.lanes[lane.at()].road.at(),
                // Whoever is inside the junction has passed the stop line.
                Place::Link(link) => usize::MAX - link.at(),
            };
            let Some(before) = last[trip].replace(now).filter(|it| *it != now) else { continue };
            let Some(stations) = by_road.get(&before) else { continue };
            let place = routes[trip].iter().position(|it| it.at() == before);
            let next = place.and_then(|place| routes[trip].get(place + 1)).map(|it| it.at());
            let at_s = second as f64;
            for (count, to) in stations {
                let it = &counts[*count];
                if (it.begin_s..it.end_s).contains(&at_s) && (it.to.is_none() || *to == next) {
                    passed(*count, trip);
                }
            }
        }
    }
}
