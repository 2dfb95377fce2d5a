//! The summary of a simulation: counts, estimates with their intervals, verdicts and doubts.
//!
//! Its serialisation is the JSON that scripts rely on (`frostline/summary/1`). It holds no clock,
//! no path and no thread count, so it is the same bytes wherever it is made.

use std::io;

use frostline_models::math::to_f64;
use frostline_models::scenario::Scenario;
use frostline_stats::estimate::Estimate;
use frostline_stats::outcome::{Counts, RunSpan, SimulationOutcome, WarmUpRule};
use frostline_stats::warning::Warning;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::estimates::Doubts;
use crate::observations::Observations;
use crate::precision::PrecisionReport;
use crate::recorded::RecordedSummary;
use crate::section::Sections;
use crate::series::SeriesOfAll;
use crate::tally::Tally;
use crate::verdict::{SloVerdict, judge};

/// The name and version of the JSON layout.
pub const SCHEMA: &str = "frostline/summary/1";

/// What a simulation has to say.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Name and version of this layout: [`SCHEMA`].
    pub schema: &'static str,
    /// What it takes to make the same numbers again.
    pub manifest: Manifest,
    /// Independent repetitions that the counts are summed over.
    pub replications: u64,
    /// The part of each replication that the estimates are made from.
    pub window: Window,
    /// All functions together.
    pub totals: Totals,
    /// One entry a function, in the scenario's order.
    pub functions: Vec<FunctionSummary>,
    /// One entry an assertion of the scenario, in its order.
    pub slo: Vec<SloVerdict>,
    /// Whether the estimates are as precise as was asked, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionReport>,
    /// Doubts about the numbers.
    pub warnings: Vec<Warning>,
    /// What each section says about all functions together.
    #[serde(skip)]
    pub(crate) observations: Observations,
    /// What each section says about each metric, where the run is to be compared.
    #[serde(skip)]
    pub(crate) series: Option<SeriesOfAll>,
    /// Settings that only the text shows.
    #[serde(skip)]
    pub(crate) heading: Heading,
}

/// What it takes to make the same numbers again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Version of Frostline.
    pub version: String,
    /// Digest of the settled scenario.
    pub scenario: String,
    /// The seed of all random streams.
    pub seed: u64,
}

/// The part of each replication that the estimates are made from. Counts cover the whole run.
///
/// Billed quantities and costs are measured over the window too, then scaled from its length to the
/// simulated span (`cost_usd`, `billed`) or to 730 h (`cost_usd_month`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Window {
    /// End of the warm-up, in seconds since the start of the run.
    pub from_s: f64,
    /// End of the run, in seconds since its start.
    pub to_s: f64,
    /// What the observations are that intervals are made of.
    pub method: Sections,
    /// Why the window begins where it does.
    pub warm_up: WarmUp,
}

/// Why the window begins where it does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WarmUp {
    /// What decided it.
    pub rule: WarmUpName,
    /// Whether the rule got what it wants: the run was long enough for it, and what it looks at
    /// settled.
    pub settled: bool,
    /// Seconds of the run's end that were played once before it, uncounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub played_before_s: Option<f64>,
}

/// What decides how much of the start is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum WarmUpName {
    /// Nothing is left out.
    #[serde(rename = "none")]
    Nothing,
    /// The scenario gives a span.
    #[serde(rename = "fixed")]
    Fixed,
    /// Keep-alive, longest service and longest init: exact for a memoryless pool, a rule of thumb
    /// where arrivals change over time.
    #[serde(rename = "keep-alive+service+init")]
    PoolMemory,
    /// MSER-5 on the means over replications.
    #[serde(rename = "mser-5")]
    Mser5,
    /// The last day was played once before the run.
    #[serde(rename = "previous-day")]
    PreviousDay,
}

