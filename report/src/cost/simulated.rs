//! The serverless side of a simulated scenario: what its requests take, what is kept for them, and how
//! far its busiest minute is above the mean one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use frostline_models::math::{count_to_f64, to_f64, wide_to_f64};
use frostline_models::price::MONTH_S;
use frostline_models::price::always_on::{Gateway, Served, Serverless};
use frostline_models::scenario::{Function, Scenario};
use frostline_stats::estimate::{Estimate, Method};
use frostline_stats::outcome::{FunctionOutcome, Period, SimulationOutcome};
use frostline_stats::replications;
use frostline_stats::timeline::Minute;
use serde::Serialize;

use crate::text::number::number;

/// Nanoseconds of a whole minute.
const MINUTE_NS: u64 = 60_000_000_000;

/// Takes the minutes of a simulation, from any thread.
#[derive(Debug, Default)]
pub struct BusyMinutes {
    /// What ran in each minute that had invocations, by replication and function.
    told: Mutex<BTreeMap<(u32, u32), Vec<Worked>>>,
}

/// What ran in a minute.
#[derive(Debug, Clone, Copy)]
struct Worked {
    minute: u64,
    invocations: u64,
    /// Durations without queue and init, all invocations together.
    duration_ns: u128,
}

impl BusyMinutes {
    /// Takes a minute of a function.
    pub fn add(&self, replication: u32, function: u32, minute: &Minute) {
        // The last minute of a run may be a part of one, and would look quiet.
        if minute.counts.invocations > 0 && minute.span_ns == MINUTE_NS {
            self.locked()
                .entry((replication, function))
                .or_default()
                .push(Worked {
                    minute: minute.number,
                    invocations: minute.counts.invocations,
                    duration_ns: minute.duration.sum_ns,
                });
        }
    }

