//! The reader of the Azure Functions Trace 2019: samples of the real trace, printed traces, and hostile
//! input.

mod compact;
mod request_log;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use frostline_models::arrival::{Arrivals, Counts, Placement};
use frostline_models::law::Law;
use frostline_models::trace::azure2019::{Kind, Tables, read};
use frostline_models::trace::{Table, Trace, TraceError};
use frostline_models::units::{Memory, SimDuration};
use proptest::prelude::*;

const DURATIONS: &str = "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,\
    percentile_Average_0,percentile_Average_1,percentile_Average_25,percentile_Average_50,\
    percentile_Average_75,percentile_Average_99,percentile_Average_100\n";

fn parse(
    invocations: &str,
    durations: Option<&str>,
    memory: Option<&str>,
) -> Result<Trace, TraceError> {
    let mut invocations = invocations.as_bytes();
    let mut durations = durations.map(str::as_bytes);
    let mut memory = memory.map(str::as_bytes);
    let tables = Tables {
        invocations: Table {
            name: "invocations.csv",
            lines: &mut invocations,
        },
        durations: durations.as_mut().map(|lines| Table {
            name: "durations.csv",
            lines,
        }),
        memory: memory.as_mut().map(|lines| Table {
            name: "memory.csv",
            lines,
        }),
    };
    read(tables, Placement::Uniform)
}

fn refusal(invocations: &str) -> String {
    match parse(invocations, None, None) {
        Ok(trace) => panic!("{invocations:?} was read as {trace:?}"),
        Err(error) => error.to_string(),
    }
}

fn cells(trace: &Trace, function: usize) -> Vec<(u32, u32)> {
    counts(trace, function).cells().collect()
}

fn counts(trace: &Trace, function: usize) -> &Counts {
    match &trace.functions[function].arrivals {
        Arrivals::Counts(counts) => counts,
        other => panic!("a trace of counts gave {other:?}"),
    }
}

#[test]
#[cfg_attr(not(frostline_data), ignore = "FROSTLINE_DATA is not set")]
fn the_samples_of_the_real_trace_are_read_to_the_last_request() {
    let data = std::env::var_os("FROSTLINE_DATA").expect("the build saw it");
    for (sample, requests) in [(100, 339_657), (500, 3_037_902)] {
        let folder = Path::new(&data).join(format!("azure-functions-2019/{sample}"));
        let open = |name: &str| {
            let file = File::open(folder.join(name)).expect("the sample lies under FROSTLINE_DATA");
            BufReader::new(GzDecoder::new(file))
        };
        let mut files = ["invocations.csv.gz", "durations.csv.gz", "memory.csv.gz"].map(open);
        let [invocations, durations, memory] = &mut files;
        let tables = Tables {
            invocations: Table {
                name: "invocations.csv.gz",
                lines: invocations,
            },
            durations: Some(Table {
                name: "durations.csv.gz",
                lines: durations,
            }),
            memory: Some(Table {
                name: "memory.csv.gz",
                lines: memory,
            }),
        };
        let trace = read(tables, Placement::Uniform).expect("the sample is well-formed");
        assert_eq!(trace.requests(), requests);
        assert_eq!(trace.functions.len(), sample);
        assert_eq!(trace.duration, SimDuration::from_secs(480 * 60));
        assert!(
            trace
                .functions
                .iter()
                .all(|f| f.duration.is_some() && f.memory.is_some())
        );
    }
}

