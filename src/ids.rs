//! Names and positions: string ids as the street knows them, and typed indexes into one intersection's tables.
//!
//! An id is what a person or another system typed. An index (`…Ix`) is a position in one [`crate::network::Intersection`]
//! and means nothing outside it; every table over lanes, stages and signal groups is indexed through these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as it was written.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }
    };
}

string_id!(/// One signalised intersection (one controller).
    IntersectionId);
string_id!(/// One marked lane of the street.
    LaneId);
string_id!(/// One directed road between two junctions (SUMO: edge).
    LinkId);
string_id!(/// One detector.
    DetectorId);

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub usize);

        impl $name {
            /// The first `count` indexes, in order.
            pub fn all(count: usize) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
                (0..count).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

index!(/// Position of a lane with a stop line in `Intersection::lanes`.
    LaneIx);
index!(/// Position of a feeder (a piece of lane upstream, inside detection range) in `Intersection::feeders`.
    FeederIx);
index!(/// Position of a signal group in `Intersection::groups`.
    GroupIx);
index!(/// Position of a movement in `Intersection::movements`.
    MovementIx);
index!(/// Position of a stage in `Intersection::stages`.
    StageIx);
index!(/// Position of an exit lane in `Intersection::exits`.
    ExitIx);
