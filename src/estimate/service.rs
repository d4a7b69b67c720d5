//! How fast a lane discharges under each set of lamps it can see, learned while running.
//!
//! A lane's *service class* is what its movements show together: the same lane may discharge at saturation flow when all
//! its movements are protected, slower when its left turn must yield, and in fits and starts when one movement is red and
//! blocks the others. Each class keeps one number, vehicles per second of saturated green, learned from
//! passages while a queue stands:
//!
//! ```text
//! rate = (W0·prior + Σ passed) / (W0 + Σ dt)        with the sums fading over MEMORY_S
//! ```
//!
//! Prior: protected = saturation flow of the lane; permissive = saturation × [`super::Settings::permissive_factor`] (replaced by what is
//! seen); shared lanes by the turn shares of the file ([`shared_lane`]). Learned turn shares are not used here: what they would
//! tell is in the passages of each class already, and runs in which they moved the prior locked up more often (the
//! log in `docs/algorithm.md`).
//!
//! Assumption: discharge is stationary within a class. Weakness: a permissive rate follows the opposing flow only as fast
//! as it is learned.

use super::learned::LearnedDischarge;
use super::stall::ShownClass;
use crate::ids::{LaneIx, MovementIx, StageIx};
use crate::network::{Intersection, Problems};
use crate::plan::shared_lane;
use crate::units::{Indication, lamps_to_string};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Discharge over a red that allows turning, relative to protected.
const TURN_ON_RED_FACTOR: f64 = 0.3;
/// Weight of the prior \[s of saturated green\].
const PRIOR_WEIGHT_S: f64 = 40.0;
/// Longest memory \[s of saturated green\].
const MEMORY_S: f64 = 400.0;
/// Typical green over which the run of a partly blocked lane is spread \[s\].
const BLOCKED_RUN_GREEN_S: f64 = 15.0;
/// A protected lane is never believed to discharge slower than this share of its prior: what looks slower is blocked
/// by something downstream, which is not the lane's own doing.
const LEARNED_MIN: f64 = 0.4;
/// Longest period of counts that is learned from \[s\].
const LONGEST_PERIOD_S: f64 = 60.0;
/// No lane lets more pass than this, as it is counted \[veh/s\].
const LEARNABLE_MAX: f64 = 5.0;
/// Nor faster than this many times its prior.
const LEARNED_MAX: f64 = 1.6;

/// One service class of one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Class {
    signals: Vec<Indication>,
    /// Lanes whose vehicles go first.
    gives_way_to: Vec<LaneIx>,
    prior: f64,
    passed: f64,
    seconds: f64,
}

/// Discharge rates of all lanes of one intersection in all stages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    classes: Vec<Vec<Class>>,
    class_of: Array2<usize>,
    movements: Vec<Vec<MovementIx>>,
}

impl Service {
    /// Priors for every lane and stage of an intersection.
    ///
    /// `permissive_factor`: discharge of those who must give way, once the queues that go first are gone, over protected discharge.
    pub fn new(intersection: &Intersection, permissive_factor: f64) -> Self {
        let mut classes: Vec<Vec<Class>> = vec![Vec::new(); intersection.lanes.len()];
        let mut class_of = Array2::zeros((intersection.stages.len(), intersection.lanes.len()));
        for stage in intersection.stage_ixs() {
            for lane in intersection.lane_ixs() {
                let signals = signals_of(intersection, lane, &intersection.stage(stage).signals);
                let known = &mut classes[lane.0];
                let class = known.iter().position(|class| class.signals == signals).unwrap_or_else(|| {
                    let prior = prior(intersection, lane, &signals, permissive_factor);
                    let gives_way_to = intersection.gives_way_to(stage, lane);
                    known.push(Class { signals, gives_way_to, prior, passed: 0.0, seconds: 0.0 });
                    known.len() - 1
                });
                class_of[[stage.0, lane.0]] = class;
            }
        }
        let movements = intersection.lanes.iter().map(|lane| lane.movements.clone()).collect();
        Self { classes, class_of, movements }
    }

    /// Discharge of a lane in a stage while a queue stands \[veh/s, ≥ 0\].
    pub fn rate(&self, stage: StageIx, lane: LaneIx) -> f64 {
        self.classes[lane.0][self.class_in(stage, lane)].rate()
    }

    /// Number of service classes of a lane.
    pub(super) fn classes(&self, lane: LaneIx) -> usize {
        self.classes[lane.0].len()
    }

    /// Lanes whose vehicles go first while a lane is in a class.
    pub(super) fn gives_way_to(&self, lane: LaneIx, class: usize) -> &[LaneIx] {
        &self.classes[lane.0][class].gives_way_to
    }

    /// Class of a lane in a stage.
    pub(super) fn class_in(&self, stage: StageIx, lane: LaneIx) -> usize {
        self.class_of[[stage.0, lane.0]]
    }

