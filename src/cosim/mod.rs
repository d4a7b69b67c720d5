//! Where a plant and controllers meet. The plant is SUMO over [`traci`]; it and the engine share no types.
//!
//! What crosses is what a street could send: counts of [`detectors`] in, lamps out. [`sumo_run`] steps SUMO second by
//! second; [`lockstep`] carries a second from counts to lamps over a [`bus`]; trip records become [`results`]. Time here
//! is simulated time; a clock is read for two things only, to measure how long decisions take and to give up on a SUMO
//! that hangs.

pub mod bus;
pub mod convert;
pub mod demand;
pub mod detectors;
pub mod error;
pub mod event_log;
pub mod in_process;
pub mod lockstep;
pub mod mqtt_bus;
pub mod programmes;
pub mod results;
mod routes;
mod sumo_binary;
mod sumo_net;
mod sumo_process;
pub mod sumo_run;
pub mod survey;
pub mod traci;
pub mod validate;
pub mod watch;
mod work_folder;
mod xml;
