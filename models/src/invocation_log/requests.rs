//! Request logs that name the instance but not its start: Cloud Run and Knative.
//!
//! The first request of an instance is taken for the one that waited for it, unless the instance may
//! have been there before the log began.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::{amount, instant_of};
use super::{InvocationLog, LoggedInvocation, Omission, Status};

/// How long after the first request of a log an instance's first request says nothing: Cloud Run keeps
/// idle instances for up to 15 minutes (Google, "About instance autoscaling", read 2026-10): sure.
pub const OPENING_MS: f64 = 900_000.0;

/// Collects requests until the order of their instances is known.
#[derive(Debug, Default)]
pub(super) struct Requests {
    seen: bool,
}

impl Requests {
    /// Takes an entry with an `httpRequest`.
    pub(super) fn take(&mut self, entry: &Value, log: &mut InvocationLog) {
        let text = |path: &str| {
            entry
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let any = |paths: &[&str]| paths.iter().find_map(|path| text(path));
        let latency = text("/httpRequest/latency");
        let seconds = latency
            .as_deref()
            .and_then(|text| amount(text.trim_end_matches('s')));
        let Some(seconds) = seconds else {
            log.omit(Omission::NoTime);
            return;
        };
        let times = ["/timestamp", "/@timestamp", "/time", "/ts"];
        let start_ms = times
            .iter()
            .find_map(|path| instant_of(entry.pointer(path)?));
        let status = entry.pointer("/httpRequest/status").and_then(Value::as_u64);
        self.seen = true;
        log.invocations.push(LoggedInvocation {
            // Both platforms stamp the arrival.
            end_ms: start_ms.map(|start| start + seconds * 1e3),
            instance: any(&[
                "/labels/instanceId",
                "/kubernetes/pod_name",
                "/pod",
                "/httpRequest/serverIp",
            ]),
            function: any(&[
                "/resource/labels/service_name",
                "/kubernetes/labels/serving_knative_dev~1service",
                "/service",
            ]),
            request: any(&["/insertId", "/traceId", "/trace"]),
            duration_ms: Some(seconds * 1e3),
            status: match status {
                Some(504) => Status::Timeout,
                Some(500..) => Status::Error,
                _ => Status::Success,
            },
            ..LoggedInvocation::default()
        });
    }

    /// Tells the first requests of instances from the others.
    pub(super) fn finish(&self, log: &mut InvocationLog) {
        if !self.seen {
            return;
        }
        let arrival = |invocation: &LoggedInvocation| {
            Some(invocation.end_ms? - invocation.duration_ms.unwrap_or(0.0))
        };
        let opening = log
            .invocations
            .iter()
            .filter_map(arrival)
            .fold(f64::INFINITY, f64::min);
        let mut first: BTreeMap<String, (f64, usize)> = BTreeMap::new();
        for (index, invocation) in log.invocations.iter().enumerate() {
            if let (Some(instance), Some(at)) = (&invocation.instance, arrival(invocation)) {
                let known = first.entry(instance.clone()).or_insert((at, index));
                if at < known.0 {
                    *known = (at, index);
                }
            }
        }
        for invocation in &mut log.invocations {
            if invocation.instance.is_some() {
                invocation.cold = Some(false);
            }
        }
        for (at, index) in first.into_values() {
            log.invocations[index].cold = (at > opening + OPENING_MS).then_some(true);
        }
        log.assumptions.push(
            "Cold starts are inferred: the first request of an instance, if it came more than 15 min \
             after the log began. Latencies of cold requests hold the start; no log tells it apart."
                .to_owned(),
        );
    }
}
