//! One episode: street, stations, cabinets, engines, brokers and the adversary, stepped by 100 ms of true time on one thread.
//!
//! ```text
//! street ─> stations ─counts─┐            ┌─> cabinets ─> lamps ─> judges ─> street
//!    └────> own loops ───────┼── post ────┤        └─ state ─┐
//! office ── requests ────────┘            └<── plans ── engines (one leads)
//! ```
//!
//! In: [`Episode`]. Out: [`Outcome`]. The order within a tick is always the same: faults, street, what has arrived, engines, cabinets, judges; so
//! the same episode gives the same trace to the bit.

use super::adversary::{Targets, schedule};
use super::cabinet::{Cabinet, Sabotage};
use super::clock::truth;
use super::engine::Engine;
use super::fault::{Fault, Kind, Tally};
use super::judge::{BACK_ADAPTIVE, BACK_REMOTE, Finding, Judge};
use super::keys;
use super::leadership::{Disk, Place};
use super::lots::Lots;
use super::office::Office;
use super::post::{Node, Post, links};
use super::site;
use super::station::Station;
use super::trace::Trace;
use crate::config::Scalars;
use crate::controller::{Settings, Strategy};
use crate::cosim::scale::synthetic::Synthetic;
use crate::field::Calls;
use crate::network::Network;
use crate::plan::{FieldMode, Mode, Shown};
use crate::time::Millis;
use std::sync::Arc;

/// Step of true time \[ms\].
pub const TICK: i64 = 100;

/// What is played.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Where all lots come from.
    pub seed: u64,
    /// Intersections.
    pub intersections: usize,
    /// How long \[ms\].
    pub length: i64,
    /// Whether the engines search, or run the programme.
    pub adaptive: bool,
    /// Faults in place of those that the adversary draws.
    pub faults: Option<Vec<Fault>>,
    /// What is broken on purpose.
    pub sabotage: Sabotage,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Unsafe lamps.
    pub unsafe_lamps: u64,
    /// Waits beyond the maximum.
    pub starved: u64,
    /// Plans obeyed beyond their lease, or that nobody made.
    pub stale_obeyed: u64,
    /// Plans obeyed after a later one.
    pub fencing_broken: u64,
    /// Ways back that took too long.
    pub not_back: u64,
    /// Changes between the engine and local control, both ways.
    pub mode_changes: u64,
    /// Controllers that had to flash because nothing legal was left.
    pub flashed: u64,
    /// Changes of who leads.
    pub leaders: u64,
    /// Plans that were sent.
    pub plans: u64,
    /// Messages that were turned away by engines and controllers.
    pub rejected: u64,
    /// Longest time from the making of a plan to its last moment \[ms\].
    pub plan_age_max_ms: i64,
    /// Longest local control \[ms\].
    pub local_max_ms: i64,
    /// Longest way back to the engine, and to planning on counts, after the last of some faults \[ms\].
    pub back_remote_max_ms: i64,
    /// See `back_remote_max_ms`.
    pub back_adaptive_max_ms: i64,
    /// Calms at whose judgement the engine did not believe detectors that had lied before.
    pub doubting: u64,
    /// What went wrong on purpose.
    pub tally: Tally,
    /// Digest of everything that was shown and sent.
    pub trace: u64,
    /// The first findings.
    pub findings: Vec<Finding>,
}

/// Everything of an episode.
pub struct World {
    episode: Episode,
    network: Arc<Network>,
    post: Post,
    place: Place,
    disk: Disk,
    engines: Vec<Engine>,
    cabinets: Vec<Cabinet>,
    stations: Vec<Station>,
    streets: Vec<Synthetic>,
    /// Lamps as they really were, in true time.
    shown: Vec<Shown>,
    calls: Vec<Option<Calls>>,
    office: Office,
    faults: Vec<Fault>,
    next_fault: usize,
    active: Vec<Fault>,
    /// Everything is as it should be from then on \[ms\].
    whole_from: i64,
    /// Whether control has come back since then.
    back: (bool, bool),
    demand: f64,
    judge: Judge,
    trace: Trace,
    outcome: Outcome,
}

