//! Production logs: what platforms write down about invocations and their inits.
//!
//! ```text
//!  text lines ────► text ─────┐
//!  platform.* ────► platform ─┼─► sessions ─► InvocationLog { invocations, histograms, omitted }
//!  log exports ───► document ─┘   (joins the lines of an instance)
//!  tables ────────► table, insights ────────► (rows are whole invocations)
//!  traces, metrics ► otlp ; request logs, start-up histograms ► google
//! ```
//!
//! Nothing is opened here: the caller hands over a [`BufRead`] and a name for messages.
//!
//! | format | written by | what it tells |
//! |---|---|---|
//! | `aws-text` | `CloudWatch`, `aws logs tail`, `sam logs`, S3 exports, the runtime interface emulator | init, duration, memory |
//! | `aws-json` | Lambda's JSON log format, Telemetry API | the same, and the kind of init |
//! | `cloudwatch-events` | `aws logs filter-log-events`, `get-log-events` | either of the above, with log streams |
//! | `logs-insights` | Logs Insights as CSV or JSON | one row an invocation |
//! | `lambda-insights` | Lambda Insights, in the embedded metric format | one event an invocation, with memory used |
//! | `lambda-perf` | maxday/lambda-perf, JSON and CSV | Init Durations by runtime, day and memory |
//! | `otlp` | OpenTelemetry's JSON export, `faas.*` | spans with `faas.coldstart`, histogram `faas.init_duration` |
//! | `cloud-run` | Cloud Logging request logs, Cloud Monitoring `startup_latencies` | latency, instance; histograms of starts |
//! | `knative` | the queue proxy's request log | latency, instance |
//! | `csv` | anything with named columns | what its columns say |
//!
//! # What must not be fitted blindly
//!
//! An Init Duration is logged for provisioned and for proactively started instances too, although
//! nobody waited ([`InitKind`]); an init that failed is run again inside the invocation and leaves no
//! Init Duration; one that was cut off at 10 s is at least that long ([`LoggedInit::cut_off`]). All are kept
//! apart, and [`InvocationLog::omitted`] counts what was left out and why.
//!
//! ```
//! use frostline_models::invocation_log::{self, InitKind};
//!
//! let mut lines = "REPORT RequestId: 8f5e\tInit Duration: 170.13 ms\tDuration: 8.40 ms\t\
//!                  Billed Duration: 179 ms\tMemory Size: 128 MB\tMax Memory Used: 66 MB\t\n".as_bytes();
//! let log = invocation_log::read("app.log", &mut lines, None).unwrap();
//! let invocation = &log.invocations[0];
//! let init = invocation.init.unwrap();
//! assert_eq!((init.kind, init.ms), (InitKind::OnDemand, 170.13));
//! assert_eq!((invocation.duration_ms, invocation.memory_mb), (Some(8.4), Some(128)));
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufRead;

use serde::Serialize;

use crate::scenario::{Architecture, PackageKind};

mod document;
mod google;
mod insights;
mod otlp;
mod performance;
mod platform;
mod print;
mod requests;
mod sessions;
mod source;
mod table;
mod text;

pub use requests::OPENING_MS;
pub use table::Columns;

/// The longest line that is read, in bytes.
pub const LINE_MAX: u64 = 4 << 20;

/// The largest JSON document that is read whole, in bytes; JSON Lines have no such limit.
pub const DOCUMENT_MAX: u64 = 256 << 20;

/// The most invocations that one log gives.
pub const INVOCATIONS_MAX: usize = 20_000_000;

/// The time at which AWS Lambda cuts off an init on demand, in ms (AWS Lambda developer guide,
/// "Lambda runtime environment lifecycle", read 2026-10): sure.
pub const INIT_LIMIT_MS: f64 = 10_000.0;

