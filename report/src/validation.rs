//! A real pool beside the simulation of the same requests: how often they agree on cold and warm, how
//! far apart their times are, and which phase is to blame.
//!
//! Both sides are [`Invocation`]s. The measured side is one run; the simulated side is the same
//! arrivals over and over, with inits and durations drawn anew. What two simulated runs disagree on
//! is chance, and no model could do better: the report says how much that is.
//!
//! **Limits.** Predicted quantiles are taken as exact: how well the profile itself is known is in its
//! own intervals. Requests that failed are counted and compared no further.

use frostline_models::init::Phase;
use frostline_models::math::{count_to_f64, to_f64, wide_index, word};
use frostline_models::measurement::{Applied, Noise, TargetDescription};
use frostline_models::record::{Invocation, Outcome};
use frostline_models::units::SimDuration;
use frostline_stats::estimate::{Estimate, Method};
use frostline_stats::{quantile, replications};
use serde::Serialize;

use crate::summary::Manifest;

mod text;

/// The name and version of the JSON layout.
pub const SCHEMA: &str = "frostline/validation/1";

/// Disagreements that are listed at most.
const LISTED: usize = 50;

/// Measured values below which a quantile is not compared.
const FEWEST: usize = 6;

/// The dispatcher's 99th percentile of lateness, over the median latency of warm requests, above which
/// it is worth a word.
const LATENESS_MAX: f64 = 0.1;

/// The share of the processors' time that others may take before the run is doubted.
const STEAL_MAX: f64 = 0.05;

/// What a real pool did.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredSide {
    /// What was started.
    pub target: TargetDescription,
    /// One entry a request.
    pub invocations: Vec<Invocation>,
    /// How late the dispatcher was for each, in nanoseconds.
    pub lateness_ns: Vec<u64>,
    /// What went wrong with requests, by number.
    pub failures: Vec<(u64, String)>,
    /// Instances alive at once at the most.
    pub instances_peak: u64,
    /// What was really done to the instances.
    pub applied: Applied,
    /// What others did meanwhile.
    pub noise: Noise,
    /// Doubts; sentences.
    pub warnings: Vec<String>,
}

/// What agreement is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Criteria {
    /// The least share of the requests on which both agree whether they were cold.
    pub agreement: f64,
    /// The most that the median latency of cold requests may be off, as a share of the prediction.
    pub within: f64,
}

/// Whether the prediction holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval is inside what was asked for.
    Agrees,
    /// The interval reaches in and out, or there is none.
    Unclear,
    /// The whole interval is outside.
    Apart,
}

/// Prediction and reality.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ValidationReport {
    /// Name and version of this layout: [`SCHEMA`].
    pub schema: &'static str,
    /// What it takes to make the prediction again.
    pub manifest: Manifest,
    /// The function's name in the scenario.
    pub function: String,
    /// What was started.
    pub target: TargetDescription,
    /// What was asked for.
    pub criteria: Criteria,
    /// The worst of `cold.verdict` and that of the median latency of cold requests.
    pub verdict: Verdict,
    /// How much faster than recorded the arrivals and the keep-alive went.
    pub speed: f64,
    /// The keep-alive on both sides, the longest where it is drawn, in seconds; `null` for ever.
    pub keep_alive_s: Option<f64>,
    /// Requests that were sent.
    pub requests: u64,
    /// Simulated runs of the same requests.
    pub replications: u64,
    /// Cold and warm, request by request.
    pub cold: ColdComparison,
    /// Quantiles in milliseconds.
    pub times: Vec<TimeComparison>,
    /// Median of each phase of the cold starts.
    pub phases: Vec<PhaseComparison>,
    /// The phase whose medians are farthest apart, in milliseconds.
    pub worst_phase: Option<&'static str>,
    /// Instances alive at once at the most.
    pub instances_peak: PeakComparison,
    /// How late requests were sent, in milliseconds.
    pub lateness_ms: Lateness,
    /// Requests that both sides see differently in most simulated runs, at most 50.
    pub disagreements: Vec<Disagreement>,
    /// Requests that failed, each with what is known.
    pub failures: Vec<FailedRequest>,
    /// What was really done to the instances.
    pub applied: Applied,
    /// What others did meanwhile.
    pub noise: Noise,
    /// What both sides leave out or assume; sentences.
    pub assumptions: Vec<String>,
    /// Doubts; sentences.
    pub warnings: Vec<String>,
}

