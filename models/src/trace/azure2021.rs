//! Reader of the Azure Functions Trace 2021: a row an invocation, with its end and duration.
//!
//! Source: Azure Functions Invocation Trace 2021, Microsoft, `AzurePublicDataset`
//! (<https://github.com/Azure/AzurePublicDataset/blob/master/AzureFunctionsInvocationTrace2021.md>),
//! described in Y. Zhang et al., "Faster and Cheaper Serverless Computing on Harvested Resources",
//! SOSP 2021 (<https://doi.org/10.1145/3477132.3483580>); read 2026-11-24.
//!
//! One table with the columns `app`, `func`, `end_timestamp` and `duration`, both in seconds. The start
//! of an invocation is its end less its duration; the earliest start is time zero, so that invocations
//! that were under way when the recording began keep their place. Rows may come in any order. Every
//! invocation keeps its recorded duration. The trace says nothing of memory and cold starts.
//!
//! ```
//! use frostline_models::trace::{Table, azure2021};
//!
//! let mut rows = "app,func,end_timestamp,duration\na,f,0.5,2\na,g,9,1.25\n".as_bytes();
//! let trace = azure2021::read(Table { name: "events.csv", lines: &mut rows })?;
//! assert_eq!(trace.requests(), 2);
//! assert_eq!(trace.duration.to_string(), "10.5 s");
//! # Ok::<(), frostline_models::trace::TraceError>(())
//! ```

use std::collections::BTreeMap;

use super::columns::{Places, has_all};
use super::instant::TimeUnit;
use super::lines::Lines;
use super::requests::{Recording, Request, Requests};
use super::{Table, Trace, TraceError, TraceFunction};
use crate::arrival::{Arrivals, Recorded};

/// The name of the format in scenario files and on the command line.
pub const FORMAT: &str = "azure-functions-2021";

/// The columns, all of which are read.
const COLUMNS: [&str; 4] = ["app", "func", "end_timestamp", "duration"];
const APP: usize = 0;
const FUNCTION: usize = 1;
const END: usize = 2;
const DURATION: usize = 3;

/// Between app and function in a key: no name has it.
const SEPARATOR: u8 = 0;

/// Whether a table with this first line is one of this format.
pub fn is_header(line: &str) -> bool {
    has_all(line, COLUMNS)
}

/// Reads a trace.
///
/// Functions are named by `func`; those whose `func` occurs in several apps by `app/func`.
///
/// # Errors
/// [`TraceError`] when the table is empty, misses a column, has a truncated or overlong line, a name
/// with blanks, quotes or slashes, or a value that is no number, or a duration that is negative; when
/// there is no invocation, or more than the limits of [the readers](super).
pub fn read(table: Table<'_>) -> Result<Trace, TraceError> {
    let Table { name, lines } = table;
    let mut lines = Lines::new(name, lines);
    let places = Places::find(lines.header()?, COLUMNS)?;
    let mut requests = Requests::default();
    let mut key = Vec::new();
    while let Some(row) = lines.next()? {
        let fields = places.fields(row)?;
        key.clear();
        key.extend(places.name(row, APP, fields[APP])?.bytes());
        key.push(SEPARATOR);
        key.extend(places.name(row, FUNCTION, fields[FUNCTION])?.bytes());
        let duration = places.duration(row, DURATION, fields[DURATION], TimeUnit::Seconds)?;
        let end_ns = places.time(row, END, fields[END], TimeUnit::Seconds)?;
        let Some(time_ns) = end_ns.checked_sub_unsigned(duration.0) else {
            let expected = "a time whose distance from the start is below 2⁶³ ns";
            return Err(places.wrong(row, END, fields[END], expected));
        };
        let request = Request {
            time_ns,
            duration,
            cold: false,
        };
        requests
            .push(&key, request)
            .map_err(|(what, expected)| row.error(None, what.to_owned(), &expected))?;
    }
    if requests.total() == 0 {
        let what = "no row below the header".to_owned();
        return Err(lines.error(what, "at least one invocation"));
    }
    let zero_ns = requests.earliest_ns();
    let recording = Recording {
        durations: true,
        cold: false,
    };
    Ok(Trace {
        format: FORMAT.to_owned(),
        duration: requests.span_from(zero_ns),
        functions: named(requests.recorded(zero_ns, recording).collect()),
        assumptions: assumptions(zero_ns),
    })
}

/// The functions under their shortest names that are unique.
fn named(functions: Vec<(Vec<u8>, Recorded)>) -> Vec<TraceFunction> {
    let parts = |key: &[u8]| {
        let text = String::from_utf8_lossy(key).into_owned();
        match text.split_once(char::from(SEPARATOR)) {
            Some((app, function)) => (app.to_owned(), function.to_owned()),
            None => (String::new(), text),
        }
    };
    let mut apps = BTreeMap::<String, u32>::new();
    for (key, _) in &functions {
        *apps.entry(parts(key).1).or_default() += 1;
    }
    let named = |(key, recorded): (Vec<u8>, Recorded)| {
        let (app, function) = parts(&key);
        let ambiguous = apps.get(&function).is_some_and(|times| *times > 1);
        TraceFunction {
            name: if ambiguous {
                format!("{app}/{function}")
            } else {
                function
            },
            trigger: None,
            arrivals: Arrivals::Recorded(recorded),
            duration: None,
            memory: None,
            init: None,
        }
    };
    functions.into_iter().map(named).collect()
}

fn assumptions(zero_ns: i64) -> Vec<String> {
    let early = if zero_ns < 0 {
        ", which lies before the recording began"
    } else {
        ""
    };
    vec![
        format!(
            "an invocation starts at its end less its duration; time zero is the earliest start{early}."
        ),
        "recorded durations hold no wait for an instance to start.".to_owned(),
        "the trace does not say memory; it is that of the function defaults.".to_owned(),
    ]
}
