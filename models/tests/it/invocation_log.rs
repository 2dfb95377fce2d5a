//! Production logs: each format after its documentation, and what must not be taken at face value.

use frostline_models::invocation_log::{
    self, Columns, Format, InitKind, InvocationLog, LoggedInit, LoggedInvocation, Omission, Status,
};
use frostline_models::scenario::{Architecture, PackageKind};
use proptest::prelude::*;

fn read(text: &str) -> InvocationLog {
    invocation_log::read("log", &mut text.as_bytes(), None).unwrap()
}

fn told(text: &str, format: Option<Format>) -> String {
    let read = invocation_log::read("log", &mut text.as_bytes(), format);
    read.unwrap_err().to_string()
}

macro_rules! fixture {
    ($name:literal) => {
        read(include_str!(concat!("../fixtures/logs/", $name)))
    };
}

/// (init kind, init ms, duration ms) of each invocation.
fn times(log: &InvocationLog) -> Vec<(Option<InitKind>, Option<f64>, Option<f64>)> {
    let init = |i: &LoggedInvocation| {
        (
            i.init.map(|init| init.kind),
            i.init.map(|init| init.ms),
            i.duration_ms,
        )
    };
    log.invocations.iter().map(init).collect()
}

const ON_DEMAND: Option<InitKind> = Some(InitKind::OnDemand);

#[test]
fn lines_of_a_console_are_read_by_name() {
    let log = fixture!("console.txt");
    assert_eq!(log.format, Some(Format::AwsText));
    let expected = [
        (ON_DEMAND, Some(170.13), Some(8.4)),
        (None, None, Some(2.0)),
        (None, None, Some(3000.0)),
    ];
    assert_eq!(times(&log), expected);
    let first = &log.invocations[0];
    assert_eq!(
        (first.memory_mb, first.max_memory_mb, first.billed_ms),
        (Some(128), Some(66.0), Some(179.0))
    );
    assert_eq!(first.runtime.as_deref(), Some("python3.12"));
    assert_eq!(
        (first.cold, log.invocations[1].cold),
        (Some(true), Some(false))
    );
    assert_eq!(log.invocations[2].status, Status::Timeout);
    // `loading model Duration: fast` is the function's own line.
    assert_eq!(log.omitted[&Omission::OtherRecord], 1);
}

#[test]
fn the_emulator_puts_the_init_first() {
    let log = fixture!("emulator.txt");
    assert_eq!(times(&log), [(ON_DEMAND, Some(0.21), Some(81.93))]);
}

#[test]
fn restores_are_told_in_the_report_after_it_or_before_it() {
    let log = fixture!("snap-start.txt");
    let restore = Some(InitKind::Restore);
    let expected = [
        (restore, Some(511.25), Some(306.34)),
        (restore, Some(640.5), Some(30.0)),
    ];
    assert_eq!(times(&log), expected);
    assert!(
        log.invocations
            .iter()
            .all(|invocation| invocation.cold == Some(true))
    );
}

/// Stream a1: an init that was cut off at 10 s and run again inside the invocation. Stream b2: an init
/// four minutes before the first request.
#[test]
fn inits_that_nobody_waited_for_and_inits_that_failed_are_kept_apart() {
    let log = fixture!("tail.txt");
    let [cut, early, warm] = &log.invocations[..] else {
        panic!("three reports")
    };
    assert_eq!(
        cut.init,
        Some(LoggedInit {
            kind: InitKind::OnDemand,
            ms: 10_007.33,
            cut_off: true
        })
    );
    assert_eq!(cut.cold, Some(true));
    assert_eq!(early.init.map(|init| init.kind), Some(InitKind::Proactive));
    assert_eq!((early.cold, warm.cold), (Some(false), Some(false)));
    assert_eq!(cut.instance.as_deref(), Some("2026/10/02/[$LATEST]a1"));
    assert_eq!(
        warm.end_ms.map(|end| end - early.end_ms.unwrap()),
        Some(59_970.0)
    );
    assert_eq!(log.omitted[&Omission::FailedInit], 1);
    assert_eq!(log.omitted[&Omission::ProactiveInit], 1);
}

#[test]
fn events_of_the_telemetry_api_say_which_kind_of_init() {
    let log = fixture!("telemetry.jsonl");
    assert_eq!(log.format, Some(Format::AwsJson));
    let expected = [
        (ON_DEMAND, Some(182.51), Some(15.337)),
        (Some(InitKind::Provisioned), Some(190.2), Some(10.0)),
    ];
    assert_eq!(times(&log), expected);
    assert_eq!(log.invocations[0].runtime.as_deref(), Some("python3.13"));
    assert_eq!(log.invocations[1].cold, Some(false));
    assert_eq!(log.omitted[&Omission::ProvisionedInit], 1);
}

