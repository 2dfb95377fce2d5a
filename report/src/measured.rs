//! Measured cold starts → numbers a condition, with intervals.
//!
//! `init_ms` is from `execve` to readiness (what AWS calls the Init Duration), `start_ms` everything
//! from asking for the instance: package, sandbox and init. `first_response_ms` and
//! `second_response_ms` are the durations of the first two invocations, `cpu_ms` is the processor time
//! until readiness. Only runs that went well count; the others are told by `outcomes`.

use std::collections::BTreeMap;

use frostline_models::math::{count_to_f64, slot, to_f64, word};
use frostline_models::measurement::{
    Applied, Condition, Machine, Measurements, ModuleTime, Outcome, Overhead, Protocol, Run,
    TargetDescription,
};
use frostline_stats::estimate::Estimate;
use frostline_stats::quantile;
use serde::Serialize;

pub(crate) mod label;
mod text;

/// Runs are far out when they lie further from the median than this many times the median of all
/// distances, scaled to a standard deviation of normal values: 3.5 · 1.4826 (B. Iglewicz & D. Hoaglin,
/// "How to Detect and Handle Outliers", 1993).
const OUTLIER: f64 = 3.5 * 1.4826;

/// Processors kept busy by others, on average, from which on the machine is called busy.
const BUSY: f64 = 0.5;

/// A measurement, summed up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredSummary {
    /// `frostline/measure/1`.
    pub schema: &'static str,
    /// What identifies the measurement.
    pub manifest: MeasuredManifest,
    /// What was measured.
    pub target: TargetDescription,
    /// On what.
    pub machine: Machine,
    /// How.
    pub protocol: Protocol,
    /// What measuring costs.
    pub overhead: Option<Overhead>,
    /// One entry a condition, in the plan's order.
    pub conditions: Vec<ConditionSummary>,
    /// Doubts about all of it; sentences.
    pub warnings: Vec<String>,
}

/// What identifies a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeasuredManifest {
    /// The version of the program that measured.
    pub version: String,
    /// The seed of the order.
    pub seed: u64,
}

/// What was measured under one condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConditionSummary {
    /// What tells it from the others, in words.
    pub label: String,
    /// The condition.
    pub condition: Condition,
    /// Runs, warm-up left out.
    pub runs: u64,
    /// How they ended; only what happened.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// From `execve` to readiness.
    pub init_ms: Quantiles,
    /// Package, sandbox and init.
    pub start_ms: Quantiles,
    /// Placing the package.
    pub package_ms: Quantiles,
    /// Setting up the sandbox.
    pub sandbox_ms: Quantiles,
    /// Making the container, as part of the sandbox; null for other targets.
    pub create_ms: Quantiles,
    /// Letting the container's command begin, as part of the init; null for other targets.
    pub begin_ms: Quantiles,
    /// From `execve` to the first opening of a file of the package.
    pub first_user_open_ms: Quantiles,
    /// The first invocation.
    pub first_response_ms: Quantiles,
    /// The second invocation.
    pub second_response_ms: Quantiles,
    /// Processor time until readiness.
    pub cpu_ms: Quantiles,
    /// Page faults without reading.
    pub minor_faults: Quantiles,
    /// The most memory, in MiB.
    pub peak_memory_mib: Quantiles,
    /// Bytes read from disks.
    pub read_bytes: Quantiles,
    /// Runs whose init is far from the others; they count like the others.
    pub outliers: u64,
    /// What was really done, in most runs.
    pub applied: Option<Applied>,
    /// Modules that took longest to load, where that was asked for.
    pub modules: Vec<ModuleTime>,
    /// What failed runs told, each once.
    pub failures: Vec<String>,
    /// Doubts; sentences.
    pub warnings: Vec<String>,
}

/// Three quantiles; null where nothing was seen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50: Option<Estimate>,
    /// The 90th percentile.
    pub p90: Option<Estimate>,
    /// The 99th percentile.
    pub p99: Option<Estimate>,
}

