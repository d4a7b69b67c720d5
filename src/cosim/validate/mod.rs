//! How faithful the simulator is: the same streets, programmes and demand on it and on what it is compared with.
//!
//! | part | compared with | target |
//! |---|---|---|
//! | [`maps`] | SUMO, same fixed programmes, mean of several seeds | travel time 10 %, delay 15 % |
//! | [`saturation`] | SUMO, a standing queue on one lane | saturation flow 5 % |
//! | [`cityflow`] | CityFlow's published figures | average travel time 5 % |
//! | [`ranking`], [`order`] | SUMO, every controller on five maps | the same order |
//!
//! A [`Row`] is one comparison. Nothing here decides what is good: the targets are those of the project's acceptance.

pub mod cityflow;
pub mod maps;
pub mod order;
mod ours;
pub mod ranking;
pub mod saturation;
pub mod speed;

use serde::Serialize;

/// One figure, here and there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which street.
    pub street: String,
    /// Which figure, with its unit.
    pub figure: &'static str,
    /// On our simulator.
    pub ours: f64,
    /// On the other one.
    pub theirs: f64,
    /// Ours above theirs \[%\].
    pub difference_percent: f64,
    /// Largest difference that is good \[%\]; none for figures that are only told.
    pub target_percent: Option<f64>,
}

impl Row {
    /// Compare.
    #[must_use]
    pub fn new(street: &str, figure: &'static str, ours: f64, theirs: f64, target_percent: Option<f64>) -> Self {
        let difference_percent = if theirs == 0.0 { 0.0 } else { 100.0 * (ours - theirs) / theirs };
        let tenth = |number: f64| (number * 10.0).round() / 10.0;
        Self {
            street: street.to_owned(),
            figure,
            ours: tenth(ours),
            theirs: tenth(theirs),
            difference_percent: tenth(difference_percent),
            target_percent,
        }
    }

    /// Whether the target is met; what has none cannot miss it.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.target_percent.is_none_or(|target| self.difference_percent.abs() <= target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_as_large_as_the_target_is_still_good() {
        assert!(Row::new("a", "delay", 115.0, 100.0, Some(15.0)).is_met());
        assert!(!Row::new("a", "delay", 84.0, 100.0, Some(15.0)).is_met());
        assert!(Row::new("a", "finished", 5.0, 100.0, None).is_met());
    }
}
