//! The one grammar of metrics: `[function:] metric op value`.
//!
//! `[[slo]]`, `--slo` and `gate assert` all read it: `checkout: p99 <= 300 ms`, `cold_ratio < 0.5 %`,
//! `cost <= 120 USD`.

use std::ops::Range;

use serde::Serialize;

use crate::suggest::nearest;
use crate::units::{SimDuration, parse_share};

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

impl Operator {
    /// Whether a value keeps the promise.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
        }
    }

    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// An assertion that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{title}")]
pub struct AssertionError {
    /// What is wrong and what was expected.
    pub title: String,
    /// The bytes of the assertion that are wrong.
    pub range: Range<usize>,
    /// What to type instead.
    pub help: Option<String>,
}

/// What a metric is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Milliseconds,
    Share,
    Usd,
    Plain,
}

/// Short names and the paths that they stand for.
const ALIASES: [(&str, &str); 7] = [
    ("p50", "latency_ms.p50"),
    ("p90", "latency_ms.p90"),
    ("p95", "latency_ms.p95"),
    ("p99", "latency_ms.p99"),
    ("p999", "latency_ms.p999"),
    ("max", "latency_ms.max"),
    ("cost", "cost_usd_month.total"),
];

/// Every metric, as a path of the JSON output, by its unit.
const METRICS: [(Unit, &[&str]); 4] = [
    (
        Unit::Milliseconds,
        &[
            "latency_ms.mean",
            "latency_ms.p50",
            "latency_ms.p90",
            "latency_ms.p95",
            "latency_ms.p99",
            "latency_ms.p999",
            "latency_ms.max",
            "init_ms.mean",
            "init_ms.p50",
            "init_ms.p90",
            "init_ms.p95",
            "init_ms.p99",
            "init_ms.p999",
            "init_ms.max",
        ],
    ),
    (Unit::Share, &["cold_ratio", "throttle_ratio"]),
    (
        Unit::Usd,
        &[
            "cost_usd_month.total",
            "cost_usd.requests",
            "cost_usd.compute",
            "cost_usd.provisioned",
            "cost_usd.egress",
            "cost_usd.other",
            "cost_usd.total",
        ],
    ),
    (
        Unit::Plain,
        &[
            "requests",
            "invocations",
            "cold_starts",
            "spillovers",
            "throttles",
            "dropped",
            "errors",
            "timeouts",
            "instances.mean_alive",
            "instances.mean_busy",
            "instances.mean_idle",
            "instances.peak",
            "billed.gb_seconds",
            "billed.provisioned_gb_seconds",
            "billed.idle_gb_seconds",
        ],
    ),
];

impl Assertion {
    /// Reads `[function:] metric op value`.
    ///
    /// # Errors
    /// When the text does not have that form, the metric is unknown, or the value has the wrong
    /// unit.
    ///
    /// ```
    /// use frostline_models::metric::Assertion;
    /// let promise = Assertion::parse("checkout: p99 <= 0.3 s").unwrap();
    /// assert_eq!((promise.metric.as_str(), promise.bound), ("latency_ms.p99", 300.0));
    /// ```
    pub fn parse(text: &str) -> Result<Self, AssertionError> {
        let form = || AssertionError {
            title: "expected `[function:] metric op value`".to_owned(),
            range: 0..text.len(),
            help: Some("write for example \"checkout: p99 <= 300 ms\"".to_owned()),
        };
        let sign = text.find(['<', '>', '=']).ok_or_else(form)?;
        let (operator, length) = match text.as_bytes()[sign..] {
            [b'<', b'=', ..] => (Operator::LessOrEqual, 2),
            [b'>', b'=', ..] => (Operator::GreaterOrEqual, 2),
            [b'<', ..] => (Operator::Less, 1),
            [b'>', ..] => (Operator::Greater, 1),
            _ => {
                return Err(AssertionError {
                    title: "expected one of <, <=, > and >=".to_owned(),
                    range: sign..sign + 1,
                    help: Some("estimates are never equal to a number: use a bound".to_owned()),
                });
            }
        };
        let left = &text[..sign];
        let (function, metric_start) = match left.rfind(':') {
            Some(colon) => (Some(left[..colon].trim()), colon + 1),
            None => (None, 0),
        };
        if function.is_some_and(str::is_empty) {
            return Err(form());
        }
        let (metric, unit) = known_metric(&left[metric_start..], metric_start)?;
        let bound = bound(&text[sign + length..], sign + length, metric, unit)?;
        Ok(Self {
            function: function.map(str::to_owned),
            metric: metric.to_owned(),
            operator,
            bound,
            text: text.to_owned(),
        })
    }
}

