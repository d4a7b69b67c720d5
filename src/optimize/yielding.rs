//! Lanes that give way: whose queues go first, how long each keeps them waiting, and the gaps that follow.
//!
//! In: the problem \[veh, steps\]. Out: per stage, the lanes that give way, with the time that each vehicle ahead of them takes to
//! clear \[step/veh\] and what is left of their discharge in each step, 0…1.
//!
//! While a queue goes first there are no gaps. Afterwards the discharge was learned with nobody coming; who is known to come then
//! takes his part of it (Highway Capacity Manual 7, eq. 31-100, permitted left turns):
//!
//! ```text
//! s(q) = q·e^(−q·t_c) / (1 − e^(−q·t_f))        left over: s(q) / s(0) = q·t_f·e^(−q·t_c) / (1 − e^(−q·t_f))
//! ```
//!
//! Without the second part a turn looks as good in gaps as under its arrow once the queue across is gone, however dense the stream
//! behind that queue is; the arrow then comes too late, and who waits inside the junction holds it up.
//!
//! Assumption: the stream of all lanes that go first counts as one. Weaknesses: the discharge is learned as soon as no queue goes
//! first, so those who came without queueing count twice, a little; gaps in a shared lane are not looked at
//! (`Intersection::gives_way_to`).

use super::predict::headroom;
use super::problem::Problem;

/// Smallest gap that a turning vehicle takes, in steps (HCM 7: 4.5 s).
const CRITICAL_GAP: f64 = 4.5;
/// Follow-up time in one gap, in steps (HCM 7: 2.5 s).
const FOLLOW_UP: f64 = 2.5;
/// Steps before and after over which who comes is spread: an arrival is known to a second or two.
const SPREAD: usize = 2;

/// A lane that gives way in a stage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Yielding {
    /// The lane.
    pub(super) lane: usize,
    /// Lanes that go first, and how long each of their vehicles keeps it waiting \[step/veh\].
    pub(super) first: Vec<(usize, f32)>,
    /// What is left of its discharge in each step once their queues are gone, 0…1; empty = all of it.
    pub(super) gaps: Vec<f32>,
    /// Step from which on those who come stand behind it; the number of steps where they always go first.
    pub(super) joins: usize,
}

impl Yielding {
    /// Lanes that give way in a stage, in order: each vehicle of a queue that goes first takes `1/(s − a)` to clear.
    pub(super) fn of_stage(problem: &Problem, stage: usize) -> Vec<Self> {
        let (lanes, steps) = problem.arrivals.dim();
        let of_stage = problem.gives_way[stage * lanes..(stage + 1) * lanes].iter().enumerate();
        let clearing = |lane: usize, other: usize| {
            // Who joins a queue does not care how many come after him.
            let rate = if problem.joins[lane].is_some() { 0.0 } else { problem.rate[other] };
            (other, (1.0 / headroom(problem.discharge[[stage, other]], rate)) as f32)
        };
        of_stage
            .filter(|(_, first)| !first.is_empty())
            .map(|(lane, first)| Self {
                lane,
                first: first.iter().map(|&other| clearing(lane, other)).collect(),
                gaps: match problem.joins[lane] {
                    Some(_) => Vec::new(),
                    None => (0..steps).map(|step| gap_share(flow(problem, first, step)) as f32).collect(),
                },
                joins: problem.joins[lane].unwrap_or(steps).min(steps),
            })
            .collect()
    }
}

/// Flow of some lanes around a step \[veh/step\]. Who came before now stands in the queue that goes first, or is gone.
fn flow(problem: &Problem, lanes: &[usize], step: usize) -> f64 {
    let around = step.saturating_sub(SPREAD)..(step + SPREAD + 1).min(problem.arrivals.ncols());
    let coming = |&lane: &usize| around.clone().map(|step| problem.arrivals[[lane, step]]).sum::<f64>();
    lanes.iter().map(coming).sum::<f64>() / (2 * SPREAD + 1) as f64
}

/// Share of its discharge that a lane keeps in the gaps of a flow \[veh/step\], 0…1 (HCM 7, eq. 31-100).
pub fn gap_share(flow: f64) -> f64 {
    if flow <= 0.0 {
        return 1.0;
    }
    flow * FOLLOW_UP * (-flow * CRITICAL_GAP).exp() / -(-flow * FOLLOW_UP).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_across_leaves_everything_and_a_saturated_stream_next_to_nothing() {
        assert!((gap_share(0.0) - 1.0).abs() < 1e-12 && (gap_share(1e-9) - 1.0).abs() < 1e-6);
        assert!((gap_share(0.25) - 0.437).abs() < 1e-3, "HCM 7 at 900 veh/h: 629 of 1440 veh/h");
        assert!(gap_share(0.6) < 0.15);
        assert!((1..60).all(|i| gap_share(f64::from(i) * 0.01) > gap_share(f64::from(i + 1) * 0.01)));
    }
}
