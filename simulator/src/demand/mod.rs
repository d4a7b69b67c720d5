//! Who wants to go where, and when.

mod file;

pub use file::*;
