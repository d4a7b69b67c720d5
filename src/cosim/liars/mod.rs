//! How much harm lying detectors can do: a seeded search over strategies of lies, and a judgement of the worst with other seeds.
//!
//! In: [`SearchSettings`]. Out: [`Report`]. Each strategy ([`strategy`]) is run on its small street ([`trial`]) with the seed of the search, and compared
//! with honest detectors and with the fixed programme on the same street and seed. In the second half every other strategy is one of the
//! worst so far of its reach, bent a little. As the worst of thousands is worst by luck as well, the worst few of each reach are run
//! again with seeds that the search has not seen; the mean over these is the figure that is judged.
//!
//! A record of each run is kept in a file ([`store`]), so that an interrupted search goes on where it was. The same settings give the same
//! figures with any number of jobs: strategies depend on whole rounds only.

pub mod lie;
pub mod store;
pub mod strategy;
pub mod trial;

use crate::cosim::error::CosimError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::Store;
use strategy::{Reach, Strategy};
use trial::{Outcome, Trial, Who};

/// Strategies of a round; those of the next depend on all of it.
const ROUND: usize = 100;
/// So many of the worst of a reach are bent.
const PARENTS: usize = 8;
/// Seed of demand and drivers of the search.
const SEARCHED: u64 = 1;

/// What to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchSettings {
    /// Strategies.
    pub strategies: usize,
    /// Seed of the strategies.
    pub seed: u64,
    /// Measured time of each run \[s\].
    pub measured_s: u32,
    /// Runs side by side.
    pub jobs: usize,
    /// How many of each reach are judged.
    pub judged: usize,
    /// Seeds of demand and drivers with which they are judged.
    pub seeds: RangeInclusive<u64>,
}

/// What the worst strategies of a reach did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worst {
    /// Their reach.
    pub reach: Reach,
    /// Delay over honest detectors of the worst, with the seeds of the judgement \[%\].
    pub over_honest_pct: f64,
    /// The same against the fixed programme \[%\].
    pub over_fixed_pct: f64,
    /// What the search saw of over-honest, with its own seed \[%\].
    pub searched_over_honest_pct: f64,
    /// What the search saw against the fixed programme \[%\].
    pub searched_over_fixed_pct: f64,
    /// Whose `over_honest_pct` that is.
    pub strategy: String,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Strategies that were run.
    pub strategies: usize,
    /// Seed of the strategies.
    pub seed: u64,
    /// Measured time of each run \[s\].
    pub measured_s: u32,
    /// Conflicts, short intervals, missing clearances in all runs.
    pub r#unsafe: u64,
    /// Share of the strategies of one detector by which somebody waited beyond the maximum red.
    pub detector_starved_share: f64,
    /// The same of all strategies.
    pub starved_share: f64,
    /// Share of the strategies in which a detector was found out.
    pub found_share: f64,
    /// Median of the delay over honest detectors, one lying detector \[%\].
    pub detector_median_pct: f64,
    /// Delay of honest detectors, of each street, with the seed of the search \[s\].
    pub honest_s: Vec<f64>,
    /// Delay of the fixed programme, likewise \[s\].
    pub fixed_s: Vec<f64>,
    /// By reach.
    pub worst: Vec<Worst>,
}

/// Whoever watches: is told how many runs are done, and says whether to go on.
pub trait Watcher: Sync {
    /// So many runs more are done.
    fn done(&self, runs: usize);
    /// Whether to go on.
    fn goes_on(&self) -> bool;
}

/// Strategies with what they did, by delay over the yardstick of their reach, worst first.
type Ranked = Vec<(f64, usize, Strategy)>;

