//! Summing up while the engine works: of each function remain its estimates and what it will be
//! billed for, of all of them the sums, and nothing of its distributions.
//!
//! ```text
//!  engine, any thread, any order              when all are there
//!  FunctionOutcome ─► add ─┬─► estimates ───────────────────────┐
//!                          ├─► use a section, packed ─► account ┴─► Summary
//!                          └─► sums a section, whole numbers ───┘
//! ```
//!
//! Sums are whole numbers, so they do not depend on the order in which functions are done; money is
//! added up at the end, in the scenario's order.

use std::sync::{Mutex, OnceLock, PoisonError};

use frostline_models::math::{to_f64, wide_to_f64, word};
use frostline_models::price::Bill;
use frostline_models::scenario::Scenario;
use frostline_stats::histogram::Histogram;
use frostline_stats::outcome::{Counts, FunctionOutcome, Period, RunSpan};

use crate::bill::{self, PackedUse, scale_to_run};
use crate::estimates::{self, Observed, gb_seconds};
use crate::observations;
use crate::recorded::RecordedSummary;
use crate::section::Sections;
use crate::series::{Series, SeriesOfAll};
use crate::summary::{Found, FunctionSummary, Manifest, Summary, Totals};

/// Takes the functions of a simulation as they are done, and makes their [`Summary`].
#[derive(Debug)]
pub struct Tally<'a> {
    scenario: &'a Scenario,
    run_s: f64,
    parts: Vec<OnceLock<Part>>,
    /// How runs are cut and how often they were repeated: told by the first function that is done.
    cut: OnceLock<(Sections, u64)>,
    /// A sum a section.
    sums: OnceLock<Vec<Mutex<Sum>>>,
    keeping: Keeping,
}

/// Whether what each section says about each function is kept, for a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// Estimates alone.
    Estimates,
    /// The series too.
    Series,
}

/// What remains of a function.
#[derive(Debug)]
struct Part {
    /// Without money, which depends on the others.
    summary: FunctionSummary,
    counts: Counts,
    /// The counts of the measurement periods alone.
    in_window: Counts,
    used: PackedUse,
    series: Option<Series>,
}

/// All functions in one section.
#[derive(Debug, Default)]
struct Sum {
    /// Its distributions are in the histograms.
    period: Period,
    latency: Histogram,
    init: Histogram,
    /// Memory in MiB times billed ms, provisioned ns and idle ns.
    billed_mib_ms: u128,
    provisioned_mib_ns: u128,
    idle_mib_ns: u128,
}

impl<'a> Tally<'a> {
    /// Before any function is done.
    pub fn new(scenario: &'a Scenario) -> Self {
        Self::of_run(scenario, scenario.run.duration.0)
    }

    pub(crate) fn of_run(scenario: &'a Scenario, end_ns: u64) -> Self {
        Self {
            scenario,
            run_s: to_f64(end_ns) / 1e9,
            parts: scenario.functions.iter().map(|_| OnceLock::new()).collect(),
            cut: OnceLock::new(),
            sums: OnceLock::new(),
            keeping: Keeping::Estimates,
        }
    }

    /// The same, keeping what each section says about each function: the summary can be compared with
    /// another then (`crate::comparison`).
    #[must_use]
    pub fn for_comparison(self) -> Self {
        Self {
            keeping: Keeping::Series,
            ..self
        }
    }

    /// Takes the function at `place` of the scenario, from any thread. Each counts once.
    ///
    /// # Panics
    /// When the scenario has no such function.
    pub fn add(&self, place: usize, outcome: FunctionOutcome) {
        let function = &self.scenario.functions[place];
        let replications = word(outcome.replications.len());
        let (sections, _) = self
            .cut
            .get_or_init(|| (Sections::of(&outcome), replications));
        let counts = counts_of(&outcome);
        let in_window = in_window(&outcome);
        let periods = sections.cut(outcome);
        let sums = self
            .sums
            .get_or_init(|| periods.iter().map(|_| Mutex::default()).collect());
        let observed = Observed {
            gb_seconds: periods
                .iter()
                .map(|period| gb_seconds(function, period, self.run_s))
                .collect(),
            periods,
            bills: None,
            run_s: self.run_s,
        };
        let part = Part {
            summary: FunctionSummary {
                name: function.name.clone(),
                counts: counts.into(),
                estimates: estimates::make(&observed, *sections).0,
                recorded: RecordedSummary::of_function(function, &in_window),
            },
            counts,
            in_window,
            used: PackedUse::of(&observed.periods),
            series: self.series(&observed, *sections),
        };
        if self.parts[place].set(part).is_err() {
            return;
        }
        let memory_mib = u128::from(function.memory.0);
        for (period, sum) in observed.periods.iter().zip(sums) {
            // A sum that a panic left behind belongs to a run that has no result.
            let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
            sum.add(period, memory_mib);
        }
    }

    fn series(&self, observed: &Observed, sections: Sections) -> Option<Series> {
        (self.keeping == Keeping::Series).then(|| Series::of(observed, sections))
    }

