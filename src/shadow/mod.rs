//! The shadow: a second policy on the same live counts that nobody obeys, and what it would have cost.
//!
//! What a policy would have done to the street cannot be seen in the street, so it is a model. Both sets of lamps, those that the field
//! controllers report and those that the shadow would show, serve the *same* modelled queues: same arrivals, same learned discharge
//! ([`queues`]). The street's own lamps are run through the model as well, so that its bias is on both sides; what is told is the difference
//! of delay, in batches, with its interval, and beside it how far the modelled queues are from the estimated ones.
//!
//! ```text
//! counts ──> arrivals ──┬─> queues under the lamps of the street ──> delay ─┐
//!                       └─> queues under those of the shadow ─────> delay ──┴─> batch
//!                                   │                 ^
//!                                   └─> policy ─> guard ─> layout ─> gate ─> intent (imagined lamps)
//! ```
//!
//! In: counts, and what a [`Controller`] knows, read only. Out: a [`Batch`] every [`Settings::batch`]. No random numbers, no clock.
//!
//! A batch counts only when it was seen from end to end. Where the street is not seen (nothing counted, the field controller not heard or
//! flashing, more than [`GAP_MAX`] between two looks) both models begin anew from the estimated queues, and the batch is left out;
//! so are the [`Settings::warm_up`] after it, in which the shadow's lamps still are those of the street.
//!
//! Assumptions: neighbours do what they do now, whichever lamps this intersection shows; queues stand upright. Weaknesses: those of
//! [`arrivals`], [`queues`] and [`policy`]. What that is worth was measured where both can be driven, in the simulator: docs/shadow.md.

mod arrivals;
mod batches;
mod policy;
mod queues;

pub use batches::{Batch, Comparison, KEPT, Ledger};
pub use policy::Policy;

use crate::controller::{Controller, Sight};
use crate::estimate::Observation;
use crate::network::Intersection;
use crate::plan::Shown;
use crate::plan::waiting::Waiting;
use crate::time::{Millis, Timestamp};
use arrivals::Arrivals;
use policy::{Decider, Intent, View, presences};
use queues::{Lanes, Queues};
use std::sync::Arc;

/// Longest time between two looks at the street.
const GAP_MAX: Millis = Millis::from_secs(5);
/// Looks closer together than this are one.
const GAP_MIN: Millis = Millis(500);

/// Who the shadow is, and how it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Who it is.
    pub policy: Policy,
    /// Length of a batch, 1…60 min: several cycles.
    pub batch: Millis,
    /// Time after a begin that is left out.
    pub warm_up: Millis,
}

impl Settings {
    /// A policy, compared in batches of five minutes after two of warm-up.
    pub const fn new(policy: Policy) -> Self {
        Self { policy, batch: Millis::from_secs(300), warm_up: Millis::from_secs(120) }
    }
}

/// The shadow of one intersection.
#[derive(Debug, Clone)]
pub struct Shadow {
    intersection: Arc<Intersection>,
    settings: Settings,
    lanes: Lanes,
    arrivals: Arrivals,
    decider: Decider,
    seen: Option<Seen>,
}

/// Both streets at the last look.
#[derive(Debug, Clone)]
struct Seen {
    at: Timestamp,
    /// Queues under the lamps of the street.
    street: Queues,
    /// Queues under the imagined lamps.
    imagined: Queues,
    /// The imagined lamps, and what they are to do.
    shown: Shown,
    intent: Intent,
    waiting: Waiting,
    /// The batch that has begun; `None` where it was not seen from its begin.
    batch: Option<Batch>,
    /// First instant that counts.
    counts_from: Timestamp,
}

impl Shadow {
    /// A shadow that has seen nothing.
    pub fn new(intersection: Arc<Intersection>, settings: Settings) -> Self {
        Self {
            lanes: Lanes::new(&intersection),
            arrivals: Arrivals::new(&intersection),
            decider: Decider::new(settings.policy.clone()),
            seen: None,
            intersection,
            settings,
        }
    }

    /// What the detectors of the street saw.
    pub fn count(&mut self, seen: &Observation) {
        self.arrivals.count(seen);
    }