/// A log format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Text lines of AWS Lambda.
    AwsText,
    /// JSON events of AWS Lambda, one a line or in a list.
    AwsJson,
    /// `CloudWatch`'s JSON export of log events.
    CloudwatchEvents,
    /// Rows of a Logs Insights query.
    LogsInsights,
    /// Events of Lambda Insights.
    LambdaInsights,
    /// maxday/lambda-perf's results.
    LambdaPerf,
    /// OpenTelemetry in JSON.
    Otlp,
    /// Cloud Run's request logs and start-up histograms.
    CloudRun,
    /// Knative's request logs.
    Knative,
    /// A table with named columns.
    Csv,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 10] = [
        Self::AwsText,
        Self::AwsJson,
        Self::CloudwatchEvents,
        Self::LogsInsights,
        Self::LambdaInsights,
        Self::LambdaPerf,
        Self::Otlp,
        Self::CloudRun,
        Self::Knative,
        Self::Csv,
    ];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsText => "aws-text",
            Self::AwsJson => "aws-json",
            Self::CloudwatchEvents => "cloudwatch-events",
            Self::LogsInsights => "logs-insights",
            Self::LambdaInsights => "lambda-insights",
            Self::LambdaPerf => "lambda-perf",
            Self::Otlp => "otlp",
            Self::CloudRun => "cloud-run",
            Self::Knative => "knative",
            Self::Csv => "csv",
        }
    }
}

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InvocationLog {
    /// The format that was found.
    pub format: Option<Format>,
    /// The invocations in the order of the log.
    pub invocations: Vec<LoggedInvocation>,
    /// Starts that are known only by counts between bounds.
    pub histograms: Vec<InitHistogram>,
    /// What was left out, and how often.
    pub omitted: BTreeMap<Omission, u64>,
    /// What the reader had to assume, in sentences.
    pub assumptions: Vec<String>,
    /// Lines or records that were read.
    pub records: u64,
}

/// One invocation of a log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoggedInvocation {
    /// When it ended, in ms since 1970 (UTC).
    pub end_ms: Option<f64>,
    /// The instance that ran it: a log stream, a container's name.
    pub instance: Option<String>,
    /// The function.
    pub function: Option<String>,
    /// The request's id.
    pub request: Option<String>,
    /// The init that it came after, if it was the first of its instance.
    pub init: Option<LoggedInit>,
    /// Whether it was a cold start, where the log says so or an init implies it.
    pub cold: Option<bool>,
    /// The function's own time, in ms.
    pub duration_ms: Option<f64>,
    /// The billed time, in ms.
    pub billed_ms: Option<f64>,
    /// Memory size in MB (AWS's MB are MiB).
    pub memory_mb: Option<u32>,
    /// Memory that was used at most, in MB.
    pub max_memory_mb: Option<f64>,
    /// The runtime, as the log names it.
    pub runtime: Option<String>,
    /// The CPU architecture.
    pub architecture: Option<Architecture>,
    /// How the package was made.
    pub package: Option<PackageKind>,
    /// How it ended.
    pub status: Status,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Well, or the log says nothing else.
    #[default]
    Success,
    /// With an error.
    Error,
    /// Cut off by its timeout.
    Timeout,
}

/// An init as a log tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoggedInit {
    /// What kind of init it was.
    pub kind: InitKind,
    /// How long it took, in ms.
    pub ms: f64,
    /// Whether it was cut off: the true time is at least as long.
    pub cut_off: bool,
}

/// Kinds of init, by who waited for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitKind {
    /// A request waited for it.
    OnDemand,
    /// A request waited while a snapshot was restored.
    Restore,
    /// An instance of provisioned concurrency: nobody waited.
    Provisioned,
    /// The platform started an instance before any request came: nobody waited.
    Proactive,
}

impl InitKind {
    /// Whether a request waited for it.
    pub fn was_waited_for(self) -> bool {
        matches!(self, Self::OnDemand | Self::Restore)
    }
}

/// Starts counted between bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct InitHistogram {
    /// The function or service.
    pub function: Option<String>,
    /// (lower bound, upper bound, count) in ms; the upper bound of the last may be infinite.
    pub cells: Vec<(f64, f64, u64)>,
}

