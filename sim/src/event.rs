//! The event kernel: one event after the other, for everything that the batch kernel cannot do.
//!
//! It runs one component: functions that share a limit, under one clock. Arrivals come from each
//! function's stream; departures, instances that have started and limits that open again are on the
//! agenda. At one instant, departures come before arrivals, and lower ids first.

pub(crate) mod agenda;
mod function;
mod order;
pub(crate) mod overflow;
mod pool;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use frostline_models::math::{index, slot};
use frostline_models::record::ThrottleReason;

use self::agenda::{Agenda, Entry};
use self::function::FunctionState;
pub(crate) use self::function::Request;
use crate::job::{Job, Usage};
use crate::limit::TokenBucket;
use crate::meter::Integrals;
use crate::outcome::{Kernel, Period, ReplicationOutcome};
use crate::progress::{Cancelled, Watcher};
use crate::stream::ORIGIN;

/// Progress is reported and cancellation looked for once in so many requests of a function.
const BLOCK: u64 = 4096;

/// What the functions of a component share.
struct Shared {
    /// The account's concurrency for functions that have none reserved, and how much is in use.
    pool: u64,
    in_use: u64,
    rate: Option<TokenBucket>,
}

/// Runs one replication of a component: the functions with these indices.
///
/// # Errors
/// [`Cancelled`] when the observer asked for an end.
pub(crate) fn run(
    job: &Job<'_>,
    functions: &[usize],
    is_whole_account: bool,
    watcher: &Watcher<'_>,
) -> Result<Vec<(ReplicationOutcome, Usage)>, Cancelled> {
    for function in functions {
        watcher.begins(job.replication, slot(*function));
    }
    let mut component = Component::new(job, functions, is_whole_account, watcher);
    let mut periods: Vec<Vec<Period>> = functions.iter().map(|_| Vec::new()).collect();
    for (place, stop) in job.stops.iter().enumerate() {
        component.run_until(stop.at)?;
        if stop.is_mark {
            component.mark(stop.at);
        }
        if !stop.ends_period {
            continue;
        }
        let integrals = component.integrals(stop.at);
        if stop.at == ORIGIN {
            for (function, (integrals, alive)) in component.functions.iter_mut().zip(&integrals) {
                function.start_timeline_over(*integrals, *alive);
            }
        }
        if place + 1 == job.stops.len() {
            for function in &mut component.functions {
                function.end_run(stop.at);
            }
            component.serve_those_who_wait();
        }
        component.close(stop.at, &integrals, &mut periods);
    }
    for function in &mut component.functions {
        function.end_timeline();
    }
    let outcomes = component.functions.iter_mut().zip(periods);
    Ok(outcomes
        .map(|(function, periods)| (job.outcome(periods, Kernel::Event), function.usage()))
        .collect())
}

struct Component<'a> {
    functions: Vec<FunctionState<'a>>,
    shared: Shared,
    agenda: Agenda,
    /// Next arrivals of several functions: (instant, function), kept as a binary heap of integers.
    arrivals: Arrivals,
    /// Functions with requests in their queue.
    queued: Vec<u32>,
    watcher: &'a Watcher<'a>,
}

/// Whose arrival comes next.
enum Arrivals {
    /// There is one function.
    Single,
    /// Instant × 2³² + function of each that has arrivals left; the root comes next.
    Several(BinaryHeap<Reverse<u128>>),
}

fn arrival_key(instant: u64, function: u32) -> Reverse<u128> {
    Reverse(u128::from(instant) << 32 | u128::from(function))
}

impl<'a> Component<'a> {
    fn new(
        job: &Job<'a>,
        functions: &[usize],
        is_whole_account: bool,
        watcher: &'a Watcher<'a>,
    ) -> Self {
        let platform = &job.scenario.platform;
        let rate = platform
            .request_rate
            .filter(|_| is_whole_account)
            .map(TokenBucket::new);
        let mut component = Self {
            functions: functions
                .iter()
                .map(|place| FunctionState::new(job, *place, watcher))
                .collect(),
            shared: Shared {
                pool: job
                    .unreserved_pool()
                    .saturating_add(job.unclaimed_at_start(functions)),
                in_use: 0,
                rate,
            },
            agenda: Agenda::default(),
            arrivals: Arrivals::Single,
            queued: Vec::new(),
            watcher,
        };
        for (function, state) in (0..).zip(&mut component.functions) {
            state.fill_pool(job, function, &mut component.shared, &mut component.agenda);
        }
        if functions.len() > 1 {
            let mut heap = BinaryHeap::new();
            for (function, state) in (0..).zip(&mut component.functions) {
                if let Some(instant) = state.next_arrival() {
                    heap.push(arrival_key(instant, function));
                }
            }
            component.arrivals = Arrivals::Several(heap);
        }
        component
    }

    /// Lets everything before `boundary` happen, and everything on the agenda at it.
    fn run_until(&mut self, boundary: u64) -> Result<(), Cancelled> {
        loop {
            let (arrival, function) = self.next_arrival();
            let until = arrival.min(boundary);
            while self.agenda.next_instant() <= until {
                self.next_entry();
            }
            if arrival >= boundary {
                return Ok(());
            }
            self.arrive(arrival, function)?;
        }
    }

