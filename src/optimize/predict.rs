//! Tables that make a step of the search cheap: arrivals summed up, so that a red lane costs two look-ups.

use super::problem::Problem;
use ndarray::Array2;

/// A lane that is (nearly) oversaturated is believed to clear at this share of its discharge at least.
const HEADROOM_SHARE_MIN: f64 = 0.15;
/// And never slower than this \[veh/step\].
const HEADROOM_MIN: f64 = 0.02;

/// Sums over arrivals, and what depends on lane and stage alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tables {
    /// Arrivals, lane by lane \[veh\]; `steps` entries a lane.
    arrivals: Vec<f64>,
    steps: usize,
    /// Arrivals before each step \[veh\]. Shape `[lane][step + 1]`.
    pub(super) cumulated: Array2<f64>,
    /// Their integral over time \[veh·step\], trapezoidal. Shape `[lane][step + 1]`.
    pub(super) area: Array2<f64>,
    /// Best discharge of each lane in any stage \[veh/step\].
    pub(super) discharge_best: Vec<f64>,
    /// What each stage gives each lane of its best discharge, 0…1. Shape `[stage][lane]`.
    pub(super) served_share: Array2<f64>,
    /// By how much each lane's lasting discharge exceeds its arrivals \[veh/step, > 0\].
    pub(super) headroom: Vec<f64>,
}

impl Tables {
    pub(super) fn new(problem: &Problem) -> Self {
        let (lanes, steps) = problem.arrivals.dim();
        let mut cumulated = Array2::zeros((lanes, steps + 1));
        let mut area = Array2::zeros((lanes, steps + 1));
        for lane in 0..lanes {
            for step in 0..steps {
                let before = cumulated[[lane, step]];
                let after = before + problem.arrivals[[lane, step]];
                cumulated[[lane, step + 1]] = after;
                area[[lane, step + 1]] = area[[lane, step]] + 0.5 * (before + after);
            }
        }
        let best = |lane| problem.discharge.column(lane).iter().copied().fold(0.0, f64::max);
        let discharge_best: Vec<f64> = (0..lanes).map(best).collect();
        let served_share = Array2::from_shape_fn(problem.discharge.raw_dim(), |(stage, lane)| {
            if discharge_best[lane] > 0.0 { problem.discharge[[stage, lane]] / discharge_best[lane] } else { 0.0 }
        });
        let headroom = (0..lanes).map(|lane| {
            let lasting = problem.discharge_lasting[lane];
            (lasting - problem.rate[lane]).max(HEADROOM_SHARE_MIN * lasting).max(HEADROOM_MIN)
        });
        let headroom = headroom.collect();
        let arrivals = problem.arrivals.iter().copied().collect();
        Self { arrivals, steps, cumulated, area, discharge_best, served_share, headroom }
    }

    /// Steps that are known.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Arrivals of one lane from one step to another.
    pub(super) fn arrivals_of(&self, lane: usize, from: usize, to: usize) -> &[f64] {
        &self.arrivals[lane * self.steps + from..lane * self.steps + to]
    }
}
