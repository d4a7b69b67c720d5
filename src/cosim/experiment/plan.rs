//! What is asked of an experiment → its jobs: every place with every controller, demand, setting and seed.
//!
//! Order: place, demand, settings, controller, seed. A job does not know the others; its number is its place in this order, so the
//! table of all results has one order whoever ran what.

use super::job::{FORMAT, Job, with_scalars};
use super::place::Place;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::scenario::file::EngineFile;
use crate::network::Problems;
use std::collections::BTreeMap;

/// Most jobs of one plan.
const JOBS_MAX: usize = 99_999;
/// Keys of timing and sensing.
const ENGINE: [&str; 5] = ["range_m", "yellow_s", "all_red_s", "green_min_s", "decision_period_s"];

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where, with what the engine is told there.
    pub places: Vec<(Place, EngineFile)>,
    /// Who decides.
    pub controllers: Vec<ControllerName>,
    /// Vehicles for each one of a place's demand.
    pub demands: Vec<f64>,
    /// Seeds.
    pub seeds: Vec<u32>,
    /// Settings that are varied, each with its values: `engine.KEY`, `optimize.KEY` or `estimate.KEY`.
    pub settings: Vec<(String, Vec<f64>)>,
    /// Whether lamps and trajectories of the first seed are kept at the demand nearest to 1.
    pub detail: bool,
}

