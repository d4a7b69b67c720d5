//! lightwatch: an adaptive traffic-signal timing engine. *The light watches the cars.*
//!
//! The modules in dependency order; a module uses only what stands above it (`wire` and `config` hang off the value
//! modules). A test in the tree holds this order, and that nothing above `cosim` touches a clock, a socket, a file or
//! an async runtime.

#![forbid(unsafe_code)]

pub mod ids;
pub mod statistics;
pub mod time;
pub mod units;

pub mod leadership;

pub mod network;

pub mod plan;

pub mod estimate;

pub mod baseline;
pub mod optimize;

pub mod scene;

pub mod controller;
pub mod field;

pub mod config;
pub mod wire;

pub mod measure;

pub mod calibrate;
pub mod design;
pub mod exchange;

pub mod record;
pub mod shadow;

// The shell: clocks, files, sockets, programs and the environment are its business, and its alone (clippy.toml).
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts SUMO and times it")]
pub mod cosim;
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the only async code: sockets and clocks")]
pub mod service;

#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "sockets and ages on the wall's clock")]
pub mod web;

#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "reads and writes the files it is asked to")]
pub mod cli;
