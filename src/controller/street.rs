//! What is known of the traffic: the estimator, who waits where, how much is heard, what neighbours say.
//!
//! A count that is older than the last one, or from the future, is dropped. A lane that is not heard any more is not
//! empty: the estimator ages it into its worst case, and whoever may stand there counts as waiting. So with a lane that is heard and
//! not believed (`estimate::health`): its profile takes the place of its counts.

use super::Known;
use super::Settings;
use super::mode::Health;
use crate::estimate;
use crate::estimate::health::{Around, Fault, Inspector};
use crate::estimate::{
    CountedPlace, Estimator, Forecast, Learned, LinkOutflow, Load, Observation, Outflow, PlaceCount, STEP_S,
};
use crate::ids::{IntersectionId, LaneIx, LinkId};
use crate::network::{Approach, Intersection, Link, Problems};
use crate::plan::Shown;
use crate::plan::waiting::{Presence, Waiting};
use crate::time::{Millis, Timestamp};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Counts may be ahead of the own clock by this much.
const SKEW: Millis = Millis::from_secs(2);

/// The traffic of one intersection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Street {
    #[serde(skip, default = "Intersection::nowhere")]
    intersection: Arc<Intersection>,
    estimator: Estimator,
    inspector: Inspector,
    waiting: Waiting,
    /// Last count of each lane, with its instant.
    lanes: Vec<Option<(Timestamp, PlaceCount)>>,
    last_counts: Option<Timestamp>,
    /// How much is heard, and how much of it is believed as well.
    heard_of: Health,
    health: Health,
    /// Newest word of each neighbour that has not reached the estimator.
    pending: BTreeMap<IntersectionId, Outflow>,
    /// Newest word of each neighbour that has.
    heard: BTreeMap<IntersectionId, Outflow>,
    /// Where vehicles really are, when somebody tells it.
    known: Option<Known>,
}

impl Street {
    /// A street on which nothing was seen.
    pub(super) fn new(intersection: &Arc<Intersection>, links: &[Link], settings: &estimate::Settings) -> Self {
        let own: Vec<Link> =
            links.iter().filter(|link| link.from == intersection.id || link.to == intersection.id).cloned().collect();
        Self {
            estimator: Estimator::new(Arc::clone(intersection), &own, settings),
            inspector: Inspector::new(intersection),
            waiting: Waiting::nobody(intersection),
            lanes: vec![None; intersection.lanes.len()],
            last_counts: None,
            heard_of: Health::Blind,
            health: Health::Blind,
            pending: BTreeMap::new(),
            heard: BTreeMap::new(),
            known: None,
            intersection: Arc::clone(intersection),
        }
    }

    /// How many lanes it has.
    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Whose street it is, of one that was read back.
    pub(super) fn stands_at(&mut self, intersection: &Arc<Intersection>) {
        self.intersection = Arc::clone(intersection);
        self.estimator.stands_at(intersection);
    }

    /// What was learned so far.
    pub(super) fn learned(&self) -> Learned {
        self.estimator.learned()
    }

    /// When it was counted last; `None` before anything was.
    pub(super) fn last_counts(&self) -> Option<Timestamp> {
        self.last_counts
    }

    /// Begin with what was learned before an absence.
    pub(super) fn resume(&mut self, learned: &Learned, absence: Millis) -> Result<(), Problems> {
        self.estimator.resume(learned, absence)
    }

    /// Counts came.
    pub(super) fn observe(&mut self, seen: &Observation, shown: Option<&Shown>, at: Timestamp) {
        if self.last_counts.is_some_and(|last| seen.at <= last) || seen.at > at + SKEW {
            return;
        }
        self.last_counts = Some(seen.at);
        for place in &seen.places {
            if let CountedPlace::Lane(LaneIx(lane)) = place.place
                && let Some(entry) = self.lanes.get_mut(lane)
            {
                *entry = Some((seen.at, place.clone()));
            }
        }
        if let Some(shown) = shown {
            let around = Around { room: self.estimator.rooms(seen.at), announced: self.announced() };
            let believed = self.inspector.inspect(&self.intersection, seen, shown, &around);
            self.estimator.observe(&believed, shown);
        }
    }

    /// Flow that neighbours have announced for each approach, by their newest word \[veh/s\]. Shape `[approach]`.
    fn announced(&self) -> Vec<Option<f64>> {
        let links = || self.heard.values().flat_map(|outflow| &outflow.links);
        let flow = |link: &LinkOutflow| {
            let span_s = link.step.as_secs_f64() * link.vehicles.len() as f64;
            if span_s > 0.0 { link.vehicles.iter().sum::<f64>() / span_s } else { 0.0 }
        };
        let of = |approach: &Approach| links().find(|link| link.link == approach.id).map(flow);
        self.intersection.approaches.iter().map(of).collect()
    }

