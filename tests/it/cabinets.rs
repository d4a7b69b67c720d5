//! Field controllers of the whole street as a process of their own, with a referee who reads in their log what they show.

use lightwatch::cosim::lockstep::monitor;
use lightwatch::cosim::watch::Judged;
use lightwatch::network::Network;
use simulator::monitor::{Monitor, Violation};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

/// The process; killed when dropped.
pub struct Cabinets {
    process: Child,
    seen: watch::Receiver<Seen>,
}

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Who is in charge at each intersection, and since when.
    pub modes: BTreeMap<String, (String, Option<Instant>)>,
    /// How many there are.
    pub intersections: usize,
    /// Changes of lamps.
    pub lamps: usize,
    /// Times that somebody else was in charge than before.
    pub changes: usize,
    /// What the referee found.
    pub unsafe_lamps: Vec<Violation>,
}

impl Seen {
    /// Whether every intersection obeys plans.
    pub fn all_remote(&self) -> bool {
        self.modes.len() == self.intersections && self.modes.values().all(|(mode, _)| mode == "Remote")
    }

    /// Whether no intersection does.
    pub fn none_remote(&self) -> bool {
        self.modes.len() == self.intersections && self.modes.values().all(|(mode, _)| mode != "Remote")
    }

    /// When the last intersection changed its mode.
    pub fn since(&self) -> Instant {
        self.modes.values().filter_map(|(_, since)| *since).max().expect("there was a change")
    }
}

impl Cabinets {
    /// Switch on those of a network.
    pub fn start(config: &Path, network: &Network) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_lightwatch"))
            .args(["field", "--log-format", "json", "--config"])
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let intersections = network.intersections.len();
        let (sender, seen) = watch::channel(Seen { intersections, ..Seen::default() });
        let mut referee = monitor(network, Judged::Engine);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
                sender.send_modify(|seen| read(&line, &mut referee, seen));
            }
        });
        Self { process, seen }
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Wait until what was seen fits.
    pub async fn until(&self, fits: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.seen.clone();
        let waited = timeout(PATIENCE, seen.wait_for(|it| fits(it))).await.map(|it| it.map(|it| it.clone()));
        waited.unwrap_or_else(|_| panic!("not in time: {:?}", self.seen())).expect("the field controllers run")
    }

    /// Its number at the system.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Cabinets {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(line: &serde_json::Value, referee: &mut Monitor, seen: &mut Seen) {
    let text = |key: &str| line[key].as_str().unwrap_or_default();
    let id = text("intersection");
    match text("message") {
        "lamps" => {
            referee.observe(id, line["at_ms"].as_i64().expect("an instant"), text("lamps"));
            seen.lamps += 1;
            seen.unsafe_lamps = referee.violations().to_vec();
        }
        "mode" => {
            seen.modes.insert(id.to_owned(), (text("to").to_owned(), Some(Instant::now())));
            seen.changes += 1;
        }
        _ => {}
    }
}
