//! From a corridor of the network to the numbers that [`super::bandwidth`] solves, and back.
//!
//! The green of a direction at a signal is the longest stretch of the cycle in which a lamp of the movement that goes on along the corridor
//! is green, permissive or not. All signals get one cycle: with flows every even number of seconds from the longest of their own cycles to
//! a fifth more is tried, and the one with the largest share of band is taken, the shorter of equals; without flows they must have one already.

use super::bandwidth::{Arterial, Bands, Signal, Window, solve};
use super::{Flows, Settings, Timed};
use crate::measure::Corridor;
use crate::measure::corridor::Stop;
use crate::network::{Intersection, Network, Programme, Turn};
use crate::plan::fixed_time::{WebsterPlan, cycle};
use crate::time::Millis;
use serde::Serialize;

/// The ratio of the volumes counts as no farther from 1 than this.
const RATIO_MAX: f64 = 5.0;
/// How much longer than it must be a cycle may be for the sake of the bands.
const LONGER: f64 = 1.2;
/// Gain of band, as a share of the cycle, for which a longer cycle is taken.
const GAIN: f64 = 0.005;

/// A corridor with its bands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorridorDesign {
    /// Cycle of all its signals \[s\].
    pub cycle_s: f64,
    /// Inbound volume for each outbound vehicle.
    pub ratio: f64,
    /// In the direction of travel.
    pub stops: Vec<StopDesign>,
    /// The bands.
    pub bands: Bands,
}

/// One signal of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StopDesign {
    /// Which intersection.
    pub id: String,
    /// Distance from the first stop line \[m\].
    pub distance_m: f64,
    /// Offset after the first one's \[s\].
    pub offset_s: f64,
    /// Greens and travel times.
    #[serde(flatten)]
    pub signal: Signal,
}

impl CorridorDesign {
    /// Its intersections in the direction of travel.
    pub fn names(&self) -> Vec<String> {
        self.stops.iter().map(|it| it.id.clone()).collect()
    }
}

/// One cycle that was tried.
struct Attempt {
    /// Weighted bands as a share of the cycle.
    worth: f64,
    /// Plans of the corridor's intersections, by their positions.
    plans: Vec<(usize, WebsterPlan)>,
    bands: Bands,
}

/// Give the signals of a corridor a common cycle and the offsets with the widest bands.
pub(super) fn widest(
    timed: &mut Timed,
    network: &Network,
    corridor: &Corridor,
    flows: Option<&Flows>,
    settings: &Settings,
) -> Result<(), String> {
    let ratio = ratio(network, corridor, flows);
    let cycles: Vec<Millis> = corridor.stops.iter().map(|it| cycle_of(timed, network, it)).collect();
    let longest = cycles.iter().copied().max().unwrap_or_default();
    if timed.plans.is_empty() {
        if cycles.iter().any(|it| *it != longest) {
            let told = corridor.stops.iter().zip(&cycles).map(|(stop, it)| format!("{} {it}", stop.name));
            let told = told.collect::<Vec<_>>().join(", ");
            return Err(format!(
                "corridor: its signals have no common cycle ({told}); give flows, or another corridor"
            ));
        }
        let bands = solve(&arterial(&timed.programmes, network, corridor, ratio));
        place(timed, corridor, &bands);
        return Ok(());
    }
    let begin = (longest.0 + 1_999) / 2_000 * 2;
    let limit = settings.webster.cycle_max.0 / 1000;
    let last = if settings.cycle.is_some() { begin } else { ((begin as f64 * LONGER) as i64).min(limit).max(begin) };
    let mut best: Option<Attempt> = None;
    for seconds in (begin..=last).step_by(2) {
        let at = Millis::from_secs(seconds);
        let plans: Vec<(usize, WebsterPlan)> = corridor
            .stops
            .iter()
            .map(|it| (it.ix, timed.plans[it.ix].at_cycle(&network.intersections[it.ix], at)))
            .collect();
        if plans.iter().any(|(_, plan)| plan.cycle != at) {
            continue;
        }
        let mut programmes = timed.programmes.clone();
        for (ix, plan) in &plans {
            programmes[*ix] = plan.programme.clone();
        }
        let bands = solve(&arterial(&programmes, network, corridor, ratio));
        let worth = (bands.outbound_s + ratio * bands.inbound_s) / seconds as f64;
        if best.as_ref().is_none_or(|it| worth > it.worth + GAIN) {
            best = Some(Attempt { worth, plans, bands });
        }
    }
    let Some(Attempt { plans, bands, .. }) = best else {
        return Err(format!("corridor: no cycle of {begin}…{last} s that all its signals can have"));
    };
    for (ix, plan) in plans {
        timed.plans[ix] = plan;
    }
    timed.take_plans();
    place(timed, corridor, &bands);
    Ok(())
}

