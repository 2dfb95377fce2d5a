//! Reader of the Azure Functions Trace 2019: production counts of one day, a minute a column.
//!
//! Source: Azure Functions Trace 2019, Microsoft, `AzurePublicDataset`
//! (<https://github.com/Azure/AzurePublicDataset/blob/master/AzureFunctionsDataset2019.md>), described
//! in M. Shahrad et al., "Serverless in the Wild", USENIX ATC 2020
//! (<https://www.usenix.org/conference/atc20/presentation/shahrad>); read 2026-11-23.
//!
//! Three tables, recognised by their header ([`Kind::of_header`]), not by their names:
//!
//! | table | columns that are read |
//! |---|---|
//! | invocations | `HashOwner HashApp HashFunction [Trigger]`, then one column a minute: counts |
//! | durations | `HashOwner HashApp HashFunction Count Minimum Maximum percentile_Average_{0,1,25,50,75,99,100}`, ms |
//! | memory | `HashOwner HashApp [HashFunction] SampleCount AverageAllocatedMb_pct50` |
//!
//! Minute labels may start anywhere (officially 1, in samples 480) as long as they are contiguous; the
//! first is time zero. Samples made by `InVitro` (<https://github.com/vhive-serverless/invitro>) have no
//! triggers. Memory is a figure of the app officially, of the function in samples.
//!
//! * *Duration*: the trace gives true minimum and maximum, and percentiles of averages over 30 s
//!   windows. The law is linear between the points (0, minimum), (0.01, p1), (0.25, p25), (0.5, p50),
//!   (0.75, p75), (0.99, p99), (1, maximum), each raised to the one before it where averaging broke
//!   their order. Averages understate the spread of single invocations. Cold starts are excluded.
//! * *Memory*: the median of what was allocated, rounded up to a MiB and clamped to 128…10240 MiB, the
//!   sizes that AWS Lambda sells. It is what the app used, not what somebody ordered.
//! * Several days are several runs: the tables of durations and memory belong to one day each.
//!
//! ```
//! use frostline_models::arrival::Placement;
//! use frostline_models::trace::azure2019::{Table, Tables, read};
//!
//! let mut rows = "HashOwner,HashApp,HashFunction,Trigger,1,2,3\no,a,f,http,0,2,1\n".as_bytes();
//! let invocations = Table { name: "invocations.csv", lines: &mut rows };
//! let tables = Tables { invocations, durations: None, memory: None };
//! let trace = read(tables, Placement::Uniform)?;
//! assert_eq!(trace.requests(), 3);
//! assert_eq!(trace.duration.to_string(), "3 min");
//! # Ok::<(), frostline_models::trace::TraceError>(())
//! ```

use std::collections::BTreeMap;

use super::lines::Lines;
use super::{Trace, TraceError, TraceFunction};
use crate::arrival::{Arrivals, Placement};
use crate::math::word;
use crate::units::{NANOS_PER_SECOND, SimDuration};

mod durations;
mod header;
mod invocations;
mod memory;

pub use super::Table;
pub use header::Kind;

/// The name of the format in scenario files and on the command line.
pub const FORMAT: &str = "azure-functions-2019";

/// The length of a column.
const MINUTE: SimDuration = SimDuration::from_secs(60);

/// The tables of one day.
pub struct Tables<'a> {
    /// Who was invoked how often in which minute.
    pub invocations: Table<'a>,
    /// How long invocations took.
    pub durations: Option<Table<'a>>,
    /// How much memory they used.
    pub memory: Option<Table<'a>>,
}

/// Identifies a function: its hash may occur in several apps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    owner: String,
    app: String,
    function: String,
}

/// Reads one day.
///
/// Functions are named by their hash; those whose hash occurs more than once by
/// `owner/app/function`.
///
/// # Errors
/// [`TraceError`] when a table is empty, misses a column, has a truncated or overlong line, a value
/// that is no number, negative or too large, or a function twice; when the minute labels have a gap;
/// when there is no function, or more than [`super::MOST_FUNCTIONS`].
pub fn read(tables: Tables<'_>, placement: Placement) -> Result<Trace, TraceError> {
    let Table { name, lines } = tables.invocations;
    let table = invocations::read(&mut Lines::new(name, lines), placement)?;
    let durations = tables
        .durations
        .map(|table| durations::read(&mut Lines::new(table.name, table.lines)))
        .transpose()?
        .unwrap_or_default();
    let memory = tables
        .memory
        .map(|table| memory::read(&mut Lines::new(table.name, table.lines)))
        .transpose()?
        .unwrap_or_default();

    let mut seen = BTreeMap::<String, u32>::new();
    for row in &table.rows {
        *seen.entry(row.key.function.clone()).or_default() += 1;
    }
    let mut functions = Vec::with_capacity(table.rows.len());
    for row in table.rows {
        let ambiguous = seen.get(&row.key.function).is_some_and(|times| *times > 1);
        let name = if ambiguous {
            format!("{}/{}/{}", row.key.owner, row.key.app, row.key.function)
        } else {
            row.key.function.clone()
        };
        functions.push(TraceFunction {
            name,
            trigger: row.trigger,
            arrivals: Arrivals::Counts(row.counts),
            duration: durations.get(&row.key).cloned(),
            memory: memory.of(&row.key),
            init: None,
        });
    }
    Ok(Trace {
        format: FORMAT.to_owned(),
        duration: SimDuration(u64::from(table.minutes) * 60 * NANOS_PER_SECOND),
        assumptions: assumptions(&functions, placement),
        functions,
    })
}

/// What the trace does not say, in plain sentences.
fn assumptions(functions: &[TraceFunction], placement: Placement) -> Vec<String> {
    let place = match placement {
        Placement::Uniform => "at independent, uniformly distributed instants",
        Placement::Equidistant => "at evenly spaced instants",
        Placement::MinuteStart => "all at its start",
    };
    let all = word(functions.len());
    let without = |is_absent: fn(&TraceFunction) -> bool| {
        word(
            functions
                .iter()
                .filter(|function| is_absent(function))
                .count(),
        )
    };
    let mut sentences = vec![format!(
        "the trace counts invocations per minute; inside a minute they fall {place}."
    )];
    if without(|function| function.trigger.is_none()) > 0 {
        sentences.push("the trace does not say what triggers its functions.".to_owned());
    }
    let unknown = without(|function| function.duration.is_none());
    if unknown < all {
        sentences.push(
            "durations follow the percentiles of 30-second averages (minimum and maximum are true), \
             linear between them, without cold starts."
                .to_owned(),
        );
    }
    if unknown > 0 {
        sentences.push(format!(
            "{unknown} of {all} functions have no recorded duration and take that of the function defaults."
        ));
    }
    let unknown = without(|function| function.memory.is_none());
    if unknown < all {
        sentences.push(
            "memory is the median that was allocated, rounded up to a MiB, between 128 and 10240 MiB."
                .to_owned(),
        );
    }
    if unknown > 0 {
        sentences.push(format!(
            "{unknown} of {all} functions have no recorded memory and take that of the function defaults."
        ));
    }
    sentences
}
