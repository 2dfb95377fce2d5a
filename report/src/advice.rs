//! Advice: what-ifs of a scenario, ranked by what they save for a dollar, and whether the work suits
//! the platform at all.
//!
//! A what-if is the scenario with one thing changed, simulated on the same random streams, so that
//! the difference is the change and not luck. What is saved is waiting: the mean latency times the
//! requests of a month. What it costs is the month's bill.

mod fit;
mod text;

use std::cmp::Ordering;

use frostline_models::math::to_f64;
use frostline_models::price::MONTH_S;
use frostline_stats::estimate::{Estimate, Method};
use frostline_stats::replications::quotient;
use frostline_stats::warning::Warning;
use serde::Serialize;

pub use self::fit::{Fit, FitCheck, Need, fit};
use crate::comparison::{Against, Candidate, Comparison, Difference, NamedDigest, Verdict};
use crate::section::Sections;

/// The name and version of the JSON layout.
pub const SCHEMA: &str = "frostline/advice/1";

/// What advice compares: waiting, money, and what people promise.
pub const METRICS: [&str; 4] = [
    "cold_ratio",
    "latency_ms.mean",
    "latency_ms.p99",
    "cost_usd_month.total",
];

/// The share of the bill up to which a change costs no more.
const NO_MONEY: f64 = 0.002;

const LATENCY: &str = "latency_ms.mean";
const COST: &str = "cost_usd_month.total";

/// A change that may be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhatIf {
    /// Its name: `smaller-package`.
    pub kind: &'static str,
    /// What is done, in a few words: `a package of 9 MB instead of 18 MB`.
    pub what: String,
    /// The assignments that make it, as for `--set`; empty where no assignment says it.
    pub set: Vec<String>,
    /// What had to be assumed, in plain sentences.
    pub assumptions: Vec<String>,
    /// What it costs beside the scenario's own bill, where that is not the simulated one.
    #[serde(skip)]
    pub priced: Priced,
}

/// Where a what-if's cost comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Priced {
    /// Its simulated bill.
    Simulated,
    /// The scenario's own bill and this much a month.
    Added {
        /// US dollars a month.
        usd_month: f64,
    },
}

/// A what-if that is not possible here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its name.
    pub kind: &'static str,
    /// Why.
    pub why: String,
}

/// What to do about cold starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Advice {
    /// Name and version of this layout: [`SCHEMA`].
    pub schema: &'static str,
    /// What it takes to make the same numbers again.
    pub manifest: AdviceManifest,
    /// The function that is changed.
    pub function: String,
    /// Independent repetitions of each what-if.
    pub replications: u64,
    /// The confidence with which all intervals hold together.
    pub level: f64,
    /// The confidence of each.
    pub level_of_each: f64,
    /// Requests that a month has at this load.
    pub requests_month: f64,
    /// What the scenario is now: cold ratio, mean and p99 latency, cost a month.
    pub now: Vec<Now>,
    /// The what-ifs, best first.
    pub ranking: Vec<Ranked>,
    /// The what-ifs that are not possible here.
    pub left_out: Vec<LeftOut>,
    /// Whether the work suits the platform.
    pub fit: Vec<FitCheck>,
    /// Doubts about the numbers.
    pub warnings: Vec<Warning>,
}

/// What it takes to make the same numbers again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdviceManifest {
    /// Version of Frostline.
    pub version: String,
    /// The digest of the scenario.
    pub scenario: String,
    /// The seed of all random streams.
    pub seed: u64,
}

/// A metric of the scenario as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Now {
    /// The metric as a path of the summary's JSON.
    pub metric: String,
    /// Its value.
    pub value: Estimate,
}

/// What a what-if is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Worth {
    /// It shortens the wait and costs no more.
    Free,
    /// It shortens the wait for money.
    Bought,
    /// Whether it shortens the wait is unclear, or it changes next to nothing.
    Nothing,
    /// It makes the wait longer.
    Harmful,
}

/// A what-if with its effect.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Ranked {
    /// The change.
    #[serde(flatten)]
    pub what_if: WhatIf,
    /// What it is worth.
    pub worth: Worth,
    /// Seconds of waiting that it saves a month, over all requests.
    pub saved_s_month: Estimate,
    /// What it costs more a month in US dollars; negative where it saves.
    pub cost_usd_month: Estimate,
    /// Seconds saved for a dollar; `null` where it costs nothing more, or not for certain.
    pub saved_s_per_usd: Option<Estimate>,
    /// Every compared metric with its difference.
    pub differences: Vec<Difference>,
}

