//! Any bytes are either a trace or an error with its place, never a panic, whichever reader takes them.
#![no_main]

use frostline_models::arrival::Placement;
use frostline_models::trace::azure2019::{self, Tables};
use frostline_models::trace::huawei2025::{ColdStarts, Reader};
use frostline_models::trace::request_log::{self, Columns};
use frostline_models::trace::{Table, Trace, TraceError, azure2021, opendc};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (kind, mut first, mut second) = input;
    let one = Table {
        name: "one.csv",
        lines: &mut first,
    };
    let two = Table {
        name: "two.csv",
        lines: &mut second,
    };
    let read = match kind % 5 {
        0 => azure2019::read(
            Tables {
                invocations: one,
                durations: Some(two),
                memory: None,
            },
            Placement::Uniform,
        ),
        1 => azure2021::read(one),
        2 => request_log::read(one, &Columns::timed_by("t")),
        3 => functions(one, two),
        _ => requests(one, two),
    };
    match read {
        Ok(trace) => assert!(!trace.functions.is_empty() && trace.duration.0 > 0),
        Err(error) => assert!(error.line > 0),
    }
});

fn functions(one: Table<'_>, two: Table<'_>) -> Result<Trace, TraceError> {
    let mut reader = opendc::Reader::default();
    reader.function("one", one)?;
    reader.function("two", two)?;
    reader.finish("folder", Placement::Uniform)
}

fn requests(one: Table<'_>, two: Table<'_>) -> Result<Trace, TraceError> {
    let mut cold_starts = ColdStarts::default();
    cold_starts.read(one)?;
    let mut reader = Reader::new(cold_starts);
    reader.requests(two)?;
    reader.finish("folder")
}
