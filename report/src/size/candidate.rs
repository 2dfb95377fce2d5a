//! One setting of a function and what it does: the observations that a decision is made from.

use frostline_models::math::{count_to_f64, round_to_u64, to_f64, wide_to_f64, word};
use frostline_models::metric::{Assertion, Operator};
use frostline_models::scenario::Scenario;
use frostline_stats::estimate::{Estimate, LEVEL, Method};
use frostline_stats::outcome::{FunctionOutcome, Period, RunSpan, SimulationOutcome};
use frostline_stats::replications::{mean, ratio};
use frostline_stats::warning::Warning;

use crate::section::Sections;
use crate::summary::{Estimates, FunctionSummary, Manifest, Summary};
use crate::verdict::Verdict;

/// One setting of a function, simulated.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Provisioned instances, where their number is fixed.
    pub provisioned: u32,
    /// Replications behind it.
    pub replications: u64,
    pub(super) summary: FunctionSummary,
    /// US dollars for the simulated span, and the share that was cold, a replication.
    pub(super) costs: Vec<f64>,
    pub(super) colds: Vec<f64>,
    pub(super) spill_ratio: Option<Estimate>,
    pub(super) utilisation: Option<Estimate>,
    /// What each promise is decided from, in the order of the promises.
    pub(super) evidence: Vec<Evidence>,
    /// Doubts about its numbers.
    pub(super) warnings: Vec<Warning>,
    /// Whether it is out of the question, and why.
    pub(super) standing: Standing,
}

/// What is certain about a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Standing {
    /// Nothing that rules it out.
    #[default]
    Open,
    /// It breaks a promise.
    Breaks,
    /// Another keeps every promise and is better, or no worse by more than is called the same.
    Beaten,
}

/// What a promise is decided from.
#[derive(Debug, Clone)]
pub(super) enum Evidence {
    /// An estimate and its bound, as they are.
    Value {
        observed: Option<Estimate>,
        operator: Operator,
        bound: f64,
    },
    /// A quantile is at most its bound when at most this share exceeds it. Shares need no minimum of
    /// observations, as quantiles do. Binning leaves open which of the two the share is.
    Share {
        least: Option<Estimate>,
        most: Option<Estimate>,
        allowed: f64,
        is_upper: bool,
    },
}

impl Candidate {
    /// What a setting does. The scenario has one function, with that setting.
    pub fn new(
        scenario: &Scenario,
        promises: &[Assertion],
        outcome: &FunctionOutcome,
        span: RunSpan,
    ) -> Self {
        let function = &scenario.functions[0];
        let manifest = Manifest {
            version: String::new(),
            scenario: String::new(),
            seed: 0,
        };
        let whole = SimulationOutcome {
            functions: vec![outcome.clone()],
            warm_up_ns: span.warm_up_ns,
            end_ns: span.end_ns,
            warm_up_wanted_ns: span.warm_up_wanted_ns,
            warm_up_rule: span.warm_up_rule,
        };
        let mut summary = Summary::new(scenario, &whole, manifest);
        let observed = |metric| summary.observations(metric).unwrap_or_default().to_vec();
        let costs = observed("cost_usd.total");
        let sections = Sections::of(outcome);
        let periods = sections.cut(outcome.clone());
        let colds = periods.iter().map(|period| {
            let counts = &period.counts;
            to_f64(counts.cold_starts) / to_f64(counts.invocations.max(1))
        });
        let colds = colds.collect();
        let warnings = std::mem::take(&mut summary.warnings);
        let summary = summary.functions.remove(0);
        let evidence = promises
            .iter()
            .map(|promise| Evidence::of(promise, &summary.estimates, &periods, sections))
            .collect();
        Self {
            provisioned: function.provisioned.instances,
            replications: word(outcome.replications.len()),
            costs,
            colds,
            spill_ratio: share(&periods, sections, |period| {
                let counts = &period.counts;
                (counts.spillovers + counts.throttles, counts.requests)
            })
            .filter(|_| function.provisioned.instances > 0),
            utilisation: utilisation(&periods, sections),
            summary,
            evidence,
            warnings,
            standing: Standing::Open,
        }
    }

