//! Limits, queues and lifetimes: small schedules whose right answer can be worked out by hand.

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::KeepAlive;
use frostline_models::law::Law;
use frostline_models::math::to_f64;
use frostline_models::queueing::erlang_b;
use frostline_models::record::{Outcome, ThrottleReason};
use frostline_models::scenario::{Function, Queue, Scenario, WarmUp};
use frostline_models::units::{Quota, SimDuration, SimTime};
use frostline_sim::outcome::{Kernel, SimulationOutcome};

use crate::setup::{
    alive, alone, assert_ratio, cold, constant, counts, exponential, fates, pairs, periods,
    poisson, records, run,
};

use Outcome::{Cold, Dropped, Throttled, Warm};

/// A function with constant durations and requests at these milliseconds.
fn planned(name: &str, duration_ms: u64, at_ms: &[u64]) -> Function {
    let mut function = Function::new(name, poisson(1.0), constant(duration_ms));
    let times: Vec<_> = at_ms.iter().map(|ms| SimTime(ms * 1_000_000)).collect();
    function.arrivals = Arrivals::Recorded(Recorded::at(times).unwrap());
    function
}

/// These functions for 100 s, nothing discarded.
fn whole(functions: Vec<Function>) -> Scenario {
    let mut scenario = Scenario::new(functions, SimDuration::from_secs(100), 1);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    scenario
}

/// What became of each request of a function, in order.
fn outcomes(scenario: &Scenario, function: u32) -> Vec<Outcome> {
    let fates = fates(scenario, 1);
    let mine = fates.iter().filter(|fate| fate.0 == function);
    mine.map(|fate| fate.2).collect()
}

fn quota(count: u64, ms: u64) -> Quota {
    Quota {
        count,
        per: SimDuration::from_millis(ms),
    }
}

fn total(
    outcome: &SimulationOutcome,
    sum: impl Fn(&frostline_sim::outcome::Period) -> u128,
) -> u128 {
    periods(outcome, 0).map(sum).sum()
}

const ACCOUNT: Outcome = Throttled(ThrottleReason::ConcurrentInvocationLimitExceeded);
const RESERVED: Outcome =
    Throttled(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);

#[test]
fn functions_share_the_account() {
    let mut scenario = whole(vec![
        planned("a", 10_000, &[0, 1_000, 10_500]),
        planned("b", 10_000, &[2_000, 10_600, 11_000]),
    ]);
    scenario.platform.account_concurrency = Some(2);
    assert_eq!(outcomes(&scenario, 0), [Cold, Cold, Warm]);
    // At 10.6 s one of a's is still running and one has just begun; at 11 s the former ends.
    assert_eq!(outcomes(&scenario, 1), [ACCOUNT, ACCOUNT, Cold]);
}

#[test]
fn reserved_concurrency_guarantees_and_caps() {
    let mut reserving = planned("a", 10_000, &[0, 1, 2]);
    reserving.reserved = Some(2);
    let mut scenario = whole(vec![reserving, planned("b", 10_000, &[3, 4])]);
    scenario.platform.account_concurrency = Some(3);
    assert_eq!(outcomes(&scenario, 0), [Cold, Cold, RESERVED]);
    assert_eq!(outcomes(&scenario, 1), [Cold, ACCOUNT]);
}

#[test]
fn instances_come_as_fast_as_the_scale_up_limit_says() {
    let refused = Throttled(ThrottleReason::ScaleUpLimitExceeded);
    // Three at once, then one more each 3⅓ s.
    let at = [1_000, 1_001, 1_002, 1_003, 4_333, 4_335, 4_336];
    let mut scenario = whole(vec![planned("a", 60_000, &at)]);
    scenario.platform.scale_up = Some(quota(3, 10_000));
    let expected = [Cold, Cold, Cold, refused, refused, Cold, refused];
    assert_eq!(outcomes(&scenario, 0), expected);
}

#[test]
fn the_request_rate_is_capped_for_all_functions_together() {
    let refused = Throttled(ThrottleReason::FunctionInvocationRateLimitExceeded);
    let mut scenario = whole(vec![
        planned("a", 1, &[0, 20, 40, 510]),
        planned("b", 1, &[10, 30, 511]),
    ]);
    scenario.platform.request_rate = Some(quota(2, 1_000));
    assert_eq!(outcomes(&scenario, 0), [Cold, refused, refused, Warm]);
    assert_eq!(outcomes(&scenario, 1), [Cold, refused, refused]);
}

#[test]
fn instances_are_capped_and_filled() {
    let mut function = planned("a", 10_000, &[0, 1_000, 2_000, 11_500]);
    function.concurrency = 2;
    function.maximum_instances = Some(1);
    let refused = Throttled(ThrottleReason::MaximumInstancesReached);
    assert_eq!(
        outcomes(&whole(vec![function]), 0),
        [Cold, Warm, refused, Warm]
    );
}

