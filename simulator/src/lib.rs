//! The plant (seed).
