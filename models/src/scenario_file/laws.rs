//! Laws of durations and keep-alive times out of their tables.

use crate::diagnostic::Diagnostic;
use crate::keepalive::{KeepAlive, Reuse};
use crate::law::{Law, LawError};
use crate::units::SimDuration;

use super::read;
use super::tree::{Node, Span};

/// A law; `None` when it is no valid one, which is told here or was by the check.
pub(crate) fn law(node: &Node, errors: &mut Vec<Diagnostic>) -> Option<Law> {
    // A mixture's part has its weight beside its kind.
    let (kind, entry) = node.table()?.iter().find(|(key, _)| *key != "weight")?;
    let inner = &entry.node;
    let span = |key: &str| inner.get(key).and_then(read::duration);
    let shape = || inner.get("shape").and_then(read::number);
    let made = match kind.as_str() {
        "constant" => Ok(Law::Constant(read::duration(inner)?)),
        "exponential" => Law::exponential(span("mean")?),
        "uniform" => Law::uniform(span("low")?, span("high")?),
        "log-normal" => return log_normal(inner, errors),
        "gamma" => Law::gamma(shape()?, span("mean")?),
        "weibull" => Law::weibull(shape()?, span("scale")?),
        "pareto" => Law::pareto(shape()?, span("minimum")?),
        "empirical" => {
            let points: Option<Vec<(f64, SimDuration)>> =
                inner.get("quantiles")?.items().iter().map(point).collect();
            Law::empirical(&points?)
        }
        "mixture" => {
            let parts: Vec<Option<(f64, Law)>> = inner
                .items()
                .iter()
                .map(|part| Some((part.get("weight").and_then(read::number), law(part, errors))))
                .map(|part| part.and_then(|(weight, law)| Some((weight?, law?))))
                .collect();
            let parts: Option<Vec<(f64, Law)>> = parts.into_iter().collect();
            Law::mixture(parts?)
        }
        _ => return None,
    };
    told(made, inner, errors)
}

fn log_normal(inner: &Node, errors: &mut Vec<Diagnostic>) -> Option<Law> {
    let span = |key: &str| inner.get(key).and_then(read::duration);
    let has = |key: &str| inner.get(key).is_some();
    let by_quantiles = has("median") && has("p99");
    let by_moments = has("mean") && has("standard-deviation");
    if inner.table()?.len() == 2 && by_quantiles {
        return told(
            Law::log_normal(span("median")?, span("p99")?),
            inner,
            errors,
        );
    }
    if inner.table()?.len() == 2 && by_moments {
        let made = Law::log_normal_from_moments(span("mean")?, span("standard-deviation")?);
        return told(made, inner, errors);
    }
    let title = "a log-normal law takes either `median` and `p99`, or `mean` and \
                 `standard-deviation`";
    let error = inner.span.error("scenario::law", title);
    errors.push(error.help("write `log-normal = { median = \"120 ms\", p99 = \"900 ms\" }`"));
    None
}

fn point(node: &Node) -> Option<(f64, SimDuration)> {
    match node.items() {
        [probability, value] => Some((read::share(probability)?, read::duration(value)?)),
        _ => None,
    }
}

/// Puts the labels of a law's error where they belong.
fn told(made: Result<Law, LawError>, inner: &Node, errors: &mut Vec<Diagnostic>) -> Option<Law> {
    let error = match made {
        Ok(law) => return Some(law),
        Err(error) => error,
    };
    let place = |key: &str| inner.get(key).map_or(&inner.span, |node| &node.span);
    let title = error.to_string();
    let at = |span: &Span, code| span.error(code, title.clone());
    let told = match &error {
        LawError::NotPositive { what } => at(place(what), "scenario::not-positive")
            .help("write a value greater than zero, or `constant = \"0 s\"` for no time at all"),
        LawError::Reversed { low, high } => {
            let low_span = place("low");
            at(place("high"), "scenario::range-order")
                .with(
                    low_span.source,
                    low_span.range.clone(),
                    format!("low end: {low}"),
                )
                .help(format!(
                    "swap the two values: `{{ low = \"{high}\", high = \"{low}\" }}`"
                ))
        }
        LawError::QuantileOrder { median, p99 } => {
            let median_span = place("median");
            at(place("p99"), "scenario::quantile-order")
                .with(
                    median_span.source,
                    median_span.range.clone(),
                    format!("median: {median}"),
                )
                .help(format!(
                    "swap the two values: `{{ median = \"{p99}\", p99 = \"{median}\" }}`"
                ))
        }
        LawError::QuantilesFall { index } => {
            let point = inner
                .get("quantiles")
                .and_then(|list| list.items().get(*index));
            let span = point.map_or(&inner.span, |node| &node.span);
            at(span, "scenario::quantile-order")
                .help("sort the points; probabilities must rise, and values must not fall")
        }
        LawError::TooFewQuantiles { .. } => at(place("quantiles"), "scenario::law"),
        LawError::EmptyMixture | LawError::Weight { .. } => at(&inner.span, "scenario::law"),
    };
    errors.push(told);
    None
}

/// A keep-alive time.
pub(crate) fn keep_alive(node: &Node, errors: &mut Vec<Diagnostic>) -> Option<KeepAlive> {
    let (kind, entry) = node.table()?.iter().next()?;
    let inner = &entry.node;
    match kind.as_str() {
        "fixed" => read::duration(inner).map(KeepAlive::Fixed),
        "halving" => read::duration(inner).map(KeepAlive::Halving),
        "none" => Some(KeepAlive::None),
        "forever" => Some(KeepAlive::Forever),
        "uniform" => {
            let low = inner.get("low").and_then(read::duration)?;
            let high = inner.get("high").and_then(read::duration)?;
            told(Law::uniform(low, high), inner, errors)?;
            Some(KeepAlive::Uniform { low, high })
        }
        _ => None,
    }
}

/// A reuse order.
pub(crate) fn reuse(node: &Node) -> Option<Reuse> {
    Some(match node.text()? {
        "most-recent" => Reuse::MostRecent,
        "newest" => Reuse::Newest,
        "oldest" => Reuse::Oldest,
        "random" => Reuse::Random,
        "least-recent" => Reuse::LeastRecent,
        _ => return None,
    })
}
