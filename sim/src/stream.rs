//! The requests of one function in one replication: when they arrive and how long they would take.
//!
//! Generation knows nothing of pools and limits, so every configuration that is compared meets the
//! same requests (common random numbers), and both kernels read the same stream. Requests are
//! drawn in blocks; each block seeds its generators from the stream's key and its own number.

mod process;

use std::sync::Arc;

use frostline_models::arrival::Arrivals;
use frostline_models::law::Sampler;
use frostline_models::math::{wide_index, word};
use frostline_models::random::{Purpose, StreamKey};
use frostline_models::scenario::Function;
use frostline_models::units::SimDuration;

use self::process::ArrivalProcess;
use crate::job::Job;

/// The engine's clock starts here, at 2⁶¹ ns: later than any keep-alive, so that "never used" can be
/// the instant 0.
pub(crate) const ORIGIN: u64 = 1 << 61;

/// Requests in a block.
pub(crate) const BLOCK: usize = 2048;

/// The requests of one function in one replication, in order of arrival.
pub(crate) struct RequestStream {
    process: Box<dyn ArrivalProcess>,
    arrival_key: StreamKey,
    durations: Sampler,
    duration_key: StreamKey,
    /// Durations that were recorded and take the place of drawn ones.
    recorded: Option<Arc<[SimDuration]>>,
    /// Number of the next block.
    block: u64,
    /// Arrivals at this instant or later are beyond the run.
    end: u64,
    exhausted: bool,
}

impl RequestStream {
    /// The stream of `function`.
    pub(crate) fn new(job: &Job<'_>, function: &Function) -> Self {
        let recorded = match &function.arrivals {
            Arrivals::Recorded(recorded) => recorded.replayed_durations(),
            _ => None,
        };
        Self {
            process: process::of(&function.arrivals),
            arrival_key: job.key(function, Purpose::Arrival),
            durations: function.duration.sampler(),
            duration_key: job.key(function, Purpose::Duration),
            recorded: recorded.map(Arc::clone),
            block: 0,
            end: job.end,
            exhausted: false,
        }
    }

    /// Whether nothing more will come.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Appends the next block of requests to `arrivals` (instants) and `durations` (at least 1 ns
    /// each, so that no invocation ends before it begins).
    pub(crate) fn append_block(&mut self, arrivals: &mut Vec<u64>, durations: &mut Vec<u64>) {
        if self.exhausted {
            return;
        }
        let first = arrivals.len();
        arrivals.resize(first + BLOCK, 0);
        let mut rng = self.arrival_key.block(self.block);
        let drawn = self.process.fill(&mut rng, &mut arrivals[first..]);
        let within = arrivals[first..first + drawn].partition_point(|arrival| *arrival < self.end);
        self.exhausted = within < BLOCK;
        arrivals.truncate(first + within);
        durations.resize(first + within, 0);
        let block = &mut durations[first..];
        match &self.recorded {
            // Every block but the last is full, so its number gives its first request.
            Some(recorded) => {
                let first = wide_index(self.block * word(BLOCK));
                for (duration, recorded) in block.iter_mut().zip(&recorded[first..]) {
                    *duration = recorded.0;
                }
            }
            None => self
                .durations
                .fill(&mut self.duration_key.block(self.block), block),
        }
        for duration in block {
            *duration += u64::from(*duration == 0);
        }
        self.block += 1;
    }
}
