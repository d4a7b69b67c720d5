//! What a fixed-time cycle can serve: capacity, degree of saturation and control delay of each lane.
//!
//! In: movement flows \[veh/s\], stages in order with greens and the changes between them \[s\]. Out: per lane the vehicles
//! it can serve a cycle and the mean delay \[s/veh\].
//!
//! - **Effective green**: displayed green less the start-up loss, plus the part of yellow that is used. A lane green in
//!   two stages that follow each other flows on through the change between them; a lane served in several stages has
//!   the sum of its greens.
//! - **Shared lanes** discharge in order ([`shared_lane`]).
//! - **Permissive turns**: nothing while the opposed queue clears (`g_u = g − q(C − g)/(s − q)`), then gap acceptance,
//!   `q·exp(−q t_c)/(1 − exp(−q t_f))`, `t_c` = 4.5 s, `t_f` = 2.5 s, and [`SNEAKERS`] at the end (HCM 2000, ch. 16, app. C).
//! - **Delay** (HCM 2000, ch. 16): uniform `Σ r²/(2C(1 − min(1, X)·g/C))` over the effective reds `r`, plus incremental
//!   `900 T((X − 1) + √((X − 1)² + 4X/(cT)))`, T = 0.25 h.
//!
//! Weaknesses: arrivals are uniform (coordination is `offsets`); pedestrians on the way of turns are not seen.

use crate::ids::{LaneIx, MovementIx, StageIx};
use crate::network::Intersection;
use crate::plan::shared_lane;
use crate::units::Indication;

/// Lost at the start of green \[s\].
const STARTUP_LOSS: f64 = 2.0;
/// Yellow that is used as green \[s\].
const YELLOW_USED: f64 = 2.0;
/// Vehicles that turn in the change interval of a permissive green.
const SNEAKERS: f64 = 2.0;
/// Critical gap and follow-up time of permissive turns \[s\].
const CRITICAL_GAP: f64 = 4.5;
const FOLLOW_UP: f64 = 2.5;
/// Length of the analysed period \[h\].
const PERIOD_H: f64 = 0.25;
/// Degree of saturation that stands for "cannot be served at all".
const SATURATION_MAX: f64 = 100.0;

/// A cycle: stages in order, their greens and the change after each \[s\].
#[derive(Debug, Clone)]
pub(super) struct Cycle<'a> {
    pub intersection: &'a Intersection,
    pub stages: Vec<StageIx>,
    pub greens: Vec<f64>,
    pub changes: Vec<f64>,
}

/// How a lane fares in a cycle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fare {
    /// Degree of saturation.
    pub saturation: f64,
    /// Mean control delay \[s/veh\].
    pub delay: f64,
}

impl<'a> Cycle<'a> {
    /// Stages in order with no green yet.
    pub fn new(intersection: &'a Intersection, stages: Vec<StageIx>) -> Self {
        let next = stages.iter().cycle().skip(1);
        let changes =
            stages.iter().zip(next).map(|(&from, &to)| intersection.intergreen(from, to).as_secs_f64()).collect();
        Self { intersection, greens: vec![0.0; stages.len()], stages, changes }
    }

    /// Its length \[s\].
    pub fn length(&self) -> f64 {
        self.greens.iter().chain(&self.changes).sum()
    }

    /// Time in a cycle in which nobody goes, were every change a start for somebody \[s\].
    pub fn lost(&self) -> f64 {
        self.changes.iter().filter(|&&change| change > 0.0).map(|change| change + STARTUP_LOSS - YELLOW_USED).sum()
    }

    /// How a lane with these movement flows \[veh/s\] fares; `None` without flow.
    pub fn fare(&self, lane: LaneIx, flows: &[f64]) -> Option<Fare> {
        let flow: f64 = self.intersection.lanes[lane.0].movements.iter().map(|m| flows[m.0]).sum();
        if flow <= 0.0 {
            return None;
        }
        let cycle = self.length();
        let rates = self.rates(lane, flows);
        let windows = self.windows(&rates);
        let served: f64 = windows.iter().map(|window| window.served).sum();
        let saturation = (flow * cycle / served.max(1e-9)).min(SATURATION_MAX);
        let green = (cycle - windows.iter().map(|window| window.red_before).sum::<f64>()).clamp(0.0, cycle);
        let busy = saturation.min(1.0) * green / cycle;
        let reds: f64 = windows.iter().map(|window| window.red_before.powi(2)).sum();
        let uniform = if windows.is_empty() { cycle / 2.0 } else { reds / (2.0 * cycle * (1.0 - busy).max(0.02)) };
        let capacity = 3600.0 * served.max(0.01) / cycle;
        let over = saturation - 1.0;
        let incremental = 900.0 * PERIOD_H * (over + (over * over + 4.0 * saturation / (capacity * PERIOD_H)).sqrt());
        Some(Fare { saturation, delay: uniform + incremental })
    }

