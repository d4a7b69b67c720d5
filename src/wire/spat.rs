//! `…/spat`: when the lamps will change, for vehicles and apps (the meaning of SAE J2735 `SPaT`, in JSON).

use super::number::Whole;
use super::{Reason, Rejection, VERSION};
use crate::network::Intersection;
use crate::plan::{GroupTiming, Spat};
use crate::units::Indication;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Payload of `…/spat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "spat")]
pub struct SpatMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// Instant of the picture \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// One entry a signal group, in lamp-string order.
    pub groups: Vec<GroupTimingMessage>,
    /// Reserved: keyed digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// Present lamp of one group and when it ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupTimingMessage {
    /// Name of the group.
    pub group: String,
    /// What it shows.
    pub indication: Indication,
    /// It will not end before \[UTC ms\].
    #[schemars(range(min = 0))]
    pub min_end_ms: Whole,
    /// When it is planned to end \[UTC ms\]; absent when the plan does not reach that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likely_end_ms: Option<Whole>,
    /// It will not end after \[UTC ms\]; absent while that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_end_ms: Option<Whole>,
}

impl SpatMessage {
    /// The message of a picture.
    pub fn new(spat: &Spat) -> Self {
        let groups = spat.groups.iter().map(|group| GroupTimingMessage {
            group: group.group.clone(),
            indication: group.indication,
            min_end_ms: group.min_end.into(),
            likely_end_ms: group.likely_end.map(Whole::from),
            max_end_ms: group.max_end.map(Whole::from),
        });
        Self {
            v: Whole(VERSION),
            intersection: spat.intersection.to_string(),
            ts_ms: spat.at.into(),
            groups: groups.collect(),
            mac: None,
        }
    }

    /// The picture, every value checked.
    pub fn into_spat(self, intersection: &Intersection) -> Result<Spat, Rejection> {
        let names = self.groups.iter().map(|group| group.group.as_str());
        if !names.eq(intersection.groups.iter().map(|group| group.id.as_str())) {
            let detail = format!("groups are not those of {} in order", intersection.id);
            return Err(Rejection::new(Reason::UnknownGroup, detail));
        }
        let at = self.ts_ms.instant(|| "ts_ms".into())?;
        let later = |end: Option<Whole>| end.map(|end| end.instant(|| "end".into())).transpose();
        let groups = self.groups.into_iter().map(|group| {
            Ok(GroupTiming {
                group: group.group,
                indication: group.indication,
                min_end: group.min_end_ms.instant(|| "min_end_ms".into())?,
                likely_end: later(group.likely_end_ms)?,
                max_end: later(group.max_end_ms)?,
            })
        });
        Ok(Spat { intersection: intersection.id.clone(), at, groups: groups.collect::<Result<_, Rejection>>()? })
    }
}

impl super::decode::Payload for SpatMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.ts_ms) }
    }
}
