//! How the green of a cycle is split, and which cycle is best: the arithmetic behind [`super::webster()`].
//!
//! In: stages in order, movement flows \[veh/s\], a cycle length \[s\]. Out: greens \[s\]. Splits start from the minimum
//! greens; every further portion goes to the stage that relieves the most saturated lanes most (the sum of `X^24`), which
//! equalises the degrees of saturation of the critical lanes whether lanes are served in one stage or in several.
//! Refinement moves whole seconds between stages while the mean HCM delay falls.

use super::capacity::{Cycle, Fare};
use super::webster::WebsterSettings;
use crate::ids::{LaneIx, StageIx};
use crate::network::Intersection;

/// Exponent by which the most saturated lanes count most.
const CRITICAL_POWER: i32 = 24;

/// One intersection with its flows \[veh/s\].
pub(super) struct Task<'a> {
    pub intersection: &'a Intersection,
    pub flows: Vec<f64>,
    pub settings: &'a WebsterSettings,
}

impl<'a> Task<'a> {
    /// `Y` by splits of equal saturation without minimum greens in a long cycle: there `X = Y·C/(C − L)`.
    pub fn flow_ratio(&self, stages: Vec<StageIx>) -> f64 {
        const LONG: f64 = 120.0;
        let mut cycle = Cycle::new(self.intersection, stages);
        let lost = cycle.lost();
        self.share_out(&mut cycle, 0.95 * LONG, 1.0);
        self.share_out(&mut cycle, LONG, 0.05);
        let critical = self.fares(&cycle).map(|(_, fare)| fare.saturation).fold(0.0, f64::max);
        critical * (cycle.length() - lost).max(0.0) / cycle.length()
    }

    /// Stages timed for a cycle length \[s\].
    pub fn timed(&self, stages: Vec<StageIx>, length: f64) -> Cycle<'a> {
        let mut cycle = Cycle::new(self.intersection, stages);
        for (green, &stage) in cycle.greens.iter_mut().zip(&cycle.stages) {
            *green = self.intersection.green_min(stage).as_secs_f64().max(1.0);
        }
        self.share_out(&mut cycle, length, 1.0);
        if self.settings.refine {
            self.refine(&mut cycle);
        }
        cycle
    }

    /// Hand out green in portions \[s\] until the cycle is full, each to the stage that relieves the critical lanes most.
    fn share_out(&self, cycle: &mut Cycle<'a>, length: f64, portion: f64) {
        loop {
            let left = length - cycle.length();
            if left < 1e-9 {
                return;
            }
            let portion = portion.min(left);
            let mut best = (f64::INFINITY, 0);
            for step in 0..cycle.stages.len() {
                cycle.greens[step] += portion;
                let strain = self.fares(cycle).map(|(_, fare)| fare.saturation.powi(CRITICAL_POWER)).sum();
                cycle.greens[step] -= portion;
                if strain < best.0 {
                    best = (strain, step);
                }
            }
            cycle.greens[best.1] += portion;
        }
    }

    /// Move seconds from stage to stage while the delay falls.
    fn refine(&self, cycle: &mut Cycle<'a>) {
        let least: Vec<f64> =
            cycle.stages.iter().map(|&stage| self.intersection.green_min(stage).as_secs_f64().max(1.0)).collect();
        let mut delay = self.delay(cycle);
        for seconds in [4.0, 2.0, 1.0] {
            while let Some((better, from, to)) = self.best_move(cycle, &least, seconds).filter(|it| it.0 < delay - 1e-6)
            {
                cycle.greens[from] -= seconds;
                cycle.greens[to] += seconds;
                delay = better;
            }
        }
    }

    fn best_move(&self, cycle: &mut Cycle<'a>, least: &[f64], seconds: f64) -> Option<(f64, usize, usize)> {
        let mut best: Option<(f64, usize, usize)> = None;
        for from in 0..least.len() {
            if cycle.greens[from] - seconds < least[from] {
                continue;
            }
            for to in (0..least.len()).filter(|&to| to != from) {
                let before = (cycle.greens[from], cycle.greens[to]);
                cycle.greens[from] -= seconds;
                cycle.greens[to] += seconds;
                let delay = self.delay(cycle);
                (cycle.greens[from], cycle.greens[to]) = before;
                if best.is_none_or(|it| delay < it.0) {
                    best = Some((delay, from, to));
                }
            }
        }
        best
    }

    pub fn fares<'b>(&'b self, cycle: &'b Cycle<'a>) -> impl Iterator<Item = (LaneIx, Fare)> + 'b {
        self.intersection.lane_ixs().filter_map(|lane| cycle.fare(lane, &self.flows).map(|fare| (lane, fare)))
    }

    /// Mean delay over all vehicles \[s/veh\].
    pub fn delay(&self, cycle: &Cycle<'a>) -> f64 {
        let (mut vehicles, mut delay) = (0.0, 0.0);
        for (lane, fare) in self.fares(cycle) {
            let flow: f64 = self.intersection.lanes[lane.0].movements.iter().map(|m| self.flows[m.0]).sum();
            vehicles += flow;
            delay += flow * fare.delay;
        }
        if vehicles > 0.0 { delay / vehicles } else { 0.0 }
    }
}

/// Where a function of one variable is least, to within a second; exact when it has one valley.
pub(super) fn golden(low: f64, high: f64, mut value: impl FnMut(f64) -> f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_895;
    let (mut a, mut b) = (low, high);
    let (mut left, mut right) = (b - RATIO * (b - a), a + RATIO * (b - a));
    let (mut at_left, mut at_right) = (value(left), value(right));
    while b - a > 1.0 {
        if at_left <= at_right {
            (b, right, at_right) = (right, left, at_left);
            left = b - RATIO * (b - a);
            at_left = value(left);
        } else {
            (a, left, at_left) = (left, right, at_right);
            right = a + RATIO * (b - a);
            at_right = value(right);
        }
    }
    f64::midpoint(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_is_found() {
        assert!((golden(40.0, 120.0, |x| (x - 71.3).powi(2)) - 71.3).abs() < 1.0);
    }
}
