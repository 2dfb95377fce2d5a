//! Being watched: progress, cancellation and records.

use std::sync::atomic::{AtomicU64, Ordering};

use frostline_models::record::Invocation;
use frostline_stats::timeline::Minute;

/// Somebody who watches a simulation. All methods may be called from several threads at once.
pub trait Observer: Sync {
    /// Requests simulated so far, of how many expected. The expectation is a mean, and a kernel that
    /// has to start over counts again, so the first may pass the second.
    fn progress(&self, done: u64, expected: u64) {
        let _ = (done, expected);
    }

    /// Whether the simulation should end early.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// Whether every request is wanted one by one. It costs speed: such runs use the event kernel.
    fn wants_records(&self) -> bool {
        false
    }

    /// One request and what became of it, in order of that within a replication and component.
    fn record(&self, replication: u32, invocation: &Invocation) {
        let _ = (replication, invocation);
    }

    /// Whether a timeline is wanted. Every kernel gives one.
    fn wants_timeline(&self) -> bool {
        false
    }

    /// A minute of the function with this index, minutes ascending within a replication and function.
    fn minute(&self, replication: u32, function: u32, minute: &Minute) {
        let _ = (replication, function, minute);
    }

    /// A run of a function begins. What was told of it before, in the same replication, does not
    /// hold: another kernel had to take over, or functions turned out to share a limit.
    fn begins(&self, replication: u32, function: u32) {
        let _ = (replication, function);
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// The simulation was cancelled by its observer; there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the simulation was interrupted")
    }
}

impl std::error::Error for Cancelled {}

/// An observer with a count of what was done, shared by all threads.
pub(crate) struct Watcher<'a> {
    observer: &'a dyn Observer,
    done: AtomicU64,
    expected: u64,
    wants_records: bool,
    wants_timeline: bool,
}

impl<'a> Watcher<'a> {
    pub(crate) fn new(observer: &'a dyn Observer, expected: u64) -> Self {
        let wants_records = observer.wants_records();
        let wants_timeline = observer.wants_timeline();
        Self {
            observer,
            done: AtomicU64::new(0),
            expected,
            wants_records,
            wants_timeline,
        }
    }

    /// Notes that some requests are done.
    pub(crate) fn advance(&self, requests: u64) -> Result<(), Cancelled> {
        let done = self.done.fetch_add(requests, Ordering::Relaxed) + requests;
        self.observer.progress(done, self.expected);
        if self.observer.is_cancelled() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }

    #[inline]
    pub(crate) fn wants_records(&self) -> bool {
        self.wants_records
    }

    pub(crate) fn record(&self, replication: u32, invocation: &Invocation) {
        self.observer.record(replication, invocation);
    }

    pub(crate) fn wants_timeline(&self) -> bool {
        self.wants_timeline
    }

    pub(crate) fn minute(&self, replication: u32, function: u32, minute: &Minute) {
        self.observer.minute(replication, function, minute);
    }

    pub(crate) fn begins(&self, replication: u32, function: u32) {
        self.observer.begins(replication, function);
    }
}
