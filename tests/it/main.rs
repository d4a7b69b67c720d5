//! The integration tests of lightwatch, one binary.

mod network;
