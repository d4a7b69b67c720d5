//! A software conflict monitor: watches every lamp that reaches the plant and counts what must not happen.
//!
//! Decides nothing; it is the referee. In: per controller a [`MonitorTable`] made from the network by whoever runs the
//! plant, and every lamp string with its time. Out: [`Violation`]s, counted by [`Kind`]. It shares neither code nor types
//! nor tables with the engine, so that a mistake there cannot hide itself here.
//!
//! ```text
//! per group:   red ──> green ──> yellow ──> red        G g = green, y = yellow, r s u = red, o O = cabinet (flash, dark)
//!                       │ ≥ min   │ ≥ min    │ ≥ clearance before a conflicting group is green
//! ```
//!
//! Limits are those of the table: 0 ms of conflict (hardware monitors trip above 450 ms), a minimum yellow, clearance and
//! green. A string that is replaced at the very same instant was never shown and is not judged. What was shown before
//! the first string is not known, so the ages of the first lamps are not judged either.
//!
//! For runs of a network file's own programmes (`fixed`, `actuated`) the table holds the file's own yellow and no minimum
//! green or clearance: what a city shows today is not our fault, but two conflicting greens would be a wrong table.

use std::collections::BTreeMap;
use std::fmt;

/// What a monitor knows of one controller; groups are positions in its lamp string.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MonitorTable {
    /// Length of the lamp string.
    pub groups: usize,
    /// Pairs that must not be green together; the order within a pair does not matter.
    pub conflicts: Vec<(usize, usize)>,
    /// Exceptions: the first may show `g` while the second is green, because it gives way.
    pub yields: Vec<(usize, usize)>,
    /// Groups that go from green to red without yellow (pedestrians).
    pub without_yellow: Vec<usize>,
    /// Shortest yellow \[ms\].
    pub min_yellow_ms: i64,
    /// Shortest green \[ms\].
    pub min_green_ms: i64,
    /// Shortest time from the end of the first one's green to the begin of the second one's \[ms\]; pairs that are not
    /// listed need none.
    pub clearance_ms: BTreeMap<(usize, usize), i64>,
    /// Longest red while somebody waits \[ms\], where that is to be judged.
    pub max_red_ms: Option<i64>,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Two conflicting groups are green together.
    Conflict,
    /// A yellow ended too early.
    ShortYellow,
    /// Green turned red without yellow.
    MissingYellow,
    /// Yellow turned back to green.
    YellowToGreen,
    /// A green ended too early.
    ShortGreen,
    /// A green began too soon after a conflicting one.
    ShortClearance,
    /// Somebody waited at red beyond the maximum.
    Starved,
    /// A lamp string of the wrong length, with an unknown letter, or from the past.
    Garbled,
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// When \[ms\].
    pub at_ms: i64,
    /// Which controller.
    pub controller: String,
    /// What.
    pub kind: Kind,
    /// The group that broke the rule.
    pub group: usize,
    /// The other group, where two are concerned.
    pub other: Option<usize>,
    /// Found and allowed \[ms\], zero where time is not the point.
    pub found_ms: i64,
    /// See `found_ms`.
    pub allowed_ms: i64,
}

/// The referee of all controllers.
#[derive(Debug, Clone, Default)]
pub struct Monitor {
    watched: BTreeMap<String, Watched>,
    violations: Vec<Violation>,
    counts: BTreeMap<Kind, u64>,
}

/// Violations that are kept in full; beyond that they are only counted.
const KEPT: usize = 1_000;

/// One group's lamp.
#[derive(Debug, Clone, Copy)]
struct Lamp {
    letter: char,
    /// Since when its class is shown; `None` before anything was known.
    since_ms: Option<i64>,
    /// When its last green ended.
    green_end_ms: Option<i64>,
    /// Since when somebody waits at it.
    waiting_ms: Option<i64>,
    starved: bool,
}

#[derive(Debug, Clone)]
struct Watched {
    table: MonitorTable,
    lamps: Option<Vec<Lamp>>,
    /// Newest string; judged when time goes on.
    pending: Option<(i64, Vec<char>)>,
    waiting: Vec<bool>,
    /// When it first broke a rule.
    tripped_ms: Option<i64>,
}

impl Monitor {
    /// A referee that watches nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Watch a controller.
    pub fn watch(&mut self, controller: &str, table: MonitorTable) {
        let waiting = vec![false; table.groups];
        let watched = Watched { table, lamps: None, pending: None, waiting, tripped_ms: None };
        self.watched.insert(controller.to_owned(), watched);
    }

