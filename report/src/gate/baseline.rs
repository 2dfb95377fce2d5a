//! A baseline: what a target took on a machine, for when the base cannot be run beside the change.
//!
//! A clock alone is no baseline: the same machine is quicker or slower from one hour to the next. The
//! target is therefore measured in pairs with a *yardstick*, a fixed command, and its times are kept
//! as ratios to the yardstick's. What slows both down alike cancels; what does not is allowed for by a
//! *drift*, a share by which the ratio may differ between two sessions. Its interval is the one of the
//! [gate's test](frostline_stats::gate); two of them, each with half of the error, bound the effect:
//!
//! ```text
//!  low = now.low/baseline.high/(1 + drift)       high = now.high/baseline.low·(1 + drift)
//! ```
//!
//! Ratios of another machine, another version of a runtime or another yardstick say nothing: the
//! verdict is unclear then, with the difference named.

use frostline_models::measurement::{Condition, Machine, TargetDescription};
use frostline_stats::gate::Verdict;
use serde::{Deserialize, Serialize};

use super::{GateManifest, GateReport, worst};
use crate::text::number::count;
use crate::text::table::{lay_out, wrapped};

/// The schema of baselines.
const SCHEMA: &str = "frostline/baseline/1";

/// What a target took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Baseline {
    /// `frostline/baseline/1`.
    pub schema: String,
    /// Version of the program that measured.
    pub version: String,
    /// The target.
    pub target: TargetDescription,
    /// What it was measured beside.
    pub yardstick: String,
    /// The fingerprint of the environment.
    pub machine: Machine,
    /// One entry a condition and metric.
    pub entries: Vec<Entry>,
}

/// One metric under one condition, as a ratio to the yardstick's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The condition.
    pub condition: Condition,
    /// The metric's name.
    pub metric: String,
    /// The ratio.
    pub ratio: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// The chance that the interval is wrong.
    pub error: f64,
    /// Pairs.
    pub n: u64,
}

/// A baseline that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found}, expected {expected}")]
pub struct BaselineError {
    found: String,
    expected: String,
}

/// The result of a check, `frostline/check/1`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CheckReport {
    /// `frostline/check/1`.
    pub schema: &'static str,
    /// What identifies it.
    pub manifest: GateManifest,
    /// The verdict on everything.
    pub verdict: Verdict,
    /// The target.
    pub target: TargetDescription,
    /// Share up to which both are called the same.
    pub tolerance: f64,
    /// Share by which ratios may differ between sessions.
    pub drift: f64,
    /// What differs in the environment; sentences. Anything here makes the verdict unclear.
    pub differences: Vec<String>,
    /// One entry a condition and metric.
    pub entries: Vec<CheckEntry>,
}

/// One metric of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckEntry {
    /// The metric's name.
    pub metric: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The time now over that of the baseline, less 1.
    pub effect: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// Pairs, now.
    pub n: u64,
}

