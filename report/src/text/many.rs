//! Many functions: a table.

use std::cmp::Reverse;

use frostline_models::math::word;

use super::number::{count, number, point, with_interval};
use super::table::{lay_out, wrapped};
use crate::summary::{Estimates, FunctionSummary, RequestCounts, Summary};

/// Functions that a table shows at the most; a screen holds them with the lines around.
const SHOWN: usize = 20;

pub(crate) fn describe(summary: &Summary, width: usize) -> String {
    let functions = &summary.functions;
    let mut shown = functions.iter().collect::<Vec<_>>();
    if functions.len() > SHOWN {
        // The sort is stable: equal functions stay in the scenario's order.
        shown.sort_by_key(|function| Reverse(function.counts.cold_starts));
        shown.truncate(SHOWN);
    }
    let mut rows = headings();
    rows.extend(
        shown
            .iter()
            .map(|f: &&FunctionSummary| row(&f.name, &f.counts, &f.estimates)),
    );
    rows.push(row(
        "(all)",
        &summary.totals.counts,
        &summary.totals.estimates,
    ));
    let mut text = lay_out(&rows, width);
    let hidden = functions.len() - shown.len();
    if hidden > 0 {
        text.push_str(&wrapped(
            &format!(
                "The {SHOWN} with the most cold starts are shown; {} more: --format json",
                count(word(hidden))
            ),
            0,
            width,
        ));
    }
    text.push_str(&losses(&summary.totals.counts, width));
    let recorded = summary.totals.recorded.as_ref();
    if let Some(cold) = recorded.and_then(|recorded| recorded.cold.as_ref()) {
        let sentence = format!("Recorded: {}.", super::recorded::agreement(cold));
        text.push_str(&wrapped(&sentence, 0, width));
    }
    text
}

/// Two lines of headings: what, and in which unit.
fn headings() -> Vec<Vec<String>> {
    [
        [
            "function",
            "requests",
            "cold",
            "cold ratio",
            "p50",
            "p99",
            "init",
            "alive",
            "USD a",
        ],
        ["", "", "starts", "%", "ms", "ms", "p50 ms", "mean", "month"],
    ]
    .iter()
    .map(|line| line.iter().map(|&cell| cell.to_owned()).collect())
    .collect()
}

fn row(name: &str, counts: &RequestCounts, estimates: &Estimates) -> Vec<String> {
    let ratio = estimates
        .cold_ratio
        .map(|ratio| with_interval(&ratio.scaled(100.0)));
    let cost = estimates.cost_usd_month.as_ref();
    vec![
        name.to_owned(),
        count(counts.requests),
        count(counts.cold_starts),
        ratio.unwrap_or_else(|| "-".to_owned()),
        point(estimates.latency_ms.p50.as_ref()),
        point(estimates.latency_ms.p99.as_ref()),
        point(estimates.init_ms.p50.as_ref()),
        number(estimates.instances.mean_alive.point),
        point(cost.map(|cost| &cost.total)),
    ]
}

/// A line on the requests that did not get a response, if there are any.
fn losses(counts: &RequestCounts, width: usize) -> String {
    let parts = [
        (counts.throttles, "throttled"),
        (counts.dropped, "dropped from the queue"),
        (counts.timeouts, "timed out"),
        (counts.spillovers, "spilled over from provisioned instances"),
    ];
    let parts = parts
        .iter()
        .filter(|(value, _)| *value > 0)
        .map(|(value, what)| format!("{} {what}", count(*value)))
        .collect::<Vec<_>>();
    if parts.is_empty() {
        return String::new();
    }
    wrapped(&format!("Of all requests: {}.", parts.join(", ")), 0, width)
}
