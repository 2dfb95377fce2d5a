//! Invocations as the lines that platforms write, so that tools for logs read simulated and measured ones.

use std::fmt::Write;

use super::{InitKind, LoggedInvocation, Status};

impl LoggedInvocation {
    /// The `REPORT` line of AWS Lambda, without a line break. What is not known is left out, as
    /// AWS does; only the request's id is always there.
    pub fn to_report_line(&self) -> String {
        let mut line = format!(
            "REPORT RequestId: {}\t",
            self.request.as_deref().unwrap_or("-")
        );
        let mut field = |name: &str, value: Option<f64>, unit: &str| {
            if let Some(value) = value {
                // Writing to a string cannot fail.
                let _ = write!(line, "{name}: {value} {unit}\t");
            }
        };
        field("Duration", self.duration_ms, "ms");
        field("Billed Duration", self.billed_ms, "ms");
        field("Memory Size", self.memory_mb.map(f64::from), "MB");
        field("Max Memory Used", self.max_memory_mb, "MB");
        if let Some(init) = self.init {
            let name = match init.kind {
                InitKind::Restore => "Restore Duration",
                _ => "Init Duration",
            };
            field(name, Some(init.ms), "ms");
        }
        match self.status {
            Status::Success => {}
            Status::Error => line.push_str("Status: error\t"),
            Status::Timeout => line.push_str("Status: timeout\t"),
        }
        line
    }

    /// The `platform.report` event of AWS Lambda's JSON format.
    pub fn to_platform_report(&self) -> serde_json::Value {
        let mut metrics = serde_json::Map::new();
        let mut metric = |name: &str, value: Option<f64>| {
            if let Some(value) = value {
                metrics.insert(name.to_owned(), value.into());
            }
        };
        metric("durationMs", self.duration_ms);
        metric("billedDurationMs", self.billed_ms);
        metric("memorySizeMB", self.memory_mb.map(f64::from));
        metric("maxMemoryUsedMB", self.max_memory_mb);
        if let Some(init) = self.init {
            let name = match init.kind {
                InitKind::Restore => "restoreDurationMs",
                _ => "initDurationMs",
            };
            metric(name, Some(init.ms));
        }
        let status = match self.status {
            Status::Success => "success",
            Status::Error => "error",
            Status::Timeout => "timeout",
        };
        let mut event = serde_json::json!({
            "type": "platform.report",
            "record": {
                "requestId": self.request.as_deref().unwrap_or("-"),
                "metrics": metrics,
                "status": status,
            },
        });
        if let (Some(ms), Some(object)) = (self.end_ms, event.as_object_mut()) {
            object.insert("time".to_owned(), ms.into());
        }
        event
    }
}
