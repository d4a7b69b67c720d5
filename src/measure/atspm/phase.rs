//! One phase: what its lamps and its detectors tell together.
//!
//! | Measure | Definition |
//! |---|---|
//! | arrival | an advance detector's pulse, shifted by the travel time to the stop line; on green, yellow or red, as the lamp is then |
//! | point of the coordination diagram | arrival at t, t − begin of the last red |
//! | approach delay (simplified) | an arrival on red waits until the next green; one on green or yellow does not; queues ahead are not looked at |
//! | platoon ratio | share of arrivals on green / share of time that is green |
//! | volume | pulses of count detectors; of advance detectors where there are none |
//! | yellow and red actuations | count pulses on yellow, in the red clearance, on red, and more than five seconds after its begin (severe) |
//!
//! Sources: Day et al. 2014 (see `docs/measures.md`); UDOT ATSPM for the simplified delay, the class severe and the choice of codes.

use super::super::hires::{Role, code};
use super::service::{Presence, ROR, Service, Termination};
use super::{BIN, Room};
use crate::time::{Millis, Timestamp};

/// Red actuations later than this are severe.
const SEVERE: Millis = Millis::from_secs(5);
/// Longest split that is told apart in the distribution \[s\].
const SPLIT_MAX_S: usize = 300;

/// The lamp of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lamp {
    /// Nobody knows yet, or any more.
    #[default]
    Unknown,
    /// Green.
    Green,
    /// Yellow.
    Yellow,
    /// Red, while others wait for the clearance.
    Clearance,
    /// Red.
    Red,
}

/// Sums of a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bin {
    /// Its begin.
    pub at: Timestamp,
    /// Vehicles counted.
    pub volume: u32,
    /// Arrivals.
    pub arrivals: u32,
    /// Those of them on green.
    pub on_green: u32,
    /// Delay of those that arrived on red.
    pub delay: Millis,
    /// Services that ended, by the begin of the next green.
    pub services: u32,
    /// Those of them that were split failures.
    pub failures: u32,
}

/// An arrival in the coordination diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// Since the begin of the last red.
    pub in_cycle: Millis,
    /// Whether on green.
    pub on_green: bool,
}

/// Sums of a phase.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// Arrivals on green, yellow and red.
    pub arrivals: [u64; 3],
    /// Delay of the arrivals on red that were served.
    pub delay: Millis,
    /// How many they are.
    pub delayed: u64,
    /// Vehicles counted.
    pub volume: u64,
    /// Most vehicles in a quarter of an hour.
    pub peak: u32,
    /// Actuations on yellow, in the red clearance, on red after it, and later than [`SEVERE`].
    pub on_red: [u64; 4],
    /// Time in which the lamp was known, and was green.
    pub known: Millis,
    /// See `known`.
    pub green: Millis,
    /// Services by how they ended, in the order of [`Termination::ALL`].
    pub ends: [u64; 5],
    /// Longest run of services that ended by maximum green.
    pub max_out_run: u64,
    max_out_now: u64,
    /// Sum of greens and splits of all services.
    pub greens: Millis,
    /// See `greens`.
    pub splits: Millis,
    /// Services by their split in whole seconds.
    pub by_split: Vec<u32>,
    /// Services with occupancies, their sums, and failures.
    pub judged: u64,
    /// See `judged`.
    pub occupancy: (f64, f64),
    /// See `judged`.
    pub failures: u64,
}

/// One phase while events come.
#[derive(Debug, Clone, Default)]
pub struct Phase {
    lamp: Lamp,
    since: Timestamp,
    red: Option<Timestamp>,
    now: Option<Running>,
    presence: Presence,
    has_advance: bool,
    has_count: bool,
    has_presence: bool,
    /// Arrivals on this red: how many, and the sum of their instants since its begin.
    waiting: (i64, i64),
    bin: Bin,
    /// What was summed up.
    pub sums: Sums,
    /// Quarters of an hour in which anything happened.
    pub bins: Vec<Bin>,
    /// Points of the coordination diagram.
    pub points: Vec<Point>,
    /// Services, for diagrams.
    pub services: Vec<Service>,
}

/// A service that goes on.
#[derive(Debug, Clone, Copy)]
struct Running {
    red_before: Option<Timestamp>,
    green: Timestamp,
    yellow: Option<Timestamp>,
    red: Option<Timestamp>,
    cleared: Option<Timestamp>,
    termination: Option<Termination>,
    /// Time present up to the begin of green, then of red.
    present: Millis,
    gor: f64,
    ror: Option<f64>,
}

impl Phase {
    /// A detector of this role watches it. `counts`: some detector of it counts.
    pub(super) fn has(&mut self, role: Role, counts: bool) {
        self.has_advance |= role == Role::Advance;
        self.has_presence |= role == Role::Presence;
        self.has_count = counts;
    }