    /// Discharge of a lane in each stage while it has a queue \[veh/s\].
    pub fn rates(&self, lane: LaneIx, flows: &[f64]) -> Vec<f64> {
        (0..self.stages.len()).map(|step| self.rate(lane, flows, step)).collect()
    }

    fn rate(&self, lane: LaneIx, flows: &[f64], step: usize) -> f64 {
        let lane = &self.intersection.lanes[lane.0];
        let signals = &self.intersection.stage(self.stages[step]).signals;
        let total: f64 = lane.movements.iter().map(|m| flows[m.0]).sum();
        let turns = lane.movements.iter().map(|&movement| {
            let share = if total > 0.0 { flows[movement.0] / total } else { 1.0 / lane.movements.len() as f64 };
            let rate = match signals[self.intersection.movements[movement.0].group.0] {
                Indication::Protected => Some(lane.saturation_prior),
                Indication::Permissive => Some(self.permissive(movement, lane.saturation_prior, flows, step)),
                _ => None,
            };
            (share, rate)
        });
        shared_lane::discharge(turns, self.greens[step])
    }

    /// Discharge of a permissive turn, averaged over the green of the stage \[veh/s\].
    fn permissive(&self, movement: MovementIx, saturation: f64, flows: &[f64], step: usize) -> f64 {
        let (green, cycle) = (self.greens[step].max(1.0), self.length().max(1.0));
        let signals = &self.intersection.stage(self.stages[step]).signals;
        let mut opposed = 0.0;
        let mut per_lane = vec![0.0; self.intersection.lanes.len()];
        for other in &self.intersection.movements[movement.0].yields_to {
            let (definition, flow) = (&self.intersection.movements[other.0], flows[other.0]);
            if let Some(lane) = definition.lane.filter(|_| signals[definition.group.0].is_green()) {
                opposed += flow;
                per_lane[lane.0] += flow;
            }
        }
        if opposed <= 0.0 {
            return saturation;
        }
        let clearing = per_lane.iter().zip(&self.intersection.lanes).map(|(&flow, lane)| {
            let spare = lane.saturation_prior - flow;
            if spare > 0.0 { flow * (cycle - green).max(0.0) / spare } else { green }
        });
        let free = (green - clearing.fold(0.0, f64::max)).max(0.0);
        let gaps = opposed * (-opposed * CRITICAL_GAP).exp() / (1.0 - (-opposed * FOLLOW_UP).exp());
        ((gaps * free + SNEAKERS) / green).min(saturation)
    }

    /// Stretches in which a lane flows without a pause, in cyclic order.
    fn windows(&self, rates: &[f64]) -> Vec<Window> {
        let steps = self.stages.len();
        let Some(first) = (0..steps).find(|&step| rates[step] > 0.0 && !flows_on(rates, (step + steps - 1) % steps))
        else {
            let always = rates.iter().all(|&rate| rate > 0.0);
            let served = (0..steps).map(|step| rates[step] * (self.greens[step] + self.changes[step])).sum();
            return if always { vec![Window { served, red_before: 0.0 }] } else { Vec::new() };
        };
        let mut windows: Vec<Window> = Vec::new();
        let mut red = 0.0;
        for step in (first..first + steps).map(|step| step % steps) {
            if rates[step] <= 0.0 {
                red += self.greens[step] + self.changes[step];
                continue;
            }
            if !flows_on(rates, (step + steps - 1) % steps) {
                let lost = STARTUP_LOSS;
                windows.push(Window { served: -lost * rates[step], red_before: red + lost });
                red = 0.0;
            }
            let window = windows.last_mut().expect("the first step opens a window");
            window.served += rates[step] * self.greens[step];
            if flows_on(rates, step) {
                window.served += rates[step] * self.changes[step];
            } else {
                let used = YELLOW_USED.min(self.changes[step]);
                window.served += rates[step] * used;
                red += self.changes[step] - used;
            }
        }
        windows[0].red_before += red;
        for window in &mut windows {
            window.served = window.served.max(0.0);
        }
        windows
    }
}

