//! Gate, field controller, wire and imports with what they use, and the gate's oracle: what is fuzzed and mutated.

#![allow(dead_code, missing_docs, reason = "what stands further right uses and documents the rest")]

pub mod ids;
pub mod time;
pub mod units;

pub mod network;

pub mod plan;

pub mod estimate;

pub mod baseline;

pub mod field;

pub mod wire;

pub mod cosim {
    pub mod error {
        /// Of what can go wrong there, that which the gate's judge names.
        #[derive(Debug)]
        pub enum CosimError {
            Stopped,
        }
    }

    pub mod soak {
        pub mod gate;
        pub mod lots;
        pub mod site;
        pub mod trace;
    }
}
