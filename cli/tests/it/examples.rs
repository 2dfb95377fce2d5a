//! Each example does what its first lines promise.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::{frostline, stdout};

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The JSON of a run, for the example and these further arguments.
fn run(example: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["simulate", example, "--format", "json"];
    arguments.extend(more);
    let done = frostline(&examples(), &arguments).success();
    serde_json::from_str(&stdout(&done)).unwrap()
}

fn number(value: &Value, pointer: &str) -> f64 {
    value
        .pointer(pointer)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("{pointer} in {value}"))
}

/// The section of one function.
fn function<'a>(summary: &'a Value, name: &str) -> &'a Value {
    let functions = summary["functions"].as_array().unwrap();
    functions
        .iter()
        .find(|function| function["name"] == name)
        .unwrap()
}

#[test]
fn checkout_shows_what_provisioned_instances_buy() {
    let with = run("checkout.toml", &[]);
    let without = run(
        "checkout.toml",
        &["--set", "function.checkout.provisioned.fixed=0"],
    );
    let cold = |summary| 1.0 / number(summary, "/totals/cold_ratio/point");
    let cost = |summary| number(summary, "/totals/cost_usd_month/total/point");
    assert!((5_000.0..8_000.0).contains(&cold(&with)) && (37.0..40.0).contains(&cost(&with)));
    assert!(
        (2_000.0..2_600.0).contains(&cold(&without)),
        "1 in {}",
        cold(&without)
    );
    assert!(
        (15.0..17.0).contains(&cost(&without)),
        "{} USD",
        cost(&without)
    );
}

#[test]
fn mm_exact_holds_the_exact_answer() {
    let summary = run("mm-exact.toml", &[]);
    let (low, high) = (
        number(&summary, "/totals/cold_ratio/low"),
        number(&summary, "/totals/cold_ratio/high"),
    );
    assert!(low < 0.077_37 && 0.077_37 < high, "{low} to {high}");
    let busy = number(&summary, "/totals/instances/mean_busy/point");
    assert!((busy - 1.0).abs() < 0.01, "{busy} busy");
}

#[test]
fn account_limit_throttles_both_until_one_reserves() {
    let shared = run("account-limit.toml", &[]);
    let apart = run(
        "account-limit.toml",
        &["--set", "function.orders.reserved=20"],
    );
    let throttles = |summary: &Value, name: &str| number(function(summary, name), "/throttles");
    assert!(throttles(&shared, "orders") > 100.0 && throttles(&shared, "reports") > 100.0);
    assert!(
        throttles(&apart, "orders") < 10.0,
        "{} throttles",
        throttles(&apart, "orders")
    );
    assert!(throttles(&apart, "reports") > 100.0);
}

#[test]
fn a_vpc_was_slow_in_2019_and_is_not_now() {
    let wait = |example| number(&run(example, &[]), "/totals/init_ms/p50/point");
    assert!((8_000.0..15_000.0).contains(&wait("vpc-2019.toml")));
    assert!(wait("vpc-2026.toml") < 500.0);
    let warnings = run("vpc-2019.toml", &[])["warnings"].to_string();
    assert!(warnings.contains("VPC interface"), "{warnings}");
}

#[test]
fn memory_sizes_trade_time_for_the_same_money() {
    let summary = run("memory-sizes.toml", &[]);
    let median = |name| number(function(&summary, name), "/latency_ms/p50/point");
    let ratio = median("m128") / median("m1769");
    assert!((ratio / 11.26 - 1.0).abs() < 0.02, "{ratio} times slower");
    let cost = |name| number(function(&summary, name), "/cost_usd_month/total/point");
    assert!(
        cost("m1769") < 1.3 * cost("m128"),
        "{} and {}",
        cost("m1769"),
        cost("m128")
    );
}

#[test]
fn a_daily_cycle_needs_its_keep_alive() {
    let cold =
        |more: &[&str]| 1.0 / number(&run("web-api-daily.toml", more), "/totals/cold_ratio/point");
    assert!((1_700.0..2_300.0).contains(&cold(&[])));
    let short = cold(&["--set", "platform.keep-alive.fixed='1 min'"]);
    assert!((250.0..350.0).contains(&short), "1 in {short}");
}

