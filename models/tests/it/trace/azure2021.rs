//! The reader of the Azure Functions Trace 2021.

use std::io::Read;

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::trace::azure2021::{is_header, read};
use frostline_models::trace::{Table, Trace, TraceError};
use frostline_models::units::{SimDuration, SimTime};
use proptest::prelude::*;

const HEAD: &str = "app,func,end_timestamp,duration\n";

fn parse(text: &[u8]) -> Result<Trace, TraceError> {
    let mut lines = text;
    read(Table {
        name: "events.csv",
        lines: &mut lines,
    })
}

fn recorded(trace: &Trace, function: usize) -> &Recorded {
    match &trace.functions[function].arrivals {
        Arrivals::Recorded(recorded) => recorded,
        other => panic!("invocations gave {other:?}"),
    }
}

#[test]
fn invocations_in_any_order_start_at_their_end_less_their_duration() {
    let text = "\u{feff}app,func, end_timestamp,duration\r\n\
         a,f,10.5,0.5\n\
         a,g,1.25,2.25\r\n\
         b,f,3,7e-05\n\
         \n\
         a,f,5,0";
    let trace = parse(text.as_bytes()).expect("the table is sound");
    let names: Vec<_> = trace.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["a/f", "g", "b/f"]);
    // The earliest start is −1 s.
    let times = |function| recorded(&trace, function).times().to_vec();
    assert_eq!(times(0), [6_000_000_000, 11_000_000_000].map(SimTime));
    assert_eq!(times(1), [SimTime(0)]);
    assert_eq!(times(2), [SimTime(3_999_930_000)]);
    let replayed = recorded(&trace, 0).replayed_durations().unwrap().to_vec();
    assert_eq!(replayed, [0, 500_000_000].map(SimDuration));
    assert_eq!((trace.requests(), trace.duration.0), (4, 11_500_000_000));
    assert!(
        trace.assumptions[0].ends_with("earliest start, which lies before the recording began.")
    );
}

#[test]
#[cfg_attr(not(frostline_data), ignore = "FROSTLINE_DATA is not set")]
fn the_real_sample_is_read_to_the_last_invocation() {
    let data = std::env::var("FROSTLINE_DATA").expect("the build saw it");
    let text = std::fs::read(format!("{data}/azure-functions-2021/events_200.csv")).unwrap();
    let trace = parse(&text).expect("the sample is sound");
    assert_eq!(trace.requests(), 199);
    let sum: u128 = (0..trace.functions.len())
        .flat_map(|function| recorded(&trace, function).durations().unwrap().to_vec())
        .map(|span| u128::from(span.0))
        .sum();
    let text = String::from_utf8(text).unwrap();
    let expected: f64 = text
        .lines()
        .skip(1)
        .map(|line| {
            line.rsplit(',')
                .next()
                .unwrap()
                .trim()
                .parse::<f64>()
                .unwrap()
        })
        .sum();
    let milliseconds = u64::try_from(sum / 1_000_000).unwrap();
    let expected_ms = frostline_models::math::round_to_u64(expected * 1e3);
    assert!(
        milliseconds.abs_diff(expected_ms) <= 1,
        "{milliseconds} of {expected_ms}"
    );
}

#[test]
fn a_malformed_table_is_refused_with_its_place() {
    for (rows, message) in [
        (
            "",
            "events.csv:2: no row below the header, expected at least one invocation",
        ),
        (
            "a,f,1\n",
            "events.csv:2: 3 values in the row, expected 4, one for each column of the header",
        ),
        (
            "a,f,NaN,1\n",
            "events.csv:2, column 3: found `NaN`, expected a number in s below 2⁶³ ns",
        ),
        (
            "a,f,1e99,1\n",
            "events.csv:2, column 3: found `1e99`, expected a number in s below 2⁶³ ns",
        ),
        (
            "a,f,1,-1\n",
            "events.csv:2, column 4: found `-1`, expected a duration in s from 0 to 73 years",
        ),
        (
            "a,f,1,inf\n",
            "events.csv:2, column 4: found `inf`, expected a duration in s from 0 to 73 years",
        ),
        (
            "a,f,1,1e10\n",
            "events.csv:2, column 4: found `1e10`, expected a duration in s from 0 to 73 years",
        ),
        (
            "a,f,-9.2e9,1e9\n",
            "events.csv:2, column 3: found `-9.2e9`, expected a time whose distance from the start is below 2⁶³ ns",
        ),
        (
            "a,f,0,1\na,f,9e9,1\n",
            "events.csv:3: a time too far from the first row's, expected a time within 36 years of it",
        ),
        (
            "a,,1,1\n",
            "events.csv:2, column 2: found ``, expected a name of 1 to 1000 bytes without blanks, quotes and slashes",
        ),
        (
            "a/b,f,1,1\n",
            "events.csv:2, column 1: found `a/b`, expected a name of 1 to 1000 bytes without blanks, quotes and slashes",
        ),
    ] {
        let text = format!("{HEAD}{rows}");
        let error = parse(text.as_bytes()).expect_err(rows);
        assert_eq!(error.to_string(), message);
    }
    for (text, message) in [
        (
            "",
            "events.csv:1: an empty file, expected a line with the column names",
        ),
        (
            "app,func,duration\n",
            "events.csv:1: the column `end_timestamp` is missing, expected a header that names `end_timestamp`",
        ),
        (
            "app,func,end_timestamp,duration,app\n",
            "events.csv:1, column 5: the column `app` stands here a second time, expected a header with one column of that name",
        ),
    ] {
        assert_eq!(parse(text.as_bytes()).expect_err(text).to_string(), message);
    }
    assert!(is_header(HEAD) && !is_header("app,func\n"));
}

#[test]
fn a_line_without_an_end_and_a_torn_archive_are_refused() {
    let mut endless = std::io::BufReader::new(std::io::repeat(b'0').take(1 << 30));
    let table = Table {
        name: "endless",
        lines: &mut endless,
    };
    let error = read(table).expect_err("there is no line").to_string();
    assert!(
        error.contains("a line of more than 1048576 bytes"),
        "{error}"
    );

    let mut packed = Vec::new();
    let rows = format!("{HEAD}{}", "a,f,1,1\n".repeat(5_000));
    let mut encoder = flate2::read::GzEncoder::new(rows.as_bytes(), flate2::Compression::fast());
    encoder.read_to_end(&mut packed).unwrap();
    packed.truncate(packed.len() / 2);
    let unpacked = flate2::read::GzDecoder::new(packed.as_slice());
    let mut torn = std::io::BufReader::new(unpacked);
    let error = read(Table {
        name: "torn.gz",
        lines: &mut torn,
    });
    let error = error.expect_err("half of it is missing").to_string();
    assert!(error.contains("the file cannot be read"), "{error}");
}

proptest! {
    #[test]
    fn damaged_tables_never_panic(damage in proptest::collection::vec((0_usize..60, any::<u8>()), 0..6)) {
        let mut text = format!("{HEAD}a,f,1.5,0.5\nb,f,2,1e-3\n").into_bytes();
        for (place, byte) in damage {
            let place = place % text.len();
            text[place] = byte;
        }
        if let Ok(trace) = parse(&text) {
            prop_assert!(trace.requests() >= 1 && trace.duration.0 > 0);
        }
    }
}
