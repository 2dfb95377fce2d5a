//! Help, exit codes, and what is told about bad input.

use std::fs;

use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

#[test]
fn help_fits_the_terminal_and_names_the_exit_codes() {
    let folder = tempdir().expect("a temporary folder");
    let assert = frostline(folder.path(), &["--help"]).code(0);
    let help = stdout(&assert);
    assert!(help.contains("130  interrupted"), "{help}");
    for command in [
        "simulate",
        "advise",
        "calibrate",
        "compare",
        "cost",
        "trace",
        "schema",
        "init",
        "completions",
        "man",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let own = stdout(&frostline(folder.path(), &[command, "--help"]).code(0));
        assert!(own.contains("Example"), "{own}");
        assert!(own.lines().all(|line| line.chars().count() <= 100), "{own}");
    }
}

#[test]
fn wrong_usage_exits_with_2_and_writes_nothing() {
    let folder = tempdir().expect("a temporary folder");
    for arguments in [
        &[][..],
        &["simulat"],
        &["simulate"],
        &["simulate", "a.toml", "--threads", "0"],
        &["simulate", "a.toml", "--replications", "0"],
        &["simulate", "a.toml", "--seed", "-1"],
        &["simulate", "a.toml", "--format", "yaml"],
        &["completions", "tcsh"],
    ] {
        let assert = frostline(folder.path(), arguments).code(2);
        assert_eq!(stdout(&assert), "", "{arguments:?}");
        assert!(!stderr(&assert).is_empty(), "{arguments:?}");
    }
    let names = fs::read_dir(folder.path())
        .expect("the folder can be listed")
        .count();
    assert_eq!(names, 0);
}

#[test]
fn a_missing_scenario_is_told_with_what_to_type() {
    let folder = tempdir().expect("a temporary folder");
    let told = stderr(&frostline(folder.path(), &["simulate", "shop.toml"]).code(2));
    assert!(
        told.starts_with("error: cannot read the scenario shop.toml"),
        "{told}"
    );
    assert!(
        told.contains("help: to start one: frostline init shop.toml"),
        "{told}"
    );
}

#[test]
fn a_trace_is_refused_before_anything_runs() {
    let folder = tempdir().expect("a temporary folder");
    for (trace, message) in [
        ("azure", "found `--trace azure`, expected a kind and a path"),
        ("azure-functions-2019=", "expected a kind and a path"),
        ("ibm=here", "no reader for traces of the kind `ibm`"),
        ("azure-functions-2019=nowhere", "no file or folder nowhere"),
    ] {
        let told = stderr(&frostline(folder.path(), &["simulate", "--trace", trace]).code(2));
        assert!(told.contains(message), "{told}");
        assert!(
            told.contains("help: --trace azure-functions-2019=PATH"),
            "{told}"
        );
    }
}

#[test]
fn every_wrong_promise_is_told_in_one_run() {
    let folder = tempdir().expect("a temporary folder");
    frostline(folder.path(), &["init", "shop.toml"]).code(0);
    let arguments = [
        "simulate",
        "shop.toml",
        "--slo",
        "p99",
        "--slo",
        "fast please",
    ];
    let told = stderr(&frostline(folder.path(), &arguments).code(2));
    assert_eq!(told.matches("error[").count(), 2, "{told}");
    assert!(told.contains("2 mistakes; nothing was written"), "{told}");
}

#[test]
fn check_slo_makes_the_exit_code_a_verdict() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let run = |promise: &str, duration: &str, check: &[&str]| {
        let mut arguments = vec![
            "simulate",
            "mm-exact.toml",
            "--set",
            duration,
            "--slo",
            promise,
        ];
        arguments.extend(check);
        frostline(&folder, &arguments)
    };
    let long = "run.duration='2 h'";
    run("cold_ratio < 20 %", long, &["--check-slo"]).code(0);
    run("cold_ratio < 1 %", long, &["--check-slo"]).code(3);
    run("cold_ratio < 7.74 %", long, &["--check-slo"]).code(4);
    run("cold_ratio < 1 %", long, &[]).code(0);
}
