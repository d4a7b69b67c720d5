//! The thread that writes: takes what waits, gathers a minute of it, hands it to the disk.
//!
//! Everything that the disk refuses is given up and counted, and the next part tries anew: a full disk costs history and nothing else.

use super::bulk::{self, Column, Table};
use super::events::{Event, EventKind, Journal};
use super::keep::{self, Keep};
use super::{Health, Job, Moment, PART_S, ROWS_MAX, hour_of};
use crate::estimate::{CountedPlace, Observation};
use crate::network::Network;
use crate::plan::{Decision, StateReport};
use crate::service::dispatch::name;
use crate::time::{Millis, Timestamp};
use crate::units::lamps_to_string;
use parquet::data_type::ByteArray;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Events are put in this often, and a part that nobody adds to is written after [`PART_S`] on the wall.
const ROUND: Duration = Duration::from_secs(1);
/// Events that may wait for a disk that does not take them.
const EVENTS_MAX: usize = 10_000;

/// Names that stand in the files, each once.
#[derive(Default)]
struct Names {
    known: BTreeMap<String, u32>,
    all: Vec<ByteArray>,
}

impl Names {
    fn of(&mut self, text: &str) -> u32 {
        if let Some(&known) = self.known.get(text) {
            return known;
        }
        let number = self.all.len() as u32;
        self.known.insert(text.to_owned(), number);
        self.all.push(ByteArray::from(text));
        number
    }
}

/// Counts of one place in one period.
struct Counted {
    at: i64,
    ix: u32,
    place: u32,
    is_feeder: bool,
    vehicles: i32,
    halted: i32,
    passed: i32,
    speed: Option<f32>,
}

/// What was gathered since the last part.
#[derive(Default)]
struct Part {
    counts: Vec<Counted>,
    decisions: Vec<(u32, Arc<Decision>)>,
    states: Vec<(u32, Arc<StateReport>)>,
    span: Option<(Timestamp, Timestamp)>,
    begun: Option<Instant>,
}

/// What was kept of an intersection last.
#[derive(Clone, Default)]
struct Last {
    counts: Option<Timestamp>,
    decision: Option<Timestamp>,
    state: Option<Timestamp>,
    mode: Option<String>,
    field: Option<String>,
}

pub(super) struct Writer {
    folder: PathBuf,
    network: Arc<Network>,
    keep: Keep,
    missed: Arc<AtomicU64>,
    health: Arc<Health>,
    journal: Option<Journal>,
    events: Vec<Event>,
    part: Part,
    last: Vec<Last>,
    names: Names,
    latest: Timestamp,
}

impl Writer {
    pub(super) fn new(
        folder: &Path,
        network: &Arc<Network>,
        keep: Keep,
        missed: Arc<AtomicU64>,
        health: Arc<Health>,
    ) -> Self {
        Self {
            folder: folder.to_owned(),
            network: Arc::clone(network),
            keep,
            missed,
            health,
            journal: None,
            events: Vec::new(),
            part: Part::default(),
            last: vec![Last::default(); network.intersections.len()],
            names: Names::default(),
            latest: Timestamp(i64::MIN),
        }
    }

