//! `frostline cost`: the figures that people quote, with their assumptions beside them.

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

fn json(arguments: &[&str]) -> Value {
    let folder = tempdir().expect("a temporary folder");
    let mut all = vec!["cost", "--format", "json"];
    all.extend(arguments);
    let text = stdout(&frostline(folder.path(), &all).code(0));
    serde_json::from_str(&text).expect("the output is JSON")
}

/// The much-quoted 0.0000017 USD for 512 MB and 200 ms are compute alone, on x86.
#[test]
fn the_quoted_price_of_an_invocation_is_compute_only() {
    let answer = json(&["--memory", "512 MiB", "--duration", "200 ms"]);
    let request = &answer["request"];
    let usd = |name: &str| request[name].as_f64().expect("an amount");
    assert!(
        (usd("compute_usd") - 1.666_67e-6).abs() < 1e-15,
        "{request}"
    );
    assert!((usd("fee_usd") - 2e-7).abs() < 1e-15, "{request}");
    assert!((usd("total_usd") - 1.866_67e-6).abs() < 1e-15, "{request}");
    assert_eq!(answer["schema"], "frostline/cost/1");
    assert_eq!(answer["crossover"], Value::Array(Vec::new()));
}

/// 128 MB for 100 ms against a t4g.small: some 30 million requests a month, and what moves them.
#[test]
fn the_quoted_crossover_comes_with_what_moves_it() {
    let answer = json(&[
        "--memory",
        "128 MiB",
        "--duration",
        "100 ms",
        "--against",
        "aws-ec2:t4g.small",
    ]);
    let entry = &answer["crossover"][0];
    let found = entry["requests_per_month"].as_f64().expect("a crossover");
    assert!((found / 30.03e6 - 1.0).abs() < 1e-3, "{found}");
    let changed = |assumption: &str| {
        let list = entry["changed"].as_array().expect("a list");
        let found = list
            .iter()
            .find(|change| change["assumption"] == assumption);
        found.expect("the assumption is there")["requests_per_month"].as_f64()
    };
    let api = changed("an HTTP API before the functions").expect("a crossover");
    assert!((api / 8.708e6 - 1.0).abs() < 1e-3, "{api}");
    let redundant = changed("two hosts for redundancy").expect("a crossover");
    assert!((redundant / 60.07e6 - 1.0).abs() < 1e-3, "{redundant}");
    assert_eq!(changed("a peak of 10 times the mean"), None, "never");
    let even = answer["provisioned_break_even"].as_f64().expect("a share");
    assert!((even - 0.6).abs() < 1e-4, "{even}");
    assert!(
        answer["assumptions"]
            .as_array()
            .is_some_and(|list| list.len() >= 4)
    );
    // The bill is that of the crossover, so both sides are the same.
    let bill = answer["bill"].as_array().expect("a list");
    let totals = bill.iter().filter(|line| line["item"] == "total");
    let totals: Vec<f64> = totals
        .filter_map(|line| line["usd_month"].as_f64())
        .collect();
    assert!(
        (totals[0] - 12.264).abs() < 1e-6 && (totals[1] - 12.264).abs() < 1e-6,
        "{totals:?}"
    );
}

/// A cold start of 400 ms triples an invocation of 200 ms; with 1 % of them it adds 2 %.
#[test]
fn billed_init_is_part_of_the_price() {
    let answer = json(&[
        "--memory",
        "512 MiB",
        "--duration",
        "200 ms",
        "--init",
        "400 ms",
        "--cold-ratio",
        "1 %",
    ]);
    let compute = answer["request"]["compute_usd"]
        .as_f64()
        .expect("an amount");
    assert!(
        (compute / (1.666_67e-6 * 1.02) - 1.0).abs() < 1e-9,
        "{compute}"
    );
}

