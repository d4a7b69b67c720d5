//! What kind of hour it is, in one word: the vocabulary shared by whoever recognises a scene ([`crate::scene`]) and whoever acts on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of traffic there is around an intersection.
///
/// Ordered by urgency: the later one wins when several are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scene {
    /// Room for everybody; also as long as nothing else is known.
    #[default]
    OffPeak,
    /// Most of what the junctions can serve is asked for.
    Peak,
    /// Far more than usual comes by one road.
    Event,
    /// More is asked for than can be served: zones are full and stay full.
    Oversaturated,
    /// A lane does not move although it may, or is not used any more although its neighbours are.
    Incident,
}

impl Scene {
    /// Every scene, the least urgent first.
    pub const ALL: [Self; 5] = [Self::OffPeak, Self::Peak, Self::Event, Self::Oversaturated, Self::Incident];

    /// How it is written, on the wire and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OffPeak => "off_peak",
            Self::Peak => "peak",
            Self::Event => "event",
            Self::Oversaturated => "oversaturated",
            Self::Incident => "incident",
        }
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_written_as_it_is_called_and_the_list_is_in_order() {
        for scene in Scene::ALL {
            assert_eq!(serde_json::to_string(&scene).unwrap(), format!("\"{scene}\""));
        }
        assert!(Scene::ALL.is_sorted());
    }
}
