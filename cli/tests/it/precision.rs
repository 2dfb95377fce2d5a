//! `--precision`: replications are added until it is reached, and no more than allowed.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::{frostline, stderr, stdout};

const SCENARIO: &str = "\
run.duration = \"10 min\"
run.precision = { relative = \"20 %\", metrics = [\"cold_ratio\"] }
platform.keep-alive.fixed = \"10 s\"
function = [{ name = \"f\", arrivals.poisson.rate = \"1 /s\", duration.exponential = { mean = \"1 s\" } }]
";

fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("p.toml"), SCENARIO).unwrap();
    folder
}

fn json(folder: &Path, more: &[&str]) -> String {
    let arguments = [&["simulate", "p.toml", "--format", "json"], more].concat();
    stdout(&frostline(folder, &arguments).success())
}

fn summary(folder: &Path, more: &[&str]) -> Value {
    serde_json::from_str(&json(folder, more)).unwrap()
}

/// Half width of the cold ratio over its point.
fn relative(summary: &Value) -> f64 {
    let estimate = &summary["totals"]["cold_ratio"];
    let (point, high) = (&estimate["point"], &estimate["high"]);
    high.as_f64().unwrap() / point.as_f64().unwrap() - 1.0
}

#[test]
fn replications_stop_where_the_precision_is_reached() {
    let folder = folder();
    let coarse = summary(folder.path(), &[]);
    assert_eq!(coarse["precision"]["reached"], true);
    assert_eq!(coarse["replications"], 10);

    let finer = summary(folder.path(), &["--precision", "4%"]);
    assert_eq!(finer["precision"]["reached"], true);
    let replications = finer["replications"].as_u64().unwrap();
    assert!((11..1_000).contains(&replications), "{replications}");
    assert!(relative(&coarse) > 0.04 && relative(&finer) <= 0.04 / 1.04);
}

#[test]
fn no_more_replications_than_allowed_and_the_text_says_what_was_reached() {
    let folder = folder();
    let capped = ["--precision", "1%", "--max-replications", "12"];
    let found = summary(folder.path(), &capped);
    assert_eq!(found["replications"], 12);
    let precision = &found["precision"];
    assert_eq!(precision["reached"], false);
    assert_eq!(precision["most_replications"], 12);
    let reached = precision["metrics"][0]["relative"].as_f64().unwrap();
    assert!((reached - relative(&found)).abs() < 1e-12, "{reached}");
    assert!(precision["needed_replications"].as_u64().unwrap() > 12);

    let arguments = [&["simulate", "p.toml"], &capped[..]].concat();
    let text = stdout(&frostline(folder.path(), &arguments).success());
    assert!(
        text.contains("Precision of 1 % not reached: cold_ratio (at 5.8"),
        "{text}"
    );
    assert!(text.contains("--max-replications is 12."), "{text}");
}

#[test]
fn added_replications_are_the_same_for_any_number_of_threads() {
    let folder = folder();
    let of = |threads| json(folder.path(), &["--precision", "5%", "--threads", threads]);
    let one = of("1");
    assert!(one == of("2") && one == of("3"));
}

#[test]
fn a_trace_is_replayed_and_says_what_its_intervals_mean() {
    let folder = folder();
    fs::write(folder.path().join("log.csv"), "when\n0\n5\n30\n").unwrap();
    let text = stdout(
        &frostline(
            folder.path(),
            &[
                "simulate",
                "--trace",
                "request-log=log.csv",
                "--set",
                "trace.request-log.time=when",
                "--precision",
                "5%",
                "--max-replications",
                "11",
            ],
        )
        .success(),
    );
    assert!(text.contains("simulated 11 times"), "{text}");
    assert!(text.contains("not reached: latency_ms.p99."), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("their intervals say nothing about other days"),
        "{text}"
    );
}

#[test]
fn what_is_no_precision_is_told_with_what_was_expected() {
    let folder = folder();
    for (precision, expected) in [
        ("0%", "must be more than 0 and less than 1"),
        ("100%", "must be more than 0 and less than 1"),
        ("-5%", "between 0 and 1, found `-5%`"),
        ("200%", "between 0 and 1, found `200%`"),
        ("abc", "between 0 and 1, found `abc`"),
    ] {
        let asked = format!("--precision={precision}");
        let refused = frostline(folder.path(), &["simulate", "p.toml", &asked]).failure();
        assert_eq!(stdout(&refused), "", "{precision}");
        let told = stderr(&refused);
        assert!(told.contains(expected), "{told}");
        assert!(told.contains("`run.precision.relative`"), "{told}");
    }
}
