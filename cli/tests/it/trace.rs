//! `frostline trace`: recordings made, described and converted.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

/// Writes a small synthetic trace into a folder below this one.
fn synth(folder: &Path, name: &str, more: &[&str]) {
    let mut arguments = vec![
        "trace",
        "synth",
        "--functions",
        "30",
        "--invocations",
        "1e5",
        "--out",
        name,
    ];
    arguments.extend(more);
    frostline(folder, &arguments).code(0);
}

#[test]
fn a_synthetic_trace_has_the_official_files_and_can_be_simulated() {
    let folder = tempdir().unwrap();
    synth(folder.path(), "azure", &[]);
    let mut names: Vec<_> = fs::read_dir(folder.path().join("azure"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "app_memory_percentiles.anon.d01.csv",
            "function_durations_percentiles.anon.d01.csv",
            "invocations_per_function_md.anon.d01.csv",
        ]
    );
    let simulate = [
        "simulate",
        "--trace",
        "azure-functions-2019=azure",
        "--format",
        "json",
    ];
    let done = frostline(folder.path(), &simulate).code(0);
    let summary: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(summary["totals"]["requests"], 100_000);
}

#[test]
fn compressed_or_not_and_on_any_number_of_threads_a_seed_gives_one_trace() {
    let folder = tempdir().unwrap();
    let read = |name: &str, suffix: &str| {
        let name = format!("{name}/invocations_per_function_md.anon.d01.csv{suffix}");
        fs::read(folder.path().join(name)).unwrap()
    };
    synth(folder.path(), "one", &["--threads", "1"]);
    synth(folder.path(), "two", &["--threads", "2"]);
    synth(folder.path(), "other", &["--seed", "2"]);
    synth(folder.path(), "packed", &["--gzip"]);
    assert_eq!(read("one", ""), read("two", ""));
    assert_ne!(read("one", ""), read("other", ""));
    let packed = read("packed", ".gz");
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(packed.as_slice());
    std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
    assert_eq!(unpacked, read("one", ""));
}

/// Functions are done in any order, and several at once: neither shows in the summary of a trace.
#[test]
fn the_summary_of_a_trace_is_the_same_for_any_number_of_threads() {
    let folder = tempdir().unwrap();
    synth(folder.path(), "day", &[]);
    for format in ["text", "json"] {
        let [one, two, five] = ["1", "2", "5"].map(|threads| {
            let trace = ["simulate", "--trace", "azure-functions-2019=day"];
            let more = ["--format", format, "--threads", threads];
            stdout(&frostline(folder.path(), &[&trace[..], &more].concat()).success())
        });
        assert!(one.contains("cold"), "{one}");
        assert_eq!(one, two);
        assert_eq!(one, five);
    }
}

