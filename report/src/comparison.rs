//! Scenarios compared under common random numbers: what differs, by how much, and how sure that is.
//!
//! ```text
//!  baseline ─► Summary ─┐  series: numerator and denominator
//!                       ├─ a section, function and metric  ─► paired intervals ─► verdicts
//!  another  ─► Summary ─┘  (same seed, same streams)           simultaneous
//! ```
//!
//! Functions are matched by name. All intervals of a report hold together with the confidence that it
//! states (Bonferroni), so that the one difference among a hundred that chance makes is not taken for
//! an effect.

mod precision;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use frostline_models::math::word;
use frostline_models::scenario::{Function, Scenario};
use frostline_stats::batches::Doubt;
use frostline_stats::estimate::{Estimate, LEVEL};
use frostline_stats::paired::{Order, Quotients, compare_quotients};
use frostline_stats::replications::quotient;
use frostline_stats::sequential::{level_of_each, next_total};
use frostline_stats::warning::Warning;
use serde::Serialize;

pub use self::precision::DifferencePrecision;
use crate::section::Sections;
use crate::series::{METRICS, Series};
use crate::summary::{Summary, Window};
use crate::verdict::SloVerdict;

/// The name and version of the JSON layout.
pub const SCHEMA: &str = "frostline/comparison/1";

/// What is compared where nobody says otherwise.
pub const USUAL_METRICS: [&str; 4] = [
    "cold_ratio",
    "latency_ms.mean",
    "latency_ms.p99",
    "cost_usd_month.total",
];

/// A simulated scenario that is to be compared.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// What it is called: the name of its file.
    pub name: &'a str,
    /// What was simulated.
    pub scenario: &'a Scenario,
    /// What came of it, summed up for a comparison.
    pub summary: &'a Summary,
}

/// What is asked of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The metrics, of [`METRICS`], as paths of the JSON output.
    pub metrics: Vec<String>,
    /// Differences up to this share of the baseline's value are of no interest.
    pub same_within: f64,
    /// The half width over the baseline's value that every difference of all functions together shall
    /// reach, if any.
    pub precision: Option<f64>,
    /// For whom.
    pub scope: Scope,
}

/// For whom metrics are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// For each function, and all of them together.
    EachFunction,
    /// For all functions together.
    Together,
}

/// Scenarios beside the first of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Name and version of this layout: [`SCHEMA`].
    pub schema: &'static str,
    /// What it takes to make the same numbers again.
    pub manifest: ComparisonManifest,
    /// Independent repetitions of each.
    pub replications: u64,
    /// The part of each replication that is compared: the same of all.
    pub window: Window,
    /// The confidence with which all intervals of `differences` hold together.
    pub level: f64,
    /// The confidence of each of them (Bonferroni).
    pub level_of_each: f64,
    /// How many there are.
    pub comparisons: u64,
    /// Differences within this share of the baseline's value count as the same.
    pub same_within: f64,
    /// The name of the scenario that the others are compared with.
    pub baseline: String,
    /// One entry a further scenario.
    pub against: Vec<Against>,
    /// The promises, scenario by scenario; empty when none has any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slo: Vec<Promises>,
    /// Whether the differences are as precise as was asked, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<DifferencePrecision>,
    /// Doubts about the numbers.
    pub warnings: Vec<Warning>,
}

/// What it takes to make the same numbers again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparisonManifest {
    /// Version of Frostline.
    pub version: String,
    /// The settled scenarios, the baseline first.
    pub scenarios: Vec<NamedDigest>,
    /// The seed of all random streams.
    pub seed: u64,
}

/// A scenario's name and the digest of what it settled to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedDigest {
    /// The name.
    pub name: String,
    /// The digest.
    pub digest: String,
}

/// A scenario beside the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Against {
    /// Its name.
    pub name: String,
    /// What both draw alike.
    pub coupling: Coupling,
    /// Functions that the baseline alone has.
    pub only_in_baseline: Vec<String>,
    /// Functions that this one alone has.
    pub only_here: Vec<String>,
    /// One entry a metric and function that could be paired, metric by metric, all functions together
    /// first.
    pub differences: Vec<Difference>,
    /// What could not be paired.
    pub left_out: Vec<LeftOut>,
}