/// Cold and warm on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColdComparison {
    /// Requests compared: those that ran on both sides.
    pub compared: u64,
    /// Cold when measured.
    pub measured_cold: u64,
    /// Share that was cold when measured.
    pub measured_ratio: f64,
    /// Share that was cold when simulated, over the simulated runs.
    pub simulated_ratio: Estimate,
    /// Between these lie 95 % of the simulated runs.
    pub simulated_range: [f64; 2],
    /// Share of the requests on which a simulated run agrees with the measured one.
    pub agreement: Estimate,
    /// The same between two simulated runs: what chance alone leaves.
    pub agreement_of_simulations: f64,
    /// Whether the agreement is what was asked for.
    pub verdict: Verdict,
}

/// A quantile on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeComparison {
    /// `cold latency p50`.
    pub metric: String,
    /// When measured.
    pub measured_ms: Option<Estimate>,
    /// Over all simulated runs.
    pub simulated_ms: Option<f64>,
    /// Measured over simulated, less 1, with the measured interval.
    pub difference: Option<Estimate>,
    /// Whether the difference is within what was asked for.
    pub verdict: Verdict,
}

/// The median of a phase on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseComparison {
    /// The phase.
    pub phase: &'static str,
    /// When measured.
    pub measured_ms: Option<Estimate>,
    /// Over all simulated runs.
    pub simulated_ms: Option<f64>,
}

/// Instances on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PeakComparison {
    /// When measured.
    pub measured: u64,
    /// Of the simulated runs.
    pub simulated: Estimate,
}

/// How late requests were sent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lateness {
    /// The median.
    pub p50: f64,
    /// 99 % were at most this late.
    pub p99: f64,
    /// The latest.
    pub max: f64,
}

/// A request that both sides see differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// Its number.
    pub request: u64,
    /// When it came, in seconds.
    pub arrival_s: f64,
    /// Whether it was cold when measured.
    pub measured_cold: bool,
    /// Share of the simulated runs in which it was cold.
    pub simulated_cold_share: f64,
    /// What it lies at, as far as can be told.
    pub reason: &'static str,
}

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedRequest {
    /// Its number.
    pub request: u64,
    /// What is known; a sentence.
    pub detail: String,
}

/// What surrounds the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances {
    /// What it takes to make the prediction again.
    pub manifest: Manifest,
    /// The function's name in the scenario.
    pub function: String,
    /// How much faster than recorded everything idle went.
    pub speed: f64,
    /// The keep-alive on both sides, the longest where it is drawn; `None` for ever.
    pub keep_alive: Option<SimDuration>,
    /// Instances alive at once at the most, in each simulated run.
    pub simulated_peaks: Vec<u64>,
    /// What both sides leave out or assume; sentences.
    pub assumptions: Vec<String>,
}

