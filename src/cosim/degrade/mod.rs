//! What may be wrong, or better than on a street, between the detectors and the engine: the one place for ablations.
//!
//! ```text
//! street ─> heard ─> [loops] ─> [dead] ─> [noise] ─> [latency] ─> bus ─> engine
//!              └───> field controllers and the monitor: they stand at the street and get what it says
//! ```
//!
//! In: [`Degrade`], written as `noise=0.2,latency=2,…`, and a seed. Out: what the engine hears in place of the truth; the same
//! seed gives the same faults. Everything drawn is a hash of (seed, place, second).
//!
//! | word | what it does |
//! |---|---|
//! | `noise=X` | count, halted and passed of each place and second are multiplied by 1 + e, e even in −X…X, and rounded at random so that the mean stays |
//! | `latency=S` | everything is heard S seconds later, with its true time stamp |
//! | `dead=X` | this share of the places (rounded up) is never heard |
//! | `loops` | stop-bar loop and a loop at the upstream end of each lane's zone in place of zones; no feeders ([`loops`]) |
//! | `no-neighbours` | intersections do not hear each other |
//! | `known` | the engine is told where the vehicles are that are within the range ([`known`]); not a thing of a street |
//!
//! Weakness: noise is drawn anew every second, which is harsher than a camera that is wrong in the same way for minutes.

pub mod known;
pub mod loops;

use super::street::Heard;
use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::network::Network;
use crate::plan::StateReport;
use crate::time::{Millis, Timestamp};
use loops::LoopCounts;
use simulator::random::{Stream, unit};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What is wrong. [`Degrade::default`] is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Degrade {
    /// Largest relative error of a count, 0…1.
    pub noise: f64,
    /// How late counts are \[s\], 0…10.
    pub latency_s: u32,
    /// Share of the places that are never heard, 0…1.
    pub dead: f64,
    /// Loops in place of zones.
    pub loops: bool,
    /// Intersections do not hear each other.
    pub no_neighbours: bool,
    /// The engine is told where vehicles are.
    pub known: bool,
}

impl Degrade {
    /// Whether the engine hears a street as it is.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Degrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.noise > 0.0).then(|| format!("noise={}", self.noise)),
            (self.latency_s > 0).then(|| format!("latency={}", self.latency_s)),
            (self.dead > 0.0).then(|| format!("dead={}", self.dead)),
            self.loops.then(|| "loops".to_owned()),
            self.no_neighbours.then(|| "no-neighbours".to_owned()),
            self.known.then(|| "known".to_owned()),
        ];
        f.write_str(&words.into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Degrade {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut degrade = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match key {
                "noise" => degrade.noise = number(key, value, 1.0)?,
                "dead" => degrade.dead = number(key, value, 1.0)?,
                "latency" => {
                    let secs = number(key, value, 10.0)?;
                    if secs.fract() != 0.0 {
                        return Err(format!("latency: {value}; allowed are whole seconds"));
                    }
                    degrade.latency_s = secs as u32;
                }
                "loops" if value.is_empty() => degrade.loops = true,
                "no-neighbours" if value.is_empty() => degrade.no_neighbours = true,
                "known" if value.is_empty() => degrade.known = true,
                _ => {
                    let allowed = "noise=0…1, latency=0…10, dead=0…1, loops, no-neighbours, known";
                    return Err(format!("`{word}`; allowed are {allowed}, with commas between them"));
                }
            }
        }
        Ok(degrade)
    }
}

fn number(key: &str, value: &str, most: f64) -> Result<f64, String> {
    value
        .parse()
        .ok()
        .filter(|number: &f64| (0.0..=most).contains(number))
        .ok_or_else(|| format!("{key}: `{value}`; allowed are 0…{most}"))
}

/// The stage between a street and a bus.
#[derive(Debug)]
pub struct Degrader {
    settings: Degrade,
    seed: u64,
    /// Places of each intersection that are never heard.
    dead: Vec<BTreeSet<CountedPlace>>,
    loops: Option<LoopCounts>,
    under_way: VecDeque<Heard>,
    /// Messages that came out so far.
    sent: u64,
}

