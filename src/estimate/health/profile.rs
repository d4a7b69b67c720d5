//! The flow that a lane usually has: what is believed of it while its detector is not.
//!
//! In: passages \[veh\] with their time, while the detector is trusted. Out: a rate \[veh/s\]. The present is a mean with a memory of
//! [`MEMORY_S`]; hours of the week keep a mean of their own, in veh/h, 336 bytes a lane. A rate is looked up in the present while that is
//! fresh, then in the hour of the week, then again in the present, however old.
//!
//! A quiet spell is not learned before it is over: a detector that has died must not teach that nobody comes. And when a detector is found
//! faulty, what it taught in the quarter of an hour before is forgotten ([`Profile::doubt`]): it lied before it was found.
//!
//! Weakness: hours are those of UTC, so a profile is an hour off after clocks are changed, until it is learned again.

use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Memory of the present \[s\].
const MEMORY_S: f64 = 900.0;
/// Watched for less than this nothing is known \[s\].
const KNOWN_S: f64 = 300.0;
/// The present is that of the last hour.
const FRESH: Millis = Millis::from_secs(3_600);
/// What is learned is written down this often, to be gone back to \[s\].
const PAGE_S: f64 = 300.0;
/// So many pages back is long enough for any fault to be found.
const PAGES: usize = 4;
/// Share of an hour that must have been watched to be learned \[s\].
const HOUR_WATCHED_S: f64 = 2_700.0;
/// Hours of a week.
const HOURS: usize = 168;
/// Hour and week \[ms\].
const HOUR_MS: i64 = 3_600_000;
const WEEK_MS: i64 = 168 * HOUR_MS;
/// Nothing is known of this hour.
const UNKNOWN: u16 = u16::MAX;

/// What is learned of one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    rate: f64,
    watched_s: f64,
    learned_at: Option<Timestamp>,
    /// Rate and time watched at the end of each page, oldest first.
    pages: VecDeque<(f64, f64)>,
    page_s: f64,
    /// Quiet time that is not learned yet \[s\].
    quiet_s: f64,
    hour: usize,
    hour_passed: f64,
    hour_s: f64,
    /// Mean flow of each hour of the week \[veh/h\].
    #[serde(with = "week")]
    week: Box<[u16; HOURS]>,
}

impl Profile {
    pub(super) fn new() -> Self {
        Self {
            rate: 0.0,
            watched_s: 0.0,
            learned_at: None,
            pages: VecDeque::new(),
            page_s: 0.0,
            quiet_s: 0.0,
            hour: 0,
            hour_passed: 0.0,
            hour_s: 0.0,
            week: Box::new([UNKNOWN; HOURS]),
        }
    }

    /// One period of a trusted detector; `quiet` says that nobody was seen.
    pub(super) fn learn(&mut self, passed: u32, quiet: bool, dt_s: f64, at: Timestamp) {
        self.quiet_s += dt_s;
        if quiet {
            return;
        }
        let span_s = std::mem::take(&mut self.quiet_s);
        self.watched_s += span_s;
        let gain = (span_s / MEMORY_S).max(span_s / self.watched_s).min(1.0);
        self.rate += gain * (f64::from(passed) / span_s - self.rate);
        self.learned_at = Some(at);
        self.learn_hour(f64::from(passed), span_s, at);
        self.page_s += span_s;
        if self.page_s >= PAGE_S {
            self.page_s = 0.0;
            self.pages.push_back((self.rate, self.watched_s));
            if self.pages.len() > PAGES {
                self.pages.pop_front();
            }
        }
    }

    /// The detector was found faulty: what it said lately is not to be learned from.
    pub(super) fn doubt(&mut self) {
        if let Some((rate, watched_s)) = self.pages.front().copied() {
            (self.rate, self.watched_s) = (rate, watched_s);
        }
        self.pages.truncate(1);
        (self.page_s, self.hour_passed, self.hour_s) = (0.0, 0.0, 0.0);
        self.forget_quiet();
    }

    /// From how long a time the rate is known \[s\].
    pub(super) fn known_s(&self) -> f64 {
        self.watched_s.min(MEMORY_S)
    }

