//! The integration tests of lightwatch, one binary.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests start programs and read files and clocks"
)]

mod bench_control;
mod broker;
mod check;
mod closed_loop;
mod convert;
mod convert_cityflow;
mod data;
mod demo;
mod explain;
mod golden;
mod import_sumo;
mod import_sumo_refused;
mod learned;
mod loopback_broker;
mod measure;
mod mqtt;
mod network;
mod readme;
mod requests;
mod scenario_files;
mod scenarios;
mod scene;
mod service;
mod service_commands;
mod simulate;
mod small;
mod street;
mod sumo;
mod sumo_bus;
mod tidy;
mod tune;
mod wire;
mod wire_rejections;