#[test]
fn sparse_functions_are_cold_as_their_platforms_keep_instances() {
    let summary = run("keep-alive.toml", &[]);
    // Where an instance is kept for T, a gap of a Poisson process of 4 an hour is longer with
    // probability e^(-4T); the false-positive rate of each line is below 10⁻³.
    for (name, minutes) in [
        ("aws-2019", 10.0_f64),
        ("aws", 6.0),
        ("azure-2019", 20.0),
        ("google", 15.0),
        ("openwhisk", 10.0 + 10.0 / 60.0),
    ] {
        let ratio = number(function(&summary, name), "/cold_ratio/point");
        let exact = (-minutes / 15.0).exp();
        assert!((ratio - exact).abs() < 0.01, "{name}: {ratio} for {exact}");
    }
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("the shape assumed"), "{warnings}");
    assert!(!warnings.contains("Consumption"), "{warnings}");
}

#[test]
fn a_recorded_day_needs_long_keep_alives() {
    let one_in = |keep: &str| {
        let set = format!("platform.keep-alive.fixed='{keep}'");
        let summary = run("azure-trace.toml", &["--set", &set]);
        assert_eq!(summary["totals"]["requests"], 20_000);
        1.0 / number(&summary, "/totals/cold_ratio/point")
    };
    for (keep, expected) in [("10 min", 30.0), ("20 min", 80.0), ("1 h", 190.0)] {
        let found = one_in(keep);
        assert!(
            (found / expected - 1.0).abs() < 0.1,
            "{keep}: one in {found}"
        );
    }
}

#[test]
fn the_trace_of_the_examples_is_written_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let readme = fs::read_to_string(examples().join("trace-azure-2019/README.md")).unwrap();
    let command = readme
        .lines()
        .find_map(|line| line.strip_prefix("frostline "))
        .unwrap();
    let arguments: Vec<_> = command.split(' ').collect();
    frostline(folder.path(), &arguments).success();
    let written = folder.path().join("examples/trace-azure-2019");
    let mut size = 0;
    for entry in fs::read_dir(&written).unwrap() {
        let name = entry.unwrap().file_name();
        let again = fs::read(written.join(&name)).unwrap();
        let kept = fs::read(examples().join("trace-azure-2019").join(&name)).unwrap();
        assert!(again == kept, "{} differs", name.display());
        size += kept.len();
    }
    assert!((50_000..100_000).contains(&size), "{size} bytes");
}

#[test]
fn output_is_the_same_for_any_number_of_threads() {
    let text = |threads| {
        let arguments = [
            "simulate",
            "checkout.toml",
            "--format",
            "json",
            "--threads",
            threads,
        ];
        stdout(&frostline(&examples(), &arguments).success())
    };
    assert_eq!(text("1"), text("2"));
}

#[test]
#[cfg_attr(not(frostline_data), ignore = "FROSTLINE_DATA is not set")]
fn every_request_of_the_azure_sample_is_counted() {
    let data = std::env::var("FROSTLINE_DATA").expect("the build saw it");
    for (sample, requests, shown) in [
        ("100", 339_657_u64, "339,657"),
        ("500", 3_037_902, "3,037,902"),
    ] {
        let trace = format!("azure-functions-2019={data}/azure-functions-2019/{sample}");
        let arguments = [
            "simulate",
            "--trace",
            &trace,
            "--set",
            "platform.keep-alive.fixed='10 min'",
        ];
        let text = stdout(&frostline(&examples(), &arguments).success());
        assert!(text.contains(shown), "{text}");
        let json = [&arguments[..], &["--format", "json"]].concat();
        let summary: Value =
            serde_json::from_str(&stdout(&frostline(&examples(), &json).success())).unwrap();
        assert_eq!(summary["totals"]["requests"], requests);
        let functions = summary["functions"].as_array().unwrap();
        let sum: u64 = functions
            .iter()
            .filter_map(|f| f["requests"].as_u64())
            .sum();
        assert_eq!(sum, requests);
    }
}
