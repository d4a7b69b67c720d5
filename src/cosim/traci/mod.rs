//! `TraCI`, SUMO's control protocol: the part of it that a street needs.
//!
//! Written from the protocol's description; works with SUMO 1.9.1 (API 20) up to 1.28 (API 22). [`command`] puts commands into bytes,
//! [`value`] and [`answer`] take answers out of bytes; both know no socket. [`client`] is the only place with one.
//!
//! What is used: version, one simulation step, variable subscriptions, the lamp state of one traffic light, close.
//! A message is a 4-byte big-endian length (itself included) and commands, each with its own 1- or 5-byte length.
//! Whatever SUMO sends, a wrong length is an error and never a panic.

pub mod answer;
pub mod client;
pub mod command;
pub mod value;

use thiserror::Error;

/// What can go wrong while talking to SUMO.
#[derive(Debug, Error)]
pub enum TraciError {
    /// The socket failed or SUMO closed it.
    #[error("the connection to SUMO is lost: {0}")]
    Io(#[from] std::io::Error),
    /// An answer ends in the middle of something.
    #[error("an answer of SUMO is truncated: {wanted} bytes of {what} wanted, {left} left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes that it needs.
        wanted: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A length field is beyond reason.
    #[error("an answer of SUMO says that {what} has length {length}, allowed are {min}…{max}")]
    Length {
        /// What has the length.
        what: &'static str,
        /// The length told.
        length: i64,
        /// Least allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// SUMO refused a command.
    #[error("SUMO refuses command 0x{command:02x}: {message}")]
    Refused {
        /// Number of the command.
        command: u8,
        /// SUMO's own words.
        message: String,
    },
    /// SUMO answered something else than what was asked.
    #[error("SUMO answers {what} 0x{got:02x} where 0x{wanted:02x} was expected")]
    Unexpected {
        /// Which field.
        what: &'static str,
        /// What came.
        got: u8,
        /// What should have come.
        wanted: u8,
    },
    /// A value of a type that is not in the protocol, or not the one that the variable has.
    #[error("SUMO sends a value of type 0x{0:02x} that does not belong here")]
    Type(u8),
}

/// Longest message that is accepted \[bytes\]: far more than 10 000 detectors need.
pub const MESSAGE_MAX: usize = 64 << 20;

/// Kinds of object that can be subscribed to. The number is that of the subscribe command; results come as that + 0x10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Domain {
    /// E1, induction loop.
    InductionLoop = 0xd0,
    /// Traffic light.
    TrafficLight = 0xd2,
    /// Vehicle; only referees and yardsticks ask for them, never an engine.
    Vehicle = 0xd4,
    /// The simulation itself (its object id is empty).
    Simulation = 0xdb,
    /// E2, lane area.
    LaneArea = 0xdd,
}

impl Domain {
    /// The domain of a subscription result.
    pub fn of_result(response: u8) -> Option<Self> {
        [Self::InductionLoop, Self::TrafficLight, Self::Vehicle, Self::Simulation, Self::LaneArea]
            .into_iter()
            .find(|&domain| domain as u8 + 0x10 == response)
    }
}

/// Variables that are read.
pub mod variable {
    /// Vehicles on the detector in the last step \[veh\], integer.
    pub const VEHICLE_NUMBER: u8 = 0x10;
    /// Mean speed on the detector \[m/s\], −1 when empty.
    pub const MEAN_SPEED: u8 = 0x11;
    /// Occupancy \[%\].
    pub const OCCUPANCY: u8 = 0x13;
    /// Halting vehicles on the detector \[veh\], integer.
    pub const HALTING_NUMBER: u8 = 0x14;
    /// Vehicles over a loop with entry and leave times, compound.
    pub const VEHICLE_DATA: u8 = 0x17;
    /// Lamp string of a traffic light.
    pub const LAMPS: u8 = 0x20;
    /// Speed of a vehicle \[m/s\].
    pub const SPEED: u8 = 0x40;
    /// Lane that a vehicle is on.
    pub const LANE_ID: u8 = 0x51;
    /// Front bumper from the begin of the lane \[m\].
    pub const LANE_POSITION: u8 = 0x56;
    /// Simulated time \[s\].
    pub const TIME: u8 = 0x66;
    /// Signals ahead of a vehicle: traffic light, link, distance \[m\], lamp; compound, the nearest first.
    pub const NEXT_SIGNALS: u8 = 0x70;
    /// Vehicles that got in during the last step, list of ids.
    pub const DEPARTED: u8 = 0x74;
    /// How long a vehicle has stood without a break \[s\].
    pub const STANDING: u8 = 0x7a;
    /// Speed that a driver would drive on an empty lane \[m/s\].
    pub const FREE_SPEED: u8 = 0xb7;
}
