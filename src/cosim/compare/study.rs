//! Results → what can be said of controllers: means with intervals, paired differences, movements that win and lose.
//!
//! In: outcomes, and the controller that the others are compared with. Out: values by place, demand and controller. Statistics:
//! Student's t over seeds; differences are paired by seed, because place, demand and seed draw the same vehicles for every
//! controller (common random numbers; Law, *Simulation Modeling and Analysis*, 5th ed., ch. 10–11). A movement has won or lost
//! when the 95 % interval of its paired difference in delay leaves out zero. Each interval stands for itself: of many movements
//! without any difference one in twenty looks clear by chance.

use super::measures::{Measure, Sense};
use crate::cosim::controller_name::ControllerName;
use crate::cosim::experiment::outcome::{OfMovement, Outcome};
use crate::measure::quality::level_of_service;
use crate::statistics::{Interval, mean};
use std::collections::BTreeMap;

/// A movement with fewer vehicles in a run is not judged.
pub const FEW: f64 = 5.0;

/// All results of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Study<'a> {
    outcomes: &'a [&'a Outcome],
    /// Whom the others are compared with.
    pub baseline: ControllerName,
}

/// Runs of one controller at one place with one demand, by seed.
#[derive(Debug, Clone)]
pub struct Cell<'a> {
    /// Who decided.
    pub controller: ControllerName,
    /// Its runs.
    pub runs: BTreeMap<u32, &'a Outcome>,
}

/// Whether something is better or worse than with the other controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its interval lies on the good side.
    Better,
    /// Its interval lies on the bad side.
    Worse,
    /// Its interval holds zero, or there is none.
    Unclear,
    /// There were too few vehicles.
    Few,
}

impl Verdict {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Unclear => "not told apart",
            Self::Few => "few vehicles",
        }
    }

    /// Of a paired difference.
    pub fn of(difference: Option<Interval>, sense: Sense) -> Self {
        match (difference.filter(Interval::is_clear), sense) {
            (None, _) | (_, Sense::Neither) => Self::Unclear,
            (Some(it), sense) if (it.mean < 0.0) == (sense == Sense::Less) => Self::Better,
            _ => Self::Worse,
        }
    }
}

/// How a movement fares, over the seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct MovementChange {
    /// Position in the table of movements.
    pub at: usize,
    /// Its place and name, of one run.
    pub movement: OfMovement,
    /// Vehicles a run, those who are left included.
    pub vehicles: f64,
    /// Control delay a vehicle \[s\] over the seeds; `None` where nobody came.
    pub delay_s: Option<Interval>,
    /// The same of the controller that it is compared with.
    pub baseline_s: Option<Interval>,
    /// This less that, paired by seed \[s\].
    pub difference_s: Option<Interval>,
    /// Stops a vehicle.
    pub stops: f64,
    /// Share of arrivals on green.
    pub on_green: Option<f64>,
    /// Mean of the runs' 95th percentiles, and longest queue of all \[veh\].
    pub queue_p95_veh: f64,
    /// See `queue_p95_veh`.
    pub queue_max_veh: u32,
    /// Longest halt of all runs \[s\].
    pub halt_max_s: f64,
    /// Better or worse.
    pub verdict: Verdict,
}

impl MovementChange {
    /// Level of service (HCM 7, exhibit 19-8, by delay alone).
    pub fn level(&self) -> Option<char> {
        self.delay_s.map(|it| level_of_service(it.mean))
    }
}

