//! Verdicts on promises, with the interval in mind.

use frostline_models::metric::{Assertion, Operator};
use serde::Serialize;
use serde_json::Value;

use crate::summary::FunctionSummary;

/// Whether a promise is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval keeps it.
    Pass,
    /// The interval reaches to both sides of the bound, there is no interval, or nothing was seen.
    Unclear,
    /// No part of the interval keeps it.
    Fail,
}

/// The verdict on one assertion.
///
/// An assertion that names no function is about each one that got a request; its verdict is the
/// worst of theirs. Plain numbers (counts, `max`, `peak`) are compared as they are. An estimate
/// without interval (one short run) is always [`Verdict::Unclear`], since a point alone cannot tell
/// on which side of the bound the truth lies.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SloVerdict {
    /// The assertion as written.
    pub assert: String,
    /// The worst verdict of the functions it is about.
    pub verdict: Verdict,
    /// The function that gave that verdict, the one furthest beyond the bound among equals; `None`
    /// when the assertion is about none.
    pub function: Option<String>,
    /// The metric as a path of this JSON.
    pub metric: String,
    /// What that function's metric is; `None` when nothing was seen.
    pub observed: Option<Observation>,
    /// The bound, in the metric's unit.
    pub bound: f64,
    /// How many functions keep the promise.
    pub passed: u64,
    /// How many functions neither keep nor break it for certain.
    pub unclear: u64,
    /// How many functions break it.
    pub failed: u64,
}

/// The value that a bound was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Observation {
    /// The estimate, or the plain number.
    pub point: f64,
    /// Lower end of its interval; equal to the point for plain numbers.
    pub low: Option<f64>,
    /// Upper end of its interval; equal to the point for plain numbers.
    pub high: Option<f64>,
}

pub(crate) fn judge(assertions: &[Assertion], functions: &[FunctionSummary]) -> Vec<SloVerdict> {
    let mut judgements: Vec<Judgement<'_>> = assertions.iter().map(Judgement::new).collect();
    if judgements.is_empty() {
        return Vec::new();
    }
    for function in functions {
        // One function's JSON at a time: that of all can be larger than the memory.
        let value = serde_json::to_value(function).unwrap_or(Value::Null);
        for judgement in &mut judgements {
            judgement.consider(function, &value);
        }
    }
    let judgements = judgements.into_iter();
    judgements.map(|judgement| judgement.verdict).collect()
}

/// An assertion while functions are looked at.
struct Judgement<'a> {
    assertion: &'a Assertion,
    metric: &'a str,
    /// The worst so far, and how far it lies beyond the bound.
    worst: Option<(Verdict, f64)>,
    verdict: SloVerdict,
}

impl<'a> Judgement<'a> {
    fn new(assertion: &'a Assertion) -> Self {
        let metric = path_of(&assertion.metric);
        Self {
            assertion,
            metric,
            worst: None,
            verdict: SloVerdict {
                assert: assertion.text.clone(),
                verdict: Verdict::Unclear,
                function: None,
                metric: metric.to_owned(),
                observed: None,
                bound: assertion.bound,
                passed: 0,
                unclear: 0,
                failed: 0,
            },
        }
    }

    fn consider(&mut self, function: &FunctionSummary, value: &Value) {
        let meant = match &self.assertion.function {
            Some(name) => *name == function.name,
            None => function.counts.requests > 0,
        };
        if !meant {
            return;
        }
        let observed = look_up(value, self.metric);
        let verdict = observed.map_or(Verdict::Unclear, |observed| {
            compare(&observed, self.assertion.operator, self.assertion.bound)
        });
        let result = &mut self.verdict;
        match verdict {
            Verdict::Pass => result.passed += 1,
            Verdict::Unclear => result.unclear += 1,
            Verdict::Fail => result.failed += 1,
        }
        let rank = (verdict, excess(observed, self.assertion));
        let worse =
            |known: (Verdict, f64)| rank.0 > known.0 || (rank.0 == known.0 && rank.1 > known.1);
        if self.worst.is_none_or(worse) {
            self.worst = Some(rank);
            result.verdict = verdict;
            result.function = Some(function.name.clone());
            result.observed = observed;
        }
    }
}

/// How far a value lies beyond its bound, for the choice of the worst function.
fn excess(observed: Option<Observation>, assertion: &Assertion) -> f64 {
    let Some(observed) = observed else {
        return f64::NEG_INFINITY;
    };
    match assertion.operator {
        Operator::Less | Operator::LessOrEqual => observed.point - assertion.bound,
        Operator::Greater | Operator::GreaterOrEqual => assertion.bound - observed.point,
    }
}

/// The path that an alias stands for; other names are paths already.
fn path_of(metric: &str) -> &str {
    match metric {
        "p50" => "latency_ms.p50",
        "p90" => "latency_ms.p90",
        "p95" => "latency_ms.p95",
        "p99" => "latency_ms.p99",
        "p999" => "latency_ms.p999",
        "cost" => "cost_usd_month.total",
        path => path,
    }
}

/// A metric of a function by its path. Counts and estimates stand side by side in the JSON.
fn look_up(function: &Value, path: &str) -> Option<Observation> {
    let mut value = function;
    for key in path.split('.') {
        value = value.get(key)?;
    }
    if let Some(number) = value.as_f64() {
        return Some(Observation {
            point: number,
            low: Some(number),
            high: Some(number),
        });
    }
    let part = |key| value.get(key).and_then(Value::as_f64);
    let point = part("point")?;
    // An upper bound leaves open how small the value is, but not below its point, which is zero.
    let upper_bound = value.get("method").and_then(Value::as_str) == Some("upper-bound");
    Some(Observation {
        point,
        low: part("low").or(upper_bound.then_some(point)),
        high: part("high"),
    })
}

fn compare(observed: &Observation, operator: Operator, bound: f64) -> Verdict {
    let (Some(low), Some(high)) = (observed.low, observed.high) else {
        return Verdict::Unclear;
    };
    let keeps = |value: f64| match operator {
        Operator::Less => value < bound,
        Operator::LessOrEqual => value <= bound,
        Operator::Greater => value > bound,
        Operator::GreaterOrEqual => value >= bound,
    };
    match (keeps(low), keeps(high)) {
        (true, true) => Verdict::Pass,
        (false, false) => Verdict::Fail,
        _ => Verdict::Unclear,
    }
}