impl ValidationReport {
    /// Compares a measured run with simulated ones of the same requests, each in the order of the
    /// requests.
    pub fn new(
        measured: MeasuredSide,
        simulated: &[Vec<Invocation>],
        criteria: Criteria,
        circumstances: Circumstances,
    ) -> Self {
        let failed: Vec<u64> = measured.failures.iter().map(|failure| failure.0).collect();
        let ran = |invocation: &Invocation| {
            matches!(invocation.outcome, Outcome::Warm | Outcome::Cold)
                && !failed.contains(&invocation.request)
        };
        let real: Vec<&Invocation> = measured
            .invocations
            .iter()
            .filter(|invocation| ran(invocation))
            .collect();
        let cold = compare_cold(&real, simulated, criteria);
        let times = compare_times(&real, simulated, criteria.within);
        let phases = compare_phases(&real, simulated);
        let asked = times.iter().find(|time| time.metric == MEDIAN_COLD);
        let lateness_ms = lateness(&measured.lateness_ns);
        let keep_alive = circumstances.keep_alive;
        let warnings = warnings(&measured, &times, lateness_ms);
        Self {
            schema: SCHEMA,
            manifest: circumstances.manifest,
            function: circumstances.function,
            target: measured.target,
            criteria,
            verdict: cold
                .verdict
                .max(asked.map_or(Verdict::Unclear, |time| time.verdict)),
            speed: circumstances.speed,
            keep_alive_s: keep_alive.map(|keep_alive| to_f64(keep_alive.0) / 1e9),
            requests: word(measured.invocations.len()),
            replications: word(simulated.len()),
            worst_phase: worst(&phases),
            cold,
            times,
            phases,
            instances_peak: PeakComparison {
                measured: measured.instances_peak,
                simulated: mean(
                    circumstances
                        .simulated_peaks
                        .iter()
                        .map(|peak| to_f64(*peak)),
                ),
            },
            lateness_ms,
            disagreements: disagreements(&real, simulated, keep_alive),
            failures: measured
                .failures
                .into_iter()
                .map(|(request, detail)| FailedRequest { request, detail })
                .collect(),
            applied: measured.applied,
            noise: measured.noise,
            assumptions: circumstances.assumptions,
            warnings,
        }
    }

    /// The JSON that scripts rely on, indented, with a newline at its end.
    ///
    /// # Panics
    /// Never: every key is a string and every number that is not finite becomes `null`.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }
}

/// The comparison that the verdict looks at.
const MEDIAN_COLD: &str = "cold latency p50";

fn is_cold(invocation: &Invocation) -> bool {
    invocation.outcome == Outcome::Cold
}

fn at(run: &[Invocation], request: u64) -> Option<&Invocation> {
    run.get(wide_index(request))
        .filter(|invocation| matches!(invocation.outcome, Outcome::Warm | Outcome::Cold))
}

fn mean(values: impl Iterator<Item = f64>) -> Estimate {
    let values: Vec<f64> = values.collect();
    match values.as_slice() {
        [only] => Estimate::point_only(*only, 1),
        several => replications::mean(several, Method::Replications),
    }
}

fn share(part: usize, of: usize) -> f64 {
    count_to_f64(part) / count_to_f64(of.max(1))
}

fn compare_cold(
    real: &[&Invocation],
    simulated: &[Vec<Invocation>],
    criteria: Criteria,
) -> ColdComparison {
    let agreeing = |run: &[Invocation]| {
        let same = |invocation: &&&Invocation| {
            at(run, invocation.request).is_some_and(|other| is_cold(other) == is_cold(invocation))
        };
        share(real.iter().filter(same).count(), real.len())
    };
    let cold_share = |run: &Vec<Invocation>| {
        let cold = real
            .iter()
            .filter(|invocation| at(run, invocation.request).is_some_and(is_cold));
        share(cold.count(), real.len())
    };
    let mut ratios: Vec<f64> = simulated.iter().map(cold_share).collect();
    let simulated_ratio = mean(ratios.iter().copied());
    ratios.sort_by(f64::total_cmp);
    let end = |p| replications::quantile_r7(&ratios, p).unwrap_or(f64::NAN);
    let between = simulated.windows(2).map(|pair| {
        let same = |invocation: &&&Invocation| {
            let [first, second] = [0, 1].map(|side| at(&pair[side], invocation.request));
            first.is_some_and(is_cold) == second.is_some_and(is_cold)
        };
        share(real.iter().filter(same).count(), real.len())
    });
    let between: Vec<f64> = between.collect();
    let measured_cold = real.iter().filter(|invocation| is_cold(invocation)).count();
    let agreement = mean(simulated.iter().map(|run| agreeing(run)));
    ColdComparison {
        compared: word(real.len()),
        measured_cold: word(measured_cold),
        measured_ratio: share(measured_cold, real.len()),
        simulated_ratio,
        simulated_range: [end(0.025), end(0.975)],
        agreement,
        agreement_of_simulations: between.iter().sum::<f64>() / count_to_f64(between.len().max(1)),
        verdict: match (agreement.low, agreement.high) {
            _ if real.is_empty() => Verdict::Unclear,
            (Some(low), _) if low >= criteria.agreement => Verdict::Agrees,
            (_, Some(high)) if high < criteria.agreement => Verdict::Apart,
            (None, None) if agreement.point >= criteria.agreement => Verdict::Agrees,
            _ => Verdict::Unclear,
        },
    }
}

