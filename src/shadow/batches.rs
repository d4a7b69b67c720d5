//! Batches of the comparison, and what they say: delay of street and shadow with the interval of their difference.
//!
//! In: sums over batches of some minutes, the same minutes for all intersections. Out: [`Comparison`], of one intersection or of the city.
//! The difference of a batch is of the same vehicles under both sets of lamps, so what varies from batch to batch with the
//! demand cancels (common random numbers; Law, *Simulation Modeling and Analysis*, 5th ed., 11.2). Mean and 95 % interval
//! by batch means (ibid., 9.5.3), as a ratio because batches have different numbers of vehicles ([`Interval::of_ratio`]).
//!
//! Weakness: neighbouring batches are not independent when queues stay from one to the next; then the interval is too narrow.

use crate::statistics::Interval;
use crate::time::{Millis, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::ops::AddAssign;

/// Batches that are kept: six hours of five minutes.
pub const KEPT: usize = 72;

/// Sums over one batch of one intersection, or of several.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Batch {
    /// Its first instant.
    pub begin: Timestamp,
    /// Intersections in it.
    pub intersections: u32,
    /// Vehicles that arrived at stop lines.
    pub vehicles: f64,
    /// Delay under the lamps of the street, by the model \[veh·s\].
    pub street: f64,
    /// Delay under those of the shadow, by the model \[veh·s\].
    pub shadow: f64,
    /// Delay under the lamps of the street, by the estimated queues \[veh·s\]: what the model should have found.
    pub estimated: f64,
    /// Wishes of the shadow that the gate has refused.
    pub refused: u64,
}

impl AddAssign for Batch {
    fn add_assign(&mut self, other: Self) {
        self.intersections += other.intersections;
        self.vehicles += other.vehicles;
        self.street += other.street;
        self.shadow += other.shadow;
        self.estimated += other.estimated;
        self.refused += other.refused;
    }
}

/// What some batches say \[s/veh, at each stop line\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// How many batches.
    pub batches: usize,
    /// Vehicles in them.
    pub vehicles: f64,
    /// Delay of a vehicle under the lamps of the street, by the model.
    pub street: f64,
    /// The same under those of the shadow.
    pub shadow: f64,
    /// Shadow − street: what the control on duty saves each vehicle, with half of its 95 % interval (infinite of one batch).
    pub difference: Interval,
    /// Model − estimated queues, under the lamps of the street: how wrong the model is where it can be seen.
    pub model_error: f64,
}

impl Comparison {
    /// Of some batches; `None` while nobody has arrived in any.
    pub fn of(batches: impl IntoIterator<Item = Batch>) -> Option<Self> {
        let batches: Vec<Batch> = batches.into_iter().collect();
        let pairs: Vec<(f64, f64)> = batches.iter().map(|it| (it.shadow - it.street, it.vehicles)).collect();
        let difference = Interval::of_ratio(&pairs)?;
        let mut sum = Batch::default();
        for &batch in &batches {
            sum += batch;
        }
        Some(Self {
            batches: batches.len(),
            vehicles: sum.vehicles,
            street: sum.street / sum.vehicles,
            shadow: sum.shadow / sum.vehicles,
            difference,
            model_error: (sum.street - sum.estimated) / sum.vehicles,
        })
    }
}

/// The batches of all intersections.
#[derive(Debug, Clone)]
pub struct Ledger {
    policy: &'static str,
    batch: Millis,
    sites: Vec<Option<VecDeque<Batch>>>,
    city: BTreeMap<Timestamp, Batch>,
}

impl Ledger {
    /// An empty one; `shadowed` says which intersections have a shadow, in the order of the network.
    pub fn new(policy: &'static str, batch: Millis, shadowed: &[bool]) -> Self {
        let sites = shadowed.iter().map(|&it| it.then(VecDeque::new)).collect();
        Self { policy, batch, sites, city: BTreeMap::new() }
    }

