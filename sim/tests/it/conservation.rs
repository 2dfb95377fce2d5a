//! No request is lost or counted twice: what arrives is what runs, is refused or gives up, in totals,
//! records and minutes, from both kernels, over whatever scenario.

use frostline_models::arrival::{Arrivals, Counts as Cells, Placement, Recorded};
use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::math::index;
use frostline_models::record::Outcome;
use frostline_models::scenario::{Function, Queue, Scenario, WarmUp};
use frostline_models::units::{Quota, SimDuration, SimTime};
use frostline_sim::Kernels;
use frostline_sim::outcome::Counts;
use proptest::prelude::*;

use crate::setup::{constant, exponential, poisson, records};
use crate::timeline::watched;

/// How long every scenario runs: what is recorded later than that never arrives.
const SECONDS: u64 = 200;

/// Recorded instants, some the same, some at the end of the run or later; or counts a minute.
fn arrivals() -> impl Strategy<Value = Arrivals> {
    let recorded = prop::collection::vec(0_u64..250_000, 1..400).prop_map(|mut at| {
        at.sort_unstable();
        let times: Vec<SimTime> = at.into_iter().map(|ms| SimTime(ms * 1_000_000)).collect();
        Arrivals::Recorded(Recorded::at(times).unwrap())
    });
    let placements = [
        Placement::Uniform,
        Placement::Equidistant,
        Placement::MinuteStart,
    ];
    let counts = (prop::collection::vec(0_u32..90, 1..5), 0..placements.len());
    let counts = counts.prop_map(move |(cells, placement)| {
        let cells = (0..).zip(cells).filter(|(_, count)| *count > 0);
        let minute = SimDuration::from_secs(60);
        Arrivals::Counts(Cells::new(minute, placements[placement], cells))
    });
    let drawn = prop_oneof![Just(0.02), Just(0.7), Just(12.0)].prop_map(poisson);
    prop_oneof![recorded, counts, drawn]
}

/// A function with any of the limits.
fn function() -> impl Strategy<Value = Function> {
    let pool = (
        prop_oneof![Just(0_u64), Just(700), Just(60_000)],
        prop_oneof![Just(0_u64), Just(400), Just(9_000)],
        prop_oneof![Just(1_u32), Just(1), Just(4)],
        prop_oneof![
            Just(Reuse::MostRecent),
            Just(Reuse::Oldest),
            Just(Reuse::Random)
        ],
        prop_oneof![Just(0_u32), Just(0), Just(2)],
    );
    let limits = (
        prop::option::of(1_u64..8),
        prop::option::of(Just(SimDuration::from_millis(600))),
        prop_oneof![Just(0_u64), Just(3)],
    );
    (
        arrivals(),
        pool,
        limits,
        prop_oneof![Just(20_u64), Just(900)],
    )
        .prop_map(|(arrivals, pool, limits, mean_ms)| {
            let (keep_alive_ms, init_ms, concurrency, reuse, provisioned) = pool;
            let (maximum, timeout, queue) = limits;
            let mut function = Function::new("f", arrivals, exponential(mean_ms));
            function.keep_alive = KeepAlive::Fixed(SimDuration::from_millis(keep_alive_ms));
            function.init = Init::new(vec![(Phase::Runtime, constant(init_ms))]);
            function.concurrency = concurrency;
            function.reuse = reuse;
            function.provisioned.instances = provisioned;
            function.maximum_instances = maximum.map(|most| most.max(u64::from(provisioned)));
            function.timeout = timeout;
            function.queue = Queue {
                length: queue,
                wait: SimDuration::from_millis(if queue > 0 { 800 } else { 0 }),
            };
            function
        })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    (
        prop::collection::vec(function(), 1..4),
        1_u32..3,
        prop::option::of(12_u64..40),
        prop::option::of(1_u64..30),
    )
        .prop_map(|(mut functions, replications, account, rate)| {
            for (place, function) in functions.iter_mut().enumerate() {
                function.name = format!("f{place}");
            }
            let duration = SimDuration::from_secs(SECONDS);
            let mut scenario = Scenario::new(functions, duration, replications);
            scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
            scenario.platform.account_concurrency = account;
            scenario.platform.request_rate = rate.map(|count| Quota {
                count,
                per: SimDuration::from_secs(1),
            });
            scenario
        })
}

/// What a recording says of the requests in the run; `None` where they are drawn.
fn told(arrivals: &Arrivals) -> Option<u64> {
    let end = SimDuration::from_secs(SECONDS);
    match arrivals {
        Arrivals::Recorded(recorded) => Some(recorded.total_within(end)),
        // A minute that the run ends within keeps only part of its count.
        Arrivals::Counts(counts) if counts.cells().all(|(minute, _)| minute < 3) => {
            Some(counts.total())
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_request_is_accounted_for(scenario in scenario(), seed in 0_u64..1_000_000) {
        let (outcome, timeline) = watched(&scenario, seed, Kernels::Fastest);
        let (other, minutes) = watched(&scenario, seed, Kernels::EventOnly);
        prop_assert_eq!(&timeline, &minutes, "both kernels tell the same minutes");

        let mut of_records = vec![Counts::default(); timeline.len()];
        let width = scenario.functions.len();
        for (replication, record) in records(&scenario, seed) {
            let counts = &mut of_records[index(replication) * width + index(record.function)];
            counts.requests += 1;
            counts.timeouts += u64::from(record.timed_out);
            counts.spillovers += u64::from(record.spillover);
            match record.outcome {
                Outcome::Warm => counts.invocations += 1,
                Outcome::Cold => {
                    counts.invocations += 1;
                    counts.cold_starts += 1;
                }
                Outcome::Throttled(_) => counts.throttles += 1,
                Outcome::Dropped => counts.dropped += 1,
            }
        }
        for ((replication, place), minutes) in &timeline {
            let (replication, place) = (index(*replication), index(*place));
            let result = &outcome.functions[place].replications[replication];
            let counts = result.counts;
            let same = &other.functions[place].replications[replication];
            prop_assert_eq!(counts, same.counts, "both kernels count the same");
            prop_assert_eq!(&result.periods, &same.periods);
            prop_assert_eq!(
                counts.requests,
                counts.invocations + counts.throttles + counts.dropped
            );
            let completed = counts.invocations - counts.timeouts;
            prop_assert_eq!(
                counts.requests,
                completed + counts.timeouts + counts.throttles + counts.dropped
            );
            if let Some(told) = told(&scenario.functions[place].arrivals) {
                prop_assert_eq!(counts.requests, told, "what the recording holds");
            }
            let mut of_minutes = Counts::default();
            for minute in minutes {
                of_minutes.add(&minute.counts);
            }
            prop_assert_eq!(counts, of_minutes);
            prop_assert_eq!(counts, of_records[replication * width + place]);
            let mut of_periods = Counts::default();
            for period in &result.periods {
                of_periods.add(&period.counts);
                let reasons = period.throttle_reasons.iter().map(|(_, count)| count);
                prop_assert_eq!(period.counts.throttles, reasons.sum::<u64>());
            }
            prop_assert_eq!(counts, of_periods);
        }
    }
}
