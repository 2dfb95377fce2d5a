//! A hand-made outcome, its totals, verdicts, text and JSON.

mod calibration;
mod precision;
mod sample;
mod snapshots;
mod summing;
mod tables;
mod validation;
