//! Replay: the events of a window over the array `last[n]`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use frostline_models::arrival::ColdFlags;
use frostline_models::math::{wide_index, word};
use frostline_models::random::Purpose;
use frostline_models::scenario::Function;

use super::Unfit;
use crate::cold::ColdStarts;
use crate::job::Job;
use crate::limit::TokenBucket;
use crate::meter::{Meter, billed_ms};
use crate::minutes::Served;
use crate::stream::{BEFORE, ORIGIN};

/// The pool of one configuration.
pub(super) struct Replay {
    /// The shortest idle time that is too long.
    expiry: u64,
    /// `last[n]`: when the number of busy instances last fell from n + 1 to n; 0 for never.
    last: Vec<u64>,
    /// Busy instances.
    busy: usize,
    /// Integral of idle instances that were reused or have expired.
    idle_ns: u128,
    /// Undelayed departures of cold starts, which must not happen.
    cancelled: BinaryHeap<Reverse<u64>>,
    /// Delayed departures of cold starts, which happen instead.
    delayed: BinaryHeap<Reverse<u64>>,
    /// The sum of the delays.
    delay_ns: u128,
    /// Requests replayed so far.
    replayed: u64,
    cold_starts: ColdStarts,
    /// Which requests were cold when they were recorded.
    recorded_cold: Option<ColdFlags>,
    scale_up: Option<TokenBucket>,
    timeout: u64,
    most_concurrent: u64,
    concurrency_peak: u64,
    /// Busy instances at the most, and the cold invocations, since they were asked for last: kept
    /// for the timeline only.
    most_busy: usize,
    cold: Vec<ColdInvocation>,
}

/// A cold start in the window that was replayed last.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColdInvocation {
    /// Which arrival of the window it is.
    pub(super) place: usize,
    /// Instances that are alive with the new one.
    pub(super) concurrent: u64,
    pub(super) served: Served,
}

impl Replay {
    pub(super) fn new(job: &Job<'_>, function: &Function, expiry: u64) -> Self {
        Self {
            expiry,
            last: vec![0; 64],
            busy: 0,
            idle_ns: 0,
            cancelled: BinaryHeap::new(),
            delayed: BinaryHeap::new(),
            delay_ns: 0,
            replayed: if job.start < ORIGIN { BEFORE } else { 0 },
            cold_starts: ColdStarts::new(job, function, Purpose::Init),
            recorded_cold: function.arrivals.recorded_cold().cloned(),
            scale_up: job.scenario.platform.scale_up.map(TokenBucket::new),
            timeout: function.timeout.map_or(u64::MAX, |timeout| timeout.0),
            // A cold start finds no idle instance, so instances and concurrent requests are the same.
            most_concurrent: job
                .concurrency_limit(function)
                .min(function.maximum_instances.unwrap_or(u64::MAX)),
            concurrency_peak: 0,
            most_busy: 0,
            cold: Vec::new(),
        }
    }

    /// Replays the events of a window with `arrivals` arrivals, whose undelayed durations are given.
    /// Only with `TIMELINE` is kept what a timeline needs.
    pub(super) fn window<const TIMELINE: bool>(
        &mut self,
        events: &[u64],
        arrivals: usize,
        durations: &[u64],
        meter: &mut Meter,
    ) -> Result<(), Unfit> {
        // Nobody can be busy beyond those who were and those who come.
        let most = self.busy + arrivals + 1;
        if self.last.len() <= most {
            self.last.resize(most.next_power_of_two(), 0);
        }
        let mut replayed = 0;
        let mut special = self.next_special();
        let mut idle_ns = 0_u128;
        let mut busy = self.busy;
        let mut most_busy = 0;
        let expiry = self.expiry;
        for &event in events {
            let now = event >> 1;
            let is_arrival = event & 1;
            if now >= special {
                self.busy = busy;
                let cancelled = self.settle(now, is_arrival);
                busy = self.busy;
                special = self.next_special();
                if cancelled {
                    continue;
                }
            }
            let arrives = wide_index(is_arrival);
            // An arrival uses the level above the busy ones, a departure leaves the highest of them.
            let level = busy - (1 - arrives);
            let since = std::mem::replace(&mut self.last[level], now);
            let gap = (now - since) & 0_u64.wrapping_sub(is_arrival);
            if gap >= expiry {
                idle_ns += u128::from(if since == 0 { 0 } else { expiry - 1 });
                let served = self.cold_start(now, replayed, durations[replayed], level, meter)?;
                if TIMELINE {
                    self.cold.push(ColdInvocation {
                        place: replayed,
                        concurrent: word(level) + 1,
                        served,
                    });
                }
                special = self.next_special();
            } else {
                idle_ns += u128::from(gap);
            }
            busy = level + arrives;
            if TIMELINE {
                most_busy = busy.max(most_busy);
            }
            replayed += arrives;
        }
        self.busy = busy;
        self.most_busy = self.most_busy.max(most_busy);
        self.idle_ns += idle_ns;
        self.replayed += word(replayed);
        Ok(())
    }

    /// The next instant at which the merged stream does not tell the truth.
    fn next_special(&self) -> u64 {
        let first = |heap: &BinaryHeap<Reverse<u64>>| heap.peek().map_or(u64::MAX, |top| top.0);
        first(&self.cancelled).min(first(&self.delayed))
    }