/// What two scenarios draw alike. Streams are named by function, so matched functions always draw
/// from the same ones; where their laws are equal too, they draw the same values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Coupling {
    /// Functions with the same name in both.
    pub functions: u64,
    /// Of these, with the same arrivals: they meet the same requests at the same instants.
    pub arrivals: u64,
    /// With the same law of durations.
    pub durations: u64,
    /// With the same laws of init.
    pub inits: u64,
    /// Random streams that give both the same values: one a purpose, function and replication.
    pub equal_streams: u64,
    /// Random streams that the matched functions draw from: arrivals, durations and inits.
    pub shared_streams: u64,
}

/// A metric in the baseline and in another scenario. Lower is better.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The function; `null` for all functions together.
    pub function: Option<String>,
    /// The metric as a path of the summary's JSON.
    pub metric: String,
    /// What the difference says about the other scenario.
    pub verdict: Verdict,
    /// The baseline's value.
    pub baseline: Estimate,
    /// The other's.
    pub value: Estimate,
    /// The other's less the baseline's; its interval holds together with all others of the report.
    pub difference: Estimate,
    /// The other's over the baseline's, likewise; `null` where the baseline's is 0.
    pub ratio: Option<Estimate>,
    /// The variance of the difference over what independent streams would give it.
    pub variance_share: Option<f64>,
}

/// What a difference says about the other scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval lies below 0.
    Better,
    /// The whole interval lies above 0.
    Worse,
    /// The whole interval lies within what counts as the same.
    Same,
    /// Neither, or there is no interval.
    Unclear,
}

/// A metric that could not be paired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// The function; `null` for all functions together.
    pub function: Option<String>,
    /// The metric.
    pub metric: String,
    /// Why.
    pub why: &'static str,
}

/// The promises of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Promises {
    /// The scenario's name.
    pub name: String,
    /// Its verdicts.
    pub verdicts: Vec<SloVerdict>,
}

/// Scenarios that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// One scenario has nothing beside it.
    #[error("a comparison takes two scenarios at the least")]
    Alone,
    /// They were not cut into the same sections.
    #[error("`{0}` and `{1}` were not simulated over the same spans")]
    Sections(String, String),
}

impl Comparison {
    /// Compares every further candidate with the first. All must have been simulated with the same
    /// seed, replications and window.
    ///
    /// # Errors
    /// When there is but one, or their sections do not match.
    pub fn new(
        candidates: &[Candidate<'_>],
        question: &Question,
        version: &str,
    ) -> Result<Self, NotComparable> {
        let [baseline, others @ ..] = candidates else {
            return Err(NotComparable::Alone);
        };
        if others.is_empty() {
            return Err(NotComparable::Alone);
        }
        let pairs: Vec<Pairs<'_>> = others
            .iter()
            .map(|other| Pairs::of(baseline, other, question))
            .collect();
        let comparisons: usize = pairs.iter().map(|pairs| pairs.found.len()).sum();
        let judge = Judge {
            sections: baseline.summary.window.method,
            level: level_of_each(comparisons),
            same_within: question.same_within,
        };
        let mut doubts = BTreeMap::new();
        let mut against = Vec::new();
        for (pairs, other) in pairs.into_iter().zip(others) {
            let unlike = || NotComparable::Sections(baseline.name.into(), other.name.into());
            against.push(
                pairs
                    .judged(baseline, other, &judge, &mut doubts)
                    .ok_or_else(unlike)?,
            );
        }
        let replications = baseline.summary.replications;
        let wanted = question.precision;
        Ok(Self {
            schema: SCHEMA,
            manifest: ComparisonManifest {
                version: version.to_owned(),
                scenarios: candidates.iter().map(Candidate::digest).collect(),
                seed: baseline.summary.manifest.seed,
            },
            replications,
            window: baseline.summary.window.clone(),
            level: LEVEL,
            level_of_each: judge.level,
            comparisons: word(comparisons),
            same_within: question.same_within,
            baseline: baseline.name.to_owned(),
            precision: wanted.map(|wanted| DifferencePrecision::of(&against, wanted, replications)),
            against,
            slo: promises(candidates),
            warnings: warnings(candidates, &doubts),
        })
    }

    /// How many replications to go on to from those that there are; `None` when the precision is
    /// reached, was not asked for, or no more may be made.
    pub fn next_replications(&self, most: u64) -> Option<u64> {
        let precision = self.precision.as_ref()?;
        if precision.reached || self.replications >= most {
            return None;
        }
        let needed = precision.needed_replications;
        Some(next_total(self.replications, needed, most))
    }

    /// The JSON that scripts rely on, indented, with a newline at its end.
    ///
    /// # Panics
    /// Never: every key is a string and every number that is not finite becomes `null`.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }
}

impl Candidate<'_> {
    fn digest(&self) -> NamedDigest {
        NamedDigest {
            name: self.name.to_owned(),
            digest: self.summary.manifest.scenario.clone(),
        }
    }

