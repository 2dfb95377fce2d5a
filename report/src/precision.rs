//! Whether the estimates are as precise as was asked, and if not, how many replications that takes.

use std::fmt;

use frostline_models::scenario::Precision;
use frostline_models::units::significant;
use frostline_stats::estimate::LEVEL;
use frostline_stats::sequential::{level_of_each, next_total, standing, target};
use serde::Serialize;

use crate::summary::Estimates;

/// How precise the estimates are, of all functions together, beside what was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PrecisionReport {
    /// The relative precision γ that was asked: half width over the true value.
    pub relative: f64,
    /// What half width over point must therefore be at the most: γ/(1 + γ).
    pub target: f64,
    /// Whether every metric got there.
    pub reached: bool,
    /// The level at which all intervals hold together.
    pub level: f64,
    /// The level of each (Bonferroni).
    pub level_of_each: f64,
    /// Replications at the most.
    pub most_replications: u64,
    /// Replications in all that the neediest metric takes, by estimate; `None` where that cannot be
    /// told.
    pub needed_replications: Option<u64>,
    /// One entry a metric that was asked for.
    pub metrics: Vec<MetricPrecision>,
}

/// How precise one metric is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MetricPrecision {
    /// The metric as a path of this JSON.
    pub metric: String,
    /// Half width over point, at the level of each; `None` where there is no interval around a point
    /// that is not 0.
    pub relative: Option<f64>,
    /// Whether that is small enough. A metric that is not there at all (the init of cold starts
    /// where there are none, costs without prices) is no obstacle.
    pub reached: bool,
    /// Replications in all that it takes, by estimate.
    pub needed_replications: Option<u64>,
}

impl PrecisionReport {
    /// Where the estimates stand after so many replications.
    pub(crate) fn of(wanted: &Precision, estimates: &Estimates, replications: u64) -> Self {
        let asked = wanted.metrics.len();
        let metrics: Vec<MetricPrecision> = wanted
            .metrics
            .iter()
            .map(|metric| {
                let Some(estimate) = estimates.get(metric) else {
                    return MetricPrecision {
                        metric: metric.clone(),
                        relative: None,
                        reached: true,
                        needed_replications: Some(replications),
                    };
                };
                let found = standing(&estimate, replications, asked, wanted.relative);
                let reached = found.is_reached(wanted.relative);
                let needed = if reached {
                    Some(replications)
                } else {
                    found.needed.map(|needed| needed.max(replications + 1))
                };
                MetricPrecision {
                    metric: metric.clone(),
                    relative: found.relative,
                    reached,
                    needed_replications: needed,
                }
            })
            .collect();
        let needs = metrics.iter().map(|metric| metric.needed_replications);
        let needed = needs.reduce(|most, needed| Some(most?.max(needed?)));
        Self {
            relative: wanted.relative,
            target: target(wanted.relative),
            reached: metrics.iter().all(|metric| metric.reached),
            level: LEVEL,
            level_of_each: level_of_each(asked),
            most_replications: u64::from(wanted.most_replications),
            needed_replications: needed.flatten(),
            metrics,
        }
    }

    /// How many replications to go on to from `have`; `None` when there is nothing to gain or no
    /// more may be made.
    pub fn next_total(&self, have: u64) -> Option<u64> {
        if self.reached || have >= self.most_replications {
            return None;
        }
        Some(next_total(
            have,
            self.needed_replications,
            self.most_replications,
        ))
    }
}

impl fmt::Display for PrecisionReport {
    /// A sentence: whether it was reached, and if not, where each metric stands and what is missing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = significant(100.0 * self.relative);
        let name = |metric: &&MetricPrecision| metric.metric.clone();
        if self.reached {
            let all: Vec<String> = self.metrics.iter().map(|m| name(&m)).collect();
            return write!(f, "Precision of {percent} % reached: {}.", all.join(", "));
        }
        let missed = self.metrics.iter().filter(|metric| !metric.reached);
        let missed: Vec<String> = missed
            .map(|metric| match metric.relative {
                Some(at) => format!("{} (at {} %)", metric.metric, significant(100.0 * at)),
                None => metric.metric.clone(),
            })
            .collect();
        write!(
            f,
            "Precision of {percent} % not reached: {}.",
            missed.join(", ")
        )?;
        match self.needed_replications {
            Some(needed) => write!(
                f,
                " It takes about {needed} replications in all; --max-replications is {}.",
                self.most_replications
            ),
            None => f.write_str(" How many replications it takes cannot be told: run longer."),
        }
    }
}
