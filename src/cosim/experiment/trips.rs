//! Trips of a run → its figures: delay, travel time and how reliable it is, stops, waits, persons, fuel and CO₂.
//!
//! In: a [`TripRow`] a demanded vehicle, the same from SUMO and from our simulator. Out: figures by name. Definitions with sources:
//! `docs/compare.md`.
//!
//! Reliability (FHWA, *Travel Time Reliability: Making It There On Time, All The Time*, 2006) is of travel-time rates: each trip's
//! time, waiting to get in included, over its free-flow time, so that short and long trips can stand in one distribution. Trips
//! under way at the end count with what they have; those never let in have no rate and stand in `never_departed`.

use crate::statistics::{mean, quantile};
use std::collections::BTreeMap;

/// One demanded vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TripRow {
    /// When it wanted to depart \[s\].
    pub wanted_s: f64,
    /// How long it waited to get in, until the end if it never did \[s\].
    pub outside_s: f64,
    /// Whether it got in.
    pub inserted: bool,
    /// When it came to its end \[s\].
    pub arrived_s: Option<f64>,
    /// Time on the road \[s\].
    pub duration_s: f64,
    /// Time lost on the road \[s\].
    pub lost_s: f64,
    /// Time at less than 0.1 m/s \[s\].
    pub stood_s: f64,
    /// Times of falling below 0.1 m/s.
    pub stops: f64,
    /// Way \[m\].
    pub way_m: f64,
    /// People inside.
    pub persons: f64,
    /// Fuel \[l\].
    pub fuel_l: f64,
    /// CO₂ \[kg\].
    pub co2_kg: f64,
}

impl TripRow {
    fn delay_s(&self) -> f64 {
        self.lost_s + self.outside_s
    }

    /// Travel time over free-flow time.
    fn rate(&self) -> f64 {
        (self.duration_s + self.outside_s) / (self.duration_s - self.lost_s).max(1.0)
    }
}

/// Walkers: how many began to cross, and their mean wait \[s\].
pub type Walkers = (u64, f64);

/// Figures by name, rounded to a thousandth.
pub fn figures(trips: &[TripRow], walkers: Walkers) -> BTreeMap<String, f64> {
    let inserted: Vec<&TripRow> = trips.iter().filter(|it| it.inserted).collect();
    let (all, on_road) = (trips.len() as f64, inserted.len() as f64);
    let sum = |of: fn(&TripRow) -> f64| inserted.iter().map(|it| of(it)).sum::<f64>();
    let mut found = BTreeMap::new();
    let mut put = |name: &str, value: f64| {
        if value.is_finite() {
            found.insert(name.to_owned(), (value * 1000.0).round() / 1000.0);
        }
    };
    put("demanded", all);
    put("finished", trips.iter().filter(|it| it.arrived_s.is_some()).count() as f64);
    put("never_departed", all - on_road);
    put("delay_s", trips.iter().map(TripRow::delay_s).sum::<f64>() / all);
    put("travel_time_s", trips.iter().map(|it| it.duration_s + it.outside_s).sum::<f64>() / all);
    put("stops", sum(|it| it.stops) / on_road);
    put("stood_s", sum(|it| it.stood_s) / on_road);
    put("mean_speed_mps", sum(|it| it.way_m) / sum(|it| it.duration_s));
    let waits = sorted(trips.iter().map(|it| it.stood_s + it.outside_s));
    if let Some(longest) = waits.last() {
        put("wait_p95_s", quantile(&waits, 0.95));
        put("wait_max_s", *longest);
    }
    let times = sorted(inserted.iter().map(|it| it.duration_s + it.outside_s));
    let rates = sorted(inserted.iter().map(|it| it.rate()));
    if !rates.is_empty() {
        put("travel_time_p95_s", quantile(&times, 0.95));
        put("planning_time_index", quantile(&rates, 0.95));
        put("buffer_index", quantile(&rates, 0.95) / mean(&rates) - 1.0);
        put("p95_over_median", quantile(&rates, 0.95) / quantile(&rates, 0.5));
    }
    let persons: f64 = trips.iter().map(|it| it.persons).sum();
    let lost: f64 = trips.iter().map(|it| it.persons * it.delay_s()).sum();
    put("persons", persons + walkers.0 as f64);
    put("person_delay_s", (lost + walkers.0 as f64 * walkers.1) / (persons + walkers.0 as f64));
    put("fuel_l", sum(|it| it.fuel_l));
    put("co2_kg", sum(|it| it.co2_kg));
    put("co2_g_per_km", sum(|it| it.co2_kg) * 1e6 / sum(|it| it.way_m));
    found
}

/// Vehicles that wanted to depart and that arrived, by bins of some seconds.
pub fn cumulative(trips: &[TripRow], from_s: i64, to_s: i64, bin_s: i64) -> (Vec<u32>, Vec<u32>) {
    let bins = ((to_s - from_s).max(1) as usize).div_ceil(bin_s as usize);
    let (mut wanted, mut arrived) = (vec![0; bins], vec![0; bins]);
    let bin = |at: f64| (((at - from_s as f64) / bin_s as f64).max(0.0) as usize).min(bins - 1);
    for trip in trips {
        wanted[bin(trip.wanted_s)] += 1;
        if let Some(at) = trip.arrived_s {
            arrived[bin(at)] += 1;
        }
    }
    (wanted, arrived)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trip(duration_s: f64, lost_s: f64, persons: f64) -> TripRow {
        let arrived_s = Some(duration_s);
        TripRow { inserted: true, arrived_s, duration_s, lost_s, persons, way_m: 500.0, ..TripRow::default() }
    }

    #[test]
    fn rates_are_over_free_flow_and_people_weigh_the_delay() {
        let trips = [trip(60.0, 10.0, 1.0), trip(100.0, 50.0, 30.0), trip(50.0, 0.0, 1.0)];
        let found = figures(&trips, (8, 5.0));
        assert!((found["delay_s"] - 20.0).abs() < 1e-9 && (found["travel_time_s"] - 70.0).abs() < 1e-9);
        assert!((found["person_delay_s"] - (10.0 + 1500.0 + 40.0) / 40.0).abs() < 1e-3, "{found:?}");
        // Rates 1, 1.2, 2: the 95th percentile is 1.92.
        assert!((found["planning_time_index"] - 1.92).abs() < 1e-3);
        assert!((found["p95_over_median"] - 1.6).abs() < 1e-3 && (found["buffer_index"] - 0.371).abs() < 1e-3);
    }

    #[test]
    fn whoever_never_got_in_counts_in_the_delay_and_nobody_is_not_a_number() {
        let outside = TripRow { outside_s: 90.0, persons: 1.0, ..TripRow::default() };
        let found = figures(&[trip(60.0, 10.0, 1.0), outside], (0, 0.0));
        assert!((found["delay_s"] - 50.0).abs() < 1e-9 && (found["never_departed"] - 1.0).abs() < 1e-9);
        assert!((found["wait_max_s"] - 90.0).abs() < 1e-9 && (found["planning_time_index"] - 1.2).abs() < 1e-9);
        let none = figures(&[], (0, 0.0));
        assert!(none.values().all(|it| it.is_finite()) && !none.contains_key("delay_s"), "{none:?}");
        assert_eq!(cumulative(&[trip(70.0, 0.0, 1.0), outside], 0, 120, 60), (vec![2, 0], vec![0, 1]));
    }
}
