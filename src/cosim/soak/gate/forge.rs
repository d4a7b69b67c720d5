//! Plans to try the gate with: good ones, good ones with something bent, and such as nobody would make.
//!
//! In: lots. Out: a [`Case`]: a made-up intersection, what its lamps show after a walk through its stages, who waits, and a plan. Times fall on
//! a grid that the oracle can step on; the plan is bent by whole steps of it, so that every limit is met exactly, missed by one
//! step and passed by one.

use crate::cosim::soak::lots::Lots;
use crate::cosim::soak::site;
use crate::ids::StageIx;
use crate::network::Intersection;
use crate::plan::layout::{Leg, lay_out};
use crate::plan::{Interval, IntervalKind, Mode, Plan, Shown};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;

/// The begin of time.
const START: Timestamp = Timestamp(1_000_000_000);

/// Something to judge.
#[derive(Debug, Clone)]
pub struct Case {
    /// What the lamps show.
    pub shown: Shown,
    /// The plan.
    pub plan: Plan,
    /// When it is judged.
    pub at: Timestamp,
    /// Since when somebody waits at each group.
    pub waiting: Vec<Option<Timestamp>>,
    /// All times are multiples of this \[ms\].
    pub step: i64,
    /// What was done to the plan.
    pub bent: Vec<&'static str>,
}

/// Makes cases at one intersection.
#[derive(Debug)]
pub struct Forge {
    /// The intersection.
    pub site: Intersection,
    lots: Lots,
    step: i64,
}

impl Forge {
    /// A forge with an intersection of its own.
    pub fn new(mut lots: Lots) -> Self {
        let mut site = site::intersection(&mut lots, "x");
        if lots.chance(0.2) {
            // Short enough that deadlines fall together and cannot all be kept.
            let most = Millis(1_000 * lots.between(15, 40));
            site.groups.iter_mut().for_each(|group| group.red_max = most);
        }
        let step = if lots.chance(0.9) { 100 } else { 50 };
        Self { site, lots, step }
    }

    /// The next case.
    pub fn case(&mut self) -> Case {
        let (shown, at) = self.walk();
        let (intervals, mut bent) = if self.lots.chance(0.08) {
            (self.wild(&shown, at), vec!["wild"])
        } else {
            let legs = self.legs(at, shown.stage.is_none());
            let until = at + Millis(1_000 * self.lots.between(12, 30));
            (lay_out(&self.site, &shown, &legs, until), Vec::new())
        };
        let mut plan = self.plan(intervals, at);
        let times = if self.lots.chance(0.35) { 0 } else { 1 + self.lots.below(3) };
        for _ in 0..times {
            bent.push(self.bend(&mut plan, at));
        }
        let waiting = if self.lots.chance(0.5) { self.waiting(at) } else { Vec::new() };
        Case { shown, plan, at, waiting, step: self.step, bent }
    }

    fn grid(&mut self, least: i64, most: i64) -> Millis {
        Millis(self.lots.between(least / self.step, most / self.step) * self.step)
    }

    /// Lamps after some plans were obeyed, each for a while.
    fn walk(&mut self) -> (Shown, Timestamp) {
        let mut shown = Shown::all_red(&self.site, START);
        let mut at = START;
        for turn in 0..self.lots.below(5) {
            let legs = self.legs(at, turn == 0);
            let intervals = lay_out(&self.site, &shown, &legs, at + Millis(18_000));
            let until = at + self.grid(100, 15_000);
            for it in intervals.iter().filter(|it| it.start < until) {
                shown.advance(it.start, Some(it.stage), &it.signals);
            }
            at = until;
            if self.lots.chance(0.03) {
                shown.advance(at, None, &vec![Indication::FlashingYellow; self.site.groups.len()]);
                at = at + self.grid(100, 5_000);
            }
            shown.at = at;
        }
        (shown, at)
    }

    fn legs(&mut self, at: Timestamp, surely: bool) -> Vec<Leg> {
        let count = self.lots.below(4).max(usize::from(surely));
        let mut leave = at;
        (0..count)
            .map(|_| {
                leave = leave + self.grid(0, 8_000);
                Leg { to: StageIx(self.lots.below(self.site.stages.len())), leave }
            })
            .collect()
    }

    fn plan(&mut self, intervals: Vec<Interval>, at: Timestamp) -> Plan {
        Plan {
            intersection: self.site.id.clone(),
            config_hash: self.site.config_hash.clone(),
            epoch: 1,
            seq: 1,
            issued: at - if self.lots.chance(0.2) { self.grid(0, 2_900) } else { Millis::ZERO },
            lease: Plan::LEASE_MAX,
            nonce_echo: 0,
            mode: Mode::Adaptive,
            reason: String::new(),
            intervals,
        }
    }

