//! The timeline: the same from both kernels, and what the records and totals of the run say.

use std::collections::BTreeMap;
use std::sync::Mutex;

use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::KeepAlive;
use frostline_models::math::word;
use frostline_models::record::{Invocation, Outcome};
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::SimDuration;
use frostline_sim::outcome::{Counts, Kernel, SimulationOutcome};
use frostline_sim::timeline::{MINUTE_NS, Minute};
use frostline_sim::{Kernels, Observer, Options, simulate};
use proptest::prelude::*;

use crate::determinism::scenarios;
use crate::setup::{alone, constant, exponential, poisson, records, run};

/// Minutes by replication and function.
pub(crate) type Timeline = BTreeMap<(u32, u32), Vec<Minute>>;

#[derive(Default)]
struct Watch(Mutex<Timeline>);

impl Observer for Watch {
    fn wants_timeline(&self) -> bool {
        true
    }

    fn begins(&self, replication: u32, function: u32) {
        self.0
            .lock()
            .unwrap()
            .insert((replication, function), Vec::new());
    }

    fn minute(&self, replication: u32, function: u32, minute: &Minute) {
        let mut timeline = self.0.lock().unwrap();
        let minutes = timeline.entry((replication, function)).or_default();
        let before = minutes.last().map(|last| last.number);
        assert!(
            before < Some(minute.number),
            "{before:?}, then {}",
            minute.number
        );
        minutes.push(minute.clone());
    }
}

pub(crate) fn watched(
    scenario: &Scenario,
    seed: u64,
    kernels: Kernels,
) -> (SimulationOutcome, Timeline) {
    let watch = Watch::default();
    let options = Options {
        seed,
        kernels,
        observer: &watch,
    };
    let outcome = simulate(scenario, options).unwrap();
    (outcome, watch.0.into_inner().unwrap())
}

/// Counts and integrals of the timeline are those of the run, which the timeline does not change.
fn check_sums(scenario: &Scenario, seed: u64) -> Timeline {
    let mut scenario = scenario.clone();
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    let (outcome, timeline) = watched(&scenario, seed, Kernels::Fastest);
    assert_eq!(outcome, run(&scenario, seed), "watching changes nothing");
    for ((replication, function), minutes) in &timeline {
        let function = &outcome.functions[frostline_models::math::index(*function)];
        let result = &function.replications[frostline_models::math::index(*replication)];
        let mut counts = Counts::default();
        let (mut alive, mut busy) = (0, 0);
        for minute in minutes {
            counts.add(&minute.counts);
            alive += minute.alive_ns + minute.idle_before_ns;
            busy += minute.busy_ns;
            assert!(minute.alive_ns <= u128::from(minute.instances_max * minute.span_ns));
            assert!(minute.busy_ns <= minute.alive_ns);
        }
        assert_eq!(counts, result.counts);
        assert_eq!(
            alive,
            result
                .periods
                .iter()
                .map(|period| period.alive_ns)
                .sum::<u128>()
        );
        assert_eq!(
            busy,
            result
                .periods
                .iter()
                .map(|period| period.busy_ns)
                .sum::<u128>()
        );
        let peak = result
            .periods
            .iter()
            .map(|period| period.instances_peak)
            .max();
        let latency = result
            .periods
            .iter()
            .map(|period| period.latency_max_ns)
            .max();
        assert_eq!(
            minutes.iter().map(|minute| minute.latency.max_ns).max(),
            latency
        );
        assert!(minutes.iter().map(|minute| minute.instances_max).max() <= peak);
    }
    timeline
}

fn function(rate: f64, mean_ms: u64, keep_alive_ms: u64, init_ms: u64) -> Function {
    let mut function = Function::new("f", poisson(rate), exponential(mean_ms));
    function.keep_alive = KeepAlive::Fixed(SimDuration::from_millis(keep_alive_ms));
    function.init = Init::new(vec![(Phase::Runtime, constant(init_ms))]);
    function.first_invocation = constant(init_ms / 3);
    function
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn kernels_tell_the_same_minutes(
        seed in 0_u64..1_000_000,
        rate in prop_oneof![Just(0.002), Just(0.05), Just(2.0), Just(200.0)],
        mean_ms in prop_oneof![Just(1_u64), Just(300), Just(200_000)],
        keep_alive_ms in prop_oneof![Just(0_u64), Just(4_000), Just(600_000)],
        init_ms in prop_oneof![Just(0_u64), Just(900), Just(90_000)],
        warm_up_ms in 0_u64..200_000,
    ) {
        let mut scenario = alone(function(rate, mean_ms, keep_alive_ms, init_ms), 1_270, 2);
        scenario.run.warm_up = WarmUp::Fixed(SimDuration::from_millis(warm_up_ms));
        let (outcome, batch) = watched(&scenario, seed, Kernels::Fastest);
        let ran = &outcome.functions[0].replications[0];
        prop_assert_eq!(ran.kernel, Kernel::Batch, "the comparison must compare");
        let (_, event) = watched(&scenario, seed, Kernels::EventOnly);
        prop_assert_eq!(batch, event);
    }
}

