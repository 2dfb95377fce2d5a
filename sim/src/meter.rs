//! Counting: what both kernels add up about a function during a measurement period.

use frostline_models::record::ThrottleReason;
use frostline_stats::histogram::Histogram;

use crate::outcome::{Counts, Period};

/// Every reason for a throttle, in the order of the output.
const REASONS: [ThrottleReason; 5] = [
    ThrottleReason::ConcurrentInvocationLimitExceeded,
    ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded,
    ThrottleReason::FunctionInvocationRateLimitExceeded,
    ThrottleReason::ScaleUpLimitExceeded,
    ThrottleReason::MaximumInstancesReached,
];

/// Whole milliseconds of a span, rounded up: what a platform bills.
#[inline]
pub(crate) fn billed_ms(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1_000_000)
}

/// Integrals over time since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_field_names,
    reason = "the unit comes last in every name"
)]
pub(crate) struct Integrals {
    pub(crate) alive_ns: u128,
    pub(crate) busy_ns: u128,
    pub(crate) provisioned_ns: u128,
    pub(crate) provisioned_busy_ns: u128,
}

/// The sums of the period that is going on.
#[derive(Default)]
pub(crate) struct Meter {
    pub(crate) counts: Counts,
    pub(crate) latency: Histogram,
    pub(crate) latency_sum_ns: u128,
    pub(crate) latency_max_ns: u64,
    pub(crate) init: Histogram,
    pub(crate) init_sum_ns: u128,
    pub(crate) init_max_ns: u64,
    pub(crate) billed_ms: u128,
    pub(crate) billed_provisioned_ms: u128,
    pub(crate) instances_peak: u64,
    throttles: [u64; REASONS.len()],
    /// Integrals when the period began.
    began: Integrals,
    began_at: u64,
    /// What happened between one mark and the next.
    pub(crate) samples: Vec<Sample>,
    /// Everything up to the last mark, and up to the beginning of the period.
    marked: Sample,
    before: Sample,
}

/// What shows whether a run has settled, over a stretch of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sample {
    pub(crate) invocations: u64,
    pub(crate) cold_starts: u64,
    pub(crate) latency_ns: u128,
    pub(crate) alive_ns: u128,
}

impl Sample {
    /// Adds the same stretch of another function.
    pub(crate) fn add(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.cold_starts += other.cold_starts;
        self.latency_ns += other.latency_ns;
        self.alive_ns += other.alive_ns;
    }
}

impl Meter {
    /// A meter whose first period begins at `began_at`.
    pub(crate) fn new(began_at: u64) -> Self {
        Self {
            began_at,
            ..Self::default()
        }
    }

    /// Counts a refusal.
    pub(crate) fn throttle(&mut self, reason: ThrottleReason) {
        self.counts.throttles += 1;
        let place = REASONS.iter().position(|known| *known == reason);
        self.throttles[place.expect("because REASONS lists every reason")] += 1;
    }

    /// Counts a cold start's waiting time.
    pub(crate) fn init(&mut self, nanoseconds: u64) {
        self.init.record(nanoseconds);
        self.init_sum_ns += u128::from(nanoseconds);
        self.init_max_ns = self.init_max_ns.max(nanoseconds);
    }

    /// Ends a sample and begins the next one.
    pub(crate) fn mark(&mut self, integrals: Integrals) {
        let total = self.total(integrals);
        self.samples.push(Sample {
            invocations: total.invocations - self.marked.invocations,
            cold_starts: total.cold_starts - self.marked.cold_starts,
            latency_ns: total.latency_ns - self.marked.latency_ns,
            alive_ns: total.alive_ns - self.marked.alive_ns,
        });
        self.marked = total;
    }

    /// Everything since the start of the run.
    fn total(&self, integrals: Integrals) -> Sample {
        Sample {
            invocations: self.before.invocations + self.counts.invocations,
            cold_starts: self.before.cold_starts + self.counts.cold_starts,
            latency_ns: self.before.latency_ns + self.latency_sum_ns,
            alive_ns: integrals.alive_ns,
        }
    }

    /// Ends the period at `now` and begins the next one, with `alive` instances.
    pub(crate) fn close(&mut self, now: u64, integrals: Integrals, alive: u64) -> Period {
        self.before = self.total(integrals);
        let reasons = REASONS.iter().zip(&self.throttles);
        let period = Period {
            span_ns: now - self.began_at,
            counts: self.counts,
            throttle_reasons: reasons
                .filter(|(_, count)| **count > 0)
                .map(|(reason, count)| (reason.name(), *count))
                .collect(),
            latency: self.latency.drain(),
            latency_sum_ns: self.latency_sum_ns,
            latency_max_ns: self.latency_max_ns,
            init: self.init.drain(),
            init_sum_ns: self.init_sum_ns,
            init_max_ns: self.init_max_ns,
            alive_ns: integrals.alive_ns - self.began.alive_ns,
            busy_ns: integrals.busy_ns - self.began.busy_ns,
            provisioned_ns: integrals.provisioned_ns - self.began.provisioned_ns,
            provisioned_busy_ns: integrals.provisioned_busy_ns - self.began.provisioned_busy_ns,
            instances_peak: self.instances_peak,
            billed_ms: self.billed_ms,
            billed_provisioned_ms: self.billed_provisioned_ms,
        };
        self.counts = Counts::default();
        self.latency_sum_ns = 0;
        self.latency_max_ns = 0;
        self.init_sum_ns = 0;
        self.init_max_ns = 0;
        self.billed_ms = 0;
        self.billed_provisioned_ms = 0;
        self.throttles = [0; REASONS.len()];
        self.instances_peak = alive;
        self.began = integrals;
        self.began_at = now;
        period
    }
}
