//! What a detector says that lies: fifteen kinds of lies, each with two numbers that a search can turn.
//!
//! In: what the lane really shows in a second, its lamps, a lane to copy. Out: what is said in its place. A liar may lie with its zone
//! (`count`, `halted`), with its stop-line loop (`passed`), or with both. Who knows the lamps can lie against the decision: call while
//! they are red, hold while they are green, hide so that nobody asks.
//!
//! `amount` and `period` are in 0…1; [`Lie::vehicles`] and [`Lie::seconds`] say what that is on the street.

use crate::estimate::PlaceCount;
use serde::{Deserialize, Serialize};
use simulator::random::unit;
use std::collections::VecDeque;
use std::fmt;

/// Longest memory of a liar \[s\].
const MEMORY_S: usize = 240;
/// Most vehicles that are made up at once.
const VEHICLES: f64 = 30.0;
/// Largest flow that is made up \[veh/s\].
const FLOW: f64 = 0.4;
/// Between two that leave a made-up queue \[s\].
const HEADWAY_S: u32 = 2;

/// A kind of lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nobody, ever.
    Nobody,
    /// So many stand there, always; in green one passes every two seconds.
    Full,
    /// So many more than there are.
    More,
    /// More passages than there are.
    Chatters,
    /// All numbers times 1/8…8.
    Scaled,
    /// The truth of some time ago.
    Late,
    /// The same stretch again and again.
    Replayed,
    /// Full, nobody, full, nobody.
    Alternating,
    /// Anything.
    Noise,
    /// Vehicles that come at a flow, wait for green and leave: nothing in it contradicts lamps or itself.
    Phantoms,
    /// In green so many stand there and one passes every two seconds; in red the truth.
    Holds,
    /// In red so many stand there; in green nobody.
    CallsAndGoes,
    /// In red nobody; in green the truth.
    Hides,
    /// In green nobody; in red the truth.
    LetsGo,
    /// What another lane shows.
    Copies,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Nobody,
        Self::Full,
        Self::More,
        Self::Chatters,
        Self::Scaled,
        Self::Late,
        Self::Replayed,
        Self::Alternating,
        Self::Noise,
        Self::Phantoms,
        Self::Holds,
        Self::CallsAndGoes,
        Self::Hides,
        Self::LetsGo,
        Self::Copies,
    ];
}

/// Which numbers of a lane are lied about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// `count` and `halted`.
    Zone,
    /// `passed`.
    StopLine,
    /// All.
    Both,
}

/// A lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lie {
    /// What is said.
    pub kind: Kind,
    /// About which numbers.
    pub part: Part,
    /// How much, 0…1.
    pub amount: f64,
    /// How long, 0…1.
    pub period: f64,
}

impl Lie {
    /// Vehicles that are made up, 1…30.
    pub fn vehicles(&self) -> u32 {
        (1.0 + self.amount * (VEHICLES - 1.0)).round() as u32
    }

    /// How long or how late \[s\], 4…240.
    pub fn seconds(&self) -> usize {
        (4.0 + self.period * (MEMORY_S as f64 - 4.0)).round() as usize
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, part, amount, period } = self;
        write!(f, "{kind:?} ({part:?}, amount {amount:.2}, period {period:.2})")
    }
}

/// What a liar has before his eyes.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What his lane shows.
    pub truth: &'a PlaceCount,
    /// What another one shows.
    pub other: &'a PlaceCount,
    /// Whether any movement of the lane is green.
    pub green: bool,
    /// Seconds since the lies began.
    pub second: u32,
}

/// A liar and what he remembers.
#[derive(Debug, Clone)]
pub struct Liar {
    lie: Lie,
    seed: u64,
    /// The truth of the last seconds, oldest first.
    memory: VecDeque<(u32, u32, u32)>,
    phantoms: u32,
    coming: f64,
    rest: [f64; 3],
    green_s: u32,
}

/// Count, halted, passed.
type Numbers = (u32, u32, u32);

impl Liar {
    /// One who has said nothing yet.
    pub fn new(lie: Lie, seed: u64) -> Self {
        Self { lie, seed, memory: VecDeque::new(), phantoms: 0, coming: 0.0, rest: [0.0; 3], green_s: 0 }
    }

    /// See a second of truth without lying about it.
    pub fn sees(&mut self, truth: &PlaceCount) {
        if self.memory.len() == MEMORY_S {
            self.memory.pop_front();
        }
        self.memory.push_back((truth.count, truth.halted, truth.passed));
    }

    /// What is said of a second.
    pub fn says(&mut self, scene: &Scene<'_>) -> PlaceCount {
        self.green_s = if scene.green { self.green_s + 1 } else { 0 };
        if self.lie.kind != Kind::Replayed {
            self.sees(scene.truth);
        }
        let (count, halted, passed) = self.numbers(scene);
        let mut said = scene.truth.clone();
        if self.lie.part != Part::StopLine {
            (said.count, said.halted, said.mean_speed_mps, said.occupancy) = (count, halted.min(count), None, None);
        }
        if self.lie.part != Part::Zone {
            said.passed = passed;
        }
        said
    }

