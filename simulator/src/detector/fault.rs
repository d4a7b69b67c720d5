//! Detectors that lie.
//!
//! In: true readings. Out: what arrives. Faults begin and end; several may hold at once and act in the order of the list.
//! Whatever is drawn is a hash of (seed, fault, step).
//!
//! | fault | loop | zone |
//! |---|---|---|
//! | stuck | covered for ever, no passage | what it showed when the fault began |
//! | silent | nothing arrives | nothing arrives |
//! | chatter | extra passages | extra vehicles |
//! | miscount | passages missed or doubled | vehicles missed or doubled |
//! | drift | speeds, covering grow by the hour | counts, speeds grow by the hour |
//! | late | arrives later, with its true time | same |
//! | duplicated | arrives twice | arrives twice |

use super::{Detectors, Passage, Reading, Seen, Source};
use crate::random::Stream;
use crate::street::Problems;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// What is wrong with a detector.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// Shows the same for ever.
    Stuck,
    /// Says nothing.
    Silent,
    /// Sees vehicles that are not there.
    Chatter {
        /// How many a second, 0…100.
        per_s: f64,
    },
    /// Misses vehicles, or counts them twice.
    Miscount {
        /// Share that is missed, 0…1.
        missed: f64,
        /// Share of the rest that is doubled, 0…1.
        doubled: f64,
    },
    /// Grows or shrinks by and by.
    Drift {
        /// By this share an hour, −100…100.
        per_h: f64,
    },
    /// Arrives late.
    Late {
        /// By this much \[s\], 0…3600.
        by_s: f64,
    },
    /// Arrives twice.
    Duplicated,
}

/// A value of a fault: its key, itself, what is allowed, its unit.
pub type Limit = (&'static str, f64, RangeInclusive<f64>, &'static str);

impl FaultKind {
    /// Its values with what is allowed.
    pub fn limits(self) -> Vec<Limit> {
        match self {
            Self::Chatter { per_s } => vec![("per_s", per_s, 0.0..=100.0, "1/s")],
            Self::Miscount { missed, doubled } => {
                vec![("missed", missed, 0.0..=1.0, ""), ("doubled", doubled, 0.0..=1.0, "")]
            }
            Self::Drift { per_h } => vec![("per_h", per_h, -100.0..=100.0, "1/h")],
            Self::Late { by_s } => vec![("by_s", by_s, 0.0..=3600.0, "s")],
            Self::Stuck | Self::Silent | Self::Duplicated => Vec::new(),
        }
    }
}

/// A detector with something wrong, for some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// Which detector.
    pub source: Source,
    /// What is wrong.
    pub kind: FaultKind,
    /// From when \[s\].
    pub begin_s: f64,
    /// Until when \[s\].
    pub end_s: f64,
}

impl Fault {
    pub(super) fn check(&self, place: &str, detectors: &Detectors, problems: &mut Problems) {
        let (at, of) = match self.source {
            Source::Loop(at) => (at, detectors.loops.len()),
            Source::Zone(at) => (at, detectors.zones.len()),
        };
        if at >= of {
            problems.add(format!("{place}.source"), format!("{:?}", self.source), format!("one of {of}"));
        }
        problems.within(place, "end_s", self.end_s, (self.begin_s, f64::INFINITY), "s");
        for (key, value, range, unit) in self.kind.limits() {
            problems.within(place, key, value, range.into_inner(), unit);
        }
    }
}

/// Faults at work.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    seed: u64,
    /// For each fault the zone's reading when it began.
    held: Vec<Option<Seen>>,
    /// Readings under way: when they arrive.
    under_way: VecDeque<(f64, Reading)>,
}

/// Stream of lots.
const LOTS: u64 = 5 << 32;

impl Faults {
    pub fn new(detectors: &Detectors, seed: u64) -> Self {
        let list = detectors.faults.clone();
        Self { held: vec![None; list.len()], list, seed, under_way: VecDeque::new() }
    }