/// The path of a metric that is an estimate, by its path or alias: not a count, a maximum or a peak.
///
/// # Errors
/// When there is no such metric, or it is no estimate.
pub fn estimated(name: &str) -> Result<&'static str, AssertionError> {
    let (path, _) = known_metric(name, 0)?;
    let (_, name) = path.rsplit_once('.').unwrap_or(("", path));
    let is_plain = name == "max" || name == "peak";
    let is_count = !path.contains('.') && !path.ends_with("_ratio");
    if is_plain || is_count {
        return Err(AssertionError {
            title: format!("`{path}` is no estimate: it has no interval that could be precise"),
            range: inner(name, 0),
            help: Some("name for example `cold_ratio` or `latency_ms.p99`".to_owned()),
        });
    }
    Ok(path)
}

/// The bytes of `part` that are not blank, where `part` starts at `offset`.
fn inner(part: &str, offset: usize) -> Range<usize> {
    let start = offset + (part.len() - part.trim_start().len());
    start..(start + part.trim().len()).max(start)
}

fn known_metric(part: &str, offset: usize) -> Result<(&'static str, Unit), AssertionError> {
    let name = part.trim();
    let path = ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, path)| path);
    for (unit, paths) in METRICS {
        if let Some(found) = paths.iter().find(|known| **known == path) {
            return Ok((found, unit));
        }
    }
    let aliases = ALIASES.iter().map(|(alias, _)| *alias);
    let paths = METRICS.iter().flat_map(|(_, paths)| paths.iter().copied());
    Err(AssertionError {
        title: format!("there is no metric `{name}`"),
        range: inner(part, offset),
        help: Some(match nearest(name, aliases.chain(paths)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "use a path of the JSON output, such as `latency_ms.p99`, or p50, p90, p95, \
                     p99, p999, cold_ratio, throttle_ratio or cost"
                .to_owned(),
        }),
    })
}

fn bound(part: &str, offset: usize, metric: &str, unit: Unit) -> Result<f64, AssertionError> {
    let value = part.trim();
    let error = |expected: &str| AssertionError {
        title: format!("`{metric}` is compared with {expected}, found `{value}`"),
        range: inner(part, offset),
        help: None,
    };
    let plain = |text: &str| {
        let number: f64 = text.trim().replace('_', "").parse().ok()?;
        number.is_finite().then_some(number)
    };
    match unit {
        Unit::Milliseconds => SimDuration::parse(value)
            .map(SimDuration::as_millis_f64)
            .map_err(|_| error("a duration such as \"300 ms\"")),
        Unit::Share => parse_share(value).map_err(|_| error("a share such as \"0.5 %\" or 0.005")),
        Unit::Usd => plain(value.strip_suffix("USD").unwrap_or(value))
            .ok_or_else(|| error("an amount such as \"120 USD\"")),
        Unit::Plain => plain(value).ok_or_else(|| error("a plain number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_units_and_functions_are_read() {
        for (text, function, metric, bound) in [
            (
                "checkout: p99 <= 300 ms",
                Some("checkout"),
                "latency_ms.p99",
                300.0,
            ),
            ("cold_ratio < 0.5 %", None, "cold_ratio", 0.005),
            ("cost<=120 USD", None, "cost_usd_month.total", 120.0),
            (
                "a:b: instances.peak > 3",
                Some("a:b"),
                "instances.peak",
                3.0,
            ),
        ] {
            let read = Assertion::parse(text).unwrap();
            assert_eq!(read.function.as_deref(), function);
            assert_eq!(read.metric, metric);
            assert!((read.bound - bound).abs() < 1e-12, "{text}: {}", read.bound);
        }
    }

    #[test]
    fn only_estimates_can_be_precise() {
        assert_eq!(estimated("p99").unwrap(), "latency_ms.p99");
        assert_eq!(estimated("cold_ratio").unwrap(), "cold_ratio");
        for plain in ["requests", "max", "instances.peak", "p98"] {
            assert!(estimated(plain).is_err(), "{plain}");
        }
    }

    #[test]
    fn mistakes_point_at_their_bytes() {
        for (text, wrong) in [
            ("p98 <= 300 ms", "p98"),
            ("p99 <= 300", "300"),
            ("f: cold_ratio < 5 ms ", "5 ms"),
            ("cost == 3 USD", "="),
            ("nonsense", "nonsense"),
        ] {
            let error = Assertion::parse(text).unwrap_err();
            assert_eq!(&text[error.range], wrong);
        }
    }
}