#[test]
fn files_are_written_and_text_leads_with_the_answer() {
    let folder = tempdir().expect("a temporary folder");
    let arguments = [
        "cost",
        "--memory",
        "128 MiB",
        "--duration",
        "100 ms",
        "--against",
        "aws-ec2:t4g.small",
        "--against",
        "aws-fargate:0.25,512 MiB",
        "--out",
        "bill",
    ];
    let text = stdout(&frostline(folder.path(), &arguments).code(0));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(
        text.starts_with("One request   of 128 MiB for 100 ms on x86_64: 0.000000408 USD"),
        "{text}"
    );
    assert!(
        text.contains("Crossover     30 M requests a month (11.4 /s on average)"),
        "{text}"
    );
    assert!(text.contains("assumed: no cold starts"), "{text}");
    let curve = fs::read_to_string(folder.path().join("bill/curve.csv")).expect("a file");
    assert_eq!(curve.lines().count(), 14, "{curve}");
    assert!(folder.path().join("bill/cost.json").exists());
}

#[test]
fn bad_input_is_told_with_what_to_type() {
    let folder = tempdir().expect("a temporary folder");
    for (option, value, told) in [
        ("--memory", "128", "help: --memory '128 MiB'"),
        ("--duration", "fast", "help: --duration '100 ms'"),
        (
            "--against",
            "aws-ec2:t4g.smal",
            "help: --against aws-ec2:t4g.small",
        ),
        ("--requests", "NaN", "expected a number from 1"),
        ("--peak-to-mean", "0.5", "expected a number from 1"),
        ("--cold-ratio", "120 %", "help: --cold-ratio '0.5 %'"),
        ("--region", "mars-1", "help: --region us-east-1"),
    ] {
        let mut arguments = vec!["cost"];
        for (name, usual) in [("--memory", "128 MiB"), ("--duration", "100 ms")] {
            if name != option {
                arguments.extend([name, usual]);
            }
        }
        arguments.extend([option, value, "--against", "aws-ec2:t4g.small"]);
        let error = stderr(&frostline(folder.path(), &arguments).code(2));
        assert!(error.contains(told), "{option}: {error}");
    }
}

const SHOP: &str = r#"
[run]
duration = "6 h"
replications = 4

[platform]
preset = "aws-lambda@2026-10"
keep-alive.fixed = "6 min"

[[function]]
name = "checkout"
memory = "512 MiB"
runtime = "python3.13"
duration.log-normal = { median = "120 ms", p99 = "900 ms" }
response.size = "4 kB"
ephemeral-storage = "1024 MiB"
provisioned.fixed = 2
arrivals.poisson = { rate = "3 /s" }

[[function]]
name = "search"
architecture = "arm64"
memory = "1 GiB"
duration.constant = "1 s"
arrivals.schedule = { cron = "0 * * * *" }
"#;

/// A scenario's bill is the one that `simulate` makes of the same run, and the hosts are there for its
/// busiest minute.
#[test]
fn a_scenario_brings_its_own_traffic() {
    let folder = tempdir().expect("a temporary folder");
    fs::write(folder.path().join("shop.toml"), SHOP).expect("the scenario is written");
    let read = |arguments: &[&str]| -> Value {
        let text = stdout(&frostline(folder.path(), arguments).code(0));
        serde_json::from_str(&text).expect("the output is JSON")
    };
    let against = ["--against", "aws-ec2:t4g.small"];
    let asked = ["cost", "shop.toml", "--format", "json"];
    let answer = read(&[&asked[..], &against[..]].concat());
    let simulated = read(&["simulate", "shop.toml", "--format", "json"]);

    let total = answer["bill"]
        .as_array()
        .expect("lines")
        .iter()
        .find(|line| line["item"] == "total")
        .expect("a total")["usd_month"]
        .as_f64()
        .expect("an amount");
    let month = &simulated["totals"]["cost_usd_month"]["total"]["point"];
    let month = month.as_f64().expect("an amount");
    assert!((total / month - 1.0).abs() < 1e-3, "{total} for {month}");
    assert_eq!(
        answer["manifest"]["scenario"],
        simulated["manifest"]["scenario"]
    );

    let traffic = &answer["traffic"];
    let peak = traffic["peak_to_mean"].as_f64().expect("a ratio");
    assert!(peak > 1.0, "{traffic}");
    assert_eq!(answer["crossover"][0]["peak_to_mean"], peak);
    assert_eq!(traffic["busiest_minute_concurrency"]["n"], 4);

    // The arguments of a single function belong to no scenario.
    frostline(folder.path(), &["cost", "shop.toml", "--init", "1 s"]).code(2);
    frostline(folder.path(), &["cost"]).code(2);
}
