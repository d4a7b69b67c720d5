//! Networks that other tools wrote, read into [`super::file::NetworkFile`]. Text in, values out; no file is opened here.

pub mod sumo;
pub mod utdf;
