//! The batch kernel: one request an instance, unreached limits, most-recent reuse, a fixed keep-alive.
//!
//! With most-recent reuse the whole idle pool is one array: `last[n]` is the latest instant at which
//! the number of busy instances fell from n + 1 to n. An arrival that finds n busy takes the
//! instance that has been idle since `last[n]`, and starts a new one when that is longer ago than
//! the keep-alive: deeper in the stack, everything has been idle for longer still. So there are no
//! instances and no expiry events, only a merged stream of arrivals and departures:
//!
//! ```text
//! requests ─► window of arrivals ──────────────┐
//!        └──► departures due in it ─► sort ────┴─► merge ─► replay over last[n]
//!             pending beyond it ◄─────┘
//! ```
//!
//! A cold start delays its own departure. The merged stream holds the undelayed one, so the replay
//! cancels it when it comes by and inserts the delayed one in its place: exact for every init.

mod merge;
mod replay;

use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::math::{round_to_u64, slot, wide_index, word};
use frostline_models::scenario::{Function, InitialPool, Scenario};
use frostline_stats::timeline::Minute;

use self::merge::Departures;
use self::replay::Replay;
use crate::job::{Job, Usage};
use crate::limit::RateWatch;
use crate::meter::{Integrals, Meter, billed_ms};
use crate::minutes::Minutes;
use crate::outcome::{Kernel, ReplicationOutcome};
use crate::progress::{Cancelled, Watcher};
use crate::stream::{BLOCK, ORIGIN, RequestStream};

/// Requests in a window at the most: beyond this it would leave the second-level cache.
const LARGEST_WINDOW: u64 = 131_072;

/// Why the batch kernel could not finish: a premise turned out not to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// An invocation ran into the function's timeout, which ends its instance.
    TimedOut,
    /// The function's instances were wanted faster than its scale-up limit gives them.
    ScaleUp,
    /// More ran at once than the function, or the account alone with it, may run.
    Concurrency,
    /// The observer asked for an end.
    Cancelled,
}

