//! `…/decision`: what was decided and why, for the log and the page.

use super::number::{Whole, written};
use super::plan::{stage, text};
use super::{Reason, Rejection, VERSION};
use crate::network::Intersection;
use crate::plan::{Decision, Mode, Scene};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most cost terms.
const TERMS_MAX: usize = 32;

/// Payload of `…/decision`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "decision")]
pub struct DecisionMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// When it was taken \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// Number of the plan that came of it.
    #[schemars(range(min = 0))]
    pub seq: Whole,
    /// Mode it was taken in.
    pub mode: Mode,
    /// What kind of traffic there was around the intersection; `off_peak` where it is left out.
    #[serde(default)]
    pub scene: Scene,
    /// Stage to show or to go on showing.
    pub chosen: String,
    /// The best alternative that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<String>,
    /// Cost terms of the chosen plan \[veh·s\], or its score \[veh\]; at most 32.
    pub cost: BTreeMap<String, f64>,
    /// The same terms of the best plan that begins with the runner-up; at most 32.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runner_up_cost: BTreeMap<String, f64>,
    /// Labels that the search expanded; left out where nothing was searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub labels: Option<Whole>,
    /// Digest of the inputs; equal inputs give equal decisions.
    pub input_hash: String,
    /// Why, in one line for people.
    pub reason: String,
    /// Reserved: keyed digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

impl DecisionMessage {
    /// The message of a decision.
    pub fn new(decision: &Decision, intersection: &Intersection) -> Self {
        Self {
            v: Whole(VERSION),
            intersection: decision.intersection.to_string(),
            ts_ms: decision.at.into(),
            seq: decision.seq.into(),
            mode: decision.mode,
            scene: decision.scene,
            chosen: intersection.stage(decision.chosen).id.clone(),
            runner_up: decision.runner_up.map(|stage| intersection.stage(stage).id.clone()),
            cost: terms(&decision.cost),
            runner_up_cost: terms(&decision.runner_up_cost),
            labels: (decision.labels > 0).then(|| decision.labels.into()),
            input_hash: decision.input_hash.clone(),
            reason: decision.reason.clone(),
            mac: None,
        }
    }

    /// The decision, every value checked. Cost terms may be below zero (bonuses).
    pub fn into_decision(self, intersection: &Intersection) -> Result<Decision, Rejection> {
        let most = self.cost.len().max(self.runner_up_cost.len());
        if most > TERMS_MAX {
            return Err(Rejection::new(Reason::TooBig, format!("{most} cost terms, allowed {TERMS_MAX}")));
        }
        Ok(Decision {
            intersection: intersection.id.clone(),
            at: self.ts_ms.instant(|| "ts_ms".into())?,
            seq: self.seq.exact("seq")?,
            mode: self.mode,
            scene: self.scene,
            chosen: stage(&self.chosen, intersection)?,
            runner_up: self.runner_up.map(|name| stage(&name, intersection)).transpose()?,
            cost: self.cost,
            runner_up_cost: self.runner_up_cost,
            labels: self.labels.map_or(Ok(0), |labels| labels.exact("labels"))?,
            input_hash: text(self.input_hash, "input_hash")?,
            reason: text(self.reason, "reason")?,
        })
    }
}

fn terms(cost: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    cost.iter().map(|(name, &value)| (name.clone(), written(value))).collect()
}

impl super::decode::Payload for DecisionMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.ts_ms) }
    }
}
