//! Each reuse order on a few requests whose instances can be told by hand.
//!
//! ```text
//! instance   born at   free from   gone at (idle for 100 s)
//! A          0 s       12 s        112 s      the oldest
//! B          1 s       14 s        114 s      the most recent
//! C          2 s       11 s        111 s      the least recent
//! D          3 s       13 s        113 s      the newest
//! ```
//!
//! All four are idle when a request comes at 20 s. It takes one of them for 60 s, so that this one
//! lives until 180 s. Which one shows in how many of four requests at once meet an idle instance,
//! later on:
//!
//! ```text
//! taken   at 111.5 s     at 112.5 s    at 113.5 s
//! A       A B D    3     A B D   3     A B   2
//! B         B D    3       B D   2       B   1
//! C       A B C D  4     B C D   3     B C   2
//! D       A B D    3       B D   2     B D   2
//! ```

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::law::Law;
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::{SimDuration, SimTime};
use frostline_sim::Kernels;

use crate::setup::{alone, counts, run_with};

/// Arrival and duration in milliseconds of the requests that make A, B, C and D, and of the one that
/// takes one of them.
const REQUESTS: [(u64, u64); 5] = [
    (0, 12_000),
    (1_000, 13_000),
    (2_000, 9_000),
    (3_000, 10_000),
    (20_000, 60_000),
];

/// When four requests come at once, in milliseconds; each moment is a trace of its own.
const PROBES: [u64; 3] = [111_500, 112_500, 113_500];

/// How many of the four are warm, by the instance that was taken.
const TAKEN_A: [u64; 3] = [3, 3, 2];
const TAKEN_B: [u64; 3] = [3, 2, 1];
const TAKEN_C: [u64; 3] = [4, 3, 2];
const TAKEN_D: [u64; 3] = [3, 2, 2];

fn scenario(reuse: Reuse, probe: u64) -> Scenario {
    let mut requests = REQUESTS.to_vec();
    requests.extend([(probe, 1_000); 4]);
    let times: Vec<SimTime> = requests
        .iter()
        .map(|request| SimTime(request.0 * 1_000_000))
        .collect();
    let durations: Vec<SimDuration> = requests
        .iter()
        .map(|request| SimDuration::from_millis(request.1))
        .collect();
    let recorded = Recorded::at(times).unwrap().with_durations(durations);
    let arrivals = Arrivals::Recorded(recorded.unwrap());
    let mut function = Function::new("f", arrivals, Law::ZERO);
    function.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(100));
    function.reuse = reuse;
    let mut scenario = alone(function, 120, 1);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    scenario
}

/// How many of the four requests are warm, at each probe.
fn warm(reuse: Reuse, seed: u64, kernels: Kernels) -> [u64; 3] {
    PROBES.map(|probe| {
        let found = counts(&run_with(&scenario(reuse, probe), seed, kernels), 0);
        assert_eq!(found.invocations, 9);
        // Four cold starts make A to D; the request at 20 s is warm in any order.
        4 + 4 - found.cold_starts
    })
}

#[test]
fn most_recent_takes_the_one_that_finished_last() {
    assert_eq!(warm(Reuse::MostRecent, 1, Kernels::EventOnly), TAKEN_B);
    // The order that the batch kernel knows.
    assert_eq!(warm(Reuse::MostRecent, 1, Kernels::Fastest), TAKEN_B);
}

#[test]
fn newest_takes_the_youngest() {
    assert_eq!(warm(Reuse::Newest, 1, Kernels::EventOnly), TAKEN_D);
}

#[test]
fn oldest_takes_the_first_born() {
    assert_eq!(warm(Reuse::Oldest, 1, Kernels::EventOnly), TAKEN_A);
}

#[test]
fn least_recent_takes_the_one_that_has_waited_longest() {
    assert_eq!(warm(Reuse::LeastRecent, 1, Kernels::EventOnly), TAKEN_C);
}

/// Each is taken 100 ± 8.7 times of 400; a right engine is further off than 35 once in 4,000 times
/// (binomial, four counts). Seeds are fixed.
#[test]
fn random_takes_each_as_often() {
    let mut taken = [0_u32; 4];
    for seed in 0..400 {
        let found = warm(Reuse::Random, seed, Kernels::EventOnly);
        let place = [TAKEN_A, TAKEN_B, TAKEN_C, TAKEN_D]
            .iter()
            .position(|expected| *expected == found);
        taken[place.expect("one of the four was taken")] += 1;
    }
    assert!(taken.iter().all(|n| n.abs_diff(100) <= 35), "{taken:?}");
}