impl<'a> Study<'a> {
    /// Of all outcomes, in the order in which they are told.
    pub const fn new(outcomes: &'a [&'a Outcome], baseline: ControllerName) -> Self {
        Self { outcomes, baseline }
    }

    /// Places, in order.
    pub fn places(&self) -> Vec<&'a str> {
        once(self.outcomes.iter().map(|it| it.place.as_str()))
    }

    /// Controllers, in order.
    pub fn controllers(&self) -> Vec<ControllerName> {
        once(self.outcomes.iter().map(|it| it.controller))
    }

    /// Demands of a place, in order.
    pub fn demands(&self, place: &str) -> Vec<f64> {
        let mut found: Vec<f64> = Vec::new();
        for demand in self.outcomes.iter().filter(|it| it.place == place).map(|it| it.demand) {
            if found.iter().all(|it| it.to_bits() != demand.to_bits()) {
                found.push(demand);
            }
        }
        found
    }

    /// Seeds, in order.
    pub fn seeds(&self) -> Vec<u32> {
        let mut seeds = once(self.outcomes.iter().map(|it| it.seed));
        seeds.sort_unstable();
        seeds
    }

    /// All results.
    pub const fn outcomes(&self) -> &'a [&'a Outcome] {
        self.outcomes
    }

    /// Cells of a place with a demand, one a controller.
    pub fn cells(&self, place: &str, demand: f64) -> Vec<Cell<'a>> {
        let here = |it: &&&Outcome| it.place == place && it.demand.to_bits() == demand.to_bits();
        let cell = |controller| {
            let runs = self.outcomes.iter().filter(here).filter(|it| it.controller == controller);
            Cell { controller, runs: runs.map(|it| (it.seed, *it)).collect() }
        };
        self.controllers().into_iter().map(cell).filter(|it: &Cell<'a>| !it.runs.is_empty()).collect()
    }

    /// The controller, other than the baseline, with the least mean delay; the baseline where there is no other.
    pub fn best(&self, cells: &[Cell<'a>]) -> ControllerName {
        let others = cells.iter().filter(|it| it.controller != self.baseline);
        let delay = |it: &Cell<'_>| it.mean(super::measures::DELAY).unwrap_or(f64::INFINITY);
        others.min_by(|a, b| delay(a).total_cmp(&delay(b))).map_or(self.baseline, |it| it.controller)
    }

    /// How each movement fares with a controller against the baseline.
    pub fn movements(&self, cells: &[Cell<'a>], controller: ControllerName) -> Vec<MovementChange> {
        let Some(own) = cells.iter().find(|it| it.controller == controller) else { return Vec::new() };
        let base = cells.iter().find(|it| it.controller == self.baseline);
        let count = own.runs.values().map(|it| it.movements.len()).min().unwrap_or(0);
        (0..count).filter_map(|at| change(at, own, base)).collect()
    }
}

impl Cell<'_> {
    /// A figure of each seed.
    pub fn values(&self, key: &str) -> BTreeMap<u32, f64> {
        self.runs.iter().filter_map(|(seed, run)| Some((*seed, *run.figures.get(key)?))).collect()
    }

    /// Mean of a figure over the seeds.
    pub fn mean(&self, key: &str) -> Option<f64> {
        let values = self.values(key);
        (!values.is_empty()).then(|| mean(values.values()))
    }

    /// Mean of a figure with its interval over the seeds.
    pub fn interval(&self, key: &str) -> Option<Interval> {
        Interval::of(&self.values(key).into_values().collect::<Vec<_>>())
    }

    /// This less another, paired by seed.
    pub fn difference(&self, other: &Cell<'_>, key: &str) -> Option<Interval> {
        paired(&self.values(key), &other.values(key))
    }

    /// Whether a figure is better than that of another one.
    pub fn verdict(&self, other: &Cell<'_>, measure: &Measure) -> Verdict {
        Verdict::of(self.difference(other, measure.key), measure.sense)
    }

    /// Control delay of each intersection, all its movements and all seeds together \[s/veh\].
    pub fn intersections(&self) -> Vec<(String, f64)> {
        let mut sums: Vec<(String, f64, f64)> = Vec::new();
        for movement in self.runs.values().flat_map(|run| &run.movements) {
            let vehicles = f64::from(movement.passed + movement.left);
            match sums.iter_mut().find(|it| it.0 == movement.intersection) {
                Some(sum) => (sum.1, sum.2) = (sum.1 + movement.lost_s, sum.2 + vehicles),
                None => sums.push((movement.intersection.clone(), movement.lost_s, vehicles)),
            }
        }
        sums.into_iter().filter(|it| it.2 > 0.0).map(|(name, lost, vehicles)| (name, lost / vehicles)).collect()
    }

    /// Mean of a profile over the seeds, bin by bin.
    pub fn profile(&self, of: impl Fn(&Outcome) -> Vec<f64>) -> Vec<f64> {
        let all: Vec<Vec<f64>> = self.runs.values().map(|run| of(run)).collect();
        let bins = all.iter().map(Vec::len).min().unwrap_or(0);
        (0..bins).map(|at| mean(all.iter().map(|it| it[at]))).collect()
    }
}

/// One less the other where both are known, with its interval.
fn paired(own: &BTreeMap<u32, f64>, other: &BTreeMap<u32, f64>) -> Option<Interval> {
    let differences: Vec<f64> = own.iter().filter_map(|(seed, value)| Some(value - other.get(seed)?)).collect();
    Interval::of(&differences)
}

fn change(at: usize, own: &Cell<'_>, base: Option<&Cell<'_>>) -> Option<MovementChange> {
    let delays = |cell: &Cell<'_>| -> BTreeMap<u32, f64> {
        let delay = |run: &Outcome| run.movements.get(at).and_then(OfMovement::delay_s);
        cell.runs.iter().filter_map(|(seed, run)| Some((*seed, delay(run)?))).collect()
    };
    let of = || own.runs.values().filter_map(|run| run.movements.get(at));
    let sum = |value: fn(&OfMovement) -> u32| of().map(|it| f64::from(value(it))).sum::<f64>();
    let runs = own.runs.len().max(1) as f64;
    let vehicles = sum(|it| it.passed + it.left) / runs;
    let (mine, theirs) = (delays(own), base.map(delays).unwrap_or_default());
    let difference_s = base.and_then(|_| paired(&mine, &theirs));
    let interval = |values: BTreeMap<u32, f64>| Interval::of(&values.into_values().collect::<Vec<_>>());
    let verdict = if vehicles < FEW { Verdict::Few } else { Verdict::of(difference_s, Sense::Less) };
    Some(MovementChange {
        at,
        movement: of().next()?.clone(),
        vehicles,
        delay_s: interval(mine),
        baseline_s: interval(theirs),
        difference_s,
        stops: sum(|it| it.stops) / (vehicles * runs).max(1.0),
        on_green: (sum(|it| it.arrivals) > 0.0).then(|| sum(|it| it.on_green) / sum(|it| it.arrivals)),
        queue_p95_veh: sum(|it| it.queue_p95_veh) / runs,
        queue_max_veh: of().map(|it| it.queue_max_veh).max().unwrap_or(0),
        halt_max_s: of().map(|it| it.halt_max_s).fold(0.0, f64::max),
        verdict,
    })
}