impl From<Cancelled> for Unfit {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// The keep-alive of a function that the batch kernel can run, as the shortest idle time that is
/// too long; `None` when the function needs the event kernel.
pub(crate) fn expiry_of(function: &Function) -> Option<u64> {
    let simple = function.concurrency == 1
        && function.reuse == Reuse::MostRecent
        && function.maximum_age.is_none()
        && !function.provisioned.is_any()
        && function.initial == InitialPool::default();
    match function.keep_alive {
        KeepAlive::Fixed(span) if simple => Some((span.0 + 1).min(ORIGIN)),
        KeepAlive::Forever if simple => Some(ORIGIN),
        _ => None,
    }
}

/// Runs one replication of one function.
///
/// # Errors
/// [`Unfit`] when a limit or timeout was reached: the event kernel must run this replication.
pub(crate) fn run(
    job: &Job<'_>,
    place: usize,
    expiry: u64,
    watcher: &Watcher<'_>,
) -> Result<(ReplicationOutcome, Usage), Unfit> {
    let function = &job.scenario.functions[place];
    watcher.begins(job.replication, slot(place));
    let mut kernel = Batch {
        stream: RequestStream::new(job, function),
        window: window_size(job.scenario, function),
        arrivals: Vec::new(),
        durations: Vec::new(),
        taken: 0,
        departures: Departures::new(job.start),
        // "Never used" is the instant 0, which must be too long ago from the start on.
        replay: Replay::new(job, function, expiry.min(job.start)),
        meter: Meter::new(job.start),
        minutes: watcher
            .wants_timeline()
            .then(|| Minutes::new(job.end, 0, 0)),
        timeout: function.timeout.map_or(u64::MAX, |timeout| timeout.0),
        busy_ns: 0,
        rate: job
            .scenario
            .platform
            .request_rate
            .map(|quota| RateWatch::new(quota, job.sharers)),
    };
    let mut periods = Vec::new();
    for stop in &job.stops {
        kernel.run_minutes(stop.at, watcher, |minute| {
            watcher.minute(job.replication, slot(place), minute);
        })?;
        let (integrals, alive) = kernel.integrals(stop.at);
        if stop.is_mark {
            kernel.meter.mark(integrals);
        }
        if stop.ends_period {
            periods.push(kernel.meter.close(stop.at, integrals, alive));
        }
        if stop.at == ORIGIN {
            kernel.replay.start_numbering();
            if let Some(minutes) = &mut kernel.minutes {
                minutes.start_over(integrals, alive, 0);
            }
        }
    }
    let usage = Usage {
        concurrency_peak: kernel.replay.concurrency_peak(),
        rate_share: kernel.rate.map_or(0.0, |watch| watch.share()),
        was_limited: false,
        samples: std::mem::take(&mut kernel.meter.samples),
    };
    Ok((job.outcome(periods, Kernel::Batch), usage))
}

/// Twice as many requests as run at once, so that most departures fall into the window of their
/// arrival; a whole number of blocks.
fn window_size(scenario: &Scenario, function: &Function) -> usize {
    let per_second = function.arrivals.mean_per_second(scenario.run.duration);
    let busy = per_second * function.duration.mean_ns() / 1e9;
    let wanted = round_to_u64((2.0 * busy).min(1e9));
    let block = word(BLOCK);
    wide_index(wanted.clamp(block, LARGEST_WINDOW).next_multiple_of(block))
}

struct Batch {
    stream: RequestStream,
    window: usize,
    arrivals: Vec<u64>,
    durations: Vec<u64>,
    /// Requests of the buffers that were already replayed.
    taken: usize,
    departures: Departures,
    replay: Replay,
    meter: Meter,
    minutes: Option<Minutes>,
    timeout: u64,
    /// Integral of the busy instances over all requests taken, as if each ran to its end.
    busy_ns: u128,
    rate: Option<RateWatch>,
}

impl Batch {
    /// Replays everything before `boundary`, and tells the minutes that end by then.
    fn run_minutes(
        &mut self,
        boundary: u64,
        watcher: &Watcher<'_>,
        tell: impl Fn(&Minute),
    ) -> Result<(), Unfit> {
        while let Some(end) = self.minutes.as_ref().map(Minutes::end)
            && end <= boundary
        {
            self.run_until(end, watcher)?;
            let (integrals, _) = self.integrals(end);
            let told = self.minutes.as_mut().and_then(|m| m.close(integrals));
            if let Some(minute) = told {
                tell(&minute);
            }
            self.begin_minute(end, watcher)?;
        }
        self.run_until(boundary, watcher)
    }

    /// Begins the next minute after the one that ended at `end`: where something runs or arrives
    /// again.
    fn begin_minute(&mut self, end: u64, watcher: &Watcher<'_>) -> Result<(), Cancelled> {
        let going_on = self.minutes.take().filter(|minutes| !minutes.is_last());
        let Some(mut minutes) = going_on else {
            return Ok(());
        };
        let start = if minutes.is_quiet() {
            self.refill(watcher)?;
            let next = self.arrivals.get(self.taken);
            minutes.start_of(next.copied().unwrap_or(u64::MAX))
        } else {
            end
        };
        let (integrals, alive) = self.integrals(start);
        minutes.begin(start, integrals, alive, 0);
        self.minutes = Some(minutes);
        Ok(())
    }

    /// Replays everything before `boundary`.
    fn run_until(&mut self, boundary: u64, watcher: &Watcher<'_>) -> Result<(), Unfit> {
        loop {
            self.refill(watcher)?;
            let waiting = &self.arrivals[self.taken..];
            let within = waiting.partition_point(|arrival| *arrival < boundary);
            let reaches_boundary = within < waiting.len() || self.stream.is_exhausted();
            let until = if reaches_boundary {
                boundary
            } else {
                waiting[within - 1]
            };
            self.replay_window(self.taken + within, until)?;
            if reaches_boundary {
                return Ok(());
            }
        }
    }

