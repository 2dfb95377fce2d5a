//! What a trace holds: how its requests are spread over functions and time, and what that implies.
//!
//! Everything here describes the recording as it is; nothing is inferred about what was not recorded,
//! so no number has an interval. Quantiles over functions are R-7. Counts an interval are taken at even
//! places in it where a distance between requests is needed; where that matters for a conclusion
//! ([`ColdStarts`]) both ends of what is possible are given.

use frostline_models::arrival::Arrivals;
use frostline_models::math::{count_to_f64, to_f64, word};
use frostline_models::trace::{Trace, TraceFunction};
use frostline_models::units::SimDuration;
use frostline_stats::histogram::Histogram;
use frostline_stats::replications::quantile_r7;
use serde::Serialize;

use measure::Measured;

mod measure;
mod text;

/// The name and version of the JSON layout.
pub const SCHEMA: &str = "frostline/trace-info/1";

/// Keep-alives for which cold starts are bounded, in minutes.
const KEEP_ALIVES_MIN: [u64; 4] = [5, 10, 20, 60];

/// Minutes for which requests of all functions together are counted at the most: almost two years.
const MOST_MINUTES: u64 = 1_000_000;

/// Hours of a day.
const HOURS: usize = 24;

/// A description of a trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TraceInfo {
    /// Name and version of this layout: [`SCHEMA`].
    pub schema: &'static str,
    /// What it takes to make the same numbers again.
    pub manifest: InfoManifest,
    /// The format of the trace, as in a scenario file.
    pub format: String,
    /// Functions.
    pub functions: u64,
    /// All recorded requests.
    pub requests: u64,
    /// The recorded span.
    pub span_s: f64,
    /// How often functions are called.
    pub rates: Rates,
    /// How unevenly requests are spread over functions.
    pub concentration: Concentration,
    /// Times between consecutive requests of a function.
    pub idle_gaps: IdleGaps,
    /// Functions and requests by trigger, the most requests first.
    pub triggers: Vec<TriggerShare>,
    /// How unevenly requests are spread over time.
    pub burstiness: Burstiness,
    /// Requests of all functions by the hour of the recording's day.
    pub hours: Vec<u64>,
    /// Durations, where they are known.
    pub durations: Durations,
    /// Memory over the functions that have it, in MiB.
    pub memory_mib: Option<Spread>,
    /// What was recorded of single requests.
    pub recorded: Recorded,
    /// What the trace does not say, in plain sentences.
    pub missing: Vec<String>,
    /// What the reader assumed, in plain sentences.
    pub assumptions: Vec<String>,
}

/// What it takes to make the same numbers again, beside the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InfoManifest {
    /// Version of Frostline.
    pub version: String,
}

/// Order statistics of a quantity over functions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many functions have the quantity.
    pub n: u64,
    /// The smallest.
    pub min: f64,
    /// The first quartile.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// The third quartile.
    pub p75: f64,
    /// The ninth decile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

/// How often functions are called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// All requests a second.
    pub requests_per_second: f64,
    /// Requests a day, over functions.
    pub requests_per_day: Option<Spread>,
    /// Share of functions that are called at most once an hour on average.
    pub at_most_hourly: f64,
    /// Share of functions that are called at most once a minute on average.
    pub at_most_minutely: f64,
}

/// How unevenly requests are spread over functions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Concentration {
    /// Share of all requests that the busiest function has.
    pub largest: f64,
    /// Share of the busiest 1 % of the functions, at least one.
    pub top_1_percent: f64,
    /// Share of the busiest 10 %.
    pub top_10_percent: f64,
    /// Gini's coefficient: 0 when all have the same, towards 1 when one has everything.
    pub gini: f64,
}

/// Times between consecutive requests of a function, pooled over functions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdleGaps {
    /// The length of an interval of counts; zero where instants are known.
    pub resolution_s: f64,
    /// Gaps: requests less functions.
    pub n: u64,
    /// Median.
    pub p50_s: Option<f64>,
    /// Ninth decile.
    pub p90_s: Option<f64>,
    /// 99th percentile.
    pub p99_s: Option<f64>,
    /// 99.9th percentile.
    pub p999_s: Option<f64>,
    /// The longest.
    pub max_s: Option<f64>,
    /// What the gaps imply for some keep-alives.
    pub keep_alive: Vec<ColdStarts>,
}

/// Cold starts of a pool of one instance a function that is kept for a time after each request, taken
/// that requests do not overlap. Those who overlap add to it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ColdStarts {
    /// The keep-alive.
    pub keep_alive_s: u64,
    /// Gaps that are longer for certain, and first requests that come so late.
    pub at_least: u64,
    /// Gaps that may be longer, and all first requests.
    pub at_most: u64,
    /// `at_least` over all requests.
    pub ratio_at_least: f64,
    /// `at_most` over all requests.
    pub ratio_at_most: f64,
}

/// What one kind of trigger starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TriggerShare {
    /// The trigger.
    pub name: String,
    /// Functions that it starts.
    pub functions: u64,
    /// Their requests.
    pub requests: u64,
}

