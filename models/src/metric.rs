//! The one grammar of metrics: `[function:] metric op value`.
//!
//! `[[slo]]`, `--slo` and `gate assert` all read it: `checkout: p99 <= 300 ms`, `cold_ratio < 0.5 %`,
//! `cost <= 120 USD`.

use serde::Serialize;

/// A promise about a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assertion {
    /// The function it is about; every function when absent.
    pub function: Option<String>,
    /// The metric, as a path of the JSON output: `latency_ms.p99`.
    pub metric: String,
    /// The comparison.
    pub operator: Operator,
    /// The bound in the metric's own unit (ms, ratio, USD, instances).
    pub bound: f64,
    /// The assertion as written.
    pub text: String,
}

/// How a metric is compared with its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Operator {
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    LessOrEqual,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    GreaterOrEqual,
}
