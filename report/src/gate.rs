//! Pairs of measured runs → a verdict on the change: slower, faster, same within a tolerance, unclear.
//!
//! A [`Trial`] takes pairs as they are measured and tells when enough is known; [`Trial::report`] is
//! the result. Each (condition, deciding metric) is one comparison with a
//! [test](frostline_stats::gate) of its own; the error that was asked for is shared among them, so
//! that the chance that *any* of their verdicts is wrong is at most that. Metrics that do not decide
//! are reported at the same level, each for itself.

use std::collections::BTreeMap;

use frostline_models::math::{count_to_f64, word};
use frostline_models::measurement::{Condition, Machine, Outcome, Run, TargetDescription};
use frostline_stats::estimate::Estimate;
use frostline_stats::gate::{Standing, Test, TestError};
use frostline_stats::quantile;
use serde::Serialize;

use crate::measured::label::labels;

mod baseline;
mod junit;
mod markdown;
mod metric;
mod text;
mod trackers;

pub use baseline::{Baseline, BaselineError, CheckReport, Entry};
pub use frostline_stats::gate::Verdict;
pub use metric::Metric;

/// Share of pairs that may fail before nothing is concluded from the others.
const FAILED_MAX: f64 = 0.1;

/// Processors kept busy by others, on average, from which on the machine is called busy.
const BUSY: f64 = 0.5;

/// What is compared, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Version of the program.
    pub version: String,
    /// Names the order within pairs.
    pub seed: u64,
    /// The base.
    pub base: TargetDescription,
    /// The change.
    pub change: TargetDescription,
    /// The machine.
    pub machine: Machine,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The metrics that decide.
    pub deciding: Vec<Metric>,
    /// Share up to which both are called the same.
    pub tolerance: f64,
    /// Chance that any verdict is wrong.
    pub error: f64,
    /// Pairs of a condition at most.
    pub pairs_max: u32,
}

/// A comparison that goes on.
#[derive(Debug, Clone)]
pub struct Trial {
    plan: Plan,
    arenas: Vec<Arena>,
}

/// One condition: its tests and what they were fed with.
#[derive(Debug, Clone)]
struct Arena {
    comparisons: Vec<Comparison>,
    pairs: u64,
    failed: u64,
    failures: Vec<String>,
    /// Processors that others kept busy, a run.
    busy: Vec<f64>,
    warnings: BTreeMap<String, u64>,
}

#[derive(Debug, Clone)]
struct Comparison {
    metric: Metric,
    decides: bool,
    test: Test,
    base: Vec<f64>,
    change: Vec<f64>,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Every comparison that decides has a verdict.
    Decided,
    /// There were as many pairs as was allowed.
    MaxPairs,
    /// It took as long as was allowed.
    MaxTime,
}

/// The result of a gate, `frostline/gate/1`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GateReport {
    /// `frostline/gate/1`.
    pub schema: &'static str,
    /// What identifies it.
    pub manifest: GateManifest,
    /// The verdict on everything: slower when anything is, else unclear when anything is, else
    /// faster when anything is.
    pub verdict: Verdict,
    /// Why it ended.
    pub ended: Ending,
    /// The base.
    pub base: TargetDescription,
    /// The change.
    pub change: TargetDescription,
    /// The machine.
    pub machine: Machine,
    /// How it was compared.
    pub method: GateMethod,
    /// One entry a condition.
    pub conditions: Vec<GateCondition>,
    /// Doubts about all of it; sentences.
    pub warnings: Vec<String>,
}

/// What identifies the result of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateManifest {
    /// The version of the program that measured.
    pub version: String,
    /// The seed of the order.
    pub seed: u64,
}

/// How base and change were compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GateMethod {
    /// Share up to which both are called the same.
    pub tolerance: f64,
    /// Chance that any verdict is wrong.
    pub error: f64,
    /// Comparisons that decide, among which the error is shared.
    pub comparisons: u64,
    /// Pairs of a condition at most.
    pub pairs_max: u32,
    /// The probability with which an effect of `detectable` is found.
    pub power: f64,
}

/// One condition of a gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateCondition {
    /// What tells it from the others, in words.
    pub label: String,
    /// The condition.
    pub condition: Condition,
    /// The worst verdict of its metrics that decide.
    pub verdict: Verdict,
    /// Pairs that were measured.
    pub pairs: u64,
    /// Pairs of which a run failed; they are left out.
    pub failed_pairs: u64,
    /// The metrics; those that decide first.
    pub metrics: Vec<GateMetric>,
    /// What failed runs told, each once.
    pub failures: Vec<String>,
    /// Doubts; sentences.
    pub warnings: Vec<String>,
}