    /// Deliver what arrives in this step, late readings first.
    pub fn deliver(&mut self, seen: Vec<Reading>, now_s: f64, step_s: f64, arrived: &mut Vec<Reading>) {
        let due = |it: &(f64, Reading)| it.0 <= now_s + 1e-9;
        arrived.extend(self.under_way.iter().filter(|it| due(it)).map(|it| it.1.clone()));
        self.under_way.retain(|it| !due(it));
        for mut reading in seen {
            let (mut copies, mut late_s) = (1, 0.0);
            for k in 0..self.list.len() {
                let fault = self.list[k];
                if fault.source != reading.source || now_s < fault.begin_s || now_s >= fault.end_s {
                    continue;
                }
                let mut lots = Stream::new(self.seed ^ (now_s * 1000.0) as u64, LOTS + k as u64);
                match fault.kind {
                    FaultKind::Silent => copies = 0,
                    FaultKind::Duplicated => copies *= 2,
                    FaultKind::Late { by_s } => late_s += by_s,
                    FaultKind::Stuck => stick(&mut reading.seen, &mut self.held[k]),
                    FaultKind::Chatter { per_s } => chatter(&mut reading, per_s, step_s, &mut lots),
                    FaultKind::Miscount { missed, doubled } => {
                        miscount(&mut reading.seen, missed, doubled, &mut lots);
                    }
                    FaultKind::Drift { per_h } => {
                        drift(&mut reading.seen, (1.0 + per_h * (now_s - fault.begin_s) / 3600.0).max(0.0));
                    }
                }
            }
            for _ in 0..copies {
                if late_s > 0.0 {
                    self.under_way.push_back((now_s + late_s, reading.clone()));
                } else {
                    arrived.push(reading.clone());
                }
            }
        }
    }
}

fn stick(seen: &mut Seen, held: &mut Option<Seen>) {
    match seen {
        Seen::Loop { passages, occupied } => {
            passages.clear();
            *occupied = 1.0;
        }
        Seen::Zone { .. } => *seen = held.get_or_insert_with(|| seen.clone()).clone(),
    }
}

/// A Poisson number of vehicles that are not there.
fn chatter(reading: &mut Reading, per_s: f64, step_s: f64, lots: &mut Stream) {
    let mut at = lots.exponential() / per_s.max(1e-9);
    while at < step_s {
        match &mut reading.seen {
            Seen::Loop { passages, .. } => {
                passages.push(Passage { at_s: reading.at_s - step_s + at, speed_mps: 10.0, length_m: 4.0 });
            }
            Seen::Zone { count, .. } => *count += 1,
        }
        at += lots.exponential() / per_s.max(1e-9);
    }
    if let Seen::Loop { passages, .. } = &mut reading.seen {
        passages.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    }
}

fn miscount(seen: &mut Seen, missed: f64, doubled: f64, lots: &mut Stream) {
    let mut times = || match lots.unit() {
        u if u < missed => 0,
        _ if lots.unit() < doubled => 2,
        _ => 1,
    };
    match seen {
        Seen::Loop { passages, .. } => {
            *passages = passages.iter().flat_map(|it| std::iter::repeat_n(*it, times())).collect();
        }
        Seen::Zone { count, halted, .. } => {
            *count = (0..*count).map(|_| times() as u32).sum();
            *halted = (*halted).min(*count);
        }
    }
}