#[test]
fn the_official_layout_gives_memory_by_app_and_leaves_gaps_to_the_defaults() {
    let trace = parse(
        "HashOwner,HashApp,HashFunction,Trigger,1,2,3,4,5,6,7,8,9,10\r\n\
         o,a,f,http,0,0,0,0,0,0,0,0,0,7\r\n\
         o,a,g,timer,1,0,0,0,0,2,0,0,0,0\r\n\
         o,b,g,queue,0,0,0,0,0,0,0,0,0,0\r\n",
        Some(&format!("{DURATIONS}o,a,f,3,10,1,100,2,2,5,4,8,20,90\n")),
        Some(
            "HashOwner,HashApp,SampleCount,AverageAllocatedMb,AverageAllocatedMb_pct50\n\
             o,a,5,170,170.2\no,b,5,1,1\n",
        ),
    )
    .expect("the layout is official");
    let names: Vec<_> = trace.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        names,
        ["f", "o/a/g", "o/b/g"],
        "a hash used twice is qualified"
    );
    assert_eq!(cells(&trace, 0), [(9, 7)]);
    assert_eq!(cells(&trace, 1), [(0, 1), (5, 2)]);
    assert_eq!(cells(&trace, 2), []);
    assert_eq!(trace.functions[0].memory, Some(Memory(171)));
    assert_eq!(
        trace.functions[2].memory,
        Some(Memory(128)),
        "clamped to what is sold"
    );
    assert_eq!(trace.functions[1].duration, None);

    let ms = SimDuration::from_millis;
    let raised = Law::empirical(&[
        (0.0, ms(1)),
        (0.01, ms(2)),
        (0.25, ms(5)),
        (0.5, ms(5)),
        (0.75, ms(8)),
        (0.99, ms(20)),
        (1.0, ms(100)),
    ]);
    assert_eq!(trace.functions[0].duration, raised.ok());
    assert_eq!(
        trace.assumptions,
        [
            "the trace counts invocations per minute; inside a minute they fall at independent, \
             uniformly distributed instants.",
            "durations follow the percentiles of 30-second averages (minimum and maximum are true), \
             linear between them, without cold starts.",
            "2 of 3 functions have no recorded duration and take that of the function defaults.",
            "memory is the median that was allocated, rounded up to a MiB, between 128 and 10240 MiB.",
        ]
    );
}

#[test]
fn a_malformed_table_is_refused_with_its_place() {
    let head = "HashOwner,HashApp,HashFunction,Trigger,480,481,482\n";
    for (table, message) in [
        (
            "",
            "invocations.csv:1: an empty file, expected a line with the column names",
        ),
        (
            head,
            "invocations.csv:2: no row below the header, expected at least one function",
        ),
        (
            "HashOwner,HashApp,Trigger,1\n",
            "invocations.csv:1: the column `HashFunction` is missing, expected a header that names `HashFunction`",
        ),
        (
            "HashOwner,HashApp,HashFunction,Trigger\n",
            "invocations.csv:1: no minutes in the header, expected columns `1` to `1440`, one a minute",
        ),
        (
            "HashOwner,HashApp,HashFunction,Trigger,480,482\n",
            "invocations.csv:1, column 6: found `482`, expected the minute 481, next to the one before",
        ),
        (
            &format!("{head}o,a,f,http,0,1\n"),
            "invocations.csv:2: 6 values in the row, expected 7, one for each column of the header",
        ),
        (
            &format!("{head}o,a,f,http,0,1,"),
            "invocations.csv:2, column 7: found ``, expected a whole number from 0 to 4294967295",
        ),
        (
            &format!("{head}o,a,f,http,0,1,2,3\n"),
            "invocations.csv:2: 8 values in the row, expected 7, one for each column of the header",
        ),
        (
            &format!("{head}o,a\n"),
            "invocations.csv:2: 2 values in the row, expected 7, one for each column of the header",
        ),
        (
            &format!("{head}o,a,f,http,0,-1,2\n"),
            "invocations.csv:2, column 6: found `-1`, expected a whole number from 0 to 4294967295",
        ),
        (
            &format!("{head}o,a,f,http,4294967296,1,2\n"),
            "invocations.csv:2, column 5: found `4294967296`, expected a whole number from 0 to 4294967295",
        ),
        (
            &format!("{head}o,a,f,http,0,many,2\n"),
            "invocations.csv:2, column 6: found `many`, expected a whole number from 0 to 4294967295",
        ),
        (
            &format!("{head}o,a,f,http,0,1,2\no,a,f,http,0,1,2\n"),
            "invocations.csv:3, column 3: the function `f` stands here a second time, expected one row a function",
        ),
        (
            &format!("{head}o,a,\"f\",http,0,1,2\n"),
            "invocations.csv:2, column 3: found `\\\"f\\\"`, expected an identifier without blanks and quotes",
        ),
    ] {
        assert_eq!(refusal(table), message);
    }
}