impl Baseline {
    /// The baseline of a session in which the yardstick was the base and the target the change; only
    /// metrics that decide and have an interval.
    pub fn of(report: &GateReport) -> Self {
        let share = report.method.error / frostline_models::math::to_f64(report.method.comparisons);
        let entries = report.conditions.iter().flat_map(|condition| {
            let deciding = condition.metrics.iter().filter(|metric| metric.decides);
            deciding.filter_map(move |metric| {
                let effect = metric.standing.effect;
                Some(Entry {
                    condition: condition.condition.clone(),
                    metric: metric.metric.name().to_owned(),
                    ratio: 1.0 + effect.point,
                    low: 1.0 + effect.low?,
                    high: 1.0 + effect.high?,
                    error: share,
                    n: effect.n,
                })
            })
        });
        Self {
            schema: SCHEMA.to_owned(),
            version: report.manifest.version.clone(),
            target: report.change.clone(),
            yardstick: report.base.label.clone(),
            machine: report.machine.clone(),
            entries: entries.collect(),
        }
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`BaselineError`] when it is no baseline of this schema, or its numbers are no intervals.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let wrong = |found: String, expected: &str| BaselineError {
            found,
            expected: expected.to_owned(),
        };
        let read: Self = serde_json::from_str(text)
            .map_err(|error| wrong(error.to_string(), "a file of `frostline gate update`"))?;
        if read.schema != SCHEMA {
            let found = format!("the schema `{}`", read.schema);
            return Err(wrong(found, &format!("`{SCHEMA}`")));
        }
        for entry in &read.entries {
            let ordered = 0.0 < entry.low && entry.low <= entry.ratio && entry.ratio <= entry.high;
            if !(ordered && entry.high.is_finite()) {
                let found = format!("{} between {} and {}", entry.ratio, entry.low, entry.high);
                return Err(wrong(found, "a ratio within its interval"));
            }
        }
        Ok(read)
    }

    /// The file's text.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }

    /// What must be alike for ratios to be compared, and is not.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let (then, this) = (&self.machine, &now.machine);
        let facts = [
            ("processor", then.cpu.clone(), this.cpu.clone()),
            (
                "architecture",
                then.architecture.clone(),
                this.architecture.clone(),
            ),
            (
                "number of processors",
                then.cores.to_string(),
                this.cores.to_string(),
            ),
            ("kernel", then.kernel.clone(), this.kernel.clone()),
            ("control groups", then.cgroups.clone(), this.cgroups.clone()),
            (
                "file system",
                then.file_system.clone(),
                this.file_system.clone(),
            ),
            ("runtimes", versions(then), versions(this)),
            ("yardstick", self.yardstick.clone(), now.yardstick.clone()),
        ];
        facts
            .into_iter()
            .filter(|(_, then, this)| then != this)
            .map(|(what, then, this)| {
                format!("The {what} differs: `{then}` in the baseline, `{this}` now.")
            })
            .collect()
    }

    /// Compares what was measured now, in an order that `seed` names, with this baseline.
    pub fn check(&self, now: &Self, tolerance: f64, drift: f64, seed: u64) -> CheckReport {
        let mut differences = self.differences(now);
        let mut entries = Vec::new();
        for entry in &now.entries {
            let same =
                |known: &&Entry| known.metric == entry.metric && known.condition == entry.condition;
            match self.entries.iter().find(same) {
                Some(known) => entries.push(compared(known, entry, tolerance, drift)),
                None => differences.push(format!(
                    "The baseline has no `{}` under this condition.",
                    entry.metric
                )),
            }
        }
        if now.entries.is_empty() {
            differences.push("Too few pairs went well for an interval.".to_owned());
        }
        if !differences.is_empty() {
            for entry in &mut entries {
                entry.verdict = Verdict::Unclear;
            }
        }
        let verdict = if differences.is_empty() {
            worst(entries.iter().map(|entry| entry.verdict))
        } else {
            Verdict::Unclear
        };
        CheckReport {
            schema: "frostline/check/1",
            manifest: GateManifest {
                version: now.version.clone(),
                seed,
            },
            verdict,
            target: now.target.clone(),
            tolerance,
            drift,
            differences,
            entries,
        }
    }
}

fn compared(then: &Entry, now: &Entry, tolerance: f64, drift: f64) -> CheckEntry {
    let (low, high) = (
        now.low / then.high / (1.0 + drift),
        now.high / then.low * (1.0 + drift),
    );
    let edge = 1.0 + tolerance;
    let verdict = if low > edge {
        Verdict::Slower
    } else if high < 1.0 / edge {
        Verdict::Faster
    } else if low >= 1.0 / edge && high <= edge {
        Verdict::Same
    } else {
        Verdict::Unclear
    };
    CheckEntry {
        metric: now.metric.clone(),
        verdict,
        effect: now.ratio / then.ratio - 1.0,
        low: low - 1.0,
        high: high - 1.0,
        n: now.n,
    }
}

