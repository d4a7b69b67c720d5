//! Those who look over the workers' shoulders: how drivers fare ([`crate::measure::quality`]), and the shadow ([`crate::shadow`]).
//!
//! An [`Onlooker`] belongs to one worker and sees what it hears. It has a look at the controller, read only, after everything has been
//! sent, so it can neither change nor delay a plan; the next second finds the worker later by what looking has cost. What it finds
//! goes to the [`Lookout`], every five minutes of the engine's clock, where `web` reads it.

use super::passages::Passages;
use crate::controller::{Controller, Input};
use crate::measure::{Hours, Quality};
use crate::network::Intersection;
use crate::plan::Shown;
use crate::shadow::{self, Ledger, Shadow};
use crate::time::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which intersections have a shadow, and who it is.
#[derive(Debug, Clone)]
pub struct Shadowing {
    /// Who it is.
    pub settings: shadow::Settings,
    /// One entry an intersection, in the order of the network.
    pub intersections: Vec<bool>,
}

/// What the onlookers of all intersections have found.
#[derive(Debug)]
pub struct Lookout {
    shadow: Option<Mutex<Ledger>>,
    hours: Mutex<Hours>,
    /// One entry an intersection.
    passages: Vec<Mutex<Passages>>,
}

impl Lookout {
    /// Of so many intersections; nothing was seen.
    pub fn new(intersections: usize, shadowing: Option<&Shadowing>) -> Self {
        let ledger =
            |it: &Shadowing| Mutex::new(Ledger::new(it.settings.policy.name(), it.settings.batch, &it.intersections));
        Self {
            shadow: shadowing.map(ledger),
            hours: Mutex::new(Hours::new(intersections)),
            passages: (0..intersections).map(|_| Mutex::default()).collect(),
        }
    }

    /// What the shadows have found; `None` where there are none.
    pub fn shadow(&self) -> Option<MutexGuard<'_, Ledger>> {
        self.shadow.as_ref().map(lock)
    }

    /// How drivers have fared.
    pub fn hours(&self) -> MutexGuard<'_, Hours> {
        lock(&self.hours)
    }

    /// Who crossed the stop lines of an intersection in the last minutes.
    pub fn passages(&self, ix: usize) -> MutexGuard<'_, Passages> {
        lock(&self.passages[ix])
    }
}

/// Who looks over one worker's shoulder.
#[derive(Debug)]
pub(super) struct Onlooker {
    lookout: Arc<Lookout>,
    ix: usize,
    shown: Option<Shown>,
    quality: Quality,
    shadow: Option<Shadow>,
}

impl Onlooker {
    pub(super) fn new(
        lookout: Arc<Lookout>,
        ix: usize,
        intersection: &Arc<Intersection>,
        shadowing: Option<&Shadowing>,
    ) -> Self {
        let shadowing = shadowing.filter(|it| it.intersections.get(ix).copied().unwrap_or(false));
        let shadow = shadowing.map(|it| Shadow::new(Arc::clone(intersection), it.settings.clone()));
        Self { lookout, ix, shown: None, quality: Quality::new(intersection), shadow }
    }

    /// The worker hears something.
    pub(super) fn hears(&mut self, input: &Input) {
        match input {
            Input::State(report) => self.shown = Some(report.shown.clone()),
            Input::Counts(seen) => {
                self.lookout.passages(self.ix).take(seen);
                if let Some(shadow) = &mut self.shadow {
                    shadow.count(seen);
                }
                if let Some(slot) = self.shown.as_ref().and_then(|shown| self.quality.second(shown, seen)) {
                    self.lookout.hours().take(self.ix, slot);
                }
            }
            _ => {}
        }
    }

    /// The worker has decided, and everything has been sent.
    pub(super) fn sees(&mut self, controller: &Controller, at: Timestamp) {
        let batch = self.shadow.as_mut().and_then(|shadow| shadow.follow(controller, at));
        if let (Some(batch), Some(mut ledger)) = (batch, self.lookout.shadow()) {
            ledger.take(self.ix, batch);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Sums are replaced one by one, each whole: a poisoned lock still guards sound ones.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
