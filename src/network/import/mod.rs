//! Networks that other tools wrote, read into [`super::file::NetworkFile`]. Text in, values out; no file is opened here.

mod conflicts;
pub mod gmns;
mod meeting;
mod ring_diagram;
pub mod sumo;
mod times;
pub mod utdf;