    /// Which measures its detectors allow: arrivals, volume, occupancy.
    pub fn watched(&self) -> (bool, bool, bool) {
        (self.has_advance, self.has_count || self.has_advance, self.has_presence)
    }

    /// An event of its lamps.
    pub(super) fn lamp(&mut self, at: Timestamp, event: u16, room: &mut Room) {
        self.settle(at);
        match event {
            code::GREEN if self.lamp != Lamp::Green => self.green(at, room),
            code::YELLOW if self.lamp == Lamp::Green => self.yellow(at),
            code::YELLOW_END | code::RED_CLEARANCE
                if matches!(self.lamp, Lamp::Green | Lamp::Yellow | Lamp::Unknown) =>
            {
                self.red(at);
            }
            code::RED_CLEARANCE_END if self.lamp == Lamp::Clearance => {
                self.shows(Lamp::Red, at);
                if let Some(now) = &mut self.now {
                    now.cleared = Some(at);
                }
            }
            _ => {}
        }
        if event == code::RED_CLEARANCE && self.lamp == Lamp::Red {
            self.shows(Lamp::Clearance, at);
        }
        // 20 stands behind 8 where both are of one instant.
        let ends = self.lamp == Lamp::Green || self.lamp == Lamp::Yellow && at == self.since;
        if let (Some(termination), Some(now), true) = (Termination::of(event), &mut self.now, ends) {
            now.termination = Some(termination);
        }
    }

    fn green(&mut self, at: Timestamp, room: &mut Room) {
        self.close(at, room);
        let (waiting, sum) = std::mem::take(&mut self.waiting);
        if let Some(red) = self.red {
            let delay = Millis(waiting * (at - red).0 - sum);
            self.sums.delay += delay;
            self.sums.delayed += waiting.unsigned_abs();
            if waiting > 0 {
                self.bin(at, room).delay += delay;
            }
        }
        self.shows(Lamp::Green, at);
        self.now = Some(Running {
            red_before: self.red.take(),
            green: at,
            yellow: None,
            red: None,
            cleared: None,
            termination: None,
            present: self.presence.until(at),
            gor: 0.0,
            ror: None,
        });
    }

    fn yellow(&mut self, at: Timestamp) {
        self.shows(Lamp::Yellow, at);
        let present = self.presence.until(at);
        if let Some(now) = &mut self.now {
            now.yellow = Some(at);
            now.gor = share(present - now.present, at - now.green);
        }
    }

    fn red(&mut self, at: Timestamp) {
        if self.lamp == Lamp::Green {
            // The log has lost the begin of yellow.
            self.now = None;
        }
        self.shows(Lamp::Red, at);
        self.red = Some(at);
        self.waiting = (0, 0);
        if let Some(now) = &mut self.now {
            now.red = Some(at);
            now.present = self.presence.until(at);
        }
    }

    fn shows(&mut self, lamp: Lamp, at: Timestamp) {
        if self.lamp != Lamp::Unknown {
            self.sums.known += at - self.since;
        }
        if self.lamp == Lamp::Green {
            self.sums.green += at - self.since;
        }
        self.lamp = lamp;
        self.since = at;
    }

    /// A detector at the stop line is reached or left.
    pub(super) fn presence(&mut self, at: Timestamp, channel: u16, on: bool) {
        self.settle(at);
        self.presence.event(at, channel, on);
    }

    /// Red occupancy, once its five seconds are over.
    fn settle(&mut self, at: Timestamp) {
        let Some(now) = &mut self.now else { return };
        if let Some(end) = now.red.map(|red| red + ROR).filter(|&end| end <= at && now.ror.is_none()) {
            now.ror = Some(share(self.presence.until(end) - now.present, ROR));
        }
    }

    /// A vehicle reaches the stop line, if no queue stands there.
    pub(super) fn arrive(&mut self, at: Timestamp, room: &mut Room) {
        if !self.has_count {
            self.sums.volume += 1;
            self.actuated(at);
        }
        let counts = !self.has_count;
        let (known, on_green) = (self.lamp != Lamp::Unknown, self.lamp == Lamp::Green);
        match self.lamp {
            Lamp::Unknown => {}
            Lamp::Green => self.sums.arrivals[0] += 1,
            Lamp::Yellow => self.sums.arrivals[1] += 1,
            Lamp::Clearance | Lamp::Red => {
                self.sums.arrivals[2] += 1;
                if let Some(red) = self.red {
                    self.waiting.0 += 1;
                    self.waiting.1 += (at - red).0;
                }
            }
        }
        let bin = self.bin(at, room);
        bin.volume += u32::from(counts);
        bin.arrivals += u32::from(known);
        bin.on_green += u32::from(on_green);
        let begin = self.red.or(self.now.and_then(|now| now.red_before));
        if let Some(begin) = begin.filter(|_| known)
            && room.point()
        {
            self.points.push(Point { at, in_cycle: at - begin, on_green });
        }
    }

