//! The change's numbers for services that keep histories of benchmarks.

use serde_json::{Map, Value, json};

use super::GateReport;
use super::text::effect;

impl GateReport {
    /// What `benchmark-action/github-action-benchmark` reads with `tool: customSmallerIsBetter`: a list of
    /// `name`, `unit`, `value`, `range` and `extra` (its README, read 2026-11).
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_action_benchmark(&self) -> String {
        let mut entries = Vec::new();
        for condition in &self.conditions {
            for metric in &condition.metrics {
                let Some(change) = &metric.change else {
                    continue;
                };
                let unit = if metric.unit.is_empty() {
                    "count"
                } else {
                    metric.unit
                };
                let mut entry = json!({
                    "name": format!("{}: {}", condition.label, metric.metric.name()),
                    "unit": unit,
                    "value": change.point,
                    "extra": format!(
                        "{} against the base: {}",
                        effect(&metric.standing.effect),
                        metric.standing.verdict.name()
                    ),
                });
                if let (Some(low), Some(high)) = (change.low, change.high) {
                    entry["range"] = json!(format!("± {:.3}", (high - low) / 2.0));
                }
                entries.push(entry);
            }
        }
        written(&Value::from(entries))
    }

    /// Bencher Metric Format: benchmark → measure → `value`, `lower_value`, `upper_value` (Bencher,
    /// "Bencher Metric Format (BMF)", read 2026-11). Measures are the metrics' names; times are in
    /// milliseconds.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_bencher(&self) -> String {
        let mut benchmarks = Map::new();
        for condition in &self.conditions {
            let mut measures = Map::new();
            for metric in &condition.metrics {
                let Some(change) = &metric.change else {
                    continue;
                };
                let mut measure = json!({ "value": change.point });
                if let (Some(low), Some(high)) = (change.low, change.high) {
                    measure["lower_value"] = json!(low);
                    measure["upper_value"] = json!(high);
                }
                measures.insert(metric.metric.name().to_owned(), measure);
            }
            let name = format!("cold start: {}", condition.label);
            benchmarks.insert(name, Value::from(measures));
        }
        written(&Value::from(benchmarks))
    }
}

fn written(value: &Value) -> String {
    format!("{value:#}\n")
}
