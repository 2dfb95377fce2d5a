//! The result of a gate as `JUnit` XML: one test case for each comparison that decides.

use frostline_stats::gate::Verdict;

use super::text::{effect, value};
use super::{GateCondition, GateMetric, GateReport};
use crate::junit::{Case, CaseOutcome, document};

impl GateReport {
    /// An XML document. Slower is a failure, unclear an error.
    pub fn to_junit(&self) -> String {
        let cases: Vec<Case> = self
            .conditions
            .iter()
            .flat_map(|condition| {
                let deciding = condition.deciding();
                deciding.map(move |metric| self.case(condition, metric))
            })
            .collect();
        document("frostline gate", "frostline.gate", &cases)
    }

    fn case(&self, condition: &GateCondition, metric: &GateMetric) -> Case {
        let told = format!(
            "{} {}: {} → {} after {} pairs",
            metric.metric.name(),
            effect(&metric.standing.effect),
            value(metric.base.as_ref(), metric.unit),
            value(metric.change.as_ref(), metric.unit),
            metric.standing.effect.n
        );
        let outcome = match metric.standing.verdict {
            // Where too many runs failed, the condition is unclear whatever its numbers say.
            Verdict::Slower if condition.verdict == Verdict::Slower => {
                CaseOutcome::Failed(format!("slower: {told}"))
            }
            Verdict::Same | Verdict::Faster if condition.verdict != Verdict::Unclear => {
                CaseOutcome::Passed
            }
            Verdict::Same | Verdict::Faster if condition.some_unclear() => CaseOutcome::Passed,
            _ => CaseOutcome::Unclear(format!("unclear: {told}")),
        };
        Case {
            name: format!("{} {}", condition.label, metric.metric.name()),
            outcome,
            told: std::iter::once(told).chain(self.notes()).collect(),
        }
    }
}

impl GateCondition {
    /// Whether it is one of its own metrics that makes it unclear, and not runs that failed.
    fn some_unclear(&self) -> bool {
        let mut deciding = self.deciding();
        deciding.any(|metric| metric.standing.verdict == Verdict::Unclear)
    }
}