    fn numbers(&mut self, scene: &Scene<'_>) -> Numbers {
        let truth = (scene.truth.count, scene.truth.halted, scene.truth.passed);
        let many = self.lie.vehicles();
        let leaves = u32::from(scene.green && self.green_s.is_multiple_of(HEADWAY_S));
        let full = (many, many, leaves);
        let nobody = (0, 0, 0);
        match self.lie.kind {
            Kind::Full => full,
            Kind::More => (truth.0 + many, truth.1 + many, truth.2 + leaves),
            Kind::Chatters => (truth.0, truth.1, truth.2 + self.comes(3.0 * self.lie.amount)),
            Kind::Scaled => self.scaled(truth),
            Kind::Late => *self.memory.get(self.memory.len().saturating_sub(self.lie.seconds())).unwrap_or(&truth),
            Kind::Replayed => self.replayed(scene.second).unwrap_or(truth),
            Kind::Alternating if (scene.second as usize / self.lie.seconds()).is_multiple_of(2) => full,
            Kind::Noise => self.noise(scene.second, many),
            Kind::Phantoms => self.with_phantoms(truth, scene.green),
            Kind::Holds if scene.green => (truth.0.max(many), truth.1.max(many / 2), truth.2.max(leaves)),
            Kind::CallsAndGoes if !scene.green => (truth.0.max(many), truth.1.max(many), truth.2),
            Kind::Hides if scene.green => truth,
            Kind::LetsGo if !scene.green => truth,
            Kind::Holds => truth,
            Kind::Nobody | Kind::Alternating | Kind::CallsAndGoes | Kind::Hides | Kind::LetsGo => nobody,
            Kind::Copies => (scene.other.count, scene.other.halted, scene.other.passed),
        }
    }

    /// Whole vehicles of a flow \[veh/s\]; what is left over is kept.
    fn comes(&mut self, flow: f64) -> u32 {
        self.coming += flow;
        let whole = self.coming.floor();
        self.coming -= whole;
        whole as u32
    }

    fn scaled(&mut self, truth: Numbers) -> Numbers {
        let factor = (6.0 * self.lie.amount - 3.0).exp2();
        let mut number = |truth: u32, ix: usize| {
            let wanted = f64::from(truth) * factor + if ix == 2 { self.rest[ix] } else { 0.0 };
            self.rest[ix] = wanted.fract();
            wanted.floor() as u32
        };
        (number(truth.0, 0), number(truth.1, 1), number(truth.2, 2))
    }

    fn replayed(&self, second: u32) -> Option<Numbers> {
        let stretch = self.lie.seconds().min(self.memory.len());
        (stretch > 0).then(|| self.memory[self.memory.len() - stretch + second as usize % stretch])
    }

    fn noise(&self, second: u32, many: u32) -> Numbers {
        let lot = |who: u64| unit(self.seed, who, u64::from(second));
        let count = (lot(0) * f64::from(many + 1)) as u32;
        (count, (lot(1) * f64::from(count + 1)) as u32, u32::from(lot(2) < 0.5 * self.lie.period))
    }

    fn with_phantoms(&mut self, truth: Numbers, green: bool) -> Numbers {
        self.phantoms = (self.phantoms + self.comes(FLOW * self.lie.amount)).min(VEHICLES as u32);
        let leaves = u32::from(green && self.green_s > HEADWAY_S && self.green_s.is_multiple_of(HEADWAY_S));
        let leaves = leaves.min(self.phantoms);
        self.phantoms -= leaves;
        (truth.0 + self.phantoms, truth.1 + if green { 0 } else { self.phantoms }, truth.2 + leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::CountedPlace;
    use crate::ids::LaneIx;

    fn place(count: u32, halted: u32, passed: u32) -> PlaceCount {
        let place = CountedPlace::Lane(LaneIx(0));
        PlaceCount { place, count, halted, passed, occupancy: None, mean_speed_mps: None }
    }

    /// What is said of a minute that is red in its first half; the truth is (second, 1, 1).
    fn says(kind: Kind, part: Part, amount: f64) -> Vec<Numbers> {
        let mut liar = Liar::new(Lie { kind, part, amount, period: 0.0 }, 7);
        let said = (0..60).map(|second| {
            let (truth, other) = (place(second, 1, 1), place(99, 9, 0));
            liar.says(&Scene { truth: &truth, other: &other, green: second >= 30, second })
        });
        said.map(|it| (it.count, it.halted, it.passed)).collect()
    }

    #[test]
    fn each_kind_says_something_that_is_not_true_and_never_more_halted_than_there_are() {
        for kind in Kind::ALL {
            let said = says(kind, Part::Both, 0.5);
            assert!((0..60).any(|second| said[second as usize] != (second, 1, 1)), "{kind:?}");
            assert!(said.iter().all(|it| it.1 <= it.0), "{kind:?}");
        }
    }

    #[test]
    fn who_lies_with_one_detector_leaves_the_other_alone() {
        for kind in Kind::ALL {
            assert!(says(kind, Part::Zone, 0.9).iter().all(|it| it.2 == 1), "{kind:?}");
            let counts: Vec<u32> = says(kind, Part::StopLine, 0.9).iter().map(|it| it.0).collect();
            assert_eq!(counts, (0..60).collect::<Vec<_>>(), "{kind:?}");
        }
    }

    #[test]
    fn against_the_decision_means_that_the_lie_follows_the_lamps() {
        assert!(says(Kind::CallsAndGoes, Part::Both, 0.5)[..30].iter().all(|it| it.1 >= 16));
        assert!(says(Kind::CallsAndGoes, Part::Both, 0.5)[30..].iter().all(|it| *it == (0, 0, 0)));
        assert_eq!(says(Kind::Hides, Part::Both, 0.5)[29..31], [(0, 0, 0), (30, 1, 1)]);
    }

    #[test]
    fn the_late_one_says_what_was_true_four_seconds_ago() {
        assert_eq!(says(Kind::Late, Part::Both, 0.5)[10].0, 7);
    }
}
