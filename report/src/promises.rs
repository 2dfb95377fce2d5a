//! Promises about a scenario with their verdicts: what `frostline gate assert` tells.

use serde::Serialize;

use crate::junit::{Case, CaseOutcome, document};
use crate::summary::{Manifest, Summary};
use crate::text::slo_line;
use crate::text::table::wrapped;
use crate::verdict::{SloVerdict, Verdict};

/// The verdicts on all promises, `frostline/promises/1`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Promises {
    /// `frostline/promises/1`.
    pub schema: &'static str,
    /// What identifies the simulation.
    pub manifest: Manifest,
    /// Independent repetitions of the simulation.
    pub replications: u64,
    /// The worst verdict.
    pub verdict: Verdict,
    /// Each promise.
    pub promises: Vec<SloVerdict>,
    /// Doubts about the simulation; sentences.
    pub warnings: Vec<String>,
    #[serde(skip)]
    functions: usize,
}

impl Promises {
    /// The verdicts of a simulation.
    pub fn of(summary: &Summary) -> Self {
        let worst = summary.slo.iter().map(|slo| slo.verdict).max();
        Self {
            schema: "frostline/promises/1",
            manifest: summary.manifest.clone(),
            replications: summary.replications,
            verdict: worst.unwrap_or(Verdict::Unclear),
            promises: summary.slo.clone(),
            warnings: summary.warnings.iter().map(ToString::to_string).collect(),
            functions: summary.functions.len(),
        }
    }

    /// Pretty JSON with a newline at its end.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }

    /// Lines of at most `width` characters; the first is the verdict.
    pub fn to_text(&self, width: usize) -> String {
        let count = |verdict| {
            let of = self.promises.iter().filter(|slo| slo.verdict == verdict);
            of.count()
        };
        let mut text = format!(
            "gate: {}: {} of {} promises kept, {} broken, {} unclear\n\n",
            name(self.verdict),
            count(Verdict::Pass),
            self.promises.len(),
            count(Verdict::Fail),
            count(Verdict::Unclear)
        );
        for slo in &self.promises {
            text.push_str(&wrapped(&slo_line(slo, self.functions), 9, width));
        }
        if !self.warnings.is_empty() {
            text.push('\n');
        }
        for warning in &self.warnings {
            text.push_str(&wrapped(&format!("warning: {warning}"), 9, width));
        }
        text
    }

    /// `JUnit` XML with a test case a promise.
    pub fn to_junit(&self) -> String {
        let cases: Vec<Case> = self
            .promises
            .iter()
            .map(|slo| {
                let told = slo_line(slo, self.functions);
                Case {
                    name: slo.assert.clone(),
                    outcome: match slo.verdict {
                        Verdict::Pass => CaseOutcome::Passed,
                        Verdict::Fail => CaseOutcome::Failed(told.clone()),
                        Verdict::Unclear => CaseOutcome::Unclear(told.clone()),
                    },
                    told: std::iter::once(told)
                        .chain(self.warnings.iter().cloned())
                        .collect(),
                }
            })
            .collect();
        document("frostline gate assert", "frostline.promises", &cases)
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Unclear => "unclear",
        Verdict::Fail => "fail",
    }
}
