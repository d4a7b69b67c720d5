//! How drivers fare, and what a shadow would have cost them: what is answered of [`crate::service::lookout`].

use super::Exhibit;
use crate::measure::quality::{Slot, level_of_service};
use crate::network::{Intersection, Lane};
use crate::shadow::{Batch, Comparison};
use schemars::JsonSchema;
use serde::Serialize;

/// Street against shadow, of one intersection or of the city: delay of a vehicle at a stop line.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Compared {
    /// Batches that it was taken from.
    pub batches: usize,
    /// Vehicles in them.
    pub vehicles: f64,
    /// Delay under the lamps of the street, by the model \[s/veh\].
    pub street_s: f64,
    /// Delay under those that the shadow would have shown, by the same model \[s/veh\].
    pub shadow_s: f64,
    /// The second less the first: what the control on duty saves \[s/veh\].
    pub saved_s: f64,
    /// Half of the 95 % interval of that, by batch means; null of a single batch.
    pub half_s: Option<f64>,
    /// Delay by the model less delay by the estimated queues, both under the lamps of the street \[s/veh\]: how wrong the model is where
    /// that can be seen.
    pub model_error_s: f64,
}

/// The shadow, in the picture of the city.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ShadowTotals {
    /// Who it is: `fixed`, `actuated` or `adaptive`.
    pub policy: &'static str,
    /// Intersections that have one.
    pub intersections: usize,
    /// Length of a batch \[s\].
    pub batch_s: i64,
    /// The city; null before the first batch is complete.
    pub compared: Option<Compared>,
}

/// The shadow: a second policy on the same counts, never obeyed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "shadow")]
pub struct ShadowShown {
    /// As in the picture of the city.
    #[serde(flatten)]
    pub totals: ShadowTotals,
    /// Every intersection that has a shadow and a complete batch, in order of its name.
    pub intersections_compared: Vec<SiteCompared>,
    /// Batches of the city, the oldest first.
    pub batches: Vec<BatchShown>,
}

/// One intersection.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SiteCompared {
    /// Its name.
    pub id: String,
    /// What was found.
    #[serde(flatten)]
    pub compared: Compared,
}

/// One batch of the city.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BatchShown {
    /// Its begin \[ms\].
    pub at_ms: i64,
    /// Intersections in it.
    pub intersections: u32,
    /// Vehicles.
    pub vehicles: f64,
    /// Delay under the lamps of the street, by the model \[s/veh\].
    pub street_s: f64,
    /// Delay under those of the shadow \[s/veh\].
    pub shadow_s: f64,
    /// Delay by the estimated queues \[s/veh\].
    pub estimated_s: f64,
}

/// How drivers fared.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "performance")]
pub struct Performance {
    /// The city by hour, the oldest first, a day at most; slots of five minutes that are over.
    pub hours: Vec<Service>,
    /// Every intersection over its last hour, in order of its name; those at which nobody passed are left out.
    pub intersections: Vec<SiteService>,
}

/// One intersection.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SiteService {
    /// Its name.
    pub id: String,
    /// How it was.
    #[serde(flatten)]
    pub service: Service,
}

/// How drivers fared over some time (docs/measures.md).
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Service {
    /// Its begin \[ms\].
    pub at_ms: i64,
    /// Vehicles that passed a stop line and whose arrival was seen.
    pub vehicles: u64,
    /// Their mean wait at it \[s\].
    pub delay_s: Option<f64>,
    /// Wait that nine of ten do not exceed \[s\]; 300 stands for more.
    pub p90_s: Option<f64>,
    /// A…F by the mean wait (HCM 7).
    pub level: Option<char>,
    /// Greens of lanes that ended.
    pub greens: u64,
    /// Those of them that left two or more behind.
    pub split_failures: u64,
    /// Share of the arrivals that were on green, 0…1.
    pub on_green: Option<f64>,
}

impl From<Comparison> for Compared {
    fn from(it: Comparison) -> Self {
        Self {
            batches: it.batches,
            vehicles: it.vehicles.round(),
            street_s: hundredths(it.street),
            shadow_s: hundredths(it.shadow),
            saved_s: hundredths(it.difference.mean),
            half_s: Some(hundredths(it.difference.half)).filter(|half| half.is_finite()),
            model_error_s: hundredths(it.model_error),
        }
    }
}

