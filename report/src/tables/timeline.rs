//! The timeline: a row a minute of a function in which something happened.

use std::io::{self, Write};

use frostline_models::math::{index, to_f64, wide_to_f64};
use frostline_models::scenario::Scenario;
use frostline_stats::timeline::{Minute, Spread};
use parquet::data_type::ByteArray;

use super::layout::{Column, Kind, Layout};
use super::rows::Row;
use super::{Format, Writer};
use crate::summary::Manifest;

/// The layout of the timeline. Names in capitals are metrics of Amazon `CloudWatch` (namespace
/// `AWS/Lambda`) with its meaning and unit, followed by the statistic where there are several.
pub const TIMELINE: Layout = Layout {
    name: "timeline",
    schema: "frostline/timeline/1",
    columns: &[
        Column::new(
            "function",
            Kind::Text,
            "",
            "The function's name in the scenario.",
        ),
        Column::new("replication", Kind::Integer, "", "The replication, from 0."),
        Column::new(
            "minute",
            Kind::Position,
            "min",
            "Whole minutes from the start of the run to that of this minute.",
        ),
        Column::new(
            "span_s",
            Kind::Real,
            "s",
            "Length of the minute: 60 unless the run ends within it.",
        ),
        Column::new(
            "requests",
            Kind::Integer,
            "",
            "Requests that were admitted, refused or dropped: Invocations + Throttles + dropped.",
        ),
        Column::new(
            "Invocations",
            Kind::Integer,
            "",
            "Requests that ran, warm or cold.",
        ),
        Column::new(
            "Errors",
            Kind::Integer,
            "",
            "Invocations that failed; here those cut off by the timeout.",
        ),
        Column::new(
            "Throttles",
            Kind::Integer,
            "",
            "Requests refused for a limit.",
        ),
        Column::new(
            "Duration_Sum",
            Kind::Real,
            "ms",
            "Time the invocations ran, without queue and init, of those that began in this minute.",
        ),
        Column::optional(
            "Duration_Average",
            Kind::Real,
            "ms",
            "Duration_Sum over Invocations; empty without invocations, as the next five.",
        ),
        Column::optional(
            "Duration_Minimum",
            Kind::Real,
            "ms",
            "The shortest duration.",
        ),
        Column::optional(
            "Duration_Maximum",
            Kind::Real,
            "ms",
            "The longest duration.",
        ),
        Column::optional(
            "Duration_p50",
            Kind::Real,
            "ms",
            "The median duration (R-7): exact up to 1,024 invocations a minute, within 0.4 % beyond.",
        ),
        Column::optional(
            "Duration_p90",
            Kind::Real,
            "ms",
            "90 % of the durations are at most this.",
        ),
        Column::optional(
            "Duration_p99",
            Kind::Real,
            "ms",
            "99 % of the durations are at most this.",
        ),
        Column::new(
            "ConcurrentExecutions",
            Kind::Integer,
            "",
            "Requests that ran, or waited for their instance to start, at once at the most.",
        ),
        Column::optional(
            "UnreservedConcurrentExecutions",
            Kind::Integer,
            "",
            "As ConcurrentExecutions, of those that count against the account's unreserved pool; empty for functions with reserved concurrency. CloudWatch gives the sum over functions.",
        ),
        Column::optional(
            "ProvisionedConcurrentExecutions",
            Kind::Integer,
            "",
            "As ConcurrentExecutions, on provisioned instances; empty for functions without.",
        ),
        Column::new(
            "ProvisionedConcurrencyInvocations",
            Kind::Integer,
            "",
            "Invocations on provisioned instances.",
        ),
        Column::new(
            "ProvisionedConcurrencySpilloverInvocations",
            Kind::Integer,
            "",
            "Invocations that found all provisioned instances busy.",
        ),
        Column::optional(
            "ProvisionedConcurrencyUtilization",
            Kind::Real,
            "ratio",
            "ProvisionedConcurrentExecutions over the provisioned instances that were asked for; empty for functions without.",
        ),
        Column::new(
            "cold_starts",
            Kind::Integer,
            "",
            "Invocations that waited for an instance to start.",
        ),
        Column::new(
            "dropped",
            Kind::Integer,
            "",
            "Requests that gave up waiting in the queue.",
        ),
        Column::new(
            "timeouts",
            Kind::Integer,
            "",
            "Invocations cut off by the function's timeout.",
        ),
        Column::new(
            "queue_max",
            Kind::Integer,
            "",
            "Requests in the queue at once at the most.",
        ),
        Column::new(
            "latency_ms_sum",
            Kind::Real,
            "ms",
            "Arrival to response (queue, init and duration) of the invocations that began in this minute.",
        ),
        Column::optional(
            "latency_ms_p50",
            Kind::Real,
            "ms",
            "Their median; as exact as Duration_p50.",
        ),
        Column::optional(
            "latency_ms_p90",
            Kind::Real,
            "ms",
            "90 % of them are at most this.",
        ),
        Column::optional(
            "latency_ms_p99",
            Kind::Real,
            "ms",
            "99 % of them are at most this.",
        ),
        Column::optional("latency_ms_max", Kind::Real, "ms", "The longest of them."),
        Column::new(
            "init_ms_sum",
            Kind::Real,
            "ms",
            "Time that cold starts waited for their instance: every phase, not only the one that Lambda reports as Init Duration.",
        ),
        Column::optional(
            "init_ms_average",
            Kind::Real,
            "ms",
            "init_ms_sum over cold_starts; empty without cold starts.",
        ),
        Column::optional(
            "init_ms_max",
            Kind::Real,
            "ms",
            "The longest of these waits.",
        ),
        Column::new(
            "instances_alive",
            Kind::Real,
            "",
            "Instances that started, served or idled: average over the minute.",
        ),
        Column::new(
            "instances_busy",
            Kind::Real,
            "",
            "Instances that started or served: average over the minute.",
        ),
        Column::new(
            "instances_idle",
            Kind::Real,
            "",
            "Instances that idled: average over the minute.",
        ),
        Column::new(
            "instances_max",
            Kind::Integer,
            "",
            "Instances alive at once at the most.",
        ),
        Column::new(
            "idle_before_s",
            Kind::Real,
            "instance s",
            "Time that instances idled in the minutes without a row since the row before.",
        ),
    ],
};

