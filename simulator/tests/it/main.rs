//! The street as a whole, in virtual time.

mod built;
mod bytes;
mod driving;
mod junctions;
mod lanes;
mod people;
