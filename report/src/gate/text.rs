//! The result of a gate for people.

use frostline_models::units::significant;
use frostline_stats::estimate::Estimate;
use frostline_stats::gate::Verdict;

use super::{Ending, GateCondition, GateMetric, GateReport};
use crate::text::number::{count, number};
use crate::text::table::{lay_out, wrapped};

impl GateReport {
    /// Lines of at most `width` characters; the first is the verdict.
    pub fn to_text(&self, width: usize) -> String {
        let mut text = wrapped(&self.headline(), 6, width);
        text.push('\n');
        text.push_str(&lay_out(&self.rows(), width));
        text.push('\n');
        for line in self.notes() {
            text.push_str(&wrapped(&line, 9, width));
        }
        text
    }

    /// One sentence: the verdict, the effect that gave it, and the pairs.
    pub fn headline(&self) -> String {
        let told = self.conditions.iter().find_map(|condition| {
            let metric = condition
                .deciding()
                .find(|metric| metric.standing.verdict == self.verdict)?;
            Some((condition, metric))
        });
        let verdict = match self.verdict {
            Verdict::Same => format!("same within {}", percent(self.method.tolerance)),
            other => other.name().to_owned(),
        };
        let Some((condition, metric)) = told else {
            return format!("gate: {verdict}");
        };
        let place = if self.conditions.len() > 1 {
            format!(" ({})", condition.label)
        } else {
            String::new()
        };
        format!(
            "gate: {verdict}: {} {}{place} after {} pairs",
            metric.metric.name(),
            effect(&metric.standing.effect),
            count(metric.standing.effect.n)
        )
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let headings = ["condition", "metric", "base", "change", "effect", "verdict"];
        let mut rows = vec![headings.map(str::to_owned).to_vec()];
        for condition in &self.conditions {
            for (place, metric) in condition.metrics.iter().enumerate() {
                let label = if place == 0 {
                    condition.label.as_str()
                } else {
                    ""
                };
                let verdict = metric.standing.verdict.name();
                rows.push(vec![
                    label.to_owned(),
                    metric.metric.name().to_owned(),
                    value(metric.base.as_ref(), metric.unit),
                    value(metric.change.as_ref(), metric.unit),
                    effect(&metric.standing.effect),
                    if metric.decides {
                        verdict.to_owned()
                    } else {
                        format!("({verdict})")
                    },
                ]);
            }
        }
        rows
    }

    /// What could be found, what is doubtful, and what the words mean.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let several = self.conditions.len() > 1;
        for condition in &self.conditions {
            let place = if several {
                format!(" [{}]", condition.label)
            } else {
                String::new()
            };
            for metric in condition.deciding() {
                notes.extend(reach(metric).map(|told| format!("{told}{place}")));
            }
            let failures = condition.failures.iter();
            notes.extend(failures.map(|told| format!("failed: {told}{place}")));
            let warnings = condition.warnings.iter();
            notes.extend(warnings.map(|told| format!("warning: {told}{place}")));
        }
        notes.extend(self.warnings.iter().map(|told| format!("warning: {told}")));
        notes.push(self.ending());
        notes.push(format!(
            "method: paired runs in random order; medians; effects with {} intervals that hold \
             whenever one stops. The chance that any verdict is wrong is at most {}. Verdicts in \
             brackets do not decide.",
            percent(1.0 - self.method.error / number_of(self.method.comparisons)),
            percent(self.method.error)
        ));
        notes
    }

    fn ending(&self) -> String {
        match self.ended {
            Ending::Decided => "ended: as soon as it was clear.".to_owned(),
            Ending::MaxPairs => format!(
                "ended: after {} pairs, the most that --max-pairs allows.",
                count(u64::from(self.method.pairs_max))
            ),
            Ending::MaxTime => "ended: at the end of the time that --max-time allows.".to_owned(),
        }
    }
}

impl GateCondition {
    /// The metrics that decide.
    pub(super) fn deciding(&self) -> impl Iterator<Item = &GateMetric> {
        self.metrics.iter().filter(|metric| metric.decides)
    }
}

/// What this many pairs could find, and how many more a verdict needs.
fn reach(metric: &GateMetric) -> Option<String> {
    let detectable = metric.standing.detectable?;
    let mut told = format!(
        "found: {} pairs of `{}` find a slowdown of {} in 9 of 10 cases.",
        count(metric.standing.effect.n),
        metric.metric.name(),
        percent(detectable)
    );
    if metric.standing.verdict == Verdict::Unclear {
        match metric.standing.pairs_needed {
            Some(pairs) => told.extend([
                " A verdict needs some ".to_owned(),
                count(pairs),
                format!(" pairs: --max-pairs {pairs}, with a --max-time to match."),
            ]),
            None => told.push_str(
                " The effect seems to lie at the edge of the tolerance, where no number of pairs \
                 decides: choose another --tolerance.",
            ),
        }
    }
    Some(told)
}

/// An effect with its interval: `+5.12 % [+4.2, +6.03]`.
pub(super) fn effect(effect: &Estimate) -> String {
    if effect.n == 0 {
        return "-".to_owned();
    }
    match (effect.low, effect.high) {
        (Some(low), Some(high)) => format!(
            "{} % [{}, {}]",
            signed(effect.point),
            signed(low),
            signed(high)
        ),
        _ => format!("{} % [?]", signed(effect.point)),
    }
}

/// Hundredths of a percent are more than any gate can tell.
fn signed(share: f64) -> String {
    let percent = 100.0 * share;
    if percent.abs() >= 100.0 {
        format!("{percent:+.0}")
    } else {
        format!("{percent:+.2}")
    }
}

/// A share as percent with up to three digits.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", significant(100.0 * share))
}

fn number_of(comparisons: u64) -> f64 {
    frostline_models::math::to_f64(comparisons.max(1))
}

/// A median with its unit.
pub(super) fn value(estimate: Option<&Estimate>, unit: &str) -> String {
    let Some(estimate) = estimate else {
        return "-".to_owned();
    };
    let number = number(estimate.point);
    if unit.is_empty() {
        number
    } else {
        format!("{number} {unit}")
    }
}
