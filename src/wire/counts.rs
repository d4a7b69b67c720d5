//! `…/counts`: what the detectors of one intersection saw, all lanes in one message, once a second.
//!
//! One entry a lane and one a feeder, told apart by the lane id. A lane without an entry was not heard. Loop sites may send
//! single passages instead of, or beside, zone counts.
//!
//! Limits: a count is at most what stands on the zone bumper to bumper ([`SPACING_MIN_M`]) plus a few, passages at most two
//! a second and lane plus a few. Beyond that the number is a fault or an attack, and the message is turned away.

use super::number::{Whole, measured, written};
use super::{Reason, Rejection, VERSION};
use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::ids::{DetectorId, FeederIx, IntersectionId, LaneId, LaneIx};
use crate::network::Intersection;
use crate::time::{Millis, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Least road that a vehicle takes (a motorcycle in a dense queue) \[m\]; bounds what a zone can hold.
const SPACING_MIN_M: f64 = 2.0;
/// Allowance on top of every bound, for vehicles that straddle the ends of a zone.
const COUNT_SLACK: i64 = 4;
/// Longest period of one message.
const PERIOD_MAX: Millis = Millis::from_secs(3600);
/// Fastest mean speed that is believed \[m/s\].
const SPEED_MAX_MPS: f64 = 100.0;

/// Payload of `…/counts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "counts")]
pub struct CountsMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// End of the period \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// Number of the message, growing within one run of the source.
    #[schemars(range(min = 0))]
    pub seq: Whole,
    /// Length of the period \[ms\], 1…3 600 000.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub period_ms: Whole,
    /// One entry a lane or feeder that was heard.
    pub lanes: Vec<LaneCount>,
    /// Single passages of the period, from loop sites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passages: Vec<PassageEvent>,
    /// Reserved: keyed digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// Counts of one lane or feeder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LaneCount {
    /// Lane id.
    pub lane: String,
    /// Vehicles in the zone at the end of the period.
    #[schemars(range(min = 0))]
    pub count: Whole,
    /// Those of them that stand.
    #[schemars(range(min = 0))]
    pub halted: Whole,
    /// Vehicles that passed the stop line since the last message.
    #[schemars(range(min = 0))]
    pub passed: Whole,
    /// Share of the zone's length that is covered by vehicles, 0…1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub occupancy: Option<f64>,
    /// Mean speed of the vehicles in the zone \[m/s\].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub mean_speed_mps: Option<f64>,
}

/// One vehicle over one loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PassageEvent {
    /// Lane id.
    pub lane: String,
    /// Detector id.
    pub detector: String,
    /// When it left the loop \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// Length of the vehicle \[m\].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub length_m: Option<f64>,
    /// Class of the vehicle, at most 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// One vehicle over one loop, with names resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Lane or feeder.
    pub place: CountedPlace,
    /// Which loop.
    pub detector: DetectorId,
    /// When the vehicle left the loop.
    pub at: Timestamp,
    /// Length of the vehicle \[m\].
    pub length_m: Option<f64>,
    /// Class of the vehicle.
    pub class: Option<String>,
}

impl CountsMessage {
    /// The message of an observation.
    pub fn new(observation: &Observation, passages: &[Passage], intersection: &Intersection) -> Self {
        Self {
            v: Whole(VERSION),
            intersection: intersection.id.to_string(),
            ts_ms: observation.at.into(),
            seq: observation.seq.into(),
            period_ms: Whole(observation.period.0),
            lanes: observation.places.iter().map(|place| LaneCount::new(place, intersection)).collect(),
            passages: passages.iter().map(|passage| PassageEvent::new(passage, intersection)).collect(),
            mac: None,
        }
    }

    /// The observation and the single passages, every value checked.
    pub fn into_observation(self, intersection: &Intersection) -> Result<(Observation, Vec<Passage>), Rejection> {
        let period = Millis(self.period_ms.up_to(PERIOD_MAX.0, || "period_ms".into())?);
        if period == Millis::ZERO {
            return Err(Rejection::new(Reason::Inconsistent, "period_ms = 0, allowed 1…3600000"));
        }
        let mut places: Vec<PlaceCount> = Vec::with_capacity(self.lanes.len());
        let mut seen = vec![false; intersection.lanes.len() + intersection.feeders.len()];
        for (position, entry) in self.lanes.iter().enumerate() {
            let place = find(&entry.lane, position, intersection)?;
            let index = match place {
                CountedPlace::Lane(lane) => lane.0,
                CountedPlace::Feeder(feeder) => intersection.lanes.len() + feeder.0,
            };
            if std::mem::replace(&mut seen[index], true) {
                return Err(Rejection::new(Reason::DuplicateLane, format!("lanes[{position}] = {} again", entry.lane)));
            }
            places.push(entry.checked(position, place, period, intersection)?);
        }
        let passages = self
            .passages
            .into_iter()
            .enumerate()
            .map(|(position, event)| event.checked(position, intersection))
            .collect::<Result<_, _>>()?;
        let at = self.ts_ms.instant(|| "ts_ms".into())?;
        Ok((Observation { at, seq: self.seq.exact("seq")?, period, places }, passages))
    }
}

