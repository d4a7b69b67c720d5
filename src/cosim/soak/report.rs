//! What a soak tells: sums and maxima over all episodes, in the order of their numbers.

use super::fault::{Kind, name};
use super::trace::Trace;
use super::world::Outcome;
use super::{Plans, SoakSettings};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The figures of a soak.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Where all lots came from.
    pub seed: u64,
    /// Intersection-hours that were played.
    pub hours: u64,
    /// Of these with the search.
    pub adaptive_hours: u64,
    /// Lamps that must not be, by the monitor.
    #[serde(rename = "unsafe")]
    pub unsafe_lamps: u64,
    /// Waits beyond the maximum red and its allowance.
    pub starved: u64,
    /// Plans obeyed beyond their lease, or that nobody made.
    pub stale_obeyed: u64,
    /// Plans obeyed after a later one.
    pub fencing_broken: u64,
    /// Ways back that took too long.
    pub not_back: u64,
    /// Faults that began.
    pub faults_injected: u64,
    /// Digest of everything that was shown and sent.
    pub trace_hash: String,
    /// Changes between the engine and local control, both ways.
    pub mode_changes: u64,
    /// Controllers that had to flash because nothing legal was left.
    pub flashed: u64,
    /// Changes of who leads.
    pub leader_changes: u64,
    /// Plans that were sent.
    pub plans: u64,
    /// Messages that engines and controllers turned away.
    pub rejected: u64,
    /// Oldest plan that was ever obeyed \[ms\].
    pub plan_age_max_ms: i64,
    /// Longest local control \[s\].
    pub longest_local_s: f64,
    /// Longest way back to the engine after the last of some faults \[s\].
    pub back_remote_max_s: f64,
    /// The same until the engine plans as it should \[s\].
    pub back_adaptive_max_s: f64,
    /// Calms at whose judgement the engine still ran without detectors that had lied before: trust comes back after clean windows.
    pub doubting: u64,
    /// Simulated intersection-seconds a second.
    pub times_real_time: f64,
    /// Wall time \[s\].
    pub took_s: f64,
    /// How often each kind of fault began.
    pub faults: BTreeMap<&'static str, u64>,
    /// How many effects it had: messages, ticks, readings.
    pub effects: BTreeMap<&'static str, u64>,
    /// What was found, in words, each with its command.
    #[serde(skip)]
    pub told: Vec<String>,
}

/// Findings that are told in words.
const TOLD: usize = 40;
/// Of one episode, unless it is played alone.
const EACH: usize = 4;

impl Report {
    /// The report of some episodes, in order.
    pub fn of(settings: &SoakSettings, played: &[(u64, Outcome)], took: Duration) -> Self {
        let sum = |number: fn(&Outcome) -> u64| played.iter().map(|(_, it)| number(it)).sum::<u64>();
        let most = |number: fn(&Outcome) -> i64| played.iter().map(|(_, it)| number(it)).max().unwrap_or(0);
        let secs = |ms: i64| ms as f64 / 1_000.0;
        let counts = |of: fn(&Outcome) -> &BTreeMap<Kind, u64>| {
            let mut sums = BTreeMap::new();
            for (kind, count) in played.iter().flat_map(|(_, it)| of(it)) {
                *sums.entry(name(*kind)).or_insert(0) += count;
            }
            sums
        };
        let mut trace = Trace::default();
        for (_, it) in played {
            trace.add(&it.trace.to_le_bytes());
        }
        let took_s = took.as_secs_f64();
        Self {
            seed: settings.seed,
            hours: played.len() as u64,
            adaptive_hours: played.iter().filter(|(number, _)| settings.episode(*number).adaptive).count() as u64,
            unsafe_lamps: sum(|it| it.unsafe_lamps),
            starved: sum(|it| it.starved),
            stale_obeyed: sum(|it| it.stale_obeyed),
            fencing_broken: sum(|it| it.fencing_broken),
            not_back: sum(|it| it.not_back),
            faults_injected: sum(|it| it.tally.total()),
            trace_hash: format!("{:016x}", trace.digest()),
            mode_changes: sum(|it| it.mode_changes),
            flashed: sum(|it| it.flashed),
            leader_changes: sum(|it| it.leaders),
            plans: sum(|it| it.plans),
            rejected: sum(|it| it.rejected),
            plan_age_max_ms: most(|it| it.plan_age_max_ms),
            longest_local_s: secs(most(|it| it.local_max_ms)),
            back_remote_max_s: secs(most(|it| it.back_remote_max_ms)),
            back_adaptive_max_s: secs(most(|it| it.back_adaptive_max_ms)),
            doubting: sum(|it| it.doubting),
            times_real_time: (played.len() as f64 * 3_600.0 / took_s.max(1e-9)).round(),
            took_s: (took_s * 10.0).round() / 10.0,
            faults: counts(|it| &it.tally.begun),
            effects: counts(|it| &it.tally.effects),
            told: told(settings, played),
        }
    }

    /// Whether anything was found.
    pub fn is_good(&self) -> bool {
        self.unsafe_lamps + self.starved + self.stale_obeyed + self.fencing_broken + self.not_back + self.flashed == 0
    }
}

/// Findings in words, each with the command that plays it again.
fn told(settings: &SoakSettings, played: &[(u64, Outcome)]) -> Vec<String> {
    let plans = match settings.plans {
        Plans::Fixed => "fixed",
        Plans::Adaptive => "adaptive",
        Plans::Mixed => "mixed",
    };
    let lines = played.iter().flat_map(|(number, outcome)| {
        outcome.findings.iter().take(EACH).map(move |it| {
            let at = it.at as f64 / 1_000.0;
            format!(
                "episode {number}, {at:.1} s, intersection x{}: {}\n  again: lightwatch soak --seed {} --plans {plans} --episode {number}",
                it.ix, it.what, settings.seed
            )
        })
    });
    lines.take(TOLD).collect()
}