fn versions(machine: &Machine) -> String {
    let told = machine.runtimes.iter();
    let told: Vec<String> = told
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    told.join(", ")
}

impl CheckReport {
    /// Pretty JSON with a newline at its end.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }

    /// Lines of at most `width` characters; the first is the verdict.
    pub fn to_text(&self, width: usize) -> String {
        let mut text = format!("gate: {} than in the baseline\n\n", self.verdict.name());
        if matches!(self.verdict, Verdict::Same | Verdict::Unclear) {
            text = format!("gate: {} against the baseline\n\n", self.verdict.name());
        }
        let mut rows = vec![
            ["metric", "pairs", "effect", "verdict"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for entry in &self.entries {
            let signed = |share: f64| format!("{:+.2}", 100.0 * share);
            rows.push(vec![
                entry.metric.clone(),
                count(entry.n),
                format!(
                    "{} % [{}, {}]",
                    signed(entry.effect),
                    signed(entry.low),
                    signed(entry.high)
                ),
                entry.verdict.name().to_owned(),
            ]);
        }
        text.push_str(&lay_out(&rows, width));
        text.push('\n');
        for difference in &self.differences {
            text.push_str(&wrapped(&format!("unclear: {difference}"), 9, width));
        }
        let method = format!(
            "method: ratios to a yardstick that was measured beside it; sessions may differ by {} %. \
             Run the base beside the change where you can: `frostline gate run` needs no such \
             allowance.",
            100.0 * self.drift
        );
        text.push_str(&wrapped(&method, 8, width));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frostline_models::measurement::TargetKind;

    fn baseline(ratio: f64) -> Baseline {
        Baseline {
            schema: SCHEMA.to_owned(),
            version: "0.1.0".to_owned(),
            target: TargetDescription {
                kind: TargetKind::Command,
                label: "app".to_owned(),
            },
            yardstick: "sh".to_owned(),
            machine: Machine::default(),
            entries: vec![Entry {
                condition: Condition::default(),
                metric: "cpu".to_owned(),
                ratio,
                low: ratio * 0.99,
                high: ratio * 1.01,
                error: 0.005,
                n: 60,
            }],
        }
    }

    /// By hand: 2.4·0.99/(2·1.01)/1.02 = 1.1532 lies above 1.1.
    #[test]
    fn verdicts_by_hand() {
        let verdict = |now: f64| baseline(2.0).check(&baseline(now), 0.1, 0.02, 1).verdict;
        assert_eq!(verdict(2.4), Verdict::Slower);
        assert_eq!(verdict(2.0), Verdict::Same);
        assert_eq!(verdict(1.6), Verdict::Faster);
        assert_eq!(verdict(2.2), Verdict::Unclear);
        let entry = &baseline(2.0).check(&baseline(2.4), 0.1, 0.02, 1).entries[0];
        assert!((entry.low - 0.153_2).abs() < 1e-4 && (entry.effect - 0.2).abs() < 1e-12);
    }

    #[test]
    fn another_machine_is_unclear_and_named() {
        let mut now = baseline(4.0);
        now.machine.cpu = "another".to_owned();
        let found = baseline(2.0).check(&now, 0.1, 0.02, 1);
        assert_eq!(found.verdict, Verdict::Unclear);
        assert!(found.differences[0].contains("processor"), "{found:?}");
        assert!(
            found
                .to_text(80)
                .lines()
                .all(|line| line.chars().count() <= 80)
        );
    }

    #[test]
    fn files_are_read_back_and_hostile_ones_refused() {
        let text = baseline(2.0).to_json();
        assert_eq!(Baseline::parse(&text).unwrap(), baseline(2.0));
        for wrong in [
            String::new(),
            text.replace("baseline/1", "baseline/9"),
            text.replace("\"low\": 1.98", "\"low\": -1"),
        ] {
            assert!(Baseline::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
