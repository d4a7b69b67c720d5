//! A search for better scalars in the own simulator: which sets are tried, how they are compared, what is written down.
//!
//! In: a [`Plan`] of the search (scenarios, seeds, scalars, generations), the set to begin with. Out: a set with its provenance, and a
//! state after every generation, from which the same command goes on to the same bytes.
//!
//! ```text
//! before   every scenario and seed with the set to begin with
//! search   generation by generation: candidates (`cma_es`) ─runs (`trial`)─> costs ─> state.json
//! after    the middle of the last generation and the set to begin with, on seeds that were kept aside
//! ```
//!
//! What is written is the middle of the distribution, not the best candidate: under noise the best is the luckiest. Whether it is any
//! better is told by the seeds that were kept aside, as a mean of paired differences with its 95 % interval. Whether it is to be
//! adopted is for a person to say, with other streets than these.
//!
//! Sources: [`cma_es`]; common random numbers: Law, *Simulation Modeling and Analysis*, ch. 11.

pub mod cma_es;
pub mod space;
mod store;
pub mod trial;

pub use store::{Kept, RESULT, STATE, Step};
pub use trial::Watcher;

use crate::config::{Provenance, Scalars};
use crate::cosim::error::CosimError;
use crate::cosim::scenario::Scenario;
use crate::statistics::{Interval, mean};
use cma_es::{Search, inside};
use serde::{Deserialize, Serialize};
use space::Space;
use std::path::Path;
use trial::{Outcome, Trial, costs};

/// What is searched, as far as the bytes of the result depend on it. A search that was interrupted goes on only with the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Program that searches.
    pub program: String,
    /// Names of the scenarios.
    pub scenarios: Vec<String>,
    /// Seeds of demand and drivers.
    pub seeds: Vec<u64>,
    /// Those kept aside.
    pub held_out: Vec<u64>,
    /// What is varied.
    pub varied: Vec<String>,
    /// The set to begin with, as a file.
    pub from: String,
    /// Generations.
    pub generations: u32,
    /// Candidates of a generation.
    pub population: u32,
    /// Seed of the search.
    pub seed: u64,
    /// No scenario is simulated longer than this \[s\].
    pub shorten_s: Option<i64>,
}

/// A search with everything that it needs.
pub struct Tuning<'a> {
    /// What is searched.
    pub plan: Plan,
    /// The scenarios, in the order of their names in the plan.
    pub scenarios: &'a [Scenario],
    /// What is varied.
    pub space: &'a Space,
    /// The set to begin with.
    pub from: &'a Scalars,
    /// When, as the caller says; told in the result.
    pub date: Option<String>,
    /// Runs at a time.
    pub jobs: usize,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// The set, with its provenance.
    pub scalars: Scalars,
    /// Mean of the logarithm of delay after over delay before, on the seeds kept aside.
    pub change: Interval,
}

