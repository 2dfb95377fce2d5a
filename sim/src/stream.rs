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

/// Requests that are played before the run are numbered from here, so that those of the run keep
/// their numbers and with them all that is drawn for them.
pub(crate) const BEFORE: u64 = 1 << 63;

/// The requests of one function in one replication, in order of arrival.
pub(crate) struct RequestStream {
    /// What is played before the run.
    before: Option<Phase>,
    run: Phase,
    /// Number of the next request.
    number: u64,
}

impl RequestStream {
    /// The stream of `function`.
    pub(crate) fn new(job: &Job<'_>, function: &Function) -> Self {
        let span = job.end - ORIGIN;
        let before = (job.start < ORIGIN).then(|| {
            let again = |purpose| job.key(function, purpose).at(BEFORE);
            Phase {
                from: job.end - (ORIGIN - job.start),
                earlier_by: span,
                ..Phase::new(
                    job,
                    function,
                    again(Purpose::Arrival),
                    again(Purpose::Duration),
                )
            }
        });
        Self {
            number: if before.is_some() { BEFORE } else { 0 },
            before,
            run: Phase::new(
                job,
                function,
                job.key(function, Purpose::Arrival),
                job.key(function, Purpose::Duration),
            ),
        }
    }

    /// Whether nothing more will come.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.before.is_none() && self.run.exhausted
    }

    /// Appends the next block of requests to `arrivals` (instants) and `durations` (at least 1 ns
    /// each, so that no invocation ends before it begins), and returns the number of its first. No
    /// block holds requests of both before the run and in it.
    pub(crate) fn append_block(
        &mut self,
        arrivals: &mut Vec<u64>,
        durations: &mut Vec<u64>,
    ) -> u64 {
        let already = arrivals.len();
        if let Some(before) = &mut self.before {
            before.append_block(arrivals, durations);
            if arrivals.len() == already {
                self.before = None;
                self.number = 0;
            }
        }
        if self.before.is_none() {
            self.run.append_block(arrivals, durations);
        }
        let first = self.number;
        self.number += word(arrivals.len() - already);
        first
    }
}

/// A stretch of a function's requests.
struct Phase {
    process: Box<dyn ArrivalProcess>,
    arrival_key: StreamKey,
    durations: Sampler,
    duration_key: StreamKey,
    /// Durations that were recorded and take the place of drawn ones.
    recorded: Option<Arc<[SimDuration]>>,
    /// Number of the next block.
    block: u64,
    /// Arrivals before this instant are passed over.
    from: u64,
    /// Arrivals at this instant or later are beyond the run.
    end: u64,
    /// What remains comes so much earlier than drawn.
    earlier_by: u64,
    exhausted: bool,
}

impl Phase {
    fn new(
        job: &Job<'_>,
        function: &Function,
        arrival_key: StreamKey,
        duration_key: StreamKey,
    ) -> Self {
        let recorded = match &function.arrivals {
            Arrivals::Recorded(recorded) => recorded.replayed_durations(),
            _ => None,
        };
        Self {
            process: process::of(&function.arrivals),
            arrival_key,
            durations: function.duration.sampler(),
            duration_key,
            recorded: recorded.map(Arc::clone),
            block: 0,
            from: 0,
            end: job.end,
            earlier_by: 0,
            exhausted: false,
        }
    }

    /// Appends what remains of the next block of which something does.
    fn append_block(&mut self, arrivals: &mut Vec<u64>, durations: &mut Vec<u64>) {
        let first = arrivals.len();
        while arrivals.len() == first && !self.exhausted {
            self.draw_block(arrivals, durations);
            let passed = arrivals[first..].partition_point(|arrival| *arrival < self.from);
            if passed > 0 {
                arrivals.drain(first..first + passed);
                durations.drain(first..first + passed);
            }
        }
        if self.earlier_by > 0 {
            for arrival in &mut arrivals[first..] {
                *arrival -= self.earlier_by;
            }
        }
    }

    fn draw_block(&mut self, arrivals: &mut Vec<u64>, durations: &mut Vec<u64>) {
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
