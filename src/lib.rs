//! lightwatch: an adaptive traffic-signal timing engine. *The light watches the cars.*
//!
//! The modules in dependency order; a module uses only what stands above it (`wire` and `config` hang off the value
//! modules). A test in the tree holds this order, and that nothing above `cosim` touches a clock, a socket, a file or
//! an async runtime.

#![forbid(unsafe_code)]

pub mod ids;
pub mod time;
pub mod units;

pub mod network;

pub mod estimate;
pub mod plan;

pub mod baseline;
pub mod optimize;

pub mod controller;
pub mod field;

pub mod config;
pub mod wire;

pub mod cosim;
pub mod service;

pub mod cli;