    /// A controller shows these lamps from an instant on. Controllers that are not watched are ignored.
    pub fn observe(&mut self, controller: &str, at_ms: i64, lamps: &str) {
        let Some(watched) = self.watched.get_mut(controller) else { return };
        let letters: Vec<char> = lamps.chars().collect();
        let in_order = watched.pending.as_ref().is_none_or(|(before, _)| *before <= at_ms);
        let readable = letters.len() == watched.table.groups && letters.iter().all(|it| "GgyrsuoO".contains(*it));
        let mut found = Vec::new();
        if !in_order || !readable {
            found.push(Finding { at_ms, kind: Kind::Garbled, group: 0, other: None, found_ms: 0, allowed_ms: 0 });
        } else {
            if watched.pending.as_ref().is_some_and(|(before, _)| *before < at_ms) {
                found = watched.commit(at_ms);
            }
            watched.pending = Some((at_ms, letters));
        }
        self.record(controller, found);
    }

    /// Tell who waits at a controller, one entry a group, as of the last lamps.
    pub fn waiting(&mut self, controller: &str, groups: &[bool]) {
        if let Some(watched) = self.watched.get_mut(controller) {
            watched.waiting = groups.to_vec();
        }
    }

    /// Judge the last strings as well; to be called at the end of a run.
    pub fn finish(&mut self) {
        for controller in self.watched.keys().cloned().collect::<Vec<_>>() {
            let found = self.watched.get_mut(&controller).map(|watched| {
                let end = watched.pending.as_ref().map_or(0, |(at, _)| *at);
                watched.commit(end)
            });
            self.record(&controller, found.unwrap_or_default());
        }
    }

    /// All violations so far.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// When a controller first broke a rule \[ms\]; stays, whatever is shown afterwards.
    pub fn tripped(&self, controller: &str) -> Option<i64> {
        self.watched.get(controller).and_then(|watched| watched.tripped_ms)
    }

    /// Violations of one kind.
    pub fn count(&self, kind: Kind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// Violations by kind.
    pub fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    /// The first thousand violations in full.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    fn record(&mut self, controller: &str, found: Vec<Finding>) {
        if let (Some(first), Some(watched)) = (found.first(), self.watched.get_mut(controller)) {
            watched.tripped_ms.get_or_insert(first.at_ms);
        }
        for finding in found {
            *self.counts.entry(finding.kind).or_default() += 1;
            if self.violations.len() < KEPT {
                let Finding { at_ms, kind, group, other, found_ms, allowed_ms } = finding;
                let controller = controller.to_owned();
                self.violations.push(Violation { at_ms, controller, kind, group, other, found_ms, allowed_ms });
            }
        }
    }
}

/// A violation before it has a name.
struct Finding {
    at_ms: i64,
    kind: Kind,
    group: usize,
    other: Option<usize>,
    found_ms: i64,
    allowed_ms: i64,
}

const fn is_green(letter: char) -> bool {
    matches!(letter, 'G' | 'g')
}

const fn is_cabinet(letter: char) -> bool {
    matches!(letter, 'o' | 'O')
}

/// The same letter for lamps between which nothing ends that has a shortest time: protected and permissive green.
const fn class(letter: char) -> char {
    if is_green(letter) { 'G' } else { letter }
}

impl Watched {
    /// The pending string was really shown, up to `until_ms`: judge it.
    fn commit(&mut self, until_ms: i64) -> Vec<Finding> {
        let Some((at, letters)) = self.pending.take() else { return Vec::new() };
        let mut found = Vec::new();
        self.judge_conflicts(at, &letters, &mut found);
        match self.lamps.take() {
            None => {
                let lamp =
                    |&letter| Lamp { letter, since_ms: None, green_end_ms: None, waiting_ms: None, starved: false };
                self.lamps = Some(letters.iter().map(lamp).collect());
            }
            Some(mut lamps) => {
                for (group, lamp) in lamps.iter().enumerate() {
                    self.judge_end(at, group, lamp, letters[group], &mut found);
                    self.judge_begin(at, group, &lamps, &letters, &mut found);
                }
                for (lamp, &letter) in lamps.iter_mut().zip(&letters) {
                    switch(lamp, letter, at);
                }
                self.lamps = Some(lamps);
            }
        }
        self.judge_waiting(at, until_ms, &mut found);
        found
    }

