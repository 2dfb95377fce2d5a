//! Many numbers of provisioned instances over one stream are, bit for bit, runs of their own.

use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::law::Law;
use frostline_models::math::{count_to_f64, index, slot, to_f64, wide_to_f64};
use frostline_models::queueing::erlang_b;
use frostline_models::scenario::{InitialPool, Queue, Scenario, WarmUp};
use frostline_models::units::{Quota, SimDuration};
use frostline_sim::outcome::{FunctionOutcome, Kernel};
use frostline_sim::provisioned::{Place, places, simulate_each_number};
use frostline_sim::{Kernels, Options, Unobserved};

use crate::setup::{alone, assert_ratio, constant, exponential, markov, run_with};

const OPTIONS: Options<'static> = Options {
    seed: 11,
    kernels: Kernels::EventOnly,
    observer: &Unobserved,
};

/// Five instances busy on average, and inits of a second or so.
fn base() -> Scenario {
    let mut function = markov(5.0);
    function.init = Init::new(vec![(
        Phase::Total,
        Law::log_normal(
            SimDuration::from_millis(700),
            SimDuration::from_millis(3000),
        )
        .unwrap(),
    )]);
    function.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(20));
    let mut scenario = alone(function, 900, 3);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::from_secs(60));
    scenario
}

fn a_run_of_its_own(scenario: &Scenario, number: u32) -> FunctionOutcome {
    let mut scenario = scenario.clone();
    scenario.functions[0].provisioned.instances = number;
    let mut outcome = run_with(&scenario, OPTIONS.seed, Kernels::EventOnly);
    outcome.functions.remove(0)
}

/// Every number's outcome and that of its own run; the number of cold starts tells what was compared.
fn assert_same(what: &str, scenario: &Scenario) -> u64 {
    let span = run_with(scenario, OPTIONS.seed, Kernels::EventOnly).span();
    let numbers = [3, 0, 1, 12, 6, 40];
    let replications = 0..scenario.run.replications;
    let found = simulate_each_number(scenario, OPTIONS, span, &numbers, replications).unwrap();
    let mut cold_starts = 0;
    for (number, found) in numbers.iter().zip(&found) {
        let expected = a_run_of_its_own(scenario, *number);
        assert_eq!(found, &expected, "{what}, {number} provisioned");
        cold_starts += expected.replications[0].counts.cold_starts;
        assert_eq!(expected.replications[0].kernel, Kernel::Event);
    }
    cold_starts
}

#[test]
fn each_number_is_a_run_of_its_own() {
    type Change = fn(&mut Scenario);
    let changes: &[(&str, Change)] = &[
        ("as it is", |_| ()),
        ("nothing left out", |s| {
            s.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
        }),
        ("a day before", |s| s.run.warm_up = WarmUp::PreviousDay),
        ("one replication in batches", |s| s.run.replications = 1),
        ("halving keep-alive", |s| {
            s.functions[0].keep_alive = KeepAlive::Halving(SimDuration::from_secs(9));
        }),
        ("uniform keep-alive", |s| {
            s.functions[0].keep_alive = KeepAlive::Uniform {
                low: SimDuration::from_secs(2),
                high: SimDuration::from_secs(30),
            };
        }),
        ("no keep-alive", |s| {
            s.functions[0].keep_alive = KeepAlive::None;
        }),
        ("random reuse", |s| s.functions[0].reuse = Reuse::Random),
        ("old instances retire", |s| {
            s.functions[0].maximum_age = Some(exponential(30_000));
        }),
        ("slow first invocations", |s| {
            s.functions[0].first_invocation = exponential(400);
        }),
        ("a timeout", |s| {
            s.functions[0].timeout = Some(SimDuration::from_millis(1500));
        }),
        ("a pool at the start", |s| {
            s.functions[0].initial = InitialPool { idle: 2, busy: 3 };
        }),
        ("equal instants", |s| {
            s.functions[0].duration = constant(1000);
            s.functions[0].arrivals = frostline_models::arrival::Arrivals::Renewal(constant(250));
        }),
        ("an account limit", |s| {
            s.platform.account_concurrency = Some(8);
        }),
        ("reserved concurrency", |s| {
            s.platform.account_concurrency = Some(50);
            s.functions[0].reserved = Some(9);
        }),
        ("few instances", |s| {
            s.functions[0].maximum_instances = Some(7);
        }),
        ("a scale-up limit", |s| {
            s.functions[0].keep_alive = KeepAlive::Fixed(SimDuration::from_millis(300));
            s.platform.scale_up = Some(Quota {
                count: 2,
                per: SimDuration::from_secs(3),
            });
        }),
    ];
    for (what, change) in changes {
        let mut scenario = base();
        change(&mut scenario);
        let cold_starts = assert_same(what, &scenario);
        assert!(
            cold_starts > 10,
            "{what}: {cold_starts} cold starts show little"
        );
    }
}

