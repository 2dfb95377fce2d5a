//! Conservation and verdicts.

use crate::sample::{outcome, period, replication, scenario, summary};
use frostline_report::section::Sections;
use frostline_report::verdict::Verdict;
use frostline_stats::estimate::Method;
use frostline_stats::outcome::{FunctionOutcome, SimulationOutcome, WarmUpRule};

#[test]
fn requests_are_conserved_and_totals_are_sums() {
    let summary = summary(&scenario(&["a", "b", "c"], 10), &outcome(3));
    let all = summary.functions.iter().map(|f| &f.counts);
    for counts in all.clone().chain([&summary.totals.counts]) {
        assert_eq!(
            counts.requests,
            counts.invocations + counts.throttles + counts.dropped
        );
        assert_eq!(
            counts.requests,
            counts.completed + counts.failed + counts.rejected + counts.dropped
        );
    }
    assert_eq!(
        summary.totals.counts.requests,
        all.clone().map(|c| c.requests).sum::<u64>()
    );
    assert_eq!(
        summary.totals.counts.cold_starts,
        all.map(|c| c.cold_starts).sum::<u64>()
    );
    let sum = |value: fn(&frostline_report::summary::Estimates) -> f64| {
        let parts = summary
            .functions
            .iter()
            .map(|f| value(&f.estimates))
            .sum::<f64>();
        let total = value(&summary.totals.estimates);
        assert!((parts / total - 1.0).abs() < 1e-9, "{parts} is not {total}");
    };
    sum(|e| e.instances.mean_alive.point);
    sum(|e| e.billed.gb_seconds.point);
    sum(|e| e.cost_usd.as_ref().unwrap().total.point);
}

#[test]
fn money_is_scaled_from_the_window_to_the_span() {
    let summary = summary(&scenario(&["a"], 10), &outcome(1));
    let cost = summary.functions[0].estimates.cost_usd.as_ref().unwrap();
    // 20,166.5 invocations a window of 86,000 s on average, at 0.20 USD a million.
    let expected = 20_166.5 * 86_400.0 / 86_000.0 * 0.2e-6;
    assert!((cost.requests.point / expected - 1.0).abs() < 1e-9);
    let month = summary.functions[0]
        .estimates
        .cost_usd_month
        .as_ref()
        .unwrap();
    assert!((month.total.point / cost.total.point - 730.0 / 24.0).abs() < 1e-9);
}

#[test]
fn a_region_without_prices_has_no_costs() {
    let mut scenario = scenario(&["a"], 10);
    "nowhere".clone_into(&mut scenario.platform.price.region);
    let summary = summary(&scenario, &outcome(1));
    assert_eq!(summary.totals.estimates.cost_usd, None);
    assert!(summary.to_text(80).contains("price book"));
}

#[test]
fn a_promise_is_judged_by_its_whole_interval() {
    let summary = summary(&scenario(&["a", "b"], 10), &outcome(2));
    let verdicts = summary
        .slo
        .iter()
        .map(|slo| slo.verdict)
        .collect::<Vec<_>>();
    assert_eq!(verdicts[0], Verdict::Pass, "99 % are far below 300 ms");
    assert_eq!(verdicts[1], Verdict::Fail, "b is colder than 0.1 %");
    assert_eq!(summary.slo[1].function.as_deref(), Some("b"));
}

#[test]
fn the_periods_of_a_single_replication_are_batches() {
    let batches = (0..10).map(|i| period(1_000, 5 + i % 3, 0)).collect();
    let single = SimulationOutcome {
        functions: vec![FunctionOutcome {
            replications: vec![replication(batches)],
        }],
        warm_up_ns: 0,
        end_ns: 860_000_000_000_000,
        warm_up_wanted_ns: 0,
        warm_up_rule: WarmUpRule::PoolMemory,
    };
    let summary = summary(&scenario(&["a"], 1), &single);
    assert_eq!(summary.window.method, Sections::Batches);
    let ratio = summary.functions[0].estimates.cold_ratio.unwrap();
    assert_eq!(ratio.method, Method::RatioOverBatches);
    assert_eq!(ratio.n, 10);
}
