//! From what the engine counted to what a person or a script reads.
//!
//! ```text
//!  Scenario ──────────┐
//!                     ▼
//!  SimulationOutcome ─► sections ─► estimates ─► Summary ─┬─► to_json   frostline/summary/1
//!  counts, histograms,  one a       with           │      └─► to_text   80 columns, no colour
//!  integrals            replication intervals      ▼
//!                       or batch              SLO verdicts, warnings
//! ```
//!
//! Pairs of measured runs become a verdict on a change in [`gate`].
//!
//! A [section](section::Sections) is the one notion of an observation: each estimate comes from the
//! same sections, totals included, so that numbers that stand side by side cover the same time.
//!
//! ```
//! use frostline_models::scenario::Scenario;
//! use frostline_report::summary::{Manifest, Summary};
//! use frostline_stats::outcome::SimulationOutcome;
//!
//! /// What `frostline simulate` prints.
//! fn print(scenario: &Scenario, outcome: &SimulationOutcome, json: bool) -> String {
//!     let manifest = Manifest {
//!         version: "0.1.0".to_owned(),
//!         scenario: "digest of the settled scenario".to_owned(),
//!         seed: 1,
//!     };
//!     let summary = Summary::new(scenario, outcome, manifest);
//!     if json { summary.to_json() } else { summary.to_text(80) }
//! }
//! ```
//!
//! # Guarantees
//! * The same scenario, outcome and manifest give the same bytes: no clock, machine or thread count
//!   is read.
//! * `requests = invocations + throttles + dropped`, a function and in total.
//! * A verdict of pass or fail is given only where the whole interval agrees.
//!
//! # Limits
//! * Money needs the region's price book; without it costs are `null`.
//! * The peak of all functions together is the sum of their peaks, an upper bound.
pub mod advice;
mod bill;
pub mod calibration;
pub mod comparison;
pub mod cost;
mod doubt;
mod estimates;
pub mod gate;
mod json;
mod junit;
pub mod measured;
mod observations;
pub mod precision;
pub mod promises;
pub mod recorded;
pub mod section;
pub mod series;
pub mod size;
pub mod summary;
pub mod tables;
pub mod tally;
mod text;
pub mod trace_info;
pub mod validation;
pub mod verdict;