impl MeasuredSummary {
    /// Sums up a measurement.
    pub fn new(measured: &Measurements) -> Self {
        let header = &measured.header;
        let labels = label::labels(&header.conditions);
        let conditions: Vec<_> = header
            .conditions
            .iter()
            .zip(labels)
            .enumerate()
            .map(|(index, (condition, label))| {
                ConditionSummary::new(measured, slot(index), condition, label)
            })
            .collect();
        let mut warnings = Vec::new();
        warnings.extend(noise(measured));
        if let Some(overhead) = &header.overhead {
            warnings.extend(coarse(&conditions, overhead));
        }
        Self {
            schema: "frostline/measure/1",
            manifest: MeasuredManifest {
                version: header.version.clone(),
                seed: header.seed,
            },
            target: header.target.clone(),
            machine: header.machine.clone(),
            protocol: header.protocol.clone(),
            overhead: header.overhead.clone(),
            conditions,
            warnings,
        }
    }

    /// Pretty JSON with a newline at its end.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }

    /// Whether some condition never became ready, which makes the measurement a failure.
    pub fn never_ready(&self) -> Vec<&ConditionSummary> {
        let never = |condition: &&ConditionSummary| {
            condition.runs > 0 && !condition.outcomes.contains_key(Outcome::Ready.name())
        };
        self.conditions.iter().filter(never).collect()
    }
}

impl ConditionSummary {
    fn new(measured: &Measurements, index: u32, condition: &Condition, label: String) -> Self {
        let runs: Vec<&Run> = measured.of(index).collect();
        let good: Vec<&Run> = runs.iter().copied().filter(|run| is_good(run)).collect();
        let ms = |pick: fn(&Run) -> Option<u64>| {
            quantiles(&good, |run| pick(run).map(|ns| to_f64(ns) / 1e6))
        };
        let plain = |pick: fn(&Run) -> Option<u64>| quantiles(&good, |run| pick(run).map(to_f64));
        let mut outcomes = BTreeMap::new();
        for run in &runs {
            *outcomes.entry(run.outcome.name()).or_insert(0) += 1;
        }
        let modules = measured.runs.iter().find(|run| {
            run.condition == index && run.applied.instrumented && !run.phases.modules.is_empty()
        });
        let mut summary = Self {
            label,
            condition: condition.clone(),
            runs: word(runs.len()),
            outcomes,
            init_ms: ms(|run| run.phases.ready_ns),
            start_ms: ms(|run| run.phases.start_ns()),
            package_ms: ms(|run| run.phases.package_ns),
            sandbox_ms: ms(|run| run.phases.sandbox_ns),
            create_ms: ms(|run| run.phases.create_ns),
            begin_ms: ms(|run| run.phases.begin_ns),
            first_user_open_ms: ms(|run| run.phases.first_user_open_ns),
            first_response_ms: ms(|run| run.phases.first_invocation_ns),
            second_response_ms: ms(|run| run.phases.second_invocation_ns),
            cpu_ms: ms(|run| run.usage.cpu_ready_ns),
            minor_faults: plain(|run| run.usage.minor_faults),
            peak_memory_mib: quantiles(&good, |run| {
                run.usage
                    .peak_memory_bytes
                    .map(|bytes| to_f64(bytes) / 1_048_576.0)
            }),
            read_bytes: plain(|run| run.usage.read_bytes),
            outliers: outliers(&good),
            applied: good.first().map(|run| run.applied.clone()),
            modules: modules.map_or_else(Vec::new, |run| run.phases.modules.clone()),
            failures: told_once(runs.iter().filter_map(|run| run.detail.clone())),
            warnings: Vec::new(),
        };
        summary.warnings = summary.doubts(&runs, &good);
        summary
    }