    /// What was seen since somebody last came was not true.
    pub(super) fn forget_quiet(&mut self) {
        self.quiet_s = 0.0;
    }

    /// Flow at an instant \[veh/s\]; `None` before enough was watched.
    pub(super) fn rate(&self, at: Timestamp) -> Option<f64> {
        let fresh = self.learned_at.is_some_and(|learned| at - learned <= FRESH);
        let present = (self.watched_s >= KNOWN_S).then_some(self.rate);
        let usual = Some(self.week[hour_of_week(at)]).filter(|&flow| flow != UNKNOWN);
        let usual = usual.map(|flow| f64::from(flow) / 3_600.0);
        if fresh { present.or(usual) } else { usual.or(present) }
    }

    fn learn_hour(&mut self, passed: f64, span_s: f64, at: Timestamp) {
        let hour = hour_of_week(at);
        if hour != self.hour {
            if self.hour_s >= HOUR_WATCHED_S {
                let flow = 3_600.0 * self.hour_passed / self.hour_s;
                let kept = &mut self.week[self.hour];
                let mean = if *kept == UNKNOWN { flow } else { 0.5 * (f64::from(*kept) + flow) };
                *kept = (mean.round() as u16).min(UNKNOWN - 1);
            }
            (self.hour, self.hour_passed, self.hour_s) = (hour, 0.0, 0.0);
        }
        self.hour_passed += passed;
        self.hour_s += span_s;
    }
}

fn hour_of_week(at: Timestamp) -> usize {
    (at.0.rem_euclid(WEEK_MS) / HOUR_MS) as usize
}

/// The hours of a week as a list: serde writes arrays of at most 32.
mod week {
    use super::HOURS;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(week: &[u16; HOURS], to: S) -> Result<S::Ok, S::Error> {
        week.as_slice().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Box<[u16; HOURS]>, D::Error> {
        let hours = Vec::<u16>::deserialize(from)?.into_boxed_slice();
        hours.try_into().map_err(|_| D::Error::custom("a week of another length"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One passage every `every` seconds between two instants.
    fn watch(profile: &mut Profile, seconds: std::ops::Range<i64>, every: i64) {
        for second in seconds {
            let passed = u32::from(second % every == 0);
            profile.learn(passed, passed == 0, 1.0, Timestamp::from_secs(second));
        }
    }

    #[test]
    fn the_present_is_known_after_five_minutes_and_a_quiet_spell_teaches_nothing_before_it_is_over() {
        let mut profile = Profile::new();
        watch(&mut profile, 0..200, 10);
        assert_eq!(profile.rate(Timestamp::from_secs(200)), None);
        watch(&mut profile, 200..900, 10);
        let known = profile.rate(Timestamp::from_secs(900)).unwrap();
        assert!((known - 0.1).abs() < 0.03, "{known}");
        (900..1_500).for_each(|second| profile.learn(0, true, 1.0, Timestamp::from_secs(second)));
        assert_eq!(profile.rate(Timestamp::from_secs(1_500)), Some(known));
    }

    #[test]
    fn what_a_detector_taught_in_the_quarter_of_an_hour_before_it_was_found_faulty_is_forgotten() {
        let mut profile = Profile::new();
        watch(&mut profile, 0..3_600, 10);
        watch(&mut profile, 3_600..4_500, 1);
        let rate = |profile: &Profile| profile.rate(Timestamp::from_secs(4_500)).unwrap();
        assert!(rate(&profile) > 0.5);
        profile.doubt();
        assert!((rate(&profile) - 0.1).abs() < 0.03, "{}", rate(&profile));
    }

    #[test]
    fn hours_later_the_same_hour_of_last_week_is_believed_before_what_was_seen_last() {
        let mut profile = Profile::new();
        watch(&mut profile, 0..3_600, 5);
        watch(&mut profile, 3_600..7_200, 20);
        watch(&mut profile, 7_200..7_210, 20);
        let week = 168 * 3_600;
        let (first, second) = (Timestamp::from_secs(week + 1_800), Timestamp::from_secs(week + 5_400));
        assert!((profile.rate(first).unwrap() - 0.2).abs() < 0.01);
        assert!((profile.rate(second).unwrap() - 0.05).abs() < 0.01);
    }
}