/// The corridor as it is with these programmes; `None` without a common cycle.
pub(super) fn told(
    timed: &Timed,
    network: &Network,
    corridor: &Corridor,
    flows: Option<&Flows>,
) -> Option<CorridorDesign> {
    let cycles: Vec<Millis> = corridor.stops.iter().map(|it| cycle_of(timed, network, it)).collect();
    let common = *cycles.first()?;
    if cycles.iter().any(|it| *it != common) {
        return None;
    }
    let ratio = ratio(network, corridor, flows);
    let arterial = arterial(&timed.programmes, network, corridor, ratio);
    let first = timed.programmes[corridor.stops[0].ix].offset;
    let after = |stop: &Stop| Millis((timed.programmes[stop.ix].offset - first).0.rem_euclid(common.0)).as_secs_f64();
    let offsets: Vec<f64> = corridor.stops.iter().map(after).collect();
    let stops = corridor.stops.iter().zip(&offsets).zip(&arterial.signals);
    let stops = stops.map(|((stop, &offset_s), &signal)| StopDesign {
        id: stop.name.clone(),
        distance_m: stop.distance_m,
        offset_s,
        signal,
    });
    Some(CorridorDesign { cycle_s: common.as_secs_f64(), ratio, stops: stops.collect(), bands: arterial.told(offsets) })
}

fn place(timed: &mut Timed, corridor: &Corridor, bands: &Bands) {
    for (stop, &offset) in corridor.stops.iter().zip(&bands.offsets_s) {
        let offset = Millis::from_secs_f64(offset);
        timed.programmes[stop.ix].offset = offset;
        if let Some(plan) = timed.plans.get_mut(stop.ix) {
            plan.programme.offset = offset;
        }
    }
}

fn cycle_of(timed: &Timed, network: &Network, stop: &Stop) -> Millis {
    cycle(&network.intersections[stop.ix], &timed.programmes[stop.ix])
}

/// Inbound volume for each outbound vehicle, from the roads of both directions.
fn ratio(network: &Network, corridor: &Corridor, flows: Option<&Flows>) -> f64 {
    let Some(flows) = flows else { return 1.0 };
    let volume = |from: &Stop, to: &Stop| -> f64 {
        let of =
            |pair: &(usize, &crate::network::Link)| pair.1.from.as_str() == from.name && pair.1.to.as_str() == to.name;
        network.links.iter().enumerate().filter(of).map(|(at, _)| flows.links[at]).sum()
    };
    let pairs = corridor.stops.windows(2);
    let (mut out, mut back) = (0.0, 0.0);
    for pair in pairs {
        out += volume(&pair[0], &pair[1]);
        back += volume(&pair[1], &pair[0]);
    }
    if out <= 0.0 || back <= 0.0 { 1.0 } else { (back / out).clamp(1.0 / RATIO_MAX, RATIO_MAX) }
}