/// Search, then judge.
///
/// # Errors
/// [`CosimError::Stopped`]; a store that cannot be written.
pub fn search(settings: &SearchSettings, store: &Store, watcher: &dyn Watcher) -> Result<Report, CosimError> {
    let runs = Runs { store, watcher, jobs: settings.jobs, measured_s: settings.measured_s };
    let lanes = trial::counted_lanes()?;
    let plain = runs.yardsticks(lanes.len(), SEARCHED..=SEARCHED)?;
    let mut done: Vec<(Strategy, Outcome)> = Vec::new();
    while done.len() < settings.strategies {
        let parents = ranked(&done, &plain);
        let numbers = done.len()..(done.len() + ROUND).min(settings.strategies);
        let strategies: Vec<Strategy> = numbers.map(|number| next(settings, number, &lanes, &parents)).collect();
        let trials: Vec<Trial> = strategies.iter().map(|it| runs.trial(it, SEARCHED)).collect();
        done.extend(strategies.into_iter().zip(runs.all(&trials)?));
    }
    let judge = runs.yardsticks(lanes.len(), settings.seeds.clone())?;
    let parents = ranked(&done, &plain);
    let worst: Result<Vec<Worst>, CosimError> = parents
        .iter()
        .filter(|(_, ranked)| !ranked.is_empty())
        .map(|(&reach, ranked)| runs.judged(settings, (reach, ranked), &done, (&plain, &judge)))
        .collect();
    Ok(report(settings, &done, &plain, worst?))
}

/// The strategy of a number: drawn, or in the second half one of the worst, bent.
fn next(
    settings: &SearchSettings,
    number: usize,
    lanes: &[Vec<Vec<usize>>],
    parents: &BTreeMap<Reach, Ranked>,
) -> Strategy {
    let ranked = parents.get(&Strategy::reach(number)).filter(|it| !it.is_empty());
    match ranked {
        Some(ranked) if number >= settings.strategies / 2 && number % 2 == 1 => {
            ranked[number / 20 % ranked.len().min(PARENTS)].2.bent(settings.seed, number)
        }
        _ => Strategy::draw(settings.seed, number, lanes),
    }
}

/// Delay of honest detectors and of the fixed programme \[s\], by street and seed.
type Yardsticks = BTreeMap<(usize, u64), (f64, f64)>;

fn ranked(done: &[(Strategy, Outcome)], plain: &Yardsticks) -> BTreeMap<Reach, Ranked> {
    let mut by_reach: BTreeMap<Reach, Ranked> = BTreeMap::new();
    for (number, (strategy, outcome)) in done.iter().enumerate() {
        let (honest, fixed) = plain[&(strategy.street, SEARCHED)];
        let yardstick = if strategy.reach == Reach::Many { fixed } else { honest };
        let harm = outcome.delay_s / yardstick;
        by_reach.entry(strategy.reach).or_default().push((harm, number, strategy.clone()));
    }
    for ranked in by_reach.values_mut() {
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    }
    by_reach
}

fn percent(delay_s: f64, of_s: f64) -> f64 {
    (1000.0 * (delay_s / of_s - 1.0)).round() / 10.0
}

/// Of a list, how many in one, to a thousandth.
fn share<'a>(of: impl Iterator<Item = &'a Outcome>, counts: impl Fn(&Outcome) -> bool) -> f64 {
    let (all, counted) = of.fold((0, 0), |(all, counted), it| (all + 1, counted + u32::from(counts(it))));
    (1000.0 * f64::from(counted) / f64::from(all.max(1))).round() / 1000.0
}

fn report(settings: &SearchSettings, done: &[(Strategy, Outcome)], plain: &Yardsticks, worst: Vec<Worst>) -> Report {
    let all = || done.iter().map(|(_, outcome)| outcome);
    let one = || done.iter().filter(|(strategy, _)| strategy.reach == Reach::Detector);
    let over = |(it, outcome): &(Strategy, Outcome)| percent(outcome.delay_s, plain[&(it.street, SEARCHED)].0);
    let mut harm: Vec<f64> = one().map(over).collect();
    harm.sort_by(f64::total_cmp);
    Report {
        strategies: done.len(),
        seed: settings.seed,
        measured_s: settings.measured_s,
        r#unsafe: all().map(|it| it.r#unsafe).sum(),
        detector_starved_share: share(one().map(|it| &it.1), |it| it.starved > 0),
        starved_share: share(all(), |it| it.starved > 0),
        found_share: share(all(), |it| it.found),
        detector_median_pct: harm.get(harm.len() / 2).copied().unwrap_or(0.0),
        honest_s: plain.values().map(|it| it.0).collect(),
        fixed_s: plain.values().map(|it| it.1).collect(),
        worst,
    }
}

/// How runs are made.
struct Runs<'a> {
    store: &'a Store,
    watcher: &'a dyn Watcher,
    jobs: usize,
    measured_s: u32,
}