#[test]
fn an_impossible_synthesis_is_told_with_what_to_type() {
    let folder = tempdir().unwrap();
    for (arguments, message) in [
        (&["--functions", "9", "--invocations", "9"][..], "no folder"),
        (
            &["--functions", "10", "--invocations", "9", "--out", "x"],
            "9 invocations for 10 functions, expected at least one each",
        ),
        (
            &["--functions", "1.5", "--invocations", "9", "--out", "x"],
            "expected a count such as 50_000 or 1e9, found `1.5`",
        ),
        (
            &[
                "--functions",
                "1",
                "--invocations",
                "9",
                "--days",
                "0",
                "--out",
                "x",
            ],
            "0 days, expected 1 to 99",
        ),
    ] {
        let all = [&["trace", "synth"], arguments].concat();
        let told = stderr(&frostline(folder.path(), &all).code(2));
        assert!(told.contains(message), "{told}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn json_names_the_files_that_were_written() {
    let folder = tempdir().unwrap();
    let arguments = [
        "trace",
        "synth",
        "--functions",
        "3",
        "--invocations",
        "10",
        "--days",
        "2",
        "--out",
        "out",
        "--format",
        "json",
        "--quiet",
    ];
    let done = frostline(folder.path(), &arguments).code(0);
    assert_eq!(stderr(&done), "");
    let written: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(written["schema"], "frostline/trace-synth/1");
    let files = written["files"].as_array().unwrap();
    assert_eq!(files.len(), 6);
    for file in files {
        assert!(
            folder
                .path()
                .join("out")
                .join(file.as_str().unwrap())
                .is_file()
        );
    }
}

/// The description of a trace as JSON.
fn described(folder: &Path, trace: &str) -> serde_json::Value {
    let arguments = ["trace", "info", trace, "--format", "json"];
    let done = frostline(folder, &arguments).code(0);
    serde_json::from_str(&stdout(&done)).unwrap()
}

#[test]
fn a_description_counts_every_request_and_fits_the_terminal() {
    let folder = tempdir().unwrap();
    synth(folder.path(), "azure", &[]);
    let info = described(folder.path(), "azure");
    assert_eq!(info["schema"], "frostline/trace-info/1");
    assert_eq!(info["requests"], 100_000);
    assert_eq!(info["functions"], 30);
    let hours = info["hours"].as_array().unwrap();
    let sum: u64 = hours.iter().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!((hours.len(), sum), (24, 100_000));
    for bounds in info["idle_gaps"]["keep_alive"].as_array().unwrap() {
        assert!(bounds["at_least"].as_u64() <= bounds["at_most"].as_u64());
    }
    let named = frostline(
        folder.path(),
        &["trace", "info", "azure-functions-2019=azure"],
    );
    let bare = frostline(folder.path(), &["trace", "info", "azure"]);
    let text = stdout(&bare.code(0));
    assert_eq!(text, stdout(&named.code(0)));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let next = "next: frostline simulate --trace azure-functions-2019=azure\n";
    assert!(text.ends_with(next), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_bounds_of_a_description_hold_in_the_simulation() {
    let folder = tempdir().unwrap();
    synth(folder.path(), "azure", &[]);
    let info = described(folder.path(), "azure");
    for bounds in info["idle_gaps"]["keep_alive"].as_array().unwrap() {
        let keep = format!("platform.keep-alive.fixed='{} s'", bounds["keep_alive_s"]);
        // Requests that take no time do not overlap, and so leave one instance.
        let arguments = [
            "simulate",
            "--trace",
            "azure-functions-2019=azure/invocations_per_function_md.anon.d01.csv",
            "--set",
            &keep,
            "--set",
            "function-defaults.duration.constant='0 s'",
            "--set",
            "function-defaults.init.total.constant='0 s'",
            "--format",
            "json",
        ];
        for table in ["function_durations_percentiles", "app_memory_percentiles"] {
            let table = folder.path().join(format!("azure/{table}.anon.d01.csv"));
            let _ = fs::remove_file(table);
        }
        let done = frostline(folder.path(), &arguments).code(0);
        let summary: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
        let cold = summary["totals"]["cold_starts"].as_u64();
        assert!(bounds["at_least"].as_u64() <= cold && cold <= bounds["at_most"].as_u64());
    }
}

#[test]
fn what_is_no_trace_is_told_with_what_to_type() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("notes.csv"), "a,b\n1,2\n").unwrap();
    for (trace, message) in [
        ("nowhere", "no file or folder nowhere, expected a trace"),
        (
            "opendc-x=notes.csv",
            "no reader for traces of the kind `opendc-x`",
        ),
        (
            "notes.csv",
            "the first line of notes.csv does not tell the kind of the trace",
        ),
        (
            "azure-functions-2019=notes.csv",
            "notes.csv holds something else",
        ),
    ] {
        let told = stderr(&frostline(folder.path(), &["trace", "info", trace]).code(2));
        assert!(told.contains(message) && told.contains("help: "), "{told}");
    }
}

/// Synthetic functions resemble those of the real trace where the recording is a fair sample of it. It
/// has half of its functions from timers, so what depends on the mix of triggers differs; the factors
/// say by how much.
#[test]
#[cfg_attr(not(frostline_data), ignore = "FROSTLINE_DATA is not set")]
fn a_synthetic_trace_resembles_the_real_sample() {
    let folder = tempdir().unwrap();
    let data = std::env::var("FROSTLINE_DATA").expect("the build saw it");
    let real = described(folder.path(), &format!("{data}/azure-functions-2019/500"));
    let arguments = [
        "trace",
        "synth",
        "--functions",
        "500",
        "--invocations",
        "9_113_706",
        "--out",
        "synthetic",
    ];
    frostline(folder.path(), &arguments).code(0);
    let synthetic = described(folder.path(), "synthetic");
    let at = |info: &serde_json::Value, pointer: &str| {
        info.pointer(pointer)
            .and_then(serde_json::Value::as_f64)
            .unwrap_or_else(|| panic!("{pointer} in {info}"))
    };
    for (pointer, factor) in [
        ("/rates/requests_per_day/p50", 2.5),
        ("/rates/requests_per_day/p75", 1.5),
        ("/rates/requests_per_day/p90", 2.0),
        ("/rates/requests_per_day/p99", 2.5),
        ("/rates/at_most_hourly", 1.4),
        ("/rates/at_most_minutely", 1.1),
        ("/concentration/top_1_percent", 1.2),
        ("/concentration/top_10_percent", 1.05),
        ("/burstiness/interarrival_cv/p90", 2.0),
        ("/burstiness/interarrival_cv/p99", 1.5),
        ("/idle_gaps/p99_s", 2.5),
        ("/idle_gaps/p999_s", 1.5),
        ("/durations/median_ms/p50", 2.0),
        ("/durations/median_ms/p90", 1.5),
        ("/durations/p99_ms/p50", 2.0),
        ("/durations/p99_ms/p90", 1.5),
    ] {
        let ratio = at(&synthetic, pointer) / at(&real, pointer);
        assert!(
            (1.0 / factor..factor).contains(&ratio),
            "{pointer}: {ratio}"
        );
    }
}

const SIMULATED: [&str; 2] = ["--format", "json"];

/// The JSON of a run over a trace, without the digest of the scenario, which knows paths.
fn simulated(folder: &Path, more: &[&str]) -> serde_json::Value {
    let arguments = [&["simulate"], more, &SIMULATED].concat();
    let done = frostline(folder, &arguments).code(0);
    let mut summary: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
    summary["manifest"]["scenario"].take();
    summary
}

/// A log of two functions.
fn log(folder: &Path) {
    let mut text = "when,took,is cold,who\n".to_owned();
    for number in 0..100 {
        let line = format!(
            "{},{},{},f{}\n",
            number * 70,
            3 * number,
            number % 9 == 0,
            number % 2
        );
        text.push_str(&line);
    }
    fs::write(folder.join("log.csv"), text).unwrap();
}

const COLUMNS: [&str; 10] = [
    "--column",
    "time=when",
    "--column",
    "duration=took",
    "--column",
    "duration-unit=ms",
    "--column",
    "cold=is cold",
    "--column",
    "function=who",
];

#[test]
fn a_converted_trace_gives_the_results_of_the_original() {
    let folder = tempdir().unwrap();
    synth(folder.path(), "azure", &[]);
    log(folder.path());
    let convert = ["trace", "convert", "azure", "--out", "new/day.fltrace"];
    let told = stderr(&frostline(folder.path(), &convert).code(0));
    assert!(told.starts_with("wrote new/day.fltrace, "), "{told}");
    let next = "next: frostline simulate --trace frostline=new/day.fltrace\n";
    assert!(told.ends_with(next), "{told}");
    let at_start = ["--placement", "minute-start", "--out", "start.fltrace"];
    frostline(folder.path(), &[&convert[..3], &at_start].concat()).code(0);
    let mut requests = vec!["trace", "convert", "request-log=log.csv", "--gzip"];
    requests.extend(COLUMNS);
    requests.extend(["--out", "log.fltrace.gz", "--format", "json"]);
    let done = frostline(folder.path(), &requests).code(0);
    let written: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(written["schema"], "frostline/trace-convert/1");
    assert_eq!(written["format"], "request-log");
    assert_eq!(
        (&written["functions"], &written["requests"]),
        (&2.into(), &100.into())
    );
    let length = fs::metadata(folder.path().join("log.fltrace.gz"))
        .unwrap()
        .len();
    assert_eq!(written["bytes"], length);

    let set: Vec<_> = COLUMNS
        .iter()
        .filter(|column| **column != "--column")
        .map(|column| format!("trace.request-log.{column}"))
        .collect();
    let mut of_log = vec!["--trace", "request-log=log.csv"];
    for assignment in &set {
        of_log.extend(["--set", assignment]);
    }
    for (original, converted) in [
        (
            &["--trace", "azure-functions-2019=azure"][..],
            "new/day.fltrace",
        ),
        (
            &[
                "--trace",
                "azure-functions-2019=azure",
                "--set",
                "trace.azure-functions-2019.placement=minute-start",
            ],
            "start.fltrace",
        ),
        (&of_log, "log.fltrace.gz"),
    ] {
        let trace = format!("frostline={converted}");
        let again = simulated(folder.path(), &["--trace", &trace]);
        assert_eq!(simulated(folder.path(), original), again, "{converted}");
    }
    let info = |trace: &str| stdout(&frostline(folder.path(), &["trace", "info", trace]).code(0));
    let of = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (original, converted) = (of(info("azure")), of(info("new/day.fltrace")));
    assert_eq!(
        original[..original.len() - 1],
        converted[..converted.len() - 1]
    );
    let last = "next: frostline simulate --trace frostline=new/day.fltrace";
    assert_eq!(converted.last().unwrap(), last);
}

#[test]
fn a_converted_trace_is_the_same_wherever_it_came_from() {
    let folder = tempdir().unwrap();
    synth(folder.path(), "azure", &["--gzip"]);
    for (trace, file) in [("azure", "one"), ("frostline=one", "two")] {
        frostline(folder.path(), &["trace", "convert", trace, "--out", file]).code(0);
    }
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("one"), read("two"));
}

#[test]
fn a_request_log_is_described_by_its_columns() {
    let folder = tempdir().unwrap();
    log(folder.path());
    let mut arguments = vec!["trace", "info", "request-log=log.csv"];
    arguments.extend(COLUMNS);
    let text = stdout(&frostline(folder.path(), &arguments).code(0));
    let set = "next: frostline simulate --trace request-log=log.csv \\\n        \
        --set trace.request-log.time=when";
    assert!(text.contains(set), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(
        text.contains("--set 'trace.request-log.cold=\"is cold\"'"),
        "{text}"
    );
    arguments.extend(["--format", "json"]);
    let json = stdout(&frostline(folder.path(), &arguments).code(0));
    let info: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&info["functions"], &info["requests"]),
        (&2.into(), &100.into())
    );
}