/// Whether a lane with these rates flows through the change after a step.
fn flows_on(rates: &[f64], step: usize) -> bool {
    rates[step] > 0.0 && rates[(step + 1) % rates.len()] > 0.0
}

/// A stretch in which a lane flows, and the effective red before it \[s\].
#[derive(Debug, Clone, Copy)]
struct Window {
    served: f64,
    red_before: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{self, THROUGH_EW, THROUGH_NS, lane, movement};

    fn flows(pairs: &[(MovementIx, f64)]) -> Vec<f64> {
        let mut flows = vec![0.0; 12];
        for &(movement, per_hour) in pairs {
            flows[movement.0] = per_hour / 3600.0;
        }
        flows
    }

    #[test]
    fn a_lane_with_one_green_has_the_delay_of_the_manual() {
        let crossroads = sample::crossroads();
        let mut cycle = Cycle::new(&crossroads, vec![THROUGH_NS, THROUGH_EW]);
        cycle.greens = vec![32.0, 30.0];
        assert!((cycle.length() - 70.0).abs() < 1e-9);
        let fare = cycle.fare(lane(0, 0), &flows(&[(movement(0, 0), 600.0)])).unwrap();
        // by hand: g/C = 32/70, c = 822.86 veh/h, X = 0.72917; d1 = 38²/(140·(1 − 1/3)) = 15.471;
        // d2 = 225·(−0.27083 + √(0.27083² + 4·0.72917/205.71)) = 5.624
        assert!((fare.saturation - 0.729_17).abs() < 1e-4, "{fare:?}");
        assert!((fare.delay - 21.10).abs() < 0.02, "{fare:?}");
    }

    #[test]
    fn opposed_traffic_takes_the_capacity_of_a_permissive_turn() {
        let crossroads = sample::crossroads();
        let mut cycle = Cycle::new(&crossroads, vec![THROUGH_NS, THROUGH_EW]);
        cycle.greens = vec![32.0, 30.0];
        let left = |opposed| {
            let flows = flows(&[(movement(0, 2), 100.0), (movement(2, 0), opposed)]);
            cycle.fare(lane(0, 1), &flows).unwrap().saturation
        };
        assert!(left(0.0) < left(300.0) && left(300.0) < left(700.0));
        // never less than the sneakers: 100 veh/h in 70 s are 1.94 vehicles
        assert!(left(1500.0) < 1.1);
    }

    #[test]
    fn a_red_turn_blocks_a_shared_lane() {
        let mut crossroads = sample::crossroads();
        let right = movement(0, 1);
        crossroads.movements[right.0].group = crate::ids::GroupIx(1);
        crossroads.stages[0].signals[1] = Indication::Red;
        let mut cycle = Cycle::new(&crossroads, vec![THROUGH_NS, THROUGH_EW]);
        cycle.greens = vec![30.0, 30.0];
        let rate = cycle.rates(lane(0, 0), &flows(&[(movement(0, 0), 300.0), (right, 100.0)]))[0];
        // an expected run of 0.75·(1 − 0.75¹⁵)/0.25 = 2.96 vehicles
        assert!((rate * 30.0 - 2.96).abs() < 0.01, "{rate}");
    }

    #[test]
    fn a_lane_green_in_two_stages_flows_through_the_change() {
        let crossroads = sample::crossroads();
        let mut cycle = Cycle::new(&crossroads, vec![THROUGH_NS, sample::LEFT_NS, THROUGH_EW]);
        cycle.greens = vec![20.0, 10.0, 20.0];
        let fare = cycle.fare(lane(0, 1), &flows(&[(movement(0, 2), 360.0)])).unwrap();
        // 20 + 4 + 10 s of effective green out of 62 s, nobody opposed
        let expected = 0.1 * 62.0 / (0.5 * 34.0);
        assert!((cycle.length() - 62.0).abs() < 1e-9 && (fare.saturation - expected).abs() < 1e-6, "{fare:?}");
    }
}
