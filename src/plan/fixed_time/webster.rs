//! A fixed-time programme from flows: Webster's cycle, splits of equal saturation, refined on delay.
//!
//! In: flow of every movement \[veh/h\]. Out: greens for the stages of the intersection's programme, in their order.
//!
//! 1. Flows that have a choice of lanes are spread so that the lanes are loaded alike (`demand`).
//! 2. Critical flow ratio `Y`, from splits of equal saturation (a lane counts in every stage that serves it).
//! 3. Cycle `C₀ = (1.5 L + 5)/(1 − Y)` within limits, the longest when `Y ≥ 0.95`. *Webster (1958), Traffic signal
//!    settings, Road Research Technical Paper 39.*
//! 4. Splits: minimum greens, then second by second to the stage that does most for the most saturated lanes; so the
//!    critical lanes end with equal degrees of saturation, in oversaturation too.
//! 5. Refinement (can be left out): seconds are moved between stages and the cycle is searched by golden section while
//!    the mean HCM delay falls.
//! 6. Every stage whose groups are all served elsewhere may be dropped, when that lowers the delay noticeably.
//!
//! A stage without flow keeps its minimum green unless it is dropped. Assumes that flows are steady; the answer is as
//! old as they are.

use super::capacity::Cycle;
use super::demand::spread;
use super::split::{Task, golden};
use crate::ids::StageIx;
use crate::network::{Intersection, Programme, ProgrammeStep};
use crate::time::Millis;

/// Limits and choices.
#[derive(Debug, Clone, PartialEq)]
pub struct WebsterSettings {
    /// Shortest cycle; the minimum greens may ask for more. 20…120 s. Default 50 s: below it the loss at every change,
    /// which the model takes for a constant, eats the gain, and turning vehicles get stuck inside the junction.
    pub cycle_min: Millis,
    /// Longest cycle, 60…240 s.
    pub cycle_max: Millis,
    /// Whether greens and cycle are refined on delay; without, it is plain Webster.
    pub refine: bool,
    /// Whether stages served elsewhere may be dropped.
    pub may_drop: bool,
}

impl Default for WebsterSettings {
    fn default() -> Self {
        Self { cycle_min: Millis::from_secs(50), cycle_max: Millis::from_secs(120), refine: true, may_drop: true }
    }
}

/// A programme and how it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct WebsterPlan {
    /// Stages in order with their greens; offset zero.
    pub programme: Programme,
    /// Cycle length.
    pub cycle: Millis,
    /// Webster's own cycle, before refinement and limits other than the longest.
    pub cycle_webster: Millis,
    /// Critical flow ratio `Y`; above 1 − L/C the intersection is oversaturated.
    pub flow_ratio: f64,
    /// Highest degree of saturation of the lanes green in each step, in step order.
    pub saturation: Vec<f64>,
    /// Mean control delay by the model \[s/veh\].
    pub delay_s: f64,
    /// Movement flows after spreading over lanes \[veh/h\].
    pub flows: Vec<f64>,
    /// What it was made with.
    pub settings: WebsterSettings,
}

/// Gain of delay that must be had for leaving a stage out.
const DROP_GAIN: f64 = 0.02;
/// Flow ratio from which the longest cycle is taken.
const FLOW_RATIO_MAX: f64 = 0.95;
/// A fixed-time programme for these flows; `flow_by_movement` in movement order \[veh/h\].
///
/// # Panics
/// When `flow_by_movement` is not one finite number of at least zero a movement.
pub fn webster(intersection: &Intersection, flow_by_movement: &[f64], settings: &WebsterSettings) -> WebsterPlan {
    assert_eq!(flow_by_movement.len(), intersection.movements.len(), "one flow a movement");
    assert!(flow_by_movement.iter().all(|flow| flow.is_finite() && *flow >= 0.0), "flows are numbers from zero up");
    let flows = spread(intersection, flow_by_movement);
    let task = Task { intersection, flows: flows.iter().map(|flow| flow / 3600.0).collect(), settings };
    let all: Vec<StageIx> = intersection.programme.steps.iter().map(|step| step.stage).collect();
    let mut best = task.solve(all.clone());
    if settings.may_drop {
        for stages in task.subsets(&all) {
            let other = task.solve(stages);
            if other.delay_s < best.delay_s * (1.0 - DROP_GAIN) {
                best = other;
            }
        }
    }
    best
}

