//! Deterministic simulation testing: the house under every fault that we can think of, in virtual time, judged every 100 ms.
//!
//! In: a seed and a number of intersection-hours. Out: a [`Report`]; a finding comes with the command that plays it again to the digit.
//!
//! ```text
//! seed ─> episodes ─> world (one thread, 100 ms): street, stations, cabinets, engines, brokers, adversary ─> judges ─> report
//! ```
//!
//! Real are the controllers, the field controllers, the gate, the wire with its bytes and codes, sequence numbers, what is learned and taken up again, the
//! pace of decisions, leadership. Played are the street ([`crate::cosim::scale::synthetic`]), sockets, brokers, processes, clocks, the place of
//! leases and the disk. One episode is an
//! intersection-hour: one intersection for an hour, or two linked ones for half an hour. Episodes share nothing, so threads may
//! play them in any order and the report is the same.
//!
//! Weakness: what is played is as good as its model. Real sockets, brokers, processes and disks are tried by the tests of `service`.
//! Reference: simulation testing as in `FoundationDB` (Zhou et al. 2021); swarm testing (Groce et al. 2012).

pub mod adversary;
pub mod cabinet;
pub mod clock;
pub mod engine;
pub mod fallback;
pub mod fault;
pub mod flapping;
pub mod gate;
pub mod judge;
pub mod keys;
pub mod leadership;
pub mod lots;
pub mod office;
pub mod planted;
pub mod post;
pub mod report;
pub mod site;
pub mod station;
pub mod trace;
pub mod world;

use crate::cosim::error::CosimError;
use cabinet::Sabotage;
use report::Report;
use simulator::random::bits;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use world::{Episode, Outcome, World};

/// Who plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Plans {
    /// The programme: fast.
    Fixed,
    /// The search, as in service.
    Adaptive,
    /// One episode in twenty searches.
    Mixed,
}

/// What to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoakSettings {
    /// Where all lots come from.
    pub seed: u64,
    /// Intersection-hours, an episode each.
    pub hours: u64,
    /// Only this episode.
    pub only: Option<u64>,
    /// Who plans.
    pub plans: Plans,
    /// Threads, each with episodes of its own.
    pub jobs: usize,
    /// What is broken on purpose.
    pub sabotage: Sabotage,
}

/// An hour \[ms\].
const HOUR: i64 = 3_600_000;
/// One episode in so many searches when plans are mixed.
const SEARCHES: u64 = 20;

impl SoakSettings {
    /// The episode of a number.
    pub fn episode(&self, number: u64) -> Episode {
        let seed = bits(self.seed, number, 0);
        let (intersections, length) =
            [(1, HOUR), (1, HOUR), (1, HOUR), (2, HOUR / 2), (2, HOUR / 2), (3, HOUR / 3)][(seed % 6) as usize];
        let adaptive = match self.plans {
            Plans::Fixed => false,
            Plans::Adaptive => true,
            Plans::Mixed => number.is_multiple_of(SEARCHES),
        };
        Episode { seed, intersections, length, adaptive, faults: None, sabotage: self.sabotage }
    }
}

/// Play all episodes; `progress` is told how many are done, and says whether to go on.
///
/// # Errors
/// [`CosimError::Stopped`] when it says no.
pub fn run(settings: SoakSettings, progress: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<Report, CosimError> {
    let since = Instant::now();
    let (first, end) = settings.only.map_or((0, settings.hours), |only| (only, only + 1));
    let (next, stop) = (AtomicU64::new(first), AtomicU64::new(u64::MAX));
    let played: Mutex<Vec<(u64, Outcome)>> = Mutex::new(Vec::new());
    let (done, told) = std::sync::mpsc::channel();
    let stopped = std::thread::scope(|scope| {
        for _ in 0..settings.jobs.max(1) {
            let (done, next, stop, played) = (done.clone(), &next, &stop, &played);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end.min(stop.load(Ordering::Relaxed)) {
                        return;
                    }
                    let outcome = World::new(settings.episode(number)).run();
                    played.lock().expect("no player panics with the list in hand").push((number, outcome));
                    // Who has stopped listening has stopped the run.
                    let _ = done.send(());
                }
            });
        }
        drop(done);
        let mut count = 0;
        while told.recv().is_ok() {
            count += 1;
            if progress(count).is_break() {
                stop.store(0, Ordering::Relaxed);
            }
        }
        stop.load(Ordering::Relaxed) == 0
    });
    if stopped {
        return Err(CosimError::Stopped);
    }
    let mut played = played.into_inner().expect("no player panics with the list in hand");
    played.sort_by_key(|(number, _)| *number);
    Ok(Report::of(&settings, &played, since.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(settings: SoakSettings) -> Report {
        run(settings, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    /// As many hours as fit in about a minute of a quiet machine in the profile that tests are built with; `LIGHTWATCH_SOAK_HOURS` says another
    /// number, `LIGHTWATCH_SOAK_SEED` another seed.
    fn short() -> SoakSettings {
        let number = |name, or| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
        let (hours, seed) = (number("LIGHTWATCH_SOAK_HOURS", 200), number("LIGHTWATCH_SOAK_SEED", 1));
        SoakSettings { seed, hours, only: None, plans: Plans::Mixed, jobs: 2, sabotage: Sabotage::None }
    }

    #[test]
    fn under_every_fault_no_lamp_is_unsafe_nobody_starves_nothing_stale_is_obeyed_and_control_comes_back() {
        let report = played(short());
        assert!(report.is_good(), "{:#?}\n{}", report, report.told.join("\n"));
        for (kind, name) in fault::Kind::ALL {
            assert!(report.effects.get(name).is_some_and(|&count| count > 0), "{kind:?} never did anything");
        }
        assert!(report.mode_changes > 1_000 && report.leader_changes > 100, "{report:#?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_trace_on_any_number_of_threads_and_another_one_another() {
        let trace = |seed, jobs| played(SoakSettings { seed, jobs, hours: 3, ..short() }).trace_hash;
        assert_eq!(trace(5, 1), trace(5, 3));
        assert_ne!(trace(5, 1), trace(6, 1));
    }

    #[test]
    fn an_episode_alone_is_the_same_as_among_others() {
        let alone = played(SoakSettings { only: Some(7), plans: Plans::Fixed, ..short() });
        let again = World::new(SoakSettings { plans: Plans::Fixed, ..short() }.episode(7)).run();
        let settings = SoakSettings { plans: Plans::Fixed, ..short() };
        assert_eq!(alone.trace_hash, Report::of(&settings, &[(7, again)], std::time::Duration::ZERO).trace_hash);
    }

    #[test]
    fn what_is_broken_on_purpose_is_found_with_the_command_that_plays_it_again() {
        let found = |sabotage| played(SoakSettings { hours: 6, plans: Plans::Fixed, sabotage, ..short() });
        let no_yellow = found(Sabotage::NoYellow);
        assert!(
            no_yellow.unsafe_lamps > 0
                && no_yellow.told[0].contains("lightwatch soak --seed 1 --plans fixed --episode")
        );
        assert!(found(Sabotage::Gullible).stale_obeyed > 0);
        assert!(found(Sabotage::Stuck).starved > 0);
    }
}