    /// Lamps as they come, with some sense in them.
    fn wild(&mut self, shown: &Shown, at: Timestamp) -> Vec<Interval> {
        let mut start = at;
        let mut lamps = shown.lamps();
        (0..2 + self.lots.below(6))
            .map(|_| {
                let stage = StageIx(self.lots.below(self.site.stages.len()));
                if self.lots.chance(0.4) {
                    lamps.clone_from(&self.site.stages[stage.0].signals);
                } else {
                    let group = self.lots.below(lamps.len());
                    lamps[group] = self.lots.pick(&Indication::ALL[..6]);
                }
                let kind = self.kind(&lamps, stage);
                let end = start + self.grid(500, 9_000);
                let interval = Interval { stage, start, end, kind, signals: lamps.clone() };
                start = end;
                interval
            })
            .collect()
    }

    /// What an honest author would call it.
    fn kind(&self, lamps: &[Indication], stage: StageIx) -> IntervalKind {
        if lamps.contains(&Indication::Yellow) {
            IntervalKind::Yellow
        } else if self.site.stages[stage.0].signals == lamps {
            IntervalKind::Green
        } else {
            IntervalKind::AllRed
        }
    }

    /// Groups at which somebody waits, some of them for nearly as long as is allowed.
    fn waiting(&mut self, at: Timestamp) -> Vec<Option<Timestamp>> {
        let groups = self.site.groups.len();
        (0..groups)
            .map(|group| {
                let most = self.site.groups[group].red_max.0;
                let since =
                    if self.lots.chance(0.7) { self.grid(most - 20_000, most + 5_000) } else { self.grid(0, most) };
                self.lots.chance(0.4).then(|| at - since)
            })
            .collect()
    }

    /// Do something to a plan, and say what.
    fn bend(&mut self, plan: &mut Plan, at: Timestamp) -> &'static str {
        let count = plan.intervals.len();
        if count == 0 {
            return "nothing";
        }
        let (which, group) = (self.lots.below(count), self.lots.below(self.site.groups.len()));
        let steps = self.lots.pick(&[-20, -5, -2, -1, 1, 2, 5, 20]) * self.step;
        match self.lots.below(16) {
            0..=4 => shift(plan, which, steps),
            5 | 6 => {
                let lamp = self.lots.pick(&Indication::ALL);
                self.relamp(plan, which, group, lamp)
            }
            7 => self.relamp(plan, which, group, Indication::Protected),
            8 => {
                let gone = plan.intervals.remove(which);
                if let Some(next) = plan.intervals.get_mut(which) {
                    next.start = gone.start;
                }
                "left_out"
            }
            9 => split(plan, which, self.step),
            10 => {
                plan.intervals[which].kind =
                    self.lots.pick(&[IntervalKind::Green, IntervalKind::Yellow, IntervalKind::AllRed]);
                "renamed"
            }
            11 => {
                plan.intervals[which].stage = StageIx(self.lots.below(self.site.stages.len() + 1));
                "other_stage"
            }
            12 => {
                let other = self.lots.below(count);
                let signals = plan.intervals[other].signals.clone();
                plan.intervals[which].signals = signals;
                "lamps_of_another"
            }
            13 => {
                let last = count - 1;
                plan.intervals[last].end =
                    plan.intervals[last].end + Millis(self.lots.pick(&[-10_000, -3_000, 10_000, 60_000]));
                "other_end"
            }
            _ => self.envelope(plan, at),
        }
    }

    /// Another lamp, with a name that fits it.
    fn relamp(&self, plan: &mut Plan, which: usize, group: usize, lamp: Indication) -> &'static str {
        if let Some(shows) = plan.intervals[which].signals.get_mut(group) {
            *shows = lamp;
        }
        let stage = plan.intervals[which].stage.0.min(self.site.stages.len() - 1);
        plan.intervals[which].kind = self.kind(&plan.intervals[which].signals, StageIx(stage));
        "other_lamp"
    }

    fn envelope(&mut self, plan: &mut Plan, at: Timestamp) -> &'static str {
        match self.lots.below(8) {
            0 => plan.lease = self.lots.pick(&[Millis(-100), Millis(0), Millis(100), Millis(2_900), Millis(3_100)]),
            1 => plan.issued = at - self.grid(-1_200, 3_200),
            2 => "other".clone_into(&mut plan.config_hash),
            3 => plan.intersection = "other".into(),
            4 => plan.intervals.clear(),
            5 => plan.intervals[0].start = plan.intervals[0].start + self.grid(-500, 500),
            6 => drop(plan.intervals[0].signals.pop()),
            _ => {
                let last = plan.intervals.len() - 1;
                plan.intervals[last].start = plan.intervals[last].start + self.grid(-500, 500);
            }
        }
        "envelope"
    }
}

/// An interval ends earlier or later, and the next one begins there.
fn shift(plan: &mut Plan, which: usize, by: i64) -> &'static str {
    plan.intervals[which].end = plan.intervals[which].end + Millis(by);
    let end = plan.intervals[which].end;
    if let Some(next) = plan.intervals.get_mut(which + 1) {
        next.start = end;
    }
    "shifted"
}

/// Two pieces of one interval.
fn split(plan: &mut Plan, which: usize, step: i64) -> &'static str {
    let mut second = plan.intervals[which].clone();
    let middle = second.start + Millis(((second.end - second.start).0 / 2 / step).max(1) * step);
    if middle < second.end {
        plan.intervals[which].end = middle;
        second.start = middle;
        plan.intervals.insert(which + 1, second);
    }
    "split"
}
