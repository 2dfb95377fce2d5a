//! Events of Lambda Insights: metrics of one invocation in `CloudWatch`'s embedded metric format.
//!
//! Times are in ms, memory is in MB (AWS, "Example telemetry event", read 2026-11):
//!
//! ```text
//!  {"_aws": {"Timestamp": …, "CloudWatchMetrics": [{"Namespace": "LambdaInsights", …}]},
//!   "event_type": "performance", "function_name": …, "request_id": …, "duration": …,
//!   "billed_duration": …, "cold_start": true, "init_duration": …, "total_memory": …,
//!   "used_memory_max": …}
//! ```

use serde_json::Value;

use super::document::as_text;
use super::source::{amount_of, megabytes};
use super::{InitKind, LoggedInit, LoggedInvocation};

/// Whether an object is such an event; others write the embedded metric format, too.
pub(super) fn is_event(object: &Value) -> bool {
    object.get("_aws").is_some()
        && object.get("event_type").and_then(Value::as_str) == Some("performance")
}

/// The invocation; `None` where the event tells no time.
///
/// `cold_start` without `init_duration` is an instance that was restored, or started before anybody
/// asked: it is cold, and how long its init took is not known.
pub(super) fn invocation(event: &Value) -> Option<LoggedInvocation> {
    let number = |key: &str| event.get(key).and_then(amount_of);
    let text = |key: &str| event.get(key).and_then(as_text);
    let duration_ms = number("duration");
    let init = number("init_duration").map(|ms| LoggedInit {
        kind: InitKind::OnDemand,
        ms,
        cut_off: false,
    });
    if duration_ms.is_none() && init.is_none() {
        return None;
    }
    let cold = event.get("cold_start").and_then(Value::as_bool);
    Some(LoggedInvocation {
        end_ms: event.get("_aws")?.get("Timestamp").and_then(amount_of),
        function: text("function_name"),
        request: text("request_id"),
        cold: cold.or(Some(init.is_some())),
        init,
        duration_ms,
        billed_ms: number("billed_duration"),
        memory_mb: number("total_memory").and_then(megabytes),
        max_memory_mb: number("used_memory_max"),
        ..LoggedInvocation::default()
    })
}
