//! What the shadow would show: a policy's legs through the same guard, layout and gate as the plans of the street.
//!
//! ```text
//! policy ─> legs ─> maximum-red guard ─> layout ─> gate ─> intent      refused: the programme, then rest
//! ```
//!
//! An [`Intent`] is lamps that are only imagined. It is made here, followed by the imagined lamps of [`super::Shadow`], and is nothing else: no function gives out
//! the plan that the gate has judged, this module may not use `wire` (`tests/it/tidy.rs`), and whoever drives a shadow gets
//! [`super::Batch`]es of it, which are sums.
//!
//! Weaknesses: emergency vehicles do not preempt here; of buses and walkers the adaptive policy knows as long as they wait in the
//! street; changes begin at once, without the lead that a plan needs on its way.

use super::arrivals::Arrivals;
use super::queues::{Queues, SOMEBODY};
use crate::baseline::actuated::{Actuated, ActuatedSettings};
use crate::controller::horizon::Horizon;
use crate::controller::{self, Sight, stabilise};
use crate::network::Intersection;
use crate::plan::check::check;
use crate::plan::layout::{Leg, lay_out};
use crate::plan::waiting::Presence;
use crate::plan::{Interval, Mode, Plan, Shown, fixed_time};
use crate::time::{Millis, Timestamp};

/// How far the lamps are laid out ahead.
const AHEAD: Millis = Millis::from_secs(20);
/// Reach of the detectors of actuated control \[m\]: some two seconds before the stop line.
const CALL_RANGE_M: f64 = 30.0;

/// Who the shadow is.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// The programme of the intersection.
    Fixed,
    /// Local actuated control.
    Actuated,
    /// The rolling-horizon search with scalars of its own, by scene.
    Adaptive(Box<controller::Settings>),
}

impl Policy {
    /// How it is written.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Actuated => "actuated",
            Self::Adaptive(_) => "adaptive",
        }
    }
}

/// Lamps that are only imagined.
#[derive(Debug, Clone, Default)]
pub(super) struct Intent(Vec<Interval>);

impl Intent {
    /// Imagined lamps at an instant, after they have followed it from those of an earlier one.
    pub(super) fn followed(&self, shown: &Shown, until: Timestamp) -> Shown {
        shown.following(&self.0, until)
    }
}

/// What a policy decides on.
pub(super) struct View<'a> {
    pub(super) intersection: &'a Intersection,
    /// The imagined lamps.
    pub(super) shown: &'a Shown,
    /// Since when somebody waits at each group of the imagined street.
    pub(super) waiting: &'a [Option<Timestamp>],
    /// Queues of the imagined street.
    pub(super) queues: &'a Queues,
    pub(super) arrivals: &'a Arrivals,
    /// What the engine knows of the real one.
    pub(super) sight: &'a Sight,
    pub(super) at: Timestamp,
}

/// A policy at work.
#[derive(Debug, Clone)]
pub(super) struct Decider {
    policy: Policy,
    actuated: Actuated,
    horizon: Horizon,
}

