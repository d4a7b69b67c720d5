//! The only asynchronous code: a broker on one side, intersections on the other.
//!
//! [`mqtt`] is the one seam to the client library. Everything that waits in a queue waits in a [`mailbox`], where the newest
//! value of a key wins and nobody who sends ever waits. [`dispatch`] decodes and hands to the mailbox of an intersection,
//! [`engine`] runs the controllers at the [`pace`] of a clock, [`field_process`] the reference field controllers, which [`anchor`] tells when the clock was set; [`learned_store`] keeps what was learned,
//! [`recorder`] keeps what controllers hear and say in the [`segments`] of a recording; [`trust`] holds identity and keys; [`audit`] writes down who commanded what. [`standby`] lets one of several engines lead by the
//! leases of [`lease_files`]; [`board`] holds pictures for who wants to look; [`pulse`] knows whether an engine goes on, and [`watchdog`] tells the service manager.

pub mod alarm_catalogue;
pub mod alarms;
pub mod anchor;
pub mod audit;
pub mod audit_log;
mod backoff;
pub mod board;
pub mod broker;
mod clock;
pub mod dispatch;
pub mod engine;
pub mod field_process;
pub mod history;
pub mod learned_store;
pub mod lease_files;
pub mod listeners;
pub mod lookout;
pub mod mailbox;
pub mod mqtt;
pub mod operations;
mod outgoing;
pub mod pace;
pub mod passages;
mod post;
mod prompt_stream;
pub mod pulse;
pub mod recorder;
mod rejects;
mod scribe;
pub mod segments;
pub mod standby;
pub mod tls;
#[cfg(feature = "opentelemetry")]
pub mod traces;
pub mod trust;
pub mod watchdog;
pub mod webhook;

/// Target of spans: what is told to a collector of OpenTelemetry (`traces`), and to nobody else.
pub const SPANS: &str = "lightwatch::spans";

pub use clock::now;
pub use rejects::Rejects;