    fn judge_conflicts(&self, at_ms: i64, letters: &[char], found: &mut Vec<Finding>) {
        for &(a, b) in &self.table.conflicts {
            let gives_way = |one, other| letters[one] == 'g' && self.table.yields.contains(&(one, other));
            if is_green(letters[a]) && is_green(letters[b]) && !gives_way(a, b) && !gives_way(b, a) {
                let (kind, other) = (Kind::Conflict, Some(b));
                found.push(Finding { at_ms, kind, group: a, other, found_ms: 0, allowed_ms: 0 });
            }
        }
    }

    /// What ends: greens and yellows.
    fn judge_end(&self, at_ms: i64, group: usize, lamp: &Lamp, next: char, found: &mut Vec<Finding>) {
        let age = lamp.since_ms.map(|since| at_ms - since);
        let mut add = |kind, found_ms, allowed_ms| {
            found.push(Finding { at_ms, kind, group, other: None, found_ms, allowed_ms });
        };
        if is_cabinet(next) || class(next) == class(lamp.letter) {
            return;
        }
        if is_green(lamp.letter) {
            if let Some(age) = age.filter(|&age| age < self.table.min_green_ms) {
                add(Kind::ShortGreen, age, self.table.min_green_ms);
            }
            if next != 'y' && !self.table.without_yellow.contains(&group) {
                add(Kind::MissingYellow, 0, self.table.min_yellow_ms);
            }
        } else if lamp.letter == 'y' {
            if let Some(age) = age.filter(|&age| age < self.table.min_yellow_ms) {
                add(Kind::ShortYellow, age, self.table.min_yellow_ms);
            }
            if is_green(next) {
                add(Kind::YellowToGreen, 0, 0);
            }
        }
    }

    /// What begins: a green finds everybody else cleared.
    fn judge_begin(&self, at_ms: i64, group: usize, lamps: &[Lamp], letters: &[char], found: &mut Vec<Finding>) {
        let (before, now) = (lamps[group].letter, letters[group]);
        let begins = is_green(now) && (!is_green(before) || (before == 'g' && now == 'G'));
        if !begins {
            return;
        }
        for (&(clearing, entering), &allowed_ms) in &self.table.clearance_ms {
            if entering != group || is_green(letters[clearing]) {
                continue;
            }
            let end = if is_green(lamps[clearing].letter) { Some(at_ms) } else { lamps[clearing].green_end_ms };
            if let Some(found_ms) = end.map(|end| at_ms - end).filter(|&cleared| cleared < allowed_ms) {
                let (kind, other) = (Kind::ShortClearance, Some(clearing));
                found.push(Finding { at_ms, kind, group, other, found_ms, allowed_ms });
            }
        }
    }

    /// Who waits too long; counted once a red.
    fn judge_waiting(&mut self, at_ms: i64, until_ms: i64, found: &mut Vec<Finding>) {
        let (Some(lamps), Some(allowed_ms)) = (&mut self.lamps, self.table.max_red_ms) else { return };
        for (group, lamp) in lamps.iter_mut().enumerate() {
            let waits = !is_green(lamp.letter) && self.waiting.get(group).copied().unwrap_or(false);
            lamp.waiting_ms = if waits { lamp.waiting_ms.or(Some(at_ms)) } else { None };
            lamp.starved &= waits;
            let waited = lamp.waiting_ms.map_or(0, |since| until_ms - since);
            if waited > allowed_ms && !lamp.starved {
                lamp.starved = true;
                let kind = Kind::Starved;
                found.push(Finding { at_ms: until_ms, kind, group, other: None, found_ms: waited, allowed_ms });
            }
        }
    }
}

fn switch(lamp: &mut Lamp, letter: char, at_ms: i64) {
    if class(lamp.letter) != class(letter) {
        lamp.since_ms = Some(at_ms);
    }
    if is_green(lamp.letter) && !is_green(letter) {
        lamp.green_end_ms = Some(at_ms);
    }
    lamp.letter = letter;
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s, {}, group {}: {:?}", self.at_ms as f64 / 1000.0, self.controller, self.group, self.kind)?;
        if let Some(other) = self.other {
            write!(f, " with group {other}")?;
        }
        write!(f, ", {} ms, allowed {} ms", self.found_ms, self.allowed_ms)
    }
}

#[cfg(test)]
mod tests;
