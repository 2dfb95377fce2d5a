//! Doubts about the data behind a result, carried inside it and printed in every report.

use std::fmt;

use serde::Serialize;

/// A reason to trust a result less than its interval suggests. What a scenario does (throttling,
/// timeouts) is a result and not a doubt.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Warning {
    /// Too few observations for an interval.
    TooFewSamples {
        /// The metric, as a path of the JSON output.
        metric: String,
        /// Observations that an interval needs in each replication or batch.
        needed: u64,
        /// The fewest found in one.
        found: u64,
    },
    /// No cold start was seen: the ratio is an upper bound.
    NoColdStarts,
    /// The run is shorter than the warm-up it needs.
    WarmUpCut {
        /// The warm-up that would make the start irrelevant, in seconds.
        wanted_s: f64,
        /// What was discarded instead, in seconds.
        used_s: f64,
    },
    /// The process drifts: an average over the run stands for no particular time.
    NonStationary {
        /// The metrics that drift, as paths of the JSON output, separated by commas.
        metric: String,
    },
    /// The result rests on a constant that nobody has measured or confirmed.
    UnverifiedConstant {
        /// The constant and its origin, in one sentence.
        text: String,
    },
    /// A trace leaves something open and an assumption fills it.
    TraceAssumption {
        /// The assumption, a sentence.
        text: String,
    },
    /// Only one replication: intervals come from batches of one run, or there are none.
    SingleReplication,
    /// The batches of the run are still correlated, so intervals are too narrow.
    CorrelatedBatches {
        /// The metrics, as paths of the JSON output, separated by commas.
        metric: String,
    },
    /// The machine that measured was disturbed.
    NoisyHost {
        /// The share of time taken by others, between 0 and 1.
        stolen_share: f64,
    },
    /// A fitted law misses the tail of its data.
    PoorTailFit {
        /// What was fitted.
        what: String,
        /// The 99th percentile of the data, in milliseconds.
        data_ms_p99: f64,
        /// The 99th percentile of the law, in milliseconds.
        law_ms_p99: f64,
    },
}

impl fmt::Display for Warning {
    /// A plain sentence and what to do next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewSamples {
                metric,
                needed,
                found,
            } => write!(
                f,
                "{metric} has no interval: it needs {needed} observations in each replication or \
                 batch and one has {found}. Run longer or with fewer, longer batches."
            ),
            Self::NoColdStarts => f.write_str(
                "No cold start was seen, so the cold ratio is an upper bound. Run longer to \
                 lower it.",
            ),
            Self::WarmUpCut { wanted_s, used_s } => write!(
                f,
                "Warm-up was cut to {used_s:.0} s where {wanted_s:.0} s are needed, so the empty \
                 pool at the start may inflate cold starts. Run longer."
            ),
            Self::NonStationary { metric } => write!(
                f,
                "drifts over the run, so that an average stands for no particular time: {metric}. \
                 Run longer, or study shorter windows."
            ),
            Self::UnverifiedConstant { text } => write!(f, "unverified: {text}"),
            Self::TraceAssumption { text } => {
                write!(f, "assumed, because the trace does not say it: {text}")
            }
            Self::SingleReplication => f.write_str(
                "There is one replication, so intervals come from batches of a single run, where \
                 there are any. Use 10 or more replications if the arrivals can be drawn again.",
            ),
            Self::CorrelatedBatches { metric } => write!(
                f,
                "The batches of the run are correlated, so that intervals are too narrow: {metric}. \
                 Run longer, or use replications."
            ),
            Self::NoisyHost { stolen_share } => write!(
                f,
                "Others took {:.1} % of the measuring machine's time. Measure again on a quiet \
                 machine.",
                stolen_share * 100.0
            ),
            Self::PoorTailFit {
                what,
                data_ms_p99,
                law_ms_p99,
            } => write!(
                f,
                "The law fitted to {what} has its 99th percentile at {law_ms_p99:.1} ms, the \
                 data at {data_ms_p99:.1} ms. Use the quantile table instead."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_says_what_to_do() {
        let warning = Warning::WarmUpCut {
            wanted_s: 631.0,
            used_s: 60.0,
        };
        assert_eq!(
            warning.to_string(),
            "Warm-up was cut to 60 s where 631 s are needed, so the empty pool at the start may \
             inflate cold starts. Run longer."
        );
    }
}
