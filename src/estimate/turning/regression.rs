//! Recursive least squares for shares that sum to one.
//!
//! Unknown: per lane the shares `s` of its movements, and per road one inflow from the side \[veh/s\]. In: rows
//! `seen = Σ coefficient · share + seconds · inflow`, each with its variance \[veh²\]. Out: shares on the simplex.
//!
//! ```text
//! s = s₀ + z    Σ z = 0 per lane: the last movement's z is minus the others'
//! Λ ← λΛ + (1 − λ)Λ₀ + φφᵀ/r      b ← λb + φ(seen − φ·s₀)/r      z = Λ⁻¹b
//! ```
//!
//! Information form with fading towards the prior: what nothing is seen of goes back to the prior by itself, and the
//! matrix neither blows up nor loses its definiteness however long one direction is not excited (stabilised forgetting:
//! Kulhavý and Zarrop 1993; Milek and Kraus 1995). The prior counts as [`PRIOR_VEHICLES`] vehicles. The
//! sum is kept by construction, signs by projection onto the simplex (Duchi et al. 2008).
//!
//! Weakness: passages are taken as exact; those that are in the wrong window pull the shares towards the prior.

use crate::estimate::LearnedTurns;
use crate::network::Problems;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Vehicles that the prior shares of a lane are worth.
const PRIOR_VEHICLES: f64 = 5.0;
/// Standard deviation of the inflow from the side \[veh/s\].
const INFLOW_SIGMA: f64 = 0.01;
/// Larger numbers are no information about vehicles.
const NUMBER_MAX: f64 = 1e12;
/// Largest variance of one vehicle's turn: that of an even chance \[veh²\].
pub(super) const TURN_VARIANCE: f64 = 0.25;

/// One term of a row: which lane, which of its movements, how many vehicles.
pub(super) type Term = (usize, usize, f64);

/// What is known of the shares of some lanes and the inflows of some roads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Regression {
    /// Shares before anything was seen. Shape `[lane][movement]`.
    priors: Vec<Vec<f64>>,
    /// First column of each lane; a lane has one column less than movements.
    columns: Vec<usize>,
    /// First column of the inflows.
    inflows: usize,
    information_prior: DMatrix<f64>,
    information: DMatrix<f64>,
    vector: DVector<f64>,
}

impl Regression {
    /// Nothing but priors; each lane's sum to one.
    pub(super) fn new(priors: Vec<Vec<f64>>, roads: usize) -> Self {
        let mut columns = Vec::with_capacity(priors.len());
        let mut inflows = 0;
        for lane in &priors {
            columns.push(inflows);
            inflows += lane.len() - 1;
        }
        let size = inflows + roads;
        let mut regression = Self {
            columns,
            inflows,
            information_prior: DMatrix::zeros(size, size),
            information: DMatrix::zeros(size, size),
            vector: DVector::zeros(size),
            priors,
        };
        for lane in 0..regression.priors.len() {
            for movement in 0..regression.priors[lane].len() {
                // half the weight each: a vehicle more of one movement is a vehicle less of another
                let seen = regression.priors[lane][movement];
                regression.add(&[(lane, movement, 1.0)], None, seen, 2.0 * TURN_VARIANCE / PRIOR_VEHICLES);
            }
        }
        for road in 0..roads {
            regression.add(&[], Some((road, 1.0)), 0.0, INFLOW_SIGMA.powi(2));
        }
        regression.information_prior = regression.information.clone();
        regression
    }

    /// Add one row.
    pub(super) fn add(&mut self, terms: &[Term], inflow: Option<(usize, f64)>, seen: f64, variance: f64) {
        let mut row = DVector::zeros(self.vector.len());
        let mut residual = seen;
        for &(lane, movement, vehicles) in terms {
            residual -= vehicles * self.priors[lane][movement];
            let first = self.columns[lane];
            let last = self.priors[lane].len() - 1;
            if movement < last {
                row[first + movement] += vehicles;
            } else {
                (first..first + last).for_each(|column| row[column] -= vehicles);
            }
        }
        if let Some((road, seconds)) = inflow {
            row[self.inflows + road] += seconds;
        }
        self.information.ger(1.0 / variance, &row, &row, 1.0);
        self.vector.axpy(residual / variance, &row, 1.0);
    }

    /// Let everything but the prior fade to a share of its weight, 0…1.
    pub(super) fn fade(&mut self, kept: f64) {
        self.information *= kept;
        self.information += &self.information_prior * (1.0 - kept);
        self.vector *= kept;
    }

    /// What was learned, as numbers.
    pub(super) fn learned(&self) -> LearnedTurns {
        let information = self.information.transpose().iter().copied().collect();
        LearnedTurns { information, vector: self.vector.iter().copied().collect() }
    }

    /// What of it cannot be of these lanes and roads.
    pub(super) fn judge(&self, learned: &LearnedTurns, problems: &mut Problems) {
        let size = self.vector.len();
        for (name, found, wanted) in
            [("turns.information", &learned.information, size * size), ("turns.vector", &learned.vector, size)]
        {
            if found.len() != wanted {
                problems.push(name, format_args!("{} numbers", found.len()), wanted);
            }
            if let Some(odd) = found.iter().find(|it| !(-NUMBER_MAX..=NUMBER_MAX).contains(*it)) {
                problems.push(name, odd, format_args!("-{NUMBER_MAX}…{NUMBER_MAX}"));
            }
        }
    }

