//! How well a model says counts: GEH, root mean square error, coefficient of determination.

use serde::Serialize;

/// GEH below which a count is taken for well said.
const GEH_GOOD: f64 = 5.0;

/// One count beside what the model says \[veh/h\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Compared {
    /// Counted \[veh/h\].
    pub counted: f64,
    /// Modelled \[veh/h\].
    pub modelled: f64,
    /// GEH of the two.
    pub geh: f64,
}

impl Compared {
    /// Two hourly volumes.
    pub fn new(counted: f64, modelled: f64) -> Self {
        let sum = counted + modelled;
        let geh = if sum > 0.0 { (2.0 * (modelled - counted).powi(2) / sum).sqrt() } else { 0.0 };
        Self { counted, modelled, geh }
    }
}

/// All counts together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fitness {
    /// How many counts.
    pub counts: usize,
    /// Share of them with a GEH below 5.
    pub geh_below_5: f64,
    /// Largest GEH.
    pub geh_max: f64,
    /// Root mean square error \[veh/h\].
    pub rmse: f64,
    /// Coefficient of determination; 0 where all counts are alike.
    pub r2: f64,
}

impl Fitness {
    /// Of counts, at least one.
    pub fn of(compared: &[Compared]) -> Self {
        let count = compared.len().max(1) as f64;
        let mean = compared.iter().map(|it| it.counted).sum::<f64>() / count;
        let error: f64 = compared.iter().map(|it| (it.modelled - it.counted).powi(2)).sum();
        let spread: f64 = compared.iter().map(|it| (it.counted - mean).powi(2)).sum();
        Self {
            counts: compared.len(),
            geh_below_5: compared.iter().filter(|it| it.geh < GEH_GOOD).count() as f64 / count,
            geh_max: compared.iter().map(|it| it.geh).fold(0.0, f64::max),
            rmse: (error / count).sqrt(),
            r2: if spread > 0.0 { 1.0 - error / spread } else { 0.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geh_is_that_of_the_textbooks() {
        // 1000 counted, 1100 modelled: √(2·100²/2100) = 3.09
        assert!((Compared::new(1000.0, 1100.0).geh - 3.086).abs() < 1e-3);
        assert!(Compared::new(0.0, 0.0).geh.abs() < 1e-12);
    }

    #[test]
    fn a_perfect_model_has_no_error_and_a_worthless_one_explains_nothing() {
        let perfect = Fitness::of(&[Compared::new(300.0, 300.0), Compared::new(700.0, 700.0)]);
        assert!(perfect.rmse < 1e-12 && (perfect.r2 - 1.0).abs() < 1e-12 && (perfect.geh_below_5 - 1.0).abs() < 1e-12);
        let mean = Fitness::of(&[Compared::new(300.0, 500.0), Compared::new(700.0, 500.0)]);
        assert!(mean.r2.abs() < 1e-12 && (mean.rmse - 200.0).abs() < 1e-9 && mean.geh_below_5 < 0.1);
    }
}
