//! The reader of `OpenDC`'s serverless traces.

use frostline_models::arrival::{Arrivals, Placement};
use frostline_models::law::Law;
use frostline_models::trace::opendc::{Reader, is_header};
use frostline_models::trace::{Table, Trace, TraceError};
use frostline_models::units::{Memory, SimDuration};
use proptest::prelude::*;

/// The header as `OpenDC`'s own scripts write it, with their stray blanks.
const HEAD: &str = "Timestamp [ms],Invocations, Avg Exec time per Invocation,Provisioned CPU [Mhz],\
    Provisioned Memory [mb], Avg cpu usage per Invocation [Mhz], Avg mem usage per Invocation [mb]\n";

fn parse(tables: &[(&str, &str)]) -> Result<Trace, TraceError> {
    let mut reader = Reader::default();
    for (name, text) in tables {
        let mut lines = text.as_bytes();
        let file = format!("{name}.csv");
        let table = Table {
            name: &file,
            lines: &mut lines,
        };
        reader.function(name, table)?;
    }
    reader.finish("traces", Placement::Uniform)
}

fn cells(trace: &Trace, function: usize) -> Vec<(u32, u32)> {
    match &trace.functions[function].arrivals {
        Arrivals::Counts(counts) => counts.cells().collect(),
        other => panic!("a table of counts gave {other:?}"),
    }
}

#[test]
fn tables_of_functions_share_an_interval_and_a_time_zero() {
    let first = format!(
        "# made by hand\n{HEAD}120000,3, 80,100, 256,1,1\r\n# a gap\n180000,0,,100,300,1,1\n\n240000,1,120,100,128,1,1"
    );
    let second = format!("{HEAD}60000,0,5,1,20000,0,0\n");
    let third = format!("{HEAD}120000,2,7,1,0,0,0\n180000,5,7,1,0,0,0\n");
    let trace = parse(&[("resize", &first), ("idle", &second), ("same", &third)]).unwrap();
    let names: Vec<_> = trace.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["resize", "idle", "same"]);
    assert_eq!(cells(&trace, 0), [(1, 3), (3, 1)]);
    assert_eq!(cells(&trace, 1), []);
    assert_eq!(cells(&trace, 2), [(1, 2), (2, 5)]);
    assert_eq!(trace.requests(), 11);
    assert_eq!(trace.duration, SimDuration::from_secs(240));
    let memory: Vec<_> = trace.functions.iter().map(|f| f.memory.unwrap()).collect();
    assert_eq!(memory, [300, 10_240, 128].map(Memory));
    let third = 1.0 / 3.0;
    let points = [(0.0, 80), (third, 80), (2.0 * third, 80), (1.0, 120)];
    let points = points.map(|(p, ms)| (p, SimDuration::from_millis(ms)));
    assert_eq!(trace.functions[0].duration, Law::empirical(&points).ok());
    assert_eq!(trace.functions[1].duration, None);
    let constant = Law::Constant(SimDuration::from_millis(7));
    assert_eq!(trace.functions[2].duration, Some(constant));
    assert_eq!(
        trace.assumptions.last().unwrap(),
        "1 of 3 functions have no invocation and so no recorded duration."
    );
}

#[test]
fn a_malformed_trace_is_refused_with_its_place() {
    for (rows, message) in [
        (
            "",
            "f.csv:2: no row below the header, expected at least one interval",
        ),
        (
            "0,1,2\n",
            "f.csv:2: 3 values in the row, expected 7, one for each column of the header",
        ),
        (
            "NaN,1,2,3,4,5,6\n",
            "f.csv:2, column 1: found `NaN`, expected a number in ms below 2⁶³ ns",
        ),
        (
            "0,-1,2,3,4,5,6\n",
            "f.csv:2, column 2: found `-1`, expected a whole number from 0 to 4294967295",
        ),
        (
            "0,,2,3,4,5,6\n",
            "f.csv:2, column 2: found ``, expected a whole number from 0 to 4294967295",
        ),
        (
            "0,4294967296,2,3,4,5,6\n",
            "f.csv:2, column 2: found `4294967296`, expected a whole number from 0 to 4294967295",
        ),
        (
            "0,1,-2,3,4,5,6\n",
            "f.csv:2, column 3: found `-2`, expected a duration in ms from 0 to 73 years",
        ),
        (
            "0,1,1e99,3,4,5,6\n",
            "f.csv:2, column 3: found `1e99`, expected a duration in ms from 0 to 73 years",
        ),
        (
            "0,1,2,3,nan,5,6\n",
            "f.csv:2, column 5: found `nan`, expected a number that is not negative",
        ),
        (
            "0,1,2,3,4,5,6\n0,1,2,3,4,5,6\n",
            "f.csv:3, column 1: found `0`, expected a timestamp after the row before",
        ),
        (
            "0,1,2,3,4,5,6\n60000,1,2,3,4,5,6\n180000,1,2,3,4,5,6\n",
            "f.csv:4, column 1: found `180000`, expected a timestamp 1 min after the row before",
        ),
        (
            "0,1,2,3,4,5,6\n",
            "f.csv:2: one row alone, which does not tell the interval, expected two rows at the least",
        ),
    ] {
        let error = parse(&[("f", &format!("{HEAD}{rows}"))]).expect_err(rows);
        assert_eq!(error.to_string(), message);
    }
    let two = |first: i64, step: i64| {
        format!("{HEAD}{first},1,2,3,4,5,6\n{},1,2,3,4,5,6\n", first + step)
    };
    let minutes = two(0, 60_000);
    for (tables, message) in [
        (&[][..], "traces:1: no function, expected a table with"),
        (
            &[("f", "")],
            "f.csv:1: an empty file, expected a line with the column names",
        ),
        (&[("f", "# nothing\n")], "f.csv:2: an empty file"),
        (
            &[("f", "a,b\n")],
            "f.csv:1: the column `Timestamp [ms]` is missing",
        ),
        (
            &[("f", &minutes), ("f", &minutes)],
            "f.csv:1: the function `f` is here a second time",
        ),
        (
            &[("", &minutes)],
            ".csv:1: the function name ``, expected 1 to 1000 bytes",
        ),
        (
            &[("f", &minutes), ("g", &two(0, 30_000))],
            "g.csv:2: timestamps that do not fit those of the first table, expected all rows of all tables whole times 1 min apart",
        ),
        (
            &[("f", &minutes), ("g", &two(30_000, 60_000))],
            "g.csv:2: timestamps that do not fit",
        ),
        (
            &[("f", &two(0, 1)), ("g", &two(5_000_000_000, 1))],
            "g.csv:2: 5000000002 intervals of 1 ms since the earliest timestamp, expected at most 4294967295",
        ),
    ] {
        let error = parse(tables).expect_err(message).to_string();
        assert!(error.starts_with(message), "{error}");
    }
    assert!(is_header(HEAD) && !is_header("Timestamp [ms],Invocations\n"));
}

proptest! {
    #[test]
    fn damaged_tables_never_panic(damage in proptest::collection::vec((0_usize..400, any::<u8>()), 0..6)) {
        let mut text = format!("{HEAD}0,1,2,3,4,5,6\n60000,1,2,3,4,5,6\n").into_bytes();
        for (place, byte) in damage {
            let place = place % text.len();
            text[place] = byte;
        }
        let mut reader = Reader::default();
        let mut lines = text.as_slice();
        let table = Table { name: "f.csv", lines: &mut lines };
        if reader.function("f", table).is_ok()
            && let Ok(trace) = reader.finish("traces", Placement::Uniform)
        {
            prop_assert!(trace.duration.0 > 0);
        }
    }
}
