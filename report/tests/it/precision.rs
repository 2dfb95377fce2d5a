//! Precision, and the observations behind estimates.

use crate::sample::{outcome, scenario, summary};
use frostline_models::scenario::Precision;
use frostline_stats::paired::{Verdict, compare};

#[test]
fn a_precision_is_reached_or_says_what_it_takes() {
    let mut scenario = scenario(&["a"], 10);
    let mut wanted = Precision {
        relative: 0.5,
        metrics: vec!["cold_ratio".to_owned(), "latency_ms.p99".to_owned()],
        most_replications: 1_000,
    };
    scenario.run.precision = Some(wanted.clone());
    let summed = summary(&scenario, &outcome(1));
    let reached = summed.precision.as_ref().unwrap();
    assert!(reached.reached && reached.next_total(10).is_none());
    assert!((reached.level_of_each - 0.975).abs() < 1e-12);
    assert!(summed.to_text(80).contains("Precision of 50 % reached"));

    wanted.relative = 0.01;
    scenario.run.precision = Some(wanted);
    let summed = summary(&scenario, &outcome(1));
    let missed = summed.precision.as_ref().unwrap();
    assert!(!missed.reached);
    let needed = missed.needed_replications.unwrap();
    assert!(needed > 100, "{needed}");
    assert_eq!(missed.next_total(10), Some(30));
    assert_eq!(missed.next_total(1_000), None);
    assert!(summed.to_text(80).contains("not reached: cold_ratio"));
}

#[test]
fn observations_are_what_estimates_are_made_of() {
    let summed = summary(&scenario(&["a", "b"], 10), &outcome(2));
    let costs = summed.observations("cost_usd.total").unwrap();
    let mean = costs.iter().sum::<f64>() / 10.0;
    let estimate = summed.totals.estimates.get("cost_usd.total").unwrap();
    assert!((mean / estimate.point - 1.0).abs() < 1e-9);
    assert_eq!(summed.observations("requests"), None);
    let cold = summed.observations("cold_ratio").unwrap();
    let colder: Vec<f64> = cold.iter().map(|ratio| ratio * 1.2).collect();
    let found = compare(&colder, cold, 0.01).unwrap();
    assert_eq!(found.verdict, Verdict::Higher);
}
