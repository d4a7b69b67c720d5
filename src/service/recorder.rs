//! The recording of an engine at a broker: what each controller hears and says, in its order, in segments, never in the way of control.
//!
//! ```text
//! worker ──tap──> round ──offer──> bounded queue ─> thread ─> FOLDER/events-NNNNNN.jsonl
//! ```
//!
//! In: what a worker tells its controller, and what the controller answers; one round a decision. A worker never waits. A round that
//! finds the queue full, or that the disk does not take, is not there: then the worker is asked for a copy of its controller before its next
//! round, and that stands in the recording behind the gap, so that the intersection can be driven again from there. A copy of each is
//! asked for at the beginning of every segment too, so that old segments may go.
//!
//! What is handed to the disk is whole lines, once a second; `kill -9` loses a second or two. Words of neighbours are written once, by whom
//! they are of or by the first who heard them, and named by the others.

use super::scribe::Scribe;
use super::segments::{Place, Segments};
use crate::controller::{Controller, Input, Output};
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::record::Header;
use crate::time::Timestamp;
use crate::wire::{Message, Rejection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Rounds that may wait for the disk: four seconds of 5,000 intersections.
const QUEUE: usize = 20_000;
/// Lines are handed to the disk this often.
const EVERY: Duration = Duration::from_secs(1);
/// A disk that did not take something is tried again after this.
const AGAIN: Duration = Duration::from_secs(5);

/// What one controller heard, up to a decision, and what it said.
struct Heard {
    ix: usize,
    /// What it knew before, where that was asked for.
    knew: Option<Box<Controller>>,
    /// Rounds before this one that found no room.
    lost: u64,
    /// In its order, each with its instant.
    inputs: Vec<(Timestamp, Told)>,
    said: Vec<Message>,
}

/// What a controller is told.
enum Told {
    Input(Input),
    Author(u64),
}

/// The way to the recording; shared by reference.
#[derive(Debug)]
pub struct Recorder {
    scribe: Scribe<Heard>,
    wanted: Arc<Wanted>,
    missed: Arc<AtomicU64>,
}

/// Of which intersections a copy of the controller is wanted, in the order of the network.
#[derive(Debug)]
struct Wanted(Vec<AtomicBool>);

impl Wanted {
    fn ask(&self, ix: usize) {
        self.0[ix].store(true, Ordering::Relaxed);
    }

    fn ask_all(&self) {
        self.0.iter().for_each(|it| it.store(true, Ordering::Relaxed));
    }
}

impl Recorder {
    /// Begins to write. A folder that cannot be written is told, and tried again.
    pub fn start(place: &Place, network: &Arc<Network>, header: Header) -> Self {
        let count = network.intersections.len();
        let wanted = Arc::new(Wanted((0..count).map(|_| AtomicBool::new(false)).collect()));
        let missed = Arc::<AtomicU64>::default();
        let mut writer = Writer {
            segments: Segments::behind(place, Arc::clone(network), header),
            network: Arc::clone(network),
            wanted: Arc::clone(&wanted),
            missed: Arc::clone(&missed),
            sites: (0..count).map(|_| Site { is_whole: true, ..Site::default() }).collect(),
            latest: Timestamp(0),
            broken: None,
        };
        let scribe = Scribe::start("recorder", QUEUE, move |rounds| writer.run(rounds));
        Self { scribe, wanted, missed }
    }

    /// Rounds that are not in the recording.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// Write what waits, and end. May take as long as the disk.
    pub fn stop(&self) {
        self.scribe.stop();
    }
}

/// Where a worker tells what its controller hears and says.
#[derive(Default)]
pub struct Tap {
    recorder: Option<Arc<Recorder>>,
    ix: usize,
    open: Option<Heard>,
    lost: u64,
}

impl Tap {
    /// Of the intersection at a position; to nobody without a recorder.
    pub fn new(recorder: Option<Arc<Recorder>>, ix: usize) -> Self {
        Self { recorder, ix, open: None, lost: 0 }
    }

    /// The controller is about to be told something.
    pub fn hear(&mut self, controller: &Controller, input: &Input, at: Timestamp) {
        if let Some(round) = self.round(controller) {
            round.inputs.push((at, Told::Input(input.clone())));
        }
    }

    /// Its plans are about to be of another author.
    pub fn author(&mut self, controller: &Controller, epoch: u64, at: Timestamp) {
        if let Some(round) = self.round(controller) {
            round.inputs.push((at, Told::Author(epoch)));
        }
    }

    /// It has decided.
    pub fn said(&mut self, outputs: &[Output]) {
        let (Some(recorder), Some(mut round)) = (&self.recorder, self.open.take()) else { return };
        round.said = outputs.iter().filter_map(said).collect();
        if !recorder.scribe.offer(round) {
            self.lost += 1;
            recorder.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn round(&mut self, controller: &Controller) -> Option<&mut Heard> {
        let recorder = self.recorder.as_ref()?;
        Some(self.open.get_or_insert_with(|| {
            let (ix, lost) = (self.ix, std::mem::take(&mut self.lost));
            let is_wanted = recorder.wanted.0[ix].swap(false, Ordering::Relaxed) || lost > 0;
            let knew = is_wanted.then(|| Box::new(controller.clone()));
            Heard { ix, knew, lost, inputs: Vec::new(), said: Vec::new() }
        }))
    }
}

/// What of an answer is held against another one later.
fn said(output: &Output) -> Option<Message> {
    Some(match output {
        Output::Decision(it) => Message::Decision(it.clone()),
        Output::Publish(it) => Message::Plan(it.clone()),
        Output::Outflow(it) => Message::Outflow(it.clone()),
        _ => return None,
    })
}

/// What is written of one intersection.
#[derive(Default)]
struct Site {
    /// Whether its lines can be driven again without a state.
    is_whole: bool,
    /// Rounds that were not written.
    lost: u64,
    /// Of which instant its last word was that is written.
    word: Option<Timestamp>,
}

/// The thread.
struct Writer {
    segments: Segments,
    network: Arc<Network>,
    wanted: Arc<Wanted>,
    missed: Arc<AtomicU64>,
    sites: Vec<Site>,
    latest: Timestamp,
    /// Since when the disk takes nothing.
    broken: Option<Instant>,
}

impl Writer {
    fn run(&mut self, rounds: &Receiver<Heard>) {
        let mut due = Instant::now() + EVERY;
        loop {
            match rounds.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(round) => self.take(&round),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= due {
                self.hand_on();
                due = Instant::now() + EVERY;
            }
        }
        self.segments.writer().end(self.latest);
        let written = self.segments.write();
        self.look(written);
    }

    fn take(&mut self, round: &Heard) {
        let (ix, at) = (round.ix, round.inputs.first().map_or(self.latest, |(at, _)| *at));
        self.latest = self.latest.max(at);
        let site = &mut self.sites[ix];
        site.lost += round.lost;
        site.is_whole &= round.lost == 0;
        if self.broken.is_some() || (!site.is_whole && round.knew.is_none()) {
            site.lost += 1;
            self.missed.fetch_add(1, Ordering::Relaxed);
            if self.broken.is_none() {
                self.wanted.ask(ix);
            }
            return;
        }
        let id = self.network.intersections[ix].id.clone();
        if let Err(rejection) = self.lines(&id, at, round) {
            tracing::error!(intersection = %id, %rejection, "a round cannot be recorded");
            let site = &mut self.sites[ix];
            (site.is_whole, site.lost) = (false, site.lost + 1);
            self.missed.fetch_add(1, Ordering::Relaxed);
            self.wanted.ask(ix);
        }
        let written = self.segments.write_much();
        self.look(written);
    }

    fn lines(&mut self, id: &IntersectionId, at: Timestamp, round: &Heard) -> Result<(), Rejection> {
        let writer = self.segments.writer();
        if let Some(controller) = &round.knew {
            let site = &mut self.sites[round.ix];
            if !site.is_whole {
                writer.gap(at, id, site.lost.max(1));
                (site.is_whole, site.lost) = (true, 0);
            }
            writer.state(at, id, controller);
        }
        let mut scene = None;
        for (at, told) in &round.inputs {
            match told {
                Told::Author(epoch) => writer.author(*at, id, *epoch),
                Told::Input(Input::Scene(it)) => scene = Some(*it),
                Told::Input(Input::Outflow(said)) => {
                    let from = self.network.position(said.intersection.as_str()).map(|from| &mut self.sites[from]);
                    if let Some(from) = from.filter(|from| from.word != Some(said.at)) {
                        writer.message(said.at, &Message::Outflow(said.clone()))?;
                        from.word = Some(said.at);
                    }
                    writer.input(*at, id, &Input::Outflow(said.clone()), None)?;
                }
                Told::Input(input) => writer.input(*at, id, input, scene.take())?,
            }
        }
        let decided = round.inputs.last().map_or(at, |(at, _)| *at);
        for message in &round.said {
            if let Message::Outflow(said) = message {
                self.sites[round.ix].word = Some(said.at);
            }
            writer.message(decided, message)?;
        }
        Ok(())
    }

    /// Once a second: to the disk, and to the next segment when it is time.
    fn hand_on(&mut self) {
        if self.broken.is_some_and(|since| since.elapsed() < AGAIN) {
            return;
        }
        if self.broken.take().is_some() {
            let begun = self.segments.begin_next(self.latest);
            if self.look(begun) {
                tracing::info!("the recording goes on, behind a gap");
                self.wanted.ask_all();
            }
            return;
        }
        let written = self.segments.write().and_then(|()| self.segments.turn_over(self.latest));
        if let Ok(true) = written {
            self.wanted.ask_all();
        }
        self.look(written.map(drop));
    }

    /// Whether the disk took it. If not, nothing that is written from now on can be driven again before there are states.
    fn look(&mut self, written: std::io::Result<()>) -> bool {
        let Err(error) = written else { return true };
        if self.broken.is_none() {
            tracing::error!(%error, "the recording cannot be written; control goes on without it");
        }
        self.broken = Some(Instant::now());
        for site in &mut self.sites {
            *site = Site { lost: site.lost, ..Site::default() };
        }
        false
    }
}
