//! The one clock that every stamp comes from.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of the machine's monotonic clock. Parent and child read the same one.
pub(crate) fn now() -> u64 {
    nanos(ClockId::Monotonic)
}

/// Nanoseconds of processor time that this process has used.
pub(crate) fn own_cpu_time() -> u64 {
    nanos(ClockId::ProcessCPUTime)
}

fn nanos(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds * 1_000_000_000 + nanos
}

/// Nanoseconds from one stamp to a later one; 0 when they are the other way round.
pub(crate) fn since(earlier: u64, later: u64) -> u64 {
    later.saturating_sub(earlier)
}