    /// Go on with what was learned, judged before; false and unchanged when it has no solution.
    pub(super) fn resume(&mut self, learned: &LearnedTurns) -> bool {
        let size = self.vector.len();
        let information = DMatrix::from_row_slice(size, size, &learned.information);
        let symmetric = (&information - information.transpose()).amax() <= 1e-6 * information.amax().max(1.0);
        if size > 0 && (!symmetric || information.clone().cholesky().is_none()) {
            return false;
        }
        self.information = information;
        self.vector = DVector::from_column_slice(&learned.vector);
        true
    }

    /// The shares by all rows. Shape `[lane][movement]`; each lane's are ≥ 0 and sum to one.
    pub(super) fn shares(&self) -> Vec<Vec<f64>> {
        let factors = self.information.clone().cholesky().expect("the prior makes every direction definite");
        let solution = factors.solve(&self.vector);
        let lane = |(priors, &first): (&Vec<f64>, &usize)| {
            let last = priors.len() - 1;
            let moved: f64 = solution.rows(first, last).iter().sum();
            let free = (0..last).map(|movement| priors[movement] + solution[first + movement]);
            onto_simplex(&free.chain([priors[last] - moved]).collect::<Vec<f64>>())
        };
        self.priors.iter().zip(&self.columns).map(lane).collect()
    }
}

/// The nearest point (Euclid) whose entries are ≥ 0 and sum to one.
fn onto_simplex(point: &[f64]) -> Vec<f64> {
    let mut sorted = point.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (index, value) in sorted.iter().enumerate() {
        sum += value;
        let candidate = (sum - 1.0) / (index + 1) as f64;
        if *value > candidate {
            shift = candidate;
        }
    }
    point.iter().map(|value| (value - shift).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_a_row_the_shares_are_the_prior() {
        let shares = Regression::new(vec![vec![0.7, 0.3], vec![0.2, 0.3, 0.5]], 1).shares();
        assert!(
            shares.iter().flatten().zip([0.7, 0.3, 0.2, 0.3, 0.5]).all(|(a, b)| (a - b).abs() < 1e-9),
            "{shares:?}"
        );
    }

    #[test]
    fn the_prior_weighs_as_much_as_the_vehicles_it_stands_for() {
        let mut regression = Regression::new(vec![vec![0.5, 0.5]], 0);
        regression.add(&[(0, 0, PRIOR_VEHICLES)], None, PRIOR_VEHICLES, TURN_VARIANCE * PRIOR_VEHICLES);
        let share = regression.shares()[0][0];
        assert!((share - 0.75).abs() < 1e-9, "half way between 0.5 and 1, not {share}");
    }

    #[test]
    fn one_movement_that_is_seen_tells_what_is_left_for_the_others() {
        let mut regression = Regression::new(vec![vec![0.4, 0.3, 0.3]], 0);
        (0..200).for_each(|_| regression.add(&[(0, 0, 4.0)], None, 0.4, 1.0));
        let shares = &regression.shares()[0];
        assert!((shares[0] - 0.1).abs() < 0.02 && (shares[1] - 0.45).abs() < 0.02, "{shares:?}");
    }

    #[test]
    fn what_is_not_seen_any_more_fades_back_to_the_prior() {
        let mut regression = Regression::new(vec![vec![0.5, 0.5]], 0);
        (0..100).for_each(|_| regression.add(&[(0, 0, 1.0)], None, 1.0, TURN_VARIANCE));
        assert!(regression.shares()[0][0] > 0.9);
        (0..100).for_each(|_| regression.fade(0.9));
        assert!((regression.shares()[0][0] - 0.5).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn the_nearest_point_on_the_simplex_is_on_it_and_keeps_the_order(point in proptest::collection::vec(-3.0..3.0_f64, 1..7)) {
            let projected = onto_simplex(&point);
            prop_assert!((projected.iter().sum::<f64>() - 1.0).abs() < 1e-9 && projected.iter().all(|it| *it >= 0.0));
            for (i, j) in (0..point.len()).flat_map(|i| (0..point.len()).map(move |j| (i, j))) {
                prop_assert!(point[i] < point[j] || projected[i] >= projected[j]);
            }
        }

        #[test]
        fn whatever_the_rows_say_the_shares_stay_on_the_simplex(
            rows in proptest::collection::vec((0_usize..3, 0_usize..2, 0.0..20.0_f64, -5.0..40.0_f64, 0.0..1.0_f64), 0..60),
        ) {
            let mut regression = Regression::new(vec![vec![0.8, 0.2], vec![0.3, 0.7], vec![0.5, 0.5]], 2);
            for (lane, movement, vehicles, seen, kept) in rows {
                regression.fade(kept);
                regression.add(&[(lane, movement, vehicles), (0, 1, 1.0)], Some((movement, 20.0)), seen, 1.0);
                for shares in regression.shares() {
                    prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-6 && shares.iter().all(|it| (0.0..=1.0 + 1e-9).contains(it)));
                }
            }
        }
    }
}
