//! Where a plant and controllers meet. The plant is SUMO over [`traci`] or our own simulator; it and the engine share no
//! types.
//!
//! What crosses is what a [`street`] could send: counts in, lamps out. [`sumo_run`] drives SUMO; [`lockstep`] carries
//! each second from counts to lamps over a [`bus`]; trip records become [`results`]. Time here
//! is simulated time; a clock is read for two things only, to measure how long decisions take and to give up on a SUMO
//! that hangs.

mod arrived;
pub mod bench;
pub mod bus;
pub mod calibrate;
pub mod causes;
pub mod compare;
pub mod controller_name;
pub mod convert;
pub mod coordination;
pub mod degrade;
pub mod demand;
pub mod design;
pub mod detectors;
pub mod error;
pub mod event_log;
pub mod experiment;
pub mod in_process;
pub mod jobs;
pub mod liars;
pub mod live;
pub mod lockstep;
pub mod mqtt_bus;
pub mod plant;
pub mod programmes;
pub mod results;
mod routes;
pub mod scale;
pub mod scenario;
pub mod soak;
pub mod street;
pub mod sumo_binary;
mod sumo_net;
mod sumo_process;
pub mod sumo_run;
mod sumo_street;
pub mod survey;
pub mod traci;
pub mod tune;
pub mod validate;
pub mod watch;
pub mod witness;
pub mod work_folder;
mod xml;
