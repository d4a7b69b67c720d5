//! What the engine shows of itself: immutable pictures, one an intersection, put down by its worker and read by whoever wants to look.
//!
//! ```text
//! worker ──post(Arc<Picture>)──> board ──look()──> web: page, metrics
//! ```
//!
//! A worker that decides puts a new picture in the place of the old one and goes on: it waits for nobody but for another one who
//! copies the same pointer. Nobody who looks can hold it up, and a board that nobody watches ([`Board::watch`]) costs nothing.
//! Kept: the last picture of each intersection. Alarms lie on a desk of their own ([`super::alarms`]).

use super::clock;
use super::history::{History, Moment};
use crate::estimate::Observation;
use crate::network::Network;
use crate::plan::{Action, Decision, Plan, Spat, StateReport};
use crate::time::{Millis, Timestamp};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper ends of the classes of decision times \[µs\]; what is above the last one is counted in the whole only.
pub const CLASSES_US: [u64; 10] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000];

/// What is known of one intersection.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// Instant of the last decision, on the engine's clock.
    pub at: Timestamp,
    /// The same on the steady clock of this process, to tell how old it is.
    pub put_down: Timestamp,
    /// When counts came last, on the steady clock.
    pub counted: Option<Timestamp>,
    /// How long hearing and deciding took.
    pub took: Duration,
    /// The last counts.
    pub counts: Option<Arc<Observation>>,
    /// The last word of the field controller.
    pub state: Option<Arc<StateReport>>,
    /// The last decision.
    pub decision: Option<Arc<Decision>>,
    /// The last plan that was made.
    pub plan: Option<Arc<Plan>>,
    /// When lamps will change.
    pub spat: Option<Arc<Spat>>,
    /// What an operator holds.
    pub held: Option<Held>,
}

/// What an operator holds at an intersection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What.
    pub action: Action,
    /// Until when.
    pub until: Timestamp,
    /// Who commanded it; `None` when that was before a restart.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Pictures of all intersections of a network.
#[derive(Debug)]
pub struct Board {
    pictures: Vec<Mutex<Arc<Picture>>>,
    watched: AtomicBool,
    times: Times,
}

/// How long decisions took, by class.
#[derive(Debug, Default)]
struct Times {
    classes: [AtomicU64; CLASSES_US.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

/// How long decisions took since the engine was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionTimes {
    /// Decisions up to the end of each class of [`CLASSES_US`], the faster ones included.
    pub up_to: [u64; CLASSES_US.len()],
    /// All of them.
    pub count: u64,
    /// All their times \[µs\].
    pub sum_us: u64,
}

impl Board {
    /// A board without pictures.
    pub fn new(network: &Network) -> Self {
        Self {
            pictures: network.intersections.iter().map(|_| Mutex::default()).collect(),
            watched: AtomicBool::new(false),
            times: Times::default(),
        }
    }

    /// Somebody looks from now on.
    pub fn watch(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Whether somebody looks.
    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// The last picture of an intersection; an empty one before its first decision.
    pub fn look(&self, ix: usize) -> Arc<Picture> {
        Arc::clone(&lock(&self.pictures[ix]))
    }

    /// How long decisions took so far.
    pub fn times(&self) -> DecisionTimes {
        let (mut sum, mut up_to) = (0, [0; CLASSES_US.len()]);
        for (class, end) in self.times.classes.iter().zip(&mut up_to) {
            sum += class.load(Ordering::Relaxed);
            *end = sum;
        }
        let (count, sum_us) = (&self.times.count, &self.times.sum_us);
        DecisionTimes { up_to, count: count.load(Ordering::Relaxed), sum_us: sum_us.load(Ordering::Relaxed) }
    }

    /// A picture in the place of the last one.
    pub(super) fn post(&self, ix: usize, picture: Picture) {
        let us = u64::try_from(picture.took.as_micros()).unwrap_or(u64::MAX);
        if let Some(class) = CLASSES_US.iter().position(|&end| us <= end) {
            self.times.classes[class].fetch_add(1, Ordering::Relaxed);
        }
        self.times.count.fetch_add(1, Ordering::Relaxed);
        self.times.sum_us.fetch_add(us, Ordering::Relaxed);
        *lock(&self.pictures[ix]) = Arc::new(picture);
    }
}

/// What a worker draws of its intersection between two decisions.
#[derive(Debug)]
pub struct Easel {
    board: Arc<Board>,
    history: Option<Arc<History>>,
    ix: usize,
    picture: Picture,
}

impl Easel {
    /// Nothing is drawn.
    pub fn new(board: Arc<Board>, history: Option<Arc<History>>, ix: usize) -> Self {
        Self { board, history, ix, picture: Picture::default() }
    }

    /// Counts came.
    pub fn counts(&mut self, seen: &Observation) {
        if self.board.is_watched() {
            self.picture.counts = Some(Arc::new(seen.clone()));
            self.picture.counted = Some(clock::steady());
        }
    }

    /// The field controller spoke.
    pub fn state(&mut self, report: &StateReport) {
        if self.board.is_watched() {
            self.picture.state = Some(Arc::new(report.clone()));
        }
    }

    /// A plan was made.
    pub fn plan(&mut self, plan: &Plan) {
        if self.board.is_watched() {
            self.picture.plan = Some(Arc::new(plan.clone()));
        }
    }

    /// It was said when lamps change.
    pub fn spat(&mut self, spat: &Spat) {
        if self.board.is_watched() {
            self.picture.spat = Some(Arc::new(spat.clone()));
        }
    }

    /// A decision was taken.
    pub fn decision(&mut self, decision: &Decision) {
        if self.board.is_watched() {
            self.picture.decision = Some(Arc::new(decision.clone()));
        }
    }

    /// What an operator holds.
    pub fn held(&mut self, held: Option<Held>) {
        self.picture.held = held;
    }

    /// It is decided: let others see it.
    pub fn show(&mut self, at: Timestamp, took: Duration) {
        if self.board.is_watched() {
            (self.picture.at, self.picture.took, self.picture.put_down) = (at, took, clock::steady());
            if let Some(history) = &self.history {
                history.tell(Moment::of(self.ix, &self.picture));
            }
            self.board.post(self.ix, self.picture.clone());
        }
    }
}

/// How long ago an instant of the steady clock was.
pub fn age(instant: Timestamp) -> Millis {
    clock::steady() - instant
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Values are replaced as a whole, so a poisoned lock still guards a sound one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;

    fn board() -> Arc<Board> {
        let intersections = vec![sample::crossroads()];
        Arc::new(Board::new(&Network { city: "x".into(), intersections, links: Vec::new() }))
    }

    #[test]
    fn a_board_that_nobody_watches_stays_empty_and_who_looks_keeps_what_he_saw() {
        let board = board();
        let mut easel = Easel::new(Arc::clone(&board), None, 0);
        easel.show(Timestamp(1), Duration::from_micros(80));
        assert_eq!((board.look(0).at, board.times().count), (Timestamp(0), 0));
        board.watch();
        easel.show(Timestamp(2), Duration::from_micros(80));
        let seen = board.look(0);
        easel.show(Timestamp(3), Duration::from_secs(1));
        assert_eq!((seen.at, board.look(0).at), (Timestamp(2), Timestamp(3)));
        let times = board.times();
        assert_eq!((times.count, times.up_to[0], times.up_to[1], times.up_to[9]), (2, 0, 1, 1));
    }
}