#[test]
fn requests_join_an_instance_that_starts() {
    let mut function = planned("a", 100, &[0, 1_000, 2_500]);
    function.concurrency = 5;
    function.init = Init::total(constant(2_000));
    let records = records(&whole(vec![function]), 1);
    let waits: Vec<_> = records
        .iter()
        .map(|(_, r)| (r.outcome, r.init.0 / 1_000_000))
        .collect();
    assert_eq!(waits, [(Cold, 2_000), (Cold, 1_000), (Warm, 0)]);
    assert!(
        records[1].1.phases.is_empty(),
        "it caused no start of its own"
    );
}

#[test]
fn who_waits_too_long_is_dropped_and_a_full_queue_refuses() {
    // The first runs until 10 s, the second from then until 20 s; the third gives up at 12 s, and
    // the fourth finds two waiting. The last comes exactly when the second ends.
    let mut function = planned("a", 10_000, &[0, 6_000, 7_000, 8_000, 20_000]);
    function.queue = Queue {
        length: 2,
        wait: SimDuration::from_secs(5),
    };
    let mut scenario = whole(vec![function]);
    scenario.platform.account_concurrency = Some(1);
    let fates = fates(&scenario, 1);
    let found: Vec<_> = fates
        .iter()
        .map(|fate| (fate.2, fate.5 / 1_000_000))
        .collect();
    let expected = [
        (Cold, 0),
        (Warm, 4_000),
        (Dropped, 5_000),
        (ACCOUNT, 0),
        (Warm, 0),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_timeout_ends_the_invocation_and_its_instance() {
    let mut function = planned("a", 10_000, &[0, 5_000]);
    function.timeout = Some(SimDuration::from_secs(4));
    let outcome = run(&whole(vec![function]), 1);
    let counts = counts(&outcome, 0);
    assert_eq!((counts.cold_starts, counts.timeouts), (2, 2));
    assert_eq!(total(&outcome, |p| p.alive_ns), 8_000_000_000);
    assert_eq!(total(&outcome, |p| p.billed_ms), 8_000);
}

#[test]
fn an_instance_does_not_outlive_its_age() {
    let mut function = planned("a", 1_000, &[0, 10_000, 20_000, 30_000, 54_500]);
    function.maximum_age = Some(constant(25_000));
    let scenario = whole(vec![function]);
    // Born at 0 and 30 s; the second takes its last request half a second before its time.
    assert_eq!(outcomes(&scenario, 0), [Cold, Warm, Warm, Cold, Warm]);
    assert_eq!(total(&run(&scenario, 1), |p| p.alive_ns), 50_500_000_000);
}

/// One request every 5 s on one instance that is idle for 4 s in between, unless it is gone: the
/// draws are independent, so the cold ratio is P(keep-alive < 4 s) and the mean idle time per
/// request E min(keep-alive, 4 s).
#[test]
fn keep_alive_times_have_their_laws() {
    let seconds = SimDuration::from_secs;
    let uniform = |low, high| KeepAlive::Uniform {
        low: seconds(low),
        high: seconds(high),
    };
    for (keep_alive, is_cold, idle_s) in [
        // (4 − 2)/8, and 2 + ∫₂⁴ (10 − t)/8 dt.
        (uniform(2, 10), 0.25, 3.75),
        (uniform(0, 5), 0.8, 2.4),
        // A coin at 3 s; coins at 1.5 and 3 s: 3 + ½·1, and 1.5 + ½·1.5 + ¼·1.
        (KeepAlive::Halving(seconds(3)), 0.5, 3.5),
        (
            KeepAlive::Halving(SimDuration::from_millis(1_500)),
            0.75,
            2.5,
        ),
    ] {
        let mut function = Function::new("f", poisson(1.0), constant(1_000));
        function.arrivals = Arrivals::Renewal(constant(5_000));
        function.keep_alive = keep_alive;
        let mut scenario = alone(function, 50_000, 24);
        scenario.run.warm_up = WarmUp::Fixed(seconds(100));
        let outcome = run(&scenario, 91);
        let what = format!("{keep_alive:?}");
        assert_ratio(&what, &pairs(&outcome, cold), is_cold, 0.05);
        assert_ratio(&what, &pairs(&outcome, alive), (1.0 + idle_s) / 5.0, 0.02);
    }
}

#[test]
fn provisioned_instances_come_after_a_delay_at_a_pace() {
    let mut function = planned("a", 20_000, &[10_000, 63_100, 63_200, 63_600]);
    function.provisioned.instances = 3;
    function.provisioned.allocate_at_start = true;
    function.init = Init::total(constant(3_000));
    let mut scenario = whole(vec![function]);
    scenario.platform.provisioning.delay = SimDuration::from_secs(60);
    scenario.platform.provisioning.pace = quota(2, 1_000);
    // Asked for at 60, 60.5 and 61 s, ready 3 s later. The first request spills over to a new
    // instance; the third finds one provisioned instance, which is busy, and takes that instance.
    let records = records(&scenario, 1);
    let found: Vec<_> = records
        .iter()
        .map(|(_, r)| (r.outcome, r.spillover))
        .collect();
    assert_eq!(
        found,
        [(Cold, true), (Warm, false), (Warm, true), (Warm, false)]
    );
    let allocated = total(&run(&scenario, 1), |p| p.provisioned_ns);
    assert_eq!(allocated, (40_000 + 39_500 + 39_000) * 1_000_000);
}

/// P instances of c places each refuse what P·c places refuse.
#[test]
fn provisioned_instances_take_several_requests() {
    let mut function = Function::new("f", poisson(8.0), exponential(1_000));
    function.provisioned.instances = 3;
    function.concurrency = 4;
    let outcome = run(&alone(function, 10_000, 24), 92);
    let spilled = pairs(&outcome, |p| {
        (to_f64(p.counts.spillovers), to_f64(p.counts.invocations))
    });
    // On-demand instances take whatever is over, so nothing feeds back.
    assert_ratio("spilled", &spilled, erlang_b(12, 8.0), 0.1);
}

#[test]
fn a_restored_snapshot_is_not_billed_as_init() {
    let bill = |phase, snapshot| {
        let mut function = planned("a", 100, &[0, 1_000]);
        function.init = Init::new(vec![(phase, constant(500))]);
        function.snapshot = snapshot;
        let scenario = whole(vec![function]);
        let first = records(&scenario, 1).remove(0).1;
        assert_eq!(first.phases, [(phase, SimDuration::from_millis(500))]);
        total(&run(&scenario, 1), |p| p.billed_ms)
    };
    assert_eq!(bill(Phase::Restore, true), 200);
    assert_eq!(bill(Phase::Runtime, false), 700);
    assert_eq!(
        bill(Phase::Placement, false),
        200,
        "the platform's own time"
    );
}

#[test]
fn the_first_invocation_of_an_instance_is_slower() {
    let durations = |provisioned| {
        let mut function = planned("a", 100, &[0, 1_000]);
        function.first_invocation = constant(400);
        function.provisioned.instances = provisioned;
        let fates = fates(&whole(vec![function]), 1);
        let each = fates.iter().map(|fate| (fate.2, fate.7 / 1_000_000));
        each.collect::<Vec<_>>()
    };
    assert_eq!(durations(0), [(Cold, 500), (Warm, 100)]);
    assert_eq!(durations(1), [(Warm, 500), (Warm, 100)]);
}

/// Functions that might meet at a limit run under one clock, others apart; as long as the limit
/// refuses nobody, nothing but the kernel's name may tell.
#[test]
fn running_together_changes_nothing_until_a_limit_is_reached() {
    let function = |name: &str, rate, mean_ms| {
        let mut function = Function::new(name, poisson(rate), exponential(mean_ms));
        function.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(20));
        function.init = Init::total(exponential(300));
        function
    };
    let functions = vec![function("a", 4.0, 900), function("b", 0.7, 3_000)];
    let mut scenario = Scenario::new(functions, SimDuration::from_secs(600), 1);
    let expected = run(&scenario, 93);
    let (mut apart, mut together, mut refused) = (0, 0, 0);
    for account in (4..60).rev() {
        scenario.platform.account_concurrency = Some(account);
        let mut outcome = run(&scenario, 93);
        let mut kernels = Vec::new();
        let mut throttles = 0;
        for function in &mut outcome.functions {
            let replication = &mut function.replications[0];
            throttles += replication.counts.throttles;
            kernels.push(std::mem::replace(&mut replication.kernel, Kernel::Batch));
        }
        if throttles > 0 {
            refused += 1;
            continue;
        }
        assert_eq!(&outcome, &expected, "limit {account}");
        match kernels[..] {
            [Kernel::Batch, Kernel::Batch] => apart += 1,
            _ => together += 1,
        }
    }
    assert!(
        apart > 10 && together >= 2 && refused > 2,
        "{apart} apart, {together} together, {refused} refused: the comparison must compare"
    );
}

/// The law of a keep-alive is the function's own, whatever is drawn for others.
#[test]
fn another_function_does_not_shift_any_draw() {
    let mut function = Function::new("f", poisson(2.0), Law::ZERO);
    function.duration = exponential(700);
    function.keep_alive = KeepAlive::Halving(SimDuration::from_secs(3));
    let alone = run(&whole(vec![function.clone()]), 94);
    let other = Function::new("a", poisson(9.0), exponential(100));
    let beside = run(&whole(vec![other, function]), 94);
    assert_eq!(alone.functions[0], beside.functions[1]);
}
