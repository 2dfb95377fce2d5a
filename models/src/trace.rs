//! Recorded traces: the arrivals of real functions, and what the recording says about them.
//!
//! A reader turns the lines of its format into a [`Trace`]. It opens no files (the caller hands it
//! [`std::io::BufRead`]s), keeps only cells that are not zero, and is strict: a line that it does not
//! understand is a [`TraceError`] with file, line and column, never a guess. What the format does not
//! say and the reader had to assume stands in [`Trace::assumptions`], in plain sentences, and is
//! printed with every result.
//!
//! | format | reader | what it holds |
//! |---|---|---|
//! | `azure-functions-2019` | [`azure2019`] | counts a minute, quantiles of durations and memory |
//! | `request-log` | [`request_log`] | single requests, with durations and cold starts where it has them |
//! | `frostline` | [`compact`] | any of the above, converted once into few bytes |

use std::io::BufRead;

use crate::arrival::Arrivals;
use crate::init::Init;
use crate::law::Law;
use crate::units::{Memory, SimDuration};

pub mod azure2019;
pub mod compact;
mod instant;
mod lines;
mod quoted;
pub mod request_log;
mod requests;
pub mod synth;

pub use instant::TimeUnit;

/// The names of the formats, as in scenario files and on the command line.
pub const FORMATS: [&str; 3] = [azure2019::FORMAT, request_log::FORMAT, compact::FORMAT];

/// The longest line that a reader takes, in bytes: a row of one day has about 3 kB.
pub const LONGEST_LINE: u64 = 1 << 20;

/// The most functions that a reader takes: the whole of Azure Functions 2019 has about 50,000 a day.
pub const MOST_FUNCTIONS: usize = 1_000_000;

/// The most single requests that a reader takes; each needs 17 bytes, twice that while it is read.
pub const MOST_REQUESTS: u64 = 200_000_000;

/// The longest name of a function, in bytes.
pub const LONGEST_NAME: usize = 1_000;

/// One table of a trace: how errors shall name it, and its lines.
pub struct Table<'a> {
    /// The name of the file in errors.
    pub name: &'a str,
    /// The text, already unpacked.
    pub lines: &'a mut dyn BufRead,
}

/// A recorded trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The name of the format, as in a scenario file: `azure-functions-2019`.
    pub format: String,
    /// The recorded span; greater than zero.
    pub duration: SimDuration,
    /// The functions in the order of the file, at least one, with distinct names.
    pub functions: Vec<TraceFunction>,
    /// What the reader assumed because the trace does not say it, in plain sentences.
    pub assumptions: Vec<String>,
}

/// One function of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceFunction {
    /// The name, unique in the trace.
    pub name: String,
    /// What starts it (`http`, `timer`, `queue`, …), where the trace says so.
    pub trigger: Option<String>,
    /// When requests come.
    pub arrivals: Arrivals,
    /// Duration of an invocation; `None` where the trace does not say it, or says it of every request
    /// ([`crate::arrival::Recorded::durations`]).
    pub duration: Option<Law>,
    /// Memory size; `None` where the trace does not say it.
    pub memory: Option<Memory>,
    /// Init of an instance; `None` where the trace does not say it.
    pub init: Option<Init>,
}

impl Trace {
    /// All recorded requests.
    pub fn requests(&self) -> u64 {
        let recorded = |function: &TraceFunction| match &function.arrivals {
            Arrivals::Counts(counts) => counts.total(),
            Arrivals::Recorded(recorded) => recorded.total(),
            _ => 0,
        };
        self.functions.iter().map(recorded).sum()
    }
}

impl TraceFunction {
    /// Duration of an invocation as a law: the one that is told, or else that of the recorded
    /// durations.
    pub fn duration_law(&self) -> Option<Law> {
        let recorded = || match &self.arrivals {
            Arrivals::Recorded(recorded) => recorded.duration_law(),
            _ => None,
        };
        self.duration.clone().or_else(recorded)
    }
}

/// A trace that could not be read: where, what stands there, and what should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}{}: {what}, expected {expected}", column.map(|column| format!(", column {column}")).unwrap_or_default())]
pub struct TraceError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column of the table, from 1, where one is to blame.
    pub column: Option<usize>,
    /// What was found, a lower-case fragment with the value.
    pub what: String,
    /// What would have been accepted.
    pub expected: String,
}