/// One metric of a condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateMetric {
    /// The metric.
    pub metric: Metric,
    /// The unit of `base` and `change`; empty for counts.
    pub unit: &'static str,
    /// Whether the verdict rests on it.
    pub decides: bool,
    /// Verdict, effect and what could have been found.
    #[serde(flatten)]
    pub standing: Standing,
    /// The base's median.
    pub base: Option<Estimate>,
    /// The change's median.
    pub change: Option<Estimate>,
}

impl Trial {
    /// A trial before its first pair.
    ///
    /// # Errors
    /// [`TestError`] for a tolerance or an error that make no test.
    pub fn new(plan: Plan) -> Result<Self, TestError> {
        let shares = plan.deciding.len().max(1) * plan.conditions.len().max(1);
        // The error that was asked for is checked, not the share of it that a comparison gets.
        Test::new(plan.tolerance, plan.error)?;
        let test = Test::new(plan.tolerance, plan.error / count_to_f64(shares))?;
        let others = Metric::ALL.into_iter();
        let others = others.filter(|metric| !plan.deciding.contains(metric));
        let comparisons: Vec<Comparison> = plan
            .deciding
            .iter()
            .map(|metric| (*metric, true))
            .chain(others.map(|metric| (metric, false)))
            .map(|(metric, decides)| Comparison {
                metric,
                decides,
                test: test.clone(),
                base: Vec::new(),
                change: Vec::new(),
            })
            .collect();
        let arena = Arena {
            comparisons,
            pairs: 0,
            failed: 0,
            failures: Vec::new(),
            busy: Vec::new(),
            warnings: BTreeMap::new(),
        };
        let arenas = vec![arena; plan.conditions.len()];
        Ok(Self { plan, arenas })
    }

    /// Takes a pair: the runs of each side, several where instances start at once.
    ///
    /// # Panics
    /// When there is no such condition.
    pub fn add(&mut self, condition: usize, base: &[Run], change: &[Run]) {
        let arena = &mut self.arenas[condition];
        arena.pairs += 1;
        let mut failed = false;
        for run in base.iter().chain(change) {
            arena.busy.extend(run.noise.others_busy);
            for warning in &run.warnings {
                *arena.warnings.entry(warning.clone()).or_insert(0) += 1;
            }
            if run.outcome != Outcome::Ready {
                failed = true;
                let detail = run.detail.as_deref().unwrap_or("nothing is known about it");
                let told = format!("{}: {detail}", run.outcome.name());
                if arena.failures.len() < 5 && !arena.failures.contains(&told) {
                    arena.failures.push(told);
                }
            }
        }
        if failed {
            arena.failed += 1;
            return;
        }
        for comparison in &mut arena.comparisons {
            let metric = comparison.metric;
            if let (Some(base), Some(change)) = (metric.of(base), metric.of(change)) {
                comparison.add(base, change);
            }
        }
    }

    /// Whether every metric that decides has a verdict under a condition.
    ///
    /// # Panics
    /// When there is no such condition.
    pub fn is_decided(&self, condition: usize) -> bool {
        let arena = &self.arenas[condition];
        let mut deciding = arena.comparisons.iter().filter(|known| known.decides);
        deciding.all(|comparison| comparison.test.verdict() != Verdict::Unclear)
    }

    /// Whether nothing but failures was seen under a condition, `pairs` times or more.
    ///
    /// # Panics
    /// When there is no such condition.
    pub fn is_hopeless(&self, condition: usize, pairs: u64) -> Option<&str> {
        let arena = &self.arenas[condition];
        let hopeless = arena.failed >= pairs && arena.failed == arena.pairs;
        hopeless.then(|| arena.failures.first().map_or("", String::as_str))
    }

    /// What is known.
    pub fn report(&self, ended: Ending) -> GateReport {
        let plan = &self.plan;
        let labels = labels(&plan.conditions);
        let conditions: Vec<GateCondition> = plan
            .conditions
            .iter()
            .zip(labels)
            .zip(&self.arenas)
            .map(|((condition, label), arena)| arena.summed_up(condition.clone(), label))
            .collect();
        let verdict = worst(conditions.iter().map(|condition| condition.verdict));
        GateReport {
            schema: "frostline/gate/1",
            manifest: GateManifest {
                version: plan.version.clone(),
                seed: plan.seed,
            },
            verdict,
            ended,
            base: plan.base.clone(),
            change: plan.change.clone(),
            machine: plan.machine.clone(),
            method: GateMethod {
                tolerance: plan.tolerance,
                error: plan.error,
                comparisons: word(plan.deciding.len() * plan.conditions.len()),
                pairs_max: plan.pairs_max,
                power: frostline_stats::gate::POWER,
            },
            conditions,
            warnings: self.doubts(),
        }
    }

