//! Scenarios in a few words, and sums over their outcomes.

use std::sync::Mutex;

use frostline_models::arrival::Arrivals;
use frostline_models::law::Law;
use frostline_models::math::{to_f64, wide_to_f64};
use frostline_models::record::{Invocation, Outcome};
use frostline_models::scenario::{Function, Scenario};
use frostline_models::units::{Rate, SimDuration};
use frostline_sim::outcome::{Counts, Period, SimulationOutcome};
use frostline_sim::{Kernels, Observer, Options, Unobserved, simulate};
use frostline_stats::estimate::{LEVEL, Method};
use frostline_stats::replications::ratio;
use frostline_stats::student::two_sided_factor;

/// Arrivals at so many a second.
pub(crate) fn poisson(per_second: f64) -> Arrivals {
    Arrivals::Poisson(Rate::per_second(per_second).unwrap())
}

/// An exponential duration with this mean in milliseconds.
pub(crate) fn exponential(mean_ms: u64) -> Law {
    Law::exponential(SimDuration::from_millis(mean_ms)).unwrap()
}

/// A constant duration in milliseconds.
pub(crate) fn constant(ms: u64) -> Law {
    Law::Constant(SimDuration::from_millis(ms))
}

/// Poisson arrivals to exponential durations of mean one second.
pub(crate) fn markov(busy: f64) -> Function {
    Function::new("f", poisson(busy), exponential(1000))
}

/// One function for so many seconds, in so many replications.
pub(crate) fn alone(function: Function, seconds: u64, replications: u32) -> Scenario {
    Scenario::new(
        vec![function],
        SimDuration::from_secs(seconds),
        replications,
    )
}

/// Runs with the kernels that the scenario allows.
pub(crate) fn run(scenario: &Scenario, seed: u64) -> SimulationOutcome {
    run_with(scenario, seed, Kernels::Fastest)
}

/// Runs with a choice of kernels.
pub(crate) fn run_with(scenario: &Scenario, seed: u64, kernels: Kernels) -> SimulationOutcome {
    simulate(
        scenario,
        Options {
            seed,
            kernels,
            observer: &Unobserved,
        },
    )
    .unwrap()
}

/// The measurement periods of function `place`, all replications.
pub(crate) fn periods(outcome: &SimulationOutcome, place: usize) -> impl Iterator<Item = &Period> {
    outcome.functions[place]
        .replications
        .iter()
        .flat_map(|replication| &replication.periods)
}

/// The counts of function `place` after warm-up, all replications.
pub(crate) fn counts(outcome: &SimulationOutcome, place: usize) -> Counts {
    let mut sum = Counts::default();
    for period in periods(outcome, place) {
        sum.add(&period.counts);
    }
    sum
}

/// What became of one request: (function, number, outcome, spillover, timed out, queue, init,
/// duration), times in nanoseconds.
pub(crate) type Fate = (u32, u64, Outcome, bool, bool, u64, u64, u64);

/// The records of a run.
#[derive(Default)]
struct Records(Mutex<Vec<(u32, Invocation)>>);

impl Observer for Records {
    fn wants_records(&self) -> bool {
        true
    }

    fn record(&self, replication: u32, invocation: &Invocation) {
        self.0
            .lock()
            .unwrap()
            .push((replication, invocation.clone()));
    }
}

/// Every request of a run with its replication, by replication, function and number.
pub(crate) fn records(scenario: &Scenario, seed: u64) -> Vec<(u32, Invocation)> {
    let records = Records::default();
    simulate(
        scenario,
        Options {
            seed,
            kernels: Kernels::EventOnly,
            observer: &records,
        },
    )
    .unwrap();
    let mut records = records.0.into_inner().unwrap();
    records.sort_by_key(|(replication, record)| (*replication, record.function, record.request));
    records
}

/// The fates of the requests of a run's only replication.
pub(crate) fn fates(scenario: &Scenario, seed: u64) -> Vec<Fate> {
    let records = records(scenario, seed);
    records
        .into_iter()
        .map(|(_, r)| {
            (
                r.function,
                r.request,
                r.outcome,
                r.spillover,
                r.timed_out,
                r.queue.0,
                r.init.0,
                r.duration.0,
            )
        })
        .collect()
}

/// One pair (numerator, denominator) a replication and period.
pub(crate) fn pairs(
    outcome: &SimulationOutcome,
    pair: impl Fn(&Period) -> (f64, f64),
) -> Vec<(f64, f64)> {
    periods(outcome, 0).map(pair).collect()
}

/// Cold starts over invocations.
pub(crate) fn cold(period: &Period) -> (f64, f64) {
    let counts = &period.counts;
    (to_f64(counts.cold_starts), to_f64(counts.invocations))
}

/// Throttles over requests.
pub(crate) fn throttled(period: &Period) -> (f64, f64) {
    let counts = &period.counts;
    (to_f64(counts.throttles), to_f64(counts.requests))
}

/// Mean instances alive.
pub(crate) fn alive(period: &Period) -> (f64, f64) {
    (wide_to_f64(period.alive_ns), to_f64(period.span_ns))
}

/// Mean instances busy.
pub(crate) fn busy(period: &Period) -> (f64, f64) {
    (wide_to_f64(period.busy_ns), to_f64(period.span_ns))
}

/// Asserts that a ratio over replications is the expected one. The tolerance is Student's two-sided
/// quantile at 1 − 10⁻⁵ times the standard error over the replications, so a right engine fails one
/// assertion in 100,000; seeds are fixed, so it fails always or never. A tolerance of more than the
/// share `sharp` of the expected value would let wrong engines pass and is refused.
pub(crate) fn assert_ratio(what: &str, pairs: &[(f64, f64)], expected: f64, sharp: f64) {
    let estimate = ratio(pairs, Method::RatioOverReplications);
    let factor = |level| two_sided_factor(pairs.len() - 1, level).unwrap();
    let half = estimate.high.unwrap() - estimate.point;
    let tolerance = half / factor(LEVEL) * factor(1.0 - 1e-5);
    let difference = estimate.point - expected;
    assert!(
        difference.abs() <= tolerance,
        "{what}: {} ± {tolerance} is not {expected}",
        estimate.point
    );
    assert!(
        tolerance <= sharp * expected,
        "{what}: ± {tolerance} around {expected} shows too little"
    );
}
