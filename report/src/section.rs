//! Sections: the observations that intervals are made of.
//!
//! With two replications or more a section is a replication, its measurement periods put together;
//! with a single one it is a measurement period (a batch of the run). Sections of different
//! functions at the same position cover the same time, so that totals can be made of them.

use frostline_stats::estimate::Method;
use frostline_stats::histogram::Distribution;
use frostline_stats::outcome::{FunctionOutcome, Period, SimulationOutcome};
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
    /// How the outcome is cut: it depends on the number of replications and of periods alone.
    pub(crate) fn of(outcome: &SimulationOutcome) -> Self {
        let replications = || outcome.functions.iter().map(|f| &f.replications);
        if replications().any(|list| list.len() > 1) {
            return Self::Replications;
        }
        let mut periods = replications().filter_map(|list| list.first().map(|r| r.periods.len()));
        let first = periods.next().unwrap_or(0);
        if first > 1 && periods.all(|count| count == first) {
            Self::Batches
        } else {
            Self::Whole
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
    pub(crate) fn cut(self, function: &FunctionOutcome) -> Vec<Period> {
        match self {
            Self::Batches => function
                .replications
                .first()
                .map(|replication| replication.periods.clone())
                .unwrap_or_default(),
            Self::Replications | Self::Whole => function
                .replications
                .iter()
                .map(|replication| in_sequence(&replication.periods))
                .collect(),
        }
    }
}

/// Consecutive periods as one.
fn in_sequence(periods: &[Period]) -> Period {
    let mut whole = put_together(&periods.iter().collect::<Vec<_>>());
    whole.span_ns = periods.iter().map(|period| period.span_ns).sum();
    whole.instances_peak = periods.iter().map(|p| p.instances_peak).max().unwrap_or(0);
    whole
}

/// The same period of several functions as one. Its peak is the sum of their peaks, an upper bound
/// on the instances that were alive together.
pub(crate) fn side_by_side(periods: &[&Period]) -> Period {
    let mut whole = put_together(periods);
    whole.span_ns = periods
        .iter()
        .map(|period| period.span_ns)
        .max()
        .unwrap_or(0);
    whole.instances_peak = periods.iter().map(|period| period.instances_peak).sum();
    whole
}

/// Everything that adds up the same way in time and across functions.
fn put_together(periods: &[&Period]) -> Period {
    let mut whole = Period::default();
    for period in periods {
        whole.counts.add(&period.counts);
        for &(reason, count) in &period.throttle_reasons {
            match whole
                .throttle_reasons
                .iter_mut()
                .find(|known| known.0 == reason)
            {
                Some(known) => known.1 += count,
                None => whole.throttle_reasons.push((reason, count)),
            }
        }
        whole.latency_sum_ns += period.latency_sum_ns;
        whole.init_sum_ns += period.init_sum_ns;
        whole.latency_max_ns = whole.latency_max_ns.max(period.latency_max_ns);
        whole.init_max_ns = whole.init_max_ns.max(period.init_max_ns);
        whole.alive_ns += period.alive_ns;
        whole.busy_ns += period.busy_ns;
        whole.provisioned_ns += period.provisioned_ns;
        whole.billed_ms += period.billed_ms;
        whole.billed_provisioned_ms += period.billed_provisioned_ms;
    }
    whole.latency = pool(periods.iter().map(|period| &period.latency));
    whole.init = pool(periods.iter().map(|period| &period.init));
    whole
}

/// Merges distributions in pairs, so that thousands of small ones are not each merged into a large one.
pub(crate) fn pool<'a>(parts: impl Iterator<Item = &'a Distribution>) -> Distribution {
    let mut level = parts.cloned().collect::<Vec<_>>();
    while level.len() > 1 {
        for pair in level.chunks_mut(2) {
            if let [left, right] = pair {
                left.merge(right);
            }
        }
        level = level.into_iter().step_by(2).collect();
    }
    level.pop().unwrap_or_default()
}
