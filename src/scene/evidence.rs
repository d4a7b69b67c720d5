//! The features of a district from which a scene is told: figures without a unit, a threshold to enter and one to leave each.
//!
//! In: loads and flows of the intersections of a district. Out: [`Evidence`], and whether it speaks for a scene.
//!
//! | scene | speaks for it | enter | stay |
//! |---|---|---|---|
//! | incident | lanes of the intersection itself that have green, room behind, and do not move; lanes of the district that nobody enters any more | [`INCIDENT`] | the same |
//! | oversaturated | degree of saturation; or share of zones that are full; or of all zones' length that is queue | [`OVERSATURATION`], [`FULL`], [`QUEUE`] | 0.1 less; half of it |
//! | event | surplus of one approach over its own last quarter of an hour, of its discharge, and of its own flow | [`SURPLUS`], [`SURGE`] | half of it |
//! | peak | degree of saturation by the critical lanes, mean of the district's upper half | [`SATURATION`] | 0.1 less |
//!
//! An event and a peak differ by where it comes from and how fast: a peak grows everywhere over a quarter of an hour, so that the slow
//! mean follows it.
//!
//! Sources: degree of saturation: HCM 7; surplus over a slow mean as in the detection of sudden changes of traffic
//! (Page 1954; "California" algorithm, Payne and Tignor 1978, for incidents by what stands before and does not arrive behind).
//! Thresholds were set on the scenarios of the repository (`tests/it/scene.rs`).

use super::Load;
use crate::plan::Scene;

/// Time constants of the fast and the slow mean of an approach's flow \[s\].
const FAST_S: f64 = 90.0;
const SLOW_S: f64 = 900.0;
/// Until so much was watched the present is taken for usual \[s\].
const WATCHED_S: f64 = 600.0;
/// A flow this much above the usual one is not taken for usual: the slow mean follows it only so much more slowly.
const UNUSUAL: f64 = 2.0;
const UNUSUAL_GAIN: f64 = 0.1;

/// Lanes blocked or silent that make an incident.
const INCIDENT: f64 = 1.0;
/// Share of full zones that makes oversaturation.
const FULL: f64 = 0.15;
/// Share of the zones' length that is queue which does.
const QUEUE: f64 = 0.3;
/// Degree of saturation that does.
const OVERSATURATION: f64 = 0.98;
/// Surplus of an approach over its discharge that makes an event,
const SURPLUS: f64 = 0.06;
/// and over its own usual flow.
const SURGE: f64 = 1.5;
/// Degree of saturation of a peak.
const SATURATION: f64 = 0.75;
/// What is left of a threshold, once the scene is there.
const STAY: f64 = 0.5;
/// By how much less saturation a peak, or oversaturation, stays.
const STAY_SATURATION: f64 = 0.1;

/// Figures of a district.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Evidence {
    /// Mean degree of saturation of the heavier half of the intersections.
    pub saturation: f64,
    /// Share of zones that are full.
    pub full: f64,
    /// Share of the zones' length that is queue.
    pub queue: f64,
    /// Lanes of the intersection itself that have green, room behind, and do not move.
    pub blocked: f64,
    /// Lanes that nobody enters any more.
    pub silent: f64,
    /// Largest surplus of an approach over its slow mean, of its discharge.
    pub surplus: f64,
    /// The same, of the slow mean.
    pub surge: f64,
}

/// How many vehicles come by each approach of an intersection, now and usually.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Flows {
    last: Option<(crate::time::Timestamp, Vec<u64>)>,
    /// Fast and slow mean of each approach \[veh/s\].
    means: Vec<(f64, f64)>,
    watched_s: f64,
}

impl Flows {
    /// Take in how many have entered by now.
    pub(super) fn take(&mut self, load: &Load) {
        if let Some((before, entered)) = &self.last {
            let dt_s = (load.at - *before).as_secs_f64();
            if dt_s <= 0.0 || entered.len() != load.entered.len() {
                return;
            }
            self.watched_s += dt_s;
            self.means.resize(load.entered.len(), (0.0, 0.0));
            for (mean, (now, then)) in self.means.iter_mut().zip(load.entered.iter().zip(entered)) {
                let flow = now.saturating_sub(*then) as f64 / dt_s;
                // Until a time constant has passed it is the plain mean of what was seen.
                let gain = |constant_s: f64| (dt_s / constant_s).max(dt_s / self.watched_s).min(1.0);
                mean.0 += gain(FAST_S) * (flow - mean.0);
                // A street that has just been switched on fills: that is no surge.
                let young = self.watched_s < WATCHED_S;
                let patience = if mean.0 > UNUSUAL * mean.1 { UNUSUAL_GAIN } else { 1.0 };
                mean.1 = if young { mean.0 } else { mean.1 + patience * gain(SLOW_S) * (flow - mean.1) };
            }
        }
        self.last = Some((load.at, load.entered.clone()));
    }

