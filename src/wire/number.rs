//! Numbers as they arrive: read leniently, judged precisely.
//!
//! A count of −1 or 10³⁰ is JSON of the right type with an impossible value, and its rejection must say which; a parser
//! that fails in `u32` would call both "malformed". So integers are read into [`Whole`] (saturating) and judged here.

use super::{Reason, Rejection};
use crate::plan::StateReport;
use crate::time::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A whole number of any size, saturated to 64 bits; `3.0` is 3, `3.5` is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
                Ok(Whole(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
                Ok(Whole(i64::try_from(value).unwrap_or(i64::MAX)))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Whole, E> {
                // `as` saturates, which is what is wanted of a number that no integer type holds.
                if value.fract() == 0.0 { Ok(Whole(value as i64)) } else { Err(E::custom("not a whole number")) }
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Inline, so that a field can add its own range.
impl JsonSchema for Whole {
    fn schema_name() -> Cow<'static, str> {
        "Whole".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer" })
    }
}

impl From<Timestamp> for Whole {
    fn from(at: Timestamp) -> Self {
        Self(at.0)
    }
}

impl From<u32> for Whole {
    fn from(value: u32) -> Self {
        Self(i64::from(value))
    }
}

impl From<u64> for Whole {
    fn from(value: u64) -> Self {
        Self(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl Whole {
    /// The number as 0…`max`; `field` names it in the rejection.
    pub(super) fn up_to(self, max: i64, field: impl FnOnce() -> String) -> Result<i64, Rejection> {
        let reason = match self.0 {
            value if value < 0 => Reason::Negative,
            value if value > max => Reason::TooBig,
            value => return Ok(value),
        };
        Err(Rejection::new(reason, format!("{} = {}, allowed 0…{max}", field(), self.0)))
    }

    /// The number as a sequence number, epoch or nonce: 0…2⁵³ − 1.
    pub(super) fn exact(self, field: &str) -> Result<u64, Rejection> {
        self.up_to(StateReport::NONCE_MAX.cast_signed(), || field.to_owned()).map(i64::unsigned_abs)
    }

    /// The number as an instant, 0…2⁵³ − 1 ms.
    pub(super) fn instant(self, field: impl FnOnce() -> String) -> Result<Timestamp, Rejection> {
        self.up_to(StateReport::NONCE_MAX.cast_signed(), field).map(Timestamp)
    }
}

/// A measured value within 0…`max`.
pub(super) fn measured(value: f64, max: f64, field: impl FnOnce() -> String) -> Result<f64, Rejection> {
    let reason = match value {
        value if !value.is_finite() => Reason::NotFinite,
        value if value < 0.0 => Reason::Negative,
        value if value > max => Reason::TooBig,
        // −0.0 passes the comparisons; adding zero makes it +0.0, so that it is written back without a sign.
        value => return Ok(value + 0.0),
    };
    Err(Rejection::new(reason, format!("{} = {value}, allowed 0…{max}", field())))
}

/// A value as it is written: three decimals; what is not finite cannot be written and becomes zero.
pub(super) fn written(value: f64) -> f64 {
    if value.is_finite() { (value * 1000.0).round() / 1000.0 + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_are_read_and_judged_by_their_value() {
        let read = |text: &str| serde_json::from_str::<Whole>(text).map(|it| it.0).ok();
        assert_eq!(read("3"), Some(3));
        assert_eq!(read("3.0"), Some(3));
        assert_eq!(read("-1"), Some(-1));
        assert_eq!(read("18446744073709551615"), Some(i64::MAX));
        assert_eq!(read("1e30"), Some(i64::MAX));
        assert_eq!(read("3.5"), None);
        assert_eq!(read("\"3\""), None);
        let judged = |value| Whole(value).up_to(100, String::new).map_err(|it| it.reason);
        assert_eq!(judged(100), Ok(100));
        assert_eq!(judged(101), Err(Reason::TooBig));
        assert_eq!(judged(-1), Err(Reason::Negative));
    }

    #[test]
    fn measured_values_must_be_numbers_in_their_range() {
        let judged = |value| measured(value, 1.0, String::new).map_err(|it| it.reason);
        assert_eq!(judged(0.5), Ok(0.5));
        assert_eq!(judged(f64::NAN), Err(Reason::NotFinite));
        assert_eq!(judged(-0.1), Err(Reason::Negative));
        assert_eq!(judged(1.1), Err(Reason::TooBig));
        assert!(judged(-0.0).unwrap().is_sign_positive());
    }
}
