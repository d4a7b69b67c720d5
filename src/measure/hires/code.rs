//! Codes of events, as far as they are written or measured here; all others are passed over.
//!
//! Source: Indiana enumerations (see [`super`]), 2012; the same numbers stand in the public sources of UDOT's ATSPM, versions 4 and 5. Parameters: phase
//! number for 0…56 and 89…90 (there the detector's phase), detector channel for 81…88, preempt number for 101…111.

/// A phase becomes active.
pub const PHASE_ON: u16 = 0;
/// Green begins.
pub const GREEN: u16 = 1;
/// Green ends because nobody came for the passage time.
pub const GAP_OUT: u16 = 4;
/// The longest green is over.
pub const MAX_OUT: u16 = 5;
/// The coordinator ends the green.
pub const FORCE_OFF: u16 = 6;
/// Green ends.
pub const GREEN_END: u16 = 7;
/// Yellow begins.
pub const YELLOW: u16 = 8;
/// Yellow ends.
pub const YELLOW_END: u16 = 9;
/// Red clearance begins; only where there is one.
pub const RED_CLEARANCE: u16 = 10;
/// Red clearance ends.
pub const RED_CLEARANCE_END: u16 = 11;
/// A phase is no longer active.
pub const PHASE_INACTIVE: u16 = 12;
/// A preemption ends the green.
pub const PREEMPT_FORCE_OFF: u16 = 20;
/// Walk begins.
pub const WALK: u16 = 21;
/// Pedestrian clearance begins.
pub const PED_CLEARANCE: u16 = 22;
/// Pedestrians wait.
pub const DONT_WALK: u16 = 23;
/// A pedestrian call is registered.
pub const PED_CALL: u16 = 45;
/// A detector is left.
pub const DETECTOR_OFF: u16 = 81;
/// A detector is reached.
pub const DETECTOR_ON: u16 = 82;
/// First and last code of detector faults that the controller itself finds.
pub const DETECTOR_FAULTS: std::ops::RangeInclusive<u16> = 84..=88;
/// A push button is let go.
pub const BUTTON_OFF: u16 = 89;
/// A push button is pressed.
pub const BUTTON_ON: u16 = 90;
/// Somebody calls for preemption.
pub const PREEMPT_CALL: u16 = 102;
/// The call for preemption is over.
pub const PREEMPT_CALL_OFF: u16 = 104;
/// The controller begins to serve the call.
pub const PREEMPT_ENTRY: u16 = 105;
/// What the call is for is served.
pub const PREEMPT_DWELL: u16 = 107;
/// The way back from preemption.
pub const PREEMPT_EXIT: u16 = 111;
/// A bus asks for priority.
pub const PRIORITY_IN: u16 = 112;
/// It has passed.
pub const PRIORITY_OUT: u16 = 115;
/// The unit begins or ends flashing; the parameter is NTCIP 1202 `unitFlashStatus`.
pub const FLASH: u16 = 173;
/// Parameter of [`FLASH`]: not flashing.
pub const NOT_FLASH: u16 = 2;
/// Parameter of [`FLASH`]: flashing, by the unit itself.
pub const AUTOMATIC_FLASH: u16 = 3;

/// Largest code that a log may hold: vendors use their own above 255.
pub const MAX: u16 = 1023;
