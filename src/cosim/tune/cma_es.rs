//! CMA-ES: evolution strategy with adapted covariance matrix, for a handful of numbers between 0 and 1 and a noisy cost.
//!
//! In: a seed, a first guess, the costs of the candidates that it has asked for. Out: candidates of the next generation; the state
//! as plain numbers, so that it can be written down after each generation and gone on with. A candidate depends on nothing but
//! the state, the seed and its number.
//!
//! ```text
//! x = m + σ·B·D·z    z ~ N(0, I)    C = B·D²·Bᵀ
//! m, the paths of σ and C, σ and C follow the better half of the candidates, weighted by rank
//! ```
//!
//! Names and constants are those of Hansen, "The CMA Evolution Strategy: A Tutorial" (2016, arXiv:1604.00772), figure 6 and
//! table 1, with positive weights only. Candidates outside the box are looked at where it ends, with a price on the
//! square of the distance ([`Search::penalty`]; Hansen, appendix B.5).
//!
//! Why not a package: of those that exist (`cmaes` 0.2) none can write its state down, and the state is what makes a search resumable.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use serde::{Deserialize, Serialize};
use simulator::random::Stream;

/// Step size at the beginning, of the width of the box.
const SIGMA: f64 = 0.2;
/// Candidates of a generation are no more than this, so that their numbers tell them apart.
pub const POPULATION_MAX: usize = 1 << 16;

/// Where the search is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// Seed of all candidates.
    seed: u64,
    /// Candidates of a generation, λ.
    population: usize,
    /// Generations that are over.
    generation: u64,
    /// m, in the box.
    mean: Vec<f64>,
    sigma: f64,
    /// C by columns.
    covariance: Vec<f64>,
    path_sigma: Vec<f64>,
    path_covariance: Vec<f64>,
}

/// What follows from the number of scalars and candidates alone.
struct Constants {
    weights: Vec<f64>,
    mu_eff: f64,
    c_sigma: f64,
    d_sigma: f64,
    c_c: f64,
    c_1: f64,
    c_mu: f64,
    /// Expected length of a standard normal vector.
    chi: f64,
}

impl Search {
    /// A search from a first guess in the box; `population` is at least 4.
    pub fn new(seed: u64, population: usize, guess: &[f64]) -> Self {
        let size = guess.len();
        Self {
            seed,
            population: population.clamp(4, POPULATION_MAX),
            generation: 0,
            mean: guess.iter().map(|it| it.clamp(0.0, 1.0)).collect(),
            sigma: SIGMA,
            covariance: DMatrix::<f64>::identity(size, size).as_slice().to_vec(),
            path_sigma: vec![0.0; size],
            path_covariance: vec![0.0; size],
        }
    }

    /// Generations that are over.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Step size, of the width of the box.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// The middle of the distribution, put into the box: the best guess under noise.
    pub fn mean(&self) -> Vec<f64> {
        inside(&self.mean)
    }

    /// The candidates of this generation; some lie outside the box.
    pub fn candidates(&self) -> Vec<Vec<f64>> {
        let size = self.mean.len();
        let (axes, lengths) = self.axes();
        let of = |number: usize| {
            let mut random = Stream::new(self.seed, (self.generation << 16) | number as u64);
            let drawn = DVector::from_fn(size, |_, _| random.normal());
            let step = &axes * lengths.component_mul(&drawn);
            self.mean.iter().zip(step.iter()).map(|(mean, step)| mean + self.sigma * step).collect()
        };
        (0..self.population).map(of).collect()
    }

    /// What a candidate outside the box costs beyond the cost where the box ends.
    pub fn penalty(candidate: &[f64]) -> f64 {
        candidate.iter().map(|it| (it - it.clamp(0.0, 1.0)).powi(2)).sum()
    }