    /// Forgets what was told of a function's replication: it is run again.
    pub fn begins(&self, replication: u32, function: u32) {
        self.locked().remove(&(replication, function));
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<(u32, u32), Vec<Worked>>> {
        // What a panic left behind belongs to a run that has no result.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The traffic that a scenario brings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Traffic {
    /// Invocations in 730 h at this load.
    pub requests_per_month: Estimate,
    /// Share of the requests that were throttled or dropped, and so neither ran nor cost anything.
    pub refused_ratio: f64,
    /// Share of the invocations that were cold.
    pub cold_ratio: f64,
    /// Requests that run at once, init left out, averaged over the window.
    pub mean_concurrency: Estimate,
    /// The same of the busiest minute, averaged over replications.
    pub busiest_minute_concurrency: Estimate,
    /// The busiest minute over the mean: what hosts must be there for. At least 1.
    pub peak_to_mean: f64,
    /// Length of the run: a run shorter than a day does not see how the day swings.
    pub hours: f64,
}

impl Traffic {
    /// What a bill made of it assumes, in plain sentences.
    pub fn assumptions(&self) -> Vec<String> {
        let mut sentences = vec![
            "other traffic than the scenario's has the same mix, durations, cold starts and peaks."
                .to_owned(),
        ];
        if self.hours < 24.0 {
            sentences.push(format!(
                "{} h were simulated: how traffic swings over a day or a week is not in the peak.",
                number(self.hours)
            ));
        }
        if self.refused_ratio > 0.0 {
            sentences.push(format!(
                "{} % of the requests were throttled or dropped; they are neither billed nor served by \
                 the hosts.",
                number(100.0 * self.refused_ratio)
            ));
        }
        sentences
    }
}

/// A scenario's serverless side and its traffic; `None` when nothing ran in the window.
pub fn serverless_of(
    scenario: &Scenario,
    outcome: &SimulationOutcome,
    busy: &BusyMinutes,
    gateway: Gateway,
) -> Option<(Serverless, Traffic)> {
    let sums: Vec<Sum> = outcome.functions.iter().map(Sum::of).collect();
    let invocations: u64 = sums.iter().map(|sum| sum.invocations).sum();
    let window_s: f64 = sums.first().map_or(0.0, |sum| sum.span_s);
    if invocations == 0 || window_s <= 0.0 {
        return None;
    }
    let durations = durations_ms(busy, scenario.functions.len());
    let functions = scenario.functions.iter().zip(&sums).zip(durations);
    let functions = functions
        .map(|((function, sum), duration_ms)| sum.served(function, invocations, duration_ms));
    let serverless = Serverless {
        settings: scenario.platform.price.clone(),
        gateway,
        functions: alike_as_one(functions),
    };
    Some((serverless, traffic(outcome, &sums, busy)))
}

/// A function over all periods of all replications.
#[derive(Debug, Default)]
struct Sum {
    span_s: f64,
    requests: u64,
    invocations: u64,
    cold_starts: u64,
    billed_ms: u128,
    billed_provisioned_ms: u128,
    provisioned_ns: u128,
}

impl Sum {
    fn of(function: &FunctionOutcome) -> Self {
        let mut sum = Self::default();
        for period in periods(function) {
            sum.span_s += to_f64(period.span_ns) / 1e9;
            sum.requests += period.counts.requests;
            sum.invocations += period.counts.invocations;
            sum.cold_starts += period.counts.cold_starts;
            sum.billed_ms += period.billed_ms;
            sum.billed_provisioned_ms += period.billed_provisioned_ms;
            sum.provisioned_ns += period.provisioned_ns;
        }
        sum
    }

    fn served(&self, function: &Function, of: u64, duration_ms: f64) -> Served {
        let own = to_f64(self.invocations);
        let each = |total: f64| if own > 0.0 { total / own } else { 0.0 };
        Served {
            share: own / to_f64(of),
            architecture: function.architecture,
            memory: function.memory,
            ephemeral_storage: function.ephemeral_storage,
            snapshot: function.snapshot,
            cold_ratio: each(to_f64(self.cold_starts)),
            duration_ms,
            billed_ms: each(wide_to_f64(self.billed_ms)),
            billed_provisioned_ms: each(wide_to_f64(self.billed_provisioned_ms)),
            provisioned_instances: wide_to_f64(self.provisioned_ns) / 1e9 / self.span_s,
            response_bytes: to_f64(function.response.0),
        }
    }
}

/// Functions that are billed alike as one: a trace has tens of thousands that differ in nothing else.
fn alike_as_one(functions: impl Iterator<Item = Served>) -> Vec<Served> {
    let mut kinds: Vec<Served> = Vec::new();
    for function in functions {
        // The free tier leaves out what has provisioned concurrency.
        let kind = |served: &Served| {
            let kept = served.provisioned_instances > 0.0;
            (
                served.architecture,
                served.memory,
                served.ephemeral_storage,
                kept,
            )
        };
        // Each snapshot is kept for money.
        let alike = |known: &&mut Served| {
            !known.snapshot && !function.snapshot && kind(known) == kind(&function)
        };
        match kinds.iter_mut().find(alike) {
            Some(known) => known.join(&function),
            None => kinds.push(function),
        }
    }
    kinds
}

fn periods(function: &FunctionOutcome) -> impl Iterator<Item = &Period> {
    let replications = function.replications.iter();
    replications.flat_map(|replication| &replication.periods)
}

/// The mean duration of each function's invocations, without queue and init.
fn durations_ms(busy: &BusyMinutes, functions: usize) -> Vec<f64> {
    let mut sums = vec![(0_u64, 0_u128); functions];
    for (&(_, function), minutes) in busy.locked().iter() {
        if let Some(sum) = sums.get_mut(frostline_models::math::index(function)) {
            for worked in minutes {
                sum.0 += worked.invocations;
                sum.1 += worked.duration_ns;
            }
        }
    }
    let mean = |(count, total): (u64, u128)| {
        if count == 0 {
            return 0.0;
        }
        wide_to_f64(total) / 1e6 / to_f64(count)
    };
    sums.into_iter().map(mean).collect()
}

fn traffic(outcome: &SimulationOutcome, sums: &[Sum], busy: &BusyMinutes) -> Traffic {
    let replications = outcome
        .functions
        .first()
        .map_or(0, |function| function.replications.len());
    let first = outcome.warm_up_ns.div_ceil(MINUTE_NS);
    let last = outcome.end_ns / MINUTE_NS;
    // A run of less than a whole minute has no busiest one.
    let minutes = count_to_f64(usize::try_from(last.saturating_sub(first)).unwrap_or(0)).max(1.0);
    let mut by_minute: Vec<BTreeMap<u64, u128>> = vec![BTreeMap::new(); replications];
    for (&(replication, _), told) in busy.locked().iter() {
        if let Some(sums) = by_minute.get_mut(frostline_models::math::index(replication)) {
            for worked in told.iter().filter(|worked| worked.minute >= first) {
                *sums.entry(worked.minute).or_default() += worked.duration_ns;
            }
        }
    }
    let at_once = |ns: u128| wide_to_f64(ns) / to_f64(MINUTE_NS);
    let means: Vec<f64> = by_minute
        .iter()
        .map(|sums| at_once(sums.values().sum()) / minutes)
        .collect();
    let peaks: Vec<f64> = by_minute
        .iter()
        .map(|sums| at_once(sums.values().copied().max().unwrap_or(0)))
        .collect();
    let monthly: Vec<f64> = (0..replications)
        .map(|replication| {
            let periods = outcome
                .functions
                .iter()
                .filter_map(|function| function.replications.get(replication));
            let invocations: u64 = periods
                .flat_map(|replication| &replication.periods)
                .map(|period| period.counts.invocations)
                .sum();
            let window_ns = outcome.end_ns.saturating_sub(outcome.warm_up_ns);
            to_f64(invocations) * MONTH_S * 1e9 / to_f64(window_ns.max(1))
        })
        .collect();
    let estimate = |values: &[f64]| match values {
        [only] => Estimate::point_only(*only, 1),
        several => replications::mean(several, Method::Replications),
    };
    let mean_concurrency = estimate(&means);
    let busiest_minute_concurrency = estimate(&peaks);
    let invocations: u64 = sums.iter().map(|sum| sum.invocations).sum();
    let requests: u64 = sums.iter().map(|sum| sum.requests).sum();
    let cold: u64 = sums.iter().map(|sum| sum.cold_starts).sum();
    let share = |part: u64, of: u64| to_f64(part) / to_f64(of.max(1));
    Traffic {
        requests_per_month: estimate(&monthly),
        refused_ratio: share(requests.saturating_sub(invocations), requests),
        cold_ratio: share(cold, invocations),
        peak_to_mean: if mean_concurrency.point > 0.0 {
            (busiest_minute_concurrency.point / mean_concurrency.point).max(1.0)
        } else {
            1.0
        },
        mean_concurrency,
        busiest_minute_concurrency,
        hours: to_f64(outcome.end_ns) / 3.6e12,
    }
}