impl LaneCount {
    fn new(place: &PlaceCount, intersection: &Intersection) -> Self {
        Self {
            lane: name(place.place, intersection).to_string(),
            count: place.count.into(),
            halted: place.halted.into(),
            passed: place.passed.into(),
            occupancy: place.occupancy.map(written),
            mean_speed_mps: place.mean_speed_mps.map(written),
        }
    }

    fn checked(
        &self,
        position: usize,
        place: CountedPlace,
        period: Millis,
        intersection: &Intersection,
    ) -> Result<PlaceCount, Rejection> {
        let field = |name: &'static str| move || format!("lanes[{position}].{name}");
        let zone_m = match place {
            CountedPlace::Lane(lane) => intersection.lanes[lane.0].zone_m,
            CountedPlace::Feeder(feeder) => intersection.feeders[feeder.0].zone_m,
        };
        let count_max = (zone_m / SPACING_MIN_M).ceil() as i64 + COUNT_SLACK;
        let passed_max = (period.0 * 2 + 999) / 1000 + COUNT_SLACK;
        let count = self.count.up_to(count_max, field("count"))?;
        let halted = self.halted.up_to(count_max, field("halted"))?.min(count);
        let passed = self.passed.up_to(passed_max, field("passed"))?;
        let checked = |value: Option<f64>, max, name| value.map(|it| measured(it, max, field(name))).transpose();
        Ok(PlaceCount {
            place,
            count: count as u32,
            halted: halted as u32,
            passed: passed as u32,
            occupancy: checked(self.occupancy, 1.0, "occupancy")?,
            mean_speed_mps: checked(self.mean_speed_mps, SPEED_MAX_MPS, "mean_speed_mps")?,
        })
    }
}

impl PassageEvent {
    fn new(passage: &Passage, intersection: &Intersection) -> Self {
        Self {
            lane: name(passage.place, intersection).to_string(),
            detector: passage.detector.to_string(),
            ts_ms: passage.at.into(),
            length_m: passage.length_m.map(written),
            class: passage.class.clone(),
        }
    }

    fn checked(self, position: usize, intersection: &Intersection) -> Result<Passage, Rejection> {
        let place = find(&self.lane, position, intersection)?;
        let Some(detector) = intersection.detectors.iter().find(|it| it.id.as_str() == self.detector) else {
            let detail = format!("passages[{position}].detector = {}", super::topic::shorten(&self.detector));
            return Err(Rejection::new(Reason::UnknownLane, detail));
        };
        if self.class.as_ref().is_some_and(|class| class.len() > 64) {
            return Err(Rejection::new(Reason::TooBig, format!("passages[{position}].class, allowed 64 bytes")));
        }
        let length = |value| measured(value, 100.0, || format!("passages[{position}].length_m"));
        Ok(Passage {
            place,
            detector: detector.id.clone(),
            at: self.ts_ms.instant(|| format!("passages[{position}].ts_ms"))?,
            length_m: self.length_m.map(length).transpose()?,
            class: self.class,
        })
    }
}

/// The place of a lane id. Senders keep the network's order, so the entry's own position is looked at first.
fn find(lane: &str, position: usize, intersection: &Intersection) -> Result<CountedPlace, Rejection> {
    let (lanes, feeders) = (&intersection.lanes, &intersection.feeders);
    if lanes.get(position).is_some_and(|it| it.id.as_str() == lane) {
        return Ok(CountedPlace::Lane(LaneIx(position)));
    }
    let after_lanes = position.checked_sub(lanes.len());
    if let Some(feeder) = after_lanes.filter(|&it| feeders.get(it).is_some_and(|it| it.id.as_str() == lane)) {
        return Ok(CountedPlace::Feeder(FeederIx(feeder)));
    }
    let lane_ix = lanes.iter().position(|it| it.id.as_str() == lane).map(|it| CountedPlace::Lane(LaneIx(it)));
    let feeder_ix =
        || feeders.iter().position(|it| it.id.as_str() == lane).map(|it| CountedPlace::Feeder(FeederIx(it)));
    lane_ix.or_else(feeder_ix).ok_or_else(|| {
        let detail = format!("lane {} at [{position}] of {}", super::topic::shorten(lane), intersection.id);
        Rejection::new(Reason::UnknownLane, detail)
    })
}

fn name(place: CountedPlace, intersection: &Intersection) -> &LaneId {
    match place {
        CountedPlace::Lane(lane) => &intersection.lanes[lane.0].id,
        CountedPlace::Feeder(feeder) => &intersection.feeders[feeder.0].id,
    }
}

impl super::decode::Payload for CountsMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.ts_ms) }
    }
}

impl CountsMessage {
    pub(super) fn into_message(self, intersection: &Intersection) -> Result<super::Message, Rejection> {
        let id: IntersectionId = intersection.id.clone();
        let (observation, passages) = self.into_observation(intersection)?;
        Ok(super::Message::Counts { intersection: id, observation, passages })
    }
}
