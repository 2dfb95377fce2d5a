//! One function inside the event kernel: its requests, pool, queue and limits.

mod minute;
mod record;
mod scaling;
mod start;

use std::collections::VecDeque;

use frostline_models::arrival::ColdFlags;
use frostline_models::keepalive::KeepAlive;
use frostline_models::law::Sampler;
use frostline_models::math::{below, word};
use frostline_models::random::{Purpose, StreamKey};
use frostline_models::record::{Outcome, ThrottleReason};
use frostline_models::scenario::Function;
use frostline_models::units::SimDuration;

use super::Shared;
use super::agenda::{Agenda, Entry};
use super::order::Available;
use super::pool::{Pool, Released};
use crate::cold::{ColdStart, ColdStarts};
use crate::job::{Job, Usage, reserved_on_demand};
use crate::limit::{RateWatch, TokenBucket};
use crate::meter::{Meter, billed_ms};
use crate::minutes::{Minutes, Served};
use crate::progress::Watcher;
use crate::stream::{BEFORE, RequestStream};

/// A request that arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) number: u64,
    pub(crate) arrival: u64,
    pub(crate) duration: u64,
}

/// One function of a component.
pub(super) struct FunctionState<'a> {
    function: &'a Function,
    place: u32,
    replication: u32,
    watcher: &'a Watcher<'a>,
    /// Where requests come from; `None` when they are offered from outside.
    stream: Option<RequestStream>,
    arrivals: Vec<u64>,
    durations: Vec<u64>,
    /// Numbers of offered requests; those of a stream follow each other.
    numbers: Vec<u64>,
    /// The next request of the buffers, and the number of their first.
    next: usize,
    first_number: u64,
    watch: Option<RateWatch>,
    pub(super) pool: Pool,
    pub(super) meter: Meter,
    /// Whether a request met a limit or was cut off.
    pub(super) was_limited: bool,
    cold_starts: ColdStarts,
    /// Which requests were cold when they were recorded.
    recorded_cold: Option<ColdFlags>,
    keep_alive_key: StreamKey,
    maximum_age: Option<(StreamKey, Sampler)>,
    queue: VecDeque<Request>,
    /// Requests that run on demand now, at the most so far, and as many as may by reservation.
    on_demand: u64,
    on_demand_peak: u64,
    reserved: Option<u64>,
    scale_up: Option<TokenBucket>,
    timeout: u64,
    /// The earliest wake-up for the queue that the agenda holds; `u64::MAX` when there is none.
    wakes_at: u64,
    /// Who changes the number of provisioned instances, if anybody does.
    scaler: Option<Box<scaling::Scaler>>,
    /// The timeline, if it is wanted, and the end of its minute; `u64::MAX` if not.
    minutes: Option<Box<Minutes>>,
    minute_ends: u64,
}

/// Where a request runs.
#[derive(Clone, Copy)]
struct Seat {
    instance: u32,
    is_provisioned: bool,
    /// Nanoseconds until the instance can serve; `None` when it is warm.
    wait: Option<u64>,
    /// Whether the request made the platform start the instance.
    is_new: bool,
    billed_init: u64,
    first_extra: u64,
}

impl Seat {
    /// A seat on an instance that was there before.
    fn existing(instance: u32, wait: Option<u64>) -> Self {
        Self {
            instance,
            is_provisioned: false,
            wait,
            is_new: false,
            billed_init: 0,
            first_extra: 0,
        }
    }
}

impl<'a> FunctionState<'a> {
    pub(super) fn new(job: &Job<'a>, place: usize, watcher: &'a Watcher<'a>) -> Self {
        let function = &job.scenario.functions[place];
        let platform = &job.scenario.platform;
        let available = Available::new(
            function.reuse,
            function.concurrency,
            job.key(function, Purpose::Routing),
        );
        let maximum_age = function.maximum_age.as_ref();
        Self {
            function,
            place: frostline_models::math::slot(place),
            replication: job.replication,
            watcher,
            stream: Some(RequestStream::new(job, function)),
            arrivals: Vec::new(),
            durations: Vec::new(),
            numbers: Vec::new(),
            next: 0,
            first_number: 0,
            watch: platform
                .request_rate
                .map(|quota| RateWatch::new(quota, job.sharers)),
            pool: Pool::new(
                available,
                function.concurrency,
                platform.provisioning.minimum,
            ),
            meter: Meter::new(job.start),
            was_limited: false,
            cold_starts: ColdStarts::new(job, function, Purpose::Init),
            recorded_cold: function.arrivals.recorded_cold().cloned(),
            keep_alive_key: job.key(function, Purpose::KeepAlive),
            maximum_age: maximum_age
                .map(|law| (job.key(function, Purpose::MaximumAge), law.sampler())),
            queue: VecDeque::new(),
            on_demand: 0,
            on_demand_peak: 0,
            reserved: reserved_on_demand(function),
            scale_up: platform.scale_up.map(TokenBucket::new),
            timeout: function.timeout.map_or(u64::MAX, |timeout| timeout.0),
            wakes_at: u64::MAX,
            scaler: scaling::Scaler::new(job, place).map(Box::new),
            minutes: None,
            minute_ends: u64::MAX,
        }
    }