impl Degrader {
    /// The stage of one run.
    pub fn new(settings: Degrade, network: &Arc<Network>, seed: u64) -> Self {
        Self {
            seed,
            dead: dead(network, settings.dead, seed),
            loops: settings.loops.then(|| LoopCounts::new(Arc::clone(network))),
            under_way: VecDeque::new(),
            sent: 0,
            settings,
        }
    }

    /// What the engine hears in the second that ends at `at`.
    pub fn hear(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard) -> Heard {
        let mut heard = heard.clone();
        if let Some(loops) = &mut self.loops {
            loops.balance(&mut heard.counts, states, at);
        }
        for (ix, seen) in heard.counts.iter_mut().enumerate() {
            self.spoil(ix, seen);
            if self.settings.known {
                // Who is on a feeder is known by lane already.
                seen.places.retain(|place| matches!(place.place, CountedPlace::Lane(_)));
            }
        }
        self.later(at, heard)
    }

    fn spoil(&self, ix: usize, seen: &mut Observation) {
        seen.places.retain(|place| !self.dead[ix].contains(&place.place));
        if self.settings.noise > 0.0 {
            let when = (seen.at.0 / 1000).unsigned_abs();
            for place in &mut seen.places {
                blur(place, self.settings.noise, Stream::new(self.seed ^ when << 20, place_number(ix, place.place)));
            }
        }
    }

    /// Keep what is heard under way; nothing comes out in the first seconds.
    fn later(&mut self, at: Timestamp, heard: Heard) -> Heard {
        if self.settings.latency_s == 0 {
            return heard;
        }
        let silent = |seen: &Observation| Observation { places: Vec::new(), at: at - LONG_AGO, ..seen.clone() };
        let nothing = Heard { counts: heard.counts.iter().map(silent).collect(), ..Heard::default() };
        self.under_way.push_back(heard);
        let is_due = self.under_way.len() > self.settings.latency_s as usize;
        let mut out = is_due.then(|| self.under_way.pop_front()).flatten().unwrap_or(nothing);
        // Numbered as they come out, or the first ones would be taken for repeated.
        self.sent += 1;
        for seen in &mut out.counts {
            seen.seq = self.sent;
        }
        out
    }
}

/// Before anything was counted.
const LONG_AGO: Millis = Millis::from_secs(60);

/// A number for a place that no other place has.
fn place_number(ix: usize, place: CountedPlace) -> u64 {
    let (kind, number) = match place {
        CountedPlace::Lane(lane) => (0, lane.0),
        CountedPlace::Feeder(feeder) => (1, feeder.0),
    };
    ((ix as u64) << 24) | (kind << 23) | number as u64
}

/// Multiply by 1 + e and round so that the mean stays.
fn blur(place: &mut PlaceCount, noise: f64, mut lots: Stream) {
    for number in [&mut place.count, &mut place.halted, &mut place.passed] {
        let wanted = f64::from(*number) * (1.0 + noise * (2.0 * lots.unit() - 1.0));
        *number = (wanted + lots.unit()).floor() as u32;
    }
    place.halted = place.halted.min(place.count);
}