/// Advice that cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the price book does not know the region, so nothing can be ranked by its cost")]
pub struct NoPrices;

impl Advice {
    /// Ranks what-ifs: `candidates` and `comparison` are the scenario and then each what-if, in their
    /// order.
    ///
    /// # Errors
    /// When there are no prices.
    pub fn new(
        function: &str,
        candidates: &[Candidate<'_>],
        what_ifs: Vec<WhatIf>,
        left_out: Vec<LeftOut>,
        comparison: &Comparison,
        fit: Vec<FitCheck>,
    ) -> Result<Self, NoPrices> {
        let now = &candidates[0];
        let requests_month = requests_a_month(now);
        let others = candidates.iter().skip(1);
        let against = comparison.against.iter();
        let mut ranking = Vec::with_capacity(what_ifs.len());
        for ((what_if, other), against) in what_ifs.into_iter().zip(others).zip(against) {
            let ranker = Ranker {
                now,
                other,
                against,
                requests_month,
                sections: comparison.window.method,
            };
            ranking.push(ranker.rank(what_if).ok_or(NoPrices)?);
        }
        // The sort is stable: equals stay in the order in which they were thought of.
        ranking.sort_by(by_worth);
        let NamedDigest { digest, .. } = comparison.manifest.scenarios[0].clone();
        Ok(Self {
            schema: SCHEMA,
            manifest: AdviceManifest {
                version: comparison.manifest.version.clone(),
                scenario: digest,
                seed: comparison.manifest.seed,
            },
            function: function.to_owned(),
            replications: comparison.replications,
            level: comparison.level,
            level_of_each: comparison.level_of_each,
            requests_month,
            now: METRICS
                .iter()
                .filter_map(|metric| {
                    let value = now.summary.totals.estimates.get(metric)?;
                    Some(Now {
                        metric: (*metric).to_owned(),
                        value,
                    })
                })
                .collect(),
            ranking,
            left_out,
            fit,
            warnings: comparison.warnings.clone(),
        })
    }

    /// The JSON that scripts rely on, indented, with a newline at its end.
    ///
    /// # Panics
    /// Never: every key is a string and every number that is not finite becomes `null`.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }
}

/// Invocations of a month at the load of the whole run.
fn requests_a_month(now: &Candidate<'_>) -> f64 {
    let runs = to_f64(now.summary.replications.max(1));
    let span_s = now.scenario.run.duration.as_secs_f64().max(1e-9);
    to_f64(now.summary.totals.counts.invocations) / runs * MONTH_S / span_s
}

/// A what-if beside the scenario.
struct Ranker<'a> {
    now: &'a Candidate<'a>,
    other: &'a Candidate<'a>,
    against: &'a Against,
    requests_month: f64,
    sections: Sections,
}

