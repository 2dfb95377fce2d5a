//! The engine's backbone: on scenarios that both kernels can run they agree bit for bit.

use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::KeepAlive;
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::SimDuration;
use frostline_sim::Kernels;
use frostline_sim::outcome::{Kernel, SimulationOutcome};
use proptest::prelude::*;

use crate::setup::{alone, constant, exponential, poisson, run_with};

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
        if seed % 2 == 0 {
            scenario.run.warm_up = WarmUp::Fixed(SimDuration::from_millis(seed % 60_000));
        }
        let [batch, event] = both(&scenario, seed);
        prop_assert_eq!(batch, event);
    }
}

#[test]
fn kernels_agree_when_instants_coincide() {
    for (duration_ms, keep_alive_ms) in [(1_000, 1_000), (500, 500), (2_000, 0), (60_000, 60_000)] {
        let mut function = function(3.0, 1, keep_alive_ms, 250, 0);
        function.duration = constant(duration_ms);
        function.arrivals = frostline_models::arrival::Arrivals::Renewal(constant(500));
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