    /// A batch of an intersection is complete.
    pub fn take(&mut self, ix: usize, batch: Batch) {
        let Some(site) = self.sites.get_mut(ix).and_then(Option::as_mut) else { return };
        if site.back().is_some_and(|last| batch.begin <= last.begin) {
            // The clock was set back: what was counted by the other one is of another day.
            site.clear();
            self.city.retain(|&begin, _| begin < batch.begin);
        }
        if site.len() == KEPT {
            site.pop_front();
        }
        site.push_back(batch);
        *self.city.entry(batch.begin).or_insert(Batch { begin: batch.begin, ..Batch::default() }) += batch;
        while self.city.len() > KEPT {
            self.city.pop_first();
        }
    }

    /// Who the shadow is.
    pub const fn policy(&self) -> &'static str {
        self.policy
    }

    /// Length of a batch.
    pub const fn batch(&self) -> Millis {
        self.batch
    }

    /// Intersections that have a shadow, in order.
    pub fn shadowed(&self) -> impl Iterator<Item = usize> + '_ {
        self.sites.iter().enumerate().filter(|(_, site)| site.is_some()).map(|(ix, _)| ix)
    }

    /// Batches of the city, the oldest first.
    pub fn batches(&self) -> impl Iterator<Item = &Batch> + '_ {
        self.city.values()
    }

    /// The city as a whole; `None` before the first batch.
    pub fn city(&self) -> Option<Comparison> {
        Comparison::of(self.city.values().copied())
    }

    /// One intersection.
    pub fn site(&self, ix: usize) -> Option<Comparison> {
        Comparison::of(self.sites.get(ix)?.as_ref()?.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(minute: i64, vehicles: f64, street: f64, shadow: f64) -> Batch {
        let begin = Timestamp::from_secs(minute * 60);
        Batch { begin, intersections: 1, vehicles, street, shadow, estimated: street - 50.0, refused: 0 }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn the_difference_is_that_of_the_same_vehicles_with_the_interval_of_the_batches() {
        // Demand doubles from batch to batch; what the shadow costs more is always 5 s a vehicle.
        let even = Comparison::of((0..4).map(|it| {
            let vehicles = 100.0 * f64::from(1 << it);
            batch(5 * i64::from(it), vehicles, 20.0 * vehicles, 25.0 * vehicles)
        }));
        let even = even.unwrap();
        assert!(near(even.difference.mean, 5.0) && near(even.difference.half, 0.0), "{even:?}");
        assert!(near(even.street, 20.0) && near(even.shadow, 25.0) && near(even.model_error, 200.0 / 1500.0));
        let uneven = Comparison::of([batch(0, 100.0, 2000.0, 2300.0), batch(5, 100.0, 2000.0, 2500.0)]).unwrap();
        // differences 3 and 5 s: mean 4, deviation √2, t(1) = 12.706
        assert!(near(uneven.difference.mean, 4.0) && near(uneven.difference.half, 12.706), "{uneven:?}");
        assert!(Comparison::of([batch(0, 10.0, 1.0, 1.0)]).unwrap().difference.half.is_infinite());
        assert_eq!(Comparison::of([batch(0, 0.0, 0.0, 0.0)]), None, "nobody came");
    }

    #[test]
    fn the_city_is_the_sum_of_its_intersections_by_batch_and_old_ones_go() {
        let mut ledger = Ledger::new("fixed", Millis::from_secs(300), &[true, false, true]);
        ledger.take(0, batch(0, 10.0, 100.0, 200.0));
        ledger.take(2, batch(0, 30.0, 300.0, 200.0));
        ledger.take(1, batch(0, 1e6, 1e6, 1e6));
        let city = ledger.city().unwrap();
        assert_eq!((city.batches, ledger.shadowed().collect::<Vec<_>>()), (1, vec![0, 2]), "who has none is not in it");
        assert!(near(city.vehicles, 40.0) && near(city.street, 10.0) && near(city.difference.mean, 0.0));
        assert!(near(ledger.site(0).unwrap().difference.mean, 10.0) && ledger.site(1).is_none());
        for five in 1..=100 {
            ledger.take(0, batch(5 * five, 10.0, 100.0, 200.0));
        }
        assert_eq!((ledger.batches().count(), ledger.site(0).unwrap().batches), (KEPT, KEPT));
        ledger.take(0, batch(5, 10.0, 100.0, 200.0));
        assert_eq!(ledger.site(0).unwrap().batches, 1, "the clock was set back");
    }
}
