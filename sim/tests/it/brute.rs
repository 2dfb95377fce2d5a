//! The engine against the plain reference simulator, request by request and nanosecond by
//! nanosecond, over random scenarios. Nothing here is statistical: a failure is a bug.

use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::scenario::{Function, Queue, Scenario, WarmUp};
use frostline_models::units::{Quota, SimDuration};
use frostline_sim::Kernels;
use frostline_sim::outcome::SimulationOutcome;
use proptest::prelude::*;
use proptest::sample::select;

use crate::reference::{Reference, Sums, Taped};
use crate::setup::{alone, constant, exponential, fates, periods, poisson, records, run_with};

/// The requests of a scenario, drawn by asking twice on an unlimited platform: once when every
/// request is cold and once when only init is missing. Streams do not depend on policies, so these
/// are the requests that every other configuration meets.
pub(crate) fn tape(scenario: &Scenario, seed: u64) -> Vec<Taped> {
    let mut open = scenario.clone();
    open.platform.account_concurrency = None;
    open.platform.scale_up = None;
    open.platform.request_rate = None;
    for function in &mut open.functions {
        function.keep_alive = KeepAlive::None;
        function.maximum_age = None;
        function.timeout = None;
        function.concurrency = 1;
        function.provisioned.instances = 0;
        function.reserved = None;
        function.maximum_instances = None;
        function.queue = Queue::default();
    }
    let cold = records(&open, seed);
    for function in &mut open.functions {
        function.first_invocation = constant(0);
    }
    let plain = records(&open, seed);
    let mut tape: Vec<Taped> = cold
        .iter()
        .zip(&plain)
        .map(|((_, cold), (_, plain))| Taped {
            function: frostline_models::math::index(cold.function),
            number: cold.request,
            arrival: cold.arrival.0,
            duration: plain.duration.0,
            init: cold.init.0,
            first_extra: cold.duration.0 - plain.duration.0,
        })
        .collect();
    tape.sort_by_key(|request| (request.arrival, request.function));
    tape
}

fn sums(outcome: &SimulationOutcome, place: usize) -> Sums {
    let mut sums = Sums::default();
    for period in periods(outcome, place) {
        sums.counts.add(&period.counts);
        sums.alive_ns += period.alive_ns;
        sums.busy_ns += period.busy_ns;
        sums.peak = sums.peak.max(period.instances_peak);
    }
    sums
}

/// Both engines and the reference give the same.
fn check(mut scenario: Scenario, seed: u64) {
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    let tape = tape(&scenario, seed);
    let reference = Reference::run(&scenario, &tape);
    let fates = fates(&scenario, seed);
    for (found, expected) in fates.iter().zip(&reference.fates) {
        assert_eq!(found, expected, "one request of {scenario:#?}");
    }
    assert_eq!(fates.len(), reference.fates.len());
    for kernels in [Kernels::Fastest, Kernels::EventOnly] {
        let outcome = run_with(&scenario, seed, kernels);
        for (place, expected) in reference.sums.iter().enumerate() {
            let found = sums(&outcome, place);
            assert_eq!(
                &found, expected,
                "{kernels:?}, function {place} of {scenario:#?}"
            );
            let counts = found.counts;
            assert_eq!(
                counts.requests,
                counts.invocations + counts.throttles + counts.dropped
            );
        }
    }
}

fn ms(range: std::ops::Range<u64>) -> impl Strategy<Value = SimDuration> {
    // Odd nanoseconds, so that instants of different requests do not coincide by construction.
    range.prop_map(|ms| SimDuration(ms * 1_000_000 + 1_357))
}

prop_compose! {
    /// A function with any of the features that the reference knows.
    fn any_function()(
        rate in select(vec![0.2, 2.0, 12.0]),
        mean_ms in 50_u64..2_000,
        keep_alive in prop_oneof![
            4 => ms(1..5_000).prop_map(KeepAlive::Fixed),
            1 => Just(KeepAlive::None),
            1 => Just(KeepAlive::Forever),
        ],
        reuse in select(vec![Reuse::MostRecent, Reuse::Newest, Reuse::Oldest, Reuse::LeastRecent]),
        init_ms in prop_oneof![Just(0_u64), 1_u64..3_000],
        extra_ms in prop_oneof![Just(0_u64), 1_u64..500],
        concurrency in prop_oneof![2 => Just(1_u32), 1 => 2_u32..5],
        age in proptest::option::of(ms(100..20_000)),
        timeout in proptest::option::of(ms(100..4_000)),
        maximum in proptest::option::of(1_u64..12),
        reserved in proptest::option::of(0_u64..10),
        provisioned in prop_oneof![2 => Just(0_u32), 1 => 1_u32..5],
        length in prop_oneof![Just(0_u64), 1_u64..12],
        wait in ms(0..5_000),
    ) -> Function {
        let mut function = Function::new("f", poisson(rate), exponential(mean_ms));
        function.keep_alive = keep_alive;
        function.reuse = reuse;
        if init_ms > 0 {
            function.init = Init::new(vec![
                (Phase::Sandbox, constant(init_ms)),
                (Phase::Code, exponential(init_ms)),
            ]);
        }
        if extra_ms > 0 {
            function.first_invocation = exponential(extra_ms);
        }
        function.concurrency = concurrency;
        function.maximum_age = age.map(frostline_models::law::Law::Constant);
        function.timeout = timeout;
        function.reserved = reserved;
        // Provisioned instances that take several requests are covered by counts elsewhere.
        function.provisioned.instances = if concurrency == 1 { provisioned } else { 0 };
        function.maximum_instances = maximum.map(|m| m + u64::from(provisioned));
        function.queue = Queue { length, wait };
        function
    }
}

prop_compose! {
    fn any_quota()(count in 1_u64..30, ms in 100_u64..4_000) -> Quota {
        Quota { count, per: SimDuration(ms * 1_000_000 + 77) }
    }
}

prop_compose! {
    fn any_scenario()(
        mut functions in proptest::collection::vec(any_function(), 1..4),
        account in proptest::option::of(1_u64..40),
        scale_up in proptest::option::of(any_quota()),
        request_rate in proptest::option::of(any_quota()),
    ) -> Scenario {
        for (name, function) in ["a", "b", "c"].iter().zip(&mut functions) {
            (*name).clone_into(&mut function.name);
        }
        let mut scenario = Scenario::new(functions, SimDuration::from_secs(60), 1);
        scenario.platform.account_concurrency = account;
        scenario.platform.scale_up = scale_up;
        scenario.platform.request_rate = request_rate;
        scenario
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_function_alone_is_as_the_reference_says(function in any_function(), seed in 0_u64..1000) {
        check(alone(function, 90, 1), seed);
    }

    #[test]
    fn functions_under_limits_are_as_the_reference_says(
        scenario in any_scenario(), seed in 0_u64..1000,
    ) {
        check(scenario, seed);
    }
}