#[test]
fn columns_that_cannot_be_and_damaged_files_are_told_with_what_to_type() {
    let folder = tempdir().unwrap();
    log(folder.path());
    synth(folder.path(), "azure", &[]);
    fs::create_dir(folder.path().join("folder")).unwrap();
    frostline(
        folder.path(),
        &["trace", "convert", "azure", "--out", "day"],
    )
    .code(0);
    let mut bytes = fs::read(folder.path().join("day")).unwrap();
    bytes.truncate(1_000);
    fs::write(folder.path().join("cut"), bytes).unwrap();
    let names = || {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let log = "request-log=log.csv";
    for (arguments, message) in [
        (&["info", log][..], "no column is named for times"),
        (
            &["info", log, "--column", "when"],
            "found `--column when`, expected a key and a name",
        ),
        (&["info", log, "--column", "at=when"], "found the key `at`"),
        (
            &["info", log, "--column", "time=at"],
            "the column `at` is missing",
        ),
        (
            &["info", log, "--column", "time=a", "--column", "time=b"],
            "`--column time=…` stands there twice",
        ),
        (
            &["info", "azure", "--column", "time=a"],
            "has columns of its own",
        ),
        (&["info", "cut"], "cut, byte 1000: the end of the file"),
        (&["convert", "cut", "--out", "x"], "it was cut short"),
        (&["convert", "azure"], "no file to write to"),
        (
            &[
                "convert",
                log,
                "--column",
                "time=when",
                "--placement",
                "uniform",
                "--out",
                "x",
            ],
            "knows the instant of every request",
        ),
        (
            &["convert", "azure", "--out", "folder"],
            "folder is a folder, expected a file",
        ),
        (&["convert", "frostline=azure", "--out", "x"], "azure"),
        (
            &["convert", "day", "--placement", "uniform", "--out", "x"],
            "already says where in its minute",
        ),
    ] {
        let all = [&["trace"], arguments].concat();
        let told = stderr(&frostline(folder.path(), &all).code(2));
        assert!(told.contains(message) && told.contains("help: "), "{told}");
    }
    assert_eq!(names(), before);
}