fn arterial(programmes: &[Programme], network: &Network, corridor: &Corridor, ratio: f64) -> Arterial {
    let back = corridor.back(network);
    let times = |corridor: &Corridor| -> Vec<f64> {
        let mut time = 0.0;
        let mut times = vec![0.0];
        for pair in corridor.stops.windows(2) {
            time += (pair[1].distance_m - pair[0].distance_m) / pair[0].speed_mps.max(1.0);
            times.push(time);
        }
        times
    };
    let there = times(corridor);
    let home: Option<Vec<f64>> = back.as_ref().map(|back| {
        let from_last = times(back);
        let all = from_last.last().copied().unwrap_or_default();
        from_last.iter().rev().map(|it| all - it).collect()
    });
    let first =
        corridor.stops.first().map_or(Millis::ZERO, |it| cycle(&network.intersections[it.ix], &programmes[it.ix]));
    let signals = corridor.stops.iter().enumerate().map(|(at, stop)| {
        let window = |stop: &Stop| window(&network.intersections[stop.ix], &programmes[stop.ix], stop);
        let opposite = back.as_ref().and_then(|back| back.stops.iter().find(|it| it.ix == stop.ix));
        Signal {
            outbound: window(stop),
            inbound: opposite.map(window),
            from_first_s: there[at],
            to_first_s: home.as_ref().map_or(0.0, |home| home[at]),
        }
    });
    Arterial { cycle_s: first.as_secs_f64(), signals: signals.collect(), ratio }
}

/// The longest stretch of green for the movement that goes on along the corridor.
fn window(intersection: &Intersection, programme: &Programme, stop: &Stop) -> Window {
    let movements = stop.lanes.iter().flat_map(|lane| &intersection.lanes[lane.0].movements);
    let mut along: Vec<&crate::network::Movement> = movements.map(|it| &intersection.movements[it.0]).collect();
    if along.iter().any(|it| it.turn == Turn::Through) {
        along.retain(|it| it.turn == Turn::Through);
    }
    let green = |step: usize| {
        let stage = intersection.stage(programme.steps[step].stage);
        along.iter().any(|it| stage.serves(it.group))
    };
    let count = programme.steps.len();
    let change =
        |step: usize| intersection.intergreen(programme.steps[step].stage, programme.steps[(step + 1) % count].stage);
    let length = cycle(intersection, programme);
    if (0..count).all(green) {
        return Window { start_s: 0.0, length_s: length.as_secs_f64() };
    }
    let mut best = (Millis::ZERO, Millis::ZERO);
    let mut start = Millis::ZERO;
    for step in 0..count {
        let before = (step + count - 1) % count;
        if green(step) && !green(before) {
            let mut lasts = Millis::ZERO;
            for on in (step..step + count).map(|it| it % count) {
                if !green(on) {
                    break;
                }
                lasts += programme.steps[on].green;
                if green((on + 1) % count) {
                    lasts += change(on);
                }
            }
            if lasts > best.1 {
                best = (start, lasts);
            }
        }
        start += programme.steps[step].green + change(step);
    }
    Window { start_s: best.0.as_secs_f64(), length_s: best.1.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{crossroads, lane};

    #[test]
    fn green_goes_on_through_the_change_between_two_stages_that_have_it() {
        // left of leg 0: permissive in through-ns (20 s), protected in left-ns (6 s), 4 s between them
        let crossroads = crossroads();
        let stop = Stop {
            ix: 0,
            name: "x".into(),
            distance_m: 0.0,
            speed_mps: 10.0,
            lanes: vec![lane(0, 1)],
            approach: vec![lane(0, 0), lane(0, 1)],
        };
        let found = window(&crossroads, &crossroads.programme, &stop);
        assert_eq!(found, Window { start_s: 0.0, length_s: 30.0 });
        let opposite = Stop { lanes: vec![lane(1, 0)], ..stop };
        assert_eq!(window(&crossroads, &crossroads.programme, &opposite), Window { start_s: 34.0, length_s: 20.0 });
    }
}
