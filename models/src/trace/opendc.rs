//! Reader of `OpenDC`'s serverless traces: a table a function, a row an interval.
//!
//! Source: S. Jounaid, "`OpenDC` Serverless: Design, Implementation and Evaluation of a `FaaS` Platform
//! Simulator", 2020 (<https://github.com/atlarge-research/opendc-serverless>, traces
//! <https://zenodo.org/record/4046675>); the format as its simulator reads it, seen 2026-11-24.
//!
//! The columns that are read are `Timestamp [ms]`, `Invocations`, `Avg Exec time per Invocation` (ms)
//! and `Provisioned Memory [mb]`. Blanks around names and values do not count, and lines that begin
//! with `#` are comments. CPU, and memory as it was used, are not read.
//!
//! * *Arrivals*: counts of the interval that begins at the timestamp. All rows of all tables are the
//!   same interval apart; the earliest timestamp is time zero.
//! * *Duration*: the quantiles of the intervals' averages, each as often as it has invocations. The
//!   average of an interval without invocations is not read. Averages understate the spread of single
//!   invocations.
//! * *Memory*: the most that was provisioned, clamped to 128…10240 MiB, the sizes that AWS Lambda
//!   sells. A MB is taken for a MiB.
//!
//! ```
//! use frostline_models::arrival::Placement;
//! use frostline_models::trace::{Table, opendc::Reader};
//!
//! let mut rows = "Timestamp [ms],Invocations, Avg Exec time per Invocation,Provisioned Memory [mb]\n\
//!                 0,3,80,256\n60000,0,0,256\n".as_bytes();
//! let mut reader = Reader::default();
//! reader.function("resize", Table { name: "resize.csv", lines: &mut rows })?;
//! let trace = reader.finish("traces", Placement::Uniform)?;
//! assert_eq!((trace.requests(), trace.duration.to_string().as_str()), (3, "2 min"));
//! # Ok::<(), frostline_models::trace::TraceError>(())
//! ```

use std::collections::BTreeSet;

use super::columns::{Places, has_all};
use super::instant::TimeUnit;
use super::lines::{Lines, Row};
use super::sizes::sold;
use super::weighted;
use super::{LONGEST_NAME, MOST_FUNCTIONS, MOST_REQUESTS, Table, Trace, TraceError, TraceFunction};
use crate::arrival::{Arrivals, Counts, Placement};
use crate::law::Law;
use crate::math::word;
use crate::units::{Memory, SimDuration};

/// The name of the format in scenario files and on the command line.
pub const FORMAT: &str = "opendc";

/// The columns that are read.
const COLUMNS: [&str; 4] = [
    "Timestamp [ms]",
    "Invocations",
    "Avg Exec time per Invocation",
    "Provisioned Memory [mb]",
];
const TIME: usize = 0;
const INVOCATIONS: usize = 1;
const DURATION: usize = 2;
const MEMORY: usize = 3;

/// Whether a table with this first line is one of this format.
pub fn is_header(line: &str) -> bool {
    has_all(line, COLUMNS)
}

/// Reads one function after the other.
#[derive(Debug, Default)]
pub struct Reader {
    functions: Vec<Intervals>,
    names: BTreeSet<String>,
    /// Cells of all functions.
    cells: u64,
}

/// What one table says.
#[derive(Debug)]
struct Intervals {
    file: String,
    name: String,
    /// The line of the first row.
    line: u64,
    first_ns: i64,
    /// The distance of its rows; `None` when there is one alone.
    step: Option<u64>,
    rows: u64,
    /// (number of the row, count above zero).
    cells: Vec<(u32, u32)>,
    duration: Option<Law>,
    memory: Memory,
}

