//! Performance measures from what a street can tell: counts, passages, lamps. No vehicle positions.
//!
//! In: the network, then second by second what the field controllers showed and what the detectors saw. Out: values to print
//! and to draw. The definitions, with their sources, stand in `docs/measures.md`.
//!
//! | Measure | Module | Source |
//! |---|---|---|
//! | arrivals on green, platoon ratio, arrival type | [`on_green`] | Day et al. 2014 (Purdue, ATSPM); HCM 7 ch. 19 |
//! | waits, split failures, level of service | [`quality`] | HCM 7 ch. 19; ATSPM |
//! | corridor: a path of signals | [`corridor`] | |
//! | high-resolution events (Indiana enumerations), written and read | [`hires`] | Sturdevant et al. 2012 |
//! | the ATSPM catalogue from such events | [`atspm`] | Day et al. 2014; UDOT ATSPM |
//! | time–space diagram | [`time_space`], [`time_space_svg`] | FHWA Signal Timing Manual, 2nd ed. (NCHRP 812), ch. 7 |
//!
//! Arrivals are found by balance: vehicles in the zone plus passages, a new maximum is an arrival
//! ([`entries`]). Weakness: a vehicle that detectors lose and find again is one arrival late.

pub mod atspm;
pub mod corridor;
pub mod entries;
pub mod hires;
pub mod hours;
pub mod on_green;
pub mod quality;
pub mod stop_line;
pub mod time_space;
pub mod time_space_svg;

pub use corridor::Corridor;
pub use hours::Hours;
pub use on_green::{Figures, OnGreen};
pub use quality::Quality;
pub use stop_line::StopLine;
pub use time_space::{Trace, Tracer};
