//! Many numbers of provisioned instances over one stream of requests.
//!
//! Let provisioned instances stand in a row, and let each request take the first that is free:
//!
//! ```text
//!  requests ─► 1 ─► 2 ─► 3 ─► … ─► P ─► P + 1 ─► …
//!              └── served here ───┘    └── spill over, where P are provisioned
//! ```
//!
//! What the first P of the row do depends on nothing behind them. So one pass over the requests,
//! which finds the place of each in an endless row, tells for every P at once what P provisioned
//! instances serve and what spills over: a request spills over just when its place lies beyond P
//! (the inclusion property of stack algorithms, Mattson, Gecsei, Slutz & Traiger, "Evaluation
//! techniques for storage hierarchies", IBM Systems Journal 9(2), 1970,
//! <https://doi.org/10.1147/sj.92.0078>). The on-demand side of each P is then simulated by the event
//! kernel, over the few requests that spill over.
//!
//! Everything is exact: the outcome for each P is, bit for bit, that of a run of its own
//! (`tests/it/provisioned.rs`). Where the argument does not hold (several requests an instance, a
//! queue from which those who wait return to provisioned instances, allocation during the run, a
//! rate limit that is reached), each P gets a run of its own.

mod row;

use std::ops::Range;

use frostline_models::arrival::ColdFlags;
use frostline_models::math::{index, slot};
use frostline_models::scenario::{Function, Scenario};
use frostline_stats::histogram::{Distribution, Histogram};
use frostline_stats::outcome::{FunctionOutcome, Kernel, Period, ReplicationOutcome, RunSpan};
use rayon::prelude::*;

use self::row::{Placed, Row};
use crate::event::Request;
use crate::event::overflow::Overflow;
use crate::job::Job;
use crate::meter::billed_ms;
use crate::plan::Plan;
use crate::progress::{Cancelled, Unobserved, Watcher};
use crate::run::{Options, replications_of};
use crate::stream::BEFORE;

/// What one place of the row did in the window of a replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Requests that it took.
    pub requests: u64,
    /// How long it was busy, in nanoseconds.
    pub busy_ns: u128,
    /// Milliseconds billed for its requests.
    pub billed_ms: u128,
}

/// What each place of an endless row of provisioned instances does, in each replication: with P
/// instances, what the first P places do is served, and the requests of all others spill over. `None`
/// where the number of instances changes more than that, or a rate limit was reached.
///
/// Nothing of the on-demand side is known from it.
///
/// # Errors
/// [`Cancelled`] when the observer asked for an end.
///
/// # Panics
/// When the scenario has more than one function.
pub fn places(
    scenario: &Scenario,
    options: Options<'_>,
    span: RunSpan,
    replications: Range<u32>,
) -> Result<Option<Vec<Vec<Place>>>, Cancelled> {
    let function = only_function(scenario);
    if !is_apart(function) {
        return Ok(None);
    }
    let scenario = on_demand_side(scenario, 0);
    let plan = Plan::of_span(&scenario, span);
    let watcher = watcher(&scenario, options, &replications);
    replications
        .into_par_iter()
        .map(|number| {
            let job = Job::new(&scenario, options.seed, number, &plan);
            places_of(&job, &watcher)
        })
        .collect()
}

/// Simulates the only function of a scenario with each of these numbers of provisioned instances, in
/// these replications. Each outcome is that of a run of its own, measured over the same window; the
/// numbers may come in any order.
///
/// # Errors
/// [`Cancelled`] when the observer asked for an end.
///
/// # Panics
/// When the scenario has more than one function.
pub fn simulate_each_number(
    scenario: &Scenario,
    options: Options<'_>,
    span: RunSpan,
    numbers: &[u32],
    replications: Range<u32>,
) -> Result<Vec<FunctionOutcome>, Cancelled> {
    let function = only_function(scenario);
    let mut ascending = numbers.to_vec();
    ascending.sort_unstable();
    ascending.dedup();
    let together = if is_apart(function) {
        over_one_stream(scenario, options, span, &ascending, replications.clone())?
    } else {
        None
    };
    let outcomes = match together {
        Some(outcomes) => outcomes,
        None => one_by_one(scenario, options, span, &ascending, &replications)?,
    };
    let place = |number: &u32| {
        ascending
            .binary_search(number)
            .expect("because it is listed")
    };
    Ok(numbers
        .iter()
        .map(|number| outcomes[place(number)].clone())
        .collect())
}

fn only_function(scenario: &Scenario) -> &Function {
    let [function] = scenario.functions.as_slice() else {
        panic!("expected one function, found {}", scenario.functions.len());
    };
    function
}

/// Whether what provisioned instances do depends on nothing behind them.
fn is_apart(function: &Function) -> bool {
    function.concurrency == 1
        && function.queue.length == 0
        && !function.provisioned.allocate_at_start
        && function.provisioned.scaling.is_none()
}

