//! The measures of the ATSPM catalogue, from one stream of high-resolution events, signal by signal.
//!
//! In: events in order ([`super::hires::Order`]) and the channels that watch phases. Out: [`Report`], tables with a unit in the name of each column, and what is drawn
//! ([`svg`]). Definitions with their sources stand in `docs/measures.md`; each file begins with its own.
//!
//! | Measure | Module |
//! |---|---|
//! | Purdue coordination diagram, arrivals on green, approach delay and volume, yellow and red actuations | [`phase`] |
//! | split monitor, phase termination, split failures | [`phase`], [`service`] |
//! | pedestrian delay, preemption | [`calls`] |
//! | detector watchdog | [`watchdog`] |
//!
//! Memory is bounded: sums a phase, a bin a quarter of an hour, points of diagrams up to a limit ([`Room`]); what is left out is counted and told.

pub mod calls;
pub mod phase;
pub mod report;
pub mod service;
pub mod svg;
pub mod watchdog;

pub use report::{Report, Table};

use super::hires::channels::{Channels, Role, Watches};
use super::hires::{Event, Names, Ordered, code};
use crate::time::{Millis, Timestamp};
use calls::{Pedestrians, Preemption};
use phase::Phase;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;
use watchdog::Watchdog;

/// Length of a bin.
pub const BIN: Millis = Millis::from_secs(15 * 60);

/// Room for what grows with time; one for all signals together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Whether there are diagrams and long tables at all.
    long: bool,
    points: usize,
    bins: usize,
    places: usize,
    /// What found no room.
    pub left_out: u64,
}

impl Room {
    /// With diagrams and long tables (about 150 MB at most), or for sums alone.
    pub fn new(long: bool) -> Self {
        Self { long, points: 1_500_000, bins: 400_000, places: 100_000, left_out: 0 }
    }

    /// For a point or a service of a diagram.
    fn point(&mut self) -> bool {
        self.long && Self::take(&mut self.points, &mut self.left_out)
    }

    /// For a quarter of an hour.
    fn bin(&mut self) -> bool {
        self.long && Self::take(&mut self.bins, &mut self.left_out)
    }

    /// For a phase, a channel, a button or a preempt.
    fn place(&mut self) -> bool {
        Self::take(&mut self.places, &mut self.left_out)
    }

    fn take(left: &mut usize, left_out: &mut u64) -> bool {
        let is_room = *left > 0;
        *left = left.saturating_sub(1);
        *left_out += u64::from(!is_room);
        is_room
    }
}

/// Measures while events come.
#[derive(Debug)]
pub struct Measures {
    channels: Channels,
    span: Range<Timestamp>,
    room: Room,
    signals: BTreeMap<u32, Signal>,
}

/// What is kept of one signal.
#[derive(Debug)]
pub(super) struct Signal {
    name: String,
    channels: BTreeMap<u16, Vec<Watches>>,
    phases: BTreeMap<u16, Phase>,
    pedestrians: BTreeMap<u16, Pedestrians>,
    preempts: BTreeMap<u16, Preemption>,
    detectors: BTreeMap<u16, Watchdog>,
    /// Vehicles on their way from an advance detector to the stop line: when they arrive, and at which phase.
    coming: BinaryHeap<Reverse<(Timestamp, u16)>>,
    events: u64,
    gaps: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Measures {
    /// Of events within a span; with what diagrams and long tables need, or without.
    pub fn new(channels: Channels, span: Range<Timestamp>, long: bool) -> Self {
        Self { channels, span, room: Room::new(long), signals: BTreeMap::new() }
    }

    /// What comes next.
    pub fn take(&mut self, next: &Ordered, names: &Names) {
        match *next {
            Ordered::Event(event) if self.span.contains(&event.at) => self.event(event, names),
            Ordered::Event(_) => {}
            Ordered::Gap { signal, .. } => {
                if let Some(signal) = self.signals.get_mut(&signal) {
                    signal.gap(&mut self.room);
                }
            }
        }
    }

    /// What was measured.
    pub fn finish(mut self) -> Report {
        for signal in self.signals.values_mut() {
            signal.finish(&mut self.room);
        }
        let mut signals: Vec<Signal> = self.signals.into_values().collect();
        signals.sort_by(|a, b| a.name.cmp(&b.name));
        Report::new(signals, &self.channels, self.room.left_out)
    }

    fn event(&mut self, event: Event, names: &Names) {
        let channels = &self.channels;
        let signal = self.signals.entry(event.signal).or_insert_with(|| {
            let name = names.of(event.signal).to_owned();
            Signal::new(channels.of(&name).cloned().unwrap_or_default(), name, event.at)
        });
        signal.event(event, &mut self.room);
    }
}

impl Signal {
    fn new(channels: BTreeMap<u16, Vec<Watches>>, name: String, at: Timestamp) -> Self {
        let mut signal = Self {
            name,
            phases: BTreeMap::new(),
            pedestrians: BTreeMap::new(),
            preempts: BTreeMap::new(),
            detectors: BTreeMap::new(),
            coming: BinaryHeap::new(),
            events: 0,
            gaps: 0,
            first: at,
            last: at,
            channels,
        };
        let all = || signal.channels.iter().flat_map(|(channel, roles)| roles.iter().map(move |it| (*channel, *it)));
        let count_phases: Vec<u16> = all().filter(|(_, it)| it.role == Role::Count).map(|(_, it)| it.phase).collect();
        for (channel, watches) in all().collect::<Vec<_>>() {
            signal.detectors.entry(channel).or_insert_with(|| Watchdog::new(true));
            let phase = signal.phases.entry(watches.phase).or_default();
            phase.has(watches.role, count_phases.contains(&watches.phase));
        }
        signal
    }

