//! A scenario and outcomes made by hand.

use frostline_models::arrival::Arrivals;
use frostline_models::init::Init;
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::law::Law;
use frostline_models::metric::{Assertion, Operator};
use frostline_models::price::PriceSettings;
use frostline_models::scenario::{
    Architecture, Function, InitialPool, PackageKind, Platform, Provisioned, Provisioning, Queue,
    Run, Scenario, WarmUp,
};
use frostline_models::units::{Bytes, Memory, Quota, Rate, SimDuration};
use frostline_report::summary::{Manifest, Summary};
use frostline_stats::histogram::Histogram;
use frostline_stats::outcome::{
    Counts, FunctionOutcome, Kernel, Period, ReplicationOutcome, SimulationOutcome, WarmUpRule,
};

pub(crate) fn function(name: &str) -> Function {
    Function {
        name: name.to_owned(),
        architecture: Architecture::X86_64,
        memory: Memory(512),
        ephemeral_storage: Memory(512),
        package: PackageKind::Zip,
        managed_runtime: true,
        snapshot: false,
        init: Init::total(Law::Constant(SimDuration::from_millis(250))),
        duration: Law::Constant(SimDuration::from_millis(100)),
        first_invocation: Law::Constant(SimDuration::ZERO),
        response: Bytes(0),
        timeout: None,
        concurrency: 1,
        provisioned: Provisioned::default(),
        reserved: None,
        maximum_instances: None,
        queue: Queue::default(),
        arrivals: Arrivals::Poisson(Rate::parse("10 /s").expect("a rate in its documented form")),
        keep_alive: KeepAlive::Fixed(SimDuration::from_secs(360)),
        maximum_age: None,
        reuse: Reuse::MostRecent,
        initial: InitialPool::default(),
    }
}

pub(crate) fn promise(text: &str, metric: &str, operator: Operator, bound: f64) -> Assertion {
    Assertion {
        function: None,
        metric: metric.to_owned(),
        operator,
        bound,
        text: text.to_owned(),
    }
}

pub(crate) fn scenario(names: &[&str], replications: u32) -> Scenario {
    Scenario {
        run: Run {
            duration: SimDuration::from_secs(86_400),
            replications,
            warm_up: WarmUp::Auto,
            trace: None,
            precision: None,
        },
        platform: Platform {
            preset: "aws-lambda@2026-10".to_owned(),
            account_concurrency: None,
            scale_up: None,
            request_rate: None,
            provisioning: Provisioning {
                delay: SimDuration::ZERO,
                pace: Quota {
                    count: 1,
                    per: SimDuration::from_secs(1),
                },
                all_or_nothing: false,
                minimum: SimDuration::ZERO,
            },
            price: PriceSettings {
                region: "us-east-1".to_owned(),
                free_tier: false,
                managed_init_billed: true,
            },
        },
        functions: names.iter().map(|name| function(name)).collect(),
        slos: vec![
            promise("p99 <= 300 ms", "p99", Operator::LessOrEqual, 300.0),
            promise("cold_ratio < 0.1 %", "cold_ratio", Operator::Less, 0.001),
            promise("p999 <= 352 ms", "p999", Operator::LessOrEqual, 352.0),
        ],
        unverified: Vec::new(),
    }
}

/// A period with `invocations` of 100 to 199 ms, of which `cold` also waited for 250 ms.
pub(crate) fn period(invocations: u64, cold: u64, throttles: u64) -> Period {
    let (mut latency, mut init) = (Histogram::default(), Histogram::default());
    let mut latency_sum_ns = 0;
    for request in 0..invocations {
        let wait_ns = if request < cold { 250_000_000 } else { 0 };
        if wait_ns > 0 {
            init.record(wait_ns);
        }
        let latency_ns = 100_000_000 + request % 100 * 1_000_000 + wait_ns;
        latency.record(latency_ns);
        latency_sum_ns += u128::from(latency_ns);
    }
    let span_ns = 86_000_000_000_000;
    Period {
        span_ns,
        counts: Counts {
            requests: invocations + throttles,
            invocations,
            cold_starts: cold,
            throttles,
            ..Counts::default()
        },
        throttle_reasons: Vec::new(),
        latency: latency.drain(),
        latency_sum_ns,
        latency_max_ns: 449_000_000,
        init: init.drain(),
        init_sum_ns: u128::from(cold) * 250_000_000,
        init_max_ns: if cold > 0 { 250_000_000 } else { 0 },
        alive_ns: u128::from(span_ns) * 3 / 2 + u128::from(invocations) * 1_000_000_000,
        busy_ns: u128::from(invocations) * 150_000_000,
        provisioned_ns: 0,
        provisioned_busy_ns: 0,
        instances_peak: 7,
        billed_ms: u128::from(invocations) * 150 + u128::from(cold) * 250,
        billed_provisioned_ms: 0,
    }
}

pub(crate) fn replication(periods: Vec<Period>) -> ReplicationOutcome {
    let mut counts = Counts::default();
    for period in &periods {
        counts.add(&period.counts);
    }
    ReplicationOutcome {
        counts,
        periods,
        kernel: Kernel::Batch,
    }
}

/// Ten replications a function; the later a function, the busier and colder it is.
pub(crate) fn outcome(functions: u64) -> SimulationOutcome {
    let of_function = |index: u64| FunctionOutcome {
        replications: (0..10)
            .map(|r| {
                let invocations = 20_000 + 1_000 * index + 37 * (r * 7 % 10);
                let cold = if index == 0 {
                    20 + r * 3 % 10
                } else {
                    40 * index + r
                };
                replication(vec![period(invocations, cold, index % 2 * r)])
            })
            .collect(),
    };
    SimulationOutcome {
        functions: (0..functions).map(of_function).collect(),
        warm_up_ns: 400_000_000_000,
        end_ns: 86_400_000_000_000,
        warm_up_wanted_ns: 0,
        warm_up_rule: WarmUpRule::PoolMemory,
    }
}

pub(crate) fn summary(scenario: &Scenario, outcome: &SimulationOutcome) -> Summary {
    let manifest = Manifest {
        version: "0.1.0".to_owned(),
        scenario: "sha256:0123".to_owned(),
        seed: 42,
    };
    Summary::new(scenario, outcome, manifest)
}