#[test]
fn malformed_durations_and_memory_are_refused_with_their_place() {
    let invocations = "HashOwner,HashApp,HashFunction,Trigger,1\no,a,f,http,1\n";
    for value in ["-1", "nan", "inf", "", "1e300", "12 ms"] {
        let durations = format!("{DURATIONS}o,a,f,3,10,1,100,2,2,5,{value},8,20,90\n");
        let error = parse(invocations, Some(&durations), None).expect_err("the median is no time");
        assert_eq!((error.line, error.column), (2, Some(11)), "{error}");
        let memory = format!("HashOwner,HashApp,AverageAllocatedMb_pct50\no,a,{value}\n");
        let result = parse(invocations, None, Some(&memory));
        assert_eq!(
            result.is_ok(),
            value == "1e300",
            "`{value}` as memory gave {result:?}"
        );
    }
}

#[test]
fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
    let mut endless = std::io::BufReader::new(std::io::repeat(b'0').take(1 << 30));
    let tables = Tables {
        invocations: Table {
            name: "endless",
            lines: &mut endless,
        },
        durations: None,
        memory: None,
    };
    let error = read(tables, Placement::Uniform).expect_err("there is no line");
    assert_eq!(
        error.to_string(),
        "endless:1: a line of more than 1048576 bytes, expected a table with one row a line"
    );
}

#[test]
fn tables_are_told_apart_by_their_header() {
    let head = "HashOwner,HashApp,HashFunction";
    assert_eq!(
        Kind::of_header(&format!("{head},Trigger,1")),
        Some(Kind::Invocations)
    );
    assert_eq!(Kind::of_header(DURATIONS), Some(Kind::Durations));
    let memory = "\u{feff}HashOwner,HashApp,SampleCount,AverageAllocatedMb_pct50\r\n";
    assert_eq!(Kind::of_header(memory), Some(Kind::Memory));
    assert_eq!(Kind::of_header("app,func,end_timestamp,duration"), None);
}

/// Prints a matrix of counts the way the trace does.
fn printed(first: u32, matrix: &[Vec<u32>]) -> String {
    let minutes = matrix.first().map_or(0, Vec::len);
    let mut text = "HashOwner,HashApp,HashFunction,Trigger".to_owned();
    for minute in (first..).take(minutes) {
        let _ = write!(text, ",{minute}");
    }
    for (index, row) in matrix.iter().enumerate() {
        let _ = write!(text, "\nowner,app,f{index},http");
        for count in row {
            let _ = write!(text, ",{count}");
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_trace_is_read_back_as_it_was(
        first in 0_u32..2000,
        matrix in (1_usize..40).prop_flat_map(|minutes| {
            let count = prop_oneof![6 => Just(0_u32), 2 => 1_u32..100, 1 => any::<u32>()];
            prop::collection::vec(prop::collection::vec(count, minutes), 1..6)
        }),
    ) {
        let trace = parse(&printed(first, &matrix), None, None).expect("a printed trace is whole");
        for (function, row) in matrix.iter().enumerate() {
            let sparse: Vec<_> = (0_u32..).zip(row.iter().copied()).filter(|cell| cell.1 > 0).collect();
            prop_assert_eq!(cells(&trace, function), sparse);
        }
        let total: u64 = matrix.iter().flatten().map(|count| u64::from(*count)).sum();
        prop_assert_eq!(trace.requests(), total);
    }

    #[test]
    fn damaged_tables_never_panic(
        at in 0_usize..200, byte in any::<u8>(), cut in 0_usize..200,
    ) {
        let mut bytes = printed(1, &[vec![0, 0, 0, 0, 0, 12, 0], vec![3, 0, 0, 0, 0, 0, 1]]).into_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(cut);
        let mut lines = bytes.as_slice();
        let invocations = Table { name: "damaged", lines: &mut lines };
        let _ = read(Tables { invocations, durations: None, memory: None }, Placement::Equidistant);
    }
}