    /// Time goes on to an instant for which the controller of the street has decided. A batch that is complete is given out.
    pub fn follow(&mut self, controller: &Controller, at: Timestamp) -> Option<Batch> {
        let (steps, transit) = self.decider.wants(&self.intersection);
        let sight = controller.sight(at, steps, transit);
        self.look(sight, at)
    }

    fn look(&mut self, sight: Option<Sight>, at: Timestamp) -> Option<Batch> {
        let Some(sight) = sight.filter(|it| it.shown.stage.is_some()) else {
            self.seen = None;
            return None;
        };
        let since = self.seen.as_ref().map(|seen| at - seen.at);
        if since.is_some_and(|since| since >= Millis::ZERO && since < GAP_MIN) {
            return None;
        }
        let Some(mut seen) = self.seen.take().filter(|seen| at > seen.at && at - seen.at <= GAP_MAX) else {
            self.begin(&sight, at);
            return None;
        };
        let finished = self.step(&mut seen, &sight, at);
        self.seen = Some(seen);
        finished
    }

    /// Both models begin with what the street is like.
    fn begin(&mut self, sight: &Sight, at: Timestamp) {
        self.arrivals.forget();
        let queues = Queues::new(sight.forecast.queue.iter().copied());
        let mut seen = Seen {
            at,
            street: queues.clone(),
            imagined: queues,
            shown: sight.shown.clone(),
            intent: Intent::default(),
            waiting: Waiting::nobody(&self.intersection),
            batch: None,
            counts_from: at + self.settings.warm_up,
        };
        self.decide(&mut seen, sight, at);
        self.seen = Some(seen);
    }

    /// Both models go on to an instant; then the shadow decides.
    fn step(&mut self, seen: &mut Seen, sight: &Sight, at: Timestamp) -> Option<Batch> {
        let dt_s = (at - seen.at).as_secs_f64();
        seen.shown = seen.intent.followed(&seen.shown, at);
        let (intersection, table, forecast) = (&self.intersection, &self.lanes, &sight.forecast);
        let arrived = self.arrivals.take(at, dt_s, &sight.doubted, forecast);
        let street = seen.street.step(intersection, table, &sight.shown, &arrived, forecast, dt_s);
        let imagined = seen.imagined.step(intersection, table, &seen.shown, &arrived, forecast, dt_s);
        for lane in intersection.lane_ixs().filter(|lane| !sight.doubted[lane.0]) {
            if let Some(counted) = self.arrivals.counted(lane) {
                seen.street.limit(lane, counted as f64);
            }
        }
        seen.at = at;
        let refused = self.decide(seen, sight, at);
        let now = Batch {
            begin: at,
            intersections: 0,
            vehicles: arrived.iter().sum(),
            street,
            shadow: imagined,
            estimated: forecast.queue.sum() * dt_s,
            refused,
        };
        self.add(seen, now, at)
    }

    /// What was of the last look belongs to the batch that it ends in; who ends a batch gives it out.
    fn add(&self, seen: &mut Seen, now: Batch, at: Timestamp) -> Option<Batch> {
        if let Some(batch) = &mut seen.batch {
            *batch += now;
        }
        let length = self.settings.batch.0;
        let begin = Timestamp(at.0 - at.0.rem_euclid(length));
        let last = seen.batch.map(|batch| batch.begin);
        let is_new = last.map_or(begin >= seen.counts_from && at - begin < GAP_MAX, |last| last != begin);
        if !is_new {
            return None;
        }
        seen.batch.replace(Batch { begin, intersections: 1, ..Batch::default() })
    }

    fn decide(&mut self, seen: &mut Seen, sight: &Sight, at: Timestamp) -> u64 {
        let lanes = presences(&self.intersection, &seen.imagined, &self.arrivals, &sight.doubted, at);
        seen.waiting.update(&self.intersection, &seen.shown, &lanes, at);
        let view = View {
            intersection: &self.intersection,
            shown: &seen.shown,
            waiting: seen.waiting.since(),
            queues: &seen.imagined,
            arrivals: &self.arrivals,
            sight,
            at,
        };
        let (intent, refused) = self.decider.decide(&view);
        seen.intent = intent;
        refused
    }
}

#[cfg(test)]
mod tests;
