//! Running a scenario: which kernel, which functions together, on how many threads.

use std::sync::OnceLock;

use frostline_models::math::round_to_u64;
use frostline_models::scenario::Scenario;
use rayon::prelude::*;

use crate::batch::{self, Unfit};
use crate::event;
use crate::job::{Job, Usage};
use crate::outcome::{FunctionOutcome, ReplicationOutcome, RunSpan, SimulationOutcome};
use crate::plan::Periods;
use crate::progress::{Cancelled, Observer, Watcher};

/// What a simulation depends on beside its scenario, and who watches it.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Names the random streams.
    pub seed: u64,
    /// Which kernel may run; results do not depend on it.
    pub kernels: Kernels,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

/// Which kernel may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kernels {
    /// The fastest that the scenario allows.
    #[default]
    Fastest,
    /// The event kernel only: for tests and benches that compare the two.
    EventOnly,
}

/// Simulates a scenario on the current rayon pool. The result is a function of (scenario, seed): the
/// same bits for any number of threads.
///
/// It holds every function's distributions in every period; where that is too much,
/// [`simulate_each`] hands functions over one by one.
///
/// # Errors
/// [`Cancelled`] when the observer asked for an end.
pub fn simulate(scenario: &Scenario, options: Options<'_>) -> Result<SimulationOutcome, Cancelled> {
    let functions = scenario.functions.iter();
    let slots: Vec<OnceLock<FunctionOutcome>> = functions.map(|_| OnceLock::new()).collect();
    let span = simulate_each(scenario, options, &|place, function| {
        // Each function is handed over once.
        let _ = slots[place].set(function);
    })?;
    let functions = slots.into_iter().filter_map(OnceLock::into_inner);
    Ok(SimulationOutcome {
        functions: functions.collect(),
        warm_up_ns: span.warm_up_ns,
        end_ns: span.end_ns,
        warm_up_wanted_ns: span.warm_up_wanted_ns,
    })
}

/// Simulates a scenario on the current rayon pool and hands over each function, by its place in the
/// scenario, as soon as its result is final: each once, from any thread, in any order. Where
/// functions share no limit nothing is kept of a function beyond that, so memory does not grow with
/// their number times their periods. What is handed over is a function of (scenario, seed).
///
/// # Errors
/// [`Cancelled`] when the observer asked for an end; some functions may have been handed over then.
pub fn simulate_each(
    scenario: &Scenario,
    options: Options<'_>,
    each: &(dyn Fn(usize, FunctionOutcome) + Sync),
) -> Result<RunSpan, Cancelled> {
    let periods = Periods::new(scenario);
    let duration = scenario.run.duration;
    let replications = scenario.run.replications;
    let rates: Vec<f64> = scenario
        .functions
        .iter()
        .map(|function| function.arrivals.mean_per_second(duration))
        .collect();
    let expected = rates.iter().sum::<f64>() * duration.as_secs_f64() * f64::from(replications);
    let watcher = Watcher::new(options.observer, round_to_u64(expected));
    let jobs: Vec<Job<'_>> = (0..replications)
        .map(|replication| Job::new(scenario, options.seed, replication, &periods))
        .collect();
    let engine = Engine {
        jobs,
        watcher,
        kernels: options.kernels,
        largest_first: largest_first(&rates),
    };
    engine.run(each)?;
    Ok(RunSpan {
        warm_up_ns: periods.warm_up_ns(),
        end_ns: duration.0,
        warm_up_wanted_ns: periods.warm_up_wanted_ns,
    })
}

/// Places by falling rate, so that no thread is left with a large function at the end.
fn largest_first(rates: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rates.len()).collect();
    order.sort_by(|left, right| rates[*right].total_cmp(&rates[*left]));
    order
}

type Ran = (ReplicationOutcome, Usage);

struct Engine<'a> {
    jobs: Vec<Job<'a>>,
    watcher: Watcher<'a>,
    kernels: Kernels,
    /// Places of functions in the order in which they are begun.
    largest_first: Vec<usize>,
}