    fn doubts(&self) -> Vec<String> {
        let busy: Vec<f64> = self
            .arenas
            .iter()
            .flat_map(|arena| arena.busy.iter().copied())
            .collect();
        let mean = busy.iter().sum::<f64>() / count_to_f64(busy.len().max(1));
        let mut doubts = Vec::new();
        if mean > BUSY {
            doubts.push(format!(
                "Others kept {mean:.1} of {} processors busy meanwhile. The verdict allows for that; \
                 it takes more pairs.",
                self.plan.machine.cores
            ));
        }
        doubts
    }
}

impl Comparison {
    fn add(&mut self, base: f64, change: f64) {
        if self.test.add(base, change) {
            self.base.push(base);
            self.change.push(change);
        }
    }

    fn summed_up(&self) -> Option<GateMetric> {
        let median = |values: &[f64]| {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            quantile::of_sorted(&sorted, 0.5)
        };
        (self.decides || self.test.pairs() > 0).then(|| GateMetric {
            metric: self.metric,
            unit: self.metric.unit(),
            decides: self.decides,
            standing: self.test.standing(),
            base: median(&self.base),
            change: median(&self.change),
        })
    }
}

impl Arena {
    fn summed_up(&self, condition: Condition, label: String) -> GateCondition {
        let metrics: Vec<GateMetric> = self
            .comparisons
            .iter()
            .filter_map(Comparison::summed_up)
            .collect();
        let deciding = metrics.iter().filter(|metric| metric.decides);
        let mut verdict = worst(deciding.map(|metric| metric.standing.verdict));
        let mut warnings: Vec<String> = Vec::new();
        if self.failed > 0 {
            warnings.push(format!(
                "{} of {} pairs had a failed run and are left out.",
                self.failed, self.pairs
            ));
        }
        let failed = frostline_models::math::to_f64(self.failed);
        if failed > FAILED_MAX * frostline_models::math::to_f64(self.pairs) {
            warnings.push(
                "So many failed that nothing is concluded from the others; what starts and what \
                 fails need not be alike."
                    .to_owned(),
            );
            verdict = Verdict::Unclear;
        }
        for metric in metrics.iter().filter(|metric| metric.decides) {
            if metric.standing.effect.n == 0 && self.failed < self.pairs {
                warnings.push(format!(
                    "No run told its `{}`, which was to decide.",
                    metric.metric.name()
                ));
            }
        }
        warnings.extend(self.told());
        GateCondition {
            label,
            condition,
            verdict,
            pairs: self.pairs,
            failed_pairs: self.failed,
            metrics,
            failures: self.failures.clone(),
            warnings,
        }
    }

    /// Warnings of runs; those that differ by their numbers alone are told once.
    fn told(&self) -> Vec<String> {
        let mut once: BTreeMap<String, (String, u64)> = BTreeMap::new();
        for (warning, times) in &self.warnings {
            let key: String = warning.chars().filter(|c| !c.is_ascii_digit()).collect();
            once.entry(key).or_insert_with(|| (warning.clone(), 0)).1 += times;
        }
        let runs = 2 * self.pairs;
        let told = once.into_values().map(|(warning, times)| {
            if times < runs {
                format!("{warning} ({times} of {runs} runs)")
            } else {
                warning
            }
        });
        told.collect()
    }
}

/// The worst of some verdicts; unclear where there are none.
fn worst(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut seen: Option<Verdict> = None;
    for verdict in verdicts {
        seen = Some(match (seen, verdict) {
            (None, verdict) => verdict,
            (Some(Verdict::Slower), _) | (_, Verdict::Slower) => Verdict::Slower,
            (Some(Verdict::Unclear), _) | (_, Verdict::Unclear) => Verdict::Unclear,
            (Some(Verdict::Faster), _) | (_, Verdict::Faster) => Verdict::Faster,
            (Some(Verdict::Same), Verdict::Same) => Verdict::Same,
        });
    }
    seen.unwrap_or(Verdict::Unclear)
}

impl GateReport {
    /// Pretty JSON with a newline at its end.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }
}
