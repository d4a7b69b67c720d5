//! Figures over seeds or batches: mean, median, quantile, and the interval of a mean of paired differences or of a ratio.
//!
//! In: values, one a seed or a batch. Out: [`Summary`], [`Interval`]. Source: Student's t for few runs (Gosset 1908), its 97.5 % quantiles
//! as in the NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. Seeds are paired: the same seed draws the same
//! drivers for every controller, so differences are tighter than means.
//!
//! Weakness: five seeds of a map that now and then locks up are no sample of a normal distribution; that is why the share of
//! locked-up runs stands beside every mean.

use serde::Serialize;
use std::borrow::Borrow;

/// Values over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Summary {
    /// How many.
    pub runs: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Middle value; the mean of the two in the middle of an even number.
    pub median: f64,
    /// 90th percentile, between neighbours in proportion.
    pub p90: f64,
    /// Largest.
    pub max: f64,
}

impl Summary {
    /// Of some values; `None` without any.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let max = *sorted.last()?;
        Some(Self {
            runs: values.len(),
            mean: mean(values),
            median: quantile(&sorted, 0.5),
            p90: quantile(&sorted, 0.9),
            max,
        })
    }
}

/// A mean with the interval that holds it with 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half the width; infinite of a single value.
    pub half: f64,
}

impl Interval {
    /// Of paired differences; `None` without any.
    pub fn of(differences: &[f64]) -> Option<Self> {
        if differences.is_empty() {
            return None;
        }
        let count = differences.len();
        let mean = mean(differences);
        let squares: f64 = differences.iter().map(|it| (it - mean).powi(2)).sum();
        let deviation = (squares / (count - 1) as f64).sqrt();
        let half = if count < 2 { f64::INFINITY } else { t_975(count - 1) * deviation / (count as f64).sqrt() };
        Some(Self { mean, half })
    }

    /// Of what falls to one of something, over batches of `(how much, among how many)`: Σ much / Σ many. `None` where there is
    /// nobody to share it.
    ///
    /// The variance is that of the residuals `much − ratio·many` (Cochran 1977, *Sampling Techniques*, eq. 6.13, without the
    /// correction for a finite population); where all batches are of one size it is the plain mean of the batches with its interval.
    pub fn of_ratio(batches: &[(f64, f64)]) -> Option<Self> {
        let (much, many) = batches.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        if many <= 0.0 {
            return None;
        }
        let (mean, count) = (much / many, batches.len());
        if count < 2 {
            return Some(Self { mean, half: f64::INFINITY });
        }
        let residuals: f64 = batches.iter().map(|(much, many)| (much - mean * many).powi(2)).sum();
        let deviation = (residuals / (count - 1) as f64).sqrt() / (many / count as f64);
        Some(Self { mean, half: t_975(count - 1) * deviation / (count as f64).sqrt() })
    }

    /// Whether the interval leaves out zero.
    pub fn is_clear(&self) -> bool {
        self.mean.abs() > self.half
    }
}

/// The mean; 0 of nothing.
pub fn mean<T: Borrow<f64>>(values: impl IntoIterator<Item = T>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(sum, count), it| (sum + it.borrow(), count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// The quantile of sorted values, between neighbours in proportion; 0 of nothing.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    sorted[below] + part * (sorted[(below + 1).min(last)] - sorted[below])
}

/// 97.5 % quantiles of Student's t with 1…30 degrees of freedom.
const T_975: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// 97.5 % quantile of Student's t; beyond the table by the first two terms of the expansion about the
/// normal quantile (Abramowitz and Stegun, 26.7.5).
fn t_975(freedom: usize) -> f64 {
    const Z: f64 = 1.959_964;
    let per = 1.0 / freedom.max(1) as f64;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    let beyond = Z + (Z.powi(3) + Z) / 4.0 * per + second * per.powi(2);
    freedom.checked_sub(1).and_then(|at| T_975.get(at)).copied().unwrap_or(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-3
    }

    #[test]
    fn five_values_are_summed_up() {
        let it = Summary::of(&[5.0, 1.0, 4.0, 2.0, 13.0]).unwrap();
        assert!(near(it.mean, 5.0) && near(it.median, 4.0) && near(it.p90, 9.8) && near(it.max, 13.0), "{it:?}");
        assert!(near(Summary::of(&[1.0, 4.0]).unwrap().median, 2.5));
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn the_interval_of_five_differences_is_that_of_the_textbook() {
        let it = Interval::of(&[-1.0, -2.0, -3.0, -4.0, -5.0]).unwrap();
        assert!(near(it.mean, -3.0) && near(it.half, 2.776 * (2.5_f64 / 5.0).sqrt()), "{it:?}");
        assert!(it.is_clear() && !Interval::of(&[-1.0, 1.0, 0.5]).unwrap().is_clear());
    }

    #[test]
    fn a_ratio_over_equal_batches_is_their_mean_and_batches_weigh_by_their_size() {
        let (ratio, mean) = (
            Interval::of_ratio(&[(-10.0, 10.0), (-20.0, 10.0), (-60.0, 10.0)]).unwrap(),
            Interval::of(&[-1.0, -2.0, -6.0]).unwrap(),
        );
        assert!(near(ratio.mean, mean.mean) && near(ratio.half, mean.half), "{ratio:?}, {mean:?}");
        let weighed = Interval::of_ratio(&[(100.0, 10.0), (0.0, 90.0)]).unwrap();
        assert!(near(weighed.mean, 1.0) && weighed.half > 1.0, "{weighed:?}");
        assert!(Interval::of_ratio(&[(3.0, 2.0)]).unwrap().half.is_infinite());
        assert_eq!(Interval::of_ratio(&[(3.0, 0.0)]), None);
    }

    #[test]
    fn one_difference_has_no_interval_and_none_is_none() {
        let one = Interval::of(&[4.0]).unwrap();
        assert!(one.half.is_infinite() && !one.is_clear());
        assert_eq!(Interval::of(&[]), None);
    }

    #[test]
    fn beyond_the_table_the_quantile_goes_on_without_a_jump() {
        assert!(near(t_975(30), 2.042) && (t_975(31) - 2.040).abs() < 2e-3 && (t_975(100) - 1.984).abs() < 2e-3);
    }
}
