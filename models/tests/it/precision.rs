//! `run.precision` and the words of `run.warm-up`.

use frostline_models::scenario::{Scenario, WarmUp};
use frostline_models::scenario_file::{NoResources, ScenarioFile};
use frostline_models::units::SimDuration;

const SCENARIO: &str = r#"
run.duration = "1 h"

[[function]]
name = "hello"
duration.constant = "20 ms"
arrivals.poisson = { rate = "1 /s" }
"#;

fn with(assignments: &[&str]) -> Result<Scenario, String> {
    let mut file = ScenarioFile::parse("s.toml", SCENARIO).expect("sound");
    for assignment in assignments {
        file.set(assignment).expect("a path");
    }
    file.resolve(&mut NoResources)
        .map_err(|told| told.to_string())
}

#[test]
fn a_precision_has_defaults() {
    let run = with(&["run.precision.relative=5 %"]).unwrap().run;
    let precision = run.precision.unwrap();
    assert!((precision.relative - 0.05).abs() < 1e-12);
    assert_eq!(
        precision.metrics,
        [
            "cold_ratio",
            "latency_ms.mean",
            "latency_ms.p99",
            "cost_usd.total"
        ]
    );
    assert_eq!((run.replications, precision.most_replications), (10, 1_000));
    let chosen = with(&[
        "run.precision={ relative = 0.1, metrics = [\"p50\"], max-replications = 40 }",
        "run.replications=5",
    ]);
    let run = chosen.unwrap().run;
    let precision = run.precision.unwrap();
    assert_eq!(precision.metrics, ["latency_ms.p50"]);
    assert_eq!((run.replications, precision.most_replications), (5, 40));
}

#[test]
fn a_precision_that_cannot_be_is_refused() {
    for (assignments, expected) in [
        (&["run.precision.relative=0"][..], "more than 0"),
        (&["run.precision.relative=100 %"], "less than 1"),
        (
            &["run.precision={ relative = 0.1, metrics = [\"requests\"] }"],
            "no estimate",
        ),
        (
            &["run.precision={ relative = 0.1, metrics = [\"p98\"] }"],
            "did you mean",
        ),
        (&["run.precision={ metrics = [\"p99\"] }"], "relative"),
        (
            &["run.precision.relative=0.1", "run.replications=1"],
            "two replications",
        ),
    ] {
        let told = with(assignments).unwrap_err();
        assert!(told.contains(expected), "{assignments:?}:\n{told}");
    }
}

#[test]
fn warm_up_is_a_word_or_a_span() {
    let warm_up = |value: &str| with(&[&format!("run.warm-up={value}")]).map(|s| s.run.warm_up);
    assert_eq!(warm_up("auto"), Ok(WarmUp::Auto));
    assert_eq!(warm_up("none"), Ok(WarmUp::Fixed(SimDuration::ZERO)));
    assert_eq!(
        warm_up("3 min"),
        Ok(WarmUp::Fixed(SimDuration::from_secs(180)))
    );
    let told = warm_up("previous-day").unwrap_err();
    assert!(told.contains("only a trace has a previous day"), "{told}");
    let told = warm_up("often").unwrap_err();
    assert!(told.contains("or \"previous-day\", found"), "{told}");
}