/// Why something was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Omission {
    /// An init of provisioned concurrency.
    ProvisionedInit,
    /// An init before any request came.
    ProactiveInit,
    /// An init that failed; it was run again inside the invocation, whose duration holds it.
    FailedInit,
    /// A line or record of another kind: the function's own logs.
    OtherRecord,
    /// A record of the right kind without the time it is about.
    NoTime,
}

impl Omission {
    /// What was left out, for a count before it: `12 inits of …`.
    pub fn text(self) -> &'static str {
        match self {
            Self::ProvisionedInit => "inits of provisioned instances: nobody waited for them",
            Self::ProactiveInit => "inits before any request came: nobody waited for them",
            Self::FailedInit => {
                "inits that failed and were run again inside the invocation, whose duration holds them"
            }
            Self::OtherRecord => "lines or records of other kinds",
            Self::NoTime => "records without a time",
        }
    }
}

/// A log that could not be read: where, what stands there, and what should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1; `None` for a document as a whole.
    pub line: Option<u64>,
    /// What was found, a lower-case fragment.
    pub what: String,
    /// What would have been accepted.
    pub expected: String,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            what,
            expected,
        } = self;
        match line {
            Some(line) => write!(f, "{file}:{line}: {what}, expected {expected}"),
            None => write!(f, "{file}: {what}, expected {expected}"),
        }
    }
}

impl std::error::Error for LogError {}

impl InvocationLog {
    fn omit(&mut self, why: Omission) {
        *self.omitted.entry(why).or_insert(0) += 1;
    }

    /// Adds another log, as if both were one.
    pub fn join(&mut self, other: Self) {
        self.format = self.format.or(other.format);
        self.invocations.extend(other.invocations);
        self.histograms.extend(other.histograms);
        for (why, times) in other.omitted {
            *self.omitted.entry(why).or_insert(0) += times;
        }
        for assumption in other.assumptions {
            if !self.assumptions.contains(&assumption) {
                self.assumptions.push(assumption);
            }
        }
        self.records += other.records;
    }

    /// Whether it holds nothing to learn from.
    pub fn is_empty(&self) -> bool {
        self.invocations.is_empty() && self.histograms.is_empty()
    }
}

/// Reads a log. Without a format, its first line tells which it is.
///
/// # Errors
/// When the input cannot be read, is larger than the limits, is not of its format, or holds no
/// invocation and no histogram.
pub fn read(
    name: &str,
    input: &mut dyn BufRead,
    format: Option<Format>,
) -> Result<InvocationLog, LogError> {
    read_with(name, input, format, &Columns::default())
}

/// Reads a log whose columns, if it is a table, have names of their own.
///
/// # Errors
/// As [`read`], and when a named column does not exist.
pub fn read_with(
    name: &str,
    input: &mut dyn BufRead,
    format: Option<Format>,
    columns: &Columns,
) -> Result<InvocationLog, LogError> {
    let mut lines = source::Lines::new(name, input);
    let Some(first) = lines.next()? else {
        return Err(lines.error("an empty file".to_owned(), "a log with at least one line"));
    };
    let is_json = first.starts_with(['{', '[']);
    let mut log = match format {
        Some(Format::AwsText) => text::read(first, &mut lines)?,
        None if !is_json && !table::is_header(&first) => text::read(first, &mut lines)?,
        Some(Format::Csv) if !is_json => table::read(&first, &mut lines, columns)?,
        _ if !is_json => table::read_known(&first, &mut lines, format, columns)?,
        _ => document::read(first, &mut lines, format)?,
    };
    log.records = log.records.max(1);
    if log.is_empty() {
        let wanted = format.map_or("one of the known formats", Format::name);
        return Err(LogError {
            file: name.to_owned(),
            line: None,
            what: format!("no invocation in {} records", log.records),
            expected: format!("a log ({wanted}) that tells inits or durations"),
        });
    }
    Ok(log)
}