impl Ranker<'_> {
    fn rank(&self, what_if: WhatIf) -> Option<Ranked> {
        let is_single = self.now.scenario.functions.len() == 1;
        let mut differences: Vec<Difference> = self
            .against
            .differences
            .iter()
            .filter(|one| is_single || one.function.is_none())
            .cloned()
            .collect();
        if let Priced::Added { usd_month } = what_if.priced {
            for difference in &mut differences {
                if difference.metric == COST {
                    added(difference, usd_month);
                }
            }
        }
        let find = |metric: &str| differences.iter().find(|one| one.metric == metric);
        let latency = find(LATENCY)?;
        let cost = find(COST)?;
        let factor = -self.requests_month / 1e3;
        let saved = turned(latency.difference.scaled(factor));
        // A start that ends sooner shifts which instance is warm for whom: next to nothing, but certain.
        let next_to_nothing = NO_MONEY * cost.baseline.point.abs();
        let is_free = cost
            .difference
            .high
            .is_some_and(|high| high <= next_to_nothing);
        let worth = match (latency.verdict, cost.verdict) {
            (Verdict::Worse, _) => Worth::Harmful,
            (Verdict::Better, Verdict::Better | Verdict::Same) => Worth::Free,
            (Verdict::Better, _) if is_free => Worth::Free,
            (Verdict::Better, _) => Worth::Bought,
            (Verdict::Same | Verdict::Unclear, _) => Worth::Nothing,
        };
        let per_usd = match what_if.priced {
            _ if worth != Worth::Bought || cost.verdict != Verdict::Worse => None,
            Priced::Added { usd_month } => Some(saved.scaled(1.0 / usd_month)),
            Priced::Simulated => self.per_usd(factor, cost.difference.level),
        };
        Some(Ranked {
            worth,
            saved_s_month: saved,
            cost_usd_month: cost.difference,
            saved_s_per_usd: per_usd,
            what_if,
            differences,
        })
    }

    /// Σ saved / Σ added cost over the sections, whose pairs carry both; delta method.
    fn per_usd(&self, factor: f64, level: f64) -> Option<Estimate> {
        let of = |candidate: &Candidate<'_>, metric: &str| -> Option<Vec<f64>> {
            let series = candidate.summary.series.as_ref()?.totals.get(metric)?;
            let values = series.iter().map(|(numerator, denominator)| {
                (*denominator > 0.0).then(|| numerator / denominator)
            });
            values.collect()
        };
        let (latency_now, latency_then) = (of(self.now, LATENCY)?, of(self.other, LATENCY)?);
        let (cost_now, cost_then) = (of(self.now, COST)?, of(self.other, COST)?);
        let saved = latency_then.iter().zip(&latency_now);
        let spent = cost_then.iter().zip(&cost_now);
        let pairs: Vec<(f64, f64)> = saved
            .zip(spent)
            .map(|((then, now), (dearer, cheaper))| (factor * (then - now), dearer - cheaper))
            .collect();
        let method = match self.sections {
            Sections::Batches => self.sections.ratio(),
            Sections::Replications | Sections::Whole => Method::PairedRatio,
        };
        let estimate = quotient(&pairs, method);
        Some(at_level(estimate, level))
    }
}

/// The same estimate with the interval that another confidence asks for.
fn at_level(estimate: Estimate, level: f64) -> Estimate {
    let freedom = usize::try_from(estimate.n).unwrap_or(1).saturating_sub(1);
    let factor = |level| frostline_stats::student::two_sided_factor(freedom, level);
    let (Some(wanted), Some(given), Some(high)) =
        (factor(level), factor(estimate.level), estimate.high)
    else {
        return estimate;
    };
    let half = (high - estimate.point) * wanted / given;
    Estimate {
        low: Some(estimate.point - half),
        high: Some(estimate.point + half),
        level,
        ..estimate
    }
}

/// The scenario's own bill and a fixed amount: known exactly.
fn added(difference: &mut Difference, usd_month: f64) {
    difference.value = Estimate {
        point: difference.baseline.point + usd_month,
        low: difference.baseline.low.map(|low| low + usd_month),
        high: difference.baseline.high.map(|high| high + usd_month),
        ..difference.baseline
    };
    difference.difference = Estimate {
        point: usd_month,
        low: Some(usd_month),
        high: Some(usd_month),
        ..difference.difference
    };
    difference.ratio = None;
    difference.variance_share = None;
    difference.verdict = if usd_month > 0.01 * difference.baseline.point.abs() {
        Verdict::Worse
    } else {
        Verdict::Same
    };
}

/// An estimate that was multiplied by a negative number has its ends the wrong way round.
fn turned(estimate: Estimate) -> Estimate {
    Estimate {
        low: estimate.high,
        high: estimate.low,
        ..estimate
    }
}

/// What is free first, by what it saves; then what is bought, by what a dollar saves.
fn by_worth(one: &Ranked, two: &Ranked) -> Ordering {
    let saved = || two.saved_s_month.point.total_cmp(&one.saved_s_month.point);
    let per_usd = |ranked: &Ranked| {
        let estimate = ranked.saved_s_per_usd.as_ref();
        estimate.map_or(f64::NEG_INFINITY, |estimate| estimate.point)
    };
    one.worth.cmp(&two.worth).then_with(|| match one.worth {
        Worth::Bought => per_usd(two).total_cmp(&per_usd(one)).then_with(saved),
        Worth::Free | Worth::Nothing | Worth::Harmful => saved(),
    })
}
