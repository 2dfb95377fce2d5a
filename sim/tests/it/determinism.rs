//! The same bits for any number of threads, and the same bits as when these tests were written.

use frostline_models::arrival::{
    Arrivals, Bursts, Counts, Interpolation, Mmpp, Piecewise, Placement, Sinusoidal,
};
use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::law::Law;
use frostline_models::scenario::{Function, InitialPool, Queue, Scenario};
use frostline_models::units::{Quota, Rate, SimDuration};
use frostline_sim::outcome::SimulationOutcome;

use crate::setup::{constant, exponential, poisson, run};

fn seconds(count: u64) -> SimDuration {
    SimDuration::from_secs(count)
}

fn rate(per_second: f64) -> Rate {
    Rate::per_second(per_second).unwrap()
}

/// Every arrival process and every law, the first functions plain and the others with all that a
/// pool can have.
fn functions() -> Vec<Function> {
    let arrivals = [
        poisson(6.0),
        Arrivals::Renewal(Law::gamma(2.5, SimDuration::from_millis(300)).unwrap()),
        Arrivals::Piecewise(Piecewise {
            period: seconds(100),
            points: vec![(seconds(0), rate(1.0)), (seconds(40), rate(8.0))],
            interpolation: Interpolation::Linear,
        }),
        Arrivals::Sinusoidal(Sinusoidal {
            mean: rate(5.0),
            amplitude: 0.8,
            period: seconds(300),
            peak: seconds(70),
        }),
        Arrivals::Mmpp(Mmpp {
            states: vec![(rate(1.0), seconds(50)), (rate(20.0), seconds(10))],
        }),
        Arrivals::Bursts(Bursts {
            rate: rate(0.1),
            size: 25,
            within: seconds(2),
            background: rate(0.5),
        }),
        Arrivals::Counts(Counts::new(
            seconds(60),
            Placement::Uniform,
            [(0, 90), (1, 300), (4, 20), (7, 500)],
        )),
    ];
    let millis = SimDuration::from_millis;
    let durations = [
        exponential(900),
        Law::log_normal(millis(120), millis(900)).unwrap(),
        Law::weibull(0.7, millis(400)).unwrap(),
        Law::pareto(2.2, millis(100)).unwrap(),
        Law::empirical(&[(0.0, millis(5)), (0.5, millis(80)), (1.0, millis(2_000))]).unwrap(),
        Law::mixture(vec![(0.8, constant(50)), (0.2, exponential(3_000))]).unwrap(),
        Law::uniform(millis(10), millis(1_500)).unwrap(),
    ];
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let mut functions: Vec<Function> = names
        .into_iter()
        .zip(arrivals)
        .zip(durations)
        .map(|((name, arrivals), duration)| {
            let mut function = Function::new(name, arrivals, duration);
            function.keep_alive = KeepAlive::Fixed(seconds(15));
            function.init = Init::new(vec![
                (Phase::Sandbox, Law::gamma(3.0, millis(90)).unwrap()),
                (
                    Phase::Runtime,
                    Law::log_normal(millis(200), millis(700)).unwrap(),
                ),
            ]);
            function
        })
        .collect();
    adorn(&mut functions);
    functions
}

fn adorn(functions: &mut [Function]) {
    functions[2].keep_alive = KeepAlive::Halving(seconds(5));
    functions[3].reuse = Reuse::Random;
    functions[3].maximum_age = Some(exponential(60_000));
    functions[4].concurrency = 3;
    functions[4].reuse = Reuse::Oldest;
    functions[5].provisioned.instances = 4;
    functions[5].provisioned.allocate_at_start = true;
    functions[5].first_invocation = exponential(200);
    functions[5].queue = Queue {
        length: 20,
        wait: seconds(3),
    };
    functions[6].keep_alive = KeepAlive::Uniform {
        low: seconds(2),
        high: seconds(20),
    };
    functions[6].initial = InitialPool { idle: 2, busy: 3 };
    functions[6].timeout = Some(SimDuration::from_millis(1_200));
}

/// Functions apart, and all under one clock.
pub(crate) fn scenarios() -> [Scenario; 2] {
    let apart = Scenario::new(functions(), seconds(600), 4);
    let mut coupled = apart.clone();
    coupled.platform.account_concurrency = Some(20);
    coupled.platform.request_rate = Some(Quota {
        count: 40,
        per: seconds(1),
    });
    coupled.platform.scale_up = Some(Quota {
        count: 5,
        per: seconds(4),
    });
    [apart, coupled]
}

/// FNV-1a over every number of an outcome (Fowler, Noll & Vo; offset basis and prime of 64 bits).
fn digest(outcome: &SimulationOutcome) -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |value: u64| {
        for byte in value.to_le_bytes() {
            digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    let halves = |value: u128| {
        let low = value & u128::from(u64::MAX);
        [value >> 64, low].map(|half| u64::try_from(half).unwrap())
    };
    for period in outcome
        .functions
        .iter()
        .flat_map(|function| &function.replications)
        .flat_map(|replication| &replication.periods)
    {
        let counts = &period.counts;
        for count in [
            counts.requests,
            counts.invocations,
            counts.cold_starts,
            counts.spillovers,
            counts.throttles,
            counts.dropped,
            counts.timeouts,
            period.latency_max_ns,
            period.init_max_ns,
            period.instances_peak,
        ] {
            add(count);
        }
        for sum in [
            period.alive_ns,
            period.busy_ns,
            period.provisioned_ns,
            period.billed_ms,
            period.billed_provisioned_ms,
        ] {
            for half in halves(sum) {
                add(half);
            }
        }
        for probability in [0.01, 0.5, 0.9, 0.99, 0.999] {
            for distribution in [&period.latency, &period.init] {
                add(distribution
                    .quantile_ns(probability)
                    .unwrap_or(0.0)
                    .to_bits());
            }
        }
    }
    digest
}

#[test]
fn threads_do_not_matter() {
    for scenario in scenarios() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| run(&scenario, 101))
        };
        let one = on(1);
        assert_eq!(one, on(2));
        assert_eq!(one, on(5));
    }
}

/// "Same seed, new numbers" breaks every stored result of every user: it needs an entry of its own
/// in the changelog, and these values change in that commit only. They hold in debug and release
/// builds and on every platform, for no draw depends on the compiler or the system's mathematics.
#[test]
fn numbers_stay_what_they_were() {
    let digests = scenarios().map(|scenario| format!("{:016x}", digest(&run(&scenario, 101))));
    assert_eq!(digests, ["d7871d65e349076b", "d7d2ac3268b0bac4"]);
}