    /// Whether nothing rules it out so far, so that more replications of it are worth while.
    pub fn is_open(&self) -> bool {
        self.standing == Standing::Open
    }

    /// The same setting with more replications behind it; who was ruled out stays so.
    #[must_use]
    pub fn renewed(self, with_more: Self) -> Self {
        Self {
            standing: self.standing,
            ..with_more
        }
    }

    /// Whether it got requests at all.
    pub fn has_requests(&self) -> bool {
        self.summary.counts.requests > 0
    }

    /// US dollars a month.
    pub(super) fn cost(&self) -> Option<Estimate> {
        let month = self.summary.estimates.cost_usd_month.as_ref();
        month.map(|month| month.total)
    }

    /// The mean over replications.
    pub(super) fn mean_of(values: &[f64]) -> f64 {
        let sum: f64 = values.iter().sum();
        sum / count_to_f64(values.len().max(1))
    }

    /// The verdict on all promises together at a level for each, and how many replications it takes
    /// until there is one other than unclear.
    pub(super) fn judged(&self, level: f64) -> (Verdict, Option<u64>) {
        let mut worst = Verdict::Pass;
        let mut needed = Some(0);
        for evidence in &self.evidence {
            let (verdict, needs) = evidence.judged(level, self.replications);
            worst = worst.max(verdict);
            if verdict == Verdict::Unclear {
                needed = needed
                    .zip(needs)
                    .map(|(most, needs): (u64, u64)| most.max(needs));
            }
        }
        (worst, needed)
    }

    /// The verdict on each promise, at the level of a single interval.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        let each = self.evidence.iter();
        each.map(|evidence| evidence.judged(LEVEL, self.replications).0)
    }

    /// By how much it misses the promises that it breaks, as shares of their bounds.
    pub(super) fn excess(&self) -> f64 {
        self.evidence.iter().map(Evidence::excess).sum()
    }
}

fn share(
    periods: &[Period],
    sections: Sections,
    parts: impl Fn(&Period) -> (u64, u64),
) -> Option<Estimate> {
    let pairs = periods.iter().map(parts);
    let pairs: Vec<(f64, f64)> = pairs
        .map(|(part, all)| (to_f64(part), to_f64(all)))
        .collect();
    let all: f64 = pairs.iter().map(|pair| pair.1).sum();
    (all > 0.0).then(|| ratio(&pairs, sections.ratio()))
}

/// The share of their time in which provisioned instances serve.
fn utilisation(periods: &[Period], sections: Sections) -> Option<Estimate> {
    let shares = periods.iter().map(|period| {
        wide_to_f64(period.provisioned_busy_ns) / wide_to_f64(period.provisioned_ns.max(1))
    });
    let shares: Vec<f64> = shares.collect();
    let is_kept = periods.iter().any(|period| period.provisioned_ns > 0);
    is_kept.then(|| mean(&shares, sections.mean()))
}

impl Evidence {
    fn of(
        promise: &Assertion,
        estimates: &Estimates,
        periods: &[Period],
        sections: Sections,
    ) -> Self {
        let Some((of, probability)) = quantile(&promise.metric) else {
            return Self::Value {
                observed: estimates.get(&promise.metric),
                operator: promise.operator,
                bound: promise.bound,
            };
        };
        let bound_ns = promise.bound * 1e6;
        let counts: Vec<(f64, f64, f64)> = periods
            .iter()
            .map(|period| {
                let distribution = match of {
                    Of::Latency => &period.latency,
                    Of::Init => &period.init,
                };
                let (least, most) = distribution.exceeding(bound_ns);
                (least, most, to_f64(distribution.count()))
            })
            .collect();
        let any = counts.iter().any(|count| count.2 > 0.0);
        let over = |pick: fn(&(f64, f64, f64)) -> f64| {
            let pairs: Vec<(f64, f64)> = counts.iter().map(|all| (pick(all), all.2)).collect();
            any.then(|| ratio(&pairs, sections.ratio()))
        };
        Self::Share {
            least: over(|count| count.0),
            most: over(|count| count.1),
            allowed: 1.0 - probability,
            is_upper: matches!(promise.operator, Operator::Less | Operator::LessOrEqual),
        }
    }

