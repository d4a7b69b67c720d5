//! From evidence to a scene that does not flicker: one intersection's memory.
//!
//! In: evidence every [`super::PERIOD`]. Out: the scene. The most urgent scene that the evidence speaks for is *wanted*; it takes over
//! once it was wanted, or something more urgent was, for [`persistence`] without a break. A less urgent one must wait until the present
//! one has lasted [`DWELL`], too.

use super::Evidence;
use crate::plan::Scene;
use crate::time::{Millis, Timestamp};

/// Shortest time that a scene lasts before a less urgent one takes over.
const DWELL: Millis = Millis::from_secs(180);

/// For how long a scene must be wanted.
const fn persistence(scene: Scene) -> Millis {
    match scene {
        Scene::Incident | Scene::Oversaturated | Scene::Event => Millis::from_secs(40),
        Scene::Peak => Millis::from_secs(120),
        Scene::OffPeak => Millis::from_secs(180),
    }
}

/// What is remembered of one intersection.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    scene: Scene,
    since: Option<Timestamp>,
    /// Since when each scene, or a more urgent one, is wanted. In the order of [`Scene::ALL`].
    wanted_since: [Option<Timestamp>; Scene::ALL.len()],
    evidence: Option<Evidence>,
}

impl Watch {
    pub(super) fn scene(&self) -> Scene {
        self.scene
    }

    pub(super) fn evidence(&self) -> Option<Evidence> {
        self.evidence
    }

    /// One judgement.
    pub(super) fn step(&mut self, evidence: Evidence, at: Timestamp) {
        self.evidence = Some(evidence);
        let since = *self.since.get_or_insert(at);
        let speaks = |scene: &Scene| evidence.speaks_for(*scene, *scene == self.scene);
        let wanted = Scene::ALL.into_iter().rev().find(speaks).unwrap_or_default();
        for (scene, begun) in Scene::ALL.into_iter().zip(&mut self.wanted_since) {
            // A scene is asked for by itself and by anything more urgent; a less urgent one by whatever is below the present.
            let asks = if scene > self.scene { wanted >= scene } else { wanted <= scene };
            *begun = if asks { begun.or(Some(at)) } else { None };
        }
        let ripe = |scene: Scene| {
            let begun = self.wanted_since[scene as usize];
            begun.is_some_and(|begun| at - begun >= persistence(scene))
        };
        let rises = Scene::ALL.into_iter().rev().find(|&scene| scene > self.scene && ripe(scene));
        let falls = || (wanted < self.scene && at - since >= DWELL && ripe(wanted)).then_some(wanted);
        if let Some(next) = rises.or_else(falls) {
            (self.scene, self.since) = (next, Some(at));
            self.wanted_since = [None; Scene::ALL.len()];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Evidence =
        Evidence { saturation: 0.3, full: 0.0, queue: 0.0, blocked: 0.0, silent: 0.0, surplus: 0.0, surge: 0.0 };
    const FULL: Evidence = Evidence { full: 0.6, saturation: 1.0, ..CALM };
    const BUSY: Evidence = Evidence { saturation: 0.85, ..CALM };

    /// The scene after each of some stretches of evidence, in steps of ten seconds.
    fn scenes(stretches: &[(Evidence, i64)]) -> Vec<Scene> {
        let (mut watch, mut now) = (Watch::default(), 0);
        let mut found = Vec::new();
        for &(evidence, seconds) in stretches {
            for _ in 0..seconds / 10 {
                watch.step(evidence, Timestamp::from_secs(now));
                now += 10;
            }
            found.push(watch.scene());
        }
        found
    }

    #[test]
    fn a_scene_takes_over_once_it_has_lasted_and_a_moment_of_it_changes_nothing() {
        assert_eq!(scenes(&[(CALM, 60), (FULL, 30), (CALM, 60)]), [Scene::OffPeak; 3]);
        assert_eq!(scenes(&[(CALM, 60), (FULL, 50)])[1], Scene::Oversaturated);
        assert_eq!(scenes(&[(BUSY, 110), (BUSY, 30)]), [Scene::OffPeak, Scene::Peak]);
    }

    #[test]
    fn a_scene_lasts_before_a_less_urgent_one_takes_over_however_calm_it_is() {
        let told = scenes(&[(FULL, 60), (CALM, 170), (CALM, 60)]);
        assert_eq!(told, [Scene::Oversaturated, Scene::Oversaturated, Scene::OffPeak]);
    }

    #[test]
    fn a_peak_grows_into_oversaturation_and_leads_back_through_it() {
        let told = scenes(&[(BUSY, 150), (FULL, 60), (BUSY, 400), (CALM, 400)]);
        assert_eq!(told, [Scene::Peak, Scene::Oversaturated, Scene::Peak, Scene::OffPeak]);
    }

    #[test]
    fn evidence_that_comes_and_goes_does_not_make_the_scene_flicker() {
        let mut stretches = vec![(FULL, 60)];
        for _ in 0..10 {
            stretches.extend([(CALM, 40), (FULL, 20)]);
        }
        assert!(scenes(&stretches).iter().all(|&scene| scene == Scene::Oversaturated));
    }
}
