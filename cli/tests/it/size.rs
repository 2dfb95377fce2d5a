//! `frostline size`: the answer, its exit code, and that it is what an exhaustive search finds.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

/// Two instances busy on average; cold starts take longer than anything else.
const SHOP: &str = r#"
[run]
duration = "2 h"

[platform]
keep-alive.fixed = "5 min"

[[function]]
name = "checkout"
memory = "512 MiB"
init.total.log-normal = { median = "800 ms", p99 = "2 s" }
duration.exponential = { mean = "200 ms" }
arrivals.poisson = { rate = "10 /s" }
provisioned.fixed = 3
"#;

fn written(text: &str) -> tempfile::TempDir {
    let folder = tempdir().expect("a temporary folder");
    fs::write(folder.path().join("shop.toml"), text).expect("the scenario is written");
    folder
}

fn answer(folder: &Path, code: i32, arguments: &[&str]) -> Value {
    let mut all = vec!["size", "shop.toml", "--format", "json"];
    all.extend(arguments);
    let text = stdout(&frostline(folder, &all).code(code));
    serde_json::from_str(&text).expect("the output is JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// What `simulate` says with `provisioned` instances, over the same replications.
fn simulated(folder: &Path, provisioned: u64, replications: u64) -> Value {
    let set = format!("function.checkout.provisioned.fixed={provisioned}");
    let replications = replications.to_string();
    let arguments = [
        "simulate",
        "shop.toml",
        "--format",
        "json",
        "--set",
        &set,
        "--replications",
        &replications,
    ];
    let text = stdout(&frostline(folder, &arguments).code(0));
    let mut summary: Value = serde_json::from_str(&text).expect("the output is JSON");
    summary["functions"][0].take()
}

/// The cheapest number that keeps the promise is that of separate runs over all numbers, and every
/// row of the frontier has the numbers of its own run.
#[test]
fn the_answer_is_that_of_an_exhaustive_search() {
    let folder = written(SHOP);
    let found = answer(folder.path(), 0, &["--slo", "cold_ratio <= 0.005 %"]);
    assert_eq!(found["schema"], "frostline/size/1");
    assert_eq!(found["answer"], "certain");
    let frontier = found["frontier"].as_array().expect("a list");
    let mut best: Option<(f64, u64)> = None;
    for row in frontier {
        let provisioned = row["provisioned"].as_u64().expect("a count");
        let replications = row["replications"].as_u64().expect("a count");
        let own = simulated(folder.path(), provisioned, replications);
        assert_eq!(row["cold_ratio"], own["cold_ratio"], "{provisioned}");
        assert_eq!(
            row["latency_ms_p99"], own["latency_ms"]["p99"],
            "{provisioned}"
        );
        assert_eq!(
            row["cost_usd_month"], own["cost_usd_month"]["total"],
            "{provisioned}"
        );
        let cost = number(&own["cost_usd_month"]["total"]["point"]);
        let keeps = number(&own["cold_ratio"]["point"]) <= 0.00005;
        if keeps && best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, provisioned));
        }
    }
    let (_, best) = best.expect("some number keeps the promise");
    assert_eq!(found["recommendation"]["provisioned"], best);
    assert!(best > 2, "more than by chance: {best}");
    assert_eq!(found["functions"][0]["now"]["provisioned"], 3);
    let settings = &found["functions"][0]["settings"];
    let command = settings["aws_cli"].as_str().expect("a command");
    assert!(command.contains(&format!("--provisioned-concurrent-executions {best}")));
}