impl WarmUp {
    fn of(span: RunSpan) -> Self {
        let enough = span.warm_up_ns >= span.warm_up_wanted_ns;
        let (rule, settled, played_ns) = match span.warm_up_rule {
            WarmUpRule::Nothing => (WarmUpName::Nothing, true, None),
            WarmUpRule::Fixed => (WarmUpName::Fixed, enough, None),
            WarmUpRule::PoolMemory => (WarmUpName::PoolMemory, enough, None),
            WarmUpRule::Mser5 { unsettled } => {
                (WarmUpName::Mser5, enough && unsettled.is_none(), None)
            }
            WarmUpRule::PreviousDay { played_ns } => {
                (WarmUpName::PreviousDay, true, Some(played_ns))
            }
        };
        Self {
            rule,
            settled,
            played_before_s: played_ns.map(|span| to_f64(span) / 1e9),
        }
    }
}

/// Settings that only the text shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) preset: String,
    pub(crate) trace: Option<String>,
}

/// All functions together. In JSON counts and estimates stand side by side.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// Requests by what became of them.
    pub counts: RequestCounts,
    /// What was inferred. The peak of the instances is the sum of the functions' peaks, an upper
    /// bound on the instances alive at once.
    pub estimates: Estimates,
    /// The recording beside the simulation, of the functions that have one.
    pub recorded: Option<RecordedSummary>,
}

/// One function. In JSON counts and estimates stand side by side, so that a metric's path is short:
/// `cold_starts`, `latency_ms.p99`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FunctionSummary {
    /// The function's name in the scenario.
    pub name: String,
    /// Requests by what became of them.
    pub counts: RequestCounts,
    /// What was inferred.
    pub estimates: Estimates,
    /// The recording beside the simulation, where single requests were recorded.
    pub recorded: Option<RecordedSummary>,
}

/// Requests of the whole run by what became of them, warm-up included, summed over replications.
///
/// `requests = invocations + throttles + dropped = completed + failed + rejected + dropped`, since
/// nothing retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RequestCounts {
    /// Requests that arrived.
    pub requests: u64,
    /// Requests that the platform ran, warm or cold.
    pub invocations: u64,
    /// Invocations that waited for an instance to start.
    pub cold_starts: u64,
    /// Invocations that found all provisioned instances busy.
    pub spillovers: u64,
    /// Requests refused for a limit.
    pub throttles: u64,
    /// Requests that gave up waiting in the queue.
    pub dropped: u64,
    /// Invocations that failed, timeouts included, as `CloudWatch` counts them.
    pub errors: u64,
    /// Invocations cut off by the function's timeout.
    pub timeouts: u64,
    /// Requests that ended in a response.
    pub completed: u64,
    /// Requests that ended in an error of the function.
    pub failed: u64,
    /// Requests that ended in a throttle.
    pub rejected: u64,
}

impl From<Counts> for RequestCounts {
    fn from(counts: Counts) -> Self {
        Self {
            requests: counts.requests,
            invocations: counts.invocations,
            cold_starts: counts.cold_starts,
            spillovers: counts.spillovers,
            throttles: counts.throttles,
            dropped: counts.dropped,
            errors: counts.timeouts,
            timeouts: counts.timeouts,
            completed: counts.invocations.saturating_sub(counts.timeouts),
            failed: counts.timeouts,
            rejected: counts.throttles,
        }
    }
}

impl RequestCounts {
    /// Each count with its name in JSON.
    fn named(&self) -> [(&'static str, u64); 11] {
        [
            ("requests", self.requests),
            ("invocations", self.invocations),
            ("cold_starts", self.cold_starts),
            ("spillovers", self.spillovers),
            ("throttles", self.throttles),
            ("dropped", self.dropped),
            ("errors", self.errors),
            ("timeouts", self.timeouts),
            ("completed", self.completed),
            ("failed", self.failed),
            ("rejected", self.rejected),
        ]
    }
}

/// What was inferred about a function, or about all of them, from the window.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Estimates {
    /// Share of the invocations that were cold; `None` without invocations.
    pub cold_ratio: Option<Estimate>,
    /// Share of the requests that were throttled; `None` without requests.
    pub throttle_ratio: Option<Estimate>,
    /// Arrival to response in milliseconds: queue, init and duration, of the invocations.
    pub latency_ms: Quantiles,
    /// Waiting for an instance to start in milliseconds, of the cold starts only.
    pub init_ms: Quantiles,
    /// Instances over time.
    pub instances: Instances,
    /// What is billed, and what is held without being billed, for the simulated span.
    pub billed: Billed,
    /// US dollars for the simulated span; `None` when the price book does not know the region.
    pub cost_usd: Option<Cost>,
    /// US dollars for 730 hours at this load; `None` when the price book does not know the region.
    pub cost_usd_month: Option<MonthlyCost>,
}

