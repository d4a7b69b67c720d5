//! Factors of demand from counts: the likelihood of Poisson counts with a prior, over a box, by Fisher scoring of one factor after the other.

/// Largest factor.
pub const SCALE_MAX: f64 = 10.0;
/// Sweeps over all factors.
const SWEEPS: usize = 500;
/// A sweep that changes less than this ends the search.
const STILL: f64 = 1e-7;
/// Modelled counts below this are taken for it: the model says no vehicle where it has seen none, and one may come all the same.
const MODELLED_MIN: f64 = 0.5;

/// What is to be fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// What was counted.
    pub counted: Vec<f64>,
    /// What a run brought, by count and cell.
    pub passed: Vec<Vec<f64>>,
    /// Factors of that run.
    pub at: Vec<f64>,
    /// How well the demand that was written down is known: standard deviation of a factor.
    pub sigma: f64,
}

impl Fit {
    /// Which cells some count sees.
    pub fn seen(&self) -> Vec<bool> {
        (0..self.at.len()).map(|cell| self.passed.iter().any(|row| row[cell] > 0.0)).collect()
    }

    /// What is made least, at some factors: deviance of the counts and distance from the prior; `passed` taken as it is.
    pub fn cost(&self, scales: &[f64]) -> f64 {
        let deviance = |(m, y): (f64, &f64)| {
            let m = m.max(MODELLED_MIN);
            2.0 * (m - y + if *y > 0.0 { y * (y / m).ln() } else { 0.0 })
        };
        let counts: f64 = self.modelled(scales).into_iter().zip(&self.counted).map(deviance).sum();
        let prior: f64 = scales.iter().map(|x| ((x - 1.0) / self.sigma).powi(2)).sum();
        counts + prior
    }

    /// Counts that the model says at some factors.
    pub fn modelled(&self, scales: &[f64]) -> Vec<f64> {
        let one =
            |row: &Vec<f64>| row.iter().zip(scales.iter().zip(&self.at)).map(|(p, (x, at))| p * x / at.max(1e-9)).sum();
        self.passed.iter().map(one).collect()
    }

    /// The factors of the least cost.
    pub fn solve(&self) -> Vec<f64> {
        let seen = self.seen();
        let mut scales: Vec<f64> = self.at.iter().zip(&seen).map(|(at, seen)| if *seen { *at } else { 1.0 }).collect();
        let slope = |row: &[f64], cell: usize| row[cell] / self.at[cell].max(1e-9);
        let mut modelled = self.modelled(&scales);
        for _ in 0..SWEEPS {
            let mut moved = 0.0_f64;
            for cell in (0..scales.len()).filter(|&cell| seen[cell]) {
                let (mut gradient, mut curvature) =
                    ((1.0 - scales[cell]) / self.sigma.powi(2), 1.0 / self.sigma.powi(2));
                for ((row, y), m) in self.passed.iter().zip(&self.counted).zip(&modelled) {
                    let slope = slope(row, cell);
                    gradient += slope * (y - m) / m.max(MODELLED_MIN);
                    curvature += slope * slope / m.max(MODELLED_MIN);
                }
                let new = (scales[cell] + gradient / curvature).clamp(0.0, SCALE_MAX);
                let by = new - scales[cell];
                for (row, m) in self.passed.iter().zip(&mut modelled) {
                    *m += slope(row, cell) * by;
                }
                scales[cell] = new;
                moved = moved.max(by.abs());
            }
            if moved < STILL {
                break;
            }
        }
        scales
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_found_again_where_counts_tell_them_apart() {
        // two sources; the first count sees both, the second one only the second
        let passed = vec![vec![1000.0, 800.0], vec![0.0, 600.0]];
        let truth = [1.4, 0.7];
        let counted = passed.iter().map(|row| row.iter().zip(truth).map(|(p, x)| p * x).sum()).collect();
        let fit = Fit { counted, passed, at: vec![1.0, 1.0], sigma: 0.5 };
        let found = fit.solve();
        assert!(found.iter().zip(truth).all(|(x, truth)| (x - truth).abs() < 0.01), "{found:?}");
        assert!(fit.cost(&found) <= fit.cost(&truth) + 1e-9);
    }

    /// Weights by what was counted would lean to the small counts; the likelihood does not.
    #[test]
    fn small_counts_give_their_mean() {
        let counted = vec![4.0, 9.0, 2.0, 7.0, 8.0, 6.0];
        let fit = Fit { passed: vec![vec![5.0]; 6], counted, at: vec![1.0], sigma: 100.0 };
        assert!((fit.solve()[0] - 1.2).abs() < 1e-3, "{:?}", fit.solve());
    }

    #[test]
    fn a_source_that_nobody_counts_keeps_its_demand_and_none_becomes_negative() {
        let fit = Fit { counted: vec![0.0], passed: vec![vec![50.0, 0.0]], at: vec![1.0, 1.0], sigma: 2.0 };
        let found = fit.solve();
        assert!(found[0] < 0.05 && found[0] >= 0.0 && (found[1] - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!(fit.seen(), [true, false]);
    }

    #[test]
    fn a_run_at_other_factors_leads_to_the_same_ones() {
        let (passed, counted) = (vec![vec![900.0]], vec![1200.0]);
        let once = Fit { counted: counted.clone(), passed, at: vec![1.0], sigma: 0.5 }.solve();
        let again = Fit { counted, passed: vec![vec![1080.0]], at: vec![1.2], sigma: 0.5 }.solve();
        assert!((once[0] - again[0]).abs() < 1e-6, "{once:?} {again:?}");
    }
}
