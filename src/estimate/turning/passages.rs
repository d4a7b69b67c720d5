//! Passages over the stop lines of the last minutes, as running totals that can be asked for any span of time.
//!
//! In: passages of each period \[veh\], one number a column (a lane whose turns are unknown, or a movement). Out: passages
//! between two instants in the past, blurred by the spread of the travel times. Between two periods totals
//! are interpolated.

use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How far back anybody may ask.
const KEPT: Millis = Millis::from_secs(180);

/// Running totals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Passages {
    columns: usize,
    totals: VecDeque<(Timestamp, Vec<f64>)>,
}

impl Passages {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns, totals: VecDeque::new() }
    }

    /// Passages of the period that ends at an instant, by column. Periods that do not go forward in time are left out.
    pub(super) fn add(&mut self, at: Timestamp, passed: &[f64]) {
        if self.totals.back().is_some_and(|(last, _)| at <= *last) {
            return;
        }
        let before = self.totals.back().map_or_else(|| vec![0.0; self.columns], |(_, totals)| totals.clone());
        self.totals.push_back((at, before.iter().zip(passed).map(|(total, passed)| total + passed).collect()));
        while self.totals.front().is_some_and(|(first, _)| at - *first > KEPT) {
            self.totals.pop_front();
        }
    }

    /// Passages between two instants, each seen `delays` later with equal chances; `None` where nothing is remembered.
    pub(super) fn between(&self, from: Timestamp, to: Timestamp, delays: &[Millis]) -> Option<Vec<f64>> {
        let mut passed = vec![0.0; self.columns];
        for &delay in delays {
            let (before, after) = (self.total(from - delay)?, self.total(to - delay)?);
            for (column, passed) in passed.iter_mut().enumerate() {
                *passed += (after[column] - before[column]) / delays.len() as f64;
            }
        }
        Some(passed)
    }

    fn total(&self, at: Timestamp) -> Option<Vec<f64>> {
        let place = self.totals.partition_point(|(other, _)| *other < at);
        let (after_at, after) = self.totals.get(place)?;
        if *after_at == at {
            return Some(after.clone());
        }
        let (before_at, before) = self.totals.get(place.checked_sub(1)?)?;
        let part = (at - *before_at).as_secs_f64() / (*after_at - *before_at).as_secs_f64();
        Some(before.iter().zip(after).map(|(before, after)| before + part * (after - before)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn passages_are_found_again_a_delay_later() {
        let mut passages = Passages::new(1);
        (0..60).for_each(|secs| passages.add(at(secs), &[if secs == 20 { 2.0 } else { 0.0 }]));
        let seen = |from, to, delays: &[i64]| {
            let delays: Vec<Millis> = delays.iter().map(|&secs| Millis::from_secs(secs)).collect();
            passages.between(at(from), at(to), &delays).map(|passed| passed[0])
        };
        assert_eq!(seen(24, 26, &[5]), Some(2.0));
        assert_eq!(seen(20, 24, &[5]), Some(0.0));
        assert_eq!(seen(24, 26, &[5, 9]), Some(1.0));
        assert_eq!(seen(2, 26, &[5]), None, "before the first period nothing is known");
        assert_eq!(seen(50, 70, &[5]), None, "nor after the last");
    }

    #[test]
    fn a_missed_period_is_spread_over_the_gap_and_the_past_is_forgotten() {
        let mut passages = Passages::new(1);
        passages.add(at(0), &[0.0]);
        passages.add(at(10), &[5.0]);
        passages.add(at(4), &[9.0]);
        assert_eq!(passages.between(at(2), at(4), &[Millis::ZERO]), Some(vec![1.0]));
        (11..400).for_each(|secs| passages.add(at(secs), &[0.0]));
        assert!(passages.totals.len() <= 182);
    }
}
