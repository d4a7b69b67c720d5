//! The judges: lamps, waiting, staleness, fencing, the way back. They know true time and what was really sent, and nothing else.
//!
//! In, every 100 ms: the lamps that are really shown, who waits, which plan is obeyed. Out: [`Finding`]s, the longest of everything.
//!
//! | Judge | Finds |
//! |---|---|
//! | [`simulator::monitor`] | conflicts, short yellows, greens, clearances; whoever waits beyond the maximum red and [`RED_GRACE`] |
//! | staleness | a plan obeyed longer than its lease after it was made, or one that nobody made |
//! | fencing | (epoch, number) obeyed by one controller in one life that falls |
//! | the way back | control that is not back [`BACK_REMOTE`] ([`BACK_ADAPTIVE`]) after the last fault |

use super::clock::Clock;
use crate::cosim::watch::{self, Judged};
use crate::network::Network;
use crate::plan::{Plan, PlanRef};
use simulator::monitor::{Kind, Monitor};
use std::collections::BTreeMap;

/// Detectors and decisions of two parties that change over in the middle do not agree to the second \[ms\].
pub const RED_GRACE: i64 = 30_000;
/// Field controllers obey an engine again this long after the last fault: the longest hold of the way back (35 s), which what is still under
/// way for ten seconds may break, and a change of leader \[ms\].
pub const BACK_REMOTE: i64 = 75_000;
/// The engine plans on counts again this long after the last fault \[ms\].
pub const BACK_ADAPTIVE: i64 = 75_000;
/// Findings that are kept in words; beyond that they are only counted.
const KEPT: usize = 20;
/// Plans are remembered for this long \[ms\].
const REMEMBERED: i64 = 60_000;
/// Clocks that differ by less agree \[ms\].
const AGREE: i64 = 200;
/// Lamps are judged, and so known, this often \[ms\].
const TICK: i64 = 100;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// When \[ms\].
    pub at: i64,
    /// Which intersection, in the order of the network.
    pub ix: usize,
    /// What.
    pub what: String,
}

/// When a plan was made.
#[derive(Debug, Clone, Copy)]
struct Birth {
    at: i64,
    /// The author's clock.
    clock: Clock,
}

/// What a judge remembers of one controller.
#[derive(Debug, Clone, Default)]
struct Watched {
    births: BTreeMap<PlanRef, Birth>,
    obeyed: Option<PlanRef>,
    local_since: Option<i64>,
}

/// All judges of an episode.
#[derive(Debug)]
pub struct Judge {
    names: Vec<String>,
    monitor: Monitor,
    watched: Vec<Watched>,
    /// Findings in words, the first of them.
    pub findings: Vec<Finding>,
    /// Plans obeyed beyond their lease, or that nobody made.
    pub stale: u64,
    /// Plans obeyed after a later one.
    pub fenced_broken: u64,
    /// Ways back that took too long.
    pub not_back: u64,
    /// The oldest plan that was ever obeyed, where the clocks agreed \[ms\].
    pub age_max: i64,
    /// The longest time in local control \[ms\].
    pub local_max: i64,
}

impl Judge {
    /// Judges of a network.
    pub fn new(network: &Network) -> Self {
        let mut monitor = Monitor::new();
        for intersection in &network.intersections {
            let mut table = watch::table(intersection, Judged::Engine);
            table.max_red_ms = table.max_red_ms.map(|longest| longest + RED_GRACE);
            monitor.watch(intersection.id.as_str(), table);
        }
        Self {
            names: network.intersections.iter().map(|it| it.id.as_str().to_owned()).collect(),
            monitor,
            watched: vec![Watched::default(); network.intersections.len()],
            findings: Vec::new(),
            stale: 0,
            fenced_broken: 0,
            not_back: 0,
            age_max: 0,
            local_max: 0,
        }
    }

    /// A plan was made, by a clock.
    pub fn made(&mut self, ix: usize, plan: &Plan, clock: Clock, at: i64) {
        let births = &mut self.watched[ix].births;
        births.insert(plan.number(), Birth { at, clock });
        if births.len() > 300 {
            births.retain(|_, birth| at - birth.at < REMEMBERED);
        }
    }

    /// Lamps are shown at an instant.
    pub fn lamps(&mut self, ix: usize, letters: &str, at: i64) {
        self.monitor.observe(&self.names[ix], at, letters);
    }

    /// Who waits at the groups of an intersection.
    pub fn waiting(&mut self, ix: usize, groups: &[bool]) {
        self.monitor.waiting(&self.names[ix], groups);
    }

    /// A controller was started anew and has forgotten what it obeyed.
    pub fn forgot(&mut self, ix: usize) {
        self.watched[ix].obeyed = None;
    }

    /// A controller with this clock obeys a plan at an instant, or none.
    pub fn obeys(&mut self, ix: usize, plan: Option<PlanRef>, clock: Clock, at: i64) {
        let watched = &mut self.watched[ix];
        let Some(plan) = plan else {
            let since = *watched.local_since.get_or_insert(at);
            self.local_max = self.local_max.max(at - since);
            return;
        };
        watched.local_since = None;
        if watched.obeyed != Some(plan) {
            if watched.obeyed.is_some_and(|before| plan < before) {
                self.fenced_broken += 1;
                self.find(ix, at, format!("{plan:?} is obeyed after a later one"));
            }
            self.watched[ix].obeyed = Some(plan);
        }
        self.judge_age(ix, plan, clock, at);
    }

    /// The lease ends by the reader's clock, which may be behind the author's.
    fn judge_age(&mut self, ix: usize, plan: PlanRef, clock: Clock, at: i64) {
        let Some(birth) = self.watched[ix].births.get(&plan).copied() else {
            self.stale += 1;
            return self.find(ix, at, format!("{plan:?} is obeyed and nobody made it"));
        };
        let age = at - birth.at;
        let ahead = birth.clock.offset - clock.offset;
        if ahead.abs() <= AGREE {
            self.age_max = self.age_max.max(age);
        }
        let most = Plan::LEASE_MAX.0 + ahead + TICK;
        if age > most {
            self.stale += 1;
            self.find(ix, at, format!("{plan:?} is obeyed {age} ms after it was made, allowed {most} ms"));
        }
    }

    /// Control is not back though nothing has been wrong for long.
    pub fn not_back(&mut self, at: i64, what: String) {
        self.not_back += 1;
        self.find(0, at, what);
    }

    fn find(&mut self, ix: usize, at: i64, what: String) {
        if self.findings.len() < KEPT {
            self.findings.push(Finding { at, ix, what });
        }
    }

    /// The end: unsafe lamps and starved waits; what the monitor found comes first in words.
    pub fn finish(&mut self) -> (u64, u64) {
        self.monitor.finish();
        let others = std::mem::take(&mut self.findings);
        for violation in self.monitor.violations().iter().take(KEPT) {
            let ix = self.names.iter().position(|name| *name == violation.controller).unwrap_or(0);
            self.findings.push(Finding { at: violation.at_ms, ix, what: violation.to_string() });
        }
        self.findings.extend(others);
        let starved = self.monitor.count(Kind::Starved);
        (self.monitor.total() - starved, starved)
    }
}
