//! Minutes and invocations as bytes, for their way through a [`super::spool`].

use frostline_models::init::Phase;
use frostline_models::math::word;
use frostline_models::record::{Invocation, Outcome, ThrottleReason};
use frostline_models::units::{SimDuration, SimTime};
use frostline_sim::timeline::{Minute, Spread};

use super::spool::{pack, unpack, unpack_word};

/// Appends a minute.
pub(super) fn pack_minute(minute: &Minute, bytes: &mut Vec<u8>) {
    let counts = &minute.counts;
    for value in [
        minute.number,
        minute.span_ns,
        counts.requests,
        counts.invocations,
        counts.cold_starts,
        counts.spillovers,
        counts.throttles,
        counts.dropped,
        counts.timeouts,
        minute.provisioned_invocations,
        minute.init_max_ns,
        minute.concurrent_max,
        minute.on_demand_max,
        minute.provisioned_max,
        minute.queue_max,
        minute.instances_max,
    ] {
        pack(value.into(), bytes);
    }
    for spread in [&minute.duration, &minute.latency] {
        pack(spread.sum_ns, bytes);
        for value in [
            spread.min_ns,
            spread.max_ns,
            spread.p50_ns,
            spread.p90_ns,
            spread.p99_ns,
        ] {
            pack(value.into(), bytes);
        }
    }
    for value in [
        minute.init_sum_ns,
        minute.alive_ns,
        minute.busy_ns,
        minute.idle_before_ns,
    ] {
        pack(value, bytes);
    }
}

/// Takes a minute off the front.
pub(super) fn unpack_minute(bytes: &mut &[u8]) -> Minute {
    let mut minute = Minute::default();
    let counts = &mut minute.counts;
    for value in [
        &mut minute.number,
        &mut minute.span_ns,
        &mut counts.requests,
        &mut counts.invocations,
        &mut counts.cold_starts,
        &mut counts.spillovers,
        &mut counts.throttles,
        &mut counts.dropped,
        &mut counts.timeouts,
        &mut minute.provisioned_invocations,
        &mut minute.init_max_ns,
        &mut minute.concurrent_max,
        &mut minute.on_demand_max,
        &mut minute.provisioned_max,
        &mut minute.queue_max,
        &mut minute.instances_max,
    ] {
        *value = unpack_word(bytes);
    }
    for spread in [&mut minute.duration, &mut minute.latency] {
        *spread = Spread {
            sum_ns: unpack(bytes),
            min_ns: unpack_word(bytes),
            max_ns: unpack_word(bytes),
            p50_ns: unpack_word(bytes),
            p90_ns: unpack_word(bytes),
            p99_ns: unpack_word(bytes),
        };
    }
    for value in [
        &mut minute.init_sum_ns,
        &mut minute.alive_ns,
        &mut minute.busy_ns,
        &mut minute.idle_before_ns,
    ] {
        *value = unpack(bytes);
    }
    minute
}

/// How an attempt can end, each in its place.
const OUTCOMES: [Outcome; 8] = [
    Outcome::Warm,
    Outcome::Cold,
    Outcome::Dropped,
    Outcome::Throttled(ThrottleReason::ConcurrentInvocationLimitExceeded),
    Outcome::Throttled(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded),
    Outcome::Throttled(ThrottleReason::FunctionInvocationRateLimitExceeded),
    Outcome::Throttled(ThrottleReason::ScaleUpLimitExceeded),
    Outcome::Throttled(ThrottleReason::MaximumInstancesReached),
];

/// Appends an invocation; its function is its chunk's.
pub(super) fn pack_invocation(invocation: &Invocation, bytes: &mut Vec<u8>) {
    let place = OUTCOMES
        .iter()
        .position(|known| *known == invocation.outcome);
    let outcome = word(place.expect("because OUTCOMES has every outcome"));
    let parent = invocation.parent.map_or(0, |parent| u128::from(parent) + 1);
    for value in [
        invocation.request.into(),
        parent,
        invocation.attempt.into(),
        invocation.arrival.0.into(),
        outcome.into(),
        invocation.spillover.into(),
        invocation.timed_out.into(),
        invocation.queue.0.into(),
        invocation.init.0.into(),
        invocation.duration.0.into(),
        word(invocation.phases.len()).into(),
    ] {
        pack(value, bytes);
    }
    for (phase, span) in &invocation.phases {
        let place = Phase::ALL.iter().position(|known| known == phase);
        pack(
            word(place.expect("because ALL has every phase")).into(),
            bytes,
        );
        pack(span.0.into(), bytes);
    }
}

/// Takes an invocation of a function off the front.
pub(super) fn unpack_invocation(function: u32, bytes: &mut &[u8]) -> Invocation {
    let place = |value: u64| frostline_models::math::wide_index(value);
    Invocation {
        function,
        request: unpack_word(bytes),
        parent: unpack_word(bytes).checked_sub(1),
        attempt: u32::try_from(unpack(bytes)).expect("because it was packed as one"),
        arrival: SimTime(unpack_word(bytes)),
        outcome: OUTCOMES[place(unpack_word(bytes))],
        spillover: unpack(bytes) == 1,
        timed_out: unpack(bytes) == 1,
        queue: SimDuration(unpack_word(bytes)),
        init: SimDuration(unpack_word(bytes)),
        duration: SimDuration(unpack_word(bytes)),
        phases: (0..unpack_word(bytes))
            .map(|_| {
                let phase = Phase::ALL[place(unpack_word(bytes))];
                (phase, SimDuration(unpack_word(bytes)))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out() {
        let minute = Minute {
            number: 3,
            span_ns: u64::MAX,
            alive_ns: u128::MAX,
            duration: Spread {
                sum_ns: 1 << 70,
                p99_ns: 128,
                ..Spread::default()
            },
            ..Minute::default()
        };
        let mut invocation = Invocation {
            function: 4,
            request: 127,
            parent: Some(u64::MAX - 1),
            attempt: 2,
            arrival: SimTime(9),
            outcome: Outcome::Dropped,
            spillover: true,
            timed_out: false,
            queue: SimDuration(7),
            init: SimDuration(0),
            phases: vec![(Phase::Code, SimDuration(5)), (Phase::Code, SimDuration(6))],
            duration: SimDuration(1 << 40),
        };
        let mut bytes = Vec::new();
        pack_minute(&minute, &mut bytes);
        pack_invocation(&invocation, &mut bytes);
        for outcome in OUTCOMES {
            invocation.outcome = outcome;
            pack_invocation(&invocation, &mut bytes);
        }
        let mut rest = bytes.as_slice();
        assert_eq!(unpack_minute(&mut rest), minute);
        assert_eq!(unpack_invocation(4, &mut rest).outcome, Outcome::Dropped);
        for outcome in OUTCOMES {
            invocation.outcome = outcome;
            assert_eq!(unpack_invocation(4, &mut rest), invocation);
        }
        assert!(rest.is_empty());
    }
}
