//! Scenarios simulated alike, so that they can be compared: the same seed, replications and window.

use frostline_models::scenario::{Scenario, WarmUp};
use frostline_models::units::SimDuration;
use frostline_report::comparison::{Candidate, Comparison, Question};
use frostline_report::summary::{Manifest, Summary};
use frostline_report::tally::Tally;
use frostline_sim::outcome::{RunSpan, SimulationOutcome};
use frostline_sim::{Cancelled, Kernels, Options};
use rayon::ThreadPool;

use super::{Common, scenario};
use crate::exit::Failure;
use crate::progress::{Interrupt, Progress};

/// A scenario and what it is called.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) scenario: Scenario,
    /// The digest is that of the scenario as it was settled, whatever window it gets.
    pub(super) manifest: Manifest,
}

impl Named {
    /// # Errors
    /// When the scenario cannot be written as JSON.
    pub(super) fn new(name: String, scenario: Scenario, common: &Common) -> anyhow::Result<Self> {
        let manifest = scenario::manifest(&scenario, common)?;
        Ok(Self {
            name,
            scenario,
            manifest,
        })
    }

    /// The scenario with what came of it.
    pub(super) fn candidate<'a>(&'a self, summary: &'a Summary) -> Candidate<'a> {
        Candidate {
            name: &self.name,
            scenario: &self.scenario,
            summary,
        }
    }
}

/// What simulates scenarios one after the other.
pub(super) struct Bench<'a> {
    common: &'a Common,
    interrupt: Interrupt,
    pool: ThreadPool,
}

impl<'a> Bench<'a> {
    /// # Errors
    /// When Ctrl-C cannot be listened for, or threads cannot be started.
    pub(super) fn new(common: &'a Common) -> Result<Self, Failure> {
        Ok(Self {
            common,
            interrupt: Interrupt::listen()?,
            pool: scenario::pool(common)?,
        })
    }

    /// Simulates all of them over the window of the one that needs the longest warm-up: requests are
    /// paired only where both count them.
    ///
    /// # Errors
    /// When the user interrupts.
    pub(super) fn summaries(&self, all: &mut [Named]) -> Result<Vec<Summary>, Failure> {
        let mut summaries = Vec::with_capacity(all.len());
        let mut spans = Vec::with_capacity(all.len());
        for named in all.iter() {
            let (summary, span) = self.tallied(named)?;
            summaries.push(summary);
            spans.push(span);
        }
        let places = Self::widened(all, &spans);
        for place in places {
            summaries[place] = self.tallied(&all[place])?.0;
        }
        Ok(summaries)
    }

    /// Compares all of them with the first; where the first asks for a precision, it is that of the
    /// differences, and replications are added until they have it.
    ///
    /// # Errors
    /// When the user interrupts, or the runs cannot be compared.
    pub(super) fn compare(
        &self,
        all: &mut [Named],
        question: Question,
    ) -> Result<(Comparison, Vec<Summary>), Failure> {
        let Some(precision) = all[0].scenario.run.precision.clone() else {
            let summaries = self.summaries(all)?;
            return Ok((compared(all, &summaries, &question)?, summaries));
        };
        let question = Question {
            precision: Some(precision.relative),
            ..question
        };
        let mut outcomes = self.outcomes(all)?;
        loop {
            let runs = all.iter().zip(&outcomes);
            let summaries: Vec<Summary> = runs
                .map(|(named, outcome)| {
                    Summary::for_comparison(&named.scenario, outcome, named.manifest.clone())
                })
                .collect();
            let comparison = compared(all, &summaries, &question)?;
            let next = comparison.next_replications(u64::from(precision.most_replications));
            let Some(total) = next.and_then(|total| u32::try_from(total).ok()) else {
                return Ok((comparison, summaries));
            };
            for (named, outcome) in all.iter().zip(&mut outcomes) {
                self.more(named, outcome, total)?;
            }
        }
    }

    /// The outcomes, to which replications can be added.
    fn outcomes(&self, all: &mut [Named]) -> Result<Vec<SimulationOutcome>, Failure> {
        let whole = |named: &Named| self.watched(named, frostline_sim::simulate);
        let mut outcomes = all.iter().map(whole).collect::<Result<Vec<_>, _>>()?;
        let spans: Vec<RunSpan> = outcomes.iter().map(SimulationOutcome::span).collect();
        for place in Self::widened(all, &spans) {
            outcomes[place] = whole(&all[place])?;
        }
        Ok(outcomes)
    }

    /// Adds replications until there are `total`.
    ///
    /// # Errors
    /// When the user interrupts.
    fn more(
        &self,
        named: &Named,
        outcome: &mut SimulationOutcome,
        total: u32,
    ) -> Result<(), Failure> {
        self.watched(named, |scenario, options| {
            frostline_sim::simulate_more(scenario, options, outcome, total)
        })
    }

    /// Gives the scenarios one window, and says which of them have to run again for it.
    fn widened(all: &mut [Named], spans: &[RunSpan]) -> Vec<usize> {
        let longest = spans.iter().map(|span| span.warm_up_ns).max().unwrap_or(0);
        let mut places = Vec::new();
        for (place, (named, span)) in all.iter_mut().zip(spans).enumerate() {
            if span.warm_up_ns < longest {
                named.scenario.run.warm_up = WarmUp::Fixed(SimDuration(longest));
                places.push(place);
            }
        }
        places
    }

    fn tallied(&self, named: &Named) -> Result<(Summary, RunSpan), Failure> {
        self.watched(named, |scenario, options| {
            let tally = Tally::new(scenario).for_comparison();
            let span = frostline_sim::simulate_each(scenario, options, &|place, function| {
                tally.add(place, function);
            })?;
            Ok((tally.summary(span, named.manifest.clone()), span))
        })
    }

    fn watched<T: Send>(
        &self,
        named: &Named,
        run: impl FnOnce(&Scenario, Options<'_>) -> Result<T, Cancelled> + Send,
    ) -> Result<T, Failure> {
        let verb = format!("simulating {}", named.name.replace(['{', '}'], ""));
        let progress = Progress::named(&verb, self.common.quiet, self.interrupt.clone());
        let options = Options {
            seed: self.common.seed,
            kernels: Kernels::Fastest,
            observer: &progress,
        };
        let result = self.pool.install(|| run(&named.scenario, options));
        progress.finish();
        result.map_err(|Cancelled| {
            let (done, expected) = progress.reached();
            Failure::Interrupted(format!(
                "no result, {done} of about {expected} requests of {} were simulated",
                named.name
            ))
        })
    }
}

fn compared(
    all: &[Named],
    summaries: &[Summary],
    question: &Question,
) -> Result<Comparison, Failure> {
    let candidates: Vec<Candidate<'_>> = all
        .iter()
        .zip(summaries)
        .map(|(named, summary)| named.candidate(summary))
        .collect();
    Comparison::new(&candidates, question, env!("CARGO_PKG_VERSION"))
        .map_err(|error| Failure::usage(error.to_string(), "--set run.warm-up=none"))
}
