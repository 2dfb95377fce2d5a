//! The invocations: a row a request, or an attempt of one where requests are repeated.

use std::io::{self, Write};

use frostline_models::init::Phase;
use frostline_models::math::index;
use frostline_models::record::{Invocation, Outcome};
use frostline_models::scenario::Scenario;
use parquet::data_type::ByteArray;

use super::layout::{Column, Kind, Layout};
use super::{Format, Writer};
use crate::summary::Manifest;

/// The layout of the invocations. Times are integers in nanoseconds, so that sums are exact.
pub const INVOCATIONS: Layout = Layout {
    name: "invocations",
    schema: "frostline/invocations/1",
    columns: &[
        Column::new(
            "function",
            Kind::Text,
            "",
            "The function's name in the scenario. OpenTelemetry: faas.name.",
        ),
        Column::new("replication", Kind::Integer, "", "The replication, from 0."),
        Column::new(
            "request",
            Kind::Position,
            "",
            "The request, numbered from 0 in order of arrival within its function and replication. OpenTelemetry: faas.invocation_id.",
        ),
        Column::new("attempt", Kind::Integer, "", "The attempt, from 0."),
        Column::optional(
            "parent",
            Kind::Position,
            "",
            "The request that caused this one, in a workflow.",
        ),
        Column::new(
            "arrival_ns",
            Kind::Position,
            "ns",
            "When the request arrived, from the start of the run.",
        ),
        Column::new(
            "outcome",
            Kind::Text,
            "",
            "warm, cold, throttled or dropped.",
        ),
        Column::optional(
            "throttle_reason",
            Kind::Text,
            "",
            "The limit for which the request was refused, in the words of AWS where it has one.",
        ),
        Column::new(
            "cold",
            Kind::Flag,
            "",
            "Whether the request waited for an instance to start. OpenTelemetry: faas.coldstart.",
        ),
        Column::new(
            "spillover",
            Kind::Flag,
            "",
            "Whether it found all provisioned instances busy.",
        ),
        Column::new(
            "timed_out",
            Kind::Flag,
            "",
            "Whether the function's timeout cut it off.",
        ),
        Column::new(
            "queue_ns",
            Kind::Integer,
            "ns",
            "Time in the queue before an instance was asked for or found, or before the request gave up.",
        ),
        Column::optional(
            "init_ns",
            Kind::Integer,
            "ns",
            "Time waited for an instance to start, 0 when warm; empty where nothing ran, as duration_ns and latency_ns.",
        ),
        Column::optional(
            "init_placement_ns",
            Kind::Integer,
            "ns",
            "Finding a host. Phases are given where the request caused the start, each empty where the init has no such phase.",
        ),
        Column::optional(
            "init_network_ns",
            Kind::Integer,
            "ns",
            "Attaching the network.",
        ),
        Column::optional(
            "init_fetch_ns",
            Kind::Integer,
            "ns",
            "Bringing the package to the host.",
        ),
        Column::optional(
            "init_sandbox_ns",
            Kind::Integer,
            "ns",
            "Starting the microVM, container, isolate or process.",
        ),
        Column::optional(
            "init_runtime_ns",
            Kind::Integer,
            "ns",
            "Starting the language runtime.",
        ),
        Column::optional(
            "init_code_ns",
            Kind::Integer,
            "ns",
            "The function's own init.",
        ),
        Column::optional(
            "init_restore_ns",
            Kind::Integer,
            "ns",
            "Restoring a snapshot.",
        ),
        Column::optional(
            "init_total_ns",
            Kind::Integer,
            "ns",
            "The whole init, where its phases are not known.",
        ),
        Column::optional(
            "duration_ns",
            Kind::Integer,
            "ns",
            "From the function's start to its response.",
        ),
        Column::optional(
            "latency_ns",
            Kind::Integer,
            "ns",
            "Arrival to response: queue_ns + init_ns + duration_ns.",
        ),
    ],
};

/// Writes invocations.
pub struct Invocations<W: Write + Send> {
    writer: Writer<W>,
    functions: Vec<ByteArray>,
}

impl<W: Write + Send> Invocations<W> {
    /// Invocations of the functions of `scenario`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(
        scenario: &Scenario,
        format: Format,
        manifest: &Manifest,
        file: W,
    ) -> io::Result<Self> {
        let names = scenario.functions.iter();
        Ok(Self {
            writer: Writer::new(&INVOCATIONS, format, manifest, file)?,
            functions: names
                .map(|function| ByteArray::from(function.name.as_str()))
                .collect(),
        })
    }

    /// Adds an invocation.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn push(&mut self, replication: u32, invocation: &Invocation) -> io::Result<()> {
        let name = &self.functions[index(invocation.function)];
        let (outcome, reason, ran) = match invocation.outcome {
            Outcome::Warm => ("warm", None, true),
            Outcome::Cold => ("cold", None, true),
            Outcome::Throttled(reason) => ("throttled", Some(reason.name()), false),
            Outcome::Dropped => ("dropped", None, false),
        };
        let ran = |value: u64| ran.then_some(value);
        self.writer.push(|row| {
            row.text(name.clone())
                .integer(u64::from(replication))
                .integer(invocation.request)
                .integer(u64::from(invocation.attempt))
                .integer(invocation.parent)
                .integer(invocation.arrival.0)
                .text(ByteArray::from(outcome))
                .text(reason.map(ByteArray::from))
                .flag(invocation.outcome == Outcome::Cold)
                .flag(invocation.spillover)
                .flag(invocation.timed_out)
                .integer(invocation.queue.0)
                .integer(ran(invocation.init.0));
            for phase in Phase::ALL {
                row.integer(span_of(invocation, phase));
            }
            row.integer(ran(invocation.duration.0))
                .integer(ran(invocation.latency().0));
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

/// What a phase took, all its occurrences together.
fn span_of(invocation: &Invocation, phase: Phase) -> Option<u64> {
    let spans = invocation
        .phases
        .iter()
        .filter(|(known, _)| *known == phase);
    spans.map(|(_, span)| span.0).reduce(u64::saturating_add)
}
