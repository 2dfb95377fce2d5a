//! What the engine hands back: integer totals a function, a replication and a measurement period,
//! and distributions of latency and init. Estimates are made from these by `frostline-report`.
//!
//! The types live here because engine and report both need them and neither may see the other. They
//! hold plain nanoseconds and names, since this crate does not know the vocabulary of the models.

use crate::histogram::Distribution;

/// The result of a simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulationOutcome {
    /// One entry a function, in the scenario's order.
    pub functions: Vec<FunctionOutcome>,
    /// When the first measurement period begins, in nanoseconds since the start of the run: what
    /// came before is warm-up.
    pub warm_up_ns: u64,
    /// The end of the run, in nanoseconds since its start.
    pub end_ns: u64,
    /// How long warm-up should have been: longer than what was left out where the run is too short.
    pub warm_up_wanted_ns: u64,
    /// What decided about warm-up.
    pub warm_up_rule: WarmUpRule,
}

/// What decided how much of the start is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUpRule {
    /// Nothing is.
    Nothing,
    /// The scenario gives a span.
    Fixed,
    /// Keep-alive + longest service + longest init, after which a memoryless pool has forgotten how
    /// it started; a rule of thumb where arrivals change over time and no theorem holds.
    PoolMemory,
    /// MSER-5 on the means over replications; the metric named did not settle in the first third of
    /// the run, so that the run is too short or drifts.
    Mser5 {
        /// A path of the JSON output.
        unsettled: Option<&'static str>,
    },
    /// So many nanoseconds before its end the run was played once before it, uncounted.
    PreviousDay {
        /// The span, at most one day.
        played_ns: u64,
    },
}

/// When a simulation measured: what is known about a run beside its functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSpan {
    /// When the first measurement period begins, in nanoseconds since the start of the run.
    pub warm_up_ns: u64,
    /// The end of the run, in nanoseconds since its start.
    pub end_ns: u64,
    /// How long warm-up should have been.
    pub warm_up_wanted_ns: u64,
    /// What decided about warm-up.
    pub warm_up_rule: WarmUpRule,
}

/// All replications of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionOutcome {
    /// One entry a replication.
    pub replications: Vec<ReplicationOutcome>,
}

/// One replication of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationOutcome {
    /// Counts over the whole run, warm-up included.
    pub counts: Counts,
    /// Consecutive measurement periods after warm-up: one, or the batches of a long run.
    pub periods: Vec<Period>,
    /// Which kernel computed it.
    pub kernel: Kernel,
}

/// Which kernel computed a result. They agree bit for bit where both apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Windows of arrivals and departures, merged and replayed.
    Batch,
    /// One event after the other.
    Event,
}

/// Counts of requests by what became of them.
///
/// `requests = invocations + throttles + dropped`, since nothing retries yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests that arrived.
    pub requests: u64,
    /// Requests that ran, warm or cold.
    pub invocations: u64,
    /// Invocations that waited for an instance to start.
    pub cold_starts: u64,
    /// Invocations that found all provisioned instances busy.
    pub spillovers: u64,
    /// Requests refused for a limit.
    pub throttles: u64,
    /// Requests that gave up waiting in the queue.
    pub dropped: u64,
    /// Invocations cut off by the function's timeout.
    pub timeouts: u64,
    /// Invocations that were cold when they were recorded; 0 where no recording says so.
    pub recorded_cold: u64,
    /// Invocations that were cold both when recorded and now.
    pub both_cold: u64,
}

/// What happened in a measurement period. Requests belong to the period in which they arrived;
/// times are integrated over the period itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Period {
    /// Length of the period in nanoseconds.
    pub span_ns: u64,
    /// Requests by what became of them.
    pub counts: Counts,
    /// Throttles by the name of the reason, in the order of the models' reasons, only those that
    /// occurred.
    pub throttle_reasons: Vec<(&'static str, u64)>,
    /// Arrival to response of the invocations.
    pub latency: Distribution,
    /// Their sum in nanoseconds.
    pub latency_sum_ns: u128,
    /// The longest of them in nanoseconds.
    pub latency_max_ns: u64,
    /// Waiting for an instance to start: the cold starts only.
    pub init: Distribution,
    /// Their sum in nanoseconds.
    pub init_sum_ns: u128,
    /// The longest of them in nanoseconds.
    pub init_max_ns: u64,
    /// Integral of the instances that are alive (starting, idle or busy), provisioned ones included.
    pub alive_ns: u128,
    /// Integral of the instances that start or serve at least one request.
    pub busy_ns: u128,
    /// Integral of the provisioned instances that are allocated.
    pub provisioned_ns: u128,
    /// Integral of the provisioned instances that serve at least one request.
    pub provisioned_busy_ns: u128,
    /// Instances alive at the most, provisioned ones included.
    pub instances_peak: u64,
    /// Milliseconds billed on demand: each invocation's duration and billed init, rounded up.
    pub billed_ms: u128,
    /// Milliseconds billed at the rate of provisioned concurrency.
    pub billed_provisioned_ms: u128,
}

impl SimulationOutcome {
    /// When it measured.
    pub fn span(&self) -> RunSpan {
        RunSpan {
            warm_up_ns: self.warm_up_ns,
            end_ns: self.end_ns,
            warm_up_wanted_ns: self.warm_up_wanted_ns,
            warm_up_rule: self.warm_up_rule,
        }
    }
}

impl Period {
    /// Adds everything that adds up the same way in time and across functions: all but the span, the
    /// peak of the instances and the distributions.
    pub fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        for &(reason, count) in &other.throttle_reasons {
            match self
                .throttle_reasons
                .iter_mut()
                .find(|known| known.0 == reason)
            {
                Some(known) => known.1 += count,
                None => self.throttle_reasons.push((reason, count)),
            }
        }
        self.latency_sum_ns += other.latency_sum_ns;
        self.latency_max_ns = self.latency_max_ns.max(other.latency_max_ns);
        self.init_sum_ns += other.init_sum_ns;
        self.init_max_ns = self.init_max_ns.max(other.init_max_ns);
        self.alive_ns += other.alive_ns;
        self.busy_ns += other.busy_ns;
        self.provisioned_ns += other.provisioned_ns;
        self.provisioned_busy_ns += other.provisioned_busy_ns;
        self.billed_ms += other.billed_ms;
        self.billed_provisioned_ms += other.billed_provisioned_ms;
    }
}

impl Counts {
    /// Adds the counts of another function, replication or period.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.invocations += other.invocations;
        self.cold_starts += other.cold_starts;
        self.spillovers += other.spillovers;
        self.throttles += other.throttles;
        self.dropped += other.dropped;
        self.timeouts += other.timeouts;
        self.recorded_cold += other.recorded_cold;
        self.both_cold += other.both_cold;
    }
}
