//! The integration tests of lightwatch, one binary.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests start programs and read files and clocks"
)]

mod check;
mod closed_loop;
mod data;
mod import_sumo;
mod import_sumo_refused;
mod network;
mod sumo;
mod tidy;