    /// Class of a lane under the lamps of its movements, `None` while they are those of no stage: a change is under way.
    pub(super) fn class_shown(&self, lane: LaneIx, lamp: impl Fn(MovementIx) -> Indication) -> Option<ShownClass> {
        let signals: Vec<Indication> = self.movements[lane.0].iter().map(|&movement| lamp(movement)).collect();
        let number = self.classes[lane.0].iter().position(|class| class.signals == signals)?;
        Some(ShownClass { number, is_protected: self.classes[lane.0][number].is_protected() })
    }

    /// All rates, shape `[stage][lane]` \[veh/s\].
    pub fn table(&self) -> Array2<f64> {
        Array2::from_shape_fn(self.class_of.raw_dim(), |(stage, lane)| self.rate(StageIx(stage), LaneIx(lane)))
    }

    /// What was learned of a lane.
    pub(super) fn learned(&self, lane: LaneIx) -> Vec<LearnedDischarge> {
        let learned = |class: &Class| {
            let lamps = lamps_to_string(&class.signals);
            LearnedDischarge { lamps, passed: class.passed, seconds: class.seconds }
        };
        self.classes[lane.0].iter().map(learned).collect()
    }

    /// What of it is not of this lane, or cannot have been learned.
    pub(super) fn judge(&self, lane: LaneIx, learned: &[LearnedDischarge], place: &str, problems: &mut Problems) {
        let own = &self.classes[lane.0];
        if learned.len() != own.len() {
            problems.push(place, format_args!("{} sets of lamps", learned.len()), own.len());
            return;
        }
        for (class, learned) in own.iter().zip(learned) {
            let place = |key: &str| format!("{place}[{}].{key}", learned.lamps);
            let lamps = lamps_to_string(&class.signals);
            if learned.lamps != lamps {
                problems.push(place("lamps"), &learned.lamps, lamps);
            }
            problems.range(place("seconds"), learned.seconds, &(0.0..=MEMORY_S + LONGEST_PERIOD_S), "s");
            let most = LEARNABLE_MAX * learned.seconds.clamp(0.0, MEMORY_S + LONGEST_PERIOD_S);
            problems.range(place("passed"), learned.passed, &(0.0..=most), "veh");
        }
    }

    /// Go on with what was learned of a lane.
    pub(super) fn resume(&mut self, lane: LaneIx, learned: &[LearnedDischarge]) {
        for (class, learned) in self.classes[lane.0].iter_mut().zip(learned) {
            (class.passed, class.seconds) = (learned.passed, learned.seconds);
        }
    }

    /// Learn from one period in which a queue stood from beginning to end and the lane saw the lamps of this class.
    pub(super) fn learn(&mut self, lane: LaneIx, class: usize, passed: f64, dt_s: f64) {
        let class = &mut self.classes[lane.0][class];
        let fade = if class.seconds >= MEMORY_S { 1.0 - dt_s / MEMORY_S } else { 1.0 };
        class.passed = class.passed * fade + passed;
        class.seconds = class.seconds * fade + dt_s;
    }
}

impl Class {
    /// Whether nobody may cross the way of any of its movements.
    fn is_protected(&self) -> bool {
        self.signals.iter().all(|&signal| signal == Indication::Protected)
    }

    fn rate(&self) -> f64 {
        if self.prior <= 0.0 {
            return 0.0;
        }
        let learned = (PRIOR_WEIGHT_S * self.prior + self.passed) / (PRIOR_WEIGHT_S + self.seconds);
        let least = if self.is_protected() { LEARNED_MIN * self.prior } else { 0.01 };
        learned.clamp(least, LEARNED_MAX * self.prior.max(0.3))
    }
}

/// What the movements of a lane show.
fn signals_of(intersection: &Intersection, lane: LaneIx, lamps: &[Indication]) -> Vec<Indication> {
    let group = |movement: &MovementIx| intersection.movements[movement.0].group.0;
    intersection.lanes[lane.0].movements.iter().map(|movement| lamps[group(movement)]).collect()
}

/// Discharge of a lane under these lamps before anything is seen \[veh/s\].
fn prior(intersection: &Intersection, lane: LaneIx, signals: &[Indication], permissive_factor: f64) -> f64 {
    let saturation = intersection.lanes[lane.0].saturation_prior;
    let shares = intersection.lanes[lane.0].movements.iter().map(|m| intersection.movements[m.0].share_prior);
    let turns = shares.zip(signals).map(|(share, signal)| {
        let factor = match signal {
            Indication::Protected => Some(1.0),
            Indication::Permissive => Some(permissive_factor),
            Indication::RedTurnAllowed => Some(TURN_ON_RED_FACTOR),
            _ => None,
        };
        (share, factor.map(|factor| saturation * factor))
    });
    shared_lane::discharge(turns, BLOCKED_RUN_GREEN_S)
}
