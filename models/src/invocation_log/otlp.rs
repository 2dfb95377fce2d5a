//! OpenTelemetry's JSON export: spans and metrics with the `faas.*` words of its semantic conventions
//! (status: development).

use serde_json::Value;

use super::google::joined;
use super::source::{amount_of, megabytes};
use super::{InitHistogram, InvocationLog, LoggedInvocation, Omission, Status};

/// Reads a document of resource spans and resource metrics.
pub(super) fn read(document: &Value, log: &mut InvocationLog) {
    for resource in items(document, "resourceSpans") {
        let outer = resource.pointer("/resource/attributes");
        for scope in items(resource, "scopeSpans") {
            for span in items(scope, "spans") {
                log.records += 1;
                match invocation(span, outer) {
                    Some(invocation) => log.invocations.push(invocation),
                    None => log.omit(Omission::OtherRecord),
                }
            }
        }
    }
    for resource in items(document, "resourceMetrics") {
        let outer = resource.pointer("/resource/attributes");
        for scope in items(resource, "scopeMetrics") {
            for metric in items(scope, "metrics") {
                log.records += 1;
                if metric.get("name").and_then(Value::as_str) == Some("faas.init_duration") {
                    histograms(metric, outer, log);
                } else {
                    log.omit(Omission::OtherRecord);
                }
            }
        }
    }
}

/// An invocation is a span that says whether it was cold.
fn invocation(span: &Value, outer: Option<&Value>) -> Option<LoggedInvocation> {
    let own = span.get("attributes");
    let find = |key: &str| attribute(own, key).or_else(|| attribute(outer, key));
    let cold = find("faas.coldstart")?.get("boolValue")?.as_bool()?;
    // Whole numbers: a float of this size is only good to a quarter of a microsecond.
    let nanoseconds = |key: &str| -> Option<u64> {
        let value = span.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let start = nanoseconds("startTimeUnixNano")?;
    let end = nanoseconds("endTimeUnixNano")?;
    let took_ms = crate::math::to_f64(end.checked_sub(start)?) / 1e6;
    let text = |key: &str| find(key)?.get("stringValue")?.as_str().map(str::to_owned);
    let bytes = find("faas.max_memory").and_then(|value| amount_of(value.get("intValue")?));
    let failed = span.pointer("/status/code").and_then(Value::as_u64) == Some(2);
    Some(LoggedInvocation {
        end_ms: Some(crate::math::to_f64(end) / 1e6),
        instance: text("faas.instance"),
        function: text("faas.name").or_else(|| text("service.name")),
        request: text("faas.invocation_id"),
        cold: Some(cold),
        duration_ms: Some(took_ms),
        memory_mb: bytes
            .map(|bytes| bytes / f64::from(1 << 20))
            .and_then(megabytes),
        status: if failed {
            Status::Error
        } else {
            Status::Success
        },
        ..LoggedInvocation::default()
    })
}

fn histograms(metric: &Value, outer: Option<&Value>, log: &mut InvocationLog) {
    // The convention's unit is the second.
    let scale = match metric.get("unit").and_then(Value::as_str) {
        Some("ms") => 1.0,
        _ => 1e3,
    };
    let points = metric
        .pointer("/histogram/dataPoints")
        .and_then(Value::as_array);
    for point in points.into_iter().flatten() {
        let list = |key: &str| point.get(key).and_then(Value::as_array);
        let bounds: Vec<f64> = list("explicitBounds")
            .into_iter()
            .flatten()
            .filter_map(amount_of)
            .map(|bound| bound * scale)
            .collect();
        let cells = list("bucketCounts")
            .map(|counts| joined(&bounds, counts))
            .unwrap_or_default();
        if cells.is_empty() {
            log.omit(Omission::NoTime);
            continue;
        }
        let name = attribute(point.get("attributes"), "faas.name")
            .or_else(|| attribute(outer, "faas.name"))
            .or_else(|| attribute(outer, "service.name"));
        log.histograms.push(InitHistogram {
            function: name
                .and_then(|value| value.get("stringValue")?.as_str())
                .map(str::to_owned),
            cells,
        });
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn attribute<'a>(attributes: Option<&'a Value>, key: &str) -> Option<&'a Value> {
    let is = |item: &&Value| item.get("key").and_then(Value::as_str) == Some(key);
    attributes?.as_array()?.iter().find(is)?.get("value")
}
