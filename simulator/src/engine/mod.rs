//! The moving parts: tracks, vehicles, plans. `Simulation` drives them.

pub mod advance;
pub mod depart;
pub mod inside;
pub mod lane_change;
pub mod layout;
pub mod plan;
pub mod right_of_way;
pub mod room;
pub mod sight;
pub mod store;
pub mod windows;
pub mod world;
