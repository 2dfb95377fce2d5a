//! What is left out at the start, what is played before it, and that more replications change
//! nothing about those before them.

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::keepalive::KeepAlive;
use frostline_models::scenario::{Function, Queue, Scenario, WarmUp};
use frostline_models::units::{SimDuration, SimTime};
use frostline_sim::outcome::{SimulationOutcome, WarmUpRule};
use frostline_sim::{Kernels, Options, Unobserved, simulate_more};

use crate::setup::{alone, constant, counts, exponential, markov, poisson, records, run, run_with};

fn seconds(count: u64) -> SimDuration {
    SimDuration::from_secs(count)
}

/// An M/M/4 queue with instances that never end.
fn queue(load: f64) -> Scenario {
    let mut function = Function::new("f", poisson(load), exponential(1_000));
    function.keep_alive = KeepAlive::Forever;
    function.queue = Queue {
        length: 1_000_000,
        wait: seconds(1_000_000),
    };
    let mut scenario = alone(function, 20_000, 10);
    scenario.platform.account_concurrency = Some(4);
    scenario
}

#[test]
fn a_memoryless_pool_leaves_out_its_memory_also_below_a_limit() {
    let mut scenario = alone(markov(3.0), 4_000, 3);
    let free = run(&scenario, 1);
    assert_eq!(free.warm_up_rule, WarmUpRule::PoolMemory);
    // Keep-alive of 600 s, and a service that is longer once in 10⁹: 20.7 s.
    assert_eq!(free.warm_up_ns / 1_000_000_000, 620);
    scenario.platform.account_concurrency = Some(1_000);
    assert_eq!(run(&scenario, 1), free);
    assert_eq!(
        run_with(&scenario, 1, Kernels::EventOnly).warm_up_rule,
        WarmUpRule::PoolMemory
    );
}

#[test]
fn where_a_limit_is_met_the_series_decide() {
    let mut scenario = alone(markov(8.0), 40_000, 4);
    scenario.platform.account_concurrency = Some(10);
    let found = run(&scenario, 1);
    assert_eq!(found.warm_up_rule, WarmUpRule::Mser5 { unsettled: None });
    assert!(found.warm_up_ns >= 620_000_000_000, "{}", found.warm_up_ns);
    let settled = run(&queue(3.0), 2);
    assert_eq!(settled.warm_up_rule, WarmUpRule::Mser5 { unsettled: None });
    assert!(settled.warm_up_ns >= 2_000_000_000_000);
}

/// Five a second to four instances: the queue grows for as long as the run lasts.
#[test]
fn a_queue_without_bounds_does_not_settle() {
    let found = run(&queue(5.0), 3);
    let metric = Some("latency_ms");
    assert_eq!(
        found.warm_up_rule,
        WarmUpRule::Mser5 { unsettled: metric },
        "{found:?}"
    );
}

#[test]
fn nothing_and_a_fixed_span_are_named() {
    let mut scenario = alone(markov(1.0), 1_000, 2);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    assert_eq!(run(&scenario, 1).warm_up_rule, WarmUpRule::Nothing);
    scenario.run.warm_up = WarmUp::Fixed(seconds(9));
    assert_eq!(run(&scenario, 1).warm_up_rule, WarmUpRule::Fixed);
}

fn grown(scenario: &Scenario, from: u32, to: u32) -> SimulationOutcome {
    let mut scenario = scenario.clone();
    scenario.run.replications = from;
    let mut outcome = run(&scenario, 7);
    let options = Options {
        seed: 7,
        kernels: Kernels::Fastest,
        observer: &Unobserved,
    };
    simulate_more(&scenario, options, &mut outcome, to).unwrap();
    outcome
}

#[test]
fn a_growing_set_of_replications_is_the_set_at_once() {
    let mut limited = alone(markov(8.0), 5_000, 13);
    limited.platform.account_concurrency = Some(10);
    let mut waiting = queue(3.5);
    waiting.run.replications = 13;
    for scenario in [alone(markov(2.0), 3_000, 13), limited, waiting] {
        let at_once = run(&scenario, 7);
        assert_eq!(grown(&scenario, 10, 13), at_once);
    }
}

/// A request each 300 s for so many seconds, as a recording.
fn timer(run_s: u64) -> Function {
    let instants = (0..run_s / 300).map(|number| SimTime(seconds(number * 300).0));
    let recorded = Recorded::at(instants.collect::<Vec<_>>()).unwrap();
    Function::new("timer", Arrivals::Recorded(recorded), constant(50))
}

#[test]
fn a_day_played_before_leaves_the_pool_warm_and_is_not_counted() {
    for kernels in [Kernels::Fastest, Kernels::EventOnly] {
        let mut scenario = alone(timer(200_000), 200_000, 1);
        scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
        let cold = counts(&run_with(&scenario, 1, kernels), 0);
        assert_eq!((cold.requests, cold.cold_starts), (666, 1));

        scenario.run.warm_up = WarmUp::PreviousDay;
        let outcome = run_with(&scenario, 1, kernels);
        let warm = counts(&outcome, 0);
        assert_eq!((warm.requests, warm.cold_starts), (666, 0));
        assert_eq!(outcome.functions[0].replications[0].counts, warm);
        assert_eq!(outcome.functions[0].replications[0].periods.len(), 32);
        let played_ns = 86_400_000_000_000;
        assert_eq!(outcome.warm_up_rule, WarmUpRule::PreviousDay { played_ns });
    }
    let mut scenario = alone(timer(3_000), 3_000, 1);
    scenario.run.warm_up = WarmUp::PreviousDay;
    let records = records(&scenario, 1);
    let numbers: Vec<u64> = records.iter().map(|(_, record)| record.request).collect();
    assert_eq!(numbers, (0..10).collect::<Vec<u64>>());
}

/// What waits in the queue when the run begins was asked for before it.
#[test]
fn requests_from_before_the_run_are_in_no_count() {
    let mut scenario = queue(4.5);
    scenario.run.replications = 2;
    scenario.run.duration = seconds(2_000);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    let empty = run(&scenario, 5);
    scenario.run.warm_up = WarmUp::PreviousDay;
    let full = run(&scenario, 5);
    for (empty, full) in empty.functions[0]
        .replications
        .iter()
        .zip(&full.functions[0].replications)
    {
        assert_eq!(full.counts.requests, empty.counts.requests);
        let latency = |periods: &[frostline_sim::outcome::Period]| periods[0].latency_sum_ns;
        assert!(latency(&full.periods) > latency(&empty.periods));
    }
}