impl Reader {
    /// Reads the table of the function `name`.
    ///
    /// # Errors
    /// [`TraceError`] when the function was read before or its name is empty or too long; when the
    /// table is empty, misses a column, or has a truncated or overlong line, a value that is no number,
    /// negative or too large, or rows that are not the same time apart; when there are more functions
    /// or rows than the limits of [the readers](super).
    pub fn function(&mut self, name: &str, table: Table<'_>) -> Result<(), TraceError> {
        let Table { name: file, lines } = table;
        let mut lines = Lines::new(file, lines);
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
            let what = format!("the function name `{}`", name.escape_debug());
            let expected = format!("1 to {LONGEST_NAME} bytes without control characters");
            return Err(lines.error(what, &expected));
        }
        if !self.names.insert(name.to_owned()) {
            let what = format!("the function `{name}` is here a second time");
            return Err(lines.error(what, "one table a function"));
        }
        if self.functions.len() == MOST_FUNCTIONS {
            let what = format!("more than {MOST_FUNCTIONS} functions");
            return Err(lines.error(what, "a smaller trace"));
        }
        let left = MOST_REQUESTS - self.cells;
        let function = intervals(&mut lines, file, name, left)?;
        self.cells += word(function.cells.len());
        self.functions.push(function);
        Ok(())
    }

    /// The trace of all functions that were read. Errors that are not about a table name `folder`.
    ///
    /// # Errors
    /// [`TraceError`] when there is no function, when no table has two rows and so tells the interval,
    /// when the rows of some table do not fit the interval of the first, or the whole is longer than
    /// the clock.
    pub fn finish(self, folder: &str, placement: Placement) -> Result<Trace, TraceError> {
        let error = |file: &str, line, what: String, expected: &str| TraceError {
            file: file.to_owned(),
            line,
            column: None,
            what,
            expected: expected.to_owned(),
        };
        let Some(first) = self.functions.first() else {
            let expected = "a table with `Timestamp [ms]` and `Invocations` for each function";
            return Err(error(folder, 1, "no function".to_owned(), expected));
        };
        let Some(step) = self.functions.iter().find_map(|function| function.step) else {
            let what = "one row alone, which does not tell the interval".to_owned();
            return Err(error(
                &first.file,
                first.line,
                what,
                "two rows at the least",
            ));
        };
        let starts = self.functions.iter().map(|function| function.first_ns);
        let zero_ns = starts.min().unwrap_or(0);
        let interval = SimDuration(step);
        let mut functions = Vec::with_capacity(self.functions.len());
        let mut intervals = 0;
        for function in self.functions {
            let since = function.first_ns.abs_diff(zero_ns);
            let fits = function.step.is_none_or(|own| own == step) && since.is_multiple_of(step);
            if !fits {
                let what = "timestamps that do not fit those of the first table".to_owned();
                let expected = format!("all rows of all tables whole times {interval} apart");
                return Err(error(&function.file, function.line, what, &expected));
            }
            let skipped = since / step;
            let end = skipped + function.rows;
            let longest = (SimDuration::MAX.0 / step).min(u64::from(u32::MAX));
            if end > longest {
                let what = format!("{end} intervals of {interval} since the earliest timestamp");
                let expected = format!("at most {longest}");
                return Err(error(&function.file, function.line, what, &expected));
            }
            intervals = end.max(intervals);
            functions.push(function.placed(skipped, interval, placement));
        }
        Ok(Trace {
            format: FORMAT.to_owned(),
            duration: SimDuration(intervals * step),
            assumptions: assumptions(&functions, interval, placement),
            functions,
        })
    }
}

impl Intervals {
    fn placed(self, skipped: u64, interval: SimDuration, placement: Placement) -> TraceFunction {
        let skipped = u32::try_from(skipped).unwrap_or(u32::MAX);
        let cells = self.cells.into_iter();
        let cells = cells.map(|(row, count)| (row.saturating_add(skipped), count));
        TraceFunction {
            name: self.name,
            trigger: None,
            arrivals: Arrivals::Counts(Counts::new(interval, placement, cells)),
            duration: self.duration,
            memory: Some(self.memory),
            init: None,
        }
    }
}

/// A row's figures.
struct Figures {
    time_ns: i64,
    invocations: u32,
    duration: SimDuration,
    mib: f64,
}

