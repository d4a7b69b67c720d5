//! What kind of hour it is around each intersection, recognised from what the detectors of several count.
//!
//! In: a [`Load`] of each intersection every [`PERIOD`] ([`Recognition::tell`]). Out: the [`Scene`] of each
//! ([`Recognition::scene`]). No clock, no order: what is told of one instant counts only for later ones, so whoever decides first
//! decides on the same. What is done in a scene is not decided here (`controller::Settings::scenes`).
//!
//! An intersection is judged by its *district*: itself and those up to [`HOPS`] roads away. A lone junction is its own district; in a
//! large city an accident at one end is no incident at the other.
//!
//! ```text
//! load of each ─> district: evidence (features, `evidence`) ─> wanted scene ─> hysteresis and dwell (`watch`) ─> scene
//!
//!                    ┌────────────── nothing else is wanted for 3 min ─────────────┐
//!                    v                                                             │
//!                off_peak ───> peak ───> event ───> oversaturated ───> incident ───┘
//!                            a more urgent one wanted for 40 s (peak: 2 min)    ; a less urgent one after the dwell
//! ```
//!
//! Weakness: of neighbours that other engines control nothing is heard.

mod evidence;
mod watch;

pub use evidence::Evidence;

use crate::estimate::Load;
use crate::network::Network;
use crate::plan::Scene;
use crate::time::{Millis, Timestamp};
use evidence::Flows;
use std::collections::{BTreeMap, BTreeSet};
use watch::Watch;

/// How often a load is told and scenes are judged.
pub const PERIOD: Millis = Millis::from_secs(10);
/// Roads between an intersection and the farthest of its district.
const HOPS: usize = 2;
/// A load that is older than this says nothing any more.
const FRESH: Millis = Millis::from_secs(35);

/// Scenes of all intersections of an engine.
#[derive(Debug, Clone)]
pub struct Recognition {
    /// Positions of the intersections of each district, the own one included, rising.
    districts: Vec<Vec<usize>>,
    /// Last load of each intersection that has been taken in.
    loads: Vec<Option<Load>>,
    /// Arrivals of each intersection, fast and slow.
    flows: Vec<Flows>,
    watches: Vec<Watch>,
    /// Loads of instants that have not been judged.
    pending: BTreeMap<Timestamp, BTreeMap<usize, Load>>,
}

impl Recognition {
    /// Nothing is known of any intersection of a network.
    pub fn new(network: &Network) -> Self {
        let count = network.intersections.len();
        Self {
            districts: (0..count).map(|ix| district(network, ix)).collect(),
            loads: vec![None; count],
            flows: vec![Flows::default(); count],
            watches: vec![Watch::default(); count],
            pending: BTreeMap::new(),
        }
    }

    /// Whether a load is due at an instant.
    pub fn is_due(at: Timestamp) -> bool {
        at.0.rem_euclid(PERIOD.0) == 0
    }

    /// An intersection tells how heavily it is loaded.
    pub fn tell(&mut self, ix: usize, load: Load) {
        self.pending.entry(load.at).or_default().insert(ix, load);
    }

    /// The scene of an intersection at an instant, by everything that was told of earlier ones.
    pub fn scene(&mut self, ix: usize, at: Timestamp) -> Scene {
        while let Some((&then, _)) = self.pending.first_key_value().filter(|&(&then, _)| then < at) {
            let told = self.pending.remove(&then).unwrap_or_default();
            self.judge(then, told);
        }
        self.watches.get(ix).map_or(Scene::default(), Watch::scene)
    }

    /// What the scene of an intersection was told from last; `None` before anything was.
    pub fn evidence(&self, ix: usize) -> Option<Evidence> {
        self.watches.get(ix).and_then(Watch::evidence)
    }

    fn judge(&mut self, at: Timestamp, told: BTreeMap<usize, Load>) {
        for (ix, load) in told {
            if let (Some(flows), Some(place)) = (self.flows.get_mut(ix), self.loads.get_mut(ix)) {
                flows.take(&load);
                *place = Some(load);
            }
        }
        for (own, (district, watch)) in self.districts.iter().zip(&mut self.watches).enumerate() {
            let fresh = |ix: &&usize| self.loads[**ix].as_ref().is_some_and(|load| at - load.at <= FRESH);
            let members: Vec<(&Load, &Flows)> = district
                .iter()
                .filter(fresh)
                .filter_map(|&ix| Some((self.loads[ix].as_ref()?, &self.flows[ix])))
                .collect();
            if let Some(evidence) = Evidence::of(&members, self.loads[own].as_ref()) {
                watch.step(evidence, at);
            }
        }
    }
}

/// An intersection and those up to [`HOPS`] roads away, whichever way the traffic flows.
fn district(network: &Network, ix: usize) -> Vec<usize> {
    let mut found = BTreeSet::from([ix]);
    for _ in 0..HOPS {
        let further: Vec<usize> = found.iter().flat_map(|&near| network.neighbours(near)).collect();
        found.extend(further);
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    fn lone() -> Recognition {
        Recognition::new(&Network { city: "x".to_owned(), intersections: vec![crossroads()], links: Vec::new() })
    }

    fn full(second: i64) -> Load {
        let at = Timestamp::from_secs(second);
        Load { at, saturation: 1.0, vehicles: 90.0, queued: 80.0, storage: 100.0, lanes: 8, full: 6, ..Load::default() }
    }

    #[test]
    fn what_is_told_of_an_instant_counts_from_the_next_one_on_in_whatever_order_it_comes() {
        let mut recognition = lone();
        for second in (0..=300).step_by(10) {
            let before = recognition.clone().scene(0, Timestamp::from_secs(second));
            recognition.tell(0, full(second));
            assert_eq!(recognition.scene(0, Timestamp::from_secs(second)), before, "not in its own second");
        }
        assert_eq!(recognition.scene(0, Timestamp::from_secs(301)), Scene::Oversaturated);
    }

    #[test]
    fn an_intersection_that_nobody_hears_of_stays_as_it_was_and_one_that_is_not_there_is_off_peak() {
        let mut recognition = lone();
        (0..30).for_each(|step| recognition.tell(0, full(10 * step)));
        assert_eq!(recognition.scene(0, Timestamp::from_secs(900)), Scene::Oversaturated);
        assert_eq!(recognition.scene(7, Timestamp::from_secs(900)), Scene::OffPeak);
        recognition.tell(7, full(900));
        assert_eq!(recognition.scene(0, Timestamp::from_secs(901)), Scene::Oversaturated);
    }
}
