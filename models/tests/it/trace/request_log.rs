//! The reader of request logs: what is read, what must be said, and what is refused.

use std::fmt::Write as _;
use std::io::Read;

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::math::word;
use frostline_models::trace::request_log::{Columns, read};
use frostline_models::trace::{Table, TimeUnit, Trace, TraceError};
use frostline_models::units::{SimDuration, SimTime};
use proptest::prelude::*;

fn parse(text: &[u8], columns: &Columns) -> Result<Trace, TraceError> {
    let mut lines = text;
    let table = Table {
        name: "log.csv",
        lines: &mut lines,
    };
    read(table, columns)
}

fn all_columns() -> Columns {
    let name = |text: &str| Some(text.to_owned());
    Columns {
        end: name("end"),
        duration: name("took"),
        function: name("name"),
        cold: name("cold"),
        duration_unit: TimeUnit::Milliseconds,
        ..Columns::timed_by("at")
    }
}

fn requests(trace: &Trace, function: usize) -> &Recorded {
    match &trace.functions[function].arrivals {
        Arrivals::Recorded(recorded) => recorded,
        other => panic!("a log gave {other:?}"),
    }
}

fn seconds(times: &[f64]) -> Vec<SimTime> {
    let nanos = |time: &f64| SimTime(SimDuration::parse(&format!("{time} s")).unwrap().0);
    times.iter().map(nanos).collect()
}

#[test]
fn a_log_in_any_order_with_quotes_and_mixed_line_ends_is_read_whole() {
    let text = "\u{feff}name,at,took,cold,end,note\r\n\
         \"a, the first\",1590530041.25,80,False,1590530041.5,\"said \"\"so\"\"\"\n\
         b,1590530040.5,7.5,yes,1590530050,\"over\ntwo lines\"\r\n\
         \"a, the first\",1590530040,900,TRUE,1590530041,\r\
         b,1590530041.25,0,0,1590530041.25,\n";
    let trace = parse(text.as_bytes(), &all_columns()).expect("the log is sound");
    let names: Vec<_> = trace.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["a, the first", "b"]);
    let [a, b] = [requests(&trace, 0), requests(&trace, 1)];
    assert_eq!(a.times().to_vec(), seconds(&[0.0, 1.25]));
    assert_eq!(b.times().to_vec(), seconds(&[0.5, 1.25]));
    let spans = [900_000_000, 80_000_000].map(SimDuration);
    assert_eq!(a.replayed_durations().unwrap().to_vec(), spans);
    let cold = |recorded: &Recorded| [0, 1].map(|number| recorded.cold().unwrap().is_cold(number));
    assert_eq!((cold(a), cold(b)), ([true, false], [true, false]));
    assert_eq!(trace.requests(), 4);
    assert_eq!(
        trace.duration,
        SimDuration::from_secs(10),
        "until the last response"
    );
    assert_eq!(
        trace.assumptions,
        [
            "time zero is the arrival of the first request.",
            "the column `took` holds no wait for an instance to start.",
        ]
    );
}

#[test]
fn dates_and_ends_serve_as_times_and_durations() {
    let columns = Columns {
        end: Some("end".to_owned()),
        ..Columns::timed_by("at")
    };
    let text = "at,end\n2026-01-05T08:00:00Z,2026-01-05T08:00:01.5Z\n\
                2026-01-05 09:00:00,2026-01-05T10:00:00+01:00\n";
    let trace = parse(text.as_bytes(), &columns).expect("the log is sound");
    assert_eq!(trace.functions[0].name, "requests");
    let recorded = requests(&trace, 0);
    assert_eq!(recorded.times().to_vec(), seconds(&[0.0, 3600.0]));
    let spans = [1_500_000_000, 0].map(SimDuration);
    assert_eq!(recorded.durations().unwrap().to_vec(), spans);
    assert_eq!(trace.duration.0, 3_600_000_000_001, "past the last arrival");
    assert_eq!(
        trace.assumptions[1..],
        [
            "all requests are those of one function, called `requests`.",
            "dates without an offset are UTC.",
            "durations are `end` less `at`; what a recorded cold start took is part of them.",
        ]
    );
}

#[test]
fn options_name_columns_and_durations_have_the_unit_of_times_unless_told() {
    let options = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        let pairs: Vec<_> = pairs
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Columns::from_options(&pairs)
    };
    let columns = options(&[("time", "at"), ("time-unit", "ms"), ("duration", "took")]).unwrap();
    assert_eq!(columns.duration_unit, TimeUnit::Milliseconds);
    let columns = options(&[("duration-unit", "us"), ("time", "at")]).unwrap();
    assert_eq!(columns.time_unit, TimeUnit::Seconds);
    assert_eq!(columns.duration_unit, TimeUnit::Microseconds);
    assert!(options(&[("time", "at"), ("time-unit", "min")]).is_err());
    assert!(options(&[("duration", "took")]).is_err());
}