#[test]
fn the_sums_are_those_of_the_run() {
    for scenario in scenarios() {
        check_sums(&scenario, 5);
    }
    for (rate, keep_alive_ms) in [(0.001, 90_000), (30.0, 100)] {
        check_sums(&alone(function(rate, 700, keep_alive_ms, 40), 4_000, 3), 9);
    }
}

#[test]
fn minutes_are_those_of_the_records() {
    for mut scenario in scenarios() {
        // Who is served from a queue after the end counts in the last minute: not by its instant.
        scenario.functions[5].queue.length = 0;
        let (_, timeline) = watched(&scenario, 3, Kernels::Fastest);
        let mut by_minute: BTreeMap<(u32, u32, u64), Vec<Invocation>> = BTreeMap::new();
        for (replication, record) in records(&scenario, 3) {
            let minute = (record.arrival.0 + record.queue.0) / MINUTE_NS;
            let key = (replication, record.function, minute);
            by_minute.entry(key).or_default().push(record);
        }
        let mut told = 0;
        for ((replication, function), minutes) in &timeline {
            for minute in minutes.iter().filter(|minute| minute.counts.requests > 0) {
                let records = &by_minute[&(*replication, *function, minute.number)];
                check_minute(minute, records);
                told += 1;
            }
        }
        assert_eq!(told, by_minute.len());
    }
}

fn check_minute(minute: &Minute, records: &[Invocation]) {
    let ran = |record: &&Invocation| matches!(record.outcome, Outcome::Warm | Outcome::Cold);
    let served: Vec<_> = records.iter().filter(ran).collect();
    assert_eq!(minute.counts.requests, word(records.len()));
    assert_eq!(minute.counts.invocations, word(served.len()));
    let cold = || {
        served
            .iter()
            .filter(|record| record.outcome == Outcome::Cold)
    };
    assert_eq!(minute.counts.cold_starts, word(cold().count()));
    let inits = cold().map(|record| u128::from(record.init.0));
    assert_eq!(minute.init_sum_ns, inits.sum::<u128>());
    let spillovers = served.iter().filter(|record| record.spillover).count();
    assert_eq!(minute.counts.spillovers, word(spillovers));
    let timeouts = served.iter().filter(|record| record.timed_out).count();
    assert_eq!(minute.counts.timeouts, word(timeouts));
    let mut durations: Vec<u64> = served.iter().map(|record| record.duration.0).collect();
    durations.sort_unstable();
    assert_eq!(
        minute.duration.max_ns,
        durations.last().copied().unwrap_or(0)
    );
    assert_eq!(
        minute.duration.min_ns,
        durations.first().copied().unwrap_or(0)
    );
    assert!(durations.len() < 1_024, "these quantiles are exact");
    if durations.len() % 2 == 1 {
        assert_eq!(minute.duration.p50_ns, durations[durations.len() / 2]);
    }
    // Those that begin in the minute and overlap are among those that run at once.
    let overlaps = served.iter().map(|one| {
        let instant = one.arrival.0 + one.queue.0;
        let runs = |other: &&&Invocation| {
            let begins = other.arrival.0 + other.queue.0;
            begins <= instant && other.arrival.0 + other.latency().0 > instant
        };
        word(served.iter().filter(runs).count())
    });
    assert!(minute.concurrent_max >= overlaps.max().unwrap_or(0));
}

#[test]
fn a_minute_without_requests_is_told_only_while_something_runs() {
    let mut function = Function::new("f", poisson(1.0), constant(150_000));
    function.arrivals = frostline_models::arrival::Arrivals::Renewal(constant(1_000_000));
    function.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(120));
    let mut scenario = alone(function, 1_799, 1);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    let timeline = check_sums(&scenario, 1);
    let minutes = &timeline[&(0, 0)];
    // It arrives after 1,000 s, in minute 16, runs until 1,150 s in minute 19, and idles until 1,270.
    let told: Vec<_> = minutes.iter().map(|minute| minute.number).collect();
    assert_eq!(told, [16, 17, 18, 19, 29]);
    let alive: Vec<_> = minutes
        .iter()
        .map(|minute| minute.alive_ns / 1_000_000_000)
        .collect();
    assert_eq!(alive, [20, 60, 60, 60, 0]);
    assert_eq!(minutes[4].idle_before_ns, 70_000_000_000);
    assert_eq!(minutes[4].span_ns, 59_000_000_000);
    assert_eq!(minutes[2].concurrent_max, 1);
}