/// Text first says what to do.
#[test]
fn the_text_begins_with_the_recommendation() {
    let folder = written(SHOP);
    let text = stdout(
        &frostline(
            folder.path(),
            &["size", "shop.toml", "--slo", "cold_ratio <= 0.005 %"],
        )
        .code(0),
    );
    let first = text.lines().next().expect("a line");
    assert!(
        first.starts_with("checkout") && first.contains("provision"),
        "{first}"
    );
    for part in [
        "Why",
        "Cost",
        "Traffic × 2",
        "Init × 1.5",
        "aws lambda",
        "aws_lambda_provisioned",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn what_no_number_keeps_is_said_so() {
    let folder = written(SHOP);
    let found = answer(folder.path(), 3, &["--slo", "p50 <= 50 ms"]);
    assert_eq!(found["answer"], "cannot-be-met");
}

/// The median of an exponential duration of mean 200 ms is 138.63 ms: nobody can tell it from a bound
/// that close.
#[test]
fn what_is_too_close_is_unclear_and_says_how_much_more_it_takes() {
    let folder = written(SHOP);
    let found = answer(
        folder.path(),
        4,
        &["--slo", "p50 <= 138.63 ms", "--max-replications", "20"],
    );
    assert_eq!(found["answer"], "unclear");
    let function = &found["functions"][0];
    assert!(
        function["rivals"]
            .as_array()
            .is_some_and(|list| !list.is_empty())
    );
    assert!(
        function["more_replications"]
            .as_u64()
            .is_some_and(|more| more > 0),
        "{function}"
    );
}

/// Money alone buys the least cold: the largest number that the budget pays for.
#[test]
fn a_budget_alone_is_spent_on_warmth() {
    let folder = written(SHOP);
    let found = answer(folder.path(), 0, &["--slo", "cost <= 60 USD"]);
    let row = &found["recommendation"];
    assert!(number(&row["cost_usd_month"]["high"]) <= 60.0, "{row}");
    let frontier = found["frontier"].as_array().expect("a list");
    let colder = frontier.iter().filter(|other| {
        number(&other["cost_usd_month"]["point"]) <= 60.0
            && number(&other["cold_ratio"]["point"]) < number(&row["cold_ratio"]["point"])
    });
    assert_eq!(colder.count(), 0, "{row}");
    assert_eq!(found["functions"][0]["goal"], "least-cold");
}

/// An instance is worth its money while it is busy for more of its time than on demand costs: with
/// exponential gaps and durations its load is a (B(P − 1) − B(P)).
#[test]
fn with_no_promise_the_cheapest_number_is_that_of_the_marginal_rule() {
    let busy = SHOP.replace("10 /s", "40 /s").replace(
        "init.total.log-normal = { median = \"800 ms\", p99 = \"2 s\" }",
        "init.total.constant = \"0 s\"",
    );
    let folder = written(&busy);
    let found = answer(folder.path(), 0, &["--same-within", "0.1 %"]);
    // Durations are billed in whole milliseconds: 200.5 of 200 on average, on both sides.
    let break_even = 4.1667e-6 / (1.666_67e-5 - 9.7222e-6) * 200.0 / 200.5;
    let expected = frostline_models::queueing::provisioned_instances(8.0, break_even, 100);
    assert_eq!(found["recommendation"]["provisioned"], expected);
    assert!(expected > 3, "{expected}");
}

#[test]
fn promises_about_counts_are_refused() {
    let folder = written(SHOP);
    let failed = frostline(
        folder.path(),
        &["size", "shop.toml", "--slo", "cold_starts <= 5"],
    )
    .code(2);
    assert!(
        stderr(&failed).contains("is no estimate"),
        "{}",
        stderr(&failed)
    );
    let failed = frostline(
        folder.path(),
        &["size", "shop.toml", "--confidence", "lots"],
    )
    .code(2);
    assert!(
        stderr(&failed).contains("--confidence"),
        "{}",
        stderr(&failed)
    );
}

/// Many functions, each with a number of its own; the same bytes for one and two threads.
#[test]
fn many_functions_are_sized_apart() {
    let reports = r#"
[[function]]
name = "reports"
memory = "1769 MiB"
init.total.constant = "2 s"
duration.constant = "3 s"
arrivals.poisson = { rate = "20 /h" }
"#;
    let folder = written(&format!("{SHOP}{reports}"));
    let slo = [
        "--slo",
        "checkout: cold_ratio <= 0.005 %",
        "--slo",
        "reports: cold_ratio <= 2 %",
    ];
    let one = answer(folder.path(), 0, &[&slo[..], &["--threads", "1"]].concat());
    let two = answer(folder.path(), 0, &[&slo[..], &["--threads", "2"]].concat());
    assert_eq!(one, two);
    let functions = one["functions"].as_array().expect("a list");
    let of = |name: &str| {
        let found = functions.iter().find(|function| function["name"] == name);
        found.expect("the function is there")["recommendation"]["provisioned"].as_u64()
    };
    assert!(of("checkout") > Some(2), "{:?}", of("checkout"));
    assert_eq!(of("reports"), Some(1));
    assert!(
        one["notes"][0]
            .as_str()
            .is_some_and(|note| note.contains("together"))
    );
}

/// A number that changes is not overwritten by a fixed one, unless somebody says so.
#[test]
fn a_number_that_changes_is_refused() {
    let tracked = SHOP.replace(
        "provisioned.fixed = 3",
        "provisioned.target-tracking = { min = 2, max = 9, utilisation = \"70 %\" }",
    );
    let folder = written(&tracked);
    let told = stderr(&frostline(folder.path(), &["size", "shop.toml"]).code(2));
    assert!(told.contains("function.checkout.provisioned"), "{told}");
    let fixed = [
        "size",
        "shop.toml",
        "--quiet",
        "--slo",
        "cost <= 1000000 USD",
        "--set",
        "function.checkout.provisioned=0",
    ];
    let assert = frostline(folder.path(), &fixed);
    let told = stderr(&assert);
    assert!(
        !told.contains("a number of provisioned instances that changes"),
        "{told}"
    );
}