    /// The instant of the next arrival.
    #[inline]
    pub(super) fn next_arrival(&mut self) -> Option<u64> {
        if self.next == self.arrivals.len() {
            self.refill();
        }
        self.arrivals.get(self.next).copied()
    }

    #[cold]
    fn refill(&mut self) {
        self.arrivals.clear();
        self.durations.clear();
        self.numbers.clear();
        self.next = 0;
        let Some(stream) = &mut self.stream else {
            return;
        };
        self.first_number = stream.append_block(&mut self.arrivals, &mut self.durations);
        if let Some(watch) = &mut self.watch {
            watch.see(&self.arrivals);
        }
    }

    /// From now on requests come from outside, through [`FunctionState::offer`].
    pub(super) fn wait_for_offers(&mut self) {
        self.stream = None;
        self.watch = None;
    }

    /// Takes on requests, in order of arrival and not before those it took on earlier.
    pub(super) fn offer(&mut self, requests: impl Iterator<Item = Request>) {
        let taken = std::mem::take(&mut self.next);
        self.arrivals.drain(..taken);
        self.durations.drain(..taken);
        self.numbers.drain(..taken);
        for request in requests {
            self.arrivals.push(request.arrival);
            self.durations.push(request.duration);
            self.numbers.push(request.number);
        }
    }

    /// Takes the next arrival, which there must be.
    #[inline]
    pub(super) fn take_arrival(&mut self) -> Request {
        let place = self.next;
        self.next += 1;
        let offered = self.numbers.get(place).copied();
        Request {
            number: offered.unwrap_or_else(|| self.first_number + word(place)),
            arrival: self.arrivals[place],
            duration: self.durations[place],
        }
    }

    /// Lets a request run if the limits allow it.
    #[inline]
    pub(super) fn admit(
        &mut self,
        id: u32,
        now: u64,
        request: &Request,
        shared: &mut Shared,
        agenda: &mut Agenda,
    ) -> Result<(), ThrottleReason> {
        if let Some(rate) = &shared.rate {
            let opens = rate.next_token_at();
            if now < opens {
                self.wake_at(id, opens, agenda);
                return Err(ThrottleReason::FunctionInvocationRateLimitExceeded);
            }
        }
        let seat = match self.pool.first_provisioned() {
            Some(instance) => self.provisioned_seat(instance, now, request),
            None => self.on_demand_seat(id, now, request, shared, agenda)?,
        };
        if let Some(rate) = &mut shared.rate {
            rate.take(now);
        }
        self.serve(id, now, request, seat, agenda);
        Ok(())
    }

    fn provisioned_seat(&mut self, instance: u32, now: u64, request: &Request) -> Seat {
        let is_first = self.pool.occupy(instance, now, request.number);
        let first_extra = if is_first {
            self.cold_starts.first_extra(request.number)
        } else {
            0
        };
        Seat {
            is_provisioned: true,
            first_extra,
            ..Seat::existing(instance, None)
        }
    }

    #[inline]
    fn on_demand_seat(
        &mut self,
        id: u32,
        now: u64,
        request: &Request,
        shared: &mut Shared,
        agenda: &mut Agenda,
    ) -> Result<Seat, ThrottleReason> {
        match self.reserved {
            Some(reserved) if self.on_demand >= reserved => {
                return Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
            }
            None if shared.in_use >= shared.pool => {
                return Err(ThrottleReason::ConcurrentInvocationLimitExceeded);
            }
            _ => {}
        }
        let seat = match self.pool.first_on_demand(now, request.number) {
            Some(instance) => {
                let ready_at = self.pool.instance(instance).ready_at;
                self.pool.occupy(instance, now, request.number);
                let wait = (ready_at > now).then(|| ready_at - now);
                Seat::existing(instance, wait)
            }
            None => self.cold_seat(id, now, request, agenda)?,
        };
        self.take_concurrency(shared);
        Ok(seat)
    }

