//! A hand-made outcome, its totals, verdicts, text and JSON.

mod precision;
mod sample;
mod snapshots;
mod summing;