    /// Somebody who sees every vehicle tells where they are.
    pub(super) fn know(&mut self, known: Known) {
        self.known = Some(known);
    }

    /// A neighbour spoke; the newest word counts.
    pub(super) fn hear(&mut self, outflow: Outflow) {
        let newest = self.pending.get(&outflow.intersection).is_none_or(|last| last.at < outflow.at);
        if newest {
            let before = self.pending.insert(outflow.intersection.clone(), outflow);
            if let Some(before) = before {
                self.take_in(before);
            }
        }
    }

    fn take_in(&mut self, outflow: Outflow) {
        self.estimator.hear(&outflow);
        self.heard.insert(outflow.intersection.clone(), outflow);
    }

    /// Time goes on to a decision.
    pub(super) fn advance(&mut self, shown: &Shown, at: Timestamp, settings: &Settings) {
        let due: Vec<IntersectionId> =
            self.pending.iter().filter(|(_, outflow)| outflow.at < at).map(|(id, _)| id.clone()).collect();
        for id in due {
            if let Some(outflow) = self.pending.remove(&id) {
                self.take_in(outflow);
            }
        }
        self.estimator.age(at);
        self.heard_of = self.judge_health(at, settings);
        self.health = self.believed(self.heard_of);
        let seen = LaneIx::all(self.lanes.len()).zip(&self.lanes);
        let lanes: Vec<Presence> = seen
            .map(|(ix, lane)| {
                let lane = lane.as_ref().filter(|_| self.inspector.trusts(ix));
                match presence(lane, at, settings.counts_patience) {
                    Presence::Nobody if self.intersection.has_loops_only(ix) => Presence::Unknown,
                    presence => presence,
                }
            })
            .collect();
        let intersection = Arc::clone(&self.intersection);
        self.waiting.update(&intersection, shown, &lanes, at);
    }

    /// How much is heard and believed, as of the last decision.
    pub(super) fn health(&self) -> Health {
        self.health
    }

    /// How much is heard, whether it is believed or not.
    pub(super) fn heard_of(&self) -> Health {
        self.heard_of
    }

    /// Whether a lane was not heard for longer than a patience.
    pub(super) fn is_silent(&self, lane: usize, at: Timestamp, patience: Millis) -> bool {
        self.lanes[lane].as_ref().is_none_or(|(heard, _)| at - *heard > patience)
    }