    /// The next arrival and its function; `u64::MAX` when there is none.
    #[inline]
    fn next_arrival(&mut self) -> (u64, u32) {
        match &self.arrivals {
            Arrivals::Single => (self.functions[0].next_arrival().unwrap_or(u64::MAX), 0),
            Arrivals::Several(heap) => heap.peek().map_or((u64::MAX, 0), |top| {
                let function = u32::try_from(top.0 & 0xffff_ffff);
                let instant = u64::try_from(top.0 >> 32);
                (
                    instant.expect("because 64 bits are left"),
                    function.expect("because it is masked"),
                )
            }),
        }
    }

    #[inline]
    fn arrive(&mut self, now: u64, function: u32) -> Result<(), Cancelled> {
        let state = &mut self.functions[index(function)];
        let request = state.take_arrival();
        if request.number.is_multiple_of(BLOCK) {
            self.watcher.advance(BLOCK)?;
        }
        if let Arrivals::Several(heap) = &mut self.arrivals {
            // Replacing the root costs one pass; popping and pushing would cost two.
            match state.next_arrival() {
                Some(instant) => {
                    if let Some(mut top) = heap.peek_mut() {
                        *top = arrival_key(instant, function);
                    }
                }
                None => {
                    heap.pop();
                }
            }
        }
        let state = &mut self.functions[index(function)];
        state.tell_minutes(now);
        if state.has_queue() {
            state.drop_overdue(now);
        }
        let admitted = if state.has_queue() {
            Err(ThrottleReason::ConcurrentInvocationLimitExceeded)
        } else {
            state.admit(function, now, &request, &mut self.shared, &mut self.agenda)
        };
        if let Err(reason) = admitted {
            self.refuse(now, function, request, reason);
        }
        Ok(())
    }

    /// Queues a request that could not be admitted, or throttles it.
    #[cold]
    fn refuse(&mut self, now: u64, function: u32, request: Request, reason: ThrottleReason) {
        let state = &mut self.functions[index(function)];
        state.was_limited = true;
        state.drop_overdue(now);
        if !state.enqueue(request) {
            state.throttle(&request, reason);
        } else if !self.queued.contains(&function) {
            self.queued.push(function);
        }
    }

    #[inline]
    fn next_entry(&mut self) {
        let Some((now, entry)) = self.agenda.pop() else {
            return;
        };
        match entry {
            Entry::Departure { function, instance } => {
                self.functions[index(function)].depart(now, instance, &mut self.shared);
            }
            other => self.rare_entry(now, other),
        }
        // Whatever else happens at this instant comes before those who wait.
        if !self.queued.is_empty() && self.agenda.next_instant() > now {
            self.serve_queues(now);
        }
    }

    #[cold]
    #[inline(never)]
    fn rare_entry(&mut self, now: u64, entry: Entry) {
        match entry {
            Entry::Ready { function, instance } => {
                self.functions[index(function)].instance_ready(now, instance);
            }
            Entry::Tick { function } => {
                let state = &mut self.functions[index(function)];
                state.tick(function, now, &mut self.shared, &mut self.agenda);
            }
            Entry::Wake { function } | Entry::Departure { function, .. } => {
                self.functions[index(function)].woken(now);
            }
        }
    }

    /// Admits waiting requests as far as limits allow: across functions the one that has waited
    /// longest comes first, in a function the order is that of arrival.
    #[cold]
    #[inline(never)]
    fn serve_queues(&mut self, now: u64) {
        let mut stuck = vec![false; self.queued.len()];
        loop {
            for function in &self.queued {
                self.functions[index(*function)].drop_overdue(now);
            }
            let heads = self
                .queued
                .iter()
                .enumerate()
                .filter(|(place, _)| !stuck[*place]);
            let next = heads
                .filter_map(|(place, function)| {
                    let head = self.functions[index(*function)].queue_head()?;
                    Some((head.arrival, *function, place))
                })
                .min();
            let Some((_, function, place)) = next else {
                break;
            };
            let state = &mut self.functions[index(function)];
            stuck[place] = !state.serve_head(function, now, &mut self.shared, &mut self.agenda);
        }
        let functions = &self.functions;
        self.queued
            .retain(|function| functions[index(*function)].has_queue());
    }

    /// After the end of the run nothing arrives any more; those who wait are served or give up.
    fn serve_those_who_wait(&mut self) {
        for function in &mut self.functions {
            function.stop_scaling();
        }
        while !self.queued.is_empty() && self.agenda.next_instant() < u64::MAX {
            self.next_entry();
        }
        for function in &self.queued {
            self.functions[index(*function)].drop_overdue(u64::MAX);
        }
    }

    fn mark(&mut self, now: u64) {
        for state in &mut self.functions {
            let (integrals, _) = state.pool.integrals(now);
            state.meter.mark(integrals);
        }
    }

    fn integrals(&mut self, now: u64) -> Vec<(Integrals, u64)> {
        self.functions
            .iter_mut()
            .map(|state| {
                state.drop_overdue(now);
                state.pool.integrals(now)
            })
            .collect()
    }

    fn close(&mut self, now: u64, integrals: &[(Integrals, u64)], periods: &mut [Vec<Period>]) {
        for ((state, periods), (integrals, alive)) in
            self.functions.iter_mut().zip(periods).zip(integrals)
        {
            periods.push(state.meter.close(now, *integrals, *alive));
        }
        debug_assert!(
            slot(self.functions.len()) < u32::MAX >> 2,
            "function numbers are 30 bits"
        );
    }
}
