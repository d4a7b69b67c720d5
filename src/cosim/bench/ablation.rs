//! What is taken from the engine, or given to it, to see what each piece is worth.
//!
//! Each variant is adaptive control with one thing changed: what it hears ([`crate::cosim::degrade`]), how far its detectors
//! reach, or the demand. Known positions are the yardstick for the estimator: everything that lies within the range is told
//! to the engine vehicle by vehicle, with the lane that it will take; what lies beyond, and what was learned of turn
//! shares and discharge, is as with counts.

/// One thing that is different.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variant {
    /// Its name in records and file names; empty = nothing is different.
    pub name: &'static str,
    /// What it is, for people.
    pub story: &'static str,
    /// As `--degrade` takes it.
    pub degrade: &'static str,
    /// Vehicles for each one of the demand.
    pub scale: f64,
    /// Detection range in place of the table's \[m\].
    pub range_m: Option<f64>,
}

impl Variant {
    /// Whether nothing is different.
    pub const fn is_plain(&self) -> bool {
        self.name.is_empty()
    }

    const fn heard(name: &'static str, story: &'static str, degrade: &'static str) -> Self {
        Self { name, story, degrade, scale: 1.0, range_m: None }
    }

    const fn range(name: &'static str, story: &'static str, range_m: f64) -> Self {
        Self { name, story, degrade: "", scale: 1.0, range_m: Some(range_m) }
    }

    const fn demand(name: &'static str, story: &'static str, scale: f64) -> Self {
        Self { name, story, degrade: "", scale, range_m: None }
    }
}

/// Nothing is different.
pub const PLAIN: Variant = Variant::heard("", "counts, as in the main table", "");

/// All others.
pub const VARIANTS: [Variant; 10] = [
    Variant::heard("known", "positions within the range known (yardstick)", "known"),
    Variant::heard("loops", "loops only: stop bar and upstream end of the zone", "loops"),
    Variant::heard("no-neighbours", "neighbours are not heard", "no-neighbours"),
    Variant::range("range-100", "detection range 100 m", 100.0),
    Variant::range("range-50", "detection range 50 m", 50.0),
    Variant::heard("noise-20", "counts wrong by up to ±20 %, anew every second", "noise=0.2"),
    Variant::heard("latency-2", "counts 2 s late", "latency=2"),
    Variant::heard("dead-10", "10 % of the detectors dead", "dead=0.1"),
    Variant::demand("demand-80", "demand × 0.8", 0.8),
    Variant::demand("demand-120", "demand × 1.2", 1.2),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::degrade::Degrade;

    #[test]
    fn every_variant_can_be_read_and_differs_from_all_others() {
        for (at, variant) in VARIANTS.iter().enumerate() {
            let degrade = variant.degrade.parse::<Degrade>().unwrap();
            let different = !degrade.is_nothing() || variant.range_m.is_some() || (variant.scale - 1.0).abs() > 0.01;
            assert!(different && !variant.is_plain(), "{variant:?}");
            assert!(VARIANTS[at + 1..].iter().all(|other| other.name != variant.name));
        }
    }
}
