//! The integration tests of lightwatch, one binary.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests start programs and read files and clocks"
)]

mod audit;
mod bench_control;
mod book;
mod broker;
mod broker_access;
mod cabinets;
mod calibrate;
mod check;
mod closed_loop;
mod compare;
mod control_room;
mod convert;
mod convert_cityflow;
mod data;
mod demo;
mod deploy;
mod exchange;
mod exchange_day;
mod explain;
mod faults;
mod golden;
mod hang;
mod hires;
mod history;
mod house;
mod import_sumo;
mod import_sumo_refused;
mod import_utdf;
mod learned;
mod lease_model;
mod liars;
mod loopback_broker;
mod measure;
mod monitoring;
mod mqtt;
mod network;
mod page;
mod poison;
mod readme;
mod replay;
mod requests;
mod scenario_files;
mod scenarios;
mod scene;
mod secured;
mod secured_broker;
mod service;
mod service_commands;
mod shadow;
mod simulate;
mod slow_peers;
mod small;
mod standby;
mod street;
mod sumo;
mod sumo_bus;
mod supply_chain;
mod tidy;
mod timing;
mod traces;
mod tune;
mod web;
mod wire;
mod wire_attacks;
mod wire_keys;
mod wire_rejections;