impl Plan {
    /// All jobs, in order.
    ///
    /// # Errors
    /// Everything that is wrong with it at once.
    pub fn jobs(&self) -> Result<Vec<Job>, Problems> {
        let mut problems = Problems::default();
        self.check(&mut problems);
        let combinations = self.combinations();
        let count =
            self.places.len() * self.demands.len() * combinations.len() * self.controllers.len() * self.seeds.len();
        if count == 0 || count > JOBS_MAX {
            problems.push("jobs", count, format_args!("1…{JOBS_MAX}"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let drawn = self.demands.iter().copied().min_by(|a, b| (a - 1.0).abs().total_cmp(&(b - 1.0).abs()));
        let mut jobs = Vec::with_capacity(count);
        for (place, engine) in &self.places {
            for &demand in &self.demands {
                for varied in &combinations {
                    let (engine, scalars) = split(engine, varied);
                    for &controller in &self.controllers {
                        for &seed in &self.seeds {
                            let detail = self.detail && Some(&seed) == self.seeds.first() && Some(demand) == drawn;
                            jobs.push(Job {
                                format: FORMAT,
                                number: jobs.len() as u32 + 1,
                                place: place.clone(),
                                controller,
                                seed,
                                demand,
                                varied: varied.clone(),
                                engine,
                                scalars: scalars.clone(),
                                detail,
                            });
                        }
                    }
                }
            }
        }
        Ok(jobs)
    }

    fn check(&self, problems: &mut Problems) {
        for demand in &self.demands {
            problems.range("demand", *demand, &(0.01..=10.0), "");
        }
        let mut names: Vec<&str> = self.places.iter().map(|(place, _)| place.name.as_str()).collect();
        names.sort_unstable();
        for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
            problems.say(pair[0], "named twice, or two places of one name");
        }
        let twice = |what: &str, given: usize, single: usize, problems: &mut Problems| {
            if given != single {
                problems.push(what, "a value is named twice", "each once");
            }
        };
        let bits: std::collections::BTreeSet<u64> = self.demands.iter().map(|it| it.to_bits()).collect();
        twice("demand", self.demands.len(), bits.len(), problems);
        let controllers: std::collections::BTreeSet<_> = self.controllers.iter().collect();
        twice("controllers", self.controllers.len(), controllers.len(), problems);
        for (key, values) in &self.settings {
            let bits: std::collections::BTreeSet<u64> = values.iter().map(|it| it.to_bits()).collect();
            twice(key, values.len(), bits.len(), problems);
            for &value in values {
                let (engine, scalars) = split(&EngineFile::default(), &[(key.clone(), value)].into());
                engine.check("engine", problems);
                let known = key.strip_prefix("engine.").is_none_or(|name| ENGINE.contains(&name));
                if !known {
                    problems.push(key, "no such setting", format_args!("engine.{{{}}}", ENGINE.join(", ")));
                } else if let Err(found) = with_scalars(&scalars) {
                    problems.extend(found);
                }
            }
        }
    }

    /// Every combination of the values of the settings; one empty one without any.
    fn combinations(&self) -> Vec<BTreeMap<String, f64>> {
        let mut all = vec![BTreeMap::new()];
        for (key, values) in &self.settings {
            let with = |it: &BTreeMap<String, f64>, value: f64| {
                let mut it = it.clone();
                it.insert(key.clone(), value);
                it
            };
            all = all.iter().flat_map(|it| values.iter().map(|&value| with(it, value)).collect::<Vec<_>>()).collect();
        }
        all
    }
}

/// Timing and sensing with what is varied of it; the rest is scalars.
fn split(base: &EngineFile, varied: &BTreeMap<String, f64>) -> (EngineFile, BTreeMap<String, f64>) {
    let (mut engine, mut scalars) = (*base, BTreeMap::new());
    for (key, &value) in varied {
        match key.strip_prefix("engine.") {
            Some("range_m") => engine.range_m = Some(value),
            Some("yellow_s") => engine.yellow_s = Some(value),
            Some("all_red_s") => engine.all_red_s = Some(value),
            Some("green_min_s") => engine.green_min_s = Some(value),
            Some("decision_period_s") => engine.decision_period_s = Some(value),
            Some(_) => {}
            None => {
                scalars.insert(key.clone(), value);
            }
        }
    }
    (engine, scalars)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::experiment::place::Source;

    fn plan(settings: &[(&str, &[f64])]) -> Plan {
        let street = Source::Scenario { path: "a/scenario.toml".into(), text: String::new() };
        let place = Place { name: "a".into(), street, begin_s: 0, end_s: 60, digest: "d".into() };
        Plan {
            places: vec![(place, EngineFile::default())],
            controllers: vec![ControllerName::Fixed, ControllerName::Adaptive],
            demands: vec![0.8, 1.1],
            seeds: vec![3, 4],
            settings: settings.iter().map(|(key, values)| ((*key).to_owned(), values.to_vec())).collect(),
            detail: true,
        }
    }

    #[test]
    fn jobs_are_every_combination_in_one_order_and_what_is_varied_is_where_it_belongs() {
        let jobs = plan(&[("engine.range_m", &[50.0, 100.0]), ("optimize.block_price", &[2.0])]).jobs().unwrap();
        assert_eq!(jobs.len(), 16);
        assert!(jobs.iter().zip(1..).all(|(job, number)| job.number == number));
        let last = &jobs[15];
        assert_eq!((last.controller, last.seed, last.demand), (ControllerName::Adaptive, 4, 1.1));
        assert_eq!((last.engine.range_m, last.scalars["optimize.block_price"]), (Some(100.0), 2.0));
        assert_eq!(last.name(), "00016-a-adaptive-x1.1-range_m100-block_price2-s4");
        assert_eq!(jobs.iter().filter(|job| job.detail).count(), 4, "the first seed at the demand nearest to 1");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut bad = plan(&[("engine.rnge", &[1.0]), ("optimize.nothing", &[1.0]), ("engine.yellow_s", &[9.0])]);
        bad.demands = vec![0.8, 0.8, 11.0];
        let told = bad.jobs().unwrap_err().to_string();
        for it in [
            "demand: 11",
            "each once",
            "engine.rnge: no such setting",
            "optimize.nothing: no such scalar",
            "yellow_s: 9 s",
        ] {
            assert!(told.contains(it), "{it}\n--- in ---\n{told}");
        }
    }

    #[test]
    fn a_digest_is_that_of_what_is_run_and_not_of_its_number_or_name() {
        let jobs = plan(&[]).jobs().unwrap();
        let renumbered = Job { number: 77, ..jobs[0].clone() };
        assert_eq!(renumbered.digest("p", None), jobs[0].digest("p", None));
        let others = [jobs[1].digest("p", None), jobs[2].digest("p", None), jobs[0].digest("q", None)];
        assert!(others.iter().all(|it| *it != jobs[0].digest("p", None)));
        let again: Job = serde_json::from_str(&jobs[0].to_json()).unwrap();
        assert_eq!(again, jobs[0]);
    }
}