/// Where provisioned instances depend on what lies behind them, each number gets its own run.
#[test]
fn what_the_row_cannot_say_is_run_one_by_one() {
    let several = |change: fn(&mut Scenario)| {
        let mut scenario = base();
        change(&mut scenario);
        scenario
    };
    let queue = several(|s| {
        s.functions[0].maximum_instances = Some(6);
        s.functions[0].queue = Queue {
            length: 5,
            wait: SimDuration::from_secs(2),
        };
    });
    let shared = several(|s| s.functions[0].concurrency = 3);
    let late = several(|s| s.functions[0].provisioned.allocate_at_start = true);
    let rate = several(|s| {
        s.platform.request_rate = Some(Quota {
            count: 6,
            per: SimDuration::from_secs(1),
        });
    });
    for (what, scenario) in [
        ("queue", queue),
        ("shared", shared),
        ("late", late),
        ("rate", rate),
    ] {
        assert_same(what, &scenario);
        let span = run_with(&scenario, OPTIONS.seed, Kernels::EventOnly).span();
        assert_eq!(
            places(&scenario, OPTIONS, span, 0..1).unwrap(),
            None,
            "{what}"
        );
    }
}

/// The row alone gives what the runs give: who spills over, and how busy provisioned instances are.
#[test]
fn the_row_gives_spill_and_utilisation_of_every_number() {
    for before in [false, true] {
        let mut scenario = base();
        scenario.functions[0].first_invocation = exponential(400);
        if before {
            scenario.run.warm_up = WarmUp::PreviousDay;
        }
        let span = run_with(&scenario, OPTIONS.seed, Kernels::EventOnly).span();
        let rows = places(&scenario, OPTIONS, span, 0..3).unwrap().unwrap();
        // With no more than the row in use nothing is on demand, so busy is provisioned and busy.
        let most = slot(rows.iter().map(Vec::len).max().unwrap());
        for number in 0..=most {
            let run = a_run_of_its_own(&scenario, number);
            for (row, replication) in rows.iter().zip(&run.replications) {
                let period = &replication.periods[0];
                let (served, beyond) = row.split_at(index(number).min(row.len()));
                let sum = |places: &[Place]| places.iter().map(|place| place.requests).sum::<u64>();
                assert_eq!(sum(served) + sum(beyond), period.counts.requests);
                if number > 0 {
                    assert_eq!(sum(beyond), period.counts.spillovers, "{number}");
                }
                let billed: u128 = served.iter().map(|place| place.billed_ms).sum();
                assert_eq!(billed, period.billed_provisioned_ms, "{number}");
            }
        }
        let run = a_run_of_its_own(&scenario, most);
        for (row, replication) in rows.iter().zip(&run.replications) {
            let busy: u128 = row.iter().map(|place| place.busy_ns).sum();
            assert_eq!(busy, replication.periods[0].busy_ns);
        }
    }
}

/// P(spill) = Erlang-B(P, a), whatever the law of the durations, and the place behind has the load
/// a (B(P − 1) − B(P)). Six laws times numbers, so 1 in 10,000 right engines fails.
#[test]
fn spill_is_that_of_erlang_for_any_service() {
    let log_normal = Law::log_normal(
        SimDuration::from_millis(600),
        SimDuration::from_millis(6_000),
    )
    .unwrap();
    for (name, law) in [
        ("exponential", exponential(1000)),
        ("log-normal", log_normal),
        ("constant", constant(1000)),
    ] {
        let mut function = markov(8.0);
        function.duration = law.clone();
        let mean_s = law.mean_ns() / 1e9;
        let mut scenario = alone(function, 4_000, 20);
        scenario.run.warm_up = WarmUp::Fixed(SimDuration::from_secs(60));
        let span = run_with(&scenario, 1, Kernels::Fastest).span();
        let rows = places(&scenario, OPTIONS, span, 0..20).unwrap().unwrap();
        let window_ns = to_f64(span.end_ns - span.warm_up_ns);
        let load = 8.0 * mean_s;
        for number in [4_u32, 8, 12] {
            let spilled = rows.iter().map(|row| {
                let count = |places: &[Place]| places.iter().map(|place| place.requests).sum();
                (to_f64(count(&row[index(number)..])), to_f64(count(row)))
            });
            let spilled: Vec<(f64, f64)> = spilled.collect();
            let what = format!("spill, {name}, {number}");
            assert_ratio(&what, &spilled, erlang_b(number, load), 0.08);
            let busy = rows.iter().map(|row| {
                let place = &row[index(number) - 1];
                (wide_to_f64(place.busy_ns), window_ns)
            });
            let busy: Vec<(f64, f64)> = busy.collect();
            let expected = load * (erlang_b(number - 1, load) - erlang_b(number, load));
            assert_ratio(&format!("load, {name}, {number}"), &busy, expected, 0.08);
        }
        assert!(count_to_f64(rows.len()) > 1.0);
    }
}