    #[cold]
    fn cold_seat(
        &mut self,
        id: u32,
        now: u64,
        request: &Request,
        agenda: &mut Agenda,
    ) -> Result<Seat, ThrottleReason> {
        if self
            .function
            .maximum_instances
            .is_some_and(|most| self.pool.living() >= most)
        {
            return Err(ThrottleReason::MaximumInstancesReached);
        }
        if let Some(bucket) = &mut self.scale_up
            && !bucket.take(now)
        {
            let opens = bucket.next_token_at();
            self.wake_at(id, opens, agenda);
            return Err(ThrottleReason::ScaleUpLimitExceeded);
        }
        let ColdStart {
            init,
            billed_init,
            first_extra,
        } = self.cold_starts.draw(request.number);
        let ready_at = now.saturating_add(init);
        let retires = self.retires_at(now, request.number);
        let instance = self.pool.start(now, ready_at, retires, request.number);
        if self.function.concurrency > 1 {
            agenda.push(
                ready_at,
                Entry::Ready {
                    function: id,
                    instance,
                },
            );
        }
        self.meter.instances_peak = self.meter.instances_peak.max(self.pool.living());
        if let Some(minutes) = &mut self.minutes {
            minutes.started(self.pool.living());
        }
        Ok(Seat {
            is_new: true,
            billed_init,
            first_extra,
            ..Seat::existing(instance, Some(init))
        })
    }

    fn take_concurrency(&mut self, shared: &mut Shared) {
        self.on_demand += 1;
        self.on_demand_peak = self.on_demand_peak.max(self.on_demand);
        if self.reserved.is_none() {
            shared.in_use += 1;
        }
    }

    /// Runs a request on its seat.
    #[inline]
    fn serve(&mut self, id: u32, now: u64, request: &Request, seat: Seat, agenda: &mut Agenda) {
        let wanted = request.duration.saturating_add(seat.first_extra);
        let served = wanted.min(self.timeout);
        let begins = now.saturating_add(seat.wait.unwrap_or(0));
        let departs = begins.saturating_add(served);
        if wanted > served {
            self.was_limited = true;
            self.pool.retire_at(seat.instance, departs);
        }
        if request.number < BEFORE {
            self.meter_served(request, seat, served, departs, wanted > served);
        } else if self.minutes.is_some() {
            self.admit_uncounted(seat.is_provisioned);
        }
        agenda.push(
            departs,
            Entry::Departure {
                function: id,
                instance: seat.instance,
            },
        );
        if self.watcher.wants_records() && request.number < BEFORE {
            self.record_served(now, request, seat, served, wanted > served);
        }
    }

    /// Counts a request that runs. What is played before the run is never counted: some of it may
    /// wait in the queue when the run begins.
    #[inline]
    fn meter_served(
        &mut self,
        request: &Request,
        seat: Seat,
        served: u64,
        departs: u64,
        timed_out: bool,
    ) {
        let meter = &mut self.meter;
        meter.counts.requests += 1;
        meter.counts.invocations += 1;
        meter.counts.timeouts += u64::from(timed_out);
        if let Some(wait) = seat.wait {
            meter.counts.cold_starts += 1;
            meter.init(wait);
        }
        if let Some(flags) = &self.recorded_cold {
            let was_cold = flags.is_cold(request.number);
            meter.counts.recorded_cold += u64::from(was_cold);
            meter.counts.both_cold += u64::from(was_cold && seat.wait.is_some());
        }
        let latency = departs - request.arrival;
        meter.latency.record(latency);
        meter.latency_sum_ns += u128::from(latency);
        meter.latency_max_ns = meter.latency_max_ns.max(latency);
        if self.function.concurrency == 1 {
            let billed = u128::from(billed_ms(served.saturating_add(seat.billed_init)));
            if seat.is_provisioned {
                meter.billed_provisioned_ms += billed;
            } else {
                meter.billed_ms += billed;
            }
        }
        if !seat.is_provisioned && self.function.provisioned.is_any() {
            meter.counts.spillovers += 1;
        }
        if self.minutes.is_some() {
            let timing = Served {
                duration: served,
                latency,
                init: seat.wait,
            };
            self.time_served(seat, timing, timed_out);
        }
    }

    /// An invocation on `instance` has ended.
    #[inline]
    pub(super) fn depart(&mut self, now: u64, instance: u32, shared: &mut Shared) {
        // What ends at the last instant of a minute ends in it.
        self.tell_minutes(now - 1);
        let busy_since = self.pool.busy_since(instance);
        let released = self.pool.release(instance, now);
        if self.function.concurrency > 1 {
            self.bill_instance(instance, now - busy_since, released);
        }
        if let Some(minutes) = &mut self.minutes {
            minutes.departed(released == Released::Provisioned);
        }
        if released == Released::Provisioned {
            return;
        }
        self.on_demand -= 1;
        if self.reserved.is_none() {
            shared.in_use -= 1;
        }
        if released != Released::Idle {
            return;
        }
        let request = self.pool.instance(instance).latest_request;
        match self.kept_until(now, request) {
            Some(instant) => self.pool.keep_until(instance, instant),
            None => self.pool.drop_idle(instance, now),
        }
    }