impl World {
    /// A world before its first tick.
    pub fn new(episode: Episode) -> Self {
        let lots = |who| Lots::new(episode.seed, who);
        let network = Arc::new(site::network(&mut lots(1), episode.intersections));
        let keys = Arc::new(keys::ring(&network));
        let count = network.intersections.len();
        let mut clocks = lots(2);
        let engine = |number| Engine::new(number, Arc::clone(&network), Arc::clone(&keys), settings(episode.adaptive));
        let mut engines: Vec<Engine> = (0..2).map(engine).collect();
        let cabinet = |ix| Cabinet::new(ix, Arc::clone(&network), Arc::clone(&keys), episode.seed, episode.sabotage);
        let mut cabinets: Vec<Cabinet> = (0..count).map(cabinet).collect();
        let mut stations: Vec<Station> =
            (0..count).map(|ix| Station::new(ix, Arc::clone(&network), lots(100 + ix as u64))).collect();
        // Clocks of a house in order differ by some milliseconds.
        let all = engines.iter_mut().map(|it| &mut it.clock);
        let all =
            all.chain(cabinets.iter_mut().map(|it| &mut it.clock)).chain(stations.iter_mut().map(|it| &mut it.clock));
        all.for_each(|clock| clock.offset = clocks.between(-100, 100));
        let lanes = network.intersections.iter().map(|it| it.lanes.len()).collect();
        let targets = Targets { links: links(count), lanes };
        let faults = episode.faults.clone().unwrap_or_else(|| schedule(&mut lots(3), &targets, episode.length));
        let streets = network.intersections.iter().enumerate();
        Self {
            post: Post::new(count, lots(4)),
            place: Place::default(),
            disk: Disk::default(),
            engines,
            cabinets,
            stations,
            streets: streets.map(|(ix, it)| Synthetic::new(it, episode.seed ^ ix as u64)).collect(),
            shown: network.intersections.iter().map(|it| Shown::all_red(it, truth(0))).collect(),
            calls: vec![None; count],
            office: Office::new(Arc::clone(&network), keys, lots(5)),
            faults,
            next_fault: 0,
            active: Vec::new(),
            whole_from: 0,
            back: (false, false),
            demand: clocks.between(3, 11) as f64 / 10.0,
            judge: Judge::new(&network),
            trace: Trace::default(),
            outcome: Outcome::default(),
            network,
            episode,
        }
    }

    /// Play it to its end.
    pub fn run(mut self) -> Outcome {
        let mut at = 0;
        while at < self.episode.length {
            at += TICK;
            self.tick(at);
        }
        self.finish()
    }

    /// One step of true time, to its end at `at`.
    pub fn tick(&mut self, at: i64) {
        self.strike(at);
        if at % 1_000 == 0 {
            self.street(at);
        }
        self.deliver(at);
        self.engines(at);
        self.cabinets(at);
        self.judge_way_back(at);
    }

    /// Faults begin and end.
    fn strike(&mut self, at: i64) {
        let over: Vec<Fault> = self.active.extract_if(.., |fault| fault.until <= at).collect();
        for fault in over {
            self.end(fault);
        }
        while let Some(fault) = self.faults.get(self.next_fault).copied().filter(|it| it.from <= at) {
            self.next_fault += 1;
            self.outcome.tally.begin(fault.kind);
            self.begin(fault);
            self.active.push(fault);
        }
        if !self.active.is_empty() {
            self.whole_from = self.post.connected_from().max(at);
            self.back = (false, false);
        }
    }

