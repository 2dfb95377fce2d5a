//! Sections: the observations that intervals are made of.
//!
//! With two replications or more a section is a replication, its measurement periods put together;
//! with a single one it is a measurement period (a batch of the run). Sections of different
//! functions at the same position cover the same time, so that totals can be made of them.

use frostline_stats::estimate::Method;
use frostline_stats::histogram::Distribution;
use frostline_stats::outcome::{FunctionOutcome, Period};
use serde::Serialize;

/// What the observations are that intervals are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sections {
    /// One observation a replication.
    Replications,
    /// One observation a batch of the only replication.
    Batches,
    /// The only replication as a single observation: points without intervals.
    Whole,
}

impl Sections {
    /// How an outcome is cut: it depends on the number of replications and of periods alone, which
    /// all functions of a run have in common.
    pub(crate) fn of(function: &FunctionOutcome) -> Self {
        match function.replications.as_slice() {
            [only] if only.periods.len() > 1 => Self::Batches,
            [] | [_] => Self::Whole,
            _ => Self::Replications,
        }
    }

    pub(crate) fn mean(self) -> Method {
        match self {
            Self::Replications | Self::Whole => Method::Replications,
            Self::Batches => Method::BatchMeans,
        }
    }

    pub(crate) fn ratio(self) -> Method {
        match self {
            Self::Replications | Self::Whole => Method::RatioOverReplications,
            Self::Batches => Method::RatioOverBatches,
        }
    }

    pub(crate) fn quantile(self) -> Method {
        match self {
            Self::Replications | Self::Whole => Method::SectioningOverReplications,
            Self::Batches => Method::SectioningOverBatches,
        }
    }

    /// The sections of one function.
    pub(crate) fn cut(self, function: FunctionOutcome) -> Vec<Period> {
        let replications = function.replications.into_iter();
        match self {
            Self::Batches => replications.flat_map(|only| only.periods).collect(),
            Self::Replications | Self::Whole => replications
                .map(|replication| in_sequence(replication.periods))
                .collect(),
        }
    }
}

/// Consecutive periods as one.
fn in_sequence(mut periods: Vec<Period>) -> Period {
    if periods.len() == 1 {
        return periods.pop().unwrap_or_default();
    }
    let mut whole = Period::default();
    for period in &periods {
        whole.add(period);
        whole.span_ns += period.span_ns;
        whole.instances_peak = whole.instances_peak.max(period.instances_peak);
    }
    whole.latency = Distribution::sum(periods.iter().map(|period| &period.latency));
    whole.init = Distribution::sum(periods.iter().map(|period| &period.init));
    whole
}