    /// Draws the next window when the last one is used up.
    fn refill(&mut self, watcher: &Watcher<'_>) -> Result<(), Cancelled> {
        if self.taken < self.arrivals.len() || self.stream.is_exhausted() {
            return Ok(());
        }
        watcher.advance(word(self.taken))?;
        self.arrivals.clear();
        self.durations.clear();
        self.taken = 0;
        while self.arrivals.len() < self.window && !self.stream.is_exhausted() {
            self.stream
                .append_block(&mut self.arrivals, &mut self.durations);
        }
        if let Some(watch) = &mut self.rate {
            watch.see(&self.arrivals);
        }
        Ok(())
    }

    /// Replays the requests up to index `to`, and all departures up to the instant `until`.
    fn replay_window(&mut self, to: usize, until: u64) -> Result<(), Unfit> {
        let from = std::mem::replace(&mut self.taken, to);
        self.meter_window(from..to)?;
        let arrivals = &self.arrivals[from..to];
        let durations = &self.durations[from..to];
        let events = self.departures.merge(arrivals, durations, until);
        let Some(minutes) = &mut self.minutes else {
            self.replay
                .window::<false>(events, arrivals.len(), durations, &mut self.meter)?;
            self.replay.catch_up(until);
            return Ok(());
        };
        self.replay
            .window::<true>(events, arrivals.len(), durations, &mut self.meter)?;
        let most = self.replay.take_most();
        self.replay.catch_up(until);
        minutes.running(self.replay.busy(), most);
        let counts = minutes.counts();
        counts.requests += word(arrivals.len());
        counts.invocations += word(arrivals.len());
        let mut from = 0;
        for cold in self.replay.cold_invocations() {
            minutes.counts().cold_starts += 1;
            minutes.started(cold.concurrent);
            minutes.serve_undelayed(&durations[from..cold.place]);
            minutes.serve(cold.served);
            from = cold.place + 1;
        }
        minutes.serve_undelayed(&durations[from..]);
        Ok(())
    }

    /// Counts the window's requests as if all were warm; the replay corrects the cold ones.
    fn meter_window(&mut self, range: std::ops::Range<usize>) -> Result<(), Unfit> {
        let durations = &self.durations[range];
        let mut longest = 0;
        let mut busy_ns = 0_u128;
        let mut billed = 0;
        self.meter.latency.record_all(durations);
        for &duration in durations {
            longest = longest.max(duration);
            busy_ns += u128::from(duration);
            billed += billed_ms(duration);
        }
        if longest > self.timeout {
            return Err(Unfit::TimedOut);
        }
        let requests = word(durations.len());
        self.meter.counts.requests += requests;
        self.meter.counts.invocations += requests;
        self.meter.counts.recorded_cold += self.replay.recorded_cold(requests);
        self.meter.latency_max_ns = self.meter.latency_max_ns.max(longest);
        self.meter.billed_ms += u128::from(billed);
        self.meter.latency_sum_ns += busy_ns;
        self.busy_ns += busy_ns;
        Ok(())
    }

    /// Integrals up to `now`, until which everything was replayed, and how many instances are alive.
    fn integrals(&self, now: u64) -> (Integrals, u64) {
        let still_busy = self.replay.beyond(now, self.departures.pending());
        let busy_ns = self.busy_ns + self.replay.delay_ns() - still_busy;
        let (idle_ns, idle) = self.replay.idle_until(now);
        let integrals = Integrals {
            alive_ns: busy_ns + idle_ns,
            busy_ns,
            provisioned_ns: 0,
            provisioned_busy_ns: 0,
        };
        (integrals, self.replay.busy() + idle)
    }
}
