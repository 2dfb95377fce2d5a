//! AWS Lambda's events in JSON: the log format `JSON` and the Telemetry API, `{time, type, record}`.
//!
//! Schema versions 2022-12-13 and 2025-01-29; unknown types and missing keys are tolerated.

use serde_json::Value;

use super::sessions::{Event, Report, What};
use super::source::{amount_of, instant_of, megabytes};
use super::text;
use super::{InitKind, Status};

/// The event of a JSON object; `None` for other types and for the function's own logs.
pub(super) fn event(object: &Value) -> Option<Event> {
    let record = object.get("record")?;
    let kind = object.get("type")?.as_str()?;
    let metric = |name: &str| record.get("metrics")?.get(name).and_then(amount_of);
    let what = match kind {
        "platform.initStart" => What::InitStart {
            kind: init_kind(record),
            runtime: text_of(record, "runtimeVersion").and_then(|version| text::runtime(&version)),
            architecture: None,
            memory_mb: record
                .get("instanceMaxMemory")
                .and_then(amount_of)
                .map(|bytes| bytes / f64::from(1 << 20))
                .and_then(megabytes),
        },
        "platform.initReport" => What::InitReport {
            kind: init_kind(record),
            ms: metric("durationMs")?,
            status: status(record),
            in_invocation: text_of(record, "phase").as_deref() == Some("invoke"),
        },
        "platform.restoreReport" => What::RestoreReport {
            ms: metric("durationMs")?,
            status: status(record),
        },
        "platform.start" => What::Start,
        "platform.report" => What::Report(Box::new(Report {
            request: text_of(record, "requestId"),
            duration_ms: metric("durationMs"),
            billed_ms: metric("billedDurationMs"),
            memory_mb: metric("memorySizeMB"),
            max_memory_mb: metric("maxMemoryUsedMB"),
            init_ms: metric("initDurationMs"),
            restore_ms: metric("restoreDurationMs"),
            status: status(record),
        })),
        _ => return None,
    };
    Some(Event {
        time_ms: object.get("time").and_then(instant_of),
        instance: text_of(record, "instanceId"),
        function: text_of(record, "functionName"),
        what,
    })
}

/// Whether an object is of this shape at all.
pub(super) fn is_event(object: &Value) -> bool {
    let kind = object.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.starts_with("platform.")) && object.get("record").is_some()
}

fn text_of(record: &Value, key: &str) -> Option<String> {
    record.get(key)?.as_str().map(str::to_owned)
}

fn init_kind(record: &Value) -> Option<InitKind> {
    match record.get("initializationType")?.as_str()? {
        "on-demand" => Some(InitKind::OnDemand),
        "provisioned-concurrency" => Some(InitKind::Provisioned),
        "snap-start" => Some(InitKind::Restore),
        _ => None,
    }
}

fn status(record: &Value) -> Status {
    match record.get("status").and_then(Value::as_str) {
        Some("timeout") => Status::Timeout,
        Some("success") | None => Status::Success,
        Some(_) => Status::Error,
    }
}
