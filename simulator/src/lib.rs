//! The plant (seed).

pub mod monitor;