/// The scenario as its on-demand side sees it when `number` instances are provisioned: their share of
/// every limit is gone.
fn on_demand_side(scenario: &Scenario, number: u32) -> Scenario {
    let mut scenario = scenario.clone();
    let number = u64::from(number);
    let function = &mut scenario.functions[0];
    function.provisioned.instances = 0;
    let without = |limit: &mut Option<u64>| {
        *limit = limit.map(|limit| limit.saturating_sub(number));
    };
    without(&mut function.maximum_instances);
    without(&mut function.reserved);
    without(&mut scenario.platform.account_concurrency);
    scenario
}

fn watcher<'a>(
    scenario: &Scenario,
    options: Options<'a>,
    replications: &Range<u32>,
) -> Watcher<'a> {
    let duration = scenario.run.duration;
    let rate = scenario.functions[0].arrivals.mean_per_second(duration);
    let runs = f64::from(replications.end.saturating_sub(replications.start));
    let expected = rate * duration.as_secs_f64() * runs;
    Watcher::new(
        options.observer,
        frostline_models::math::round_to_u64(expected),
    )
}

fn places_of(job: &Job<'_>, watcher: &Watcher<'_>) -> Result<Option<Vec<Place>>, Cancelled> {
    let mut row = Row::new(job);
    let mut places: Vec<Place> = Vec::new();
    let mut window = Vec::new();
    for (period, stop) in job.stops.iter().filter(|stop| stop.ends_period).enumerate() {
        while let Some(placed) = row.next(stop.at, watcher)? {
            for request in placed {
                let level = index(request.level);
                if level >= places.len() {
                    places.resize(level + 1, Place::default());
                }
                let place = &mut places[level];
                place.busy_ns += u128::from(request.served);
                if request.request.number < BEFORE {
                    place.requests += 1;
                    place.billed_ms += u128::from(billed_ms(request.served));
                }
            }
        }
        if period == 0 && job.discards_first() {
            window.clone_from(&places);
            row.take_back_remaining(stop.at, &mut window);
        }
    }
    if row.reached_rate_limit() {
        return Ok(None);
    }
    row.take_back_remaining(job.end, &mut places);
    for (place, before) in places.iter_mut().zip(&window) {
        place.requests -= before.requests;
        place.busy_ns -= before.busy_ns;
        place.billed_ms -= before.billed_ms;
    }
    Ok(Some(places))
}

fn one_by_one(
    scenario: &Scenario,
    options: Options<'_>,
    span: RunSpan,
    numbers: &[u32],
    replications: &Range<u32>,
) -> Result<Vec<FunctionOutcome>, Cancelled> {
    numbers
        .par_iter()
        .map(|&number| {
            let mut scenario = scenario.clone();
            scenario.functions[0].provisioned.instances = number;
            let plan = Plan::of_span(&scenario, span);
            let mut functions = replications_of(&scenario, options, &plan, replications.clone())?;
            Ok(functions.pop().expect("because there is one function"))
        })
        .collect()
}

fn over_one_stream(
    scenario: &Scenario,
    options: Options<'_>,
    span: RunSpan,
    numbers: &[u32],
    replications: Range<u32>,
) -> Result<Option<Vec<FunctionOutcome>>, Cancelled> {
    let sides: Vec<Scenario> = numbers
        .iter()
        .map(|number| on_demand_side(scenario, *number))
        .collect();
    let scenario = on_demand_side(scenario, 0);
    let watcher = watcher(&scenario, options, &replications);
    let runs = replications
        .into_par_iter()
        .map(|number| {
            let jobs: Vec<Job<'_>> = sides
                .iter()
                .map(|side| Job::new(side, options.seed, number, &Plan::of_span(side, span)))
                .collect();
            let job = Job::new(
                &scenario,
                options.seed,
                number,
                &Plan::of_span(&scenario, span),
            );
            one_replication(&job, &jobs, numbers, &watcher)
        })
        .collect::<Result<Option<Vec<_>>, Cancelled>>()?;
    let Some(runs) = runs else {
        return Ok(None);
    };
    let mut outcomes: Vec<FunctionOutcome> = numbers
        .iter()
        .map(|_| FunctionOutcome {
            replications: Vec::new(),
        })
        .collect();
    for run in runs {
        for (outcome, replication) in outcomes.iter_mut().zip(run) {
            outcome.replications.push(replication);
        }
    }
    Ok(Some(outcomes))
}