    /// Largest surplus of an approach: of its discharge, and of its slow mean.
    fn surplus(&self, load: &Load) -> (f64, f64) {
        let all = self.means.iter().zip(&load.capacity).filter(|(_, capacity)| **capacity > 0.0);
        let each = all.map(|(&(fast, slow), capacity)| ((fast - slow) / capacity, (fast - slow) / slow.max(0.01)));
        each.fold((0.0, 0.0), |most, it| if it.0 > most.0 { it } else { most })
    }
}

impl Evidence {
    /// Of the intersections of a district, and of the one that it is about; `None` without any.
    pub(super) fn of(members: &[(&Load, &Flows)], own: Option<&Load>) -> Option<Self> {
        if members.is_empty() {
            return None;
        }
        let sum = |of: &dyn Fn(&Load) -> f64| members.iter().map(|(load, _)| of(load)).sum::<f64>();
        let (lanes, storage) = (sum(&|it| f64::from(it.lanes)), sum(&|it| it.storage));
        let mut saturations: Vec<f64> = members.iter().map(|(load, _)| load.saturation).collect();
        saturations.sort_by(|a, b| b.total_cmp(a));
        let heavier = &saturations[..saturations.len().div_ceil(2)];
        let surplus = members.iter().map(|(load, flows)| flows.surplus(load));
        let (surplus, surge) = surplus.fold((0.0, 0.0), |most, it| if it.0 > most.0 { it } else { most });
        Some(Self {
            saturation: heavier.iter().sum::<f64>() / heavier.len() as f64,
            full: sum(&|it| f64::from(it.full)) / lanes.max(1.0),
            queue: sum(&|it| it.queued) / storage.max(1.0),
            blocked: own.map_or(0.0, |it| f64::from(it.blocked)),
            silent: sum(&|it| f64::from(it.silent)),
            surplus,
            surge,
        })
    }

    /// Whether it speaks for a scene that is not there yet, or is (`stays`).
    pub(super) fn speaks_for(&self, scene: Scene, stays: bool) -> bool {
        let part = if stays { STAY } else { 1.0 };
        match scene {
            Scene::Incident => self.blocked + self.silent >= INCIDENT,
            Scene::Oversaturated => {
                let less = if stays { STAY_SATURATION } else { 0.0 };
                self.full >= part * FULL || self.queue >= part * QUEUE || self.saturation >= OVERSATURATION - less
            }
            Scene::Event => self.surplus >= part * SURPLUS && self.surge >= part * SURGE,
            Scene::Peak => self.saturation >= SATURATION - if stays { STAY_SATURATION } else { 0.0 },
            Scene::OffPeak => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn load(second: i64, entered: u64) -> Load {
        let at = Timestamp::from_secs(second);
        Load { at, entered: vec![entered, 0], capacity: vec![1.0, 1.0], lanes: 4, storage: 100.0, ..Load::default() }
    }

    /// Evidence of one approach after so many seconds at one flow and then two minutes at another one \[veh/s\].
    fn after(usual: f64, seconds: i64, then: f64) -> Evidence {
        let mut flows = Flows::default();
        let mut entered = 0.0;
        for second in (0..=seconds + 120).step_by(10) {
            entered += 10.0 * if second > seconds { then } else { usual };
            flows.take(&load(second, entered as u64));
        }
        Evidence::of(&[(&load(seconds + 120, entered as u64), &flows)], None).unwrap()
    }

    #[test]
    fn a_surge_by_one_road_is_an_event_and_a_usual_or_little_or_young_flow_is_none() {
        assert!(after(0.1, 900, 0.5).speaks_for(Scene::Event, false), "{:?}", after(0.1, 900, 0.5));
        assert!(!after(0.4, 900, 0.4).speaks_for(Scene::Event, false));
        assert!(!after(0.02, 900, 0.08).speaks_for(Scene::Event, false), "four times next to nothing");
        assert!(!after(0.0, 100, 0.5).speaks_for(Scene::Event, false), "a street that has just been switched on");
    }

    #[test]
    fn thresholds_to_stay_are_lower_than_those_to_enter() {
        let evidence = Evidence { full: 0.1, surplus: 0.04, surge: 0.9, saturation: 0.7, ..Evidence::default() };
        for scene in [Scene::Oversaturated, Scene::Event, Scene::Peak] {
            assert_eq!((evidence.speaks_for(scene, false), evidence.speaks_for(scene, true)), (false, true), "{scene}");
        }
        assert!(evidence.speaks_for(Scene::OffPeak, false));
        let blocked = Evidence { blocked: 1.0, ..Evidence::default() };
        assert!(blocked.speaks_for(Scene::Incident, false));
    }

    #[test]
    fn of_two_junctions_the_heavier_one_tells_how_saturated_the_district_is() {
        let (light, heavy) = (Load { saturation: 0.2, ..load(0, 0) }, Load { saturation: 0.9, ..load(0, 0) });
        let flows = Flows::default();
        let evidence = Evidence::of(&[(&light, &flows), (&heavy, &flows)], Some(&light)).unwrap();
        assert!((evidence.saturation - 0.9).abs() < 1e-12);
        assert_eq!(Evidence::of(&[], None), None);
    }
}