    fn event(&mut self, event: Event, room: &mut Room) {
        let (at, param) = (event.at, event.param);
        self.events += 1;
        self.last = at;
        self.arrive(at, room);
        match event.code {
            code::DETECTOR_ON | code::DETECTOR_OFF => self.detector(event, room),
            code::GREEN..=code::PREEMPT_FORCE_OFF => {
                let is_phase = (1..=255).contains(&param);
                if let Some(phase) = is_phase.then(|| kept(&mut self.phases, param, room)).flatten() {
                    phase.lamp(at, event.code, room);
                }
            }
            code::WALK..=code::DONT_WALK | code::PED_CALL | code::BUTTON_ON | code::BUTTON_OFF => {
                if let Some(pedestrians) = kept(&mut self.pedestrians, param, room) {
                    pedestrians.event(at, event.code);
                }
            }
            code::PREEMPT_CALL..=code::PREEMPT_EXIT => {
                if let Some(preemption) = kept(&mut self.preempts, param, room) {
                    preemption.event(at, event.code);
                }
            }
            code::FLASH if param != code::NOT_FLASH => self.phases.values_mut().for_each(|it| it.lose(at, room)),
            fault if code::DETECTOR_FAULTS.contains(&fault) => {
                if let Some(detector) = self.watchdog(param, room) {
                    detector.faults += 1;
                }
            }
            _ => {}
        }
    }

    fn detector(&mut self, event: Event, room: &mut Room) {
        let (at, on) = (event.at, event.code == code::DETECTOR_ON);
        if let Some(detector) = self.watchdog(event.param, room) {
            detector.event(at, on);
        }
        let Some(roles) = self.channels.get(&event.param) else { return };
        for watches in roles {
            let Some(phase) = self.phases.get_mut(&watches.phase) else { continue };
            match watches.role {
                Role::Advance if on => self.coming.push(Reverse((at + watches.travel, watches.phase))),
                Role::Count if on => phase.count(at, room),
                Role::Presence => phase.presence(at, event.param, on),
                Role::Advance | Role::Count => {}
            }
        }
        // A detector at the stop line has no way to go.
        self.arrive(at, room);
    }

    fn watchdog(&mut self, channel: u16, room: &mut Room) -> Option<&mut Watchdog> {
        if !self.detectors.contains_key(&channel) && !room.place() {
            return None;
        }
        Some(self.detectors.entry(channel).or_insert_with(|| Watchdog::new(false)))
    }

    /// Whoever is due before an instant arrives. Lamps that change at the same instant change first.
    fn arrive(&mut self, before: Timestamp, room: &mut Room) {
        while let Some(Reverse((due, phase))) = self.coming.peek().copied().filter(|Reverse((due, _))| *due < before) {
            self.coming.pop();
            if let Some(phase) = self.phases.get_mut(&phase) {
                phase.arrive(due, room);
            }
        }
    }

