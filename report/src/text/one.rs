//! One function: sentences.

use frostline_models::math::{round_to_u64, to_f64};
use frostline_stats::estimate::{Estimate, Method};

use super::number::{count, number, point, with_interval};
use super::recorded::{agreement, durations};
use super::table::{lay_out, wrapped};
use crate::summary::{Estimates, FunctionSummary, Quantiles};

/// Where the sentences begin, after their labels.
const INDENT: usize = 14;

pub(crate) fn describe(function: &FunctionSummary, replications: u64, width: usize) -> String {
    let estimates = &function.estimates;
    let mut text = String::new();
    let mut say = |label: &str, sentence: &str| {
        // The label is kept apart from the sentence, because wrapping splits at blanks.
        let wrapped = wrapped(
            &("\u{1}".repeat(INDENT - 1) + " " + sentence),
            INDENT,
            width,
        );
        let rest = wrapped.trim_start_matches('\u{1}');
        text.extend([format!("{label:<width$}{rest}", width = INDENT - 1)]);
    };
    say("Cold starts", &cold_starts(estimates));
    say("Instances", &instances(estimates));
    say("Cost", &cost(estimates));
    say("Requests", &requests(function, replications));
    if let Some(recorded) = &function.recorded {
        let told = [
            recorded.cold.as_ref().map(agreement),
            recorded.duration_ms.as_ref().and_then(durations),
        ];
        for (label, sentence) in ["Recorded", "Durations"].iter().zip(told) {
            if let Some(sentence) = sentence {
                say(label, &sentence);
            }
        }
    }
    text.push('\n');
    text.push_str(&lay_out(&times(estimates), width));
    text
}

fn cold_starts(estimates: &Estimates) -> String {
    let Some(ratio) = &estimates.cold_ratio else {
        return "no invocations".to_owned();
    };
    let percent = ratio.scaled(100.0);
    if ratio.method == Method::UpperBound {
        return format!(
            "none seen: at most {} % of the invocations (95 % confidence)",
            bound(&percent)
        );
    }
    if ratio.method == Method::LowerBound {
        return format!("every invocation was cold ({} %)", with_interval(&percent));
    }
    if ratio.point > 0.1 {
        return format!("{} % of the invocations were cold", with_interval(&percent));
    }
    let one_in = count(round_to_u64(1.0 / ratio.point));
    format!(
        "1 in {one_in} invocations was cold: {} %",
        with_interval(&percent)
    )
}

fn bound(estimate: &Estimate) -> String {
    number(estimate.high.unwrap_or(estimate.point))
}

fn instances(estimates: &Estimates) -> String {
    let instances = &estimates.instances;
    format!(
        "{} alive on average ({} busy, {} idle), at most {}",
        with_interval(&instances.mean_alive),
        number(instances.mean_busy.point),
        number(instances.mean_idle.point),
        count(instances.peak)
    )
}

fn cost(estimates: &Estimates) -> String {
    let (Some(month), Some(span)) = (&estimates.cost_usd_month, &estimates.cost_usd) else {
        return "not known: the price book does not know the region".to_owned();
    };
    let parts = [
        ("requests", &span.requests),
        ("compute", &span.compute),
        ("provisioned", &span.provisioned),
        ("egress", &span.egress),
        ("other", &span.other),
    ];
    let factor = if span.total.point > 0.0 {
        month.total.point / span.total.point
    } else {
        0.0
    };
    let parts = parts
        .iter()
        .filter(|(_, estimate)| estimate.point > 0.0)
        .map(|(name, estimate)| format!("{name} {}", number(estimate.point * factor)))
        .collect::<Vec<_>>();
    let total = with_interval(&month.total);
    if parts.is_empty() {
        return format!("{total} USD a month (730 h)");
    }
    format!("{total} USD a month (730 h): {}", parts.join(", "))
}

fn requests(function: &FunctionSummary, replications: u64) -> String {
    let counts = &function.counts;
    let mut sentence = count(counts.requests);
    if replications > 1 {
        sentence.extend([format!(" in {} replications", count(replications))]);
    }
    sentence.extend([format!(", {} of them cold", count(counts.cold_starts))]);
    for (value, what) in [
        (counts.spillovers, "spilled over"),
        (counts.throttles, "throttled"),
        (counts.dropped, "dropped from the queue"),
        (counts.timeouts, "timed out"),
    ] {
        if value > 0 {
            let percent = number(100.0 * to_f64(value) / to_f64(counts.requests.max(1)));
            sentence.extend([format!(", {} {what} ({percent} %)", count(value))]);
        }
    }
    sentence
}

/// Latency and init as a table.
fn times(estimates: &Estimates) -> Vec<Vec<String>> {
    let heading = ["milliseconds", "p50", "p90", "p95", "p99", "p99.9", "max"];
    let row = |label: &str, quantiles: &Quantiles| {
        let points = [
            &quantiles.p50,
            &quantiles.p90,
            &quantiles.p95,
            &quantiles.p99,
            &quantiles.p999,
        ];
        let mut cells = vec![label.to_owned()];
        cells.extend(points.map(|estimate| point(estimate.as_ref())));
        cells.push(quantiles.max.map_or_else(|| "-".to_owned(), number));
        cells
    };
    vec![
        heading.map(str::to_owned).to_vec(),
        row("latency of all invocations", &estimates.latency_ms),
        row("wait for a cold start", &estimates.init_ms),
    ]
}
