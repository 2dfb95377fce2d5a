//! `frostline advise`: what is tried, how it is ranked, and whether the work suits functions at all.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

/// A function in Java with little traffic: more than half of its requests are cold.
const LONELY: &str = r#"
run.duration = "30 d"
platform.keep-alive.fixed = "5 min"
[[function]]
name = "lonely"
memory = "512 MiB"
runtime = "java21"
package.size = "50 MB"
duration.constant = "100 ms"
arrivals.poisson = { rate = "0.002 /s" }
"#;

fn advised(folder: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["advise", "--format", "json"];
    all.extend(arguments);
    let done = frostline(folder, &all).code(0);
    serde_json::from_str(&stdout(&done)).unwrap()
}

fn number(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{pointer} in {value}"))
}

fn ranked<'a>(advice: &'a Value, kind: &str) -> &'a Value {
    let ranking = advice["ranking"].as_array().unwrap();
    let found = ranking.iter().find(|one| one["kind"] == kind);
    found.unwrap_or_else(|| panic!("{kind} in {advice}"))
}

fn checked<'a>(advice: &'a Value, check: &str) -> &'a str {
    let fit = advice["fit"].as_array().unwrap();
    let found = fit.iter().find(|one| one["check"] == check).unwrap();
    found["fit"].as_str().unwrap()
}

/// Half of 50 MB are 250 ms less at 100 MB/s for the half of the cold starts that fetch, which is
/// 125 ms in the mean. Some 28,000 cold starts know that to 0.6 %; the bound is five times as much.
#[test]
fn a_smaller_package_saves_what_the_preset_says() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("lonely.toml"), LONELY).unwrap();
    let advice = advised(folder.path(), &["lonely.toml"]);
    assert_eq!(advice["schema"], "frostline/advice/1");
    let smaller = ranked(&advice, "smaller-package");
    let cold_ratio = number(&advice, "/now/0/value/point");
    let expected = number(&advice, "/requests_month") * cold_ratio * 0.125;
    let saved = number(smaller, "/saved_s_month/point");
    assert!(
        (saved / expected - 1.0).abs() < 0.03,
        "{saved} for {expected}"
    );
    assert_eq!(smaller["worth"], "free");
    assert_eq!(smaller["set"][0], "function.lonely.package.size=25 MB");

    // A native image starts faster than any smaller package, and is billed for less.
    let native = ranked(&advice, "native-image");
    assert!(number(native, "/saved_s_month/low") > 0.0, "{native}");
    assert!(number(native, "/cost_usd_month/high") < 0.0, "{native}");

    // Kept instances cost money, so a dollar buys a number of seconds that is known to an interval.
    let provisioned = ranked(&advice, "provisioned");
    assert_eq!(provisioned["worth"], "bought");
    let per_usd = |end: &str| number(provisioned, &format!("/saved_s_per_usd/{end}"));
    assert!(per_usd("low") < per_usd("point") && per_usd("point") < per_usd("high"));
    let ratio =
        number(provisioned, "/saved_s_month/point") / number(provisioned, "/cost_usd_month/point");
    assert!(
        (per_usd("point") / ratio - 1.0).abs() < 0.01,
        "{provisioned}"
    );

    // Pings keep one instance for next to nothing: more for a dollar than provisioning.
    let pings = ranked(&advice, "pings");
    assert!(
        number(pings, "/saved_s_per_usd/point") > per_usd("high"),
        "{pings}"
    );
    assert_eq!(pings["set"], serde_json::json!([]));

    let worths = advice["ranking"].as_array().unwrap().iter().map(|one| {
        let order = ["free", "bought", "nothing", "harmful"];
        order
            .iter()
            .position(|worth| one["worth"] == *worth)
            .unwrap()
    });
    assert!(worths.is_sorted());
    let left_out = advice["left_out"].as_array().unwrap();
    let why = |kind: &str| {
        let found = left_out.iter().find(|left| left["kind"] == kind).unwrap();
        found["why"].as_str().unwrap().to_owned()
    };
    assert!(why("no-vpc").contains("no VPC"), "{left_out:?}");
    assert!(why("many-requests").contains("one request at a time"));
    assert_eq!(checked(&advice, "time-limit"), "suits");
    assert_eq!(checked(&advice, "steady-load"), "suits");
    assert_eq!(checked(&advice, "tight-promise"), "suits");
    assert_eq!(checked(&advice, "hardware"), "not-stated");
}