    fn begin(&mut self, fault: Fault) {
        let Fault { kind, target, until, size, .. } = fault;
        let mut effect = true;
        match kind {
            Kind::EngineKilled => self.engines[target].kill(until, &mut self.place),
            Kind::EngineFrozen => self.engines[target].frozen_until = until,
            Kind::EngineClock => self.engines[target].clock.offset += size,
            Kind::LockLost => self.engines[target].cut_off = true,
            Kind::Zombie => self.engines[target].zombie = true,
            Kind::BrokerKilled => self.post.kill_broker(target, until),
            Kind::BrokerFrozen => self.post.freeze_broker(target, until),
            Kind::FieldKilled => {
                self.cabinets[target].kill(until);
                self.judge.forgot(target);
            }
            Kind::FieldFrozen => self.cabinets[target].frozen_until = until,
            Kind::FieldClock | Kind::FieldBackStep => self.cabinets[target].clock.offset += size,
            Kind::StationClock => self.stations[target].clock.offset += size,
            Kind::StationRestarted => self.stations[target].restart(),
            Kind::Burst => self.streets[target].set_demand(4.0 * self.demand),
            Kind::Drought => self.streets[target].set_demand(0.02 * self.demand),
            Kind::DiskFull => self.disk.full = true,
            Kind::DiskTorn => self.disk.torn = true,
            _ => effect = false,
        }
        if effect {
            self.outcome.tally.effect(kind);
        }
    }

    fn end(&mut self, fault: Fault) {
        let Fault { kind, target, size, .. } = fault;
        match kind {
            Kind::EngineClock => self.engines[target].clock.offset -= size,
            Kind::LockLost => self.engines[target].cut_off = self.is_active(kind, target),
            Kind::Zombie => self.engines[target].zombie = self.is_active(kind, target),
            Kind::FieldClock => self.cabinets[target].clock.offset -= size,
            Kind::StationClock => self.stations[target].clock.offset -= size,
            Kind::Burst | Kind::Drought => self.streets[target].set_demand(self.demand),
            Kind::DiskFull => self.disk.full = self.is_active(kind, target),
            Kind::DiskTorn => self.disk.torn = self.is_active(kind, target),
            _ => {}
        }
    }

    fn is_active(&self, kind: Kind, target: usize) -> bool {
        self.active.iter().any(|it| it.kind == kind && it.target == target)
    }

    /// A second of traffic has passed.
    fn street(&mut self, at: i64) {
        for ix in 0..self.network.intersections.len() {
            let intersection = &self.network.intersections[ix];
            let truth = self.streets[ix].second(intersection, &self.shown[ix], truth(at));
            let seen = self.stations[ix].second(&truth, at, &self.active, &mut self.outcome.tally);
            if let Some(packet) = seen.counts {
                self.tell_engines(&packet, Node::Station(ix), at);
            }
            self.calls[ix] = seen.calls;
            let in_charge =
                self.cabinets[ix].mode().is_some_and(|mode| mode != FieldMode::AllRed && mode != FieldMode::Flash);
            let waiting = if in_charge && !self.cabinets[ix].is_frozen(at) {
                seen.waiting
            } else {
                vec![false; seen.waiting.len()]
            };
            self.judge.waiting(ix, &waiting);
        }
        for packet in self.office.second(at, &self.active, &mut self.outcome.tally) {
            self.tell_engines(&packet, Node::Office, at);
        }
    }

    fn tell_engines(&mut self, packet: &std::rc::Rc<crate::wire::Packet>, from: Node, at: i64) {
        for engine in 0..2 {
            self.post.send(std::rc::Rc::clone(packet), from, Node::Engine(engine), at);
        }
    }

    fn deliver(&mut self, at: i64) {
        for mail in self.post.deliver(at, &self.active, &mut self.outcome.tally) {
            match mail.to {
                Node::Engine(engine) => self.engines[engine].receive(mail),
                Node::Cabinet(ix) => self.cabinets[ix].receive(mail),
                Node::Office | Node::Station(_) => {}
            }
        }
    }

    fn engines(&mut self, at: i64) {
        for number in 0..2 {
            let before = self.engines[number].epoch();
            if at < self.engines[number].frozen_until {
                self.outcome.tally.effect(Kind::EngineFrozen);
            }
            let sent = self.engines[number].tick(at, &mut self.place, &mut self.disk);
            let after = self.engines[number].epoch();
            self.outcome.leaders += u64::from(after.is_some() && after != before);
            for it in sent {
                self.outcome.plans += 1;
                self.trace.add(&it.packet.payload);
                self.judge.made(it.ix, &it.plan, self.engines[number].clock, at);
                self.post.send(std::rc::Rc::clone(&it.packet), Node::Engine(number), it.to(), at);
            }
        }
    }