/// Nanoseconds of an invocation.
type Nanos = fn(&Invocation) -> u64;

fn compare_times(
    real: &[&Invocation],
    simulated: &[Vec<Invocation>],
    within: f64,
) -> Vec<TimeComparison> {
    let latency: Nanos = |invocation| invocation.latency().0;
    let init: Nanos = |invocation| invocation.init.0;
    let duration: Nanos = |invocation| invocation.duration.0;
    let all: [(&str, bool, Nanos, &[f64]); 5] = [
        ("cold latency", true, latency, &[0.5, 0.9]),
        ("cold init", true, init, &[0.5, 0.9]),
        ("cold duration", true, duration, &[0.5]),
        ("warm duration", false, duration, &[0.5]),
        ("warm latency", false, latency, &[0.5, 0.9, 0.99]),
    ];
    let mut rows = Vec::new();
    for (name, cold, nanos, probabilities) in all {
        let sorted = |invocations: &mut dyn Iterator<Item = &Invocation>| {
            let mut values: Vec<f64> = invocations
                .filter(|invocation| is_cold(invocation) == cold)
                .filter(|invocation| matches!(invocation.outcome, Outcome::Warm | Outcome::Cold))
                .map(|invocation| to_f64(nanos(invocation)) / 1e6)
                .collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let measured = sorted(&mut real.iter().copied());
        let predicted = sorted(&mut simulated.iter().flatten());
        for &p in probabilities {
            rows.push(compare_quantile(
                format!("{name} p{}", 100.0 * p),
                (measured.len() >= FEWEST)
                    .then(|| quantile::of_sorted(&measured, p))
                    .flatten(),
                replications::quantile_r7(&predicted, p),
                within,
            ));
        }
    }
    rows
}

fn compare_quantile(
    metric: String,
    measured_ms: Option<Estimate>,
    simulated_ms: Option<f64>,
    within: f64,
) -> TimeComparison {
    let difference = measured_ms.zip(simulated_ms).filter(|pair| pair.1 > 0.0);
    let difference = difference.map(|(measured, simulated)| {
        let of = |value: f64| value / simulated - 1.0;
        Estimate {
            point: of(measured.point),
            low: measured.low.map(of),
            high: measured.high.map(of),
            ..measured
        }
    });
    let verdict = match difference.map(|difference| (difference.low, difference.high)) {
        Some((Some(low), Some(high))) if low >= -within && high <= within => Verdict::Agrees,
        Some((Some(low), _)) if low > within => Verdict::Apart,
        Some((_, Some(high))) if high < -within => Verdict::Apart,
        _ => Verdict::Unclear,
    };
    TimeComparison {
        metric,
        measured_ms,
        simulated_ms,
        difference,
        verdict,
    }
}

fn compare_phases(real: &[&Invocation], simulated: &[Vec<Invocation>]) -> Vec<PhaseComparison> {
    let values = |invocations: &mut dyn Iterator<Item = &Invocation>, wanted: Phase| {
        let mut values: Vec<f64> = invocations
            .flat_map(|invocation| &invocation.phases)
            .filter(|(phase, _)| *phase == wanted)
            .map(|(_, span)| to_f64(span.0) / 1e6)
            .collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let compared = Phase::ALL.into_iter().map(|phase| {
        let measured = values(&mut real.iter().copied(), phase);
        let predicted = values(&mut simulated.iter().flatten(), phase);
        PhaseComparison {
            phase: phase.name(),
            measured_ms: (measured.len() >= FEWEST)
                .then(|| quantile::of_sorted(&measured, 0.5))
                .flatten(),
            simulated_ms: replications::quantile_r7(&predicted, 0.5),
        }
    });
    compared
        .filter(|phase| phase.measured_ms.is_some() || phase.simulated_ms.is_some())
        .collect()
}

/// The phase whose medians are farthest apart; one that only one side has counts from nil.
fn worst(phases: &[PhaseComparison]) -> Option<&'static str> {
    let apart = |phase: &PhaseComparison| {
        let measured = phase.measured_ms.map_or(0.0, |estimate| estimate.point);
        (measured - phase.simulated_ms.unwrap_or(0.0)).abs()
    };
    let farthest = phases
        .iter()
        .max_by(|one, other| apart(one).total_cmp(&apart(other)));
    farthest.map(|phase| phase.phase)
}

fn lateness(nanos: &[u64]) -> Lateness {
    let mut sorted: Vec<f64> = nanos.iter().map(|nanos| to_f64(*nanos) / 1e6).collect();
    sorted.sort_by(f64::total_cmp);
    let quantile = |p| replications::quantile_r7(&sorted, p).unwrap_or(0.0);
    Lateness {
        p50: quantile(0.5),
        p99: quantile(0.99),
        max: sorted.last().copied().unwrap_or(0.0),
    }
}

fn disagreements(
    real: &[&Invocation],
    simulated: &[Vec<Invocation>],
    keep_alive: Option<SimDuration>,
) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for (place, invocation) in real.iter().enumerate() {
        let cold = simulated
            .iter()
            .filter(|run| at(run, invocation.request).is_some_and(is_cold))
            .count();
        let cold_share = share(cold, simulated.len());
        let measured_cold = is_cold(invocation);
        if (cold_share > 0.5) != measured_cold && found.len() < LISTED {
            found.push(Disagreement {
                request: invocation.request,
                arrival_s: to_f64(invocation.arrival.0) / 1e9,
                measured_cold,
                simulated_cold_share: cold_share,
                reason: reason(&real[..place], invocation, keep_alive),
            });
        }
    }
    found
}