/// How unevenly requests are spread over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Burstiness {
    /// Coefficient of variation of the times between requests, over functions with at least three: 0
    /// for a clock, 1 for a Poisson process.
    pub interarrival_cv: Option<Spread>,
    /// Share of those functions in which it exceeds 1.
    pub interarrival_cv_above_1: Option<f64>,
    /// Variance over mean of the counts a minute, over functions with at least ten requests: 1 for a
    /// Poisson process.
    pub dispersion_minute: Option<Spread>,
    /// Variance over mean of the counts an hour, over the same functions.
    pub dispersion_hour: Option<Spread>,
    /// All functions together: the busiest minute over the mean one.
    pub peak_to_mean_minute: Option<f64>,
}

/// Durations of invocations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Durations {
    /// The median duration in ms, over functions.
    pub median_ms: Option<Spread>,
    /// The 99th percentile in ms, over functions.
    pub p99_ms: Option<Spread>,
    /// Rate times mean duration, summed over functions: invocations that run at a time on average.
    pub mean_in_flight: Option<f64>,
}

/// What was recorded of single requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recorded {
    /// Requests whose instant is known.
    pub instants: u64,
    /// Requests whose duration is known.
    pub durations: u64,
    /// Requests of which it is known whether they met a cold start.
    pub cold_flags: u64,
    /// Those that did.
    pub cold_starts: u64,
    /// `cold_starts` over `cold_flags`.
    pub cold_ratio: Option<f64>,
}

impl TraceInfo {
    /// Describes a trace.
    pub fn new(trace: &Trace, version: &str) -> Self {
        let measured = Measured::of(
            trace,
            &KEEP_ALIVES_MIN.map(|m| SimDuration::from_secs(60 * m)),
        );
        let requests = trace.requests();
        let days = trace.duration.as_secs_f64() / 86_400.0;
        let per_day: Vec<f64> = measured
            .counts
            .iter()
            .map(|count| to_f64(*count) / days)
            .collect();
        let all = count_to_f64(per_day.len()).max(1.0);
        let share_below =
            |most: f64| count_to_f64(per_day.iter().filter(|rate| **rate <= most).count()) / all;
        Self {
            schema: SCHEMA,
            manifest: InfoManifest {
                version: version.to_owned(),
            },
            format: trace.format.clone(),
            functions: word(trace.functions.len()),
            requests,
            span_s: trace.duration.as_secs_f64(),
            rates: Rates {
                requests_per_second: to_f64(requests) / trace.duration.as_secs_f64().max(1e-9),
                at_most_hourly: share_below(24.0),
                at_most_minutely: share_below(1440.0),
                requests_per_day: Spread::of(per_day),
            },
            concentration: Concentration::of(&measured.counts),
            idle_gaps: IdleGaps::of(&measured, requests),
            triggers: triggers(trace, &measured.counts),
            burstiness: Burstiness::of(&measured),
            hours: measured.hours,
            durations: Durations::of(trace, &measured.counts),
            memory_mib: Spread::of(
                trace
                    .functions
                    .iter()
                    .filter_map(|function| Some(f64::from(function.memory?.0)))
                    .collect(),
            ),
            recorded: Recorded::of(trace),
            missing: missing(trace),
            assumptions: trace.assumptions.clone(),
        }
    }

    /// Pretty JSON with a newline at its end.
    ///
    /// # Panics
    /// Never: numbers, texts and lists can always be written as JSON.
    pub fn to_json(&self) -> String {
        crate::json::pretty(self)
    }
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |probability| quantile_r7(&values, probability);
        Some(Self {
            n: word(values.len()),
            min: at(0.0)?,
            p25: at(0.25)?,
            p50: at(0.5)?,
            p75: at(0.75)?,
            p90: at(0.9)?,
            p99: at(0.99)?,
            max: at(1.0)?,
        })
    }
}

impl Concentration {
    fn of(counts: &[u64]) -> Self {
        let mut sorted = counts.to_vec();
        sorted.sort_unstable();
        let total: u64 = sorted.iter().sum();
        let all = sorted.len();
        let share_of = |functions: usize| {
            let busiest = sorted.iter().rev().take(functions.max(1));
            to_f64(busiest.sum()) / to_f64(total.max(1))
        };
        // Σ (2i − n − 1)·xᵢ / (n·Σx), i from 1 in ascending order.
        let n = count_to_f64(all);
        let weighted: f64 = sorted
            .iter()
            .enumerate()
            .map(|(place, count)| (2.0 * count_to_f64(place + 1) - n - 1.0) * to_f64(*count))
            .sum();
        Self {
            largest: share_of(1),
            top_1_percent: share_of(all / 100),
            top_10_percent: share_of(all / 10),
            gini: weighted / (n * to_f64(total.max(1))).max(1.0),
        }
    }
}