#[test]
fn exports_of_log_events_carry_streams_and_either_kind_of_message() {
    let log = fixture!("filter-log-events.json");
    assert_eq!(log.format, Some(Format::CloudwatchEvents));
    assert_eq!(
        times(&log),
        [
            (ON_DEMAND, Some(654.2), Some(55.1)),
            (None, None, Some(4.0))
        ]
    );
    let stream = Some("2026/10/02/[$LATEST]aa");
    assert!(
        log.invocations
            .iter()
            .all(|invocation| invocation.instance.as_deref() == stream)
    );
    assert_eq!(log.invocations[0].end_ms, Some(1_790_938_800_760.0));
}

/// `1.28E8` bytes are 128 MB.
/// Lambda Insights writes one event an invocation, alone or as the message of a log event.
#[test]
fn events_of_lambda_insights_are_invocations() {
    let metrics = r#"{"Namespace":"LambdaInsights","Dimensions":[["function_name"]],"Metrics":[]}"#;
    let event = |more: &str| {
        format!(
            r#"{{"_aws":{{"Timestamp":1605034324256,"CloudWatchMetrics":[{metrics}]}},"event_type":"performance","function_name":"resize","version":"3","request_id":"r-1","duration":451.5,"billed_duration":452,{more}"used_memory_max":63,"total_memory":256}}"#
        )
    };
    let cold = event(r#""cold_start":true,"init_duration":130,"#);
    let restored = event(r#""cold_start":true,"#);
    let warm = event("");
    let wrapped = serde_json::json!({
        "message": cold, "timestamp": 1_605_034_324_300_u64, "logStreamName": "s",
    });
    let other = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"orders":3}"#;
    let text = format!("{cold}\n{restored}\n{warm}\n{wrapped}\n{other}\n");
    let log = invocation_log::read("insights.log", &mut text.as_bytes(), None).unwrap();
    assert_eq!(log.format, Some(Format::LambdaInsights));
    assert_eq!(log.invocations.len(), 4);
    let first = &log.invocations[0];
    assert_eq!(first.init.map(|init| init.ms), Some(130.0));
    assert_eq!((first.cold, first.duration_ms), (Some(true), Some(451.5)));
    assert_eq!(
        (first.memory_mb, first.max_memory_mb),
        (Some(256), Some(63.0))
    );
    assert_eq!(first.function.as_deref(), Some("resize"));
    assert_eq!(first.end_ms, Some(1_605_034_324_256.0));
    assert_eq!(
        (log.invocations[1].cold, log.invocations[1].init),
        (Some(true), None)
    );
    assert_eq!(log.invocations[2].cold, Some(false));
    assert_eq!(log.invocations[3].init, first.init);
}

#[test]
fn rows_of_logs_insights_have_decimal_bytes() {
    for log in [fixture!("insights.csv"), fixture!("insights.json")] {
        assert_eq!(log.format, Some(Format::LogsInsights));
        assert_eq!(
            times(&log),
            [
                (ON_DEMAND, Some(182.51), Some(15.34)),
                (None, None, Some(3.1))
            ]
        );
        assert_eq!(log.invocations[0].memory_mb, Some(128));
        let gap = log.invocations[1].end_ms.unwrap() - log.invocations[0].end_ms.unwrap();
        assert!((gap - 8_899.0).abs() < 1e-3, "{gap}");
    }
    let log = fixture!("insights.csv");
    assert_eq!(log.invocations[0].function.as_deref(), Some("checkout"));
}

#[test]
fn lambda_perf_lists_inits_a_day() {
    for (log, inits) in [
        (fixture!("lambda-perf.json"), [90.1, 88.25, 131.0]),
        (fixture!("lambda-perf.csv"), [309.63, 109.37, 151.24]),
    ] {
        assert_eq!(log.format, Some(Format::LambdaPerf));
        let found: Vec<f64> = log.invocations.iter().map(|i| i.init.unwrap().ms).collect();
        assert_eq!(found, inits);
        assert!(
            log.invocations
                .iter()
                .all(|i| i.end_ms.is_some() && i.memory_mb == Some(128))
        );
    }
    let first = &fixture!("lambda-perf.csv").invocations[0];
    assert_eq!(first.package, Some(PackageKind::Image));
    assert_eq!(first.architecture, Some(Architecture::Arm64));
}

#[test]
fn spans_and_histograms_of_opentelemetry() {
    let log = fixture!("otlp.json");
    assert_eq!(log.format, Some(Format::Otlp));
    let cold: Vec<_> = log
        .invocations
        .iter()
        .map(|i| (i.cold, i.duration_ms, i.status))
        .collect();
    let expected = [
        (Some(true), Some(55.0), Status::Success),
        (Some(false), Some(4.0), Status::Error),
    ];
    assert_eq!(cold, expected);
    assert_eq!(log.invocations[0].memory_mb, Some(128));
    let cells = &log.histograms[0].cells;
    let expected = [
        (0.0, 100.0, 2),
        (100.0, 250.0, 9),
        (250.0, 500.0, 2),
        (1000.0, f64::INFINITY, 1),
    ];
    assert_eq!(cells, &expected);
}

#[test]
fn histograms_of_cloud_run_starts_have_bounds() {
    let log = fixture!("startup-latencies.json");
    assert_eq!(log.format, Some(Format::CloudRun));
    assert_eq!(
        log.histograms[0].cells,
        [(512.0, 1024.0, 1), (1024.0, 2048.0, 5), (2048.0, 4096.0, 1)]
    );
    assert_eq!(
        log.histograms[1].cells,
        [(0.0, 50.0, 1), (350.0, f64::INFINITY, 2)]
    );
    assert_eq!(log.omitted[&Omission::NoTime], 1);
}

#[test]
fn request_logs_tell_cold_starts_by_new_instances_only() {
    let log = fixture!("cloud-run.jsonl");
    let cold: Vec<_> = log.invocations.iter().map(|i| i.cold).collect();
    assert_eq!(
        cold,
        [None, Some(true), Some(false)],
        "the first may have been there before"
    );
    assert_eq!(log.invocations[2].status, Status::Timeout);
    assert!(
        log.assumptions[0].contains("inferred"),
        "{:?}",
        log.assumptions
    );
    let knative = fixture!("knative.jsonl");
    assert_eq!(knative.format, Some(Format::Knative));
    assert_eq!(knative.invocations[1].cold, Some(true));
    assert_eq!(knative.invocations[1].duration_ms, Some(2100.0));
}

#[test]
fn a_table_of_ones_own_is_read_by_the_names_given() {
    let mut columns = Columns::default();
    for text in ["init=boot_s", "duration=took_us", "end=when", "cold=hit"] {
        columns.add(text).unwrap();
    }
    let text = include_str!("../fixtures/logs/own-columns.csv");
    let csv = Some(Format::Csv);
    let log = invocation_log::read_with("log", &mut text.as_bytes(), csv, &columns).unwrap();
    assert_eq!(
        times(&log),
        [
            (ON_DEMAND, Some(1250.0), Some(12.0)),
            (None, None, Some(9.0))
        ]
    );
    assert_eq!(log.invocations[1].cold, Some(false));
    columns.add("memory=mem").unwrap();
    let read = invocation_log::read_with("log", &mut text.as_bytes(), csv, &columns);
    assert!(
        read.unwrap_err()
            .to_string()
            .starts_with("log:1: no column `mem`, expected one of pod,")
    );
    assert!(
        columns
            .add("colour=x")
            .unwrap_err()
            .contains("expected one of init, duration")
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    for (text, format, message) in [
        ("", None, "log:1: an empty file"),
        ("hello\nworld\n", None, "log: no invocation in 2 records"),
        (
            "REPORT RequestId: a\tDuration: 1 ms\t\nREPORT RequestId: b\tDuration: soon ms\t\n",
            None,
            "log:2: Duration: found `soon ms`, expected a number of ms",
        ),
        (
            "init_ms,day\n12\n",
            None,
            "log:2: 1 cells, expected 2 as in the header",
        ),
        (
            "init_ms,day\n12,2026-01-01\n-3,2026-01-01\n",
            None,
            "log:3: found `-3` in column 1",
        ),
        (
            "init_ms,day\n12,soon\n",
            None,
            "log:2: found `soon` in column 2, expected a time stamp",
        ),
        (
            "init_ms,day\n\"12,soon\n",
            None,
            "log:2: a quote that does not end",
        ),
        ("{\"events\": [\n", None, "log:2: text that is no JSON"),
        (
            "{\"a\":1}\n{\"a\":\n",
            None,
            "log:2: a line that is no JSON",
        ),
        (
            "a,b\n1,2\n",
            Some(Format::Csv),
            "log:1: found the columns `a,b`, expected a column",
        ),
        ("[]", None, "log: no invocation in 1 records"),
    ] {
        let told = told(text, format);
        assert!(told.starts_with(message), "{told}");
    }
    let long = format!("REPORT {}", "x".repeat(5 << 20));
    assert!(told(&long, None).contains("a line of more than"));
}

/// A Logs Insights number, a time before 1970, an absurd one: none of them may panic or be believed.
#[test]
fn absurd_numbers_are_refused_or_left_out() {
    for text in [
        "REPORT RequestId: a\tDuration: 1e999 ms\n",
        "REPORT RequestId: a\tDuration: -1 ms\n",
        "REPORT RequestId: a\tDuration: NaN ms\n",
    ] {
        assert!(told(text, None).contains("expected a number of ms"));
    }
    let huge = r#"{"timeSeries":[{"points":[{"value":{"distributionValue":{"bucketOptions":{"linearBuckets":{"numFiniteBuckets":1e18,"width":1,"offset":0}},"bucketCounts":["1"]}}}]}]}"#;
    assert!(told(huge, None).contains("no invocation"));
}

fn invocation() -> impl Strategy<Value = LoggedInvocation> {
    let ms = || (0_u32..100_000_000).prop_map(|hundredths| f64::from(hundredths) / 100.0);
    let init = (ms(), any::<bool>()).prop_map(|(ms, restored)| LoggedInit {
        kind: if restored {
            InitKind::Restore
        } else {
            InitKind::OnDemand
        },
        ms,
        cut_off: false,
    });
    let status = prop::sample::select(vec![Status::Success, Status::Error, Status::Timeout]);
    (
        "[a-f0-9-]{1,36}",
        prop::option::of(ms()),
        prop::option::of(ms()),
        prop::option::of(1_u32..10_241),
        prop::option::of(ms()),
        prop::option::of(init),
        status,
    )
        .prop_map(
            |(request, duration_ms, billed_ms, memory_mb, max_memory_mb, init, status)| {
                LoggedInvocation {
                    request: Some(request),
                    duration_ms,
                    billed_ms,
                    memory_mb,
                    max_memory_mb,
                    cold: Some(init.is_some()),
                    init,
                    status,
                    ..LoggedInvocation::default()
                }
            },
        )
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(invocations in prop::collection::vec(invocation(), 1..20)) {
        let lines: String = invocations.iter().map(|i| i.to_report_line() + "\n").collect();
        prop_assert_eq!(&read(&lines).invocations, &invocations);
        let events: String =
            invocations.iter().map(|i| i.to_platform_report().to_string() + "
").collect();
        prop_assert_eq!(&read(&events).invocations, &invocations);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        text in "(REPORT RequestId: |Init Duration: |Duration: |[0-9.]{1,4}| ms|\t|\n|\\{\"events\":\\[|\\PC){0,40}",
    ) {
        let _ = invocation_log::read("log", &mut &bytes[..], None);
        let _ = invocation_log::read("log", &mut text.as_bytes(), None);
        for format in Format::ALL {
            let _ = invocation_log::read("log", &mut text.as_bytes(), Some(format));
        }
    }
}

/// 90 days of Init Durations: as many as `init_quantiles.csv` says were sampled.
#[test]
#[cfg_attr(not(frostline_data), ignore = "FROSTLINE_DATA is not set")]
fn real_logs_are_read_whole() {
    let data = std::env::var("FROSTLINE_DATA").expect("the build saw it");
    let open = |path: &str| std::fs::File::open(format!("{data}/{path}")).unwrap();
    let packed = flate2::read::MultiGzDecoder::new(open("lambda-perf/last_90_days.csv.gz"));
    let log =
        invocation_log::read("lambda-perf", &mut std::io::BufReader::new(packed), None).unwrap();
    assert_eq!(log.format, Some(Format::LambdaPerf));
    let bun = log.invocations.iter().filter(|i| {
        i.runtime.as_deref() == Some("bun")
            && i.architecture == Some(Architecture::Arm64)
            && i.package == Some(PackageKind::Image)
    });
    assert_eq!(bun.count(), 3_066, "init_quantiles.csv counts as many");

    let requests = open("aws-lambda-2020/requests_2020-05-28.csv");
    let log = invocation_log::read("2020", &mut std::io::BufReader::new(requests), None).unwrap();
    assert_eq!(log.invocations.len(), 186);
    assert!(
        log.invocations
            .iter()
            .all(|i| i.instance.is_some() && i.cold.is_some())
    );
}
