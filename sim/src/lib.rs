//! The simulated platform.
pub mod outcome;
