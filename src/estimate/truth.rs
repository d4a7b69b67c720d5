//! The estimator against a street whose truth is known: one lane, exact counts, and the same counts with errors.

use super::{CountedPlace, Estimator, Observation, PlaceCount, Settings};
use crate::network::sample::{THROUGH_EW, THROUGH_NS, crossroads, lane};
use crate::plan::Shown;
use crate::time::{Millis, Timestamp};
use std::sync::Arc;

const CYCLE_S: i64 = 60;
const GREEN_S: i64 = 25;
/// One vehicle every two seconds of green, after two seconds of start-up.
const HEADWAY_S: i64 = 2;

/// A lane of vehicles that drive freely to the stop line, wait there and leave one by one.
#[derive(Default)]
struct TrueLane {
    /// Instants at which vehicles reach the stop line \[s\], those that have left taken out.
    due: Vec<i64>,
    last_left: i64,
}

/// What really was and what was believed, second by second.
struct Compared {
    queue: Vec<(f64, f64)>,
    arriving: Vec<(f64, f64)>,
    discharge: f64,
    rate: f64,
    estimator: Estimator,
}

/// Run the street for `secs` seconds; `miscount(second)` is added to the count.
fn run(secs: i64, miscount: impl Fn(i64) -> i32) -> Compared {
    let intersection = Arc::new(crossroads());
    let free_s = (intersection.lanes[0].zone_m / intersection.lanes[0].speed_mps).round() as i64;
    let mut estimator = Estimator::new(Arc::clone(&intersection), &[], &Settings::default());
    let mut shown = Shown::all_red(&intersection, Timestamp::from_secs(-100));
    let mut street = TrueLane { last_left: -100, ..TrueLane::default() };
    let (mut queue, mut arriving) = (Vec::new(), Vec::new());
    let (mut discharge, mut rate) = (0.0, 0.0);
    for second in 1..=secs {
        let at = Timestamp::from_secs(second);
        let in_cycle = second % CYCLE_S;
        let stage = if in_cycle < GREEN_S { THROUGH_NS } else { THROUGH_EW };
        shown.advance(at, Some(stage), &intersection.stage(stage).signals);
        // five vehicles in twenty seconds, in pairs and alone
        if [0, 1, 7, 12, 13].contains(&(second % 20)) {
            street.due.push(second + free_s);
        }
        let may_leave = (2..GREEN_S).contains(&in_cycle) && second - street.last_left >= HEADWAY_S;
        let leaves = may_leave && street.due.first().is_some_and(|&due| due <= second);
        if leaves {
            street.due.remove(0);
            street.last_left = second;
        }
        let queued = street.due.iter().filter(|&&due| due <= second).count();
        let count = (street.due.len() as u32).saturating_add_signed(miscount(second));
        let place = PlaceCount {
            place: CountedPlace::Lane(lane(0, 0)),
            count,
            halted: if in_cycle < GREEN_S { 0 } else { (queued as u32).min(count) },
            passed: u32::from(leaves),
            occupancy: None,
            mean_speed_mps: None,
        };
        let seen = Observation { at, seq: second as u64, period: Millis::from_secs(1), places: vec![place] };
        estimator.observe(&seen, &shown);
        if second > secs / 2 {
            let forecast = estimator.forecast(at, 60);
            let soon = free_s - 1;
            let truly = street.due.iter().filter(|&&due| due > second && due <= second + soon).count();
            queue.push((queued as f64, forecast.queue[0]));
            arriving.push((truly as f64, forecast.arrivals.row(0).iter().take(soon as usize).sum()));
            discharge = forecast.discharge[[THROUGH_NS.0, 0]];
            rate = forecast.rate[0];
        }
    }
    Compared { queue, arriving, discharge, rate, estimator }
}

/// An estimator that has watched the street for a quarter of an hour.
pub(super) fn watched() -> Estimator {
    run(900, |_| 0).estimator
}

fn mean_error(pairs: &[(f64, f64)]) -> f64 {
    pairs.iter().map(|(truly, believed)| (truly - believed).abs()).sum::<f64>() / pairs.len() as f64
}

#[test]
fn exact_counts_give_the_queue_the_arrivals_the_rate_and_the_discharge() {
    let compared = run(3_600, |_| 0);
    assert!(mean_error(&compared.queue) < 0.5, "queue off by {} veh", mean_error(&compared.queue));
    assert!(mean_error(&compared.arriving) < 0.5, "arrivals off by {} veh", mean_error(&compared.arriving));
    assert!((compared.rate - 0.25).abs() < 0.05, "rate {} veh/s", compared.rate);
    assert!((compared.discharge - 0.5).abs() < 0.1, "discharge {} veh/s", compared.discharge);
}

#[test]
fn counts_that_are_off_by_one_every_few_seconds_blur_the_state_and_do_not_break_it() {
    let compared = run(3_600, |second| [1, 0, 0, -1, 0, 0, 0][(second % 7) as usize]);
    assert!(mean_error(&compared.queue) < 1.5, "queue off by {} veh", mean_error(&compared.queue));
    assert!(mean_error(&compared.arriving) < 2.0, "arrivals off by {} veh", mean_error(&compared.arriving));
    assert!(compared.queue.iter().all(|(_, believed)| believed.is_finite() && *believed >= 0.0));
}