    /// Nothing is known any more.
    fn gap(&mut self, room: &mut Room) {
        self.gaps += 1;
        self.coming.clear();
        let last = self.last;
        self.phases.values_mut().for_each(|it| it.lose(last, room));
        self.pedestrians.values_mut().for_each(Pedestrians::lose);
        self.preempts.values_mut().for_each(Preemption::lose);
        self.detectors.values_mut().for_each(Watchdog::lose);
    }

    fn finish(&mut self, room: &mut Room) {
        self.arrive(self.last, room);
        let last = self.last;
        self.phases.values_mut().for_each(|it| it.finish(last, room));
        self.detectors.values_mut().for_each(|it| it.finish(last));
    }
}

/// What is kept of a number; a new one as long as there is room.
fn kept<'a, T: Default>(all: &'a mut BTreeMap<u16, T>, number: u16, room: &mut Room) -> Option<&'a mut T> {
    (all.contains_key(&number) || room.place()).then(|| all.entry(number).or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::hires::Order;
    use proptest::prelude::*;

    fn channels() -> Channels {
        let mut channels = Channels::default();
        for (channel, role) in [(1, Role::Advance), (2, Role::Count), (3, Role::Presence)] {
            channels.watch("s", channel, Watches { phase: 2, role, travel: Millis(5_000) });
        }
        channels
    }

    fn report(events: &[(i64, u16, u16)], diagrams: bool) -> Report {
        let (mut names, mut order, mut out) = (Names::default(), Order::new(Millis::from_secs(60)), Vec::new());
        let signal = names.position("s").unwrap();
        for (line, &(ms, code, param)) in (1..).zip(events) {
            order.push(Event { at: Timestamp(ms), code, param, signal }, line, &mut out);
        }
        order.finish(&mut out);
        let mut measures = Measures::new(channels(), Timestamp(i64::MIN)..Timestamp(i64::MAX), diagrams);
        for it in &out {
            measures.take(it, &names);
        }
        measures.finish()
    }

    proptest! {
        #[test]
        fn whatever_happens_nothing_panics_and_shares_stay_shares(
            events in proptest::collection::vec((prop_oneof![0_i64..400_000, any::<i64>()], prop_oneof![0_u16..24, Just(45), 80_u16..92, 100_u16..116, Just(173)], 0_u16..5), 0..300)
        ) {
            let report = report(&events, true);
            let json = report.to_json();
            for (table, column) in [("arrivals", "on_green_share"), ("arrivals", "green_share"), ("split_failures", "gor_mean"), ("split_failures", "ror5_mean")] {
                for row in json[table].as_array().unwrap() {
                    if let Some(share) = row[column].as_f64() {
                        prop_assert!((0.0..=1.0).contains(&share), "{}", row);
                    }
                }
            }
            for it in &report.phases {
                svg::draw(it);
            }
            report.to_text();
        }
    }

    #[test]
    fn a_green_that_a_preemption_ends_is_told_from_others() {
        let events = [
            (0, 1, 2),
            (20_000, 7, 2),
            (20_000, 8, 2),
            (20_000, 20, 2),
            (24_000, 9, 2),
            (40_000, 1, 2),
            (60_000, 8, 2),
        ];
        let ended = [(64_000, 9, 2), (80_000, 1, 2)];
        let report = report(&[&events[..], &ended].concat(), false).to_json();
        let row = &report["terminations"][0];
        assert_eq!((&row["services"], &row["preempted"], &row["unknown"]), (&2.into(), &1.into(), &1.into()), "{row}");
    }

    #[test]
    fn without_diagrams_points_are_neither_kept_nor_missed() {
        let events: Vec<(i64, u16, u16)> = (0..200)
            .flat_map(|at| {
                [
                    (at * 60_000, 9, 2),
                    (at * 60_000 + 1_000, 82, 1),
                    (at * 60_000 + 20_000, 1, 2),
                    (at * 60_000 + 50_000, 8, 2),
                ]
            })
            .collect();
        let (with, without) = (report(&events, true), report(&events, false));
        assert_eq!((with.left_out, without.left_out), (0, 0));
        assert_eq!(with.table("arrivals"), without.table("arrivals"));
        let points = |report: &Report| report.phases.iter().map(|it| it.phase.points.len()).sum::<usize>();
        assert_eq!((points(&with), points(&without)), (200, 0));
        let mut text = String::new();
        with.long("points").unwrap().for_each(|row| text += &row);
        assert!(text.starts_with("signal,phase,at") && text.lines().count() == 201, "{text}");
    }
}