    /// A vehicle passes the stop line.
    pub(super) fn count(&mut self, at: Timestamp, room: &mut Room) {
        self.sums.volume += 1;
        self.actuated(at);
        self.bin(at, room).volume += 1;
    }

    fn actuated(&mut self, at: Timestamp) {
        match self.lamp {
            Lamp::Yellow => self.sums.on_red[0] += 1,
            Lamp::Clearance => self.sums.on_red[1] += 1,
            Lamp::Red => self.sums.on_red[2] += 1,
            Lamp::Green | Lamp::Unknown => return,
        }
        if self.lamp != Lamp::Yellow && self.red.is_some_and(|red| at - red > SEVERE) {
            self.sums.on_red[3] += 1;
        }
    }

    /// The quarter of an hour of an instant, which is not before the last one.
    fn bin(&mut self, at: Timestamp, room: &mut Room) -> &mut Bin {
        let begin = Timestamp(at.0.div_euclid(BIN.0) * BIN.0);
        if self.bin.at != begin {
            self.put_down(room);
            self.bin = Bin { at: begin, ..Bin::default() };
        }
        &mut self.bin
    }

    fn put_down(&mut self, room: &mut Room) {
        self.sums.peak = self.sums.peak.max(self.bin.volume);
        let empty = Bin { at: self.bin.at, ..Bin::default() };
        if self.bin != empty && room.bin() {
            self.bins.push(self.bin);
        }
    }

    /// The service before is complete: take it in.
    fn close(&mut self, at: Timestamp, room: &mut Room) {
        let Some(now) = self.now.take() else { return };
        let (Some(yellow), Some(red)) = (now.yellow, now.red) else { return };
        let service = Service {
            red_before: now.red_before,
            green: now.green,
            yellow,
            red,
            cleared: now.cleared.unwrap_or(red),
            termination: now.termination.unwrap_or(Termination::Unknown),
            occupancy: now.ror.filter(|_| self.has_presence).map(|ror| (now.gor, ror)),
        };
        self.sums.take(&service);
        // Closed when the next green begins, so it is counted there and not where it ended.
        let bin = self.bin(at, room);
        bin.services += 1;
        bin.failures += u32::from(service.failed() == Some(true));
        if room.point() {
            self.services.push(service);
        }
    }

    /// Nothing is known any more.
    pub(super) fn lose(&mut self, at: Timestamp, room: &mut Room) {
        self.close(at, room);
        self.lamp = Lamp::Unknown;
        self.red = None;
        self.waiting = (0, 0);
        self.presence.lose();
    }

    /// That was all.
    pub(super) fn finish(&mut self, at: Timestamp, room: &mut Room) {
        self.settle(at);
        self.close(at, room);
        self.put_down(room);
        let lamp = self.lamp;
        self.shows(lamp, at);
    }
}

impl Sums {
    fn take(&mut self, service: &Service) {
        let position = Termination::ALL.iter().position(|it| *it == service.termination).unwrap_or(4);
        self.ends[position] += 1;
        self.max_out_now = if service.termination == Termination::MaxOut { self.max_out_now + 1 } else { 0 };
        self.max_out_run = self.max_out_run.max(self.max_out_now);
        self.greens += service.yellow - service.green;
        self.splits += service.split();
        self.by_split.resize(SPLIT_MAX_S + 1, 0);
        let seconds = usize::try_from((service.split().0 + 500) / 1_000).unwrap_or(0);
        self.by_split[seconds.min(SPLIT_MAX_S)] += 1;
        if let Some((green, red)) = service.occupancy {
            self.judged += 1;
            self.occupancy.0 += green;
            self.occupancy.1 += red;
            self.failures += u64::from(service.failed() == Some(true));
        }
    }

    /// Services that are complete.
    pub fn services(&self) -> u64 {
        self.ends.iter().sum()
    }

    /// Split that a share of the services does not exceed, to the second \[s\].
    pub fn split_s(&self, share: f64) -> Option<f64> {
        let rank = (self.services() as f64 * share).ceil().max(1.0);
        let mut below = 0.0;
        let found = self.by_split.iter().position(|&count| {
            below += f64::from(count);
            below >= rank
        });
        found.map(|seconds| seconds as f64)
    }

    /// Share of the time that is green; `None` while no lamp was known.
    pub fn green_share(&self) -> Option<f64> {
        (self.known > Millis::ZERO).then(|| share(self.green, self.known))
    }
}

fn share(part: Millis, whole: Millis) -> f64 {
    if whole > Millis::ZERO { part.as_secs_f64() / whole.as_secs_f64() } else { 0.0 }
}
