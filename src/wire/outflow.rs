//! `…/outflow`: what one intersection expects to release into each outgoing link, and how full its approaches are.
//!
//! The neighbour downstream reads `links` as arrivals; the neighbour upstream reads `entries` as the room that is left.

use super::number::{Whole, measured, written};
use super::{Reason, Rejection, VERSION};
use crate::estimate::{Entered, EntryRoom, LinkOutflow, Outflow};
use crate::network::{Intersection, Network};
use crate::time::Millis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most vehicles that one step, approach or link is believed to hold.
const VEHICLES_MAX: f64 = 10_000.0;
/// Most steps of a link: ten minutes of 2 s.
const STEPS_MAX: usize = 300;
/// Most vehicles that an approach is believed to have counted: a vehicle a second for thirty years.
const ENTERED_MAX: i64 = 1_000_000_000;
/// Longest time to a move that is believed \[ms\]: beyond any maximum red.
const MOVES_IN_MAX_MS: i64 = 600_000;
/// Farthest place upstream at which vehicles are believed to be counted \[m\].
const REACH_MAX_M: f64 = 10_000.0;

/// Payload of `…/outflow`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "outflow")]
pub struct OutflowMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection that publishes, as in the topic.
    pub intersection: String,
    /// Start of the first step \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// Expected releases, one entry an outgoing link.
    pub links: Vec<LinkMessage>,
    /// How full the own approaches are.
    #[serde(default)]
    pub entries: Vec<EntryMessage>,
    /// Reserved: keyed digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// Vehicles expected to enter one link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkMessage {
    /// Which link (an exit road of the publisher).
    pub link: String,
    /// Length of a step \[ms\], 1…60 000.
    #[schemars(range(min = 1, max = 60_000))]
    pub step_ms: Whole,
    /// Vehicles per step, three decimals; at most 300 steps.
    #[schemars(length(max = 300), inner(range(min = 0.0, max = 10_000.0)))]
    pub vehicles: Vec<f64>,
}

/// How full one approach is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EntryMessage {
    /// Which approach of the publisher.
    pub approach: String,
    /// Vehicles on it, three decimals.
    #[schemars(range(min = 0.0, max = 10_000.0))]
    pub vehicles: f64,
    /// Those that stand.
    #[schemars(range(min = 0.0, max = 10_000.0))]
    pub queued: f64,
    /// Vehicles that fit.
    #[schemars(range(min = 0.0, max = 10_000.0))]
    pub storage: f64,
    /// Until the last of the standing queues begins to move, by the present plan \[ms\]; 0 when nobody stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 600_000))]
    pub moves_in_ms: Option<Whole>,
    /// Vehicles that have come so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<EnteredMessage>,
}

/// Vehicles that have entered what is counted of an approach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnteredMessage {
    /// Vehicles since the publisher started; only grows while it runs.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub total: Whole,
    /// Where they are counted: metres upstream of the stop line, three decimals.
    #[schemars(range(min = 0.0, max = 10_000.0))]
    pub reach_m: f64,
}

impl OutflowMessage {
    /// The message of an outflow.
    pub fn new(outflow: &Outflow) -> Self {
        let links = outflow.links.iter().map(|it| LinkMessage {
            link: it.link.to_string(),
            step_ms: Whole(it.step.0),
            vehicles: it.vehicles.iter().copied().map(written).collect(),
        });
        let entries = outflow.entries.iter().map(|it| EntryMessage {
            approach: it.approach.to_string(),
            vehicles: written(it.vehicles),
            queued: written(it.queued),
            storage: written(it.storage),
            moves_in_ms: it.moves_in.map(|it| Whole(it.0)),
            entered: it.entered.map(|it| EnteredMessage { total: it.total.into(), reach_m: written(it.reach_m) }),
        });
        Self {
            v: Whole(VERSION),
            intersection: outflow.intersection.to_string(),
            ts_ms: outflow.at.into(),
            links: links.collect(),
            entries: entries.collect(),
            mac: None,
        }
    }

