//! What the street is: lanes, links through junctions, lamps and classes.

mod file;

pub use file::*;
