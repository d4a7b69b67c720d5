//! In which order controllers are on either side, and which pairs are the other way round.
//!
//! In: delays of each controller, seed by seed, here and in SUMO. Out: [`Ranking`]. Seeds are paired, because the same seed
//! draws the same vehicles for every controller. Two controllers are *tied* on a side when the 95 % interval of the mean of
//! their paired differences holds zero: then the seeds do not say which is better. Of a single seed nothing of the kind is
//! known, and its figures are taken as they are.
//!
//! A pair is *inverted* when it is tied on neither side and its order is the other way round. Kendall's tau-b counts the
//! pairs: (same - opposite) / √(pairs untied here · pairs untied there).
//!
//! Weakness: one run that locks up makes the interval of its controller so wide that most of its pairs are ties; such runs
//! are named ([`Ranked::locked`]). Reference: M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945).

use crate::statistics::{Interval, mean};
use serde::Serialize;
use std::cmp::Ordering;

/// Delays of a controller, seed by seed \[s\].
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Ranked {
    /// Its name.
    pub controller: &'static str,
    /// On our simulator.
    pub ours: Vec<f64>,
    /// In SUMO.
    pub theirs: Vec<f64>,
    /// Runs that were locked up at their end, on our simulator and in SUMO, by their seeds.
    pub locked: [Vec<u32>; 2],
}

/// Two controllers by their names.
pub type Pair = (&'static str, &'static str);

/// The controllers of a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// Which map.
    pub map: String,
    /// The program on the other side.
    pub sumo: String,
    /// Each controller.
    pub controllers: Vec<Ranked>,
    /// Best first, with `<` between two that differ and `=` between two that are tied, on our simulator and in SUMO.
    pub order: [String; 2],
    /// Kendall's tau-b, 1 for the same order.
    pub tau: f64,
    /// Pairs whose order is the other way round.
    pub inverted: Vec<Pair>,
    /// Pairs that are tied in SUMO.
    pub tied: Vec<Pair>,
    /// Pairs that differ in SUMO and are tied on our simulator.
    pub tied_here: Vec<Pair>,
}

impl Ranking {
    /// Rank what was measured.
    #[must_use]
    pub fn new(map: &str, sumo: String, controllers: Vec<Ranked>) -> Self {
        let (mut sum, mut untied_here, mut untied_there) = (0, 0, 0);
        let (mut inverted, mut tied, mut tied_here) = (Vec::new(), Vec::new(), Vec::new());
        for (k, one) in controllers.iter().enumerate() {
            for other in &controllers[k + 1..] {
                let (here, there) = (order(&one.ours, &other.ours), order(&one.theirs, &other.theirs));
                let (here, there) = (here as i32, there as i32);
                sum += here * there;
                untied_here += here.abs();
                untied_there += there.abs();
                match (here, there) {
                    (_, 0) => tied.push((one.controller, other.controller)),
                    (0, _) => tied_here.push((one.controller, other.controller)),
                    _ if here != there => inverted.push((one.controller, other.controller)),
                    _ => {}
                }
            }
        }
        let pairs = (f64::from(untied_here) * f64::from(untied_there)).sqrt();
        let tau = if pairs > 0.0 { f64::from(sum) / pairs } else { 1.0 };
        let tau = (tau * 1000.0).round() / 1000.0;
        let order = [line(&controllers, |it| &it.ours), line(&controllers, |it| &it.theirs)];
        Self { map: map.to_owned(), sumo, controllers, order, tau, inverted, tied, tied_here }
    }
}

/// `Less` when the first is better, `Equal` when they are tied.
fn order(one: &[f64], other: &[f64]) -> Ordering {
    let differences: Vec<f64> = one.iter().zip(other).map(|(one, other)| one - other).collect();
    match Interval::of(&differences) {
        Some(it) if it.is_clear() || differences.len() == 1 => it.mean.total_cmp(&0.0),
        _ => Ordering::Equal,
    }
}

/// All controllers of one side, best first.
fn line(controllers: &[Ranked], side: fn(&Ranked) -> &Vec<f64>) -> String {
    let mut sorted: Vec<&Ranked> = controllers.iter().collect();
    sorted.sort_by(|a, b| mean(side(a)).total_cmp(&mean(side(b))));
    let mut line = String::new();
    for (k, it) in sorted.iter().enumerate() {
        if let Some(before) = k.checked_sub(1) {
            line += if order(side(sorted[before]), side(it)) == Ordering::Equal { " = " } else { " < " };
        }
        line += it.controller;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(controller: &'static str, ours: &[f64], theirs: &[f64]) -> Ranked {
        Ranked { controller, ours: ours.to_vec(), theirs: theirs.to_vec(), ..Ranked::default() }
    }

    fn near(tau: f64, wanted: f64) -> bool {
        (tau - wanted).abs() < 1e-9
    }

    #[test]
    fn the_same_order_has_tau_one_and_the_opposite_one_minus_one() {
        let same = vec![ranked("a", &[1.0], &[10.0]), ranked("b", &[2.0], &[20.0]), ranked("c", &[3.0], &[30.0])];
        let ranking = Ranking::new("x", String::new(), same);
        assert!(near(ranking.tau, 1.0) && ranking.inverted.is_empty());
        let opposite = vec![ranked("a", &[1.0], &[30.0]), ranked("b", &[2.0], &[20.0]), ranked("c", &[3.0], &[10.0])];
        let ranking = Ranking::new("x", String::new(), opposite);
        assert!(near(ranking.tau, -1.0) && ranking.inverted.len() == 3);
        assert_eq!(ranking.order, ["a < b < c", "c < b < a"]);
    }

    #[test]
    fn a_pair_that_the_seeds_do_not_tell_apart_in_sumo_is_no_inversion() {
        let locked = vec![
            ranked("a", &[1.0, 1.1, 1.0], &[20.0, 21.0, 400.0]),
            ranked("b", &[2.0, 2.1, 2.2], &[30.0, 31.0, 32.0]),
        ];
        let ranking = Ranking::new("x", String::new(), locked);
        assert_eq!((ranking.inverted.len(), ranking.tied.as_slice()), (0, &[("a", "b")][..]));
        assert_eq!(ranking.order, ["a < b", "b = a"]);
    }

    #[test]
    fn a_pair_is_judged_by_its_paired_differences_and_not_by_the_spread_of_its_seeds() {
        // Seeds differ by ten, the controllers by one in every seed.
        let of = |add: f64| [10.0 + add, 20.0 + add, 30.1 + add];
        let ranking =
            Ranking::new("x", String::new(), vec![ranked("a", &of(0.0), &of(1.0)), ranked("b", &of(1.0), &of(0.0))]);
        assert_eq!(ranking.inverted, [("a", "b")]);
    }

    #[test]
    fn who_differs_in_sumo_and_is_tied_here_is_told_apart_from_ties_there() {
        let ranking = Ranking::new(
            "x",
            String::new(),
            vec![ranked("a", &[1.0, 5.0, 3.0], &[1.0, 1.0, 1.1]), ranked("b", &[2.0, 3.0, 4.0], &[2.0, 2.1, 2.0])],
        );
        assert_eq!((ranking.tied.len(), ranking.tied_here.as_slice()), (0, &[("a", "b")][..]));
    }
}