/// What a disagreement lies at: the requests before it tell.
fn reason(
    before: &[&Invocation],
    invocation: &Invocation,
    keep_alive: Option<SimDuration>,
) -> &'static str {
    let end = |earlier: &&Invocation| earlier.arrival.0.saturating_add(earlier.latency().0);
    let arrival = invocation.arrival.0;
    // A twentieth of the keep-alive or a slow answer: what lies within is decided by chance.
    let near = keep_alive
        .map_or(0, |keep_alive| keep_alive.0 / 20)
        .max(50_000_000);
    if before
        .iter()
        .map(end)
        .any(|end| end.abs_diff(arrival) <= near)
    {
        return "an answer came at nearly the same moment";
    }
    if before.iter().map(end).any(|end| end > arrival) {
        return "others ran at the same time";
    }
    let near_end = |end: u64| {
        keep_alive.is_some_and(|keep_alive| (end + keep_alive.0).abs_diff(arrival) <= near)
    };
    if before.iter().map(end).any(near_end) {
        return "the keep-alive ended at nearly the same moment";
    }
    "an earlier difference"
}

fn warnings(measured: &MeasuredSide, times: &[TimeComparison], lateness: Lateness) -> Vec<String> {
    let mut warnings = measured.warnings.clone();
    let warm = times.iter().find(|time| time.metric == "warm latency p50");
    let warm = warm
        .and_then(|time| time.measured_ms)
        .map_or(0.0, |ms| ms.point);
    if lateness.p99 > LATENESS_MAX * warm && lateness.p99 > 1.0 {
        warnings.push(format!(
            "Requests were sent up to {:.1} ms late (99 % of them): that is part of the latencies.",
            lateness.p99
        ));
    }
    if measured
        .noise
        .steal_share
        .is_some_and(|share| share > STEAL_MAX)
    {
        warnings.push("The hypervisor took processor time away.".to_owned());
    }
    if !measured.failures.is_empty() {
        warnings.push(format!(
            "{} requests failed and are not compared.",
            measured.failures.len()
        ));
    }
    warnings
}