impl Engine<'_> {
    fn run(&self, each: &(dyn Fn(usize, FunctionOutcome) + Sync)) -> Result<(), Cancelled> {
        if !self.jobs.iter().any(Job::shares_limits) {
            return self.run_independent(each);
        }
        // A record cannot be taken back, so what might have to run again is run together at once.
        let replications: Vec<_> = if self.watcher.wants_records() {
            let jobs = self.jobs.par_iter();
            jobs.map(|job| self.run_together(job))
                .collect::<Result<_, Cancelled>>()?
        } else {
            self.run_and_settle()?
        };
        by_function(self.largest_first.len(), replications)
            .into_par_iter()
            .enumerate()
            .for_each(|(place, function)| each(place, function));
        Ok(())
    }

    /// Runs functions that cannot meet, and lets go of each when it is done.
    fn run_independent(
        &self,
        each: &(dyn Fn(usize, FunctionOutcome) + Sync),
    ) -> Result<(), Cancelled> {
        self.largest_first
            .par_iter()
            .with_max_len(1)
            .try_for_each(|&place| {
                let replications = self
                    .jobs
                    .par_iter()
                    .map(|job| match self.run_apart(job, place)? {
                        Some((outcome, _)) => Ok(outcome),
                        None => unreachable!("there is no limit that function {place} shares"),
                    })
                    .collect::<Result<_, Cancelled>>()?;
                each(place, FunctionOutcome { replications });
                Ok(())
            })
    }

    /// Runs functions apart first. Where they would have met at a shared limit, their replication
    /// is run again with all of them under one clock.
    fn run_and_settle(&self) -> Result<Vec<Vec<ReplicationOutcome>>, Cancelled> {
        let functions = self.largest_first.len();
        let tasks: Vec<(usize, usize)> = self
            .largest_first
            .iter()
            .flat_map(|function| (0..self.jobs.len()).map(|job| (job, *function)))
            .collect();
        let mut apart: Vec<(usize, usize, Option<Ran>)> = tasks
            .par_iter()
            .with_max_len(1)
            .map(|&(job, function)| Ok((job, function, self.run_apart(&self.jobs[job], function)?)))
            .collect::<Result<_, Cancelled>>()?;
        apart.sort_by_key(|(job, function, _)| (*job, *function));
        let mut apart = apart.into_iter().map(|(_, _, ran)| ran);
        let by_job: Vec<Vec<Option<Ran>>> = self
            .jobs
            .iter()
            .map(|_| apart.by_ref().take(functions).collect())
            .collect();
        self.jobs
            .par_iter()
            .zip(by_job)
            .map(|(job, ran)| self.settle(job, ran))
            .collect()
    }

    /// Runs one function as if it were alone; `None` when that cannot be the whole truth.
    fn run_apart(&self, job: &Job<'_>, place: usize) -> Result<Option<Ran>, Cancelled> {
        let function = &job.scenario.functions[place];
        let is_alone = job.scenario.functions.len() == 1;
        let shares_account = function.reserved.is_none() && function.maximum_instances.is_none();
        let may_batch = self.kernels == Kernels::Fastest && !self.watcher.wants_records();
        let expiry = if may_batch {
            batch::expiry_of(function)
        } else {
            None
        };
        if let Some(expiry) = expiry {
            match batch::run(job, place, expiry, &self.watcher) {
                Ok((outcome, usage)) if !is_alone || usage.rate_share <= 1.0 => {
                    return Ok(Some((outcome, usage)));
                }
                Err(Unfit::Cancelled) => return Err(Cancelled),
                // It needs more than the account has: no need to find out what it would do alone.
                Err(Unfit::Concurrency) if shares_account && !is_alone => return Ok(None),
                Ok(_) | Err(_) => {}
            }
        }
        let mut ran = event::run(job, &[place], is_alone, &self.watcher)?;
        Ok(ran.pop())
    }

    /// Accepts what was run apart, or runs all functions of the replication together.
    fn settle(
        &self,
        job: &Job<'_>,
        apart: Vec<Option<Ran>>,
    ) -> Result<Vec<ReplicationOutcome>, Cancelled> {
        let functions = &job.scenario.functions;
        if functions.len() > 1 && !never_met(job, &apart) {
            return self.run_together(job);
        }
        Ok(apart
            .into_iter()
            .flatten()
            .map(|(outcome, _)| outcome)
            .collect())
    }

    /// Runs all functions of a replication under one clock.
    fn run_together(&self, job: &Job<'_>) -> Result<Vec<ReplicationOutcome>, Cancelled> {
        let all: Vec<usize> = (0..job.scenario.functions.len()).collect();
        let ran = event::run(job, &all, true, &self.watcher)?;
        Ok(ran.into_iter().map(|(outcome, _)| outcome).collect())
    }
}

/// Whether functions that were run apart stayed so far below the limits they share that together
/// they would not have reached them either.
fn never_met(job: &Job<'_>, apart: &[Option<Ran>]) -> bool {
    let mut in_use = 0_u64;
    let mut rate_share = 0.0;
    for (function, ran) in job.scenario.functions.iter().zip(apart) {
        let Some((_, usage)) = ran else { return false };
        if function.reserved.is_none() {
            in_use = in_use.saturating_add(usage.concurrency_peak);
        }
        rate_share += usage.rate_share;
    }
    in_use <= job.unreserved_pool() && rate_share <= 1.0
}

fn by_function(count: usize, replications: Vec<Vec<ReplicationOutcome>>) -> Vec<FunctionOutcome> {
    let mut functions: Vec<FunctionOutcome> = (0..count)
        .map(|_| FunctionOutcome {
            replications: Vec::new(),
        })
        .collect();
    for replication in replications {
        for (function, outcome) in functions.iter_mut().zip(replication) {
            function.replications.push(outcome);
        }
    }
    functions
}