impl WebsterPlan {
    /// The same stages and flows at a given cycle, which common cycles along a corridor need.
    ///
    /// A cycle that cannot hold the minimum greens becomes the shortest that can.
    #[must_use]
    pub fn at_cycle(&self, intersection: &Intersection, cycle: Millis) -> Self {
        let flows = self.flows.iter().map(|flow| flow / 3600.0).collect();
        let task = Task { intersection, flows, settings: &self.settings };
        let stages = self.programme.steps.iter().map(|step| step.stage).collect();
        let timed = task.timed(stages, cycle.as_secs_f64());
        Self { programme: Programme { offset: self.programme.offset, ..programme(&timed) }, ..task.plan(&timed, self) }
    }
}

impl<'a> Task<'a> {
    /// The best plan with exactly these stages.
    fn solve(&self, stages: Vec<StageIx>) -> WebsterPlan {
        let flow_ratio = self.flow_ratio(stages.clone());
        let lost = Cycle::new(self.intersection, stages.clone()).lost();
        let (shortest, longest) = (self.settings.cycle_min.as_secs_f64(), self.settings.cycle_max.as_secs_f64());
        let own = if flow_ratio < FLOW_RATIO_MAX { (1.5 * lost + 5.0) / (1.0 - flow_ratio) } else { longest };
        let own = own.min(longest);
        let mut best = self.timed(stages.clone(), own.max(shortest).round());
        if self.settings.refine {
            let found = golden(shortest, longest, |cycle| self.delay(&self.timed(stages.clone(), cycle.round())));
            let found = self.timed(stages, found.round());
            if self.delay(&found) < self.delay(&best) {
                best = found;
            }
        }
        let shape = WebsterPlan {
            programme: Programme::default(),
            cycle: Millis::ZERO,
            cycle_webster: Millis::from_secs_f64(own),
            flow_ratio,
            saturation: Vec::new(),
            delay_s: 0.0,
            flows: self.flows.iter().map(|flow| flow * 3600.0).collect(),
            settings: self.settings.clone(),
        };
        self.plan(&best, &shape)
    }

    /// A timed cycle as a plan; what does not depend on it comes from `shape`.
    fn plan(&self, cycle: &Cycle<'a>, shape: &WebsterPlan) -> WebsterPlan {
        let programme = programme(cycle);
        let served = |stage: StageIx| {
            let lanes = self.intersection.lane_ixs().filter(move |lane| {
                let groups = self.intersection.lanes[lane.0].movements.iter();
                groups
                    .into_iter()
                    .any(|m| self.intersection.stage(stage).serves(self.intersection.movements[m.0].group))
            });
            lanes.filter_map(|lane| cycle.fare(lane, &self.flows)).map(|fare| fare.saturation).fold(0.0, f64::max)
        };
        WebsterPlan {
            cycle: super::cycle(self.intersection, &programme),
            saturation: cycle.stages.iter().map(|&stage| served(stage)).collect(),
            delay_s: self.delay(cycle),
            programme,
            ..shape.clone()
        }
    }

    /// Every way to leave out stages whose groups are all green in one that stays.
    fn subsets(&self, all: &[StageIx]) -> Vec<Vec<StageIx>> {
        const MOST: usize = 8;
        if all.len() < 2 || all.len() > MOST {
            return Vec::new();
        }
        let served = |stages: &[StageIx]| -> Vec<bool> {
            let groups = self.intersection.group_ixs();
            groups.map(|group| stages.iter().any(|&stage| self.intersection.stage(stage).serves(group))).collect()
        };
        let everyone = served(all);
        (1..(1_usize << all.len()) - 1)
            .map(|mask| (0..all.len()).filter(|bit| mask >> bit & 1 == 1).map(|bit| all[bit]).collect::<Vec<_>>())
            .filter(|stages| served(stages) == everyone)
            .collect()
    }
}