impl ShadowTotals {
    /// As it stands now; `None` where nobody is compared.
    pub(super) fn of(exhibit: &Exhibit) -> Option<Self> {
        let ledger = exhibit.shown.lookout.shadow()?;
        Some(Self {
            policy: ledger.policy(),
            intersections: ledger.shadowed().count(),
            batch_s: ledger.batch().0 / 1_000,
            compared: ledger.city().map(Compared::from),
        })
    }
}

impl ShadowShown {
    /// Everything that was found; `None` where nobody is compared.
    pub(super) fn of(exhibit: &Exhibit) -> Option<Self> {
        let totals = ShadowTotals::of(exhibit)?;
        let ledger = exhibit.shown.lookout.shadow()?;
        let site = |ix: usize| {
            let compared = ledger.site(ix)?.into();
            Some(SiteCompared { id: exhibit.network.intersections[ix].id.to_string(), compared })
        };
        let sites = ledger.shadowed().filter_map(site).collect();
        let batches = ledger.batches().filter(|it| it.vehicles > 0.0).map(BatchShown::of).collect();
        Some(Self { totals, intersections_compared: sites, batches })
    }
}

impl BatchShown {
    fn of(batch: &Batch) -> Self {
        let each = |delay: f64| hundredths(delay / batch.vehicles);
        Self {
            at_ms: batch.begin.0,
            intersections: batch.intersections,
            vehicles: batch.vehicles.round(),
            street_s: each(batch.street),
            shadow_s: each(batch.shadow),
            estimated_s: each(batch.estimated),
        }
    }
}

impl Performance {
    /// As far as it was seen.
    pub(super) fn of(exhibit: &Exhibit) -> Self {
        let hours = exhibit.shown.lookout.hours();
        let site = |&ix: &usize| {
            let slot = hours.last_hour(ix).filter(|slot| slot.vehicles > 0)?;
            Some(SiteService { id: exhibit.network.intersections[ix].id.to_string(), service: Service::of(&slot) })
        };
        Self {
            hours: hours.city().map(Service::of).collect(),
            intersections: exhibit.own.iter().filter_map(site).collect(),
        }
    }
}

impl Service {
    fn of(slot: &Slot) -> Self {
        let delay_s = slot.delay_s();
        Self {
            at_ms: slot.begin.0,
            vehicles: slot.vehicles,
            delay_s: delay_s.map(hundredths),
            p90_s: slot.p90_s().map(hundredths),
            level: delay_s.map(level_of_service),
            greens: slot.greens,
            split_failures: slot.failures,
            on_green: slot.on_green().map(|share| (share * 1000.0).round() / 1000.0),
        }
    }
}

/// Share of the arrivals on green over the last hour of the lanes of some groups, 0…1; `None` where nobody arrived.
pub(super) fn on_green(exhibit: &Exhibit, ix: usize, groups: &[usize]) -> Option<f64> {
    let slot = exhibit.shown.lookout.hours().last_hour(ix)?;
    let intersection = &exhibit.network.intersections[ix];
    let lanes = intersection.lanes.iter().zip(&slot.lanes).filter(|(lane, _)| goes(intersection, lane, groups));
    let (all, green) = lanes.fold((0, 0), |sum, (_, it)| (sum.0 + it.0, sum.1 + it.1));
    (all > 0).then(|| (f64::from(green) / f64::from(all) * 1000.0).round() / 1000.0)
}

/// When vehicles crossed the stop lines of the lanes of some groups, once for each \[ms\].
pub(super) fn passed(exhibit: &Exhibit, ix: usize, groups: &[usize]) -> Vec<i64> {
    let intersection = &exhibit.network.intersections[ix];
    let passages = exhibit.shown.lookout.passages(ix);
    let there = passages.iter().filter(|it| goes(intersection, &intersection.lanes[it.lane.0], groups));
    there.flat_map(|it| std::iter::repeat_n(it.at.0, it.vehicles as usize)).collect()
}

/// Whether somebody on a lane obeys one of some groups.
fn goes(intersection: &Intersection, lane: &Lane, groups: &[usize]) -> bool {
    lane.movements.iter().any(|movement| groups.contains(&intersection.movements[movement.0].group.0))
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
