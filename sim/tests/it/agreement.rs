//! The engine's backbone: on scenarios that both kernels can run they agree bit for bit.

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::KeepAlive;
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::{SimDuration, SimTime};
use frostline_sim::Kernels;
use frostline_sim::outcome::{Kernel, SimulationOutcome};
use proptest::prelude::*;

use crate::setup::{alone, constant, exponential, poisson, records, run_with};

/// Both outcomes, the kernels' names taken out.
fn both(scenario: &Scenario, seed: u64) -> [SimulationOutcome; 2] {
    [Kernels::Fastest, Kernels::EventOnly].map(|kernels| {
        let mut outcome = run_with(scenario, seed, kernels);
        for replication in outcome
            .functions
            .iter_mut()
            .flat_map(|f| &mut f.replications)
        {
            let expected = if kernels == Kernels::Fastest {
                Kernel::Batch
            } else {
                Kernel::Event
            };
            assert_eq!(replication.kernel, expected, "the comparison must compare");
            replication.kernel = Kernel::Batch;
        }
        outcome
    })
}

fn function(rate: f64, mean_ms: u64, keep_alive_ms: u64, init_ms: u64, extra_ms: u64) -> Function {
    let mut function = Function::new("f", poisson(rate), exponential(mean_ms));
    function.keep_alive = KeepAlive::Fixed(SimDuration::from_millis(keep_alive_ms));
    if init_ms > 0 {
        function.init = Init::new(vec![
            (Phase::Sandbox, constant(init_ms)),
            (Phase::Runtime, exponential(init_ms)),
        ]);
    }
    if extra_ms > 0 {
        function.first_invocation = exponential(extra_ms);
    }
    function
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn kernels_agree(
        seed in 0_u64..1_000_000,
        rate in prop_oneof![Just(0.05), Just(1.0), Just(40.0), Just(900.0)],
        mean_ms in prop_oneof![Just(1_u64), Just(300), Just(5_000)],
        keep_alive_ms in prop_oneof![Just(0_u64), Just(50), Just(4_000), Just(600_000)],
        init_ms in prop_oneof![Just(0_u64), Just(7), Just(900), Just(20_000)],
        extra_ms in prop_oneof![Just(0_u64), Just(400)],
        replications in 1_u32..3,
    ) {
        let function = function(rate, mean_ms, keep_alive_ms, init_ms, extra_ms);
        let mut scenario = alone(function, 240, replications);
        scenario.run.warm_up = match seed % 3 {
            0 => WarmUp::Fixed(SimDuration::from_millis(seed % 60_000)),
            1 => WarmUp::PreviousDay,
            _ => WarmUp::Auto,
        };
        let [batch, event] = both(&scenario, seed);
        prop_assert_eq!(batch, event);
    }
}

#[test]
fn kernels_agree_when_instants_coincide() {
    for (duration_ms, keep_alive_ms) in [(1_000, 1_000), (500, 500), (2_000, 0), (60_000, 60_000)] {
        let mut function = function(3.0, 1, keep_alive_ms, 250, 0);
        function.duration = constant(duration_ms);
        function.arrivals = Arrivals::Renewal(constant(500));
        let [batch, event] = both(&alone(function, 600, 1), 1);
        assert_eq!(
            batch, event,
            "{duration_ms} ms, kept for {keep_alive_ms} ms"
        );
    }
}

#[test]
fn kernels_agree_without_expiry() {
    let mut function = function(20.0, 1_500, 1, 300, 100);
    function.keep_alive = KeepAlive::Forever;
    let [batch, event] = both(&alone(function, 500, 2), 11);
    assert_eq!(batch, event);
}

/// Requests at random instants, some of them the same, each with a duration of its own (zero is
/// among them), a fifth of them cold.
fn recorded(seed: u64, count: u64, span_ms: u64) -> Recorded {
    let mut state = seed;
    let mut word = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut times: Vec<_> = (0..count)
        .map(|_| SimTime(word() % (span_ms + 1) * 1_000_000))
        .collect();
    times.sort_unstable();
    let durations: Vec<_> = (0..count)
        .map(|_| SimDuration::from_millis(word() % 900))
        .collect();
    let cold = (0..count).map(|_| word() % 5 == 0).collect();
    let requests = Recorded::at(times).unwrap();
    let requests = requests.with_durations(durations).unwrap();
    requests.with_cold(cold).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn kernels_agree_on_recorded_requests(
        seed in 0_u64..1_000_000,
        count in prop_oneof![Just(1_u64), Just(300), Just(2_047), Just(2_048), Just(9_000)],
        span_ms in prop_oneof![Just(0_u64), Just(2_000), Just(240_000), Just(900_000)],
        keep_alive_ms in prop_oneof![Just(0_u64), Just(300), Just(60_000)],
        init_ms in prop_oneof![Just(0_u64), Just(900)],
    ) {
        let requests = recorded(seed, count, span_ms);
        let mut function = function(1.0, 100, keep_alive_ms, init_ms, 0);
        let within = requests.total_within(SimDuration::from_secs(240));
        let cold = requests.cold().unwrap().count_within(0, within);
        function.duration = requests.duration_law().unwrap();
        function.arrivals = Arrivals::Recorded(requests);
        let mut scenario = alone(function, 240, 1);
        scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
        let [batch, event] = both(&scenario, seed);
        let counts = &batch.functions[0].replications[0].counts;
        prop_assert_eq!((counts.requests, counts.recorded_cold), (within, cold));
        prop_assert!(counts.both_cold <= counts.cold_starts.min(cold));
        prop_assert_eq!(batch, event);
    }
}

#[test]
fn a_recorded_duration_takes_the_place_of_a_drawn_one() {
    let spans: Vec<_> = (0..5_000).map(|number| SimDuration(number % 977)).collect();
    let times: Vec<_> = (0..5_000)
        .map(|number| SimTime(number * 1_000_000))
        .collect();
    let requests = Recorded::at(times).unwrap();
    let requests = requests.with_durations(spans.clone()).unwrap();
    let mut function = function(1.0, 100, 1_000, 0, 0);
    function.arrivals = Arrivals::Recorded(requests.clone());
    let replayed = records(&alone(function.clone(), 10, 1), 7);
    let replayed: Vec<_> = replayed.iter().map(|(_, record)| record.duration).collect();
    let expected: Vec<_> = spans
        .iter()
        .map(|span| SimDuration(span.0.max(1)))
        .collect();
    assert_eq!(replayed, expected);

    function.arrivals = Arrivals::Recorded(requests.with_drawn_durations());
    let drawn = records(&alone(function, 10, 1), 7);
    assert!(
        drawn
            .iter()
            .any(|(_, record)| record.duration.0 > 1_000_000)
    );
}
