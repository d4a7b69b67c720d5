//! The state of the last step and everything that holds during one: what all parts read while they plan and advance.

use crate::engine::layout::Layout;
use crate::engine::store::{Field, Store};
use crate::engine::windows::Windows;
use crate::engine::world::World;
use crate::model::Driver;
use crate::street::Kind;

/// What parts read and no part writes while a step is worked out.
pub(super) struct Scene {
    pub(super) layout: Layout,
    pub(super) windows: Windows,
    pub(super) drivers: Vec<Driver>,
    pub(super) factors: Vec<(f64, f64)>,
    pub(super) kinds: Vec<Kind>,
    /// Letters of all signals.
    pub(super) letters: Vec<u8>,
    pub(super) now: Vec<Store>,
    pub(super) seed: u64,
    pub(super) step: u64,
    pub(super) begin_s: f64,
    pub(super) step_s: f64,
    pub(super) overtaking: bool,
}

impl Scene {
    pub(super) fn now_s(&self) -> f64 {
        self.begin_s + self.step as f64 * self.step_s
    }

    pub(super) fn world<'a>(&'a self, walked: &'a [bool]) -> World<'a> {
        World {
            layout: &self.layout,
            windows: &self.windows,
            drivers: &self.drivers,
            factors: &self.factors,
            kinds: &self.kinds,
            field: Field(&self.now),
            lamps: &self.letters,
            walked,
            step: self.step,
            seed: self.seed,
            step_s: self.step_s,
            overtaking: self.overtaking,
            side: (self.step % 2) as usize,
        }
    }
}

/// Vehicles on lanes choose their links anew, but for those beyond a closed place.
pub(super) fn choose_again(scene: &mut Scene) {
    for (part, store) in scene.now.iter_mut().enumerate() {
        for (local, number) in Layout::tracks_of(part).enumerate() {
            let track = &scene.layout.tracks[number];
            for k in store.range(local) {
                if track.is_lane() && store.pos[k] <= track.closed_at {
                    let choice = scene.windows.choice(store.body[k].cursor, track);
                    store.body[k].choose(choice);
                }
            }
        }
    }
}