    pub(super) fn run(&mut self, jobs: &Receiver<Job>) {
        let mut round = Instant::now();
        self.clean();
        loop {
            let job = jobs.recv_timeout(ROUND);
            let since = Instant::now();
            match job {
                Ok(Job::Moment(moment)) => self.moment(&moment),
                Ok(Job::Event(event)) => self.events.push(event),
                Ok(Job::Flush(done)) => {
                    self.write_part();
                    self.write_events();
                    // What was said while the first ones were written.
                    self.write_events();
                    drop(done);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.is_due() {
                self.write_part();
            }
            if round.elapsed() >= ROUND {
                self.write_events();
                round = Instant::now();
            }
            let busy = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.health.busy_us.fetch_add(busy, Ordering::Relaxed);
        }
        self.write_part();
        self.write_events();
    }

    /// Whether the part is long, large or old enough, or the hour is over.
    fn is_due(&self) -> bool {
        let Some((first, last)) = self.part.span else { return false };
        let waits = self.part.begun.is_some_and(|it| it.elapsed() >= Duration::from_secs(PART_S.unsigned_abs()));
        waits
            || last - first >= Millis::from_secs(PART_S)
            || self.part.counts.len() >= ROWS_MAX
            || hour_of(first) != hour_of(last)
    }

    fn moment(&mut self, moment: &Moment) {
        let ix = moment.ix;
        if let Some(seen) = moment.counts.as_ref().filter(|it| self.last[ix].counts != Some(it.at)) {
            self.last[ix].counts = Some(seen.at);
            self.count(ix, seen);
        }
        if let Some(decision) = moment.decision.as_ref().filter(|it| self.last[ix].decision != Some(it.at)) {
            self.last[ix].decision = Some(decision.at);
            self.reach(decision.at);
            self.part.decisions.push((ix as u32, Arc::clone(decision)));
            self.mode(ix, "engine", &name(decision.mode), decision.at);
        }
        if let Some(state) = moment.state.as_ref().filter(|it| self.last[ix].state != Some(it.shown.at)) {
            self.last[ix].state = Some(state.shown.at);
            self.reach(state.shown.at);
            self.part.states.push((ix as u32, Arc::clone(state)));
            self.mode(ix, "field", &name(state.mode), state.shown.at);
        }
    }

    fn count(&mut self, ix: usize, seen: &Observation) {
        self.reach(seen.at);
        let intersection = &self.network.intersections[ix];
        for it in &seen.places {
            let (place, is_feeder) = match it.place {
                CountedPlace::Lane(lane) => (intersection.lanes[lane.0].id.as_str(), false),
                CountedPlace::Feeder(feeder) => (intersection.feeders[feeder.0].id.as_str(), true),
            };
            let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
            self.part.counts.push(Counted {
                at: seen.at.0,
                ix: ix as u32,
                place: self.names.of(place),
                is_feeder,
                vehicles: number(it.count),
                halted: number(it.halted),
                passed: number(it.passed),
                speed: it.mean_speed_mps.map(tenths),
            });
        }
    }

    /// The part holds this instant too.
    fn reach(&mut self, at: Timestamp) {
        self.latest = self.latest.max(at);
        self.part.begun.get_or_insert_with(Instant::now);
        self.part.span = Some(self.part.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    fn mode(&mut self, ix: usize, of: &str, mode: &str, at: Timestamp) {
        let last = &mut self.last[ix];
        let known = if of == "engine" { &mut last.mode } else { &mut last.field };
        if known.as_deref() == Some(mode) {
            return;
        }
        let before = known.replace(mode.to_owned());
        let detail = format!("{} -> {mode}", before.as_deref().unwrap_or("unknown"));
        self.events.push(Event {
            intersection: Some(self.network.intersections[ix].id.to_string()),
            code: Some(of.to_owned()),
            ..Event::new(EventKind::Mode, at, detail)
        });
    }

    /// The three files of what was gathered.
    fn write_part(&mut self) {
        let part = std::mem::take(&mut self.part);
        let Some((first, last)) = part.span else { return };
        let (hour, mut all) = (hour_of(first), true);
        for table in Table::ALL {
            let columns = self.columns(table, &part);
            let rows = columns.first().map_or(0, Column::len);
            if rows == 0 {
                continue;
            }
            let place = self.folder.join(table.name()).join(&hour);
            let file = place.join(format!("{}-{}.parquet", first.0, last.0));
            let written =
                fs::create_dir_all(&place).and_then(|()| bulk::write(&file, table, &columns, &self.names.all));
            match written {
                Ok(_) => {
                    self.health.rows.fetch_add(rows as u64, Ordering::Relaxed);
                    self.health.to_ms.fetch_max(last.0, Ordering::Relaxed);
                }
                Err(error) => {
                    all = false;
                    self.give_up(rows as u64, &format!("{}: {error}", file.display()));
                }
            }
        }
        if all {
            self.health.set_trouble(None);
        }
        self.clean();
    }

    fn columns(&mut self, table: Table, part: &Part) -> Vec<Column> {
        match table {
            Table::Counts => self.counted(part),
            Table::Decisions => self.decided(part),
            Table::States => self.stated(part),
        }
    }

    fn counted(&mut self, part: &Part) -> Vec<Column> {
        let mut rows: Vec<&Counted> = part.counts.iter().collect();
        rows.sort_by_key(|it| (it.ix, it.is_feeder, it.place, it.at));
        let (lane, feeder) = (self.names.of("lane"), self.names.of("feeder"));
        let sites = self.sites();
        vec![
            Column::Long(rows.iter().map(|it| it.at).collect()),
            Column::Text(rows.iter().map(|it| sites[it.ix as usize]).collect()),
            Column::Text(rows.iter().map(|it| it.place).collect()),
            Column::Text(rows.iter().map(|it| if it.is_feeder { feeder } else { lane }).collect()),
            Column::Int(rows.iter().map(|it| it.vehicles).collect()),
            Column::Int(rows.iter().map(|it| it.halted).collect()),
            Column::Int(rows.iter().map(|it| it.passed).collect()),
            Column::Real(rows.iter().map(|it| it.speed).collect()),
        ]
    }

    fn decided(&mut self, part: &Part) -> Vec<Column> {
        let mut rows: Vec<&(u32, Arc<Decision>)> = part.decisions.iter().collect();
        rows.sort_by_key(|(ix, it)| (*ix, it.at));
        let sites = self.sites();
        let network = Arc::clone(&self.network);
        let stage = |ix: u32, stage| network.intersections[ix as usize].stage(stage).id.as_str();
        vec![
            Column::Long(rows.iter().map(|(_, it)| it.at.0).collect()),
            Column::Text(rows.iter().map(|(ix, _)| sites[*ix as usize]).collect()),
            Column::Text(rows.iter().map(|(_, it)| self.names.of(&name(it.mode))).collect()),
            Column::Text(rows.iter().map(|(ix, it)| self.names.of(stage(*ix, it.chosen))).collect()),
            Column::MaybeText(
                rows.iter().map(|(ix, it)| it.runner_up.map(|other| self.names.of(stage(*ix, other)))).collect(),
            ),
            Column::Real(rows.iter().map(|(_, it)| Some(tenths(it.cost.values().sum::<f64>()))).collect()),
            Column::Int(rows.iter().map(|(_, it)| i32::try_from(it.labels).unwrap_or(i32::MAX)).collect()),
        ]
    }

    fn stated(&mut self, part: &Part) -> Vec<Column> {
        let mut rows: Vec<&(u32, Arc<StateReport>)> = part.states.iter().collect();
        rows.sort_by_key(|(ix, it)| (*ix, it.shown.at));
        let sites = self.sites();
        let network = Arc::clone(&self.network);
        let stage = |ix: u32, stage| network.intersections[ix as usize].stage(stage).id.as_str();
        vec![
            Column::Long(rows.iter().map(|(_, it)| it.shown.at.0).collect()),
            Column::Text(rows.iter().map(|(ix, _)| sites[*ix as usize]).collect()),
            Column::Text(rows.iter().map(|(_, it)| self.names.of(&name(it.mode))).collect()),
            Column::MaybeText(
                rows.iter().map(|(ix, it)| it.shown.stage.map(|shown| self.names.of(stage(*ix, shown)))).collect(),
            ),
            Column::Text(rows.iter().map(|(_, it)| self.names.of(&lamps_to_string(&it.shown.lamps()))).collect()),
            Column::MaybeText(rows.iter().map(|(_, it)| it.refused.as_ref().map(|why| self.names.of(why))).collect()),
        ]
    }

    /// The number of the name of each intersection.
    fn sites(&mut self) -> Vec<u32> {
        self.network.intersections.iter().map(|it| self.names.of(it.id.as_str())).collect()
    }

    fn write_events(&mut self) {
        let missed = self.missed.swap(0, Ordering::Relaxed);
        if missed > 0 {
            let detail = format!("{missed} moments or events were not kept");
            self.events.push(Event::new(EventKind::Gap, self.latest.max(Timestamp(0)), detail));
        }
        if self.events.is_empty() {
            return;
        }
        let mut events = std::mem::take(&mut self.events);
        let written = self.journal().and_then(|journal| journal.append(&events));
        // What was said while it was opened is written in the next round.
        if let Err(error) = written {
            events.append(&mut self.events);
            (self.journal, self.events) = (None, events);
            let too_many = self.events.len().saturating_sub(EVENTS_MAX);
            self.events.drain(..too_many);
            self.give_up(too_many as u64, &format!("events: {error}"));
        }
    }

    fn journal(&mut self) -> rusqlite::Result<&mut Journal> {
        if self.journal.is_none() {
            // A folder that cannot be made shows in the next line.
            let _ = fs::create_dir_all(&self.folder);
            let (journal, aside) = Journal::open(&self.folder, crate::service::now())?;
            if let Some(aside) = aside {
                let told = format!("the events were damaged; what was there is now {}", aside.display());
                tracing::error!(told, "history");
                self.events.push(Event::new(EventKind::Gap, self.latest.max(Timestamp(0)), told));
            }
            self.journal = Some(journal);
        }
        Ok(self.journal.as_mut().expect("it was opened above"))
    }

    /// So many are lost; said once until something is written again.
    fn give_up(&mut self, lost: u64, why: &str) {
        self.missed.fetch_add(lost, Ordering::Relaxed);
        self.health.missed.fetch_add(lost, Ordering::Relaxed);
        if self.health.trouble().is_none() {
            tracing::error!(folder = %self.folder.display(), why, "the history cannot be written; control goes on without it");
        }
        self.health.set_trouble(Some(why.to_owned()));
    }

    /// What is too old or too much goes.
    fn clean(&mut self) {
        let now = if self.latest.0 == i64::MIN { crate::service::now() } else { self.latest };
        let cleaned = fs::create_dir_all(&self.folder).and_then(|()| keep::clean(&self.folder, self.keep, now));
        match cleaned {
            Ok(kept) => {
                self.health.bytes.store(kept.bytes, Ordering::Relaxed);
                let first = kept.first.map_or(i64::MAX, |it| it.0);
                self.health.from_ms.store(first, Ordering::Relaxed);
            }
            Err(error) => self.give_up(0, &format!("{}: {error}", self.folder.display())),
        }
        if self.latest.0 != i64::MIN
            && let Some(journal) = &mut self.journal
            && let Err(error) = journal.forget(now - self.keep.age)
        {
            self.give_up(0, &format!("events: {error}"));
        }
    }
}

/// To a tenth, so that a dictionary holds it.
fn tenths(value: f64) -> f32 {
    ((value * 10.0).round() / 10.0) as f32
}

/// The disk's word for a reader.
pub(super) fn told(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}