impl Tuning<'_> {
    /// Simulated seconds of the whole search, of which a kept state has some behind it.
    pub fn seconds(&self, kept: Option<&Kept>) -> u64 {
        let once: u64 = self.scenarios.iter().map(|it| (it.end_s - it.begin_s).unsigned_abs()).sum();
        let generations = u64::from(self.plan.generations) - kept.map_or(0, |it| it.search.generation());
        let before = u64::from(kept.is_none());
        let searched = (before + generations * u64::from(self.plan.population)) * self.plan.seeds.len() as u64;
        once * (searched + 2 * self.plan.held_out.len() as u64)
    }

    /// Search, from a kept state or from the beginning; the state is kept in `folder` after each generation, and the result there at
    /// the end.
    ///
    /// # Errors
    /// A run that failed, a file that cannot be written, [`CosimError::Stopped`].
    pub fn run(&self, kept: Option<Kept>, folder: &Path, watcher: &dyn Watcher) -> Result<Tuned, CosimError> {
        let mut kept = match kept {
            Some(kept) => kept,
            None => self.begin(watcher)?,
        };
        while kept.search.generation() < u64::from(self.plan.generations) {
            let step = self.generation(&mut kept, watcher)?;
            watcher.says(&step.to_string());
            kept.steps.push(step);
            kept.write(folder)?;
        }
        let tuned = self.judge(&kept, watcher)?;
        store::write_result(folder, &tuned.scalars)?;
        Ok(tuned)
    }

    fn begin(&self, watcher: &dyn Watcher) -> Result<Kept, CosimError> {
        let before = self.outcomes(&[self.from], &self.plan.seeds, watcher)?;
        let population = self.plan.population as usize;
        let search = Search::new(self.plan.seed, population, &self.space.point(self.from));
        Ok(Kept::new(self.plan.clone(), search, before))
    }

    fn generation(&self, kept: &mut Kept, watcher: &dyn Watcher) -> Result<Step, CosimError> {
        let candidates = kept.search.candidates();
        let sets: Vec<Scalars> = candidates.iter().map(|it| self.space.at(self.from, &inside(it))).collect();
        let sets: Vec<&Scalars> = sets.iter().collect();
        let outcomes = self.outcomes(&sets, &self.plan.seeds, watcher)?;
        let runs = outcomes.chunks(kept.before.len());
        let paid: Vec<f64> = runs
            .zip(&candidates)
            .map(|(outcomes, candidate)| mean(costs(outcomes, &kept.before)) + Search::penalty(candidate))
            .collect();
        kept.search.tell(&paid);
        let best = paid.iter().copied().fold(f64::INFINITY, f64::min);
        Ok(Step { generation: kept.search.generation(), best, mean: mean(&paid), sigma: kept.search.sigma() })
    }

    /// Before and after on the seeds that were kept aside.
    fn judge(&self, kept: &Kept, watcher: &dyn Watcher) -> Result<Tuned, CosimError> {
        let mut scalars = self.space.at(self.from, &kept.search.mean());
        let outcomes = self.outcomes(&[self.from, &scalars], &self.plan.held_out, watcher)?;
        let (before, after) = outcomes.split_at(outcomes.len() / 2);
        let logs = after.iter().zip(before).map(|(a, b)| ((a.delay_s + 1.0) / (b.delay_s + 1.0)).ln());
        let change = Interval::of(&logs.collect::<Vec<_>>()).expect("seeds are kept aside");
        let locked_up = [before, after].map(|runs| runs.iter().filter(|it| it.locked_up).count() as u32);
        scalars.provenance = self.provenance(change, locked_up);
        Ok(Tuned { scalars, change })
    }

    fn provenance(&self, change: Interval, locked_up: [u32; 2]) -> Provenance {
        let Plan { program, scenarios, seeds, held_out, varied, generations, population, seed, .. } = self.plan.clone();
        let percent = |log: f64| (1000.0 * (log.exp() - 1.0)).round() / 10.0;
        Provenance {
            how:
                "lightwatch tune: CMA-ES in the own simulator, common random numbers, each flow perturbed by up to 20 %"
                    .to_owned(),
            program: Some(program),
            date: self.date.clone(),
            varied,
            scenarios,
            seeds,
            held_out,
            seed: Some(seed),
            generations: Some(generations),
            population: Some(population),
            change_percent: Some(percent(change.mean)),
            change_half_percent: change.half.is_finite().then(|| percent(change.half)),
            locked_up: Some(locked_up),
        }
    }

    /// Runs of some sets, set by set, scenario by scenario, seed by seed.
    fn outcomes(&self, sets: &[&Scalars], seeds: &[u64], watcher: &dyn Watcher) -> Result<Vec<Outcome>, CosimError> {
        let mut trials = Vec::new();
        for &scalars in sets {
            for scenario in self.scenarios {
                trials.extend(seeds.iter().map(|&seed| Trial { scenario, seed, scalars }));
            }
        }
        trial::all(&trials, self.jobs, watcher)
    }
}
