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
