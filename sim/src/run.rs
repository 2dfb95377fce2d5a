//! Running a scenario: which kernel, which functions together, on how many threads.

use std::ops::Range;
use std::sync::OnceLock;

use frostline_models::math::{round_to_u64, slot};
use frostline_models::scenario::Scenario;
use rayon::prelude::*;

use crate::batch::{self, Unfit};
use crate::event;
use crate::job::{Job, Usage};
use crate::outcome::{FunctionOutcome, ReplicationOutcome, RunSpan, SimulationOutcome};
use crate::plan::Plan;
use crate::progress::{Cancelled, Observer, Watcher};
use crate::warm_up::{SHOWN, Shown};

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
        warm_up_rule: span.warm_up_rule,
    })
}

/// Adds replications to a simulation until there are `total`. Each gives the same numbers as if all
/// had been asked for at once, from two on: a single one is cut into batches instead.
///
/// # Errors
/// [`Cancelled`] when the observer asked for an end; the outcome is as before then.
pub fn simulate_more(
    scenario: &Scenario,
    options: Options<'_>,
    outcome: &mut SimulationOutcome,
    total: u32,
) -> Result<(), Cancelled> {
    let have = outcome
        .functions
        .first()
        .map_or(0, |f| f.replications.len());
    let plan = Plan::of_span(scenario, outcome.span());
    let more = replications_of(scenario, options, &plan, slot(have)..total)?;
    for (function, more) in outcome.functions.iter_mut().zip(more) {
        function.replications.extend(more.replications);
    }
    Ok(())
}

/// When a simulation of this scenario measures: what is known without one, or what its first
/// replications show.
///
/// # Errors
/// [`Cancelled`] when the observer asked for an end.
pub fn span_of(scenario: &Scenario, options: Options<'_>) -> Result<RunSpan, Cancelled> {
    let plan = Plan::new(scenario);
    if !plan.is_open {
        return Ok(plan.span);
    }
    let silent = Silent(options.observer);
    let observer = &silent;
    let options = Options {
        observer,
        ..options
    };
    let shown = 0..scenario.run.replications.min(SHOWN);
    let mut seen = Shown::default();
    let held = Engine::new(scenario, options, &plan, shown).run_held()?;
    for (_, usage) in held.iter().flatten() {
        seen.add(usage);
    }
    Ok(plan.decided(scenario, &seen).span)
}

/// These replications of every function, in the scenario's order, measured as planned.
pub(crate) fn replications_of(
    scenario: &Scenario,
    options: Options<'_>,
    plan: &Plan,
    replications: Range<u32>,
) -> Result<Vec<FunctionOutcome>, Cancelled> {
    let engine = Engine::new(scenario, options, plan, replications);
    let functions = scenario.functions.iter();
    let slots: Vec<OnceLock<FunctionOutcome>> = functions.map(|_| OnceLock::new()).collect();
    engine.run(&|place, function| {
        // Each function is handed over once.
        let _ = slots[place].set(function);
    })?;
    Ok(slots.into_iter().filter_map(OnceLock::into_inner).collect())
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
    let mut plan = Plan::new(scenario);
    let all = 0..scenario.run.replications;
    if plan.is_open {
        let held = show(scenario, options, &plan)?;
        let mut shown = Shown::default();
        for (_, usage) in held.iter().flatten() {
            shown.add(usage);
        }
        let decided = plan.clone().decided(scenario, &shown);
        let is_confirmed = decided.span.warm_up_ns == plan.span.warm_up_ns;
        plan = decided;
        if is_confirmed && !options.observer.wants_records() {
            hand_over(scenario.functions.len(), held, each);
            return Ok(plan.span);
        }
    }
    Engine::new(scenario, options, &plan, all).run(each)?;
    Ok(plan.span)
}

/// A run whose plan is open: all of it, or, where records are wanted, which cannot be taken back,
/// only what shows how it settles, without them.
fn show(
    scenario: &Scenario,
    options: Options<'_>,
    plan: &Plan,
) -> Result<Vec<Vec<Ran>>, Cancelled> {
    let silent = Silent(options.observer);
    let replications = scenario.run.replications;
    if options.observer.wants_records() {
        let observer = &silent;
        let options = Options {
            observer,
            ..options
        };
        return Engine::new(scenario, options, plan, 0..replications.min(SHOWN)).run_held();
    }
    Engine::new(scenario, options, plan, 0..replications).run_held()
}

/// Watches without wanting records.
struct Silent<'a>(&'a dyn Observer);

impl Observer for Silent<'_> {
    fn progress(&self, done: u64, expected: u64) {
        self.0.progress(done, expected);
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
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

impl<'a> Engine<'a> {
    fn new(
        scenario: &'a Scenario,
        options: Options<'a>,
        plan: &Plan,
        replications: Range<u32>,
    ) -> Self {
        let duration = scenario.run.duration;
        let functions = scenario.functions.iter();
        let rates: Vec<f64> = functions
            .map(|function| function.arrivals.mean_per_second(duration))
            .collect();
        let runs = f64::from(replications.end.saturating_sub(replications.start));
        let expected = rates.iter().sum::<f64>() * duration.as_secs_f64() * runs;
        let jobs = replications.map(|number| Job::new(scenario, options.seed, number, plan));
        Self {
            jobs: jobs.collect(),
            watcher: Watcher::new(options.observer, round_to_u64(expected)),
            kernels: options.kernels,
            largest_first: largest_first(&rates),
        }
    }

    fn run(&self, each: &(dyn Fn(usize, FunctionOutcome) + Sync)) -> Result<(), Cancelled> {
        if !self.jobs.iter().any(Job::shares_limits) {
            return self.run_independent(each);
        }
        hand_over(self.largest_first.len(), self.run_held()?, each);
        Ok(())
    }

    /// Runs everything, replication by replication, and keeps it.
    fn run_held(&self) -> Result<Vec<Vec<Ran>>, Cancelled> {
        // A record cannot be taken back, so what might have to run again is run together at once.
        if self.watcher.wants_records() && self.jobs.iter().any(Job::shares_limits) {
            let jobs = self.jobs.par_iter();
            return jobs.map(|job| self.run_together(job)).collect();
        }
        self.run_and_settle()
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
    fn run_and_settle(&self) -> Result<Vec<Vec<Ran>>, Cancelled> {
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
    fn settle(&self, job: &Job<'_>, apart: Vec<Option<Ran>>) -> Result<Vec<Ran>, Cancelled> {
        let functions = &job.scenario.functions;
        if functions.len() > 1 && !never_met(job, &apart) {
            return self.run_together(job);
        }
        Ok(apart.into_iter().flatten().collect())
    }

    /// Runs all functions of a replication under one clock.
    fn run_together(&self, job: &Job<'_>) -> Result<Vec<Ran>, Cancelled> {
        let all: Vec<usize> = (0..job.scenario.functions.len()).collect();
        event::run(job, &all, true, &self.watcher)
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

/// Hands over what was kept, function by function.
fn hand_over(
    functions: usize,
    replications: Vec<Vec<Ran>>,
    each: &(dyn Fn(usize, FunctionOutcome) + Sync),
) {
    let mut by_function: Vec<FunctionOutcome> = (0..functions)
        .map(|_| FunctionOutcome {
            replications: Vec::new(),
        })
        .collect();
    for replication in replications {
        for (function, (outcome, _)) in by_function.iter_mut().zip(replication) {
            function.replications.push(outcome);
        }
    }
    by_function
        .into_par_iter()
        .enumerate()
        .for_each(|(place, function)| each(place, function));
}