fn drift(seen: &mut Seen, by: f64) {
    match seen {
        Seen::Loop { passages, occupied } => {
            for passage in passages.iter_mut() {
                passage.speed_mps *= by;
            }
            *occupied = (*occupied * by).min(1.0);
        }
        Seen::Zone { count, halted, mean_speed_mps } => {
            *count = (f64::from(*count) * by).round() as u32;
            *halted = (f64::from(*halted) * by).round() as u32;
            *mean_speed_mps *= by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{Loop, Zone};
    use crate::street::LaneIx;

    const LOOP: Source = Source::Loop(0);
    const ZONE: Source = Source::Zone(0);

    /// Readings that arrive in the steps 1 s … 100 s: a loop with one passage a second, a zone with 4 vehicles and more
    /// by one every ten seconds.
    fn arrived(source: Source, kind: FaultKind) -> Vec<Vec<Reading>> {
        let faults = vec![Fault { source, kind, begin_s: 0.0, end_s: 1000.0 }];
        let detectors =
            Detectors { loops: vec![Loop { lane: LaneIx(0), at_m: 1.0 }], zones: vec![Zone::default()], faults };
        let mut faults = Faults::new(&detectors, 1);
        let mut all = Vec::new();
        for step in 1..=100u32 {
            let now = f64::from(step);
            let passages = vec![Passage { at_s: now - 0.5, speed_mps: 10.0, length_m: 5.0 }];
            let one = Reading { source: LOOP, at_s: now, seen: Seen::Loop { passages, occupied: 0.5 } };
            let zone = Seen::Zone { count: 4 + step / 10, halted: 2, mean_speed_mps: 3.0 };
            let other = Reading { source: ZONE, at_s: now, seen: zone };
            let mut out = Vec::new();
            faults.deliver(vec![one, other], now, 1.0, &mut out);
            out.retain(|it| it.source == source);
            all.push(out);
        }
        all
    }

    fn passages(all: &[Vec<Reading>]) -> usize {
        let count = |it: &Reading| if let Seen::Loop { passages, .. } = &it.seen { passages.len() } else { 0 };
        all.iter().flatten().map(count).sum()
    }

    fn counts(all: &[Vec<Reading>]) -> Vec<u32> {
        let count = |it: &Reading| if let Seen::Zone { count, .. } = it.seen { count } else { 0 };
        all.iter().flatten().map(count).collect()
    }

    #[test]
    fn a_stuck_loop_is_covered_and_counts_nobody_and_a_stuck_zone_shows_what_it_showed() {
        let all = arrived(LOOP, FaultKind::Stuck);
        assert_eq!(passages(&all), 0);
        assert!(matches!(all[50][0].seen, Seen::Loop { occupied, .. } if occupied > 0.99));
        assert_eq!(counts(&arrived(ZONE, FaultKind::Stuck)), vec![4; 100]);
    }

    #[test]
    fn a_silent_detector_says_nothing() {
        assert!(arrived(LOOP, FaultKind::Silent).iter().all(Vec::is_empty));
        assert!(arrived(ZONE, FaultKind::Silent).iter().all(Vec::is_empty));
    }

    #[test]
    fn a_chattering_loop_counts_far_more_than_pass() {
        let n = passages(&arrived(LOOP, FaultKind::Chatter { per_s: 3.0 }));
        assert!((340..460).contains(&n), "{n}");
        assert!(counts(&arrived(ZONE, FaultKind::Chatter { per_s: 3.0 })).iter().sum::<u32>() > 1_000);
    }

    #[test]
    fn a_loop_that_miscounts_misses_and_doubles_as_often_as_told() {
        let n = passages(&arrived(LOOP, FaultKind::Miscount { missed: 0.4, doubled: 0.0 }));
        assert!((45..75).contains(&n), "{n}");
        let n = passages(&arrived(LOOP, FaultKind::Miscount { missed: 0.0, doubled: 0.5 }));
        assert!((135..165).contains(&n), "{n}");
    }

    #[test]
    fn a_drifting_zone_grows_by_the_hour() {
        let counts = counts(&arrived(ZONE, FaultKind::Drift { per_h: 36.0 }));
        assert_eq!((counts[0], counts[99]), (4, 28), "doubled after 100 s");
    }

    #[test]
    fn late_readings_arrive_with_the_time_that_they_tell_of() {
        let all = arrived(ZONE, FaultKind::Late { by_s: 7.0 });
        assert!(all[..7].iter().all(Vec::is_empty));
        assert!(all[7..].iter().enumerate().all(|(k, it)| it.len() == 1 && (it[0].at_s - (k + 1) as f64).abs() < 1e-9));
    }

    #[test]
    fn duplicated_readings_arrive_twice() {
        assert!(arrived(LOOP, FaultKind::Duplicated).iter().all(|it| it.len() == 2 && it[0] == it[1]));
    }

    #[test]
    fn the_same_seed_lies_in_the_same_way() {
        let kind = FaultKind::Miscount { missed: 0.3, doubled: 0.3 };
        assert_eq!(arrived(LOOP, kind), arrived(LOOP, kind));
    }
}