#[test]
fn what_a_function_cannot_do_is_left_out_with_the_reason() {
    let folder = tempdir().unwrap();
    let text = LONELY
        .replace("java21", "nodejs22.x")
        .replace(
            "package.size = \"50 MB\"",
            "package = { size = \"50 MB\", kind = \"image\" }",
        )
        .replace("memory = \"512 MiB\"", "memory = \"2048 MiB\"\nvpc = true")
        .replace("30 d", "2 d");
    fs::write(folder.path().join("image.toml"), &text).unwrap();
    let advice = advised(folder.path(), &["image.toml"]);
    let left_out = advice["left_out"].as_array().unwrap();
    for (kind, told) in [
        ("smaller-package", "loaded lazily"),
        ("more-memory", "a single thread"),
        ("snapshot", "not nodejs22.x"),
        ("no-vpc", "since September 2019"),
    ] {
        let found = left_out.iter().find(|left| left["kind"] == kind);
        let why = found.map_or("", |left| left["why"].as_str().unwrap());
        assert!(why.contains(told), "{kind}: {left_out:?}");
    }
    // Before September 2019 leaving the VPC saved 8 to 15 s a cold start.
    let advice = advised(
        folder.path(),
        &["image.toml", "--set", "platform.preset=aws-lambda@2019"],
    );
    let no_vpc = ranked(&advice, "no-vpc");
    let cold_ratio = number(&advice, "/now/0/value/point");
    let cold = number(&advice, "/requests_month") * cold_ratio;
    let each = number(no_vpc, "/saved_s_month/point") / cold;
    assert!((10.5..12.5).contains(&each), "{each} s a cold start");
}

#[test]
fn work_that_does_not_suit_functions_is_told_first() {
    let folder = tempdir().unwrap();
    let text = r#"
        run.duration = "20 min"
        [[function]]
        name = "busy"
        memory = "1 GiB"
        runtime = "python3.13"
        duration.constant = "100 ms"
        arrivals.poisson = { rate = "100 /s" }
    "#;
    fs::write(folder.path().join("busy.toml"), text).unwrap();
    let arguments = [
        "busy.toml",
        "--needs",
        "gpu",
        "--needs",
        "state",
        "--slo",
        "busy: p50 <= 9 ms",
    ];
    let advice = advised(folder.path(), &arguments);
    for check in ["steady-load", "state", "hardware", "tight-promise"] {
        assert_eq!(
            checked(&advice, check),
            "does-not-suit",
            "{}",
            advice["fit"]
        );
    }
    let mut all = vec!["advise"];
    all.extend(arguments);
    let text = stdout(&frostline(folder.path(), &all).code(0));
    assert!(text.starts_with("First of all: steady-load: "), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );

    let long = LONELY
        .replace(
            "duration.constant = \"100 ms\"",
            "duration.uniform = { low = \"10 min\", high = \"20 min\" }",
        )
        .replace("30 d", "2 d");
    fs::write(folder.path().join("long.toml"), long).unwrap();
    let advice = advised(folder.path(), &["long.toml"]);
    assert_eq!(checked(&advice, "time-limit"), "does-not-suit");
}

#[test]
fn a_function_that_cannot_be_changed_is_told() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("lonely.toml"), LONELY).unwrap();
    for (arguments, told) in [
        (
            &["lonely.toml", "--function", "other"][..],
            "help: --function lonely",
        ),
        (&["missing.toml"], "cannot read the scenario missing.toml"),
        (&["lonely.toml", "--needs", "luck"], "luck"),
    ] {
        let mut all = vec!["advise"];
        all.extend(arguments);
        let error = stderr(&frostline(folder.path(), &all).code(2));
        assert!(error.contains(told), "{arguments:?}: {error}");
    }
}
