//! The simulated platform.
pub use frostline_stats::outcome;