/// Which places are dead: the share of all places of the network, rounded up, drawn by seed.
fn dead(network: &Network, share: f64, seed: u64) -> Vec<BTreeSet<CountedPlace>> {
    let mut all: Vec<(f64, usize, CountedPlace)> = Vec::new();
    for (ix, intersection) in network.intersections.iter().enumerate() {
        let places: BTreeSet<CountedPlace> =
            intersection.detectors.iter().map(|detector| detector.place.into()).collect();
        all.extend(places.into_iter().map(|place| (unit(seed, place_number(ix, place), u64::MAX), ix, place)));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut dead = vec![BTreeSet::new(); network.intersections.len()];
    for (_, ix, place) in all.iter().take((share * all.len() as f64).ceil() as usize) {
        dead[*ix].insert(*place);
    }
    dead
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DetectorId, LaneIx};
    use crate::network::{Detector, DetectorPlace, DetectorRole, sample};

    fn network() -> Arc<Network> {
        let mut site = sample::crossroads();
        let detector = |n: usize| Detector {
            id: DetectorId::new(format!("d{n}")),
            role: DetectorRole::Zone,
            place: DetectorPlace::Lane(LaneIx(n)),
            distance_m: 0.0,
            length_m: 60.0,
        };
        site.detectors = (0..8).map(detector).collect();
        Arc::new(Network { city: "c".into(), intersections: vec![site], links: Vec::new() })
    }

    fn heard(second: i64, count: u32) -> Heard {
        let place = |lane| PlaceCount {
            place: CountedPlace::Lane(LaneIx(lane)),
            count,
            halted: count / 2,
            passed: 1,
            occupancy: None,
            mean_speed_mps: None,
        };
        let at = Timestamp::from_secs(second);
        let places = (0..8).map(place).collect();
        let seen = Observation { at, seq: second as u64, period: Millis::from_secs(1), places };
        Heard { counts: vec![seen], ..Heard::default() }
    }

    fn run(words: &str, seed: u64, seconds: i64, count: u32) -> Vec<Heard> {
        let mut degrader = Degrader::new(words.parse().unwrap(), &network(), seed);
        (1..=seconds).map(|second| degrader.hear(Timestamp::from_secs(second), &[], &heard(second, count))).collect()
    }

    #[test]
    fn words_are_read_and_written_the_same_and_wrong_ones_say_what_is_allowed() {
        let text = "noise=0.2,latency=2,dead=0.1,loops,no-neighbours,known";
        assert_eq!(text.parse::<Degrade>().unwrap().to_string(), text);
        assert!("".parse::<Degrade>().unwrap().is_nothing());
        for wrong in ["noise", "noise=2", "latency=0.5", "latency=-1", "dead=x", "loops=1", "fog"] {
            let told = wrong.parse::<Degrade>().unwrap_err();
            assert!(told.contains("allowed are"), "{wrong}: {told}");
        }
    }

    #[test]
    fn nothing_wrong_changes_nothing() {
        assert_eq!(run("", 1, 3, 5), (1..=3).map(|second| heard(second, 5)).collect::<Vec<_>>());
    }

    #[test]
    fn noise_keeps_the_mean_and_its_bound_and_comes_from_the_seed() {
        let counts = |seed| {
            let all = run("noise=0.2", seed, 200, 10);
            let places = all.into_iter().flat_map(|heard| heard.counts[0].places.clone());
            places.map(|place| place.count).collect::<Vec<_>>()
        };
        let one = counts(1);
        let mean = f64::from(one.iter().sum::<u32>()) / one.len() as f64;
        assert!((mean - 10.0).abs() < 0.1 && one.iter().all(|count| (8..=12).contains(count)), "mean {mean}");
        assert!(one.contains(&8) && one.contains(&12));
        assert_eq!(one, counts(1));
        assert_ne!(one, counts(2));
    }

    #[test]
    fn what_is_late_comes_with_its_own_time_and_before_it_there_is_nothing() {
        let late = run("latency=2", 1, 4, 5);
        assert!(late[0].counts[0].places.is_empty() && late[1].counts[0].places.is_empty());
        let told = |heard: &Heard| (heard.counts[0].seq, heard.counts[0].at, heard.counts[0].places.len());
        let at = Timestamp::from_secs;
        assert_eq!([told(&late[2]), told(&late[3])], [(3, at(1), 8), (4, at(2), 8)]);
    }

    #[test]
    fn a_share_of_the_places_is_dead_from_the_begin_to_the_end() {
        let heard = run("dead=0.25", 3, 50, 5);
        let lanes = |heard: &Heard| heard.counts[0].places.iter().map(|place| place.place).collect::<Vec<_>>();
        assert_eq!(lanes(&heard[0]).len(), 6);
        assert!(heard.iter().all(|it| lanes(it) == lanes(&heard[0])));
        assert_ne!(lanes(&heard[0]), lanes(&run("dead=0.25", 4, 1, 5)[0]));
    }
}