impl Runs<'_> {
    fn trial(&self, strategy: &Strategy, seed: u64) -> Trial {
        let (street, who) = (strategy.street, Who::Liars(strategy.clone()));
        Trial { street, seed, measured_s: self.measured_s, who }
    }

    fn yardsticks(&self, streets: usize, seeds: RangeInclusive<u64>) -> Result<Yardsticks, CosimError> {
        let keys: Vec<(usize, u64)> =
            (0..streets).flat_map(|street| seeds.clone().map(move |it| (street, it))).collect();
        let plain = |who: Who| {
            let of =
                |&(street, seed): &(usize, u64)| Trial { street, seed, measured_s: self.measured_s, who: who.clone() };
            self.all(&keys.iter().map(of).collect::<Vec<_>>())
        };
        let (honest, fixed) = (plain(Who::Honest)?, plain(Who::Fixed)?);
        Ok(keys.into_iter().zip(honest.iter().zip(&fixed).map(|(a, b)| (a.delay_s, b.delay_s))).collect())
    }

    /// The worst of a reach with the seeds of the judgement.
    fn judged(
        &self,
        settings: &SearchSettings,
        (reach, ranked): (Reach, &Ranked),
        done: &[(Strategy, Outcome)],
        (plain, judge): (&Yardsticks, &Yardsticks),
    ) -> Result<Worst, CosimError> {
        let asked: Vec<&Strategy> = ranked.iter().take(settings.judged).map(|it| &it.2).collect();
        let trials: Vec<Trial> =
            asked.iter().flat_map(|it| settings.seeds.clone().map(|seed| self.trial(it, seed))).collect();
        let outcomes = self.all(&trials)?;
        let seeds = settings.seeds.clone().count();
        let sums = asked.iter().zip(outcomes.chunks(seeds)).map(|(strategy, outcomes)| {
            let of = |pick: fn(&(f64, f64)) -> f64| -> f64 {
                settings.seeds.clone().map(|seed| pick(&judge[&(strategy.street, seed)])).sum()
            };
            let delay: f64 = outcomes.iter().map(|it| it.delay_s).sum();
            (percent(delay, of(|it| it.0)), percent(delay, of(|it| it.1)), *strategy)
        });
        let sums: Vec<(f64, f64, &Strategy)> = sums.collect();
        let worst =
            sums.iter().max_by(|a, b| if reach == Reach::Many { a.1.total_cmp(&b.1) } else { a.0.total_cmp(&b.0) });
        let most = |pick: fn(&(f64, f64)) -> f64| {
            let of = done.iter().filter(|it| it.0.reach == reach);
            of.map(|(it, out)| percent(out.delay_s, pick(&plain[&(it.street, SEARCHED)]))).fold(f64::MIN, f64::max)
        };
        let worst = worst.expect("a reach that is judged has strategies");
        Ok(Worst {
            reach,
            over_honest_pct: sums.iter().map(|it| it.0).fold(f64::MIN, f64::max),
            over_fixed_pct: sums.iter().map(|it| it.1).fold(f64::MIN, f64::max),
            searched_over_honest_pct: most(|it| it.0),
            searched_over_fixed_pct: most(|it| it.1),
            strategy: worst.2.to_string(),
        })
    }

    /// Run what is not kept, side by side.
    fn all(&self, trials: &[Trial]) -> Result<Vec<Outcome>, CosimError> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<Option<Result<Outcome, CosimError>>>> = Mutex::new(trials.iter().map(|_| None).collect());
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(trial) = trials.get(at).filter(|_| self.watcher.goes_on()) else { break };
                        let outcome = self.one(trial);
                        done.lock().expect("nobody panics while holding it")[at] = Some(outcome);
                    }
                });
            }
        });
        let done = done.into_inner().expect("nobody panics while holding it");
        done.into_iter().map(|it| it.unwrap_or(Err(CosimError::Stopped))).collect()
    }

    fn one(&self, trial: &Trial) -> Result<Outcome, CosimError> {
        if let Some(kept) = self.store.kept(trial) {
            return Ok(kept);
        }
        let outcome = trial.run(&|| self.watcher.goes_on())?;
        self.store.keep(trial, outcome)?;
        self.watcher.done(1);
        Ok(outcome)
    }
}