#[test]
fn a_malformed_log_is_refused_with_its_place() {
    let head = "at,end,took,name,cold\n";
    for (text, message) in [
        (
            "",
            "log.csv:1: an empty file, expected a line with the column names",
        ),
        (
            "\n\n",
            "log.csv:1: an empty file, expected a line with the column names",
        ),
        (
            "time,end,took,name,cold\n1,2,3,f,1\n",
            "log.csv:1: the column `at` is missing, expected one of the header's: time, end, took, name, cold",
        ),
        (
            "at,end,took,name,cold,at\n",
            "log.csv:1, column 6: the column `at` stands here a second time, expected a header with one column of that name",
        ),
        (
            head,
            "log.csv:2: no row below the header, expected at least one request",
        ),
        (
            "at,end,took,name,cold\n1,2,3,f,1\n1,2,3,f\n",
            "log.csv:3: 4 values in the row, expected 5, one for each column of the header",
        ),
        (
            "at,end,took,name,cold\nNaN,2,3,f,1\n",
            "log.csv:2, column 1: found `NaN`, expected a number in s below 2⁶³ ns, or a date such as 2026-01-05T08:00:00Z",
        ),
        (
            "at,end,took,name,cold\n1,2,3,f,1\n1e99,2,3,f,1\n",
            "log.csv:3, column 1: found `1e99`, expected a number in s below 2⁶³ ns, or a date such as 2026-01-05T08:00:00Z",
        ),
        (
            "at,end,took,name,cold\n5,4.5,3,f,1\n",
            "log.csv:2, column 2: found `4.5`, expected a time at or after the arrival",
        ),
        (
            "at,end,took,name,cold\n5,6,-3,f,1\n",
            "log.csv:2, column 3: found `-3`, expected a duration in ms from 0 to 73 years",
        ),
        (
            "at,end,took,name,cold\n5,6,1e17,f,1\n",
            "log.csv:2, column 3: found `1e17`, expected a duration in ms from 0 to 73 years",
        ),
        (
            "at,end,took,name,cold\n5,6,inf,f,1\n",
            "log.csv:2, column 3: found `inf`, expected a duration in ms from 0 to 73 years",
        ),
        (
            "at,end,took,name,cold\n5,6,3, ,1\n",
            "log.csv:2, column 4: found ` `, expected a name of 1 to 1000 bytes without control characters",
        ),
        (
            "at,end,took,name,cold\n5,6,3,f,maybe\n",
            "log.csv:2, column 5: found `maybe`, expected true or false, 1 or 0, yes or no, cold or warm",
        ),
        (
            "at,end,took,name,cold\n-4e9,6,3,f,1\n",
            "log.csv:2, column 2: found `6`, expected a time within 73 years of the arrival",
        ),
        (
            "at,end,took,name,cold\n5,6,3,f,1\n4e9,4e9,3,f,1\n",
            "log.csv:3: a time too far from the first row's, expected a time within 36 years of it",
        ),
    ] {
        let told = parse(text.as_bytes(), &all_columns());
        let told = told.map(|trace| panic!("{text:?} was read as {trace:?}"));
        let error = told.unwrap_err().to_string();
        assert_eq!(error, message);
    }
}

#[test]
fn rows_without_an_end_are_refused_before_they_fill_the_memory() {
    let columns = Columns::timed_by("at");
    let mut unclosed =
        std::io::BufReader::new("at\n1\n\"".as_bytes().chain(std::io::repeat(b'\n')));
    let table = Table {
        name: "log.csv",
        lines: &mut unclosed,
    };
    let error = read(table, &columns).expect_err("the quote is never closed");
    assert!(
        error
            .to_string()
            .contains("a row of more than 1048576 bytes"),
        "{error}"
    );
    let wide = format!("at\n{}\n", "1,".repeat(1_000_000));
    let error = parse(wide.as_bytes(), &columns).expect_err("there is one column");
    assert!(
        error.line >= 1 && error.what.contains("more than"),
        "{error}"
    );
    let many = format!("at\n{}\n", "1,".repeat(100_000));
    let error = parse(many.as_bytes(), &columns).expect_err("there is one column");
    assert_eq!(
        (error.line, error.what.as_str()),
        (2, "100001 values in the row")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_log_is_read_back_as_it_was(
        rows in prop::collection::vec(
            (0_u64..5, 0_u64..1_000_000_000_000, 0_u64..10_000_000_000, any::<bool>()), 1..60,
        ),
    ) {
        let mut text = "name,at,took,cold,end\n".to_owned();
        for (function, at, took, cold) in &rows {
            let end = at + took;
            let _ = writeln!(text, "f{function},{at},{took},{cold},{end}");
        }
        let columns = Columns {
            time_unit: TimeUnit::Nanoseconds,
            duration_unit: TimeUnit::Nanoseconds,
            ..all_columns()
        };
        let trace = parse(text.as_bytes(), &columns).expect("a printed log is sound");
        prop_assert_eq!(trace.requests(), word(rows.len()));
        let zero = rows.iter().map(|row| row.1).min().unwrap_or(0);
        for (place, function) in trace.functions.iter().enumerate() {
            let mut own: Vec<_> = rows.iter().filter(|row| format!("f{}", row.0) == function.name).collect();
            own.sort_by_key(|row| row.1);
            let recorded = requests(&trace, place);
            prop_assert_eq!(recorded.total(), word(own.len()));
            for (number, row) in own.iter().enumerate() {
                prop_assert_eq!(recorded.times()[number], SimTime(row.1 - zero));
                prop_assert_eq!(recorded.durations().unwrap()[number], SimDuration(row.2));
                prop_assert_eq!(recorded.cold().unwrap().is_cold(word(number)), row.3);
            }
        }
    }

    #[test]
    fn damaged_logs_never_panic(at in 0_usize..120, byte in any::<u8>(), cut in 0_usize..120) {
        let mut bytes = b"at,end,took,name,cold\n1.5,2,80,f,1\n\"7\",2026-01-05T08:00:00Z,3e2,\"g, h\",no\n".to_vec();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(cut);
        let _ = parse(&bytes, &all_columns());
    }
}