    /// Where an instance takes several requests at once, its busy time is billed, not theirs.
    fn bill_instance(&mut self, instance: u32, busy: u64, released: Released) {
        let billed = u128::from(billed_ms(busy));
        match released {
            Released::Idle | Released::Ended => self.meter.billed_ms += billed,
            Released::Provisioned if self.pool.is_idle(instance) => {
                self.meter.billed_provisioned_ms += billed;
            }
            Released::Provisioned | Released::Busy => {}
        }
    }

    /// Until when an instance is kept that becomes idle now; `None` when not at all. `number` names
    /// the draw, where there is one.
    #[inline]
    fn kept_until(&self, now: u64, number: u64) -> Option<u64> {
        let word = || self.keep_alive_key.word(number);
        let span = match self.function.keep_alive {
            KeepAlive::Fixed(span) => span.0,
            KeepAlive::Uniform { low, high } => low.0 + below(word(), high.0 - low.0 + 1),
            KeepAlive::Halving(period) => period
                .0
                .saturating_mul(u64::from(word().trailing_zeros()) + 1),
            KeepAlive::None => return None,
            KeepAlive::Forever => return Some(u64::MAX),
        };
        Some(now.saturating_add(span))
    }

    fn retires_at(&self, now: u64, number: u64) -> u64 {
        let law = self.maximum_age.as_ref();
        let age = law.map(|(key, sampler)| sampler.draw(&mut key.block(number)));
        age.map_or(u64::MAX, |age| now.saturating_add(age))
    }

    fn wake_at(&mut self, id: u32, instant: u64, agenda: &mut Agenda) {
        if self.function.queue.length > 0 && instant < self.wakes_at {
            self.wakes_at = instant;
            agenda.push(instant, Entry::Wake { function: id });
        }
    }

    /// A planned wake-up has come.
    pub(super) fn woken(&mut self, now: u64) {
        if now >= self.wakes_at {
            self.wakes_at = u64::MAX;
        }
    }

    pub(super) fn has_queue(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn queue_head(&self) -> Option<&Request> {
        self.queue.front()
    }

    /// Puts a request at the end of the queue, if there is room.
    pub(super) fn enqueue(&mut self, request: Request) -> bool {
        let has_room = word(self.queue.len()) < self.function.queue.length;
        if has_room {
            self.queue.push_back(request);
            if let Some(minutes) = &mut self.minutes {
                minutes.queued(self.queue.len());
            }
        }
        has_room
    }

    /// Admits the request that has waited longest; whether that was possible.
    pub(super) fn serve_head(
        &mut self,
        id: u32,
        now: u64,
        shared: &mut Shared,
        agenda: &mut Agenda,
    ) -> bool {
        let Some(request) = self.queue.pop_front() else {
            return false;
        };
        let admitted = self.admit(id, now, &request, shared, agenda).is_ok();
        if !admitted {
            self.queue.push_front(request);
        }
        admitted
    }

    /// Drops requests that have waited for longer than they may.
    pub(super) fn drop_overdue(&mut self, now: u64) {
        self.tell_minutes(now);
        self.drop_before(now);
    }

    fn drop_before(&mut self, now: u64) {
        let wait = self.function.queue.wait.0;
        while let Some(request) = self.queue.front().copied() {
            let gives_up = request.arrival.saturating_add(wait);
            if gives_up >= now {
                break;
            }
            self.queue.pop_front();
            if request.number >= BEFORE {
                continue;
            }
            self.meter.counts.requests += 1;
            self.meter.counts.dropped += 1;
            if let Some(minutes) = &mut self.minutes {
                minutes.counts().requests += 1;
                minutes.counts().dropped += 1;
            }
            self.record_refused(&request, Outcome::Dropped, SimDuration(wait));
        }
    }

    /// Refuses a request for good.
    pub(super) fn throttle(&mut self, request: &Request, reason: ThrottleReason) {
        if request.number >= BEFORE {
            return;
        }
        self.meter.counts.requests += 1;
        self.meter.throttle(reason);
        if let Some(minutes) = &mut self.minutes {
            minutes.counts().requests += 1;
            minutes.counts().throttles += 1;
        }
        self.record_refused(request, Outcome::Throttled(reason), SimDuration::ZERO);
    }

    /// How much of the shared limits was used, and what was seen from mark to mark.
    pub(super) fn usage(&mut self) -> Usage {
        Usage {
            concurrency_peak: self.on_demand_peak,
            rate_share: self.watch.as_ref().map_or(0.0, RateWatch::share),
            was_limited: self.was_limited,
            samples: std::mem::take(&mut self.meter.samples),
        }
    }
}