impl IdleGaps {
    fn of(measured: &Measured, requests: u64) -> Self {
        let mut gaps: Histogram = measured.gaps.clone();
        let gaps = gaps.drain();
        let at = |probability| gaps.quantile_ns(probability).map(|ns| ns / 1e9);
        let ratio = |count: u64| to_f64(count) / to_f64(requests.max(1));
        Self {
            resolution_s: measured.resolution.as_secs_f64(),
            n: gaps.count(),
            p50_s: at(0.5),
            p90_s: at(0.9),
            p99_s: at(0.99),
            p999_s: at(0.999),
            max_s: measured.longest_gap.map(SimDuration::as_secs_f64),
            keep_alive: KEEP_ALIVES_MIN
                .iter()
                .zip(&measured.cold)
                .map(|(minutes, bounds)| ColdStarts {
                    keep_alive_s: 60 * minutes,
                    at_least: bounds.at_least,
                    at_most: bounds.at_most,
                    ratio_at_least: ratio(bounds.at_least),
                    ratio_at_most: ratio(bounds.at_most),
                })
                .collect(),
        }
    }
}

impl Burstiness {
    fn of(measured: &Measured) -> Self {
        let above = measured.variation.iter().filter(|cv| **cv > 1.0).count();
        let n = measured.variation.len();
        let busiest = measured.minutes.iter().max().copied().unwrap_or(0);
        let total: u64 = measured.minutes.iter().sum();
        let mean = to_f64(total) / count_to_f64(measured.minutes.len()).max(1.0);
        Self {
            interarrival_cv: Spread::of(measured.variation.clone()),
            interarrival_cv_above_1: (n > 0).then(|| count_to_f64(above) / count_to_f64(n)),
            dispersion_minute: Spread::of(measured.dispersion_minute.clone()),
            dispersion_hour: Spread::of(measured.dispersion_hour.clone()),
            peak_to_mean_minute: (total > 0).then(|| to_f64(busiest) / mean),
        }
    }
}

impl Durations {
    fn of(trace: &Trace, counts: &[u64]) -> Self {
        let (mut medians, mut tails, mut in_flight) = (Vec::new(), Vec::new(), 0.0);
        for (function, count) in trace.functions.iter().zip(counts) {
            let Some(law) = function.duration_law() else {
                continue;
            };
            medians.push(law.exceeded_with(0.5).as_millis_f64());
            tails.push(law.exceeded_with(0.01).as_millis_f64());
            let span_ns = to_f64(trace.duration.0).max(1.0);
            in_flight += to_f64(*count) * law.mean_ns() / span_ns;
        }
        Self {
            mean_in_flight: (!medians.is_empty()).then_some(in_flight),
            median_ms: Spread::of(medians),
            p99_ms: Spread::of(tails),
        }
    }
}

impl Recorded {
    fn of(trace: &Trace) -> Self {
        let (mut instants, mut durations, mut cold_flags, mut cold_starts) = (0, 0, 0, 0);
        for function in &trace.functions {
            let Arrivals::Recorded(requests) = &function.arrivals else {
                continue;
            };
            instants += requests.total();
            durations += requests.durations().map_or(0, |spans| word(spans.len()));
            if let Some(flags) = requests.cold() {
                cold_flags += flags.len();
                cold_starts += flags.count();
            }
        }
        Self {
            instants,
            durations,
            cold_flags,
            cold_starts,
            cold_ratio: (cold_flags > 0).then(|| to_f64(cold_starts) / to_f64(cold_flags)),
        }
    }
}

fn triggers(trace: &Trace, counts: &[u64]) -> Vec<TriggerShare> {
    let mut shares = std::collections::BTreeMap::<&str, (u64, u64)>::new();
    for (function, count) in trace.functions.iter().zip(counts) {
        if let Some(trigger) = &function.trigger {
            let share = shares.entry(trigger).or_default();
            share.0 += 1;
            share.1 += count;
        }
    }
    let mut shares: Vec<TriggerShare> = shares
        .into_iter()
        .map(|(name, (functions, requests))| TriggerShare {
            name: name.to_owned(),
            functions,
            requests,
        })
        .collect();
    // The sort is stable: equal ones stay in the order of their names.
    shares.sort_by_key(|share| std::cmp::Reverse(share.requests));
    shares
}

/// What the trace does not say.
fn missing(trace: &Trace) -> Vec<String> {
    let all = trace.functions.len();
    let without = |is_missing: &dyn Fn(&TraceFunction) -> bool, what: &str| {
        let functions = trace
            .functions
            .iter()
            .filter(|function| is_missing(function));
        match functions.count() {
            0 => None,
            n if n == all => Some(what.to_owned()),
            n => Some(format!("{what} of {n} of {all} functions")),
        }
    };
    let recorded = |function: &TraceFunction| match &function.arrivals {
        Arrivals::Recorded(requests) => {
            Some((requests.durations().is_some(), requests.cold().is_some()))
        }
        _ => None,
    };
    [
        without(
            &|function| recorded(function).is_none(),
            "instants of requests",
        ),
        without(
            &|function| {
                function.duration.is_none() && !recorded(function).is_some_and(|known| known.0)
            },
            "durations",
        ),
        without(
            &|function| !recorded(function).is_some_and(|known| known.1),
            "which requests were cold",
        ),
        without(&|function| function.init.is_none(), "init"),
        without(&|function| function.memory.is_none(), "memory"),
        without(&|function| function.trigger.is_none(), "triggers"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