/// A timed cycle as a programme without offset.
fn programme(cycle: &Cycle<'_>) -> Programme {
    let steps = cycle.stages.iter().zip(&cycle.greens);
    let steps = steps.map(|(&stage, &green)| ProgrammeStep { stage, green: Millis::from_secs_f64(green) });
    Programme { offset: Millis::ZERO, steps: steps.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MovementIx;
    use crate::network::sample::{self, THROUGH_EW, THROUGH_NS, movement};

    fn two_stages() -> Intersection {
        let mut crossroads = sample::crossroads();
        crossroads.programme.steps.retain(|step| step.stage == THROUGH_NS || step.stage == THROUGH_EW);
        crossroads
    }

    fn flows(pairs: &[(MovementIx, f64)]) -> Vec<f64> {
        let mut flows = vec![0.0; 12];
        for &(movement, flow) in pairs {
            flows[movement.0] = flow;
        }
        flows
    }

    fn plain() -> WebsterSettings {
        WebsterSettings { refine: false, may_drop: false, ..WebsterSettings::default() }
    }

    /// Webster's two-phase example as textbooks give it: y = 0.25 and 0.30 (here 450 and 540 of 1800 veh/h), lost time
    /// 8 s: C₀ = (12 + 5)/(1 − 0.55) = 37.8 s, effective greens in the ratio 0.25 : 0.30.
    #[test]
    fn the_textbook_cycle_and_splits_come_out() {
        let crossroads = two_stages();
        let settings = WebsterSettings { cycle_min: Millis::from_secs(30), ..plain() };
        let flows = flows(&[(movement(0, 0), 450.0), (movement(2, 0), 300.0), (movement(1, 0), 540.0)]);
        let plan = webster(&crossroads, &flows, &settings);
        assert!((plan.flow_ratio - 0.55).abs() < 0.004, "{}", plan.flow_ratio);
        assert!((plan.cycle_webster.as_secs_f64() - 37.8).abs() < 0.3, "{}", plan.cycle_webster);
        assert_eq!(plan.cycle, Millis::from_secs(38));
        let greens: Vec<i64> = plan.programme.steps.iter().map(|step| step.green.0 / 1000).collect();
        assert!(greens == [14, 16] || greens == [13, 17], "{greens:?}");
        assert!((plan.saturation[0] - plan.saturation[1]).abs() < 0.07, "{:?}", plan.saturation);
    }

    #[test]
    fn oversaturation_gets_the_longest_cycle_and_shares_the_misery() {
        let plan = webster(&two_stages(), &flows(&[(movement(0, 0), 1200.0), (movement(1, 0), 1000.0)]), &plain());
        assert_eq!(plan.cycle, Millis::from_secs(120));
        assert!(plan.flow_ratio > 1.1 && (plan.saturation[0] - plan.saturation[1]).abs() < 0.05, "{plan:?}");
    }

    #[test]
    fn refinement_never_raises_the_delay_and_keeps_minimum_greens() {
        let crossroads = sample::crossroads();
        let flows: Vec<f64> = (0..12).map(|ix| 40.0 + f64::from(ix) * 25.0).collect();
        let rough = webster(&crossroads, &flows, &plain());
        let fine = webster(&crossroads, &flows, &WebsterSettings { may_drop: false, ..WebsterSettings::default() });
        assert!(fine.delay_s <= rough.delay_s);
        for step in rough.programme.steps.iter().chain(&fine.programme.steps) {
            assert!(step.green >= crossroads.green_min(step.stage));
        }
    }

    #[test]
    fn left_stages_without_lefts_are_dropped_and_with_many_lefts_kept() {
        let crossroads = sample::crossroads();
        let through = [(movement(0, 0), 700.0), (movement(2, 0), 700.0), (movement(1, 0), 500.0)];
        let empty = webster(&crossroads, &flows(&through), &WebsterSettings::default());
        let stages = |plan: &WebsterPlan| plan.programme.steps.iter().map(|step| step.stage).collect::<Vec<_>>();
        assert_eq!(stages(&empty), [THROUGH_NS, THROUGH_EW]);
        let lefts = [(movement(0, 2), 500.0), (movement(2, 2), 500.0)];
        let full = webster(&crossroads, &flows(&[&through[..], &lefts[..]].concat()), &WebsterSettings::default());
        assert!(stages(&full).contains(&sample::LEFT_NS), "{full:?}");
    }

    #[test]
    fn a_given_cycle_is_met_to_the_millisecond() {
        let crossroads = sample::crossroads();
        let plan = webster(&crossroads, &flows(&[(movement(0, 0), 500.0), (movement(1, 2), 100.0)]), &plain());
        assert_eq!(plan.at_cycle(&crossroads, Millis::from_secs(96)).cycle, Millis::from_secs(96));
    }
}