/// The mean, and quantiles by definition R-7; `None` where nothing was seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Quantiles {
    /// The mean.
    pub mean: Option<Estimate>,
    /// The median.
    pub p50: Option<Estimate>,
    /// 90 % are at most this.
    pub p90: Option<Estimate>,
    /// 95 % are at most this.
    pub p95: Option<Estimate>,
    /// 99 % are at most this.
    pub p99: Option<Estimate>,
    /// 99.9 % are at most this.
    pub p999: Option<Estimate>,
    /// The longest that was seen: a plain number, since it grows with the length of the run.
    pub max: Option<f64>,
}

/// Instances over time, provisioned ones included.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Instances {
    /// Time average of the instances that start, serve or idle.
    pub mean_alive: Estimate,
    /// Time average of the instances that start or serve.
    pub mean_busy: Estimate,
    /// Time average of the instances that idle.
    pub mean_idle: Estimate,
    /// The most that were alive at once: a plain number, since it grows with the length of the run.
    pub peak: u64,
}

/// Memory times time in GB-seconds (1 GB = 1024 MiB) for the simulated span.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Billed {
    /// Durations and billed init, at the on-demand and at the provisioned rate.
    pub gb_seconds: Estimate,
    /// Provisioned concurrency, for as long as it was allocated.
    pub provisioned_gb_seconds: Estimate,
    /// Idle instances, whoever pays for them.
    pub idle_gb_seconds: Estimate,
}

/// US dollars by what they are paid for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cost {
    /// The fee of each request.
    pub requests: Estimate,
    /// Memory times duration.
    pub compute: Estimate,
    /// Keeping provisioned instances.
    pub provisioned: Estimate,
    /// Responses that leave the region.
    pub egress: Estimate,
    /// Disk, snapshots and whatever else the price book names.
    pub other: Estimate,
    /// All of it.
    pub total: Estimate,
}

/// US dollars for 730 hours.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MonthlyCost {
    /// All of it.
    pub total: Estimate,
}

/// What was found out about a run.
pub(crate) struct Found {
    pub(crate) sections: Sections,
    pub(crate) replications: u64,
    pub(crate) totals: Totals,
    pub(crate) functions: Vec<FunctionSummary>,
    pub(crate) doubts: Doubts,
    pub(crate) observations: Observations,
    pub(crate) series: Option<SeriesOfAll>,
}

impl Summary {
    /// Sums up what the engine handed back for this scenario. Functions are matched by position.
    ///
    /// Where functions are many, a [`Tally`] needs not hold what they did all at once.
    pub fn new(scenario: &Scenario, outcome: &SimulationOutcome, manifest: Manifest) -> Self {
        Self::of(Tally::of_run(scenario, outcome.end_ns), outcome, manifest)
    }

    /// The same, with what a comparison needs (`crate::comparison`).
    pub fn for_comparison(
        scenario: &Scenario,
        outcome: &SimulationOutcome,
        manifest: Manifest,
    ) -> Self {
        let tally = Tally::of_run(scenario, outcome.end_ns).for_comparison();
        Self::of(tally, outcome, manifest)
    }