    fn doubts(&self, runs: &[&Run], good: &[&Run]) -> Vec<String> {
        let mut warnings = Vec::new();
        let failed = runs.len() - good.len();
        if failed > 0 {
            warnings.push(format!(
                "{failed} of {} runs failed and are left out.",
                runs.len()
            ));
        }
        // A sentence that differs from run to run by its numbers is told once.
        let mut told: BTreeMap<String, (String, usize)> = BTreeMap::new();
        for warning in runs.iter().flat_map(|run| &run.warnings) {
            let key: String = warning.chars().filter(|c| !c.is_ascii_digit()).collect();
            told.entry(key).or_insert_with(|| (warning.clone(), 0)).1 += 1;
        }
        for (warning, times) in told.into_values() {
            if times < runs.len() {
                warnings.push(format!("{warning} ({times} of {} runs)", runs.len()));
            } else {
                warnings.push(warning);
            }
        }
        if self.init_ms.p50.is_some_and(|median| median.low.is_none()) {
            warnings.push(format!(
                "The median of {} runs has no interval; 6 are the fewest.",
                good.len()
            ));
        }
        warnings
    }
}

/// Whether a run's times are those of a start that went well. A target that fails an invocation has
/// nevertheless started.
fn is_good(run: &Run) -> bool {
    run.outcome == Outcome::Ready
}

fn told_once(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for text in texts {
        if told.len() < 5 && !told.contains(&text) {
            told.push(text);
        }
    }
    told
}

/// Quantiles over runs. Instances that were started at once are not independent; they stay together.
fn quantiles(runs: &[&Run], pick: impl Fn(&Run) -> Option<f64>) -> Quantiles {
    let mut groups: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for run in runs {
        if let Some(value) = pick(run) {
            groups.entry(run.run).or_default().push(value);
        }
    }
    let groups: Vec<Vec<f64>> = groups.into_values().collect();
    let alone = groups.iter().all(|group| group.len() == 1);
    let mut sorted: Vec<f64> = groups.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |p| {
        if alone {
            quantile::of_sorted(&sorted, p)
        } else {
            quantile::of_groups(&groups, p)
        }
    };
    Quantiles {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
    }
}

fn outliers(runs: &[&Run]) -> u64 {
    let mut times: Vec<f64> = runs
        .iter()
        .filter_map(|run| run.phases.ready_ns)
        .map(to_f64)
        .collect();
    times.sort_by(f64::total_cmp);
    let Some(median) = quantile::point_of(&times, 0.5) else {
        return 0;
    };
    let mut distances: Vec<f64> = times.iter().map(|time| (time - median).abs()).collect();
    distances.sort_by(f64::total_cmp);
    let typical = quantile::point_of(&distances, 0.5).unwrap_or(0.0);
    let far = distances
        .iter()
        .filter(|distance| **distance > OUTLIER * typical);
    word(far.count())
}

/// A word on how busy the machine was.
fn noise(measured: &Measurements) -> Option<String> {
    let busy: Vec<f64> = measured
        .runs
        .iter()
        .filter(|run| !run.warm_up)
        .filter_map(|run| run.noise.others_busy)
        .collect();
    let mean = busy.iter().sum::<f64>() / count_to_f64(busy.len().max(1));
    (mean > BUSY).then(|| {
        format!(
            "Others kept {mean:.1} of {} processors busy meanwhile; times are longer and less certain \
             than on a quiet machine. Compare conditions of one measurement only.",
            measured.header.machine.cores
        )
    })
}

/// A word where the harness's own cost is a large part of what it measures.
fn coarse(conditions: &[ConditionSummary], overhead: &Overhead) -> Option<String> {
    let shortest = conditions
        .iter()
        .filter_map(|condition| condition.init_ms.p50)
        .map(|median| median.point)
        .fold(f64::INFINITY, f64::min);
    let notice = to_f64(overhead.notice_ns) / 1e6;
    (shortest < 4.0 * notice).then(|| {
        format!(
            "Noticing takes about {notice:.2} ms, a large part of the shortest init, {shortest:.2} ms."
        )
    })
}