    /// What is wrong with the detectors of each lane. Shape `[lane]`.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = Option<Fault>> + '_ {
        self.inspector.verdicts()
    }

    /// Lanes that are heard and not believed are as good as not heard; more than a quarter of them, and who lies so much may lie
    /// with the others as well: the programme. Of silent ones the blind patience decides.
    fn believed(&self, heard: Health) -> Health {
        let distrusted = self.inspector.verdicts().flatten().count();
        let lying = self.inspector.verdicts().flatten().filter(|&fault| fault != Fault::Silent).count();
        match heard {
            Health::Healthy | Health::Partial if 4 * lying > self.lanes.len() => Health::Distrusted,
            Health::Healthy if distrusted > 0 => Health::Partial,
            heard => heard,
        }
    }

    /// Since when somebody waits at each group.
    pub(super) fn waiting(&self) -> &[Option<Timestamp>] {
        self.waiting.since()
    }

    /// State and expected arrivals.
    pub(super) fn forecast(&self, at: Timestamp, steps: usize) -> Forecast {
        let forecast = self.estimator.forecast(at, steps);
        match &self.known {
            Some(known) => known.instead(forecast, &self.intersection),
            None => forecast,
        }
    }

    /// Queue on the road behind each exit, where a neighbour has told \[veh\].
    pub(super) fn queued_behind_exits(&self) -> Vec<f64> {
        let entries = || self.heard.values().flat_map(|outflow| &outflow.entries);
        let queued = |exit: &crate::network::Exit| entries().find(|entry| entry.approach == exit.link);
        self.intersection.exits.iter().map(|exit| queued(exit).map_or(0.0, |entry| entry.queued)).collect()
    }

    /// Releases per lane and step, shape `[lane][step]`, as releases per outgoing road and bin.
    pub(super) fn by_link(&self, releases: &Array2<f64>) -> Vec<LinkOutflow> {
        let steps_a_bin = (Outflow::STEP.as_secs_f64() / STEP_S).round().max(1.0) as usize;
        let bins = releases.ncols().div_ceil(steps_a_bin);
        let mut links: BTreeMap<LinkId, Vec<f64>> = BTreeMap::new();
        for lane in self.intersection.lane_ixs() {
            for (link, share) in self.estimator.exits_of(lane) {
                let vehicles = links.entry(link).or_insert_with(|| vec![0.0; bins]);
                for (step, released) in releases.row(lane.0).iter().enumerate() {
                    vehicles[step / steps_a_bin] += released * share;
                }
            }
        }
        links.into_iter().map(|(link, vehicles)| LinkOutflow { link, step: Outflow::STEP, vehicles }).collect()
    }

    /// What the neighbours are told; nothing before anything was counted.
    ///
    /// `moves_in` is the time until each lane's queue begins to move, as far as that was worked out.
    pub(super) fn outflow(&self, links: &[LinkOutflow], moves_in: &[Millis], at: Timestamp) -> Option<Outflow> {
        self.last_counts?;
        let (intersection, links) = (self.intersection.id.clone(), links.to_vec());
        let mut entries = self.estimator.entries();
        for (entry, approach) in entries.iter_mut().zip(&self.intersection.approaches) {
            entry.moves_in = approach.lanes.iter().filter_map(|lane| moves_in.get(lane.0).copied()).max();
        }
        Some(Outflow { intersection, at, links, entries }.rounded())
    }

    /// How heavily it is loaded.
    pub(super) fn load(&self, at: Timestamp) -> Load {
        self.estimator.load(at)
    }

    /// Everything that a decision depends on, as bytes for the hash of the inputs.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        let mut bytes = format!("{:?}", self.waiting).into_bytes();
        let distrusted = LaneIx::all(self.lanes.len()).zip(self.inspector.verdicts());
        let distrusted = distrusted.filter_map(|(lane, verdict)| Some((lane, verdict?)));
        distrusted.for_each(|verdict| bytes.extend(format!("{verdict:?}").into_bytes()));
        // Bits, not text: printing floats would cost more than the decision that they lead to.
        for lane in &self.lanes {
            let Some((heard, count)) = lane else {
                bytes.push(0);
                continue;
            };
            bytes.push(1);
            bytes.extend(heard.0.to_le_bytes());
            bytes.extend([count.count, count.halted, count.passed].into_iter().flat_map(u32::to_le_bytes));
            // (a share and a speed are no NaN: the wire refuses it)
            let shares = [count.occupancy, count.mean_speed_mps].map(|share| share.unwrap_or(f64::NAN).to_bits());
            bytes.extend(shares.into_iter().flat_map(u64::to_le_bytes));
        }
        for outflow in self.heard.values() {
            bytes.extend(outflow.at.0.to_le_bytes());
            let releases = outflow.links.iter().flat_map(|link| link.vehicles.iter().copied());
            let entries = outflow.entries.iter().flat_map(|entry| [entry.vehicles, entry.queued, entry.storage]);
            releases.chain(entries).for_each(|number| bytes.extend(number.to_bits().to_le_bytes()));
            let moves = outflow.entries.iter().map(|entry| entry.moves_in.map_or(-1, |time| time.0));
            moves.for_each(|number| bytes.extend(number.to_le_bytes()));
            let entered = outflow.entries.iter().filter_map(|entry| entry.entered);
            entered.for_each(|entered| bytes.extend(entered.total.to_le_bytes()));
        }
        bytes
    }

    fn judge_health(&self, at: Timestamp, settings: &Settings) -> Health {
        let age = |lane: &Option<(Timestamp, PlaceCount)>| lane.as_ref().map(|(heard, _)| at - *heard);
        let ages: Vec<Option<Millis>> = self.lanes.iter().map(age).collect();
        let within = |age: &Option<Millis>, patience: Millis| age.is_some_and(|age| age <= patience);
        if ages.iter().all(|age| within(age, settings.counts_patience)) && !ages.is_empty() {
            Health::Healthy
        } else if ages.iter().any(|age| within(age, settings.blind_patience)) {
            Health::Partial
        } else {
            Health::Blind
        }
    }
}

fn presence(lane: Option<&(Timestamp, PlaceCount)>, at: Timestamp, patience: Millis) -> Presence {
    match lane {
        Some((heard, count)) if at - *heard <= patience => match (count.count, count.halted) {
            (0, 0) => Presence::Nobody,
            (_, 0) => Presence::Moving,
            _ => Presence::Standing,
        },
        _ => Presence::Unknown,
    }
}