    /// Take in the costs of the candidates and go on to the next generation. A cost that is no number counts as the worst.
    ///
    /// # Panics
    /// When there is not one cost a candidate.
    pub fn tell(&mut self, costs: &[f64]) {
        assert_eq!(costs.len(), self.population, "one cost a candidate");
        let size = self.mean.len();
        let is = Constants::new(size, self.population);
        let candidates = self.candidates();
        let mut order: Vec<usize> = (0..self.population).collect();
        let worth = |it: usize| if costs[it].is_finite() { costs[it] } else { f64::INFINITY };
        order.sort_by(|&a, &b| worth(a).total_cmp(&worth(b)).then(a.cmp(&b)));
        let mean = DVector::from_column_slice(&self.mean);
        let steps: Vec<DVector<f64>> = order
            .iter()
            .take(is.weights.len())
            .map(|&it| (DVector::from_column_slice(&candidates[it]) - &mean) / self.sigma)
            .collect();
        let step = steps.iter().zip(&is.weights).fold(DVector::zeros(size), |sum, (y, w)| sum + y * *w);

        let (axes, lengths) = self.axes();
        let whitened = &axes * (axes.transpose() * &step).component_div(&lengths);
        let path_sigma = DVector::from_column_slice(&self.path_sigma) * (1.0 - is.c_sigma)
            + whitened * (is.c_sigma * (2.0 - is.c_sigma) * is.mu_eff).sqrt();
        let passed = 1.0 - (1.0 - is.c_sigma).powf(2.0 * (self.generation + 1) as f64);
        let moves = path_sigma.norm() / passed.sqrt() < (1.4 + 2.0 / (size as f64 + 1.0)) * is.chi;
        let moves = f64::from(u8::from(moves));
        let path_covariance = DVector::from_column_slice(&self.path_covariance) * (1.0 - is.c_c)
            + &step * (moves * (is.c_c * (2.0 - is.c_c) * is.mu_eff).sqrt());

        let before = DMatrix::from_column_slice(size, size, &self.covariance);
        let kept = 1.0 - is.c_1 - is.c_mu + (1.0 - moves) * is.c_1 * is.c_c * (2.0 - is.c_c);
        let mut covariance = before * kept + &path_covariance * path_covariance.transpose() * is.c_1;
        for (y, weight) in steps.iter().zip(&is.weights) {
            covariance += y * y.transpose() * (is.c_mu * weight);
        }
        // Rounding must not make it lose its symmetry.
        let covariance = (&covariance + covariance.transpose()) * 0.5;

        self.mean = (mean + step * self.sigma).as_slice().to_vec();
        self.sigma *= ((is.c_sigma / is.d_sigma) * (path_sigma.norm() / is.chi - 1.0)).exp();
        self.sigma = self.sigma.clamp(1e-6, 1.0);
        self.covariance = covariance.as_slice().to_vec();
        self.path_sigma = path_sigma.as_slice().to_vec();
        self.path_covariance = path_covariance.as_slice().to_vec();
        self.generation += 1;
    }

    /// B and the diagonal of D.
    fn axes(&self) -> (DMatrix<f64>, DVector<f64>) {
        let size = self.mean.len();
        let eigen = SymmetricEigen::new(DMatrix::from_column_slice(size, size, &self.covariance));
        (eigen.eigenvectors, eigen.eigenvalues.map(|it| it.max(1e-20).sqrt()))
    }
}

impl Constants {
    fn new(size: usize, population: usize) -> Self {
        let (n, half) = (size as f64, population / 2);
        let raw: Vec<f64> =
            (1..=half).map(|rank| f64::midpoint(population as f64, 1.0).ln() - (rank as f64).ln()).collect();
        let sum: f64 = raw.iter().sum();
        let weights: Vec<f64> = raw.iter().map(|it| it / sum).collect();
        let mu_eff = 1.0 / weights.iter().map(|it| it * it).sum::<f64>();
        let c_sigma = (mu_eff + 2.0) / (n + mu_eff + 5.0);
        let c_1 = 2.0 / ((n + 1.3).powi(2) + mu_eff);
        let rank_mu = 2.0 * (mu_eff - 2.0 + 1.0 / mu_eff) / ((n + 2.0).powi(2) + mu_eff);
        Self {
            d_sigma: 1.0 + 2.0 * (((mu_eff - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + c_sigma,
            c_c: (4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n),
            c_mu: rank_mu.clamp(0.0, 1.0 - c_1),
            chi: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
            weights,
            mu_eff,
            c_sigma,
            c_1,
        }
    }
}

/// Where the box ends, for what lies outside.
pub fn inside(point: &[f64]) -> Vec<f64> {
    point.iter().map(|it| it.clamp(0.0, 1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middle after so many generations on a cost.
    fn found(generations: usize, seed: u64, cost: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let mut search = Search::new(seed, 10, &[0.5, 0.5, 0.5]);
        for _ in 0..generations {
            let costs: Vec<f64> =
                search.candidates().iter().map(|it| cost(&inside(it)) + Search::penalty(it)).collect();
            search.tell(&costs);
        }
        search.mean()
    }

    #[test]
    fn the_lowest_place_of_a_narrow_slanting_valley_is_found() {
        let valley =
            |x: &[f64]| (x[0] - 0.2 + x[1] - 0.7).powi(2) * 400.0 + (x[0] - 0.2).powi(2) + (x[2] - 0.9).powi(2);
        for seed in 1..4 {
            let mean = found(120, seed, valley);
            let off = [0.2, 0.7, 0.9].iter().zip(&mean).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 0.01, "seed {seed}: {mean:?}");
        }
    }

    #[test]
    fn a_lowest_place_at_the_edge_is_found_there_and_a_cost_that_is_no_number_is_the_worst() {
        let mean = found(80, 1, |x| if x[1] > 0.6 { f64::NAN } else { x[0] + (x[1] - 0.4).powi(2) - x[2] });
        assert!(mean[0] < 0.02 && (mean[1] - 0.4).abs() < 0.05 && mean[2] > 0.98, "{mean:?}");
    }

    #[test]
    fn a_search_that_was_written_down_goes_on_with_the_same_candidates() {
        let mut search = Search::new(7, 6, &[0.1, 0.9]);
        for _ in 0..5 {
            let text = serde_json::to_string(&search).unwrap();
            let again: Search = serde_json::from_str(&text).unwrap();
            assert_eq!(again.candidates(), search.candidates());
            let costs: Vec<f64> = search.candidates().iter().map(|it| it[0] * it[1]).collect();
            search.tell(&costs);
        }
        assert_ne!(Search::new(8, 6, &[0.1, 0.9]).candidates(), Search::new(7, 6, &[0.1, 0.9]).candidates());
    }
}
