//! A pool of real instances obeys its rules. Waits are long beside what starting takes, so that a busy
//! machine changes no outcome.

use frostline_bench_harness::pool::{Replay, Rules, replay};
use frostline_bench_harness::target::Failure;
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::record::{Outcome, ThrottleReason};
use frostline_models::units::{SimDuration, SimTime};

use super::*;

const LIMIT: ThrottleReason = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;

fn rules() -> Rules {
    Rules {
        keep_alive: KeepAlive::Forever,
        reuse: Reuse::MostRecent,
        provisioned: 0,
        limit: None,
        freeze: false,
        seed: 1,
    }
}

/// Asks at these milliseconds; an instance takes 20 ms to start and answers after 50 ms.
fn asked(words: &[&str], rules: &Rules, at_ms: &[u64]) -> Result<Replay, Failure> {
    let arrivals: Vec<SimTime> = at_ms.iter().map(|ms| SimTime(ms * 1_000_000)).collect();
    let host = host();
    let target = fake(words);
    replay(
        &host,
        &target,
        &setting(),
        rules,
        (&arrivals, b"{}"),
        &mut |_| (),
    )
}

const TARGET: [&str; 5] = ["phases", "10", "10", "50", "50"];

fn outcomes(replay: &Replay) -> Vec<Outcome> {
    assert!(
        replay.served.iter().all(|served| served.failure.is_none()),
        "{replay:?}"
    );
    let served = replay.served.iter();
    served.map(|served| served.invocation.outcome).collect()
}

#[test]
fn requests_at_once_start_an_instance_each_and_later_ones_find_them() {
    let replay = asked(&TARGET, &rules(), &[0, 0, 4000]).unwrap();
    assert_eq!(
        outcomes(&replay),
        [Outcome::Cold, Outcome::Cold, Outcome::Warm]
    );
    assert_eq!((replay.started, replay.instances_peak), (2, 2));
    let [first, _, third] = replay.served.as_slice() else {
        panic!("three requests: {replay:?}")
    };
    assert!(first.invocation.init.0 >= 20_000_000, "{first:?}");
    assert!(!first.invocation.phases.is_empty(), "{first:?}");
    assert_eq!(third.invocation.init, SimDuration::ZERO);
    assert!(third.invocation.duration.0 >= 50_000_000, "{third:?}");
}

#[test]
fn an_instance_ends_when_its_keep_alive_is_over() {
    let second = SimDuration::from_secs(1);
    let drawn = KeepAlive::Uniform {
        low: second,
        high: SimDuration(second.0 + 1_000),
    };
    for keep_alive in [KeepAlive::Fixed(second), drawn, KeepAlive::None] {
        let kept = Rules {
            keep_alive,
            ..rules()
        };
        let replay = asked(&TARGET, &kept, &[0, 4000]).unwrap();
        assert_eq!(outcomes(&replay), [Outcome::Cold, Outcome::Cold]);
        assert_eq!(replay.instances_peak, 1);
    }
    // Every coin falls an hour from now at the earliest.
    let kept = Rules {
        keep_alive: KeepAlive::Halving(SimDuration::from_secs(3600)),
        ..rules()
    };
    let replay = asked(&TARGET, &kept, &[0, 2000]).unwrap();
    assert_eq!(outcomes(&replay), [Outcome::Cold, Outcome::Warm]);
}

#[test]
fn provisioned_instances_are_there_first_and_a_limit_refuses() {
    let provisioned = Rules {
        provisioned: 1,
        freeze: true,
        ..rules()
    };
    let replay = asked(&TARGET, &provisioned, &[0, 0]).unwrap();
    assert_eq!(outcomes(&replay), [Outcome::Warm, Outcome::Cold]);
    assert_eq!(
        [false, true],
        [0, 1].map(|place: usize| replay.served[place].invocation.spillover)
    );
    let limited = Rules {
        limit: Some((1, LIMIT)),
        ..rules()
    };
    let replay = asked(&TARGET, &limited, &[0, 0]).unwrap();
    assert_eq!(
        outcomes(&replay),
        [Outcome::Cold, Outcome::Throttled(LIMIT)]
    );
}

#[test]
fn a_target_that_never_starts_is_given_up() {
    let failure = asked(&["crashes"], &rules(), &[0, 300, 600, 900, 30_000]).unwrap_err();
    assert!(failure.to_string().contains("left-pad"), "{failure}");
}

/// Marks of processes are numbers: that of the second instance begins those of the eleventh and later.
#[test]
fn the_end_of_one_instance_leaves_its_siblings_alone() {
    let brief = Rules {
        keep_alive: KeepAlive::Fixed(SimDuration(1_000_000)),
        ..rules()
    };
    let replay = asked(&["phases", "0", "0", "300", "0"], &brief, &[0; 14]).unwrap();
    assert_eq!(outcomes(&replay), [Outcome::Cold; 14]);
}
