//! What may be concluded from numbers.
//!
//! Simulation and measurement give totals, series and histograms; this crate turns them into
//! [`estimate::Estimate`]s, each with its interval, its method and its number of observations, and
//! into [`warning::Warning`]s where the numbers bear less than they seem to.
//!
//! ```text
//!  one value a replication ── replications::mean ─────┐
//!  (cold, invocations) ────── replications::ratio ────┤
//!  histograms ─────────────── replications::quantile ─┼──▶ Estimate {point, low, high, level,
//!                                   ▲                 │              method, n}
//!  one long series ── warm_up::mser5 ─▶ batches ──────┘
//!                                          └──────────────▶ Warning
//!
//!  measured times ── fit::Sample ─▶ fit::all ─▶ laws with AIC, BIC, distances, tail errors
//!  (idle gap, survived?) ── idle_lifetime ─▶ survival curve, laws of keep-alive
//!  base and change in pairs ── gate ─▶ slower, faster, same or unclear, at any time
//!  times by day ──── fit::blocks ─▶ Estimate    times by size, by CPU share ── regression
//! ```
//!
//! # Example
//!
//! ```
//! use frostline_stats::estimate::Method;
//! use frostline_stats::replications::{mean, ratio};
//!
//! // Mean busy instances in five replications.
//! let busy = mean(&[4.9, 5.1, 5.0, 4.8, 5.2], Method::Replications);
//! assert!((busy.point - 5.0).abs() < 1e-12);
//! assert!(busy.low.is_some_and(|low| low > 4.80 && low < 4.81));
//!
//! // (cold starts, invocations): none was cold, which bounds the ratio and does not make it 0.
//! let cold = ratio(&[(0.0, 450.0), (0.0, 450.0)], Method::RatioOverReplications);
//! assert_eq!(cold.method, Method::UpperBound);
//! assert!(cold.high.is_some_and(|high| (high - 0.01).abs() < 1e-12));
//! ```
//!
//! # Guarantees
//! * No estimate comes from requests taken for independent, and none has an interval that its data
//!   do not support: it says [`estimate::Method::PointOnly`] instead.
//! * Histograms merge to the same result in any order; quantiles are by definition R-7.
//! * No clock, no environment, no I/O.
//!
//! # Limits
//! * Intervals are 95 %, two-sided, one metric at a time: not simultaneous over many metrics.
//! * Student's t rests on means being nearly normal; ten replications with a handful of cold starts
//!   each cover somewhat less than 95 %.
//! * When no event was seen the bound allows for a variance three times that of independent trials,
//!   a figure measured on one model.
pub mod batches;
pub mod estimate;
pub mod fit;
pub mod gate;
pub mod histogram;
pub mod idle_lifetime;
mod number;
pub mod outcome;
pub mod paired;
pub mod quantile;
pub mod regression;
pub mod replications;
pub mod sequential;
pub mod student;
pub mod timeline;
pub mod warm_up;
pub mod warning;