/// Each once, in the order in which it first comes.
fn once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for it in all {
        if !found.contains(&it) {
            found.push(it);
        }
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cosim::compare::measures::{DELAY, measure};
    use crate::cosim::controller_name::ControllerName::{Adaptive, Fixed};
    use crate::cosim::experiment::outcome::Profile;

    /// A run with a delay, and with delays of two movements.
    pub fn outcome(controller: ControllerName, seed: u32, delay: f64, movements: [f64; 2]) -> Outcome {
        let movement = |(at, delay): (usize, f64)| OfMovement {
            intersection: "j".into(),
            approach: format!("in{at}"),
            exit: "out".into(),
            turn: "through".into(),
            passed: 18,
            left: 2,
            lost_s: delay * 20.0,
            ..OfMovement::default()
        };
        Outcome {
            digest: String::new(),
            job: String::new(),
            lightwatch: "l".into(),
            simulator: "s".into(),
            place: "p < q".into(),
            controller,
            seed,
            demand: 1.0,
            varied: BTreeMap::new(),
            figures: [(DELAY.to_owned(), delay), ("control_delay_s".to_owned(), delay / 2.0)].into(),
            movements: movements.into_iter().enumerate().map(movement).collect(),
            profile: Profile {
                from_s: 0,
                queue_veh: vec![delay, 2.0 * delay],
                queues: vec![("j".into(), vec![delay, 2.0 * delay])],
                wanted: vec![5, 5],
                arrived: vec![3, 4],
            },
            detail: None,
        }
    }

    /// Three seeds of two controllers: the second gains 10 s and costs one movement 4 s.
    pub fn outcomes() -> Vec<Outcome> {
        let noise = [0.0, 3.0, 7.0];
        let fixed = noise.iter().zip(1..).map(|(noise, seed)| outcome(Fixed, seed, 30.0 + noise, [40.0 + noise, 5.0]));
        let ours = noise.iter().zip(1..).map(|(noise, seed)| {
            let little = f64::from(seed) * 0.1;
            outcome(Adaptive, seed, 20.0 + noise + little, [20.0 + noise + little, 9.0 + little])
        });
        fixed.chain(ours).collect()
    }

    #[test]
    fn differences_are_paired_so_that_what_seeds_share_does_not_blur_them() {
        let outcomes = outcomes();
        let all: Vec<&Outcome> = outcomes.iter().collect();
        let study = Study::new(&all, Fixed);
        let cells = study.cells("p < q", 1.0);
        let (fixed, ours) = (&cells[0], &cells[1]);
        let it = ours.difference(fixed, DELAY).unwrap();
        assert!((it.mean + 9.8).abs() < 1e-9 && it.half < 0.3, "{it:?}");
        assert!(ours.interval(DELAY).unwrap().half > 5.0);
        assert_eq!(ours.verdict(fixed, measure(DELAY).unwrap()), Verdict::Better);
        assert_eq!(study.best(&cells), Adaptive);
    }

    #[test]
    fn movements_that_lose_are_told_although_the_whole_wins() {
        let outcomes = outcomes();
        let all: Vec<&Outcome> = outcomes.iter().collect();
        let study = Study::new(&all, Fixed);
        let cells = study.cells("p < q", 1.0);
        let changes = study.movements(&cells, Adaptive);
        assert_eq!((changes[0].verdict, changes[1].verdict), (Verdict::Better, Verdict::Worse));
        assert_eq!((changes[0].level(), changes[1].level()), (Some('C'), Some('A')));
        let level = cells[0].intersections();
        assert!((level[0].1 - 24.167).abs() < 0.01, "{level:?}");
        let own = study.movements(&cells, Fixed);
        assert!(own.iter().all(|it| it.verdict == Verdict::Unclear));
    }

    #[test]
    fn one_seed_tells_nothing_apart_and_few_vehicles_are_not_judged() {
        let mut outcomes = [outcome(Fixed, 1, 30.0, [40.0, 5.0]), outcome(Adaptive, 1, 20.0, [20.0, 9.0])];
        outcomes[1].movements[1].passed = 0;
        let all: Vec<&Outcome> = outcomes.iter().collect();
        let study = Study::new(&all, Fixed);
        let changes = study.movements(&study.cells("p < q", 1.0), Adaptive);
        assert_eq!((changes[0].verdict, changes[1].verdict), (Verdict::Unclear, Verdict::Few));
    }
}