    /// The outflow, every value checked.
    pub fn into_outflow(self, intersection: &Intersection) -> Result<Outflow, Rejection> {
        let mut links: Vec<LinkOutflow> = Vec::with_capacity(self.links.len());
        for it in self.links {
            let exit = intersection.exits.iter().find(|exit| exit.link.as_str() == it.link);
            let link = exit.map(|exit| exit.link.clone()).ok_or_else(|| unknown("link", &it.link))?;
            if links.iter().any(|known| known.link == link) {
                return Err(Rejection::new(Reason::DuplicateLane, format!("link {link} again")));
            }
            links.push(it.checked(link)?);
        }
        let mut entries: Vec<EntryRoom> = Vec::with_capacity(self.entries.len());
        for it in self.entries {
            let approach = intersection.approaches.iter().find(|approach| approach.id.as_str() == it.approach);
            let approach = approach.ok_or_else(|| unknown("approach", &it.approach))?.id.clone();
            if entries.iter().any(|known| known.approach == approach) {
                return Err(Rejection::new(Reason::DuplicateLane, format!("approach {approach} again")));
            }
            let vehicles = |value, name: &'static str| measured(value, VEHICLES_MAX, || format!("{approach}.{name}"));
            let (vehicles, queued, storage) =
                (vehicles(it.vehicles, "vehicles")?, vehicles(it.queued, "queued")?, vehicles(it.storage, "storage")?);
            let entered = it.entered.map(|it| it.checked(&approach)).transpose()?;
            let moves_in = it.moves_in_ms.map(|it| it.up_to(MOVES_IN_MAX_MS, || format!("{approach}.moves_in_ms")));
            let moves_in = moves_in.transpose()?.map(Millis);
            entries.push(EntryRoom { approach, vehicles, queued, storage, moves_in, entered });
        }
        let at = self.ts_ms.instant(|| "ts_ms".into())?;
        Ok(Outflow { intersection: intersection.id.clone(), at, links, entries })
    }
}

/// An outflow as whoever hears it over a wire has it: to three decimals, every value checked.
///
/// # Errors
/// What whoever hears it would refuse.
pub fn as_heard(outflow: &Outflow, network: &Network) -> Result<Outflow, Rejection> {
    OutflowMessage::new(outflow).into_outflow(super::encode::intersection(&outflow.intersection, network)?)
}

impl EnteredMessage {
    fn checked(self, approach: &crate::ids::LinkId) -> Result<Entered, Rejection> {
        let total = self.total.up_to(ENTERED_MAX, || format!("{approach}.entered.total"))?.unsigned_abs();
        let reach_m = measured(self.reach_m, REACH_MAX_M, || format!("{approach}.entered.reach_m"))?;
        Ok(Entered { total, reach_m })
    }
}

impl LinkMessage {
    fn checked(self, link: crate::ids::LinkId) -> Result<LinkOutflow, Rejection> {
        let step = Millis(self.step_ms.up_to(60_000, || format!("{link}.step_ms"))?);
        if step == Millis::ZERO {
            return Err(Rejection::new(Reason::Inconsistent, format!("{link}.step_ms = 0, allowed 1…60000")));
        }
        if self.vehicles.len() > STEPS_MAX {
            let detail = format!("{link} has {} steps, allowed {STEPS_MAX}", self.vehicles.len());
            return Err(Rejection::new(Reason::TooBig, detail));
        }
        let vehicles = self.vehicles.into_iter().map(|it| measured(it, VEHICLES_MAX, || format!("{link}.vehicles")));
        let vehicles = vehicles.collect::<Result<_, _>>()?;
        Ok(LinkOutflow { link, step, vehicles })
    }
}

fn unknown(kind: &str, name: &str) -> Rejection {
    Rejection::new(Reason::UnknownLane, format!("{kind} {}", super::topic::shorten(name)))
}

impl super::decode::Payload for OutflowMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.ts_ms) }
    }
}