    fn cabinets(&mut self, at: i64) {
        for ix in 0..self.cabinets.len() {
            if self.cabinets[ix].is_frozen(at) {
                self.outcome.tally.effect(Kind::FieldFrozen);
            }
            let calls = self.calls[ix].take();
            let states = self.cabinets[ix].tick(at, calls);
            for packet in states {
                self.tell_engines(&packet, Node::Cabinet(ix), at);
            }
            let cabinet = &self.cabinets[ix];
            for &(from, to) in &cabinet.changes {
                self.outcome.mode_changes += u64::from(from == FieldMode::Remote || to == FieldMode::Remote);
                self.outcome.flashed += u64::from(to == FieldMode::Flash);
            }
            let letters = cabinet.letters();
            self.judge.lamps(ix, &letters, at);
            if !cabinet.is_frozen(at) {
                self.judge.obeys(ix, cabinet.obeys(), cabinet.clock, at);
            }
            self.trace.add(letters.as_bytes());
            if self.shown[ix].lamps() != cabinet.lamps {
                self.shown[ix].advance(truth(at), None, &cabinet.lamps);
            }
        }
    }

    /// Whether control has come back since the last fault, and how soon.
    fn judge_way_back(&mut self, at: i64) {
        let since = at - self.whole_from;
        if since <= 0 || self.back == (true, true) {
            return;
        }
        let remote = self.all_remote();
        let modes = self.engines.iter().find_map(Engine::modes).unwrap_or_default();
        let wanted = if self.episode.adaptive { Mode::Adaptive } else { Mode::FixedTime };
        let planning = !modes.is_empty() && modes.iter().all(|&mode| mode == wanted);
        if remote && !self.back.0 {
            self.back.0 = true;
            self.outcome.back_remote_max_ms = self.outcome.back_remote_max_ms.max(since);
        }
        if planning && !self.back.1 {
            self.back.1 = true;
            self.outcome.back_adaptive_max_ms = self.outcome.back_adaptive_max_ms.max(since);
        }
        if since == BACK_REMOTE && !self.back.0 {
            let state =
                |it: &Cabinet| format!("{:?}, refused: {}", it.mode(), it.refused.as_deref().unwrap_or("nothing"));
            let states: Vec<String> = self.cabinets.iter().map(state).collect();
            self.judge.not_back(at, format!("controllers are not back after {BACK_REMOTE} ms: {}", states.join("; ")));
        }
        if since == BACK_ADAPTIVE && !self.back.1 && self.engines.iter().any(|it| it.only_doubts(wanted, at)) {
            self.outcome.doubting += 1;
        } else if since == BACK_ADAPTIVE && !self.back.1 {
            self.judge.not_back(at, format!("the engine is not back after {BACK_ADAPTIVE} ms: {modes:?}"));
        }
    }

    /// Where it is played.
    pub fn network(&self) -> Arc<Network> {
        Arc::clone(&self.network)
    }

    /// What was counted so far; judgements come at the end.
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Whether every controller obeys an engine.
    pub fn all_remote(&self) -> bool {
        self.cabinets.iter().all(|it| it.mode() == Some(FieldMode::Remote))
    }

    /// The end: the last judgements.
    pub fn finish(mut self) -> Outcome {
        let (unsafe_lamps, starved) = self.judge.finish();
        let rejected = self.engines.iter().map(|it| it.rejected).sum::<u64>()
            + self.cabinets.iter().map(|it| it.rejected).sum::<u64>();
        Outcome {
            unsafe_lamps,
            starved,
            rejected,
            stale_obeyed: self.judge.stale,
            fencing_broken: self.judge.fenced_broken,
            not_back: self.judge.not_back,
            plan_age_max_ms: self.judge.age_max,
            local_max_ms: self.judge.local_max,
            trace: self.trace.digest(),
            findings: self.judge.findings,
            ..self.outcome
        }
    }
}

fn settings(adaptive: bool) -> Settings {
    let strategy = if adaptive { Strategy::Adaptive } else { Strategy::FixedTime };
    Scalars::built_in().applied(Settings { strategy, commit_lead: Millis(300), ..Settings::default() })
}