    fn of(tally: Tally<'_>, outcome: &SimulationOutcome, manifest: Manifest) -> Self {
        for (place, function) in outcome.functions.iter().enumerate() {
            tally.add(place, function.clone());
        }
        tally.summary(outcome.span(), manifest)
    }

    pub(crate) fn put_together(
        scenario: &Scenario,
        span: RunSpan,
        manifest: Manifest,
        found: Found,
    ) -> Self {
        let Found {
            sections,
            replications,
            totals,
            functions,
            doubts,
            observations,
            series,
        } = found;
        let slo = judge(&scenario.slos, &functions);
        let warnings = crate::doubt::warnings(scenario, span, &totals.counts, doubts);
        Self {
            schema: SCHEMA,
            manifest,
            replications,
            precision: scenario
                .run
                .precision
                .as_ref()
                .map(|wanted| PrecisionReport::of(wanted, &totals.estimates, replications)),
            observations,
            series,
            window: Window {
                from_s: to_f64(span.warm_up_ns) / 1e9,
                to_s: to_f64(span.end_ns) / 1e9,
                method: sections,
                warm_up: WarmUp::of(span),
            },
            totals,
            functions,
            slo,
            warnings,
            heading: Heading {
                preset: scenario.platform.preset.clone(),
                trace: scenario
                    .run
                    .trace
                    .as_ref()
                    .map(|trace| trace.format.clone()),
            },
        }
    }

    /// What each section (replication, or batch of a single one) says about a metric of all functions
    /// together, by its path in the JSON: the observations for a comparison of two configurations
    /// under common random numbers (`frostline_stats::paired`). `None` for what is no estimate, and
    /// where some section saw nothing.
    pub fn observations(&self, metric: &str) -> Option<&[f64]> {
        self.observations.get(metric).map(Vec::as_slice)
    }

    /// The JSON that scripts rely on, indented, with a newline at its end.
    ///
    /// # Panics
    /// Never: every key is a string and every number that is not finite becomes `null`.
    pub fn to_json(&self) -> String {
        let mut json = Vec::new();
        self.write_json(&mut json)
            .expect("a summary serialises, because all its keys are strings");
        String::from_utf8(json).expect("JSON is UTF-8")
    }

    /// Writes the JSON of [`Summary::to_json`] piece by piece: of many functions it takes hundreds of
    /// megabytes.
    ///
    /// # Errors
    /// When `writer` fails.
    pub fn write_json(&self, mut writer: impl io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut writer, self)?;
        writer.write_all(b"\n")
    }
}

impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        side_by_side_in(&mut map, &self.counts, &self.estimates)?;
        recorded_in(&mut map, self.recorded.as_ref())?;
        map.end()
    }
}

impl Serialize for FunctionSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        side_by_side_in(&mut map, &self.counts, &self.estimates)?;
        recorded_in(&mut map, self.recorded.as_ref())?;
        map.end()
    }
}

/// The recording has an entry only where there is one.
fn recorded_in<M: SerializeMap>(
    map: &mut M,
    recorded: Option<&RecordedSummary>,
) -> Result<(), M::Error> {
    match recorded {
        Some(recorded) => map.serialize_entry("recorded", recorded),
        None => Ok(()),
    }
}

fn side_by_side_in<M: SerializeMap>(
    map: &mut M,
    counts: &RequestCounts,
    estimates: &Estimates,
) -> Result<(), M::Error> {
    for (name, count) in counts.named() {
        map.serialize_entry(name, &count)?;
    }
    map.serialize_entry("cold_ratio", &estimates.cold_ratio)?;
    map.serialize_entry("throttle_ratio", &estimates.throttle_ratio)?;
    map.serialize_entry("latency_ms", &estimates.latency_ms)?;
    map.serialize_entry("init_ms", &estimates.init_ms)?;
    map.serialize_entry("instances", &estimates.instances)?;
    map.serialize_entry("billed", &estimates.billed)?;
    map.serialize_entry("cost_usd", &estimates.cost_usd)?;
    map.serialize_entry("cost_usd_month", &estimates.cost_usd_month)
}