    /// Lets delayed departures happen up to `now`; whether the event itself, a departure, is one
    /// that must not happen.
    #[cold]
    fn settle(&mut self, now: u64, is_arrival: u64) -> bool {
        self.catch_up(now);
        let cancelled = is_arrival == 0 && self.cancelled.peek() == Some(&Reverse(now));
        if cancelled {
            self.cancelled.pop();
        }
        cancelled
    }

    /// Lets delayed departures happen up to `now`.
    pub(super) fn catch_up(&mut self, now: u64) {
        while let Some(&Reverse(departure)) = self.delayed.peek() {
            if departure > now {
                break;
            }
            self.delayed.pop();
            self.busy -= 1;
            self.last[self.busy] = departure;
        }
    }

    #[cold]
    #[inline(never)]
    fn cold_start(
        &mut self,
        now: u64,
        place: usize,
        duration: u64,
        level: usize,
        meter: &mut Meter,
    ) -> Result<Served, Unfit> {
        if self
            .scale_up
            .as_mut()
            .is_some_and(|bucket| !bucket.take(now))
        {
            return Err(Unfit::ScaleUp);
        }
        let concurrent = word(level) + 1;
        self.concurrency_peak = self.concurrency_peak.max(concurrent);
        if concurrent > self.most_concurrent {
            return Err(Unfit::Concurrency);
        }
        let request = self.replayed + word(place);
        let cold = self.cold_starts.draw(request);
        let served = duration.saturating_add(cold.first_extra);
        if served > self.timeout {
            return Err(Unfit::TimedOut);
        }
        let delay = cold.init.saturating_add(cold.first_extra);
        if delay > 0 {
            self.cancelled.push(Reverse(now + duration));
            self.delayed
                .push(Reverse((now + duration).saturating_add(delay)));
            self.delay_ns += u128::from(delay);
        }
        let latency = duration.saturating_add(delay);
        meter.latency.take_back(duration);
        meter.latency.record(latency);
        meter.latency_sum_ns += u128::from(latency - duration);
        meter.latency_max_ns = meter.latency_max_ns.max(latency);
        meter.init(cold.init);
        meter.counts.cold_starts += 1;
        if let Some(flags) = &self.recorded_cold {
            meter.counts.both_cold += u64::from(flags.is_cold(request));
        }
        meter.instances_peak = meter.instances_peak.max(concurrent);
        let billed = billed_ms(served.saturating_add(cold.billed_init)) - billed_ms(duration);
        meter.billed_ms += u128::from(billed);
        Ok(Served {
            duration: served,
            latency,
            init: Some(cold.init),
        })
    }

    /// Busy instances at the most since the last call.
    pub(super) fn take_most(&mut self) -> u64 {
        word(std::mem::take(&mut self.most_busy))
    }

    /// The cold invocations since the last call, in order.
    pub(super) fn cold_invocations(&mut self) -> std::vec::Drain<'_, ColdInvocation> {
        self.cold.drain(..)
    }

    /// Of the next requests to be replayed, those that were cold when they were recorded.
    pub(super) fn recorded_cold(&self, requests: u64) -> u64 {
        let flags = self.recorded_cold.as_ref();
        flags.map_or(0, |flags| flags.count_within(self.replayed, requests))
    }

    /// The run itself begins: whatever was played before it, its first request is number 0.
    pub(super) fn start_numbering(&mut self) {
        self.replayed = 0;
    }

    /// Busy instances after the last window.
    pub(super) fn busy(&self) -> u64 {
        word(self.busy)
    }

    /// The sum of all delays by cold starts.
    pub(super) fn delay_ns(&self) -> u128 {
        self.delay_ns
    }

    /// Requests that ran at once at the most.
    pub(super) fn concurrency_peak(&self) -> u64 {
        self.concurrency_peak
    }

    /// What running invocations will take beyond `now`, given the undelayed departures to come.
    pub(super) fn beyond(&self, now: u64, undelayed: &[u64]) -> u128 {
        let rest = |departure: u64| u128::from(departure.saturating_sub(now));
        let undelayed: u128 = undelayed.iter().map(|departure| rest(*departure)).sum();
        let delayed: u128 = self.delayed.iter().map(|departure| rest(departure.0)).sum();
        let cancelled: u128 = self
            .cancelled
            .iter()
            .map(|departure| rest(departure.0))
            .sum();
        undelayed + delayed - cancelled
    }

    /// Integral of the idle instances up to `now`, and how many are idle then.
    pub(super) fn idle_until(&self, now: u64) -> (u128, u64) {
        let mut integral = self.idle_ns;
        let mut idle = 0;
        // No level above the peak was ever left: the first arrival at each level is a cold start.
        let reached = wide_index(self.concurrency_peak);
        let levels = self.last.get(self.busy..reached).unwrap_or_default();
        for &since in levels.iter().filter(|since| **since > 0) {
            let kept = self.expiry - 1;
            let gap = now - since;
            integral += u128::from(gap.min(kept));
            idle += u64::from(gap <= kept);
        }
        (integral, idle)
    }
}