/// Writes a timeline.
pub struct Timeline<W: Write + Send> {
    writer: Writer<W>,
    functions: Vec<Facts>,
}

/// What rows say about their function.
struct Facts {
    name: ByteArray,
    is_reserved: bool,
    provisioned: u64,
}

impl<W: Write + Send> Timeline<W> {
    /// A timeline of the functions of `scenario`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(
        scenario: &Scenario,
        format: Format,
        manifest: &Manifest,
        file: W,
    ) -> io::Result<Self> {
        let functions = scenario.functions.iter().map(|function| Facts {
            name: ByteArray::from(function.name.as_str()),
            is_reserved: function.reserved.is_some(),
            provisioned: u64::from(function.provisioned.instances),
        });
        Ok(Self {
            writer: Writer::new(&TIMELINE, format, manifest, file)?,
            functions: functions.collect(),
        })
    }

    /// Adds a minute of the function with this index.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn push(&mut self, replication: u32, function: u32, minute: &Minute) -> io::Result<()> {
        let facts = &self.functions[index(function)];
        self.writer.push(|row| {
            row.text(facts.name.clone())
                .integer(u64::from(replication))
                .integer(minute.number)
                .real(to_f64(minute.span_ns) / 1e9);
            cloudwatch(row, minute, facts);
            own(row, minute);
        })
    }

    /// Ends the file; how many rows it has.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> io::Result<u64> {
        self.writer.finish()
    }
}

fn ms(nanoseconds: u64) -> f64 {
    to_f64(nanoseconds) / 1e6
}

fn cloudwatch(row: &mut Row<'_>, minute: &Minute, facts: &Facts) {
    let counts = &minute.counts;
    let Spread {
        sum_ns,
        min_ns,
        max_ns,
        p50_ns,
        p90_ns,
        p99_ns,
    } = minute.duration;
    let sum_ms = wide_to_f64(sum_ns) / 1e6;
    let any = |value: f64| (counts.invocations > 0).then_some(value);
    row.integer(counts.requests)
        .integer(counts.invocations)
        .integer(counts.timeouts)
        .integer(counts.throttles)
        .real(sum_ms)
        .real(any(sum_ms / to_f64(counts.invocations)))
        .real(any(ms(min_ns)))
        .real(any(ms(max_ns)))
        .real(any(ms(p50_ns)))
        .real(any(ms(p90_ns)))
        .real(any(ms(p99_ns)));
    let has_provisioned = facts.provisioned > 0;
    let utilization = to_f64(minute.provisioned_max) / to_f64(facts.provisioned);
    row.integer(minute.concurrent_max)
        .integer((!facts.is_reserved).then_some(minute.on_demand_max))
        .integer(has_provisioned.then_some(minute.provisioned_max))
        .integer(minute.provisioned_invocations)
        .integer(counts.spillovers)
        .real(has_provisioned.then_some(utilization));
}

fn own(row: &mut Row<'_>, minute: &Minute) {
    let counts = &minute.counts;
    let latency = &minute.latency;
    let any = |value: u64| (counts.invocations > 0).then_some(ms(value));
    row.integer(counts.cold_starts)
        .integer(counts.dropped)
        .integer(counts.timeouts)
        .integer(minute.queue_max)
        .real(wide_to_f64(latency.sum_ns) / 1e6)
        .real(any(latency.p50_ns))
        .real(any(latency.p90_ns))
        .real(any(latency.p99_ns))
        .real(any(latency.max_ns));
    let init_ms = wide_to_f64(minute.init_sum_ns) / 1e6;
    let cold = |value: f64| (counts.cold_starts > 0).then_some(value);
    row.real(init_ms)
        .real(cold(init_ms / to_f64(counts.cold_starts)))
        .real(cold(ms(minute.init_max_ns)));
    let mean = |integral: u128| wide_to_f64(integral) / to_f64(minute.span_ns);
    row.real(mean(minute.alive_ns))
        .real(mean(minute.busy_ns))
        .real(mean(minute.alive_ns - minute.busy_ns))
        .integer(minute.instances_max)
        .real(wide_to_f64(minute.idle_before_ns) / 1e9);
}
