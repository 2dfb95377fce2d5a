//! What people and scripts read, whole.

use crate::sample::{outcome, period, replication, scenario, summary};
use frostline_stats::outcome::{FunctionOutcome, SimulationOutcome, WarmUpRule};

#[test]
fn one_function_in_text() {
    let text = summary(&scenario(&["checkout"], 10), &outcome(1)).to_text(80);
    insta::assert_snapshot!(text);
}

#[test]
fn several_functions_in_text() {
    let text = summary(
        &scenario(
            &["checkout", "thumbnail", "a-name-too-long-for-its-column"],
            10,
        ),
        &outcome(3),
    );
    insta::assert_snapshot!(text.to_text(80));
}

#[test]
fn a_single_run_without_cold_starts_in_text() {
    let single = SimulationOutcome {
        functions: vec![FunctionOutcome {
            replications: vec![replication(vec![period(5_000, 0, 12)])],
        }],
        warm_up_ns: 0,
        end_ns: 86_000_000_000_000,
        warm_up_wanted_ns: 999_000_000_000,
        warm_up_rule: WarmUpRule::PoolMemory,
    };
    insta::assert_snapshot!(summary(&scenario(&["checkout"], 1), &single).to_text(80));
}

#[test]
fn one_function_in_json() {
    let json = summary(&scenario(&["checkout"], 10), &outcome(1)).to_json();
    insta::assert_snapshot!(json);
}

#[test]
fn no_line_is_longer_than_the_terminal() {
    let names = (0..30).map(|i| format!("{i:064x}")).collect::<Vec<_>>();
    let names = names.iter().map(String::as_str).collect::<Vec<_>>();
    let text = summary(&scenario(&names, 10), &outcome(30)).to_text(80);
    assert!(
        text.contains("10 more"),
        "hidden functions are told:\n{text}"
    );
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "too long: {line}");
    }
}
