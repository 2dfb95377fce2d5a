//! A minute of one function in one replication: what the engine tells where a timeline is wanted.
//!
//! The types stand here for the reason that [`crate::outcome`] does: engine and report need both, and
//! neither may see the other.

use crate::outcome::Counts;

/// Nanoseconds of a minute.
pub const MINUTE_NS: u64 = 60_000_000_000;

/// One minute of one function in one replication.
///
/// There is one for every minute in which a request was decided (admitted, refused or dropped),
/// waited, or ran; the run's last minute has one too where instances were kept since the last.
/// Minutes count from the start of the run. A minute holds its first instant and not its last, except
/// that what ends at its last instant ends in it. A request counts in the minute in which it was
/// admitted, refused or dropped, which without a queue is that of its arrival; who is served from the
/// queue after the end of the run counts in the last minute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Minute {
    /// Which minute of the run, from 0.
    pub number: u64,
    /// Its length in nanoseconds: a minute, unless the run ends within it.
    pub span_ns: u64,
    /// Requests by what became of them.
    pub counts: Counts,
    /// Invocations that a provisioned instance served.
    pub provisioned_invocations: u64,
    /// What the invocations took without queue and init.
    pub duration: Spread,
    /// Arrival to response of the invocations.
    pub latency: Spread,
    /// The sum of what cold starts waited for their instance, in nanoseconds.
    pub init_sum_ns: u128,
    /// The longest of these waits in nanoseconds.
    pub init_max_ns: u64,
    /// Requests that ran, or waited for their instance to start, at once at the most.
    pub concurrent_max: u64,
    /// As `concurrent_max`, of the requests on instances that are not provisioned.
    pub on_demand_max: u64,
    /// As `concurrent_max`, of the requests on provisioned instances.
    pub provisioned_max: u64,
    /// Requests in the queue at once at the most.
    pub queue_max: u64,
    /// Instances alive at once at the most.
    pub instances_max: u64,
    /// Integral of the instances alive over the minute.
    pub alive_ns: u128,
    /// Integral of the instances that started or served over the minute.
    pub busy_ns: u128,
    /// Integral of the instances alive over the minutes that were left out before this one; all of
    /// them idled.
    pub idle_before_ns: u128,
}

/// How values of a minute were spread, in nanoseconds; nil where there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// Their sum.
    pub sum_ns: u128,
    /// The smallest.
    pub min_ns: u64,
    /// The largest.
    pub max_ns: u64,
    /// The median, by definition R-7 as the other quantiles.
    pub p50_ns: u64,
    /// 90 % are at most this.
    pub p90_ns: u64,
    /// 99 % are at most this.
    pub p99_ns: u64,
}
