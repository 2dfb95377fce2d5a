//! Being watched: progress, cancellation and records.

use std::sync::atomic::{AtomicU64, Ordering};

use frostline_models::record::Invocation;

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
}

impl<'a> Watcher<'a> {
    pub(crate) fn new(observer: &'a dyn Observer, expected: u64) -> Self {
        let wants_records = observer.wants_records();
        Self {
            observer,
            done: AtomicU64::new(0),
            expected,
            wants_records,
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
}