impl Decider {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy, actuated: Actuated::new(ActuatedSettings::default()), horizon: Horizon::default() }
    }

    /// Steps that its forecasts must reach ahead, and people in a bus.
    pub(super) fn wants(&self, intersection: &Intersection) -> (usize, f64) {
        match &self.policy {
            Policy::Fixed | Policy::Actuated => (1, 0.0),
            Policy::Adaptive(settings) => {
                let scenes = settings.scenes.values().chain([&settings.search]);
                let steps = scenes.map(|search| Horizon::steps(intersection, search)).max().unwrap_or(1);
                (steps, settings.search.people.transit)
            }
        }
    }

    /// What it would show from now on, and how many of its wishes the gate has refused.
    pub(super) fn decide(&mut self, view: &View<'_>) -> (Intent, u64) {
        let wishes = [self.legs(view), programme(view), change_under_way(view)];
        for (refused, legs) in wishes.iter().enumerate() {
            let guarded = stabilise::guard(view.intersection, view.shown, legs, view.waiting, view.at + AHEAD);
            if let Some(intent) = judged(view, &guarded.legs) {
                return (intent, refused as u64);
            }
        }
        (Intent::default(), wishes.len() as u64)
    }

    fn legs(&mut self, view: &View<'_>) -> Vec<Leg> {
        match &self.policy {
            Policy::Fixed => programme(view),
            Policy::Actuated => {
                self.actuated.set_unhealthy(&view.sight.doubted);
                let calls: Vec<bool> = view.intersection.lane_ixs().map(|lane| view.calls(lane.0)).collect();
                let to = self.actuated.decide(view.intersection, view.shown, &calls, view.at);
                to.map(|to| Leg { to, leave: view.at }).into_iter().collect()
            }
            Policy::Adaptive(settings) => {
                let mut forecast = view.sight.forecast.clone();
                for (lane, imagined) in view.intersection.lane_ixs().zip(view.queues.each()) {
                    // Who moves towards the line moves in both streets; who stands does not.
                    forecast.vehicles[lane.0] += imagined - forecast.queue[lane.0];
                    forecast.queue[lane.0] = imagined;
                }
                forecast.vehicles.mapv_inplace(|vehicles| vehicles.max(0.0));
                let search = settings.search_in(view.sight.scene);
                let asking = &view.sight.asking;
                let found = self.horizon.search(view.intersection, view.shown, &forecast, asking, search, view.at);
                found.map_or_else(|| programme(view), |found| found.legs)
            }
        }
    }
}

impl View<'_> {
    fn calls(&self, lane: usize) -> bool {
        let ix = crate::ids::LaneIx(lane);
        let within = Millis::from_secs_f64(CALL_RANGE_M / self.intersection.lanes[lane].speed_mps);
        self.queues.of(ix) >= SOMEBODY || self.arrivals.near(ix, self.at, within)
    }
}

/// Who is where in an imagined street, for the clock of the maximum red.
pub(super) fn presences(
    intersection: &Intersection,
    queues: &Queues,
    arrivals: &Arrivals,
    doubted: &[bool],
    at: Timestamp,
) -> Vec<Presence> {
    let presence = |lane: crate::ids::LaneIx| match (doubted[lane.0], queues.of(lane) >= SOMEBODY) {
        (true, _) => Presence::Unknown,
        (false, true) => Presence::Standing,
        (false, false) if arrivals.near(lane, at, AHEAD) => Presence::Moving,
        (false, false) => Presence::Nobody,
    };
    intersection.lane_ixs().map(presence).collect()
}

fn programme(view: &View<'_>) -> Vec<Leg> {
    let until = view.at + AHEAD;
    fixed_time::legs(view.intersection, &view.intersection.programme, view.shown, view.at, until)
}

/// Finish the change under way, or rest.
fn change_under_way(view: &View<'_>) -> Vec<Leg> {
    let stage = view.shown.stage.filter(|&stage| !view.shown.is_fully(view.intersection.stage(stage)));
    stage.map(|to| Leg { to, leave: view.at }).into_iter().collect()
}

/// Drawn by the layout, judged by the gate. The plan that the gate wants to see ends here.
fn judged(view: &View<'_>, legs: &[Leg]) -> Option<Intent> {
    let plan = Plan {
        intersection: view.intersection.id.clone(),
        config_hash: view.intersection.config_hash.clone(),
        epoch: 0,
        seq: 0,
        issued: view.at,
        lease: Plan::LEASE_MAX,
        nonce_echo: 0,
        mode: Mode::Adaptive,
        reason: "imagined".to_owned(),
        intervals: lay_out(view.intersection, view.shown, legs, view.at + AHEAD),
    };
    let verdict = check(&plan, view.intersection, view.shown, view.at, view.waiting);
    verdict.is_good().then_some(Intent(plan.intervals))
}