    /// The summary, when all functions are done; it ends before the first that was not taken.
    pub fn summary(self, span: RunSpan, manifest: Manifest) -> Summary {
        let Self {
            scenario,
            run_s,
            parts,
            cut,
            sums,
            keeping,
        } = self;
        let (sections, replications) = cut.into_inner().unwrap_or((Sections::Whole, 0));
        let sums = sums
            .into_inner()
            .unwrap_or_default()
            .into_iter()
            .map(|sum| sum.into_inner().unwrap_or_else(PoisonError::into_inner));
        let mut together = together(sums, run_s);
        let mut parts: Vec<Part> = parts.into_iter().map_while(OnceLock::into_inner).collect();
        let mut counts = Counts::default();
        for part in &parts {
            counts.add(&part.counts);
        }
        let compared = scenario.functions.iter().zip(&parts);
        let recorded =
            RecordedSummary::of_all(compared.map(|(function, part)| (function, part.in_window)));
        together.bills = charge(scenario, &mut parts, &together, sections);
        let series = (keeping == Keeping::Series).then(|| SeriesOfAll {
            totals: Series::of(&together, sections),
            functions: parts
                .iter_mut()
                .map(|part| part.series.take().unwrap_or_default())
                .collect(),
        });
        let functions: Vec<FunctionSummary> = parts.into_iter().map(|part| part.summary).collect();
        let (estimates, doubts) = estimates::make(&together, sections);
        let totals = Totals {
            counts: counts.into(),
            recorded,
            estimates: match functions.as_slice() {
                // A single function is its own total, to the last digit.
                [only] => only.estimates.clone(),
                _ => estimates,
            },
        };
        let observations = observations::of(&together);
        let found = Found {
            sections,
            replications,
            totals,
            functions,
            doubts,
            observations,
            series,
        };
        Summary::put_together(scenario, span, manifest, found)
    }
}

impl Sum {
    fn add(&mut self, period: &Period, memory_mib: u128) {
        self.latency.add(&period.latency);
        self.init.add(&period.init);
        let billed_ms = period.billed_ms + period.billed_provisioned_ms;
        let idle_ns = period.alive_ns.saturating_sub(period.busy_ns);
        self.billed_mib_ms += memory_mib * billed_ms;
        self.provisioned_mib_ns += memory_mib * period.provisioned_ns;
        self.idle_mib_ns += memory_mib * idle_ns;
        // The peak is the sum of peaks, an upper bound on the instances that were alive together.
        let peak = self.period.instances_peak + period.instances_peak;
        self.period.add(period);
        self.period.span_ns = self.period.span_ns.max(period.span_ns);
        self.period.instances_peak = peak;
    }
}

/// All functions as if they were one.
fn together(sums: impl Iterator<Item = Sum>, run_s: f64) -> Observed {
    let mut observed = Observed {
        periods: Vec::new(),
        bills: None,
        gb_seconds: Vec::new(),
        run_s,
    };
    for mut sum in sums {
        let mut period = sum.period;
        period.latency = sum.latency.drain();
        period.init = sum.init.drain();
        let scale = scale_to_run(&period, run_s) / 1024.0;
        observed.gb_seconds.push([
            wide_to_f64(sum.billed_mib_ms) / 1e3 * scale,
            wide_to_f64(sum.provisioned_mib_ns) / 1e9 * scale,
            wide_to_f64(sum.idle_mib_ns) / 1e9 * scale,
        ]);
        observed.periods.push(period);
    }
    observed
}

/// Bills each function, and all of them: a bill a section. `None` when the price book does not know
/// the scenario's region.
fn charge(
    scenario: &Scenario,
    parts: &mut [Part],
    together: &Observed,
    sections: Sections,
) -> Option<Vec<Bill>> {
    let spans: Vec<f64> = together
        .periods
        .iter()
        .map(|period| scale_to_run(period, together.run_s))
        .collect();
    let usages = || {
        let functions = scenario.functions.iter().zip(parts.iter());
        functions.map(|(function, part)| part.used.usages(function, &spans, together.run_s))
    };
    let accounts = bill::accounts(scenario, spans.len(), usages)?;
    let mut totals = vec![Bill::default(); spans.len()];
    for (function, part) in scenario.functions.iter().zip(parts) {
        let usages = part.used.usages(function, &spans, together.run_s);
        let bills: Vec<Bill> = accounts
            .iter()
            .zip(usages)
            .map(|(account, usage)| account.bill(&usage))
            .collect();
        for (total, bill) in totals.iter_mut().zip(&bills) {
            *total = [*total, *bill].into_iter().sum();
        }
        estimates::add_costs(
            &mut part.summary.estimates,
            &bills,
            together.run_s,
            sections,
        );
        if let Some(series) = &mut part.series {
            series.add_bills(&bills, together.run_s);
        }
    }
    Some(totals)
}

fn counts_of(function: &FunctionOutcome) -> Counts {
    let mut counts = Counts::default();
    for replication in &function.replications {
        counts.add(&replication.counts);
    }
    counts
}

/// Counts of the measurement periods, all replications.
fn in_window(function: &FunctionOutcome) -> Counts {
    let mut counts = Counts::default();
    for replication in &function.replications {
        for period in &replication.periods {
            counts.add(&period.counts);
        }
    }
    counts
}