    fn series(&self, place: Option<usize>) -> Option<&Series> {
        let series = self.summary.series.as_ref()?;
        match place {
            Some(place) => series.functions.get(place),
            None => Some(&series.totals),
        }
    }
}

/// What judges differences.
struct Judge {
    sections: Sections,
    level: f64,
    same_within: f64,
}

/// A metric of a function in both, section by section.
struct Pair<'a> {
    function: Option<&'a str>,
    metric: &'static str,
    baseline: &'a [(f64, f64)],
    other: &'a [(f64, f64)],
}

/// What can be paired, and what cannot.
struct Pairs<'a> {
    coupling: Coupling,
    only_in_baseline: Vec<String>,
    only_here: Vec<String>,
    found: Vec<Pair<'a>>,
    left_out: Vec<LeftOut>,
}

impl<'a> Pairs<'a> {
    fn of(baseline: &'a Candidate<'a>, other: &'a Candidate<'a>, question: &Question) -> Self {
        let places: BTreeMap<&str, usize> = names(other.scenario).zip(0..).collect();
        let first: BTreeSet<&str> = names(baseline.scenario).collect();
        let matched: Vec<(usize, usize)> = names(baseline.scenario)
            .enumerate()
            .filter_map(|(place, name)| Some((place, *places.get(name)?)))
            .collect();
        let mut pairs = Self {
            coupling: coupling(baseline, other, &matched),
            only_in_baseline: names(baseline.scenario)
                .filter(|name| !places.contains_key(name))
                .map(str::to_owned)
                .collect(),
            only_here: names(other.scenario)
                .filter(|name| !first.contains(name))
                .map(str::to_owned)
                .collect(),
            found: Vec::new(),
            left_out: Vec::new(),
        };
        let is_single =
            baseline.scenario.functions.len() == 1 && other.scenario.functions.len() == 1;
        let is_alone = is_single && matched.len() == 1;
        for (metric, _) in METRICS {
            if !question.metrics.iter().any(|asked| asked == metric) {
                continue;
            }
            // A single function is its own total.
            if !is_alone {
                pairs.add(metric, None, baseline.series(None), other.series(None));
            }
            if question.scope == Scope::Together && !is_alone {
                continue;
            }
            for (here, there) in &matched {
                let name = Some(baseline.scenario.functions[*here].name.as_str());
                let (one, two) = (baseline.series(Some(*here)), other.series(Some(*there)));
                pairs.add(metric, name, one, two);
            }
        }
        pairs
    }

    fn add(
        &mut self,
        metric: &'static str,
        function: Option<&'a str>,
        baseline: Option<&'a Series>,
        other: Option<&'a Series>,
    ) {
        let get = |series: Option<&'a Series>| series.and_then(|series| series.get(metric));
        let seen = |pairs: &[(f64, f64)]| pairs.iter().any(|pair| pair.1 > 0.0);
        let why = match (get(baseline), get(other)) {
            (Some(baseline), Some(other)) if seen(baseline) && seen(other) => {
                self.found.push(Pair {
                    function,
                    metric,
                    baseline,
                    other,
                });
                return;
            }
            (Some(_), Some(_)) => "nothing of it was seen in one of them",
            _ if metric.starts_with("cost") => "the price book does not know the region",
            _ => "some replication or batch has too few observations for this quantile",
        };
        self.left_out.push(LeftOut {
            function: function.map(str::to_owned),
            metric: metric.to_owned(),
            why,
        });
    }

    /// `None` when the sections do not match.
    fn judged(
        self,
        baseline: &Candidate<'_>,
        other: &Candidate<'_>,
        judge: &Judge,
        doubts: &mut BTreeMap<&'static str, Doubt>,
    ) -> Option<Against> {
        if baseline.summary.window.method != other.summary.window.method {
            return None;
        }
        let mut differences = Vec::with_capacity(self.found.len());
        for pair in &self.found {
            let (difference, doubt) = judge.difference(pair)?;
            differences.extend(difference);
            if let (Some(doubt), None) = (doubt, pair.function) {
                doubts.insert(pair.metric, doubt);
            }
        }
        Some(Against {
            name: other.name.to_owned(),
            coupling: self.coupling,
            only_in_baseline: self.only_in_baseline,
            only_here: self.only_here,
            differences,
            left_out: self.left_out,
        })
    }
}

