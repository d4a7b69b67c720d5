//! `…/request`: a bus, a fire engine or a push button asks for green.
//!
//! The movement is named by the signal group that serves it, because that is what a driver's display and a cabinet know.

use super::number::Whole;
use super::plan::text;
use super::{Reason, Rejection, VERSION};
use crate::ids::GroupIx;
use crate::network::Intersection;
use crate::plan::{Request, RequestKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Payload of `…/request`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "request")]
pub struct RequestMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// When the request was made \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// Name of the request; the same id again replaces it.
    #[schemars(length(min = 1, max = 1024))]
    pub id: String,
    /// Who asks.
    pub kind: RequestKind,
    /// Signal group that serves the movement.
    pub group: String,
    /// When the stop line is expected to be reached \[UTC ms\], at most 10 s ago and 600 s ahead; absent for who waits already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_ms: Option<Whole>,
    /// Free class of the vehicle, for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Keyed digest `KEY:64 hexadecimal digits` where keys are configured; always the last field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

impl RequestMessage {
    /// The message of a request.
    pub fn new(request: &Request, intersection: &Intersection) -> Self {
        Self {
            v: Whole(VERSION),
            intersection: request.intersection.to_string(),
            ts_ms: request.at.into(),
            id: request.id.clone(),
            kind: request.kind,
            group: intersection.groups[request.group.0].id.clone(),
            eta_ms: request.eta.map(Whole::from),
            class: request.class.clone(),
            mac: None,
        }
    }

    /// The request, every value checked.
    pub fn into_request(self, intersection: &Intersection) -> Result<Request, Rejection> {
        let group = intersection.groups.iter().position(|group| group.id == self.group).map(GroupIx);
        let group = group.ok_or_else(|| {
            Rejection::new(Reason::UnknownGroup, format!("group {}", super::topic::shorten(&self.group)))
        })?;
        Ok(Request {
            intersection: intersection.id.clone(),
            id: named(self.id, "id")?,
            at: self.ts_ms.instant(|| "ts_ms".into())?,
            kind: self.kind,
            group,
            eta: self.eta_ms.map(|eta| eta.instant(|| "eta_ms".into())).transpose()?,
            class: self.class.map(|class| text(class, "class")).transpose()?,
        })
    }
}

/// A name: not empty, of bounded length.
pub(super) fn named(value: String, field: &str) -> Result<String, Rejection> {
    if value.is_empty() {
        return Err(Rejection::new(Reason::Inconsistent, format!("{field} is empty")));
    }
    text(value, field)
}

impl super::decode::Payload for RequestMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.ts_ms) }
    }
}