/// One replication of every number; `None` when the rate limit was reached.
fn one_replication(
    job: &Job<'_>,
    jobs: &[Job<'_>],
    numbers: &[u32],
    watcher: &Watcher<'_>,
) -> Result<Option<Vec<ReplicationOutcome>>, Cancelled> {
    // Requests are counted once, as they are placed.
    let silent = Watcher::new(&Unobserved, 0);
    let mut sides: Vec<Overflow<'_>> = jobs.iter().map(|job| Overflow::new(job, &silent)).collect();
    let mut served = Served::new(job, numbers);
    let mut row = Row::new(job);
    let mut spilled: Vec<(u32, Request)> = Vec::new();
    let mut provisioned: Vec<Vec<Period>> = Vec::new();
    for stop in job.stops.iter().filter(|stop| stop.ends_period) {
        while let Some(placed) = row.next(stop.at, watcher)? {
            served.count(placed);
            spilled.clear();
            spilled.extend(placed.iter().map(|one| (one.level, one.request)));
            for (number, side) in numbers.iter().zip(&mut sides) {
                // What a larger number does not serve, a smaller one does not either.
                spilled.retain(|(level, _)| level >= number);
                side.offer(spilled.iter().map(|(_, request)| *request))?;
            }
        }
        for side in &mut sides {
            side.run_until(stop.at)?;
            side.close(stop.at);
        }
        provisioned.push(served.close(stop.at, &row));
    }
    if row.reached_rate_limit() {
        return Ok(None);
    }
    let mut outcomes = Vec::with_capacity(numbers.len());
    for (place, (number, side)) in numbers.iter().zip(sides).enumerate() {
        let periods = side.into_periods().into_iter().zip(&provisioned);
        let periods = periods
            .map(|(on_demand, provisioned)| together(*number, on_demand, &provisioned[place]));
        outcomes.push(job.outcome(periods.collect(), Kernel::Event));
    }
    Ok(Some(outcomes))
}

/// A period of both sides: what spilled over, and what `number` provisioned instances served.
fn together(number: u32, mut on_demand: Period, provisioned: &Period) -> Period {
    if number > 0 {
        on_demand.counts.spillovers = on_demand.counts.invocations;
    }
    let mut period = on_demand;
    let kept = u128::from(number) * u128::from(period.span_ns);
    period.add(provisioned);
    period.latency.merge(&provisioned.latency);
    period.alive_ns += kept;
    period.provisioned_ns += kept;
    period.instances_peak += u64::from(number);
    period
}

/// What the requests did that are served up to each number: a group holds the places from one number
/// up to the next.
struct Served {
    groups: Vec<Group>,
    numbers: Vec<u32>,
    /// Group of each place; the last is beyond all numbers.
    group_of: Vec<u32>,
    recorded_cold: Option<ColdFlags>,
}

#[derive(Default)]
struct Group {
    period: Period,
    latency: Histogram,
    busy_ns: u128,
    /// Up to the last close.
    busy_before_ns: u128,
}

impl Served {
    fn new(job: &Job<'_>, numbers: &[u32]) -> Self {
        Self {
            groups: numbers.iter().map(|_| Group::default()).collect(),
            numbers: numbers.to_vec(),
            group_of: Vec::new(),
            recorded_cold: job.scenario.functions[0].arrivals.recorded_cold().cloned(),
        }
    }

    /// The first number with which this place is provisioned; as many as there are when with none.
    fn group_of(&mut self, level: u32) -> usize {
        while self.group_of.len() <= index(level) {
            let level = slot(self.group_of.len());
            let group = self.numbers.partition_point(|number| *number <= level);
            self.group_of.push(slot(group));
        }
        index(self.group_of[index(level)])
    }

    fn count(&mut self, placed: &[Placed]) {
        for one in placed {
            let group = self.group_of(one.level);
            let Some(group) = self.groups.get_mut(group) else {
                continue;
            };
            group.busy_ns += u128::from(one.served);
            let number = one.request.number;
            if number >= BEFORE {
                continue;
            }
            group.latency.record(one.served);
            let period = &mut group.period;
            period.counts.requests += 1;
            period.counts.invocations += 1;
            period.counts.timeouts += u64::from(one.timed_out);
            if let Some(flags) = &self.recorded_cold {
                period.counts.recorded_cold += u64::from(flags.is_cold(number));
            }
            period.latency_sum_ns += u128::from(one.served);
            period.latency_max_ns = period.latency_max_ns.max(one.served);
            period.billed_provisioned_ms += u128::from(billed_ms(one.served));
        }
    }

    /// Ends a period at `now`: what was served with each number.
    fn close(&mut self, now: u64, row: &Row) -> Vec<Period> {
        let mut remaining = vec![0_u128; self.groups.len() + 1];
        for (level, rest) in row.remaining(now) {
            remaining[self.group_of(level)] += u128::from(rest);
        }
        let mut sum = Period::default();
        let mut latency = Distribution::default();
        self.groups
            .iter_mut()
            .zip(remaining)
            .map(|(group, remaining)| {
                let busy_ns = group.busy_ns - remaining;
                let mut period = std::mem::take(&mut group.period);
                let busy = busy_ns - std::mem::replace(&mut group.busy_before_ns, busy_ns);
                period.busy_ns = busy;
                period.provisioned_busy_ns = busy;
                sum.add(&period);
                latency.merge(&group.latency.drain());
                Period {
                    latency: latency.clone(),
                    ..sum.clone()
                }
            })
            .collect()
    }
}