impl Judge {
    fn difference(&self, pair: &Pair<'_>) -> Option<(Option<Difference>, Option<Doubt>)> {
        let order = match self.sections {
            Sections::Batches => Order::Consecutive,
            Sections::Replications | Sections::Whole => Order::Independent,
        };
        let found = compare_quotients(pair.other, pair.baseline, order, self.level).ok()?;
        let Some(Quotients {
            difference,
            ratio,
            variance_share,
            doubt,
        }) = found
        else {
            return Some((None, None));
        };
        let method = if pair
            .baseline
            .iter()
            .all(|pair| pair.1.to_bits() == 1_f64.to_bits())
        {
            self.sections.mean()
        } else {
            self.sections.ratio()
        };
        let baseline = quotient(pair.baseline, method);
        let difference = Difference {
            function: pair.function.map(str::to_owned),
            metric: pair.metric.to_owned(),
            verdict: verdict(&difference, self.same_within * baseline.point.abs()),
            baseline,
            value: quotient(pair.other, method),
            difference,
            ratio,
            variance_share,
        };
        Some((Some(difference), doubt))
    }
}

fn verdict(difference: &Estimate, same: f64) -> Verdict {
    let (Some(low), Some(high)) = (difference.low, difference.high) else {
        return Verdict::Unclear;
    };
    if low >= -same && high <= same {
        Verdict::Same
    } else if high < 0.0 {
        Verdict::Better
    } else if low > 0.0 {
        Verdict::Worse
    } else {
        Verdict::Unclear
    }
}

fn names(scenario: &Scenario) -> impl Iterator<Item = &str> {
    scenario.functions.iter().map(|f| f.name.as_str())
}

fn coupling(
    baseline: &Candidate<'_>,
    other: &Candidate<'_>,
    matched: &[(usize, usize)],
) -> Coupling {
    let count = |alike: fn(&Function, &Function) -> bool| {
        let pairs = matched.iter();
        let alike = pairs.filter(|(here, there)| {
            alike(
                &baseline.scenario.functions[*here],
                &other.scenario.functions[*there],
            )
        });
        word(alike.count())
    };
    let functions = word(matched.len());
    let arrivals = count(|one, two| one.arrivals == two.arrivals);
    let durations = count(|one, two| one.duration == two.duration);
    let inits = count(|one, two| one.init == two.init);
    let replications = baseline.summary.replications;
    Coupling {
        functions,
        arrivals,
        durations,
        inits,
        equal_streams: (arrivals + durations + inits) * replications,
        shared_streams: 3 * functions * replications,
    }
}

fn promises(candidates: &[Candidate<'_>]) -> Vec<Promises> {
    let promised = candidates.iter().filter(|one| !one.summary.slo.is_empty());
    promised
        .map(|one| Promises {
            name: one.name.to_owned(),
            verdicts: one.summary.slo.clone(),
        })
        .collect()
}

/// The doubts of every summary, each once, and those of the pairing.
fn warnings(candidates: &[Candidate<'_>], doubts: &BTreeMap<&'static str, Doubt>) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    // What correlates or has too few samples is judged anew, for the differences.
    let is_kept = |warning: &&Warning| {
        !matches!(
            warning,
            Warning::TooFewSamples { .. }
                | Warning::CorrelatedBatches { .. }
                | Warning::NonStationary { .. }
        )
    };
    for candidate in candidates {
        for warning in candidate.summary.warnings.iter().filter(is_kept) {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
    }
    let named = |wanted: Doubt| {
        let metrics = doubts.iter().filter(|(_, doubt)| **doubt == wanted);
        let metrics: Vec<&str> = metrics.map(|(metric, _)| *metric).collect();
        (!metrics.is_empty()).then(|| metrics.join(", "))
    };
    let drifting = named(Doubt::Drifting);
    warnings.extend(drifting.map(|metric| Warning::NonStationary { metric }));
    let correlated = named(Doubt::Correlated);
    warnings.extend(correlated.map(|metric| Warning::CorrelatedBatches { metric }));
    warnings
}