    /// The verdict at a level, and how many replications it takes until there is another than
    /// unclear, if it can be told.
    fn judged(&self, level: f64, replications: u64) -> (Verdict, Option<u64>) {
        match self {
            Self::Value {
                observed,
                operator,
                bound,
            } => {
                let Some(observed) = observed.map(|observed| observed.at_level(level)) else {
                    return (Verdict::Unclear, None);
                };
                let (Some(low), Some(high)) = (observed.low, observed.high) else {
                    return (Verdict::Unclear, None);
                };
                let keeps = |value| operator.holds(value, *bound);
                let verdict = match (keeps(low), keeps(high)) {
                    (true, true) => Verdict::Pass,
                    (false, false) => Verdict::Fail,
                    _ => Verdict::Unclear,
                };
                (verdict, needed(&observed, *bound, replications))
            }
            Self::Share {
                least,
                most,
                allowed,
                is_upper,
            } => {
                let at = |share: &Option<Estimate>| share.map(|share| share.at_level(level));
                let (Some(least), Some(most)) = (at(least), at(most)) else {
                    return (Verdict::Unclear, None);
                };
                let (within, beyond) = if *is_upper {
                    (Verdict::Pass, Verdict::Fail)
                } else {
                    (Verdict::Fail, Verdict::Pass)
                };
                if most.high.is_some_and(|high| high <= *allowed) {
                    return (within, Some(replications));
                }
                if least.low.is_some_and(|low| low > *allowed) {
                    return (beyond, Some(replications));
                }
                let nearest = if most.point <= *allowed { most } else { least };
                (Verdict::Unclear, needed(&nearest, *allowed, replications))
            }
        }
    }

    /// How far the value lies beyond its bound, as a share of it; 0 where the promise is kept.
    fn excess(&self) -> f64 {
        let (observed, bound, is_upper) = match self {
            Self::Value {
                observed,
                operator,
                bound,
            } => {
                let is_upper = matches!(operator, Operator::Less | Operator::LessOrEqual);
                (observed, *bound, is_upper)
            }
            Self::Share {
                most,
                allowed,
                is_upper,
                ..
            } => (most, *allowed, *is_upper),
        };
        let Some(observed) = observed else { return 0.0 };
        let beyond = if is_upper {
            observed.point - bound
        } else {
            bound - observed.point
        };
        beyond.max(0.0) / bound.abs().max(f64::MIN_POSITIVE)
    }
}

/// How many replications it takes until the interval no longer reaches to the bound.
pub(super) fn needed(estimate: &Estimate, bound: f64, replications: u64) -> Option<u64> {
    let distance = bound - estimate.point;
    let side = if distance >= 0.0 {
        estimate.high? - estimate.point
    } else {
        estimate.point - estimate.low?
    };
    let shortfall = side / distance.abs();
    let growth = match estimate.method {
        // A bound where nothing was seen falls with the number of trials, an interval with its root.
        Method::UpperBound | Method::LowerBound => shortfall,
        _ => shortfall * shortfall,
    };
    let needed = to_f64(replications) * growth;
    (needed.is_finite() && needed < 1e12).then(|| round_to_u64(needed.ceil()))
}

#[derive(Clone, Copy)]
enum Of {
    Latency,
    Init,
}

/// What a quantile is of, and its probability.
fn quantile(metric: &str) -> Option<(Of, f64)> {
    let (group, name) = metric.split_once('.')?;
    let of = match group {
        "latency_ms" => Of::Latency,
        "init_ms" => Of::Init,
        _ => return None,
    };
    let probability = match name {
        "p50" => 0.5,
        "p90" => 0.9,
        "p95" => 0.95,
        "p99" => 0.99,
        "p999" => 0.999,
        _ => return None,
    };
    Some((of, probability))
}