fn intervals(
    lines: &mut Lines<'_>,
    file: &str,
    name: &str,
    left: u64,
) -> Result<Intervals, TraceError> {
    let mut places = None;
    let mut before: Option<i64> = None;
    let mut all = Intervals {
        file: file.to_owned(),
        name: name.to_owned(),
        line: 0,
        first_ns: 0,
        step: None,
        rows: 0,
        cells: Vec::new(),
        duration: None,
        memory: sold(0.0),
    };
    let mut durations = Vec::new();
    let mut most_mib = 0_f64;
    while let Some(row) = lines.next()? {
        if row.bytes.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        let Some(places) = &places else {
            places = Some(Places::find(row, COLUMNS)?);
            continue;
        };
        let figures = figures(places, row)?;
        match before {
            None => (all.first_ns, all.line) = (figures.time_ns, row.line()),
            Some(before) => all.step = Some(step(places, row, before, figures.time_ns, all.step)?),
        }
        before = Some(figures.time_ns);
        if figures.invocations > 0 {
            if word(all.cells.len()) == left {
                let what = format!("more than {MOST_REQUESTS} rows with invocations");
                return Err(row.error(None, what, "a smaller trace"));
            }
            let Ok(number) = u32::try_from(all.rows) else {
                return Err(row.error(None, "too many rows".to_owned(), "at most 4294967295"));
            };
            all.cells.push((number, figures.invocations));
            durations.push((figures.duration, figures.invocations));
        }
        most_mib = most_mib.max(figures.mib);
        all.rows += 1;
    }
    if places.is_none() {
        return Err(lines.error("an empty file".to_owned(), "a line with the column names"));
    }
    if all.rows == 0 {
        let what = "no row below the header".to_owned();
        return Err(lines.error(what, "at least one interval"));
    }
    all.duration = weighted::law(durations);
    all.memory = sold(most_mib);
    Ok(all)
}

fn figures(places: &Places<4>, row: Row<'_>) -> Result<Figures, TraceError> {
    let fields = places.fields(row)?;
    let count = fields[INVOCATIONS];
    let digits = count.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(count).ok().filter(|_| digits);
    let Some(invocations) = text.and_then(|text| text.parse::<u32>().ok()) else {
        let expected = "a whole number from 0 to 4294967295";
        return Err(places.wrong(row, INVOCATIONS, count, expected));
    };
    let duration = if invocations > 0 {
        places.duration(row, DURATION, fields[DURATION], TimeUnit::Milliseconds)?
    } else {
        SimDuration::ZERO
    };
    Ok(Figures {
        time_ns: places.time(row, TIME, fields[TIME], TimeUnit::Milliseconds)?,
        invocations,
        duration,
        mib: row.number(places.place(MEMORY), fields[MEMORY])?,
    })
}

/// The distance of a row from the one before, which is that of all rows.
fn step(
    places: &Places<4>,
    row: Row<'_>,
    before: i64,
    time_ns: i64,
    due: Option<u64>,
) -> Result<u64, TraceError> {
    let step = time_ns.abs_diff(before);
    if time_ns > before && due.is_none_or(|due| due == step) && step <= SimDuration::MAX.0 {
        return Ok(step);
    }
    let expected = match due {
        Some(due) => format!("a timestamp {} after the row before", SimDuration(due)),
        None => "a timestamp after the row before".to_owned(),
    };
    let field = places.fields(row)?[TIME];
    Err(places.wrong(row, TIME, field, &expected))
}

fn assumptions(
    functions: &[TraceFunction],
    interval: SimDuration,
    placement: Placement,
) -> Vec<String> {
    let place = match placement {
        Placement::Uniform => "at independent, uniformly distributed instants",
        Placement::Equidistant => "at evenly spaced instants",
        Placement::MinuteStart => "all at its start",
    };
    let mut sentences = vec![
        format!(
            "the trace counts invocations per {interval} from the timestamp on; inside they fall {place}."
        ),
        "durations follow the averages of the intervals, each as often as it has invocations."
            .to_owned(),
        "memory is the most that was provisioned, a MB as a MiB, between 128 and 10240 MiB."
            .to_owned(),
    ];
    let silent = functions
        .iter()
        .filter(|function| function.duration.is_none());
    let silent = silent.count();
    if silent > 0 {
        sentences.push(format!(
            "{silent} of {} functions have no invocation and so no recorded duration.",
            functions.len()
        ));
    }
    sentences
}
