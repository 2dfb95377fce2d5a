//! Scenarios in a few words, and sums over their outcomes.

use frostline_models::arrival::Arrivals;
use frostline_models::law::Law;
use frostline_models::scenario::{Function, Scenario};
use frostline_models::units::{Rate, SimDuration};
use frostline_sim::outcome::{Counts, Period, SimulationOutcome};
use frostline_sim::{Kernels, Options, Unobserved, simulate};

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
